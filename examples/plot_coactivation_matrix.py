"""
A coactivation matrix
=====================

Which parts of the brain are active in the same studies?
"""

from nimare_neurosynth import load_demo
from nimare_neurosynth.networks import Parcels, coactivation_matrix

# %%
# Cut the brain into cubes of 24 mm, and keep the hundred largest. (In real work take an
# atlas: ``Parcels.from_atlas("atlas.nii.gz")``.)

grid = Parcels.grid(24)
largest = sorted(grid.names, key=lambda name: -grid.sizes[grid.place(name)])[:100]
parcels = Parcels.of(grid.mask, {name: grid.inside(name) for name in largest})

# %%
# Count studies for each pair, but not where a single peak reaches into both.

db = load_demo()
found = coactivation_matrix(db, parcels, min_voxels=20, different_peaks=True)
found.table("counts").iloc[:5, :5]

# %%
# As z: the two halves of the brain, front and back, go together in these studies of
# cognitive control.

figure = found.plot("matrix", "z")

# %%
# The strongest two per cent of the pairs.

figure = found.plot("connectome", "z", strongest=0.02)

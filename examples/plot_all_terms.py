"""
All terms at once
=================

Which of 648 terms are associated with a place? And how many with each place?
"""

import matplotlib.pyplot as plt
import numpy as np

from nimare_neurosynth import load_demo
from nimare_neurosynth.meta import map_z, summarise_labels
from nimare_neurosynth.plotting import plot_map
from nimare_neurosynth.space import default_mask

db = load_demo()
mask, terms = default_mask(), db.label_sets["terms"]
activations, columns = db.activations(), terms.columns()

# %%
# ``summarise_labels`` computes the association maps of all terms and keeps a line each:
# the largest z and its place and, if you name a voxel, the z there. Terms of fewer than
# 15 studies are left out of the pictures.

places = {"left amygdala": (-20, -6, -18), "right fusiform gyrus": (40, -52, -20)}
figure, panels = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for axes, (name, xyz) in zip(panels, places.items(), strict=True):
    table = summarise_labels(
        activations, columns, terms.labels, mask=mask, at=mask.voxel_at(xyz)
    )
    top = table[table["n_studies"] >= 15].nlargest(8, "z_at")
    axes.barh(top["label"], top["z_at"], color="#7a4fa3")
    axes.invert_yaxis()
    axes.set(title=f"{name} {xyz}", xlabel="association z")
    axes.spines[["top", "right"]].set_visible(False)

# %%
# With 648 terms, some have a large z anywhere by chance (a topic for another page), and
# words such as *16* and *low* are in the list because nobody took them out.
#
# The terms with the strongest maps:

strongest = table[table["n_studies"] >= 15].nlargest(8, "largest_z")
strongest[["label", "n_studies", "largest_z", "x", "y", "z"]].round(1)

# %%
# ``map_z`` hands you the z of both tests tile by tile; keep what you like. Here it is
# the largest z of any term at each voxel: where does some word stand out? No map is
# ever stored. Voxels that hardly any study activates have large z by accident, so
# look only at those that 12 studies or more activate.

often = [i for i, size in enumerate(columns.sizes) if size >= 15]
largest = np.zeros(mask.n_voxels)
for voxels, z in map_z(
    activations,
    terms.columns(often),
    lambda tile: (tile.voxels, tile.association.max(axis=0)),
):
    largest[voxels] = np.maximum(largest[voxels], z)

largest[(activations.totals < 12) | (largest < 5)] = 0
figure = plot_map(
    mask.to_image(largest), title="Some term has an association z above 5"
)

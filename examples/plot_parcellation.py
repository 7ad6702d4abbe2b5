"""
A region in parts
=================

Cut the left insula and its surroundings into parts that coactivate with different
places.
"""

import numpy as np

from nimare_neurosynth import load_demo
from nimare_neurosynth.networks import parcellate
from nimare_neurosynth.space import default_mask

# %%
# A box around the left insula. (In real work, take a mask: ``"insula.nii.gz"``.)

mask = default_mask()
x, y, z = mask.xyz_mm.T
box = (np.abs(x + 38) <= 7) & (y > -20) & (y < 24) & (np.abs(z - 2) <= 14)
db = load_demo()
parts = parcellate(db, box, range(2, 6), min_studies_per_voxel=8)

# %%
# How many parts? ``split_half`` compares those that two halves of the studies give,
# which are few here: 320 studies of two tasks.

parts.scores.round(2)

# %%

figure = parts.plot(2, title="two parts of the left insula")

# %%
# What each part does: how many studies activate it, and what they are about.

parts.table(2)

# %%

figure = parts.terms(2).plot("heatmap", top=12)

"""
Choosing studies
================

By words, by coordinates, by regions, by metadata; and all of them together.
"""

import matplotlib.pyplot as plt
import numpy as np

from nimare_neurosynth import load_demo
from nimare_neurosynth.space import default_mask

db = load_demo()
db.select("emotion* & ~(schizo* | depress*)")

# %%
# Selections are sets: combine them with ``&``, ``|``, ``~`` and ``-``.

memory = db.select("working memory")
flanker = db.select("flanker")
print(memory - flanker)
print(memory & flanker)

# %%
# **Coordinates choose by peaks**: studies that report one within 8 mm of a place.
# **Regions choose by activated voxels**: a study activates all voxels within 6 mm of
# its peaks, so it can reach into a region without reporting a peak there.

left_amygdala = (-22, -4, -18)
mask = default_mask()
ball = np.linalg.norm(mask.xyz_mm - left_amygdala, axis=1) <= 8
counts = {
    "a peak in it": len(db.select(near=left_amygdala, radius_mm=8)),
    "1 voxel active": len(db.select(region=ball)),
    "10 % active": len(db.select(region=ball, min_proportion=0.1)),
    "25 % active": len(db.select(region=ball, min_proportion=0.25)),
    "50 % active": len(db.select(region=ball, min_proportion=0.5)),
}
figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
bars = axes.barh(list(counts), list(counts.values()), color="#7a4fa3")
axes.bar_label(bars, padding=3)
axes.invert_yaxis()
axes.set(xlabel="studies", title="An 8 mm ball in the left amygdala, asked five ways")
axes.spines[["top", "right"]].set_visible(False)

# %%
# Everything combines. Studies on emotion in journals whose name begins with *Neuro*,
# with a peak near either amygdala:

both_sides = [left_amygdala, (22, -4, -18)]
chosen = db.select("emotion*", near=both_sides, radius_mm=12, where="journal = Neuro*")
chosen.table()[["title", "journal", "weight"]].round(2)

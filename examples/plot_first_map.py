"""
A first map: emotion
====================

From a query to maps, a picture and a table of clusters.
"""

from nimare_neurosynth import load_demo, meta_analysis

db = load_demo()
db

# %%
# Where do studies report activation whose abstracts mention *emotion*, *emotional* or
# *emotional stimuli*? The star stands for any characters.

maps = meta_analysis(db, "emotion*")
maps

# %%
# The association test compares these 31 studies with the 289 others, voxel by voxel.
# The picture keeps what is significant at a false discovery rate of 0.01: the amygdala
# on both sides, and the subgenual cingulate between them.

figure = maps.plot()

# %%
# The clusters, the strongest first. ``1a``, ``1b`` are further peaks of cluster 1.

maps.clusters(min_size_mm3=200).round(2)

# %%
# The uniformity test asks something else: do these studies activate this voxel more
# often than the average voxel? The amygdala is there again, but so are the
# supplementary motor area, the insula and the parietal lobe. All studies here
# are of n-back and flanker tasks, and that is where any of them activates.

figure = maps.plot("z_desc-uniformity")

# %%
# Values at a coordinate, in millimetres:

for side, xyz in (("left", (-20, -6, -18)), ("right", (20, -4, -18))):
    z = maps.value_at(xyz)
    share = maps.value_at(xyz, "prob_desc-AgF")
    others = maps.value_at(xyz, "prob_desc-AgU")
    print(f"{side} amygdala: z = {z:.1f}; active in {share:.0%} against {others:.0%}")

# %%
# ``maps.save("emotion")`` writes NIfTI files, each with a JSON file beside it that says
# where it came from, down to a paragraph for your methods section:

print(maps.sidecar("z_desc-association", fdr_q=0.01)["methods"])

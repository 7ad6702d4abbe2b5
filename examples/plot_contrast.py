"""
A contrast: working memory against flanker
==========================================

Compare two sets of studies with each other, not with all others.
"""

from nimare_neurosynth import load_demo, meta_analysis

db = load_demo()
memory, flanker = db.select("working memory"), db.select("flanker")
memory & flanker

# %%
# Three studies are in both sets. They would be compared with themselves, so that is an
# error; take each set from the other. Only the studies of the two sets are counted:

maps = meta_analysis(db, memory - flanker, versus=flanker - memory)
maps

# %%
# With spheres of 6 mm nothing survives: 240 studies are few, and peaks of two studies
# of the same thing are easily a centimetre apart.

int((maps.array("z_desc-association", fdr_q=0.1) != 0).sum())

# %%
# Wider spheres let such peaks meet, at the price of sharpness. (Choose the radius
# before you look, if you mean to publish. The false discovery rate of 0.1 suits a first
# look.) Positive: more often in studies of working memory, in the prefrontal and
# parietal cortex. Negative: more often in flanker studies.

wide = meta_analysis(db, memory - flanker, versus=flanker - memory, radius_mm=12)
figure = wide.plot(fdr_q=0.1, title="working memory (red) against flanker (blue)")

# %%
# Clusters of both signs:

wide.clusters(fdr_q=0.1, min_size_mm3=400).round(2)

# %%
# Exchange the sets, and the association z changes its sign and nothing else:

swapped = meta_analysis(db, flanker - memory, versus=memory - flanker, radius_mm=12)
added = swapped["z_desc-association"] + wide["z_desc-association"]
print(f"largest difference: {abs(added).max():.0e}")

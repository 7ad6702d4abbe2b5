"""
Several terms: conjunction, overlap, atlas
==========================================

What several maps share, and which term wins where.
"""

from nimare_neurosynth import load_demo, meta_analysis
from nimare_neurosynth.networks import (
    conjunction,
    overlap,
    related_terms,
    term_atlas,
)

# %%
# Four questions to the demo's 320 studies.

db = load_demo()
queries = ["emotion*", "flanker", "working memory", "acc | cingulate"]
maps = meta_analysis(db, queries)
maps

# %%
# At each voxel the query with the largest z wins, if it is above 2.3.

atlas = term_atlas(maps, threshold=2.3)
figure = atlas.plot()

# %%

atlas.table()

# %%
# How many of them are above 2.3, and what two of them share.

figure = overlap(maps, threshold=2.3).plot()

# %%

shared = conjunction(meta_analysis(db, ["flanker", "acc | cingulate"]))
figure = shared.plot()

# %%
# Which terms go together: by the studies that have both.

related = related_terms(
    db,
    [
        "conflict",
        "flanker",
        "acc",
        "cingulate",
        "emotion*",
        "memory",
        "working memory",
        "load",
        "parietal",
    ],
)
figure = related.plot("heatmap")

"""
With NiMARE: estimators, correctors, diagnostics
================================================

Fit, correct and look at a result with NiMARE's own tools.
"""

from nilearn.plotting import plot_stat_map
from nimare.correct import FWECorrector

from nimare_neurosynth import NeurosynthChi2, TermMeta, load_demo
from nimare_neurosynth.estimators import Jackknife

# %%
# NiMARE works on studysets. This one comes from a database: the 320 studies of the
# demo, each with one analysis and the terms of its abstract as an annotation.

db = load_demo()
studyset = db.to_studyset()
len(studyset.study_ids), len(studyset.get_labels())

# %%
# ``TermMeta`` compares what a query selects with all other analyses of the studyset.
# The result is NiMARE's, with the maps of its ``MKDAChi2``.

result = TermMeta("working memory", kernel__r=10).fit(studyset)
sorted(name for name in result.maps if name.startswith("z_"))

# %%
# ``NeurosynthChi2`` compares two studysets, as ``MKDAChi2`` does.

memory, flanker = db.select("working memory"), db.select("flanker")
contrast = NeurosynthChi2(kernel__r=10).fit(
    studyset.slice((memory - flanker).ids, filter_level="study"),
    studyset.slice((flanker - memory).ids, filter_level="study"),
)

# %%
# Correct for family-wise error by permuting the labels of the groups. The seed of
# ``random_state`` settles the result, whatever the number of cores.

corrector = FWECorrector(method="montecarlo", n_iters=1000)
corrected = corrector.transform(contrast)
name = "desc-association_level-voxel_corr-FWE_method-montecarlo"
p = corrected.get_map(f"p_{name}", return_type="array")
print(f"{(p < 0.05).sum()} voxels at corrected p < 0.05; the smallest is {p.min():.3f}")

# %%
# The uncorrected map:

display = plot_stat_map(
    corrected.get_map("z_desc-association"),
    threshold=2.6,
    cut_coords=[-4, 4, 28, 48],
    display_mode="z",
    title="working memory (red) against flanker (blue)",
)

# %%
# How much does each analysis contribute to the clusters of the map? ``Jackknife``
# leaves one out at a time.

jackknife = Jackknife(
    target_image="z_desc-association", target_threshold=3, cluster_threshold=20
)
tables = jackknife.transform(contrast).tables
table = next(table for name, table in tables.items() if "Jackknife" in name)
table.set_index("id").astype(float).round(3).head()

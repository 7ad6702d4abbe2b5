"""
Decoding: from a map, a region or a place to terms
==================================================

What would the literature call this activation?
"""

from nilearn.plotting import plot_stat_map

from nimare_neurosynth import (
    decode,
    decode_region,
    decode_studies,
    load_demo,
    meta_analysis,
)
from nimare_neurosynth.decoding import BayesDecoder, Classifier, MapDecoder, scatter
from nimare_neurosynth.space import default_mask, sphere_voxels

# %%
# The demo's 320 studies are about working memory, the flanker task and emotion. Two
# maps to decode: that of the studies that mention faces, and that of conflict.

db = load_demo()
images = {
    name: meta_analysis(db, query).image("z_desc-association")
    for name, query in {"faces": "face*", "conflict": "conflict*"}.items()
}
plot_stat_map(images["faces"], threshold=2.6, title="face*", display_mode="x")

# %%
# Which terms' maps do they look like? ``r`` is the correlation with the term's map,
# ``p`` asks whether as many studies at random would fit the image as well, and ``q`` is
# corrected for the number of terms.

terms = [
    "emotion*",
    "memory",
    "working memory",
    "flanker",
    "conflict",
    "control",
    "acc",
]
found = decode(db, images, terms)
found.table("faces").round(4)

# %%
# Both at once, as a radar chart.

figure = found.plot("radar", terms)

# %%
# Prepare the terms once to decode one image after another, or to look at a fit more
# closely: each voxel of the image against that of the term.

decoder = MapDecoder.of(db, terms)
figure = scatter(decoder, {"faces": images["faces"]}, "emotion")

# %%
# A region: the weights of terms in studies, correlated with how much of the region the
# studies activate. This one is a sphere in the left amygdala.

amygdala = sphere_voxels([-22, -4, -18], 8, default_mask())
decode_region(db, amygdala).table().head().round(4)

# %%
# Or the studies that report a peak there, compared with all others.

near = db.select(near=[-22, -4, -18], radius_mm=10)
decode_studies(db, near).table().head().round(4)

# %%
# How probable is a term, given where activation is? Each term is asked on its own. The
# peaks of a single place say little, and the probabilities stay near the prior, 0.5.

bayes = BayesDecoder.of(db, terms)
bayes.decode_peaks([[-22, -4, -18], [22, -4, -18]]).table().round(3)

# %%
# Between classes that exclude each other, cross-validation says how often studies that
# were not learnt from are put in the right one.

classifier = Classifier.of(db, {"memory": "memory &~ flanker", "flanker": "flanker"})
classifier.cross_validate(5)

"""
Coactivation of a seed
======================

What else is active in the studies that activate a place, and is that more than their
many peaks explain?
"""

from nilearn.plotting import plot_glass_brain

from nimare_neurosynth import load_demo, macm
from nimare_neurosynth.networks import compare_seeds, macm_null

# %%
# The seed is in the left middle frontal gyrus: studies that report a peak within 10 mm.

db = load_demo()
seed = (-40, 24, 30)
maps = macm(db, seed, seed_radius_mm=10)
maps

# %%
# The association map: where these studies activate more often than others do. The seed
# itself stands out, of course.

figure = maps.plot(kind="glass", fdr_q=0.05)

# %%
# These studies were chosen for activating something, and report more peaks than
# others. Compare them with as many studies of about as many peaks, 1,000 times. Shown
# is z where the p corrected for all voxels is below 0.05, without the seed's own place.

null = macm_null(db, seed, seed_radius_mm=10, leave_out_seed=True, n_permutations=1000)
image = null.image()
print(f"{int((null.p() < 0.05).sum()):,} voxels")
display = plot_glass_brain(
    image, display_mode="lyrz", colorbar=True, title="FWE-corrected p < 0.05"
)

# %%
# One seed against another: studies that activate exactly one of the two. Red: with the
# left seed; blue: with the right.

contrast = compare_seeds(db, seed, (40, 24, 30), seed_radius_mm=10)
display = plot_glass_brain(
    contrast.image("z_desc-association"),
    threshold=2,
    plot_abs=False,
    colorbar=True,
    display_mode="lyrz",
)

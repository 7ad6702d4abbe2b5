"""
Posteriors, priors and base rates
=================================

If a study activates the amygdala, is it about emotion? That depends on what you expect.
"""

import matplotlib.pyplot as plt
import numpy as np

from nimare_neurosynth import load_demo, meta_analysis

db = load_demo()
maps = meta_analysis(db, "emotion*")
xyz = (-20, -6, -18)  # left amygdala
base_rate = maps.n_selected[0] / maps.n_studies
print(f"studies on emotion*: {base_rate:.0%} of the database")

# %%
# At this voxel, P(emotion | activation) at the database's own base rate is
# ``prob_desc-FgA``; at a prior of one half it is ``prob_desc-FgA_prior``:

for name in ("prob_desc-AgF", "prob_desc-AgU", "prob_desc-FgA", "prob_desc-FgA_prior"):
    print(f"{name:20} {maps.value_at(xyz, name):.2f}")

# %%
# The data say only how much more often studies on emotion activate the voxel. What
# follows from an activation depends on the prior. On the diagonal, an activation
# would tell you nothing.

priors = np.linspace(0.01, 0.99, 50)
likely, else_likely = (maps.value_at(xyz, f"prob_desc-Ag{x}") for x in "FU")
posterior = priors * likely / (priors * likely + (1 - priors) * else_likely)
figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
axes.plot(priors, posterior, color="#7a4fa3", label="left amygdala")
axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="no information")
for prior, text in ((base_rate, "base rate"), (0.5, "prior 0.5")):
    at = meta_analysis(db, "emotion*", prior=prior).value_at(xyz, "prob_desc-FgA_prior")
    axes.plot(prior, at, "o", color="black")
    axes.annotate(
        f"{text}: {at:.2f}", (prior, at), (8, -12), textcoords="offset points"
    )
axes.set(xlabel="prior P(emotion)", ylabel="P(emotion | activation)")
_ = axes.legend(loc="lower right")

# %%
# Beware of the largest values. The posterior is 1 wherever a *single* study activates
# the voxel and is one of the selected:

one = maps["prob_desc-FgA"] == 1
print(f"{one.sum():,} voxels with P(F|A) = 1;")
print(f"{(maps.totals[one] == 1).mean():.0%} of them are active in one study only")

# %%
# Pictures of posteriors are therefore masked by the significant voxels of the
# association test, and ``min_studies`` leaves out voxels that hardly any study reaches:

careful = meta_analysis(db, "emotion*", min_studies=0.02)
figure = careful.plot("prob_desc-FgA_prior")

"""
Image-based meta-analysis, decoded
==================================

Where whole maps are shared, as in NeuroVault, they say more than their peaks. Combine
maps with NiMARE's image-based estimators, and find terms for the result.

.. note::

   No network is needed here, so **these images are simulated**: eight group maps whose
   signal is the demo's association map of "emotion", with smooth noise. With real ones,
   the studyset is a single line: ``studyset = NeuroVault().get([457, 1952])``.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
from nibabel import Nifti1Image
from nilearn.image import resample_to_img, smooth_img
from nilearn.plotting import plot_stat_map
from nimare.meta.ibma import Stouffers
from nimare.studyset import Studyset

from nimare_neurosynth import decode, load_demo, meta_analysis
from nimare_neurosynth.space import default_mask

db = load_demo()
signal = meta_analysis(db, "emotion").image("z_desc-association")

# %%
# Eight simulated groups of 15 to 50 people. In each map the signal has a quarter of the
# standard deviation of the smooth noise on top of it: no single one shows much. The
# grid is of 4 mm; grids are brought to that of the mask where they differ.

rng = np.random.default_rng(0)
folder = Path(tempfile.mkdtemp())
affine = np.diag([4.0, 4.0, 4.0, 1.0])
affine[:3, 3] = [-90, -126, -72]
grid = Nifti1Image(np.zeros((46, 55, 46), "f4"), affine)
options = {"force_resample": True, "copy_header": True}
small = resample_to_img(smooth_img(signal, 6), grid, **options).get_fdata()
brain = default_mask().to_image(np.ones(default_mask().n_voxels, "u1"))
brain = resample_to_img(brain, grid, interpolation="nearest", **options)
inside = brain.get_fdata() > 0
truth = small / small[inside].std()

sizes = rng.integers(15, 51, size=8)
paths = []
for i in range(len(sizes)):
    noise = Nifti1Image(rng.normal(size=grid.shape).astype("f4"), affine)
    noise = smooth_img(noise, 10).get_fdata()
    z = np.where(inside, 0.25 * truth + noise / noise[inside].std(), 0)
    paths.append(folder / f"image_{i}.nii.gz")
    Nifti1Image(z.astype("f4"), affine).to_filename(paths[-1])

# %%
# A studyset, of the form that ``NeuroVault.get`` gives: a study per collection, with
# its maps and sample size.

studyset = Studyset(
    {
        "id": "simulated",
        "name": "simulated images",
        "studies": [
            {
                "id": f"group-{i}",
                "name": f"Simulated group {i}",
                "analyses": [
                    {
                        "id": "1",
                        "name": "simulated emotion",
                        "metadata": {"sample_sizes": [int(n)]},
                        "conditions": [],
                        "weights": [],
                        "points": [],
                        "images": [
                            {
                                "url": "",
                                "filename": str(path),
                                "space": "MNI",
                                "value_type": "z",
                            }
                        ],
                    }
                ],
            }
            for i, (n, path) in enumerate(zip(sizes, paths, strict=True))
        ],
    }
)

# %%
# Stouffer's method adds the z values up, here weighted by sample size.

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    result = Stouffers(use_sample_size=True, mask=brain).fit(studyset)
combined = result.get_map("z")

display = plot_stat_map(
    combined,
    threshold=3.1,
    cut_coords=[-24, -4, 12, 40],
    display_mode="z",
    title="Stouffer's z of eight simulated images",
)

# %%
# Terms for the result, and for the first image alone: a meta-analysis is easier to read
# than a noisy map.

found = decode(db, {"combined": combined, "one image": paths[0]})
found.values(top=8).round(3)

# %%

figure = found.plot("bar", top=8, title="terms that the maps look like")

# %%
# What would be sent to a collection of yours? A dry run shows each field and the hash
# of each file, and asks nobody. ``dry_run=False`` sends exactly that, with your token
# in the environment variable ``NEUROVAULT_TOKEN``.

from nimare_neurosynth.neurovault import NeuroVault

plan = NeuroVault().push(result, 4242, names=["z", "p"])
plan.table()[["name", "map_type", "file", "bytes"]]

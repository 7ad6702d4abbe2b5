"""Slow, obvious forms of everything that the package computes fast."""

import importlib
import logging
import warnings

import numpy as np
import pandas as pd
from scipy import stats

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.engine import build_activations
from nimare_neurosynth.space import Mask

MM2 = np.array([[2.0, 0, 0, -90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
"""NiMARE's 2 mm grid, of shape (91, 109, 91)."""

# a voxel edge of 2.0000002 mm must not lose a sphere's surface
_SURFACE = 1 + 1e-6


def brain_block(shape=(9, 8, 7), edge=4.0):
    """Make a small mask with ragged borders, around the origin."""
    affine = np.diag([edge, edge, edge, 1.0])
    affine[:3, 3] = -edge * (np.array(shape) // 2)
    inside = np.random.default_rng(7).random(shape) < 0.8
    return Mask.from_array(inside, affine)


def mask_xyz(mask):
    """Give the millimetre coordinates of a mask's voxels."""
    where = np.argwhere(mask.to_volume(np.ones(mask.n_voxels)))
    return (mask.affine @ np.c_[where, np.ones(len(where))].T)[:3].T


def sphere_offsets(radius_mm, affine):
    """List all voxel offsets within a radius, by the distance of each."""
    axes = np.asarray(affine)[:3, :3]
    reach = int(np.ceil(radius_mm / np.linalg.svd(axes)[1].min())) + 1
    cube = np.indices((2 * reach + 1,) * 3).reshape(3, -1).T - reach
    return cube[np.linalg.norm(cube @ axes.T, axis=1) <= radius_mm * _SURFACE]


def active_voxels(peaks_mm, mask, radius_mm):
    """Mark the mask's voxels in the union of the spheres around some peaks."""
    places = mask_xyz(mask)
    active = np.zeros(len(places), dtype=bool)
    inverse = np.linalg.inv(mask.affine)
    for peak in peaks_mm:
        if np.isfinite(peak).all():
            voxel = np.round(inverse[:3, :3] @ peak + inverse[:3, 3])
            centre = mask.affine[:3, :3] @ voxel + mask.affine[:3, 3]
            distance = np.linalg.norm(places - centre, axis=1)
            active |= distance <= radius_mm * _SURFACE
    return active


def dense_activations(xyz, study, n_studies, mask, radius_mm):
    """Build the studies x voxels matrix, one study after the other."""
    return np.array(
        [active_voxels(xyz[study == s], mask, radius_mm) for s in range(n_studies)]
    ).reshape(n_studies, mask.n_voxels)


def dense_counts(active, label_masks):
    """Multiply labels x studies with studies x voxels."""
    return np.asarray(label_masks, dtype=int) @ np.asarray(active, dtype=int)


def association_z(a, n, T, N):
    """Test one voxel by SciPy's chi-square of the 2 x 2 table; 0 where undefined."""
    table = np.array([[a, T - a], [n - a, N - n - T + a]], dtype=float)
    if (table.sum(axis=0) == 0).any() or (table.sum(axis=1) == 0).any():
        return 0.0
    chi2 = stats.chi2_contingency(table, correction=False).statistic
    return np.sign(a * (N - n) - (T - a) * n) * np.sqrt(chi2)


def uniformity_z(a, n, E, T):
    """Test one voxel by SciPy's one-way chi-square; 0 where undefined."""
    if T == 0 or not 0 < E < n:
        return 0.0
    chi2 = stats.chisquare([a, n - a], [E, n - E]).statistic
    return np.sign(a - E) * np.sqrt(chi2)


def benjamini_hochberg(p, q):
    """Find the largest significant p value by going through all of them."""
    largest = -1.0
    for k, value in enumerate(sorted(p), start=1):
        if value <= k * (q / len(p)):
            largest = value
    return largest


def two_sided_p(z):
    """Give the p value of |z|, from SciPy's chi-square."""
    return stats.chi2.sf(np.square(z), 1)


def random_peaks(rng, n_peaks, n_studies, spread=20.0):
    """Scatter peaks, some of them far outside, NaN or infinite, studies unsorted."""
    xyz = rng.normal(0, spread, (n_peaks, 3)).round(1)
    study = rng.integers(0, n_studies, n_peaks)
    odd = rng.random(n_peaks)
    xyz[odd < 0.04, 1] = np.nan
    xyz[(odd >= 0.04) & (odd < 0.08), 2] = np.inf
    xyz[(odd >= 0.08) & (odd < 0.12)] = 1e12
    return xyz, study


def random_activations(rng, mask, n_studies, **options):
    """Build activations of random peaks."""
    xyz, study = random_peaks(rng, 4 * n_studies, n_studies)
    options = {"radius_mm": 6.0, "block_size": 64, **options}
    return build_activations(xyz, study, n_studies, mask=mask, **options)


def split_columns(columns, bounds):
    """Find where the studies from each bound up begin, by going through all of them."""
    split = np.empty((len(bounds), columns.n_columns), dtype=int)
    for i, bound in enumerate(bounds):
        for c in range(columns.n_columns):
            before = sum(int(study) < bound for study in columns[c])
            split[i, c] = columns.offsets[c] + before
    return split


def same_segments(a, b):
    """Tell whether two segments are the same bit for bit."""
    fields = ("offsets", "runs", "sizes", "totals", "has_peaks")
    return a.block_size == b.block_size and all(
        getattr(a, f).dtype == getattr(b, f).dtype
        and np.array_equal(getattr(a, f), getattr(b, f))
        for f in fields
    )


def random_database(seed=0, n_studies=120, n_labels=6):
    """Make a database whose first label goes with peaks near (-8, 0, 0)."""
    rng = np.random.default_rng(seed)
    study = np.sort(rng.integers(0, n_studies - 2, 8 * n_studies))
    study[: n_studies - 2] = np.arange(n_studies - 2)
    study.sort()  # the last two studies have no peak
    weights = rng.random((n_studies, n_labels)) * (
        rng.random((n_studies, n_labels)) < 0.4
    )
    xyz = rng.normal(0, 16, (len(study), 3)).round()
    xyz[(weights[study, 0] > 0) & (rng.random(len(study)) < 0.5)] /= 4
    xyz[weights[study, 0] > 0] -= (8, 0, 0)
    ids = pd.Series([str(1000 + i) for i in range(n_studies)], dtype="str")
    from scipy.sparse import csc_array

    labels = tuple(f"label{chr(97 + i)}" for i in range(n_labels))
    return Database(
        About("random", "1"),
        n_studies=n_studies,
        peaks=Peaks.from_columns(xyz, study, study, ["MNI", "TAL"] * (len(study) // 2)),
        label_sets=[LabelSet("labels", labels, csc_array(weights))],
        tables={"studies": lambda: pd.DataFrame({"study_id": ids})},
    )


def quietly(function, *args, **kwargs):
    """Call something whose warnings are not what a test is about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def import_nimare(module):
    """Import a part of NiMARE; undo what that does to the root logger."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    imported = quietly(importlib.import_module, module)
    root.handlers[:] = handlers
    root.setLevel(level)
    return imported

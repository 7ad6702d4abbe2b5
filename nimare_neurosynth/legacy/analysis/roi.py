"""Regions of interest: their studies, features and activation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import ImageError
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy._frames import OldSeries
from nimare_neurosynth.legacy.analysis.decode import Decoder

if TYPE_CHECKING:
    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.legacy._frames import OldFrame
    from nimare_neurosynth.legacy.base.dataset import Dataset


@old("Dataset.get_ids_by_mask")
def get_studies(dataset: Dataset, roi: Any, threshold: float = 0.0) -> list[Any]:
    """List the studies that activate a region.

    Parameters
    ----------
    dataset : Dataset
    roi : path, NIfTI image or ndarray
        Every voxel that is not 0 is in it.
    threshold : float or int
        At least such a share of its voxels, or so many of them; and at least one.
    """
    return list(dataset.get_studies(mask=roi, activation_threshold=threshold))


@old("Decoder")
def decode(dataset: Dataset, roi: Any, features: Any = None) -> OldFrame:
    """Find the features of the studies that activate a region: a mapping to z.

    Parameters
    ----------
    dataset, roi
        As for :func:`get_studies`.
    features : str or sequence of str, optional
        Names or patterns; all by default.
    """
    inside = region_of(dataset, roi).astype(float)
    return Decoder(dataset, method="roi", features=features).decode(inside)


@old("average_within_regions")
def average(dataset: Dataset, roi: Any) -> OldSeries:
    """Give the share of a region's voxels that each study activates, by id.

    Parameters
    ----------
    dataset, roi
        As for :func:`get_studies`.
    """
    inside = region_of(dataset, roi)
    table = dataset.image_table
    counts = table.activations().count_in(inside)[table.rows]
    return OldSeries(counts / np.count_nonzero(inside), index=table.ids)


def region_of(dataset: Dataset, roi: Any) -> BoolArray:
    """Mark the voxels of a region in the brain."""
    inside: BoolArray = dataset.masker.mask(roi, in_global_mask=True) != 0
    if not inside.any():
        raise ImageError("this region has no voxel inside the brain mask.")
    return inside

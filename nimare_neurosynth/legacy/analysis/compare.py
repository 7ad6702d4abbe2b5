"""Differences of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.base.mask import Masker
from nimare_neurosynth.space import read_volume

if TYPE_CHECKING:
    from numpy.typing import NDArray


@old("compare_images")
def compare_images(a: Any, b: Any, masker: Masker | None = None) -> NDArray[np.float64]:
    """Subtract one z image from another: (a - b) / sqrt(2).

    This describes, and tests nothing: the same studies may be in both images.
    ``MetaAnalysis(dataset, ids, ids2)`` compares two sets of studies.

    Parameters
    ----------
    a, b : path, NIfTI image or ndarray
        ``b`` is brought to the grid of ``a``. Arrays are volumes, or vectors over the
        voxels of the masker.
    masker : Masker, optional
        Bring both images to its grid; by default that of ``a``, for arrays the old
        package's brain.

    Returns
    -------
    ndarray of float64
        In the shape of the image; NaN counts as 0.

    Raises
    ------
    ImageError
        If an image cannot be read, or does not fit.
    """
    grid = _grid_of(a) if masker is None else masker
    one, other = (
        np.nan_to_num(np.asarray(grid.get_image(image, "array"), dtype=np.float64))
        for image in (a, b)
    )
    return np.asarray((one - other) / np.sqrt(2))


def _grid_of(image: Any) -> Masker:
    """Make a masker of the whole grid of an image."""
    if isinstance(image, np.ndarray):
        return Masker()
    values, affine = read_volume(image)
    return Masker(OldImage.on(np.ones(values.shape[:3], dtype=np.uint8), affine))

"""Atlases as they are stored: images of whole numbers, and lists of names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import ImageError, OptionError
from nimare_neurosynth.io import unique_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth.space import Mask

_BACKGROUND = ("background", "0", "none", "")


def whole_numbers(values: NDArray[Any]) -> NDArray[np.int64]:
    """Take the voxels of an atlas as whole numbers, or raise an ImageError."""
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim != 3 or values.dtype.kind not in "biuf":
        raise ImageError(
            f"an atlas has three dimensions and numbers, got {values.shape} of "
            f"{values.dtype}; a four-dimensional image is read by from_images()."
        )
    plain = np.nan_to_num(np.asarray(values, dtype=np.float64), posinf=0, neginf=0)
    rounded = np.round(plain)
    if not np.allclose(plain, rounded, rtol=1e-7, atol=1e-4):
        raise ImageError(
            "an atlas has whole numbers, and this image has others: is it a map of "
            "probabilities? Threshold it, or give masks to from_images()."
        )
    if (rounded < 0).any():
        raise ImageError(
            "an atlas has numbers from 0 up, and this image negative ones."
        )
    return np.asarray(rounded, dtype=np.int64)


def at_voxels(
    numbers: NDArray[np.int64], affine: NDArray[np.float64], mask: Mask
) -> NDArray[np.int64]:
    """Give the number at each voxel of the mask: of the nearest voxel of the atlas."""
    if mask.has_grid(numbers.shape, affine):
        return np.asarray(numbers.ravel()[mask.flat_index])
    inverse = np.linalg.inv(affine)
    ijk = np.rint(mask.xyz_mm @ inverse[:3, :3].T + inverse[:3, 3]).astype(np.int64)
    inside = ((ijk >= 0) & (ijk < numbers.shape)).all(axis=1)
    found = np.zeros(mask.n_voxels, dtype=np.int64)
    found[inside] = numbers[tuple(ijk[inside].T)]
    return found


def names_of(
    known: NDArray[np.int64], names: Mapping[int, str] | Sequence[str] | None
) -> list[str]:
    """Give the parcels of an atlas names, in ascending order of their numbers."""
    if names is None:
        return [str(number) for number in known]
    if hasattr(names, "get"):
        return unique_names(str(names.get(int(n), n)) for n in known)
    listed = [str(name) for name in names]
    if len(listed) == len(known) + 1 and listed[0].lower() in _BACKGROUND:
        listed = listed[1:]
    if len(listed) != len(known):
        raise OptionError(
            f"there are {len(known):,} parcels and {len(listed):,} names: give one for "
            "each, or a dictionary of numbers and names."
        )
    return unique_names(listed)

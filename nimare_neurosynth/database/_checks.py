"""Checks of what selections are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def parse_coordinates(near: ArrayLike, option: str = "near") -> NDArray[np.float64]:
    """Take one coordinate or several.

    Parameters
    ----------
    near : array-like of float, shape (3,) or (n, 3)
        Coordinates in mm.
    option : str
        What the caller calls it.

    Returns
    -------
    ndarray of float64, shape (n, 3)

    Raises
    ------
    OptionError
        If these are no coordinates, or not finite.
    """
    try:
        seeds = np.atleast_2d(np.asarray(near, dtype=np.float64))
    except (TypeError, ValueError):
        seeds = np.empty((0, 0))
    if seeds.ndim != 2 or seeds.shape[1] != 3 or not len(seeds):
        raise OptionError(
            f"{option} must be one coordinate (x, y, z) in mm or a list of them, "
            f"got {near!r}."
        )
    if not np.isfinite(seeds).all():
        raise OptionError(f"{option} must hold finite coordinates in mm, got {near!r}.")
    return seeds


def check_region_bound(min_voxels: int | None, min_proportion: float | None) -> None:
    """Raise an OptionError unless at most one of the bounds is given, and possible."""
    if min_voxels is not None and min_proportion is not None:
        raise OptionError("give min_voxels or min_proportion, not both.")
    whole = isinstance(min_voxels, int | np.integer) and min_voxels is not True
    if min_voxels is not None and not (whole and min_voxels >= 1):
        raise OptionError(
            f"min_voxels must be a whole number from 1 up, got {min_voxels!r}; for a "
            "share of the region use min_proportion."
        )
    number = isinstance(min_proportion, float | int | np.floating)
    if min_proportion is not None and not (number and 0 < min_proportion <= 1):
        raise OptionError(
            f"min_proportion must be above 0 and at most 1, got {min_proportion!r}; "
            "for a number of voxels use min_voxels."
        )


def list_of(values: Any, option: str, what: str) -> list[Any]:
    """Take one text, several values or None as a list."""
    if values is None or isinstance(values, str):
        return [] if values is None else [values]
    try:
        return list(values)
    except TypeError:
        raise OptionError(
            f"{option} must be a list of {what}, got {values!r}."
        ) from None

"""How images are compared with maps, and which images cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.errors import (
    ImageError,
    OptionError,
    UnknownTermError,
    suggest,
    warn,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

METHODS = {"pearson": "r", "spearman": "rho", "cosine": "cosine", "dot": "dot"}
"""How an image can be compared with a map, and what the result is called."""


def check_method(method: str) -> None:
    """Raise an OptionError unless images can be compared that way."""
    if method not in METHODS:
        raise OptionError(
            f"method must be one of {', '.join(METHODS)}, got {method!r}."
        )


def check_varies(values: NDArray[np.float64], name: str, method: str) -> None:
    """Raise an ImageError if an image fits every term alike.

    Parameters
    ----------
    values : ndarray of float64, shape (n_voxels,)
        The image, where it is compared.
    name : str
        Of the image.
    method : str
        One of :data:`METHODS`.
    """
    if not values.any() or (np.ptp(values) == 0 and method != "dot"):
        raise ImageError(
            f"the image {name!r} has the same value in all {len(values):,} voxels that "
            "are compared: it fits every term alike."
        )


def check_draws(n_permutations: int, seed: int) -> int:
    """Raise an OptionError unless so many permutations can be drawn from a seed."""
    whole = isinstance(n_permutations, int | np.integer)
    if not whole or isinstance(n_permutations, bool) or n_permutations < 0:
        raise OptionError(
            f"n_permutations must be a whole number from 0 up, got {n_permutations!r}."
        )
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise OptionError(f"seed must be a whole number from 0 up, got {seed!r}.")
    return int(n_permutations)


def tell_holes(name: str, n_not_finite: int) -> None:
    """Warn of voxels that have no value."""
    if n_not_finite:
        warn(
            f"{n_not_finite:,} voxels of {name!r} in the brain are NaN or infinite: "
            "they count as 0."
        )


def place_of(term: str, terms: tuple[str, ...]) -> int:
    """Find a term, or raise an UnknownTermError."""
    if term not in terms:
        raise UnknownTermError(f"there is no map of {term!r}.{suggest(term, terms)}")
    return terms.index(term)

"""Numbers cut into parts: studies of one part are exchanged with each other only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_PARTS = 10
"""Numbers are cut into so many parts of about equal size."""


def quantile_parts(
    numbers: NDArray[np.float64], n_parts: int = N_PARTS
) -> NDArray[np.int64]:
    """Cut numbers at their quantiles.

    Parameters
    ----------
    numbers : ndarray of float64, shape (n,)
        One for each study.
    n_parts : int
        How many parts; fewer where many numbers are the same.

    Returns
    -------
    ndarray of int64, shape (n,)
        The part of each; those that are NaN are a part of their own, -1.

    Examples
    --------
    >>> quantile_parts(np.array([5.0, 1, 2, np.nan, 9]), 2).tolist()
    [1, 0, 0, -1, 1]
    """
    known = np.isfinite(numbers)
    if not known.any():
        return np.zeros(len(numbers), dtype=np.int64)
    cuts = np.unique(np.quantile(numbers[known], np.arange(1, n_parts) / n_parts))
    parts = np.searchsorted(cuts, np.where(known, numbers, 0.0), side="right")
    return np.where(known, parts, -1).astype(np.int64)

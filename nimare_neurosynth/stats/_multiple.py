"""Correction for many voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def fdr_threshold(p: ArrayLike, q: float) -> float:
    """Find the largest p value that the Benjamini-Hochberg procedure declares.

    Parameters
    ----------
    p : array-like of float, shape (n_tests,)
        p values, without NaN.
    q : float
        Expected share of false discoveries, above 0 and below 1.

    Returns
    -------
    float
        The largest ``p_(k)`` with ``p_(k) <= k q / n_tests``; -1 where there is none.
        Tests with p at or below it are significant.

    References
    ----------
    Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289-300.

    Examples
    --------
    >>> fdr_threshold([0.001, 0.02, 0.04, 0.9], 0.05)
    0.02
    """
    ordered = np.sort(np.asarray(p, dtype=np.float64), axis=None)
    bound = np.arange(1, ordered.size + 1) * (q / max(ordered.size, 1))
    below = np.flatnonzero(ordered <= bound)
    return float(ordered[below[-1]]) if below.size else -1.0

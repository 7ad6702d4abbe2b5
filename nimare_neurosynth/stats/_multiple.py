"""Correction for many voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.stats._normal import p_from_z

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray


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
    values = np.asarray(p, dtype=np.float64)
    # what is above q cannot be significant: only the rest is worth sorting
    return _threshold(values[values <= q], values.size, q)


def fdr_significant(z: ArrayLike, q: float) -> BoolArray:
    """Tell which two-sided tests the Benjamini-Hochberg procedure declares.

    Parameters
    ----------
    z : array-like of float, shape (n_tests,)
        z values, without NaN.
    q : float
        Expected share of false discoveries, above 0 and below 1.

    Returns
    -------
    ndarray of bool, shape (n_tests,)
        The same as ``p_from_z(z) <= fdr_threshold(p_from_z(z), q)``; p values are
        computed only where they can matter.

    Examples
    --------
    >>> fdr_significant([0.5, -4.0, 3.0, 1.0], 0.05)
    array([False,  True,  True, False])
    """
    from scipy.special import ndtri

    values = np.asarray(z, dtype=np.float64)
    least = float(-ndtri(q / 2)) * (1 - 1e-9)  # no rounding may lose a candidate
    [candidates] = np.nonzero(np.abs(values) >= least)
    p = p_from_z(values[candidates])
    significant = np.zeros(values.shape, dtype=bool)
    significant[candidates] = p <= _threshold(p[p <= q], values.size, q)
    return significant


def fdr_adjusted(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust p values for the false discovery rate (Benjamini & Hochberg).

    Parameters
    ----------
    p : array-like of float, shape (n_tests,)
        p values, without NaN.

    Returns
    -------
    ndarray of float64, shape (n_tests,)
        q values: the smallest rate at which each test is significant.

    References
    ----------
    Benjamini & Hochberg (1995), J. R. Stat. Soc. B 57:289-300.

    Examples
    --------
    >>> fdr_adjusted([0.01, 0.04, 0.03]).round(3)
    array([0.03, 0.04, 0.04])
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)[::-1]
    ranks = np.arange(len(values), 0, -1)
    smallest = np.minimum.accumulate(values[order] * len(values) / np.maximum(ranks, 1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(smallest, 1.0)
    return adjusted


def _threshold(smallest: ArrayLike, n_tests: int, q: float) -> float:
    """Find the threshold, given all p values that are at most q."""
    ordered = np.sort(np.asarray(smallest, dtype=np.float64))
    bound = np.arange(1, ordered.size + 1) * (q / max(n_tests, 1))
    below = np.flatnonzero(ordered <= bound)
    return float(ordered[below[-1]]) if below.size else -1.0

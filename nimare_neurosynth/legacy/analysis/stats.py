"""Correlations, chi-square tests, and the false discovery rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.legacy._advice import is_strict, old
from nimare_neurosynth.stats import (
    association_and_uniformity_z,
    association_z,
    fdr_threshold,
    p_from_z,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@old("pearson")
def pearson(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Correlate a vector with each row of a matrix.

    Parameters
    ----------
    x : array-like, shape (n,)
    y : array-like, shape (n_rows, n)

    Returns
    -------
    ndarray, shape (n_rows,)
        NaN where one of them is constant.

    Examples
    --------
    >>> pearson([1, 2, 3], [[2, 4, 6], [3, 2, 1]]).round(6)
    array([ 1., -1.])
    """
    from scipy.spatial.distance import cdist

    one, rows = np.atleast_2d(_numbers(x, "x")), np.atleast_2d(_numbers(y, "y"))
    if (
        one.ndim != 2
        or len(one) != 1
        or rows.ndim != 2
        or one.shape[1] != rows.shape[1]
    ):
        raise OptionError(
            "x must be a vector and y have rows of its length, got shapes "
            f"{np.shape(x)} and {np.shape(y)}."
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        r = 1 - cdist(rows, one, "correlation")[:, 0]
    return np.where((np.ptp(rows, axis=1) == 0) | (np.ptp(one) == 0), np.nan, r)


@old("two_way")
def two_way(cells: ArrayLike) -> NDArray[np.float64]:
    """Test tables of 2 x 2 counts for independence (Pearson's chi-square).

    Parameters
    ----------
    cells : array-like of int, shape (n_tables, 2, 2)

    Returns
    -------
    ndarray, shape (n_tables,)
        p values; 1 where a row or a column is empty. (Strictly: expected counts of 0
        add 1 to chi-square, as in the old package.)

    Examples
    --------
    >>> two_way([[[42, 32], [60, 81]]]).round(6)
    array([0.047531])
    """
    tables = _counts(cells, "cells")
    if tables.ndim != 3 or tables.shape[1:] != (2, 2):
        raise OptionError(f"cells must have shape (n, 2, 2), got {tables.shape}.")
    columns, rows = tables.sum(axis=1), tables.sum(axis=2)
    z = np.zeros(len(tables))
    # tables of the same columns are voxels of the same meta-analysis
    groups, group = np.unique(columns, axis=0, return_inverse=True)
    for i, (n_selected, n_others) in enumerate(groups):
        here = np.flatnonzero(group.ravel() == i)
        z[here] = association_z(
            np.ascontiguousarray(tables[here, 0, 0][None], dtype=np.int32),
            n_selected=np.array([n_selected]),
            totals=rows[here, 0].astype(np.int32),
            n_studies=int(n_selected + n_others),
        )[0]
    if is_strict():
        empty = (rows[:, :, None] == 0) | (columns[:, None, :] == 0)
        n_empty = np.where(tables.any(axis=(1, 2)), empty.sum(axis=(1, 2)), 0)
        z = np.where(n_empty > 0, np.sqrt(n_empty), z)
    return p_from_z(z)


@old("one_way")
def one_way(data: ArrayLike, n: int) -> NDArray[np.float64]:
    """Test counts against their mean (one-way chi-square).

    Parameters
    ----------
    data : array-like of int, shape (n_voxels,)
        Studies that activate each voxel.
    n : int
        Studies there are.

    Returns
    -------
    ndarray, shape (n_voxels,)
        p values; 1 everywhere if all counts are 0, or all ``n``.

    Examples
    --------
    >>> one_way([4, 8, 6], 10).round(6)
    array([0.196706, 0.196706, 1.      ])
    """
    counts = _counts(data, "data")
    if counts.ndim != 1 or not counts.size:
        raise OptionError(f"data must be a vector of counts, got {counts.shape}.")
    studies = _numbers(n, "n")
    if studies.ndim or not studies >= counts.max():
        raise OptionError(f"n must be at least {counts.max()}, got {n!r}.")
    _, z = association_and_uniformity_z(
        np.ascontiguousarray(counts[None], dtype=np.int32),
        n_selected=studies[None],
        expected=np.array([counts.mean()]),
        totals=np.ones(len(counts), dtype=np.int32),  # the other test looks at it
        n_studies=2,
    )
    return p_from_z(z[0])


@old("fdr")
def fdr(p: ArrayLike, q: float = 0.05) -> float:
    """Find the largest p value that is significant at a false discovery rate.

    Parameters
    ----------
    p : array-like of float
    q : float
        Above 0 and below 1.

    Returns
    -------
    float
        -1 where there is none.

    Examples
    --------
    >>> fdr([0.005, 0.1, 0.2, 0.5])
    0.005
    """
    values = _numbers(p, "p").ravel()
    if not ((values >= 0) & (values <= 1)).all():
        raise OptionError("p values must lie between 0 and 1, and not be NaN.")
    if not isinstance(q, float | np.floating) or not 0 < q < 1:
        raise OptionError(f"q must be above 0 and below 1, got {q!r}.")
    return fdr_threshold(values, q)


def _numbers(values: Any, what: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{what} must be numbers: {error}.") from error


def _counts(values: Any, what: str) -> NDArray[np.int64]:
    found = np.asarray(values)
    plain = found.dtype.kind in "biuf" and np.isfinite(found).all()
    if not plain or (found < 0).any() or (found != np.rint(found)).any():
        raise OptionError(f"{what} must be counts: whole numbers from 0 up.")
    return found.astype(np.int64)

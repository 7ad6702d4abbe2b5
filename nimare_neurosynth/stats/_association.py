"""The two tests of Neurosynth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine._kernels import z_tile

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


def association_and_uniformity_z(
    counts: NDArray[np.int32],
    *,
    n_selected: NDArray[Any],
    expected: NDArray[Any],
    totals: NDArray[np.int32],
    n_studies: int,
    dtype: DTypeLike = np.float64,
) -> tuple[NDArray[Any], NDArray[Any]]:
    r"""Compute the association and uniformity tests from counts.

    Parameters
    ----------
    counts : ndarray of int32, shape (n_columns, n_voxels)
        Selected studies that activate each voxel, ``a``.
    n_selected : ndarray, shape (n_columns,)
        Selected studies, ``n``.
    expected : ndarray, shape (n_columns,)
        Mean of the column's counts over all voxels of the mask, ``E``.
    totals : ndarray of int32, shape (n_voxels,)
        Studies that activate each voxel, ``T``, selected or not.
    n_studies : int
        Studies there are, ``N``.
    dtype : dtype
        Of the result, float64 or float32.

    Returns
    -------
    association, uniformity : ndarray, shape (n_columns, n_voxels)
        Signed z values, 0 where no study activates the voxel or the test is undefined.

    Notes
    -----
    Association asks whether studies activate the voxel more often when they are
    selected than when they are not: Pearson's chi-square of the 2 x 2 table, without
    continuity correction. Uniformity asks whether the selected studies activate the
    voxel more often than the average voxel: a one-way chi-square. Both have one degree
    of freedom, so that :math:`|z| = \sqrt{\chi^2}` exactly:

    .. math::

        z_{assoc} = \frac{\sqrt{N} (N a - n T)}{\sqrt{n (N - n) T (N - T)}},
        \qquad
        z_{unif} = \frac{a - E}{\sqrt{E (n - E) / n}}

    References
    ----------
    Yarkoni et al. (2011), Nature Methods 8:665-670.

    Examples
    --------
    Of 100 studies 20 are selected; 30 activate a voxel, 12 of them selected.

    >>> z, _ = association_and_uniformity_z(
    ...     np.array([[12]], np.int32), n_selected=np.array([20]),
    ...     expected=np.array([5.0]), totals=np.array([30], np.int32), n_studies=100)
    >>> z.round(3)
    array([[3.273]])
    """
    association = np.empty(counts.shape, dtype=dtype)
    uniformity = np.empty(counts.shape, dtype=dtype)
    z_tile(
        counts,
        np.asarray(n_selected, dtype=np.float64),
        np.asarray(expected, dtype=np.float64),
        totals,
        n_studies,
        association,
        uniformity,
    )
    return association, uniformity


def association_z(
    counts: NDArray[np.int32],
    *,
    n_selected: NDArray[Any],
    totals: NDArray[np.int32],
    n_studies: int,
    dtype: DTypeLike = np.float64,
) -> NDArray[Any]:
    """Compute the association test alone, where no uniformity test is asked for.

    Parameters
    ----------
    counts, n_selected, totals, n_studies, dtype
        As for :func:`association_and_uniformity_z`.

    Returns
    -------
    ndarray, shape (n_columns, n_voxels)
        Signed z values, the same numbers as :func:`association_and_uniformity_z` gives.

    Examples
    --------
    >>> association_z(
    ...     np.array([[12]], np.int32), n_selected=np.array([20]),
    ...     totals=np.array([30], np.int32), n_studies=100).round(3)
    array([[3.273]])
    """
    association, _ = association_and_uniformity_z(
        counts,
        n_selected=n_selected,
        expected=np.ones(len(counts)),  # only the other test looks at it
        totals=totals,
        n_studies=n_studies,
        dtype=dtype,
    )
    return association

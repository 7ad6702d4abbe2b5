"""From z values to two-sided p values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def p_from_z(z: ArrayLike) -> NDArray[np.float64]:
    """Give the two-sided p value of z, which is that of z² as a chi-square.

    Parameters
    ----------
    z : array-like of float
        Any shape.

    Returns
    -------
    ndarray of float64
        From 0 to 1, of the same shape; 0 where it underflows (z beyond 38).

    Examples
    --------
    >>> p_from_z([0.0, 1.959964]).round(6)
    array([1.  , 0.05])
    """
    from scipy.special import erfc

    return np.asarray(erfc(np.abs(np.asarray(z, dtype=np.float64)) / np.sqrt(2)))


def logp_from_z(z: ArrayLike) -> NDArray[np.float64]:
    """Give -log10 of the two-sided p value of z, without underflow.

    Parameters
    ----------
    z : array-like of float
        Any shape.

    Returns
    -------
    ndarray of float64
        From 0 up, of the same shape.

    Examples
    --------
    >>> logp_from_z([0.0, 50.0]).round(1)
    array([  0. , 544.7])
    """
    from scipy.special import log_ndtr

    tail = log_ndtr(-np.abs(np.asarray(z, dtype=np.float64)))
    return np.asarray(np.maximum(-(tail + np.log(2)) / np.log(10), 0.0) + 0.0)


def z_from_p(p: ArrayLike) -> NDArray[np.float64]:
    """Give the size of z of a two-sided p value.

    Parameters
    ----------
    p : array-like of float
        From 0 to 1, any shape.

    Returns
    -------
    ndarray of float64
        From 0 up, of the same shape; infinite where p is 0.

    Examples
    --------
    >>> z_from_p([0.05, 0.01]).round(6)
    array([1.959964, 2.575829])
    """
    from scipy.special import ndtri

    return np.asarray(-ndtri(np.asarray(p, dtype=np.float64) / 2))

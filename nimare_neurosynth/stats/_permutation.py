"""The permutation null of a sum over studies, from its exact moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class PermutationNull:
    r"""Sums of products of two lists of numbers, when one is shuffled.

    Of N numbers :math:`a_i` and :math:`b_i`, both with mean 0, the sum
    :math:`\sum_i a_i b_{\pi(i)}` over all orders :math:`\pi` has mean 0 and, with
    :math:`A_k = \sum a^k`, :math:`B_k = \sum b^k`, the exact moments

    .. math::

        \mu_2 = \frac{A_2 B_2}{N - 1}, \qquad
        \mu_3 = \frac{N A_3 B_3}{(N - 1)(N - 2)},

    and a longer expression in :math:`A_2, A_4, B_2, B_4` for :math:`\mu_4`.

    Attributes
    ----------
    variance, third, fourth : ndarray of float64, shape (n_columns,)
        These moments.

    Examples
    --------
    >>> a = np.array([-1.0, 0, 1])
    >>> null = PermutationNull.of(a, np.array([[2.0], [0], [2]]))
    >>> null.variance, null.standardised(np.array([2.0])).round(3)
    (array([2.]), array([1.414]))
    """

    variance: NDArray[np.float64]
    third: NDArray[np.float64]
    fourth: NDArray[np.float64]

    @classmethod
    def of(
        cls, centred: NDArray[np.float64], powers: NDArray[np.float64]
    ) -> PermutationNull:
        """Work out the moments.

        Parameters
        ----------
        centred : ndarray of float64, shape (n_studies,)
            One number per study, with mean 0.
        powers : ndarray of float64, shape (3, n_columns)
            For each column, the sums of squares, cubes and fourth powers of its
            numbers, less their mean: see :func:`power_sums`.

        Returns
        -------
        PermutationNull
        """
        n = float(len(centred))
        a2, a3, a4 = (float((centred**k).sum()) for k in (2, 3, 4))
        b2, b3, b4 = powers
        # of k different studies there are n (n - 1) ... ordered choices
        two, three = n * max(n - 1, 1), n * max(n - 1, 1) * max(n - 2, 1)
        four = three * max(n - 3, 1)
        # sums over different studies of products of powers, as their mean is 0
        fourth = (
            a4 * b4 / n
            + 4 * a4 * b4 / two
            + 3 * (a2**2 - a4) * (b2**2 - b4) / two
            + 6 * (2 * a4 - a2**2) * (2 * b4 - b2**2) / three
            + 9 * (a2**2 - 2 * a4) * (b2**2 - 2 * b4) / four
        )
        return cls(n * a2 * b2 / two, n * n * a3 * b3 / three, fourth)

    def standardised(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give sums in standard deviations of their null; 0 where there is none."""
        return _divided(sums, np.sqrt(self.variance))

    def p(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give two-sided p values: would a random order give as large a sum.

        The tails of the null are those of the distribution with the same mean, variance
        and skewness (Pearson's type III, a shifted gamma), drawn out as Student's t is
        where the kurtosis is larger than that one's. Its short tail ends, which that of
        a sum of few numbers does later or earlier: there p is at least a tenth of the
        normal distribution's, and not below it where skewness is 1.6 or more.

        Parameters
        ----------
        sums : ndarray of float64, shape (n_columns,)
            What was found.

        Returns
        -------
        ndarray of float64, shape (n_columns,)
            1 where nothing can vary.
        """
        from scipy.stats import norm, pearson3

        skew = _divided(self.third, self.variance**1.5)
        excess = _divided(self.fourth, self.variance**2) - 3 - 1.5 * skew**2
        z = _drawn_in(self.standardised(sums), excess)
        z = np.where(skew < 0, -z, z)
        long = pearson3.sf(z, np.abs(skew))
        # the more skewed, the less is known of the short tail
        least = norm.cdf(z) / 10 ** np.clip(2 - np.abs(skew) / 0.8, 0, 1)
        short = np.maximum(pearson3.cdf(z, np.abs(skew)), least)
        p = np.minimum(2 * np.minimum(long, short), 1.0)
        return np.where(self.variance > 0, p, 1.0)


def _divided(
    value: NDArray[np.float64], by: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.divide(value, by, out=np.zeros_like(by), where=by > 0)


def _drawn_in(
    z: NDArray[np.float64], excess: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give normal z with the tail areas of Student's t of so much excess kurtosis."""
    from scipy.stats import norm, t

    heavy = (excess > 1e-3) & (z != 0)
    freedom = 4 + 6 / excess[heavy]
    size = np.abs(z[heavy]) * np.sqrt(freedom / (freedom - 2))
    found = z.copy()
    found[heavy] = np.sign(z[heavy]) * norm.isf(t.sf(size, freedom))
    return found


def power_sums(weights: csr_array) -> NDArray[np.float64]:
    """Sum the squares, cubes and fourth powers of each row, less its mean.

    Parameters
    ----------
    weights : csr_array, shape (n_columns, n_studies)
        Numbers of each column.

    Returns
    -------
    ndarray of float64, shape (3, n_columns)

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> power_sums(csr_array([[0.0, 0, 3]])).tolist()
    [[6.0], [6.0], [18.0]]
    """
    n = weights.shape[1]
    raw = [np.asarray(weights.power(k).sum(axis=1)) for k in (1, 2, 3, 4)]
    mean = raw[0] / n
    second = raw[1] - n * mean**2
    third = raw[2] - 3 * mean * raw[1] + 2 * n * mean**3
    fourth = raw[3] - 4 * mean * raw[2] + 6 * mean**2 * raw[1] - 3 * n * mean**4
    return np.stack([second, third, fourth])


_DRAWS_AT_ONCE = 64


def sampled_p(
    centred: NDArray[np.float64],
    weights: csr_array,
    sums: NDArray[np.float64],
    *,
    n_draws: int,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Give two-sided p values from random orders, to check the analytic ones.

    Parameters
    ----------
    centred : ndarray of float64, shape (n_studies,)
        One number per study, with mean 0.
    weights : csr_array, shape (n_columns, n_studies)
        Numbers of each column.
    sums : ndarray of float64, shape (n_columns,)
        What was found: ``weights @ centred``.
    n_draws : int
        Random orders.
    seed : int
        Of these orders; the same for all columns.

    Returns
    -------
    ndarray of float64, shape (n_columns,)
        Twice the smaller of (1 + orders with a sum at least as large) / (1 + n_draws)
        and the same for small sums; at most 1.
    """
    generator = np.random.default_rng(seed)
    above = np.zeros(len(sums), dtype=np.int64)
    below = np.zeros(len(sums), dtype=np.int64)
    rows = np.tile(centred, (_DRAWS_AT_ONCE, 1))
    close = 1e-12 * abs(weights).sum(axis=1) * np.abs(centred).max()  # ties count
    for first in range(0, n_draws, _DRAWS_AT_ONCE):
        part = rows[: min(_DRAWS_AT_ONCE, n_draws - first)]
        drawn = weights @ np.ascontiguousarray(generator.permuted(part, axis=1).T)
        above += (drawn >= (sums - close)[:, None]).sum(axis=1)
        below += (drawn <= (sums + close)[:, None]).sum(axis=1)
    return np.minimum(2 * (1 + np.minimum(above, below)) / (1 + n_draws), 1.0)

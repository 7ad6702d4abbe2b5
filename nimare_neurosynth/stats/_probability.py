"""Probabilities and posteriors from counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Probabilities:
    """Probabilities at each voxel for one set of studies.

    With A, the study activates the voxel; F, it is selected ("has the feature"); U, it
    is not. All are 0 where no study activates the voxel.

    Parameters
    ----------
    counts : ndarray of int, shape (n_voxels,)
        Selected studies that activate the voxel, ``a``.
    totals : ndarray of int, shape (n_voxels,)
        Studies that activate the voxel, ``T``.
    n_selected : int
        Selected studies, ``n``.
    n_studies : int
        Studies there are, ``N``.
    prior : float
        Prior probability of F, between 0 and 1, for the two ``_prior`` maps.

    Examples
    --------
    >>> p = Probabilities(np.array([12]), np.array([30]), 20, 100, 0.5)
    >>> float(p.a_given_f[0]), float(p.f_given_a[0])
    (0.6, 0.4)
    >>> p.f_given_a_prior.round(4)
    array([0.7273])
    """

    counts: NDArray[np.int32]
    totals: NDArray[np.int32]
    n_selected: int
    n_studies: int
    prior: float

    @property
    def a(self) -> NDArray[np.float64]:
        """P(A) = T / N."""
        return self.totals / max(self.n_studies, 1)

    @property
    def a_given_f(self) -> NDArray[np.float64]:
        """P(A|F) = a / n."""
        return self.counts / max(self.n_selected, 1)

    @property
    def a_given_u(self) -> NDArray[np.float64]:
        """P(A|U) = (T - a) / (N - n), 0 where every study is selected."""
        return (self.totals - self.counts) / max(self.n_studies - self.n_selected, 1)

    @property
    def f_given_a(self) -> NDArray[np.float64]:
        """P(F|A) = a / T: the posterior at the database's own base rate."""
        return self.counts / np.maximum(self.totals, 1)

    @property
    def a_prior(self) -> NDArray[np.float64]:
        """P(A) if F had the prior probability: prior P(A|F) + (1 - prior) P(A|U)."""
        return self.prior * self.a_given_f + (1 - self.prior) * self.a_given_u

    @property
    def f_given_a_prior(self) -> NDArray[np.float64]:
        """P(F|A) if F had the prior probability: the posterior Neurosynth shows."""
        overall = self.a_prior
        share = self.prior * self.a_given_f
        return np.divide(share, overall, out=np.zeros_like(share), where=overall > 0)

"""Fits of images with the association maps of all terms, without having the maps.

The association z of a term is linear in who has it (see the engine's notes): with
``a`` the counts of a term of ``n`` of ``N`` studies and ``T`` the totals of a voxel,

    z = k (N a - n T) w,    k = sqrt(N / (n (N - n))),    w = 1 / sqrt(T (N - T)),

so that for any weights ``x`` of voxels the sum of ``x z`` is ``k N`` times what the
studies of the term score above the average study, each study's score being the sum of
``x w`` over the voxels it activates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.engine import LabelColumns, map_tiles
from nimare_neurosynth.stats import association_and_uniformity_z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations, Tile


@dataclass(frozen=True)
class Terms:
    """All that is needed of many terms to fit images with their association maps.

    Attributes
    ----------
    activations : Activations
        Of all studies.
    columns : LabelColumns
        Counted studies of each term.
    counted : ndarray of bool, shape (n_studies,)
        Studies that count.
    totals : ndarray of int32, shape (n_voxels,)
        Counted studies that activate each voxel.
    voxels : ndarray of bool, shape (n_voxels,)
        Where images are compared.
    z_sum, z_squares : ndarray of float64, shape (n_terms,)
        Sum and sum of squares of each term's z over these voxels.
    """

    activations: Activations
    columns: LabelColumns
    counted: BoolArray
    totals: NDArray[np.int32]
    voxels: BoolArray
    z_sum: NDArray[np.float64]
    z_squares: NDArray[np.float64]

    @property
    def n_studies(self) -> int:
        """Number of counted studies, N."""
        return int(np.count_nonzero(self.counted))

    @property
    def n_voxels(self) -> int:
        """Number of voxels where images are compared."""
        return int(np.count_nonzero(self.voxels))

    @classmethod
    def of(
        cls,
        activations: Activations,
        columns: LabelColumns,
        counted: BoolArray,
        totals: NDArray[np.int32],
        voxels: BoolArray,
        *,
        n_jobs: int = -1,
        progress: bool = False,
    ) -> Terms:
        """Work out what does not depend on the image.

        Parameters
        ----------
        activations, columns, counted, totals, voxels
            As the attributes. Studies of columns must be counted ones.
        n_jobs : int
            Threads.
        progress : bool
            Show a bar on standard error.

        Returns
        -------
        Terms
        """
        n_studies = int(np.count_nonzero(counted))
        sizes = columns.sizes

        def sums(tile: Tile) -> tuple[slice, NDArray[np.float64], NDArray[np.float64]]:
            z, _ = association_and_uniformity_z(
                tile.counts,
                n_selected=sizes[tile.columns],
                expected=np.ones(tile.counts.shape[0]),
                totals=totals[tile.voxels],
                n_studies=n_studies,
            )
            inside = z[:, voxels[tile.voxels]]
            return tile.columns, inside.sum(axis=1), (inside**2).sum(axis=1)

        z_sum, squares = np.zeros(columns.n_columns), np.zeros(columns.n_columns)
        parts = map_tiles(activations, columns, sums, n_jobs=n_jobs, progress=progress)
        for where, own, own_squares in parts:
            z_sum[where] += own
            squares[where] += own_squares
        return cls(activations, columns, counted, totals, voxels, z_sum, squares)

    def scores(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give each study's score for the weights of voxels, shape (n_studies,)."""
        totals = self.totals.astype(np.float64)
        width = totals * (self.n_studies - totals)
        w = np.divide(x, np.sqrt(width), out=np.zeros(len(x)), where=width > 0)
        return self.activations.sum_of(np.where(self.voxels, w, 0.0))

    def fits(self, scores: NDArray[np.float64]) -> Fits:
        """Compare the scores of each term's studies with those of all counted ones."""
        own = scores[self.counted]
        n, big = self.columns.sizes.astype(np.float64), float(self.n_studies)
        centred = scores - own.mean()
        sums = _sums(self.columns, centred)
        deviations = own - own.mean()
        spread = (deviations**2).mean()
        variance = n * (big - n) / max(big - 1, 1) * spread
        third = (deviations**3).mean()
        third = (
            third * n * (big - n) * (big - 2 * n) / (max(big - 1, 1) * max(big - 2, 1))
        )
        k = np.sqrt(np.divide(big, n * (big - n), out=np.zeros_like(n), where=n < big))
        return Fits(k * big * sums, sums, variance, third)


@dataclass(frozen=True)
class Fits:
    """How one image fits each term.

    Attributes
    ----------
    products : ndarray of float64, shape (n_terms,)
        Sum of weight times z over the voxels.
    sums : ndarray of float64, shape (n_terms,)
        What the term's studies score above average, in all.
    variance, third : ndarray of float64, shape (n_terms,)
        Second and third central moment of ``sums`` for as many studies at random.
    """

    products: NDArray[np.float64]
    sums: NDArray[np.float64]
    variance: NDArray[np.float64]
    third: NDArray[np.float64]

    @property
    def standardised(self) -> NDArray[np.float64]:
        """Give the sums in standard deviations of their permutation null."""
        sd = np.sqrt(self.variance)
        return np.divide(self.sums, sd, out=np.zeros_like(sd), where=sd > 0)

    @property
    def p(self) -> NDArray[np.float64]:
        """Two-sided p values: as many studies at random, would they fit as well.

        The null of a sum has a known mean, variance and skewness. Its long tail is that
        of the distribution that has them (Pearson's type III, a shifted gamma), its
        short tail that of the normal distribution, which is longer than it is.
        """
        from scipy.stats import norm, pearson3

        sd = np.sqrt(self.variance)
        skew = np.divide(self.third, sd**3, out=np.zeros_like(sd), where=sd > 0)
        z = np.where(skew < 0, -self.standardised, self.standardised)
        long = pearson3.sf(z, np.abs(skew))
        short = norm.cdf(z)
        p = np.minimum(2 * np.minimum(long, short), 1.0)
        return np.where(sd > 0, p, 1.0)


def _sums(columns: LabelColumns, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum a number per study over each column."""
    from scipy.sparse import csr_array

    ones = np.ones(len(columns.studies))
    shape = (columns.n_columns, columns.n_studies)
    return np.asarray(
        csr_array((ones, columns.studies, columns.offsets), shape=shape) @ values
    )

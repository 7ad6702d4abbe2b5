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
from nimare_neurosynth.stats import (
    PermutationNull,
    association_z,
    sampled_p,
)

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
            z = association_z(
                tile.counts,
                n_selected=sizes[tile.columns],
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

    def sampled(
        self, scores: NDArray[np.float64], n_draws: int, seed: int
    ) -> NDArray[np.float64]:
        """Give the p values of fits from as many studies, drawn at random."""
        centred = scores[self.counted] - scores[self.counted].mean()
        weights = self.columns.to_csr()[:, np.flatnonzero(self.counted)]
        sums = weights @ centred
        return sampled_p(centred, weights, sums, n_draws=n_draws, seed=seed)

    def fits(self, scores: NDArray[np.float64]) -> Fits:
        """Compare the scores of each term's studies with those of all counted ones."""
        n, big = self.columns.sizes.astype(np.float64), float(self.n_studies)
        centred = scores - scores[self.counted].mean()
        sums = self.columns.to_csr() @ centred
        share = n / big  # a column is 1 for its n studies, 0 for the others
        squares = n * (1 - share)
        shape = [np.ones_like(share), 1 - 2 * share, (1 - share) ** 3 + share**3]
        powers = squares * np.stack(shape)
        null = PermutationNull.of(centred[self.counted], powers)
        k = np.sqrt(np.divide(big, n * (big - n), out=np.zeros_like(n), where=n < big))
        return Fits(k * big * sums, sums, null)


@dataclass(frozen=True)
class Fits:
    """How one image fits each term.

    Attributes
    ----------
    products : ndarray of float64, shape (n_terms,)
        Sum of weight times z over the voxels.
    sums : ndarray of float64, shape (n_terms,)
        What the term's studies score above average, in all.
    null : PermutationNull
        These sums for as many studies at random.
    """

    products: NDArray[np.float64]
    sums: NDArray[np.float64]
    null: PermutationNull

    @property
    def standardised(self) -> NDArray[np.float64]:
        """Give the sums in standard deviations of their permutation null."""
        return self.null.standardised(self.sums)

    @property
    def p(self) -> NDArray[np.float64]:
        """Two-sided p values: as many studies at random, would they fit as well."""
        return self.null.p(self.sums)

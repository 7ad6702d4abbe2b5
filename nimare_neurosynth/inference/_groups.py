"""Two groups of studies, and the three tests of what they activate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import LabelColumns, count_columns
from nimare_neurosynth.stats import association_and_uniformity_z

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations

TESTS: tuple[str, ...] = ("association", "group1", "group2")
"""Group 1 against group 2, and each group's uniformity test."""


@dataclass(frozen=True)
class Groups:
    """The universe that two groups divide, whichever studies are in them.

    Attributes
    ----------
    activations : Activations
        Of all studies there are.
    counted : ndarray of bool, shape (n_studies,)
        Studies of either group; what is not in group 1 is in group 2.
    totals : ndarray of int32, shape (n_voxels,)
        Counted studies that activate each voxel.
    tested : ndarray of bool, shape (n_voxels,)
        Voxels that are looked at. This must not depend on the groups.
    min_studies : int
        As many studies activate each of them.
    """

    activations: Activations
    counted: BoolArray
    totals: NDArray[np.int32]
    tested: BoolArray
    min_studies: int = 1

    @classmethod
    def of(
        cls, activations: Activations, counted: BoolArray, *, min_studies: int = 1
    ) -> Groups:
        """Count a universe, and test the voxels that enough of its studies activate.

        Parameters
        ----------
        activations : Activations
            Of all studies there are.
        counted : ndarray of bool, shape (n_studies,)
            Studies of either group.
        min_studies : int
            Voxels that fewer studies activate, in total, are not tested. Where almost
            no study reports anything, one study is a large effect: such voxels own the
            largest z of a map and take the power from all others.

        Returns
        -------
        Groups
        """
        totals = _totals(activations, counted)
        least = max(min_studies, 1)
        return cls(activations, counted, totals, totals >= least, least)

    @property
    def n_studies(self) -> int:
        """Number of counted studies."""
        return int(np.count_nonzero(self.counted))

    def z(
        self,
        counts: NDArray[np.int32],
        columns: LabelColumns,
        voxels: slice = slice(None),
        dtype: DTypeLike = np.float32,
    ) -> dict[str, NDArray[Any]]:
        """Compute the three tests for some columns as group 1.

        Parameters
        ----------
        counts : ndarray of int32, shape (n_columns, n_voxels)
            Studies of each column that activate each of ``voxels``.
        columns : LabelColumns
            Counted studies that are in group 1, a column each.
        voxels : slice
            Which voxels the counts are of.
        dtype : dtype
            Of the result, float32 or float64.

        Returns
        -------
        dict of ndarray, shape (n_columns, n_voxels)
            Signed z by test, 0 where a voxel is not tested.
        """
        sizes = self.activations.sizes.astype(np.int64)
        n_voxels = self.activations.n_voxels
        n1 = columns.sizes
        active = columns.sums(sizes)
        all_active = sizes[self.counted].sum()
        totals = self.totals[voxels]
        known: dict[str, Any] = {
            "totals": totals,
            "n_studies": self.n_studies,
            "dtype": dtype,
        }
        association, group1 = association_and_uniformity_z(
            counts, n_selected=n1, expected=active / n_voxels, **known
        )
        _, group2 = association_and_uniformity_z(
            totals - counts,
            n_selected=self.n_studies - n1,
            expected=(all_active - active) / n_voxels,
            **known,
        )
        z = dict(zip(TESTS, (association, group1, group2), strict=True))
        untested = ~self.tested[voxels]
        for values in z.values():
            values[:, untested] = 0
        return z


def _totals(activations: Activations, counted: BoolArray) -> NDArray[np.int32]:
    """Count a universe, or what it lacks if that is less work."""
    rest = ~counted
    fewer = rest if 2 * np.count_nonzero(rest) < len(rest) else counted
    one = LabelColumns.from_masks([fewer])
    counts = np.asarray(count_columns(activations, one)[0])
    return activations.totals - counts if fewer is rest else counts

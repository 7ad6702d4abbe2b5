"""Sets of studies, as the columns that the engine counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray


@dataclass(frozen=True)
class LabelColumns:
    """One or thousands of sets of studies: terms, selections, seeds, permutations.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_columns + 1,)
        Where each column's studies begin in ``studies``.
    studies : ndarray of int32, shape (n_pairs,)
        Positions of studies, ascending and without repeats within a column.
    n_studies : int
        Number of studies there are.

    Examples
    --------
    >>> columns = LabelColumns.from_masks([[True, False, True], [False, False, True]])
    >>> columns.sizes
    array([2, 1])
    """

    offsets: NDArray[np.int64]
    studies: NDArray[np.int32]
    n_studies: int

    @classmethod
    def from_masks(cls, masks: ArrayLike | Sequence[BoolArray]) -> LabelColumns:
        """Make columns from booleans.

        Parameters
        ----------
        masks : array-like of bool, shape (n_columns, n_studies)
            Which studies each column has.

        Returns
        -------
        LabelColumns
        """
        table = np.asarray(masks, dtype=bool)
        if table.ndim != 2:
            raise ValueError(
                f"masks must have shape (n_columns, n_studies), got {table.shape}"
            )
        _, studies = np.nonzero(table)
        offsets = np.concatenate([[0], np.cumsum(table.sum(axis=1))])
        return cls(offsets.astype(np.int64), studies.astype(np.int32), table.shape[1])

    @classmethod
    def from_csc(
        cls,
        indptr: NDArray[Any],
        indices: NDArray[Any],
        data: NDArray[Any],
        *,
        n_studies: int,
        threshold: float,
    ) -> LabelColumns:
        """Make columns of the studies whose weight reaches a threshold.

        Parameters
        ----------
        indptr, indices, data : ndarray
            A sparse matrix, studies x columns, in compressed columns; indices
            ascending in each.
        n_studies : int
            Number of rows.
        threshold : float
            A study is in a column at ``weight >= threshold`` (above 0).

        Returns
        -------
        LabelColumns
        """
        kept = np.asarray(data) >= threshold
        before = np.concatenate([[0], np.cumsum(kept)])
        offsets = before[np.asarray(indptr)].astype(np.int64)
        return cls(offsets, np.asarray(indices)[kept].astype(np.int32), n_studies)

    def check(self) -> None:
        """Check that the arrays fit together: kernels trust them without looking.

        Raises
        ------
        ValueError
            If a column has a study that is not there, or the offsets are wrong.
        """
        low, high = self.studies.min(initial=0), self.studies.max(initial=-1)
        ordered = bool((np.diff(self.offsets) >= 0).all()) and self.offsets[0] == 0
        complete = self.offsets[-1] == len(self.studies)
        if not (ordered and complete and low >= 0 and high < self.n_studies):
            raise ValueError(
                f"columns name studies from {low} to {high}, but there are "
                f"{self.n_studies}, or their offsets are wrong"
            )
        falls = np.flatnonzero(np.diff(self.studies) <= 0) + 1
        if not np.isin(falls, self.offsets).all():
            raise ValueError("the studies of a column must ascend, without repeats")

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.offsets) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of studies in each column, shape (n_columns,)."""
        return np.diff(self.offsets)

    def __getitem__(self, column: int) -> NDArray[np.int32]:
        """Give the studies of one column."""
        return self.studies[self.offsets[column] : self.offsets[column + 1]]

    def between(self, first: int, stop: int) -> LabelColumns:
        """Give some columns in a row, without copying their studies."""
        offsets = self.offsets[first : stop + 1]
        studies = self.studies[offsets[0] : offsets[-1]]
        return LabelColumns(offsets - offsets[0], studies, self.n_studies)

    def to_csr(self) -> csr_array:
        """Give the columns as rows of a sparse matrix of ones.

        Returns
        -------
        scipy.sparse.csr_array of float64, shape (n_columns, n_studies)
        """
        from scipy.sparse import csr_array

        ones = np.ones(len(self.studies))
        shape = (self.n_columns, self.n_studies)
        return csr_array((ones, self.studies, self.offsets), shape=shape)

    def split(self, bounds: Sequence[int]) -> NDArray[np.int64]:
        """Find where the studies from each bound up begin within each column.

        Parameters
        ----------
        bounds : sequence of int
            Positions of studies, ascending.

        Returns
        -------
        ndarray of int64, shape (len(bounds), n_columns)
            Positions in ``studies``: those of column ``c`` from ``bounds[i]`` up to
            ``bounds[i + 1]`` are ``studies[split[i, c]:split[i + 1, c]]``.
        """
        split = np.empty((len(bounds), self.n_columns), dtype=np.int64)
        for column in range(self.n_columns):
            split[:, column] = self.offsets[column] + self[column].searchsorted(bounds)
        return split

    def sums(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum a whole number per study over each column.

        Parameters
        ----------
        values : ndarray of int64, shape (n_studies,)
            One number per study.

        Returns
        -------
        ndarray of int64, shape (n_columns,)
        """
        before = np.concatenate([[0], np.cumsum(values[self.studies], dtype=np.int64)])
        return np.asarray(before[self.offsets[1:]] - before[self.offsets[:-1]])

    def within(self, universe: BoolArray) -> LabelColumns:
        """Keep only the studies of a universe.

        Parameters
        ----------
        universe : ndarray of bool, shape (n_studies,)
            The studies that count.

        Returns
        -------
        LabelColumns
            The same columns, of as many studies as there are; others are left out.
        """
        kept = universe[self.studies]
        before = np.concatenate([[0], np.cumsum(kept)])
        return LabelColumns(
            before[self.offsets].astype(np.int64), self.studies[kept], self.n_studies
        )

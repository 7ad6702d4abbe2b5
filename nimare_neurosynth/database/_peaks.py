"""The peaks of a database, column by column."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.space import is_talairach, talairach_to_mni

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray


@dataclass(frozen=True, eq=False)
class Peaks:
    """Reported coordinates, in the order of their source and exactly as published.

    Attributes
    ----------
    xyz : ndarray of float64, shape (n_peaks, 3)
        Coordinates in mm, in the space they were reported in; NaN where missing.
    study : ndarray of int32, shape (n_peaks,)
        Position of each peak's study.
    analysis : ndarray of int32, shape (n_peaks,)
        Position of each peak's analysis (a table or contrast of its study).
    space : ndarray of int32, shape (n_peaks,)
        Position of each peak's space in ``spaces``.
    spaces : tuple of str
        Names of the spaces as the source has them: ``"MNI"``, ``"TAL"``, ...
    """

    xyz: NDArray[np.float64]
    study: NDArray[np.int32]
    analysis: NDArray[np.int32]
    space: NDArray[np.int32]
    spaces: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.xyz)

    @classmethod
    def from_columns(
        cls, xyz: ArrayLike, study: ArrayLike, analysis: ArrayLike, space: Sequence[Any]
    ) -> Peaks:
        """Make peaks of plain columns; spaces are given by name for each peak."""
        names = [str(name) for name in space]
        spaces = tuple(dict.fromkeys(names))
        code = {name: i for i, name in enumerate(spaces)}
        return cls(
            np.ascontiguousarray(xyz, dtype=np.float64).reshape(-1, 3),
            np.asarray(study, dtype=np.int32),
            np.asarray(analysis, dtype=np.int32),
            np.array([code[name] for name in names], dtype=np.int32),
            spaces,
        )

    def check(self, n_studies: int, n_analyses: int | None) -> None:
        """Check that the columns fit together and name studies that are there.

        Parameters
        ----------
        n_studies : int
            How many there are.
        n_analyses : int or None
            How many there are, if there is a table of them.

        Raises
        ------
        ValueError
            If they do not, as after damage to a file.
        """
        n = len(self.xyz)
        columns = (self.study, self.analysis, self.space)
        fit = self.xyz.shape == (n, 3) and all(c.shape == (n,) for c in columns)
        fit &= self.xyz.dtype == np.float64
        fit &= all(c.dtype.kind == "i" for c in columns)
        any_analysis = 1 << 31 if n_analyses is None else n_analyses
        tops = zip(columns, (n_studies, any_analysis, len(self.spaces)), strict=True)
        if not fit or any(
            c.min(initial=0) < 0 or c.max(initial=-1) >= top for c, top in tops
        ):
            raise ValueError("the columns of the peaks do not fit together")

    @cached_property
    def is_complete(self) -> BoolArray:
        """Which peaks have all three coordinates, shape (n_peaks,)."""
        return np.asarray(np.isfinite(self.xyz).all(axis=1))

    @cached_property
    def is_talairach(self) -> BoolArray:
        """Which peaks are in Talairach space, shape (n_peaks,)."""
        by_space = np.array([is_talairach(name) for name in self.spaces], dtype=bool)
        if not len(by_space):
            return np.zeros(0, dtype=bool)
        return np.asarray(by_space[self.space])

    @cached_property
    def _in_order(self) -> bool:
        return bool((np.diff(self.study) >= 0).all())

    def of_studies(self, first: int, stop: int) -> slice | NDArray[np.int64]:
        """Find the peaks of some studies in a row.

        Parameters
        ----------
        first, stop : int
            The first study, and one past the last.

        Returns
        -------
        slice or ndarray of int64
            Index of the peaks, in their order.
        """
        if self._in_order:
            return slice(*self.study.searchsorted([first, stop]).tolist())
        return np.flatnonzero((self.study >= first) & (self.study < stop))

    def fingerprint(self, first: int, stop: int) -> str:
        """Hash everything about some studies in a row that makes their activations.

        Parameters
        ----------
        first, stop : int
            The first study, and one past the last.

        Returns
        -------
        str
            32 hexadecimal digits. Where the studies stand among others plays no part.
        """
        here = self.of_studies(first, stop)
        digest = hashlib.sha256(f"{stop - first}".encode())
        digest.update((self.study[here] - first).astype(np.int32).tobytes())
        digest.update(self.is_talairach[here].tobytes())
        digest.update(self.xyz[here].tobytes())
        return digest.hexdigest()[:32]

    def to_mni(
        self,
        talairach: str | None,
        part: slice | NDArray[np.int64] = slice(None),
    ) -> NDArray[np.float64]:
        """Give peaks in MNI space.

        Parameters
        ----------
        talairach : {"icbm_spm", "icbm_other"} or None
            The matrix by which Talairach peaks are moved. Peaks of other spaces stay
            where they are.
        part : slice or ndarray of int64
            Which peaks; all by default.

        Returns
        -------
        ndarray of float64, shape (n_peaks, 3)
            A copy, in mm.
        """
        return talairach_to_mni(self.xyz[part], self.is_talairach[part], talairach)

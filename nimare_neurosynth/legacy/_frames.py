"""Tables that still answer to what pandas once had: ``ix``, ``to_dense``, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class _Ix:
    """The old ``.ix``: by label where the axis has it, by position otherwise."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def _where(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        axes = self.owner.axes
        return tuple(_labels(k, axes[i]) for i, k in enumerate(keys))

    def __getitem__(self, key: Any) -> Any:
        where = self._where(key)
        return self.owner.loc[where if len(where) > 1 else where[0]]

    def __setitem__(self, key: Any, value: Any) -> None:
        where = self._where(key)
        self.owner.loc[where if len(where) > 1 else where[0]] = value


def _labels(key: Any, axis: pd.Index) -> Any:
    """Turn positions into labels, on axes that have no numbers of their own."""
    if pd.api.types.is_integer_dtype(axis.dtype):
        return key
    if isinstance(key, int | np.integer):
        return axis[int(key)]
    if isinstance(key, slice):
        ends = [e for e in (key.start, key.stop) if e is not None]
        if ends and all(isinstance(e, int | np.integer) for e in ends):
            return list(axis[key])
        return key
    values = np.asarray(key)
    if values.ndim == 1 and len(values) and values.dtype.kind in "iu":
        return list(axis[values])
    return key


class OldSeries(pd.Series):
    """A Series with the methods that old code calls."""

    @property
    def _constructor(self) -> Callable[..., OldSeries]:
        return OldSeries

    @property
    def _constructor_expanddim(self) -> Callable[..., OldFrame]:
        return OldFrame

    @property
    def ix(self) -> _Ix:
        """Index by label or position."""
        return _Ix(self)

    def to_dense(self) -> OldSeries:
        """Give a copy."""
        return self.copy()

    to_sparse = to_dense

    def order(self, *, ascending: bool = True, **_: Any) -> OldSeries:
        """Sort by value."""
        return OldSeries(self.sort_values(ascending=ascending))


class OldFrame(pd.DataFrame):
    """A DataFrame with the methods that old code calls.

    Examples
    --------
    >>> weights = OldFrame({"pain": [0.1, 0.0]}, index=["study1", "study2"])
    >>> weights.to_dense().ix[0, "pain"] == weights.as_matrix()[0, 0]
    np.True_
    """

    @property
    def _constructor(self) -> Callable[..., OldFrame]:
        return OldFrame

    @property
    def _constructor_sliced(self) -> Callable[..., OldSeries]:
        return OldSeries

    @property
    def ix(self) -> _Ix:
        """Index by label or position."""
        return _Ix(self)

    def to_dense(self) -> OldFrame:
        """Give a copy."""
        return self.copy()

    to_sparse = to_dense

    def as_matrix(self, columns: Any = None) -> NDArray[Any]:
        """Give the values as an array."""
        return (self if columns is None else self[columns]).to_numpy()

    def get_value(self, row: Any, column: Any) -> Any:
        """Give one value."""
        return self.at[row, column]

    def sort(self, columns: Any = None, *, ascending: bool = True) -> OldFrame:
        """Sort by columns, or by the index."""
        if columns is None:
            return self.sort_index(ascending=ascending)
        return self.sort_values(columns, ascending=ascending)

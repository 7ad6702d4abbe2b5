"""Columns that hold anything, as a Studyset has them, as columns of tables, and back.

Lists and dictionaries become JSON text, and JSON text that was made here becomes lists
and dictionaries again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import IntArray

_BOOL = (bool, np.bool_)
_WHOLE = (int, np.integer)
_NUMBER = (int, float, np.integer, np.floating)
_LARGEST_EXACT = 2**53
_LARGEST_INT64 = 2**63 - 1


def present(rows: IntArray, values: list[Any]) -> tuple[IntArray, list[Any]]:
    """Leave out what is missing: None, NaN, and the text ``"None"``.

    NeuroStore's exports have that text where a null was meant.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
    values : list, length n

    Returns
    -------
    rows : ndarray of int
    values : list
    """
    types = set(map(type, values))
    if types <= {bool, int}:
        return rows, values
    if all(issubclass(t, float | np.floating) for t in types):
        there = ~np.isnan(np.asarray(values, dtype=np.float64))
    else:
        there = np.fromiter((not is_missing(v) for v in values), bool, len(values))
    if there.all():
        return rows, values
    return rows[there], [values[i] for i in np.flatnonzero(there)]


def object_in(given: Any, key: str) -> dict[str, Any]:
    """Give the object that another has under a key; empty if there is no such thing."""
    own = given.get(key) if isinstance(given, dict) else None
    return own if isinstance(own, dict) else {}


def keys_of(columns: Any) -> list[Any]:
    """List the names of a ColumnStore's columns; there may be no ColumnStore."""
    return [] if columns is None else list(columns.keys())


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, or the text ``"None"``."""
    if isinstance(value, str):
        return value == "None"
    if isinstance(value, float | np.floating):
        return bool(np.isnan(value))
    return value is None or value is pd.NA or value is pd.NaT


def is_numeric(values: Iterable[Any]) -> bool:
    """Tell whether values are numbers and booleans only."""
    return all(issubclass(t, _NUMBER + _BOOL) for t in set(map(type, values)))


def is_boolean(values: Iterable[Any]) -> bool:
    """Tell whether values are booleans only."""
    return all(issubclass(t, _BOOL) for t in set(map(type, values)))


def to_series(
    n: int, rows: IntArray, values: Sequence[Any], *, text: bool = False
) -> pd.Series:
    """Make a column of values that some rows have.

    Parameters
    ----------
    n : int
        Number of rows.
    rows : ndarray of int
        Which row each value is of; where a row has several, the last is taken.
    values : sequence
        Any values; those of differing types become text.
    text : bool
        Make it text whatever it is, as for ids.

    Returns
    -------
    pandas.Series
        Of whole numbers, numbers, booleans or text, with missing values where no
        value is given.
    """
    rows, own = present(np.asarray(rows, dtype=np.int64), list(values))
    missing = np.ones(n, dtype=bool)
    missing[rows] = False
    types = set(map(type, own))
    if text or not own:
        return _text_series(n, rows, own)
    if all(issubclass(t, _BOOL) for t in types):
        flags = np.zeros(n, dtype=bool)
        flags[rows] = own
        return _masked(pd.arrays.BooleanArray, flags, missing)
    numbers = not any(issubclass(t, _BOOL) for t in types)
    numbers &= all(issubclass(t, _NUMBER) for t in types)
    largest = _LARGEST_INT64
    if numbers and not all(issubclass(t, _WHOLE) for t in types):
        largest = _LARGEST_EXACT  # whole numbers that become floating-point
    whole = (abs(int(v)) for v in own if isinstance(v, _WHOLE)) if numbers else ()
    if not numbers or max(whole, default=0) > largest:
        return _text_series(n, rows, own)
    if largest == _LARGEST_EXACT:
        floats = np.full(n, np.nan)
        floats[rows] = own
        return pd.Series(floats)
    integers = np.zeros(n, dtype=np.int64)
    integers[rows] = own
    return _masked(pd.arrays.IntegerArray, integers, missing)


def _masked(kind: Any, values: NDArray[Any], missing: NDArray[np.bool_]) -> pd.Series:
    if not missing.any():
        return pd.Series(values)
    return pd.Series(kind(values, missing))


def _text_series(n: int, rows: IntArray, values: list[Any]) -> pd.Series:
    given = np.empty(len(values), dtype=object)
    given[:] = [v if type(v) is str else as_text(v) for v in values]
    column = np.full(n, np.nan, dtype=object)
    column[rows] = given
    try:
        return pd.Series(column, dtype="str")
    except UnicodeEncodeError:
        column[rows] = [clean_text(text) for text in given]
        return pd.Series(column, dtype="str")


def as_text(value: Any) -> str:
    """Write a value as text: JSON, unless it is a text.

    Examples
    --------
    >>> as_text([1, "é"]), as_text("é")
    ('[1, "é"]', 'é')
    """
    if isinstance(value, str):
        return str(value)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    try:
        return json.dumps(value, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError):
        return str(value)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def clean_text(text: str) -> str:
    """Replace halves of characters, which JSON can hold and files cannot."""
    return text.encode("utf-8", "replace").decode()


def id_text(key: Any) -> str:
    """Take a key as an id: text."""
    return clean_text(key if isinstance(key, str) else as_text(key))


def from_series(series: pd.Series) -> tuple[IntArray, list[Any]]:
    """Give the rows that have a value, and these as plain Python values.

    Parameters
    ----------
    series : pandas.Series

    Returns
    -------
    rows : ndarray of int64
    values : list
        Booleans, numbers, text, and what JSON text holds that :func:`as_text` wrote.
    """
    there = series.notna().to_numpy(dtype=bool)
    values = series[there].tolist()
    if not is_numeric(values):
        values = [_unpacked(v) if isinstance(v, str) else _simple(v) for v in values]
    return np.flatnonzero(there), values


def _simple(value: Any) -> Any:
    return value if isinstance(value, bool | int | float) else str(value)


def _unpacked(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        value = json.loads(text)
        same = as_text(value) == text
    except (ValueError, RecursionError):
        return text
    return value if same else text


def unique_names(names: Iterable[str]) -> list[str]:
    """Give names that are there already a number.

    Examples
    --------
    >>> unique_names(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    given = [str(name) for name in names]
    taken = set(given)
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    result = []
    for name in given:
        own = name
        while own in seen or (own != name and own in taken):
            numbers[name] = numbers.get(name, 1) + 1
            own = f"{name}_{numbers[name]}"
        seen.add(own)
        result.append(own)
    return result

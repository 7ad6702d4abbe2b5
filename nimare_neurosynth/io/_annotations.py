"""A Studyset's annotations as label sets; what is no number, as columns of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.io._values import (
    clean_text,
    is_boolean,
    is_numeric,
    keys_of,
    object_in,
    present,
    to_series,
    unique_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from scipy.sparse import csc_array

    from nimare_neurosynth._typing import IntArray

OURS = "nimare_neurosynth"
"""Key of an annotation's metadata under which a database leaves what it knows."""

_NUMBER_TYPES = ("number", "boolean", "float", "integer")


@dataclass
class Annotations:
    """What a Studyset's annotations become.

    Attributes
    ----------
    label_sets : list of LabelSet
        Numbers and booleans.
    columns : dict of str to pandas.Series
        Texts and lists, by name of annotation and key, a row for each analysis.
    keys : dict of str to (str, str)
        Name of the annotation and key of each of these columns.
    names : dict of str to str
        Name of each annotation, by its id.
    notes : list of str
    """

    label_sets: list[LabelSet] = field(default_factory=list)
    columns: dict[str, pd.Series] = field(default_factory=dict)
    keys: dict[str, tuple[str, str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_annotations(
    store: Any, position: IntArray, group: IntArray, n_groups: int
) -> Annotations:
    """Read all annotations of a store.

    Parameters
    ----------
    store : nimare.studyset.StudysetStore
    position : ndarray of int, shape (store.n_analyses,)
        Row of each analysis in the table of analyses; -1 for those left out.
    group : ndarray of int, shape (n_analyses,)
        The row of the label sets that each row of that table belongs to.
    n_groups : int
        Number of rows of the label sets.

    Returns
    -------
    Annotations
        The largest number of those that analyses of one group have; a boolean is 1
        where any has it.
    """
    given = list(store.annotations.values())
    names = unique_names(clean_text(str(a.name or a.id or "annotation")) for a in given)
    found = Annotations(names=dict(zip(store.annotations, names, strict=True)))
    for annotation, name in zip(given, names, strict=True):
        _read(annotation, name, found, _Target(position, group, n_groups))
    return found


def facts(metadata: Any) -> Mapping[str, Any]:
    """Give what a database has left in the metadata of what was made of it."""
    return object_in(metadata, OURS)


def set_facts(labels: LabelSet) -> dict[str, Any]:
    """Give what a database leaves there of a label set."""
    return {
        "kind": labels.kind,
        "source": labels.source,
        "weights": labels.weights is not None,
    }


def has_booleans(labels: LabelSet) -> bool:
    """Tell whether weights are written as booleans: presence that is 0 or 1."""
    if labels.weights is None or labels.kind != "presence":
        return False
    return bool(np.isin(labels.weights.data, (0, 1)).all())


@dataclass(frozen=True)
class _Target:
    """Where values go: see :func:`read_annotations`."""

    position: IntArray
    group: IntArray
    n_groups: int


def _read(annotation: Any, name: str, found: Annotations, to: _Target) -> None:
    weights = SparseColumns(to.n_groups)
    declared_types = annotation.note_key_types or {}
    labels: list[str] = []
    texts = empty = 0
    booleans = True
    # keys in the order in which they are declared, also those that no note has
    for key in dict.fromkeys([*declared_types, *keys_of(annotation.columns)]):
        rows, values = _entries(annotation.columns, key)
        numeric = is_numeric(values)
        declared = str(declared_types.get(key)).lower()
        if not values and declared not in _NUMBER_TYPES:
            empty += 1
            continue
        boolean = is_boolean(values)
        rows = to.position[rows]
        kept = rows >= 0
        if not kept.all():
            rows, values = rows[kept], [values[i] for i in np.flatnonzero(kept)]
        if numeric:
            weights.add(to.group[rows], values)
            labels.append(clean_text(str(key)))
            booleans &= boolean
        else:
            wanted = f"{name}.{clean_text(str(key))}"
            column = unique_names([*found.columns, wanted])[-1]
            found.columns[column] = to_series(len(to.group), rows, values)
            found.keys[column] = (name, str(key))
            texts += 1
    own = facts(annotation.metadata)
    if labels or own:
        has_weights = own.get("weights") is not False
        kind = "presence" if labels and booleans else "weight"
        found.label_sets.append(
            LabelSet(
                name,
                tuple(unique_names(labels)),
                weights.matrix() if has_weights else None,
                _said(own, "kind", kind),
                _said(own, "source", ""),
            )
        )
    found.notes += _notes(name, texts, empty, weights.n_infinite)


def _entries(columns: Any, key: Any) -> tuple[IntArray, list[Any]]:
    if key not in columns:
        return np.empty(0, dtype=np.int64), []
    return present(*columns.entries(key))


def _said(own: Mapping[str, Any], what: str, default: str) -> str:
    value = own.get(what)
    return value if isinstance(value, str) else default


def _notes(name: str, texts: int, empty: int, n_infinite: int) -> list[str]:
    notes = []
    if texts:
        notes.append(
            f"annotation {name!r}: {texts:,} keys hold text or lists: no labels, but "
            f"columns named {name + '.'!r} and the key"
        )
    if empty:
        notes.append(f"annotation {name!r}: {empty:,} keys hold nothing: left out")
    if n_infinite:
        notes.append(
            f"annotation {name!r}: {n_infinite:,} values are infinite: left out"
        )
    return notes


class SparseColumns:
    """A sparse matrix that grows by columns of values, some of them for one row."""

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        self.n_infinite = 0
        self.rows: list[IntArray] = []
        self.values: list[Any] = []

    def add(self, rows: IntArray, values: list[Any]) -> None:
        numbers = np.asarray(values, dtype=np.float64)
        finite = np.isfinite(numbers)
        self.n_infinite += int(np.count_nonzero(~finite))
        self.rows.append(rows[finite])
        self.values.append(numbers[finite])

    def matrix(self) -> csc_array:
        """Take the largest value of each row and column; zeros are not stored."""
        from scipy.sparse import csc_array

        n_columns = len(self.rows)
        column = np.repeat(np.arange(n_columns), [len(rows) for rows in self.rows])
        rows = np.concatenate([*self.rows, np.empty(0, np.int64)]).astype(np.int64)
        values = np.concatenate([*self.values, np.empty(0)])
        order = np.lexsort((rows, column))
        rows, column, values = rows[order], column[order], values[order]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = (np.diff(rows) != 0) | (np.diff(column) != 0)
        if len(rows):
            values = np.maximum.reduceat(values, np.flatnonzero(first))
        rows, column = rows[first], column[first]
        stored = values != 0
        counts = np.bincount(column[stored], minlength=n_columns)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        parts = (values[stored], rows[stored].astype(np.int32), indptr)
        return csc_array(parts, shape=(self.n_rows, n_columns))

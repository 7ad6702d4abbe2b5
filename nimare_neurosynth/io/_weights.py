"""Tables of weights as text: a row for each study, a column for each label."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._tabular import number_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csc_array, csr_array

NO_WEIGHT = frozenset({"", "0", "0.0"})
"""What most fields are: it need not be understood as a number."""


@dataclass(frozen=True)
class WeightsTable:
    """A table of weights.

    Attributes
    ----------
    study_ids : list of str
        One for each row.
    labels : tuple of str
        Names of the columns of weights.
    weights : scipy.sparse.csr_array of float64, shape (n_rows, n_labels)
    """

    study_ids: list[str]
    labels: tuple[str, ...]
    weights: csr_array


def read_weights(path: Path, id_names: Sequence[str]) -> WeightsTable:
    """Read a table of weights, which may be many times larger than what it holds.

    Parameters
    ----------
    path : pathlib.Path
        Study ids in the first column, or, after an index without a name that pandas
        wrote, in a column with one of the names that ids have.
    id_names : sequence of str
        These names, in lower case.

    Returns
    -------
    WeightsTable
        Missing weights are 0.

    Raises
    ------
    FormatError
        If it is no such table, or a study is repeated or has no id.
    """
    names, rows = read_rows(path)
    if len(names) < 2:
        raise FormatError(
            f"{path} has no column of weights: ids in the first column, then one "
            "column per label."
        )
    dropped, id_column = id_column_of(names, id_names)
    labels = [n for i, n in enumerate(names) if i not in {dropped, id_column}]
    known: dict[str, None] = {}
    weights = _Weights(len(labels))
    for line, fields in rows:
        study = fields.pop(id_column).strip()
        if dropped is not None:
            fields.pop(dropped)
        if not study:
            raise FormatError(f"{path}:{line} has no {names[id_column]!r}.")
        if study in known:
            raise FormatError(f"{path}:{line} repeats the study {study!r}.")
        known[study] = None
        at = [column for column, field in enumerate(fields) if field not in NO_WEIGHT]
        where = f"{path}:{line}"
        weights.add(at, [_number(fields[c], labels[c], where) for c in at])
    return WeightsTable(list(known), tuple(labels), weights.matrix())


def id_column_of(names: list[str], id_names: Sequence[str]) -> tuple[int | None, int]:
    """Find the column of an index that pandas wrote, if there is one, and of ids."""
    if not names[0]:
        for column, name in enumerate(names):
            if name.lower() in id_names:
                return 0, column
    return None, 0


def _number(field: str, label: str, where: str) -> float:
    value = number_of(field)
    if value is None:
        raise FormatError(
            f"{where} has {field.strip()!r} in column {label!r}, which is not a finite "
            "number."
        )
    return 0.0 if math.isnan(value) else value


class _Weights:
    """A sparse matrix that grows by rows."""

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns
        self.indptr = array("q", [0])
        self.indices = array("i")
        self.data = array("d")

    def add(self, columns: list[int], values: list[float]) -> None:
        self.indices.extend(columns)
        self.data.extend(values)
        self.indptr.append(len(self.data))

    def matrix(self) -> csr_array:
        from scipy.sparse import csr_array

        parts = (np.array(self.data), np.array(self.indices), np.array(self.indptr))
        matrix = csr_array(parts, shape=(len(self.indptr) - 1, self.n_columns))
        matrix.eliminate_zeros()
        return matrix


def spread_rows(weights: csr_array, rows: NDArray[np.integer]) -> csc_array:
    """Give each study its row of weights, and those without (-1) none.

    Parameters
    ----------
    weights : scipy.sparse.csr_array, shape (n_rows, n_labels)
    rows : ndarray of int, shape (n_studies,)

    Returns
    -------
    scipy.sparse.csc_array, shape (n_studies, n_labels)
    """
    from scipy.sparse import csc_array, csr_array

    have = np.flatnonzero(rows >= 0)
    chosen = (np.ones(len(have)), (have, rows[have]))
    choice = csr_array(chosen, shape=(len(rows), weights.shape[0]))
    spread = csc_array(choice @ weights)
    spread.sort_indices()
    return spread

"""The tables of a Studyset: columns of studies and analyses, and long texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.io._tabular import whole_years
from nimare_neurosynth.io._values import (
    as_text,
    clean_text,
    id_text,
    keys_of,
    present,
    to_series,
    unique_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nimare_neurosynth._typing import IntArray

STUDY_COLUMNS = {
    "pmid": "pmid",
    "doi": "doi",
    "name": "title",
    "authors": "authors",
    "publication": "journal",
    "year": "year",
    "description": "description",
}
"""What NiMARE calls facts about a study, and what they are called here."""

ANALYSIS_COLUMNS = (
    "study_id",
    "study",
    "analysis_id",
    "name",
    "description",
    "conditions",
    "weights",
)

PEAK_ORDER = "value_source_order"
"""Values of points that say where they stood among peaks not grouped by analysis."""

_TEXT = frozenset(STUDY_COLUMNS) - {"year"}
_OF_ANALYSES_TOO = ("pmid", "doi", "title", "authors", "journal", "year")
"""What NiMARE's converters put with analyses although it is of their study."""


@dataclass(frozen=True)
class Rows:
    """Which rows of a store become which rows of a database.

    Attributes
    ----------
    study_rows : ndarray of int
        Rows of the store's studies that are taken, in order of the source.
    study_of_row : ndarray of int
        Which distinct study each of them is.
    own_ids : list of str
        Ids of the distinct studies.
    analyses : ndarray of int, shape (n_analyses,)
        Rows of the store's analyses that are taken, in order of the source.
    own_study : ndarray of int, shape (n_analyses,)
        Distinct study of each of them.
    group : ndarray of int, shape (n_analyses,)
        Position of each of them in the database's studies.
    ids : list of str
        Ids of the database's studies.
    """

    study_rows: IntArray
    study_of_row: IntArray
    own_ids: list[str]
    analyses: IntArray
    own_study: IntArray
    group: IntArray
    ids: list[str]

    @property
    def by_analysis(self) -> bool:
        return self.ids is not self.own_ids


# -------------------------------------------------------------------------- studies


def study_columns(
    store: Any, rows: Rows, analyses: dict[str, pd.Series]
) -> dict[str, pd.Series]:
    """Make the columns of the studies."""
    n = len(rows.own_ids)
    to_study = np.full(store.n_studies, -1, dtype=np.int64)
    to_study[rows.study_rows] = rows.study_of_row
    # where several rows are one study, the first that has a value gives it
    rank = np.zeros(store.n_studies, dtype=np.int64)
    rank[rows.study_rows] = np.arange(len(rows.study_rows))
    columns: dict[str, pd.Series] = {}

    def take(name: str, column: Any, key: str, *, text: bool, declared: bool) -> None:
        at, values = _first_values(column.entries(key), to_study, rank)
        if len(values) or declared:
            columns[name] = to_series(n, at, values, text=text)

    attrs = store.study_attrs
    for key, name in STUDY_COLUMNS.items():
        if key in attrs:
            take(name, attrs, key, text=key in _TEXT, declared=False)
        if name not in columns and name in analyses and name in _OF_ANALYSES_TOO:
            _promote(columns, name, analyses[name], rows)
    if "year" in columns:
        columns["year"] = _years(columns["year"])
    others = [(attrs, key, False) for key in keys_of(attrs) if key not in STUDY_COLUMNS]
    metadata = store.study_metadata
    others += [(metadata, key, True) for key in keys_of(metadata)]
    taken = {*STUDY_COLUMNS.values(), "study_id", "study"}
    for column, key, declared in others:
        name = free_name(str(key), {*taken, *columns})
        take(name, column, key, text=False, declared=declared)
    ids = pd.Series(rows.ids, dtype="str")
    if not rows.by_analysis:
        return {"study_id": ids, **columns}
    own = pd.Series(rows.own_ids, dtype="str")
    columns = {"study": own, **columns}
    spread = {
        name: column.iloc[rows.own_study].reset_index(drop=True)
        for name, column in columns.items()
    }
    return {"study_id": ids, **spread}


def free_name(key: str, taken: Iterable[str]) -> str:
    """Name a column by a key of metadata, unless something else has that name."""
    name = clean_text(key)
    return unique_names([*taken, f"metadata.{name}"])[-1] if name in taken else name


def _first_values(
    entries: tuple[IntArray, list[Any]], to: IntArray, rank: IntArray
) -> tuple[IntArray, list[Any]]:
    """Move values to other rows; of several for one row, take that of least rank."""
    at, values = present(*entries)
    order = np.argsort(rank[at], kind="stable")
    order = order[to[at[order]] >= 0]
    targets, first = np.unique(to[at[order]], return_index=True)
    return targets, [values[i] for i in order[first]]


def _promote(
    columns: dict[str, pd.Series], name: str, of_analyses: pd.Series, rows: Rows
) -> None:
    """Take a fact about studies from their analyses where all of these agree on it."""
    given = of_analyses.notna().to_numpy()
    study, values = rows.own_study[given], of_analyses[given].tolist()
    by_study: dict[int, Any] = {}
    for own, value in zip(study.tolist(), values, strict=True):
        if by_study.setdefault(own, value) != value:
            return
    if by_study:
        at = np.array(list(by_study), dtype=np.int64)
        text = name != "year"
        columns[name] = to_series(
            len(rows.own_ids), at, list(by_study.values()), text=text
        )


def _years(years: pd.Series) -> pd.Series:
    text = years.astype("str").where(years.notna(), "")
    whole = whole_years(text)
    return years if whole is None else whole


# ------------------------------------------------------------------------- analyses


def analysis_columns(
    store: Any, rows: Rows, position: IntArray
) -> dict[str, pd.Series]:
    """Make the columns of the analyses."""
    n = len(rows.analyses)
    every = np.arange(n)
    ids = np.array(rows.ids, dtype=object)[rows.group]
    keys = [id_text(key) for key in store.analysis_key[rows.analyses]]
    columns = {
        "study_id": pd.Series(ids, dtype="str"),
        "study": pd.Series(rows.group, dtype=np.int64),
        "analysis_id": pd.Series(keys, dtype="str"),
    }
    attrs = store.analysis_attrs
    for key in keys_of(attrs):
        at, values = present(*attrs.entries(key))
        at, values = moved(at, values, position)
        if values:
            is_text = key in ("name", "description")
            columns[str(key)] = to_series(n, at, values, text=is_text)
    conditions, weights = _conditions(store, rows.analyses)
    if any(conditions):
        columns["conditions"] = to_series(n, every, conditions)
        columns["weights"] = to_series(n, every, weights)
    for key in keys_of(store.metadata):
        at, values = present(*store.metadata.entries(key))
        at, values = moved(at, values, position)
        name = free_name(str(key), {*ANALYSIS_COLUMNS, *columns})
        columns[name] = to_series(n, at, values)
    return columns


def moved(
    at: IntArray, values: list[Any], position: IntArray
) -> tuple[IntArray, list[Any]]:
    """Move values to other rows; those of rows that are left out (-1) are dropped."""
    to = position[at]
    if (to >= 0).all():
        return to, values
    kept = np.flatnonzero(to >= 0)
    return to[kept], [values[i] for i in kept]


def _conditions(store: Any, analyses: IntArray) -> tuple[list[Any], list[Any]]:
    """Give the conditions of each analysis, and their weights; None where it has none.

    A condition is its name, or an object with a description too where it has one.
    """
    names: list[Any] = [None] * len(analyses)
    weights: list[Any] = [None] * len(analyses)
    if store.condition_code is None or not len(store.condition_code):
        return names, weights
    known: list[Any] = list(store.condition_dict.categories)
    for code, description in store.condition_descriptions.items():
        known[code] = {"name": known[code], "description": description}
    starts, stops = store.condition_offsets[:-1], store.condition_offsets[1:]
    for i, row in enumerate(analyses):
        if stops[row] > starts[row]:
            here = slice(starts[row], stops[row])
            names[i] = [known[code] for code in store.condition_code[here]]
            weights[i] = store.condition_weight[here].tolist()
    return names, weights


# ---------------------------------------------------------------------------- texts


def text_table(store: Any, rows: Rows, position: IntArray) -> pd.DataFrame | None:
    """Take long texts; those of a study's analyses are joined where they differ."""
    columns: dict[str, dict[int, dict[str, None]]] = {}
    for key in keys_of(store.texts):
        at, values = moved(*present(*store.texts.entries(key)), position)
        by_row: dict[int, dict[str, None]] = columns.setdefault(str(key), {})
        for row, value in zip(rows.group[at].tolist(), values, strict=True):
            by_row.setdefault(row, {})[as_text(value)] = None
    having = np.array(sorted({row for by_row in columns.values() for row in by_row}))
    if not len(having):
        return None
    ids = np.array(rows.ids, dtype=object)[having]
    table = {"study_id": pd.Series(ids, dtype="str")}
    for key, by_row in columns.items():
        at = np.searchsorted(having, list(by_row))
        joined = ["\n\n".join(texts) for texts in by_row.values()]
        table[free_name(key, table)] = to_series(len(having), at, joined, text=True)
    return pd.DataFrame(table)

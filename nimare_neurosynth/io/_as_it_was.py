"""A database that became a document, as it was before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.database import Database
from nimare_neurosynth.io._document import Document
from nimare_neurosynth.io._kept import Kept
from nimare_neurosynth.io._values import object_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Peaks

_EMPTY_TYPES = ("Int64", "Float64", "float64", "boolean", "object", "str")


def as_it_was(database: Database, facts: Mapping[str, Any]) -> Database:
    """Undo what had to be done to a database to make it a document.

    Parameters
    ----------
    database : Database
        What was made of the document.
    facts : mapping
        What the database left in it: the ``columns`` of its tables, and the analyses
        that were ``made`` to carry labels. What is no such thing is passed over.

    Returns
    -------
    Database
        Without these analyses, and without ids and names of analyses that the document
        had to make. Columns that are new in the document stay.
    """
    listed = _listed(object_in(facts, "columns"))
    if "analyses" not in listed:
        return database
    database = _in_order(database, facts.get("order"))
    database = _without_analyses(database, _made(database, facts.get("made")))
    new = _made_columns(database, {"analysis_id", "name"} - set(listed["analyses"]))
    tables = {}
    for name, own in listed.items():
        table = database.table(name)
        gone = new if name == "analyses" else []
        more = [c for c in table if c not in own and c not in gone]
        nothing = pd.Series(np.nan, index=table.index, dtype="str")
        columns: dict[Any, Any] = {c: table.get(c, nothing) for c in [*own, *more]}
        # a document does not tell the types of columns that held nothing
        for c, dtype in object_in(facts.get("empty"), name).items():
            if c in columns and dtype in _EMPTY_TYPES and columns[c].isna().all():
                columns[c] = columns[c].astype(dtype)
        # readers take the text "None" for nothing
        for c, rows in object_in(facts.get("none"), name).items():
            if c in columns and _are_missing(columns[c], rows):
                columns[c] = columns[c].astype("str")
                columns[c].iloc[rows] = "None"
        tables[name] = pd.DataFrame(columns, index=table.index)
    return with_tables(database, tables)


def _listed(columns: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: list(dict.fromkeys(own))
        for name, own in columns.items()
        if name in ("studies", "analyses", "peaks")
        and isinstance(own, list)
        and all(isinstance(c, str) for c in own)
    }


def _are_missing(column: pd.Series, rows: Any) -> bool:
    """Tell whether these are rows of a column, and nothing is in them."""
    known = isinstance(rows, list) and all(
        type(row) is int and 0 <= row < len(column) for row in rows
    )
    return known and bool(column.iloc[rows].isna().all())


def _in_order(database: Database, order: Any) -> Database:
    """Put analyses in the order that they had, where it was not that of studies."""
    table = database.table("analyses")
    known = isinstance(order, list) and all(type(row) is int for row in order)
    if not known or sorted(order) != list(range(len(table))):
        return database
    number = np.array(order, dtype=np.int32)
    moved = table.iloc[np.argsort(number)].reset_index(drop=True)
    peaks = replace(database.peaks, analysis=number[database.peaks.analysis])
    return with_tables(database, {"analyses": moved}, peaks=peaks)


def _made(database: Database, listed: Any) -> BoolArray:
    """Find the analyses that were made to carry labels, and have got no peaks since."""
    analyses = database.table("analyses")
    known = listed if isinstance(listed, list) else []
    pairs = {tuple(each) for each in known if _is_pair(each)}
    given = zip(analyses["study_id"], analyses["analysis_id"], strict=True)
    made = np.array([pair in pairs for pair in given], dtype=bool)
    made[np.unique(database.peaks.analysis)] = False
    return made


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and [type(v) for v in value] == [str, str]


def _without_analyses(database: Database, gone: BoolArray) -> Database:
    if not gone.any():
        return database
    kept = database.table("analyses")[~gone].reset_index(drop=True)
    number = (np.cumsum(~gone) - 1).astype(np.int32)
    peaks = replace(database.peaks, analysis=number[database.peaks.analysis])
    return with_tables(database, {"analyses": kept}, peaks=peaks)


def _made_columns(database: Database, candidates: set[str]) -> list[str]:
    """Find the columns that hold what a document makes where there is nothing."""
    table = database.table("analyses")
    bare = table.drop(columns=candidates, errors="ignore")
    shown = Document(with_tables(database, {"analyses": bare}), Kept())
    new = {"analysis_id": shown.analysis_ids, "name": list(shown.analysis_names)}
    n = len(table)  # after these come others that are made for labels again
    return [c for c in candidates if c in table and table[c].tolist() == new[c][:n]]


def with_tables(
    database: Database,
    tables: Mapping[str, pd.DataFrame],
    *,
    peaks: Peaks | None = None,
) -> Database:
    """Give a database some tables, in the place of those of that name."""
    own = {name: database.table(name) for name in database.table_names}
    return Database(
        database.about,
        n_studies=database.n_studies,
        peaks=database.peaks if peaks is None else peaks,
        label_sets=database.label_sets.values(),
        tables={**own, **tables},
        notes=database.notes,
    )

"""Databases one after another: nothing dropped, nothing recognised."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About, Database, Peaks
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.io._join_labels import (
    join_labels,
    lacking_labels,
    starts,
    without_weights,
)
from nimare_neurosynth.io._kept import KEPT_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import IntArray

_LARGEST_EXACT = 2**53
"""Whole numbers up to this are the same as floating-point numbers."""
_LARGEST_INT64 = 2**63 - 1


def concatenate(
    databases: Sequence[Database], *, about: About | None = None
) -> Database:
    """Put the studies of several databases one after another.

    Parameters
    ----------
    databases : sequence of Database
        At least one. No id may occur twice: studies are not compared in any other way
        (:func:`merge_databases` does that).
    about : About, optional
        What the result is; by default the names, licences and attributions of all.

    Returns
    -------
    Database
        All studies, analyses and peaks in their order, with all columns; a database
        that lacks a column has missing values there. Label sets of the same name
        become one, with the labels of all: a study whose database lacks a label has
        weight 0, which is noted where a whole database has no weights.

    Raises
    ------
    OptionError
        If these are no databases.
    FormatError
        If an id occurs twice, or label sets of the same name hold different kinds of
        weights.

    Notes
    -----
    Where databases give a column different types, whole numbers become numbers with
    missing values, numbers become floating-point, and anything else text (noted).

    Examples
    --------
    >>> from nimare_neurosynth.io import Parts, build
    >>> def one(study_id):
    ...     studies = pd.DataFrame({"study_id": [study_id]})
    ...     nothing = pd.DataFrame(index=range(1))
    ...     xyz = np.zeros((1, 3))
    ...     return build(Parts(About("made"), studies, np.zeros(1, int), xyz, ["MNI"],
    ...                        nothing))
    >>> concatenate([one("1"), one("2")])
    <Database made: 2 studies, 2 peaks; labels: none>
    """
    parts = as_databases(databases)
    _refuse_repeats(parts)
    names = [name_of(part) for part in parts]
    sizes = [part.n_studies for part in parts]
    tables, notes = join_tables([tables_of(part) for part in parts])
    label_sets = []
    for name in dict.fromkeys(name for part in parts for name in part.label_sets):
        sets = [part.label_sets.get(name) for part in parts]
        label_sets.append(join_labels(name, sets, sizes, names))
        notes += without_weights(label_sets[-1], sets, sizes, names)
        notes += lacking_labels(label_sets[-1], sets, names)
    abouts = [part.about for part in parts]
    if about is None:
        kept = join_notes(parts, names)
        notes += unknown_licences(abouts)
    else:  # it stays the same database, and its notes what they were
        kept = list(dict.fromkeys(note for part in parts for note in part.notes))
    return Database(
        join_abouts(abouts) if about is None else about,
        n_studies=sum(part.n_studies for part in parts),
        peaks=join_peaks(parts),
        label_sets=label_sets,
        tables=tables,
        notes=[*kept, *(note for note in notes if note not in kept)],
    )


def as_databases(databases: Sequence[Database]) -> list[Database]:
    """Take a sequence of databases; raise an OptionError if it is something else."""
    parts: list[Any] = [None]
    if not isinstance(databases, Database | str):
        with contextlib.suppress(TypeError):
            parts = list(databases)
    if not parts or not all(isinstance(part, Database) for part in parts):
        raise OptionError(f"a list of databases is needed, got {databases!r}.")
    return parts


def name_of(database: Database) -> str:
    """Name a database in notes and messages."""
    return str(database.about) or "unnamed"


def _refuse_repeats(parts: list[Database]) -> None:
    ids = np.concatenate([part.study_ids for part in parts])
    again = pd.Index(ids, dtype=object).duplicated()
    if not again.any():
        return
    repeated = ids[again][0]
    holders = [name_of(part) for part in parts if repeated in part.study_ids]
    raise FormatError(
        f"the study {repeated!r} occurs twice (in {' and in '.join(holders)}; "
        f"{int(again.sum()):,} studies do): every study needs an id of its own. "
        "merge_databases() recognises studies that databases share."
    )


# ----------------------------------------------------------------------------- about


def join_abouts(abouts: Iterable[About]) -> About:
    """Say what several databases are together: each fact once, in their order."""
    distinct = list(dict.fromkeys(abouts))
    if len(distinct) == 1:
        return distinct[0]
    attribution = ""
    for text in (about.attribution for about in distinct):
        if text not in attribution:
            attribution = f"{attribution} {text}".strip()
    licences = [licence for about in distinct for licence in _licences(about)]
    return About(
        name=_joined((about.name for about in distinct), "+"),
        version=_joined((about.version for about in distinct), "+"),
        licence=_joined(licences, " AND "),
        attribution=attribution,
        source=_joined((about.source for about in distinct), ", "),
    )


def _licences(about: About) -> list[str]:
    """Take an SPDX expression apart at AND; alternatives stay together."""
    if " OR " in about.licence:
        return [f"({about.licence.strip('()')})"]
    return about.licence.split(" AND ")


def _joined(texts: Iterable[str], separator: str) -> str:
    return separator.join(dict.fromkeys(text for text in texts if text))


def unknown_licences(abouts: Sequence[About]) -> list[str]:
    """Note whose licence is not known where others' are."""
    unknown = dict.fromkeys(str(about) for about in abouts if not about.licence)
    if not unknown or not any(about.licence for about in abouts):
        return []
    return [f"the licence of {', '.join(unknown)} is not known"]


def join_notes(parts: list[Database], names: list[str]) -> list[str]:
    """Join notes: those of all databases once, others with the name of theirs."""
    common = set.intersection(*(set(part.notes) for part in parts))
    notes = [
        note if note in common else f"{name}: {note}"
        for part, name in zip(parts, names, strict=True)
        for note in part.notes
    ]
    return list(dict.fromkeys(notes))


# ---------------------------------------------------------------------------- tables


def tables_of(database: Database) -> dict[str, pd.DataFrame]:
    """Give the tables of a database that have a meaning beside those of others.

    What is kept of a NIMADS document is left out: it is about that document.
    """
    names = [name for name in database.table_names if name not in KEPT_TABLES]
    return {name: database.table(name) for name in names}


def join_tables(
    tables: list[dict[str, pd.DataFrame]],
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Join tables of several databases.

    Parameters
    ----------
    tables : list of dict of str to pandas.DataFrame
        Those of each database.

    Returns
    -------
    dict of str to pandas.DataFrame
        Each with the rows of all; positions of studies are shifted.
    list of str
        Notes on columns that have become text.
    """
    joined: dict[str, pd.DataFrame] = {}
    notes: list[str] = []
    sizes = [len(own["studies"]) for own in tables]
    for name in dict.fromkeys(name for own in tables for name in own):
        pieces = [own.get(name, pd.DataFrame()) for own in tables]
        if name == "analyses":
            pieces = _shift_studies(pieces, sizes)
        joined[name] = _join_rows(name, pieces, notes)
    return joined, notes


def _shift_studies(pieces: list[pd.DataFrame], sizes: list[int]) -> list[pd.DataFrame]:
    return [
        piece.assign(study=piece["study"] + int(first)) if "study" in piece else piece
        for piece, first in zip(pieces, starts(sizes), strict=True)
    ]


def _join_rows(name: str, pieces: list[pd.DataFrame], notes: list[str]) -> pd.DataFrame:
    """Join the rows of tables, column by column."""
    full = [piece for piece in pieces if len(piece)]
    columns = {}
    for column in dict.fromkeys(c for piece in pieces for c in piece.columns):
        # tables without rows have a say in types only where no other has any
        having = [piece for piece in full if column in piece]
        having = having or [piece for piece in pieces if column in piece][:1]
        dtype, as_text = _common_dtype([piece[column] for piece in having])
        if as_text:
            notes.append(f"column {column!r} of {name} has differing types: now text")
        if any(column not in piece for piece in full):
            dtype = _with_missing(dtype)
        columns[column] = _join_column(column, full or having, dtype)
    index = pd.RangeIndex(sum(map(len, pieces)))
    return pd.DataFrame(columns, index=index)


def _join_column(column: str, pieces: list[pd.DataFrame], dtype: Any) -> pd.Series:
    values = [
        as_type(piece[column], dtype)
        if column in piece
        else pd.Series(index=pd.RangeIndex(len(piece)), dtype=dtype)
        for piece in pieces
    ]
    return pd.concat(values, ignore_index=True)


def as_type(values: pd.Series, dtype: Any) -> pd.Series:
    """Turn a column to a type; what is missing stays missing in text too."""
    if values.dtype == dtype:
        return values
    return values.astype(dtype).where(values.notna())


def _common_dtype(columns: list[pd.Series]) -> tuple[Any, bool]:
    """Find a type that holds all values, and whether other things became text."""
    from pandas.api import types

    dtypes = list(dict.fromkeys(column.dtype for column in columns))
    if len(dtypes) == 1:
        return dtypes[0], False
    if all(types.is_bool_dtype(d) for d in dtypes):
        return pd.BooleanDtype(), False
    if all(types.is_integer_dtype(d) for d in dtypes):
        if all(_is_below(column, _LARGEST_INT64) for column in columns):
            return pd.Int64Dtype(), False
    elif all(types.is_numeric_dtype(d) and not types.is_bool_dtype(d) for d in dtypes):
        whole = [column for column in columns if types.is_integer_dtype(column.dtype)]
        if all(_is_below(column, _LARGEST_EXACT) for column in whole):
            return np.dtype("float64"), False
    return pd.Series(dtype="str").dtype, not all(map(_is_text, columns))


def _is_below(column: pd.Series, largest: int) -> bool:
    values = column.dropna()
    return not len(values) or max(abs(int(values.min())), int(values.max())) <= largest


def _is_text(column: pd.Series) -> bool:
    values = column.cat.categories if column.dtype == "category" else column
    return pd.api.types.infer_dtype(values, skipna=True) in {"string", "empty"}


def _with_missing(dtype: Any) -> Any:
    """Give the type that holds the same values, and missing ones."""
    if not isinstance(dtype, np.dtype) or dtype.kind not in "biu":
        return dtype
    name = dtype.name.replace("uint", "UInt").replace("int", "Int")
    return pd.api.types.pandas_dtype(name.replace("bool", "boolean"))


# ----------------------------------------------------------------------------- peaks


def join_peaks(parts: list[Database]) -> Peaks:
    """Join peaks, with studies and analyses shifted and spaces numbered anew."""
    peaks = [part.peaks for part in parts]
    spaces = tuple(dict.fromkeys(space for part in peaks for space in part.spaces))
    number = {space: i for i, space in enumerate(spaces)}
    codes = [np.array([number[s] for s in p.spaces], dtype=np.int32) for p in peaks]
    studies = starts([part.n_studies for part in parts])
    analyses = starts([len(part.table("analyses")) for part in parts])
    return Peaks(
        np.concatenate([p.xyz for p in peaks]),
        _shifted([p.study for p in peaks], studies),
        _shifted([p.analysis for p in peaks], analyses),
        np.concatenate([c[p.space] for c, p in zip(codes, peaks, strict=True)]),
        spaces,
    )


def _shifted(columns: list[NDArray[np.int32]], by: IntArray) -> NDArray[np.int32]:
    pairs = zip(columns, by.tolist(), strict=True)
    return np.concatenate([column + np.int32(start) for column, start in pairs])

"""A user's own tables: one row per peak, and features by study.

The one-file layout of legacy Neurosynth (``database.txt`` with ``features.txt``) is
such a table with more columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About, LabelSet
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._build import Parts
from nimare_neurosynth.io._tabular import (
    ids,
    need_columns,
    numbers,
    read_table,
    whole_years,
)
from nimare_neurosynth.io._weights import read_weights, spread_rows

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_STUDY_COLUMNS = ("pmid", "doi", "title", "authors", "journal", "year")
_ID_NAMES = ("id", "study_id", "study", "pmid")


def read_user_table(path: Path, features: Path | None = None) -> Parts:
    """Read a table of peaks, and optionally one of features.

    Parameters
    ----------
    path : pathlib.Path
        Columns ``id`` (or ``study_id``, ``study``, ``pmid``), ``x``, ``y``, ``z`` and
        ``space`` in any order and case. ``doi``, ``title``, ``authors``, ``journal``
        and ``year`` are taken as facts about the study if they are equal on all its
        rows; other columns stay with the peaks.
    features : pathlib.Path, optional
        Ids in the first column, whatever its name; one column of weights per label.
        Only weights other than 0 take memory.

    Returns
    -------
    Parts

    Raises
    ------
    FormatError
        If a table cannot be read, lacks columns, or the two share no study.
    """
    table = read_table(path)
    table.columns = table.columns.str.lower()
    if table.columns.has_duplicates:
        raise FormatError(f"{path}:1 has columns that differ only in case.")
    id_column = next((name for name in _ID_NAMES if name in table.columns), "id")
    need_columns(table, (id_column, "x", "y", "z"), path)
    notes: list[str] = []
    study_ids = ids(table, id_column, path)
    position, distinct = pd.factorize(study_ids)
    studies = pd.DataFrame({"study_id": pd.Series(distinct, dtype="str")})
    if "space" in table.columns:
        space = table.pop("space").tolist()
    else:
        space = [""] * len(table)
        notes.append("no space is given: coordinates are used as they are")
    xyz = np.stack([numbers(table, axis, path) for axis in "xyz"], axis=1)
    rest = table.drop(columns=[id_column, "x", "y", "z"])
    rest = _move_study_columns(rest, studies, position, notes)
    parts = Parts(
        about=About(path.name.split(".")[0], source=path.name),
        studies=studies,
        peak_study=position,
        xyz=xyz,
        space=space,
        peak_columns=rest,
        notes=notes,
    )
    if features is not None:
        parts.label_sets.append(_read_features(features, studies, notes))
    return parts


def _move_study_columns(
    rest: pd.DataFrame,
    studies: pd.DataFrame,
    position: NDArray[np.int64],
    notes: list[str],
) -> pd.DataFrame:
    """Move columns that describe the study, not the peak, to the table of studies."""
    first = np.unique(position, return_index=True)[1]
    for name in _STUDY_COLUMNS:
        if name not in rest.columns:
            continue
        values = rest[name].to_numpy()
        by_study = values[first]
        differing = int((values != by_study[position]).sum())
        if differing:
            notes.append(
                f"{name} differs between peaks of one study ({differing:,} peaks): "
                "kept with the peaks"
            )
            continue
        studies[name] = by_study
        rest = rest.drop(columns=name)
    if "year" in studies.columns:
        years = whole_years(studies["year"])
        studies["year"] = studies["year"] if years is None else years
    return rest


def _read_features(path: Path, studies: pd.DataFrame, notes: list[str]) -> LabelSet:
    table = read_weights(path, _ID_NAMES)
    rows = pd.Index(table.study_ids).get_indexer(studies["study_id"])  # type: ignore[arg-type]
    known = rows >= 0
    if not known.any():
        theirs = table.study_ids[0] if table.study_ids else "(nothing)"
        ours = studies["study_id"].iloc[0] if len(studies) else "(nothing)"
        raise FormatError(
            f"{path} shares no study with the table of peaks: its ids begin with "
            f"{theirs!r}, those of the peaks with {ours!r}."
        )
    _note_unmatched(len(table.study_ids), known, notes)
    weights = spread_rows(table.weights, rows)
    return LabelSet(path.name.split(".")[0], table.labels, weights, "weight")


def _note_unmatched(n_rows: int, known: NDArray[np.bool_], notes: list[str]) -> None:
    without = int((~known).sum())
    if without:
        notes.append(f"{without:,} studies have no row of features")
    unused = n_rows - int(known.sum())
    if unused:
        notes.append(
            f"{unused:,} rows of features belong to studies without peaks: unused"
        )

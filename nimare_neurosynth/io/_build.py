"""From a reader's columns to a Database: one place where positions are worked out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About, Database, LabelSet, Peaks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import IntArray

ANALYSIS_COLUMNS = ("table_id", "table_num", "table_label", "table_name", "contrast")
"""Columns of a table of peaks that describe the analysis a peak is from."""

UNKNOWN_SPACE = "UNKNOWN"


@dataclass
class Parts:
    """What a reader found, before it is a database.

    Attributes
    ----------
    about : About
    studies : pandas.DataFrame
        One row per study, ``study_id`` first.
    peak_study : ndarray of int, shape (n_peaks,)
        Position of each peak's study.
    xyz : ndarray of float64, shape (n_peaks, 3)
    space : sequence of str, length n_peaks
        Name of each peak's space, "" where that is not known.
    peak_columns : pandas.DataFrame
        The other columns of the table of peaks.
    label_sets : list of LabelSet
    texts : pandas.DataFrame or None
        Long texts: ``study_id``, ``abstract``, ...
    notes : list of str
        Oddities that the reader noticed.
    """

    about: About
    studies: pd.DataFrame
    peak_study: NDArray[np.int64]
    xyz: NDArray[np.float64]
    space: Sequence[str]
    peak_columns: pd.DataFrame
    label_sets: list[LabelSet] = field(default_factory=list)
    texts: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)


def build(parts: Parts) -> Database:
    """Make a database of what a reader found.

    Parameters
    ----------
    parts : Parts
        Studies, peaks and labels as columns.

    Returns
    -------
    Database

    Notes
    -----
    Peaks with equal ``table_id`` (or ``contrast``) within a study form an analysis;
    without such a column each study is one analysis.
    """
    analyses, peak_analysis = _analyses(parts)
    moved = [c for c in ANALYSIS_COLUMNS if c in analyses.columns]
    extra = parts.peak_columns.drop(columns=moved).reset_index(drop=True)
    tables: dict[str, Any] = {
        "studies": parts.studies.reset_index(drop=True),
        "analyses": analyses,
        "peaks": extra,
    }
    if parts.texts is not None:
        tables["texts"] = parts.texts.reset_index(drop=True)
    space = [name.strip() or UNKNOWN_SPACE for name in parts.space]
    peaks = Peaks.from_columns(parts.xyz, parts.peak_study, peak_analysis, space)
    return Database(
        About(**{k: _text(v) for k, v in parts.about.to_dict().items()}),
        n_studies=len(parts.studies),
        peaks=peaks,
        label_sets=[replace(s, name=_text(s.name)) for s in parts.label_sets],
        tables=tables,
        notes=[_text(note) for note in parts.notes],
    )


def _text(words: str) -> str:
    """Replace what is no text: names of files can be any bytes."""
    return words.encode(errors="surrogateescape").decode(errors="replace")


def _analyses(parts: Parts) -> tuple[pd.DataFrame, IntArray]:
    """Find the analyses, in order of appearance, and each peak's."""
    columns = parts.peak_columns
    key_column = next(
        (c for c in ("table_id", "contrast", "table_label") if c in columns), None
    )
    keys = pd.DataFrame({"study": parts.peak_study})
    if key_column is not None:
        keys["key"] = columns[key_column].to_numpy()
    group = keys.groupby(list(keys.columns), sort=False, dropna=False)
    number = group.ngroup().to_numpy()
    first = np.unique(number, return_index=True)[1]
    study = keys["study"].to_numpy()[first]
    ids = parts.studies["study_id"].to_numpy()[study] if len(first) else []
    analyses = pd.DataFrame({"study_id": pd.Series(ids, dtype="str"), "study": study})
    for name in ANALYSIS_COLUMNS:
        if name in columns and not _varies(columns[name], number, first):
            analyses[name] = columns[name].iloc[first].reset_index(drop=True)
    return analyses, number


def _varies(column: pd.Series, number: IntArray, first: IntArray) -> bool:
    """Tell whether a column differs between peaks of one analysis."""
    values = column.to_numpy()
    return bool((values != values[first][number]).any())

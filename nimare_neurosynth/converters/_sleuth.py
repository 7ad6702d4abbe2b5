"""Databases as the text that Sleuth and GingerALE read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.converters._diff import columns_of
from nimare_neurosynth.converters._tables import (
    note_about,
    note_kept,
    note_tables,
    note_texts,
)
from nimare_neurosynth.io import write_atomic
from nimare_neurosynth.space import is_talairach

if TYPE_CHECKING:
    from pathlib import Path

    from nimare_neurosynth.converters._report import Report
    from nimare_neurosynth.database import Database

_SIZES = ("sample_size", "n_subjects", "subjects", "n", "sample_sizes")


def write_sleuth(database: Database, path: Path, report: Report) -> None:
    """Write a text for each space: Sleuth files have one reference each.

    ``x.txt`` holds MNI coordinates (and those of unknown space), ``x_Talairach.txt``
    Talairach ones, if there are both.
    """
    peaks = database.peaks
    names = np.array(peaks.spaces, dtype=object)[np.asarray(peaks.space)]
    talairach = np.array([is_talairach(name) for name in names], dtype=bool)
    mni = np.array(["MNI" in str(name).upper() for name in names], dtype=bool)
    unknown = ~mni & ~talairach
    if unknown.any():
        report.changed.append(
            f"{int(unknown.sum()):,} peaks of unknown space are called MNI"
        )
    there = peaks.is_complete
    parts = [("MNI", ~talairach & there), ("Talairach", talairach & there)]
    parts = [(space, own) for space, own in parts if own.any()]
    for space, own in parts:
        target = path
        if len(parts) > 1 and space == "Talairach":
            target = path.with_name(f"{path.stem}_Talairach{path.suffix}")
        write_atomic(target, _text(database, own, space))
        report.files.append(target.name)
    if not there.all():
        report.lost.append(
            f"{int((~there).sum()):,} peaks without complete coordinates"
        )
    silent = int((~database.has_peaks).sum())
    if silent:
        report.lost.append(f"{silent:,} studies without peaks")
    for labels in database.label_sets.values():
        report.lost.append(f"the label set {labels.name}")
    kept = {"study_id", "study", "authors", "year", "title", "space", *_SIZES}
    columns = [c for c in database.studies.columns if c not in kept]
    if columns:
        report.lost.append(f"columns of studies: {', '.join(columns)}")
    own_columns = columns_of(database, "peaks")
    if own_columns:
        report.lost.append(f"columns of peaks: {', '.join(own_columns)}")
    note_texts(database, report)
    note_tables(database, report)
    note_about(database, report)
    note_kept(database, report)


def _text(database: Database, own: np.ndarray, space: str) -> str:
    lines = [f"//Reference={space}"]
    peaks = database.peaks
    rows = np.flatnonzero(own)
    order = np.lexsort(
        (rows, np.asarray(peaks.analysis)[rows], np.asarray(peaks.study)[rows])
    )
    rows = rows[order]
    analysis = np.asarray(peaks.analysis)
    study = np.asarray(peaks.study)
    last = (-1, -1)
    for row in rows:
        here = (int(study[row]), int(analysis[row]))
        if here != last:
            lines += ["", *_heading(database, *here)]
            last = here
        lines.append("\t".join(f"{v:.10g}" for v in peaks.xyz[row]))
    return "\n".join(lines) + "\n"


def _heading(database: Database, study: int, analysis: int) -> list[str]:
    """Give the lines above coordinates: id, author, year and table; subjects."""
    row = database.studies.iloc[study]
    known = "analyses" in database.table_names
    own: Any = database.table("analyses").iloc[analysis] if known else {}
    who = _words(row.get("authors")).split(",")[0]
    year = _words(row.get("year")).removesuffix(".0")
    name = next(
        (w for c in ("name", "table_id", "contrast") if (w := _words(own.get(c)))), ""
    )
    title = ", ".join(part for part in (_words(row["study_id"]), who, year) if part)
    lines = [f"//{title}: {name}" if name else f"//{title}"]
    size = next((s for c in _SIZES if (s := _words(row.get(c)))), "")
    if size:
        lines.append(f"//Subjects={size.removesuffix('.0')}")
    return lines


def _words(value: Any) -> str:
    missing = value is None or (not isinstance(value, str) and pd.isna(value))
    return "" if missing else " ".join(str(value).split())

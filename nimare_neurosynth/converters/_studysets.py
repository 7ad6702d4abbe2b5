"""Databases as studysets, by NiMARE's own writers."""

from __future__ import annotations

import shutil
import warnings
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import NeurosynthWarning
from nimare_neurosynth.io import atomic_folder, to_studyset

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from nimare_neurosynth.converters._report import Report
    from nimare_neurosynth.database import Database


def _studyset(database: Database, report: Report) -> Any:
    """Make a studyset with an analysis for each table, and note what it leaves out."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", NeurosynthWarning)
        made = to_studyset(database, by="table")
    for warning in told:
        if issubclass(warning.category, NeurosynthWarning):
            report.lost.append(str(warning.message).rstrip("."))
    return made


def write_nimads(database: Database, path: Path, report: Report) -> None:
    """Write NIMADS JSON: an analysis for each table, label sets as annotations."""
    made = _studyset(database, report)
    with atomic_folder(path.parent) as staging:
        made.to_nimads(str(staging / path.name))
    report.files.append(path.name)


def write_parquet(database: Database, folder: Path, report: Report) -> None:
    """Write the tables of NiMARE's parquet release."""
    made = _studyset(database, report)
    with atomic_folder(folder) as staging:
        inner = staging / "tables"
        made.to_parquet(str(inner))
        for file in list(inner.iterdir()):
            shutil.move(str(file), str(staging / file.name))
        inner.rmdir()
        files = sorted(p.name for p in staging.iterdir())
    report.files += files

"""Folders: Neurosynth's layouts, what pubget writes, and what this package writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nimare_neurosynth.errors import NeurosynthError
from nimare_neurosynth.io import validate_database
from nimare_neurosynth.io._neurosynth import (
    COORDINATES,
    METADATA_FILES,
    NamedFile,
)
from nimare_neurosynth.io._read import legacy_files
from nimare_neurosynth.validation._problems import ERROR
from nimare_neurosynth.validation._rows import open_table
from nimare_neurosynth.validation._tables import (
    check_features,
    check_peaks,
    check_studies,
)
from nimare_neurosynth.validation._text import spot_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nimare_neurosynth.validation._problems import Problem

    Writers = dict[Path, Callable[[], bytes]]

_MINED_KEYS = ("pmcid", "pmid")


def check_layout(folder: Path, problems: list[Problem]) -> Writers:
    """Check a folder in Neurosynth's layout since 2021: its two tables.

    What belongs to matrices and vocabularies is found when it is read.
    """
    files = [NamedFile.parse(path) for path in sorted(folder.iterdir())]
    metadata = [f.path for f in files if f.suffix in METADATA_FILES]
    coordinates = [f.path for f in files if f.suffix in COORDINATES]
    droppable = not any(f.suffix == "features.npz" for f in files)
    if len(metadata) != 1 or len(coordinates) != 1:
        return {}  # reading says so
    return _two_tables(coordinates[0], metadata[0], "id", problems, droppable=droppable)


def check_mined(folder: Path, problems: list[Problem]) -> Writers:
    """Check what pubget or ACE extracted: its two tables that are needed."""
    metadata = folder / "metadata.csv"
    names = open_table(metadata, []).names
    key = next((name for name in _MINED_KEYS if name in names), _MINED_KEYS[0])
    tables = (folder / "coordinates.csv", metadata)
    return _two_tables(*tables, key, problems, droppable=True)


def _two_tables(
    coordinates: Path,
    metadata: Path,
    key: str,
    problems: list[Problem],
    *,
    droppable: bool,
) -> Writers:
    facts = open_table(metadata, problems)
    studies = check_studies(facts, key, droppable=droppable)
    peaks = open_table(coordinates, problems)
    seen = check_peaks(peaks, id_names=(key,), studies=studies if studies else None)
    without = len(studies) - len(seen)
    if seen and without > 0:
        what = f"{without:,} studies have no peaks"
        spot_of(metadata, problems).tell("no-peaks", what)
    return {metadata: facts.render, coordinates: peaks.render}


def check_legacy(folder: Path, problems: list[Problem]) -> Writers:
    """Check ``database.txt`` and ``features.txt``."""
    path, features = legacy_files(folder)
    return {} if path is None else check_table(path, features, problems)


def check_table(path: Path, features: Path | None, problems: list[Problem]) -> Writers:
    """Check a table of peaks, and one of features."""
    peaks = open_table(path, problems)
    seen = check_peaks(peaks)
    writers = {path: peaks.render}
    if features is not None:
        writers[features] = check_features(features, problems, seen).render
    return writers


def check_compiled(folder: Path, problems: list[Problem]) -> Writers:
    """Compare every file of a compiled database, or of term maps, with its hash."""
    from nimare_neurosynth.meta import is_term_maps, open_term_maps

    try:
        if is_term_maps(folder):
            wrong = open_term_maps(folder).validate()
        else:
            wrong = validate_database(folder)
    except NeurosynthError as error:
        wrong = [str(error).rstrip(".")]
    for sentence in wrong:
        spot_of(folder, problems).tell("damaged", sentence, severity=ERROR)
    return {}

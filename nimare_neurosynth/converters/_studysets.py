"""Databases as studysets: NIMADS JSON, and NiMARE's parquet tables."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from nimare_neurosynth.io import (
    Document,
    atomic_folder,
    json_bytes,
    write_parquet_tables,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Any

    from nimare_neurosynth.converters._report import Report
    from nimare_neurosynth.database import Database


def write_nimads(database: Database, path: Path, report: Report) -> None:
    """Write NIMADS JSON: an analysis for each table, label sets as annotations."""
    document = Document(database)
    with atomic_folder(path.parent) as staging:
        target = staging / path.name
        zipped = path.name.lower().endswith(".gz")
        with gzip.open(target, "wb", 6) if zipped else target.open("wb") as stream:
            for piece in nimads_pieces(document):
                stream.write(piece)
    report.files.append(path.name)


def nimads_pieces(document: Document) -> Iterator[bytes]:
    """Give a document piece by piece, as it may be too large to be held at once."""
    annotations = list(document.annotations())
    facts = document.head()
    if annotations:
        facts.pop("annotations", None)  # an empty list, which there is one for now
    head = json_bytes(facts)
    yield head[:-1] + (b", " if len(head) > 2 else b"") + b'"studies": ['
    yield from _items(document.studies())
    yield b"]"
    if annotations:
        yield b', "annotations": ['
        for i, notes in enumerate(annotations):
            own = json_bytes(notes.head())
            yield b",\n" if i else b"\n"
            yield own[:-1] + (b", " if len(own) > 2 else b"") + b'"notes": ['
            yield from _items(notes)
            yield b"]}"
        yield b"]"
    yield b"}\n"


def _items(values: Iterable[Any]) -> Iterator[bytes]:
    for i, value in enumerate(values):
        yield (b",\n" if i else b"\n") + json_bytes(value)


def write_parquet(database: Database, folder: Path, report: Report) -> None:
    """Write NiMARE's parquet tables, with further columns for what these lack."""
    with atomic_folder(folder) as staging:
        write_parquet_tables(database, staging)
        files = sorted(p.name for p in staging.iterdir())
    report.files += files

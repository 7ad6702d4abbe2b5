"""What pubget and ACE extract from articles: a folder of CSV tables.

``coordinates.csv`` and ``metadata.csv``, keyed by ``pmcid`` (pubget) or ``pmid`` (ACE);
the space of coordinates in ``coordinate_space.csv`` (pubget) or in the metadata (ACE);
and, if they are there, ``authors.csv``, ``tables.csv`` and ``text.csv``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._build import Parts
from nimare_neurosynth.io._tabular import (
    ids,
    need_columns,
    no_repeats,
    numbers,
    read_table,
    whole_years,
)

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = ("pmcid", "pmid")
_NEEDED = ("coordinates.csv", "metadata.csv")
_READ = frozenset(
    {*_NEEDED, "coordinate_space.csv", "authors.csv", "tables.csv", "text.csv"}
)
_TEXTS = ("abstract", "keywords", "body")
_CAPTIONS = ("table_caption", "table_foot")


def is_mined_folder(folder: Path) -> bool:
    """Tell whether a folder is what pubget or ACE writes."""
    return all((folder / name).is_file() for name in _NEEDED)


def read_mined(folder: Path) -> Parts:
    """Read what pubget or ACE extracted.

    Parameters
    ----------
    folder : pathlib.Path
        With ``coordinates.csv`` and ``metadata.csv``.

    Returns
    -------
    Parts
        All articles of the metadata, those without coordinates too; their tables are
        analyses.

    Raises
    ------
    FormatError
        If a table is damaged, or one speaks of an article that the metadata do not
        list.
    """
    notes: list[str] = []
    path = folder / "metadata.csv"
    metadata = read_table(path)
    key = next((k for k in _KEYS if k in metadata.columns), None)
    if key is None:
        raise FormatError(f"{path}:1 has neither a column 'pmcid' nor 'pmid'.")
    study_ids = ids(metadata, key, path)
    no_repeats(study_ids, path)
    studies = metadata.drop(columns=key).reset_index(drop=True)
    studies.insert(0, "study_id", np.asarray(study_ids, dtype=object))
    studies["study_id"] = studies["study_id"].astype("str")
    studies = studies.rename(columns={"publication_year": "year"})
    if "year" in studies:
        years = whole_years(studies["year"])
        studies["year"] = studies["year"] if years is None else years
    index = pd.Index(studies["study_id"])
    _add_authors(folder, key, studies, index)
    space = _spaces(folder, key, studies, index, notes)
    table = read_table(folder / "coordinates.csv")
    need_columns(table, (key, "x", "y", "z"), folder / "coordinates.csv")
    place = _places(table, key, index, folder / "coordinates.csv")
    xyz = np.stack(
        [numbers(table, axis, folder / "coordinates.csv") for axis in "xyz"], axis=1
    )
    rest = _with_captions(folder, key, table).drop(columns=[key, "x", "y", "z"])
    unread = [p.name for p in sorted(folder.iterdir()) if p.name not in _READ]
    if unread:
        notes.append(f"not read: {', '.join(unread[:20])}")
    return Parts(
        about=About(folder.name, source=folder.name),
        studies=studies,
        peak_study=place,
        xyz=xyz,
        space=[space[i] for i in place],
        peak_columns=rest.reset_index(drop=True),
        texts=_texts(folder, key, index),
        notes=notes,
    )


def _places(table: pd.DataFrame, key: str, index: pd.Index, path: Path) -> np.ndarray:
    """Find the article of each row."""
    place = index.get_indexer(pd.Index(ids(table, key, path)))
    unknown = np.flatnonzero(place < 0)
    if len(unknown):
        line = table.index[unknown[0]]
        raise FormatError(
            f"{path}:{line} is about the article {table[key].iloc[unknown[0]]!r}, "
            f"which metadata.csv does not list ({len(unknown):,} such rows)."
        )
    return np.asarray(place, dtype=np.int64)


def _spaces(
    folder: Path, key: str, studies: pd.DataFrame, index: pd.Index, notes: list[str]
) -> list[str]:
    """Give the space of each article."""
    path = folder / "coordinate_space.csv"
    if "coordinate_space" in studies:
        studies["space"] = studies.pop("coordinate_space")
    elif path.is_file():
        table = read_table(path)
        need_columns(table, (key, "coordinate_space"), path)
        found = np.full(len(index), "", dtype=object)
        found[_places(table, key, index, path)] = table["coordinate_space"].to_numpy()
        studies["space"] = pd.Series(found, dtype="str")
    else:
        notes.append("no space is given: coordinates are used as they are")
        return [""] * len(index)
    return [str(name) for name in studies["space"]]


def _add_authors(
    folder: Path, key: str, studies: pd.DataFrame, index: pd.Index
) -> None:
    path = folder / "authors.csv"
    if not path.is_file() or "authors" in studies:
        return
    table = read_table(path)
    need_columns(table, (key, "surname"), path)
    place = _places(table, key, index, path)
    given = table["given-names"] if "given-names" in table else [""] * len(table)
    names: list[list[str]] = [[] for _ in index]
    for row, surname, first in zip(place, table["surname"], given, strict=True):
        names[row].append(f"{surname} {first}".strip())
    studies["authors"] = pd.Series([", ".join(own) for own in names], dtype="str")


def _with_captions(folder: Path, key: str, table: pd.DataFrame) -> pd.DataFrame:
    """Add captions of tables to the peaks that are from them."""
    path = folder / "tables.csv"
    if not path.is_file() or "table_id" not in table:
        return table
    known = read_table(path)
    need_columns(known, (key, "table_id"), path)
    captions = [c for c in _CAPTIONS if c in known and c not in table]
    known = known.drop_duplicates([key, "table_id"])[[key, "table_id", *captions]]
    merged = table.merge(known, on=[key, "table_id"], how="left")
    merged.index = table.index
    merged[captions] = merged[captions].fillna("")
    return merged


def _texts(folder: Path, key: str, index: pd.Index) -> pd.DataFrame | None:
    path = folder / "text.csv"
    if not path.is_file():
        return None
    table = read_table(path)
    need_columns(table, (key,), path)
    place = _places(table, key, index, path)
    columns = [name for name in _TEXTS if name in table]
    texts = pd.DataFrame({"study_id": index.to_numpy()})
    for name in columns:
        values = np.full(len(index), "", dtype=object)
        values[place] = table[name].to_numpy()
        texts[name] = pd.Series(values, dtype="str")
    return texts if columns else None

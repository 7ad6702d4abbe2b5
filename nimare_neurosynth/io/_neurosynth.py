"""The layout of Neurosynth's data since 2021: one file for each part.

``data-neurosynth_version-7_coordinates.tsv.gz``, ``..._metadata.tsv.gz``, and for each
vocabulary ``..._vocab-LDA50_source-abstract_type-weight_features.npz`` with
``..._vocab-LDA50_vocabulary.txt``. Entities are ``key-value`` pairs in any order, as
names had another order for a few weeks in 2021.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About, LabelSet
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.io._build import Parts
from nimare_neurosynth.io._files import read_text
from nimare_neurosynth.io._row_order import METADATA
from nimare_neurosynth.io._rows import in_row_order
from nimare_neurosynth.io._sparse import read_sparse
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

COORDINATES = ("coordinates.tsv.gz", "coordinates.tsv", "database.tsv.gz")
METADATA_FILES = ("metadata.tsv.gz", "metadata.tsv")
_LABEL_FILES = ("vocabulary.txt", "features.npz", "metadata.json")
_READ = frozenset({*COORDINATES, *METADATA_FILES, *_LABEL_FILES})
COUNTS = ("tfidf", "presence", "keep")
"""What the option ``counts`` can be."""

ATTRIBUTIONS = {
    "neurosynth": (
        "ODbL-1.0",
        "Contains information from Neurosynth (https://github.com/neurosynth/"
        "neurosynth-data), made available under the Open Database License. Cite "
        "Yarkoni et al. (2011), Nature Methods 8:665-670.",
    ),
    "recon": (
        "ODbL-1.0 AND BSD-3-Clause",
        "Contains information from Neurosynth (Open Database License; Yarkoni et al. "
        "2011, Nature Methods 8:665-670), with term weights rebuilt from NeuroQuery's "
        "counts (BSD-3-Clause; Dockès et al. 2020, eLife 9:e53385).",
    ),
    "neuroquery": (
        "BSD-3-Clause",
        "Contains information from NeuroQuery (https://github.com/neuroquery/"
        "neuroquery_data), BSD-3-Clause. Cite Dockès et al. (2020), eLife 9:e53385.",
    ),
}
"""Licence and attribution, by the name that the files give to their database."""


@dataclass(frozen=True)
class NamedFile:
    """A file whose name is made of entities: ``data-x_version-7_metadata.tsv.gz``."""

    path: Path
    entities: dict[str, str]
    suffix: str

    @classmethod
    def parse(cls, path: Path) -> NamedFile:
        *pairs, suffix = path.name.split("_")
        entities = dict(p.split("-", 1) for p in pairs if "-" in p)
        return cls(path, entities, suffix)


def is_neurosynth_folder(folder: Path) -> bool:
    """Tell whether a folder has this layout: coordinates and metadata."""
    suffixes = {NamedFile.parse(path).suffix for path in folder.iterdir()}
    return bool(suffixes & {*COORDINATES}) and bool(suffixes & {*METADATA_FILES})


def check_counts_option(counts: str) -> None:
    """Raise an OptionError if nothing like it can become of counts."""
    if counts not in COUNTS:
        raise OptionError(f"counts must be one of {', '.join(COUNTS)}, got {counts!r}.")


def read_neurosynth(
    folder: Path, *, row_order: str = METADATA, counts: str = COUNTS[0]
) -> Parts:
    """Read a folder in the 2021+ layout, with every vocabulary in it.

    Parameters
    ----------
    folder : pathlib.Path
        It holds one version of one database.
    row_order, counts : str
        See :func:`nimare_neurosynth.read_database`.

    Returns
    -------
    Parts

    Raises
    ------
    FormatError
        If files are missing, damaged, or do not fit together.
    OptionError
        If these studies do not have such an order of rows.
    """
    files = [NamedFile.parse(path) for path in sorted(folder.iterdir())]
    coordinates = _one(files, COORDINATES, folder)
    metadata = _one(files, METADATA_FILES, folder)
    notes: list[str] = []
    studies = _read_studies(metadata.path)
    table = read_table(coordinates.path)
    need_columns(table, ("id", "x", "y", "z"), coordinates.path)
    position = pd.Index(studies["study_id"]).get_indexer(
        ids(table, "id", coordinates.path)
    )
    _check_known(position, table, coordinates.path, metadata.path)
    xyz = np.stack([numbers(table, axis, coordinates.path) for axis in "xyz"], axis=1)
    spaces = _peak_spaces(table, studies, position, notes)
    unread = [file.path.name for file in files if file.suffix not in _READ]
    if unread:
        notes.append(f"not read: {', '.join(unread)}")
    missing = {"table_id", "table_num", "peak_id"} - set(table.columns)
    if missing:
        notes.append(f"coordinates have no {', '.join(sorted(missing))}")
    label_sets = _read_label_sets(files, len(studies), notes)
    label_sets = in_row_order(label_sets, studies, position, row_order, notes)
    return Parts(
        about=_about(coordinates, folder),
        studies=studies,
        peak_study=position,
        xyz=xyz,
        space=spaces,
        peak_columns=table.drop(columns=["id", "x", "y", "z"]),
        label_sets=[_without_counts(labels, counts, notes) for labels in label_sets],
        notes=notes,
    )


def _one(files: list[NamedFile], suffixes: tuple[str, ...], folder: Path) -> NamedFile:
    found = [file for file in files if file.suffix in suffixes]
    if not found:
        raise FormatError(f"{folder} has no file ending in _{suffixes[0]}.")
    if len(found) > 1:
        names = ", ".join(file.path.name for file in found)
        raise FormatError(
            f"{folder} holds several databases ({names}): keep one version a folder."
        )
    return found[0]


def _about(coordinates: NamedFile, folder: Path) -> About:
    name = coordinates.entities.get("data", "unnamed")
    licence, attribution = ATTRIBUTIONS.get(name, ("", ""))
    version = coordinates.entities.get("version", "")
    return About(name, version, licence, attribution, folder.name)


def _read_studies(path: Path) -> pd.DataFrame:
    table = read_table(path)
    need_columns(table, ("id",), path)
    study_ids = ids(table, "id", path)
    no_repeats(study_ids, path)
    if "study_id" in table.columns:
        raise FormatError(
            f"{path}:1 has the columns 'id' and 'study_id', and both name the study: "
            "keep one, and call it 'id'."
        )
    studies = table.drop(columns="id")
    studies.insert(0, "study_id", study_ids)
    if "year" in studies.columns:
        years = whole_years(studies["year"])
        if years is None:
            _refuse_years(studies["year"], path)
        studies["year"] = years
    return studies.reset_index(drop=True)


def _refuse_years(text: pd.Series[str], path: Path) -> NoReturn:
    wrong = [line for line in text.index if whole_years(text.loc[[line]]) is None]
    raise FormatError(f"{path}:{wrong[0]} has the year {text.loc[wrong[0]]!r}.")


def _check_known(
    position: np.ndarray, table: pd.DataFrame, path: Path, metadata: Path
) -> None:
    unknown = np.flatnonzero(position < 0)
    if len(unknown):
        raise FormatError(
            f"{path}:{table.index[unknown[0]]} is a peak of study "
            f"{table['id'].iloc[unknown[0]]!r}, which {metadata.name} does not list "
            f"({len(unknown):,} such peaks)."
        )


def _peak_spaces(
    table: pd.DataFrame, studies: pd.DataFrame, position: np.ndarray, notes: list[str]
) -> list[str]:
    if "space" in table.columns:
        return table.pop("space").tolist()
    if "space" in studies.columns:
        return list(studies["space"].to_numpy()[position])
    notes.append("no space is given: coordinates are used as they are")
    return [""] * len(table)


def _read_label_sets(
    files: list[NamedFile], n_studies: int, notes: list[str]
) -> list[LabelSet]:
    vocabularies = {
        file.entities["vocab"]: file
        for file in files
        if file.suffix == "vocabulary.txt" and "vocab" in file.entities
    }
    matrices: dict[str, list[NamedFile]] = {}
    for file in files:
        if file.suffix == "features.npz":
            matrices.setdefault(file.entities.get("vocab", "terms"), []).append(file)
    sets = []
    for name in sorted({*vocabularies, *matrices}, key=lambda n: (n != "terms", n)):
        sets += _label_sets_of(name, vocabularies, matrices, n_studies)
    notes += [_description(file) for file in files if file.suffix == "metadata.json"]
    return sets


def _description(file: NamedFile) -> str:
    """Read what a metadata.json says of its vocabulary (or of the whole database)."""
    try:
        text = str(json.loads(read_text(file.path)).get("description", ""))
        text.encode()  # an escape can stand for half a character
    except (ValueError, AttributeError, RecursionError) as error:
        raise FormatError(f"{file.path} is not proper JSON: {error}.") from error
    return f"{file.entities.get('vocab', 'database')}: {text}"


def _label_sets_of(
    name: str,
    vocabularies: dict[str, NamedFile],
    matrices: dict[str, list[NamedFile]],
    n_studies: int,
) -> list[LabelSet]:
    if name not in vocabularies:
        path = matrices[name][0].path
        raise FormatError(f"{path} has no vocabulary beside it (vocab-{name}).")
    labels = _read_vocabulary(vocabularies[name].path)
    several = matrices.get(name, [])
    if not several:
        return [LabelSet(name, labels, None)]
    kinds = [_kind(file) for file in several]
    sources = [file.entities.get("source", "") for file in several]
    sets = []
    for file, kind, source in zip(several, kinds, sources, strict=True):
        weights = read_sparse(file.path, (n_studies, len(labels)))
        if kind == "count" and (weights.data < 0).any():
            raise FormatError(
                f"{file.path} should hold counts (type-{file.entities['type']}), but "
                f"some are negative ({weights.data.min():g})."
            )
        # one vocabulary may come with several matrices: tell them by what differs
        apart = [source] if len(set(sources)) > 1 else []
        apart += [kind] if len(set(kinds)) > 1 else []
        title = "-".join([name, *apart])
        sets.append(LabelSet(title, labels, weights, kind, source))
    if len({labels.name for labels in sets}) < len(sets):
        others = ", ".join(file.path.name for file in several[1:])
        raise FormatError(
            f"{several[0].path} holds the same weights as {others}: keep one of them."
        )
    return sets


def _kind(file: NamedFile) -> str:
    kind = file.entities.get("type", "weight")
    return "count" if kind == "counts" else kind


def _without_counts(labels: LabelSet, counts: str, notes: list[str]) -> LabelSet:
    if labels.kind != "count" or counts == "keep":
        return labels
    if counts == "presence":
        notes.append(f"counts of {labels.name} turned into presence: 1 where above 0")
        return labels.as_presence()
    notes.append(
        f"counts of {labels.name} turned into tf-idf: counts times "
        "ln((1 + N) / (1 + df)) + 1, each study's weights scaled to norm 1"
    )
    return labels.as_tfidf()


def _read_vocabulary(path: Path) -> tuple[str, ...]:
    """Read labels, one a line; ``001`` and ``3t`` are names, not numbers."""
    labels = [line.strip("\r") for line in read_text(path).split("\n")]
    if labels and labels[-1] == "":
        labels.pop()
    seen: set[str] = set()
    for line, label in enumerate(labels, start=1):
        if not label.strip():
            raise FormatError(
                f"{path}:{line} is empty: a label is needed on each line."
            )
        if label in seen:
            raise FormatError(f"{path}:{line} repeats the label {label!r}.")
        seen.add(label)
    return tuple(labels)

"""The compiled form: a folder that opens at once and is replaced as a whole.

::

    manifest.json            format, what the database is, parts with sizes and hashes
    parts-<random>/
        studies.parquet  analyses.parquet  peaks.parquet  [texts.parquet]
        xyz.npy  study.npy  analysis.npy  space.npy
        labels-<i>/  names.json  [indptr.npy  indices.npy  data.npy]
    activations/<key>/       built when they are first asked for; can be deleted

The manifest is written last and replaced in one step; it names the folder of its parts.
A process that is killed leaves the old database or the new one.
"""

from __future__ import annotations

import json
import mmap
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.engine import segment_bounds
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._activation_store import (
    FolderStore,
    damaged_activations,
    drop_activations,
)
from nimare_neurosynth.io._files import load_array
from nimare_neurosynth.io._manifest import (
    FolderFormat,
    check_files,
    damaged_files,
    has_manifest,
    read_manifest,
)
from nimare_neurosynth.io._parquet_file import read_parquet
from nimare_neurosynth.io._replace import replace_folder
from nimare_neurosynth.io._sparse import check_indices

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_ACTIVATIONS = "activations"
_PEAK_ARRAYS = ("xyz", "study", "analysis", "space")
_WEIGHT_ARRAYS = ("data", "indices", "indptr")
_HASH = re.compile(r"[0-9a-f]{32}")
_DAMAGE = (
    AttributeError,
    LookupError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What comes of opening a folder that a damaged or foreign manifest describes."""

COMPILED = FolderFormat(
    name="nimare-neurosynth-database",
    version=2,
    title="compiled database",
    remedy="compile the database again",
    fields={
        "about": dict,
        "n_studies": int,
        "spaces": list,
        "label_sets": list,
        "tables": dict,
        "notes": list,
        "content_hash": str,
        "segment_hashes": list,
    },
    beside=frozenset({_ACTIVATIONS}),
)


# --------------------------------------------------------------------------- write


def write_database(
    database: Database, folder: str | Path, *, activations: bool = True
) -> None:
    """Write a database in its compiled form.

    Parameters
    ----------
    database : Database
        What to write.
    folder : str or path
        Made if missing. If it holds a compiled database, that is replaced as a whole:
        whoever opens it meanwhile has the old one or the new one. A folder that holds
        something else is refused.
    activations : bool
        Build and store the activations of the default radius and mask too.

    Raises
    ------
    FormatError
        If the folder holds something else or cannot be written.
    """
    target = Path(folder)
    for name in database.table_names:
        database.table(name)  # damage to what is read is told as such, before writing
    replace_folder(target, COMPILED, partial(write_parts, database))
    finish(target, activations=activations)


def finish(target: Path, *, activations: bool) -> None:
    """Delete stored activations of studies that are gone; build those of new ones."""
    database = open_database(target)
    drop_activations(target / _ACTIVATIONS, database.segment_hashes)
    if activations:
        database.activations()


def write_parts(database: Database, parts: Path) -> dict[str, Any]:
    """Write all files, and give the facts for the manifest."""
    for name in database.table_names:
        database.table(name).to_parquet(parts / f"{name}.parquet", index=False)
    for name in _PEAK_ARRAYS:
        np.save(parts / f"{name}.npy", getattr(database.peaks, name))
    described = []
    for i, labels in enumerate(database.label_sets.values()):
        folder = parts / f"labels-{i}"
        folder.mkdir()
        names = json.dumps(labels.labels)
        (folder / "names.json").write_text(names, encoding="utf-8")
        if labels.weights is not None:
            for array in _WEIGHT_ARRAYS:
                np.save(folder / f"{array}.npy", getattr(labels.weights, array))
        described.append(
            {"name": labels.name, "kind": labels.kind, "source": labels.source}
        )
    return {
        "about": database.about.to_dict(),
        "n_studies": database.n_studies,
        "spaces": database.peaks.spaces,
        "label_sets": described,
        # a table without columns would lose its rows in a file
        "tables": {name: len(database.table(name)) for name in database.table_names},
        "notes": database.notes,
        "content_hash": database.content_hash,
        "segment_hashes": database.segment_hashes,
    }


# ---------------------------------------------------------------------------- open


def open_database(folder: str | Path) -> Database:
    """Open a compiled database.

    Parameters
    ----------
    folder : str or path
        What :func:`write_database` made.

    Returns
    -------
    Database
        Its arrays are memory-mapped and its tables read when they are used. It stays
        what it was when it was opened, also while another process replaces it.

    Raises
    ------
    FormatError
        If the folder is no compiled database, was written by a newer version of this
        package, or lacks a file or a part of one.
    """
    root = Path(folder)
    while True:
        manifest = read_manifest(root, COMPILED)
        try:
            return _open(root, manifest)
        except _DAMAGE as error:
            now = read_manifest(root, COMPILED) if has_manifest(root) else manifest
            if now["parts"] != manifest["parts"]:
                continue  # it was replaced while it was being opened
            if isinstance(error, FormatError):
                raise
            raise FormatError(
                f"{root} is damaged ({error}): compile the database again from its "
                "source."
            ) from error


def validate_database(folder: str | Path) -> list[str]:
    """Check every file of a compiled database against the hash it was written with.

    Opening checks sizes and ranges only, to be fast.

    Parameters
    ----------
    folder : str or path
        What :func:`write_database` made.

    Returns
    -------
    list of str
        What is wrong; empty where all is well. Damaged activations can be deleted: they
        are built again.

    Raises
    ------
    FormatError
        If the folder cannot be opened at all.
    """
    root = Path(folder)
    open_database(root)
    wrong = damaged_files(root, read_manifest(root, COMPILED))
    return wrong + damaged_activations(root / _ACTIVATIONS)


def _open(root: Path, manifest: dict[str, Any]) -> Database:
    parts = root / manifest["parts"]
    check_files(root, manifest, COMPILED)
    _check_table_names(manifest["tables"])
    _check_hashes(manifest["segment_hashes"], manifest["n_studies"])
    tables = {
        name: partial(
            _read_parquet,
            _MappedFile(parts / f"{name}.parquet"),
            n_rows,
            manifest["n_studies"],
        )
        for name, n_rows in manifest["tables"].items()
    }
    arrays = {name: _map(parts / f"{name}.npy") for name in _PEAK_ARRAYS}
    peaks = Peaks(**arrays, spaces=tuple(manifest["spaces"]))
    peaks.check(manifest["n_studies"], manifest["tables"].get("analyses"))
    if not all(isinstance(fact, str) for fact in manifest["about"].values()):
        raise ValueError("what it is called is no text")
    return Database(
        About(**manifest["about"]),
        n_studies=manifest["n_studies"],
        peaks=peaks,
        label_sets=[
            _open_labels(parts / f"labels-{i}", facts, manifest["n_studies"])
            for i, facts in enumerate(manifest["label_sets"])
        ],
        tables=tables,
        notes=manifest["notes"],
        content_hash=manifest["content_hash"],
        segment_hashes=manifest["segment_hashes"],
        store=FolderStore(root / _ACTIVATIONS),
    )


def _check_table_names(tables: dict[str, Any]) -> None:
    """Refuse names that would lead out of the folder of parts."""
    for name, n_rows in tables.items():
        if not name.replace("_", "").isalnum():
            raise ValueError(f"a table is called {name!r}")
        if type(n_rows) is not int:
            raise ValueError(f"a table has {n_rows!r} rows")


def _check_hashes(hashes: list[Any], n_studies: int) -> None:
    """Refuse hashes that do not name the folders of this database's segments."""
    known = all(isinstance(h, str) and _HASH.fullmatch(h) for h in hashes)
    if not known or len(hashes) != len(segment_bounds(n_studies)) - 1:
        raise ValueError("its segments are not those of its studies")


def _open_labels(folder: Path, facts: dict[str, str], n_studies: int) -> LabelSet:
    from scipy.sparse import csc_array

    labels = tuple(json.loads((folder / "names.json").read_text(encoding="utf-8")))
    if not all(isinstance(name, str) for name in (*labels, *facts.values())):
        raise ValueError("its labels are no text")
    weights = None
    if (folder / "data.npy").is_file():
        data, indices, indptr = (_map(folder / f"{n}.npy") for n in _WEIGHT_ARRAYS)
        # SciPy would let too long arrays and odd types pass
        kinds = data.dtype.kind + indices.dtype.kind + indptr.dtype.kind
        if (
            kinds != "fii"
            or data.dtype.itemsize > 8
            or not len(data) == len(indices) == indptr[-1]
        ):
            raise ValueError("the weights of its labels do not fit together")
        shape = (n_studies, len(labels))
        weights = csc_array((data, indices, indptr), shape=shape, copy=False)
        check_indices(weights)
        if not np.isfinite(weights.data).all():
            raise ValueError("it has weights that are not finite")
    return LabelSet(weights=weights, labels=labels, **facts)


def _map(path: Path) -> NDArray[Any]:
    """Map an array; an empty one can't be mapped and is read."""
    only_a_header = path.stat().st_size <= 128
    return load_array(path, mapped=not only_a_header)


def _has_studies(analyses: pd.DataFrame, n_studies: int) -> bool:
    study = analyses["study"].to_numpy() if "study" in analyses else np.zeros(0, "O")
    if study.dtype.kind != "i":
        return False
    return bool(study.min(initial=0) >= 0 and study.max(initial=-1) < n_studies)


class _MappedFile:
    """A file that stays readable when its name is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as stream:
            self.bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _read_parquet(file: _MappedFile, n_rows: int, n_studies: int) -> pd.DataFrame:
    import pandas as pd

    remedy = "compile the database again"
    table = read_parquet(file.path, remedy, content=file.bytes)
    named = file.path.stem == "studies"
    if named and not all(isinstance(i, str) for i in table.get("study_id", [None])):
        raise FormatError(
            f"{file.path} has no ids of studies: compile the database again."
        )
    of_studies = file.path.stem == "analyses" and len(table)
    if of_studies and not _has_studies(table, n_studies):
        raise FormatError(
            f"{file.path} does not say which study each analysis is of: compile the "
            "database again."
        )
    if not len(table.columns):
        table = pd.DataFrame(index=pd.RangeIndex(n_rows))
    if len(table) != n_rows:
        raise FormatError(
            f"{file.path} has {len(table):,} rows instead of {n_rows:,}: compile the "
            "database again."
        )
    return table

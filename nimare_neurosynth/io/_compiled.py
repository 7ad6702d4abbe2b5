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

import contextlib
import json
import mmap
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._activation_store import FolderStore, damaged_activations
from nimare_neurosynth.io._files import hash_file, sync_files, write_atomic
from nimare_neurosynth.io._manifest import (
    FORMAT,
    FORMAT_VERSION,
    MANIFEST,
    check_files,
    is_compiled,
    is_parts_name,
    read_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

_ACTIVATIONS = "activations"
_PEAK_ARRAYS = ("xyz", "study", "analysis", "space")
_WEIGHT_ARRAYS = ("data", "indices", "indptr")
_DAMAGE = (OSError, AttributeError, LookupError, TypeError, ValueError)
"""What comes of opening a folder that a damaged or foreign manifest describes."""


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
    _check_target(target)
    existed = target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with _locked(target):
            _replace(database, target)
    except BaseException as error:
        if not existed:
            with contextlib.suppress(OSError):  # another writer may be at work in it
                target.rmdir()
        if isinstance(error, OSError):
            raise FormatError(
                f"cannot write a database into {target}: {error.strerror or error}."
            ) from error
        raise
    if activations:
        open_database(target).activations()


def _check_target(target: Path) -> None:
    """Refuse to write among files that are not a compiled database's."""
    if target.exists() and not target.is_dir():
        raise FormatError(
            f"{target} is a file: name a folder to write a database into."
        )
    if not target.exists() or is_compiled(target):
        return
    strange = [path for path in target.iterdir() if not _is_ours(path)]
    if strange:
        raise FormatError(
            f"{target} is not empty and holds no compiled database (but "
            f"{strange[0].name}): name a new folder, so that nothing of yours is "
            "overwritten."
        )


def _is_ours(path: Path) -> bool:
    """Tell whether a writer that was killed can have left this."""
    known = path.name == _ACTIVATIONS or path.name.startswith(f".{MANIFEST}-")
    return known or is_parts_name(path.name)


@contextlib.contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Let one process write at a time; the system unlocks when a process ends."""
    if sys.platform == "win32":  # it has no such lock: there, take care yourself
        yield
        return
    import fcntl

    folder = os.open(target, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _replace(database: Database, target: Path) -> None:
    parts = Path(tempfile.mkdtemp(dir=target, prefix="parts-"))
    try:
        parts.chmod(0o755)
        label_sets = _write_parts(database, parts)
        manifest = _manifest(database, parts, label_sets)
        sync_files(parts)
        write_atomic(target / MANIFEST, json.dumps(manifest, indent=1))
    except BaseException:
        shutil.rmtree(parts, ignore_errors=True)
        raise
    # the lock is ours: other parts are of the old manifest, or a killed writer's
    for path in target.iterdir():
        if _is_ours(path) and path.name not in (_ACTIVATIONS, parts.name):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _write_parts(database: Database, parts: Path) -> list[dict[str, str]]:
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
    return described


def _manifest(
    database: Database, parts: Path, label_sets: list[dict[str, str]]
) -> dict[str, Any]:
    files = sorted(path for path in parts.rglob("*") if path.is_file())
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "about": database.about.to_dict(),
        "n_studies": database.n_studies,
        "spaces": database.peaks.spaces,
        "label_sets": label_sets,
        # a table without columns would lose its rows in a file
        "tables": {name: len(database.table(name)) for name in database.table_names},
        "notes": database.notes,
        "content_hash": database.content_hash,
        "parts": parts.name,
        "files": {
            str(path.relative_to(parts)): {
                "bytes": path.stat().st_size,
                "sha256": hash_file(path),
            }
            for path in files
        },
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
        manifest = read_manifest(root)
        try:
            return _open(root, manifest)
        except _DAMAGE as error:
            if is_compiled(root) and read_manifest(root)["parts"] != manifest["parts"]:
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
    manifest = read_manifest(root)
    parts = root / manifest["parts"]
    wrong = [
        f"{parts / name} is not what was written"
        for name, facts in manifest["files"].items()
        if hash_file(parts / name) != facts["sha256"]
    ]
    return wrong + damaged_activations(root / _ACTIVATIONS)


def _open(root: Path, manifest: dict[str, Any]) -> Database:
    parts = root / manifest["parts"]
    check_files(parts, manifest)
    tables = {
        name: partial(_read_parquet, _MappedFile(parts / f"{name}.parquet"), n_rows)
        for name, n_rows in manifest["tables"].items()
    }
    arrays = {name: _map(parts / f"{name}.npy") for name in _PEAK_ARRAYS}
    peaks = Peaks(**arrays, spaces=tuple(manifest["spaces"]))
    peaks.check(manifest["n_studies"])
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
        store=FolderStore(root / _ACTIVATIONS, manifest["content_hash"]),
    )


def _open_labels(folder: Path, facts: dict[str, str], n_studies: int) -> LabelSet:
    from scipy.sparse import csc_array

    labels = tuple(json.loads((folder / "names.json").read_text(encoding="utf-8")))
    weights = None
    if (folder / "data.npy").is_file():
        data, indices, indptr = (_map(folder / f"{n}.npy") for n in _WEIGHT_ARRAYS)
        shape = (n_studies, len(labels))
        weights = csc_array((data, indices, indptr), shape=shape, copy=False)
        weights.check_format(full_check=True)
    return LabelSet(weights=weights, labels=labels, **facts)


def _map(path: Path) -> NDArray[Any]:
    """Map an array; an empty one can't be mapped and is read."""
    if path.stat().st_size <= 128:  # only the header that NumPy writes
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
    return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]


class _MappedFile:
    """A file that stays readable when its name is gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as stream:
            self.bytes = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _read_parquet(file: _MappedFile, n_rows: int) -> pd.DataFrame:
    import pandas as pd
    from pyarrow import ArrowException, BufferReader

    try:
        table = pd.read_parquet(BufferReader(file.bytes))
    except (ArrowException, ValueError, OSError) as error:
        raise FormatError(
            f"{file.path} is damaged ({error}): compile the database again."
        ) from error
    if not len(table.columns):
        table = pd.DataFrame(index=pd.RangeIndex(n_rows))
    if len(table) != n_rows:
        raise FormatError(
            f"{file.path} has {len(table):,} rows instead of {n_rows:,}: compile the "
            "database again."
        )
    return table

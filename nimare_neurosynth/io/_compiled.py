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

import hashlib
import json
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._activation_store import FolderStore
from nimare_neurosynth.io._files import write_atomic

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FORMAT = "nimare-neurosynth-database"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"


def is_compiled(folder: Path) -> bool:
    """Tell whether a folder looks like a compiled database."""
    return (folder / MANIFEST).is_file()


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
        whoever opens it meanwhile sees the old one or the new one. A folder that holds
        something else is refused.
    activations : bool
        Build and store the activations of the default radius and mask too.

    Raises
    ------
    FormatError
        If the folder holds something else or cannot be written.
    """
    target = Path(folder)
    old = _old_parts(target)
    existed = target.exists()
    try:
        target.mkdir(parents=True, exist_ok=True)
        parts = Path(tempfile.mkdtemp(dir=target, prefix="parts-"))
    except OSError as error:
        raise FormatError(
            f"cannot write a database into {target}: {error.strerror or error}."
        ) from error
    try:
        parts.chmod(0o755)
        label_sets = _write_parts(database, parts)
        manifest = _manifest(database, parts, label_sets)
        write_atomic(target / MANIFEST, json.dumps(manifest, indent=1))
    except BaseException as error:
        shutil.rmtree(parts if existed else target, ignore_errors=True)
        if isinstance(error, OSError):
            raise FormatError(
                f"cannot write a database into {target}: {error.strerror or error}."
            ) from error
        raise
    if old is not None:
        shutil.rmtree(target / old, ignore_errors=True)
    if activations:
        open_database(target).activations()


def _old_parts(target: Path) -> str | None:
    """Name the folder of the parts that a new manifest makes useless."""
    if not target.exists():
        return None
    if not target.is_dir():
        raise FormatError(
            f"{target} is a file: name a folder to write a database into."
        )
    if not is_compiled(target):
        if any(target.iterdir()):
            raise FormatError(
                f"{target} is not empty and holds no compiled database: name a new "
                "folder, so that nothing of yours is overwritten."
            )
        return None
    try:
        return str(_read_manifest(target)["parts"])
    except FormatError:
        return None


def _write_parts(database: Database, parts: Path) -> list[dict[str, str]]:
    for name in database.table_names:
        database.table(name).to_parquet(parts / f"{name}.parquet", index=False)
    for name in ("xyz", "study", "analysis", "space"):
        np.save(parts / f"{name}.npy", getattr(database.peaks, name))
    described = []
    for i, labels in enumerate(database.label_sets.values()):
        folder = parts / f"labels-{i}"
        folder.mkdir()
        (folder / "names.json").write_text(json.dumps(labels.labels))
        if labels.weights is not None:
            for array in ("indptr", "indices", "data"):
                np.save(folder / f"{array}.npy", getattr(labels.weights, array))
        described.append(
            {"name": labels.name, "kind": labels.kind, "source": labels.source}
        )
    return described


def _manifest(
    database: Database, parts: Path, label_sets: list[dict[str, str]]
) -> dict[str, Any]:
    files = sorted(p for p in parts.rglob("*") if p.is_file())
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "about": database.about.to_dict(),
        "n_studies": database.n_studies,
        "spaces": database.peaks.spaces,
        "label_sets": label_sets,
        "tables": database.table_names,
        "notes": database.notes,
        "content_hash": database.content_hash,
        "parts": parts.name,
        "files": {
            str(p.relative_to(parts)): {
                "bytes": p.stat().st_size,
                "sha256": hashlib.sha256(p.read_bytes()).hexdigest(),
            }
            for p in files
        },
    }


def open_database(folder: str | Path) -> Database:
    """Open a compiled database.

    Parameters
    ----------
    folder : str or path
        What :func:`write_database` made.

    Returns
    -------
    Database
        Its arrays are memory-mapped and its tables read when they are used.

    Raises
    ------
    FormatError
        If the folder is no compiled database, was written by a newer version of this
        package, or lacks a file or a part of one.
    """
    root = Path(folder)
    manifest = _read_manifest(root)
    parts = root / manifest["parts"]
    for name, facts in manifest["files"].items():
        path = parts / name
        size = path.stat().st_size if path.is_file() else -1
        if size != facts["bytes"]:
            state = "is missing" if size < 0 else f"has {size:,} bytes"
            raise FormatError(
                f"{path} {state}, but the manifest says {facts['bytes']:,} bytes: the "
                "database is damaged; compile it again from its source."
            )
    return Database(
        About(**manifest["about"]),
        n_studies=manifest["n_studies"],
        peaks=_open_peaks(parts, manifest),
        label_sets=[
            _open_labels(parts / f"labels-{i}", facts, manifest["n_studies"])
            for i, facts in enumerate(manifest["label_sets"])
        ],
        tables={
            name: partial(_read_parquet, parts / f"{name}.parquet")
            for name in manifest["tables"]
        },
        notes=manifest["notes"],
        content_hash=manifest["content_hash"],
        store=FolderStore(root / "activations", manifest["content_hash"]),
    )


def _read_manifest(root: Path) -> dict[str, Any]:
    path = root / MANIFEST
    if not path.is_file():
        raise FormatError(f"{root} is not a compiled database: it has no {MANIFEST}.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise FormatError(f"{path} cannot be read ({error}).") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise FormatError(f"{path} is not the manifest of a compiled database.")
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{root} has format version {version}, but this version of "
            f"nimare_neurosynth reads version {FORMAT_VERSION}: update the package or "
            "compile the database again."
        )
    needed = {"about", "n_studies", "spaces", "label_sets", "tables", "notes"}
    missing = {*needed, "content_hash", "parts", "files"} - set(manifest)
    names = [manifest.get("parts", ""), *manifest.get("files", {})]
    outside = [n for n in names if Path(n).is_absolute() or ".." in Path(n).parts]
    if missing or outside:
        raise FormatError(f"{path} is damaged: compile the database again.")
    return manifest


def _open_peaks(parts: Path, manifest: dict[str, Any]) -> Peaks:
    arrays = {
        n: _map(parts / f"{n}.npy") for n in ("xyz", "study", "analysis", "space")
    }
    return Peaks(**arrays, spaces=tuple(manifest["spaces"]))


def _open_labels(folder: Path, facts: dict[str, str], n_studies: int) -> LabelSet:
    from scipy.sparse import csc_array

    labels = tuple(json.loads((folder / "names.json").read_text(encoding="utf-8")))
    weights = None
    if (folder / "data.npy").is_file():
        arrays = [_map(folder / f"{n}.npy") for n in ("data", "indices", "indptr")]
        shape = (n_studies, len(labels))
        weights = csc_array((arrays[0], arrays[1], arrays[2]), shape=shape, copy=False)
    return LabelSet(weights=weights, labels=labels, **facts)


def _map(path: Path) -> NDArray[Any]:
    """Map an array; an empty one can't be mapped and is read."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError:
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path)

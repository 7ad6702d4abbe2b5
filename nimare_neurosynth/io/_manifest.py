"""The manifest of a compiled database: what there is, and whether it is all there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from nimare_neurosynth.errors import FormatError

FORMAT = "nimare-neurosynth-database"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"

_PARTS = re.compile(r"parts-\w+")
_TABLE = re.compile(r"\w+")
_TYPES: dict[str, type] = {
    "about": dict,
    "n_studies": int,
    "spaces": list,
    "label_sets": list,
    "tables": dict,
    "notes": list,
    "content_hash": str,
    "parts": str,
    "files": dict,
}


def is_compiled(folder: Path) -> bool:
    """Tell whether a folder looks like a compiled database."""
    return (folder / MANIFEST).is_file()


def is_parts_name(name: object) -> bool:
    """Tell whether this can be the name of the folder of a database's parts."""
    return isinstance(name, str) and _PARTS.fullmatch(name) is not None


def read_manifest(root: Path) -> dict[str, Any]:
    """Read and check the manifest of a compiled database.

    Parameters
    ----------
    root : pathlib.Path
        The folder of the database.

    Returns
    -------
    dict
        With all fields, each of the right type.

    Raises
    ------
    FormatError
        If there is none, it is damaged, or it is of another format or version.
    """
    path = root / MANIFEST
    if not path.is_file():
        raise FormatError(f"{root} is not a compiled database: it has no {MANIFEST}.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
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
    wrong = [k for k, kind in _TYPES.items() if not isinstance(manifest.get(k), kind)]
    if wrong or not _is_safe(manifest):
        what = wrong[0] if wrong else "a path in it"
        raise FormatError(
            f"{path} is damaged ({what} is wrong): compile the database again."
        )
    return manifest


def _is_safe(manifest: dict[str, Any]) -> bool:
    """Tell whether no name in a manifest can lead out of the folder of parts."""
    files = [Path(name) for name in manifest["files"]]
    inside = all(not f.is_absolute() and ".." not in f.parts for f in files)
    tables = all(_TABLE.fullmatch(name) for name in manifest["tables"])
    return inside and tables and is_parts_name(manifest["parts"])


def check_files(parts: Path, manifest: dict[str, Any]) -> None:
    """Raise a FormatError unless every file is there and has its size."""
    for name, facts in manifest["files"].items():
        path = parts / name
        size = path.stat().st_size if path.is_file() else -1
        if size != facts["bytes"]:
            state = "is missing" if size < 0 else f"has {size:,} bytes"
            raise FormatError(
                f"{path} {state}, but the manifest says {facts['bytes']:,} bytes: the "
                "database is damaged; compile it again from its source."
            )

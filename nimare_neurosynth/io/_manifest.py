"""Manifests of folders that are replaced as a whole: what there is, is it all there.

::

    manifest.json      format, facts, the folder of parts, its files with size and hash
    parts-<name>/      everything else
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._files import STAGING, hash_file

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST = "manifest.json"
PARTS = "parts-"
_PARTS_NAME = re.compile(r"parts-\w+")
_COMMON: dict[str, type] = {"parts": str, "files": dict}


@dataclass(frozen=True)
class FolderFormat:
    """A kind of folder that is replaced as a whole.

    Attributes
    ----------
    name, version : str, int
        What its manifest must say.
    title : str
        What messages call it: "compiled database".
    remedy : str
        What to do about a damaged one.
    fields : mapping of str to type
        Facts that its manifest must have.
    beside : frozenset of str
        What may stand beside the parts and can be made again.
    """

    name: str
    version: int
    title: str
    remedy: str
    fields: Mapping[str, type]
    beside: frozenset[str] = field(default_factory=frozenset)

    def is_ours(self, path: Path) -> bool:
        """Tell whether a writer (that was killed, maybe) made this."""
        known = path.name in self.beside or path.name.startswith(
            f"{STAGING}{MANIFEST}-"
        )
        return known or is_parts_name(path.name)


def has_manifest(folder: Path) -> bool:
    """Tell whether a folder looks like one that is replaced as a whole."""
    return (folder / MANIFEST).is_file()


def is_parts_name(name: object) -> bool:
    """Tell whether this can be the name of the folder of parts."""
    return isinstance(name, str) and _PARTS_NAME.fullmatch(name) is not None


def manifest_format(folder: Path) -> str | None:
    """Say of which format a folder's manifest is; None if there is none to read."""
    facts = _any_facts(folder)
    if not facts or not isinstance(facts, dict | list):  # what damage leaves
        return None
    named = facts.get("format") if isinstance(facts, dict) else None
    return named if isinstance(named, str) else f"a {MANIFEST} of another kind"


def named_parts(folder: Path) -> str | None:
    """Give the name of the folder of parts that is in force, if there is one."""
    facts = _any_facts(folder)
    return str(facts["parts"]) if isinstance(facts, dict) and "parts" in facts else None


def _any_facts(folder: Path) -> Any:
    """Read whatever a manifest holds; None if it cannot be read."""
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def read_manifest(root: Path, form: FolderFormat) -> dict[str, Any]:
    """Read and check a manifest.

    Parameters
    ----------
    root : pathlib.Path
        The folder it is in.
    form : FolderFormat
        What it must be.

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
        raise FormatError(f"{root} is not a {form.title}: it has no {MANIFEST}.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise FormatError(f"{path} cannot be read ({error}).") from error
    if not isinstance(manifest, dict) or manifest.get("format") != form.name:
        raise FormatError(f"{path} is not the manifest of a {form.title}.")
    version = manifest.get("format_version")
    if version != form.version:
        raise FormatError(
            f"{root} has format version {version}, but this version of "
            f"nimare_neurosynth reads version {form.version}: update the package or "
            f"{form.remedy}."
        )
    fields = {**_COMMON, **form.fields}
    wrong = [k for k, kind in fields.items() if not isinstance(manifest.get(k), kind)]
    if not wrong and not _files_are_described(manifest):
        wrong = ["a path in it, or what it says of a file,"]
    if wrong:
        raise FormatError(f"{path} is damaged ({wrong[0]} is wrong): {form.remedy}.")
    return manifest


def _files_are_described(manifest: dict[str, Any]) -> bool:
    """Tell whether files have size and hash, and no name leads out of the folder."""
    for facts in manifest["files"].values():
        if not isinstance(facts, dict) or not isinstance(facts.get("bytes"), int):
            return False
        if not isinstance(facts.get("sha256"), str):
            return False
    files = [Path(name) for name in manifest["files"]]
    inside = all(not f.is_absolute() and ".." not in f.parts for f in files)
    return inside and is_parts_name(manifest["parts"])


def check_files(root: Path, manifest: dict[str, Any], form: FolderFormat) -> None:
    """Raise a FormatError unless every file is there and has its size."""
    for name, facts in manifest["files"].items():
        path = root / manifest["parts"] / name
        size = path.stat().st_size if path.is_file() else -1
        if size != facts["bytes"]:
            state = "is missing" if size < 0 else f"has {size:,} bytes"
            raise FormatError(
                f"{path} {state}, but the manifest says {facts['bytes']:,} bytes: it "
                f"is damaged; {form.remedy}."
            )


def list_files(parts: Path) -> dict[str, dict[str, Any]]:
    """Describe every file below a folder: its size and SHA-256."""
    return {
        str(path.relative_to(parts)): {
            "bytes": path.stat().st_size,
            "sha256": hash_file(path),
        }
        for path in sorted(parts.rglob("*"))
        if path.is_file()
    }


def damaged_files(root: Path, manifest: dict[str, Any]) -> list[str]:
    """List the files that are not what was written, a sentence each."""
    parts = root / manifest["parts"]
    return [
        f"{parts / name} is not what was written"
        for name, facts in manifest["files"].items()
        if not (parts / name).is_file() or hash_file(parts / name) != facts["sha256"]
    ]

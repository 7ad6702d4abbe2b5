"""Activations on disk, beside their database or in the user's cache."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import BLOCK_SIZE, Segment
from nimare_neurosynth.io._cache import cache_folder
from nimare_neurosynth.io._files import (
    STAGING,
    hash_file,
    load_array,
    sweep,
    sync_files,
)

if TYPE_CHECKING:
    from collections.abc import Container

_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_ARRAYS = ("offsets", "runs", "sizes", "totals", "has_peaks")

ENGINE_VERSION = 2
"""Raise it when activations change in meaning or layout: old ones are made anew."""


class FolderStore:
    """Keeps segments of activations, each in a folder named after what made it.

    ``<folder>/<key>/<peaks>/``: the key names radius, mask and Talairach matrix, the
    peaks are named by their hash. So nothing stored is ever out of date, and databases
    may share what they have in common.

    Parameters
    ----------
    folder : pathlib.Path
        Beside the database; where it cannot be written, the user's cache is used.
    """

    def __init__(self, folder: Path) -> None:
        self.folders = [folder, cache_folder() / "activations"]

    def get(self, key: str, peaks: str) -> Segment | None:
        """Give a stored segment, memory-mapped; None if there is none in order."""
        for folder in self.folders:
            with contextlib.suppress(*_DAMAGE):
                return _open(folder / key / peaks)
        return None

    def put(self, key: str, peaks: str, segment: Segment) -> None:
        """Store a segment; where no folder can be written, do nothing."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                _write(folder / key, peaks, segment)
                return


def _open(folder: Path) -> Segment:
    facts: dict[str, Any] = json.loads((folder / "facts.json").read_text())
    if facts["engine_version"] != ENGINE_VERSION:
        raise ValueError("activations of another version of the engine")
    if facts["peaks"] != folder.name or facts["block_size"] != BLOCK_SIZE:
        raise ValueError("activations of other studies, or in other blocks")
    arrays = {}
    for name in _ARRAYS:
        path = folder / f"{name}.npy"
        if path.stat().st_size != facts["bytes"][name]:
            raise ValueError(f"{path} is damaged")
        arrays[name] = load_array(path, mapped=True)
    made = Segment(**arrays, block_size=facts["block_size"])
    made.check()
    return made


def _write(folder: Path, name: str, segment: Segment) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    staging = Path(tempfile.mkdtemp(dir=folder, prefix=STAGING))
    try:
        staging.chmod(0o755)
        for array in _ARRAYS:
            np.save(staging / f"{array}.npy", getattr(segment, array))
        sizes = {n: (staging / f"{n}.npy").stat().st_size for n in _ARRAYS}
        facts = {
            "engine_version": ENGINE_VERSION,
            "peaks": name,
            "block_size": segment.block_size,
            "bytes": sizes,
            "sha256": {n: hash_file(staging / f"{n}.npy") for n in _ARRAYS},
        }
        (staging / "facts.json").write_text(json.dumps(facts))
        sync_files(staging)
        if (folder / name).exists():  # damaged or of an older engine: get() refused it
            _discard(folder / name)
        staging.rename(folder / name)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def damaged_activations(folder: Path) -> list[str]:
    """List the files of stored activations that are not what was written."""
    wrong = []
    for stored in sorted(folder.glob("*/[!.]*")):
        try:
            hashes = json.loads((stored / "facts.json").read_text())["sha256"]
            if sorted(hashes) != sorted(_ARRAYS):
                raise ValueError("it does not list all arrays")
        except _DAMAGE as error:
            wrong.append(f"{stored / 'facts.json'} cannot be read ({error})")
            continue
        paths = {stored / f"{name}.npy": wanted for name, wanted in hashes.items()}
        wrong += [
            f"{path} is not what was written"
            for path, wanted in paths.items()
            if not path.is_file() or hash_file(path) != wanted
        ]
    return wrong


def drop_activations(folder: Path, kept: Container[str]) -> None:
    """Delete the stored segments of peaks that a database no longer has."""
    for stored in folder.glob("*/*"):
        if stored.name not in kept and not stored.name.startswith(STAGING):
            _discard(stored)


def _discard(stored: Path) -> None:
    """Delete a stored segment in one step: a killed process leaves no half of it."""
    with contextlib.suppress(OSError):  # as far as that can be done
        away = Path(tempfile.mkdtemp(dir=stored.parent, prefix=STAGING))
        try:
            stored.rename(away / stored.name)
        finally:
            shutil.rmtree(away, ignore_errors=True)

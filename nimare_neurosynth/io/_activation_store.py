"""Activations on disk, beside their database or in the user's cache."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nimare_neurosynth.engine import Activations
from nimare_neurosynth.io._cache import cache_folder
from nimare_neurosynth.io._files import hash_file

_ARRAYS = ("offsets", "runs", "sizes", "totals", "has_peaks")

ENGINE_VERSION = 1
"""Raise it when activations change in meaning or layout: old ones are made anew."""


class FolderStore:
    """Keeps activations in a folder for each radius, mask and Talairach matrix.

    Parameters
    ----------
    folder : pathlib.Path
        Beside the database; where it cannot be written, the user's cache is used.
    content_hash : str
        Hash of the database: activations of other data are not taken for its own.
    """

    def __init__(self, folder: Path, content_hash: str) -> None:
        self.content_hash = content_hash
        self.folders = [folder, cache_folder() / "activations" / content_hash[:32]]

    def get(self, key: str) -> Activations | None:
        """Give stored activations, memory-mapped; None if there are none in order."""
        for folder in self.folders:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                return self._open(folder / key)
        return None

    def _open(self, folder: Path) -> Activations:
        facts: dict[str, Any] = json.loads((folder / "facts.json").read_text())
        if facts["content_hash"] != self.content_hash:
            raise ValueError("activations of another database")
        if facts["engine_version"] != ENGINE_VERSION:
            raise ValueError("activations of another version of the engine")
        arrays = {}
        for name in _ARRAYS:
            path = folder / f"{name}.npy"
            if path.stat().st_size != facts["bytes"][name]:
                raise ValueError(f"{path} is damaged")
            arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        made = Activations(**arrays, block_size=facts["block_size"])
        made.check()
        return made

    def put(self, key: str, activations: Activations) -> None:
        """Store activations; where no folder can be written, do nothing."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                self._write(folder, key, activations)
                return

    def _write(self, folder: Path, key: str, activations: Activations) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
        try:
            staging.chmod(0o755)
            for name in _ARRAYS:
                np.save(staging / f"{name}.npy", getattr(activations, name))
            sizes = {n: (staging / f"{n}.npy").stat().st_size for n in _ARRAYS}
            facts = {
                "content_hash": self.content_hash,
                "engine_version": ENGINE_VERSION,
                "block_size": activations.block_size,
                "bytes": sizes,
                "sha256": {n: hash_file(staging / f"{n}.npy") for n in _ARRAYS},
            }
            (staging / "facts.json").write_text(json.dumps(facts))
            if (folder / key).exists():  # damaged or of older data, or get() had it
                shutil.rmtree(folder / key)
            staging.rename(folder / key)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def damaged_activations(folder: Path) -> list[str]:
    """List the files of stored activations that are not what was written."""
    wrong = []
    for stored in sorted(folder.iterdir()) if folder.is_dir() else []:
        if stored.name.startswith("."):
            continue
        try:
            hashes = json.loads((stored / "facts.json").read_text())["sha256"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            wrong.append(f"{stored / 'facts.json'} cannot be read ({error})")
            continue
        paths = {stored / f"{name}.npy": wanted for name, wanted in hashes.items()}
        wrong += [
            f"{path} is not what was written"
            for path, wanted in paths.items()
            if not path.is_file() or hash_file(path) != wanted
        ]
    return wrong

"""The user's cache: what can be made again, kept to save time."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

CACHE_VARIABLE = "NIMARE_NEUROSYNTH_CACHE"


def cache_folder() -> Path:
    """Name the folder that caches are kept in; it may not exist.

    Returns
    -------
    pathlib.Path
        ``$NIMARE_NEUROSYNTH_CACHE`` if that is set, else the platform's place for
        caches (``~/.cache/nimare-neurosynth`` on Linux).
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("nimare-neurosynth", appauthor=False)


def clear_cache(*, downloads: bool = False) -> None:
    """Delete everything that is cached; it is made again when it is needed.

    Parameters
    ----------
    downloads : bool
        Also the files that :func:`nimare_neurosynth.fetch` has downloaded, and what it
        has recorded of them.
    """
    for name in ("databases", "activations", *["downloads"][:downloads]):
        shutil.rmtree(cache_folder() / name, ignore_errors=True)


def fingerprint(paths: list[Path], *salt: str) -> str:
    """Hash the names and contents of files (and of what is done with them)."""
    digest = hashlib.sha256("\0".join(salt).encode())
    for path in paths:
        digest.update(f"\0{path.name}\0".encode())
        with path.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:32]

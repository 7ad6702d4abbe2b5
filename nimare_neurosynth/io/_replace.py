"""Writing of folders that are replaced as a whole.

The manifest is written last and replaced in one step, and it names the folder of its
parts: a process that is killed leaves the old content or the new one. One process
writes at a time.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError, warn
from nimare_neurosynth.io._files import folders_to_make, sync_files, write_atomic
from nimare_neurosynth.io._manifest import (
    MANIFEST,
    PARTS,
    FolderFormat,
    list_files,
    manifest_format,
    named_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def replace_folder(
    target: Path,
    form: FolderFormat,
    write: Callable[[Path], dict[str, Any]],
    *,
    resume: str | None = None,
    is_done: Callable[[], bool] = lambda: False,
) -> None:
    """Replace the content of a folder as a whole.

    Parameters
    ----------
    target : pathlib.Path
        Made if missing. A folder that holds something else is refused.
    form : FolderFormat
        What the folder is to be.
    write : callable
        Gets a folder to write files into and gives the facts of the manifest. It is
        called when nobody else writes.
    resume : str, optional
        Name of the work, of letters and digits. What a killed or failed ``write`` of
        the same name has left in its folder is still there when it is called again;
        without a name, it begins with an empty folder.
    is_done : callable
        Asked when nobody else writes: whether another process has done the work by now.

    Raises
    ------
    FormatError
        If the folder holds something else or cannot be written.
    ValueError
        If the work has no such name.
    """
    if resume is not None and not resume.isalnum():
        raise ValueError(f"resume must be of letters and digits, got {resume!r}")
    check_target(target, form)
    made = folders_to_make(target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        with locked(target):
            if not is_done():
                _replace(target, form, write, resume)
    except BaseException as error:
        with contextlib.suppress(OSError):  # another may be at work, or work is kept
            for empty in made:
                empty.rmdir()
        system = error if isinstance(error, OSError) else error.__cause__
        if isinstance(system, OSError):
            raise FormatError(
                f"cannot write a {form.title} into {target}: "
                f"{system.strerror or system}."
            ) from system
        raise


def check_target(target: Path, form: FolderFormat) -> None:
    """Refuse to write among files that are not of this format.

    Raises
    ------
    FormatError
        If there is a file of this name, or the folder holds something else.
    """
    if target.exists() and not target.is_dir():
        raise FormatError(
            f"{target} is a file: name a folder to write a {form.title} into."
        )
    if not target.exists():
        return
    found = manifest_format(target)
    if found == form.name:
        return
    if found is not None:
        raise FormatError(
            f"{target} holds something else ({found}): name a new folder to write a "
            f"{form.title} into."
        )
    ours = {target / MANIFEST}  # damaged, if it is there
    strange = [p for p in target.iterdir() if not (p in ours or form.is_ours(p))]
    if strange:
        raise FormatError(
            f"{target} is not empty and holds no {form.title} (but "
            f"{strange[0].name}): name a new folder, so that nothing of yours is "
            "overwritten."
        )


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Let one process write at a time; the system unlocks when a process ends."""
    if sys.platform == "win32":  # it has no such lock: there, take care yourself
        yield
        return
    import fcntl

    folder = os.open(target, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            warn(f"another process is writing into {target}: waiting until it is done.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _replace(
    target: Path,
    form: FolderFormat,
    write: Callable[[Path], dict[str, Any]],
    resume: str | None,
) -> None:
    parts = _parts_folder(target, resume)
    try:
        facts = write(parts)
        sync_files(parts)
        manifest = {
            "format": form.name,
            "format_version": form.version,
            **facts,
            "parts": parts.name,
            "files": list_files(parts),
        }
        write_atomic(target / MANIFEST, json.dumps(manifest, indent=1))
    except BaseException:
        if resume is None:
            shutil.rmtree(parts, ignore_errors=True)
        raise
    # the lock is ours: other parts are of the old manifest, or a killed writer's
    for path in target.iterdir():
        if form.is_ours(path) and path.name not in {*form.beside, parts.name}:
            remove(path)


def _parts_folder(target: Path, resume: str | None) -> Path:
    if resume is None:
        parts = Path(tempfile.mkdtemp(dir=target, prefix=PARTS))
        parts.chmod(0o755)
        return parts
    # of the same work, finished once, the manifest may still be in force
    names = [f"{PARTS}{resume}", f"{PARTS}{resume}_again"]
    parts = target / names[named_parts(target) == names[0]]
    parts.mkdir(exist_ok=True)
    return parts


def remove(path: Path) -> None:
    """Delete a file or folder, as far as that can be done."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

"""Files: text that must be UTF-8, and writing that is whole or not at all."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TEXT_BYTES = 2 << 30
"""A file that unpacks to more than this is refused."""

_WIDE_MARKS = {
    b"\xff\xfe": "UTF-16 (little-endian)",
    b"\xfe\xff": "UTF-16 (big-endian)",
}


def read_text(path: Path) -> str:
    """Read a text file, unpacking it where it is gzipped.

    Parameters
    ----------
    path : pathlib.Path
        UTF-8, with or without a byte-order mark.

    Returns
    -------
    str

    Raises
    ------
    FormatError
        If the file cannot be read or unpacked, or is in another encoding.
    """
    data = _read_bytes(path)
    for mark, name in _WIDE_MARKS.items():
        if data.startswith(mark):
            raise FormatError(f"{path} is {name} text: save it as UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"{path}:{line} is not UTF-8 text (byte 0x{data[error.start]:02x}); it is "
            "probably Latin-1 or Windows-1252: save it as UTF-8."
        ) from error
    if "\0" in text:
        raise FormatError(f"{path} is not a text file: it holds NUL characters.")
    return text


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            data = stream.read(MAX_TEXT_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(
            f"{path} cannot be unpacked ({error}): the file is cut short or damaged; "
            "get it again."
        ) from error
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read: {error.strerror or error}."
        ) from error
    if len(data) > MAX_TEXT_BYTES:
        raise FormatError(f"{path} unpacks to more than {MAX_TEXT_BYTES >> 30} GB.")
    return data


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Where; replaced if it is there.
    content : str or bytes
        Text is written as UTF-8.
    """
    if path.is_dir():
        raise FormatError(f"{path} is a folder: name a file.")
    data = content.encode() if isinstance(content, str) else content
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def check_folder(folder: Path) -> None:
    """Check, before work starts, that a folder can be written or made.

    Parameters
    ----------
    folder : pathlib.Path
        It may not exist yet.

    Raises
    ------
    FormatError
        If it is a file, lies below a file, or is read-only.
    """
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        why = "it is a file" if nearest == folder else f"{nearest} is a file"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        why = f"{nearest} is read-only"
    else:
        return
    raise FormatError(f"cannot write into {folder}: {why}.")


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Write several files into a folder: all of them, or none after a failure.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it is missing. Other files in it stay.

    Yields
    ------
    pathlib.Path
        An empty folder to write into; its files move to ``folder`` at the end.

    Raises
    ------
    FormatError
        If the folder cannot be made or written.
    """
    made = _first_to_make(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
    except OSError as error:
        raise FormatError(
            f"cannot write into {folder}: {error.strerror or error}."
        ) from error
    try:
        yield staging
        _move_all(staging, folder)
    except BaseException:
        shutil.rmtree(made or staging, ignore_errors=True)
        raise
    shutil.rmtree(staging, ignore_errors=True)


def _first_to_make(folder: Path) -> Path | None:
    """Name the topmost of the folders that have to be made; None if it is there."""
    if folder.exists():
        return None
    while not folder.parent.exists():
        folder = folder.parent
    return folder


def _move_all(staging: Path, folder: Path) -> None:
    """Move files to a folder; if one can't be moved, put everything back."""
    replaced = Path(tempfile.mkdtemp(dir=staging, prefix=".replaced-"))
    moved: list[Path] = []
    try:
        for path in sorted(p for p in staging.iterdir() if p != replaced):
            target = folder / path.name
            if target.is_file():
                target.replace(replaced / path.name)
            path.replace(target)  # fails where a folder stands
            moved.append(target)
    except BaseException:
        for target in moved:
            target.unlink(missing_ok=True)
        for path in replaced.iterdir():
            path.replace(folder / path.name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

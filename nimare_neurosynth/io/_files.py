"""Files: text that must be UTF-8, and writing that is whole or not at all."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
import time
import tokenize
import warnings
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray

MAX_TEXT_BYTES = 2 << 30
"""A file that unpacks to more than this is refused."""

_MAX_TIMES, _NEVER_REFUSED_BYTES = 200, 4 << 20
"""So is one that unpacks to so many times its size (tables: 3 to 20 times), unless that
is little: a file that was made to fill the memory unpacks to 1,000 times its size."""

_NOT_AN_ARRAY = (
    ArithmeticError,
    EOFError,
    MemoryError,
    SyntaxError,
    TypeError,
    Warning,
    tokenize.TokenError,
)
"""What NumPy makes of headers that nobody wrote on purpose."""

STAGING = ".writing-"
"""Begin of the names of files and folders in which results wait until complete."""

_LEFT_BEHIND_SECONDS = 24 * 3600

_WIDE_MARKS = {
    b"\xff\xfe": "UTF-16 (little-endian)",
    b"\xfe\xff": "UTF-16 (big-endian)",
}


def most_unpacked(path: Path) -> int:
    """Say how many bytes a packed file may unpack to before it is refused."""
    return max(_MAX_TIMES * path.stat().st_size, _NEVER_REFUSED_BYTES)


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
    data = read_bytes(path)
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


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text file, plain or gzipped."""
    return read_text(path).splitlines()


def lines_of(path: Path) -> list[str]:
    """Read terms or patterns from a text file, one on each line.

    Raises
    ------
    FormatError
        If it cannot be read, or there is none in it.
    """
    found = [line.strip() for line in read_lines(path)]
    found = [line for line in found if line]
    if not found:
        raise FormatError(f"{path} is empty: a term or pattern on each line is needed.")
    return found


def read_bytes(path: Path) -> bytes:
    """Read a file, unpacking it where it is gzipped.

    Raises
    ------
    FormatError
        If it cannot be read, or unpacks to more than any file of data does.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            # asking for more than there is would set so much memory aside
            most = most_unpacked(path) if packed else path.stat().st_size
            data = stream.read(min(most, MAX_TEXT_BYTES) + 1)
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
    if packed and len(data) > most:
        raise FormatError(
            f"{path} unpacks to more than {_MAX_TIMES} times its size, as no table "
            "does. If it is in order, unpack it and give the unpacked file."
        )
    return data


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Where; replaced if it is there.
    content : str or bytes
        Text is written as UTF-8.

    Raises
    ------
    FormatError
        If it is a folder or cannot be written.
    """
    if path.is_dir():
        raise FormatError(f"{path} is a folder: name a file.")
    data = content.encode() if isinstance(content, str) else content
    with _told(f"cannot write {path}"):
        sweep(path.parent)
        prefix = f"{STAGING}{path.name}-"
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix)
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
        _sync_folder(path.parent)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say what could not be done when the system refuses something."""
    try:
        yield
    except OSError as error:
        raise FormatError(f"{what}: {error.strerror or error}.") from error


def json_bytes(value: Any, *, indent: int | None = None) -> bytes:
    """Give JSON as UTF-8.

    Parameters
    ----------
    value : object
        Plain types.
    indent : int, optional

    Returns
    -------
    bytes
    """
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a character, which only an escape can hold
        return json.dumps(value, indent=indent).encode()


def write_json(path: Path, facts: Mapping[str, Any]) -> None:
    """Write facts as indented JSON, whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Where.
    facts : mapping
        Plain types.
    """
    write_atomic(path, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def write_table(path: Path, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    """Write a table as TSV, with a sidecar that says where it came from.

    Parameters
    ----------
    path : pathlib.Path
        Ends in ``.tsv``; the sidecar ends in ``.json``.
    table : pandas.DataFrame
        What to write, without its index.
    facts : mapping
        What the sidecar says besides the name of the table.
    """
    write_atomic(path, table.to_csv(sep="\t", index=False))
    write_json(path.with_suffix(".json"), {"table": path.name, **facts})


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
def atomic_folder(
    folder: Path, *, stale: Callable[[str], bool] = lambda _: False
) -> Iterator[Path]:
    """Write several files into a folder: all of them, or none after a failure.

    Parameters
    ----------
    folder : pathlib.Path
        Made if it is missing. Other files in it stay.
    stale : callable
        Says of the name of a file whether it is to go when the new ones come, since it
        belongs to an earlier result.

    Yields
    ------
    pathlib.Path
        An empty folder to write into; its files move to ``folder`` at the end, each in
        one step.

    Raises
    ------
    FormatError
        If the folder cannot be made or written.
    """
    made = folders_to_make(folder)
    with _told(f"cannot write into {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder)
        staging = Path(tempfile.mkdtemp(dir=folder, prefix=STAGING))
        try:
            yield staging
            _move_all(staging, folder, stale)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            with suppress(OSError):  # others may have come to use them meanwhile
                for empty in made:
                    empty.rmdir()
            raise
        staging.rmdir()
        _sync_folder(folder)


def sweep(folder: Path) -> None:
    """Delete what a killed process left unfinished here more than a day ago."""
    for path in folder.glob(f"{STAGING}*"):
        with suppress(OSError):  # its writer may be just finishing
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def folders_to_make(folder: Path) -> list[Path]:
    """List the folders that have to be made, innermost first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing


def _move_all(staging: Path, folder: Path, stale: Callable[[str], bool]) -> None:
    """Move files to a folder, each over its namesake; take away what is stale."""
    names = sorted(path.name for path in staging.iterdir())
    for name in names:
        if (folder / name).is_dir():
            raise FormatError(f"{folder / name} is a folder where a file should go.")
    for name in names:
        (staging / name).replace(folder / name)
    for path in folder.iterdir():
        if path.name not in names and path.is_file() and stale(path.name):
            path.unlink(missing_ok=True)


def load_array(path: Path, *, mapped: bool) -> NDArray[Any]:
    """Read or map an array that NumPy wrote, without unpickling anything.

    Raises
    ------
    ValueError
        If it is anything else, whatever NumPy makes of that.
    """
    import numpy as np

    with path.open("rb") as stream:
        if stream.read(6) != b"\x93NUMPY":
            raise ValueError(f"{path} is no array")
    try:
        mode: Any = "r" if mapped else None
        with np.errstate(over="raise"), warnings.catch_warnings():
            # sizes are multiplied without a look, odd types are warned of only
            warnings.simplefilter("error")
            array: NDArray[Any] = np.load(path, mmap_mode=mode, allow_pickle=False)
    except _NOT_AN_ARRAY as error:
        raise ValueError(f"{path} is damaged ({error})") from error
    if not array.dtype.isnative:
        raise ValueError(f"{path} has its bytes in an order that was never written")
    return array


def hash_file(path: Path) -> str:
    """Give the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_files(folder: Path) -> None:
    """Have the system put a folder and all files below it on the disk now."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """Have the system put the names in a folder on the disk now, where it can."""
    with suppress(OSError):  # Windows and some network disks cannot
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

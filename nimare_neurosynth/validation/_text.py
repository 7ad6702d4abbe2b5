"""Bytes of a file as text, whatever encoding they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._files import read_bytes
from nimare_neurosynth.validation._problems import ERROR, Place, Spot

if TYPE_CHECKING:
    from pathlib import Path

    from nimare_neurosynth.validation._problems import Problem

_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"\xef\xbb\xbf": "UTF-8-sig"}


def spot_of(path: Path, problems: list[Problem]) -> Spot:
    """Give the spot of a whole file."""
    return Spot(problems, Place(path.name))


def read_any_text(path: Path, problems: list[Problem]) -> str:
    """Read a text file; another encoding than UTF-8 is a problem that is repaired.

    Raises
    ------
    FormatError
        If the file cannot be read or unpacked, or is no text.
    """
    data, spot = read_bytes(path), spot_of(path, problems)
    mark = next((m for m in _MARKS if data.startswith(m)), None)
    if mark is not None:
        text = _marked(data, _MARKS[mark], path)
        wide = _MARKS[mark] == "UTF-16"
        what = (
            "the file is UTF-16" if wide else "the file begins with a byte-order mark"
        )
        options: dict[str, Any] = {"severity": ERROR} if wide else {}
        new = "written as UTF-8" if wide else "the mark is left out"
        spot.tell("encoding", what, repair=new, **options)
    else:
        text = _unmarked(data, spot)
    if "\0" in text:
        raise FormatError(f"{path} is not a text file: it holds NUL characters.")
    return text


def _marked(data: bytes, encoding: str, path: Path) -> str:
    try:
        return data.decode(encoding).lstrip("\N{ZERO WIDTH NO-BREAK SPACE}")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is no {encoding} text ({error.reason}).") from error


def _unmarked(data: bytes, spot: Spot) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 text (byte 0x{data[error.start]:02x})"
    try:
        text, name = data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        text, name = data.decode("latin-1"), "Latin-1"
    repair = f"read as {name} and written as UTF-8"
    spot.on(line).tell("encoding", what, severity=ERROR, repair=repair)
    return text

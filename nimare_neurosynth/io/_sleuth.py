"""The text that Sleuth and GingerALE read and write.

::

    //Reference=MNI
    //Smith, 2010: faces > houses
    //Subjects=12
    -38  -48  -20
     40  -52  -18

A block for each experiment, with an empty line between them; what stands before the
first colon is the study, what follows the contrast.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._build import Parts
from nimare_neurosynth.io._files import read_lines

if TYPE_CHECKING:
    from pathlib import Path

OPTION = re.compile(r"//\s*(reference|subjects)\s*=\s*(.*)", re.IGNORECASE)
SPACES = {"mni": "MNI", "talairach": "TAL", "tal": "TAL"}
_NUMBER = re.compile(r"[\s,;]+")


@dataclass
class _Block:
    """An experiment: its headings, subjects and coordinates."""

    headings: list[str] = field(default_factory=list)
    subjects: str = ""
    space: str = ""
    xyz: list[list[float]] = field(default_factory=list)

    @property
    def study(self) -> str:
        return self.headings[0].partition(":")[0].strip() or self.headings[0]

    @property
    def contrast(self) -> str:
        """Contrasts of all headings; several can stand above one list of peaks."""
        parts = []
        for heading in self.headings:
            study, _, contrast = heading.partition(":")
            same = study.strip() == self.study
            parts.append((contrast if same else heading).strip())
        return "; ".join(dict.fromkeys(part for part in parts if part))


def is_sleuth(path: Path) -> bool:
    """Tell whether a text is of this form: its first words are a comment."""
    if not path.name.lower().endswith(".txt"):
        return False
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
    except OSError:  # who reads it will say so
        return False
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"//")


def read_sleuth(path: Path) -> Parts:
    """Read a Sleuth text.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Parts
        A study for each name before a colon, with its contrasts as analyses; the number
        of subjects is the column ``sample_size`` of studies (the largest, where
        contrasts differ).

    Raises
    ------
    FormatError
        If a line is neither a heading nor three numbers, or coordinates have no
        heading.
    """
    notes: list[str] = []
    blocks = [block for block in _blocks(path, notes) if block.xyz]
    if not blocks:
        raise FormatError(f"{path} has no coordinates.")
    code, names = pd.factorize(np.array([b.study for b in blocks], dtype=object))
    sizes = pd.Series([_size(b, notes) for b in blocks], dtype="float64")
    studies = pd.DataFrame({"study_id": pd.Series(names, dtype="str")})
    largest = sizes.groupby(code).max()
    if largest.notna().any():
        studies["sample_size"] = largest.to_numpy()
    if not all(block.space for block in blocks):
        notes.append("no reference is given: coordinates are used as they are")
    counts = [len(block.xyz) for block in blocks]
    contrasts = [block.contrast or f"experiment {i}" for i, block in enumerate(blocks)]
    return Parts(
        about=About(path.name.removesuffix(".txt"), source=path.name),
        studies=studies,
        peak_study=np.repeat(code, counts).astype(np.int64),
        xyz=np.array([xyz for block in blocks for xyz in block.xyz]),
        space=np.repeat([block.space for block in blocks], counts).tolist(),
        peak_columns=pd.DataFrame({"contrast": np.repeat(contrasts, counts)}),
        notes=list(dict.fromkeys(notes)),
    )


def _blocks(path: Path, notes: list[str]) -> list[_Block]:
    blocks, space = [_Block()], ""
    for number, line in enumerate(read_lines(path), start=1):
        text = line.strip()
        if not text:
            continue
        found = OPTION.match(text)
        if found and found[1].lower() == "reference":
            space = _space(found[2], notes)
        elif text.startswith("//"):
            if blocks[-1].xyz:  # a new experiment begins
                blocks.append(_Block())
            if found:
                blocks[-1].subjects = found[2].strip()
            elif text.strip("/ "):
                blocks[-1].headings.append(text.lstrip("/ ").strip())
        else:
            if not blocks[-1].headings:
                raise FormatError(
                    f"{path}:{number} has coordinates, but no heading is above them "
                    "(//Author, year: contrast)."
                )
            blocks[-1].space = space
            blocks[-1].xyz.append(_coordinate(text, path, number))
    return blocks


def _space(name: str, notes: list[str]) -> str:
    known = SPACES.get(name.strip().lower())
    if known is None:
        notes.append(f"the reference {name.strip()!r} is neither MNI nor Talairach")
        return name.strip()
    return known


def _coordinate(text: str, path: Path, number: int) -> list[float]:
    values = three_numbers(text)
    if values is None:
        raise FormatError(
            f"{path}:{number} must be three numbers (x y z) or begin with //, got "
            f"{text[:60]!r}."
        )
    return values


def three_numbers(text: str) -> list[float] | None:
    """Read a line of coordinates; None if it is not three finite numbers."""
    try:
        values = [float(word) for word in _NUMBER.split(text) if word]
    except ValueError:
        return None
    return values if len(values) == 3 and np.isfinite(values).all() else None


def _size(block: _Block, notes: list[str]) -> float:
    if not block.subjects:
        return np.nan
    try:
        value = float(block.subjects)
    except ValueError:
        value = np.nan
    if not 0 < value < 1e9:
        notes.append(f"the number of subjects {block.subjects!r} is left out")
        return np.nan
    return value

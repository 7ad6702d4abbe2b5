"""Sleuth text: lines that are neither headings nor coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth.io._sleuth import OPTION, SPACES, three_numbers
from nimare_neurosynth.validation._points import FARTHEST_MM, far_away, wrong_space
from nimare_neurosynth.validation._problems import ERROR, quoted
from nimare_neurosynth.validation._spaces import meant_space
from nimare_neurosynth.validation._text import read_any_text, spot_of

if TYPE_CHECKING:
    from pathlib import Path

    from nimare_neurosynth.validation._problems import Problem, Spot

_HEADING = "//unnamed study"


class SleuthCheck:
    """Goes through a text line by line, and keeps what the repaired one has."""

    def __init__(self, spot: Spot) -> None:
        self.spot = spot
        self.kept: list[str] = []
        self.headed = self.referenced = False
        self.n_peaks = 0

    def line(self, number: int, line: str) -> None:
        """Check a line."""
        text, here = line.strip(), self.spot.on(number)
        found = OPTION.match(text)
        if found and found[1].lower() == "reference":
            self._reference(found[2].strip(), line, here)
        elif not text or text.startswith("//"):
            self.headed |= bool(text.strip("/ ")) and not found
            self.kept.append(line)
        else:
            self._peak(text, line, here)

    def _reference(self, name: str, line: str, here: Spot) -> None:
        self.referenced = True
        if name.lower() not in SPACES:
            meant = meant_space(name)
            if meant not in {"MNI", "TAL"}:
                what = f"the reference {quoted(name)} is neither MNI nor Talairach"
                here.tell("space", what)
            else:
                new = "//Reference=" + ("MNI" if meant == "MNI" else "Talairach")
                what, severity = wrong_space(name)
                options: dict[str, Any] = {
                    "repair": f"becomes {quoted(new)}",
                    "old": line,
                    "new": new,
                }
                here.tell("space", what, severity=severity, **options)
                line = new
        self.kept.append(line)

    def _peak(self, text: str, line: str, here: Spot) -> None:
        xyz = three_numbers(text)
        if xyz is None:
            new = text.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
            xyz = three_numbers(new)
            what = f"{quoted(text)} is neither three numbers (x y z) nor begins with //"
            repair = "the line is left out" if xyz is None else f"becomes {quoted(new)}"
            options: dict[str, Any] = {
                "repair": repair,
                "old": line,
                "new": new if xyz else None,
            }
            here.tell("no-number", what, severity=ERROR, **options)
            line = new
        if xyz is None:
            return
        if not self.headed:
            what = "there are coordinates, but no heading is above them"
            repair = f"the line {_HEADING} is put above them"
            here.tell("heading", what, severity=ERROR, repair=repair, new=_HEADING)
            self.kept.append(_HEADING)
            self.headed = True
        if not self.referenced:
            what = "no reference is above the coordinates: they are used as they are"
            here.tell("no-space", what)
            self.referenced = True
        if max(map(abs, xyz)) > FARTHEST_MM:
            here.tell("far-away", far_away(xyz))
        self.n_peaks += 1
        self.kept.append(line)


def check_sleuth(path: Path, problems: list[Problem]) -> bytes:
    """Check a Sleuth text; give the repaired one."""
    check = SleuthCheck(spot_of(path, problems))
    for number, line in enumerate(read_any_text(path, problems).splitlines(), start=1):
        check.line(number, line)
    if not check.n_peaks:
        check.spot.tell("no-peaks", "there are no coordinates", severity=ERROR)
    return ("\n".join(check.kept) + "\n").encode()

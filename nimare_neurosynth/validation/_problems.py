"""What is wrong, and where."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

from nimare_neurosynth.errors import printable

ERROR, WARNING = "error", "warning"

SHOWN = 20
"""Problems of one kind that are shown as text; ``to_dict`` has all of them."""

_LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where a problem is.

    Attributes
    ----------
    file : str
        Name of the file.
    line : int or None
        Line in it, from 1.
    column : str
        Name of the column of a table.
    steps : tuple of (str, int, str)
        The way into a document: what (``"study"``, ``"analysis"``, ``"point"``), its
        number from 1, and its id, or "".
    field : str
        Name of the field of an object.

    Examples
    --------
    >>> print(Place("peaks.csv", line=3, column="x"))
    peaks.csv:3, column 'x'
    >>> steps = (("study", 1, "s"), ("point", 2, ""))
    >>> print(Place("a.json", steps=steps, field="space"))
    a.json: study 1 ('s'), point 2, space
    """

    file: str
    line: int | None = None
    column: str = ""
    steps: tuple[tuple[str, int, str], ...] = ()
    field: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the place as plain types, without what it does not have."""
        facts: dict[str, Any] = {"file": self.file}
        if self.line is not None:
            facts["line"] = self.line
        if self.column:
            facts["column"] = self.column
        for what, number, own in self.steps:
            facts[what] = {"number": number, **({"id": own} if own else {})}
        return {**facts, **({"field": self.field} if self.field else {})}

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        column = [f"column {quoted(self.column)}"] if self.column else []
        steps = [
            f"{what} {number:,}" + (f" ({quoted(own)})" if own else "")
            for what, number, own in self.steps
        ]
        inside = ", ".join([*steps, *([self.field] if self.field else [])])
        start = ", ".join([f"{self.file}{line}", *column])
        return f"{start}: {inside}" if inside else start


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong.

    Attributes
    ----------
    kind : str
        A short name that equal problems share, such as ``"no-number"``.
    severity : {"error", "warning"}
        An error cannot be read, or would be dropped or misread; a warning is odd.
    place : Place
    what : str
        What is wrong.
    repair : str
        What :func:`~nimare_neurosynth.validation.fix` does; "" if a machine cannot.
    old, new : object
        What stands there, and what will; None where there is or will be nothing.
    """

    kind: str
    severity: str
    place: Place
    what: str
    repair: str = ""
    old: Any = None
    new: Any = None

    def to_dict(self) -> dict[str, Any]:
        """Give the problem as plain types, for JSON."""
        facts = {name: getattr(self, name) for name in ("kind", "severity", "what")}
        facts |= {"place": self.place.to_dict(), "repair": self.repair}
        if self.repair:
            facts |= {"old": _plain(self.old), "new": _plain(self.new)}
        return facts

    def __str__(self) -> str:
        repair = f" Repair: {self.repair}." if self.repair else ""
        return printable(f"{self.severity}: {self.place}: {self.what}.{repair}")


@dataclass(frozen=True)
class Validation:
    """What was found in a file or folder.

    Attributes
    ----------
    path : str
    form : str
        What it is, in words.
    problems : list of Problem
        In the order of the file.
    """

    path: str
    form: str
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether there are no errors; there may be warnings."""
        return not self.errors

    @property
    def errors(self) -> list[Problem]:
        """The problems that are errors."""
        return [p for p in self.problems if p.severity == ERROR]

    @property
    def repairable(self) -> list[Problem]:
        """The problems that :func:`~nimare_neurosynth.validation.fix` can repair."""
        return [p for p in self.problems if p.repair]

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain types, for JSON."""
        n_errors = len(self.errors)
        return {
            "path": self.path,
            "form": self.form,
            "ok": self.ok,
            "errors": n_errors,
            "warnings": len(self.problems) - n_errors,
            "repairable": len(self.repairable),
            "problems": [problem.to_dict() for problem in self.problems],
        }

    def __str__(self) -> str:
        head = printable(f"{self.path} ({self.form}): ")
        if not self.problems:
            return f"{head}no problems were found."
        n_errors, n_repairs = len(self.errors), len(self.repairable)
        n_warnings = len(self.problems) - n_errors
        head += f"{_counted(n_errors, 'error')}, {_counted(n_warnings, 'warning')}"
        head += f"; {n_repairs:,} can be repaired." if n_repairs else "."
        return "\n".join([head, *_shown(self.problems)])


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"


def _shown(problems: list[Problem]) -> list[str]:
    """Give lines for problems: errors first, and of each kind the first ones."""
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for problem in sorted(problems, key=lambda p: p.severity != ERROR):
        kinds.setdefault((problem.severity, problem.kind), []).append(problem)
    lines = []
    for (_, kind), own in kinds.items():
        lines += [str(problem) for problem in own[:SHOWN]]
        if len(own) > SHOWN:
            lines.append(f"  ... and {len(own) - SHOWN:,} more of this kind ({kind})")
    return lines


@dataclass(frozen=True)
class Spot:
    """A place, and the list that problems found there are added to."""

    problems: list[Problem]
    place: Place

    def at(self, what: str, number: int, own: object = "") -> Spot:
        """Give the spot of an object inside."""
        name = own if isinstance(own, str) else str(own or "")
        steps = (*self.place.steps, (what, number, name))
        return Spot(self.problems, replace(self.place, steps=steps))

    def on(self, line: int, column: str = "") -> Spot:
        """Give the spot of a line."""
        return Spot(self.problems, replace(self.place, line=line, column=column))

    def tell(
        self,
        kind: str,
        what: str,
        *,
        field: str = "",
        severity: str = WARNING,
        repair: str = "",
        old: Any = None,
        new: Any = None,
    ) -> None:
        """Add a problem."""
        place = replace(self.place, field=field) if field else self.place
        self.problems.append(Problem(kind, severity, place, what, repair, old, new))

    def put(
        self,
        holder: dict[str, Any],
        key: str,
        new: Any,
        kind: str,
        what: str,
        *,
        field: str = "",
        severity: str = WARNING,
        repair: str = "",
    ) -> None:
        """Add a problem of a field, and repair it; ``field`` names one that is nested.

        What the repair is called is made from the new value, unless it is given.
        """
        self.tell(
            kind,
            what,
            field=field or key,
            severity=severity,
            repair=repair or f"becomes {quoted(new)}",
            old=holder.get(key),
            new=new,
        )
        holder[key] = new


def quoted(value: object) -> str:
    """Write a value for a message, shortened."""
    try:
        text = "null" if value is None else repr(value)
    except (RecursionError, ValueError):  # nested too deep, too many digits
        text = f"a {type(value).__name__}"
    if len(text) > _LONGEST_VALUE:
        text = f"{text[: _LONGEST_VALUE - 15]}[...]{text[-10:]}"
    return text


def _plain(value: Any) -> Any:
    """Give what JSON can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (ValueError, TypeError, RecursionError):
        return quoted(value)

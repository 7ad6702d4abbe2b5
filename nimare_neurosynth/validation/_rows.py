"""Rows of a table, and what is to become of them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import unique_names
from nimare_neurosynth.io._tabular import split_rows
from nimare_neurosynth.validation._problems import ERROR, quoted
from nimare_neurosynth.validation._text import read_any_text, spot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nimare_neurosynth.io._tabular import Rows
    from nimare_neurosynth.validation._problems import Problem, Spot


@dataclass
class Table:
    """A table as text, with edits that rows get.

    Attributes
    ----------
    rows : Rows
        As they stand in the file; the first is the header.
    names : list of str
        Names of the columns, repaired.
    spot : Spot
        Of the file.
    edits : dict of int to (list of str or None)
        New fields of rows by number; None leaves a row out.
    """

    rows: Rows
    names: list[str]
    spot: Spot
    line_end: str = "\n"
    edits: dict[int, list[str] | None] = field(default_factory=dict)

    def each(self) -> Iterator[tuple[int, int, list[str]]]:
        """Give number, line and fields of the rows that have the right number of these.

        Other rows are problems, and left out.
        """
        lines, n = self.rows.lines.tolist(), len(self.names)
        fields_of = self.rows.each()
        next(fields_of)
        for number, fields in enumerate(fields_of, start=1):
            extra = fields[n:]
            if len(fields) >= n and not any(word.strip() for word in extra):
                if extra:
                    what = (
                        f"has {len(fields)} fields, the header {n}; the last are empty"
                    )
                    here = self.spot.on(lines[number])
                    repair = "the empty fields are left out"
                    here.tell("fields", what, severity=ERROR, repair=repair)
                    self.edits[number] = fields[:n]
                yield number, lines[number], fields[:n]
                continue
            much = "fewer" if len(fields) < n else "more"
            what = f"has {much} fields ({len(fields)}) than the header ({n})"
            self.leave_out(number, lines[number], fields, "fields", what)

    def leave_out(
        self, number: int, line: int, fields: list[str], kind: str, what: str
    ) -> None:
        """Tell a problem that is repaired by leaving the row out."""
        options: dict[str, Any] = {
            "severity": ERROR,
            "old": fields,
            "repair": "the row is left out",
        }
        self.spot.on(line).tell(kind, what, **options)
        self.edits[number] = None

    def change(self, number: int, column: int, fields: list[str], new: str) -> None:
        """Change a field of a row; ``fields`` is changed, too."""
        fields[column] = new
        self.edits[number] = fields

    def render(self) -> bytes:
        """Write the table; rows without edits stay as they are."""
        lines = self.rows.text.split("\n")
        starts = [line - 1 for line in self.rows.lines.tolist()]
        parts = lines[: starts[0]]
        for number, start in enumerate(starts):
            stop = starts[number + 1] if number + 1 < len(starts) else len(lines)
            if number not in self.edits:
                parts += lines[start:stop]
                continue
            fields = self.edits[number]
            if fields is not None:
                parts.append(self._joined(fields, with_quotes=self.rows.quoted))
        text = "\n".join(parts)
        if self.edits and not self.rows.quoted and '"' in text:
            text = self._unmistakable(text)
        text = text if text.endswith("\n") or not self.edits else text + "\n"
        return text.replace("\n", self.line_end).encode()

    def _unmistakable(self, text: str) -> str:
        """Quote fields where, after repairs, their marks would be taken for quotes."""
        try:
            mistaken = split_rows(text, Path()).quoted
        except FormatError:
            mistaken = False  # nothing but an empty header is left
        if not mistaken:
            return text
        rows = [self.edits.get(i, row) for i, row in enumerate(self.rows.each())]
        kept = (row for row in rows if row is not None)
        return "\n".join(self._joined(row, with_quotes=True) for row in kept)

    def _joined(self, fields: list[str], *, with_quotes: bool) -> str:
        if not with_quotes:
            return self.rows.separator.join(fields)
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=self.rows.separator, lineterminator="").writerow(
            fields
        )
        return buffer.getvalue()


def open_table(path: Path, problems: list[Problem]) -> Table:
    """Read the rows of a table, and check its header.

    Raises
    ------
    FormatError
        If it is no table at all.
    """
    text = read_any_text(path, problems)
    rows = split_rows(text, path)
    header = next(rows.each())
    table = Table(rows, [name.strip() for name in header], spot_of(path, problems))
    windows = text.count("\r\n")
    if windows and windows == text.count("\n"):
        table.line_end = "\r\n"
    _check_header(table)
    return table


def _check_header(table: Table) -> None:
    """Check that each column has a name, and each another."""
    names = table.names
    # the first may be an index that pandas wrote
    given = [
        name or (f"column_{i}" if i > 1 else "") for i, name in enumerate(names, 1)
    ]
    for i, new in enumerate(unique_names(given)):
        name = names[i]
        if new == name:
            continue
        what = f"repeats the column {quoted(name)}"
        what = what if name else f"column {i + 1} has no name"
        repair = f"it is called {quoted(new)}"
        options: dict[str, Any] = {"repair": repair, "old": name, "new": new}
        table.spot.on(1).tell("header", what, severity=ERROR, **options)
        names[i] = new
        table.edits[0] = names

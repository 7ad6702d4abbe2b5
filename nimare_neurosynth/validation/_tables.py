"""Tables of peaks, of studies and of features: a problem has its line and column."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.io._tabular import number_of
from nimare_neurosynth.io._weights import NO_WEIGHT, id_column_of
from nimare_neurosynth.validation._points import FARTHEST_MM, far_away, wrong_space
from nimare_neurosynth.validation._problems import ERROR, quoted
from nimare_neurosynth.validation._rows import Table, open_table
from nimare_neurosynth.validation._spaces import KNOWN, meant_space

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from nimare_neurosynth.validation._problems import Problem

ID_NAMES = ("id", "study_id", "study", "pmid")
_AXES = ("x", "y", "z")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def is_features(table: Table) -> bool:
    """Tell whether a table has weights: none of the coordinates is a column."""
    return not {name.lower() for name in table.names} & {*_AXES}


def columns_of(table: Table, id_names: Sequence[str]) -> dict[str, int] | None:
    """Find the columns of a table of peaks, in any case; None if one is missing."""
    lower = [name.lower() for name in table.names]
    found = {name: lower.index(name) for name in (*_AXES, "space") if name in lower}
    own = next((name for name in id_names if name in lower), None)
    if own is not None:
        found["id"] = lower.index(own)
    missing = [name for name in ("id", *_AXES) if name not in found]
    if missing:
        what = f"there is no column {', '.join(map(quoted, missing))}; the columns are "
        what += ", ".join(map(quoted, table.names[:20]))
        table.spot.on(1).tell("header", what, severity=ERROR)
        return None
    return found


def check_peaks(
    table: Table,
    *,
    id_names: Sequence[str] = ID_NAMES,
    studies: Collection[str] | None = None,
) -> dict[str, None]:
    """Check a table of peaks.

    Parameters
    ----------
    table : Table
        Its edits are made here.
    id_names : sequence of str
        Names that the column of ids can have.
    studies : collection of str, optional
        Ids that there are; peaks of others are left out.

    Returns
    -------
    dict of str to None
        The studies that have peaks.
    """
    seen: dict[str, None] = {}
    columns = columns_of(table, id_names)
    if columns is None:
        return seen
    for number, line, fields in table.each():
        study = fields[columns["id"]].strip()
        if not study:
            what = f"there is no {quoted(table.names[columns['id']])}"
            table.leave_out(number, line, fields, "no-id", what)
            continue
        if studies is not None and study not in studies:
            what = f"is a peak of study {quoted(study)}, which the metadata do not list"
            table.leave_out(number, line, fields, "unknown-study", what)
            continue
        _check_space(table, number, line, fields, columns.get("space"))
        if _check_xyz(table, number, line, fields, columns):
            seen[study] = None
    if not seen:
        table.spot.tell("no-peaks", "there are no peaks", severity=ERROR)
    return seen


def _check_space(
    table: Table, number: int, line: int, fields: list[str], column: int | None
) -> None:
    if column is None:
        return
    name = fields[column].strip()
    if name in KNOWN or not name:
        return
    here = table.spot.on(line, table.names[column])
    meant = meant_space(name)
    if meant is None:
        what = f"{quoted(name)} is no space that is known: taken as MNI"
        here.tell("space", what)
        return
    what, severity = wrong_space(name)
    repair = f"becomes {quoted(meant)}"
    here.tell("space", what, severity=severity, repair=repair, old=name, new=meant)
    table.change(number, column, fields, meant)


def _check_xyz(
    table: Table, number: int, line: int, fields: list[str], columns: dict[str, int]
) -> bool:
    """Check the coordinates of a row; False if the row is left out."""
    xyz = []
    for axis in _AXES:
        column = columns[axis]
        field = fields[column]
        value = number_of(field)
        if value is None:
            value = _repaired_number(table, number, line, fields, column)
        if value is None:
            return False
        if math.isnan(value):
            what = "there is no coordinate: the peak will be left out"
            table.spot.on(line, table.names[column]).tell("no-coordinates", what)
        xyz.append(value)
    if any(abs(value) > FARTHEST_MM for value in xyz):
        table.spot.on(line).tell("far-away", far_away(xyz))
    return True


def _repaired_number(
    table: Table, number: int, line: int, fields: list[str], column: int
) -> float | None:
    """Read what people and programs write for numbers, or leave the row out."""
    field, here = fields[column], table.spot.on(line, table.names[column])
    what = f"{quoted(field)} is not a finite number"
    new = field.strip().replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    new = new.removesuffix("mm").strip()
    if _DECIMAL_COMMA.fullmatch(new):
        new = new.replace(",", ".")
    value = number_of(new)
    if value is None or math.isnan(value):
        options: dict[str, Any] = {"severity": ERROR, "old": list(fields)}
        here.tell("no-number", what, repair="the row is left out", **options)
        table.edits[number] = None
        return None
    repair = f"becomes {quoted(new)}"
    here.tell("no-number", what, severity=ERROR, repair=repair, old=field, new=new)
    table.change(number, column, fields, new)
    return value


# ------------------------------------------------------------------------- studies


def check_studies(table: Table, key: str, *, droppable: bool) -> dict[str, None]:
    """Check a table with a row for each study.

    Parameters
    ----------
    table : Table
    key : str
        Name of the column of ids.
    droppable : bool
        Whether a row can be left out: not where rows of a matrix go by its order.

    Returns
    -------
    dict of str to None
        The studies.
    """
    seen: dict[str, None] = {}
    if key not in table.names:
        what = f"there is no column {quoted(key)}"
        table.spot.on(1).tell("header", what, severity=ERROR)
        return seen
    column = table.names.index(key)
    space = table.names.index("space") if "space" in table.names else None
    for number, line, fields in table.each():
        study = fields[column].strip()
        what = f"repeats the study {quoted(study)}" if study in seen else ""
        what = what if study else f"there is no {quoted(key)}"
        if what and droppable:
            table.leave_out(number, line, fields, "no-id", what)
        elif what:
            table.spot.on(line).tell("no-id", what, severity=ERROR)
        else:
            seen[study] = None
            _check_space(table, number, line, fields, space)
    if not droppable:
        _keep_rows(table)
    return seen


def _keep_rows(table: Table) -> None:
    """Take back that rows are left out: rows of matrices would go to other studies."""
    from dataclasses import replace

    table.edits = {n: f for n, f in table.edits.items() if f is not None}
    problems = table.spot.problems
    for i, problem in enumerate(problems):
        own = problem.place.file == table.spot.place.file
        if own and problem.repair == "the row is left out":
            problems[i] = replace(problem, repair="", old=None)


# ------------------------------------------------------------------------ features


def check_features(
    path: Path, problems: list[Problem], known: Collection[str] | None
) -> Table:
    """Check a table of weights by study.

    Parameters
    ----------
    path : pathlib.Path
    problems : list of Problem
        Problems are added.
    known : collection of str or None
        Studies that have peaks; None if that is not known.

    Returns
    -------
    Table
        With its edits.
    """
    table = open_table(path, problems)
    if len(table.names) < 2:
        what = "there is no column of weights: ids first, then a column for each label"
        table.spot.on(1).tell("header", what, severity=ERROR)
        return table
    dropped, column = id_column_of(table.names, ID_NAMES)
    seen: dict[str, None] = {}
    for number, line, fields in table.each():
        study = fields[column].strip()
        if not study or study in seen:
            what = f"repeats the study {quoted(study)}" if study else "there is no id"
            kind = "repeated-id" if study else "no-id"
            table.leave_out(number, line, fields, kind, what)
            continue
        seen[study] = None
        if known is not None and study not in known:
            what = f"the study {quoted(study)} has no peaks: the row will not be used"
            table.spot.on(line).tell("no-peaks", what)
        for at, field in enumerate(fields):
            if field not in NO_WEIGHT and at not in {column, dropped}:
                _check_weight(table, number, line, fields, at)
    _compare(table, seen, known)
    return table


def _check_weight(
    table: Table, number: int, line: int, fields: list[str], column: int
) -> None:
    field = fields[column]
    if number_of(field) is not None:
        return
    here, new = table.spot.on(line, table.names[column]), ""
    if _DECIMAL_COMMA.fullmatch(field.strip()):
        new = field.strip().replace(",", ".")
    repair = f"becomes {quoted(new)}" if new else "becomes empty, which is 0"
    what = f"{quoted(field)} is not a finite number"
    here.tell("no-number", what, severity=ERROR, repair=repair, old=field, new=new)
    table.change(number, column, fields, new)


def _compare(
    table: Table, seen: Collection[str], known: Collection[str] | None
) -> None:
    """Compare studies with those that have peaks."""
    if known is None or not known:
        return
    without = sum(study not in seen for study in known)
    if without == len(known):
        theirs, ours = next(iter(seen), "(nothing)"), next(iter(known))
        what = (
            f"shares no study with the table of peaks: its ids begin with "
            f"{quoted(theirs)}, those of the peaks with {quoted(ours)}"
        )
        table.spot.tell("no-features", what, severity=ERROR)
    elif without:
        what = f"{without:,} studies with peaks have no row of features"
        table.spot.tell("no-features", what)

"""Tables of text, with errors that name file, line and column."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.errors import FormatError, suggest
from nimare_neurosynth.io._files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MISSING = frozenset({"", "nan", "na", "n/a", "none", "null"})
"""Texts that mean "no value" where a number is expected (any case)."""


def read_table(path: Path) -> pd.DataFrame:
    """Read a table with a header, every value as text.

    Parameters
    ----------
    path : pathlib.Path
        Tab- or comma-separated (told from the header), plain or gzipped, UTF-8.
        Quotation marks around fields are taken as such if all rows then have the
        header's number of fields; in tables with tabs they may also be plain
        characters. Empty lines are passed over.

    Returns
    -------
    pandas.DataFrame
        Columns of text under the names in the file; an empty field is "". The index is
        the number of the line on which each row begins.

    Raises
    ------
    FormatError
        If it is no such table.
    """
    text = read_text(path).replace("\r\n", "\n")
    header = text.split("\n", 1)[0]
    if not header.strip():
        raise FormatError(f"{path} is empty: a table with a header is needed.")
    separator = "\t" if "\t" in header or "," not in header else ","
    rows: _Rows | None = None
    if '"' in text:
        rows = _quoted_rows(text, separator, path)
        if separator == "\t" and (rows is None or not rows.fit):
            plain = _plain_rows(text, separator)
            rows = plain if plain.fit else rows
    if rows is None:
        rows = _plain_rows(text, separator)
    rows.check(path)
    return _with_header(rows.frame(), rows.lines, path)


@dataclass(frozen=True)
class _Rows:
    """Rows of a table: fields of each, line on which each begins, and the values."""

    fields: NDArray[np.int64]
    lines: NDArray[np.int64]
    frame: Callable[[], pd.DataFrame]

    @property
    def fit(self) -> bool:
        """Whether every row has as many fields as the header."""
        return bool((self.fields == self.fields[0]).all())

    def check(self, path: Path) -> None:
        """Raise a FormatError at the first row that has too few or too many fields."""
        wrong = np.flatnonzero(self.fields != self.fields[0])
        if len(wrong):
            n, line = self.fields[wrong[0]], self.lines[wrong[0]]
            much = "fewer" if n < self.fields[0] else "more"
            last = wrong[0] == len(self.lines) - 1
            why = ": the file may be cut short" if last else ""
            raise FormatError(
                f"{path}:{line} has {much} fields ({n}) than the header "
                f"({self.fields[0]}){why}."
            )


def _plain_rows(text: str, separator: str) -> _Rows:
    """Read rows in which quotation marks are characters like others.

    pandas fills short rows in silence and does not tell which line a row came from, so
    that fields are counted here, on the bytes all at once.
    """
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    ends = np.flatnonzero(data == ord("\n"))
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends[:-1] + 1])
    separators = np.flatnonzero(data == ord(separator))
    fields = np.diff(np.searchsorted(separators, np.append(starts, len(data)))) + 1
    full = ends > starts

    def frame() -> pd.DataFrame:
        kept = text
        if not full.all():  # pandas has its own idea of which lines are empty
            kept = "\n".join(line for line in text.split("\n") if line)
        return pd.read_csv(
            io.StringIO(kept),
            sep=separator,
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            index_col=False,
            header=None,
            skip_blank_lines=False,
        )

    return _Rows(fields[full], np.flatnonzero(full) + 1, frame)


def _quoted_rows(text: str, separator: str, path: Path) -> _Rows | None:
    """Read rows in which a field may be quoted, and then hold tabs and line ends.

    Gives None where a table with tabs cannot be read in this way.
    """
    rows: list[list[str]] = []
    lines: list[int] = []
    before = 0
    longest = csv.field_size_limit(len(text) + 1)
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, strict=True
        )
        for row in reader:
            if row:
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        if separator == "\t":
            return None
        unclosed = "unexpected end of data" in str(error)
        why = "a quotation mark that is never closed" if unclosed else str(error)
        raise FormatError(f"{path}:{before + 1} has {why}.") from error
    finally:
        csv.field_size_limit(longest)
    fields = np.array([len(row) for row in rows])
    return _Rows(fields, np.array(lines), lambda: pd.DataFrame(rows, dtype="str"))


def _with_header(
    table: pd.DataFrame, lines: NDArray[np.int64], path: Path
) -> pd.DataFrame:
    """Take the first row as the names of the columns."""
    names = [str(name).strip() for name in table.iloc[0]]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise FormatError(f"{path}:1 repeats the column {repeated[0]!r}.")
    if "" in names[1:]:  # the first may be an index that pandas wrote
        raise FormatError(f"{path}:1 has a column without a name.")
    rest = table.iloc[1:]
    rest.columns = pd.Index(names, dtype="str")
    rest.index = pd.Index(lines[1:])
    return rest


def need_columns(table: pd.DataFrame, needed: Sequence[str], path: Path) -> None:
    """Raise a FormatError unless a table has all of some columns."""
    missing = [name for name in needed if name not in table.columns]
    if missing:
        hint = suggest(missing[0], map(str, table.columns))
        raise FormatError(
            f"{path} has no column {', '.join(map(repr, missing))}; its columns are "
            f"{', '.join(map(repr, table.columns[:20]))}.{hint}"
        )


def numbers(table: pd.DataFrame, column: str, path: Path) -> NDArray[np.float64]:
    """Turn a column of text into numbers; missing values become NaN.

    Raises
    ------
    FormatError
        At the first value that is neither a finite number nor missing.
    """
    text = table[column]
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    for row in np.flatnonzero(~np.isfinite(values)).tolist():
        value = str(text.iloc[row]).strip()
        if value.lower() not in MISSING:
            raise FormatError(
                f"{path}:{table.index[row]} has {value!r} in column {column!r}, which "
                "is not a finite number."
            )
    return values


def ids(table: pd.DataFrame, column: str, path: Path) -> pd.Series[str]:
    """Take a column as ids: text, trimmed, none of them empty.

    Raises
    ------
    FormatError
        At the first empty id.
    """
    values = table[column].str.strip()
    empty = np.flatnonzero((values == "").to_numpy())
    if len(empty):
        raise FormatError(f"{path}:{table.index[empty[0]]} has no {column!r}.")
    return values


def no_repeats(values: pd.Series[str], path: Path) -> None:
    """Raise a FormatError at the first study that a column of ids has twice."""
    repeated = values[values.duplicated()]
    if len(repeated):
        raise FormatError(
            f"{path}:{repeated.index[0]} repeats the study {repeated.iloc[0]!r}."
        )


def whole_years(text: pd.Series[str]) -> pd.Series | None:
    """Turn years into whole numbers, missing where empty; None where one is no year."""
    values = pd.to_numeric(text, errors="coerce")
    empty = text.str.strip().str.lower().isin(MISSING)
    is_year = (values % 1 == 0) & values.between(1, 9999)
    if not (is_year | empty).all():
        return None
    return values.where(is_year).astype("Int64")

"""Tables of text, with errors that name file, line and column."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.errors import FormatError, suggest
from nimare_neurosynth.io._files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MISSING = frozenset({"", "nan", "na", "n/a", "none", "null"})
"""Texts that mean "no value" where a number is expected (any case)."""

_BLOCK_BYTES = 16 << 20


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
    rows = _open_rows(path, keep=True)
    names = _names(next(rows.each()), path)
    rest = rows.frame().iloc[1:]
    rest.columns = pd.Index(names, dtype="str")
    rest.index = pd.Index(rows.lines[1:])
    return rest


def read_rows(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Read a table row by row, for tables that are large.

    Parameters
    ----------
    path : pathlib.Path
        As for :func:`read_table`.

    Returns
    -------
    names : list of str
        Names of the columns.
    rows : iterator of (int, list of str)
        The number of the line on which a row begins, and its fields.

    Raises
    ------
    FormatError
        If it is no such table, before there is any row.
    """
    rows = _open_rows(path, keep=False)
    each = rows.each()
    names = _names(next(each), path)
    return names, zip(rows.lines[1:].tolist(), each, strict=True)


def _open_rows(path: Path, *, keep: bool) -> Rows:
    """Find out how a table is to be read, and check that its rows are complete."""
    rows = split_rows(read_text(path), path, keep=keep)
    rows.check(path)
    return rows


def split_rows(text: str, path: Path, *, keep: bool = False) -> Rows:
    """Split the text of a table into rows, which may differ in their fields.

    Parameters
    ----------
    text : str
    path : pathlib.Path
        How errors call it.
    keep : bool
        Keep the fields of all rows, for ``frame``.

    Returns
    -------
    Rows

    Raises
    ------
    FormatError
        If there is no header, or a quotation mark is never closed.
    """
    text = text.replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    header = text.split("\n", 1)[0]
    if not header.strip():
        raise FormatError(f"{path} is empty: a table with a header is needed.")
    separator = "\t" if "\t" in header or "," not in header else ","
    rows: Rows | None = None
    if '"' in text:
        rows = _rows_of_lines(text, separator)
        if rows is None:
            rows = _quoted_rows(text, separator, path, keep=keep)
        if separator == "\t" and (rows is None or not rows.fit):
            plain = _plain_rows(text, separator)
            rows = plain if plain.fit else rows
    return _plain_rows(text, separator) if rows is None else rows


@dataclass(frozen=True)
class Rows:
    """Rows of a table: fields of each, line on which each begins, and the values.

    ``text`` has lines that end in a line feed; fields are ``quoted`` or plain.
    """

    text: str
    separator: str
    quoted: bool
    fields: NDArray[np.int64]
    lines: NDArray[np.int64]
    frame: Callable[[], pd.DataFrame]
    each: Callable[[], Iterator[list[str]]]

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


def _line_starts(data: NDArray[np.uint8]) -> tuple[NDArray[np.int64], ...]:
    """Find where the lines of a text begin and end."""
    ends = np.flatnonzero(data == ord("\n"))
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    return np.concatenate([[0], ends[:-1] + 1]), ends


def _rows_of_lines(text: str, separator: str) -> Rows | None:
    """Read rows of which few are quoted, and none goes on in another line.

    Gives None where there are others. A line that can be read alone leaves no quotation
    open, so that the next one begins a row.
    """
    if "\r" in text:
        return None
    packed = text.encode()
    data = np.frombuffer(packed, dtype=np.uint8)
    starts, ends = _line_starts(data)
    marks = np.flatnonzero(data == ord('"'))
    quoted = np.unique(np.searchsorted(starts, marks, side="right") - 1)
    if len(quoted) > len(starts) // 2:
        return None
    given: dict[int, list[str]] = {}
    longest = csv.field_size_limit(len(text) + 1)
    try:
        for i in quoted.tolist():
            line = packed[starts[i] : ends[i]].decode()
            [given[i]] = csv.reader([line], delimiter=separator, strict=True)
    except csv.Error:
        return None
    finally:
        csv.field_size_limit(longest)
    return _plain_rows(text, separator, given)


def _plain_rows(
    text: str, separator: str, given: dict[int, list[str]] | None = None
) -> Rows:
    """Read rows in which quotation marks are characters like others.

    pandas fills short rows in silence and does not tell which line a row came from, so
    that fields are counted here, on the bytes all at once. The fields of some lines may
    be ``given``.
    """
    given = given or {}
    packed = text.encode()
    data = np.frombuffer(packed, dtype=np.uint8)
    starts, ends = _line_starts(data)
    fields = _count(data, ord(separator), starts) + 1
    fields[list(given)] = [len(row) for row in given.values()]
    full = ends > starts

    def frame() -> pd.DataFrame:
        kept = packed
        if given or not full.all():  # pandas has its own idea of what lines are empty
            lines = enumerate(packed.split(b"\n"))
            kept = b"\n".join(line for i, line in lines if line and i not in given)
        plain = _frame_of_plain(kept, separator)
        if not given:
            return plain
        others = pd.DataFrame(list(given.values()), dtype="str")
        number = np.cumsum(full) - 1
        here = number[list(given)]
        there = np.delete(np.arange(number[-1] + 1), here)
        order = np.argsort(np.concatenate([there, here]))
        return pd.concat([plain, others], ignore_index=True).take(order)

    def each() -> Iterator[list[str]]:
        lines = enumerate(line.removesuffix("\n") for line in _lines(text))
        return (given.get(i) or line.split(separator) for i, line in lines if line)

    is_quoted = bool(given)
    lines = np.flatnonzero(full) + 1
    return Rows(text, separator, is_quoted, fields[full], lines, frame, each)


def _frame_of_plain(packed: bytes, separator: str) -> pd.DataFrame:
    """Read lines without quotation, none of them empty, into columns 0, 1, ..."""
    if not packed:
        return pd.DataFrame(dtype="str")
    return pd.read_csv(
        io.BytesIO(packed),
        sep=separator,
        dtype=str,
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        index_col=False,
        header=None,
        skip_blank_lines=False,
        lineterminator="\n",
    )


def _count(
    data: NDArray[np.uint8], byte: int, starts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count a byte in each line, in blocks, as each position found takes 8 bytes."""
    counts = []
    edges = np.unique(np.searchsorted(starts, np.arange(0, len(data), _BLOCK_BYTES)))
    edges = edges[edges < len(starts)]
    for first, stop in zip(edges, [*edges[1:], len(starts)], strict=True):
        begin = starts[first:stop]
        end = starts[stop] if stop < len(starts) else len(data)
        found = np.flatnonzero(data[begin[0] : end] == byte) + begin[0]
        counts.append(np.diff(np.searchsorted(found, np.append(begin, end))))
    return np.concatenate(counts)


def _lines(text: str) -> Iterator[str]:
    """Give the lines of a text with their ends, without a copy of all of them."""
    start = 0
    while start < len(text):
        stop = text.find("\n", start) + 1 or len(text)
        yield text[start:stop]
        start = stop


def _quoted_rows(text: str, separator: str, path: Path, *, keep: bool) -> Rows | None:
    """Read rows in which a field may be quoted, and then hold tabs and line ends.

    Gives None where a table with tabs cannot be read in this way.
    """
    rows: list[list[str]] = []
    fields: list[int] = []
    lines: list[int] = []
    before = 0
    longest = csv.field_size_limit(len(text) + 1)
    try:
        reader = csv.reader(_lines(text), delimiter=separator, strict=True)
        for row in reader:
            if row:
                fields.append(len(row))
                lines.append(before + 1)
                if keep:
                    rows.append(row)
            before = reader.line_num
    except csv.Error as error:
        if separator == "\t":
            return None
        unclosed = "unexpected end of data" in str(error)
        why = "a quotation mark that is never closed" if unclosed else str(error)
        raise FormatError(f"{path}:{before + 1} has {why}.") from error
    finally:
        csv.field_size_limit(longest)

    def frame() -> pd.DataFrame:
        return pd.DataFrame(rows, dtype="str")

    def each() -> Iterator[list[str]]:
        longest = csv.field_size_limit(len(text) + 1)
        try:
            rows = csv.reader(_lines(text), delimiter=separator, strict=True)
            yield from filter(None, rows)
        finally:
            csv.field_size_limit(longest)

    quoted = (text, separator, True)
    return Rows(*quoted, np.array(fields), np.array(lines), frame, each)


def _names(header: Sequence[object], path: Path) -> list[str]:
    """Take the fields of the first row as the names of the columns."""
    names = [str(name).strip() for name in header]
    repeated = pd.Series(names)[pd.Series(names).duplicated()]
    if len(repeated):
        raise FormatError(f"{path}:1 repeats the column {min(repeated)!r}.")
    if "" in names[1:]:  # the first may be an index that pandas wrote
        raise FormatError(f"{path}:1 has a column without a name.")
    return names


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


def number_of(field: str) -> float | None:
    """Turn a field into a number: NaN where it is missing, None where it is none.

    Examples
    --------
    >>> number_of(" -1.5"), number_of("n/a"), number_of("1_000"), number_of("inf")
    (-1.5, nan, None, None)
    """
    text = field.strip()
    try:
        # float() reads 1_000 and the digits of all scripts; tables of numbers do not
        value = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if math.isfinite(value):
        return value
    return math.nan if text.lower() in MISSING else None


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

"""Tables of text, with errors that name file, line and column."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.errors import FormatError, suggest
from nimare_neurosynth.io._files import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
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

    Returns
    -------
    pandas.DataFrame
        Columns of text under the names in the file; an empty field is "".

    Raises
    ------
    FormatError
        If it is no such table.
    """
    text = read_text(path)
    header = text.split("\n", 1)[0]
    if not header.strip():
        raise FormatError(f"{path} is empty: a table with a header is needed.")
    separator = "\t" if "\t" in header or "," not in header else ","
    try:
        table = _parse(text, separator, quoted='"' in text)
    except (ValueError, pd.errors.ParserWarning) as error:
        raise FormatError(
            f"{path} is not a proper table: {str(error).strip()}"
        ) from error
    return _with_clean_columns(table, header, separator, path)


def _parse(text: str, separator: str, *, quoted: bool) -> pd.DataFrame:
    """Parse a table, taking quotation marks around fields as such where that works.

    A field that begins with a quotation mark which nobody closed would swallow all up
    to the next one: a field that holds both line ends and separators tells.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype=str,
                keep_default_na=False,
                quoting=0 if quoted else 3,
                index_col=False,
            )
    except ValueError:
        if not quoted or separator == ",":
            raise
        return _parse(text, separator, quoted=False)
    if quoted and separator == "\t" and _has_swallowed_lines(table):
        return _parse(text, separator, quoted=False)
    return table


def _has_swallowed_lines(table: pd.DataFrame) -> bool:
    swallowed = table.apply(
        lambda column: column.str.contains(r"\t[^\n]*\n", regex=True)
    )
    return bool(swallowed.any(axis=None))


def _with_clean_columns(
    table: pd.DataFrame, header: str, separator: str, path: Path
) -> pd.DataFrame:
    # pandas renames repeated columns: look at the header itself
    names = [name.strip().strip('"') for name in header.strip("\r\n").split(separator)]
    if len(names) != table.shape[1]:
        names = [str(name).strip() for name in table.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise FormatError(f"{path}:1 repeats the column {repeated[0]!r}.")
    short = np.flatnonzero(table.iloc[:, -1].isna().to_numpy())
    if len(short):
        raise FormatError(
            f"{path}:{short[0] + 2} has fewer fields than the header's {len(names)}: "
            "the file may be cut short."
        )
    table.columns = pd.Index(names, dtype="str")
    return table


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
        At the first value that is neither a number nor missing.
    """
    text = table[column]
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    doubtful = np.flatnonzero(~np.isfinite(values))
    for row in doubtful:
        value = str(text.iloc[row]).strip()
        if value.lower() not in MISSING:
            raise FormatError(
                f"{path}:{row + 2} has {value!r} in column {column!r}, which is not a "
                "finite number."
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
        raise FormatError(f"{path}:{empty[0] + 2} has no {column!r}.")
    return values

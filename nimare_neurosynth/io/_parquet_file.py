"""Tables in parquet files, checked to the last character."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def read_parquet(path: Path, remedy: str, *, content: Any = None) -> pd.DataFrame:
    """Read a table whole, and check its text, which is else decoded when it is used.

    Parameters
    ----------
    path : path
    remedy : str
        What to do if it is damaged.
    content : buffer, optional
        What the file held when it was opened; the file itself by default.

    Returns
    -------
    pandas.DataFrame
        Rows are numbered from 0.

    Raises
    ------
    FormatError
        If it is no parquet table, or damaged.
    """
    from pyarrow import ArrowException, BufferReader, parquet

    source = path if content is None else BufferReader(content)
    try:
        stored = parquet.read_table(source)
        stored.validate(full=True)
        table: pd.DataFrame = stored.to_pandas().reset_index(drop=True)
    except (
        ArrowException,
        AttributeError,
        LookupError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        raise FormatError(f"{path} is damaged ({error}): {remedy}.") from error
    return table

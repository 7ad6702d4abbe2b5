"""Choosing studies by their metadata: ``year >= 2010``, ``journal = Neuro*``."""

from __future__ import annotations

import contextlib
import operator
import re
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database.query import match_names
from nimare_neurosynth.errors import OptionError, UnknownTermError, suggest

if TYPE_CHECKING:
    import pandas as pd

    from nimare_neurosynth._typing import BoolArray

_CONDITION = re.compile(
    r"\s*(?P<column>[^<>=!]+?)\s*(?P<sign><=|>=|!=|==?|<|>)(?P<value>[^<>=!].*)"
)
_ORDER = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def studies_where(studies: pd.DataFrame, condition: str) -> BoolArray:
    """Say which studies meet a condition on their metadata.

    Parameters
    ----------
    studies : pandas.DataFrame
        The studies' table.
    condition : str
        ``COLUMN SIGN VALUE``, the sign being ``<``, ``<=``, ``>``, ``>=`` (numbers),
        ``=`` or ``!=`` (text with wildcards, or numbers). Studies without a value meet
        only ``!=``.

    Returns
    -------
    ndarray of bool, shape (n_studies,)

    Raises
    ------
    OptionError
        If the condition cannot be read.
    UnknownTermError
        If there is no such column.
    """
    match = _CONDITION.fullmatch(condition) if isinstance(condition, str) else None
    if match is None or not match["value"].strip():
        raise OptionError(
            f"cannot read the condition {condition!r}: write it as 'COLUMN SIGN VALUE' "
            "with one of < <= > >= = !=, for example 'year >= 2010' or "
            "'journal = Neuro*'."
        )
    column, sign, value = match["column"], match["sign"], match["value"].strip()
    names = list(studies.columns)
    found = match_names(column, names, literal=True)
    if not found:
        raise UnknownTermError(
            f"studies have no column {column!r}; there is {', '.join(names)}."
            f"{suggest(column, names)}"
        )
    values = studies[names[found[0]]]
    if sign in _ORDER:
        return _ordered(values, sign, value, condition)
    equal = _equal(values, value)
    return ~equal if sign == "!=" else equal


def _ordered(values: pd.Series, sign: str, value: str, condition: str) -> BoolArray:
    import pandas as pd

    try:
        bound = float(value)
    except ValueError:
        bound = np.nan
    if np.isnan(bound):
        raise OptionError(
            f"in {condition!r}, {value!r} is not a number; compare text with = or !=."
        )
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    return np.asarray(_ORDER[sign](numbers, bound))  # NaN compares as False


def _equal(values: pd.Series, value: str) -> BoolArray:
    import pandas as pd

    # match each distinct value once: columns such as journal repeat a few thousand
    codes, distinct = pd.factorize(values.astype("str").where(values.notna()))
    names = [str(d) for d in distinct]
    matches = np.zeros(len(names) + 1, dtype=bool)  # the last is for "missing"
    matches[match_names(value, names)] = True
    matches[[i for i, name in enumerate(names) if not name.strip()]] = False
    equal = np.asarray(matches[codes])
    if pd.api.types.is_numeric_dtype(values):
        with contextlib.suppress(ValueError):  # 2010.0 is 2010, but 001 is not 1
            equal |= values.eq(float(value)).fillna(value=False).to_numpy(dtype=bool)
    return equal

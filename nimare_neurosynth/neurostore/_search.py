"""Searching for studies: what is asked, and the table of what is found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

COLUMNS = (
    "id",
    "name",
    "authors",
    "year",
    "publication",
    "doi",
    "pmid",
    "source",
    "has_coordinates",
    "has_images",
    "versions",
)
_MAX_TEXT = 10_000


def question(
    text: str | None,
    near: Sequence[float] | None,
    radius_mm: float,
    years: tuple[int | None, int | None],
    source: str | None,
) -> tuple[str, dict[str, Any]]:
    """Say which list to ask for, and with which parameters.

    Raises
    ------
    OptionError
        If the server cannot be asked this.
    """
    if source is not None and (near is not None or years != (None, None)):
        raise OptionError(
            "NeuroStore searches the versions of studies by source, and studies by "
            "place or year: give source, or near and years, not both."
        )
    asked: dict[str, Any] = {"search": text}
    if source is not None:
        return "studies", {**asked, "source": source}
    asked |= {"year_min": years[0], "year_max": years[1]}
    if near is not None:
        numbers = [float(value) for value in near]
        if len(numbers) != 3 or not all(map(math.isfinite, [*numbers, radius_mm])):
            raise OptionError(f"near must be three numbers (mm), got {near!r}.")
        if radius_mm <= 0:
            raise OptionError(f"radius_mm must be above 0, got {radius_mm}.")
        asked |= {**dict(zip("xyz", numbers, strict=True)), "radius": radius_mm}
    return "base-studies", asked


def study_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Give a table of studies, without what is of another type than it should be."""
    import pandas as pd

    made = [{key: _value(row.get(key)) for key in COLUMNS} for row in rows]
    table = pd.DataFrame(made, columns=list(COLUMNS), dtype=object)
    years = [_year(value) for value in table["year"]]
    return table.assign(year=pd.array(years, dtype="Int64"))


def _year(value: Any) -> int | None:
    is_year = isinstance(value, int) and not isinstance(value, bool)
    return value if is_year and 0 <= value <= 9999 else None


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_MAX_TEXT]
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list):
        ids = [v.get("id") if isinstance(v, dict) else v for v in value]
        return " ".join(i for i in ids if isinstance(i, str))
    return None

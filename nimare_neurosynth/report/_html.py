"""HTML pages from templates; whatever comes from data is escaped."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def render(template: str, **values: Any) -> str:
    """Fill in one of the templates beside this file.

    Parameters
    ----------
    template : str
        Name of its file.
    **values
        What it shows; all text is escaped.

    Returns
    -------
    str
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nimare_neurosynth.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)


def embed_picture(path: Path) -> str:
    """Give a PNG as a data address, so that a page needs no other file."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table's rows for a template; missing values become empty text."""
    return table.astype(object).where(table.notna(), "").to_dict("records")  # type: ignore[return-value]

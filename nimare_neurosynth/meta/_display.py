"""Maps in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nimare_neurosynth.meta._maps import Maps

_HEADINGS = (
    "query",
    "studies",
    "largest association z",
    "at (mm)",
    "largest uniformity z",
)
_MOST_ROWS = 20


def maps_html(maps: Maps) -> str:
    """Describe maps in a small table, one row per label."""
    rows = []
    for row, label in enumerate(maps.labels[:_MOST_ROWS]):
        association = maps.array("z_desc-association", label=label)
        uniformity = maps.array("z_desc-uniformity", label=label)
        peak = maps.mask.xyz_mm[int(association.argmax())]
        cells = (
            escape(label),
            f"{maps.n_selected[row]:,}",
            f"{association.max():.2f}",
            ", ".join(f"{v:g}" for v in peak),
            f"{uniformity.max():.2f}",
        )
        rows.append("<tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr>")
    head = "".join(f"<th>{h}</th>" for h in _HEADINGS)
    more = len(maps) - len(rows)
    note = f"<p>and {more:,} more</p>" if more else ""
    table = f"<table><tr>{head}</tr>{''.join(rows)}</table>"
    return f"<p>{escape(repr(maps))}</p>{table}{note}"

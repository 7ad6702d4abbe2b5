"""Rows of weights for the studies that they belong to: as said, or as titles show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import OptionError, warn
from nimare_neurosynth.io._row_order import (
    METADATA,
    ORDERS,
    examine,
    row_orders,
    titles_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from nimare_neurosynth.database import LabelSet
    from nimare_neurosynth.io._row_order import RowOrderReport

AUTO = "auto"
ROW_ORDERS = (*ORDERS, AUTO)
"""What the option ``row_order`` can be."""

_IN_DOUBT = "row order in doubt: "
_NO_ORDER = {
    "number": "not all of their ids are whole numbers",
    "coordinates": "not all of them have peaks",
}


def check_row_order_option(row_order: str) -> None:
    """Raise an OptionError if there is no such order."""
    if row_order not in ROW_ORDERS:
        raise OptionError(
            f"row_order must be one of {', '.join(ROW_ORDERS)}, got {row_order!r}."
        )


def in_row_order(
    label_sets: Sequence[LabelSet],
    studies: pd.DataFrame,
    peak_study: NDArray[np.integer],
    row_order: str,
    notes: list[str],
) -> list[LabelSet]:
    """Give each study its row, and find out from titles whether it is its own.

    Parameters
    ----------
    label_sets : sequence of LabelSet
        Rows as they stand in the files.
    studies : pandas.DataFrame
        In the order of the metadata.
    peak_study : ndarray of int, shape (n_peaks,)
        Study of each peak, in the order of the coordinates.
    row_order : str
        The order that rows have, or ``"auto"`` for the one that fits titles.
    notes : list of str
        Orders other than the metadata's, and doubts, are added.

    Returns
    -------
    list of LabelSet

    Raises
    ------
    OptionError
        If these studies have no such order.
    """
    rows = row_orders(studies["study_id"].to_numpy(), peak_study)
    as_read = METADATA if row_order == AUTO else row_order
    if as_read not in rows:
        raise OptionError(
            f"row_order cannot be {as_read!r} for these studies: {_NO_ORDER[as_read]}. "
            f"It can be {', '.join((*rows, AUTO))}."
        )
    titles = titles_of(studies)
    return [
        labels
        if labels.weights is None
        else _in_order(labels, titles, rows, row_order, notes)
        for labels in label_sets
    ]


def _in_order(
    labels: LabelSet,
    titles: Sequence[str],
    rows: Mapping[str, NDArray[np.intp]],
    row_order: str,
    notes: list[str],
) -> LabelSet:
    order = METADATA if row_order == AUTO else row_order
    report = _disagreement(labels, titles, rows, order)
    if report is not None and row_order == AUTO:
        order = report.fits or order
        notes.append(f"row order found: {report}; they are taken in that order")
    elif order != METADATA:
        notes.append(f"the rows of {labels.name} are taken in {ORDERS[order]}")
    if report is not None and row_order != AUTO:
        notes.append(
            f"{_IN_DOUBT}{report}: studies have the labels of others. Read the files "
            f"again with row_order='auto', or row_order={report.fits!r} for all label "
            f"sets (on the command line: --row-order)."
        )
    if order == METADATA:
        return labels
    assert labels.weights is not None  # noqa: S101 - label sets without are left out
    moved = labels.weights.tocsr()[rows[order]].tocsc()
    moved.sort_indices()
    return replace(labels, weights=moved)


def _disagreement(
    labels: LabelSet,
    titles: Sequence[str],
    rows: Mapping[str, NDArray[np.intp]],
    as_read: str,
) -> RowOrderReport | None:
    """Give the report if another order fits better."""
    if len({row.tobytes() for row in rows.values()}) == 1:
        return None  # whatever the files are in, it is the same
    report = examine(labels, titles, rows, as_read)
    return None if report.fits is None else report


def warn_of_row_order(notes: Sequence[str]) -> None:
    """Warn of the notes that say that studies have the labels of others."""
    doubts = [note for note in notes if note.startswith(_IN_DOUBT)]
    if doubts:
        warn(" ".join(doubts))

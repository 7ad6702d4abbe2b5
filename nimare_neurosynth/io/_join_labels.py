"""Label sets of several databases as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scipy.sparse import csc_array

    from nimare_neurosynth._typing import IntArray


def starts(sizes: list[int]) -> IntArray:
    """Give the position at which each of several parts begins."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])[:-1]


def join_labels(
    name: str, sets: Sequence[LabelSet | None], sizes: list[int], names: list[str]
) -> LabelSet:
    """Join label sets into one.

    Parameters
    ----------
    name : str
        What it is called.
    sets : sequence of LabelSet or None
        One for each database; None where a database has no such set.
    sizes : list of int
        Studies of each database.
    names : list of str
        What the databases are called in messages.

    Returns
    -------
    LabelSet
        Without weights if no database has any.

    Raises
    ------
    FormatError
        If kinds or sources of the weights differ, or a set has a label twice.
    """
    for i, (own, holder) in enumerate(zip(sets, names, strict=True)):
        if own is not None and len(own.index) < len(own):
            raise FormatError(
                f"the label set {name!r} of {holder} has "
                f"{len(own) - len(own.index):,} labels twice: each needs its own name."
            )
        if own is not None and not fits(own, sets[:i]):
            raise FormatError(
                f"the label set {name!r} of {holder} holds weights of the kind "
                f"{own.kind!r} made from {own.source!r}, others hold "
                f"{_kinds(sets[:i])}: they cannot be mixed. merge_databases() keeps "
                "both, under names of their own."
            )
    there = [s for s in sets if s is not None]
    weighted = [s for s in there if s.weights is not None]
    labels = tuple(dict.fromkeys(label for s in there for label in s.labels))
    kind = (weighted or there)[0].kind
    source = next((s.source for s in weighted or there if s.source), "")
    weights = _stack(sets, sizes, labels) if weighted else None
    return LabelSet(name, labels, weights, kind, source)


def fits(labels: LabelSet, others: Iterable[LabelSet | None]) -> bool:
    """Tell whether weights are of the kind of others, and made from the same.

    A vocabulary without weights goes with anything, and so does an unknown source.
    """
    return labels.weights is None or not any(
        labels.kind != other.kind
        or (labels.source and other.source and labels.source != other.source)
        for other in others
        if other is not None and other.weights is not None
    )


def _kinds(sets: Iterable[LabelSet | None]) -> str:
    kinds = {
        f"{s.kind!r} from {s.source!r}"
        for s in sets
        if s is not None and s.weights is not None
    }
    return ", ".join(sorted(kinds))


def _stack(
    sets: Sequence[LabelSet | None], sizes: list[int], labels: tuple[str, ...]
) -> csc_array:
    """Stack weights upon each other: each is copied once, column by column."""
    from scipy.sparse import csc_array

    position = {label: i for i, label in enumerate(labels)}
    pieces = [
        (s.weights, int(first), np.array([position[label] for label in s.labels], int))
        for s, first in zip(sets, starts(sizes), strict=True)
        if s is not None and s.weights is not None
    ]
    held = np.zeros(len(labels), dtype=np.int64)
    for weights, _, columns in pieces:
        held[columns] += np.diff(weights.indptr)
    indptr = np.concatenate([[0], np.cumsum(held)])
    kind = np.result_type(*(w.indices.dtype for w, _, _ in pieces))
    if max(indptr[-1], sum(sizes)) > np.iinfo(np.int32).max:
        kind = np.dtype(np.int64)
    indices = np.empty(indptr[-1], dtype=kind)
    data = np.empty(indptr[-1], np.result_type(*(w.dtype for w, _, _ in pieces)))
    filled = indptr[:-1].copy()
    for weights, first, columns in pieces:
        counts = np.diff(weights.indptr)
        moved = np.repeat(filled[columns] - weights.indptr[:-1], counts)
        place = moved + np.arange(len(moved))
        indices[place] = np.add(weights.indices, first, dtype=kind)
        data[place] = weights.data
        filled[columns] += counts
    shape = (sum(sizes), len(labels))
    return csc_array((data, indices, indptr.astype(indices.dtype)), shape=shape)


def without_weights(
    joined: LabelSet,
    sets: Sequence[LabelSet | None],
    sizes: list[int],
    names: list[str],
) -> list[str]:
    """Note the databases whose studies have no weights in a set that has some."""
    if joined.weights is None:
        return []
    return [
        f"label set {joined.name!r}: no weights for the {size:,} studies of {holder}, "
        "which count as without its labels"
        for labels, size, holder in zip(sets, sizes, names, strict=True)
        if size and (labels is None or labels.weights is None)
    ]


def lacking_labels(
    joined: LabelSet, sets: Sequence[LabelSet | None], names: list[str]
) -> list[str]:
    """Note the databases whose weights are of fewer labels than those of all."""
    return [
        f"label set {joined.name!r}: {holder} knows {len(labels):,} of the "
        f"{len(joined):,} labels; its studies count as without the others"
        for labels, holder in zip(sets, names, strict=True)
        if labels is not None and labels.weights is not None
        if len(labels) < len(joined)
    ]

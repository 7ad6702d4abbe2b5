"""Copies of studies in several databases, and what is taken from which copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.database import LabelSet, Peaks
from nimare_neurosynth.io._join_labels import fits, join_labels, lacking_labels
from nimare_neurosynth.io._tabular import MISSING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csc_array

    from nimare_neurosynth._typing import BoolArray, IntArray
    from nimare_neurosynth.database import Database

_NONE = -1


@dataclass(frozen=True, eq=False)
class Copies:
    """The studies of all databases, one database after another, as copies of others.

    Attributes
    ----------
    ids : list of str, length n_studies
        What the studies are called that these are copies of.
    target : ndarray of int, shape (n_copies,)
        Position of each copy's study.
    sizes : list of int
        Copies in each database.
    with_peaks : ndarray of bool, shape (n_copies,)
        Which copies report peaks.
    """

    ids: list[str]
    target: IntArray
    sizes: list[int]
    with_peaks: BoolArray

    def first(self, able: BoolArray) -> IntArray:
        """Give the first copy of each study that is able to give something, or -1."""
        giver = np.full(len(self.ids), _NONE, dtype=np.int64)
        last_to_first = np.flatnonzero(able)[::-1]
        giver[self.target[last_to_first]] = last_to_first
        return giver

    def prefer(self, able: BoolArray, among: BoolArray) -> IntArray:
        """Give the first able copy; where there is none, the first of others."""
        giver = self.first(able & among)
        return np.where(giver >= 0, giver, self.first(among))

    @cached_property
    def peak_giver(self) -> IntArray:
        """The copy that each study's peaks are from, shape (n_studies,)."""
        return self.prefer(self.with_peaks, np.ones(len(self.target), dtype=bool))

    @cached_property
    def gives_peaks(self) -> BoolArray:
        """Which copies give the peaks of their study, shape (n_copies,)."""
        gives = np.zeros(len(self.target), dtype=bool)
        gives[self.peak_giver] = True
        return gives

    @cached_property
    def is_first(self) -> BoolArray:
        """Which copies are the first of their study, shape (n_copies,)."""
        first = np.zeros(len(self.target), dtype=bool)
        first[self.first(np.ones(len(self.target), dtype=bool))] = True
        return first

    @cached_property
    def database(self) -> IntArray:
        """Position of each copy's database, shape (n_copies,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def count_by_database(self, which: BoolArray) -> list[int]:
        """Count some of the copies in each database."""
        counts = np.bincount(self.database[which], minlength=len(self.sizes))
        return [int(n) for n in counts]


# ------------------------------------------------------------------------------ rows


def unite_rows(table: pd.DataFrame, row: IntArray, copies: Copies) -> pd.DataFrame:
    """Make one row of those of a study's copies.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of copies, with a column ``study_id``.
    row : ndarray of int, shape (n_copies,)
        Which row is of each copy; -1 where a copy has none.
    copies : Copies

    Returns
    -------
    pandas.DataFrame
        A row for each study of which a copy has one: each field from the first copy
        that has a value. The space is that of the copy that gives the peaks.
    """
    there = row >= 0
    studies = np.flatnonzero(copies.first(there) >= 0)
    columns = {}
    for name, values in table.items():
        able = np.zeros(len(row), dtype=bool)
        able[there] = has_value(values)[row[there]]
        giver = copies.prefer(able, there)
        if name == "space" and there.all():
            giver = copies.peak_giver
        columns[name] = values.iloc[row[giver[studies]]].reset_index(drop=True)
    united = pd.DataFrame(columns, index=pd.RangeIndex(len(studies)))
    return _with_ids(united, studies, copies)


def _with_ids(table: pd.DataFrame, studies: IntArray, copies: Copies) -> pd.DataFrame:
    ids = np.array(copies.ids, dtype=object)[studies]
    given = table["study_id"]
    return table.assign(study_id=pd.Series(ids, index=given.index, dtype=given.dtype))


def has_value(values: pd.Series) -> BoolArray:
    """Tell which values are neither missing nor a text that means so."""
    there = values.notna()
    if not pd.api.types.is_numeric_dtype(values):
        text = values.astype("str").str.strip().str.lower()
        there &= ~text.isin(MISSING)
    return np.asarray(there, dtype=bool)


# ----------------------------------------------------------------------------- peaks


def take_peaks(
    peaks: Peaks, tables: dict[str, pd.DataFrame], copies: Copies
) -> tuple[Peaks, dict[str, pd.DataFrame]]:
    """Take the peaks and analyses of the copies that give them.

    Parameters
    ----------
    peaks : Peaks
        Those of all copies.
    tables : dict of str to pandas.DataFrame
        ``analyses`` and ``peaks`` of all copies.
    copies : Copies

    Returns
    -------
    Peaks
    dict of str to pandas.DataFrame
        The tables that belong to them.
    """
    kept = copies.gives_peaks[peaks.study]
    analyses = tables["analyses"]
    study = analyses["study"].to_numpy(dtype=np.int64)
    kept_analyses = copies.gives_peaks[study]
    number = (np.cumsum(kept_analyses) - 1).astype(np.int32)
    target = copies.target.astype(np.int32)
    space, spaces = _spaces_left(peaks, kept)
    taken = Peaks(
        peaks.xyz[kept],
        target[peaks.study[kept]],
        number[peaks.analysis[kept]],
        space,
        spaces,
    )
    targets = copies.target[study[kept_analyses]]
    analyses = analyses[kept_analyses].reset_index(drop=True)
    analyses["study"] = targets.astype(analyses["study"].dtype)
    if "study_id" in analyses:
        analyses = _with_ids(analyses, targets, copies)
    own = tables["peaks"][kept].reset_index(drop=True)
    return taken, {"analyses": analyses, "peaks": own}


def _spaces_left(
    peaks: Peaks, kept: BoolArray
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """List the spaces of the peaks that are kept, in the order of appearance.

    That order does not depend on the steps in which databases are merged. Spaces that
    no peak had before stay, at the end.
    """
    if kept.all():
        return peaks.space, peaks.spaces
    left = dict.fromkeys(peaks.space[kept].tolist())
    used = set(peaks.space.tolist())
    order = [*left, *(i for i in range(len(peaks.spaces)) if i not in used)]
    number = np.zeros(len(peaks.spaces), dtype=np.int32)
    number[order] = np.arange(len(order))
    return number[peaks.space[kept]], tuple(peaks.spaces[i] for i in order)


# ---------------------------------------------------------------------------- labels


def unite_labels(
    parts: list[Database], names: list[str], copies: Copies
) -> tuple[list[LabelSet], list[str]]:
    """Give each study the weights of the first copy that has any in a label set.

    Parameters
    ----------
    parts : list of Database
    names : list of str
        What they are called.
    copies : Copies

    Returns
    -------
    list of LabelSet
    list of str
        Notes on whose weights they are, and on what was kept apart.
    """
    sets, notes = _by_name(parts, names)
    united = []
    for name, own in sets.items():
        joined = join_labels(name, own, copies.sizes, names)
        if joined.weights is not None:
            there = np.array([s is not None and s.weights is not None for s in own])
            labelled = _labelled(joined.weights)
            giver = copies.prefer(labelled, there[copies.database])
            weights = _gather(joined.weights, giver, copies)
            joined = LabelSet(name, joined.labels, weights, joined.kind, joined.source)
            if (giver < 0).any() or there.sum() > 1:
                notes.append(_whose(name, giver, labelled, names, copies))
            notes += lacking_labels(joined, own, names)
        united.append(joined)
    return united, notes


def _labelled(weights: csc_array) -> BoolArray:
    """Tell which rows have any weight."""
    labelled = np.zeros(weights.shape[0], dtype=bool)
    labelled[weights.indices[weights.data != 0]] = True
    return labelled


def _by_name(
    parts: list[Database], names: list[str]
) -> tuple[dict[str, list[LabelSet | None]], list[str]]:
    """Find the label sets that become one; others get a name of their own."""
    sets: dict[str, list[LabelSet | None]] = {}
    notes = []
    for i, (part, holder) in enumerate(zip(parts, names, strict=True)):
        for labels in part.label_sets.values():
            name = labels.name
            if not fits(labels, sets.get(name, [])):
                # a name that queries can have before a colon
                suffix = re.sub(r"[^\w.+-]+", "_", holder).strip("_")
                while name in sets or name in part.label_sets:
                    name = f"{name}-{suffix}"
                notes.append(
                    f"label set {labels.name!r} of {holder} holds weights of another "
                    f"kind ({labels.kind!r} made from {labels.source!r}): kept apart "
                    f"as {name!r}"
                )
            sets.setdefault(name, [None] * len(parts))[i] = labels
    return sets, notes


def _gather(weights: csc_array, giver: IntArray, copies: Copies) -> csc_array:
    """Take the rows of the copies that give weights, in the order of the studies."""
    from scipy.sparse import csc_array

    row = np.full(len(copies.target), _NONE, dtype=weights.indices.dtype)
    row[giver[giver >= 0]] = np.flatnonzero(giver >= 0)
    rows = row[weights.indices]
    kept = rows >= 0
    column = np.repeat(np.arange(weights.shape[1]), np.diff(weights.indptr))
    held = np.bincount(column[kept], minlength=weights.shape[1])
    indptr = np.concatenate([[0], np.cumsum(held)]).astype(rows.dtype)
    shape = (len(copies.ids), weights.shape[1])
    taken = csc_array((weights.data[kept], rows[kept], indptr), shape=shape)
    taken.sort_indices()
    return taken


def _whose(
    name: str,
    giver: IntArray,
    labelled: BoolArray,
    names: Sequence[str],
    copies: Copies,
) -> str:
    """Say whose weights the studies have."""
    given = giver[giver >= 0]
    given = given[labelled[given]]
    counts = np.bincount(copies.database[given], minlength=len(names))
    pairs = zip(counts.tolist(), names, strict=True)
    whose = [f"{n:,} from {holder}" for n, holder in pairs if n]
    return (
        f"label set {name!r}: weights of {', '.join(whose) or 'no study'}; "
        f"{len(copies.ids) - len(given):,} studies have none and count as without its "
        "labels"
    )

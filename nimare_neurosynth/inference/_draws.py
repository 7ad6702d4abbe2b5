"""Groups of studies, drawn anew as they could have been."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nimare_neurosynth.engine import LabelColumns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray


Urn: TypeAlias = "list[NDArray[np.int64]] | NDArray[np.int64]"
"""What is exchanged with each other: units of several rows, or rows."""


def draw_groups(
    selected: BoolArray,
    counted: BoolArray,
    *,
    n_draws: int,
    seed: int = 0,
    strata: NDArray[Any] | None = None,
    units: NDArray[Any] | None = None,
) -> LabelColumns:
    """Draw groups that have as many studies as one that was observed.

    Parameters
    ----------
    selected : ndarray of bool, shape (n_studies,)
        The observed group.
    counted : ndarray of bool, shape (n_studies,)
        The studies that can be in it.
    n_draws : int
        How many groups.
    seed : int
        Each draw has a stream of random numbers of its own, by its number: the first
        hundred of a thousand draws are those of a hundred draws.
    strata : ndarray, shape (n_studies,), optional
        A group has as many studies of each stratum as the observed one: studies are
        exchanged within strata only.
    units : ndarray, shape (n_studies,), optional
        What is exchanged as a whole, where a row is an analysis and several are of one
        study. Sizes of groups then vary. A unit's stratum is that of its first row. A
        unit of which some rows are in the group and some are not keeps their numbers,
        and exchanges its own rows, whatever their strata.

    Returns
    -------
    LabelColumns
        A column for each draw.

    Examples
    --------
    >>> observed = np.array([True, True, False, False, False, False])
    >>> draws = draw_groups(observed, np.ones(6, bool), n_draws=3)
    >>> draws.sizes
    array([2, 2, 2])
    """
    rows = np.flatnonzero(counted)
    here = selected[rows]
    codes = np.zeros(len(rows), np.int64) if strata is None else _codes(strata[rows])
    whole = np.arange(len(rows)) if units is None else _codes(units[rows])
    urns = [(_rows(urn), n) for urn, n in _urns(here, codes, whole)]
    drawn = [_draw(urns, seed, i) for i in range(n_draws)]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in drawn])])
    studies = rows[np.concatenate([*drawn, np.empty(0, np.int64)]).astype(np.int64)]
    return LabelColumns(
        offsets.astype(np.int64), studies.astype(np.int32), len(selected)
    )


def _codes(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _urns(
    here: BoolArray, strata: NDArray[np.int64], units: NDArray[np.int64]
) -> Iterator[tuple[list[NDArray[np.int64]], int]]:
    """Give what is exchanged with each other, and how many of it are drawn."""
    order = np.argsort(units, kind="stable")
    cuts = np.flatnonzero(np.diff(units[order])) + 1
    parts = np.split(order, cuts) if len(order) else []
    inside = np.array([here[part].mean() for part in parts])
    stratum = np.array([strata[part[0]] for part in parts])
    for part, share in zip(parts, inside, strict=True):
        if 0 < share < 1:
            yield [part[i : i + 1] for i in range(len(part))], int(here[part].sum())
    pure = (inside == 0) | (inside == 1)
    for one in np.unique(stratum[pure]) if len(parts) else []:
        members = np.flatnonzero(pure & (stratum == one))
        yield [parts[i] for i in members], int(inside[members].sum())


def _rows(urn: list[NDArray[np.int64]]) -> Urn:
    """Give units of one row each as an array of rows: these are drawn much faster."""
    return np.concatenate(urn) if all(len(unit) == 1 for unit in urn) else urn


def _draw(urns: list[tuple[Urn, int]], seed: int, i: int) -> NDArray[np.int64]:
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,)))
    drawn = [np.empty(0, np.int64)]
    for urn, n in urns:
        chosen = random.choice(len(urn), n, replace=False, shuffle=False)
        if isinstance(urn, list):
            drawn += [urn[k] for k in chosen]
        else:
            drawn.append(urn[chosen])
    return np.sort(np.concatenate(drawn))

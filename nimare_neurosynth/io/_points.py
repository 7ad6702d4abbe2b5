"""The peaks of a database as the points of a NIMADS document."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.io._studyset_parts import dense
from nimare_neurosynth.io._studyset_tables import PEAK_ORDER
from nimare_neurosynth.io._values import is_boolean, is_numeric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth.io._kept import Keys
    from nimare_neurosynth.io._plan import Plan

POINT_KEYS = ("id", "coordinates", "kind", "space", "values")
"""Keys of a point, as the standard has them, and its id."""

STATISTICS = {
    "z_stat": "Z",
    "t_stat": "T",
    "beta": "beta",
    "variance": "variance",
    "se": "SE",
    "p": "p",
}
"""Columns of statistics, and what kind of value they are in a point."""

_OTHER_STATISTIC = "value_"
PER_POINT = "coordinate_"
"""Begins the name of a list in an analysis's metadata that has a value for each point:
NiMARE's way to keep what is no statistic."""


class Points:
    """The points of the analyses that a plan lists.

    Parameters
    ----------
    plan : Plan
    keys : Keys
        What keys points have.
    order : list of int
        Rows of the analyses as the document has them, study by study.
    """

    def __init__(self, plan: Plan, keys: Keys, order: list[int]) -> None:
        self._keys = keys
        peaks = plan.database.peaks
        analysis = plan.peak_analysis
        self._peaks = np.argsort(analysis, kind="stable")
        in_order = analysis[self._peaks]
        bounds = np.searchsorted(in_order, np.arange(len(plan.table) + 1))
        self._bounds = bounds.tolist()
        place = np.argsort(order)
        self._shuffled = bool((np.diff(place[analysis]) < 0).any())
        xyz = np.asarray(peaks.xyz)[self._peaks]
        self._xyz: list[list[float | None]] = xyz.tolist()
        for i in np.flatnonzero(~peaks.is_complete[self._peaks]).tolist():
            self._xyz[i] = [v if np.isfinite(v) else None for v in self._xyz[i]]
        spaces = peaks.spaces
        codes = np.asarray(peaks.space)[self._peaks].tolist()
        self._space = [spaces[code] for code in codes]
        self._table = pd.DataFrame(index=pd.RangeIndex(len(peaks)))
        if "peaks" in plan.database.table_names:
            self._table = plan.database.table("peaks").reset_index(drop=True)

    def of(self, row: int) -> list[dict[str, Any]]:
        """Give the points of an analysis."""
        first, stop = self._bounds[row], self._bounds[row + 1]
        return [self._point(i) for i in range(first, stop)]

    def metadata(self, row: int) -> dict[str, list[Any]]:
        """Give what is known of an analysis's points and is no statistic."""
        first, stop = self._bounds[row], self._bounds[row + 1]
        lists = {
            f"{PER_POINT}{name}": values[first:stop].tolist()
            for name, values in self._per_point
        }
        return {
            name: values
            for name, values in lists.items()
            if any(value is not None for value in values)
        }

    def _point(self, i: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self._ids is not None:
            made["id"] = self._ids[i]
        made["coordinates"] = self._xyz[i]
        made["kind"] = None if self._kinds is None else self._kinds[i]
        made["space"] = self._space[i]
        made["values"] = [
            {"kind": kind, "value": values[i]}
            for kind, values in self._statistics
            if values[i] is not None
        ]
        for key, values in self._further:
            made[key] = values[i]
        for key in self._keys.empty:
            made[key] = None
        for key in self._keys.absent:
            made.pop(key, None)
        return made

    # ---------------------------------------------------------------------- columns

    def _column(self, name: str) -> NDArray[np.object_]:
        return dense(self._table.get(name), len(self._table))[self._peaks]

    @cached_property
    def _ids(self) -> NDArray[np.object_] | None:
        return self._column("peak_id") if "peak_id" in self._table else None

    @cached_property
    def _kinds(self) -> NDArray[np.object_] | None:
        return self._column("kind") if "kind" in self._table else None

    @cached_property
    def _further(self) -> list[tuple[str, NDArray[np.object_]]]:
        return [(key, self._column(c)) for key, c in self._keys.columns.items()]

    @cached_property
    def _others(self) -> list[str]:
        taken = {"peak_id", "kind", *self._keys.columns.values()}
        return [str(c) for c in self._table if c not in taken]

    @cached_property
    def _statistics(self) -> list[tuple[str, NDArray[np.object_]]]:
        return [
            (_kind(name), self._column(name))
            for name in self._others
            if self._is_statistic(name)
        ]

    @cached_property
    def _per_point(self) -> list[tuple[str, NDArray[np.object_]]]:
        found = [
            (name, self._column(name))
            for name in self._others
            if not self._is_statistic(name)
        ]
        if self._shuffled:  # peaks of an analysis that are not in a row
            found.append((PEAK_ORDER, self._peaks.astype(object)))
        return found

    def _is_statistic(self, name: str) -> bool:
        if name not in STATISTICS and not name.startswith(_OTHER_STATISTIC):
            return False
        values = [v for v in self._column(name) if v is not None]
        return is_numeric(values) and not is_boolean(values)


def _kind(name: str) -> str:
    return STATISTICS.get(name) or name.removeprefix(_OTHER_STATISTIC)

"""Points of an analysis: coordinates, spaces, values."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.validation._fields import (
    check_texts,
    finite,
    list_of,
    number_in,
    objects_of,
)
from nimare_neurosynth.validation._problems import ERROR, WARNING, quoted
from nimare_neurosynth.validation._spaces import KNOWN, is_misread, meant_space

if TYPE_CHECKING:
    from nimare_neurosynth.validation._problems import Spot

FARTHEST_MM = 200.0
"""No head is so large."""

_ABSENT = (None, "", "None")


def check_points(analysis: dict[str, Any], spot: Spot) -> None:
    """Check the points of an analysis."""
    points = objects_of(analysis, "points", spot, "point", needed=True)
    n_without = 0
    for number, point in points:
        here = spot.at("point", number, point.get("id"))
        _check_coordinates(point, here)
        _check_values(point, here)
        check_texts(point, ("kind",), here)
        n_without += _check_space(point, here)
    if n_without:
        what = f"{n_without:,} of {len(points):,} points have no space: "
        spot.tell("no-space", what + "they are used as they are")


def _check_coordinates(point: dict[str, Any], spot: Spot) -> None:
    """Check that coordinates are three numbers; null is allowed, and of no use."""
    given = point.get("coordinates")
    new, what, severity = _three(given)
    if what:
        field = "coordinates"
        spot.put(point, field, new, "coordinates", what, severity=severity)
    if not isinstance(new, list) or any(v is None for v in new) or not new:
        told = "there are none" if not new else f"are incomplete: {quoted(new)}"
        told += ": the point will be left out"
        spot.tell("no-coordinates", told, field="coordinates")
    elif max(abs(float(v)) for v in new) > FARTHEST_MM:
        spot.tell("far-away", far_away(new), field="coordinates")


def far_away(xyz: list[Any]) -> str:
    """Say that coordinates are in no brain."""
    return (
        f"{quoted(xyz)} is more than {FARTHEST_MM:g} mm from the origin: probably in "
        "voxels or other units"
    )


def _three(given: Any) -> tuple[Any, str, str]:
    """Give coordinates as they should be, and what was wrong with them, if anything."""
    if given is None or given == []:
        return given, "", WARNING
    what = f"are {quoted(given)}"
    values = given
    if isinstance(given, str):
        values = [w for w in re.split(r"[\s,;()\[\]]+", given) if w]
    elif isinstance(given, dict):
        values = [given.get(axis) for axis in "xyz"]
    if not isinstance(values, list) or len(values) != 3:
        severity = WARNING if given in _ABSENT else ERROR
        return None, f"{what} instead of three numbers", severity
    new = [_component(value) for value in values]
    lost = [v for v, n in zip(values, new, strict=True) if n is None and v is not None]
    bad = [v for v in lost if v not in ("", "None") and not _is_nan(v)]
    same = isinstance(given, list) and not lost
    same = same and all(a is b for a, b in zip(new, values, strict=True))
    if same:
        return given, "", WARNING
    severity = ERROR if bad or not isinstance(given, list) else WARNING
    return new, f"{what} instead of three numbers", severity


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _component(value: Any) -> Any:
    if isinstance(value, str):
        return number_in(value)
    return value if finite(value) is not None else None


def _check_space(point: dict[str, Any], spot: Spot) -> bool:
    """Check the space of a point; tell whether it has none."""
    given = point.get("space")
    if given == "None" or (given is not None and not isinstance(given, str)):
        new = None
        if isinstance(given, list) and len(given) == 1 and isinstance(given[0], str):
            new = meant_space(given[0]) or given[0]
        lost = new is None and given != "None"
        what = f"is {quoted(given)} where a name or null is meant"
        severity = ERROR if lost else WARNING
        spot.put(point, "space", new, "space", what, severity=severity)
        given = new
    if given is None or not given.strip():
        return True
    meant = meant_space(given)
    if given in KNOWN:
        return False
    if meant is None:
        what = f"{quoted(given)} is no space that is known: taken as MNI"
        spot.tell("space", what, field="space")
    else:
        what, severity = wrong_space(given)
        spot.put(point, "space", meant, "space", what, severity=severity)
    return False


def wrong_space(name: str) -> tuple[str, str]:
    """Say what is wrong with a name that means a known space, and how bad that is."""
    if is_misread(name):
        return f"{quoted(name)} would be taken as MNI", ERROR
    return f"{quoted(name)} is no standard name of a space", WARNING


def _check_values(point: dict[str, Any], spot: Spot) -> None:
    """Check statistics: a list of objects with kind and value."""
    given = point.get("values")
    if isinstance(given, dict) and given:
        spot.put(point, "values", [given], "no-list", "is an object and no list")
    elif finite(given) is not None:
        new = [{"kind": None, "value": given}]
        spot.put(point, "values", new, "no-list", "is a number and no list")
    values = list_of(point, "values", spot) or []
    for i, each in enumerate(values):
        if isinstance(each, dict):
            here = spot.at("value", i + 1)
            check_texts(each, ("kind",), here)
            _check_value(each, here)
        else:
            what = f"is {quoted(each)} instead of an object"
            spot.at("value", i + 1).tell("no-object", what)


def _check_value(holder: dict[str, Any], spot: Spot) -> None:
    value = holder.get("value")
    if value is None or finite(value) is not None:
        return
    number = number_in(value) if isinstance(value, str) else None
    what = f"is {quoted(value)} and no number"
    if number is not None or value in _ABSENT or _is_nan(value):
        spot.put(holder, "value", number, "no-number", what)
    else:
        spot.tell("no-number", what, field="value")

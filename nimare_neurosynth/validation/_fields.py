"""Fields of NIMADS objects: texts, lists, years and ids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.io import unique_names
from nimare_neurosynth.io._values import as_text
from nimare_neurosynth.validation._problems import ERROR, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nimare_neurosynth.validation._problems import Spot


def finite(value: object) -> float | None:
    """Give a number as float; None if it is none, or not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def number_in(text: str) -> float | int | None:
    """Give the number that a text is, whole if it is written so; None if it is none."""
    words = text.strip().replace("\N{MINUS SIGN}", "-")
    if not words.isascii() or "_" in words:
        return None
    for kind in (int, float):
        try:
            value = kind(words)
        except ValueError:
            continue
        return value if finite(value) is not None else None
    return None


def check_texts(holder: dict[str, Any], keys: Iterable[str], spot: Spot) -> None:
    """Check fields that are text or null."""
    for key in keys:
        value = holder.get(key)
        if value is None or (isinstance(value, str) and value != "None"):
            continue
        if value == "None" or (isinstance(value, float) and not math.isfinite(value)):
            what = f"is {quoted(value)} where null is meant"
            spot.put(holder, key, None, "none-as-text", what)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            whole = isinstance(value, float) and value.is_integer()
            new = str(int(value) if whole else value)
            spot.put(holder, key, new, "no-text", f"is the number {value} and no text")
        elif isinstance(value, list) and all(isinstance(v, str) for v in value):
            spot.put(holder, key, ", ".join(value), "no-text", "is a list and no text")
        else:
            what = f"is {quoted(value)} instead of text"
            spot.tell("no-text", what, field=key)


def check_year(holder: dict[str, Any], spot: Spot) -> None:
    """Check the year of a study."""
    value = holder.get("year")
    if value is None:
        return
    new = number_in(value) if isinstance(value, str) else value
    new = int(new) if isinstance(new, float) and new.is_integer() else new
    if value in {"", "None"} or (isinstance(value, float) and math.isnan(value)):
        what = f"is {quoted(value)} where null is meant"
        spot.put(holder, "year", None, "none-as-text", what)
    elif isinstance(new, bool) or not isinstance(new, int) or not 0 <= new <= 9999:
        spot.tell("no-year", f"{quoted(value)} is no year", field="year")
    elif type(value) is not int:
        what = f"is {quoted(value)} instead of a whole number"
        spot.put(holder, "year", new, "no-year", what)


def check_metadata(holder: dict[str, Any], spot: Spot) -> None:
    """Check metadata: an object or null; of its values, those that stand for null."""
    value = holder.get("metadata")
    if value is None:
        return
    if value == "None":
        what = "is 'None' where null is meant"
        spot.put(holder, "metadata", None, "none-as-text", what)
        return
    if not isinstance(value, dict):
        what = f"is {quoted(value)} instead of an object"
        spot.tell("no-object", what, field="metadata")
        return
    for key, each in value.items():
        if each == "None" or (isinstance(each, float) and math.isnan(each)):
            what = f"{quoted(key)} is {quoted(each)} where null is meant"
            spot.put(value, key, None, "none-as-text", what, field="metadata")


def list_of(
    holder: dict[str, Any], key: str, spot: Spot, *, needed: bool = False
) -> list[Any] | None:
    """Give a list; null becomes an empty one. None if it is something else."""
    value = holder.get(key)
    if isinstance(value, list):
        return value
    if key not in holder and not needed:
        return []
    if value is None or value in ("", "None", {}):
        is_what = f"is {quoted(value)}" if key in holder else "is missing"
        spot.put(holder, key, [], "no-list", f"{is_what} where a list is needed")
        return list(holder[key])
    what = f"is {quoted(value)} instead of a list"
    spot.tell("no-list", what, field=key, severity=ERROR)
    return None


def objects_of(
    holder: dict[str, Any], key: str, spot: Spot, what: str, *, needed: bool = False
) -> list[tuple[int, dict[str, Any]]]:
    """Give the objects in a list with their numbers; nulls are taken out."""
    given = list_of(holder, key, spot, needed=needed) or []
    for number, each in enumerate(given, start=1):
        if each is None:
            options: dict[str, Any] = {"severity": ERROR, "repair": "is left out"}
            spot.at(what, number).tell("no-object", "is null", **options)
        elif not isinstance(each, dict):
            said = f"is {quoted(each)} instead of an object"
            if isinstance(each, str) and what in {"study", "analysis"}:
                said += ": download the studyset with its studies in it (nested=true)"
            spot.at(what, number).tell("no-object", said, severity=ERROR)
    if any(each is None for each in given):
        holder[key] = [each for each in given if each is not None]
    numbered = enumerate(given, start=1)
    return [(number, each) for number, each in numbered if isinstance(each, dict)]


def check_ids(items: list[tuple[int, dict[str, Any]]], spot: Spot, what: str) -> None:
    """Check that objects have ids that are text, each another."""
    given = [_id_text(own.get("id"), f"{what}-{number}") for number, own in items]
    for (number, own), text, unique in zip(
        items, given, unique_names(given), strict=True
    ):
        old = own.get("id")
        here = spot.at(what, number, old)
        if unique != text:
            said = f"another {what} has the id {quoted(text)}"
            here.put(own, "id", unique, "repeated-id", said, severity=ERROR)
        elif old is None or old == "":
            here.put(own, "id", unique, "no-id", "there is none")
        elif not isinstance(old, str):
            here.put(own, "id", unique, "no-text", f"is {quoted(old)} and no text")


def _id_text(value: Any, default: str) -> str:
    if value is None or value == "":
        return default
    return value if isinstance(value, str) else as_text(value)

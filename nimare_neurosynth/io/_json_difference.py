"""What must be done to one JSON value to make it another, as JSON itself.

A change is an object: ``=`` gives the value that stands there instead; ``+``, ``-`` and
``~`` name keys of an object that are set, taken away, and changed in their turn; ``@``
names places of a list that are changed.
"""

from __future__ import annotations

import math
from typing import Any

Change = dict[str, Any]


def difference(shown: Any, meant: Any) -> Change | None:
    """Find the change that makes ``meant`` of ``shown``; None where there is none.

    Numbers are the same if they are equal, whole or not; booleans are no numbers.
    Numbers that JSON has not (NaN, infinity) become null.

    Examples
    --------
    >>> difference({"a": 1, "b": [2, 3]}, {"b": [2, 4], "c": None})
    {'+': {'c': None}, '-': ['a'], '~': {'b': {'@': {'1': {'=': 4}}}}}
    """
    if isinstance(shown, dict) and isinstance(meant, dict):
        return _of_objects(shown, meant)
    if isinstance(shown, list) and isinstance(meant, list) and len(shown) == len(meant):
        pairs = enumerate(zip(shown, meant, strict=True))
        found = {str(i): difference(one, two) for i, (one, two) in pairs}
        changed = {place: change for place, change in found.items() if change}
        return {"@": changed} if changed else None
    return None if _same(shown, meant) else {"=": plain(meant)}


def _of_objects(shown: dict[str, Any], meant: dict[str, Any]) -> Change | None:
    change: Change = {}
    new = {key: plain(value) for key, value in meant.items() if key not in shown}
    gone = [key for key in shown if key not in meant]
    found = {
        key: difference(value, meant[key])
        for key, value in shown.items()
        if key in meant
    }
    changed = {key: own for key, own in found.items() if own}
    for sign, what in (("+", new), ("-", gone), ("~", changed)):
        if what:
            change[sign] = what
    return change or None


def _same(one: Any, two: Any) -> bool:
    if isinstance(one, bool) is not isinstance(two, bool):
        return False
    if isinstance(two, float) and not math.isfinite(two):
        return one is None
    return bool(one == two)


def plain(value: Any) -> Any:
    """Replace the numbers that JSON has not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: plain(own) for key, own in value.items()}
    return [plain(own) for own in value] if isinstance(value, list) else value


def changed(shown: Any, change: Change | None) -> Any:
    """Apply a change; what it names and is not there is passed over.

    Parameters
    ----------
    shown : object
        It is not altered, but parts of it may be in the result.
    change : dict or None
        What :func:`difference` gave.

    Returns
    -------
    object
    """
    if not change:
        return shown
    if "=" in change:
        return change["="]
    if isinstance(shown, dict):
        gone = set(change.get("-", ()))
        inner = change.get("~", {})
        kept = {
            key: changed(value, inner.get(key))
            for key, value in shown.items()
            if key not in gone
        }
        return {**kept, **change.get("+", {})}
    if isinstance(shown, list):
        inner = change.get("@", {})
        return [changed(value, inner.get(str(i))) for i, value in enumerate(shown)]
    return shown

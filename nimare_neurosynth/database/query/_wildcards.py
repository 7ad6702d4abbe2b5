"""Wildcards that are wildcards: ``*`` any characters, ``?`` one, nothing else."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def has_wildcard(pattern: str) -> bool:
    """Tell whether a pattern has ``*`` or ``?`` in it."""
    return "*" in pattern or "?" in pattern


def match_names(
    pattern: str, names: Sequence[str], *, literal: bool = False
) -> list[int]:
    """Find the names that a pattern matches.

    Parameters
    ----------
    pattern : str
        A name, or a name with ``*`` and ``?``. Upper and lower case are told apart only
        where that leaves something.
    names : sequence of str
        What there is.
    literal : bool
        Take ``*`` and ``?`` as they are.

    Returns
    -------
    list of int
        Positions in ``names``, ascending.

    Examples
    --------
    >>> match_names("emot*", ["emotion", "pain", "emotional", "e.ot"])
    [0, 2]
    """
    if literal or not has_wildcard(pattern):
        found = [i for i, name in enumerate(names) if name == pattern]
        folded = pattern.casefold()
        return found or [i for i, name in enumerate(names) if name.casefold() == folded]
    # fnmatch writes expressions that never go back on what a * has taken, which could
    # take for ever; to it, a bracket would begin a set of characters
    source = fnmatch.translate(pattern.replace("[", "[[]"))
    for flags in (re.NOFLAG, re.IGNORECASE):
        expression = re.compile(source, flags)
        found = [i for i, name in enumerate(names) if expression.match(name)]
        if found:
            return found
    return []

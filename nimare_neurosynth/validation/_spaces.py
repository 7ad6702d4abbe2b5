"""Names of spaces, and what was meant by others."""

from __future__ import annotations

import re
from difflib import get_close_matches

from nimare_neurosynth.space import is_talairach

KNOWN = ("MNI", "TAL", "UNKNOWN", "OTHER")

_MEANT = {
    "mni": "MNI",
    "icbm": "MNI",
    "mni152": "MNI",
    "icbm152": "MNI",
    "mni305": "MNI",
    "montreal": "MNI",
    "montrealneurologicalinstitute": "MNI",
    "tal": "TAL",
    "t88": "TAL",
    "tlrc": "TAL",
    "talairach": "TAL",
    "talairachtournoux": "TAL",
    "talairachandtournoux": "TAL",
    "unknown": "UNKNOWN",
    "other": "OTHER",
}


def meant_space(name: str) -> str | None:
    """Tell which known space a name means; None if that is not clear.

    Examples
    --------
    >>> [meant_space(n) for n in ("mni152", "Talairach", "Tailarach", "fsaverage")]
    ['MNI', 'TAL', 'TAL', None]
    """
    word = re.sub(r"[^a-z0-9]", "", name.casefold()).removesuffix("space")
    if word in _MEANT:
        return _MEANT[word]
    return "TAL" if get_close_matches(word, ["talairach"], cutoff=0.75) else None


def is_misread(name: str) -> bool:
    """Tell whether readers take a name for MNI although it means Talairach."""
    return meant_space(name) == "TAL" and not is_talairach(name)

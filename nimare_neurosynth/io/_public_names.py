"""Names of public databases, which stand where a path could."""

from __future__ import annotations

import re

NEUROSYNTH_VERSIONS = ("3", "4", "5", "6", "7")

PUBLIC_DATABASES = (
    "neurosynth",
    *(f"neurosynth-{version}" for version in NEUROSYNTH_VERSIONS),
    "neuroquery",
    "neurostore",
    "neurostore-nightly",
)
"""What :func:`nimare_neurosynth.fetch` knows, besides ``neurostore-YYYY-MM``."""

_RELEASE = re.compile(r"neurostore-\d{4}-(0[1-9]|1[0-2])")


def is_public_name(text: str) -> bool:
    """Tell whether this names a public database, with vocabularies or without.

    Parameters
    ----------
    text : str
        For example ``"neurosynth-7"``, ``"neurosynth-7:LDA50"`` or
        ``"neurostore-2026-09"``.

    Returns
    -------
    bool
        Vocabularies are not looked at.

    Examples
    --------
    >>> is_public_name("neurosynth-7:LDA50"), is_public_name("neurosynth_v7")
    (True, False)
    """
    base = text.partition(":")[0]
    return base in PUBLIC_DATABASES or _RELEASE.fullmatch(base) is not None

"""Which images a meta-analysis can use, and which of them are of one contrast."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.neurovault._records import LEVELS, volume_ending

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

NOT_ASKED = "not of the kinds asked for"
USABLE = ("z", "t", "beta", "varcope")

_OF_MAPS = re.compile(
    r"(?<![a-z])(z|t|beta|cope|varcope|variance|univariate|var|stat|[zt][-_ ]?stat\w*|"
    r"maps?|nii|gz)(?![a-z])"
)


def choose(
    table: pd.DataFrame,
    *,
    contrasts: Mapping[str, str] | None = None,
    levels: Sequence[str] = ("group",),
    kinds: Sequence[str] = USABLE,
    thresholded: bool = False,
) -> pd.DataFrame:
    """Say of each image whether it is used, and in which analysis.

    Parameters
    ----------
    table : pandas.DataFrame
        From :meth:`NeuroVault.images`.
    contrasts : mapping of str to str, optional
        Names of contrasts, and regular expressions that the names of their images
        match, upper or lower case. By default images whose names differ only in words
        such as "z map" are of one contrast.
    levels : sequence of str
        Levels of analysis to take.
    kinds : sequence of str
        Of ``z``, ``t``, ``beta`` and ``varcope``.
    thresholded : bool
        Also take thresholded maps, which bias an image-based meta-analysis.

    Returns
    -------
    pandas.DataFrame
        With ``analysis``, and ``left_out``: why an image is, or "".

    Raises
    ------
    OptionError
        If an option has an impossible value.
    """
    _check(levels, LEVELS.values(), "levels")
    _check(kinds, USABLE, "kinds")
    patterns = _patterns(contrasts)
    rules = {"levels": set(levels), "kinds": set(kinds), "thresholded": thresholded}
    taken: dict[tuple[Any, str, str], int] = {}
    analyses, reasons = [], []
    for row in table.to_dict("records"):
        reason, analysis = _reason(row, rules), ""
        if not reason:
            analysis, reason = _place(row, patterns, taken)
        analyses.append(analysis)
        reasons.append(reason)
    return table.assign(analysis=analyses, left_out=reasons)


def _check(given: Sequence[str], known: Any, what: str) -> None:
    wrong = [one for one in given if one not in known]
    if isinstance(given, str) or wrong or not given:
        raise OptionError(
            f"{what} must be a list of {', '.join(known)}; got {given!r}."
        )


def _patterns(contrasts: Mapping[str, str] | None) -> dict[str, re.Pattern[str]] | None:
    if contrasts is None:
        return None
    if not contrasts:
        raise OptionError("contrasts is empty: name one, or leave it out.")
    found = {}
    for name, pattern in contrasts.items():
        try:
            found[str(name)] = re.compile(pattern, re.IGNORECASE)
        except (re.error, TypeError) as error:
            raise OptionError(
                f"the pattern of contrast {name!r} is no regular expression ({error})."
            ) from error
    return found


def _reason(row: Mapping[Any, Any], rules: Mapping[str, Any]) -> str:
    """Say why an image can't be used; "" if it can."""
    if not volume_ending(row["file"]):
        return "no volume (.nii or .nii.gz)"
    if row["kind"] not in rules["kinds"]:
        other = f"of another map type ({row['map_type'] or 'not known'})"
        return NOT_ASKED if row["kind"] in USABLE else other
    if row["level"] not in rules["levels"]:
        return f"of another level ({row['level'] or 'not known'})"
    if row["space"] != "MNI":
        return f"of another space ({row['space']})"
    if row["is_thresholded"] and not rules["thresholded"]:
        return "thresholded"
    return ""


def _place(
    row: Mapping[Any, Any],
    patterns: dict[str, re.Pattern[str]] | None,
    taken: dict[tuple[Any, str, str], int],
) -> tuple[str, str]:
    """Find the analysis an image is of; each has one image of a kind."""
    collection, kind, image = row["collection"], row["kind"], int(row["image"])
    if patterns is None:
        analysis = plain_name(row["name"])
        if (collection, analysis, kind) in taken:
            analysis = f"{analysis} {image}"
        taken[collection, analysis, kind] = image
        return analysis, ""
    matching = [name for name, p in patterns.items() if p.search(row["name"])]
    if not matching:
        return "", "of none of the contrasts"
    for name in matching:
        if (collection, name, kind) not in taken:
            taken[collection, name, kind] = image
            return name, ""
    first = taken[collection, matching[0], kind]
    return "", f"a further {kind} map of a contrast (image {first} is taken)"


def plain_name(name: str) -> str:
    """Leave out of a name what it says of the type of the map.

    Parameters
    ----------
    name : str
        Of an image.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_name("Pain > rest, z-stat map"), plain_name("pain > rest: beta map")
    ('pain > rest', 'pain > rest')
    """
    text = _OF_MAPS.sub(" ", name.casefold().replace("_", " "))
    text = re.sub(r"\s+", " ", re.sub(r"[^\w<>+\s-]", " ", text)).strip(" -")
    return text or " ".join(name.split()) or "map"

"""The maps there are, under NiMARE's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nimare_neurosynth.errors import OptionError, suggest

Test = Literal["association", "uniformity"]


@dataclass(frozen=True)
class MapInfo:
    """What a map shows.

    Attributes
    ----------
    title : str
        In a few words, for pictures and sidecars.
    test : {"association", "uniformity"} or None
        The test whose significant voxels a thresholded form of the map keeps.
    """

    title: str
    test: Test | None


MAPS: dict[str, MapInfo] = {
    "z_desc-association": MapInfo(
        "z of the association test: selected studies against the others", "association"
    ),
    "z_desc-uniformity": MapInfo(
        "z of the uniformity test: selected studies against the average voxel",
        "uniformity",
    ),
    "prob_desc-A": MapInfo("P(activation), over all studies", None),
    "prob_desc-AgF": MapInfo("P(activation | selected)", "uniformity"),
    "prob_desc-AgU": MapInfo("P(activation | not selected)", None),
    "prob_desc-FgA": MapInfo("P(selected | activation)", "association"),
    "prob_desc-AgF_prior": MapInfo(
        "P(activation) if selected studies had the prior probability", "uniformity"
    ),
    "prob_desc-FgA_prior": MapInfo(
        "P(selected | activation) if selected studies had the prior probability",
        "association",
    ),
    "chi2_desc-association": MapInfo(
        "chi-square of the association test", "association"
    ),
    "chi2_desc-uniformity": MapInfo("chi-square of the uniformity test", "uniformity"),
    "p_desc-association": MapInfo("two-sided p of the association test", "association"),
    "p_desc-uniformity": MapInfo("two-sided p of the uniformity test", "uniformity"),
    "logp_desc-association": MapInfo("-log10 p of the association test", "association"),
    "logp_desc-uniformity": MapInfo("-log10 p of the uniformity test", "uniformity"),
}
"""Every map: names to :class:`MapInfo`, what it shows and whose test it belongs to."""

DEFAULT_Q = 0.01
"""False discovery rate that maps are thresholded at unless another is asked for."""

SAVED = tuple(name for name in MAPS if name.startswith(("z_", "prob_")))
"""The maps that are saved unless others are asked for: the rest follow from them."""


def map_info(name: str) -> MapInfo:
    """Look up a map.

    Raises
    ------
    OptionError
        If there is no map of this name.
    """
    if not isinstance(name, str) or name not in MAPS:
        raise OptionError(
            f"there is no map {name!r}; there is {', '.join(MAPS)}."
            f"{suggest(str(name), MAPS)}"
        )
    return MAPS[name]


def check_drawable(name: str) -> MapInfo:
    """Look up a map of which pictures and clusters make sense.

    Raises
    ------
    OptionError
        If there is no such map, or it is of p values: there small is strong.
    """
    info = map_info(name)
    if name.startswith("p_"):
        raise OptionError(
            f"pictures and clusters show large values, but in {name} the small ones "
            f"are strong: use l{name.replace('p_', 'ogp_', 1)} or z{name[1:]}."
        )
    return info


def check_q(q: float) -> float:
    """Raise an OptionError unless an FDR is above 0 and below 1."""
    try:
        value = float(q)
    except (TypeError, ValueError):
        value = float("nan")
    if not 0 < value < 1:
        raise OptionError(f"the FDR q must be above 0 and below 1, got {q!r}.")
    return value


def thresholded_name(name: str, q: float) -> str:
    """Name the form of a map that keeps only voxels significant at an FDR of q."""
    return f"{name}_corr-FDR_q-{q:g}"

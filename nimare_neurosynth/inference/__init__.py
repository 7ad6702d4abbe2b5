"""Family-wise error: what the largest value of a map is where there is no effect.

Arrays only. Groups of studies are drawn anew (``_draws``), counted by the engine, and
the largest values and clusters of their maps are kept (``_null``); observed maps are
compared with them (``_fwe``).
"""

from nimare_neurosynth.inference._draws import draw_groups
from nimare_neurosynth.inference._fwe import Corrected, corrected_p
from nimare_neurosynth.inference._groups import TESTS, Groups
from nimare_neurosynth.inference._null import (
    DEFAULT_CLUSTER_P,
    Null,
    foci_null,
    label_null,
)
from nimare_neurosynth.inference._strata import quantile_parts

__all__ = [
    "DEFAULT_CLUSTER_P",
    "TESTS",
    "Corrected",
    "Groups",
    "Null",
    "corrected_p",
    "draw_groups",
    "foci_null",
    "label_null",
    "quantile_parts",
]

"""The analysis form of a database of studies, and the ways to choose among them."""

from nimare_neurosynth.database._about import About
from nimare_neurosynth.database._checks import check_region_bound, parse_coordinates
from nimare_neurosynth.database._database import (
    DEFAULT_RADIUS_MM,
    ActivationStore,
    Database,
)
from nimare_neurosynth.database._derived import DEFAULT_TALAIRACH
from nimare_neurosynth.database._evaluate import Chosen, Evaluator
from nimare_neurosynth.database._info import DatabaseInfo
from nimare_neurosynth.database._labelset import DEFAULT_THRESHOLD, LabelSet
from nimare_neurosynth.database._peaks import Peaks
from nimare_neurosynth.database._selection import Selection

__all__ = [
    "DEFAULT_RADIUS_MM",
    "DEFAULT_TALAIRACH",
    "DEFAULT_THRESHOLD",
    "About",
    "ActivationStore",
    "Chosen",
    "Database",
    "DatabaseInfo",
    "Evaluator",
    "LabelSet",
    "Peaks",
    "Selection",
    "check_region_bound",
    "parse_coordinates",
]

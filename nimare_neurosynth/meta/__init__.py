"""Meta-analyses: from selections of studies to maps."""

from nimare_neurosynth.meta._analysis import (
    DEFAULT_LEAST,
    FEW_STUDIES,
    check_least,
    check_prior,
    choose,
    least_studies,
    meta_analysis,
    need_database,
)
from nimare_neurosynth.meta._batch import ZTile, expected_counts, map_z, totals_within
from nimare_neurosynth.meta._family import FamilyWise, family_wise
from nimare_neurosynth.meta._maps import Maps
from nimare_neurosynth.meta._names import DEFAULT_Q, MAPS, MapInfo, check_q
from nimare_neurosynth.meta._provenance import database_facts, software
from nimare_neurosynth.meta._summary import summarise_labels
from nimare_neurosynth.meta._term_maps import TermMaps
from nimare_neurosynth.meta._term_maps_open import is_term_maps, open_term_maps
from nimare_neurosynth.meta._term_maps_run import term_maps

__all__ = [
    "DEFAULT_LEAST",
    "DEFAULT_Q",
    "FEW_STUDIES",
    "MAPS",
    "FamilyWise",
    "MapInfo",
    "Maps",
    "TermMaps",
    "ZTile",
    "check_least",
    "check_prior",
    "check_q",
    "choose",
    "database_facts",
    "expected_counts",
    "family_wise",
    "is_term_maps",
    "least_studies",
    "map_z",
    "meta_analysis",
    "need_database",
    "open_term_maps",
    "software",
    "summarise_labels",
    "term_maps",
    "totals_within",
]

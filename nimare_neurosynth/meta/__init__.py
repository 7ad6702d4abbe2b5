"""Meta-analyses: from selections of studies to maps."""

from nimare_neurosynth.meta._analysis import FEW_STUDIES, meta_analysis
from nimare_neurosynth.meta._batch import ZTile, map_z
from nimare_neurosynth.meta._maps import Maps
from nimare_neurosynth.meta._names import DEFAULT_Q, MAPS, MapInfo
from nimare_neurosynth.meta._provenance import database_facts, software
from nimare_neurosynth.meta._summary import summarise_labels

__all__ = [
    "DEFAULT_Q",
    "FEW_STUDIES",
    "MAPS",
    "MapInfo",
    "Maps",
    "ZTile",
    "database_facts",
    "map_z",
    "meta_analysis",
    "software",
    "summarise_labels",
]

"""Meta-analyses: from selections of studies to maps."""

from nimare_neurosynth.meta._analysis import meta_analysis
from nimare_neurosynth.meta._batch import ZTile, map_z
from nimare_neurosynth.meta._maps import Maps
from nimare_neurosynth.meta._names import MAPS, MapInfo
from nimare_neurosynth.meta._provenance import database_facts, software
from nimare_neurosynth.meta._summary import summarise_labels

__all__ = [
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

"""Coactivation: of seeds, between parts of the brain, and what follows from it."""

from nimare_neurosynth.networks._activity import average_within_regions
from nimare_neurosynth.networks._classify import (
    RegionClassification,
    classify_regions,
    predict_terms,
)
from nimare_neurosynth.networks._combine import CombinedMap, conjunction, overlap
from nimare_neurosynth.networks._compare_seeds import (
    compare_seeds,
    compare_seeds_null,
)
from nimare_neurosynth.networks._macm import macm, macm_null
from nimare_neurosynth.networks._matrix import (
    MEASURES,
    CoactivationMatrix,
    coactivation_matrix,
)
from nimare_neurosynth.networks._parcellate import Parcellation, parcellate
from nimare_neurosynth.networks._parcels import Parcels, as_parcels
from nimare_neurosynth.networks._related import related_terms
from nimare_neurosynth.networks._relations import RelatedTerms
from nimare_neurosynth.networks._term_atlas import TermAtlas, term_atlas

__all__ = [
    "MEASURES",
    "CoactivationMatrix",
    "CombinedMap",
    "Parcellation",
    "Parcels",
    "RegionClassification",
    "RelatedTerms",
    "TermAtlas",
    "as_parcels",
    "average_within_regions",
    "classify_regions",
    "coactivation_matrix",
    "compare_seeds",
    "compare_seeds_null",
    "conjunction",
    "macm",
    "macm_null",
    "overlap",
    "parcellate",
    "predict_terms",
    "related_terms",
    "term_atlas",
]

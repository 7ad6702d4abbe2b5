"""From images to terms: what an activation pattern might mean."""

from nimare_neurosynth.decoding._bayes import BayesDecoder, decode_bayes
from nimare_neurosynth.decoding._choice import ChosenTerms, choose_terms
from nimare_neurosynth.decoding._classes import Classifier
from nimare_neurosynth.decoding._compare import METHODS
from nimare_neurosynth.decoding._continuous import MapDecoder
from nimare_neurosynth.decoding._decode import decode
from nimare_neurosynth.decoding._images import (
    Pattern,
    is_image_folder,
    read_patterns,
    read_regions,
)
from nimare_neurosynth.decoding._region import RegionDecoder, decode_region
from nimare_neurosynth.decoding._result import Decoding
from nimare_neurosynth.decoding._scatter import scatter
from nimare_neurosynth.decoding._stored import StoredDecoder
from nimare_neurosynth.decoding._studies import STUDY_METHODS, decode_studies
from nimare_neurosynth.decoding._terms import Terms
from nimare_neurosynth.decoding._validation import CrossValidation, confusion_table

__all__ = [
    "METHODS",
    "STUDY_METHODS",
    "BayesDecoder",
    "ChosenTerms",
    "Classifier",
    "CrossValidation",
    "Decoding",
    "MapDecoder",
    "Pattern",
    "RegionDecoder",
    "StoredDecoder",
    "Terms",
    "choose_terms",
    "confusion_table",
    "decode",
    "decode_bayes",
    "decode_region",
    "decode_studies",
    "is_image_folder",
    "read_patterns",
    "read_regions",
    "scatter",
]

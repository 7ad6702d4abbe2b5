"""From images to terms: what an activation pattern might mean."""

from nimare_neurosynth.decoding._continuous import METHODS, MapDecoder, decode
from nimare_neurosynth.decoding._images import Pattern, read_patterns
from nimare_neurosynth.decoding._result import Decoding

__all__ = [
    "METHODS",
    "Decoding",
    "MapDecoder",
    "Pattern",
    "decode",
    "read_patterns",
]

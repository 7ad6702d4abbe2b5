"""From texts to terms, and from terms to topics."""

from nimare_neurosynth.mining._terms import extract_terms
from nimare_neurosynth.mining._topics import fit_topics

__all__ = ["extract_terms", "fit_topics"]

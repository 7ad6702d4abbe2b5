"""From texts to terms."""

from nimare_neurosynth.mining._terms import extract_terms

__all__ = ["extract_terms"]

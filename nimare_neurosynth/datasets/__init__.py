"""Databases that need no download."""

from nimare_neurosynth.datasets._demo import DEMO_MIN_DF, load_demo

__all__ = ["DEMO_MIN_DF", "load_demo"]

"""Pages that a person reads."""

from nimare_neurosynth.report._demo import run_demo

__all__ = ["run_demo"]

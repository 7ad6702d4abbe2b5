"""Finding what is wrong with files of data, and repairing what a machine can."""

from nimare_neurosynth.validation._fix import Repaired, fix
from nimare_neurosynth.validation._problems import Place, Problem, Validation
from nimare_neurosynth.validation._validate import validate

__all__ = ["Place", "Problem", "Repaired", "Validation", "fix", "validate"]

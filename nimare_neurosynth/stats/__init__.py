"""Statistics on counts: arrays in, arrays out.

The z values of the two tests are computed where the counts are made, in
:mod:`nimare_neurosynth.engine`; everything that follows from them is here.
"""

from nimare_neurosynth.stats._association import (
    association_and_uniformity_z,
    association_z,
)
from nimare_neurosynth.stats._multiple import (
    fdr_adjusted,
    fdr_significant,
    fdr_threshold,
)
from nimare_neurosynth.stats._normal import logp_from_z, p_from_z, z_from_p
from nimare_neurosynth.stats._permutation import PermutationNull, power_sums, sampled_p
from nimare_neurosynth.stats._probability import Probabilities

__all__ = [
    "PermutationNull",
    "Probabilities",
    "association_and_uniformity_z",
    "association_z",
    "fdr_adjusted",
    "fdr_significant",
    "fdr_threshold",
    "logp_from_z",
    "p_from_z",
    "power_sums",
    "sampled_p",
    "z_from_p",
]

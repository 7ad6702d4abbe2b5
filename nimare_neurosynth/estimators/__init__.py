"""NiMARE's classes on the engine: estimators, decoders, a kernel, a diagnostic.

This is the only part of the package that imports NiMARE as it is imported itself; the
top level imports it when one of its names is asked for.
"""

from nimare_neurosynth._nimare import studyset_module

studyset_module()  # imports NiMARE quietly, before modules that import it themselves

from nimare_neurosynth.estimators._decoders import (
    CorrelationDecoder,
    NaiveBayesDecoder,
    ROIDecoder,
)
from nimare_neurosynth.estimators._jackknife import Jackknife
from nimare_neurosynth.estimators._kernel import NeurosynthKernel
from nimare_neurosynth.estimators._macm import MACM
from nimare_neurosynth.estimators._pairwise import NeurosynthChi2
from nimare_neurosynth.estimators._register import register
from nimare_neurosynth.estimators._term_meta import TermMeta

__all__ = [
    "MACM",
    "CorrelationDecoder",
    "Jackknife",
    "NaiveBayesDecoder",
    "NeurosynthChi2",
    "NeurosynthKernel",
    "ROIDecoder",
    "TermMeta",
    "register",
]

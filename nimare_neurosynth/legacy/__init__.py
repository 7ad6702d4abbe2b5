"""The calls of the old ``neurosynth`` package, on today's engine."""

from nimare_neurosynth.legacy._advice import strict
from nimare_neurosynth.legacy.analysis import meta
from nimare_neurosynth.legacy.analysis.meta import MetaAnalysis
from nimare_neurosynth.legacy.base.dataset import Dataset
from nimare_neurosynth.legacy.base.mask import Masker
from nimare_neurosynth.legacy.version import __version__

__all__ = ["Dataset", "Masker", "MetaAnalysis", "__version__", "meta", "strict"]

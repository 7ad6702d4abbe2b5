"""The calls of the old ``neurosynth`` package, on today's engine.

A thin layer for scripts that were written for ``neurosynth`` up to 0.3.8: each of its
calls works, and says once which call of this package replaces it. An unchanged script
is run by ::

    python -m nimare_neurosynth.legacy script.py

and in a notebook, or at the top of a script, this makes ``import neurosynth`` mean this
layer from then on::

    from nimare_neurosynth import legacy
    legacy.install()

=====================================  =================================================
``Dataset``, ``Masker``                studies and their activations; the brain
``MetaAnalysis``, ``Decoder``          maps of studies; terms that a map looks like
``Clusterable``                        what clustering works on
``dataset``, ``mask``, ``lexparser``   modules of ``neurosynth.base``, with
                                       ``imageutils``, ``transformations``
``meta``, ``decode``, ``network``      modules of ``neurosynth.analysis``, with
                                       ``cluster``, ``classify``, ``reduce``, ``stats``,
                                       ``compare``, ``roi``
``io``                                 the export to NiMARE
``utils``, ``set_logging_level``       odds and ends
``strict``                             the old numbers where ours differ on purpose
``install``, ``uninstall``             what ``import neurosynth`` means
=====================================  =================================================

Modules are also found where they were, as ``legacy.base.dataset`` and
``legacy.analysis.meta``. All of it is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.legacy._advice import strict
from nimare_neurosynth.legacy._install import (
    FLAT,
    add_flat_names,
    install,
    uninstall,
)
from nimare_neurosynth.legacy._logging import set_logging_level
from nimare_neurosynth.legacy.version import __version__ as __version__

if TYPE_CHECKING:
    from nimare_neurosynth.legacy import analysis, base, io, utils, version
    from nimare_neurosynth.legacy.analysis import meta
    from nimare_neurosynth.legacy.analysis.meta import MetaAnalysis
    from nimare_neurosynth.legacy.base import (
        dataset,
        imageutils,
        lexparser,
        mask,
        transformations,
    )
    from nimare_neurosynth.legacy.base.dataset import Dataset
    from nimare_neurosynth.legacy.base.mask import Masker

_HOME = {
    "Clusterable": "analysis.cluster",
    "Dataset": "base.dataset",
    "Decoder": "analysis.decode",
    "Masker": "base.mask",
    "MetaAnalysis": "analysis.meta",
}
_MODULES = {
    **FLAT,
    **{name: name for name in ("analysis", "base", "io", "utils", "version")},
}

__all__ = [
    "Clusterable",
    "Dataset",
    "Decoder",
    "Masker",
    "MetaAnalysis",
    "analysis",
    "base",
    "classify",
    "cluster",
    "compare",
    "dataset",
    "decode",
    "imageutils",
    "install",
    "io",
    "lexparser",
    "mask",
    "meta",
    "network",
    "reduce",
    "roi",
    "set_logging_level",
    "stats",
    "strict",
    "transformations",
    "uninstall",
    "utils",
    "version",
]

add_flat_names()


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = import_module(f"{__name__}.{_MODULES[name]}")
    elif name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Neurosynth for NiMARE.

::

    read_database, Database     a database of studies, ready to be asked
    merge_databases             several of them as one; concatenate, if none is shared
    Selection                   studies chosen by terms, regions, places, metadata
    meta_analysis, Maps         where the selected studies activate the brain
    term_maps, TermMaps         the maps of all terms, in a folder
    convert                     a database in another form
    macm                        what is active with a seed
    decode                      the terms that an image looks like
    decode_region               the terms of studies that activate a region
    decode_studies              the terms of a set of studies
    fetch                       a public database by its name
    load_demo                   real data that come with NiMARE
    NeurosynthChi2, TermMeta    estimators for NiMARE's studysets

and, each with one import path: :mod:`nimare_neurosynth.space` (masks, coordinates),
:mod:`~nimare_neurosynth.engine` (counting), :mod:`~nimare_neurosynth.stats`,
:mod:`~nimare_neurosynth.database`, :mod:`~nimare_neurosynth.io`,
:mod:`~nimare_neurosynth.validation`,
:mod:`~nimare_neurosynth.mining`, :mod:`~nimare_neurosynth.datasets`,
:mod:`~nimare_neurosynth.meta`, :mod:`~nimare_neurosynth.inference` (family-wise error),
:mod:`~nimare_neurosynth.decoding`, :mod:`~nimare_neurosynth.networks`,
:mod:`~nimare_neurosynth.neurovault` (shared images),
:mod:`~nimare_neurosynth.estimators` (NiMARE's classes),
:mod:`~nimare_neurosynth.plotting`, :mod:`~nimare_neurosynth.report`,
:mod:`~nimare_neurosynth.errors`.

Names are loaded when they are first used: ``import nimare_neurosynth`` itself takes
next to no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nimare_neurosynth.converters import convert
    from nimare_neurosynth.database import Database, Selection
    from nimare_neurosynth.datasets import fetch, load_demo
    from nimare_neurosynth.decoding import decode, decode_region, decode_studies
    from nimare_neurosynth.estimators import (
        MACM,
        CorrelationDecoder,
        NaiveBayesDecoder,
        NeurosynthChi2,
        ROIDecoder,
        TermMeta,
    )
    from nimare_neurosynth.io import (
        append_studies,
        concatenate,
        merge_databases,
        open_database,
        read_database,
        write_database,
    )
    from nimare_neurosynth.meta import (
        Maps,
        TermMaps,
        meta_analysis,
        open_term_maps,
        term_maps,
    )
    from nimare_neurosynth.networks import macm

_HOME = {
    "CorrelationDecoder": "estimators",
    "Database": "database",
    "MACM": "estimators",
    "Maps": "meta",
    "NaiveBayesDecoder": "estimators",
    "NeurosynthChi2": "estimators",
    "ROIDecoder": "estimators",
    "Selection": "database",
    "TermMaps": "meta",
    "TermMeta": "estimators",
    "append_studies": "io",
    "concatenate": "io",
    "convert": "converters",
    "decode": "decoding",
    "decode_region": "decoding",
    "decode_studies": "decoding",
    "fetch": "datasets",
    "load_demo": "datasets",
    "macm": "networks",
    "merge_databases": "io",
    "meta_analysis": "meta",
    "open_database": "io",
    "open_term_maps": "meta",
    "read_database": "io",
    "term_maps": "meta",
    "write_database": "io",
}

__all__ = [
    "MACM",
    "CorrelationDecoder",
    "Database",
    "Maps",
    "NaiveBayesDecoder",
    "NeurosynthChi2",
    "ROIDecoder",
    "Selection",
    "TermMaps",
    "TermMeta",
    "append_studies",
    "concatenate",
    "convert",
    "decode",
    "decode_region",
    "decode_studies",
    "fetch",
    "load_demo",
    "macm",
    "merge_databases",
    "meta_analysis",
    "open_database",
    "open_term_maps",
    "read_database",
    "term_maps",
    "write_database",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("nimare-neurosynth")
    if name not in _HOME:
        raise AttributeError(f"module 'nimare_neurosynth' has no attribute {name!r}")
    value = getattr(import_module(f"nimare_neurosynth.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})

"""Reachable by name, where others look NiMARE's estimators up."""

from __future__ import annotations

from nimare_neurosynth.estimators._macm import MACM
from nimare_neurosynth.estimators._pairwise import NeurosynthChi2
from nimare_neurosynth.estimators._term_meta import TermMeta


def register() -> None:
    """Make the estimators attributes of ``nimare.meta.cbma``.

    Programs that are told the name of an estimator, such as compose-runner, look there.

    Examples
    --------
    >>> from nimare_neurosynth.estimators import register
    >>> register()
    >>> from nimare.meta import cbma
    >>> cbma.NeurosynthChi2.__name__
    'NeurosynthChi2'
    """
    from nimare.meta import cbma

    for estimator in (MACM, NeurosynthChi2, TermMeta):
        setattr(cbma, estimator.__name__, estimator)

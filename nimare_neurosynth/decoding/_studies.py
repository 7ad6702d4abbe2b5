"""Terms for sets of studies: what they are about more often than others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import DEFAULT_THRESHOLD, Database, Selection
from nimare_neurosynth.decoding._choice import choose_terms
from nimare_neurosynth.decoding._result import Decoding, gathered
from nimare_neurosynth.errors import (
    EmptySelectionError,
    OptionError,
    SelectionError,
    warn,
)
from nimare_neurosynth.meta import (
    DEFAULT_LEAST,
    FEW_STUDIES,
    check_prior,
    choose,
    need_database,
)
from nimare_neurosynth.stats import (
    association_and_uniformity_z,
    fdr_adjusted,
    p_from_z,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray

STUDY_METHODS = ("neurosynth", "brainmap")
"""How a set of studies can be compared with the others."""

_FEWEST = 5
"""BrainMap's rule: terms of fewer selected studies are not tested."""


@dataclass(frozen=True)
class Tables:
    """A 2 x 2 table for each term: studies selected or not, with the term or without.

    Attributes
    ----------
    both : ndarray of int64, shape (n_terms,)
        Selected studies with the term.
    with_term : ndarray of int64, shape (n_terms,)
        Studies with the term, selected or not.
    n_selected, n_studies : int
        Selected studies, and all.
    """

    both: NDArray[np.int64]
    with_term: NDArray[np.int64]
    n_selected: int
    n_studies: int

    @property
    def z(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Association and uniformity z: the two tests of maps, terms for voxels."""
        association, uniformity = association_and_uniformity_z(
            self.both[None].astype(np.int32),
            n_selected=np.array([self.n_selected]),
            expected=np.array([self.both.mean()]),
            totals=self.with_term.astype(np.int32),
            n_studies=self.n_studies,
        )
        return association[0], uniformity[0]

    @property
    def selected_given_term(self) -> NDArray[np.float64]:
        """P(selected | term)."""
        return np.asarray(self.both / np.maximum(self.with_term, 1))

    @property
    def selected_given_none(self) -> NDArray[np.float64]:
        """P(selected | not the term)."""
        without = self.n_studies - self.with_term
        return np.asarray((self.n_selected - self.both) / np.maximum(without, 1))


def decode_studies(
    database: Database,
    selection: str | Selection | Sequence[str | Selection],
    terms: str | PathLike[str] | Sequence[str] | None = None,
    *,
    versus: str | Selection | None = None,
    method: str = "neurosynth",
    label_set: str | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    min_studies_per_term: int = DEFAULT_LEAST,
    prior: float = 0.5,
) -> Decoding:
    r"""Find the terms that a set of studies has more often than other studies.

    Parameters
    ----------
    database : Database
        Studies with terms. Those without peaks are not counted.
    selection : str, Selection, or sequence of these
        The studies: a query, or a selection by region, coordinate, ids or metadata
        (``database.select(near=[0, -52, 26])``). Several are decoded side by side.
    terms : str, sequence of str or pathlib.Path, optional
        Names or patterns of one label set (a path: of a text file with one on each
        line); all its labels by default.
    versus : str or Selection, optional
        The studies to compare with; all others by default.
    method : {"neurosynth", "brainmap"}
        How: see the notes.
    label_set : str, optional
        The label set, where there are several.
    threshold : float
        A term is in a study at this weight or more.
    min_studies_per_term : int
        Terms of fewer studies are left out.
    prior : float
        Prior probability of a term in ``prob_reverse`` and ``prob_forward`` of
        Neurosynth's method.

    Returns
    -------
    Decoding
        Columns ``z``, ``p``, ``q``, ``prob_reverse`` of the reverse test (is the term
        more frequent in these studies), ``z_forward``, ``p_forward``, ``q_forward`` and
        ``prob_forward`` (Neurosynth) or ``likelihood_forward`` (BrainMap) of the
        forward test, and ``n_both``, the selected studies with the term. No p is
        corrected; ``q`` is, for the number of terms (Benjamini-Hochberg).

    Raises
    ------
    EmptySelectionError
        If a selection or what it is compared with is empty, or no term is left.
    SelectionError
        If a study is in both.
    QueryError, UnknownTermError, OptionError
        If a query, a term or an option cannot be used.

    Notes
    -----
    Both methods test the 2 x 2 table of selected and other studies, with and without
    the term, by Pearson's chi-square: that is the reverse test.

    ``"neurosynth"``: the forward test asks whether these studies have the term more
    often than the average term (so that frequent terms lead it). With
    :math:`\pi` the prior of the term T, S for selected,
    :math:`P(S) = \pi P(S|T) + (1 - \pi) P(S|\neg T)` is ``prob_forward`` and
    :math:`P(T|S) = \pi P(S|T) / P(S)` is ``prob_reverse``.

    ``"brainmap"``: the forward test is binomial, of selected studies with the term
    among all peaks of studies with the term, at the rate of selected studies among all
    peaks; ``likelihood_forward`` is the ratio of these rates, ``prob_reverse`` its
    product with the share of the term among all terms, made to sum to 1. Terms of
    fewer than five selected studies have p = 1.

    References
    ----------
    Yarkoni et al. (2011), Nature Methods 8:665-670. Amft et al. (2015), Brain Structure
    and Function 220:1031-1049.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> database = load_demo()
    >>> amygdala = database.select(near=[-22, -4, -18], radius_mm=10)
    >>> decode_studies(database, amygdala, "emot*").table()["term"][0]
    'emotion'
    """
    need_database(database)
    check_prior(prior)
    if method not in STUDY_METHODS:
        raise OptionError(
            f"method must be one of {', '.join(STUDY_METHODS)}, got {method!r}."
        )
    chosen = choose_terms(
        database,
        terms,
        label_set=label_set,
        threshold=threshold,
        min_studies_per_term=min_studies_per_term,
    )
    understood = {"label_set": label_set, "threshold": threshold}
    listed = [selection] if isinstance(selection, str | Selection) else selection
    if not isinstance(listed, Iterable):
        raise OptionError(
            "selection must be a query, a Selection or a list of them, "
            f"got {selection!r}."
        )
    choices = [choose(database, one, **understood) for one in listed]
    if not choices:
        raise OptionError("no selection was given: name at least one query.")
    against = None if versus is None else choose(database, versus, **understood)
    has_term = chosen.columns.to_csr()
    found = []
    for choice in choices:
        selected, universe = _sets(choice, against, chosen.counted)
        tables = Tables(
            (has_term @ selected).astype(np.int64),
            (has_term @ universe).astype(np.int64),
            int(np.count_nonzero(selected)),
            int(np.count_nonzero(universe)),
        )
        found.append(
            _neurosynth(tables, prior)
            if method == "neurosynth"
            else _brainmap(tables, has_term, database, chosen.counted)
        )
    facts = chosen.facts(
        database,
        method=method,
        threshold=float(threshold),
        min_studies_per_term=int(min_studies_per_term),
        prior=prior if method == "neurosynth" else None,
        versus=None if against is None else against.facts(),
    )
    return gathered(
        chosen.names,
        [choice.description for choice in choices],
        found,
        n_studies=chosen.columns.sizes,
        image_facts=[{"kind": "studies", **choice.facts()} for choice in choices],
        facts=facts,
    )


def _sets(
    choice: Selection, against: Selection | None, counted: BoolArray
) -> tuple[BoolArray, BoolArray]:
    """Give the counted studies that are selected, and those that are compared."""
    selected = choice.mask & counted
    n = int(np.count_nonzero(selected))
    if not n:
        raise EmptySelectionError(
            f"'{choice.description}' selects no study with peaks."
        )
    if n < FEW_STUDIES:
        warn(
            f"'{choice.description}' selects only {n} studies: with fewer than "
            f"{FEW_STUDIES}, terms depend on single studies."
        )
    others = counted & (~choice.mask if against is None else against.mask)
    if not others.any():
        raise EmptySelectionError(
            f"'{choice.description}' leaves no study to compare with."
        )
    both = selected & others
    if both.any():
        raise SelectionError(
            f"{np.count_nonzero(both):,} studies are in both what is selected and what "
            "it is compared with: take one from the other with &~."
        )
    return selected, selected | others


def _tested(name: str, z: NDArray[Any], p: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {f"z{name}": z, f"p{name}": p, f"q{name}": fdr_adjusted(p)}


def _neurosynth(tables: Tables, prior: float) -> dict[str, NDArray[Any]]:
    association, uniformity = tables.z
    share = prior * tables.selected_given_term
    selected = share + (1 - prior) * tables.selected_given_none
    posterior = np.divide(share, selected, out=np.zeros_like(share), where=selected > 0)
    return {
        **_tested("", association, p_from_z(association)),
        "prob_reverse": posterior,
        **_tested("_forward", uniformity, p_from_z(uniformity)),
        "prob_forward": selected,
        "n_both": tables.both.astype(np.float64),
    }


def _brainmap(
    tables: Tables, has_term: Any, database: Database, counted: BoolArray
) -> dict[str, NDArray[Any]]:
    from scipy.stats import binom, norm

    n_peaks = np.bincount(database.peaks.study, minlength=database.n_studies)
    peaks_with_term = has_term @ n_peaks.astype(np.float64)
    rate = tables.n_selected / n_peaks[counted].sum()
    likelihood = tables.both / peaks_with_term / rate
    posterior = likelihood * tables.with_term / has_term.sum()
    rare = tables.both < _FEWEST
    association, _ = tables.z
    p = np.where(rare, 1.0, p_from_z(association))
    log_p = binom.logsf(tables.both - 1, peaks_with_term, rate)
    p_forward = np.where(rare, 1.0, np.exp(log_p))
    z_forward = np.where(rare, 0.0, norm.isf(np.maximum(p_forward, 1e-300)))
    return {
        **_tested("", np.where(rare, 0.0, association), p),
        "prob_reverse": posterior / max(posterior.sum(), 1e-300),
        **_tested("_forward", z_forward, p_forward),
        "likelihood_forward": likelihood,
        "n_both": tables.both.astype(np.float64),
    }

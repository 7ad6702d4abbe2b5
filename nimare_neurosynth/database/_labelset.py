"""Labels of studies: terms, topics, annotations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.engine import LabelColumns
from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csc_array

FUNCTIONS: tuple[str, ...] = ("sum", "mean", "min", "max")

DEFAULT_THRESHOLD = 0.001
"""A term is in a study at this weight or more: Neurosynth's own threshold."""


def check_function(func: str) -> None:
    """Raise an OptionError if several weights cannot be combined in this way."""
    if func not in FUNCTIONS:
        raise OptionError(f"func must be one of {', '.join(FUNCTIONS)}, got {func!r}.")


@dataclass(frozen=True, eq=False)
class LabelSet:
    """A named set of labels with a weight for each study.

    Attributes
    ----------
    name : str
        Name of the set: ``"terms"``, ``"LDA50"``.
    labels : tuple of str
        Names of the labels, in the order of the source.
    weights : scipy.sparse.csc_array of float, shape (n_studies, n_labels), or None
        None where the source has the vocabulary but not its weights.
    kind : str
        What the weights are: ``"tfidf"``, ``"weight"``, ``"count"``, ``"presence"``.
    source : str
        What they were made from: ``"abstract"``.
    """

    name: str
    labels: tuple[str, ...]
    weights: csc_array | None
    kind: str = "weight"
    source: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        what = self.kind if self.weights is not None else "no weights"
        return f"<LabelSet {self.name!r}: {len(self):,} labels ({what})>"

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each label."""
        return {label: i for i, label in enumerate(self.labels)}

    def _need_weights(self) -> csc_array:
        if self.weights is None:
            raise OptionError(f"the label set {self.name!r} has no weights.")
        return self.weights

    def as_tfidf(self) -> LabelSet:
        """Turn counts of terms into tf-idf weights, as Neurosynth does.

        Returns
        -------
        LabelSet
            Of kind ``"tfidf"``: counts times ln((1 + N) / (1 + df)) + 1, where N is the
            number of studies and df the number of those that have the term; then the
            weights of each study are scaled to a Euclidean norm of 1. A study without
            any term stays without.

        Raises
        ------
        OptionError
            If these are no counts, or some are negative.

        Examples
        --------
        >>> from scipy.sparse import csc_array
        >>> counts = csc_array([[3.0, 0.0], [1.0, 1.0]])
        >>> words = LabelSet("words", ("brain", "pain"), counts, "count").as_tfidf()
        >>> words.weights.toarray().round(3).tolist()
        [[1.0, 0.0], [0.58, 0.815]]
        """
        counts = self._need_counts()
        n_studies = counts.shape[0]
        df = np.diff(counts.indptr)
        idf = np.log((1 + n_studies) / (1 + df)) + 1
        data = counts.data * np.repeat(idf, df)
        norm = np.sqrt(np.bincount(counts.indices, data**2, minlength=n_studies))
        return self._with_data(counts, data / norm[counts.indices], "tfidf")

    def as_presence(self) -> LabelSet:
        """Turn counts into presence: 1 where a study has the label at all.

        Returns
        -------
        LabelSet
            Of kind ``"presence"``.

        Raises
        ------
        OptionError
            If these are no counts, or some are negative.

        Examples
        --------
        >>> from scipy.sparse import csc_array
        >>> counts = csc_array([[3.0, 0.0], [1.0, 1.0]])
        >>> words = LabelSet("words", ("brain", "pain"), counts, "count").as_presence()
        >>> words.weights.toarray().tolist()
        [[1.0, 0.0], [1.0, 1.0]]
        """
        counts = self._need_counts()
        return self._with_data(counts, np.ones(counts.nnz), "presence")

    def _need_counts(self) -> csc_array:
        """Give the weights as counts above 0, or say why they are none."""
        weights = self._need_weights()
        if self.kind != "count":
            raise OptionError(
                f"the label set {self.name!r} holds weights of kind {self.kind!r}: "
                "only counts can be turned into tf-idf or presence."
            )
        if (weights.data < 0).any():
            raise OptionError(
                f"the label set {self.name!r} holds negative counts "
                f"({weights.data.min():g}): these are no counts."
            )
        if (weights.data == 0).any():
            weights = weights.copy()
            weights.eliminate_zeros()
        return weights

    def _with_data(
        self, like: csc_array, data: NDArray[np.float64], kind: str
    ) -> LabelSet:
        from scipy.sparse import csc_array

        weights = csc_array((data, like.indices, like.indptr), shape=like.shape)
        return replace(self, weights=weights, kind=kind)

    def combined(self, columns: Sequence[int], func: str) -> NDArray[np.float64]:
        """Combine the weights of some labels into one weight per study.

        Parameters
        ----------
        columns : sequence of int
            Positions of the labels.
        func : {"sum", "mean", "min", "max"}
            How; a label that a study lacks has weight 0.

        Returns
        -------
        ndarray of float64, shape (n_studies,)

        Raises
        ------
        OptionError
            If there is no such function.
        """
        check_function(func)
        part = self._need_weights()[:, list(columns)]
        if func in ("min", "max"):
            extreme = part.min(axis=1) if func == "min" else part.max(axis=1)
            dense = extreme.toarray() if hasattr(extreme, "toarray") else extreme
            return np.asarray(dense, dtype=np.float64).ravel()
        total = np.asarray(part.sum(axis=1), dtype=np.float64).ravel()
        return total / len(columns) if func == "mean" else total

    def columns(
        self,
        labels: Sequence[int] | None = None,
        *,
        threshold: float = DEFAULT_THRESHOLD,
    ) -> LabelColumns:
        """Give the studies of each label as columns for the engine.

        Parameters
        ----------
        labels : sequence of int, optional
            Positions of the labels wanted; all by default.
        threshold : float
            A study has a label at this weight or more; must be above 0.

        Returns
        -------
        LabelColumns
        """
        number = isinstance(threshold, float | int | np.floating | np.integer)
        if not (number and threshold > 0):
            raise OptionError(
                f"threshold must be above 0 for whole label sets, got {threshold!r}: "
                "at 0 every study would have every label."
            )
        weights = self._need_weights()
        part = weights if labels is None else weights[:, list(labels)]
        return LabelColumns.from_csc(
            part.indptr,
            part.indices,
            part.data,
            n_studies=part.shape[0],
            threshold=threshold,
        )

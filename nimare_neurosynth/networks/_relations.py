"""How much terms go together, for all pairs of them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, UnknownTermError, suggest
from nimare_neurosynth.io import write_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

BY = {"studies": "phi", "maps": "r"}
"""What terms can be compared by, and what that gives."""

_MEASURES = ("phi", "z", "jaccard", "counts")


@dataclass(frozen=True, eq=False, repr=False)
class RelatedTerms:
    """How much each pair of terms goes together.

    Attributes
    ----------
    terms : tuple of str
        The terms.
    values : ndarray of float64, shape (n_terms, n_terms)
        Symmetric, -1 to 1, 1 on the diagonal: phi of having both terms, or r of their
        association maps.
    counts : ndarray of int64, shape (n_terms, n_terms)
        Studies that have both terms; on the diagonal, those that have the one.
    n_counted : int
        Studies counted: those with peaks.
    by : {"studies", "maps"}
        What was compared.
    facts : dict
        How it was done.
    """

    terms: tuple[str, ...]
    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_counted: int
    by: str
    facts: dict[str, Any]

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def value(self) -> str:
        """Name of what ``values`` holds: ``phi`` or ``r``."""
        return BY[self.by]

    @property
    def n_studies(self) -> NDArray[np.int64]:
        """Studies of each term, shape (n_terms,)."""
        return np.asarray(np.diag(self.counts))

    @property
    def phi(self) -> NDArray[np.float64]:
        """Correlation of having the terms, over studies; 1 on the diagonal."""
        return phi_of(self.counts, self.n_counted)

    @property
    def z(self) -> NDArray[np.float64]:
        """Signed square root of Pearson's chi-square of having both terms.

        The diagonal, where a term meets itself, is 0.
        """
        z: NDArray[np.float64] = np.sqrt(self.n_counted) * self.phi
        np.fill_diagonal(z, 0.0)
        return z

    @property
    def jaccard(self) -> NDArray[np.float64]:
        """Studies that have both terms of those that have either, 0 to 1."""
        n = self.n_studies
        either = n[:, None] + n[None] - self.counts
        return np.asarray(self.counts / np.maximum(either, 1))

    def matrix(self, measure: str | None = None) -> NDArray[Any]:
        """Give one of the measures as an array.

        Parameters
        ----------
        measure : {"phi", "z", "jaccard", "counts", "r"}, optional
            ``values`` by default; there is ``r`` only of maps.

        Returns
        -------
        ndarray, shape (n_terms, n_terms)
            Symmetric.

        Raises
        ------
        OptionError
            If there is none of this name.
        """
        if measure is None or measure == self.value:
            return self.values
        if measure not in _MEASURES:
            there = dict.fromkeys([self.value, *_MEASURES])
            raise OptionError(
                f"measure must be one of {', '.join(there)}, got {measure!r}."
            )
        return np.asarray(getattr(self, measure))

    def table(self, measure: str | None = None) -> pd.DataFrame:
        """Give one of the measures with the names of the terms; see :meth:`matrix`.

        Returns
        -------
        pandas.DataFrame
            Index ``term``, a column for each term.
        """
        import pandas as pd

        names = list(self.terms)
        return pd.DataFrame(self.matrix(measure), pd.Index(names, name="term"), names)

    def closest(self, term: str, n: int = 10) -> pd.DataFrame:
        """List the terms that go with one term, best first.

        Parameters
        ----------
        term : str
            One of the terms.
        n : int
            How many are listed, from 1 up.

        Returns
        -------
        pandas.DataFrame
            ``term``; ``phi`` or ``r``; ``z`` and ``jaccard`` of having both; ``n_both``
            studies that do; ``n_studies`` that have it.

        Raises
        ------
        UnknownTermError
            If it is not among the terms.
        OptionError
            If ``n`` is no number from 1 up.
        """
        import pandas as pd

        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise OptionError(f"n must be a whole number from 1 up, got {n!r}.")
        if term not in self.terms:
            raise UnknownTermError(
                f"{term!r} is not among the terms.{suggest(str(term), self.terms)}"
            )
        row = self.terms.index(term)
        table = pd.DataFrame(
            {
                "term": pd.Series(list(self.terms), dtype="str"),
                self.value: self.values[row],
                "z": self.z[row],
                "jaccard": self.jaccard[row],
                "n_both": self.counts[row],
                "n_studies": self.n_studies,
            }
        ).drop(index=row)
        best = table.sort_values(self.value, ascending=False, kind="stable")
        return best.head(n).reset_index(drop=True)

    def plot(
        self,
        kind: str = "heatmap",
        *,
        edge_threshold: float | None = None,
        title: str = "",
    ) -> Figure:
        """Draw how terms go together.

        Parameters
        ----------
        kind : {"heatmap", "network"}
            A heat map with a dendrogram (average linkage of ``1 - value``), which sorts
            the terms, up to 200; or a network of up to 100: the closer two terms, the
            nearer they are (multidimensional scaling), and the more studies a term has,
            the larger it is.
        edge_threshold : float, optional
            A network has lines between terms whose value is above this; by default,
            about twice as many lines as terms.
        title : str
            Above the picture.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        OptionError
            If there is no such kind, too much to draw, or no such threshold.
        """
        from nimare_neurosynth.networks._related_pictures import (
            draw_clustered,
            draw_network,
        )

        if kind == "heatmap":
            return draw_clustered(
                self.values, self.terms, label=self.value, title=title
            )
        if kind == "network":
            return draw_network(
                self.values,
                self.terms,
                self.n_studies,
                edge_threshold=edge_threshold,
                label=self.value,
                title=title,
            )
        raise OptionError(f"kind must be heatmap or network, got {kind!r}.")

    def save(self, path: str | Path, measure: str | None = None) -> Path:
        """Write a table (``.tsv``), with a JSON sidecar that says how it was made.

        Parameters
        ----------
        path : str or path
            Ends in ``.tsv``.
        measure : {"phi", "z", "jaccard", "counts", "r"}, optional
            See :meth:`matrix`.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        OptionError
            If it ends in something else, or there is no such measure.
        FormatError
            If it cannot be written.
        """
        target = Path(path)
        if target.suffix != ".tsv":
            raise OptionError(f"the name must end in .tsv, got {target.name!r}.")
        facts = {**self.facts, "measure": measure or self.value}
        write_table(target, self.table(measure).reset_index(), facts)
        return target

    def __repr__(self) -> str:
        return (
            f"<RelatedTerms: {len(self):,} terms by their {self.by}, "
            f"{self.n_counted:,} studies>"
        )

    def _repr_html_(self) -> str:
        table = self.table().iloc[:10, :10].round(2).to_html()
        return f"<p>{escape(repr(self))}</p>{table}"


def phi_of(counts: NDArray[np.int64], n_counted: int) -> NDArray[np.float64]:
    """Correlate being in pairs of sets, from counts.

    Parameters
    ----------
    counts : ndarray of int64, shape (n, n)
        In both sets; sizes on the diagonal.
    n_counted : int
        How many there are to be in a set.

    Returns
    -------
    ndarray of float64, shape (n, n)
        Symmetric; 1 on the diagonal; 0 for sets that have none or all.
    """
    n = np.diag(counts)
    size = np.sqrt(n * (n_counted - n))
    below = np.outer(size, size)
    above = n_counted * counts - np.outer(n, n)
    phi = np.divide(above, below, out=np.zeros(counts.shape), where=below > 0)
    np.fill_diagonal(phi, (size > 0).astype(np.float64))
    return np.asarray(np.clip(phi, -1, 1))

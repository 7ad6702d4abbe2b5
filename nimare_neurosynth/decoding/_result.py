"""What images were decoded to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database.query import match_names
from nimare_neurosynth.errors import OptionError, UnknownTermError, suggest
from nimare_neurosynth.io import unique_names, write_atomic, write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Decoding:
    """How several images fit many terms.

    Attributes
    ----------
    terms : tuple of str
        The terms.
    images : tuple of str
        Names of the images.
    columns : dict of ndarray of float64, shape (n_terms, n_images)
        ``r`` (or ``rho``, ``cosine``, ``dot``), and where there is a null ``z``, ``p``
        and ``q``.
    n_studies : ndarray of int64, shape (n_terms,)
        Studies of each term.
    image_facts : tuple of dict
        What was noticed about each image.
    facts : dict
        How it was done.
    """

    terms: tuple[str, ...]
    images: tuple[str, ...]
    columns: dict[str, NDArray[np.float64]]
    n_studies: NDArray[np.int64]
    image_facts: tuple[dict[str, Any], ...]
    facts: dict[str, Any]

    @property
    def value(self) -> str:
        """Name of the column that says how well a term fits."""
        return next(iter(self.columns))

    def __len__(self) -> int:
        return len(self.terms)

    def table(self, image: str | None = None) -> pd.DataFrame:
        """Give a row per term, those that fit best first.

        Parameters
        ----------
        image : str, optional
            Only this image; with several and none named, columns are suffixed by the
            names of the images, and terms keep their order.

        Returns
        -------
        pandas.DataFrame
            ``term``, ``n_studies``, and the columns.
        """
        import pandas as pd

        table = pd.DataFrame({"term": self.terms, "n_studies": self.n_studies})
        if image is None and len(self.images) > 1:
            for i, name in enumerate(self.images):
                for column, values in self.columns.items():
                    table[f"{column}_{name}"] = values[:, i]
            return table
        i = 0 if image is None else self._place(image)
        for column, values in self.columns.items():
            table[column] = values[:, i]
        order = np.argsort(-table[self.value].to_numpy(), kind="stable")
        return table.iloc[order].reset_index(drop=True)

    def of_terms(self, terms: Sequence[str]) -> Decoding:
        """Keep some of the terms, in their order here.

        Parameters
        ----------
        terms : sequence of str
            Their names. p and q stay what they were.

        Returns
        -------
        Decoding

        Raises
        ------
        UnknownTermError
            If one is not among the terms.
        """
        for term in terms:
            if term not in self.terms:
                raise UnknownTermError(
                    f"{term!r} was not decoded to.{suggest(term, self.terms)}"
                )
        wanted = set(terms)
        rows = [i for i, term in enumerate(self.terms) if term in wanted]
        return replace(
            self,
            terms=tuple(self.terms[i] for i in rows),
            columns={name: values[rows] for name, values in self.columns.items()},
            n_studies=self.n_studies[rows],
        )

    def matching(self, patterns: str | Sequence[str]) -> Decoding:
        """Keep the terms that some names or patterns match.

        Parameters
        ----------
        patterns : str or sequence of str
            Names, or names with ``*`` and ``?``.

        Returns
        -------
        Decoding

        Raises
        ------
        UnknownTermError
            If one of them matches nothing.
        """
        wanted = [patterns] if isinstance(patterns, str) else list(patterns)
        found: list[str] = []
        for pattern in wanted:
            rows = match_names(pattern, self.terms)
            # of_terms() says what is wrong with a name that nothing matches
            found += [self.terms[row] for row in rows] or [pattern]
        return self.of_terms(found)

    def values(
        self, terms: str | Sequence[str] | None = None, *, top: int = 10
    ) -> pd.DataFrame:
        """Give terms x images, of the column that says how well they fit.

        Parameters
        ----------
        terms : str or sequence of str, optional
            Names or patterns; by default the best of each image in turn.
        top : int
            How many these are.

        Returns
        -------
        pandas.DataFrame
            Index terms, columns images.
        """
        import pandas as pd

        found = self if terms is None else self.matching(terms)
        values = found.columns[found.value]
        table = pd.DataFrame(values, pd.Index(found.terms, name="term"), self.images)
        if terms is not None:
            return table
        # the best of each image in turn, so that one that fits little is shown too
        ranks = np.argsort(np.argsort(-values, axis=0, kind="stable"), axis=0)
        order = np.lexsort((-values.max(axis=1), ranks.min(axis=1)))[:top]
        return table.iloc[order]

    def plot(
        self,
        kind: str = "bar",
        terms: str | Sequence[str] | None = None,
        *,
        top: int = 10,
        title: str = "",
    ) -> Figure:
        """Draw how well terms fit.

        Parameters
        ----------
        kind : {"bar", "radar", "heatmap"}
            Bars, a radar (polar) chart, or a table of colours.
        terms, top
            As for :meth:`values`.
        title : str
            Above the picture.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        UnknownTermError
            If a term was not decoded to.
        OptionError
            If there is no such kind, or there is too much to draw.
        """
        from nimare_neurosynth.plotting import plot_bars, plot_heatmap, plot_radar

        kinds = {"bar": plot_bars, "radar": plot_radar, "heatmap": plot_heatmap}
        if kind not in kinds:
            raise OptionError(f"kind must be one of {', '.join(kinds)}, got {kind!r}.")
        table = self.values(terms, top=top)
        return kinds[kind](table, title=title, label=self.value)

    def records(self, image: str | None = None) -> list[dict[str, Any]]:
        """Give the rows of :meth:`table` as plain dictionaries."""
        rows = self.table(image).astype(object).to_dict("records")
        return [_plain(row) for row in rows]

    def _place(self, image: str) -> int:
        if image not in self.images:
            raise UnknownTermError(
                f"there is no image {image!r}; there is "
                f"{', '.join(map(repr, self.images[:20]))}."
                f"{suggest(image, self.images)}"
            )
        return self.images.index(image)

    def save(self, path: str | Path) -> Path:
        """Write the table, with a JSON sidecar that says how it was made.

        Parameters
        ----------
        path : str or path
            Ends in ``.tsv``, ``.csv`` or ``.json``; a ``.json`` holds both.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        OptionError
            If it ends in something else.
        FormatError
            If it cannot be written.
        """
        target = Path(path)
        table = self.table()
        facts = {
            **self.facts,
            "images": dict(zip(self.images, self.image_facts, strict=True)),
        }
        if target.suffix == ".tsv":
            write_table(target, table, facts)
        elif target.suffix == ".csv":
            write_atomic(target, table.to_csv(index=False))
            write_json(target.with_suffix(".json"), {"table": target.name, **facts})
        elif target.suffix == ".json":
            write_json(target, {**facts, "terms": self.records()})
        else:
            raise OptionError(
                f"the name must end in .tsv, .csv or .json, got {target.name!r}."
            )
        return target

    def __repr__(self) -> str:
        n = len(self.images)
        images = f"{n} images" if n > 1 else repr(self.images[0])
        return f"<Decoding of {images}: {len(self):,} terms by {self.value}>"

    def _repr_html_(self) -> str:
        table = self.table().head(20)
        html = table.to_html(index=False, float_format=lambda v: f"{v:.3g}")
        return f"<p>{escape(repr(self))}</p>{html}"


def gathered(
    terms: tuple[str, ...],
    names: Sequence[str],
    found: Sequence[dict[str, NDArray[np.float64]]],
    **more: Any,
) -> Decoding:
    """Put what was found for several images side by side."""
    columns = {key: np.stack([f[key] for f in found], axis=1) for key in found[0]}
    more["image_facts"] = tuple(more["image_facts"])
    return Decoding(terms, tuple(unique_names(names)), columns, **more)


def _plain(record: dict[Any, Any]) -> dict[str, Any]:
    """Turn NumPy's numbers into Python's."""
    return {k: v.item() if hasattr(v, "item") else v for k, v in record.items()}

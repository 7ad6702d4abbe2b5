"""Terms for maps: the association maps that an image looks like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    DEFAULT_THRESHOLD,
    Database,
)
from nimare_neurosynth.decoding._choice import choose_terms
from nimare_neurosynth.decoding._compare import (
    METHODS,
    check_draws,
    check_method,
    check_varies,
    place_of,
    tell_holes,
)
from nimare_neurosynth.decoding._images import Pattern, read_patterns
from nimare_neurosynth.decoding._result import Decoding, gathered
from nimare_neurosynth.decoding._terms import Terms
from nimare_neurosynth.engine import count_columns, in_threads
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.meta import DEFAULT_LEAST, need_database
from nimare_neurosynth.space import as_mask, region_voxels
from nimare_neurosynth.stats import association_z, fdr_adjusted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.space import ImageLike, Mask

_RANKED_AT_ONCE = 8


@dataclass(frozen=True, eq=False, repr=False)
class MapDecoder:
    """Terms that images can be compared with, again and again.

    Made by :meth:`of`; :func:`decode` makes one for a single call.

    Attributes
    ----------
    terms : tuple of str
        The terms.
    mask : Mask
        The voxels.
    prepared : Terms
        What does not depend on the image.
    facts : dict
        How it was made.
    n_jobs : int
        Threads.
    progress : bool
        Whether to show bars.
    """

    terms: tuple[str, ...]
    mask: Mask
    prepared: Terms
    facts: dict[str, Any]
    n_jobs: int = -1
    progress: bool = False

    @classmethod
    def of(
        cls,
        database: Database,
        terms: str | PathLike[str] | Sequence[str] | None = None,
        *,
        label_set: str | None = None,
        threshold: float = DEFAULT_THRESHOLD,
        min_studies_per_term: int = DEFAULT_LEAST,
        region: ImageLike | BoolArray | None = None,
        radius_mm: float = DEFAULT_RADIUS_MM,
        mask: Mask | ImageLike | None = None,
        talairach: str | None = DEFAULT_TALAIRACH,
        n_jobs: int = -1,
        progress: bool = False,
    ) -> MapDecoder:
        """Prepare the terms of a database.

        Parameters
        ----------
        database : Database
            Studies with terms.
        terms : str, sequence of str or pathlib.Path, optional
            Names or patterns of one label set (a path: of a text file with one on each
            line); all its labels by default.
        label_set : str, optional
            The label set, where there are several.
        threshold : float
            A term is in a study at this weight or more.
        min_studies_per_term : int
            Terms of fewer studies are left out; p values are made for 20 and more.
        region : image or ndarray of bool, optional
            Compare only the voxels of this region.
        radius_mm, mask, talairach
            As for :func:`nimare_neurosynth.meta_analysis`.
        n_jobs : int
            Threads; -1 for all cores.
        progress : bool
            Show a bar on standard error.

        Returns
        -------
        MapDecoder

        Raises
        ------
        EmptySelectionError
            If no term is in enough studies.
        UnknownTermError, OptionError, ImageError
            If a term, an option or the region cannot be used.
        """
        need_database(database)
        space = as_mask(mask)
        voxels = (
            np.ones(space.n_voxels, dtype=bool)
            if region is None
            else region_voxels(region, space)
        )
        chosen = choose_terms(
            database,
            terms,
            label_set=label_set,
            threshold=threshold,
            min_studies_per_term=min_studies_per_term,
        )
        activations = database.activations(
            radius_mm=radius_mm, mask=space, talairach=talairach, n_jobs=n_jobs
        )
        prepared = Terms.of(
            activations,
            chosen.columns,
            chosen.counted,
            activations.totals,
            voxels,
            n_jobs=n_jobs,
            progress=progress,
        )
        facts = chosen.facts(
            database,
            threshold=float(threshold),
            min_studies_per_term=int(min_studies_per_term),
            radius_mm=float(radius_mm),
            talairach=talairach,
            n_voxels=prepared.n_voxels,
        )
        return cls(chosen.names, space, prepared, facts, n_jobs, progress)

    def decode(
        self,
        images: Any,
        *,
        method: str = "pearson",
        min_overlap: float = 0.25,
        n_permutations: int = 0,
        seed: int = 0,
    ) -> Decoding:
        """Compare images with the association map of each term.

        Parameters
        ----------
        images : path, nibabel image, ndarray, sequence or dict of these, or folder
            What is to be decoded; see :func:`decode`. Or a list of :class:`Pattern`.
        method : {"pearson", "spearman", "cosine", "dot"}
            How they are compared.
        min_overlap : float
            Share of an image's values that must lie within the brain mask.
        n_permutations : int
            So many random orders of the studies give ``p_sampled``, a check on ``p``.
        seed : int
            Of these orders.

        Returns
        -------
        Decoding

        Raises
        ------
        ImageError
            If an image cannot be used.
        OptionError
            If there is no such method, or it has no null to sample (Spearman).
        """
        check_method(method)
        if n_permutations and method == "spearman":
            raise OptionError(
                "ranks have no permutation null here: leave out n_permutations, or use "
                "another method."
            )
        patterns = read_patterns(images, self.mask, min_overlap=min_overlap)
        found = [
            self._compared(pattern, method, check_draws(n_permutations, seed), seed)
            for pattern in patterns
        ]
        return gathered(
            self.terms,
            [pattern.name for pattern in patterns],
            found,
            n_studies=self.prepared.columns.sizes,
            image_facts=[pattern.facts for pattern in patterns],
            facts={**self.facts, "method": method},
        )

    @property
    def voxels(self) -> BoolArray:
        """Where images are compared, shape (n_voxels,)."""
        return self.prepared.voxels

    def values(self, term: str) -> NDArray[np.float64]:
        """Give the association z of one term, shape (n_voxels,).

        Raises
        ------
        UnknownTermError
            If it is none of the terms.
        """
        row = place_of(term, self.terms)
        prepared = self.prepared
        part = prepared.columns.between(row, row + 1)
        z = association_z(
            count_columns(prepared.activations, part, n_jobs=self.n_jobs),
            n_selected=part.sizes,
            totals=prepared.totals,
            n_studies=prepared.n_studies,
        )
        return np.asarray(z[0])

    def __repr__(self) -> str:
        n = self.prepared.n_voxels
        return f"<MapDecoder: {len(self.terms):,} terms, {n:,} voxels>"

    def _compared(
        self, pattern: Pattern, method: str, n_permutations: int, seed: int
    ) -> dict[str, NDArray[Any]]:
        inside = pattern.values[self.prepared.voxels]
        check_varies(inside, pattern.name, method)
        tell_holes(pattern.name, pattern.facts["n_not_finite"])
        if method == "spearman":
            return {"rho": self._ranked(inside)}
        centred = method == "pearson"
        scale = np.abs(inside).max()  # squares of very small or large values are not
        x = pattern.values / scale
        if centred:
            x = x - x[self.prepared.voxels].mean()
        prepared = self.prepared
        scores = prepared.scores(x)
        fits = prepared.fits(scores)
        squares = prepared.z_squares
        if centred:
            squares = squares - prepared.z_sum**2 / prepared.n_voxels
        size = np.sqrt((x[prepared.voxels] ** 2).sum() * squares)
        value = fits.products * (scale if method == "dot" else 1.0)
        if method != "dot":
            value = np.divide(value, size, out=np.zeros_like(size), where=size > 0)
        p = fits.p
        found = {METHODS[method]: value, "z": fits.standardised, "p": p}
        found["q"] = fdr_adjusted(p)
        if n_permutations:
            found["p_sampled"] = prepared.sampled(scores, n_permutations, seed)
        return found

    def _ranked(self, inside: NDArray[np.float64]) -> NDArray[np.float64]:
        """Correlate ranks: every map has to be made, and sorted."""
        from scipy.stats import rankdata

        prepared, columns = self.prepared, self.prepared.columns
        x = rankdata(inside)
        x -= x.mean()

        def work(first: int) -> NDArray[np.float64]:
            stop = min(first + _RANKED_AT_ONCE, columns.n_columns)
            part = columns.between(first, stop)
            z = association_z(
                count_columns(prepared.activations, part),
                n_selected=part.sizes,
                totals=prepared.totals,
                n_studies=prepared.n_studies,
            )
            found = np.zeros(part.n_columns)
            for i, values in enumerate(z[:, prepared.voxels]):
                ranks = rankdata(values)
                ranks -= ranks.mean()
                size = np.sqrt((ranks @ ranks) * (x @ x))
                found[i] = ranks @ x / size if size > 0 else 0.0
            return found

        firsts = range(0, columns.n_columns, _RANKED_AT_ONCE)
        parts = in_threads(
            work, firsts, n_jobs=self.n_jobs, progress=self.progress, desc="Ranking"
        )
        return np.concatenate(parts)

    def within(self, region: ImageLike | BoolArray, *, n_jobs: int = -1) -> MapDecoder:
        """Make a decoder of the same terms that compares a region only.

        Parameters
        ----------
        region : image or ndarray of bool
            Its voxels.
        n_jobs : int
            Threads.

        Returns
        -------
        MapDecoder
        """
        old = self.prepared
        made = Terms.of(
            old.activations,
            old.columns,
            old.counted,
            old.totals,
            region_voxels(region, self.mask),
            n_jobs=n_jobs,
        )
        facts = {**self.facts, "n_voxels": made.n_voxels}
        return replace(self, prepared=made, facts=facts)

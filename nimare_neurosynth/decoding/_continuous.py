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
from nimare_neurosynth.decoding._images import Pattern, read_patterns
from nimare_neurosynth.decoding._result import Decoding
from nimare_neurosynth.decoding._terms import Terms
from nimare_neurosynth.engine import count_columns
from nimare_neurosynth.errors import EmptySelectionError, ImageError, OptionError, warn
from nimare_neurosynth.io import unique_names
from nimare_neurosynth.meta import (
    DEFAULT_LEAST,
    check_least,
    database_facts,
    software,
)
from nimare_neurosynth.space import as_mask, region_voxels
from nimare_neurosynth.stats import association_and_uniformity_z, fdr_adjusted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.space import ImageLike, Mask

METHODS = {"pearson": "r", "spearman": "rho", "cosine": "cosine", "dot": "dot"}
"""How an image can be compared with a map, and what the result is called."""

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
        terms: str | Sequence[str] | None = None,
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
        terms : str or sequence of str, optional
            Names or patterns of one label set; all its labels by default.
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
        least = max(check_least(min_studies_per_term), 1)
        space = as_mask(mask)
        voxels = (
            np.ones(space.n_voxels, dtype=bool)
            if region is None
            else region_voxels(region, space)
        )
        chosen, positions = database.choose_labels(terms, label_set=label_set)
        counted = database.has_peaks
        columns = chosen.columns(positions, threshold=threshold).within(counted)
        n_counted = int(np.count_nonzero(counted))
        kept = np.flatnonzero((columns.sizes >= least) & (columns.sizes < n_counted))
        if not len(kept):
            raise EmptySelectionError(
                f"none of the {len(positions):,} terms is in at least {least} studies, "
                f"and not in all {n_counted:,} with peaks (at a weight of "
                f"{threshold:g})."
            )
        rows = [positions[i] for i in kept]
        columns = chosen.columns(rows, threshold=threshold).within(counted)
        activations = database.activations(
            radius_mm=radius_mm, mask=space, talairach=talairach, n_jobs=n_jobs
        )
        prepared = Terms.of(
            activations,
            columns,
            counted,
            activations.totals,
            voxels,
            n_jobs=n_jobs,
            progress=progress,
        )
        facts = {
            "database": database_facts(database),
            "software": software(),
            "label_set": chosen.name,
            "threshold": float(threshold),
            "min_studies_per_term": int(min_studies_per_term),
            "radius_mm": float(radius_mm),
            "talairach": talairach,
            "n_voxels": prepared.n_voxels,
            "n_studies": n_counted,
            "n_terms_left_out": len(positions) - len(rows),
        }
        names = tuple(chosen.labels[i] for i in rows)
        return cls(names, space, prepared, facts, n_jobs, progress)

    def decode(
        self, images: Any, *, method: str = "pearson", min_overlap: float = 0.25
    ) -> Decoding:
        """Compare images with the association map of each term.

        Parameters
        ----------
        images : path, nibabel image, ndarray, sequence of these, or folder
            What is to be decoded; see :func:`decode`. Or a list of :class:`Pattern`.
        method : {"pearson", "spearman", "cosine", "dot"}
            How they are compared.
        min_overlap : float
            Share of an image's values that must lie within the brain mask.

        Returns
        -------
        Decoding

        Raises
        ------
        ImageError
            If an image cannot be used.
        OptionError
            If there is no such method.
        """
        if method not in METHODS:
            raise OptionError(
                f"method must be one of {', '.join(METHODS)}, got {method!r}."
            )
        patterns: list[Pattern] = (
            images
            if isinstance(images, list) and all(isinstance(i, Pattern) for i in images)
            else read_patterns(images, self.mask, min_overlap=min_overlap)
        )
        found = [self._compared(pattern, method) for pattern in patterns]
        columns = {
            name: np.stack([each[name] for each in found], axis=1) for name in found[0]
        }
        return Decoding(
            terms=self.terms,
            images=tuple(unique_names(pattern.name for pattern in patterns)),
            columns=columns,
            n_studies=self.prepared.columns.sizes,
            image_facts=tuple(pattern.facts for pattern in patterns),
            facts={**self.facts, "method": method},
        )

    def __repr__(self) -> str:
        n = self.prepared.n_voxels
        return f"<MapDecoder: {len(self.terms):,} terms, {n:,} voxels>"

    def _compared(self, pattern: Pattern, method: str) -> dict[str, NDArray[Any]]:
        inside = pattern.values[self.prepared.voxels]
        if not inside.any() or (np.ptp(inside) == 0 and method != "dot"):
            raise ImageError(
                f"the image {pattern.name!r} has the same value in all "
                f"{len(inside):,} voxels that are compared: it fits every term alike."
            )
        if pattern.facts["n_not_finite"]:
            warn(
                f"{pattern.facts['n_not_finite']:,} voxels of {pattern.name!r} in the "
                "brain are NaN or infinite: they count as 0."
            )
        if method == "spearman":
            return {"rho": self._ranked(inside)}
        centred = method == "pearson"
        scale = np.abs(inside).max()  # squares of very small or large values are not
        x = pattern.values / scale
        if centred:
            x = x - x[self.prepared.voxels].mean()
        prepared = self.prepared
        fits = prepared.fits(prepared.scores(x))
        squares = prepared.z_squares
        if centred:
            squares = squares - prepared.z_sum**2 / prepared.n_voxels
        size = np.sqrt((x[prepared.voxels] ** 2).sum() * squares)
        value = fits.products * (scale if method == "dot" else 1.0)
        if method != "dot":
            value = np.divide(value, size, out=np.zeros_like(size), where=size > 0)
        p = fits.p
        return {
            METHODS[method]: value,
            "z": fits.standardised,
            "p": p,
            "q": fdr_adjusted(p),
        }

    def _ranked(self, inside: NDArray[np.float64]) -> NDArray[np.float64]:
        """Correlate ranks: every map has to be made, and sorted."""
        from joblib import Parallel, delayed
        from scipy.stats import rankdata
        from tqdm.auto import tqdm

        prepared, columns = self.prepared, self.prepared.columns
        x = rankdata(inside)
        x -= x.mean()

        def work(first: int) -> NDArray[np.float64]:
            stop = min(first + _RANKED_AT_ONCE, columns.n_columns)
            part = columns.between(first, stop)
            z, _ = association_and_uniformity_z(
                count_columns(prepared.activations, part),
                n_selected=part.sizes,
                expected=np.ones(part.n_columns),
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
        tasks = tqdm(firsts, desc="Ranking", disable=not self.progress, delay=1)
        parts = Parallel(n_jobs=self.n_jobs, require="sharedmem")(
            delayed(work)(first) for first in tasks
        )
        return np.concatenate(list(parts))

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


def decode(
    database: Database,
    images: Any,
    terms: str | Sequence[str] | None = None,
    *,
    method: str = "pearson",
    min_overlap: float = 0.25,
    **options: Any,
) -> Decoding:
    """Find the terms whose association maps images look like.

    Parameters
    ----------
    database : Database
        Studies with terms.
    images : path, nibabel image, ndarray, sequence of these, or folder
        Maps in MNI space, on any grid: they are resampled to the mask. An image with
        four dimensions is one for each volume; arrays have one value per voxel of the
        mask.
    terms : str or sequence of str, optional
        Names or patterns of one label set; all its labels by default.
    method : {"pearson", "spearman", "cosine", "dot"}
        ``"pearson"`` is Neurosynth's.
    min_overlap : float
        Share of an image's values that must lie within the brain mask.
    **options
        As for :meth:`MapDecoder.of`.

    Returns
    -------
    Decoding

    Raises
    ------
    ImageError
        If an image cannot be read, is empty or constant, or does not look like one in
        MNI space.
    UnknownTermError, EmptySelectionError, OptionError
        If terms or options cannot be used.

    Notes
    -----
    ``r`` is Pearson's correlation of the image with the association z of a term, over
    all voxels of the mask. ``z`` and ``p`` say whether as many studies, drawn at
    random, would fit the image as well; they know nothing of the noise of the image
    itself. With thousands of studies, many terms are significant: look at ``r``.

    Examples
    --------
    >>> from nimare_neurosynth import decode, load_demo, meta_analysis
    >>> database = load_demo()
    >>> image = meta_analysis(database, "emotion").image("z_desc-association")
    >>> found = decode(database, image).table()
    >>> found["term"][0], round(float(found["r"][0]), 6)
    ('emotion', 1.0)
    """
    # a wrong image is told before terms are prepared, which can take seconds
    space = as_mask(options.pop("mask", None))
    patterns = read_patterns(images, space, min_overlap=min_overlap)
    decoder = MapDecoder.of(database, terms, mask=space, **options)
    return decoder.decode(patterns, method=method, min_overlap=min_overlap)

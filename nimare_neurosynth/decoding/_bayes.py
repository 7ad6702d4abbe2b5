"""P(term | activation), term by term."""

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
from nimare_neurosynth.decoding._active import active_near, active_sets
from nimare_neurosynth.decoding._choice import choose_terms
from nimare_neurosynth.decoding._images import read_patterns
from nimare_neurosynth.decoding._likelihood import (
    DEFAULT_SMOOTHING,
    SPHERES_AS_ONE,
    log_ratios,
)
from nimare_neurosynth.decoding._result import Decoding, gathered
from nimare_neurosynth.errors import OptionError, SelectionError, suggest
from nimare_neurosynth.meta import (
    DEFAULT_LEAST,
    check_prior,
    need_database,
    totals_within,
)
from nimare_neurosynth.space import Mask, as_mask, sphere_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations, LabelColumns
    from nimare_neurosynth.space import ImageLike


@dataclass(frozen=True, eq=False, repr=False)
class BayesDecoder:
    """Naive Bayes for many terms, each on its own: a study has it, or has it not.

    Made by :meth:`of`; :func:`decode_bayes` makes one for a single call.

    Attributes
    ----------
    terms : tuple of str
        The terms.
    mask : Mask
        The voxels.
    activations : Activations
        Of all studies.
    columns : LabelColumns
        Counted studies of each term.
    counted : ndarray of bool, shape (n_studies,)
        Studies that count.
    totals : ndarray of int32, shape (n_voxels,)
        Counted studies that activate each voxel.
    study_ids : ndarray of object, shape (n_studies,)
        Ids of all studies.
    facts : dict
        How it was made.
    n_jobs : int
        Threads.
    progress : bool
        Whether to show bars.
    """

    terms: tuple[str, ...]
    mask: Mask
    activations: Activations
    columns: LabelColumns
    counted: BoolArray
    totals: NDArray[np.int32]
    study_ids: NDArray[np.object_]
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
        prior: float | str = 0.5,
        smoothing: float = DEFAULT_SMOOTHING,
        voxels_as_one: float | None = None,
        radius_mm: float = DEFAULT_RADIUS_MM,
        mask: Mask | ImageLike | None = None,
        talairach: str | None = DEFAULT_TALAIRACH,
        n_jobs: int = -1,
        progress: bool = False,
    ) -> BayesDecoder:
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
            Terms of fewer studies are left out.
        prior : float or "database"
            Prior probability of each term: a number above 0 and below 1, or the share
            of the database's studies that have it.
        smoothing : float
            Studies like all others that are added to each side; above 0.
        voxels_as_one : float, optional
            As many voxels count as one observation; eight spheres' by default.
        radius_mm, mask, talairach, n_jobs
            As for :func:`nimare_neurosynth.meta_analysis`.
        progress : bool
            Show a bar on standard error.

        Returns
        -------
        BayesDecoder

        Raises
        ------
        EmptySelectionError
            If no term is in enough studies.
        UnknownTermError, OptionError
            If terms or options cannot be used.
        """
        need_database(database)
        if prior != "database":
            check_prior(prior)  # type: ignore[arg-type]
        space = as_mask(mask)
        check_voxels(voxels_as_one, radius_mm, space)
        check_smoothing(smoothing)
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
        facts = chosen.facts(
            database,
            threshold=float(threshold),
            min_studies_per_term=int(min_studies_per_term),
            radius_mm=float(radius_mm),
            talairach=talairach,
        )
        made = cls.from_parts(
            chosen.names,
            space,
            activations,
            chosen.columns,
            chosen.counted,
            facts=facts,
            prior=prior,
            smoothing=smoothing,
            voxels_as_one=voxels_as_one,
        )
        return replace(
            made, study_ids=database.study_ids, n_jobs=n_jobs, progress=progress
        )

    @classmethod
    def from_parts(
        cls,
        terms: tuple[str, ...],
        mask: Mask,
        activations: Activations,
        columns: LabelColumns,
        counted: BoolArray,
        *,
        facts: dict[str, Any],
        prior: float | str,
        smoothing: float,
        voxels_as_one: float | None,
    ) -> BayesDecoder:
        """Make a decoder of arrays; see :meth:`of` and the attributes.

        ``facts`` must have ``radius_mm``.
        """
        check_smoothing(smoothing)
        facts = {
            **facts,
            "prior": prior,
            "smoothing": float(smoothing),
            "voxels_as_one": check_voxels(voxels_as_one, facts["radius_mm"], mask),
        }
        totals = totals_within(activations, counted)
        ids = np.empty(0, dtype=object)
        return cls(terms, mask, activations, columns, counted, totals, ids, facts)

    def within(self, counted: BoolArray) -> BayesDecoder:
        """Make a decoder that has learnt from some of the studies only.

        Parameters
        ----------
        counted : ndarray of bool, shape (n_studies,)
            The studies.

        Returns
        -------
        BayesDecoder
        """
        inside = self.counted & counted  # those without peaks never count
        return replace(
            self,
            columns=self.columns.within(inside),
            counted=inside,
            totals=totals_within(self.activations, inside),
            facts={**self.facts, "n_studies": int(np.count_nonzero(inside))},
        )

    def decode(
        self, images: Any, *, above: float | None = None, min_overlap: float = 0.25
    ) -> Decoding:
        """Give P(term | activation) for images.

        Parameters
        ----------
        images : path, nibabel image, ndarray, sequence or dict of these, or folder
            As for :func:`nimare_neurosynth.decode`.
        above : float, optional
            Voxels above this value are active. By default, all positive voxels of a
            mask or thresholded map are; of any other map the largest positive ones, as
            many as the average study activates.
        min_overlap : float
            Share of an image's values that must lie within the brain mask.

        Returns
        -------
        Decoding
            ``posterior``, and ``evidence``, the logarithm (base e) of how much
            likelier the activation is with the term than without.

        Raises
        ------
        ImageError
            If an image cannot be used or has no active voxel.
        """
        return self._decoded(
            active_sets(
                images,
                self.mask,
                self.activations,
                self.counted,
                above=above,
                min_overlap=min_overlap,
            )
        )

    def decode_peaks(self, peaks: ArrayLike) -> Decoding:
        """Give P(term | activation) for a set of peaks.

        Parameters
        ----------
        peaks : array-like of float, shape (n_peaks, 3)
            MNI coordinates in mm.

        Returns
        -------
        Decoding

        Raises
        ------
        OptionError, ImageError
            If these are no coordinates, or none of them is in the brain.
        """
        active = active_near(peaks, self.facts["radius_mm"], self.mask)
        facts = {"kind": "peaks", "n_active": int(np.count_nonzero(active))}
        return self._decoded([("peaks", active, facts)])

    def decode_study(self, study: str) -> Decoding:
        """Give P(term | activation) for a study, learnt from all other studies.

        Parameters
        ----------
        study : str
            Its id.

        Returns
        -------
        Decoding

        Raises
        ------
        SelectionError
            If there is no such study, or it has no peaks in the brain.
        """
        [places] = np.nonzero(self.study_ids == str(study))
        if not len(places):
            hint = suggest(str(study), map(str, self.study_ids))
            raise SelectionError(f"there is no study {study!r} in the database.{hint}")
        active = np.zeros(self.mask.n_voxels, dtype=bool)
        active[self.activations.to_csr(places[:1]).indices] = True
        if not active.any():
            raise SelectionError(f"the study {study!r} has no peak in the brain.")
        counted = self.counted.copy()
        counted[places[0]] = False
        facts = {"kind": "study", "n_active": int(np.count_nonzero(active))}
        return self.within(counted)._decoded([(str(study), active, facts)])  # noqa: SLF001

    def __repr__(self) -> str:
        return f"<BayesDecoder: {len(self.terms):,} terms>"

    def _decoded(self, sets: list[tuple[str, BoolArray, dict[str, Any]]]) -> Decoding:
        from scipy.special import expit, logit

        sums = log_ratios(
            self.activations,
            self.columns,
            self.counted,
            self.totals,
            np.stack([active for _, active, _ in sets]),
            smoothing=self.facts["smoothing"],
            n_jobs=self.n_jobs,
            progress=self.progress,
        )
        evidence = sums / self.facts["voxels_as_one"]
        prior = self.facts["prior"]
        if prior == "database":
            n, of = self.columns.sizes, np.count_nonzero(self.counted)
            prior = (n + 0.5) / (of + 1.0)
        odds = np.broadcast_to(logit(prior), (len(self.terms),))
        found = [
            {"posterior": expit(odds + own), "evidence": own} for own in evidence.T
        ]
        return gathered(
            self.terms,
            [name for name, _, _ in sets],
            found,
            n_studies=self.columns.sizes,
            image_facts=[facts for _, _, facts in sets],
            facts={**self.facts, "method": "nb"},
        )


def check_voxels(value: float | None, radius_mm: float, mask: Mask) -> float:
    """Say how many voxels count as one observation."""
    if value is None:
        lines = sphere_lines(radius_mm, mask.affine)
        return float(SPHERES_AS_ONE * (lines[:, 3] - lines[:, 2] + 1).sum())
    if not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise OptionError(f"voxels_as_one must be a number above 0, got {value!r}.")
    return float(value)


def check_smoothing(value: float) -> None:
    """Raise an OptionError unless so many studies can be added."""
    if not isinstance(value, int | float | np.number) or not 0 < value < np.inf:
        raise OptionError(f"smoothing must be a number above 0, got {value!r}.")


def decode_bayes(
    database: Database,
    images: Any,
    terms: str | PathLike[str] | Sequence[str] | None = None,
    *,
    above: float | None = None,
    min_overlap: float = 0.25,
    **options: Any,
) -> Decoding:
    """Give P(term | activation) of images, for each term on its own.

    Parameters
    ----------
    database : Database
        Studies with terms.
    images : path, nibabel image, ndarray, sequence or dict of these, or folder
        As for :func:`nimare_neurosynth.decode`.
    terms : str, sequence of str or pathlib.Path, optional
        Names or patterns of one label set (a path: of a text file with one on each
        line); all its labels by default.
    above, min_overlap
        See :meth:`BayesDecoder.decode`: which voxels are active.
    **options
        As for :meth:`BayesDecoder.of`: ``prior``, ``smoothing`` and so on.

    Returns
    -------
    Decoding
        Probabilities do not sum to 1: a study can have any number of terms.

    Raises
    ------
    ImageError
        If an image cannot be used or has no active voxel.
    EmptySelectionError, UnknownTermError, OptionError
        If terms or options cannot be used.

    Notes
    -----
    Multinomial naive Bayes for each term: a study has it or not, and its activation is
    where it is. Rates are smoothed by studies that are like all others, and as voxels
    do not speak independently, as many as eight spheres have count as one.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo, meta_analysis
    >>> database = load_demo()
    >>> image = meta_analysis(database, "emotion").image("z_desc-association")
    >>> found = decode_bayes(database, image, ["emotion", "working memory"])
    >>> found.table()["term"][0]
    'emotion'
    """
    # a wrong image is told before terms are prepared
    space = as_mask(options.pop("mask", None))
    patterns = read_patterns(images, space, min_overlap=min_overlap)
    decoder = BayesDecoder.of(database, terms, mask=space, **options)
    return decoder.decode(patterns, above=above)

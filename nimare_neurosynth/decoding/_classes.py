"""Which of several classes an activation belongs to, by naive Bayes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    Database,
    Selection,
)
from nimare_neurosynth.decoding._active import active_near, active_sets
from nimare_neurosynth.decoding._bayes import check_smoothing, check_voxels
from nimare_neurosynth.decoding._likelihood import (
    DEFAULT_SMOOTHING,
    base_rates,
    log_shares,
)
from nimare_neurosynth.decoding._result import Decoding, gathered
from nimare_neurosynth.decoding._validation import CrossValidation
from nimare_neurosynth.engine import LabelColumns, count_columns
from nimare_neurosynth.errors import EmptySelectionError, OptionError, warn
from nimare_neurosynth.meta import (
    choose,
    database_facts,
    need_database,
    software,
    totals_within,
)
from nimare_neurosynth.space import as_mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.space import ImageLike, Mask


@dataclass(frozen=True, eq=False, repr=False)
class Classifier:
    """Naive Bayes between classes that exclude each other.

    Made by :meth:`of`.

    Attributes
    ----------
    classes : tuple of str
        Their names.
    mask : Mask
        The voxels.
    activations : Activations
        Of all studies.
    columns : LabelColumns
        Studies of each class; none is in two.
    priors : ndarray of float64, shape (n_classes,)
        Prior probabilities, which sum to 1.
    log_shares : ndarray of float64, shape (n_classes, n_voxels)
        Logarithm of the share of a class's activation that is in each voxel.
    facts : dict
        How it was made.
    """

    classes: tuple[str, ...]
    mask: Mask
    activations: Activations
    columns: LabelColumns
    priors: NDArray[np.float64]
    log_shares: NDArray[np.float64]
    facts: dict[str, Any]

    @classmethod
    def of(
        cls,
        database: Database,
        classes: Mapping[str, str | Selection] | Sequence[str | Selection],
        *,
        priors: str | Sequence[float] = "equal",
        smoothing: float = DEFAULT_SMOOTHING,
        voxels_as_one: float | None = None,
        radius_mm: float = DEFAULT_RADIUS_MM,
        mask: Mask | ImageLike | None = None,
        talairach: str | None = DEFAULT_TALAIRACH,
        n_jobs: int = -1,
        **understood: Any,
    ) -> Classifier:
        """Learn classes from the studies of a database.

        Parameters
        ----------
        database : Database
            The studies.
        classes : dict, or sequence, of str or Selection
            A query or selection for each class, two at least. Studies of several
            classes are left out, with a warning.
        priors : {"equal", "studies"} or sequence of float
            Prior probabilities: equal, as the numbers of studies, or these numbers (in
            the order of the classes; they are made to sum to 1).
        smoothing : float
            Studies that are like those of all classes, added to each; above 0.
        voxels_as_one : float, optional
            As many voxels count as one observation; eight spheres' by default.
        radius_mm, mask, talairach, n_jobs
            As for :func:`nimare_neurosynth.meta_analysis`.
        **understood
            ``label_set``, ``threshold`` and ``func`` of queries.

        Returns
        -------
        Classifier

        Raises
        ------
        EmptySelectionError
            If a class has no study of its own.
        QueryError, UnknownTermError, OptionError
            If a query or an option cannot be used.
        """
        need_database(database)
        space = as_mask(mask)
        together = check_voxels(voxels_as_one, radius_mm, space)
        check_smoothing(smoothing)
        choices = _choices(database, classes, understood)
        columns, n_left_out = _own_studies(choices, database.has_peaks)
        values = _prior_values(priors, columns.sizes)
        activations = database.activations(
            radius_mm=radius_mm, mask=space, talairach=talairach, n_jobs=n_jobs
        )
        facts = {
            "database": database_facts(database),
            "software": software(),
            "classes": {name: c.facts() for name, c in choices.items()},
            "n_studies_of_several_classes": n_left_out,
            "smoothing": float(smoothing),
            "voxels_as_one": together,
            "radius_mm": float(radius_mm),
            "talairach": talairach,
            "priors": priors if isinstance(priors, str) else [float(v) for v in priors],
        }
        made = cls(
            tuple(choices),
            space,
            activations,
            columns,
            values,
            np.empty((0, 0)),
            facts,
        )
        return made.learnt_from(np.ones(database.n_studies, dtype=bool), n_jobs=n_jobs)

    def learnt_from(self, studies: BoolArray, *, n_jobs: int = -1) -> Classifier:
        """Learn the classes anew from some of the studies.

        Parameters
        ----------
        studies : ndarray of bool, shape (n_studies,)
            Those to learn from.
        n_jobs : int
            Threads.

        Returns
        -------
        Classifier
        """
        columns = self.columns.within(studies)
        inside = np.zeros(columns.n_studies, dtype=bool)
        inside[columns.studies] = True
        counts = count_columns(self.activations, columns, n_jobs=n_jobs)
        totals = totals_within(self.activations, inside)
        m = self.facts["smoothing"]
        rates = base_rates(totals, int(np.count_nonzero(inside)))
        total = counts.sum(axis=1, dtype=np.int64) + m * rates.sum()
        return replace(self, log_shares=log_shares(counts, rates, total, m))

    def classify(
        self, images: Any, *, above: float | None = None, min_overlap: float = 0.25
    ) -> Decoding:
        """Give the probability of each class for images.

        Parameters
        ----------
        images : path, nibabel image, ndarray, sequence or dict of these, or folder
            As for :func:`nimare_neurosynth.decode`.
        above, min_overlap
            Which voxels are active; see :meth:`BayesDecoder.decode`.

        Returns
        -------
        Decoding
            ``posterior`` (they sum to 1 over the classes) and ``log_likelihood``.
        """
        sets = active_sets(
            images,
            self.mask,
            self.activations,
            self.activations.has_peaks,
            above=above,
            min_overlap=min_overlap,
        )
        found = [self._found(active.astype(np.float64)) for _, active, _ in sets]
        names, facts = [name for name, _, _ in sets], [facts for _, _, facts in sets]
        return self._gathered(names, found, facts)

    def classify_peaks(self, peaks: ArrayLike) -> Decoding:
        """Give the probability of each class for a set of peaks.

        Parameters
        ----------
        peaks : array-like of float, shape (n_peaks, 3)
            MNI coordinates in mm.

        Returns
        -------
        Decoding
        """
        active = active_near(peaks, self.facts["radius_mm"], self.mask)
        facts = {"kind": "peaks", "n_active": int(np.count_nonzero(active))}
        found = [self._found(active.astype(np.float64))]
        return self._gathered(["peaks"], found, [facts])

    def probabilities(self) -> NDArray[np.float64]:
        """Give P(class | activation) of every study, shape (n_studies, n_classes).

        The studies that were learnt from are among them: for how well studies can be
        told apart see :meth:`cross_validate`.
        """
        sums = [self.activations.sum_of(own) for own in self.log_shares]
        return self._posterior(np.stack(sums, axis=1))

    def cross_validate(
        self, n_folds: int = 10, *, seed: int = 0, n_jobs: int = -1
    ) -> CrossValidation:
        """Say how often studies that were not learnt from are put in their class.

        Parameters
        ----------
        n_folds : int
            The studies of each class are dealt into so many parts; each is classified
            by what was learnt from the others.
        seed : int
            Of the dealing.
        n_jobs : int
            Threads.

        Returns
        -------
        CrossValidation

        Raises
        ------
        OptionError
            If there are fewer than two folds, or a class has fewer studies than that.
        """
        least = int(self.columns.sizes.min())
        whole = isinstance(n_folds, int | np.integer)
        if not whole or not 2 <= n_folds <= least:
            raise OptionError(
                f"n_folds must be a whole number from 2 to {least}, the studies of the "
                f"smallest class, got {n_folds!r}."
            )
        generator = np.random.default_rng(seed)
        n_classes = len(self.classes)
        truth = np.full(self.columns.n_studies, -1)
        fold = np.full(self.columns.n_studies, -1)
        for k in range(n_classes):
            own = self.columns[k]
            truth[own] = k
            fold[generator.permutation(own)] = np.arange(len(own)) % n_folds
        found = np.full((len(truth), n_classes), np.nan)
        for i in range(n_folds):
            part = self.learnt_from((fold >= 0) & (fold != i), n_jobs=n_jobs)
            found[fold == i] = part.probabilities()[fold == i]
        inside = truth >= 0
        return CrossValidation(self.classes, truth[inside], found[inside])

    def __repr__(self) -> str:
        sizes = self.columns.sizes
        listed = [f"{c} ({n:,})" for c, n in zip(self.classes, sizes, strict=True)]
        return f"<Classifier: {', '.join(listed)}>"

    def _found(self, active: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        likelihood = self.log_shares @ active
        return {
            "posterior": self._posterior(likelihood[None])[0],
            "log_likelihood": likelihood / self.facts["voxels_as_one"],
        }

    def _posterior(self, likelihood: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.special import softmax

        scaled = likelihood / self.facts["voxels_as_one"]
        return np.asarray(softmax(scaled + np.log(self.priors), axis=1))

    def _gathered(
        self,
        names: list[str],
        found: list[dict[str, NDArray[np.float64]]],
        image_facts: list[dict[str, Any]],
    ) -> Decoding:
        return gathered(
            self.classes,
            names,
            found,
            n_studies=self.columns.sizes,
            image_facts=image_facts,
            facts={**self.facts, "method": "classes"},
        )


def _choices(
    database: Database, classes: Any, understood: dict[str, Any]
) -> dict[str, Selection]:
    """Choose the studies of each class."""
    sized = hasattr(classes, "__len__") and not isinstance(classes, str)
    if not sized or isinstance(classes, Selection) or len(classes) < 2:
        raise OptionError("classes must be two queries or selections at least.")
    items = (
        classes.items() if hasattr(classes, "items") else [(None, c) for c in classes]
    )
    found: dict[str, Selection] = {}
    for name, what in items:
        choice = choose(database, what, **understood)
        label = choice.description if name is None else str(name)
        if label in found:
            raise OptionError(f"{label!r} is asked for more than once.")
        found[label] = choice
    return found


def _own_studies(
    choices: dict[str, Selection], counted: BoolArray
) -> tuple[LabelColumns, int]:
    """Give the studies that are of one class only."""
    masks = np.stack([choice.mask & counted for choice in choices.values()])
    several = masks.sum(axis=0) > 1
    masks &= ~several
    for name, own in zip(choices, masks, strict=True):
        if not own.any():
            raise EmptySelectionError(
                f"the class {name!r} has no study with peaks of its own "
                f"({np.count_nonzero(several):,} studies are of several classes)."
            )
    n = int(np.count_nonzero(several))
    if n:
        warn(f"{n:,} studies are of several classes: they are left out.")
    return LabelColumns.from_masks(masks), n


def _prior_values(priors: Any, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    if isinstance(priors, str):
        if priors not in ("equal", "studies"):
            raise OptionError(
                f"priors must be 'equal', 'studies' or numbers, got {priors!r}."
            )
        values = np.ones(len(sizes)) if priors == "equal" else sizes.astype(float)
    else:
        try:
            values = np.asarray(priors, dtype=np.float64)
        except (TypeError, ValueError):
            values = np.empty(0)
        good = values.shape == sizes.shape and np.isfinite(values).all()
        if not good or not (values > 0).all():
            raise OptionError(
                f"priors must be {len(sizes)} numbers above 0, got {priors!r}."
            )
    return np.asarray(values / values.sum())

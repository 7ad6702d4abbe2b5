"""Which region a study with these terms activates, and the reverse."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    DEFAULT_THRESHOLD,
    Database,
)
from nimare_neurosynth.decoding import choose_terms, confusion_table
from nimare_neurosynth.errors import (
    EmptySelectionError,
    OptionError,
    UnknownTermError,
    suggest,
    warn,
)
from nimare_neurosynth.meta import DEFAULT_LEAST, need_database
from nimare_neurosynth.networks._activity import is_active
from nimare_neurosynth.networks._parcels import Parcels, as_parcels

if TYPE_CHECKING:
    import pandas as pd
    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth.space import ImageLike, Mask

FEW = 10
"""Studies of one region below which a warning is given."""


@dataclass(frozen=True, eq=False, repr=False)
class RegionClassification:
    """How well terms tell which of several regions a study activates.

    Attributes
    ----------
    regions : tuple of str
        The classes.
    terms : tuple of str
        The features.
    study_ids : ndarray of object, shape (n_studies,)
        Studies that activate exactly one of the regions.
    truth, found : ndarray of int64, shape (n_studies,)
        Which region each activates, and which was predicted from its terms by what was
        learnt from other studies.
    accuracies : ndarray of float64, shape (n_folds,)
        Balanced accuracy of each fold: the mean over the regions of the share put
        right. By chance it is one divided by the number of regions.
    model : scikit-learn estimator
        Fitted on all of these studies.
    weights : ndarray of float64, shape (n_regions, n_terms), or None
        Coefficients or importances of the model, where it has any.
    n_of_several : int
        Studies that activate several of the regions, and were left out.
    parcels : Parcels
        The regions.
    """

    regions: tuple[str, ...]
    terms: tuple[str, ...]
    study_ids: NDArray[np.object_]
    truth: NDArray[np.int64]
    found: NDArray[np.int64]
    accuracies: NDArray[np.float64]
    model: Any
    weights: NDArray[np.float64] | None
    n_of_several: int
    parcels: Parcels

    @property
    def accuracy(self) -> float:
        """Mean of the folds' balanced accuracies."""
        return float(self.accuracies.mean())

    def confusion(self) -> pd.DataFrame:
        """Count studies by their region (rows) and the predicted one (columns)."""
        return confusion_table(self.truth, self.found, self.regions, "region")

    def importances(self) -> pd.DataFrame:
        """Give the model's weights: a row for each term, a column for each region.

        Raises
        ------
        OptionError
            If the model has none.
        """
        import pandas as pd

        if self.weights is None:
            raise OptionError(
                "this model has no coefficients or importances: use a linear one, or "
                "scikit-learn's permutation_importance."
            )
        columns = list(self.regions)
        if len(self.weights) == 1:
            columns = ["importance"]
        index = pd.Index(self.terms, name="term")
        return pd.DataFrame(self.weights.T, index, columns)

    def image(self, term: str) -> Nifti1Image:
        """Give each region the model's weight of a term, as a NIfTI image.

        Raises
        ------
        UnknownTermError
            If it is none of the terms.
        OptionError
            If the model has no weights for each region.
        """
        if self.weights is None or len(self.weights) != len(self.regions):
            raise OptionError("this model has no weights for each region.")
        if term not in self.terms:
            raise UnknownTermError(
                f"{term!r} is none of the terms.{suggest(term, self.terms)}"
            )
        own = self.weights[:, self.terms.index(term)]
        values = self.parcels.to_values(own).astype(np.float32)
        return self.parcels.mask.to_image(values)

    def __repr__(self) -> str:
        chance = 100 / len(self.regions)
        return (
            f"<RegionClassification of {len(self.truth):,} studies, "
            f"{len(self.regions)} regions, {len(self.terms):,} terms: "
            f"{100 * self.accuracy:.1f} % right (by chance {chance:.1f} %)>"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.confusion().to_html()}"


def classify_regions(
    database: Database,
    regions: Any,
    terms: Any = None,
    *,
    model: Any = None,
    n_folds: int = 4,
    label_set: str | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    min_studies_per_term: int = DEFAULT_LEAST,
    min_voxels: int | None = None,
    min_proportion: float | None = 0.08,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    seed: int = 0,
    n_jobs: int = -1,
) -> RegionClassification:
    """Predict from its terms which of several regions a study activates.

    Parameters
    ----------
    database : Database
        Studies with terms.
    regions : Parcels, atlas, images or coordinates
        Two at least; see :func:`as_parcels`.
    terms, label_set, threshold, min_studies_per_term
        Features: weights of these terms, as for :func:`nimare_neurosynth.decode`.
    model : scikit-learn classifier, optional
        Logistic regression of scaled weights, with balanced classes, by default.
    n_folds : int
        Stratified folds of the cross-validation.
    min_voxels, min_proportion
        A study activates a region by at least so many voxels or (by default, as in
        Neurosynth, 8 %) such a share of them. Studies that activate several of the
        regions are left out.
    radius_mm, mask, talairach, n_jobs
        As for :func:`nimare_neurosynth.meta_analysis`.
    seed : int
        Of folds, and of the default model.

    Returns
    -------
    RegionClassification

    Raises
    ------
    EmptySelectionError
        If a region is alone active in fewer studies than there are folds.
    ImageError, OptionError, UnknownTermError
        If regions, options or terms cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> seeds = {"amygdala": [-22, -4, -18], "parietal": [-36, -50, 46]}
    >>> found = classify_regions(load_demo(), seeds, n_folds=3)
    >>> found.confusion().shape, 0 <= found.accuracy <= 1
    ((2, 2), True)
    """
    from sklearn.base import clone
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold

    need_database(database)
    parcels = as_parcels(regions, mask=mask)
    if len(parcels) < 2:
        raise OptionError("two regions at least are needed, got one.")
    _check(n_folds, model)
    if min_voxels is not None:
        min_proportion = None
    chosen = choose_terms(
        database,
        terms,
        label_set=label_set,
        threshold=threshold,
        min_studies_per_term=min_studies_per_term,
    )
    activations = database.activations(
        radius_mm=radius_mm, mask=parcels.mask, talairach=talairach, n_jobs=n_jobs
    )
    counts = parcels.count_in(activations)
    active = is_active(counts, parcels, min_voxels, min_proportion)
    n_active = active.sum(axis=1)
    rows = np.flatnonzero((n_active == 1) & database.has_peaks)
    y = active[rows].argmax(axis=1)
    _check_sizes(parcels, y, n_folds)
    weights = chosen.label_set.weights
    x: csr_array = weights[:, chosen.rows].tocsr()[rows]  # type: ignore[index]
    estimator = _default_model(seed) if model is None else model
    found = np.empty(len(y), dtype=np.int64)
    accuracies = []
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for train, test in folds.split(np.zeros(len(y)), y):
        fitted = clone(estimator).fit(x[train], y[train])
        found[test] = fitted.predict(x[test])
        accuracies.append(balanced_accuracy_score(y[test], found[test]))
    whole = clone(estimator).fit(x, y)
    return RegionClassification(
        regions=parcels.names,
        terms=chosen.names,
        study_ids=database.study_ids[rows],
        truth=y.astype(np.int64),
        found=found,
        accuracies=np.array(accuracies),
        model=whole,
        weights=_weights_of(whole, len(parcels), x.shape[1]),
        n_of_several=int(np.count_nonzero(n_active > 1)),
        parcels=parcels,
    )


def _check(n_folds: int, model: Any) -> None:
    from sklearn.base import is_classifier

    usable = hasattr(model, "get_params") and not isinstance(model, type)
    if model is not None and not (usable and is_classifier(model)):
        raise OptionError(
            f"model must be a classifier of scikit-learn or None, got {model!r}."
        )
    if not isinstance(n_folds, int | np.integer) or n_folds < 2:
        raise OptionError(f"n_folds must be a whole number from 2 up, got {n_folds!r}.")


def _check_sizes(parcels: Parcels, y: NDArray[np.int64], n_folds: int) -> None:
    sizes = np.bincount(y, minlength=len(parcels))
    least = int(sizes.argmin())
    if sizes[least] < n_folds:
        raise EmptySelectionError(
            f"{sizes[least]:,} studies activate {parcels.names[least]!r} and no other "
            f"region: too few for {n_folds} folds. Ask for less of a region "
            "(min_proportion), or leave it out."
        )
    if sizes[least] < FEW:
        warn(
            f"only {sizes[least]:,} studies activate {parcels.names[least]!r} and no "
            "other region: accuracies depend on single studies."
        )


def _default_model(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(
        StandardScaler(with_mean=False),
        LogisticRegression(
            C=0.01, class_weight="balanced", max_iter=1000, random_state=seed
        ),
    )


def _weights_of(
    model: Any, n_regions: int, n_features: int
) -> NDArray[np.float64] | None:
    """Give coefficients for each region, or importances for all."""
    last = model.steps[-1][1] if hasattr(model, "steps") else model
    if getattr(last, "n_features_in_", n_features) != n_features:
        return None  # earlier steps chose or made features
    if hasattr(last, "coef_"):
        found = last.coef_
        dense = found.toarray() if hasattr(found, "toarray") else found
        coefficients = np.atleast_2d(np.asarray(dense, dtype=np.float64))
        if len(coefficients) == 1 and n_regions == 2:
            return np.concatenate([-coefficients, coefficients])
        # of kernel machines they are of pairs of regions
        return None if hasattr(last, "dual_coef_") else coefficients
    if hasattr(last, "feature_importances_"):
        return np.asarray(last.feature_importances_, dtype=np.float64)[None]
    return None


def predict_terms(
    database: Database,
    regions: Any,
    terms: Any,
    *,
    model: Any = None,
    n_folds: int = 4,
    label_set: str | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    seed: int = 0,
    n_jobs: int = -1,
) -> pd.DataFrame:
    """Predict from the regions that a study activates whether it has each term.

    Parameters
    ----------
    database : Database
        Studies with terms.
    regions : Parcels, atlas, images or coordinates
        Features: the share of each that a study activates.
    terms, label_set, threshold
        What is predicted, as for :func:`nimare_neurosynth.decode`.
    model : scikit-learn classifier, optional
        Logistic regression of scaled shares, with balanced classes, by default.
    n_folds, radius_mm, mask, talairach, seed, n_jobs
        As for :func:`classify_regions`.

    Returns
    -------
    pandas.DataFrame
        Index ``term``; ``n_studies``; ``auc``, the area under the ROC curve of studies
        that were not learnt from (0.5 by chance); and the coefficient of each region,
        where the model has coefficients.

    Raises
    ------
    EmptySelectionError, ImageError, OptionError, UnknownTermError
        If terms, regions or options cannot be used.
    """
    import pandas as pd
    from sklearn.base import clone
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    need_database(database)
    parcels = as_parcels(regions, mask=mask)
    _check(n_folds, model)
    if model is not None and not hasattr(model, "predict_proba"):
        raise OptionError(f"a model with predict_proba is needed, got {model!r}.")
    if taken := {"term", "n_studies", "auc"} & set(parcels.names):
        raise OptionError(
            f"a region cannot be called {min(taken)!r}, as a column of the result is."
        )
    chosen = choose_terms(
        database,
        terms,
        label_set=label_set,
        threshold=threshold,
        min_studies_per_term=max(DEFAULT_LEAST, n_folds),
    )
    activations = database.activations(
        radius_mm=radius_mm, mask=parcels.mask, talairach=talairach, n_jobs=n_jobs
    )
    rows = np.flatnonzero(database.has_peaks)
    x = (parcels.count_in(activations) / parcels.sizes)[rows]
    estimator = _default_model(seed) if model is None else model
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    usable = np.flatnonzero(len(rows) - chosen.columns.sizes >= n_folds)
    if not len(usable):
        raise EmptySelectionError(
            f"fewer than {n_folds} studies are without each of these terms: too few "
            f"for {n_folds} folds."
        )
    if n_left_out := len(chosen.names) - len(usable):
        warn(
            f"{n_left_out:,} of the {len(chosen.names):,} terms are in all but fewer "
            f"than {n_folds} studies and are left out."
        )
    found = []
    for i in usable.tolist():
        name = chosen.names[i]
        has = np.zeros(database.n_studies, dtype=bool)
        has[chosen.columns[i]] = True
        y = has[rows]
        score = cross_val_predict(
            estimator, x, y, cv=folds, method="predict_proba", n_jobs=1
        )[:, 1]
        row = {"term": name, "n_studies": int(y.sum()), "auc": roc_auc_score(y, score)}
        weights = _weights_of(clone(estimator).fit(x, y), 2, x.shape[1])
        if weights is not None:
            row |= dict(zip(parcels.names, weights[-1], strict=True))
        found.append(row)
    return pd.DataFrame(found).set_index("term")

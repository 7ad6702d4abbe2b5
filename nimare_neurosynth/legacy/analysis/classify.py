"""Classification: which region studies activate, by their features."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import EmptySelectionError, OptionError, suggest
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy.analysis._classifier import (
    Classifier,
    check_class_weight,
    check_options,
    feature_selection,
    get_score,
    regularize,
)
from nimare_neurosynth.legacy.analysis._parts import check_choice, check_dataset
from nimare_neurosynth.legacy.base._images_of_studies import listed_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth.legacy.base.dataset import Dataset

__all__ = [
    "Classifier",
    "classify",
    "classify_by_features",
    "classify_regions",
    "feature_selection",
    "get_feature_order",
    "get_score",
    "get_studies_by_regions",
    "regularize",
]


@old("get_feature_order")
def get_feature_order(dataset: Dataset, features: Iterable[str]) -> list[int]:
    """Say at which position the features of a Dataset stand."""
    known = [str(name) for name in dataset.get_feature_names()]
    place = {name: i for i, name in enumerate(known)}
    asked = [features] if isinstance(features, str) else list(features)
    for name in asked:
        if name not in place:
            hint = suggest(str(name), known)
            raise OptionError(f"there is no feature {name!r}.{hint}")
    return [place[name] for name in asked]


@old("get_studies_by_regions")
def get_studies_by_regions(
    dataset: Dataset,
    masks: Sequence[Any],
    threshold: float = 0.08,
    remove_overlap: bool = True,
    studies: Any = None,
    features: Sequence[str] | None = None,
    regularization: str | None = "scale",
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """List the features of the studies that activate each of several regions.

    Parameters
    ----------
    dataset : Dataset
        With features; studies that have none are left out.
    masks : list of images
        Paths or images of the regions, two at least.
    threshold : float or int
        A study activates a region by this share, or number, of its voxels.
    remove_overlap : bool
        Leave out studies that activate several.
    studies : sequence, optional
        Only these studies. (The old package took all.)
    features : sequence of str, optional
        Only these features.
    regularization : {"scale"} or None
        See :func:`regularize`.

    Returns
    -------
    X : ndarray of float64, shape (n_studies, n_features)
    y : ndarray of int64, shape (n_studies,)
        The region of each study, from 0.

    Raises
    ------
    EmptySelectionError
        If a region has no study of its own.
    ImageError, OptionError
        If regions or options cannot be used.
    """
    check_dataset(dataset)
    if regularization:
        check_choice("regularization", regularization, ["scale"])
    listed = list(masks) if isinstance(masks, list | tuple) else [masks]
    if len(listed) < 2:
        raise OptionError(f"a list of two masks at least is needed, got {len(listed)}.")
    table = dataset.feature_table.data
    if not len(table.columns):
        raise OptionError(
            "this Dataset has no features: add some with add_features() first."
        )
    if features is not None:
        get_feature_order(dataset, features)
    ids = _of_one_region(dataset, listed, threshold, remove_overlap=remove_overlap)
    if studies is not None:
        wanted = {str(i) for i in listed_ids(studies)}
        ids = [[i for i in group if str(i) in wanted] for group in ids]
    known = {str(i): i for i in table.index}
    ids = [[known[str(i)] for i in group if str(i) in known] for group in ids]
    for number, group in enumerate(ids):
        if not group:
            raise EmptySelectionError(
                f"no study with features activates mask {number + 1} of {len(ids)} "
                f"{'alone ' if remove_overlap else ''}at a threshold of {threshold:g}."
            )
    flat = [i for group in ids for i in group]
    X = dataset.get_feature_data(ids=flat, features=features).to_numpy(np.float64)
    y = np.repeat(np.arange(len(ids)), [len(group) for group in ids])
    return (regularize(X, regularization) if regularization else X), y


def _of_one_region(
    dataset: Dataset, masks: list[Any], threshold: float, *, remove_overlap: bool
) -> list[list[Any]]:
    """List the studies that activate each mask, and maybe no other."""
    ids = [
        list(dataset.get_studies(mask=mask, activation_threshold=threshold))
        for mask in masks
    ]
    if not remove_overlap:
        return ids
    times = Counter(i for group in ids for i in group)
    return [[i for i in group if times[i] == 1] for group in ids]


@old("classify_regions")
def classify_regions(
    dataset: Dataset,
    masks: Sequence[Any],
    method: str = "ERF",
    threshold: float = 0.08,
    remove_overlap: bool = True,
    regularization: str | None = "scale",
    output: str = "summary",
    studies: Any = None,
    features: Sequence[str] | None = None,
    class_weight: Any = "auto",
    classifier: Any = None,
    cross_val: Any = "4-Fold",
    param_grid: dict[str, Any] | None = None,
    scoring: Any = "accuracy",
) -> Any:
    """Predict from its features which of several regions a study activates.

    Parameters
    ----------
    dataset, masks, threshold, remove_overlap, studies, features, regularization
        See :func:`get_studies_by_regions`.
    method, output, class_weight, classifier, cross_val, param_grid, scoring
        See :func:`classify`.

    Returns
    -------
    dict or Classifier
        See :func:`classify`.
    """
    check_options(method, classifier, output, cross_val, scoring, None)
    check_class_weight(class_weight)
    X, y = get_studies_by_regions(
        dataset, masks, threshold, remove_overlap, studies, features, regularization
    )
    return classify(
        X,
        y,
        method,
        classifier,
        output,
        cross_val,
        class_weight,
        scoring=scoring,
        param_grid=param_grid,
    )


@old("classify_by_features")
def classify_by_features(
    dataset: Dataset,
    features: Any,
    studies: Any = None,
    method: str = "SVM",
    scikit_classifier: Any = None,
) -> Any:
    """Raise an error: in the old package, this did nothing.

    Raises
    ------
    OptionError
        Always; it says what to call.
    """
    raise OptionError(
        "classify_by_features never did anything. To tell studies of several regions "
        "apart by features, use classify_regions(dataset, masks, features=...); for "
        "classes of your own, classify(X, y) with X = dataset.get_feature_data(ids, "
        "features).to_numpy()."
    )


@old("classify")
def classify(
    X: NDArray[np.float64],
    y: ArrayLike,
    clf_method: str = "ERF",
    classifier: Any = None,
    output: str = "summary_clf",
    cross_val: Any = None,
    class_weight: Any = None,
    regularization: str | None = None,
    param_grid: dict[str, Any] | None = None,
    scoring: Any = "accuracy",
    refit_all: bool = True,
    feat_select: str | None = None,
) -> Any:
    """Learn classes from features.

    Parameters
    ----------
    X : ndarray, shape (n_studies, n_features)
    y : array-like, shape (n_studies,)
    clf_method, classifier, param_grid
        See :class:`Classifier`.
    output : {"summary", "summary_clf", "clf"}
        A dict with ``score`` and ``n``; this with ``clf``, ``features_selected`` and
        ``predictions``; or the Classifier.
    cross_val, class_weight, scoring, feat_select
        See :meth:`Classifier.cross_val_fit`. Without cross-validation the score is that
        of the studies that were learnt from, and means little.
    regularization : {"scale"}, optional
        See :func:`regularize`.
    refit_all
        Not used, as before.

    Returns
    -------
    dict or Classifier
    """
    check_options(clf_method, classifier, output, cross_val, scoring, feat_select)
    check_class_weight(class_weight)
    clf = Classifier(clf_method, classifier, param_grid)
    if regularization:
        X = regularize(X, regularization)
    if cross_val is None:
        score = clf.fit(X, y, class_weight=class_weight).score(X, y)
    else:
        score = clf.cross_val_fit(X, y, cross_val, scoring, feat_select, class_weight)
    if output == "clf":
        return clf
    summary = {"score": score, "n": dict(Counter(np.asarray(y).tolist()))}
    if output == "summary":
        return summary
    return summary | {
        "clf": clf,
        "features_selected": clf.features_selected,
        "predictions": clf.predictions,
    }

"""What learns classes from features, and how well it did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, SelectionError, suggest, warn
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy.analysis._parts import check_choice, check_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth.legacy.base.dataset import Dataset

METHODS = ("ERF", "SVM", "GBC", "Dummy")
SCORES = ("accuracy", "f1")
OUTPUTS = ("summary", "summary_clf", "clf")
_FEATURES = re.compile(r"(?P<n>[1-9]\d*)-(?P<how>best|randombest)")
_FOLDS = re.compile(r"(?P<n>[1-9]\d*)-Fold")


@old("feature_selection")
def feature_selection(
    feat_select: str, X: NDArray[np.float64], y: ArrayLike
) -> NDArray[np.int64]:
    """Choose features.

    Parameters
    ----------
    feat_select : str
        ``"100-best"``, which tell the classes apart best (by an F test), or
        ``"100-randombest"``, any (``np.random.seed`` decides which).
    X : ndarray, shape (n_studies, n_features)
    y : array-like, shape (n_studies,)

    Returns
    -------
    ndarray of int64
        Their columns, ascending; all where there are fewer.
    """
    n, how = _read_selection(feat_select)
    values = np.asarray(X)
    n = min(n, values.shape[1])
    if how == "randombest":
        order = np.arange(values.shape[1])
        np.random.shuffle(order)  # noqa: NPY002 - old scripts seed this generator
        return np.sort(order[:n])
    from sklearn.feature_selection import SelectKBest

    # a feature that is the same in all studies has no F, and is the last to be chosen
    with np.errstate(divide="ignore", invalid="ignore"):
        differs = np.flatnonzero(np.ptp(values, axis=0) > 0)
        if len(differs) < n:
            return differs
        fitted = SelectKBest(k=n).fit(values[:, differs], y)
    return np.asarray(differs[fitted.get_support(indices=True)])


def _read_selection(feat_select: Any) -> tuple[int, str]:
    match = _FEATURES.fullmatch(feat_select) if isinstance(feat_select, str) else None
    if match is None:
        raise OptionError(
            "feat_select must be like '100-best' or '100-randombest', got "
            f"{feat_select!r}."
        )
    return int(match["n"]), match["how"]


@old("regularize")
def regularize(X: ArrayLike, method: str = "scale") -> NDArray[np.float64]:
    """Scale each feature to a standard deviation of 1; its mean is scaled as well."""
    check_choice("method", method, ["scale"])
    from sklearn.preprocessing import scale

    return np.asarray(scale(np.asarray(X, dtype=np.float64), with_mean=False))


@old("get_score")
def get_score(
    X: NDArray[np.float64], y: ArrayLike, clf: Any, scoring: Any = "accuracy"
) -> tuple[NDArray[Any], float]:
    """Predict, and score the prediction.

    Parameters
    ----------
    X, y
        Features and true classes.
    clf : scikit-learn classifier
    scoring : {"accuracy", "f1"} or callable
        A function gets the true and the predicted classes. F1 of more than two classes
        is the mean over classes.

    Returns
    -------
    prediction : ndarray
    score : float
    """
    from sklearn.metrics import accuracy_score, f1_score

    _check_scoring(scoring)
    prediction = np.asarray(clf.predict(X))
    if callable(scoring):
        return prediction, scoring(y, prediction.squeeze())
    if scoring == "f1":
        several = len(np.unique(y)) > 2 or len(np.unique(prediction)) > 2
        if several or np.asarray(y).dtype.kind not in "biu":
            return prediction, f1_score(y, prediction, average="macro")
        return prediction, f1_score(y, prediction, pos_label=np.max(y))
    return prediction, accuracy_score(y, prediction)


def _check_scoring(scoring: Any) -> None:
    if scoring is not None and not callable(scoring):
        check_choice("scoring", scoring, SCORES)


def _folds(cross_val: str) -> int:
    match = _FOLDS.fullmatch(cross_val)
    if match is None or int(match["n"]) < 2:
        raise OptionError(
            f"cross_val must be like '4-Fold', or a splitter, got {cross_val!r}."
        )
    return int(match["n"])


def check_options(
    method: Any,
    classifier: Any,
    output: Any,
    cross_val: Any,
    scoring: Any,
    feat_select: Any,
) -> None:
    """Check the options of a classification before any work."""
    if classifier is None:
        check_choice("method", method, METHODS)
    check_choice("output", output, OUTPUTS)
    if isinstance(cross_val, str):
        _folds(cross_val)
    _check_scoring(scoring)
    if feat_select is not None:
        _read_selection(feat_select)


def check_class_weight(class_weight: Any) -> None:
    """Raise an OptionError unless classes can be weighted by this."""
    named = isinstance(class_weight, str) and class_weight in {"auto", "balanced"}
    if not named and not isinstance(class_weight, dict | None):
        raise OptionError(
            "class_weight must be 'auto', 'balanced', None or a dict from classes to "
            f"weights, got {class_weight!r}."
        )


class Classifier:
    """Learns classes of studies from their features, by scikit-learn.

    Parameters
    ----------
    clf_method : {"ERF", "SVM", "GBC", "Dummy"}
        Extremely randomised trees, a support vector machine, gradient boosting, or
        guesses in proportion to the classes.
    classifier : scikit-learn classifier, optional
        Instead of these.
    param_grid : dict, optional
        Look for the best of these parameters.

    Attributes
    ----------
    clf : scikit-learn classifier
    features_selected : list of ndarray, or None
        Columns that were chosen in each fold, and last in all studies.
    predictions : list of tuple of ndarray, or None
        True and predicted classes in each fold.
    cvs : ndarray of float64, or float
        Score of each fold, or the best one of a grid.
    """

    @old("Classifier")
    def __init__(
        self,
        clf_method: str = "ERF",
        classifier: Any = None,
        param_grid: dict[str, Any] | None = None,
    ) -> None:
        self.features_selected: list[NDArray[np.int64]] | None = None
        self.predictions: list[tuple[NDArray[Any], NDArray[Any]]] | None = None
        self.cvs: Any = None
        self.cver: Any = None
        self.clf: Any = _named(clf_method) if classifier is None else classifier
        if isinstance(self.clf, type) or not hasattr(self.clf, "get_params"):
            raise OptionError(
                f"classifier must be a classifier of scikit-learn, got {classifier!r}."
            )
        if param_grid is not None:
            _check_grid(self.clf, param_grid)
            from sklearn.model_selection import GridSearchCV

            self.clf = GridSearchCV(self.clf, param_grid)

    def __repr__(self) -> str:
        return f"<Classifier: {self.clf!r}>"

    def fit(
        self, X: Any, y: ArrayLike, cv: Any = None, class_weight: Any = "auto"
    ) -> Any:
        """Learn; gives the scikit-learn classifier. ``cv`` is not used, as before."""
        self.X, self.y = _checked(X, y)
        self.set_class_weight(class_weight, self.y)
        self.clf = self.clf.fit(self.X, self.y)
        return self.clf

    def set_class_weight(
        self, class_weight: Any = "auto", y: ArrayLike | None = None
    ) -> None:
        """Have classes count equally (``"auto"``), or as a dict says, or as they are.

        The old package weighted them by their size, in reverse order, which is right
        for two classes only.
        """
        check_class_weight(class_weight)
        weight = "balanced" if class_weight == "auto" else class_weight
        known = self.clf.get_params()
        for name in ("estimator__class_weight", "class_weight"):
            if name in known:
                self.clf.set_params(**{name: weight})
                return
        if weight is not None:
            warn(
                "this classifier has no class_weight: classes count by how many "
                "studies they have."
            )

    def cross_val_fit(
        self,
        X: Any,
        y: ArrayLike,
        cross_val: Any = "4-Fold",
        scoring: Any = "accuracy",
        feat_select: str | None = None,
        class_weight: Any = "auto",
    ) -> float:
        """Learn from some studies and predict the others; in the end learn from all.

        Parameters
        ----------
        X, y
            Features, shape (n_studies, n_features), and classes.
        cross_val : str, splitter or list of tuple
            ``"4-Fold"`` for stratified folds in the order of the studies.
        scoring
            See :func:`get_score`.
        feat_select : str, optional
            See :func:`feature_selection`: anew in each fold.
        class_weight
            See :meth:`set_class_weight`.

        Returns
        -------
        float
            Mean score; with a grid, that of the best parameters.
        """
        from sklearn.model_selection import GridSearchCV

        _check_scoring(scoring)
        if feat_select is not None:
            _read_selection(feat_select)
        self.X, self.y = _checked(X, y)
        self.cver = _splits(cross_val, self.X, self.y)
        self.set_class_weight(class_weight, self.y)
        if isinstance(self.clf, GridSearchCV):
            if feat_select is not None:
                warn("features are not selected where there is a grid of parameters.")
            self.clf.set_params(cv=self.cver, scoring=_scorer(scoring, self.y))
            self.clf.fit(self.X, self.y)
            self.cvs = self.clf.best_score_
            return float(self.cvs)
        self.cvs = self.feat_select_cvs(scoring, feat_select)
        chosen = self.X
        if feat_select is not None:
            found = feature_selection(feat_select, self.X, self.y)
            assert self.features_selected is not None  # noqa: S101 - made just above
            self.features_selected.append(found)
            chosen = self.X[:, found]
        self.clf.fit(chosen, self.y)
        return float(self.cvs.mean())

    def feat_select_cvs(
        self, scoring: Any = None, feat_select: str | None = None
    ) -> NDArray[np.float64]:
        """Score each fold, with features selected in what is learnt from only."""
        if self.cver is None:
            raise OptionError("there are no folds yet: call cross_val_fit().")
        scores = []
        self.predictions = []
        self.features_selected = None if feat_select is None else []
        for train, test in self.cver:
            learnt, asked = self.X[train], self.X[test]
            if self.features_selected is not None and feat_select is not None:
                found = feature_selection(feat_select, learnt, self.y[train])
                self.features_selected.append(found)
                learnt, asked = learnt[:, found], asked[:, found]
            self.clf.fit(learnt, self.y[train])
            predicted, score = get_score(asked, self.y[test], self.clf, scoring)
            scores.append(score)
            self.predictions.append((self.y[test], predicted))
        return np.array(scores)

    def fit_dataset(
        self,
        dataset: Dataset,
        y: ArrayLike,
        features: Sequence[str] | None = None,
        feature_type: str = "features",
    ) -> Any:
        """Learn classes of all studies of a Dataset.

        Parameters
        ----------
        dataset : Dataset
        y : array-like
            A class for each study of the feature table, or of the image table.
        features : sequence of str, optional
            Only these features.
        feature_type : {"features", "voxels"}
            Learn from features, or from activations (as a sparse matrix).

        Returns
        -------
        scikit-learn classifier
        """
        check_dataset(dataset)
        check_choice("feature_type", feature_type, ["features", "voxels"])
        if feature_type == "features":
            table = dataset.get_feature_data(features=features)
            return self.fit(table.to_numpy(np.float64), y)
        from scipy.sparse import csr_array

        active = dataset.image_table.data.T.tocsr()
        # some of scikit-learn's classifiers want short indices
        short = (active.indices.astype(np.int32), active.indptr.astype(np.int32))
        return self.fit(csr_array((active.data, *short), shape=active.shape), y)


def _named(method: Any) -> Any:
    check_choice("method", method, METHODS)
    if method == "SVM":
        from sklearn.svm import SVC

        return SVC()
    if method == "Dummy":
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="stratified")
    from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier

    if method == "GBC":
        return GradientBoostingClassifier(n_estimators=100, max_depth=1)
    return ExtraTreesClassifier(n_estimators=100, min_samples_split=2, random_state=0)


def _check_grid(clf: Any, param_grid: Any) -> None:
    if not isinstance(param_grid, dict) or not param_grid:
        raise OptionError(
            "param_grid must be a dict from parameters to lists of values, got "
            f"{param_grid!r}."
        )
    known = list(clf.get_params())
    for name in param_grid:
        if name not in known:
            raise OptionError(
                f"{type(clf).__name__} has no parameter {name!r}."
                f"{suggest(str(name), known)}"
            )


def _checked(X: Any, y: ArrayLike) -> tuple[Any, NDArray[Any]]:
    """Check that there is a row of features for each study."""
    features = X if hasattr(X, "tocsr") else np.asarray(X)
    classes: NDArray[Any] = np.asarray(y)
    if features.ndim != 2 or classes.ndim != 1 or len(classes) != features.shape[0]:
        raise OptionError(
            "X needs a row, and y a class, for each study; got shapes "
            f"{features.shape} and {classes.shape}."
        )
    return features, classes


def _splits(cross_val: Any, X: Any, y: NDArray[Any]) -> list[Any]:
    """List the folds: studies that are learnt from, and those that are predicted."""
    if isinstance(cross_val, str):
        from sklearn.model_selection import StratifiedKFold

        n = _folds(cross_val)
        names, sizes = np.unique(y, return_counts=True)
        if len(sizes) and sizes.min() < n:
            raise SelectionError(
                f"class {names[sizes.argmin()]} has {sizes.min():,} studies: too few "
                f"for {n} folds."
            )
        return list(StratifiedKFold(n).split(np.zeros(len(y)), y))
    if hasattr(cross_val, "split"):
        return list(cross_val.split(X, y))
    try:
        return [(train, test) for train, test in cross_val]
    except (TypeError, ValueError):
        raise OptionError(
            "cross_val must be like '4-Fold', a splitter of scikit-learn, or a list of "
            f"(train, test) pairs, got {cross_val!r}."
        ) from None


def _scorer(scoring: Any, y: NDArray[Any]) -> Any:
    from sklearn.metrics import make_scorer

    if callable(scoring):
        return make_scorer(scoring)
    return "f1_macro" if scoring == "f1" and len(np.unique(y)) > 2 else scoring

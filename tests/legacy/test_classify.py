"""Classification of studies by their features."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier

from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthWarning,
    OptionError,
    SelectionError,
)
from nimare_neurosynth.legacy.analysis.classify import (
    Classifier,
    classify,
    classify_by_features,
    classify_regions,
    feature_selection,
    get_feature_order,
    get_score,
    get_studies_by_regions,
    regularize,
)
from nimare_neurosynth.legacy.base.dataset import Dataset
from tests.oracles import quietly

LOGISTIC = {"classifier": LogisticRegression()}


@pytest.fixture(scope="module")
def dataset(shared_data):
    stem = shared_data / "legacy_files/test_real"
    made = quietly(Dataset, f"{stem}_dataset.txt")
    ids = made.image_table.ids
    weights = np.random.default_rng(0).random((len(ids), 4))
    names = ["a", "b", "c", "d"]
    quietly(made.add_features, pd.DataFrame(weights, index=ids, columns=names))
    return made


@pytest.fixture(scope="module")
def masks(shared_data):
    folder = shared_data / "golden_legacy"
    return [str(folder / "medial_motor.nii.gz"), str(folder / "vmPFC.nii.gz")]


@pytest.fixture
def data():
    """Give forty studies of two classes, told apart by the third of six features."""
    y = (np.arange(40) % 4) // 3  # thirty and ten
    X = np.random.default_rng(0).normal(size=(40, 6))
    X[:, 2] += 6 * y
    X[:, 5] = 1
    return X, y


# ------------------------------------------------------------------------------ regions


def test_studies_of_regions_by_hand(dataset, masks):
    groups = [
        set(dataset.get_studies(mask=m, activation_threshold=0.01)) for m in masks
    ]
    assert groups[0] & groups[1]
    X, y = get_studies_by_regions(dataset, masks, 0.01, regularization=None)
    alone = [groups[0] - groups[1], groups[1] - groups[0]]
    np.testing.assert_array_equal(np.bincount(y), [len(g) for g in alone])
    table = dataset.feature_table.data
    for number, group in enumerate(alone):
        expected = table.loc[sorted(group)].to_numpy()
        np.testing.assert_array_equal(np.sort(X[y == number], 0), np.sort(expected, 0))
    X, y = get_studies_by_regions(
        dataset, masks, 0.01, remove_overlap=False, regularization=None
    )
    np.testing.assert_array_equal(np.bincount(y), [len(g) for g in groups])
    images = [dataset.masker.get_image(m, "image") for m in masks]
    same = get_studies_by_regions(dataset, images, 0.01, remove_overlap=False)
    np.testing.assert_array_equal(same[1], y)
    np.testing.assert_allclose(same[0], X / X.std(axis=0))


def test_studies_and_features_can_be_limited(dataset, masks):
    _, y = get_studies_by_regions(dataset, masks, 0.01)
    ids = dataset.image_table.ids[::2]
    X, fewer = get_studies_by_regions(
        dataset, masks, 0.01, studies=ids, features=["c", "a"], regularization=None
    )
    assert 0 < len(fewer) < len(y)  # the old package took all
    rows = dataset.feature_table.data.loc[ids, ["c", "a"]].to_numpy().tolist()
    assert all(row in rows for row in X.tolist())


def test_studies_without_features_are_left_out(shared_data, masks, dataset):
    own = quietly(Dataset, shared_data / "legacy_files/test_real_dataset.txt")
    whole, before = get_studies_by_regions(dataset, masks, 0.01, regularization=None)
    table = dataset.feature_table.data
    gone = (table.to_numpy()[:, None] == whole[:5]).all(axis=2).any(axis=1)
    assert gone.sum() == 5
    own.add_features(table[~gone].iloc[::-1])
    X, y = get_studies_by_regions(own, masks, 0.01, regularization=None)
    np.testing.assert_array_equal(X, whole[5:])
    np.testing.assert_array_equal(y, before[5:])


def test_regions_are_classified(dataset, masks):
    X, y = get_studies_by_regions(dataset, masks, 0.01)
    found = classify_regions(
        dataset, masks, threshold=0.01, cross_val="2-Fold", output="summary_clf"
    )
    assert found["n"] == dict(enumerate(np.bincount(y).tolist()))
    model = ExtraTreesClassifier(100, class_weight="balanced", random_state=0)
    expected = cross_val_score(model, X, y, cv=StratifiedKFold(2))
    assert found["score"] == pytest.approx(expected.mean())
    assert len(found["predictions"]) == 2
    assert found["clf"].clf.predict(X).shape == y.shape


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "SVN"}, OptionError, "Close matches: 'SVM'"),
        ({"output": "all"}, OptionError, "output must be one of"),
        ({"cross_val": "4 folds"}, OptionError, "like '4-Fold'"),
        ({"cross_val": "1-Fold"}, OptionError, "like '4-Fold'"),
        ({"cross_val": "90-Fold"}, SelectionError, "too few for 90 folds"),
        ({"scoring": "auc"}, OptionError, "scoring must be one of"),
        ({"regularization": "scaled"}, OptionError, "regularization must be one of"),
        ({"class_weight": "equal"}, OptionError, "class_weight must be"),
        ({"features": ["e"]}, OptionError, "there is no feature 'e'"),
        ({"studies": [1]}, EmptySelectionError, "mask 1 of 2"),
        ({"threshold": 1.0}, EmptySelectionError, "at a threshold of 1"),
        ({"masks": ["no.nii"]}, OptionError, "two masks at least"),
        ({"masks": ["no.nii", "no.nii"]}, ImageError, "no.nii"),
        ({"classifier": LogisticRegression}, OptionError, "classifier must be"),
        ({"param_grid": {"depth": [1]}}, OptionError, "Close matches: 'max_depth'"),
        ({"param_grid": {}}, OptionError, "param_grid must be"),
        ({"dataset": "dataset"}, OptionError, "a Dataset is needed"),
    ],
)
def test_regions_that_cannot_be_classified(dataset, masks, options, error, message):
    given = {"dataset": dataset, "masks": masks, "threshold": 0.01} | options
    with pytest.raises(error, match=message):
        classify_regions(**given)


def test_features_are_needed(shared_data, masks):
    bare = quietly(Dataset, shared_data / "legacy_files/test_real_dataset.txt")
    with pytest.raises(OptionError, match="has no features"):
        get_studies_by_regions(bare, masks)


def test_what_never_did_anything_says_what_does(dataset):
    with pytest.raises(OptionError, match="use classify_regions"):
        classify_by_features(dataset, ["a"])


# ----------------------------------------------------------------------------- features


def test_the_best_features_are_selected(data):
    # the old package always selected none
    X, y = data
    np.testing.assert_array_equal(feature_selection("1-best", X, y), [2])
    assert 2 in feature_selection("3-best", X, y)
    np.testing.assert_array_equal(feature_selection("6-best", X, y), range(5))
    np.testing.assert_array_equal(feature_selection("9-randombest", X, y), range(6))
    np.random.seed(0)  # noqa: NPY002
    first = feature_selection("3-randombest", X, y)
    np.random.seed(0)  # noqa: NPY002
    np.testing.assert_array_equal(feature_selection("3-randombest", X, y), first)
    assert len(set(first.tolist())) == 3


@pytest.mark.parametrize("wrong", ["best", "0-best", "k-best", "3-worst", 3, None])
def test_selections_that_cannot_be_read(data, wrong):
    with pytest.raises(OptionError, match="like '100-best'"):
        feature_selection(wrong, *data)


def test_features_are_scaled_and_ordered(dataset):
    X = np.array([[1, 5.0], [3, 5]])
    np.testing.assert_array_equal(regularize(X), [[1, 5], [3, 5]])
    np.testing.assert_array_equal(regularize(2 * X), [[1, 10], [3, 10]])
    with pytest.raises(OptionError, match="method must be one of scale"):
        regularize(X, "norm")
    assert get_feature_order(dataset, ["d", "a"]) == [3, 0]
    with pytest.raises(OptionError, match="no feature 'z'"):
        get_feature_order(dataset, ["z"])


def test_scores(data):
    X, y = data
    model = DummyClassifier(strategy="constant", constant=1).fit(X, y)
    predicted, score = get_score(X, y, model)
    assert score == 0.25
    assert (predicted == 1).all()
    assert get_score(X, y, model, "f1")[1] == pytest.approx(f1_score(y, predicted))
    of_three = np.arange(40) % 3
    model = DummyClassifier(strategy="constant", constant=1).fit(X, of_three)
    expected = f1_score(of_three, predicted, average="macro")
    assert get_score(X, of_three, model, "f1")[1] == pytest.approx(expected)
    assert get_score(X, y, model, lambda a, b: (a == b).sum())[1] == 10
    with pytest.raises(OptionError, match="scoring must be one of"):
        get_score(X, y, model, "auc")


# --------------------------------------------------------------------------- Classifier


def test_scores_are_those_of_scikit_learn(data):
    X, y = data
    X = np.round(X[:, [0, 2]])
    for folds, cver in (("4-Fold", StratifiedKFold(4)), (KFold(3), KFold(3))):
        made = Classifier(classifier=LogisticRegression())
        mean = made.cross_val_fit(X, y, folds, class_weight=None)
        expected = cross_val_score(LogisticRegression(), X, y, cv=cver)
        np.testing.assert_array_equal(made.cvs, expected)
        assert mean == expected.mean()
        pairs = list(cver.split(X, y))
        again = Classifier(classifier=LogisticRegression())
        assert again.cross_val_fit(X, y, pairs, class_weight=None) == mean
        for (_, test), (truth, predicted) in zip(pairs, made.predictions, strict=True):
            np.testing.assert_array_equal(truth, y[test])
            assert predicted.shape == truth.shape


def test_features_are_selected_in_each_fold(data):
    X, y = data
    found = classify(X, y, **LOGISTIC, cross_val="5-Fold", feat_select="1-best")
    assert found["score"] > 0.9
    assert [s.tolist() for s in found["features_selected"]] == [[2]] * 6
    assert found["clf"].clf.n_features_in_ == 1
    without = classify(X, y, **LOGISTIC, cross_val="5-Fold")
    assert without["features_selected"] is None


def test_without_folds_the_score_is_of_what_was_learnt(data):
    found = classify(*data, output="summary")
    assert found == {"score": 1.0, "n": {0: 30, 1: 10}}
    made = classify(*data, "SVM", output="clf", regularization="scale")
    assert isinstance(made, Classifier)
    assert made.clf.n_features_in_ == 6


def test_class_weights(data):
    with pytest.raises(OptionError, match="class_weight must be"):
        classify(*data, class_weight=5)
    _, y = data
    for given, expected in (
        ("auto", "balanced"),
        ("balanced", "balanced"),
        (None, None),
        ({0: 1, 1: 3}, {0: 1, 1: 3}),
    ):
        made = Classifier("SVM")
        made.set_class_weight(given, y)
        assert made.clf.class_weight == expected
    made = Classifier("SVM", param_grid={"C": [1]})
    made.set_class_weight("auto", y)
    assert made.clf.estimator.class_weight == "balanced"
    made = Classifier(classifier=KNeighborsClassifier())
    made.set_class_weight(None, y)
    with pytest.warns(NeurosynthWarning, match="no class_weight"):
        made.set_class_weight("auto", y)


def test_a_grid_finds_the_best_parameters(data):
    X, y = data
    grid = {"C": [1e-6, 1.0]}
    made = Classifier("SVM", param_grid=grid)
    score = made.cross_val_fit(X, y, "4-Fold", "f1", class_weight=None)
    assert made.clf.best_params_ == {"C": 1.0}
    expected = GridSearchCV(
        Classifier("SVM").clf, grid, cv=StratifiedKFold(4), scoring="f1"
    )
    assert score == expected.fit(X, y).best_score_
    with pytest.warns(NeurosynthWarning, match="features are not selected"):
        made.cross_val_fit(X, y, feat_select="2-best")


@pytest.mark.parametrize("method", ["ERF", "SVM", "GBC", "Dummy"])
def test_every_method_learns(data, method):
    score = quietly(classify, *data, method, cross_val="2-Fold", class_weight="auto")
    assert (score["score"] > 0.9) == (method != "Dummy")


def test_whole_datasets_are_learnt(dataset):
    y = np.arange(100) % 2
    made = Classifier("ERF")
    model = made.fit_dataset(dataset, y)
    assert (model.predict(dataset.feature_table.data.to_numpy()) == y).all()
    assert made.fit_dataset(dataset, y, ["a", "c"]).n_features_in_ == 2
    model = Classifier("SVM").fit_dataset(dataset, y, feature_type="voxels")
    assert model.n_features_in_ == 228_453
    with pytest.raises(OptionError, match="feature_type must be one of"):
        made.fit_dataset(dataset, y, feature_type="peaks")
    with pytest.raises(OptionError, match="a row, and y a class, for each study"):
        made.fit_dataset(dataset, y[:50])
    with pytest.raises(OptionError, match=r"call cross_val_fit\(\)"):
        made.feat_select_cvs()

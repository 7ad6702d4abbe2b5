"""Regions and terms by machine learning: what is learnt from what, and leaks."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import BernoulliNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from threadpoolctl import threadpool_limits

from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthWarning,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.networks import Parcels, classify_regions, predict_terms
from tests.networks.test_profiles import (
    LEFT,
    PLANTED,
    REGION,
    labelled_peaks,
    planted,
)
from tests.oracles import brain_block, dense_activations, random_database

X, Y, Z = PLANTED.xyz_mm.T
HALVES = Parcels.of(PLANTED, {"left": REGION & LEFT, "right": REGION & ~LEFT})
THREE = Parcels.of(
    PLANTED,
    {
        "left": REGION & LEFT & (Y < 0),
        "right": REGION & ~LEFT,
        "top": REGION & LEFT & (Y > 0),
    },
)
RANDOM_MASK = brain_block((11, 13, 9))


class Recorder(ClassifierMixin, BaseEstimator):
    """Remember what was learnt and asked; answer with the commonest class."""

    seen = []  # noqa: RUF012 - clones share it

    def fit(self, x, y):
        self.classes_, sizes = np.unique(y, return_counts=True)
        self.answer_ = self.classes_[sizes.argmax()]
        self.seen.append(("fit", x.toarray() if sparse.issparse(x) else x, y))
        return self

    def predict(self, x):
        self.seen.append(("predict", x.toarray() if sparse.issparse(x) else x, None))
        return np.full(x.shape[0], self.answer_)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # threads that wait for each other are slower than one, for a few points
    with threadpool_limits(1):
        yield


@pytest.fixture
def seen():
    Recorder.seen.clear()
    return Recorder.seen


@pytest.fixture(scope="module")
def database():
    return planted()


@pytest.fixture(scope="module")
def found(database):
    return classify_regions(database, HALVES)


def with_weights(weights, n_studies=120):
    return planted(n_studies, weights=weights)


# ------------------------------------------------------------------ what is learnt from


@pytest.mark.parametrize(
    "bound", [{}, {"min_proportion": 0.3}, {"min_voxels": 2}, {"min_proportion": None}]
)
def test_studies_and_features_are_those_of_dense_arrays(seen, bound):
    made, mask = random_database(n_studies=200), RANDOM_MASK
    centres = {"front": [4, 8, 4], "back": [-4, -12, 0], "side": [-12, 8, -8]}
    regions = {
        name: (np.abs(mask.xyz_mm - xyz) <= 6).all(axis=1)
        for name, xyz in centres.items()
    }
    active = dense_activations(made.mni().T, made.peaks.study, 200, mask, 6.0)
    has = np.zeros((200, 3), bool)
    for i, inside in enumerate(regions.values()):
        for s in range(200):
            n = np.count_nonzero(active[s, inside])
            if "min_voxels" in bound:
                has[s, i] = n >= 2
            elif bound.get("min_proportion", 0.08) is None:
                has[s, i] = n > 0
            else:
                share = bound.get("min_proportion", 0.08)
                has[s, i] = n / inside.sum() >= share
    rows = [s for s in range(200) if has[s].sum() == 1]
    truth = [int(np.flatnonzero(has[s])[0]) for s in rows]
    weights = made.label_sets["labels"].weights.toarray()
    parcels = Parcels.of(mask, regions)
    terms = ["labelc", "labela", "labelf"]
    found = classify_regions(
        *(made, parcels, terms), model=Recorder(), n_folds=2, **bound
    )
    assert found.regions == ("front", "back", "side")
    assert found.n_of_several == np.count_nonzero(has.sum(axis=1) > 1) > 0
    assert found.study_ids.tolist() == made.study_ids[rows].tolist()
    np.testing.assert_array_equal(found.truth, truth)
    columns = [made.label_sets["labels"].index[t] for t in found.terms]
    assert set(found.terms) == set(terms)
    what, features, classes = seen[-1]
    assert what == "fit"
    np.testing.assert_array_equal(features, weights[rows][:, columns])
    np.testing.assert_array_equal(classes, truth)


def test_folds_are_stratified_and_nothing_is_learnt_from_what_is_tested(seen):
    rng = np.random.default_rng(0)
    made = with_weights(rng.random((120, 6)) * (rng.random((120, 6)) < 0.9))
    x_left = {"left": REGION & LEFT & (Y < 0), "right": REGION & ~LEFT}
    found = classify_regions(
        made, Parcels.of(PLANTED, x_left), model=Recorder(), n_folds=5
    )
    steps = [what for what, _, _ in seen]
    assert steps == ["fit", "predict"] * 5 + ["fit"]
    everything = {row.tobytes() for row in seen[-1][1]}
    assert len(everything) == len(found.truth)
    tested = set()
    share = np.bincount(found.truth) / 5
    for (_, train, y), (_, test, _) in zip(seen[:-1:2], seen[1::2], strict=True):
        learnt = {row.tobytes() for row in train}
        asked = {row.tobytes() for row in test}
        assert not learnt & asked
        assert learnt | asked == everything
        assert not tested & asked
        tested |= asked
        left = np.bincount(found.truth) - np.bincount(y)
        assert (np.abs(left - share) < 1).all()
    assert tested == everything
    assert found.accuracies.tolist() == [0.5] * 5


@pytest.mark.parametrize("seed", [0, 3])
def test_the_default_is_a_logistic_regression_of_scaled_weights(database, seed):
    found = classify_regions(database, HALVES, seed=seed, n_folds=3)
    x, y = database.label_sets["labels"].weights.toarray(), found.truth
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    accuracies = []
    for train, test in folds.split(x, y):
        scale = x[train].std(axis=0)  # of these studies only
        model = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
        model.fit(x[train] / scale, y[train])
        answers = model.predict(x[test] / scale)
        np.testing.assert_array_equal(found.found[test], answers)
        shares = [np.mean(answers[y[test] == c] == c) for c in (0, 1)]
        accuracies.append(np.mean(shares))
    np.testing.assert_allclose(found.accuracies, accuracies)
    assert found.accuracy == pytest.approx(np.mean(accuracies))


# --------------------------------------------------------------------------- accuracies


def test_planted_terms_tell_regions(found):
    assert found.accuracy > 0.95
    assert found.n_of_several == 0
    assert "200 studies, 2 regions, 6 terms" in repr(found)
    assert "(by chance 50.0 %)" in repr(found)
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize(
    "model", [None, KNeighborsClassifier(1), RandomForestClassifier(30, random_state=0)]
)
def test_terms_that_know_nothing_are_at_chance(model):
    # many terms and few studies: all are told apart where they were learnt
    right = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        weights = rng.random((120, 200)) * (rng.random((120, 200)) < 0.5)
        found = classify_regions(with_weights(weights), HALVES, model=model)
        right.append(found.accuracy)
        x = with_weights(weights).label_sets["labels"].weights.toarray()
        assert np.mean(found.model.predict(x) == found.truth) > 0.85
    assert 0.4 < np.mean(right) < 0.6


def test_chance_is_for_regions_of_any_size():
    # the larger region alone is right in four of five studies, and in half of regions
    n = 200
    xyz = np.where(np.arange(n)[:, None] % 5 > 0, [-8.0, 0, 0], [4.0, 0, 0])
    ids = pd.DataFrame({"study_id": np.arange(n).astype(str)})
    weights = np.random.default_rng(0).random((n, 8))
    made = labelled_peaks(xyz, np.arange(n), weights, ids)
    found = classify_regions(made, HALVES, model=KNeighborsClassifier(25))
    assert found.accuracy == pytest.approx(0.5, abs=0.05)
    assert np.mean(found.found == found.truth) > 0.75


def test_confusion_counts_studies(database):
    found = classify_regions(database, THREE, min_proportion=0.25, n_folds=3)
    table = found.confusion()
    assert list(table.index) == list(table.columns) == ["left", "right", "top"]
    for i, true in enumerate(found.regions):
        for j, said in enumerate(found.regions):
            n = sum(
                t == i and f == j for t, f in zip(found.truth, found.found, strict=True)
            )
            assert table.loc[true, said] == n
    assert table.to_numpy().sum() == len(found.truth)
    diagonal = np.diag(table) / table.sum(axis=1)
    assert diagonal.mean() == pytest.approx(found.accuracy, abs=0.03)
    assert balanced_accuracy_score(found.truth, found.found) > 0.5


def test_seeds_make_folds(database):
    weights = np.random.default_rng(1).random((120, 30)) < 0.5
    made = with_weights(weights)
    one, two, other = (classify_regions(made, HALVES, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.found, two.found)
    np.testing.assert_array_equal(one.accuracies, two.accuracies)
    assert (one.found != other.found).any()


# -------------------------------------------------------------------- what models weigh


def test_two_regions_have_coefficients_of_both_signs(found):
    table = found.importances()
    assert list(table) == ["left", "right"]
    assert table.index.tolist() == list("abcdef")
    assert (table.loc[list("abc"), "left"] > 0).all()
    assert (table.loc[list("def"), "right"] > 0).all()
    np.testing.assert_array_equal(table["left"], -table["right"])
    np.testing.assert_array_equal(found.model.steps[-1][1].coef_[0], table["right"])


@pytest.mark.parametrize("model", [None, LinearSVC()])
def test_three_regions_have_coefficients_each(database, model):
    found = classify_regions(database, THREE, model=model, min_proportion=0.25)
    table = found.importances()
    assert list(table) == ["left", "right", "top"]
    last = found.model if model is not None else found.model.steps[-1][1]
    np.testing.assert_array_equal(table.T, last.coef_)
    assert (table.loc[list("def"), "right"] > 0).all()


def test_forests_have_importances_of_terms(database):
    forest = RandomForestClassifier(20, random_state=0)
    for regions in (HALVES, THREE):
        found = classify_regions(database, regions, model=forest, min_proportion=0.25)
        table = found.importances()
        assert list(table) == ["importance"]
        np.testing.assert_array_equal(
            table["importance"], found.model.feature_importances_
        )
    assert not hasattr(forest, "estimators_")


@pytest.mark.parametrize(
    "model",
    [
        KNeighborsClassifier(),
        BernoulliNB(),
        SVC(),
        make_pipeline(SelectKBest(k=2), LogisticRegression()),  # of some terms only
    ],
)
def test_models_without_weights_of_terms(database, model):
    found = classify_regions(database, HALVES, model=model)
    assert found.weights is None
    assert found.accuracy > 0.8
    with pytest.raises(OptionError, match="has no coefficients or importances"):
        found.importances()


def test_coefficients_of_pairs_are_not_those_of_regions(database):
    model = SVC(kernel="linear")
    two = classify_regions(database, HALVES, model=model).importances()
    assert (two.loc[list("abc"), "left"] > 0).all()
    three = classify_regions(database, THREE, model=model, min_proportion=0.25)
    with pytest.raises(OptionError, match="has no coefficients"):
        three.importances()


# ----------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_folds": 1}, "n_folds must be a whole number from 2 up, got 1"),
        ({"n_folds": 2.5}, "n_folds must be"),
        ({"n_folds": True}, "n_folds must be"),
        ({"min_proportion": 0}, "min_proportion must be above 0"),
        ({"min_proportion": 1.5}, "min_proportion must be"),
        ({"min_voxels": 0}, "min_voxels must be a whole number"),
        ({"min_studies_per_term": -1}, "min_studies_per_term must be"),
        ({"threshold": 0}, "threshold must be above 0"),
        ({"mask": RANDOM_MASK}, "parcels are of another mask"),
        ({"model": "svm"}, "model must be a classifier"),
        ({"model": LogisticRegression}, "model must be a classifier"),
        ({"model": LinearRegression()}, "model must be a classifier"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(database, options, message):
    with pytest.raises(OptionError, match=message):
        classify_regions(database, HALVES, **options)
    shared = {"n_folds", "threshold", "mask", "model"}
    if set(options) <= shared:
        with pytest.raises(OptionError, match=message):
            predict_terms(database, HALVES, ["a"], **options)


def test_one_region_is_nothing_to_tell(database):
    one = Parcels.of(PLANTED, {"all": REGION})
    with pytest.raises(OptionError, match="two regions at least are needed, got one"):
        classify_regions(database, one)
    assert len(predict_terms(database, one, ["a", "d"])) == 2


def test_too_few_studies_of_a_region(database):
    regions = Parcels.of(PLANTED, {"left": REGION & LEFT, "far": X < -20})
    with pytest.raises(EmptySelectionError, match="0 studies activate 'far' and no"):
        classify_regions(database, regions)
    with pytest.raises(EmptySelectionError, match=r"100 studies .* for 101 folds"):
        classify_regions(database, HALVES, n_folds=101)
    few = planted(14)
    with pytest.warns(NeurosynthWarning, match="only 7 studies activate 'left'"):
        classify_regions(few, HALVES, min_studies_per_term=1)


def test_terms_and_regions_that_are_not_there(database):
    for learn in (classify_regions, predict_terms):
        with pytest.raises(UnknownTermError, match="zzz"):
            learn(database, HALVES, "zzz")
        with pytest.raises(UnknownTermError, match="no label set 'no'"):
            learn(database, HALVES, ["a"], label_set="no")
        with pytest.raises(EmptySelectionError, match="none of the 6 terms"):
            learn(database, HALVES, None, threshold=2)
        with pytest.raises(ImageError, match="no voxel of the brain mask"):
            learn(database, {"a": [0, 0, 0], "b": [500, 0, 0]}, "a", mask=PLANTED)
        with pytest.raises(OptionError, match="a Database is needed, got int"):
            learn(3, HALVES, "a")


# ------------------------------------------------------------------------ predict_terms


def test_planted_terms_are_predicted():
    n = 200
    left = np.arange(n) % 2 == 0
    rng = np.random.default_rng(0)
    weights = np.c_[left, ~left, rng.random((n, 2)) < 0.4]
    made = planted(n, weights=weights)
    table = predict_terms(made, HALVES, ["a", "b", "c", "d"])
    assert table.index.tolist() == ["a", "b", "c", "d"]
    assert list(table) == ["n_studies", "auc", "left", "right"]
    np.testing.assert_array_equal(table["n_studies"], weights.sum(axis=0))
    assert (table["auc"][["a", "b"]] > 0.99).all()
    assert table["auc"][["c", "d"]].between(0.35, 0.65).all()
    signs = np.sign(table.loc[["a", "b"], ["left", "right"]])
    assert signs.to_numpy().tolist() == [[1, -1], [-1, 1]]


def test_terms_are_predicted_from_shares_of_regions():
    made = random_database(n_studies=100)
    x, y, _ = RANDOM_MASK.xyz_mm.T
    regions = {"front": y > 4, "side": x < -4}
    parcels = Parcels.of(RANDOM_MASK, regions)
    table = predict_terms(made, parcels, ["labela", "labelb"], n_folds=3, seed=5)
    active = dense_activations(made.mni().T, made.peaks.study, 100, RANDOM_MASK, 6.0)
    counted = made.has_peaks
    share = np.array(
        [active[counted][:, inside].mean(axis=1) for inside in regions.values()]
    ).T
    weights = made.label_sets["labels"].weights.toarray()[counted]
    for i, term in enumerate(["labela", "labelb"]):
        has, scores = weights[:, i] >= 0.001, np.zeros(counted.sum())
        folds = StratifiedKFold(3, shuffle=True, random_state=5)
        model = make_pipeline(
            StandardScaler(with_mean=False),
            LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000),
        )
        for train, test in folds.split(share, has):
            model.fit(share[train], has[train])
            scores[test] = model.predict_proba(share[test])[:, 1]
        assert table["n_studies"][term] == has.sum()
        assert table["auc"][term] == pytest.approx(roc_auc_score(has, scores))
        own = model.fit(share, has).steps[-1][1].coef_[0]
        np.testing.assert_allclose(table.loc[term, ["front", "side"]], own, rtol=1e-6)


def test_other_models_predict_terms(database):
    table = predict_terms(database, HALVES, ["a", "d"], model=KNeighborsClassifier(9))
    assert list(table) == ["n_studies", "auc"]
    assert (table["auc"] > 0.85).all()
    selecting = make_pipeline(SelectKBest(k=1), LogisticRegression())
    table = predict_terms(database, HALVES, ["a", "d"], model=selecting)
    assert list(table) == ["n_studies", "auc"]
    with pytest.raises(OptionError, match="predict_proba"):
        predict_terms(database, HALVES, ["a", "d"], model=LinearSVC())


def test_a_term_that_nearly_all_studies_have_is_left_out():
    weights = np.random.default_rng(0).random((120, 3)) < 0.5
    weights[:, 0] = True
    weights[[3, 8], 0] = False
    made = with_weights(weights)
    with pytest.warns(NeurosynthWarning, match="1 of the 2 terms .* left out"):
        table = predict_terms(made, HALVES, ["a", "b"])
    assert table.index.tolist() == ["b"]
    with pytest.raises(EmptySelectionError, match="folds"):
        predict_terms(made, HALVES, ["a"])


def test_a_region_may_be_called_like_a_column(database):
    named = {"auc": REGION & LEFT, "n_studies": REGION & ~LEFT}
    with pytest.raises(OptionError, match="'auc'"):
        predict_terms(database, Parcels.of(PLANTED, named), ["a"])

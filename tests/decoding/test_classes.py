"""Classes that exclude each other: posteriors, and studies that are new to them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, logit
from scipy.stats import binom

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.decoding import Classifier, CrossValidation
from nimare_neurosynth.errors import (
    EmptySelectionError,
    NeurosynthWarning,
    OptionError,
    QueryError,
    SelectionError,
    UnknownTermError,
)
from tests.oracles import brain_block, quietly, sphere_offsets

TWO = {"a": "labela & ~labelb", "b": "labelb & ~labela"}
THREE = {
    "a": "labela & ~(labelb | labelc)",
    "b": "labelb & ~(labela | labelc)",
    "c": "labelc & ~(labela | labelb)",
}
CENTRES = ((-12, 0, 0), (12, 0, 0), (0, 12, 4))


def planted(sizes=(60, 40, 20), *, spread=5.0, centres=CENTRES, seed=0, alone=3):
    """Make a database of classes, each around its centre, and of studies of none."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.repeat(range(len(sizes)), sizes), [-1] * alone])
    truth = rng.permutation(truth)
    study = np.repeat(np.arange(len(truth)), 4)
    around = np.array([*centres[: len(sizes)], (0, 0, 0)])[truth[study]]
    xyz = rng.normal(around, spread).round()
    weights = sparse.csc_array((truth[:, None] == range(len(sizes))).astype(float))
    ids = [str(100 + i) for i in range(len(truth))]
    labels = tuple(f"class{i}" for i in range(len(sizes)))
    database = Database(
        About("planted", "1"),
        n_studies=len(truth),
        peaks=Peaks.from_columns(xyz, study, study, ["MNI"] * len(study)),
        label_sets=[LabelSet("classes", labels, weights)],
        tables={"studies": lambda: pd.DataFrame({"study_id": ids})},
    )
    return database, truth


def obvious(dense, truth, sets, priors, *, together, m=100.0):
    """Work posteriors of sets of voxels out from the studies of each class."""
    dense = np.asarray(dense, dtype=float)
    n_classes = len(priors)
    learnt = dense[truth >= 0]
    pi = (learnt.sum(axis=0) + 0.5) / (len(learnt) + 1)
    share = [dense[truth == k].sum(axis=0) + m * pi for k in range(n_classes)]
    share = [s / s.sum() for s in share]
    found = []
    for active in sets:
        log = np.array([np.log(s[active]).sum() / together for s in share])
        weight = priors * np.exp(log - log.max())
        found.append(weight / weight.sum())
    return np.array(found)


def truth_of(database, classes):
    """Say which class each study is of, -1 for none or several."""
    masks = [database.select(query).mask & database.has_peaks for query in classes]
    masks = np.array(masks)
    return np.where(masks.sum(axis=0) == 1, masks.argmax(axis=0), -1)


@pytest.fixture(scope="module")
def sets(block):
    rng = np.random.default_rng(1)
    near = [np.linalg.norm(block.xyz_mm - c, axis=1) < 9 for c in CENTRES]
    return np.stack([*near, rng.random(block.n_voxels) < 0.1])


@pytest.fixture(scope="module")
def two(made, block):
    return Classifier.of(made, TWO, mask=block)


@pytest.fixture(scope="module")
def three(made, block):
    return Classifier.of(made, THREE, mask=block)


# --------------------------------------------------------------------------- posteriors


@pytest.mark.parametrize(
    ("options", "priors"),
    [
        ({}, [1 / 3] * 3),
        ({"priors": "studies"}, None),
        ({"priors": [1, 2, 5]}, [1 / 8, 2 / 8, 5 / 8]),
        ({"priors": (0.98, 0.01, 0.01)}, [0.98, 0.01, 0.01]),
        ({"priors": np.array([3, 3, 3])}, [1 / 3] * 3),
        ({"smoothing": 0.01, "voxels_as_one": 1}, [1 / 3] * 3),
        ({"smoothing": 1e5, "voxels_as_one": 40.5}, [1 / 3] * 3),
        ({"radius_mm": 10, "talairach": None}, [1 / 3] * 3),
    ],
    ids=str,
)
def test_posteriors_against_dense_arrays(made, block, sets, options, priors):
    classifier = Classifier.of(made, THREE, mask=block, **options)
    truth = truth_of(made, THREE.values())
    sizes = np.bincount(truth[truth >= 0])
    assert classifier.columns.sizes.tolist() == sizes.tolist()
    priors = sizes / sizes.sum() if priors is None else priors
    np.testing.assert_allclose(classifier.priors, priors)
    of = {k: v for k, v in options.items() if k in ("radius_mm", "talairach")}
    dense = made.activations(mask=block, **of).to_csr().toarray()
    n_sphere = len(sphere_offsets(options.get("radius_mm", 6), block.affine))
    together = options.get("voxels_as_one", 8 * n_sphere)
    m = options.get("smoothing", 100)
    expected = obvious(dense, truth, sets, np.array(priors), together=together, m=m)
    found = classifier.classify(sets)
    assert found.terms == ("a", "b", "c")
    np.testing.assert_allclose(found.columns["posterior"].T, expected, atol=1e-9)
    every = obvious(dense, truth, dense, np.array(priors), together=together, m=m)
    np.testing.assert_allclose(classifier.probabilities(), every, atol=1e-8)


@settings(max_examples=15)
@given(st.integers(0, 999), st.lists(st.floats(0.01, 9), min_size=3, max_size=3))
def test_probabilities_sum_to_one(seed, priors):
    database, truth = planted((9, 5, 4), seed=seed)
    mask = brain_block()
    queries = ["class0", "class1", "class2"]
    made = Classifier.of(database, queries, mask=mask, priors=priors, voxels_as_one=5)
    found = made.classify(np.random.default_rng(seed).random((3, mask.n_voxels)))
    np.testing.assert_allclose(found.columns["posterior"].sum(axis=0), 1)
    of_studies = made.probabilities()
    assert of_studies.shape == (len(truth), 3)
    np.testing.assert_allclose(of_studies.sum(axis=1), 1)
    assert (of_studies >= 0).all()


def test_two_classes_are_odds(two, sets, made, block):
    found = two.classify(sets)
    one, other = found.columns["log_likelihood"]
    np.testing.assert_allclose(found.columns["posterior"][0], expit(one - other))
    unequal = Classifier.of(made, TWO, mask=block, priors=[0.9, 0.1]).classify(sets)
    expected = expit(one - other + logit(0.9))
    np.testing.assert_allclose(unequal.columns["posterior"][0], expected)
    np.testing.assert_array_equal(unequal.columns["log_likelihood"], [one, other])


def test_the_order_of_classes_does_not_matter(made, block, sets, three):
    names = ["c", "a", "b"]
    other = Classifier.of(made, {k: THREE[k] for k in names}, mask=block)
    one, two = three.classify(sets), other.classify(sets)
    rows = [one.terms.index(name) for name in names]
    for name, values in one.columns.items():
        np.testing.assert_allclose(two.columns[name], values[rows], rtol=1e-12)


def test_several_images_are_each_alone_and_peaks_are_their_mask(two, sets, block):
    together = two.classify(sets)
    for i, active in enumerate(sets):
        for name, values in two.classify(active).columns.items():
            np.testing.assert_allclose(together.columns[name][:, i], values[:, 0])
    peaks = [[-8, 0, 0], [8, 4, 4]]
    active = np.zeros(block.n_voxels, dtype=bool)
    for peak in peaks:
        active |= np.linalg.norm(block.xyz_mm - peak, axis=1) <= 6.00001
    one, other = two.classify(active), two.classify_peaks(peaks)
    for name, values in one.columns.items():
        np.testing.assert_allclose(other.columns[name], values, rtol=1e-12)
    assert other.images == ("peaks",)
    assert other.image_facts == ({"kind": "peaks", "n_active": active.sum()},)


def test_learning_anew_from_some_studies(made, block, two, sets):
    some = np.arange(120) % 3 > 0
    learnt = two.learnt_from(some)
    truth = np.where(some, truth_of(made, TWO.values()), -1)
    dense = made.activations(mask=block).to_csr().toarray()
    together = two.facts["voxels_as_one"]
    expected = obvious(dense, truth, sets, np.array([0.5, 0.5]), together=together)
    found = learnt.classify(sets).columns["posterior"].T
    np.testing.assert_allclose(found, expected, atol=1e-9)
    # and what was there has not changed
    again = two.learnt_from(np.ones(120, dtype=bool), n_jobs=1)
    np.testing.assert_array_equal(again.log_shares, two.log_shares)
    assert np.abs(learnt.log_shares - two.log_shares).max() > 0.01


# --------------------------------------------------------------------- cross-validation


def test_no_study_is_classified_by_what_was_learnt_from_it(made, block, monkeypatch):
    """Record what is learnt from, and do one part after the other by hand."""
    options = {"priors": "studies", "voxels_as_one": 20, "smoothing": 5}
    classifier = Classifier.of(made, THREE, mask=block, **options)
    real, learnt = Classifier.learnt_from, []

    def recording(self, studies, **more):
        learnt.append(studies.copy())
        return real(self, studies, **more)

    monkeypatch.setattr(Classifier, "learnt_from", recording)
    result = classifier.cross_validate(4, seed=3)
    truth = truth_of(made, THREE.values())
    inside = truth >= 0
    assert result.truth.tolist() == truth[inside].tolist()
    dense = made.activations(mask=block).to_csr().toarray()
    assert len(learnt) == 4
    times = np.zeros(len(truth), dtype=int)
    for studies in learnt:
        out = inside & ~studies
        times += out
        # as many of each class as can be
        for k, size in enumerate(np.bincount(truth[inside])):
            assert np.count_nonzero(truth[out] == k) in (size // 4, -(-size // 4))
        rest = np.where(out, -1, truth)
        expected = obvious(dense, rest, dense[out], classifier.priors, together=20, m=5)
        found = result.probabilities[out[inside]]
        np.testing.assert_allclose(found, expected, atol=1e-8)
    assert (times == inside).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_the_seed_decides(two, seed):
    one, other = (two.cross_validate(5, seed=seed, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    moved = two.cross_validate(5, seed=seed + 10)
    assert (moved.probabilities != one.probabilities).any()
    np.testing.assert_array_equal(moved.truth, one.truth)


def test_planted_classes_are_told_apart():
    database, truth = planted()
    classifier = Classifier.of(
        database, ["class0", "class1", "class2"], mask=brain_block((13, 13, 9))
    )
    result = classifier.cross_validate()
    assert result.accuracy > 0.95
    assert result.log_loss < np.log(3)
    assert result.truth.tolist() == truth[truth >= 0].tolist()
    confusion = result.confusion()
    assert confusion.index.name == "class"
    assert list(confusion.index) == list(confusion.columns) == list(result.classes)
    assert confusion.sum(axis=1).tolist() == [60, 40, 20]
    assert (np.diag(confusion) > 0.8 * confusion.sum(axis=1)).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_classes_without_a_place_are_told_apart_by_chance(seed):
    database, _ = planted((60, 60), centres=((0, 0, 0),) * 2, spread=12, seed=seed)
    # each voxel on its own, nothing smoothed: what it has learnt from it knows by heart
    options = {"mask": brain_block((13, 13, 9)), "voxels_as_one": 1, "smoothing": 0.01}
    classifier = Classifier.of(database, ["class0", "class1"], **options)
    result = classifier.cross_validate(seed=seed)
    right = round(result.accuracy * 120)
    assert binom.ppf(0.0005, 120, 0.5) <= right <= binom.ppf(0.9995, 120, 0.5)
    known = classifier.probabilities().argmax(axis=1)
    own = [classifier.columns[k] for k in range(2)]
    assert np.mean([np.mean(known[own[k]] == k) for k in range(2)]) > 0.85


def test_as_many_parts_as_studies():
    database, _ = planted((6, 3))
    classifier = Classifier.of(database, ["class0", "class1"], mask=brain_block())
    assert np.isfinite(classifier.cross_validate(3).probabilities).all()
    assert len(classifier.cross_validate(2).truth) == 9


def test_figures_of_a_cross_validation():
    p = np.array([[0.8, 0.2], [0.4, 0.6], [0.7, 0.3], [0.1, 0.9], [1.0, 0.0]])
    result = CrossValidation(("<b>", "yes"), np.array([0, 0, 0, 1, 1]), p)
    assert result.found.tolist() == [0, 1, 0, 1, 0]
    assert result.accuracy == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert result.confusion().to_numpy().tolist() == [[2, 1], [1, 1]]
    finite = CrossValidation(result.classes, result.truth[:4], p[:4])
    expected = -np.mean(np.log([0.8, 0.4, 0.7, 0.9]))
    assert finite.log_loss == pytest.approx(expected)
    assert finite.log_loss < result.log_loss < np.inf
    assert repr(result) == (
        "<CrossValidation of 5 studies of 2 classes: 58.3 % right (by chance 50.0 %)>"
    )
    html = result._repr_html_()
    assert "58.3 % right" in html
    assert "<table" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_repr_and_facts(two, made, sets, tmp_path):
    sizes = np.bincount(truth_of(made, TWO.values()) + 1)[1:]
    assert repr(two) == f"<Classifier: a ({sizes[0]}), b ({sizes[1]})>"
    found = two.classify(sets)
    facts = found.facts
    assert facts["method"] == "classes"
    assert facts["priors"] == "equal"
    assert facts["smoothing"] == 100
    assert facts["n_studies_of_several_classes"] == 0
    assert list(facts["classes"]) == ["a", "b"]
    assert "labela" in str(facts["classes"]["a"])
    assert found.n_studies.tolist() == sizes.tolist()
    assert found.value == "posterior"
    found.save(tmp_path / "classes.json")
    written = json.loads((tmp_path / "classes.json").read_text())
    assert written["voxels_as_one"] == two.facts["voxels_as_one"]


@pytest.mark.parametrize("priors", [(1, 2), np.array([1.0, 2.0]), [np.float32(1), 2]])
def test_priors_can_be_saved(made, block, sets, tmp_path, priors):
    found = Classifier.of(made, TWO, mask=block, priors=priors).classify(sets)
    found.save(tmp_path / "classes.json")
    assert json.loads((tmp_path / "classes.json").read_text())["priors"] == [1, 2]


# ------------------------------------------------------------------- studies of classes


def test_studies_of_several_classes_are_left_out(made, block, sets):
    queries = {"a": "labela", "b": "labelb"}
    masks = [made.select(q).mask & made.has_peaks for q in queries.values()]
    both = np.count_nonzero(masks[0] & masks[1])
    assert both > 5
    with pytest.warns(NeurosynthWarning, match=f"^{both} studies are of several") as w:
        made_of = Classifier.of(made, queries, mask=block)
    assert [warning.filename for warning in w] == [__file__]
    assert made_of.facts["n_studies_of_several_classes"] == both
    own = Classifier.of(made, TWO, mask=block)
    for name, values in own.classify(sets).columns.items():
        np.testing.assert_array_equal(made_of.classify(sets).columns[name], values)


def test_selections_and_lists(made, block, two, sets):
    chosen = [made.select(query) for query in TWO.values()]
    for classes in (chosen, list(TWO.values()), dict(zip("ab", chosen, strict=True))):
        found = Classifier.of(made, classes, mask=block)
        names = "ab" if isinstance(classes, dict) else tuple(TWO.values())
        assert found.classes == tuple(names)
        np.testing.assert_array_equal(found.log_shares, two.log_shares)
    with pytest.raises(SelectionError):
        Classifier.of(planted()[0], chosen, mask=block)


def test_what_queries_mean(made, block):
    options = {"threshold": 0.5, "label_set": "labels"}
    classifier = Classifier.of(made, TWO, mask=block, **options)
    for k, query in enumerate(TWO.values()):
        mask = made.select(query, **options).mask & made.has_peaks
        assert classifier.columns[k].tolist() == np.flatnonzero(mask).tolist()


def test_studies_without_peaks_are_of_no_class(made, block):
    [labels] = made.label_sets.values()
    own, other = np.argsort(-labels.weights.toarray()[~made.has_peaks].sum(axis=0))[:2]
    query = f"{labels.labels[own]} & ~{labels.labels[other]}"
    silent = made.select(query).mask & ~made.has_peaks
    assert silent.any()
    classifier = Classifier.of(made, [query, labels.labels[other]], mask=block)
    assert not set(np.flatnonzero(silent)) & set(classifier.columns.studies)
    nothing = classifier.probabilities()[~made.has_peaks]
    np.testing.assert_array_equal(nothing, 0.5)


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("classes", "error", "message"),
    [
        ("labela", OptionError, "two queries or selections at least"),
        (["labela"], OptionError, "two queries or selections at least"),
        ({"a": "labela"}, OptionError, "two queries or selections at least"),
        ([], OptionError, "two queries or selections at least"),
        ({}, OptionError, "two queries or selections at least"),
        (None, OptionError, "two queries or selections at least"),
        (3, OptionError, "two queries or selections at least"),
        (["labela", "labela"], OptionError, "'labela' is asked for more than once"),
        ({1: "labela", "1": "labelb"}, OptionError, "'1' is asked for more than once"),
        (["labela", "labelz"], UnknownTermError, "labelz"),
        (["labela", "(labelb"], QueryError, r"labelb"),
        (["labela", 3], QueryError, "must be text, got int"),
        (["labela | labelb", "labelb"], EmptySelectionError, "class 'labelb' has no"),
        ({"all": "labela", "x": "labela"}, EmptySelectionError, "class 'all' has no"),
        (["labela", "labelb > 5"], EmptySelectionError, "labelb > 5"),
    ],
    ids=str,
)
def test_classes_that_cannot_be(made, block, classes, error, message):
    with pytest.raises(error, match=message):
        quietly(Classifier.of, made, classes, mask=block)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "priors",
    [
        *("even", "", None, 0.5, 3, [], [1], [1, 2, 3], [0, 1], [-1, 2], [NAN, 1]),
        *([INF, 1], ["a", "b"], [[1, 2]], [None, 1], {"a": 1}, b"ab", [1j, 1]),
    ],
    ids=str,
)
def test_priors_that_cannot_be(made, block, priors):
    with pytest.raises(OptionError, match="priors must be"):
        Classifier.of(made, TWO, mask=block, priors=priors)


@pytest.mark.parametrize("n_folds", [0, 1, -3, 2.0, "2", None, True, NAN, 10_000])
def test_parts_that_cannot_be(two, n_folds):
    least = two.columns.sizes.min()
    message = f"n_folds must be a whole number from 2 to {least}.*got {n_folds!r}"
    with pytest.raises(OptionError, match=message):
        two.cross_validate(n_folds)
    with pytest.raises(OptionError, match="n_folds"):
        two.cross_validate(least + 1)
    assert len(two.cross_validate(np.int64(2)).truth) == two.columns.sizes.sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(({"smoothing": m}, "smoothing") for m in (0, -1, NAN, "x", None)),
        *(({"voxels_as_one": n}, "voxels_as_one") for n in (0, NAN, "x")),
        ({"radius_mm": -1}, "radius_mm"),
        ({"func": "median"}, "func"),
        ({"threshold": "x"}, "threshold"),
    ],
    ids=str,
)
def test_options_that_cannot_work(made, block, options, message):
    with pytest.raises(OptionError, match=message):
        Classifier.of(made, TWO, mask=block, **options)


# ---------------------------------------------------------------------------- real data


def test_pain_language_and_motor(v7):
    words = {word: f"*{word}*" for word in ("pain", "language", "motor")}
    with pytest.warns(NeurosynthWarning, match="229 studies are of several classes"):
        classifier = Classifier.of(v7, words, label_set="LDA50", threshold=0.1)
    assert repr(classifier) == "<Classifier: pain (604), language (1,824), motor (880)>"
    result = classifier.cross_validate()
    assert 0.65 < result.accuracy < 0.8
    assert result.log_loss < np.log(3)
    confusion = result.confusion().to_numpy()
    assert (confusion.argmax(axis=1) == range(3)).all()
    # no class of the three is close to being guessed
    guesses = np.max(confusion.sum(axis=1)) / confusion.sum()
    assert np.trace(confusion) / confusion.sum() > guesses + 0.05

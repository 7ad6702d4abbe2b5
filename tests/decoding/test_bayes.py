"""P(term | activation): against sums of logarithms over dense arrays."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.special import expit, xlogy

from nimare_neurosynth.database import Database, LabelSet, Peaks
from nimare_neurosynth.decoding import BayesDecoder, decode_bayes
from nimare_neurosynth.errors import (
    EmptySelectionError,
    OptionError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.space import Mask, default_mask
from tests.oracles import brain_block, random_database, sphere_offsets

CLOSE = 1e-9


def obvious(database, term, sets, mask, **options):
    """Work the evidence of sets of voxels out, as the formula is written."""
    smoothing = options.pop("smoothing", 100.0)
    together = options.pop("voxels_as_one", None)
    threshold = options.pop("threshold", 0.001)
    [labels] = database.label_sets.values()
    weights = labels.weights.toarray()[:, labels.labels.index(term)]
    dense = database.activations(mask=mask, **options).to_csr().toarray()
    counted = np.isin(np.arange(database.n_studies), database.peaks.study)
    n = np.count_nonzero(counted)
    total = dense[counted].sum(axis=0)
    own = dense[counted & (weights >= threshold)].sum(axis=0)
    pi = (total + 0.5) / (n + 1)
    p, q = own + smoothing * pi, total - own + smoothing * pi
    ratio = np.log((p / p.sum()) / (q / q.sum()))
    if together is None:
        offsets = sphere_offsets(options.get("radius_mm", 6.0), mask.affine)
        together = 8 * len(offsets)
    return [sum(ratio[active]) / together for active in sets]


def taken(database, order):
    """Give some studies of a database, in another order."""
    order = np.asarray(order)
    place = np.full(database.n_studies, -1)
    place[order] = np.arange(len(order))
    old = database.peaks
    study = place[old.study]
    by = np.argsort(study, kind="stable")
    by = by[study[by] >= 0]
    space = np.where(old.is_talairach, "TAL", "MNI")[by]
    [labels] = database.label_sets.values()
    weights = sparse.csc_array(labels.weights.toarray()[order])
    return Database(
        database.about,
        n_studies=len(order),
        peaks=Peaks.from_columns(old.xyz[by], study[by], study[by], space),
        label_sets=[LabelSet(labels.name, labels.labels, weights)],
        tables={"studies": lambda: database.studies.iloc[order]},
    )


def some_sets(mask, seed=0):
    """Mark a sphere, scattered voxels, all voxels, a single one."""
    rng = np.random.default_rng(seed)
    sets = np.zeros((4, mask.n_voxels), dtype=bool)
    sets[0] = np.linalg.norm(mask.xyz_mm - [-8, 0, 0], axis=1) < 9
    sets[1] = rng.random(mask.n_voxels) < 0.1
    sets[2] = True
    sets[3, rng.integers(mask.n_voxels)] = True
    return sets


@pytest.fixture(scope="module")
def sets(block):
    return some_sets(block)


@pytest.fixture(scope="module")
def decoder(made, block):
    return BayesDecoder.of(made, mask=block)


def check_same(one, two, rtol=1e-10):
    assert one.terms == two.terms
    assert list(one.columns) == list(two.columns) == ["posterior", "evidence"]
    for name, values in one.columns.items():
        np.testing.assert_allclose(two.columns[name], values, rtol=rtol, atol=1e-12)


# ------------------------------------------------------------------ against the formula


MANY = {"smoothing": 7.5, "voxels_as_one": 3, "radius_mm": 4, "threshold": 0.2}


@pytest.mark.parametrize(
    "options",
    [
        {},
        *({"smoothing": m} for m in (1, 0.01, 1e6)),
        *({"voxels_as_one": n} for n in (1, 12.5)),
        *({"radius_mm": 10}, {"threshold": 0.4}, {"talairach": None}, MANY),
    ],
    ids=str,
)
def test_evidence_is_the_sum_of_log_ratios(made, block, sets, options):
    found = BayesDecoder.of(made, mask=block, **options).decode(sets)
    assert found.terms == made.label_sets["labels"].labels
    for i, term in enumerate(found.terms):
        expected = obvious(made, term, sets, block, **options)
        np.testing.assert_allclose(found.columns["evidence"][i], expected, atol=CLOSE)
    assert np.abs(found.columns["evidence"]).max() > 1e-6
    expected = expit(found.columns["evidence"])
    np.testing.assert_allclose(found.columns["posterior"], expected, atol=CLOSE)


@settings(max_examples=15)
@given(
    st.integers(0, 999),
    st.integers(8, 40),
    st.sampled_from([0.001, 0.5, 100.0, 1e4]),
    st.sampled_from([1, 17.0, None]),
)
def test_any_database_against_the_formula(seed, n_studies, smoothing, together):
    database = random_database(seed, n_studies)
    mask = brain_block()
    sets = some_sets(mask, seed)
    options = {"smoothing": smoothing, "voxels_as_one": together}
    found = decode_bayes(database, sets, mask=mask, min_studies_per_term=1, **options)
    for term, evidence in zip(found.terms, found.columns["evidence"], strict=True):
        expected = obvious(database, term, sets, mask, **options)
        np.testing.assert_allclose(evidence, expected, rtol=CLOSE, atol=CLOSE)


def test_evidence_of_all_voxels_is_theirs_together(decoder, block, sets):
    # it is a sum: parts of a set add up to the whole
    half = sets[1] & (block.xyz_mm[:, 0] < 0)
    parts = decoder.decode(np.stack([half, sets[1] & ~half, sets[1]]))
    one, two, both = parts.columns["evidence"].T
    np.testing.assert_allclose(one + two, both, atol=CLOSE)


def test_a_term_is_found_where_its_studies_are(decoder, sets):
    found = decoder.decode(sets[0])
    assert found.table()["term"][0] == "labela"
    assert found.columns["posterior"][0, 0] > 0.5
    assert found.value == "posterior"


def test_smoothing_makes_terms_alike(made, block, sets):
    sizes = [
        np.abs(decode_bayes(made, sets, mask=block, smoothing=m).columns["evidence"])
        for m in (0.1, 10, 1e4, 1e12)
    ]
    means = [size.mean() for size in sizes]
    assert (np.diff(means) < 0).all()
    assert means[-1] < 1e-8


@pytest.mark.parametrize("radius_mm", [0, 6, 10])
def test_eight_spheres_are_one_observation(made, block, sets, radius_mm):
    default = BayesDecoder.of(made, mask=block, radius_mm=radius_mm)
    n = 8 * len(sphere_offsets(radius_mm, block.affine))
    assert default.facts["voxels_as_one"] == n
    each = BayesDecoder.of(made, mask=block, radius_mm=radius_mm, voxels_as_one=1)
    assert each.facts["voxels_as_one"] == 1
    one, two = (d.decode(sets).columns["evidence"] for d in (default, each))
    np.testing.assert_allclose(one * n, two, rtol=1e-12)


# ------------------------------------------------------------------------ probabilities


@pytest.mark.parametrize("prior", [0.5, 0.2, 1e-6, np.float64(0.99)])
def test_a_prior_of_all_terms(made, block, sets, decoder, prior):
    found = decode_bayes(made, sets, mask=block, prior=prior)
    evidence = decoder.decode(sets).columns["evidence"]
    np.testing.assert_array_equal(found.columns["evidence"], evidence)
    with_term = prior * np.exp(evidence)
    expected = with_term / (with_term + 1 - prior)
    np.testing.assert_allclose(found.columns["posterior"], expected, rtol=CLOSE)


def test_the_prior_of_the_database(made, block, sets, decoder):
    found = decode_bayes(made, sets, mask=block, prior="database")
    evidence = decoder.decode(sets).columns["evidence"]
    for i, n in enumerate(found.n_studies):
        prior = (n + 0.5) / 119  # of 118 studies with peaks
        expected = prior * np.exp(evidence[i])
        expected = expected / (expected + 1 - prior)
        np.testing.assert_allclose(found.columns["posterior"][i], expected, rtol=CLOSE)
    assert found.facts["prior"] == "database"


def test_other_terms_do_not_matter(made, block, sets, decoder):
    together = decoder.decode(sets)
    for terms in (["labelc"], ["labela", "labelf"], "label?"):
        found = decode_bayes(made, sets, terms, mask=block)
        assert len(found) == (6 if terms == "label?" else len(terms))
        check_same(found, together.of_terms(found.terms))
    assert together.columns["posterior"].sum(axis=0).max() > 1.5


def test_several_images_are_each_alone(decoder, sets, noise):
    images = [*sets, noise[0], noise[1]]
    together = decoder.decode(images)
    assert together.images == tuple(f"image_{i}" for i in range(6))
    for i, image in enumerate(images):
        alone = decoder.decode(image)
        for name, values in alone.columns.items():
            np.testing.assert_allclose(
                together.columns[name][:, i], values[:, 0], rtol=1e-12, atol=1e-15
            )
        assert together.image_facts[i] == alone.image_facts[0]


@settings(max_examples=8)
@given(st.permutations(range(120)))
def test_the_order_of_studies_does_not_matter(order):
    database, mask = random_database(), brain_block()
    sets = some_sets(mask)
    options = {"mask": mask, "prior": "database"}
    one = decode_bayes(database, sets, **options)
    two = decode_bayes(taken(database, order), sets, **options)
    check_same(one, two)
    assert (one.n_studies == two.n_studies).all()


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_the_number_of_threads_does_not_matter(demo, few, emotion, n_jobs):
    # more columns and voxels than a tile holds, so that there are several
    one, two = (
        decode_bayes(demo, emotion, "*", mask=few.mask, n_jobs=n) for n in (-1, n_jobs)
    )
    assert len(one) > 50
    for name, values in one.columns.items():
        np.testing.assert_array_equal(two.columns[name], values)


# ------------------------------------------------------------------ less than all of it


@pytest.mark.parametrize("prior", [0.5, "database"])
def test_a_study_is_decoded_from_all_others(made, block, prior):
    options = {"mask": block, "prior": prior, "min_studies_per_term": 1}
    decoder = BayesDecoder.of(made, **options)
    dense = made.activations(mask=block).to_csr().toarray()
    sizes = set()
    for study in range(0, 118, 9):
        others = taken(made, [i for i in range(120) if i != study])
        expected = BayesDecoder.of(others, **options).decode(dense[study])
        found = decoder.decode_study(str(1000 + study))
        check_same(expected, found, rtol=CLOSE)
        assert (found.n_studies == expected.n_studies).all()
        assert found.images == (str(1000 + study),)
        [facts] = found.image_facts
        assert facts == {"kind": "study", "n_active": dense[study].sum()}
        assert found.facts["n_studies"] == expected.facts["n_studies"] == 117
        sizes.add(tuple(found.n_studies))
    assert len(sizes) > 1
    # it knows the study if it has learnt from it
    known = decoder.decode(dense[0]).columns["evidence"]
    assert np.abs(decoder.decode_study("1000").columns["evidence"] - known).max() > 1e-6


def test_ids_of_studies(decoder):
    check_same(decoder.decode_study(1003), decoder.decode_study("1003"))
    with pytest.raises(SelectionError, match=r"no study '9003'.*Close.*'1003'"):
        decoder.decode_study("9003")
    with pytest.raises(SelectionError, match="'1119' has no peak in the brain"):
        decoder.decode_study("1119")


def test_a_study_that_alone_has_a_term(made, block):
    weights = np.zeros((120, 2))
    weights[5, 0] = weights[5:7, 1] = 1
    labels = LabelSet("labels", ("rare", "two"), sparse.csc_array(weights))
    database = Database(
        made.about,
        n_studies=120,
        peaks=made.peaks,
        label_sets=[labels],
        tables={"studies": lambda: made.studies},
    )
    decoder = BayesDecoder.of(
        database, mask=block, min_studies_per_term=1, prior="database"
    )
    found = decoder.decode_study("1005")
    # nobody else has it: nothing is known but that it is rare
    assert found.columns["evidence"][0, 0] == pytest.approx(0, abs=0.01)
    assert found.columns["posterior"][0, 0] == pytest.approx(0.5 / 118, rel=0.01)
    assert found.n_studies.tolist() == [0, 1]


@settings(max_examples=10)
@given(st.sets(st.integers(0, 117), min_size=30))  # the others have no peaks
def test_within_some_studies(chosen):
    database, mask = random_database(), brain_block()
    counted = np.isin(np.arange(120), list(chosen))
    options = {"mask": mask, "prior": "database", "min_studies_per_term": 1}
    whole = BayesDecoder.of(database, **options)
    part = BayesDecoder.of(taken(database, np.flatnonzero(counted)), **options)
    sets = some_sets(mask)
    found = whole.within(counted).decode(sets)
    check_same(part.decode(sets), found.of_terms(part.terms))


def test_studies_without_peaks_never_count(decoder, sets):
    everything = decoder.within(np.ones(120, dtype=bool))
    check_same(decoder.decode(sets), everything.decode(sets))


# -------------------------------------------------------------------------------- facts


def test_facts_say_how_it_was_done(made, block, sets):
    found = decode_bayes(
        made, sets[0], mask=block, smoothing=5, voxels_as_one=2, threshold=0.3
    )
    expected = {
        "method": "nb",
        "prior": 0.5,
        "smoothing": 5.0,
        "voxels_as_one": 2.0,
        "threshold": 0.3,
        "radius_mm": 6.0,
        "talairach": "icbm_spm",
        "label_set": "labels",
        "n_studies": 118,
        "min_studies_per_term": 20,
        "n_terms_left_out": 0,
    }
    assert found.facts | expected == found.facts
    assert found.facts["database"]["n_studies"] == 120
    assert "numpy" in found.facts["software"]


def test_tables_and_files(decoder, sets, tmp_path):
    found = decoder.decode(sets[0])
    table = found.table()
    assert list(table) == ["term", "n_studies", "posterior", "evidence"]
    assert table["posterior"].is_monotonic_decreasing
    found.save(tmp_path / "terms.tsv")
    read = pd.read_csv(tmp_path / "terms.tsv", sep="\t")
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    assert repr(decoder) == "<BayesDecoder: 6 terms>"


def test_a_decoder_of_arrays(made, block, sets):
    [labels] = made.label_sets.values()
    activations = made.activations(mask=block)
    columns = labels.columns().within(made.has_peaks)
    decoder = BayesDecoder.from_parts(
        labels.labels,
        block,
        activations,
        columns,
        made.has_peaks,
        facts={"radius_mm": 6.0},
        prior=0.5,
        smoothing=100.0,
        voxels_as_one=None,
    )
    check_same(
        BayesDecoder.of(made, mask=block).decode(sets), decoder.decode(sets), rtol=0
    )
    with pytest.raises(SelectionError, match="no study '1000'"):
        decoder.decode_study("1000")  # arrays have no ids


# ------------------------------------------------------------------------------- errors


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(({"smoothing": v}, r"smoothing.*above 0") for v in (0, -1, NAN, INF, "x")),
        *(({"smoothing": v}, "smoothing") for v in (None, [1], 1j)),
        *(({"voxels_as_one": v}, r"voxels_as_one.*above 0") for v in (0, -8, NAN, INF)),
        *(({"voxels_as_one": v}, "voxels_as_one") for v in ("8", [8])),
        *(({"prior": v}, r"prior.*above 0 and below 1") for v in (0, 1, -0.1, 2, NAN)),
        *(({"prior": v}, "prior") for v in ("data", None, [0.5], "0.5")),
        ({"radius_mm": -6}, "radius_mm"),
        ({"radius_mm": "wide"}, "radius_mm"),
        ({"threshold": 0}, "threshold"),
        ({"min_studies_per_term": -1}, "min_studies"),
        ({"talairach": "lancaster"}, "Talairach matrix 'lancaster'"),
        ({"n_jobs": 0}, "n_jobs"),
        ({"above": "high"}, r"above must be a number, got 'high'"),
        ({"min_overlap": 2}, "min_overlap"),
    ],
    ids=str,
)
def test_options_that_cannot_work(made, block, sets, options, message):
    with pytest.raises(OptionError, match=message):
        decode_bayes(made, sets[0], mask=block, **options)


def test_terms_that_there_are_not(made, block, sets):
    with pytest.raises(UnknownTermError, match=r"'labelz'.*'labelf'"):
        decode_bayes(made, sets[0], "labelz", mask=block)
    with pytest.raises(UnknownTermError, match="topics"):
        decode_bayes(made, sets[0], label_set="topics", mask=block)
    with pytest.raises(EmptySelectionError, match="at least 119 studies"):
        decode_bayes(made, sets[0], mask=block, min_studies_per_term=119)
    with pytest.raises(OptionError, match="Database"):
        decode_bayes("folder", sets[0], mask=block)


# ---------------------------------------------------------------------------- real data


def test_probabilities_are_better_than_base_rates(v7):
    # each tenth study, learnt from the others; voxels of 6 mm are ever so much faster
    whole = default_mask()
    affine = whole.affine.copy()
    affine[:3, :3] *= 3
    inside = whole.to_volume(np.ones(whole.n_voxels))[::3, ::3, ::3]
    decoder = BayesDecoder.of(
        v7,
        label_set="LDA50",
        threshold=0.05,
        prior="database",
        mask=Mask.from_array(inside, affine),
    )
    out = np.arange(v7.n_studies) % 10 == 3
    active = decoder.activations.to_csr(np.flatnonzero(out)).toarray()
    known = active.any(axis=1)
    has = decoder.columns.to_csr()[:, np.flatnonzero(out)[known]].toarray()
    learnt = decoder.within(~out)
    p = learnt.decode(active[known]).columns["posterior"]
    assert p.shape == has.shape == (50, np.count_nonzero(known))
    base = (learnt.columns.sizes / np.count_nonzero(~out))[:, None]

    def loss(p):
        return -(xlogy(has, p) + xlogy(1 - has, 1 - p)).mean(axis=1)

    ours, theirs = loss(p), loss(np.broadcast_to(base, has.shape))
    assert ours.mean() < 0.97 * theirs.mean()
    assert np.mean(ours < theirs) > 0.85
    # and they mean what they say: so many of a hundred studies have the topic
    for low, high in ((0, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 0.7)):
        here = (p >= low) & (p < high)
        assert has[here].mean() == pytest.approx(p[here].mean(), rel=0.2)

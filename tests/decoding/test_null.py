"""The null of fits: against all subsets of studies, and against drawn ones."""

from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import binom, norm

from nimare_neurosynth.decoding import MapDecoder
from nimare_neurosynth.engine import LabelColumns
from tests.oracles import brain_block, random_database

BLOCK = brain_block()


def columns_of(sets, n_studies):
    """Make one column per set of studies."""
    ends = np.cumsum([0, *map(len, sets)])
    return LabelColumns(ends, np.concatenate(sets).astype(np.int32), n_studies)


def drawn(rng, n, n_sets, among):
    return [np.sort(rng.choice(among, n, replace=False)) for _ in range(n_sets)]


# ------------------------------------------------------------------------- all subsets


@settings(max_examples=25)
@given(st.integers(0, 999), st.integers(5, 11), st.booleans())
def test_moments_are_those_of_all_subsets(seed, n_studies, skewed):
    database = random_database(seed, n_studies)
    prepared = MapDecoder.of(database, mask=BLOCK, min_studies_per_term=1).prepared
    rng = np.random.default_rng(seed)
    x = rng.normal(size=BLOCK.n_voxels)
    scores = prepared.scores(x)
    if skewed:
        scores = scores + rng.exponential(2, n_studies) ** 2
    [counted] = np.nonzero(prepared.counted)
    centred = scores - scores[counted].mean()
    fits = prepared.fits(scores)
    for i, n in enumerate(prepared.columns.sizes):
        every = [centred[list(chosen)].sum() for chosen in combinations(counted, n)]
        assert np.mean(every) == pytest.approx(0, abs=1e-9)
        assert fits.null.variance[i] == pytest.approx(np.var(every), abs=1e-9)
        third = np.mean(np.power(every, 3))
        scale = np.var(every) ** 1.5
        assert fits.null.third[i] == pytest.approx(third, abs=1e-9 * (1 + scale))


def test_sums_are_those_of_each_terms_studies(small, noise):
    prepared = small.prepared
    scores = prepared.scores(noise[0])
    dense = small.prepared.activations.to_csr().toarray()[prepared.counted]
    totals = dense.sum(axis=0, dtype=float)
    N = len(dense)
    width = np.sqrt(totals * (N - totals))
    w = np.where(width > 0, noise[0] / np.where(width > 0, width, 1), 0)
    own = dense @ w
    np.testing.assert_allclose(scores[prepared.counted], own, atol=1e-12)
    columns, fits = prepared.columns, prepared.fits(scores)
    for i in range(columns.n_columns):
        studies = columns.studies[columns.offsets[i] : columns.offsets[i + 1]]
        expected = own[studies].sum() - len(studies) * own.mean()
        assert fits.sums[i] == pytest.approx(expected, abs=1e-11)


def test_studies_that_are_not_counted_have_no_say(small, noise):
    scores = small.prepared.scores(noise[0])
    silent = ~small.prepared.counted
    assert np.count_nonzero(silent) == 2
    other = np.where(silent, 1e6, scores)
    for one, two in zip(
        (small.prepared.fits(scores).p, small.prepared.fits(scores).products),
        (small.prepared.fits(other).p, small.prepared.fits(other).products),
        strict=True,
    ):
        np.testing.assert_allclose(two, one, rtol=1e-9)


def test_two_studies():
    # one of the two has the term: both ways to draw it are as far from the mean
    database = random_database(3, 4)
    decoder = MapDecoder.of(database, mask=BLOCK, min_studies_per_term=1)
    assert decoder.prepared.n_studies == 2
    found = decoder.decode(np.random.default_rng(0).normal(size=BLOCK.n_voxels))
    np.testing.assert_allclose(np.abs(found.columns["z"]), 1)
    assert (found.columns["p"] > 0.3).all()


# ----------------------------------------------------------------------- drawn studies


def images(few, emotion):
    """Give a map, noise that is smooth, and a region."""
    rng = np.random.default_rng(0)
    smooth = gaussian_filter(rng.normal(size=few.mask.shape), 4)
    ball = np.linalg.norm(few.mask.xyz_mm - [-40, 20, 30], axis=1) < 10
    flat = smooth.ravel()[few.mask.flat_index]
    return {"map": emotion, "smooth": flat, "region": ball.astype(float)}


@pytest.mark.parametrize("n", [20, 50, 200, 300])
@pytest.mark.parametrize("name", ["map", "smooth", "region"])
def test_random_studies_are_seldom_significant(few, emotion, name, n):
    x = images(few, emotion)[name]
    scores = few.prepared.scores(x - x.mean())
    n_sets = 8000
    sets = drawn(np.random.default_rng(n), n, n_sets, 320)
    fits = replace(few.prepared, columns=columns_of(sets, 320)).fits(scores)
    assert fits.standardised.mean() == pytest.approx(0, abs=5 / np.sqrt(n_sets))
    assert fits.standardised.std() == pytest.approx(1, abs=0.08)
    for level in (0.2, 0.05, 0.01, 0.001):
        found = np.count_nonzero(fits.p <= level)
        assert found <= binom.isf(1e-4, n_sets, level)
    # where scores are skewed, p values are careful, and never far off
    assert np.count_nonzero(fits.p <= 0.05) >= 0.4 * 0.05 * n_sets
    assert fits.p.max() <= 1


def test_p_values_of_very_few_studies_are_rough(few, emotion):
    # only two moments and the skewness are matched: tails may be heavier
    x = images(few, emotion)["smooth"]
    scores = few.prepared.scores(x - x.mean())
    sets = drawn(np.random.default_rng(5), 5, 8000, 320)
    p = replace(few.prepared, columns=columns_of(sets, 320)).fits(scores).p
    assert 0.5 < np.mean(p <= 0.05) / 0.05 < 1.3
    assert np.mean(p <= 0.01) / 0.01 < 2.5


@pytest.mark.parametrize("n", [20, 200])
def test_p_values_are_those_of_many_draws(few, n):
    # noise on a smooth image: drawn sets of all strengths, p against 40,000 draws
    x = images(few, np.zeros(1))["smooth"]
    scores = few.prepared.scores(x - x.mean())
    rng = np.random.default_rng(n)
    draws = scores[np.argsort(rng.random((40_000, 320)), axis=1)[:, :n]].sum(axis=1)
    draws = np.sort(draws - n * scores.mean())
    sets = drawn(rng, n, 300, 320)
    fits = replace(few.prepared, columns=columns_of(sets, 320)).fits(scores)
    above = 1 - np.searchsorted(draws, fits.sums) / len(draws)
    expected = np.minimum(2 * np.minimum(above, 1 - above), 1)
    error = np.sqrt(expected / len(draws)) * 5
    assert (np.abs(fits.p - expected) <= error + 0.15 * expected + 0.002).all()


def test_where_scores_are_not_skewed_p_is_that_of_the_normal_distribution(few):
    half = np.random.default_rng(0).normal(size=160)
    scores = np.r_[half, -half]
    sets = drawn(np.random.default_rng(1), 40, 200, 320)
    fits = replace(few.prepared, columns=columns_of(sets, 320)).fits(scores)
    np.testing.assert_allclose(fits.null.third, 0, atol=1e-9)
    expected = 2 * norm.sf(np.abs(fits.standardised))
    np.testing.assert_allclose(fits.p, expected, rtol=1e-6)


@given(st.integers(0, 999), st.floats(0.1, 3))
def test_turning_an_image_over_turns_z_and_keeps_p(seed, power):
    rng = np.random.default_rng(seed)
    decoder = decoder_of_all()
    scores = rng.exponential(1, 120) ** power
    one, two = (decoder.prepared.fits(sign * scores) for sign in (1, -1))
    np.testing.assert_allclose(two.standardised, -one.standardised)
    np.testing.assert_allclose(two.p, one.p, rtol=1e-9)
    assert ((one.p >= 0) & (one.p <= 1)).all()


@cache
def decoder_of_all():
    return MapDecoder.of(random_database(), mask=BLOCK)


def test_the_same_score_for_all_studies_says_nothing(small):
    fits = small.prepared.fits(np.full(120, 0.25))
    assert (fits.p == 1).all()
    assert not fits.standardised.any()


def test_a_term_that_drives_the_image_is_found(small, block, made):
    found = small.decode((np.linalg.norm(block.xyz_mm - [-8, 0, 0], axis=1) < 9) * 1.0)
    table = found.table()
    assert table["term"][0] == "labela"
    assert table["p"][0] < 1e-3
    assert table["q"][0] == pytest.approx(min(6 * table["p"][0], 1))

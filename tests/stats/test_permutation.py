"""The permutation null: against all orders of few studies, and drawn ones of many."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_array

from nimare_neurosynth.stats import PermutationNull, power_sums, sampled_p


def every_sum(centred, row):
    """Sum the products of two lists, for each order of the second."""
    return np.array([centred @ np.array(order) for order in permutations(row)])


def null_of(numbers, rows):
    """Give the numbers less their mean, the weights, and their null."""
    centred = numbers - numbers.mean()
    weights = csr_array(np.asarray(rows, dtype=float))
    return centred, weights, PermutationNull.of(centred, power_sums(weights))


def columns(rng, n_studies, n_columns, kind):
    """Draw columns of 20 studies up to nearly all: 0 and 1, or weights like tf-idf."""
    made = np.zeros((n_columns, n_studies))
    for row in made:
        size = int(np.exp(rng.uniform(np.log(20), np.log(0.9 * n_studies))))
        has = rng.choice(n_studies, size, replace=False)
        row[has] = 1 if kind == "indicators" else rng.lognormal(-3, 0.8, size)
    return made


def numbers(rng, n_studies, shape):
    """Draw a number for each study, of three shapes."""
    if shape == "normal":
        return rng.normal(size=n_studies)
    if shape == "skewed":
        return rng.exponential(1, n_studies) ** 1.5
    # a region that few studies activate, each a part of it
    return (rng.random(n_studies) < 0.15) * rng.beta(1, 2, n_studies)


# -------------------------------------------------------------------------- all orders


@st.composite
def small(draw):
    """Draw up to seven studies, and a column of weights or of 0 and 1."""
    n = draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    x = rng.exponential(1, n) ** draw(st.sampled_from([1, 2]))
    has = rng.random(n) < 0.6
    return x, has * (rng.exponential(1, n) if draw(st.booleans()) else 1.0)


@settings(max_examples=60)
@given(small())
def test_moments_are_those_of_all_orders(case):
    x, row = case
    centred, _, null = null_of(x, [row])
    every = every_sum(centred, row)
    assert len(every) == factorial(len(x))
    size = np.abs(every).max() + 1e-3
    assert every.mean() == pytest.approx(0, abs=1e-9 * size)
    for k, moment in ((2, null.variance), (3, null.third), (4, null.fourth)):
        expected = np.mean(every**k)
        assert moment[0] == pytest.approx(expected, rel=1e-9, abs=1e-9 * size**k)


@given(st.integers(0, 999), st.integers(2, 7))
def test_sums_are_given_in_standard_deviations(seed, n):
    rng = np.random.default_rng(seed)
    row = rng.random(n)
    centred, weights, null = null_of(rng.normal(size=n), [row])
    found = null.standardised(weights @ centred)
    expected = centred @ row / every_sum(centred, row).std()
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@given(st.integers(0, 999))
def test_power_sums_are_those_of_centred_rows(seed):
    rng = np.random.default_rng(seed)
    rows = rng.exponential(2, (4, 30)) * (rng.random((4, 30)) < 0.4)
    centred = rows - rows.mean(axis=1, keepdims=True)
    expected = [(centred**k).sum(axis=1) for k in (2, 3, 4)]
    found = power_sums(csr_array(rows))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_zeros_that_are_stored_do_not_matter():
    plain = csr_array(np.array([[0.0, 2, 0, 1]]))
    stored = csr_array(([0.0, 2, 0, 1], ([0] * 4, range(4))), shape=(1, 4))
    assert stored.nnz == 4
    np.testing.assert_array_equal(power_sums(stored), power_sums(plain))


# --------------------------------------------------------------------- nothing can vary


@pytest.mark.parametrize(
    ("x", "row"),
    [
        ([1.0, 2, 3, 4], [0.0, 0, 0, 0]),
        ([1.0, 2, 3, 4], [1.0, 1, 1, 1]),
        ([1.0, 2, 3, 4, 5, 6, 7], [0.1] * 7),
        ([2.0, 2, 2, 2], [1.0, 0, 0, 1]),
        ([3.0], [1.0]),
    ],
    ids=["no study", "all studies", "the same weight", "the same number", "one study"],
)
def test_what_cannot_vary_is_not_significant(x, row):
    centred, weights, null = null_of(np.array(x), [row])
    sums = weights @ centred
    assert null.p(sums) == pytest.approx(1)
    assert null.standardised(sums) == pytest.approx(0, abs=1e-6)
    drawn = sampled_p(centred, weights, sums, n_draws=50)
    np.testing.assert_array_equal(drawn, 1)


def test_no_columns():
    centred, weights, null = null_of(np.arange(4.0), np.zeros((0, 4)))
    sums = weights @ centred
    assert null.p(sums).shape == null.standardised(sums).shape == (0,)
    assert sampled_p(centred, weights, sums, n_draws=5).shape == (0,)


# ------------------------------------------------------------------------- drawn orders


def naive_p(centred, rows, sums, n_draws, seed):
    """Count the orders with a sum as large or as small, one after the other."""
    above, below = np.zeros((2, len(rows)), dtype=int)
    generator = np.random.default_rng(seed)
    for order in generator.permuted(np.tile(centred, (n_draws, 1)), axis=1):
        for i, (row, own) in enumerate(zip(rows, sums, strict=True)):
            drawn = sum(a * b for a, b in zip(row, order, strict=True))
            # the same numbers in another order may differ in their last digits
            same = np.isclose(drawn, own, rtol=1e-9, atol=1e-9)
            above[i] += drawn > own or same
            below[i] += drawn < own or same
    return np.minimum(2 * (1 + np.minimum(above, below)) / (1 + n_draws), 1)


@pytest.mark.parametrize("n_draws", [1, 63, 64, 65, 200])
@pytest.mark.parametrize("ties", [True, False])
def test_sampled_p_counts_orders(n_draws, ties):
    rng = np.random.default_rng(4)
    rows, x = rng.random((7, 12)), rng.random(12)
    if ties:
        rows, x = np.floor(rows * 3), np.floor(x * 4)
    centred, weights, _ = null_of(x, rows)
    sums = weights @ centred
    found = sampled_p(centred, weights, sums, n_draws=n_draws, seed=3)
    expected = naive_p(centred, rows, sums, n_draws, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_ties_count_on_both_sides():
    # one study of ten has the number and one has the term, not the same one: nine of
    # ten orders give the sum that was found
    x, row = np.eye(10)[:2]
    centred, weights, _ = null_of(x, [row, 0.1 * row, 1e6 * row])
    sums = weights @ centred
    found = sampled_p(centred, weights, sums, n_draws=500)
    np.testing.assert_array_equal(found, 1)
    # the same one: one of ten
    centred, weights, _ = null_of(x, [x, 0.1 * x, 1e6 * x])
    found = sampled_p(centred, weights, weights @ centred, n_draws=5000)
    np.testing.assert_allclose(found, 0.2, rtol=0.15)


def test_the_smallest_p_is_that_of_the_number_of_orders():
    x = np.arange(40.0)
    centred, weights, _ = null_of(x, [x, -x])
    for n_draws in (9, 99, 999):
        found = sampled_p(centred, weights, weights @ centred, n_draws=n_draws)
        np.testing.assert_allclose(found, 2 / (1 + n_draws), rtol=1e-12)


def test_orders_are_those_of_the_seed():
    rng = np.random.default_rng(0)
    centred, weights, _ = null_of(rng.random(30), rng.random((5, 30)))
    sums = weights @ centred

    def p(seed, rows=slice(None)):
        return sampled_p(centred, weights[rows], sums[rows], n_draws=99, seed=seed)

    np.testing.assert_array_equal(p(1), p(1))
    assert (p(1) != p(2)).any()
    # all columns see the same orders: others do not change a p
    np.testing.assert_array_equal(p(1, [1, 3]), p(1)[[1, 3]])


def test_nothing_that_is_given_is_changed():
    rng = np.random.default_rng(0)
    centred, weights, null = null_of(rng.random(30), rng.random((5, 30)))
    sums = weights @ centred
    for array in (centred, weights.data, sums):
        array.flags.writeable = False
    sampled_p(centred, weights, sums, n_draws=70)
    null.p(sums)


# ------------------------------------------------------------- both p values, and truth

SHAPES = ("normal", "skewed", "region")
KINDS = ("indicators", "weights")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_p_is_near_that_of_ten_thousand_orders(shape, kind):
    rng = np.random.default_rng(320)
    rows = columns(rng, 320, 50, kind)
    centred, weights, null = null_of(numbers(rng, 320, shape), rows)
    # sums of all sizes, up to where 10,000 orders can tell something
    sums = rng.uniform(-3.2, 3.2, 50) * np.sqrt(null.variance)
    p = null.p(sums)
    drawn = sampled_p(centred, weights, sums, n_draws=10_000, seed=1)
    error = 2 * 2 * np.sqrt(drawn / 2 / 10_000)  # each is twice the share of a tail
    clear = drawn >= 0.002
    assert 30 <= np.count_nonzero(clear) < 50
    assert (p <= 1.7 * drawn + error)[clear].all()
    assert (p >= drawn / 1.7 - error)[clear].all()
    assert (p[~clear] < 0.05).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_p_of_random_columns_is_uniform(shape, kind):
    rng = np.random.default_rng(2)
    rows = columns(rng, 320, 1500, kind)
    centred, weights, null = null_of(numbers(rng, 320, shape), rows)
    p = null.p(weights @ centred)
    assert ((p > 0) & (p <= 1)).all()
    assert stats.kstest(p, "uniform").pvalue > 0.01
    # where both lists are very skewed, the end of the short tail is reached too late
    most = 1.9 if (shape, kind) == ("skewed", "weights") else 1.1
    for level in (0.2, 0.05, 0.01, 0.001):
        found = np.count_nonzero(p <= level)
        assert found <= stats.binom.isf(1e-3, len(p), most * level)
    assert np.mean(p <= 0.05) > 0.7 * 0.05


def test_two_normal_lists_have_the_p_of_their_correlation():
    rng = np.random.default_rng(0)
    x, rows = rng.normal(size=400), rng.normal(size=(40, 400))
    rows[:20] += 0.12 * x
    centred, weights, null = null_of(x, rows)
    expected = np.array([stats.pearsonr(x, row).pvalue for row in rows])
    assert expected.min() < 1e-3 < expected.max()
    found = null.p(weights @ centred)
    clear = expected > 1e-4  # far out in the tails, a skewness of chance matters
    np.testing.assert_allclose(found[clear], expected[clear], rtol=0.25)


@settings(max_examples=20)
@given(st.integers(0, 999), st.sampled_from(SHAPES), st.floats(-4, 4))
def test_turning_all_over_turns_z_and_keeps_p(seed, shape, size):
    rng = np.random.default_rng(seed)
    centred, weights, null = null_of(
        numbers(rng, 60, shape), columns(rng, 60, 3, "weights")
    )
    turned = PermutationNull.of(-centred, power_sums(weights))
    sums = size * np.sqrt(null.variance)
    np.testing.assert_allclose(turned.p(-sums), null.p(sums), rtol=1e-9)
    np.testing.assert_allclose(turned.standardised(-sums), -null.standardised(sums))
    np.testing.assert_allclose(turned.third, -null.third)


@settings(max_examples=20)
@given(st.integers(0, 999), st.sampled_from(SHAPES), st.sampled_from(KINDS))
def test_p_falls_towards_both_ends(seed, shape, kind):
    rng = np.random.default_rng(seed)
    _, _, null = null_of(numbers(rng, 60, shape), columns(rng, 60, 3, kind))
    steps = np.linspace(-6, 6, 61)
    p = np.array([null.p(step * np.sqrt(null.variance)) for step in steps])
    assert np.isfinite(p).all()
    assert ((p > 0) & (p <= 1)).all()
    top = p.argmax(axis=0)
    for i in range(3):
        assert (np.diff(p[: top[i] + 1, i]) >= -1e-12).all()
        assert (np.diff(p[top[i] :, i]) <= 1e-12).all()


@given(st.integers(0, 999), st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_units_do_not_matter(seed, one, other):
    rng = np.random.default_rng(seed)
    x, rows = numbers(rng, 60, "skewed"), columns(rng, 60, 3, "weights")
    centred, weights, null = null_of(x, rows)
    scaled = null_of(one * x, other * rows)
    np.testing.assert_allclose(
        scaled[2].p(scaled[1] @ scaled[0]), null.p(weights @ centred), rtol=1e-6
    )

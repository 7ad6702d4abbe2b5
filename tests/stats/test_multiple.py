import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from nimare_neurosynth.stats import (
    fdr_adjusted,
    fdr_significant,
    fdr_threshold,
    p_from_z,
)
from tests.oracles import benjamini_hochberg

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=60)
rates = st.sampled_from([0.001, 0.01, 0.05, 0.2, 0.99])


@given(p_values, rates)
def test_the_threshold_is_found_by_going_through_all(p, q):
    assert fdr_threshold(p, q) == benjamini_hochberg(p, q)


@given(st.integers(0, 999), rates)
def test_the_same_voxels_as_scipys_adjusted_p_values(seed, q):
    rng = np.random.default_rng(seed)
    p = rng.random(200) ** rng.integers(1, 6)
    ours = p <= fdr_threshold(p, q)
    np.testing.assert_array_equal(ours, false_discovery_control(p) <= q)


@given(p_values, rates, st.integers(0, 99))
def test_the_order_does_not_matter(p, q, seed):
    shuffled = np.random.default_rng(seed).permutation(p)
    assert fdr_threshold(shuffled, q) == fdr_threshold(p, q)


@given(p_values)
def test_a_higher_rate_never_finds_less(p):
    found = [fdr_threshold(p, q) for q in (0.001, 0.01, 0.05, 0.2)]
    assert found == sorted(found)


@given(p_values, rates)
def test_the_threshold_is_a_p_value_or_none(p, q):
    threshold = fdr_threshold(p, q)
    assert threshold == -1 or (threshold in p and threshold <= q)


@given(st.integers(1, 50), rates)
def test_the_smallest_p_value_may_be_the_only_one(n, q):
    # legacy Neurosynth before 0.3.8 missed it
    p = [q / n] + [1.0] * (n - 1)
    assert fdr_threshold(p, q) == q / n


@pytest.mark.parametrize(
    ("p", "expected"), [([], -1), ([1.0, 0.5], -1), ([0.0], 0.0), ([0.01] * 3, 0.01)]
)
def test_corners(p, expected):
    assert fdr_threshold(p, 0.05) == expected


def test_tables_are_taken_as_one_family():
    p = np.random.default_rng(0).random((5, 8)) ** 4
    assert fdr_threshold(p, 0.05) == fdr_threshold(p.ravel(), 0.05)


def test_p_values_of_nothing_do_not_hurt_below_their_own_level():
    # legacy and NiMARE give empty voxels p = 0.157, we give 1: no matter below that q
    p = np.random.default_rng(1).random(500) ** 5
    ones, odd = np.r_[p, np.ones(99)], np.r_[p, np.full(99, 0.1573)]
    for q in (0.001, 0.01, 0.05, 0.1, 0.15):
        assert fdr_threshold(ones, q) == fdr_threshold(odd, q)


# ------------------------------------------------------------------ from z values

z_values = st.lists(
    st.floats(-45, 45) | st.sampled_from([0.0, -0.0, 2.5, -2.5, 3.0, 1e300, -1e300]),
    max_size=60,
)
any_rate = rates | st.floats(1e-300, 1, exclude_min=True, exclude_max=True)


def _by_p(z, q):
    p = p_from_z(z)
    return p <= benjamini_hochberg(p, q)


@given(z_values, any_rate)
def test_z_values_are_tested_by_their_p_values(z, q):
    found = fdr_significant(z, q)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, _by_p(z, q))


@given(st.integers(0, 999), rates, st.sampled_from([1, 2, 8]))
def test_many_z_values_with_ties(seed, q, decimals):
    rng = np.random.default_rng(seed)
    z = np.round(rng.normal(0, rng.uniform(0.5, 4), 400), decimals)
    np.testing.assert_array_equal(fdr_significant(z, q), _by_p(z, q))


@given(st.integers(1, 9), rates)
def test_z_values_right_at_the_threshold(n, q):
    from scipy.special import ndtri

    # one step of rounding to either side of where p is q
    at = -ndtri(q / 2)
    z = [np.nextafter(at, 0), at, np.nextafter(at, 99), -at] * n
    np.testing.assert_array_equal(fdr_significant(z, q), _by_p(z, q))


@given(z_values, rates)
def test_the_sign_of_z_does_not_matter(z, q):
    flipped = [-value for value in z]
    np.testing.assert_array_equal(fdr_significant(flipped, q), fdr_significant(z, q))


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        ([], []),
        ([0.0, 0.0], [False, False]),
        ([np.inf, 0.0, -np.inf], [True, False, True]),
        ([5.0], [True]),
        ([1e300, -40.0, 1.0], [True, True, False]),
    ],
)
def test_corners_of_z(z, expected):
    assert fdr_significant(z, 0.05).tolist() == expected


# ------------------------------------------------------------------ adjusted p values


@given(p_values)
def test_adjusted_p_values_are_scipys(p):
    np.testing.assert_allclose(fdr_adjusted(p), false_discovery_control(p), rtol=1e-12)


@given(st.integers(0, 999), st.integers(1, 6))
def test_many_adjusted_p_values_with_ties(seed, decimals):
    p = np.round(np.random.default_rng(seed).random(300) ** 3, decimals)
    np.testing.assert_allclose(fdr_adjusted(p), false_discovery_control(p), rtol=1e-12)


@given(p_values, st.integers(0, 99))
def test_adjusted_p_values_stay_with_their_tests(p, seed):
    order = np.random.default_rng(seed).permutation(len(p))
    shuffled = fdr_adjusted(np.array(p)[order])
    np.testing.assert_array_equal(shuffled, fdr_adjusted(p)[order])


@given(p_values)
def test_adjusted_p_values_are_in_the_order_of_p(p):
    adjusted = fdr_adjusted(p)
    assert (adjusted >= np.array(p) * (1 - 1e-12)).all()
    assert (adjusted <= 1).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_no_adjusted_p_values():
    assert fdr_adjusted([]).shape == (0,)
    assert fdr_adjusted([0.3]).tolist() == [0.3]

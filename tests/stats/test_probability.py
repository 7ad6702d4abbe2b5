import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.stats import Probabilities

NAMES = ("a", "a_given_f", "a_given_u", "f_given_a", "a_prior", "f_given_a_prior")


@st.composite
def studies(draw):
    """Draw who activates (studies x voxels), who is selected, and a prior."""
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    n = draw(st.integers(1, 12))
    active = rng.random((n, 8)) < draw(st.sampled_from([0.1, 0.5, 0.95]))
    active[:, 0] = False
    active[:, 1] = True
    selected = rng.random(n) < 0.5
    return active, selected, draw(st.sampled_from([0.01, 0.25, 0.5, 0.9]))


def made_of(active, selected, prior):
    counts = active[selected].sum(axis=0)
    n, N = int(selected.sum()), len(selected)
    return Probabilities(counts, active.sum(axis=0), n, N, prior)


def mean(rows):
    return rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])


@given(studies())
def test_probabilities_are_shares_of_studies(case):
    active, selected, _ = case
    p = made_of(*case)
    np.testing.assert_allclose(p.a, mean(active))
    np.testing.assert_allclose(p.a_given_f, mean(active[selected]))
    np.testing.assert_allclose(p.a_given_u, mean(active[~selected]))
    for v in range(active.shape[1]):
        expected = selected[active[:, v]].mean() if active[:, v].any() else 0
        assert p.f_given_a[v] == pytest.approx(expected)


@given(studies())
def test_posteriors_follow_bayes(case):
    prior = case[2]
    p = made_of(*case)
    overall = prior * p.a_given_f + (1 - prior) * p.a_given_u
    np.testing.assert_allclose(p.a_prior, overall)
    np.testing.assert_allclose(p.f_given_a_prior * overall, prior * p.a_given_f)


@given(studies())
def test_the_base_rate_as_prior_gives_the_plain_posterior(case):
    active, selected, _ = case
    share = selected.mean()
    p = made_of(active, selected, share)
    np.testing.assert_allclose(p.f_given_a_prior, p.f_given_a, atol=1e-12)
    np.testing.assert_allclose(p.a_prior, p.a, atol=1e-12)


@given(studies())
def test_all_lie_between_0_and_1_and_empty_voxels_are_0(case):
    p = made_of(*case)
    for name in NAMES:
        values = getattr(p, name)
        assert ((values >= 0) & (values <= 1)).all()
        assert values[0] == 0


@given(studies())
def test_a_higher_prior_never_lowers_the_posterior(case):
    active, selected, _ = case
    low, high = (made_of(active, selected, q).f_given_a_prior for q in (0.2, 0.6))
    assert (high >= low - 1e-12).all()


@pytest.mark.parametrize(("n", "N"), [(0, 0), (0, 5), (5, 5)])
def test_nothing_is_divided_by_nothing(n, N):
    zero = np.zeros(3, np.int32)
    p = Probabilities(zero, zero, n, N, 0.5)
    assert not any(getattr(p, name).any() for name in NAMES)


def test_a_single_study_makes_certainty():
    p = Probabilities(np.array([1]), np.array([1]), 3, 10, 0.5)
    assert p.f_given_a[0] == p.f_given_a_prior[0] == 1

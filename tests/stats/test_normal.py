import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nimare_neurosynth.stats import logp_from_z, p_from_z
from tests.oracles import two_sided_p

numbers = st.floats(-35, 35)


@given(numbers)
def test_p_is_scipys(z):
    assert p_from_z(z) == pytest.approx(
        2 * stats.norm.sf(abs(z)), rel=1e-10, abs=1e-300
    )
    assert p_from_z(z) == pytest.approx(two_sided_p(z), rel=1e-8, abs=1e-300)


@given(numbers)
def test_logp_is_minus_log10_of_p(z):
    assert logp_from_z(z) == pytest.approx(-np.log10(p_from_z(z)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("z", [40.0, 100.0, 1000.0, -1000.0])
def test_logp_does_not_underflow(z):
    assert p_from_z(z) == pytest.approx(0, abs=1e-300)
    expected = -(stats.norm.logsf(abs(z)) + np.log(2)) / np.log(10)
    assert logp_from_z(z) == pytest.approx(expected, rel=1e-12)


def test_nothing_is_one_and_never_a_negative_zero():
    assert p_from_z(0.0) == 1
    assert logp_from_z([0.0, 1e-20]).tolist() == [0, 0]
    assert not np.signbit(logp_from_z([0.0, -0.0])).any()


@given(st.lists(numbers, min_size=2, max_size=9))
def test_larger_z_are_rarer(values):
    z = np.sort(np.abs(values))
    assert (np.diff(p_from_z(z)) <= 0).all()
    assert (np.diff(logp_from_z(z)) >= 0).all()


def test_shapes_and_integers_are_kept():
    z = np.array([[0, 1], [2, -3]])
    assert p_from_z(z).shape == logp_from_z(z).shape == (2, 2)
    assert p_from_z(z).dtype == np.float64

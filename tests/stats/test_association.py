import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nimare_neurosynth import stats
from nimare_neurosynth.engine import _kernels
from nimare_neurosynth.stats import _association, association_and_uniformity_z
from tests.oracles import association_z, uniformity_z


def both_tests(a, n, E, T, N, **options):
    """Run both tests on one voxel."""
    association, uniformity = association_and_uniformity_z(
        np.array([[a]], np.int32),
        n_selected=np.array([n]),
        expected=np.array([E], float),
        totals=np.array([T], np.int32),
        n_studies=N,
        **options,
    )
    return association[0, 0], uniformity[0, 0]


@st.composite
def cells(draw):
    """Draw the counts of one voxel, degenerate ones included."""
    N = draw(st.integers(1, 20_000))
    n = draw(st.integers(0, N))
    T = draw(st.integers(0, N))
    a = draw(st.integers(max(0, n + T - N), min(n, T)))
    return a, n, draw(st.floats(0, n)), T, N


@given(cells())
def test_both_tests_are_scipys_chi_square(cell):
    a, n, E, T, N = cell
    assume(E == 0 or E > 1e-6)  # SciPy's sum of squares is inexact below
    assume(n - E > 1e-6 or n == E)
    association, uniformity = both_tests(*cell)
    assert association == pytest.approx(association_z(a, n, T, N), rel=1e-9, abs=1e-7)
    assert uniformity == pytest.approx(uniformity_z(a, n, E, T), rel=1e-6, abs=1e-7)


DEGENERATE = {
    # a, n, E, T, N: which of both tests are undefined, so 0
    "no study activates": ((0, 5, 1.0, 0, 20), (True, True)),
    "all studies activate": ((5, 5, 1.0, 20, 20), (True, False)),
    "nothing selected": ((0, 0, 0.0, 7, 20), (True, True)),
    "all selected": ((7, 20, 3.0, 7, 20), (True, False)),
    "all selected, all activate": ((20, 20, 3.0, 20, 20), (True, False)),
    "expected nothing": ((0, 5, 0.0, 7, 20), (False, True)),
    "expected everything": ((5, 5, 5.0, 7, 20), (False, True)),
    "one study": ((1, 1, 0.5, 1, 1), (True, False)),
}


@pytest.mark.parametrize("form", ["compiled", "plain"])
@pytest.mark.parametrize("case", DEGENERATE)
def test_undefined_tests_are_zero(case, form, monkeypatch):
    if form == "plain":
        monkeypatch.setattr(_association, "z_tile", _kernels.z_tile.py_func)
    cell, undefined = DEGENERATE[case]
    assert tuple(z == 0 for z in both_tests(*cell)) == undefined


@given(cells())
def test_the_association_changes_its_sign_when_the_sets_swap(cell):
    a, n, E, T, N = cell
    other = both_tests(T - a, N - n, E, T, N)[0]
    assert both_tests(*cell)[0] == pytest.approx(-other, rel=1e-12)


@given(cells())
def test_the_association_is_symmetric_in_label_and_activation(cell):
    a, n, E, T, N = cell
    assume(0 < n < N)
    assert both_tests(*cell)[0] == pytest.approx(
        both_tests(a, T, E, n, N)[0], rel=1e-12
    )


@given(cells())
def test_signs_say_more_or_less_than_expected(cell):
    a, n, E, T, N = cell
    association, uniformity = both_tests(*cell)
    assert association * (a * N - n * T) >= 0
    assert uniformity * (a - E) >= 0


def test_z_is_not_capped():
    # legacy Neurosynth stopped at 33.1, where its p values did
    assert both_tests(10_000, 10_000, 10.0, 10_000, 20_000)[0] == pytest.approx(
        np.sqrt(20_000)
    )


def test_many_columns_and_voxels_at_once():
    rng = np.random.default_rng(0)
    active, sets = rng.random((30, 40)) < 0.3, rng.random((5, 30)) < 0.4
    counts = sets.astype(int) @ active.astype(int)
    n, T, E = sets.sum(axis=1), active.sum(axis=0), counts.mean(axis=1)
    options = {"n_selected": n, "expected": E, "n_studies": 30}
    z = association_and_uniformity_z(
        counts.astype(np.int32), totals=T.astype(np.int32), **options
    )
    for i, v in np.ndindex(5, 40):
        expected = association_z(counts[i, v], n[i], T[v], 30)
        assert z[0][i, v] == pytest.approx(expected, abs=1e-9)
        expected = uniformity_z(counts[i, v], n[i], E[i], T[v])
        assert z[1][i, v] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_result(dtype):
    z = both_tests(12, 20, 5.0, 30, 100, dtype=dtype)
    assert {value.dtype for value in z} == {np.dtype(dtype)}
    assert z[0] == pytest.approx(association_z(12, 20, 30, 100), rel=1e-6)


def test_read_only_input_works():
    counts, totals = np.array([[3, 1]], np.int32), np.array([4, 3], np.int32)
    n, E = np.array([6.0]), np.array([2.0])
    for array in (counts, totals, n, E):
        array.flags.writeable = False
    z, _ = association_and_uniformity_z(
        counts, n_selected=n, expected=E, totals=totals, n_studies=9
    )
    assert z[0] == pytest.approx([association_z(3, 6, 4, 9), association_z(1, 6, 3, 9)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_association_alone_is_the_same(dtype):
    random = np.random.default_rng(3)
    totals = random.integers(0, 200, 40).astype(np.int32)
    n = np.array([7, 90])
    counts = random.binomial(np.minimum(totals, n[:, None]), 0.5).astype(np.int32)
    of = {"n_selected": n, "totals": totals, "n_studies": 200, "dtype": dtype}
    both, _ = association_and_uniformity_z(counts, expected=counts.mean(axis=1), **of)
    np.testing.assert_array_equal(stats.association_z(counts, **of), both)

"""The old statistics."""

import numpy as np
import pytest
from scipy.stats import chi2, chi2_contingency, chisquare

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.legacy import strict
from nimare_neurosynth.legacy.analysis.stats import fdr, one_way, pearson, two_way


@pytest.fixture
def golden(shared_data):
    with np.load(shared_data / "golden_legacy/small/stats.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def _strictly():
    strict(True)
    yield
    strict(False)


@pytest.mark.data
@pytest.mark.usefixtures("_strictly")
def test_as_of_old(golden):
    cells = golden["two_way_cells"]
    np.testing.assert_allclose(two_way(cells), golden["two_way_p"], rtol=1e-9)
    counts, n = golden["one_way_counts"], golden["one_way_n"]
    np.testing.assert_allclose(one_way(counts, n), golden["one_way_p"], rtol=1e-9)
    for name, q in (("fdr_thr_05", 0.05), ("fdr_thr_01", 0.01)):
        assert fdr(golden["fdr_p"], q) == golden[name]


@pytest.mark.data
def test_undefined_tests_have_p_of_1(golden):
    cells = golden["two_way_cells"]
    undefined = (cells.sum(axis=1) == 0).any(axis=1) | (cells.sum(axis=2) == 0).any(1)
    assert undefined.sum() == 2
    p = two_way(cells)
    assert (p[undefined] == 1).all()
    np.testing.assert_allclose(
        p[~undefined], golden["two_way_p"][~undefined], rtol=1e-9
    )


def test_tables_of_different_sizes():
    cells = np.random.default_rng(0).integers(1, 60, (40, 2, 2))
    cells[:20, :, 1] = [500, 40]  # and some of a common column
    expected = [chi2_contingency(cell, correction=False).pvalue for cell in cells]
    np.testing.assert_allclose(two_way(cells), expected, rtol=1e-9)
    np.testing.assert_allclose(two_way(cells.astype(float)), expected, rtol=1e-9)


EMPTY = [
    ([[0, 0], [3, 4]], 2),
    ([[0, 3], [0, 4]], 2),
    ([[0, 0], [0, 4]], 3),
    ([[0, 0], [0, 0]], 0),
]


def test_empty_tables():
    assert two_way([cells for cells, _ in EMPTY]).tolist() == [1, 1, 1, 1]


@pytest.mark.usefixtures("_strictly")
def test_strictly_each_empty_cell_adds_1():
    found = two_way([cells for cells, _ in EMPTY])
    np.testing.assert_allclose(found, chi2.sf([n for _, n in EMPTY], 1), rtol=1e-12)


def test_one_way_is_chi_square():
    counts, n = np.array([3, 9, 5, 0, 20]), 20
    mean = counts.mean()
    expected = [chisquare([c, n - c], [mean, n - mean]).pvalue for c in counts]
    np.testing.assert_allclose(one_way(counts, n), expected, rtol=1e-9)


@pytest.mark.parametrize(("counts", "n"), [([0, 0, 0], 5), ([5, 5], 5), ([0], 0)])
def test_counts_that_are_all_alike(counts, n):
    assert one_way(counts, n).tolist() == [1.0] * len(counts)


def test_correlations():
    random = np.random.default_rng(1)
    x, y = random.normal(size=30), random.normal(size=(4, 30))
    y[1], y[2] = 7.1, -x
    found = pearson(x, y)
    rows = [0, 2, 3]
    np.testing.assert_allclose(found[rows], [np.corrcoef(x, y[i])[0, 1] for i in rows])
    assert np.isnan(found[1])
    assert np.isnan(pearson(np.full(30, 0.1), y)).all()


@pytest.mark.parametrize(
    ("p", "q", "expected"),
    [
        ([0.005, 0.1, 0.2, 0.5], 0.05, 0.005),
        ([0.5, 0.9], 0.05, -1),
        ([], 0.05, -1),
        ([0.01, 0.02, 0.03], 0.03, 0.03),
        ([0.02, 0.04, 0.9], 0.05, -1),
    ],
)
def test_false_discovery_rate(p, q, expected):
    assert fdr(p, q) == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: two_way([[1, 2], [3, 4]]), r"shape \(n, 2, 2\)"),
        (lambda: two_way(np.full((1, 2, 2), -1)), "whole numbers"),
        (lambda: two_way(np.full((1, 2, 2), 0.5)), "whole numbers"),
        (lambda: two_way(np.full((1, 2, 2), np.nan)), "whole numbers"),
        (lambda: two_way(np.full((1, 2, 2), "a")), "whole numbers"),
        (lambda: one_way([[1, 2]], 3), "vector of counts"),
        (lambda: one_way([], 3), "vector of counts"),
        (lambda: one_way([1, 4], 3), "at least 4"),
        (lambda: one_way([1, 4], "many"), "n must be numbers"),
        (lambda: one_way([1, 4], [5, 6]), "at least 4"),
        (lambda: one_way([1, 4], np.nan), "at least 4"),
        (lambda: pearson([1, 2, 3], [[1, 2]]), "rows of its length"),
        (lambda: pearson([[1, 2], [3, 4]], [[1, 2]]), "rows of its length"),
        (lambda: pearson(1, [[[1, 2]]]), "rows of its length"),
        (lambda: pearson(["a", "b"], [[1, 2]]), "numbers"),
        (lambda: fdr([0.1, np.nan]), "between 0 and 1"),
        (lambda: fdr([0.1, 1.1]), "between 0 and 1"),
        (lambda: fdr(["a"]), "numbers"),
        (lambda: fdr([0.1], 0), "q must be"),
        (lambda: fdr([0.1], 1.0), "q must be"),
        (lambda: fdr([0.1], "small"), "q must be"),
    ],
)
def test_wrong_inputs(call, message):
    with pytest.raises(OptionError, match=message):
        call()

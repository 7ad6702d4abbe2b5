"""Corrected p values against a loop over all draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth.engine import count_columns
from nimare_neurosynth.inference import TESTS, Corrected, Null, corrected_p, label_null
from nimare_neurosynth.space import Mask
from tests.inference.slow import columns_of, p_maps, some_draws, universe
from tests.strategies import masks

VALUES = st.sampled_from([0.0, 0.5, 2.0, 3.0, 3.5, 8.0])


def one_null(values, size=None, mass=None):
    def each(numbers):
        return (
            None if numbers is None else dict.fromkeys(TESTS, np.array(numbers, float))
        )

    return Null(each(values), each(size), each(mass), 0.001)


@given(masks(), st.data(), st.sampled_from(TESTS), st.integers(1, 6))
def test_p_is_that_of_a_loop(mask, data, test, n_draws):
    def drawn(elements):
        rows = data.draw(hnp.arrays(float, (3, n_draws), elements=elements))
        return dict(zip(TESTS, rows, strict=True))

    null = Null(drawn(VALUES), drawn(st.integers(0, 9).map(float)), drawn(VALUES), 0.05)
    signed = st.builds(lambda v, s: v * s, VALUES, st.sampled_from([1, -1]))
    z = data.draw(hnp.arrays(np.float32, mask.n_voxels, elements=signed))
    found = corrected_p(null, test, z, mask=mask)
    expected = p_maps(null, test, z, mask)
    for name, values in zip(("voxel", "size", "mass"), expected, strict=True):
        np.testing.assert_array_equal(getattr(found, name), values)
        assert getattr(found, name).dtype == np.float64


@pytest.mark.parametrize("cluster_p", [0.001, 0.05, 0.5])
def test_p_of_a_real_map_is_that_of_a_loop(cluster_p):
    mask, groups = universe()
    null = label_null(groups, some_draws(groups, 19), mask=mask, cluster_p=cluster_p)
    columns = columns_of(groups.counted & (np.arange(40) % 3 == 0))
    z = groups.z(count_columns(groups.activations, columns), columns)
    for test in TESTS:
        found = corrected_p(null, test, z[test][0], mask=mask)
        expected = p_maps(null, test, z[test][0], mask)
        for name, values in zip(("voxel", "size", "mass"), expected, strict=True):
            np.testing.assert_allclose(getattr(found, name), values, rtol=1e-12)


@pytest.mark.parametrize("cluster_p", [0.001, 0.3])
def test_what_was_drawn_is_as_large_as_itself(cluster_p):
    # the observed group among the draws: counted twice, never below 2 / (1 + n)
    mask, groups = universe()
    draws = some_draws(groups, 12)
    null = label_null(groups, draws, mask=mask, cluster_p=cluster_p)
    for dtype in (np.float32, np.float64):
        z = groups.z(count_columns(groups.activations, draws), draws, dtype=dtype)
        for test in TESTS:
            for i in range(12):
                p = corrected_p(null, test, z[test][i], mask=mask)
                rank = (null.largest_z[test] >= null.largest_z[test][i]).sum()
                assert p.voxel.min() == (1 + rank) / 13
                for found, name in ((p.size, "largest_size"), (p.mass, "largest_mass")):
                    drawn = getattr(null, name)[test]
                    expected = (1 + (drawn >= drawn[i]).sum()) / 13 if drawn[i] else 1
                    assert found.min() == expected


def test_a_tie_counts_as_larger_and_signs_do_not_count():
    mask = Mask.from_array(np.ones((1, 1, 6)), np.eye(4))
    z = np.array([3, -3, 2.9999, 0, 5, -6])
    p = corrected_p(one_null([1, 3, 3, 4]), "group1", z, mask=mask)
    assert p == Corrected(p.voxel, None, None)
    np.testing.assert_allclose(p.voxel, [0.8, 0.8, 0.8, 1, 0.2, 0.2])


def test_p_is_never_0_and_1_where_nothing_is_tested():
    mask = Mask.from_array(np.ones((1, 1, 3)), np.eye(4))
    null = one_null([0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0])
    p = corrected_p(null, "association", np.array([9, 0, 0.1]), mask=mask)
    np.testing.assert_allclose(p.voxel, [0.2, 1, 0.2])
    np.testing.assert_allclose(p.size, [0.2, 1, 1])
    np.testing.assert_allclose(p.mass, [0.2, 1, 1])


def test_what_is_no_number_is_not_tested():
    mask = Mask.from_array(np.ones((1, 1, 3)), np.eye(4))
    p = corrected_p(
        one_null([2] * 4, [1] * 4, [1] * 4), "group1", [np.nan, 9, 0], mask=mask
    )
    for values in (p.voxel, p.size, p.mass):
        np.testing.assert_allclose(values[[0, 2]], 1)
    assert p.voxel[1] == 0.2


def test_no_draws_say_nothing():
    mask, groups = universe()
    null = label_null(groups, some_draws(groups, 0), mask=mask, cluster_p=0.5)
    p = corrected_p(null, "group1", np.full(mask.n_voxels, 9), mask=mask)
    for values in (p.voxel, p.size, p.mass):
        assert (values == 1).all()


def test_p_falls_with_z():
    mask, groups = universe()
    null = label_null(groups, some_draws(groups, 30), mask=mask)
    z = np.linspace(-8, 8, mask.n_voxels)
    p = corrected_p(null, "group2", z, mask=mask).voxel
    order = np.argsort(np.abs(z))
    assert (np.diff(p[order]) <= 0).all()
    assert (p.min(), p.max()) == (1 / 31, 1)


def test_voxels_of_a_cluster_share_its_p():
    mask = Mask.from_array(np.ones((1, 1, 7)), np.eye(4))
    z = np.array([4, 4, 0, 9, 0, 4, -4])  # both signs can make a cluster
    null = one_null([1] * 4, [1, 1, 2, 3], [1, 20, 30, 100])
    p = corrected_p(null, "association", z, mask=mask)
    np.testing.assert_allclose(p.size, [0.6, 0.6, 1, 1, 1, 0.6, 0.6])
    excess = 16 - 10.8276
    assert 1 < 2 * excess < 20
    np.testing.assert_allclose(p.mass, [0.8, 0.8, 1, 0.4, 1, 0.8, 0.8])


def test_neither_map_nor_null_is_changed():
    mask = Mask.from_array(np.ones((1, 1, 3)), np.eye(4))
    null = one_null([3, 1, 2], [3, 1, 2], [3, 1, 2])
    z = np.array([9, 0, 0.1], np.float32)
    corrected_p(null, "association", z, mask=mask)
    assert null.largest_z["association"].tolist() == [3, 1, 2]
    np.testing.assert_array_equal(z, np.array([9, 0, 0.1], np.float32))

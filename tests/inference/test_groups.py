"""The three tests of two groups, against SciPy's and against direct counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth.engine import (
    Activations,
    LabelColumns,
    build_activations,
    count_columns,
)
from nimare_neurosynth.inference import TESTS, Groups
from nimare_neurosynth.space import Mask
from nimare_neurosynth.stats import association_and_uniformity_z
from tests.inference.slow import columns_of, dense, some_draws, universe, z_of_tests
from tests.oracles import brain_block
from tests.strategies import masks, peak_tables, radii


@st.composite
def universes(draw):
    """Draw groups, and a selection of their studies."""
    xyz, study, n = draw(peak_tables(max_studies=9))
    made = build_activations(xyz, study, n, mask=draw(masks()), radius_mm=draw(radii()))
    counted, selected = draw(hnp.arrays(bool, n)), draw(hnp.arrays(bool, n))
    groups = Groups.of(made, counted, min_studies=draw(st.integers(0, 3)))
    return groups, selected & counted


@given(universes())
def test_z_is_that_of_scipy(drawn):
    groups, selected = drawn
    columns = columns_of(selected)
    counts = count_columns(groups.activations, columns)
    z = groups.z(counts, columns, dtype=np.float64)
    expected = z_of_tests(dense(groups), groups.counted, selected, groups.tested)
    assert tuple(z) == TESTS
    for test in TESTS:
        assert z[test].shape == (1, groups.activations.n_voxels)
        np.testing.assert_allclose(z[test][0], expected[test], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_z_is_that_of_single_analyses(dtype):
    _, groups = universe(min_studies=1)
    draws = some_draws(groups)
    counts = count_columns(groups.activations, draws)
    z = groups.z(counts, draws, dtype=dtype)
    rest = columns_of(
        *(groups.counted & ~np.isin(np.arange(40), draws[i]) for i in range(6))
    )
    sizes = groups.activations.sizes.astype(np.int64)
    for columns, names in (
        (draws, ("association", "group1")),
        (rest, (None, "group2")),
    ):
        made = association_and_uniformity_z(
            count_columns(groups.activations, columns),
            n_selected=columns.sizes,
            expected=columns.sums(sizes) / groups.activations.n_voxels,
            totals=groups.totals,
            n_studies=groups.n_studies,
            dtype=dtype,
        )
        for name, values in zip(names, made, strict=True):
            if name:
                np.testing.assert_array_equal(z[name], values)
                assert z[name].dtype == dtype


def test_association_changes_sign_with_the_groups():
    _, groups = universe()
    draws = some_draws(groups)
    rest = columns_of(
        *(groups.counted & ~np.isin(np.arange(40), draws[i]) for i in range(6))
    )
    one, other = (
        groups.z(count_columns(groups.activations, c), c) for c in (draws, rest)
    )
    np.testing.assert_allclose(one["association"], -other["association"], rtol=1e-5)
    np.testing.assert_allclose(one["group1"], other["group2"], rtol=1e-4, atol=1e-5)


def test_z_of_some_voxels_is_that_part_of_all():
    _, groups = universe()
    draws = some_draws(groups)
    counts = count_columns(groups.activations, draws)
    every = groups.z(counts, draws)
    for voxels in (slice(0, 50), slice(17, 200), slice(200, None)):
        part = groups.z(counts[:, voxels], draws, voxels)
        for test in TESTS:
            np.testing.assert_array_equal(part[test], every[test][:, voxels])


def test_untested_voxels_have_z_of_0():
    _, groups = universe(min_studies=4)
    draws = some_draws(groups)
    z = groups.z(count_columns(groups.activations, draws), draws)
    active = groups.totals > 0
    assert (active & ~groups.tested).any()
    for test in TESTS:
        assert not z[test][:, ~groups.tested].any()
        assert z[test][:, groups.tested].any(axis=0).mean() > 0.9


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_totals_are_those_of_the_counted_studies(share):
    _, groups = universe(share=share)
    expected = dense(groups)[groups.counted].sum(axis=0)
    np.testing.assert_array_equal(groups.totals, expected)
    assert groups.totals.dtype == np.int32
    assert groups.n_studies == groups.counted.sum()


def test_a_universe_leaves_the_activations_as_they_are():
    _, groups = universe(share=0.9)
    before = groups.activations.totals.copy()
    every = np.ones(40, bool)
    whole = Groups.of(groups.activations, every)
    np.testing.assert_array_equal(whole.totals, before)
    Groups.of(groups.activations, groups.counted)
    np.testing.assert_array_equal(groups.activations.totals, before)


@pytest.mark.parametrize("min_studies", [-1, 0, 1, 2, 5, 1000])
def test_voxels_that_few_studies_activate_are_not_tested(min_studies):
    _, groups = universe()
    made = Groups.of(groups.activations, groups.counted, min_studies=min_studies)
    # what no study activates is never tested
    expected = [t >= max(min_studies, 1) for t in groups.totals.tolist()]
    assert made.tested.tolist() == expected


@pytest.mark.parametrize("which", ["none", "all"])
def test_a_group_of_none_and_of_all(which):
    _, groups = universe()
    selected = groups.counted if which == "all" else np.zeros(40, bool)
    columns = columns_of(selected)
    z = groups.z(count_columns(groups.activations, columns), columns)
    assert not z["association"].any()
    assert z["group1"].any() == (which == "all")
    assert z["group2"].any() == (which == "none")


@pytest.mark.parametrize("n_voxels", [3, 7, 11, 49])
def test_a_group_that_activates_every_voxel_has_no_uniformity(n_voxels):
    # the mean of its counts must be their number to the last bit
    mask = Mask.from_array(np.ones((1, 1, n_voxels)), np.diag([2.0, 2, 2, 1]))
    peaks = mask.xyz_mm[np.arange(6) % n_voxels]
    narrow, wide = (
        build_activations(peaks[:3], np.arange(3), 3, mask=mask, radius_mm=r)
        for r in (0, 100)
    )
    made = Activations.from_segments([*narrow.segments, *wide.segments])
    groups = Groups.of(made, np.ones(6, bool))
    columns = columns_of(np.arange(6) < 3)
    z = groups.z(count_columns(made, columns), columns, dtype=np.float64)
    assert not z["group2"].any()
    assert z["group1"].any() or n_voxels == 3


def test_groups_without_columns():
    _, groups = universe()
    columns = LabelColumns(np.zeros(1, np.int64), np.zeros(0, np.int32), 40)
    z = groups.z(count_columns(groups.activations, columns), columns)
    assert z["group2"].shape == (0, brain_block().n_voxels)

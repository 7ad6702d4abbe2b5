"""Groups that are drawn: what they keep, and that nothing else is."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from nimare_neurosynth.inference import draw_groups


@st.composite
def observed_groups(draw):
    """Draw (selected, counted) of a few studies; either may be empty."""
    n = draw(st.integers(1, 14))
    return draw(hnp.arrays(bool, n)), draw(hnp.arrays(bool, n))


def codes(n, k=3):
    return hnp.arrays(int, n, elements=st.integers(0, k))


def as_masks(draws):
    made = np.zeros((draws.n_columns, draws.n_studies), bool)
    for i, row in enumerate(made):
        row[draws[i]] = True
    return made


@given(observed_groups(), st.integers(0, 5), st.integers(0, 9))
def test_draws_are_as_large_as_the_group_and_counted(observed, n_draws, seed):
    selected, counted = observed
    draws = draw_groups(selected, counted, n_draws=n_draws, seed=seed)
    draws.check()  # ascending, without repeats, of studies that are there
    assert (draws.offsets.dtype, draws.studies.dtype) == (np.int64, np.int32)
    assert (draws.n_columns, draws.n_studies) == (n_draws, len(selected))
    assert (draws.sizes == (selected & counted).sum()).all()
    assert counted[draws.studies].all()


@given(observed_groups(), st.data(), st.sampled_from([int, float, str]))
def test_draws_have_as_many_of_each_stratum(observed, data, kind):
    selected, counted = observed
    strata = data.draw(codes(len(selected))).astype(kind)
    draws = draw_groups(selected, counted, n_draws=4, strata=strata)
    draws.check()
    assert counted[draws.studies].all()
    for one in np.unique(strata):
        inside = as_masks(draws) & (strata == one)
        expected = (selected & counted & (strata == one)).sum()
        assert (inside.sum(axis=1) == expected).all()


@given(observed_groups(), st.data())
def test_units_are_exchanged_as_a_whole(observed, data):
    selected, counted = observed
    units = data.draw(codes(len(selected), 5))
    draws = draw_groups(selected, counted, n_draws=4, units=units)
    draws.check()
    assert counted[draws.studies].all()
    here = {u: counted & (units == u) for u in np.unique(units[counted])}
    n_selected = {u: (selected & rows).sum() for u, rows in here.items()}
    mixed = {u for u, rows in here.items() if 0 < n_selected[u] < rows.sum()}
    n_whole = sum(n_selected[u] > 0 for u in here if u not in mixed)
    for group in as_masks(draws):
        drawn = {u: (group & rows).sum() for u, rows in here.items()}
        assert all(drawn[u] == n_selected[u] for u in mixed)
        assert all(drawn[u] in {0, here[u].sum()} for u in here if u not in mixed)
        assert sum(drawn[u] > 0 for u in here if u not in mixed) == n_whole


@given(observed_groups(), st.data())
def test_units_stay_in_their_strata(observed, data):
    selected, counted = observed
    units = data.draw(codes(len(selected), 5))
    strata = units % 2  # every unit is in one stratum
    draws = draw_groups(selected, counted, n_draws=4, units=units, strata=strata)
    for one in (0, 1):
        rows = counted & (strata == one)
        inside = np.unique(units[rows])
        whole = [u for u in inside if len(np.unique(selected[rows & (units == u)])) < 2]
        expected = sum(selected[rows & (units == u)].all() for u in whole)
        for group in as_masks(draws):
            taken = sum(group[rows & (units == u)].all() for u in whole)
            assert taken == expected


def test_the_stratum_of_a_unit_is_that_of_its_first_row():
    units = np.array([0, 1, 1, 2, 3, 3, 3])
    strata = np.array([5, 6, 5, 6, 5, 6, 6])
    draws = draw_groups(
        units == 1, np.ones(7, bool), n_draws=20, units=units, strata=strata
    )
    assert {tuple(draws[i]) for i in range(20)} == {(1, 2), (3,)}


def test_each_stratum_and_each_mixed_unit_is_drawn_anew():
    selected = np.array([True, False] * 6)
    for options in (
        {"strata": np.repeat([0, 1, 2], 4)},
        {"units": np.repeat([5, 7, 6], 4)},
    ):
        draws = draw_groups(selected, np.ones(12, bool), n_draws=40, **options)
        for part in as_masks(draws).reshape(40, 3, 4).swapaxes(0, 1):
            assert len(np.unique(part, axis=0)) == 6  # all 2 of 4


@pytest.mark.parametrize("options", [{}, {"strata": np.arange(30) % 4}])
def test_first_draws_do_not_depend_on_how_many_there_are(options):
    selected, counted = np.arange(30) < 11, np.arange(30) != 3
    many = draw_groups(selected, counted, n_draws=20, seed=5, **options)
    for n in (0, 1, 7, 20):
        few = draw_groups(selected, counted, n_draws=n, seed=5, **options)
        np.testing.assert_array_equal(few.studies, many.between(0, n).studies)
        np.testing.assert_array_equal(few.offsets, many.between(0, n).offsets)


def test_seeds_and_draws_differ():
    every = [
        tuple(draws[i])
        for seed in range(4)
        for draws in [
            draw_groups(np.arange(60) < 20, np.ones(60, bool), n_draws=25, seed=seed)
        ]
        for i in range(25)
    ]
    assert len(set(every)) == 100


def chance(draws, possible):
    """Give the p value of how often each possible group was drawn."""
    found = [possible.index(tuple(draws[i])) for i in range(draws.n_columns)]
    return stats.chisquare(np.bincount(found, minlength=len(possible))).pvalue


def test_every_group_is_equally_likely():
    selected, counted = np.arange(7) < 3, np.arange(7) != 2
    studies = np.flatnonzero(counted).tolist()
    selected[4] = True  # of the six that count, three
    draws = draw_groups(selected, counted, n_draws=2000, seed=1)
    assert chance(draws, list(combinations(studies, 3))) > 1e-3


def test_every_set_of_units_is_equally_likely():
    units = np.array([0, 1, 1, 2, 3, 3, 3, 4])
    selected = np.isin(units, [1, 4])
    draws = draw_groups(selected, np.ones(8, bool), n_draws=2000, units=units)
    possible = [
        tuple(np.flatnonzero(np.isin(units, pair)).tolist())
        for pair in combinations(range(5), 2)
    ]
    assert chance(draws, possible) > 1e-3


def test_what_is_observed_matters_only_by_its_size():
    counted = np.arange(30) != 3
    one = draw_groups(np.arange(30) < 10, counted, n_draws=5)
    other = draw_groups(np.arange(30) > 20, counted, n_draws=5)
    np.testing.assert_array_equal(one.studies, other.studies)


@pytest.mark.parametrize("selected", [np.zeros(5, bool), np.ones(5, bool)])
def test_none_and_all_can_only_be_drawn_in_one_way(selected):
    counted = np.array([True, True, False, True, True])
    draws = draw_groups(selected, counted, n_draws=3)
    assert (as_masks(draws) == (selected & counted)).all()

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array

from nimare_neurosynth.engine import LabelColumns
from tests.oracles import split_columns
from tests.strategies import label_masks


def dense(columns):
    out = np.zeros((columns.n_columns, columns.n_studies), dtype=bool)
    for i in range(columns.n_columns):
        out[i, columns[i]] = True
    return out


@given(label_masks(7))
def test_from_masks_and_back(table):
    columns = LabelColumns.from_masks(table)
    np.testing.assert_array_equal(dense(columns), table)
    np.testing.assert_array_equal(columns.sizes, table.sum(axis=1))
    assert (columns.n_columns, columns.n_studies) == table.shape


def test_from_a_list_of_masks():
    columns = LabelColumns.from_masks([np.array([True, False]), [True, True]])
    np.testing.assert_array_equal(dense(columns), [[True, False], [True, True]])


@pytest.mark.parametrize("wrong", [[True, False], True, np.ones((1, 2, 3), bool)])
def test_masks_must_be_a_table(wrong):
    with pytest.raises(ValueError, match=r"masks must have shape"):
        LabelColumns.from_masks(wrong)


@given(st.integers(0, 999), st.sampled_from([1e-9, 0.001, 0.5, 2.0]))
def test_from_weights_at_or_above_a_threshold(seed, threshold):
    rng = np.random.default_rng(seed)
    weights = rng.choice([0, -1, 0.001, 0.0009, 0.5, 1.0], (6, 4))
    matrix = csc_array(weights)
    columns = LabelColumns.from_csc(
        matrix.indptr, matrix.indices, matrix.data, n_studies=6, threshold=threshold
    )
    np.testing.assert_array_equal(dense(columns), (weights >= threshold).T)
    assert (columns.offsets.dtype, columns.studies.dtype) == (np.int64, np.int32)


@given(label_masks(7), st.integers(0, 99))
def test_sums_over_columns(table, seed):
    values = np.random.default_rng(seed).integers(-(2**40), 2**40, 7)
    columns = LabelColumns.from_masks(table)
    np.testing.assert_array_equal(columns.sums(values), table.astype(int) @ values)


@given(label_masks(7), label_masks(7, max_labels=1))
def test_within_a_universe(table, universes):
    universe = np.ones(7, bool) if not len(universes) else universes[0]
    columns = LabelColumns.from_masks(table).within(universe)
    np.testing.assert_array_equal(dense(columns), table & universe)
    assert columns.n_studies == 7


# ------------------------------------------------------------------ by segments


@given(label_masks(9), st.lists(st.integers(0, 10), max_size=5).map(sorted))
def test_split_at_bounds(table, bounds):
    columns = LabelColumns.from_masks(table)
    split = columns.split(bounds)
    np.testing.assert_array_equal(split, split_columns(columns, bounds))
    assert split.shape == (len(bounds), len(table))
    assert split.dtype == np.int64


@given(label_masks(9), st.integers(1, 10))
def test_parts_between_bounds_are_all_there_is(table, size):
    columns = LabelColumns.from_masks(table)
    bounds = [*range(0, 9, size), 9]
    split = columns.split(bounds)
    for column in range(columns.n_columns):
        parts = []
        for i, (first, stop) in enumerate(pairwise(bounds)):
            part = columns.studies[split[i, column] : split[i + 1, column]]
            assert ((part >= first) & (part < stop)).all()
            parts += part.tolist()
        assert parts == columns[column].tolist()


# ------------------------------------------------------------------------ check

FIT = ([0, 2, 2, 3], [1, 4, 0])
"""Columns of studies {1, 4}, {} and {0} of 5."""
DAMAGE = {
    "unsorted": (FIT[0], [4, 1, 0], "must ascend, without repeats"),
    "repeated": (FIT[0], [1, 1, 0], "must ascend, without repeats"),
    "unsorted after an empty column": ([0, 0, 2, 3], [4, 1, 0], "must ascend"),
    "unsorted at the end": ([0, 1, 1, 3], [1, 4, 0], "must ascend"),
    "below 0": (FIT[0], [-1, 4, 0], "columns name studies from -1 to 4"),
    "too high": (
        FIT[0],
        [1, 5, 0],
        "columns name studies from 0 to 5, but there are 5",
    ),
    "offsets that fall": ([0, 3, 2, 3], [1, 4, 0], "offsets are wrong"),
    "offsets that end early": ([0, 2, 2, 2], [1, 4, 0], "offsets are wrong"),
    "offsets that end late": ([0, 2, 2, 4], [1, 4, 0], "offsets are wrong"),
    "offsets that begin late": ([1, 2, 2, 3], [1, 4, 0], "offsets are wrong"),
    "offsets below 0": ([-1, 2, 2, 3], [1, 4, 0], "offsets are wrong"),
}


def _made(offsets, studies):
    return LabelColumns(np.array(offsets), np.array(studies, np.int32), 5)


def test_columns_in_order_pass():
    _made(*FIT).check()
    _made([0, 0], []).check()  # a column without studies
    _made([0], []).check()  # no column
    _made([0, 1, 2, 3], [4, 3, 2]).check()  # each column by itself


@pytest.mark.parametrize("what", DAMAGE)
def test_wrong_columns_are_refused(what):
    offsets, studies, message = DAMAGE[what]
    with pytest.raises(ValueError, match=message):
        _made(offsets, studies).check()


@given(
    st.lists(st.integers(-1, 5), max_size=5), st.lists(st.integers(-1, 6), max_size=6)
)
def test_check_is_what_it_says(offsets, studies):
    columns = _made([0, *offsets], studies)
    steps = list(pairwise([0, *offsets]))
    fits = all(a <= b for a, b in steps) and [0, *offsets][-1] == len(studies)
    fits = fits and all(
        0 <= s < 5 and studies[a:b] == sorted(set(studies[a:b]))
        for a, b in steps
        for s in studies[a:b]
    )
    if fits:
        columns.check()
    else:
        with pytest.raises(ValueError, match=r"columns name|must ascend"):
            columns.check()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csc_array

from nimare_neurosynth.engine import LabelColumns
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

"""Active voxels of each study in each parcel, against a matrix product."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth.engine import build_activations
from tests.oracles import brain_block, dense_activations, random_activations
from tests.strategies import masks, peak_tables, radii


def product(active, parcel, n_parcels):
    """Multiply studies x voxels with voxels x parcels."""
    return active.astype(int) @ (parcel[:, None] == np.arange(n_parcels)).astype(int)


@given(
    st.data(),
    peak_tables(),
    masks(),
    radii(),
    st.sampled_from([1, 3, 4096]),
    st.sampled_from([1, 2, 8192]),
)
def test_counts_are_a_matrix_product(data, table, mask, radius, block, segment):
    xyz, study, n = table
    sizes = {"block_size": block, "segment_size": segment}
    made = build_activations(xyz, study, n, mask=mask, radius_mm=radius, **sizes)
    n_parcels = data.draw(st.integers(1, 5))
    elements = st.integers(-1, n_parcels - 1)
    parcel = data.draw(hnp.arrays(np.int32, mask.n_voxels, elements=elements))
    found = made.count_by(parcel, n_parcels)
    dense = dense_activations(xyz, study, n, mask, radius)
    np.testing.assert_array_equal(found, product(dense, parcel, n_parcels))
    assert found.dtype == np.int32


@given(st.integers(0, 99), st.integers(1, 9))
def test_each_parcel_is_counted_as_a_region(seed, n_parcels):
    rng = np.random.default_rng(seed)
    mask = brain_block()
    made = random_activations(rng, mask, 15, segment_size=4)
    parcel = rng.integers(-1, n_parcels, mask.n_voxels).astype(np.int32)
    found = made.count_by(parcel, n_parcels)
    for p in range(n_parcels):
        np.testing.assert_array_equal(found[:, p], made.count_in(parcel == p))
    np.testing.assert_array_equal(found.sum(axis=1), made.count_in(parcel >= 0))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16])
@pytest.mark.parametrize("step", [1, -1])
def test_other_types_and_strides(dtype, step):
    mask = brain_block()
    made = random_activations(np.random.default_rng(2), mask, 12)
    parcel = (np.arange(2 * mask.n_voxels) % 5).astype(dtype)[:: 2 * step]
    expected = product(made.to_csr().toarray(), parcel, 5)
    assert expected.any(axis=0).all()
    np.testing.assert_array_equal(made.count_by(parcel, 5), expected)


def test_no_parcels_and_no_studies():
    mask = brain_block()
    made = random_activations(np.random.default_rng(2), mask, 12)
    nowhere = np.full(mask.n_voxels, -1, np.int32)
    assert made.count_by(nowhere, 0).shape == (12, 0)
    assert not made.count_by(nowhere, 3).any()
    none = build_activations(
        np.zeros((0, 3)), np.zeros(0, int), 0, mask=mask, radius_mm=6
    )
    assert none.count_by(nowhere, 3).shape == (0, 3)


def test_parcels_are_not_changed():
    mask = brain_block()
    made = random_activations(np.random.default_rng(2), mask, 12)
    parcel = (np.arange(mask.n_voxels) % 4 - 1).astype(np.int32)
    kept = parcel.copy()
    parcel.setflags(write=False)
    made.count_by(parcel, 3)
    np.testing.assert_array_equal(parcel, kept)


def test_what_is_no_parcel_of_each_voxel():
    mask = brain_block()
    made = random_activations(np.random.default_rng(2), mask, 12)
    for shape in [(mask.n_voxels - 1,), (mask.n_voxels, 1), ()]:
        with pytest.raises(ValueError, match=f"need {mask.n_voxels} parcels"):
            made.count_by(np.zeros(shape, np.int32), 1)
    beyond = np.zeros(mask.n_voxels, np.int32)
    beyond[-1] = 2
    with pytest.raises(ValueError, match="parcels must be below 2"):
        made.count_by(beyond, 2)

"""Clusters are counted as they are listed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from nimare_neurosynth.plotting import cluster_table, count_clusters
from nimare_neurosynth.space import Mask

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


def listed(values, mask):
    """Count the clusters of the table, whose further peaks have a letter."""
    table = cluster_table(mask.to_image(values.astype(np.float32)))
    return int(table["size_mm3"].notna().sum())


def labelled(values, mask):
    """Count by labelling the volume, one sign after the other."""
    volume = mask.to_volume(values)
    return sum(ndimage.label(sign * volume > 0)[1] for sign in (1, -1))


@st.composite
def masked_maps(draw):
    shape = tuple(draw(st.integers(1, 6)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    inside = rng.random(shape) < draw(st.sampled_from([0.3, 0.7, 1.0]))
    inside.flat[draw(st.integers(0, inside.size - 1))] = True
    mask = Mask.from_array(inside, AFFINE)
    values = rng.choice([-2.5, -1.0, 1.0, 3.0], mask.n_voxels)
    values[rng.random(mask.n_voxels) < draw(st.sampled_from([0, 0.3, 0.6, 0.9]))] = 0
    return values, mask


@given(masked_maps())
def test_as_many_as_are_listed(drawn):
    values, mask = drawn
    assert count_clusters(values, mask) == labelled(values, mask)
    assert count_clusters(values, mask) == listed(values, mask)


@given(masked_maps())
def test_the_sign_of_the_map_does_not_matter(drawn):
    values, mask = drawn
    assert count_clusters(-values, mask) == count_clusters(values, mask)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_end_of_a_row_does_not_touch_the_start_of_the_next(axis):
    mask = Mask.from_array(np.ones((3, 4, 5)), AFFINE)
    volume = np.zeros(mask.shape)
    first, second = [1, 1, 1], [1, 1, 1]
    first[axis], second[axis] = mask.shape[axis] - 1, 0
    if axis:
        second[axis - 1] = 2
    volume[tuple(first)] = volume[tuple(second)] = 1
    assert count_clusters(volume.ravel(), mask) == 2


def test_voxels_that_share_an_edge_or_a_corner_are_apart():
    mask = Mask.from_array(np.ones((2, 2, 2)), AFFINE)
    volume = np.zeros((2, 2, 2))
    volume[0, 0, 0] = volume[0, 1, 1] = 1
    assert count_clusters(volume.ravel(), mask) == 2
    volume[0, 0, 1] = 1
    assert count_clusters(volume.ravel(), mask) == 1
    volume[0, 0, 1] = -1
    assert count_clusters(volume.ravel(), mask) == 3


def test_a_voxel_outside_the_mask_joins_nothing():
    inside = np.ones((1, 1, 3))
    inside[0, 0, 1] = 0
    assert count_clusters(np.ones(2), Mask.from_array(inside, AFFINE)) == 2


@pytest.mark.parametrize(("value", "expected"), [(0.0, 0), (1.0, 1), (-1.0, 1)])
def test_all_alike(value, expected):
    mask = Mask.from_array(np.ones((3, 3, 3)), AFFINE)
    assert count_clusters(np.full(27, value), mask) == expected

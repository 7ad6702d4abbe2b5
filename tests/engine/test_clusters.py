"""Clusters against scipy.ndimage.label, compiled and as plain Python."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from nimare_neurosynth.engine import _clusters as kernels
from nimare_neurosynth.engine import voxels_before
from nimare_neurosynth.space import Mask, default_mask
from tests.engine.conftest import CLUSTER_KERNELS, plain_clusters
from tests.strategies import masks

FACES = ndimage.generate_binary_structure(3, 1)


def joined(values, threshold, mask):
    """Run the kernel; give the largest, and what it says of each voxel."""
    n = mask.n_voxels
    # -7: what is not written must not be looked at
    roots, sizes, masses = np.full(n, -7, np.int32), np.full(n, -7), np.full(n, -7.0)
    before = voxels_before(mask.shape, mask.flat_index)
    best = kernels.join_clusters(values, threshold, before, roots, sizes, masses)
    return best, roots, sizes, masses


def labelled(values, threshold, mask):
    """Find the clusters with SciPy: a set of voxels, size and mass of each."""
    excess = values.astype(float) - threshold
    labels, n_clusters = ndimage.label(mask.to_volume(excess > 0), FACES)
    of_voxel = labels.ravel()[mask.flat_index]
    clusters = {}
    for k in range(1, n_clusters + 1):
        inside = np.flatnonzero(of_voxel == k)
        clusters[inside[0]] = (inside.tolist(), len(inside), excess[inside].sum())
    return clusters


def check(values, threshold, mask):
    (size, mass), roots, sizes, masses = joined(values, threshold, mask)
    expected = labelled(values, threshold, mask)
    assert set(np.unique(roots[roots >= 0])) == set(expected)
    assert np.isin(roots[roots < 0], -1).all()
    for first, (inside, n, total) in expected.items():
        np.testing.assert_array_equal(np.flatnonzero(roots == first), inside)
        assert sizes[first] == n
        assert masses[first] == pytest.approx(total, rel=1e-9)
    assert size == max((n for _, n, _ in expected.values()), default=0)
    largest = max((total for *_, total in expected.values()), default=0)
    assert mass == pytest.approx(largest, rel=1e-9)


@st.composite
def maps(draw):
    """Draw a mask and a map of few different values, ties and NaN among them."""
    mask = draw(masks())
    values = st.sampled_from([0.0, -1.0, 1.0, 2.5, 4.0, 7.25, np.nan, np.inf])
    elements = draw(st.sampled_from([values, st.sampled_from([1.0, 2.5, 4.0])]))
    return mask, draw(hnp.arrays(np.float32, mask.n_voxels, elements=elements))


@given(maps(), st.sampled_from([0.0, 1.0, 2.5, 3.0, 10.0]))
def test_clusters_are_those_of_scipy(drawn, threshold):
    mask, values = drawn
    check(values, threshold, mask)


@given(maps(), st.sampled_from([0.0, 1.0, 2.5, 3.0, 10.0]))
def test_plain_clusters_are_those_of_scipy(drawn, threshold):
    mask, values = drawn
    compiled = joined(values, threshold, mask)
    with plain_clusters() as calls:
        check(values, threshold, mask)
        plain = joined(values, threshold, mask)
    assert calls["join_clusters"] == 2
    for a, b in zip(plain[1:], compiled[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert plain[0] == compiled[0]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_winding_clusters(share):
    # near the share at which a cluster goes through the whole volume, voxels that
    # come late join clusters that were apart for long
    rng = np.random.default_rng(3)
    mask = Mask.from_array(rng.random((17, 19, 23)) < 0.9, np.eye(4))
    values = rng.random(mask.n_voxels).astype(np.float32)
    check(values, 1 - share, mask)


def test_a_smooth_map_of_the_brain():
    mask = default_mask()
    noise = np.random.default_rng(0).normal(size=mask.shape)
    smooth = ndimage.gaussian_filter(noise, 2).ravel()[mask.flat_index]
    values = ((smooth / smooth.std()) ** 2).astype(np.float32)
    check(values, 3.84, mask)


def test_a_value_at_the_threshold_is_not_above_it():
    mask = Mask.from_array(np.ones((1, 1, 4)), np.eye(4))
    values = np.array([3, 2.5, 2.5000002, 3], np.float32)
    (size, mass), roots, *_ = joined(values, 2.5, mask)
    assert (roots.tolist(), size) == ([0, -1, 2, 2], 2)
    assert mass == pytest.approx(0.5, abs=1e-6)


def test_thresholds_are_not_rounded_to_the_precision_of_maps():
    mask = Mask.from_array(np.ones((1, 1, 2)), np.eye(4))
    values, threshold = np.array([2.5, 3], np.float32), 2.5 - 1e-9
    with plain_clusters():
        (size, mass), *_ = joined(values, threshold, mask)
    assert (size, mass) == joined(values, threshold, mask)[0]
    assert size == 2
    assert mass == pytest.approx(0.5 + 2e-9, abs=1e-12)


def test_the_largest_size_and_the_largest_mass_can_be_of_two_clusters():
    mask = Mask.from_array(np.ones((1, 1, 4)), np.eye(4))
    best, *_ = joined(np.array([2, 2, 0, 9], np.float32), 1, mask)
    assert best == (2, 8)


@pytest.mark.parametrize("values", [[np.nan] * 8, [0.0] * 8, [1.0] * 8])
def test_a_map_without_clusters(values):
    mask = Mask.from_array(np.ones((2, 2, 2)), np.eye(4))
    best, roots, sizes, _ = joined(np.array(values, np.float32), 1, mask)
    assert best == (0, 0)
    assert (roots == -1).all()
    assert (sizes == -7).all()


def test_edges_and_corners_do_not_join():
    for other in [(0, 1, 1), (1, 1, 0), (1, 0, 1), (1, 1, 1)]:
        volume = np.zeros((2, 2, 2), np.float32)
        volume[0, 0, 0] = volume[other] = 5
        mask = Mask.from_array(np.ones((2, 2, 2)), np.eye(4))
        (size, _), *_ = joined(volume.ravel(), 1, mask)
        assert size == 1


def test_what_is_outside_the_mask_does_not_join():
    mask = Mask.from_array(np.array([[[1, 0, 1]]]), np.eye(4))
    (size, _), *_ = joined(np.array([5, 5], np.float32), 1, mask)
    assert size == 1


@given(masks())
def test_voxels_before_are_the_lower_neighbours(mask):
    before = voxels_before(mask.shape, mask.flat_index)
    assert (before.shape, before.dtype) == ((mask.n_voxels, 3), np.int32)
    ijk = np.stack(np.unravel_index(mask.flat_index, mask.shape), axis=1)
    place = {tuple(where): v for v, where in enumerate(ijk.tolist())}
    for v, where in enumerate(ijk.tolist()):
        for axis in range(3):
            lower = list(where)
            lower[axis] -= 1
            assert before[v, axis] == place.get(tuple(lower), -1)


def test_arrays_that_cannot_be_written_are_read():
    mask = Mask.from_array(np.ones((3, 3, 3)), np.eye(4))
    values = np.arange(27, dtype=np.float32)
    values.setflags(write=False)
    with plain_clusters() as calls:
        (size, _), *_ = joined(values, 8.5, mask)
    assert size == joined(values, 8.5, mask)[0][0] == 18
    assert calls["_root"] > 0


def test_all_kernels_of_clusters_are_listed():
    compiled = {
        name for name, value in vars(kernels).items() if hasattr(value, "py_func")
    }
    assert compiled == set(CLUSTER_KERNELS)

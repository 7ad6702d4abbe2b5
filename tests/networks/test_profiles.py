"""What voxels are compared by: against dense arrays, study by study."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.decomposition import NMF

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.engine import LabelColumns, build_activations
from nimare_neurosynth.networks._profiles import (
    PROFILES,
    Profiles,
    _standard,
    reduced,
)
from nimare_neurosynth.space import Mask
from tests.oracles import association_z, brain_block, dense_activations, random_peaks

MASK = brain_block()
N_STUDIES = 60
RNG = np.random.default_rng(3)
VOXELS = np.sort(RNG.choice(MASK.n_voxels, 25, replace=False))
TARGET = RNG.random(MASK.n_voxels) < 0.1
TERMS = RNG.random((7, N_STUDIES)) < 0.3
TERMS[5], TERMS[6] = False, True  # in no study, and in all
COUNTED = RNG.random(N_STUDIES) < 0.7
XYZ, STUDY = random_peaks(RNG, 14 * N_STUDIES, N_STUDIES)

PLANTED_AFFINE = np.array([[4.0, 0, 0, -28], [0, 4, 0, -20], [0, 0, 4, -20]])
PLANTED = Mask.from_array(
    np.ones((15, 11, 11), bool), np.vstack([PLANTED_AFFINE, [0, 0, 0, 1]])
)
"""A block without holes, of 4 mm."""
REGION = (np.abs(PLANTED.xyz_mm - [-2, 0, 0]) <= [10, 8, 8]).all(axis=1)
"""150 voxels in the middle of it."""
LEFT = PLANTED.xyz_mm[:, 0] < 0
"""The half of the block that goes with its back; the other goes with its front."""


def planted(n_studies=200, *, seed=0, flipped=0.05, weights=None):
    """Make studies that activate one half of a region, and a place that goes with it.

    Spheres of 6 mm around their peaks end where the halves meet. Terms a, b and c are
    of the left half's studies, d, e and f of the right half's, but for some that were
    flipped.
    """
    rng = np.random.default_rng(seed)
    left = np.arange(n_studies) % 2 == 0
    side = np.repeat(left, 3)
    grid = rng.choice([-8.0, -4, 0, 4, 8], (len(side), 2))
    own = np.c_[np.where(side, -8, 4), grid]
    place = rng.choice([-4.0, 0, 4], (len(side), 3))
    place[:, 0] += 24
    place[:, 1] += np.where(side, -16, 16)
    study = np.tile(np.arange(n_studies).repeat(3), 2)
    if weights is None:
        has = np.c_[left, left, left, ~left, ~left, ~left]
        weights = has != (rng.random(has.shape) < flipped)
    ids = pd.DataFrame({"study_id": [str(100 + i) for i in range(n_studies)]})
    return labelled_peaks(np.r_[own, place], study, weights, ids)


def labelled_peaks(xyz, study, weights, studies):
    """Make a database of peaks, and of labels a, b, c and so on."""
    weights = sparse.csc_array(np.asarray(weights, dtype=float))
    labels = tuple(
        chr(97 + i) if weights.shape[1] <= 26 else f"t{i}"
        for i in range(weights.shape[1])
    )
    return Database(
        About("planted", "1"),
        n_studies=len(studies),
        peaks=Peaks.from_columns(xyz, study, study, ["MNI"] * len(study)),
        label_sets=[LabelSet("labels", labels, weights)],
        tables={"studies": lambda: studies},
    )


@pytest.fixture(scope="module")
def dense():
    return dense_activations(XYZ, STUDY, N_STUDIES, MASK, 6.0)


def profiles(order=None, *, block_size=64):
    """Give the profiles, of studies in another order if one is given."""
    order = np.arange(N_STUDIES) if order is None else order
    places = np.argsort(order)  # study order[i] comes as the i-th
    activations = build_activations(
        XYZ, places[STUDY], N_STUDIES, mask=MASK, radius_mm=6.0, block_size=block_size
    )
    columns = LabelColumns.from_masks(TERMS[:, order])
    return Profiles.of(activations, VOXELS, TARGET, columns)


def features(made, by, counted=COUNTED, n_jobs=1):
    found = made.features(by, counted, n_jobs=n_jobs, progress=False)
    return found.toarray() if sparse.issparse(found) else found


def slow_features(dense, by, counted):
    """Go through all pairs of voxels and columns, with SciPy's chi-square."""
    active, terms = dense[counted], TERMS[:, counted].T
    if by == "studies":
        return active[:, VOXELS].T
    others = active[:, TARGET] if by == "coactivation" else terms
    z = np.zeros((len(VOXELS), others.shape[1]))
    for i, voxel in enumerate(VOXELS):
        own = active[:, voxel]
        for j, other in enumerate(others.T):
            both = np.count_nonzero(own & other)
            z[i, j] = association_z(both, own.sum(), other.sum(), len(own))
    rows = [row - row.mean() for row in z]
    sizes = [np.sqrt(sum(row**2)) for row in rows]
    return np.array([r / s if s else r for r, s in zip(rows, sizes, strict=True)])


# ---------------------------------------------------------------------- against arrays


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("by", PROFILES)
def test_features_are_those_of_dense_arrays(dense, by, everything):
    counted = np.ones(N_STUDIES, bool) if everything else COUNTED
    counted &= dense.any(axis=1)
    found = features(profiles(), by, counted)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slow_features(dense, by, counted), atol=3e-6)
    assert np.abs(found).max() > 0.3


@pytest.mark.parametrize("by", ["coactivation", "terms"])
def test_rows_have_mean_zero_and_length_one(by):
    found = features(profiles(), by).astype(float)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert len(np.unique(found, axis=0)) > 15


@pytest.mark.parametrize("by", PROFILES)
def test_studies_that_are_not_counted_change_nothing(by):
    moved = XYZ.copy()
    moved[~COUNTED[STUDY]] = 0
    other = build_activations(moved, STUDY, N_STUDIES, mask=MASK, radius_mm=6.0)
    terms = LabelColumns.from_masks(TERMS & COUNTED)
    made = Profiles.of(other, VOXELS, TARGET, terms)
    np.testing.assert_array_equal(features(made, by), features(profiles(), by))


@given(st.permutations(range(N_STUDIES)), st.sampled_from([1, 7, 40, 64]))
def test_order_of_studies_and_size_of_blocks_do_not_matter(order, block_size):
    order = np.array(order)
    made, usual = profiles(order, block_size=block_size), profiles()
    for by in ("coactivation", "terms"):
        found = features(made, by, COUNTED[order])
        np.testing.assert_array_equal(found, features(usual, by))
    counted = np.ones(N_STUDIES, bool)
    found = features(made, "studies", counted)
    np.testing.assert_array_equal(found, features(usual, "studies", counted)[:, order])


def test_threads_do_not_matter():
    one, two = (features(profiles(), "coactivation", n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("by", PROFILES)
def test_a_voxel_without_a_counted_study_has_an_empty_row(dense, by):
    counted = ~dense[:, VOXELS[4]]
    found = features(profiles(), by, counted)
    assert not found[4].any()
    assert np.count_nonzero(found.any(axis=1)) > 15


@given(
    st.floats(-40, 40, width=32),
    st.integers(1, 300),
    st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=9),
)
def test_a_row_of_one_value_tells_nothing(value, n, other):
    # the mean of equal numbers can differ from them in the last digit
    assert not _standard(np.full((1, n), value, np.float32)).any()
    row = np.asarray([other], np.float32)
    if np.ptp(row) > 0.1:
        assert np.linalg.norm(_standard(row)) == pytest.approx(1, abs=1e-5)


# ----------------------------------------------------------------------------- reduced


def distances(points):
    points = np.asarray(points, float)
    return np.linalg.norm(points[:, None] - points[None], axis=2)


def low_rank(rng, rank=4, shape=(40, 90)):
    made = rng.normal(size=(shape[0], rank)) @ rng.normal(size=(rank, shape[1]))
    return made.astype(np.float32)


def test_pca_keeps_the_distances_of_what_has_few_dimensions():
    values = low_rank(np.random.default_rng(0))
    found = reduced(values.copy(), None, 4, 0)
    assert (found.shape, found.dtype) == ((40, 4), np.float32)
    np.testing.assert_allclose(distances(found), distances(values), rtol=1e-3)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    less = reduced(values.copy(), None, 2, 0)
    np.testing.assert_allclose(np.abs(less), np.abs(found[:, :2]), atol=0.02)


def test_sparse_features_are_not_made_dense():
    values = np.random.default_rng(0).random((30, 50)) < 0.2
    matrix = sparse.csr_array(values.astype(np.float32))
    found = reduced(matrix, None, 3, 0)
    u, s, _ = np.linalg.svd(values.astype(float))
    np.testing.assert_allclose(np.abs(found), np.abs(u[:, :3] * s[:3]), atol=0.02)
    np.testing.assert_array_equal(reduced(matrix, None, None, 0), values)


@pytest.mark.parametrize("n", [8, 1000])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_no_more_components_than_there_can_be(make, n):
    values = np.random.default_rng(0).random((9, 20)).astype(np.float32)
    assert reduced(make(values), None, n, 0).shape == (9, 8)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_one_feature_stays_one(make):
    values = np.arange(9, dtype=np.float32)[:, None]
    assert reduced(make(values), None, 50, 0).shape == (9, 1)


def test_none_is_no_reduction_and_a_reducer_is_not_changed():
    values = np.random.default_rng(0).random((9, 20)).astype(np.float32)
    np.testing.assert_array_equal(reduced(values, None, None, 0), values)
    reducer = NMF(3, max_iter=2000, random_state=0)
    found = reduced(values, reducer, None, 0)
    assert (found.shape, found.dtype) == ((9, 3), np.float32)
    assert not hasattr(reducer, "components_")
    same = reducer.fit_transform(values)
    np.testing.assert_allclose(found, same, rtol=1e-5)

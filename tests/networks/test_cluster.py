"""Clusters: numbered by size, found by each algorithm, and compared between halves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_samples
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.networks._cluster import (
    ALGORITHMS,
    check_algorithm,
    clustered,
    silhouette,
    split_half,
)
from tests.oracles import quietly


class Given(ClusterMixin, BaseEstimator):
    """Answer with the first column."""

    def __init__(self, n_clusters=2):
        self.n_clusters = n_clusters

    def fit_predict(self, points):
        return points[:, 0].astype(int)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # threads that wait for each other are slower than one, for a few points
    with threadpool_limits(1):
        yield


def blobs(sizes, seed=0):
    """Make well separated clusters, in random order; give their members."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres = 20.0 * np.eye(len(sizes))
    noise = rng.normal(0, 1, (len(truth), len(sizes)))
    return (centres[truth] + noise).astype(np.float32), truth


@pytest.mark.parametrize("algorithm", ["kmeans", "agglomerative"])
def test_clusters_are_found_and_the_largest_is_the_first(algorithm):
    points, truth = blobs([20, 45, 30])
    found = clustered(points, 3, algorithm, 0)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, np.array([3, 1, 2])[truth])


def test_spectral_finds_what_is_no_ball():
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    ring = np.c_[np.cos(angle), np.sin(angle)].astype(np.float32)
    points = np.r_[ring[:200] * 2, ring * 1.2]
    truth = np.repeat([2, 1], [200, 240])
    found = quietly(clustered, points, 2, "spectral", 0)
    np.testing.assert_array_equal(found, truth)
    assert adjusted_rand_score(clustered(points, 2, "kmeans", 0), truth) < 0.2


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n", [4, 12, 15, 16])
def test_few_points_can_be_clustered(algorithm, n):
    points, _ = blobs([n // 2, n - n // 2])
    assert set(clustered(points, 2, algorithm, 0)) == {1, 2}


def test_clean_parts_are_no_reason_for_a_warning():
    points, truth = blobs([40, 50])  # no neighbours in common
    assert adjusted_rand_score(clustered(points, 2, "spectral", 0), truth) == 1


@given(st.lists(st.integers(-3, 5), min_size=1, max_size=40))
def test_numbers_are_by_size_then_by_place(codes):
    points = np.array(codes, np.float32)[:, None]
    found = clustered(points, 2, Given(), 0)
    sizes = {c: codes.count(c) for c in codes}
    order = sorted(sizes, key=lambda c: (-sizes[c], codes.index(c)))
    assert found.tolist() == [order.index(c) + 1 for c in codes]


def test_a_clusterer_of_ones_own_is_used_with_each_k_and_not_changed():
    points, _ = blobs([30, 25, 20, 15])
    own = AgglomerativeClustering(n_clusters=9, linkage="single")
    for k in (2, 3, 4):
        assert clustered(points, k, own, 0).max() == k
    assert own.n_clusters == 9
    assert not hasattr(own, "labels_")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_seed_gives_the_same_clusters(algorithm):
    points = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    one, two = (clustered(points, 4, algorithm, 5, n_init=1) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_another_seed_starts_elsewhere():
    points = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32)
    found = {clustered(points, 4, "kmeans", s, n_init=1).tobytes() for s in range(6)}
    assert len(found) > 1


BAD = ["k-means", "", None, 3, KMeans, DBSCAN(), GaussianMixture(), object()]


@pytest.mark.parametrize("algorithm", BAD, ids=lambda bad: repr(bad).split(" at ")[0])
def test_what_cannot_cluster_is_refused(algorithm):
    with pytest.raises(OptionError, match=r"algorithm must be one of .*n_clusters|got"):
        check_algorithm(algorithm)


@pytest.mark.parametrize("algorithm", [*ALGORITHMS, KMeans(), Given()], ids=repr)
def test_what_can_cluster_is_taken(algorithm):
    check_algorithm(algorithm)


# -------------------------------------------------------------------------- silhouette


def test_silhouettes_are_scikit_learns():
    points = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    labels = clustered(points, 3, "kmeans", 0)
    expected = silhouette_samples(points, labels).mean()
    assert silhouette(points, labels, 0) == pytest.approx(expected, abs=1e-6)
    clean, truth = blobs([40, 50])
    assert silhouette(clean, truth + 1, 0) > 0.9


def test_many_points_are_sampled():
    points = np.random.default_rng(0).normal(size=(2_600, 2)).astype(np.float32)
    labels = clustered(points, 3, "kmeans", 0)
    expected = silhouette_samples(points, labels).mean()
    one, two = (silhouette(points, labels, seed) for seed in (0, 1))
    assert one != two
    assert [one, two] == pytest.approx([expected] * 2, abs=0.01)
    assert silhouette(points, labels, 0) == one


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_cluster_is_not_lost_in_the_sample(seed):
    points = np.random.default_rng(0).normal(size=(3_000, 2)).astype(np.float32)
    labels = np.ones(3_000, np.int64)
    labels[7] = 2
    assert -1 <= silhouette(points, labels, seed) <= 1


# -------------------------------------------------------------------------- split_half


class Recorder:
    """Give points, and remember for which studies."""

    def __init__(self, points):
        self.points, self.asked = points, []

    def __call__(self, studies):
        self.asked.append(studies.copy())
        return self.points(studies)


def test_halves_are_two_separate_halves_of_what_is_counted():
    points, _ = blobs([20, 30])
    counted = np.random.default_rng(0).random(41) < 0.6
    recorder = Recorder(lambda _: points)
    found = split_half(recorder, counted, [2, 3], "kmeans", n_splits=3, seed=1)
    assert len(recorder.asked) == 6
    assert found[2] == [1.0, 1.0, 1.0]
    assert len(found[3]) == 3
    halves = {half.tobytes() for half in recorder.asked}
    assert len(halves) == 6
    for one, two in zip(recorder.asked[::2], recorder.asked[1::2], strict=True):
        np.testing.assert_array_equal(one | two, counted)
        assert not (one & two).any()
        assert one.sum() == counted.sum() // 2


def test_halves_are_by_the_seed_and_more_splits_add_to_fewer():
    points = Recorder(
        lambda studies: np.random.default_rng(studies.astype(int)).normal(size=(60, 2))
    )
    counted = np.ones(30, bool)

    def found(n_splits, seed):
        return split_half(points, counted, [3], "kmeans", n_splits=n_splits, seed=seed)

    assert found(4, 0)[3][:2] == found(2, 0)[3]
    assert found(2, 0) != found(2, 1)
    assert found(0, 0) == {3: []}
    assert abs(np.mean(found(4, 0)[3])) < 0.1  # each half has points of its own


def test_agreement_is_the_adjusted_rand_index():
    rng = np.random.default_rng(0)
    sets = [rng.integers(0, 3, 50), rng.integers(0, 3, 50)]
    sets[1][:30] = sets[0][:30]
    expected = adjusted_rand_score(*sets)
    answers = iter(sets)
    found = split_half(
        lambda _: np.asarray(next(answers), float)[:, None],
        *(np.ones(10, bool), [3], Given()),
        n_splits=1,
        seed=0,
    )
    assert found == {3: [pytest.approx(expected)]}
    assert 0.1 < expected < 0.9

"""Clusters of voxels, by scikit-learn, and how far they can be believed."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray

ALGORITHMS = ("kmeans", "agglomerative", "spectral")
"""Names of clustering algorithms."""

_MOST_SAMPLED = 2_000
_STARTS_OF_HALVES = 4
_NEIGHBOURS = 15


def check_algorithm(algorithm: Any) -> None:
    """Raise an OptionError unless points can be clustered by it."""
    if isinstance(algorithm, str):
        known = algorithm in ALGORITHMS
    elif isinstance(algorithm, type) or not hasattr(algorithm, "get_params"):
        known = False
    else:
        has_k = "n_clusters" in algorithm.get_params()
        known = has_k and hasattr(algorithm, "fit_predict")
    if not known:
        raise OptionError(
            f"algorithm must be one of {', '.join(ALGORITHMS)} or a clusterer of "
            f"scikit-learn that has n_clusters, got {algorithm!r}."
        )


def clustered(
    points: NDArray[np.float32],
    k: int,
    algorithm: Any,
    seed: int,
    *,
    n_init: int = 10,
) -> NDArray[np.int64]:
    """Put points into k clusters.

    Parameters
    ----------
    points : ndarray of float32, shape (n_points, n_dimensions)
        What is clustered.
    k : int
        How many clusters.
    algorithm : str or scikit-learn clusterer
        One of :data:`ALGORITHMS`.
    seed : int
        Of those that start at random.
    n_init : int
        How often k-means starts.

    Returns
    -------
    ndarray of int64, shape (n_points,)
        From 1; the largest cluster is the first. Fewer than k where fewer points
        differ.
    """
    clusterer = _clusterer(algorithm, k, seed, n_init, len(points))
    with warnings.catch_warnings():
        if isinstance(algorithm, str):
            # parts without common neighbours are what is looked for, and too few
            # clusters are seen from the labels
            warnings.filterwarnings("ignore", "Graph is not fully connected")
            warnings.filterwarnings("ignore", "Number of distinct clusters")
        found = clusterer.fit_predict(points)
    _, first, codes, sizes = np.unique(
        found, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -sizes))  # equally large ones: as they come
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    return np.asarray(rank[codes])


def _clusterer(algorithm: Any, k: int, seed: int, n_init: int, n_points: int) -> Any:
    if not isinstance(algorithm, str):
        from sklearn.base import clone

        return clone(algorithm).set_params(n_clusters=k)
    if algorithm == "kmeans":
        from sklearn.cluster import KMeans

        return KMeans(k, n_init=n_init, random_state=seed)
    if algorithm == "spectral":
        from sklearn.cluster import SpectralClustering

        return SpectralClustering(
            k,
            affinity="nearest_neighbors",
            n_neighbors=min(_NEIGHBOURS, max(2, n_points // 2)),
            random_state=seed,
        )
    from sklearn.cluster import AgglomerativeClustering

    return AgglomerativeClustering(k)


def silhouette(
    points: NDArray[np.float32], labels: NDArray[np.int64], seed: int
) -> float:
    """Say how distinct clusters are, of two thousand points at most, -1 to 1."""
    from sklearn.metrics import silhouette_score

    chosen = np.random.default_rng(seed).permutation(len(points))[:_MOST_SAMPLED]
    # a cluster of a few voxels would be missed, and with it all that there is to say
    _, first = np.unique(labels, return_index=True)
    chosen = np.union1d(chosen, first)
    return float(silhouette_score(points[chosen], labels[chosen]))


def split_half(
    points: Callable[[BoolArray], NDArray[np.float32]],
    counted: BoolArray,
    ks: Sequence[int],
    algorithm: Any,
    *,
    n_splits: int,
    seed: int,
) -> dict[int, list[float]]:
    """Compare clusters that are found in two halves of the studies.

    Parameters
    ----------
    points : callable
        Gives the points for some studies (ndarray of bool, shape (n_studies,)).
    counted : ndarray of bool, shape (n_studies,)
        Studies that are halved.
    ks : sequence of int
        Numbers of clusters.
    algorithm : str or scikit-learn clusterer
        See :func:`clustered`.
    n_splits : int
        How often studies are halved.
    seed : int
        Of halves and clusters.

    Returns
    -------
    dict of int to list of float
        Adjusted Rand index of both halves, for each k and split.
    """
    from sklearn.metrics import adjusted_rand_score

    found: dict[int, list[float]] = {k: [] for k in ks}
    studies = np.flatnonzero(counted)
    for split in range(n_splits):
        generator = np.random.default_rng([seed, split])
        half = np.zeros(len(counted), dtype=bool)
        chosen = generator.permutation(studies)[: len(studies) // 2]
        half[chosen] = True
        both = [points(half), points(counted & ~half)]
        for k in ks:
            one, two = (
                clustered(p, k, algorithm, seed, n_init=_STARTS_OF_HALVES) for p in both
            )
            found[k].append(float(adjusted_rand_score(one, two)))
    return found

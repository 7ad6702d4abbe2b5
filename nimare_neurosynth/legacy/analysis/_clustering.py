"""Reducing and clustering voxels by what studies activate, without dense brains."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import EmptySelectionError, OptionError, warn
from nimare_neurosynth.legacy.analysis._parts import check_choice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth.legacy.base.dataset import Dataset

REDUCERS = ("pca", "ica")
_AT_ONCE = 2_000


def check_reducer(reducer: Any) -> None:
    """Raise an OptionError unless features can be reduced by it."""
    if isinstance(reducer, str):
        check_choice("reduce_reference", reducer, REDUCERS)
    elif reducer is not None and (
        isinstance(reducer, type) or not hasattr(reducer, "fit_transform")
    ):
        raise OptionError(
            "reduce_reference must be 'pca', 'ica', None or an object with "
            f"fit_transform(), got {reducer!r}."
        )


def check_metric(metric: Any) -> None:
    """Raise an OptionError unless scikit-learn knows this distance."""
    from sklearn.metrics.pairwise import PAIRWISE_DISTANCE_FUNCTIONS
    from sklearn.neighbors import VALID_METRICS

    if not callable(metric):
        known = {*VALID_METRICS["brute"], *PAIRWISE_DISTANCE_FUNCTIONS}
        check_choice("distance_metric", metric, sorted(known - {"precomputed"}))


def principal_components(matrix: Any, n: int) -> NDArray[Any]:
    """Give the first principal components of the rows of a matrix.

    Parameters
    ----------
    matrix : csr_array or ndarray, shape (n_rows, n_columns)
        Of a sparse one, all but its product with a vector stays sparse.
    n : int
        At most as many as there are.

    Returns
    -------
    ndarray of float, shape (n_rows, n)
        Exact (by ARPACK) for a sparse matrix.
    """
    from sklearn.decomposition import PCA

    few = min(matrix.shape)
    if not hasattr(matrix, "toarray"):
        if not np.ptp(matrix, axis=0).any():
            raise EmptySelectionError(
                "the voxels do not differ: there is nothing to cluster them by."
            )
        return np.asarray(PCA(min(n, few)).fit_transform(matrix))
    # centred rows have one dimension less: what ARPACK cannot find is not there
    n = min(n, few - 1)
    if n < 1:
        raise EmptySelectionError(
            f"{matrix.shape[0]:,} x {matrix.shape[1]:,} voxels and studies are too few "
            "for principal components."
        )
    # whole numbers below 2^24: float32 has them exactly, in half of the memory
    model = PCA(n, svd_solver="arpack")
    return np.asarray(model.fit_transform(matrix.astype(np.float32)), dtype=np.float64)


def reduced(matrix: Any, reducer: Any, n_components: int) -> Any:
    """Reduce the columns of a matrix (sparse or not) by what was asked for."""
    if reducer is None:
        return matrix
    if not isinstance(reducer, str):
        return np.asarray(reducer.fit_transform(dense(matrix)))
    components = principal_components(matrix, n_components)
    if reducer == "pca":
        return components
    from sklearn.decomposition import FastICA

    # independent components are found among the first principal ones
    model = FastICA(components.shape[1], whiten="unit-variance")
    return np.asarray(model.fit_transform(components))


def dense(matrix: Any) -> NDArray[np.float64]:
    """Give a matrix as an array of float64."""
    whole = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    return np.asarray(whole, dtype=np.float64)


def distances(voxels: csr_array, reference: Any, metric: Any) -> NDArray[np.float64]:
    """Compute how far voxels are from each row of a reference.

    Parameters
    ----------
    voxels : csr_array, shape (n_voxels, n_studies)
    reference : csr_array or ndarray, shape (n_reference, n_studies)
    metric : str or callable
        As for scikit-learn.

    Returns
    -------
    ndarray of float64, shape (n_voxels, n_reference)
    """
    from sklearn.metrics import pairwise_distances
    from tqdm.auto import tqdm

    size = (voxels.shape[0], reference.shape[0])
    out = np.empty(size)
    with tqdm(total=size[0] * size[1], desc="Distances", delay=2) as bar:
        for first in range(0, size[0], _AT_ONCE):
            some = dense(voxels[first : first + _AT_ONCE])
            for begin in range(0, size[1], _AT_ONCE):
                others = dense(reference[begin : begin + _AT_ONCE])
                with np.errstate(divide="ignore", invalid="ignore"):
                    found = pairwise_distances(some, others, metric=metric)
                out[first : first + len(some), begin : begin + len(others)] = found
                bar.update(found.size)
    return out


def clusterer_of(
    algorithm: Any, n_clusters: int, options: dict[str, Any]
) -> tuple[Any, bool]:
    """Make a clustering object; those given are used as they are.

    Returns
    -------
    clusterer : object
    named : bool
        Whether it has ``n_clusters`` because it was named.
    """
    from sklearn import cluster

    if not isinstance(algorithm, str):
        if isinstance(algorithm, type) or not hasattr(algorithm, "fit_predict"):
            raise OptionError(
                "clustering_algorithm must be 'kmeans', 'minik' or an object with "
                f"fit_predict(), got {algorithm!r}."
            )
        return algorithm, False
    known = {
        # as often as k-means started when this was the default
        "kmeans": (cluster.KMeans, {"n_init": 10}),
        "minik": (cluster.MiniBatchKMeans, {"n_init": 3}),
    }
    check_choice("clustering_algorithm", algorithm, known)
    made, defaults = known[algorithm]
    try:
        return made(n_clusters, **(defaults | options)), True
    except TypeError as error:
        raise OptionError(f"clustering_kwargs cannot be used: {error}.") from error


@contextmanager
def told_by_sklearn() -> Iterator[None]:
    """Turn what scikit-learn says of options and data into our own error."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Number of distinct clusters")
            yield
    except (TypeError, ValueError) as error:
        if isinstance(error, OptionError | EmptySelectionError):
            raise
        raise OptionError(f"scikit-learn refuses this: {error}") from error


def labelled(clusterer: Any, points: NDArray[np.float64]) -> NDArray[np.int16]:
    """Cluster points: labels from 1 on, 0 for those that are in no cluster.

    Points that are not finite, of voxels whose distance from others is not defined, are
    in none.
    """
    usable = np.isfinite(points).all(axis=1)
    if not usable.any():
        raise EmptySelectionError(
            "no voxel can be clustered: none of them is active in any of the studies."
        )
    if left_out := int(np.count_nonzero(~usable)):
        warn(
            f"{left_out:,} of {len(points):,} voxels have no defined distance from the "
            "others, since no study (or every one) activates them, and are left out. "
            "min_studies_per_voxel=1 leaves them out as well."
        )
    labels = np.zeros(len(points), dtype=np.int16)
    with told_by_sklearn():
        labels[usable] = np.asarray(clusterer.fit_predict(points[usable])) + 1
    return labels


def save_coactivation(
    dataset: Dataset,
    labels: NDArray[Any],
    threshold: float,
    folder: Path,
    prefix: str,
) -> None:
    """Write the maps of the studies that activate each cluster.

    Parameters
    ----------
    dataset : Dataset
    labels : ndarray, shape (n_volume,)
        The cluster of each voxel of the volume, 0 for none.
    threshold : float or int
        As ``activation_threshold`` of :meth:`Dataset.get_studies`.
    folder : Path
    prefix : str
        With ``%d`` for the number of the cluster.
    """
    from nimare_neurosynth.legacy.analysis.meta import MetaAnalysis

    made = {}
    for label in np.unique(labels[labels > 0]).tolist():
        region = (labels == label).astype(np.int16)
        ids = dataset.get_studies(mask=region, activation_threshold=threshold)
        if not len(ids):
            warn(
                f"no study activates so much of cluster {label} (a threshold of "
                f"{threshold:g}): it has no coactivation images."
            )
            continue
        made[label] = MetaAnalysis(dataset, ids)
    for label, maps in made.items():
        maps.save_results(folder, prefix=prefix % label)

"""The clustering of versions 0.2 and 0.3, before there was ``magic``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.io import write_atomic
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy.analysis._clustering import (
    check_metric,
    labelled,
    save_coactivation,
    told_by_sklearn,
)
from nimare_neurosynth.legacy.analysis._parts import (
    check_choice,
    check_dataset,
    check_whole,
)
from nimare_neurosynth.legacy.analysis.reduce import average_within_regions
from nimare_neurosynth.legacy.base.imageutils import create_grid, write_image

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from nimare_neurosynth.legacy._images import OldImage
    from nimare_neurosynth.legacy.analysis.cluster import Clusterable
    from nimare_neurosynth.legacy.base.dataset import Dataset

_COACTIVATION_THRESHOLD = 0.25


class Clusterer:
    """Clusters of voxels, as in versions 0.2 and 0.3 until 0.3.4.

    Parameters
    ----------
    dataset : Dataset
    algorithm : str, scikit-learn class or object, optional
        ``"ward"``, ``"agglomerative"``, ``"spectral"``, ``"kmeans"``, ``"minik"``,
        ``"affprop"`` or ``"dbscan"``.
    output_dir : str or path
        Where images are written.
    grid_scale : int, optional
        Cluster cubes of so many voxels each way instead of single voxels.
    features, feature_threshold
        Only studies that have these features.
    global_mask : image, optional
        Only voxels inside it.
    roi_mask : image, optional
        The voxels that are clustered.
    distance_mask : image, optional
        The voxels that distances are taken to; those of the region by default.
    min_voxels_per_study, min_studies_per_voxel : int, optional
        Leave out studies with fewer active voxels, voxels with fewer active studies.
    distance_metric : str, optional
        Compute distances at once; see :meth:`create_distance_matrix`.
    **kwargs
        Options of the algorithm.

    Attributes
    ----------
    data, target_data : ndarray of float64, shape (n_voxels, n_studies)
        The voxels or cubes that are clustered, and those that distances are taken to.
    distance_matrix : ndarray of float64

    Notes
    -----
    Kept are the signature above (that of version 0.2), and ``cluster``,
    ``set_algorithm`` and ``create_distance_matrix``, with the names of their files. Not
    kept are the options that other versions had instead (``voxel_parcellation``,
    ``reference_mask``, ``cluster_on``, ...), for which there is :func:`magic`,
    pictures, and ``bundle``, which copied the masks. Minima count what their names
    say; the old class never applied ``min_voxels_per_study``.
    """

    @old("Clusterer")
    def __init__(
        self,
        dataset: Dataset,
        algorithm: Any = None,
        output_dir: str | PathLike[str] = ".",
        grid_scale: int | None = None,
        features: Any = None,
        feature_threshold: float = 0.0,
        global_mask: Any = None,
        roi_mask: Any = None,
        distance_mask: Any = None,
        min_voxels_per_study: int | None = None,
        min_studies_per_voxel: int | None = None,
        distance_metric: Any = None,
        **kwargs: Any,
    ) -> None:
        from nimare_neurosynth.legacy.analysis.cluster import Clusterable

        check_dataset(dataset)
        if grid_scale is not None:
            check_whole("grid_scale", grid_scale)
        if distance_metric is not None:
            check_metric(distance_metric)
        self.set_algorithm(algorithm, **kwargs)
        self.dataset, self.output_dir = dataset, Path(output_dir)
        limits = (features, feature_threshold)
        least = (min_voxels_per_study, min_studies_per_voxel)
        roi = _both(dataset, roi_mask, global_mask)
        self.voxels = Clusterable(dataset, roi, *limits, *least)
        self.masker = self.voxels.masker
        self.data, self._cell_of = _cells(self.voxels, grid_scale)
        self.target_data = None
        if distance_mask is not None:
            target = _both(dataset, distance_mask, global_mask)
            other = Clusterable(dataset, target, *limits, *least)
            self.target_data = _cells(other, grid_scale)[0]
        self.distance_matrix: NDArray[np.float64] | None = None
        if distance_metric is not None:
            self.create_distance_matrix(distance_metric)

    def create_distance_matrix(
        self,
        distance_metric: Any = "jaccard",
        affinity: bool = False,
        figure_file: Any = None,
        distance_file: Any = None,
    ) -> None:
        """Compute the distances between voxels, or to those of the distance mask.

        Parameters
        ----------
        distance_metric : str or callable
            Of :func:`sklearn.metrics.pairwise_distances`.
        affinity : bool
            Take 1 minus the distance instead.
        figure_file
            Not used.
        distance_file : str or path, optional
            Also write them there, as text.
        """
        from sklearn.metrics import pairwise_distances

        check_metric(distance_metric)
        # of 0 and 1 only, these compare what is there and what is not
        binary = distance_metric == "jaccard" and self._cell_of is None
        data, target = self.data, self.target_data
        if binary:
            data = data.astype(bool)
            target = None if target is None else target.astype(bool)
        with told_by_sklearn(), np.errstate(divide="ignore", invalid="ignore"):
            found = pairwise_distances(data, target, metric=distance_metric)
        self.distance_matrix = 1 - found if affinity else found
        if distance_file is not None:
            text = io.StringIO()
            np.savetxt(text, self.distance_matrix)
            write_atomic(Path(distance_file), text.getvalue().encode())

    def set_algorithm(self, algorithm: Any, **kwargs: Any) -> None:
        """Choose the algorithm, with its options."""
        self.algorithm = algorithm
        self.clusterer: Any = None
        if algorithm is None:
            if kwargs:
                raise OptionError(f"{next(iter(kwargs))!r} is no option of Clusterer.")
            return
        made = algorithm
        if isinstance(algorithm, str):
            known = _algorithms()
            check_choice("algorithm", algorithm, known)
            made, defaults = known[algorithm]
            kwargs = defaults | kwargs
        elif not hasattr(algorithm, "fit_predict"):
            raise OptionError(f"algorithm has no fit_predict(): {algorithm!r}.")
        else:
            self.algorithm = getattr(
                algorithm, "__name__", type(algorithm).__name__
            ).lower()
        if not isinstance(made, type):
            self.clusterer = made
            return
        try:
            self.clusterer = made(**kwargs)
        except TypeError as error:
            raise OptionError(
                f"options of {self.algorithm} cannot be used: {error}. Those that "
                "other versions of Clusterer had are options of magic() by now."
            ) from error

    def cluster(
        self,
        algorithm: Any = None,
        n_clusters: Any = 10,
        save_images: bool = True,
        precomputed_distances: bool = False,
        bundle: bool = False,
        coactivation_maps: bool = False,
        **kwargs: Any,
    ) -> OldImage | list[OldImage]:
        """Cluster, and write images of the clusters.

        Parameters
        ----------
        algorithm
            Instead of the one that was chosen before.
        n_clusters : int or list of int
            One after another.
        save_images : bool
            Write ``{algorithm}_k{n}/cluster_labels.nii.gz`` into the output folder.
        precomputed_distances : bool
            Cluster by :attr:`distance_matrix`.
        bundle
            Not used.
        coactivation_maps : bool
            Also write the images of a meta-analysis of the studies that activate a
            quarter of each cluster, into the folder ``coactivation`` beside it.
        **kwargs
            Options of the algorithm.

        Returns
        -------
        OldImage or list of OldImage
            Clusters from 1 on, 0 elsewhere; a list where ``n_clusters`` is one.
        """
        if algorithm is not None:
            self.set_algorithm(algorithm, **kwargs)
        elif kwargs:
            raise OptionError(
                f"{next(iter(kwargs))!r} is an option of an algorithm: name that too."
            )
        if self.clusterer is None:
            raise OptionError(f"name an algorithm: one of {', '.join(_algorithms())}.")
        single = isinstance(n_clusters, int | np.integer)
        ks = [
            check_whole("n_clusters", k) for k in ([n_clusters] * single or n_clusters)
        ]
        points = self._points(precomputed_distances)
        made = []
        for k in ks:
            if hasattr(self.clusterer, "n_clusters"):
                self.clusterer.n_clusters = k
            labels = labelled(self.clusterer, points)
            if self._cell_of is not None:
                labels = labels[self._cell_of]
            made.append(self.voxels.image_of(labels))
            if save_images:
                self._save(made[-1], coactivation_maps)
        return made[0] if single else made

    def _points(self, precomputed: bool) -> NDArray[np.float64]:
        if not precomputed:
            return self.data
        if self.distance_matrix is None:
            raise OptionError(
                "there are no distances: call create_distance_matrix(), or name a "
                "distance_metric."
            )
        for name in ("affinity", "metric"):  # others take distances for coordinates
            if hasattr(self.clusterer, name):
                setattr(self.clusterer, name, "precomputed")
        return self.distance_matrix

    def _save(self, image: OldImage, coactivation: bool) -> None:
        labels = image.get_data().ravel()
        n = len(np.unique(labels[labels > 0]))
        folder = self.output_dir / f"{self.algorithm}_k{n}"
        folder.mkdir(parents=True, exist_ok=True)
        write_image(folder / "cluster_labels.nii.gz", image)
        if coactivation:
            save_coactivation(
                self.dataset,
                labels,
                _COACTIVATION_THRESHOLD,
                folder / "coactivation",
                "cluster_%d",
            )


def _algorithms() -> dict[str, tuple[Any, dict[str, Any]]]:
    from sklearn import cluster

    return {
        "ward": (cluster.AgglomerativeClustering, {"linkage": "ward"}),
        # ward's linkage, scikit-learn's default, cannot take distances
        "agglomerative": (cluster.AgglomerativeClustering, {"linkage": "average"}),
        "spectral": (cluster.SpectralClustering, {}),
        "kmeans": (cluster.KMeans, {"n_init": 10}),
        "minik": (cluster.MiniBatchKMeans, {"n_init": 3}),
        "affprop": (cluster.AffinityPropagation, {}),
        "dbscan": (cluster.DBSCAN, {}),
    }


def _both(dataset: Dataset, one: Any, other: Any) -> Any:
    """Give the voxels that are in both masks, as a volume; None for no mask."""
    masks = [
        dataset.masker.get_image(m, "array") for m in (one, other) if m is not None
    ]
    if not masks:
        return None
    inside = np.all([np.nan_to_num(m) != 0 for m in masks], axis=0)
    return np.asarray(inside, dtype=np.int16)


def _cells(
    part: Clusterable, scale: int | None
) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """Average voxels within the cells of a grid, and say in which each voxel is."""
    if scale is None:
        return part.data, None
    grid = part.masker.mask(create_grid(part.masker.volume, scale), layers=part.layers)
    _, cell_of = np.unique(grid, return_inverse=True)
    return average_within_regions(part.data, grid), cell_of

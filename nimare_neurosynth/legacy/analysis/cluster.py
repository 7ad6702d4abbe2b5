"""Clusters of voxels that are active in the same studies, or coactivate alike."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nimare_neurosynth.errors import EmptySelectionError, OptionError
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.analysis._clusterer import Clusterer
from nimare_neurosynth.legacy.analysis._clustering import (
    check_metric,
    check_reducer,
    clusterer_of,
    dense,
    distances,
    labelled,
    reduced,
    save_coactivation,
    told_by_sklearn,
)
from nimare_neurosynth.legacy.analysis._parts import (
    check_choice,
    check_dataset,
    check_whole,
    part_of,
)
from nimare_neurosynth.legacy.base.imageutils import write_image
from nimare_neurosynth.meta import totals_within

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.legacy.base.dataset import Dataset

__all__ = ["Clusterable", "Clusterer", "magic"]

METHODS = ("coactivation", "studies", "features")
_LEAST_WEIGHT = 0.001


class Clusterable:
    """Activations of some voxels in some studies.

    Parameters
    ----------
    dataset : Dataset
    mask : image, optional
        Voxels.
    features : str or sequence of str, optional
        Studies that have these features.
    feature_threshold : float, optional
        At this weight or more; 0.001 by default.
    min_voxels : int, optional
        Leave out studies with fewer active voxels.
    min_studies : int, optional
        Leave out voxels that fewer studies activate.

    Attributes
    ----------
    data : ndarray of float64, shape (n_voxels, n_studies)
        Made when it is first looked at: 26 GB for the whole brain in version 7.
    active : csr_array of bool, shape (n_voxels, n_studies)
        The same, sparse, as it was before any :meth:`transform`.
    ids : ndarray
        Of the studies.
    masker : Masker
        A copy of the Dataset's, with the layers ``voxels`` and ``roi``.

    Raises
    ------
    EmptySelectionError, ImageError, OptionError
        If no study or voxel is left, or something cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> from nimare_neurosynth.legacy import Dataset
    >>> part = Clusterable(Dataset(load_demo()), min_studies=20)
    >>> bool((part.data.sum(axis=1) >= 20).all())
    True
    """

    @old("Clusterable")
    def __init__(
        self,
        dataset: Dataset,
        mask: Any = None,
        features: Any = None,
        feature_threshold: float | None = None,
        min_voxels: int | None = None,
        min_studies: int | None = None,
    ) -> None:
        check_dataset(dataset)
        for name, least in (("min_voxels", min_voxels), ("min_studies", min_studies)):
            if least is not None:
                check_whole(name, least, 0)
        self.dataset = dataset
        self.masker = deepcopy(dataset.masker)
        if mask is not None:
            self.masker.add({"roi": mask})
        places = self._studies(features, feature_threshold)
        self._keep_voxels(places, min_studies)
        table = dataset.image_table
        if min_voxels is not None:
            sizes = table.activations().sizes[table.rows[places]]
            places = places[sizes >= min_voxels]
            if not len(places):
                raise EmptySelectionError(
                    f"no study activates {min_voxels:,} voxels or more (min_voxels)."
                )
        inside: BoolArray = self.masker.get_mask(self.layers)
        if not inside.any():
            raise EmptySelectionError(
                "no voxel is left: the mask has none in the brain that is active in "
                f"{min_studies or 0:,} studies or more."
            )
        self.ids = table.ids[places]
        self.active: csr_array = part_of(table, inside, places).T.tocsr()
        self._data: Any = None

    @property
    def layers(self) -> list[str]:
        """The layers of the masker that say which voxels these are."""
        return ["voxels", "roi"]

    def __repr__(self) -> str:
        n, k = self.active.shape
        return f"<Clusterable: {n:,} voxels, {k:,} studies>"

    def _studies(self, features: Any, threshold: float | None) -> NDArray[np.int64]:
        """Find the columns of the studies that have features."""
        table = self.dataset.image_table
        if features is None:
            return np.arange(len(table.ids))
        least = _LEAST_WEIGHT if threshold is None else threshold
        ids = self.dataset.get_studies(features=features, frequency_threshold=least)
        places = table.places(ids)
        if not len(places):
            raise EmptySelectionError(
                f"no study with peaks has {features!r} at a weight of {least:g} or "
                "more."
            )
        return places

    def _keep_voxels(self, places: NDArray[np.int64], least: int | None) -> None:
        """Add a layer of the voxels that enough of the studies activate."""
        if least is None:
            return
        table = self.dataset.image_table
        counted = np.zeros(self.dataset.database.n_studies, dtype=bool)
        counted[table.rows[places]] = True
        enough = totals_within(table.activations(), counted) >= least
        # over the volume: a vector over the brain could be taken for one over a mask
        volume = np.asarray(self.masker.space.to_volume(enough.astype(np.int16)))
        self.masker.add({"voxels": volume})

    @property
    def data(self) -> Any:
        """Activations, or what became of them, as an array."""
        if self._data is None:
            self._data = dense(self.active)
        return self._data

    @data.setter
    def data(self, values: Any) -> None:
        self._data = values

    def transform(self, transformer: Any, transpose: bool = False) -> Self:
        """Transform the data.

        Parameters
        ----------
        transformer : object
            With ``fit_transform()``, as scikit-learn's have.
        transpose : bool
            Transform columns instead of rows.

        Returns
        -------
        Clusterable
            This one.
        """
        check_reducer(transformer)
        if transformer is None or isinstance(transformer, str):
            raise OptionError(f"fit_transform() is needed, got {transformer!r}.")
        with told_by_sklearn():
            made = transformer.fit_transform(self.data.T if transpose else self.data)
        self._data = made.T if transpose else made
        return self

    def image_of(self, labels: NDArray[Any]) -> OldImage:
        """Give labels of the voxels as an image, 0 elsewhere."""
        volume = self.masker.unmask(labels, self.layers)
        image = OldImage.on(volume, self.masker.space.affine)
        image.header["cal_max"], image.header["cal_min"] = labels.max(), labels.min()
        return image


@old("magic")
def magic(
    dataset: Dataset,
    method: str = "coactivation",
    roi_mask: Any = None,
    coactivation_mask: Any = None,
    features: Any = None,
    feature_threshold: float = 0.05,
    min_voxels_per_study: int | None = None,
    min_studies_per_voxel: int | None = None,
    reduce_reference: Any = "pca",
    n_components: int = 100,
    distance_metric: Any = "correlation",
    clustering_algorithm: Any = "kmeans",
    n_clusters: int = 5,
    clustering_kwargs: dict[str, Any] | None = None,
    output_dir: str | PathLike[str] | None = None,
    filename: str | None = None,
    coactivation_images: bool = False,
    coactivation_threshold: float = 0.1,
) -> OldImage:
    """Cut a region into clusters of voxels.

    Parameters
    ----------
    dataset : Dataset
    method : {"coactivation", "studies", "features"}
        Voxels are alike whose activity goes along with the same components of the
        activity elsewhere, that are active in the same studies, or in studies with the
        same features.
    roi_mask : image, optional
        The voxels that are clustered; the whole brain by default.
    coactivation_mask : image, optional
        Where coactivation is looked at; in the whole brain by default.
    features, feature_threshold, min_voxels_per_study, min_studies_per_voxel
        As for :class:`Clusterable`.
    reduce_reference : {"pca", "ica"}, scikit-learn transformer or None
        What reduces the reference before distances are computed. A transformer gets
        it as an array: 26 GB for the whole brain in version 7.
    n_components : int
        Dimensions that ``"pca"`` and ``"ica"`` reduce it to, at most.
    distance_metric : str or callable
        Of :func:`sklearn.metrics.pairwise_distances`, for ``"coactivation"`` only.
    clustering_algorithm : {"kmeans", "minik"} or scikit-learn clusterer
    n_clusters : int
        For an algorithm that is named.
    clustering_kwargs : dict, optional
        Its options, such as ``random_state``.
    output_dir : str or path, optional
        Also write the clusters there.
    filename : str, optional
        ``cluster_labels_k5.nii.gz`` by default, with the number of clusters.
    coactivation_images : bool
        Also write the images of a meta-analysis of the studies that activate each
        cluster, into the folder ``coactivation``.
    coactivation_threshold : float or int
        At least this share, or number, of a cluster's voxels.

    Returns
    -------
    OldImage
        Clusters from 1 on, 0 elsewhere.

    Notes
    -----
    Principal components of the reference are exact and found in its sparse matrix; the
    old package made the matrix dense, and took random approximations of large ones.
    """
    options = dict(clustering_kwargs or {})
    check_choice("method", method, METHODS)
    check_reducer(reduce_reference)
    check_whole("n_components", n_components)
    check_whole("n_clusters", n_clusters)
    check_metric(distance_metric)
    if filename is not None and not str(filename).endswith((".nii", ".nii.gz")):
        raise OptionError(f"filename must end in .nii or .nii.gz, got {filename!r}.")
    clusterer, named = clusterer_of(clustering_algorithm, n_clusters, options)
    limits = (features, feature_threshold, min_voxels_per_study, min_studies_per_voxel)
    roi = Clusterable(dataset, roi_mask, *limits)
    if named and roi.active.shape[0] < n_clusters:
        raise EmptySelectionError(
            f"{roi.active.shape[0]:,} voxels are too few for {n_clusters:,} clusters."
        )
    with told_by_sklearn():
        if method == "coactivation":
            reference = Clusterable(dataset, coactivation_mask, *limits).active
            if reduce_reference is not None:
                reference = reduced(reference.T, reduce_reference, n_components).T
            points = distances(roi.active, reference, distance_metric)
        else:
            own = _by_features(roi) if method == "features" else roi.active
            points = dense(reduced(own, reduce_reference, n_components))
    labels = labelled(clusterer, points)
    image = roi.image_of(labels)
    if output_dir is None:
        return image
    folder = Path(output_dir)
    k = n_clusters if named else len(np.unique(labels[labels > 0]))
    folder.mkdir(parents=True, exist_ok=True)
    write_image(folder / (filename or f"cluster_labels_k{k}.nii.gz"), image)
    if coactivation_images:
        save_coactivation(
            dataset,
            image.get_data().ravel(),
            coactivation_threshold,
            folder / "coactivation",
            "cluster_%d_coactivation",
        )
    return image


def _by_features(roi: Clusterable) -> NDArray[np.float64]:
    """Sum the features of the studies that activate each voxel; studies by their id."""
    table = roi.dataset.feature_table.data
    if not len(table.columns):
        raise OptionError(
            "this Dataset has no features: add some with add_features() first."
        )
    place = {str(study): i for i, study in enumerate(table.index)}
    rows = np.array([place.get(str(study), -1) for study in roi.ids])
    weights = np.where(rows[:, None] < 0, 0.0, table.to_numpy(float)[rows])
    return np.asarray(roi.active.astype(np.float64) @ weights) / len(table)

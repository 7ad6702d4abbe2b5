"""Regions cut into parts that coactivate alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    DEFAULT_THRESHOLD,
    Database,
    Selection,
)
from nimare_neurosynth.decoding import choose_terms
from nimare_neurosynth.errors import EmptySelectionError, OptionError, warn
from nimare_neurosynth.meta import (
    DEFAULT_LEAST,
    choose,
    database_facts,
    need_database,
    software,
    totals_within,
)
from nimare_neurosynth.networks._cluster import (
    check_algorithm,
    clustered,
    silhouette,
    split_half,
)
from nimare_neurosynth.networks._macm import macm
from nimare_neurosynth.networks._parcels import Parcels
from nimare_neurosynth.networks._profiles import PROFILES, Profiles, reduced
from nimare_neurosynth.space import as_mask, region_voxels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.decoding import ChosenTerms, Decoding
    from nimare_neurosynth.meta import Maps
    from nimare_neurosynth.space import ImageLike, Mask

_TARGET_MM = 4.0


@dataclass(frozen=True, eq=False, repr=False)
class Parcellation:
    """A region in two, three or more parts.

    Attributes
    ----------
    database : Database
        Whose studies it was cut by.
    mask : Mask
        The voxels.
    voxels : ndarray of int64, shape (n_region,)
        Voxels of the region that were clustered.
    labels : dict of int to ndarray of int64, shape (n_region,)
        For each number of clusters k, the cluster of each voxel, from 1; the largest is
        the first.
    scores : pandas.DataFrame
        A row for each k: ``k``, ``silhouette`` (how distinct clusters are, -1 to 1) and
        ``split_half`` (adjusted Rand index of clusters found in two halves of the
        studies; 0 by chance, 1 if equal), its standard deviation, and sizes.
    facts : dict
        How it was made.
    counted : ndarray of bool, shape (n_studies,)
        Studies it was cut by.
    """

    database: Database
    mask: Mask
    voxels: NDArray[np.int64]
    labels: dict[int, NDArray[np.int64]]
    scores: pd.DataFrame
    facts: dict[str, Any]
    counted: BoolArray

    @property
    def best_k(self) -> int:
        """The k that two halves of the studies agree on most."""
        known = self.scores["split_half"].notna().any()
        score = self.scores["split_half" if known else "silhouette"].to_numpy()
        return int(self.scores["k"].to_numpy()[int(score.argmax())])

    def values(self, k: int | None = None) -> NDArray[np.int64]:
        """Give the cluster of every voxel of the mask, 0 outside of the region.

        Parameters
        ----------
        k : int, optional
            Number of clusters; :attr:`best_k` by default.

        Returns
        -------
        ndarray of int64, shape (n_voxels,)
        """
        out = np.zeros(self.mask.n_voxels, dtype=np.int64)
        out[self.voxels] = self.labels[self._known(k)]
        return out

    def image(self, k: int | None = None) -> Nifti1Image:
        """Give the clusters as a NIfTI image of whole numbers."""
        return self.mask.to_image(self.values(k).astype(np.int16))

    def parcels(self, k: int | None = None) -> Parcels:
        """Give the clusters as parcels, for every other analysis."""
        values = self.values(k)
        numbers = range(1, self._known(k) + 1)
        return Parcels.of(self.mask, {f"cluster {i}": values == i for i in numbers})

    def table(self, k: int | None = None) -> pd.DataFrame:
        """List the clusters: ``cluster``, ``n_voxels``, ``n_studies``, ``x y z``.

        Studies are those that were counted, and activate a voxel of the cluster.
        """
        import pandas as pd

        parcels = self.parcels(k)
        active = parcels.count_in(self._activations()) > 0
        table = pd.DataFrame({"cluster": parcels.names, "n_voxels": parcels.sizes})
        table["n_studies"] = np.count_nonzero(active[self.counted], axis=0)
        table[["x", "y", "z"]] = parcels.centres_mm.round(1)
        return table

    def coactivation(self, k: int | None = None, **options: Any) -> Maps:
        """Map the coactivation of each cluster, over all studies.

        Options as for :func:`macm`, of which ``universe`` counts some studies only.
        """
        own = {name: self.facts[name] for name in ("radius_mm", "talairach")}
        return macm(self.database, self.parcels(k), mask=self.mask, **own, **options)

    def terms(self, k: int | None = None, **options: Any) -> Decoding:
        """Decode each cluster as a region, over all studies.

        Options as for :func:`nimare_neurosynth.decode_region`.
        """
        from nimare_neurosynth.decoding import decode_region

        parcels = self.parcels(k)
        regions = [(name, parcels.inside(name)) for name in parcels.names]
        own = {name: self.facts[name] for name in ("radius_mm", "talairach")}
        return decode_region(self.database, regions, mask=self.mask, **own, **options)

    def plot(self, k: int | None = None, *, title: str = "") -> Figure:
        """Draw the clusters on slices through the region, by nilearn."""
        from nimare_neurosynth.networks._pictures import draw_parcels

        return draw_parcels(self.image(k), self._known(k), title)

    def __repr__(self) -> str:
        ks = ", ".join(map(str, self.labels))
        return (
            f"<Parcellation of {len(self.voxels):,} voxels by {self.facts['by']}: "
            f"k = {ks}>"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.scores.to_html(index=False)}"

    def _known(self, k: int | None) -> int:
        wanted = self.best_k if k is None else k
        if wanted not in self.labels:
            raise OptionError(
                f"there is no parcellation with k = {wanted!r}; there is "
                f"{', '.join(map(str, self.labels))}."
            )
        return wanted

    def _activations(self) -> Any:
        own = {name: self.facts[name] for name in ("radius_mm", "talairach")}
        return self.database.activations(mask=self.mask, **own)


def parcellate(
    database: Database,
    region: ImageLike | BoolArray,
    k: int | Iterable[int] = range(2, 8),
    *,
    by: str = "coactivation",
    algorithm: Any = "kmeans",
    n_components: int | None = 50,
    reducer: Any = None,
    target: ImageLike | BoolArray | None = None,
    terms: Any = None,
    label_set: str | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    min_studies_per_voxel: int = 20,
    n_splits: int = 2,
    universe: str | Selection | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    seed: int = 0,
    n_jobs: int = -1,
    progress: bool = False,
) -> Parcellation:
    """Cut a region into parts whose voxels coactivate with the same places.

    Parameters
    ----------
    database : Database
        The studies.
    region : image or ndarray of bool
        What is cut.
    k : int or iterable of int
        Numbers of clusters, from 2.
    by : {"coactivation", "terms", "studies"}
        Voxels are alike that are active in studies that activate the same other places,
        that have the same terms, or that are the same studies.
    algorithm : {"kmeans", "agglomerative", "spectral"} or scikit-learn clusterer
        How they are put together. A clusterer must have ``n_clusters``.
    n_components : int or None
        Dimensions that PCA reduces them to before; None for no reduction.
    reducer : scikit-learn transformer, optional
        Instead of PCA.
    target : image or ndarray of bool, optional
        Places whose coactivation is compared; by default the whole brain, every 4 mm.
    terms, label_set, threshold
        The terms of ``by="terms"``, as for :func:`nimare_neurosynth.decode`.
    min_studies_per_voxel : int
        Voxels that fewer studies activate are left out.
    n_splits : int
        The studies are cut in halves so often, to see how stable clusters are; 0 leaves
        that out.
    universe : str or Selection, optional
        Count only these studies.
    radius_mm, mask, talairach, n_jobs
        As for :func:`nimare_neurosynth.meta_analysis`.
    seed : int
        Of clustering and halves.
    progress : bool
        Show bars on standard error.

    Returns
    -------
    Parcellation

    Raises
    ------
    ImageError
        If the region cannot be read or has no voxel in the brain.
    EmptySelectionError
        If too few of its voxels are active in enough studies, or differ.
    OptionError
        If an option cannot be used.
    """
    need_database(database)
    space = as_mask(mask)
    ks = _check(k, by, algorithm, min_studies_per_voxel, n_splits)
    _check_reduction(n_components, reducer)
    inside = region_voxels(region, space)
    looked_at = _target(target, space)
    counted = database.has_peaks
    within = None if universe is None else choose(database, universe)
    if within is not None:
        counted = counted & within.mask
    chosen = _chosen(database, by, terms, label_set, threshold)
    activations = database.activations(
        radius_mm=radius_mm, mask=space, talairach=talairach, n_jobs=n_jobs
    )
    totals = totals_within(activations, counted)
    voxels = np.flatnonzero(inside & (totals >= min_studies_per_voxel))
    if len(voxels) <= max(ks):
        raise EmptySelectionError(
            f"{len(voxels):,} of the region's {np.count_nonzero(inside):,} voxels are "
            f"active in {min_studies_per_voxel} studies or more: too few for "
            f"{max(ks)} clusters."
        )
    if left_out := int(np.count_nonzero(inside)) - len(voxels):
        warn(
            f"{left_out:,} of the region's voxels are active in fewer than "
            f"{min_studies_per_voxel} studies and are left out."
        )
    terms_of = None if chosen is None else chosen.columns
    profiles = Profiles.of(activations, voxels, looked_at, terms_of)

    def points(studies: BoolArray) -> NDArray[np.float32]:
        features = profiles.features(by, studies, n_jobs=n_jobs, progress=progress)
        return reduced(features, reducer, n_components, seed)

    whole = points(counted)
    labels = {n: clustered(whole, n, algorithm, seed) for n in ks}
    _check_found(labels, by)
    halves = split_half(points, counted, ks, algorithm, n_splits=n_splits, seed=seed)
    facts = {
        "database": database_facts(database),
        "software": software(),
        "by": by,
        "algorithm": str(algorithm),
        "n_components": n_components if reducer is None else None,
        "reducer": None if reducer is None else str(reducer),
        "n_target_voxels": int(np.count_nonzero(looked_at)),
        "label_set": None if chosen is None else chosen.label_set.name,
        "n_terms": None if chosen is None else len(chosen.names),
        "threshold": None if chosen is None else float(threshold),
        "universe": None if within is None else within.description,
        "n_studies": int(np.count_nonzero(counted)),
        "n_voxels_left_out": left_out,
        "min_studies_per_voxel": min_studies_per_voxel,
        "n_splits": n_splits,
        "seed": seed,
        "radius_mm": float(radius_mm),
        "talairach": talairach,
    }
    scores = _scores(whole, labels, halves, seed)
    return Parcellation(database, space, voxels, labels, scores, facts, counted)


def _check(
    k: int | Iterable[int], by: str, algorithm: Any, min_studies: int, n_splits: int
) -> list[int]:
    if by not in PROFILES:
        raise OptionError(f"by must be one of {', '.join(PROFILES)}, got {by!r}.")
    check_algorithm(algorithm)
    for name, value in (("min_studies_per_voxel", min_studies), ("n_splits", n_splits)):
        if not _is_whole(value) or value < 0:
            raise OptionError(
                f"{name} must be a whole number from 0 up, got {value!r}."
            )
    ks = list(k) if isinstance(k, Iterable) else [k]
    if not ks or any(not _is_whole(n) or n < 2 for n in ks):
        raise OptionError(f"k must be whole numbers from 2 up, got {k!r}.")
    return sorted({int(n) for n in ks})


def _chosen(
    database: Database, by: str, terms: Any, label_set: str | None, threshold: float
) -> ChosenTerms | None:
    """Choose terms, where voxels are compared by them."""
    if by == "terms":
        return choose_terms(
            database,
            terms,
            label_set=label_set,
            threshold=threshold,
            min_studies_per_term=DEFAULT_LEAST,
        )
    if terms is not None or label_set is not None:
        raise OptionError(f"terms and label_set are for by='terms', not for {by!r}.")
    return None


def _check_found(labels: dict[int, NDArray[np.int64]], by: str) -> None:
    """Raise an EmptySelectionError if there are not as many clusters as asked for."""
    for k, own in labels.items():
        if own.max() < k:
            raise EmptySelectionError(
                f"only {own.max():,} of the {len(own):,} voxels differ by {by}: too "
                f"few for {k} clusters."
            )


def _check_reduction(n_components: Any, reducer: Any) -> None:
    if n_components is not None and not (_is_whole(n_components) and n_components >= 1):
        raise OptionError(
            f"n_components must be a whole number from 1 up or None, got "
            f"{n_components!r}."
        )
    usable = hasattr(reducer, "fit_transform") and not isinstance(reducer, type)
    if reducer is not None and not usable:
        raise OptionError(
            f"reducer must be a transformer of scikit-learn or None, got {reducer!r}."
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _target(target: ImageLike | BoolArray | None, mask: Mask) -> BoolArray:
    if target is not None:
        return region_voxels(target, mask)
    # every 4 mm is enough of maps that are as smooth as spheres make them
    edges = np.linalg.norm(mask.affine[:3, :3], axis=0)
    step = np.maximum(np.round(_TARGET_MM / edges), 1)
    ijk = np.stack(np.unravel_index(mask.flat_index, mask.shape), axis=1)
    return np.asarray((ijk % step.astype(int) == 0).all(axis=1))


def _scores(
    points: NDArray[np.float32],
    labels: dict[int, NDArray[np.int64]],
    halves: dict[int, list[float]],
    seed: int,
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for k, own in labels.items():
        agreed = halves.get(k) or [np.nan]
        sizes = np.bincount(own)[1:]
        rows.append(
            {
                "k": k,
                "silhouette": silhouette(points, own, seed),
                "split_half": float(np.mean(agreed)),
                "split_half_sd": float(np.std(agreed)),
                "sizes": ", ".join(map(str, sizes)),
            }
        )
    return pd.DataFrame(rows)

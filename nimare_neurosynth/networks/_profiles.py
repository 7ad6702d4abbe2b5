"""What the voxels of a region are compared by: coactivation, terms or studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import LabelColumns, Tile, map_tiles
from nimare_neurosynth.meta import totals_within
from nimare_neurosynth.stats import association_z

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations

PROFILES = ("coactivation", "terms", "studies")
"""What voxels can be compared by."""


@dataclass(frozen=True)
class Profiles:
    """The voxels of a region, and which studies activate them.

    Attributes
    ----------
    activations : Activations
        Of all studies.
    active : csr_array of bool, shape (n_studies, n_region)
        Which studies activate each voxel of the region.
    target : ndarray of bool, shape (n_voxels,)
        Voxels whose coactivation is looked at.
    terms : LabelColumns or None
        Studies of each term, to compare voxels by terms.
    """

    activations: Activations
    active: csr_array
    target: BoolArray
    terms: LabelColumns | None

    @classmethod
    def of(
        cls,
        activations: Activations,
        voxels: NDArray[np.int64],
        target: BoolArray,
        terms: LabelColumns | None,
    ) -> Profiles:
        """Take the columns of a region's voxels.

        Parameters
        ----------
        activations : Activations
            Of all studies.
        voxels : ndarray of int64, shape (n_region,)
            The region, ascending.
        target, terms
            As the attributes.

        Returns
        -------
        Profiles
        """
        from scipy.sparse import csr_array

        inside = np.zeros(activations.n_voxels, dtype=bool)
        inside[voxels] = True
        rows = np.flatnonzero(activations.count_in(inside))
        part = activations.to_csr(rows)[:, voxels].tocoo()
        shape = (activations.n_studies, len(voxels))
        active = csr_array((part.data, (rows[part.row], part.col)), shape=shape)
        return cls(activations, active, target, terms)

    def features(
        self, by: str, counted: BoolArray, *, n_jobs: int, progress: bool
    ) -> NDArray[np.float32] | csr_array:
        """Give a row for each voxel of the region.

        Parameters
        ----------
        by : {"coactivation", "terms", "studies"}
            Association z with each target voxel, or with each term; or which studies
            activate it.
        counted : ndarray of bool, shape (n_studies,)
            Only these studies.
        n_jobs : int
            Threads.
        progress : bool
            Show a bar on standard error.

        Returns
        -------
        ndarray of float32 or csr_array, shape (n_region, n_features)
            Rows of z have mean 0 and length 1: what counts is where a voxel
            coactivates, not how often it is active. Rows of studies are 0 and 1.
        """
        if by == "studies":
            return self.active[np.flatnonzero(counted)].T.tocsr().astype(np.float32)
        if by == "terms":
            return _standard(self._by_terms(counted))
        return _standard(self._by_coactivation(counted, n_jobs, progress=progress))

    def _by_terms(self, counted: BoolArray) -> NDArray[np.float32]:
        assert self.terms is not None  # noqa: S101 - parcellate() sees to it
        columns = self.terms.within(counted)
        active = self.active.astype(np.int32)
        counts = (columns.to_csr().astype(np.int32) @ active).toarray()
        totals = np.asarray(active[np.flatnonzero(counted)].sum(axis=0))
        z = association_z(
            np.ascontiguousarray(counts, dtype=np.int32),
            n_selected=columns.sizes,
            totals=totals.astype(np.int32),
            n_studies=int(np.count_nonzero(counted)),
            dtype=np.float32,
        )
        return np.ascontiguousarray(z.T)

    def _by_coactivation(
        self, counted: BoolArray, n_jobs: int, *, progress: bool
    ) -> NDArray[np.float32]:
        by_voxel = self.active.T.tocsr()
        by_voxel.sort_indices()
        columns = LabelColumns(
            by_voxel.indptr.astype(np.int64),
            by_voxel.indices.astype(np.int32),
            by_voxel.shape[1],
        )
        columns = columns.within(counted)
        totals = totals_within(self.activations, counted)
        n_studies = int(np.count_nonzero(counted))
        before = np.concatenate([[0], np.cumsum(self.target)])
        out = np.empty((columns.n_columns, before[-1]), dtype=np.float32)

        def keep(tile: Tile) -> None:
            first, stop = before[tile.voxels.start], before[tile.voxels.stop]
            here = self.target[tile.voxels]
            z = association_z(
                np.ascontiguousarray(tile.counts[:, here]),
                n_selected=columns.sizes[tile.columns],
                totals=totals[tile.voxels][here],
                n_studies=n_studies,
                dtype=np.float32,
            )
            out[tile.columns, first:stop] = z

        map_tiles(self.activations, columns, keep, n_jobs=n_jobs, progress=progress)
        return out


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the mean from each row and make its length 1, in place."""
    largest = np.abs(values).max(axis=1, keepdims=True, initial=0)
    values -= values.mean(axis=1, keepdims=True)
    # the mean of equal numbers can differ from them in the last digit
    values[np.abs(values).max(axis=1, initial=0) <= 1e-6 * largest[:, 0]] = 0
    size = np.sqrt((values**2).sum(axis=1, keepdims=True))
    np.divide(values, size, out=values, where=size > 0)
    return values


def reduced(
    features: Any, reducer: Any, n_components: int | None, seed: int
) -> NDArray[np.float32]:
    """Reduce features to a few columns, by PCA or what is given.

    Parameters
    ----------
    features : ndarray or csr_array, shape (n_region, n_features)
        From :meth:`Profiles.features`.
    reducer : scikit-learn transformer or None
        None is PCA (truncated SVD of sparse features).
    n_components : int or None
        Columns that PCA keeps; None for all features as they are.
    seed : int
        Of randomised algorithms.

    Returns
    -------
    ndarray of float32, shape (n_region, n_columns)
    """
    from scipy.sparse import issparse

    if reducer is not None:
        from sklearn.base import clone

        return np.asarray(clone(reducer).fit_transform(features), dtype=np.float32)
    if n_components is None or min(features.shape) < 2:
        dense = features.toarray() if hasattr(features, "toarray") else features
        return np.asarray(dense, dtype=np.float32)
    from sklearn.decomposition import PCA, TruncatedSVD

    n = min(n_components, min(features.shape) - 1)
    if issparse(features):
        model = TruncatedSVD(n, random_state=seed)
    else:
        # what spheres made smooth has few dimensions: few iterations find them
        model = PCA(
            n, svd_solver="randomized", iterated_power=3, copy=False, random_state=seed
        )
    # where no voxel differs there is no variance to give shares of
    with np.errstate(divide="ignore", invalid="ignore"):
        made = model.fit_transform(features)
    return np.asarray(made, dtype=np.float32)

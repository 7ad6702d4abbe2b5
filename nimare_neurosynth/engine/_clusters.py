"""Clusters of voxels that touch by their faces, for thousands of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.engine._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


def voxels_before(
    shape: tuple[int, int, int], flat_index: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Find each mask voxel's neighbour on the lower side of each axis.

    Parameters
    ----------
    shape : tuple of int, length 3
        Shape of the volume.
    flat_index : ndarray of int32, shape (n_voxels,)
        C-order positions of the mask's voxels, ascending.

    Returns
    -------
    ndarray of int32, shape (n_voxels, 3)
        Positions among the mask's voxels, -1 where the neighbour is not in the mask.

    Examples
    --------
    >>> voxels_before((2, 1, 2), np.array([0, 1, 3], np.int32)).tolist()
    [[-1, -1, -1], [-1, -1, 0], [1, -1, -1]]
    """
    place = np.full(shape, -1, dtype=np.int32)
    place.ravel()[flat_index] = np.arange(len(flat_index), dtype=np.int32)
    before = np.empty((len(flat_index), 3), dtype=np.int32)
    for axis in range(3):
        lower = np.full(shape, -1, dtype=np.int32)
        inner: list[slice] = [slice(None)] * 3
        outer: list[slice] = [slice(None)] * 3
        inner[axis], outer[axis] = slice(1, None), slice(None, -1)
        lower[tuple(inner)] = place[tuple(outer)]
        before[:, axis] = lower.ravel()[flat_index]
    return before


@kernel
def _root(roots: NDArray[np.int32], v: int) -> int:
    """Find the first voxel of a cluster, and shorten the way to it."""
    while roots[v] != v:
        roots[v] = roots[roots[v]]
        v = roots[v]
    return v


@kernel
def join_clusters(
    values: NDArray[np.float32],
    threshold: float,
    before: NDArray[np.int32],
    roots: NDArray[np.int32],
    sizes: NDArray[np.int64],
    masses: NDArray[np.float64],
) -> tuple[int, float]:
    """Join the voxels above a threshold into clusters; give the largest.

    Parameters
    ----------
    values : (n_voxels,) of one map
    threshold : voxels above it belong to clusters
    before : (n_voxels, 3) see :func:`voxels_before`
    roots : (n_voxels,) receives each voxel's cluster, named by its first voxel, or -1
    sizes, masses : (n_voxels,) receive, at that first voxel, the cluster's voxels and
        the sum of what they have above the threshold

    Returns
    -------
    largest size, largest mass (not necessarily of the same cluster), 0 without any
    """
    for v in range(len(values)):
        if not float(values[v]) > threshold:
            roots[v] = -1
            continue
        roots[v] = v
        for axis in range(3):
            u = before[v, axis]
            if u < 0 or roots[u] < 0:
                continue
            a, b = _root(roots, u), _root(roots, v)
            roots[max(a, b)] = min(a, b)
    size, mass = 0, 0.0
    for v in range(len(values)):
        if roots[v] < 0:
            continue
        if roots[v] == v:
            sizes[v] = 0
            masses[v] = 0.0
        else:  # its root comes first and is final by now
            roots[v] = roots[roots[v]]
        root = roots[v]
        sizes[root] += 1
        masses[root] += float(values[v]) - threshold
        size = max(size, sizes[root])
        mass = max(mass, masses[root])
    return size, mass

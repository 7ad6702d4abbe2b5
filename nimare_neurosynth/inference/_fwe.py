"""p values that are corrected for all voxels (or clusters) of a map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import join_clusters, voxels_before
from nimare_neurosynth.inference._null import chi2_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth.inference._null import Null
    from nimare_neurosynth.space import Mask


@dataclass(frozen=True)
class Corrected:
    """Corrected p values of one map, each of shape (n_voxels,).

    Attributes
    ----------
    voxel : ndarray of float64
        For the voxel's own value.
    size, mass : ndarray of float64 or None
        For the cluster that the voxel is in; 1 where it is in none. None where the
        null has no clusters.
    """

    voxel: NDArray[np.float64]
    size: NDArray[np.float64] | None
    mass: NDArray[np.float64] | None


def corrected_p(null: Null, test: str, z: NDArray[Any], *, mask: Mask) -> Corrected:
    """Compare an observed map with the largest values of maps without an effect.

    Parameters
    ----------
    null : Null
        From draws of groups of the same size.
    test : {"association", "group1", "group2"}
        What the map is of.
    z : ndarray, shape (n_voxels,)
        Observed z, 0 where a voxel is not tested.
    mask : Mask
        The voxels.

    Returns
    -------
    Corrected

    Notes
    -----
    :math:`p = (1 + k) / (1 + n)`, where ``k`` of ``n`` draws are at least as large: the
    observed groups are one of the ways to draw them, so that p is never 0 and never too
    small (Phipson & Smyth 2010, Stat Appl Genet Mol Biol 9:39). Both signs are tested.
    """
    values = np.asarray(z, dtype=np.float32)
    voxel = _share_above(null.largest_z[test], np.abs(values))
    voxel[~(np.abs(values) > 0)] = 1  # not tested (0 or NaN), or nothing to be seen
    if null.largest_size is None or null.largest_mass is None:
        return Corrected(voxel, None, None)
    n = len(values)
    roots, sizes, masses = np.empty(n, np.int32), np.zeros(n, np.int64), np.zeros(n)
    join_clusters(
        values * values,
        chi2_threshold(null.cluster_p),
        voxels_before(mask.shape, mask.flat_index),
        roots,
        sizes,
        masses,
    )
    inside = roots >= 0
    size, mass = np.ones(n), np.ones(n)
    size[inside] = _share_above(null.largest_size[test], sizes[roots[inside]])
    mass[inside] = _share_above(null.largest_mass[test], masses[roots[inside]])
    return Corrected(voxel, size, mass)


def _share_above(null: NDArray[np.float64], values: NDArray[Any]) -> NDArray[Any]:
    """Give the share of draws, and the observed one, that are at least as large."""
    below = np.searchsorted(np.sort(null), values, side="left")
    return np.asarray((1 + len(null) - below) / (1 + len(null)), dtype=np.float64)

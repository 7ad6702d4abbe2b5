"""The largest values and clusters of maps without an effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.engine import (
    DEFAULT_MEMORY,
    LabelColumns,
    build_activations,
    count_columns,
    in_threads,
    join_clusters,
    map_tiles,
    memory_bytes,
    voxels_before,
)
from nimare_neurosynth.inference._groups import TESTS, Groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Tile
    from nimare_neurosynth.space import Mask

DEFAULT_CLUSTER_P = 0.001
"""Uncorrected p (two-sided) of the voxels that clusters are made of."""

_DRAWS_AT_ONCE = 8  # what is of voxels alone is worked out once for so many
_BYTES_PER_VOXEL = 20  # of one draw: counts, z of three tests, work


@dataclass(frozen=True)
class Null:
    """The largest values of each draw's maps.

    Attributes
    ----------
    largest_z : dict of ndarray of float64, shape (n_draws,)
        By test (see :data:`TESTS`), of all tested voxels, without sign.
    largest_size, largest_mass : dict of ndarray of float64, shape (n_draws,), or None
        Of clusters: voxels, and the sum of chi-square above its threshold. None where
        clusters were not looked at.
    cluster_p : float
        Uncorrected p of the threshold of clusters.
    """

    largest_z: dict[str, NDArray[np.float64]]
    largest_size: dict[str, NDArray[np.float64]] | None
    largest_mass: dict[str, NDArray[np.float64]] | None
    cluster_p: float

    @property
    def n_draws(self) -> int:
        """Number of draws."""
        return len(self.largest_z[TESTS[0]])


def chi2_threshold(p: float) -> float:
    """Give the chi-square (one degree of freedom) that has this p value."""
    from scipy.special import chdtri

    return float(chdtri(1, p))


def label_null(
    groups: Groups,
    draws: LabelColumns,
    *,
    mask: Mask | None = None,
    cluster_p: float = DEFAULT_CLUSTER_P,
    memory_limit: float | str = DEFAULT_MEMORY,
    n_jobs: int = -1,
    progress: bool = False,
) -> Null:
    """Find the largest values of maps of groups that were drawn at random.

    Parameters
    ----------
    groups : Groups
        The universe, and the voxels that are tested.
    draws : LabelColumns
        From :func:`draw_groups`. Analyses of groups of equal size can share a null.
    mask : Mask, optional
        Where the voxels are, to look for clusters; without it only single voxels are
        looked at, which takes a fraction of the time.
    cluster_p : float
        Clusters are made of voxels below this uncorrected p.
    memory_limit : int or str
        What maps of many draws may take while clusters are looked for.
    n_jobs : int
        Threads; -1 for all cores. Results do not depend on it.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    Null
    """
    if mask is None:
        return _voxel_null(groups, draws, cluster_p, n_jobs=n_jobs, progress=progress)
    found = [
        _clusters_of(groups, part, mask, cluster_p, n_jobs)
        for part in _parts(groups, draws, memory_limit, progress=progress)
    ]
    return _joined(found, cluster_p, clusters=True)


def foci_null(
    groups: Groups,
    selected: BoolArray,
    n_peaks: NDArray[np.int64],
    *,
    mask: Mask,
    radius_mm: float,
    n_draws: int,
    seed: int = 0,
    places: NDArray[np.int64] | None = None,
    cluster_p: float = DEFAULT_CLUSTER_P,
    clusters: bool = True,
    n_jobs: int = -1,
    progress: bool = False,
) -> Null:
    """Find the largest values of maps of peaks that were placed at random.

    Each study keeps its number of peaks and its group. All activations are made anew
    for each draw, which takes far longer than exchanging studies.

    Parameters
    ----------
    groups : Groups
        The universe; of each draw, voxels are tested that as many studies activate.
    selected : ndarray of bool, shape (n_studies,)
        Studies of group 1.
    n_peaks : ndarray of int64, shape (n_studies,)
        Peaks of each study.
    mask : Mask
        The voxels there are.
    radius_mm : float
        Of the spheres around peaks.
    n_draws, seed : int
        How often, and the seed; each draw has a stream of its own.
    places : ndarray of int64, optional
        Positions among the mask's voxels where peaks can come to be; all by default.
    cluster_p, n_jobs, progress
        See :func:`label_null`.
    clusters : bool
        Look for clusters too.

    Returns
    -------
    Null
    """
    from tqdm.auto import tqdm

    counted = np.where(groups.counted, n_peaks, 0)
    study = np.repeat(np.arange(len(counted)), counted)
    xyz = mask.xyz_mm if places is None else mask.xyz_mm[places]
    columns = LabelColumns.from_masks([selected & groups.counted])
    found = []
    for i in tqdm(range(n_draws), desc="Placing peaks", disable=not progress, delay=1):
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,)))
        made = build_activations(
            xyz[random.integers(len(xyz), size=len(study))],
            study,
            len(counted),
            mask=mask,
            radius_mm=radius_mm,
            n_jobs=n_jobs,
        )
        # where foci fall is what is random: so is which voxels enough studies activate
        here = Groups.of(made, groups.counted, min_studies=groups.min_studies)
        found.append(
            label_null(
                here,
                columns,
                mask=mask if clusters else None,
                cluster_p=cluster_p,
                n_jobs=n_jobs,
            )
        )
    return _joined(found, cluster_p, clusters=clusters)


def _joined(parts: list[Null], cluster_p: float, *, clusters: bool) -> Null:
    def of(name: str) -> dict[str, NDArray[np.float64]]:
        none = np.zeros(0)  # of no draws
        return {
            test: np.concatenate([none, *(getattr(p, name)[test] for p in parts)])
            for test in TESTS
        }

    if not clusters:
        return Null(of("largest_z"), None, None, cluster_p)
    return Null(of("largest_z"), of("largest_size"), of("largest_mass"), cluster_p)


def _voxel_null(
    groups: Groups,
    draws: LabelColumns,
    cluster_p: float,
    *,
    n_jobs: int,
    progress: bool,
) -> Null:
    def largest(tile: Tile) -> tuple[slice, list[NDArray[np.float32]]]:
        part = draws.between(tile.columns.start, tile.columns.stop)
        z = groups.z(tile.counts, part, tile.voxels)
        return tile.columns, [np.abs(z[test]).max(axis=1) for test in TESTS]

    found = np.zeros((len(TESTS), draws.n_columns))
    for columns, values in map_tiles(
        groups.activations, draws, largest, n_jobs=n_jobs, progress=progress
    ):
        np.maximum(found[:, columns], values, out=found[:, columns])
    return Null(dict(zip(TESTS, found, strict=True)), None, None, cluster_p)


def _parts(
    groups: Groups,
    draws: LabelColumns,
    memory_limit: float | str,
    *,
    progress: bool,
) -> Iterator[LabelColumns]:
    """Cut draws into parts whose maps fit the memory."""
    from tqdm.auto import tqdm

    per_draw = _BYTES_PER_VOXEL * groups.activations.n_voxels
    step = max(1, min(128, memory_bytes(memory_limit) // per_draw))
    with tqdm(
        total=draws.n_columns, desc="Permuting", disable=not progress, delay=1
    ) as bar:
        for first in range(0, draws.n_columns, step):
            part = draws.between(first, min(first + step, draws.n_columns))
            yield part
            bar.update(part.n_columns)


def _clusters_of(
    groups: Groups, draws: LabelColumns, mask: Mask, cluster_p: float, n_jobs: int
) -> Null:
    counts = count_columns(groups.activations, draws, n_jobs=n_jobs)
    before = voxels_before(mask.shape, mask.flat_index)
    threshold = chi2_threshold(cluster_p)

    def work(first: int) -> list[list[tuple[float, float, float]]]:
        stop = min(first + _DRAWS_AT_ONCE, draws.n_columns)
        z = groups.z(counts[first:stop], draws.between(first, stop))
        return [
            [_largest(z[test][i], threshold, before) for test in TESTS]
            for i in range(stop - first)
        ]

    firsts = range(0, draws.n_columns, _DRAWS_AT_ONCE)
    parts = in_threads(work, firsts, n_jobs=n_jobs)
    found = np.array([row for part in parts for row in part])  # (draws, tests, 3)
    z, size, mass = (
        {test: found[:, t, k] for t, test in enumerate(TESTS)} for k in range(3)
    )
    return Null(z, size, mass, cluster_p)


def _largest(
    z: NDArray[np.float32], threshold: float, before: NDArray[np.int32]
) -> tuple[float, float, float]:
    n = len(z)
    size, mass = join_clusters(
        z * z,
        threshold,
        before,
        np.empty(n, np.int32),
        np.empty(n, np.int64),
        np.empty(n),
    )
    return float(np.abs(z).max()), float(size), float(mass)

r"""Multinomial naive Bayes: how much likelier activation is where it is, with a term.

With :math:`a_v` of n studies with the term and :math:`T_v - a_v` of the other N - n
activating voxel v, and :math:`\pi_v = (T_v + 1/2) / (N + 1)`,

.. math::

    p_v = \frac{a_v + m \pi_v}{\sum_u a_u + m \pi_u}, \qquad
    q_v = \frac{T_v - a_v + m \pi_v}{\sum_u T_u - a_u + m \pi_u}

are the shares of all activation that are in a voxel, with the term and without, when m
studies that are like all others are added to each side. The evidence of the set A of
active voxels is

.. math::

    \frac{1}{\kappa} \sum_{v \in A} \log \frac{p_v}{q_v}.

It is about where activation is, not about how much of it there is: regions, maps and
studies with few or many peaks can all be decoded. Voxels do not speak independently, as
a single peak activates a sphere of them: :math:`\kappa` voxels count as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.engine import map_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations, LabelColumns, Tile

DEFAULT_SMOOTHING = 100.0
"""Studies that are added to each side, m."""

SPHERES_AS_ONE = 8
"""Spheres' worth of voxels that count as one independent observation.

Of v7's topics, studies that were left out are predicted best with about that many (log
loss 0.320; with every voxel on its own 63, by base rates alone 0.333).
"""


def base_rates(totals: NDArray[np.int32], n_studies: int) -> NDArray[np.float64]:
    """Give the share of studies that activate each voxel, never quite 0 or 1."""
    return np.asarray((totals + 0.5) / (n_studies + 1.0))


def log_shares(
    counts: NDArray[np.int32],
    rates: NDArray[np.float64],
    total: NDArray[np.float64],
    smoothing: float,
) -> NDArray[np.float64]:
    """Give the logarithm of the share of activation that is in each voxel.

    Parameters
    ----------
    counts : ndarray of int32, shape (n_columns, n_voxels)
        Studies of each column that activate each voxel.
    rates : ndarray of float64, shape (n_voxels,)
        From :func:`base_rates`.
    total : ndarray of float64, shape (n_columns,)
        Sum of counts and of what smoothing adds, over all voxels of the mask.
    smoothing : float
        Studies that are added.

    Returns
    -------
    ndarray of float64, shape (n_columns, n_voxels)
    """
    return np.asarray(np.log((counts + smoothing * rates) / total[:, None]))


def log_ratios(
    activations: Activations,
    columns: LabelColumns,
    counted: BoolArray,
    totals: NDArray[np.int32],
    active: BoolArray,
    *,
    smoothing: float,
    n_jobs: int,
    progress: bool,
) -> NDArray[np.float64]:
    """Sum log(p / q) over sets of active voxels.

    Parameters
    ----------
    activations, columns, counted, totals
        Of all studies; of each term; which count; how many activate each voxel.
    active : ndarray of bool, shape (n_sets, n_voxels)
        The active voxels.
    smoothing : float
        Studies that are added to each side.
    n_jobs : int
        Threads.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    ndarray of float64, shape (n_columns, n_sets)
    """
    rates = base_rates(totals, int(np.count_nonzero(counted)))
    added = smoothing * rates.sum()
    own = columns.sums(activations.sizes.astype(np.int64)).astype(np.float64)
    rest = totals.sum(dtype=np.int64) - own + added
    own = own + added

    def work(tile: Tile) -> tuple[slice, NDArray[np.float64] | None]:
        here = active[:, tile.voxels]
        some = np.flatnonzero(here.any(axis=0))
        if not len(some):
            return tile.columns, None
        counts, rate = tile.counts[:, some], rates[tile.voxels][some]
        others = totals[tile.voxels][some] - counts
        ratio = log_shares(counts, rate, own[tile.columns], smoothing)
        ratio -= log_shares(others, rate, rest[tile.columns], smoothing)
        return tile.columns, ratio @ here[:, some].T.astype(np.float64)

    out = np.zeros((columns.n_columns, len(active)))
    parts = map_tiles(activations, columns, work, n_jobs=n_jobs, progress=progress)
    for where, sums in parts:
        if sums is not None:
            out[where] += sums
    return out

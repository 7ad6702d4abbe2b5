"""z values of thousands of label columns, streamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from nimare_neurosynth.engine import LabelColumns, Tile, count_columns, map_tiles
from nimare_neurosynth.stats import association_and_uniformity_z

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations

T = TypeVar("T")


@dataclass(frozen=True)
class ZTile:
    """z values of some columns at some voxels.

    Attributes
    ----------
    columns, voxels : slice
        What part of the whole this is.
    association, uniformity : ndarray of float32, shape (columns, voxels)
        Signed z values of the two tests.
    """

    columns: slice
    voxels: slice
    association: NDArray[np.float32]
    uniformity: NDArray[np.float32]


def map_z(
    activations: Activations,
    columns: LabelColumns,
    function: Callable[[ZTile], T],
    *,
    universe: BoolArray | None = None,
    n_jobs: int = -1,
    progress: bool = False,
) -> list[T]:
    """Stream the association and uniformity z of many columns through a function.

    Nothing of the size columns x voxels is held: each tile is computed, given to the
    function and forgotten.

    Parameters
    ----------
    activations : Activations
        From :meth:`Database.activations`.
    columns : LabelColumns
        Sets of studies, for example from :meth:`LabelSet.columns`.
    function : callable
        Receives each :class:`ZTile`, in a worker thread; what it returns is kept.
    universe : ndarray of bool, shape (n_studies,), optional
        The studies that count; all by default. Those without any peak never do.
    n_jobs : int
        Threads; -1 for all cores. The z values do not depend on it.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    list
        What the function returned, tile by tile: blocks of voxels outermost.

    Examples
    --------
    >>> import numpy as np
    >>> from nimare_neurosynth.engine import build_activations
    >>> from nimare_neurosynth.space import default_mask
    >>> peaks = np.array([[0.0, -52, 26], [2, -50, 26], [40, 20, 30]])
    >>> a = build_activations(peaks, np.arange(3), 3, mask=default_mask(), radius_mm=6)
    >>> columns = LabelColumns.from_masks([[True, True, False]])
    >>> peak = map_z(a, columns, lambda tile: float(tile.association.max()))
    >>> round(max(peak), 3)
    1.732
    """
    counted = activations.has_peaks
    if universe is not None:
        counted = counted & universe
    columns = columns.within(counted)
    totals = totals_within(activations, counted)
    n_selected = columns.sizes
    expected = expected_counts(activations, columns)
    n_studies = int(np.count_nonzero(counted))

    def work(tile: Tile) -> T:
        association, uniformity = association_and_uniformity_z(
            tile.counts,
            n_selected=n_selected[tile.columns],
            expected=expected[tile.columns],
            totals=totals[tile.voxels],
            n_studies=n_studies,
            dtype=np.float32,
        )
        return function(ZTile(tile.columns, tile.voxels, association, uniformity))

    return map_tiles(activations, columns, work, n_jobs=n_jobs, progress=progress)


def totals_within(activations: Activations, counted: BoolArray) -> NDArray[np.int32]:
    """Count the studies of a universe that activate each voxel."""
    if np.array_equal(counted, activations.has_peaks):
        return activations.totals
    one = LabelColumns.from_masks([counted])
    return np.asarray(count_columns(activations, one)[0])


def expected_counts(
    activations: Activations, columns: LabelColumns
) -> NDArray[np.float64]:
    """Give the mean over all voxels of each column's counts, shape (n_columns,)."""
    active = columns.sums(activations.sizes.astype(np.int64))
    return np.asarray(active / activations.n_voxels)

"""Counting in tiles: some columns by some blocks of voxels, through one thread pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nimare_neurosynth.engine._kernels import add_changes, sum_changes
from nimare_neurosynth.engine._threads import check_n_jobs, in_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import DTypeLike, NDArray

    from nimare_neurosynth.engine._activations import Activations
    from nimare_neurosynth.engine._labels import LabelColumns

T = TypeVar("T")

_CELLS_PER_TILE = 1 << 18  # 1 MB of counts: they are still in cache when they are used


@dataclass(frozen=True)
class Tile:
    """Counts of some columns at some voxels.

    Attributes
    ----------
    columns, voxels : slice
        What part of the whole this is.
    counts : ndarray of int32, shape (columns, voxels)
        Studies of each column that activate each voxel. Valid only during the call
        that receives the tile.
    """

    columns: slice
    voxels: slice
    counts: NDArray[np.int32]


def count_columns(
    activations: Activations,
    columns: LabelColumns,
    *,
    n_jobs: int = 1,
    dtype: DTypeLike = np.int32,
) -> NDArray[Any]:
    """Count the studies of each column that activate each voxel.

    Parameters
    ----------
    activations : Activations
        Who activates what.
    columns : LabelColumns
        One or many sets of the same studies.
    n_jobs : int
        Threads.
    dtype : dtype
        Of the counts: whole numbers that hold the size of the largest column.

    Returns
    -------
    ndarray, shape (n_columns, n_voxels)
        Exact counts, all held at once. For thousands of columns use :func:`map_tiles`.
    """
    out = np.empty((columns.n_columns, activations.n_voxels), dtype=dtype)

    def keep(tile: Tile) -> None:
        out[tile.columns, tile.voxels] = tile.counts

    map_tiles(activations, columns, keep, n_jobs=n_jobs)
    return out


def map_tiles(
    activations: Activations,
    columns: LabelColumns,
    function: Callable[[Tile], T],
    *,
    n_jobs: int = 1,
    progress: bool = False,
) -> list[T]:
    """Stream counts through a function, tile by tile.

    Parameters
    ----------
    activations : Activations
        Who activates what.
    columns : LabelColumns
        One or many sets of the same studies.
    function : callable
        Receives each :class:`Tile` in a worker thread; what it returns is kept, so let
        it be small. Tiles do not overlap: writing each into its own part of an array is
        safe.
    n_jobs : int
        Threads. Results do not depend on it.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    list
        What the function returned, in the order of the tiles.

    Raises
    ------
    ValueError
        If the columns are about another number of studies.
    """
    check_n_jobs(n_jobs)
    if columns.n_studies != activations.n_studies:
        raise ValueError(
            f"columns of {columns.n_studies} studies cannot be counted against the "
            f"activations of {activations.n_studies}"
        )
    columns.check()
    tiles = list(_cut(columns.n_columns, activations.n_blocks, activations.block_size))

    firsts = [first for first, _ in activations.placed()]
    items = columns.split([*firsts, activations.n_studies])

    def work(tile: tuple[tuple[int, int], tuple[int, int]]) -> T:
        return function(_count(activations, columns, items, *tile))

    return in_threads(
        work, tiles, n_jobs=n_jobs, progress=progress, desc="Counting", unit="tile"
    )


def _cut(
    n_columns: int, n_blocks: int, block_size: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Cut columns x blocks into tiles, blocks outermost: their runs stay in cache."""
    per_tile = max(1, min(n_columns, _CELLS_PER_TILE // block_size))
    blocks_per_tile = max(1, _CELLS_PER_TILE // (block_size * per_tile))
    for block in range(0, n_blocks, blocks_per_tile):
        for column in range(0, n_columns, per_tile):
            yield (
                (block, min(block + blocks_per_tile, n_blocks)),
                (column, min(column + per_tile, n_columns)),
            )


def _count(
    activations: Activations,
    columns: LabelColumns,
    items: NDArray[np.int64],
    blocks: tuple[int, int],
    part: tuple[int, int],
) -> Tile:
    first = blocks[0] * activations.block_size
    stop = min(blocks[1] * activations.block_size, activations.n_voxels)
    counts = np.zeros((part[1] - part[0], stop - first), dtype=np.int32)
    for i, (first_study, segment) in enumerate(activations.placed()):
        add_changes(
            segment.offsets,
            segment.runs,
            segment.n_studies,
            segment.block_size,
            segment.n_voxels,
            blocks,
            items[i],
            items[i + 1],
            columns.studies,
            first_study,
            part,
            counts,
        )
    sum_changes(counts, activations.block_size)
    return Tile(slice(*part), slice(first, stop), counts)

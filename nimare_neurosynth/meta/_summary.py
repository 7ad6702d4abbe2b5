"""All labels at once, boiled down to a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nimare_neurosynth.meta._batch import ZTile, map_z

_Part: TypeAlias = "tuple[slice, IntArray, FloatArray, FloatArray | None]"

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nimare_neurosynth._typing import FloatArray, IntArray
    from nimare_neurosynth.engine import Activations, LabelColumns
    from nimare_neurosynth.space import Mask


def summarise_labels(
    activations: Activations,
    columns: LabelColumns,
    labels: Sequence[str],
    *,
    mask: Mask,
    at: int | None = None,
    n_jobs: int = -1,
    progress: bool = False,
) -> pd.DataFrame:
    """Compute the maps of every label and keep their strongest association.

    Parameters
    ----------
    activations : Activations
        From :meth:`Database.activations`, in ``mask``.
    columns : LabelColumns
        The studies of each label.
    labels : sequence of str
        Names of the columns.
    mask : Mask
        Where the voxels are.
    at : int, optional
        A voxel (position in the mask) whose association z is wanted for each label.
    n_jobs : int
        Threads; -1 for all cores.
    progress : bool
        Show a bar on standard error where it takes more than a second.

    Returns
    -------
    pandas.DataFrame
        One row per label, in their order: ``label``, ``n_studies`` (with peaks),
        ``largest_z``, ``x``, ``y``, ``z`` (mm) of the largest association z (the first
        of equals), and ``z_at`` where a voxel was named.
    """
    import pandas as pd

    def reduce(tile: ZTile) -> _Part:
        first = tile.voxels.start
        best = tile.association.argmax(axis=1)
        rows = np.arange(len(best))
        here = None
        if at is not None and first <= at < tile.voxels.stop:
            here = tile.association[:, at - first].copy()
        return tile.columns, best + first, tile.association[rows, best], here

    largest = np.full(columns.n_columns, -np.inf)
    voxel = np.zeros(columns.n_columns, dtype=np.int64)
    z_at = np.full(columns.n_columns, np.nan)
    parts = map_z(activations, columns, reduce, n_jobs=n_jobs, progress=progress)
    for part, place, z, here in parts:
        better = z > largest[part]
        largest[part] = np.where(better, z, largest[part])
        voxel[part] = np.where(better, place, voxel[part])
        if here is not None:
            z_at[part] = here
    xyz = mask.xyz_mm[voxel]
    table = pd.DataFrame(
        {
            "label": pd.Series(list(labels), dtype="str"),
            "n_studies": columns.within(activations.has_peaks).sizes,
            "largest_z": largest,
            "x": xyz[:, 0],
            "y": xyz[:, 1],
            "z": xyz[:, 2],
        }
    )
    if at is not None:
        table["z_at"] = z_at
    return table

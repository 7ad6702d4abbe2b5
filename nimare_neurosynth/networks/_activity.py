"""How much of each part of the brain each study activates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    check_region_bound,
)
from nimare_neurosynth.meta import need_database
from nimare_neurosynth.networks._parcels import Parcels, as_parcels

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.space import ImageLike, Mask


def average_within_regions(
    database: Database,
    regions: Any,
    *,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    n_jobs: int = -1,
) -> pd.DataFrame:
    """Give the share of each region's voxels that each study activates.

    Parameters
    ----------
    database : Database
        The studies.
    regions : Parcels, atlas, images or coordinates
        See :func:`as_parcels`; :meth:`Parcels.grid` makes cubes.
    radius_mm, mask, talairach, n_jobs
        As for :func:`nimare_neurosynth.meta_analysis`.

    Returns
    -------
    pandas.DataFrame of float64
        Index ``study_id``, a column for each region, values from 0 to 1.

    Raises
    ------
    ImageError, OptionError
        If regions or options cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> seeds = {"amygdala": [-22, -4, -18], "sma": [0, 4, 56]}
    >>> active = average_within_regions(load_demo(), seeds)
    >>> active.shape, bool(((active >= 0) & (active <= 1)).all(axis=None))
    ((320, 2), True)
    """
    import pandas as pd

    need_database(database)
    parcels = as_parcels(regions, mask=mask)
    activations = database.activations(
        radius_mm=radius_mm, mask=parcels.mask, talairach=talairach, n_jobs=n_jobs
    )
    share = parcels.count_in(activations) / parcels.sizes
    index = pd.Index(database.study_ids, name="study_id")
    return pd.DataFrame(share, index, list(parcels.names))


def is_active(
    counts: NDArray[np.int32],
    parcels: Parcels,
    min_voxels: int | None,
    min_proportion: float | None,
) -> BoolArray:
    """Say which studies activate which parcels, by enough of their voxels.

    Parameters
    ----------
    counts : ndarray of int32, shape (n_studies, n_parcels)
        Active voxels.
    parcels : Parcels
        The parcels.
    min_voxels, min_proportion
        At least so many voxels (1 by default), or such a share of them.

    Returns
    -------
    ndarray of bool, shape (n_studies, n_parcels)
    """
    check_region_bound(min_voxels, min_proportion)
    if min_proportion is None:
        return np.asarray(counts >= (1 if min_voxels is None else min_voxels))
    # counts, not quotients: 0.05 of 20 voxels is 1 voxel exactly
    return np.asarray(counts >= min_proportion * parcels.sizes * (1 - 1e-12))

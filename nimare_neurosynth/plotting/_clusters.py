"""Clusters and their peaks."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from nibabel.nifti1 import Nifti1Image

COLUMNS = ("cluster", "x", "y", "z", "value", "size_mm3")


def cluster_table(
    image: Nifti1Image, *, min_size_mm3: float = 0, min_distance_mm: float = 8
) -> pd.DataFrame:
    """List the clusters of a thresholded image with their peaks, both signs.

    Parameters
    ----------
    image : nibabel image
        0 wherever it is not significant.
    min_size_mm3 : float
        Leave out smaller clusters.
    min_distance_mm : float
        Least distance between the peaks listed within a cluster.

    Returns
    -------
    pandas.DataFrame
        ``cluster``, ``x``, ``y``, ``z`` (mm), ``value``, ``size_mm3`` (missing for
        further peaks of a cluster).
    """
    import pandas as pd
    from nilearn.reporting import get_clusters_table

    values = np.asanyarray(image.dataobj)
    present = np.abs(values[values != 0])
    if not present.size:
        return pd.DataFrame(columns=list(COLUMNS))
    voxel_mm3 = abs(float(np.linalg.det(image.affine[:3, :3])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "no clusters" for the sign that has none
        table = get_clusters_table(
            image,
            stat_threshold=float(present.min()) * (1 - 1e-6),
            cluster_threshold=int(np.ceil(min_size_mm3 / voxel_mm3)) - 1
            if min_size_mm3 > 0
            else None,
            two_sided=bool((values < 0).any()),
            min_distance=min_distance_mm,
        )
    table.columns = pd.Index(COLUMNS)
    table["cluster"] = table["cluster"].astype("str")
    table["size_mm3"] = pd.to_numeric(table["size_mm3"], errors="coerce")
    return table

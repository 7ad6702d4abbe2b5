"""Coactivation of seeds."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import EmptySelectionError, OptionError
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy.analysis.meta import MetaAnalysis

if TYPE_CHECKING:
    from nimare_neurosynth.legacy.base.dataset import Dataset


@old("coactivation")
def coactivation(
    dataset: Dataset,
    seed: Any,
    threshold: float = 0.0,
    output_dir: str | PathLike[str] | None = ".",
    prefix: str = "",
    r: float = 6,
    outroot: str | None = None,
) -> MetaAnalysis:
    """Compare the studies that activate a seed with all others, and write the images.

    Parameters
    ----------
    dataset : Dataset
    seed : path, image or coordinates
        A region, of which every voxel that is not 0 counts; or a coordinate (x, y, z)
        in mm, or a list of them.
    threshold : float or int
        Studies must activate such a share of the region (a whole number: so many of
        its voxels). Coordinates do without.
    output_dir : str or path, optional
        Made where it is missing; where one is by default.
    prefix : str
        What the names of the nine files begin with.
    r : float
        Studies must report a peak within so many mm of a coordinate.
    outroot : str, optional
        Folder and prefix in one, as in older versions.

    Returns
    -------
    MetaAnalysis
        Of these studies.

    Raises
    ------
    EmptySelectionError
        If no study activates the seed.
    ImageError, OptionError
        If the seed or an option cannot be used.
    """
    folder = Path("." if output_dir is None else output_dir)
    if outroot is not None:
        if prefix:
            raise OptionError("outroot is the prefix of older versions: give only one.")
        root = Path(outroot)
        folder, prefix = folder / root.parent, root.name
    if is_region(seed):
        ids = dataset.get_studies(mask=seed, activation_threshold=threshold)
        where = fspath(seed) if isinstance(seed, str | PathLike) else "the seed"
        what = f"activates {where} by {threshold:g} or more"
    else:
        peaks = _coordinates(seed)
        ids = dataset.get_studies(peaks=peaks, r=r)
        what = f"reports a peak within {r:g} mm of {peaks.tolist()}"
    if not ids:
        raise EmptySelectionError(f"no study {what}: there is nothing to compare.")
    analysis = MetaAnalysis(dataset, ids)
    analysis.save_results(folder, prefix)
    return analysis


def is_region(seed: Any) -> bool:
    """Tell images, and arrays of voxels, from coordinates."""
    if isinstance(seed, np.ndarray):
        return seed.size > 3 and seed.shape[-1] != 3
    return isinstance(seed, str | PathLike) or hasattr(seed, "dataobj")


def _coordinates(seed: Any) -> Any:
    try:
        peaks = np.atleast_2d(np.asarray(seed, dtype=float))
    except (TypeError, ValueError):
        peaks = np.empty(0)
    if peaks.ndim != 2 or peaks.shape[1] != 3 or not np.isfinite(peaks).all():
        raise OptionError(
            "a seed is the path of an image, an image, or a list of coordinates "
            f"[[x, y, z], ...] in mm, got {seed!r}."
        )
    return peaks

"""What counts as active: in a map, of peaks, in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import parse_coordinates
from nimare_neurosynth.decoding._images import Pattern, read_patterns
from nimare_neurosynth.engine import build_activations
from nimare_neurosynth.errors import ImageError, OptionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.space import Mask


def active_voxels(
    pattern: Pattern, n_typical: int, *, above: float | None = None
) -> BoolArray:
    """Turn an image into active voxels, as a study has them.

    Parameters
    ----------
    pattern : Pattern
        The image.
    n_typical : int
        How many voxels the average study activates.
    above : float, optional
        Voxels above this value are active. By default, all positive voxels of a mask
        or a thresholded map (one that is 0 at most voxels) are; of any other map, the
        ``n_typical`` largest positive ones.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)

    Raises
    ------
    ImageError
        If no voxel is active.
    """
    values = pattern.values
    if above is not None:
        active = values > above
    else:
        active = values > 0
        whole = pattern.facts["kind"] in ("map", "unsigned map")
        if whole and np.count_nonzero(active) > n_typical:
            least = np.partition(values, -n_typical)[-n_typical]
            active = values >= max(least, np.nextafter(0, 1))
    if not active.any():
        limit = "0" if above is None else f"{above:g}"
        raise ImageError(
            f"the image {pattern.name!r} has no voxel above {limit} in the brain mask: "
            "nothing in it is active."
        )
    return np.asarray(active)


def active_sets(
    what: Any,
    mask: Mask,
    activations: Activations,
    counted: BoolArray,
    *,
    above: float | None,
    min_overlap: float,
) -> list[tuple[str, BoolArray, dict[str, Any]]]:
    """Read images, and say which of their voxels are active.

    ``counted`` says which studies the average one is of.

    Returns
    -------
    list of (str, ndarray of bool, dict)
        Name, active voxels, what was noticed.
    """
    if above is not None and not isinstance(above, int | float | np.number):
        raise OptionError(f"above must be a number, got {above!r}.")
    typical = max(1, round(activations.sizes[counted].mean()))
    patterns: list[Pattern] = read_patterns(what, mask, min_overlap=min_overlap)
    found = []
    for pattern in patterns:
        active = active_voxels(pattern, typical, above=above)
        facts = {**pattern.facts, "n_active": int(np.count_nonzero(active))}
        found.append((pattern.name, active, facts))
    return found


def active_near(peaks: ArrayLike, radius_mm: float, mask: Mask) -> BoolArray:
    """Mark the voxels around peaks, as those of a study.

    Parameters
    ----------
    peaks : array-like of float, shape (n_peaks, 3)
        In the mask's space, in mm.
    radius_mm : float
        Of the spheres.
    mask : Mask
        The voxels there are.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)

    Raises
    ------
    OptionError
        If these are no coordinates.
    ImageError
        If none of them is in the brain.
    """
    xyz = parse_coordinates(peaks, "peaks")
    study = np.zeros(len(xyz), dtype=np.int64)
    made = build_activations(xyz, study, 1, mask=mask, radius_mm=radius_mm)
    active = np.zeros(mask.n_voxels, dtype=bool)
    active[made.to_csr().indices] = True
    if not active.any():
        raise ImageError(
            f"none of the {len(xyz):,} peaks is in the brain mask: are these MNI "
            "coordinates in mm?"
        )
    return active

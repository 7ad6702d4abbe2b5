"""The sphere around a peak, as lines of voxels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_RADIUS_MM = 100.0
_TOLERANCE = 1e-6  # a voxel edge of 2.0000002 mm must not lose the sphere's surface


def sphere_lines(radius_mm: float, affine: NDArray[Any]) -> NDArray[np.int32]:
    """Describe a sphere around a voxel as lines along the last axis of the volume.

    Parameters
    ----------
    radius_mm : float
        Radius in mm, 0 to 100. Voxels whose centre lies at this distance belong to
        the sphere.
    affine : ndarray, shape (4, 4)
        Voxel-to-mm affine: voxels need not be cubes nor axes orthogonal.

    Returns
    -------
    ndarray of int32, shape (n_lines, 4)
        ``(di, dj, k_first, k_last)`` for each line, in voxels from the centre, both
        ends included. A sphere is convex, so each line is one piece.

    Raises
    ------
    OptionError
        If the radius is not a number from 0 to 100.

    Examples
    --------
    >>> lines = sphere_lines(6, np.diag([2.0, 2.0, 2.0, 1.0]))
    >>> len(lines), int((lines[:, 3] - lines[:, 2] + 1).sum())
    (29, 123)
    """
    try:
        radius = float(radius_mm)
    except (TypeError, ValueError):
        radius = np.nan
    if not 0 <= radius <= MAX_RADIUS_MM:
        raise OptionError(
            f"radius_mm must be a number from 0 to {MAX_RADIUS_MM:.0f} mm, "
            f"got {radius_mm!r}."
        )
    axes = np.asarray(affine, dtype=np.float64)[:3, :3]
    # how far the sphere can reach along each voxel axis, whatever the obliquity
    reach = np.ceil(radius * np.linalg.norm(np.linalg.inv(axes), axis=1) + 1e-9)
    ranges = [np.arange(-r, r + 1) for r in reach.astype(int)]
    offsets = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1)
    distance = np.linalg.norm(offsets @ axes.T, axis=-1)
    inside = distance <= radius * (1 + _TOLERANCE)
    i, j = np.nonzero(inside.any(axis=2))
    line = inside[i, j]
    first = line.argmax(axis=1)
    last = line.shape[1] - 1 - line[:, ::-1].argmax(axis=1)
    columns = (ranges[0][i], ranges[1][j], ranges[2][first], ranges[2][last])
    return np.stack(columns, axis=1).astype(np.int32)

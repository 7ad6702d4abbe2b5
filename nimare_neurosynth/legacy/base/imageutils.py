"""Spheres, grids, thresholds, and images on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.io import write_atomic
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.space import read_volume, sphere_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nibabel.nifti1 import Nifti1Header
    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth.legacy.base.mask import Masker

DIMS = (91, 109, 91)
AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
"""Of the old package's volume: from right to left."""


@old("get_sphere")
def get_sphere(
    coords: ArrayLike,
    r: float = 4,
    vox_dims: Sequence[float] = (2, 2, 2),
    dims: Sequence[int] = DIMS,
) -> NDArray[np.int64]:
    """List the voxels whose centre is within ``r`` mm of that of a voxel.

    Parameters
    ----------
    coords : array-like of float, shape (3,)
        The voxel in the middle.
    r : float
        Radius in mm, included. Odd ones, which the old package got wrong, are right.
    vox_dims : sequence of float, length 3
        Size of voxels in mm.
    dims : sequence of int, length 3
        Shape of the volume: what lies outside is left out.

    Returns
    -------
    ndarray of int, shape (n, 3)

    Examples
    --------
    >>> len(get_sphere([45, 45, 45], r=6))
    123
    """
    lines = sphere_lines(r, np.diag([*vox_dims, 1.0]))
    offsets = [(i, j, k) for i, j, a, b in lines.tolist() for k in range(a, b + 1)]
    found = np.rint(np.array(offsets) + np.asarray(coords, dtype=np.float64))
    inside = ((found >= 0) & (found < np.asarray(dims))).all(axis=1)
    return np.asarray(found[inside], dtype=np.int64)


@old("map_peaks_to_image")
def map_peaks_to_image(
    peaks: ArrayLike,
    r: float = 4,
    vox_dims: Sequence[float] = (2, 2, 2),
    dims: Sequence[int] = DIMS,
    header: Any = None,
) -> OldImage:
    """Make an image that is 1 within ``r`` mm of voxels given as (z, y, x)."""
    data = np.zeros(tuple(dims))
    for peak in np.atleast_2d(np.asarray(peaks)):
        data[tuple(get_sphere(peak[::-1], r, vox_dims, dims).T)] = 1
    affine = AFFINE if header is None else header.get_best_affine()
    return OldImage.on(data, affine)


@old("load_imgs")
def load_imgs(
    filenames: Any, masker: Masker, nan_to_num: bool = True
) -> NDArray[np.float64]:
    """Read images into the columns of a matrix, shape (n_voxels, n_images)."""
    listed = filenames if isinstance(filenames, list | tuple) else [filenames]
    if not listed:
        raise OptionError("the list of images is empty.")
    columns = [masker.mask(image, nan_to_num) for image in listed]
    return np.stack(columns, axis=1).astype(np.float64)


@old("save_img")
def save_img(
    data: ArrayLike, filename: Any, masker: Masker, header: Nifti1Header | None = None
) -> None:
    """Write a masked vector as an image, in its own data type, whole or not at all."""
    values = np.asarray(data)
    image = OldImage.on(masker.unmask(values), masker.space.affine)
    image.header["cal_max"], image.header["cal_min"] = values.max(), values.min()
    write_image(Path(filename), image)


def write_image(path: Path, image: OldImage) -> None:
    """Write a NIfTI file, whole or not at all; its name says whether it is packed."""
    import gzip

    name = path.name.lower()
    if not name.endswith((".nii", ".nii.gz")):
        raise OptionError(f"images are written as .nii or .nii.gz, not as {path.name}.")
    content = image.to_bytes()
    packed = name.endswith(".gz")
    write_atomic(path, gzip.compress(content, 6, mtime=0) if packed else content)


@old("threshold_img")
def threshold_img(
    data: NDArray[Any],
    threshold: float,
    mask: NDArray[Any] | None = None,
    mask_out: str = "below",
) -> NDArray[Any]:
    """Set values below (or above) a threshold to 0, in a copy.

    Parameters
    ----------
    data : ndarray
        What is thresholded.
    threshold : float
        The threshold.
    mask : ndarray, optional
        Compare these values instead: p values, for a map of z.
    mask_out : {"below", "above"}
        Which side becomes 0.
    """
    if mask_out[:1] not in ("a", "b"):
        raise OptionError(f"mask_out must be 'below' or 'above', got {mask_out!r}.")
    compared = np.asarray(data if mask is None else mask)
    out = compared < threshold if mask_out[0] == "b" else compared > threshold
    return np.where(out, 0, np.asarray(data))


@old("create_grid")
def create_grid(
    image: Any, scale: int = 4, apply_mask: bool = True, save_file: Any = None
) -> OldImage:
    """Give each cell of a grid a number: cubes of ``scale`` voxels each way.

    Parameters
    ----------
    image : str, path or nibabel image
        Gives the volume, and the voxels that are kept: those that are not 0.
    scale : int
        Voxels along the side of a cube.
    apply_mask : bool
        Leave out voxels where the image is 0.
    save_file : str or path, optional
        Also write the grid there.
    """
    if not isinstance(scale, int | np.integer) or scale < 1:
        raise OptionError(f"scale must be a whole number from 1 up, got {scale!r}.")
    values, affine = read_volume(image)
    shape = values.shape[:3]
    # centres are every scale voxels from 0 on, and cells begin scale // 2 before them
    cells = [
        np.minimum((np.arange(n) + scale // 2) // scale, (n - 1) // scale)
        for n in shape
    ]
    n_cells = [(n + scale - 1) // scale for n in shape]
    i, j, k = np.ix_(*cells)
    grid = (i * n_cells[1] + j) * n_cells[2] + k + 1.0
    if apply_mask:
        grid[np.nan_to_num(values.reshape(shape)) == 0] = 0
    made = OldImage.on(grid, affine)
    if save_file is not None:
        write_image(Path(save_file), made)
    return made

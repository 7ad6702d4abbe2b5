"""Images from outside, read without trusting what they say of themselves."""

from __future__ import annotations

from contextlib import contextmanager
from math import prod
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nimare_neurosynth.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import NDArray

ImageLike: TypeAlias = "str | PathLike[str] | Nifti1Image"

_MAX_VOXELS = 1 << 26
"""Of a volume; the finest MNI template, of 0.5 mm, has 57.8 million."""

_MAX_GZIP = 1032
"""Bytes that a byte of a gzipped file can stand for, at the very most."""


def read_volume(image: ImageLike) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Read the values of an image, or say plainly why that can't be.

    Parameters
    ----------
    image : str, path or nibabel image
        Any volume that nibabel reads.

    Returns
    -------
    values : ndarray, shape (i, j, k) or with more dimensions
    affine : ndarray of float64, shape (4, 4)
        From voxels to mm.

    Raises
    ------
    ImageError
        If there is no such file, nibabel cannot read it as a volume, or its volumes
        have more than 67 million voxels.
    """
    loaded = _open(image)
    if prod(loaded.shape[:3]) > _MAX_VOXELS:
        with naming(image):
            raise ImageError(
                f"this image has {prod(loaded.shape[:3]):,} voxels, and at most "
                f"{_MAX_VOXELS:,} are read: resample it to voxels of 1 or 2 mm."
            )
    with _readable(image), np.errstate(all="ignore"):  # values may be infinite or NaN
        if isinstance(image, str | PathLike):
            _check_size(Path(loaded.file_map["image"].filename or image), loaded)
        return np.asanyarray(loaded.dataobj), np.asarray(loaded.affine)


def _open(image: ImageLike) -> Nifti1Image:
    import nibabel as nib

    loaded: Any = image
    if isinstance(image, str | PathLike):
        path = Path(fspath(image))
        if not path.is_file():
            raise ImageError(f"there is no image file at {path}.")
        with _readable(path):
            loaded = nib.load(path)
    with naming(image):
        if hasattr(loaded, "darrays") or type(loaded).__name__.startswith("Cifti"):
            raise ImageError(
                "this is a surface or grayordinate file, and peaks are in a volume: "
                "bring it to MNI152 volume space first (for example with neuromaps)."
            )
    if not (hasattr(loaded, "affine") and hasattr(loaded, "dataobj")):
        raise ImageError(
            f"a volume image or its path is needed, got {type(image).__name__}."
        )
    return loaded  # type: ignore[no-any-return]


@contextmanager
def _readable(image: object) -> Iterator[None]:
    """Turn what nibabel raises (its own errors, zlib's, EOFError, ...) into ours."""
    try:
        yield
    except Exception as error:
        what = fspath(image) if isinstance(image, str | PathLike) else "this image"
        raise ImageError(
            f"{what} cannot be read as an image ({error}): a NIfTI volume "
            "(.nii or .nii.gz) is needed."
        ) from error


def _check_size(path: Path, loaded: Nifti1Image) -> None:
    """Raise a ValueError where a file is too short for what its header claims."""
    size = path.stat().st_size
    packed = path.suffix.lower() in {".gz", ".bz2", ".zst", ".mgz"}
    dtype: np.dtype[Any] = loaded.get_data_dtype()  # type: ignore[no-untyped-call]
    claimed = prod(loaded.shape) * dtype.itemsize
    if claimed > size * (_MAX_GZIP if packed else 1):
        raise ValueError(
            f"its header claims {claimed:,} bytes of voxels, and it has {size:,} bytes"
        )


@contextmanager
def naming(image: object) -> Iterator[None]:
    """Have errors begin with the path of an image, if it has one."""
    try:
        yield
    except ImageError as error:
        if not isinstance(image, str | PathLike):
            raise
        raise ImageError(f"{fspath(image)}: {error}") from error

"""The voxels that maps are made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import ImageError, OptionError
from nimare_neurosynth.space._coordinates import mm_to_voxel
from nimare_neurosynth.space._images import ImageLike, naming, read_volume
from nimare_neurosynth.space._resources import nimare_resource
from nimare_neurosynth.space._sphere import sphere_lines

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray

_AFFINE_TOLERANCE_MM = 1e-3
_VOXEL_MM = (0.1, 100)
_FARTHEST_MM = 1e5


@dataclass(frozen=True, eq=False)
class Mask:
    """The voxels of a volume that count, in one fixed order.

    Parameters
    ----------
    shape : tuple of int, length 3
        Shape of the volume.
    affine : ndarray of float64, shape (4, 4)
        Voxel-to-mm affine.
    flat_index : ndarray of int32, shape (n_voxels,)
        C-order positions of the mask's voxels in the volume, ascending. This is the
        order of every map's last axis, and the order of a nilearn masker.

    Examples
    --------
    >>> mask = Mask.from_array(np.ones((2, 2, 2)), np.eye(4))
    >>> mask.n_voxels
    8
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    flat_index: NDArray[np.int32]

    @classmethod
    def from_array(cls, volume: ArrayLike, affine: ArrayLike) -> Mask:
        """Make a mask of the non-zero voxels of an array (NaN counts as zero).

        Parameters
        ----------
        volume : array-like, shape (i, j, k)
            Which voxels count.
        affine : array-like, shape (4, 4)
            Voxel-to-mm affine.

        Returns
        -------
        Mask

        Raises
        ------
        ImageError
            If the array is not three-dimensional, the affine not invertible, or no
            voxel is left.
        """
        values = np.asarray(volume)
        if values.ndim == 4 and values.shape[3] == 1:
            values = values[..., 0]
        if values.dtype.kind not in "biuf":
            raise ImageError(
                f"a mask must hold numbers, but this one has {values.dtype}."
            )
        if values.ndim != 3:
            raise ImageError(
                f"a mask must be three-dimensional, but this one has shape "
                f"{values.shape}."
            )
        grid = np.array(affine, dtype=np.float64)
        if grid.shape != (4, 4) or not np.isfinite(grid).all():
            raise ImageError("a mask needs a finite 4 x 4 affine.")
        sizes = np.linalg.svd(grid[:3, :3], compute_uv=False)
        if sizes[0] > _VOXEL_MM[1] or sizes[2] < _VOXEL_MM[0]:
            raise ImageError(
                f"the affine of this mask has voxels of {sizes[2]:.3g} to "
                f"{sizes[0]:.3g} mm; of brains, voxels have {_VOXEL_MM[0]} to "
                f"{_VOXEL_MM[1]} mm: is the affine in mm?"
            )
        if np.abs(grid[:3, 3]).max() > _FARTHEST_MM:
            raise ImageError("the affine of this mask puts it far away from any brain.")
        inside = values != 0
        if values.dtype.kind == "f":
            inside &= ~np.isnan(values)
        if not inside.any():
            raise ImageError("this mask is empty: none of its voxels is non-zero.")
        flat = np.flatnonzero(inside).astype(np.int32)
        i, j, k = values.shape
        return cls((i, j, k), grid, flat)

    @classmethod
    def from_image(cls, image: ImageLike) -> Mask:
        """Make a mask of the non-zero voxels of an image.

        Parameters
        ----------
        image : str, path or nibabel image
            Any volume that nibabel reads.

        Returns
        -------
        Mask

        Raises
        ------
        ImageError
            If it cannot be read or used as a mask.
        """
        values, affine = read_volume(image)
        with naming(image):
            return cls.from_array(values, affine)

    @property
    def n_voxels(self) -> int:
        """Number of voxels in the mask."""
        return len(self.flat_index)

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """How many mask voxels come before each flat position, one entry past the end.

        Voxels of the volume from ``a`` up to ``b`` are those from ``rank[a]`` up to
        ``rank[b]`` of the mask: an interval stays an interval.
        """
        inside = np.zeros(int(np.prod(self.shape)) + 1, dtype=np.int32)
        inside[self.flat_index + 1] = 1
        return np.cumsum(inside, dtype=np.int32)

    @cached_property
    def key(self) -> str:
        """Short hexadecimal name of exactly these voxels in exactly this space."""
        digest = hashlib.sha256()
        digest.update(repr(self.shape).encode())
        digest.update((np.round(self.affine, 6) + 0.0).tobytes())  # no -0.0
        digest.update(self.flat_index.tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def xyz_mm(self) -> NDArray[np.float64]:
        """Millimetre coordinates of each voxel's centre, shape (n_voxels, 3)."""
        ijk = np.stack(np.unravel_index(self.flat_index, self.shape), axis=1)
        return np.asarray(ijk @ self.affine[:3, :3].T + self.affine[:3, 3])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<Mask: {self.n_voxels:,} voxels of a {self.shape} volume>"

    def has_grid(self, shape: tuple[int, ...], affine: NDArray[Any]) -> bool:
        """Tell whether a volume has the same voxels at the same places.

        Parameters
        ----------
        shape : tuple of int
            Of the volume.
        affine : ndarray, shape (4, 4)
            Of the volume; it may differ by a thousandth of a millimetre.

        Returns
        -------
        bool
        """
        same_place = np.allclose(affine, self.affine, atol=_AFFINE_TOLERANCE_MM)
        return tuple(shape) == self.shape and same_place

    def voxel_at(self, xyz: ArrayLike) -> int | None:
        """Find the mask voxel that a coordinate in mm rounds to.

        Parameters
        ----------
        xyz : array-like of float, shape (3,)
            Coordinate in mm.

        Returns
        -------
        int or None
            Position in the mask's order; None outside the mask.
        """
        ijk = mm_to_voxel(xyz, self.affine)
        if not (
            np.isfinite(ijk).all() and (ijk >= 0).all() and (ijk < self.shape).all()
        ):
            return None
        flat = np.ravel_multi_index(tuple(ijk.astype(int)), self.shape)
        position = int(np.searchsorted(self.flat_index, flat))
        found = position < self.n_voxels and self.flat_index[position] == flat
        return position if found else None

    def to_volume(self, values: ArrayLike) -> NDArray[Any]:
        """Put values back into a volume of zeros.

        Parameters
        ----------
        values : array-like, shape (n_voxels,)
            One value per voxel of the mask.

        Returns
        -------
        ndarray, shape (i, j, k)
        """
        array = np.asarray(values)
        volume = np.zeros(int(np.prod(self.shape)), dtype=array.dtype)
        volume[self.flat_index] = array
        return volume.reshape(self.shape)

    def to_image(self, values: ArrayLike) -> Nifti1Image:
        """Turn values into a NIfTI image in MNI152 space.

        Parameters
        ----------
        values : array-like, shape (n_voxels,)
            One value per voxel of the mask; booleans become 0 and 1.

        Returns
        -------
        nibabel.nifti1.Nifti1Image
            0 outside the mask.
        """
        from nibabel.nifti1 import Nifti1Image

        volume = self.to_volume(values)
        if volume.dtype.kind == "b":
            volume = volume.astype(np.uint8)
        image = Nifti1Image(volume, self.affine)
        image.header.set_sform(self.affine, code="mni")
        image.header.set_qform(self.affine, code="mni")
        image.header.set_xyzt_units("mm")
        return image


@cache
def default_mask() -> Mask:
    """Load the default mask: NiMARE's MNI152 2 mm brain, 228,483 voxels.

    Returns
    -------
    Mask

    Examples
    --------
    >>> default_mask().n_voxels
    228483
    """
    name = "tpl-MNI152NLin6Asym_res-02_desc-brain_mask.nii.gz"
    return Mask.from_image(nimare_resource("templates", name))


def as_mask(mask: Mask | ImageLike | None) -> Mask:
    """Take a mask in any of the forms that analyses accept.

    Parameters
    ----------
    mask : Mask, image or None
        None is the default brain mask.

    Returns
    -------
    Mask
    """
    if mask is None:
        return default_mask()
    return mask if isinstance(mask, Mask) else Mask.from_image(mask)


def region_voxels(image: ImageLike | BoolArray, mask: Mask) -> BoolArray:
    """Say which voxels of a mask belong to a region.

    Parameters
    ----------
    image : str, path, nibabel image, or ndarray of bool
        Every non-zero voxel is in the region; NaN is not. An image on another grid is
        resampled (nearest neighbour) by its affine; an array must have one value per
        mask voxel.
    mask : Mask
        The voxels that can be in it.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)

    Raises
    ------
    ImageError
        If the image cannot be read, is not three-dimensional, or has no voxel inside
        the mask.
    """
    if isinstance(image, np.ndarray):
        inside = _array_region(image, mask)
    else:
        region = Mask.from_image(image)
        if not mask.has_grid(region.shape, region.affine):
            with naming(image):
                region = _region_on(region, mask)
        volume = np.zeros(int(np.prod(mask.shape)), dtype=bool)
        volume[region.flat_index] = True
        inside = volume[mask.flat_index]
    if not inside.any():
        with naming(image):
            raise ImageError("this region has no voxel inside the brain mask.")
    return inside


def _array_region(values: NDArray[Any], mask: Mask) -> BoolArray:
    if values.dtype.kind not in "biuf":
        raise ImageError(f"an array must hold numbers, not {values.dtype}.")
    if values.shape != (mask.n_voxels,):
        raise ImageError(
            f"a region given as an array needs one value for each of the mask's "
            f"{mask.n_voxels:,} voxels, but this one has shape {values.shape}; give an "
            "image where its place in space is known."
        )
    return np.asarray(np.nan_to_num(values) != 0)


def _region_on(region: Mask, mask: Mask) -> Mask:
    values = region.to_volume(np.ones(region.n_voxels, dtype=np.uint8))
    volume = resample_volume(values, region.affine, mask, interpolation="nearest")
    if not volume.any():
        raise ImageError(
            "this region has no voxel inside the volume of the brain mask: is it in "
            "MNI space, in mm?"
        )
    return Mask.from_array(volume, mask.affine)


def resample_volume(
    values: NDArray[Any],
    affine: NDArray[np.float64],
    mask: Mask,
    *,
    interpolation: str = "linear",
) -> NDArray[Any]:
    """Bring a volume to the grid of a mask.

    Parameters
    ----------
    values : ndarray, shape (i, j, k)
        The volume; uint8 or floating point.
    affine : ndarray of float64, shape (4, 4)
        Its voxel-to-mm affine.
    mask : Mask
        Whose grid it is brought to.
    interpolation : {"linear", "nearest"}
        How values between voxels are found.

    Returns
    -------
    ndarray, shape ``mask.shape``
        0 outside the volume.
    """
    from nibabel.nifti1 import Nifti1Image
    from nilearn.image import resample_img

    made = resample_img(
        Nifti1Image(values, affine),
        target_affine=mask.affine,
        target_shape=mask.shape,
        interpolation=interpolation,
        force_resample=True,
        copy_header=True,
    )
    return np.asarray(made.dataobj)


def sphere_voxels(xyz: ArrayLike, radius_mm: float, mask: Mask) -> BoolArray:
    """Mark the voxels of a mask around a coordinate.

    Parameters
    ----------
    xyz : array-like of float, shape (3,)
        In mm. The sphere is centred on the voxel that it rounds to, as those around
        peaks are.
    radius_mm : float
        0 to 100; the surface is included.
    mask : Mask
        The voxels there are.

    Returns
    -------
    ndarray of bool, shape (n_voxels,)

    Raises
    ------
    OptionError
        If the coordinate is not three numbers, or the radius is none.
    ImageError
        If no voxel of the mask is that near.

    Examples
    --------
    >>> int(sphere_voxels([0, -52, 26], 6, default_mask()).sum())
    123
    """
    lines = sphere_lines(radius_mm, mask.affine)
    try:
        centre = np.asarray(xyz, dtype=np.float64)
    except (TypeError, ValueError):
        centre = np.empty(0)
    if centre.shape != (3,) or not np.isfinite(centre).all():
        raise OptionError(f"a coordinate is three numbers in mm, got {xyz!r}.")
    inside = np.zeros(mask.n_voxels, dtype=bool)
    middle = mm_to_voxel(centre, mask.affine)
    n_i, n_j, n_k = mask.shape
    for line in lines:
        i, j, first, last = middle[[0, 1, 2, 2]] + line
        if not (0 <= i < n_i and 0 <= j < n_j):
            continue
        start, end = max(first, 0), min(last, n_k - 1)
        if start <= end:
            row = (int(i) * n_j + int(j)) * n_k
            before = mask.rank[[row + int(start), row + int(end) + 1]]
            inside[before[0] : before[1]] = True
    if not inside.any():
        x, y, z = centre
        raise ImageError(
            f"no voxel of the brain mask is within {float(radius_mm):g} mm of "
            f"({x:g}, {y:g}, {z:g}): are these MNI coordinates in mm?"
        )
    return np.asarray(inside)

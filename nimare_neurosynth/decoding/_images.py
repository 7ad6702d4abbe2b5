"""Images to be decoded: brought to the mask, and looked at before they are trusted."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import ImageError, OptionError
from nimare_neurosynth.space import (
    Mask,
    naming,
    read_volume,
    region_voxels,
    resample_volume,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray

_ENDINGS = (".nii", ".nii.gz", ".img", ".mgz")
_MIN_OVERLAP = 0.25
"""Share of an image's own voxels with values that must lie in the brain mask."""


@dataclass(frozen=True)
class Pattern:
    """One image, as values at the voxels of a mask.

    Attributes
    ----------
    name : str
        Name of the file, or ``image_0`` and so on.
    values : ndarray of float64, shape (n_voxels,)
        0 where the image has no finite value.
    facts : dict
        ``kind`` ("map", "thresholded map", "unsigned map" or "mask"),
        ``n_not_finite`` voxels that were NaN or infinite, ``resampled``, ``overlap``.
    """

    name: str
    values: NDArray[np.float64]
    facts: dict[str, Any]


def read_patterns(
    images: Any, mask: Mask, *, min_overlap: float = _MIN_OVERLAP
) -> list[Pattern]:
    """Read images and bring them to a mask.

    Parameters
    ----------
    images : path, nibabel image, ndarray, sequence or dict of these, or folder
        Arrays have one value per voxel of the mask, (n_voxels,) or (n_images,
        n_voxels). A four-dimensional image is one image for each volume. Or what this
        function gave.
    mask : Mask
        The voxels there are.
    min_overlap : float
        An image is refused unless this share of its values lies within the mask; 0
        accepts all.

    Returns
    -------
    list of Pattern

    Raises
    ------
    ImageError
        If one cannot be read, has no value in the mask, or does not look like one in
        MNI space.
    OptionError
        If ``min_overlap`` is no share.
    """
    if not (isinstance(min_overlap, float | int) and 0 <= min_overlap <= 1):
        raise OptionError(
            f"min_overlap must be a share from 0 to 1, got {min_overlap!r}."
        )
    listed = images if isinstance(images, list) else []
    if listed and all(isinstance(image, Pattern) for image in listed):
        return _same_mask(listed, mask)
    found: list[Pattern] = []
    for name, image in listed_images(images):
        if isinstance(image, np.ndarray):
            label = name or f"image_{len(found)}"
            with naming(label):
                found += _of_array(label, image, mask)
            continue
        for i, (volume, affine, several) in enumerate(_volumes(image)):
            label = name or f"image_{len(found)}"
            label = f"{label}_{i}" if several and name else label
            with naming(image if _is_file(image) and not several else label):
                found.append(_of_volume(label, volume, affine, mask, min_overlap))
    if not found:
        raise ImageError("no image was given.")
    return found


def read_regions(images: Any, mask: Mask) -> list[tuple[str, BoolArray]]:
    """Read images as regions: every voxel that is neither 0 nor NaN is in it.

    Parameters
    ----------
    images : path, nibabel image, ndarray, sequence or dict of these, or folder
        As for :func:`read_patterns`; or what this function gave.
    mask : Mask
        The voxels there are.

    Returns
    -------
    list of (str, ndarray of bool)
        Names, and which voxels of the mask are in the region.

    Raises
    ------
    ImageError
        If one cannot be read, or has no voxel in the mask.
    """
    from nibabel.nifti1 import Nifti1Image

    if isinstance(images, list) and images and all(map(_is_region, images)):
        return [_region(name, inside, mask) for name, inside in images]
    found: list[tuple[str, BoolArray]] = []
    for name, image in listed_images(images):
        if isinstance(image, np.ndarray):
            rows = np.atleast_2d(image)
            several = len(rows) > 1
            regions: Iterator[tuple[Any, bool]] = ((row, several) for row in rows)
        else:
            regions = (
                (Nifti1Image(_not_zero(volume), affine), several)  # type: ignore[no-untyped-call]
                for volume, affine, several in _volumes(image)
            )
        for i, (region, several) in enumerate(regions):
            label = name or f"region_{len(found)}"
            label = f"{label}_{i}" if several and name else label
            with naming(image if _is_file(image) and not several else label):
                found.append((label, region_voxels(region, mask)))
    if not found:
        raise ImageError("no region was given.")
    return found


def _is_file(image: Any) -> bool:
    return isinstance(image, str | PathLike)


def _same_mask(patterns: list[Pattern], mask: Mask) -> list[Pattern]:
    for pattern in patterns:
        if pattern.values.shape != (mask.n_voxels,):
            raise ImageError(
                f"the image {pattern.name!r} was read for another mask, of "
                f"{pattern.values.size:,} voxels instead of {mask.n_voxels:,}."
            )
    return patterns


def _is_region(what: Any) -> bool:
    """Tell a name with its voxels from a pair of images."""
    pair = isinstance(what, tuple) and len(what) == 2
    return pair and isinstance(what[0], str) and isinstance(what[1], np.ndarray)


def _region(name: str, inside: Any, mask: Mask) -> tuple[str, BoolArray]:
    with naming(name):
        return name, region_voxels(inside, mask)


def _not_zero(volume: NDArray[Any]) -> NDArray[np.uint8]:
    """Mark what is neither 0 nor NaN: very small numbers would be 0 as float32."""
    marked: NDArray[np.uint8] = (np.nan_to_num(volume) != 0).astype(np.uint8)
    return marked


def listed_images(images: Any) -> Iterator[tuple[str, Any]]:
    """Give each image with the name of its file, "" where it has none."""
    if isinstance(images, str | PathLike):
        path = Path(fspath(images))
        if not path.is_dir():
            yield _stem(path), path
            return
        files = sorted(p for p in path.iterdir() if p.name.lower().endswith(_ENDINGS))
        if not files:
            raise ImageError(f"{path} holds no images ({', '.join(_ENDINGS)}).")
        for file in files:
            yield _stem(file), file
    elif isinstance(images, dict):
        for name, image in images.items():
            for _, own in listed_images(image):
                yield str(name), own
    elif isinstance(images, list | tuple):
        for image in images:
            yield from listed_images(image)
    else:
        yield "", images


def is_image_folder(folder: Path) -> bool:
    """Tell whether a folder holds images, and nothing else but files beside them.

    Parameters
    ----------
    folder : pathlib.Path
        It may be missing.

    Returns
    -------
    bool
    """
    if not folder.is_dir():
        return False
    names = [p.name.lower() for p in folder.iterdir() if not p.name.startswith(".")]
    images = sum(name.endswith(_ENDINGS) for name in names)
    return images > 0 and images >= len(names) / 2


def _stem(path: Path) -> str:
    for ending in _ENDINGS:
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.name


def _volumes(image: Any) -> Iterator[tuple[NDArray[Any], NDArray[np.float64], bool]]:
    values, affine = read_volume(image)
    with naming(image):
        if values.dtype.kind not in "biuf":
            raise ImageError(
                f"an image must hold numbers, this one has {values.dtype}."
            )
        if values.ndim == 4:
            several = values.shape[3] > 1
            for i in range(values.shape[3]):
                yield values[..., i], affine, several
        elif values.ndim == 3:
            yield values, affine, False
        else:
            raise ImageError(
                f"an image must have three or four dimensions, got {values.shape}."
            )


def _of_array(name: str, values: NDArray[Any], mask: Mask) -> list[Pattern]:
    if values.dtype.kind not in "biuf":
        raise ImageError(f"an array must hold numbers, not {values.dtype}.")
    rows = np.atleast_2d(values)
    if rows.ndim > 2 or rows.shape[1] != mask.n_voxels:
        raise ImageError(
            f"an array needs one value for each of the mask's {mask.n_voxels:,} "
            f"voxels, got shape {np.shape(values)}; give an image where its place is "
            "known."
        )
    names = [name] if len(rows) == 1 else [f"{name}_{i}" for i in range(len(rows))]
    made = []
    for own, row in zip(names, rows, strict=True):
        plain = np.asarray(row, dtype=np.float64)
        finite = np.isfinite(plain)
        facts = {"resampled": False, "overlap": 1.0}
        made.append(_pattern(own, np.where(finite, plain, 0.0), finite, facts))
    return made


def _of_volume(
    name: str,
    volume: NDArray[Any],
    affine: NDArray[np.float64],
    mask: Mask,
    min_overlap: float,
) -> Pattern:
    plain = np.asarray(volume, dtype=np.float64)
    finite = np.isfinite(plain)
    plain = np.where(finite, plain, 0.0)
    if not plain.any():
        raise ImageError("this image is empty: none of its voxels is non-zero.")
    same = mask.has_grid(plain.shape, affine)
    if same:
        inside = np.count_nonzero(plain.ravel()[mask.flat_index])
        overlap = float(inside / np.count_nonzero(plain))
    else:
        overlap = _overlap(Mask.from_array(plain, affine), mask)  # checks the affine
        present = plain[plain != 0]
        discrete = bool((present == present[0]).all())
        how = "nearest" if discrete else "linear"
        plain = resample_volume(plain, affine, mask, interpolation=how)
        lost = (~finite).astype(np.float64)
        finite = resample_volume(lost, affine, mask, interpolation="nearest") == 0
    values = plain.ravel()[mask.flat_index]
    # an image of a whole field of view covers the brain, and much else
    covered = np.count_nonzero(values) / mask.n_voxels
    if max(overlap, covered) < min_overlap:
        raise ImageError(
            f"only {100 * overlap:.0f} % of this image's non-zero voxels are in the "
            f"brain mask (at least {100 * min_overlap:.0f} % are needed): it does not "
            "look like one in MNI152 space, in mm. If it is, give min_overlap=0."
        )
    if not values.any():
        raise ImageError("this image has no value inside the brain mask.")
    facts = {"resampled": not same, "overlap": overlap}
    return _pattern(name, values, finite.ravel()[mask.flat_index], facts)


def _overlap(support: Mask, mask: Mask) -> float:
    """Give the share of an image's voxels whose centre lies in a voxel of the mask."""
    inverse = np.linalg.inv(mask.affine)
    ijk = np.rint(support.xyz_mm @ inverse[:3, :3].T + inverse[:3, 3]).astype(np.int64)
    inside = ((ijk >= 0) & (ijk < np.array(mask.shape))).all(axis=1)
    volume = mask.to_volume(np.ones(mask.n_voxels, dtype=bool))
    hit = volume[tuple(ijk[inside].T)]
    return float(np.count_nonzero(hit) / len(ijk))


def _pattern(
    name: str,
    values: NDArray[np.float64],
    finite: NDArray[np.bool_],
    facts: dict[str, Any],
) -> Pattern:
    facts = {
        "kind": _kind(values),
        "n_not_finite": int(finite.size - np.count_nonzero(finite)),
        **facts,
    }
    return Pattern(name, values, facts)


def _kind(values: NDArray[np.float64]) -> str:
    """Say what sort of image this is, from its values."""
    present = values[values != 0]
    if len(present) and (present == present[0]).all():
        return "mask"
    if len(present) < 0.5 * len(values):
        return "thresholded map"
    return "unsigned map" if (present > 0).all() else "map"

"""Parts of the brain: atlases, lists of masks, spheres, grids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import parse_coordinates
from nimare_neurosynth.decoding import read_regions
from nimare_neurosynth.errors import ImageError, OptionError, UnknownTermError, suggest
from nimare_neurosynth.errors import warn as say
from nimare_neurosynth.io import unique_names
from nimare_neurosynth.networks._atlas_image import at_voxels, names_of, whole_numbers
from nimare_neurosynth.space import (
    Mask,
    as_mask,
    naming,
    read_volume,
    sphere_voxels,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.space import ImageLike

_MOST_NAMED = 5
OTHER_MASK = "these parcels are of another mask: make them in this one."


@dataclass(frozen=True, eq=False, repr=False)
class Parcels:
    """Named parts of a mask, which may overlap.

    Made by :meth:`from_atlas`, :meth:`from_images`, :meth:`from_spheres` or
    :meth:`grid`.

    Attributes
    ----------
    mask : Mask
        The voxels.
    names : tuple of str
        The parcels.
    offsets : ndarray of int64, shape (n_parcels + 1,)
        Where each parcel's voxels begin in ``voxels``.
    voxels : ndarray of int32, shape (n_pairs,)
        Voxels of each parcel, ascending; none is empty.
    """

    mask: Mask
    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    voxels: NDArray[np.int32]

    @classmethod
    def of(cls, mask: Mask, regions: Mapping[str, BoolArray]) -> Parcels:
        """Make parcels of marked voxels.

        Parameters
        ----------
        mask : Mask
            The voxels.
        regions : dict of str to ndarray of bool, shape (n_voxels,)
            Voxels of each parcel.

        Returns
        -------
        Parcels

        Raises
        ------
        ImageError
            If there is none, or one is empty.
        """
        if not regions:
            raise ImageError("there is no parcel in the brain mask.")
        found = [np.flatnonzero(inside) for inside in regions.values()]
        for name, voxels in zip(regions, found, strict=True):
            if np.shape(regions[name]) != (mask.n_voxels,):
                raise ImageError(
                    f"the parcel {name!r} needs one value for each of the mask's "
                    f"{mask.n_voxels:,} voxels, got shape {np.shape(regions[name])}."
                )
            if not len(voxels):
                raise ImageError(f"the parcel {name!r} has no voxel in the brain mask.")
        offsets = np.concatenate([[0], np.cumsum([len(v) for v in found])])
        return cls(
            mask,
            tuple(regions),
            offsets.astype(np.int64),
            np.concatenate(found).astype(np.int32),
        )

    @classmethod
    def from_atlas(
        cls,
        atlas: ImageLike,
        names: Mapping[int, str] | Sequence[str] | None = None,
        *,
        mask: Mask | ImageLike | None = None,
    ) -> Parcels:
        """Read an image of whole numbers, each of which is a parcel.

        Parameters
        ----------
        atlas : path or nibabel image
            0 is no parcel; on any grid (resampled to the nearest voxel).
        names : dict of int to str, or sequence of str, optional
            Name of each number; a sequence names them in ascending order.
        mask : Mask or image, optional
            NiMARE's MNI152 2 mm brain by default.

        Returns
        -------
        Parcels
            In ascending order of the numbers. Those without a voxel in the mask are
            left out, with a warning.

        Raises
        ------
        ImageError
            If it cannot be read, has other than whole numbers, or nothing of it is in
            the mask.
        OptionError
            If there are too few names, or too many.
        """
        space = as_mask(mask)
        with naming(atlas):
            values, affine = read_volume(atlas)
            numbers = whole_numbers(values)
            known = np.unique(numbers[numbers > 0])
            if not len(known):
                raise ImageError("this atlas is empty: all of its voxels are 0.")
            Mask.from_array(numbers, affine)  # an impossible affine is told
            found = at_voxels(numbers, affine, space)
        labels = names_of(known, names)
        present = set(np.unique(found[found > 0]).tolist())
        regions = {
            label: found == number
            for number, label in zip(known.tolist(), labels, strict=True)
            if number in present
        }
        missing = [
            label
            for number, label in zip(known.tolist(), labels, strict=True)
            if number not in present
        ]
        if not regions:
            with naming(atlas):
                raise ImageError(
                    f"none of its {len(known):,} parcels has a voxel in the brain "
                    "mask: is it in MNI space, in mm?"
                )
        if missing:
            listed = ", ".join(missing[:_MOST_NAMED])
            more = ", ..." if len(missing) > _MOST_NAMED else ""
            say(
                f"{len(missing):,} of {len(known):,} parcels have no voxel in the "
                f"brain mask and are left out: {listed}{more}."
            )
        return cls.of(space, regions)

    @classmethod
    def from_images(
        cls, images: Any, *, mask: Mask | ImageLike | None = None
    ) -> Parcels:
        """Read images as parcels: every voxel that is neither 0 nor NaN is in it.

        Parameters
        ----------
        images : path, nibabel image, ndarray, sequence or dict of these, or folder
            One parcel each; of a four-dimensional image one for each volume. They may
            overlap.
        mask : Mask or image, optional
            NiMARE's MNI152 2 mm brain by default.

        Returns
        -------
        Parcels

        Raises
        ------
        ImageError
            If one cannot be read, or has no voxel in the mask.
        """
        space = as_mask(mask)
        found = read_regions(images, space)
        names = unique_names(name for name, _ in found)
        regions = zip(names, (inside for _, inside in found), strict=True)
        return cls.of(space, dict(regions))

    @classmethod
    def from_spheres(
        cls,
        centres: ArrayLike | Mapping[str, ArrayLike],
        radius_mm: float = 6.0,
        *,
        mask: Mask | ImageLike | None = None,
    ) -> Parcels:
        """Make spheres around coordinates.

        Parameters
        ----------
        centres : array-like of float, shape (n, 3), or dict of str to (3,)
            MNI coordinates in mm.
        radius_mm : float
            0 to 100.
        mask : Mask or image, optional
            NiMARE's MNI152 2 mm brain by default.

        Returns
        -------
        Parcels

        Raises
        ------
        OptionError, ImageError
            If these are no coordinates, or one is outside of the mask.
        """
        space = as_mask(mask)
        if hasattr(centres, "items"):
            named = dict(centres.items())
            names, rows = list(named), list(named.values())
        else:
            rows = list(parse_coordinates(centres, "centres"))
            names = [place_name(xyz) for xyz in rows]
        found = [sphere_voxels(xyz, radius_mm, space) for xyz in rows]
        return cls.of(space, dict(zip(unique_names(names), found, strict=True)))

    @classmethod
    def grid(cls, size_mm: float, *, mask: Mask | ImageLike | None = None) -> Parcels:
        """Cut the mask into cubes.

        Parameters
        ----------
        size_mm : float
            Length of their edges, above 0. Cubes at the border are cut off.
        mask : Mask or image, optional
            NiMARE's MNI152 2 mm brain by default.

        Returns
        -------
        Parcels
            Named by their centres.

        Raises
        ------
        OptionError
            If the length is not above 0.
        """
        number = isinstance(size_mm, int | float | np.number)
        if not number or not 0 < size_mm <= 1000:
            raise OptionError(
                f"size_mm must be a number above 0 (and up to 1,000), got {size_mm!r}."
            )
        space = as_mask(mask)
        cell = np.floor(space.xyz_mm / size_mm).astype(np.int64)
        cells, which = np.unique(cell, axis=0, return_inverse=True)
        centres = (cells + 0.5) * size_mm
        order = np.argsort(which, kind="stable").astype(np.int32)
        sizes = np.bincount(which, minlength=len(cells))
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return cls(space, tuple(map(place_name, centres)), offsets, order)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        kind = "overlapping " if self.overlap else ""
        return f"<Parcels: {len(self):,} {kind}parts of {self.mask.n_voxels:,} voxels>"

    def place(self, name: str) -> int:
        """Find a parcel.

        Raises
        ------
        UnknownTermError
            If there is none of this name.
        """
        if name not in self.names:
            raise UnknownTermError(
                f"there is no parcel {name!r}.{suggest(str(name), self.names)}"
            )
        return self.names.index(name)

    def only(self, *names: str) -> Parcels:
        """Keep some parcels, in the order of their names here."""
        return Parcels.of(self.mask, {name: self.inside(name) for name in names})

    def inside(self, name: str) -> BoolArray:
        """Mark the voxels of a parcel, shape (n_voxels,)."""
        i = self.place(name)
        marked = np.zeros(self.mask.n_voxels, dtype=bool)
        marked[self.voxels[self.offsets[i] : self.offsets[i + 1]]] = True
        return marked

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of voxels of each parcel, shape (n_parcels,)."""
        return np.diff(self.offsets)

    @cached_property
    def centres_mm(self) -> NDArray[np.float64]:
        """Mean coordinate of each parcel's voxels, shape (n_parcels, 3)."""
        sums = np.add.reduceat(self.mask.xyz_mm[self.voxels], self.offsets[:-1], axis=0)
        return np.asarray(sums / self.sizes[:, None])

    @cached_property
    def overlap(self) -> bool:
        """Whether a voxel is in more than one parcel."""
        return len(np.unique(self.voxels)) < len(self.voxels)

    def count_in(self, activations: Activations) -> NDArray[np.int32]:
        """Count each study's active voxels in each parcel.

        Parameters
        ----------
        activations : Activations
            Of the same mask.

        Returns
        -------
        ndarray of int32, shape (n_studies, n_parcels)
        """
        out = np.empty((activations.n_studies, len(self)), dtype=np.int32)
        for layer in self._layers():
            parcel = np.full(self.mask.n_voxels, -1, dtype=np.int32)
            for place, i in enumerate(layer):
                parcel[self.voxels[self.offsets[i] : self.offsets[i + 1]]] = place
            out[:, layer] = activations.count_by(parcel, len(layer))
        return out

    def _layers(self) -> list[list[int]]:
        """Sort parcels into lists without overlap."""
        if not self.overlap:
            return [list(range(len(self)))]
        layers: list[tuple[list[int], BoolArray]] = []
        for i in range(len(self)):
            own = self.voxels[self.offsets[i] : self.offsets[i + 1]]
            free = (layer for layer in layers if not layer[1][own].any())
            layer = next(free, None)
            if layer is None:
                layer = ([], np.zeros(self.mask.n_voxels, dtype=bool))
                layers.append(layer)
            layer[0].append(i)
            layer[1][own] = True
        return [members for members, _ in layers]

    def to_values(self, values: ArrayLike | None = None) -> NDArray[np.float64]:
        """Give every voxel the value of its parcel, shape (n_voxels,).

        Parameters
        ----------
        values : array-like of float, shape (n_parcels,), optional
            1, 2, ... by default. Of parcels that overlap the last one counts; voxels
            of no parcel are 0.

        Returns
        -------
        ndarray of float64
        """
        own = np.arange(1, len(self) + 1) if values is None else np.asarray(values)
        out = np.zeros(self.mask.n_voxels)
        out[self.voxels] = np.repeat(own, self.sizes)
        return out


def place_name(xyz: ArrayLike) -> str:
    """Call a place by its coordinate."""
    return "({:g}, {:g}, {:g})".format(*np.asarray(xyz, dtype=np.float64))


def is_place(what: Any) -> bool:
    """Tell whether this is one coordinate: three numbers."""
    if isinstance(what, np.ndarray):
        what = what.tolist() if what.shape == (3,) and what.dtype.kind != "b" else None
    listed = isinstance(what, list | tuple) and len(what) == 3
    return listed and all(isinstance(v, int | float | np.number) for v in what)


def as_parcels(what: Any, *, mask: Mask | ImageLike | None = None) -> Parcels:
    """Take parcels in any of the forms that analyses accept.

    Parameters
    ----------
    what : Parcels, atlas, images or coordinates
        A path or image of whole numbers is an atlas (see :meth:`Parcels.from_atlas`), a
        four-dimensional one, a folder, a list or dict of images are masks, an array (n,
        3) or dict of coordinates are spheres of 6 mm.
    mask : Mask or image, optional
        NiMARE's MNI152 2 mm brain by default.

    Returns
    -------
    Parcels

    Raises
    ------
    OptionError
        If parcels are of another mask.
    """
    if isinstance(what, Parcels):
        if mask is not None and what.mask != as_mask(mask):
            raise OptionError(
                "these parcels are of another mask: make them in this one."
            )
        return what
    single = isinstance(what, str | PathLike) or hasattr(what, "affine")
    if single and not _is_folder(what):
        values, _ = read_volume(what)
        if values.ndim < 4:
            return Parcels.from_atlas(what, mask=mask)
        return Parcels.from_images(what, mask=mask)
    if isinstance(what, np.ndarray) or _are_coordinates(what):
        return Parcels.from_spheres(what, mask=mask)
    return Parcels.from_images(what, mask=mask)


def _is_folder(what: Any) -> bool:
    from pathlib import Path

    return isinstance(what, str | PathLike) and Path(what).is_dir()


def _are_coordinates(what: Any) -> bool:
    values = list(what.values()) if hasattr(what, "values") else what
    if not isinstance(values, list | tuple) or not values:
        return False
    return is_place(values) or all(map(is_place, values))

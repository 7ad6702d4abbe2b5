"""Masking: the brain, and layers that narrow it down."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import ImageError, OptionError, suggest
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy._images import MapImage, OldImage
from nimare_neurosynth.space import Mask, naming, read_volume, resample_volume

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray

RESOURCES = Path(__file__).parents[1] / "resources"
BRAIN = RESOURCES / "MNI152_T1_2mm_brain.nii.gz"
"""The old package's brain: 228,453 voxels of 2 mm, from right to left."""

_OUTPUTS = ("vector", "array", "image")


class Masker:
    """Turns images into vectors of the voxels that count, and back.

    Parameters
    ----------
    volume : str, path or nibabel image
        Every voxel that is not 0 is in the brain.
    layers : image, list or dict of images, optional
        See :meth:`add`.

    Attributes
    ----------
    volume : OldImage
        The brain, with its affine.
    space : Mask
        The same for the rest of this package: vectors are in its order.
    layers : dict of str to ndarray
        Vectors over the whole volume, by name.
    stack : list of str
        Names of the layers, in the order in which they were added.
    current_mask : ndarray of bool
        Over the whole volume: the brain within all layers.
    n_vox_in_vol, n_vox_in_mask : int
        Voxels in the brain, and in the current mask.

    Examples
    --------
    >>> from nimare_neurosynth.legacy import Masker
    >>> Masker().n_vox_in_vol
    228453
    """

    @old("Masker")
    def __init__(self, volume: Any = None, layers: Any = None) -> None:
        values, affine = read_volume(BRAIN if volume is None else volume)
        with naming(volume):
            self.space = Mask.from_array(values, affine)
        self.volume = OldImage.on(values.reshape(self.space.shape), affine)
        self.dims = self.space.shape
        self.vox_dims = tuple(float(v) for v in self.get_header().get_zooms())
        self.full: NDArray[np.float64] = np.nan_to_num(
            np.asarray(values, dtype=np.float64).ravel()
        )
        self.global_mask = np.where(self.full)
        self.reset()
        if layers is not None:
            self.add(layers)

    def __repr__(self) -> str:
        n = f"{self.n_vox_in_mask:,} of {self.n_vox_in_vol:,} voxels"
        return f"<Masker: {n}, layers: {', '.join(self.stack) or 'none'}>"

    @property
    def mask_img(self) -> OldImage:
        """The current mask as an image of 0 and 1."""
        return OldImage.on(self.current_mask.reshape(self.dims), self.space.affine)

    # ------------------------------------------------------------------ layers

    def reset(self) -> None:
        """Take away all layers."""
        self.layers: dict[str, NDArray[Any]] = {}
        self.stack: list[str] = []
        self.set_mask()
        self.n_vox_in_vol = self.space.n_voxels

    def add(
        self, layers: Any, above: float | None = None, below: float | None = None
    ) -> None:
        """Add layers: from then on, the mask is where all of them are.

        Parameters
        ----------
        layers : image, list or dict of images
            Lists are named ``layer_0`` and so on.
        above, below : float, optional
            Values below ``above``, and those above ``below``, count as 0.
        """
        if not isinstance(layers, dict):
            listed = layers if isinstance(layers, list) else [layers]
            first = len(self.stack)
            layers = {f"layer_{first + i}": image for i, image in enumerate(listed)}
        read = {name: self.get_image(image) for name, image in layers.items()}
        for name, values in read.items():
            vector = np.array(values)
            if above is not None:
                vector[vector < above] = 0
            if below is not None:
                vector[vector > below] = 0
            self.layers[str(name)] = vector
            self.stack.append(str(name))
        self.set_mask()

    def remove(self, layers: Any) -> None:
        """Remove layers by name or position; -1 is the last one."""
        for layer in layers if isinstance(layers, list) else [layers]:
            name = self._name(layer)
            self.stack.remove(name)
            del self.layers[name]
        self.set_mask()

    def _name(self, layer: Any) -> str:
        if isinstance(layer, str):
            if layer in self.layers:
                return layer
            hint = suggest(layer, self.layers)
        elif isinstance(layer, int | np.integer):
            if -len(self.stack) <= layer < len(self.stack):
                return self.stack[layer]
            hint = ""
        else:
            raise OptionError(f"a layer is a name or a position, got {layer!r}.")
        known = ", ".join(self.stack) or "none"
        raise OptionError(f"there is no layer {layer!r}; there is {known}.{hint}")

    def set_mask(self, layers: Any = None) -> None:
        """Make some layers the current mask; all by default."""
        self.current_mask: BoolArray = self.get_mask(layers, in_global_mask=False)
        self.n_vox_in_mask = int(np.count_nonzero(self.current_mask))

    def get_mask(
        self, layers: Any = None, output: str = "vector", in_global_mask: bool = True
    ) -> Any:
        """Give the mask that some layers make, all by default.

        Parameters
        ----------
        layers : str, int or list of these, optional
            Names that are no layers are passed over.
        output : {"vector", "array", "image"}
            As for :meth:`get_image`; only where ``in_global_mask`` is False.
        in_global_mask : bool
            Give a vector over the voxels of the brain.
        """
        chosen = list(self.stack) if layers is None else layers
        chosen = chosen if isinstance(chosen, list) else [chosen]
        inside = self.full != 0
        for layer in chosen:
            if not isinstance(layer, str) or layer in self.layers:
                inside = inside & (self.layers[self._name(layer)] != 0)
        if in_global_mask:
            return inside[self.global_mask]
        return self.get_image(inside.reshape(self.dims), output)

    # ------------------------------------------------------------------ images

    def get_header(self) -> Nifti1Header:
        """Give a copy of the header of the volume."""
        return self.volume.header.copy()  # type: ignore[no-any-return]

    @property
    def header(self) -> Nifti1Header:
        """The header of the volume, as a copy."""
        return self.get_header()

    def get_image(self, image: Any, output: str = "vector") -> Any:
        """Bring an image to the grid of the brain.

        Parameters
        ----------
        image : str, path, nibabel image or ndarray
            Images on another grid, or with their axes the other way, are brought to
            this one by their affine. Arrays are taken by position: a volume, or a
            vector over the volume, the brain or the current mask.
        output : {"vector", "array", "image"}
            A vector over the whole volume, an array in its shape, or an image.

        Raises
        ------
        ImageError
            If it cannot be read, or does not fit.
        """
        if output not in _OUTPUTS:
            allowed = ", ".join(_OUTPUTS)
            raise OptionError(f"output must be one of {allowed}, got {output!r}.")
        values = self._on_grid(image)
        if output == "vector":
            return values.ravel()
        return values if output == "array" else OldImage.on(values, self.space.affine)

    def _on_grid(self, image: Any) -> NDArray[Any]:
        if isinstance(image, MapImage) and len(image) in self._lengths():
            return self._placed(image.vector)
        if isinstance(image, np.ndarray):
            return self._placed(image)
        if isinstance(image, str | PathLike) or hasattr(image, "dataobj"):
            if getattr(image, "affine", 0) is None:  # as the old package wrote them
                return self._placed(np.asanyarray(image.dataobj))
            return self._resampled(image)
        raise ImageError(
            "an image is a path, a NiBabel image or an array, got "
            f"{type(image).__name__}."
        )

    def _lengths(self) -> dict[int, Any]:
        """Say of each length that a vector can have which voxels it is over."""
        return {
            self.n_vox_in_mask: np.flatnonzero(self.current_mask),
            self.space.n_voxels: self.space.flat_index,
            self.full.size: slice(None),
        }

    def _placed(self, values: NDArray[Any]) -> NDArray[Any]:
        plain = values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values
        if plain.shape == self.dims:
            return plain
        places = self._lengths()
        flat = plain.ravel() if plain.ndim == 2 and 1 in plain.shape else plain
        if flat.ndim != 1 or len(flat) not in places:
            raise ImageError(
                f"an array must have the shape of the volume, {self.dims}, or one "
                f"value for each of its {self.full.size:,} voxels, of the brain's "
                f"{self.space.n_voxels:,} or of the mask's {self.n_vox_in_mask:,}; "
                f"got {values.shape}."
            )
        volume = np.zeros(self.full.size, dtype=flat.dtype)
        volume[places[len(flat)]] = flat
        return volume.reshape(self.dims)

    def _resampled(self, image: Any) -> NDArray[Any]:
        values, affine = read_volume(image)
        with naming(image):
            if values.ndim == 4 and values.shape[3] == 1:
                values = values[..., 0]
            if values.ndim != 3:
                raise ImageError(f"one volume is needed, got shape {values.shape}.")
            if self.space.has_grid(values.shape, affine):
                return values
            turned, grid = _turned(values, affine, self.space.affine)
            if self.space.has_grid(turned.shape, grid):
                return turned
            plain = np.nan_to_num(np.asarray(values, dtype=np.float64))
            labels = bool((plain == np.rint(plain)).all())  # of parts, or a mask
            how = "nearest" if labels else "linear"
            return resample_volume(plain, affine, self.space, interpolation=how)

    def mask(
        self,
        image: Any,
        nan_to_num: bool = True,
        layers: Any = None,
        in_global_mask: bool = False,
    ) -> NDArray[Any]:
        """Give the values of an image at the voxels of the mask.

        Parameters
        ----------
        image
            See :meth:`get_image`.
        nan_to_num : bool
            NaN becomes 0.
        layers
            Which layers count; all by default. They are the current mask from then on.
        in_global_mask : bool
            Give all voxels of the brain, with 0 outside of the layers.
        """
        values = self.get_image(image)
        self.set_mask(layers)
        if in_global_mask:
            found = np.array(values[self.global_mask])
            found[~self.current_mask[self.global_mask]] = 0
        else:
            found = np.array(values[self.current_mask])
        return np.nan_to_num(found) if nan_to_num else found

    def unmask(
        self, data: NDArray[Any], layers: Any = None, output: str = "array"
    ) -> Any:
        """Put a masked vector, or the columns of a matrix, back into the volume.

        Parameters
        ----------
        data : ndarray, shape (n_voxels,) or (n_voxels, n_images)
            Over the voxels of the mask that ``layers`` make.
        layers, output
            As for :meth:`mask` and :meth:`get_image`.
        """
        self.set_mask(layers)
        values = np.asarray(data)
        if values.ndim not in (1, 2) or len(values) != self.n_vox_in_mask:
            raise ImageError(
                f"one value is needed for each of the mask's {self.n_vox_in_mask:,} "
                f"voxels, got shape {values.shape}."
            )
        volume = np.zeros((self.full.size, *values.shape[1:]), dtype=values.dtype)
        volume[self.current_mask] = values
        volume = volume.reshape(*self.dims, *values.shape[1:])
        if values.ndim == 1:
            return self.get_image(volume, output)
        return volume if output != "image" else OldImage.on(volume, self.space.affine)


def _turned(
    values: NDArray[Any], affine: NDArray[np.float64], to: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Turn axes so that they run the same way: values stay what they are."""
    from nibabel.orientations import (
        apply_orientation,
        inv_ornt_aff,
        io_orientation,
        ornt_transform,
    )

    change = ornt_transform(io_orientation(affine), io_orientation(to))
    if np.isnan(change).any():
        return values, affine
    turned = apply_orientation(values, change)
    return turned, affine @ inv_ornt_aff(change, values.shape)

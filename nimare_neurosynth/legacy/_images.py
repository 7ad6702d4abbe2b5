"""Images that old code can use: nibabel's, with what nibabel once had."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.lib.mixins import NDArrayOperatorsMixin

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header
    from numpy.typing import NDArray

    from nimare_neurosynth.space import Mask


class OldImage(Nifti1Image):
    """A NIfTI image with ``get_data``, ``get_affine`` and ``get_header``."""

    def get_data(self, *_: Any, **__: Any) -> NDArray[Any]:
        """Give the values, in the data type that they have."""
        return np.asanyarray(self.dataobj)

    def get_affine(self) -> NDArray[np.float64]:
        """Give the affine."""
        return np.asarray(self.affine)

    def get_header(self) -> Nifti1Header:
        """Give the header."""
        return self.header

    @classmethod
    def on(cls, values: NDArray[Any], affine: NDArray[np.float64]) -> Self:
        """Make an image in MNI space, in millimetres, of values in a grid."""
        plain = values.astype(np.uint8) if values.dtype.kind == "b" else values
        if plain.dtype in (np.int64, np.uint64):  # nibabel asks for smaller ones
            plain = plain.astype(np.int32)
        image = cls(plain, affine)
        image.header.set_sform(affine, code="mni")
        image.header.set_qform(affine, code="mni")
        image.header.set_xyzt_units("mm")
        return image


class MapImage(NDArrayOperatorsMixin, OldImage):
    """A map that is an image and a masked vector at once.

    nibabel and nilearn see the image (``shape``, ``affine``, ``get_fdata()``); NumPy,
    indexing, arithmetic, ``len`` and methods such as ``max`` see the vector, one value
    for each voxel of the mask.

    Examples
    --------
    >>> import numpy as np
    >>> from nimare_neurosynth.space import Mask
    >>> mask = Mask.from_array(np.eye(3).reshape(3, 3, 1), np.diag([2.0, 2, 2, 1]))
    >>> made = MapImage.of(np.array([1.0, 2, 3]), mask)
    >>> made.shape, len(made), (made > 1).sum(), made.get_fdata().sum()
    ((3, 3, 1), 3, np.int64(2), np.float64(6.0))
    """

    _vector: NDArray[Any] | None = None
    _inside: NDArray[np.int32] | None = None
    __hash__ = object.__hash__

    @classmethod
    def of(cls, vector: NDArray[Any], mask: Mask) -> MapImage:
        """Make one of a masked vector.

        Parameters
        ----------
        vector : ndarray, shape (n_voxels,)
        mask : Mask
        """
        image = cls.on(mask.to_volume(vector), mask.affine)
        image.set_vector(np.array(vector), mask.flat_index)
        return image

    def set_vector(self, vector: NDArray[Any], inside: NDArray[np.int32]) -> None:
        """Say which values of the volume are those of the vector."""
        self._vector, self._inside = vector, inside

    @property
    def vector(self) -> NDArray[Any]:
        """Values at the voxels of the mask; of an image made from this one, all."""
        if self._vector is None:
            self._vector = np.asanyarray(self.dataobj).ravel()
        return self._vector

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Give the vector to NumPy."""
        if copy is None:
            return np.asarray(self.vector, dtype=dtype)
        return np.array(self.vector, dtype=dtype, copy=copy)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any
    ) -> Any:
        """Have NumPy's functions work on the vector."""
        plain = [i.vector if isinstance(i, MapImage) else i for i in inputs]
        return getattr(ufunc, method)(*plain, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        """Index the vector."""
        return self.vector[np.asarray(key) if isinstance(key, MapImage) else key]

    def __setitem__(self, key: Any, value: Any) -> None:
        """Change the vector, and the image with it."""
        self.vector[key] = value
        if self._inside is not None:
            self.get_data().reshape(-1)[self._inside] = self.vector

    def __len__(self) -> int:
        """Give the length of the vector."""
        return len(self.vector)

    # no __iter__, by which nilearn would take this for a list of images: indexing is
    # enough for a loop


def _vector_method(name: str) -> Any:
    get = operator.attrgetter(name)
    return property(lambda self: get(self.vector), doc=f"``{name}`` of the vector.")


_METHODS = """
    T all any argmax argmin argsort astype clip copy dot flatten max mean min nonzero
    ravel reshape round size sort squeeze std sum tolist var
"""
for _name in _METHODS.split():
    setattr(MapImage, _name, _vector_method(_name))

"""Coordinates: between spaces, and between millimetres and voxels.

The voxels are those of the old package's 2 mm volume, in reverse order: z, y, x.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.space import TALAIRACH_MATRICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

logger = logging.getLogger("neurosynth.transformations")

_TO_VOXEL = np.array([[-0.5, 0, 0, 45], [0, 0.5, 0, 63], [0, 0, 0.5, 36]])
_TO_MM = np.array([[-2, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72]])


def _foci(foci: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(foci, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != 3:
        raise OptionError(f"foci must have the shape (n, 3), got {values.shape}.")
    return np.hstack([values, np.ones((len(values), 1))])


@old("transform")
def transform(foci: ArrayLike, mat: ArrayLike) -> NDArray[np.float64]:
    """Apply the inverse of a matrix (transposed, 4 x 4) to coordinates, shape (n, 3).

    Examples
    --------
    >>> transform([[0, 0, 0]], t88_to_mni()).round(2).tolist()
    [[1.04, 1.46, -4.75]]
    """
    return np.asarray((_foci(foci) @ np.linalg.pinv(np.asarray(mat)))[:, :3])


def _rounded(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round to whole numbers; what is no number becomes -1, outside of any volume."""
    return np.where(np.isfinite(values), np.rint(values), -1).astype(np.int64)


def xyz_to_mat(
    foci: ArrayLike, xyz_dims: Any = None, mat_dims: Any = None
) -> NDArray[np.int64]:
    """Give the voxels (z, y, x) of coordinates in mm, shape (n, 3).

    Examples
    --------
    >>> xyz_to_mat([[0, -52, 26]]).tolist()
    [[49, 37, 45]]
    """
    return _rounded((_foci(foci) @ _TO_VOXEL.T)[:, ::-1])


def mat_to_xyz(
    foci: ArrayLike, mat_dims: Any = None, xyz_dims: Any = None
) -> NDArray[np.int64]:
    """Give the coordinates in mm of voxels (x, y, z), in the order z, y, x."""
    return _rounded((_foci(foci) @ _TO_MM.T)[:, ::-1])


def t88_to_mni() -> NDArray[np.float64]:
    """Give Lancaster's matrix (2007), transposed, whose inverse brings T88 to MNI."""
    return TALAIRACH_MATRICES["icbm_spm"].T.copy()


class Transformer:
    """Named transformations into one space.

    Parameters
    ----------
    transforms : dict of str to ndarray, shape (4, 4), optional
        For each space, what :func:`transform` takes.
    target : str
        The space that coordinates are brought to.
    """

    def __init__(
        self, transforms: Mapping[str, ArrayLike] | None = None, target: str = "MNI"
    ) -> None:
        self.target = target
        self.transformations = dict(transforms or {})

    def add(self, name: str, mat: ArrayLike) -> None:
        """Add a transformation."""
        self.transformations[name] = mat

    def apply(self, name: str, foci: ArrayLike) -> NDArray[Any]:
        """Transform coordinates of a space; those of unknown ones stay as they are."""
        if name not in self.transformations:
            logger.info(
                "no transformation named %r: coordinates left as they are", name
            )
            return np.asarray(foci)
        return transform(foci, self.transformations[name])

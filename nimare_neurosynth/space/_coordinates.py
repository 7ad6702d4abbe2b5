"""Millimetres, voxels, and Talairach against MNI coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray

TALAIRACH_MATRICES = {
    # Lancaster et al. 2007, MNI -> Talairach. Legacy Neurosynth used the first,
    # NiMARE uses the second; they differ by up to about a millimetre.
    "icbm_spm": np.array(
        [
            [0.9254, 0.0024, -0.0118, -1.0207],
            [-0.0048, 0.9316, -0.0871, -1.7667],
            [0.0152, 0.0883, 0.8924, 4.0926],
            [0.0, 0.0, 0.0, 1.0],
        ]
    ),
    "icbm_other": np.array(
        [
            [0.9357, 0.0029, -0.0072, -1.0423],
            [-0.0065, 0.9396, -0.0726, -1.3940],
            [0.0103, 0.0752, 0.8967, 3.6475],
            [0.0, 0.0, 0.0, 1.0],
        ]
    ),
}
"""MNI-to-Talairach matrices (4 x 4) by name; peaks go through their inverse."""

_TALAIRACH_NAMES = frozenset({"TAL", "T88", "TALAIRACH"})


def is_talairach(space: object) -> bool:
    """Tell whether the name of a space means Talairach.

    Parameters
    ----------
    space : object
        A name; ``TAL``, ``T88`` and ``Talairach`` in any case mean it.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_talairach("tal"), is_talairach("MNI"), is_talairach(None)
    (True, False, False)
    """
    return isinstance(space, str) and space.strip().upper() in _TALAIRACH_NAMES


def talairach_matrix(name: str | None) -> NDArray[np.float64] | None:
    """Look up an MNI-to-Talairach matrix.

    Parameters
    ----------
    name : {"icbm_spm", "icbm_other"} or None
        ``"icbm_spm"`` is legacy Neurosynth's, ``"icbm_other"`` NiMARE's; None
        leaves Talairach peaks where they are.

    Returns
    -------
    ndarray of float64, shape (4, 4), or None

    Raises
    ------
    OptionError
        If there is no such matrix.
    """
    if name is None:
        return None
    if not isinstance(name, str) or name not in TALAIRACH_MATRICES:
        raise OptionError(
            f"unknown Talairach matrix {name!r}: use one of "
            f"{', '.join(map(repr, TALAIRACH_MATRICES))}, or None to leave Talairach "
            "coordinates as they are."
        )
    return TALAIRACH_MATRICES[name]


def talairach_to_mni(
    xyz: NDArray[np.float64], rows: BoolArray, matrix: str | None
) -> NDArray[np.float64]:
    """Bring the marked peaks from Talairach to MNI space.

    Parameters
    ----------
    xyz : ndarray of float64, shape (n_peaks, 3)
        Coordinates in mm; never changed.
    rows : ndarray of bool, shape (n_peaks,)
        Which peaks are Talairach.
    matrix : str or None
        See :func:`talairach_matrix`.

    Returns
    -------
    ndarray of float64, shape (n_peaks, 3)
        A copy, with the marked rows multiplied by the inverse of the matrix.

    References
    ----------
    Lancaster et al. (2007), Human Brain Mapping 28:1194-1205.

    Examples
    --------
    >>> talairach_to_mni(np.zeros((1, 3)), np.array([True]), "icbm_spm").round(5)
    array([[ 1.03866,  1.45785, -4.748  ]])
    """
    to_talairach = talairach_matrix(matrix)
    moved = np.array(xyz, dtype=np.float64)
    if to_talairach is not None and rows.any():
        to_mni = np.linalg.inv(to_talairach)
        moved[rows] = moved[rows] @ to_mni[:3, :3].T + to_mni[:3, 3]
    return moved


def mm_to_voxel(xyz: ArrayLike, affine: NDArray[Any]) -> NDArray[np.float64]:
    """Give the voxel that each coordinate rounds to.

    Parameters
    ----------
    xyz : array-like, shape (..., 3)
        Coordinates in mm.
    affine : ndarray, shape (4, 4)
        Voxel-to-mm affine of the volume.

    Returns
    -------
    ndarray of float64, shape (..., 3)
        Whole numbers, rounded half to even as legacy Neurosynth and NiMARE do. They
        stay float so that NaN and absurd coordinates survive until they are sorted out.

    Examples
    --------
    >>> affine = np.diag([2.0, 2.0, 2.0, 1.0])
    >>> mm_to_voxel([1.0, 3.0, -5.0], affine)
    array([ 0.,  2., -2.])
    """
    inverse = np.linalg.inv(np.asarray(affine, dtype=np.float64))
    with np.errstate(invalid="ignore"):  # infinity times 0
        voxels = np.asarray(xyz, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]
    return np.asarray(np.round(voxels))

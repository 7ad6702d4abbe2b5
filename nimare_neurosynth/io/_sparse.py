"""Sparse matrices in npz files, read without trusting them."""

from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._files import most_unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from scipy.sparse import csc_array

_MAX_ARRAY_BYTES = 8 << 30


def read_sparse(path: Path, shape: tuple[int, int]) -> csc_array:
    """Read a SciPy sparse matrix of a known shape.

    Parameters
    ----------
    path : pathlib.Path
        As written by :func:`scipy.sparse.save_npz`.
    shape : tuple of int
        Studies and labels that it must have.

    Returns
    -------
    scipy.sparse.csc_array of float64
        Sorted, without repeated entries or stored zeros.

    Raises
    ------
    FormatError
        If the file is damaged, holds pickled objects, or the shape differs.
    """
    from scipy.sparse import csc_array, load_npz

    _check_archive(path)
    try:
        with warnings.catch_warnings():  # such as of numbers that are no integers
            warnings.simplefilter("error")
            matrix = load_npz(path)
        check_indices(matrix)  # conversion would trust them
    except Exception as error:
        raise FormatError(
            f"{path} cannot be read as a sparse matrix ({error}): it must be a file "
            "that scipy.sparse.save_npz wrote, without pickled objects."
        ) from error
    if matrix.shape != shape:
        raise FormatError(
            f"{path} holds {matrix.shape[0]:,} studies x {matrix.shape[1]:,} labels, "
            f"but the metadata list {shape[0]:,} studies and the vocabulary "
            f"{shape[1]:,} labels: these files do not belong together."
        )
    if matrix.dtype.kind not in "biuf":
        raise FormatError(f"{path} holds {matrix.dtype} values, not numbers.")
    try:
        columns = csc_array(matrix, dtype=np.float64)
        columns.check_format(full_check=True)
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path} is inconsistent: {error}.") from error
    columns.sum_duplicates()
    if not np.isfinite(columns.data).all():
        raise FormatError(f"{path} holds weights that are not finite numbers.")
    columns.eliminate_zeros()
    return columns


def check_indices(matrix: Any) -> None:
    """Check that no index of a sparse matrix points out of its arrays.

    Raises
    ------
    ValueError
        If one does: SciPy's own code would read and write in others' memory.
    """
    if hasattr(matrix, "indptr"):
        if (np.diff(matrix.indptr.astype(np.int64)) < 0).any():  # SciPy's overflows
            raise ValueError("index pointers go back")
        matrix.check_format(full_check=True)


def _check_archive(path: Path) -> None:
    """Refuse what is no archive or claims to unpack to more than any database needs."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise FormatError(f"{path} is not an npz file ({error}).") from error
    if unpacked > min(most_unpacked(path), _MAX_ARRAY_BYTES):
        raise FormatError(
            f"{path} would unpack to {unpacked / 2**20:,.0f} MB; no label matrix needs "
            "that."
        )

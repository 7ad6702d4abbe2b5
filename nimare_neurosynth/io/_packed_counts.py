"""Counts on disk: each column in as few bytes as it needs, without loss.

Counts of studies are small whole numbers in smooth maps: one or two bytes each, and a
third of that when they are compressed. Every map of every test follows from them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import FormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CODEC = "zstd"
_WIDTHS = (1, 2, 4)


@dataclass(frozen=True)
class PackedCounts:
    """One column of counts, packed.

    Attributes
    ----------
    data : bytes
        The counts as unsigned integers, compressed with Zstandard.
    width : int
        Bytes of each integer: 1, 2 or 4.
    crc32 : int
        Checksum of ``data``.
    """

    data: bytes
    width: int
    crc32: int

    @classmethod
    def pack(cls, counts: NDArray[Any]) -> PackedCounts:
        """Pack counts.

        Parameters
        ----------
        counts : ndarray of int, shape (n_voxels,)
            From 0 up, below 2**31.

        Returns
        -------
        PackedCounts
        """
        import pyarrow as pa

        width = np.min_scalar_type(int(counts.max(initial=0))).itemsize
        narrow = np.ascontiguousarray(counts, dtype=f"<u{width}")
        data = pa.compress(narrow.data.cast("B"), codec=_CODEC, asbytes=True)
        return cls(data, width, zlib.crc32(data))


def unpack_counts(
    data: bytes | memoryview, *, width: int, crc32: int, n_voxels: int, what: str
) -> NDArray[np.int32]:
    """Unpack one column of counts.

    Parameters
    ----------
    data : bytes-like
        As packed.
    width, crc32 : int
        See :class:`PackedCounts`.
    n_voxels : int
        Counts there must be.
    what : str
        What it is, for the message if it is damaged.

    Returns
    -------
    ndarray of int32, shape (n_voxels,)

    Raises
    ------
    FormatError
        If the bytes are not those that were packed.
    """
    import pyarrow as pa

    if zlib.crc32(data) != crc32 or width not in _WIDTHS:
        raise FormatError(f"{what} is damaged: its checksum differs; make it again.")
    try:
        counts = pa.decompress(
            data, decompressed_size=n_voxels * width, codec=_CODEC, asbytes=True
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"{what} is damaged ({error}): make it again.") from error
    return np.frombuffer(counts, dtype=f"<u{width}").astype(np.int32)

"""How much memory work may take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_MEMORY = "1 GB"
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)


def memory_bytes(memory_limit: float | str) -> int:
    """Read a limit of memory.

    Parameters
    ----------
    memory_limit : int or str
        Bytes, or a text such as ``"500 MB"`` or ``"2 GB"`` (powers of 1,000).

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    OptionError
        If it is neither.

    Examples
    --------
    >>> memory_bytes("1.5 GB")
    1500000000
    """
    found = _PATTERN.fullmatch(str(memory_limit).strip())
    number = isinstance(memory_limit, str | int | float)
    if isinstance(memory_limit, bool) or not number or not found:
        raise OptionError(
            "memory_limit must be a number of bytes or a text such as '500 MB' or "
            f"'2 GB', got {memory_limit!r}."
        )
    return int(float(found[1]) * _UNITS[found[2].upper()])


def float_room(shape: tuple[int, int], limit: int) -> NDArray[np.float32]:
    """Make an array, in a file that ends with it where it is too large for memory.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    limit : int
        Bytes.

    Returns
    -------
    ndarray of float32
        Not set to anything.
    """
    if 4 * shape[0] * shape[1] <= limit:
        return np.empty(shape, dtype=np.float32)
    from tempfile import TemporaryFile

    with TemporaryFile() as file:
        room: NDArray[np.float32] = np.memmap(file, np.float32, "w+", shape=shape)
    return room

"""Parts of the activations of a Dataset: some voxels of some studies, sparse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, suggest
from nimare_neurosynth.legacy.base._images_of_studies import ImageTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray


def part_of(
    table: ImageTable, inside: BoolArray, places: NDArray[np.int64] | None = None
) -> csr_array:
    """Give which voxels of a region some studies activate.

    Parameters
    ----------
    table : ImageTable
    inside : ndarray of bool, shape (n_voxels,)
        The region. Only studies that activate some of it are written out.
    places : ndarray of int64, optional
        Columns of the table; all by default.

    Returns
    -------
    csr_array of bool, shape (n_studies, n_region)
    """
    from scipy.sparse import csr_array

    activations = table.activations()
    rows = table.rows if places is None else table.rows[places]
    counts = activations.count_in(inside)[rows]
    part = activations.to_csr(rows[counts > 0])
    if not inside.all():
        part = part[:, np.flatnonzero(inside)]
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    shape = (len(rows), int(np.count_nonzero(inside)))
    return csr_array((part.data, part.indices, offsets), shape=shape)


def check_choice(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Raise an OptionError unless a value is one of some words."""
    known = list(allowed)
    if value not in known:
        raise OptionError(
            f"{name} must be one of {', '.join(known)}, got {value!r}."
            f"{suggest(str(value), known)}"
        )


def check_whole(name: str, value: Any, least: int = 1) -> int:
    """Give a whole number, or raise an OptionError if it is none, or is too small."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise OptionError(
            f"{name} must be a whole number from {least} up, got {value!r}."
        )
    return int(value)


def check_dataset(dataset: Any) -> None:
    """Raise an OptionError unless this is a Dataset."""
    if not isinstance(getattr(dataset, "image_table", None), ImageTable):
        raise OptionError(f"a Dataset is needed, got {type(dataset).__name__}.")

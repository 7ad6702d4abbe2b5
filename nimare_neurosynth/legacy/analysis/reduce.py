"""Fewer rows than voxels: regions, grids, random voxels; and topics."""

from __future__ import annotations

from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import FormatError, ImageError, OptionError, warn
from nimare_neurosynth.legacy._advice import is_strict, old
from nimare_neurosynth.legacy._frames import OldFrame
from nimare_neurosynth.legacy.analysis._parts import (
    check_dataset,
    check_whole,
    part_of,
)
from nimare_neurosynth.legacy.base.dataset import Dataset
from nimare_neurosynth.legacy.base.imageutils import create_grid
from nimare_neurosynth.networks import Parcels

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from nimare_neurosynth.legacy._images import OldImage
    from nimare_neurosynth.legacy.base.mask import Masker

_MOST_PASSES = 20


@old("average_within_regions")
def average_within_regions(
    dataset: Any,
    regions: Any,
    masker: Masker | None = None,
    threshold: float | None = None,
    remove_zero: bool = True,
) -> NDArray[Any]:
    """Average over the voxels of each region.

    Parameters
    ----------
    dataset : Dataset or ndarray, shape (n_voxels, n_columns)
        Of a Dataset, the share of each region's voxels that each study activates.
    regions : str, path, image, list of images or ndarray
        An image in which each number is a region; a list of images, each of which is
        one; such numbers at the voxels of the mask; or a matrix with a column for each
        region, whose voxels are those that are not 0. Regions that are given one by one
        may overlap.
    masker : Masker, optional
        Needed to read images where ``dataset`` is an array.
    threshold : float or int, optional
        Give True where the average is above it; a whole number is one of active voxels.
        (Strictly, as in the old package: where it is reached.)
    remove_zero : bool
        Voxels with the number 0 are no region.

    Returns
    -------
    ndarray of float64 or bool, shape (n_regions, n_columns)
        In ascending order of the numbers, or in the order of the list.

    Raises
    ------
    ImageError, OptionError
        If regions cannot be read, fit neither each other nor the data, or are empty.

    Examples
    --------
    >>> import numpy as np
    >>> data = np.array([[1.0, 0], [0, 0], [1, 1]])
    >>> average_within_regions(data, np.array([1, 1, 2]))
    array([[0.5, 0. ],
           [1. , 1. ]])
    """
    _check_threshold(threshold)
    given = isinstance(dataset, Dataset)
    masker = dataset.masker if given and masker is None else masker
    values = None if given else _matrix(dataset)
    n_voxels = dataset.masker.space.n_voxels if values is None else values.shape[0]
    numbers = _read(regions, masker, n_voxels)
    offsets, voxels = _voxels_of(numbers, remove_zero=remove_zero)
    sizes = np.diff(offsets)
    if values is None:
        names = tuple(f"region {i + 1}" for i in range(len(sizes)))
        parcels = Parcels(dataset.masker.space, names, offsets, voxels)
        counts = parcels.count_in(dataset.image_table.activations())
        sums = counts[dataset.image_table.rows].T
    else:
        sums = _sums(values, offsets, voxels)
    if threshold is None:
        return np.asarray(sums / sizes[:, None])
    is_number = isinstance(threshold, int | np.integer)
    least = np.full(len(sizes), threshold) if is_number else threshold * sizes
    # sums, not quotients: 0.05 of 20 voxels is 1 voxel exactly
    if is_strict():
        return np.asarray(sums >= least[:, None] * (1 - 1e-12))
    return np.asarray(sums > least[:, None] * (1 + 1e-12))


def _check_threshold(threshold: Any) -> None:
    if threshold is None:
        return
    number = isinstance(threshold, int | float | np.number)
    whole = isinstance(threshold, int | np.integer)
    if (
        not number
        or isinstance(threshold, bool)
        or not (threshold >= 0 and (whole or threshold <= 1))
    ):
        raise OptionError(
            "threshold must be a share from 0 to 1 or a whole number of voxels, got "
            f"{threshold!r}."
        )


def _matrix(data: Any) -> Any:
    """Take data that are not a Dataset: a matrix of numbers, maybe sparse."""
    from scipy.sparse import csr_array

    if hasattr(data, "tocsr"):
        return csr_array(data.tocsr())
    values: NDArray[Any] = np.asarray(data)
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise OptionError(
            "data must be a Dataset or a matrix of numbers with a row for each voxel, "
            f"got {type(data).__name__} of shape {values.shape}."
        )
    return values


def _read(regions: Any, masker: Masker | None, n_voxels: int) -> NDArray[Any]:
    """Bring regions to the voxels: numbers of them, or a matrix of columns."""
    if isinstance(regions, list | tuple) and not len(regions):
        raise ImageError("the list of regions is empty.")
    if isinstance(regions, np.ndarray) and regions.ndim <= 2:
        values: NDArray[Any] = np.nan_to_num(np.asarray(regions))
        if values.ndim and len(values) == n_voxels:
            return values
    if masker is None:
        if isinstance(regions, np.ndarray):
            raise ImageError(
                f"regions must have one value, or row, for each of the data's "
                f"{n_voxels:,} voxels, got shape {regions.shape}."
            )
        raise OptionError("where data are an array, a masker is needed to read images.")
    if isinstance(regions, list | tuple):
        return np.stack([_on(masker, r, n_voxels) for r in regions], axis=1)
    return _on(masker, regions, n_voxels)


def _on(masker: Masker, image: Any, n_voxels: int) -> NDArray[Any]:
    """Give an image at the voxels of the data: the whole brain, or the current mask."""
    whole = n_voxels == masker.space.n_voxels
    if not whole and n_voxels != masker.n_vox_in_mask:
        raise ImageError(
            f"the data have {n_voxels:,} voxels, the masker's brain "
            f"{masker.space.n_voxels:,} and its mask {masker.n_vox_in_mask:,}."
        )
    if not isinstance(image, str | PathLike | np.ndarray) and not hasattr(
        image, "dataobj"
    ):
        raise ImageError(
            "regions are paths, images or arrays, or a list of these, got "
            f"{type(image).__name__}."
        )
    return np.asarray(masker.mask(image, in_global_mask=whole))


def _voxels_of(
    numbers: NDArray[Any], *, remove_zero: bool
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """List the voxels of each region, one after another, ascending."""
    if numbers.ndim == 2:
        found = [np.flatnonzero(column) for column in numbers.T]
        sizes = np.array([len(f) for f in found], dtype=np.int64)
        if not sizes.all():
            [first, *_] = np.flatnonzero(sizes == 0)
            raise ImageError(f"region {first + 1} has no voxel in the mask.")
        order = np.concatenate(found) if found else np.array([])
    else:
        labels, which = np.unique(numbers, return_inverse=True)
        order = np.argsort(which, kind="stable")
        sizes = np.bincount(which, minlength=len(labels))
        if remove_zero:
            order = order[numbers[order] != 0]
            sizes = sizes[labels != 0]
    if not len(sizes):
        raise ImageError("there is no region in the mask: all of its voxels are 0.")
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return offsets, order.astype(np.int32)


def _sums(
    values: Any, offsets: NDArray[np.int64], voxels: NDArray[np.int32]
) -> NDArray[np.float64]:
    from scipy.sparse import csr_array

    shape = (len(offsets) - 1, values.shape[0])
    member = csr_array((np.ones(len(voxels)), voxels, offsets), shape=shape)
    sums = member @ values
    return np.asarray(sums.toarray() if hasattr(sums, "toarray") else sums)


@old("apply_grid")
def apply_grid(
    dataset: Any,
    masker: Masker | None = None,
    scale: int = 5,
    threshold: float | None = None,
) -> tuple[NDArray[Any], OldImage]:
    """Average within the cells of a grid.

    Parameters
    ----------
    dataset : Dataset or ndarray, shape (n_voxels, n_columns)
    masker : Masker, optional
        Needed where ``dataset`` is an array.
    scale : int
        Side of the cells, in voxels.
    threshold : float or int, optional
        As for :func:`average_within_regions`. (The old package lost it on the way.)

    Returns
    -------
    data : ndarray, shape (n_cells, n_columns)
    grid : OldImage
        The number of the cell of each voxel; cells are in ascending order of these.
    """
    _check_threshold(threshold)
    if masker is None:
        if not isinstance(dataset, Dataset):
            raise OptionError("where data are an array, a masker is needed.")
        masker = dataset.masker
    grid = create_grid(masker.volume, scale)
    return average_within_regions(dataset, grid, masker, threshold), grid


@old("get_random_voxels")
def get_random_voxels(dataset: Dataset, n_voxels: int) -> NDArray[np.float64]:
    """Give the activations of voxels chosen at random, shape (n_voxels, n_studies).

    Parameters
    ----------
    dataset : Dataset
    n_voxels : int
        How many.

    Notes
    -----
    ``np.random.seed`` decides which ones, as in the old package.
    """
    check_dataset(dataset)
    every = dataset.masker.space.n_voxels
    if check_whole("n_voxels", n_voxels) > every:
        raise OptionError(f"there are {every:,} voxels, got n_voxels={n_voxels:,}.")
    voxels = np.arange(every)
    np.random.shuffle(voxels)  # noqa: NPY002 - old scripts seed this generator
    chosen = voxels[:n_voxels]
    inside = np.zeros(every, dtype=bool)
    inside[chosen] = True
    found = part_of(dataset.image_table, inside).toarray()
    order = np.searchsorted(np.sort(chosen), chosen)
    return found.T[order].astype(np.float64)


@old("run_lda")
def run_lda(
    abstracts: pd.DataFrame,
    n_topics: int = 50,
    n_words: int = 31,
    n_iters: int = 1000,
    alpha: float | None = None,
    beta: float = 0.001,
) -> tuple[OldFrame, OldFrame]:
    """Find topics in abstracts.

    Parameters
    ----------
    abstracts : DataFrame
        With the columns ``pmid`` (or the index of this name) and ``abstract``.
    n_topics, n_words : int
        How many topics, and how many words to list for each.
    n_iters : int
        Passes over the abstracts; 20 at most are made, which do what 1,000 did.
    alpha, beta : float, optional
        Not used.

    Returns
    -------
    weights : OldFrame
        Share of each topic in each study: index ``pmid``, columns ``topic_000`` etc.
    keys : OldFrame
        Index ``topic``, column ``terms``: the likeliest words, separated by blanks.

    Notes
    -----
    Topics are scikit-learn's (:func:`nimare_neurosynth.mining.fit_topics`), of single
    words weighted by tf-idf, and not those of MALLET, which the old package started and
    did not bring: they differ from those it found.
    """
    from nimare_neurosynth.mining import extract_terms, fit_topics

    ids, texts = _texts(abstracts)
    check_whole("n_iters", n_iters)
    if alpha is not None or beta != 0.001:
        warn("alpha and beta were for MALLET: they are not used.")
    terms = extract_terms(texts)
    assert terms.weights is not None  # noqa: S101 - just extracted
    single = [i for i, label in enumerate(terms.labels) if " " not in label]
    words = replace(
        terms,
        labels=tuple(terms.labels[i] for i in single),
        weights=terms.weights[:, single],
    )
    topics, table = fit_topics(
        words, n_topics, n_words=n_words, max_iter=min(n_iters, _MOST_PASSES)
    )
    assert topics.weights is not None  # noqa: S101 - just made
    names = [f"topic_{i:03d}" for i in range(n_topics)]
    weights = OldFrame(topics.weights.toarray(), index=ids, columns=names)
    listed = table.drop(columns="topic").to_numpy()
    keys = OldFrame({"terms": [" ".join(row) for row in listed]}, index=names)
    return weights.rename_axis("pmid"), keys.rename_axis("topic")


topic_models = run_lda
"""The older name of :func:`run_lda`."""


def _texts(abstracts: Any) -> tuple[list[Any], list[str]]:
    columns = list(getattr(abstracts, "columns", ()))
    if "abstract" not in columns or not (
        "pmid" in columns or abstracts.index.name == "pmid"
    ):
        raise FormatError(
            "abstracts must be a table with the columns 'pmid' and 'abstract', got "
            f"{columns or type(abstracts).__name__}."
        )
    by_column = abstracts.index.name != "pmid"
    ids = list(abstracts["pmid"] if by_column else abstracts.index)
    if len(set(ids)) < len(ids):
        raise FormatError("the pmid of some abstracts is there more than once.")
    return ids, [t if isinstance(t, str) else "" for t in abstracts["abstract"]]

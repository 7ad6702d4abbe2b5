"""Images and features of a Dataset, as this package's decoders take them."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.decoding import BayesDecoder, MapDecoder, RegionDecoder
from nimare_neurosynth.errors import FormatError, ImageError, OptionError, suggest, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csc_array

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.legacy.base.dataset import Dataset
    from nimare_neurosynth.legacy.base.mask import Masker

_AT_ONCE = 256
"""Features whose weights are looked at together."""
_LABELS = "features of the Dataset"


# --------------------------------------------------------------------------- images


def list_images(images: Any, masker: Masker) -> tuple[list[Any], list[str], bool]:
    """List what is to be decoded, with names, and whether it is a single image.

    Parameters
    ----------
    images : path, NIfTI image, ndarray, or list of these
        An array of two dimensions has an image in each column.
    masker : Masker
        Whose voxels the rows of an array are.
    """
    if isinstance(images, np.ndarray) and images.ndim == 2:
        masker.get_image(images[:, 0])  # columns of a wrong length are told at once
        listed, single = list(images.T), False
    elif isinstance(images, list | tuple):
        listed, single = list(images), False
    else:
        listed, single = [images], True
    if not listed:
        raise ImageError("no image was given.")
    names = [
        str(image) if isinstance(image, str | PathLike) else f"image_{i}"
        for i, image in enumerate(listed)
    ]
    return listed, names, single


def read_images(
    images: Sequence[Any], names: Sequence[str], masker: Masker
) -> NDArray[np.float64]:
    """Bring images to the brain, one in each column; what is not finite is 0.

    Raises
    ------
    ImageError
        If one cannot be read or used, or has no value in the mask.
    """
    from tqdm.auto import tqdm

    inside = masker.get_mask()
    if not inside.any():
        raise ImageError("no voxel is in the mask and all its layers.")
    columns = np.zeros((len(inside), len(images)))
    jobs = tqdm(zip(images, names, strict=True), "Images", len(images), delay=2)
    for i, (image, name) in enumerate(jobs):
        values = in_brain(image, masker)
        if not values[inside].any():
            raise ImageError(f"the image {name!r} has no value inside the brain mask.")
        columns[:, i] = values
    return columns


def in_brain(image: Any, masker: Masker) -> NDArray[np.float64]:
    """Give the values of an image in the brain, whatever the layers."""
    values = np.asarray(masker.get_image(image))
    if values.dtype.kind not in "biuf":
        raise ImageError(f"an image must hold numbers, not {values.dtype}.")
    found = values[masker.global_mask].astype(np.float64)
    return np.where(np.isfinite(found), found, 0.0)


def regions_in(columns: NDArray[np.float64], *, labels: bool) -> list[BoolArray]:
    """Turn images into regions; one image of several labels has one for each."""
    if labels and len(columns.T) == 1:
        [values] = columns.T
        different = np.unique(values[values != 0])
        if (different == np.rint(different)).all():
            return [values == label for label in different]
    return [values != 0 for values in columns.T]


def read_matrix(path: Any, masker: Masker) -> NDArray[np.float64]:
    """Read an array of voxels x features, for all voxels of the brain or the mask."""
    inside = masker.get_mask()
    try:
        found = np.load(Path(path), allow_pickle=False)
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise FormatError(f"no array can be read from {path}: {error}") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        raise FormatError(f"{path} does not hold an array of numbers.")
    sizes = (masker.space.n_voxels, int(np.count_nonzero(inside)))
    if found.ndim != 2 or len(found) not in sizes or not found.shape[1]:
        raise FormatError(
            f"an array of features has a row for each of the brain's {sizes[0]:,} "
            f"voxels (or the mask's {sizes[1]:,}) and a column for each feature; "
            f"{path} has shape {found.shape}."
        )
    if len(found) == sizes[0]:
        return found.astype(np.float64)
    full = np.zeros((sizes[0], found.shape[1]))
    full[inside] = found
    return full


# ------------------------------------------------------------------------- features


def find_features(dataset: Dataset, wanted: Sequence[Any]) -> list[Any]:
    """Find features by name or pattern, in the order asked for.

    Those that are not there are left out, with a warning: old scripts count on it.

    Raises
    ------
    OptionError
        If none of them is there.
    """
    table = dataset.feature_table
    known = set(table.feature_names)
    if not known:
        raise OptionError(
            "this Dataset has no features: add some with add_features() first."
        )
    found: dict[Any, None] = {}
    missing = []
    for name in wanted:
        names = [name] if name in known else table.search_features([name])
        found.update(dict.fromkeys(names))
        if not names:
            missing.append(name)
    if missing:
        hint = suggest(str(missing[0]), map(str, known))
        told = f"{missing[0]!r} is neither a file nor a feature of the Dataset"
        if not found:
            raise OptionError(f"{told}.{hint}")
        warn(f"{told}: {len(missing):,} of those asked for are left out.{hint}")
    return list(found)


def weights_of(dataset: Dataset, names: Sequence[Any]) -> csc_array:
    """Give weights of features, with the studies of the database in rows."""
    import pandas as pd
    from scipy.sparse import csc_array, hstack

    table = dataset.feature_table.data
    studies = pd.Index([str(i) for i in dataset.whole_ids])
    place = studies.get_indexer(pd.Index([str(i) for i in table.index]))
    known = np.flatnonzero(place >= 0)
    parts = []
    for first in range(0, len(names), _AT_ONCE):
        block = table[list(names[first : first + _AT_ONCE])].to_numpy(float)[known]
        rows, columns = np.nonzero(block)
        where = (place[known][rows], columns)
        shape = (len(studies), block.shape[1])
        parts.append(csc_array((block[rows, columns], where), shape=shape))
    weights = csc_array(hstack(parts, format="csc"))
    weights.sort_indices()
    return weights


def _options(
    dataset: Dataset, names: Sequence[Any], threshold: float
) -> tuple[Database, dict[str, Any]]:
    labels = LabelSet(_LABELS, tuple(map(str, names)), weights_of(dataset, names))
    table = dataset.image_table
    return dataset.database.with_label_set(labels), {
        "label_set": _LABELS,
        "threshold": threshold,
        "min_studies_per_term": 1,
        "radius_mm": table.r,
        "mask": table.masker.space,
        "talairach": dataset.talairach,
        "progress": True,
    }


def map_decoder(
    dataset: Dataset, names: Sequence[Any], threshold: float, inside: BoolArray
) -> MapDecoder:
    """Prepare association maps of features, without making them."""
    database, options = _options(dataset, names, threshold)
    return MapDecoder.of(database, region=inside, **options)


def bayes_decoder(
    dataset: Dataset, names: Sequence[Any], threshold: float, **more: Any
) -> BayesDecoder:
    """Prepare naive Bayes for features."""
    database, options = _options(dataset, names, threshold)
    made = BayesDecoder.of(database, **options, **more)
    return made.within(dataset.image_table.counted)


def region_decoder(
    dataset: Dataset, names: Sequence[Any], binarize: float | None
) -> RegionDecoder:
    """Prepare weights of features, those of all studies and of none included."""
    weights, counted = weights_of(dataset, names), dataset.image_table.counted
    if binarize is not None:
        weights.data = (weights.data > binarize).astype(np.float64)
        weights.eliminate_zeros()
    kept = weights[np.flatnonzero(counted)].T.tocsr()
    return RegionDecoder(
        tuple(map(str, names)),
        dataset.image_table.masker.space,
        dataset.image_table.activations(),
        counted,
        kept,
        np.diff(kept.indptr).astype(np.int64),
        {},
    )


# ------------------------------------------------------------------------- matrices


def compare(
    features: NDArray[np.float64], images: NDArray[np.float64], method: str
) -> NDArray[np.float64]:
    """Compare each column with each, shape (n_features, n_images).

    What is undefined is NaN.

    Parameters
    ----------
    features, images : ndarray, shape (n_voxels, n)
    method : {"pearson", "cosine", "dot"}
    """
    from scipy.spatial.distance import cdist

    if method == "dot":
        return np.asarray(features.T @ images, dtype=np.float64)
    metric = "correlation" if method == "pearson" else "cosine"
    with np.errstate(invalid="ignore", divide="ignore"):
        found = 1 - cdist(features.T, images.T, metric)  # type: ignore[call-overload]
    empty = np.ptp(features, axis=0) == 0 if method == "pearson" else False
    found[empty | ~features.any(axis=0)] = np.nan
    return np.asarray(found, dtype=np.float64)

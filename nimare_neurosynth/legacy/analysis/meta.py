"""Meta-analyses of a Dataset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import EmptySelectionError, OptionError, suggest
from nimare_neurosynth.io import atomic_folder
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.analysis._maps import (
    Images,
    analyse,
    contrast,
    image_names,
    old_values,
    select,
)
from nimare_neurosynth.legacy.analysis._names import read_name
from nimare_neurosynth.legacy.analysis._parts import check_dataset
from nimare_neurosynth.legacy.base.imageutils import write_image
from nimare_neurosynth.meta import check_q

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from nimare_neurosynth.legacy.base.dataset import Dataset
    from nimare_neurosynth.meta import Maps

_AT_ONCE = 64
"""Features whose maps are made together."""


class MetaAnalysis:
    """Compare some studies of a Dataset with the others, or with a second list.

    Parameters
    ----------
    dataset : Dataset
    ids : sequence
        Studies of interest. Those without peaks are left out.
    ids2 : sequence, optional
        Count only the studies of both lists.
    q : float
        False discovery rate of the ``_FDR_`` images.
    prior : float
        Prior probability of a study being among ``ids``, above 0 and below 1.
    min_studies : int or float
        Voxels that fewer studies activate (a number, or a share of them) are 0.

    Attributes
    ----------
    ids : list
        The studies that are counted as selected, in the order of the Dataset.
    images : Images
        By name; each serves as a NIfTI image and as a masked vector.
    maps : Maps
        The same for the rest of this package.

    Raises
    ------
    EmptySelectionError, SelectionError, OptionError
        If no study is selected, or an option cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> from nimare_neurosynth.legacy import Dataset, MetaAnalysis
    >>> dataset = Dataset(load_demo())
    >>> ids = dataset.get_studies(features="working memory")
    >>> z = MetaAnalysis(dataset, ids).images["association-test_z"]
    >>> z.shape, len(z)
    ((91, 109, 91), 228453)
    """

    @old("MetaAnalysis")
    def __init__(
        self,
        dataset: Dataset,
        ids: Iterable[Any],
        ids2: Iterable[Any] | None = None,
        q: float = 0.01,
        prior: float = 0.5,
        min_studies: float = 1,
    ) -> None:
        check_q(q)
        check_dataset(dataset)
        self.dataset = dataset
        selected, other = contrast(dataset, ids, ids2)
        if not selected.mask.any():
            raise EmptySelectionError(
                "no study was given to MetaAnalysis: look at what get_studies() found "
                "before going on."
            )
        self.maps: Maps = analyse(
            dataset, [selected], other, prior=prior, min_studies=min_studies
        )
        table = dataset.image_table
        self.selected_id_indices = selected.mask[table.rows]
        self.ids = table.ids[self.selected_id_indices].tolist()
        self.selected_ids = self.ids
        self.images = Images(self.maps, q)

    def __repr__(self) -> str:
        return f"<MetaAnalysis: {self.maps!r}>"

    def _repr_html_(self) -> str:
        return self.maps._repr_html_()

    @old("MetaAnalysis.save_results")
    def save_results(
        self,
        output_dir: str | PathLike[str] = ".",
        prefix: str = "",
        prefix_sep: str = "_",
        image_list: Sequence[str] | None = None,
        outroot: str | PathLike[str] | None = None,
    ) -> None:
        """Write images as ``{prefix}_{name}.nii.gz``, all of them or none.

        Parameters
        ----------
        output_dir : str or path
            Made where it is missing.
        prefix, prefix_sep : str
            What the names of files begin with.
        image_list : sequence of str, optional
            Names of images; the nine of version 0.3.8 by default.
        outroot : str or path, optional
            Folder and prefix in one, as in older versions.
        """
        if outroot is not None:
            if prefix:
                raise OptionError(
                    "outroot is the prefix of older versions: give only one."
                )
            prefix = outroot  # type: ignore[assignment]
        names = checked_names(image_list, self.images.names)
        target, prefix = _place(output_dir, prefix)
        begin = prefix + prefix_sep if prefix else ""
        with atomic_folder(target) as folder:
            for name in names:
                write_map(folder / f"{begin}{name}.nii.gz", self.maps, name)


def _place(output_dir: Any, prefix: Any) -> tuple[Path, str]:
    """Say where images go, and how their names begin: a prefix may name folders."""
    for name, value in (("output_dir", output_dir), ("prefix", prefix)):
        if not isinstance(value, str | os.PathLike):
            raise OptionError(f"{name} must be text or a path, got {value!r}.")
    folder, begin = os.path.split(os.fspath(prefix))
    return Path(output_dir, folder), begin


def checked_names(
    image_list: Sequence[str] | None, default: tuple[str, ...]
) -> list[str]:
    """Check a list of images before any is made."""
    if image_list is None:
        return list(default)
    names = [image_list] if isinstance(image_list, str) else list(image_list)
    for name in names:
        read_name(name, default)
    return names


def write_map(path: Path, maps: Maps, name: str, row: int = 0) -> None:
    """Write one image of float64, as the old package did."""
    values = old_values(maps, name, row=row)
    image = OldImage.on(maps.mask.to_volume(values), maps.mask.affine)
    image.header["cal_max"], image.header["cal_min"] = values.max(), values.min()
    write_image(path, image)


@old("analyze_features")
def analyze_features(
    dataset: Dataset,
    features: Sequence[str] | None = None,
    image_type: str = "association-test_z",
    threshold: float = 0.001,
    q: float = 0.01,
    output_dir: str | PathLike[str] | None = None,
    prefix: str | None = None,
    save: str | PathLike[str] | None = None,
) -> NDArray[np.float64] | None:
    """Make the images of many features, each against all other studies.

    Parameters
    ----------
    dataset : Dataset
    features : sequence of str, optional
        Names or patterns; all features by default.
    image_type : str
        Which image is given back.
    threshold : float
        A feature is in a study at this weight or more.
    q : float
        As for :class:`MetaAnalysis`.
    output_dir : str or path, optional
        Write all nine images of each feature there, and give nothing back.
    prefix : str, optional
        Files are called ``{prefix}_{feature}_{image}.nii.gz``.
    save : str or path, optional
        ``output_dir``, as older versions called it.

    Returns
    -------
    ndarray of float64, shape (n_voxels, n_features), or None
        0 for features that no study has.
    """
    from tqdm.auto import tqdm

    check_q(q)
    read_name(image_type)
    if save is not None and output_dir is not None:
        raise OptionError("save is what older versions called output_dir.")
    output_dir = save if output_dir is None else output_dir
    target, begin = _place("" if output_dir is None else output_dir, prefix or "")
    listed = [features] if isinstance(features, str) else features
    names = dataset.get_feature_names() if listed is None else list(listed)
    table = dataset.feature_table
    known = set(map(str, dataset.image_table.ids))
    ids = {
        name: [i for i in table.get_ids(name, threshold) if str(i) in known]
        for name in names
    }
    if not any(map(len, ids.values())):
        features = [str(n) for n in table.feature_names]
        hint = suggest(str(names[0]), features) if names else ""
        raise EmptySelectionError(f"no study has any of these features.{hint}")
    made = None
    if output_dir is None:
        made = np.zeros((dataset.masker.space.n_voxels, len(names)))
    jobs = [name for name in names if len(ids[name])]
    for first in tqdm(range(0, len(jobs), _AT_ONCE), desc="Features", delay=2):
        part = jobs[first : first + _AT_ONCE]
        maps = analyse(
            dataset, [select(dataset, ids[name], label=name) for name in part]
        )
        for row, name in enumerate(part):
            if made is not None:
                made[:, names.index(name)] = old_values(maps, image_type, row=row)
            else:
                start = str(name).replace("/", "%2F")  # names of files cannot have it
                start = f"{begin}_{start}" if begin else start
                with atomic_folder(target) as folder:
                    for image in image_names(0.5, q):
                        write_map(folder / f"{start}_{image}.nii.gz", maps, image, row)
    return made

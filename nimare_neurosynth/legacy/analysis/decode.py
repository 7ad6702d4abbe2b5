"""From images to features of a Dataset."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.decoding import read_patterns
from nimare_neurosynth.errors import FormatError, ImageError, OptionError, suggest
from nimare_neurosynth.io import write_atomic
from nimare_neurosynth.legacy._advice import is_strict, old
from nimare_neurosynth.legacy._frames import OldFrame
from nimare_neurosynth.legacy.analysis import _decoding as own
from nimare_neurosynth.legacy.analysis._names import read_name
from nimare_neurosynth.legacy.analysis._parts import check_dataset
from nimare_neurosynth.legacy.analysis._term_scores import TermScores
from nimare_neurosynth.legacy.analysis.meta import analyze_features
from nimare_neurosynth.legacy.base.mask import Masker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.decoding import MapDecoder
    from nimare_neurosynth.legacy.base.dataset import Dataset

METHODS = ("pearson", "pattern", "dot", "roi", "nb")
_MAP_METHODS = {
    "pearson": "pearson",
    "pattern": "cosine",
    "cosine": "cosine",
    "dot": "dot",
}
_ASSOCIATION = "association-test_z"
_OPTIONS = {
    "roi": ("value", "binarize"),
    "nb": ("above", "prior", "smoothing", "voxels_as_one"),
}


class Decoder:
    """Find the features that images fit.

    Parameters
    ----------
    dataset : Dataset, optional
        Not needed where ``features`` are images and there is a mask.
    method : {"pearson", "pattern", "dot", "roi", "nb"}
        Correlation, cosine or dot product with the map of each feature; correlation,
        over studies, of how much of a region they activate with the feature's weights;
        or P(feature | activation) by naive Bayes.
    features : str or sequence of str, optional
        Names or patterns, or files of images; all features of the Dataset by default.
    mask : image, optional
        Compare only its voxels. The Dataset's own masker stays as it is.
    image_type : str
        Which image of each feature is compared.
    threshold : float
        A feature is in a study at this weight or more.

    Attributes
    ----------
    feature_names : list of str
    masker : Masker
    method : str

    Raises
    ------
    OptionError, ImageError, FormatError
        If an option, a feature or the mask cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> from nimare_neurosynth.legacy import Dataset, MetaAnalysis
    >>> from nimare_neurosynth.legacy.analysis.decode import Decoder
    >>> dataset = Dataset(load_demo())
    >>> emotion = MetaAnalysis(dataset, dataset.get_studies(features="emotion"))
    >>> found = Decoder(dataset).decode(emotion.images["association-test_z"])
    >>> found.items()[:1]
    [('emotion', 1.0)]
    """

    @old("Decoder")
    def __init__(
        self,
        dataset: Dataset | None = None,
        method: str = "pearson",
        features: Any = None,
        mask: Any = None,
        image_type: str = _ASSOCIATION,
        threshold: float = 0.001,
    ) -> None:
        read_name(image_type)
        self.dataset = dataset
        self.set_method(method)
        if dataset is None and mask is None:
            raise OptionError(
                "a Decoder needs a Dataset, or a mask and images as features."
            )
        if dataset is not None:
            check_dataset(dataset)
        self.masker = Masker(mask) if dataset is None else _narrowed(dataset, mask)
        self.image_type, self.threshold = image_type, threshold
        self.feature_names: list[Any] = []
        self._images: NDArray[np.float64] | None = None
        self._maps: MapDecoder | None = None
        self._named = False  # features are the Dataset's, not images
        if features is None and dataset is not None:
            features = dataset.get_feature_names()
        if features is not None:
            self.load_features(features, image_type, threshold=threshold)

    def __repr__(self) -> str:
        return f"<Decoder: {len(self.feature_names):,} features by {self.method}>"

    def set_method(self, method: str) -> None:
        """Change the method.

        Parameters
        ----------
        method : {"pearson", "pattern", "dot", "roi", "nb"}
        """
        name = str(method).lower()
        if name not in {*METHODS, *_MAP_METHODS}:
            raise OptionError(
                f"method must be one of {', '.join(METHODS)}, got {method!r}."
                f"{suggest(name, METHODS)}"
            )
        self.method = name

    # --------------------------------------------------------------------- features

    def load_features(
        self,
        features: Any,
        image_type: str | None = None,
        from_array: bool = False,
        threshold: float = 0.001,
    ) -> None:
        """Take other features.

        Parameters
        ----------
        features : str, path or sequence of these
            Names or patterns of the Dataset's features; or files of images, if the
            first is one.
        image_type, threshold
            Of the Dataset's features, as for :class:`Decoder`.
        from_array : bool
            ``features`` is a file of NumPy's (.npy) with voxels x features.
        """
        alone = isinstance(features, str | PathLike)
        listed = [features] if alone else list(features)
        if not listed:
            raise OptionError(
                "no features are given to decode with: name some, or add some to the "
                "Dataset with add_features()."
            )
        if from_array:
            images: Any = own.read_matrix(listed[0], self.masker)
            names: list[Any] = list(range(images.shape[1]))
        elif isinstance(listed[0], str | PathLike) and Path(listed[0]).is_file():
            names = [str(path) for path in listed]
            images = own.read_images(listed, names, self.masker)
        elif self.dataset is None:
            raise OptionError(
                f"without a Dataset features are files of images, and {listed[0]!r} "
                "is none."
            )
        else:
            names, images = own.find_features(self.dataset, listed), None
            image_type = image_type or self.image_type
            read_name(image_type)
            self.image_type, self.threshold = image_type, threshold
        self.feature_names, self._images, self._maps = names, images, None
        self._named = images is None

    @property
    def feature_images(self) -> NDArray[np.float64]:
        """The maps of the features, voxels of the mask x features, when asked for."""
        self._check_features()
        if self._images is None:
            assert self.dataset is not None  # noqa: S101 - for the type checker
            self._images = analyze_features(
                self.dataset, self.feature_names, self.image_type, self.threshold
            )
        assert self._images is not None  # noqa: S101 - for the type checker
        inside = self.masker.get_mask()
        return self._images if inside.all() else self._images[inside]

    def _check_features(self) -> None:
        if not self.feature_names:
            raise OptionError(
                "this Decoder has no features: add some to the Dataset with "
                "add_features(), or load_features() here."
            )

    def train_classifiers(self, features: Any = None) -> None:
        """Do nothing, as before: see ``classify``.

        Parameters
        ----------
        features
            Not used.
        """

    # --------------------------------------------------------------------- decoding

    def decode(
        self,
        images: Any,
        save: str | PathLike[str] | None = None,
        round: int = 4,
        names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> OldFrame:
        """Find how well each feature fits images.

        Parameters
        ----------
        images : path, NIfTI image, ndarray, or list of these
            An array is one image, or with two dimensions (voxels x images) several.
            For the method ``roi`` they are regions; a single image of several labels
            is one for each of them.
        save : str or path, optional
            Also write the table there, as CSV.
        round : int
            Decimals.
        names : sequence of str, optional
            Names of the columns.
        **kwargs
            For ``roi``: ``value`` (``"z"`` or ``"r"``), and ``binarize`` (weights above
            it count as 1, others as 0). For ``nb``: ``above``, ``prior``,
            ``smoothing`` and ``voxels_as_one``, as for
            :class:`nimare_neurosynth.decoding.BayesDecoder`.

        Returns
        -------
        OldFrame or TermScores
            Features x images. Of a single image the best features come first, and the
            table is a mapping from feature to score as well. NaN where no study has
            the feature.

        Raises
        ------
        ImageError, OptionError, FormatError, EmptySelectionError
            If an image or an option cannot be used.
        """
        self._check_features()
        self._check_options(kwargs)
        if not isinstance(round, int | np.integer) or isinstance(round, bool):
            raise OptionError(f"round must be a whole number, got {round!r}.")
        path = None if save is None else _checked_path(save)
        listed, found_names, single = own.list_images(images, self.masker)
        columns = own.read_images(listed, found_names, self.masker)
        several = isinstance(images, np.ndarray) and images.ndim == 2
        if self.method == "roi":
            regions = own.regions_in(columns, labels=len(listed) == 1)
            if not several:
                found_names = [f"cluster_{i}" for i in range(len(regions))]
            labels = _checked_names(names, found_names)
            found = self._by_region(regions, labels, **kwargs)
        else:
            labels = _checked_names(names, found_names)
            found = self._by_map(columns, labels, kwargs)
        table = OldFrame(np.around(found, round), self.feature_names, labels)
        if path is not None:
            write_atomic(path, table.to_csv(index_label="Feature"))
        plain = not single or len(labels) > 1 or is_strict()
        return table if plain else TermScores.of(table)

    def _check_options(self, given: dict[str, Any]) -> None:
        allowed = _OPTIONS.get(self.method, ())
        if strange := [name for name in given if name not in allowed]:
            known = ", ".join(allowed) or "none"
            raise OptionError(
                f"the method {self.method!r} has no option {strange[0]!r}; it has "
                f"{known}.{suggest(strange[0], allowed)}"
            )
        if self.method in _OPTIONS and not self._named:
            raise OptionError(
                f"the method {self.method!r} needs features of a Dataset, not images."
            )
        value, binarize = given.get("value", "z"), given.get("binarize")
        if value not in ("z", "r"):
            raise OptionError(f"value must be 'z' or 'r', got {value!r}.")
        if binarize is not None and not isinstance(binarize, int | float | np.number):
            raise OptionError(f"binarize must be a number, got {binarize!r}.")

    def _by_region(
        self,
        regions: list[BoolArray],
        labels: list[str],
        value: str = "z",
        binarize: float | None = None,
    ) -> NDArray[np.float64]:
        assert self.dataset is not None  # noqa: S101 - for the type checker
        inside = self.masker.get_mask()
        decoder = own.region_decoder(self.dataset, self.feature_names, binarize)
        named = [(n, r & inside) for n, r in zip(labels, regions, strict=True)]
        found = decoder.decode(named).columns[value]
        return np.where(decoder.n_studies[:, None] > 0, found, np.nan)

    def _by_map(
        self, columns: NDArray[np.float64], labels: list[str], options: dict[str, Any]
    ) -> NDArray[np.float64]:
        inside = self.masker.get_mask()
        columns = np.where(inside[:, None], columns, 0.0)
        if self.method == "nb" or self._can_be_fast():
            return self._without_maps(columns, labels, inside, options)
        method = _MAP_METHODS[self.method]
        seen = columns[inside]
        for name, spread in zip(labels, np.ptp(seen, axis=0), strict=True):
            if spread == 0 and method == "pearson":
                raise ImageError(f"the image {name!r} has the same value everywhere.")
        found = own.compare(self.feature_images, seen, method)
        if self._named and self.dataset is not None:
            table = self.dataset.feature_table.data[self.feature_names]
            found[~(table >= self.threshold).to_numpy().any(axis=0)] = np.nan
        return found

    def _can_be_fast(self) -> bool:
        """Tell whether the maps themselves need not be made."""
        if not self._named or is_strict() or self._images is not None:
            return False
        assert self.dataset is not None  # noqa: S101 - for the type checker
        asked = read_name(self.image_type)
        counted = self.dataset.image_table.counted
        every = np.array_equal(counted, self.dataset.database.has_peaks)
        return every and asked.map == "z_desc-association" and asked.fdr_q is None

    def _without_maps(
        self,
        columns: NDArray[np.float64],
        labels: list[str],
        inside: BoolArray,
        options: dict[str, Any],
    ) -> NDArray[np.float64]:
        import pandas as pd

        assert self.dataset is not None  # noqa: S101 - for the type checker
        space = self.masker.space
        patterns = [
            pattern
            for name, values in zip(labels, columns.T, strict=True)
            for pattern in read_patterns({name: values}, space)
        ]
        names = [str(name) for name in self.feature_names]
        if self.method == "nb":
            above = options.pop("above", None)
            bayes = own.bayes_decoder(
                self.dataset, self.feature_names, self.threshold, **options
            )
            found = bayes.decode(patterns, above=above)
        else:
            if self._maps is None or not np.array_equal(self._maps.voxels, inside):
                self._maps = own.map_decoder(
                    self.dataset, self.feature_names, self.threshold, inside
                )
            found = self._maps.decode(patterns, method=_MAP_METHODS[self.method])
        values = pd.DataFrame(found.columns[found.value], list(found.terms))
        return values.reindex(names).to_numpy()

    # --------------------------------------------------------------------- pictures

    def plot_polar(
        self,
        data: Any,
        n_top: int = 3,
        overplot: bool = False,
        labels: Sequence[str] | None = None,
        palette: str = "husl",
    ) -> Any:
        """Draw how features fit images, around a circle.

        Parameters
        ----------
        data : OldFrame
            What :meth:`decode` gave.
        n_top : int
            The best so many features of each image are shown.
        overplot, palette
            Not used: all images are in one picture, in colours that all can tell apart.
        labels : sequence of str, optional
            Show these features instead.

        Returns
        -------
        module
            ``matplotlib.pyplot``, as before, for its ``show`` and ``savefig``.
        """
        from matplotlib import pyplot as plt

        from nimare_neurosynth.plotting import plot_radar

        table = OldFrame(data)
        if labels is None:
            best = [table[name].nlargest(n_top).index for name in table.columns]
            labels = list(dict.fromkeys(label for index in best for label in index))
        missing = [label for label in labels if label not in table.index]
        if missing:
            hint = suggest(str(missing[0]), map(str, table.index))
            raise OptionError(f"{missing[0]!r} was not decoded to.{hint}")
        plot_radar(table.loc[list(labels)], label=self.method)
        return plt


def _narrowed(dataset: Dataset, mask: Any) -> Masker:
    """Give the masker of a Dataset, or a copy with one more layer."""
    if mask is None:
        return dataset.masker
    masker = object.__new__(Masker)
    vars(masker).update(vars(dataset.masker))
    masker.layers, masker.stack = dict(masker.layers), list(masker.stack)
    masker.add({"mask of the Decoder": mask})
    return masker


def _checked_path(save: Any) -> Path:
    if not isinstance(save, str | PathLike):
        raise OptionError(f"save must be the path of a file, got {save!r}.")
    path = Path(save)
    if path.is_dir():
        raise FormatError(f"{path} is a folder: name a file.")
    if not path.parent.is_dir():
        raise FormatError(f"there is no folder {path.parent} to write {path.name} to.")
    return path


def _checked_names(names: Any, found: list[str]) -> list[str]:
    if names is None:
        return found
    listed = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(listed) != len(found):
        raise OptionError(
            f"names must name each of the {len(found)} images, got {len(listed)}."
        )
    return listed

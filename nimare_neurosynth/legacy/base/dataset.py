"""The Dataset: studies, their activations, and their features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import Database
from nimare_neurosynth.errors import OptionError, suggest
from nimare_neurosynth.io import read_database
from nimare_neurosynth.legacy._advice import is_strict, old
from nimare_neurosynth.legacy._frames import OldFrame
from nimare_neurosynth.legacy.base import _store
from nimare_neurosynth.legacy.base._activations import (
    activations_of,
    database_of,
    read_transform,
)
from nimare_neurosynth.legacy.base._download import download, download_abstracts
from nimare_neurosynth.legacy.base._features import FeatureTable, Func, whole_ids
from nimare_neurosynth.legacy.base._images_of_studies import ImageTable
from nimare_neurosynth.legacy.base._mappables import Mappables
from nimare_neurosynth.legacy.base.mask import Masker

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from nimare_neurosynth._typing import BoolArray

__all__ = [
    "Dataset",
    "FeatureTable",
    "ImageTable",
    "download",
    "download_abstracts",
]

_RETURNS = ("ids", "data", "images", "weights")


class Dataset:
    """Studies with their activations and features.

    Parameters
    ----------
    filename : str, path or Database
        ``database.txt`` or any table with the columns ``id``, ``x``, ``y``, ``z`` and
        ``space``, anything else that :func:`nimare_neurosynth.read_database` reads, or
        what it gave.
    feature_filename : str or path, optional
        See :meth:`add_features`, which further options are passed to.
    masker : image, optional
        The brain; the old package's (228,453 voxels of 2 mm) by default.
    r : float
        A study activates the voxels within so many mm of its peaks.
    transform : bool or dict of str to ndarray
        Bring Talairach coordinates to MNI space; a dict gives 4 x 4 matrices (of which
        the inverse is applied) by the name of the space.
    target : str
        The space whose coordinates stay as they are.

    Attributes
    ----------
    activations : OldFrame
        A row for each peak.
    image_table : ImageTable
    feature_table : FeatureTable
    masker : Masker
    database : Database
        The studies, for the rest of this package.

    Raises
    ------
    FormatError, OptionError, ImageError
        If a file or an option cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> from nimare_neurosynth.legacy import Dataset
    >>> dataset = Dataset(load_demo())
    >>> len(dataset.get_studies(features="working memory"))
    160
    """

    @old("Dataset")
    def __init__(
        self,
        filename: str | PathLike[str] | Database,
        feature_filename: Any = None,
        masker: Any = None,
        r: float = 6,
        transform: Any = True,
        target: str = "MNI",
        **kwargs: Any,
    ) -> None:
        transformer = read_transform(transform, target)
        self.masker = masker if isinstance(masker, Masker) else Masker(masker)
        self.r = r
        self.transformer = transformer
        given = isinstance(filename, Database)
        source = filename if given else read_database(filename)  # type: ignore[arg-type]
        assert isinstance(source, Database)  # noqa: S101 - for the type checker
        self.activations, plain = activations_of(source, transform, transformer)
        self.made_of = self.activations
        self.database = source if plain else database_of(self.activations, source.about)
        self.talairach = "icbm_spm" if plain else None
        self.create_image_table()
        self.feature_table = FeatureTable(self)
        self._take_features(source)
        if feature_filename is not None:
            self.add_features(feature_filename, **kwargs)
        elif kwargs:
            raise OptionError(
                f"{next(iter(kwargs))!r} is no option of a Dataset, and of its "
                "features no file was given."
            )

    def _take_features(self, source: Database) -> None:
        """Take the labels that a database has with it, where it is clear which."""
        sets = [s for s in source.label_sets.values() if s.weights is not None]
        if len(sets) == 1:
            [labels] = sets
            assert labels.weights is not None  # noqa: S101 - chosen just above
            index = whole_ids(list(source.study_ids))
            table = OldFrame(labels.weights.toarray(), index, list(labels.labels))
            self.feature_table.add_features(table)

    def __repr__(self) -> str:
        n = f"{len(self.image_table.ids):,} studies, {len(self.activations):,} peaks"
        return f"<Dataset: {n}, {len(self.get_feature_names()):,} features>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Dataset:
        return _store.copied(self)

    def __getstate__(self) -> None:
        raise TypeError("a Dataset is not pickled: save() it, and load() the file.")

    def _repr_html_(self) -> str:
        return self.database._repr_html_()

    @property
    def whole_ids(self) -> list[Any]:
        """Ids of all studies of the database, as numbers where they are."""
        return whole_ids(list(self.database.study_ids))

    @property
    @old("Dataset.mappables")
    def mappables(self) -> Mappables:
        """The studies, each with its ``id`` and its peaks."""
        return Mappables(self)

    @property
    def feature_names(self) -> list[str]:
        """Names of the features."""
        return self.feature_table.feature_names

    @old("Dataset.create_image_table")
    def create_image_table(self, r: float | None = None) -> None:
        """Mark the voxels of each study anew, after a change of ``r`` or activations.

        Parameters
        ----------
        r : float, optional
            The new radius in mm.
        """
        if self.activations is not self.made_of:
            self.database = database_of(self.activations, self.database.about)
            self.talairach = None
            self.made_of = self.activations
        before, self.r = self.r, self.r if r is None else r
        try:
            self.image_table = ImageTable(self)
        except OptionError:
            self.r = before
            raise

    # -------------------------------------------------------------- selection

    @old("Dataset.get_studies")
    def get_studies(
        self,
        features: Any = None,
        expression: str | None = None,
        mask: Any = None,
        peaks: Any = None,
        frequency_threshold: float = 0.001,
        activation_threshold: float = 0.0,
        func: Func = np.sum,
        return_type: str = "ids",
        r: float = 6,
        threshold: float | None = None,
    ) -> Any:
        """Choose studies; several criteria must all be met.

        Parameters
        ----------
        features : str or sequence of str, optional
            Names or patterns.
        expression : str, optional
            ``"emot* &~ (reward | pain)"``.
        mask : image, optional
            Studies that activate this region: at least ``activation_threshold`` of its
            voxels (a float is a share, a whole number a number), and at least one.
        peaks : array-like, shape (n, 3), optional
            Studies with a peak within ``r`` mm of one of these.
        frequency_threshold : float
            A feature is in a study at this weight or more.
        activation_threshold : float or int
            See ``mask``.
        func : {"sum", "mean", "min", "max"} or callable
            Combines the weights of several features.
        return_type : {"ids", "data", "weights"}
            Ids, activations (voxels x studies), or weights of features.
        r : float
            See ``peaks``.
        threshold : float, optional
            Both thresholds, as in older versions.

        Returns
        -------
        list, ndarray, OldSeries or OldFrame
            Without any criterion, the table of all studies.
        """
        if return_type not in _RETURNS:
            allowed, hint = ", ".join(_RETURNS), suggest(str(return_type), _RETURNS)
            raise OptionError(
                f"return_type must be one of {allowed}, got {return_type!r}.{hint}"
            )
        if threshold is not None:
            frequency_threshold = activation_threshold = threshold
        asked = [c is not None for c in (features, expression, mask, peaks)]
        if return_type == "weights":
            if asked != [True, False, False, False]:
                raise OptionError(
                    "return_type='weights' is for a selection by features alone."
                )
            return self.feature_table.get_ids(
                features, frequency_threshold, func, get_weights=True
            )
        if not any(asked):
            return self._all_studies()
        found: list[Iterable[Any]] = []
        if features is not None:
            found.append(
                self.feature_table.get_ids(features, frequency_threshold, func)
            )
        if expression is not None:
            found.append(
                self.feature_table.get_ids_by_expression(
                    expression, frequency_threshold, func
                )
            )
        if mask is not None:
            found.append(self._ids_of(self._by_mask(mask, activation_threshold)))
        if peaks is not None:
            found.append(self._ids_of(self._by_peaks(peaks, r)))
        first, *others = found
        kept = [set(other) for other in others]
        ids = [i for i in first if all(i in other for other in kept)]
        return ids if return_type == "ids" else self.get_image_data(ids)

    def _ids_of(self, mask: BoolArray) -> list[Any]:
        """List the ids of studies of the database that are in the image table."""
        return list(self.image_table.ids[mask[self.image_table.rows]].tolist())

    def _by_mask(self, mask: Any, threshold: float) -> BoolArray:
        region = self.masker.mask(mask, in_global_mask=True).astype(bool)
        counts = self.image_table.activations().count_in(region)
        if not isinstance(threshold, int | float | np.number) or threshold < 0:
            raise OptionError(
                "activation_threshold must be a share or a whole number from 0 up, "
                f"got {threshold!r}."
            )
        is_share = not isinstance(threshold, int | np.integer)
        least = threshold * np.count_nonzero(region) if is_share else threshold
        if is_strict():  # it had to be exceeded
            return np.asarray(counts > least)
        return np.asarray((counts >= least * (1 - 1e-12)) & (counts > 0))

    def _by_peaks(self, peaks: Any, r: float) -> BoolArray:
        try:
            near = np.atleast_2d(np.asarray(peaks, dtype=float))
        except (TypeError, ValueError):
            raise OptionError(
                f"peaks are coordinates [[x, y, z], ...] in mm, got {peaks!r}."
            ) from None
        return self.database.select(
            near=near, radius_mm=r, talairach=self.talairach
        ).mask

    def _all_studies(self) -> OldFrame:
        """Give the table of all studies, with what is known of each."""
        table = self.database.studies.iloc[self.image_table.rows]
        table = table.rename(columns={"study_id": "id"}).reset_index(drop=True)
        return OldFrame(table.assign(id=self.image_table.ids))

    @old("Dataset.get_ids_by_features")
    def get_ids_by_features(
        self,
        features: Any,
        threshold: float = 0.001,
        func: Func = np.sum,
        get_weights: bool = False,
        get_image_data: bool = False,
    ) -> Any:
        """Choose studies by features, as versions before 0.3.5 did."""
        what = {(True, False): "weights", (False, True): "data"}
        return self.get_studies(
            features=features,
            frequency_threshold=threshold,
            func=func,
            return_type=what.get((get_weights, get_image_data), "ids"),
        )

    @old("Dataset.get_ids_by_expression")
    def get_ids_by_expression(
        self,
        expression: str,
        threshold: float = 0.001,
        func: Func = np.sum,
        get_image_data: bool = False,
    ) -> Any:
        """Choose studies by an expression, as versions before 0.3.5 did."""
        return self.get_studies(
            expression=expression,
            frequency_threshold=threshold,
            func=func,
            return_type="data" if get_image_data else "ids",
        )

    @old("Dataset.get_ids_by_mask")
    def get_ids_by_mask(
        self, mask: Any, threshold: float = 0.0, get_image_data: bool = False
    ) -> Any:
        """Choose studies by a region, as versions before 0.3.5 did."""
        return self.get_studies(
            mask=mask,
            activation_threshold=threshold,
            return_type="data" if get_image_data else "ids",
        )

    @old("Dataset.get_ids_by_peaks")
    def get_ids_by_peaks(
        self,
        peaks: Any,
        r: float = 10,
        threshold: float = 0.0,
        get_image_data: bool = False,
    ) -> Any:
        """Choose studies by places, as versions before 0.3.5 did."""
        return self.get_studies(
            peaks=peaks, r=r, return_type="data" if get_image_data else "ids"
        )

    # --------------------------------------------------------------- features

    @old("Dataset.add_features")
    def add_features(
        self,
        features: Any,
        append: bool = True,
        merge: str = "outer",
        duplicates: str = "ignore",
        min_studies: float = 0.0,
        threshold: float = 0.001,
    ) -> None:
        """Add weights of features.

        Parameters
        ----------
        features : str, path or DataFrame
            A tab-separated file with ids in its first column, whatever that is called,
            or a table with ids as its index.
        append : bool
            Keep the features that are there.
        merge : {"outer", "inner", "left", "right"}
            Whose studies are kept; where one has no weight, it is 0.
        duplicates : {"ignore", "replace", "merge"}
            Of features that are there already: leave out, replace, or keep both with
            ``_x`` and ``_y``.
        min_studies : int
            Leave out features that fewer studies have at ``threshold`` or more.
        threshold : float
            See ``min_studies``.
        """
        table = self.feature_table if append else FeatureTable(self)
        table.add_features(features, merge, duplicates, min_studies, threshold)
        self.feature_table = table

    @old("Dataset.get_feature_data")
    def get_feature_data(
        self, ids: Any = None, features: Any = None, dense: bool = True
    ) -> OldFrame:
        """Give weights of studies and features, in the order asked for."""
        return self.feature_table.get_feature_data(ids, features, dense)

    @old("Dataset.get_feature_names")
    def get_feature_names(self, features: Sequence[str] | None = None) -> list[str]:
        """List the features, or those of a list, in the order of the table."""
        if features:
            return self.feature_table.get_ordered_names(features)
        return self.feature_table.feature_names

    @old("Dataset.get_feature_counts")
    def get_feature_counts(self, threshold: float = 0.001) -> dict[str, int]:
        """Count the studies that have each feature at a weight or more."""
        counts = (self.feature_table.data >= threshold).sum()
        return {str(name): int(n) for name, n in counts.items()}

    # ----------------------------------------------------- activations, files

    @old("Dataset.get_image_data")
    def get_image_data(
        self, ids: Any = None, voxels: Any = None, dense: bool = True
    ) -> Any:
        """Give activations, voxels x studies; see ``ImageTable.get_image_data``."""
        return self.image_table.get_image_data(ids, voxels, dense)

    @old("Dataset.get_coordinates")
    def get_coordinates(self, ids: Any = None) -> OldFrame:
        """Give the peaks of some studies, all by default, in mm."""
        table = self.activations[["id", "x", "y", "z", "space"]]
        if ids is not None:
            kept = set(self.image_table.ids[self.image_table.places(ids)].tolist())
            table = table[table["id"].isin(kept)]
        return OldFrame(table.reset_index(drop=True))

    @old("Dataset.save")
    def save(self, filename: str | PathLike[str]) -> None:
        """Write the Dataset into one file, for :meth:`load`; whole or not at all."""
        _store.save(self, filename)

    @classmethod
    @old("Dataset.load")
    def load(cls, filename: str | PathLike[str]) -> Dataset:
        """Read what :meth:`save` wrote. Old pickles are refused."""
        return _store.load(cls, filename)

    @staticmethod
    @old("download")
    def download(path: Any = ".", url: str | None = None, unpack: bool = True) -> Any:
        """Download the data; see :func:`download`."""
        return download(path, url, unpack)

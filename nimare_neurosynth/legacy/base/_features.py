"""Weights of features by study, kept as the table that old code changes at will."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.database.query import match_names
from nimare_neurosynth.errors import FormatError, OptionError, suggest, warn
from nimare_neurosynth.io import read_weights
from nimare_neurosynth.legacy._advice import is_strict
from nimare_neurosynth.legacy._frames import OldFrame, OldSeries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth.legacy.base.dataset import Dataset

Func: TypeAlias = str | Callable[..., Any]

_BY_NAME: dict[str, Callable[..., Any]] = {
    "sum": np.sum,
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
}
_NAMES: dict[Any, str] = {
    np.sum: "sum",
    sum: "sum",
    np.mean: "mean",
    np.min: "min",
    min: "min",
    np.max: "max",
    max: "max",
}
MERGES = ("outer", "inner", "left", "right")
DUPLICATES = ("ignore", "replace", "merge")


def known_function(func: Func) -> Func:
    """Give the name of a function that has one, and others as they are.

    Raises
    ------
    OptionError
        If it is neither a known name nor callable.
    """
    if isinstance(func, str):
        if func not in _BY_NAME:
            allowed = ", ".join(map(repr, _BY_NAME))
            raise OptionError(f"func must be {allowed} or a function, got {func!r}.")
        return func
    if not callable(func):
        raise OptionError(f"func must be a function, got {func!r}.")
    return _NAMES.get(func, func)


def combine(values: NDArray[np.float64], func: Func) -> NDArray[np.float64]:
    """Combine the columns of a matrix into one value for each row."""
    known = known_function(func)
    if isinstance(known, str):
        return np.asarray(_BY_NAME[known](values, axis=1), dtype=np.float64)
    try:
        made = np.array([float(known(row)) for row in values])
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"func must give one number for the weights of a study: {error}."
        ) from error
    return made


@dataclass(frozen=True, eq=False)
class FrameLabels(LabelSet):
    """Labels whose weights are read from a table, column by column, when asked for."""

    table: OldFrame = None  # type: ignore[assignment]

    def combined(self, columns: Sequence[int], func: Func) -> NDArray[np.float64]:
        """Combine the weights of some labels into one weight per study."""
        return combine(self.table.iloc[:, list(columns)].to_numpy(float), func)


class FeatureTable:
    """Weights of features by study.

    Parameters
    ----------
    dataset : Dataset
        To which it belongs.

    Attributes
    ----------
    data : OldFrame of float64
        Studies in rows, features in columns. Studies without peaks may be in it.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.data = OldFrame()

    def __repr__(self) -> str:
        n, k = self.data.shape
        return f"<FeatureTable: {n:,} studies, {k:,} features>"

    @property
    def feature_names(self) -> list[str]:
        """Names of the features."""
        return list(self.data.columns)

    # -------------------------------------------------------------- adding

    def add_features(
        self,
        features: Any,
        merge: str = "outer",
        duplicates: str = "ignore",
        min_studies: float = 0,
        threshold: float = 0.0001,
    ) -> None:
        """Add features; see :meth:`Dataset.add_features`."""
        for name, value, allowed in (
            ("merge", merge, MERGES),
            ("duplicates", duplicates, DUPLICATES),
        ):
            if value not in allowed:
                raise OptionError(
                    f"{name} must be one of {', '.join(allowed)}, got {value!r}."
                )
        table = read_features(features)
        if min_studies:
            table = table.loc[:, (table >= threshold).sum() >= min_studies]
        self._warn_of_strangers(table)
        before = self.data
        shared = [c for c in table.columns if c in before.columns]
        if duplicates == "ignore":
            table = table.drop(columns=shared)
        elif duplicates == "replace":
            before = before.drop(columns=shared)
        if before.empty and not len(before.index):
            self.data = OldFrame(table)
            return
        merged = pd.DataFrame(before).merge(
            pd.DataFrame(table),
            how=merge,  # type: ignore[arg-type]
            left_index=True,
            right_index=True,
        )
        self.data = OldFrame(merged.fillna(0.0))

    def _warn_of_strangers(self, table: pd.DataFrame) -> None:
        known = set(map(str, self.dataset.image_table.ids))
        shared = sum(str(i) in known for i in table.index)
        if shared < 0.01 * len(table):
            first = next(iter(self.dataset.image_table.ids.tolist()), "(none)")
            warn(
                f"{shared:,} of the {len(table):,} studies with features are in the "
                f"Dataset: its ids are like {first!r}, those of the features like "
                f"{table.index.tolist()[0]!r}. Older files have DOIs as ids, newer "
                "ones PMIDs: take both of the same release."
            )

    # ------------------------------------------------------------- looking up

    def search_features(self, search: str | Sequence[str]) -> list[str]:
        """List the features that names or patterns with ``*`` and ``?`` match."""
        names = [str(c) for c in self.data.columns]
        found: set[int] = set()
        for pattern in _patterns(search):
            if not isinstance(pattern, str):
                raise OptionError(f"features are named by text, got {pattern!r}.")
            found.update(match_old(pattern, names))
        return [self.data.columns[i] for i in sorted(found)]

    def get_ids(
        self,
        features: str | Sequence[str],
        threshold: float = 0.0,
        func: Func = np.sum,
        get_weights: bool = False,
    ) -> Any:
        """List the studies whose combined weight of features reaches a threshold.

        Parameters
        ----------
        features : str or sequence of str
            Names or patterns. Where nothing matches there is a warning, and no study.
        threshold : float
            At least so much.
        func : {"sum", "mean", "min", "max"} or callable
            Combines the weights of several features.
        get_weights : bool
            Give the weights too, as a Series.
        """
        known_function(func)
        if not isinstance(threshold, int | float | np.number):
            raise OptionError(f"a threshold must be a number, got {threshold!r}.")
        names = self.search_features(features)
        if not names:
            self._warn_of_nothing(features)
            empty = OldSeries([], index=self.data.index[:0], dtype=float)
            return empty if get_weights else []
        weights = combine(self.data[names].to_numpy(float), func)
        kept = OldSeries(weights, index=self.data.index)[weights >= threshold]
        return kept if get_weights else list(kept.index)

    def _warn_of_nothing(self, features: str | Sequence[str]) -> None:
        if not self.feature_names:
            warn("this Dataset has no features: add some with add_features() first.")
            return
        asked = [features] if isinstance(features, str) else list(features)
        names = [str(n) for n in self.feature_names]
        hints = "".join(suggest(name, names) for name in asked)
        shown = ", ".join(map(repr, asked))
        if not hints and any(set(str(name)) & set(".[]()|+^$\\") for name in asked):
            hints = (
                " Only * and ? stand for other characters; legacy.strict(True) reads "
                "regular expressions, as of old."
            )
        warn(f"no feature matches {shown}: no study is found.{hints}")

    def get_ids_by_expression(
        self, expression: str, threshold: float = 0.001, func: Func = np.sum
    ) -> list[Any]:
        """List the studies that an expression selects."""
        from nimare_neurosynth.legacy.base.lexparser import weights_of

        return list(weights_of(self, expression, threshold, func).index)

    def get_feature_data(
        self, ids: Any = None, features: Any = None, dense: bool = True
    ) -> OldFrame:
        """Give weights of studies and features, in the order asked for."""
        result = self.data
        for axis, wanted in ((0, ids), (1, features)):
            if wanted is None:
                continue
            have = result.axes[axis]
            asked = [wanted] if isinstance(wanted, str | int) else list(wanted)
            missing = [w for w in asked if w not in have]
            if missing:
                what = "study" if axis == 0 else "feature"
                hint = suggest(str(missing[0]), map(str, have)) if axis else ""
                raise OptionError(
                    f"there is no {what} {missing[0]!r} in the features.{hint}"
                )
            result = result.loc[asked] if axis == 0 else result[asked]
        return OldFrame(result)

    def get_ordered_names(self, features: Sequence[str]) -> list[str]:
        """List the features among these, in the order of the table."""
        wanted = set(features)
        return [name for name in self.data.columns if name in wanted]

    def get_features_by_ids(
        self,
        ids: Any = None,
        threshold: float = 0.0001,
        func: Func = np.mean,
        get_weights: bool = False,
    ) -> Any:
        """List the features whose weights, combined over studies, reach a threshold."""
        table = self.data if ids is None else self.get_feature_data(ids)
        weights = combine(table.to_numpy(float).T, func)
        kept = OldSeries(weights, index=self.data.columns)[weights >= threshold]
        return kept if get_weights else list(kept.index)

    def labels(self) -> FrameLabels:
        """Give the features as a label set over the rows of the table."""
        from scipy.sparse import csc_array

        names = tuple(str(c) for c in self.data.columns)
        # what says that there are weights; combined() reads them from the table
        there = csc_array(self.data.shape, dtype=np.float64)
        return FrameLabels("features", names, there, table=self.data)


def _patterns(search: Any) -> list[Any]:
    if isinstance(search, str):
        return [search]
    try:
        return list(search)
    except TypeError:
        raise OptionError(f"features are named by text, got {search!r}.") from None


def match_old(pattern: str, names: Sequence[str]) -> list[int]:
    """Match names with wildcards; strictly, with the old regular expressions."""
    if not is_strict():
        return match_names(pattern, names)
    try:
        expression = re.compile(pattern.replace("*", ".*") + "$")
    except re.error as error:
        raise OptionError(f"{pattern!r} is no regular expression: {error}.") from error
    return [i for i, name in enumerate(names) if expression.match(name)]


def as_text(study: Any) -> str:
    """Give an id as text; pandas makes 7.0 of 7 where a column has gaps."""
    if isinstance(study, float | np.floating) and float(study).is_integer():
        return str(int(study))
    return str(study)


def whole_ids(ids: Sequence[Any]) -> list[Any]:
    """Give ids as numbers where all of them are whole numbers, else as they are."""
    texts = [as_text(i) for i in ids]
    plain = all(t.isascii() and t.isdigit() and t[0] != "0" for t in texts)
    return [int(t) for t in texts] if plain and texts else list(ids)


def read_features(features: Any) -> pd.DataFrame:
    """Take features as a file or a table of weights, with ids as the index.

    Raises
    ------
    FormatError
        If it cannot be read, or has no features or repeated ids.
    """
    if isinstance(features, pd.DataFrame):
        table = _checked(features)
    elif isinstance(features, str | PathLike):
        path = Path(features)
        if not path.is_file():
            raise FormatError(f"there is no file of features {path}.")
        read = read_weights(path, ("id", "study_id", "study", "pmid"))
        table = pd.DataFrame(
            read.weights.toarray(), index=read.study_ids, columns=list(read.labels)
        )
    else:
        raise OptionError(
            "features are a file or a DataFrame with ids as its index, got "
            f"{type(features).__name__}."
        )
    table.index = pd.Index(whole_ids(list(table.index)), name=table.index.name)
    return table


def _checked(table: pd.DataFrame) -> pd.DataFrame:
    if not len(table.columns) or not len(table):
        raise FormatError("this table has no features, or no studies.")
    if table.index.has_duplicates or table.columns.has_duplicates:
        twice = table.index if table.index.has_duplicates else table.columns
        first = twice[twice.duplicated()].tolist()[0]
        raise FormatError(f"{first!r} is there more than once.")
    try:
        return table.astype(np.float64).fillna(0.0)
    except (TypeError, ValueError) as error:
        raise FormatError(f"weights of features must be numbers: {error}.") from error

"""The database: frozen, columnar, read from memory maps where it is compiled."""

from __future__ import annotations

import hashlib
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nimare_neurosynth.database import _choose as choose
from nimare_neurosynth.database._bridges import NimareBridges
from nimare_neurosynth.database._checks import list_of
from nimare_neurosynth.database._derived import DEFAULT_TALAIRACH, Derived
from nimare_neurosynth.database._labelset import DEFAULT_THRESHOLD, LabelSet
from nimare_neurosynth.engine import (
    Activations,
    Segment,
    build_segment,
    check_n_jobs,
    segment_bounds,
)
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.space import (
    as_mask,
    sphere_lines,
    talairach_matrix,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database._about import About
    from nimare_neurosynth.database._info import DatabaseInfo
    from nimare_neurosynth.database._peaks import Peaks
    from nimare_neurosynth.database._selection import Selection
    from nimare_neurosynth.space import ImageLike, Mask

DEFAULT_RADIUS_MM = 6.0


class ActivationStore(Protocol):
    """Where a database keeps activations that took a second to build.

    ``key`` names radius, mask and matrix, ``peaks`` the data: see
    :meth:`Peaks.fingerprint`.
    """

    def get(self, key: str, peaks: str) -> Segment | None:
        """Give a stored segment, or None."""

    def put(self, key: str, peaks: str, segment: Segment) -> None:
        """Store a segment, or do nothing where that can't be done."""


class Database(Derived, NimareBridges):
    """Studies with their peaks and labels, ready to be asked.

    Made by :func:`nimare_neurosynth.read_database`; nothing in it changes.

    Attributes
    ----------
    about : About
        Name, version, licence and attribution.
    peaks : Peaks
        Coordinates as published.
    label_sets : dict of str to LabelSet
        Terms, topics and other labels, by name of the set.
    n_studies : int
        Number of studies.
    """

    def __init__(
        self,
        about: About,
        *,
        n_studies: int,
        peaks: Peaks,
        label_sets: Iterable[LabelSet] = (),
        tables: Mapping[str, pd.DataFrame | Callable[[], pd.DataFrame]],
        notes: Sequence[str] = (),
        content_hash: str | None = None,
        segment_hashes: Sequence[str] | None = None,
        store: ActivationStore | None = None,
    ) -> None:
        self.about = about
        self.n_studies = n_studies
        self.peaks = peaks
        self.label_sets = {labels.name: labels for labels in label_sets}
        self.notes = tuple(notes)
        self.store = store
        self._table_names = tuple(tables)
        # a table may be given by what reads it, when it is first used
        self._loaders = {n: t for n, t in tables.items() if callable(t)}
        self._tables = {n: t for n, t in tables.items() if not callable(t)}
        self._known_hash = content_hash
        self._known_segments = segment_hashes
        self._activations: dict[str, Activations] = {}
        self._mni: dict[str | None, NDArray[np.float64]] = {}

    # ---------------------------------------------------------------- tables

    def table(self, name: str) -> pd.DataFrame:
        """Give a table: ``studies``, ``analyses``, ``peaks`` or ``texts``.

        The table of peaks has the columns of the source other than coordinates.

        Parameters
        ----------
        name : str
            Name of the table.

        Returns
        -------
        pandas.DataFrame
            Do not change it: the database is shared.

        Raises
        ------
        OptionError
            If this database has no such table.
        """
        if name not in self._table_names:
            raise OptionError(
                f"this database has no table {name!r}; it has "
                f"{', '.join(self._table_names)}."
            )
        if name not in self._tables:
            self._tables[name] = self._loaders[name]()
        return self._tables[name]

    @property
    def table_names(self) -> tuple[str, ...]:
        """Names of the tables there are."""
        return self._table_names

    @property
    def studies(self) -> pd.DataFrame:
        """The studies, a row each: ``study_id``, ``doi``, ``title``, ``year``, ..."""
        return self.table("studies")

    @cached_property
    def study_ids(self) -> NDArray[np.object_]:
        """Ids of the studies, as text, shape (n_studies,)."""
        return np.asarray(self.studies["study_id"], dtype=object)

    @cached_property
    def has_peaks(self) -> BoolArray:
        """Which studies report a peak at all: these are the studies analyses count.

        Peaks without complete coordinates are no reports.
        """
        there = self.peaks.study[self.peaks.is_complete]
        counted = np.bincount(there, minlength=self.n_studies) > 0
        counted.setflags(write=False)
        return counted

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of studies, peaks and labels: equal data have equal hashes."""
        if self._known_hash is not None:
            return self._known_hash
        digest = hashlib.sha256("\0".join(self.study_ids).encode())
        for array in (self.peaks.xyz, self.peaks.study, self.peaks.space):
            digest.update(array.tobytes())
        digest.update("\0".join(self.peaks.spaces).encode())
        for labels in self.label_sets.values():
            digest.update("\0".join((labels.name, *labels.labels)).encode())
            if labels.weights is not None:
                for part in ("indptr", "indices", "data"):
                    digest.update(getattr(labels.weights, part).tobytes())
        return digest.hexdigest()

    @cached_property
    def segment_hashes(self) -> tuple[str, ...]:
        """Hashes of the peaks of each segment of the studies."""
        if self._known_segments is not None:
            return tuple(self._known_segments)
        bounds = pairwise(segment_bounds(self.n_studies))
        return tuple(self.peaks.fingerprint(first, stop) for first, stop in bounds)

    def find_labels(self, pattern: str) -> list[str]:
        """List the labels that a name or wildcard matches.

        Parameters
        ----------
        pattern : str
            As in queries: ``emot*``, ``LDA50:*_pain_*``.

        Returns
        -------
        list of str

        Raises
        ------
        UnknownTermError
            If nothing matches.
        """
        label_set, columns = choose.labels_by_name(self.label_sets, pattern, None)
        return [label_set.labels[c] for c in columns]

    def choose_labels(
        self,
        labels: str | Sequence[str] | None = None,
        *,
        label_set: str | None = None,
    ) -> tuple[LabelSet, list[int]]:
        """Find labels of one label set.

        Parameters
        ----------
        labels : str or sequence of str, optional
            Names or patterns, as in queries; all labels of the set by default.
        label_set : str, optional
            Where they are looked up; needed where several sets have weights and no
            name says which is meant.

        Returns
        -------
        label_set : LabelSet
        positions : list of int
            Ascending, each once.

        Raises
        ------
        UnknownTermError, OptionError
            If nothing matches, the labels are of several sets, or it is unclear which
            set is meant.
        """
        return choose.labels_of_one_set(self.label_sets, labels, label_set)

    def info(self, *, threshold: float = DEFAULT_THRESHOLD) -> DatabaseInfo:
        """Count everything, and list every oddity found.

        Parameters
        ----------
        threshold : float
            A term is in a study at this weight or more.

        Returns
        -------
        DatabaseInfo
        """
        from nimare_neurosynth.database._info import describe

        return describe(self, threshold=threshold)

    # ----------------------------------------------------------- activations

    def activations(
        self,
        *,
        radius_mm: float = DEFAULT_RADIUS_MM,
        mask: Mask | ImageLike | None = None,
        talairach: str | None = DEFAULT_TALAIRACH,
        n_jobs: int = -1,
        progress: bool = False,
    ) -> Activations:
        """Mark the voxels that each study activates.

        Parameters
        ----------
        radius_mm : float
            Voxels within this distance of the voxel that a peak rounds to.
        mask : Mask or image, optional
            The voxels there are; NiMARE's MNI152 2 mm brain by default.
        talairach : {"icbm_spm", "icbm_other"} or None
            Matrix that brings Talairach peaks to MNI space: legacy Neurosynth's,
            NiMARE's, or none.
        n_jobs : int
            Threads; -1 for all cores.
        progress : bool
            Show a bar on standard error where it takes more than a second.

        Returns
        -------
        Activations
            Built once (about half a second for 14,000 studies) and then kept, also on
            disk where the database is compiled: segment by segment, so that a database
            to which studies were appended builds only what is new.
        """
        space = as_mask(mask)
        talairach_matrix(talairach)
        sphere_lines(radius_mm, np.eye(4))  # a wrong radius is told before work starts
        check_n_jobs(n_jobs)
        key = f"{space.key}-{float(radius_mm)!r}mm-{talairach or 'none'}"
        if key not in self._activations:
            bounds = list(pairwise(segment_bounds(self.n_studies)))

            from tqdm.auto import tqdm

            bar = tqdm(
                zip(bounds, self.segment_hashes, strict=True),
                desc="Activations",
                total=len(bounds),
                disable=not progress,
                delay=1,
            )
            options = (space, radius_mm, talairach, n_jobs)
            self._activations[key] = Activations.from_segments(
                [self._segment(key, *part, options) for part in bar]
            )
        return self._activations[key]

    def _segment(
        self,
        key: str,
        bounds: tuple[int, int],
        peaks: str,
        options: tuple[Mask, float, str | None, int],
    ) -> Segment:
        """Take a segment of activations from the store, or build and store it."""
        made = self.store.get(key, peaks) if self.store else None
        if made is not None:
            return made
        mask, radius_mm, talairach, n_jobs = options
        here = self.peaks.of_studies(*bounds)
        made = build_segment(
            self.peaks.to_mni(talairach, here),
            self.peaks.study[here].astype(np.int64) - bounds[0],
            bounds[1] - bounds[0],
            mask=mask,
            radius_mm=radius_mm,
            n_jobs=n_jobs,
        )
        if self.store:
            self.store.put(key, peaks, made)
        return made

    # ------------------------------------------------------------- selection

    def select(
        self,
        query: str | None = None,
        *,
        near: ArrayLike | None = None,
        radius_mm: float = DEFAULT_RADIUS_MM,
        region: ImageLike | BoolArray | None = None,
        min_voxels: int | None = None,
        min_proportion: float | None = None,
        where: str | Sequence[str] | None = None,
        ids: Iterable[object] | None = None,
        label_set: str | None = None,
        threshold: float = DEFAULT_THRESHOLD,
        func: str = "sum",
        talairach: str | None = DEFAULT_TALAIRACH,
        mask: Mask | ImageLike | None = None,
    ) -> Selection:
        """Choose studies; several criteria must all be met.

        Parameters
        ----------
        query : str, optional
            Terms: ``"emotion* & ~(reward | pain)"``, ``"LDA50:*_pain_* > 0.1"``.
        near : array-like of float, shape (3,) or (n, 3), optional
            MNI coordinates in mm: studies that report a peak within ``radius_mm`` of
            any of them.
        radius_mm : float
            Distance from ``near``, and radius of the spheres that make the activations
            which ``region`` looks at.
        region : image or ndarray of bool, optional
            Studies that activate voxels of this region: at least ``min_voxels`` (1 by
            default) or at least ``min_proportion`` of its voxels inside the brain.
        min_voxels : int, optional
            Number of the region's voxels, at least 1.
        min_proportion : float, optional
            Share of the region's voxels, above 0 up to 1.
        where : str or sequence of str, optional
            Conditions on metadata: ``"year >= 2010"``, ``"journal = Neuro*"``.
        ids : iterable, optional
            Study ids.
        label_set : str, optional
            Where names without a prefix are looked up first.
        threshold : float
            A term is in a study at this weight or more.
        func : {"sum", "mean", "min", "max"}
            How the weights of several labels that one name matches combine.
        talairach : {"icbm_spm", "icbm_other"} or None
            How Talairach peaks come to MNI space.
        mask : Mask or image, optional
            The voxels that ``region`` can have; NiMARE's MNI152 2 mm brain by default.

        Returns
        -------
        Selection
            It may be empty.

        Raises
        ------
        QueryError, UnknownTermError, OptionError, ImageError, SelectionError
            If a criterion cannot be read or names what is not there.
        """
        parts: list[Selection] = []
        if query is not None:
            parts.append(choose.by_query(self, query, label_set, threshold, func))
        if near is not None:
            parts.append(choose.by_peaks(self, near, radius_mm, talairach))
        if region is not None:
            bound = (min_voxels, min_proportion)
            parts.append(
                choose.by_region(self, region, bound, radius_mm, talairach, mask=mask)
            )
        elif min_voxels is not None or min_proportion is not None:
            raise OptionError("min_voxels and min_proportion need a region.")
        conditions = list_of(where, "where", "conditions such as 'year >= 2010'")
        parts += [choose.by_condition(self, text) for text in conditions]
        if ids is not None:
            parts.append(choose.by_ids(self, ids))
        if not parts:
            raise OptionError(
                "nothing to select by: give a query, near, region, where or ids."
            )
        chosen = parts[0]
        for part in parts[1:]:
            chosen = chosen & part
        return chosen

    # --------------------------------------------------------------- display

    def __repr__(self) -> str:
        sets = ", ".join(
            f"{s.name} ({len(s):,}{'' if s.weights is not None else ', no weights'})"
            for s in self.label_sets.values()
        )
        return (
            f"<Database {self.about}: {self.n_studies:,} studies, "
            f"{len(self.peaks):,} peaks; labels: {sets or 'none'}>"
        )

    def _repr_html_(self) -> str:
        return self.info()._repr_html_()

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError(
            "a Database is not pickled: save it with write_database() and open the "
            "folder where it is needed."
        )

"""From a Database to NiMARE's Studyset, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth import _nimare
from nimare_neurosynth.errors import OptionError, warn
from nimare_neurosynth.io._studyset_parts import (
    annotation_sets,
    column_store,
    condition_columns,
    dense,
    encoded,
)
from nimare_neurosynth.io._studyset_tables import (
    ANALYSIS_COLUMNS,
    PEAK_ORDER,
    STUDY_COLUMNS,
)
from nimare_neurosynth.io._values import unique_names
from nimare_neurosynth.space import is_talairach

if TYPE_CHECKING:
    from nimare_neurosynth._typing import BoolArray, IntArray
    from nimare_neurosynth.database import Database

UNITS = ("study", "table")


_ID_COLUMNS = ("analysis_id", "table_id", "contrast")
_NAME_COLUMNS = ("name", "table_label", "table_name", "contrast")
_KNOWN_TABLES = ("studies", "analyses", "peaks", "texts")
_THEIR_TALAIRACH = ("TAL", "Talairach")
"""The names by which NiMARE knows Talairach space."""


def to_studyset(database: Database, *, by: str = "study") -> Any:
    """Make a NiMARE Studyset of a database.

    Parameters
    ----------
    database : Database
        What to take over.
    by : {"study", "table"}
        ``"study"`` gives one analysis per study, ``"1"``, with all its peaks, as
        Neurosynth counts; facts about the tables of a study that has several are left
        out. ``"table"`` gives one per published table or contrast, each with the labels
        of its study.

    Returns
    -------
    nimare.studyset.Studyset
        Peaks are in their own space: NiMARE brings Talairach ones to MNI space by its
        own matrix. Each label set is an annotation, sparse.

    Raises
    ------
    OptionError
        If there is no such choice, or NiMARE is not there.

    Warns
    -----
    NeurosynthWarning
        Of what a Studyset cannot hold.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> studyset = to_studyset(load_demo())
    >>> len(studyset.ids), len(studyset.coordinates)
    (320, 9492)
    """
    if by not in UNITS:
        raise OptionError(f"by must be one of {', '.join(UNITS)}, got {by!r}.")
    module = _nimare.studyset_module()
    plan = _Plan(database, _table(database, by), by)
    store = module.store.freeze(_store(module, plan))
    left_out = _left_out(database, plan)
    if left_out:
        warn(f"left out of the Studyset, which cannot hold it: {'; '.join(left_out)}.")
    return module.Studyset(store)


def to_dataset(database: Database, *, by: str = "study") -> Any:
    """Make NiMARE's old Dataset, which NiMARE 1.0 no longer has, of a database.

    Parameters
    ----------
    database : Database
        What to take over. It goes through NiMARE's own conversion of a Studyset, which
        makes dense tables: it takes minutes and gigabytes for large ones.
    by : {"study", "table"}
        See :func:`to_studyset`.

    Returns
    -------
    nimare.dataset.Dataset
        NiMARE brings its coordinates to MNI space.

    Raises
    ------
    OptionError
        If NiMARE has no Dataset.
    """
    _nimare.dataset_class()
    studyset = to_studyset(database, by=by)
    unused = sum(
        int((np.diff(labels.weights.indptr) == 0).sum())
        for labels in database.label_sets.values()
        if labels.weights is not None
    )
    if unused:
        warn(f"{unused:,} labels that no study has are left out of the Dataset.")
    with _nimare.deprecations_ignored():
        return studyset.to_dataset()


# ---------------------------------------------------------------------------- plan


@dataclass(frozen=True)
class _Plan:
    """Where everything goes: NiMARE sorts studies and analyses by their ids.

    Attributes
    ----------
    database : Database
    table : pandas.DataFrame
        The analyses in the order of the source: ``study``, ``row`` (their row in the
        database's table, or -1), ``analysis_id``, and further columns.
    by : str
    """

    database: Database
    table: pd.DataFrame
    by: str

    @cached_property
    def study(self) -> IntArray:
        """Position of each analysis's study, in the order of the source."""
        return self.table["study"].to_numpy(dtype=np.int64)

    @cached_property
    def full_ids(self) -> list[str]:
        """Give the full ids of the analyses, in the order of the source."""
        ids = self.database.study_ids[self.study]
        keys = self.table["analysis_id"]
        full = [f"{own}-{key}" for own, key in zip(ids, keys, strict=True)]
        return unique_names(full)

    @cached_property
    def study_order(self) -> IntArray:
        """Studies as they are stored.

        By id and hyphen, so that full ids are in order too, also where an id holds
        characters that come before the hyphen.
        """
        ids = [f"{own}-" for own in self.database.study_ids]
        return np.argsort(np.array(ids, dtype=object), kind="stable")

    @cached_property
    def study_row(self) -> IntArray:
        return _inverse(self.study_order)

    @cached_property
    def analysis_order(self) -> IntArray:
        """Analyses as they are stored: by study, then by full id."""
        rank = _inverse(np.argsort(np.array(self.full_ids, object), kind="stable"))
        return np.lexsort((rank, self.study_row[self.study]))

    @cached_property
    def analysis_row(self) -> IntArray:
        return _inverse(self.analysis_order)

    @cached_property
    def peak_analysis(self) -> IntArray:
        """The analysis of each peak, in the order of the source."""
        peaks = self.database.peaks
        if self.by == "study":
            return peaks.study.astype(np.int64)
        return peaks.analysis.astype(np.int64)

    @cached_property
    def complete(self) -> BoolArray:
        """Which peaks have coordinates."""
        return np.asarray(np.isfinite(self.database.peaks.xyz).all(axis=1))

    @cached_property
    def peak_order(self) -> IntArray:
        """Peaks as they are stored: by analysis."""
        kept = np.flatnonzero(self.complete)
        parents = self.analysis_row[self.peak_analysis[kept]]
        return kept[np.argsort(parents, kind="stable")]


def _inverse(order: IntArray) -> IntArray:
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    return inverse


def _table(database: Database, by: str) -> pd.DataFrame:
    """List the analyses in the order of the source."""
    own = _analyses(database)
    own = own.assign(row=np.arange(len(own)))
    study = own["study"].to_numpy(dtype=np.int64)
    if by == "study":
        row = np.full(database.n_studies, -1, dtype=np.int64)
        row[study[::-1]] = own["row"].to_numpy()[::-1]
        row[np.bincount(study, minlength=database.n_studies) != 1] = -1
        return pd.DataFrame(
            {"study": np.arange(database.n_studies), "row": row, "analysis_id": "1"}
        )
    keys = next((own[c] for c in _ID_COLUMNS if c in own), None)
    numbers = own.groupby("study").cumcount() + 1
    ids = numbers.astype("str")
    if keys is not None:
        text = keys.astype("str").str.strip()
        ids = text.where(keys.notna() & (text != ""), ids)
    table = pd.DataFrame({"study": study, "row": own["row"], "analysis_id": ids})
    # labels and texts of studies without a table need an analysis to be on
    needed = np.setdiff1d(_with_more(database), study)
    more = pd.DataFrame({"study": needed, "row": -1, "analysis_id": "1"})
    return pd.concat([table, more], ignore_index=True) if len(more) else table


def _analyses(database: Database) -> pd.DataFrame:
    """Give the table of analyses, or what peaks tell of them where there is none."""
    if "analyses" in database.table_names:
        return database.table("analyses").reset_index(drop=True)
    peaks = database.peaks
    study = np.zeros(peaks.analysis.max(initial=-1) + 1, dtype=np.int64)
    study[peaks.analysis] = peaks.study
    return pd.DataFrame({"study": study})


def _with_more(database: Database) -> IntArray:
    """Find the studies that have labels or texts."""
    having = np.zeros(database.n_studies, dtype=bool)
    for labels in database.label_sets.values():
        if labels.weights is not None:
            having[labels.weights.indices[labels.weights.data != 0]] = True
    if "texts" in database.table_names:
        ids = database.table("texts")["study_id"].tolist()
        having |= pd.Index(database.study_ids).isin(ids)
    return np.flatnonzero(having)


# --------------------------------------------------------------------------- store


def _store(module: Any, plan: _Plan) -> Any:
    """Make the columns of a store."""
    about = plan.database.about
    return module.StudysetStore(
        id=about.name or None,
        name=str(about),
        **_study_level(module, plan),
        **_analysis_level(module, plan),
        **_point_level(module, plan),
        annotations=annotation_sets(
            module, plan.database, plan.study[plan.analysis_order]
        ),
    )


def _study_level(module: Any, plan: _Plan) -> dict[str, Any]:
    studies = plan.database.studies.reset_index(drop=True)
    n = len(studies)
    attrs = module.ColumnStore(n)
    for key, name in STUDY_COLUMNS.items():
        attrs.add_dense(key, dense(studies.get(name), n)[plan.study_order])
    known = {"study_id", *STUDY_COLUMNS.values()}
    others = {c: studies[c] for c in studies.columns if c not in known}
    metadata = column_store(module, n, _keys(others, known), plan.study_row)
    offsets = np.bincount(plan.study, minlength=n)[plan.study_order]
    return {
        "study_key": plan.database.study_ids[plan.study_order],
        "study_attrs": attrs,
        "study_metadata": metadata,
        "study_has_metadata": np.full(n, bool(others)),
        "study_source_order": plan.study_order.astype(np.int32),
        "analysis_offsets": _offsets(offsets),
    }


def _keys(columns: dict[str, pd.Series], known: set[str]) -> dict[str, pd.Series]:
    """Call columns as they were called in metadata."""
    keys = {}
    for name, column in columns.items():
        key = name.removeprefix("metadata.")
        keys[key if key in known and key not in columns else name] = column
    return keys


def _analysis_level(module: Any, plan: _Plan) -> dict[str, Any]:
    table, order = plan.table, plan.analysis_order
    n = len(table)
    row = table["row"].to_numpy(dtype=np.int64)
    own = _analyses(plan.database)
    # a row of missing values for analyses that the database does not list
    own = own.reindex(np.where(row >= 0, row, len(own))).reset_index(drop=True)
    ids = table["analysis_id"]
    names = next((own[c] for c in _NAME_COLUMNS if c in own), ids)
    names = names.astype("str").where(names.notna(), ids)
    attrs = module.ColumnStore(n)
    attrs.add_dense("name", dense(names, n)[order])
    attrs.add_dense("description", dense(own.get("description"), n)[order])
    known = {*ANALYSIS_COLUMNS}
    others = {c: own[c] for c in own.columns if c not in known}
    metadata = column_store(module, n, _keys(others, known), plan.analysis_row)
    study_row = plan.study_row[plan.study]
    nothing = np.zeros(n + 1, dtype=np.int64)
    images = ("url", "filename", "value_type", "space", "metadata")
    return {
        "analysis_key": np.array(ids.tolist(), dtype=object)[order],
        "analysis_full_key": np.array(plan.full_ids, dtype=object)[order],
        "study_idx": study_row[order].astype(np.int32),
        "analysis_attrs": attrs,
        "metadata": metadata,
        "analysis_has_metadata": np.full(n, bool(others)),
        "analysis_source_order": order.astype(np.int32),
        "texts": _texts(module, plan),
        "image_offsets": nothing,
        "image_attrs": module.ColumnStore(
            0,
            dense={
                "analysis_idx": np.zeros(0, dtype=np.int32),
                **{name: np.zeros(0, dtype=object) for name in images},
            },
        ),
        **condition_columns(module, own, order),
    }


def _texts(module: Any, plan: _Plan) -> Any:
    """Give each analysis the texts of its study."""
    n = len(plan.table)
    if "texts" not in plan.database.table_names:
        return module.ColumnStore(n)
    table = plan.database.table("texts").drop_duplicates("study_id")
    row = pd.Index(table["study_id"]).get_indexer(
        pd.Index(plan.database.study_ids[plan.study], dtype="str")
    )
    spread = table.reset_index(drop=True).reindex(np.where(row >= 0, row, len(table)))
    spread = spread.drop(columns="study_id").reset_index(drop=True)
    columns = {str(name): spread[name] for name in spread.columns}
    return column_store(module, n, columns, plan.analysis_row)


def _point_level(module: Any, plan: _Plan) -> dict[str, Any]:
    peaks, order = plan.database.peaks, plan.peak_order
    table = pd.DataFrame(index=pd.RangeIndex(len(peaks)))
    if "peaks" in plan.database.table_names:
        table = plan.database.table("peaks").reset_index(drop=True)
    n = len(order)
    parents = plan.analysis_row[plan.peak_analysis[order]]
    row = np.full(len(peaks), -1, dtype=np.int64)
    row[order] = np.arange(n)
    own = ("peak_id", "kind")
    columns = {str(c): table[c] for c in table.columns if c not in own}
    values = column_store(module, n, columns, row)
    kept = plan.peak_analysis[plan.complete]
    if (np.diff(kept) < 0).any():
        values.add_sparse(PEAK_ORDER, np.arange(n), order.tolist())
    space_dict, space = module.Dict8(list(peaks.spaces)), peaks.space[order]
    kind_dict, kind = encoded(module, table.get("kind"), order)
    counts = np.bincount(parents, minlength=len(plan.table))
    return {
        "point_offsets": _offsets(counts),
        "point_analysis": parents.astype(np.int32),
        "xyz": np.ascontiguousarray(peaks.xyz[order]),
        "point_key": dense(table.get("peak_id"), len(peaks))[order],
        "point_space": space.astype(np.int16),
        "point_kind": kind,
        "point_values": values,
        "space_dict": space_dict,
        "kind_dict": kind_dict,
    }


def _offsets(counts: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


# ------------------------------------------------------------------ what is left out


def _left_out(database: Database, plan: _Plan) -> list[str]:
    """Say what a Studyset cannot hold."""
    said = []
    incomplete = int(np.count_nonzero(~plan.complete))
    if incomplete:
        said.append(f"{incomplete:,} peaks without complete coordinates")
    about = database.about
    kept = {"licence": about.licence, "attribution": about.attribution}
    lost = [name for name, text in kept.items() if text]
    lost += ["notes"] if database.notes else []
    if lost and not database.label_sets:
        said.append(f"{', '.join(lost)} (a label set would carry them)")
    others = [name for name in database.table_names if name not in _KNOWN_TABLES]
    said += [f"the table {name!r}" for name in others]
    if "texts" in database.table_names:
        ids = database.table("texts")["study_id"]
        lost_texts = int((ids.duplicated() | ~ids.isin(database.study_ids)).sum())
        if lost_texts:
            said.append(
                f"{lost_texts:,} rows of texts (of a study's second, or of none)"
            )
    used = np.bincount(database.peaks.space, minlength=len(database.peaks.spaces))
    for space, n in zip(database.peaks.spaces, used.tolist(), strict=True):
        if n and is_talairach(space) and space not in _THEIR_TALAIRACH:
            said.append(
                f"that the {n:,} peaks in {space!r} are in Talairach space, by which "
                "name NiMARE does not know it"
            )
    return said

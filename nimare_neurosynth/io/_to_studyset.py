"""From a Database to NiMARE's Studyset, column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth import _nimare
from nimare_neurosynth.errors import OptionError, warn
from nimare_neurosynth.io._kept import KEPT_TABLES
from nimare_neurosynth.io._plan import NAME_COLUMNS, UNITS, Plan, analyses_of
from nimare_neurosynth.io._studyset_parts import (
    annotation_sets,
    column_store,
    condition_columns,
    dense,
    encoded,
    metadata_keys,
)
from nimare_neurosynth.io._studyset_tables import (
    ANALYSIS_COLUMNS,
    PEAK_ORDER,
    STUDY_COLUMNS,
)
from nimare_neurosynth.space import is_talairach

if TYPE_CHECKING:
    from nimare_neurosynth._typing import IntArray
    from nimare_neurosynth.database import Database

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
    plan = Plan.of(database, by)
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


# --------------------------------------------------------------------------- store


def _store(module: Any, plan: Plan) -> Any:
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


def _study_level(module: Any, plan: Plan) -> dict[str, Any]:
    studies = plan.database.studies.reset_index(drop=True)
    n = len(studies)
    attrs = module.ColumnStore(n)
    for key, name in STUDY_COLUMNS.items():
        attrs.add_dense(key, dense(studies.get(name), n)[plan.study_order])
    known = {"study_id", *STUDY_COLUMNS.values()}
    others = {c: studies[c] for c in studies.columns if c not in known}
    metadata = column_store(module, n, metadata_keys(others, known), plan.study_row)
    offsets = np.bincount(plan.study, minlength=n)[plan.study_order]
    return {
        "study_key": plan.database.study_ids[plan.study_order],
        "study_attrs": attrs,
        "study_metadata": metadata,
        "study_has_metadata": np.full(n, bool(others)),
        "study_source_order": plan.study_order.astype(np.int32),
        "analysis_offsets": _offsets(offsets),
    }


def _analysis_level(module: Any, plan: Plan) -> dict[str, Any]:
    table, order = plan.table, plan.analysis_order
    n = len(table)
    row = table["row"].to_numpy(dtype=np.int64)
    own = analyses_of(plan.database)
    # a row of missing values for analyses that the database does not list
    own = own.reindex(np.where(row >= 0, row, len(own))).reset_index(drop=True)
    ids = table["analysis_id"]
    names = next((own[c] for c in NAME_COLUMNS if c in own), ids)
    names = names.astype("str").where(names.notna(), ids)
    attrs = module.ColumnStore(n)
    attrs.add_dense("name", dense(names, n)[order])
    attrs.add_dense("description", dense(own.get("description"), n)[order])
    known = {*ANALYSIS_COLUMNS}
    others = {c: own[c] for c in own.columns if c not in known}
    metadata = column_store(module, n, metadata_keys(others, known), plan.analysis_row)
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


def _texts(module: Any, plan: Plan) -> Any:
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


def _point_level(module: Any, plan: Plan) -> dict[str, Any]:
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
    kept = plan.peak_analysis[plan.database.peaks.is_complete]
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


def _left_out(database: Database, plan: Plan) -> list[str]:
    """Say what a Studyset cannot hold."""
    said = []
    incomplete = int(np.count_nonzero(~plan.database.peaks.is_complete))
    if incomplete:
        said.append(f"{incomplete:,} peaks without complete coordinates")
    about = database.about
    kept = {"licence": about.licence, "attribution": about.attribution}
    lost = [name for name, text in kept.items() if text]
    lost += ["notes"] if database.notes else []
    if lost and not database.label_sets:
        said.append(f"{', '.join(lost)} (a label set would carry them)")
    known = (*_KNOWN_TABLES, *KEPT_TABLES)
    others = [name for name in database.table_names if name not in known]
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

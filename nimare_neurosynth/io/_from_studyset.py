"""From NiMARE's Studyset, column by column, to a Database."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth import _nimare
from nimare_neurosynth.database import About, Database, Peaks
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.io._annotations import facts, read_annotations
from nimare_neurosynth.io._as_it_was import as_it_was
from nimare_neurosynth.io._build import UNKNOWN_SPACE
from nimare_neurosynth.io._json_difference import plain
from nimare_neurosynth.io._keep_document import keep_document
from nimare_neurosynth.io._kept import KeptAnnotation
from nimare_neurosynth.io._nimads import opened_studyset
from nimare_neurosynth.io._parquet_tables import own_manifest, read_parquet_tables
from nimare_neurosynth.io._studyset_tables import (
    PEAK_ORDER,
    Rows,
    analysis_columns,
    free_name,
    moved,
    study_columns,
    text_table,
)
from nimare_neurosynth.io._values import (
    clean_text,
    id_text,
    is_missing,
    keys_of,
    present,
    to_series,
    unique_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import IntArray
    from nimare_neurosynth.io._annotations import Annotations
    from nimare_neurosynth.io._nimads import Opened

UNITS = ("study", "analysis")


def from_studyset(
    studyset: Any,
    *,
    unit: str = "study",
    annotation: Any = None,
) -> Database:
    """Make a database of a NiMARE Studyset.

    Parameters
    ----------
    studyset : nimare.studyset.Studyset, dict, str or path
        A Studyset (only the analyses and points that it selects are taken), a NIMADS
        document, or the path of one (``.json``, ``.json.gz``) or of a folder of
        NeuroStore's or NiMARE's parquet tables.
    unit : {"study", "analysis"}
        What a row of the studies is. For ``"study"`` a study has the peaks of all its
        analyses, of their numbers the largest and of their booleans any; for
        ``"analysis"`` each analysis is a study, called by its full id
        (``"study-analysis"``), with the id of its own study in the column ``study``.
    annotation : dict, str, path or sequence of these, optional
        NIMADS annotations to attach, or their paths.

    Returns
    -------
    Database
        In the order of the source, peaks exactly as published. Each annotation is a
        label set; its keys that hold text or lists are columns of the analyses (of the
        studies, if these are analyses) called ``annotation.key``. What had to be left
        out is said in its notes.

    Raises
    ------
    OptionError
        If it is no Studyset, or there is no such unit.
    FormatError
        If a file is missing, damaged or of another format.

    Examples
    --------
    >>> point = {"coordinates": [0, -52, 26], "space": "MNI"}
    >>> study = {"id": "1", "analyses": [{"id": "a", "points": [point]}]}
    >>> from_studyset({"name": "mine", "studies": [study]})
    <Database mine: 1 studies, 1 peaks; labels: none>
    """
    if unit not in UNITS:
        raise OptionError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}.")
    if unit == "study" and annotation is None and isinstance(studyset, str | PathLike):
        folder = Path(studyset)
        manifest = own_manifest(folder) if folder.is_dir() else None
        if manifest is not None:
            return read_parquet_tables(folder, manifest)
    opened = opened_studyset(studyset, annotation)
    notes = list(opened.notes)
    rows = _rows(opened.studyset.view, unit, notes)
    return _database(opened, rows, notes)


def from_dataset(dataset: Any, *, unit: str = "study") -> Database:
    """Make a database of NiMARE's old Dataset, which NiMARE 1.0 no longer has.

    Parameters
    ----------
    dataset : nimare.dataset.Dataset
        Its coordinates have been brought to its own space already. It goes through
        NiMARE's own conversion to a Studyset, which takes minutes for large ones.
    unit : {"study", "analysis"}
        See :func:`from_studyset`.

    Returns
    -------
    Database

    Raises
    ------
    OptionError
        If it is no Dataset, or NiMARE has none.
    """
    if not isinstance(dataset, _nimare.dataset_class()):
        raise OptionError(f"a NiMARE Dataset is needed, got {dataset!r}.")
    with _nimare.deprecations_ignored():
        studyset = _nimare.studyset_module().Studyset.from_dataset(dataset)
    return from_studyset(studyset, unit=unit)


# ---------------------------------------------------------------------------- rows


def _rows(view: Any, unit: str, notes: list[str]) -> Rows:
    """Find the rows that a view selects, in the order of the source."""
    store = view.store
    chosen = np.unique(np.asarray(view.index, dtype=np.int64))
    if len(chosen) < len(view.index):
        repeated = len(view.index) - len(chosen)
        notes.append(f"{repeated:,} analyses are selected twice: taken once")
    order = _source_order(store.analysis_source_order, store.n_analyses)
    analyses = chosen[np.argsort(order[chosen], kind="stable")]
    parents = store.study_idx[analyses].astype(np.int64)
    used = np.bincount(store.study_idx.astype(np.int64), minlength=store.n_studies) == 0
    if len(chosen) < store.n_analyses:
        used[:] = False  # the studies of a selection are those it selects from
    used[parents] = True
    by_source = np.argsort(
        _source_order(store.study_source_order, store.n_studies), kind="stable"
    )
    study_rows = by_source[used[by_source]]
    keys = [id_text(key) for key in store.study_key[study_rows]]
    codes, distinct = pd.factorize(np.array(keys, dtype=object))
    if len(distinct) < len(keys):
        notes.append(
            f"{len(keys) - len(distinct):,} studies have the id of another: united"
        )
    position = np.full(store.n_studies, -1, dtype=np.int64)
    position[study_rows] = codes
    own_study = position[parents]
    own_ids = [str(key) for key in distinct]
    found = (study_rows, codes.astype(np.int64), own_ids, analyses, own_study)
    if unit == "study":
        return Rows(*found, own_study, own_ids)
    return Rows(*found, np.arange(len(analyses)), _full_ids(store, found, notes))


def _full_ids(store: Any, found: tuple[Any, ...], notes: list[str]) -> list[str]:
    """Name analyses by their full ids, each of them another."""
    _, _, own_ids, analyses, own_study = found
    full = [id_text(key) for key in store.analysis_full_key[analyses]]
    ids = unique_names(full)
    renamed = sum(a != b for a, b in zip(full, ids, strict=True))
    if renamed:
        notes.append(f"{renamed:,} analyses have the full id of another: numbered")
    without = len(own_ids) - len(np.unique(own_study))
    if without:
        notes.append(f"{without:,} studies without analyses are left out")
    return ids


def _source_order(given: Any, n: int) -> IntArray:
    if given is None or len(given) != n:
        return np.arange(n)
    return np.asarray(given, dtype=np.int64)


# ------------------------------------------------------------------------ database


def _database(opened: Opened, rows: Rows, notes: list[str]) -> Database:
    studyset = opened.studyset
    store = studyset.store
    position = np.full(store.n_analyses, -1, dtype=np.int64)
    position[rows.analyses] = np.arange(len(rows.analyses))
    found = read_annotations(store, position, rows.group, len(rows.ids))
    analyses = analysis_columns(store, rows, position)
    studies = study_columns(store, rows, analyses)
    holder = studies if rows.by_analysis else analyses
    columns = {name: unique_names([*holder, name])[-1] for name in found.columns}
    holder.update((columns[name], column) for name, column in found.columns.items())
    peaks, peak_table = _peaks(studyset.view, rows, notes)
    tables = {
        "studies": pd.DataFrame(studies, index=pd.RangeIndex(len(rows.ids))),
        "analyses": pd.DataFrame(analyses, index=pd.RangeIndex(len(rows.analyses))),
        "peaks": pd.DataFrame(peak_table, index=pd.RangeIndex(len(peaks))),
    }
    texts = text_table(store, rows, position)
    if texts is not None:
        tables["texts"] = texts
    n_images = int(np.count_nonzero(position[_image_parents(store)] >= 0))
    if n_images:
        notes.append(f"{n_images:,} images are left out: a database has peaks only")
    own = [f for f in _all_facts(opened) if f]
    kept = [n for f in own for n in f.get("notes") or () if isinstance(n, str)]
    made = Database(
        _about(studyset, opened.source, own),
        n_studies=len(rows.ids),
        peaks=peaks,
        label_sets=found.label_sets,
        tables=tables,
        notes=list(dict.fromkeys([*kept, *found.notes, *notes])),
    )
    if opened.document is None or rows.by_analysis:
        return made
    if own:
        made = as_it_was(made, own[0])
    heads, given = _heads(opened, found, columns)
    return keep_document(made, opened.document, heads, given)


def _all_facts(opened: Opened) -> list[Mapping[str, Any]]:
    """Give what a database has left in the studyset or its annotations."""
    documents = [] if opened.document is None else [opened.document.get("metadata")]
    annotations = opened.studyset.store.annotations.values()
    return [facts(given) for given in (*documents, *(a.metadata for a in annotations))]


def _heads(
    opened: Opened, found: Annotations, columns: Mapping[str, str]
) -> tuple[list[KeptAnnotation], dict[str, list[Any]]]:
    """Give the annotations of a document without their notes, and these."""
    heads, notes = [], {}
    for key, name in found.names.items():
        own = {k: columns[c] for c, (of, k) in found.keys.items() if of == name}
        given = opened.annotations.get(key)
        head = None
        if given is not None:
            head = {k: plain(v) for k, v in given.items() if k != "notes"}
            notes[name] = given.get("notes") or []
        heads.append(KeptAnnotation(name, head, own))
    return heads, notes


def _about(studyset: Any, source: str, own: list[Any]) -> About:
    """Say what it is: as its database said, if it was made of one."""
    for about in (f.get("about") for f in own):
        if isinstance(about, dict) and isinstance(about.get("name"), str):
            given = {k: v for k, v in about.items() if isinstance(v, str)}
            known = set(About.__dataclass_fields__)
            return About(**{k: v for k, v in given.items() if k in known})
    stem = source.removesuffix(".gz").removesuffix(".json")
    name = clean_text(str(studyset.name or studyset.id or stem or "studyset"))
    return About(name, source=clean_text(source))


def _image_parents(store: Any) -> IntArray:
    if not store.n_images:
        return np.empty(0, dtype=np.int64)
    return np.asarray(store.image_attrs.dense["analysis_idx"], dtype=np.int64)


# ---------------------------------------------------------------------------- peaks


def _peaks(
    view: Any, rows: Rows, notes: list[str]
) -> tuple[Peaks, dict[str, pd.Series]]:
    """Take the points that a view selects, as they are stored."""
    store = view.store
    starts = store.point_offsets[rows.analyses]
    counts = store.point_offsets[rows.analyses + 1] - starts
    before = np.cumsum(counts) - counts
    points = np.repeat(starts - before, counts) + np.arange(counts.sum())
    analysis = np.repeat(np.arange(len(rows.analyses)), counts)
    xyz = np.asarray(store.xyz, dtype=np.float64)
    if view.point_mask is not None:
        selected = np.asarray(view.point_mask, dtype=bool)[points]
        points, analysis = points[selected], analysis[selected]
    order = _peak_order(store, points)
    points, analysis = points[order], analysis[order]
    code, spaces = _spaces(store, points)
    peaks = Peaks(
        np.ascontiguousarray(xyz[points]),
        rows.group[analysis].astype(np.int32),
        analysis.astype(np.int32),
        code,
        spaces,
    )
    return peaks, _peak_columns(store, points, notes)


def _peak_order(store: Any, points: IntArray) -> IntArray | slice:
    """Find the order that peaks had in the database that the Studyset was made of."""
    if store.point_values is None or PEAK_ORDER not in store.point_values:
        return slice(None)
    at, values = store.point_values.entries(PEAK_ORDER)
    rank = np.full(store.n_points, -1.0)
    try:
        rank[at] = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return slice(None)
    return np.argsort(rank[points], kind="stable")


def _spaces(store: Any, points: IntArray) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Give spaces numbers in the order in which they appear."""
    known = [_space(name) for name in store.space_dict.categories]
    codes = np.asarray(store.point_space, dtype=np.int64)[points]
    used, first = np.unique(codes, return_index=True)
    by_appearance = used[np.argsort(first)].tolist()
    spaces = tuple(dict.fromkeys(known[code] for code in by_appearance))
    number = np.zeros(len(known) + 1, dtype=np.int32)
    for code in by_appearance:
        number[code] = spaces.index(known[code])
    return number[codes], spaces


def _space(name: Any) -> str:
    missing = is_missing(name) or not str(name).strip()
    return UNKNOWN_SPACE if missing else clean_text(str(name))


def _peak_columns(
    store: Any, points: IntArray, notes: list[str]
) -> dict[str, pd.Series]:
    """Make the columns of the table of peaks."""
    n = len(points)
    every = np.arange(n)
    kinds = store.kind_dict.decode(store.point_kind)[points]
    columns = {}
    for name, given in (("peak_id", store.point_key[points]), ("kind", kinds)):
        column = to_series(n, every, list(given), text=True)
        if column.notna().any():
            columns[name] = column
    position = np.full(store.n_points, -1, dtype=np.int64)
    position[points] = every
    values_of = store.point_values
    for key in keys_of(values_of):
        at, values = moved(*present(*values_of.entries(key)), position)
        repeated = len(at) - len(np.unique(at))
        if repeated:
            notes.append(
                f"{repeated:,} points have several values {key!r}: the last is kept"
            )
        if values and key != PEAK_ORDER:
            columns[free_name(str(key), columns)] = to_series(n, at, values)
    return columns

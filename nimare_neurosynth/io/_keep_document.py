"""Keeping of a NIMADS document what its tables do not hold."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.io._as_it_was import with_tables
from nimare_neurosynth.io._document import ANALYSIS_KEYS, STUDY_KEYS, Document
from nimare_neurosynth.io._json_difference import difference, plain
from nimare_neurosynth.io._kept import Kept, KeptAnnotation, Keys
from nimare_neurosynth.io._notes import NOTE_FACTS
from nimare_neurosynth.io._points import POINT_KEYS
from nimare_neurosynth.io._values import clean_text, id_text, to_series, unique_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from nimare_neurosynth.database import Database

_USUAL = {"study": STUDY_KEYS, "analysis": (*ANALYSIS_KEYS, "texts")}
_TABLES = {"study": "studies", "analysis": "analyses", "point": "peaks"}
_SCALARS = (str, int, float)


def keep_document(
    database: Database,
    document: dict[str, Any],
    annotations: Sequence[KeptAnnotation],
    notes: Mapping[str, list[Any]],
) -> Database:
    """Keep, beside the tables of a database, what else its document holds.

    Parameters
    ----------
    database : Database
        What was made of the document.
    document : dict
        The studyset.
    annotations : sequence of KeptAnnotation
        Heads of the annotations, with their columns.
    notes : mapping of str to list
        Notes of each annotation, as they are.

    Returns
    -------
    Database
        With columns for the document's further keys, and with what remains in tables
        of its own (see :class:`Kept`). As it is, if studies of the document are one in
        the database.
    """
    studies = document["studies"]
    if len(studies) != database.n_studies:
        return database
    listed = ["annotations"] if document.get("annotations") else []
    kept = Kept(head=_without(document, "studies", *listed))
    levels = _levels(studies)
    tables = {}
    for kind, objects in levels.items():
        name = _TABLES[kind]
        table = database.table(name)
        usual = _USUAL.get(kind) or _point_keys(table)
        fits = len(objects) == len(table)
        kept.keys[kind], tables[name] = _keys(kind, objects, usual, table, fits=fits)
    known = with_tables(database, tables)
    kept.annotations = {own.name: own for own in annotations}
    _describe_notes(kept, notes)
    shown = Document(known, kept)
    _keep_studies(shown, studies)
    _keep_notes(shown, notes)
    _forget_what_is_made_anew(shown)
    return with_tables(known, kept.tables())


def _without(given: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: plain(v) for key, v in given.items() if key not in keys}


def _objects(value: Any) -> list[dict[str, Any]]:
    listed = value if isinstance(value, list) else []
    return [each for each in listed if isinstance(each, dict)]


def _levels(studies: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """List the objects of each kind in the order of the document."""
    analyses = [a for study in studies for a in _objects(study.get("analyses"))]
    points = [p for analysis in analyses for p in _objects(analysis.get("points"))]
    return {"study": list(studies), "analysis": analyses, "point": points}


# ------------------------------------------------------------------------------ keys


def _point_keys(table: pd.DataFrame) -> tuple[str, ...]:
    return POINT_KEYS if "peak_id" in table else POINT_KEYS[1:]


def _keys(
    kind: str,
    objects: Sequence[dict[str, Any]],
    usual: Sequence[str],
    table: pd.DataFrame,
    *,
    fits: bool,
) -> tuple[Keys, pd.DataFrame]:
    """Find the further keys of objects, and make columns of those with plain values."""
    counts = Counter(key for each in objects for key in each)
    absent = [key for key in usual if objects and not counts[key]]
    keys = Keys(absent=[key for key in absent if key != "texts"])
    columns: dict[str, Any] = {}
    for key in (key for key in counts if key not in usual):
        given = [(i, each[key]) for i, each in enumerate(objects) if key in each]
        there = [(i, value) for i, value in given if value is not None]
        if not there and counts[key] == len(objects):
            keys.empty.append(key)
        elif there and fits and all(isinstance(v, _SCALARS) for _, v in there):
            name = _column_name(kind, key, table, columns)
            rows, values = zip(*there, strict=True)
            columns[name] = to_series(len(table), np.array(rows), list(values))
            keys.columns[key] = name
    if not columns:
        return keys, table
    return keys, table.reset_index(drop=True).assign(**columns)


def _column_name(
    kind: str, key: str, table: pd.DataFrame, columns: Mapping[str, Any]
) -> str:
    """Name a column by its key, unless something else has that name."""
    name = clean_text(key)
    taken = {*map(str, table.columns), *columns, "study_id", "study", "space"}
    return unique_names([*taken, f"{kind}.{name}"])[-1] if name in taken else name


# --------------------------------------------------------------------------- studies


def _keep_studies(shown: Document, studies: Sequence[dict[str, Any]]) -> None:
    for i, meant in enumerate(studies):
        own = shown.study(i)
        change = None if _clearly_same(own, meant) else difference(own, meant)
        if change:
            _changes_of(shown, i)["study"] = change


def _clearly_same(one: Any, two: Any) -> bool:
    """Tell quickly, of what is most often the same, whether it is.

    Text tells true from 1, which are equal; that 1 and 1.0 are the same is left to
    those who look closer.
    """
    if one != two:
        return False
    return json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)


def _changes_of(shown: Document, i: int) -> dict[str, Any]:
    return shown.kept.studies.setdefault(str(shown.database.study_ids[i]), {})


# ----------------------------------------------------------------------------- notes


def _describe_notes(kept: Kept, notes: Mapping[str, list[Any]]) -> None:
    """Find what is common to the notes of each annotation."""
    for name, own in kept.annotations.items():
        objects = _objects(notes.get(name))
        if not objects:
            continue
        common = set.intersection(*(set(each) for each in objects))
        own.about = [key for key in ("id", *NOTE_FACTS) if key in common]
        held = [each.get("note") for each in objects]
        own.dense = _is_dense([note for note in held if isinstance(note, dict)])


def _is_dense(held: list[dict[str, Any]]) -> bool:
    """Tell whether all notes have all keys, some with nothing in them."""
    keys = {key for note in held for key in note}
    if any(set(note) != keys for note in held):
        return False
    return any(value in (0, False) for note in held for value in note.values())


def _keep_notes(shown: Document, notes: Mapping[str, list[Any]]) -> None:
    place = _places(shown)
    for name, own in shown.kept.annotations.items():
        if own.head is not None:
            _keep_own_notes(shown, own, notes.get(name) or [], place)


_Places = tuple[dict[tuple[str, str], tuple[int, int]], dict[str, tuple[int, int]]]


def _places(shown: Document) -> _Places:
    """Tell study and place in it of each analysis: by both ids, and by its own."""
    by_both: dict[tuple[str, str], tuple[int, int]] = {}
    by_own: dict[str, tuple[int, int]] = {}
    for i, study in enumerate(shown.database.study_ids):
        for k, row in enumerate(shown.analysis_rows(i)):
            analysis = shown.analysis_ids[row]
            by_both.setdefault((str(study), analysis), (i, k))
            by_own.setdefault(analysis, (i, k))
    return by_both, by_own


def _place(note: Any, places: _Places) -> tuple[int, int] | None:
    if not isinstance(note, dict) or note.get("analysis") is None:
        return None
    by_both, by_own = places
    analysis = id_text(note["analysis"])
    if note.get("study") is None:
        return by_own.get(analysis)
    return by_both.get((id_text(note["study"]), analysis))


def _keep_own_notes(
    shown: Document, own: KeptAnnotation, meant: Iterable[Any], places: _Places
) -> None:
    """Keep what is different in notes, their order, and those on nothing known."""
    by_place: dict[tuple[int, int], Any] = {}
    order: list[tuple[int, int] | int] = []
    for note in meant:
        at = _place(note, places)
        if at is None or at in by_place:
            own.more.append(plain(note))
            order.append(-len(own.more))
        else:
            by_place[at] = note
            order.append(at)
    notes = shown.notes(own.name)
    for i in range(shown.database.n_studies):
        for k, note in enumerate(notes.of_study(i)):
            change = difference(note, by_place.get((i, k)))
            if change:
                changes = _changes_of(shown, i).setdefault("notes", {})
                changes.setdefault(own.name, {})[str(k)] = change
    rank = {at: j for j, at in enumerate(sorted(by_place))}
    ranks = [at if isinstance(at, int) else rank[at] for at in order]
    own.order = [] if ranks == sorted(ranks) and not own.more else ranks


# ------------------------------------------------------------------- what is not kept


def _forget_what_is_made_anew(shown: Document) -> None:
    """Leave out what is written in the same way without being kept."""
    kept = shown.kept
    bare = Document(shown.database, Kept())
    kept.keys = {kind: keys for kind, keys in kept.keys.items() if keys != Keys()}
    if difference(bare.made_head(), kept.head) is None:
        kept.head = None
    if all(own.head is not None for own in kept.annotations.values()):
        left = [_left(bare, own) for own in kept.annotations.values()]
        if list(kept.annotations) == bare.annotation_names() and not any(left):
            kept.annotations = {}


def _left(bare: Document, own: KeptAnnotation) -> bool:
    """Tell whether anything of an annotation has to be kept."""
    head = bare.notes(own.name).made_head()
    if difference(head, own.head) is not None:
        return True
    return replace(own, head=None) != KeptAnnotation(own.name)

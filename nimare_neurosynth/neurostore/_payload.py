"""What is sent of a study, an annotation or a studyset, and what of it has changed.

Ids that the server has yet to give stand in bodies as :class:`Later`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from nimare_neurosynth.database import Database

_STUDY = (
    "name",
    "description",
    "publication",
    "doi",
    "pmid",
    "authors",
    "year",
    "metadata",
)
STUDYSET = ("name", "description", "publication", "doi", "pmid")
ANNOTATION = ("name", "description", "metadata", "note_keys")
_ANALYSIS = ("name", "description", "metadata", "weights")
_POINT = (
    "space",
    "kind",
    "image",
    "label_id",
    "cluster_size",
    "subpeak",
    "deactivation",
)
_IMAGE = ("url", "filename", "space", "value_type")
_CHILDREN = frozenset({"analyses", "points", "images", "conditions"})


class Later(str):
    """The id of what is not there yet, by the key of the item that makes it."""

    __slots__ = ("key",)
    key: str

    def __new__(cls, key: str) -> Later:
        """Write it so that people see what will stand there."""
        made = super().__new__(cls, f"<id of {key}>")
        made.key = key
        return made


def fill(value: Any, id_of: Callable[[str], str]) -> Any:
    """Put ids in the place of those that come later."""
    if isinstance(value, Later):
        return id_of(value.key)
    if isinstance(value, dict):
        return {key: fill(each, id_of) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [fill(each, id_of) for each in value]
    return value


def whole(source: Database | Mapping[str, Any]) -> dict[str, Any]:
    """Give a database as one NIMADS document, or see that it is one.

    Raises
    ------
    FormatError
        If it has no list of studies, or lists of something else than objects.
    """
    from nimare_neurosynth.database import Database

    if isinstance(source, Database):
        document = Document(source)
        studies = list(document.studies())
        notes = [{**n.head(), "notes": list(n)} for n in document.annotations()]
        return {**document.head(), "studies": studies, "annotations": notes}
    made = dict(source)
    made.setdefault("annotations", [])
    for key, what in (("studies", "analyses"), ("annotations", "notes")):
        if not objects(made.get(key)):
            raise FormatError(f"a NIMADS document needs a list of {key} (objects).")
        for each in made[key]:
            if not objects(each.get(what) or []):
                raise FormatError(f"{each.get('id')!r}: its {what} are no objects.")
    return made


def objects(value: Any) -> bool:
    """Say whether this is a list of objects."""
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _facts(given: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """Take what is known; the server refuses some empty values, but none left out."""
    return {key: given[key] for key in keys if given.get(key) not in (None, [])}


def study_body(study: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is sent of a study, with the ids that it has."""
    analyses = study.get("analyses") or []
    return {
        **_own_id(study),
        **_facts(study, _STUDY),
        "analyses": [_analysis(each, i) for i, each in enumerate(analyses)],
    }


def _own_id(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": given["id"]} if isinstance(given.get("id"), str) else {}


def _analysis(analysis: Mapping[str, Any], i: int) -> dict[str, Any]:
    points = [p for p in analysis.get("points") or [] if isinstance(p, dict)]
    images = [m for m in analysis.get("images") or [] if isinstance(m, dict)]
    conditions = [c for c in analysis.get("conditions") or [] if isinstance(c, dict)]
    made = {**_own_id(analysis), **_facts(analysis, _ANALYSIS), "order": i + 1}
    if conditions:
        own = ("name", "description")
        made["conditions"] = [{**_own_id(c), **_facts(c, own)} for c in conditions]
    if images:
        made["images"] = [{**_own_id(m), **_facts(m, _IMAGE)} for m in images]
    made["points"] = [_point(point, k) for k, point in enumerate(points)]
    return made


def _point(point: Mapping[str, Any], k: int) -> dict[str, Any]:
    made = {**_own_id(point), **_facts(point, _POINT), "order": k + 1}
    xyz = point.get("coordinates")
    if isinstance(xyz, list | tuple) and len(xyz) == 3:
        # null is refused, and left out is accepted
        made |= {axis: v for axis, v in zip("xyz", xyz, strict=True) if v is not None}
    values = [
        {"kind": value.get("kind"), "value": value.get("value")}
        for value in point.get("values") or []
        if isinstance(value, dict)
        and not value.get("value") is value.get("kind") is None
    ]
    return {**made, "values": values} if values else made


def as_new(body: Any) -> Any:
    """Take the ids out, so that everything is made anew."""
    if isinstance(body, dict):
        return {
            key: as_new(value) if key in _CHILDREN else value
            for key, value in body.items()
            if key != "id"
        }
    return [as_new(each) for each in body]


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Give what has to be sent so that theirs becomes ours; nothing if it is.

    Of lists of objects all are named, since the server drops those that are not:
    unchanged ones by their id only.
    """
    made: dict[str, Any] = {}
    for key in {**ours, **theirs}:
        if ours.get(key) == theirs.get(key) or key == "id":
            continue
        if key in _CHILDREN:
            after = _children(ours.get(key) or [], theirs.get(key) or [])
            if after != [{"id": each.get("id")} for each in theirs.get(key) or []]:
                made[key] = after
        else:
            made[key] = ours.get(key)
    return made


def _children(ours: list[Any], theirs: list[Any]) -> list[Any]:
    there = {each["id"]: each for each in theirs if "id" in each}
    named = {each.get("id") for each in ours}
    # what has no id of theirs, but is equal, is what was sent earlier
    left: dict[str, list[str]] = {}
    for each in reversed(theirs):
        if "id" in each and each["id"] not in named:
            left.setdefault(_content(each), []).append(each["id"])
    made = []
    for each in ours:
        own = each.get("id")
        same = left.get(_content(each)) if left and own not in there else None
        if own in there:
            made.append({"id": own, **difference(each, there[own])})
        elif same:
            made.append({"id": same.pop()})
        else:
            made.append(as_new(each))
    return made


def _content(body: Any) -> str:
    return json.dumps(as_new(body), sort_keys=True)


def annotation_body(annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is sent of an annotation besides its notes."""
    made = _facts(annotation, ANNOTATION[:-1])
    made.setdefault("name", "annotation")
    return {**made, "note_keys": _note_keys(annotation)}


def _note_keys(annotation: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the keys of notes in the form that the server takes now."""
    given = annotation.get("note_keys")
    given = given if isinstance(given, dict) else {}
    found: dict[str, Any] = dict(given)
    for note in annotation.get("notes") or []:
        own = note.get("note")
        for key, value in (own if isinstance(own, dict) else {}).items():
            if found.get(key) is None:
                found[key] = _kind(value) if value is not None else None
    return {
        key: facts
        if isinstance(facts, dict)
        else {"type": facts or "string", "order": i, "default": None}
        for i, (key, facts) in enumerate(found.items())
    }


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"


def notes_body(
    annotation: Mapping[str, Any],
    studies: Sequence[Mapping[str, Any]],
    id_of: Callable[[str, str | None], str],
) -> list[dict[str, Any]]:
    """Give a note for each analysis, as the server wants; empty where there is none.

    Parameters
    ----------
    annotation : mapping
        With its notes.
    studies : sequence of mapping
        Those of the studyset.
    id_of : callable
        Gives the id of a study, or of an analysis of it.
    """
    keys = _note_keys(annotation)
    empty: dict[str, Any] = dict.fromkeys(keys)
    given = {
        (note.get("study"), note.get("analysis")): note.get("note")
        for note in annotation.get("notes") or []
    }
    made = []
    for study in studies:
        for analysis in study.get("analyses") or []:
            own = given.get((study["id"], analysis["id"]))
            if own is None:  # some exports do not say of which study
                own = given.get((None, analysis["id"]))
            made.append(
                {
                    "study": id_of(study["id"], None),
                    "analysis": id_of(study["id"], analysis["id"]),
                    "note": {**empty, **own} if isinstance(own, dict) else empty,
                }
            )
    return made

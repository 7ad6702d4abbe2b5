"""Which requests bring a document to the server, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.neurostore._payload import (
    ANNOTATION,
    STUDYSET,
    Later,
    annotation_body,
    as_new,
    difference,
    notes_body,
    study_body,
)
from nimare_neurosynth.neurostore._server import check_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Item:
    """A request that changes something.

    Attributes
    ----------
    key : str
        What it is about, such as ``"study 5ncCB9bMbipk"``.
    method : str
        POST makes something, PUT changes it.
    path : tuple of str
        Of the object, or of the list that it comes into.
    body : dict
        What is sent.
    """

    key: str
    method: str
    path: tuple[str, ...]
    body: dict[str, Any]


def study_key(study: str) -> str:
    """Name a study in a plan."""
    return f"study {study}"


def analysis_key(study: str, analysis: str) -> str:
    """Name an analysis in a plan."""
    return f"analysis {analysis} of study {study}"


def check_ids(document: Mapping[str, Any]) -> None:
    """See that studies and analyses have ids, each one once.

    Raises
    ------
    FormatError
        If not.
    """
    seen: set[str] = set()
    for study in document["studies"]:
        own = study.get("id")
        if not isinstance(own, str) or own in seen:
            raise FormatError(f"study {own!r} has no id, or one that others have too.")
        seen.add(own)
        ids = [a.get("id") for a in study.get("analyses") or []]
        if not all(isinstance(a, str) for a in ids) or len(set(ids)) < len(ids):
            raise FormatError(
                f"analyses of study {own!r} have no ids, or some that others have too."
            )


def plan_new(document: Mapping[str, Any], *, link: bool) -> list[Item]:
    """Plan a new studyset, with its annotations.

    Parameters
    ----------
    document : mapping
        NIMADS.
    link : bool
        The studies are there already, under their ids.

    Returns
    -------
    list of Item
    """
    studies = document["studies"]
    items = [] if link else [_create(study) for study in studies]

    def id_of(study: str, analysis: str | None) -> str:
        if link:
            return check_id(study if analysis is None else analysis, "a study")
        key = study_key(study) if analysis is None else analysis_key(study, analysis)
        return Later(key)

    body = {key: document[key] for key in STUDYSET if document.get(key) is not None}
    body["studies"] = [id_of(study["id"], None) for study in studies]
    items.append(Item("studyset", "POST", ("studysets",), body))
    for annotation in document["annotations"]:
        items += _new_annotation(annotation, studies, Later("studyset"), id_of)
    return items


def _create(study: Mapping[str, Any]) -> Item:
    body = as_new(study_body(study))
    return Item(study_key(study["id"]), "POST", ("studies",), body)


def _new_annotation(
    annotation: Mapping[str, Any],
    studies: Sequence[Mapping[str, Any]],
    studyset: str,
    id_of: Callable[[str, str | None], str],
) -> list[Item]:
    """Make an annotation, for which the server makes notes, and then change these."""
    key = annotation_key(annotation)
    body = annotation_body(annotation)
    if not body["note_keys"]:
        return []
    notes = notes_body(annotation, studies, id_of)
    filled = {"note_keys": body["note_keys"], "notes": notes}
    first = Item(key, "POST", ("annotations",), {"studyset": studyset, **body})
    if not notes:
        return [first]
    second = Item(f"notes of {key}", "PUT", ("annotations", Later(key)), filled)
    return [first, second]


def annotation_key(annotation: Mapping[str, Any]) -> str:
    """Name an annotation in a plan."""
    return f"annotation {annotation.get('id') or annotation.get('name')}"


def translated(document: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """Call what an earlier attempt made by the ids that the server gave it."""

    def analysis(study: str, own: Any) -> Any:
        return known.get(analysis_key(study, own), own)

    studies = [
        {
            **study,
            "id": known.get(study_key(study["id"]), study["id"]),
            "analyses": [
                {**own, "id": analysis(study["id"], own["id"])}
                for own in study.get("analyses") or []
            ],
        }
        for study in document["studies"]
    ]
    annotations = []
    for each in document["annotations"]:
        notes = [
            {
                **note,
                "study": known.get(study_key(str(note["study"])), note["study"]),
                "analysis": analysis(str(note["study"]), note.get("analysis")),
            }
            if note.get("study") is not None
            else note
            for note in each.get("notes") or []
        ]
        own = known.get(annotation_key(each), each.get("id"))
        annotations.append({**each, "id": own, "notes": notes})
    return {**document, "studies": studies, "annotations": annotations}


def plan_update(
    document: Mapping[str, Any],
    there: Mapping[str, Any],
    made: frozenset[str],
) -> list[Item]:
    """Plan what makes the server's studyset equal to a document.

    Parameters
    ----------
    document : mapping
        NIMADS.
    there : mapping
        The same as the server has it now.
    made : frozenset of str
        Ids of what an earlier attempt made, which need not be in it yet.

    Returns
    -------
    list of Item
        Nothing for what is equal.
    """
    theirs = {study["id"]: study for study in there["studies"]}
    items: list[Item] = []
    kept: set[tuple[str, str | None]] = set()
    for study in document["studies"]:
        own = theirs.get(study["id"])
        if own is None and study["id"] in made:
            ids = (None, *(a["id"] for a in study["analyses"]))
            kept |= {(study["id"], a) for a in ids if a is None or a in made}
            continue
        if own is None:
            items.append(_create(study))
            continue
        kept |= {(study["id"], a["id"]) for a in own.get("analyses") or []}
        kept.add((study["id"], None))
        body = difference(study_body(study), study_body(own))
        if body:
            key = check_id(study["id"], "a study")
            items.append(Item(study_key(key), "PUT", ("studies", key), body))

    def id_of(study: str, analysis: str | None) -> str:
        if (study, analysis) in kept:
            return study if analysis is None else analysis
        key = study_key(study) if analysis is None else analysis_key(study, analysis)
        return Later(key)

    items += _studyset_update(document, there, id_of)
    notes = {each.get("id"): each for each in there["annotations"]}
    for annotation in document["annotations"]:
        server_own = notes.get(annotation.get("id"))
        studies = document["studies"]
        if server_own is None:
            items += _new_annotation(annotation, studies, there["id"], id_of)
        else:
            items += _annotation_update(annotation, server_own, document, there, id_of)
    return items


def _studyset_update(
    document: Mapping[str, Any],
    there: Mapping[str, Any],
    id_of: Callable[[str, str | None], str],
) -> list[Item]:
    body = {
        key: document[key]
        for key in STUDYSET
        if key in document and (document[key] or None) != (there.get(key) or None)
    }
    ids = [id_of(study["id"], None) for study in document["studies"]]
    if ids != [study["id"] for study in there["studies"]]:
        listed = there.get("studyset_studies")
        stubs = {
            entry["id"]: entry
            for entry in (listed if isinstance(listed, list) else [])
            if isinstance(entry, dict) and entry.get("curation_stub_uuid")
        }
        body["studies"] = [
            {"id": i, "curation_stub_uuid": stubs[i]["curation_stub_uuid"]}
            if i in stubs
            else i
            for i in ids
        ]
    return [Item("studyset", "PUT", ("studysets", there["id"]), body)] if body else []


def _annotation_update(
    annotation: Mapping[str, Any],
    server_own: Mapping[str, Any],
    document: Mapping[str, Any],
    there: Mapping[str, Any],
    id_of: Callable[[str, str | None], str],
) -> list[Item]:
    ours, theirs = annotation_body(annotation), annotation_body(server_own)
    body = {
        key: ours.get(key) for key in ANNOTATION if ours.get(key) != theirs.get(key)
    }
    notes = notes_body(annotation, document["studies"], id_of)
    before = notes_body(server_own, there["studies"], _same)
    if notes != before or "note_keys" in body:
        # all of them: the server takes those for deleted that are not named
        body |= {"note_keys": ours["note_keys"], "notes": notes}
    if not body:
        return []
    key = check_id(annotation.get("id"), "an annotation")
    return [Item(f"annotation {key}", "PUT", ("annotations", key), body)]


def _same(study: str, analysis: str | None) -> str:
    return study if analysis is None else analysis


def chosen(
    document: Mapping[str, Any], annotations: Sequence[str] | None
) -> dict[str, Any]:
    """Give a document with some of its annotations only.

    Raises
    ------
    OptionError
        If one is not there.
    """
    if annotations is None:
        return dict(document)
    by_name = {
        str(own.get("id") or own.get("name")): own for own in document["annotations"]
    }
    missing = [name for name in annotations if name not in by_name]
    if missing:
        raise OptionError(
            f"there is no annotation {missing[0]!r}. There are: "
            f"{', '.join(by_name) or 'none'}."
        )
    return {**document, "annotations": [by_name[name] for name in annotations]}

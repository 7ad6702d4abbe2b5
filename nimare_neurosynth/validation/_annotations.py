"""NIMADS annotations: notes, their keys, and the analyses that they are about."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.validation._fields import (
    check_metadata,
    check_texts,
    finite,
    number_in,
    objects_of,
)
from nimare_neurosynth.validation._problems import ERROR, quoted

if TYPE_CHECKING:
    from nimare_neurosynth.validation._problems import Spot

_TYPES = ("boolean", "number", "string")
_MEANT = {
    "bool": "boolean",
    "int": "number",
    "integer": "number",
    "float": "number",
    "str": "string",
    "text": "string",
}
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}


@dataclass
class Analyses:
    """Ids that a note can name: of a study and analysis, in full, or of one alone."""

    pairs: set[tuple[str, str]] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    alone: dict[str, int] = field(default_factory=dict)

    def add(self, studies: list[tuple[int, dict[str, Any]]]) -> None:
        """Add the analyses of studies, under the ids that they have now."""
        for _, study in studies:
            given = study.get("analyses")
            for each in given if isinstance(given, list) else []:
                own = each.get("id") if isinstance(each, dict) else None
                if own is not None:
                    pair = (str(study.get("id")), str(own))
                    if pair not in self.pairs:
                        self.pairs.add(pair)
                        self.full.add("-".join(pair))
                        self.alone[pair[1]] = self.alone.get(pair[1], 0) + 1

    def has(self, study: Any, analysis: Any) -> bool:
        """Tell whether NiMARE would find the analysis of a note."""
        own = str(analysis)
        if study is not None and (str(study), own) in self.pairs:
            return True
        return own in self.full or self.alone.get(own) == 1


def check_annotation(
    annotation: dict[str, Any], spot: Spot, known: Analyses | None
) -> None:
    """Check an annotation.

    Parameters
    ----------
    annotation : dict
        It is repaired.
    spot : Spot
    known : Analyses or None
        Analyses of the studyset; None if that is not known.
    """
    check_texts(annotation, ("id", "name", "description"), spot)
    check_metadata(annotation, spot)
    notes = objects_of(annotation, "notes", spot, "note", needed=True)
    kept = []
    for number, note in notes:
        here = spot.at("note", number, note.get("id"))
        _check_note(note, here)
        if known is None or known.has(note.get("study"), note.get("analysis")):
            kept.append((number, note))
            continue
        what = f"the studyset has no analysis {quoted(note.get('analysis'))}"
        if note.get("study") is not None:
            what += f" of a study {quoted(note['study'])}"
        options: dict[str, Any] = {
            "severity": ERROR,
            "repair": "the note is left out",
            "old": note,
        }
        here.tell("unknown-analysis", what, **options)
    if len(kept) < len(notes):
        gone = {id(note) for _, note in notes} - {id(note) for _, note in kept}
        given = annotation["notes"]
        annotation["notes"] = [each for each in given if id(each) not in gone]
    types = _types(
        annotation, [n for _, n in kept if isinstance(n["note"], dict)], spot
    )
    for number, note in kept:
        if isinstance(note["note"], dict):
            _check_note_values(note, types, spot.at("note", number, note.get("id")))


def _check_note(note: dict[str, Any], spot: Spot) -> None:
    own = note.get("note")
    if own is None or own == []:
        spot.put(note, "note", {}, "no-object", f"is {quoted(own)} and no object")
    elif not isinstance(own, dict):
        what = f"is {quoted(own)} instead of an object"
        spot.tell("no-object", what, field="note", severity=ERROR)


def _types(
    annotation: dict[str, Any], notes: list[dict[str, Any]], spot: Spot
) -> dict[str, str]:
    """Check the keys of notes, in both shapes that there are; give their types."""
    keys = annotation.get("note_keys")
    used = dict.fromkeys(key for note in notes for key in note["note"])
    if keys is None or (not isinstance(keys, dict) and not keys):
        made = {key: _type_of(key, notes) for key in used}
        what = "is missing" if "note_keys" not in annotation else f"is {quoted(keys)}"
        if made or not isinstance(keys, dict):
            spot.put(annotation, "note_keys", made, "note-keys", what)
        return made
    if not isinstance(keys, dict):
        names = isinstance(keys, list) and all(isinstance(k, str) for k in keys)
        what = f"is {quoted(keys)} instead of an object"
        if not names:
            spot.tell("note-keys", what, field="note_keys", severity=ERROR)
            return {}
        made = {key: _type_of(key, notes) for key in dict.fromkeys([*keys, *used])}
        spot.put(annotation, "note_keys", made, "note-keys", what, severity=ERROR)
        return made
    types = {key: _check_type(keys, key, spot) for key in list(keys)}
    for key in used:
        if key not in keys:
            types[key] = _type_of(key, notes)
            what = f"{quoted(key)} is in notes, but is not declared"
            options = {"field": "note_keys", "repair": f"is declared as {types[key]}"}
            spot.put(keys, key, types[key], "note-keys", what, **options)
    return types


def _check_type(keys: dict[str, Any], key: str, spot: Spot) -> str:
    """Check the declared type of a key: a name, or an object that has it."""
    given = keys[key]
    holder, name = (given, "type") if isinstance(given, dict) else (keys, key)
    declared = holder.get(name)
    if declared in _TYPES:
        return str(declared)
    what = f"{quoted(key)} is declared as {quoted(declared)}"
    meant = _MEANT.get(declared.lower()) if isinstance(declared, str) else None
    if meant is None:
        spot.tell("note-keys", what, field="note_keys")
        return ""
    options = {"field": "note_keys", "repair": f"becomes {meant}"}
    spot.put(holder, name, meant, "note-keys", what, **options)
    return meant


def _type_of(key: str, notes: list[dict[str, Any]]) -> str:
    values = [v for note in notes if (v := note["note"].get(key)) is not None]
    if all(isinstance(v, bool) for v in values) and values:
        return "boolean"
    numbers = bool(values) and all(finite(v) is not None for v in values)
    return "number" if numbers else "string"


def _check_note_values(note: dict[str, Any], types: dict[str, str], spot: Spot) -> None:
    """Check that values of a note are of the types that their keys declare."""
    own = note["note"]
    for key, value in own.items():
        declared = types.get(key, "")
        if value is None or not declared or _is(value, declared):
            continue
        what = f"{quoted(key)} is {quoted(value)}, declared as {declared}"
        new = _as(value, declared)
        if new is value:
            spot.tell("note-value", what, field="note")
        else:
            spot.put(own, key, new, "note-value", what, field="note")


def _is(value: Any, declared: str) -> bool:
    if declared == "boolean":
        return isinstance(value, bool)
    if declared == "number":
        return finite(value) is not None
    return isinstance(value, str) and value != "None"


def _as(value: Any, declared: str) -> Any:
    """Give a value as the type that was declared; itself if that is not possible."""
    if value == "None" or (isinstance(value, float) and math.isnan(value)):
        return None
    if declared == "boolean":
        if isinstance(value, str):
            return _BOOLEANS.get(value.strip().lower(), value)
        return bool(value) if finite(value) in {0.0, 1.0} else value
    if declared == "number" and isinstance(value, str):
        number = number_in(value)
        return value if number is None else number
    if declared == "string" and finite(value) is not None:
        return str(value)
    return value

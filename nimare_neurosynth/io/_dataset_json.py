"""The JSON of NiMARE's old Dataset, as a NIMADS document and an annotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._document import ANALYSIS_KEYS, STUDY_KEYS
from nimare_neurosynth.io._points import PER_POINT, STATISTICS
from nimare_neurosynth.io._values import unique_names

if TYPE_CHECKING:
    from collections.abc import Container

_AXES = ("x", "y", "z")
SET_ENDS = "__"
"""What ends the name of a set, at the beginning of its labels."""

STUDY_FACTS = {
    "title": "name",
    "authors": "authors",
    "journal": "publication",
    "doi": "doi",
    "pmid": "pmid",
    "description": "description",
}
"""What a Dataset calls facts about a study, and what NIMADS calls them."""

_CARRIED = (frozenset(ANALYSIS_KEYS) - {"description"}) | {"texts"}
"""Keys of an analysis that have a place of their own in a contrast, or none."""

POINT_FACTS = {"peak_id": "id", "kind": "kind"}
"""What a Dataset calls facts about a point, and what NIMADS calls them."""


def is_dataset(document: dict[str, Any]) -> bool:
    """Tell whether a document is a Dataset: studies by id, each with contrasts."""
    first = next(iter(document.values()), None)
    return isinstance(first, dict) and "contrasts" in first


def nimads_of(
    document: dict[str, Any], what: str
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Turn a Dataset into NIMADS.

    Parameters
    ----------
    document : dict
        ``{study: {"contrasts": {contrast: {"coords": ..., "labels": ...}}}}``.
    what : str
        How errors call it.

    Returns
    -------
    studyset : dict
        Coordinates as they are written, with their space.
    annotations : list of dict
        The labels: as many sets as there are beginnings, if each label begins with the
        name of its set, as in ``LDA50__pain``.

    Raises
    ------
    FormatError
        If a study, contrast or list of coordinates is not what it should be.
    """
    studies, notes = [], []
    for study_id, study in document.items():
        where = f"{what}: study {study_id!r}"
        contrasts = _object(study, where).get("contrasts")
        facts = _facts(study)
        analyses = []
        for contrast_id, given in _object(contrasts, f"{where}: contrasts").items():
            place = f"{where}, contrast {contrast_id!r}"
            contrast = _object(given, place)
            analyses.append(_analysis(str(contrast_id), contrast, facts, place))
            labels = contrast.get("labels")
            if labels:
                note = _object(labels, f"{place}: labels")
                own = {"study": str(study_id), "analysis": str(contrast_id)}
                notes.append({**own, "note": note})
        studies.append({**facts, "id": str(study_id), "analyses": analyses})
    return {"id": "dataset", "name": "", "studies": studies}, _annotations(notes)


def _annotations(notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make an annotation of each set of labels."""
    keys = list(dict.fromkeys(key for note in notes for key in note["note"]))
    in_sets = all(all(key.partition(SET_ENDS)[::2]) for key in keys)
    of = {key: key.split(SET_ENDS, 1) if in_sets else ("labels", key) for key in keys}
    found: dict[str, dict[str, Any]] = {}
    for key in keys:
        name, label = of[key]
        head: dict[str, Any] = {"id": name, "name": name, "note_keys": {}, "notes": []}
        found.setdefault(name, head)["note_keys"][label] = "number"
    for note in notes:
        own: dict[str, dict[str, Any]] = {}
        for key, value in note["note"].items():
            name, label = of[key]
            own.setdefault(name, {})[label] = value
        for name, values in own.items():
            found[name]["notes"].append({**note, "note": values})
    return list(found.values())


def _object(given: Any, what: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise FormatError(f"{what} is {type(given).__name__} instead of an object.")
    return given


def _facts(study: dict[str, Any]) -> dict[str, Any]:
    """Give what is known of a study, beside it or in its metadata."""
    metadata = study.get("metadata")
    known = {**(metadata if isinstance(metadata, dict) else {}), **study}
    facts = {
        theirs: known[ours] for ours, theirs in STUDY_FACTS.items() if ours in known
    }
    year = known.get("year")
    if isinstance(year, int | float | str) and str(year).split(".")[0].isdigit():
        facts["year"] = int(str(year).split(".")[0])
    taken = {*STUDY_FACTS, "year", "contrasts", "metadata"}
    facts["metadata"] = {k: v for k, v in known.items() if k not in taken}
    return facts


def _analysis(
    name: str, contrast: dict[str, Any], study: dict[str, Any], place: str
) -> dict[str, Any]:
    points, lists = _points(contrast, place)
    made: dict[str, Any] = {"id": name, "points": points}
    metadata = contrast.get("metadata")
    own = dict(metadata) if isinstance(metadata, dict) else {}
    made["name"] = own.pop("name", name)
    repeated = {ours: study.get(theirs) for ours, theirs in STUDY_FACTS.items()}
    repeated = {**study["metadata"], **repeated, "year": study.get("year")}
    kept = {k: v for k, v in own.items() if k not in repeated or repeated[k] != v}
    made["metadata"] = {**kept, **lists}
    made["texts"] = contrast.get("text") or {}
    images = contrast.get("images") or {}
    made["images"] = [
        {"filename": value, "value_type": kind}
        for kind, value in _object(images, f"{place}: images").items()
        if kind != "space" and value
    ]
    return made


def _points(
    contrast: dict[str, Any], place: str
) -> tuple[list[dict[str, Any]], dict[str, list[Any]]]:
    """Give the points, and lists of what is known of them and is no statistic."""
    if not contrast.get("coords"):
        return [], {}
    coords = _object(contrast["coords"], f"{place}: coords")
    columns = {k: v for k, v in coords.items() if isinstance(v, list)}
    missing = [axis for axis in _AXES if axis not in columns]
    if missing:
        raise FormatError(f"{place}: coords have no list {missing[0]!r}.")
    n = len(columns["x"])
    uneven = [key for key, values in columns.items() if len(values) != n]
    if uneven:
        raise FormatError(
            f"{place}: coords have {n} x and {len(columns[uneven[0]])} {uneven[0]}."
        )
    statistics = [key for key in columns if key in STATISTICS]
    known = {*_AXES, *statistics, *POINT_FACTS}
    points = []
    for i in range(n):
        values = [
            {"kind": STATISTICS[key], "value": columns[key][i]}
            for key in statistics
            if columns[key][i] is not None
        ]
        xyz = [columns[axis][i] for axis in _AXES]
        own = {
            theirs: columns[k][i] for k, theirs in POINT_FACTS.items() if k in columns
        }
        space = coords.get("space")
        points.append({**own, "coordinates": xyz, "space": space, "values": values})
    lists = {f"{PER_POINT}{k}": v for k, v in columns.items() if k not in known}
    return points, lists


# ----------------------------------------------------------------------------- write


def dataset_study(study: dict[str, Any], labels: dict[str, float]) -> dict[str, Any]:
    """Turn a study of a NIMADS document into one of a Dataset.

    Parameters
    ----------
    study : dict
        As :class:`Document` gives it.
    labels : dict of str to float
        Of all its contrasts.

    Returns
    -------
    dict
    """
    facts = {ours: study.get(theirs) for ours, theirs in STUDY_FACTS.items()}
    facts["year"] = study.get("year")
    known = {key: value for key, value in facts.items() if value is not None}
    own = {**(study["metadata"] or {}), **_further(study, STUDY_KEYS)}
    ids, contrasts = [], []
    for analysis in study["analyses"]:
        for suffix, points in _by_space(analysis["points"]):
            ids.append(f"{analysis['id']}{suffix}")
            contrasts.append(_contrast(analysis, points, {**own, **known}, labels))
    named = dict(zip(unique_names(ids), contrasts, strict=True))
    return {**known, "metadata": own, "contrasts": named}


def _further(given: dict[str, Any], known: Container[str]) -> dict[str, Any]:
    return {k: v for k, v in given.items() if k not in known and v is not None}


_Rows = list[tuple[int, dict[str, Any]]]


def _by_space(points: list[dict[str, Any]]) -> list[tuple[str, _Rows]]:
    """Part points by their space, of which a contrast has one."""
    parts: dict[str, _Rows] = {}
    for i, point in enumerate(points):
        parts.setdefault(point["space"], []).append((i, point))
    several = len(parts) > 1
    found = [(f"_{space}" if several else "", own) for space, own in parts.items()]
    return found or [("", [])]


def _contrast(
    analysis: dict[str, Any],
    points: _Rows,
    facts: dict[str, Any],
    labels: dict[str, float],
) -> dict[str, Any]:
    given = {**(analysis["metadata"] or {}), **_further(analysis, _CARRIED)}
    metadata = {k: v for k, v in given.items() if not k.startswith(PER_POINT)}
    made: dict[str, Any] = {"metadata": {**facts, "name": analysis["name"], **metadata}}
    if points:
        made["coords"] = _coords(points, given)
    if labels:
        made["labels"] = labels
    if analysis.get("texts"):
        made["text"] = analysis["texts"]
    return made


def _coords(points: _Rows, metadata: dict[str, Any]) -> dict[str, Any]:
    coords: dict[str, Any] = {"space": points[0][1]["space"]}
    for axis, name in enumerate(_AXES):
        coords[name] = [point["coordinates"][axis] for _, point in points]
    for ours, theirs in POINT_FACTS.items():
        values = [point.get(theirs) for _, point in points]
        if any(value is not None for value in values):
            coords[ours] = values
    for name, kind in STATISTICS.items():
        values = [
            next((v["value"] for v in point["values"] if v["kind"] == kind), None)
            for _, point in points
        ]
        if any(value is not None for value in values):
            coords[name] = values
    for key, listed in metadata.items():
        if key.startswith(PER_POINT):
            coords[key.removeprefix(PER_POINT)] = [listed[i] for i, _ in points]
    return coords

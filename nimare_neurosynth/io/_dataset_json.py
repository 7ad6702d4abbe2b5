"""The JSON of NiMARE's old Dataset, as a NIMADS document and an annotation."""

from __future__ import annotations

from typing import Any

from nimare_neurosynth.errors import FormatError

_AXES = ("x", "y", "z")
_STUDY = {"title": "name", "authors": "authors", "journal": "publication"}


def is_dataset(document: dict[str, Any]) -> bool:
    """Tell whether a document is a Dataset: studies by id, each with contrasts."""
    first = next(iter(document.values()), None)
    return isinstance(first, dict) and "contrasts" in first


def nimads_of(
    document: dict[str, Any], what: str
) -> tuple[dict[str, Any], dict[str, Any] | None]:
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
    annotation : dict or None
        The labels, if there are any.

    Raises
    ------
    FormatError
        If a study, contrast or list of coordinates is not what it should be.
    """
    studies, notes = [], []
    for study_id, study in document.items():
        where = f"{what}: study {study_id!r}"
        contrasts = _object(study, where).get("contrasts")
        analyses = []
        for contrast_id, given in _object(contrasts, f"{where}: contrasts").items():
            place = f"{where}, contrast {contrast_id!r}"
            contrast = _object(given, place)
            analyses.append(_analysis(str(contrast_id), contrast, place))
            labels = contrast.get("labels")
            if labels:
                note = _object(labels, f"{place}: labels")
                own = {"study": str(study_id), "analysis": str(contrast_id)}
                notes.append({**own, "note": note})
        studies.append({**_facts(study), "id": str(study_id), "analyses": analyses})
    annotation = None
    if notes:
        keys = dict.fromkeys(key for note in notes for key in note["note"])
        annotation = {
            "id": "labels",
            "name": "labels",
            "note_keys": dict.fromkeys(keys, "number"),
            "notes": notes,
        }
    return {"id": "dataset", "name": "", "studies": studies}, annotation


def _object(given: Any, what: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise FormatError(f"{what} is {type(given).__name__} instead of an object.")
    return given


def _facts(study: dict[str, Any]) -> dict[str, Any]:
    facts = {theirs: study[ours] for ours, theirs in _STUDY.items() if ours in study}
    year = study.get("year")
    if isinstance(year, int | float | str) and str(year).split(".")[0].isdigit():
        facts["year"] = int(str(year).split(".")[0])
    known = {*_STUDY, "year", "contrasts"}
    facts["metadata"] = {k: v for k, v in study.items() if k not in known}
    return facts


def _analysis(name: str, contrast: dict[str, Any], place: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": name,
        "name": name,
        "points": _points(contrast, place),
    }
    made["metadata"] = contrast.get("metadata") or {}
    made["texts"] = contrast.get("text") or {}
    images = contrast.get("images") or {}
    made["images"] = [
        {"filename": value, "value_type": kind}
        for kind, value in _object(images, f"{place}: images").items()
        if kind != "space" and value
    ]
    return made


def _points(contrast: dict[str, Any], place: str) -> list[dict[str, Any]]:
    if not contrast.get("coords"):
        return []
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
    others = [key for key in columns if key not in _AXES]
    points = []
    for i in range(n):
        values = [
            {"kind": key, "value": columns[key][i]}
            for key in others
            if columns[key][i] is not None
        ]
        xyz = [columns[axis][i] for axis in _AXES]
        points.append(
            {"coordinates": xyz, "space": coords.get("space"), "values": values}
        )
    return points

"""NIMADS studysets: what does not follow the standard.

Checks walk through a document and repair their copy of it as they go, so that what is
reported and what a repaired file holds cannot differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth.validation._annotations import Analyses, check_annotation
from nimare_neurosynth.validation._fields import (
    check_ids,
    check_metadata,
    check_texts,
    check_year,
    finite,
    list_of,
    number_in,
    objects_of,
)
from nimare_neurosynth.validation._points import check_points
from nimare_neurosynth.validation._problems import ERROR, quoted

if TYPE_CHECKING:
    from nimare_neurosynth.validation._problems import Spot

_STUDYSET_TEXTS = ("name", "description", "publication", "doi", "pmid")
_STUDY_TEXTS = (*_STUDYSET_TEXTS, "authors")
_IMAGE_TEXTS = ("url", "filename", "space", "value_type")


def check_studyset(document: dict[str, Any], spot: Spot) -> Analyses | None:
    """Check a studyset, and the annotations in it.

    Parameters
    ----------
    document : dict
        It is repaired.
    spot : Spot
        Problems go there.

    Returns
    -------
    Analyses or None
        What notes can be about; None if there is no list of studies.
    """
    if not isinstance(document.get("studies"), list):
        names = ", ".join(map(quoted, list(document)[:10])) or "nothing"
        what = f"there is no list of 'studies', but {names}"
        spot.tell("no-list", what, severity=ERROR)
        return None
    if "name" not in document:
        stem = spot.place.file.removesuffix(".gz").removesuffix(".json")
        spot.put(document, "name", stem, "no-name", "is missing")
    check_texts(document, _STUDYSET_TEXTS, spot)
    studies = objects_of(document, "studies", spot, "study")
    known = Analyses()
    check_ids(studies, spot, "study")
    for number, study in studies:
        _check_study(study, spot.at("study", number, study["id"]))
    known.add(studies)
    if document.get("annotations") is not None:
        for number, own in objects_of(document, "annotations", spot, "annotation"):
            check_annotation(own, spot.at("annotation", number, own.get("id")), known)
    return known


def _check_study(study: dict[str, Any], spot: Spot) -> None:
    _check_name(study, spot)
    check_texts(study, _STUDY_TEXTS, spot)
    check_year(study, spot)
    check_metadata(study, spot)
    analyses = objects_of(study, "analyses", spot, "analysis", needed=True)
    check_ids(analyses, spot, "analysis")
    for number, analysis in analyses:
        _check_analysis(analysis, spot.at("analysis", number, analysis["id"]))


def _check_name(holder: dict[str, Any], spot: Spot) -> None:
    if "name" not in holder:
        spot.put(holder, "name", holder["id"], "no-name", "is missing")


def _check_analysis(analysis: dict[str, Any], spot: Spot) -> None:
    _check_name(analysis, spot)
    check_texts(analysis, ("name", "description"), spot)
    check_metadata(analysis, spot)
    _check_conditions(analysis, spot)
    check_points(analysis, spot)
    _check_images(analysis, spot)


def _check_conditions(analysis: dict[str, Any], spot: Spot) -> None:
    """Check conditions and their weights, which have to be as many."""
    conditions = list_of(analysis, "conditions", spot)
    weights = list_of(analysis, "weights", spot)
    if conditions is None or weights is None:
        return
    for i, each in enumerate(conditions):
        if isinstance(each, str):
            repair, new = "becomes an object with this name", {"name": each}
            options: dict[str, Any] = {"repair": repair, "old": each, "new": new}
            here = spot.at("condition", i + 1)
            here.tell("no-object", f"is {quoted(each)} instead of an object", **options)
            conditions[i] = new
        elif not isinstance(each, dict):
            what = f"is {quoted(each)} instead of an object"
            spot.at("condition", i + 1).tell("no-object", what)
    for i, each in enumerate(weights):
        _check_weight(weights, i, each, spot.at("weight", i + 1))
    if len(weights) != len(conditions):
        missing = len(conditions) - len(weights)
        padded = (weights + [1.0] * max(missing, 0))[: len(conditions)]
        what = f"there are {len(weights)} for {len(conditions)} conditions"
        spot.put(analysis, "weights", padded, "weights", what)


def _check_weight(weights: list[Any], i: int, value: Any, spot: Spot) -> None:
    if finite(value) is not None:
        return
    number = number_in(value) if isinstance(value, str) else None
    new = 1.0 if number is None else number
    what = f"is {quoted(value)} and no number"
    severity: dict[str, Any] = (
        {"severity": ERROR} if number is None and value is not None else {}
    )
    repair = f"becomes {new}"
    spot.tell("no-number", what, repair=repair, old=value, new=new, **severity)
    weights[i] = new


def _check_images(analysis: dict[str, Any], spot: Spot) -> None:
    for number, image in objects_of(analysis, "images", spot, "image"):
        check_texts(image, _IMAGE_TEXTS, spot.at("image", number, image.get("id")))

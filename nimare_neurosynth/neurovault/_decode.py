"""Terms for images of NeuroVault, and the answer that neurosynth.org gave of them."""

from __future__ import annotations

import math
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.decoding import Decoding, decode
from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_DIGITS = 3
_SPACE = uuid.UUID("6f1c1a0e-5c39-5ac8-9d0c-1b8f5b0b7d11")


def decode_rows(
    rows: Sequence[Mapping[str, Any]],
    files: Mapping[int, tuple[Path, str]],
    database: Any,
    terms: Any,
    options: Mapping[str, Any],
) -> Decoding:
    """Decode files of images, and keep which images they are.

    Parameters
    ----------
    rows : sequence of mapping
        Of the table of images.
    files : mapping of int to (pathlib.Path, str)
        File and SHA-256 of each.
    database, terms, options
        As for :func:`nimare_neurosynth.decode`.

    Returns
    -------
    Decoding
    """
    named = {str(int(r["image"])): files[int(r["image"])][0] for r in rows}
    found = decode(database, named, terms, **options)
    facts = tuple(
        {**noticed, "neurovault": _facts(row, files[int(row["image"])][1])}
        for noticed, row in zip(found.image_facts, rows, strict=True)
    )
    return replace(found, image_facts=facts)


def _facts(row: Mapping[str, Any], sha256: str) -> dict[str, Any]:
    wanted = ("image", "collection", "name", "map_type", "url", "file")
    return {**{key: row[key] for key in wanted}, "sha256": sha256}


def to_neurosynth_json(
    decoding: Decoding,
    *,
    image: str | None = None,
    url: str = "",
    comments: str = "",
    reference: str = "",
) -> dict[str, Any]:
    """Give a decoding in the shape of the answers of neurosynth.org's decoder.

    nilearn's ``fetch_neurovault(..., fetch_neurosynth_words=True)`` and other old
    clients read it.

    Parameters
    ----------
    decoding : Decoding
        By a method that gives correlations.
    image : str, optional
        Which image; not needed where there is one.
    url : str
        Where this answer is to be found.
    comments : str
        For readers.
    reference : str
        Which maps it was compared with; the database by default.

    Returns
    -------
    dict
        ``{"data": {"id", "url", "neurovault_id", "comments", "image", "reference",
        "values": {term: r}}}``, with r rounded to three digits as theirs was. Terms
        without a number are left out: JSON has none for them.

    Raises
    ------
    OptionError
        If there are several images and none is named, or there is no ``r``.
    UnknownTermError
        If there is no such image.

    Examples
    --------
    >>> from nimare_neurosynth import decode, load_demo, meta_analysis
    >>> database = load_demo()
    >>> image = meta_analysis(database, "emotion").image("z_desc-association")
    >>> answer = to_neurosynth_json(decode(database, {"emotion": image}))
    >>> answer["data"]["image"], answer["data"]["values"]["emotion"]
    ('emotion', 1.0)
    """
    if "r" not in decoding.columns:
        raise OptionError(
            f"neurosynth.org's answers hold correlations, and this decoding has "
            f"{', '.join(decoding.columns)}: decode with method='pearson'."
        )
    if image is None and len(decoding.images) > 1:
        raise OptionError(
            f"an answer is of one image, and there are {len(decoding.images)}: name "
            f"one of {', '.join(decoding.images[:20])}."
        )
    name = decoding.images[0] if image is None else image
    table = decoding.table(name)
    place = decoding.images.index(name)
    facts = decoding.image_facts[place].get("neurovault", {})
    values = {
        str(term): round(float(r), _DIGITS)
        for term, r in zip(table["term"], table["r"], strict=True)
        if math.isfinite(r)
    }
    return {
        "data": {
            "id": str(uuid.uuid5(_SPACE, f"{name}\0{reference}\0{values}")),
            "url": url or facts.get("url", ""),
            "neurovault_id": facts.get("image"),
            "comments": comments,
            "image": facts.get("file") or name,
            "reference": reference or _reference(decoding),
            "values": values,
        }
    }


def _reference(decoding: Decoding) -> str:
    database = decoding.facts.get("database")
    if not isinstance(database, dict):
        return "nimare_neurosynth"
    return f"{database.get('name', '')} {database.get('version', '')}".strip()

"""What NeuroVault says of collections and images, taken with a pinch of salt.

Every value is looked at before it is used: numbers must be numbers, texts are cut to a
length and shown without control characters, and names of files are never the server's.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from nimare_neurosynth._http import host_of
from nimare_neurosynth.errors import NetworkError, OptionError, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAP_TYPES = {
    "Z": "Z map",
    "T": "T map",
    "U": "univariate-beta map",
    "V": "variance",
    "M": "multivariate-beta map",
    "F": "F map",
    "X2": "Chi squared map",
    "P": "P map (given null hypothesis)",
    "IP": '1-P map ("inverted" probability)',
    "R": "ROI/mask",
    "Pa": "parcellation",
    "A": "anatomical",
    "Other": "Other",
}
"""NeuroVault's codes of map types, which it takes, and their names, which it gives."""

KINDS = {"z map": "z", "t map": "t", "univariate-beta map": "beta"}
KINDS |= {"variance": "varcope", "z": "z", "t": "t", "u": "beta", "v": "varcope"}
"""Map types that image-based meta-analyses can use, and NiMARE's names of them."""

LEVELS = {"S": "single-subject", "G": "group", "M": "meta-analysis", "Other": "other"}
"""NeuroVault's codes of levels of analysis, and their names."""

_LONGEST_TEXT = 10_000
_MOST_SUBJECTS = 10_000_000
_COLLECTION = re.compile(r"[A-Za-z0-9]{1,32}")
_UPLOAD = re.compile(r"\[upload ([0-9a-f]{32})\]")
_URL = re.compile(r"(image|collection)s?[:/](\w+)/?")


def collection_key(given: Any) -> str:
    """Give the number of a collection (letters, of a private one) as text.

    Parameters
    ----------
    given : int or str
        Also ``"collection:457"`` and the address of its page.

    Returns
    -------
    str

    Raises
    ------
    OptionError
        If it is none.

    Examples
    --------
    >>> collection_key("https://neurovault.org/collections/457/")
    '457'
    """
    kind, key = named(given, "collection")
    if kind != "collection":
        raise OptionError(f"{given!r} is an image, and a collection is needed.")
    return key


def named(given: Any, otherwise: str) -> tuple[str, str]:
    """Tell whether an image or a collection is meant, and which.

    Parameters
    ----------
    given : int or str
        A number, ``"image:12"``, ``"collection:457"``, or the address of a page.
    otherwise : {"image", "collection"}
        What a number alone means.

    Returns
    -------
    kind, key : str

    Raises
    ------
    OptionError
        If nothing of that kind is named.

    Examples
    --------
    >>> named("image:10426", "collection"), named(457, "collection")
    (('image', '10426'), ('collection', '457'))
    """
    text = str(given).strip()
    if "://" in text:
        text = urlsplit(text).path.removeprefix("/api").strip("/")
    found = _URL.fullmatch(text)
    kind, key = (found[1], found[2]) if found else (otherwise, text)
    good = key.isdecimal() and key.isascii()
    good = good or (kind == "collection" and bool(_COLLECTION.fullmatch(key)))
    if isinstance(given, bool) or not good or len(key) > 32:
        raise OptionError(
            f"{given!r} names no {kind} of NeuroVault: give its number, as 457, or "
            "image:NUMBER, collection:NUMBER, or the address of its page."
        )
    return kind, key


def collection_facts(answer: Any, base_url: str) -> dict[str, Any]:
    """Take what is needed from what is said of a collection.

    Parameters
    ----------
    answer : object
        The server's JSON.
    base_url : str
        Of the API.

    Returns
    -------
    dict
        ``id``, ``name``, ``doi``, ``authors``, ``journal``, ``description``, ``url``
        and ``number_of_images``.

    Raises
    ------
    NetworkError
        If it describes no collection.
    """
    record, number = _numbered(answer, "a collection")
    return {
        "id": number,
        "name": _text(record.get("name"), 500),
        "doi": _text(record.get("DOI"), 200),
        "authors": _text(record.get("authors")),
        "journal": _text(record.get("journal_name"), 500),
        "description": _text(record.get("description")),
        "number_of_images": _whole(record.get("number_of_images")),
        "url": f"{pages_url(base_url)}/collections/{number}/",
    }


def image_row(answer: Any, base_url: str) -> dict[str, Any]:
    """Take what is needed from what is said of an image.

    Parameters
    ----------
    answer : object
        The server's JSON.
    base_url : str
        Of the API.

    Returns
    -------
    dict
        A row of the table of images; see :meth:`NeuroVault.images`.

    Raises
    ------
    NetworkError
        If it describes no image.
    """
    record, number = _numbered(answer, "an image")
    map_type = _text(record.get("map_type"), 100)
    size = _whole(record.get("number_of_subjects"))
    return {
        "image": number,
        "collection": _whole(record.get("collection_id")),
        "name": _text(record.get("name"), 500) or f"image {number}",
        "map_type": map_type,
        "kind": KINDS.get(map_type.casefold(), ""),
        "level": _level(_text(record.get("analysis_level"), 100)),
        "n_subjects": size if size and size <= _MOST_SUBJECTS else None,
        "space": _space(record),
        "modality": _text(record.get("modality"), 100),
        "contrast": _text(record.get("contrast_definition"), 1000),
        "task": _text(record.get("cognitive_paradigm_cogatlas"), 500),
        "is_thresholded": record.get("is_thresholded") is True,
        "description": _text(record.get("description")),
        "upload_key": upload_key_in(record.get("description")),
        "modified": _text(record.get("modify_date"), 100),
        "file": file_url(record.get("file"), base_url),
        "url": f"{pages_url(base_url)}/images/{number}/",
    }


def upload_key_in(description: Any) -> str:
    """Find by what key an image was sent from here; "" if it was not."""
    found = _UPLOAD.search(description) if isinstance(description, str) else None
    return found[1] if found else ""


def pages_url(base_url: str) -> str:
    """Give where the pages of a server are, from where its API is."""
    return base_url.removesuffix("/api")


def file_url(given: Any, base_url: str) -> str:
    """Give the address of a file; "" where there is none that could be asked for.

    NeuroVault gives addresses without encryption, although it has it.
    """
    text = _text(given, 2000)
    if not text:
        return ""
    try:
        parts = urlsplit(urljoin(f"{base_url}/", text))
    except ValueError:
        return ""
    mine = urlsplit(base_url)
    if parts.scheme == "http" and host_of(text) in {"", mine.hostname}:
        parts = parts._replace(scheme=mine.scheme)
    return urlunsplit(parts)


def volume_ending(url: str) -> str:
    """Give how the name of a volume ends; "" if it is of none that can be read."""
    path = urlsplit(url).path.lower()
    return next((end for end in (".nii.gz", ".nii") if path.endswith(end)), "")


def describe_counts(reasons: Iterable[str]) -> str:
    """Count reasons: "3 no group analysis, 1 no volume"."""
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    listed = sorted(counts.items(), key=lambda item: -item[1])
    return "; ".join(f"{n}: {reason}" for reason, n in listed)


def _numbered(answer: Any, what: str) -> tuple[Mapping[str, Any], int]:
    """Give a record and its number."""
    if not isinstance(answer, dict):
        raise NetworkError(
            f"the server gives {type(answer).__name__} where {what} was expected: is "
            "this the address of NeuroVault's API (it ends in /api)?"
        )
    number = _whole(answer.get("id"))
    if number is None:
        raise NetworkError(f"the server describes {what} without a number.")
    return answer, number


def _level(text: str) -> str:
    return LEVELS.get(text, text.casefold())


def _space(record: Mapping[str, Any]) -> str:
    """Say in which space an image is, as far as NeuroVault knows."""
    if record.get("not_mni") is True:
        return "not MNI"
    named_space = _text(record.get("target_template_image"), 100)
    # older images say nothing, and were checked for being in MNI space when uploaded
    return "MNI" if not named_space or "mni" in named_space.casefold() else named_space


def _text(value: Any, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str):
        return ""
    return printable(value[:longest].strip(), longest=longest)


def _whole(value: Any) -> int | None:
    """Read a positive whole number, which may come as text."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value) or value != int(value) or not 0 < value < 1 << 53:
        return None
    return int(value)

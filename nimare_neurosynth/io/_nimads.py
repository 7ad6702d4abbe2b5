"""Files that NiMARE reads: NIMADS as JSON, and NeuroStore's folders of parquet."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth import _nimare
from nimare_neurosynth.errors import FormatError, OptionError, warn
from nimare_neurosynth.io._dataset_json import is_dataset, nimads_of
from nimare_neurosynth.io._values import unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON_ENDINGS = (".json", ".json.gz")
PARQUET_FORMAT, PARQUET_VERSION = "nimare-studyset-parquet", 1

_GZIP = b"\x1f\x8b"
MANIFEST = "studyset.json"
_TABLES = ("studies.parquet", "analyses.parquet")
_WRONG = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)
"""What NiMARE raises where a document is not as it should be."""


@dataclass(frozen=True)
class Opened:
    """A Studyset, and what was noticed when it was opened.

    Attributes
    ----------
    studyset : nimare.studyset.Studyset
    source : str
        Name of the file or folder, or "".
    notes : list of str
    document : dict or None
        The NIMADS document, if it was one.
    annotations : dict of str to dict
        The document's annotations and those attached, by their ids in the Studyset.
    """

    studyset: Any
    source: str
    notes: list[str]
    document: dict[str, Any] | None = None
    annotations: dict[str, dict[str, Any]] = field(default_factory=dict)


def open_studyset(source: Any, *, annotation: Any = None) -> Any:
    """Open a file or folder as a Studyset of NiMARE's.

    NiMARE itself reads neither ``.json.gz`` nor paths that are no text, and drops notes
    of unknown analyses in silence.

    Parameters
    ----------
    source : str, path, dict or nimare.studyset.Studyset
        A NIMADS document (``.json``, ``.json.gz``, or a dict), or a folder of
        NeuroStore's or NiMARE's parquet tables. A Studyset stays what it is.
    annotation : dict, str, path or sequence of these, optional
        NIMADS annotations to attach, or their paths.

    Returns
    -------
    nimare.studyset.Studyset

    Raises
    ------
    OptionError
        If it is something else.
    FormatError
        If there is no such file, or it is damaged or of another format.
    """
    opened = opened_studyset(source, annotation)
    if opened.notes:
        warn("; ".join(opened.notes))
    return opened.studyset


def opened_studyset(source: Any, annotation: Any = None) -> Opened:
    """Open what can be a Studyset, and keep what was noticed; see open_studyset."""
    payloads = [_annotation(each) for each in _several(annotation)]
    if isinstance(source, dict):
        return _from_document(source, "the NIMADS document", "", payloads)
    if isinstance(source, str | PathLike) and str(source):
        path = Path(source)
        if path.is_dir():
            return _attached(_open_parquet(path), path.name, payloads)
        return _from_document(read_json(path), str(path), path.name, payloads)
    module = _nimare.studyset_module()
    if isinstance(source, module.Studyset):
        return _attached(source, "", payloads)
    raise OptionError(
        "a NiMARE Studyset, a NIMADS document (dict) or the path of one is needed, got "
        f"{_described(source)}."
    )


def _described(source: Any) -> str:
    kind = type(source)
    if kind.__name__ == "Dataset":
        return "a Dataset of NiMARE's: use from_dataset"
    return f"{source!r} ({kind.__module__}.{kind.__qualname__})"


def _several(annotation: Any) -> list[Any]:
    if annotation is None:
        return []
    return list(annotation) if isinstance(annotation, list | tuple) else [annotation]


# ---------------------------------------------------------------------------- JSON


def is_json(path: Path) -> bool:
    """Tell whether a file's name is that of a NIMADS document."""
    return path.name.lower().endswith(JSON_ENDINGS)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object, plain or gzipped, UTF-8 with or without a byte-order mark.

    Raises
    ------
    FormatError
        If there is none, or the file holds something else.
    """
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if data.startswith(_GZIP) else data
        document = json.loads(text.decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise FormatError(f"there is no file {path}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not UTF-8 ({error}).") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no JSON ({error}).") from error
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{path} cannot be read ({error}).") from error
    if not isinstance(document, dict):
        raise FormatError(
            f"{path} holds a {type(document).__name__} instead of a NIMADS document."
        )
    return document


def _from_document(
    document: dict[str, Any], what: str, source: str, payloads: list[dict[str, Any]]
) -> Opened:
    """Open a NIMADS document, or the JSON of NiMARE's Dataset."""
    is_nimads = not is_dataset(document)
    if not is_nimads:
        document, sets = nimads_of(document, what)
        document["name"] = source.removesuffix(".gz").removesuffix(".json")
        payloads = [*sets, *payloads]
    if not isinstance(document.get("studies"), list):
        raise FormatError(f"{what} is no NIMADS studyset: {_hint(document)}.")
    _check_studies(document["studies"], what)
    own = _own_annotations(document, what)
    named = [{**given, "id": key} for key, given in own.items()]
    module = _nimare.studyset_module()
    try:
        studyset = module.Studyset({**document, "annotations": named})
    except _WRONG as error:
        raise FormatError(
            f"{what} is no NIMADS studyset that NiMARE can read "
            f"({type(error).__name__}: {error})."
        ) from error
    opened = _attached(studyset, source, payloads, own)
    return replace(opened, document=document) if is_nimads else opened


def _own_annotations(document: dict[str, Any], what: str) -> dict[str, dict[str, Any]]:
    """Give each annotation of a document an id of its own, by which NiMARE knows it."""
    given = document.get("annotations") or []
    if not isinstance(given, list) or not all(isinstance(a, dict) for a in given):
        raise FormatError(f"{what}: its 'annotations' are no list of objects.")
    names = [str(a.get("id") or a.get("name") or "annotation") for a in given]
    return dict(zip(unique_names(names), given, strict=True))


def _hint(document: dict[str, Any]) -> str:
    if "notes" in document:
        return (
            "it is an annotation, which belongs to a studyset: give the studyset's "
            "file, and this one as its annotation"
        )
    if document.get("studies") is not None:
        return "its 'studies' are no list"
    names = ", ".join(map(repr, list(document)[:10])) or "nothing"
    return f"it has no list of 'studies', but {names}"


def _check_studies(studies: list[Any], what: str) -> None:
    """Name the study that is not nested, as NeuroStore gives them by default."""
    for number, study in enumerate(studies):
        if isinstance(study, dict):
            continue
        raise FormatError(
            f"{what}: study {number + 1} is {study!r} instead of an object: download "
            "the studyset with its studies in it (nested=true)."
        )


# ------------------------------------------------------------------------- parquet


def is_parquet_folder(folder: Path) -> bool:
    """Tell whether a folder may be a studyset's tables."""
    return (folder / MANIFEST).is_file() or all(
        (folder / name).is_file() for name in _TABLES
    )


def parquet_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a folder of parquet tables; it may have none.

    Raises
    ------
    FormatError
        If it is of another format.
    """
    if not (folder / MANIFEST).is_file():
        return {}
    manifest = read_json(folder / MANIFEST)
    name, version = manifest.get("format"), manifest.get("version")
    if name != PARQUET_FORMAT or version != PARQUET_VERSION:
        raise FormatError(
            f"{folder / MANIFEST} is of format {name!r}, version {version!r}; "
            f"{PARQUET_FORMAT!r}, version {PARQUET_VERSION}, can be read."
        )
    return manifest


def _open_parquet(folder: Path) -> Any:
    missing = [name for name in _TABLES if not (folder / name).is_file()]
    if missing:
        raise FormatError(
            f"{folder} is no studyset in parquet tables: it has no "
            f"{' and no '.join(missing)}. Other folders are read by read_database()."
        )
    parquet_manifest(folder)
    module = _nimare.studyset_module()
    try:
        return module.Studyset(str(folder))
    except _WRONG as error:
        raise FormatError(
            f"{folder} is no studyset that NiMARE can read "
            f"({type(error).__name__}: {error})."
        ) from error


# --------------------------------------------------------------------- annotations


def _annotation(given: Any) -> dict[str, Any]:
    """Take an annotation, or read one from a file."""
    if isinstance(given, str | PathLike) and str(given):
        payload, what = read_json(Path(given)), str(given)
    elif isinstance(given, dict):
        payload, what = given, "the annotation"
    else:
        raise OptionError(
            "annotation must be a NIMADS annotation (dict), its path, or a list of "
            f"these, got {given!r}."
        )
    notes = payload.get("notes")
    if not isinstance(notes, list) or not all(isinstance(n, dict) for n in notes):
        raise FormatError(f"{what} is no NIMADS annotation: it has no list of 'notes'.")
    return payload


def _attached(
    studyset: Any,
    source: str,
    payloads: list[dict[str, Any]],
    own: dict[str, dict[str, Any]] | None = None,
) -> Opened:
    """Attach annotations, and count the notes that are on no analysis."""
    annotations = dict(own or {})
    notes = _unmatched(studyset.store, [*annotations.values(), *payloads])
    for payload in payloads:
        known = list(studyset.store.annotations)
        name = payload.get("id") or payload.get("name") or "annotation"
        unique = unique_names([*map(str, known), str(name)])[-1]
        try:
            studyset = studyset.with_annotation_payload({**payload, "id": unique})
        except _WRONG as error:
            raise FormatError(
                f"the annotation {name!r} cannot be read ({type(error).__name__}: "
                f"{error})."
            ) from error
        annotations[unique] = payload
    return Opened(studyset, source, notes, annotations=annotations)


def _unmatched(store: Any, payloads: Sequence[Any]) -> list[str]:
    """Count the notes that name an analysis which is not there: NiMARE drops them."""
    if not payloads:
        return []
    resolve = _nimare.studyset_module().layout.note_row_resolver(
        store.study_key, store.analysis_key, store.analysis_full_key, store.study_idx
    )
    said = []
    for payload in payloads:
        notes = payload.get("notes") or []
        lost = sum(
            resolve(note.get("study"), note.get("analysis")) is None for note in notes
        )
        name = payload.get("name") or payload.get("id")
        if lost:
            said.append(
                f"{lost:,} of {len(notes):,} notes of the annotation {name!r} are left "
                "out: their analyses are not in the studyset"
            )
    return said

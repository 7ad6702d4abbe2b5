"""One way in: whatever it is, what is wrong with it."""

from __future__ import annotations

import json
import re
import warnings
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import FormatError, NeurosynthError, NeurosynthWarning
from nimare_neurosynth.io import has_manifest, json_bytes, read_database
from nimare_neurosynth.io._dataset_json import is_dataset
from nimare_neurosynth.io._read import form_of
from nimare_neurosynth.validation import _folders
from nimare_neurosynth.validation._annotations import check_annotation
from nimare_neurosynth.validation._nimads import check_studyset
from nimare_neurosynth.validation._problems import ERROR, Validation, quoted
from nimare_neurosynth.validation._rows import open_table
from nimare_neurosynth.validation._sleuth import check_sleuth
from nimare_neurosynth.validation._tables import check_features, is_features
from nimare_neurosynth.validation._text import read_any_text, spot_of

if TYPE_CHECKING:
    from nimare_neurosynth.validation._annotations import Analyses
    from nimare_neurosynth.validation._folders import Writers
    from nimare_neurosynth.validation._problems import Problem

COMPILED = "compiled"
FORMS = {
    COMPILED: "a folder that this package wrote",
    "parquet": "parquet tables",
    "neurosynth": "Neurosynth's layout since 2021",
    "mined": "what pubget or ACE extracted",
    "legacy": "database.txt and features.txt",
    "nimads": "a NIMADS studyset",
    "annotation": "a NIMADS annotation",
    "dataset": "a Dataset of NiMARE's",
    "sleuth": "Sleuth text",
    "table": "a table of peaks",
    "features": "a table of features",
}


@dataclass
class Examined:
    """What was found, and what writes repaired files.

    Attributes
    ----------
    form : str
        One of :data:`FORMS`.
    problems : list of Problem
    writers : dict of pathlib.Path to callable
        For each file that can be repaired, what gives its new content.
    """

    form: str
    problems: list[Problem] = field(default_factory=list)
    writers: Writers = field(default_factory=dict)


def validate(
    path: str | PathLike[str],
    *,
    annotation: str | PathLike[str] | None = None,
    features: str | PathLike[str] | None = None,
) -> Validation:
    r"""Say what is wrong with a file or folder of data, and where.

    Parameters
    ----------
    path : str or path
        Anything that :func:`~nimare_neurosynth.read_database` reads; an annotation or a
        table of features alone; a folder of term maps.
    annotation : str or path, optional
        For a NIMADS studyset: an annotation of its analyses.
    features : str or path, optional
        For a table of peaks: a table of features.

    Returns
    -------
    Validation
        Problems with their places. What cannot be read at all is a problem, too.

    Raises
    ------
    FormatError
        If there is no such file or folder, or it is of no known form.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     table = Path(folder, "mine.csv")
    ...     _ = table.write_text("id,x,y,z,space\n1,0,-52,26,MNI\n2,left,1,2,MNI\n")
    ...     found = validate(table)
    >>> found.ok
    False
    >>> print(found.problems[0].place, "-", found.problems[0].what)
    mine.csv:3, column 'x' - 'left' is not a finite number
    """
    found = examine(existing(path), optional(annotation), optional(features))
    return Validation(str(Path(path)), FORMS[found.form], found.problems)


def existing(path: str | PathLike[str]) -> Path:
    """Give the path of what is there.

    Raises
    ------
    FormatError
        If there is nothing, or it is neither a file nor a folder.
    """
    if not isinstance(path, str | PathLike) or not str(path):
        raise FormatError(f"the path of a file or folder is needed, got {path!r}.")
    found = Path(path)
    try:
        there = found.is_file() or found.is_dir()
    except (OSError, ValueError):  # a name too long, or that no file can have
        there = False
    if not there:
        raise FormatError(f"there is no file or folder {found}.")
    return found


def optional(path: str | PathLike[str] | None) -> Path | None:
    """Give the path of a file that is there, or None.

    Raises
    ------
    FormatError
        If it is not there, or a folder.
    """
    found = None if path is None else existing(path)
    if found is not None and not found.is_file():
        raise FormatError(f"{found} is a folder: name a file.")
    return found


def examine(path: Path, annotation: Path | None, features: Path | None) -> Examined:
    """Check whatever it is; see :func:`validate`."""
    form = COMPILED if path.is_dir() and has_manifest(path) else form_of(path)
    _check_options(form, annotation, features)
    found = Examined(form)
    try:
        found.writers = _check(path, annotation, features, found)
        _read(path, annotation, features, found)
    except NeurosynthError as error:
        _tell(error, path, found.problems)
    return found


def _check_options(form: str, annotation: Path | None, features: Path | None) -> None:
    if annotation is not None and form not in {"nimads", "parquet"}:
        what = FORMS[form]
        raise FormatError(f"an annotation is for NIMADS studysets, not for {what}.")
    if features is not None and form != "table":
        raise FormatError(f"features are for tables of peaks, not for {FORMS[form]}.")


def _check(
    path: Path, annotation: Path | None, features: Path | None, found: Examined
) -> Writers:
    problems = found.problems
    if found.form == "nimads":
        return _check_json(path, annotation, found)
    if found.form == "sleuth":
        content = check_sleuth(path, problems)
        return {path: lambda: content}
    if found.form == "table":
        if features is None and is_features(open_table(path, [])):
            found.form = "features"
            return {path: check_features(path, problems, None).render}
        return _folders.check_table(path, features, problems)
    checks = {
        COMPILED: _folders.check_compiled,
        "neurosynth": _folders.check_layout,
        "mined": _folders.check_mined,
        "legacy": _folders.check_legacy,
    }
    return checks[found.form](path, problems) if found.form in checks else {}


# ---------------------------------------------------------------------------- JSON


def _check_json(path: Path, annotation: Path | None, found: Examined) -> Writers:
    document, indent = _document(path, found.problems)
    spot = spot_of(path, found.problems)
    if is_dataset(document):
        found.form = "dataset"
        return {}
    known: Analyses | None = None
    if "notes" in document and "studies" not in document:
        found.form = "annotation"
        check_annotation(document, spot, None)
    else:
        known = check_studyset(document, spot)
    writers: Writers = {path: lambda: json_bytes(document, indent=indent) + b"\n"}
    if annotation is not None:
        notes, own_indent = _document(annotation, found.problems)
        check_annotation(notes, spot_of(annotation, found.problems), known)
        writers[annotation] = lambda: json_bytes(notes, indent=own_indent) + b"\n"
    return writers


def _document(path: Path, problems: list[Problem]) -> tuple[dict[str, Any], int | None]:
    """Read a JSON object, and whether it was indented; repeated keys are problems."""
    spot = spot_of(path, problems)

    def pairs(given: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in given:
            if key in made:
                what = f"an object has the key {quoted(key)} twice"
                repair = "the last one is kept"
                options: dict[str, Any] = {"old": made[key], "new": value}
                spot.tell("repeated-key", what, repair=repair, **options)
            made[key] = value
        return made

    text = read_any_text(path, problems)
    try:
        document = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        line = f"{path}:{error.lineno}"
        raise FormatError(f"{line} is no JSON ({error.msg}).") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is no JSON ({error}).") from error
    if not isinstance(document, dict):
        kind = type(document).__name__
        raise FormatError(f"{path} holds a {kind} instead of a NIMADS document.")
    return document, 2 if "\n" in text.strip() else None


# ------------------------------------------------------------------------- reading


def _read(
    path: Path, annotation: Path | None, features: Path | None, found: Examined
) -> None:
    """Read what has no errors so far: what fails there was overlooked."""
    wrong = any(problem.severity == ERROR for problem in found.problems)
    if wrong or found.form in {COMPILED, "annotation", "features"}:
        return
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", NeurosynthWarning)
        read_database(path, annotation=annotation, features=features)
    for warning in told:
        if issubclass(warning.category, NeurosynthWarning):
            what = str(warning.message).rstrip(".")
            spot_of(path, found.problems).tell("reading", what)


def _tell(error: NeurosynthError, path: Path, problems: list[Problem]) -> None:
    """Make a problem of an error; its message begins with the path and line, if any."""
    folder = path if path.is_dir() else path.parent
    text = str(error).rstrip(".").replace(f"{folder}/", "")
    match = re.match(r"(?P<file>[^\s:]+)(?::(?P<line>\d+))? (?P<what>.*)", text, re.S)
    spot = spot_of(path, problems)
    if match and (folder / match["file"]).is_file():
        spot = spot_of(Path(match["file"]), problems)
        spot = spot.on(int(match["line"])) if match["line"] else spot
        text = match["what"]
    spot.tell("cannot-be-read", text, severity=ERROR)

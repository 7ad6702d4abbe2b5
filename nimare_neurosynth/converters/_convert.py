"""The one way in: any form to any form."""

from __future__ import annotations

import warnings
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.converters._dataset import write_dataset
from nimare_neurosynth.converters._diff import diff_databases
from nimare_neurosynth.converters._report import Report
from nimare_neurosynth.converters._sleuth import write_sleuth
from nimare_neurosynth.converters._studysets import write_nimads, write_parquet
from nimare_neurosynth.converters._tables import (
    write_csv,
    write_legacy,
    write_neurosynth,
)
from nimare_neurosynth.database import Database
from nimare_neurosynth.errors import FormatError, OptionError, suggest
from nimare_neurosynth.io import (
    check_folder,
    read_database,
    to_bibtex,
    write_atomic,
    write_database,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def _write_database(database: Database, folder: Path, report: Report) -> None:
    write_database(database, folder)
    report.files += sorted(p.name for p in folder.iterdir())


def _write_bibtex(database: Database, path: Path, report: Report) -> None:
    write_atomic(path, to_bibtex(database.studies))
    report.files.append(path.name)
    report.lost.append("everything but the studies' titles, authors, journals, years")


_WRITERS: dict[str, tuple[str, Callable[[Database, Path, Report], None]]] = {
    "database": ("a folder: the compiled form", _write_database),
    "neurosynth": ("a folder: Neurosynth's layout since 2021", write_neurosynth),
    "neurosynth-legacy": ("a folder: database.txt and features.txt", write_legacy),
    "nimads": ("a .json: NIMADS, an analysis for each table", write_nimads),
    "nimare": (
        "a .json: NiMARE's old Dataset, one contrast a table",
        write_dataset,
    ),
    "parquet": ("a folder: NiMARE's parquet tables", write_parquet),
    "csv": ("a folder: peaks.csv, studies.csv, labels_*.csv", write_csv),
    "sleuth": ("a .txt: Sleuth and GingerALE, one file for each space", write_sleuth),
    "bibtex": ("a .bib: the studies", _write_bibtex),
}

FORMATS = {name: what for name, (what, _) in _WRITERS.items()}
"""Forms that can be written, and what they are."""

_VERIFIED = frozenset(
    {"database", "neurosynth", "neurosynth-legacy", "nimads", "nimare", "parquet"}
)
_ENDINGS = {
    "nimads": (".json", ".json.gz"),
    "nimare": (".json",),
    "sleuth": (".txt",),
    "bibtex": (".bib",),
}
"""How files end; of two forms that end alike, the first is meant."""


def format_of(target: str | Path) -> str:
    """Tell from its name what a target is to be: a folder is a compiled database."""
    name = Path(target).name.lower()
    named = (form for form, ends in _ENDINGS.items() if name.endswith(ends))
    return next(named, "database")


def check_target(target: str | Path, to: str | None = None) -> str:
    """Check, before anything is read, that a form can be written there.

    Parameters
    ----------
    target : str or path
        Where to.
    to : str, optional
        One of :data:`FORMATS`; told from the ending of the target by default.

    Returns
    -------
    str
        The form.

    Raises
    ------
    OptionError
        If there is no such form, or the target's ending is that of another.
    FormatError
        If the target cannot be written.
    """
    path = Path(target)
    form = format_of(path) if to is None else to
    if form not in _WRITERS:
        raise OptionError(
            f"to must be one of {', '.join(FORMATS)}, got {to!r}."
            f"{suggest(str(to), FORMATS)}"
        )
    endings = _ENDINGS.get(form, ())
    if endings and not path.name.lower().endswith(endings):
        raise OptionError(
            f"{form} is written into a file that ends in {' or '.join(endings)}."
        )
    if endings and path.is_dir():
        raise FormatError(f"{path} is a folder: {form} is written into a file.")
    check_folder(path.parent if endings else path)
    if not endings and form != "database" and path.is_dir() and any(path.iterdir()):
        raise FormatError(
            f"{path} is not empty: what is in it would be read as a part of what is "
            "written. Name a new folder."
        )
    return form


def convert(
    source: Database | str | Path,
    target: str | Path,
    *,
    to: str | None = None,
    verify: bool = True,
    **options: Any,
) -> Report:
    """Write a database in another form.

    Parameters
    ----------
    source : Database, str or path
        Anything that can be read; see :func:`nimare_neurosynth.read_database`.
    target : str or path
        A folder, or a file for the forms that are one.
    to : str, optional
        One of :data:`FORMATS`; told from the ending of the target by default
        (``.json`` NIMADS, ``.txt`` Sleuth, ``.bib`` BibTeX; a folder is a compiled
        database).
    verify : bool
        Read what was written, and say what differs: the account is then of what is
        there, not of what was meant. (For forms that :func:`read_database` reads from
        one folder or file; not for ``csv``, ``sleuth`` and ``bibtex``.)
    **options
        How the source is read: ``features``, ``annotation``, ``row_order``, ``counts``.

    Returns
    -------
    Report
        What was carried, changed and lost.

    Raises
    ------
    OptionError
        If there is no such form, or the target's ending is that of another.
    FormatError
        If the source cannot be read or the target not written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nimare_neurosynth import load_demo
    >>> with TemporaryDirectory() as folder:
    ...     report = convert(load_demo(), Path(folder, "old"), to="neurosynth-legacy")
    >>> report.carried["peaks"], report.files
    (9492, ['database.txt', 'features.txt'])
    """
    path = Path(target)
    form = check_target(path, to)
    if isinstance(source, Database):
        if options:
            raise OptionError("options are for reading: a Database has been read.")
        database, where = source, str(source.about)
    elif isinstance(source, str | PathLike):
        database, where = read_database(source, **options), fspath(source)
    else:
        raise OptionError(f"a Database or a path is needed, got {source!r}.")
    report = Report(where, str(path), form, _size(database))
    _WRITERS[form][1](database, path, report)
    if verify and form in _VERIFIED:
        _verify(database, path, report)
    return report


def _verify(database: Database, path: Path, report: Report) -> None:
    """Compare what was written with what it was made of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oddities of the data, told when it was read
        how: dict[str, Any] = {"counts": "keep"} if report.form == "neurosynth" else {}
        found = diff_databases(database, read_database(path, **how))
    report.verified = True
    report.lost += [f"read back: {what}" for what in found.removed]
    report.changed += [f"read back: new {what}" for what in found.added]
    report.changed += [f"read back: {what}" for what in found.changed]


def _size(database: Database) -> dict[str, int]:
    sizes = {"studies": database.n_studies}
    if "analyses" in database.table_names:
        sizes["analyses"] = len(database.table("analyses"))
    sizes["peaks"] = len(database.peaks)
    for labels in database.label_sets.values():
        sizes[f"labels of {labels.name}"] = len(labels)
    return sizes

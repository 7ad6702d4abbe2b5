"""One door for everything that can be read."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import (
    FormatError,
    NeurosynthError,
    OptionError,
    suggest,
)
from nimare_neurosynth.io._build import build
from nimare_neurosynth.io._cache import cache_folder, fingerprint
from nimare_neurosynth.io._compiled import COMPILED, open_database, write_database
from nimare_neurosynth.io._from_studyset import from_studyset
from nimare_neurosynth.io._manifest import has_manifest
from nimare_neurosynth.io._mined import is_mined_folder, read_mined
from nimare_neurosynth.io._neurosynth import (
    COUNTS,
    check_counts_option,
    is_neurosynth_folder,
    read_neurosynth,
)
from nimare_neurosynth.io._nimads import JSON_ENDINGS, is_json, is_parquet_folder
from nimare_neurosynth.io._public_names import PUBLIC_DATABASES, is_public_name
from nimare_neurosynth.io._row_order import METADATA
from nimare_neurosynth.io._rows import check_row_order_option, warn_of_row_order
from nimare_neurosynth.io._sleuth import is_sleuth, read_sleuth
from nimare_neurosynth.io._user_table import read_user_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from nimare_neurosynth.database import Database

READER_VERSION = "2"
"""Raise it when readers give other results: cached databases are then made again."""

TABLE_ENDINGS = (".txt", ".tsv", ".csv", ".txt.gz", ".tsv.gz", ".csv.gz")


def read_database(
    path: str | PathLike[str],
    *,
    features: str | PathLike[str] | None = None,
    annotation: str | PathLike[str] | None = None,
    row_order: str = METADATA,
    counts: str = COUNTS[0],
    cache: bool = False,
) -> Database:
    r"""Read a database of studies, whatever form it has.

    Parameters
    ----------
    path : str or path
        A compiled database (see :func:`write_database`), a folder in the 2021+ layout
        of Neurosynth's data (``*_coordinates.tsv.gz``, ``*_metadata.tsv.gz``,
        ``*_features.npz``, ``*_vocabulary.txt``), a folder with ``database.txt`` and
        ``features.txt``, a table with the columns ``id``, ``x``, ``y``, ``z`` and
        ``space`` (tab- or comma-separated, plain or gzipped), Sleuth text (``.txt``),
        what pubget or ACE extracted (``coordinates.csv``, ``metadata.csv``), a
        NIMADS studyset (``.json``, ``.json.gz``), or a folder of NeuroStore's or
        NiMARE's parquet tables.
    features : str or path, optional
        For a table of peaks: a table of labels, study ids in its first column.
    annotation : str or path, optional
        For a NIMADS studyset or parquet tables: a NIMADS annotation of its analyses
        (``.json``, ``.json.gz``), where that is not in the studyset itself.
    row_order : {"metadata", "text", "number", "coordinates", "auto"}
        For a folder in the 2021+ layout: which study each row of its matrices belongs
        to. Rows follow the metadata, the ids sorted as text or as numbers, or the
        coordinates' first mention of each study; ``"auto"`` takes, for each label set,
        the order that fits titles where that of the metadata does not. You are warned
        where another order fits: see :func:`nimare_neurosynth.io.check_row_order`.
    counts : {"tfidf", "presence", "keep"}
        For a folder in the 2021+ layout: what becomes of label sets that are counts
        (``type-count``), as NeuroQuery's are.
    cache : bool
        Keep the compiled form in the user's cache, so that the same files open at once
        the next time.

    Returns
    -------
    Database

    Raises
    ------
    FormatError
        If there is nothing there, or it is damaged or of no known form.
    OptionError
        If there is no such option, or these files cannot have it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     table = Path(folder, "mine.csv")
    ...     _ = table.write_text("id,x,y,z,space\n1,0,-52,26,MNI\n")
    ...     read_database(table)
    <Database mine: 1 studies, 1 peaks; labels: none>
    """
    if not isinstance(path, str | PathLike) or not str(path):
        raise FormatError(f"the path of a database is needed, got {path!r}.")
    check_row_order_option(row_order)
    check_counts_option(counts)
    source = Path(path)
    labels = None if features is None else Path(features)
    noted = None if annotation is None else Path(annotation)
    if not _exists(source):
        raise FormatError(f"there is no file or folder {source}.{_neighbours(source)}")
    if labels is not None and not (_exists(labels) and labels.is_file()):
        raise FormatError(f"there is no file of features {labels}.")
    if noted is not None and not (_exists(noted) and noted.is_file()):
        raise FormatError(f"there is no annotation {noted}.")
    if source.is_dir() and has_manifest(source):
        _no_features(labels, "a compiled database has its labels in it")
        _no_annotation(noted, "a compiled database")
        _no_options(row_order, counts, "a compiled database", "read its source again")
        return _opened(source)
    options = (row_order, counts)
    if not cache:
        return _read(source, labels, noted, *options)
    inputs = _inputs(source, labels, noted)
    versions = (READER_VERSION, str(COMPILED.version))
    key = fingerprint(inputs, *versions, *options, source.name)
    folder = cache_folder() / "databases" / key
    try:
        return _opened(folder)
    except FormatError:
        database = _read(source, labels, noted, *options)
    try:
        write_database(database, folder)
        return open_database(folder)
    except NeurosynthError:  # the cache cannot be written: it is only a cache
        return database


def _opened(folder: Path) -> Database:
    database = open_database(folder)
    warn_of_row_order(database.notes)
    return database


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, or characters that no file can have
        return False


def _read(
    source: Path,
    features: Path | None,
    annotation: Path | None,
    row_order: str,
    counts: str,
) -> Database:
    form = form_of(source)
    if form in {"parquet", "nimads"}:
        _no_features(features, "a studyset has its labels in annotations")
        _no_options(row_order, counts, "a studyset", "leave it out")
        return from_studyset(source, annotation=annotation)
    _no_annotation(annotation, "other forms of a database")
    if form == "neurosynth":
        _no_features(features, "a folder in Neurosynth's layout has its labels in it")
        parts = read_neurosynth(source, row_order=row_order, counts=counts)
        warn_of_row_order(parts.notes)
        return build(parts)
    if form in _PLAIN:
        what, why, read = _PLAIN[form]
        _no_features(features, why)
        _no_options(row_order, counts, what, "leave it out")
        return build(read(source))
    peaks = source
    if form == "legacy":
        found, own_features = legacy_files(source)
        peaks, features = found or source, features or own_features
    _no_options(row_order, counts, "a table of peaks", "leave it out")
    return build(read_user_table(peaks, features))


_PLAIN = {
    "mined": (
        "what pubget and ACE extract",
        "what pubget and ACE extract has no labels",
        read_mined,
    ),
    "sleuth": ("a Sleuth text", "a Sleuth text has no labels", read_sleuth),
}


_FOLDERS: dict[str, Callable[[Path], bool]] = {
    "parquet": is_parquet_folder,
    "neurosynth": is_neurosynth_folder,
    "mined": is_mined_folder,
    "legacy": lambda folder: legacy_files(folder)[0] is not None,
}


def form_of(source: Path) -> str:
    """Tell the form of a file or folder.

    Parameters
    ----------
    source : pathlib.Path
        It is there.

    Returns
    -------
    {"parquet", "neurosynth", "mined", "legacy", "nimads", "sleuth", "table"}
        Of folders, the first four; compiled ones have a manifest, and are none of them.

    Raises
    ------
    FormatError
        If it is of no known form.
    """
    if not source.is_dir():
        if is_json(source) or is_sleuth(source):
            return "nimads" if is_json(source) else "sleuth"
        _check_table_name(source)
        return "table"
    for form, is_it in _FOLDERS.items():
        if is_it(source):
            return form
    raise FormatError(
        f"{source} is no database of a known form: it has neither {_FORMS}."
    )


_FORMS = (
    "manifest.json (a compiled database), *_coordinates.tsv.gz with *_metadata.tsv.gz "
    "(Neurosynth's layout since 2021), studies.parquet with analyses.parquet "
    "(NeuroStore's and NiMARE's) nor database.txt"
)


def legacy_files(folder: Path) -> tuple[Path | None, Path | None]:
    """Find the table of peaks and that of features in a folder of legacy Neurosynth."""

    def first(name: str) -> Path | None:
        both = (folder / name, folder / f"{name}.gz")
        return next((path for path in both if path.is_file()), None)

    return first("database.txt"), first("features.txt")


def _inputs(source: Path, features: Path | None, annotation: Path | None) -> list[Path]:
    own = [source] if source.is_file() else sorted(source.iterdir())
    files = [path for path in own if path.is_file()]
    return [*files, *(path for path in (features, annotation) if path is not None)]


def _no_features(features: Path | None, why: str) -> None:
    if features is not None:
        raise FormatError(f"features are only for tables of peaks: {why}.")


def _no_annotation(annotation: Path | None, what: str) -> None:
    if annotation is not None:
        raise FormatError(
            f"an annotation is only for NIMADS studysets or tables, not for {what}."
        )


def _no_options(row_order: str, counts: str, what: str, instead: str) -> None:
    given = {"row_order": (row_order, METADATA), "counts": (counts, COUNTS[0])}
    for name, (value, default) in given.items():
        if value != default:
            raise OptionError(
                f"{name}={value!r} is only for folders in Neurosynth's layout since "
                f"2021, not for {what}: {instead}."
            )


def _check_table_name(source: Path) -> None:
    if not source.name.lower().endswith(TABLE_ENDINGS):
        raise FormatError(
            f"{source} is of no known form: tables of peaks end in "
            f"{', '.join(TABLE_ENDINGS)}, studysets in {' or '.join(JSON_ENDINGS)}; "
            "anything else must be a folder."
        )


def _neighbours(source: Path) -> str:
    if is_public_name(str(source)):
        return (
            f" It is the name of a public database, which "
            f"nimare_neurosynth.fetch({str(source)!r}) gets."
        )
    if not source.parent.is_dir():
        return ""
    names = [path.name for path in source.parent.iterdir()]
    if source.name == str(source):
        names += PUBLIC_DATABASES
    return suggest(source.name, names)

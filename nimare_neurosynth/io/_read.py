"""One door for everything that can be read."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import FormatError, NeurosynthError, suggest
from nimare_neurosynth.io._build import build
from nimare_neurosynth.io._cache import cache_folder, fingerprint
from nimare_neurosynth.io._compiled import open_database, write_database
from nimare_neurosynth.io._manifest import FORMAT_VERSION, is_compiled
from nimare_neurosynth.io._neurosynth import is_neurosynth_folder, read_neurosynth
from nimare_neurosynth.io._user_table import read_user_table

if TYPE_CHECKING:
    from nimare_neurosynth.database import Database

_READER_VERSION = "1"
"""Raise it when readers give other results: cached databases are then made again."""

_TABLE_ENDINGS = (".txt", ".tsv", ".csv", ".txt.gz", ".tsv.gz", ".csv.gz")


def read_database(
    path: str | PathLike[str],
    *,
    features: str | PathLike[str] | None = None,
    cache: bool = False,
) -> Database:
    r"""Read a database of studies, whatever form it has.

    Parameters
    ----------
    path : str or path
        A compiled database (see :func:`write_database`), a folder in the 2021+ layout
        of Neurosynth's data (``*_coordinates.tsv.gz``, ``*_metadata.tsv.gz``,
        ``*_features.npz``, ``*_vocabulary.txt``), a folder with ``database.txt`` and
        ``features.txt``, or a table with the columns ``id``, ``x``, ``y``, ``z`` and
        ``space`` (tab- or comma-separated, plain or gzipped).
    features : str or path, optional
        For a table of peaks: a table of labels, study ids in its first column.
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
    source = Path(path)
    labels = None if features is None else Path(features)
    if not _exists(source):
        raise FormatError(f"there is no file or folder {source}.{_neighbours(source)}")
    if labels is not None and not (_exists(labels) and labels.is_file()):
        raise FormatError(f"there is no file of features {labels}.")
    if source.is_dir() and is_compiled(source):
        _no_features(labels, "a compiled database has its labels in it")
        return open_database(source)
    if not cache:
        return _read(source, labels)
    inputs = _inputs(source, labels)
    key = fingerprint(inputs, _READER_VERSION, str(FORMAT_VERSION), source.name)
    folder = cache_folder() / "databases" / key
    try:
        return open_database(folder)
    except FormatError:
        database = _read(source, labels)
    try:
        write_database(database, folder)
        return open_database(folder)
    except NeurosynthError:  # the cache cannot be written: it is only a cache
        return database


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long, or characters that no file can have
        return False


def _read(source: Path, features: Path | None) -> Database:
    if not source.is_dir():
        _check_table_name(source)
        return build(read_user_table(source, features))
    if is_neurosynth_folder(source):
        _no_features(features, "a folder in Neurosynth's layout has its labels in it")
        return build(read_neurosynth(source))
    peaks, own_features = _legacy_files(source)
    if peaks is None:
        raise FormatError(
            f"{source} is no database of a known form: it has neither {_FORMS}."
        )
    return build(read_user_table(peaks, features or own_features))


_FORMS = (
    "manifest.json (a compiled database), *_coordinates.tsv.gz with *_metadata.tsv.gz "
    "(Neurosynth's layout since 2021) nor database.txt"
)


def _legacy_files(folder: Path) -> tuple[Path | None, Path | None]:
    def first(name: str) -> Path | None:
        both = (folder / name, folder / f"{name}.gz")
        return next((path for path in both if path.is_file()), None)

    return first("database.txt"), first("features.txt")


def _inputs(source: Path, features: Path | None) -> list[Path]:
    own = [source] if source.is_file() else sorted(source.iterdir())
    files = [path for path in own if path.is_file()]
    return files if features is None else [*files, features]


def _no_features(features: Path | None, why: str) -> None:
    if features is not None:
        raise FormatError(f"features are only for tables of peaks: {why}.")


def _check_table_name(source: Path) -> None:
    if not source.name.lower().endswith(_TABLE_ENDINGS):
        raise FormatError(
            f"{source} is of no known form: tables of peaks end in "
            f"{', '.join(_TABLE_ENDINGS)}; anything else must be a folder."
        )


def _neighbours(source: Path) -> str:
    if not source.parent.is_dir():
        return ""
    return suggest(source.name, (path.name for path in source.parent.iterdir()))

"""From text files to NiMARE's old Dataset, as guides show it."""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.converters import check_target, convert
from nimare_neurosynth.errors import OptionError, suggest
from nimare_neurosynth.io import read_database, to_dataset
from nimare_neurosynth.legacy._advice import old

if TYPE_CHECKING:
    from nimare_neurosynth.database import Database

__all__ = [
    "convert_neurosynth_to_dataset",
    "convert_neurosynth_to_dict",
    "convert_neurosynth_to_json",
]

_TABLES = ("text_file", "coordinates_table", "coordinates_file")
_LABELS = ("annotations_file", "annotations_files")
_VOCABULARY = re.compile(r"vocab-([^_]+)_")
_COORDINATES = "_coordinates.tsv.gz"


@old("convert_neurosynth_to_dict")
def convert_neurosynth_to_dict(
    text_file: Any = None, annotations_file: Any = None, **others: Any
) -> dict[str, Any]:
    """Read text files as the dict that NiMARE's old Dataset is made of.

    Parameters
    ----------
    text_file : str or path
        ``database.txt``, or whatever else :func:`nimare_neurosynth.read_database`
        reads: a folder of Neurosynth's data since 2021, or the file of coordinates in
        one. Also called ``coordinates_table`` or ``coordinates_file``.
    annotations_file : str, path, or list of these, optional
        ``features.txt``; of a folder, the files of features that are wanted, all by
        default. Also called ``annotations_files``.
    **others
        The other names of these; ``metadata_file``, which is found beside the
        coordinates, is not looked at.

    Returns
    -------
    dict
        Studies by id, each with its ``contrasts``: one for each table of the paper,
        with ``coords`` and ``labels``.

    Raises
    ------
    FormatError, OptionError
        If a file cannot be read, or there is no such option.
    """
    database = _read(text_file, annotations_file, others)
    with tempfile.TemporaryDirectory(prefix="nimare-neurosynth-") as folder:
        path = Path(folder, "dataset.json")
        convert(database, path, to="nimare", verify=False)
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@old("convert_neurosynth_to_json")
def convert_neurosynth_to_json(
    text_file: Any = None,
    out_file: Any = None,
    annotations_file: Any = None,
    **others: Any,
) -> None:
    """Write text files as the JSON that NiMARE's old Dataset reads.

    Parameters
    ----------
    text_file, annotations_file, **others
        As for :func:`convert_neurosynth_to_dict`.
    out_file : str or path
        Ends in ``.json``; written whole or not at all.
    """
    if not isinstance(out_file, str | PathLike):
        raise OptionError(f"out_file must be the name of a file, got {out_file!r}.")
    check_target(Path(out_file), "nimare")
    database = _read(text_file, annotations_file, others)
    convert(database, Path(out_file), to="nimare", verify=False)


@old("convert_neurosynth_to_dataset")
def convert_neurosynth_to_dataset(
    text_file: Any = None, annotations_file: Any = None, **others: Any
) -> Any:
    """Make NiMARE's old Dataset of text files, as long as NiMARE has it.

    Parameters
    ----------
    text_file, annotations_file, **others
        As for :func:`convert_neurosynth_to_dict`.

    Returns
    -------
    nimare.dataset.Dataset
    """
    return to_dataset(_read(text_file, annotations_file, others), by="table")


# ------------------------------------------------------------------------ arguments


def _read(text_file: Any, annotations_file: Any, others: dict[str, Any]) -> Database:
    """Read a database as either generation of calls names it."""
    allowed = {*_TABLES, *_LABELS, "metadata_file"}
    for name in others:
        if name not in allowed:
            raise OptionError(f"there is no option {name!r}.{suggest(name, allowed)}")
    table = _one_of(_TABLES, text_file, others)
    if not isinstance(table, str | PathLike):
        raise OptionError(f"text_file must be the path of a database, got {table!r}.")
    labels = _files(_one_of(_LABELS, annotations_file, others))
    path = Path(table)
    if path.name.endswith(_COORDINATES) and path.is_file():
        path = path.parent  # which has all that belongs to them
    if path.is_dir():
        # before there were options by name, metadata were given second
        names = [f for f in labels if "_metadata." not in f.name]
        return _with_vocabularies(read_database(path), names)
    database = read_database(path, features=labels[0] if labels else None)
    for file in labels[1:]:
        [more] = read_database(path, features=file).label_sets.values()
        database = database.with_label_set(replace(more, name=_stem(file)))
    return database


def _one_of(names: tuple[str, ...], first: Any, others: dict[str, Any]) -> Any:
    """Give an option that has several names."""
    given = [n for n in names if others.get(n) is not None]
    values = [others[name] for name in given]
    values += [first] if first is not None else []
    if len(values) > 1:
        raise OptionError(f"{given[0]} is the same as {names[0]}: give one of them.")
    return values[0] if values else None


def _files(given: Any) -> list[Path]:
    """List the files of labels; newer calls give a dict for each of them."""
    if given is None:
        return []
    files = []
    for one in given if isinstance(given, list | tuple) else [given]:
        file = one.get("features") if isinstance(one, dict) else one
        if isinstance(file, list | tuple):
            files += _files(file)
        elif isinstance(file, str | PathLike):
            files.append(Path(file))
        else:
            raise OptionError(
                f"annotations_file must be a file or a list of files, got {one!r}."
            )
    return files


def _stem(file: Path) -> str:
    return file.name.removesuffix(".gz").rpartition(".")[0] or file.name


def _with_vocabularies(database: Database, files: list[Path]) -> Database:
    """Keep the label sets whose files were named."""
    if not files:
        return database
    found = [_VOCABULARY.search(file.name) for file in files]
    return database.with_only(
        m[1] if m else _stem(f) for m, f in zip(found, files, strict=True)
    )

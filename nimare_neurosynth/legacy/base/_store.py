"""A Dataset in one file: what the old package pickled, without running any code.

It is a zip archive of ``dataset.json`` (options), ``database/`` (in the compiled form),
``features.npz``, ``brain.nii.gz`` and ``layers.npz``.
"""

from __future__ import annotations

import io
import json
import shutil
import weakref
import zipfile
from copy import copy, deepcopy
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import open_database, write_atomic, write_database
from nimare_neurosynth.legacy._frames import OldFrame
from nimare_neurosynth.legacy.base._activations import activations_of, read_transform
from nimare_neurosynth.legacy.base._features import FeatureTable
from nimare_neurosynth.legacy.base.imageutils import write_image
from nimare_neurosynth.legacy.base.mask import Masker

if TYPE_CHECKING:
    from nimare_neurosynth.legacy.base.dataset import Dataset

FORM, VERSION = "nimare_neurosynth legacy Dataset", 1
_PICKLES = (b"\x80", b"(", b"c", b"]", b"}")
"""How pickles begin, of any protocol."""

_MOST_BYTES = 64 << 30


def save(dataset: Dataset, filename: str | PathLike[str]) -> None:
    """Write a Dataset into one file, whole or not at all."""
    target = _named(filename)
    if not target.parent.is_dir():
        raise FormatError(f"there is no folder {target.parent}.")
    content = io.BytesIO()
    with TemporaryDirectory(prefix="nimare-neurosynth-") as name:
        folder = Path(name)
        write_database(dataset.database, folder / "database")
        _write_features(dataset.feature_table, folder / "features.npz")
        write_image(folder / "brain.nii.gz", dataset.masker.volume)
        with (folder / "layers.npz").open("wb") as stream:
            np.savez_compressed(stream, **dataset.masker.layers)  # type: ignore[arg-type]
        text = json.dumps(_facts(dataset), ensure_ascii=False)
        (folder / "dataset.json").write_text(text, encoding="utf-8")
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as z:
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                z.write(path, path.relative_to(folder).as_posix())
    write_atomic(target, content.getvalue())


def _named(filename: Any) -> Path:
    if not isinstance(filename, str | PathLike):
        raise FormatError(f"the path of a file is needed, got {filename!r}.")
    return Path(filename)


def copied(dataset: Dataset) -> Dataset:
    """Copy a Dataset, but for its database, in which nothing changes."""
    made = dataset.__class__.__new__(dataset.__class__)
    vars(made).update(vars(dataset))
    made.activations = dataset.activations.copy()
    if dataset.made_of is dataset.activations:
        made.made_of = made.activations
    made.masker = deepcopy(dataset.masker)
    made.image_table = copy(dataset.image_table)
    made.image_table.masker = made.masker
    made.feature_table = FeatureTable(made)
    made.feature_table.data = dataset.feature_table.data.copy()
    return made


def _facts(dataset: Dataset) -> dict[str, Any]:
    transformer = dataset.transformer
    return {
        "form": FORM,
        "version": VERSION,
        "r": float(dataset.r),
        "talairach": dataset.talairach,
        "target": transformer.target if transformer else "MNI",
        "transformations": {
            name: np.asarray(matrix).tolist()
            for name, matrix in (
                transformer.transformations if transformer else {}
            ).items()
        },
        "rows": dataset.image_table.rows.tolist(),
        "layers": dataset.masker.stack,
    }


def _write_features(table: FeatureTable, path: Path) -> None:
    from scipy.sparse import csr_array, save_npz

    data = table.data
    plain = [i.item() if isinstance(i, np.generic) else i for i in data.index]
    names = {"ids": plain, "features": [str(c) for c in data.columns]}
    with path.open("wb") as stream:
        save_npz(stream, csr_array(data.to_numpy(np.float64)))
    text = json.dumps(names, ensure_ascii=False)
    path.with_suffix(".json").write_text(text, encoding="utf-8")


def load(kind: type[Dataset], filename: str | PathLike[str]) -> Dataset:
    """Read a Dataset that :func:`save` wrote.

    Raises
    ------
    FormatError
        If it is something else: above all, a pickle of the old package.
    """
    path = _named(filename)
    if not path.is_file():
        raise FormatError(f"there is no file {path}.")
    with path.open("rb") as stream:
        begin = stream.read(2)
    if begin != b"PK":
        raise FormatError(_what_else(path, begin))
    folder = mkdtemp(prefix="nimare-neurosynth-")
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(archive)
            archive.extractall(folder)
        made = _read(kind, Path(folder))
    except FormatError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise FormatError(
            f"{path} is no Dataset, or damaged ({error}): make it anew from its text "
            "files."
        ) from error
    # the database reads from it as long as it lives
    weakref.finalize(made.database, shutil.rmtree, folder, ignore_errors=True)
    return made


def _check_size(archive: zipfile.ZipFile) -> None:
    if sum(i.file_size for i in archive.infolist()) > _MOST_BYTES:
        raise FormatError(f"{archive.filename} unpacks to more than 64 GB.")


def _what_else(path: Path, begin: bytes) -> str:
    again = (
        'read the text files again, Dataset("database.txt") and '
        'add_features("features.txt"), which takes seconds, and save() that.'
    )
    if begin[:1] in _PICKLES:
        return (
            f"{path} seems to be a pickle of the old package. Pickles can run code, "
            "and this one needs modules that no longer exist: it is not opened. "
            f"Instead, {again}"
        )
    return f"{path} was not written by Dataset.save(): {again}"


def _read(kind: type[Dataset], folder: Path) -> Dataset:
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    if facts["form"] != FORM or facts["version"] != VERSION:
        raise FormatError(
            f"this file is of version {facts['version']!r}, and this package reads "
            f"{VERSION}: update nimare-neurosynth, or save the Dataset again."
        )
    made = kind.__new__(kind)
    made.database = open_database(folder / "database")
    made.talairach = facts["talairach"]
    made.r = facts["r"]
    matrices = {n: np.array(m) for n, m in facts["transformations"].items()}
    made.transformer = read_transform(matrices, facts["target"]) if matrices else None
    plain = facts["talairach"] is not None
    made.activations, _ = activations_of(
        made.database, plain, made.transformer if plain else None
    )
    made.made_of = made.activations
    made.masker = Masker(folder / "brain.nii.gz")
    with np.load(folder / "layers.npz", allow_pickle=False) as layers:
        made.masker.add({name: layers[name] for name in facts["layers"]})
    made.create_image_table()
    table = made.image_table
    rows = np.array(facts["rows"], dtype=np.int64)
    table.trim(table.ids[np.isin(table.rows, rows)])
    made.feature_table = FeatureTable(made)
    made.feature_table.data = _read_features(folder / "features.npz")
    return made


def _read_features(path: Path) -> OldFrame:
    from scipy.sparse import load_npz

    names = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    weights = load_npz(path).toarray()
    return OldFrame(weights, index=names["ids"], columns=names["features"])

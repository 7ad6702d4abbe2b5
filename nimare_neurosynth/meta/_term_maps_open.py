"""Opening a folder of term maps."""

from __future__ import annotations

import json
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import (
    FolderFormat,
    check_files,
    load_array,
    manifest_format,
    read_manifest,
)
from nimare_neurosynth.meta._term_maps import TermMaps
from nimare_neurosynth.space import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

TERM_MAPS = FolderFormat(
    name="nimare-neurosynth-term-maps",
    version=1,
    title="folder of term maps",
    remedy="run term_maps again",
    fields={
        "request": dict,
        "n_studies": int,
        "n_voxels": int,
        "n_labels": int,
        "mask": dict,
        "chunks": list,
        "database": dict,
    },
    beside=frozenset({"summary.tsv", "summary.json"}),
)
INDEX = np.dtype(
    [
        ("chunk", "<i4"),
        ("offset", "<i8"),
        ("n_bytes", "<i8"),
        ("width", "<u1"),
        ("crc32", "<u4"),
        ("n_selected", "<i8"),
        ("expected", "<f8"),
    ]
)
"""Where each label's counts are, and the two numbers that its tests need besides."""

_REQUEST = ("label_set", "threshold", "universe", "radius_mm", "talairach", "fdr_q")
_DATABASE = ("name", "version", "n_studies", "n_peaks", "attribution")
_DAMAGE = (OSError, AttributeError, LookupError, TypeError, ValueError)


def open_term_maps(folder: str | Path) -> TermMaps:
    """Open a folder of term maps.

    Parameters
    ----------
    folder : str or path
        What :func:`term_maps` made.

    Returns
    -------
    TermMaps
        Nothing is read but an index; counts are mapped. It stays what it was when it
        was opened, also while another process replaces it.

    Raises
    ------
    FormatError
        If the folder holds no term maps, was written by a newer version of this
        package, or lacks a file or a part of one.
    """
    root = Path(folder)
    while True:
        manifest = read_manifest(root, TERM_MAPS)
        try:
            return _open(root, manifest)
        except _DAMAGE as error:
            if read_manifest(root, TERM_MAPS)["parts"] != manifest["parts"]:
                continue  # it was replaced while it was being opened
            if isinstance(error, FormatError):
                raise
            raise FormatError(
                f"{root} is damaged ({error}): {TERM_MAPS.remedy}."
            ) from error


def is_term_maps(folder: Path) -> bool:
    """Tell whether a folder says of itself that it holds term maps."""
    return manifest_format(folder) == TERM_MAPS.name


def _open(root: Path, manifest: dict[str, Any]) -> TermMaps:
    check_files(root, manifest, TERM_MAPS)
    _check_facts(manifest)
    parts = root / manifest["parts"]
    names = json.loads((parts / "labels.json").read_text(encoding="utf-8"))
    index = load_array(parts / "index.npy", mapped=False)
    totals = load_array(parts / "totals.npy", mapped=False)
    flat_index = load_array(parts / "mask.npy", mapped=False)
    chunks = tuple(_mapped(parts / name) for name in manifest["chunks"])
    _check_index(index, chunks, manifest)
    mask = _mask(flat_index, manifest["mask"])
    chosen = tuple(zip(names["n_chosen"], names["ids_sha256"], strict=True))
    sizes = {len(names["labels"]), len(chosen), len(index)}
    voxels = {len(totals), mask.n_voxels}
    if sizes != {manifest["n_labels"]} or voxels != {manifest["n_voxels"]}:
        raise ValueError("its tables have different lengths")
    return TermMaps(
        folder=root,
        labels=tuple(names["labels"]),
        n_selected=index["n_selected"].astype(np.int64),
        n_studies=manifest["n_studies"],
        totals=totals,
        mask=mask,
        facts=manifest,
        _index=index,
        _chosen=chosen,
        _chunks=chunks,
        _summary=_mapped(parts / "summary.parquet"),
    )


def _check_facts(manifest: dict[str, Any]) -> None:
    """Refuse a manifest that lacks what maps are described with."""
    lacking = [key for key in _REQUEST if key not in manifest["request"]]
    lacking += [key for key in _DATABASE if key not in manifest["database"]]
    if lacking:
        raise ValueError(f"its manifest lacks {lacking[0]!r}")
    strange = [name for name in manifest["chunks"] if name not in manifest["files"]]
    if strange:
        raise ValueError(f"its manifest names the file {strange[0]!r}")


def _mask(flat_index: NDArray[Any], facts: dict[str, Any]) -> Mask:
    """Make the mask, if its voxels are in its volume, ascending."""
    i, j, k = facts["shape"]
    affine = np.array(facts["affine"], dtype=np.float64)
    whole = all(isinstance(n, int) and n > 0 for n in (i, j, k))
    ordered = flat_index.dtype == np.int32 and bool((np.diff(flat_index) > 0).all())
    if not whole or affine.shape != (4, 4) or not ordered or not len(flat_index):
        raise ValueError("its mask is of another form")
    if flat_index[0] < 0 or flat_index[-1] >= i * j * k:
        raise ValueError("its mask has voxels outside its volume")
    return Mask((i, j, k), affine, flat_index)


def _check_index(
    index: NDArray[Any], chunks: tuple[memoryview, ...], manifest: dict[str, Any]
) -> None:
    if index.dtype != INDEX or index.ndim != 1:
        raise ValueError("its index is of another form")
    ends = np.array([len(chunk) for chunk in chunks], dtype=np.int64)
    inside = (
        ((index["chunk"] >= 0) & (index["chunk"] < len(chunks))).all()
        and (index["offset"] >= 0).all()
        and (index["n_bytes"] >= 0).all()
    )
    if not inside or (index["offset"] > ends[index["chunk"]] - index["n_bytes"]).any():
        raise ValueError("its index points outside its files")
    sizes = index["n_selected"]
    if ((sizes < 0) | (sizes > manifest["n_studies"])).any():
        raise ValueError("its index names more studies than there are")


def _mapped(path: Path) -> memoryview:
    """Map a file: it stays readable when its name is gone."""
    with path.open("rb") as stream:
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))

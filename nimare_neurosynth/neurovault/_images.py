"""Files of images: downloaded once, looked at, and told by their hash.

::

    downloads/neurovault.org/collection-457/
        image-10426-1f0c9a2b.nii.gz     the number, and of which state of the image
        hashes.json                     what files were like when they came

No name comes from the server. The end of a name changes when the owner replaces an
image, so that an old file is never taken for a new one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nimare_neurosynth._http import host_of
from nimare_neurosynth.datasets._files import Files
from nimare_neurosynth.datasets._known import RemoteFile
from nimare_neurosynth.errors import FormatError, ImageError, NetworkError
from nimare_neurosynth.io import check_folder, locked
from nimare_neurosynth.neurovault._records import volume_ending
from nimare_neurosynth.space import read_volume

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nimare_neurosynth._http import Patience

MAX_BYTES = 256 << 20
"""Of one image, unless another limit is given."""


@dataclass(frozen=True)
class _Limited(RemoteFile):
    """A file of which only the largest acceptable size is known."""

    limit: int = MAX_BYTES

    @property
    def max_bytes(self) -> int:
        """More than this is refused."""
        return self.limit


def bring(
    rows: Sequence[Mapping[str, Any]],
    home: Path,
    base_url: str,
    *,
    patience: Patience,
    max_bytes: int,
    progress: bool,
) -> tuple[dict[int, tuple[Path, str]], dict[int, str]]:
    """Have the files of images in the cache.

    Parameters
    ----------
    rows : sequence of mapping
        Of the table of images.
    home : pathlib.Path
        The cache.
    base_url : str
        Of the API; files must be on the same host.
    patience : Patience
        How long and how often.
    max_bytes : int
        A larger file is refused.
    progress : bool
        Show a bar.

    Returns
    -------
    dict of int to (pathlib.Path, str)
        File and SHA-256 of each image.
    dict of int to str
        Why there is none of the others.
    """
    from tqdm.auto import tqdm

    found: dict[int, tuple[Path, str]] = {}
    failed: dict[int, str] = {}
    host = host_of(base_url)
    bar = tqdm(rows, desc="images", unit="", disable=not progress)
    for row in bar:
        image = int(row["image"])
        folder = home / "downloads" / host / f"collection-{row['collection'] or 0}"
        check_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        files = Files(folder, frozenset({host}), patience, progress=False)
        file = _Limited(file_name(row), row["file"], limit=max_bytes)
        try:
            with locked(folder):
                found[image] = _one(files, file)
        except NetworkError as error:
            # what to do by hand is for whole databases
            failed[image] = str(error).partition("\n")[0]
        except (FormatError, ImageError) as error:
            failed[image] = str(error)
    return found, failed


def file_name(row: Mapping[str, Any]) -> str:
    """Name the file of an image, by its number and state.

    Parameters
    ----------
    row : mapping
        Of the table of images.

    Returns
    -------
    str
    """
    state = f"{row['file']}\0{row['modified']}".encode()
    short = hashlib.sha256(state).hexdigest()[:8]
    return f"image-{int(row['image'])}-{short}{volume_ending(row['file'])}"


def _one(files: Files, file: RemoteFile) -> tuple[Path, str]:
    path = files.folder / file.name
    known = file.name in files.recorded
    hashes, brought = files.get([file])
    if brought or not known:
        try:
            _check_volume(path)
        except ImageError:
            path.unlink(missing_ok=True)
            raise
        files.record(hashes)
    return path, hashes[file.name]


def _check_volume(path: Path) -> None:
    """Raise an ImageError unless a file is one volume with values."""
    import numpy as np

    values, affine = read_volume(path)
    shape = tuple(n for n in values.shape[3:] if n != 1)
    if values.ndim < 3 or shape:
        raise ImageError(f"{path.name} has the shape {values.shape}, not of a volume.")
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise ImageError(f"{path.name} has no usable affine.")
    if values.dtype.kind not in "fiu" or not np.any(
        np.isfinite(values) & (values != 0)
    ):
        raise ImageError(f"{path.name} has no values other than 0.")

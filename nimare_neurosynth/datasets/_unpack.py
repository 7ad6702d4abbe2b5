"""Archives from elsewhere: nothing gets out of the folder, nothing fills the disk."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path, PurePosixPath

from nimare_neurosynth.errors import FormatError

_MAX_FILES = 1_000
_MAX_TIMES, _NEVER_REFUSED_BYTES = 200, 64 << 20
"""Parquet tables do not pack to a two-hundredth of their size."""


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a release of NeuroStore.

    Parameters
    ----------
    archive : pathlib.Path
        A ``.tar.gz`` of plain files and folders.
    folder : pathlib.Path
        Empty.

    Returns
    -------
    pathlib.Path
        The folder with ``studyset.json`` in it.

    Raises
    ------
    FormatError
        If it is damaged, holds links or names that lead out of the folder, unpacks to
        far more than its size, or has no studyset in it.
    """
    most = max(_MAX_TIMES * archive.stat().st_size, _NEVER_REFUSED_BYTES)
    n_files = total = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                n_files, total = n_files + 1, total + member.size
                if n_files > _MAX_FILES or total > most:
                    raise FormatError(
                        f"{archive} unpacks to more than {_MAX_FILES:,} files or "
                        f"{most:,} bytes, as no release does: refused."
                    )
                _check_member(member, archive)
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"{archive} cannot be unpacked ({error}): delete it and get it again."
        ) from error
    places = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    found = [place for place in places if (place / "studyset.json").is_file()]
    if len(found) != 1:
        raise FormatError(
            f"{archive} is no release of NeuroStore: it has {len(found)} studysets "
            "(studyset.json) in it."
        )
    return found[0]


def _check_member(member: tarfile.TarInfo, archive: Path) -> None:
    """Refuse what is no plain file or folder, or is to lie elsewhere."""
    path = PurePosixPath(member.name)
    outside = path.is_absolute() or ".." in path.parts or "\\" in member.name
    if outside or not (member.isreg() or member.isdir()):
        raise FormatError(
            f"{archive} holds {member.name!r}, which is a link, no file, or leads out "
            "of the folder: refused. It is no release of NeuroStore."
        )

"""Archives from elsewhere: nothing gets out of the folder, nothing fills the disk."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from nimare_neurosynth.errors import FormatError

_MAX_FILES = 1_000
_MAX_TIMES, _NEVER_REFUSED_BYTES = 200, 64 << 20
"""Parquet tables do not pack to a two-hundredth of their size."""

_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,  # of zip archives that want a password
    ValueError,
)


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
    unpack_archive(archive, folder)
    places = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    found = [place for place in places if (place / "studyset.json").is_file()]
    if len(found) != 1:
        raise FormatError(
            f"{archive} is no release of NeuroStore: it has {len(found)} studysets "
            "(studyset.json) in it."
        )
    return found[0]


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack an archive of data that comes from elsewhere.

    Parameters
    ----------
    archive : pathlib.Path
        A ``.tar``, packed or not, or a ``.zip``, of plain files and folders.
    folder : pathlib.Path
        Empty.

    Raises
    ------
    FormatError
        If it is damaged, holds links or names that lead out of the folder, or unpacks
        to far more than its size.
    """
    most = max(_MAX_TIMES * archive.stat().st_size, _NEVER_REFUSED_BYTES)
    try:
        with archive.open("rb") as stream:
            zipped = stream.read(4) == b"PK\x03\x04"
        (_unzip if zipped else _untar)(archive, folder, most)
    except _DAMAGED as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"{archive} cannot be unpacked ({error}): delete it and get it again."
        ) from error


def _untar(archive: Path, folder: Path, most: int) -> None:
    n_files = total = 0
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            n_files, total = n_files + 1, total + member.size
            _check_amount(n_files, total, most, archive)
            plain = member.isreg() or member.isdir()
            _check_member(member.name, archive, plain=plain)
            tar.extract(member, folder, filter="data")


def _unzip(archive: Path, folder: Path, most: int) -> None:
    with zipfile.ZipFile(archive) as packed:
        members = packed.infolist()
        total = sum(member.file_size for member in members)
        _check_amount(len(members), total, most, archive)
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            plain = kind in {0, stat.S_IFREG, stat.S_IFDIR}
            _check_member(member.filename, archive, plain=plain)
        packed.extractall(folder)  # noqa: S202 - all of them have been looked at


def _check_amount(n_files: int, total: int, most: int, archive: Path) -> None:
    if n_files > _MAX_FILES or total > most:
        raise FormatError(
            f"{archive} unpacks to more than {_MAX_FILES:,} files or {most:,} bytes, "
            "as no archive of data does: refused."
        )


def _check_member(name: str, archive: Path, *, plain: bool) -> None:
    """Refuse what is no plain file or folder, or is to lie elsewhere."""
    path = PurePosixPath(name)
    outside = path.is_absolute() or ".." in path.parts or "\\" in name
    if outside or not plain:
        raise FormatError(
            f"{archive} holds {name!r}, which is a link, no file, or leads out of the "
            "folder: refused."
        )

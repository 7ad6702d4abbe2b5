"""NeuroStore's releases: which there are, and which one is meant."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from nimare_neurosynth._http import Client, Patience
from nimare_neurosynth.datasets._known import RemoteFile, archive_of
from nimare_neurosynth.errors import NetworkError, OptionError, suggest
from nimare_neurosynth.io import check_folder, locked, write_json

if TYPE_CHECKING:
    from pathlib import Path

NIGHTLY = "nightly"
_VERSION = re.compile(r"\d{4}-\d{2}|nightly")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LATEST = "neurostore.json"
"""Which release was the latest when it was last asked for."""


def releases(url: str, hosts: frozenset[str], patience: Patience) -> list[RemoteFile]:
    """Ask for the list of releases.

    Parameters
    ----------
    url : str
        Of the list.
    hosts : frozenset of str
        Whom to ask.
    patience : Patience
        How long and how often.

    Returns
    -------
    list of RemoteFile
        Archives with their hashes, the latest first, the nightly build last.

    Raises
    ------
    NetworkError
        If the list cannot be had, or is none.
    """
    with Client(hosts, patience) as client:
        answer = client.get_json(url)
    listed = answer.get("results") if isinstance(answer, dict) else answer
    if not isinstance(listed, list):
        raise NetworkError(f"{url} is no list of releases.")
    found = [_archive(entry, url) for entry in sorted(listed, key=_age, reverse=True)]
    archives = {file.name: file for file in reversed([f for f in found if f])}
    if not archives:
        raise NetworkError(f"{url} lists no releases.")
    dated = sorted((n for n in archives if NIGHTLY not in n), reverse=True)
    nightly = [n for n in archives if NIGHTLY in n]
    return [archives[name] for name in (*dated, *nightly)]


def _age(entry: Any) -> str:
    return str(entry.get("built_at") or "") if isinstance(entry, dict) else ""


def _archive(entry: Any, url: str) -> RemoteFile | None:
    """Read an entry of the list; what it says is not trusted to name files here."""
    if not isinstance(entry, dict):
        return None
    version, path = str(entry.get("version")), entry.get("download_path")
    if not _VERSION.fullmatch(version) or not isinstance(path, str):
        return None
    with suppress(ValueError):
        checksum = str(entry.get("archive_checksum"))
        sha256 = checksum if _SHA256.fullmatch(checksum) else None
        return replace(archive_of(version), url=urljoin(url, path), sha256=sha256)
    return None


def version_of(file: RemoteFile) -> str:
    """Give the version that an archive is of."""
    return file.name.removeprefix("neurostore-studyset-").removesuffix(".tar.gz")


def pick(listed: list[RemoteFile], version: str) -> RemoteFile:
    """Find a release in the list.

    Raises
    ------
    OptionError
        If it is not there.
    """
    by_version = {version_of(file): file for file in listed}
    if version not in by_version:
        raise OptionError(
            f"NeuroStore has no release {version}.{suggest(version, by_version)} There "
            f"are: {', '.join(by_version)}."
        )
    return by_version[version]


def download_release(
    version: str,
    folder: Path,
    *,
    url: str,
    hosts: frozenset[str],
    patience: Patience,
    progress: bool = True,
) -> Path:
    """Download the archive of a release into a folder, or what is missing of it.

    Parameters
    ----------
    version : str
        ``"latest"`` is the latest month's.
    folder : pathlib.Path
        Made if it is missing.
    url : str
        Of the list of releases.
    hosts : frozenset of str
        Whom to ask.
    patience : Patience
        How long and how often.
    progress : bool
        Show a bar.

    Returns
    -------
    pathlib.Path
        Of the archive.

    Raises
    ------
    OptionError
        If there is no such release.
    NetworkError
        If it cannot be had.
    FormatError
        If it is not what was published, or cannot be written.
    """
    from nimare_neurosynth.datasets._files import Files

    check_folder(folder)
    listed = releases(url, hosts, patience)
    file = listed[0] if version == "latest" else pick(listed, version)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        Files(folder, hosts, patience, progress).get([file])
    return folder / file.name


def latest_known(downloads: Path) -> str | None:
    """Say which release was the latest when it was last asked for."""
    with suppress(OSError, ValueError, AttributeError, RecursionError):
        facts: Any = json.loads((downloads / _LATEST).read_text("utf-8"))
        version = str(facts.get("latest"))
        return version if _VERSION.fullmatch(version) else None
    return None


def latest_there(downloads: Path) -> str | None:
    """Find the latest release whose archive somebody has put into its folder."""
    for folder in sorted(downloads.glob("neurostore-[0-9]*-[0-9]*"), reverse=True):
        version = folder.name.removeprefix("neurostore-")
        if (folder / archive_of(version).name).is_file():
            return version
    return None


def remember_latest(downloads: Path, version: str) -> None:
    """Remember which release is the latest now."""
    if latest_known(downloads) != version:
        downloads.mkdir(parents=True, exist_ok=True)
        write_json(downloads / _LATEST, {"latest": version})

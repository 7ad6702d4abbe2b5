"""Public databases by name: downloaded once, compiled once, then opened at once."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from nimare_neurosynth._http import Patience, host_of
from nimare_neurosynth.database import About
from nimare_neurosynth.datasets._demo import load_demo
from nimare_neurosynth.datasets._files import HASHES, Files, link_or_copy
from nimare_neurosynth.datasets._known import (
    KnownDatabase,
    RemoteFile,
    archive_of,
    known_databases,
    neurostore,
)
from nimare_neurosynth.datasets._releases import (
    NIGHTLY,
    latest_known,
    latest_there,
    pick,
    releases,
    remember_latest,
    version_of,
)
from nimare_neurosynth.datasets._unpack import unpack
from nimare_neurosynth.errors import (
    FormatError,
    NetworkError,
    OptionError,
    suggest,
    warn,
)
from nimare_neurosynth.io import (
    COMPILED,
    NEUROSYNTH_VERSIONS,
    PUBLIC_DATABASES,
    READER_VERSION,
    STAGING,
    cache_folder,
    check_folder,
    is_public_name,
    locked,
    open_database,
    read_database,
    write_database,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from nimare_neurosynth.database import Database

MIRROR_VARIABLE = "NIMARE_NEUROSYNTH_MIRROR"
_PATIENCE = Patience()


def fetch(
    name: str,
    *,
    vocabularies: Sequence[str] | str | None = None,
    folder: str | PathLike[str] | None = None,
    update: bool = False,
    mirror: str | None = None,
    progress: bool = True,
    timeout_seconds: float = _PATIENCE.read_seconds,
) -> Database:
    """Get a public database: from the internet once, from then on from your disk.

    Files are checked against their published hashes; where there is none, against what
    they were like when they were first fetched. An interrupted download goes on where
    it stopped. Files that you put into the folder yourself are taken as they are.

    Parameters
    ----------
    name : str
        ``"neurosynth"`` (the newest version), ``"neurosynth-3"`` to
        ``"neurosynth-7"``, ``"neuroquery"``, ``"neurostore"`` (the latest release),
        ``"neurostore-2026-09"``, ``"neurostore-nightly"`` or ``"demo"``; with
        vocabularies behind a colon, if you like: ``"neurosynth-7:terms,LDA50"``.
    vocabularies : sequence of str or str, optional
        Which sets of labels; all of them for ``"all"``. Neurosynth's own terms and
        NeuroQuery's 7,547 are the defaults.
    folder : str or path, optional
        Where to keep it, instead of in :func:`~nimare_neurosynth.io.cache_folder`.
    update : bool
        Look whether NeuroStore has a newer release, and look at all files again.
    mirror : str, optional
        A server with copies: of ``FILE`` of ``neurosynth-7`` at
        ``mirror/neurosynth-7/FILE``. The environment variable
        ``NIMARE_NEUROSYNTH_MIRROR`` does the same.
    progress : bool
        Say on standard error what is fetched from where, with a bar for each file.
    timeout_seconds : float
        For the next bytes from a server; it is asked several times.

    Returns
    -------
    Database
        Compiled, so that it opens at once the next time.

    Raises
    ------
    OptionError
        If there is no such database, vocabulary or release.
    NetworkError
        If files cannot be had: it says what to download by hand and where to put it.
    FormatError
        If a file is not what was published, or cannot be written.

    Examples
    --------
    >>> fetch("demo").n_studies
    320
    >>> fetch("neurosinth-7")
    Traceback (most recent call last):
        ...
    nimare_neurosynth.errors.OptionError: there is no public database 'neurosinth-7'...
    """
    if name == "demo" and not vocabularies:
        return load_demo()
    known, chosen = _parse(name, vocabularies)
    if timeout_seconds <= 0:
        raise OptionError(f"timeout_seconds must be above 0, got {timeout_seconds}.")
    job = _Job(
        known,
        chosen,
        home=cache_folder() if folder is None else Path(folder),
        mirror=_checked_mirror(mirror or os.environ.get(MIRROR_VARIABLE, "")),
        patience=replace(_PATIENCE, read_seconds=timeout_seconds),
        progress=progress,
        update=update,
    )
    return job.run()


def download_folder(name: str, *, folder: str | PathLike[str] | None = None) -> Path:
    """Name the folder in which the files of a public database are kept.

    Files that are put there by hand are used as if they had been fetched.

    Parameters
    ----------
    name : str
        As for :func:`fetch`.
    folder : str or path, optional
        As for :func:`fetch`.

    Returns
    -------
    pathlib.Path
        It may not exist.

    Raises
    ------
    OptionError
        If there is no such database.

    Examples
    --------
    >>> download_folder("neurosynth", folder="here")
    PosixPath('here/downloads/neurosynth-7')
    """
    known, _ = _parse(name, None)
    home = cache_folder() if folder is None else Path(folder)
    return home / "downloads" / known.name


def _parse(
    name: str, vocabularies: Sequence[str] | str | None
) -> tuple[KnownDatabase, tuple[str, ...]]:
    """Find what a name stands for, and which vocabularies are meant."""
    base, colon, behind = str(name).partition(":")
    if colon and vocabularies:
        raise OptionError(
            f"{name!r} names vocabularies already: leave out {vocabularies!r}."
        )
    wanted = behind if colon else vocabularies or ()
    if isinstance(wanted, str):
        wanted = [part.strip() for part in wanted.split(",")]
    if base == "neurosynth":
        base = f"neurosynth-{NEUROSYNTH_VERSIONS[-1]}"
    known = known_databases().get(base)
    if known is None and is_public_name(base):
        known = neurostore(base.removeprefix("neurostore-"))
    if known is None:
        names = [*PUBLIC_DATABASES, "neurostore-YYYY-MM", "demo"]
        raise OptionError(
            f"there is no public database {base!r}.{suggest(base, names)} There are: "
            f"{', '.join(names)}."
        )
    return known, known.choose(tuple(wanted))


def _checked_mirror(mirror: str) -> str:
    if mirror and not (mirror.startswith(("https://", "http://")) and host_of(mirror)):
        raise OptionError(
            f"a mirror must be an address that begins with https://, got {mirror!r}."
        )
    return mirror.rstrip("/")


@dataclass(frozen=True)
class _Job:
    """One call of fetch."""

    known: KnownDatabase
    chosen: tuple[str, ...]
    home: Path
    mirror: str
    patience: Patience
    progress: bool
    update: bool

    @property
    def downloads(self) -> Path:
        return self.home / "downloads"

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({host_of(self.mirror)}) if self.mirror else self.known.hosts

    def run(self) -> Database:
        if self.known.releases:
            job, wanted = self._release()
        else:
            job, wanted = self, list(self.known.files(self.chosen))
        return job.bring([job.placed(file) for file in wanted])

    def placed(self, file: RemoteFile) -> RemoteFile:
        """Say where a file is on the mirror, if there is one."""
        if not self.mirror:
            return file
        return replace(file, url=f"{self.mirror}/{self.known.name}/{file.name}")

    def files(self) -> Files:
        """Give the folder of downloads."""
        folder = self.downloads / self.known.name
        return Files(folder, self.hosts, self.patience, self.progress)

    # ----------------------------------------------------------------- NeuroStore

    def _release(self) -> tuple[_Job, list[RemoteFile]]:
        """Find out which release is meant, with a look at the list only if needed."""
        version = self.known.name.removeprefix("neurostore").removeprefix("-")
        if not version and not self.update:
            version = latest_known(self.downloads) or ""
        listed: list[RemoteFile] = []
        if not version:
            listed, version = self._latest()
        job = replace(self, known=neurostore(version))
        file, files = archive_of(version), job.files()
        is_there = files.expected(file) or (files.folder / file.name).is_file()
        if not is_there or self.update:
            file = pick(listed or self._listed(version), version)
        return job, [file]

    def _latest(self) -> tuple[list[RemoteFile], str]:
        try:
            listed = self._listed("YYYY-MM")
        except NetworkError:
            there = latest_there(self.downloads)
            if there is None or self.update:
                raise
            return [], there
        version = version_of(listed[0])
        remember_latest(self.downloads, version)
        return listed, version

    def _listed(self, version: str) -> list[RemoteFile]:
        url = self.known.releases
        if self.mirror:
            url = f"{self.mirror}/neurostore/releases.json"
        try:
            return releases(url, self.hosts, self.patience)
        except NetworkError as error:
            file = archive_of("latest" if version == "YYYY-MM" else version)
            name = archive_of(version).name
            raise NetworkError(
                f"{error}\nWithout a network, get the archive elsewhere, from\n"
                f"  {file.url}\nand put it, as {name}, into the folder\n"
                f"  {self.downloads / f'neurostore-{version}'}\nIt is then used as if "
                "it had been fetched."
            ) from error

    # ------------------------------------------------------------ files, database

    def bring(self, wanted: list[RemoteFile]) -> Database:
        """Open the compiled form; make it first, if that is needed."""
        files = self.files()
        if not self.update and (database := self._opened(files, wanted)):
            return database
        check_folder(files.folder)
        files.folder.mkdir(parents=True, exist_ok=True)
        with locked(files.folder):
            files = self.files()  # another process may have done it all meanwhile
            if not self.update and (database := self._opened(files, wanted)):
                return database
            return self._make(files, wanted)

    def _opened(self, files: Files, wanted: list[RemoteFile]) -> Database | None:
        hashes = files.hashes(wanted)
        if hashes is not None:
            with suppress(FormatError):
                return open_database(self._compiled(hashes))
        return None

    def _compiled(self, hashes: dict[str, str]) -> Path:
        """Name the compiled form of these very files, as this version reads them."""
        facts = [READER_VERSION, COMPILED.version, *sorted(hashes.items())]
        digest = sha256(repr(facts).encode()).hexdigest()[:12]
        return self.home / "databases" / f"{self._stem()}_{digest}"

    def _stem(self) -> str:
        is_all = self.chosen == tuple(self.known.vocabularies)
        labels = "all" if is_all else "+".join(self.chosen)
        return f"{self.known.name}_{labels}" if self.chosen else self.known.name

    def _make(self, files: Files, wanted: list[RemoteFile]) -> Database:
        self._say_whose(files)
        hashes, brought = files.get(wanted)
        target = self._compiled(hashes)
        unsure = [f.name for f in wanted if f.sha256 is None]
        try:
            database = open_database(target)
        except FormatError:
            try:
                self._compile(files, wanted, hashes, target)
            except FormatError:
                # of no known hash, and useless: not to be kept for the next time
                for name in set(unsure) & set(brought):
                    (files.folder / name).unlink(missing_ok=True)
                raise
            database = open_database(target)
        new = [name for name in unsure if name not in files.recorded]
        files.record(hashes)
        if new:
            warn(
                f"no hash is published for {', '.join(new)}: what these files are like "
                f"now is recorded ({files.folder / HASHES}) and compared from now on."
            )
        self._clear_old(target)
        return database

    def _compile(
        self,
        files: Files,
        wanted: list[RemoteFile],
        hashes: dict[str, str],
        target: Path,
    ) -> None:
        """Read just the wanted files and write their compiled form."""
        with tempfile.TemporaryDirectory(prefix=STAGING, dir=files.folder) as scratch:
            source = Path(scratch) / self.known.name
            source.mkdir()
            if self.known.releases:
                source = unpack(files.folder / wanted[0].name, source)
            else:
                for file in wanted:
                    link_or_copy(files.folder / file.name, source / file.name)
            try:
                database = read_database(source)
            except FormatError as error:
                told = str(error).replace(str(source), str(files.folder))
                raise FormatError(told) from error
            if self.known.releases:
                database = self._named(database, wanted[0], hashes[wanted[0].name])
            write_database(database, target)

    def _named(self, database: Database, file: RemoteFile, sha: str) -> Database:
        """Say whose a release is, and which; files of the others say it themselves."""
        version = version_of(file)
        if version == NIGHTLY:  # there is another one each night
            version = f"{NIGHTLY} {sha[:12]}"
        known = self.known
        return database.with_about(
            About("NeuroStore", version, known.licence, known.attribution, file.name)
        )

    def _clear_old(self, target: Path) -> None:
        """Delete what was compiled of earlier files, or by earlier versions."""
        for old in target.parent.glob(f"{self._stem()}_{'[0-9a-f]' * 12}"):
            if old != target:
                shutil.rmtree(old, ignore_errors=True)

    def _say_whose(self, files: Files) -> None:
        source = self.mirror or self.known.homepage
        files.say(f"{self.known.title}, from {source}. Licence: {self.known.licence}.")

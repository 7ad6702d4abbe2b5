"""The files of a public database: brought, looked at, and found where they were put.

::

    downloads/neurosynth-7/
        data-neurosynth_version-7_coordinates.tsv.gz  ...
        hashes.json       what files were like when they were first used
        FILE.part  FILE.part.json    what has come so far of one
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth._http import Client, Patience, download, leftovers
from nimare_neurosynth.errors import FormatError, NetworkError, warn
from nimare_neurosynth.io import STAGING, hash_file, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nimare_neurosynth.datasets._known import RemoteFile

HASHES = "hashes.json"
_MAGIC = {
    ".gz": b"\x1f\x8b",
    ".tgz": b"\x1f\x8b",
    ".npz": b"PK\x03\x04",
    ".zip": b"PK\x03\x04",
}
_NO_TEXT = (b"<", b"version https://git-lfs")
"""What web pages, and stand-ins for large files, begin with."""


@dataclass
class Files:
    """A folder of downloads, and where they come from.

    Attributes
    ----------
    folder : pathlib.Path
        Where the files are, or will be.
    hosts : frozenset of str
        Whom to ask.
    patience : Patience
        How long and how often.
    progress : bool
        Say on standard error what is done, with a bar for each file.
    """

    folder: Path
    hosts: frozenset[str]
    patience: Patience = field(default_factory=Patience)
    progress: bool = True

    # ------------------------------------------------------------------- hashes

    @cached_property
    def recorded(self) -> dict[str, str]:
        """Read the hashes that files had when they were first used."""
        with suppress(OSError, ValueError, RecursionError):
            facts: Any = json.loads((self.folder / HASHES).read_text("utf-8"))
            if isinstance(facts, dict):
                return {k: v for k, v in facts.items() if isinstance(v, str)}
        return {}

    def expected(self, file: RemoteFile) -> str | None:
        """Give the hash that a file must have, if one is known."""
        return file.sha256 or self.recorded.get(file.name)

    def hashes(self, files: Sequence[RemoteFile]) -> dict[str, str] | None:
        """Give the hashes of all files; None if one is not known yet."""
        known = {file.name: self.expected(file) for file in files}
        return {k: v for k, v in known.items() if v} if all(known.values()) else None

    def record(self, hashes: dict[str, str]) -> None:
        """Remember what files are like, to notice if they are ever others."""
        if not hashes.items() <= self.recorded.items():
            self.recorded.update(hashes)
            write_json(self.folder / HASHES, dict(sorted(self.recorded.items())))

    # ------------------------------------------------------------------ getting

    def get(self, files: Sequence[RemoteFile]) -> tuple[dict[str, str], list[str]]:
        """See that all files are there and right; bring those that are not.

        Nobody else may write into the folder meanwhile.

        Parameters
        ----------
        files : sequence of RemoteFile
            What is needed.

        Returns
        -------
        dict of str to str
            The SHA-256 of each.
        list of str
            Names of those that were brought now.

        Raises
        ------
        NetworkError
            If files are missing and cannot be had: it lists them and says where to put
            them.
        FormatError
            If what came is not what was published, or cannot be written.
        """
        self._tidy()
        found = {file.name: self._hash_if_right(file) for file in files}
        missing = [file for file in files if found[file.name] is None]
        if missing:
            self.say(f"fetching {_files(missing)} into {self.folder}")
            with Client(self.hosts, self.patience) as client:
                for file in missing:
                    try:
                        found[file.name] = self._bring(client, file)
                    except NetworkError as error:
                        left = [f for f in missing if found[f.name] is None]
                        raise self._by_hand(error, left) from error
        names = [file.name for file in missing]
        return {name: sha for name, sha in found.items() if sha}, names

    def _hash_if_right(self, file: RemoteFile) -> str | None:
        """Give the hash of a file that is there and as expected."""
        path = self.folder / file.name
        if not path.is_file():
            return None
        found, expected = hash_file(path), self.expected(file)
        if expected is not None and found != expected:
            warn(f"{path} is not the file that is published: it is fetched again.")
            return None
        if expected is None:
            check_kind(path)
        return found

    def _bring(self, client: Client, file: RemoteFile) -> str:
        """Download a file; it has its name when it is complete and right."""
        expected = self.expected(file)
        resumed = leftovers(self.folder / file.name)[0].is_file()
        try:
            self._pooch(client, file, expected)
        except FormatError:
            raise
        except ValueError as error:  # pooch's, of another hash
            self._drop(file)
            if resumed:  # what was begun with may have been of another version
                return self._bring(client, file)
            how = "is published" if file.sha256 else "it had when it was first fetched"
            raise FormatError(
                f"what {file.url} gives is not the file that is expected: its SHA-256 "
                f"is not {expected}, which {how}. It was deleted. If this happens "
                "again, the server has another file."
            ) from error
        path = self.folder / file.name
        self._drop(file)
        if expected is None:
            try:
                check_kind(path)
            except FormatError:
                path.unlink()
                raise
        return expected or hash_file(path)

    def _pooch(self, client: Client, file: RemoteFile, expected: str | None) -> None:
        import pooch

        def bring(url: str, output: str, _: Any) -> None:
            part = download(
                client,
                url,
                self.folder / file.name,
                max_bytes=file.max_bytes,
                size=file.size,
                is_verified=expected is not None,
                progress=self.progress,
            )
            Path(output).unlink(missing_ok=True)
            link_or_copy(part, Path(output))

        getter = pooch.Pooch(
            path=self.folder,
            base_url="",
            registry={file.name: expected and f"sha256:{expected}"},
            urls={file.name: file.url},
        )
        with _quiet(pooch.get_logger()):
            getter.fetch(file.name, downloader=bring)

    def _drop(self, file: RemoteFile) -> None:
        for path in leftovers(self.folder / file.name):
            path.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Delete what killed processes left; nobody else is at work here."""
        for pattern in (f"{STAGING}*", "tmp*"):  # ours, and pooch's
            for path in self.folder.glob(pattern):
                with suppress(OSError):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _by_hand(
        self, error: NetworkError, missing: Sequence[RemoteFile]
    ) -> NetworkError:
        """Say what to download with a browser, or elsewhere, and where to put it."""
        urls = "\n".join(f"  {file.url}" for file in missing)
        return NetworkError(
            f"{error}\nCall again to go on where it stopped. Without a network, get "
            f"these elsewhere:\n{urls}\nand put them, under the same names"
            f"{_other_names(missing)}, into the folder\n  {self.folder}\nThey are then "
            "used as if they had been fetched."
        )

    def say(self, text: str) -> None:
        """Say on standard error what is done."""
        if self.progress:
            from tqdm import tqdm

            tqdm.write(text, file=sys.stderr)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; where the disk can't, a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def check_kind(path: Path, name: str = "") -> None:
    """Refuse what is not even of the kind that the name says, where no hash is known.

    Networks that want a login first answer everything with a page of their own.

    Parameters
    ----------
    path : pathlib.Path
        What has come.
    name : str, optional
        What it will be called, if that is another name.

    Raises
    ------
    FormatError
        If it is of another kind, or empty.
    """
    name = name or path.name
    with path.open("rb") as stream:
        begin = stream.read(64)
    magic = next((m for end, m in _MAGIC.items() if name.endswith(end)), None)
    wrong = not begin.startswith(magic) if magic else begin.startswith(_NO_TEXT)
    if wrong or not begin:
        raise FormatError(
            f"{path.with_name(name)} is not what its name says (it begins with "
            f"{begin[:20]!r}); it is probably a page about something else. Get it "
            "again."
        )


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Keep pooch from reporting what is reported already."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _files(files: Sequence[RemoteFile]) -> str:
    n = f"{len(files)} file{'s'[: len(files) > 1]}"
    sizes = [file.size for file in files]
    if None in sizes:
        return n
    return f"{n} ({megabytes(sum(size for size in sizes if size))})"


def megabytes(n_bytes: int) -> str:
    """Write a size as people do."""
    return f"{n_bytes / 1e6:,.1f} MB"


def _other_names(files: Sequence[RemoteFile]) -> str:
    """Say what to call files that their address does not name."""
    other = [f.name for f in files if f.url.rpartition("/")[2] != f.name]
    return f" (but call it {', '.join(other)})" if other else ""

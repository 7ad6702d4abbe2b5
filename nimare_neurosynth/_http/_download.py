"""One file, in as many attempts as it takes.

::

    FILE.part         what has come so far
    FILE.part.json    of which address and version it is, and how long that is

What is there is gone on with only where the server says that it is of the same version
(If-Range), or where the hash of the whole is known and will be compared.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nimare_neurosynth._http._client import PassingError, pieces
from nimare_neurosynth.errors import FormatError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import requests

    from nimare_neurosynth._http._client import Client

_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(frozen=True)
class _Version:
    """Which version of a file a part is of."""

    url: str
    validator: str = ""
    total: int | None = None


def leftovers(path: Path) -> tuple[Path, Path]:
    """Name what an unfinished download of a file leaves: its part, and what it is of.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    tuple of pathlib.Path
        Delete both to begin anew.
    """
    return (
        path.with_name(f"{path.name}.part"),
        path.with_name(f"{path.name}.part.json"),
    )


def download(
    client: Client,
    url: str,
    path: Path,
    *,
    max_bytes: int,
    size: int | None = None,
    is_verified: bool = False,
    progress: bool = False,
) -> Path:
    """Bring a file, or the rest of it, and give its complete part.

    One process at a time: the caller holds a lock, looks at the content and renames it.

    Parameters
    ----------
    client : Client
        Whom to ask.
    url : str
        Where it is.
    path : pathlib.Path
        What it will be called; the part stands beside it.
    max_bytes : int
        More is refused.
    size : int, optional
        Its size, where that is known.
    is_verified : bool
        The caller knows its hash: a part may be gone on with though the server cannot
        tell versions apart.
    progress : bool
        Show a bar.

    Returns
    -------
    pathlib.Path
        Of the part, complete and on the disk.

    Raises
    ------
    NetworkError
        If it cannot be had, is too large, or of another size. What has come stays, and
        the next call goes on with it.
    FormatError
        If it cannot be written.
    """
    from tqdm.auto import tqdm

    work = _Download(client, url, path, max_bytes, size, is_verified=is_verified)
    try:
        with tqdm(
            desc=path.name,
            total=size,
            unit="B",
            unit_scale=True,
            disable=not progress,
        ) as bar:
            work.bar = bar
            client.persist(work.attempt, work.so_far)
    except OSError as error:
        if isinstance(error, NetworkError):
            raise
        raise FormatError(
            f"cannot write {work.part}: {error.strerror or error}. What has come is "
            "kept: make room, and call again to go on."
        ) from error
    return work.part


@dataclass
class _Download:
    client: Client
    url: str
    path: Path
    max_bytes: int
    size: int | None
    is_verified: bool
    bar: Any = None
    part: Path = field(init=False)
    state: Path = field(init=False)

    def __post_init__(self) -> None:
        self.part, self.state = leftovers(self.path)

    def so_far(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def attempt(self) -> None:
        """Ask for what is missing, and add it."""
        version, there = self._known(), self.so_far()
        if there and version.total == there:
            return
        headers = self._range(version, there)
        with self.client.open(self.url, headers=headers) as response:
            if response.status_code == 416:
                self._forget()
                raise PassingError(f"{self.url} has no byte {there:,} to go on from.")
            if response.status_code == 206:
                self._check_rest(response, version, there)
            else:
                there, version = 0, self._version(response)
            self._check_size(version, there)
            # a part that begins anew is emptied before it is said to be of a version
            with self.part.open("ab" if there else "wb") as stream:
                self._tell(version)
                if self.bar is not None:
                    self.bar.total, self.bar.n = version.total, there
                    self.bar.refresh()
                self._add(response, stream, there)
                os.fsync(stream.fileno())
        self._check_end(version)

    def _range(self, version: _Version, there: int) -> dict[str, str]:
        """Say from where to go on, if that can be done without mixing two versions."""
        if not there or not (version.validator or self.is_verified):
            return {}
        if version.total is not None and there > version.total:
            return {}
        condition = {"If-Range": version.validator} if version.validator else {}
        return {"Range": f"bytes={there}-", **condition}

    def _check_rest(
        self, response: requests.Response, version: _Version, there: int
    ) -> None:
        """Begin anew unless this is the rest of the same version."""
        found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        new = _validator(response)
        if (
            found is None
            or not there
            or found[1] != str(there)
            or (version.total is not None and found[3] not in {"*", str(version.total)})
            or (version.validator and new and new != version.validator)
        ):
            self._forget()
            raise PassingError(f"{self.url} has changed: it is brought again.")

    def _version(self, response: requests.Response) -> _Version:
        """Say what a complete answer is."""
        length = response.headers.get("Content-Length", "").strip()
        total = int(length) if length.isdecimal() else None
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        if total is None and not chunked and self.size is None:
            raise NetworkError(
                f"{self.url}: the server does not say where the file ends, so that it "
                "could be cut short unnoticed."
            )
        total = self.size if total is None else total
        return _Version(self.url, _validator(response), total)

    def _check_size(self, version: _Version, there: int) -> None:
        total = version.total
        if total is None:
            return
        if self.size is not None and total != self.size:
            self._forget()
            raise NetworkError(
                f"{self.url} has {total:,} bytes where {self.size:,} are known: it is "
                "another file, or a page that says why there is none."
            )
        if total > self.max_bytes:
            raise NetworkError(
                f"{self.url} has {total:,} bytes, where at most "
                f"{self.max_bytes:,} were expected: refused."
            )
        free = shutil.disk_usage(self.part.parent).free
        if total - there > free:
            raise FormatError(
                f"there is no room for {self.path.name} in {self.path.parent}: "
                f"{total - there:,} bytes are needed, {free:,} are free. Make room, "
                "and call again."
            )

    def _add(self, response: requests.Response, stream: Any, there: int) -> None:
        for piece in pieces(response, self.client.patience):
            there += len(piece)
            if there > self.max_bytes:
                stream.truncate(0)
                raise NetworkError(
                    f"{self.url} goes on after the {self.max_bytes:,} bytes that were "
                    "expected: refused."
                )
            stream.write(piece)
            stream.flush()  # what a kill takes away would have to come again
            if self.bar is not None:
                self.bar.update(len(piece))

    def _check_end(self, version: _Version) -> None:
        """See that all of it came, and remember that it is complete."""
        there = self.so_far()
        total = version.total
        if total is not None and there > total:
            self._forget()
            raise PassingError(f"{self.url} is longer than the server said.")
        if total is not None and there < total:
            raise PassingError(f"{self.url} broke off at {there:,} of {total:,} bytes.")
        self._tell(_Version(version.url, version.validator, there))

    def _known(self) -> _Version:
        """Read what the part is of; nothing is known of one from another address."""
        with suppress(OSError, ValueError, TypeError, LookupError):
            facts: Mapping[str, Any] = json.loads(self.state.read_text("utf-8"))
            known = _Version(
                str(facts["url"]), str(facts["validator"]), facts.get("total")
            )
            if known.url == self.url and isinstance(known.total, int | None):
                return known
        self.part.unlink(missing_ok=True)
        return _Version(self.url)

    def _tell(self, version: _Version) -> None:
        text = json.dumps(asdict(version))
        staged = self.state.with_name(f"{self.state.name}.new")
        staged.write_text(text, encoding="utf-8")
        staged.replace(self.state)

    def _forget(self) -> None:
        for path in (self.part, self.state):
            path.unlink(missing_ok=True)


def _validator(response: requests.Response) -> str:
    """Give what tells versions apart; weak tags do not tell their bytes apart."""
    tag = response.headers.get("ETag", "").strip()
    strong = tag if tag.startswith('"') else ""
    return strong or response.headers.get("Last-Modified", "").strip()

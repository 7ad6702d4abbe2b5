"""Questions to known servers: time-outs, repeats, and redirects that are looked at.

No credentials are sent, unless a token is given for a server. Proxies of the
environment are used.
"""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urljoin, urlsplit

from nimare_neurosynth.errors import NetworkError, OptionError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    import requests

T = TypeVar("T")

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
"""The only hosts that may be asked without encryption: nobody listens in between."""

PIECE_BYTES = 1 << 16
_PROGRESS_BYTES = 1 << 18
"""An attempt that brought so much was not in vain: patience begins anew."""

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANSWERS = frozenset({200, 206, 416})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNDONE = frozenset({408, 425, 429, 503})
"""Answers of servers that did not begin with what was asked."""

MOST_JSON_BYTES = 64 << 20


@dataclass(frozen=True)
class Patience:
    """How long to wait, and how often to try again.

    Attributes
    ----------
    connect_seconds, read_seconds : float
        For a connection, and for the next bytes.
    attempts : int
        So many in a row may fail.
    pause_seconds : float
        Before the second attempt; twice as long before each further one.
    longest_pause_seconds : float
        A server that asks to wait longer is not waited for.
    least_bytes_per_second : float
        Slower answers, over the time of ``read_seconds``, count as failed: a server
        that sends a byte now and then would never time out.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    attempts: int = 5
    pause_seconds: float = 0.5
    longest_pause_seconds: float = 60.0
    least_bytes_per_second: float = 100.0


class PassingError(NetworkError):
    """What may be over in a moment; ``wait`` is what the server asks for.

    If it ``is_undone``, the server did nothing for sure.
    """

    def __init__(
        self,
        message: object = "",
        wait: float | None = None,
        *,
        is_undone: bool = False,
    ) -> None:
        super().__init__(message)
        self.wait, self.is_undone = wait, is_undone


def host_of(url: str) -> str:
    """Give the host of a URL, in lower case; "" where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@dataclass
class Client:
    """Asks a few known hosts, over HTTPS (or a server on this machine).

    Attributes
    ----------
    hosts : frozenset of str
        What may be asked, also by redirects.
    patience : Patience
        How long and how often.
    """

    hosts: frozenset[str]
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        import requests

        self._session = requests.Session()
        # else requests looks for passwords in the user's ~/.netrc
        self._session.auth = lambda request: request
        # else it prepares the redirect, and reads all that comes with it, unasked
        setattr(self._session, "get_redirect_target", lambda _: None)  # noqa: B010
        self._session.headers["User-Agent"] = "nimare-neurosynth"
        # bytes are counted and hashed as they are stored: nothing packed on the way
        self._session.headers["Accept-Encoding"] = "identity"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def get_json(self, url: str, *, max_bytes: int = MOST_JSON_BYTES) -> Any:
        """Ask for a JSON document.

        Parameters
        ----------
        url : str
            Of one of the hosts.
        max_bytes : int
            More is refused.

        Returns
        -------
        object
            What the document says.

        Raises
        ------
        NetworkError
            If there is no answer, a bad one, or one that is no JSON.
        """

        def ask() -> bytes:
            with self.open(url) as response:
                data = body_of(response, self.patience, max_bytes)
            if len(data) > max_bytes:
                raise NetworkError(f"{url} is larger than {max_bytes:,} bytes.")
            return data

        answer = self.persist(ask)
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise NetworkError(f"{url} is no proper JSON ({error}).") from error

    def persist(self, work: Callable[[], T], done: Callable[[], int] = int) -> T:
        """Try again while what goes wrong may pass.

        Parameters
        ----------
        work : callable
            One attempt.
        done : callable
            How many bytes there are by now: attempts that come much further than any
            before are not counted.

        Returns
        -------
        object
            What the attempt gives that works.

        Raises
        ------
        NetworkError
            If the last attempt fails too, or a failure won't pass.
        """
        failures, furthest = 0, done()
        while True:
            try:
                return work()
            except PassingError as trouble:
                # not against the last attempt, which may have begun anew: some
                # servers always stop at the same place
                helped = done() - furthest >= _PROGRESS_BYTES
                furthest = max(furthest, done())
                failures = 1 if helped else failures + 1
                if failures >= self.patience.attempts:
                    raise NetworkError(
                        f"{trouble} ({failures} attempts; try again later.)"
                    ) from trouble
                pause = self.patience.pause_seconds * 2 ** (failures - 1)
                pause = min(pause, self.patience.longest_pause_seconds)
                time.sleep(pause if trouble.wait is None else trouble.wait)

    @contextmanager
    def open(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> Iterator[requests.Response]:
        """Ask once and follow redirects to known hosts; the body is not read yet.

        Parameters
        ----------
        url : str
            Of one of the hosts.
        headers : mapping of str to str, optional
            Sent in addition.

        Yields
        ------
        requests.Response
            With status 200, 206 or 416.

        Raises
        ------
        NetworkError
            If there is no answer, another status, or a redirect elsewhere.
        """
        with self.follow(url, lambda new: self.ask(new, headers or {})) as response:
            self._check_status(response, url)
            yield response

    @contextmanager
    def follow(
        self,
        asked: str,
        ask: Callable[[str], requests.Response],
        check: Callable[[int, str], None] | None = None,
    ) -> Iterator[requests.Response]:
        """Ask, and follow redirects to known hosts; the body is not read yet.

        Parameters
        ----------
        asked : str
            The first address.
        ask : callable
            Asks at an address.
        check : callable, optional
            Raises a NetworkError unless a redirect of this status may be followed to
            this address.

        Yields
        ------
        requests.Response
            The first that is no redirect.

        Raises
        ------
        NetworkError
            If there is no answer, or a redirect that is not followed.
        """
        url = asked
        for _ in range(_MAX_REDIRECTS + 1):
            self._check_address(url, asked)
            response = ask(url)
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or target is None:
                break
            response.close()
            try:
                url = urljoin(url, target)
            except ValueError as error:
                raise NetworkError(f"{asked} redirects to {target!r}.") from error
            if check is not None:
                check(response.status_code, url)
        else:
            raise NetworkError(f"{asked} redirects more than {_MAX_REDIRECTS} times.")
        with response:
            yield response

    def _check_address(self, url: str, asked: str) -> None:
        """Refuse addresses that are not of the known hosts, or not encrypted."""
        what = url if url == asked else f"{asked} redirects to {url}, which"
        host = host_of(url)
        if host not in self.hosts:
            raise NetworkError(
                f"{what} is not on {', '.join(sorted(self.hosts))}: refused."
            )
        if not _is_safe(url.partition(":")[0].lower(), host):
            raise NetworkError(f"{what} is not encrypted (https): refused.")

    def ask(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        method: str = "GET",
        body: bytes | None = None,
    ) -> requests.Response:
        """Ask once; the body of the answer is not read yet."""
        from requests import exceptions
        from urllib3.exceptions import HTTPError

        waiting = (self.patience.connect_seconds, self.patience.read_seconds)
        try:
            return self._session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                timeout=waiting,
                stream=True,
                allow_redirects=False,
            )
        except exceptions.SSLError as error:
            raise NetworkError(
                f"the identity of {host_of(url)} cannot be verified ({error})."
            ) from error
        except exceptions.Timeout as error:
            undone = isinstance(error, exceptions.ConnectTimeout)
            said = f"{host_of(url)} does not answer in time."
            raise PassingError(said, is_undone=undone) from error
        except (exceptions.ConnectionError, exceptions.ChunkedEncodingError) as error:
            said = f"no connection to {host_of(url)} for {url}."
            raise PassingError(said, is_undone=_not_reached(error)) from error
        except (exceptions.RequestException, HTTPError, ValueError) as error:
            raise NetworkError(f"{url} cannot be asked for ({error}).") from error

    def _check_status(self, response: requests.Response, url: str) -> None:
        status = response.status_code
        if status in _ANSWERS:
            return
        reason = f"{status} {response.reason or ''}".strip()
        said = f"{url}: the server answers {reason}."
        self.raise_if_passing(response, said)
        raise NetworkError(said)

    def raise_if_passing(self, response: requests.Response, said: str) -> None:
        """Raise what is said of an answer as what may pass, if it may."""
        status = response.status_code
        if status not in _PASSING:
            return
        wait = _seconds_asked(response.headers.get("Retry-After"))
        if wait is not None and wait > self.patience.longest_pause_seconds:
            raise RefusedError(
                f"{said} It asks to wait {wait:,.0f} seconds: try again then.",
                status=status,
            )
        raise PassingError(said, wait, is_undone=status in _UNDONE)


def _is_safe(scheme: str, host: str) -> bool:
    return scheme == "https" or (scheme == "http" and host in LOCAL)


def base_address(given: str, example: str) -> str:
    """Check the address of a server's API, and give it without a slash at its end.

    Parameters
    ----------
    given : str
        What the user says.
    example : str
        What it could be.

    Returns
    -------
    str

    Raises
    ------
    OptionError
        If it is no address, not encrypted, or holds more than a host and a path.
    """
    text = str(given).strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    safe = _is_safe(parts.scheme, host)
    if not host or not safe or "@" in parts.netloc or parts.query or parts.fragment:
        # a password could be in it: it is not repeated
        raise OptionError(
            f"base_url must be the address of an API, as {example} (https, and "
            "without a password)."
        )
    return text


def _not_reached(error: Exception) -> bool:
    """Say whether there was no connection at all, so that nothing was sent."""
    from urllib3.exceptions import NewConnectionError

    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(reason, NewConnectionError)


def pieces(response: requests.Response, patience: Patience) -> Iterator[bytes]:
    """Give the body as it comes; raise what may pass if it stops or trickles."""
    from urllib3.exceptions import HTTPError

    raw = response.raw
    # read1 returns what is there; read waits for all that it was asked for
    read = getattr(raw, "read1", raw.read)
    begin, got = time.monotonic(), 0
    while True:
        try:
            piece = read(PIECE_BYTES, decode_content=False)
        except (HTTPError, OSError) as error:
            raise PassingError(f"the answer to {response.url} broke off.") from error
        if not piece:
            return
        got += len(piece)
        seconds = time.monotonic() - begin
        if seconds > patience.read_seconds:
            if got < patience.least_bytes_per_second * seconds:
                raise PassingError(f"{response.url} comes too slowly.")
            begin, got = time.monotonic(), 0
        yield piece


def body_of(response: requests.Response, patience: Patience, max_bytes: int) -> bytes:
    """Give the whole body; of one that is too long, a bit more than is allowed."""
    data = bytearray()
    for piece in pieces(response, patience):
        data += piece
        if len(data) > max_bytes:
            break
    return bytes(data)


def _seconds_asked(text: str | None) -> float | None:
    """Read a Retry-After: seconds, or a date."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())

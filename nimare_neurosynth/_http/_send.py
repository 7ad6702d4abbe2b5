"""Sending to known servers: what may be repeated is, and tokens stay where they belong.

A request that changes something is repeated only if that is safe: always if doing it
twice is doing it once (GET, PUT, DELETE), else only if the server surely did nothing.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nimare_neurosynth._http._client import (
    LOCAL,
    MOST_JSON_BYTES,
    Client,
    PassingError,
    body_of,
)
from nimare_neurosynth.errors import (
    FormatError,
    NetworkError,
    OptionError,
    RefusedError,
    UnsureError,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    Files = Mapping[str, "tuple[str, bytes]"]

REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_METHODS = REPEATABLE | {"POST", "PATCH"}
_DONE = frozenset({200, 201, 202, 204})
_KEEPS_METHOD = frozenset({307, 308})
_MAX_REASON_BYTES, _MAX_REASON = 1 << 16, 300

_MEANINGS = {
    400: "it does not understand the request",
    401: "the token is missing, wrong or has expired: get a new one",
    403: "the token is right, but does not allow this: the object is of another user",
    404: "there is no such object",
    409: "it does not fit what is there, which has perhaps changed meanwhile",
    413: "it is too large: send less at a time",
    422: "what was sent does not fit the server's rules",
}


class Token:
    """A secret for one server; never shown.

    Parameters
    ----------
    value : str
        The secret.
    url : str
        Of the server that it is for; it is sent to no other.
    scheme : str
        What stands before it, such as ``Bearer`` or ``Token``.

    Raises
    ------
    OptionError
        If no header can hold it.
    """

    __slots__ = ("_origin", "_scheme", "_value")

    def __init__(self, value: str, url: str, *, scheme: str = "Bearer") -> None:
        value = value.strip()
        if not value or not value.isascii() or not value.isprintable() or " " in value:
            raise OptionError(
                "the token is empty, or has blanks or characters in it that no token "
                "has: copy it again. (It is not shown here.)"
            )
        self._value, self._scheme, self._origin = value, scheme, _origin(url)

    def __repr__(self) -> str:
        return f"Token(for {self._origin[1]})"

    def __reduce__(self) -> str:
        raise TypeError("tokens are not stored")

    def headers(self, url: str) -> dict[str, str]:
        """Give the header for a request to this address; none for other servers."""
        if _origin(url) != self._origin:
            return {}
        if self._origin[0] != "https" and self._origin[1] not in LOCAL:
            return {}
        return {"Authorization": f"{self._scheme} {self._value}"}

    def hidden(self, text: str) -> str:
        """Take the secret out of a text, such as a server's that repeats it."""
        return text.replace(self._value, "[token]")


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "", "", None


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]


def send(
    client: Client,
    method: str,
    url: str,
    *,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    files: Files | None = None,
    token: Token | None = None,
    max_bytes: int = MOST_JSON_BYTES,
) -> Any:
    """Send a request and give the JSON of its answer.

    Parameters
    ----------
    client : Client
        Whom to ask.
    method : {"GET", "POST", "PUT", "PATCH", "DELETE"}
        What to do.
    url : str
        Of one of the hosts.
    json : object, optional
        Plain types; sent as the body.
    form : mapping of str to str, optional
        Fields of a form, instead.
    files : mapping of str to (str, bytes), optional
        Name and content of the files of a form, by field.
    token : Token, optional
        Sent if the address is of the server that it is for.
    max_bytes : int
        A longer answer is refused.

    Returns
    -------
    object
        What the answer says; None if it says nothing.

    Raises
    ------
    RefusedError
        If the server says no; ``status`` says how.
    UnsureError
        If the server may have done it although there is no proper answer.
    NetworkError
        If there is no answer, or a bad one, to a question that changes nothing; or if
        nothing was done.
    FormatError
        If the body is no JSON: it holds numbers that are none, for example.
    """
    method = method.upper()
    if method not in _METHODS:
        raise OptionError(f"method must be one of {sorted(_METHODS)}, got {method!r}.")
    body, headers = _body(json, form, files)
    request = _Request(method, url, body, headers)

    def attempt() -> bytes:
        try:
            return _attempt(client, request, token, max_bytes)
        except PassingError as error:
            if method in REPEATABLE or error.is_undone:
                raise
            raise UnsureError(
                f"{error} Whether it did what was asked is not known: look there "
                "before it is sent again."
            ) from error

    with _hiding(token):
        return _read(client.persist(attempt), request)


@contextmanager
def _hiding(token: Token | None) -> Iterator[None]:
    """See that no error says the token, though a server repeated it."""
    try:
        yield
    except NetworkError as error:
        hidden = token.hidden(str(error)) if token else str(error)
        if hidden == str(error):
            raise
        error.args = (hidden,)
        raise error from None


def _body(
    content: Any, form: Mapping[str, str] | None, files: Files | None
) -> tuple[bytes | None, dict[str, str]]:
    """Give the bytes of a body, the same for each attempt."""
    if content is not None and (form is not None or files is not None):
        raise OptionError("json cannot be sent together with form or files.")
    if content is not None:
        return json_bytes(content), {"Content-Type": "application/json"}
    if form is None and files is None:
        return None, {}
    from requests import Request

    made = Request("POST", "http://localhost/", data=form, files=files or None)
    ready = made.prepare()
    body = ready.body.encode() if isinstance(ready.body, str) else ready.body
    return body or b"", {"Content-Type": ready.headers.get("Content-Type", "")}


def json_bytes(content: Any) -> bytes:
    """Write the bytes of a JSON body.

    Raises
    ------
    FormatError
        If it cannot be written as JSON.
    """
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"this cannot be sent as JSON: {error}.") from error


def _attempt(
    client: Client, request: _Request, token: Token | None, max_bytes: int
) -> bytes:
    def ask(url: str) -> requests.Response:
        # a connection that is used again may be closed just then, and nobody would
        # know whether the request had come through
        headers = {**request.headers, "Connection": "close"}
        headers |= token.headers(url) if token else {}
        return client.ask(url, headers, method=request.method, body=request.body)

    def check(status: int, url: str) -> None:
        if status not in _KEEPS_METHOD and request.method != "GET":
            raise NetworkError(
                f"{request.method} {request.url}: the server answers {status} and "
                "names another address, which is not followed when something is sent."
            )
        if _origin(url)[1:] != _origin(request.url)[1:]:
            raise NetworkError(
                f"{request.url} redirects to {url}, another host: refused."
            )

    with client.follow(request.url, ask, check) as response:
        return _answer(client, response, request, token, max_bytes)


def _answer(
    client: Client,
    response: requests.Response,
    request: _Request,
    token: Token | None,
    max_bytes: int,
) -> bytes:
    status = response.status_code
    if status in _DONE:
        return _read_all(client, response, max_bytes, request)
    reason = _reason(client, response, token)
    what = f"{request.method} {request.url}: the server answers {status}"
    meaning = _MEANINGS.get(status)
    said = f"{what} ({meaning})" if meaning else what
    said += f'; it says: "{reason}".' if reason else "."
    client.raise_if_passing(response, said)
    raise RefusedError(said, status=status)


def _read_all(
    client: Client, response: requests.Response, max_bytes: int, request: _Request
) -> bytes:
    data = body_of(response, client.patience, max_bytes)
    if len(data) > max_bytes:
        said = f"the answer of {request.url} is larger than {max_bytes:,} bytes."
        raise _bad_answer(request, said)
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and len(data) < int(length):
        raise PassingError(f"the answer of {request.url} broke off.")
    return data


def _read(answer: bytes, request: _Request) -> Any:
    if not answer.strip():
        return None
    try:
        return json.loads(answer)
    except (ValueError, RecursionError) as error:
        said = f"{request.url} is no proper JSON ({error})."
        raise _bad_answer(request, said) from error


def _bad_answer(request: _Request, said: str) -> NetworkError:
    """Say that an answer is useless, and whether something was done nevertheless."""
    if request.method in {"GET", "HEAD"}:
        return NetworkError(said)
    return UnsureError(f"{said} The server says that it did what was asked.")


def _reason(client: Client, response: requests.Response, token: Token | None) -> str:
    """Read the server's own short message: one printable line, or nothing."""
    try:
        data = body_of(response, client.patience, _MAX_REASON_BYTES)
    except NetworkError:
        return ""
    if len(data) > _MAX_REASON_BYTES:
        return ""
    text = data.decode("utf-8", "replace")
    try:
        text = _message(json.loads(text))
    except (ValueError, RecursionError):
        if "<" in text[:200]:  # a page
            return ""
    text = token.hidden(text) if token else text  # before it is cut in two
    return printable(" ".join(text.split()), longest=_MAX_REASON)


def _message(said: Any) -> str:
    """Find the message in what a server says of an error."""
    if isinstance(said, dict):
        for key in ("detail", "message", "errors", "error", "title"):
            if said.get(key):
                return _message(said[key])
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def token_from(
    variable: str,
    url: str,
    *,
    scheme: str = "Bearer",
    environ: Mapping[str, str] | None = None,
) -> Token | None:
    """Read a token from the environment.

    Parameters
    ----------
    variable : str
        Its name.
    url : str
        Of the server that it is for.
    scheme : str
        As for :class:`Token`.
    environ : mapping of str to str, optional
        Instead of the process's.

    Returns
    -------
    Token, optional
        None if the variable is not set, or empty.

    Raises
    ------
    OptionError
        If no header can hold it.
    """
    import os

    value = (os.environ if environ is None else environ).get(variable, "").strip()
    return Token(value, url, scheme=scheme) if value else None

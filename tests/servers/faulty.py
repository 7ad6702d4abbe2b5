"""A file server on 127.0.0.1 that can be told to go wrong."""

import hashlib
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from nimare_neurosynth._http import Patience

QUICK = Patience(
    connect_seconds=0.5,
    read_seconds=0.4,
    attempts=3,
    pause_seconds=0.01,
    longest_pause_seconds=1.5,
)
"""Enough for servers on this machine; tests of bad ones end soon."""


@dataclass
class Answer:
    """How one request is answered; the default is as a good server does.

    ``status`` other than 200 sends no file. ``cut`` ends the connection after so many
    bytes of the body, ``hang`` waits so many seconds after them instead; ``drip``
    sends a byte in so many seconds. ``instead`` is another body. ``says`` is a wrong
    length; without ``heed`` conditions are overlooked. ``headers`` come in
    addition; None takes one away.
    """

    status: int = 200
    cut: int | None = None
    hang: float = 0.0
    drip: float = 0.0
    instead: bytes | None = None
    says: int | None = None
    ranges: bool = True
    heed: bool = True
    headers: dict = field(default_factory=dict)
    chunked: bool = False
    no_length: bool = False
    wrong_range: int = 0
    garbage: bool = False
    refuse: bool = False


class FaultyServer:
    """Serves ``files`` (path to bytes); ``answers`` are used up one by one by path."""

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, list[Answer]] = {}
        self.always: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict]] = []
        self.sent: list[tuple[str, bytes]] = []
        self.ending = threading.Event()
        server = self

        class Handler(_Handler):
            owner = server

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def paths(self):
        return [path for path, _ in self.requests]

    def ranges(self, path):
        return [h.get("Range") for p, h in self.requests if p == path]

    def next(self, path):
        waiting = self.answers.get(path) or self.answers.get("*")
        if waiting:
            return waiting.pop(0)
        return self.always.get(path) or self.always.get("*") or Answer()

    def respond(self, method, target, headers, body):  # noqa: ARG002
        """Give the status and the body of a good answer."""
        return 200, self.files.get(target.partition("?")[0])

    def close(self):
        self.ending.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextmanager
def serving(files=None):
    """Run a server for the time of a block."""
    server = FaultyServer()
    server.files.update(files or {})
    try:
        yield server
    finally:
        server.close()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        """Say nothing: clients that go away are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    owner: FaultyServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.owner.requests.append((path, dict(self.headers)))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.owner.sent.append((self.command, body))
        self.body = body
        answer = self.owner.next(path)
        self.close_connection = True
        if answer.refuse:
            return
        if answer.garbage:
            self.wfile.write(b"\x00\xff nothing like HTTP \r\n\r\n" * 3)
            return
        with suppress(BrokenPipeError, ConnectionResetError):
            self._answer(answer, body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _proper(self, answer, sent):
        """Do what is asked unless it is refused; give what to say of it."""
        status, body = answer.status, None
        if status == 200:
            status, body = self.owner.respond(
                self.command, self.path, self.headers, sent
            )
        if answer.instead is not None:
            body = answer.instead
        return (404 if body is None and status == 200 else status), body

    def _answer(self, answer, sent):
        status, body = self._proper(answer, sent)
        headers = {"Connection": "close"}
        if status != 200 or body is None:
            if body is None:
                body = b"" if status < 400 else b"<html>no</html>"
        elif status == 200:
            tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            headers |= {"ETag": tag, "Accept-Ranges": "bytes"}
            status, body, more = self._part(body, tag, answer)
            headers |= more
        headers["Content-Length"] = str(
            len(body) if answer.says is None else answer.says
        )
        if answer.chunked:
            headers["Transfer-Encoding"] = "chunked"
        if answer.no_length or answer.chunked:
            del headers["Content-Length"]
        headers |= answer.headers
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self._send(body, answer)

    def _part(self, body, tag, answer):
        asked = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        own = answer.headers.get("ETag", tag)
        if not (asked and answer.ranges) or (
            answer.heed and condition and condition != own
        ):
            return 200, body, {}
        start = int(asked.removeprefix("bytes=").partition("-")[0])
        if start >= len(body):
            return 416, b"", {"Content-Range": f"bytes */{len(body)}"}
        said = start + answer.wrong_range
        where = f"bytes {said}-{len(body) - 1}/{len(body)}"
        return 206, body[start:], {"Content-Range": where}

    def _send(self, body, answer):
        if answer.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                if self.owner.ending.wait(answer.drip):
                    return
        stop = len(body) if answer.cut is None else answer.cut
        if answer.chunked:
            for start in range(0, stop, 4096):
                piece = body[start : min(start + 4096, stop)]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if answer.cut is None:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(body[:stop])
        self.wfile.flush()
        if answer.hang:
            self.owner.ending.wait(answer.hang)
        if answer.cut is not None:
            # a reset, now and then, instead of a proper end
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        time.sleep(0)

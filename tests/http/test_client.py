"""Questions to servers: what is answered, repeated, refused."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from nimare_neurosynth._http import Client, host_of
from nimare_neurosynth.errors import NetworkError
from tests.servers import QUICK, Answer

HOSTS = frozenset({"127.0.0.1"})


@pytest.fixture
def client():
    with Client(HOSTS, QUICK) as one:
        yield one


def test_an_answer(client, server):
    server.files["/a"] = json.dumps({"results": [1, "å"]}).encode()
    assert client.get_json(f"{server.url}/a") == {"results": [1, "å"]}
    sent = {name.lower(): value for name, value in server.requests[0][1].items()}
    assert sent["user-agent"] == "nimare-neurosynth"
    assert sent["accept-encoding"] == "identity"
    assert "authorization" not in sent


@pytest.mark.parametrize(
    "bad",
    [
        Answer(status=500),
        Answer(status=503),
        Answer(status=429),
        Answer(cut=5),
        Answer(refuse=True),
        Answer(garbage=True),
        Answer(cut=0, hang=5),
    ],
)
def test_what_may_pass_is_tried_again(client, server, bad):
    server.files["/a"] = b"[1, 2, 3]"
    server.answers["/a"] = [bad, bad]
    start = time.monotonic()
    assert client.get_json(f"{server.url}/a") == [1, 2, 3]
    assert len(server.requests) == 3
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_will_not_pass_is_not(client, server, status):
    server.always["/a"] = Answer(status=status)
    with pytest.raises(NetworkError, match=f"/a: the server answers {status} "):
        client.get_json(f"{server.url}/a")
    assert len(server.requests) == 1


def test_patience_ends(client, server):
    server.always["/a"] = Answer(status=502)
    with pytest.raises(NetworkError, match=r"502 Bad Gateway. \(3 attempts"):
        client.get_json(f"{server.url}/a")
    assert len(server.requests) == 3


def test_nobody_there(client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NetworkError, match=r"no connection to 127\.0"):
        client.get_json(f"http://127.0.0.1:{port}/a")


def test_a_server_is_waited_for_as_long_as_it_asks(client, server):
    server.files["/a"] = b"{}"
    server.answers["/a"] = [Answer(status=503, headers={"Retry-After": "1"})]
    start = time.monotonic()
    client.get_json(f"{server.url}/a")
    assert 1 <= time.monotonic() - start < 2


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_but_not_too_long(client, server, form):
    when = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    header = {"Retry-After": "3600" if form == "seconds" else when}
    server.always["/a"] = Answer(status=429, headers=header)
    with pytest.raises(NetworkError, match=r"asks to wait 3,(600|599) seconds"):
        client.get_json(f"{server.url}/a")
    assert len(server.requests) == 1


def test_a_strange_wish_is_not_heeded(client, server):
    server.files["/a"] = b"{}"
    server.answers["/a"] = [Answer(status=503, headers={"Retry-After": "soon"})]
    assert client.get_json(f"{server.url}/a") == {}


@pytest.mark.parametrize("answer", [Answer(cut=3, hang=60), Answer(drip=0.1)])
def test_a_server_that_stops_or_trickles_is_given_up(client, server, answer):
    server.files["/a"] = b"[" + b"1," * 500 + b"1]"
    server.always["/a"] = answer
    start = time.monotonic()
    with pytest.raises(NetworkError, match=r"broke off|too slowly"):
        client.get_json(f"{server.url}/a")
    assert time.monotonic() - start < 3 * (QUICK.read_seconds + 0.5)


# ------------------------------------------------------------------------- redirects


def test_a_redirect_to_a_known_host(client, server):
    server.files["/b"] = b"[7]"
    server.always["/a"] = Answer(status=302, headers={"Location": "/b"})
    assert client.get_json(f"{server.url}/a") == [7]


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("https://example.org/b", "is not on 127.0.0.1: refused"),
        ("//example.org/b", "is not on 127.0.0.1"),
        ("file:///etc/passwd", "is not on 127.0.0.1"),
        ("ftp://127.0.0.1/b", "is not encrypted"),
        ("http://127.0.0.1.example.org/", "is not on 127.0.0.1"),
        ("http://127.0.0.1@example.org/", "is not on 127.0.0.1"),
        ("https://[broken", "redirects to"),
        ("/a", "more than 5 times"),
    ],
)
def test_redirects_elsewhere_are_refused(client, server, target, why):
    server.always["/a"] = Answer(status=301, headers={"Location": target})
    with pytest.raises(NetworkError, match=why):
        client.get_json(f"{server.url}/a")
    assert set(server.paths) == {"/a"}


def test_only_this_machine_is_asked_without_encryption():
    with (
        Client(frozenset({"example.org"}), QUICK) as client,
        pytest.raises(NetworkError, match=r"http://example.org/a is not encrypted"),
    ):
        client.get_json("http://example.org/a")


def test_a_server_without_a_certificate_is_refused(server):
    with (
        Client(HOSTS, QUICK) as client,
        pytest.raises(NetworkError, match=r"cannot be verified|no connection"),
    ):
        client.get_json(server.url.replace("http:", "https:"))


# --------------------------------------------------------------------------- content


@pytest.mark.parametrize("text", [b"<html>", b"", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(client, server, text):
    server.files["/a"] = text
    with pytest.raises(NetworkError, match="is no proper JSON"):
        client.get_json(f"{server.url}/a")


def test_what_is_too_large_is_refused(client, server):
    server.files["/a"] = b"[" + b"1," * 50_000 + b"1]"
    with pytest.raises(NetworkError, match="larger than 1,000 bytes"):
        client.get_json(f"{server.url}/a", max_bytes=1000)


def test_hosts():
    assert host_of("https://Example.org:80/x") == "example.org"
    assert host_of("nothing") == host_of("http://[x") == ""

"""Sending: what is repeated, what is not, and where tokens go."""

import json
import pickle
import time

import pytest

from nimare_neurosynth._http import Client, Token, send, token_from
from nimare_neurosynth.errors import (
    FormatError,
    NetworkError,
    OptionError,
    RefusedError,
    UnsureError,
)
from tests.servers import QUICK, Answer, FaultyServer

HOSTS = frozenset({"127.0.0.1"})
SECRET = "s3cr3t.t0ken-value"


@pytest.fixture
def client():
    with Client(HOSTS, QUICK) as one:
        yield one


@pytest.fixture
def token(server):
    return Token(SECRET, server.url)


def test_what_is_sent_arrives(client, server, token):
    server.files["/a"] = b'{"id": "1"}'
    content = {"name": "å", "x": [1.5, None]}
    answer = send(client, "post", f"{server.url}/a", json=content, token=token)
    assert answer == {"id": "1"}
    [(method, body)] = server.sent
    assert (method, json.loads(body)) == ("POST", content)
    assert server.requests[0][1]["Authorization"] == f"Bearer {SECRET}"
    assert server.requests[0][1]["Content-Type"] == "application/json"


def test_a_form_with_a_file(client, server):
    server.files["/a"] = b""
    file = {"file": ("map.nii.gz", b"\x1f\x8bdata")}
    assert send(client, "PUT", f"{server.url}/a", form={"a": "b"}, files=file) is None
    [(_, body)] = server.sent
    assert b"\x1f\x8bdata" in body
    assert b'name="a"' in body
    assert server.requests[0][1]["Content-Type"].startswith("multipart/form-data; b")


PASSING = [
    Answer(status=500),
    Answer(status=502),
    Answer(cut=3),
    Answer(refuse=True),
    Answer(garbage=True),
    Answer(cut=0, hang=5),
]


@pytest.mark.parametrize("bad", PASSING)
def test_what_can_be_repeated_is(client, server, bad):
    server.files["/a"] = b'{"id": "1"}'
    server.answers["/a"] = [bad, bad]
    assert send(client, "PUT", f"{server.url}/a", json={}) == {"id": "1"}
    assert len(server.sent) == 3


@pytest.mark.parametrize("bad", PASSING)
def test_what_may_have_been_done_is_not_sent_again(client, server, bad):
    server.files["/a"] = b'{"id": "1"}'
    server.answers["/a"] = [bad]
    start = time.monotonic()
    with pytest.raises(UnsureError, match="not known"):
        send(client, "POST", f"{server.url}/a", json={})
    assert len(server.sent) == 1
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_waited_for(client, server, status):
    server.files["/a"] = b'{"id": "1"}'
    busy = Answer(status=status, headers={"Retry-After": "0"})
    server.answers["/a"] = [busy, busy]
    assert send(client, "POST", f"{server.url}/a", json={}) == {"id": "1"}
    server.answers["/a"] = [Answer(status=status, headers={"Retry-After": "900"})]
    with pytest.raises(RefusedError, match="wait 900 seconds"):
        send(client, "POST", f"{server.url}/a", json={})


def test_a_server_that_is_not_there(client):
    gone = FaultyServer()
    gone.close()
    with pytest.raises(NetworkError, match="no connection") as caught:
        send(client, "POST", f"{gone.url}/a", json={})
    assert not isinstance(caught.value, UnsureError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 418, 422])
def test_refusals_say_why(client, server, token, status):
    said = json.dumps({"detail": f"no\x1b[2J {SECRET} " + "x" * 5000}).encode()
    server.answers["/a"] = [Answer(status=status, instead=said)]
    with pytest.raises(RefusedError, match=f"answers {status}") as caught:
        send(client, "POST", f"{server.url}/a", json={}, token=token)
    assert caught.value.status == status
    message = str(caught.value)
    assert SECRET not in message
    assert "[token]" in message
    assert "\x1b" not in message
    assert len(message) < 800


@pytest.mark.parametrize("where", [f"//elsewhere.org/{SECRET}", f"http://[{SECRET}"])
def test_no_error_says_the_token(client, server, token, where):
    server.answers["/a"] = [Answer(status=307, headers={"Location": where})]
    with pytest.raises(NetworkError, match=r"\[token\]") as caught:
        send(client, "GET", f"{server.url}/a", token=token)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "where", ["http://localhost:1/", "https://elsewhere.org/", "http://["]
)
@pytest.mark.parametrize("status", [302, 307])
def test_redirects_elsewhere_are_refused(client, server, token, where, status):
    server.answers["/a"] = [Answer(status=status, headers={"Location": where})]
    with pytest.raises(NetworkError, match="redirects to"):
        send(client, "GET", f"{server.url}/a", token=token)
    server.answers["/a"] = [Answer(status=status, headers={"Location": where})]
    with pytest.raises(NetworkError):
        send(client, "POST", f"{server.url}/a", json={}, token=token)
    assert len(server.requests) == 2


def test_a_redirect_within_the_host_keeps_what_is_sent(client, server, token):
    server.files["/a/"] = b'{"id": "1"}'
    there = Answer(status=308, headers={"Location": "/a/"})
    server.answers["/a"] = [there]
    url = f"{server.url}/a"
    assert send(client, "POST", url, json=[1], token=token) == {"id": "1"}
    assert server.sent == [("POST", b"[1]"), ("POST", b"[1]")]
    server.always["/a"] = Answer(status=308, headers={"Location": "/a"})
    with pytest.raises(NetworkError, match="more than 5 times"):
        send(client, "GET", url)


def test_bad_answers(client, server):
    server.files["/a"] = b"no json" * 100
    with pytest.raises(NetworkError, match="no proper JSON"):
        send(client, "GET", f"{server.url}/a")
    with pytest.raises(UnsureError, match=r"no proper JSON.*did what was asked"):
        send(client, "POST", f"{server.url}/a", json={})
    with pytest.raises(NetworkError, match="larger than 50 bytes"):
        send(client, "GET", f"{server.url}/a", max_bytes=50)


def test_what_cannot_be_sent(client, server):
    url = f"{server.url}/a"
    with pytest.raises(FormatError, match="cannot be sent as JSON"):
        send(client, "POST", url, json={"x": float("nan")})
    with pytest.raises(OptionError, match="together"):
        send(client, "POST", url, json={}, form={})
    with pytest.raises(OptionError, match="method must be"):
        send(client, "BREW", url)
    with pytest.raises(NetworkError, match="is not on 127"):
        send(client, "GET", "https://elsewhere.org/")
    assert server.requests == []


def test_tokens_are_not_shown_and_go_nowhere_else(server):
    token = Token(SECRET, "https://neurostore.org/api", scheme="Token")
    own = token.headers("https://neurostore.org/api/x")
    assert own == {"Authorization": f"Token {SECRET}"}
    for other in (
        "http://neurostore.org/api",
        "https://neurostore.org.evil.org/api",
        "https://neurostore.org:444/",
        server.url,
        "https://[",
    ):
        assert token.headers(other) == {}
    assert Token(SECRET, "http://neurostore.org").headers("http://neurostore.org") == {}
    assert SECRET not in repr(token) + str(token) + f"{token}" + repr([token])
    with pytest.raises(TypeError):
        pickle.dumps(token)
    for bad in ("", "a b", "a\nb", "é"):
        with pytest.raises(OptionError, match="not shown") as caught:
            Token(bad, "https://neurostore.org")
        assert "é" not in str(caught.value)
    variable = "NEUROSTORE_TOKEN"
    assert token_from(variable, server.url, environ={}) is None
    assert token_from(variable, server.url, environ={variable: "x"}) is not None

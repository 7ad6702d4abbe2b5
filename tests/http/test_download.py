"""Downloads: gone on with, begun anew, refused; never half a file taken for whole."""

import os
import resource
import subprocess
import sys
import time
from collections import namedtuple

import pytest

from nimare_neurosynth._http import Client, Patience, download, leftovers
from nimare_neurosynth._http import _download as module
from nimare_neurosynth.errors import FormatError, NetworkError
from tests.servers import Answer

BODY = os.urandom(300_000)
QUICK = Patience(connect_seconds=0.5, read_seconds=0.4, attempts=4, pause_seconds=0.01)
ONCE = Patience(connect_seconds=0.5, read_seconds=0.4, attempts=1)


@pytest.fixture
def get(server, tmp_path):
    server.files["/file"] = BODY

    def run(*, patience=QUICK, max_bytes=1 << 20, **options):
        with Client(frozenset({"127.0.0.1"}), patience) as client:
            path = tmp_path / "file"
            return download(
                client, f"{server.url}/file", path, max_bytes=max_bytes, **options
            )

    return run


def _cut(server, get, at=100_000, **answer):
    """Leave a part of a download that was cut."""
    server.answers["/file"] = [Answer(cut=at, **answer)]
    with pytest.raises(NetworkError, match="broke off"):
        get(patience=ONCE)


@pytest.mark.parametrize(
    "answer", [Answer(), Answer(chunked=True), Answer(headers={"ETag": None})]
)
def test_a_file(server, get, answer):
    server.always["/file"] = answer
    part = get()
    assert part.name == "file.part"
    assert part.read_bytes() == BODY
    assert get() == part  # complete: nobody is asked again
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [{}, {"chunked": True}, {"hang": 60}])
def test_it_goes_on_after_a_cut(server, get, answer):
    server.answers["/file"] = [Answer(cut=100_000, **answer)] * 2
    assert get().read_bytes() == BODY
    first, second, third = server.ranges("/file")
    assert first is None
    assert second.startswith("bytes=1")
    assert third.startswith("bytes=2")


def test_it_goes_on_in_the_next_call(server, get):
    _cut(server, get)
    assert get().read_bytes() == BODY
    assert server.ranges("/file") == [None, "bytes=100000-"]


def test_a_server_without_ranges_sends_all_again(server, get):
    _cut(server, get)
    server.always["/file"] = Answer(ranges=False)
    assert get().read_bytes() == BODY
    assert server.ranges("/file") == [None, "bytes=100000-"]


def test_a_file_that_changed_is_begun_anew(server, get):
    _cut(server, get)
    server.files["/file"] = new = os.urandom(250_000)
    assert get().read_bytes() == new


def test_without_versions_a_part_is_not_gone_on_with(server, get):
    bare = {"headers": {"ETag": None}}
    _cut(server, get, **bare)
    server.always["/file"] = Answer(**bare)
    assert get().read_bytes() == BODY
    assert server.ranges("/file") == [None, None]


def test_unless_the_hash_will_be_compared(server, get):
    bare = {"headers": {"ETag": None}}
    _cut(server, get, **bare)
    server.always["/file"] = Answer(**bare)
    assert get(is_verified=True).read_bytes() == BODY
    assert server.ranges("/file") == [None, "bytes=100000-"]


def test_weak_tags_tell_no_versions_apart(server, get):
    weak = {"headers": {"ETag": 'W/"1"'}}
    _cut(server, get, **weak)
    server.always["/file"] = Answer(**weak)
    assert get().read_bytes() == BODY
    assert server.ranges("/file") == [None, None]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(wrong_range=7),
        Answer(headers={"Content-Range": "nonsense"}),
        Answer(headers={"Content-Range": f"bytes 100000-{len(BODY)}/{len(BODY) + 1}"}),
        Answer(status=416),
    ],
)
def test_a_wrong_rest_is_not_added(server, get, answer):
    _cut(server, get)
    server.answers["/file"] = [answer]
    assert get().read_bytes() == BODY
    assert server.ranges("/file")[-1] is None


def test_a_rest_of_another_version_is_not_added(server, get):
    _cut(server, get)
    # the server does not heed If-Range, but says that this is another version
    server.files["/file"] = new = os.urandom(len(BODY))
    server.answers["/file"] = [Answer(heed=False)]
    assert get().read_bytes() == new
    assert server.ranges("/file") == [None, "bytes=100000-", None]


@pytest.mark.parametrize("damage", ["{}", "no json", '{"url": 1}', ""])
def test_a_part_of_unknown_origin_is_dropped(server, get, tmp_path, damage):
    part, state = leftovers(tmp_path / "file")
    part.write_bytes(b"x" * 1000)
    state.write_text(damage)
    assert get().read_bytes() == BODY
    assert server.ranges("/file") == [None]


def test_a_part_that_is_too_long_is_dropped(server, get, tmp_path):
    _cut(server, get)
    leftovers(tmp_path / "file")[0].write_bytes(b"x" * (len(BODY) + 5))
    assert get().read_bytes() == BODY


# -------------------------------------------------------------------------- refused


def test_a_length_that_does_not_come(server, get):
    server.always["/file"] = Answer(says=len(BODY) + 10)
    with pytest.raises(NetworkError, match=r"broke off|no byte"):
        get()


def test_an_end_that_nobody_announced(server, get):
    server.always["/file"] = Answer(no_length=True)
    with pytest.raises(NetworkError, match="does not say where the file ends"):
        get()


def test_an_end_that_is_known_anyway(server, get):
    server.always["/file"] = Answer(no_length=True)
    assert get(size=len(BODY)).read_bytes() == BODY


def test_another_size_than_is_known(server, get, tmp_path):
    with pytest.raises(NetworkError, match="300,000 bytes where 299,999 are known"):
        get(size=len(BODY) - 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("answer", [Answer(), Answer(chunked=True)])
def test_far_too_much(server, get, tmp_path, answer):
    server.always["/file"] = answer
    with pytest.raises(NetworkError, match="refused"):
        get(max_bytes=1000)
    assert sum(p.stat().st_size for p in tmp_path.glob("*.part")) == 0


def test_404(server, get):
    del server.files["/file"]
    with pytest.raises(NetworkError, match="404 Not Found"):
        get()


# ---------------------------------------------------------------------- interrupted


def test_no_room(get, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage(1000))
    with pytest.raises(FormatError, match="300,000 bytes are needed, 1,000 are free"):
        get()


_CHILD = """
import sys
from pathlib import Path
from nimare_neurosynth._http import Client, download
with Client(frozenset({"127.0.0.1"})) as client:
    try:
        download(client, sys.argv[1], Path(sys.argv[2]), max_bytes=1 << 20)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
    else:
        print("done")
"""


def _child(server, path, **options):
    command = [sys.executable, "-c", _CHILD, f"{server.url}/file", str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def test_a_disk_that_fills_up(server, get, tmp_path):
    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    process = _child(server, tmp_path / "file", preexec_fn=small)
    said, _ = process.communicate(timeout=30)
    assert said.startswith("FormatError: cannot write")
    assert "call again to go on" in said
    assert get().read_bytes() == BODY
    assert server.ranges("/file")[-1] == "bytes=100000-"


@pytest.mark.parametrize("how", ["kill", "interrupt"])
def test_a_process_that_ends_leaves_what_has_come(server, get, tmp_path, how):
    server.answers["/file"] = [Answer(cut=200_000, hang=60)]
    process = _child(server, tmp_path / "file", stderr=subprocess.DEVNULL)
    part = leftovers(tmp_path / "file")[0]
    deadline = time.monotonic() + 30
    while not (part.is_file() and part.stat().st_size >= 150_000):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill() if how == "kill" else process.send_signal(2)
    process.communicate(timeout=30)
    assert get().read_bytes() == BODY
    start = int(server.ranges("/file")[-1].removeprefix("bytes=").rstrip("-"))
    assert 150_000 <= start <= 200_000


def test_a_bar(get, capsys):
    get(progress=True)
    assert "file: 100%" in capsys.readouterr().err

"""``fetch``: from a server once, from then on from the disk."""

import hashlib
import shutil
import subprocess
import sys
import threading
import time
import warnings

import pytest

from nimare_neurosynth import load_demo, read_database
from nimare_neurosynth.datasets import (
    _files,
    download_folder,
    fetch,
    known_databases,
)
from nimare_neurosynth.errors import (
    FormatError,
    NetworkError,
    NeurosynthWarning,
    OptionError,
)
from nimare_neurosynth.io import PUBLIC_DATABASES, clear_cache, is_public_name
from tests.io.same import assert_same_database
from tests.servers import Answer, serve_folder, serving

V3 = "/neurosynth-3/data-neurosynth_version-3"
PEAKS, TERMS = f"{V3}_coordinates.tsv.gz", f"{V3}_vocab-terms_vocabulary.txt"
MATRIX = f"{V3}_vocab-terms_source-abstract_type-tfidf_features.npz"


# --------------------------------------------------------------------------- the table


def test_each_name_is_known_and_only_these():
    assert {*known_databases(), "neurosynth"} == set(PUBLIC_DATABASES)
    assert all(name == known.name for name, known in known_databases().items())
    assert is_public_name("neurostore-2026-09")
    assert not any(map(is_public_name, ["neurostore-2026-13", "neurosynth-2", "", ":"]))


@pytest.mark.parametrize("known", known_databases().values(), ids=lambda k: k.name)
def test_the_table_is_whole(known):
    assert known.licence
    assert known.attribution
    assert known.homepage.startswith("https://")
    for file in known.files(tuple(known.vocabularies)):
        assert file.url.startswith("https://github.com/")
        assert file.url.endswith(f"/{file.name}")
        assert (file.size is None) == (file.sha256 is None)
        assert file.max_bytes > 0


def test_published_hashes_are_those_of_the_real_files(shared_data):
    folder = shared_data / "neurosynth_v7"
    known = known_databases()["neurosynth-7"]
    compared = 0
    for file in known.files(tuple(known.vocabularies)):
        path = folder / file.name
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
            assert path.stat().st_size == file.size
            compared += 1
    assert compared == 6


# ------------------------------------------------------------------------------- names


def test_the_demo_has_a_name():
    assert fetch("demo") is load_demo()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "neurosinth-7",
            {},
            "no public database 'neurosinth-7'. Close matches: 'ne",
        ),
        ("neurosynth-8", {}, "There are: neurosynth, neurosynth-3"),
        ("neurosynth-7:LDA5", {}, "no vocabulary 'LDA5'. Close matches: 'LDA50'"),
        ("neurosynth-3:LDA50", {}, "no vocabulary 'LDA50'. There are: terms."),
        ("neurosynth-7:", {}, "no vocabulary ''"),
        ("neurostore:terms", {}, "There are: none."),
        ("neurosynth-7:terms", {"vocabularies": ["LDA50"]}, "names vocabularies alre"),
        ("neurosynth-7", {"mirror": "ftp://x"}, "must be an address that begins"),
        ("neurosynth-7", {"timeout_seconds": 0}, "timeout_seconds must be above 0"),
        (7, {}, "no public database '7'"),
    ],
)
def test_wrong_calls(get, name, options, message):
    with pytest.raises(OptionError) as caught:
        get(name, **options)
    assert message in str(caught.value)


def test_a_name_where_a_path_is_needed_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FormatError, match=r"fetch\('neurosynth-7:LDA50'\) gets\."):
        read_database("neurosynth-7:LDA50")
    with pytest.raises(FormatError, match="Close matches: 'neurosynth-7'"):
        read_database("neurosynth_v7")


# ------------------------------------------------------------------ once, and then here


def test_fetched_once_then_opened_without_network(get, server, small, home):
    made = get("neurosynth-3")
    assert_same_database(made, read_database(small))
    assert len(server.requests) == 4
    again = get("neurosynth-3", mirror="http://127.0.0.1:9")
    assert_same_database(made, again)
    assert len(server.requests) == 4
    assert not [p for p in home.rglob("*") if p.name.endswith((".part", ".json.new"))]
    assert not list(home.rglob(".writing-*"))


def test_it_is_compiled_again_from_the_files_that_are_here(get, server, small, home):
    made = get("neurosynth-3")
    shutil.rmtree(home / "databases")
    assert_same_database(made, get("neurosynth-3"))
    assert len(server.requests) == 4


def test_a_damaged_compiled_form_is_made_again(get, small, home):
    made = get("neurosynth-3")
    [folder] = (home / "databases").iterdir()
    (folder / "manifest.json").write_text("{")
    assert_same_database(made, get("neurosynth-3"))


def test_old_compiled_forms_go(get, small, home, monkeypatch):
    from nimare_neurosynth.datasets import _fetch as door

    get("neurosynth-3")
    monkeypatch.setattr(door, "READER_VERSION", "next")
    get("neurosynth-3")
    assert len(list((home / "databases").iterdir())) == 1


def test_the_users_cache_and_the_environment(server, small, tmp_path, monkeypatch):
    monkeypatch.setenv("NIMARE_NEUROSYNTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NIMARE_NEUROSYNTH_MIRROR", f"{server.url}/")
    with pytest.warns(NeurosynthWarning, match="no hash is published"):
        fetch("neurosynth-3", progress=False)
    folder = download_folder("neurosynth-3")
    assert folder == tmp_path / "cache" / "downloads" / "neurosynth-3"
    assert (folder / "hashes.json").is_file()
    clear_cache()
    assert fetch("neurosynth-3", progress=False).n_studies == 7
    clear_cache(downloads=True)
    assert not folder.exists()


def test_what_is_said_on_the_way(get, small, capsys):
    get("neurosynth-3", progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Neurosynth, version 3, from http://127.0.0.1" in said.err
    assert "Licence: ODbL-1.0." in said.err
    assert "fetching 4 files into " in said.err
    assert "coordinates.tsv.gz: 100%" in said.err


@pytest.mark.data
def test_the_real_version_7(get, server, shared_data, tmp_path):
    source = tmp_path / "neurosynth-7"
    source.mkdir()
    for path in (shared_data / "neurosynth_v7").iterdir():
        if "vocab-terms" not in path.name and not path.name.endswith("_keys.tsv"):
            shutil.copy(path, source)
    serve_folder(server, source)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all hashes are known: nothing to tell
        made = fetch(
            "neurosynth:LDA50",
            folder=tmp_path / "home",
            mirror=server.url,
            progress=False,
        )
    assert made.n_studies == 14_371
    assert_same_database(made, read_database(source))
    start = time.perf_counter()
    again = get("neurosynth-7", vocabularies="LDA50", mirror="http://127.0.0.1:9")
    assert time.perf_counter() - start < 1
    assert again.content_hash == made.content_hash
    with pytest.raises(NetworkError, match="vocab-terms_source-abstract_type-tfidf"):
        get("neurosynth-7")  # the matrix of terms is not on the server


# --------------------------------------------------------------- wrong, changed files


def test_a_file_that_is_not_what_is_published(get, server, home):
    server.always["*"] = Answer(instead=b"\x1f\x8b" + b"x" * 3_587_165)
    with pytest.raises(FormatError, match=r"SHA-256 is not 17135be3.*is published"):
        get("neurosynth-7")
    left = [p.name for p in home.rglob("*") if p.is_file()]
    assert left == []


def test_a_part_of_another_version_costs_one_more_attempt(get, server, small, home):
    get("neurosynth-3")
    folder = home / "downloads" / "neurosynth-3"
    (folder / PEAKS.rpartition("/")[2]).unlink()
    shutil.rmtree(home / "databases")
    # half of a file that nobody can tell from ours
    name = PEAKS.rpartition("/")[2]
    good = server.files[PEAKS]
    (folder / f"{name}.part").write_bytes(b"x" * (len(good) // 2))
    url = f"{server.url}{PEAKS}"
    (folder / f"{name}.part.json").write_text(
        f'{{"url": "{url}", "validator": "", "total": null}}'
    )
    assert get("neurosynth-3").n_studies == 7
    assert server.ranges(PEAKS) == [None, f"bytes={len(good) // 2}-", None]


def test_what_came_first_is_trusted_and_what_comes_later_compared(
    get, server, small, home
):
    with pytest.warns(NeurosynthWarning, match="no hash is published for data-neuro"):
        fetch("neurosynth-3", folder=home, mirror=server.url, progress=False)
    path = home / "downloads" / PEAKS.lstrip("/")
    path.unlink()
    shutil.rmtree(home / "databases")
    server.files[PEAKS] = server.files[PEAKS] + b"\0"
    with pytest.raises(FormatError, match="which it had when it was first fetched"):
        get("neurosynth-3")
    assert not path.exists()


def test_a_damaged_file_is_fetched_again(get, server, small, home):
    made = get("neurosynth-3")
    path = home / "downloads" / PEAKS.lstrip("/")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.warns(NeurosynthWarning, match="is not the file that is published"):
        again = fetch(
            "neurosynth-3", folder=home, mirror=server.url, update=True, progress=False
        )
    assert again.content_hash == made.content_hash
    assert path.read_bytes() == server.files[PEAKS]


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        (PEAKS, b"<html>log in</html>", "is not what its name says"),
        (TERMS, b"<!DOCTYPE html>", "is not what its name says"),
        (TERMS, b"version https://git-lfs.github.com/spec/v1\n", "is not what its na"),
        (MATRIX, b"", "is not what its name says"),
        (PEAKS, b"\x1f\x8b" + b"garbage" * 20, "cannot be unpacked"),
        (MATRIX, b"PK\x03\x04" + b"garbage" * 20, "features.npz"),
        (TERMS, b"one\n", "features.npz"),
    ],
)
def test_garbage_is_refused_and_not_kept(
    get, server, small, home, path, content, message
):
    good = server.files[path]
    server.files[path] = content
    with pytest.raises(FormatError, match=message) as caught:
        get("neurosynth-3")
    assert ".writing-" not in str(caught.value)
    server.files[path] = good
    assert get("neurosynth-3").n_studies == 7


# --------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_server_that_does_not_give_it(get, server, small, home, status):
    server.always[MATRIX] = Answer(status=status)
    with pytest.raises(NetworkError) as caught:
        get("neurosynth-3")
    text = str(caught.value)
    assert f"the server answers {status}" in text
    # what is there is not asked for
    assert MATRIX in text
    assert PEAKS not in text
    assert text.count("http://127.0.0.1") == 3 if status < 500 else True
    assert str(home / "downloads" / "neurosynth-3") in text


@pytest.mark.parametrize(
    "bad",
    [
        Answer(cut=100),
        Answer(cut=100, hang=5),
        Answer(status=503, headers={"Retry-After": "0"}),
        Answer(refuse=True),
        Answer(garbage=True),
    ],
)
def test_what_passes(get, server, small, bad):
    server.answers[PEAKS] = [bad]
    assert get("neurosynth-3").n_studies == 7


def test_a_redirect_to_another_host(get, server, small):
    server.always[PEAKS] = Answer(
        status=302, headers={"Location": f"http://localhost:1{PEAKS}"}
    )
    with pytest.raises(NetworkError, match=r"redirects to http://localhost.*refused"):
        get("neurosynth-3")


def test_offline_says_what_to_get_and_where_to_put_it(home):
    mirror = "http://127.0.0.1:9"
    with pytest.raises(NetworkError) as caught:
        fetch("neurosynth-7:all", folder=home, mirror=mirror, progress=False)
    known = known_databases()["neurosynth-7"]
    for file in known.files(tuple(known.vocabularies)):
        assert f"\n  {mirror}/neurosynth-7/{file.name}\n" in str(caught.value)
    assert f"into the folder\n  {home / 'downloads' / 'neurosynth-7'}\n" in str(
        caught.value
    )


def test_files_that_are_put_there_by_hand(get, server, small, home):
    shutil.copytree(small, home / "downloads" / "neurosynth-3")
    made = get("neurosynth-3", mirror="http://127.0.0.1:9")
    assert_same_database(made, read_database(small))
    assert server.requests == []


def test_a_wrong_file_by_hand(home):
    folder = home / "downloads" / "neurosynth-7"
    folder.mkdir(parents=True)
    path = folder / "data-neurosynth_version-7_coordinates.tsv.gz"
    path.write_bytes(b"\x1f\x8b another file")
    with (
        pytest.warns(NeurosynthWarning, match="not the file that is published"),
        pytest.raises(NetworkError, match=path.name),
    ):
        fetch("neurosynth-7", folder=home, mirror="http://127.0.0.1:9", progress=False)
    assert path.exists()


def test_a_useless_file_by_hand_stays(get, server, small, home):
    folder = home / "downloads" / "neurosynth-3"
    shutil.copytree(small, folder)
    path = folder / TERMS.rpartition("/")[2]
    path.write_text("one\n")
    with pytest.raises(FormatError, match=r"features\.npz"):
        get("neurosynth-3")
    assert path.read_text() == "one\n"


def test_a_folder_that_cannot_be_written(get, small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FormatError, match="is a file"):
        get("neurosynth-3", folder=tmp_path / "file")


def test_a_disk_without_links(get, small, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(_files.os, "link", refuse)
    assert get("neurosynth-3").n_studies == 7


# ----------------------------------------------------------------- several, and killed


def test_two_at_once_take_turns(server, small, home):
    server.answers[PEAKS] = [Answer(cut=50, hang=0.3)]
    found, told = [], []

    def run():
        found.append(
            fetch("neurosynth-3", folder=home, mirror=server.url, progress=False)
        )

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    told = [str(w.message) for w in caught]
    assert len(found) == 3
    assert len({one.content_hash for one in found}) == 1
    assert any("another process is writing" in text for text in told)
    # nothing was brought twice
    assert sorted(set(server.paths)) == sorted([*set(server.paths)])
    assert len([p for p in server.paths if p != PEAKS]) == 3


_CHILD = """
import sys, warnings
warnings.simplefilter("ignore")
from nimare_neurosynth import fetch
fetch("neurosynth-3", folder=sys.argv[1], mirror=sys.argv[2], progress=False)
"""


def test_a_killed_one_is_gone_on_with(get, small, home):
    with serving() as slow:
        serve_folder(slow, small)
        slow.always[MATRIX] = Answer(cut=300, hang=60)
        process = subprocess.Popen([sys.executable, "-c", _CHILD, str(home), slow.url])
        part = home / "downloads" / f"{MATRIX.lstrip('/')}.part"
        deadline = time.monotonic() + 60
        while not (part.is_file() and part.stat().st_size == 300):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.wait(30)
        slow.always.clear()
        made = get("neurosynth-3", mirror=slow.url)
        assert_same_database(made, read_database(small))
        assert slow.ranges(MATRIX) == [None, "bytes=300-"]
        assert slow.paths.count(PEAKS) == 1
    assert not [p for p in home.rglob("*") if p.name.startswith((".writing", "tmp"))]

"""Releases of NeuroStore: chosen, checked, and unpacked with suspicion."""

import io
import json
import tarfile

import pytest

from nimare_neurosynth import load_demo
from nimare_neurosynth.datasets import _unpack, fetch
from nimare_neurosynth.errors import (
    FormatError,
    NetworkError,
    NeurosynthWarning,
    OptionError,
)
from tests.servers import release_archive, serve_release, tar_entry

LIST = "/neurostore/releases.json"
NAME = "neurostore-studyset-2026-07.tar.gz"
ARCHIVE = f"/neurostore-2026-07/{NAME}"
NOBODY = "http://127.0.0.1:9"


def test_a_release(server, release, home):
    made = fetch("neurostore", folder=home, mirror=server.url, progress=False)
    demo = load_demo()
    assert (made.n_studies, len(made.peaks)) == (320, 9_492)
    assert made.study_ids.tolist() == demo.study_ids.tolist()
    assert (made.about.name, made.about.version) == ("NeuroStore", "2026-07")
    assert made.about.licence == "see NeuroStore's terms of use"
    assert made.about.source == NAME
    # by either name, and without network
    for name in ("neurostore", "neurostore-2026-07"):
        again = fetch(name, folder=home, mirror=NOBODY, progress=False)
        assert again.content_hash == made.content_hash
        assert again.about == made.about
    assert server.paths == [LIST, ARCHIVE]


def test_the_latest_until_a_newer_one_is_looked_for(get, server, release):
    assert get("neurostore").about.version == "2026-07"
    newer = release_archive((tar_entry("neurostore-studyset-2026-07/more"), b"x"))
    serve_release(server, "2026-08", newer)
    serve_release(server, "nightly", newer, built_at="2027-01-01")
    assert get("neurostore").about.version == "2026-07"
    assert get("neurostore", update=True).about.version == "2026-08"
    assert get("neurostore").about.version == "2026-08"


def test_another_nightly_build(get, server, home):
    serve_release(server, "nightly", release_archive())
    first = get("neurostore-nightly")
    other = release_archive((tar_entry("neurostore-studyset-2026-07/more"), b"x"))
    serve_release(server, "nightly", other)
    assert get("neurostore-nightly").about == first.about
    second = get("neurostore-nightly", update=True)
    assert first.about.version.startswith("nightly ")
    assert second.about.version != first.about.version
    assert get("neurostore-nightly", mirror=NOBODY).about == second.about
    assert len(list((home / "databases").iterdir())) == 1


def test_a_failed_update_leaves_what_there_is(get, server, release):
    made = get("neurostore")
    server.files.clear()
    with pytest.raises(NetworkError):
        get("neurostore", update=True)
    assert get("neurostore").about == made.about


def test_a_release_that_is_not_there(get, release):
    with pytest.raises(OptionError, match=r"no release 2026-06\..*There are: 2026-07"):
        get("neurostore-2026-06")


def test_an_archive_that_is_not_what_the_list_says(get, server, release):
    serve_release(server, "2026-07", release, archive_checksum="0" * 64)
    with pytest.raises(FormatError, match="SHA-256 is not 0000"):
        get("neurostore")


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"{}",
        b"[]",
        b'{"results": 3}',
        b'{"results": [1, null, {"version": "../../evil", "download_path": "/x"}]}',
        b'[{"version": "2026-07"}]',
    ],
)
def test_a_list_that_is_none(get, server, answer):
    server.files[LIST] = answer
    with pytest.raises(NetworkError, match=r"no proper JSON|no list|lists no releases"):
        get("neurostore")


def test_without_a_published_hash_the_first_is_trusted(server, release, home):
    serve_release(server, "2026-07", release, archive_checksum=None)
    with pytest.warns(NeurosynthWarning, match=f"no hash is published for {NAME}"):
        fetch("neurostore", folder=home, mirror=server.url, progress=False)


@pytest.mark.parametrize(
    ("name", "called"),
    [("neurostore", "YYYY-MM"), ("neurostore-2026-07", "2026-07")],
)
def test_offline(get, home, name, called):
    with pytest.raises(NetworkError) as caught:
        get(name, mirror=NOBODY)
    text = str(caught.value)
    assert f"as neurostore-studyset-{called}.tar.gz, into the folder" in text
    assert str(home / "downloads" / f"neurostore-{called}") in text


@pytest.mark.parametrize("name", ["neurostore", "neurostore-2026-07"])
def test_an_archive_by_hand(get, release, home, name):
    folder = home / "downloads" / "neurostore-2026-07"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(release)
    made = get(name, mirror=NOBODY)
    assert made.n_studies == 320
    assert made.about.version == "2026-07"


# --------------------------------------------------------------------------- archives


BAD = {
    "a folder above": tar_entry("../evil"),
    "inside and out again": tar_entry("neurostore-studyset-2026-07/../../evil"),
    "an absolute path": tar_entry("/tmp/evil"),
    "a symbolic link": tar_entry("link", tarfile.SYMTYPE, "/etc/passwd"),
    "a hard link": tar_entry("link", tarfile.LNKTYPE, "../../evil"),
    "a device": tar_entry("device", tarfile.CHRTYPE),
    "a pipe": tar_entry("pipe", tarfile.FIFOTYPE),
    "another separator": tar_entry("..\\evil"),
}


@pytest.mark.parametrize("what", BAD)
def test_an_archive_that_leads_elsewhere(get, server, home, what):
    serve_release(server, "2026-07", release_archive((BAD[what], b"evil")))
    with pytest.raises(FormatError, match="refused"):
        get("neurostore")
    assert not list(home.parent.rglob("*evil*"))
    assert not [p for p in home.rglob("*") if p.is_symlink()]


def _packed(*entries):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, content in entries:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_a_bomb(get, server, home):
    serve_release(server, "2026-07", _packed((tar_entry("big"), bytes(80 << 20))))
    with pytest.raises(FormatError, match="unpacks to more than"):
        get("neurostore")
    used = sum(p.stat().st_size for p in home.rglob("*") if p.is_file())
    assert used < 1 << 20


def test_a_thousand_files(tmp_path, monkeypatch):
    monkeypatch.setattr(_unpack, "_MAX_FILES", 10)
    path = tmp_path / "many.tar.gz"
    path.write_bytes(_packed(*((tar_entry(f"f{i}"), b"x") for i in range(11))))
    with pytest.raises(FormatError, match="more than 10 files"):
        _unpack.unpack(path, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b garbage", "cannot be unpacked"),
        (release_archive()[:50_000], "cannot be unpacked"),
        (_packed((tar_entry("x"), b"x")), "0 studysets"),
        (
            _packed(*((tar_entry(f"{i}/studyset.json"), b"{}") for i in range(2))),
            "2 studysets",
        ),
    ],
    ids=["garbage", "cut short", "no studyset", "two studysets"],
)
def test_what_is_no_release(get, server, content, message):
    serve_release(server, "2026-07", content)
    with pytest.raises(FormatError, match=message):
        get("neurostore")


def test_the_list_keeps_the_last_build_of_a_version(get, server, release):
    listed = json.loads(server.files[LIST])["results"]
    older = {**listed[0], "built_at": "2020-01-01", "archive_checksum": "0" * 64}
    server.files[LIST] = json.dumps([older, *listed, older]).encode()
    assert get("neurostore").n_studies == 320

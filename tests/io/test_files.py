"""Writing files and folders whole or not at all."""

import os

import pytest

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import atomic_folder, check_folder, write_atomic
from nimare_neurosynth.io._files import read_text

ERRORS = [RuntimeError("on purpose"), KeyboardInterrupt(), OSError(28, "No space left")]


@pytest.mark.parametrize(("content", "expected"), [("Ünï\n", "Ünï\n"), (b"raw", "raw")])
def test_write_atomic(tmp_path, content, expected):
    write_atomic(tmp_path / "file", content)
    assert read_text(tmp_path / "file") == expected
    write_atomic(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_write_atomic_gives_the_usual_permissions(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_atomic(tmp_path / "file", "x")
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("error", ERRORS)
def test_write_atomic_leaves_the_old_file(tmp_path, monkeypatch, error):
    (tmp_path / "file").write_text("old")

    def fail(_):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_atomic(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


# ---------------------------------------------------------------------- atomic_folder


def test_atomic_folder_moves_its_files(tmp_path):
    folder = tmp_path / "new" / "deep"
    with atomic_folder(folder) as staging:
        (staging / "a").write_text("1")
        (staging / "b").write_text("2")
        assert not (folder / "a").exists()
    assert {p.name: p.read_text() for p in folder.iterdir()} == {"a": "1", "b": "2"}


def test_atomic_folder_keeps_other_files(tmp_path):
    (tmp_path / "mine").write_text("kept")
    (tmp_path / "a").write_text("old")
    with atomic_folder(tmp_path) as staging:
        (staging / "a").write_text("new")
    contents = {p.name: p.read_text() for p in tmp_path.iterdir()}
    assert contents == {"a": "new", "mine": "kept"}


def _write_two(folder, error=None):
    with atomic_folder(folder) as staging:
        (staging / "a").write_text("new")
        (staging / "b").write_text("new")
        if error is not None:
            raise error


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("existed", [True, False])
def test_a_failure_leaves_no_file(tmp_path, error, existed):
    folder = tmp_path / "out"
    if existed:
        folder.mkdir()
        (folder / "a").write_text("old")
    with pytest.raises(type(error)):
        _write_two(folder, error)
    assert folder.exists() == existed
    assert not existed or [p.read_text() for p in folder.iterdir()] == ["old"]


def test_a_failure_while_moving_leaves_no_file(tmp_path):
    (tmp_path / "out" / "b").mkdir(parents=True)  # a folder is where a file should go
    with pytest.raises((FormatError, OSError)):
        _write_two(tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["b"]


def test_a_failure_while_moving_brings_the_old_files_back(tmp_path):
    (tmp_path / "out" / "b").mkdir(parents=True)
    (tmp_path / "out" / "a").write_text("old")
    with pytest.raises((FormatError, OSError)):
        _write_two(tmp_path / "out")
    assert (tmp_path / "out" / "a").read_text() == "old"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a", "b"]


CHECKED = {
    "new": None,
    "folder": None,
    "folder/new/deep": None,
    "file": "it is a file",
    "file/below/deep": "file is a file",
}


@pytest.mark.parametrize("name", CHECKED)
def test_check_folder(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("in the way")
    if CHECKED[name] is None:
        check_folder(tmp_path / name)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]
    else:
        with pytest.raises(FormatError, match=f"cannot write .*{CHECKED[name]}"):
            check_folder(tmp_path / name)


def test_check_folder_knows_what_is_read_only(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(FormatError, match=r"cannot write into .*new: .* is read-only"):
        check_folder(tmp_path / "new")


@pytest.mark.parametrize(
    ("below", "why"), [(".", "File exists"), ("deeper", "Not a directory")]
)
def test_atomic_folder_needs_a_place(tmp_path, below, why):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FormatError, match=rf"cannot write into .*: {why}\."):
        _write_two(tmp_path / "file" / below)


# -------------------------------------------------------------------------- read_text


def test_a_folder_is_no_text(tmp_path):
    with pytest.raises(FormatError, match="cannot be read: Is a directory"):
        read_text(tmp_path)


def test_a_missing_file_is_no_text(tmp_path):
    with pytest.raises(FormatError, match="nothing cannot be read: No such file"):
        read_text(tmp_path / "nothing")


def test_a_failure_leaves_what_others_wrote_meanwhile(tmp_path):
    def work():
        with atomic_folder(tmp_path / "results" / "a"):
            (tmp_path / "results" / "b").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert [p.name for p in (tmp_path / "results").iterdir()] == ["b"]


def test_folders_made_for_nothing_go(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "x" / "y" / "z"):
        raise KeyboardInterrupt
    assert not (tmp_path / "x").exists()


def test_what_is_stale_goes_when_the_new_comes(tmp_path):
    for name in ("old.nii", "mine.txt"):
        (tmp_path / name).write_text(name)
    with atomic_folder(tmp_path, stale=lambda name: name.endswith(".nii")) as staging:
        (staging / "new.nii").write_text("new")
    assert {p.name for p in tmp_path.iterdir()} == {"new.nii", "mine.txt"}

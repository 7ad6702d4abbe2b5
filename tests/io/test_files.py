"""Writing files and folders whole or not at all."""

import hashlib
import os
import pickle
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import _files, atomic_folder, check_folder, write_atomic
from nimare_neurosynth.io._files import (
    STAGING,
    hash_file,
    load_array,
    read_text,
    sweep,
)

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
    with pytest.raises(FormatError if isinstance(error, OSError) else type(error)):
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
    with pytest.raises(FormatError if isinstance(error, OSError) else type(error)):
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


# ------------------------------------------------------------------------------ sweep

HOUR = 3600


def _left(folder, name, hours):
    """Make what a writer has left so many hours ago: a file or a folder of files."""
    path = folder / name
    if name.endswith("/"):
        (path / "deep").mkdir(parents=True)
        (path / "deep" / "runs.npy").write_bytes(b"torn")
    else:
        path.write_bytes(b"torn")
    then = time.time() - hours * HOUR
    os.utime(path, (then, then))
    return path


@pytest.mark.parametrize("end", ["", "/"])
def test_what_is_left_behind_is_swept_after_a_day(tmp_path, end):
    fresh = [_left(tmp_path, f"{STAGING}{h}{end}", h) for h in (0, 1, 23.9, -50)]
    old = [_left(tmp_path, f"{STAGING}{h}{end}", h) for h in (24.1, 48, 10_000)]
    sweep(tmp_path)
    assert all(path.exists() for path in fresh)
    assert not any(path.exists() for path in old)


def test_nothing_else_is_swept(tmp_path):
    names = ("writing-x", ".writing", "x.writing-", ".hidden/", "data/", f"x{STAGING}y")
    mine = [_left(tmp_path, name, 100) for name in names]
    below = _left(tmp_path / "data", f"{STAGING}x", 100)  # another folder's
    sweep(tmp_path)
    assert all(path.exists() for path in (*mine, below))


def test_a_link_is_not_followed(tmp_path):
    data = _left(tmp_path, "data/", 100)
    (tmp_path / f"{STAGING}link").symlink_to(data)
    (tmp_path / f"{STAGING}nowhere").symlink_to(tmp_path / "nothing")
    sweep(tmp_path)
    assert (data / "deep" / "runs.npy").exists()


def test_what_cannot_be_swept_stays(tmp_path, monkeypatch):
    old = _left(tmp_path, f"{STAGING}x/", 100)

    def fail(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_files.shutil, "rmtree", fail)
    sweep(tmp_path)
    assert old.exists()


def test_a_missing_folder_has_nothing_to_sweep(tmp_path):
    sweep(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


WRITERS = {
    "a file": lambda folder: write_atomic(folder / "new", "new"),
    "a folder": _write_two,
}


@pytest.mark.parametrize("what", WRITERS)
def test_writers_sweep_where_they_write(tmp_path, what):
    fresh = _left(tmp_path, f"{STAGING}fresh/", 1)
    old = [_left(tmp_path, f"{STAGING}old{end}", 25) for end in ("1", "2/")]
    WRITERS[what](tmp_path)
    assert fresh.exists()
    assert not any(path.exists() for path in old)


def test_what_is_being_written_can_be_told(tmp_path, monkeypatch):
    def fail(_):
        seen.extend(path.name for path in tmp_path.iterdir())
        raise KeyboardInterrupt

    seen = []
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file", "new")
    [name] = seen
    assert name.startswith(STAGING)


# ------------------------------------------------------------------------------ arrays


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("dtype", [bool, np.uint16, np.int64, float, "<U5"])
def test_arrays_come_back(tmp_path, mapped, dtype):
    array = np.arange(6).reshape(3, 2).astype(dtype)
    np.save(tmp_path / "a.npy", array)
    loaded = load_array(tmp_path / "a.npy", mapped=mapped)
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == array.dtype
    assert isinstance(loaded, np.memmap) == mapped


def _npy(header, data=b"\0" * 24):
    """Write an array as NumPy does, with any header."""
    padded = header.encode("latin-1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\0" + len(padded).to_bytes(2, "little") + padded + data


def _header(shape="(3,)", descr="'<i8'", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


NO_ARRAYS = {
    "nothing": b"",
    "only its first bytes": b"\x93NUMPY",
    "half a header": _npy(_header())[:40],
    "half of its numbers": _npy(_header(), b"\0" * 12),
    "no numbers": _npy(_header(), b""),
    "a text": b"x" * 200,
    "a zip archive": b"PK\x03\x04".ljust(200, b"x"),
    "an empty zip archive": b"PK\x05\x06".ljust(200, b"\0"),
    "a pickle": pickle.dumps([1, 2, 3]),
    "an array of objects": _npy(_header(descr="'|O'")),
    "another version": b"\x93NUMPY\x09\0" + _npy(_header())[8:],
    "a header that is no text": b"\x93NUMPY\x03\0\x10\0\0\0" + b"\xff" * 200,
    "a header of garbage": _npy("x y"),
    "an open bracket": _npy("{(("),
    "an open text": _npy("{'descr"),
    "a header nested beyond reading": _npy("(" * 5_000),
    "a header that is a list": _npy("[1]"),
    "a header that lacks the shape": _npy("{'descr': '<i8', 'fortran_order': False}"),
    "a header with a call": _npy(_header(shape="(abs(3),)")),
    "a shape that is a number": _npy(_header(shape="3")),
    "a shape of text": _npy(_header(shape="('a',)")),
    "a shape below 0": _npy(_header(shape="(-1,)")),
    "a shape that cannot be": _npy(_header(shape="(2**62,)")),
    "a shape of 2 ** 62": _npy(_header(shape=f"({2**62},)")),
    "a shape of 10 ** 30": _npy(_header(shape=f"({10**30},)")),
    "no type": _npy(_header(descr="'zz'")),
    "a type that is a number": _npy(_header(descr="5")),
    "an order that is none": _npy(_header(order="'C'")),
}


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize("what", NO_ARRAYS)
def test_what_is_no_array_is_refused(tmp_path, what, mapped):
    (tmp_path / "a.npy").write_bytes(NO_ARRAYS[what])
    with pytest.raises(ValueError, match=r"\w"):
        load_array(tmp_path / "a.npy", mapped=mapped)


@pytest.mark.parametrize("mapped", [True, False])
@given(data=st.data())
def test_damaged_arrays_are_read_or_refused(tmp_path_factory, mapped, data):
    content = bytearray(_npy(_header()))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, 80))
        new = data.draw(st.sampled_from(b"\0\n '\"(){}[],:019x<>|OUP\xff"))
        content[place : place + data.draw(st.integers(0, 3))] = bytes([new])
    path = tmp_path_factory.mktemp("damaged") / "a.npy"
    path.write_bytes(content)
    try:
        loaded = load_array(path, mapped=mapped)
    except ValueError:
        return
    assert isinstance(loaded, np.ndarray)
    assert not loaded.dtype.hasobject


# ------------------------------------------------------------------------------ hashes


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 5000])
def test_hash_of_a_file(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert hash_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


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

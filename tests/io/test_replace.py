"""Folders that are replaced as a whole: the old content or the new, one at a time."""

import contextlib
import json
import os
import subprocess
import sys

import pytest

from nimare_neurosynth.errors import FormatError, NeurosynthWarning
from nimare_neurosynth.io import _replace, check_target, read_manifest, replace_folder
from nimare_neurosynth.io._manifest import FolderFormat

FORM = FolderFormat(
    name="test-folder",
    version=3,
    title="folder of tests",
    remedy="run the test again",
    fields={"made_by": str},
    beside=frozenset({"summary.tsv"}),
)
ERRORS = [
    OSError(28, "No space left on device"),
    RuntimeError("x"),
    KeyboardInterrupt(),
]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "made"


def writer(content, error=None):
    """Make a function that writes some files, and may fail after them."""

    def write(parts):
        for name, text in content.items():
            (parts / name).parent.mkdir(exist_ok=True)
            (parts / name).write_text(text)
        if error is not None:
            raise error
        return {"made_by": "a test"}

    return write


def replace(folder, content, error=None, **options):
    replace_folder(folder, FORM, writer(content, error), **options)


def contents(folder):
    """Read all files of the parts that the manifest names."""
    manifest = read_manifest(folder, FORM)
    parts = folder / manifest["parts"]
    found = {
        path.relative_to(parts).as_posix(): path.read_text()
        for path in parts.rglob("*")
        if path.is_file()
    }
    assert set(found) == set(manifest["files"])
    return found


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# -------------------------------------------------------------------------- replacing


@pytest.mark.parametrize("resume", [None, "work"])
def test_what_is_written_is_there(folder, resume):
    replace(folder, {"a": "1", "deep/b": "2"}, resume=resume)
    assert contents(folder) == {"a": "1", "deep/b": "2"}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["format"], manifest["format_version"]) == ("test-folder", 3)
    assert manifest["made_by"] == "a test"
    assert names(folder) == ["manifest.json", manifest["parts"]]


@pytest.mark.parametrize("first", [None, "one"])
@pytest.mark.parametrize("second", [None, "two"])
def test_the_old_content_goes(folder, first, second):
    replace(folder, {"a": "old", "b": "old"}, resume=first)
    replace(folder, {"a": "new"}, resume=second)
    assert contents(folder) == {"a": "new"}
    assert len(names(folder)) == 2


def test_the_old_content_is_there_until_the_new_one_is(folder):
    replace(folder, {"a": "old"})

    def write(parts):
        (parts / "a").write_text("new")
        assert contents(folder) == {"a": "old"}
        return {"made_by": "a test"}

    replace_folder(folder, FORM, write)
    assert contents(folder) == {"a": "new"}


def test_what_stands_beside_stays(folder):
    folder.mkdir()
    (folder / "summary.tsv").write_text("mine")
    for text in ("old", "new"):
        replace(folder, {"a": text})
        assert (folder / "summary.tsv").read_text() == "mine"


def test_others_may_read_what_is_written(folder):
    before = os.umask(0o022)
    try:
        for resume in (None, "work"):
            replace(folder, {"a": "1"}, resume=resume)
            parts = folder / read_manifest(folder, FORM)["parts"]
            assert parts.stat().st_mode & 0o777 == 0o755
    finally:
        os.umask(before)


def test_facts_do_not_replace_what_a_manifest_must_say(folder):
    def write(parts):
        return {"made_by": "a test", "parts": "..", "files": {}}

    replace_folder(folder, FORM, write)
    assert (folder / read_manifest(folder, FORM)["parts"]).is_dir()


@pytest.mark.parametrize("resume", [None, "work"])
def test_what_another_has_done_meanwhile_is_not_done_again(folder, resume):
    asked = []

    def is_done():
        asked.append(names(folder))
        return True

    replace(folder, {"a": "old"})
    replace(folder, {}, AssertionError("it is done"), resume=resume, is_done=is_done)
    assert contents(folder) == {"a": "old"}
    assert len(asked) == 1


# --------------------------------------------------------------------------- failures


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("start", ["missing", "deep", "empty", "full"])
def test_a_failure_leaves_what_was(tmp_path, error, start):
    folder = tmp_path / "a" / "b" if start == "deep" else tmp_path / "a"
    if start == "empty":
        folder.mkdir()
    if start == "full":
        replace(folder, {"a": "old"})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((FormatError, RuntimeError, KeyboardInterrupt)):
        replace(folder, {"a": "new", "b": "new"}, error)
    assert sorted(tmp_path.rglob("*")) == before
    assert start != "full" or contents(folder) == {"a": "old"}


def test_an_error_of_the_system_becomes_one_of_ours(folder):
    message = r"cannot write a folder of tests into .*made: No space left on device\."
    with pytest.raises(FormatError, match=message) as caught:
        replace(folder, {}, ERRORS[0])
    assert caught.value.__cause__ is ERRORS[0]
    with pytest.raises(FormatError, match=r"into .*made: only words\."):
        replace(folder, {}, OSError("only words"))


@pytest.mark.parametrize("error", ERRORS[1:])
def test_other_errors_stay_what_they_are(folder, error):
    with pytest.raises(type(error)):
        replace(folder, {}, error)


def test_a_manifest_that_cannot_be_written_is_a_failure(folder, monkeypatch):
    replace(folder, {"a": "old"})

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_replace, "write_atomic", fail)
    with pytest.raises(FormatError):
        replace(folder, {"a": "new"})
    assert contents(folder) == {"a": "old"}
    assert len(names(folder)) == 2


# --------------------------------------------------------------------------- resuming


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("existed", [True, False])
def test_work_goes_on_with_what_is_there(folder, error, existed):
    if existed:
        replace(folder, {"a": "old"})
    with pytest.raises((FormatError, RuntimeError, KeyboardInterrupt)):
        replace(folder, {"chunk-0": "done", "chunk-1": "torn"}, error, resume="work")
    assert (folder / "manifest.json").exists() == existed
    assert not existed or contents(folder) == {"a": "old"}
    found = {}

    def go_on(parts):
        found.update({path.name: path.read_text() for path in parts.iterdir()})
        return writer({"chunk-1": "done"})(parts)

    replace_folder(folder, FORM, go_on, resume="work")
    assert found == {"chunk-0": "done", "chunk-1": "torn"}
    assert contents(folder) == {"chunk-0": "done", "chunk-1": "done"}
    assert len(names(folder)) == 2


@pytest.mark.parametrize("resume", [None, "other"])
def test_other_work_begins_anew(folder, resume):
    with pytest.raises(RuntimeError):
        replace(folder, {"chunk-0": "done"}, ERRORS[1], resume="work")

    def write(parts):
        assert list(parts.iterdir()) == []
        return writer({"a": "new"})(parts)

    replace_folder(folder, FORM, write, resume=resume)
    assert contents(folder) == {"a": "new"}
    assert len(names(folder)) == 2  # what was left of the other work is of no use


def test_failures_of_other_work_keep_what_can_go_on(folder):
    for name in ("one", "two"):
        with pytest.raises(RuntimeError):
            replace(folder, {name: "done"}, ERRORS[1], resume=name)
    with pytest.raises(RuntimeError):
        replace(folder, {"a": "x"}, ERRORS[1])
    assert names(folder) == ["parts-one", "parts-two"]
    replace(folder, {"more": "done"}, resume="one")
    assert contents(folder) == {"one": "done", "more": "done"}


def test_finished_work_stays_as_it_is_until_it_is_replaced(folder):
    # the same work again, as when the manifest is of an older version
    replace(folder, {"a": "old"}, resume="work")
    with pytest.raises(RuntimeError):
        replace(folder, {"a": "torn", "b": "torn"}, ERRORS[1], resume="work")
    assert contents(folder) == {"a": "old"}
    replace(folder, {"a": "new", "b": "new"}, resume="work")
    assert contents(folder) == {"a": "new", "b": "new"}
    replace(folder, {"a": "newer"}, resume="work")
    assert contents(folder)["a"] == "newer"
    assert len(names(folder)) == 2


@pytest.mark.parametrize("name", ["../other", "a/b", "a-b", ".", "", "a b"])
def test_names_that_lead_elsewhere_are_refused(folder, name):
    with pytest.raises(ValueError, match=r"resume"):
        replace(folder, {"a": "1"}, resume=name)
    assert not folder.exists()


# ---------------------------------------------------------------------- foreign things

FOREIGN = {
    "another format": '{"format": "nimare-neurosynth-database", "parts": "parts-x"}',
    "another program's": '{"name": "my app", "version": "1.0"}',
    "a list": '[{"src": "icon.png"}]',
    "a number as its format": '{"format": 5}',
}


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("what", FOREIGN)
def test_foreign_manifests_are_refused(folder, what, beside):
    folder.mkdir()
    (folder / "manifest.json").write_text(FOREIGN[what])
    if beside:
        (folder / "mine.txt").write_text("mine")
    before = {path: path.read_text() for path in folder.iterdir()}
    for use in (check_target, lambda *target: replace_folder(*target, writer({}))):
        with pytest.raises(FormatError, match=r"made holds something else .*a new fol"):
            use(folder, FORM)
    assert {path: path.read_text() for path in folder.iterdir()} == before


DAMAGED = {
    "empty": b"",
    "torn": b'{"format": "test-f',
    "no text": b"\xff\xfe\0",
    "nested beyond reading": b"[" * 100_000,
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_manifest_is_replaced(folder, what):
    replace(folder, {"a": "old"})
    (folder / "manifest.json").write_bytes(DAMAGED[what])
    replace(folder, {"a": "new"})
    assert contents(folder) == {"a": "new"}
    assert len(names(folder)) == 2


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_manifest_among_others_files_is_refused(folder, what):
    folder.mkdir()
    (folder / "manifest.json").write_bytes(DAMAGED[what])
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(FormatError, match=r"not empty and holds no folder.*mine\.txt"):
        replace(folder, {"a": "new"})
    assert names(folder) == ["manifest.json", "mine.txt"]


def test_another_version_of_the_same_is_replaced(folder):
    replace(folder, {"a": "old"})
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('version": 3', 'version": 2'))
    replace(folder, {"a": "new"})
    assert contents(folder) == {"a": "new"}


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "parts", "parts-a.b", "x/y"])
def test_folders_of_others_are_refused(folder, name):
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text("mine")
    with pytest.raises(FormatError, match="is not empty and holds no folder of tests"):
        replace(folder, {"a": "1"})
    assert (folder / name).read_text() == "mine"
    assert not (folder / "manifest.json").exists()


def test_files_are_refused(folder):
    folder.write_text("mine")
    with pytest.raises(
        FormatError, match=r"made is a file: name a folder to write a f"
    ):
        replace(folder, {"a": "1"})
    with pytest.raises(FormatError, match=r"cannot write .*below: Not a directory\."):
        replace(folder / "below", {"a": "1"})
    assert folder.read_text() == "mine"


def test_good_targets_are_left_alone_by_the_check(folder):
    check_target(folder, FORM)
    assert not folder.exists()
    replace(folder, {"a": "1"})
    before = names(folder)
    check_target(folder, FORM)
    assert names(folder) == before


# ------------------------------------------------------------------------ taking turns

OTHER_WRITER = """
import sys
from pathlib import Path
from nimare_neurosynth.io import replace_folder
from nimare_neurosynth.io._manifest import FolderFormat

def write(parts):
    (parts / "a").write_text("theirs")
    print("writing", flush=True)
    sys.stdin.readline()
    return {"made_by": "another process"}

form = FolderFormat("test-folder", 3, "folder of tests", "", {"made_by": str})
replace_folder(Path(sys.argv[1]), form, write)
"""


@pytest.fixture
def other(folder):
    """Start a process that writes into the folder until it gets a line."""
    arguments = [sys.executable, "-c", OTHER_WRITER, folder]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(arguments, **pipes) as process:
        assert process.stdout.readline() == b"writing\n"
        yield process
        if process.poll() is None:
            process.kill()


def test_writers_take_turns_and_who_waits_is_told(folder, other, monkeypatch):
    warn = _replace.warn

    def let_the_other_finish(message):
        assert names(folder) != []  # the other is at work, and this one waits
        other.stdin.write(b"\n")
        other.stdin.flush()
        warn(message)

    def write(parts):
        assert contents(folder) == {"a": "theirs"}
        return writer({"a": "ours"})(parts)

    monkeypatch.setattr(_replace, "warn", let_the_other_finish)
    with pytest.warns(
        NeurosynthWarning, match=r"another process is writing into .*mad"
    ):
        replace_folder(folder, FORM, write)
    assert other.wait(timeout=30) == 0
    assert contents(folder) == {"a": "ours"}
    assert len(names(folder)) == 2


def test_whoever_waits_sees_that_the_work_is_done(folder, monkeypatch):
    replace(folder, {"a": "old"})
    told, the_other = [], contextlib.ExitStack()
    the_other.enter_context(_replace.locked(folder))

    def let_the_other_finish(message):
        told.append(message)
        the_other.close()

    monkeypatch.setattr(_replace, "warn", let_the_other_finish)

    def is_done():
        assert len(told) == 1  # it is asked when nobody else writes
        return True

    replace(folder, {}, AssertionError("it is done"), is_done=is_done)
    assert contents(folder) == {"a": "old"}


def test_a_killed_writer_holds_no_lock(folder, other):
    other.kill()
    other.wait(timeout=30)
    replace(folder, {"a": "ours"})  # without a warning
    assert contents(folder) == {"a": "ours"}
    assert len(names(folder)) == 2


def test_a_failed_writer_holds_no_lock(folder):
    for _ in range(2):
        with pytest.raises(RuntimeError):
            replace(folder, {"a": "1"}, ERRORS[1], resume="work")
    replace(folder, {"a": "1"}, resume="work")
    assert contents(folder) == {"a": "1"}

"""The compiled form: what is written is what is opened, whatever happens meanwhile."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyarrow import parquet
from scipy import sparse

from nimare_neurosynth import open_database, read_database, write_database
from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import _replace
from nimare_neurosynth.io._compiled import COMPILED
from nimare_neurosynth.io._files import STAGING
from tests.database.made import label_set, made_database
from tests.io.same import assert_same_database

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "compiled"


def _write(database, folder):
    write_database(database, folder, activations=False)


# ----------------------------------------------------------------------- round trips


def test_the_toy_comes_back(toy, folder):
    _write(toy, folder)
    assert_same_database(open_database(folder), toy)


def test_files_come_back(toy_files, folder):
    database = read_database(toy_files)
    _write(database, folder)
    assert_same_database(open_database(folder), database)
    assert_same_database(read_database(folder), database)  # the door opens it too


def test_version_7_comes_back(v7, folder):
    _write(v7, folder)
    opened = open_database(folder)
    assert_same_database(opened, v7)
    assert opened.info() == v7.info()


@st.composite
def databases(draw):
    """Draw databases with awkward texts, numbers and orders."""
    ids = draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
    n, n_peaks = len(ids), draw(st.integers(0, 5))
    titles = pd.Series(draw(st.lists(TEXT, min_size=n, max_size=n)), dtype="str")
    year = draw(st.lists(st.none() | st.integers(1900, 2100), min_size=n, max_size=n))
    study = draw(arrays(int, n_peaks, elements=st.integers(0, n - 1)))
    xyz = draw(arrays(float, (n_peaks, 3), elements=st.floats(width=32)))
    spaces = draw(st.lists(TEXT, min_size=n_peaks, max_size=n_peaks))
    labels = draw(st.lists(TEXT, max_size=3, unique=True))
    weights = draw(arrays(float, (n, len(labels)), elements=st.floats(0, 1)))
    studies = pd.DataFrame({"study_id": pd.Series(ids, dtype="str"), "title": titles})
    studies["year"] = pd.array(year, dtype="Int64")
    tables = {
        "studies": studies,
        "analyses": pd.DataFrame({"study": study}),
        "peaks": pd.DataFrame({"kind": pd.Series(spaces, dtype="str")}),
    }
    return Database(
        About(draw(TEXT), draw(TEXT), draw(TEXT), draw(TEXT), draw(TEXT)),
        n_studies=n,
        peaks=Peaks.from_columns(xyz, study, np.arange(n_peaks), spaces),
        label_sets=[
            LabelSet(draw(TEXT), tuple(labels), sparse.csc_array(weights), draw(TEXT)),
            LabelSet("vocabulary only \0", tuple(labels), None),
        ],
        tables={name: (lambda t=table: t) for name, table in tables.items()},
        notes=draw(st.lists(TEXT, max_size=2)),
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(databases())
def test_any_database_comes_back(tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("compiled")
    _write(database, folder)
    opened = open_database(folder)
    assert_same_database(opened, database)
    peaks = opened.peaks.fingerprint(0, opened.n_studies)
    assert opened.segment_hashes == database.segment_hashes == (peaks,)


def test_what_is_opened_can_be_written_again(toy, folder, tmp_path):
    _write(toy, folder)
    _write(open_database(folder), tmp_path / "again")
    assert_same_database(open_database(tmp_path / "again"), toy)


def test_a_database_can_be_written_over_itself(toy, folder):
    _write(toy, folder)
    opened = open_database(folder)
    _write(opened, folder)
    assert_same_database(open_database(folder), toy)


# ------------------------------------------------------------------------- opening


def test_arrays_are_mapped(toy, folder):
    _write(toy, folder)
    opened = open_database(folder)
    assert isinstance(opened.peaks.xyz, np.memmap)
    assert isinstance(opened.peaks.study, np.memmap)
    assert _is_mapped(opened.label_sets["terms"].weights.data)


def _is_mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def test_mapped_arrays_cannot_be_changed(toy, folder):
    _write(toy, folder)
    with pytest.raises(ValueError, match="read-only"):
        open_database(folder).peaks.xyz[0] = 0


def test_tables_are_read_when_they_are_used(toy, folder, monkeypatch):
    _write(toy, folder)
    opened = open_database(folder)
    monkeypatch.setattr(parquet, "read_table", _fail)
    assert opened.n_studies == 7
    with pytest.raises(RuntimeError, match="on purpose"):
        _ = opened.studies


def _fail(*_, **__):
    raise RuntimeError("on purpose")


def test_the_hash_is_taken_from_the_manifest(toy, folder):
    _write(toy, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert open_database(folder).content_hash == manifest["content_hash"]
    assert manifest["content_hash"] == toy.content_hash


def test_the_hashes_of_segments_are_taken_from_the_manifest(toy, folder, monkeypatch):
    _write(toy, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert tuple(manifest["segment_hashes"]) == toy.segment_hashes
    monkeypatch.setattr(Peaks, "fingerprint", _fail)
    assert open_database(folder).segment_hashes == toy.segment_hashes


def test_the_manifest_says_what_it_is_of(toy, folder):
    _write(toy, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["format"] == COMPILED.name == "nimare-neurosynth-database"
    assert manifest["format_version"] == COMPILED.version == 2
    assert set(COMPILED.fields) <= set(manifest)


def test_the_manifest_lists_every_file(toy, folder):
    _write(toy, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = folder / manifest["parts"]
    there = {p.relative_to(parts).as_posix() for p in parts.rglob("*") if p.is_file()}
    assert set(manifest["files"]) == there
    for name, facts in manifest["files"].items():
        content = (parts / name).read_bytes()
        assert facts["bytes"] == len(content)
        assert facts["sha256"] == hashlib.sha256(content).hexdigest()


def test_others_may_read_what_is_written(toy, folder):
    before = os.umask(0o022)
    try:
        _write(toy, folder)
    finally:
        os.umask(before)
    (parts,) = folder.glob("parts-*")
    assert parts.stat().st_mode & 0o777 == 0o755
    assert (folder / "manifest.json").stat().st_mode & 0o777 == 0o644


# ---------------------------------------------------------------------- overwriting


def _labelled(n):
    return made_database([label_set(f"set {n}", "ab", np.full((3, 2), n + 1.0))])


def test_a_compiled_database_is_replaced(toy, folder):
    _write(toy, folder)
    _write(_labelled(1), folder)
    assert_same_database(open_database(folder), _labelled(1))
    assert len(list(folder.glob("parts-*"))) == 1


def test_a_damaged_database_is_replaced(toy, folder):
    _write(toy, folder)
    (folder / "manifest.json").write_text("{")
    _write(toy, folder)
    assert_same_database(open_database(folder), toy)


def test_whoever_has_it_open_keeps_what_was_opened(toy, folder):
    _write(toy, folder)
    opened = open_database(folder)
    _write(_labelled(1), folder)
    assert opened.peaks.xyz.shape == (11, 3)
    assert opened.studies["title"].iloc[0] == "Pain"


def test_whoever_opens_it_meanwhile_sees_the_old_one_or_the_new_one(folder):
    _write(_labelled(0), folder)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            _write(_labelled(1), folder)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(60):
            assert next(iter(open_database(folder).label_sets)).startswith("set ")
    finally:
        stop.set()
        writer.join()


def test_writers_take_turns(folder):
    written = [_labelled(n) for n in range(4)]
    failed = []

    def write(database):
        try:
            _write(database, folder)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below
            failed.append(error)

    writers = [threading.Thread(target=write, args=(w,)) for w in written]
    with warnings.catch_warnings():  # who has to wait is warned, or nobody has to
        warnings.filterwarnings("ignore", "another process is writing into")
        for thread in writers:
            thread.start()
        for thread in writers:
            thread.join()
    assert failed == []
    hashes = {database.content_hash for database in written}
    assert open_database(folder).content_hash in hashes
    assert len(list(folder.glob("parts-*"))) == 1


FOREIGN = ["notes.txt", "studies/one.csv", ".hidden"]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_folder_with_something_else_is_refused(toy, folder, name):
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(
        FormatError, match="is not empty and holds no compiled database"
    ):
        _write(toy, folder)
    assert path.read_text() == "mine"
    assert [p for p in folder.rglob("*") if p.is_file()] == [path]


def test_a_file_is_refused(toy, tmp_path):
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(FormatError, match="is a file: name a folder"):
        _write(toy, path)
    with pytest.raises(FormatError, match=r"cannot write a .* into .*below: Not a dir"):
        _write(toy, path / "below")


@pytest.mark.parametrize("start", ["missing", "empty", "deep"])
def test_folders_are_made(toy, tmp_path, start):
    folder = tmp_path / "a" / "b" if start == "deep" else tmp_path / "a"
    if start == "empty":
        folder.mkdir()
    _write(toy, folder)
    assert open_database(folder).n_studies == 7


def test_what_a_killed_writer_left_is_no_obstacle(toy, folder):
    # a kill during the very first write leaves parts without a manifest
    (folder / "parts-abc123").mkdir(parents=True)
    (folder / "parts-abc123" / "xyz.npy").write_bytes(b"torn")
    _write(toy, folder)
    assert open_database(folder).n_studies == 7


def test_what_a_killed_writer_left_is_cleared_away(toy, folder):
    _write(toy, folder)
    (folder / "parts-abc123").mkdir()
    (folder / f"{STAGING}manifest.json-abc").write_text("{")
    _write(toy, folder)
    assert len(list(folder.iterdir())) == 2  # the manifest and its parts


@pytest.mark.parametrize("name", ["parts-abc123", ".writing-manifest.json-abc"])
def test_what_belongs_to_others_is_not_cleared_away(toy, folder, name):
    _write(toy, folder)
    mine = ["parts", "parts-", "my-parts-1", "parts-a.b", "notes.txt", ".manifest.json"]
    for path in mine:
        (folder / path).write_text("mine")
    (folder / name).write_text("left behind")
    _write(toy, folder)
    assert {path for path in mine if (folder / path).exists()} == set(mine)
    assert not (folder / name).exists()


# ------------------------------------------------------------------------- failures

FAILURES = {
    "a table": (pd.DataFrame, "to_parquet"),
    "an array": (np, "save"),
    "the disk": (_replace, "sync_files"),
    "the manifest": (_replace, "write_atomic"),
    "hashes": (_replace, "list_files"),
}
ONCE = ("sync_files", "write_atomic", "list_files")
"""What is called once in a writing."""


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left"), RuntimeError, KeyboardInterrupt]
)
@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_leaves_the_old_database(toy, folder, monkeypatch, what, error):
    _write(toy, folder)
    before = sorted(folder.rglob("*"))
    _break(monkeypatch, *FAILURES[what], error)
    expected = FormatError if isinstance(error, OSError) else error
    with pytest.raises(expected):
        _write(_labelled(1), folder)
    monkeypatch.undo()
    assert sorted(folder.rglob("*")) == before
    assert_same_database(open_database(folder), toy)


@pytest.mark.parametrize("what", FAILURES)
def test_a_failure_leaves_nothing_where_nothing_was(toy, folder, monkeypatch, what):
    _break(monkeypatch, *FAILURES[what], OSError(28, "No space left on device"))
    with pytest.raises(
        FormatError, match=r"into .*compiled: No space left on device\."
    ):
        _write(toy, folder)
    assert not folder.exists()


def test_a_failure_leaves_an_empty_folder_empty(toy, folder, monkeypatch):
    folder.mkdir()
    _break(monkeypatch, np, "save", OSError(28, "No space left on device"))
    with pytest.raises(FormatError):
        _write(toy, folder)
    assert list(folder.iterdir()) == []


def _break(monkeypatch, home, name, error):
    """Let a function work once and then raise."""
    real, calls = getattr(home, name), []

    def broken(*args, **kwargs):
        calls.append(1)
        if len(calls) > 1 or name in ONCE:
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(home, name, broken)


WRITER = """
import sys
import numpy as np, pandas as pd
from scipy import sparse
from nimare_neurosynth import read_database, write_database
first, second = (read_database(path) for path in sys.argv[1:3])
print("ready", flush=True)
while True:
    for database in (first, second):
        write_database(database, sys.argv[3], activations=False)
"""


def test_a_killed_writer_leaves_a_database(tmp_path, toy_files):
    other = tmp_path / "other.csv"
    other.write_text("id,x,y,z,space\n1,1,2,3,MNI\n")
    folder = tmp_path / "compiled"
    write_database(read_database(other), folder, activations=False)
    arguments = [sys.executable, "-c", WRITER, toy_files, other, folder]
    for delay in (0.0, 0.013, 0.041):
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        opened = open_database(folder)
        expected = {7: toy_files, 1: other}[opened.n_studies]
        assert_same_database(opened, read_database(expected))

"""Disks that are full, folders that are closed, and two writers at once."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nimare_neurosynth
from nimare_neurosynth import (
    open_database,
    open_term_maps,
    write_database,
)
from nimare_neurosynth.errors import FormatError, NeurosynthError
from nimare_neurosynth.io import (
    concatenate,
    validate_database,
)
from nimare_neurosynth.io._replace import replace_folder
from nimare_neurosynth.meta import _term_maps_run
from tests.io.same import assert_same_database
from tests.kills.jobs import all_jobs, fresh, made, make_term_maps

ROOT = Path(__file__).resolve().parents[2]
JOBS = ("compile", "append", "term maps", "maps", "table")
FULL = "No space left on device"


@pytest.fixture(scope="module")
def templates(tmp_path_factory):
    """Make what each writer is to replace, once."""
    place = tmp_path_factory.mktemp("templates")
    for name in JOBS:
        all_jobs()[name].prepare(place / name)
    return place


def _bytes(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _child(code, *arguments, **environment):
    """Start another Python, in which warnings are not errors."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",  # not beside a package of the same name
        env={name: value for name, value in environment.items() if value is not None},
    )


def _finish(child, says=""):
    out, err = child.communicate(says, timeout=300)
    assert child.returncode == 0, out + err
    return out


# ----------------------------------------------------------- a disk that becomes full


class _Disk:
    """Has no space left at the k-th step that needs some."""

    STEPS = (
        (np, "save"),
        (os, "fsync"),
        (os, "fdopen"),
        (Path, "write_text"),
        (Path, "write_bytes"),
        (Path, "mkdir"),
        (Path, "replace"),
        (Path, "rename"),
        (pd.DataFrame, "to_parquet"),
        (tempfile, "mkdtemp"),
        (tempfile, "mkstemp"),
    )

    def __init__(self, patch):
        self.left = 0
        for owner, name in self.STEPS:
            patch.setattr(owner, name, self._guarded(getattr(owner, name)))

    def _guarded(self, real):
        def step(*args, **kwargs):
            self.left -= 1
            if self.left == 0:
                raise OSError(28, FULL)
            return real(*args, **kwargs)

        return step


def _write_until_done(name, template, target, disk):
    """Write with a disk that is full at the first step, at the second, ..."""
    job = all_jobs()[name]
    for step in range(1, 1000):
        disk.left = 0
        fresh(template, target)
        before = _bytes(target)
        disk.left = step
        try:
            job.write(target)
        except (NeurosynthError, OSError) as error:
            disk.left = 0
            yield step, error, before
            continue
        if disk.left > 0:
            return
        disk.left = 0
        assert job.state(target) == "new"  # activations need not be kept
    raise AssertionError("it never ended")


@pytest.mark.parametrize("name", ["compile", "append", "term maps"])
def test_a_full_disk_leaves_the_old_folder(name, templates, tmp_path, monkeypatch):
    disk = _Disk(monkeypatch)
    target = tmp_path / "target"
    n = Counter()
    for step, error, before in _write_until_done(name, templates / name, target, disk):
        after = _bytes(target)
        if before.items() <= after.items():
            n["old"] += 1
            assert isinstance(error, FormatError), step
            assert str(error).startswith("cannot write a "), step
            assert str(error).endswith(f"into {target}: {FULL}."), step
            # what is done of term maps is kept for the next call
            assert name == "term maps" or after.keys() == before.keys(), step
        else:  # the maps are in place: what stands beside them is not
            n["new"] += 1
            assert name == "term maps", step
            assert FULL in str(error), step
            assert all_jobs()[name].state(target) == "new", step
    assert n["old"] >= 15
    assert (n["new"] > 0) == (name == "term maps")


@pytest.mark.parametrize("name", ["maps", "table"])
def test_a_full_disk_leaves_each_file_whole(name, templates, tmp_path, monkeypatch):
    disk = _Disk(monkeypatch)
    target = tmp_path / "target"
    states = Counter()
    for step, error, _ in _write_until_done(name, templates / name, target, disk):
        assert FULL in str(error), step
        states[all_jobs()[name].state(target)] += 1
        names = {path.name for path in target.rglob("*")}
        assert not any(name.startswith(".") for name in names), step
    assert states["old"] >= 3
    # files that are moved one by one: the first ones are new
    assert set(states) <= {"old", "both"}


LIMITED = """
import json, resource, signal, sys
from pathlib import Path
from click.testing import CliRunner
from nimare_neurosynth.cli._main import group

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
results = []
for size in (0, 300, 3000, 20_000):
    for arguments in json.loads(sys.argv[1]):
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        result = CliRunner().invoke(group, arguments)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        results.append([arguments[0], size, result.exit_code, result.output])
print(json.dumps(results))
"""


def test_the_command_line_says_that_a_file_cannot_grow(templates, tmp_path):
    for name in ("compile", "append", "term maps"):
        shutil.copytree(templates / name, tmp_path / name)
    write_database(made(30, 40), tmp_path / "more", activations=False)
    before = _bytes(tmp_path)
    more = str(tmp_path / "more")
    calls = [
        ["compile", more, "--out", str(tmp_path / "compile")],
        ["append", str(tmp_path / "append"), more, "--skip-known"],
        [
            *("term-maps", more, "--min-studies-per-term", "1"),
            *("--out", str(tmp_path / "term maps")),
        ],
        ["meta", more, "term 1", "--no-picture", "--out", str(tmp_path / "meta")],
    ]
    results = json.loads(_finish(_child(LIMITED, json.dumps(calls))).splitlines()[-1])
    failed = Counter()
    for command, size, status, output in results:
        if status == 0:
            assert size > 300, (command, output)
            continue
        failed[command] += 1
        last = output.strip().splitlines()[-1]
        assert status == 1, (command, size, output)
        assert last.startswith("error: "), (command, size, output)
        assert "bug" not in last, (command, size, output)
        assert "File too large" in last or "cannot write" in last, (size, output)
    assert all(failed[call[0]] >= 2 for call in calls)
    after = _bytes(tmp_path)
    changed = {path.parts[0] for path in before if before[path] != after.get(path)}
    ended = {command for command, _, status, _ in results if status == 0}
    assert changed <= {command.replace("-", " ") for command in ended}
    for name in ("compile", "append"):
        assert validate_database(tmp_path / name) == []
    assert open_term_maps(tmp_path / "term maps").validate() == []


# ----------------------------------------------------------------------- closed folders

WRITERS = {
    "compile": lambda folder: write_database(made(0, 30), folder),
    "term maps": lambda folder: make_term_maps(made(0, 30), folder),
    "maps": all_jobs()["maps"].write,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("place", ["below a file", "/proc"])
def test_folders_that_cannot_be_made(name, place, tmp_path):
    (tmp_path / "file").write_text("in the way")
    if place == "/proc" and not Path("/proc/self").exists():
        place = "below a file"  # this system has none
    parent = tmp_path / "file" if place == "below a file" else Path(place)
    with pytest.raises(FormatError, match=r"cannot write .*into .*deep"):
        WRITERS[name](parent / "deep")
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("name", ["compile", "append", "term maps", "maps"])
def test_folders_that_are_closed(name, templates, tmp_path, monkeypatch):
    target = fresh(templates / name, tmp_path / "target")
    before = _bytes(target)

    def closed(*_, **__):
        raise PermissionError(13, "Permission denied")

    # permissions do not hold back who may do everything
    for owner, step in ((tempfile, "mkdtemp"), (tempfile, "mkstemp"), (Path, "mkdir")):
        monkeypatch.setattr(owner, step, closed)
    with pytest.raises(FormatError, match=r"cannot write .*into .*: Permission denied"):
        all_jobs()[name].write(target)
    assert _bytes(target) == before


# ------------------------------------------------------------------ two writers at once

AT_ONCE = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from tests.kills.jobs import made, make_term_maps
from nimare_neurosynth import open_database
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import append_studies
place, first = Path(sys.argv[1]), int(sys.argv[2])
make_term_maps(made(0, 30), place / f"warm-{first}")
for step in ("append", "different", "same"):
    print("ready", flush=True)
    sys.stdin.readline()
    if step == "append":
        for i in range(first, first + 50, 10):
            append_studies(place / "growing", made(i, i + 10))
    else:
        database = made(0, 30, seed=first) if step == "different" else made(0, 40)
        try:
            make_term_maps(database, place / step)
        except FormatError as error:  # who comes first may be told so
            assert step == "different" and "meanwhile" in str(error)
"""


def test_two_writers_at_once(tmp_path):
    write_database(made(0, 30), tmp_path / "growing")
    children = [_child(AT_ONCE, tmp_path, first) for first in (100, 200)]
    for _ in range(3):
        for child in children:
            assert child.stdout.readline() == "ready\n", child.stderr.read()
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
    for child in children:
        _finish(child)
    grown = open_database(tmp_path / "growing")
    assert validate_database(tmp_path / "growing") == []
    assert grown.n_studies == 130
    # turns may mix, but nothing is lost and each addition is as it was
    rows = {id_: i for i, id_ in enumerate(grown.study_ids)}
    order = sorted(
        [100, 110, 120, 130, 140, 200, 210, 220, 230, 240],
        key=lambda first: rows[f"0{first:04d}"],
    )
    parts = [made(0, 30), *(made(first, first + 10) for first in order)]
    assert_same_database(grown, concatenate(parts, about=grown.about))
    for step, wanted in (("different", (100, 200)), ("same", (0,))):
        maps = open_term_maps(tmp_path / step)
        assert maps.validate() == []
        n = 30 if step == "different" else 40
        hashes = [made(0, n, seed=seed).content_hash for seed in wanted]
        assert maps.facts["request"]["content_hash"] in hashes


def test_the_same_work_is_not_done_twice_at_once(tmp_path, monkeypatch):
    make_term_maps(made(0, 30), tmp_path / "maps")
    before = {p: p.stat().st_ino for p in (tmp_path / "maps").glob("parts-*/*")}

    def late(target, *args, **kwargs):
        # the other process was through after this one had looked
        monkeypatch.setattr(_term_maps_run, "_already_there", looks)
        return replace_folder(target, *args, **kwargs)

    looks = _term_maps_run._already_there
    monkeypatch.setattr(_term_maps_run, "_already_there", lambda *_: None)
    monkeypatch.setattr(_term_maps_run, "replace_folder", late)
    make_term_maps(made(0, 30), tmp_path / "maps")
    after = {p: p.stat().st_ino for p in (tmp_path / "maps").glob("parts-*/*")}
    assert after == before


def test_open_maps_stay_what_they_were(tmp_path):
    make_term_maps(made(0, 30), tmp_path / "maps")
    opened = open_term_maps(tmp_path / "maps")
    wanted = open_term_maps(tmp_path / "maps").summary
    make_term_maps(made(0, 40, seed=1), tmp_path / "maps")
    assert opened.counts(0, 1).sum() > 0
    pd.testing.assert_frame_equal(opened.summary, wanted)


def test_damaged_maps_are_made_again(tmp_path):
    make_term_maps(made(0, 30), tmp_path / "maps")
    [path] = (tmp_path / "maps").glob("parts-*/counts-00000.bin")
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(data)
    assert open_term_maps(tmp_path / "maps").validate() != []
    make_term_maps(made(0, 30), tmp_path / "maps")
    assert open_term_maps(tmp_path / "maps").validate() == []


# -------------------------------------------------------------- nothing can be cached

ANALYSE = """
import sys
import nimare_neurosynth
assert nimare_neurosynth.__file__.startswith(sys.argv[2]), nimare_neurosynth.__file__
from nimare_neurosynth.cli import main
main(["meta", "demo", "memory", "--no-picture", "--out", sys.argv[1]])
"""


def _read_only_copy(place):
    """Copy the package; files stand where Python and Numba would write theirs."""
    source = Path(nimare_neurosynth.__file__).parent
    target = place / "nimare_neurosynth"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("in the way")
    return place


def test_nothing_that_is_cached_is_needed(tmp_path):
    (tmp_path / "file").write_text("in the way")
    nowhere = str(tmp_path / "file" / "cache")
    closed = {
        "HOME": nowhere,
        "XDG_CACHE_HOME": None,
        "NIMARE_NEUROSYNTH_CACHE": nowhere,
        "MPLCONFIGDIR": str(tmp_path),
    }
    copy = _read_only_copy(tmp_path / "site")
    before = _bytes(copy)
    children = [
        _child(ANALYSE, tmp_path / "a", ROOT, **closed, NUMBA_CACHE_DIR=nowhere),
        _child(
            ANALYSE,
            tmp_path / "b",
            copy,
            **{**closed, "NUMBA_CACHE_DIR": None, "PYTHONPATH": str(copy)},
        ),
    ]
    for child in children:
        assert "studies: memory" in _finish(child)
    names = [{p.name for p in (tmp_path / out).iterdir()} for out in "ab"]
    assert "z_desc-association.nii.gz" in names[0]
    assert names[0] == names[1]
    assert _bytes(copy) == before
    assert (tmp_path / "file").read_text() == "in the way"

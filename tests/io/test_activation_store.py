"""Activations that are kept on disk, beside their database or in the user's cache."""

import json
import os
import shutil
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import open_database, write_database
from nimare_neurosynth.database import _database
from nimare_neurosynth.engine import segment_bounds
from nimare_neurosynth.io import _activation_store as store
from nimare_neurosynth.io import _compiled, subset
from nimare_neurosynth.io._as_it_was import with_tables
from tests.database.made import label_set, made_database
from tests.oracles import brain_block, random_database, same_segments


@pytest.fixture
def compiled(tmp_path, toy, cache):
    folder = tmp_path / "compiled"
    write_database(toy, folder)
    return folder


@pytest.fixture
def closed(monkeypatch):
    """Make folders that cannot be written, whoever runs the tests."""
    folders = []
    real = store.tempfile.mkdtemp

    def mkdtemp(*args, dir, **kwargs):  # noqa: A002
        if any(str(dir).startswith(str(folder)) for folder in folders):
            raise PermissionError(13, "Permission denied")
        return real(*args, dir=dir, **kwargs)

    monkeypatch.setattr(store.tempfile, "mkdtemp", mkdtemp)
    return folders


def _same(a, b):
    assert len(a.segments) == len(b.segments)
    for one, other in zip(a.segments, b.segments, strict=True):
        assert same_segments(one, other)
    for name in ("sizes", "totals", "has_peaks"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def _times(folder):
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def _is_mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def _stored(folder):
    """List what is stored, as (key, hash of the peaks)."""
    return sorted(
        (path.parent.name, path.name)
        for path in (folder / "activations").glob("*/*")
        if not path.name.startswith(".")
    )


def test_those_of_the_default_radius_are_built_in(compiled, toy):
    [(key, peaks)] = _stored(compiled)
    assert key.endswith("-6.0mm-icbm_spm")
    assert (peaks,) == toy.segment_hashes
    made = open_database(compiled).activations()
    _same(made, toy.activations())
    assert _is_mapped(made.segments[0].runs)


def test_they_can_be_left_out(tmp_path, toy, cache):
    write_database(toy, tmp_path / "compiled", activations=False)
    assert not (tmp_path / "compiled" / "activations").exists()


def test_they_are_used_again(compiled, monkeypatch):
    before = _times(compiled)
    monkeypatch.setattr(_database, "build_segment", None)
    open_database(compiled).activations()
    assert _times(compiled) == before


OPTIONS = [{"radius_mm": 8}, {"talairach": None}, {"mask": brain_block()}]


@pytest.mark.parametrize("options", OPTIONS)
def test_others_are_kept_too(compiled, toy, options, monkeypatch):
    expected = toy.activations(**options)
    _same(open_database(compiled).activations(**options), expected)
    assert len(_stored(compiled)) == 2
    assert len(list((compiled / "activations").iterdir())) == 2
    monkeypatch.setattr(_database, "build_segment", None)
    _same(open_database(compiled).activations(**options), expected)


def test_a_database_that_cannot_be_written_uses_the_cache(compiled, toy, cache, closed):
    closed.append(compiled)
    open_database(compiled).activations(radius_mm=8)
    [(key, peaks)] = _stored(cache)
    assert key.endswith("-8.0mm-icbm_spm")
    assert (peaks,) == toy.segment_hashes
    assert len(_stored(compiled)) == 1
    again = open_database(compiled)
    before = _times(cache)
    _same(again.activations(radius_mm=8), toy.activations(radius_mm=8))
    assert _times(cache) == before


def test_nothing_can_be_written_at_all(compiled, toy, cache, closed):
    closed += [compiled, cache]
    made = open_database(compiled).activations(radius_mm=8)
    _same(made, toy.activations(radius_mm=8))
    assert list(cache.rglob("facts.json")) == []


def test_a_cache_that_is_a_file_is_no_obstacle(compiled, toy, cache, closed):
    closed.append(compiled)
    cache.write_text("in the way")
    made = open_database(compiled).activations(radius_mm=8)
    _same(made, toy.activations(radius_mm=8))


def _edit_facts(folder, **changes):
    path = folder / "facts.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _pad(path, start):
    """Fill a file with as many other bytes."""
    path.write_bytes(start.ljust(path.stat().st_size, b"x"))


DAMAGE = {
    "no facts": lambda folder: (folder / "facts.json").unlink(),
    "torn facts": lambda folder: (folder / "facts.json").write_text("{"),
    "a list of facts": lambda folder: (folder / "facts.json").write_text("[]"),
    "facts that are no text": lambda f: (f / "facts.json").write_bytes(b"\xff\0"),
    "facts lacking": lambda folder: (folder / "facts.json").write_text("{}"),
    "another engine": lambda folder: _edit_facts(folder, engine_version=99),
    "no sizes": lambda folder: _edit_facts(folder, bytes={}),
    "sizes that are a list": lambda folder: _edit_facts(folder, bytes=[]),
    "another block size": lambda folder: _edit_facts(folder, block_size=4095),
    "a block size of text": lambda folder: _edit_facts(folder, block_size="4096"),
    "a block size of float": lambda folder: _edit_facts(folder, block_size=4096.0),
    "other studies": lambda folder: _edit_facts(folder, peaks="ab" * 16),
    "no studies": lambda folder: _edit_facts(folder, peaks=None),
    "no block size": lambda folder: _edit_facts(folder, block_size=None),
    "a missing array": lambda folder: (folder / "runs.npy").unlink(),
    "a short array": lambda folder: (folder / "runs.npy").write_bytes(b"short"),
    "garbage": lambda folder: _pad(folder / "runs.npy", b""),
    "a zip archive": lambda folder: _pad(folder / "runs.npy", b"PK\x03\x04"),
    "a pickle": lambda folder: _pad(folder / "runs.npy", b"\x80\x04"),
    "a header of garbage": lambda f: _pad(f / "runs.npy", b"\x93NUMPY\x01\0v\0{(("),
    "a file instead": lambda folder: (shutil.rmtree(folder), folder.write_text("x")),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_activations_are_made_again(compiled, toy, what, monkeypatch):
    [(key, peaks)] = _stored(compiled)
    folder = compiled / "activations" / key / peaks
    DAMAGE[what](folder)
    _same(open_database(compiled).activations(), toy.activations())
    facts = json.loads((folder / "facts.json").read_text())
    assert facts["engine_version"] == store.ENGINE_VERSION
    assert (folder / "runs.npy").stat().st_size > 5
    monkeypatch.setattr(_database, "build_segment", None)  # they are in order again
    _same(open_database(compiled).activations(), toy.activations())


def test_other_data_get_other_activations(compiled, toy):
    other = made_database([label_set("x", "a", [[1.0]])])
    write_database(other, compiled)
    assert open_database(compiled).activations().sizes.tolist() == [0]
    write_database(toy, compiled)
    _same(open_database(compiled).activations(), toy.activations())


@pytest.mark.parametrize("where", ["beside", "cache"])
def test_activations_of_other_studies_are_not_taken(
    compiled, toy, cache, tmp_path, where, monkeypatch
):
    # they are in order, but not those that their folder is named after
    [(key, peaks)] = _stored(compiled)
    other = tmp_path / "other"
    write_database(random_database(n_studies=20), other)
    [(_, others)] = _stored(other)
    into = {"beside": compiled, "cache": cache}[where] / "activations" / key
    shutil.rmtree(compiled / "activations" / key)
    shutil.copytree(other / "activations" / key / others, into / peaks)
    _same(open_database(compiled).activations(), toy.activations())


def test_databases_share_what_they_have_in_common(compiled, toy, cache, closed):
    closed.append(compiled)
    first = open_database(compiled).activations(radius_mm=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_database, "build_segment", None)
        other = subset(toy, np.ones(7, bool))  # the same studies, as another database
        other.store = store.FolderStore(compiled.parent / "nowhere")
        _same(other.activations(radius_mm=8), first)


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt])
def test_a_failure_leaves_no_debris(compiled, cache, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(store.np, "save", fail)
    database = open_database(compiled)
    if isinstance(error, OSError):
        database.activations(radius_mm=8)  # it is only not kept
    else:
        with pytest.raises(KeyboardInterrupt):
            database.activations(radius_mm=8)
    assert len(_stored(compiled)) == 1
    for folder in (compiled, cache):
        left = [p for p in folder.rglob("*") if p.name.startswith(store.STAGING)]
        assert left == []


def test_they_can_be_deleted(compiled, toy):
    shutil.rmtree(compiled / "activations")
    _same(open_database(compiled).activations(), toy.activations())


def test_what_killed_writers_left_is_swept_after_a_day(compiled):
    [(key, _)] = _stored(compiled)
    folder = compiled / "activations" / key
    fresh, old = folder / ".writing-fresh", folder / ".writing-old"
    for left in (fresh, old):
        left.mkdir()
        (left / "runs.npy").write_bytes(b"torn")
    day_ago = time.time() - 25 * 3600
    os.utime(old, (day_ago, day_ago))
    shutil.rmtree(folder / _stored(compiled)[0][1])
    open_database(compiled).activations()
    assert fresh.exists()
    assert not old.exists()


# ---------------------------------------------------------------------- growing


@pytest.fixture
def small_segments(monkeypatch):
    """Cut databases into segments of 8 studies."""
    cut = partial(segment_bounds, segment_size=8)
    for module in (_database, _compiled):
        if hasattr(module, "segment_bounds"):
            monkeypatch.setattr(module, "segment_bounds", cut)


def _whole(n_studies=30):
    """Make a database with all tables that a part of it needs."""
    made = random_database(n_studies=n_studies)
    peaks = pd.DataFrame({"peak_id": [str(i) for i in range(len(made.peaks))]})
    analyses = pd.DataFrame({"study": np.arange(n_studies)})
    return with_tables(made, {"analyses": analyses, "peaks": peaks})


def _part(database, n_studies):
    return subset(database, np.arange(database.n_studies) < n_studies)


def _watch(monkeypatch):
    """Note how many studies each segment has that is built."""
    real, built = _database.build_segment, []

    def build(xyz, study, n_studies, **options):
        built.append(n_studies)
        return real(xyz, study, n_studies, **options)

    monkeypatch.setattr(_database, "build_segment", build)
    return built


OPTIONS_OF_GROWN = {"mask": brain_block(), "n_jobs": 1}


@pytest.mark.usefixtures("small_segments", "cache")
def test_a_database_that_grows_builds_only_what_is_new(tmp_path, monkeypatch):
    whole, folder = _whole(), tmp_path / "compiled"
    write_database(_part(whole, 20), folder, activations=False)
    open_database(folder).activations(**OPTIONS_OF_GROWN)
    before, times = _stored(folder), _times(folder / "activations")
    assert len(before) == 3

    write_database(whole, folder, activations=False)
    kept = _stored(folder)
    assert len(kept) == 2  # the last had room for more: it is of no use any more
    assert set(kept) <= set(before)
    assert _times(folder / "activations").items() <= times.items()

    built = _watch(monkeypatch)
    grown = open_database(folder).activations(**OPTIONS_OF_GROWN)
    assert built == [8, 6]
    monkeypatch.undo()
    alone = random_database(n_studies=30).activations(**OPTIONS_OF_GROWN)
    np.testing.assert_array_equal(grown.to_csr().toarray(), alone.to_csr().toarray())
    np.testing.assert_array_equal(grown.totals, alone.totals)
    np.testing.assert_array_equal(grown.sizes, alone.sizes)
    np.testing.assert_array_equal(grown.has_peaks, alone.has_peaks)


@pytest.mark.usefixtures("small_segments", "cache")
def test_one_damaged_segment_is_made_again_alone(tmp_path, monkeypatch):
    database, folder = random_database(n_studies=30), tmp_path / "compiled"
    write_database(database, folder, activations=False)
    first = open_database(folder).activations(**OPTIONS_OF_GROWN)
    [(key, _), *_] = _stored(folder)
    (folder / "activations" / key / database.segment_hashes[3] / "runs.npy").unlink()
    built = _watch(monkeypatch)
    _same(open_database(folder).activations(**OPTIONS_OF_GROWN), first)
    assert built == [6]


@pytest.mark.usefixtures("small_segments", "cache")
@pytest.mark.parametrize("activations", [True, False])
def test_activations_of_studies_that_are_gone_go(tmp_path, activations):
    folder = tmp_path / "compiled"
    write_database(random_database(n_studies=20), folder)
    open_database(folder).activations(radius_mm=8)
    assert len(_stored(folder)) == 6
    other = random_database(seed=1, n_studies=10)
    write_database(other, folder, activations=activations)
    hashes = [peaks for _, peaks in _stored(folder)]
    assert sorted(hashes) == (sorted(other.segment_hashes) if activations else [])


def test_only_what_is_not_kept_is_dropped(tmp_path):
    names = ("key/kept", "key/gone", "key/.writing-x", "other/kept", "other/gone")
    for name in names:
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "runs.npy").write_bytes(b"x")
    old = tmp_path / "old-6.0mm-icbm_spm" / "runs.npy"  # as version 1 stored them
    old.parent.mkdir()
    old.write_bytes(b"x")
    store.drop_activations(tmp_path, ("kept",))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")}
    assert left == {"key/kept", "key/.writing-x", "other/kept"}
    assert {p.name for p in tmp_path.rglob("runs.npy")} == {"runs.npy"}
    store.drop_activations(tmp_path / "nothing", ())  # no folder is no obstacle

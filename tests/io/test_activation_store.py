"""Activations that are kept on disk, beside their database or in the user's cache."""

import json
import shutil

import numpy as np
import pytest

from nimare_neurosynth import open_database, write_database
from nimare_neurosynth.io import _activation_store as store
from tests.database.made import label_set, made_database


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
    assert a.block_size == b.block_size
    for name in ("offsets", "runs", "sizes", "totals"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def _times(folder):
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file()}


def _is_mapped(array):
    while array is not None and not isinstance(array, np.memmap):
        array = array.base
    return array is not None


def test_those_of_the_default_radius_are_built_in(compiled, toy):
    (folder,) = (compiled / "activations").iterdir()
    assert folder.name.endswith("-6.0mm-icbm_spm")
    made = open_database(compiled).activations()
    _same(made, toy.activations())
    assert _is_mapped(made.runs)


def test_they_can_be_left_out(tmp_path, toy, cache):
    write_database(toy, tmp_path / "compiled", activations=False)
    assert not (tmp_path / "compiled" / "activations").exists()


def test_they_are_used_again(compiled, monkeypatch):
    before = _times(compiled)
    monkeypatch.setattr("nimare_neurosynth.database._database.build_activations", None)
    open_database(compiled).activations()
    assert _times(compiled) == before


def test_another_radius_is_kept_too(compiled, toy, monkeypatch):
    _same(
        open_database(compiled).activations(radius_mm=8), toy.activations(radius_mm=8)
    )
    assert len(list((compiled / "activations").iterdir())) == 2
    monkeypatch.setattr("nimare_neurosynth.database._database.build_activations", None)
    _same(
        open_database(compiled).activations(radius_mm=8), toy.activations(radius_mm=8)
    )


def test_a_database_that_cannot_be_written_uses_the_cache(compiled, toy, cache, closed):
    closed.append(compiled)
    open_database(compiled).activations(radius_mm=8)
    (kept,) = (cache / "activations").rglob("facts.json")
    assert kept.parent.name.endswith("-8.0mm-icbm_spm")
    assert len(list((compiled / "activations").iterdir())) == 1
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


DAMAGE = {
    "no facts": lambda folder: (folder / "facts.json").unlink(),
    "torn facts": lambda folder: (folder / "facts.json").write_text("{"),
    "a list of facts": lambda folder: (folder / "facts.json").write_text("[]"),
    "facts lacking": lambda folder: (folder / "facts.json").write_text("{}"),
    "other data": lambda folder: _edit_facts(folder, content_hash="other"),
    "no sizes": lambda folder: _edit_facts(folder, bytes={}),
    "a missing array": lambda folder: (folder / "runs.npy").unlink(),
    "a short array": lambda folder: (folder / "runs.npy").write_bytes(b"short"),
    "garbage": lambda folder: (folder / "runs.npy").write_bytes(
        b"x" * (folder / "runs.npy").stat().st_size
    ),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_activations_are_made_again(compiled, toy, what):
    (folder,) = (compiled / "activations").iterdir()
    DAMAGE[what](folder)
    _same(open_database(compiled).activations(), toy.activations())
    assert json.loads((folder / "facts.json").read_text())["content_hash"]
    assert (folder / "runs.npy").stat().st_size > 5


def test_other_data_get_other_activations(compiled, toy):
    other = made_database([label_set("x", "a", [[1.0]])])
    write_database(other, compiled)
    assert open_database(compiled).activations().sizes.tolist() == [0]
    write_database(toy, compiled)
    _same(open_database(compiled).activations(), toy.activations())


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
    assert len(list((compiled / "activations").iterdir())) == 1
    assert [p for p in cache.rglob("*") if p.name.startswith(".writing")] == []


def test_they_can_be_deleted(compiled, toy):
    shutil.rmtree(compiled / "activations")
    _same(open_database(compiled).activations(), toy.activations())

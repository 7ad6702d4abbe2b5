"""A sample of the fuzzer's cases, and that the fuzzer itself would notice."""

import gzip

import numpy as np
import pytest

from nimare_neurosynth.errors import FormatError
from tests.fuzz import arrays, mutate, run
from tests.fuzz.run import READERS, plan_case, run_case
from tests.fuzz.sources import sources


def _cases(reader):
    """Give the undamaged cases, one for each mutator, and some."""
    return range(max(30, len(sources(reader)) + len(READERS[reader].mutators)))


def _files(reader, case):
    files, names, rng = plan_case(reader, case)
    for name in names:
        READERS[reader].mutators[name](files, rng)
    return files


@pytest.mark.parametrize("reader", READERS)
def test_damaged_files_give_a_result_or_a_plain_error(reader, tmp_path):
    outcomes = [run_case(reader, i, tmp_path / str(i)) for i in _cases(reader)]
    assert [o for o in outcomes if o.status == "failed"] == []
    undamaged = outcomes[: len(sources(reader))]
    assert {o.status for o in undamaged} == {"accepted"}
    assert {o.status for o in outcomes} == {"accepted", "refused"}


@pytest.mark.parametrize("reader", READERS)
def test_every_mutator_has_its_turn(reader):
    planned = [plan_case(reader, i)[1] for i in _cases(reader)]
    assert {name for names in planned for name in names} == set(
        READERS[reader].mutators
    )


@pytest.mark.parametrize("reader", ["layout", "compiled", "image", "query"])
def test_a_case_is_the_same_each_time(reader):
    for case in (0, 7, 33, 58):
        assert _files(reader, case) == _files(reader, case)


# ------------------------------------------------------- it fails where it should


@pytest.fixture
def reading(monkeypatch, tmp_path):
    """Have the outcome of a reader that does something else."""

    def outcome(read):
        reader = run.Reader(read, READERS["legacy"].mutators)
        monkeypatch.setitem(run.READERS, "legacy", reader)
        return run_case("legacy", 0, tmp_path / "case")

    return outcome


def _raising(error):
    def read(folder, rng):
        raise error if isinstance(error, Exception) else error(folder)

    return read


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyError("x"), "KeyError"),
        (MemoryError(), "MemoryError"),
        (RecursionError("deep"), "RecursionError"),
        (FormatError("bad"), "not a sentence"),
        (FormatError("something is wrong here."), "does not name the path"),
        (lambda f: FormatError(f"{f} is bad: Traceback (most ...)"), "Traceback"),
    ],
)
def test_other_errors_and_poor_messages_are_failures(reading, error, expected):
    outcome = reading(_raising(error))
    assert outcome.status == "failed"
    assert expected in outcome.what


def test_warnings_of_others_are_failures(reading):
    outcome = reading(lambda folder, rng: np.float64(1e308) * np.float64(10))
    assert outcome.status == "failed"
    assert outcome.what.startswith("RuntimeWarning: overflow")


def test_too_much_memory_and_time_are_failures(reading, monkeypatch):
    monkeypatch.setattr(run, "allowed_mb", lambda files: 50.0)
    monkeypatch.setattr(run, "MAX_SECONDS", 0.0)
    outcome = reading(lambda folder, rng: np.ones(80 << 17).sum())
    assert outcome.status == "failed"
    assert "too much memory" in outcome.what
    assert "more than" in outcome.what


def test_files_elsewhere_must_not_change(reading):
    outcome = reading(lambda folder, rng: (folder / "../beside/x").write_text("x"))
    assert outcome.status == "failed"
    assert "outside" in outcome.what


def test_pickles_must_not_be_executed(reading, tmp_path):
    files = {"a.npz": sources("layout")[0][_matrix()]}
    arrays.NPZ["npz_pickle"](files, mutate.Random(0))
    path = tmp_path / "a.npz"
    path.write_bytes(files["a.npz"])

    def read(folder, rng):
        with np.load(path, allow_pickle=True) as archive:
            for name in archive.files:
                archive[name]

    outcome = reading(read)
    assert outcome.status == "failed"
    assert "pickle was executed" in outcome.what


def _matrix():
    return next(name for name in sources("layout")[0] if name.endswith(".npz"))


# -------------------------------------------------------------------- its tools


def test_bombs_are_small_and_unpack_to_very_much():
    bomb = mutate.gzip_bomb(b"\n")
    assert len(bomb) * 500 < mutate.BOMB_BYTES
    size = 0
    with gzip.open(_file(bomb)) as stream:
        while chunk := stream.read(1 << 20):
            size += len(chunk)
    assert size == mutate.BOMB_BYTES


@pytest.mark.parametrize("seed", range(4))
def test_archives_that_are_bombs_are_proper_archives(seed):
    files = {"a.npz": sources("layout")[0][_matrix()]}
    arrays.NPZ["npz_bomb"](files, mutate.Random(seed))
    with arrays.zipfile.ZipFile(_file(files["a.npz"])) as archive:
        sizes = [info.file_size for info in archive.infolist()]
        assert max(sizes) >= mutate.BOMB_BYTES
        assert archive.testzip() is None
    assert len(files["a.npz"]) < 1 << 20


def _file(data):
    return arrays.io.BytesIO(data)

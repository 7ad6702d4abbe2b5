"""Damage that leaves the size of a file as it was."""

import shutil

import numpy as np
import pytest

from nimare_neurosynth import open_database, write_database
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import validate_database


@pytest.fixture
def compiled(toy, tmp_path):
    write_database(toy, tmp_path / "compiled")
    return tmp_path / "compiled"


def _overwrite(path, change):
    values = np.load(path)
    change(values)
    np.save(path, values)


def _last(value):
    def change(values):
        values.ravel()[-1] = value

    return change


def test_all_is_well(compiled):
    assert validate_database(compiled) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("runs", 65535),
        ("runs", 0),
        ("offsets", 10**9),
        ("offsets", 0),
    ],
)
def test_damaged_activations_are_built_again(compiled, toy, name, value):
    expected = toy.activations()
    [stored] = (compiled / "activations").iterdir()
    _overwrite(stored / f"{name}.npy", _last(value))
    assert any(name in wrong for wrong in validate_database(compiled))
    again = open_database(compiled).activations()
    np.testing.assert_array_equal(again.runs, expected.runs)
    assert validate_database(compiled) == []


@pytest.mark.parametrize("kept", ["engine_version", "content_hash", "sha256"])
def test_activations_of_another_time_are_not_taken(compiled, kept):
    [facts] = (compiled / "activations").glob("*/facts.json")
    facts.write_text(facts.read_text().replace(f'"{kept}"', f'"was_{kept}"'))
    activations = open_database(compiled).activations()
    assert activations.sizes.any()
    assert (validate_database(compiled) == []) == (kept != "sha256")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("labels-0/indices.npy", 10**6),
        ("labels-0/indices.npy", -1),
        ("labels-0/indptr.npy", 10**6),
        ("study.npy", 10**6),
        ("study.npy", -5),
        ("space.npy", 99),
    ],
)
def test_positions_out_of_range_are_refused(compiled, path, value):
    shutil.rmtree(compiled / "activations")
    [parts] = compiled.glob("parts-*")
    _overwrite(parts / path, _last(value))
    with pytest.raises(FormatError, match="damaged"):
        open_database(compiled)


def test_facts_that_cannot_be_read_are_told(compiled):
    [facts] = (compiled / "activations").glob("*/facts.json")
    facts.write_text("{")
    (compiled / "activations" / ".writing-x").mkdir()  # a killed writer left it
    [wrong] = validate_database(compiled)
    assert "facts.json cannot be read" in wrong


def test_a_changed_number_is_found_by_its_hash(compiled):
    [parts] = compiled.glob("parts-*")
    _overwrite(parts / "xyz.npy", _last(1.0))
    [wrong] = validate_database(compiled)
    assert wrong.endswith("xyz.npy is not what was written")

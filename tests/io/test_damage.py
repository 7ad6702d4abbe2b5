"""Damage that leaves the size of a file as it was."""

import json
import shutil

import numpy as np
import pytest

from nimare_neurosynth import open_database, write_database
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import damaged_files, read_manifest, validate_database
from nimare_neurosynth.io._compiled import COMPILED
from tests.oracles import same_segments


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


def _stored(compiled):
    """Give the folder of the one segment that is stored."""
    [stored] = (compiled / "activations").glob("*/*")
    return stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("runs", 65535),
        ("runs", 0),
        ("offsets", 10**9),
        ("offsets", 0),
        ("sizes", 10**9),
        ("sizes", -1),
    ],
)
def test_damaged_activations_are_built_again(compiled, toy, name, value):
    expected = toy.activations()
    _overwrite(_stored(compiled) / f"{name}.npy", _last(value))
    assert any(f"{name}.npy" in wrong for wrong in validate_database(compiled))
    again = open_database(compiled).activations()
    assert len(again.segments) == 1
    assert same_segments(again.segments[0], expected.segments[0])
    assert validate_database(compiled) == []


@pytest.mark.parametrize("name", ["totals", "has_peaks"])
def test_damage_that_counting_cannot_see_is_found_by_its_hash(compiled, name):
    _overwrite(_stored(compiled) / f"{name}.npy", _last(1))
    [wrong] = validate_database(compiled)
    assert wrong.endswith(f"{name}.npy is not what was written")


@pytest.mark.parametrize("kept", ["engine_version", "block_size", "bytes", "sha256"])
def test_activations_of_another_time_are_not_taken(compiled, kept):
    facts = _stored(compiled) / "facts.json"
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


FACTS = {
    "torn": "{",
    "a list": "[]",
    "without hashes": "{}",
    "hashes that are a number": '{"sha256": 5}',
    "hashes that are a list": '{"sha256": []}',
    "hashes of nothing": '{"sha256": {}}',
    "nested beyond reading": "[" * 100_000,
}


@pytest.mark.parametrize("what", FACTS)
def test_facts_that_cannot_be_read_are_told(compiled, what):
    stored = _stored(compiled)
    (stored / "facts.json").write_text(FACTS[what])
    (stored.parent / ".writing-x").mkdir()  # a killed writer left it
    [wrong] = validate_database(compiled)
    assert f"{stored}/facts.json cannot be read" in wrong


@pytest.mark.parametrize("name", ["runs.npy", "facts.json"])
def test_missing_files_of_activations_are_told(compiled, name):
    (_stored(compiled) / name).unlink()
    [wrong] = validate_database(compiled)
    assert name in wrong


def test_missing_files_of_the_database_are_told(compiled):
    # between opening and hashing; at opening it is an error
    manifest = read_manifest(compiled, COMPILED)
    (compiled / manifest["parts"] / "peaks.parquet").unlink()
    [wrong] = damaged_files(compiled, manifest)
    assert wrong.endswith("peaks.parquet is not what was written")
    with pytest.raises(FormatError, match=r"peaks\.parquet is missing"):
        validate_database(compiled)


def test_files_without_a_hash_are_told(compiled):
    manifest = read_manifest(compiled, COMPILED)
    del manifest["files"]["xyz.npy"]["sha256"]
    (compiled / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FormatError, match="is damaged"):
        validate_database(compiled)


def test_a_changed_number_is_found_by_its_hash(compiled):
    [parts] = compiled.glob("parts-*")
    _overwrite(parts / "xyz.npy", _last(1.0))
    [wrong] = validate_database(compiled)
    assert wrong.endswith("xyz.npy is not what was written")

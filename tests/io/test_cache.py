"""The user's cache: files that were read once open at once."""

from pathlib import Path

import pytest

from nimare_neurosynth import read_database
from nimare_neurosynth.io import _read as door
from nimare_neurosynth.io import cache_folder, clear_cache
from nimare_neurosynth.io._cache import fingerprint
from tests.io.same import assert_same_database
from tests.io.tables import STEM, write, write_layout

TABLE = "id,x,y,z,space\n1,1,2,3,MNI\n2,4,5,6,TAL\n"


@pytest.fixture
def source(tmp_path):
    return write_layout(tmp_path / "tiny")


@pytest.fixture
def no_reading(monkeypatch):
    def fail(*_):
        raise AssertionError("read although it was cached")

    return lambda: monkeypatch.setattr(door, "_read", fail)


def test_the_second_time_uses_the_cache(source, cache, no_reading):
    first = read_database(source, cache=True)
    no_reading()
    second = read_database(source, cache=True)
    assert_same_database(first, second)
    assert second.about.source == "tiny"
    assert (cache / "databases").is_dir()


def test_what_is_cached_is_what_is_read(source, cache):
    assert_same_database(read_database(source, cache=True), read_database(source))


def test_nothing_is_cached_unless_asked_for(source, cache):
    read_database(source)
    assert not cache.exists()


def test_a_changed_file_is_read_again(source, cache):
    assert read_database(source, cache=True).label_sets["terms"].labels[0] == "pain"
    write(source / f"{STEM}_vocab-terms_vocabulary.txt", "ache\n001")
    assert read_database(source, cache=True).label_sets["terms"].labels[0] == "ache"


def test_a_changed_table_or_features_are_read_again(tmp_path, cache):
    table = write(tmp_path / "peaks.csv", TABLE)
    terms = write(tmp_path / "terms.csv", "id,a\n1,1\n2,1\n")
    assert read_database(table, cache=True).label_sets == {}
    assert list(read_database(table, features=terms, cache=True).label_sets) == [
        "terms"
    ]
    write(terms, "id,b\n1,1\n2,1\n")
    again = read_database(table, features=terms, cache=True)
    assert again.label_sets["terms"].labels == ("b",)
    write(table, TABLE + "3,1,2,3,MNI\n")
    assert read_database(table, cache=True).n_studies == 3


def test_another_reader_reads_again(source, cache, monkeypatch, no_reading):
    read_database(source, cache=True)
    monkeypatch.setattr(door, "READER_VERSION", "next")
    no_reading()
    with pytest.raises(AssertionError, match="read although"):
        read_database(source, cache=True)


def test_a_damaged_cache_is_made_again(source, cache):
    first = read_database(source, cache=True)
    (folder,) = (cache / "databases").iterdir()
    next(folder.glob("parts-*/xyz.npy")).unlink()
    assert_same_database(read_database(source, cache=True), first)
    assert next(folder.glob("parts-*/xyz.npy")).is_file()


def test_a_cache_that_a_killed_process_left_is_made_again(source, cache, no_reading):
    read_database(source, cache=True)
    (folder,) = (cache / "databases").iterdir()
    (folder / "manifest.json").unlink()
    read_database(source, cache=True)
    no_reading()
    assert read_database(source, cache=True).n_studies == 2


def test_a_cache_that_cannot_be_written_is_no_obstacle(source, cache):
    cache.write_text("in the way")
    assert_same_database(read_database(source, cache=True), read_database(source))


def test_a_compiled_database_needs_no_cache(source, cache, tmp_path, toy):
    from nimare_neurosynth import write_database

    write_database(toy, tmp_path / "compiled", activations=False)
    assert read_database(tmp_path / "compiled", cache=True).n_studies == 7
    assert not cache.exists()


def test_clear_cache_empties_it(source, cache):
    read_database(source, cache=True)
    (cache / "mine").mkdir()  # the variable may name a folder that holds more
    clear_cache()
    assert [path.name for path in cache.iterdir()] == ["mine"]
    clear_cache()  # once more does no harm


def test_where_the_cache_is(monkeypatch, cache):
    assert cache_folder() == cache
    monkeypatch.setenv("NIMARE_NEUROSYNTH_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/nimare-neurosynth")


CHANGES = [
    ({"b": "2", "a": "1"}, False),  # as written: order does not come from the names
    ({"a": "1", "b": "3"}, True),
    ({"a": "12", "b": ""}, True),
    ({"a": "1", "c": "2"}, True),
]


@pytest.mark.parametrize(("contents", "differs"), CHANGES)
def test_fingerprints_are_of_names_and_contents(tmp_path, contents, differs):
    def of(folder, files):
        folder.mkdir()
        paths = [write(folder / name, text) for name, text in sorted(files.items())]
        return fingerprint(paths, "salt")

    expected = of(tmp_path / "first", {"a": "1", "b": "2"})
    assert (of(tmp_path / "second", contents) != expected) is differs


def test_fingerprints_are_salted():
    assert fingerprint([], "a", "b") != fingerprint([], "ab")

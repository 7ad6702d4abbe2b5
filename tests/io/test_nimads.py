"""Opening files as NiMARE's Studysets, and refusing what are none."""

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from nimare_neurosynth import load_demo, read_database, write_database
from nimare_neurosynth.errors import FormatError, NeurosynthWarning, OptionError
from nimare_neurosynth.io import from_studyset, open_studyset
from nimare_neurosynth.io._nimads import is_json, is_parquet_folder, read_json
from tests.io.nimads import NIMARE, analysis, annotation, document, point, study
from tests.io.same import assert_same_database, without_kept
from tests.io.tables import write_layout
from tests.oracles import quietly

GOOD = document(study("1", analysis("a", point())))
NOTES = annotation([("1", "a", {"pain": 0.5})])
PARQUET = NIMARE / "resources" / "neurostore_parquet_studyset"


def write(path, content):
    text = content if isinstance(content, str) else json.dumps(content)
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


# --------------------------------------------------------------------------- accepted


@pytest.mark.parametrize("name", ["a.json", "a.json.gz", "A.JSON"])
@pytest.mark.parametrize("kind", [str, Path])
def test_json_plain_and_packed(tmp_path, name, kind):
    path = write(tmp_path / name, GOOD)
    database = from_studyset(kind(path))
    assert database.study_ids.tolist() == ["1"]
    assert database.about.source == name
    assert is_json(path)
    assert_same_database(read_database(kind(path)), database)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = write(tmp_path / "a.json", "\ufeff" + json.dumps(GOOD))
    assert from_studyset(path).n_studies == 1


def test_what_is_called_otherwise_is_still_json(tmp_path):
    packed = tmp_path / "a.json"  # packed, although its name does not say so
    packed.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert from_studyset(packed).n_studies == 1
    assert from_studyset(write(tmp_path / "studyset.txt", GOOD)).n_studies == 1


@pytest.mark.parametrize("kind", [str, Path])
def test_folders_of_parquet(kind):
    database = from_studyset(kind(PARQUET))
    assert (database.n_studies, len(database.peaks)) == (4, 47)
    assert is_parquet_folder(PARQUET)
    assert_same_database(read_database(kind(PARQUET)), database)


def test_what_nimare_writes_is_read(tmp_path):
    studyset = load_demo().to_studyset()
    studyset.to_parquet(str(tmp_path / "tables"))
    back = read_database(tmp_path / "tables")
    # NiMARE keeps neither order nor DOIs in these; see the page on formats
    assert sorted(back.study_ids) == sorted(load_demo().study_ids)
    assert len(back.peaks) == 9492
    ours, theirs = load_demo().label_sets["terms"], *back.label_sets.values()
    assert theirs.weights.nnz == ours.weights.nnz


@pytest.mark.parametrize("more", [{"annotation": NOTES}, {"annotation": [NOTES]}])
def test_annotations_of_any_kind(tmp_path, more):
    path = write(tmp_path / "notes.json.gz", NOTES)
    expected = from_studyset(GOOD, **more)
    assert expected.label_sets["terms"].weights.toarray().tolist() == [[0.5]]
    for given in (path, str(path), [path]):
        assert_same_database(from_studyset(GOOD, annotation=given), expected)
    opened = open_studyset(open_studyset(GOOD), annotation=path)
    assert_same_database(from_studyset(opened), without_kept(expected))
    source = write(tmp_path / "a.json", GOOD)
    again = read_database(source, annotation=path)
    assert list(again.label_sets) == ["terms"]


def test_open_studyset_says_what_nimare_drops_in_silence():
    notes = annotation([("1", "gone", {"pain": 0.5})])
    with pytest.warns(
        NeurosynthWarning, match="1 of 1 notes of the annotation 'terms'"
    ):
        studyset = open_studyset(GOOD, annotation=notes)
    assert studyset.ids.tolist() == ["1-a"]


def test_the_cache_knows_annotations_apart(tmp_path):
    source = write(tmp_path / "a.json", GOOD)
    notes = write(tmp_path / "notes.json", NOTES)
    for _ in range(2):
        plain = read_database(source, cache=True)
        noted = read_database(source, annotation=notes, cache=True)
        assert (list(plain.label_sets), list(noted.label_sets)) == ([], ["terms"])


# ---------------------------------------------------------------------------- refused

BAD_JSON = {
    "{": r"bad\.json is no JSON",
    "": r"bad\.json is no JSON",
    "[" * 100_000: r"bad\.json is no JSON",
    "[1]": r"bad\.json holds a list instead of a NIMADS document",
    "{}": "it has no list of 'studies', but nothing",
    '{"a": 1}': "it has no list of 'studies', but 'a'",
    '{"studies": {"1": {}}}': "its 'studies' are no list",
    '{"studies": ["4nz6aH7M59k2"]}': r"study 1 is '4nz6aH7M59k2'.*nested=true",
    '{"notes": []}': "it is an annotation, which belongs to a studyset",
    '{"studies": [{"analyses": 1}]}': "that NiMARE can read",
    '{"studies": [{"analyses": [1]}]}': "that NiMARE can read",
    '{"studies": [{"analyses": [{"points": [{"coordinates": [1, 2]}]}]}]}': (
        "that NiMARE can read"
    ),
    '{"studies": [{"analyses": [{"points": [{"coordinates": ["x", 2, 3]}]}]}]}': (
        "that NiMARE can read"
    ),
    '{"studies": [], "annotations": [1]}': "its 'annotations' are no list of objects",
    '{"studies": [], "annotations": "a"}': "its 'annotations' are no list of objects",
}


@pytest.mark.parametrize("text", BAD_JSON, ids=range(len(BAD_JSON)))
@pytest.mark.parametrize("read", [from_studyset, read_database])
def test_json_that_is_no_studyset(tmp_path, text, read):
    path = write(tmp_path / "bad.json", text)
    with pytest.raises(FormatError, match=BAD_JSON[text]):
        read(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b'{"studies": []}')[:-6], "cannot be read|is no JSON"),
        (b"\x1f\x8b nothing", "cannot be read|is no JSON"),
        ('{"studies": ["\xe9"]}'.encode("latin-1"), "is not UTF-8"),
        (json.dumps(GOOD).encode("utf-16"), "is not UTF-8"),
    ],
    ids=["cut short", "no gzip", "latin-1", "utf-16"],
)
def test_damaged_files(tmp_path, data, message):
    path = tmp_path / "bad.json.gz"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message):
        from_studyset(path)


@pytest.mark.parametrize("source", [None, 1, "", [], b"a", object()])
def test_no_source(source):
    with pytest.raises(OptionError, match="a NiMARE Studyset, a NIMADS document"):
        from_studyset(source)


def test_no_file(tmp_path):
    with pytest.raises(FormatError, match=r"there is no file .*nothing\.json"):
        from_studyset(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (1, OptionError, "annotation must be a NIMADS annotation"),
        ("", OptionError, "annotation must be a NIMADS annotation"),
        ({"studies": []}, FormatError, "it has no list of 'notes'"),
        ({"notes": [1]}, FormatError, "it has no list of 'notes'"),
        (annotation([("1", "a", 5)]), FormatError, "'terms' cannot be read"),
        (Path("nothing.json"), FormatError, "there is no file"),
    ],
)
def test_no_annotation(given, error, message):
    with pytest.raises(error, match=message):
        from_studyset(GOOD, annotation=given)


# ---------------------------------------------------------------------------- folders


def tables(folder, **changes):
    """Write the tables of a studyset, some of them changed or left out."""
    folder.mkdir()
    own = {
        "studies": pd.DataFrame({"study_id": ["1"], "name": ["One"]}),
        "analyses": pd.DataFrame(
            {"id": ["1-a"], "study_id": ["1"], "contrast_id": ["a"], "name": ["A"]}
        ),
        "coordinates": pd.DataFrame(
            {"id": ["1-a"], "x": [1.0], "y": [2.0], "z": [3.0], "space": ["MNI"]}
        ),
    }
    for name, table in {**own, **changes}.items():
        if isinstance(table, bytes):
            (folder / f"{name}.parquet").write_bytes(table)
        elif table is not None:
            table.to_parquet(folder / f"{name}.parquet")
    return folder


def test_tables_without_a_manifest(tmp_path):
    database = read_database(tables(tmp_path / "set"))
    assert database.peaks.xyz.tolist() == [[1, 2, 3]]
    assert database.about.name == "set"


ORPHAN = pd.DataFrame(
    {"id": ["2-a"], "study_id": ["2"], "contrast_id": ["a"], "name": ["A"]}
)
BAD_TABLES = {
    "has no studies.parquet": {"studies": None},
    "has no analyses.parquet": {"analyses": None},
    "that NiMARE can read": {"studies": pd.DataFrame({"id": ["1"]})},
    "that NiMARE can rea[d]": {"studies": b"PAR1 nothing"},
    "that NiMARE can re[a]d": {"analyses": ORPHAN},
    "that NiMARE can r[e]ad": {"coordinates": pd.DataFrame({"id": ["1-a"]})},
}


@pytest.mark.parametrize("message", BAD_TABLES)
def test_folders_that_are_no_studyset(tmp_path, message):
    folder = tables(tmp_path / "set", **BAD_TABLES[message])
    with pytest.raises(FormatError, match=message):
        from_studyset(folder)


@pytest.mark.parametrize(
    "changes", [{"format": "other"}, {"version": 2}, {"version": None}]
)
def test_parquet_of_another_format(tmp_path, changes):
    folder = tables(tmp_path / "set")
    manifest = {"format": "nimare-studyset-parquet", "version": 1, **changes}
    write(folder / "studyset.json", manifest)
    for read in (from_studyset, read_database):
        with pytest.raises(FormatError, match=r"studyset\.json is of format .*can be"):
            read(folder)


def test_other_folders_are_read_otherwise(tmp_path):
    compiled = tmp_path / "compiled"
    write_database(quietly(from_studyset, GOOD), compiled, activations=False)
    for folder in (compiled, write_layout(tmp_path / "layout")):
        with pytest.raises(FormatError, match=r"read by read_database\(\)"):
            from_studyset(folder)
        with pytest.raises(FormatError, match="an annotation is only for NIMADS"):
            read_database(folder, annotation=write(tmp_path / "n.json", NOTES))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"features": "n.json"}, FormatError),
        ({"row_order": "text"}, OptionError),
        ({"counts": "keep"}, OptionError),
    ],
)
def test_options_of_other_forms(tmp_path, options, error):
    path = write(tmp_path / "a.json", GOOD)
    write(tmp_path / "n.json", NOTES)
    if "features" in options:
        options = {"features": tmp_path / "n.json"}
    with pytest.raises(error, match="only for"):
        read_database(path, **options)


def test_read_json_gives_objects_only(tmp_path):
    assert read_json(write(tmp_path / "a.json", {"a": "é"})) == {"a": "é"}

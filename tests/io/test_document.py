"""Databases as NIMADS documents, and documents that come back as they were."""

import copy
import json

import numpy as np
import pytest
from hypothesis import assume, given, settings

from nimare_neurosynth import load_demo, read_database
from nimare_neurosynth.converters import convert, diff_databases
from nimare_neurosynth.converters._studysets import nimads_pieces
from nimare_neurosynth.errors import FormatError, NeurosynthWarning
from nimare_neurosynth.io import (
    Document,
    concatenate,
    from_studyset,
    open_database,
    subset,
    write_database,
)
from nimare_neurosynth.io._as_it_was import with_tables
from nimare_neurosynth.io._kept import DOCUMENT_TABLE, STUDIES_TABLE, kept_of
from tests.io.odd_documents import odd_documents
from tests.io.same import assert_same_database, without_kept
from tests.oracles import random_database

EXPORTS = (
    ("studyset_5ncCB9bMbipk.json", "annotation_5ptYJfATQy5m.json"),
    ("studyset_ToisksSserJp.json", "annotation_CeQLLXWepB3J.json"),
)


def written(database):
    """Give the document that is written of a database."""
    return json.loads(b"".join(nimads_pieces(Document(database))))


def strictly(value):
    """Give a value in which booleans, numbers and texts are told apart."""
    if isinstance(value, dict):
        return {key: strictly(own) for key, own in value.items()}
    if isinstance(value, list):
        return [strictly(own) for own in value]
    return (isinstance(value, bool), value)


def same(one, two):
    return strictly(one) == strictly(two)


# ------------------------------------------------------------------------ real files


@pytest.mark.parametrize(("studyset", "annotation"), EXPORTS)
def test_exports_of_neurostore_come_back_whole(
    shared_data, tmp_path, studyset, annotation
):
    folder = shared_data / "neurostore"
    source = folder / studyset
    database = read_database(source, annotation=folder / annotation)
    write_database(database, tmp_path / "compiled", activations=False)
    convert(open_database(tmp_path / "compiled"), tmp_path / "back.json")
    back = json.loads((tmp_path / "back.json").read_text("utf-8"))
    expected = json.loads(source.read_text("utf-8"))
    expected["annotations"] = [json.loads((folder / annotation).read_text("utf-8"))]
    assert same(back, expected)
    # through NiMARE's tables, too
    convert(database, tmp_path / "tables", to="parquet")
    convert(read_database(tmp_path / "tables"), tmp_path / "again.json")
    assert same(json.loads((tmp_path / "again.json").read_text("utf-8")), expected)


def test_facts_of_an_export_are_columns(shared_data):
    folder = shared_data / "neurostore"
    database = read_database(folder / EXPORTS[0][0])
    sources = database.studies["source"].value_counts().to_dict()
    assert sources == {"neurosynth": 45, "neuroquery": 23, "neurostore": 3}
    assert len(database.select(where="source = neurosynth").table()) == 45
    other = read_database(folder / EXPORTS[1][0])  # its metadata has a source too
    assert set(other.studies["study.source"]) == {"llm"}


def test_version_7_comes_back_to_the_bit(v7, tmp_path):
    from nimare.nimads import Studyset

    # a quarter of it; the benchmark of the converters takes the whole
    part = subset(v7, np.arange(v7.n_studies) % 4 == 1)
    report = convert(part, tmp_path / "v7.json", verify=False)
    assert (report.lost, report.changed) == ([], [])
    assert_same_database(read_database(tmp_path / "v7.json"), part)
    studyset = Studyset(str(tmp_path / "v7.json"))
    assert len(studyset.ids) == len(part.table("analyses"))
    theirs = studyset.with_context(space=None).coordinates[["x", "y", "z"]]
    assert sorted(map(tuple, theirs.to_numpy())) == sorted(map(tuple, part.peaks.xyz))
    topic = v7.label_sets["LDA50"].labels[0]
    assert topic in studyset.annotations_df


def test_the_document_is_as_the_standard_says(v7):
    document = written(subset(v7, np.arange(v7.n_studies) < 100))
    assert isinstance(document["name"], str)
    text = (str, type(None))
    for study in document["studies"]:
        assert isinstance(study["id"], str)
        for key in ("name", "doi", "pmid", "authors", "publication", "description"):
            assert isinstance(study[key], text)
        assert study["year"] is None or type(study["year"]) is int
        for analysis in study["analyses"]:
            assert isinstance(analysis["name"], text)
            assert len(analysis["weights"]) == len(analysis["conditions"])
            for point in analysis["points"]:
                assert len(point["coordinates"]) == 3
                assert all(type(mm) is float for mm in point["coordinates"])
                assert isinstance(point["space"], text)
                assert all(type(v["value"]) is float for v in point["values"])
    known = {(s["id"], a["id"]) for s in document["studies"] for a in s["analyses"]}
    for annotation in document["annotations"]:
        assert isinstance(annotation["note_keys"], dict)
        for note in annotation["notes"]:
            assert (note["study"], note["analysis"]) in known
            assert set(note["note"]) <= set(annotation["note_keys"])


# --------------------------------------------------------------------------- any


@settings(max_examples=80)
@given(odd_documents())
def test_any_document_comes_back_whole(document):
    before = copy.deepcopy(document)
    try:
        database = from_studyset(document)
    except FormatError:  # NiMARE cannot read it
        assume(False)
    assert document == before
    assert same(written(database), before)


@settings(max_examples=15)
@given(odd_documents())
def test_any_document_comes_back_through_a_file(tmp_path_factory, document):
    try:
        database = from_studyset(document)
    except FormatError:
        assume(False)
    folder = tmp_path_factory.mktemp("through")
    write_database(database, folder / "compiled", activations=False)
    assert same(written(open_database(folder / "compiled")), document)
    convert(database, folder / "tables", to="parquet", verify=False)
    again = read_database(folder / "tables")
    assert same(written(again), document)
    assert_same_database(again, database)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("target", ["a.json", "a.json.gz", "tables"])
def test_databases_come_back_to_the_bit(tmp_path, seed, target):
    made = random_database(seed=seed, n_studies=9)
    form = "parquet" if target == "tables" else None
    convert(made, tmp_path / "first", to="neurosynth", verify=False)
    database = read_database(tmp_path / "first", counts="keep")
    report = convert(database, tmp_path / target, to=form)
    assert (report.lost, report.changed) == ([], [])
    assert_same_database(read_database(tmp_path / target), database)


def test_the_demo_comes_back_with_its_texts(tmp_path):
    convert(load_demo(), tmp_path / "demo.json")
    back = read_database(tmp_path / "demo.json")
    assert not diff_databases(load_demo(), back)
    assert back.about == load_demo().about
    texts = [d.table("texts").set_index("study_id") for d in (load_demo(), back)]
    assert texts[0]["abstract"].to_dict() == texts[1]["abstract"].to_dict()


# ------------------------------------------------------------------ parts and unions


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("columns", {"analyses": [1], "studies": ["study_id"]}),
        ("columns", {"studies": ["study_id"]}),
        ("columns", ["analyses"]),
        ("empty", {"studies": {"title": []}, "analyses": 7}),
        ("none", {"studies": {"title": [-1]}, "analyses": {"name": "0"}}),
        ("order", [True, "1"]),
        ("made", [["1"], 2]),
    ],
)
def test_facts_that_others_have_changed_are_passed_over(tmp_path, fact, value):
    source = subset(load_demo(), np.arange(320) < 9)
    document = written(source)
    document["metadata"]["nimare_neurosynth"][fact] = value
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document))
    back = read_database(path)
    assert list(back.study_ids) == list(source.study_ids)
    assert back.peaks.xyz.tolist() == source.peaks.xyz.tolist()


def _kept(shared_data):
    folder = shared_data / "neurostore"
    return read_database(folder / EXPORTS[0][0], annotation=folder / EXPORTS[0][1])


def test_some_studies_keep_what_is_theirs(shared_data):
    database = _kept(shared_data)
    chosen = np.arange(database.n_studies) % 3 == 0
    document, whole = written(subset(database, chosen)), written(database)
    expected = [s for i, s in enumerate(whole["studies"]) if i % 3 == 0]
    assert same(document["studies"], expected)
    ids = {study["id"] for study in expected}
    assert {s["id"] for s in document["studyset_studies"]} == ids
    [mine], [all_] = document["annotations"], whole["annotations"]
    own = [note for note in all_["notes"] if note["study"] in ids]
    assert sorted(map(str, mine["notes"])) == sorted(map(str, own))


def test_unions_are_documents_of_their_own(shared_data):
    database = _kept(shared_data)
    other = subset(load_demo(), np.arange(320) < 5)
    united = concatenate([database, other])
    assert STUDIES_TABLE not in united.table_names
    document = written(united)
    assert len(document["studies"]) == 77
    found = diff_databases(united, from_studyset(document))
    # those of the demo had none, and a document needs them
    assert found.changed == ["analysis_id of 22 analyses"]
    assert not found.added + found.removed


def test_a_label_set_more_is_an_annotation_more(shared_data):
    from dataclasses import replace

    database = _kept(shared_data)
    [labels] = database.label_sets.values()
    more = database.with_label_set(replace(labels, name="mine"))
    document, before = written(more), written(database)
    assert same(document["annotations"][:1], before["annotations"])
    assert document["annotations"][1]["name"] == "mine"


def test_studies_of_one_id_are_united_and_nothing_is_kept():
    study = {"id": "1", "analyses": [{"points": [{"coordinates": [1, 2, 3]}]}]}
    document = {"studies": [study, {**study, "user": "me"}]}
    database = from_studyset(document)
    assert DOCUMENT_TABLE not in database.table_names
    assert any("united" in note for note in database.notes)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"head": {}}', '{"head": 1, "keys": 1, "annotations": []}'],
)
def test_damaged_tables_are_told(text):
    import pandas as pd

    made = random_database(seed=1, n_studies=3)
    table = pd.DataFrame({"document": [text]})
    with pytest.raises(FormatError, match="kept of its NIMADS document is damaged"):
        kept_of(with_tables(made, {DOCUMENT_TABLE: table}))


def test_a_studyset_in_memory_has_no_place_for_it(shared_data, recwarn):
    database = _kept(shared_data)
    database.to_studyset(by="table")
    assert not [w for w in recwarn if issubclass(w.category, NeurosynthWarning)]
    assert without_kept(database).table_names == ("studies", "analyses", "peaks")

"""From NiMARE's Studyset to a Database, against NiMARE's own frames and plain walks."""

import logging
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth import Database, open_database, read_database, write_database
from nimare_neurosynth.errors import FormatError, NeurosynthWarning, OptionError
from nimare_neurosynth.io import from_dataset, from_studyset, open_studyset
from tests.io.nimads import (
    EXPORTS,
    IN_WHEEL,
    NIMARE,
    analysis,
    annotation,
    document,
    documents,
    load,
    plain_points,
    point,
    study,
    walk,
)
from tests.io.same import assert_same_database

SOURCES = [*EXPORTS, *IN_WHEEL]


@pytest.fixture(scope="module")
def opened(request, shared_data):
    """Open each real source with its annotation as a Studyset, once."""
    made = {}

    def give(name):
        if name not in made:
            if name in EXPORTS:
                folder, noted = shared_data / "neurostore", EXPORTS[name]
            else:
                folder, noted = NIMARE, IN_WHEEL[name]
            noted = None if noted is None else folder / noted
            made[name] = open_studyset(folder / name, annotation=noted)
        return made[name]

    return give


# ------------------------------------------------------------------------- real data


@pytest.mark.parametrize("name", SOURCES)
def test_peaks_are_those_of_nimares_own_frame(opened, name):
    studyset = opened(name)
    frame = studyset.with_context(space=None).coordinates
    frame = frame[frame[["x", "y", "z"]].notna().all(axis=1)]
    database = from_studyset(studyset)
    peaks, analyses = database.peaks, database.table("analyses")
    full = (analyses["study_id"] + "-" + analyses["analysis_id"]).to_numpy()
    ours = pd.DataFrame(peaks.xyz, columns=list("xyz"))
    ours["id"] = full[peaks.analysis]
    ours["space"] = np.array(peaks.spaces)[peaks.space]
    columns = ["id", "x", "y", "z", "space"]
    theirs = frame.assign(space=frame["space"].fillna("UNKNOWN").replace("", "UNKNOWN"))
    # analyses stand in the order of the source here, and sorted there
    a, b = (t[columns].sort_values("id", kind="stable") for t in (ours, theirs))
    assert len(a) == len(b) > 0
    np.testing.assert_array_equal(a.to_numpy(), b.to_numpy())
    extra = [c for c in database.table("peaks") if c in frame and c != "kind"]
    rows = ours.sort_values("id", kind="stable").index
    there = theirs.sort_values("id", kind="stable")
    for column in extra:
        np.testing.assert_array_equal(
            database.table("peaks")[column].to_numpy(float)[rows],
            pd.to_numeric(there[column]).to_numpy(float),
        )


@pytest.mark.parametrize("unit", ["study", "analysis"])
@pytest.mark.parametrize("name", SOURCES)
def test_labels_are_those_of_nimares_own_frame(opened, name, unit):
    studyset = opened(name)
    frame = studyset.annotations_df.set_index("id")
    database = from_studyset(studyset, unit=unit)
    keys = frame.pop("study_id") if unit == "study" else frame.index.to_series()
    found = 0
    for labels in database.label_sets.values():
        given = frame.reindex(columns=list(labels.labels)).astype(float)
        merged = given.groupby(keys.to_numpy()).max().fillna(0)
        merged = merged.reindex(database.study_ids, fill_value=0).to_numpy()
        np.testing.assert_array_equal(labels.weights.toarray(), merged)
        found += np.count_nonzero(merged)
        assert labels.weights.nnz == np.count_nonzero(labels.weights.data)
        assert labels.weights.has_sorted_indices
    assert found or not studyset.annotations


@pytest.mark.parametrize("name", EXPORTS)
def test_everything_is_in_the_order_of_the_document(shared_data, name):
    nested = load(shared_data / "neurostore" / name)
    ids, points = walk(nested)
    database = from_studyset(nested)
    assert database.study_ids.tolist() == ids
    assert plain_points(database) == points
    expected = [a["id"] for s in nested["studies"] for a in s["analyses"]]
    assert database.table("analyses")["analysis_id"].tolist() == expected
    titles = database.studies["title"]
    assert titles.tolist() == [s["name"] for s in nested["studies"]]
    years = database.studies["year"]
    assert years.fillna(0).tolist() == [s["year"] or 0 for s in nested["studies"]]


def test_text_notes_are_columns(shared_data):
    folder = shared_data / "neurostore"
    database = from_studyset(
        folder / "studyset_5ncCB9bMbipk.json",
        annotation=folder / "annotation_5ptYJfATQy5m.json",
    )
    [labels] = database.label_sets.values()
    assert (labels.labels, labels.kind) == (("included", "physical"), "presence")
    notes = load(folder / "annotation_5ptYJfATQy5m.json")["notes"]
    expected = {n["analysis"]: n["note"]["modality"] for n in notes}
    column = f"{labels.name}.modality"
    analyses = database.table("analyses").set_index("analysis_id")[column]
    assert analyses.dropna().to_dict() == {k: v for k, v in expected.items() if v}
    assert any("1 keys hold text or lists" in note for note in database.notes)
    by_analysis = from_studyset(
        folder / "studyset_5ncCB9bMbipk.json",
        annotation=folder / "annotation_5ptYJfATQy5m.json",
        unit="analysis",
    )
    chosen = by_analysis.select(where=f"{column} = emotional")
    assert len(chosen) == sum(v == "emotional" for v in expected.values()) > 0


@pytest.mark.parametrize("unit", ["study", "analysis"])
@pytest.mark.parametrize("name", SOURCES)
def test_every_real_studyset_can_be_compiled(opened, tmp_path, name, unit):
    database = from_studyset(opened(name), unit=unit)
    assert database.info().peaks == len(database.peaks)
    write_database(database, tmp_path / "db", activations=False)
    assert_same_database(open_database(tmp_path / "db"), database)


# ----------------------------------------------------------------------------- units

TWO = document(
    study(
        "s",
        analysis("1", point(1), annotations=None),
        analysis("2", point(2), point(3), name="Second", metadata={"n": 12}),
        name="Of pain",
        authors="A B",
        publication="Brain",
        year="2010",
        doi="10.1/a",
        pmid=123,
        description="Text",
        metadata={"country": "é", "sizes": [20, 30]},
    ),
    study("001", analysis("1", point(4))),
    annotations=[
        annotation(
            [
                ("s", "1", {"number": -0.5, "flag": False, "only": 2}),
                ("s", "2", {"number": 0.25, "flag": True, "negative": -3}),
                ("001", "1", {"number": 0, "flag": False}),
            ]
        )
    ],
)


def test_a_study_has_the_peaks_and_labels_of_all_its_analyses():
    database = from_studyset(TWO)
    assert database.study_ids.tolist() == ["s", "001"]
    assert database.peaks.study.tolist() == [0, 0, 0, 1]
    assert database.peaks.analysis.tolist() == [0, 1, 1, 2]
    [terms] = database.label_sets.values()
    assert (terms.name, terms.kind) == ("terms", "weight")
    assert terms.labels == ("number", "flag", "only", "negative")
    # a number below 0 is not lost among analyses that have none
    assert terms.weights.toarray().tolist() == [[0.25, 1, 2, -3], [0, 0, 0, 0]]
    first = database.studies.iloc[0].to_dict()
    assert first == {
        "study_id": "s",
        "pmid": "123",
        "doi": "10.1/a",
        "title": "Of pain",
        "authors": "A B",
        "journal": "Brain",
        "year": 2010,
        "description": "Text",
        "country": "é",
        "sizes": "[20, 30]",
    }
    assert database.studies.iloc[1].drop("study_id").isna().all()
    analyses = database.table("analyses")
    assert analyses["study"].tolist() == [0, 0, 1]
    assert analyses["name"].fillna("").tolist() == ["", "Second", ""]
    assert analyses["n"].dtype == "Int64"


def test_an_analysis_can_be_the_unit():
    database = from_studyset(TWO, unit="analysis")
    assert database.study_ids.tolist() == ["s-1", "s-2", "001-1"]
    assert database.studies["study"].tolist() == ["s", "s", "001"]
    assert database.studies["title"].fillna("").tolist() == ["Of pain", "Of pain", ""]
    assert database.studies["year"].tolist()[:2] == [2010, 2010]
    assert database.peaks.study.tolist() == [0, 1, 1, 2]
    assert database.table("analyses")["study_id"].tolist() == ["s-1", "s-2", "001-1"]
    weights = database.label_sets["terms"].weights.toarray().tolist()
    assert weights == [[-0.5, 0, 2, 0], [0.25, 1, 0, -3], [0, 0, 0, 0]]


def test_a_view_gives_what_it_selects():
    studyset = open_studyset(TWO)
    assert from_studyset(studyset.slice(["s-2"])).peaks.xyz[:, 0].tolist() == [2, 3]
    kept = studyset.select_points(studyset.store.xyz[:, 0] != 2)
    database = from_studyset(kept.slice(["s-1", "s-2"]))
    assert database.peaks.xyz[:, 0].tolist() == [1, 3]
    assert database.study_ids.tolist() == ["s"]
    twice = studyset.select_analyses(np.array([1, 1, 0]))
    database = from_studyset(twice)
    assert len(database.peaks) == len(
        from_studyset(studyset.select_analyses([0, 1])).peaks
    )
    assert "1 analyses are selected twice: taken once" in database.notes


def test_peaks_are_not_transformed():
    nested = document(study("1", analysis("a", point(10, 20, 30, "TAL"))))
    studyset = open_studyset(nested)
    assert studyset.coordinates[["x", "y", "z"]].iloc[0].tolist() != [10, 20, 30]
    database = from_studyset(studyset)
    assert database.peaks.xyz.tolist() == [[10, 20, 30]]
    assert database.peaks.spaces == ("TAL",)


# ------------------------------------------------------------------- drawn documents


@given(documents())
def test_any_document_by_plain_walks(nested):
    ids, points = walk(nested)
    database = from_studyset(nested)
    assert database.study_ids.tolist() == ids
    assert plain_points(database) == points
    largest = {}
    notes = nested["annotations"][0]["notes"]
    texts = set()
    for note in notes:
        for label, value in note["note"].items():
            if isinstance(value, str | list) and value != "None":
                texts.add(label)
    for note in notes:
        for label, value in note["note"].items():
            missing = value is None or value == "None" or value != value
            if not missing and label not in texts:
                key = (note["study"], label)
                largest[key] = max(largest.get(key, -np.inf), float(value))
    labels = database.label_sets.get("terms")
    found = {}
    if labels is not None:
        table = labels.weights.toarray()
        assert texts.isdisjoint(labels.labels)
        found = {
            (str(own), label): table[i, j]
            for i, own in enumerate(database.study_ids)
            for j, label in enumerate(labels.labels)
            if table[i, j]
        }
    assert found == {key: value for key, value in largest.items() if value}
    columns = set(database.table("analyses").columns)
    assert {f"terms.{label}" for label in texts} <= columns


@given(documents(), st.data())
def test_any_selection_is_that_of_nimare(nested, data):
    studyset = open_studyset(nested)
    n = len(studyset)
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    part = studyset.select_analyses(kept)
    database = from_studyset(part, unit="analysis")
    assert sorted(database.study_ids) == sorted(part.ids)
    frame = part.with_context(space=None).coordinates
    ours = pd.Series(database.study_ids[database.peaks.study]).value_counts().to_dict()
    assert ours == frame["id"].value_counts().to_dict()


# -------------------------------------------------------------------------- oddities


_INCOMPLETE = "peaks without complete coordinates (they activate nothing)"


def test_points_without_coordinates_are_kept():
    nested = document(
        study(
            "1",
            analysis(
                "a",
                {"coordinates": None, "space": "MNI"},
                {"space": "TAL"},
                {"coordinates": [1, None, 3], "space": "MNI"},
                point(5, values=[{"kind": "Z", "value": 3.5}]),
            ),
        )
    )
    database = from_studyset(nested)
    nan = np.nan
    found = [[nan, nan, nan], [nan, nan, nan], [1, nan, 3], [5, -52, 26]]
    np.testing.assert_array_equal(database.peaks.xyz, found)
    assert database.table("peaks")["z_stat"].dropna().to_dict() == {3: 3.5}
    assert database.peaks.spaces == ("MNI", "TAL")
    assert database.info().oddities[_INCOMPLETE] == 3


def test_studies_whose_points_have_no_coordinates_are_not_counted():
    nothing = study("1", analysis("a", {"coordinates": None, "space": "MNI"}))
    database = from_studyset(document(nothing, study("2", analysis("a", point(5)))))
    assert database.has_peaks.tolist() == [False, True]


def test_spaces_stay_what_they_are():
    spaces = [None, "", "UNKNOWN", "OTHER", " ", "None", "MNI", "Talairach", "Größe"]
    points = [point(i, space=space) for i, space in enumerate(spaces)]
    peaks = from_studyset(document(study("1", analysis("a", *points)))).peaks
    found = [peaks.spaces[code] for code in peaks.space]
    assert found == [
        *["UNKNOWN"] * 3,
        "OTHER",
        *["UNKNOWN"] * 2,
        "MNI",
        "Talairach",
        "Größe",
    ]


def test_what_is_known_of_points_is_kept():
    values = [{"kind": "T", "value": 2}, {"kind": "odd one", "value": "high"}]
    twice = [{"kind": "z", "value": 1.5}, {"kind": "Z", "value": 2.5}]
    points = [
        point(id="p1", kind="unknown", values=values),
        point(id=7, kind="4.18", values=[{"kind": None, "value": 1}]),
        point(values=twice),
    ]
    database = from_studyset(document(study("1", analysis("a", *points))))
    table = database.table("peaks")
    assert table["peak_id"].fillna("").tolist() == ["p1", "7", ""]
    assert table["kind"].fillna("").tolist() == ["unknown", "4.18", ""]
    assert table["t_stat"].astype(object).tolist()[0] == 2
    assert table["value_odd_one"].fillna("").tolist() == ["high", "", ""]
    assert table["z_stat"].tolist()[2] == 2.5
    assert "1 points have several values 'z_stat': the last is kept" in database.notes


def test_studies_and_analyses_without_anything():
    nested = document(
        study("1"), study("2", analysis("a")), study("3", analysis("a", point()))
    )
    database = from_studyset(nested)
    assert database.has_peaks.tolist() == [False, False, True]
    assert database.table("analyses")["study"].tolist() == [1, 2]
    by_analysis = from_studyset(nested, unit="analysis")
    assert by_analysis.study_ids.tolist() == ["2-a", "3-a"]
    assert "1 studies without analyses are left out" in by_analysis.notes


@pytest.mark.parametrize("nested", [document(), document(study("1"))])
@pytest.mark.parametrize("unit", ["study", "analysis"])
def test_a_studyset_of_nothing(nested, unit, tmp_path):
    database = from_studyset(nested, unit=unit)
    assert len(database.peaks) == 0
    assert database.info().peaks == 0
    write_database(database, tmp_path / "db", activations=False)
    assert_same_database(open_database(tmp_path / "db"), database)


def test_studies_with_the_same_id_are_one():
    nested = document(
        study("1", analysis("a", point(1)), name=None, year=2001),
        study("2", analysis("a", point(2)), name="Two"),
        study("1", analysis("a", point(3)), analysis("b"), name="Again", year=2002),
    )
    database = from_studyset(nested)
    assert database.study_ids.tolist() == ["1", "2"]
    assert database.studies["title"].tolist() == ["Again", "Two"]
    assert database.studies["year"].astype("Float64").fillna(0).tolist() == [2001, 0]
    assert plain_points(database) == walk(nested)[1]
    assert "1 studies have the id of another: united" in database.notes
    by_analysis = from_studyset(nested, unit="analysis")
    assert by_analysis.study_ids.tolist() == ["1-a", "2-a", "1-a_2", "1-b"]
    assert "1 analyses have the full id of another: numbered" in by_analysis.notes


def test_ids_whose_full_ids_sort_otherwise():
    # "a b-1" comes before "a-1", but "a" before "a b": NiMARE's offsets get it wrong
    nested = document(
        study("a b", analysis("1", point(1))),
        study("a", analysis("1", point(2)), analysis("2", point(3))),
        study("a-2", analysis("1", point(4))),
    )
    assert plain_points(from_studyset(nested)) == walk(nested)[1]


def test_the_text_none_is_nothing():
    nested = document(
        study("None", analysis("None", point()), name="None", doi="None", year="None"),
        annotations=[annotation([("None", "None", {"a": "None", "b": 1})])],
    )
    database = from_studyset(nested)
    assert database.study_ids.tolist() == ["None"]
    assert list(database.studies) == ["study_id"]
    assert database.label_sets["terms"].labels == ("b",)
    assert "annotation 'terms': 1 keys hold nothing: left out" in database.notes


def test_names_that_look_like_numbers_or_are_not_ascii():
    notes = {"001": 1, "01": 2, "3t": 3, "größe": 4, "5-ht": 5}
    nested = document(
        study("001", analysis("01", point()), name="Größe 東京"),
        annotations=[annotation([("001", "01", notes)], "Ähnliche")],
    )
    database = from_studyset(nested)
    assert database.study_ids.tolist() == ["001"]
    assert database.studies["title"].tolist() == ["Größe 東京"]
    assert database.label_sets["Ähnliche"].labels == tuple(notes)
    assert len(database.select("001")) == len(database.select('"größe"')) == 1


def test_halves_of_characters_are_replaced(tmp_path):
    half = "a\ud800"
    nested = document(
        study(half, analysis(half, point(space=half, kind=half)), name=half),
        annotations=[annotation([(half, half, {half: 1, "t": half})], half)],
        name=half,
    )
    database = from_studyset(nested)
    assert database.study_ids.tolist() == ["a?"]
    write_database(database, tmp_path / "db", activations=False)
    assert_same_database(open_database(tmp_path / "db"), database)


def test_several_annotations_are_several_label_sets():
    note = [("1", "a", {"included": True, "score": 0.5})]
    nested = document(
        study("1", analysis("a", point(), annotations={"flat": 1, "own": {"x": 2}})),
        annotations=[annotation(note), {**annotation(note), "id": "other"}],
    )
    database = from_studyset(nested, annotation=annotation(note, "more"))
    assert list(database.label_sets) == ["own", "_inline", "terms", "terms_2", "more"]
    included = [s.labels for s in database.label_sets.values()][2:]
    assert included == [("included", "score")] * 3


def test_values_that_are_no_weights():
    notes = [
        ("1", "a", {"list": ["x"], "mixed": 1, "wild": np.inf, "object": {"k": 1}}),
        ("1", "b", {"mixed": "one", "wild": 2}),
    ]
    nested = document(
        study("1", analysis("a", point()), analysis("b")),
        annotations=[annotation(notes, note_keys={"unused": "boolean"})],
    )
    database = from_studyset(nested)
    [terms] = database.label_sets.values()
    assert terms.labels == ("unused", "wild")  # the first is declared, and no note's
    assert terms.weights.toarray().tolist() == [[0, 2.0]]
    analyses = database.table("analyses").fillna("")
    assert analyses["terms.list"].tolist() == ['["x"]', ""]
    assert analyses["terms.mixed"].tolist() == ["1", "one"]
    assert analyses["terms.object"].tolist() == ['{"k": 1}', ""]
    assert "annotation 'terms': 1 values are infinite: left out" in database.notes


def test_notes_on_no_analysis_are_counted():
    notes = [("1", "a", {"x": 1}), ("1", "gone", {"x": 2}), ("2", "gone", {"x": 3})]
    nested = document(study("1", analysis("a", point())))
    database = from_studyset(nested, annotation=annotation(notes))
    assert database.notes == (
        "2 of 3 notes of the annotation 'terms' are left out: their analyses are not "
        "in the studyset",
    )
    inside = {**nested, "annotations": [annotation(notes)]}
    assert from_studyset(inside).notes == database.notes


def test_metadata_under_names_that_are_taken():
    metadata = {"study_id": "x", "title": "y", "study": 1, "year": 1900}
    nested = document(
        study(
            "1",
            analysis("a", point(), name="A", metadata={"study": 2, "name": "B"}),
            name="T",
            year=2000,
            metadata=metadata,
        )
    )
    database = from_studyset(nested)
    first = database.studies.iloc[0]
    assert (first["study_id"], first["title"], first["year"]) == ("1", "T", 2000)
    assert first["metadata.study_id"] == "x"
    assert first["metadata.year"] == 1900
    analyses = database.table("analyses").iloc[0]
    assert (analyses["study"], analyses["metadata.study"]) == (0, 2)
    assert (analyses["name"], analyses["metadata.name"]) == ("A", "B")


def test_columns_have_the_types_of_their_values():
    mixed = [(1, 1.5, True, "a", 2**60, [1]), (2, None, None, "b", 0.5, "x")]
    names = ("whole", "number", "flag", "text", "large", "mixed")
    studies = [
        study(str(i), metadata=dict(zip(names, row, strict=True)))
        for i, row in enumerate(mixed)
    ]
    table = from_studyset(document(*studies)).studies
    assert table["whole"].dtype == "int64"
    assert table["number"].dtype == "float64"
    assert table["flag"].dtype == "boolean"
    assert table["large"].tolist() == [str(2**60), "0.5"]
    assert table["mixed"].tolist() == ["[1]", "x"]


def test_facts_about_studies_that_only_their_analyses_have():
    def made(*years):
        analyses = [analysis(str(y), metadata={"year": y, "doi": "d"}) for y in years]
        return document(study("1", *analyses))

    agreed = from_studyset(made(2001, 2001)).studies
    assert agreed[["year", "doi"]].iloc[0].tolist() == [2001, "d"]
    assert "year" not in from_studyset(made(2001, 2002)).studies


def test_conditions_and_texts_and_images():
    nested = document(
        study(
            "1",
            analysis(
                "a",
                point(),
                conditions=[{"name": "faces", "description": "Of people"}, "houses"],
                weights=[1, -1],
                texts={"abstract": "Same", "body": "One"},
                images=[{"url": "http://x/z.nii.gz", "value_type": "Z"}],
            ),
            analysis("b", texts={"abstract": "Same", "body": "Two"}),
        ),
        study("2", analysis("a")),
    )
    database = from_studyset(nested)
    analyses = database.table("analyses")
    assert analyses["conditions"].tolist()[0] == (
        '[{"name": "faces", "description": "Of people"}, "houses"]'
    )
    assert analyses["weights"].tolist()[0] == "[1.0, -1.0]"
    assert database.table("texts").to_dict("records") == [
        {"study_id": "1", "abstract": "Same", "body": "One\n\nTwo"}
    ]
    assert "1 images are left out: a database has peaks only" in database.notes


# ---------------------------------------------------------------------------- NiMARE


def test_importing_nimare_leaves_logging_alone():
    import subprocess

    code = (
        "import logging, nimare_neurosynth as nn; root = logging.getLogger(); "
        "nn.Database.from_studyset({'studies': []}); import sys; "
        "assert 'nimare' in sys.modules; print(root.handlers, root.level)"
    )
    command = [sys.executable, "-W", "error::UserWarning:nimare_neurosynth", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == f"[] {logging.WARNING}"


def test_without_nimare_one_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "nimare", None)
    with pytest.raises(OptionError, match="pip install 'nimare>="):
        from_studyset({"studies": []})


def test_datasets_go_both_ways():
    path = NIMARE / "resources" / "neurosynth_laird_studyset.json"
    database = from_studyset(path)
    with pytest.warns(NeurosynthWarning, match="2,500 labels that no study has"):
        dataset = database.to_dataset()
    assert type(dataset).__name__ == "Dataset"
    back = Database.from_dataset(dataset)
    assert sorted(back.study_ids) == sorted(database.study_ids)
    assert len(back.peaks) == len(database.peaks)
    [ours], [theirs] = database.label_sets.values(), back.label_sets.values()
    used = [x for x in ours.labels if ours.weights[:, [ours.index[x]]].nnz]
    assert sorted(theirs.labels) == sorted(used)  # NiMARE drops the others
    at = [[s.index[label] for label in used] for s in (ours, theirs)]
    rows = [np.argsort(d.study_ids.astype(str)) for d in (database, back)]
    a, b = (
        labels.weights.toarray()[np.ix_(row, columns)]
        for labels, row, columns in zip((ours, theirs), rows, at, strict=True)
    )
    np.testing.assert_array_equal(a, b)
    with pytest.raises(OptionError, match="use from_dataset"):
        from_studyset(dataset)


def test_a_nimare_without_dataset(monkeypatch):
    monkeypatch.setitem(sys.modules, "nimare.dataset", None)
    database = from_studyset(TWO)
    for call in (lambda: from_dataset(object()), database.to_dataset):
        with pytest.raises(OptionError, match="installed NiMARE has no Dataset"):
            call()


def test_no_dataset():
    with pytest.raises(OptionError, match="a NiMARE Dataset is needed, got 1"):
        from_dataset(1)


@pytest.mark.parametrize("unit", ["table", None, "studies"])
def test_no_unit(unit):
    with pytest.raises(OptionError, match="unit must be one of study, analysis"):
        from_studyset(TWO, unit=unit)


def test_read_database_reads_it_too(shared_data):
    folder = shared_data / "neurostore"
    name, noted = next(iter(EXPORTS.items()))
    ours = read_database(folder / name, annotation=folder / noted)
    assert_same_database(ours, from_studyset(folder / name, annotation=folder / noted))
    with pytest.raises(FormatError, match="there is no annotation"):
        read_database(folder / name, annotation=folder / "none.json")

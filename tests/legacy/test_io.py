"""The export to NiMARE that guides show, under all the names that it ever had."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.legacy.io import (
    convert_neurosynth_to_dataset,
    convert_neurosynth_to_dict,
    convert_neurosynth_to_json,
)

PEAKS = (
    "id\tx\ty\tz\tspace\ttable_id\ttitle\n"
    "11\t1\t2\t3\tMNI\t7\tPain\n"
    "11\t4\t5\t6\tMNI\t8\tPain\n"
    "12\t7\t8\t9\tTAL\t9\tJoy\n"
)
COORDINATES = "data-toy_version-1_coordinates.tsv.gz"
TERMS = "data-toy_version-1_vocab-terms_source-abstract_type-tfidf_features.npz"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "database.txt").write_text(PEAKS)
    (tmp_path / "features.txt").write_text("pmid\tpain\tjoy\n11\t0.5\t0\n12\t0\t0.25\n")
    (tmp_path / "topics.txt").write_text("pmid\tt1\n11\t0.1\n12\t0.2\n")
    return tmp_path


def _labels(found, study="11"):
    contrasts = found[study]["contrasts"].values()
    [labels] = {json.dumps(c.get("labels", {})) for c in contrasts}
    return json.loads(labels)


def test_a_contrast_for_each_table(files):
    found = convert_neurosynth_to_dict(files / "database.txt", files / "features.txt")
    assert set(found) == {"11", "12"}
    coords = [c["coords"] for c in found["11"]["contrasts"].values()]
    assert [c["x"] for c in coords] == [[1.0], [4.0]]
    assert [c["z"] for c in coords] == [[3.0], [6.0]]
    assert {c["space"] for c in coords} == {"MNI"}
    assert _labels(found) == {"features__pain": 0.5}
    assert _labels(found, "12") == {"features__joy": 0.25}


@pytest.mark.parametrize(
    "table", ["text_file", "coordinates_table", "coordinates_file"]
)
@pytest.mark.parametrize("labels", ["annotations_file", "annotations_files"])
def test_all_spellings(files, table, labels):
    paths = [str(files / "database.txt"), str(files / "features.txt")]
    plain = convert_neurosynth_to_dict(*paths)
    named = {table: paths[0], labels: paths[1]}
    assert convert_neurosynth_to_dict(**named) == plain
    assert convert_neurosynth_to_dict(paths[0], **{labels: [paths[1]]}) == plain
    path = files / "out.json"
    convert_neurosynth_to_json(out_file=path, **named)
    assert json.loads(path.read_text()) == plain
    convert_neurosynth_to_json(paths[0], str(path), paths[1])
    assert json.loads(path.read_text()) == plain


def test_without_labels(files):
    assert _labels(convert_neurosynth_to_dict(files / "database.txt")) == {}


def test_several_files_of_labels(files):
    both = [files / "features.txt", files / "topics.txt"]
    found = convert_neurosynth_to_dict(files / "database.txt", annotations_files=both)
    assert _labels(found) == {"features__pain": 0.5, "topics__t1": 0.1}


@pytest.mark.parametrize("name", ["", COORDINATES])
def test_the_data_since_2021(toy_files, toy, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = convert_neurosynth_to_dict(toy_files / name)
        wanted = {"features": str(toy_files / TERMS), "vocabulary": "not looked at"}
        metadata = toy_files / COORDINATES.replace("coordinates", "metadata")
        for call in (
            {"annotations_files": wanted},
            {"annotations_files": [{**wanted, "features": [wanted["features"]]}]},
            {"annotations_files": wanted, "metadata_file": metadata},
        ):
            some = convert_neurosynth_to_dict(toy_files / name, **call)
            assert _labels(some, "10001") == {
                "terms__pain": 0.2,
                "terms__emotion": 0.05,
            }
    topics = {"topics__0_pain_heat": 0.9, "topics__1_memory_wm": 0.1}
    assert _labels(found, "10001") == {**_labels(some, "10001"), **topics}


def test_nimare_s_dataset(files):
    pytest.importorskip("nimare.dataset")
    paths = (files / "database.txt", files / "features.txt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = convert_neurosynth_to_dataset(*paths)
    assert sorted(set(dataset.metadata["study_id"])) == ["11", "12"]
    assert len(dataset.ids) == 3
    mni = pd.DataFrame(dataset.coordinates).query("study_id == '11'")
    assert np.sort(mni["x"]).tolist() == [1, 4]
    assert {"pain", "joy"} <= set(dataset.annotations.columns)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({}, OptionError, "text_file must be the path of a database, got None"),
        ({"text_file": 3}, OptionError, "text_file must be the path"),
        ({"text_file": "nosuch.txt"}, FormatError, "there is no file or folder nosuch"),
        (
            {"text_fil": "x"},
            OptionError,
            "no option 'text_fil'. Close matches: 'text_f",
        ),
        (
            {"text_file": "database.txt", "coordinates_table": "database.txt"},
            OptionError,
            "coordinates_table is the same as text_file",
        ),
        (
            {"text_file": "database.txt", "annotations_files": [3]},
            OptionError,
            "annotations_file must be a file or a list of files, got 3",
        ),
        (
            {"text_file": "database.txt", "annotations_files": {"vocabulary": "x"}},
            OptionError,
            "annotations_file must be a file",
        ),
        (
            {"text_file": "database.txt", "annotations_file": "nosuch.txt"},
            FormatError,
            "there is no file of features nosuch",
        ),
        (
            {"text_file": "toy_files", "annotations_file": "x_vocab-term_features.npz"},
            OptionError,
            "no label set 'term'; there is .*Close matches: 'terms'",
        ),
    ],
)
def test_wrong_calls(files, toy_files, monkeypatch, arguments, kind, message):
    monkeypatch.chdir(files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for convert in (convert_neurosynth_to_dict, convert_neurosynth_to_dataset):
            with pytest.raises(kind, match=message):
                convert(**arguments)
        with pytest.raises(kind, match=message):
            convert_neurosynth_to_json(out_file="out.json", **arguments)
    assert not (files / "out.json").exists()


@pytest.mark.parametrize("out", [None, 3, "out.txt", "toy_files"])
def test_wrong_targets_are_told_first(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=r"out_file must be|ends in \.json"):
        convert_neurosynth_to_json("nosuch.txt", out)

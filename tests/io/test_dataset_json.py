"""The JSON of NiMARE's Dataset."""

import copy
import json

import numpy as np
import pytest

from nimare_neurosynth import Database, read_database
from nimare_neurosynth._nimare import dataset_class
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.space import nimare_resource
from tests.oracles import quietly

FILES = ("neurosynth_dset.json", "nidm_pain_dset.json", "test_pain_dataset.json")

SMALL = {
    "Smith": {
        "title": "A title",
        "authors": "Smith J",
        "journal": "Brain",
        "year": 2010,
        "contrasts": {
            "1": {
                "coords": {"space": "MNI", "x": [1, 2], "y": [3, 4], "z": [5, 6.5]},
                "labels": {"pain": 0.5},
                "metadata": {"sample_sizes": [12]},
                "text": {"abstract": "Words."},
            },
            "2": {"labels": {"pain": 0.25, "heat": 1}},
        },
    },
    "007": {
        "contrasts": {"1": {"coords": {"space": "TAL", "x": [0], "y": [0], "z": [0]}}}
    },
}


def written(folder, document):
    path = folder / "d.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FILES)
def test_as_nimare_converts_it(name):
    path = nimare_resource("..", "tests", "data", name)
    ours = read_database(path)
    dataset = quietly(dataset_class(), str(path), target=None)
    theirs = quietly(Database.from_dataset, dataset)
    assert sorted(ours.study_ids) == sorted(theirs.study_ids)
    place = {study: i for i, study in enumerate(theirs.study_ids)}
    for i, study in enumerate(ours.study_ids):
        own, other = (
            np.sort(np.asarray(d.peaks.xyz)[np.asarray(d.peaks.study) == row], axis=0)
            for d, row in ((ours, i), (theirs, place[study]))
        )
        np.testing.assert_allclose(own, other)
    for one, two in zip(
        ours.label_sets.values(), theirs.label_sets.values(), strict=True
    ):
        assert sorted(one.labels) == sorted(two.labels)
        assert one.weights.sum() == pytest.approx(two.weights.sum())


def test_all_that_it_says(tmp_path):
    database = read_database(written(tmp_path, SMALL))
    assert database.study_ids.tolist() == ["Smith", "007"]
    row = database.studies.iloc[0]
    assert (row["title"], row["authors"], row["journal"]) == (
        "A title",
        "Smith J",
        "Brain",
    )
    assert int(row["year"]) == 2010
    assert np.asarray(database.peaks.xyz).tolist() == [
        [1, 3, 5],
        [2, 4, 6.5],
        [0, 0, 0],
    ]
    assert database.peaks.is_talairach.tolist() == [False, False, True]
    assert len(database.table("analyses")) == 3
    [labels] = database.label_sets.values()
    assert labels.labels == ("pain", "heat")
    assert labels.weights.toarray().tolist() == [[0.5, 1], [0, 0]]
    assert database.table("texts")["abstract"].iloc[0] == "Words."


def changed(path, value):
    document = copy.deepcopy(SMALL)
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return document


CONTRAST = ("Smith", "contrasts", "1")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("007",), 5, "study '007' is int"),
        (("Smith", "contrasts"), [1], "contrasts is list"),
        (CONTRAST, None, "contrast '1' is NoneType"),
        ((*CONTRAST, "coords"), [1], "coords is list"),
        ((*CONTRAST, "coords", "y"), [1], "2 x and 1 y"),
        ((*CONTRAST, "coords", "z"), 3, "no list 'z'"),
        ((*CONTRAST, "labels"), ["pain"], "labels is list"),
        ((*CONTRAST, "images"), ["a.nii"], "images is list"),
    ],
)
def test_damage_is_named_with_its_place(tmp_path, path, value, message):
    with pytest.raises(FormatError, match=message) as error:
        read_database(written(tmp_path, changed(path, value)))
    assert "d.json" in str(error.value)

"""What ``info`` counts."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import read_database
from nimare_neurosynth.database import About
from tests.database.made import label_set, made_database

# formats-and-services.md, section 1.3, the row of version 7, and section 1.2
V7 = {
    "studies": 14_371,
    "analyses": 27_072,
    "peaks": 507_891,
    "years": (1997, 2018),
    "peaks_per_study": {"min": 1.0, "median": 22.0, "max": 713.0},
    "licence": "ODbL-1.0",
    "version": "7",
}
V7_ODDITIES = {
    "peaks outside the volume of the brain template, as published": 121,
    "peaks outside the brain mask, as published": 11_988,
    "studies with no peak inside the brain mask, as published": 54,
    "peaks with coordinates that are not whole millimetres": 13_682,
    "peaks that repeat another of their study": 59_636,
    "peaks from tables without a number": 5_143,
    "studies without a DOI": 90,
    "studies that repeat another's DOI": 60,
}


@pytest.fixture(scope="module")
def v7_info(v7):
    return v7.info()


@pytest.mark.parametrize("name", V7)
def test_facts_of_version_7(v7_info, name):
    assert getattr(v7_info, name) == V7[name]


@pytest.mark.parametrize("what", V7_ODDITIES)
def test_oddities_of_version_7(v7_info, what):
    assert v7_info.oddities[what] == V7_ODDITIES[what]


def test_spaces_of_version_7(v7, v7_info):
    studies = v7.studies["space"].value_counts().to_dict()
    assert studies == {"MNI": 10_204, "TAL": 2_335, "UNKNOWN": 1_832}
    assert set(v7_info.peak_spaces) == set(studies)
    assert sum(v7_info.peak_spaces.values()) == V7["peaks"]


def test_labels_of_version_7(v7, v7_info):
    by_name = {labels.name: labels for labels in v7_info.label_sets}
    assert (by_name["terms"].labels, by_name["terms"].has_weights) == (3_228, False)
    assert (by_name["LDA50"].labels, by_name["LDA50"].has_weights) == (50, True)
    bigrams = sum(" " in label for label in v7.label_sets["terms"].labels)
    assert bigrams == 713
    assert {"001", "01", "3t", "self"} <= set(v7.label_sets["terms"].labels)


# ------------------------------------------------------------------------------ toy

TOY_ODDITIES = {
    # each of these is in TOY_PEAKS, TOY_STUDIES or the weights of tests/conftest.py
    "peaks without complete coordinates (they activate nothing)": 1,
    "peaks outside the volume of the brain template, as published": 1,
    "peaks outside the brain mask, as published": 1,
    "studies with no peak inside the brain mask, as published": 1,
    "studies without peaks (not counted in analyses)": 1,
    "peaks in a space that is neither MNI nor Talairach (used as they are)": 2,
    "studies without a DOI": 2,
}


def test_oddities_of_the_toy(toy):
    oddities = toy.info().oddities
    assert {k: v for k, v in oddities.items() if "label" not in k} == TOY_ODDITIES


def test_counts_of_the_toy(toy):
    info = toy.info()
    assert (info.studies, info.analyses, info.peaks) == (7, 7, 11)
    assert info.peaks_per_study == {"min": 1.0, "median": 2.0, "max": 3.0}
    assert info.years == (1999, 2018)
    assert info.peak_spaces == {"MNI": 7, "TAL": 2, "UNKNOWN": 2}


@pytest.mark.parametrize(
    ("threshold", "sizes"), [(0.001, [4, 3, 2, 1, 1]), (0.15, [2, 1, 1, 0, 1])]
)
def test_studies_per_label(toy, threshold, sizes):
    terms = toy.info(threshold=threshold).label_sets[0]
    assert terms.pairs == sum(sizes)
    assert terms.studies_per_label_mean == pytest.approx(np.mean(sizes))
    assert terms.studies_per_label_median == np.median(sizes)
    assert terms.most_common[0] == ("pain", sizes[0])


def test_files_are_counted_too(toy_files):
    info = read_database(toy_files).info()
    assert info.oddities["labels of 'LDA9' without weights"] == 2
    assert "topics: Two topics." in info.notes


ODD_STUDIES = pd.DataFrame(
    {
        "study_id": list("abcd"),
        "doi": ["10.1/X", "10.1/x", "", None],
        "title": ["t", " ", "u", "v"],
        "year": ["1984", "1991", "", "soon"],
    }
)


def test_odd_studies_are_counted():
    oddities = made_database(studies=ODD_STUDIES).info().oddities
    assert oddities["studies that repeat another's DOI"] == 1  # case does not matter
    assert oddities["studies without a DOI"] == 2
    assert oddities["studies without a title"] == 1
    assert oddities["studies older than functional MRI (before 1991)"] == 1
    assert made_database(studies=ODD_STUDIES).info().years == (1984, 1991)


def test_odd_labels_are_counted():
    labels = label_set("terms", ("001", "3t", "x"), [[1, 0, 0], [0, 0, 0]])
    oddities = made_database([labels]).info().oddities
    assert oddities["labels of 'terms' that look like numbers"] == 1
    assert oddities["labels of 'terms' that no study has"] == 2
    assert oddities["studies without any label of 'terms'"] == 1


def test_only_what_is_odd_is_listed(toy):
    assert all(toy.info().oddities.values())


# --------------------------------------------------------------------------- display


def test_info_reads_as_lines(toy):
    lines = str(toy.info()).splitlines()
    assert lines[0].split() == ["Database", "toy", "1"]
    assert any(line.startswith("Peaks     11 (per study 1 to 3, med") for line in lines)
    assert any("commonest: pain (4), working memory (3)" in line for line in lines)
    assert "Licence   CC0-1.0" in lines
    assert "Cite      Made up for the tests." in lines


def test_info_of_nothing():
    info = made_database(n_studies=0, studies=pd.DataFrame({"study_id": []})).info()
    assert (info.studies, info.peaks, info.years) == (0, 0, None)
    assert info.peaks_per_study == {"min": 0.0, "median": 0.0, "max": 0.0}
    text = str(info)
    assert "Labels    none" in text
    assert "Licence" not in text
    assert "Years" not in text


def test_a_vocabulary_without_weights_says_so():
    info = made_database([label_set("LDA9", "ab", None)], n_studies=1).info()
    assert info.label_sets[0].line() == "LDA9: 2 labels, no weights in this database"


def test_an_empty_label_set_is_counted():
    empty = label_set("none", (), np.zeros((2, 0)))
    (found,) = made_database([empty]).info().label_sets
    assert (found.labels, found.pairs, found.most_common) == (0, 0, ())
    assert (found.studies_per_label_mean, found.studies_per_label_median) == (0, 0)


def test_info_is_plain_data(toy):
    facts = json.loads(json.dumps(toy.info().to_dict()))
    assert facts["studies"] == 7
    assert facts["label_sets"][0]["most_common"][0] == ["pain", 4]
    assert facts["content_hash"] == toy.content_hash
    assert {*About("x").to_dict()} <= {*facts}


def test_html_is_escaped(toy):
    info = replace(toy.info(), name="<script>", notes=("a & b",))
    html = info._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt; 1</td>" in html
    assert "a &amp; b</td>" in html

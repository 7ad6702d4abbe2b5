"""The database itself: tables, labels, hashes, display."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth.database import About, Database
from nimare_neurosynth.engine import build_activations
from nimare_neurosynth.errors import ImageError, OptionError, UnknownTermError
from nimare_neurosynth.space import Mask, default_mask
from tests.database.made import label_set, made_database

# --------------------------------------------------------------------------- tables


def test_tables(toy):
    assert toy.table_names == ("studies", "analyses", "peaks")
    assert toy.studies is toy.table("studies")
    assert toy.study_ids.tolist() == [f"1000{i}" for i in range(1, 8)]


def test_tables_are_read_once():
    calls = []
    made = made_database(n_studies=1)
    tables = {"studies": made.studies, "extra": lambda: calls.append(1) or made.studies}
    database = Database(made.about, n_studies=1, peaks=made.peaks, tables=tables)
    assert database.table("extra") is database.table("extra")
    assert calls == [1]


def test_an_unknown_table_is_an_error(toy):
    with pytest.raises(OptionError, match="no table 'text'; it has studies, analyses"):
        toy.table("text")


def test_studies_without_peaks_are_known(toy):
    assert toy.has_peaks.tolist() == [True] * 6 + [False]


# ----------------------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("pain", ["pain"]),
        ("emot*", ["emotion", "emotional"]),
        ("topics:*", ["0_pain_heat", "1_memory_wm"]),
        ("working memory", ["working memory"]),
        ("PAIN", ["pain"]),
    ],
)
def test_find_labels(toy, pattern, expected):
    assert toy.find_labels(pattern) == expected


def test_find_labels_takes_names_only(toy):
    with pytest.raises(OptionError, match="'pain & emotion' is a query, not the name"):
        toy.find_labels("pain & emotion")
    with pytest.raises(UnknownTermError, match=r"'pian'.*\n  pian\n  \^"):
        toy.find_labels("pian")


def test_a_label_set_knows_its_labels(toy):
    terms = toy.label_sets["terms"]
    assert len(terms) == 5
    assert terms.index["working memory"] == 1
    assert repr(terms) == "<LabelSet 'terms': 5 labels (tfidf)>"
    assert repr(label_set("x", "ab", None)) == "<LabelSet 'x': 2 labels (no weights)>"


def test_columns_hold_the_studies_at_threshold(toy):
    columns = toy.label_sets["terms"].columns(threshold=0.001)
    assert columns.sizes.tolist() == [4, 3, 2, 1, 1]
    assert columns[1].tolist() == [1, 4, 5]
    assert columns[3].tolist() == [1]  # 0.0005 is below
    some = toy.label_sets["terms"].columns([4, 0], threshold=0.1)
    assert [some[i].tolist() for i in (0, 1)] == [[5], [0, 2, 3]]


@pytest.mark.parametrize("threshold", [0, -1, float("nan")])
def test_columns_need_a_threshold(toy, threshold):
    with pytest.raises(OptionError, match="threshold must be above 0"):
        toy.label_sets["terms"].columns(threshold=threshold)


@pytest.mark.parametrize(
    "use", [lambda s: s.columns(), lambda s: s.combined([0], "sum")]
)
def test_a_vocabulary_has_no_weights_to_give(use):
    with pytest.raises(OptionError, match="the label set 'x' has no weights"):
        use(label_set("x", "ab", None))


def test_combined_refuses_unknown_functions(toy):
    with pytest.raises(OptionError, match="func must be one of"):
        toy.label_sets["terms"].combined([0], "median")


# ------------------------------------------------------------------------------ hash

CHANGES = {
    "weight": {"weights": [[0.5], [0.25]]},
    "label": {"labels": ("b",)},
    "set": {"name": "other"},
}


def _hashed(name="terms", labels=("a",), weights=((0.5,), (0.0,)), ids=("1", "2")):
    studies = pd.DataFrame({"study_id": list(ids)})
    return made_database([(name, labels, weights)], studies=studies).content_hash


@pytest.mark.parametrize("change", [*CHANGES.values(), {"ids": ("1", "3")}])
def test_other_data_have_other_hashes(change):
    assert _hashed() == _hashed()
    assert _hashed(**change) != _hashed()


def test_a_database_remembers_its_hash(toy):
    assert toy.content_hash == toy.content_hash
    assert len(toy.content_hash) == 64


# ----------------------------------------------------------------------- activations


def test_activations_are_kept(toy):
    assert toy.activations() is toy.activations()
    assert toy.activations(radius_mm=6) is toy.activations(radius_mm=6.0)
    assert toy.activations(radius_mm=8) is not toy.activations()


@pytest.mark.parametrize("talairach", ["icbm_spm", "icbm_other", None])
def test_activations_are_those_of_the_peaks(toy, talairach):
    made = toy.activations(radius_mm=4, talairach=talairach)
    expected = build_activations(
        toy.peaks.to_mni(talairach),
        toy.peaks.study,
        toy.n_studies,
        mask=default_mask(),
        radius_mm=4,
    )
    np.testing.assert_array_equal(made.to_csr().indices, expected.to_csr().indices)


def test_activations_of_another_mask(toy):
    mask = Mask.from_array(np.ones((10, 10, 10)), np.diag([4, 4, 4, 1]))
    image = mask.to_image(np.ones(mask.n_voxels))
    assert toy.activations(mask=mask).n_voxels == 1000
    assert toy.activations(mask=image) is toy.activations(mask=mask)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"radius_mm": -1}, OptionError),
        ({"radius_mm": "wide"}, OptionError),
        ({"talairach": "x"}, OptionError),
        ({"mask": "no.nii"}, ImageError),
        ({"mask": 5}, ImageError),
    ],
)
def test_wrong_options_of_activations(toy, options, error):
    with pytest.raises(error):
        toy.activations(**options)


# --------------------------------------------------------------------------- display


def test_repr_says_what_is_in_it(toy):
    assert repr(toy) == (
        "<Database toy 1: 7 studies, 11 peaks; labels: terms (5), topics (2)>"
    )
    assert "labels: none>" in repr(made_database(n_studies=1))
    assert "x (2, no weights)" in repr(
        made_database([label_set("x", "ab", None)], n_studies=1)
    )


def test_html_is_that_of_info(toy):
    assert toy._repr_html_() == toy.info()._repr_html_()


@pytest.mark.parametrize("copier", [pickle.dumps, copy.deepcopy, copy.copy])
def test_a_database_is_not_pickled(toy, copier):
    with pytest.raises(TypeError, match="save it with write_database"):
        copier(toy)


def test_about():
    about = About("neurosynth", "7")
    assert str(about) == "neurosynth 7"
    assert str(About("mine")) == "mine"
    assert About(**about.to_dict()) == about

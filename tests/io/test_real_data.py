"""The real databases beside the project."""

import gzip

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from nimare_neurosynth import read_database
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import check_row_order
from tests.io.same import assert_same_peaks


def test_the_one_file_layout_of_version_3(shared_data):
    database = read_database(shared_data / "legacy_files" / "database_v3.txt.gz")
    info = database.info()
    # formats-and-services.md, section 1.3, the row of version 3
    assert (info.studies, info.peaks) == (8_067, 293_286)
    assert info.years[0] == 1984
    assert info.oddities["studies older than functional MRI (before 1991)"] == 1
    assert info.oddities["peaks from tables without a number"] == 8_017
    assert (
        info.oddities["peaks with coordinates that are not whole millimetres"] == 20_404
    )
    assert info.oddities["peaks that repeat another of their study"] == 35_693
    assert "studies without a DOI" not in info.oddities
    # every column is kept
    kept = [*database.studies, *database.table("analyses"), *database.table("peaks")]
    theirs = ["doi", "peak_id", "table_id", "table_num", "title", "authors", "year"]
    assert set(theirs) <= set(kept)


def test_the_reconstructed_terms(shared_data):
    database = read_database(shared_data / "neurosynth_recon")
    terms = database.label_sets["terms"]
    # the README of the data
    assert terms.weights.shape == (8_682, 2_927)
    assert terms.weights.nnz == 521_076
    assert terms.kind == "tfidf"
    assert database.about.licence == "ODbL-1.0 AND BSD-3-Clause"


def test_topic_weights_are_shares(v7):
    weights = v7.label_sets["LDA50"].weights
    assert weights.shape == (14_371, 50)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


def test_studies_without_a_doi_are_found(v7):
    assert len(v7.select(where="doi = *")) == 14_371 - 90


@pytest.mark.parametrize(
    ("where", "n"), [("space = TAL", 2_335), ("space != MNI", 2_335 + 1_832)]
)
def test_studies_by_space(v7, where, n):
    assert len(v7.select(where=where)) == n


# ------------------------------------------------------------------------ NeuroQuery


@pytest.fixture(scope="module")
def neuroquery(shared_data):
    return read_database(shared_data / "neuroquery_v1")


@pytest.fixture(scope="module")
def published(shared_data):
    """Read NeuroQuery's own table of peaks."""
    path = "neuroquery_v1/data-neuroquery_version-1_coordinates.tsv.gz"
    return pd.read_csv(shared_data / path, sep="\t", dtype={"id": str})


def test_neuroquery_is_complete(neuroquery, published):
    # formats-and-services.md, section 1.6
    assert (neuroquery.n_studies, len(neuroquery.peaks)) == (13_459, 469_260)
    assert neuroquery.peaks.spaces == ("UNKNOWN",)
    assert "no space is given: coordinates are used as they are" in neuroquery.notes
    for column in ("table_id", "table_name"):
        analyses, peaks = neuroquery.table("analyses"), neuroquery.table("peaks")
        kept = (
            peaks[column]
            if column in peaks
            else analyses[column].iloc[neuroquery.peaks.analysis]
        )
        assert kept.tolist() == published[column].tolist()


def test_peaks_of_neuroquery_are_their_studies_own(neuroquery, published):
    # coordinates and metadata list studies in different orders
    ours = neuroquery.study_ids[neuroquery.peaks.study]
    assert ours.tolist() == published["id"].tolist()
    assert (np.diff(neuroquery.peaks.study) < 0).any()
    xyz = published[["x", "y", "z"]].to_numpy()
    np.testing.assert_array_equal(neuroquery.peaks.xyz, xyz)


def test_peaks_far_outside_the_brain_are_kept_and_counted(neuroquery):
    assert np.abs(neuroquery.peaks.xyz).max() == 149
    odd = neuroquery.info().oddities
    assert odd["peaks outside the volume of the brain template, as published"] == 371
    assert odd["peaks outside the brain mask, as published"] == 11_495
    assert odd["studies with no peak inside the brain mask, as published"] == 5


def test_counts_of_neuroquery_become_tfidf(neuroquery, shared_data):
    name = "data-neuroquery_version-1_vocab-neuroquery7547_source-abstract_type-count"
    path = shared_data / "neuroquery_v1" / f"{name}_features.npz"
    counts = sparse.load_npz(path)
    terms = neuroquery.label_sets["neuroquery7547"]
    assert (terms.kind, terms.source) == ("tfidf", "abstract")
    theirs = TfidfTransformer().fit_transform(counts)
    assert abs(terms.weights - theirs).max() < 1e-14
    assert any(note.startswith("counts of neuroq") for note in neuroquery.notes)
    has = np.bincount(terms.weights.indices, minlength=13_459) > 0
    assert (~has).sum() == 93  # as in the file: they stay empty
    length = np.sqrt(np.bincount(terms.weights.indices, terms.weights.data**2))
    np.testing.assert_allclose(length[has[: len(length)]], 1)


def test_rows_of_neuroquery_are_those_of_the_metadata(neuroquery):
    (report,) = check_row_order(neuroquery)
    read, text, coordinates = report.evidence
    assert read.orders == ("metadata", "number")
    assert (text.orders, coordinates.orders) == (("text",), ("coordinates",))
    assert report.verdict == "agrees"
    assert read.agreement == pytest.approx(0.63, abs=0.005)
    assert read.z > 400
    for other in (text, coordinates):
        assert other.agreement == pytest.approx(0.09, abs=0.005)
        assert other.z < 5


# ---------------------------------------------------------- files of legacy Neurosynth


def test_the_toy_of_legacy_neurosynth(shared_data):
    folder = shared_data / "legacy_files"
    database = read_database(
        folder / "test_dataset.txt", features=folder / "test_features.txt"
    )
    assert (database.n_studies, len(database.peaks)) == (5, 21)
    assert database.study_ids.tolist() == [f"study{i}" for i in range(1, 6)]
    extra = database.table("peaks")["extra_field"].tolist()
    assert extra[:5] == ["use", "this", "field", "to", "test"]
    labels = database.label_sets["test_features"]
    assert (labels.labels, labels.kind) == (("f1", "f2", "f3", "f4", "g1"), "weight")
    assert labels.weights.toarray().tolist() == [
        [0.0003, 0.0008, 0.012, 0.0008, 0.02],
        [0.0001, 0, 0, 0.0005, 0.03],
        [0.02, 0.02, 0, 0, 0],
        [0.0003, 0.0008, 0.012, 0.0008, 0.008],
        [0.0001, 0.0006, 0.01, 0.0011, 0],
    ]
    assert database.notes == ()


@pytest.mark.parametrize("packed", [False, True])
def test_a_legacy_folder_holds_what_its_files_hold(shared_data, tmp_path, packed):
    folder = shared_data / "legacy_files"
    for ours, theirs in (("database", "dataset"), ("features", "features")):
        data = (folder / f"test_real_{theirs}.txt").read_bytes()
        path = tmp_path / (f"{ours}.txt.gz" if packed else f"{ours}.txt")
        path.write_bytes(gzip.compress(data) if packed else data)
    database = read_database(tmp_path)
    given = read_database(
        folder / "test_real_dataset.txt", features=folder / "test_real_features.txt"
    )
    theirs = pd.read_csv(folder / "test_real_features.txt", sep="\t", dtype={0: str})
    theirs = theirs.set_index("pmid").loc[database.study_ids]
    for either, name in ((database, "features"), (given, "test_real_features")):
        assert either.n_studies == 100
        labels = either.label_sets[name]
        assert labels.labels == ("emotion", "working memory", "pain")
        assert labels.kind == "weight"
        np.testing.assert_array_equal(labels.weights.toarray(), theirs.to_numpy())
    assert database.peaks.spaces == given.peaks.spaces
    np.testing.assert_array_equal(database.peaks.xyz, given.peaks.xyz)


def test_other_real_folders_are_refused(shared_data):
    for name in ("neurostore", "golden_legacy", "legacy_files"):
        with pytest.raises(FormatError, match=f"{name} is no database of a known form"):
            read_database(shared_data / name)


def test_columns_in_any_order_and_case(shared_data, tmp_path):
    folder = shared_data / "legacy_files"
    expected = read_database(folder / "test_real_dataset.txt")
    table = pd.read_csv(folder / "test_real_dataset.txt", sep="\t", dtype=str)
    table["Reader 2"] = "agrees"
    table = table[["space", "Reader 2", "z", "id", "y", "x"]]
    table.columns = table.columns.str.upper()
    table.to_csv(tmp_path / "test_real_dataset.csv", index=False)
    database = read_database(tmp_path / "test_real_dataset.csv")
    assert_same_peaks(database.peaks, expected.peaks)
    assert database.study_ids.tolist() == expected.study_ids.tolist()
    assert set(database.table("peaks")["reader 2"]) == {"agrees"}

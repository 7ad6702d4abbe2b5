"""The real databases beside the project."""

import numpy as np
import pytest

from nimare_neurosynth import read_database
from nimare_neurosynth.errors import FormatError


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


def test_neuroquery_is_read_or_refused_plainly(shared_data):
    try:
        database = read_database(shared_data / "neuroquery_v1")
    except FormatError as error:
        assert "neuroquery_v1" in str(error)  # noqa: PT017
    else:
        assert (database.n_studies, len(database.peaks)) == (13_459, 469_260)


def test_other_real_folders_are_refused(shared_data):
    for name in ("neurostore", "golden_legacy", "legacy_files"):
        with pytest.raises(FormatError, match=f"{name} is no database of a known form"):
            read_database(shared_data / name)

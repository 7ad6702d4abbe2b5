"""Folders in the layout of Neurosynth's data since 2021."""

import gzip
import json
from itertools import count

import numpy as np
import pytest
from scipy import sparse

from nimare_neurosynth import read_database
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.io._neurosynth import read_neurosynth
from tests.io.same import assert_same_labels, assert_same_peaks
from tests.io.tables import GOOD, MATRIX, STEM, write, write_layout


@pytest.fixture
def tiny(tmp_path):
    number = count()

    def read(changes=None, stem=STEM, **options):
        folder = tmp_path / str(next(number)) / "tiny"
        return read_database(write_layout(folder, changes, stem), **options)

    return read


def test_a_tiny_database(tiny):
    database = tiny()
    assert database.about.to_dict() == {
        "name": "tiny",
        "version": "3",
        "licence": "",
        "attribution": "",
        "source": "tiny",
    }
    assert database.study_ids.tolist() == ["1", "20"]
    assert database.peaks.xyz.tolist() == [[0, -52, 26], [2, -50, 26.5], [-40, 20, 30]]
    assert database.peaks.study.tolist() == [0, 0, 1]
    assert database.peaks.spaces == ("MNI", "TAL")
    assert database.peaks.space.tolist() == [0, 0, 1]
    assert database.notes == ()


def test_studies_keep_their_columns(tiny):
    studies = tiny().studies
    names = ["study_id", "doi", "space", "title", "authors", "year", "journal"]
    assert studies.columns.tolist() == names
    assert studies["title"].tolist() == ["One", "Two"]
    assert studies["year"].isna().tolist() == [False, True]
    assert studies["year"].iloc[0] == 1999


def test_tables_of_a_study_are_its_analyses(tiny):
    analyses = tiny().table("analyses")
    assert analyses["table_id"].tolist() == ["11", "12", "21"]
    assert analyses["table_num"].tolist() == ["1", "2", ""]
    assert analyses["study_id"].tolist() == ["1", "1", "20"]
    assert analyses["study"].tolist() == [0, 0, 1]
    assert tiny().table("peaks")["peak_id"].tolist() == ["p1", "p2", "p3"]


def test_labels_are_text(tiny):
    terms = tiny().label_sets["terms"]
    assert terms.labels == ("pain", "001")
    assert (terms.kind, terms.source) == ("tfidf", "abstract")
    assert terms.weights.toarray().tolist() == [[0.5, 0], [0, 0.25]]


def test_the_toy_is_read_as_it_was_written(toy, toy_files):
    database = read_database(toy_files)
    assert_same_peaks(database.peaks, toy.peaks)
    assert database.study_ids.tolist() == toy.study_ids.tolist()
    assert list(database.label_sets) == ["terms", "LDA9", "topics"]
    for name in ("terms", "topics"):
        ours, theirs = database.label_sets[name], toy.label_sets[name]
        assert ours.labels == theirs.labels
        assert (ours.weights != theirs.weights).nnz == 0
    assert database.label_sets["LDA9"].weights is None
    assert database.notes == ("topics: Two topics.",)


# --------------------------------------------------------------- names of files

STEMS = {
    "data-neurosynth_version-7": ("neurosynth", "7"),
    "data-neurosynth_version-3": ("neurosynth", "3"),
    "version-6_data-neurosynth": ("neurosynth", "6"),  # any order of entities
    "data-my-own_version-1.2-beta": ("my-own", "1.2-beta"),
    "data-x": ("x", ""),
    "anything": ("unnamed", ""),
}


@pytest.mark.parametrize("stem", STEMS)
def test_names_say_what_it_is(tiny, stem):
    about = tiny(stem=stem).about
    assert (about.name, about.version) == STEMS[stem]


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("neurosynth", "ODbL-1.0"),
        ("recon", "ODbL-1.0 AND BSD-3-Clause"),
        ("neuroquery", "BSD-3-Clause"),
    ],
)
def test_known_data_bring_their_licence(tiny, name, licence):
    about = tiny(stem=f"data-{name}_version-1").about
    assert about.licence == licence
    assert "Contains information from" in about.attribution


def test_the_entity_order_of_july_2021(tiny):
    # formats-and-services.md, section 1.2
    old = "source-abstract_vocab-terms_type-tfidf_version-3_features.npz"
    database = tiny({MATRIX: None, old: [[0.5, 0.0], [0.0, 0.25]]})
    assert_same_labels(database.label_sets["terms"], tiny().label_sets["terms"])


VARIANTS = {
    "database.tsv.gz": {
        "coordinates.tsv.gz": None,
        "database.tsv.gz": GOOD["coordinates.tsv.gz"],
    },
    "unpacked": {
        "coordinates.tsv.gz": None,
        "coordinates.tsv": GOOD["coordinates.tsv.gz"],
        "metadata.tsv.gz": None,
        "metadata.tsv": GOOD["metadata.tsv.gz"],
    },
    "plain text under a packed name": {
        "coordinates.tsv.gz": GOOD["coordinates.tsv.gz"].encode()
    },
    "byte-order mark": {
        "coordinates.tsv.gz": "\ufeff" + GOOD["coordinates.tsv.gz"],
        "metadata.tsv.gz": "\ufeff" + GOOD["metadata.tsv.gz"],
        "vocab-terms_vocabulary.txt": "\ufeffpain\n001",
    },
    "CRLF": {name: content.replace("\n", "\r\n") for name, content in GOOD.items()},
    "a line end after the vocabulary": {"vocab-terms_vocabulary.txt": "pain\n001\n"},
    "in members": {
        "coordinates.tsv.gz": b"".join(
            gzip.compress(line.encode())
            for line in GOOD["coordinates.tsv.gz"].splitlines(keepends=True)
        )
    },
    "other files beside it": {"ids.txt": "1\n20", "vocab-terms_keys.tsv": "0\t1\tx"},
    "columns in another order": {
        "metadata.tsv.gz": "journal\tyear\ttitle\tspace\tid\tdoi\tauthors\n"
        "Brain\t1999\tOne\tMNI\t1\t10.1/a\tA B, C D\n"
        "Pain\t\tTwo\tTAL\t20\t\tE F\n",
    },
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_hold_the_same(tiny, variant):
    expected, database = tiny(), tiny(VARIANTS[variant])
    assert_same_peaks(database.peaks, expected.peaks)
    assert_same_labels(database.label_sets["terms"], expected.label_sets["terms"])
    columns = expected.studies.columns
    assert database.studies[columns].equals(expected.studies)


def test_folders_beside_the_files_do_not_matter(tmp_path):
    folder = write_layout(tmp_path / "tiny")
    (folder / "notes").mkdir()
    assert read_database(folder).n_studies == 2


# ----------------------------------------------------------- what may be missing


def test_coordinates_without_tables(tiny):
    # as in formats-and-services.md, section 1.4: an intermediate release
    text = "id\tx\ty\tz\n1\t0\t-52\t26\n1\t2\t-50\t26\n20\t-40\t20\t30\n"
    database = tiny({"coordinates.tsv.gz": text})
    assert database.notes == ("coordinates have no peak_id, table_id, table_num",)
    assert database.table("analyses")["study_id"].tolist() == ["1", "20"]
    assert database.table("peaks").shape == (3, 0)


def test_a_space_for_each_peak(tiny):
    text = "id\tx\ty\tz\tspace\n1\t0\t-52\t26\tTAL\n20\t-40\t20\t30\t \n"
    database = tiny({"coordinates.tsv.gz": text})
    assert database.peaks.spaces == ("TAL", "UNKNOWN")


def test_no_space_at_all(tiny):
    database = tiny({"metadata.tsv.gz": "id\ttitle\n1\tOne\n20\tTwo\n"})
    assert database.peaks.spaces == ("UNKNOWN",)
    assert "no space is given: coordinates are used as they are" in database.notes


def test_missing_coordinates_stay_missing(tiny):
    text = GOOD["coordinates.tsv.gz"].replace("\t0\t", "\t\t").replace("26.5", "NaN")
    xyz = tiny({"coordinates.tsv.gz": text}).peaks.xyz
    assert np.isnan(xyz).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_no_labels_at_all(tiny):
    database = tiny({MATRIX: None, "vocab-terms_vocabulary.txt": None})
    assert database.label_sets == {}
    assert "labels: none" in repr(database)


def test_a_vocabulary_without_matrix(tiny):
    terms = tiny({MATRIX: None}).label_sets["terms"]
    assert terms.labels == ("pain", "001")
    assert terms.weights is None


def test_a_study_without_peaks_stays(tiny):
    text = GOOD["metadata.tsv.gz"] + "3\t\tMNI\tSilent\tG H\t2001\tBrain\n"
    weights = [[0.5, 0.0], [0.0, 0.25], [1.0, 0.0]]
    database = tiny({"metadata.tsv.gz": text, MATRIX: weights})
    assert database.n_studies == 3
    assert database.has_peaks.tolist() == [True, True, False]


def test_a_database_without_peaks(tiny):
    database = tiny({"coordinates.tsv.gz": "id\tx\ty\tz\n"})
    assert (len(database.peaks), database.n_studies) == (0, 2)
    assert database.info().peaks == 0
    assert database.activations().sizes.tolist() == [0, 0]


# ------------------------------------------------------------------- vocabularies


def test_several_vocabularies(tiny):
    lda = "vocab-LDA2_source-abstract_type-weight_features.npz"
    database = tiny(
        {
            lda: [[0.9, 0.1], [0.3, 0.7]],
            "vocab-LDA2_vocabulary.txt": "0_a\n1_b",
            "vocab-Alpha_vocabulary.txt": "x",
            "vocab-LDA2_metadata.json": json.dumps({"description": "Two."}),
        }
    )
    assert list(database.label_sets) == ["terms", "Alpha", "LDA2"]  # terms come first
    assert database.label_sets["LDA2"].kind == "weight"
    assert database.notes == ("LDA2: Two.",)
    assert database.select("LDA2:1_b > 0.5").ids == ["20"]


SECOND_MATRICES = {
    # another matrix of the same vocabulary: the names of both
    "source-abstract_type-count": ["terms-count", "terms-tfidf"],
    "source-title_type-tfidf": ["terms-abstract", "terms-title"],
    "source-title_type-count": ["terms-abstract-tfidf", "terms-title-count"],
}


@pytest.mark.parametrize("second", SECOND_MATRICES)
def test_one_vocabulary_can_have_several_matrices(tiny, second):
    files = {f"vocab-terms_{second}_features.npz": [[3.0, 0.0], [0.0, 7.0]]}
    database = tiny(files, counts="keep")
    assert sorted(database.label_sets) == SECOND_MATRICES[second]
    totals = sorted(s.weights.sum() for s in database.label_sets.values())
    assert totals == [0.75, 10.0]


# ------------------------------------------------------------------------- counts

COUNTED = {
    MATRIX: None,
    "vocab-terms_source-abstract_type-count_features.npz": [[3.0, 1.0], [0.0, 2.0]],
}
IDF = np.log(3 / 2) + 1  # of "pain", which one of the two studies has; 1 for "001"
LENGTH = np.hypot(3 * IDF, 1)
TURNED = {
    # what counts=... gives: kind, weights, note
    "tfidf": ("tfidf", [[3 * IDF / LENGTH, 1 / LENGTH], [0, 1]], ["into tf-idf: "]),
    "presence": ("presence", [[1, 1], [0, 1]], ["into presence: 1 where above 0"]),
    "keep": ("count", [[3, 1], [0, 2]], []),
}


@pytest.mark.parametrize("counts", TURNED)
def test_counts_become_what_is_asked_for(tiny, counts):
    kind, weights, notes = TURNED[counts]
    database = tiny(COUNTED, counts=counts)
    terms = database.label_sets["terms"]
    assert terms.kind == kind
    np.testing.assert_allclose(terms.weights.toarray(), weights, rtol=1e-15)
    assert len(database.notes) == len(notes)
    for found, expected in zip(database.notes, notes, strict=True):
        assert found.startswith("counts of terms turned ")
        assert expected in found


def test_counts_become_tfidf_unless_told(tiny):
    assert_same_labels(
        tiny(COUNTED).label_sets["terms"],
        tiny(COUNTED, counts="tfidf").label_sets["terms"],
    )


def test_counts_can_be_called_so_in_the_plural(tiny):
    plural = {
        MATRIX: None,
        "vocab-terms_type-counts_features.npz": [[3.0, 1.0], [0.0, 2.0]],
    }
    assert tiny(plural, counts="keep").label_sets["terms"].kind == "count"


@pytest.mark.parametrize("counts", TURNED)
def test_weights_that_are_no_counts_stay(tiny, counts):
    database = tiny(counts=counts)
    assert_same_labels(database.label_sets["terms"], tiny().label_sets["terms"])
    assert database.notes == ()


@pytest.mark.parametrize("counts", TURNED)
def test_negative_counts_are_refused(tiny, counts):
    files = {**COUNTED, list(COUNTED)[1]: [[3.0, -1.0], [0.0, 2.0]]}
    with pytest.raises(FormatError, match=r"count_features\.npz .* negative \(-1\)"):
        tiny(files, counts=counts)


@pytest.mark.parametrize("counts", ["tf-idf", "", None, 1, ["keep"]])
def test_what_counts_cannot_become(tiny, counts):
    message = "counts must be one of tfidf, presence, keep, got "
    with pytest.raises(OptionError, match=message):
        tiny(counts=counts)


def test_weights_are_put_in_order(tmp_path):
    folder = write_layout(tmp_path / "tiny")
    disorderly = sparse.coo_matrix(
        ([0.5, 0.25, 0.25, 0.0], ([1, 0, 0, 1], [0, 1, 1, 1]))
    )
    sparse.save_npz(folder / f"{STEM}_{MATRIX}", disorderly)
    weights = read_database(folder).label_sets["terms"].weights
    assert weights.toarray().tolist() == [[0, 0.5], [0.5, 0]]
    assert (weights.nnz, weights.has_sorted_indices) == (2, True)
    assert weights.dtype == np.float64


@pytest.mark.parametrize("form", ["csr_matrix", "csc_matrix", "coo_array", "csr_array"])
def test_matrices_of_every_form(tmp_path, form):
    folder = write_layout(tmp_path / "tiny")
    table = np.array([[0.5, 0.0], [0.0, 0.25]], dtype=np.float32)
    sparse.save_npz(folder / f"{STEM}_{MATRIX}", getattr(sparse, form)(table))
    weights = read_database(folder).label_sets["terms"].weights
    assert weights.toarray().tolist() == table.tolist()


def test_metadata_of_the_whole_database_is_no_vocabulary(tiny):
    # a JSON file without a vocabulary in its name describes the database
    assert tiny({"metadata.json": "{}"}).n_studies == 2


def test_the_order_is_that_of_the_metadata(tmp_path):
    folder = write_layout(tmp_path / "tiny")
    text = GOOD["coordinates.tsv.gz"]
    header, *rows = text.splitlines(keepends=True)
    write(folder / f"{STEM}_coordinates.tsv.gz", header + "".join(rows[::-1]))
    database = read_database(folder)
    assert database.study_ids.tolist() == ["1", "20"]
    assert database.peaks.study.tolist() == [1, 0, 0]
    assert database.table("analyses")["table_id"].tolist() == ["21", "12", "11"]


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({MATRIX: [[0.5, 0.0]]}, "1 studies x 2 labels"),
        ({MATRIX: [[0.5], [0.0]]}, "2 studies x 1 labels"),
        ({"vocab-terms_vocabulary.txt": "pain"}, "2 studies x 2 labels"),
    ],
)
def test_rows_that_are_not_those_of_the_metadata(tiny, files, found):
    with pytest.raises(FormatError, match=found):
        tiny(files)


def test_a_study_more_than_there_are_rows(tiny):
    text = GOOD["metadata.tsv.gz"] + "3\t\tMNI\tThree\tG H\t2001\tBrain\n"
    message = (
        r"features\.npz holds 2 studies x 2 labels, but the metadata list 3 studies "
        r"and the vocabulary 2 labels: these files do not belong together"
    )
    with pytest.raises(FormatError, match=message):
        tiny({"metadata.tsv.gz": text})


@pytest.mark.parametrize("missing", ["coordinates", "metadata"])
def test_the_reader_itself_names_what_is_missing(tmp_path, missing):
    folder = write_layout(tmp_path / "tiny", {f"{missing}.tsv.gz": None})
    with pytest.raises(FormatError, match=rf"no file ending in _{missing}\.tsv\.gz"):
        read_neurosynth(folder)

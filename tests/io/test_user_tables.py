"""A user's own tables, and the one-file layout of legacy Neurosynth."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth import read_database
from tests.io.tables import write

TABLE = "id\tx\ty\tz\tspace\n001\t1\t2\t3\tMNI\n1\t4.5\t-5\t6\tTAL\n001\t7\t8\t9\tMNI\n"
XYZ = [[1, 2, 3], [4.5, -5, 6], [7, 8, 9]]


def _table(text, **renamed):
    for old, new in renamed.items():
        text = text.replace(old, new, 1)
    return text


FORMS = {
    "plain.txt": TABLE,
    "plain.tsv": TABLE,
    "packed.tsv.gz": TABLE,
    "packed.txt.gz": TABLE,
    "UPPER.TSV": TABLE,
    "not packed.tsv.gz": TABLE.encode(),
    "packed.tsv": gzip.compress(TABLE.encode()),
    "comma.csv": TABLE.replace("\t", ","),
    "comma.txt": TABLE.replace("\t", ","),
    "comma packed.csv.gz": TABLE.replace("\t", ","),
    "tabs.csv": TABLE,
    "mark.tsv": "\ufeff" + TABLE,
    "crlf.csv": TABLE.replace("\t", ",").replace("\n", "\r\n"),
    "no last line end.tsv": TABLE.rstrip("\n"),
    "blank lines at the end.tsv": TABLE + "\n\n",
    "blanks.tsv": TABLE.replace("\tMNI", "\t MNI ").replace("\n001", "\n 001 "),
    "names.tsv": _table(TABLE, id="Study_ID", x="X", space="Space"),
    "study.tsv": _table(TABLE, id="study"),
    "pmid.tsv": _table(TABLE, id="PMID"),
    "order.csv": "space,z,y,x,id\nMNI,3,2,1,001\nTAL,6,-5,4.5,1\nMNI,9,8,7,001\n",
    "quoted.csv": '"id","x","y","z","space"\n"001","1","2","3","MNI"\n'
    '"1","4.5","-5","6","TAL"\n"001","7","8","9","MNI"\n',
    "numbers.tsv": TABLE.replace("\t1\t", "\t1e0\t").replace("\t9\t", "\t+9.00\t"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_holds_the_same(tmp_path, name):
    database = read_database(write(tmp_path / name, FORMS[name]))
    assert database.study_ids.tolist() == ["001", "1"]
    assert database.peaks.xyz.tolist() == XYZ
    assert database.peaks.study.tolist() == [0, 1, 0]
    assert [database.peaks.spaces[i] for i in database.peaks.space] == [
        "MNI",
        "TAL",
        "MNI",
    ]
    assert database.about.source == name
    assert database.about.name == name.split(".")[0]


def _read(tmp_path, text, features=None, name="peaks.tsv", features_name="terms.tsv"):
    path = write(tmp_path / name, text)
    if features is not None:
        features = write(tmp_path / features_name, features)
    return read_database(path, features=features)


def test_no_space_is_noted(tmp_path):
    database = _read(tmp_path, "id,x,y,z\n1,1,2,3\n")
    assert database.peaks.spaces == ("UNKNOWN",)
    assert database.notes == ("no space is given: coordinates are used as they are",)


def test_an_empty_space_is_unknown(tmp_path):
    database = _read(tmp_path, "id,x,y,z,space\n1,1,2,3,\n1,1,2,3,MNI\n")
    assert database.peaks.spaces == ("UNKNOWN", "MNI")


def test_missing_coordinates(tmp_path):
    text = "id,x,y,z,space\n1,,NaN,n/a,MNI\n1,NA,None,null,MNI\n2,1,2,3,MNI\n"
    database = _read(tmp_path, text)
    assert np.isnan(database.peaks.xyz).all(axis=1).tolist() == [True, True, False]


def test_facts_about_studies_leave_the_peaks(tmp_path):
    text = (
        "id,x,y,z,space,title,year,peak_id,note\n"
        "a,1,2,3,MNI,One,1999,p1,n1\na,4,5,6,MNI,One,1999,p2,n2\n"
        "b,7,8,9,MNI,Two,,p3,n3\n"
    )
    database = _read(tmp_path, text)
    assert database.studies.columns.tolist() == ["study_id", "title", "year"]
    assert database.studies["title"].tolist() == ["One", "Two"]
    assert str(database.studies["year"].dtype) == "Int64"
    assert database.table("peaks").columns.tolist() == ["peak_id", "note"]
    assert database.notes == ()


def test_facts_that_differ_within_a_study_stay_with_the_peaks(tmp_path):
    text = "id,x,y,z,space,doi\na,1,2,3,MNI,d1\na,4,5,6,MNI,d2\n"
    database = _read(tmp_path, text)
    assert "doi" not in database.studies
    assert database.table("peaks")["doi"].tolist() == ["d1", "d2"]
    (note,) = database.notes
    assert note.startswith("doi differs between peaks of one study (1 peaks): kept")


@pytest.mark.parametrize("year", ["unknown", "2010.5", "2010a", "1e30"])
def test_years_that_are_none_stay_text(tmp_path, year):
    database = _read(tmp_path, f"id,x,y,z,space,year\na,1,2,3,MNI,{year}\n")
    assert database.studies["year"].tolist() == [year]
    assert database.select(where=f"year = {year}").ids == ["a"]


def test_legacy_tables_are_analyses(tmp_path):
    text = (
        "id\tdoi\tx\ty\tz\tspace\tpeak_id\ttable_id\ttable_num\ttitle\n"
        "9\td\t1\t2\t3\tMNI\tp1\tt1\t1\tOne\n9\td\t1\t2\t3\tMNI\tp2\tt2\t2\tOne\n"
        "9\td\t1\t2\t3\tMNI\tp3\tt1\t1\tOne\n"
    )
    database = _read(tmp_path, text)
    assert database.table("analyses")["table_num"].tolist() == ["1", "2"]
    assert database.peaks.analysis.tolist() == [0, 1, 0]


def test_a_column_that_varies_within_an_analysis_stays_with_the_peaks(tmp_path):
    text = "id,x,y,z,space,table_id,table_num\n1,1,2,3,MNI,t,1\n1,4,5,6,MNI,t,2\n"
    database = _read(tmp_path, text)
    assert "table_num" not in database.table("analyses")
    assert len(database.table("analyses")) == 1
    assert database.table("peaks")["table_num"].tolist() == ["1", "2"]


def test_contrasts_are_analyses(tmp_path):
    text = "id,x,y,z,space,contrast\n1,1,2,3,MNI,a\n1,4,5,6,MNI,b\n2,4,5,6,MNI,a\n"
    analyses = _read(tmp_path, text).table("analyses")
    assert analyses["contrast"].tolist() == ["a", "b", "a"]


TITLES = {
    # a title as it stands in a tab-separated file: what it is
    '"Oh': ['"Oh'],  # never closed: just a character
    '5" long': ['5" long'],
    '"a ""quoted"" title"': ['a "quoted" title'],
    '"two\nlines"': ["two\nlines"],
    '"a\ttab"': ["a\ttab"],
    "it's": ["it's"],
}


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("second", ['Two "words"', 'It is 5" long', "plain"])
@pytest.mark.parametrize("title", TITLES)
def test_quotation_marks_in_tables_with_tabs(tmp_path, title, second, last):
    rows = [("id", "x", "y", "z", "title"), ("1", "1", "2", "3", title)]
    rows += [("2", "1", "2", "3", second)]
    order = slice(None) if last else slice(None, None, -1)
    text = "".join("\t".join(row[order]) + "\n" for row in rows)
    database = _read(tmp_path, text)
    assert database.studies["title"].tolist() == [*TITLES[title], second]


def test_words_that_pandas_takes_as_missing_are_text(tmp_path):
    text = "id,x,y,z,title,authors\nNA,1,2,3,null,None\nnan,1,2,3,N/A,NaN\n"
    database = _read(tmp_path, text)
    assert database.study_ids.tolist() == ["NA", "nan"]
    assert database.studies["title"].tolist() == ["null", "N/A"]


def test_a_table_without_rows(tmp_path):
    database = _read(tmp_path, "id,x,y,z,space,title,table_id,year\n")
    assert (database.n_studies, len(database.peaks)) == (0, 0)
    assert database.info().studies == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "001", "1", "é"]), *[st.floats(-90, 90)] * 3),
        min_size=1,
        max_size=8,
    )
)
def test_order_and_numbers_survive(tmp_path_factory, rows):
    text = "id,x,y,z\n" + "".join(f"{i},{x!r},{y!r},{z!r}\n" for i, x, y, z in rows)
    database = _read(tmp_path_factory.mktemp("table"), text)
    assert database.peaks.xyz.tolist() == [list(row[1:]) for row in rows]
    assert database.study_ids[database.peaks.study].tolist() == [r[0] for r in rows]
    assert database.study_ids.tolist() == list(dict.fromkeys(r[0] for r in rows))


# --------------------------------------------------------------------------- features

FEATURES = "{id}\tpain\tworking memory\t001\n1\t0.5\t0\t0\n001\t0\t0.25\t\n"


@pytest.mark.parametrize("first", ["id", "pmid", "PMID", "whatever", "", "pain "])
def test_the_first_column_of_features_holds_ids(tmp_path, first):
    if first == "pain ":
        first = "study"
    database = _read(tmp_path, TABLE, FEATURES.format(id=first))
    terms = database.label_sets["terms"]
    assert terms.labels == ("pain", "working memory", "001")
    assert terms.weights.toarray().tolist() == [[0, 0.25, 0], [0.5, 0, 0]]
    assert database.notes == ()


@pytest.mark.parametrize("name", ["words.txt", "words.csv", "words.tsv.gz"])
def test_features_are_named_after_their_file(tmp_path, name):
    text = FEATURES.format(id="id")
    text = text.replace("\t", ",") if "csv" in name else text
    database = _read(tmp_path, TABLE, text, features_name=name)
    assert list(database.label_sets) == ["words"]


def test_studies_without_features_have_none(tmp_path):
    database = _read(tmp_path, TABLE, "id\ta\n1\t0.5\n7\t0.5\n8\t0.5\n")
    assert database.label_sets["terms"].weights.toarray().tolist() == [[0], [0.5]]
    assert database.notes == (
        "1 studies have no row of features",
        "2 rows of features belong to studies without peaks: unused",
    )


def test_missing_weights_are_none(tmp_path):
    features = "id\ta\tb\n1\tnan\t0.5\n001\tNA\t\n"
    terms = _read(tmp_path, TABLE, features).label_sets["terms"]
    assert terms.weights.toarray().tolist() == [[0, 0], [0, 0.5]]


# -------------------------------------------------------------------- legacy folders


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_with_database_and_features(tmp_path, suffix):
    write(tmp_path / f"database.txt{suffix}", TABLE)
    write(tmp_path / f"features.txt{suffix}", FEATURES.format(id="pmid"))
    database = read_database(tmp_path)
    assert database.n_studies == 2
    assert list(database.label_sets) == ["features"]


def test_a_folder_without_features(tmp_path):
    write(tmp_path / "database.txt", TABLE)
    assert read_database(tmp_path).label_sets == {}


def test_given_features_replace_those_of_the_folder(tmp_path):
    write(tmp_path / "database.txt", TABLE)
    write(tmp_path / "features.txt", FEATURES.format(id="pmid"))
    other = write(tmp_path / "mine.txt", "id\tx\n1\t1\n001\t1\n")
    assert list(read_database(tmp_path, features=other).label_sets) == ["mine"]
    assert list(read_database(str(tmp_path), features=str(other)).label_sets) == [
        "mine"
    ]


def test_an_index_that_pandas_wrote_is_not_the_ids(tmp_path):
    features = ",id,fear\n0,1,0.5\n1,001,0\n"
    database = _read(tmp_path, TABLE, features)
    [labels] = database.label_sets.values()
    assert labels.labels == ("fear",)
    assert database.select("fear").ids == ["1"]

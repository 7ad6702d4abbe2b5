"""A user's own tables, and the one-file layout of legacy Neurosynth."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth import read_database
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import _files, _tabular
from nimare_neurosynth.io._weights import read_weights
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


# ------------------------------------------------------------ features, row by row


def _rows(text):
    return [line.split("\t") for line in text.rstrip("\n").split("\n")]


FEATURES_IN_OTHER_FORMS = {
    "quoted.tsv": "\n".join("\t".join(f'"{f}"' for f in r) for r in _rows(FEATURES)),
    "commas.csv": FEATURES.replace("\t", ","),
    "quoted.csv": "\n".join(",".join(f'"{f}"' for f in r) for r in _rows(FEATURES)),
    "crlf.tsv": FEATURES.replace("\n", "\r\n"),
    "old.tsv": FEATURES.replace("\n", "\r"),
    "no last line end.tsv": FEATURES.rstrip("\n"),
    "blank lines.tsv": FEATURES.replace("\n1\t", "\n\n1\t") + "\n\n",
    "blanks.tsv": FEATURES.replace("\t0.5\t", "\t 0.5 \t").replace("\n1\t", "\n 1 \t"),
    "zeros.tsv": FEATURES.replace("\t0\t", "\t-0.000\t"),
    "numbers.tsv": FEATURES.replace("0.25", "+25e-2").replace("0.5", ".5"),
    "missing.tsv": FEATURES.replace("\t0\t", "\tN/A\t"),
    "packed.tsv.gz": FEATURES,
    "index.tsv": "\n".join(
        "\t".join([n, *row])
        for n, row in zip(["", "0", "1"], _rows(FEATURES), strict=True)
    ),
}


@pytest.mark.parametrize("name", FEATURES_IN_OTHER_FORMS)
def test_features_of_every_form(tmp_path, name):
    text = FEATURES_IN_OTHER_FORMS[name].replace("{id}", "pmid")
    database = _read(tmp_path, TABLE, text, features_name=name)
    (terms,) = database.label_sets.values()
    assert terms.labels == ("pain", "working memory", "001")
    assert terms.weights.toarray().tolist() == [[0, 0.25, 0], [0.5, 0, 0]]
    assert terms.weights.nnz == 2
    assert terms.kind == "weight"
    assert database.notes == ()


ODD_WEIGHTS = [
    "x",
    "inf",
    "-Infinity",
    "1e999",
    "1_0",
    "\u0661",
    "0x1",
    "1,5",
    "0.5.",
    "--",
]


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("weight", ODD_WEIGHTS)
def test_weights_that_are_no_numbers(tmp_path, weight, quoted):
    text = f"id\ta\tb\n1\t0.5\t0\n001\t0\t{weight}\n"
    text = text.replace("id\t", '"id"\t') if quoted else text
    with pytest.raises(FormatError) as caught:
        _read(tmp_path, TABLE, text)
    message = f"terms.tsv:3 has {weight!r} in column 'b', which is not a finite number."
    assert str(caught.value).endswith(message)


def test_quoted_features_may_hold_tabs_and_line_ends(tmp_path):
    text = '"id"\t"two\nlines"\t"a\ttab"\n"1"\t0.5\t0\n"001"\t0\tx\n'
    with pytest.raises(
        FormatError, match=r"terms\.tsv:4 has 'x' in column 'a\\ttab'|a\t"
    ):
        _read(tmp_path, TABLE, text)
    database = _read(tmp_path, TABLE, text.replace("\tx", "\t0.25"))
    terms = database.label_sets["terms"]
    assert terms.labels == ("two\nlines", "a\ttab")
    assert terms.weights.toarray().tolist() == [[0, 0.25], [0.5, 0]]


def test_a_long_quoted_label(tmp_path):
    label = "x" * 200_000  # more than Python's csv takes unless told
    terms = _read(tmp_path, TABLE, f'id,"{label}"\n1,1\n').label_sets["terms"]
    assert terms.labels == (label,)


@given(
    hnp.arrays(
        float,
        st.tuples(st.integers(1, 6), st.integers(1, 5)),
        elements=st.sampled_from([0.0, 0.0, 0.1, -2.0, 1 / 3, 1e-300, 123456.789]),
    ),
    st.permutations(range(6)),
)
def test_features_are_the_numbers_in_the_file(tmp_path_factory, table, order):
    # one study with peaks is missing from the features, and one row has no peaks
    folder = tmp_path_factory.mktemp("features")
    ids = [f"s{i}" for i in order if i < len(table)]
    peaks = "id,x,y,z,space\n" + "".join(f"{i},1,2,3,MNI\n" for i in [*ids, "s9"])
    header = "id," + ",".join(f"t{j}" for j in range(table.shape[1])) + "\n"
    lines = [
        f"s{i}," + ",".join(map(repr, row.tolist())) for i, row in enumerate(table)
    ]
    lines.append("other," + ",".join(["7"] * table.shape[1]))
    database = _read(folder, peaks, header + "\n".join(lines))
    weights = database.label_sets["terms"].weights
    expected = np.vstack([table[[i for i in order if i < len(table)]], 0 * table[:1]])
    np.testing.assert_array_equal(weights.toarray(), expected)
    weights.check_format(full_check=True)
    assert weights.has_sorted_indices
    assert weights.nnz == np.count_nonzero(expected)
    assert len(database.notes) == 2


def test_large_features_take_little_memory(tmp_path, monkeypatch):
    n_studies, n_labels = 200, 2500
    rng = np.random.default_rng(0)
    fields = np.full((n_studies, n_labels), "0.0", dtype=object)
    at = rng.integers(n_studies, size=3000), rng.integers(n_labels, size=3000)
    fields[at] = "0.123456789"
    lines = [f"{i}\t" + "\t".join(row) for i, row in enumerate(fields)]
    text = (
        "id\t" + "\t".join(f"t{j}" for j in range(n_labels)) + "\n" + "\n".join(lines)
    )
    path = write(tmp_path / "features.txt", text)
    # plain files are read into a buffer of this size, of which the rest is not touched
    monkeypatch.setattr(_files, "MAX_TEXT_BYTES", len(text))
    monkeypatch.setattr(_tabular, "_BLOCK_BYTES", len(text) // 12)  # as of 200 MB
    tracemalloc.start()
    table = read_weights(path, ("id",))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.weights.nnz == len(set(zip(*(a.tolist() for a in at), strict=True)))
    assert peak < 4 * len(text)  # text, its bytes, and a block at work


# --------------------------------------------------------------- ends of lines


@pytest.mark.parametrize("quote", ["", '"'])
def test_line_ends_of_old_macs(tmp_path, quote):
    text = TABLE.replace("MNI", f"{quote}MNI{quote}").replace("\n", "\r")
    database = _read(tmp_path, text)
    assert database.peaks.xyz.tolist() == XYZ


def test_a_carriage_return_within_a_field_is_kept(tmp_path):
    text = "id\tx\ty\tz\ttitle\n1\t1\t2\t3\tone\rtwo\n2\t1\t2\t3\tb\n"
    assert _read(tmp_path, text).studies["title"].tolist() == ["one\rtwo", "b"]


@pytest.mark.parametrize("block", [1, 7, 30, 1000])
def test_fields_are_counted_in_blocks(tmp_path, monkeypatch, block):
    monkeypatch.setattr(_tabular, "_BLOCK_BYTES", block)
    assert _read(tmp_path, TABLE).peaks.xyz.tolist() == XYZ
    with pytest.raises(FormatError, match=r"peaks\.tsv:3 has fewer fields \(4\)"):
        _read(tmp_path, TABLE.replace("\tTAL", ""))


fields = st.text(st.sampled_from('ab"\t,\n é'), max_size=4)
lines_of_text = st.lists(
    st.one_of(
        st.lists(st.text("abé ", max_size=3), min_size=3, max_size=3).map("\t".join),
        st.lists(fields, min_size=1, max_size=4).map("\t".join),
        st.just('"a ""b"""\tc\t"d\te"'),
        st.just(""),
    ),
    min_size=1,
    max_size=9,
).map("\n".join)


@given(lines_of_text, st.sampled_from("\t,"))
def test_rows_with_few_quotations_are_read_as_all_are(text, separator):
    assume('"' in text)
    text = text.replace("\t", separator)
    quick = _tabular._rows_of_lines(text, separator)
    event(f"quick: {quick is not None}")
    if quick is None:
        return
    slow = _tabular._quoted_rows(text, separator, Path("a table"), keep=True)
    assert list(quick.each()) == list(slow.each())
    assert quick.fields.tolist() == slow.fields.tolist()
    assert quick.lines.tolist() == slow.lines.tolist()
    if slow.fit and len(slow.lines):
        assert quick.frame().to_numpy().tolist() == slow.frame().to_numpy().tolist()
        assert (quick.frame().dtypes == slow.frame().dtypes).all()


@pytest.mark.parametrize(
    ("text", "is_quick"),
    [
        ('a\tb\nc\td\n"e\tf"\tg\n', True),
        ('a\tb\nc\td\n"e\nf"\tg\n', False),  # goes on in another line
        ('"a"\t"b"\n"c"\t"d"\n', False),  # there is nothing to gain
        ('a\tb\nc\td\re\n"f"\tg\n', False),
    ],
)
def test_which_rows_are_read_line_by_line(text, is_quick):
    assert (_tabular._rows_of_lines(text, "\t") is not None) == is_quick

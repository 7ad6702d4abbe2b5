"""Databases one after another: what goes in comes out, in order."""

import time
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import sparse

from nimare_neurosynth import concatenate, open_database, write_database
from nimare_neurosynth.database import About, LabelSet, Peaks
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.io._join_labels import join_labels
from tests.database.made import made_database
from tests.io.drawn import (
    MASK,
    analysis_rows,
    column,
    databases,
    made,
    peak_rows,
    records,
    subset,
    weights_of,
)
from tests.io.same import assert_same_database, assert_same_labels, assert_same_peaks

PLAIN_IDS = st.text("abc", min_size=1, max_size=4)


def _assert_same_content(a, b):
    """Compare everything but what a database is called and its notes."""
    assert a.table_names == b.table_names
    for name in a.table_names:
        pd.testing.assert_frame_equal(a.table(name), b.table(name))
    assert_same_peaks(a.peaks, b.peaks)
    assert a.peaks.xyz.tobytes() == b.peaks.xyz.tobytes()
    assert list(a.label_sets) == list(b.label_sets)
    for name, labels in a.label_sets.items():
        assert_same_labels(labels, b.label_sets[name])
    assert a.content_hash == b.content_hash


@st.composite
def several(draw, n=3, **options):
    """Draw databases whose ids differ."""
    return [
        draw(databases(PLAIN_IDS.map(lambda own, i=i: f"{i}{own}"), **options))
        for i in range(n)
    ]


# -------------------------------------------------------------------------- properties


@given(databases(PLAIN_IDS, max_size=6), st.data())
def test_parts_make_the_whole(database, data):
    cuts = data.draw(st.lists(st.integers(0, database.n_studies), max_size=3))
    edges = [0, *sorted(cuts), database.n_studies]
    parts = [subset(database, *pair) for pair in pairwise(edges)]
    joined = concatenate(parts)
    assert_same_database(joined, database)
    _assert_same_content(joined, database)


@settings(max_examples=25)
@given(several(in_order=False))
def test_rows_follow_each_other(parts):
    joined = concatenate(parts)
    for rows in (
        lambda d: records(d.studies),
        analysis_rows,
        peak_rows,
        lambda d: records(d.table("texts")) if "texts" in d.table_names else [],
    ):
        assert rows(joined) == [row for part in parts for row in rows(part)]
    assert joined.n_studies == sum(part.n_studies for part in parts)


@settings(max_examples=25)
@given(several(in_order=False))
def test_labels_keep_their_weights(parts):
    joined = concatenate(parts)
    expected = {}
    for part in parts:
        for name, weights in weights_of(part).items():
            before = expected.get(name)
            if weights is None:
                expected[name] = before
            else:
                expected[name] = {**(before or {}), **weights}
    assert weights_of(joined) == expected
    for name, labels in joined.label_sets.items():
        own = [p.label_sets[name].labels for p in parts if name in p.label_sets]
        assert labels.labels == tuple(dict.fromkeys(sum(own, ())))


@settings(max_examples=25, phases=[Phase.explicit, Phase.generate])
@given(several(in_order=False))
def test_it_does_not_matter_which_come_together_first(parts):
    a, b, c = parts
    once = concatenate(parts)
    _assert_same_content(concatenate([concatenate([a, b]), c]), once)
    _assert_same_content(concatenate([a, concatenate([b, c])]), once)


@settings(max_examples=15)
@given(several(n=2, in_order=False))
def test_counts_of_voxels_add_up(parts):
    counts = [part.activations(mask=MASK, radius_mm=4).totals for part in parts]
    joined = concatenate(parts).activations(mask=MASK, radius_mm=4)
    np.testing.assert_array_equal(joined.totals, counts[0] + counts[1])


@settings(max_examples=10)
@given(several(n=2))
def test_what_comes_out_can_be_written(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("joined")
    joined = concatenate(parts)
    write_database(joined, folder, activations=False)
    assert_same_database(open_database(folder), joined)


def test_one_database_stays_what_it_is(toy):
    assert_same_database(concatenate([toy]), toy)


# ------------------------------------------------------------------------------- types


def _of(ids, **columns):
    """Make a database with some columns and nothing else."""
    studies = pd.DataFrame({"study_id": column(ids, "str"), **columns})
    return made_database(studies=studies)


def _joined_column(*columns):
    parts = []
    for i, values in enumerate(columns):
        size = 2 if values is None else len(values)
        ids = [f"{i}-{j}" for j in range(size)]
        parts.append(_of(ids, **({} if values is None else {"c": values})))
    return concatenate(parts)


INT = pd.Series([1, 2])
TYPES = [
    # columns, type of the result, values (None: missing), whether it is noted
    ((INT, INT), "int64", [1, 2, 1, 2], False),
    ((INT, None), "Int64", [1, 2, None, None], False),
    ((None, INT.astype("uint8")), "UInt8", [None, None, 1, 2], False),
    ((pd.Series([True]), None), "boolean", [True, None, None], False),
    ((pd.Series([0.5]), None), "float64", [0.5, None, None], False),
    ((column(["a"], "str"), None), "str", ["a", None, None], False),
    ((INT, INT.astype("Int64")), "Int64", [1, 2, 1, 2], False),
    ((INT, INT.astype("int8")), "Int64", [1, 2, 1, 2], False),
    ((INT + 2**60, INT.astype("Int64")), "Int64", [2**60 + 1, 2**60 + 2, 1, 2], False),
    ((pd.Series([True]), column([None], "boolean")), "boolean", [True, None], False),
    ((INT, pd.Series([0.5])), "float64", [1, 2, 0.5], False),
    ((column([3, None], "Int64"), pd.Series([0.5])), "float64", [3, None, 0.5], False),
    # whole numbers that floating-point numbers cannot hold
    (
        (pd.Series([2**53 + 1]), pd.Series([0.5])),
        "str",
        ["9007199254740993", "0.5"],
        True,
    ),
    (
        (pd.Series([2**63], dtype="uint64"), INT),
        "str",
        [str(2**63), "1", "2"],
        True,
    ),
    ((INT, column(["x", None], "str")), "str", ["1", "2", "x", None], True),
    (
        (column([2010, None], "Int64"), column(["2011a"], "str")),
        "str",
        ["2010", None, "2011a"],
        True,
    ),
    ((pd.Series([True]), INT), "str", ["True", "1", "2"], True),
    # text in other clothes
    (
        (pd.Series(["a", None], dtype=object), column(["b"], "str")),
        "str",
        ["a", None, "b"],
        False,
    ),
    (
        (pd.Series(["a"], dtype="category"), pd.Series(["b"], dtype="category")),
        "str",
        ["a", "b"],
        False,
    ),
    # tables without rows have no say
    ((column([], "str"), INT), "int64", [1, 2], False),
    ((INT, pd.Series([], dtype=object)), "int64", [1, 2], False),
    ((column([], "float64"), None), "float64", [None, None], False),
    ((pd.Series([], dtype="int64"), None), "Int64", [None, None], False),
    ((pd.Series([], dtype="int64"), column([], "str")), "int64", [], False),
]


@pytest.mark.parametrize(("columns", "dtype", "values", "noted"), TYPES)
def test_types_of_columns(columns, dtype, values, noted):
    joined = _joined_column(*columns)
    found = joined.studies["c"]
    assert found.dtype == dtype
    assert [None if pd.isna(v) else v for v in found] == values
    note = "column 'c' of studies has differing types: now text"
    assert (note in joined.notes) == noted


def test_types_can_be_written(tmp_path):
    for i, (columns, *_) in enumerate(TYPES[1::3]):
        joined = _joined_column(*columns)
        write_database(joined, tmp_path / str(i), activations=False)
        opened = open_database(tmp_path / str(i))
        assert records(opened.studies) == records(joined.studies)


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_indices_keep_their_type(kind):
    weights = sparse.csc_array(
        (np.array([0.5]), np.array([1], kind), np.array([0, 1], kind)), shape=(2, 1)
    )
    one = made_database([LabelSet("t", ("x",), weights)], studies=_studies("1", "2"))
    joined = concatenate([one])
    assert joined.label_sets["t"].weights.indices.dtype == kind
    assert joined.content_hash == one.content_hash


def test_more_rows_than_short_indices_can_number():
    many = 2**31
    sets = [
        LabelSet("t", ("x",), sparse.csc_array((many, 1))),
        LabelSet("t", ("x",), sparse.csc_array([[0.5]])),
    ]
    joined = join_labels("t", sets, [many, 1], ["a", "b"]).weights
    assert joined.shape == (many + 1, 1)
    assert joined.indices.tolist() == [many]
    assert joined.data.tolist() == [0.5]


def _studies(*ids):
    return pd.DataFrame({"study_id": column(ids, "str")})


# ------------------------------------------------------------------------------ labels


def test_weights_keep_their_precision():
    narrow = sparse.csc_array(np.array([[0.1]], dtype=np.float32))
    wide = sparse.csc_array(np.array([[0.1]]))
    one = made_database([LabelSet("t", ("x",), narrow)], studies=_studies("1"))
    two = made_database([LabelSet("t", ("x",), wide)], studies=_studies("2"))
    joined = concatenate([one, two]).label_sets["t"].weights
    assert joined.dtype == np.float64
    assert joined.toarray().ravel().tolist() == [float(np.float32(0.1)), 0.1]
    assert concatenate([one]).label_sets["t"].weights.dtype == np.float32


def test_zeros_that_are_stored_stay():
    weights = sparse.csc_array(([0.0, 0.5], [0, 1], [0, 2]), shape=(2, 1))
    one = made_database([LabelSet("t", ("x",), weights)], studies=_studies("1", "2"))
    assert_same_database(concatenate([one]), one)


def test_missing_weights_and_labels_are_noted():
    words = ("terms", ["pain", "reward"], [[0.5, 0.25]])
    more = ("terms", ["reward", "touch", "pain"], [[0.1, 0.2, 0]])
    joined = concatenate(
        [
            made_database([words], studies=_studies("1"), name="a"),
            made_database([more], studies=_studies("2"), name="b"),
            made_database([], studies=_studies("3", "4"), name="c"),
            made_database(
                [("terms", ["smell"], None)], studies=_studies("5"), name="d"
            ),
            made_database([], studies=_studies(), name="e"),  # nothing is missing
        ]
    )
    terms = joined.label_sets["terms"]
    assert terms.labels == ("pain", "reward", "touch", "smell")
    np.testing.assert_array_equal(
        terms.weights.toarray(),
        [[0.5, 0.25, 0, 0], [0, 0.1, 0.2, 0], *[[0] * 4] * 3],
    )
    assert joined.notes == (
        "label set 'terms': no weights for the 2 studies of c, which count as without "
        "its labels",
        "label set 'terms': no weights for the 1 studies of d, which count as without "
        "its labels",
        "label set 'terms': a knows 2 of the 4 labels; its studies count as without "
        "the others",
        "label set 'terms': b knows 3 of the 4 labels; its studies count as without "
        "the others",
    )


def test_vocabularies_without_weights_stay_so():
    parts = [
        made_database([("terms", words, None)], studies=_studies(words))
        for words in ("ab", "bc")
    ]
    joined = concatenate(parts)
    assert joined.label_sets["terms"].labels == ("a", "b", "c")
    assert joined.label_sets["terms"].weights is None
    assert joined.notes == ()


def _with_kind(own, *kind, labels="x"):
    weights = sparse.csc_array([[0.5] * len(labels)])
    sets = [LabelSet("terms", tuple(labels), weights, *kind)]
    return made_database(sets, studies=_studies(own), name=own)


def test_an_unknown_source_goes_with_any():
    joined = concatenate(
        [_with_kind("p", "count"), _with_kind("q", "count", "abstract")]
    )
    assert joined.label_sets["terms"].source == "abstract"


def test_a_vocabulary_takes_the_kind_of_the_weights():
    words = made_database([("terms", "x", None)], studies=_studies("p"))
    joined = concatenate([words, _with_kind("q", "tfidf", "body")])
    assert (joined.label_sets["terms"].kind, joined.label_sets["terms"].source) == (
        "tfidf",
        "body",
    )


# ------------------------------------------------------------------------- bad input

BAD = [
    # databases, error, message
    (lambda toy: toy, OptionError, "a list of databases is needed, got <Database toy"),
    (lambda _: [], OptionError, r"a list of databases is needed, got \[\]"),
    (lambda _: None, OptionError, "a list of databases is needed, got None"),
    (lambda _: "toy", OptionError, "a list of databases is needed, got 'toy'"),
    (lambda toy: [toy, "toy"], OptionError, r"got \[<Database toy 1.*, 'toy'\]"),
    (
        lambda toy: [toy, toy],
        FormatError,
        r"study '10001' occurs twice \(in toy 1 and in toy 1; 7 studies do\).*"
        r"merge_databases\(\)",
    ),
    (
        lambda toy: [made_database(studies=_studies("p", "p"), name="b"), toy],
        FormatError,
        r"study 'p' occurs twice \(in b; 1 studies do\)",
    ),
    (
        lambda _: [_with_kind("p", "tfidf"), _with_kind("q", "count", "body")],
        FormatError,
        "'terms' of q holds weights of the kind 'count' made from 'body', others hold "
        r"'tfidf' from ''.*merge_databases\(\) keeps both",
    ),
    (
        lambda _: [
            _with_kind("p", "count"),
            _with_kind("q", "count", "body"),
            _with_kind("r", "count", "abstract"),
        ],
        FormatError,
        "'terms' of r holds weights .* made from 'abstract', others hold 'count' from "
        "'', 'count' from 'body'",
    ),
    (
        lambda _: [_with_kind("p", "count", labels="xx")],
        FormatError,
        "'terms' of p has 1 labels twice",
    ),
]


@pytest.mark.parametrize(("parts", "error", "message"), BAD)
def test_bad_input(toy, parts, error, message):
    with pytest.raises(error, match=message):
        concatenate(parts(toy))


# ---------------------------------------------------------------- what it is and notes


def _about(own, about, *notes):
    database = made_database(studies=_studies(own))
    tables = {name: database.table(name) for name in database.table_names}
    return made(tables, database.peaks, [], about, notes)


def test_what_the_result_is():
    joined = concatenate(
        [
            _about("1", About("a", "7", "ODbL-1.0", "Cite A.", "a.tsv")),
            _about("2", About("b", "1", "ODbL-1.0 AND MIT", "Cite A. Cite B.", "b")),
            _about("3", About("c", "7", "MIT OR CC0-1.0", "Cite B.")),
            _about("4", About("d")),
        ]
    )
    assert joined.about == About(
        "a+b+c+d",
        "7+1",
        "ODbL-1.0 AND MIT AND (MIT OR CC0-1.0)",
        "Cite A. Cite A. Cite B.",
        "a.tsv, b",
    )
    assert joined.notes == ("the licence of d is not known",)


def test_the_result_can_be_called_something_else():
    parts = [_about("1", About("a", licence="MIT")), _about("2", About("b"))]
    joined = concatenate(parts, about=About("ours", licence="MIT"))
    assert joined.about == About("ours", licence="MIT")
    assert joined.notes == ()


def test_notes_say_where_they_come_from_if_they_differ():
    parts = [
        _about("1", About("a", "7"), "both have it", "only here"),
        _about("2", About("b"), "both have it", "only there"),
        _about("3", About(""), "both have it"),
    ]
    notes = concatenate(parts).notes
    assert notes == ("both have it", "a 7: only here", "b: only there")
    assert concatenate(parts[:1]).notes == ("both have it", "only here")
    unnamed = _about("4", About(""), "x")
    assert concatenate([*parts, unnamed]).notes[-1] == "unnamed: x"


def test_spaces_are_numbered_anew():
    def at(own, *spaces):
        database = made_database(studies=_studies(own))
        tables = {name: database.table(name) for name in database.table_names}
        n = len(spaces)
        tables["analyses"] = pd.DataFrame({"study_id": [own], "study": [0]})
        tables["peaks"] = pd.DataFrame(index=range(n))
        peaks = Peaks.from_columns(np.zeros((n, 3)), [0] * n, [0] * n, spaces)
        return made(tables, peaks, [], About("a"))

    peaks = concatenate([at("1", "TAL", "MNI"), at("2", "MNI", "X", "TAL")]).peaks
    assert peaks.spaces == ("TAL", "MNI", "X")
    assert peaks.space.tolist() == [0, 1, 1, 2, 0]
    assert peaks.analysis.tolist() == [0, 0, 1, 1, 1]
    assert peaks.is_talairach.tolist() == [True, False, False, False, True]


# --------------------------------------------------------------------------- real data


def test_version_7_from_two_parts(v7):
    cut = 9_000
    parts = [subset(v7, 0, cut), subset(v7, cut, v7.n_studies)]
    begin = time.perf_counter()
    joined = concatenate(parts)
    seconds = time.perf_counter() - begin
    _assert_same_content(joined, v7)
    assert joined.notes == v7.notes
    assert seconds < 2  # it takes a few hundredths


def test_label_sets_are_never_dense(monkeypatch):
    """A vocabulary as long as this would not fit into memory."""
    n = 200_000
    weights = sparse.csc_array(([0.5], [0], [0] + [1] * n), shape=(1, n))
    words = tuple(map(str, range(n)))
    parts = [
        made_database([LabelSet("t", words, weights)], studies=_studies(*own))
        for own in ("p", "q")
    ]
    monkeypatch.setattr(sparse.csc_array, "toarray", None)
    assert concatenate(parts).label_sets["t"].weights.nnz == 2

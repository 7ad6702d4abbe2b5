"""Selections: algebra, tables, and how they show themselves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.database import Selection
from nimare_neurosynth.errors import NeurosynthError, SelectionError
from tests.database.made import made_database

DATABASE = made_database(
    [("terms", ("a", "b"), [[0.1, 0.2], [0.5, 0.0], [0.0, 0.9], [0.0, 0.0]])]
)
SETS = st.lists(st.booleans(), min_size=4, max_size=4)


def _selection(mask, description="x"):
    return Selection(DATABASE, np.array(mask), description)


@given(SETS, SETS)
def test_algebra_is_that_of_sets(first, second):
    a, b = _selection(first), _selection(second)
    x, y = set(np.flatnonzero(first)), set(np.flatnonzero(second))
    for made, expected in (
        (a & b, x & y),
        (a | b, x | y),
        (a - b, x - y),
        (~a, {0, 1, 2, 3} - x),
        (~(a | b), {0, 1, 2, 3} - x - y),
    ):
        assert set(np.flatnonzero(made.mask)) == expected
        assert len(made) == len(expected)


DESCRIPTIONS = [
    (lambda a, b: a & b, "a & b"),
    (lambda a, b: a | b, "a | b"),
    (lambda a, b: a - b, "a & ~b"),
    (lambda a, _: ~a, "~a"),
    (lambda a, b: ~(a | b), "~(a | b)"),
    (lambda a, b: (a | b) & a, "(a | b) & a"),
    (lambda a, b: a - (a & b), "a & ~(a & b)"),
]


@pytest.mark.parametrize(("combine", "expected"), DESCRIPTIONS)
def test_descriptions_are_queries_again(combine, expected):
    combined = combine(DATABASE.select("a"), DATABASE.select("b"))
    assert combined.description == expected
    again = DATABASE.select(combined.description)
    assert again.mask.tolist() == combined.mask.tolist()


@pytest.mark.parametrize(
    ("combine", "query"),
    [
        (lambda s: s("a") & s("b"), "a & b"),
        (lambda s: s("a") | s("b"), "a | b"),
        (lambda s: s("a > 0.3") | s("b"), "(a > 0.3) | b"),
        (lambda s: s("a") - s("b"), "a &~ b"),
        (lambda s: s("a") | ~s("b"), "a | ~b"),
    ],
)
def test_weights_are_those_of_the_same_query(combine, query):
    expected = DATABASE.select(query)
    made = combine(DATABASE.select)
    assert made.table()["weight"].tolist() == expected.table()["weight"].tolist()


def test_absence_has_no_weights():
    assert (~DATABASE.select("a")).weights is None
    assert "weight" not in (~DATABASE.select("a")).table().columns


def test_table_lists_the_heaviest_first():
    table = DATABASE.select("a | b").table()
    assert table["study_id"].tolist() == ["s2", "s1", "s0"]
    assert table["weight"].tolist() == pytest.approx([0.9, 0.5, 0.3])
    assert table.index.tolist() == [0, 1, 2]


def test_table_keeps_the_order_of_equal_weights():
    database = made_database([("terms", ("a",), [[0.5], [0.7], [0.5], [0.7]])])
    assert database.select("a").table()["study_id"].tolist() == ["s1", "s3", "s0", "s2"]


def test_table_leaves_the_database_alone():
    table = DATABASE.select("a").table()
    table["study_id"] = "changed"
    assert "weight" not in DATABASE.studies.columns
    assert DATABASE.studies["study_id"].tolist() == ["s0", "s1", "s2", "s3"]


def test_ids_are_in_the_order_of_the_database():
    assert DATABASE.select("a | b").ids == ["s0", "s1", "s2"]
    assert _selection([False] * 4).ids == []


def test_an_empty_selection_works():
    empty = DATABASE.select("a > 99")
    assert len(empty) == 0
    assert empty.table().empty
    assert "0 of 4 studies" in repr(empty)
    assert "0 of 4 studies" in empty._repr_html_()


# ------------------------------------------------------------------- other databases


def test_selections_of_equal_databases_combine():
    same = made_database(
        [("terms", ("a", "b"), [[0.1, 0.2], [0.5, 0.0], [0.0, 0.9], [0.0, 0.0]])]
    )
    assert (DATABASE.select("a") & same.select("b")).ids == ["s0"]


@pytest.mark.parametrize(
    "combine", [lambda a, b: a & b, lambda a, b: a | b, lambda a, b: a - b]
)
def test_selections_of_different_databases_do_not_combine(combine):
    other = made_database([("terms", ("a",), [[1.0]] * 4)], name="other")
    with pytest.raises(SelectionError, match=r"\(a\) belongs to \w+, not to \w+"):
        combine(DATABASE.select("a"), other.select("a"))


@pytest.mark.parametrize("other", ["a", None, 5, [True] * 4])
def test_selections_combine_only_with_selections(other):
    with pytest.raises(TypeError, match=f"with {type(other).__name__}: make one with"):
        DATABASE.select("a") & other
    assert not issubclass(TypeError, NeurosynthError)


# -------------------------------------------------------------------------- display


def test_repr_says_how_many_of_what():
    assert repr(DATABASE.select("a & ~b")) == "<Selection: 1 of 4 studies, a & ~b>"


def _html(title, description="<i>&", n=1):
    ids = [f"<u>{i}" for i in range(n)]
    titles = pd.Series([title] * n, dtype="str")
    studies = pd.DataFrame({"study_id": ids, "title": titles})
    database = made_database(studies=studies)
    return Selection(database, np.ones(n, bool), description)._repr_html_()


def test_html_is_escaped():
    html = _html("<script>alert(1)</script>")
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<code>&lt;i&gt;&amp;</code>" in html
    assert "<u>" not in html


def test_html_of_many_studies_shows_the_first():
    html = _html("t", n=12)
    assert "12 of 12 studies" in html
    assert "(first 10)" in html
    assert html.count("<td>t</td>") == 10
    assert "(first" not in _html("t", n=10)


def test_html_shows_missing_values_as_nothing():
    assert "<td></td>" in _html(None)


def test_a_selection_is_neither_true_nor_false(toy):
    one = toy.select(ids=toy.study_ids[:2])
    with pytest.raises(TypeError, match=r"use &, \| and ~"):
        _ = one and one


def test_selections_do_not_change(toy):
    one = toy.select(ids=toy.study_ids[:2])
    for array in (one.mask, toy.has_peaks):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = True


def test_criteria_are_joined_each_once(toy):
    a, b = toy.select(near=(0, 0, 0)), toy.select(where="study_id = 1*")
    assert (a & b).criteria == (*a.criteria, *b.criteria)
    assert (a | ~a).criteria == a.criteria
    assert (a - b).facts()["criteria"] == [*a.criteria, *b.criteria]

"""What queries select, against a slow reading of one study at a time."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nimare_neurosynth.database._evaluate import Evaluator
from nimare_neurosynth.database.query import Name
from nimare_neurosynth.errors import (
    NeurosynthWarning,
    OptionError,
    QueryError,
    UnknownTermError,
)
from tests.database.made import label_set, made_database
from tests.database.trees import compares_absence, meaning, trees

NAMES = ("a", "b", "c d")
WEIGHTS = st.sampled_from([0.0, 0.0005, 0.001, 0.1, 0.5, 1.0, -0.25])
TREES = trees(st.builds(Name, st.sampled_from(NAMES)))
FUNCTIONS = ("sum", "mean", "min", "max")


def _evaluator(weights, *, threshold=0.001, func="sum", **others):
    sets = {"terms": label_set("terms", NAMES, weights), **others}
    return Evaluator(sets, label_set=None, threshold=threshold, func=func)


@given(
    TREES,
    arrays(float, (6, 3), elements=WEIGHTS),
    st.sampled_from([0, 0.001, 0.1]),
    st.sampled_from(FUNCTIONS),
)
def test_trees_mean_what_they_say(tree, weights, threshold, func):
    assume(not compares_absence(tree))
    chosen = _evaluator(weights, threshold=threshold, func=func).evaluate(tree)
    expected = [
        meaning(tree, dict(zip(NAMES, row, strict=True)), threshold, func)
        for row in weights
    ]
    assert chosen.mask.tolist() == [bool(inside) for inside, _ in expected]
    if chosen.weights is not None:
        np.testing.assert_allclose(chosen.weights, [w for _, w in expected])


TABLE = [[0.2, 0.0, 0.5], [0.001, 0.3, 0.0], [0.0009, 0.0, 0.1], [0.0, 0.0, 0.0]]
CHOSEN = {
    "a": [0, 1],
    "~a": [2, 3],
    "a & b": [1],
    "a | b": [0, 1],
    "a &~ b": [0],
    "~(a | b)": [2, 3],
    "~a & ~b": [2, 3],
    "~(a & b)": [0, 2, 3],
    "~a | ~b": [0, 2, 3],
    "'c d' > 0.1": [0],
    "c d >= 0.1": [0, 2],
    "a > 0.0001": [0, 1, 2],  # the bound stands in the place of the threshold
    "a < 0.1": [1],
    "a <= 0.2": [0, 1],
    "a >= 0.001 < 0.2": [1],
    "(a | c d) > 0.5": [0],
    "(a & c d) >= 0.7": [0],
    "? | c*": [0, 1, 2],
    "A": [0, 1],  # upper and lower case matter only where that leaves something
}


@pytest.mark.parametrize("query", CHOSEN)
def test_chosen_studies(query):
    _, chosen = _evaluator(TABLE).run(query)
    assert np.flatnonzero(chosen.mask).tolist() == CHOSEN[query]


@pytest.mark.parametrize(
    ("func", "expected"),
    [
        ("sum", [0.7, 0.301, 0.1009, 0.0]),
        ("mean", [0.7 / 3, 0.301 / 3, 0.1009 / 3, 0.0]),
        ("min", [0.0, 0.0, 0.0, 0.0]),
        ("max", [0.5, 0.3, 0.1, 0.0]),
    ],
)
def test_labels_of_one_name_combine(func, expected):
    _, chosen = _evaluator(TABLE, func=func).run("*")
    np.testing.assert_allclose(chosen.weights, expected)
    assert chosen.mask.tolist() == [w >= 0.001 for w in expected]


@pytest.mark.parametrize(
    ("func", "expected"),
    [("sum", 0.7), ("mean", 0.35), ("min", 0.2), ("max", 0.5)],
)
def test_weights_of_operands_combine(func, expected):
    for query in ("a & c d", "a | c d"):
        _, chosen = _evaluator(TABLE, func=func).run(query)
        assert chosen.weights[0] == pytest.approx(expected)


def test_what_is_not_selected_adds_no_weight():
    _, chosen = _evaluator(TABLE).run("a | c d")
    assert chosen.weights[2] == pytest.approx(0.1)  # 0.0009 of "a" is below threshold


def test_absence_has_no_weight():
    evaluator = _evaluator(TABLE)
    assert evaluator.run("~a")[1].weights is None
    assert evaluator.run("b & ~a")[1].weights.tolist() == [0.0, 0.3, 0.0, 0.0]
    with pytest.raises(QueryError, match=r"compares a weight, but .* \(~\) have none"):
        evaluator.run("(~a) > 1")


# ------------------------------------------------------------------- many names


@pytest.mark.parametrize("n", [101, 400])
def test_a_long_query_works(n):
    labels = [f"t{i}" for i in range(n)]
    database = made_database([("terms", labels, np.eye(n))])
    selected = database.select(" | ".join(labels))
    assert len(selected) == n
    assert selected.description.count("|") == n - 1


@pytest.mark.parametrize("query", ["a | " * 5000 + "a", "a" + " >= 0" * 5000])
def test_an_endless_query_works_or_is_refused(query):
    try:
        _, chosen = _evaluator(TABLE).run(query)
    except QueryError as error:
        assert "nested" in str(error) or "long" in str(error)  # noqa: PT017
    else:
        assert chosen.mask[0]


# --------------------------------------------------------- legacy's reading, warned of


def test_a_query_that_legacy_read_otherwise_warns_once():
    with pytest.warns(NeurosynthWarning, match="read from|right to left") as caught:
        _evaluator(TABLE).run("b & c d | a")
    (warning,) = caught
    message = str(warning.message)
    assert "read as (b & c d) | a (2 studies)" in message
    assert "took it as b & (c d | a) (1 studies)" in message


@pytest.mark.parametrize(
    "query",
    [
        "a & b | b",  # both readings select the same studies
        "(a & b) | c d",
        "a &~ b",
        "~a & b | a",  # legacy knew no ~ of this kind
        "a | b & c d",
    ],
)
def test_no_warning_where_the_readings_agree(query):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _evaluator(TABLE).run(query)


def test_the_warning_points_at_the_call():
    database = made_database([("terms", NAMES, TABLE)])
    with pytest.warns(NeurosynthWarning) as caught:
        database.select("b & c d | a")
    assert caught[0].filename == __file__


# ------------------------------------------------------------------ label sets

SETS = {
    "topics": label_set("topics", ("a", "wm_1", "q"), [[0, 0.9, 0]] * 4),
    "other": label_set("other", ("wm_2", "q"), [[0.2, 0.7]] * 4),
    "names only": label_set("names only", ("lonely", "a"), None),
}


def _chosen_weight(query, label_set=None):
    sets = {"names only": SETS["names only"], "terms": None, **SETS}
    sets["terms"] = label_set_terms()
    evaluator = Evaluator(sets, label_set=label_set, threshold=0.001, func="sum")
    return evaluator.run(query)[1].weights[0]


def label_set_terms():
    return label_set("terms", NAMES, TABLE)


@pytest.mark.parametrize(
    ("query", "prefer", "expected"),
    [
        ("a", None, 0.2),  # the first set that has weights
        ("a", "topics", 0.0),
        ("topics:a", None, 0.0),
        ("terms:a", "topics", 0.2),
        ("wm_1", None, 0.9),  # only one set has it
        ("b", "topics", 0.0),  # not in the preferred set, but in one other
        ('"topics":wm*', None, 0.9),
        ("a", "names only", None),
        ("topics:q", None, 0.0),
    ],
)
def test_where_names_are_looked_up(query, prefer, expected):
    if expected is None:
        with pytest.raises(UnknownTermError, match="is in several label sets: say"):
            _chosen_weight(query, prefer)
    else:
        assert _chosen_weight(query, prefer) == expected


UNKNOWN = {
    "wm_*": r"in several label sets: say which, topics:wm_\*, other:wm_\*\.",
    "q": "in several label sets: say which, topics:q, other:q",
    "lonely": "in the vocabulary of 'names only', but .* With weights: 'terms', ",
    "names only:a": "does not have that label set's weights",
    "nosuch:a": "no label set 'nosuch'; there is 'names only', 'terms', 'topi",
    "topic:a": "Close matches: 'topics'",
    "lonly": "no term of this database matches 'lonly'. Close matches: 'lonely'",
    "topics:lonely": "no term of label set 'topics' matches 'lonely'",
    "zzz*": r"matches 'zzz\*'\.\n",
    '"a*"': r"matches 'a\*'",
    "a and b": "Write & for 'and'",
    "a OR not b": r"Write \| for 'or', ~ for 'not'",
}


@pytest.mark.parametrize("query", UNKNOWN)
def test_unknown_names(query):
    with pytest.raises(UnknownTermError, match=UNKNOWN[query]) as caught:
        _chosen_weight(query)
    assert str(caught.value).endswith(f"\n  {query}\n  ^")


def test_the_caret_stands_under_the_unknown_name():
    with pytest.raises(UnknownTermError) as caught:
        _evaluator(TABLE).run("a & (b | nosuch)")
    assert str(caught.value).endswith(f"\n  {' ' * 9}^")


def test_a_database_without_labels_says_so():
    with pytest.raises(UnknownTermError, match="has no terms to select by"):
        made_database(n_studies=2).select("pain")


# --------------------------------------------------------------------- options


@pytest.mark.parametrize("threshold", [-1, "x", None, float("nan"), float("inf")])
def test_wrong_thresholds(threshold):
    with pytest.raises(OptionError, match="threshold must be a number from 0 up, got"):
        _evaluator(TABLE, threshold=threshold)


@pytest.mark.parametrize("func", ["median", None, "SUM", ["sum"]])
def test_wrong_functions(func):
    message = "func must be one of sum, mean, min, max, got " + re.escape(repr(func))
    with pytest.raises(OptionError, match=message):
        _evaluator(TABLE, func=func)


@pytest.mark.parametrize("query", [5, b"pain", ["pain"], Name("a")])
def test_a_query_is_text(query):
    with pytest.raises(QueryError, match="a query must be text, got"):
        _evaluator(TABLE).run(query)


def test_an_unknown_label_set_is_an_error():
    with pytest.raises(UnknownTermError, match=r"no label set 'term'; .* 'terms'"):
        Evaluator({"terms": SETS["other"]}, label_set="term", threshold=0, func="sum")

"""The query language: tables of texts with their tokens, trees and errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.database.query import (
    Name,
    has_wildcard,
    match_names,
    parse,
    parse_right_to_left,
)
from nimare_neurosynth.database.query._tokens import tokenize
from nimare_neurosynth.errors import QueryError
from tests.database.trees import trees

TOKENS = {
    "": [],
    "pain": ["word pain"],
    "n-back": ["word n-back"],
    "5ht_2a*": ["word 5ht_2a*"],
    "a&~b": ["word a", "operator &", "operator ~", "word b"],
    "a>=.1": ["word a", "compare >=", "word .1"],
    "a<1e-3": ["word a", "compare <", "word 1e-3"],
    '"a & b"': ["quoted a & b"],
    "'a b'": ["quoted a b"],
    "alzheimer's": ["word alzheimer's"],
    "alzheimer's parkinson's": ["word alzheimer's", "word parkinson's"],
    "'alzheimer's'": ["word 'alzheimer's'"],
    '"alzheimer\'s"': ["quoted alzheimer's"],
    "LDA50:*_x": ["word LDA50", "colon :", "word *_x"],
    "a\t\n b": ["word a", "word b"],
}


@pytest.mark.parametrize("text", TOKENS)
def test_tokens(text):
    *tokens, end = tokenize(text)
    assert [f"{t.kind} {t.text}" for t in tokens] == TOKENS[text]
    assert (end.kind, end.position) == ("end", len(text))


def test_tokens_know_where_they_stand():
    assert [t.position for t in tokenize("ab  &(c")] == [0, 4, 5, 6, 7]


TREES = {
    "pain": "pain",
    " working   memory ": "working memory",
    '"working  memory"': '"working  memory"',
    "'n back'": '"n back"',
    "'say \"it\"'": "'say \"it\"'",
    "5ht": "5ht",
    "001 & 3t": "001 & 3t",
    "0_wm_memory": "0_wm_memory",
    "emot* & ?x": "emot* & ?x",
    "a b & c d": "a b & c d",
    "a | b & c": "a | (b & c)",
    "a & b | c": "(a & b) | c",
    "a | b | c": "a | b | c",
    "a & b & c": "a & b & c",
    "a & (b | c)": "a & (b | c)",
    "~a & b": "~a & b",
    "~(a & b)": "~(a & b)",
    "~~a": "~~a",
    "a &~ b &~ c": "a & ~b & ~c",
    "a > 0.1": "a > 0.1",
    "a > .1 & b <= 2": "(a > 0.1) & (b <= 2.0)",
    "~a > 1": "~(a > 1.0)",
    "(~a) > 1": "(~a) > 1.0",
    "(a | b) >= -1e-3": "(a | b) >= -0.001",
    "a > 1 < 2": "(a > 1.0) < 2.0",
    "emotion* & ~(reward | pain)": "emotion* & ~(reward | pain)",
    "LDA50:*_pain_* > 0.1": "LDA50:*_pain_* > 0.1",
    "LDA50 : wm": "LDA50:wm",
    '"my terms":"a b"': 'my terms:"a b"',
    '"a:b":c': '"a:b":c',
    "((a))": "a",
    "alzheimer's": "alzheimer's",
    "alzheimer's*": "alzheimer's*",
}


@pytest.mark.parametrize("text", TREES)
def test_trees(text):
    assert str(parse(text)) == TREES[text]


ERRORS = {
    # text: (position of the caret, what the message says)
    "": (0, "the query is empty"),
    "   ": (3, "the query is empty"),
    "a &": (3, "the query ends where a term"),
    "& a": (0, "there is '&' where a term"),
    "a | | b": (4, "there is '|' where a term"),
    "a ~ b": (2, "there is '~' where an operator"),
    "~": (1, "the query ends"),
    "()": (1, r"there is '\)' where a term"),
    "(a": (0, "this parenthesis is never closed"),
    "a & (b | (c)": (4, "this parenthesis is never closed"),
    "a)": (1, r"there is '\)' where an operator"),
    "a (b)": (2, r"there is '\(' where an operator"),
    "a >": (3, "the query ends where a number"),
    "a > b": (4, "there is 'b' where a number"),
    "a > 1 b": (6, "there is 'b' where an operator"),
    "a > inf": (4, "there is 'inf' where a number"),
    "a > nan": (4, "there is 'nan' where a number"),
    'a > "1"': (4, "there is '1' where a number"),
    "a >> 1": (3, "there is '>' where a number"),
    "a = 1": (2, "'=' has no meaning here"),
    "a == 1": (2, "'=' has no meaning here"),
    "a < = 1": (4, "'=' has no meaning here"),
    'a & "b': (4, "this quotation mark is never closed"),
    '"" & a': (0, "a quoted name must not be empty"),
    "' '": (0, "a quoted name must not be empty"),
    'a "b"': (2, "there is 'b' where an operator"),
    "x:": (2, "the query ends where a term"),
    ":x": (0, "there is ':' where a term"),
    "a:b:c": (3, "there is ':' where an operator"),
    "a : : b": (4, "there is ':' where a term"),
}


def test_of_a_long_query_a_part_is_shown():
    query = "pain | " * 500 + "= " + "pain " * 500
    with pytest.raises(QueryError) as caught:
        parse(query)
    shown, sign = str(caught.value).split("\n")[1:]
    assert len(shown) < 150
    assert shown.startswith("  ...")
    assert shown.endswith("...")
    assert shown[sign.index("^")] == "="
    with pytest.raises(QueryError) as caught:
        parse("a\n\t\x1b =")  # what would move the sign, or command a terminal
    shown, sign = str(caught.value).split("\n")[1:]
    assert shown[sign.index("^")] == "="


@pytest.mark.parametrize("text", ERRORS)
def test_errors_point_at_the_character(text):
    position, message = ERRORS[text]
    with pytest.raises(QueryError, match=message) as caught:
        parse(text)
    assert str(caught.value).endswith(f"\n  {text}\n  {' ' * position}^")


@given(trees())
def test_a_written_tree_reads_as_itself(tree):
    assert parse(str(tree)) == tree


def test_a_wildcard_after_an_apostrophe_stays_one():
    assert parse(str(parse("alzheimer's*"))) == Name("alzheimer's*", quoted=False)


@pytest.mark.parametrize(
    "text", ["(" * 5000 + "a" + ")" * 5000, "~" * 5000 + "a", "(~" * 2500 + "a"]
)
def test_deep_nesting_is_an_error(text):
    with pytest.raises(QueryError, match="nested more than 100 deep"):
        parse(text)


def test_as_deep_as_allowed():
    assert parse("(" * 100 + "a" + ")" * 100) == Name("a")
    assert str(parse("~" * 100 + "a")) == "~" * 100 + "a"


# ------------------------------------------------------------- legacy's reading

LEGACY = {
    # text: how legacy Neurosynth read it (None: it had no reading)
    "a": "a",
    "a & b": "a & b",
    "a & b | c": "a & (b | c)",
    "a | b & c": "a | (b & c)",
    "a &~ b &~ c": "a & ~(b & ~c)",
    "a &~ b | c": "a & ~(b | c)",
    "a & b > 1": "a & (b > 1.0)",
    "a > 1 & b": "(a > 1.0) & b",
    "(a & b) | c": "(a & b) | c",
    "a b & c": "a b & c",
    "~a": None,
    "a | ~b": None,
    "a & (~b)": None,
    "a & ~~b": None,
}


@pytest.mark.parametrize("text", LEGACY)
def test_reading_from_right_to_left(text):
    node = parse_right_to_left(text)
    assert (None if node is None else str(node)) == LEGACY[text]


# ------------------------------------------------------------------- wildcards

NAMES = (
    "pain",
    "Pain",
    "a.c",
    "abc",
    "a[b]",
    "c++",
    "x*y",
    "xzy",
    "",
    "working memory",
)
MATCHES = {
    "pain": ["pain"],
    "PAIN": ["pain", "Pain"],
    "Pain": ["Pain"],
    "p*": ["pain"],
    "P*": ["Pain"],
    "*AIN": ["pain", "Pain"],
    "a.c": ["a.c"],
    "a.*": ["a.c"],
    "a?c": ["a.c", "abc"],
    "a[b]": ["a[b]"],
    "a[*": ["a[b]"],
    "c++": ["c++"],
    "c+*": ["c++"],
    "c*+": ["c++"],
    "^pain*": [],
    "x*y": ["x*y", "xzy"],
    "?": [],
    "*": list(NAMES),
    "****": list(NAMES),
    "*memory": ["working memory"],
    "working*memory": ["working memory"],
    "pai": [],
    "(p*|a*)": [],
    "pain$": [],
}


@pytest.mark.parametrize("pattern", MATCHES)
def test_wildcards_are_not_regular_expressions(pattern):
    assert [NAMES[i] for i in match_names(pattern, NAMES)] == MATCHES[pattern]


@pytest.mark.parametrize("pattern", ["?*" * 40 + "#", "*a" * 60 + "!", "*" * 999 + "!"])
def test_wildcards_that_nearly_match_end(pattern):
    # with regular expressions that go back, the end of the universe would come first
    assert match_names(pattern, ["a" * 300, "ab" * 200]) == []


@given(
    st.text("ab*?", max_size=9).filter(has_wildcard),
    st.lists(st.text("abAB", max_size=9), max_size=5),
)
def test_wildcards_match_as_one_star_at_a_time(pattern, names):
    same = [i for i, name in enumerate(names) if _matches(pattern, name)]
    folded = [i for i, name in enumerate(names) if _matches(pattern, name.casefold())]
    assert match_names(pattern, names) == (same or folded)


def _matches(pattern, name):
    if not pattern or not name:
        return pattern.strip("*") == name
    if pattern[0] == "*":
        return _matches(pattern[1:], name) or _matches(pattern, name[1:])
    return pattern[0] in ("?", name[0]) and _matches(pattern[1:], name[1:])


def test_a_literal_star_is_a_star():
    assert [NAMES[i] for i in match_names("x*y", NAMES, literal=True)] == ["x*y"]


@pytest.mark.parametrize(
    ("pattern", "expected"), [("a*", True), ("a?", True), ("a.[+]", False)]
)
def test_has_wildcard(pattern, expected):
    assert has_wildcard(pattern) is expected

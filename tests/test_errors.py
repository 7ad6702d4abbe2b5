"""Errors and their messages."""

import pytest

from nimare_neurosynth import errors
from nimare_neurosynth.errors import FormatError, NeurosynthError, suggest

TREE = {
    "OptionError": (ValueError, 2),
    "QueryError": (ValueError, 2),
    "UnknownTermError": (KeyError, 2),
    "SelectionError": (ValueError, 1),
    "EmptySelectionError": (ValueError, 1),
    "FormatError": (ValueError, 1),
    "ImageError": (ValueError, 1),
    "NetworkError": (ConnectionError, 1),
    "RefusedError": (ConnectionError, 1),
    "UnsureError": (ConnectionError, 1),
}


@pytest.mark.parametrize("name", TREE)
def test_each_error_is_ours_and_a_usual_one(name):
    error = getattr(errors, name)
    usual, exit_code = TREE[name]
    assert issubclass(error, NeurosynthError)
    assert issubclass(error, usual)
    assert error.exit_code == exit_code
    assert str(error("it's\n  wrong")) == "it's\n  wrong"


def test_the_tree_is_whole():
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, NeurosynthError)
    }
    assert found == {*TREE, "NeurosynthError"}
    assert all(name in errors.__doc__ for name in found)


def test_an_unknown_term_is_a_query_error():
    assert issubclass(errors.UnknownTermError, errors.QueryError)
    assert issubclass(errors.EmptySelectionError, errors.SelectionError)


def test_our_warnings_are_user_warnings():
    assert issubclass(errors.NeurosynthWarning, UserWarning)


SUGGESTIONS = [
    ("memry", ["memory", "pain"], " Close matches: 'memory'."),
    ("MEMORY", ["memory"], " Close matches: 'memory'."),
    ("Pain", ["PAIN", "pain"], " Close matches: 'PAIN'."),
    ("amyg", ["amygdala", "left amygdala"], " Close matches: 'amygdala', 'left amyg"),
    ("am", ["amygdala"], ""),  # too short to look for inside of names
    ("zzz", ["memory"], ""),
    ("memory", [], ""),
]


@pytest.mark.parametrize(("word", "known", "expected"), SUGGESTIONS)
def test_suggestions(word, known, expected):
    made = suggest(word, known)
    assert made.startswith(expected)
    assert bool(made) == bool(expected)


def test_suggestions_are_few():
    known = [f"memory{i}" for i in range(20)]
    assert suggest("memory", known).count("'") == 2 * 5
    assert suggest("memory", known, n=2).count("'") == 2 * 2
    assert suggest("memory", (k for k in known), n=1).count("'") == 2


def test_messages_are_shortened_in_their_middle():
    message = str(FormatError("begin " + "x" * 100_000 + " end"))
    assert len(message) < 1600
    assert message.startswith("begin xxx")
    assert message.endswith("xxx end")
    assert str(FormatError("y" * 1500)) == "y" * 1500


def test_messages_command_no_terminal():
    message = str(FormatError("\x1b[2J is\nodd: é \udcff \x07."))
    assert message == "\\x1b[2J is\nodd: é \\udcff \\x07."
    message.encode()

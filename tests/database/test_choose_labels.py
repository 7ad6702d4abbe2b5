"""Labels of one label set, by name, pattern, or all."""

import pytest

from nimare_neurosynth.errors import OptionError, UnknownTermError
from tests.database.made import label_set, made_database

WEIGHTS = [[1.0, 0, 1, 1], [0, 1.0, 0, 1]]


@pytest.fixture(scope="module")
def db():
    return made_database(
        [
            label_set("terms", ["pain", "emotion", "emotional", "memory"], WEIGHTS),
            label_set(
                "topics", ["0_pain", "1_emotion", "memory"], [[1, 0, 1], [1, 1, 0]]
            ),
            label_set("empty", ["bare"], None),
        ]
    )


@pytest.fixture(scope="module")
def single():
    return made_database(
        [
            label_set("words", ["pain", "emotion", "emotional", "memory"], WEIGHTS),
            label_set("empty", ["bare"], None),
        ]
    )


CHOSEN = {
    "a name": ("pain", None, "terms", [0]),
    "a pattern": ("emot*", None, "terms", [1, 2]),
    "a list": (["emotional", "pain"], None, "terms", [0, 2]),
    "a tuple": (("emotional", "pain"), None, "terms", [0, 2]),
    "patterns that overlap": (
        ["*emotion*", "emot*", "emotion"],
        "terms",
        "terms",
        [1, 2],
    ),
    "a prefix": ("topics:*", None, "topics", [0, 1, 2]),
    "prefixes": (["topics:1*", "topics:memory"], None, "topics", [1, 2]),
    "the set that is named": ("memory", "topics", "topics", [2]),
    "everything of a set": (None, "topics", "topics", [0, 1, 2]),
    "in quotes": ('"pain"', None, "terms", [0]),
    "upper case": ("PAIN", None, "terms", [0]),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_labels(db, case):
    labels, named, expected, positions = CHOSEN[case]
    found, where = db.choose_labels(labels, label_set=named)
    assert found is db.label_sets[expected]
    assert where == positions


def test_the_only_set_with_weights_is_meant(single):
    found, where = single.choose_labels()
    assert found is single.label_sets["words"]
    assert where == [0, 1, 2, 3]
    assert single.choose_labels("m*")[1] == [3]


BAD = {
    "unknown": (["pain", "emotoin"], None, UnknownTermError, "'emotion'"),
    "unknown pattern": ("x*", None, UnknownTermError, r"x\*"),
    "no list": ([], None, OptionError, "the list of labels is empty"),
    "empty tuple": ((), "terms", OptionError, "the list of labels is empty"),
    "a number": (3, None, OptionError, "labels must be a list of names, got 3"),
    "numbers": ([3], None, OptionError, "3"),
    "nothing in a list": ([None], None, OptionError, "None"),
    "a query": (
        "pain | memory",
        None,
        OptionError,
        "is a query, not the name of labels",
    ),
    "a bound": ("pain > 0.1", None, OptionError, "is a query"),
    "several sets": (["pain", "topics:0_pain"], None, OptionError, "terms, topics"),
    "unclear": (None, None, OptionError, "several: 'terms', 'topics'"),
    "no such set": (None, "topic", UnknownTermError, "'topics'"),
    "no such set to look in": ("pain", "topic", UnknownTermError, "'?topics"),
    "no such prefix": ("topic:pain", None, UnknownTermError, "topics"),
    "no weights": (None, "empty", UnknownTermError, "with weights"),
    "name without weights": (
        "bare",
        None,
        UnknownTermError,
        "does not have that label",
    ),
    "a set that is no text": (None, 3, UnknownTermError, "3"),
    "not in the set that is named": ("pain", "topics", UnknownTermError, "pain"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_chosen(db, case):
    labels, named, error, words = BAD[case]
    with pytest.raises(error, match=words):
        db.choose_labels(labels, label_set=named)


def test_no_set_has_weights():
    bare = made_database([label_set("empty", ["bare"], None)], n_studies=2)
    with pytest.raises(OptionError, match="none with weights"):
        bare.choose_labels()
    with pytest.raises(UnknownTermError, match="there is none"):
        bare.choose_labels(label_set="empty")

"""Terms by Neurosynth's recipe."""

import json
import math
import re
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.mining import extract_terms
from nimare_neurosynth.space import nimare_resource

TEXTS = [
    "Working memory and the theory of mind.",
    "Memory for faces: an fMRI study of MEMORY at 3T",
    "",
    "The n-back task, 001 faces",
]


def _stop_words():
    return nimare_resource("neurosynth_stoplist.txt").read_text().split()


def _slow_terms(texts):
    """Extract terms and weights word by word, from the recipe's description."""
    stop_words = set(_stop_words())
    counts = []
    for text in texts:
        words = [
            w for w in re.findall(r"\b\w\w+\b", text.lower()) if w not in stop_words
        ]
        pairs = [f"{a} {b}" for a, b in pairwise(words)]
        counts.append(Counter([*words, *pairs]))
    df = Counter(term for count in counts for term in count)
    weights = []
    for count in counts:
        row = {
            t: n * (math.log((1 + len(texts)) / (1 + df[t])) + 1)
            for t, n in count.items()
        }
        norm = math.sqrt(sum(w**2 for w in row.values()))
        weights.append({t: w / norm for t, w in row.items()})
    return sorted(df), weights


def _assert_same(texts):
    made = extract_terms(texts, min_df=1, max_df=1.0)
    labels, weights = _slow_terms(texts)
    assert list(made.labels) == labels
    table = made.weights.toarray()
    for row, expected in zip(table, weights, strict=True):
        wanted = [expected.get(label, 0) for label in labels]
        np.testing.assert_allclose(row, wanted, atol=1e-12)


def test_the_recipe_word_by_word():
    _assert_same(TEXTS)


WORDS = st.sampled_from(
    ["memory", "the", "Face", "of", "3T", "x", "pain-related", "001"]
)


@given(st.lists(st.lists(WORDS, max_size=6).map(" ".join), min_size=1, max_size=5))
def test_the_recipe_for_any_texts(texts):
    _assert_same(["pain", *texts])


def test_the_settings_are_those_of_version_7():
    # formats-and-services.md, section 5.3
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2),
        stop_words=_stop_words(),
        min_df=2,
        max_df=0.75,
    )
    expected = vectorizer.fit_transform(TEXTS)
    made = extract_terms(TEXTS, min_df=2, max_df=0.75)
    assert list(made.labels) == vectorizer.get_feature_names_out().tolist()
    np.testing.assert_array_equal(made.weights.toarray(), expected.toarray())


def test_words_as_neurosynth_takes_them():
    labels = set(extract_terms(TEXTS, min_df=1, max_df=1.0).labels)
    assert "theory mind" in labels  # stop words go before pairs are formed
    assert {"3t", "001"} <= labels
    assert labels.isdisjoint({"n", "and", "back"})  # "back" is a stop word
    assert len(_stop_words()) == 396


def test_a_label_set_says_what_it_is():
    made = extract_terms(TEXTS, min_df=1, max_df=1.0, name="words")
    assert (made.name, made.kind, made.source) == ("words", "tfidf", "abstract")
    assert made.weights.shape == (4, len(made.labels))
    assert made.weights.has_sorted_indices
    assert all(type(label) is str for label in made.labels)


def test_rows_have_norm_one_or_nothing():
    weights = extract_terms(TEXTS, min_df=1, max_df=1.0).weights
    np.testing.assert_allclose(np.sqrt((weights**2).sum(axis=1)), [1, 1, 0, 1])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"min_df": 2, "max_df": 4}, {"memory", "faces"}),
        ({"min_df": 0.5, "max_df": 1.0}, {"memory", "faces"}),
        ({"min_df": 2, "max_df": 2}, {"memory", "faces"}),
        ({"min_df": 3, "max_df": 3}, set()),
    ],
)
def test_rare_and_common_terms_are_left_out(options, expected):
    if expected:
        assert set(extract_terms(TEXTS, **options).labels) == expected
    else:
        with pytest.raises(OptionError, match="no terms can be extracted from these 4"):
            extract_terms(TEXTS, **options)


BAD = [
    ([], {}),
    (["", ""], {}),
    (["the of and"], {"min_df": 1, "max_df": 1}),
    (TEXTS, {"min_df": 3, "max_df": 1}),
    (TEXTS, {"min_df": -1}),
    (TEXTS, {"max_df": 1.5}),
]


@pytest.mark.parametrize(("texts", "options"), BAD)
def test_no_terms_is_an_error(texts, options):
    with pytest.raises(OptionError, match="no terms can be extracted from these"):
        extract_terms(texts, **options)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_text_is_told(missing):
    with pytest.raises(OptionError, match="text"):
        extract_terms(["memory", missing], min_df=1, max_df=2)


# --------------------------------------------- Neurosynth's own weights of 17 studies

PREFIX = "Neurosynth_TFIDF__"


@pytest.fixture(scope="module")
def laird():
    """Give abstracts and Neurosynth's weights of 17 studies in NiMARE's wheel."""
    path = nimare_resource("neurosynth_laird_studyset.json")
    analyses = [s["analyses"][0] for s in json.loads(path.read_text())["studies"]]
    names = [n for n in analyses[0]["annotations"] if n.startswith(PREFIX)]
    weights = np.array([[a["annotations"][n] for n in names] for a in analyses])
    terms = [name.removeprefix(PREFIX) for name in names]
    return [a["texts"]["abstract"] for a in analyses], terms, weights


@pytest.fixture(scope="module")
def ours(laird):
    """Give our weights of the same terms, before idf and norm: multiples of counts."""
    texts, terms, _ = laird
    made = extract_terms(texts, min_df=1, max_df=len(texts))
    table = made.weights.toarray()
    idf = np.log((1 + len(texts)) / (1 + (table > 0).sum(axis=0))) + 1
    columns = {label: i for i, label in enumerate(made.labels)}
    counts = np.zeros((len(texts), len(terms)))
    for k, term in enumerate(terms):
        if term in columns:
            counts[:, k] = (table / idf)[:, columns[term]]
    return counts


def test_neurosynths_rows_have_norm_one(laird):
    np.testing.assert_allclose(np.linalg.norm(laird[2], axis=1), 1)


def test_the_same_terms_are_found_where_neurosynth_found_them(laird, ours):
    _, terms, weights = laird
    assert len(terms) == 3_228
    np.testing.assert_array_equal(ours > 0, weights > 0)


def test_weights_are_counts_times_a_number_per_term(laird, ours):
    # weight = count x idf of the term x scale of the study: between two studies, the
    # ratio of weight to count is the same for every term that both have
    ratio = np.divide(laird[2], ours, out=np.zeros_like(ours), where=ours > 0)
    compared = 0
    for a, b in combinations(ratio, 2):
        both = (a > 0) & (b > 0)
        between = a[both] / b[both]
        np.testing.assert_allclose(between, between[:1].repeat(len(between)), rtol=1e-6)
        compared += max(len(between) - 1, 0)
    assert compared > len(ratio)

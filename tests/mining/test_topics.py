"""Topics: shares of studies, lists of words, and topics that were planted."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.decomposition import LatentDirichletAllocation
from threadpoolctl import threadpool_limits

from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.errors import OptionError, UnknownTermError
from nimare_neurosynth.mining import fit_topics

WORDS = tuple(f"word {chr(97 + i)}" for i in range(12))
N_STUDIES = 90
SILENT = [4, 50]
"""Studies without words."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # threads that wait for each other are slower than one, for a few points
    with threadpool_limits(1):
        yield


def planted(n_topics=3, seed=0):
    """Make counts of studies that use the words of one topic, four each."""
    rng = np.random.default_rng(seed)
    topic = np.arange(N_STUDIES) % n_topics
    rate = np.full((N_STUDIES, 4 * n_topics), 0.02)
    for t in range(n_topics):
        rate[topic == t, 4 * t : 4 * t + 4] = [9, 7, 5, 3]
    counts = rng.poisson(rate)
    counts[SILENT] = 0
    return counts.astype(float), topic


def word_set(counts, name="words"):
    labels = WORDS[: counts.shape[1]]
    return LabelSet(name, labels, sparse.csc_array(counts), "count")


@pytest.fixture(scope="module")
def words():
    return word_set(planted()[0])


@pytest.fixture(scope="module")
def fitted(words):
    return fit_topics(words, 3)


def shares_of(topics):
    return topics.weights.toarray()


def test_a_study_has_shares_that_sum_to_one_or_none(words, fitted):
    topics, table = fitted
    shares = shares_of(topics)
    assert shares.shape == (N_STUDIES, 3)
    assert (shares >= 0).all()
    expected = np.ones(N_STUDIES)
    expected[SILENT] = 0
    np.testing.assert_allclose(shares.sum(axis=1), expected)
    assert (topics.name, topics.kind, len(topics)) == ("LDA3", "weight", 3)
    assert isinstance(topics.weights, sparse.csc_array)
    assert table.shape == (3, 13)  # there are no more than twelve words


def test_planted_topics_are_recovered(fitted):
    topics, table = fitted
    _, truth = planted()
    shares = shares_of(topics)
    spoke = ~np.isin(np.arange(N_STUDIES), SILENT)
    found = shares[spoke].argmax(axis=1)
    where = [np.bincount(found[truth[spoke] == t]).argmax() for t in range(3)]
    assert sorted(where) == [0, 1, 2]
    np.testing.assert_array_equal(found, np.array(where)[truth[spoke]])
    assert shares[spoke].max(axis=1).min() > 0.8
    for t, topic in enumerate(where):
        first = table.loc[topic, ["word_1", "word_2", "word_3", "word_4"]]
        assert set(first) == set(WORDS[4 * t : 4 * t + 4])
        assert first.iloc[0] == WORDS[4 * t]


def test_it_is_scikit_learns_model(words, fitted):
    counts = words.weights.toarray()
    spoke = counts.any(axis=1)
    model = LatentDirichletAllocation(3, max_iter=20, random_state=0)
    expected = model.fit_transform(counts[spoke])
    np.testing.assert_allclose(shares_of(fitted[0])[spoke], expected, atol=1e-9)
    for row, weights in zip(
        fitted[1].to_dict("records"), model.components_, strict=True
    ):
        order = sorted(range(12), key=lambda i: -weights[i])
        assert [row[f"word_{i + 1}"] for i in range(12)] == [WORDS[i] for i in order]


def test_topics_are_called_by_number_and_three_words(fitted):
    topics, table = fitted
    assert table["topic"].tolist() == list(topics.labels)
    for t, row in enumerate(table.to_dict("records")):
        three = [row[f"word_{i}"].replace(" ", "-") for i in (1, 2, 3)]
        assert topics.labels[t] == "_".join([str(t), *three])
    assert list(table) == ["topic", *(f"word_{i}" for i in range(1, 13))]


@pytest.mark.parametrize(("n_words", "expected"), [(1, 1), (5, 5), (31, 12)])
def test_as_many_words_as_are_asked_for(words, fitted, n_words, expected):
    topics, table = fit_topics(words, 3, n_words=n_words)
    assert table.shape == (3, 1 + expected)
    assert topics.labels == fitted[0].labels if n_words > 2 else True
    columns = [f"word_{i + 1}" for i in range(expected)]
    pd.testing.assert_frame_equal(table[columns], fitted[1][columns])


def test_a_seed_gives_the_same_topics(words):
    options = {"n_topics": 4, "max_iter": 4}
    one, two = (fit_topics(words, **options, seed=7) for _ in range(2))
    np.testing.assert_array_equal(shares_of(one[0]), shares_of(two[0]))
    pd.testing.assert_frame_equal(one[1], two[1])
    other = fit_topics(words, **options, seed=8)
    assert np.abs(shares_of(other[0]) - shares_of(one[0])).max() > 0.01
    longer = fit_topics(words, 4, max_iter=9, seed=7)
    assert np.abs(shares_of(longer[0]) - shares_of(one[0])).max() > 1e-6


def test_weights_need_not_be_counts(words):
    tfidf = words.as_tfidf()
    topics, _ = fit_topics(tfidf, 2, max_iter=3, name="mine")
    assert topics.name == "mine"
    np.testing.assert_allclose(
        np.unique(shares_of(topics).sum(axis=1).round(9)), [0, 1]
    )


def test_zeros_that_are_stored_are_no_words(words, fitted):
    counts = words.weights.toarray()
    stored = sparse.csc_array(counts + 1)
    stored.data -= 1
    assert stored.nnz == counts.size
    topics, _ = fit_topics(LabelSet("words", WORDS, stored, "count"), 3)
    np.testing.assert_allclose(shares_of(topics), shares_of(fitted[0]), atol=1e-6)
    assert stored.nnz == counts.size  # what was given is left alone


def test_topics_can_be_asked_for(toy):
    words = toy.label_sets["terms"]
    topics, _ = fit_topics(words, 2, max_iter=3, name="mine")
    database = toy.with_label_set(topics)
    assert set(database.label_sets) == {"terms", "topics", "mine"}
    shares = shares_of(topics)
    for t, label in enumerate(topics.labels):
        found = database.select(f"mine:{label}", threshold=0.5)
        np.testing.assert_array_equal(found.mask, shares[:, t] >= 0.5)
        stars = database.select(f"mine:{t}_*", threshold=0.5)
        np.testing.assert_array_equal(stars.mask, found.mask)
    with pytest.raises(UnknownTermError, match="mine"):
        toy.select(f"mine:{topics.labels[0]}")
    with pytest.raises(OptionError, match="has a label set 'mine'"):
        database.with_label_set(topics)


WRONG = [
    ({"n_topics": 1}, "n_topics must be a whole number from 2 up, got 1"),
    ({"n_topics": 2.0}, "n_topics must be a whole number"),
    ({"n_topics": "3"}, "n_topics must be a whole number"),
    ({"n_topics": True}, "n_topics must be a whole number"),
    ({"n_words": 0}, "n_words must be a whole number from 1 up, got 0"),
    ({"n_words": None}, "n_words must be a whole number"),
    ({"n_words": True}, "n_words must be a whole number"),
    ({"max_iter": 0}, "max_iter must be a whole number from 1 up"),
    ({"max_iter": 2.5}, "max_iter must be a whole number"),
    ({"max_iter": True}, "max_iter must be a whole number"),
    ({"n_topics": 89}, "88 studies have words: too few for 89 topics"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=str)
def test_wrong_numbers_are_refused(words, options, message):
    with pytest.raises(OptionError, match=message):
        fit_topics(words, **{"n_topics": 3, "max_iter": 2} | options)


def test_words_without_usable_weights_are_refused(words):
    with pytest.raises(OptionError, match="'words' has no weights"):
        fit_topics(LabelSet("words", WORDS, None), 3)
    counts = words.weights.toarray()
    counts[0, 0] = -1
    with pytest.raises(OptionError, match="'words' has weights below 0"):
        fit_topics(word_set(counts), 3)
    counts[0, 0] = np.nan
    with pytest.raises(OptionError, match=r"'words' has weights .*NaN"):
        fit_topics(word_set(counts), 3)

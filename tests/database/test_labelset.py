"""Counts turned into tf-idf and presence."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from nimare_neurosynth import load_demo
from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.mining import extract_terms


def _counted(counts, kind="count"):
    labels = tuple(f"t{i}" for i in range(np.shape(counts)[1]))
    return LabelSet("words", labels, sparse.csc_array(counts), kind, "abstract")


SMALL = st.integers(0, 4)
ANY = st.sampled_from([0.0, 0.0, 1.0, 2.5, 1e6, 1e-3])


def _tables(elements=SMALL, min_labels=0):
    shapes = st.tuples(st.integers(1, 7), st.integers(min_labels, 6))
    return hnp.arrays(float, shapes, elements=elements)


def _tfidf(counts):
    """Work it out without any matrix: the recipe, number by number."""
    n_studies, n_labels = counts.shape
    weights = np.zeros(counts.shape)
    for i in range(n_studies):
        for j in range(n_labels):
            df = sum(counts[k, j] > 0 for k in range(n_studies))
            weights[i, j] = counts[i, j] * (np.log((1 + n_studies) / (1 + df)) + 1)
        norm = np.sqrt(sum(weight**2 for weight in weights[i]))
        if norm > 0:
            weights[i] /= norm
    return weights


@given(_tables())
def test_tfidf_is_the_recipe(counts):
    made = _counted(counts).as_tfidf()
    np.testing.assert_allclose(made.weights.toarray(), _tfidf(counts), rtol=1e-13)


@given(_tables(ANY, min_labels=1))
def test_tfidf_is_that_of_scikit_learn(counts):
    theirs = TfidfTransformer().fit_transform(sparse.csr_array(counts))
    ours = _counted(counts).as_tfidf().weights
    np.testing.assert_allclose(ours.toarray(), theirs.toarray(), rtol=1e-13)


@given(_tables())
def test_presence_is_where_there_is_a_count(counts):
    made = _counted(counts).as_presence()
    np.testing.assert_array_equal(made.weights.toarray(), counts > 0)
    assert made.weights.dtype == np.float64


@pytest.mark.parametrize(
    ("how", "kind"), [("tfidf", "tfidf"), ("presence", "presence")]
)
@given(counts=_tables())
def test_everything_else_stays(how, kind, counts):
    words = _counted(counts)
    before = words.weights.copy()
    made = getattr(words, f"as_{how}")()
    assert (made.name, made.labels, made.source) == ("words", words.labels, "abstract")
    assert (words.kind, made.kind) == ("count", kind)
    assert (words.weights != before).nnz == 0
    assert isinstance(made.weights, sparse.csc_array)
    made.weights.check_format(full_check=True)
    # studies without any count have nothing afterwards either
    has = np.zeros(len(counts), dtype=bool)
    has[made.weights.indices] = True
    np.testing.assert_array_equal(has, (counts > 0).any(axis=1))


@pytest.mark.parametrize("how", ["as_tfidf", "as_presence"])
def test_zeros_that_are_stored_are_no_counts(how):
    stored = sparse.csc_array(np.array([[2.0, 7.0], [1.0, 7.0]]))
    stored.data[[1, 2]] = 0
    words = LabelSet("words", ("a", "b"), stored, "count")
    made = getattr(words, how)()
    clean = getattr(_counted([[2.0, 0.0], [0.0, 7.0]]), how)()
    np.testing.assert_array_equal(made.weights.toarray(), clean.weights.toarray())
    assert made.weights.nnz == 2
    assert words.weights.nnz == 4


@pytest.mark.parametrize("how", ["as_tfidf", "as_presence"])
def test_mapped_arrays_are_not_written_to(how):
    counts = sparse.csc_array(np.array([[2.0, 0.0], [1.0, 7.0]]))
    for part in (counts.data, counts.indices, counts.indptr):
        part.setflags(write=False)
    made = getattr(LabelSet("words", ("a", "b"), counts, "count"), how)()
    assert made.weights.nnz == 3


def test_counts_of_abstracts_give_the_terms_of_neurosynth():
    # the whole recipe, from texts, is what extract_terms does
    abstracts = load_demo().table("texts")["abstract"].tolist()
    terms = extract_terms(abstracts, min_df=10, max_df=0.75)
    vectorizer = CountVectorizer(ngram_range=(1, 2), vocabulary=terms.labels)
    some = [i for i, label in enumerate(terms.labels) if " " not in label]
    counts = sparse.csc_array(vectorizer.fit_transform(abstracts), dtype=float)
    alone = [terms.labels[i] for i in some]
    made = LabelSet("words", tuple(alone), counts[:, some], "count").as_tfidf().weights
    theirs = terms.weights[:, some].toarray()
    # rows of all terms have norm 1; those of single words have it here
    norm = np.sqrt((theirs**2).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(made.toarray() * norm, theirs, atol=1e-13)


WRONG = {
    "tfidf": (_counted([[1.0]], "tfidf"), "weights of kind 'tfidf': only counts can"),
    "weight": (_counted([[1.0]], "weight"), "weights of kind 'weight'"),
    "presence": (_counted([[1.0]], "presence"), "weights of kind 'presence'"),
    "negative": (_counted([[1.0, -2.0]]), r"holds negative counts \(-2\)"),
    "no weights": (LabelSet("words", ("a",), None, "count"), "has no weights"),
}


@pytest.mark.parametrize("how", ["as_tfidf", "as_presence"])
@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_count(what, how):
    labels, message = WRONG[what]
    with pytest.raises(OptionError, match=f"the label set 'words' .*{message}"):
        getattr(labels, how)()


def test_a_second_time_is_refused():
    once = _counted([[1.0, 2.0]]).as_tfidf()
    with pytest.raises(OptionError, match="kind 'tfidf'"):
        once.as_tfidf()


def test_label_sets_do_not_change():
    with pytest.raises(FrozenInstanceError):
        _counted([[1.0]]).kind = "tfidf"

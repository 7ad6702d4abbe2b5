"""Neurosynth's own recipe for terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.space import nimare_resource

if TYPE_CHECKING:
    from collections.abc import Sequence


def extract_terms(
    texts: Sequence[str],
    *,
    min_df: float = 0.005,
    max_df: float = 0.5,
    name: str = "terms",
) -> LabelSet:
    """Extract words and pairs of words with tf-idf weights, as Neurosynth does.

    Parameters
    ----------
    texts : sequence of str
        One text per study, empty where there is none.
    min_df, max_df : int or float
        Leave out terms in fewer or more texts than this: a share, or a number.
        Neurosynth's 14,371 abstracts were cut at about 0.5 % and 50 %.
    name : str
        Name of the label set.

    Returns
    -------
    LabelSet
        Terms in alphabetical order; weights of each study have a Euclidean norm of 1.

    Raises
    ------
    OptionError
        If no term is left.

    Notes
    -----
    scikit-learn's TfidfVectorizer: lower case, words of two letters or more, NiMARE's
    list of 396 stop words taken out before pairs are formed, raw counts times
    ln((1 + N) / (1 + df)) + 1, rows scaled to norm 1. This reproduces the weights of
    Neurosynth version 7 exactly. Single letters are no words: "n-back" becomes "back",
    which is a stop word.

    Examples
    --------
    >>> terms = extract_terms(["working memory", "memory and pain"], min_df=1, max_df=2)
    >>> terms.labels
    ('memory', 'memory pain', 'pain', 'working', 'working memory')
    """
    from scipy.sparse import csc_array
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not all(isinstance(text, str) for text in texts):
        raise OptionError('texts must all be text; give "" where a study has none.')
    stop_words = nimare_resource("neurosynth_stoplist.txt").read_text().split()
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), stop_words=stop_words, min_df=min_df, max_df=max_df
    )
    try:
        weights = vectorizer.fit_transform(texts)
    except ValueError as error:
        raise OptionError(
            f"no terms can be extracted from these {len(texts):,} texts: {error}"
        ) from error
    labels = tuple(str(label) for label in vectorizer.get_feature_names_out())
    columns = csc_array(weights, dtype=np.float64)
    columns.sort_indices()
    return LabelSet(name, labels, columns, kind="tfidf", source="abstract")

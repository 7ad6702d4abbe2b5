"""Which labels the titles of studies name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_array

_WORD = re.compile(r"\w+")


def label_phrases(label: str) -> set[str]:
    """List the phrases by which a title names a label.

    Parameters
    ----------
    label : str
        A term (``"working memory"``) is one phrase. A topic that is called after its
        words (``"9_memory_working_wm"``) has each of them, without its number. What
        stands before two underscores (``"terms_abstract_tfidf__pain"``) is no part.

    Returns
    -------
    set of str
        Words in lower case with a blank between them.

    Examples
    --------
    >>> sorted(label_phrases("9_memory_working_wm"))
    ['memory', 'wm', 'working']
    >>> label_phrases("Default-mode network")
    {'default mode network'}
    """
    name = label.rpartition("__")[2].casefold()
    if "_" not in name:
        phrases = {" ".join(_WORD.findall(name))}
    else:
        phrases = {word for word in name.split("_") if not word.isdigit()}
    return phrases - {""}


def named_labels(titles: Sequence[str], labels: Sequence[str]) -> csr_array:
    """Find the labels that titles name.

    Parameters
    ----------
    titles : sequence of str
        One for each study, empty where there is none.
    labels : sequence of str
        Names of terms or topics.

    Returns
    -------
    scipy.sparse.csr_array of float64, shape (n_titles, n_labels)
        How many of a label's phrases a title has.

    Examples
    --------
    >>> titles = ["Working memory load", "Memory for pain"]
    >>> named_labels(titles, ["pain", "9_memory_working_wm"]).toarray().tolist()
    [[0.0, 2.0], [1.0, 1.0]]
    """
    from scipy.sparse import csr_array

    number: dict[str, int] = {}
    of_phrase: list[int] = []
    of_label: list[int] = []
    for column, label in enumerate(labels):
        for phrase in label_phrases(label):
            of_phrase.append(number.setdefault(phrase, len(number)))
            of_label.append(column)
    in_title = _occurrences(titles, number)
    meant = _ones(of_phrase, of_label, (len(number), len(labels)))
    return csr_array(in_title @ meant)


def _occurrences(titles: Sequence[str], number: dict[str, int]) -> csr_array:
    """Mark the phrases that each title has, as whole words."""
    longer: dict[str, set[int]] = {}  # numbers of words, by the first of them
    for phrase in number:
        first, *more = phrase.split(" ")
        if more:
            longer.setdefault(first, set()).add(len(more) + 1)
    rows: list[int] = []
    columns: list[int] = []
    for row, title in enumerate(titles):
        words = _WORD.findall(title.casefold())
        found = [number[word] for word in words if word in number]
        for start, word in enumerate(words):
            for length in longer.get(word, ()):
                phrase = " ".join(words[start : start + length])
                if phrase in number:
                    found.append(number[phrase])
        columns += found
        rows += [row] * len(found)
    marks = _ones(rows, columns, (len(titles), len(number)))
    marks.data[:] = 1  # once, however often
    return marks


def _ones(rows: list[int], columns: list[int], shape: tuple[int, int]) -> csr_array:
    from scipy.sparse import csr_array

    at = (np.array(rows, dtype=np.intp), np.array(columns, dtype=np.intp))
    return csr_array((np.ones(len(rows)), at), shape=shape)

"""Topics: words that occur together, by latent Dirichlet allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd

_NAMED_BY = 3
_FEWEST = 2


def fit_topics(
    words: LabelSet,
    n_topics: int = 50,
    *,
    n_words: int = 31,
    max_iter: int = 20,
    seed: int = 0,
    name: str | None = None,
    n_jobs: int = 1,
) -> tuple[LabelSet, pd.DataFrame]:
    """Find topics in the words of studies.

    Latent Dirichlet allocation (Blei et al. 2003), by scikit-learn's variational Bayes
    of all studies at once. Neurosynth's own topics are by Gibbs sampling (MALLET):
    other topics, of the same kind.

    Parameters
    ----------
    words : LabelSet
        Counts or weights of words in studies, for example ``db.label_sets["terms"]``.
    n_topics : int
        How many topics, 2 at least.
    n_words : int
        Words to list for each.
    max_iter : int
        Passes over the studies.
    seed : int
        Of the start.
    name : str, optional
        Of the new label set; ``"LDA50"`` and so on by default.
    n_jobs : int
        Processes; -1 for all cores.

    Returns
    -------
    topics : LabelSet
        Share of each topic in each study: a study's weights sum to 1, and studies
        without words have none. Topics are called by their number and first three
        words (``"7_reward_feedback_striatum"``), as Neurosynth's are.
    table : pandas.DataFrame
        A row for each topic: ``topic`` and ``word_1`` to ``word_31``, the likeliest
        first.

    Raises
    ------
    OptionError
        If the label set has no weights, or a number cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> words = load_demo().label_sets["terms"]
    >>> topics, table = fit_topics(words, 4, n_words=5, max_iter=3)
    >>> len(topics), table.shape
    (4, (4, 6))
    """
    import pandas as pd
    from scipy.sparse import csc_array
    from sklearn.decomposition import LatentDirichletAllocation

    for what, value, least in (
        ("n_topics", n_topics, _FEWEST),
        ("n_words", n_words, 1),
        ("max_iter", max_iter, 1),
    ):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least:
            raise OptionError(
                f"{what} must be a whole number from {least} up, got {value!r}."
            )
    if words.weights is None:
        raise OptionError(f"the label set {words.name!r} has no weights.")
    if not (words.weights.data >= 0).all():
        raise OptionError(f"the label set {words.name!r} has weights below 0, or NaN.")
    counts = words.weights.tocsr()  # a copy, in which zeros are no words
    counts.eliminate_zeros()
    known = np.flatnonzero(np.diff(counts.indptr) > 0)
    if len(known) < n_topics:
        raise OptionError(
            f"{len(known):,} studies have words: too few for {n_topics:,} topics."
        )
    model = LatentDirichletAllocation(
        n_topics, max_iter=max_iter, random_state=seed, n_jobs=n_jobs
    )
    shares = np.zeros((counts.shape[0], n_topics))
    shares[known] = model.fit_transform(counts[known])
    order = np.argsort(-model.components_, axis=1, kind="stable")
    order = order[:, : min(n_words, len(words))]
    listed = [[words.labels[i] for i in row] for row in order]
    names = tuple(
        "_".join([str(t), *(word.replace(" ", "-") for word in row[:_NAMED_BY])])
        for t, row in enumerate(listed)
    )
    columns = [f"word_{i + 1}" for i in range(order.shape[1])]
    table = pd.DataFrame(listed, columns=columns)
    table.insert(0, "topic", names)
    made = LabelSet(name or f"LDA{n_topics}", names, csc_array(shares), "weight")
    return made, table

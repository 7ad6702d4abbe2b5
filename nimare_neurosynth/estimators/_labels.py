"""Which analyses of a studyset have a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database


def database_of(store: Any) -> Database:
    """Give the analyses of a store as a database, a row each; kept with the store."""
    from nimare.studyset import Studyset
    from nimare.studyset.store import derived

    from nimare_neurosynth.io import from_studyset

    kept = derived(store)
    if __name__ not in kept:
        whole = Studyset(store, target=None)
        kept[__name__] = from_studyset(whole, unit="analysis")
    made: Database = kept[__name__]
    return made


def analyses_with(
    view: Any, query: str, *, annotation: str | None, **understood: Any
) -> BoolArray:
    """Say which analyses of a view a query selects.

    Parameters
    ----------
    view : nimare View
        Any analyses of a store.
    query : str
        About the labels of its annotations.
    annotation : str or None
        The annotation that is meant.
    **understood
        ``threshold`` and ``func``.

    Returns
    -------
    ndarray of bool, shape (n_analyses,)
    """
    database = database_of(view.store)
    chosen = database.select(query, label_set=annotation, **understood)
    known = set(database.study_ids[chosen.mask])
    return np.array([str(key) in known for key in view.keys], dtype=bool)

"""The labels of a studyset's analyses, as NiMARE's decoders choose them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, UnknownTermError, suggest
from nimare_neurosynth.estimators._labels import database_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth.database import LabelSet


def weights_of(
    view: Any,
    places: NDArray[np.int64],
    n_places: int,
    *,
    group: str | None,
    features: Sequence[str] | None,
) -> tuple[list[str], csr_array]:
    """Give the weights of features in analyses.

    Parameters
    ----------
    view : nimare View
        The analyses.
    places : ndarray of int64, shape (n_analyses,)
        Where each of them is in a pool.
    n_places : int
        Size of the pool.
    group : str or None
        Only features whose name begins so (``"Neurosynth_TFIDF"``, with or without the
        ``"__"`` that ends it).
    features : sequence of str or None
        Only these, with or without that beginning.

    Returns
    -------
    names : list of str
    weights : csr_array of float64, shape (n_features, n_places)

    Raises
    ------
    OptionError
        If the studyset has no numbers for labels.
    UnknownTermError
        If there is no such group or feature.
    """
    from scipy.sparse import csr_array, vstack

    database = database_of(view.store)
    chosen: dict[str, tuple[LabelSet, int]] = {}
    for labels in database.label_sets.values():
        if labels.weights is not None:
            for i, name in enumerate(labels.labels):
                # as NiMARE calls labels that several annotations have
                called = f"{labels.name}.{name}" if name in chosen else name
                chosen[called] = (labels, i)
    if not chosen:
        raise OptionError("this studyset has no annotation with numbers to decode to.")
    names = _chosen(list(chosen), group, features)
    where = dict(zip(view.keys.astype(str).tolist(), places.tolist(), strict=True))
    place = np.array([where.get(str(key), -1) for key in database.study_ids])
    rows = []
    for labels in {id(chosen[name][0]): chosen[name][0] for name in names}.values():
        own = [chosen[name][1] for name in names if chosen[name][0] is labels]
        part = labels.weights[:, own].T.tocoo()  # type: ignore[index]
        inside = place[part.col] >= 0
        moved = (part.row[inside], place[part.col[inside]])
        rows.append(csr_array((part.data[inside], moved), shape=(len(own), n_places)))
    return names, vstack(rows, format="csr").astype(np.float64)


def _chosen(
    known: list[str], group: str | None, features: Sequence[str] | None
) -> list[str]:
    if group is not None and not isinstance(group, str):
        raise OptionError(f"feature_group must be a text, got {group!r}.")
    prefix = "" if group is None else group if group.endswith("__") else f"{group}__"
    inside = [name for name in known if name.startswith(prefix)]
    if not inside:
        groups = sorted({name.split("__")[0] for name in known if "__" in name})
        listed = ", ".join(groups) or "none"
        raise UnknownTermError(
            f"no feature begins with {prefix!r}; there are the groups {listed}."
            f"{suggest(prefix, groups)}"
        )
    if features is None:
        return inside
    is_list = hasattr(features, "__len__") and not isinstance(features, str)
    if not is_list or len(features) == 0:
        raise OptionError(f"features must be a list of names, got {features!r}.")
    full = {name: name for name in inside} | {n[len(prefix) :]: n for n in inside}
    missing = [name for name in features if name not in full]
    if missing:
        raise UnknownTermError(
            f"there is no feature {missing[0]!r}.{suggest(str(missing[0]), full)}"
        )
    wanted = {full[name] for name in features}
    return [name for name in inside if name in wanted]

"""Kinds of analyses within which labels are exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, suggest
from nimare_neurosynth.inference import quantile_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray


def strata_of(
    views: Any, strata: Any, n_foci: NDArray[np.int64]
) -> NDArray[np.int64] | None:
    """Sort the analyses of some views into strata.

    Parameters
    ----------
    views : sequence of nimare View
        Whose analyses, one view after the other.
    strata : str, sequence of str, array or None
        ``"peaks"`` (how many foci), ``"space"``, or the name of a field of metadata,
        such as ``"year"``; several names are combined. Or a value for each analysis.
    n_foci : ndarray of int64, shape (n_analyses,)
        Foci of each analysis.

    Returns
    -------
    ndarray of int64, shape (n_analyses,), or None

    Raises
    ------
    OptionError
        If there is no such field, or there are too few values.
    """
    if strata is None:
        return None
    names = [strata] if isinstance(strata, str) else strata
    if not _are_names(names):
        values = np.asarray(strata)
        if values.shape != n_foci.shape:
            raise OptionError(
                "strata must be names ('peaks', 'space', 'year'), or a value for each "
                f"of the {len(n_foci):,} analyses, got {strata!r}."
            )
        return _codes(values)
    columns = [_column(views, name, n_foci) for name in names]
    return _codes(
        np.array(["\0".join(map(str, row)) for row in zip(*columns, strict=True)])
    )


def _are_names(strata: Any) -> bool:
    """Tell a list of names from a value for each analysis."""
    listed = isinstance(strata, list | tuple) and len(strata) > 0
    return listed and all(type(name) is str for name in strata)


def _codes(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


def _column(views: Any, name: str, n_foci: NDArray[np.int64]) -> NDArray[np.int64]:
    if name == "peaks":
        return quantile_parts(n_foci.astype(np.float64))
    if name == "space":
        return _codes(np.concatenate([_spaces(view) for view in views]))
    known = sorted({n for view in views for n in _fields(view)})
    if name not in known:
        raise OptionError(
            f"there is no metadata field {name!r} to make strata of; there is 'peaks', "
            f"'space' and {', '.join(map(repr, known)) or 'nothing else'}."
            f"{suggest(name, ['peaks', 'space', *known])}"
        )
    nothing = [[None] * len(view) for view in views]
    several = [_fields(v).get(name, n) for v, n in zip(views, nothing, strict=True)]
    values = [value for own in several for value in own]
    try:
        numbers = np.array([np.nan if v is None else float(v) for v in values])
    except (TypeError, ValueError):
        return _codes(np.array([str(v) for v in values]))
    return quantile_parts(numbers)


def _spaces(view: Any) -> NDArray[Any]:
    store = view.store
    first = np.minimum(store.point_offsets[view.index], max(store.n_points - 1, 0))
    names = np.array([str(name) for name in store.space_dict.categories], dtype=object)
    return np.asarray(names[store.point_space[first]].astype(str))


def _fields(view: Any) -> dict[str, list[Any]]:
    """Give every metadata field of a view's analyses, from whichever level has it."""
    store = view.store
    fields: dict[str, list[Any]] = {}
    levels = (
        (store.study_attrs, store.study_idx[view.index]),
        (store.study_metadata, store.study_idx[view.index]),
        (store.metadata, view.index),
    )
    for columns, rows in levels:
        for name in columns.keys() if columns is not None else ():
            values = columns.get(name, sel=None)
            fields[name] = [values[int(row)] for row in rows]
    return fields

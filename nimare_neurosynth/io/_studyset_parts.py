"""Columns of tables, and label sets, as a Studyset holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._annotations import OURS, has_booleans, set_facts
from nimare_neurosynth.io._values import from_series

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import IntArray
    from nimare_neurosynth.database import Database, LabelSet


def dense(column: pd.Series | None, n: int) -> NDArray[np.object_]:
    """Give a column as plain values, None where it has none.

    Parameters
    ----------
    column : pandas.Series or None
        None gives None for all rows.
    n : int
        Number of rows.

    Returns
    -------
    ndarray of object, shape (n,)
    """
    values = np.full(n, None, dtype=object)
    if column is not None:
        rows, given = from_series(column)
        for row, value in zip(rows.tolist(), given, strict=True):
            values[row] = value
    return values


def metadata_keys(
    columns: Mapping[str, pd.Series], known: set[str]
) -> dict[str, pd.Series]:
    """Call columns as they were called in metadata.

    Parameters
    ----------
    columns : mapping of str to pandas.Series
    known : set of str
        Names that mean something else, so that a key of that name was given a prefix.

    Returns
    -------
    dict of str to pandas.Series
    """
    keys = {}
    for name, column in columns.items():
        key = name.removeprefix("metadata.")
        keys[key if key in known and key not in columns else name] = column
    return keys


def column_store(
    module: Any, n: int, columns: Mapping[str, pd.Series], to: IntArray
) -> Any:
    """Make a ColumnStore of columns, which only stores the values there are.

    Parameters
    ----------
    module : module
        ``nimare.studyset``.
    n : int
        Number of its rows.
    columns : mapping of str to pandas.Series
    to : ndarray of int
        The row that each row of the columns goes to; -1 for those left out.

    Returns
    -------
    nimare.studyset.ColumnStore
    """
    store = module.ColumnStore(n)
    for name, column in columns.items():
        rows, values = from_series(column)
        target = to[rows]
        order = np.argsort(target, kind="stable")
        order = order[target[order] >= 0]
        store.add_sparse(name, target[order], [values[i] for i in order.tolist()])
    return store


def encoded(module: Any, column: pd.Series | None, rows: IntArray) -> tuple[Any, Any]:
    """Give the distinct values of a column numbers; most often there are few.

    Returns
    -------
    dictionary : nimare.studyset.Dict8
    codes : ndarray of int16 (int32, if there are that many), shape (len(rows),)
    """
    import pandas as pd

    values = np.full(len(rows), None) if column is None else column.to_numpy()[rows]
    codes, distinct = pd.factorize(np.asarray(values, dtype=object))
    names: list[str | None] = [str(value) for value in distinct]
    if (codes < 0).any():
        names.append(None)
        codes = np.where(codes < 0, len(names) - 1, codes)
    kind = np.int16 if len(names) <= np.iinfo(np.int16).max else np.int32
    return module.Dict8(names), codes.astype(kind)


# ---------------------------------------------------------------------- conditions


def condition_columns(
    module: Any, analyses: pd.DataFrame, order: IntArray
) -> dict[str, Any]:
    """Take conditions and their weights out of the columns that hold them as JSON.

    Parameters
    ----------
    module : module
    analyses : pandas.DataFrame
    order : ndarray of int
        Its rows in the order in which they are stored.

    Returns
    -------
    dict
        Fields of a StudysetStore.
    """
    n = len(analyses)
    conditions = dense(analyses.get("conditions"), n)[order]
    weights = dense(analyses.get("weights"), n)[order]
    names = module.Dict8()
    descriptions: dict[int, str] = {}
    codes: list[int] = []
    numbers: list[float] = []
    counts = np.zeros(n, dtype=np.int64)
    for i, own in enumerate(conditions):
        if not isinstance(own, list):
            continue
        given = weights[i] if isinstance(weights[i], list) else []
        counts[i] = len(own)
        for j, condition in enumerate(own):
            is_object = isinstance(condition, dict)
            code = names.code(condition.get("name") if is_object else condition)
            if is_object and condition.get("description") is not None:
                descriptions[code] = condition["description"]
            codes.append(code)
            numbers.append(float(given[j]) if j < len(given) else 1.0)
    return {
        "condition_offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "condition_code": np.array(codes, dtype=np.int32),
        "condition_weight": np.array(numbers, dtype=np.float64),
        "condition_dict": names,
        "condition_descriptions": descriptions,
    }


# --------------------------------------------------------------------- annotations


def annotation_sets(module: Any, database: Database, study: IntArray) -> dict[str, Any]:
    """Make an annotation of each label set.

    Parameters
    ----------
    module : module
    database : Database
    study : ndarray of int, shape (n_analyses,)
        Position of each analysis's study.

    Returns
    -------
    dict of str to nimare.studyset.AnnotationSet
        What the database knows of the set, and its licence, is in their metadata.
    """
    made = {}
    for labels in database.label_sets.values():
        columns, kind = _columns(module, labels, study)
        facts = {
            **set_facts(labels),
            "about": database.about.to_dict(),
            "notes": list(database.notes),
        }
        made[labels.name] = module.AnnotationSet(
            id=labels.name,
            name=labels.name,
            columns=columns,
            note_key_types=dict.fromkeys(labels.labels, kind),
            metadata={OURS: facts},
        )
    return made


def _columns(module: Any, labels: LabelSet, study: IntArray) -> tuple[Any, str]:
    """Give the weights of each label to the analyses of the studies that have it."""
    if len(labels.index) < len(labels):
        raise FormatError(
            f"the label set {labels.name!r} has {len(labels) - len(labels.index):,} "
            "labels twice: each needs its own name."
        )
    columns = module.ColumnStore(len(study))
    if labels.weights is None:
        for label in labels.labels:
            columns.add_sparse(label, [], [])
        return columns, "number"
    weights = labels.weights.tocsr()[study].tocsc()
    weights.eliminate_zeros()
    weights.sort_indices()
    boolean = has_booleans(labels)
    data = (weights.data == 1 if boolean else weights.data).tolist()
    rows = weights.indices.astype(np.int64)
    bounds = weights.indptr.tolist()
    for j, label in enumerate(labels.labels):
        here = slice(bounds[j], bounds[j + 1])
        columns.add_sparse(label, rows[here], data[here])
    return columns, "boolean" if boolean else "number"

"""What two databases have in common, and what not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth.database import Database

_MOST_NAMED = 5
_CLOSE = 1e-9


@dataclass
class Difference:
    """What changed from one database to another.

    Attributes
    ----------
    added, removed, changed : list of str
        In words, with numbers and examples.
    """

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def to_dict(self) -> dict[str, list[str]]:
        """Give the difference as plain types, for JSON."""
        return dict(vars(self))

    def __str__(self) -> str:
        if not self:
            return "no difference"
        rows = [("+", self.added), ("-", self.removed), ("~", self.changed)]
        return "\n".join(f"{sign} {what}" for sign, all_ in rows for what in all_)

    def compare(self, what: str, old: list[Any], new: list[Any]) -> None:
        """Note which of some names are new, and which are gone."""
        before, after = set(old), set(new)
        for listed, names in (
            (self.added, [n for n in dict.fromkeys(new) if n not in before]),
            (self.removed, [n for n in dict.fromkeys(old) if n not in after]),
        ):
            if names:
                listed.append(f"{len(names):,} {what}: {examples(names)}")


def examples(names: list[Any]) -> str:
    """Name a few of many."""
    shown = ", ".join(str(name) for name in names[:_MOST_NAMED])
    return shown + (", ..." if len(names) > _MOST_NAMED else "")


def diff_databases(old: Database, new: Database) -> Difference:
    """Compare two databases: studies, tables, peaks and labels.

    Parameters
    ----------
    old, new : Database
        Studies are matched by their ids.

    Returns
    -------
    Difference
        False if there is none. Missing values and empty texts are the same; numbers
        may differ by a billionth.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> print(diff_databases(load_demo(), load_demo()))
    no difference
    """
    found = Difference()
    ids_old = [str(i) for i in old.study_ids]
    ids_new = [str(i) for i in new.study_ids]
    found.compare("studies", ids_old, ids_new)
    place = {study: i for i, study in enumerate(ids_new)}
    common = [study for study in ids_old if study in place]
    rows_old = np.array([i for i, s in enumerate(ids_old) if s in place], dtype=int)
    rows_new = np.array([place[study] for study in common], dtype=int)
    if (np.diff(rows_new) < 0).any():
        found.changed.append("the order of studies")
    _compare_columns(found, "studies", old.studies, new.studies, (rows_old, rows_new))
    _compare_texts(found, old, new)
    for name in ("analyses", "peaks"):
        found.compare(f"columns of {name}", *(columns_of(d, name) for d in (old, new)))
    _compare_analyses(found, old, new, (rows_old, rows_new))
    _compare_peaks(found, old, new, (rows_old, rows_new))
    _compare_labels(found, old, new, (rows_old, rows_new))
    return found


Rows = tuple["NDArray[Any]", "NDArray[Any]"]


def _compare_columns(
    found: Difference, what: str, old: pd.DataFrame, new: pd.DataFrame, rows: Rows
) -> None:
    skipped = {"study_id", "study"}
    names_old = [c for c in old.columns if c not in skipped]
    names_new = [c for c in new.columns if c not in skipped]
    found.compare(f"columns of {what}", names_old, names_new)
    common = [str(name) for name in names_old if name in new.columns]
    _compare_values(found, what, old.iloc[rows[0]], new.iloc[rows[1]], common)


def _compare_values(
    found: Difference, what: str, old: pd.DataFrame, new: pd.DataFrame, names: list[str]
) -> None:
    """Compare columns of tables whose rows belong together."""
    for name in names:
        columns = (table[name].reset_index(drop=True) for table in (old, new))
        n = int((~_same(*columns)).sum())
        if n:
            found.changed.append(f"{name} of {n:,} {what}")


def _compare_analyses(
    found: Difference, old: Database, new: Database, rows: Rows
) -> None:
    if not all("analyses" in d.table_names for d in (old, new)):
        return
    frames = []
    for database, own in ((old, rows[0]), (new, rows[1])):
        table = database.table("analyses")
        place = np.full(database.n_studies, -1)
        place[own] = np.arange(len(own))
        row = place[table["study"].to_numpy(dtype=np.int64)]
        order = np.argsort(row, kind="stable")
        frames.append(table.iloc[order[row[order] >= 0]])
    one, two = frames
    if len(one) != len(two):
        found.changed.append(
            f"the number of analyses of these studies: {len(one):,}, now {len(two):,}"
        )
        return
    common = [c for c in columns_of(old, "analyses") if c in two]
    _compare_values(found, "analyses", one, two, common)


def _compare_texts(found: Difference, old: Database, new: Database) -> None:
    """Compare abstracts and the like: by study, as they are kept apart."""
    one, two = (
        d.table("texts").set_index("study_id") if "texts" in d.table_names else None
        for d in (old, new)
    )
    names = [[] if t is None else [c for c in t if c != "study"] for t in (one, two)]
    found.compare("texts", *names)
    if one is None or two is None:
        return
    common = one.index.intersection(two.index)
    for name in [n for n in names[0] if n in names[1]]:
        columns = (t[name].loc[common].reset_index(drop=True) for t in (one, two))
        n = int((~_same(*columns)).sum())
        if n:
            found.changed.append(f"{name} of {n:,} studies")


def _same(one: pd.Series, two: pd.Series) -> NDArray[np.bool_]:
    """Tell which values of two columns are the same, or both missing."""
    texts = [c.astype("string").fillna("").str.strip() for c in (one, two)]
    alike = np.asarray((texts[0] == texts[1]).to_numpy(dtype=bool))
    if not any(pd.api.types.is_numeric_dtype(c.dtype) for c in (one, two)):
        return alike  # "001" and "1" are two names
    numbers = [pd.to_numeric(c, errors="coerce") for c in (one, two)]
    first, second = (n.to_numpy(dtype=np.float64, na_value=np.nan) for n in numbers)
    return np.asarray(alike | np.isclose(first, second, rtol=_CLOSE, atol=_CLOSE))


def _compare_peaks(found: Difference, old: Database, new: Database, rows: Rows) -> None:
    frames = [
        _peak_frame(database, own) for database, own in ((old, rows[0]), (new, rows[1]))
    ]
    if len(frames[0]) != len(frames[1]):
        n, m = (len(frame) for frame in frames)
        found.changed.append(f"the number of peaks of these studies: {n:,}, now {m:,}")
        return
    one, two = frames
    axes = ["x", "y", "z"]
    if (one["row"].to_numpy() != two["row"].to_numpy()).any():
        found.changed.append("the studies that peaks are of")
        return
    same = np.isclose(one[axes], two[axes], rtol=0, atol=1e-6, equal_nan=True)
    moved = ~same.all(axis=1)
    if moved.any():
        found.changed.append(f"coordinates of {int(moved.sum()):,} peaks")
    named = one["space"].to_numpy() != two["space"].to_numpy()
    if named.any():
        found.changed.append(f"the space of {int(named.sum()):,} peaks")
    grouped = _first_of_group(one["analysis"]) != _first_of_group(two["analysis"])
    if grouped.any():
        found.changed.append(f"the analysis of {int(grouped.sum()):,} peaks")
    columns = [c for c in columns_of(old, "peaks") if c in columns_of(new, "peaks")]
    if columns:
        tables = (
            old.table("peaks").iloc[one.index],
            new.table("peaks").iloc[two.index],
        )
        _compare_values(found, "peaks", *tables, columns)


def columns_of(database: Database, table: str) -> list[str]:
    """List the columns of a table; none where there is no such table."""
    if table not in database.table_names:
        return []
    names = map(str, database.table(table))
    return [name for name in names if name not in ("study_id", "study")]


def _peak_frame(database: Database, rows: NDArray[Any]) -> pd.DataFrame:
    """Give the peaks of some studies, study by study."""
    peaks = database.peaks
    place = np.full(database.n_studies, -1)
    place[rows] = np.arange(len(rows))
    frame = pd.DataFrame(np.asarray(peaks.xyz), columns=["x", "y", "z"])
    frame["row"] = place[np.asarray(peaks.study)]
    frame["analysis"] = np.asarray(peaks.analysis)
    frame["space"] = np.array(peaks.spaces, dtype=object)[np.asarray(peaks.space)]
    return frame[frame["row"] >= 0].sort_values("row", kind="stable")


def _first_of_group(groups: pd.Series) -> NDArray[np.int64]:
    """Name each group by the position of its first member."""
    codes, _ = pd.factorize(groups)
    first = np.unique(codes, return_index=True)[1]
    return np.asarray(first[codes], dtype=np.int64)


def _compare_labels(
    found: Difference, old: Database, new: Database, rows: Rows
) -> None:
    found.compare("label sets", list(old.label_sets), list(new.label_sets))
    for name, one in old.label_sets.items():
        two = new.label_sets.get(name)
        if two is None:
            continue
        found.compare(f"labels of {name}", list(one.labels), list(two.labels))
        if (one.weights is None) != (two.weights is None):
            gone = two.weights is None
            (found.removed if gone else found.added).append(f"weights of {name}")
        if one.weights is None or two.weights is None:
            continue
        shared = [label for label in one.labels if label in two.index]
        columns = [[s.index[label] for label in shared] for s in (one, two)]
        parts = [
            s.weights[:, own].tocsr()[r]  # type: ignore[index]
            for s, own, r in zip((one, two), columns, rows, strict=True)
        ]
        gap = abs(parts[0] - parts[1])
        n = int((gap > _CLOSE).nnz)
        if n:
            found.changed.append(f"{n:,} weights of {name}")

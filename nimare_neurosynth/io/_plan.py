"""Which analyses a studyset that is made of a database has, and in what order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nimare_neurosynth.io._values import unique_names

if TYPE_CHECKING:
    from nimare_neurosynth._typing import IntArray
    from nimare_neurosynth.database import Database

UNITS = ("study", "table")

NAME_COLUMNS = ("name", "table_label", "table_name", "contrast")
"""Columns that name an analysis; the first there is."""

_ID_COLUMNS = ("analysis_id", "table_id", "contrast")


@dataclass(frozen=True)
class Plan:
    """Where everything goes: NiMARE sorts studies and analyses by their ids.

    Attributes
    ----------
    database : Database
    table : pandas.DataFrame
        The analyses in the order of the source: ``study``, ``row`` (their row in the
        database's table, or -1), ``analysis_id``, and further columns.
    by : str
    """

    database: Database
    table: pd.DataFrame
    by: str

    @classmethod
    def of(cls, database: Database, by: str) -> Plan:
        """Plan one analysis per study, or one per table."""
        return cls(database, _analyses_by(database, by), by)

    @cached_property
    def study(self) -> IntArray:
        """Position of each analysis's study, in the order of the source."""
        return self.table["study"].to_numpy(dtype=np.int64)

    @cached_property
    def full_ids(self) -> list[str]:
        """Give the full ids of the analyses, in the order of the source."""
        ids = self.database.study_ids[self.study]
        keys = self.table["analysis_id"]
        full = [f"{own}-{key}" for own, key in zip(ids, keys, strict=True)]
        return unique_names(full)

    @cached_property
    def study_order(self) -> IntArray:
        """Studies as they are stored.

        By id and hyphen, so that full ids are in order too, also where an id holds
        characters that come before the hyphen.
        """
        ids = [f"{own}-" for own in self.database.study_ids]
        return np.argsort(np.array(ids, dtype=object), kind="stable")

    @cached_property
    def study_row(self) -> IntArray:
        return _inverse(self.study_order)

    @cached_property
    def analysis_order(self) -> IntArray:
        """Analyses as they are stored: by study, then by full id."""
        rank = _inverse(np.argsort(np.array(self.full_ids, object), kind="stable"))
        return np.lexsort((rank, self.study_row[self.study]))

    @cached_property
    def analysis_row(self) -> IntArray:
        return _inverse(self.analysis_order)

    @cached_property
    def peak_analysis(self) -> IntArray:
        """The analysis of each peak, in the order of the source."""
        peaks = self.database.peaks
        if self.by == "study":
            return peaks.study.astype(np.int64)
        return peaks.analysis.astype(np.int64)

    @cached_property
    def peak_order(self) -> IntArray:
        """Peaks as they are stored: by analysis."""
        kept = np.flatnonzero(self.database.peaks.is_complete)
        parents = self.analysis_row[self.peak_analysis[kept]]
        return kept[np.argsort(parents, kind="stable")]


def _inverse(order: IntArray) -> IntArray:
    inverse = np.empty(len(order), dtype=np.int64)
    inverse[order] = np.arange(len(order))
    return inverse


def _analyses_by(database: Database, by: str) -> pd.DataFrame:
    """List the analyses in the order of the source."""
    own = analyses_of(database)
    own = own.assign(row=np.arange(len(own)))
    study = own["study"].to_numpy(dtype=np.int64)
    if by == "study":
        row = np.full(database.n_studies, -1, dtype=np.int64)
        row[study[::-1]] = own["row"].to_numpy()[::-1]
        row[np.bincount(study, minlength=database.n_studies) != 1] = -1
        return pd.DataFrame(
            {"study": np.arange(database.n_studies), "row": row, "analysis_id": "1"}
        )
    keys = next((own[c] for c in _ID_COLUMNS if c in own), None)
    numbers = own.groupby("study").cumcount() + 1
    ids = numbers.astype("str")
    if keys is not None:
        text = keys.astype("str").str.strip()
        ids = text.where(keys.notna() & (text != ""), ids)
    table = pd.DataFrame({"study": study, "row": own["row"], "analysis_id": ids})
    # labels and texts of studies without a table need an analysis to be on
    needed = np.setdiff1d(_with_more(database), study)
    more = pd.DataFrame({"study": needed, "row": -1, "analysis_id": "1"})
    return pd.concat([table, more], ignore_index=True) if len(more) else table


def analyses_of(database: Database) -> pd.DataFrame:
    """Give the table of analyses, or what peaks tell of them where there is none."""
    if "analyses" in database.table_names:
        return database.table("analyses").reset_index(drop=True)
    peaks = database.peaks
    study = np.zeros(peaks.analysis.max(initial=-1) + 1, dtype=np.int64)
    study[peaks.analysis] = peaks.study
    return pd.DataFrame({"study": study})


def _with_more(database: Database) -> IntArray:
    """Find the studies that have labels or texts."""
    having = np.zeros(database.n_studies, dtype=bool)
    for labels in database.label_sets.values():
        if labels.weights is not None:
            having[labels.weights.indices[labels.weights.data != 0]] = True
    if "texts" in database.table_names:
        ids = database.table("texts")["study_id"].tolist()
        having |= pd.Index(database.study_ids).isin(ids)
    return np.flatnonzero(having)

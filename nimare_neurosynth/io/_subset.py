"""Some of the studies of a database, as a database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database import Database, LabelSet, Peaks

if TYPE_CHECKING:
    import pandas as pd

    from nimare_neurosynth._typing import BoolArray


def subset(database: Database, kept: BoolArray) -> Database:
    """Give a database of some of the studies, with everything that belongs to them.

    Parameters
    ----------
    database : Database
        All studies.
    kept : ndarray of bool, shape (n_studies,)
        Which to keep; they stay in their order.

    Returns
    -------
    Database
        Label sets keep all their labels.
    """
    if kept.dtype != bool or kept.shape != (database.n_studies,):
        raise ValueError(f"need {database.n_studies} booleans, got {kept!r}")
    analyses = database.table("analyses")
    of_study = analyses["study"].to_numpy()
    kept_analyses = kept[of_study]
    kept_peaks = kept[database.peaks.study]
    new_study = np.cumsum(kept) - 1
    new_analysis = np.cumsum(kept_analyses) - 1
    ids = set(database.study_ids[kept])

    def part_of(name: str) -> pd.DataFrame:
        table = database.table(name)
        rows = {"studies": kept, "analyses": kept_analyses, "peaks": kept_peaks}.get(
            name
        )
        if rows is None:
            if "study_id" not in table:
                return table  # about the database as a whole
            rows = table["study_id"].isin(ids).to_numpy()
        part = table.loc[rows].reset_index(drop=True)
        if name == "analyses":
            part["study"] = new_study[of_study[kept_analyses]]
        return part

    tables = {name: part_of(name) for name in database.table_names}
    old = database.peaks
    peaks = Peaks(
        xyz=old.xyz[kept_peaks],
        study=new_study[old.study[kept_peaks]].astype(np.int32),
        analysis=new_analysis[old.analysis[kept_peaks]].astype(np.int32),
        space=old.space[kept_peaks],
        spaces=old.spaces,
    )
    return Database(
        database.about,
        n_studies=int(np.count_nonzero(kept)),
        peaks=peaks,
        label_sets=[_rows(labels, kept) for labels in database.label_sets.values()],
        tables=tables,
        notes=database.notes,
    )


def _rows(labels: LabelSet, kept: BoolArray) -> LabelSet:
    if labels.weights is None:
        return labels
    weights = labels.weights.tocsr()[np.flatnonzero(kept)].tocsc()
    weights.sort_indices()
    return replace(labels, weights=weights)

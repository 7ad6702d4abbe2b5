"""A database as the parquet tables that NiMARE and NeuroStore use, and back.

NiMARE reads every table and passes over the columns it does not know, in which
all that its own writer leaves out is kept. What columns mean is in the manifest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io._annotations import OURS, SparseColumns, facts, set_facts
from nimare_neurosynth.io._document import Document
from nimare_neurosynth.io._files import write_json
from nimare_neurosynth.io._kept import Kept
from nimare_neurosynth.io._nimads import (
    MANIFEST,
    PARQUET_FORMAT,
    PARQUET_VERSION,
    parquet_manifest,
)
from nimare_neurosynth.io._parquet_file import read_parquet
from nimare_neurosynth.io._plan import analyses_of
from nimare_neurosynth.io._studyset_tables import STUDY_COLUMNS
from nimare_neurosynth.io._values import unique_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nimare_neurosynth._typing import IntArray

_IDS = ("id", "study_id", "contrast_id")
_OF_PEAKS = (*_IDS, "x", "y", "z", "space")
_OWN = frozenset({"studies", "analyses", "peaks", "texts"})
_DAMAGE = (AttributeError, LookupError, OSError, TypeError, ValueError)
"""What comes of reading tables that are not as the manifest says."""


# ----------------------------------------------------------------------------- write


def write_parquet_tables(database: Database, folder: Path) -> None:
    """Write a database as NiMARE's parquet tables, with nothing left out.

    Parameters
    ----------
    database : Database
        What to write: an analysis for each table, and one for each study that has
        labels or texts and no table.
    folder : path
        An empty folder.
    """
    document = Document(database, Kept())
    plan = document.plan
    tables, columns = {}, {}
    ids = pd.DataFrame(
        {
            "id": plan.full_ids,
            "study_id": database.study_ids[plan.study],
            "contrast_id": plan.table["analysis_id"].to_numpy(),
        },
        dtype="str",
    )
    tables["studies"], columns["studies"] = _studies(database)
    tables["analyses"] = ids.assign(
        name=pd.Series(document.analysis_names, dtype="str")
    )
    row = plan.table["row"].to_numpy(dtype=np.int64)
    tables["metadata"], columns["analyses"] = _metadata(database, ids, row, plan.study)
    tables["coordinates"], columns["peaks"] = _coordinates(
        database, ids.iloc[plan.peak_analysis].reset_index(drop=True)
    )
    if "texts" in database.table_names:
        tables["texts"] = ids.merge(
            database.table("texts").drop_duplicates("study_id"), on="study_id"
        )
    weights, described = _annotations(database, plan.study)
    if len(weights):
        tables["annotations"] = pd.concat([ids, pd.DataFrame(weights)], axis=1)
    further = [name for name in database.table_names if name not in _OWN]
    tables |= {name: database.table(name) for name in further}
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    about = database.about
    manifest = {
        "format": PARQUET_FORMAT,
        "version": PARQUET_VERSION,
        "id": about.name or None,
        "name": str(about),
        "tables": {name: f"{name}.parquet" for name in tables},
        "annotations": [{"id": each["name"]} for each in described],
        OURS: {
            "about": about.to_dict(),
            "notes": list(database.notes),
            "columns": columns,
            "made": ids["id"][row < 0].tolist(),
            "label_sets": described,
            "tables": further,
        },
    }
    write_json(folder / MANIFEST, manifest)


def _free(names: list[str], taken: tuple[str, ...]) -> dict[str, str]:
    """Name columns by their own names, unless something else has these."""
    free = unique_names([*taken, *names])[len(taken) :]
    return dict(zip(free, names, strict=True))


def _studies(database: Database) -> tuple[pd.DataFrame, dict[str, str]]:
    studies = database.studies.reset_index(drop=True)
    usual = {key: name for key, name in STUDY_COLUMNS.items() if name in studies}
    further = [str(c) for c in studies if c not in {"study_id", *usual.values()}]
    named = usual | _free(further, ("study_id", *STUDY_COLUMNS))
    table = pd.DataFrame({key: studies[name] for key, name in named.items()})
    table.insert(0, "study_id", studies["study_id"])
    order = {name: key for key, name in named.items()}
    return table, {order[c]: c for c in map(str, studies) if c != "study_id"}


def _metadata(
    database: Database, ids: pd.DataFrame, row: IntArray, study: IntArray
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Give the columns of the analyses, and those of their studies for NiMARE."""
    own = analyses_of(database)
    own = own.drop(columns=["study_id", "study"], errors="ignore")
    named = _free([str(c) for c in own], _IDS)
    spread = own.reindex(np.where(row >= 0, row, len(own))).reset_index(drop=True)
    table = {key: spread[name] for key, name in named.items()}
    studies = database.studies.reset_index(drop=True)
    for name in studies:
        taken = {*_IDS, *table, *STUDY_COLUMNS.values()}
        if name not in taken:
            table[str(name)] = studies[name].iloc[study].reset_index(drop=True)
    return pd.concat([ids, pd.DataFrame(table)], axis=1), named


def _coordinates(
    database: Database, ids: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, str]]:
    peaks = database.peaks
    table: dict[Any, Any] = dict(ids)
    for i, axis in enumerate("xyz"):
        table[axis] = np.asarray(peaks.xyz)[:, i]
    spaces = pd.array(list(peaks.spaces), dtype="str")
    table["space"] = spaces.take(np.asarray(peaks.space, dtype=np.int64))
    named: dict[str, str] = {}
    if "peaks" in database.table_names:
        own = database.table("peaks").reset_index(drop=True)
        named = _free([str(c) for c in own], _OF_PEAKS)
        table |= {key: own[name] for key, name in named.items()}
    return pd.DataFrame(table), named


def _annotations(
    database: Database, study: IntArray
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give a column for each label, and what the label sets are."""
    columns: dict[str, Any] = {}
    described = []
    several = len(database.label_sets) > 1
    for labels in database.label_sets.values():
        names: list[str] = []
        if labels.weights is not None:
            start = f"{labels.name}__" if several else ""
            wanted = [*_IDS, *columns, *(f"{start}{label}" for label in labels.labels)]
            names = unique_names(wanted)[len(_IDS) + len(columns) :]
            spread = labels.weights.tocsr()[study].tocsc()
            for j, name in enumerate(names):
                here = slice(spread.indptr[j], spread.indptr[j + 1])
                columns[name] = _column(
                    len(study), spread.indices[here], spread.data[here]
                )
        described.append(
            {
                "name": labels.name,
                **set_facts(labels),
                "labels": list(labels.labels),
                "columns": names,
            }
        )
    return columns, described


def _column(n: int, rows: Any, values: Any) -> Any:
    """Give values to some rows, nothing to the others."""
    data, missing = np.zeros(n), np.ones(n, dtype=bool)
    data[rows], missing[rows] = values, False
    return pd.arrays.FloatingArray(data, missing)


# ------------------------------------------------------------------------------ read


def own_manifest(folder: Path) -> dict[str, Any] | None:
    """Read the manifest of tables that were written here; None for those of others."""
    manifest = parquet_manifest(folder)
    return manifest if facts(manifest) else None


def read_parquet_tables(folder: Path, manifest: Mapping[str, Any]) -> Database:
    """Read what :func:`write_parquet_tables` wrote, as it was.

    Parameters
    ----------
    folder : path
    manifest : mapping
        Its manifest, with what a database left there.

    Returns
    -------
    Database

    Raises
    ------
    FormatError
        If tables are missing, damaged, or not as the manifest says.
    """
    try:
        return _read(folder, facts(manifest))
    except _DAMAGE as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"the tables in {folder} are not as {MANIFEST} says "
            f"({type(error).__name__}: {error}): convert their source again, or delete "
            f"{OURS!r} from {MANIFEST} to read them as others do."
        ) from error


def _read(folder: Path, own: Mapping[str, Any]) -> Database:
    columns = own["columns"]
    stored = _table(folder, "studies")
    studies = _renamed(stored, columns["studies"])
    studies.insert(0, "study_id", stored["study_id"].astype("str"))
    listed = _table(folder, "analyses")
    kept = ~listed["id"].isin(own["made"]).to_numpy()
    place = _places(studies["study_id"], listed["study_id"], "a study")
    analyses = _renamed(_table(folder, "metadata"), columns["analyses"], of=listed)
    analyses.insert(0, "study_id", listed["study_id"].astype("str"))
    analyses.insert(1, "study", place)
    peaks, table = _peaks(folder, columns["peaks"], listed["id"], place, kept)
    tables = {
        "studies": studies,
        "analyses": analyses[kept].reset_index(drop=True),
        "peaks": table,
    }
    if (folder / "texts.parquet").is_file():
        texts = _table(folder, "texts").drop(columns=["id", "contrast_id"])
        tables["texts"] = texts.drop_duplicates("study_id").reset_index(drop=True)
    for name in own["tables"]:
        if not (isinstance(name, str) and name.isidentifier()):
            raise ValueError(f"a table is called {name!r}")
        tables[name] = _table(folder, name)
    return Database(
        About(**own["about"]),
        n_studies=len(studies),
        peaks=peaks,
        label_sets=_label_sets(folder, own["label_sets"], place, len(studies)),
        tables=tables,
        notes=own["notes"],
    )


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise FormatError(f"{folder} has no {path.name}.")
    return read_parquet(path, "convert its source again")


def _renamed(
    table: pd.DataFrame, names: Mapping[str, str], of: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Take the columns that a database had, in its order and by its names."""
    if of is not None and table["id"].tolist() != of["id"].tolist():
        raise ValueError("analyses and metadata do not list the same analyses")
    return pd.DataFrame({name: table[key] for key, name in names.items()}, table.index)


def _places(known: pd.Series, wanted: pd.Series, what: str) -> IntArray:
    if known.duplicated().any():
        raise ValueError(f"{known[known.duplicated()].iloc[0]!r} is listed twice")
    place = pd.Index(known).get_indexer(pd.Index(wanted))
    if (place < 0).any():
        raise ValueError(f"{wanted[place < 0].iloc[0]!r} is {what} that is not listed")
    return np.asarray(place, dtype=np.int64)


def _peaks(
    folder: Path,
    names: Mapping[str, str],
    analyses: pd.Series,
    study: IntArray,
    kept: Any,
) -> tuple[Peaks, pd.DataFrame]:
    stored = _table(folder, "coordinates")
    place = _places(analyses, stored["id"], "an analysis")
    if not kept[place].all():
        raise ValueError("there are peaks in an analysis that was made for labels")
    number = np.cumsum(kept) - 1
    xyz = stored[["x", "y", "z"]].to_numpy(dtype=np.float64)
    spaces = stored["space"].astype("str").tolist()
    peaks = Peaks.from_columns(xyz, study[place], number[place], spaces)
    return peaks, _renamed(stored, names)


def _label_sets(
    folder: Path, described: list[Mapping[str, Any]], study: IntArray, n_studies: int
) -> list[LabelSet]:
    """Take the weights of each study from those of its analyses."""
    wide = pd.DataFrame()
    found = []
    for each in described:
        weights = None
        if each["weights"]:
            if wide.empty and each["columns"]:
                wide = _table(folder, "annotations")
            columns = SparseColumns(n_studies)
            for name in each["columns"]:
                values = wide[name].to_numpy(dtype=np.float64, na_value=np.nan)
                rows = np.flatnonzero(~np.isnan(values))
                columns.add(study[rows], values[rows])
            weights = columns.matrix()
        labels = tuple(map(str, each["labels"]))
        found.append(
            LabelSet(each["name"], labels, weights, each["kind"], each["source"])
        )
    return found

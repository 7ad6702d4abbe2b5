"""A database as a NIMADS document, study by study."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.io._annotations import OURS
from nimare_neurosynth.io._json_difference import changed
from nimare_neurosynth.io._kept import Kept, KeptAnnotation, Keys, kept_of
from nimare_neurosynth.io._notes import Notes
from nimare_neurosynth.io._plan import NAME_COLUMNS, Plan, analyses_of
from nimare_neurosynth.io._points import Points
from nimare_neurosynth.io._studyset_parts import dense, metadata_keys
from nimare_neurosynth.io._studyset_tables import STUDY_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from nimare_neurosynth.database import Database

STUDY_KEYS = (
    "id",
    "name",
    "authors",
    "publication",
    "doi",
    "pmid",
    "year",
    "description",
    "metadata",
    "analyses",
)
"""Keys of a study, as the standard has them."""

ANALYSIS_KEYS = (
    "id",
    "name",
    "description",
    "metadata",
    "conditions",
    "weights",
    "images",
    "points",
)
"""Keys of an analysis, as the standard has them."""

_ANALYSIS_COLUMNS = frozenset(
    {"study_id", "study", "analysis_id", "name", "description", "conditions", "weights"}
)

_NOTHING = "None"

Columns = list[tuple[str, "NDArray[np.object_]"]]


class Document:
    """A database as a NIMADS document: an analysis for each table, labels as notes.

    Parameters
    ----------
    database : Database
    kept : Kept, optional
        What is kept of the document that the database was made of.
    """

    def __init__(self, database: Database, kept: Kept | None = None) -> None:
        self.database = database
        self.kept = kept_of(database) if kept is None else kept
        self.plan = Plan.of(database, "table")
        self._ids = [str(study) for study in database.study_ids]
        study = self.plan.study
        order = np.argsort(study, kind="stable")
        bounds = np.searchsorted(study[order], np.arange(database.n_studies + 1))
        self._order: list[int] = order.tolist()
        self._bounds: list[int] = bounds.tolist()

    # ------------------------------------------------------------------- the whole

    def head(self) -> dict[str, Any]:
        """Give the studyset without its studies and annotations."""
        if self.kept.head is None:
            return self.made_head()
        here = set(self._ids)
        listed = self.kept.head.get("studyset_studies")
        if not isinstance(listed, list):
            return dict(self.kept.head)
        # the list of studies, of those that are still here
        own = [e for e in listed if not isinstance(e, dict) or e.get("id") in here]
        return {**self.kept.head, "studyset_studies": own}

    def made_head(self) -> dict[str, Any]:
        """Give the head of a document that is made anew, with what it was made of."""
        about = self.database.about
        names = self.database.table_names
        tables = {
            name: self.database.table(name)
            for name in ("studies", "analyses", "peaks")
            if name in names
        }
        facts = {
            "about": about.to_dict(),
            "notes": list(self.database.notes),
            "made": self._made_for_labels(),
            "order": [] if self._order == sorted(self._order) else self._order,
            "columns": {name: list(map(str, own)) for name, own in tables.items()},
            "none": {name: _nones(own) for name, own in tables.items()},
            "empty": {
                name: {str(c): str(own[c].dtype) for c in own if own[c].isna().all()}
                for name, own in tables.items()
            },
        }
        return {
            "id": about.name or None,
            "name": str(about),
            "metadata": {OURS: facts},
        }

    def _made_for_labels(self) -> list[list[str]]:
        """List the analyses that only carry the labels or texts of their study."""
        made = self.plan.table[self.plan.table["row"] < 0]
        return [
            [self._ids[study], str(key)]
            for study, key in zip(made["study"], made["analysis_id"], strict=True)
        ]

    def studies(self) -> Iterator[dict[str, Any]]:
        """Give the studies in their order."""
        for i, study_id in enumerate(self._ids):
            change = self.kept.studies.get(study_id, {}).get("study")
            yield changed(self.study(i), change)

    def annotations(self) -> Iterator[Notes]:
        """Give the annotations: those of the document, and further label sets."""
        for name in self.annotation_names():
            yield self.notes(name)

    def annotation_names(self) -> list[str]:
        """List annotations in their order, those of the document first."""
        known = self.kept.annotations
        more = [name for name in self.database.label_sets if name not in known]
        return [*(n for n, own in known.items() if own.head is not None), *more]

    def notes(self, name: str) -> Notes:
        """Give an annotation by its name."""
        own = self.kept.annotations.get(name) or KeptAnnotation(name)
        return Notes(self, own)

    # ------------------------------------------------------------------ study

    def analysis_rows(self, i: int) -> list[int]:
        """Give the analyses of a study."""
        return self._order[self._bounds[i] : self._bounds[i + 1]]

    def study(self, i: int) -> dict[str, Any]:
        """Give a study as the tables have it."""
        made: dict[str, Any] = {"id": self._ids[i]}
        for key, values in self._study_facts:
            made[key] = values[i]
        made["metadata"] = _given(self._study_metadata, i) or None
        made["analyses"] = [self.analysis(row) for row in self.analysis_rows(i)]
        return self._usual(made, "study")

    @cached_property
    def _study_facts(self) -> Columns:
        studies, n = self.database.studies, self.database.n_studies
        columns = {key: STUDY_COLUMNS[key] for key in STUDY_KEYS[1:-2]}
        columns |= self.kept.keys_of("study").columns
        return [(key, dense(studies.get(name), n)) for key, name in columns.items()]

    @cached_property
    def _study_metadata(self) -> Columns:
        studies, n = self.database.studies, self.database.n_studies
        known = {"study_id", *STUDY_COLUMNS.values()}
        own = set(self.kept.keys_of("study").columns.values())
        others = {str(c): studies[c] for c in studies if c not in known | own}
        columns = metadata_keys(others, known | own)
        return [(key, dense(column, n)) for key, column in columns.items()]

    def _usual(self, made: dict[str, Any], kind: str) -> dict[str, Any]:
        """Give an object the keys that all of its kind have."""
        keys = self.kept.keys_of(kind)
        for key in keys.absent:
            made.pop(key, None)
        for key in keys.empty:
            made[key] = None
        return made

    # --------------------------------------------------------------------- analysis

    def analysis(self, row: int) -> dict[str, Any]:
        """Give an analysis as the tables have it."""
        made: dict[str, Any] = {"id": self.analysis_ids[row]}
        for key, values in self._analysis_facts:
            made[key] = values[row]
        metadata = _given(self._analysis_metadata, row)
        metadata |= self.points.metadata(row)
        made["metadata"] = metadata or None
        made["conditions"], made["weights"] = self._conditions(row)
        made["images"] = []
        made["points"] = self.points.of(row)
        if self._texts:
            texts = _given(self._texts, int(self.plan.study[row]))
            made["texts"] = texts or None
        return self._usual(made, "analysis")

    @cached_property
    def analysis_ids(self) -> list[str]:
        """Ids of the analyses, each unique in its study or not, as they are."""
        return [str(key) for key in self.plan.table["analysis_id"]]

    @cached_property
    def points(self) -> Points:
        """The points of the analyses."""
        return Points(self.plan, self.kept.keys_of("point"), self._order)

    @cached_property
    def _analyses(self) -> pd.DataFrame:
        """Rows of the table of analyses; missing values for those it does not list."""
        own = analyses_of(self.database)
        row = self.plan.table["row"].to_numpy(dtype=np.int64)
        return own.reindex(np.where(row >= 0, row, len(own))).reset_index(drop=True)

    @cached_property
    def analysis_names(self) -> NDArray[np.object_]:
        """Names of the analyses: as published, or else their ids."""
        own, n = self._analyses, len(self._analyses)
        if "name" in own:
            return dense(own["name"], n)
        names = next((own[c] for c in NAME_COLUMNS if c in own), None)
        ids = self.plan.table["analysis_id"]
        if names is None:
            return dense(ids, n)
        return dense(names.astype("str").where(names.notna(), ids), n)

    @cached_property
    def _analysis_facts(self) -> Columns:
        own, n = self._analyses, len(self._analyses)
        further = self.kept.keys_of("analysis").columns
        return [
            ("name", self.analysis_names),
            ("description", dense(own.get("description"), n)),
            *((key, dense(own.get(name), n)) for key, name in further.items()),
        ]

    @cached_property
    def _analysis_metadata(self) -> Columns:
        own, n = self._analyses, len(self._analyses)
        taken = set(self.kept.keys_of("analysis").columns.values())
        for annotation in self.kept.annotations.values():
            taken |= set(annotation.columns.values())
        others = {str(c): own[c] for c in own if c not in _ANALYSIS_COLUMNS | taken}
        columns = metadata_keys(others, {*_ANALYSIS_COLUMNS, *taken})
        return [(key, dense(column, n)) for key, column in columns.items()]

    @cached_property
    def _condition_columns(self) -> tuple[Any, Any]:
        own, n = self._analyses, len(self._analyses)
        return dense(own.get("conditions"), n), dense(own.get("weights"), n)

    def _conditions(self, row: int) -> tuple[list[Any], list[Any]]:
        conditions, weights = (column[row] for column in self._condition_columns)
        if not isinstance(conditions, list):
            return [], []
        objects = [
            c if isinstance(c, dict) else {"name": c, "description": None}
            for c in conditions
        ]
        return objects, weights if isinstance(weights, list) else []

    def facts_of(self, i: int, row: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give what is known of a study and of one of its analyses, without points."""
        study = {key: values[i] for key, values in self._study_facts}
        return study, {key: values[row] for key, values in self._analysis_facts}

    def analysis_column(self, name: str) -> NDArray[np.object_]:
        """Give a column of the analyses."""
        return dense(self._analyses.get(name), len(self._analyses))

    # ------------------------------------------------------------------------ texts

    @cached_property
    def _texts(self) -> Columns:
        """Give the texts of each study."""
        if "texts" not in self.database.table_names:
            return []
        table = self.database.table("texts").drop_duplicates("study_id")
        table = table.set_index("study_id").reindex(self._ids)
        n = len(self._ids)
        names = [c for c in table if c != "study"]
        return [(str(c), dense(table[c].reset_index(drop=True), n)) for c in names]


def _nones(table: pd.DataFrame) -> dict[str, list[int]]:
    """Find the text "None", which readers of such documents take for nothing."""
    found = {}
    for name in table:
        texts = table[name].astype("string").fillna("")
        rows = np.flatnonzero((texts == _NOTHING).to_numpy(dtype=bool))
        if len(rows):
            found[str(name)] = rows.tolist()
    return found


def plain_document(database: Database) -> Document:
    """Give a document in which every object has all usual keys, and nothing is kept."""
    keys = kept_of(database).keys.items()
    columns = {kind: Keys(columns=own.columns) for kind, own in keys}
    return Document(database, Kept(keys=columns))


def _given(columns: Columns, i: int) -> dict[str, Any]:
    """Give the values that a row has."""
    return {key: values[i] for key, values in columns if values[i] is not None}

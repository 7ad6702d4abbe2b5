"""A label set as an annotation of a NIMADS document."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.io._annotations import OURS, has_booleans, set_facts
from nimare_neurosynth.io._json_difference import changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nimare_neurosynth.database import LabelSet
    from nimare_neurosynth.io._document import Document
    from nimare_neurosynth.io._kept import KeptAnnotation

NOTE_FACTS: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "study_name": lambda study, _: study.get("name"),
    "analysis_name": lambda _, analysis: analysis.get("name"),
    "study_year": lambda study, _: study.get("year"),
    "authors": lambda study, _: study.get("authors"),
    "publication": lambda study, _: study.get("publication"),
}
"""What NeuroStore repeats in each note, of its study and its analysis."""


class Notes:
    """An annotation of a document, note by note.

    Parameters
    ----------
    document : Document
    kept : KeptAnnotation
        What is kept of it; only its name, if it is made anew.
    """

    def __init__(self, document: Document, kept: KeptAnnotation) -> None:
        self.name = kept.name
        self._document = document
        self._kept = kept
        self._labels: LabelSet | None = document.database.label_sets.get(kept.name)

    # ------------------------------------------------------------------------- head

    def head(self) -> dict[str, Any]:
        """Give the annotation without its notes."""
        return self.made_head() if self._kept.head is None else self._kept.head

    def made_head(self) -> dict[str, Any]:
        """Give the head of an annotation that is made anew."""
        labels = self._labels
        kind = "boolean" if self._boolean else "number"
        names = labels.labels if labels is not None else ()
        facts = set_facts(labels) if labels is not None else {}
        keys = {
            name: {"type": kind, "order": i, "default": None}
            for i, name in enumerate(names)
        }
        return {
            "id": self.name,
            "name": self.name,
            "description": None,
            "metadata": {OURS: facts},
            "note_keys": keys,
        }

    # ------------------------------------------------------------------------ notes

    def __iter__(self) -> Iterator[Any]:
        """Give the notes in their order."""
        made = list(self._in_order())
        more, order = self._kept.more, self._kept.order
        if sorted(order) != [*range(-len(more), 0), *range(len(made))]:
            yield from made  # notes were added or left out: those orders are past
            yield from more
            return
        for place in order:
            yield made[place] if place >= 0 else more[-place - 1]

    def _in_order(self) -> Iterator[Any]:
        document = self._document
        for i, study_id in enumerate(document.database.study_ids):
            own = document.kept.studies.get(str(study_id), {})
            changes = own.get("notes", {}).get(self.name, {})
            for k, note in enumerate(self.of_study(i)):
                meant = changed(note, changes.get(str(k)))
                if meant is not None:
                    yield meant

    def of_study(self, i: int) -> list[dict[str, Any] | None]:
        """Give the notes on a study's analyses as tables have them; None for none."""
        weights = self._weights_of(i)
        return [self._note(i, row, weights) for row in self._document.analysis_rows(i)]

    def _note(self, i: int, row: int, weights: dict[str, Any]) -> dict[str, Any] | None:
        texts = {
            key: values[row]
            for key, values in self._text_columns
            if values[row] is not None
        }
        note = {**weights, **texts}
        if not note:
            return None
        document = self._document
        study, analysis = (
            str(document.database.study_ids[i]),
            document.analysis_ids[row],
        )
        made = {"study": study, "analysis": analysis, "note": note}
        about = self._kept.about
        if "id" in about:
            made["id"] = f"{self.head().get('id')}_{analysis}"
        if len(about) > ("id" in about):
            facts = document.facts_of(i, row)
            made |= {
                key: tell(*facts) for key, tell in NOTE_FACTS.items() if key in about
            }
        return made

    @cached_property
    def _text_columns(self) -> list[tuple[str, Any]]:
        columns = self._kept.columns.items()
        return [(key, self._document.analysis_column(name)) for key, name in columns]

    @cached_property
    def _rows(self) -> Any:
        if self._labels is None or self._labels.weights is None:
            return None
        rows = self._labels.weights.tocsr()
        rows.sort_indices()
        return rows

    @cached_property
    def _boolean(self) -> bool:
        return self._labels is not None and has_booleans(self._labels)

    def _weights_of(self, i: int) -> dict[str, Any]:
        if self._rows is None or self._labels is None:
            return {}
        labels = self._labels.labels
        here = slice(self._rows.indptr[i], self._rows.indptr[i + 1])
        columns = self._rows.indices[here].tolist()
        data = self._rows.data[here].tolist()
        if self._boolean:
            data = [value == 1 for value in data]
        if not self._kept.dense:
            pairs = zip(columns, data, strict=True)
            return {labels[c]: value for c, value in pairs if value}
        nothing: Any = False if self._boolean else 0.0
        found = dict.fromkeys(labels, nothing)
        found.update((labels[c], v) for c, v in zip(columns, data, strict=True))
        return found

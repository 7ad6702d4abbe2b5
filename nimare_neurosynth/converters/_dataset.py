"""Databases as the JSON of NiMARE's old Dataset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.converters._tables import note_about, note_kept, note_weights
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import SET_ENDS, atomic_folder, dataset_study, plain_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nimare_neurosynth.converters._report import Report
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.io import Document


def write_dataset(database: Database, path: Path, report: Report) -> None:
    """Write the JSON that NiMARE's ``Dataset`` reads: a contrast for each table.

    Labels begin with the name of theirs and ``__``, as NiMARE has it.
    """
    if not database.n_studies:
        raise FormatError("a Dataset needs a study, and there is none.")
    document = plain_document(database)
    with (
        atomic_folder(path.parent) as staging,
        (staging / path.name).open("w", encoding="utf-8") as stream,
    ):
        stream.write("{")
        for i, (study_id, study) in enumerate(_studies(document)):
            stream.write(",\n" if i else "\n")
            stream.write(f"{json.dumps(study_id)}: {json.dumps(study)}")
        stream.write("\n}\n")
    report.files.append(path.name)
    _report(database, report)


def _studies(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    labels = _labels(document)
    for i, study_id in enumerate(document.database.study_ids):
        yield str(study_id), dataset_study(document.study(i), next(labels))


def _labels(document: Document) -> Iterator[dict[str, float]]:
    """Give the labels of each study."""
    known = [
        (f"{labels.name}{SET_ENDS}", labels, labels.weights.tocsr())
        for labels in document.database.label_sets.values()
        if labels.weights is not None
    ]
    for i in range(document.database.n_studies):
        found: dict[str, float] = {}
        for prefix, labels, rows in known:
            here = slice(rows.indptr[i], rows.indptr[i + 1])
            for j, value in zip(rows.indices[here], rows.data[here], strict=True):
                found[f"{prefix}{labels.labels[j]}"] = float(value)
        yield found


def _report(database: Database, report: Report) -> None:
    for labels in database.label_sets.values():
        note_weights(labels, report)
    note_about(database, report)
    note_kept(database, report)
    peaks = database.peaks
    pairs = np.unique(np.stack([peaks.analysis, peaks.space]), axis=1)
    mixed = pairs.shape[1] - len(np.unique(pairs[0]))
    if mixed:
        report.changed.append(
            f"{mixed:,} tables have peaks in several spaces: a contrast for each"
        )

"""Databases as tables: Neurosynth's two layouts, and plain CSV."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.converters._diff import examples
from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import ATTRIBUTIONS, KEPT_TABLES, atomic_folder

if TYPE_CHECKING:
    from pathlib import Path

    from nimare_neurosynth.converters._report import Report
    from nimare_neurosynth.database import Database, LabelSet, Peaks

_NEVER = frozenset({"study_id", "study", "id"})


def peak_table(database: Database) -> pd.DataFrame:
    """Give a row for each peak: ``id``, ``x``, ``y``, ``z``, ``space``, and more."""
    peaks = database.peaks
    study = np.asarray(peaks.study)
    # columns by name, made one table at the end: there may be thousands
    table: dict[str, Any] = {"id": database.study_ids[study]}
    for i, axis in enumerate("xyz"):
        table[axis] = np.asarray(peaks.xyz)[:, i]
    table["space"] = np.array(peaks.spaces, dtype=object)[np.asarray(peaks.space)]
    if "analyses" in database.table_names:
        analyses, at = database.table("analyses"), np.asarray(peaks.analysis)
        if not {"table_id", "contrast"} & set(analyses.columns) and _several(peaks):
            # by this column a reader knows which peaks belong together
            given = "analysis_id" in analyses.columns
            names = analyses["analysis_id"] if given else pd.Series(analyses.index)
            table["table_id"] = names.to_numpy()[at]
        _add(table, analyses.take(at))
    if "peaks" in database.table_names:
        _add(table, database.table("peaks"))
    return pd.DataFrame(table)


def _add(columns: dict[str, Any], table: pd.DataFrame) -> None:
    """Add the columns of a table whose names are free."""
    for name in table.columns:
        if name not in _NEVER and name not in columns:
            columns[str(name)] = table[name].reset_index(drop=True)


def _several(peaks: Peaks) -> bool:
    """Tell whether a study has several analyses."""
    pairs = np.stack([np.asarray(peaks.study), np.asarray(peaks.analysis)])
    return len(np.unique(pairs, axis=1).T) > len(np.unique(pairs[0]))


def write_csv(database: Database, folder: Path, report: Report) -> None:
    """Write ``peaks.csv``, ``studies.csv`` and ``labels_NAME.csv``."""
    with atomic_folder(folder) as staging:
        peak_table(database).to_csv(staging / "peaks.csv", index=False)
        database.studies.to_csv(staging / "studies.csv", index=False)
        for labels in database.label_sets.values():
            if labels.weights is not None:
                path = staging / f"labels_{_file_name(labels.name)}.csv"
                _write_weights(labels, database, path, ",")
            else:
                report.lost.append(f"the label set {labels.name}, without weights")
        files = sorted(p.name for p in staging.iterdir())
    report.files += files
    report.changed.append("studies and labels are in files of their own")
    note_texts(database, report)
    note_tables(database, report)
    note_about(database, report)
    note_kept(database, report)


def write_legacy(database: Database, folder: Path, report: Report) -> None:
    """Write ``database.txt`` and ``features.txt``, as Neurosynth did until 2018."""
    table = peak_table(database)
    place = np.asarray(database.peaks.study)
    for name in database.studies.columns:
        if name not in _NEVER and name not in table.columns:
            spread = database.studies[name].iloc[place]
            table[name] = spread.reset_index(drop=True)
        elif name == "space":
            continue
        elif name in table.columns and name not in _NEVER:
            report.lost.append(f"{name} of studies: peaks have a column of that name")
    table = _in_study_order(table, place)
    sets = database.label_sets.values()
    known = [s for s in sets if s.weights is not None and len(s)]
    with atomic_folder(folder) as staging:
        table.to_csv(staging / "database.txt", sep="\t", index=False)
        for i, labels in enumerate(known):
            name = "features" if i == 0 else f"features_{_file_name(labels.name)}"
            _write_weights(labels, database, staging / f"{name}.txt", "\t")
        files = sorted(p.name for p in staging.iterdir())
    report.files += files
    if known and known[0].name != "features":
        first = known[0].name
        report.changed.append(f"the label set {first} is called features")
    for labels in known[1:]:
        report.changed.append(
            f"the label set {labels.name} is in a file of its own: give it as features"
        )
    silent = np.bincount(place, minlength=database.n_studies) == 0
    if silent.any():
        ids = [str(i) for i in database.study_ids[silent]]
        report.lost.append(f"{len(ids):,} studies without peaks: {examples(ids)}")
    _note_sets(database, report)
    note_texts(database, report)
    note_tables(database, report)
    note_about(database, report)
    note_kept(database, report)


def write_neurosynth(database: Database, folder: Path, report: Report) -> None:
    """Write the layout of Neurosynth's data since 2021."""
    about = database.about
    stem = f"data-{_file_name(about.name)}"
    if about.version:
        stem += f"_version-{_file_name(about.version)}"
    peaks = peak_table(database)
    studies = database.studies.rename(columns={"study_id": "id"}).drop(
        columns="study", errors="ignore"
    )
    place = np.asarray(database.peaks.study)
    of_study = studies["space"].to_numpy()[place] if "space" in studies else None
    if of_study is None or of_study.tolist() != peaks["space"].tolist():
        report.changed.append("spaces are a column of the coordinates")
    else:
        peaks = peaks.drop(columns="space")
    with atomic_folder(folder) as staging:
        _write_gzipped(peaks, staging / f"{stem}_coordinates.tsv.gz")
        _write_gzipped(studies, staging / f"{stem}_metadata.tsv.gz")
        for labels in database.label_sets.values():
            _write_vocabulary(labels, staging, stem, report)
        files = sorted(p.name for p in staging.iterdir())
    report.files += files
    note_texts(database, report)
    note_tables(database, report)
    note_about(database, report)
    note_kept(database, report)


def _write_vocabulary(
    labels: LabelSet, folder: Path, stem: str, report: Report
) -> None:
    from scipy.sparse import csc_matrix, save_npz

    name = _file_name(labels.name)
    if name != labels.name:
        report.changed.append(f"the label set {labels.name} is called {name}")
    if any("\n" in label or not label.strip() for label in labels.labels):
        raise FormatError(
            f"a label of {labels.name!r} is empty or has several lines: a vocabulary "
            "has one on each line."
        )
    own = f"{stem}_vocab-{name}"
    (folder / f"{own}_vocabulary.txt").write_text(
        "\n".join(labels.labels), encoding="utf-8"
    )
    if labels.weights is not None:
        source = f"_source-{_file_name(labels.source)}" if labels.source else ""
        kind = _file_name(labels.kind)
        path = folder / f"{own}{source}_type-{kind}_features.npz"
        save_npz(path, csc_matrix(labels.weights))


def _write_weights(
    labels: LabelSet, database: Database, path: Path, separator: str
) -> None:
    """Write weights as a table, some hundred studies at a time."""
    from tqdm.auto import tqdm

    weights = labels.weights.tocsr()  # type: ignore[union-attr]
    starts = range(0, max(database.n_studies, 1), 512)
    with path.open("w", encoding="utf-8", newline="") as stream:
        for first in tqdm(starts, desc=path.name, delay=2):
            part = weights[first : first + 512].toarray()
            table = pd.DataFrame(part, columns=list(labels.labels))
            ids = database.study_ids[first : first + 512]
            table.insert(0, "pmid", ids, allow_duplicates=True)
            table.to_csv(
                stream,
                sep=separator,
                index=False,
                header=first == 0,
                float_format="%.17g",
            )


def _write_gzipped(table: pd.DataFrame, path: Path) -> None:
    text = table.to_csv(sep="\t", index=False).encode()
    path.write_bytes(gzip.compress(text, compresslevel=6, mtime=0))


def _in_study_order(table: pd.DataFrame, place: Any) -> pd.DataFrame:
    """Sort peaks by study: the reader takes the order of studies from theirs."""
    return table.iloc[np.argsort(place, kind="stable")]


def _file_name(name: str) -> str:
    """Make a name that can be a part of a file's name."""
    allowed = "".join(c if c.isalnum() or c in ".+" else "-" for c in name)
    return allowed.strip(".-") or "unnamed"


def _note_sets(database: Database, report: Report) -> None:
    for labels in database.label_sets.values():
        if not len(labels):
            report.lost.append(f"the label set {labels.name}, which has no labels")
        else:
            note_weights(labels, report)


def note_weights(labels: LabelSet, report: Report) -> None:
    """Note that a form has no place for bare vocabularies, and for kinds of weights."""
    if labels.weights is None:
        report.lost.append(f"the vocabulary {labels.name}, which has no weights")
    elif labels.kind != "weight" or labels.source:
        report.lost.append(f"what the weights of {labels.name} are ({labels.kind})")


def note_texts(database: Database, report: Report) -> None:
    """Note that a form has no place for texts."""
    if "texts" in database.table_names:
        columns = [c for c in database.table("texts").columns if c not in _NEVER]
        report.lost.append(f"texts ({', '.join(columns)})")


def note_tables(database: Database, report: Report) -> None:
    """Note the tables that have no peaks, where tables are columns of peaks."""
    if "analyses" in database.table_names:
        n = len(database.table("analyses"))
        silent = n - len(np.unique(np.asarray(database.peaks.analysis)))
        if silent:
            report.lost.append(f"{silent:,} analyses without peaks")


def note_about(database: Database, report: Report) -> None:
    """Note that a form has no place for whose the data are, and for notes."""
    about = database.about
    lost = [name for name in ("licence", "attribution") if getattr(about, name)]
    if report.form == "neurosynth" and about.name in ATTRIBUTIONS:
        lost = []  # known by the name of the files
    lost += ["notes"] if database.notes else []
    if lost:
        report.lost.append(f"{', '.join(lost)}: say them where you share it")


def note_kept(database: Database, report: Report) -> None:
    """Note that a form has no place for what only a NIMADS document holds."""
    if any(name in database.table_names for name in KEPT_TABLES):
        report.lost.append(
            "what else its NIMADS document holds (keys that are no columns, notes of "
            "single analyses, their order)"
        )

"""The facts of a database, and its oddities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.space import default_mask, is_talairach, mm_to_voxel

if TYPE_CHECKING:
    import pandas as pd

    from nimare_neurosynth.database._database import Database
    from nimare_neurosynth.database._labelset import LabelSet

_FIRST_FMRI_YEAR = 1991
_NO_VALUE = ("", "nan", "na", "n/a", "none", "null", "<na>")


@dataclass(frozen=True)
class LabelSetInfo:
    """Counts of one label set: studies per label are at the threshold used."""

    name: str
    kind: str
    labels: int
    has_weights: bool
    pairs: int = 0
    studies_per_label_mean: float = 0.0
    studies_per_label_median: float = 0.0
    most_common: tuple[tuple[str, int], ...] = ()

    def line(self) -> str:
        """Say it in a line."""
        if not self.has_weights:
            return f"{self.name}: {self.labels:,} labels, no weights in this database"
        common = ", ".join(f"{label} ({n:,})" for label, n in self.most_common)
        return (
            f"{self.name}: {self.labels:,} labels ({self.kind}), studies per label: "
            f"mean {self.studies_per_label_mean:,.1f}, median "
            f"{self.studies_per_label_median:,.0f}; commonest: {common}"
        )


@dataclass(frozen=True)
class DatabaseInfo:
    """What a database holds.

    Attributes
    ----------
    name, version, licence, attribution, source : str
        See :class:`nimare_neurosynth.database.About`.
    studies, analyses, peaks : int
        Counts.
    peaks_per_study : dict
        ``min``, ``median`` and ``max`` over studies with peaks.
    years : tuple of int or None
        First and last year of publication.
    peak_spaces : dict of str to int
        Peaks by space.
    label_sets : tuple of LabelSetInfo
    threshold : float
        Weight at which a study has a label.
    oddities : dict of str to int
        What is unusual and how often; see the docs page on formats.
    notes : tuple of str
        What the reader noticed.
    content_hash : str
        SHA-256 of the content.
    """

    name: str
    version: str
    licence: str
    attribution: str
    source: str
    studies: int
    analyses: int
    peaks: int
    peaks_per_study: dict[str, float]
    years: tuple[int, int] | None
    peak_spaces: dict[str, int]
    label_sets: tuple[LabelSetInfo, ...]
    threshold: float
    oddities: dict[str, int]
    notes: tuple[str, ...]
    content_hash: str

    def to_dict(self) -> dict[str, Any]:
        """Give everything as plain types, ready for JSON."""
        from dataclasses import asdict

        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Give everything as pairs of heading and text."""
        per = self.peaks_per_study
        rows = [
            ("Database", f"{self.name} {self.version}".strip()),
            ("Studies", f"{self.studies:,}"),
            ("Analyses", f"{self.analyses:,}"),
            (
                "Peaks",
                f"{self.peaks:,} (per study {per['min']:,.0f} to {per['max']:,.0f}, "
                f"median {per['median']:,.0f})",
            ),
            ("Spaces", ", ".join(f"{k} {v:,}" for k, v in self.peak_spaces.items())),
        ]
        if self.years is not None:
            rows.append(("Years", f"{self.years[0]} to {self.years[1]}"))
        rows += [("Labels", labels.line()) for labels in self.label_sets]
        if not self.label_sets:
            rows.append(("Labels", "none"))
        rows += [("Oddity", f"{what}: {n:,}") for what, n in self.oddities.items()]
        rows += [("Note", note) for note in self.notes]
        if self.licence:
            rows.append(("Licence", self.licence))
        if self.attribution:
            rows.append(("Cite", self.attribution))
        return rows

    def __str__(self) -> str:
        return "\n".join(f"{heading:<10}{text}" for heading, text in self.rows())

    def _repr_html_(self) -> str:
        from html import escape

        body = "".join(
            f"<tr><th style='text-align:left'>{escape(heading)}</th>"
            f"<td style='text-align:left'>{escape(text)}</td></tr>"
            for heading, text in self.rows()
        )
        return f"<table>{body}</table>"


def describe(database: Database, *, threshold: float) -> DatabaseInfo:
    """Count everything in a database; see :meth:`Database.info`."""
    peaks = database.peaks
    per_study = np.bincount(peaks.study, minlength=database.n_studies)
    with_peaks = per_study[per_study > 0]
    spaces = np.bincount(peaks.space, minlength=len(peaks.spaces))
    return DatabaseInfo(
        **database.about.to_dict(),
        studies=database.n_studies,
        analyses=len(database.table("analyses")),
        peaks=len(peaks),
        peaks_per_study={
            "min": float(with_peaks.min()) if len(with_peaks) else 0.0,
            "median": float(np.median(with_peaks)) if len(with_peaks) else 0.0,
            "max": float(with_peaks.max(initial=0)),
        },
        years=_years(database.studies),
        peak_spaces={s: int(n) for s, n in zip(peaks.spaces, spaces, strict=True)},
        label_sets=tuple(
            _describe_labels(labels, threshold)
            for labels in database.label_sets.values()
        ),
        threshold=threshold,
        oddities={k: n for k, n in _oddities(database).items() if n},
        notes=database.notes,
        content_hash=database.content_hash,
    )


def _years(studies: pd.DataFrame) -> tuple[int, int] | None:
    if "year" not in studies.columns:
        return None
    import pandas as pd

    years = pd.to_numeric(studies["year"], errors="coerce").dropna()
    years = years[years.abs() < np.inf]  # a year can be any text, "inf" too
    return (int(years.min()), int(years.max())) if len(years) else None


def _describe_labels(labels: LabelSet, threshold: float) -> LabelSetInfo:
    if labels.weights is None:
        return LabelSetInfo(labels.name, labels.kind, len(labels), has_weights=False)
    sizes = labels.columns(threshold=threshold).sizes
    order = np.argsort(-sizes, kind="stable")[:5]
    return LabelSetInfo(
        labels.name,
        labels.kind,
        len(labels),
        has_weights=True,
        pairs=int(sizes.sum()),
        studies_per_label_mean=float(sizes.mean()) if len(sizes) else 0.0,
        studies_per_label_median=float(np.median(sizes)) if len(sizes) else 0.0,
        most_common=tuple((labels.labels[i], int(sizes[i])) for i in order),
    )


def _oddities(database: Database) -> dict[str, int]:
    return {
        **_peak_oddities(database),
        **_study_oddities(database.studies),
        **_label_oddities(database),
    }


def _peak_oddities(database: Database) -> dict[str, int]:
    peaks, mask = database.peaks, default_mask()
    finite = peaks.is_complete
    xyz = np.where(finite[:, None], peaks.xyz, 1e6)
    ijk = mm_to_voxel(xyz, mask.affine)
    in_volume = np.logical_and(ijk >= 0, ijk < mask.shape).all(axis=1)
    flat = np.ravel_multi_index(tuple(ijk[in_volume].astype(np.int64).T), mask.shape)
    in_mask = np.zeros(len(peaks), dtype=bool)
    in_mask[in_volume] = np.isin(flat, mask.flat_index)
    inside = np.bincount(peaks.study[in_mask], minlength=database.n_studies) > 0
    fractional = finite & (peaks.xyz != np.round(peaks.xyz)).any(axis=1)
    odd = [s.upper() != "MNI" and not is_talairach(s) for s in peaks.spaces]
    unknown = np.isin(peaks.space, np.flatnonzero(odd)).sum()
    no_peaks = database.n_studies - np.count_nonzero(database.has_peaks)
    return {
        "peaks without complete coordinates (they activate nothing)": int(
            (~finite).sum()
        ),
        "peaks outside the volume of the brain template, as published": int(
            (finite & ~in_volume).sum()
        ),
        "peaks outside the brain mask, as published": int((finite & ~in_mask).sum()),
        "studies with no peak inside the brain mask, as published": int(
            (database.has_peaks & ~inside).sum()
        ),
        "studies without peaks (not counted in analyses)": int(no_peaks),
        "peaks in a space that is neither MNI nor Talairach (used as they are)": int(
            unknown
        ),
        "peaks with coordinates that are not whole millimetres": int(fractional.sum()),
        "peaks that repeat another of their study": _repeated(database),
        **_table_oddities(database),
    }


def _repeated(database: Database) -> int:
    import pandas as pd

    peaks = database.peaks
    rows = pd.DataFrame(peaks.xyz, columns=list("xyz")).assign(study=peaks.study)
    return int(rows.duplicated().sum())


def _table_oddities(database: Database) -> dict[str, int]:
    analyses = database.table("analyses")
    if "table_num" not in analyses.columns:
        return {}
    empty = _empty(analyses["table_num"])
    return {
        "peaks from tables without a number": int(empty[database.peaks.analysis].sum())
    }


def _study_oddities(studies: pd.DataFrame) -> dict[str, int]:
    odd = {}
    if "doi" in studies.columns:
        without = _empty(studies["doi"])
        odd["studies without a DOI"] = int(without.sum())
        dois = studies["doi"][~without].astype("str").str.lower()
        odd["studies that repeat another's DOI"] = int(dois.duplicated().sum())
    if "title" in studies.columns:
        odd["studies without a title"] = int(_empty(studies["title"]).sum())
    if "year" in studies.columns:
        import pandas as pd

        years = pd.to_numeric(studies["year"], errors="coerce")
        early = (years < _FIRST_FMRI_YEAR).fillna(value=False)
        odd[f"studies older than functional MRI (before {_FIRST_FMRI_YEAR})"] = int(
            early.sum()
        )
    return odd


def _empty(column: pd.Series) -> np.ndarray[Any, np.dtype[np.bool_]]:
    text = column.astype("str").str.strip().str.lower()
    return np.asarray(column.isna() | text.isin(_NO_VALUE), dtype=bool)


def _label_oddities(database: Database) -> dict[str, int]:
    odd: Counter[str] = Counter()
    for labels in database.label_sets.values():
        numeric = sum(label.strip().isdigit() for label in labels.labels)
        odd[f"labels of {labels.name!r} that look like numbers"] = numeric
        if labels.weights is None:
            odd[f"labels of {labels.name!r} without weights"] = len(labels)
            continue
        used = np.diff(labels.weights.indptr) > 0
        odd[f"labels of {labels.name!r} that no study has"] = int((~used).sum())
        has_label = np.zeros(labels.weights.shape[0], dtype=bool)
        has_label[labels.weights.indices] = True
        odd[f"studies without any label of {labels.name!r}"] = int((~has_label).sum())
    return dict(odd)

"""The terms that are decoded to, and the studies that count."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import EmptySelectionError
from nimare_neurosynth.io import lines_of
from nimare_neurosynth.meta import check_least, database_facts, software

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database, LabelSet
    from nimare_neurosynth.engine import LabelColumns


@dataclass(frozen=True)
class ChosenTerms:
    """Terms of one label set that enough studies have, and not all.

    Attributes
    ----------
    label_set : LabelSet
        Where they are from.
    rows : list of int
        Their positions in it.
    columns : LabelColumns
        Counted studies of each.
    counted : ndarray of bool, shape (n_studies,)
        Studies with peaks.
    n_left_out : int
        Terms that were asked for, but that too few studies have.
    """

    label_set: LabelSet
    rows: list[int]
    columns: LabelColumns
    counted: BoolArray
    n_left_out: int

    @property
    def names(self) -> tuple[str, ...]:
        """The terms."""
        return tuple(self.label_set.labels[i] for i in self.rows)

    def facts(self, database: Database, **more: Any) -> dict[str, Any]:
        """Say what was chosen, for the record that goes with results."""
        return {
            "database": database_facts(database),
            "software": software(),
            "label_set": self.label_set.name,
            "n_studies": int(np.count_nonzero(self.counted)),
            "n_terms_left_out": self.n_left_out,
            **more,
        }


def choose_terms(
    database: Database,
    terms: str | PathLike[str] | Sequence[str] | None,
    *,
    label_set: str | None,
    threshold: float,
    min_studies_per_term: int,
) -> ChosenTerms:
    """Choose terms by name, and leave out those of too few studies.

    Parameters
    ----------
    database : Database
        Studies with terms.
    terms : str, sequence of str, pathlib.Path or None
        Names or patterns of one label set; a path is that of a text file with one on
        each line; None is all labels of the set.
    label_set : str or None
        The label set, where there are several.
    threshold : float
        A term is in a study at this weight or more.
    min_studies_per_term : int
        Terms of fewer studies are left out, and those of all.

    Returns
    -------
    ChosenTerms

    Raises
    ------
    EmptySelectionError
        If none is left.
    UnknownTermError, OptionError
        If terms or options cannot be used.
    """
    if isinstance(terms, PathLike):
        terms = lines_of(Path(terms))
    least = max(check_least(min_studies_per_term), 1)
    chosen, positions = database.choose_labels(terms, label_set=label_set)
    counted = database.has_peaks
    columns = chosen.columns(positions, threshold=threshold).within(counted)
    n_counted = int(np.count_nonzero(counted))
    kept = np.flatnonzero((columns.sizes >= least) & (columns.sizes < n_counted))
    if not len(kept):
        raise EmptySelectionError(
            f"none of the {len(positions):,} terms is in at least {least} studies, "
            f"and not in all {n_counted:,} with peaks (at a weight of {threshold:g})."
        )
    rows = [positions[i] for i in kept]
    columns = chosen.columns(rows, threshold=threshold).within(counted)
    return ChosenTerms(chosen, rows, columns, counted, len(positions) - len(rows))

"""Selections: sets of studies that know how they were chosen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import SelectionError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database._database import Database


@dataclass(frozen=True, eq=False)
class Selection:
    """Some studies of a database.

    Selections combine: ``a & b`` (both), ``a | b`` (either), ``~a`` (all others),
    ``a - b`` (a without b). Every analysis takes them.

    Attributes
    ----------
    database : Database
        Whose studies these are.
    mask : ndarray of bool, shape (n_studies,)
        Which studies are selected.
    description : str
        How they were chosen.
    weights : ndarray of float64, shape (n_studies,), or None
        Weights of the terms that the studies were chosen by.
    criteria : tuple of dict
        Each query, place, region, condition or list that the description stands for,
        with the options it was understood by: enough to choose the same studies again.
    """

    database: Database
    mask: BoolArray
    description: str
    weights: NDArray[np.float64] | None = None
    criteria: tuple[dict[str, Any], ...] = ()

    def __post_init__(self) -> None:
        for array in (self.mask, self.weights):
            if array is not None:
                array.setflags(write=False)

    def __len__(self) -> int:
        return int(np.count_nonzero(self.mask))

    def __bool__(self) -> bool:
        raise TypeError(
            "a selection is neither true nor false: use &, | and ~ to combine "
            "selections, and len() to see whether one is empty."
        )

    def __and__(self, other: Selection) -> Selection:
        return self._with(other, self.mask & self._other(other), "&")

    def __or__(self, other: Selection) -> Selection:
        return self._with(other, self.mask | self._other(other), "|")

    def __sub__(self, other: Selection) -> Selection:
        mask = self.mask & ~self._other(other)
        description = f"{_wrap(self)} & ~{_wrap(other)}"
        criteria = _merged(self, other)
        return Selection(self.database, mask, description, self.weights, criteria)

    def __invert__(self) -> Selection:
        description = f"~{_wrap(self)}"
        return Selection(self.database, ~self.mask, description, criteria=self.criteria)

    def _other(self, other: Selection) -> BoolArray:
        if not isinstance(other, Selection):
            raise TypeError(
                "a selection can only be combined with another selection, not with "
                f"{type(other).__name__}: make one with Database.select()."
            )
        self.check_database(other.database)
        return other.mask

    def _with(self, other: Selection, mask: BoolArray, sign: str) -> Selection:
        weights = _add_weights(self, other)
        description = f"{_wrap(self)} {sign} {_wrap(other)}"
        criteria = _merged(self, other)
        return Selection(self.database, mask, description, weights, criteria)

    def check_database(self, database: Database) -> None:
        """Check that these are studies of a database.

        Parameters
        ----------
        database : Database
            The one that is analysed.

        Raises
        ------
        SelectionError
            If it is another one, by its content.
        """
        same = self.database is database
        if not same and self.database.content_hash != database.content_hash:
            raise SelectionError(
                f"this selection ({self.description}) belongs to "
                f"{self.database.about}, not to the database that you analyse "
                f"({database.about}, of other content): choose again in that one."
            )

    @property
    def ids(self) -> list[str]:
        """Ids of the selected studies, in the order of the database."""
        return [str(i) for i in self.database.study_ids[self.mask]]

    def facts(self) -> dict[str, Any]:
        """Give how the studies were chosen, and which they are, as plain types.

        Returns
        -------
        dict
            ``description``, ``n_studies``, ``ids_sha256`` (of the ids, a line each) and
            ``criteria``.
        """
        ids = "\n".join(self.ids).encode()
        return {
            "description": self.description,
            "n_studies": len(self),
            "ids_sha256": hashlib.sha256(ids).hexdigest(),
            "criteria": list(self.criteria),
        }

    def table(self) -> pd.DataFrame:
        """Give the studies as a table, heaviest first where there are weights.

        Returns
        -------
        pandas.DataFrame
            The database's columns, and ``weight`` where terms chose the studies.
        """
        studies = self.database.studies[self.mask].copy()
        if self.weights is not None:
            studies["weight"] = self.weights[self.mask]
            studies = studies.sort_values("weight", ascending=False, kind="stable")
        return studies.reset_index(drop=True)

    def __repr__(self) -> str:
        total = self.database.n_studies
        return f"<Selection: {len(self):,} of {total:,} studies, {self.description}>"

    def _repr_html_(self) -> str:
        from html import escape

        shown = self.table().head(10)
        note = f" (first {len(shown)})" if len(shown) < len(self) else ""
        total = f"{len(self):,} of {self.database.n_studies:,} studies"
        query = f"<code>{escape(self.description)}</code>"
        table = shown.to_html(index=False, na_rep="")
        return f"<p><b>{total}</b>: {query}{note}</p>{table}"


def _merged(*sides: Selection) -> tuple[dict[str, Any], ...]:
    """Join the criteria of selections, each once."""
    merged: list[dict[str, Any]] = []
    for side in sides:
        merged += [c for c in side.criteria if c not in merged]
    return tuple(merged)


def _add_weights(*sides: Selection) -> NDArray[np.float64] | None:
    """Add the weights of what each side selects; None where no side has any."""
    weights = [
        np.where(side.mask, side.weights, 0.0)
        for side in sides
        if side.weights is not None
    ]
    return np.sum(weights, axis=0) if weights else None


def _wrap(selection: Selection) -> str:
    text = selection.description
    return f"({text})" if any(sign in text for sign in "&|") else text

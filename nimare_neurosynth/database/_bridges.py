"""The way between a Database and NiMARE's own collections of studies."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nimare_neurosynth.database._database import Database


class NimareBridges:
    """What a Database has to come from NiMARE and to go there."""

    @staticmethod
    def from_studyset(
        studyset: Any, *, unit: str = "study", annotation: Any = None
    ) -> Database:
        """Make a database of a NiMARE Studyset.

        Parameters
        ----------
        studyset : nimare.studyset.Studyset, dict, str or path
        unit : {"study", "analysis"}
        annotation : dict, str, path or sequence of these, optional
            See :func:`nimare_neurosynth.io.from_studyset`.

        Returns
        -------
        Database
        """
        made: Database = _io().from_studyset(studyset, unit=unit, annotation=annotation)
        return made

    def to_studyset(self, *, by: str = "study") -> Any:
        """Make a NiMARE Studyset.

        Parameters
        ----------
        by : {"study", "table"}
            See :func:`nimare_neurosynth.io.to_studyset`.

        Returns
        -------
        nimare.studyset.Studyset
        """
        return _io().to_studyset(self, by=by)

    @staticmethod
    def from_dataset(dataset: Any, *, unit: str = "study") -> Database:
        """Make a database of NiMARE's old Dataset.

        Parameters
        ----------
        dataset : nimare.dataset.Dataset
        unit : {"study", "analysis"}
            See :func:`nimare_neurosynth.io.from_dataset`.

        Returns
        -------
        Database
        """
        made: Database = _io().from_dataset(dataset, unit=unit)
        return made

    def to_dataset(self, *, by: str = "study") -> Any:
        """Make NiMARE's old Dataset.

        Parameters
        ----------
        by : {"study", "table"}
            See :func:`nimare_neurosynth.io.to_dataset`.

        Returns
        -------
        nimare.dataset.Dataset
        """
        return _io().to_dataset(self, by=by)


def _io() -> Any:
    """Import readers and writers, which are above this layer: hence by name."""
    return import_module("nimare_neurosynth.io")

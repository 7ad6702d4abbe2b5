"""What is made of a database, and kept with it or shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from nimare_neurosynth.errors import OptionError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from nimare_neurosynth.database._about import About
    from nimare_neurosynth.database._labelset import LabelSet
    from nimare_neurosynth.database._peaks import Peaks

DEFAULT_TALAIRACH = "icbm_spm"


class Derived:
    """A part of :class:`Database`: other forms of it."""

    label_sets: dict[str, LabelSet]
    n_studies: int
    peaks: Peaks
    _mni: dict[str | None, NDArray[np.float64]]

    def mni(self, talairach: str | None = DEFAULT_TALAIRACH) -> NDArray[np.float64]:
        """Give all peaks in MNI space; kept, as places are asked for again and again.

        Parameters
        ----------
        talairach : {"icbm_spm", "icbm_other"} or None
            How Talairach peaks come to MNI space.

        Returns
        -------
        ndarray of float64, shape (3, n_peaks)
            x, y and z in mm; not to be written to.
        """
        if talairach not in self._mni:
            made = np.ascontiguousarray(self.peaks.to_mni(talairach).T)
            made.setflags(write=False)
            self._mni[talairach] = made
        return self._mni[talairach]

    def with_label_set(self, labels: LabelSet) -> Self:
        """Give a database with one more label set, and all else as it is.

        Parameters
        ----------
        labels : LabelSet
            A weight for each of this database's studies, in their order.

        Returns
        -------
        Database
            Of the same studies and peaks; nothing is computed anew.

        Raises
        ------
        OptionError
            If it has other studies, or the name of a label set that is there.
        """
        if labels.name in self.label_sets:
            raise OptionError(
                f"this database has a label set {labels.name!r}: give the new one "
                "another name."
            )
        if labels.weights is not None and not hasattr(labels.weights, "indptr"):
            raise OptionError(
                f"the weights of {labels.name!r} must be a sparse array of SciPy's "
                f"(scipy.sparse.csc_array), got {type(labels.weights).__name__}."
            )
        if labels.weights is not None and labels.weights.shape[0] != self.n_studies:
            raise OptionError(
                f"the label set {labels.name!r} is of {labels.weights.shape[0]:,} "
                f"studies, this database has {self.n_studies:,}."
            )
        sets = {**self.label_sets, labels.name: labels}
        return self._with(label_sets=sets)

    def with_only(self, names: Iterable[str]) -> Self:
        """Give a database with some of its label sets, and all else as it is.

        Parameters
        ----------
        names : iterable of str
            The label sets to keep, in their order here.

        Returns
        -------
        Database
            Of the same studies and peaks; nothing is computed anew.

        Raises
        ------
        OptionError
            If there is no such label set.
        """
        kept = set(names)
        if strange := sorted(kept - set(self.label_sets)):
            known = ", ".join(self.label_sets) or "none"
            raise OptionError(
                f"there is no label set {strange[0]!r}; there is {known}."
                f"{suggest(strange[0], self.label_sets)}"
            )
        sets = {k: v for k, v in self.label_sets.items() if k in kept}
        return self._with(label_sets=sets)

    def with_about(self, about: About) -> Self:
        """Give a database that says something else of where it comes from.

        Parameters
        ----------
        about : About
            Name, version, licence and attribution.

        Returns
        -------
        Database
            Of the same studies, peaks and labels; nothing is computed anew.
        """
        return self._with(about=about)

    def _with(self, **changed: Any) -> Self:
        made = object.__new__(type(self))
        kept = {k: v for k, v in vars(self).items() if k != "content_hash"}
        vars(made).update(kept, _known_hash=None, **changed)
        return made

"""One studyset, divided in two: what is selected, and all else."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from nimare.meta.cbma.base import CBMAEstimator

from nimare_neurosynth.errors import EmptySelectionError
from nimare_neurosynth.estimators._base import FORMULAS, CountingEstimator
from nimare_neurosynth.estimators._collections import (
    Inputs,
    Later,
    as_studyset,
    check_spaces,
    coordinates_of,
    narrowed,
)
from nimare_neurosynth.estimators._maps import chi2_maps

if TYPE_CHECKING:
    from nimare.results import MetaResult

    from nimare_neurosynth._typing import BoolArray


class DividedEstimator(CountingEstimator, CBMAEstimator):  # type: ignore[misc]
    """What estimators share that compare a part of a studyset with the rest of it."""

    null_method = "approximate"
    n_iters = None
    n_cores = 1

    @property
    @abstractmethod
    def asked_(self) -> str:
        """What selects the part, in words."""

    @abstractmethod
    def _inside(self, view: Any) -> BoolArray:
        """Say which analyses of a view are in the part."""

    def fit(
        self,
        dataset: Any,
        drop_invalid: bool = True,
        ma_maps: Any = None,
    ) -> MetaResult:
        """Compare what is selected with the rest of a studyset.

        Parameters
        ----------
        dataset : Studyset, path, dict or Dataset
            With annotations, if labels select.
        drop_invalid : bool
            Pass over analyses without coordinates.
        ma_maps
            Not needed, and not looked at.

        Returns
        -------
        MetaResult
            With the maps of ``MKDAChi2``.

        Raises
        ------
        QueryError, UnknownTermError, OptionError
            If what selects cannot be understood or names what is not there.
        EmptySelectionError
            If it selects nothing, or everything.
        """
        self.check_options()
        studyset = as_studyset(dataset)
        kept = narrowed(studyset, drop_invalid=drop_invalid)
        check_spaces([kept.view])
        self.masker = self.masker_for(studyset)
        self._kept = (kept,)
        inside = self._inside(kept.view)
        if inside.all() or not inside.any():
            what = "no" if not inside.any() else "every"
            raise EmptySelectionError(
                f"{self.asked_} selects {what} analysis of {len(inside):,}: there is "
                "nothing to compare."
            )
        self.dataset = studyset
        self._in_group1 = inside
        self.inputs_ = Inputs(
            id=list(kept.ids), coordinates=Later(coordinates_of, (kept, self.masker))
        )
        return self.result_of(*self._fit(studyset))

    def _fit(self, dataset: Any) -> Any:
        self.null_distributions_ = {}
        _, groups, selected = self.groups_of(self.min_studies)
        maps = chi2_maps(groups, selected, self.prior)
        return maps, {}, self._description_text()

    def _compute_summarystat_est(self, ma_values: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no such statistic")

    def _generate_description(self) -> str:
        from nimare_neurosynth import __version__

        n = int(np.count_nonzero(self._in_group1))
        return (
            "A Neurosynth meta-analysis \\citep{yarkoni2011large} was performed with "
            f"nimare_neurosynth {__version__}. "
            f"{self.kernel_transformer._generate_description()} "  # noqa: SLF001
            f"{n:,} analyses that {self.asked_} selects were compared with the other "
            f"{len(self._in_group1) - n:,} analyses of the studyset. {FORMULAS}"
        )

"""How much each analysis contributes to a cluster, by leaving it out."""

from __future__ import annotations

from typing import Any

import numpy as np
from nimare import diagnostics

from nimare_neurosynth.engine import LabelColumns, count_columns
from nimare_neurosynth.estimators._base import CountingEstimator, least_analyses
from nimare_neurosynth.inference import Groups

_TARGET = "z_desc-association"


class Jackknife(diagnostics.Jackknife):  # type: ignore[misc]
    """NiMARE's ``Jackknife``, by subtraction instead of fitting again.

    Leaving an analysis out takes its activations off the counts: the result is that of
    NiMARE's, in milliseconds for each analysis. Results of other estimators are given
    to NiMARE's own.

    Parameters
    ----------
    target_image, cluster_threshold, display_second_group, n_cores, target_threshold
        As for ``nimare.diagnostics.Jackknife``. ``n_cores`` is not used where there
        is nothing to fit.

    Examples
    --------
    >>> from nimare_neurosynth.estimators import Jackknife
    >>> Jackknife(target_image="z_desc-association", target_threshold=3.3).n_cores
    1
    """

    def transform(self, result: Any) -> Any:
        """Add tables of contributions to a result.

        Parameters
        ----------
        result : MetaResult
            With the map that ``target_image`` names.

        Returns
        -------
        MetaResult
            The same, with tables and label maps added.
        """
        if not isinstance(result.estimator, CountingEstimator):
            return super().transform(result)
        n_cores = getattr(self, "n_cores", 1)
        self.n_cores = 1  # processes would cost more than they gain
        self._whole = _Whole(result.estimator)
        try:
            return super().transform(result)
        finally:
            self.n_cores = n_cores
            del self._whole

    def _leave_one_out_values(
        self,
        expid: str,
        sign: str,
        result: Any,
        target_value_map: str,
        image_cache: Any = None,
    ) -> Any:
        whole = getattr(self, "_whole", None)
        if whole is None or target_value_map != _TARGET:
            return super()._leave_one_out_values(
                expid, sign, result, target_value_map, image_cache
            )
        before = result.get_map(target_value_map, return_type="array")
        after = whole.without(expid).astype(np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.nan_to_num(np.true_divide(after, before))
        return 1 - share, result.estimator.masker


class _Whole:
    """The counts of a fitted estimator, from which analyses can be taken."""

    def __init__(self, estimator: Any) -> None:
        self.min_studies = estimator.min_studies
        _, self.groups, self.selected = estimator.groups_of(estimator.min_studies)
        column = LabelColumns.from_masks([self.selected])
        self.counts = count_columns(self.groups.activations, column, n_jobs=-1)
        keys = np.concatenate([v.keys.astype(str) for v in estimator.views_])
        self.place = dict(
            zip(keys.tolist(), estimator.pooled()[1].tolist(), strict=True)
        )

    def without(self, expid: str) -> Any:
        """Give the association z without an analysis."""
        place = self.place[str(expid)]
        groups, n = self.groups, len(self.selected)
        one = LabelColumns(np.array([0, 1]), np.array([place], np.int32), n)
        own = count_columns(groups.activations, one)
        counted, selected = groups.counted.copy(), self.selected.copy()
        inside = selected[place]
        counted[place] = selected[place] = False
        totals = groups.totals - own[0]
        least = max(least_analyses(self.min_studies, groups.n_studies - 1), 1)
        left = Groups(groups.activations, counted, totals, totals >= least, least)
        counts = self.counts - own if inside else self.counts
        return left.z(counts, LabelColumns.from_masks([selected]))["association"][0]

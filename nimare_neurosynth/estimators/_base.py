"""What the estimators share: the groups behind a result, correction, small copies."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from nimare.meta.kernel import MKDAKernel
from nimare.results import MetaResult
from nimare.utils import get_masker

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.estimators._collections import (
    Inputs,
    ids_of,
    mask_of,
    slim,
)
from nimare_neurosynth.estimators._correct import distributions, fwe_maps
from nimare_neurosynth.estimators._pool import Pool, pool_of
from nimare_neurosynth.estimators._strata import strata_of
from nimare_neurosynth.inference import Groups, draw_groups, foci_null, label_null
from nimare_neurosynth.meta import least_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.inference import Null
    from nimare_neurosynth.space import Mask

_SHARED = frozenset({"dataset", "dataset1", "dataset2", "masker", "mask", "_kept"})
"""What cannot change, so that copies of an estimator share it."""


FORMULAS = (
    "Association compares how often analyses of either group activate a voxel "
    "(Pearson's chi-square), uniformity how often a group's analyses activate this "
    "voxel and the average voxel."
)
"""How both estimators describe their tests."""


class CountingEstimator:
    """Mixed into NiMARE's estimators: two groups, counted by the engine.

    After ``fit``, ``_kept`` are the narrowed studysets that were fitted, and
    ``_in_group1`` says which of their analyses, one after the other, are in group 1.
    """

    _kept: Sequence[Any]
    _in_group1: BoolArray
    kernel_transformer: Any
    masker: Any
    mask: Any
    prior: float | None
    min_studies: float
    fwe_null_method: str
    random_state: int | None

    # --------------------------------------------------------------------- fit

    def check_options(self) -> None:
        """Raise an OptionError unless what both estimators are told can work."""
        _check_kernel(self.kernel_transformer)
        _check_prior(self.prior)
        least_analyses(self.min_studies, 1)

    def masker_for(self, studyset: Any) -> Any:
        """Give the masker that was asked for, or that of a studyset."""
        return studyset.masker if self.mask is None else get_masker(self.mask)

    def result_of(self, maps: Any, tables: Any, description: str) -> MetaResult:
        """Make NiMARE's result of what was fitted."""
        return MetaResult(
            self, mask=self.masker, maps=maps, tables=tables, description=description
        )

    # ------------------------------------------------------------------ groups

    @property
    def views_(self) -> tuple[Any, ...]:
        if not hasattr(self, "_kept"):
            raise OptionError(
                f"this {type(self).__name__} has not been fitted: call fit() first."
            )
        return tuple(studyset.view for studyset in self._kept)

    def pooled(self) -> tuple[Pool, NDArray[np.int64]]:
        """Give the pool of activations, and where each analysis is in it."""
        pool = pool_of(
            self.views_, mask=self._mask(), radius_mm=self.kernel_transformer.r
        )
        places = [pool.places(view) for view in self.views_]
        return pool, np.concatenate([p for p in places if p is not None])

    def _mask(self) -> Mask:
        return mask_of(self.masker)

    def groups_of(self, min_studies: float) -> tuple[Pool, Groups, BoolArray]:
        """Give the universe of both groups, and which of it is group 1."""
        pool, places = self.pooled()
        n = pool.activations.n_studies
        counted, selected = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        counted[places] = True
        selected[places[self._in_group1]] = True
        least = least_analyses(min_studies, len(places))
        groups = Groups.of(pool.activations, counted, min_studies=least)
        return pool, groups, selected

    # -------------------------------------------------------------- correction

    def correct_fdr_indep(self, result: Any, alpha: float = 0.05) -> Any:
        """Correct for the false discovery rate (Benjamini & Hochberg).

        Called by ``FDRCorrector(method="indep")``. Voxels that no analysis activates
        have p = 1.

        Parameters
        ----------
        result : MetaResult
            What ``fit`` gave.
        alpha : float
            Rate that is meant; the maps are adjusted, not thresholded.

        Returns
        -------
        maps : dict, tables : dict, description : str
        """
        from nimare.meta.cbma.mkda import MKDAChi2

        maps, tables, _ = MKDAChi2.correct_fdr_indep(self, result, alpha=alpha)
        description = (
            "Voxel-wise p values were corrected for the false discovery rate by the "
            f"procedure of Benjamini and Hochberg (q = {alpha:g})."
        )
        return maps, tables, description

    def correct_fwe_montecarlo(
        self,
        result: Any,
        voxel_thresh: float = 0.001,
        n_iters: int = 1000,
        n_cores: int = -1,
        vfwe_only: bool = False,
        strata: Any = None,
        min_studies: float = 0.01,
    ) -> Any:
        """Correct for family-wise error with the largest values of random maps.

        Called by ``FWECorrector(method="montecarlo", ...)``, which takes the same
        options.

        Parameters
        ----------
        result : MetaResult
            What ``fit`` gave.
        voxel_thresh : float
            Uncorrected p (two-sided) of the voxels that clusters are made of.
        n_iters : int
            How many random maps.
        n_cores : int
            Threads; from 0 down, all cores. Results do not depend on it.
        vfwe_only : bool
            Single voxels only, in a third of the time.
        strata : str, sequence of str or array, optional
            Exchange labels only between studies of equal ``"peaks"`` (numbers are cut
            into ten parts), ``"space"``, ``"year"`` or any other metadata field, or of
            equal values of an array (one for each analysis; of a study, that of its
            first analysis counts). Not for random foci.
        min_studies : int or float
            Voxels that fewer analyses activate in total (a number, or a share below 1)
            are not tested and get p = 1: where almost nothing was ever reported, one
            analysis is a large effect, and such voxels own the largest value.

        Returns
        -------
        maps : dict, tables : dict, description : str

        Notes
        -----
        Labels are exchanged between analyses, or between whole studies where one study
        has several; :math:`p = (1 + k) / (1 + n)` where ``k`` of ``n`` maps have a
        value at least as large.

        Studies that are drawn at random activate the places that all studies activate
        most. Permuting labels therefore asks of a group's uniformity whether it is
        more uneven than that of as many studies at random; random foci ask whether it
        is uneven at all.
        """
        check_iterations(n_iters, voxel_thresh)
        n = sum(len(view) for view in self.views_)
        least = [least_analyses(each, n) for each in (min_studies, self.min_studies)]
        pool, groups, selected = self.groups_of(max(least))
        options = (float(voxel_thresh), int(n_iters), bool(vfwe_only), n_cores)
        if self.fwe_null_method == "random-foci":
            if strata is not None:
                raise OptionError(
                    "strata are for permuted labels, not for random foci."
                )
            null = self._foci_null(groups, selected, options)
        else:
            null = self._label_null(pool, groups, selected, options, strata)
        z = {
            test: np.where(groups.tested, result.get_map(f"z_desc-{name}", "array"), 0)
            for test, name in (
                ("association", "association"),
                ("group1", "uniformity"),
                ("group2", "group2"),
            )
        }
        maps = fwe_maps(null, z, self._mask())
        self.null_distributions_ = distributions(null)
        return maps, {}, _description(null, groups, strata, self.fwe_null_method)

    def _seed(self) -> int:
        return 0 if self.random_state is None else int(self.random_state)

    def _label_null(
        self,
        pool: Pool,
        groups: Groups,
        selected: BoolArray,
        options: tuple[float, int, bool, int],
        strata: Any,
    ) -> Null:
        cluster_p, n_iters, vfwe_only, n_cores = options
        places = np.flatnonzero(groups.counted)
        order = self.pooled()[1]
        codes = np.zeros(len(groups.counted), dtype=np.int64)
        ids = np.concatenate([ids_of(view).astype(str) for view in self.views_])
        study = np.unique(ids, return_inverse=True)[1]
        units = np.zeros(len(groups.counted), dtype=np.int64)
        units[order] = study
        # what is exchanged are studies: peaks are those of the whole study
        n_foci = np.bincount(study, weights=self._n_foci())[study].astype(np.int64)
        found = strata_of(self.views_, strata, n_foci)
        if found is not None:
            codes[order] = found
        composition = np.bincount(codes[selected], minlength=codes.max() + 1)
        several = len(np.unique(units[places])) < len(places)
        key = (
            ("labels", self._seed(), *options[:3]),
            groups.counted.tobytes(),
            groups.tested.tobytes(),
            codes.tobytes() if found is not None else b"",
            # where studies have several analyses, sizes do not say how they are drawn
            selected.tobytes() if several else composition.tobytes(),
        )
        if key in pool.nulls:
            return pool.nulls[key]
        draws = draw_groups(
            selected,
            groups.counted,
            n_draws=n_iters,
            seed=self._seed(),
            strata=codes,
            units=units if several else None,
        )
        mask = None if vfwe_only else self._mask()
        made = label_null(
            groups,
            draws,
            mask=mask,
            cluster_p=cluster_p,
            n_jobs=_threads(n_cores),
            progress=True,
        )
        return pool.keep_null(key, made)

    def _foci_null(
        self,
        groups: Groups,
        selected: BoolArray,
        options: tuple[float, int, bool, int],
    ) -> Null:
        cluster_p, n_iters, vfwe_only, n_cores = options
        n_peaks = np.zeros(len(groups.counted), dtype=np.int64)
        n_peaks[self.pooled()[1]] = self._n_foci()
        return foci_null(
            groups,
            selected,
            n_peaks,
            mask=self._mask(),
            radius_mm=self.kernel_transformer.r,
            n_draws=n_iters,
            seed=self._seed(),
            cluster_p=cluster_p,
            clusters=not vfwe_only,
            n_jobs=_threads(n_cores),
            progress=True,
        )

    def _n_foci(self) -> NDArray[np.int64]:
        sizes = [view.coordinate_block().group_sizes() for view in self.views_]
        return np.concatenate(sizes).astype(np.int64)

    # ------------------------------------------------------------------ copies

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Copy parameters and results; share what cannot change.

        NiMARE copies the estimator with every result, and the studysets with it.
        """
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        for name, value in self.__dict__.items():
            if isinstance(value, Inputs):
                made.__dict__[name] = value.shared()
            elif name in _SHARED:
                made.__dict__[name] = value
            else:
                made.__dict__[name] = copy.deepcopy(value, memo)
        return made

    def __getstate__(self) -> dict[str, Any]:
        """Leave annotations and texts out of what is pickled.

        Activations and nulls are kept with the studysets, and made again when needed.
        """
        state = dict(self.__dict__)
        for name in ("dataset", "dataset1", "dataset2"):
            if name in state:
                state[name] = slim(state[name])
        if "_kept" in state:
            state["_kept"] = tuple(map(slim, state["_kept"]))
            state["inputs_"] = state["inputs_"].shared(slim)
        return state


def check_null_method(method: str) -> None:
    """Raise an OptionError unless random maps can be made that way."""
    if method not in ("label-permutation", "random-foci"):
        raise OptionError(
            "fwe_null_method must be 'label-permutation' or 'random-foci', got "
            f"{method!r}."
        )


def least_analyses(min_studies: float, n_analyses: int) -> int:
    """Turn a minimum number or share of analyses into a number.

    Raises
    ------
    OptionError
        If it is neither.
    """
    number = isinstance(min_studies, int | float | np.integer | np.floating)
    if isinstance(min_studies, bool) or not number or not 0 <= min_studies < np.inf:
        raise OptionError(
            "min_studies must be a number of analyses from 0 up, or a share below 1, "
            f"got {min_studies!r}."
        )
    if min_studies < 1:
        return least_studies(float(min_studies), n_analyses)
    return int(np.ceil(min_studies))


def _check_kernel(kernel: Any) -> None:
    """Raise an OptionError unless a kernel makes spheres of 1."""
    if not isinstance(kernel, MKDAKernel) or kernel.value != 1:
        raise OptionError(
            f"what is counted are spheres: the kernel must be an MKDAKernel with value "
            f"1, got {kernel!r}."
        )


def _check_prior(prior: Any) -> None:
    """Raise an OptionError unless a prior is a probability, or left out."""
    number = isinstance(prior, float | int | np.floating)
    if prior is not None and not (number and 0 <= prior < 1):
        raise OptionError(f"prior must be from 0 to below 1, or None, got {prior!r}.")


def check_iterations(n_iters: Any, voxel_thresh: Any) -> None:
    """Raise an OptionError unless these can be a number of maps and a p value."""
    whole = isinstance(n_iters, int | np.integer) and not isinstance(n_iters, bool)
    if not whole or n_iters < 1:
        raise OptionError(f"n_iters must be a whole number from 1 up, got {n_iters!r}.")
    number = isinstance(voxel_thresh, float | np.floating)
    if not number or not 0 < voxel_thresh < 1:
        raise OptionError(
            f"voxel_thresh must be a p value between 0 and 1, got {voxel_thresh!r}."
        )


def _threads(n_cores: int) -> int:
    return -1 if n_cores <= 0 else int(n_cores)


def _description(null: Null, groups: Groups, strata: Any, method: str) -> str:
    how = (
        "foci were placed at random within the mask"
        if method == "random-foci"
        else "group labels were permuted"
    )
    within = "" if strata is None else f" within strata ({strata})"
    levels = "voxel"
    if null.largest_size is not None:
        levels = f"voxel and cluster (voxels at p < {null.cluster_p:g})"
    return (
        f"Family-wise error was corrected at {levels} level by a Monte Carlo "
        f"procedure: {how}{within} {null.n_draws:,} times, and the largest value of "
        f"each map was kept. {np.count_nonzero(groups.tested):,} voxels that enough "
        "analyses of either group activate were tested."
    )

"""Two studysets, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Memory
from nimare.meta.cbma.mkda import MKDAChi2
from nimare.meta.kernel import MKDAKernel

from nimare_neurosynth.errors import SelectionError, warn
from nimare_neurosynth.estimators._base import FORMULAS, CountingEstimator
from nimare_neurosynth.estimators._collections import (
    Inputs,
    Later,
    as_studyset,
    check_spaces,
    coordinates_of,
    ids_of,
    narrowed,
)
from nimare_neurosynth.estimators._maps import chi2_maps, gate

if TYPE_CHECKING:
    from nimare.results import MetaResult


class NeurosynthChi2(CountingEstimator, MKDAChi2):  # type: ignore[misc]
    """Compare two studysets: NiMARE's ``MKDAChi2`` on the counting engine.

    It takes the same parameters and gives the same maps, and goes where ``MKDAChi2``
    goes: correctors, diagnostics, workflows, reports, decoders.

    Parameters
    ----------
    kernel_transformer : MKDAKernel, optional
        Spheres; ``kernel__r`` is their radius in mm (10 by default, as in NiMARE).
    prior : float or None
        Prior probability of being in group 1, for the ``_prior`` maps.
    fwe_null_method : {"label-permutation", "random-foci"}
        How ``FWECorrector(method="montecarlo")`` makes random maps.
    memory, memory_level
        NiMARE's cache; not of use here, as nothing is slow enough.
    random_state : int, optional
        Seed of the random maps; None is 0.
    min_studies : int or float
        Voxels that fewer analyses of either group activate (a number, or a share below
        1) have z = 0 and p = 1.
    generate_description : bool
        Describe the method in the result.
    mask : image or masker, optional
        The voxels; that of the studysets by default.
    mask_coverage : {"brain", "gm"}
        Kept for NiMARE's sake.
    **kwargs
        ``kernel__r`` and the like.

    Notes
    -----
    Voxels that no analysis activates have z = 0, p = 1 and probability 0. In NiMARE
    they have NaN and p = 0.157.

    The activations of a studyset are kept with it: the first fit of one takes a second
    or so, all others a fraction of that.

    Examples
    --------
    >>> from nimare_neurosynth import NeurosynthChi2
    >>> NeurosynthChi2(kernel__r=6).kernel_transformer.r
    6.0
    """

    def __init__(
        self,
        kernel_transformer: Any = MKDAKernel,
        prior: float | None = 0.5,
        fwe_null_method: str = "label-permutation",
        memory: Any = Memory(location=None, verbose=0),
        memory_level: int = 0,
        random_state: int | None = None,
        min_studies: float = 0,
        generate_description: bool = True,
        mask: Any = None,
        mask_coverage: str = "brain",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_transformer=kernel_transformer,
            prior=prior,
            fwe_null_method=fwe_null_method,
            memory=memory,
            memory_level=memory_level,
            random_state=random_state,
            generate_description=generate_description,
            mask=mask,
            mask_coverage=mask_coverage,
            **kwargs,
        )
        self.mask = mask
        self.min_studies = min_studies

    def fit(
        self,
        dataset1: Any,
        dataset2: Any,
        drop_invalid: bool = True,
        ma_maps1: Any = None,
        ma_maps2: Any = None,
        inference_map1: Any = None,
        inference_map2: Any = None,
    ) -> MetaResult:
        """Compare two studysets.

        Parameters
        ----------
        dataset1, dataset2 : Studyset, path, dict or Dataset
            Group 1 and group 2. Datasets are deprecated in NiMARE.
        drop_invalid : bool
            Pass over analyses without coordinates.
        ma_maps1, ma_maps2
            Not needed, and not looked at: counting again is faster than checking them.
        inference_map1, inference_map2 : ndarray or image, optional
            Positive associations only where the first is above 0, negative ones only
            where the second is.

        Returns
        -------
        MetaResult

        Raises
        ------
        SelectionError
            If an analysis is in both groups, or a group has no analysis with
            coordinates.
        OptionError
            If an option, the mask or the kernel cannot be used.
        """
        self.check_options()
        sets = [as_studyset(dataset1), as_studyset(dataset2)]
        kept = [narrowed(s, drop_invalid=drop_invalid) for s in sets]
        _check_groups(*(s.view for s in kept))
        check_spaces([s.view for s in kept])
        self.masker = self.masker_for(sets[0])
        self.dataset1, self.dataset2 = sets
        self._kept = tuple(kept)
        sizes = [len(view) for view in self.views_]
        self._in_group1 = np.repeat([True, False], sizes)
        self.inputs_ = Inputs()
        for i, studyset in enumerate(kept, start=1):
            self.inputs_[f"id{i}"] = list(studyset.ids)
            self.inputs_[f"coordinates{i}"] = Later(
                coordinates_of, (studyset, self.masker)
            )
        for name, image in (("1", inference_map1), ("2", inference_map2)):
            self.inputs_[f"inference_map{name}"] = self._coerce_inference_map(
                image, masker=self.masker, label=f"inference_map{name}"
            )
        return self.result_of(*self._fit(*sets))

    def _fit(self, dataset1: Any, dataset2: Any) -> Any:
        self.null_distributions_ = {}
        _, groups, selected = self.groups_of(self.min_studies)
        maps = chi2_maps(groups, selected, self.prior)
        inside = [self.inputs_[f"inference_map{i}"] for i in (1, 2)]
        gate(maps, *(None if m is None else np.asarray(m) > 0 for m in inside))
        return maps, {}, self._description_text()

    def _generate_description(self) -> str:
        from nimare_neurosynth import __version__

        sizes = [len(view.coordinate_block()) for view in self.views_]
        return (
            "A multilevel kernel density chi-squared analysis "
            "\\citep{wager2007meta} was performed as in Neurosynth "
            f"\\citep{{yarkoni2011large}} with nimare_neurosynth {__version__}. "
            f"{self.kernel_transformer._generate_description()} "  # noqa: SLF001
            f"Group 1 had {sizes[0]:,} foci from {len(self.views_[0]):,} analyses, "
            f"group 2 {sizes[1]:,} foci from {len(self.views_[1]):,} analyses. "
            f"{FORMULAS}"
        )


def _check_groups(view1: Any, view2: Any) -> None:
    """Refuse analyses that are in both groups, and tell of such studies."""
    same = np.intersect1d(view1.keys.astype(str), view2.keys.astype(str))
    if len(same):
        raise SelectionError(
            f"{len(same):,} analyses are in both groups, for example "
            f"{str(same[0])!r}: an analysis can be in one of them only."
        )
    shared = np.intersect1d(ids_of(view1).astype(str), ids_of(view2).astype(str))
    if len(shared):
        warn(
            f"{len(shared):,} studies are in both groups through different analyses, "
            f"for example {str(shared[0])!r}: the groups are not independent."
        )

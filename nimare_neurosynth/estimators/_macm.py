"""One studyset, divided by a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Memory
from nimare.meta.kernel import MKDAKernel

from nimare_neurosynth.database import check_region_bound, parse_coordinates
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.estimators._base import check_null_method
from nimare_neurosynth.estimators._collections import mask_of
from nimare_neurosynth.estimators._divided import DividedEstimator
from nimare_neurosynth.space import region_voxels

if TYPE_CHECKING:
    from nimare_neurosynth._typing import BoolArray


class MACM(DividedEstimator):
    """Meta-analytic coactivation: analyses that activate a seed against all others.

    The function :func:`nimare_neurosynth.macm` for NiMARE's studysets.

    Parameters
    ----------
    seed : coordinate, path, image or array
        A coordinate (x, y, z) in mm: analyses with a focus within ``seed_radius_mm`` of
        it. A region (every non-zero voxel of an image): analyses that activate it.
    seed_radius_mm : float
        Of a coordinate.
    min_voxels, min_proportion
        How much of a region an analysis must activate: so many voxels (1 by default),
        or such a share of them.
    kernel_transformer : MKDAKernel, optional
        Spheres; ``kernel__r`` is their radius in mm (10 by default, as in NiMARE).
    prior : float or None
        Prior probability of being selected, for the ``_prior`` maps.
    fwe_null_method : {"label-permutation", "random-foci"}
        How ``FWECorrector(method="montecarlo")`` makes random maps. Labels are
        exchanged between studies with about as many foci, unless ``strata="none"`` is
        given to the corrector: analyses that were chosen for activating something have
        more foci than others.
    memory, memory_level
        NiMARE's cache; not of use here.
    random_state : int, optional
        Seed of the random maps; None is 0.
    min_studies : int or float
        Voxels that fewer analyses activate (a number, or a share below 1) have z = 0
        and p = 1.
    generate_description : bool
        Describe the method in the result.
    mask : image or masker, optional
        The voxels; that of the studyset by default.
    mask_coverage : {"brain", "gm"}
        Kept for NiMARE's sake.
    **kwargs
        ``kernel__r`` and the like.

    Examples
    --------
    >>> from nimare_neurosynth.estimators import MACM
    >>> MACM((0, -52, 26), kernel__r=6).seed
    (0, -52, 26)
    """

    def __init__(
        self,
        seed: Any = None,
        seed_radius_mm: float = 6.0,
        min_voxels: int | None = None,
        min_proportion: float | None = None,
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
        check_null_method(fwe_null_method)
        super().__init__(
            kernel_transformer=kernel_transformer,
            memory=memory,
            memory_level=memory_level,
            random_state=random_state,
            generate_description=generate_description,
            mask=mask,
            mask_coverage=mask_coverage,
            **kwargs,
        )
        self.seed = seed
        self.seed_radius_mm = seed_radius_mm
        self.min_voxels = min_voxels
        self.min_proportion = min_proportion
        self.prior = prior
        self.fwe_null_method = fwe_null_method
        self.mask = mask
        self.min_studies = min_studies

    def check_options(self) -> None:
        """Raise an OptionError unless the options can work."""
        super().check_options()
        check_region_bound(self.min_voxels, self.min_proportion)
        if self.seed is None:
            raise OptionError("seed must be a coordinate in mm or a region.")
        radius = self.seed_radius_mm
        if not isinstance(radius, int | float | np.number) or not 0 <= radius <= 100:
            raise OptionError(
                f"seed_radius_mm must be a number from 0 to 100, got {radius!r}."
            )

    @property
    def asked_(self) -> str:
        """The seed."""
        if self._is_place():
            x, y, z = self.seed
            return f"the seed ({x:g}, {y:g}, {z:g}), {self.seed_radius_mm:g} mm,"
        return "the seed region"

    def correct_fwe_montecarlo(
        self,
        result: Any,
        voxel_thresh: float = 0.001,
        n_iters: int = 1000,
        n_cores: int = -1,
        vfwe_only: bool = False,
        strata: Any = "peaks",
        min_studies: float = 0.01,
    ) -> Any:
        """Correct for family-wise error with the largest values of random maps.

        As that of the other estimators, but labels are exchanged between studies with
        about as many foci unless ``strata="none"``; random foci have no strata.
        """
        usual = isinstance(strata, str) and strata == "peaks"
        if isinstance(strata, str) and strata == "none":
            strata = None  # NiMARE's correctors leave out what is None
        elif usual and self.fwe_null_method == "random-foci":
            strata = None
        return super().correct_fwe_montecarlo(
            result,
            voxel_thresh=voxel_thresh,
            n_iters=n_iters,
            n_cores=n_cores,
            vfwe_only=vfwe_only,
            strata=strata,
            min_studies=min_studies,
        )

    def _is_place(self) -> bool:
        seed = self.seed
        numbers = isinstance(seed, list | tuple | np.ndarray) and np.shape(seed) == (3,)
        return numbers and all(isinstance(v, int | float | np.number) for v in seed)

    def _inside(self, view: Any) -> BoolArray:
        if self._is_place():
            [place] = parse_coordinates(self.seed, "seed")
            block = view.coordinate_block()
            far = ((block.xyz - place) ** 2).sum(axis=1)
            near = far <= float(self.seed_radius_mm) ** 2
            hits = np.bincount(block.group_of_point()[near], minlength=len(view))
            return np.asarray(hits > 0)
        inside = region_voxels(self.seed, mask_of(self.masker))
        pool, places = self.pooled()
        active = pool.activations.count_in(inside)[places]
        if self.min_proportion is None:
            return np.asarray(active >= (self.min_voxels or 1))
        least = self.min_proportion * np.count_nonzero(inside) * (1 - 1e-12)
        return np.asarray(active >= least)

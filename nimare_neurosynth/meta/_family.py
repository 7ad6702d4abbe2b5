"""Family-wise error of maps, by exchanging studies between the groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import LabelColumns, count_columns
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.inference import (
    Groups,
    corrected_p,
    draw_groups,
    label_null,
    quantile_parts,
)
from nimare_neurosynth.stats import logp_from_z, z_from_p

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.inference import Corrected
    from nimare_neurosynth.space import Mask

LEVELS = ("voxel", "size", "mass")
"""What is compared with the largest of each permutation."""

_NAMES = {
    "voxel": "_level-voxel",
    "size": "Size_level-cluster",
    "mass": "Mass_level-cluster",
}
_TESTS = {"association": "association", "uniformity": "group1"}


@dataclass(frozen=True, eq=False)
class FamilyWise:
    """Corrected p values of both tests of one selection.

    Attributes
    ----------
    mask : Mask
        The voxels.
    z : dict of ndarray of float64, shape (n_voxels,)
        Observed z by test, ``"association"`` and ``"uniformity"``; 0 where a voxel is
        not tested.
    corrected : dict of Corrected
        Corrected p by test.
    facts : dict
        How it was done.
    """

    mask: Mask
    z: dict[str, NDArray[np.float64]]
    corrected: dict[str, Corrected]
    facts: dict[str, Any]

    def p(self, test: str = "association", level: str = "voxel") -> NDArray[np.float64]:
        """Give corrected p values.

        Parameters
        ----------
        test : {"association", "uniformity"}
            Which test.
        level : {"voxel", "size", "mass"}
            Of single voxels, or of the cluster that a voxel is in, by its size or mass.

        Returns
        -------
        ndarray of float64, shape (n_voxels,)
            1 where a voxel is not tested, or in no cluster.
        """
        if test not in _TESTS:
            raise OptionError(f"test must be one of {', '.join(_TESTS)}, got {test!r}.")
        if level not in LEVELS:
            raise OptionError(
                f"level must be one of {', '.join(LEVELS)}, got {level!r}."
            )
        found = getattr(self.corrected[test], level)
        if found is None:
            raise OptionError("clusters were not looked at: use clusters=True.")
        return np.asarray(found)

    def significant(
        self, test: str = "association", level: str = "voxel", *, alpha: float = 0.05
    ) -> NDArray[np.float64]:
        """Give z where the corrected p is below alpha, 0 elsewhere."""
        return np.where(self.p(test, level) < alpha, self.z[test], 0.0)

    def image(
        self, test: str = "association", level: str = "voxel", *, alpha: float = 0.05
    ) -> Nifti1Image:
        """Give :meth:`significant` as a NIfTI image."""
        values = self.significant(test, level, alpha=alpha)
        return self.mask.to_image(values.astype(np.float32))

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Give z and -log10 p of every test and level, by NiMARE's names.

        Returns
        -------
        dict of ndarray of float32, shape (n_voxels,)
            ``z_desc-association_level-voxel_corr-FWE_method-montecarlo`` and so on.
        """
        found = {}
        for test in _TESTS:
            for level, name in _NAMES.items():
                if getattr(self.corrected[test], level) is None:
                    continue
                z = z_from_p(self.p(test, level))
                end = f"desc-{test}{name}_corr-FWE_method-montecarlo"
                found[f"z_{end}"] = (z * np.sign(self.z[test])).astype(np.float32)
                found[f"logp_{end}"] = logp_from_z(z).astype(np.float32)
        return found


def family_wise(
    database: Database,
    selected: BoolArray,
    counted: BoolArray,
    *,
    mask: Mask,
    strata: str | NDArray[Any] | None = None,
    n_permutations: int = 1000,
    cluster_p: float = 0.001,
    clusters: bool = True,
    min_studies: int = 1,
    untested: BoolArray | None = None,
    radius_mm: float,
    talairach: str | None,
    seed: int = 0,
    n_jobs: int = -1,
    progress: bool = False,
) -> FamilyWise:
    """Compare maps with those of as many studies, drawn at random.

    Parameters
    ----------
    database : Database
        The studies.
    selected, counted : ndarray of bool, shape (n_studies,)
        Which are selected, and which count.
    mask : Mask
        The voxels.
    strata : "peaks", ndarray or None
        Draw as many studies of each kind: with about as many peaks, or of equal values
        of an array (n_studies,). None draws any.
    n_permutations : int
        Draws.
    cluster_p : float
        Clusters are made of voxels below this uncorrected p.
    clusters : bool
        Whether to look at clusters too.
    min_studies : int
        Voxels that fewer studies activate are not tested.
    untested : ndarray of bool, shape (n_voxels,), optional
        Voxels that are not tested either.
    radius_mm, talairach
        Of activations.
    seed : int
        Of the draws.
    n_jobs : int
        Threads.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    FamilyWise
    """
    if not isinstance(n_permutations, int | np.integer) or n_permutations < 1:
        raise OptionError(
            f"n_permutations must be a whole number from 1 up, got {n_permutations!r}."
        )
    number = isinstance(cluster_p, float | np.floating)
    if not (number and 0 < cluster_p < 1):
        raise OptionError(f"cluster_p must be above 0 and below 1, got {cluster_p!r}.")
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise OptionError(f"the seed must be a whole number from 0 up, got {seed!r}.")
    activations = database.activations(
        radius_mm=radius_mm, mask=mask, talairach=talairach, n_jobs=n_jobs
    )
    groups = Groups.of(activations, counted, min_studies=min_studies)
    if untested is not None:
        groups = replace(groups, tested=groups.tested & ~untested)
    own = selected & counted
    draws = draw_groups(
        own,
        counted,
        n_draws=int(n_permutations),
        seed=seed,
        strata=study_strata(database, strata),
    )
    null = label_null(
        groups,
        draws,
        mask=mask if clusters else None,
        cluster_p=cluster_p,
        n_jobs=n_jobs,
        progress=progress,
    )
    column = LabelColumns.from_masks([own])
    counts = count_columns(activations, column, n_jobs=n_jobs)
    found = groups.z(counts, column, dtype=np.float64)
    z = {test: found[name][0] for test, name in _TESTS.items()}
    facts = {
        "n_permutations": int(n_permutations),
        "strata": strata if strata is None or isinstance(strata, str) else "given",
        "cluster_p": float(cluster_p),
        "n_voxels_tested": int(np.count_nonzero(groups.tested)),
        "min_studies": groups.min_studies,
        "seed": int(seed),
    }
    corrected = {
        test: corrected_p(null, name, z[test], mask=mask)
        for test, name in _TESTS.items()
    }
    return FamilyWise(mask, z, corrected, facts)


def study_strata(
    database: Database, strata: str | NDArray[Any] | None
) -> NDArray[np.int64] | None:
    """Sort studies into kinds that are exchanged with each other only.

    Raises
    ------
    OptionError
        If there is no such kind.
    """
    if strata is None:
        return None
    if isinstance(strata, str):
        if strata != "peaks":
            raise OptionError(f"strata must be 'peaks' or an array, got {strata!r}.")
        n_peaks = np.bincount(database.peaks.study, minlength=database.n_studies)
        return quantile_parts(n_peaks.astype(np.float64))
    values = np.asarray(strata)
    if values.shape != (database.n_studies,):
        raise OptionError(
            f"strata need a value for each of the {database.n_studies:,} studies, got "
            f"shape {values.shape}."
        )
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)

"""Family-wise error of NiMARE results, under NiMARE's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.estimators._maps import NAMES
from nimare_neurosynth.inference import TESTS, Null, corrected_p
from nimare_neurosynth.stats import logp_from_z, z_from_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth.space import Mask

_SHORT = {"group1": "pAgF", "association": "pFgA"}
_LEVELS = (("", "voxel"), ("size", "cluster"), ("mass", "cluster"))


def fwe_maps(
    null: Null, z: dict[str, NDArray[Any]], mask: Mask
) -> dict[str, NDArray[np.float32]]:
    """Correct the maps of all tests.

    Parameters
    ----------
    null : Null
        Largest values without an effect.
    z : dict of ndarray, shape (n_voxels,)
        Observed z by test.
    mask : Mask
        The voxels.

    Returns
    -------
    dict of ndarray of float32, shape (n_voxels,)
        ``p_``, ``z_`` and ``logp_`` maps of NiMARE's names: ``desc-association_level-
        voxel``, ``desc-associationMass_level-cluster`` and so on.
    """
    maps: dict[str, NDArray[np.float32]] = {}
    for test in TESTS:
        corrected = corrected_p(null, test, z[test], mask=mask)
        levels = {"_level-voxel": corrected.voxel}
        if corrected.size is not None and corrected.mass is not None:
            levels["Mass_level-cluster"] = corrected.mass
            levels["Size_level-cluster"] = corrected.size
        for level, p in levels.items():
            kinds = _kinds(p, np.sign(z[test]))
            for name in NAMES[test]:
                maps |= {f"{k}_desc-{name}{level}": v for k, v in kinds.items()}
    return maps


def _kinds(p: NDArray[np.float64], sign: NDArray[Any]) -> dict[str, NDArray[Any]]:
    z = z_from_p(p)
    return {
        "p": p.astype(np.float32),
        "z": (z * sign).astype(np.float32),
        "logp": logp_from_z(z).astype(np.float32),
    }


def distributions(null: Null) -> dict[str, NDArray[np.float64]]:
    """Give the null distributions as NiMARE's estimators keep them, in chi-square."""
    found = {}
    for test in TESTS:
        largest = (null.largest_size, null.largest_mass)
        arrays: list[Any] = [null.largest_z[test] ** 2]
        arrays += [None if each is None else each[test] for each in largest]
        for (what, level), values in zip(_LEVELS, arrays, strict=True):
            for name in dict.fromkeys((test, _SHORT.get(test, test))):
                if values is not None and (name != "association"):
                    key = f"values_desc-{name}{what}_level-{level}_corr-fwe_method-"
                    found[f"{key}montecarlo"] = values
    return found

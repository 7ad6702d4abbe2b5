"""The maps of two groups, under NiMARE's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import LabelColumns, count_columns
from nimare_neurosynth.stats import Probabilities, logp_from_z, p_from_z

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.inference import Groups

NAMES = {
    "association": ("association",),
    "group1": ("uniformity", "group1"),  # two names of one test
    "group2": ("group2",),
}
"""What NiMARE calls the three tests."""


def chi2_maps(
    groups: Groups, selected: BoolArray, prior: float | None
) -> dict[str, NDArray[np.float32]]:
    """Compute all maps of a group against the rest of its universe.

    Parameters
    ----------
    groups : Groups
        The universe, and the voxels that are tested.
    selected : ndarray of bool, shape (n_studies,)
        Group 1.
    prior : float or None
        Of the ``_prior`` maps; without them where it is None or 0.

    Returns
    -------
    dict of ndarray of float32, shape (n_voxels,)
        Under the names of NiMARE's ``MKDAChi2``. Where a voxel is not tested, z and
        probabilities are 0 and p is 1.
    """
    column = LabelColumns.from_masks([selected & groups.counted])
    counts = count_columns(groups.activations, column, n_jobs=-1)
    z = {
        test: values[0]
        for test, values in groups.z(counts, column, dtype=np.float64).items()
    }
    maps: dict[str, NDArray[Any]] = {}
    for test, names in NAMES.items():
        kinds = {
            "z": z[test],
            "chi2": z[test] ** 2,
            "p": p_from_z(z[test]),
            "logp": logp_from_z(z[test]),
        }
        for kind, values in kinds.items():
            single = values.astype(np.float32)
            maps.update({f"{kind}_desc-{name}": single for name in names})
    size = int(column.sizes[0])
    p = Probabilities(counts[0], groups.totals, size, groups.n_studies, prior or 0.5)
    maps |= {
        "prob_desc-A": p.a,
        "prob_desc-AgF": p.a_given_f,
        "prob_desc-AgU": p.a_given_u,
        "prob_desc-FgA": p.f_given_a,
        "prob_desc-group1": p.a_given_f,
        "prob_desc-group2": p.a_given_u,
    }
    if prior:
        maps["prob_desc-AgF_prior"] = p.a_prior
        maps["prob_desc-FgA_prior"] = p.f_given_a_prior
    return {
        name: np.where(groups.tested, values, 0).astype(np.float32)
        if name.startswith("prob")
        else values
        for name, values in maps.items()
    }


def gate(
    maps: dict[str, NDArray[np.float32]],
    inside1: BoolArray | None,
    inside2: BoolArray | None,
) -> None:
    """Keep an association only where the group that has more of it activates at all."""
    if inside1 is None and inside2 is None:
        return
    sign = np.sign(maps["z_desc-association"])
    nowhere = np.zeros(len(sign), dtype=bool)
    kept = (sign > 0) & (nowhere if inside1 is None else inside1)
    kept |= (sign < 0) & (nowhere if inside2 is None else inside2)
    for kind, nothing in (("z", 0), ("chi2", 0), ("p", 1), ("logp", 0)):
        name = f"{kind}_desc-association"
        maps[name] = np.where(kept, maps[name], np.float32(nothing))

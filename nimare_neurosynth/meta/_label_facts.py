"""What there is to say of one label's maps, in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.meta._analysis import FEW_STUDIES

if TYPE_CHECKING:
    from nimare_neurosynth.meta._maps import Maps


def label_facts(maps: Maps, *, fdr_q: float) -> dict[str, Any]:
    """Boil the maps of one label down to a line.

    Parameters
    ----------
    maps : Maps
        Of one label.
    fdr_q : float
        False discovery rate at which voxels are significant.

    Returns
    -------
    dict
        ``label``; ``n_studies``; ``largest_z`` of the association test and its place
        ``x``, ``y``, ``z`` in mm; ``significant_association`` and
        ``significant_uniformity``, voxels; ``clusters`` of the thresholded association
        map, both signs; ``warnings``, "" where there is nothing to warn of.
    """
    from nimare_neurosynth.plotting import count_clusters

    [label] = maps.labels
    n = int(maps.n_selected[0])
    z = maps["z_desc-association"]
    best = int(z.argmax())
    association = maps.array("z_desc-association", fdr_q=fdr_q)
    uniformity = maps.array("z_desc-uniformity", fdr_q=fdr_q)
    warnings = []
    if n < FEW_STUDIES:
        warnings.append("few studies")
    if n == maps.n_studies:
        warnings.append("every study has it")
    if not association.any():
        warnings.append("no significant association")
    return {
        "label": label,
        "n_studies": n,
        "largest_z": float(z[best]),
        **dict(zip("xyz", maps.mask.xyz_mm[best].tolist(), strict=True)),
        "significant_association": int(np.count_nonzero(association)),
        "significant_uniformity": int(np.count_nonzero(uniformity)),
        "clusters": count_clusters(association, maps.mask),
        "warnings": "; ".join(warnings),
    }

"""NiMARE's spheres, made by the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
from nimare.meta.kernel import MKDAKernel
from scipy.sparse import csr_matrix

from nimare_neurosynth.engine import build_activations
from nimare_neurosynth.space import Mask


class NeurosynthKernel(MKDAKernel):  # type: ignore[misc]
    """NiMARE's ``MKDAKernel``, many times faster.

    For NiMARE's own estimators: ``MKDADensity(kernel_transformer=NeurosynthKernel)``.

    Parameters
    ----------
    r : float
        Radius of the spheres, in mm.
    value : int
        Value inside of them.
    memory, memory_level
        NiMARE's cache.

    Examples
    --------
    >>> from nimare_neurosynth.estimators import NeurosynthKernel
    >>> NeurosynthKernel(r=6).r
    6.0
    """

    def _transform(
        self, mask: Any, coordinates: Any, return_type: str = "sparse"
    ) -> tuple[Any, Any]:
        voxels = Mask.from_image(mask)
        ids, study = np.unique(coordinates["id"].to_numpy(), return_inverse=True)
        ijk = coordinates[["i", "j", "k"]].to_numpy(dtype=np.float64)
        xyz = ijk @ voxels.affine[:3, :3].T + voxels.affine[:3, 3]
        made = build_activations(xyz, study, len(ids), mask=voxels, radius_mm=self.r)
        if return_type == "summary_array":
            return made.totals * self.value, ids
        maps = csr_matrix(made.to_csr(), dtype=np.float32)  # NiMARE wants a matrix
        maps.data[:] = self.value
        return maps, ids

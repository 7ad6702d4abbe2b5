"""Brain space: masks, voxels, spheres and the Talairach question."""

from nimare_neurosynth.space._coordinates import (
    TALAIRACH_MATRICES,
    is_talairach,
    mm_to_voxel,
    talairach_matrix,
    talairach_to_mni,
)
from nimare_neurosynth.space._mask import Mask, default_mask, region_voxels
from nimare_neurosynth.space._resources import nimare_resource
from nimare_neurosynth.space._sphere import sphere_lines

__all__ = [
    "TALAIRACH_MATRICES",
    "Mask",
    "default_mask",
    "is_talairach",
    "mm_to_voxel",
    "nimare_resource",
    "region_voxels",
    "sphere_lines",
    "talairach_matrix",
    "talairach_to_mni",
]

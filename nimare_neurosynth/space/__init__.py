"""Brain space: masks, voxels, spheres and the Talairach question."""

from nimare_neurosynth.space._coordinates import (
    TALAIRACH_MATRICES,
    is_talairach,
    mm_to_voxel,
    talairach_matrix,
    talairach_to_mni,
)
from nimare_neurosynth.space._images import ImageLike, naming, read_volume
from nimare_neurosynth.space._mask import (
    Mask,
    as_mask,
    default_mask,
    region_voxels,
    resample_volume,
    sphere_voxels,
)
from nimare_neurosynth.space._resources import nimare_resource
from nimare_neurosynth.space._sphere import sphere_lines

__all__ = [
    "TALAIRACH_MATRICES",
    "ImageLike",
    "Mask",
    "as_mask",
    "default_mask",
    "is_talairach",
    "mm_to_voxel",
    "naming",
    "nimare_resource",
    "read_volume",
    "region_voxels",
    "resample_volume",
    "sphere_lines",
    "sphere_voxels",
    "talairach_matrix",
    "talairach_to_mni",
]

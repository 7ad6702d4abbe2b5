"""The counting engine: how many studies of each label activate each voxel.

Arrays only. Every analysis of the package, from a single term to a permutation null,
is a set of :class:`LabelColumns` counted against one :class:`Activations`.
"""

from nimare_neurosynth.engine._activations import Activations, build_activations
from nimare_neurosynth.engine._clusters import join_clusters, voxels_before
from nimare_neurosynth.engine._labels import LabelColumns
from nimare_neurosynth.engine._memory import DEFAULT_MEMORY, float_room, memory_bytes
from nimare_neurosynth.engine._segments import (
    BLOCK_SIZE,
    Segment,
    build_segment,
    segment_bounds,
)
from nimare_neurosynth.engine._threads import check_n_jobs, in_threads
from nimare_neurosynth.engine._tiles import Tile, count_columns, map_tiles

__all__ = [
    "BLOCK_SIZE",
    "DEFAULT_MEMORY",
    "Activations",
    "LabelColumns",
    "Segment",
    "Tile",
    "build_activations",
    "build_segment",
    "check_n_jobs",
    "count_columns",
    "float_room",
    "in_threads",
    "join_clusters",
    "map_tiles",
    "memory_bytes",
    "segment_bounds",
    "voxels_before",
]

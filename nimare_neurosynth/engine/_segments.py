"""Some studies in a row and the voxels each activates: what is built and stored."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import _kernels as kernels
from nimare_neurosynth.engine._threads import in_threads
from nimare_neurosynth.space import mm_to_voxel, sphere_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.space import Mask

BLOCK_SIZE = 4096
SEGMENT_SIZE = 8192
"""Studies per segment: with it the memory that building takes has a bound."""
_PEAKS_PER_TASK = 20_000


@dataclass(frozen=True)
class Segment:
    """A boolean matrix, some studies x voxels: True near one of the study's peaks.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_blocks * n_studies + 1,)
        Where each study's runs in each block begin.
    runs : ndarray of uint16, shape (n_runs, 2)
        First voxel of each run within its block, and one past its last.
    sizes : ndarray of int32, shape (n_studies,)
        Active voxels of each study.
    totals : ndarray of int32, shape (n_voxels,)
        Studies of the segment that activate each voxel.
    has_peaks : ndarray of bool, shape (n_studies,)
        Studies that report any peak, in the mask or not.
    block_size : int
        Voxels per block.
    """

    offsets: NDArray[np.int64]
    runs: NDArray[np.uint16]
    sizes: NDArray[np.int32]
    totals: NDArray[np.int32]
    has_peaks: BoolArray
    block_size: int

    @property
    def n_studies(self) -> int:
        """Number of studies, those without peaks included."""
        return len(self.sizes)

    @property
    def n_voxels(self) -> int:
        """Number of voxels in the mask."""
        return len(self.totals)

    @property
    def n_blocks(self) -> int:
        """Number of blocks that the voxels are cut into."""
        return -(-self.n_voxels // self.block_size)

    def check(self) -> None:
        """Check that the arrays fit together: kernels trust them without looking.

        Raises
        ------
        ValueError
            If they do not, as after damage to a file.
        """
        whole = isinstance(self.block_size, int)
        if not (whole and 1 <= self.block_size <= 65_535) or not self._fits():
            raise ValueError("the arrays of these activations do not fit together")

    def _fits(self) -> bool:
        types = (
            (self.offsets, np.int64, 1),
            (self.runs, np.uint16, 2),
            (self.sizes, np.int32, 1),
            (self.totals, np.int32, 1),
            (self.has_peaks, np.bool_, 1),
        )
        if any(a.dtype != kind or a.ndim != n for a, kind, n in types):
            return False
        n_rows = self.n_blocks * self.n_studies
        placed = (
            self.offsets.shape == (n_rows + 1,)
            and self.offsets[0] == 0
            and bool((np.diff(self.offsets) >= 0).all())
            and self.runs.shape == (self.offsets[-1], 2)
            and self.has_peaks.shape == (self.n_studies,)
        )
        return placed and self._sizes_fit()

    def _sizes_fit(self) -> bool:
        """Tell whether all runs are in their blocks and add up to the sizes."""
        if not self.n_studies:
            return True
        sizes = np.zeros(self.n_studies, dtype=np.int64)
        inside = kernels.add_sizes(
            self.offsets,
            self.runs,
            self.n_studies,
            self.block_size,
            self.n_voxels,
            sizes,
        )
        return bool(inside) and np.array_equal(sizes, self.sizes)


def segment_bounds(n_studies: int, segment_size: int = SEGMENT_SIZE) -> list[int]:
    """Say where the segments of so many studies begin, and where the last ends.

    They have a fixed size, whatever the history of a database: studies that are
    appended leave all full segments as they are.
    """
    return [*range(0, max(n_studies, 1), segment_size), n_studies]


def build_segment(
    xyz_mm: NDArray[np.float64],
    study: NDArray[np.integer[Any]],
    n_studies: int,
    *,
    mask: Mask,
    radius_mm: float,
    n_jobs: int = 1,
    block_size: int = BLOCK_SIZE,
) -> Segment:
    """Build one segment; see :func:`build_activations`.

    Parameters
    ----------
    xyz_mm, study, n_studies, mask, radius_mm, n_jobs, block_size
        Of the segment's studies, counted from 0.

    Returns
    -------
    Segment
    """
    lines = sphere_lines(radius_mm, mask.affine)
    centres, peak_offsets = _centres(xyz_mm, study, n_studies, mask, lines)
    shape = np.array(mask.shape, dtype=np.int64)

    def runs_between(part: tuple[int, int]) -> Any:
        first, stop = part
        span = peak_offsets[first : stop + 1]
        peaks = centres[span[0] : span[-1]]
        return kernels.runs_of_studies(
            peaks, span - span[0], lines, shape, mask.rank, block_size
        )

    bounds = _bounds(peak_offsets)
    parts = in_threads(runs_between, list(pairwise(bounds)), n_jobs=n_jobs)
    has_peaks = np.bincount(study, minlength=n_studies) > 0
    return _assemble(parts, bounds, has_peaks, mask.n_voxels, block_size)


def _centres(
    xyz_mm: NDArray[np.float64],
    study: NDArray[np.integer[Any]],
    n_studies: int,
    mask: Mask,
    lines: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Round peaks to voxels, drop those that reach nothing, sort by study."""
    finite = np.isfinite(xyz_mm).all(axis=1)
    ijk = mm_to_voxel(xyz_mm[finite], mask.affine)
    margin = int(np.abs(lines).max(initial=0))
    near = ((ijk >= -margin) & (ijk < np.array(mask.shape) + margin)).all(axis=1)
    owner = np.asarray(study)[finite][near]
    order = np.argsort(owner, kind="stable")
    centres = ijk[near][order].astype(np.int32)
    peaks = np.bincount(owner, minlength=n_studies)
    return centres, np.concatenate([[0], np.cumsum(peaks)]).astype(np.int64)


def _bounds(peak_offsets: NDArray[np.int64]) -> list[int]:
    """Cut the studies where about so many peaks have gone by."""
    n_studies = len(peak_offsets) - 1
    targets = np.arange(_PEAKS_PER_TASK, peak_offsets[-1], _PEAKS_PER_TASK)
    cuts = np.searchsorted(peak_offsets, targets)
    return sorted({0, n_studies, *(int(c) for c in cuts if c < n_studies)})


def _assemble(
    parts: list[Any],
    bounds: list[int],
    has_peaks: BoolArray,
    n_voxels: int,
    block_size: int,
) -> Segment:
    n_studies = len(has_peaks)
    n_blocks = -(-n_voxels // block_size)
    offsets = np.zeros(n_blocks * n_studies + 1, dtype=np.int64)
    for first, (starts, _, counts) in zip(bounds, parts, strict=False):
        kernels.count_block_runs(starts, counts, first, n_studies, block_size, offsets)
    np.cumsum(offsets, out=offsets)
    runs = np.empty((offsets[-1], 2), dtype=np.uint16)
    sizes = np.zeros(n_studies, dtype=np.int32)
    totals = np.zeros(n_voxels, dtype=np.int32)
    for first, (starts, ends, counts) in zip(bounds, parts, strict=False):
        kernels.place_block_runs(
            starts, ends, counts, first, n_studies, block_size, offsets, runs, sizes
        )
        # a run adds 1 from its start to its end: the same sum as the counts
        totals += np.bincount(starts, minlength=n_voxels).astype(np.int32)
        totals -= np.bincount(ends, minlength=n_voxels + 1)[:-1].astype(np.int32)
    np.cumsum(totals, out=totals)
    return Segment(offsets, runs, sizes, totals, has_peaks, block_size)

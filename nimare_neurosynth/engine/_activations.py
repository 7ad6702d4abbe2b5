"""Who activates what: the studies x voxels matrix, as runs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import _kernels as kernels
from nimare_neurosynth.engine._labels import LabelColumns
from nimare_neurosynth.engine._tiles import check_n_jobs, count_columns
from nimare_neurosynth.space import mm_to_voxel, sphere_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from nimare_neurosynth._typing import BoolArray, FloatArray
    from nimare_neurosynth.space import Mask

BLOCK_SIZE = 4096
_PEAKS_PER_TASK = 20_000


@dataclass(frozen=True)
class Activations:
    """A boolean matrix, studies x voxels: True near one of the study's peaks.

    It is stored as blocked runs (see ``_kernels.py``): about 50 MB for the 45.8 million
    non-zeros of a 14,000-study database. Make it with :func:`build_activations`.

    Attributes
    ----------
    offsets : ndarray of int64, shape (n_blocks * n_studies + 1,)
        Where each study's runs in each block begin.
    runs : ndarray of uint16, shape (n_runs, 2)
        First voxel of each run within its block, and one past its last.
    sizes : ndarray of int32, shape (n_studies,)
        Active voxels of each study.
    totals : ndarray of int32, shape (n_voxels,)
        Studies that activate each voxel.
    has_peaks : ndarray of bool, shape (n_studies,)
        Studies that report any peak, in the mask or not: only these are counted.
    block_size : int
        Voxels per block.
    """

    offsets: NDArray[np.int64]
    runs: NDArray[np.uint16]
    sizes: NDArray[np.int32]
    totals: NDArray[np.int32]
    has_peaks: BoolArray
    block_size: int = BLOCK_SIZE

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
        n_rows = self.n_blocks * self.n_studies
        fit = (
            self.offsets.shape == (n_rows + 1,)
            and self.runs.shape == (self.offsets[-1], 2)
            and self.has_peaks.shape == (self.n_studies,)
            and self.offsets[0] == 0
            and bool((np.diff(self.offsets) >= 0).all())
            and bool((self.runs[:, 0] < self.runs[:, 1]).all())
            and int(self.runs.max(initial=0)) <= self.block_size
        )
        if not fit:
            raise ValueError("the arrays of these activations do not fit together")

    def count_in(self, region: BoolArray) -> NDArray[np.int64]:
        """Count each study's active voxels inside a region.

        Parameters
        ----------
        region : ndarray of bool, shape (n_voxels,)
            The voxels of the region.

        Returns
        -------
        ndarray of int64, shape (n_studies,)
        """
        return self._sum(np.asarray(region, dtype=np.int64))

    def sum_of(self, values: FloatArray) -> NDArray[np.float64]:
        """Sum a value per voxel over each study's active voxels.

        Parameters
        ----------
        values : ndarray of float, shape (n_voxels,)
            One value per voxel.

        Returns
        -------
        ndarray of float64, shape (n_studies,)
            The product of the matrix with the values.
        """
        return self._sum(np.asarray(values, dtype=np.float64))

    def _sum(self, values: NDArray[Any]) -> NDArray[Any]:
        if values.shape != (self.n_voxels,):
            raise ValueError(f"need {self.n_voxels} values, got shape {values.shape}")
        cumulative = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values)])
        out = np.zeros(self.n_studies, dtype=values.dtype)
        if self.n_studies:
            kernels.sum_over_voxels(
                self.offsets,
                self.runs,
                self.n_studies,
                self.block_size,
                cumulative,
                out,
            )
        return out

    def to_csr(self, studies: NDArray[np.int64] | None = None) -> csr_array:
        """Write the matrix, or some of its rows, out as a SciPy sparse matrix.

        Parameters
        ----------
        studies : ndarray of int64, optional
            Positions of the studies wanted; all by default.

        Returns
        -------
        scipy.sparse.csr_array of bool, shape (studies, n_voxels)
        """
        from scipy.sparse import csr_array

        rows = np.arange(self.n_studies) if studies is None else np.asarray(studies)
        indptr = np.concatenate([[0], np.cumsum(self.sizes[rows], dtype=np.int64)])
        indices = np.empty(indptr[-1], dtype=np.int32)
        if len(rows):
            kernels.voxels_of_studies(
                self.offsets,
                self.runs,
                self.n_studies,
                self.block_size,
                rows.astype(np.int64),
                indptr,
                indices,
            )
        shape = (len(rows), self.n_voxels)
        return csr_array((np.ones(len(indices), bool), indices, indptr), shape=shape)


def build_activations(
    xyz_mm: NDArray[np.float64],
    study: NDArray[np.integer[Any]],
    n_studies: int,
    *,
    mask: Mask,
    radius_mm: float,
    n_jobs: int = 1,
    block_size: int = BLOCK_SIZE,
) -> Activations:
    """Mark, for each study, the voxels within a radius of its peaks.

    A sphere is centred on the voxel that its peak rounds to, not on the peak itself, as
    in legacy Neurosynth and NiMARE. Peaks that are NaN, infinite or far outside the
    volume mark nothing.

    Parameters
    ----------
    xyz_mm : ndarray of float64, shape (n_peaks, 3)
        Peaks in the mask's space.
    study : ndarray of int, shape (n_peaks,)
        Position of each peak's study; any order.
    n_studies : int
        Number of studies, those without peaks included.
    mask : Mask
        The voxels there are.
    radius_mm : float
        Radius in mm, 0 to 100; the surface is included.
    n_jobs : int
        Threads.
    block_size : int
        Voxels per block, at most 65,535.

    Returns
    -------
    Activations

    Raises
    ------
    OptionError
        If the radius is not a number from 0 to 100.

    Examples
    --------
    >>> from nimare_neurosynth.space import default_mask
    >>> peaks = np.array([[0.0, -52.0, 26.0]])
    >>> study = np.array([0])
    >>> a = build_activations(peaks, study, 1, mask=default_mask(), radius_mm=6)
    >>> int(a.sizes[0])
    123
    """
    from joblib import Parallel, delayed

    check_n_jobs(n_jobs)
    lines = sphere_lines(radius_mm, mask.affine)
    centres, peak_offsets = _centres(xyz_mm, study, n_studies, mask, lines)
    shape = np.array(mask.shape, dtype=np.int64)

    def runs_between(first: int, stop: int) -> Any:
        span = peak_offsets[first : stop + 1]
        peaks = centres[span[0] : span[-1]]
        return kernels.runs_of_studies(
            peaks, span - span[0], lines, shape, mask.rank, block_size
        )

    bounds = _bounds(peak_offsets)
    parts = list(
        Parallel(n_jobs=n_jobs, require="sharedmem")(
            delayed(runs_between)(first, stop) for first, stop in pairwise(bounds)
        )
    )
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
) -> Activations:
    n_studies = len(has_peaks)
    n_blocks = -(-n_voxels // block_size)
    offsets = np.zeros(n_blocks * n_studies + 1, dtype=np.int64)
    for first, (starts, _, counts) in zip(bounds, parts, strict=False):
        kernels.count_block_runs(starts, counts, first, n_studies, block_size, offsets)
    np.cumsum(offsets, out=offsets)
    runs = np.empty((offsets[-1], 2), dtype=np.uint16)
    sizes = np.zeros(n_studies, dtype=np.int32)
    for first, (starts, ends, counts) in zip(bounds, parts, strict=False):
        kernels.place_block_runs(
            starts, ends, counts, first, n_studies, block_size, offsets, runs, sizes
        )
    none_yet = np.zeros(n_voxels, np.int32)
    made = Activations(offsets, runs, sizes, none_yet, has_peaks, block_size)
    everyone = LabelColumns.from_masks(np.ones((1, n_studies), dtype=bool))
    totals = count_columns(made, everyone)[0]
    return Activations(offsets, runs, sizes, totals, has_peaks, block_size)

"""The compiled loops: the only places that go through studies and voxels.

Activations are stored as *blocked runs*. The mask's voxels stand in one line; a study's
active voxels form runs on it; the line is cut into blocks of 4,096 voxels, so that a
run's start and end fit 16 bits and a block's accumulator stays in the fastest cache.
Runs lie block after block, study after study within a block:
``runs[offsets[b * n_studies + s]:offsets[b * n_studies + s + 1]]`` are the runs
(first voxel, one past the last) of study ``s`` in block ``b``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LENGTH_BITS = 20  # volumes have lines of fewer than a million voxels


@kernel
def runs_of_studies(
    centres: NDArray[np.int32],
    peak_offsets: NDArray[np.int64],
    lines: NDArray[np.int32],
    shape: NDArray[np.int64],
    rank: NDArray[np.int32],
    block_size: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Unite the spheres around each study's peaks into runs of mask voxels.

    Parameters
    ----------
    centres : (n_peaks, 3) voxel of each peak, sorted by study
    peak_offsets : (n_studies + 1,) where each study's peaks begin
    lines : (n_lines, 4) see :func:`nimare_neurosynth.space.sphere_lines`
    shape : (3,) of the volume
    rank : (n_flat + 1,) see :attr:`nimare_neurosynth.space.Mask.rank`
    block_size : voxels per block; runs are cut at multiples of it

    Returns
    -------
    starts, ends : (n_runs,) mask voxels, ends one past the last
    counts : (n_studies,) runs of each study
    """
    n_studies = len(peak_offsets) - 1
    n_lines = len(lines)
    most_peaks = 0
    for s in range(n_studies):
        most_peaks = max(most_peaks, peak_offsets[s + 1] - peak_offsets[s])
    keys = np.empty(most_peaks * n_lines, np.int64)
    n_blocks = (rank[-1] + block_size - 1) // block_size
    capacity = len(centres) * n_lines * 2 + n_studies * n_blocks
    starts = np.empty(capacity, np.int32)
    ends = np.empty(capacity, np.int32)
    counts = np.zeros(n_studies, np.int64)
    n_runs = 0
    for s in range(n_studies):
        n_keys = 0
        for peak in range(peak_offsets[s], peak_offsets[s + 1]):
            for line in range(n_lines):
                i = centres[peak, 0] + lines[line, 0]
                j = centres[peak, 1] + lines[line, 1]
                if i < 0 or i >= shape[0] or j < 0 or j >= shape[1]:
                    continue
                first = max(centres[peak, 2] + lines[line, 2], 0)
                stop = min(centres[peak, 2] + lines[line, 3] + 1, shape[2])
                if stop <= first:
                    continue
                flat = (i * shape[1] + j) * shape[2] + first
                keys[n_keys] = (np.int64(flat) << _LENGTH_BITS) | (stop - first)
                n_keys += 1
        keys[:n_keys].sort()
        before = n_runs
        run_start = np.int64(-1)
        run_end = np.int64(-1)
        for key in range(n_keys + 1):
            if key < n_keys:
                flat = keys[key] >> _LENGTH_BITS
                start = np.int64(rank[flat])
                end = np.int64(rank[flat + (keys[key] & ((1 << _LENGTH_BITS) - 1))])
                if end == start:
                    continue
                if start <= run_end:
                    run_end = max(run_end, end)
                    continue
            else:
                start = np.int64(-1)
                end = np.int64(-1)
            while run_start < run_end:
                cut = min(run_end, (run_start // block_size + 1) * block_size)
                starts[n_runs] = run_start
                ends[n_runs] = cut
                n_runs += 1
                run_start = cut
            run_start = start
            run_end = end
        counts[s] = n_runs - before
    return starts[:n_runs].copy(), ends[:n_runs].copy(), counts


@kernel
def count_block_runs(
    starts: NDArray[np.int32],
    counts: NDArray[np.int64],
    first_study: int,
    n_studies: int,
    block_size: int,
    offsets: NDArray[np.int64],
) -> None:
    """Add the number of runs of each (block, study) to ``offsets[1:]``."""
    run = 0
    for s in range(len(counts)):
        for _ in range(counts[s]):
            block = starts[run] // block_size
            offsets[block * n_studies + first_study + s + 1] += 1
            run += 1


@kernel
def place_block_runs(
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    counts: NDArray[np.int64],
    first_study: int,
    n_studies: int,
    block_size: int,
    offsets: NDArray[np.int64],
    runs: NDArray[np.uint16],
    sizes: NDArray[np.int32],
) -> None:
    """Write runs, given study after study, to their places block after block."""
    run = 0
    for s in range(len(counts)):
        block_now = -1
        place = np.int64(0)
        for _ in range(counts[s]):
            block = starts[run] // block_size
            if block != block_now:
                block_now = block
                place = offsets[block * n_studies + first_study + s]
            runs[place, 0] = starts[run] - block * block_size
            runs[place, 1] = ends[run] - block * block_size
            sizes[first_study + s] += ends[run] - starts[run]
            place += 1
            run += 1


@kernel
def add_sizes(
    offsets: NDArray[np.int64],
    runs: NDArray[np.uint16],
    n_studies: int,
    block_size: int,
    n_voxels: int,
    sizes: NDArray[np.int64],
) -> bool:
    """Add the lengths of each study's runs; give False if one leaves its block."""
    for block in range((len(offsets) - 1) // n_studies):
        width = min(block_size, n_voxels - block * block_size)
        for s in range(n_studies):
            row = block * n_studies + s
            for run in range(offsets[row], offsets[row + 1]):
                if runs[run, 0] >= runs[run, 1] or runs[run, 1] > width:
                    return False
                sizes[s] += runs[run, 1] - runs[run, 0]
    return True


@kernel
def add_changes(
    offsets: NDArray[np.int64],
    runs: NDArray[np.uint16],
    n_studies: int,
    block_size: int,
    n_voxels: int,
    blocks: tuple[int, int],
    first_items: NDArray[np.int64],
    stop_items: NDArray[np.int64],
    column_studies: NDArray[np.int32],
    first_study: int,
    columns: tuple[int, int],
    out: NDArray[np.int32],
) -> None:
    """Add, for some columns and blocks, where a segment's runs begin and end.

    A run adds 1 at its start and takes it away at its end (unless that is the end of
    the block). ``first_items`` and ``stop_items`` say which of ``column_studies`` each
    column has in this segment, whose first study is ``first_study``. ``out`` has shape
    (columns, voxels of the blocks); see :func:`sum_changes`.
    """
    first_voxel = blocks[0] * block_size
    for block in range(blocks[0], blocks[1]):
        before = block * block_size - first_voxel
        width = min(block_size, n_voxels - block * block_size)
        for column in range(columns[0], columns[1]):
            change = out[column - columns[0], before : before + width]
            for item in range(first_items[column], stop_items[column]):
                row = block * n_studies + column_studies[item] - first_study
                for run in range(offsets[row], offsets[row + 1]):
                    change[runs[run, 0]] += 1
                    end = runs[run, 1]
                    if end < width:
                        change[end] -= 1


@kernel
def sum_changes(out: NDArray[np.int32], block_size: int) -> None:
    """Turn changes into counts: the running sum along each block is the count."""
    for column in range(out.shape[0]):
        row = out[column]
        for first in range(0, out.shape[1], block_size):
            count = np.int32(0)
            for voxel in range(first, min(first + block_size, out.shape[1])):
                count += row[voxel]
                row[voxel] = count


@kernel
def sum_over_voxels(
    offsets: NDArray[np.int64],
    runs: NDArray[np.uint16],
    n_studies: int,
    block_size: int,
    cumulative: NDArray[Any],
    out: NDArray[Any],
) -> None:
    """Sum a value per voxel over each study's active voxels.

    ``cumulative[v]`` is the sum of the values before voxel ``v``, so a run costs one
    subtraction however long it is. ``out`` has shape (n_studies,).
    """
    n_blocks = (len(offsets) - 1) // n_studies
    for block in range(n_blocks):
        voxel = block * block_size
        for s in range(n_studies):
            row = block * n_studies + s
            for run in range(offsets[row], offsets[row + 1]):
                last = cumulative[voxel + runs[run, 1]]
                out[s] += last - cumulative[voxel + runs[run, 0]]


@kernel
def count_by_parcel(
    offsets: NDArray[np.int64],
    runs: NDArray[np.uint16],
    n_studies: int,
    block_size: int,
    parcel: NDArray[np.int32],
    out: NDArray[np.int32],
) -> None:
    """Count each study's active voxels in each of some parcels without overlap.

    ``parcel[v]`` is the parcel of voxel ``v``, -1 for none; ``out`` has shape
    (n_studies, n_parcels).
    """
    n_blocks = (len(offsets) - 1) // n_studies
    for block in range(n_blocks):
        voxel = block * block_size
        for s in range(n_studies):
            row = block * n_studies + s
            for run in range(offsets[row], offsets[row + 1]):
                for v in range(voxel + runs[run, 0], voxel + runs[run, 1]):
                    if parcel[v] >= 0:
                        out[s, parcel[v]] += 1


@kernel
def voxels_of_studies(
    offsets: NDArray[np.int64],
    runs: NDArray[np.uint16],
    n_studies: int,
    block_size: int,
    studies: NDArray[np.int64],
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
) -> None:
    """Write out the active voxels of some studies, ascending, as CSR indices."""
    n_blocks = (len(offsets) - 1) // n_studies
    for place in range(len(studies)):
        at = indptr[place]
        for block in range(n_blocks):
            row = block * n_studies + studies[place]
            for run in range(offsets[row], offsets[row + 1]):
                for voxel in range(runs[run, 0], runs[run, 1]):
                    indices[at] = block * block_size + voxel
                    at += 1


@kernel
def z_tile(
    counts: NDArray[np.int32],
    n_selected: NDArray[np.float64],
    expected: NDArray[np.float64],
    totals: NDArray[np.int32],
    n_studies: int,
    association: NDArray[Any],
    uniformity: NDArray[Any],
) -> None:
    """Turn counts into the z values of both tests.

    association = sqrt(N) (N a - n T) / sqrt(n (N - n) T (N - T))
    uniformity = (a - E) / sqrt(E (n - E) / n)

    with a = count, n = studies selected, T = total at the voxel, N = studies and E the
    mean count over the mask. Both are 0 where T = 0 and where the test is undefined.
    """
    N = float(n_studies)
    n_voxels = counts.shape[1]
    by_voxel = np.zeros(n_voxels)
    active = np.zeros(n_voxels)
    for v in range(n_voxels):
        T = float(totals[v])
        if T > 0:
            active[v] = 1.0
            if T < N:
                by_voxel[v] = np.sqrt(N / (T * (N - T)))
    for column in range(counts.shape[0]):
        n = n_selected[column]
        E = expected[column]
        by_column = 0.0
        if 0 < n < N:
            by_column = 1.0 / np.sqrt(n * (N - n))
        spread = 0.0
        if 0 < E < n:
            spread = np.sqrt(n / (E * (n - E)))
        for v in range(n_voxels):
            a = counts[column, v]
            association[column, v] = (N * a - n * totals[v]) * by_column * by_voxel[v]
            uniformity[column, v] = (a - E) * spread * active[v]

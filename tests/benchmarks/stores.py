"""Other ways in which maps could have been stored, on a sample of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from tests.benchmarks.measure import median_seconds, write_whole

N_FETCHED = 50


def rows_of_stores(maps, sample, stored_mb):
    """Write a sample of maps in each way, and get some back.

    Parameters
    ----------
    maps : TermMaps
        All maps, as they are stored.
    sample : sequence of int
        Positions of the labels that are tried.
    stored_mb : float
        What all maps take as they are stored.

    Yields
    ------
    tuple
        Size, time of writing (both times ``len(maps) / len(sample)``), time of getting
        one map of z, and loss.
    """
    from nimare_neurosynth.io import PackedCounts

    scale = len(maps) / len(sample)
    counts = np.concatenate([maps.counts(row, row + 1) for row in sample])
    z = np.stack([_z(maps, row) for row in sample])
    yield "   other stores: tried on a sample, and times", scale, "", "", None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _z_as_float(z, folder, scale)
        yield from _z_as_int16(z, folder, scale)
        yield from _plain_counts(maps, sample, counts, folder, scale)
    start = perf_counter()
    packed = [PackedCounts.pack(column) for column in counts]
    seconds = (perf_counter() - start) * scale
    size = sum(len(each.data) for each in packed) * scale / 1e6
    yield "   counts, packed as they are stored", size, "MB", "", None
    yield "      to pack, in one thread", seconds, "s", "", None
    times = z.nbytes * scale / 1e6 / stored_mb
    yield "   float32 z of one test, over all that is stored", times, "x", "", None


def _z(maps, row):
    return maps[maps.labels[row]]["z_desc-association"].astype(np.float32)


def _fetch(function, n):
    times = [
        median_seconds(lambda i=i: function(i), repeats=1)[0]
        for i in range(min(n, N_FETCHED))
    ]
    return float(np.median(times))


def _z_as_float(z, folder, scale):
    path = folder / "z.f4"
    start = perf_counter()
    write_whole(path, z.tobytes())
    seconds = (perf_counter() - start) * scale
    mapped = np.memmap(path, np.float32, "r", shape=z.shape)
    fetch = _fetch(lambda i: np.array(mapped[i]), len(z))
    yield (
        "   float32 z of one test, in a memmap",
        z.nbytes * scale / 1e6,
        "MB",
        "",
        None,
    )
    yield "      to write, computing not counted", seconds, "s", "", None
    yield "      to fetch one", fetch * 1000, "ms", "", None


def _z_as_int16(z, folder, scale):
    path = folder / "z.i2"
    steps = np.maximum(np.abs(z).max(axis=1, keepdims=True), 1e-6) / 32_767
    start = perf_counter()
    rounded = np.round(z / steps).astype(np.int16)
    write_whole(path, rounded.tobytes())
    seconds = (perf_counter() - start) * scale
    mapped = np.memmap(path, np.int16, "r", shape=z.shape)
    fetch = _fetch(lambda i: mapped[i] * np.float32(steps[i, 0]), len(z))
    size = rounded.nbytes * scale / 1e6
    worst = float(np.abs(rounded * steps - z).max())
    yield "   int16 z of one test, in a memmap", size, "MB", "", None
    yield "      to write, computing not counted", seconds, "s", "", None
    yield "      to fetch one", fetch * 1000, "ms", "", None
    yield "      worst error of a z, times 1,000", worst * 1000, "", "", None


def _plain_counts(maps, sample, counts, folder, scale):
    """Write counts in as few bytes as the column needs, without compressing them."""
    from nimare_neurosynth.stats import association_and_uniformity_z

    kinds = [np.min_scalar_type(int(column.max())) for column in counts]
    n_bytes = np.array([kind.itemsize * counts.shape[1] for kind in kinds])
    offsets = np.cumsum(n_bytes) - n_bytes
    path = folder / "counts"
    start = perf_counter()
    narrow = [c.astype(kind) for c, kind in zip(counts, kinds, strict=True)]
    write_whole(path, b"".join(column.tobytes() for column in narrow))
    seconds = (perf_counter() - start) * scale
    data = np.memmap(path, np.uint8, "r")

    def fetch(i):
        part = data[offsets[i] : offsets[i] + n_bytes[i]].view(kinds[i])
        row = sample[i]
        return association_and_uniformity_z(
            part.astype(np.int32)[None],
            n_selected=maps.n_selected[row : row + 1],
            expected=np.array([part.mean()]),
            totals=maps.totals,
            n_studies=maps.n_studies,
            dtype=np.float32,
        )

    one_ms = _fetch(fetch, len(counts)) * 1000
    yield "   counts, not compressed", n_bytes.sum() * scale / 1e6, "MB", "", None
    yield "      to write, counting not counted", seconds, "s", "", None
    yield "      to fetch the z of both tests of one", one_ms, "ms", "", None

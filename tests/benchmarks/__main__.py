"""Time the main jobs on a real database, next to NiMARE's in the same run."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import click
import numpy as np

from tests.benchmarks.measure import (
    import_seconds,
    in_fresh_process,
    median_seconds,
    show,
)
from tests.benchmarks.options import V7, benchmark, data_option, json_option
from tests.benchmarks.peers import mkda_chi2, nimare_studyset

warnings.simplefilter("ignore")

N_COLUMNS, N_PAIRS = 3228, 1_030_000
QUERY, THRESHOLD = "9_memory_working_wm", 0.05

STREAM = """
import json, resource, sys, time
import numpy as np
from nimare_neurosynth import open_database
from nimare_neurosynth.meta import map_z
from tests.benchmarks.__main__ import random_columns
database = open_database(sys.argv[1])
activations = database.activations()
columns = random_columns(database.n_studies)
largest = lambda tile: (tile.association.max(axis=1), tile.uniformity.max(axis=1))
map_z(activations, random_columns(database.n_studies, 8, 800), largest)  # compile
start = time.perf_counter()
map_z(activations, columns, largest)
seconds = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([seconds, memory, len(columns.studies)]))
"""

COLD = """
import json, sys, time
import numpy as np
from nimare_neurosynth import load_demo, meta_analysis
database = load_demo()
seconds = []
for _ in range(2):
    database._activations.clear()
    start = time.perf_counter()
    meta_analysis(database, "memory")["z_desc-association"]
    seconds.append(time.perf_counter() - start)
print(json.dumps(seconds[0] - seconds[1]))
"""


def random_columns(n_studies, n_columns=N_COLUMNS, n_pairs=N_PAIRS):
    """Make label columns of as many studies as Neurosynth's terms have, at random.

    The sizes are log-normal, like those of real terms; which studies a term has does
    not change the work.
    """
    from nimare_neurosynth.engine import LabelColumns

    rng = np.random.default_rng(0)
    sizes = np.clip(rng.lognormal(5.2, 0.95, n_columns), 20, n_studies // 2)
    sizes = np.maximum(sizes * n_pairs / sizes.sum(), 1).round().astype(int)
    studies = [np.sort(rng.choice(n_studies, size, replace=False)) for size in sizes]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return LabelColumns(offsets, np.concatenate(studies).astype(np.int32), n_studies)


def read_and_build(folder):
    """Go from files to a database that is ready to be asked."""
    from nimare_neurosynth import read_database

    database = read_database(folder)
    database.activations()
    return database


def one_query(database):
    """Ask one query, and compute z, probability and FDR maps of both tests."""
    from nimare_neurosynth import meta_analysis

    maps = meta_analysis(database, QUERY, threshold=THRESHOLD)
    names = [n for n in maps.names if n.startswith(("z_", "prob_"))]
    every = [maps.array(name) for name in names]
    every += [maps.array(n, fdr_q=0.01) for n in names if n.startswith("z_")]
    return maps, every


def rows_of_files(data, compiled):
    """Time reading, compiling and opening."""
    from nimare_neurosynth import open_database, write_database

    seconds, database = median_seconds(lambda: read_and_build(data), repeats=3)
    yield "files to ready to ask", seconds, "s", "<= 4 s", None
    write_database(database, compiled)

    def reopen():
        opened = open_database(compiled)
        opened.activations()
        return opened

    seconds, _ = median_seconds(reopen)
    yield "reopen, ready to ask", seconds, "s", "<= 0.3 s", None


def rows_of_one_query(database, peer_seconds):
    """Time one question."""
    one_query(database)
    seconds, _ = median_seconds(lambda: one_query(database), repeats=15)
    yield (
        "one query to z, probability and FDR maps",
        seconds,
        "s",
        "<= 0.05 s",
        (
            "NiMARE MKDAChi2.fit",
            peer_seconds,
        ),
    )


def rows_of_streaming(compiled, peer_seconds):
    """Time thousands of label columns, in a process of their own for the memory."""
    seconds, memory, pairs = in_fresh_process(STREAM, compiled)
    what = f"{N_COLUMNS:,} columns ({pairs:,} pairs) to z of both tests"
    peer = peer_seconds and peer_seconds * N_COLUMNS
    yield what, seconds, "s", "<= 6 s", ("MKDAChi2.fit x 3,228, extrapolated", peer)
    yield "   its peak memory", memory, "GB", "<= 1.5 GB", None


def rows_of_imports():
    """Time imports, over an empty interpreter."""
    empty = import_seconds("")
    nimare = import_seconds("nimare", repeats=3) - empty
    for module, target in (("nimare_neurosynth", "<= 0.05 s"), ("nilearn", "")):
        seconds = import_seconds(module) - empty
        yield f"import {module}", seconds, "s", target, ("import nimare", nimare)


def row_of_compilation():
    """Time what compiling the kernels adds to the very first analysis."""
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "NUMBA_CACHE_DIR": cache}
        seconds = in_fresh_process(COLD, env=env)
    yield "compiling kernels (once per installation)", seconds, "s", "", None


def time_nimare(database, radius_mm):
    """Time NiMARE's fit of the same question, after its own compilation."""
    ids = database.select(QUERY, threshold=THRESHOLD).ids
    with tempfile.TemporaryDirectory() as folder:
        studyset = nimare_studyset(database, folder)
        fit = mkda_chi2(studyset, ids, radius_mm=radius_mm)
        fit()
        return median_seconds(fit, repeats=3)[0]


@benchmark
@data_option(V7, "Neurosynth version 7 with LDA50, in the layout of 2021.")
@click.option("--nimare/--no-nimare", default=True, help="Time NiMARE too (a minute).")
@json_option
def main(data, nimare, out):
    """Print the time of each main job, the target, and the ratio to NiMARE's."""
    from nimare_neurosynth import open_database

    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "compiled"
        rows = list(rows_of_files(data, compiled))
        database = open_database(compiled)
        peer = time_nimare(database, 6) if nimare else None
        rows += rows_of_one_query(database, peer)
        rows += rows_of_streaming(compiled, peer)
    rows += rows_of_imports()
    rows += row_of_compilation()
    show(rows, out)


if __name__ == "__main__":
    main()

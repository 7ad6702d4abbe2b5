"""Cost against size: ``python -m tests.benchmarks.scaling --data FOLDER``."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import click
import numpy as np

from tests.benchmarks.measure import (
    in_fresh_process,
    peak_memory_gb,
    timed,
    watched_memory,
)
from tests.benchmarks.options import V7, benchmark, data_option, json_option
from tests.benchmarks.pictures import draw_scaling

warnings.simplefilter("ignore")

N_COLUMNS, N_PAIRS = 3228, 1_030_000
N_APPENDED, N_STORED, JITTER_MM = 100, 256, 2.0
MEMORY_LIMIT, LIMIT_MB = "1 GB", 1000.0
GB_PER_FACTOR = 1.0
"""Of free memory, to make databases of that many times the studies."""

STAGE = """
import json, sys
from tests.benchmarks import scaling
print(json.dumps(getattr(scaling, sys.argv[1])(*json.loads(sys.argv[2]))))
"""


def drawn_labels(n_studies, factor):
    """Make 3,228 labels, each with a number of studies in proportion to all."""
    from scipy.sparse import csc_array

    from nimare_neurosynth.database import LabelSet

    rng = np.random.default_rng(0)
    sizes = rng.lognormal(5.2, 0.95, N_COLUMNS)
    sizes = np.minimum(sizes * N_PAIRS / sizes.sum(), n_studies / factor / 2) * factor
    drawn = [np.unique(rng.integers(n_studies, size=round(size))) for size in sizes]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in drawn])])
    studies = np.concatenate(drawn).astype(np.int32)
    data = np.ones(len(studies), np.float32)
    weights = csc_array((data, studies, offsets), shape=(n_studies, N_COLUMNS))
    return LabelSet("random", tuple(f"label {i}" for i in range(N_COLUMNS)), weights)


def resampled(database, factor, more=0):
    """Draw so many times the studies there are, with peaks moved a little, and more."""
    import pandas as pd

    from nimare_neurosynth.database import About
    from nimare_neurosynth.io import Parts, build

    rng = np.random.default_rng(factor)
    n_studies = database.n_studies * factor + more
    chosen = rng.integers(database.n_studies, size=n_studies)
    peaks = database.peaks
    order = np.argsort(peaks.study, kind="stable")
    sizes = np.bincount(peaks.study, minlength=database.n_studies)
    starts = np.cumsum(sizes) - sizes
    drawn = sizes[chosen]
    study = np.repeat(np.arange(n_studies), drawn)
    within = np.arange(len(study)) - np.repeat(np.cumsum(drawn) - drawn, drawn)
    rows = order[np.repeat(starts[chosen], drawn) + within]
    spaces = np.array(peaks.spaces, dtype=object)[peaks.space[rows]]
    return build(
        Parts(
            About("resampled"),
            pd.DataFrame({"study_id": [f"s{i}" for i in range(n_studies)]}),
            study,
            peaks.xyz[rows] + rng.normal(0, JITTER_MM, (len(rows), 3)),
            spaces,
            pd.DataFrame(index=range(len(rows))),
            label_sets=[drawn_labels(n_studies, factor)],
        )
    )


def _time(name, function):
    seconds, of_processors, _ = timed(function)
    return {f"{name}_s": seconds, f"{name}_cpu_s": of_processors}


def build_and_grow(data, folder, factor):
    """Time building activations; compile; time appending, and compiling anew."""
    from nimare_neurosynth import append_studies, read_database, write_database
    from nimare_neurosynth.io import subset

    source = read_database(data)
    source.activations()  # compile the kernels
    whole = resampled(source, factor, more=N_APPENDED)
    is_new = np.arange(whole.n_studies) >= whole.n_studies - N_APPENDED
    first = subset(whole, ~is_new)
    building = _time("build", first.activations)
    compiled = Path(folder) / "compiled"
    write_database(first, compiled)
    del first
    new = subset(whole, is_new)
    return {
        **building,
        **_time("append", lambda: append_studies(compiled, new)),
        **_time("compile_anew", lambda: write_database(whole, Path(folder) / "anew")),
        "n_studies": whole.n_studies,
        "n_pairs": int(whole.label_sets["random"].weights.nnz),
    }


def largest(tile):
    """Reduce a tile to something small."""
    return tile.association.max(axis=1), tile.uniformity.max(axis=1)


def stream(folder):
    """Stream z of all labels of a compiled database, watching the memory."""
    from nimare_neurosynth import open_database
    from nimare_neurosynth.meta import map_z

    database = open_database(Path(folder) / "compiled")
    activations = database.activations()
    labels = database.label_sets["random"]
    map_z(activations, labels.columns(range(8)), largest)  # compile the kernels
    columns = labels.columns()
    with watched_memory() as memory:
        facts = _time("stream", lambda: map_z(activations, columns, largest))
    return {**facts, "stream_mb": memory.added_mb}


def store(folder):
    """Store the maps of 256 labels under a limit of memory, watching it."""
    from nimare_neurosynth import open_database, term_maps

    database = open_database(Path(folder) / "compiled")
    labels = list(database.label_sets["random"].labels[:N_STORED])
    term_maps(database, Path(folder) / "warm", labels[:2], min_studies_per_term=0)
    with watched_memory() as memory:
        facts = _time(
            "store",
            lambda: term_maps(
                database,
                Path(folder) / "maps",
                labels,
                min_studies_per_term=0,
                memory_limit=MEMORY_LIMIT,
            ),
        )
    return {
        **facts,
        "store_mb": memory.added_mb,
        "anonymous_mb": memory.peak_mb,
        "resident_mb": peak_memory_gb() * 1074,
    }


def measure(data, factor):
    """Measure everything at one size, each job in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        facts = {"factor": factor}
        facts |= in_fresh_process(
            STAGE, "build_and_grow", json.dumps([str(data), folder, factor])
        )
        for job in ("stream", "store"):
            facts |= in_fresh_process(STAGE, job, json.dumps([folder]))
    return facts


def fit(points, name):
    """Fit a line through a cost against studies; give its slope per 1,000 and R2."""
    x = np.array([point["n_studies"] for point in points]) / 1000
    y = np.array([point[name] for point in points])
    slope, constant = np.polyfit(x, y, 1)
    left = y - (slope * x + constant)
    r2 = 1 - (left**2).sum() / ((y - y.mean()) ** 2).sum()
    return {"per_1000_studies": slope, "constant": constant, "r2": float(r2)}


def enough_memory(factor):
    """Tell whether there is memory to make a database of this size."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    [line] = [line for line in text.splitlines() if line.startswith("MemAvailable")]
    return int(line.split()[1]) / 2**20 >= GB_PER_FACTOR * factor


JOBS = ("build", "stream", "store", "append", "compile_anew")
SECONDS = tuple(f"{job}_s" for job in JOBS)
PROCESSORS = tuple(f"{job}_cpu_s" for job in JOBS)


def show(points):
    """Print a table, and the lines through it."""
    names = ["n_studies", *SECONDS, "stream_mb", "store_mb", "anonymous_mb"]
    print(" ".join(f"{name:>14}" for name in [*names, "resident_mb"]))
    for point in points:
        row = [f"{point['n_studies']:>14,}"]
        row += [f"{point[name]:>14.2f}" for name in [*names[1:], "resident_mb"]]
        print(" ".join(row))
    if len(points) < 3:
        return {}
    fits = {name: fit(points, name) for name in (*SECONDS, *PROCESSORS, "store_mb")}
    for name, line in fits.items():
        per, r2 = line["per_1000_studies"], line["r2"]
        print(f"{name:<20}{per:>9.4f} per 1,000 studies, R2 {r2:.4f}")
    return fits


@benchmark
@data_option(V7, "Neurosynth version 7, in the layout of 2021.")
@click.option("--factors", default="1,2,4,8,16", show_default=True, help="Sizes.")
@json_option
@click.option(
    "--picture", type=click.Path(path_type=Path), help="Draw them here, as SVG or PNG."
)
@click.option(
    "--from-json",
    "earlier",
    type=click.Path(exists=True, path_type=Path),
    help="Points of earlier runs, to go with these.",
)
def main(data, factors, out, picture, earlier):
    """Measure each job on version 7, resampled to several times its size."""
    points = json.loads(earlier.read_text())["points"] if earlier else []
    for factor in [int(text) for text in factors.split(",") if text]:
        if not enough_memory(factor):
            print(f"left out: {factor} times (too little free memory)")
            continue
        points = [point for point in points if point["factor"] != factor]
        points.append(measure(data, factor))
        print(json.dumps(points[-1]), flush=True)
    points.sort(key=lambda point: point["factor"])
    fits = show(points)
    if out is not None:
        out.write_text(json.dumps({"points": points, "fits": fits}, indent=1))
    if picture is not None:
        draw_scaling(points, fits, LIMIT_MB, picture)


if __name__ == "__main__":
    main()

"""To NiMARE's Studyset and back, whole: ``python -m tests.benchmarks.studysets``."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

from tests.benchmarks.measure import (
    folder_mb,
    in_fresh_process,
    median_seconds,
    peak_memory_gb,
    show,
)
from tests.benchmarks.options import DATA, benchmark, data_option, json_option

warnings.simplefilter("ignore")

OF_THE_CONVERTER = ("NiMARE's convert_neurosynth_to_studyset, 345.5 s once", 345.5)
"""Measured on another day, as it takes 7.7 GB: it is not run here."""

FROM = """
import json, pickle, resource, sys, time
from pathlib import Path
from nimare_neurosynth import _nimare
from nimare_neurosynth.io import from_studyset
_nimare.studyset_module()
with Path(sys.argv[1]).open("rb") as stream:
    studyset = pickle.load(stream)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
start = time.perf_counter()
database = from_studyset(studyset, unit=sys.argv[2])
columns = time.perf_counter() - start
database.activations()
ready = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([columns, ready, before, memory]))
"""

TO = """
import json, resource, sys, time
from nimare_neurosynth import _nimare, open_database
from nimare_neurosynth.io import to_studyset
_nimare.studyset_module()
database = open_database(sys.argv[1])
start = time.perf_counter()
studyset = to_studyset(database, by=sys.argv[2])
seconds = time.perf_counter() - start
start = time.perf_counter()
studyset.label_block()
block = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([seconds, block, memory, len(studyset)]))
"""

REAL = {
    "neurosynth_laird_studyset.json": None,
    "nback_vs_flanker_studyset_2026-07": None,
    "neurostore_parquet_studyset": None,
}
EXPORTS = {
    "studyset_5ncCB9bMbipk.json": "annotation_5ptYJfATQy5m.json",
    "studyset_ToisksSserJp.json": "annotation_CeQLLXWepB3J.json",
}


def rows_of_v7(data, folder):
    """Time both ways for version 7 with 3,228 random labels (1.03 million pairs)."""
    from nimare_neurosynth import read_database, write_database
    from tests.benchmarks.terms import random_labels

    database = random_labels(read_database(data / "neurosynth_v7"))
    compiled = folder / "compiled"
    write_database(database, compiled, activations=False)
    for by in ("study", "table"):
        seconds, block, memory, n = in_fresh_process(TO, compiled, by)
        what = f"v7, 3,228 labels, to a Studyset by {by} ({n:,} analyses)"
        yield what, seconds, "s", "<= 5 s", OF_THE_CONVERTER
        yield "   NiMARE's label_block of it", block, "s", "", None
        yield "   peak memory of all that", memory, "GB", "", None
        stored = folder / f"{by}.pickle"
        database.to_studyset(by=by).save(str(stored))
        for unit in ("study", "analysis"):
            yield from _rows_of_reading(stored, by, unit)


def _rows_of_reading(stored, by, unit):
    columns, ready, before, memory = in_fresh_process(FROM, stored, unit)
    yield f"   from that by {by}, unit {unit}, to a Database", columns, "s", "", None
    yield "      and its activations: ready to ask", ready, "s", "<= 10 s", None
    yield (
        "      peak memory (before: with the Studyset)",
        memory,
        "GB",
        "<= 1.5 GB",
        None,
    )
    yield "      of which before", before, "GB", "", None


def rows_of_real_data(data):
    """Time opening and reading what is real."""
    from nimare_neurosynth.io import from_studyset, open_studyset
    from nimare_neurosynth.space import nimare_resource

    sources = {nimare_resource(name): None for name in REAL}
    neurostore = data / "neurostore"
    sources |= {neurostore / s: neurostore / a for s, a in EXPORTS.items()}
    for source, noted in sources.items():
        studyset = open_studyset(source, annotation=noted)
        size = folder_mb(source) if source.is_dir() else source.stat().st_size / 1e6
        what = f"{source.name} ({size:.1f} MB, {len(studyset):,} analyses)"
        seconds, _ = median_seconds(
            lambda s=source, a=noted: open_studyset(s, annotation=a), repeats=3
        )
        yield f"{what}: NiMARE opens it", seconds * 1000, "ms", "", None
        seconds, database = median_seconds(lambda s=studyset: from_studyset(s))
        yield "   then to a Database", seconds * 1000, "ms", "", None
        seconds, _ = median_seconds(lambda d=database: d.to_studyset())
        yield "   and to a Studyset again", seconds * 1000, "ms", "", None
    yield "peak memory of these", peak_memory_gb(), "GB", "", None


@benchmark
@data_option(DATA, "Holds the folders neurosynth_v7 and neurostore.")
@json_option
def main(data, out):
    """Print how long it takes to come from NiMARE's Studyset, and to go there."""
    with tempfile.TemporaryDirectory() as name:
        rows = [*rows_of_real_data(data), *rows_of_v7(data, Path(name))]
    show(rows, out)


if __name__ == "__main__":
    main()

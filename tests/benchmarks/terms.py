"""All maps of a database, stored: ``python -m tests.benchmarks.terms``."""

from __future__ import annotations

import tempfile
import warnings

import click
import numpy as np

from tests.benchmarks.__main__ import random_columns
from tests.benchmarks.measure import folder_mb, median_seconds, show, timed
from tests.benchmarks.options import DATA, benchmark, data_option, json_option
from tests.benchmarks.peers import mkda_chi2, nimare_studyset
from tests.benchmarks.stores import rows_of_stores

warnings.simplefilter("ignore")

N_FETCHED, N_SAMPLED = 50, 200


def random_labels(database):
    """Give a database the studies of another, with 3,228 random labels."""
    from scipy.sparse import csc_array

    from nimare_neurosynth.database import Database, LabelSet

    columns = random_columns(database.n_studies)
    weights = csc_array(
        (np.ones(len(columns.studies), np.float32), columns.studies, columns.offsets),
        shape=(database.n_studies, columns.n_columns),
    )
    names = tuple(f"label {i}" for i in range(columns.n_columns))
    return Database(
        database.about,
        n_studies=database.n_studies,
        peaks=database.peaks,
        label_sets=[LabelSet("random", names, weights)],
        tables={n: lambda n=n: database.table(n) for n in database.table_names},
    )


def sources(data):
    """Give a name, a database, the fewest studies of a label, and the targets."""
    from nimare_neurosynth import read_database

    v7 = random_labels(read_database(data / "neurosynth_v7"))
    yield "v7, random columns", v7, 0, "<= 25 s"
    yield "recon", read_database(data / "neurosynth_recon"), 0, ""
    neuroquery = read_database(data / "neuroquery_v1")
    yield "NeuroQuery", neuroquery, 50, ""
    yield "NeuroQuery", neuroquery, 0, ""


def largest(tile):
    """Reduce a tile to something small."""
    return tile.association.max(axis=1), tile.uniformity.max(axis=1)


def time_nimare(database, columns):
    """Time one fit of NiMARE's, of a label of the usual size."""
    usual = int(np.argsort(columns.sizes)[columns.n_columns // 2])
    ids = database.study_ids[columns[usual]]
    with tempfile.TemporaryDirectory() as folder:
        fit = mkda_chi2(nimare_studyset(database, folder), ids, radius_mm=6)
        fit()
        return median_seconds(fit, repeats=3)[0]


def rows_of(name, database, least, target, *, nimare):
    """Compute, store, open, fetch and read all maps of a database."""
    from nimare_neurosynth import term_maps
    from nimare_neurosynth.meta import map_z

    activations = database.activations()
    every = database.choose_labels()[0].columns()
    sizes = every.within(database.has_peaks).sizes
    columns = database.choose_labels()[0].columns(
        np.flatnonzero(sizes >= max(least, 1)).tolist()
    )
    database.content_hash  # noqa: B018 - worked out once, kept
    what = f"{name}: {columns.n_columns:,} maps"
    peer = time_nimare(database, columns) * columns.n_columns if nimare else None
    other = ("MKDAChi2.fit of one, times their number", peer)
    map_z(activations, random_columns(database.n_studies, 8, 800), largest)  # compile
    seconds, _ = median_seconds(lambda: map_z(activations, columns, largest), repeats=3)
    yield f"{what}, z of both tests streamed", seconds, "s", "", other
    with tempfile.TemporaryDirectory() as folder:
        seconds, of_processors, _ = timed(
            lambda: term_maps(database, folder, min_studies_per_term=least)
        )
        yield f"{what}, stored whole", seconds, "s", target, other
        yield "   processor time of that", of_processors, "s", "", None
        yield "   size on disk", folder_mb(folder), "MB", "", None
        yield from _rows_of_reading(folder)


def _rows_of_reading(folder):
    from nimare_neurosynth import open_term_maps

    seconds, maps = median_seconds(lambda: open_term_maps(folder))
    yield "   open", seconds * 1000, "ms", "", None
    rng = np.random.default_rng(0)
    rows = rng.choice(len(maps), min(N_FETCHED, len(maps)), replace=False)
    labels = [maps.labels[row] for row in rows]
    times = [
        median_seconds(lambda name=name: maps[name]["z_desc-association"], repeats=1)[0]
        for name in labels
    ]
    one_ms = float(np.median(times)) * 1000
    yield "   fetch the z of one (median of 50)", one_ms, "ms", "<= 20 ms", None
    pattern = maps[labels[0]]["z_desc-association"].astype(np.float32)
    seconds, _ = median_seconds(
        lambda: maps.map_z(lambda tile: tile.association @ pattern), repeats=1
    )
    yield "   read all, for a correlation with each", seconds, "s", "", None
    stored = folder_mb(folder)
    sample = sorted(rng.choice(len(maps), min(N_SAMPLED, len(maps)), replace=False))
    yield from rows_of_stores(maps, sample, stored)


@benchmark
@data_option(
    DATA, "Holds the folders neurosynth_v7, neurosynth_recon and neuroquery_v1."
)
@click.option("--only", help="Only databases whose name begins like this.")
@click.option("--nimare/--no-nimare", default=True, help="Time NiMARE too.")
@json_option
def main(data, only, nimare, out):
    """Print how long all maps of a database take to store, and to get back."""
    rows = []
    for name, database, least, target in sources(data):
        if only and not name.lower().startswith(only.lower()):
            continue
        made = list(rows_of(name, database, least, target, nimare=nimare))
        show(made)
        rows += made
    if out is not None:
        show(rows, out)


if __name__ == "__main__":
    main()

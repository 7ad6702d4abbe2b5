"""How often corrected p values are below 0.05: ``python -m tests.benchmarks.validity``.

Where there is nothing to be found this must be 5 % of analyses; where there is
something, the more the better.
"""

from __future__ import annotations

import json
from time import perf_counter

import click
import numpy as np

from nimare_neurosynth import read_database
from nimare_neurosynth.engine import LabelColumns, count_columns
from nimare_neurosynth.inference import (
    Groups,
    corrected_p,
    draw_groups,
    label_null,
)
from nimare_neurosynth.space import default_mask
from tests.benchmarks.options import V7, benchmark, data_option, json_option

ALPHA = 0.05
TESTED = ("association", "group1")
LEVELS = {"voxel": "largest_z", "size": "largest_size", "mass": "largest_mass"}
NULL_SEED, SELECTION_SEED, PLACE_SEED, PLANT_SEED = range(4)
N_PLACES, REGION_MM = 25, 10.0
COLUMNS_AT_ONCE = 50


def wilson(k, n):
    """Give the 95 % interval of Wilson of a share."""
    from scipy.stats import binomtest

    interval = binomtest(k, n).proportion_ci(method="wilson")
    return interval.low, interval.high


def p_of_largest(null, observed, test, level):
    """Give each selection's smallest corrected p: that of its largest value."""
    name = LEVELS[level]
    drawn, values = getattr(null, name)[test], getattr(observed, name)[test]
    above = (drawn[None, :] >= values[:, None]).sum(axis=1)
    return (1 + above) / (1 + len(drawn))


def draws_of(groups, size, n_draws, seed):
    """Draw groups of some size from all counted studies."""
    selected = np.zeros(len(groups.counted), dtype=bool)
    selected[np.flatnonzero(groups.counted)[:size]] = True
    return draw_groups(selected, groups.counted, n_draws=n_draws, seed=seed)


def check_some(groups, null, selections, observed, mask, n=5):
    """Check that maps of corrected p, as a user gets them, say the same."""
    part = selections.between(0, n)
    maps = groups.z(count_columns(groups.activations, part, n_jobs=-1), part)
    for test in TESTED:
        for i, z in enumerate(maps[test]):
            corrected = corrected_p(null, test, z, mask=mask)
            for level in LEVELS:
                smallest = p_of_largest(null, observed, test, level)[i]
                assert getattr(corrected, level).min() == smallest, (test, level, i)


def rows_of_size(groups, mask, size, n_selections, n_draws):
    """Compare random selections of one size with one null that they share.

    The null's own draws are random too: ``errors`` is how many standard errors the
    share is off, with both counted. Wilson's interval is of the selections alone.
    """
    start = perf_counter()
    null = label_null(groups, draws_of(groups, size, n_draws, NULL_SEED), mask=mask)
    seconds = perf_counter() - start
    selections = draws_of(groups, size, n_selections, SELECTION_SEED)
    observed = label_null(groups, selections, mask=mask)
    check_some(groups, null, selections, observed, mask)
    error = np.sqrt(ALPHA * (1 - ALPHA) * (1 / n_selections + 1 / n_draws))
    for test in TESTED:
        for level in LEVELS:
            k = int((p_of_largest(null, observed, test, level) < ALPHA).sum())
            low, high = wilson(k, n_selections)
            yield {
                "n_studies": size,
                "test": test,
                "level": level,
                "share": k / n_selections,
                "low": low,
                "high": high,
                "errors": (k / n_selections - ALPHA) / error,
                "threshold": float(
                    np.quantile(getattr(null, LEVELS[level])[test], 1 - ALPHA)
                ),
                "null_s": seconds,
            }


# ------------------------------------------------------------------------- power


def studies_that_activate(activations, voxel):
    """Give the studies that activate one voxel."""
    region = np.zeros(activations.n_voxels, dtype=bool)
    region[voxel] = True
    return np.flatnonzero(activations.count_in(region) > 0)


def n_planted(expected_z, size, total, n_studies):
    """Find how many studies to replace for the association to be expected at some z."""
    rate = total / n_studies
    one = np.sqrt(n_studies / (size * (n_studies - size) * rate * (1 - rate)))
    # each replaced study was active with probability rate, and is so now
    return round(expected_z / one / (1 - rate))


def plant(random, counted, active, size, k):
    """Draw a selection, and replace some of it with studies that activate a place."""
    selection = random.choice(counted, size, replace=False)
    added = random.choice(np.setdiff1d(active, selection), k, replace=False)
    kept = random.choice(selection, size - k, replace=False)
    return np.sort(np.concatenate([kept, added]))


def planted_selections(groups, places, expected_z, size, n_selections):
    """Plant an effect at each place in turn."""
    counted, n = np.flatnonzero(groups.counted), groups.n_studies
    active = {v: studies_that_activate(groups.activations, v) for v in places}
    random = np.random.default_rng(np.random.SeedSequence(PLANT_SEED))
    where = [places[i % len(places)] for i in range(n_selections)]
    drawn = [
        plant(
            random,
            counted,
            active[v],
            size,
            n_planted(expected_z, size, groups.totals[v], n),
        )
        for v in where
    ]
    offsets = size * np.arange(n_selections + 1, dtype=np.int64)
    studies = np.concatenate(drawn).astype(np.int32)
    return where, LabelColumns(offsets, studies, len(groups.counted))


def found_at(groups, null, columns, where, mask):
    """Tell for each level where the planted region has corrected p < 0.05.

    Gives these and the z at the planted place. A sphere of 10 mm is the region.
    """
    found = {level: [] for level in LEVELS}
    at_place = []
    for first in range(0, columns.n_columns, COLUMNS_AT_ONCE):
        part = columns.between(first, min(first + COLUMNS_AT_ONCE, columns.n_columns))
        counts = count_columns(groups.activations, part, n_jobs=-1)
        for i, z in enumerate(groups.z(counts, part)["association"]):
            place = where[first + i]
            distance = np.linalg.norm(mask.xyz_mm - mask.xyz_mm[place], axis=1)
            region = (distance <= REGION_MM) & (z > 0)
            corrected = corrected_p(null, "association", z, mask=mask)
            for level in LEVELS:
                p = getattr(corrected, level)[region].min(initial=1)
                found[level].append(bool(p < ALPHA))
            at_place.append(float(z[place]))
    return found, at_place


def rows_of_power(universes, mask, expected, size, n_selections, n_draws):
    """Compare nulls over well studied voxels with nulls over all."""
    nulls = {
        name: label_null(groups, draws_of(groups, size, n_draws, NULL_SEED), mask=mask)
        for name, groups in universes.items()
    }
    well_studied = universes[">= 1 %"]
    # what is planted lies where both can find it
    places = np.random.default_rng(PLACE_SEED).choice(
        np.flatnonzero(well_studied.tested), N_PLACES, replace=False
    )
    for z in expected:
        where, columns = planted_selections(well_studied, places, z, size, n_selections)
        for name, groups in universes.items():
            found, at_place = found_at(groups, nulls[name], columns, where, mask)
            for level in LEVELS:
                k = sum(found[level])
                low, high = wilson(k, n_selections)
                yield {
                    "expected_z": z,
                    "z_at_place": float(np.mean(at_place)),
                    "tested": name,
                    "level": level,
                    "share": k / n_selections,
                    "low": low,
                    "high": high,
                    "threshold": float(
                        np.quantile(
                            getattr(nulls[name], LEVELS[level])["association"],
                            1 - ALPHA,
                        )
                    ),
                }


def show(rows, names):
    """Print a table."""
    print(" ".join(f"{name:>12}" for name in names))
    for row in rows:
        cells = [row[name] for name in names]
        texts = [f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells]
        print(" ".join(f"{text:>12}" for text in texts), flush=True)


@benchmark
@data_option(V7, "Neurosynth version 7, in the layout of 2021.")
@click.option("--radius", default=6.0, show_default=True, help="Of spheres, in mm.")
@click.option("--sizes", default="50,200,971", show_default=True, help="Of selections.")
@click.option("--selections", default=500, show_default=True, help="Of each size.")
@click.option("--draws", default=2000, show_default=True, help="Of each null.")
@click.option("--expected", default="5,6,7,8", show_default=True, help="z's planted.")
@click.option("--planted", default=250, show_default=True, help="Selections with each.")
@json_option
def main(data, radius, sizes, selections, draws, expected, planted, out):
    """Print how often something is found, where there is nothing and where there is."""
    database, mask = read_database(data), default_mask()
    activations = database.activations(radius_mm=radius)
    counted = activations.has_peaks
    share = int(np.ceil(0.01 * counted.sum()))
    universes = {
        ">= 1 %": Groups.of(activations, counted, min_studies=share),
        "all": Groups.of(activations, counted),
    }
    for name, groups in universes.items():
        print(f"{name}: {np.count_nonzero(groups.tested):,} voxels tested")
    facts = {"radius_mm": radius, "selections": selections, "draws": draws}
    facts |= {"false": [], "power": []}
    for size in map(int, sizes.split(",")):
        groups = universes[">= 1 %"]
        rows = list(rows_of_size(groups, mask, size, selections, draws))
        show(rows, list(rows[0]))
        facts["false"] += rows
    levels = [float(z) for z in expected.split(",")]
    rows = list(rows_of_power(universes, mask, levels, 200, planted, draws))
    show(rows, list(rows[0]))
    facts["power"] = rows
    if out is not None:
        out.write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()

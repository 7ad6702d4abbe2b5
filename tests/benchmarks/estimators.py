"""NiMARE's classes and ours: ``python -m tests.benchmarks.estimators``."""

from __future__ import annotations

import pickle
import tempfile
import warnings

import click
import numpy as np

from tests.benchmarks.measure import median_seconds, show, timed
from tests.benchmarks.options import V7, benchmark, data_option, json_option
from tests.benchmarks.peers import nimare_studyset

warnings.simplefilter("ignore")

TOPIC, N_GROUP, RADIUS_MM, N_ITERS, N_OF_NIMARE = "*_pain_*", 971, 10, 1000, 3
HEIGHT, FEWEST = 3.3, 20


def groups(data, folder):
    """Give the studies with most of a topic as a studyset, and all others."""
    from nimare_neurosynth import read_database

    database = read_database(data)
    chosen, [column] = database.choose_labels(f"LDA50:{TOPIC}")
    weights = chosen.weights[:, [column]].toarray().ravel()
    inside = set(database.study_ids[np.argsort(-weights, kind="stable")[:N_GROUP]])
    studyset = nimare_studyset(database, folder)
    mask = np.array([i.removesuffix("-1") in inside for i in studyset.ids])
    return studyset.select_analyses(mask), studyset.select_analyses(~mask)


def rows_of_fits(group, rest, peer):
    """Time a fit, and what of it is ours."""
    from nimare_neurosynth import NeurosynthChi2
    from nimare_neurosynth.estimators._maps import chi2_maps
    from nimare_neurosynth.inference import Groups

    made = NeurosynthChi2(kernel__r=RADIUS_MM)
    seconds, _ = median_seconds(lambda: made.fit(group, rest), repeats=1)
    name, at_most = f"{N_GROUP} studies, {RADIUS_MM} mm: ", "NiMARE / 20"
    yield f"{name}first fit, with activations", seconds, "s", "", peer
    seconds, result = median_seconds(lambda: made.fit(group, rest), repeats=9)
    yield f"{name}fit", seconds, "s", at_most, peer
    estimator = result.estimator
    seconds, (_, divided, selected) = median_seconds(lambda: estimator.groups_of(0))
    yield "   of it: finding the groups and their totals", seconds, "s", "", None
    seconds, _ = median_seconds(lambda: chi2_maps(divided, selected, 0.5), repeats=9)
    yield "   of it: 24 maps", seconds, "s", "", peer
    whole = Groups(divided.activations, divided.counted, divided.totals, divided.tested)
    seconds, _ = median_seconds(lambda: one_z(whole, selected), repeats=15)
    yield (
        "   of it: counts, and z of the three tests",
        seconds,
        "s",
        "NiMARE / 100",
        peer,
    )


def one_z(divided, selected):
    """Count, and compute the z values."""
    from nimare_neurosynth.engine import LabelColumns, count_columns

    column = LabelColumns.from_masks([selected])
    counts = count_columns(divided.activations, column, n_jobs=-1)
    return divided.z(counts, column)


def rows_of_correction(result, peer):
    """Time corrections of a result."""
    from nimare.correct import FDRCorrector, FWECorrector

    seconds, _ = median_seconds(lambda: FDRCorrector().transform(result), repeats=3)
    yield "FDR", seconds, "s", "", None
    for only, what, target in (
        (True, "voxels", "<= 15 s"),
        (False, "voxels and clusters", "<= 90 s"),
    ):
        corrector = FWECorrector(
            method="montecarlo", n_iters=N_ITERS, n_cores=2, vfwe_only=only
        )
        seconds, _, _ = timed(lambda c=corrector: c.transform(result))
        yield f"FWE, {N_ITERS:,} permutations, {what}", seconds, "s", target, peer
    seconds, _, _ = timed(lambda: corrector.transform(result))
    yield "   again, with the null that is there", seconds, "s", "", None


def rows_of_jackknife(result, peer):
    """Time leaving out each study."""
    from nimare_neurosynth.estimators import Jackknife

    jackknife = Jackknife(
        target_image="z_desc-association",
        target_threshold=HEIGHT,
        cluster_threshold=FEWEST,
    )
    seconds, _, _ = timed(lambda: jackknife.transform(result.copy()))
    yield f"Jackknife of {N_GROUP}", seconds, "s", "<= 60 s", peer
    size = len(pickle.dumps(result)) / 1e6
    yield "a result, pickled", size, "MB", "", None


def time_nimare(group, rest):
    """Time NiMARE's fit, and one permutation of its correction."""
    from nimare.correct import FWECorrector
    from nimare.meta.cbma.mkda import MKDAChi2

    estimator = MKDAChi2(kernel__r=RADIUS_MM)
    estimator.fit(group, rest)
    fit, result = median_seconds(lambda: estimator.fit(group, rest), repeats=3)
    seconds = []
    for n in (1, 1 + N_OF_NIMARE):
        corrector = FWECorrector(method="montecarlo", n_iters=n, n_cores=1)
        seconds.append(timed(lambda c=corrector: c.transform(result))[0])
    return fit, (seconds[1] - seconds[0]) / N_OF_NIMARE


@benchmark
@data_option(V7, "Neurosynth version 7 with LDA50, in the layout of 2021.")
@click.option("--nimare/--no-nimare", default=True, help="Time NiMARE too.")
@json_option
def main(data, nimare, out):
    """Print how long NiMARE's classes take on the engine, and NiMARE's own."""
    import logging

    with tempfile.TemporaryDirectory() as folder:
        group, rest = groups(data, folder)
        logging.getLogger().setLevel(logging.ERROR)
        fit, one = time_nimare(group, rest) if nimare else (None, None)
        rows = list(rows_of_fits(group, rest, ("MKDAChi2.fit", fit)))
        from nimare_neurosynth import NeurosynthChi2

        result = NeurosynthChi2(kernel__r=RADIUS_MM).fit(group, rest)
        many = one and one * N_ITERS
        rows += rows_of_correction(result, (f"NiMARE, {one or 0:.1f} s each", many))
        refits = fit and fit * N_GROUP
        rows += rows_of_jackknife(result, ("MKDAChi2.fit of each", refits))
    show(rows, out)


if __name__ == "__main__":
    main()

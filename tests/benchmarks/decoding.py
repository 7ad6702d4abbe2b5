"""How long decoding takes, and how right its p values are.

``python -m tests.benchmarks.decoding``
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import click
import numpy as np

from tests.benchmarks.measure import (
    folder_mb,
    in_fresh_process,
    median_seconds,
    show,
    timed,
)
from tests.benchmarks.options import DATA, benchmark, data_option, json_option

warnings.simplefilter("ignore")

FIT = """
import json, resource, sys, time
from nimare_neurosynth import open_database, read_database
from nimare_neurosynth.decoding import MapDecoder
database = read_database(sys.argv[1], cache=True)
database.activations()
start = time.perf_counter()
decoder = MapDecoder.of(database, min_studies_per_term=1)
seconds = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([seconds, memory, len(decoder.terms)]))
"""

N_MAPS = 300
N_DRAWS = 10_000


def patterns_of(database, n):
    """Make images: association maps of selections of studies, with noise."""
    from nimare_neurosynth import meta_analysis

    rng = np.random.default_rng(0)
    ids = np.flatnonzero(database.has_peaks)
    made = []
    for _ in range(n):
        chosen = database.study_ids[rng.choice(ids, 60, replace=False)]
        maps = meta_analysis(database, database.select(ids=chosen.tolist()))
        made.append(maps["z_desc-association"])
    return np.stack(made)


def rows_of_maps(data):
    """Fit all terms of recon, and decode images."""
    from nimare_neurosynth import read_database
    from nimare_neurosynth.decoding import BayesDecoder, MapDecoder, RegionDecoder

    seconds, memory, n_terms = in_fresh_process(FIT, data / "neurosynth_recon")
    what = f"recon, {n_terms:,} terms"
    yield f"{what}: prepared", seconds, "s", "<= 10 s", None
    yield "   memory of that process at its peak", memory, "GB", "<= 1 GB", None
    database = read_database(data / "neurosynth_recon", cache=True)
    images = patterns_of(database, 100)
    decoder = MapDecoder.of(database, min_studies_per_term=1)
    decoder.decode(images[0])
    seconds, _ = median_seconds(lambda: decoder.decode(images[1]))
    yield "   one image, with p and q", seconds, "s", "<= 0.3 s", None
    seconds, _ = median_seconds(lambda: decoder.decode(images), repeats=1)
    yield "   100 images", seconds, "s", "<= 10 s", None
    seconds, _ = median_seconds(
        lambda: decoder.decode(images[1], method="spearman"), repeats=1
    )
    yield "   one image by ranks (all maps are made)", seconds, "s", "", None
    region = np.abs(images[0]) > 3
    regions = RegionDecoder.of(database, min_studies_per_term=1)
    regions.decode(region)
    seconds, _ = median_seconds(lambda: regions.decode(region))
    yield "   one region, with p and q", seconds, "s", "<= 0.1 s", None
    bayes = BayesDecoder.of(database, min_studies_per_term=1)
    seconds, _ = median_seconds(lambda: bayes.decode(images[1]), repeats=3)
    yield "   P(term | activation) of one image", seconds, "s", "", None


def rows_of_topics(data, *, nimare):
    """Compare with NiMARE on the 50 topics of version 7."""
    from nimare_neurosynth import _nimare, read_database
    from nimare_neurosynth.space import default_mask, region_voxels

    _nimare.studyset_module()
    logging.disable(logging.INFO)
    from nimare_neurosynth.estimators import CorrelationDecoder, ROIDecoder

    database = read_database(data / "neurosynth_v7", cache=True)
    studyset = database.to_studyset()
    roi = data / "golden_legacy/vmPFC.nii.gz"
    mask = default_mask()
    image = mask.to_image(patterns_of(database, 1)[0].astype(np.float32))
    peers = dict.fromkeys(("fit", "transform", "roi"))
    topics = sorted(database.label_sets["LDA50"].labels)
    if nimare:
        inside = mask.to_image(region_voxels(roi, mask).astype(np.uint8))
        peers = time_nimare(studyset, topics[:2], image, inside)
    ours = CorrelationDecoder(features=topics, frequency_threshold=0.05, n_cores=-1)
    seconds, _, _ = timed(lambda: ours.fit(studyset))
    per_map = peers["fit"] and peers["fit"] * len(topics) / 2
    other = ("CorrelationDecoder.fit of 2, times 25", per_map)
    yield "v7, 50 topics: CorrelationDecoder.fit", seconds, "s", "", other
    seconds, _ = median_seconds(lambda: ours.transform(image))
    other = ("CorrelationDecoder.transform, 2 features", peers["transform"])
    yield "   transform of one image", seconds, "s", "", other
    regions = ROIDecoder(roi)
    seconds, _, _ = timed(lambda: regions.fit(studyset).transform())
    other = ("ROIAssociationDecoder.fit and transform", peers["roi"])
    yield "   ROIDecoder.fit and transform", seconds, "s", "", other
    seconds, _ = median_seconds(regions.transform)
    yield "   transform of one more region", seconds, "s", "<= 0.1 s", other


def time_nimare(studyset, features, image, roi):
    """Time NiMARE's decoders, of two features where each takes seconds."""
    from nimare.decode.continuous import CorrelationDecoder
    from nimare.decode.discrete import ROIAssociationDecoder

    theirs = CorrelationDecoder(features=features, frequency_threshold=0.05)
    fit, _, _ = timed(lambda: theirs.fit(studyset))
    transform, _, _ = timed(lambda: theirs.transform(image))
    regions = ROIAssociationDecoder(roi)
    region, _, _ = timed(lambda: (regions.fit(studyset), regions.transform()))
    return {"fit": fit, "transform": transform, "roi": region}


def rows_of_stored(data):
    """Load premade images, and compare one with them."""
    import nibabel as nib

    from nimare_neurosynth import read_database
    from nimare_neurosynth.decoding import StoredDecoder
    from nimare_neurosynth.space import default_mask

    database = read_database(data / "neurosynth_recon", cache=True)
    images = patterns_of(database, N_MAPS).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        for i, values in enumerate(images):
            nib.save(default_mask().to_image(values), f"{folder}/map{i}.nii.gz")
        paths = sorted(Path(folder).iterdir())
        plain, _, _ = timed(lambda: [nib.load(p).get_fdata().sum() for p in paths])
        seconds, _, decoder = timed(lambda: StoredDecoder.load_imgs(folder))
        other = ("nibabel reading the same files", plain)
        size = folder_mb(folder)
        yield f"{N_MAPS} images of {size:.0f} MB loaded", seconds, "s", "", other
        seconds, _ = median_seconds(lambda: decoder.decode(images[0]), repeats=3)
        yield "   one image against them", seconds, "s", "", None


def rows_of_p(data):
    """Compare p with drawn permutations, and its distribution with a uniform one."""
    from scipy.stats import kstest

    from nimare_neurosynth import read_database
    from nimare_neurosynth.decoding import MapDecoder
    from nimare_neurosynth.engine import LabelColumns

    database = read_database(data / "neurosynth_recon", cache=True)
    image = patterns_of(database, 1)[0]
    labels = database.choose_labels()[0]
    sizes = labels.columns().within(database.has_peaks).sizes
    order = np.argsort(sizes)[np.searchsorted(np.sort(sizes), 20) :]
    rows = order[np.linspace(0, len(order) - 1, 50).astype(int)]
    names = [f'"{labels.labels[i]}"' for i in rows]
    decoder = MapDecoder.of(database, names, label_set=labels.name)
    found = decoder.decode(image, n_permutations=N_DRAWS).columns
    p, sampled = found["p"][:, 0], found["p_sampled"][:, 0]
    known = sampled >= 100 / N_DRAWS
    ratio = np.abs(np.log10(p[known] / sampled[known]))
    what = f"p of {len(p)} terms against {N_DRAWS:,} draws"
    yield f"{what}: median factor", 10 ** np.median(ratio), "x", "", None
    yield (
        f"   largest factor, of {known.sum()} with p >= 0.01",
        10 ** ratio.max(),
        ("x"),
        "",
        None,
    )
    rng = np.random.default_rng(1)
    counted = np.flatnonzero(decoder.prepared.counted)
    sets = [np.sort(rng.choice(counted, n, replace=False)) for n in sizes[order]]
    ends = np.cumsum([0, *map(len, sets)])
    columns = LabelColumns(
        ends, np.concatenate(sets).astype(np.int32), database.n_studies
    )
    from dataclasses import replace

    fits = replace(decoder.prepared, columns=columns).fits(
        decoder.prepared.scores(image - image.mean())
    )
    what = f"{len(sets):,} random terms of the same sizes"
    for level in (0.05, 0.01, 0.001):
        share = 100 * np.mean(fits.p <= level)
        yield f"{what}: p <= {level:g}", share, "%", f"{100 * level:g} %", None
    yield (
        "   Kolmogorov-Smirnov against uniform, p",
        kstest(fits.p, "uniform").pvalue,
        "",
        "",
        None,
    )


@benchmark
@data_option(
    DATA, "Holds the folders neurosynth_v7, neurosynth_recon and golden_legacy."
)
@click.option("--nimare/--no-nimare", default=True, help="Time NiMARE too.")
@json_option
def main(data, nimare, out):
    """Print how long decoding takes, and how right its p values are."""
    rows = []
    for part in (
        rows_of_maps(data),
        rows_of_topics(data, nimare=nimare),
        rows_of_stored(data),
        rows_of_p(data),
    ):
        made = list(part)
        show(made)
        rows += made
    if out is not None:
        show(rows, out)


if __name__ == "__main__":
    main()

"""How long coactivation takes: ``python -m tests.benchmarks.networks``."""

from __future__ import annotations

import warnings

from tests.benchmarks.measure import in_fresh_process, median_seconds, show
from tests.benchmarks.options import DATA, benchmark, data_option, json_option

warnings.simplefilter("ignore")

N_REGIONS = 400
PCC = (0, -52, 26)

PARCELLATE = """
import json, resource, sys, time
import numpy as np
from nimare_neurosynth import read_database
from nimare_neurosynth.networks import parcellate
from nimare_neurosynth.space import default_mask
database = read_database(sys.argv[1], cache=True)
database.activations()
far = np.linalg.norm(default_mask().xyz_mm - [0, 20, 20], axis=1)
region = far <= np.sort(far)[4999]
start = time.perf_counter()
found = parcellate(database, region, range(2, 11), min_studies_per_voxel=1)
seconds = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([seconds, memory, len(found.voxels)]))
"""


def parcels_of(n):
    """Cut the brain into so many parts of about equal size."""
    from sklearn.cluster import MiniBatchKMeans

    from nimare_neurosynth.networks import Parcels
    from nimare_neurosynth.space import default_mask

    mask = default_mask()
    model = MiniBatchKMeans(n, random_state=0, n_init=1, batch_size=4096, max_iter=10)
    part = model.fit_predict(mask.xyz_mm)
    return Parcels.of(mask, {f"part {i}": part == i for i in range(n)})


def rows_of_seeds(database):
    """Map the coactivation of one seed, and correct it."""
    from nimare_neurosynth import macm
    from nimare_neurosynth.networks import macm_null

    def whole():
        maps = macm(database, PCC)
        for test in ("association", "uniformity"):
            maps.array(f"z_desc-{test}", fdr_q=0.01)
        return maps

    whole()
    seconds, maps = median_seconds(whole)
    other = ("legacy's network.coactivation, on another day", 2.7)
    n = int(maps.n_selected[0])
    yield f"PCC, {n:,} studies: z and FDR maps", seconds * 1000, "ms", "<= 50 ms", None
    yield "   the same in seconds", seconds, "s", "", other
    seconds, _ = median_seconds(
        lambda: macm_null(database, PCC, n_permutations=1000), repeats=1
    )
    yield "   1,000 permutations in strata, with clusters", seconds, "s", "", None


def rows_of_regions(database):
    """Make a matrix of many regions, and stream the maps of all of them."""
    from nimare_neurosynth.engine import LabelColumns
    from nimare_neurosynth.meta import map_z
    from nimare_neurosynth.networks import coactivation_matrix

    parcels = parcels_of(N_REGIONS)
    coactivation_matrix(database, parcels)
    seconds, _ = median_seconds(lambda: coactivation_matrix(database, parcels).z)
    what = f"{N_REGIONS} regions"
    yield f"{what}: matrix of z", seconds, "s", "<= 2 s", None
    seconds, _ = median_seconds(
        lambda: coactivation_matrix(database, parcels, different_peaks=True), repeats=1
    )
    yield "   by different peaks", seconds, "s", "", None
    activations = database.activations()

    def stream():
        active = parcels.count_in(activations) > 0
        columns = LabelColumns.from_masks(active.T)
        return map_z(activations, columns, lambda tile: tile.association.max())

    seconds, _ = median_seconds(stream, repeats=3)
    yield "   z maps of all of them, streamed", seconds, "s", "<= 5 s", None


def rows_of_parts(data):
    """Cut a region of 5,000 voxels into two to ten parts."""
    seconds, memory, n = in_fresh_process(PARCELLATE, data / "neurosynth_v7")
    what = f"{n:,} voxels in 2 to 10 parts, with 2 split halves"
    yield what, seconds, "s", "<= 60 s", None
    yield "   memory of that process at its peak", memory, "GB", "<= 3 GB", None


@benchmark
@data_option(DATA, "Holds the folder neurosynth_v7.")
@json_option
def main(data, out):
    """Print how long seeds, matrices and parcellation take."""
    from nimare_neurosynth import read_database

    database = read_database(data / "neurosynth_v7", cache=True)
    database.activations()
    rows = []
    for part in (
        rows_of_seeds(database),
        rows_of_regions(database),
        rows_of_parts(data),
    ):
        made = list(part)
        show(made)
        rows += made
    if out is not None:
        show(rows, out)


if __name__ == "__main__":
    main()

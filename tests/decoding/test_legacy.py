"""Parity with legacy Neurosynth's decoder, on the same images, files and mask."""

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import meta_analysis, read_database
from nimare_neurosynth.decoding import MapDecoder, decode, decode_region
from nimare_neurosynth.space import Mask

pytestmark = pytest.mark.data

CLOSE = 1.5e-8
"""Legacy wrote eight decimals."""

CAP = 33.11195
"""|z| at which legacy's p values stop, 1e-240."""

REGIONS = ("sgacc_mask", "medial_motor", "vmPFC")


@pytest.fixture(scope="module")
def golden(shared_data):
    return shared_data / "golden_legacy"


@pytest.fixture(scope="module")
def mask(golden):
    """Give legacy's mask."""
    with np.load(golden / "v7/dataset_summary.npz") as arrays:
        volume = np.zeros(arrays["shape"], bool)
        volume.ravel()[arrays["mask_flat_index"]] = True
        return Mask.from_array(volume, arrays["affine"])


@pytest.fixture(scope="module")
def regions(golden):
    return [golden / f"{name}.nii.gz" for name in REGIONS]


@pytest.mark.parametrize("method", ["pearson", "dot"])
def test_terms_of_regions(shared_data, golden, mask, regions, method):
    stem = shared_data / "legacy_files/test_real"
    database = read_database(f"{stem}_dataset.txt", features=f"{stem}_features.txt")
    path = golden / f"small/decode_real_{method}_thr0.001.csv"
    table = pd.read_csv(path, index_col=0)
    found = decode(
        database,
        regions,
        list(table.index),
        method=method,
        mask=mask,
        min_studies_per_term=1,
    )
    assert found.images == REGIONS
    own = pd.DataFrame(found.columns[found.value], found.terms, found.images)
    np.testing.assert_allclose(
        own.loc[table.index, table.columns], table, rtol=0, atol=CLOSE
    )


def test_terms_of_studies_that_activate_regions(shared_data, golden, mask, regions):
    stem = shared_data / "legacy_files/test_real"
    database = read_database(f"{stem}_dataset.txt", features=f"{stem}_features.txt")
    options = {"mask": mask, "min_studies_per_term": 1}
    together = decode_region(database, regions, **options)
    assert together.images == REGIONS
    for i, (path, name) in enumerate(zip(regions, REGIONS, strict=True)):
        alone = decode_region(database, path, **options)
        for column in ("r", "z"):
            table = pd.read_csv(
                golden / f"small/decode_real_roi_{column}_{name}.csv", index_col=0
            )
            assert set(table.index) == set(together.terms)
            own = pd.Series(together.columns[column][:, i], together.terms)
            np.testing.assert_allclose(
                own.loc[table.index], table[name], rtol=0, atol=CLOSE
            )
            np.testing.assert_array_equal(own, alone.columns[column][:, 0])


def test_topics_of_version_7(v7, golden, mask, regions):
    table = pd.read_csv(golden / "v7/decode_pearson_LDA50_thr0.05.csv", index_col=0)
    near = v7.select(near=[0, -52, 26], radius_mm=6)
    pcc = meta_analysis(v7, near, mask=mask)["z_desc-association"]
    with np.load(golden / "v7/coactivation_peak_0_-52_26_r6.npz") as arrays:
        theirs = arrays["association-test_z"]
    decoder = MapDecoder.of(v7, label_set="LDA50", threshold=0.05, mask=mask)
    images = [regions[1], regions[2], theirs, np.clip(pcc, -CAP, CAP), pcc]
    found = decoder.decode(images)
    own = pd.DataFrame(found.columns["r"], found.terms)
    assert sorted(own.index) == sorted(table.index)
    r = own.loc[table.index].to_numpy()
    np.testing.assert_allclose(r[:, :3], table, rtol=0, atol=CLOSE)
    # our own map is the same as theirs, without their limit: that alone changes r
    np.testing.assert_allclose(r[:, 3], r[:, 2], rtol=0, atol=1e-6)
    assert 0.01 < np.abs(r[:, 4] - r[:, 2]).max() < 0.06
    for image in found.images[2:]:
        best = found.table(image)
        assert best["term"][0] == table["pcc_coact_association_z"].idxmax()
        assert best["p"][0] < 1e-10

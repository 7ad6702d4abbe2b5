import numpy as np
import pytest

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.engine import LabelColumns, _tiles
from nimare_neurosynth.meta import map_z
from nimare_neurosynth.meta._batch import expected_counts, totals_within
from nimare_neurosynth.meta._summary import summarise_labels
from tests.oracles import brain_block, random_database

MASK = brain_block()


@pytest.fixture(scope="module")
def db():
    return random_database()


@pytest.fixture(scope="module")
def activations(db):
    return db.activations(mask=MASK)


@pytest.fixture(scope="module")
def columns(db):
    return db.label_sets["labels"].columns()


def gather(activations, columns, **options):
    """Put the tiles of both tests together again."""
    z = np.full((2, columns.n_columns, activations.n_voxels), np.nan)

    def keep(tile):
        z[0, tile.columns, tile.voxels] = tile.association
        z[1, tile.columns, tile.voxels] = tile.uniformity
        return tile.association.dtype, tile.uniformity.dtype

    types = map_z(activations, columns, keep, **options)
    assert set(types) == {(np.dtype(np.float32),) * 2}
    return z


@pytest.mark.parametrize("universe", [None, "labelb | labelc"])
def test_each_column_is_the_meta_analysis_of_its_studies(
    db, activations, columns, universe
):
    counted = db.has_peaks & (True if universe is None else db.select(universe).mask)
    z = gather(activations, columns, universe=counted)
    for i, label in enumerate(db.label_sets["labels"].labels):
        maps = meta_analysis(db, label, mask=MASK, universe=universe)
        for test, values in zip(("association", "uniformity"), z, strict=True):
            expected = maps[f"z_desc-{test}"].astype(np.float32)
            np.testing.assert_array_equal(values[i], expected)


def test_without_a_universe_all_studies_count(db, activations, columns):
    everyone = np.ones(db.n_studies, bool)
    a, b = (gather(activations, columns, universe=u) for u in (None, everyone))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_tiles_and_threads_change_no_bit(activations, columns, n_jobs, monkeypatch):
    once = gather(activations, columns, n_jobs=1)
    monkeypatch.setattr(_tiles, "_CELLS_PER_TILE", 1)
    monkeypatch.setattr(type(activations), "n_blocks", property(blocks_of))
    np.testing.assert_array_equal(gather(activations, columns, n_jobs=n_jobs), once)


def blocks_of(activations):
    return -(-activations.n_voxels // activations.block_size)


def test_totals_of_a_universe(db, activations):
    dense = activations.to_csr().toarray()
    universe = db.select("labelb").mask
    np.testing.assert_array_equal(
        totals_within(activations, universe), dense[universe].sum(axis=0)
    )
    assert totals_within(activations, db.has_peaks) is activations.totals


def test_studies_without_peaks_are_not_counted(db, activations):
    assert not db.has_peaks.all()
    labels = db.label_sets["labels"]
    found = gather(activations, labels.columns())
    for i, name in enumerate(labels.labels):
        maps = meta_analysis(db, f'labels:"{name}"', mask=MASK)
        for test, z in zip(("association", "uniformity"), found, strict=True):
            np.testing.assert_allclose(z[i], maps[f"z_desc-{test}"], atol=1e-5)


def test_expected_counts_are_means_over_the_mask(activations):
    sets = np.random.default_rng(0).random((4, 120)) < 0.3
    sets[1] = False
    dense = activations.to_csr().toarray().astype(int)
    expected = expected_counts(activations, LabelColumns.from_masks(sets))
    np.testing.assert_allclose(expected, (sets.astype(int) @ dense).mean(axis=1))


# -------------------------------------------------------------------- summary


@pytest.mark.parametrize("at", [None, 0, 100, MASK.n_voxels - 1])
def test_summaries_hold_the_strongest_association(activations, columns, at):
    names = [f"name {i}" for i in range(columns.n_columns)]
    table = summarise_labels(activations, columns, names, mask=MASK, at=at)
    z = gather(activations, columns)[0]
    counted = columns.within(activations.has_peaks).sizes
    assert table["label"].tolist() == names
    assert table["n_studies"].tolist() == counted.tolist()
    np.testing.assert_array_equal(table["largest_z"], z.max(axis=1))
    np.testing.assert_array_equal(table[["x", "y", "z"]], MASK.xyz_mm[z.argmax(axis=1)])
    assert ("z_at" in table) == (at is not None)
    if at is not None:
        np.testing.assert_array_equal(table["z_at"], z[:, at])


def test_summaries_do_not_depend_on_tiles(db, monkeypatch):
    labels = db.label_sets["labels"]
    fine = random_database().activations(mask=brain_block((20, 20, 20), 2.0))
    options = {"mask": brain_block((20, 20, 20), 2.0), "at": 5000}
    once = summarise_labels(fine, labels.columns(), labels.labels, **options)
    monkeypatch.setattr(_tiles, "_CELLS_PER_TILE", 1)
    again = summarise_labels(fine, labels.columns(), labels.labels, n_jobs=2, **options)
    assert once.equals(again)

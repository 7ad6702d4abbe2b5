from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.engine import (
    Activations,
    LabelColumns,
    _tiles,
    build_activations,
    count_columns,
    map_tiles,
)
from tests.oracles import (
    brain_block,
    dense_activations,
    dense_counts,
    random_activations,
)
from tests.strategies import label_masks, masks, peak_tables


@given(
    st.data(),
    peak_tables(),
    masks(),
    st.sampled_from([1, 3, 4096]),
    st.sampled_from([1, 2, 5, 8192]),
)
def test_counts_are_a_matrix_product(data, table, mask, block_size, segment_size):
    xyz, study, n = table
    sets = data.draw(label_masks(n))
    sizes = {"block_size": block_size, "segment_size": segment_size}
    made = build_activations(xyz, study, n, mask=mask, radius_mm=6, **sizes)
    counts = count_columns(made, LabelColumns.from_masks(sets))
    dense = dense_activations(xyz, study, n, mask, 6)
    np.testing.assert_array_equal(counts, dense_counts(dense, sets))


@given(st.integers(0, 99), st.integers(1, 20), st.sampled_from([1, 2]))
def test_many_labels_at_once_equal_one_after_the_other(seed, n_labels, n_jobs):
    rng = np.random.default_rng(seed)
    made = random_activations(rng, brain_block(), 15, block_size=40)
    sets = rng.random((n_labels, 15)) < 0.3
    batch = count_columns(made, LabelColumns.from_masks(sets), n_jobs=n_jobs)
    loop = [count_columns(made, LabelColumns.from_masks([s]))[0] for s in sets]
    np.testing.assert_array_equal(batch, loop)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_counts_can_be_held_in_other_types(dtype):
    rng = np.random.default_rng(3)
    made = random_activations(rng, brain_block(), 15, segment_size=6)
    columns = LabelColumns.from_masks(rng.random((4, 15)) < 0.5)
    counts = count_columns(made, columns, dtype=dtype)
    assert counts.dtype == dtype
    np.testing.assert_array_equal(counts, count_columns(made, columns))


@given(st.integers(0, 99))
def test_a_set_and_its_complement_add_up_to_all(seed):
    rng = np.random.default_rng(seed)
    made = random_activations(rng, brain_block(), 15)
    chosen = rng.random(15) < 0.4
    both = count_columns(made, LabelColumns.from_masks([chosen, ~chosen]))
    np.testing.assert_array_equal(both.sum(axis=0), made.totals)


@pytest.fixture
def small_tiles(monkeypatch):
    monkeypatch.setattr(_tiles, "_CELLS_PER_TILE", 128)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("block_size", [16, 64, 1000])
@pytest.mark.usefixtures("small_tiles")
def test_tiles_cover_each_cell_once(n_jobs, block_size):
    rng = np.random.default_rng(0)
    sizes = {"block_size": block_size, "segment_size": 4}
    made = random_activations(rng, brain_block(), 15, **sizes)
    columns = LabelColumns.from_masks(rng.random((11, 15)) < 0.3)
    seen = np.zeros((11, made.n_voxels), dtype=int)

    def see(tile):
        seen[tile.columns, tile.voxels] += 1
        return tile.counts.shape == seen[tile.columns, tile.voxels].shape

    assert all(map_tiles(made, columns, see, n_jobs=n_jobs))
    assert (seen == 1).all()


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("segment_size", [1, 6, 15])
def test_tiles_and_threads_change_no_count(segment_size):
    rng = np.random.default_rng(1)
    sizes = {"block_size": 32, "segment_size": segment_size}
    made = random_activations(rng, brain_block(), 15, **sizes)
    sets = rng.random((11, 15)) < 0.3
    expected = dense_counts(made.to_csr().toarray(), sets)
    for n_jobs in (1, 2, -1):
        columns = LabelColumns.from_masks(sets)
        counts = count_columns(made, columns, n_jobs=n_jobs)
        np.testing.assert_array_equal(counts, expected)


@pytest.mark.usefixtures("small_tiles")
def test_results_come_in_the_order_of_tiles():
    made = random_activations(np.random.default_rng(2), brain_block(), 9, block_size=50)
    columns = LabelColumns.from_masks(np.ones((4, 9), bool))
    work = [(t[0], t[1]) for t in map_tiles(made, columns, where, n_jobs=2)]
    assert work == sorted(work)
    assert len(work) > 4


def where(tile):
    return tile.voxels.start, tile.columns.start


def test_a_bar_can_be_shown(capsys, monkeypatch):
    from tqdm import auto

    shown = {}

    def bar(tiles, **options):
        shown.update(options)
        return tiles

    monkeypatch.setattr(auto, "tqdm", bar)
    made = random_activations(np.random.default_rng(3), brain_block(), 9)
    columns = LabelColumns.from_masks(np.ones((1, 9), bool))
    map_tiles(made, columns, where, progress=True)
    assert shown["disable"] is False
    assert capsys.readouterr().err == ""


def test_columns_of_other_studies_are_refused():
    made = random_activations(np.random.default_rng(0), brain_block(), 9)
    columns = LabelColumns.from_masks(np.ones((1, 8), bool))
    with pytest.raises(ValueError, match=r"columns of 8 studies.*activations of 9"):
        count_columns(made, columns)


FIELDS = ("offsets", "runs", "sizes", "totals", "has_peaks")


def _frozen(segment):
    arrays = {name: getattr(segment, name).copy() for name in FIELDS}
    for array in arrays.values():
        array.flags.writeable = False
    return replace(segment, **arrays)


def test_read_only_columns_and_activations_can_be_counted():
    rng = np.random.default_rng(5)
    made = random_activations(rng, brain_block(), 9, segment_size=4)
    columns = LabelColumns.from_masks(rng.random((3, 9)) < 0.5)
    expected = count_columns(made, columns)
    for array in (columns.offsets, columns.studies):
        array.flags.writeable = False
    frozen = Activations.from_segments([_frozen(part) for part in made.segments])
    again = count_columns(frozen, columns, n_jobs=2)
    np.testing.assert_array_equal(again, expected)


@pytest.mark.parametrize("studies", [[2, 1], [1, 1], [8, 0]])
def test_columns_out_of_order_are_refused(studies):
    made = random_activations(
        np.random.default_rng(0), brain_block(), 9, segment_size=2
    )
    offsets = np.array([0, 2], np.int64)
    columns = LabelColumns(offsets, np.array(studies, np.int32), 9)
    with pytest.raises(ValueError, match="must ascend, without repeats"):
        count_columns(made, columns)


@pytest.mark.parametrize("studies", [[0, 9], [-1, 2], [5]])
def test_columns_of_studies_that_are_not_there_are_refused(studies):
    made = random_activations(np.random.default_rng(0), brain_block(), 9)
    offsets = np.array([0, 2], np.int64)
    columns = LabelColumns(offsets, np.array(studies, np.int32), 9)
    with pytest.raises(ValueError, match="columns name studies from"):
        count_columns(made, columns)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading"])
def test_other_backends_do_not_break_counting(backend, monkeypatch):
    import joblib

    rng = np.random.default_rng(5)
    made = random_activations(rng, brain_block(), 9)
    columns = LabelColumns.from_masks(rng.random((30, 9)) < 0.5)
    expected = count_columns(made, columns)
    monkeypatch.setattr(_tiles, "_CELLS_PER_TILE", 1)
    with joblib.parallel_config(backend=backend):
        again = count_columns(made, columns, n_jobs=2)
    np.testing.assert_array_equal(again, expected)

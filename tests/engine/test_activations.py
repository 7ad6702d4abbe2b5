import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.engine import Activations, Segment, build_activations
from nimare_neurosynth.engine import _segments as module
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.space import Mask, default_mask
from tests.oracles import (
    brain_block,
    dense_activations,
    random_activations,
    random_peaks,
    same_segments,
)
from tests.strategies import masks, peak_tables, radii

FIELDS = ("offsets", "runs", "sizes", "totals", "has_peaks")


def check(made, dense):
    np.testing.assert_array_equal(made.to_csr().toarray(), dense)
    np.testing.assert_array_equal(made.sizes, dense.sum(axis=1))
    np.testing.assert_array_equal(made.totals, dense.sum(axis=0))
    assert (made.n_studies, made.n_voxels) == dense.shape
    assert (made.sizes.dtype, made.totals.dtype) == (np.int32, np.int32)
    for segment in made.segments:
        segment.check()


def same_bits(a, b):
    return len(a.segments) == len(b.segments) and all(
        map(same_segments, a.segments, b.segments)
    )


@given(
    peak_tables(),
    masks(),
    radii(),
    st.sampled_from([1, 2, 5, 64, 4096]),
    st.sampled_from([1, 2, 4, 6, 8192]),
)
def test_activations_are_the_unions_of_spheres(
    table, mask, radius, block_size, segment_size
):
    xyz, study, n = table
    sizes = {"block_size": block_size, "segment_size": segment_size}
    made = build_activations(xyz, study, n, mask=mask, radius_mm=radius, **sizes)
    check(made, dense_activations(xyz, study, n, mask, radius))
    assert made.has_peaks.tolist() == [s in study for s in range(n)]


@pytest.mark.parametrize("radius", [0, 3, 6, 10])
@pytest.mark.parametrize(
    ("block_size", "segment_size"), [(7, 30), (100, 7), (65_535, 29), (65_535, 8192)]
)
def test_many_random_peaks(radius, block_size, segment_size):
    xyz, study = random_peaks(np.random.default_rng(0), 300, 25)
    mask = brain_block((14, 13, 12), 3.0)
    sizes = {"block_size": block_size, "segment_size": segment_size}
    made = build_activations(xyz, study, 30, mask=mask, radius_mm=radius, **sizes)
    check(made, dense_activations(xyz, study, 30, mask, radius))


def test_the_real_mask(toy):
    xyz = toy.peaks.to_mni("icbm_spm")
    made = toy.activations()
    mask = default_mask()
    check(made, dense_activations(xyz, toy.peaks.study, 7, mask, 6))
    # far outside, and no peak at all
    assert (made.sizes[2], made.sizes[6]) == (0, 0)


def test_one_peak_in_the_brain_is_one_sphere():
    mask = default_mask()
    peak = np.array([[0.0, -52, 26]])
    sizes = [
        build_activations(peak, np.array([0]), 1, mask=mask, radius_mm=r).sizes[0]
        for r in (2, 4, 6)
    ]
    assert sizes == [7, 33, 123]  # voxels within 2, 4 and 6 mm on a 2 mm grid


def test_runs_are_cut_at_blocks_and_nowhere_else():
    mask = Mask.from_array(np.ones((1, 1, 30)), np.eye(4))
    peaks = np.array([[0.0, 0, 10], [0, 0, 17]])  # they touch: one run, 7 to 20
    made = build_activations(
        peaks, np.zeros(2, int), 1, mask=mask, radius_mm=3, block_size=10
    )
    [segment] = made.segments
    np.testing.assert_array_equal(segment.runs, [[7, 10], [0, 10], [0, 1]])
    np.testing.assert_array_equal(segment.offsets, [0, 1, 2, 3])


@pytest.mark.parametrize("segment_size", [9, 8192])
def test_n_jobs_and_tasks_change_no_bit(monkeypatch, segment_size):
    rng = np.random.default_rng(3)
    xyz, study = random_peaks(rng, 500, 40)
    options = {"mask": brain_block(), "radius_mm": 6, "block_size": 50}
    options["segment_size"] = segment_size
    once = build_activations(xyz, study, 43, **options)
    monkeypatch.setattr(module, "_PEAKS_PER_TASK", 30)
    for n_jobs in (1, 2, -1):
        again = build_activations(xyz, study, 43, n_jobs=n_jobs, **options)
        assert same_bits(once, again)


def test_the_order_of_peaks_does_not_matter():
    rng = np.random.default_rng(4)
    xyz, study = random_peaks(rng, 200, 20)
    order = rng.permutation(200)
    options = {"mask": brain_block(), "radius_mm": 6, "block_size": 50}
    options["segment_size"] = 8
    a = build_activations(xyz, study, 20, **options)
    b = build_activations(xyz[order], study[order], 20, **options)
    assert same_bits(a, b)


def test_the_order_of_studies_is_the_order_of_rows():
    rng = np.random.default_rng(5)
    xyz, study = random_peaks(rng, 200, 20)
    new_row = rng.permutation(20)
    options = {"mask": brain_block(), "radius_mm": 6, "segment_size": 6}
    a = build_activations(xyz, study, 20, **options)
    b = build_activations(xyz, new_row[study], 20, **options)
    np.testing.assert_array_equal(a.to_csr().toarray(), b.to_csr(new_row).toarray())
    np.testing.assert_array_equal(a.totals, b.totals)


@pytest.mark.parametrize("n_studies", [0, 1, 5])
def test_no_peaks_activate_nothing(n_studies):
    none = np.empty((0, 3))
    made = build_activations(
        none, np.empty(0, int), n_studies, mask=brain_block(), radius_mm=6
    )
    assert made.sizes.tolist() == [0] * n_studies
    assert not made.totals.any()
    assert made.to_csr().shape == (n_studies, brain_block().n_voxels)


def test_read_only_input_works_and_stays():
    xyz, study = random_peaks(np.random.default_rng(6), 60, 9)
    before = xyz.copy()
    xyz.flags.writeable = study.flags.writeable = False
    made = build_activations(xyz, study, 9, mask=brain_block(), radius_mm=6)
    np.testing.assert_array_equal(xyz, before)
    check(made, dense_activations(xyz, study, 9, brain_block(), 6))


def test_a_wrong_radius_is_refused():
    with pytest.raises(OptionError, match="radius_mm"):
        build_activations(
            np.zeros((1, 3)), np.zeros(1, int), 1, mask=brain_block(), radius_mm=-1
        )


# ------------------------------------------------------------ sums over voxels


@given(peak_tables(), masks(), st.integers(0, 99), st.sampled_from([1, 2, 3, 8192]))
def test_counts_and_sums_in_regions(table, mask, seed, segment_size):
    xyz, study, n = table
    sizes = {"block_size": 9, "segment_size": segment_size}
    made = build_activations(xyz, study, n, mask=mask, radius_mm=6, **sizes)
    dense = dense_activations(xyz, study, n, mask, 6)
    rng = np.random.default_rng(seed)
    region = rng.random(mask.n_voxels) < 0.5
    np.testing.assert_array_equal(made.count_in(region), dense @ region.astype(int))
    values = rng.normal(size=mask.n_voxels)
    np.testing.assert_allclose(made.sum_of(values), dense @ values, atol=1e-9)


@pytest.mark.parametrize("method", ["count_in", "sum_of"])
def test_sums_need_one_value_per_voxel(method):
    made = random_activations(np.random.default_rng(0), brain_block(), 5)
    with pytest.raises(ValueError, match=r"need \d+ values, got shape \(3,\)"):
        getattr(made, method)(np.ones(3))


def test_sums_over_no_studies():
    made = build_activations(
        np.empty((0, 3)), np.empty(0, int), 0, mask=brain_block(), radius_mm=6
    )
    assert made.count_in(np.ones(made.n_voxels, bool)).shape == (0,)


@pytest.mark.parametrize("segment_size", [1, 4, 8192])
@pytest.mark.parametrize("rows", [[], [3], [4, 0, 4], [5, 4, 3, 2, 1, 0]])
def test_some_rows_of_the_matrix(rows, segment_size):
    rng = np.random.default_rng(1)
    made = random_activations(rng, brain_block(), 6, segment_size=segment_size)
    rows = np.array(rows, dtype=int)
    part = made.to_csr(rows)
    np.testing.assert_array_equal(part.toarray(), made.to_csr().toarray()[rows])
    assert part.dtype == bool
    assert part.has_sorted_indices


@pytest.mark.parametrize("rows", [[-1], [0, -6], [6], [True] * 6])
def test_rows_that_are_not_there_are_refused(rows):
    made = random_activations(np.random.default_rng(1), brain_block(), 6)
    with pytest.raises((ValueError, IndexError)):
        made.to_csr(np.array(rows))


# ------------------------------------------------------------------- segments


def whole(made):
    """Give all that does not depend on segments."""
    rows = made.to_csr()
    return (
        made.sizes,
        made.totals,
        made.has_peaks,
        made.count_in(np.arange(made.n_voxels) % 2 == 0),
        made.sum_of(np.arange(made.n_voxels) / 7),
        rows.indptr,
        rows.indices,
    )


@given(peak_tables(max_studies=9), masks(), st.integers(1, 10))
def test_segments_change_nothing(table, mask, segment_size):
    xyz, study, n = table
    options = {"mask": mask, "radius_mm": 6, "block_size": 9}
    once = build_activations(xyz, study, n, **options)
    made = build_activations(xyz, study, n, segment_size=segment_size, **options)
    assert len(made.segments) == -(-n // segment_size)
    for a, b in zip(whole(made), whole(once), strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


def test_segments_have_their_places():
    made = random_activations(
        np.random.default_rng(1), brain_block(), 11, segment_size=4
    )
    assert [(at, s.n_studies) for at, s in made.placed()] == [(0, 4), (4, 4), (8, 3)]
    sizes = np.concatenate([segment.sizes for segment in made.segments])
    np.testing.assert_array_equal(made.sizes, sizes)
    assert made.n_blocks == -(-made.n_voxels // 64)
    assert made.block_size == 64


def test_one_segment_is_taken_as_it_is():
    [segment] = random_activations(np.random.default_rng(1), brain_block(), 5).segments
    made = Activations.from_segments([segment])
    assert made.segments == (segment,)
    assert made.totals is segment.totals


@pytest.mark.parametrize(
    ("shape", "block_size"), [((9, 8, 7), 63), ((9, 8, 6), 64), (None, None)]
)
def test_segments_that_do_not_fit_together_are_refused(shape, block_size):
    segments = []  # none at all make no activations
    if shape is not None:
        rng = np.random.default_rng(1)
        one = random_activations(rng, brain_block(), 5)
        other = random_activations(rng, brain_block(shape), 5, block_size=block_size)
        segments = [*one.segments, *other.segments]
    with pytest.raises(ValueError, match="same voxels and blocks"):
        Activations.from_segments(segments)


# --------------------------------------------------------------- from the disk


@pytest.fixture
def mapped(tmp_path):
    made = random_activations(
        np.random.default_rng(2), brain_block(), 12, segment_size=5
    )
    segments = []
    for i, segment in enumerate(made.segments):
        parts = {}
        for name in FIELDS:
            np.save(tmp_path / f"{i}{name}", getattr(segment, name))
            parts[name] = np.load(tmp_path / f"{i}{name}.npy", mmap_mode="r")
        segments.append(Segment(**parts, block_size=segment.block_size))
    return made, Activations.from_segments(segments)


def test_memory_mapped_activations_are_as_good(mapped):
    made, from_disk = mapped
    dense = made.to_csr().toarray()
    np.testing.assert_array_equal(from_disk.to_csr().toarray(), dense)
    region = np.arange(made.n_voxels) % 3 == 0
    region.flags.writeable = False
    np.testing.assert_array_equal(
        from_disk.count_in(region), dense @ region.astype(int)
    )
    assert from_disk.n_blocks == -(-made.n_voxels // made.block_size)

"""The compiled loops against their plain Python form, on toy data.

Coverage sees only the plain form; that both agree bit for bit says that what was seen
is what runs.
"""

import numba
import numpy as np
import pytest

from nimare_neurosynth.engine import (
    LabelColumns,
    _jit,
    build_activations,
    count_columns,
)
from nimare_neurosynth.engine import _kernels as kernels
from nimare_neurosynth.stats import association_and_uniformity_z
from tests.engine.conftest import KERNELS
from tests.oracles import brain_block, dense_activations, dense_counts, random_peaks


def test_all_kernels_are_listed():
    compiled = {
        name for name, value in vars(kernels).items() if hasattr(value, "py_func")
    }
    assert compiled == set(KERNELS)


def toy_peaks():
    xyz, study = random_peaks(np.random.default_rng(0), 40, 6, spread=12)
    xyz[0] = (-18, -16, -12)  # at the corner of the volume
    xyz[1:3] = (0, 0, 0)  # twice the same
    xyz[3] = (0, 0, 40)  # its sphere would begin beyond the last voxel of its line
    return xyz, study


def everything(mask):
    """Run each kernel, and give all that they computed."""
    xyz, study = toy_peaks()
    made = build_activations(
        xyz, study, 8, mask=mask, radius_mm=5, block_size=50, segment_size=3
    )
    for segment in made.segments:
        segment.check()
    sets = np.random.default_rng(1).random((3, 8)) < 0.5
    counts = count_columns(made, LabelColumns.from_masks(sets))
    values = np.arange(float(mask.n_voxels))
    z = association_and_uniformity_z(
        counts,
        n_selected=np.array([0, 8, 4]),
        expected=np.array([0, 0.4, 1.2]),
        totals=made.totals,
        n_studies=8,
    )
    parts = [a for s in made.segments for a in (s.offsets, s.runs, s.sizes, s.totals)]
    parcel = (np.arange(mask.n_voxels) % 4 - 1).astype(np.int32)
    by_parcel = made.count_by(parcel, 3)
    return (*parts, by_parcel, counts, made.sum_of(values), made.to_csr().indices, *z)


@pytest.fixture(scope="module")
def compiled_results():
    return everything(brain_block())


def test_plain_and_compiled_kernels_agree_bit_for_bit(compiled_results, uncompiled):
    for plain, compiled in zip(
        everything(brain_block()), compiled_results, strict=True
    ):
        np.testing.assert_array_equal(plain, compiled)
        assert plain.dtype == compiled.dtype
    assert min(uncompiled.values()) > 0  # every kernel ran as plain Python


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("segment_size", [3, 8])
@pytest.mark.parametrize("block_size", [3, 60, 4096])
def test_plain_kernels_agree_with_the_oracle(block_size, segment_size):
    xyz, study = toy_peaks()
    mask = brain_block()
    sizes = {"block_size": block_size, "segment_size": segment_size}
    made = build_activations(xyz, study, 8, mask=mask, radius_mm=9, **sizes)
    dense = dense_activations(xyz, study, 8, mask, 9)
    sets = np.random.default_rng(1).random((3, 8)) < 0.5
    np.testing.assert_array_equal(made.to_csr().toarray(), dense)
    counts = count_columns(made, LabelColumns.from_masks(sets))
    np.testing.assert_array_equal(counts, dense_counts(dense, sets))


@pytest.mark.parametrize("first_study", [0, 2])
def test_blocks_are_placed_at_the_first_study_of_their_task(first_study):
    starts, ends = np.array([1, 4, 2], np.int32), np.array([3, 6, 4], np.int32)
    counts = np.array([2, 1])
    results = []
    for form in ("compiled", "py_func"):
        count, place = (
            getattr(k, "py_func", k) if form == "py_func" else k
            for k in (kernels.count_block_runs, kernels.place_block_runs)
        )
        offsets = np.zeros(2 * 4 + 1, np.int64)
        count(starts, counts, first_study, 4, 4, offsets)
        np.cumsum(offsets, out=offsets)
        runs, sizes = np.empty((3, 2), np.uint16), np.zeros(4, np.int32)
        place(starts, ends, counts, first_study, 4, 4, offsets, runs, sizes)
        results.append((offsets, runs, sizes))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(results[0][1], [[1, 3], [2, 4], [0, 2]])
    assert results[0][2][first_study : first_study + 2].tolist() == [4, 2]


def both_forms(kernel):
    return kernel, kernel.py_func


def test_changes_are_added_to_those_of_other_segments():
    # 1 block of 6 voxels; studies 10 and 11 of 2 make this segment
    offsets, runs = np.array([0, 1, 3]), np.array([[0, 2], [1, 4], [5, 6]], np.uint16)
    studies = np.array([3, 10, 11], np.int32)  # 3 is of an earlier segment
    first, stop = np.array([0, 1]), np.array([0, 3])
    expected = [[7, 7, 7, 7, 7, 7], [8, 8, 6, 7, 6, 8]]
    for add in both_forms(kernels.add_changes):
        out = np.full((2, 6), 7, np.int32)
        add(offsets, runs, 2, 6, 6, (0, 1), first, stop, studies, 10, (0, 2), out)
        # a run that ends where the block does takes nothing away
        np.testing.assert_array_equal(out, expected)


def test_changes_are_those_of_the_blocks_and_columns_asked_for():
    # 2 studies, blocks of 4 voxels: the last has 2
    offsets = np.array([0, 1, 1, 2, 3, 3, 4])
    runs = np.array([[0, 4], [1, 3], [0, 1], [0, 2]], np.uint16)
    studies = np.array([0, 0, 1], np.int32)
    first, stop = np.array([0, 1]), np.array([1, 3])
    for add in both_forms(kernels.add_changes):
        out = np.zeros((1, 6), np.int32)
        add(offsets, runs, 2, 4, 10, (1, 3), first, stop, studies, 0, (1, 2), out)
        np.testing.assert_array_equal(out, [[1, 0, 0, -1, 1, 0]])


RUNS = {
    "fit": ([[0, 4], [1, 3], [0, 1], [0, 2]], True),
    "empty": ([[0, 4], [3, 3], [0, 1], [0, 2]], False),
    "backwards": ([[0, 4], [3, 1], [0, 1], [0, 2]], False),
    "beyond the block": ([[0, 5], [1, 3], [0, 1], [0, 2]], False),
    "beyond the last block": ([[0, 4], [1, 3], [0, 1], [0, 3]], False),
}


@pytest.mark.parametrize("what", RUNS)
def test_runs_that_leave_their_blocks_are_told(what):
    # 2 studies, blocks of 4 voxels: the last has 2
    offsets = np.array([0, 1, 1, 2, 3, 3, 4])
    runs, expected = RUNS[what]
    for add_sizes in both_forms(kernels.add_sizes):
        sizes = np.array([10, 20])
        inside = add_sizes(offsets, np.array(runs, np.uint16), 2, 4, 10, sizes)
        assert inside == expected
        assert not expected or sizes.tolist() == [16, 23]


@pytest.mark.parametrize("block_size", [1, 2, 3, 5, 9])
def test_changes_are_summed_within_blocks(block_size):
    changes = np.random.default_rng(2).integers(-3, 4, (4, 5)).astype(np.int32)
    expected = np.concatenate(
        [
            changes[:, first : first + block_size].cumsum(axis=1)
            for first in range(0, 5, block_size)
        ],
        axis=1,
    )
    for sum_changes in both_forms(kernels.sum_changes):
        out = changes.copy()
        sum_changes(out, block_size)
        np.testing.assert_array_equal(out, expected)


# ------------------------------------------------------------------ compilation


def test_kernels_keep_their_plain_form_and_are_cached():
    for name in KERNELS:
        compiled = getattr(kernels, name)
        assert callable(compiled.py_func)
        assert compiled.targetoptions["nogil"] is True
        assert "parallel" not in compiled.targetoptions


def test_kernels_compile_where_no_cache_can_be_written(monkeypatch):
    real = numba.njit
    asked = []

    def njit(*, cache=False, **options):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return real(**options)

    monkeypatch.setattr(_jit.numba, "njit", njit)
    double = _jit.kernel(lambda x: 2 * x)
    assert double(3) == 6
    assert asked == [True, False]

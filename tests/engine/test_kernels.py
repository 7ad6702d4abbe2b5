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
    _tiles,
    build_activations,
    count_columns,
)
from nimare_neurosynth.engine import _kernels as kernels
from nimare_neurosynth.stats import _association, association_and_uniformity_z
from tests.oracles import brain_block, dense_activations, dense_counts, random_peaks

NAMES = (
    "runs_of_studies",
    "count_block_runs",
    "place_block_runs",
    "count_tile",
    "sum_over_voxels",
    "voxels_of_studies",
    "z_tile",
)


def test_all_kernels_are_listed_here():
    compiled = {
        name for name, value in vars(kernels).items() if hasattr(value, "py_func")
    }
    assert compiled == set(NAMES)


@pytest.fixture
def uncompiled(monkeypatch):
    """Let the package run its kernels as plain Python."""
    for name in NAMES:
        plain = getattr(kernels, name).py_func
        for module in (kernels, _tiles, _association):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, plain)


def toy_peaks():
    xyz, study = random_peaks(np.random.default_rng(0), 40, 6, spread=12)
    xyz[0] = (-18, -16, -12)  # at the corner of the volume
    xyz[1:3] = (0, 0, 0)  # twice the same
    xyz[3] = (0, 0, 40)  # its sphere would begin beyond the last voxel of its line
    return xyz, study


def everything(mask):
    """Run each kernel once, and give all that they computed."""
    xyz, study = toy_peaks()
    made = build_activations(xyz, study, 8, mask=mask, radius_mm=5, block_size=50)
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
    parts = (made.offsets, made.runs, made.sizes, made.totals)
    return (*parts, counts, made.sum_of(values), made.to_csr().indices, *z)


@pytest.fixture(scope="module")
def compiled_results():
    return everything(brain_block())


@pytest.mark.usefixtures("uncompiled")
def test_plain_and_compiled_kernels_agree_bit_for_bit(compiled_results):
    for plain, compiled in zip(
        everything(brain_block()), compiled_results, strict=True
    ):
        np.testing.assert_array_equal(plain, compiled)


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("block_size", [3, 60, 4096])
def test_plain_kernels_agree_with_the_oracle(block_size):
    xyz, study = toy_peaks()
    mask = brain_block()
    made = build_activations(
        xyz, study, 8, mask=mask, radius_mm=9, block_size=block_size
    )
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


# ------------------------------------------------------------------ compilation


def test_kernels_keep_their_plain_form_and_are_cached():
    for name in NAMES:
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

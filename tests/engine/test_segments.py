"""Segments: what they are cut at, what they keep, and which ones kernels may trust."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimare_neurosynth.engine import (
    Activations,
    LabelColumns,
    Segment,
    build_activations,
    build_segment,
    count_columns,
    segment_bounds,
)
from nimare_neurosynth.engine._segments import SEGMENT_SIZE
from tests.engine.conftest import plain_kernels
from tests.oracles import (
    brain_block,
    dense_activations,
    random_peaks,
    same_segments,
)
from tests.strategies import masks, peak_tables

# ----------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("n_studies", "expected"),
    [
        (0, [0, 0]),
        (1, [0, 1]),
        (4, [0, 4]),
        (5, [0, 4, 5]),
        (8, [0, 4, 8]),
        (9, [0, 4, 8, 9]),
    ],
)
def test_bounds(n_studies, expected):
    assert segment_bounds(n_studies, 4) == expected


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 20))
def test_more_studies_leave_full_segments_where_they_are(n, more, size):
    before, after = (list(pairwise(segment_bounds(k, size))) for k in (n, n + more))
    full = [part for part in before if part[1] - part[0] == size]
    assert after[: len(full)] == full
    assert [b - a for a, b in after[:-1]] == [size] * (len(after) - 1)
    assert sum(b - a for a, b in after) == n + more


def test_the_usual_size_is_the_one_that_hashes_are_made_of():
    assert segment_bounds(2 * SEGMENT_SIZE + 1) == [
        0,
        SEGMENT_SIZE,
        2 * SEGMENT_SIZE,
        2 * SEGMENT_SIZE + 1,
    ]


# ---------------------------------------------------------------------- growing


@given(peak_tables(max_studies=8), peak_tables(), masks(), st.integers(1, 5))
def test_appended_studies_leave_full_segments_as_they_are(old, new, mask, size):
    xyz, study, n = old
    options = {"mask": mask, "radius_mm": 6, "block_size": 9, "segment_size": size}
    before = build_activations(xyz, study, n, **options)
    all_xyz, all_study = np.r_[xyz, new[0]], np.r_[study, new[1] + n]
    after = build_activations(all_xyz, all_study, n + new[2], **options)
    for a, b in zip(before.segments[: n // size], after.segments, strict=False):
        assert same_segments(a, b)
    dense = dense_activations(all_xyz, all_study, n + new[2], mask, 6)
    np.testing.assert_array_equal(after.to_csr().toarray(), dense)
    # and what is taken over need not be built again
    kept = before.segments[: n // size]
    grown = Activations.from_segments([*kept, *after.segments[len(kept) :]])
    np.testing.assert_array_equal(grown.to_csr().toarray(), dense)
    np.testing.assert_array_equal(grown.totals, dense.sum(axis=0))


def test_a_segment_is_that_of_its_studies_alone():
    xyz, study = random_peaks(np.random.default_rng(0), 60, 12)
    options = {"mask": brain_block(), "radius_mm": 6, "block_size": 50}
    made = build_activations(xyz, study, 12, segment_size=5, **options)
    for first, segment in made.placed():
        here = (study >= first) & (study < first + segment.n_studies)
        alone = build_segment(
            xyz[here], study[here] - first, segment.n_studies, **options
        )
        assert same_segments(segment, alone)


# ------------------------------------------------------------------------ check


def segment():
    """Give 3 studies in 10 voxels, blocks of 4: the last block has 2."""
    runs = [[0, 2], [1, 4], [0, 4], [2, 3], [0, 1], [0, 2]]
    return Segment(
        offsets=np.array([0, 1, 1, 2, 3, 4, 4, 5, 6, 6]),
        runs=np.array(runs, np.uint16),
        sizes=np.array([7, 3, 3], np.int32),
        totals=np.array([1, 2, 1, 1, 1, 1, 2, 1, 2, 1], np.int32),
        has_peaks=np.array([True, True, True]),
        block_size=4,
    )


def test_what_fits_passes():
    made = segment()
    made.check()
    assert (made.n_studies, made.n_voxels, made.n_blocks) == (3, 10, 3)
    dense = Activations.from_segments([made]).to_csr().toarray()
    assert dense.astype(int).tolist() == [
        [1, 1, 0, 0, 1, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 0, 1, 0, 1, 1],
        [0, 1, 1, 1, 0, 0, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize(("n_studies", "n_voxels"), [(0, 10), (3, 0), (0, 0)])
def test_nothing_passes(n_studies, n_voxels):
    n_rows = n_studies * -(-n_voxels // 4)
    Segment(
        offsets=np.zeros(n_rows + 1, np.int64),
        runs=np.empty((0, 2), np.uint16),
        sizes=np.zeros(n_studies, np.int32),
        totals=np.zeros(n_voxels, np.int32),
        has_peaks=np.zeros(n_studies, bool),
        block_size=4,
    ).check()


def put(name, place, value):
    """Change one number of one array; sizes go with the runs, where they can."""

    def change(made):
        array = getattr(made, name).copy()
        array[place] = value
        made = replace(made, **{name: array})
        return made if name == "sizes" else fitting_sizes(made)

    return change


def fitting_sizes(made):
    """Give a segment the sizes that its runs come to, so that these tell nothing."""
    sizes = np.zeros(len(made.sizes), np.int64)
    for row, (first, stop) in enumerate(pairwise(made.offsets.tolist())):
        for run in range(max(first, 0), min(stop, len(made.runs))):
            start, end = made.runs[run].tolist()
            sizes[row % len(sizes)] += end - start
    return replace(made, sizes=sizes.astype(np.int32))


def turn(name, function):
    """Change a whole array."""
    return lambda made: replace(made, **{name: function(getattr(made, name))})


def grown(name):
    return turn(name, lambda array: np.concatenate([array, array[-1:]]))


def shrunk(name):
    return turn(name, lambda array: array[:-1])


def nested(name):
    return turn(name, lambda array: array[:, None])


def cast(name, dtype):
    return turn(name, lambda array: array.astype(dtype))


def sized(block_size):
    return lambda made: replace(made, block_size=block_size)


DAMAGE = {
    "a run beyond its block": put("runs", (2, 1), 5),
    "a run far beyond its block": put("runs", (2, 1), 65_535),
    "a run beyond the last block, which is shorter": put("runs", (5, 1), 3),
    "a run beyond the last block, of the block's size": put("runs", (5, 1), 4),
    "a run that begins beyond the last block": put("runs", 5, [2, 3]),
    "an empty run": put("runs", (1, 0), 4),
    "a run that ends before it begins": put("runs", 1, [3, 2]),
    "a run too many": grown("runs"),
    "a run too few": shrunk("runs"),
    "runs of three numbers": turn("runs", lambda r: np.c_[r, r[:, 1]]),
    "runs in one line": turn("runs", lambda r: r.ravel()),
    "runs of int16": cast("runs", np.int16),
    "runs of int64": cast("runs", np.int64),
    "runs of the other byte order": cast("runs", ">u2"),
    "runs of float": cast("runs", float),
    "offsets that begin late": put("offsets", 0, 1),
    "offsets that begin below 0": put("offsets", 0, -1),
    "offsets that fall": put("offsets", 3, 0),
    "offsets far above": put("offsets", 4, 10**9),
    "offsets far below": put("offsets", 4, -(10**9)),
    "offsets that end late": put("offsets", -1, 7),
    "offsets that end early": put("offsets", -1, 5),
    "offsets that end below 0": put("offsets", -1, -6),
    "an offset too many": grown("offsets"),
    "an offset too few": shrunk("offsets"),
    "no offsets": turn("offsets", lambda o: o[:0]),
    "offsets one in each row": nested("offsets"),
    "offsets of int32": cast("offsets", np.int32),
    "offsets of uint64": cast("offsets", np.uint64),
    "offsets of float": cast("offsets", float),
    "offsets of the other byte order": cast("offsets", ">i8"),
    "a size that is too small": put("sizes", 0, 6),
    "a size that is too large": put("sizes", 1, 4),
    "a size below 0": put("sizes", 2, -3),
    "sizes of one another": turn("sizes", lambda s: s[::-1]),
    "a size too many": grown("sizes"),
    "a size too few": shrunk("sizes"),
    "no sizes": turn("sizes", lambda s: s[:0]),
    "sizes one in each row": nested("sizes"),
    "sizes of float": cast("sizes", float),
    "sizes of int64": cast("sizes", np.int64),
    "a total too few": shrunk("totals"),
    "two totals too few": turn("totals", lambda t: t[:-2]),
    "totals for three more voxels": turn("totals", lambda t: np.r_[t, t[:3]]),
    "no totals": turn("totals", lambda t: t[:0]),
    "totals one in each row": nested("totals"),
    "totals of float": cast("totals", float),
    "totals of the other byte order": cast("totals", ">i4"),
    "a study too many that has peaks": grown("has_peaks"),
    "a study too few that has peaks": shrunk("has_peaks"),
    "has_peaks one in each row": nested("has_peaks"),
    "has_peaks of int": cast("has_peaks", np.int64),
    "has_peaks of float": cast("has_peaks", float),
    "a block of 0": sized(0),
    "a block below 0": sized(-4),
    "a block of 3": sized(3),
    "a block of 5": sized(5),
    "a block of 10": sized(10),
    "a block of 65,536": sized(65_536),
    "a block of 2 ** 64": sized(2**64),
    "a block of float": sized(4.0),
    "a block of NaN": sized(float("nan")),
    "a block of infinity": sized(float("inf")),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_does_not_fit_is_refused(what):
    damaged = DAMAGE[what](segment())
    wrong = pytest.raises(ValueError, match="arrays of these activations do not fit")
    with plain_kernels(), wrong:
        damaged.check()


@pytest.mark.parametrize("block_size", ["4", None, [4]])
def test_a_block_size_that_is_no_number_is_refused(block_size):
    with pytest.raises((ValueError, TypeError)):
        replace(segment(), block_size=block_size).check()


# --------------------------------------------------------- what check() promises

_NUMBERS = [-(2**62), -(10**9), -7, -1, 0, 1, 2, 3, 4, 5, 6, 7, 9, 255, 65_535, 2**31]
_TYPES = ["bool", "i1", "u2", ">u2", "i2", "u4", "i4", ">i4", "u8", "i8", "f4", "f8"]


@st.composite
def damaged_segments(draw):
    """Draw a segment with up to three things wrong; some of them do not matter."""
    made = segment()
    for _ in range(draw(st.integers(1, 3))):
        name = draw(
            st.sampled_from(["offsets", "runs", "sizes", "totals", "has_peaks"])
        )
        array = np.array(getattr(made, name))
        kind = draw(st.sampled_from(["number", "number", "type", "shape", "block"]))
        if kind == "number" and array.size:
            place = draw(st.integers(0, array.size - 1))
            value = np.array(draw(st.sampled_from(_NUMBERS)))
            array.flat[place] = value.astype(array.dtype)
        elif kind == "type":
            array = array.astype(draw(st.sampled_from(_TYPES)))
        elif kind == "shape":
            n = draw(st.integers(0, len(array) + 2))
            array = np.resize(array, (n, *array.shape[1:]))
        elif kind == "block":
            made = replace(made, block_size=draw(st.integers(-1, 12)))
            continue
        made = replace(made, **{name: array})
    plain = made.runs.ndim == 2 and made.offsets.dtype.kind in "iu" and len(made.sizes)
    return fitting_sizes(made) if plain and draw(st.booleans()) else made


def _use_all_kernels(made):
    columns = LabelColumns.from_masks(
        [np.ones(made.n_studies, bool), np.arange(made.n_studies) % 2 == 0]
    )
    counts = count_columns(made, columns)
    inside = made.count_in(np.ones(made.n_voxels, bool))
    sums = made.sum_of(np.arange(float(made.n_voxels)))
    rows = made.to_csr()
    rows.check_format(full_check=True)
    return counts, inside, sums, rows.indptr, rows.indices


@settings(max_examples=400)
@given(damaged_segments(), st.booleans())
def test_kernels_stay_in_bounds_of_whatever_passes(made, twice):
    """Plain kernels raise an IndexError where compiled ones would write anywhere."""
    with plain_kernels():
        try:
            made.check()
            segments = [made, segment()] if twice else [made]
            activations = Activations.from_segments(segments)
        except ValueError:
            return
        plain = _use_all_kernels(activations)
    for a, b in zip(plain, _use_all_kernels(activations), strict=True):
        np.testing.assert_array_equal(a, b)


def test_plain_kernels_do_see_what_is_out_of_bounds():
    # so that the test above can fail
    damaged = put("runs", (5, 1), 4)(segment())
    with plain_kernels(), pytest.raises(IndexError):
        _use_all_kernels(Activations.from_segments([damaged]))

"""Counts on disk: nothing lost, and damage noticed."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import PackedCounts, unpack_counts

LARGEST = 2**31 - 1  # what an int32 holds


def unpack(packed, n_voxels, **changed):
    facts = {"width": packed.width, "crc32": packed.crc32, **changed}
    data = facts.pop("data", packed.data)
    return unpack_counts(data, n_voxels=n_voxels, what="the map of 'x'", **facts)


@given(
    hnp.arrays(np.int64, st.integers(0, 300), elements=st.integers(0, LARGEST)),
    st.sampled_from([np.int64, np.int32, np.uint32, np.uint64]),
    st.sampled_from([bytes, memoryview]),
)
def test_what_is_packed_comes_back(counts, dtype, kind):
    packed = PackedCounts.pack(counts.astype(dtype))
    found = unpack(packed, len(counts), data=kind(packed.data))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, counts)


@pytest.mark.parametrize(
    ("largest", "width"),
    [(0, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 4), (LARGEST, 4)],
)
def test_no_more_bytes_than_needed(largest, width):
    counts = np.array([0, largest, 1], dtype=np.int32)
    packed = PackedCounts.pack(counts)
    assert packed.width == width
    np.testing.assert_array_equal(unpack(packed, 3), counts)


def test_columns_of_a_table_are_packed_as_they_are():
    table = np.arange(60, dtype=np.int32).reshape(12, 5)
    np.testing.assert_array_equal(
        unpack(PackedCounts.pack(table[:, 2]), 12), table[:, 2]
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, ">i4"])
def test_the_type_leaves_no_trace(dtype):
    counts = np.array([3, 0, 200])
    assert PackedCounts.pack(counts.astype(dtype)) == PackedCounts.pack(counts)


def test_smooth_maps_take_little_room():
    counts = np.repeat(np.arange(200), 500)
    assert len(PackedCounts.pack(counts).data) < len(counts) / 20


COUNTS = np.random.default_rng(3).integers(0, 300, 500)


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_any_changed_byte_is_found(place, change):
    packed = PackedCounts.pack(COUNTS)
    data = bytearray(packed.data)
    data[place % len(data)] ^= change
    with pytest.raises(FormatError, match="the map of 'x' is damaged"):
        unpack(packed, len(COUNTS), data=bytes(data))


@given(st.integers(0, 10**6))
def test_any_truncation_is_found(length):
    packed = PackedCounts.pack(COUNTS)
    with pytest.raises(FormatError, match="damaged"):
        unpack(packed, len(COUNTS), data=packed.data[: length % len(packed.data)])


@pytest.mark.parametrize("width", [0, 3, 8, 255])
def test_an_impossible_width(width):
    with pytest.raises(FormatError, match="damaged"):
        unpack(PackedCounts.pack(COUNTS), len(COUNTS), width=width)


@pytest.mark.parametrize("data", [b"", b"x", b"not compressed at all"])
def test_garbage_with_a_fitting_checksum(data):
    with pytest.raises(FormatError, match="damaged"):
        unpack(
            PackedCounts.pack(COUNTS), len(COUNTS), data=data, crc32=zlib.crc32(data)
        )


@pytest.mark.parametrize("more", [-1, 1, 100])
def test_another_number_of_voxels(more):
    with pytest.raises(FormatError, match="damaged"):
        unpack(PackedCounts.pack(COUNTS), len(COUNTS) + more)


@pytest.mark.parametrize("width", [1, 4])
def test_another_width_than_it_was_packed_with(width):
    packed = PackedCounts.pack(COUNTS)
    assert packed.width == 2
    with pytest.raises(FormatError, match="damaged"):
        unpack(packed, len(COUNTS), width=width)

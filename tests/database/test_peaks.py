"""Peaks: those of some studies, their hash, their place in MNI space."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth.database import Peaks, _database
from nimare_neurosynth.engine import segment_bounds
from nimare_neurosynth.space import talairach_to_mni
from tests.database.made import made_database

SPACES = ("MNI", "TAL", "UNKNOWN", "talairach")


@st.composite
def peaks_of(draw, n_studies=8, *, in_order=None):
    """Draw peaks of up to so many studies, sorted by study or not."""
    n = draw(st.integers(0, 12))
    study = draw(hnp.arrays(int, n, elements=st.integers(0, n_studies - 1)))
    if draw(st.booleans()) if in_order is None else in_order:
        study.sort()
    numbers = st.floats(-80, 80) | st.sampled_from([np.nan, -0.0])
    xyz = draw(hnp.arrays(float, (n, 3), elements=numbers))
    spaces = draw(st.lists(st.sampled_from(SPACES), min_size=n, max_size=n))
    return Peaks.from_columns(xyz, study, np.arange(n), spaces)


def ranges(n_studies=8):
    """Draw the first of some studies in a row and one past the last."""
    return st.tuples(*[st.integers(0, n_studies)] * 2).map(sorted)


def taken(peaks, where):
    """Give some peaks by themselves, in the order of ``where``."""
    columns = (peaks.xyz, peaks.study, peaks.analysis, peaks.space)
    return Peaks(*(column[where] for column in columns), peaks.spaces)


# ------------------------------------------------------------------ some studies


@given(peaks_of(), ranges())
def test_peaks_of_some_studies(peaks, bounds):
    first, stop = bounds
    here = np.arange(len(peaks))[peaks.of_studies(first, stop)]
    expected = [i for i, s in enumerate(peaks.study.tolist()) if first <= s < stop]
    assert here.tolist() == expected


@given(peaks_of(in_order=True), ranges())
def test_peaks_in_order_are_not_copied(peaks, bounds):
    assert isinstance(peaks.of_studies(*bounds), slice)
    assert np.shares_memory(peaks.xyz[peaks.of_studies(0, 8)], peaks.xyz) == bool(
        len(peaks)
    )


def test_peaks_out_of_order_are_found():
    peaks = Peaks.from_columns(np.zeros((4, 3)), [2, 0, 1, 0], range(4), ["MNI"] * 4)
    assert peaks.of_studies(0, 1).tolist() == [1, 3]
    assert peaks.of_studies(1, 3).tolist() == [0, 2]
    assert peaks.of_studies(3, 9).tolist() == []


# ------------------------------------------------------------------------- hash


@given(peaks_of(), ranges(), st.integers(1, 5))
def test_where_studies_stand_plays_no_part_in_their_hash(peaks, bounds, by):
    first, stop = bounds
    moved = replace(peaks, study=peaks.study + np.int32(by))
    assert moved.fingerprint(first + by, stop + by) == peaks.fingerprint(first, stop)


@given(peaks_of(), ranges(), st.randoms(use_true_random=False))
def test_peaks_of_others_play_no_part_in_a_hash(peaks, bounds, random):
    first, stop = bounds
    whole = peaks.fingerprint(first, stop)
    inside = (peaks.study >= first) & (peaks.study < stop)
    assert taken(peaks, inside).fingerprint(first, stop) == whole
    # others may stand between, before and after, in order or not
    order = list(np.flatnonzero(inside))
    for other in np.flatnonzero(~inside):
        order.insert(random.randint(0, len(order)), other)
    assert taken(peaks, np.array(order, int)).fingerprint(first, stop) == whole


def peaks():
    """Give three studies, the second in Talairach space."""
    xyz = [[1.0, 2, 3], [4, 5, 6], [7, 8, 9], [np.nan, 0, 1]]
    return Peaks.from_columns(xyz, [0, 0, 1, 2], range(4), ["MNI", "MNI", "TAL", "MNI"])


def test_a_hash_is_32_hexadecimal_digits():
    whole = peaks().fingerprint(0, 3)
    assert len(whole) == 32
    assert int(whole, 16) >= 0
    assert whole == peaks().fingerprint(0, 3)


def changed(name, place, value):
    made = peaks()
    array = getattr(made, name).copy()
    array[place] = value
    return replace(made, **{name: array})


SAME = {
    "the analyses": changed("analysis", 2, 9),
    "the name of a space that is not Talairach": replace(
        peaks(), spaces=("Colin27", "TAL")
    ),
    "the name of Talairach": replace(peaks(), spaces=("MNI", "T88")),
    "the order of spaces": Peaks(
        peaks().xyz, peaks().study, peaks().analysis, 1 - peaks().space, ("TAL", "MNI")
    ),
    "the layout in memory": replace(peaks(), xyz=np.asfortranarray(peaks().xyz)),
    "the type of studies": replace(peaks(), study=peaks().study.astype(np.int64)),
}
OTHER = {
    "a coordinate": changed("xyz", (0, 1), 2.5),
    "a missing coordinate": changed("xyz", (3, 0), 0),
    "whose peak it is": changed("study", 1, 1),
    "a peak's space": changed("space", 2, 0),
    "the order of peaks": taken(peaks(), [1, 0, 2, 3]),
    "a peak less": taken(peaks(), [0, 1, 2]),
    "a peak twice": taken(peaks(), [0, 0, 1, 2, 3]),
    "what the spaces mean": replace(peaks(), spaces=("TAL", "MNI")),
}


@pytest.mark.parametrize("what", SAME)
def test_what_changes_no_activation_changes_no_hash(what):
    assert SAME[what].fingerprint(0, 3) == peaks().fingerprint(0, 3)


@pytest.mark.parametrize("what", OTHER)
def test_what_may_change_activations_changes_the_hash(what):
    assert OTHER[what].fingerprint(0, 3) != peaks().fingerprint(0, 3)


def test_studies_without_peaks_are_in_the_hash():
    hashes = {peaks().fingerprint(0, stop) for stop in (3, 4, 5, 8193)}
    assert len(hashes) == 4
    before = replace(peaks(), study=peaks().study + np.int32(1))
    assert before.fingerprint(0, 4) != peaks().fingerprint(0, 4)


# --------------------------------------------------------------------- segments


@pytest.fixture
def small_segments(monkeypatch):
    monkeypatch.setattr(_database, "segment_bounds", lambda n: segment_bounds(n, 3))


def database_of(peaks, n_studies):
    made = made_database(n_studies=n_studies)
    made.peaks = peaks
    return made


def joined(a, b, n_before, *, front):
    """Put the studies of ``b`` after those of ``a``, their peaks before or after."""
    pairs = [(a.xyz, a.study, a.space), (b.xyz, b.study + n_before, b.space)]
    names = [[p.spaces[code] for code in p.space] for p in (a, b)]
    if front:
        pairs, names = pairs[::-1], names[::-1]
    xyz, study = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    return Peaks.from_columns(xyz, study, np.zeros(len(xyz)), [*names[0], *names[1]])


@pytest.mark.usefixtures("small_segments")
def test_segments_have_a_hash_each():
    made = database_of(peaks(), 8)
    bounds = pairwise([0, 3, 6, 8])
    expected = tuple(peaks().fingerprint(first, stop) for first, stop in bounds)
    assert made.segment_hashes == expected
    assert len(set(expected)) == 3  # the second has 3 studies without peaks, the last 2


def test_appended_studies_leave_the_hashes_of_full_segments(small_segments):
    @given(
        peaks_of(),
        st.integers(8, 10),
        peaks_of(n_studies=4),
        st.integers(4, 7),
        st.booleans(),
    )
    def check(old, n_old, new, n_new, front):
        before = database_of(old, n_old).segment_hashes
        grown = joined(old, new, n_old, front=front)
        after = database_of(grown, n_old + n_new).segment_hashes
        full = n_old // 3
        assert after[:full] == before[:full]
        assert after[full] != before[full] if n_old % 3 else True
        assert len(after) == -(-(n_old + n_new) // 3)

    check()


def test_known_hashes_are_taken():
    database = made_database(n_studies=1)
    database._known_segments = ["ab"]
    assert database.segment_hashes == ("ab",)


# ------------------------------------------------------------------------ space


@given(peaks_of(), st.sampled_from(["icbm_spm", "icbm_other", None]), ranges())
def test_peaks_come_to_mni_space_by_parts(peaks, talairach, bounds):
    whole = peaks.to_mni(talairach)
    part = peaks.of_studies(*bounds)
    np.testing.assert_array_equal(peaks.to_mni(talairach, part), whole[part])
    for i in range(len(peaks)):
        moved = talairach_to_mni(
            peaks.xyz[[i]], np.array([peaks.is_talairach[i]]), talairach
        )
        np.testing.assert_allclose(whole[[i]], moved)


def test_only_talairach_peaks_move():
    moved = (peaks().to_mni("icbm_spm") != peaks().xyz).any(axis=1)
    assert moved.tolist() == [False, False, True, True]  # the last is NaN
    np.testing.assert_array_equal(peaks().to_mni(None), peaks().xyz)


@pytest.mark.parametrize("part", [slice(None), slice(0, 2), np.array([1, 0])])
def test_what_comes_to_mni_space_is_a_copy(part):
    made = peaks()
    made.to_mni("icbm_spm", part)[:] = 0
    np.testing.assert_array_equal(made.xyz, peaks().xyz)


# ------------------------------------------------------------------------ check

DAMAGE = {
    "a study too high": changed("study", 1, 3),
    "a study below 0": changed("study", 0, -1),
    "an analysis too high": changed("analysis", 1, 9),
    "an analysis below 0": changed("analysis", 0, -1),
    "studies as floats": replace(peaks(), study=peaks().study.astype(float)),
    "coarse coordinates": replace(peaks(), xyz=peaks().xyz.astype(np.float32)),
    "a space too high": changed("space", 0, 2),
    "a space below 0": changed("space", 0, -1),
    "no spaces": replace(peaks(), spaces=()),
    "a study too few": replace(peaks(), study=peaks().study[:-1]),
    "a space too many": replace(peaks(), space=np.zeros(5, np.int32)),
    "an analysis too few": replace(peaks(), analysis=peaks().analysis[1:]),
    "two coordinates": replace(peaks(), xyz=peaks().xyz[:, :2]),
    "coordinates in a line": replace(peaks(), xyz=peaks().xyz[:, 0]),
    "studies one in each row": replace(peaks(), study=peaks().study[:, None]),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_columns_that_do_not_fit_are_refused(what):
    peaks().check(3, 9)
    with pytest.raises(ValueError, match="columns of the peaks do not fit together"):
        DAMAGE[what].check(3, 9)

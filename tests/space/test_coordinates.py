import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.space import (
    TALAIRACH_MATRICES,
    is_talairach,
    mm_to_voxel,
    talairach_matrix,
    talairach_to_mni,
)
from tests.oracles import MM2, import_nimare

# seen by running legacy Neurosynth 0.3.8 and NiMARE 0.22.1's tal2mni
TALAIRACH_POINTS = [
    ("icbm_spm", (0, 0, 0), (1.03866, 1.45785, -4.74800)),
    ("icbm_spm", (10, 20, 30), (12.17688, 25.88303, 26.26271)),
    ("icbm_other", (0, 0, 0), (1.07816, 1.16824, -4.17805)),
]
# legacy's rounding of x, on its LAS grid: 3 mm is 43.5 there, 1 mm is 44.5
LAS_ROUNDING = [(3, 44), (1, 44), (-1, 46), (2, 44), (0, 45)]


@pytest.mark.parametrize(("matrix", "talairach", "mni"), TALAIRACH_POINTS)
def test_talairach_points_go_where_others_put_them(matrix, talairach, mni):
    moved = talairach_to_mni(np.array([talairach], float), np.array([True]), matrix)
    np.testing.assert_allclose(moved, [mni], atol=5e-6)


def test_other_matrix_is_nimares():
    tal2mni = import_nimare("nimare.utils").tal2mni
    xyz = np.random.default_rng(0).normal(0, 40, (50, 3))
    ours = talairach_to_mni(xyz, np.ones(50, bool), "icbm_other")
    np.testing.assert_allclose(ours, tal2mni(xyz), atol=1e-9)


@pytest.mark.parametrize("matrix", TALAIRACH_MATRICES)
def test_the_inverse_undoes_the_published_matrix(matrix):
    mni = np.random.default_rng(1).normal(0, 40, (20, 3))
    talairach = np.c_[mni, np.ones(20)] @ TALAIRACH_MATRICES[matrix].T
    back = talairach_to_mni(talairach[:, :3], np.ones(20, bool), matrix)
    np.testing.assert_allclose(back, mni, atol=1e-9)


@pytest.mark.parametrize("matrix", [None, "icbm_spm"])
def test_only_marked_peaks_move_and_the_input_stays(matrix):
    xyz = np.array([[10.0, 20, 30], [np.nan, 1, 2], [4, 5, 6]])
    xyz.flags.writeable = False
    moved = talairach_to_mni(xyz, np.array([True, False, False]), matrix)
    np.testing.assert_array_equal(moved[1:], xyz[1:])
    assert (moved[0] == xyz[0]).all() == (matrix is None)
    assert moved.flags.writeable


def test_no_talairach_peak_is_nothing_to_do():
    xyz = np.ones((2, 3))
    moved = talairach_to_mni(xyz, np.zeros(2, bool), "icbm_spm")
    np.testing.assert_array_equal(moved, xyz)


@pytest.mark.parametrize("space", ["TAL", "tal", " T88 ", "Talairach"])
def test_names_of_talairach_space(space):
    assert is_talairach(space)


@pytest.mark.parametrize("space", ["MNI", "UNKNOWN", "", None, 3, np.nan])
def test_names_of_other_spaces(space):
    assert not is_talairach(space)


def test_unknown_matrices_are_refused():
    with pytest.raises(OptionError, match=r"'brett'.*'icbm_spm', 'icbm_other'"):
        talairach_matrix("brett")
    assert talairach_matrix(None) is None


@pytest.mark.parametrize(("x", "expected"), LAS_ROUNDING)
def test_halves_round_to_even_as_in_legacy(x, expected):
    las = np.diag([-2.0, 2, 2, 1])
    las[:3, 3] = (90, -126, -72)
    assert mm_to_voxel([x, 0, 0], las)[0] == expected
    # the grid is even about the middle, so that the RAS grid gives the same voxel
    assert mm_to_voxel([x, 0, 0], MM2)[0] == 90 - expected


@given(st.lists(st.integers(-200, 200), min_size=3, max_size=3))
def test_voxels_round_to_themselves(ijk):
    affine = np.array([[-2, 0, 0, 90], [0, 2, 0.5, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
    xyz = affine[:3, :3] @ ijk + affine[:3, 3]
    np.testing.assert_array_equal(mm_to_voxel(xyz, affine), ijk)


def test_nan_and_huge_coordinates_survive():
    voxels = mm_to_voxel([[np.nan, 0, 0], [1e300, 0, 0]], np.diag([2.0, 2, 2, 1]))
    assert np.isnan(voxels[0, 0])
    assert voxels[1, 0] == 5e299

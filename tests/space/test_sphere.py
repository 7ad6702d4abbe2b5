import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.engine import build_activations
from nimare_neurosynth.errors import ImageError, OptionError
from nimare_neurosynth.space import default_mask, sphere_lines, sphere_voxels
from tests.oracles import active_voxels, brain_block, sphere_offsets
from tests.strategies import affines, masks, radii

OBLIQUE = np.array(
    [[1.9, 0.4, 0.1, 3], [-0.4, 2.1, 0.3, 5], [0.2, -0.3, 2.4, 7], [0, 0, 0, 1]]
)
GRIDS = {
    "2 mm": np.diag([2.0, 2, 2, 1]),
    "flipped": np.diag([-2.0, 2, 2, 1]),
    "anisotropic": np.diag([1.0, 3, 4.5, 1]),
    "oblique": OBLIQUE,
}


def offsets_of(lines):
    return {
        (di, dj, dk)
        for di, dj, first, last in lines.tolist()
        for dk in range(first, last + 1)
    }


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("radius", [0, 1, 2, 3.7, 5, 6, 10, 15])
def test_lines_are_all_voxels_within_the_radius(radius, grid):
    lines = sphere_lines(radius, GRIDS[grid])
    expected = {tuple(o) for o in sphere_offsets(radius, GRIDS[grid]).tolist()}
    assert offsets_of(lines) == expected
    assert (lines[:, 3] - lines[:, 2] + 1).sum() == len(expected)


@given(radii(), affines())
def test_lines_are_right_on_any_grid(radius, affine):
    expected = {tuple(o) for o in sphere_offsets(radius, affine).tolist()}
    assert offsets_of(sphere_lines(radius, affine)) == expected


@pytest.mark.parametrize("radius", [2, 4, 6, 8, 10, 12])
def test_even_radii_are_legacy_spheres(radius, shared_data):
    with np.load(shared_data / "golden_legacy/small/spheres.npz") as golden:
        voxels = golden[f"r{radius}"]
    centre = (voxels.max(axis=0) + voxels.min(axis=0)) // 2
    expected = {tuple(o) for o in (voxels - centre).tolist()}
    assert offsets_of(sphere_lines(radius, GRIDS["2 mm"])) == expected


def test_a_voxel_edge_a_hair_too_long_does_not_lose_the_surface():
    lines = sphere_lines(6, np.diag([2.0000002, 2, 2, 1]))
    assert offsets_of(lines) == offsets_of(sphere_lines(6, GRIDS["2 mm"]))


@pytest.mark.parametrize("radius", [-1, 100.1, np.nan, np.inf, "wide", None, [1, 2]])
def test_wrong_radii_are_refused(radius):
    with pytest.raises(OptionError, match="radius_mm must be a number from 0 to 100"):
        sphere_lines(radius, np.eye(4))


# ------------------------------------------------------------------------- as a region

places = st.lists(st.floats(-45, 45), min_size=3, max_size=3)


@given(masks(), places, radii())
def test_a_sphere_is_all_voxels_around_the_nearest_one(mask, xyz, radius):
    expected = active_voxels(np.array([xyz]), mask, radius)
    if expected.any():
        found = sphere_voxels(xyz, radius, mask)
        assert found.dtype == bool
        np.testing.assert_array_equal(found, expected)
    else:
        with pytest.raises(ImageError, match="no voxel of the brain mask is within"):
            sphere_voxels(xyz, radius, mask)


@pytest.mark.parametrize("xyz", [(0, -52, 26), (-3, 17, -5), (-21.3, -4.9, -18.2)])
@pytest.mark.parametrize("radius", [0, 2, 6, 10.0])
def test_a_sphere_is_what_a_study_with_this_peak_activates(xyz, radius):
    mask = default_mask()
    peak, study = np.array([xyz], dtype=float), np.zeros(1, dtype=int)
    made = build_activations(peak, study, 1, mask=mask, radius_mm=radius)
    [expected] = made.to_csr().toarray() > 0
    np.testing.assert_array_equal(sphere_voxels(xyz, radius, mask), expected)


def test_left_is_left():
    mask = default_mask()
    here = sphere_voxels([-22, -4, -18], 8, mask)
    assert (mask.xyz_mm[here, 0] < 0).all()
    np.testing.assert_allclose(mask.xyz_mm[here].mean(axis=0), [-22, -4, -18])


@pytest.mark.parametrize("xyz", [(900, 0, 0), (0, 0, -1e300), (70, 100, 80)])
def test_places_outside_of_the_brain_are_refused(xyz):
    with pytest.raises(ImageError, match=r"within 6 mm of \(.*\): are these MNI coord"):
        sphere_voxels(xyz, 6, default_mask())


NO_PLACES = {
    "two numbers": (1, 2),
    "four numbers": (1, 2, 3, 4),
    "a list of places": [[1, 2, 3]],
    "a number": 3,
    "nothing": None,
    "empty": [],
    "text": "here",
    "texts": ["a", "b", "c"],
    "NaN": (np.nan, 0, 0),
    "infinite": (0, np.inf, 0),
    "ragged": [[1], [2, 3], 4],
}


@pytest.mark.parametrize("case", NO_PLACES)
def test_what_is_no_place_is_refused(case):
    with pytest.raises(OptionError, match="a coordinate is three numbers in mm, got"):
        sphere_voxels(NO_PLACES[case], 6, brain_block())


@pytest.mark.parametrize("radius", [-1, 100.1, np.nan, "wide", None])
def test_wrong_radii_of_regions_are_refused(radius):
    with pytest.raises(OptionError, match="radius_mm must be a number from 0 to 100"):
        sphere_voxels([0, 0, 0], radius, brain_block())

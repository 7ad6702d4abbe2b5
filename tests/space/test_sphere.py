import numpy as np
import pytest
from hypothesis import given

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.space import sphere_lines
from tests.oracles import sphere_offsets
from tests.strategies import affines, radii

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

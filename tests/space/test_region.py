import gzip

import nibabel as nib
import numpy as np
import pytest

from nimare_neurosynth.errors import ImageError
from nimare_neurosynth.space import Mask, default_mask, read_volume, region_voxels
from tests.oracles import MM2, brain_block, mask_xyz

LAS2 = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
COARSE = np.array([[3.0, 0, 0, -90], [0, 3, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
FINE = np.array([[1.0, 0, 0, -40], [0, 1, 0, -60], [0, 0, 1, 0], [0, 0, 0, 1]])
GRIDS = {
    "same": (MM2, (91, 109, 91)),
    "flipped": (LAS2, (91, 109, 91)),
    "3 mm": (COARSE, (61, 73, 61)),
    "1 mm, part of the brain": (FINE, (70, 80, 60)),
}


def ball(affine, shape, centre=(-21.2, -30.4, 30.6), radius=17.3):
    ijk = np.stack(np.indices(shape), axis=-1)
    xyz = ijk @ affine[:3, :3].T + affine[:3, 3]
    return np.linalg.norm(xyz - np.array(centre), axis=-1) <= radius


def nearest(volume, affine, mask):
    """Look up, for each voxel of the mask, the voxel of the image that is nearest."""
    inverse = np.linalg.inv(affine)
    ijk = mask_xyz(mask) @ inverse[:3, :3].T + inverse[:3, 3]
    # the middle between two voxels belongs to either: left out of the comparison
    clear = (np.abs(ijk - np.floor(ijk) - 0.5) > 1e-6).all(axis=1)
    ijk = np.round(ijk).astype(int)
    within = ((ijk >= 0) & (ijk < volume.shape)).all(axis=1)
    values = np.zeros(len(ijk), bool)
    values[within] = volume[tuple(ijk[within].T)] != 0
    return values, clear


@pytest.mark.parametrize("grid", GRIDS)
def test_images_on_any_grid_are_looked_up_by_place(grid):
    affine, shape = GRIDS[grid]
    volume = ball(affine, shape)
    mask = default_mask()
    found = region_voxels(nib.Nifti1Image(volume.astype(np.uint8), affine), mask)
    expected, clear = nearest(volume, affine, mask)
    np.testing.assert_array_equal(found[clear], expected[clear])
    assert found.dtype == bool


def test_the_left_stays_left_on_a_flipped_grid():
    left = nib.Nifti1Image(ball(LAS2, (91, 109, 91)).astype(np.uint8), LAS2)
    found = region_voxels(left, default_mask())
    np.testing.assert_array_equal(found, ball_in_mask(default_mask()))
    assert (default_mask().xyz_mm[found, 0] < 0).all()


def ball_in_mask(mask):
    distance = np.linalg.norm(mask_xyz(mask) - np.array([-21.2, -30.4, 30.6]), axis=1)
    return distance <= 17.3


def test_negative_values_count_and_nan_does_not():
    mask = brain_block()
    values = np.zeros(mask.n_voxels, np.float32)
    values[[0, 1, 2, 3]] = [-1.5, np.nan, 1e-6, np.inf]
    expected = np.isin(np.arange(mask.n_voxels), [0, 2, 3])
    np.testing.assert_array_equal(region_voxels(mask.to_image(values), mask), expected)
    np.testing.assert_array_equal(region_voxels(values, mask), expected)


def test_booleans_are_taken_as_they_are():
    mask = brain_block()
    region = np.random.default_rng(0).random(mask.n_voxels) < 0.5
    np.testing.assert_array_equal(region_voxels(region, mask), region)


def test_the_region_can_stick_out_of_the_brain():
    everything = nib.Nifti1Image(np.ones((91, 109, 91), np.uint8), MM2)
    assert region_voxels(everything, default_mask()).all()


@pytest.mark.parametrize("shape", [(91, 109, 91), (5,), (228483, 1), ()])
def test_arrays_of_the_wrong_shape_are_refused(shape):
    with pytest.raises(ImageError, match=r"228,483 voxels.*shape"):
        region_voxels(np.ones(shape), default_mask())


def test_an_empty_image_is_refused():
    empty = nib.Nifti1Image(np.zeros((91, 109, 91), np.uint8), MM2)
    with pytest.raises(ImageError, match="none of its voxels is non-zero"):
        region_voxels(empty, default_mask())


def test_an_array_without_a_voxel_is_refused():
    with pytest.raises(ImageError, match="no voxel inside the brain mask"):
        region_voxels(np.zeros(228483), default_mask())


def test_a_region_outside_the_volume_is_refused():
    far = MM2.copy()
    far[:3, 3] = 5000
    image = nib.Nifti1Image(np.ones((5, 5, 5), np.uint8), far)
    with pytest.raises(ImageError, match=r"is it in\s+MNI space"):
        region_voxels(image, default_mask())


def test_a_region_in_the_air_is_refused():
    corner = np.zeros((91, 109, 91), np.uint8)
    corner[:3, :3, :3] = 1
    with pytest.raises(ImageError, match="no voxel inside the brain mask"):
        region_voxels(nib.Nifti1Image(corner, MM2), default_mask())


def test_a_time_series_is_refused():
    series = nib.Nifti1Image(np.ones((5, 5, 5, 4), np.float32), MM2)
    with pytest.raises(ImageError, match="three-dimensional"):
        region_voxels(series, default_mask())


def test_files_that_are_no_image_are_refused(tmp_path):
    torn = tmp_path / "torn.nii.gz"
    whole = tmp_path / "whole.nii.gz"
    nib.save(Mask.from_array(np.ones((9, 9, 9)), MM2).to_image(np.ones(729)), whole)
    torn.write_bytes(whole.read_bytes()[:-20])
    (tmp_path / "text.nii").write_text("not an image", encoding="utf-8")
    for name in ("torn.nii.gz", "text.nii"):
        with pytest.raises(ImageError, match=f"{name} cannot be read as an image"):
            read_volume(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"no image file at .*missing\.nii"):
        read_volume(tmp_path / "missing.nii")


@pytest.mark.parametrize("thing", [3, None, ["a.nii"], np.ones((2, 2, 2)).tolist()])
def test_things_that_are_no_image_are_refused(thing):
    with pytest.raises(ImageError, match="a volume image or its path is needed"):
        read_volume(thing)


def test_images_of_colours_are_refused():
    colours = np.zeros((3, 3, 3), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(ImageError, match="a mask must hold numbers"):
        Mask.from_image(nib.Nifti1Image(colours, np.eye(4)))


def test_surfaces_are_refused_with_advice(tmp_path):
    surface = nib.gifti.GiftiImage(
        darrays=[nib.gifti.GiftiDataArray(np.zeros(5, np.float32))]
    )
    path = tmp_path / "surface.gii"
    nib.save(surface, path)
    for image in (surface, path):
        with pytest.raises(ImageError, match=r"surface .* bring it to MNI152 volume"):
            read_volume(image)


def test_headers_that_claim_more_than_the_file_can_hold(tmp_path):
    for name in ("a.nii", "a.nii.gz"):
        nib.save(nib.Nifti1Image(np.ones((5, 5, 5), np.float32), MM2), tmp_path / name)
    data = bytearray((tmp_path / "a.nii").read_bytes())
    data[40:48] = np.array([3, 400, 400, 400], "<i2").tobytes()
    (tmp_path / "a.nii").write_bytes(data)
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(data))
    for name in ("a.nii", "a.nii.gz"):
        with pytest.raises(ImageError, match=f"{name} cannot .*claims 256,000,000 byt"):
            read_volume(tmp_path / name)


def test_volumes_beyond_any_resolution_are_refused(tmp_path):
    head = nib.Nifti1Image(np.ones((2, 2, 2), np.uint8), MM2).to_bytes()[:352]
    head = bytearray(head)
    head[40:48] = np.array([3, 512, 512, 600], "<i2").tobytes()
    path = tmp_path / "huge.nii.gz"
    path.write_bytes(gzip.compress(head + bytes(512 * 512 * 600), 1))
    with pytest.raises(ImageError, match=r"huge\.nii\.gz: this image has 157,286,400"):
        read_volume(path)


def test_errors_name_the_file(tmp_path):
    path = tmp_path / "empty.nii"
    nib.save(nib.Nifti1Image(np.zeros((5, 5, 5), np.float32), MM2), path)
    for use in (Mask.from_image, lambda p: region_voxels(p, default_mask())):
        with pytest.raises(ImageError, match=r"empty\.nii: this mask is empty"):
            use(path)

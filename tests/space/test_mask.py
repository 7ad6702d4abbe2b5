import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.errors import ImageError
from nimare_neurosynth.space import Mask, default_mask
from tests.oracles import MM2, brain_block, import_nimare, mask_xyz
from tests.strategies import masks

WRONG_MASKS = {
    "2-D": (np.ones((3, 3)), np.eye(4), "three-dimensional.*\\(3, 3\\)"),
    "4-D": (np.ones((3, 3, 3, 2)), np.eye(4), "three-dimensional"),
    "empty": (np.zeros((3, 3, 3)), np.eye(4), "none of its voxels"),
    "all NaN": (np.full((3, 3, 3), np.nan), np.eye(4), "none of its voxels"),
    "3 x 3 affine": (np.ones((3, 3, 3)), np.eye(3), "finite 4 x 4 affine"),
    "NaN affine": (np.ones((3, 3, 3)), np.full((4, 4), np.nan), "finite 4 x 4 affine"),
    "flat affine": (np.ones((3, 3, 3)), np.diag([2.0, 2, 0, 1]), "voxels of 0 to 2"),
    "grid in metres": (
        np.ones((3, 3, 3)),
        np.diag([0.002] * 3 + [1]),
        "is the affine in",
    ),
    "far away": (np.ones((3, 3, 3)), np.eye(4) + 1e9 * np.eye(4, k=3), "far away from"),
}


@pytest.mark.parametrize("case", WRONG_MASKS)
def test_wrong_masks_are_refused(case):
    volume, affine, message = WRONG_MASKS[case]
    with pytest.raises(ImageError, match=message):
        Mask.from_array(volume, affine)


def test_the_mask_is_what_is_not_zero():
    volume = np.array([[[0.0, 1.0], [-2.0, np.nan]], [[0.5, 0.0], [np.inf, 0.0]]])
    mask = Mask.from_array(volume, np.eye(4))
    np.testing.assert_array_equal(mask.flat_index, [1, 2, 4, 6])
    assert mask.flat_index.dtype == np.int32
    assert (mask.n_voxels, mask.shape) == (4, (2, 2, 2))


def test_a_fourth_axis_of_length_one_is_dropped():
    volume = np.random.default_rng(0).random((3, 4, 5, 1)) > 0.5
    assert Mask.from_array(volume, MM2) == Mask.from_array(volume[..., 0], MM2)


@given(masks())
def test_rank_counts_the_voxels_before(mask):
    inside = mask.to_volume(np.ones(mask.n_voxels, int)).ravel()
    expected = [inside[:flat].sum() for flat in range(inside.size + 1)]
    np.testing.assert_array_equal(mask.rank, expected)


@given(masks())
def test_values_survive_the_way_through_a_volume(mask):
    values = np.arange(1.0, mask.n_voxels + 1)
    volume = mask.to_volume(values)
    np.testing.assert_array_equal(volume.ravel()[mask.flat_index], values)
    assert volume.shape == mask.shape
    assert np.count_nonzero(volume) == mask.n_voxels


@given(masks())
def test_millimetres_of_voxels(mask):
    np.testing.assert_allclose(mask.xyz_mm, mask_xyz(mask), atol=1e-9)


@given(masks(), st.data())
def test_each_voxel_is_found_at_its_place(mask, data):
    voxel = data.draw(st.integers(0, mask.n_voxels - 1))
    nudge = mask.affine[:3, :3] @ np.array([0.3, -0.3, 0.2])
    assert mask.voxel_at(mask.xyz_mm[voxel] + nudge) == voxel


@pytest.mark.parametrize(
    "xyz",
    [(1000, 0, 0), (-1e9, 0, 0), (np.nan, 0, 0), (0, np.inf, 0), (-90, -126, -72)],
)
def test_no_voxel_is_found_outside(xyz):
    assert default_mask().voxel_at(xyz) is None


def test_images_keep_values_and_say_mni():
    mask = brain_block()
    values = np.random.default_rng(0).random(mask.n_voxels).astype(np.float32)
    image = mask.to_image(values)
    np.testing.assert_array_equal(np.asarray(image.dataobj), mask.to_volume(values))
    np.testing.assert_array_equal(image.affine, mask.affine)
    assert int(image.header["sform_code"]) == int(image.header["qform_code"]) == 4
    assert image.header.get_xyzt_units()[0] == "mm"


def test_images_of_booleans_and_back(tmp_path):
    mask = brain_block()
    image = mask.to_image(np.ones(mask.n_voxels, bool))
    nib.save(image, tmp_path / "mask.nii.gz")
    for given_as in (image, tmp_path / "mask.nii.gz", str(tmp_path / "mask.nii.gz")):
        assert Mask.from_image(given_as) == mask


def test_equal_masks_are_equal_keys():
    volume = np.ones((3, 4, 5))
    a, b = Mask.from_array(volume, MM2), Mask.from_array(volume * 7, MM2.tolist())
    assert a == b
    assert hash(a) == hash(b)
    assert len({a, b}) == 1


def test_a_negative_zero_in_the_affine_is_a_zero():
    volume, minus = np.ones((3, 4, 5)), MM2.copy()
    minus[0, 1] = -0.0
    assert Mask.from_array(volume, MM2) == Mask.from_array(volume, minus)


@pytest.mark.parametrize("change", ["voxel", "place", "shape", "type"])
def test_different_masks_are_different(change):
    volume, moved = np.ones((3, 4, 5)), MM2.copy()
    mask = Mask.from_array(volume, MM2)
    fewer = volume.copy()
    fewer[1, 1, 1] = 0
    moved[0, 3] += 0.5
    other = {
        "voxel": lambda: Mask.from_array(fewer, MM2),
        "place": lambda: Mask.from_array(volume, moved),
        "shape": lambda: Mask.from_array(volume.transpose(1, 0, 2), MM2),
        "type": lambda: "mask",
    }[change]()
    assert mask != other


def test_has_grid_forgives_rounding_only():
    mask = brain_block()
    assert mask.has_grid(mask.shape, mask.affine + 1e-5)
    assert not mask.has_grid(mask.shape, mask.affine + 0.1)
    assert not mask.has_grid((9, 8, 8), mask.affine)


def test_repr_says_how_many():
    assert repr(default_mask()) == "<Mask: 228,483 voxels of a (91, 109, 91) volume>"


def test_default_mask_is_nimares():
    utils = import_nimare("nimare.utils")
    image = utils.get_template(space="mni152_2mm", mask="brain")
    assert Mask.from_image(image) == default_mask()
    np.testing.assert_array_equal(
        np.asarray(image.dataobj) != 0, default_mask().to_volume(np.ones(228483)) != 0
    )


def test_legacy_mask_is_the_default_mask_less_30_voxels(shared_data):
    with np.load(shared_data / "golden_legacy/v7/dataset_summary.npz") as golden:
        volume = np.zeros(tuple(golden["shape"]), bool)
        volume.ravel()[golden["mask_flat_index"]] = True
    ours = default_mask().to_volume(np.ones(228483, bool))
    assert not (volume[::-1] & ~ours).any()
    assert np.count_nonzero(ours & ~volume[::-1]) == 30

"""Maskers, coordinates, grids, and images that are vectors too."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.errors import FormatError, ImageError, OptionError
from nimare_neurosynth.legacy import Masker
from nimare_neurosynth.legacy._images import MapImage
from nimare_neurosynth.legacy.base import imageutils, transformations
from nimare_neurosynth.legacy.base.mask import BRAIN
from nimare_neurosynth.space import Mask, default_mask

MISSING = (
    *[420147, 420238, 420329, 429975, 430066, 430157, 430248, 430339, 439894, 439985],
    *[440076, 440167, 440258, 440349, 449813, 449904, 449995, 450086, 450177, 450268],
    *[459732, 459823, 459914, 460005, 460096, 460187, 469742, 469833, 469924, 470015],
)
"""Voxels of NiMARE's brain, from right to left, that the old package's has not."""


@pytest.fixture
def masker():
    return Masker(BRAIN)


@pytest.fixture(scope="module")
def part():
    """Give a small region as a volume of the masker."""
    values = np.zeros((91, 109, 91), np.float32)
    values[40:50, 50:60, 40:50] = 2
    return values


def test_the_brain_is_nimares_without_thirty_voxels(masker):
    ours = default_mask()
    volume = ours.to_volume(np.ones(ours.n_voxels, np.uint8))[::-1].ravel().copy()
    assert volume[list(MISSING)].all()
    volume[list(MISSING)] = 0
    np.testing.assert_array_equal(np.flatnonzero(volume), masker.space.flat_index)
    assert masker.n_vox_in_vol == masker.n_vox_in_mask == 228453
    assert nib.aff2axcodes(masker.volume.get_affine()) == ("L", "A", "S")
    assert masker.volume.get_data().sum() == 228453
    assert masker.get_header().get_zooms() == (2, 2, 2)


def test_layers(masker, part):
    masker.add(part)
    masker.add({"more": part > 0})
    assert masker.stack == ["layer_0", "more"]
    assert masker.n_vox_in_mask == np.count_nonzero(part.ravel()[masker.global_mask])
    assert masker.get_mask(layers=[]).all()
    assert masker.get_mask(["more", "unknown"]).sum() == masker.n_vox_in_mask
    masker.remove("more")
    masker.add(part, above=3)
    assert masker.n_vox_in_mask == 0
    masker.remove(-1)
    assert list(masker.layers) == ["layer_0"]
    masker.remove(0)
    assert masker.n_vox_in_mask == 228453
    masker.add([part, part])
    masker.reset()
    assert not masker.layers
    assert "228,453 of 228,453" in repr(masker)


@given(st.data())
def test_unmask_undoes_mask(data):
    masker = Masker(BRAIN)
    seed = data.draw(st.integers(0, 99))
    values = np.random.default_rng(seed).normal(size=masker.dims)
    layer = values > data.draw(st.floats(-2, 1))
    masker.add({"layer": layer})
    vector = masker.mask(values)
    assert len(vector) == masker.n_vox_in_mask
    volume = masker.unmask(vector)
    inside = masker.current_mask.reshape(masker.dims)
    np.testing.assert_array_equal(volume, np.where(inside, values, 0))
    np.testing.assert_array_equal(masker.mask(volume), vector)
    whole = masker.mask(values, in_global_mask=True)
    assert len(whole) == 228453
    assert np.count_nonzero(whole) == np.count_nonzero(vector)


def test_several_vectors_at_once(masker):
    data = np.arange(228453 * 2).reshape(228453, 2)
    assert masker.unmask(data).shape == (91, 109, 91, 2)
    image = masker.unmask(data, output="image")
    assert image.shape == (91, 109, 91, 2)
    assert image.get_data()[..., 1].max() == data[:, 1].max()


def test_images_of_every_kind_come_to_the_grid(masker, part, tmp_path):
    affine = masker.space.affine
    image = nib.Nifti1Image(part, affine)
    nib.save(image, tmp_path / "part.nii.gz")
    turned = nib.as_closest_canonical(image)
    bare = nib.Nifti1Image(part, None)
    expected = part.ravel()[masker.global_mask]
    kinds = [image, tmp_path / "part.nii.gz", turned, bare, part, part.ravel()]
    kinds += [part[..., None], expected, expected[:, None]]
    kinds += [MapImage.of(expected, masker.space)]
    for kind in kinds:
        np.testing.assert_array_equal(masker.mask(kind), expected)
    with_nan = np.where(part > 0, part, np.nan)
    np.testing.assert_array_equal(masker.mask(with_nan), expected)
    assert np.isnan(masker.mask(with_nan, nan_to_num=False)).any()


def test_other_grids_are_resampled(masker):
    coarse = np.zeros((45, 54, 45))
    coarse[20:25, 20:25, 20:25] = 7
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = [-90, -126, -72]
    found = masker.mask(nib.Nifti1Image(coarse, affine))
    assert set(found) == {0, 7}  # labels stay labels
    assert 700 < (found == 7).sum() < 1300


@pytest.mark.parametrize(
    ("image", "error", "match"),
    [
        ("missing.nii.gz", ImageError, "missing.nii.gz"),
        (np.ones(7), ImageError, "got \\(7,\\)"),
        (np.ones((2, 3)), ImageError, "shape of the volume"),
        ([1, 2], ImageError, "got list"),
        (None, ImageError, "got NoneType"),
        (nib.Nifti1Image(np.ones((3, 3, 3, 2)), np.eye(4)), ImageError, "one volume"),
    ],
)
def test_wrong_images(masker, image, error, match):
    with pytest.raises(error, match=match):
        masker.mask(image)


def test_wrong_calls_of_a_masker(masker, part):
    masker.add({"roi": part})
    with pytest.raises(OptionError, match=r"no layer 'rio'.*Close matches: 'roi'"):
        masker.remove("rio")
    with pytest.raises(OptionError, match="no layer 5"):
        masker.remove(5)
    with pytest.raises(OptionError, match="a name or a position"):
        masker.remove(1.5)
    with pytest.raises(OptionError, match="vector, array, image"):
        masker.get_image(part, output="volume")
    with pytest.raises(ImageError, match="one value is needed"):
        masker.unmask(np.ones(3))


# ------------------------------------------------------------------------- images


@pytest.fixture(scope="module")
def both():
    mask = Mask.from_image(BRAIN)
    return MapImage.of(np.linspace(-1, 5, mask.n_voxels), mask)


def test_a_map_is_a_vector(both):
    vector = np.asarray(both)
    assert len(both) == 228453
    assert both.max() == vector.max() == 5
    assert both.mean() == np.mean(both)
    assert (both > 3).sum() == (vector > 3).sum()
    np.testing.assert_array_equal((2 * both + both)[:5], 3 * vector[:5])
    np.testing.assert_array_equal(both[both > 4.9], vector[vector > 4.9])
    assert [v for _, v in zip(range(3), both, strict=False)] == vector[:3].tolist()
    matrix = np.zeros((228453, 2))
    matrix[:, 1] = both
    assert matrix[-1].tolist() == [0, 5]
    assert np.corrcoef(both, both)[0, 1] == pytest.approx(1)


def test_a_map_is_an_image(both, tmp_path):
    from nilearn.image import load_img, math_img, new_img_like

    assert both.shape == (91, 109, 91)
    assert both.get_fdata().max() == 5
    assert both.get_data().shape == both.shape
    assert load_img(both) is both
    assert math_img("2 * image", image=both).get_fdata().max() == 10
    assert new_img_like(both, both.get_fdata() > 3).shape == both.shape
    both.to_filename(tmp_path / "map.nii.gz")
    again = nib.load(tmp_path / "map.nii.gz")
    np.testing.assert_array_equal(again.get_fdata(), both.get_fdata())
    np.testing.assert_array_equal(both.slicer[:5].get_fdata(), both.get_fdata()[:5])
    assert isinstance(hash(both), int)


def test_changes_of_the_vector_are_changes_of_the_image():
    mask = Mask.from_array(np.eye(2).reshape(2, 2, 1), np.diag([2.0, 2, 2, 1]))
    made = MapImage.of(np.array([1.0, 2.0]), mask)
    made[made > 1] = 9
    assert made.get_fdata().ravel().tolist() == [1, 0, 0, 9]
    assert made.tolist() == [1, 9]


def test_images_are_saved_in_their_own_type(masker, tmp_path):
    values = np.arange(228453, dtype=np.int16)
    imageutils.save_img(values, tmp_path / "x.nii.gz", masker)
    read = nib.load(tmp_path / "x.nii.gz")
    assert read.get_data_dtype() == np.int16
    assert read.header["cal_max"] == values.max()
    matrix = imageutils.load_imgs([str(tmp_path / "x.nii.gz")] * 2, masker)
    np.testing.assert_array_equal(matrix[:, 1], values)
    with pytest.raises(OptionError, match=r"\.nii or \.nii\.gz"):
        imageutils.save_img(values, tmp_path / "x.txt", masker)
    with pytest.raises(FormatError, match="none"):
        imageutils.save_img(values, tmp_path / "none" / "x.nii", masker)


def test_thresholds():
    data = np.array([1.0, 2, 3])
    assert imageutils.threshold_img(data, 2).tolist() == [0, 2, 3]
    assert imageutils.threshold_img(data, 2, mask_out="above").tolist() == [1, 2, 0]
    p = np.array([0.1, 0.01, 0.001])
    found = imageutils.threshold_img(data, 0.05, p, mask_out="above")
    assert found.tolist() == [0, 2, 3]
    assert data.tolist() == [1, 2, 3]
    with pytest.raises(OptionError, match="below"):
        imageutils.threshold_img(data, 2, mask_out="sideways")


# ---------------------------------------------------------------- grids, coordinates


def slow_grid(shape, scale):
    """Number the cells around every scale-th voxel; the last ones reach to the end."""
    grid = np.zeros(shape)
    centres = [range(0, n, scale) for n in shape]
    number = 0
    for x in centres[0]:
        for y in centres[1]:
            for z in centres[2]:
                number += 1
                cell = []
                for c, n in zip((x, y, z), shape, strict=True):
                    end = n if c + scale >= n else c + (scale + 1) // 2
                    cell.append(slice(max(c - scale // 2, 0), end))
                grid[tuple(cell)] = number
    return grid


@pytest.mark.parametrize("scale", range(1, 7))
def test_grids(scale):
    image = nib.Nifti1Image(np.ones((11, 9, 7)), np.eye(4))
    made = imageutils.create_grid(image, scale)
    np.testing.assert_array_equal(made.get_data(), slow_grid((11, 9, 7), scale))


def test_the_grid_of_the_brain(masker, tmp_path):
    made = imageutils.create_grid(masker.volume, 4, save_file=tmp_path / "g.nii.gz")
    assert len(np.unique(made.get_data())) == 4359
    assert (tmp_path / "g.nii.gz").exists()
    whole = imageutils.create_grid(masker.volume, 4, apply_mask=False)
    assert len(np.unique(whole.get_data())) > 4359
    with pytest.raises(OptionError, match="scale"):
        imageutils.create_grid(masker.volume, 0)


@given(
    st.lists(st.tuples(*[st.integers(0, 8)] * 3), min_size=1, max_size=4),
    st.sampled_from([2.0, 3.0, 4.5, 6.0]),
)
def test_peaks_become_spheres(peaks, r):
    image = imageutils.map_peaks_to_image(peaks, r, dims=(9, 9, 9))
    grid = np.stack(np.meshgrid(*[np.arange(9)] * 3, indexing="ij"), axis=-1)
    near = [((2 * (grid - p[::-1])) ** 2).sum(axis=-1) <= r * r for p in peaks]
    np.testing.assert_array_equal(image.get_data(), np.any(near, axis=0))


@given(st.tuples(*[st.integers(-60, 60)] * 3))
def test_millimetres_and_voxels(xyz):
    even = [2 * (v // 2) for v in xyz]
    [voxel] = transformations.xyz_to_mat([even])
    assert transformations.mat_to_xyz([voxel[::-1]]).tolist() == [even[::-1]]
    there = transformations.t88_to_mni()
    [moved] = transformations.transform([xyz], there)
    back = np.linalg.inv(there)
    again = transformations.transform([moved], back)
    np.testing.assert_allclose(again, [xyz], atol=1e-9)


def test_named_transformations(caplog):
    made = transformations.Transformer({"A": np.eye(4)}, target="B")
    made.add("C", np.diag([0.5, 0.5, 0.5, 1]))
    assert made.apply("C", [[1, 2, 3]]).round(6).tolist() == [[2, 4, 6]]
    assert made.apply("D", [[1, 2, 3]]).tolist() == [[1, 2, 3]]
    with pytest.raises(OptionError, match=r"\(n, 3\)"):
        transformations.transform([1, 2, 3], np.eye(4))

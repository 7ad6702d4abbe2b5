"""Images as users have them: files, grids, holes, masks, and what is no image."""

import warnings

import nibabel as nib
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from nimare_neurosynth.decoding import MapDecoder, read_patterns, read_regions
from nimare_neurosynth.errors import ImageError, NeurosynthWarning, OptionError
from nimare_neurosynth.space import Mask, default_mask
from tests.oracles import quietly


@pytest.fixture(scope="module")
def mask(few):
    return few.mask


@pytest.fixture(scope="module")
def volume(mask, emotion):
    """Give the association map of emotion as a volume."""
    return mask.to_volume(emotion)


@pytest.fixture(scope="module")
def expected(few, emotion):
    return few.decode(emotion).columns["r"][:, 0]


def image(values, affine):
    return nib.Nifti1Image(np.asarray(values), affine)


def flipped(values, affine, axis=0):
    """Store the same map with one axis running the other way."""
    made = affine.copy()
    made[:3, 3] += made[:3, axis] * (values.shape[axis] - 1)
    made[:3, axis] *= -1
    return image(np.flip(values, axis), made)


def r_of(few, what, **options):
    return few.decode(what, **options).columns["r"]


# ----------------------------------------------------------------------- kinds of input


def test_files_images_and_arrays_are_the_same(few, mask, volume, emotion, tmp_path):
    made = image(volume, mask.affine)
    path = tmp_path / "some map.nii"
    made.to_filename(path)
    for what in (path, str(path), made, [path], (made,), emotion, emotion[None]):
        [pattern] = read_patterns(what, mask)
        np.testing.assert_array_equal(pattern.values, emotion)
        assert pattern.name == ("some map" if str(path) in str(what) else "image_0")
        assert not pattern.facts["resampled"]
        assert pattern.facts["kind"] == "map"
        assert pattern.facts["n_not_finite"] == 0
        assert pattern.facts["overlap"] == 1
    assert len(few.decode(path)) == len(few.terms)


def test_a_folder_a_list_and_what_they_are_called(mask, volume, emotion, tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    for i, name in enumerate(["b.nii.gz", "a.nii", "C.NII", "d.e.img"]):
        made = image((volume * (i + 1)).astype("f4"), mask.affine)
        nib.save(made, folder / name)
    (folder / "notes.txt").write_text("no image")
    names = [p.name for p in read_patterns(folder, mask)]
    assert names == ["C", "a", "b", "d.e"]
    mixed = [folder / "b.nii.gz", emotion, [folder / "a.nii"], np.stack([emotion] * 2)]
    patterns = read_patterns(mixed, mask)
    assert [p.name for p in patterns] == [
        "b",
        "image_1",
        "a",
        "image_3_0",
        "image_3_1",
    ]
    np.testing.assert_allclose(patterns[2].values, 2 * emotion, rtol=1e-6)


def test_volumes_of_a_four_dimensional_image(mask, volume, emotion, tmp_path):
    four = image(np.stack([volume, -volume, 2 * volume], axis=3), mask.affine)
    four.to_filename(tmp_path / "four.nii")
    for what, names in (
        (four, ["image_0", "image_1", "image_2"]),
        (tmp_path / "four.nii", ["four_0", "four_1", "four_2"]),
    ):
        patterns = read_patterns(what, mask)
        assert [p.name for p in patterns] == names
        for pattern, factor in zip(patterns, (1, -1, 2), strict=True):
            np.testing.assert_array_equal(pattern.values, factor * emotion)
    one = image(volume[..., None], mask.affine)
    one.to_filename(tmp_path / "one.nii")
    assert [p.name for p in read_patterns(tmp_path / "one.nii", mask)] == ["one"]


def test_what_was_read_can_be_given(few, mask, volume, emotion):
    patterns = read_patterns([image(volume, mask.affine), 2 * emotion], mask)
    assert read_patterns(patterns, mask) == patterns
    found = few.decode(patterns)
    assert found.images == ("image_0", "image_1")
    np.testing.assert_array_equal(found.columns["r"][:, 0], r_of(few, emotion)[:, 0])
    with pytest.raises(OptionError, match="min_overlap must be a share"):
        read_patterns(patterns, mask, min_overlap=2)


def test_dictionaries_name_images(few, mask, volume, emotion, tmp_path):
    path = tmp_path / "a.nii"
    image(volume, mask.affine).to_filename(path)
    named = {"one": path, "two": image(-volume, mask.affine), 3: 2 * emotion}
    patterns = read_patterns(named, mask)
    assert [p.name for p in patterns] == ["one", "two", "3"]
    for pattern, factor in zip(patterns, (1, -1, 2), strict=True):
        np.testing.assert_array_equal(pattern.values, factor * emotion)
    four = image(np.stack([volume, -volume], axis=3), mask.affine)
    names = [p.name for p in read_patterns({"x": four, "y": emotion}, mask)]
    assert names == ["x_0", "x_1", "y"]
    regions = read_regions({"left": emotion > 1, "right": path}, mask)
    assert [name for name, _ in regions] == ["left", "right"]
    assert few.decode(named).images == ("one", "two", "3")
    for read in (read_patterns, read_regions):
        with pytest.raises(ImageError, match="was given"):
            read({}, mask)


@pytest.mark.parametrize("what", ["zeros", "volume", "short", "missing"])
def test_errors_name_the_key(mask, what):
    wrong = {
        "zeros": np.zeros(mask.n_voxels),
        "volume": zeros(mask),
        "short": np.ones(5),
        "missing": "no such.nii",
    }[what]
    with pytest.raises(ImageError, match=r"my region|no such\.nii"):
        read_regions({"my region": wrong}, mask)
    if what != "zeros":  # said where it is known how images are compared
        with pytest.raises(ImageError, match=r"my map|no such\.nii"):
            read_patterns({"my map": wrong}, mask)


def test_what_was_read_for_another_mask(few, mask, emotion, block):
    other = read_patterns(np.random.default_rng(0).normal(size=block.n_voxels), block)
    for images in (other, [*read_patterns(emotion, mask), *other]):
        with pytest.raises(ImageError, match="mask"):
            few.decode(images)


def test_what_was_read_among_other_images(mask, emotion):
    patterns = read_patterns(emotion, mask)
    for images in ([*patterns, emotion], [emotion, *patterns]):
        with pytest.raises(ImageError, match="volume image or its path is needed"):
            read_patterns(images, mask)


@pytest.mark.parametrize("dtype", ["i2", ">f4", "f8", "u1"])
def test_types_of_numbers(few, mask, volume, dtype):
    whole = np.clip(volume * 10, 0, 100).astype(int)
    found = r_of(few, image(whole.astype(dtype), mask.affine))
    np.testing.assert_allclose(found, r_of(few, image(whole.astype("f8"), mask.affine)))


def test_names_are_made_unique(few, mask, volume, tmp_path):
    listed = []
    for folder, name in (("x", "a"), ("y", "a"), ("x", "a_2"), ("z", "a")):
        (tmp_path / folder).mkdir(exist_ok=True)
        path = tmp_path / folder / f"{name}.nii"
        image(volume, mask.affine).to_filename(path)
        listed.append(path)
    found = few.decode(listed)
    assert len(set(found.images)) == 4
    assert found.images[0] == "a"
    assert len(found.table().columns) == 2 + 4 * len(found.columns)


# -------------------------------------------------------------------------- other grids


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_flipped_grid_is_the_same_map(few, mask, volume, expected, axis):
    other = flipped(volume, mask.affine, axis)
    assert other.affine[axis, axis] < 0
    [pattern] = read_patterns(other, mask)
    assert pattern.facts["resampled"]
    assert pattern.facts["overlap"] == 1
    np.testing.assert_allclose(r_of(few, other)[:, 0], expected, atol=1e-6)


def test_axes_in_another_order_are_the_same_map(few, mask, volume, expected):
    other = image(np.transpose(volume, (2, 0, 1)), mask.affine[:, [2, 0, 1, 3]])
    np.testing.assert_allclose(r_of(few, other)[:, 0], expected, atol=1e-6)


def test_a_mirrored_brain_is_another_map(few, mask, volume, expected):
    mirrored = r_of(few, image(volume[::-1], mask.affine))[:, 0]
    place = few.terms.index("emotion")
    assert expected[place] == pytest.approx(1)
    assert mirrored[place] < 0.8
    assert np.abs(mirrored - expected).max() > 0.1


def test_a_part_of_the_grid_is_in_its_place(few, mask, volume, expected):
    low = (2, 2, 1)
    affine = mask.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ low
    cut = image(volume[2:-3, 2:-2, 1:-1], affine)
    np.testing.assert_allclose(r_of(few, cut)[:, 0], expected, atol=0.02)
    wrong = image(volume[2:-3, 2:-2, 1:-1], mask.affine)
    assert np.abs(r_of(few, wrong)[:, 0] - expected).max() > 0.2


def test_a_finer_grid_is_the_same_map(few, mask, volume, expected):
    # eight voxels of half the size for each: their middle is the centre of the old one
    fine = volume.astype("f4")
    for axis in range(3):
        fine = fine.repeat(2, axis)
    affine = mask.affine.copy()
    affine[:3, :3] /= 2
    affine[:3, 3] -= 1
    found = few.decode(image(fine, affine))
    assert found.image_facts[0]["resampled"]
    np.testing.assert_allclose(found.columns["r"][:, 0], expected, atol=1e-6)


def test_another_grid_is_nearly_the_same_map(few, mask, volume, expected):
    # 3 mm, by hand: each voxel has the value of where its centre lies
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = mask.affine[:3, 3]
    ijk = np.stack(np.indices((61, 73, 61))) * 0.75
    coarse = map_coordinates(volume, ijk, order=1)
    found = few.decode(image(coarse, affine))
    assert found.image_facts[0]["resampled"]
    r = found.columns["r"][:, 0]
    assert r[few.terms.index("emotion")] > 0.9  # maps of the demo have sharp edges
    np.testing.assert_allclose(r, expected, atol=0.1)


def test_masks_stay_masks_on_other_grids(mask):
    ball = np.linalg.norm(mask.xyz_mm - [-40, 20, 30], axis=1) < 12
    volume = mask.to_volume(ball.astype("f4"))
    [same] = read_patterns(image(volume, mask.affine), mask)
    np.testing.assert_array_equal(same.values, ball)
    [other] = read_patterns(flipped(volume, mask.affine), mask)
    np.testing.assert_array_equal(other.values, ball)
    [coarse] = read_patterns(image(volume[::2, ::2, ::2], doubled(mask.affine)), mask)
    assert set(np.unique(coarse.values)) == {0, 1}
    assert [p.facts["kind"] for p in (same, other, coarse)] == ["mask"] * 3


def test_a_map_that_begins_like_a_mask_is_a_map():
    mask = default_mask()
    values = np.random.default_rng(0).normal(size=mask.shape)
    begins = np.where(np.arange(91)[:, None, None] < 60, 1.0, values)
    affine = mask.affine.copy()
    affine[0, 3] += 1  # values lie half-way between two voxels
    [pattern] = read_patterns(image(begins, affine), mask)
    middle = (begins[:-1] + begins[1:]) / 2
    expected = np.concatenate([begins[:1] / 2, middle]).ravel()[mask.flat_index]
    np.testing.assert_allclose(pattern.values, expected, atol=1e-6)


def doubled(affine):
    made = affine.copy()
    made[:3, :3] *= 2
    return made


# ---------------------------------------------------------------------- kinds of values


def test_kinds(mask, emotion):
    rng = np.random.default_rng(0)
    n = mask.n_voxels
    noise = rng.normal(size=n)
    kinds = {
        "map": noise,
        "unsigned map": np.abs(noise),
        "thresholded map": np.where(noise > 1, noise, 0),
        "mask": np.where(noise > 1, 3.0, 0),
    }
    for kind, values in kinds.items():
        assert read_patterns(values, mask)[0].facts["kind"] == kind
        volume = image(mask.to_volume(values), mask.affine)
        assert read_patterns(volume, mask)[0].facts["kind"] == kind


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_not_finite_are_zero(few, mask, emotion, hole):
    holes = emotion.copy()
    where = np.flatnonzero(emotion)[:700:7]
    holes[where] = hole
    zeros = emotion.copy()
    zeros[where] = 0
    for what in (holes, image(mask.to_volume(holes), mask.affine)):
        [pattern] = read_patterns(what, mask)
        assert pattern.facts["n_not_finite"] == 100
        np.testing.assert_array_equal(pattern.values, zeros)
        with pytest.warns(NeurosynthWarning, match="100 voxels of 'image_0'"):
            found = few.decode(what)
        np.testing.assert_array_equal(found.columns["r"], r_of(few, zeros))
        assert found.image_facts[0]["n_not_finite"] == 100


def test_nan_outside_of_the_brain_does_not_matter(few, mask, emotion, expected):
    # as SPM writes them
    inside = mask.to_volume(np.ones(mask.n_voxels)) > 0
    spm = np.where(inside, mask.to_volume(emotion), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = r_of(few, image(spm, mask.affine))
    np.testing.assert_allclose(found[:, 0], expected)


# ------------------------------------------------------------------------------ overlap


def test_an_image_that_lies_elsewhere_is_refused(few, mask, volume):
    affine = mask.affine.copy()
    affine[:3, 3] += (0, 100, 90)
    moved = image(volume, affine)
    with pytest.raises(ImageError, match=r"only (\d+) % .* 25 % are needed") as told:
        few.decode(moved)
    assert "min_overlap=0" in str(told.value)
    [pattern] = read_patterns(moved, mask, min_overlap=0)
    assert f"only {100 * pattern.facts['overlap']:.0f} %" in str(told.value)
    assert 0 < pattern.facts["overlap"] < 0.25
    assert few.decode(moved, min_overlap=0).image_facts[0] == pattern.facts


def test_overlap_is_the_share_of_voxels_in_the_mask(mask):
    block = np.zeros(mask.shape)
    block[20:25, :, 15:30] = 1
    brain = mask.to_volume(np.ones(mask.n_voxels)) > 0
    share = brain[block > 0].mean()
    assert 0.3 < share < 0.9
    for made in (image(block, mask.affine), flipped(block, mask.affine)):
        [pattern] = read_patterns(made, mask)
        assert pattern.facts["overlap"] == pytest.approx(share)
        with pytest.raises(ImageError, match=f"only {100 * share:.0f} %"):
            read_patterns(made, mask, min_overlap=share + 0.01)
        read_patterns(made, mask, min_overlap=share - 0.01)


@pytest.mark.parametrize("shift", [-1.8, 1.8])
def test_a_voxel_is_where_its_centre_is(mask, shift):
    affine = mask.affine.copy()
    affine[:3, 3] += shift  # less than half of a voxel of 4 mm
    whole = mask.to_volume(np.ones(mask.n_voxels))
    [pattern] = read_patterns(image(whole, affine), mask)
    assert pattern.facts["overlap"] == 1
    assert pattern.values.mean() > 0.999  # but where the field of view ends


@pytest.mark.parametrize("least", [2.0, -0.1, np.nan])
def test_overlap_is_a_share(few, emotion, least):
    with pytest.raises(Exception, match="min_overlap") as told:
        few.decode(emotion, min_overlap=least)
    assert type(told.value).__name__ == "OptionError"


# --------------------------------------------------------------------- what is no image


def zeros(mask, shape=None):
    return image(np.zeros(shape or mask.shape), mask.affine)


def corner(mask):
    made = np.zeros(mask.shape)
    made[0, 0, 0] = 1
    return image(made, mask.affine)


def surface(_):
    data = nib.gifti.GiftiDataArray(np.zeros(10, "f4"))
    return nib.GiftiImage(darrays=[data])


def colours(mask):
    rgb = np.zeros(mask.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    return image(rgb, mask.affine)


def in_metres(mask):
    affine = mask.affine / 1000
    affine[3, 3] = 1
    return image(np.ones(mask.shape), affine)


def text(mask):
    return np.full(mask.n_voxels, "a")


WRONG = {
    "nothing": (lambda _: None, "volume image or its path"),
    "no images": (lambda _: [], "no image was given"),
    "a number": (lambda _: 3.0, "volume image or its path"),
    "empty": (zeros, "empty"),
    "all NaN": (lambda m: image(np.full(m.shape, np.nan), m.affine), "empty"),
    "two dimensions": (lambda m: zeros(m, (9, 9)), r"\(9, 9\)"),
    "five dimensions": (lambda m: zeros(m, (9, 9, 9, 2, 2)), "three or four"),
    "no volumes": (lambda m: zeros(m, (9, 9, 9, 0)), "no image was given"),
    "one empty volume": (
        lambda m: image(np.stack([np.ones(m.shape), np.zeros(m.shape)], 3), m.affine),
        "empty",
    ),
    "outside": (corner, "0 %"),
    "short array": (lambda m: np.ones(m.n_voxels - 1), "one value for each"),
    "volume array": (lambda m: np.ones(m.shape), "give an image where its place"),
    "number array": (lambda _: np.array(1.0), "one value for each"),
    "turned array": (lambda m: np.ones((m.n_voxels, 2)), "one value for each"),
    "no rows": (lambda m: np.ones((0, m.n_voxels)), "no image was given"),
    "text": (text, "number"),
    "numbers as text": (lambda m: np.full(m.n_voxels, "1.0"), "number"),
    "complex": (lambda m: np.arange(m.n_voxels) * 1j, "number"),
    "objects": (lambda m: np.full(m.n_voxels, None), "number"),
    "colours": (colours, "number"),
    "surface": (surface, "surface"),
    "metres": (in_metres, "mm"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_image(mask, what):
    make, message = WRONG[what]
    with pytest.raises(ImageError, match=message):
        read_patterns(make(mask), mask)


def test_outside_of_the_mask_even_without_an_overlap(mask):
    with pytest.raises(ImageError, match="no value inside the brain mask"):
        read_patterns(corner(mask), mask, min_overlap=0)


@pytest.mark.parametrize("name", ["text.nii.gz", "short.nii.gz", "none.nii", "empty"])
def test_files_that_are_no_images(mask, volume, tmp_path, name):
    path = tmp_path / name
    if name == "text.nii.gz":
        path.write_text("no image")
    elif name == "short.nii.gz":
        image(volume, mask.affine).to_filename(path)
        path.write_bytes(path.read_bytes()[:5000])
    elif name == "empty":
        path.mkdir()
    with pytest.raises(ImageError) as told:
        read_patterns([path], mask)
    assert str(path) in str(told.value)


def test_errors_name_the_file(mask, tmp_path):
    path = tmp_path / "nothing there.nii.gz"
    zeros(mask).to_filename(path)
    with pytest.raises(ImageError, match=r"there\.nii\.gz: this image is empty"):
        read_patterns([path], mask)


# -------------------------------------------------------------------------- other masks


def test_a_mask_of_ones_own(made, block, small, noise):
    x = image(block.to_volume(noise[0]), block.affine)
    found = small.decode(x)
    np.testing.assert_array_equal(
        found.columns["r"], small.decode(noise[0]).columns["r"]
    )
    assert not found.image_facts[0]["resampled"]
    whole = Mask.from_array(np.ones(block.shape), block.affine)
    wider = MapDecoder.of(made, mask=whole)
    assert wider.facts["n_voxels"] == whole.n_voxels
    r = quietly(wider.decode, x).columns["r"]
    assert np.abs(r - found.columns["r"]).max() > 1e-6

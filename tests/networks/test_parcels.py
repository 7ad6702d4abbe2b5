"""Parcels: in every form they come in, against loops over voxels, and bad input."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.errors import (
    ImageError,
    NeurosynthWarning,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.networks import Parcels, as_parcels
from nimare_neurosynth.networks._atlas_image import names_of, whole_numbers
from nimare_neurosynth.space import Mask, default_mask
from tests.oracles import active_voxels, brain_block, quietly, random_activations
from tests.strategies import masks

MASK = brain_block((13, 12, 11), 4.0)


def numbers():
    """Give three parcels along x, in an array of the mask's grid; the last is empty."""
    volume = np.zeros(MASK.shape, np.int16)
    volume[1:4], volume[5:8], volume[9:11] = 4, 2, 70
    return volume


def image(volume, affine=MASK.affine):
    return nib.Nifti1Image(np.asarray(volume), affine)


def marked(parcels):
    """Write parcels out as booleans, parcels x voxels."""
    return np.array([parcels.inside(name) for name in parcels.names])


def check_atlas(parcels):
    """Compare with the numbers at the mask's voxels."""
    own = numbers().ravel()[MASK.flat_index]
    assert len(parcels) == 3
    for name, inside in zip(parcels.names, marked(parcels), strict=True):
        np.testing.assert_array_equal(inside, own == int(name))


# ----------------------------------------------------------------------------- atlases


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64]
)
def test_atlases_of_whole_numbers(dtype):
    parcels = Parcels.from_atlas(image(numbers().astype(dtype)), mask=MASK)
    assert parcels.names == ("2", "4", "70")
    check_atlas(parcels)
    assert not parcels.overlap
    np.testing.assert_array_equal(parcels.sizes, marked(parcels).sum(axis=1))
    assert parcels.voxels.dtype == np.int32
    assert parcels.offsets.dtype == np.int64


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("as_text", [True, False])
def test_atlases_in_files(tmp_path, ending, as_text):
    path = tmp_path / f"atlas{ending}"
    image(numbers()).to_filename(path)
    what = str(path) if as_text else path
    check_atlas(Parcels.from_atlas(what, mask=MASK))
    check_atlas(as_parcels(what, mask=MASK))


def test_a_volume_of_one_volume():
    check_atlas(Parcels.from_atlas(image(numbers()[..., None]), mask=MASK))


NAMES = {
    "dict": ({4: "four", 2: "two", 70: "seventy", 99: "not there"}, "two four seventy"),
    "part": ({4: "four", 0: "Background"}, "2 four 70"),
    "list": (["a", "b", "c"], "a b c"),
    "array": (np.array(["a", "b", "c"]), "a b c"),
    "Background": (["Background", "a", "b", "c"], "a b c"),
    "background": (("background", "a", "b", "c"), "a b c"),
    "nothing first": (["", "a", "b", "c"], "a b c"),
    "no background": (["Background", "b", "c"], "Background b c"),
    "twice": (["a", "a", "c"], "a a_2 c"),
    "twice in a dict": ({2: "a", 4: "b", 70: "a"}, "a b a_2"),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_of_parcels(case):
    names, expected = NAMES[case]
    parcels = Parcels.from_atlas(image(numbers()), names, mask=MASK)
    assert parcels.names == tuple(expected.split())
    plain = Parcels.from_atlas(image(numbers()), mask=MASK)
    np.testing.assert_array_equal(parcels.voxels, plain.voxels)


@pytest.mark.parametrize(
    "names", [["a"], ["a", "b"], ["x", "a", "b", "c"], list("abcde")]
)
def test_a_wrong_number_of_names(names):
    with pytest.raises(OptionError, match=f"3 parcels and {len(names)} names"):
        Parcels.from_atlas(image(numbers()), names, mask=MASK)


def test_names_of_numbers_above_and_below():
    assert names_of(np.array([3, 9]), None) == ["3", "9"]
    assert names_of(np.array([3]), {3: 7}) == ["7"]


@pytest.mark.parametrize("flip", [(0,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
def test_atlases_in_another_orientation(flip, axes):
    volume, affine = numbers(), MASK.affine.copy()
    for axis in flip:
        volume = np.flip(volume, axis)
        affine[:3, 3] += affine[:3, axis] * (volume.shape[axis] - 1)
        affine[:3, axis] *= -1
    order = np.eye(4)[:, [*axes, 3]]
    made = image(volume.transpose(axes), affine @ order)
    check_atlas(Parcels.from_atlas(made, mask=MASK))


def test_atlases_on_another_grid():
    """Each voxel of the mask takes the number of the nearest voxel of the atlas."""
    edge, shape = 3.3, (9, 14, 20)  # smaller than the mask along the first axis
    affine = np.diag([edge, edge, edge, 1.0])
    affine[:3, 3] = (-14.1, -20.2, -30.3)
    volume = np.random.default_rng(0).integers(0, 4, shape)
    parcels = Parcels.from_atlas(image(volume.astype("i2"), affine), mask=MASK)
    expected = np.zeros(MASK.n_voxels, int)
    for v, xyz in enumerate(MASK.xyz_mm):
        ijk = np.round((xyz - affine[:3, 3]) / edge).astype(int)
        if ((ijk >= 0) & (ijk < shape)).all():
            expected[v] = volume[tuple(ijk)]
    assert 0.1 < (expected > 0).mean() < 0.75
    for name, inside in zip("123", marked(parcels), strict=True):
        np.testing.assert_array_equal(inside, expected == int(name))


def test_atlases_of_all_of_nilearns_forms():
    """2 mm, RAS and LAS, with the usual mask."""
    mask = default_mask()
    left = mask.to_volume((mask.xyz_mm[:, 0] < 0).astype("i2") + 1)
    ras = image(left, mask.affine)
    flipped = mask.affine.copy()
    flipped[0] = (-2, 0, 0, mask.affine[0, 3] + 2 * (mask.shape[0] - 1))
    las = image(left[::-1], flipped)
    for made in (ras, las):
        parcels = Parcels.from_atlas(made, ["right", "left"])
        assert parcels.mask == mask
        np.testing.assert_array_equal(parcels.inside("left"), mask.xyz_mm[:, 0] < 0)
        assert parcels.centres_mm[0, 0] > 0 > parcels.centres_mm[1, 0]


@pytest.mark.parametrize("move", [500, -500])
def test_atlases_that_are_elsewhere(tmp_path, move):
    affine = MASK.affine.copy()
    affine[1, 3] += move
    path = tmp_path / "atlas.nii"
    image(numbers(), affine).to_filename(path)
    with pytest.raises(ImageError, match=r"atlas\.nii: none of its 3 parcels .* in mm"):
        Parcels.from_atlas(path, mask=MASK)


def test_parcels_without_voxels_are_left_out_and_told():
    volume = numbers()
    volume[9:11] = 0
    volume.ravel()[np.setdiff1d(np.arange(volume.size), MASK.flat_index)[:3]] = (
        7,
        8,
        9,
    )
    names = {2: "two", 7: "seven"}
    with pytest.warns(NeurosynthWarning, match=r"3 of 5 parcels .* out: seven, 8, 9\."):
        parcels = Parcels.from_atlas(image(volume), names, mask=MASK)
    assert parcels.names == ("two", "4")
    many = np.full(MASK.shape, 0, np.int16)
    many.ravel()[MASK.flat_index[0]] = 1
    outside = np.setdiff1d(np.arange(many.size), MASK.flat_index)[:8]
    many.ravel()[outside] = np.arange(2, 10)
    with pytest.warns(NeurosynthWarning, match=r"8 of 9 .*: 2, 3, 4, 5, 6, \.\.\."):
        assert Parcels.from_atlas(image(many), mask=MASK).names == ("1",)


def with_value(value, dtype=np.float64):
    volume = numbers().astype(dtype)
    volume[2, 2, 2] = value
    return image(volume)


WRONG_ATLASES = {
    "probabilities": (with_value(0.4), "whole numbers.*from_images"),
    "large fractions": (with_value(11_101.1), "whole numbers"),
    "half of many": (with_value(60_000.5), "whole numbers"),
    "negative": (with_value(-1, np.int16), "negative"),
    "nothing": (image(np.zeros(MASK.shape, np.int16)), "all of its voxels are 0"),
    "only NaN": (image(np.full(MASK.shape, np.nan)), "all of its voxels are 0"),
    "four dimensions": (image(np.ones((*MASK.shape, 3), "i2")), "from_images"),
    "two dimensions": (
        nib.spatialimages.SpatialImage(np.ones((4, 4), "i2"), np.eye(4)),
        "three dimensions",
    ),
    "complex": (image(np.ones(MASK.shape, np.complex64)), "three dimensions and numb"),
    "no affine": (
        nib.spatialimages.SpatialImage(numbers(), np.zeros((4, 4))),
        "affine",
    ),
    "affine of NaN": (
        nib.spatialimages.SpatialImage(numbers(), np.full((4, 4), np.nan)),
        "affine",
    ),
    "no file": ("none.nii.gz", "no image file at none"),
    "no image": (3, "needed, got int"),
}


@pytest.mark.parametrize("case", WRONG_ATLASES)
def test_what_is_no_atlas(case):
    atlas, message = WRONG_ATLASES[case]
    with pytest.raises(ImageError, match=message):
        Parcels.from_atlas(atlas, mask=MASK)


def test_what_is_no_number_is_no_parcel():
    for value in (np.nan, np.inf, -np.inf):
        made = Parcels.from_atlas(with_value(value), mask=MASK)
        expected = numbers()
        expected[2, 2, 2] = 0
        own = expected.ravel()[MASK.flat_index]
        for name, inside in zip(made.names, marked(made), strict=True):
            np.testing.assert_array_equal(inside, own == int(name))


def test_numbers_that_were_rounded_on_the_way():
    volume = numbers() * (1 + 1e-7)
    np.testing.assert_array_equal(whole_numbers(volume), numbers())


# ------------------------------------------------------------------------------- masks


@pytest.fixture(scope="module")
def regions():
    """Give three regions, two of which overlap, as booleans."""
    x = MASK.xyz_mm[:, 0]
    return [x < -4, (x > -9) & (x < 5), x > 12]


def forms_of(regions, folder):
    """Give the same regions in all forms, with the names they get."""
    images = [MASK.to_image(r) for r in regions]
    files = []
    for name, one in zip("cab", images, strict=True):
        files.append(folder / f"{name}.nii.gz")
        one.to_filename(files[-1])
    stacked = np.stack([one.get_fdata() for one in images], axis=3)
    return {
        "images": (images, ("region_0", "region_1", "region_2"), [0, 1, 2]),
        "tuple": (tuple(images), ("region_0", "region_1", "region_2"), [0, 1, 2]),
        "two images": (images[:2], ("region_0", "region_1"), [0, 1]),
        "files": (files, tuple("cab"), [0, 1, 2]),
        "texts": ([str(f) for f in files], tuple("cab"), [0, 1, 2]),
        "one file": ([files[1]], ("a",), [1]),
        "folder": (folder, tuple("abc"), [1, 2, 0]),
        "folder as text": (str(folder), tuple("abc"), [1, 2, 0]),
        "dict": (dict(zip("xyz", images, strict=True)), tuple("xyz"), [0, 1, 2]),
        "dict of files": ({"x": files[2]}, ("x",), [2]),
        "dict of texts": (
            {"x": str(files[0]), "y": str(files[1]), "z": str(files[2])},
            tuple("xyz"),
            [0, 1, 2],
        ),
        "arrays": (list(regions), ("region_0", "region_1", "region_2"), [0, 1, 2]),
        "file and array": ([files[0], regions[1]], ("c", "region_1"), [0, 1]),
        "twice the same": ([files[0], files[0]], ("c", "c_2"), [0, 0]),
        "4-D": (image(stacked), ("region_0", "region_1", "region_2"), [0, 1, 2]),
    }


FORMS = (
    *("images", "tuple", "two images", "files", "texts", "one file", "folder"),
    *("folder as text", "dict", "dict of files", "dict of texts", "arrays"),
    *("file and array", "twice the same", "4-D"),
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", [Parcels.from_images, as_parcels])
def test_masks_in_every_form(regions, tmp_path, form, make):
    forms = forms_of(regions, tmp_path)
    assert set(forms) == set(FORMS)
    what, names, order = forms[form]
    parcels = make(what, mask=MASK)
    assert parcels.names == names
    np.testing.assert_array_equal(marked(parcels), [regions[i] for i in order])
    assert parcels.overlap == (len(order) > 1)


def test_masks_on_other_grids_and_with_nan(regions):
    fine = np.repeat(np.repeat(np.repeat(MASK.to_volume(regions[0]), 2, 0), 2, 1), 2, 2)
    affine = MASK.affine.copy()
    affine[:3, :3] /= 2
    affine[:3, 3] -= 1
    values = fine.astype(np.float32)
    values[values == 0] = np.nan
    for made in (image(fine.astype(np.uint8), affine), image(values, affine)):
        parcels = Parcels.from_images([made], mask=MASK)
        np.testing.assert_array_equal(parcels.inside("region_0"), regions[0])


def test_masks_that_cannot_be_used(regions, tmp_path):
    (tmp_path / "empty").mkdir()
    far = MASK.affine.copy()
    far[0, 3] += 900
    for wrong, message in (
        ([], "no region"),
        ({}, "no region"),
        (tmp_path / "empty", "no images"),
        ([image(np.zeros(MASK.shape, "u1"))], "empty"),
        ([image(np.ones(MASK.shape, "u1"), far)], "no voxel"),
        ([np.ones(MASK.n_voxels + 1, bool)], f"{MASK.n_voxels:,} voxels"),
        ([tmp_path / "none.nii"], "no image file"),
        (["none.nii", "none.nii", "none.nii"], "no image file"),
        (7, "got int"),
        ([None], "got NoneType"),
    ):
        with pytest.raises(ImageError, match=message):
            Parcels.from_images(wrong, mask=MASK)
        with pytest.raises(ImageError, match=message):
            as_parcels(wrong, mask=MASK)


# ----------------------------------------------------------------------------- spheres


@pytest.mark.parametrize("radius", [0, 4, 6, 11.5])
def test_spheres_are_those_around_peaks(radius):
    centres = np.array([[0.0, 0, 0], [-13, 9, 2], [17, -15, -11]])
    parcels = Parcels.from_spheres(centres, radius, mask=full())
    assert parcels.names == ("(0, 0, 0)", "(-13, 9, 2)", "(17, -15, -11)")
    for centre, inside in zip(centres, marked(parcels), strict=True):
        np.testing.assert_array_equal(inside, active_voxels([centre], full(), radius))


def full():
    return Mask.from_array(np.ones(MASK.shape), MASK.affine)


FORMS_OF_PLACES = {
    "array": np.array([[0, 0, 0], [8, 4, 0]]),
    "lists": [[0, 0, 0], [8, 4, 0]],
    "tuples": ((0, 0, 0), (8.0, 4.0, 0.0)),
    "dict": {"(0, 0, 0)": [0, 0, 0], "(8, 4, 0)": np.array([8, 4, 0])},
    "three": [(0, 0, 0), (8, 4, 0), (0, 8, 8)],
    "one": [0, 0, 0],
    "one array": np.array([0.0, 0, 0]),
}


@pytest.mark.parametrize("form", FORMS_OF_PLACES)
def test_places_in_every_form(form):
    what = FORMS_OF_PLACES[form]
    parcels = as_parcels(what, mask=MASK)
    direct = Parcels.from_spheres(what, 6, mask=MASK)
    np.testing.assert_array_equal(marked(parcels), marked(direct))
    names = ("(0, 0, 0)", "(8, 4, 0)", "(0, 8, 8)")
    assert parcels.names == direct.names == names[: len(parcels)]
    n = {"three": 3, "one": 1, "one array": 1}.get(form, 2)
    assert len(parcels) == n


def test_spheres_can_be_named():
    parcels = as_parcels({"pcc": (0, 0, 0), 7: (8, 4, 0), "c": (4, 4, 4)}, mask=MASK)
    assert parcels.names == ("pcc", "7", "c")


def test_no_place_is_lost_where_names_are_the_same():
    """Places that differ little, or not at all, are written alike."""
    twice = [(0, 0, 0), (0, 0, 0), (8, 0, 0)]
    assert len(Parcels.from_spheres(twice, mask=MASK)) == 3
    near = [(8.0000001, 0, 0), (8.0000002, 0, 0)]
    assert len(as_parcels(near, mask=MASK)) == 2


WRONG_PLACES = {
    "two numbers": ([[0, 0]], 6, OptionError),
    "four numbers": ([[0, 0, 0, 0]], 6, OptionError),
    "ragged": ([[0, 0, 0], [1, 1]], 6, OptionError),
    "texts": ([["a", "b", "c"]], 6, OptionError),
    "NaN": ([[0, np.nan, 0]], 6, OptionError),
    "infinite": ([[0, np.inf, 0]], 6, OptionError),
    "nothing": (np.zeros((0, 3)), 6, (OptionError, ImageError)),
    "an empty list": ([], 6, (OptionError, ImageError)),
    "outside": ([[0, 0, 0], [0, 0, 400]], 6, ImageError),
    "radius": ([[0, 0, 0]], -1, OptionError),
    "radius of NaN": ([[0, 0, 0]], np.nan, OptionError),
    "large radius": ([[0, 0, 0]], 101, OptionError),
    "dict": ({"a": (0, 0)}, 6, OptionError),
    "dict of text": ({"a": "here"}, 6, OptionError),
}


@pytest.mark.parametrize("case", WRONG_PLACES)
def test_what_are_no_places(case):
    centres, radius, error = WRONG_PLACES[case]
    with pytest.raises(error):
        Parcels.from_spheres(centres, radius, mask=MASK)


# ------------------------------------------------------------------------------- grids


@given(masks(), st.sampled_from([0.5, 3, 4.0, 7.3, 20, 1000]))
def test_each_voxel_is_in_exactly_one_cube(mask, size):
    parcels = Parcels.grid(size, mask=mask)
    cells = {}
    for v, xyz in enumerate(mask.xyz_mm):
        cells.setdefault(tuple(np.floor(xyz / size).astype(int)), []).append(v)
    expected = [cells[key] for key in sorted(cells)]
    found = [np.flatnonzero(row).tolist() for row in marked(parcels)]
    assert found == expected
    np.testing.assert_array_equal(np.sort(parcels.voxels), np.arange(mask.n_voxels))
    assert not parcels.overlap
    for name, key in zip(parcels.names, sorted(cells), strict=True):
        x, y, z = (np.array(key) + 0.5) * size
        assert name == f"({x:g}, {y:g}, {z:g})"


def test_grids_of_the_usual_mask():
    parcels = Parcels.grid(20)
    assert parcels.mask == default_mask()
    assert parcels.sizes.sum() == 228_483
    assert parcels.sizes.max() == 1000  # 10 x 10 x 10 voxels of 2 mm


@pytest.mark.parametrize("size", [0, -4, np.nan, np.inf, 1001, "4", None, [4]])
def test_grids_of_no_size(size):
    with pytest.raises(OptionError, match="size_mm must be a number above 0"):
        Parcels.grid(size, mask=MASK)


# ---------------------------------------------------------------------- what they can d


@pytest.fixture(scope="module")
def parcels(regions):
    return Parcels.of(
        MASK, dict(zip(("left", "middle", "right"), regions, strict=True))
    )


def test_parcels_are_what_was_marked(parcels, regions):
    np.testing.assert_array_equal(marked(parcels), regions)
    assert len(parcels) == 3
    assert parcels.place("middle") == 1
    np.testing.assert_array_equal(parcels.sizes, np.sum(regions, axis=1))
    for i, inside in enumerate(regions):
        np.testing.assert_allclose(
            parcels.centres_mm[i], MASK.xyz_mm[inside].mean(axis=0)
        )


def test_overlap(parcels, regions):
    assert parcels.overlap
    assert (
        repr(parcels) == f"<Parcels: 3 overlapping parts of {MASK.n_voxels:,} voxels>"
    )
    apart = Parcels.of(MASK, {"a": regions[0], "b": regions[2]})
    assert not apart.overlap
    assert repr(apart) == f"<Parcels: 2 parts of {MASK.n_voxels:,} voxels>"


@given(st.integers(0, 99), st.integers(1, 8), st.sampled_from([0.02, 0.3, 0.9]))
def test_counts_of_parcels_that_overlap(seed, n, share):
    rng = np.random.default_rng(seed)
    mask = brain_block()
    inside = rng.random((n, mask.n_voxels)) < share
    inside[np.arange(n), rng.integers(0, mask.n_voxels, n)] = True
    made = Parcels.of(mask, {f"p{i}": row for i, row in enumerate(inside)})
    activations = random_activations(rng, mask, 15, segment_size=6)
    active = activations.to_csr().toarray()
    found = made.count_in(activations)
    np.testing.assert_array_equal(found, active.astype(int) @ inside.T.astype(int))
    assert found.dtype == np.int32
    assert made.overlap == (inside.sum(axis=0) > 1).any()


def test_values_of_voxels(parcels, regions):
    expected = np.zeros(MASK.n_voxels)
    for number, inside in enumerate(regions, start=1):
        expected[inside] = number  # of parcels that overlap the last one counts
    np.testing.assert_array_equal(parcels.to_values(), expected)
    expected[expected > 0] = np.array([0.5, -2, 7])[
        expected[expected > 0].astype(int) - 1
    ]
    np.testing.assert_array_equal(parcels.to_values([0.5, -2, 7]), expected)
    assert (expected == 0).any()


@pytest.mark.parametrize("values", [[1, 2], [1, 2, 3, 4]])
def test_a_wrong_number_of_values(parcels, values):
    with pytest.raises(ValueError, match=r"shape|values"):
        parcels.to_values(values)


def test_atlas_and_back():
    parcels = Parcels.from_atlas(image(numbers()), mask=MASK)
    again = Parcels.from_atlas(
        MASK.to_image(parcels.to_values().astype("i2")), parcels.names, mask=MASK
    )
    assert again.names == parcels.names
    np.testing.assert_array_equal(marked(again), marked(parcels))


def test_unknown_parcels(parcels):
    for ask in (parcels.place, parcels.inside):
        with pytest.raises(UnknownTermError, match=r"'midle'.*Close matches: 'middle'"):
            ask("midle")


def test_parcels_of_nothing():
    with pytest.raises(ImageError, match="no parcel"):
        Parcels.of(MASK, {})
    with pytest.raises(ImageError, match="'a' has no voxel"):
        Parcels.of(MASK, {"a": np.zeros(MASK.n_voxels, bool)})


@pytest.mark.parametrize("n", [-5, 5])
def test_parcels_of_another_number_of_voxels(n):
    with pytest.raises((ImageError, OptionError), match=f"{MASK.n_voxels:,} voxels"):
        Parcels.of(MASK, {"a": np.ones(MASK.n_voxels + n, bool)})


def test_parcels_stay_what_they_are(parcels):
    assert as_parcels(parcels) is parcels
    assert as_parcels(parcels, mask=MASK) is parcels
    same = Mask.from_array(MASK.to_volume(np.ones(MASK.n_voxels)), MASK.affine)
    assert as_parcels(parcels, mask=same) is parcels
    with pytest.raises(OptionError, match="of another mask"):
        as_parcels(parcels, mask=brain_block())


def test_the_usual_mask_is_the_default():
    place = {"pcc": (0, -52, 26)}
    assert as_parcels(place).mask == default_mask()
    assert quietly(as_parcels, place).sizes.tolist() == [123]

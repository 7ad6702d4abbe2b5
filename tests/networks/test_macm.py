"""Coactivation of seeds: a meta-analysis of the studies that activate them."""

import warnings

import numpy as np
import pytest

from nimare_neurosynth import macm, meta_analysis
from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthWarning,
    OptionError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.meta import MAPS
from nimare_neurosynth.networks import (
    Parcels,
    compare_seeds,
    compare_seeds_null,
    macm_null,
)
from nimare_neurosynth.space import sphere_voxels
from tests.networks.test_activity import BOUNDS
from tests.oracles import brain_block, quietly, random_database

MASK = brain_block((13, 12, 11), 4.0)
NEAR = {"mask": MASK, "seed_radius_mm": 14}


@pytest.fixture(scope="module")
def made():
    return random_database()


def block(x=0):
    """Mark a region of the mask."""
    return (np.abs(MASK.xyz_mm - (x, 0, 0)) <= 4).all(axis=1)


def same_maps(one, other, label=None, of=None):
    """Compare all maps of two analyses, bit for bit."""
    for name in MAPS:
        np.testing.assert_array_equal(
            one.array(name, label=label), other.array(name, label=of), err_msg=name
        )


def active(database, inside, least=1):
    return database.activations(mask=MASK).count_in(inside) >= least


# ------------------------------------------------------------------ as meta_analysis()


@pytest.mark.parametrize(
    "place", [(0, 0, 0), [8, -4, 6.5], np.array([-8.0, 0, 0])], ids=str
)
@pytest.mark.parametrize("radius", [10, 17.5])
def test_a_coordinate(made, place, radius):
    maps = macm(made, place, mask=MASK, seed_radius_mm=radius)
    selection = made.select(near=place, radius_mm=radius)
    same_maps(maps, meta_analysis(made, selection, mask=MASK))
    x, y, z = place
    assert maps.labels == (f"peak within {radius:g} mm of ({x:g}, {y:g}, {z:g})",)
    assert maps.n_selected[0] == (selection.mask & made.has_peaks).sum()


@pytest.mark.parametrize(
    "bound", [{}, {"min_voxels": 6}, {"min_proportion": 0.25}], ids=str
)
@pytest.mark.parametrize("form", ["array", "image", "path", "text"])
def test_a_region(made, tmp_path, form, bound):
    region = block()
    path = tmp_path / "insula.nii.gz"
    MASK.to_image(region).to_filename(path)
    forms = {"array": region, "image": MASK.to_image(region), "path": path}
    what = forms.get(form, str(path))
    maps = macm(made, what, mask=MASK, **bound)
    least = bound.get("min_voxels", 1)
    if "min_proportion" in bound:
        least = np.ceil(0.25 * region.sum())
    selection = made.select(ids=made.study_ids[active(made, region, least)])
    same_maps(maps, meta_analysis(made, selection, mask=MASK))
    assert maps.labels == ("region" if form in {"array", "image"} else "insula",)


def test_a_selection(made):
    selection = made.select("(labela & labelb) | labelc")
    same_maps(
        macm(made, selection, mask=MASK), meta_analysis(made, selection, mask=MASK)
    )
    assert macm(made, selection, mask=MASK).labels == (selection.description,)


@pytest.mark.parametrize(
    "options",
    [
        {"universe": "labela | labelb", "threshold": 0.2},
        {"universe": "label?", "func": "max", "label_set": "labels"},
        {"radius_mm": 10, "prior": 0.3, "min_studies": 4},
        {"talairach": None, "min_studies": 0.1, "n_jobs": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "seed", [(0, 0, 0), block(), "selection"], ids=["xyz", "roi", "s"]
)
def test_options(made, seed, options):
    around = {k: v for k, v in options.items() if k in {"radius_mm", "talairach"}}
    tal = {k: v for k, v in around.items() if k == "talairach"}
    if isinstance(seed, str):
        seed = selection = made.select("labela | labelc")
    elif isinstance(seed, tuple):
        selection = made.select(near=seed, radius_mm=14, **tal)
    else:
        selection = made.select(region=seed, mask=MASK, **around)
    maps = macm(made, seed, **NEAR, **options)
    same_maps(maps, meta_analysis(made, selection, mask=MASK, **options))
    assert maps.prior == options.get("prior", 0.5)


SEVERAL = {"a": (0, 0, 0), "b": (8, 4, 0), "c": (-8, 0, 0)}


def test_several_seeds_are_each_alone(made):
    forms = [
        SEVERAL,
        [*SEVERAL.values()],
        tuple(SEVERAL.values()),
        np.array([*SEVERAL.values()], float),
    ]
    for seeds in forms:
        maps = macm(made, seeds, **NEAR)
        assert len(maps) == 3
        for label, place in zip(maps.labels, SEVERAL.values(), strict=True):
            same_maps(maps, macm(made, place, **NEAR), label)
    assert macm(made, SEVERAL, **NEAR).labels == ("a", "b", "c")
    assert maps.labels == tuple(
        f"peak within 14 mm of ({x}, {y}, {z})" for x, y, z in SEVERAL.values()
    )


def test_seeds_of_every_kind_at_once(made, tmp_path):
    path = tmp_path / "part.nii"
    MASK.to_image(block(8)).to_filename(path)
    chosen = made.select("labela")
    parcels = Parcels.of(MASK, {"p": block(), "q": block(-8)})
    maps = macm(made, [(0, 0, 0), path, chosen, parcels], **NEAR)
    names = ("peak within 14 mm of (0, 0, 0)", "part", "labela", "p", "q")
    assert maps.labels == names
    alone = ((0, 0, 0), path, chosen, block(), block(-8))
    for label, seed in zip(names, alone, strict=True):
        same_maps(maps, macm(made, seed, **NEAR), label)
    named = macm(made, {"x": chosen, "y": block(), 3: (0, 0, 0)}, **NEAR)
    assert named.labels == ("x", "y", "3")
    same_maps(named, maps, "3", names[0])


def test_parcels_are_seeds(made):
    atlas = Parcels.from_spheres({"left": (-8, 0, 0), "right": (8, 0, 0)}, 8, mask=MASK)
    maps = macm(made, atlas, mask=MASK, min_voxels=4)
    assert maps.labels == atlas.names
    for name in atlas.names:
        region = atlas.inside(name)
        same_maps(maps, macm(made, region, mask=MASK, min_voxels=4), name)


def test_masks_with_nan(made):
    image = MASK.to_image(block().astype(np.float32))
    holed = np.where(image.get_fdata() > 0, 1.0, np.nan).astype(np.float32)
    import nibabel as nib

    seed = nib.Nifti1Image(holed, MASK.affine)
    same_maps(macm(made, seed, mask=MASK), macm(made, block(), mask=MASK))


def test_sidecars_say_what_the_seed_was(made):
    maps = macm(made, {"mine": (0, 0, 0)}, **NEAR)
    facts = maps.sidecar("z_desc-association")
    assert facts["query"] == "mine"
    assert "[0.0, 0.0, 0.0]" in str(facts)
    assert "'radius_mm': 14" in str(facts)


# ------------------------------------------------------------------ the seed left out


@pytest.mark.parametrize("seed", [(0, 0, 0), block()], ids=["place", "region"])
def test_the_seed_can_be_left_out(made, seed):
    plain = macm(made, seed, **NEAR)
    maps = macm(made, seed, leave_out_seed=True, **NEAR)
    place = sphere_voxels(seed, 14, MASK) if isinstance(seed, tuple) else seed
    assert 0 < place.sum() < MASK.n_voxels
    for name in MAPS:
        outside = 1 if name.startswith("p_") else 0
        assert (maps[name][place] == outside).all(), name
        np.testing.assert_array_equal(maps[name][~place], plain[name][~place])
        if MAPS[name].test:
            assert not maps.array(name, fdr_q=0.5)[place].any() or outside
    assert plain["z_desc-association"][place].max() > maps["z_desc-association"].max()
    assert maps.counts.dtype == plain.counts.dtype
    assert maps.totals.dtype == plain.totals.dtype


def test_least_studies_of_0_leave_the_seed_out_too(made):
    maps = macm(made, (0, 0, 0), leave_out_seed=True, min_studies=0, **NEAR)
    place = sphere_voxels((0, 0, 0), 14, MASK)
    for name in MAPS:
        assert (maps[name][place] == (1 if name.startswith("p_") else 0)).all(), name


def test_sidecars_say_that_the_seed_was_left_out(made):
    maps = macm(made, (0, 0, 0), leave_out_seed=True, **NEAR)
    plain = macm(made, (0, 0, 0), **NEAR)
    assert maps.sidecar("z_desc-association") != plain.sidecar("z_desc-association")


def test_when_no_seed_can_be_left_out(made):
    with pytest.raises(OptionError, match="one seed at a time"):
        macm(made, SEVERAL, leave_out_seed=True, **NEAR)
    for call in (macm, macm_null):
        with pytest.raises(OptionError, match="a seed with a place"):
            call(made, made.select("labela"), leave_out_seed=True, **NEAR)


# -------------------------------------------------------------------------- bad input


def test_few_studies_are_a_warning(made):
    with pytest.warns(
        NeurosynthWarning, match="'few' selects only .* with fewer than 20"
    ):
        macm(made, {"few": (0, 0, 0)}, mask=MASK, seed_radius_mm=5)


def test_seeds_without_studies(made):
    silent = made.select(ids=made.study_ids[-2:])
    with pytest.raises(EmptySelectionError, match=r"no study .* seed 'b' .*in mm\?"):
        macm(made, {"a": (0, 0, 0), "b": silent}, **NEAR)
    with pytest.raises(EmptySelectionError, match="seed 'peak within 0 mm of"):
        macm(made, (1.5, 0.3, 0), mask=MASK, seed_radius_mm=0)
    with pytest.raises(
        EmptySelectionError, match="no study activates the seed 'region'"
    ):
        macm(made, block(), mask=MASK, min_voxels=10_000)
    with pytest.raises(EmptySelectionError, match=r"selects 5[0-9] studies, but none"):
        macm(made, made.select("labela"), universe="~labela", mask=MASK)


WRONG = {
    "outside": ((0, 0, 400), ImageError, "are these MNI coordinates in mm"),
    "one of several outside": ({"a": (0, 0, 0), "b": (0, 0, 400)}, ImageError, "in mm"),
    "NaN": ((0, np.nan, 0), OptionError, "three numbers in mm"),
    "infinite": ((0, 0, np.inf), OptionError, "three numbers in mm"),
    "two numbers": ((0, 0), ImageError, "got int"),
    "nothing": ([], OptionError, "no seed was given"),
    "an empty dict": ({}, OptionError, "no seed was given"),
    "no places": (np.zeros((0, 3)), OptionError, "no seed was given"),
    "twice the same": ([(0, 0, 0), (0, 0, 0)], OptionError, "two seeds are called"),
    "two arrays": ([block(), block(8)], OptionError, "'region': give a dictionary"),
    "an empty region": (
        np.zeros(MASK.n_voxels, bool),
        (ImageError, EmptySelectionError),
        "",
    ),
    "another length": (np.ones(7, bool), ImageError, f"{MASK.n_voxels:,} voxels"),
    "a number": (5, ImageError, "got int"),
    "a number of numpy": (np.array(5.0), ImageError, ""),
    "None": (None, ImageError, "got NoneType"),
    "no file": ("none.nii.gz", ImageError, "no image file at none"),
    "a query": ("labela", ImageError, "no image file at labela"),
    "others' parcels": (
        Parcels.grid(30, mask=brain_block()),
        OptionError,
        "of another mask",
    ),
    "others' studies": (
        random_database(4).select("labela"),
        SelectionError,
        "belongs to",
    ),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("call", [macm, macm_null])
def test_seeds_that_are_none(made, case, call):
    seeds, error, message = WRONG[case]
    with pytest.raises(error, match=message or None):
        call(made, seeds, **NEAR)


@pytest.mark.parametrize(("options", "message"), BOUNDS, ids=str)
@pytest.mark.parametrize("seed", [(0, 0, 0), block()], ids=["place", "region"])
def test_impossible_bounds(made, seed, options, message):
    for call in (macm, macm_null):
        with pytest.raises(OptionError, match=message):
            call(made, seed, **NEAR, **options)
    with pytest.raises(OptionError, match=message):
        compare_seeds(made, seed, (8, 4, 0), **NEAR, **options)


@pytest.mark.parametrize("radius", [-1, np.nan, 101])
def test_impossible_radii(made, radius):
    for call in (macm, macm_null):
        with pytest.raises(OptionError, match="radius_mm"):
            call(made, (0, 0, 0), mask=MASK, seed_radius_mm=radius)
        with pytest.raises(OptionError, match="radius_mm"):
            call(made, (0, 0, 0), radius_mm=radius, **NEAR)


def test_wrong_calls(made):
    for call in (macm, macm_null):
        with pytest.raises(OptionError, match="a Database is needed, got str"):
            call("demo", (0, 0, 0))
        with pytest.raises(UnknownTermError, match="'labelz'"):
            call(made, (0, 0, 0), universe="labelz", **NEAR)
        with pytest.raises(OptionError, match="min_studies"):
            call(made, (0, 0, 0), min_studies=-1, **NEAR)
        for universe in (None, "labela", made.select("labela")):
            with pytest.raises((TypeError, OptionError), match="min_voxel"):
                call(made, (0, 0, 0), universe=universe, min_voxel=3, **NEAR)
    with pytest.raises(OptionError, match="a Database is needed"):
        compare_seeds("demo", (0, 0, 0), (8, 4, 0))


def test_the_place_that_made_studies_active_comes_out(made):
    maps = macm(made, (0, 0, 0), **NEAR)
    z = maps["z_desc-association"]
    best = MASK.xyz_mm[z.argmax()]
    assert np.linalg.norm(best) < 14
    assert z.max() > 4


# ------------------------------------------------------------------------- comparisons


PAIRS = {
    "places": ((-8, 0, 0), (8, 4, 0)),
    "regions": (block(-8), block(12)),
    "one of each": ((0, 0, 0), block(12)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_comparisons_are_of_studies_of_one_seed_alone(made, pair):
    one, two = PAIRS[pair]
    options = {"prior": 0.3, "min_studies": 2}
    maps = quietly(compare_seeds, made, one, two, **NEAR, **options)

    def select(seed):
        if isinstance(seed, tuple):
            return made.select(near=seed, radius_mm=14).mask
        return active(made, seed)

    first, second = select(one), select(two)
    only = [
        made.select(ids=made.study_ids[chosen])
        for chosen in (first & ~second, second & ~first)
    ]
    expected = quietly(
        meta_analysis, made, only[0], versus=only[1], mask=MASK, **options
    )
    same_maps(maps, expected)
    other = quietly(compare_seeds, made, two, one, **NEAR, **options)
    np.testing.assert_allclose(
        other["z_desc-association"], -maps["z_desc-association"], atol=1e-12
    )


def test_comparisons_of_selections_and_of_named_seeds(made):
    one, two = made.select("labela"), made.select("labelb")
    maps = compare_seeds(made, one, two, mask=MASK)
    same_maps(maps, meta_analysis(made, one - two, versus=two - one, mask=MASK))
    named = quietly(compare_seeds, made, {"a": (-8, 0, 0)}, {"b": (8, 4, 0)}, **NEAR)
    assert named.labels == ("a & ~b",)


def test_seeds_that_cannot_be_compared(made):
    with pytest.raises(EmptySelectionError, match="cannot be told apart"):
        compare_seeds(made, (0, 0, 0), (0, 0, 0), **NEAR)
    within = made.select("labela & labelb")
    for pair in ((within, made.select("labela")), (made.select("labela"), within)):
        with pytest.raises(EmptySelectionError, match="cannot be told apart"):
            compare_seeds(made, *pair, mask=MASK)
    with pytest.raises(OptionError, match="one seed with one other"):
        compare_seeds(made, SEVERAL, (0, 0, 0), **NEAR)
    with pytest.raises(ImageError, match="in mm"):
        compare_seeds(made, (0, 0, 0), (0, 0, 400), **NEAR)
    with pytest.raises(SelectionError, match="belongs to"):
        compare_seeds(made, (0, 0, 0), random_database(3).select("labela"), **NEAR)
    with pytest.raises(TypeError, match="unknown"):
        compare_seeds(made, (-8, 0, 0), (8, 4, 0), unknown=3, **NEAR)


def test_nothing_else_is_warned_of(made):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        macm(made, SEVERAL, **NEAR)


@pytest.mark.parametrize("pair", PAIRS)
def test_corrected_comparisons_are_of_the_same_studies(made, pair):
    one, two = PAIRS[pair]
    options = {"min_studies": 3, **NEAR}
    maps = quietly(compare_seeds, made, one, two, **options)
    null = quietly(compare_seeds_null, made, one, two, n_permutations=19, **options)
    seeds = [
        sphere_voxels(s, 14, MASK) if isinstance(s, tuple) else s for s in (one, two)
    ]
    tested = (maps.totals >= 3) & ~seeds[0] & ~seeds[1]
    for test in ("association", "uniformity"):
        z = np.where(tested, maps[f"z_desc-{test}"], 0)
        np.testing.assert_allclose(null.z[test], z, atol=1e-12)
    assert null.facts["n_voxels_tested"] == tested.sum() > 100
    assert null.facts["strata"] is None

"""MACM is NeurosynthChi2 on the two parts of a studyset that a seed makes."""

import pickle

import nibabel as nib
import numpy as np
import pytest
from nimare.correct import FDRCorrector, FWECorrector
from nimare.meta.cbma.base import CBMAEstimator
from sklearn.base import clone

from nimare_neurosynth import MACM, NeurosynthChi2
from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthError,
    OptionError,
)
from nimare_neurosynth.estimators import register
from nimare_neurosynth.space import Mask
from tests.estimators.same import check_equal, montecarlo, nulls_of
from tests.oracles import active_voxels, quietly

PLACE = (-40, 22, 6)
RADIUS = 20.0


def foci(studyset):
    """Give the coordinates of each analysis, in the studyset's order."""
    table = quietly(lambda: studyset.coordinates)
    return [
        table.loc[table["id"] == key, ["x", "y", "z"]].to_numpy(float)
        for key in studyset.ids
    ]


def near(studyset, place, radius):
    return np.array(
        [
            (((xyz - place) ** 2).sum(axis=1) <= radius**2).any()
            for xyz in foci(studyset)
        ]
    )


def active_in(studyset, region, mask, radius):
    """Count each analysis's active voxels in a region, one after the other."""
    space = Mask.from_image(mask)
    return np.array(
        [(active_voxels(xyz, space, radius) & region).sum() for xyz in foci(studyset)]
    )


def check_parts(studyset, chosen, meta):
    """Compare a MACM with NeurosynthChi2 of what should be its parts."""
    assert 0 < chosen.sum() < len(chosen)
    parts = studyset.select_analyses(chosen), studyset.select_analyses(~chosen)
    options = {
        "mask": meta.mask,
        "prior": meta.prior,
        "kernel_transformer": meta.kernel_transformer,
        "min_studies": meta.min_studies,
        "random_state": meta.random_state,
    }
    ours = NeurosynthChi2(**options).fit(*parts)
    result = meta.fit(studyset)
    check_equal(result, ours)
    for corrector in (
        FDRCorrector(method="indep"),
        FWECorrector(method="montecarlo", n_iters=3, strata="none"),
    ):
        plain = corrector
        if isinstance(corrector, FWECorrector):
            plain = FWECorrector(method="montecarlo", n_iters=3)
        check_equal(corrector.transform(result), plain.transform(ours))
    return result


@pytest.fixture(scope="module")
def region(mask):
    """Mark a region of the coarse mask, and give it as an image too."""
    space = Mask.from_image(mask)
    inside = ((space.xyz_mm - PLACE) ** 2).sum(axis=1) <= 16**2
    return inside, space.to_image(inside)


@pytest.fixture(scope="module")
def fitted_macm(laird, mask):
    return MACM(PLACE, seed_radius_mm=RADIUS, mask=mask).fit(laird)


# --------------------------------------------------------------------------------- fit


@pytest.mark.parametrize(
    ("radius", "form"), [(14, tuple), (20.0, list), (np.float32(17), np.array)]
)
def test_coordinates(laird, mask, radius, form):
    meta = MACM(form(PLACE), seed_radius_mm=radius, mask=mask, kernel__r=6)
    result = check_parts(laird, near(laird, PLACE, float(radius)), meta)
    assert list(result.estimator.inputs_["id"]) == list(laird.ids)


@pytest.mark.parametrize(
    "options",
    [{"prior": None}, {"prior": 0.2, "min_studies": 3}, {"random_state": 5}],
    ids=str,
)
def test_options(laird, mask, options):
    meta = MACM(PLACE, seed_radius_mm=RADIUS, mask=mask, **options)
    check_parts(laird, near(laird, PLACE, RADIUS), meta)


@pytest.mark.parametrize(
    ("form", "bound"),
    [
        ("array", {"min_voxels": 12}),
        ("image", {}),
        ("path", {"min_proportion": 0.1}),
        ("image", {"min_proportion": 0.1}),
    ],
    ids=str,
)
def test_regions(laird, mask, region, tmp_path, form, bound):
    inside, image = region
    path = tmp_path / "seed.nii.gz"
    image.to_filename(path)
    seed = {"array": inside, "image": image, "path": path}[form]
    counts = active_in(laird, inside, mask, 10)
    least = bound.get("min_voxels", 1)
    if "min_proportion" in bound:
        least = 0.1 * inside.sum()
    check_parts(laird, counts >= least, MACM(seed, mask=mask, **bound))


def test_radii_of_activations_count_for_regions(laird, mask, region):
    inside, _ = region
    found = [active_in(laird, inside, mask, r) >= 1 for r in (4, 10)]
    assert (found[0] != found[1]).any()
    for chosen, r in zip(found, (4, 10), strict=True):
        check_parts(laird, chosen, MACM(inside, mask=mask, kernel__r=r))


def test_a_selection_of_a_studyset(laird, mask, region):
    kept = np.arange(17) % 4 > 0
    part = laird.select_analyses(kept)
    meta = MACM(PLACE, seed_radius_mm=RADIUS, mask=mask)
    result = check_parts(part, near(laird, PLACE, RADIUS)[kept], meta)
    assert list(result.estimator.inputs_["id"]) == list(part.ids)
    counts = active_in(laird, region[0], mask, 10)[kept]
    check_parts(part, counts >= 1, MACM(region[1], mask=mask))


def test_analyses_without_coordinates_are_passed_over(made, scattered, mask):
    studies = {str(i): {"a": scattered(i)} for i in range(8)}
    studies["3"]["b"] = []
    studyset = made(studies)
    result = MACM((0, 0, 0), seed_radius_mm=14, mask=mask).fit(studyset)
    assert len(result.estimator.inputs_["id"]) == 8
    with pytest.raises(NeurosynthError, match="1 of 9 analyses have no coordinates"):
        MACM((0, 0, 0), mask=mask).fit(studyset, drop_invalid=False)


def test_datasets(laird, mask, fitted_macm, tmp_path):
    dataset = quietly(laird.to_dataset)
    meta = MACM(PLACE, seed_radius_mm=RADIUS, mask=mask)
    check_equal(quietly(meta.fit, dataset), fitted_macm)


def test_files(laird_path, mask, fitted_macm):
    meta = MACM(PLACE, seed_radius_mm=RADIUS, mask=mask)
    for what in (laird_path, str(laird_path)):
        check_equal(meta.fit(what), fitted_macm)


def test_fit_again_with_another_seed(laird, mask, fitted_macm, region):
    meta = MACM(region[1], mask=mask, seed_radius_mm=RADIUS)
    first = meta.fit(laird)
    second = meta.set_params(seed=PLACE).fit(laird)
    check_equal(second, fitted_macm)
    assert (first.maps["z_desc-association"] != second.maps["z_desc-association"]).any()


def test_descriptions(fitted_macm, laird, mask, region):
    n = near(laird, PLACE, RADIUS).sum()
    text = fitted_macm.description_
    assert f"{n} analyses that the seed (-40, 22, 6), 20 mm, selects" in text
    assert f"other {17 - n} analyses" in text
    by_region = MACM(region[1], mask=mask).fit(laird).description_
    assert "analyses that the seed region selects" in by_region


# -------------------------------------------------------------------------- correction


def test_labels_are_exchanged_between_studies_with_as_many_foci(fitted_macm):
    """Unless it is asked for otherwise."""
    usual = montecarlo(fitted_macm)
    by_peaks = montecarlo(fitted_macm, strata="peaks")
    plain = montecarlo(fitted_macm, strata="none")
    np.testing.assert_array_equal(nulls_of(usual), nulls_of(by_peaks))
    check_equal(usual, by_peaks)
    assert (nulls_of(usual) != nulls_of(plain)).any()
    # NiMARE's correctors leave out what is None
    np.testing.assert_array_equal(
        nulls_of(usual), nulls_of(montecarlo(fitted_macm, strata=None))
    )
    direct = fitted_macm.copy()
    direct.estimator.correct_fwe_montecarlo(
        direct, n_iters=20, strata=None, min_studies=0
    )
    np.testing.assert_array_equal(nulls_of(plain), nulls_of(direct))
    assert "peaks" in usual.description_
    assert "peaks" not in plain.description_.removeprefix(fitted_macm.description_)


def test_correction_by_peaks_is_that_of_the_two_parts(laird, mask, fitted_macm):
    chosen = near(laird, PLACE, RADIUS)
    parts = laird.select_analyses(chosen), laird.select_analyses(~chosen)
    ours = NeurosynthChi2(mask=mask).fit(*parts)
    check_equal(montecarlo(fitted_macm), montecarlo(ours, strata="peaks"))


def test_other_strata(fitted_macm):
    kinds = np.arange(17) % 2
    corrected = montecarlo(fitted_macm, strata=kinds)
    assert (nulls_of(corrected) != nulls_of(montecarlo(fitted_macm))).any()
    with pytest.raises(OptionError, match="'yeer'"):
        montecarlo(fitted_macm, strata="yeer")


def test_random_foci_have_no_strata(laird, mask):
    meta = MACM(PLACE, seed_radius_mm=RADIUS, mask=mask, fwe_null_method="random-foci")
    result = meta.fit(laird)
    corrected = montecarlo(result, n_iters=3)
    assert np.isfinite(nulls_of(corrected)).all()
    check_equal(corrected, montecarlo(result, n_iters=3, strata="none"))
    for strata in ("year", np.arange(17) % 2):
        with pytest.raises(OptionError, match="not for random foci"):
            montecarlo(result, n_iters=3, strata=strata)


def test_correctors_accept_the_result(fitted_macm):
    for corrector in (
        FDRCorrector(method="indep"),
        FDRCorrector(method="negcorr"),
        FWECorrector(method="bonferroni"),
        FWECorrector(method="montecarlo", n_iters=5),
        FWECorrector(method="montecarlo", n_iters=5, vfwe_only=True),
    ):
        corrected = corrector.transform(fitted_macm)
        added = set(corrected.maps) - set(fitted_macm.maps)
        assert added
        for name in added:
            assert np.isfinite(corrected.maps[name]).all(), name


# -------------------------------------------------------------------------- parameters


CHANGED = {
    "seed": PLACE,
    "seed_radius_mm": 12.0,
    "min_voxels": 3,
    "min_proportion": 0.2,
    "prior": 0.25,
    "fwe_null_method": "random-foci",
    "memory_level": 1,
    "random_state": 7,
    "min_studies": 3,
    "generate_description": False,
    "mask_coverage": "gm",
}


def test_clone_keeps_all_parameters():
    made, default = MACM(kernel__r=6, **CHANGED), MACM()
    other = clone(made)
    for name, value in CHANGED.items():
        assert getattr(default, name) != value
        assert getattr(other, name) == value, name
    assert other.kernel_transformer.r == 6
    named = set(made.get_params(deep=False))
    assert set(CHANGED) | {"kernel_transformer", "mask", "memory"} == named
    assert "seed=(-40, 22, 6)" in repr(made)


@pytest.mark.parametrize("form", ["array", "image"])
def test_clones_of_regions_are_of_the_same_voxels(laird, mask, region, form):
    seed = region[0] if form == "array" else region[1]
    made = MACM(seed, mask=mask)
    check_equal(clone(made).fit(laird), made.fit(laird))


def test_parameters_can_be_set(laird, mask, fitted_macm):
    made = MACM()
    found = made.set_params(seed=PLACE, seed_radius_mm=RADIUS, mask=mask)
    assert found is made
    check_equal(made.fit(laird), fitted_macm)
    with pytest.raises(ValueError, match="radius"):
        made.set_params(radius=3)


@pytest.mark.parametrize("kind", ["place", "region"])
def test_results_can_be_pickled(laird, mask, region, kind):
    seed = PLACE if kind == "place" else region[1]
    result = MACM(seed, seed_radius_mm=RADIUS, mask=mask).fit(laird)
    again = pickle.loads(pickle.dumps(result))
    check_equal(again, result)
    check_equal(montecarlo(again, n_iters=3), montecarlo(result, n_iters=3))
    check_equal(again.estimator.fit(again.estimator.dataset), result)


def test_kinds(fitted_macm):
    from nimare.meta import cbma

    assert issubclass(MACM, CBMAEstimator)
    register()
    assert cbma.MACM is MACM
    names = NeurosynthChi2().get_params(deep=False)
    assert set(names) <= set(MACM().get_params(deep=False))


# ------------------------------------------------------------------------------ errors


def test_seeds_that_nothing_activates(laird, mask):
    with pytest.raises(
        EmptySelectionError, match=r"the seed \(0, 0, 400\), 6 mm, selects no"
    ):
        MACM((0, 0, 400), mask=mask).fit(laird)
    with pytest.raises(EmptySelectionError, match="selects every analysis of 17"):
        MACM((0, 0, 0), seed_radius_mm=100, mask=mask).fit(laird)
    whole = np.ones(Mask.from_image(mask).n_voxels, bool)
    with pytest.raises(EmptySelectionError, match="the seed region selects no"):
        MACM(whole, min_proportion=1, mask=mask).fit(laird)


BAD = {
    "nothing": (None, OptionError, "seed must be a coordinate"),
    "NaN": ((0, np.nan, 0), OptionError, "finite coordinates"),
    "infinite": ([0, 0, np.inf], OptionError, "finite coordinates"),
    "two numbers": ((0, 0), ImageError, ""),
    "texts": (("a", "b", "c"), NeurosynthError, ""),
    "two places": ([(0, 0, 0), (8, 0, 0)], NeurosynthError, ""),
    "a number": (3, ImageError, "got int"),
    "a number of numpy": (np.array(3.0), NeurosynthError, ""),
    "no file": ("none.nii.gz", ImageError, "no image file at none"),
    "another length": (np.ones(7, bool), ImageError, "voxels"),
    "an empty image": (
        nib.Nifti1Image(np.zeros((4, 4, 4), "u1"), np.eye(4)),
        ImageError,
        "empty",
    ),
    "elsewhere": (
        nib.Nifti1Image(
            np.ones((4, 4, 4), "u1"), np.diag([2, 2, 2, 1]) + 900 * np.eye(4, k=3)
        ),
        ImageError,
        "no voxel",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_seeds_that_are_none(laird, mask, case):
    seed, error, message = BAD[case]
    with pytest.raises(error, match=message or None):
        MACM(seed, mask=mask).fit(laird)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed_radius_mm": -1}, "seed_radius_mm"),
        ({"seed_radius_mm": 101}, "seed_radius_mm"),
        ({"seed_radius_mm": np.nan}, "seed_radius_mm"),
        ({"seed_radius_mm": "6"}, "seed_radius_mm"),
        ({"seed_radius_mm": None}, "seed_radius_mm"),
        ({"min_voxels": 0}, "min_voxels"),
        ({"min_proportion": 2}, "min_proportion"),
        ({"min_voxels": 3, "min_proportion": 0.1}, "not both"),
        ({"prior": 2}, "prior"),
        ({"min_studies": -1}, "min_studies"),
        ({"kernel__value": 3}, "value 1"),
    ],
    ids=str,
)
def test_impossible_options(laird, mask, options, message):
    with pytest.raises(OptionError, match=message):
        MACM(PLACE, mask=mask, **options).fit(laird)


def test_unknown_null_methods():
    with pytest.raises(OptionError, match="fwe_null_method must be"):
        MACM(PLACE, fwe_null_method="foci")


@pytest.mark.parametrize(
    "use",
    [
        lambda made: made.views_,
        lambda made: made.groups_of(0),
        lambda made: made.correct_fwe_montecarlo(None),
    ],
)
def test_not_fitted(use):
    with pytest.raises(OptionError, match="has not been fitted"):
        use(MACM(PLACE))


@pytest.mark.parametrize("wrong", [None, 3, {"x": 1}, np.zeros(3)], ids=str)
def test_no_studyset(wrong):
    with pytest.raises(NeurosynthError):
        MACM(PLACE).fit(wrong)

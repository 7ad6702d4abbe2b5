"""Wrong input is refused with a message that says what was wrong and what to do."""

import nibabel as nib
import numpy as np
import pytest
from nimare.correct import FWECorrector
from nimare.meta.cbma.mkda import MKDAChi2
from nimare.meta.kernel import ALEKernel, KDAKernel, MKDAKernel
from nimare.studyset import Studyset

from nimare_neurosynth import NeurosynthChi2, TermMeta
from nimare_neurosynth.errors import (
    FormatError,
    ImageError,
    NeurosynthError,
    NeurosynthWarning,
    OptionError,
    SelectionError,
)
from tests.estimators.conftest import nimads
from tests.estimators.same import check_equal, check_maps
from tests.oracles import quietly

NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize("kind", [NeurosynthChi2, lambda: TermMeta("a")])
@pytest.mark.parametrize(
    "use",
    [
        lambda made: made.views_,
        lambda made: made.pooled(),
        lambda made: made.groups_of(0),
        lambda made: made.correct_fwe_montecarlo(None),
    ],
)
def test_not_fitted(kind, use):
    with pytest.raises(OptionError, match="has not been fitted"):
        use(kind())


# ----------------------------------------------------------------------------- groups


@pytest.mark.parametrize(
    "wrong", [None, 3, 1.5, [], {}, {"x": 1}, {"studies": 5}, np.zeros(3), b"a.json"]
)
@pytest.mark.parametrize("first", [True, False])
def test_no_studyset(groups, wrong, first):
    parts = (wrong, groups[0]) if first else (groups[0], wrong)
    with pytest.raises((OptionError, FormatError)) as caught:
        NeurosynthChi2().fit(*parts)
    assert type(wrong).__name__ in str(caught.value) or "NIMADS" in str(caught.value)
    with pytest.raises((OptionError, FormatError)):
        TermMeta("a").fit(wrong)


def test_no_file(groups, tmp_path):
    for wrong in (tmp_path / "none.json", str(tmp_path / "none.json"), tmp_path):
        with pytest.raises(NeurosynthError):
            NeurosynthChi2().fit(groups[0], wrong)


def test_an_empty_group(laird, groups):
    empty = laird.select_analyses(np.zeros(17, dtype=bool))
    for parts in ((groups[0], empty), (empty, groups[0]), (empty, empty)):
        with pytest.raises(SelectionError, match="none of the 0 analyses"):
            NeurosynthChi2().fit(*parts)


def test_a_group_without_coordinates(groups, made):
    silent = made({"1": {"a": []}, "2": {"a": [], "b": []}})
    for parts in ((groups[0], silent), (silent, groups[0])):
        with pytest.raises(SelectionError, match="none of the 3 analyses"):
            NeurosynthChi2().fit(*parts)


def test_analyses_without_coordinates(made, scattered):
    one = made({"1": {"a": scattered(1), "b": []}, "2": {"a": scattered(2)}})
    two = made({str(i): {"a": scattered(i)} for i in (3, 4)})
    result = NeurosynthChi2(kernel__r=6).fit(one, two)
    assert result.estimator.inputs_["id1"] == ["1-a", "2-a"]
    check_maps(result, quietly(MKDAChi2(kernel__r=6).fit, one, two))
    with pytest.raises(SelectionError, match="1 of 3 analyses have no coordinates"):
        NeurosynthChi2().fit(one, two, drop_invalid=False)
    NeurosynthChi2(kernel__r=6).fit(two, one.slice(["1-a"]), drop_invalid=False)


def test_overlapping_groups(laird, groups, laird_path):
    for other, n in ((laird, 8), (groups[0], 8), (laird_path, 8)):
        with pytest.raises(SelectionError, match=f"{n} analyses are in both groups"):
            NeurosynthChi2().fit(groups[0], other)
    with pytest.raises(SelectionError) as caught:
        NeurosynthChi2().fit(laird, groups[1])
    assert "np.str_" not in str(caught.value)


def test_a_study_in_both_groups(made, scattered, mask):
    one = made({"1": {"a": scattered(1), "b": scattered(2)}, "2": {"a": scattered(3)}})
    two = made({"1": {"c": scattered(4)}}, name="two")
    with pytest.warns(NeurosynthWarning, match="groups are not independent") as seen:
        result = NeurosynthChi2(mask=mask).fit(one, two)
    assert "np.str_" not in str(seen[0].message)
    assert seen[0].filename == __file__
    corrected = FWECorrector(method="montecarlo", n_iters=3).transform(result)
    assert len(corrected.maps) > len(result.maps)


# ------------------------------------------------------------------------------- foci


def test_foci_without_coordinates(scattered):
    def document(points):
        studies = {"1": {"a": points}, "2": {"a": scattered(2)}}
        return nimads(studies)

    other = nimads({str(i): {"a": scattered(i)} for i in (3, 4)})
    full = NeurosynthChi2(kernel__r=6).fit(document(scattered(1)), other)
    holed = document([*scattered(1), (NAN, 0.0, 2.0)])
    with pytest.warns(NeurosynthWarning, match="1 foci without coordinates are left"):
        result = NeurosynthChi2(kernel__r=6).fit(holed, other)
    check_equal(result, full)


def test_foci_in_several_spaces(nback, mask):
    """Without a space to bring them to they are no map of anything."""
    raw = quietly(Studyset, nback.store, target=None)
    first = nback.store.study_idx % 2 == 0
    parts = raw.select_analyses(first), raw.select_analyses(~first)
    with pytest.raises(ValueError, match="Mixed coordinate spaces"):
        quietly(MKDAChi2(mask=mask).fit, *parts)
    with pytest.raises(NeurosynthError, match="spaces"):
        NeurosynthChi2(mask=mask).fit(*parts)


def test_foci_outside_of_the_mask(made, scattered, mask):
    """They are no activation, and their studies count all the same."""
    one = made({"1": {"a": [(500, 0, 0)]}, "2": {"a": scattered(2)}})
    two = made({"3": {"a": [(0, 0, 900), (0, 0, 0)]}, "4": {"a": scattered(4)}})
    check_maps(
        NeurosynthChi2(mask=mask).fit(one, two),
        quietly(MKDAChi2(mask=mask).fit, one, two),
    )


def test_no_focus_inside_of_the_mask(made, scattered, mask):
    one = made({"1": {"a": [(500, 0, 0)]}, "2": {"a": [(0, 900, 0)]}})
    two = made({"3": {"a": scattered(3)}, "4": {"a": scattered(4)}})
    result = NeurosynthChi2(mask=mask).fit(one, two)
    for name, values in result.maps.items():
        assert np.isfinite(values).all(), name
    assert (result.maps["p_desc-uniformity"] == 1).all()
    assert (result.maps["z_desc-association"] <= 0).all()
    corrected = FWECorrector(method="montecarlo", n_iters=3).transform(result)
    assert all(np.isfinite(values).all() for values in corrected.maps.values())


def test_groups_of_one(made, scattered, mask):
    one, two = (made({str(i): {"a": scattered(i)}}) for i in (1, 2))
    result = NeurosynthChi2(mask=mask).fit(one, two)
    z = result.maps["z_desc-association"]
    shared = result.maps["prob_desc-A"] == 1  # NiMARE has a chi-square of 2 there
    assert (z[shared] == 0).all()
    assert set(np.round(z[result.maps["prob_desc-A"] == 0.5] ** 2, 4)) == {2}
    corrected = FWECorrector(method="montecarlo", n_iters=4).transform(result)
    p = corrected.maps["p_desc-association_level-voxel_corr-FWE_method-montecarlo"]
    assert (p == 1).all()


# ---------------------------------------------------------------------------- options


@pytest.mark.parametrize("prior", [-0.1, 1, 1.5, "half", NAN, INF, [0.5], True])
def test_prior(groups, mask, prior):
    with pytest.raises(OptionError, match="prior must be"):
        NeurosynthChi2(mask=mask, prior=prior).fit(*groups)


@pytest.mark.parametrize("prior", [np.float32(0.5), np.float64(0.5), 0.5])
def test_priors_that_are_numbers(groups, mask, ours, prior):
    check_equal(NeurosynthChi2(mask=mask, prior=prior).fit(*groups), ours)


@pytest.mark.parametrize("least", [-1, -0.01, "3", NAN, INF, None, True, [1]])
def test_min_studies(groups, mask, ours, least):
    with pytest.raises(OptionError, match="min_studies must be"):
        NeurosynthChi2(mask=mask, min_studies=least).fit(*groups)
    if least is not None:  # NiMARE leaves out what is None
        corrector = FWECorrector(method="montecarlo", n_iters=2, min_studies=least)
        with pytest.raises(OptionError, match="min_studies must be"):
            corrector.transform(ours)


def test_more_studies_than_there_are(groups, mask, ours):
    result = NeurosynthChi2(mask=mask, min_studies=1000).fit(*groups)
    assert not result.maps["z_desc-association"].any()
    for least, of in ((1000, ours), (0.01, result)):
        corrector = FWECorrector(method="montecarlo", n_iters=2, min_studies=least)
        corrected = corrector.transform(of)
        for name, values in corrected.maps.items():
            if name.startswith("p_") and "_corr-" in name:
                assert (values == 1).all(), name


@pytest.mark.parametrize(
    "options",
    [
        {"kernel__value": 2},
        {"kernel__value": 0},
        {"kernel_transformer": KDAKernel},
        {"kernel_transformer": ALEKernel()},
        {"kernel_transformer": MKDAKernel(value=3)},
    ],
    ids=str,
)
def test_kernels_that_make_no_spheres_of_one(groups, options):
    with pytest.raises(OptionError, match="kernel must be an MKDAKernel with value 1"):
        NeurosynthChi2(**options).fit(*groups)


@pytest.mark.parametrize("r", [-3, NAN, 1000])
def test_radius(groups, mask, r):
    with pytest.raises(OptionError, match="radius_mm"):
        NeurosynthChi2(mask=mask, kernel__r=r).fit(*groups)


@pytest.mark.parametrize("kind", [NeurosynthChi2, TermMeta])
@pytest.mark.parametrize("method", ["foci", None, 3])
def test_fwe_null_method(kind, method):
    with pytest.raises(ValueError, match="fwe_null_method must be"):
        kind(fwe_null_method=method)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"voxel_thresh": 0.0}, "voxel_thresh must be"),
        ({"voxel_thresh": 1}, "voxel_thresh must be"),
        ({"voxel_thresh": -0.1}, "voxel_thresh must be"),
        ({"voxel_thresh": "0.001"}, "voxel_thresh must be"),
        ({"voxel_thresh": NAN}, "voxel_thresh must be"),
        ({"strata": "yeer"}, "'yeer'.*Close matches: 'year'"),
        ({"strata": ["peaks", "nothing"]}, "'nothing'"),
        ({"strata": [1, 2, 3]}, "each of the 17 analyses"),
        ({"strata": np.zeros((17, 2))}, "each of the 17 analyses"),
        ({"strata": []}, "strata"),
        ({"strata": 5}, "strata"),
        ({"strata": ["year", 3]}, "strata"),
    ],
    ids=str,
)
def test_options_of_the_correction(ours, options, message):
    corrector = FWECorrector(method="montecarlo", **{"n_iters": 2, **options})
    with pytest.raises(OptionError, match=message):
        corrector.transform(ours)


@pytest.mark.parametrize("n", [0, -1, 2.5, "many", True, None])
def test_number_of_iterations(ours, n):
    with pytest.raises(OptionError, match="n_iters must be"):
        ours.estimator.correct_fwe_montecarlo(ours, n_iters=n)


def test_numbers_of_numpy(ours):
    options = {"n_iters": np.int64(2), "min_studies": np.float32(0.5)}
    options |= {"voxel_thresh": np.float32(0.5), "n_cores": np.int64(1)}
    FWECorrector(method="montecarlo", **options).transform(ours)


def test_strata_are_not_for_random_foci(groups, mask):
    result = NeurosynthChi2(mask=mask, fwe_null_method="random-foci").fit(*groups)
    corrector = FWECorrector(method="montecarlo", n_iters=2, strata="year")
    with pytest.raises(OptionError, match="not for random foci"):
        corrector.transform(result)


def test_unknown_options_of_the_correction(ours):
    corrector = FWECorrector(method="montecarlo", n_iters=2, stratum="year")
    with pytest.raises(TypeError, match=r"'stratum'.*strata"):
        corrector.transform(ours)


# ------------------------------------------------------------------------------- masks


def test_masks_that_are_none(groups, mask, tmp_path):
    with pytest.raises((FileNotFoundError, ValueError)):
        NeurosynthChi2(mask=str(tmp_path / "none.nii")).fit(*groups)
    with pytest.raises((ValueError, TypeError)):
        NeurosynthChi2(mask=3).fit(*groups)


def test_an_empty_mask(groups, mask):
    empty = nib.Nifti1Image(np.zeros(mask.shape, np.uint8), mask.affine)
    with pytest.raises((ImageError, ValueError)):
        NeurosynthChi2(mask=empty).fit(*groups)


def test_masks_of_regions(groups, laird):
    """NiMARE's estimators can take labels for voxels; what is counted here cannot."""
    from nilearn.maskers import NiftiLabelsMasker

    labels = NiftiLabelsMasker(laird.masker.mask_img)
    for estimator in (NeurosynthChi2(mask=labels),):
        with pytest.raises((OptionError, ValueError), match="NiftiMasker"):
            estimator.fit(*groups)


def test_maps_of_main_effects_of_another_grid(groups, mask):
    with pytest.raises(ValueError, match="inference_map1"):
        NeurosynthChi2(mask=mask).fit(*groups, inference_map1=np.zeros(5))

"""The maps of NeurosynthChi2 are those of NiMARE's MKDAChi2."""

import nibabel as nib
import numpy as np
import pytest
from nimare.correct import FDRCorrector
from nimare.diagnostics import FocusFilter
from nimare.meta.cbma.mkda import MKDAChi2
from nimare.studyset import Studyset

from nimare_neurosynth import NeurosynthChi2
from nimare_neurosynth.errors import NeurosynthWarning
from tests.benchmarks.peers import nimare_studyset
from tests.estimators.same import active, check_equal, check_maps, coarse, halves
from tests.oracles import quietly


def both(group1, group2, **options):
    """Fit ours and theirs."""
    theirs = quietly(MKDAChi2(**options).fit, group1, group2)
    return NeurosynthChi2(**options).fit(group1, group2), theirs


@pytest.mark.parametrize("radius", [6, 10])
def test_the_laird_studies(groups, radius):
    ours, theirs = both(*groups, kernel__r=radius)
    here = check_maps(ours, theirs)
    assert 0 < np.count_nonzero(here) < len(here)
    # not only close: NiMARE's float32 values themselves
    for name, values in ours.maps.items():
        np.testing.assert_array_equal(values[here], theirs.maps[name][here])


@pytest.mark.parametrize("prior", [None, 0, 0.3, 0.5])
def test_priors(groups, mask, prior):
    ours, theirs = both(*groups, mask=mask, prior=prior)
    check_maps(ours, theirs)
    assert ("prob_desc-FgA_prior" in ours.maps) == bool(prior)


@pytest.mark.parametrize("radius", [6, 10])
def test_several_analyses_of_studies_in_several_spaces(nback, radius):
    names = {str(name).upper() for name in nback.store.space_dict.categories}
    assert any("TAL" in name for name in names)
    assert any("MNI" in name for name in names)
    assert nback.store.n_analyses > 2 * nback.store.n_studies
    study = nback.store.study_idx % 2 == 0
    parts = nback.select_analyses(study), nback.select_analyses(~study)
    ours, theirs = both(*parts, kernel__r=radius)
    check_maps(ours, theirs)
    # analyses without foci are passed over by both
    for name in ("id1", "id2"):
        assert ours.estimator.inputs_[name] == theirs.estimator.inputs_[name]


def test_a_small_group_of_a_large_studyset(nback, mask):
    few = np.arange(len(nback.ids)) < 5
    parts = nback.select_analyses(few), nback.select_analyses(~few)
    ours, theirs = both(*parts, mask=mask)
    check_maps(ours, theirs)
    check_maps(*both(*reversed(parts), mask=mask))


def test_studysets_that_were_read_twice(groups, laird_path, mask):
    other = halves(quietly(Studyset, str(laird_path)))
    assert other[1].store is not groups[1].store
    ours, theirs = both(groups[0], other[1], mask=mask)
    check_maps(ours, theirs)
    check_equal(ours, NeurosynthChi2(mask=mask).fit(*groups))


def test_different_studysets(laird, nback, mask):
    ours, theirs = both(laird, nback, mask=mask, kernel__r=6)
    check_maps(ours, theirs)
    check_maps(*both(nback, laird, mask=mask, kernel__r=6))


def test_order_of_analyses_does_not_matter(groups, mask):
    turned = groups[1].slice(list(groups[1].ids)[::-1])
    one = NeurosynthChi2(mask=mask).fit(*groups)
    check_equal(one, NeurosynthChi2(mask=mask).fit(groups[0], turned))


def test_filtered_foci(laird, mask):
    filtered = quietly(FocusFilter(mask).transform, laird)
    assert filtered.view.point_mask is not None
    check_maps(*both(*halves(filtered), mask=mask))


@pytest.mark.parametrize("which", [(True, False), (False, True), (True, True)])
def test_foci_of_each_group_filtered_differently(groups, mask, which):
    """Views of one store can hide different foci."""
    rng = np.random.default_rng(1)
    parts = [
        group.select_points(rng.random(group.store.n_points) < 0.6) if hide else group
        for group, hide in zip(groups, which, strict=True)
    ]
    before = NeurosynthChi2(mask=mask).fit(*groups)
    check_maps(*both(*parts, mask=mask))
    check_equal(before, NeurosynthChi2(mask=mask).fit(*groups))


def test_one_store_in_two_spaces(nback, mask):
    """Coordinates are brought to the space of each studyset, not of its store."""
    names = np.array(nback.store.space_dict.categories)
    analysis = np.repeat(np.arange(906), np.diff(nback.store.point_offsets))
    other = names[nback.store.point_space] != "TAL"
    talairach = np.bincount(analysis[other], minlength=906) == 0
    first = nback.store.study_idx % 2 == 0
    raw = quietly(Studyset, nback.store, target=None)
    results = {}
    for name, studyset in (("mni", nback), ("raw", raw), ("again", nback)):
        parts = [studyset.select_analyses(talairach & part) for part in (first, ~first)]
        results[name], theirs = both(*parts, mask=mask)
        check_maps(results[name], theirs)
    check_equal(results["mni"], results["again"])
    one, two = (results[i].maps["z_desc-association"] for i in ("mni", "raw"))
    assert (one != two).any()


def half_a_brain(image):
    inside = (np.asarray(image.dataobj) > 0).astype(np.uint8)
    inside[: inside.shape[0] // 2] = 0
    return nib.Nifti1Image(inside, image.affine)


@pytest.mark.parametrize(
    "change", [half_a_brain, coarse, lambda image: coarse(image, 3)]
)
def test_a_mask_of_the_user(laird, groups, change):
    chosen = change(laird.masker.mask_img)
    ours, theirs = both(*groups, mask=chosen)
    check_maps(ours, theirs)
    assert len(ours.maps["z_desc-association"]) == int(chosen.get_fdata().sum())
    assert ours.get_map("z_desc-association").shape == chosen.shape


def test_a_mask_in_a_file(groups, mask, ours, tmp_path):
    path = tmp_path / "mask.nii.gz"
    mask.to_filename(path)
    check_equal(NeurosynthChi2(mask=str(path)).fit(*groups), ours)


def test_the_mask_of_the_studysets(laird_path, mask, ours):
    groups = halves(quietly(Studyset, str(laird_path), mask=mask))
    check_equal(NeurosynthChi2().fit(*groups), ours)


def test_maps_of_main_effects_gate_the_contrast(groups, mask, ours):
    z = ours.maps["z_desc-association"]
    inside = [(np.arange(len(z)) % k == 0).astype(float) for k in (2, 3)]
    for one, two in ([*inside], (inside[0], None), (None, inside[1])):
        maps = {"inference_map1": one, "inference_map2": two}
        result = NeurosynthChi2(mask=mask).fit(*groups, **maps)
        check_maps(result, quietly(MKDAChi2(mask=mask).fit, *groups, **maps))


def test_activations_given_are_not_needed(groups, mask, ours):
    given = NeurosynthChi2(mask=mask).fit(*groups, ma_maps1="anything", ma_maps2=1)
    check_equal(given, ours)


def test_one_estimator_for_several_fits(laird, groups, nback, mask, ours):
    estimator = NeurosynthChi2(mask=mask)
    other = estimator.fit(*halves(nback))
    check_equal(estimator.fit(*groups), ours)
    # the result of the first fit keeps what it was made of
    assert len(other.estimator.inputs_["id1"]) > len(laird.ids)
    finer = estimator.set_params(mask=None).fit(*groups)
    assert len(finer.maps["z_desc-association"]) == 228483


def test_voxels_that_few_analyses_activate(groups, mask, ours):
    n = round(float(17 * ours.maps["prob_desc-A"].max()))
    for least, number in ((3, 3), (0.2, 4), (1, 1), (n, n), (0, 0)):
        result = NeurosynthChi2(mask=mask, min_studies=least).fit(*groups)
        kept = np.round(ours.maps["prob_desc-A"] * 17) >= max(number, 1)
        assert kept.any()
        for name, values in result.maps.items():
            nothing = 1 if name.startswith("p_") else 0
            expected = np.where(kept, ours.maps[name], np.float32(nothing))
            np.testing.assert_array_equal(values, expected, err_msg=name)


def test_studies_in_both_groups_through_different_analyses(made, scattered):
    one = made({"1": {"a": scattered(1), "b": scattered(2)}, "2": {"a": scattered(3)}})
    parts = one.slice(["1-a"]), one.slice(["1-b", "2-a"])
    with pytest.warns(NeurosynthWarning, match="1 studies are in both groups.*'1'"):
        ours = NeurosynthChi2(kernel__r=6).fit(*parts)
    check_maps(ours, quietly(MKDAChi2(kernel__r=6).fit, *parts))


def test_a_topic_of_version_7(v7, tmp_path):
    """And its false discovery rate: NiMARE's, to the voxel."""
    selection = v7.select("LDA50:9_memory_working_wm >= 0.05")
    studyset = nimare_studyset(v7, tmp_path)
    chosen = np.isin([i.removesuffix("-1") for i in studyset.ids], selection.ids)
    assert np.count_nonzero(chosen) == len(selection.ids)
    ours, theirs = both(
        studyset.select_analyses(chosen), studyset.select_analyses(~chosen), kernel__r=6
    )
    here = check_maps(ours, theirs)
    assert active(ours).sum() > 220_000
    corrector = FDRCorrector(method="indep")
    ours, theirs = corrector.transform(ours), quietly(corrector.transform, theirs)
    name = "p_desc-association_level-voxel_corr-FDR_method-indep"
    for q in (0.01, 0.05):
        significant = ours.maps[name] <= q
        np.testing.assert_array_equal(significant, theirs.maps[name] <= q)
        assert significant[here].sum() > 1000

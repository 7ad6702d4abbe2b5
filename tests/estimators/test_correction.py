"""Correctors of NiMARE on our results: the same maps, the same null distributions."""

import numpy as np
import pytest
from nimare.correct import FDRCorrector, FWECorrector
from nimare.meta.cbma.mkda import MKDAChi2
from scipy import ndimage, sparse
from scipy.stats import chi2, ks_2samp

from nimare_neurosynth import NeurosynthChi2
from nimare_neurosynth.inference import draw_groups
from tests.estimators.same import FWE, active, check_equal, montecarlo, nulls_of
from tests.oracles import benjamini_hochberg, quietly

TESTS = ("uniformity", "group1", "group2", "association")
CONNECTED = ndimage.generate_binary_structure(3, 1)
FDR = "_level-voxel_corr-FDR_method-indep"


# ---------------------------------------------------------------- false discoveries


@pytest.mark.parametrize("method", ["indep", "negcorr"])
def test_fdr_is_nimares_but_for_voxels_that_nothing_activates(ours, fitted, method):
    corrector = FDRCorrector(method=method)
    theirs = quietly(corrector.transform, fitted)
    here = active(fitted)
    like_theirs = ours.copy()
    for name in TESTS:
        kind = f"p_desc-{name}"
        values = ours.maps[kind].copy()
        values[~here] = fitted.maps[kind][~here]
        if name == "association":
            np.testing.assert_allclose(values[~here], chi2.sf(2, 1), rtol=1e-6)
        like_theirs.maps[kind] = values
    corrected = corrector.transform(like_theirs)
    added = set(theirs.maps) - set(fitted.maps)
    assert set(corrected.maps) == set(theirs.maps)
    assert len(added) == 12
    for name in added:
        np.testing.assert_array_equal(
            corrected.maps[name][here], theirs.maps[name][here], err_msg=name
        )


@pytest.mark.parametrize("q", [0.01, 0.05])
def test_fdr_finds_what_nimare_finds(ours, fitted, q):
    corrector = FDRCorrector(method="indep", alpha=q)
    theirs = quietly(corrector.transform, fitted)
    corrected = corrector.transform(ours)
    for name in TESTS:
        found = corrected.maps[f"p_desc-{name}{FDR}"] <= q
        np.testing.assert_array_equal(found, theirs.maps[f"p_desc-{name}{FDR}"] <= q)
        limit = benjamini_hochberg(ours.maps[f"p_desc-{name}"].astype(float), q)
        np.testing.assert_array_equal(found, ours.maps[f"p_desc-{name}"] <= limit)
    assert (corrected.maps[f"p_desc-uniformity{FDR}"] <= q).any()
    assert f"q = {q:g}" in corrected.description_
    assert "false discovery rate" in corrected.description_
    assert ours.description_ in corrected.description_


def test_bonferroni(ours, fitted):
    corrector = FWECorrector(method="bonferroni")
    corrected, theirs = corrector.transform(ours), quietly(corrector.transform, fitted)
    assert set(corrected.maps) == set(theirs.maps)
    here = active(fitted)
    for name in set(theirs.maps) - set(fitted.maps):
        np.testing.assert_array_equal(
            corrected.maps[name][here], theirs.maps[name][here]
        )
    assert "Bonferroni" in corrected.description_


# ------------------------------------------------------------------ family-wise error


@pytest.fixture(scope="module")
def pooled(fitted):
    """Give NiMARE's activations of both groups, a row for each analysis."""
    inputs = fitted.estimator.inputs_
    rows = {}
    for i in "12":
        table = inputs[f"coordinates{i}"]
        maps = fitted.estimator.kernel_transformer.transform(
            table, fitted.estimator.masker, return_type="sparse"
        )
        rows |= dict(zip(np.unique(table["id"]), sparse.csr_array(maps), strict=True))
    return sparse.vstack(
        [rows[i] for i in (*inputs["id1"], *inputs["id2"])], format="csr"
    )


def statistics_of(fitted, pooled, first, threshold):
    """Let NiMARE compute the largest values for analyses as group 1."""
    inside = np.zeros(pooled.shape[0], dtype=bool)
    inside[first] = True
    counts = [pooled[inside].sum(axis=0), pooled[~inside].sum(axis=0)]
    sizes = [inside.sum(), (~inside).sum()]
    found = quietly(
        fitted.estimator._compute_chi2_perm_stats,
        *(counts[0], sizes[0], counts[1], sizes[1]),
        CONNECTED,
        threshold,
    )
    return np.array(found, dtype=float)  # 3 values each of group 1, 2, association


@pytest.mark.parametrize("p", [0.001, 0.05])
def test_nulls_are_what_nimare_computes_for_the_same_draws(ours, fitted, pooled, p):
    corrected = montecarlo(ours, n_iters=12, voxel_thresh=p)
    first = np.arange(17) < len(ours.estimator.inputs_["id1"])
    draws = draw_groups(first, np.ones(17, bool), n_draws=12)
    expected = [statistics_of(fitted, pooled, one, chi2.isf(p, 1)) for one in draws]
    # the largest chi-square of NiMARE may be that of voxels that nothing activates: 2
    expected = np.array(expected)
    np.testing.assert_allclose(nulls_of(corrected), expected, rtol=1e-4, atol=1e-3)
    assert (expected[:, [1, 4, 7]] > 0).any(axis=0).all()


def test_nimare_permutes_labels_alike(ours, fitted, pooled):
    """Its own permutations, by its own method, and many of ours."""
    mine = nulls_of(montecarlo(ours, n_iters=400))
    theirs = np.array(
        [
            quietly(
                fitted.estimator._run_label_perm_fwe_permutation,
                i,
                sparse.csr_matrix(pooled),
                len(ours.estimator.inputs_["id1"]),
                len(ours.estimator.inputs_["id2"]),
                CONNECTED,
                chi2.isf(0.001, 1),
            )
            for i in range(40)
        ]
    )
    for k in range(9):
        assert ks_2samp(mine[:, k].round(3), theirs[:, k].round(3)).pvalue > 0.001


def test_random_foci_are_distributed_as_nimares_were_meant_to_be(groups, mask):
    options = {"mask": mask, "fwe_null_method": "random-foci", "random_state": 0}
    mine = montecarlo(
        NeurosynthChi2(**options).fit(*groups), n_iters=60, voxel_thresh=0.05
    )
    theirs = quietly(MKDAChi2(**options).fit, *groups)
    estimator = theirs.estimator
    for i in "12":
        # as long as the voxels stand in the tables, NiMARE's kernel does not look at
        # the places that were drawn: each of its "random" maps is the observed one
        del estimator.inputs_[f"coordinates{i}"]["i"]
    options = {"n_iters": 30, "voxel_thresh": 0.05}
    quietly(estimator.correct_fwe_montecarlo, theirs, **options)
    theirs = nulls_of(theirs)
    assert len(np.unique(theirs[:, 0])) > 20
    for k in range(9):
        one, other = nulls_of(mine)[:, k], theirs[:, k]
        assert ks_2samp(one.round(3), other.round(3)).pvalue > 0.001


def test_p_values_are_shares_of_draws(ours):
    """Clusters are labelled, measured and compared by NiMARE, with our null."""
    n = 60
    corrected = montecarlo(ours, n_iters=n, voxel_thresh=0.05)
    kept = corrected.estimator.null_distributions_
    here = active(ours)
    for name, short in (
        ("uniformity", "pAgF"),
        ("group2", "group2"),
        ("association", "pFgA"),
    ):
        voxel, size, mass = (
            kept[f"values_desc-{short}{what}_corr-fwe_method-montecarlo"]
            for what in ("_level-voxel", "size_level-cluster", "mass_level-cluster")
        )
        observed = ours.maps[f"chi2_desc-{name}"]
        # equal values are frequent, and must not differ by how they were rounded
        at_least = (voxel[:, None] >= observed * (1 - 1e-6)).sum(axis=0)
        p = corrected.maps[f"p_desc-{name}_level-voxel{FWE}"]
        expected = np.where(observed == 0, 1, (1 + at_least) / (1 + n))
        np.testing.assert_array_equal(p[here], expected.astype(np.float32)[here])
        threshold = chi2.isf(0.05, 1)
        _, by_size, by_mass = quietly(
            MKDAChi2._apply_correction,
            *(ours.estimator, observed, threshold),
            *(voxel, size, mass),
        )
        inside = observed > threshold
        assert inside.any()
        for kind, share in (("Size", by_size), ("Mass", by_mass)):
            p = corrected.maps[f"p_desc-{name}{kind}_level-cluster{FWE}"]
            assert (p[~inside] == 1).all()
            as_theirs = (p[inside].astype(float) * (1 + n) - 1) / n
            limits = 1 / n, 1 - 1 / n  # NiMARE has p from 1/n to 1 - 1/n
            np.testing.assert_allclose(
                np.clip(as_theirs, *limits), np.clip(share[inside], *limits), atol=1e-6
            )


def test_names_are_nimares(ours, fitted):
    theirs = quietly(FWECorrector(method="montecarlo", n_iters=2).transform, fitted)
    corrected = montecarlo(ours, n_iters=2)
    assert set(corrected.maps) == set(theirs.maps)
    kept = corrected.estimator.null_distributions_
    assert set(kept) == set(theirs.estimator.null_distributions_)
    assert len(set(corrected.maps) - set(ours.maps)) == 36
    for name, values in corrected.maps.items():
        assert np.isfinite(values).all(), name


def test_kinds_of_corrected_maps_agree(ours):
    corrected = montecarlo(ours, voxel_thresh=0.05)
    for name, p in corrected.maps.items():
        if not (name.startswith("p_") and name.endswith(FWE)):
            continue
        assert p.min() >= np.float32(1 / 21)
        assert p.max() <= 1
        rest = name.removeprefix("p_")
        logp, z = corrected.maps[f"logp_{rest}"], corrected.maps[f"z_{rest}"]
        np.testing.assert_allclose(logp, -np.log10(p), atol=1e-6)
        np.testing.assert_allclose(np.abs(z), np.sqrt(chi2.isf(p, 1)), atol=1e-5)
        test = next(t for t in TESTS if rest.startswith(f"desc-{t}"))
        sign = np.sign(ours.maps[f"z_desc-{test}"])
        assert (np.sign(z)[p < 1] == sign[p < 1]).all()
    # a voxel that is not in any cluster has p = 1
    size = corrected.maps[f"p_desc-uniformitySize_level-cluster{FWE}"]
    assert (size[ours.maps["p_desc-uniformity"] > 0.05] == 1).all()
    assert size.min() < 1


def test_threads_do_not_matter_and_seeds_do(groups, mask, ours):
    one, other = montecarlo(ours, n_cores=1), NeurosynthChi2(mask=mask).fit(*groups)
    other.estimator.pooled()[0].nulls.clear()
    check_equal(one, montecarlo(other, n_cores=-1))
    other.estimator.pooled()[0].nulls.clear()
    check_equal(one, montecarlo(other, n_cores=2))
    seeded = NeurosynthChi2(mask=mask, random_state=0).fit(*groups)
    check_equal(one, montecarlo(seeded))
    another = NeurosynthChi2(mask=mask, random_state=1).fit(*groups)
    assert (nulls_of(montecarlo(another)) != nulls_of(one)).any()


@pytest.mark.parametrize("method", ["label-permutation", "random-foci"])
def test_the_first_draws_of_many_are_those_of_few(groups, mask, method):
    result = NeurosynthChi2(mask=mask, fwe_null_method=method).fit(*groups)
    few, many = nulls_of(montecarlo(result, n_iters=5)), montecarlo(result, n_iters=10)
    np.testing.assert_array_equal(nulls_of(many)[:5], few)


def test_groups_of_equal_size_share_a_null(laird, mask):
    ids = np.arange(17)
    pool, found = None, []
    for chosen in (ids < 8, ids >= 9, ids % 2 == 1):
        parts = laird.select_analyses(chosen), laird.select_analyses(~chosen)
        corrected = montecarlo(NeurosynthChi2(mask=mask).fit(*parts), n_iters=15)
        pool = corrected.estimator.pooled()[0]
        found.append(nulls_of(corrected))
        before = len(pool.nulls)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    parts = laird.select_analyses(ids < 5), laird.select_analyses(ids >= 5)
    corrected = montecarlo(NeurosynthChi2(mask=mask).fit(*parts), n_iters=15)
    assert corrected.estimator.pooled()[0] is pool
    assert len(pool.nulls) == before + 1


def test_not_too_many_nulls_are_kept(ours):
    for n in range(1, 12):
        montecarlo(ours, n_iters=n, vfwe_only=True)
    assert len(ours.estimator.pooled()[0].nulls) <= 8


def test_single_voxels_only(ours):
    whole, single = montecarlo(ours), montecarlo(ours, vfwe_only=True)
    added = set(single.maps) - set(ours.maps)
    assert len(added) == 12
    assert all("_level-voxel" in name for name in added)
    for name in added:
        np.testing.assert_array_equal(single.maps[name], whole.maps[name])
    assert "voxel level" in single.description_
    assert "cluster" not in single.description_.partition("Family-wise")[2]


@pytest.mark.parametrize(("least", "number"), [(0.2, 4), (4, 4), (0, 1), (1, 1)])
def test_voxels_of_few_analyses_are_not_tested(ours, least, number):
    corrected = montecarlo(ours, min_studies=least, voxel_thresh=0.05)
    few = np.round(ours.maps["prob_desc-A"] * 17) < number
    assert few.any()
    for name, p in corrected.maps.items():
        if name.startswith("p_") and name.endswith(FWE):
            assert (p[few] == 1).all()
    tested = f"{np.count_nonzero(~few):,} voxels"
    assert tested in corrected.description_
    p = corrected.maps[f"p_desc-uniformity_level-voxel{FWE}"]
    assert (p[~few] < 1).any()


@pytest.fixture(scope="module")
def few_of_many(nback, mask):
    """Give the result of a small group in a large studyset, and how many there are."""
    few = nback.store.study_idx < 12
    parts = nback.select_analyses(few), nback.select_analyses(~few)
    result = NeurosynthChi2(mask=mask, kernel__r=6).fit(*parts)
    return result, sum(len(result.estimator.inputs_[i]) for i in ("id1", "id2"))


def test_rare_voxels_take_power(few_of_many):
    """What min_studies is for. NiMARE tests all voxels."""
    result, _ = few_of_many
    all_, some = (
        nulls_of(montecarlo(result, min_studies=k, vfwe_only=True))[:, 2]
        for k in (0, 0.05)
    )
    assert (some <= all_).all()
    assert np.median(some) < 0.7 * np.median(all_)


def test_the_default_least_number(few_of_many):
    result, n = few_of_many
    corrector = FWECorrector(method="montecarlo", n_iters=2, vfwe_only=True)
    tested = np.count_nonzero(np.round(result.maps["prob_desc-A"] * n) >= 0.01 * n)
    assert f"{tested:,} voxels" in corrector.transform(result).description_


def test_correction_says_what_it_did(ours):
    corrected = montecarlo(ours, n_iters=7, voxel_thresh=0.01)
    for part in ("Family-wise error", "7 times", "p < 0.01", "labels were permuted"):
        assert part in corrected.description_


def test_all_groups_drawn_from_few_analyses(made, scattered, mask):
    """Ties: with two analyses against two, each draw is one of six, and p says so."""
    studyset = made({str(i): {"1": scattered(i)} for i in range(4)})
    chosen = np.arange(4) < 2
    parts = studyset.select_analyses(chosen), studyset.select_analyses(~chosen)
    result = NeurosynthChi2(mask=mask).fit(*parts)
    n = 200
    corrected = montecarlo(result, n_iters=n)
    nulls = nulls_of(corrected)[:, 6]
    z = result.maps["z_desc-association"].astype(float)
    p = corrected.maps[f"p_desc-association_level-voxel{FWE}"]
    largest = np.abs(z).max()
    at_least = np.count_nonzero(np.sqrt(nulls) >= largest - 1e-5)
    assert p.min() == np.float32((1 + at_least) / (1 + n))
    assert p.min() > 0.2

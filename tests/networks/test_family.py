"""Family-wise error of the maps of a seed: what is found, and what is not."""

import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nimare_neurosynth import macm, meta_analysis
from nimare_neurosynth.database import About, Database, Peaks
from nimare_neurosynth.errors import EmptySelectionError, OptionError
from nimare_neurosynth.inference import (
    Groups,
    corrected_p,
    draw_groups,
    label_null,
    quantile_parts,
)
from nimare_neurosynth.meta import _family, family_wise
from nimare_neurosynth.networks import macm_null
from nimare_neurosynth.space import Mask, sphere_voxels
from tests.oracles import brain_block, quietly, random_database, two_sided_p

MASK = brain_block((13, 12, 11), 4.0)
NEAR = {"mask": MASK, "seed_radius_mm": 14}
FEW = {**NEAR, "n_permutations": 19}
TESTS = ("association", "uniformity")
LEVELS = ("voxel", "size", "mass")
TINY = Mask.from_array(np.ones((5, 5, 4)), np.diag([8.0, 8, 8, 1]))


@pytest.fixture(scope="module")
def made():
    return random_database()


@pytest.fixture(scope="module")
def null(made):
    return macm_null(made, (0, 0, 0), cluster_p=0.01, **FEW)


@pytest.fixture
def drawn(monkeypatch):
    """Keep the draws, and what they are of."""
    kept = []

    def keep(groups, draws, **options):
        kept.append((groups, draws))
        return label_null(groups, draws, **options)

    monkeypatch.setattr(_family, "label_null", keep)
    return kept


# ---------------------------------------------------------------------- observed values


@pytest.mark.parametrize("least", [1, 5, 0.01, 0.1])
def test_observed_z_is_that_of_the_maps(made, least):
    null = macm_null(made, (0, 0, 0), min_studies=least, clusters=False, **FEW)
    maps = macm(made, (0, 0, 0), **NEAR)
    number = least if least >= 1 else np.ceil(least * 118)
    tested = maps.totals >= number
    assert 0 < tested.sum() < MASK.n_voxels or least == 0.01
    for test in TESTS:
        expected = np.where(tested, maps[f"z_desc-{test}"], 0)
        np.testing.assert_allclose(null.z[test], expected, atol=1e-12)
        assert (null.p(test)[~tested] == 1).all()
    assert null.facts["n_voxels_tested"] == tested.sum()
    assert null.facts["min_studies"] == number


def test_observed_z_within_a_universe(made):
    options = {"universe": "labela | labelb", "threshold": 0.1}
    null = macm_null(made, (0, 0, 0), min_studies=1, **FEW, **options)
    maps = quietly(macm, made, (0, 0, 0), **NEAR, **options)
    for test in TESTS:
        np.testing.assert_allclose(null.z[test], maps[f"z_desc-{test}"], atol=1e-12)


def test_seeds_of_every_kind(made):
    chosen = made.select(near=(0, 0, 0), radius_mm=14)
    region = sphere_voxels((0, 0, 0), 5, MASK)
    one = macm_null(made, chosen, mask=MASK, n_permutations=19)
    same(one, macm_null(made, (0, 0, 0), **FEW))
    by_region = macm_null(made, MASK.to_image(region), min_voxels=3, **FEW)
    active = made.activations(mask=MASK).count_in(region) >= 3
    direct = family_wise(
        *(made, active, made.has_peaks),
        mask=MASK,
        strata="peaks",
        n_permutations=19,
        min_studies=2,
        radius_mm=6,
        talairach="icbm_spm",
    )
    same(by_region, direct)


def same(one, other):
    for test in TESTS:
        np.testing.assert_array_equal(one.z[test], other.z[test])
        for level in LEVELS:
            np.testing.assert_array_equal(one.p(test, level), other.p(test, level))


def test_the_place_of_the_seed_is_not_tested(made):
    null = macm_null(made, (0, 0, 0), leave_out_seed=True, **FEW)
    plain = macm_null(made, (0, 0, 0), **FEW)
    place = sphere_voxels((0, 0, 0), 14, MASK)
    for test in TESTS:
        assert not null.z[test][place].any()
        for level in LEVELS:
            assert (null.p(test, level)[place] == 1).all()
        np.testing.assert_array_equal(null.z[test][~place], plain.z[test][~place])
    gone = plain.facts["n_voxels_tested"] - null.facts["n_voxels_tested"]
    assert 0 < gone <= place.sum()


# -------------------------------------------------------------------------------- draws


def test_p_is_that_of_the_largest_of_the_draws(made, null, drawn):
    again = macm_null(made, (0, 0, 0), cluster_p=0.01, **FEW)
    [(groups, draws)] = drawn
    expected = label_null(groups, draws, mask=MASK, cluster_p=0.01)
    for test, name in zip(TESTS, ("association", "group1"), strict=True):
        z = again.z[test]
        drawn_z = expected.largest_z[name]
        above = (drawn_z[:, None] >= np.abs(z.astype("f4"))).sum(axis=0)
        by_hand = np.where(z == 0, 1, (1 + above) / 20)
        np.testing.assert_array_equal(again.p(test), by_hand)
        found = corrected_p(expected, name, z, mask=MASK)
        np.testing.assert_array_equal(again.p(test, "size"), found.size)
        np.testing.assert_array_equal(again.p(test, "mass"), found.mass)
    same(again, null)


def test_p_depends_on_the_seed_of_random_numbers_only(made, null):
    options = {"cluster_p": 0.01, **FEW}
    same(macm_null(made, (0, 0, 0), random_state=0, n_jobs=1, **options), null)
    other = macm_null(made, (0, 0, 0), random_state=1, **options)
    assert (other.p("uniformity") != null.p("uniformity")).any()
    np.testing.assert_array_equal(other.z["association"], null.z["association"])
    assert (other.facts["seed"], null.facts["seed"]) == (1, 0)


def test_draws_have_as_many_studies_of_each_tenth_of_peaks(made, drawn):
    macm_null(made, (0, 0, 0), **FEW)
    [(_, draws)] = drawn
    n_peaks = np.bincount(made.peaks.study, minlength=made.n_studies)
    tenth = quantile_parts(n_peaks.astype(float))
    assert len(np.unique(tenth)) > 5
    selected = made.select(near=(0, 0, 0), radius_mm=14).mask & made.has_peaks
    expected = np.bincount(tenth[selected], minlength=10)
    assert draws.n_columns == 19
    for column in range(19):
        studies = draws[column]
        assert made.has_peaks[studies].all()
        assert len(np.unique(studies)) == len(studies) == selected.sum()
        np.testing.assert_array_equal(
            np.bincount(tenth[studies], minlength=10), expected
        )
    assert len({tuple(draws[c]) for c in range(19)}) > 15


def test_draws_of_any_studies(made, drawn):
    macm_null(made, (0, 0, 0), strata=None, universe="labela", **FEW)
    [(_, draws)] = drawn
    counted = made.select("labela").mask & made.has_peaks
    selected = made.select(near=(0, 0, 0), radius_mm=14).mask & counted
    same_draws = draw_groups(selected, counted, n_draws=19)
    np.testing.assert_array_equal(draws.studies, same_draws.studies)
    assert counted[draws.studies].all()


@pytest.mark.parametrize("kind", ["numbers", "texts", "list", "booleans"])
def test_draws_of_kinds_that_are_given(made, drawn, kind):
    numbers = np.arange(made.n_studies) % 3
    strata = {
        "numbers": numbers * 2.5,
        "texts": np.array(["x", "y", "z"])[numbers],
        "list": numbers.tolist(),
        "booleans": numbers == 0,
    }[kind]
    null = macm_null(made, (0, 0, 0), strata=strata, **FEW)
    [(_, draws)] = drawn
    codes = np.unique(strata, return_inverse=True)[1]
    selected = made.select(near=(0, 0, 0), radius_mm=14).mask & made.has_peaks
    for column in range(19):
        np.testing.assert_array_equal(
            np.bincount(codes[draws[column]]), np.bincount(codes[selected])
        )
    assert null.facts["strata"] == "given"


# ---------------------------------------------------------------- effects, and no effec


def toy_brain(seed, n_studies=60, more=0):
    """Make studies of one to six peaks in a hundred voxels; some of more."""
    rng = np.random.default_rng(seed)
    n_peaks = rng.integers(1, 7, n_studies)
    n_peaks[: n_studies // 3] += more
    study = np.repeat(np.arange(n_studies), n_peaks)
    xyz = TINY.xyz_mm[rng.integers(0, TINY.n_voxels, len(study))]
    return of_peaks(xyz, study, n_studies)


def of_peaks(xyz, study, n_studies):
    ids = [str(i) for i in range(n_studies)]
    return Database(
        About("tiny", "1"),
        n_studies=n_studies,
        peaks=Peaks.from_columns(xyz, study, study, ["MNI"] * len(study)),
        tables={"studies": lambda: pd.DataFrame({"study_id": ids})},
    )


def tiny_null(database, selected, n_permutations=39, **options):
    return family_wise(
        *(database, selected, database.has_peaks),
        mask=TINY,
        n_permutations=n_permutations,
        radius_mm=0,
        talairach=None,
        n_jobs=1,
        **{"cluster_p": 0.05, **options},
    )


def test_a_planted_effect_is_found():
    database = toy_brain(0, 120)
    selected = np.arange(120) % 3 == 0
    xyz, study = database.peaks.xyz.copy(), database.peaks.study
    last = np.flatnonzero(np.diff(study, append=-1) != 0)
    place = TINY.xyz_mm[37]
    chosen = last[selected & (np.arange(120) % 2 == 0)]
    xyz[chosen] = place  # half of the selected studies report this voxel
    null = tiny_null(of_peaks(xyz, study, 120), selected, 199, strata="peaks")
    for test in TESTS:
        assert null.p(test)[37] == 1 / 200
        significant = null.significant(test)
        assert significant[37] == null.z[test][37] > 5
    assert np.count_nonzero(null.significant("association")) == 1
    assert null.p("association", "mass")[37] <= 0.01
    whole = nib.Nifti1Image.get_fdata(null.image())
    np.testing.assert_allclose(
        whole.ravel()[TINY.flat_index], null.significant(), rtol=1e-6
    )


@pytest.mark.parametrize("strata", [None, "peaks"])
def test_family_wise_error_of_random_selections(strata):
    """Of sets of studies that were drawn as they could have been, 5 % come out."""
    n_runs, wrong = 500, dict.fromkeys([(t, lv) for t in TESTS for lv in LEVELS], 0)
    databases = [toy_brain(seed) for seed in range(10)]
    for run in range(n_runs):
        chosen = np.random.default_rng(run).choice(60, 20, replace=False)
        selected = np.isin(np.arange(60), chosen)
        database = databases[run % 10]
        null = tiny_null(database, selected, 19, seed=run, strata=strata)
        for test, level in wrong:
            wrong[test, level] += (null.p(test, level) <= 0.05).any()
    most = stats.binom.ppf(0.9995, n_runs, 0.05)
    assert max(wrong.values()) <= most < 0.09 * n_runs
    # clusters come in few sizes, so that equal ones are many; z hardly does
    assert wrong["uniformity", "voxel"] >= stats.binom.ppf(0.0005, n_runs, 0.05)


def test_studies_of_more_peaks_are_compared_with_their_like():
    """What only comes of more peaks is no finding, if studies are drawn by peaks."""
    found = {None: 0, "peaks": 0}
    for run in range(40):
        database = toy_brain(100 + run, more=25)
        rng = np.random.default_rng(run)
        n_peaks = np.bincount(database.peaks.study)
        selected = np.zeros(60, bool)
        likely = n_peaks / n_peaks.sum()
        selected[rng.choice(60, 15, replace=False, p=likely)] = True
        for strata in found:
            null = tiny_null(
                database, selected, 19, seed=run, strata=strata, clusters=False
            )
            found[strata] += (null.p() <= 0.05).any()
    assert found["peaks"] <= stats.binom.ppf(0.999, 40, 0.05)
    assert found[None] > found["peaks"] + 5


# --------------------------------------------------------------------- what is given ou


def test_names_of_arrays(null):
    end = "_corr-FWE_method-montecarlo"
    names = {
        f"{kind}_desc-{test}{what}{end}"
        for kind in ("z", "logp")
        for test in TESTS
        for what in ("_level-voxel", "Size_level-cluster", "Mass_level-cluster")
    }
    assert set(null.arrays()) == names


def test_arrays_hold_p_and_the_sign_of_z(null):
    for name, values in null.arrays().items():
        kind, rest = name.split("_desc-")
        test = next(t for t in TESTS if rest.startswith(t))
        level = next(
            lv for lv in ("Size", "Mass", "voxel") if lv in rest.removeprefix(test)
        ).lower()
        p = null.p(test, level)
        assert values.dtype == np.float32
        assert np.isfinite(values).all()
        if kind == "logp":
            np.testing.assert_allclose(values, -np.log10(p), atol=1e-6)
        else:
            np.testing.assert_allclose(two_sided_p(values.astype(float)), p, rtol=1e-5)
            sign = np.sign(null.z[test])
            assert (np.sign(values) * sign >= 0).all()


def test_significant_values(null):
    for test in TESTS:
        for level in LEVELS:
            for alpha in (0.05, 0.051, 0.5, 1):
                expected = [
                    z if p < alpha else 0
                    for z, p in zip(null.z[test], null.p(test, level), strict=True)
                ]
                found = null.significant(test, level, alpha=alpha)
                np.testing.assert_array_equal(found, expected)
    image = null.image("uniformity", "mass", alpha=0.5)
    np.testing.assert_allclose(
        image.get_fdata().ravel()[MASK.flat_index],
        null.significant("uniformity", "mass", alpha=0.5),
        rtol=1e-6,
    )
    assert image.get_data_dtype() == np.float32


def test_unknown_tests_and_levels(null):
    for ask in (null.p, null.significant, null.image):
        with pytest.raises(OptionError, match="test must be one of association"):
            ask("reverse")
        with pytest.raises(OptionError, match="level must be one of voxel, size, mass"):
            ask("association", "cluster")


def test_without_clusters(made, null):
    only = macm_null(made, (0, 0, 0), clusters=False, **FEW)
    np.testing.assert_array_equal(only.p(), null.p())
    for level in ("size", "mass"):
        with pytest.raises(OptionError, match="use clusters=True"):
            only.p("association", level)
    assert len(only.arrays()) == 4
    assert all("_level-voxel" in name for name in only.arrays())


def test_facts(made):
    null = macm_null(made, (0, 0, 0), random_state=3, cluster_p=0.01, **FEW)
    maps = macm(made, (0, 0, 0), **NEAR)
    assert null.facts == {
        "n_permutations": 19,
        "strata": "peaks",
        "cluster_p": 0.01,
        "n_voxels_tested": int((maps.totals >= 2).sum()),
        "min_studies": 2,
        "seed": 3,
    }
    assert json.loads(json.dumps(null.facts)) == null.facts
    assert macm_null(made, (0, 0, 0), strata=None, **FEW).facts["strata"] is None


# --------------------------------------------------------------------------------- file


@pytest.fixture
def maps(made):
    return macm(made, (0, 0, 0), **NEAR)


def test_saved_with_the_maps(maps, null, tmp_path):
    plain = {p.name for p in maps.save(tmp_path / "plain")}
    files = maps.save(tmp_path / "both", family=null)
    assert sorted(files) == sorted((tmp_path / "both").iterdir())
    more = {p.name for p in files} - plain
    stems = set(null.arrays())
    assert more == {f"{s}{e}" for s in stems for e in (".nii.gz", ".json")}
    for stem, values in null.arrays().items():
        stored = nib.load(tmp_path / "both" / f"{stem}.nii.gz").get_fdata()
        np.testing.assert_array_equal(stored, MASK.to_volume(values))
        facts = json.loads((tmp_path / "both" / f"{stem}.json").read_text("utf-8"))
        assert facts["map"] == stem
        assert facts["family_wise_error"] == null.facts
        assert facts["query"] == maps.labels[0]


def test_what_was_corrected_is_removed_with_the_maps(maps, null, made, tmp_path):
    (tmp_path / "mine_level-voxel_corr-FWE.nii.gz").write_bytes(b"mine")
    maps.save(tmp_path, family=null)
    only = macm_null(made, (0, 0, 0), clusters=False, **FEW)
    files = maps.save(tmp_path, family=only)
    here = {p.name for p in tmp_path.iterdir()}
    assert here - {p.name for p in files} == {"mine_level-voxel_corr-FWE.nii.gz"}
    assert not any("level-cluster" in name for name in here)
    assert any("z_desc-association_level-voxel" in name for name in here)
    files = maps.save(tmp_path)
    here = {p.name for p in tmp_path.iterdir()}
    assert here - {p.name for p in files} == {"mine_level-voxel_corr-FWE.nii.gz"}
    assert not any("FWE_method-montecarlo" in name for name in here)


def test_any_meta_analysis_can_be_corrected(made, tmp_path):
    selection = made.select("labela")
    found = family_wise(
        *(made, selection.mask, made.has_peaks),
        mask=MASK,
        n_permutations=9,
        radius_mm=6,
        talairach="icbm_spm",
    )
    maps = meta_analysis(made, selection, mask=MASK)
    for test in TESTS:
        np.testing.assert_allclose(found.z[test], maps[f"z_desc-{test}"], atol=1e-12)
    assert found.facts["min_studies"] == 1
    assert len(maps.save(tmp_path, names=[], fdr_q=None, family=found)) == 24


# ----------------------------------------------------------------------------- bad inpu

OPTIONS = {
    "n_permutations": (
        [0, -1, 2.5, "9", None, np.nan],
        "n_permutations must be a whole",
    ),
    "cluster_p": ([0, 1, -0.1, 2, np.nan, "0.01", None], "cluster_p must be"),
    "strata": (["year", "peak", 5, [1, 2], np.zeros((120, 2)), []], "strata"),
    "min_studies": ([-1, 1.5, "5", None, True], "min_studies"),
    "random_state": ([-1, None, "a", 1.5], "random_state|seed"),
    "talairach": (["tal"], "'tal'"),
    "n_jobs": ([0], "n_jobs"),
}
CASES = [(name, value) for name, (values, _) in OPTIONS.items() for value in values]


@pytest.mark.parametrize(("name", "value"), CASES, ids=str)
def test_impossible_options(made, name, value):
    with pytest.raises(OptionError, match=OPTIONS[name][1]):
        macm_null(made, (0, 0, 0), **{**FEW, name: value})


def test_numbers_of_numpy(made, null):
    options = {**FEW, "n_permutations": np.int64(19), "cluster_p": np.float64(0.01)}
    found = macm_null(made, (0, 0, 0), random_state=np.int64(0), **options)
    same(found, null)
    json.dumps(found.facts)


def test_one_seed_at_a_time(made):
    with pytest.raises(OptionError, match="one seed, got 2"):
        macm_null(made, [(0, 0, 0), (8, 0, 0)], **FEW)


def test_nothing_to_compare(made):
    with pytest.raises(EmptySelectionError, match=r"118 of 118 studies .*nothing to"):
        macm_null(made, made.select(ids=made.study_ids), mask=MASK)
    with pytest.raises(EmptySelectionError, match=r"0 of .*nothing to compare"):
        macm_null(made, made.select("labela"), universe="~labela", mask=MASK)


def test_voxels_that_are_not_tested_are_not_in_the_null(made):
    """Else they would own the largest values."""
    groups = Groups.of(made.activations(mask=MASK), made.has_peaks, min_studies=20)
    null = macm_null(made, (0, 0, 0), min_studies=20, **FEW)
    assert null.facts["n_voxels_tested"] == groups.tested.sum() < MASK.n_voxels
    with_all = macm_null(made, (0, 0, 0), min_studies=1, **FEW)
    tested = groups.tested
    assert (null.p("uniformity")[tested] <= with_all.p("uniformity")[tested]).all()

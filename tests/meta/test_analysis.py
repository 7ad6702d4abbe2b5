import warnings

import nibabel as nib
import numpy as np
import pytest

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.errors import (
    EmptySelectionError,
    NeurosynthWarning,
    OptionError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.meta._analysis import least_studies
from nimare_neurosynth.space import default_mask
from tests.oracles import (
    association_z,
    brain_block,
    dense_activations,
    random_database,
    uniformity_z,
)

MASK = brain_block()
LAST_TWO = ["1118", "1119"]  # they report no peak


@pytest.fixture(scope="module")
def db():
    return random_database()


@pytest.fixture(scope="module")
def active(db):
    xyz = db.peaks.to_mni("icbm_spm")
    return dense_activations(xyz, db.peaks.study, db.n_studies, MASK, 6)


def run(db, *selection, **options):
    chosen = selection[0] if len(selection) == 1 else list(selection)
    return meta_analysis(db, chosen, mask=MASK, **options)


def z_by_voxel(active, selected, counted):
    """Test voxel after voxel with SciPy."""
    a, T = active[selected & counted].sum(axis=0), active[counted].sum(axis=0)
    n, N, E = (selected & counted).sum(), counted.sum(), a.mean()
    association = [association_z(a[v], n, T[v], N) for v in range(len(a))]
    return association, [uniformity_z(a[v], n, E, T[v]) for v in range(len(a))]


def check(maps, active, selected, counted):
    association, uniformity = z_by_voxel(active, selected, counted)
    np.testing.assert_allclose(maps["z_desc-association"], association, atol=1e-9)
    np.testing.assert_allclose(maps["z_desc-uniformity"], uniformity, atol=1e-9)
    assert maps.n_selected.tolist() == [(selected & counted).sum()]
    assert maps.n_studies == counted.sum()
    np.testing.assert_array_equal(maps.totals, active[counted].sum(axis=0))


# ----------------------------------------------------------- who is compared


def test_one_query_against_all_other_studies_with_peaks(db, active):
    selected = db.select("labela").mask
    check(run(db, "labela"), active, selected, db.has_peaks)
    assert db.n_studies - db.has_peaks.sum() == 2


def test_versus_compares_two_sets_only(db, active):
    a, b = db.select("labela & ~labelb"), db.select("labelb & ~labela")
    maps = run(db, a, versus=b)
    check(maps, active, a.mask, (a.mask | b.mask) & db.has_peaks)


def test_a_universe_leaves_the_others_out(db, active):
    maps = run(db, "labela", universe="labelb | labelc")
    universe = db.select("labelb | labelc").mask & db.has_peaks
    check(maps, active, db.select("labela").mask, universe)


def test_versus_within_a_universe(db, active):
    maps = run(db, "labela", versus="labelb & ~labela", universe="labelc | labeld")
    a, b = db.select("labela").mask, db.select("labelb & ~labela").mask
    within = db.select("labelc | labeld").mask & db.has_peaks
    check(maps, active, a, (a | b) & within)


def test_versus_the_rest_is_no_versus(db):
    a = run(db, "labela")["z_desc-association"]
    b = run(db, "labela", versus="~labela")["z_desc-association"]
    np.testing.assert_array_equal(a, b)


def test_the_association_turns_round_when_the_sets_swap(db):
    one, two = "labela & ~labelb", "labelb & ~labela"
    a = run(db, one, versus=two)["z_desc-association"]
    b = run(db, two, versus=one)["z_desc-association"]
    np.testing.assert_allclose(a, -b, atol=1e-12)


def test_several_selections_equal_one_after_the_other(db):
    queries = ["labela", "labelb & labelc", "labele | labelf"]
    together = run(db, *queries)
    assert together.labels == tuple(queries)
    for query in queries:
        for name in together.names:
            alone = run(db, query)[name]
            np.testing.assert_array_equal(together.array(name, label=query), alone)


def test_selections_and_queries_mix(db):
    maps = run(db, db.select("labela") - db.select("labelb"), "labelc")
    assert maps.labels == ("labela & ~labelb", "labelc")


# ------------------------------------------------------------------- options


@pytest.mark.parametrize("matrix", ["icbm_spm", "icbm_other", None])
@pytest.mark.parametrize("radius", [4, 10])
def test_radius_and_talairach_matrix(db, matrix, radius):
    xyz = db.peaks.to_mni(matrix)
    dense = dense_activations(xyz, db.peaks.study, db.n_studies, MASK, radius)
    maps = run(db, "labela", radius_mm=radius, talairach=matrix)
    selected = db.select("labela").mask
    np.testing.assert_array_equal(maps.counts[0], dense[selected].sum(axis=0))


def test_queries_take_threshold_function_and_label_set(db):
    options = {"threshold": 0.7, "func": "max", "label_set": "labels"}
    maps = run(db, "label?", **options)
    weights = db.label_sets["labels"].weights.toarray().max(axis=1)
    assert maps.n_selected[0] == ((weights >= 0.7) & db.has_peaks).sum()


def test_threads_change_no_bit(db):
    a, b = (run(db, "labela", "labelb", n_jobs=n) for n in (1, 2))
    for name in a.names:
        np.testing.assert_array_equal(a[name], b[name])


def test_the_mask_may_be_an_image(db, tmp_path):
    nib.save(MASK.to_image(np.ones(MASK.n_voxels, bool)), tmp_path / "mask.nii.gz")
    maps = meta_analysis(db, "labela", mask=tmp_path / "mask.nii.gz")
    assert maps.mask == MASK
    np.testing.assert_array_equal(maps.counts, run(db, "labela").counts)


def test_the_default_mask(db):
    maps = meta_analysis(db, "labela")
    assert maps.mask is default_mask()
    assert maps["z_desc-association"].shape == (228_483,)


@pytest.mark.parametrize("least", [0, 1, 20, 0.0, 0.2, np.int64(30), np.float32(0.25)])
def test_rare_voxels_are_left_out(db, least):
    maps = run(db, "labela", min_studies=least)
    share = maps.totals / maps.n_studies
    rare = maps.totals < least if isinstance(least, int | np.integer) else share < least
    assert rare.any() == (least >= 0.2)
    for name in maps.names:
        expected = np.where(rare, name.startswith("p_"), run(db, "labela")[name])
        np.testing.assert_array_equal(maps[name], expected)


@pytest.mark.parametrize("n_studies", [7, 118, 14_371])
def test_a_share_is_met_exactly(n_studies):
    # k / N * N may be a hair above k: a voxel of k studies must not be lost to that
    shares = np.arange(n_studies) / n_studies
    least = [least_studies(float(share), n_studies) for share in shares]
    assert least == list(range(n_studies))


def test_the_order_of_studies_does_not_matter(db):
    from nimare_neurosynth.engine import LabelColumns, build_activations, count_columns

    order = np.random.default_rng(0).permutation(db.n_studies)
    xyz = db.peaks.to_mni("icbm_spm")
    options = {"mask": MASK, "radius_mm": 6}
    moved = build_activations(xyz, order[db.peaks.study], db.n_studies, **options)
    selected = np.zeros(db.n_studies, bool)
    selected[order] = db.select("labela").mask
    counts = count_columns(moved, LabelColumns.from_masks([selected]))
    np.testing.assert_array_equal(counts, run(db, "labela").counts)


# -------------------------------------------------------------------- errors


WRONG_OPTIONS = {
    "prior 0": ({"prior": 0}, "prior must be above 0 and below 1, got 0"),
    "prior 1": ({"prior": 1.0}, "prior must be above 0 and below 1"),
    "prior NaN": ({"prior": np.nan}, "prior must be above 0 and below 1"),
    "min -1": ({"min_studies": -1}, "min_studies must be a whole number"),
    "min 1.5": ({"min_studies": 1.5}, "min_studies must be a whole number"),
    "min 1.0": ({"min_studies": 1.0}, r"min_studies .* got 1\.0"),
    "min NaN": ({"min_studies": np.nan}, "min_studies must be a whole number"),
    "min True": ({"min_studies": True}, "min_studies must be a whole number"),
    "min text": ({"min_studies": "3"}, "min_studies must be a whole number"),
    "radius": ({"radius_mm": -2}, "radius_mm must be a number from 0 to 100"),
    "matrix": ({"talairach": "brett"}, "unknown Talairach matrix 'brett'"),
    "func": ({"func": "median"}, "func must be one of sum, mean, min, max"),
    "threshold": ({"threshold": -1}, "threshold must be a number from 0 up"),
}


@pytest.mark.parametrize("case", WRONG_OPTIONS)
def test_wrong_options_are_refused(db, case):
    options, message = WRONG_OPTIONS[case]
    with pytest.raises(OptionError, match=message):
        run(db, "labela", **options)


def test_an_unknown_label_set_is_named(db):
    with pytest.raises(UnknownTermError, match="Close matches: 'labels'"):
        run(db, "labela", label_set="label")


def test_overlapping_sets_are_refused(db):
    both = (db.select("labela").mask & db.select("labelb").mask & db.has_peaks).sum()
    message = rf"{both} studies are in both 'labela' and 'labelb' \(for example 10"
    with pytest.raises(SelectionError, match=message):
        run(db, "labela", versus="labelb")


def test_an_overlap_outside_the_universe_does_not_count(db):
    maps = run(db, "labela", versus="labelb", universe="~(labela & labelb)")
    assert maps.n_studies < db.n_studies


def test_an_empty_selection_is_refused(db):
    with pytest.raises(
        EmptySelectionError, match=r"'labela > 2\.?0?' selects no study"
    ):
        run(db, "labela > 2")


def test_a_selection_of_studies_without_peaks_is_refused(db):
    with pytest.raises(EmptySelectionError, match=r"2 studies, but none .*has peaks"):
        run(db, db.select(ids=LAST_TWO))


def test_nothing_to_compare_with_is_refused(db):
    with pytest.raises(EmptySelectionError, match="nothing to compare with"):
        run(db, "labela", versus="labelb > 2")


def test_no_selection_is_refused(db):
    with pytest.raises(OptionError, match="no selection was given"):
        meta_analysis(db, [], mask=MASK)


def test_versus_needs_one_selection(db):
    with pytest.raises(OptionError, match="versus compares with one selection"):
        run(db, "labela", "labelb", versus="labelc")


def test_asking_twice_is_refused(db):
    with pytest.raises(OptionError, match="'labelb' is asked for more than once"):
        run(db, "labela", "labelb", "labelb")


@pytest.mark.parametrize("role", ["versus", "universe", "selection"])
def test_selections_of_another_database_are_refused(db, role):
    selections = {"selection": "labela & ~labelb"}
    selections[role] = random_database(seed=1).select("labela")
    with pytest.raises(SelectionError, match=r"this selection \(labela\)"):
        run(db, selections.pop("selection"), **selections)


def test_selections_of_an_equal_database_are_welcome(db):
    twin = random_database().select("labela")
    np.testing.assert_array_equal(run(db, twin).counts, run(db, "labela").counts)


# ------------------------------------------------------------------ warnings


def warnings_of(db, *selection, **options):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run(db, *selection, **options)
    assert all(w.category is NeurosynthWarning for w in caught)
    assert all(w.filename == __file__ for w in caught if "analysis" in w.filename)
    return [str(w.message) for w in caught]


@pytest.mark.parametrize(("n", "expected"), [(1, 1), (19, 1), (20, 0), (117, 0)])
def test_few_studies_warn_with_their_number(db, n, expected):
    messages = warnings_of(db, db.select(ids=db.study_ids[:n]))
    assert len(messages) == expected
    assert all(f"selects only {n} studies: with fewer than 20" in m for m in messages)


def test_every_study_warns(db):
    everyone = db.select(ids=db.study_ids)
    [message] = warnings_of(db, everyone)
    assert "selects every study: none is left to compare with" in message
    with pytest.warns(NeurosynthWarning, match="every study"):
        maps = run(db, everyone)
    assert not maps["z_desc-association"].any()
    assert maps["z_desc-uniformity"].any()


def test_each_small_label_warns(db):
    chosen = [db.select(f"labela > {w}") for w in (0.9, 0.95)]
    assert len(warnings_of(db, *chosen)) == 2


def test_the_warning_points_at_the_caller(db):
    with pytest.warns(NeurosynthWarning) as caught:
        meta_analysis(db, db.select(ids=["1000"]), mask=MASK)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"selection": 5}, "selection must be a query, a Selection or a list"),
        ({"selection": None}, "selection must be a query, a Selection or a list"),
        ({"n_jobs": 0}, "n_jobs must be a number of threads, or -1"),
        ({"n_jobs": "all"}, "n_jobs must be a number of threads, or -1"),
        ({"prior": "half"}, "prior must be above 0 and below 1"),
    ],
)
def test_wrong_types_are_told(db, options, message):
    with pytest.raises(OptionError, match=message):
        meta_analysis(db, **{"selection": "labela", **options})


def test_few_studies_to_compare_with_warn_too(db):
    few = db.select(ids=db.study_ids[:8])
    with pytest.warns(
        NeurosynthWarning, match="to compare with, selects only 8"
    ) as got:
        meta_analysis(db, ~few, versus=few)
    assert got[0].filename == __file__


def test_something_else_than_a_database_is_refused():
    with pytest.raises(OptionError, match="a Database is needed, got str"):
        meta_analysis("neurosynth_v7", "pain")

"""Nulls against slow loops: one draw at a time, SciPy's tests and clusters."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from nimare_neurosynth.engine import (
    LabelColumns,
    _tiles,
    build_activations,
    count_columns,
)
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.inference import (
    DEFAULT_CLUSTER_P,
    TESTS,
    Groups,
    Null,
    _null,
    foci_null,
    label_null,
)
from tests.inference.slow import (
    columns_of,
    dense,
    largest,
    same_null,
    some_draws,
    universe,
    z_of_tests,
)

NAMES = ("largest_z", "largest_size", "largest_mass")


@pytest.mark.parametrize("p", [1e-12, 1e-6, 0.001, 0.01, 0.05, 0.5, 0.999])
def test_threshold_is_that_of_scipy(p):
    assert _null.chi2_threshold(p) == pytest.approx(stats.chi2.isf(p, 1), rel=1e-12)
    assert isinstance(_null.chi2_threshold(p), float)


def test_threshold_of_clusters_is_two_sided():
    at = np.sqrt(_null.chi2_threshold(DEFAULT_CLUSTER_P))
    assert 2 * stats.norm.sf(at) == pytest.approx(0.001)


# -------------------------------------------------------------- exchanged labels


@pytest.mark.parametrize("min_studies", [1, 3])
def test_label_null_is_that_of_a_slow_loop(min_studies):
    mask, groups = universe(min_studies=min_studies)
    draws = some_draws(groups, n_draws=4)
    options = {"mask": mask, "n_jobs": 1}
    ps = (0.001, 0.1, 0.6)
    nulls = [label_null(groups, draws, cluster_p=p, **options) for p in ps]
    active = dense(groups)
    for i in range(4):
        selected = np.isin(np.arange(40), draws[i])
        z = z_of_tests(active, groups.counted, selected, groups.tested)
        for test, (null, p) in product(TESTS, zip(nulls, ps, strict=True)):
            expected = largest(z[test], p, mask)
            found = [getattr(null, name)[test][i] for name in NAMES]
            np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-5)
            assert found[1] == expected[1]
    assert [(null.n_draws, null.cluster_p) for null in nulls] == [(4, p) for p in ps]
    assert all(nulls[2].largest_size[test].max() > 1 for test in TESTS)


def test_single_voxels_are_the_same_without_clusters():
    mask, groups = universe(n_studies=60)
    draws = some_draws(groups, n_draws=9)
    voxels, clusters = (label_null(groups, draws, mask=m) for m in (None, mask))
    assert voxels.largest_size is None
    assert voxels.largest_mass is None
    for test in TESTS:
        np.testing.assert_array_equal(voxels.largest_z[test], clusters.largest_z[test])
        assert voxels.largest_z[test].dtype == np.float64


@pytest.mark.parametrize("clusters", [True, False])
@pytest.mark.parametrize("n_jobs", [1, 2, -1])
@pytest.mark.parametrize("memory_limit", [1, "50 KB", "1 GB"])
def test_neither_threads_nor_memory_change_a_null(n_jobs, memory_limit, clusters):
    mask, groups = universe()
    draws = some_draws(groups, n_draws=23)
    options = {"mask": mask if clusters else None, "cluster_p": 0.2}
    reference = label_null(groups, draws, n_jobs=1, **options)
    other = label_null(
        groups, draws, n_jobs=n_jobs, memory_limit=memory_limit, **options
    )
    assert same_null(reference, other)


def test_draws_are_counted_in_parts_that_fit_the_memory(monkeypatch):
    mask, groups = universe()
    draws = some_draws(groups, n_draws=23)
    parts = []

    def counted(activations, part, **options):
        parts.append(part.n_columns)
        return count_columns(activations, part, **options)

    monkeypatch.setattr(_null, "count_columns", counted)
    limit = 5 * _null._BYTES_PER_VOXEL * mask.n_voxels
    label_null(groups, draws, mask=mask, memory_limit=limit, n_jobs=1)
    assert parts == [5, 5, 5, 5, 3]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_tiles_are_put_together(monkeypatch, n_jobs):
    # blocks of 64 voxels: a tile has one of them, and 20 columns
    monkeypatch.setattr(_tiles, "_CELLS_PER_TILE", 64 * 20)
    _, groups = universe()
    draws = some_draws(groups, n_draws=50)
    null = label_null(groups, draws, n_jobs=n_jobs)
    z = groups.z(count_columns(groups.activations, draws), draws)
    for test in TESTS:
        where = np.abs(z[test]).argmax(axis=1)
        assert len(np.unique(where // 64)) > 1  # the largest is not always in the last
        expected = np.abs(z[test]).max(axis=1)
        np.testing.assert_array_equal(null.largest_z[test], expected)


def test_a_null_of_the_first_draws_is_the_beginning():
    mask, groups = universe()
    many = label_null(groups, some_draws(groups, n_draws=9), mask=mask)
    few = label_null(groups, some_draws(groups, n_draws=4), mask=mask)
    for name in NAMES:
        for test in TESTS:
            np.testing.assert_array_equal(
                getattr(few, name)[test], getattr(many, name)[test][:4]
            )


def test_groups_in_which_nothing_is_tested():
    mask, groups = universe(min_studies=1000)
    null = label_null(groups, some_draws(groups), mask=mask)
    assert not any(getattr(null, name)[test].any() for name in NAMES for test in TESTS)


@pytest.mark.parametrize("clusters", [True, False])
def test_no_draws_make_an_empty_null(clusters):
    mask, groups = universe()
    none = some_draws(groups, n_draws=0)
    for null in (
        label_null(groups, none, mask=mask if clusters else None),
        moved(groups, mask, n_draws=0, clusters=clusters),
    ):
        assert null.n_draws == 0
        assert (null.largest_size is not None) == clusters
        assert (null.largest_mass is not None) == clusters


@pytest.mark.parametrize("clusters", [True, False])
def test_wrong_options_are_told(clusters):
    mask, groups = universe()
    mask = mask if clusters else None
    with pytest.raises(OptionError, match="n_jobs"):
        label_null(groups, some_draws(groups), mask=mask, n_jobs=0)
    other = LabelColumns(np.array([0, 1]), np.array([0], np.int32), 39)
    with pytest.raises(ValueError, match="39 studies"):
        label_null(groups, other, mask=mask)


# ------------------------------------------------------------------ moved peaks


def n_peaks_of(groups):
    return np.where(groups.activations.has_peaks, np.arange(40) % 4 + 1, 0)


def selection_of(groups):
    return groups.counted & (np.arange(40) % 3 == 0)


def slow_foci_null(groups, mask, *, seed, n_draws, places=None, cluster_p=0.2):
    """Move the peaks of one study after the other, and test voxel by voxel."""
    places = np.arange(mask.n_voxels) if places is None else places
    n_peaks, selected = n_peaks_of(groups), selection_of(groups)
    found = {test: [] for test in TESTS}
    for i in range(n_draws):
        random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i,)))
        total = n_peaks[groups.counted].sum()
        where = mask.xyz_mm[places[random.integers(len(places), size=total)]]
        study = [s for s in np.flatnonzero(groups.counted) for _ in range(n_peaks[s])]
        made = build_activations(where, np.array(study), 40, mask=mask, radius_mm=5)
        active = made.to_csr().toarray()
        tested = active[groups.counted].sum(axis=0) >= groups.min_studies
        z = z_of_tests(active, groups.counted, selected, tested)
        for test in TESTS:
            found[test].append(largest(z[test], cluster_p, mask))
    return {test: np.array(rows) for test, rows in found.items()}


def moved(groups, mask, *, seed=3, n_draws=3, cluster_p=0.2, **options):
    return foci_null(
        groups,
        selection_of(groups),
        n_peaks_of(groups),
        mask=mask,
        radius_mm=5,
        n_draws=n_draws,
        seed=seed,
        cluster_p=cluster_p,
        **options,
    )


@pytest.mark.parametrize("places", [None, np.arange(30, 90)])
def test_foci_null_is_that_of_a_slow_loop(places):
    mask, groups = universe()
    null = moved(groups, mask, places=places)
    expected = slow_foci_null(groups, mask, seed=3, n_draws=3, places=places)
    assert (null.n_draws, null.cluster_p) == (3, 0.2)
    for test in TESTS:
        found = np.stack([getattr(null, name)[test] for name in NAMES], axis=1)
        np.testing.assert_allclose(found, expected[test], rtol=2e-5, atol=1e-5)


def placed(monkeypatch, groups, mask, **options):
    """Give the peaks of each draw, and the study of each."""
    made = []

    def build(xyz, study, *args, **kwargs):
        made.append((xyz, study))
        return build_activations(xyz, study, *args, **kwargs)

    monkeypatch.setattr(_null, "build_activations", build)
    moved(groups, mask, **options)
    return made


def test_studies_keep_their_peaks_and_others_have_none(monkeypatch):
    mask, groups = universe()
    expected = np.where(groups.counted, n_peaks_of(groups), 0)
    assert (n_peaks_of(groups) > expected).any()
    for _, study in placed(monkeypatch, groups, mask):
        np.testing.assert_array_equal(np.bincount(study, minlength=40), expected)


def test_peaks_come_to_be_at_the_places_and_nowhere_else(monkeypatch):
    mask, groups = universe()
    places = np.array([3, 50, 51, 200])
    draws = placed(monkeypatch, groups, mask, places=places, n_draws=4)
    every = np.concatenate([xyz for xyz, _ in draws])
    voxels = np.array([mask.voxel_at(peak) for peak in every])
    assert set(voxels) == set(places)
    assert stats.chisquare(np.unique(voxels, return_counts=True)[1]).pvalue > 1e-3


def test_moved_peaks_are_the_same_again_and_others_with_other_seeds():
    mask, groups = universe()
    one = moved(groups, mask, n_jobs=1)
    assert same_null(one, moved(groups, mask, n_jobs=2))
    more = moved(groups, mask, n_draws=5)
    for test in TESTS:
        np.testing.assert_array_equal(more.largest_z[test][:3], one.largest_z[test])
    assert len(set(more.largest_mass["group1"])) == 5
    assert not same_null(one, moved(groups, mask, seed=4))


def test_moved_peaks_without_clusters():
    mask, groups = universe()
    with_clusters = moved(groups, mask)
    without = moved(groups, mask, clusters=False)
    assert without.largest_size is None
    assert without.largest_mass is None
    for test in TESTS:
        np.testing.assert_array_equal(
            without.largest_z[test], with_clusters.largest_z[test]
        )


def test_selected_studies_that_are_not_counted_do_not_matter():
    mask, groups = universe()
    options = {"mask": mask, "radius_mm": 5, "n_draws": 2}
    args = selection_of(groups) | ~groups.counted, n_peaks_of(groups)
    every = foci_null(groups, *args, **options)
    only = foci_null(groups, selection_of(groups), n_peaks_of(groups), **options)
    assert same_null(every, only)


# ------------------------------------------------------------- rates of errors


def test_random_groups_are_significant_as_often_as_they_should_be():
    mask, groups = universe(n_studies=300, min_studies=3)
    null, more = (
        label_null(groups, some_draws(groups, 400, size=60, seed=s), mask=mask)
        for s in (1, 2)
    )
    for test, name in product(TESTS, NAMES):
        drawn, observed = (getattr(n, name)[test] for n in (null, more))
        assert stats.ks_2samp(drawn, observed, method="asymp").pvalue > 1e-3
        at_least = (drawn[None] >= observed[:, None]).sum(axis=1)
        above = (drawn[None] > observed[:, None]).sum(axis=1)
        for alpha in (0.05, 0.2, 0.5):
            margin = 4 * np.sqrt(alpha * (1 - alpha) * 2 / 400)
            # ties make tests careful: what is expected lies between
            assert ((1 + at_least) / 401 <= alpha).mean() < alpha + margin
            assert ((1 + above) / 401 <= alpha).mean() > alpha - margin


def test_a_null_knows_its_draws():
    values = {test: np.zeros(7) for test in TESTS}
    assert Null(values, None, None, 0.001).n_draws == 7


def test_an_observed_group_is_one_of_its_draws():
    mask, groups = universe()
    selected = selection_of(groups)
    columns = columns_of(selected)
    null = label_null(groups, columns, mask=mask, cluster_p=0.2)
    again = Groups.of(groups.activations, groups.counted, min_studies=2)
    z = again.z(count_columns(groups.activations, columns), columns)
    for test in TESTS:
        assert null.largest_z[test][0] == np.abs(z[test]).max()

"""Which groups are drawn: within strata, of whole studies, the same again."""

import numpy as np
import pytest

from nimare_neurosynth import NeurosynthChi2
from nimare_neurosynth.inference import draw_groups
from tests.estimators.same import FWE, montecarlo, nulls_of


def test_the_first_of_many_are_those_of_few():
    first, all_ = np.arange(40) < 15, np.ones(40, bool)
    few = draw_groups(first, all_, n_draws=100)
    many = draw_groups(first, all_, n_draws=200)
    assert [list(d) for d in few] == [list(d) for d in many][:100]


@pytest.fixture
def drawn(monkeypatch):
    """Remember the groups that are drawn."""
    from nimare_neurosynth.estimators import _base

    kept = []

    def remember(selected, counted, **options):
        draws = draw_groups(selected, counted, **options)
        kept.append((selected, draws))
        return draws

    monkeypatch.setattr(_base, "draw_groups", remember)
    return kept


def inside(draws, n):
    return np.array([np.isin(np.arange(n), list(draw)) for draw in draws])


def years(studyset):
    known = dict(zip(studyset.metadata["id"], studyset.metadata["year"], strict=True))
    return np.array([float(known[i]) for i in studyset.ids])


@pytest.mark.parametrize(
    "strata",
    [
        "kind",
        ["kind"],
        ("kind", "space"),
        np.array([0, 1, 1, 0, 1, 0] * 2),
        [0, 1, 1, 0, 1, 0] * 2,
        np.array(list("abbaba") * 2),
    ],
)
def test_labels_are_exchanged_within_strata(made, scattered, mask, strata, drawn):
    kinds = "abbaba" * 2
    studyset = made(
        {str(i): {"1": scattered(i)} for i in range(10, 22)},
        metadata={str(10 + i): {"kind": kind} for i, kind in enumerate(kinds)},
    )
    chosen = np.isin(np.arange(12), [0, 1, 2, 3, 6])
    parts = studyset.select_analyses(chosen), studyset.select_analyses(~chosen)
    result = NeurosynthChi2(mask=mask).fit(*parts)
    if not isinstance(strata, str | tuple) and strata[0] != "kind":
        # values follow the order of the fit: group 1, then group 2
        strata = np.r_[np.array(strata)[chosen], np.array(strata)[~chosen]]
    corrected = montecarlo(result, strata=strata, n_iters=30, vfwe_only=True)
    selected, draws = drawn[-1]
    groups = inside(draws, 12)
    assert len(np.unique(groups, axis=0)) > 10
    first = np.array(list(kinds)) == "a"
    assert (groups[:, first].sum(axis=1) == selected[first].sum()).all()
    assert (groups.sum(axis=1) == 5).all()
    assert "within strata" in corrected.description_


def test_strata_of_numbers_are_tenths(laird, groups, mask, drawn):
    result = NeurosynthChi2(mask=mask).fit(*groups)
    for name, values in (
        ("year", years(laird)),
        ("peaks", laird.view.coordinate_block().group_sizes()),
    ):
        montecarlo(result, strata=name, n_iters=10, vfwe_only=True)
        selected, draws = drawn[-1]
        cuts = np.unique(np.quantile(values, np.arange(1, 10) / 10))
        part = np.searchsorted(cuts, values, side="right")
        for row in inside(draws, 17):
            for one in np.unique(part):
                here = part == one
                assert row[here].sum() == selected[here].sum(), name


def test_strata_of_space(nback, mask, drawn):
    part = nback.store.study_idx % 2 == 0
    parts = nback.select_analyses(part), nback.select_analyses(~part)
    result = NeurosynthChi2(mask=mask).fit(*parts)
    montecarlo(result, strata="space", n_iters=3, vfwe_only=True)
    pool = result.estimator.pooled()[0]
    store, rows = nback.store, pool.rows[0]
    names = np.array(store.space_dict.categories)
    spaces = names[store.point_space[store.point_offsets[rows]]]
    assert len(np.unique(spaces)) > 2
    selected, draws = drawn[-1]
    # whole studies are exchanged: numbers of analyses vary, those of studies do not
    study = store.study_idx[rows]
    first = np.unique(study, return_index=True)[1]
    for row in inside(draws, len(rows)):
        for name in np.unique(spaces[first]):
            here = first[spaces[first] == name]
            assert row[here].sum() == selected[here].sum()


def test_whole_studies_are_exchanged(made, scattered, mask, drawn):
    studyset = made(
        {
            str(s): {str(a): scattered(10 * s + a) for a in range(1 + s % 3)}
            for s in range(12)
        }
    )
    study = studyset.store.study_idx
    chosen = study % 2 == 0
    parts = studyset.select_analyses(chosen), studyset.select_analyses(~chosen)
    result = NeurosynthChi2(mask=mask).fit(*parts)
    corrected = montecarlo(result, n_iters=25)
    selected, draws = drawn[-1]
    np.testing.assert_array_equal(selected, chosen)
    groups = inside(draws, len(study))
    assert len(np.unique(groups, axis=0)) > 10
    for row in groups:
        for one in np.unique(study):
            assert len(np.unique(row[study == one])) == 1
        assert len(np.unique(study[row])) == 6
    assert np.isfinite(corrected.maps[f"z_desc-association_level-voxel{FWE}"]).all()


def test_strata_have_nulls_of_their_own(ours):
    plain = montecarlo(ours, n_iters=10)
    years_ = montecarlo(ours, n_iters=10, strata="year")
    assert (nulls_of(plain) != nulls_of(years_)).any()
    np.testing.assert_array_equal(
        nulls_of(plain), nulls_of(montecarlo(ours, n_iters=10))
    )


def test_a_field_that_one_studyset_lacks(made, scattered, mask):
    """Its analyses are of a stratum of their own: there is nothing to exchange."""
    one = made(
        {str(i): {"1": scattered(i)} for i in range(6)},
        metadata={str(i): {"kind": "ab"[i % 2]} for i in range(6)},
        name="one",
    )
    two = made({str(i): {"1": scattered(i)} for i in range(10, 16)}, name="two")
    for parts in ((one, two), (two, one)):
        result = NeurosynthChi2(mask=mask).fit(*parts)
        corrected = montecarlo(result, strata="kind", n_iters=5)
        # the observed groups are the only ones
        assert len(np.unique(nulls_of(corrected), axis=0)) == 1

"""Coactivation of regions: against dense arrays, SciPy, and loops over peaks."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from nimare_neurosynth.database import About, Database, Peaks
from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthWarning,
    OptionError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.networks import MEASURES, Parcels, _matrix, coactivation_matrix
from tests.networks.test_activity import BOUNDS
from tests.oracles import (
    active_voxels,
    brain_block,
    dense_activations,
    quietly,
    random_database,
)

MASK = brain_block((13, 12, 11), 4.0)
PLACES = {
    "left": (-12, 0, 0),
    "middle": (-4, 0, 0),
    "right": (14, 2, 1),
    "front": (0, 18, 4),
    "back": (-8, -16, 0),
    "top": (4, 4, 16),
}


@pytest.fixture(scope="module")
def made():
    return random_database()


@pytest.fixture(scope="module")
def parcels():
    """Give six spheres, of which some overlap."""
    found = Parcels.from_spheres(PLACES, 8, mask=MASK)
    assert found.overlap
    return found


@pytest.fixture(scope="module")
def found(made, parcels):
    return coactivation_matrix(made, parcels)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def inside(parcels):
    return np.array([parcels.inside(name) for name in parcels.names])


def active_in(database, parcels, least=1, share=None, radius=6, talairach="icbm_spm"):
    """Say which studies activate which parcels, by dense arrays."""
    xyz = database.peaks.to_mni(talairach)
    study, n = database.peaks.study, database.n_studies
    active = dense_activations(xyz, study, n, parcels.mask, radius)
    voxels = active.astype(int) @ inside(parcels).T.astype(int)
    if share is None:
        return voxels >= least
    return voxels >= share * inside(parcels).sum(axis=1) * (1 - 1e-12)


def counts_of(active):
    return active.T.astype(int) @ active.astype(int)


def shuffled(database, order, mask=None):
    """Give the same studies in another order."""
    peaks, place = database.peaks, np.argsort(order)
    rows = np.argsort(place[peaks.study], kind="stable")
    spaces = ["TAL" if t else "MNI" for t in peaks.is_talairach[rows]]
    study = place[peaks.study[rows]]
    ids = [str(database.study_ids[i]) for i in order]
    return Database(
        About("shuffled", "1"),
        n_studies=len(order),
        peaks=Peaks.from_columns(peaks.xyz[rows], study, study, spaces),
        tables={"studies": lambda: pd.DataFrame({"study_id": ids})},
    )


# ---------------------------------------------------------------------- against arrays

OPTIONS = [
    ({}, {}),
    ({"min_voxels": 1}, {}),
    ({"min_voxels": 9}, {"least": 9}),
    ({"min_proportion": 0.25}, {"share": 0.25}),
    ({"min_proportion": 1}, {"share": 1}),
    ({"radius_mm": 10, "min_voxels": 5}, {"least": 5, "radius": 10}),
    ({"talairach": None}, {"talairach": None}),
]


@pytest.mark.parametrize(("options", "same"), OPTIONS, ids=str)
def test_counts_are_those_of_dense_arrays(made, parcels, options, same):
    found = quietly(coactivation_matrix, made, parcels, **options)
    expected = counts_of(active_in(made, parcels, **same)[made.has_peaks])
    np.testing.assert_array_equal(found.counts, expected)
    np.testing.assert_array_equal(found.n_active, expected.diagonal())
    assert expected.sum() > 0
    assert found.counts.dtype == np.int64
    assert found.n_studies == 118
    assert found.labels == tuple(PLACES)


def test_measures_are_those_of_scipy(made, parcels, found):
    active = active_in(made, parcels)[made.has_peaks]
    n = len(active)
    np.testing.assert_allclose(found.phi, np.corrcoef(active.T), atol=1e-12)
    for i, one in enumerate(active.T):
        for j, other in enumerate(active.T):
            both, either = (one & other).sum(), (one | other).sum()
            assert found.jaccard[i, j] == both / either
            if i == j:
                assert found.z[i, j] == 0
                continue
            table = [[both, (one & ~other).sum()], [(~one & other).sum(), n - either]]
            chi2 = chi2_contingency(table, correction=False).statistic
            assert found.z[i, j] ** 2 == pytest.approx(chi2, rel=1e-9)
            assert np.sign(found.z[i, j]) == np.sign(both * n - one.sum() * other.sum())
    assert (found.z < 0).any()
    assert (found.z > 2).any()


@settings(max_examples=30)
@given(st.integers(0, 999), st.integers(2, 7), st.integers(4, 40))
def test_any_table_of_studies(found, seed, k, n):
    rng = np.random.default_rng(seed)
    active = rng.random((n, k)) < rng.random(k) * 1.4 - 0.2  # some in all, some in none
    matrix = replace(found, counts=counts_of(active), n_studies=n)
    varies = active.any(axis=0) & ~active.all(axis=0)
    expected = np.diag(varies.astype(float))
    if varies.sum() > 1:
        expected[np.ix_(varies, varies)] = np.corrcoef(active[:, varies].T)
    np.testing.assert_allclose(matrix.phi, expected, atol=1e-12)
    np.testing.assert_allclose(
        matrix.z, (expected - np.diag(expected.diagonal())) * np.sqrt(n), atol=1e-9
    )
    for measure in MEASURES:
        values = matrix.matrix(measure)
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(values, values.T)
    assert np.abs(matrix.phi).max() <= 1
    assert ((matrix.jaccard >= 0) & (matrix.jaccard <= 1)).all()


@settings(max_examples=10)
@given(
    st.randoms(use_true_random=False), st.sampled_from([5, 64, 32_768]), st.booleans()
)
def test_neither_order_nor_size_of_blocks_matters(
    made, parcels, found, random, at_once, different
):
    order = list(range(made.n_studies))
    random.shuffle(order)
    expected = coactivation_matrix(made, parcels, different_peaks=different)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_matrix, "_PEAKS_AT_ONCE", at_once)
        again = coactivation_matrix(
            shuffled(made, order), parcels, different_peaks=different, n_jobs=1
        )
    np.testing.assert_array_equal(again.counts, expected.counts)
    assert again.n_studies == expected.n_studies


@settings(max_examples=10)
@given(st.permutations(range(6)))
def test_the_order_of_parcels_is_the_order_of_rows(made, parcels, found, order):
    names = [parcels.names[i] for i in order]
    other = Parcels.of(MASK, {name: parcels.inside(name) for name in names})
    again = coactivation_matrix(made, other)
    np.testing.assert_array_equal(again.counts, found.counts[np.ix_(order, order)])
    # of the 2 x 2 table's rows and columns, one order is as good as the other
    np.testing.assert_allclose(again.z, found.z[np.ix_(order, order)], rtol=1e-12)


def test_a_grid_of_many_parcels(made):
    parcels = Parcels.grid(10, mask=MASK)
    found = quietly(coactivation_matrix, made, parcels)
    assert len(parcels) > 60
    expected = counts_of(active_in(made, parcels)[made.has_peaks])
    np.testing.assert_array_equal(found.counts, expected)


# --------------------------------------------------------------------- different peaks


def brute_different(database, parcels, least=1, share=None, radius=6):
    """Go through all studies and pairs of parcels, peak by peak."""
    regions = inside(parcels)
    sizes = regions.sum(axis=1)
    bound = least if share is None else share * sizes * (1 - 1e-12)
    xyz, study = database.peaks.to_mni("icbm_spm"), database.peaks.study
    counts = np.zeros((len(parcels),) * 2, int)
    for s in np.flatnonzero(database.has_peaks):
        hits = [
            (regions & active_voxels([peak], parcels.mask, radius)).sum(axis=1) >= bound
            for peak in xyz[study == s]
        ]
        for a in range(len(parcels)):
            own = {i for i, hit in enumerate(hits) if hit[a]}
            counts[a, a] += bool(own)
            for b in range(a):
                other = {i for i, hit in enumerate(hits) if hit[b]}
                one_peak = len(own) == len(other) == 1 and own == other
                counts[a, b] += bool(own and other and not one_peak)
    return np.maximum(counts, counts.T)


@pytest.mark.parametrize(
    ("options", "same"),
    [o for o in OPTIONS if "talairach" not in o[0]],
    ids=str,
)
def test_different_peaks_are_a_loop_over_peaks(made, parcels, options, same):
    found = quietly(coactivation_matrix, made, parcels, different_peaks=True, **options)
    np.testing.assert_array_equal(found.counts, brute_different(made, parcels, **same))
    assert found.facts["different_peaks"] is True


@settings(max_examples=15)
@given(st.integers(0, 999), st.sampled_from([1, 3, 8]))
def test_different_peaks_of_any_studies(seed, least):
    database, mask = random_database(seed, 30), brain_block()
    rng = np.random.default_rng(seed)
    regions = {f"p{i}": rng.random(mask.n_voxels) < 0.1 for i in range(4)}
    parcels = Parcels.of(mask, regions)
    found = quietly(
        *(coactivation_matrix, database, parcels),
        different_peaks=True,
        min_voxels=least,
    )
    np.testing.assert_array_equal(
        found.counts, brute_different(database, parcels, least)
    )
    plain = quietly(coactivation_matrix, database, parcels)
    assert (found.counts <= plain.counts).all()


def one_study(*peaks):
    study = np.zeros(len(peaks), int)
    return Database(
        About("one", "1"),
        n_studies=1,
        peaks=Peaks.from_columns(
            np.array(peaks, float), study, study, ["MNI"] * len(study)
        ),
        tables={"studies": lambda: pd.DataFrame({"study_id": ["1"]})},
    )


@pytest.mark.parametrize(
    ("peaks", "together"),
    [
        ([(4, 0, 0)], 0),  # its sphere reaches into both
        ([(4, 0, 0), (4, 0, 0)], 1),  # two peaks, at the same place
        ([(4, 0, 0), (-4, 0, 0)], 1),
        ([(-4, 0, 0), (12, 0, 0)], 1),  # one in each
        ([(-4, 0, 0)], 0),
        ([(4, 0, 0), (0, 20, 0)], 0),  # the second one is elsewhere
    ],
)
def test_neighbours_are_not_always_together(peaks, together):
    full = np.ones((11, 11, 11))
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = -20
    from nimare_neurosynth.space import Mask

    mask = Mask.from_array(full, affine)
    x, y = mask.xyz_mm[:, 0], mask.xyz_mm[:, 1]
    parcels = Parcels.of(mask, {"a": (x <= 0) & (y < 12), "b": (x > 4) & (y < 12)})
    database = one_study(*peaks)
    found = quietly(coactivation_matrix, database, parcels, different_peaks=True)
    assert found.counts[0, 1] == found.counts[1, 0] == together


def test_active_regions_need_one_peak_with_enough_voxels():
    mask = brain_block((13, 12, 11), 4.0)
    whole = {"all": np.ones(mask.n_voxels, bool), "half": mask.xyz_mm[:, 0] < 0}
    parcels = Parcels.of(mask, whole)
    database = one_study((-12, 0, 0), (12, 0, 0), (0, 12, 0))
    one_peak = int(database.activations(mask=mask).sizes[0])
    options = {"min_voxels": one_peak}  # of all three together
    assert coactivation_matrix_counts(database, parcels, options)[0, 0] == 1
    options["different_peaks"] = True
    assert coactivation_matrix_counts(database, parcels, options)[0, 0] == 0


def coactivation_matrix_counts(database, parcels, options):
    return quietly(coactivation_matrix, database, parcels, **options).counts


# ----------------------------------------------------------------------------- universe


@pytest.mark.parametrize("different", [True, False])
def test_only_studies_of_a_universe_are_counted(made, parcels, different):
    options = {"different_peaks": different}
    chosen = made.select("labela | labelb")
    counted = chosen.mask & made.has_peaks
    found = coactivation_matrix(made, parcels, universe=chosen, **options)
    assert found.n_studies == counted.sum() == found.facts["n_studies"]
    by_query = coactivation_matrix(made, parcels, universe="labela | labelb", **options)
    np.testing.assert_array_equal(found.counts, by_query.counts)
    rest = coactivation_matrix(
        made, parcels, universe=made.select("~(labela | labelb)"), **options
    )
    whole = coactivation_matrix(made, parcels, **options)
    np.testing.assert_array_equal(found.counts + rest.counts, whole.counts)
    assert found.n_studies + rest.n_studies == whole.n_studies


def test_how_queries_of_a_universe_are_understood(made, parcels):
    strong = coactivation_matrix(made, parcels, universe="labela", threshold=0.5)
    assert (
        strong.n_studies
        == (made.select("labela", threshold=0.5).mask & made.has_peaks).sum()
    )
    with pytest.raises(UnknownTermError, match="'labelz'"):
        coactivation_matrix(made, parcels, universe="labelz")
    with pytest.raises(EmptySelectionError, match="no study is left"):
        coactivation_matrix(
            made, parcels, universe=made.select(ids=made.study_ids[-2:])
        )
    other = random_database(5)
    with pytest.raises(SelectionError, match="belongs to"):
        coactivation_matrix(made, parcels, universe=other.select("labela"))


# ----------------------------------------------------------------------- what is given


def test_tables_have_names(found):
    for measure in MEASURES:
        table = found.table(measure)
        assert table.index.tolist() == table.columns.tolist() == list(PLACES)
        assert table.index.name == "region"
        np.testing.assert_array_equal(table, found.matrix(measure))
    pd.testing.assert_frame_equal(found.table(), found.table("z"))
    np.testing.assert_array_equal(found.matrix(), found.z)


def test_reprs(found):
    assert repr(found) == "<CoactivationMatrix of 6 parcels, 118 studies>"
    html = found._repr_html_()
    assert html.startswith("<p>&lt;CoactivationMatrix of 6 parcels")
    assert str(round(found.z[0, 1], 2)) in html
    assert "front" in html


def test_names_are_escaped_on_pages(made, found):
    odd = replace(found.parcels, names=("<b>a</b>", *found.labels[1:]))
    assert "<b>" not in replace(found, parcels=odd)._repr_html_()


@pytest.mark.parametrize("measure", MEASURES)
def test_saved_tables(made, parcels, tmp_path, measure):
    matrix = coactivation_matrix(
        made, parcels, min_proportion=0.1, universe="labela", radius_mm=8
    )
    path = matrix.save(tmp_path / "new.tsv", measure)
    table = pd.read_csv(path, sep="\t", index_col="region")
    pd.testing.assert_frame_equal(table, matrix.table(measure))
    facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
    known = {
        "table": "new.tsv",
        "measure": measure,
        "min_proportion": 0.1,
        "min_voxels": None,
        "different_peaks": False,
        "radius_mm": 8,
        "talairach": "icbm_spm",
        "n_studies": matrix.n_studies,
    }
    assert {key: facts.get(key) for key in known} == known
    assert facts["database"]["content_hash"] == made.content_hash
    assert facts["software"]["numpy"] == np.__version__
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.json", "new.tsv"]


def test_sidecars_say_which_studies_were_counted(made, parcels):
    matrix = coactivation_matrix(made, parcels, universe="labela")
    assert "labela" in json.dumps(matrix.facts)
    whole = coactivation_matrix(made, parcels)
    assert whole.facts["universe"] is None


def test_sidecars_say_in_which_mask(found):
    assert MASK.key in json.dumps(found.facts)


def test_wrong_names_of_files(found, tmp_path):
    for name in ("a.csv", "a", "a.tsv.gz"):
        with pytest.raises(OptionError, match=r"must end in \.tsv"):
            found.save(tmp_path / name)
    assert not [*tmp_path.iterdir()]


# --------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("measure", MEASURES)
def test_pictures_of_matrices(found, measure):
    figure = found.plot(measure=measure)
    assert figure.get_suptitle() == measure
    [image] = figure.axes[0].images
    shown = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert sorted(shown) == sorted(PLACES)
    order = [found.labels.index(name) for name in shown]
    expected = found.matrix(measure)[np.ix_(order, order)].astype(float)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(np.asarray(image.get_array()), expected)
    low, high = image.get_clim()
    assert high == np.abs(expected).max()
    assert low == (-high if (expected < 0).any() else 0)


def test_what_goes_together_stands_together(found):
    two = np.kron(np.eye(2, dtype=int), np.full((3, 3), 40))[:, [0, 3, 1, 4, 2, 5]]
    blocks = replace(found, counts=two[[0, 3, 1, 4, 2, 5]])
    figure = blocks.plot(measure="counts", title="Two groups")
    shown = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    places = [found.labels.index(name) % 2 for name in shown]
    assert places in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    assert figure.get_suptitle() == "Two groups"


def test_pictures_of_two_regions_and_of_many(made, parcels):
    two = Parcels.from_spheres(dict([*PLACES.items()][:2]), mask=MASK)
    figure = coactivation_matrix(made, two).plot()
    assert figure.axes[0].images
    many = Parcels.grid(10, mask=MASK)
    figure = quietly(coactivation_matrix, made, many).plot()
    assert not any(t.get_text() for t in figure.axes[0].get_yticklabels())


def edges_of(monkeypatch):
    """Keep the matrix that nilearn is given."""
    from nilearn import plotting

    kept = []
    monkeypatch.setattr(
        plotting,
        "plot_connectome",
        lambda matrix, places, **_: kept.append((matrix, places)),
    )
    return kept


@pytest.mark.parametrize(("strongest", "n"), [(0.0001, 1), (0.2, 3), (1, 15)])
def test_connectomes_show_the_strongest_pairs(found, monkeypatch, strongest, n):
    kept = edges_of(monkeypatch)
    figure = found.plot("connectome", "z", strongest=strongest, title="Pairs")
    [(shown, places)] = kept
    np.testing.assert_array_equal(places, found.parcels.centres_mm)
    np.testing.assert_array_equal(shown, shown.T)
    pairs = np.abs(found.z[np.triu_indices(6, 1)])
    kept_pairs = shown[np.triu_indices(6, 1)]
    assert np.count_nonzero(kept_pairs) == n
    np.testing.assert_array_equal(
        np.sort(np.abs(kept_pairs[kept_pairs != 0])), np.sort(pairs)[-n:]
    )
    assert figure.get_suptitle() == "Pairs"


def test_connectomes_are_drawn(found):
    assert found.plot("connectome", "phi").axes


@pytest.mark.parametrize("measure", ["counts", "z"])
@pytest.mark.parametrize("kind", ["matrix", "connectome"])
def test_pictures_of_regions_that_are_never_together(found, kind, measure):
    apart = replace(found, counts=np.diag([3, 4, 5, 6, 7, 8]))
    assert apart.plot(kind, measure, strongest=1).axes


@pytest.mark.parametrize("strongest", [0, -1, 1.5, np.nan, "all", None])
def test_shares_of_pairs(found, strongest):
    with pytest.raises(OptionError, match="strongest must be a share"):
        found.plot("connectome", strongest=strongest)


def test_unknown_measures_and_kinds(found):
    for call in (found.matrix, found.table, lambda m: found.plot("matrix", m)):
        with pytest.raises(OptionError, match="measure must be one of counts, z, phi"):
            call("r")
    with pytest.raises(OptionError, match="kind must be matrix or connectome"):
        found.plot("circle")


# -------------------------------------------------------------------------- bad input


def test_regions_that_no_study_activates_are_told(made):
    parcels = Parcels.from_spheres(PLACES, 6, mask=MASK)
    with pytest.warns(NeurosynthWarning, match=r"6 regions are active in no .*'left'"):
        found = coactivation_matrix(made, parcels, min_voxels=10_000)
    for measure in MEASURES:
        assert not found.matrix(measure).any()


@pytest.mark.parametrize("different", [True, False])
@pytest.mark.parametrize(("options", "message"), BOUNDS, ids=str)
def test_impossible_bounds(made, parcels, options, message, different):
    with pytest.raises(OptionError, match=message):
        coactivation_matrix(made, parcels, different_peaks=different, **options)


def test_wrong_calls(made, parcels):
    with pytest.raises(OptionError, match="a Database is needed, got int"):
        coactivation_matrix(3, parcels)
    with pytest.raises(OptionError, match="two regions at least, got one"):
        coactivation_matrix(made, {"a": (0, 0, 0)}, mask=MASK)
    with pytest.raises(OptionError, match="another mask"):
        coactivation_matrix(made, parcels, mask=brain_block())
    with pytest.raises(OptionError, match="radius_mm"):
        coactivation_matrix(made, parcels, radius_mm=1000)
    with pytest.raises((ImageError, OptionError)):
        coactivation_matrix(made, 5, mask=MASK)


@pytest.mark.parametrize("universe", [None, "labela", "selection"])
def test_options_that_there_are_not(made, parcels, universe):
    """A slip of the pen is not passed over."""
    if universe == "selection":
        universe = made.select("labela")
    with pytest.raises((TypeError, OptionError), match="min_voxel"):
        coactivation_matrix(made, parcels, universe=universe, min_voxel=9)

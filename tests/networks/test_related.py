"""Terms that go together: against dense arrays, and what cannot be compared."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.cluster.hierarchy import leaves_list
from scipy.stats import chi2_contingency

from nimare_neurosynth import meta_analysis, read_database
from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.engine import LabelColumns, float_room
from nimare_neurosynth.errors import (
    EmptySelectionError,
    NeurosynthWarning,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.networks import _related
from nimare_neurosynth.networks._related import count_both, related_terms
from nimare_neurosynth.networks._related_pictures import edge_bound, layout, link
from nimare_neurosynth.networks._relations import phi_of
from tests.oracles import brain_block, quietly, random_database

MASK = brain_block((11, 13, 9), 4.0)


@pytest.fixture(scope="module")
def made():
    return random_database()


@pytest.fixture(scope="module")
def found(made):
    return related_terms(made)


@pytest.fixture(scope="module")
def by_maps(made):
    return related_terms(made, by="maps", mask=MASK)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def dense(database, threshold=0.001):
    """Give which counted studies have which labels, as an array of bool."""
    [labels] = database.label_sets.values()
    return (labels.weights.toarray() >= threshold)[database.has_peaks]


def labelled(table, places=None):
    """Make a database of a study for each row, its labels the columns."""
    n_studies, n_labels = np.shape(table)
    xyz = np.zeros((n_studies, 3)) if places is None else np.asarray(places, float)
    study = np.arange(n_studies)
    names = tuple(f"t{i}" for i in range(n_labels))
    weights = sparse.csc_array(np.asarray(table, dtype=float))
    return Database(
        About("labelled", "1"),
        n_studies=n_studies,
        peaks=Peaks.from_columns(xyz, study, study, ["MNI"] * n_studies),
        label_sets=[LabelSet("labels", names, weights)],
        tables={"studies": lambda: pd.DataFrame({"study_id": study.astype(str)})},
    )


# ---------------------------------------------------------------------- against arrays


@pytest.mark.parametrize("threshold", [0.001, 0.5])
def test_measures_of_studies_are_those_of_dense_arrays(made, threshold):
    found = related_terms(made, threshold=threshold, min_studies_per_term=1)
    have = dense(made, threshold)
    np.testing.assert_allclose(found.values, np.corrcoef(have.T), atol=1e-14)
    np.testing.assert_array_equal(found.values, found.phi)
    np.testing.assert_array_equal(found.n_studies, have.sum(axis=0))
    assert found.n_counted == found.facts["n_studies"] == 118
    for i, one in enumerate(have.T):
        for j, other in enumerate(have.T):
            both, either = (one & other).sum(), (one | other).sum()
            assert found.counts[i, j] == both
            assert found.jaccard[i, j] == both / either
            if i == j:
                assert found.z[i, j] == 0
                continue
            table = [[both, (one & ~other).sum()], [(other & ~one).sum(), 118 - either]]
            chi2 = chi2_contingency(table, correction=False).statistic
            assert found.z[i, j] ** 2 == pytest.approx(chi2)
            assert np.sign(found.z[i, j]) == np.sign(found.values[i, j])


@settings(max_examples=25)
@given(st.data())
def test_any_table_of_studies(data):
    n, k = data.draw(st.integers(2, 30)), data.draw(st.integers(1, 6))
    seed = data.draw(st.integers(0, 999))
    rng = np.random.default_rng(seed)
    have = rng.random((n, k)) < rng.random(k) * 1.3  # some have all, or none
    counts = count_both(LabelColumns.from_masks(have.T))
    np.testing.assert_array_equal(counts, have.T.astype(int) @ have.astype(int))
    phi = phi_of(counts, n)
    varies = (have.any(axis=0)) & ~have.all(axis=0)
    expected = np.eye(k) * varies
    if np.count_nonzero(varies) > 1:
        expected[np.ix_(varies, varies)] = np.corrcoef(have[:, varies].T)
    np.testing.assert_allclose(phi, expected, atol=1e-12)
    np.testing.assert_array_equal(phi, phi.T)
    order = rng.permutation(k)
    again = phi_of(count_both(LabelColumns.from_masks(have.T[order])), n)
    np.testing.assert_array_equal(again, phi[np.ix_(order, order)])


def test_many_terms_are_counted_in_parts(monkeypatch, made):
    whole = related_terms(made)
    monkeypatch.setattr(_related, "_TERMS_AT_ONCE", 4)
    np.testing.assert_array_equal(related_terms(made).counts, whole.counts)


def maps_r(database, terms, **options):
    z = [
        quietly(meta_analysis, database, term, mask=MASK, **options)[
            "z_desc-association"
        ]
        for term in terms
    ]
    return np.corrcoef(z)


@pytest.mark.parametrize(
    "options", [{}, {"radius_mm": 10}, {"threshold": 0.4}], ids=str
)
def test_r_of_maps_is_that_of_whole_maps(made, options):
    found = related_terms(made, by="maps", mask=MASK, min_studies_per_term=1, **options)
    expected = maps_r(made, found.terms, **options)
    np.testing.assert_allclose(found.values, expected, atol=2e-6)
    np.testing.assert_array_equal(found.values, found.values.T)
    assert (np.diag(found.values) == 1).all()
    usual = related_terms(made, min_studies_per_term=1, **_without_radius(options))
    np.testing.assert_array_equal(found.counts, usual.counts)
    np.testing.assert_array_equal(found.phi, usual.values)
    assert found.facts | {**options, "n_voxels": MASK.n_voxels} == found.facts


def _without_radius(options):
    return {key: value for key, value in options.items() if key != "radius_mm"}


@settings(max_examples=8)
@given(st.integers(0, 99), st.integers(30, 80))
def test_maps_of_any_database(seed, n_studies):
    database = random_database(seed, n_studies)
    found = related_terms(database, by="maps", mask=MASK, min_studies_per_term=1)
    expected = maps_r(database, found.terms)
    np.testing.assert_allclose(found.values, expected, atol=5e-6)


def test_maps_in_a_file_in_parts_and_in_threads_are_the_same(
    made, by_maps, monkeypatch
):
    limit = 8 * 4 * 6**2  # so that the squares fit, and the maps do not
    again = related_terms(made, by="maps", mask=MASK, memory_limit=limit, n_jobs=1)
    np.testing.assert_array_equal(again.values, by_maps.values)
    monkeypatch.setattr(_related, "_VOXELS_AT_ONCE", 100)
    parts = related_terms(made, by="maps", mask=MASK, n_jobs=2)
    np.testing.assert_allclose(parts.values, by_maps.values, atol=1e-12)
    room = float_room((3, 1000), 11_999)
    assert isinstance(room, np.memmap)
    assert not isinstance(float_room((3, 1000), 12_000), np.memmap)


def test_the_same_studies_go_together_completely():
    have = np.zeros((40, 3))
    have[:15, :2] = 1
    have[15:, 2] = 1
    places = np.where(np.arange(40)[:, None] < 15, -12.0, 12.0) * np.ones(3)
    for by in ("studies", "maps"):
        found = related_terms(
            labelled(have, places), by=by, mask=MASK, min_studies_per_term=5
        )
        expected = [[1, 1, -1], [1, 1, -1], [-1, -1, 1]]
        np.testing.assert_allclose(found.values, expected, atol=1e-9)
        assert found.closest("t0", 1)["term"].tolist() == ["t1"]


def test_maps_that_are_the_same_everywhere_are_told_of():
    have = np.zeros((40, 2))
    have[:20, 0], have[10:30, 1] = 1, 1
    with pytest.warns(NeurosynthWarning, match="2 terms have the same z everywhere"):
        found = related_terms(
            labelled(have, np.full((40, 3), 500.0)), by="maps", mask=MASK
        )
    np.testing.assert_array_equal(found.values, 0)


# ---------------------------------------------------------------------- what is given


@pytest.mark.parametrize("result", ["found", "by_maps"])
def test_the_closest_come_first(request, result):
    found = request.getfixturevalue(result)
    for row, term in enumerate(found.terms):
        table = found.closest(term, 3)
        others = [i for i in range(len(found)) if i != row]
        best = sorted(others, key=lambda i: -found.values[row, i])[:3]
        assert table["term"].tolist() == [found.terms[i] for i in best]
        for column, values in (
            (found.value, found.values),
            ("z", found.z),
            ("jaccard", found.jaccard),
            ("n_both", found.counts),
        ):
            assert table[column].tolist() == values[row, best].tolist()
        assert table["n_studies"].tolist() == found.n_studies[best].tolist()
    assert len(found.closest("labela")) == len(found) - 1


def test_tables_have_names_on_both_sides(found):
    table = found.table()
    assert table.index.tolist() == table.columns.tolist() == list(found.terms)
    np.testing.assert_array_equal(table, found.values)
    for measure in ("phi", "z", "jaccard", "counts"):
        expected = getattr(found, measure)
        np.testing.assert_array_equal(found.table(measure), expected)
        np.testing.assert_array_equal(expected, expected.T)


def test_files_say_how_it_was_done(made, by_maps, tmp_path):
    path = by_maps.save(tmp_path / "related.tsv")
    table = pd.read_csv(path, sep="\t", index_col="term")
    np.testing.assert_allclose(table, by_maps.values)
    facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert facts == {"table": "related.tsv", **by_maps.facts, "measure": "r"}
    known = {"by": "maps", "threshold": 0.001, "min_studies_per_term": 20}
    assert facts | known | {"label_set": "labels", "radius_mm": 6} == facts
    assert facts["database"]["content_hash"] == made.content_hash
    path = by_maps.save(tmp_path / "counts.tsv", "counts")
    table = pd.read_csv(path, sep="\t", index_col="term")
    np.testing.assert_array_equal(table, by_maps.counts)
    with pytest.raises(OptionError, match=r"must end in .tsv, got 'a.csv'"):
        by_maps.save(tmp_path / "a.csv")


def test_reprs(found, by_maps):
    assert repr(found) == "<RelatedTerms: 6 terms by their studies, 118 studies>"
    assert repr(by_maps) == "<RelatedTerms: 6 terms by their maps, 118 studies>"
    assert "labelf" in found._repr_html_()


# --------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("kind", ["heatmap", "network"])
@pytest.mark.parametrize("n", [2, 6])
def test_pictures_name_every_term(found, kind, n):
    terms = ["_a $x", "labelb " * 9, *found.terms[2:]][:n]
    some = type(found)(
        tuple(terms), found.values[:n, :n], found.counts[:n, :n], 118, "studies", {}
    )
    figure = some.plot(kind, title="Mine $1")
    assert figure.get_suptitle() == "Mine $1"
    figure.canvas.draw()
    axes = figure.axes[1] if kind == "heatmap" else figure.axes[0]
    texts = axes.get_yticklabels() if kind == "heatmap" else axes.texts
    shown = {text.get_text() for text in texts}
    assert {"_a $x", *terms[2:]} < shown
    assert len(shown) == n
    assert max(map(len, shown)) <= 34


def test_heat_maps_are_sorted_as_the_dendrogram_is(by_maps):
    axes = by_maps.plot().axes[1]
    order = leaves_list(link(by_maps.values))
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [text.get_text() for text in axes.get_xticklabels()]
    assert names == [by_maps.terms[i] for i in order]
    cells = np.ma.filled(axes.collections[0].get_array().astype(float), np.nan)
    expected = by_maps.values[np.ix_(order, order)].copy()
    np.fill_diagonal(expected, np.nan)
    np.testing.assert_array_equal(cells.reshape(6, 6), expected)
    low, high = axes.get_ylim()
    assert low > high  # the first on top, where the dendrogram has it
    [side, *_] = by_maps.plot().axes
    assert side.get_ylim() == (60, 0)


def test_networks_have_lines_above_the_threshold(found):
    upper = found.values[np.triu_indices(6, 1)]
    for threshold in (-1, 0.0, float(np.median(upper)), 0.99):
        figure = found.plot("network", edge_threshold=threshold)
        [lines, *_] = figure.axes[0].collections
        assert len(lines.get_segments()) == np.count_nonzero(upper > threshold)
        assert f"phi > {threshold:.2g}" in figure.texts[0].get_text()


def test_networks_have_about_two_lines_for_each_term_by_default():
    rng = np.random.default_rng(0)
    values = rng.random((30, 30))
    values = (values + values.T) / 2
    bound = edge_bound(values, None)
    assert np.count_nonzero(np.triu(values > bound, 1)) == 60
    assert edge_bound(-values, None) == 0
    assert edge_bound(values[:3, :3], None) == 0


def test_terms_that_go_together_are_near_each_other():
    groups = np.repeat([0, 1, 2], 5)
    values = np.where(groups[:, None] == groups, 0.8, -0.1)
    np.fill_diagonal(values, 1)
    places = layout(values)
    assert places.min() == 0
    assert places.max() == 1
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    same = groups[:, None] == groups
    assert apart[same].max() < apart[~same].min()
    np.testing.assert_array_equal(layout(values), places)


def test_terms_that_always_go_together_still_have_places():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        places = layout(np.ones((4, 4)))
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(6), axis=0)) == 4


@pytest.mark.parametrize(("kind", "most"), [("heatmap", 200), ("network", 100)])
def test_too_many_terms_are_not_drawn(found, kind, most):
    n = most + 1
    many = type(found)(
        tuple(map(str, range(n))), np.eye(n), np.eye(n, dtype=int), 9, "studies", {}
    )
    with pytest.raises(OptionError, match=f"at most {most} terms, got {n}"):
        many.plot(kind)


# -------------------------------------------------------------------------- bad input

WRONG = {
    "by": ({"by": "place"}, OptionError, "by must be studies or maps, got 'place'"),
    "threshold": ({"threshold": 0}, OptionError, "threshold must be above 0"),
    "least": ({"min_studies_per_term": -1}, OptionError, "whole number from 0 up"),
    "rare": ({"min_studies_per_term": 500}, EmptySelectionError, "at least 500"),
    "term": ({"terms": "labelz"}, UnknownTermError, "labelz"),
    "one": ({"terms": "labela"}, OptionError, "two terms at least"),
    "set": ({"label_set": "topics"}, UnknownTermError, "topics"),
    "jobs": ({"n_jobs": 0}, OptionError, "n_jobs must be"),
    "memory": ({"memory_limit": "much"}, OptionError, "memory_limit must be"),
    "room": (
        {"memory_limit": 1000},
        OptionError,
        "the 36 pairs of 6 terms take 0.00115 MB",
    ),
    "radius": ({"by": "maps", "radius_mm": -1}, OptionError, "radius"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_are_refused(made, case):
    options, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        related_terms(made, **options)


def test_something_else_is_no_database():
    with pytest.raises(OptionError, match="a Database is needed, got str"):
        related_terms("database")


def test_terms_left_out_are_told_of_if_they_were_named():
    have = np.zeros((60, 4))
    have[:30, 0], have[20:50, 1], have[:3, 2], have[:, 3] = 1, 1, 1, 1
    database = labelled(have)
    with pytest.warns(NeurosynthWarning, match="'t2', 't3' left out: too few"):
        found = related_terms(database, ["t0", "t1", "t2", "t3"])
    assert found.terms == ("t0", "t1")
    assert found.facts["n_terms_left_out"] == 2
    assert related_terms(database, "t*").terms == ("t0", "t1")
    with pytest.raises(OptionError, match=r"got one \(1 that too few"):
        related_terms(database, ["t0", "t2"])


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "all"])
def test_wrong_numbers_of_neighbours_are_refused(found, n):
    with pytest.raises(OptionError, match="n must be a whole number from 1 up"):
        found.closest("labela", n)


def test_wrong_names_are_refused(found):
    with pytest.raises(UnknownTermError, match=r"'labl' is not .* Close matches: 'lab"):
        found.closest("labl")
    with pytest.raises(OptionError, match="measure must be one of phi, z, jaccard"):
        found.table("r")
    with pytest.raises(OptionError, match="kind must be heatmap or network, got 'x'"):
        found.plot("x")
    for threshold in (1, -2, np.nan, "high", True):
        with pytest.raises(OptionError, match="edge_threshold must be a number"):
            found.plot("network", edge_threshold=threshold)


# -------------------------------------------------------------------------- real data


def test_words_that_go_together(shared_data):
    database = read_database(shared_data / "neurosynth_recon")
    words = ["amygdala", "emotional", "fear", "motor", "hand", "language", "reading"]
    for by in ("studies", "maps"):
        found = related_terms(database, words, by=by)
        best = {word: found.closest(word, 1)["term"][0] for word in words}
        assert best["amygdala"] in {"emotional", "fear"}
        assert best["fear"] in {"emotional", "amygdala"}
        assert (best["hand"], best["motor"]) == ("motor", "hand")
        assert (best["reading"], best["language"]) == ("language", "reading")

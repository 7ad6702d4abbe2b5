"""Terms of sets of studies: against loops over studies, SciPy and NiMARE."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nimare_neurosynth.decoding import STUDY_METHODS, decode_studies
from nimare_neurosynth.errors import (
    EmptySelectionError,
    NeurosynthWarning,
    OptionError,
    QueryError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.io import from_studyset
from nimare_neurosynth.space import nimare_resource
from tests.decoding.test_fits import shuffled, with_terms
from tests.oracles import association_z, quietly, random_database, two_sided_p

REVERSE = ["z", "p", "q", "prob_reverse"]
FORWARD = ["z_forward", "p_forward", "q_forward"]
COLUMNS = {
    "neurosynth": [*REVERSE, *FORWARD, "prob_forward", "n_both"],
    "brainmap": [*REVERSE, *FORWARD, "likelihood_forward", "n_both"],
}


def naive_tables(database, selected, others, terms, threshold=0.001):
    """Count one study after the other: {term: [[a, b], [c, d]]}."""
    [labels] = database.label_sets.values()
    weights = labels.weights.toarray()
    with_peaks = set(database.peaks.study.tolist())
    tables = {}
    for term in terms:
        column = weights[:, labels.labels.index(term)]
        table = [[0, 0], [0, 0]]
        for study in range(database.n_studies):
            if study not in with_peaks or not (selected[study] or others[study]):
                continue
            has = column[study] >= threshold
            table[int(not selected[study])][int(not has)] += 1
        tables[term] = table
    return tables


def one_way_z(a, n, expected):
    """Test a number of selected studies against that of the average term."""
    if not 0 < expected < n:
        return 0.0
    chi2 = stats.chisquare([a, n - a], [expected, n - expected]).statistic
    return np.sign(a - expected) * np.sqrt(chi2)


def naive_neurosynth(tables, prior):
    """Give the rows of Neurosynth's method, term by term."""
    mean = np.mean([table[0][0] for table in tables.values()])
    rows = {}
    for term, ((a, b), (c, d)) in tables.items():
        given_term = a / (a + c) if a + c else 0.0
        given_none = b / (b + d) if b + d else 0.0
        selected = prior * given_term + (1 - prior) * given_none
        rows[term] = {
            "z": association_z(a, a + b, a + c, a + b + c + d),
            "prob_reverse": prior * given_term / selected if selected else 0.0,
            "z_forward": one_way_z(a, a + b, mean) if a + c else 0.0,
            "prob_forward": selected,
            "n_both": a,
        }
        for name in ("", "_forward"):
            rows[term][f"p{name}"] = two_sided_p(rows[term][f"z{name}"])
    return rows


def naive_brainmap(database, tables, counted):
    """Give the rows of BrainMap's method, term by term."""
    [labels] = database.label_sets.values()
    has = labels.weights.toarray() >= 0.001
    n_peaks = [np.count_nonzero(database.peaks.study == s) for s in range(len(has))]
    columns = {term: has[:, labels.labels.index(term)] & counted for term in tables}
    n_uses = sum(np.count_nonzero(column) for column in columns.values())
    rows, total = {}, 0.0
    for term, ((a, b), (c, d)) in tables.items():
        rate = (a + b) / sum(n_peaks[s] for s in np.flatnonzero(counted))
        foci = sum(n_peaks[s] for s in np.flatnonzero(columns[term]))
        likelihood = a / foci / rate
        z = association_z(a, a + b, a + c, a + b + c + d)
        forward = stats.binomtest(a, foci, rate, alternative="greater").pvalue
        rows[term] = {
            "z": z if a >= 5 else 0.0,
            "p": two_sided_p(z) if a >= 5 else 1.0,
            "prob_reverse": likelihood * (a + c) / n_uses,
            "z_forward": stats.norm.isf(forward) if a >= 5 else 0.0,
            "p_forward": forward if a >= 5 else 1.0,
            "likelihood_forward": likelihood,
            "n_both": a,
        }
        total += rows[term]["prob_reverse"]
    for row in rows.values():
        row["prob_reverse"] /= total
    return rows


def check(found, rows, place=0):
    assert set(found.terms) == set(rows)
    for i, term in enumerate(found.terms):
        for name, expected in rows[term].items():
            value = found.columns[name][i, place]
            assert value == pytest.approx(expected, rel=1e-9, abs=1e-12), (term, name)
    for name in ("", "_forward"):
        q = stats.false_discovery_control(found.columns[f"p{name}"][:, place])
        np.testing.assert_allclose(found.columns[f"q{name}"][:, place], q, rtol=1e-12)


# ------------------------------------------------------------------------ against loops


def two_sets(database, seed, share=0.4):
    """Draw some studies, and others: as masks, and as selections."""
    drawn = np.random.default_rng(seed).random(database.n_studies)
    masks = drawn < share, drawn > 0.7
    return *masks, *(database.select(ids=database.study_ids[m]) for m in masks)


@pytest.mark.parametrize("against", [False, True])
@pytest.mark.parametrize("method", STUDY_METHODS)
def test_made_up_studies_against_loops(made, method, against):
    first, second, chosen, versus = two_sets(made, 3)
    found = decode_studies(
        made, chosen, versus=versus if against else None, method=method
    )
    assert list(found.columns) == COLUMNS[method]
    assert found.value == "z"
    others = second if against else ~first
    tables = naive_tables(made, first, others, found.terms)
    assert min(np.min(table) for table in tables.values()) > 5
    if method == "neurosynth":
        check(found, naive_neurosynth(tables, 0.5))
    else:
        check(found, naive_brainmap(made, tables, made.has_peaks))
    z = found.columns["z"]
    assert (z < 0).any()
    assert (z > 0).any()


@settings(max_examples=25)
@given(
    st.integers(0, 999),
    st.integers(6, 50),
    st.floats(0.05, 0.6),
    st.sampled_from(STUDY_METHODS),
    st.booleans(),
)
def test_any_database_against_loops(seed, n_studies, share, method, against):
    database = random_database(seed, n_studies)
    first, second, chosen, versus = two_sets(database, seed, share)
    others = second if against else ~first
    counted = database.has_peaks
    if not (first & counted).any() or not (others & counted).any():
        return
    found = quietly(
        decode_studies,
        database,
        chosen,
        versus=versus if against else None,
        method=method,
        prior=0.2,
        min_studies_per_term=1,
    )
    tables = naive_tables(database, first, others, found.terms)
    if method == "neurosynth":
        check(found, naive_neurosynth(tables, 0.2))
    elif any(table[0][0] for table in tables.values()):
        check(found, naive_brainmap(database, tables, counted))
    else:  # no term in the selected studies
        assert not found.columns["prob_reverse"].any()


def test_z_is_scipys_chi_square(made):
    chosen = made.select(ids=made.study_ids[:50])
    found = decode_studies(made, chosen)
    tables = naive_tables(made, chosen.mask, ~chosen.mask, found.terms)
    for i, term in enumerate(found.terms):
        tested = stats.chi2_contingency(tables[term], correction=False)
        assert found.columns["z"][i, 0] ** 2 == pytest.approx(tested.statistic)
        assert found.columns["p"][i, 0] == pytest.approx(tested.pvalue)
        (a, b), (c, d) = tables[term]
        assert np.sign(found.columns["z"][i, 0]) == np.sign(a / (a + b) - c / (c + d))


def test_the_studies_of_a_term_lead_to_it(made):
    found = decode_studies(made, "labelc")
    table = found.table()
    assert table["term"][0] == "labelc"
    assert table["n_both"][0] == table["n_studies"][0]
    # all have it, and none of the others: the largest z there can be
    assert table["z"][0] == pytest.approx(np.sqrt(118))
    assert table["prob_reverse"][0] == 1
    assert found.images == ("labelc",)


def test_the_amygdala_of_the_demo(demo):
    near = demo.select(near=[-22, -4, -18], radius_mm=10)
    for method in STUDY_METHODS:
        table = decode_studies(demo, near, method=method).table()
        assert table["term"][0] == "emotion"
        assert table["q"][0] < 0.01


# --------------------------------------------------------------------------- properties


@pytest.mark.parametrize("method", STUDY_METHODS)
def test_several_selections_are_each_alone(made, method):
    queries = ["labela", "labelb & ~labelc", made.select(ids=made.study_ids[40:80])]
    together = decode_studies(made, queries, method=method)
    assert together.images == ("labela", "labelb & ~labelc", "40 given studies")
    for i, one in enumerate(queries):
        alone = decode_studies(made, one, method=method)
        for name, values in alone.columns.items():
            np.testing.assert_array_equal(together.columns[name][:, i], values[:, 0])
        assert together.image_facts[i] == alone.image_facts[0]


@pytest.mark.parametrize("method", STUDY_METHODS)
def test_the_order_of_studies_does_not_matter(made, method):
    other = shuffled(made, 1)
    one, two = (decode_studies(db, "labela", method=method) for db in (made, other))
    assert one.terms == two.terms
    for name, values in one.columns.items():
        np.testing.assert_allclose(two.columns[name], values, rtol=1e-12)


def test_all_others_can_be_named(made):
    one = decode_studies(made, "labela")
    two = decode_studies(made, "labela", versus="~labela")
    for name, values in one.columns.items():
        np.testing.assert_array_equal(two.columns[name], values)
    turned = decode_studies(made, "~labela")
    np.testing.assert_allclose(turned.columns["z"], -one.columns["z"], rtol=1e-12)


@pytest.mark.parametrize("method", STUDY_METHODS)
def test_studies_without_peaks_are_not_counted(made, method):
    ids = made.study_ids
    assert not made.has_peaks[118:].any()
    one = decode_studies(made, made.select(ids=ids[:30]), method=method)
    more = made.select(ids=[*ids[:30], *ids[118:]])
    two = decode_studies(made, more, method=method)
    for name, values in one.columns.items():
        np.testing.assert_array_equal(two.columns[name], values)
    silent = made.select(ids=ids[118:])
    with pytest.raises(EmptySelectionError, match="selects no study with peaks"):
        decode_studies(made, silent, method=method)
    with pytest.raises(EmptySelectionError, match="leaves no study to compare"):
        decode_studies(made, made.select(ids=ids[:30]), versus=silent, method=method)


@given(st.floats(0.01, 0.99))
def test_a_prior_moves_probabilities_only(made, prior):
    one, two = (
        decode_studies(made, "labela", prior=value).columns for value in (0.5, prior)
    )
    for name in one:
        if "prob" not in name:
            np.testing.assert_array_equal(one[name], two[name])
    assert ((two["prob_reverse"] >= 0) & (two["prob_reverse"] <= 1)).all()
    assert ((two["prob_reverse"] > one["prob_reverse"]) <= (prior > 0.5)).all()


def test_brainmap_does_not_test_terms_of_few_selected_studies(made):
    database = with_terms(
        made, four=range(4), five=range(5), none=range(60, 80), many=range(10, 90)
    )
    chosen = database.select(ids=database.study_ids[:30])
    found = decode_studies(database, chosen, method="brainmap", min_studies_per_term=1)
    table = found.table().set_index("term")
    assert table["n_both"].to_dict() == {"four": 4, "five": 5, "none": 0, "many": 20}
    for term in ("four", "none"):
        assert (table.loc[term, ["p", "p_forward"]] == 1).all()
        assert (table.loc[term, ["z", "z_forward"]] == 0).all()
    assert (table.loc[["five", "many"], ["p", "p_forward"]] < 1).all(axis=None)
    assert table["prob_reverse"].sum() == pytest.approx(1)
    assert table["prob_reverse"]["none"] == 0


def test_terms_and_their_least_number(made):
    everything = decode_studies(made, "labela")
    found = decode_studies(made, "labela", ["labeld", "labelb"])
    assert found.terms == ("labelb", "labeld")
    rows = [everything.terms.index(term) for term in found.terms]
    # the association does not depend on other terms
    np.testing.assert_array_equal(found.columns["z"], everything.columns["z"][rows])
    n = everything.n_studies
    fewer = decode_studies(made, "labela", min_studies_per_term=int(np.median(n)) + 1)
    assert fewer.terms == tuple(
        term
        for term, own in zip(everything.terms, n, strict=True)
        if own > np.median(n)
    )
    assert fewer.facts["n_terms_left_out"] == len(n) - len(fewer)
    with pytest.raises(UnknownTermError, match="labelz"):
        decode_studies(made, "labela", "labelz")
    with pytest.raises(EmptySelectionError, match="at least 300 studies"):
        decode_studies(made, "labela", min_studies_per_term=300)


def test_the_threshold_is_that_of_terms_and_queries(made):
    found = decode_studies(made, "labela", threshold=0.5)
    chosen = made.select("labela", threshold=0.5)
    assert found.image_facts[0]["n_studies"] == len(chosen)
    tables = naive_tables(made, chosen.mask, ~chosen.mask, found.terms, 0.5)
    check(found, naive_neurosynth(tables, 0.5))


def test_facts_and_files_say_how_it_was_done(made, tmp_path):
    found = decode_studies(made, ["labela", "labelb"], method="brainmap")
    path = found.save(tmp_path / "terms.tsv")
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert facts["method"] == "brainmap"
    assert facts["prior"] is None
    assert facts["versus"] is None
    assert facts["images"]["labelb"]["kind"] == "studies"
    assert facts["images"]["labelb"]["n_studies"] == len(made.select("labelb"))
    other = decode_studies(made, "labela & ~labelb", versus="labelb", prior=0.3).facts
    assert other["prior"] == 0.3
    assert other["versus"]["description"] == "labelb"


# ---------------------------------------------------------------------- wrong questions


def test_few_studies_are_told(made):
    for n, warns in ((19, True), (20, False), (1, True)):
        chosen = made.select(ids=made.study_ids[:n])
        if warns:
            with pytest.warns(NeurosynthWarning, match=f"selects only {n} studies"):
                decode_studies(made, chosen)
        else:
            decode_studies(made, chosen)


@pytest.mark.parametrize(
    ("selection", "options", "error", "message"),
    [
        ("labela & ~labela", {}, EmptySelectionError, "selects no study with peaks"),
        ("labela | ~labela", {}, EmptySelectionError, "no study to compare with"),
        ("labela", {"versus": "labelb & ~labelb"}, EmptySelectionError, "no study to"),
        ("labela", {"versus": "labela"}, SelectionError, "are in both"),
        ("labela", {"versus": "labelb"}, SelectionError, "in both.*&~"),
        (["labela", "labelb"], {"versus": "labelb"}, SelectionError, "in both"),
        ("labelz", {}, UnknownTermError, "labelz"),
        ("labela", {"versus": "labelz"}, UnknownTermError, "labelz"),
        ("labela &", {}, QueryError, "the query ends"),
        ([], {}, OptionError, "no selection was given"),
        ([None], {}, OptionError, "nothing to select by"),
        (None, {}, OptionError, "selection"),
        (5, {}, OptionError, "selection"),
        ("labela", {"versus": 5}, QueryError, "a query must be text"),
        ("labela", {"method": "chi2"}, OptionError, "neurosynth, brainmap, got 'chi2'"),
        ("labela", {"prior": 0}, OptionError, "prior must be"),
        ("labela", {"prior": 1.0}, OptionError, "prior must be"),
        ("labela", {"prior": "half"}, OptionError, "prior must be"),
        ("labela", {"threshold": -1}, OptionError, "threshold must be"),
        ("labela", {"min_studies_per_term": -1}, OptionError, "min_studies_per_term"),
        ("labela", {"min_studies_per_term": True}, OptionError, "min_studies_per_ter"),
        ("labela", {"label_set": "topics"}, UnknownTermError, "topics"),
    ],
    ids=str,
)
def test_wrong_questions(made, selection, options, error, message):
    with pytest.raises(error, match=message):
        decode_studies(made, selection, **options)


def test_selections_of_another_database(made):
    other = random_database(1).select("labela")
    for selection, versus in ((other, None), ("labela", other)):
        with pytest.raises(SelectionError, match="belongs to"):
            decode_studies(made, selection, versus=versus)


def test_what_is_no_database():
    with pytest.raises(OptionError, match="a Database is needed, got str"):
        decode_studies("neurosynth", "pain")


# ------------------------------------------------------------------------------- NiMARE

ALIKE = {"pForward": "p_forward", "pReverse": "p", "probReverse": "prob_reverse"}
CASES = {
    "8 of 17": (slice(8), None),
    "12 of 17": (slice(12), None),
    "10 and 6": (slice(1, 11), slice(11, 17)),
}


@pytest.fixture(scope="module")
def nimare():
    """Give NiMARE's discrete decoders, with logging as it was."""
    from nimare_neurosynth._nimare import studyset_module

    studyset_module()
    from nimare.decode import discrete

    return discrete


@pytest.fixture(scope="module")
def laird(nimare):
    """Give 17 studies, an analysis each, as NiMARE has them and as we do."""
    from nimare.studyset import Studyset

    path = nimare_resource("neurosynth_laird_studyset.json")
    studyset = quietly(Studyset, str(path))
    return studyset, from_studyset(studyset, unit="analysis")


def both(laird, decoder, method, case, features=None):
    """Decode with NiMARE's class and with ours; give tables of the same terms."""
    studyset, database = laird
    first, second = CASES[case]
    ids = database.study_ids[first]
    against = None if second is None else database.study_ids[second]
    decoder = decoder(correction=None, features=features)
    quietly(decoder.fit, studyset)
    theirs = quietly(
        decoder.transform, list(ids), None if against is None else list(against)
    )
    ours = quietly(
        decode_studies,
        database,
        database.select(ids=ids),
        features,
        versus=None if against is None else database.select(ids=against),
        method=method,
        min_studies_per_term=1,
    )
    assert set(theirs.index) == set(ours.terms)
    return theirs, ours.table().set_index("term").loc[theirs.index]


def used(database, case, least, most=20):
    """List terms that so many of the selected studies have."""
    first, second = CASES[case]
    has = database.label_sets["_inline"].weights.toarray() >= 0.001
    n = has[first].sum(axis=0)
    among = has if second is None else np.concatenate([has[first], has[second]])
    inside = (among.sum(axis=0) > 0) & (has.sum(axis=0) < len(has))
    labels = database.label_sets["_inline"].labels
    rows = np.flatnonzero(inside & (n >= least) & (n <= most))
    return [labels[i] for i in rows]


@pytest.mark.parametrize("case", CASES)
def test_neurosynths_method_is_nimares(nimare, laird, case):
    features = used(laird[1], case, 0)
    theirs, ours = both(laird, nimare.NeurosynthDecoder, "neurosynth", case, features)
    assert len(theirs) > 500
    names = {
        **ALIKE,
        "zReverse": "z",
        "zForward": "z_forward",
        "probForward": "prob_forward",
    }
    for name, own in names.items():
        np.testing.assert_allclose(ours[own], theirs[name], rtol=0, atol=1e-12)
    assert (ours["z"] > 1.5).any()
    assert (ours["z"] < -1.5).any()


@pytest.mark.parametrize("case", CASES)
def test_brainmaps_method_is_nimares(nimare, laird, case):
    features = used(laird[1], case, 4) + used(laird[1], case, 0, 3)[::40]
    theirs, ours = both(laird, nimare.BrainMapDecoder, "brainmap", case, features)
    for name, own in (*ALIKE.items(), ("likelihoodForward", "likelihood_forward")):
        np.testing.assert_allclose(ours[own], theirs[name], rtol=0, atol=1e-12)
    sizes = np.abs(theirs["zReverse"])
    np.testing.assert_allclose(ours["z"].abs(), sizes, rtol=0, atol=1e-12)
    # theirs ends at 0 where there are fewer than expected
    forward = ours["z_forward"].clip(lower=0)
    np.testing.assert_allclose(forward, theirs["zForward"], rtol=0, atol=1e-9)
    assert (ours["n_both"] >= 5).any()
    assert (ours["n_both"] < 5).any()


def test_nimare_takes_the_sign_of_brainmaps_reverse_test_from_foci(nimare, laird):
    # five of the eight selected studies have "task", and two of the nine others; but
    # those with it report more foci than those without
    features = used(laird[1], "8 of 17", 4)
    theirs, ours = both(laird, nimare.BrainMapDecoder, "brainmap", "8 of 17", features)
    task = "Neurosynth_TFIDF__task"
    assert (ours["n_both"][task], ours["n_studies"][task]) == (5, 7)
    assert ours["z"][task] == pytest.approx(1.684252, abs=1e-6)
    assert theirs["zReverse"][task] == pytest.approx(-1.684252, abs=1e-6)

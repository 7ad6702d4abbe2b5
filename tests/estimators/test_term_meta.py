"""TermMeta is NeurosynthChi2 on the two parts of a studyset."""

import numpy as np
import pytest
from nimare.correct import FDRCorrector, FWECorrector
from nimare.meta.cbma.mkda import MKDAChi2

from nimare_neurosynth import NeurosynthChi2, TermMeta
from nimare_neurosynth.errors import (
    EmptySelectionError,
    OptionError,
    QueryError,
    SelectionError,
    UnknownTermError,
)
from tests.estimators.conftest import nimads
from tests.estimators.same import check_equal, check_maps
from tests.oracles import quietly

PREFIX = "Neurosynth_TFIDF__"


@pytest.fixture(scope="module")
def weights(laird):
    """Give the annotations as NiMARE's table of them has them."""
    table = quietly(lambda: laird.annotations_df).set_index("id")
    return table[[c for c in table.columns if c.startswith(PREFIX)]].loc[laird.ids]


def check_parts(studyset, chosen, meta):
    """Compare a TermMeta with NeurosynthChi2 of what should be its parts."""
    chosen = np.asarray(chosen)
    assert 0 < chosen.sum() < len(chosen)
    parts = studyset.select_analyses(chosen), studyset.select_analyses(~chosen)
    options = {
        "mask": meta.mask,
        "prior": meta.prior,
        "kernel_transformer": meta.kernel_transformer,
        "min_studies": meta.min_studies,
        "random_state": meta.random_state,
    }
    ours, result = NeurosynthChi2(**options).fit(*parts), meta.fit(studyset)
    check_equal(result, ours)
    for corrector in (
        FDRCorrector(method="indep"),
        FWECorrector(method="montecarlo", n_iters=3),
    ):
        check_equal(corrector.transform(result), corrector.transform(ours))
    return result, parts


@pytest.mark.parametrize("term", ["network", "cognitive", "functional connectivity"])
def test_a_term(laird, weights, mask, term):
    chosen = weights[PREFIX + term] >= 0.001
    meta = TermMeta(f'"{PREFIX}{term}"', mask=mask, kernel__r=6)
    result, parts = check_parts(laird, chosen, meta)
    check_maps(result, quietly(MKDAChi2(mask=mask, kernel__r=6).fit, *parts))
    assert list(result.estimator.inputs_["id"]) == list(laird.ids)


QUERIES = {
    "{p}connect*": lambda w: w.filter(regex="__connect").sum(axis=1) >= 0.001,
    "{p}network & ~{p}motor": lambda w: (
        (w[PREFIX + "network"] >= 0.001) & (w[PREFIX + "motor"] < 0.001)
    ),
    "{p}network | {p}motor": lambda w: (
        (w[PREFIX + "network"] >= 0.001) | (w[PREFIX + "motor"] >= 0.001)
    ),
    "{p}network > 0.05": lambda w: w[PREFIX + "network"] > 0.05,
}


@pytest.mark.parametrize("query", QUERIES)
def test_queries(laird, weights, mask, query):
    meta = TermMeta(query.format(p=PREFIX), mask=mask)
    check_parts(laird, QUERIES[query](weights), meta)


@pytest.mark.parametrize(
    "options",
    [{"prior": None}, {"prior": 0.2, "min_studies": 3}, {"random_state": 5}],
    ids=str,
)
def test_options(laird, weights, mask, options):
    chosen = weights[PREFIX + "network"] >= 0.001
    check_parts(laird, chosen, TermMeta(PREFIX + "network", mask=mask, **options))


@pytest.mark.parametrize("threshold", [0.001, 0.04, 0.08])
def test_thresholds(laird, weights, mask, threshold):
    values = weights[PREFIX + "network"].to_numpy()
    meta = TermMeta(PREFIX + "network", threshold=threshold, mask=mask)
    result, _ = check_parts(laird, values >= threshold, meta)
    assert f"at least {threshold:g}" in result.description_


@pytest.mark.parametrize("func", ["sum", "mean", "min", "max"])
def test_how_weights_of_several_labels_combine(laird, weights, mask, func):
    columns = weights.filter(regex="__resting").to_numpy(float)
    assert columns.shape[1] == 2
    combined = getattr(columns, func)(axis=1)
    threshold = float(np.sort(combined)[-4:].mean())  # of all four, another
    meta = TermMeta(PREFIX + "resting*", func=func, threshold=threshold, mask=mask)
    check_parts(laird, combined >= threshold, meta)


def test_a_selection_of_a_studyset(laird, weights, mask):
    """Labels are those of the whole store; analyses those that are selected."""
    kept = np.arange(17) % 4 > 0
    chosen = (weights[PREFIX + "network"] >= 0.001).to_numpy()[kept]
    part = laird.select_analyses(kept)
    result, _ = check_parts(part, chosen, TermMeta(PREFIX + "network", mask=mask))
    assert list(result.estimator.inputs_["id"]) == list(part.ids)


def annotated(scattered):
    """Write eight studies, two of them with two analyses, and two annotations."""
    document = nimads(
        {
            str(s): {str(a): scattered(10 * s + a) for a in range(1 + (s < 2))}
            for s in range(8)
        }
    )
    pairs = [(s["id"], a["id"]) for s in document["studies"] for a in s["analyses"]]

    def notes(name, values):
        return {
            "id": name,
            "name": name,
            "note_keys": {"pain": "number"},
            "notes": [
                {"study": s, "analysis": a, "note": {"pain": v}}
                for (s, a), v in zip(pairs, values, strict=True)
            ],
        }

    one = [0.5, 0, 0.4, 0, 0, 0.3, 0.2, 0, 0, 0.1]
    two = [0, 0.5, 0, 0.5, 0.5, 0, 0, 0, 0, 0]
    document["annotations"] = [notes("one", one), notes("two", two)]
    return document, {"one": one, "two": two}


@pytest.mark.parametrize("name", ["one", "two"])
def test_which_annotation_is_meant(scattered, mask, name):
    from nimare.studyset import Studyset

    document, values = annotated(scattered)
    studyset = quietly(Studyset, document)
    order = {
        f"{s['id']}-{a['id']}": i
        for i, (s, a) in enumerate(
            (s, a) for s in document["studies"] for a in s["analyses"]
        )
    }
    weights = np.array(values[name])[[order[str(i)] for i in studyset.ids]]
    # analyses of one study are in both groups: that is how a database is used
    meta = TermMeta("pain", annotation=name, mask=mask)
    result = meta.fit(studyset)
    chosen = weights >= 0.001
    parts = studyset.select_analyses(chosen), studyset.select_analyses(~chosen)
    check_equal(result, quietly(NeurosynthChi2(mask=mask).fit, *parts))
    check_equal(TermMeta("pain", annotation=name, mask=mask).fit(document), result)


def test_an_annotation_that_there_is_not(scattered):
    document, _ = annotated(scattered)
    with pytest.raises(UnknownTermError, match="three"):
        TermMeta("pain", annotation="three").fit(document)


def test_fit_again_with_another_query(laird, mask):
    meta = TermMeta(PREFIX + "network", mask=mask)
    first = meta.fit(laird)
    second = meta.set_params(query=PREFIX + "motor").fit(laird)
    assert (first.maps["z_desc-association"] != second.maps["z_desc-association"]).any()
    check_equal(second, TermMeta(PREFIX + "motor", mask=mask).fit(laird))
    check_equal(meta.set_params(query=PREFIX + "network").fit(laird), first)


# ------------------------------------------------------------------------------ errors


def test_unknown_terms_name_close_ones(laird):
    with pytest.raises(UnknownTermError, match=f"'{PREFIX}network'"):
        TermMeta(PREFIX + "netwrk").fit(laird)


def test_a_query_that_selects_nothing(laird):
    with pytest.raises(EmptySelectionError, match="selects no analysis of 17"):
        TermMeta(f"{PREFIX}network > 5").fit(laird)


def test_a_query_that_selects_everything(laird):
    with pytest.raises(EmptySelectionError, match="selects every analysis of 17"):
        TermMeta(f"{PREFIX}network | ~{PREFIX}network").fit(laird)


@pytest.mark.parametrize("query", ["", "   ", None, 3, ["pain"]])
def test_no_query(laird, query):
    with pytest.raises(OptionError, match="query must be a text"):
        TermMeta(query).fit(laird)


@pytest.mark.parametrize("query", ["(a", "a &", "& a", "a b c ("])
def test_a_query_that_cannot_be_read(laird, query):
    with pytest.raises(QueryError):
        TermMeta(query).fit(laird)


def test_no_annotations(made, scattered):
    studyset = made({str(i): {"1": scattered(i)} for i in range(4)})
    with pytest.raises(UnknownTermError, match="no terms"):
        TermMeta("pain").fit(studyset)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": "high"}, "threshold"),
        ({"func": "median"}, "func"),
        ({"prior": 2}, "prior"),
        ({"min_studies": -1}, "min_studies"),
        ({"kernel__value": 3}, "value 1"),
    ],
)
def test_options_that_cannot_work(laird, options, message):
    with pytest.raises(OptionError, match=message):
        TermMeta(PREFIX + "network", **options).fit(laird)


def test_what_can_be_refused_at_once():
    with pytest.raises(OptionError, match="fwe_null_method"):
        TermMeta("a", fwe_null_method="foci")


def test_no_coordinates(scattered):
    document, _ = annotated(scattered)
    for study in document["studies"]:
        for one in study["analyses"]:
            one["points"] = []
    with pytest.raises(SelectionError, match="none of the 10 analyses"):
        TermMeta("pain", annotation="one").fit(document)


def test_analyses_without_coordinates(scattered, mask):
    document, values = annotated(scattered)
    document["studies"][5]["analyses"][0]["points"] = []
    result = TermMeta("pain", annotation="one", mask=mask).fit(document)
    assert len(result.estimator.inputs_["id"]) == len(values["one"]) - 1
    with pytest.raises(SelectionError, match="1 of 10 analyses have no coordinates"):
        TermMeta("pain", annotation="one").fit(document, drop_invalid=False)

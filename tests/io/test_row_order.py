"""Rows of weights that belong to other studies, found from titles and put right.

The first release of Neurosynth's data in the present layout had them in the order of
ids sorted as text (formats-and-services.md, section 1.4).
"""

import itertools
import re
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from nimare_neurosynth import load_demo, read_database, write_database
from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.errors import NeurosynthWarning, OptionError
from nimare_neurosynth.io import RowOrderReport, check_row_order
from nimare_neurosynth.io import _row_order as module
from nimare_neurosynth.io._row_order import CLEAR_Z, ORDERS, row_orders
from nimare_neurosynth.io._rows import ROW_ORDERS
from nimare_neurosynth.io._title_words import label_phrases, named_labels
from tests.database.made import made_database
from tests.io.same import assert_same_database, assert_same_labels
from tests.io.tables import write

# ----------------------------------------------------------------- titles and labels

PHRASES = {
    "pain": {"pain"},
    "working memory": {"working memory"},
    "Working-Memory": {"working memory"},
    "n-back": {"n back"},
    "3t": {"3t"},
    "001": {"001"},
    "9_memory_working_wm": {"memory", "working", "wm"},
    "9_memory_001": {"memory"},
    "topic_": {"topic"},
    "terms_abstract_tfidf__working memory": {"working memory"},
    "LDA50_abstract_weight__9_memory_wm": {"memory", "wm"},
    "Größe": {"grösse"},
    "?": set(),
    "__": set(),
    "_1_": set(),
}


@pytest.mark.parametrize("label", PHRASES)
def test_phrases_of_labels(label):
    assert label_phrases(label) == PHRASES[label]


WORDS = ["pain", "memory", "working", "wm", "the"]


@given(
    st.lists(st.lists(st.sampled_from([*WORDS, "Pain,", "of-the"]), max_size=6)),
    st.lists(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
        | st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("_".join),
        max_size=5,
    ),
)
def test_labels_named_by_titles(titles, labels):
    titles = [" ".join(words) for words in titles]
    plain = [f" {' '.join(re.findall('[a-z]+', t.lower()))} " for t in titles]
    expected = np.zeros((len(titles), len(labels)))
    for i, title in enumerate(plain):
        for j, label in enumerate(labels):
            expected[i, j] = sum(f" {p} " in title for p in label_phrases(label))
    np.testing.assert_array_equal(named_labels(titles, labels).toarray(), expected)


# ------------------------------------------------------------------- orders of rows

IDS = ["9", "10", "011", "100", "20"]
ROWS = {
    # by hand: the row of each of these studies
    "metadata": [0, 1, 2, 3, 4],
    "text": [4, 1, 0, 2, 3],  # 011 10 100 20 9
    "number": [0, 1, 2, 4, 3],  # 9 10 011 20 100
    "coordinates": [1, 0, 2, 3, 4],
}


def test_rows_of_each_order():
    rows = row_orders(IDS, np.array([1, 1, 0, 2, 0, 3, 4]))
    assert {name: row.tolist() for name, row in rows.items()} == ROWS
    assert list(rows) == list(ORDERS)


def test_orders_that_studies_do_not_have():
    assert list(row_orders(["a", "2"], np.array([0]))) == ["metadata", "text"]
    assert list(row_orders([], np.array([], dtype=int))) == list(ORDERS)


@pytest.mark.parametrize("number", ["-1", "1.5", "1e3", " 1", "²", "10.1/x"])
def test_ids_that_are_no_whole_numbers(number):
    assert "number" not in row_orders([number, "2"], np.array([0, 1]))


# ------------------------------------------------------------------ chance, by oracle


@given(
    hnp.arrays(float, (5, 3), elements=st.integers(0, 2)),
    hnp.arrays(float, (5, 3), elements=st.sampled_from([0.0, 0.25, 0.5, 0.9])),
)
def test_mean_and_spread_of_all_orders(named, shares):
    totals = [
        (named * shares[list(order)]).sum()
        for order in itertools.permutations(range(5))
    ]
    mean, spread = module._random_assignments(
        sparse.csr_array(named), sparse.csr_array(shares)
    )
    np.testing.assert_allclose(mean, np.mean(totals), atol=1e-12)
    np.testing.assert_allclose(spread, np.std(totals), atol=1e-7)


def test_the_spread_is_estimated_where_studies_are_many(monkeypatch):
    rng = np.random.default_rng(3)
    named = sparse.csr_array((rng.random((1000, 20)) < 0.1).astype(float))
    shares = sparse.csr_array(rng.random((1000, 20)) * (rng.random((1000, 20)) < 0.3))
    mean, spread = module._random_assignments(named, shares)
    monkeypatch.setattr(module, "_SAMPLED_STUDIES", 1000)
    exact_mean, exact_spread = module._random_assignments(named, shares)
    assert mean == pytest.approx(exact_mean)
    assert spread != exact_spread
    assert spread == pytest.approx(exact_spread, rel=0.1)


@given(hnp.arrays(float, 8, elements=st.sampled_from([-1.0, 0.0, 0.1, 0.2, 0.2, 5.0])))
def test_the_share_of_studies_below_a_weight(column):
    expected = [(column < w).mean() if w > 0 else 0.0 for w in column]
    stored = np.flatnonzero(column)
    below = module._share_below(column[stored], len(column))
    np.testing.assert_allclose(below, np.array(expected)[stored])


# ------------------------------------------------------------- made-up databases

N = 120
VOCABULARY = (*(f"word{i}" for i in range(40)), "two words", "9_topic_of_words")


def _made(n=N, seed=0, first_id=1, agree=True):
    """Make studies whose abstracts hold the words of their titles, and others.

    Ids have between one and three digits, so that text is sorted in another way.
    """
    rng = np.random.default_rng(seed)
    ids = [str(first_id + i) for i in range(n)]
    words = rng.integers(40, size=(n, 3))
    titles = [" ".join(f"Word{w}" for w in row) + "." for row in words]
    weights = (rng.random((n, 42)) < 0.1) * rng.random((n, 42))
    if agree:
        weights[np.arange(n)[:, None], words] = rng.random((n, 3)) + 0.1
    studies = pd.DataFrame({"study_id": ids, "title": titles})
    return studies, weights


def _database(studies, *weights):
    sets = [
        LabelSet(f"set{i}", VOCABULARY, sparse.csc_array(w))
        for i, w in enumerate(weights)
    ]
    return made_database(sets, studies=studies)


def _by_text(studies):
    """Give the positions of studies in the order of ids sorted as text."""
    ids = studies["study_id"].tolist()
    return sorted(range(len(ids)), key=ids.__getitem__)


def test_rows_in_order():
    (report,) = check_row_order(_database(*_made()))
    assert (report.label_set, report.verdict, report.fits) == ("set0", "agrees", None)
    read, text = report.evidence
    assert (read.orders, text.orders) == (("metadata", "number"), ("text",))
    assert read.z > 20 > CLEAR_Z > text.z
    assert text.z_as_read == pytest.approx(read.z, rel=0.1)  # all rows but a few move
    assert read.agreement > 0.9 > report.at_random
    assert re.fullmatch(
        r"the rows of set0 fit the titles of the studies \(agreement 9\d%, \d+% at "
        r"random, z \d\d\.\d\)",
        str(report),
    )


def test_rows_in_the_order_of_text():
    studies, weights = _made()
    (report,) = check_row_order(_database(studies, weights[_by_text(studies)]))
    assert (report.verdict, report.fits) == ("disagrees", "text")
    read, text = report.evidence
    assert text.z > 20 > CLEAR_Z > read.z
    assert re.fullmatch(
        r"the rows of set0 fit the titles of the studies in the order of ids sorted as "
        r"text \(agreement 9\d%, z \d\d\.\d\), not in the order of the metadata "
        r"\(\d+%, z -?\d\.\d\)",
        str(report),
    )


def test_the_evidence_is_what_plain_counting_gives():
    studies, weights = _made(n=60)
    wrong = weights[_by_text(studies)]
    (report,) = check_row_order(_database(studies, wrong))
    row = np.empty(60, dtype=int)
    row[_by_text(studies)] = np.arange(60)

    def agreement(rows, counted):
        shares = []
        for study in counted:
            for word in set(re.findall(r"\w+", studies["title"][study].lower())):
                column = wrong[:, VOCABULARY.index(word)]
                weight = column[rows[study]]
                shares.append((column < weight).mean() if weight > 0 else 0)
        return np.mean(shares), len(shares)

    read, text = report.evidence
    moved = np.flatnonzero(row != np.arange(60))
    assert (text.n_studies, read.n_studies) == (len(moved), 60)
    for evidence, rows, counted in (
        (read, np.arange(60), np.arange(60)),
        (text, row, moved),
    ):
        mean, n_named = agreement(rows, counted)
        assert evidence.n_named == n_named
        assert evidence.agreement == pytest.approx(mean)
    assert text.agreement_as_read == pytest.approx(agreement(np.arange(60), moved)[0])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("agree", [True, False])
def test_no_false_alarm(seed, agree):
    (report,) = check_row_order(_database(*_made(seed=seed, agree=agree)))
    assert report.fits is None
    assert report.verdict == ("agrees" if agree else "unknown")


def test_labels_that_have_nothing_to_do_with_titles():
    (report,) = check_row_order(_database(*_made(agree=False)))
    assert re.fullmatch(
        r"whether the rows of set0 are in order is unknown: titles name 3\d\d labels, "
        r"and no order fits them clearly better than chance \(z -?[012]\.\d as read\)",
        str(report),
    )


@pytest.mark.parametrize("title", ["", "Nothing that is a label", None, np.nan])
def test_titles_that_name_nothing(title):
    studies, weights = _made()
    studies["title"] = pd.Series([title] * N, dtype=object)
    (report,) = check_row_order(_database(studies, weights))
    assert report.verdict == "unknown"
    assert report.evidence[0].n_named == 0
    assert str(report).endswith("is unknown: no title names a label")


def test_no_titles_at_all():
    studies, weights = _made()
    (report,) = check_row_order(_database(studies[["study_id"]], weights))
    assert report.verdict == "unknown"


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_too_few_studies_say_nothing(n):
    studies, weights = _made(n=n)
    (report,) = check_row_order(_database(studies, weights))
    assert report.verdict == "unknown"
    assert len(report.evidence) == 1  # ids of one digit: all orders are the same


def test_label_sets_without_labels_or_weights():
    studies, _ = _made()
    without = LabelSet("words", ("a", "b"), None)
    empty = LabelSet("empty", (), sparse.csc_array((N, 0)))
    (report,) = check_row_order(made_database([without, empty], studies=studies))
    assert (report.label_set, report.verdict) == ("empty", "unknown")


def test_rows_that_are_wrong_in_no_known_order():
    studies, weights = _made(n=400, first_id=100)
    studies.loc[360:, "study_id"] = [str(990 + i) for i in range(40)]
    order = _by_text(studies)
    kept = weights.copy()
    kept[360:] = weights[360:][::-1]  # the last forty are somebody else's
    (report,) = check_row_order(_database(studies, kept))
    assert report.fits is None
    (report,) = check_row_order(_database(studies, weights[order]))
    assert report.fits == "text"


def test_only_rows_that_an_order_moves_speak_for_it():
    # 40 of 440 studies change places between number and text; the rest never do
    studies, weights = _made(n=440, first_id=1000)
    ids = [str(1000 + i) for i in range(400)]
    ids += [str(1980 + i) for i in range(20)] + [str(19700 + 10 * i) for i in range(20)]
    studies["study_id"] = ids
    order = _by_text(studies)
    moved = np.flatnonzero(np.array(order) != np.arange(440))
    assert 30 <= len(moved) <= 40
    (right,) = check_row_order(_database(studies, weights))
    assert (right.verdict, right.evidence[1].n_studies) == ("agrees", len(moved))
    (wrong,) = check_row_order(_database(studies, weights[order]))
    assert (wrong.verdict, wrong.fits) == ("disagrees", "text")
    # most rows are in place, and the evidence as read is strong; it does not count
    assert wrong.evidence[0].z > 50
    assert wrong.evidence[1].z_as_read < CLEAR_Z


def test_one_label_set_can_be_wrong_alone():
    studies, weights = _made()
    reports = check_row_order(_database(studies, weights, weights[_by_text(studies)]))
    assert [r.verdict for r in reports] == ["agrees", "disagrees"]


def test_large_matrices_are_judged_by_the_labels_most_often_named(monkeypatch):
    studies, weights = _made()
    monkeypatch.setattr(module, "_MAX_WEIGHTS", 200)
    (part,) = check_row_order(_database(studies, weights))
    monkeypatch.undo()
    (whole,) = check_row_order(_database(studies, weights))
    assert part.verdict == "agrees"
    assert 0 < part.evidence[0].n_named < whole.evidence[0].n_named


def test_reports_are_values():
    (report,) = check_row_order(_database(*_made()))
    assert isinstance(report, RowOrderReport)
    assert replace(report) == report


# ------------------------------------------------------------------- reading folders


def _write(folder, studies, sets, peaks=None, labels=VOCABULARY):
    """Write a folder in the 2021+ layout; ``sets`` has weights by vocabulary."""
    folder.mkdir(parents=True)
    ids = studies["study_id"].tolist()
    lines = [f"{i}\tt{i}\t1\tp{i}\t0\t-52\t26\n" for i in (peaks or ids)]
    stem = "data-made_version-1"
    write(
        folder / f"{stem}_coordinates.tsv.gz",
        "id\ttable_id\ttable_num\tpeak_id\tx\ty\tz\n" + "".join(lines),
    )
    lines = [f"{i}\tMNI\t{title}\n" for i, title in studies.itertuples(index=False)]
    write(folder / f"{stem}_metadata.tsv.gz", "id\tspace\ttitle\n" + "".join(lines))
    for name, weights in sets.items():
        part = f"{stem}_vocab-{name}"
        write(folder / f"{part}_vocabulary.txt", "\n".join(labels))
        sparse.save_npz(
            folder / f"{part}_type-weight_features.npz", sparse.csc_array(weights)
        )
    return folder


@pytest.fixture
def trap(tmp_path):
    """Write a folder with the right terms and topics in the order of text."""
    studies, weights = _made()
    sets = {"terms": weights, "topics": weights[_by_text(studies)]}
    return _write(tmp_path / "trap", studies, sets)


@pytest.fixture
def right(tmp_path):
    studies, weights = _made()
    return read_database(
        _write(tmp_path / "right", studies, {"terms": weights, "topics": weights})
    )


def test_right_rows_are_read_in_silence(right):
    assert right.notes == ()
    assert [r.verdict for r in check_row_order(right)] == ["agrees", "agrees"]


def test_wrong_rows_are_told(trap):
    with pytest.warns(NeurosynthWarning, match="row order in doubt") as caught:
        database = read_database(trap)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    message = str(caught[0].message)
    for part in ("the rows of topics fit", "row_order='text'", "'auto'", "--row-order"):
        assert part in message
    assert "terms" not in message
    assert database.notes == (message,)


def _wrong(trap):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurosynthWarning)
        return read_database(trap)


def test_nothing_is_changed_unless_asked_for(trap, right):
    database = _wrong(trap)
    assert_same_labels(database.label_sets["terms"], right.label_sets["terms"])
    studies, weights = _made()
    np.testing.assert_array_equal(
        database.label_sets["topics"].weights.toarray(), weights[_by_text(studies)]
    )


def test_auto_puts_right_what_is_wrong(trap, right):
    database = read_database(trap, row_order="auto")
    for name in ("terms", "topics"):
        assert_same_labels(database.label_sets[name], right.label_sets[name])
    (note,) = database.notes
    assert note.startswith("row order found: the rows of topics fit the titles")
    assert note.endswith("; they are taken in that order")
    assert [r.verdict for r in check_row_order(database)] == ["agrees", "agrees"]


def test_an_order_goes_for_all_label_sets(trap, right):
    with pytest.warns(NeurosynthWarning, match="the rows of terms fit .* metadata"):
        database = read_database(trap, row_order="text")
    assert_same_labels(database.label_sets["topics"], right.label_sets["topics"])
    assert database.label_sets["terms"].weights.sum() == pytest.approx(
        right.label_sets["terms"].weights.sum()
    )
    assert [note.split(":")[0] for note in database.notes] == [
        "the rows of terms are taken in the order of ids sorted as text",
        "row order in doubt",
        "the rows of topics are taken in the order of ids sorted as text",
    ]
    assert "row_order='metadata' for all" in database.notes[1]


@pytest.mark.parametrize("order", ["text", "number", "coordinates"])
def test_every_order_can_be_read(tmp_path, right, order):
    # the metadata list studies in no order at all
    studies, weights = _made()
    shuffled = np.random.default_rng(1).permutation(N)
    studies, weights = studies.iloc[shuffled], weights[shuffled]
    peaks = list(np.random.default_rng(2).permutation(studies["study_id"]))
    ids = studies["study_id"].tolist()
    listed = {"text": sorted(ids), "number": sorted(ids, key=int), "coordinates": peaks}
    rows = weights[[ids.index(i) for i in listed[order]]]
    folder = _write(tmp_path / order, studies, {"terms": rows, "topics": rows}, peaks)
    with pytest.warns(NeurosynthWarning, match=f"row_order='{order}' for all"):
        read_database(folder)
    for option in (order, "auto"):
        database = read_database(folder, row_order=option)
        made = database.label_sets["terms"].weights
        np.testing.assert_array_equal(made.toarray(), weights)
        assert made.has_sorted_indices
        assert len(database.notes) == 2
        # and study by study they are those of the database in order
        theirs = right.label_sets["terms"].weights
        np.testing.assert_array_equal(made.toarray(), theirs.toarray()[shuffled])


def test_auto_leaves_what_nothing_is_known_of(tmp_path):
    studies, weights = _made(agree=False)
    folder = _write(tmp_path / "made", studies, {"terms": weights})
    default, auto = read_database(folder), read_database(folder, row_order="auto")
    assert_same_database(default, auto)


def test_orders_that_cannot_be(tmp_path):
    studies, weights = _made(n=20)
    ids = studies["study_id"].tolist()
    folder = _write(tmp_path / "few", studies, {"terms": weights}, peaks=ids[1:])
    message = r"'coordinates' .*not all of them have peaks.* can be metadata, text, num"
    with pytest.raises(OptionError, match=message):
        read_database(folder, row_order="coordinates")
    studies["study_id"] = [f"s{i}" for i in ids]
    folder = _write(tmp_path / "names", studies, {"terms": weights})
    with pytest.raises(OptionError, match=r"'number' .*not all of their ids are"):
        read_database(folder, row_order="number")


@pytest.mark.parametrize("order", ["", "Text", "rows", None, 1, ["text"]])
def test_orders_that_there_are_not(trap, order):
    message = "row_order must be one of metadata, text, number, coordinates, auto, got "
    with pytest.raises(OptionError, match=message):
        read_database(trap, row_order=order)


OTHER_OPTIONS = [
    *({"row_order": order} for order in ROW_ORDERS if order != "metadata"),
    *({"counts": counts} for counts in ("presence", "keep")),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("module") / "compiled"
    write_database(_database(*_made(n=5)), folder)
    return folder


@pytest.mark.parametrize("options", OTHER_OPTIONS, ids=str)
def test_options_are_for_folders_only(tmp_path, compiled, options):
    table = write(tmp_path / "peaks.csv", "id,x,y,z\n1,1,2,3\n")
    (name,) = options
    message = f"{name}='.*' is only for folders .* not for a "
    with pytest.raises(OptionError, match=message + "table of peaks: leave it out"):
        read_database(table, **options)
    with pytest.raises(OptionError, match=message + "compiled database: read its sou"):
        read_database(compiled, **options)


def test_the_cache_tells_options_apart(trap, cache):
    for _ in range(2):
        with pytest.warns(NeurosynthWarning, match="row order in doubt") as caught:
            wrong = read_database(trap, cache=True)
        assert len(caught) == 1  # also when it comes from the cache
        auto = read_database(trap, row_order="auto", cache=True)
        assert_same_database(auto, read_database(trap, row_order="auto"))
        assert wrong.content_hash != auto.content_hash
    assert len(list((cache / "databases").iterdir())) == 2


def test_a_compiled_database_still_warns(trap, tmp_path):
    write_database(_wrong(trap), tmp_path / "compiled")
    with pytest.warns(NeurosynthWarning, match="row order in doubt"):
        read_database(tmp_path / "compiled")


# ------------------------------------------------------------------- real databases


@pytest.fixture(scope="module")
def recon(shared_data):
    return read_database(shared_data / "neurosynth_recon")


@pytest.fixture(scope="module")
def real(v7, recon):
    """Give titles, ids, labels and weights by name."""
    found = {}
    for name, database, labels in (
        ("LDA50", v7, v7.label_sets["LDA50"]),
        ("terms", recon, recon.label_sets["terms"]),
    ):
        rows = replace(labels, weights=labels.weights.tocsr())
        found[name] = (database.studies[["study_id", "title"]], rows)
    return found


def _some(real, name, n, seed, wrong=False):
    """Give a database of some studies; new ids have four digits or five."""
    studies, labels = real[name]
    chosen = np.random.default_rng(seed).choice(len(studies), n, replace=False)
    part = studies.iloc[chosen].reset_index(drop=True)
    part["study_id"] = [str(10_000 - n // 3 + i) for i in range(n)]
    weights = labels.weights[chosen]
    if wrong:
        weights = weights[_by_text(part)]
    rows = replace(labels, weights=sparse.csc_array(weights))
    return made_database([rows], studies=part)


def test_real_databases_are_in_order(v7, recon):
    # agreement and z as measured; the z of so many studies is an estimate
    for database, agreement, z in ((v7, 0.74, 140), (recon, 0.60, 500)):
        (report,) = check_row_order(database)
        assert report.verdict == "agrees"
        assert report.evidence[0].agreement == pytest.approx(agreement, abs=0.005)
        assert report.evidence[0].z > z
        assert report.evidence[0].orders == ("metadata", "number", "coordinates")
        assert not any("row" in note for note in database.notes)


@pytest.mark.parametrize("name", ["LDA50", "terms"])
def test_the_trap_is_found_in_real_data(real, name):
    studies, labels = real[name]
    wrong = replace(labels, weights=sparse.csc_array(labels.weights[_by_text(studies)]))
    (report,) = check_row_order(made_database([wrong], studies=studies))
    assert (report.verdict, report.fits) == ("disagrees", "text")
    assert report.evidence[0].z < 4
    assert report.evidence[1].z > 100


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize(("name", "n"), [("LDA50", 100), ("terms", 15)])
def test_parts_of_real_data_are_enough(real, name, n, seed):
    (report,) = check_row_order(_some(real, name, n, seed))
    assert report.verdict == "agrees"
    assert len(report.evidence) == 2  # so that there is another order
    (report,) = check_row_order(_some(real, name, n, seed, wrong=True))
    assert (report.verdict, report.fits) == ("disagrees", "text")


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize(("name", "n"), [("LDA50", 12), ("terms", 6)])
def test_smaller_parts_give_no_false_alarm(real, name, n, seed):
    (report,) = check_row_order(_some(real, name, n, seed))
    assert report.fits is None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["LDA50", "terms"])
def test_real_weights_of_other_studies_give_no_false_alarm(real, name, seed):
    studies, labels = real[name]
    rng = np.random.default_rng(seed)
    n = 2000
    rows = rng.choice(len(studies), n, replace=False)
    shuffled = replace(labels, weights=sparse.csc_array(labels.weights[rows]))
    part = studies.iloc[:n].reset_index(drop=True)
    (report,) = check_row_order(made_database([shuffled], studies=part))
    assert report.verdict == "unknown"


def test_the_demo_is_in_order():
    (report,) = check_row_order(load_demo())
    assert report.verdict == "agrees"
    assert report.evidence[0].agreement == pytest.approx(0.77, abs=0.01)


def test_the_release_of_august_2021_is_read_right(real, tmp_path):
    # as it was, made from the first 1,500 studies of version 7
    studies, labels = real["LDA50"]
    studies, weights = studies[:1500], labels.weights[:1500].toarray()
    sets = {"LDA50": weights}
    good = _write(tmp_path / "good", studies, sets, labels=labels.labels)
    sets = {"LDA50": weights[_by_text(studies)]}
    folder = _write(tmp_path / "bad", studies, sets, labels=labels.labels)
    expected = read_database(good)
    with pytest.warns(NeurosynthWarning, match=r"the rows of LDA50 fit .* as text"):
        wrong = read_database(folder)
    pain = "LDA50:32_pain_* > 0.3"
    assert not set(wrong.select(pain).ids) & set(expected.select(pain).ids)
    for order in ("auto", "text"):
        found = read_database(folder, row_order=order)
        assert_same_labels(found.label_sets["LDA50"], expected.label_sets["LDA50"])
        assert found.content_hash == expected.content_hash

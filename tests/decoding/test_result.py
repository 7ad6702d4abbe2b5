"""Tables of what images were decoded to, and their files."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.decoding import Decoding
from nimare_neurosynth.errors import FormatError, OptionError, UnknownTermError


@pytest.fixture(scope="module")
def one(small, noise):
    return small.decode(noise[0])


@pytest.fixture(scope="module")
def three(small, noise):
    return small.decode(list(noise))


def made(values, images=("a",), terms=None):
    values = np.asarray(values, float)
    return Decoding(
        terms=terms or tuple(f"t{i}" for i in range(len(values))),
        images=tuple(images),
        columns={"r": values},
        n_studies=np.arange(len(values)),
        image_facts=tuple({} for _ in images),
        facts={},
    )


# ------------------------------------------------------------------------------ tables


def test_the_table_of_an_image_has_the_best_first(one):
    table = one.table()
    assert list(table) == ["term", "n_studies", "r", "z", "p", "q"]
    assert table["r"].is_monotonic_decreasing
    assert list(table.index) == list(range(len(one)))
    assert sorted(table["term"]) == sorted(one.terms)
    for row in table.itertuples():
        place = one.terms.index(row.term)
        assert row.n_studies == one.n_studies[place]
        for name, values in one.columns.items():
            assert getattr(row, name) == values[place, 0]


def test_several_images_are_suffixed(three):
    table = three.table()
    assert tuple(table["term"]) == three.terms
    names = [f"{c}_image_{i}" for i in range(3) for c in ("r", "z", "p", "q")]
    assert list(table) == ["term", "n_studies", *names]
    np.testing.assert_array_equal(table["z_image_1"], three.columns["z"][:, 1])


@pytest.mark.parametrize("i", range(3))
def test_one_of_several_images(three, small, noise, i):
    alone = small.decode(noise[i]).table()
    pd.testing.assert_frame_equal(three.table(f"image_{i}"), alone)


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5]), min_size=1, max_size=9))
def test_ties_keep_the_order_of_terms(values):
    table = made(np.array(values)[:, None]).table()
    expected = sorted(range(len(values)), key=lambda i: (-values[i], i))
    assert table["term"].tolist() == [f"t{i}" for i in expected]


def test_an_image_that_is_not_there(three):
    with pytest.raises(UnknownTermError, match="Close matches: 'image_1'") as told:
        three.table("imag_1")
    assert "no image 'imag_1'; there is 'image_0', 'image_1', 'image_2'" in str(
        told.value
    )


@pytest.mark.parametrize(
    ("method", "columns"),
    [
        ("pearson", ["r", "z", "p", "q"]),
        ("spearman", ["rho"]),
        ("cosine", ["cosine", "z", "p", "q"]),
        ("dot", ["dot", "z", "p", "q"]),
    ],
)
def test_columns_of_each_method(small, noise, method, columns):
    found = small.decode(noise[0], method=method)
    assert list(found.columns) == columns
    assert found.value == columns[0]
    assert all(v.shape == (len(found), 1) for v in found.columns.values())
    assert found.table()[columns[0]].is_monotonic_decreasing


# --------------------------------------------------------------------------- some terms

NAMES = ("pain", "Pain", "working memory", "memory", "5-HT", "a*b")


@pytest.fixture
def named():
    values = np.array(
        [[0.3, 0.1], [0.5, -0.2], [0.1, 0.1], [0, 0.9], [-1, 0], [0.2, 0]]
    )
    return made(values, images=("x", "y"), terms=NAMES)


def test_some_terms_keep_their_order_and_their_values(named):
    some = named.of_terms(["5-HT", "pain"])
    assert some.terms == ("pain", "5-HT")
    np.testing.assert_array_equal(some.columns["r"], [[0.3, 0.1], [-1, 0]])
    np.testing.assert_array_equal(some.n_studies, [0, 4])
    assert some.images == named.images
    assert some.image_facts == named.image_facts
    assert named.terms == NAMES  # it is another decoding
    assert named.of_terms(NAMES[::-1]).terms == NAMES
    assert named.of_terms(["pain", "pain"]).terms == ("pain",)
    assert len(named.of_terms([])) == 0


def test_q_of_some_terms_stays_what_it_was(three):
    some = three.of_terms(["labelc", "labelf"])
    rows = [three.terms.index(term) for term in some.terms]
    assert list(some.columns) == list(three.columns)
    for name, values in three.columns.items():
        np.testing.assert_array_equal(some.columns[name], values[rows])
    assert some.facts == three.facts


@pytest.mark.parametrize(
    ("patterns", "terms"),
    [
        ("pain", ("pain",)),
        ("PAIN", ("pain", "Pain")),
        ("*memory", ("working memory", "memory")),
        (["memory", "p*"], ("pain", "memory")),
        (("5-HT", "*"), NAMES),
        ("?ain", ("pain", "Pain")),
        ([], ()),
    ],
)
def test_patterns(named, patterns, terms):
    assert named.matching(patterns).terms == terms


@pytest.mark.parametrize("patterns", ["pian", ["pain", "pian"], "x*", ["*", ""]])
def test_what_matches_nothing_is_told(named, patterns):
    with pytest.raises(UnknownTermError, match="was not decoded to"):
        named.matching(patterns)
    if patterns == "pian":
        with pytest.raises(UnknownTermError, match="Close matches: 'pain'"):
            named.matching(patterns)
        with pytest.raises(UnknownTermError, match="Close matches: 'pain'"):
            named.of_terms(["pain", patterns])


def test_values_are_a_table_of_terms_and_images(named):
    table = named.values()
    assert list(table) == ["x", "y"]
    assert table.index.name == "term"
    # best of any image first: 0.9, 0.5, 0.3, 0.2, 0.1, 0
    best = ["memory", "Pain", "pain", "a*b", "working memory", "5-HT"]
    assert table.index.tolist() == best
    for term in NAMES:
        row = named.columns["r"][NAMES.index(term)]
        np.testing.assert_array_equal(table.loc[term], row)
    assert named.values(top=2).index.tolist() == best[:2]
    assert named.values(["pain", "*memory"]).index.tolist() == [
        "pain",
        "working memory",
        "memory",
    ]
    assert named.values("*", top=1).index.tolist() == list(NAMES)
    with pytest.raises(UnknownTermError, match="pian"):
        named.values("pian")


def test_values_are_of_the_first_column(small, noise):
    found = small.decode(list(noise[:2]), method="cosine")
    table = found.values()
    for i, name in enumerate(found.images):
        expected = pd.Series(found.columns["cosine"][:, i], found.terms)
        pd.testing.assert_series_equal(
            table[name].sort_index(), expected.sort_index(), check_names=False
        )


# ----------------------------------------------------------------------------- pictures


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def texts(figure):
    from matplotlib.text import Text

    return " ".join(text.get_text().replace("\n", " ") for text in figure.findobj(Text))


@pytest.mark.parametrize("kind", ["bar", "radar", "heatmap"])
@pytest.mark.parametrize("which", ["one", "three"])
def test_pictures_show_terms_and_images(request, kind, which):
    found = request.getfixturevalue(which)
    figure = found.plot(kind, title="A title", top=4)
    shown = texts(figure)
    for term in found.values(top=4).index:
        assert term in shown
    left_out = set(found.terms) - set(found.values(top=4).index)
    assert not [term for term in left_out if term in shown]
    assert "A title" in shown
    if which == "three":
        assert all(name in shown for name in found.images)


def test_bars_are_as_long_as_values(named):
    axes = named.plot("bar", ["pain", "memory"]).axes[0]
    lengths = sorted(patch.get_width() for patch in axes.patches)
    assert lengths == sorted([0.3, 0.1, 0, 0.9])
    assert axes.get_xlabel() == "r"


def test_what_cannot_be_drawn(named):
    with pytest.raises(OptionError, match=r"bar, radar, heatmap, got 'pie'"):
        named.plot("pie")
    with pytest.raises(UnknownTermError, match="pian"):
        named.plot("bar", "pian")
    with pytest.raises(OptionError, match="at least 3 terms"):
        named.plot("radar", ["pain", "memory"])
    with pytest.raises(OptionError, match="at least 3 terms"):
        named.plot("radar", top=2)
    with pytest.raises(OptionError, match="at least one"):
        named.plot("bar", [])
    many = made(np.linspace(1, 0, 90)[:, None])
    with pytest.raises(OptionError, match="at most 60 terms"):
        many.plot("bar", top=61)
    with pytest.raises(OptionError, match="at most 24 terms"):
        many.plot("radar", top=25)


# ------------------------------------------------------------------------------- files


@pytest.mark.parametrize("ending", [".tsv", ".csv"])
@pytest.mark.parametrize("which", ["one", "three"])
def test_tables_can_be_read_again(request, tmp_path, which, ending):
    found = request.getfixturevalue(which)
    path = found.save(tmp_path / f"terms{ending}")
    assert path == tmp_path / f"terms{ending}"
    table = pd.read_csv(path, sep="\t" if ending == ".tsv" else ",")
    pd.testing.assert_frame_equal(table, found.table(), check_dtype=False, rtol=1e-6)
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert facts["method"] == "pearson"
    assert list(facts["images"]) == list(found.images)
    assert facts["images"]["image_0"]["kind"] == "map"
    assert facts["database"]["content_hash"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("which", ["one", "three"])
def test_json_holds_both(request, tmp_path, which):
    found = request.getfixturevalue(which)
    path = found.save(str(tmp_path / "terms.json"))
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["method"] == "pearson"
    assert list(told["images"]) == list(found.images)
    pd.testing.assert_frame_equal(
        pd.DataFrame(told["terms"]), found.table(), check_dtype=False
    )
    assert len(list(tmp_path.iterdir())) == 1


def test_small_p_values_are_kept(tmp_path):
    found = made([[1e-300]])
    for name, read in (
        ("a.tsv", lambda p: pd.read_csv(p, sep="\t")["r"][0]),
        ("a.csv", lambda p: pd.read_csv(p)["r"][0]),
        ("b.json", lambda p: json.loads(p.read_text())["terms"][0]["r"]),
    ):
        assert read(found.save(tmp_path / name)) == pytest.approx(1e-300)


@pytest.mark.parametrize("term", ["a, b", 'say "x"', "naïve", "5-HT", "None", "1.0"])
def test_any_term_is_kept(tmp_path, term):
    found = made([[0.5]], terms=(term,))
    for name, separator in (("a.tsv", "\t"), ("a.csv", ",")):
        table = pd.read_csv(
            found.save(tmp_path / name),
            sep=separator,
            dtype={"term": str},
            keep_default_na=False,
        )
        assert table["term"].tolist() == [term]
    told = json.loads(found.save(tmp_path / "b.json").read_text(encoding="utf-8"))
    assert told["terms"][0]["term"] == term


@pytest.mark.parametrize("name", ["terms.xlsx", "terms", "terms.tsv.gz"])
def test_other_endings_are_told(one, tmp_path, name):
    with pytest.raises(OptionError, match=r"\.tsv, \.csv or \.json"):
        one.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [".tsv", ".csv", ".json"])
def test_where_nothing_can_be_written(one, tmp_path, ending):
    (tmp_path / "file").write_text("x")
    with pytest.raises(FormatError, match="file"):
        one.save(tmp_path / "file" / f"terms{ending}")
    folder = tmp_path / f"folder{ending}"
    folder.mkdir()
    with pytest.raises(FormatError, match="folder"):
        one.save(folder)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", folder.name]


# ------------------------------------------------------------------------------ showing


def test_repr(one, three, small, noise):
    assert repr(one) == "<Decoding of 'image_0': 6 terms by r>"
    assert repr(three) == "<Decoding of 3 images: 6 terms by r>"
    ranked = small.decode(noise[0], method="spearman")
    assert repr(ranked) == "<Decoding of 'image_0': 6 terms by rho>"
    assert len(one) == 6
    assert len(repr(small)) < 200


def test_html_shows_twenty_terms_at_most():
    html = made(np.linspace(1, 0, 30)[:, None])._repr_html_()
    assert html.count("<tr") == 21
    assert "&lt;Decoding of 'a'" in html.replace("&#x27;", "'")
    assert "t19" in html
    assert "t20" not in html


def test_html_is_escaped():
    found = made([[1.0]], images=["<b>x</b>"], terms=("<i>pain</i>",))
    assert "<b>" not in found._repr_html_()
    assert "<i>" not in found._repr_html_()


def test_decodings_can_be_compared_without_an_error(one, three):
    assert one == one
    assert one != three


def test_the_best_terms_are_those_of_each_image_in_turn():
    r = np.array([[0.9, 0.01], [0.8, 0.0], [0.7, 0.03], [0.6, 0.02]])
    found = Decoding(
        ("a", "b", "c", "d"),
        ("strong", "weak"),
        {"r": r},
        np.full(4, 30),
        ({}, {}),
        {},
    )
    assert found.values(top=2).index.tolist() == ["a", "c"]
    assert found.values(top=4).index.tolist() == ["a", "c", "b", "d"]
    assert found.values().shape == (4, 2)

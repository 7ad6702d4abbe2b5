"""``decode``: what it prints and writes."""

import json
import shlex

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo, meta_analysis, term_maps
from nimare_neurosynth.cli._decode import decode as command
from nimare_neurosynth.decoding import (
    BayesDecoder,
    Decoding,
    RegionDecoder,
    decode,
    decode_bayes,
    decode_region,
    decode_studies,
)
from nimare_neurosynth.space import default_mask, sphere_voxels
from tests.oracles import quietly

TERMS = ["emotion", "response*", "working memory"]
SOME = ("--terms", "emotion", "--terms", "response*", "--terms", "working memory")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Write two maps of the demo, and a region."""
    folder = tmp_path_factory.mktemp("images")
    database = load_demo()
    for term in ("emotion", "memory"):
        made = meta_analysis(database, term).image("z_desc-association")
        made.to_filename(folder / f"{term}.nii")
    mask = default_mask()
    left = (mask.xyz_mm[:, 0] < 0).astype("u1")
    mask.to_image(left).to_filename(folder / "left.nii")
    return folder


@pytest.fixture(scope="module")
def others(images, tmp_path_factory):
    """Store term maps, and write maps of terms and a small region."""
    folder = tmp_path_factory.mktemp("others")
    names = ["emotion*", "memory"]
    term_maps(load_demo(), folder / "stored", names, min_studies_per_term=10)
    (folder / "maps").mkdir()
    for name in ("emotion", "memory"):
        (folder / "maps" / f"{name}.nii").symlink_to(images / f"{name}.nii")
    mask = default_mask()
    ball = sphere_voxels([-22, -4, -18], 8, mask)
    mask.to_image(ball).to_filename(folder / "amygdala.nii")
    return folder


@pytest.fixture
def here(images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.nii.gz").write_text("no image")
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "peaks.csv").write_text("id,x,y,z,space\n1,1,2,3,MNI\n")
    (tmp_path / "map.nii").symlink_to(images / "emotion.nii")
    (tmp_path / "blank.txt").write_text("\n  \n")
    return tmp_path


@pytest.fixture(scope="module")
def expected(images):
    paths = [images / "emotion.nii", images / "memory.nii"]
    return decode(load_demo(), paths, TERMS)


def tables(result):
    """Give the tables that were printed as JSON."""
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    return {name: pd.DataFrame(rows) for name, rows in told.items()}


def check(result, found):
    """Compare what was printed as JSON with a decoding."""
    told = tables(result)
    assert tuple(told) == found.images
    for name, table in told.items():
        pd.testing.assert_frame_equal(
            table, found.table(name), check_dtype=False, rtol=1e-9, atol=0
        )


# ----------------------------------------------------------------------------- printing


def test_terms_are_printed_best_first(run, images):
    result = run("decode", "demo", images / "emotion.nii")
    assert result.exit_code == 0, result.stderr
    first, header, *rows = result.stdout.splitlines()
    assert first == "emotion: 262 terms"
    assert header.split() == ["term", "n_studies", "r", "z", "p", "q"]
    assert len(rows) == 20
    assert rows[0].split()[:3] == ["emotion", "21", "1"]
    r = [float(row.split()[-4]) for row in rows]
    assert r == sorted(r, reverse=True)


def test_top(run, images):
    path = images / "emotion.nii"
    for top, n_rows in ((1, 1), (99, 6)):
        result = run("decode", "demo", path, *SOME, "--top", top)
        assert result.exit_code == 0, result.stderr
        n_terms = int(result.stdout.split()[1])
        assert len(result.stdout.splitlines()) - 2 == min(n_rows, n_terms)


def test_several_images_are_printed_one_by_one(run, images, expected):
    paths = [images / f"{name}.nii" for name in expected.images]
    result = run("decode", "demo", *paths, *SOME)
    assert result.exit_code == 0, result.stderr
    titles = [line for line in result.stdout.splitlines() if line.endswith("terms")]
    assert titles == [f"{name}: {len(expected)} terms" for name in expected.images]


def test_json(run, images, expected):
    paths = [images / f"{name}.nii" for name in expected.images]
    result = run("decode", "demo", *paths, *SOME, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert list(told) == ["emotion", "memory"]
    for name, rows in told.items():
        table = expected.table(name)
        # p values may be very small: none may be rounded away
        pd.testing.assert_frame_equal(
            pd.DataFrame(rows), table, check_dtype=False, rtol=1e-9, atol=0
        )


def test_a_folder_of_images(run, images):
    result = run("decode", "demo", images, *SOME, "--json")
    assert result.exit_code == 0, result.stderr
    assert list(json.loads(result.stdout)) == ["emotion", "left", "memory"]


# ------------------------------------------------------------------------------ writing


@pytest.mark.parametrize("name", ["terms.tsv", "terms.csv", "terms.json"])
def test_out(run, here, images, expected, name):
    paths = [images / f"{name}.nii" for name in expected.images]
    result = run("decode", "demo", *paths, *SOME, "--out", name)
    assert result.exit_code == 0, result.stderr
    facts = json.loads((here / "terms.json").read_text(encoding="utf-8"))
    assert facts["method"] == "pearson"
    assert list(facts["images"]) == ["emotion", "memory"]
    if name.endswith("json"):
        table = pd.DataFrame(facts["terms"])
    else:
        table = pd.read_csv(here / name, sep="\t" if "tsv" in name else ",")
    pd.testing.assert_frame_equal(
        table, expected.table(), check_dtype=False, rtol=1e-6, atol=0
    )


# ------------------------------------------------------------------------------ options


@pytest.mark.parametrize("method", ["pearson", "spearman", "cosine", "dot"])
def test_methods(run, images, method):
    arguments = ("demo", images / "memory.nii", *SOME, "--method", method, "--json")
    result = run("decode", *arguments)
    assert result.exit_code == 0, result.stderr
    terms = ["emotion", "response*", "working memory"]
    found = decode(load_demo(), images / "memory.nii", terms, method=method)
    rows = pd.DataFrame(json.loads(result.stdout)["memory"])
    pd.testing.assert_frame_equal(rows, found.table(), check_dtype=False, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--region", "left.nii"), {"region": "left.nii"}),
        (("--radius", "10"), {"radius_mm": 10}),
        (("--threshold", "0.05"), {"threshold": 0.05}),
        (("--min-studies-per-term", "90"), {"min_studies_per_term": 90}),
        (("--labels", "terms"), {"label_set": "terms"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_options_reach_the_work(run, images, expected, monkeypatch, arguments, options):
    monkeypatch.chdir(images)
    result = run("decode", "demo", "memory.nii", *SOME, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    rows = pd.DataFrame(json.loads(result.stdout)["memory"])
    terms = ["emotion", "response*", "working memory"]
    found = decode(load_demo(), "memory.nii", terms, **options)
    pd.testing.assert_frame_equal(rows, found.table(), check_dtype=False, rtol=1e-9)
    usual = expected.table("memory")
    assert rows.equals(usual.astype(rows.dtypes)) == ("--labels" in arguments)


def test_an_image_elsewhere(run, here):
    mask = default_mask()
    block = np.zeros(mask.shape)
    block[40:50, 40:50, 80:] = block[40:50, 40:50, 35:38] = np.arange(10)[:, None, None]
    nib.Nifti1Image(block, mask.affine).to_filename("high.nii")
    arguments = ("decode", "demo", "high.nii", *SOME)
    refused = run(*arguments, "--min-overlap", "0.9")
    assert refused.exit_code == 1
    assert "90 % are needed" in refused.stderr
    assert "high.nii" in refused.stderr
    accepted = run(*arguments, "--min-overlap", "0")
    assert accepted.exit_code == 0, accepted.stderr


def test_holes_are_told(run, here):
    mask = default_mask()
    values = np.random.default_rng(0).normal(size=mask.n_voxels)
    values[:50] = np.nan
    mask.to_image(values).to_filename("holes.nii")
    result = run("decode", "demo", "holes.nii", *SOME)
    assert result.exit_code == 0
    assert "50 voxels of 'holes'" in result.stderr


# ------------------------------------------------------------------------------ regions

AMYGDALA = (-22, -4, -18)
NEAR = ("--near", "-22", "-4", "-18")


def test_regions_are_correlated_with_weights(run, images, others):
    paths = [others / "amygdala.nii", images / "left.nii"]
    result = run("decode", "demo", *paths, *SOME, "--method", "roi", "--json")
    found = decode_region(load_demo(), paths, TERMS)
    assert found.images == ("amygdala", "left")
    check(result, found)


def test_a_place_is_a_region_or_a_set_of_studies_or_peaks(run):
    mask, database = default_mask(), load_demo()
    region = ("(-22, -4, -18)", sphere_voxels(AMYGDALA, 10, mask))
    near = database.select(near=AMYGDALA, radius_mm=10)
    options = {"radius_mm": 10}
    expected = {
        "roi": decode_region(database, [region], TERMS, **options),
        "neurosynth": decode_studies(database, near, TERMS),
        "brainmap": decode_studies(database, near, TERMS, method="brainmap"),
        "nb": BayesDecoder.of(database, TERMS, **options).decode_peaks([AMYGDALA]),
    }
    for method, found in expected.items():
        arguments = (*NEAR, *SOME, "--radius", "10", "--method", method, "--json")
        check(run("decode", "demo", *arguments), found)
    check(
        run("decode", "demo", *NEAR, *SOME, "--radius", "10", "--json"),
        expected["neurosynth"],
    )


def test_several_places_are_decoded_side_by_side(run):
    database = load_demo()
    places = [AMYGDALA, (40, 20, 30)]
    arguments = (*NEAR, "--near", "40", "20", "30", *SOME, "--radius", "12", "--json")
    near = [database.select(near=place, radius_mm=12) for place in places]
    check(run("decode", "demo", *arguments), decode_studies(database, near, TERMS))
    told = tables(run("decode", "demo", *arguments, "--method", "roi"))
    assert list(told) == ["(-22, -4, -18)", "(40, 20, 30)"]


@pytest.mark.parametrize("options", [{}, {"above": 3.5}, {"prior": 0.1}], ids=str)
def test_bayes(run, images, options):
    path = images / "emotion.nii"
    arguments = [x for k, v in options.items() for x in (f"--{k}", v)]
    result = run("decode", "demo", path, *SOME, "--method", "nb", *arguments, "--json")
    check(result, decode_bayes(load_demo(), path, TERMS, **options))


# ------------------------------------------------------------------------------ studies


def test_queries_select_studies(run):
    queries = ["memory", "emotion | response*"]
    arguments = [x for query in queries for x in ("--query", query)]
    for method in ("neurosynth", "brainmap"):
        result = run("decode", "demo", *arguments, *SOME, "--method", method, "--json")
        check(result, decode_studies(load_demo(), queries, TERMS, method=method))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--versus", "memory"), {"versus": "memory"}),
        (("--prior", "0.2"), {"prior": 0.2}),
        (("--threshold", "0.05"), {"threshold": 0.05}),
        (("--min-studies-per-term", "90"), {"min_studies_per_term": 90}),
        (("--labels", "terms"), {"label_set": "terms"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_options_reach_the_work_on_studies(run, arguments, options):
    query = "response* & ~memory"
    result = run("decode", "demo", "--query", query, *SOME, *arguments, "--json")
    found = quietly(decode_studies, load_demo(), query, TERMS, **options)
    check(result, found)
    usual = decode_studies(load_demo(), query, TERMS).table()
    assert found.table().equals(usual) == ("--labels" in arguments)


def test_few_studies_are_told(run):
    result = run("decode", "demo", "--near", "40", "20", "30", "--radius", "3", *SOME)
    assert result.exit_code == 0
    assert "selects only 3 studies" in result.stderr
    assert "UserWarning" not in result.stderr


# -------------------------------------------------------------------------- stored maps


def test_stored_term_maps_are_the_same(run, images, others):
    path, names = images / "memory.nii", ["emotion*", "memory"]
    found = decode(load_demo(), path, names, min_studies_per_term=10).table()
    arguments = ("decode", others / "stored", path, "--json")
    [table] = tables(run(*arguments)).values()
    assert list(table) == ["term", "n_studies", "r"]
    pd.testing.assert_frame_equal(
        table, found[list(table)], check_dtype=False, rtol=0, atol=1e-6
    )
    some = tables(run(*arguments, "--terms", "emotiona*"))["memory"]
    assert some["term"].tolist() == [t for t in table["term"] if t[:8] == "emotiona"]
    region = tables(run(*arguments, "--region", images / "left.nii"))["memory"]
    assert region["r"][0] == pytest.approx(1)
    assert (region["r"][1:] != table["r"][1:]).all()


@pytest.mark.parametrize("method", ["pearson", "spearman", "cosine", "dot"])
def test_a_folder_of_images_can_be_decoded_to(run, images, others, method):
    path = images / "emotion.nii"
    result = run("decode", others / "maps", path, "--method", method, "--json")
    [table] = tables(result).values()
    assert sorted(table["term"]) == ["emotion", "memory"]
    found = decode(load_demo(), path, ["emotion", "memory"], method=method)
    own = table.set_index("term")[found.value]
    expected = found.table().set_index("term")[found.value]
    pd.testing.assert_series_equal(own, expected, rtol=1e-5, atol=1e-5)


# ----------------------------------------------------------------------- and the others


def test_permutations(run, images, others):
    path = images / "memory.nii"
    options = (*SOME, "--permutations", "50", "--json")
    found = decode(load_demo(), path, TERMS, n_permutations=50)
    assert "p_sampled" in found.columns
    check(run("decode", "demo", path, *options), found)
    region = others / "amygdala.nii"
    result = run("decode", "demo", region, "--method", "roi", *options)
    check(result, decode_region(load_demo(), region, TERMS, n_permutations=50))


def test_terms_from_a_file(run, here, images, expected):
    text = "\ufeffemotion\r\n\r\n  response*\n"
    (here / "terms.txt").write_text(text, encoding="utf-8")
    paths = [images / f"{name}.nii" for name in expected.images]
    more = ("--terms-from", "terms.txt", "--json")
    result = run("decode", "demo", *paths, "--terms", "working memory", *more)
    check(result, expected)
    queried = run("decode", "demo", "--query", "memory", *more)
    check(queried, decode_studies(load_demo(), "memory", TERMS[:2]))


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
@pytest.mark.parametrize("kind", ["bar", "radar", "heatmap"])
def test_pictures(run, here, monkeypatch, kind, ending):
    asked = []
    plot = Decoding.plot

    def plotted(found, *arguments, **options):
        asked.append((*arguments, options))
        return plot(found, *arguments, **options)

    monkeypatch.setattr(Decoding, "plot", plotted)
    picture = here / f"terms.{ending}"
    options = ("--picture", picture.name, "--kind", kind, "--top", "5")
    result = run("decode", "demo", "--query", "memory", "--query", "emotion", *options)
    assert result.exit_code == 0, result.stderr
    assert "memory: 262 terms" in result.stdout
    assert asked == [(kind, {"top": 5})]
    starts = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
    assert picture.read_bytes().startswith(starts[ending])
    assert picture.stat().st_size > 3000


def test_a_picture_and_a_table_at_once(run, here):
    options = ("--picture", "a.png", "--out", "a.tsv", "--json", *SOME)
    result = run("decode", "demo", "--query", "memory", *options)
    assert list(tables(result)) == ["memory"]
    assert {"a.png", "a.tsv", "a.json"} <= {p.name for p in here.iterdir()}


def test_no_figure_stays_open(run, here):
    from matplotlib import pyplot as plt

    before = plt.get_fignums()
    run("decode", "demo", "--query", "memory", "--picture", "a.png", *SOME)
    assert plt.get_fignums() == before


# --------------------------------------------------------------------------------- help


def test_help(run):
    result = run("decode", "--help")
    assert result.exit_code == 0
    assert "Usage: nimare-neurosynth decode [OPTIONS] DB [IMAGES]..." in result.stdout
    options = ["--out", "--terms", "--method", "--region", "--min-overlap", "--near"]
    options += ["--query", "--versus", "--terms-from", "--picture", "--kind"]
    for option in (*options, "--permutations", "--above", "--prior"):
        assert option in result.stdout


def _examples():
    lines = (command.epilog or "").splitlines()
    calls = [shlex.split(line)[1:] for line in lines if "nimare-neurosynth" in line]
    return [call for call in calls if call[:2] == ["decode", "demo"]]


def test_the_help_has_examples():
    assert _examples()


@pytest.mark.parametrize("arguments", _examples(), ids=" ".join)
def test_examples_of_the_help_work(run, here, images, arguments):
    for name in {a for a in arguments if a.endswith((".nii", ".nii.gz"))}:
        nib.load(images / "emotion.nii").to_filename(name)
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr


# -------------------------------------------------------------------------- wrong calls

CALL = ("decode", "demo", "map.nii", "--terms", "emotion")
WRONG = [
    (("decode",), 2, "Missing argument 'DB'"),
    (("decode", "demo"), 2, "give images, or --near, or --query: exactly one"),
    (("decode", "nosuch", "map.nii"), 1, "no file or folder nosuch"),
    (("decode", "demo", "no.nii", *SOME), 1, "there is no image file at no.nii"),
    (("decode", "demo", "text.nii.gz", *SOME), 1, "text.nii.gz cannot be read"),
    (("decode", "demo", "folder", *SOME), 1, "folder holds no images"),
    (("decode", "peaks.csv", "map.nii"), None, "label"),
    ((*CALL, "--terms", "emotio"), 2, "Close matches: 'emotion'"),
    ((*CALL, "--labels", "topics"), 2, "no label set 'topics'"),
    ((*CALL, "--method", "kendall"), 2, "'kendall' is not one of 'pearson'"),
    ((*CALL, "--region", "no.nii"), 1, "there is no image file at no.nii"),
    ((*CALL, "--region", "text.nii.gz"), 1, "text.nii.gz cannot be read"),
    ((*CALL, "--radius", "-1"), 2, "radius_mm must be"),
    ((*CALL, "--threshold", "-1"), 2, "threshold must be"),
    ((*CALL, "--threshold", "nan"), 2, "threshold must be"),
    ((*CALL, "--min-studies-per-term", "9999"), 1, "9999 studies"),
    ((*CALL, "--min-studies-per-term", "few"), 2, "not a valid integer"),
    ((*CALL, "--min-overlap", "2"), 2, "not in the range 0<=x<=1"),
    ((*CALL, "--min-overlap", "nan"), 2, "overlap"),
    ((*CALL, "--top", "many"), 2, "not a valid integer"),
    ((*CALL, "--top", "-1"), 2, "range"),
    ((*CALL, "--out", "terms.xlsx"), 2, "--out must end in .tsv, .csv or .json"),
    ((*CALL, "--out", "file.txt/terms.tsv"), 1, "cannot write into file.txt"),
    ((*CALL, "--picture", "terms.gif"), 2, "--picture must end in .png, .pdf or .svg"),
    ((*CALL, "--picture", "terms"), 2, "--picture must end in"),
    ((*CALL, "--picture", "file.txt/a.png"), 1, "cannot write into file.txt"),
    ((*CALL, "--kind", "pie"), 2, "'pie' is not one of 'bar', 'radar', 'heatmap'"),
    ((*CALL, "--terms-from", "no.txt"), 1, "no.txt cannot be read"),
    ((*CALL, "--terms-from", "blank.txt"), 1, "blank.txt is empty"),
    ((*CALL, "--terms-from", "folder"), 1, "folder cannot be read"),
    ((*CALL, "--permutations", "-1"), 2, "range"),
    ((*CALL, "--permutations", "1.5"), 2, "not a valid integer"),
    ((*CALL, "--prior", "0"), 2, "not in the range 0<x<1"),
    (("decode", "demo", "--query", "emotion", "--prior", "nan"), 2, "prior must be"),
    ((*CALL, "--method", "nb", "--above", "x"), 2, "not a valid float"),
    ((*CALL, "--method", "nb", "--above", "999"), 1, "no voxel above 999"),
    ((*CALL, "--method", "roi", "--terms", "emotio"), 2, "Close matches: 'emotion"),
    (("decode", "demo", "no.nii", "--method", "roi"), 1, "no image file at no.nii"),
    (("decode", "nosuch", *NEAR), 1, "no file or folder nosuch"),
    (("decode", "demo", "--near", "1", "2"), 2, "requires 3 arguments"),
    (("decode", "demo", "--near", "a", "2", "3"), 2, "'a' is not a valid float"),
    (("decode", "demo", "--near", "nan", "2", "3"), 2, "coordinate"),
    (("decode", "demo", "--near", "900", "2", "3"), 1, "selects no study"),
    (("decode", "demo", *NEAR, "--radius", "-1"), 2, "radius_mm must be"),
    (("decode", "demo", *NEAR, "--method", "roi", "--radius", "-1"), 2, "radius_mm"),
    (("decode", "demo", *NEAR, "--method", "nb", "--radius", "-1"), 2, "radius_mm"),
    (
        ("decode", "demo", "--near", "900", "2", "3", "--method", "roi"),
        1,
        "no voxel of the brain mask is within 6 mm of (900, 2, 3)",
    ),
    (
        ("decode", "demo", "--near", "900", "2", "3", "--method", "nb"),
        1,
        "none of the 1 peaks is in the brain mask",
    ),
    (("decode", "demo", "--query", "emotio"), 2, "Close matches: 'emotion'"),
    (("decode", "demo", "--query", "emotion &"), 2, "the query ends"),
    (("decode", "demo", "--query", ""), 2, "the query is empty"),
    (("decode", "demo", "--query", "emotion > 9"), 1, "selects no study"),
    (("decode", "demo", "--query", "emotion | ~emotion"), 1, "no study to compare"),
    (("decode", "demo", "--query", "emotion", "--versus", "emotion"), 1, "in both"),
    (("decode", "demo", "--query", "emotion", "--versus", "emotio"), 2, "Close match"),
    (("decode", "peaks.csv", "--query", "emotion"), 2, "no terms to select by"),
]


@pytest.mark.parametrize(("arguments", "status", "message"), WRONG)
def test_wrong_calls(run, here, arguments, status, message):
    before = sorted(here.rglob("*"))
    result = run(*arguments)
    assert message in result.stderr
    assert result.exit_code == status if status else result.exit_code in {1, 2}
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert "This is a bug" not in result.output
    assert sorted(here.rglob("*")) == before


IMAGE, QUERY = ("decode", "demo", "map.nii"), ("decode", "demo", "--query", "emotion")
PLACE = ("decode", "demo", *NEAR)
NOT_TOGETHER = [
    ((*IMAGE, *NEAR), "exactly one of these"),
    ((*IMAGE, "--query", "emotion"), "exactly one of these"),
    ((*QUERY, *NEAR), "exactly one of these"),
    ((*IMAGE, "--method", "neurosynth"), "neurosynth is not for images: that can be"),
    ((*IMAGE, "--method", "brainmap"), "brainmap is not for images"),
    ((*PLACE, "--method", "pearson"), "pearson is not for --near: that can be neuros"),
    ((*PLACE, "--method", "spearman"), "spearman is not for --near"),
    ((*QUERY, "--method", "pearson"), "pearson is not for --query: that can be neuro"),
    ((*QUERY, "--method", "roi"), "roi is not for --query"),
    ((*QUERY, "--method", "nb"), "nb is not for --query"),
    ((*IMAGE, "--versus", "memory"), "--versus is not for --method pearson of images"),
    ((*IMAGE, "--method", "roi", "--versus", "memory"), "--versus is not for"),
    ((*PLACE, "--method", "nb", "--versus", "memory"), "--versus is not for"),
    ((*IMAGE, "--above", "1"), "--above is not for --method pearson of images"),
    ((*IMAGE, "--above", "0"), "--above is not for --method pearson of images"),
    ((*PLACE, "--method", "nb", "--above", "1"), "--above is not for"),
    ((*QUERY, "--above", "-1"), "--above is not for --method neurosynth of --query"),
    ((*IMAGE, "--method", "roi", "--region", "map.nii"), "--region is not for"),
    ((*IMAGE, "--method", "nb", "--region", "map.nii"), "--region is not for"),
    ((*PLACE, "--region", "map.nii"), "--region is not for"),
    ((*IMAGE, "--method", "spearman", "--permutations", "9"), "--permutations is not"),
    ((*IMAGE, "--method", "nb", "--permutations", "9"), "--permutations is not"),
    ((*QUERY, "--permutations", "9"), "--permutations is not for --method neurosynth"),
    ((*IMAGE, "--picture", "a.png", "--kind", "radar", "--top", "25"), "24 terms"),
    ((*IMAGE, "--picture", "a.png", "--top", "61"), "60 terms"),
]


@pytest.mark.parametrize(("arguments", "message"), NOT_TOGETHER)
def test_what_does_not_go_together(run, here, monkeypatch, arguments, message):
    def work(*_, **__):
        raise AssertionError("work has started")

    monkeypatch.setattr("nimare_neurosynth.cli._decode.open_any", work)
    result = run(*arguments)
    assert message in result.stderr
    assert result.exit_code == 2
    assert result.stdout == ""


STORED_WRONG = [
    (("stored", "--method", "nb"), 1, ""),
    (("stored", "--method", "roi"), 1, ""),
    (("maps", "--method", "nb"), 1, "maps"),
    (("stored", "--terms", "emotoin"), 2, "Close matches: 'emotion'"),
    (("maps", "--terms", "emotoin"), 2, "Close matches: 'emotion'"),
    (("stored", "--permutations", "9"), 2, "permutations"),
    (("maps", "--permutations", "9"), 2, "permutations"),
    (("stored", "--radius", "10"), 2, "radius"),
    (("stored", "--threshold", "0.1"), 2, "threshold"),
    (("stored", "--labels", "terms"), 2, "labels"),
    (("stored", "--min-studies-per-term", "5"), 2, "min-studies-per-term"),
]


@pytest.mark.parametrize(("arguments", "status", "message"), STORED_WRONG)
def test_what_stored_maps_cannot_do(run, here, others, arguments, status, message):
    result = run("decode", others / arguments[0], here / "map.nii", *arguments[1:])
    assert result.exit_code == status
    assert message in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert "This is a bug" not in result.output


def test_stored_maps_have_no_studies(run, others):
    for arguments in (NEAR, ("--query", "memory")):
        for folder in ("stored", "maps"):
            result = run("decode", others / folder, *arguments)
            assert result.exit_code == 1
            assert "error: " in result.stderr
            assert "This is a bug" not in result.output


def test_a_wrong_place_is_told_before_work_starts(run, here, monkeypatch):
    def work(*_, **__):
        raise AssertionError("work has started")

    monkeypatch.setattr("nimare_neurosynth.decoding.MapDecoder.of", work)
    monkeypatch.setattr(RegionDecoder, "of", work)
    monkeypatch.setattr("nimare_neurosynth.decoding.decode_studies", work)
    for call in (CALL, (*CALL, "--method", "roi"), QUERY, PLACE):
        for option, good in (("--out", "terms.tsv"), ("--picture", "terms.png")):
            assert "file.txt" in run(*call, option, f"file.txt/{good}").stderr
            assert f"{option} must end in" in run(*call, option, "terms").stderr

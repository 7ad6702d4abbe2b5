"""``decode``: what it prints and writes."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo, meta_analysis
from nimare_neurosynth.cli._decode import decode as command
from nimare_neurosynth.decoding import decode
from nimare_neurosynth.space import default_mask

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


@pytest.fixture
def here(images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.nii.gz").write_text("no image")
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "peaks.csv").write_text("id,x,y,z,space\n1,1,2,3,MNI\n")
    (tmp_path / "map.nii").symlink_to(images / "emotion.nii")
    return tmp_path


@pytest.fixture(scope="module")
def expected(images):
    terms = ["emotion", "response*", "working memory"]
    paths = [images / "emotion.nii", images / "memory.nii"]
    return decode(load_demo(), paths, terms)


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
    import nibabel as nib

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


# --------------------------------------------------------------------------------- help


def test_help(run):
    result = run("decode", "--help")
    assert result.exit_code == 0
    assert "Usage: nimare-neurosynth decode [OPTIONS] DB IMAGES..." in result.stdout
    for option in ("--out", "--terms", "--method", "--region", "--min-overlap"):
        assert option in result.stdout


def _examples():
    lines = (command.epilog or "").splitlines()
    calls = [shlex.split(line)[1:] for line in lines if "nimare-neurosynth" in line]
    return [call for call in calls if call[:2] == ["decode", "demo"]]


def test_the_help_has_examples():
    assert _examples()


@pytest.mark.parametrize("arguments", _examples(), ids=" ".join)
def test_examples_of_the_help_work(run, here, images, arguments):
    import nibabel as nib

    for name in {a for a in arguments if a.endswith((".nii", ".nii.gz"))}:
        nib.load(images / "emotion.nii").to_filename(name)
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr


# -------------------------------------------------------------------------- wrong calls

CALL = ("decode", "demo", "map.nii", "--terms", "emotion")
WRONG = [
    (("decode",), 2, "Missing argument 'DB'"),
    (("decode", "demo"), 2, "Missing argument 'IMAGES...'"),
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


def test_a_wrong_place_is_told_before_work_starts(run, here, monkeypatch):
    def work(*_, **__):
        raise AssertionError("work has started")

    monkeypatch.setattr("nimare_neurosynth.decoding.MapDecoder.of", work)
    assert "file.txt" in run(*CALL, "--out", "file.txt/terms.tsv").stderr
    assert "must end in" in run(*CALL, "--out", "terms").stderr

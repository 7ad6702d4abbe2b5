"""Databases written in every form, and read again."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nimare_neurosynth import load_demo, meta_analysis, read_database
from nimare_neurosynth.converters import FORMATS, convert, diff_databases, format_of
from nimare_neurosynth.errors import FormatError, OptionError
from tests.oracles import quietly, random_database

READ_AGAIN = (
    "database",
    "neurosynth",
    "neurosynth-legacy",
    "nimads",
    "nimare",
    "parquet",
)


@pytest.fixture(scope="module")
def demo():
    return load_demo()


def target(folder, form):
    endings = {
        "nimads": ".json",
        "nimare": ".json",
        "sleuth": ".txt",
        "bibtex": ".bib",
    }
    return Path(folder, form + endings.get(form, ""))


@pytest.fixture(scope="module")
def reports(demo, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forms")
    return {form: convert(demo, target(folder, form), to=form) for form in FORMATS}


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_says_what_it_holds(demo, reports, form):
    report = reports[form]
    assert report.form == form
    assert report.carried["studies"] == demo.n_studies == 320
    assert report.carried["peaks"] == len(demo.peaks)
    assert report.files
    path = Path(report.target)
    folder = path if path.is_dir() else path.parent
    assert set(report.files) <= {p.name for p in folder.iterdir()}
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    assert str(report).startswith(report.target)
    assert report.verified == (form in READ_AGAIN)


@pytest.mark.parametrize("form", READ_AGAIN)
def test_the_account_is_that_of_what_is_there(demo, reports, form):
    report = reports[form]
    found = diff_databases(demo, read_database(report.target))
    for what in found.removed:
        assert f"read back: {what}" in report.lost
    for what in found.changed:
        assert f"read back: {what}" in report.changed
    # studies, peaks, tables and weights are there in every one of them
    assert not [w for w in (*found.removed, *found.changed) if "weights" in w]
    assert not found.changed


def test_forms_without_any_loss(demo, reports):
    assert not reports["database"].lost + reports["database"].changed
    lost = reports["neurosynth"].lost
    assert lost == [
        "texts (abstract)",
        "licence, attribution, notes: say them where you share it",
        "read back: 1 texts: abstract",
    ]
    assert not reports["nimads"].lost + reports["nimads"].changed
    assert not reports["parquet"].lost + reports["parquet"].changed


@pytest.mark.parametrize("form", READ_AGAIN[1:])
def test_maps_are_those_of_the_source(demo, reports, form):
    again = read_database(reports[form].target)
    one, two = (meta_analysis(d, "emotion") for d in (demo, again))
    np.testing.assert_array_equal(one.counts, two.counts)
    np.testing.assert_array_equal(one.totals, two.totals)


def test_tables_of_csv(demo, reports):
    folder = Path(reports["csv"].target)
    labels = pd.read_csv(folder / "labels_terms.csv", dtype={"pmid": str})
    again = read_database(folder / "peaks.csv", features=folder / "labels_terms.csv")
    [theirs] = again.label_sets.values()
    [ours] = demo.label_sets.values()
    assert theirs.labels == ours.labels
    assert abs(theirs.weights - ours.weights).max() < 1e-12
    assert labels.shape == (320, 649)
    assert len(pd.read_csv(folder / "studies.csv")) == 320


def test_sleuth_has_a_file_for_each_space(demo, reports):
    assert reports["sleuth"].files == ["sleuth.txt", "sleuth_Talairach.txt"]
    path = Path(reports["sleuth"].target)
    names = np.array(demo.peaks.spaces, dtype=object)[demo.peaks.space]
    n = {
        "MNI": (~demo.peaks.is_talairach).sum(),
        "Talairach": demo.peaks.is_talairach.sum(),
    }
    for space, file in (
        ("MNI", path),
        ("Talairach", path.with_name("sleuth_Talairach.txt")),
    ):
        lines = file.read_text(encoding="utf-8").splitlines()
        assert lines[0] == f"//Reference={space}"
        peaks = [line.split("\t") for line in lines if line and line[:2] != "//"]
        assert len(peaks) == n[space]
        assert all(len(p) == 3 for p in peaks)
    unknown = sum("MNI" not in name and name != "TAL" for name in names)
    assert (
        f"{unknown:,} peaks of unknown space are called MNI"
        in reports["sleuth"].changed
    )


def test_nimare_reads_what_is_written(demo, reports):
    from nimare_neurosynth import _nimare

    Studyset = _nimare.studyset_module().Studyset
    for form in ("nimads", "parquet"):
        made = quietly(Studyset, reports[form].target)
        assert len(made.study_ids) == 320
        assert len(made.coordinates) == len(demo.peaks)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 999), st.integers(4, 30), st.sampled_from(READ_AGAIN))
def test_any_database_comes_back(tmp_path, seed, n_studies, form):
    database = random_database(seed, n_studies)
    path = target(tmp_path, f"{form}")
    if path.is_dir():
        path = path.with_name(f"{form}-{seed}-{n_studies}")
    report = quietly(convert, database, path, to=form)
    again = quietly(read_database, path)
    silent = {str(i) for i in database.study_ids[~database.has_peaks]}
    kept = set(database.study_ids) - (silent if form == "neurosynth-legacy" else set())
    assert set(again.study_ids) == kept
    np.testing.assert_allclose(
        np.sort(again.peaks.xyz, axis=0), np.sort(database.peaks.xyz, axis=0), atol=1e-9
    )
    if form == "neurosynth-legacy" and silent:
        assert any("studies without peaks" in what for what in report.lost)


def test_the_same_bytes_each_time(demo, tmp_path):
    for name in ("one", "two"):
        convert(demo, tmp_path / name, to="neurosynth", verify=False)
    for path in (tmp_path / "one").iterdir():
        other = tmp_path / "two" / path.name
        if path.suffix == ".gz":
            assert gzip.decompress(path.read_bytes()) == gzip.decompress(
                other.read_bytes()
            )
        assert path.stat().st_size == other.stat().st_size


def test_the_form_is_told_from_the_name():
    assert format_of("x.json") == "nimads"
    assert format_of("x.TXT") == "sleuth"
    assert format_of("x.bib") == "bibtex"
    assert format_of("folder") == "database"


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("x", {"to": "nimad"}, OptionError, "Close matches: 'nimads'"),
        ("x.txt", {"to": "nimads"}, OptionError, "ends in .json"),
        ("x.json", {"to": "sleuth"}, OptionError, "ends in .txt"),
        ("folder.json", {}, FormatError, "is a folder"),
        ("file/x", {}, FormatError, "file is a file"),
        ("x", {"features": "y"}, OptionError, "options are for reading"),
    ],
)
def test_wrong_calls(demo, tmp_path, name, options, error, message):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "file").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error, match=message):
        convert(demo, tmp_path / name, **options)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_database(tmp_path):
    with pytest.raises(OptionError, match="a Database or a path"):
        convert(3, tmp_path / "x")
    with pytest.raises(FormatError, match="no file or folder"):
        convert(tmp_path / "missing", tmp_path / "x")


@pytest.mark.data
def test_version_7_is_the_same_in_both_layouts(v7, tmp_path):
    report = convert(v7, tmp_path / "new", to="neurosynth")
    assert report.lost == ["notes: say them where you share it"]
    assert not report.changed
    assert report.carried["peaks"] == 507_891


@pytest.mark.parametrize("form", ["neurosynth", "neurosynth-legacy", "csv"])
def test_analyses_stay_apart_where_they_have_no_table(tmp_path, form):
    from nimare_neurosynth.io import from_studyset

    def analysis(name, *xyz):
        points = [{"coordinates": list(c), "space": "MNI"} for c in xyz]
        return {"id": name, "name": "same name", "points": points}

    one = analysis("a", (0, 0, 0), (10, 0, 0))
    two = analysis("b", (20, 0, 0))
    document = {"name": "x", "studies": [{"id": "1", "analyses": [one, two]}]}
    database = from_studyset(document)
    path = tmp_path / "out"
    convert(database, path, to=form)
    again = read_database(path / "peaks.csv" if form == "csv" else path)
    assert again.peaks.analysis.tolist() == [0, 0, 1]
    assert again.table("analyses")["table_id"].tolist() == ["a", "b"]

"""``append``: what it prints, and what becomes of the database."""

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo, open_database, read_database, write_database
from nimare_neurosynth.io import subset


@pytest.fixture
def growing(tmp_path):
    demo = load_demo()
    folder = tmp_path / "growing"
    write_database(subset(demo, np.arange(demo.n_studies) < 300), folder)
    return folder


def test_the_rest_of_the_demo(run, growing):
    result = run("append", growing, "demo", "--skip-known")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"20 studies appended: {growing} has 320 now\n"
    assert open_database(growing).content_hash == load_demo().content_hash


def test_known_studies_are_an_error(run, growing):
    result = run("append", growing, "demo")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: 300 of 320 studies are in the database")
    assert "Traceback" not in result.stderr
    assert open_database(growing).n_studies == 300


def test_a_table_with_features(run, growing, tmp_path):
    peaks, terms = tmp_path / "new.csv", tmp_path / "words.csv"
    peaks.write_text("id,x,y,z,space\nnew1,1,2,3,MNI\nnew1,4,5,6,MNI\nnew2,1,2,3,TAL\n")
    terms.write_text("id,itch\nnew1,0.5\nnew2,0.25\n")
    result = run("append", growing, peaks, "--features", terms)
    assert result.exit_code == 0, result.stderr
    grown = open_database(growing)
    assert grown.study_ids[-2:].tolist() == ["new1", "new2"]
    assert grown.label_sets["words"].weights.toarray()[-2:].tolist() == [[0.5], [0.25]]
    more = read_database(peaks, features=terms)
    assert len(grown.peaks) - 3 == int((grown.peaks.study < 300).sum())
    assert pd.isna(grown.studies["title"].iloc[-1]) or "title" in more.studies


BAD = {
    "no such folder": (["nowhere", "demo"], 1, "is not a compiled database"),
    "no such source": (["growing", "nowhere.csv"], 1, "nowhere.csv"),
    "a lack": (["growing"], 2, "Missing argument 'DB'"),
    "an option": (["growing", "demo", "--skip"], 2, "--skip-known"),
    "the demo's labels": (["growing", "demo", "--features", "x.csv"], 2, "--features"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_are_plain(run, tmp_path, toy, case, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_database(toy, tmp_path / "growing", activations=False)
    arguments, status, words = BAD[case]
    result = run("append", *arguments)
    assert result.exit_code == status
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert open_database(tmp_path / "growing").n_studies == 7


def test_help(run):
    result = run("append", "--help")
    assert result.exit_code == 0
    for words in ("--skip-known", "--features", "DIR", "DB", "Examples:"):
        assert words in result.stdout
    assert "append " in run("--help").stdout

"""``convert`` and ``diff``: what they print and write."""

import json
import re

import pytest

from nimare_neurosynth import load_demo, read_database
from nimare_neurosynth.converters import FORMATS, diff_databases


def test_convert_says_what_became_of_it(run, tmp_path):
    result = run("convert", "demo", tmp_path / "old", "--to", "neurosynth-legacy")
    assert result.exit_code == 0, result.stderr
    assert "320 studies" in result.stdout
    assert "not carried: texts (abstract)" in result.stdout
    result = run("convert", tmp_path / "old", tmp_path / "s.json", "--json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["form"] == "nimads"
    assert report["source"] == str(tmp_path / "old")
    again = read_database(tmp_path / "s.json")
    assert not diff_databases(load_demo(), again).changed


def test_every_form_is_in_the_help(run):
    text = run("convert", "--help").stdout
    listed = re.findall(r"^ +(\S+) +a (?:folder|\.\w+):", text, re.M)
    assert listed == list(FORMATS)


def test_diff(run, tmp_path):
    result = run("convert", "demo", tmp_path / "new", "--to", "neurosynth")
    assert result.exit_code == 0, result.stderr
    result = run("diff", "demo", "demo")
    assert result.stdout.strip() == "no difference"
    result = run("diff", "demo", tmp_path / "new", "--json")
    assert json.loads(result.stdout)["removed"] == ["1 texts: abstract"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing", "x.json"), "no file or folder"),
        (("demo", "x.txt", "--to", "parquett"), "Close matches: 'parquet'"),
        (("demo", "x.bib", "--to", "nimads"), "ends in .json"),
    ],
)
def test_wrong_calls(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = run("convert", *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert not list(tmp_path.iterdir())

"""``fetch``, and names of public databases where a DB is needed."""

import json
import shutil

import pytest

from nimare_neurosynth import load_demo
from tests.servers import serve_release


@pytest.fixture
def mirrored(server, tmp_path, monkeypatch):
    """Work in a folder with a cache of its own, and a mirror of all there is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NIMARE_NEUROSYNTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NIMARE_NEUROSYNTH_MIRROR", server.url)
    return server


def test_a_database(run, mirrored, small, tmp_path):
    result = run("fetch", "neurosynth-3")
    assert result.exit_code == 0
    assert result.stdout.startswith("neurosynth 3: 7 studies, 11 peaks\n")
    assert "labels: terms (5)\nlicence: ODbL-1.0\n" in result.stdout
    assert "Cite Yarkoni et al. (2011)" in result.stdout
    assert f"from {mirrored.url}. Licence: ODbL-1.0." in result.stderr
    assert "fetching 4 files into" in result.stderr
    assert "no hash is published for" in result.stderr
    again = run("fetch", "neurosynth-3", "--vocabulary", "terms", "--json")
    facts = json.loads(again.stdout)
    assert facts["studies"] == 7
    assert facts["label_sets"] == {"terms": 5}
    assert facts["files"] == str(tmp_path / "cache" / "downloads" / "neurosynth-3")
    assert again.stderr == ""
    assert len(mirrored.requests) == 4


def test_the_list(run, mirrored, release):
    before = run("fetch", "--list")
    assert before.exit_code == 0
    assert "neurosynth-7           14.7 MB         -  ODbL-1.0; terms, LDA50" in (
        before.stdout
    )
    assert "neurosynth_v" not in before.stdout
    assert run("fetch", "neurostore").exit_code == 0
    rows = {
        row["name"]: row for row in json.loads(run("fetch", "--list", "--json").stdout)
    }
    assert rows["neurostore-2026-07"]["bytes_here"] >= len(release)
    assert rows["neurosynth-7"]["bytes_here"] == 0
    assert rows["neurosynth-6"]["vocabularies"][:2] == ["terms", "LDA50"]


def test_an_update(run, mirrored, release):
    run("fetch", "neurostore")
    serve_release(mirrored, "2026-08", release)
    assert "NeuroStore 2026-07: 320" in run("fetch", "neurostore").stdout
    assert "NeuroStore 2026-08: 320" in run("fetch", "neurostore", "--update").stdout


def test_a_name_is_a_db(run, mirrored, small):
    first = run("info", "neurosynth-3:terms")
    assert first.exit_code == 0
    assert "Studies   7\n" in first.stdout
    assert "fetching 4 files into" in first.stderr
    second = run("select", "neurosynth-3", "pain")
    assert second.exit_code == 0
    assert "fetching" not in second.stderr
    assert len(mirrored.requests) == 4


def test_a_path_comes_first(run, mirrored, small, tmp_path):
    shutil.copytree(small, tmp_path / "neurosynth-3")
    assert run("info", "neurosynth-3").exit_code == 0
    assert mirrored.requests == []


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("fetch",), 2, "name a database, or give --list"),
        (("fetch", "demo", "--list"), 2, "name a database, or give --list"),
        (("fetch", "neurosinth"), 2, "Close matches: 'neurosynth'"),
        (("fetch", "neurosynth-7", "--vocabulary", "LDA5"), 2, "matches: 'LDA50'"),
        (("info", "neurosynth-7:LDA5"), 2, "Close matches: 'LDA50'"),
        (("info", "neurosynth_v7"), 1, "Close matches: 'neurosynth-7'"),
        (("info", "neurosynth-7", "--features", "x"), 2, "leave out --features"),
        (("info", "neurosynth-7", "--row-order", "auto"), 2, "leave out --row-order"),
        (("info", "neuroquery"), 1, "404 Not Found"),
        (("fetch", "neuroquery", "--mirror", "x"), 2, "must be an address"),
    ],
)
def test_wrong_calls(run, mirrored, arguments, status, message):
    result = run(*arguments)
    assert result.exit_code == status
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_offline(run, mirrored, monkeypatch, tmp_path):
    monkeypatch.setenv("NIMARE_NEUROSYNTH_MIRROR", "http://127.0.0.1:9")
    monkeypatch.setattr("time.sleep", lambda _: None)
    result = run("meta", "neurosynth-7", "pain", "--out", "maps")
    assert result.exit_code == 1
    assert "no connection to 127.0.0.1" in result.stderr
    assert "version-7_vocab-terms_source-abstract_type-tfidf" in result.stderr
    assert f"  {tmp_path / 'cache' / 'downloads' / 'neurosynth-7'}\n" in result.stderr


def test_the_demo(run, mirrored):
    result = run("fetch", "demo", "--json")
    facts = json.loads(result.stdout)
    assert facts["content_hash"] == load_demo().content_hash
    assert "files" not in facts

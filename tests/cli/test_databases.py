"""``compile`` and ``merge``: what they print, write and refuse."""

import json

import pytest

from nimare_neurosynth import (
    load_demo,
    merge_databases,
    open_database,
    read_database,
    write_database,
)
from nimare_neurosynth.io import validate_database
from tests.io.same import assert_same_database

OTHER = """id,x,y,z,space,doi,table_id
10002,1,2,3,MNI,10.1/B,t1
new,4,5,6,MNI,https://doi.org/10.1/C,t1
newer,7,8,9,MNI,,t1
newer,10,11,12,TAL,,t2
"""


@pytest.fixture
def other(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(OTHER)
    return path


@pytest.fixture
def compiled(toy, tmp_path):
    folder = tmp_path / "compiled"
    write_database(toy, folder, activations=False)
    return folder


# ----------------------------------------------------------------------------- compile


def test_compile(run, toy_files, tmp_path):
    out = tmp_path / "new" / "out"
    result = run("compile", toy_files, "--out", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "toy 1: 7 studies, 6 analyses, 11 peaks\n"
        "labels: terms (5), LDA9 (2, no weights), topics (2)\n"
        f"written into {out}; 'info' lists 1 note\n"
    )
    assert_same_database(open_database(out), read_database(toy_files))
    assert [path.name for path in out.iterdir() if path.name == "activations"]
    assert validate_database(out) == []


def test_compile_as_json(run, other, tmp_path):
    words = tmp_path / "words.csv"
    words.write_text("id,pain\nnew,0.5\n")
    out = tmp_path / "out"
    result = run("compile", other, "--features", words, "--out", out, "--json")
    assert json.loads(result.stdout) == {
        "database": "other",
        "folder": str(out),
        "studies": 3,
        "analyses": 4,
        "peaks": 4,
        "label_sets": {"words": {"labels": 1, "kind": "weight", "has_weights": True}},
        "notes": ["2 studies have no row of features"],
        "content_hash": open_database(out).content_hash,
    }


def test_compile_the_demo(run, tmp_path):
    result = run("compile", "demo", "--out", tmp_path / "out")
    assert "320 studies, 906 analyses, 9,492 peaks\nlabels: terms (" in result.stdout
    assert_same_database(open_database(tmp_path / "out"), load_demo())


def test_a_compiled_database_is_replaced(run, compiled, other):
    assert run("compile", other, "--out", compiled).exit_code == 0
    assert open_database(compiled).n_studies == 3


# ------------------------------------------------------------------------------- merge


def test_merge(run, toy_files, other, tmp_path):
    out = tmp_path / "both"
    result = run("merge", toy_files, other, "--out", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "toy+other 1: 8 studies, 8 analyses, 13 peaks\n"
        "labels: terms (5), LDA9 (2, no weights), topics (2)\n"
        "studies: 7 from toy 1, 1 from other; 2 are in several\n"
        f"written into {out}; 'info' lists 5 notes\n"
    )
    expected = merge_databases([read_database(toy_files), read_database(other)])
    assert_same_database(open_database(out), expected)
    chosen = run("select", out, "--where", "also_in = other:*", "--format", "csv")
    rows = [line.split(",")[0] for line in chosen.stdout.splitlines()]
    assert rows == ["study_id", "10002", "10003"]


@pytest.mark.parametrize(
    ("match", "n_studies", "in_several"),
    [
        (["pmid"], 9, 1),
        (["doi"], 9, 1),
        (["doi", "id"], 8, 2),
        (["id"], 9, 1),
        (["pmid", "doi", "pmid"], 8, 2),
    ],
)
def test_merge_by(run, toy_files, other, tmp_path, match, n_studies, in_several):
    options = [text for key in match for text in ("--match", key)]
    out = tmp_path / "both"
    result = run("merge", toy_files, other, *options, "--out", out, "--json")
    facts = json.loads(result.stdout)
    assert facts["studies"] == n_studies == open_database(out).n_studies
    assert facts["in_several"] == in_several
    assert facts["origin"] == {"toy 1": 7, "other": n_studies - 7}
    assert facts["content_hash"] == open_database(out).content_hash
    assert facts["notes"] == list(open_database(out).notes)


def test_merge_into_one_of_the_databases(run, compiled, other):
    assert run("merge", compiled, other, "--out", compiled).exit_code == 0
    keys = ["--match", "pmid", "--match", "doi", "--match", "id"]
    result = run("merge", compiled, other, "demo", *keys, "--out", compiled, "--json")
    facts = json.loads(result.stdout)
    assert facts["origin"] == {
        "toy 1": 7,
        "other": 1,
        "NeuroStore n-back and flanker studies 2026-07": 320,
    }
    assert facts["in_several"] == 3
    assert validate_database(compiled) == []


def test_merge_warns_of_ids_that_nothing_tells_apart(run, compiled, other):
    run("merge", compiled, other, "--out", compiled)
    result = run("merge", compiled, other, "--out", compiled)
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: 1 studies of other (2) have the ids of")


def test_merge_warns_of_ids_that_are_no_pmids(run, tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text("id,x,y,z,space\n1,1,2,3,MNI\n")
    result = run("merge", *paths, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: 1 studies of b were recognised because")


# ------------------------------------------------------------------------- wrong calls

WRONG = [
    # arguments, exit status, message
    (("compile",), 2, "Missing argument 'DB'"),
    (("compile", "demo"), 2, "Missing option '--out'"),
    (("compile", "nosuch", "--out", "out"), 1, "there is no file or folder nosuch"),
    (
        ("compile", "demo", "--features", "other.csv", "--out", "out"),
        2,
        "leave out --features",
    ),
    (("compile", "demo", "--out", "other.csv"), 1, "other.csv: it is a file"),
    (("compile", "demo", "--out", "full"), 1, "full is not empty and holds no"),
    (("merge",), 2, "Missing argument 'DB DB...'"),
    (("merge", "demo", "--out", "out"), 2, "merge needs two databases or more"),
    (("merge", "demo", "demo"), 2, "Missing option '--out'"),
    (("merge", "demo", "nosuch", "--out", "out"), 1, "no file or folder nosuch"),
    (
        ("merge", "demo", "demo", "--match", "title", "--out", "out"),
        2,
        "'title' is not one of 'pmid', 'doi', 'id'",
    ),
    (("merge", "demo", "demo", "--out", "other.csv"), 1, "other.csv: it is a file"),
    (
        ("merge", "demo", "demo", "--match", "id", "--out", "full"),
        1,
        "full is not empty and holds no",
    ),
]


@pytest.mark.parametrize(("arguments", "status", "message"), WRONG)
def test_wrong_calls(run, other, tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    before = sorted(tmp_path.rglob("*"))
    result = run(*arguments)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (status, "")
    assert "Traceback" not in result.output
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", [("compile", "demo"), ("merge", "demo", "demo")])
def test_a_wrong_place_is_told_before_work_starts(run, other, monkeypatch, command):
    def work(*_, **__):
        raise AssertionError("work has started")

    monkeypatch.setattr("nimare_neurosynth.cli._databases.open_any", work)
    assert "it is a file" in run(*command, "--out", other).stderr

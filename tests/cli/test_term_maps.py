"""``term-maps`` and ``get-maps``: what they print and write."""

import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo, meta_analysis, open_term_maps
from nimare_neurosynth.meta import _term_maps_run
from nimare_neurosynth.meta._term_maps import file_name
from tests.oracles import quietly

SOME = ("emotion*", "memory", "--min-studies-per-term", "10")


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    from nimare_neurosynth import term_maps

    folder = tmp_path_factory.mktemp("cli") / "maps"
    return term_maps(
        load_demo(), folder, ["emotion*", "memory"], min_studies_per_term=10
    )


def test_some_terms(run, stored, tmp_path):
    out = tmp_path / "maps"
    result = run("term-maps", "demo", *SOME, "--out", out)
    assert result.exit_code == 0, result.stderr
    first, second, _, *table = result.stdout.splitlines()
    assert first == f"{len(stored)} labels, {stored.n_studies} studies, in {out}"
    warned = (stored.summary["warnings"] != "").sum()
    assert second == f"{warned} with warnings: see {out / 'summary.tsv'}"
    assert table[0].split() == ["label", "n_studies", "largest_z", *"xyz", "clusters"]
    assert len(table) == len(stored) + 1
    made = open_term_maps(out)
    assert made.facts["request"] == stored.facts["request"]
    pd.testing.assert_frame_equal(made.summary, stored.summary)


def test_options_reach_the_work(run, tmp_path):
    out = tmp_path / "maps"
    options = ["--universe", "memory | emotion", "--radius", "10", "--q", "0.05"]
    options += ["--threshold", "0.05", "--memory", "500 MB", "--jobs", "1"]
    result = run("term-maps", "demo", *SOME, *options, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    made = open_term_maps(out)
    assert facts["folder"] == str(out)
    assert (facts["n_labels"], facts["n_studies"]) == (len(made), made.n_studies)
    request = facts["request"]
    assert request == made.facts["request"]
    asked = {"radius_mm": 10, "fdr_q": 0.05, "threshold": 0.05}
    assert request | asked == request
    assert request["min_studies_per_term"] == 10
    assert request["universe"]["description"] == "memory | emotion"


def test_terms_from_a_file(run, stored, tmp_path):
    listed = tmp_path / "terms.txt"
    listed.write_text("emotion*\n\n  memory \n", encoding="utf-8")
    out = tmp_path / "maps"
    options = ["--terms-from", listed, "--min-studies-per-term", "10", "--out", out]
    assert run("term-maps", "demo", *options).exit_code == 0
    assert open_term_maps(out).labels == stored.labels
    more = run("term-maps", "demo", "language", *options)
    assert more.exit_code == 0, more.stderr
    assert set(open_term_maps(out)) == {*stored, "language"}


def test_after_an_interruption_the_same_command_goes_on(run, tmp_path, monkeypatch):
    out = tmp_path / "maps"

    def stop(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_term_maps_run, "_write_whole", stop)
        result = run("term-maps", "demo", *SOME, "--out", out)
    assert result.exit_code == 1
    assert "the same command goes on from it" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setattr(_term_maps_run, "count_columns", None)
    assert run("term-maps", "demo", *SOME, "--out", out).exit_code == 0


def test_maps_are_taken_out(run, stored, tmp_path):
    out = tmp_path / "out"
    name = "z_desc-association"
    result = run("get-maps", stored.folder, "emotion*", "--map", name, "--out", out)
    assert result.exit_code == 0, result.stderr
    labels = [label for label in stored if label.startswith("emotion")]
    files = sorted(p for p in out.rglob("*") if p.is_file())
    assert {p.parent.name for p in files} == {file_name(label) for label in labels}
    assert result.stdout.startswith(f"{len(labels)} labels, ")
    assert result.stdout.endswith(f" files in {out}\n")
    image = nib.load(out / "emotion" / f"{name}.nii.gz")
    one = quietly(meta_analysis, load_demo(), "emotion")
    expected = one.image(name)
    np.testing.assert_array_equal(image.get_fdata(), expected.get_fdata())


def test_the_rate_of_thresholded_maps(run, stored, tmp_path):
    out = tmp_path / "out"
    options = ["--map", "z_desc-association", "--out", out]
    run("get-maps", stored.folder, "memory", "--q", "0.05", *options)
    run("get-maps", stored.folder, "emotion", *options)
    names = {p.parent.name: set() for p in out.rglob("*.nii.gz")}
    for path in out.rglob("*.json"):
        q = json.loads(path.read_text()).get("fdr_q")
        names[path.parent.name].add(q)
    assert 0.05 in names["memory"]
    assert 0.01 in names["emotion"]


BAD = {
    "unknown term": (["term-maps", "demo", "emotoin", "--out", "new"], 2, "emotion"),
    "no out": (["term-maps", "demo"], 2, "--out"),
    "a query": (["term-maps", "demo", "a & b", "--out", "new"], 2, "is a query"),
    "no memory": (
        ["term-maps", "demo", *SOME, "--memory", "1 MB", "--out", "new"],
        2,
        "allow more",
    ),
    "odd memory": (
        ["term-maps", "demo", *SOME, "--memory", "lots", "--out", "new"],
        2,
        "'lots'",
    ),
    "q": (["term-maps", "demo", *SOME, "--q", "1", "--out", "new"], 2, "--q"),
    "too few": (
        [
            "term-maps",
            "demo",
            "memory",
            "--min-studies-per-term",
            "999",
            "--out",
            "new",
        ],
        1,
        "999",
    ),
    "negative": (
        ["term-maps", "demo", "--min-studies-per-term", "-1", "--out", "new"],
        2,
        "-1",
    ),
    "jobs": (["term-maps", "demo", *SOME, "--jobs", "0", "--out", "new"], 2, "n_jobs"),
    "label set": (["term-maps", "demo", "--labels", "x", "--out", "new"], 2, "'x'"),
    "no list": (
        ["term-maps", "demo", "--terms-from", "no.txt", "--out", "new"],
        1,
        "no",
    ),
    "empty list": (
        ["term-maps", "demo", "--terms-from", "empty.txt", "--out", "new"],
        1,
        "is empty",
    ),
    "others' folder": (["term-maps", "demo", *SOME, "--out", "."], 1, "not empty"),
    "a file": (["term-maps", "demo", *SOME, "--out", "empty.txt"], 1, "file"),
    "no maps there": (["get-maps", ".", "memory", "--out", "new"], 1, "manifest.json"),
    "no term": (["get-maps", "STORED", "--out", "new"], 2, "TERMS"),
    "not stored": (["get-maps", "STORED", "memori", "--out", "new"], 2, "'memory'"),
    "no pattern": (["get-maps", "STORED", "x*", "--out", "new"], 2, "'x*'"),
    "no map": (
        ["get-maps", "STORED", "memory", "--map", "z", "--out", "new"],
        2,
        "there is no map 'z'",
    ),
    "get q": (["get-maps", "STORED", "memory", "--q", "0", "--out", "new"], 2, "--q"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_are_plain(run, stored, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_text("\n \n")
    arguments, status, words = BAD[case]
    result = run(*(stored.folder if a == "STORED" else a for a in arguments))
    assert result.exit_code == status, result.stderr
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "bug" not in result.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["term-maps", "get-maps"])
def test_help(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert "--out DIR" in result.stdout
    assert f"  {command} " in run("--help").stdout

"""``demo``: the main job, end to end."""

import json
import re

import pandas as pd
import pytest

from nimare_neurosynth import load_demo


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from click.testing import CliRunner

    from nimare_neurosynth.cli._main import group

    folder = tmp_path_factory.mktemp("demo") / "new"
    return folder, CliRunner().invoke(group, ["demo", "--out", str(folder)])


def test_it_works_and_says_what_it_does(made):
    folder, result = made
    assert result.exit_code == 0
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if "|" not in line]
    assert lines[0].startswith("Reading 320 studies")
    assert lines[-1].endswith(f"open {folder / 'index.html'}")


def test_maps_pictures_and_tables_are_there(made):
    names = {path.name for path in made[0].iterdir()}
    assert {"index.html", "terms.tsv", "clusters.tsv"} <= names
    for test in ("association", "uniformity"):
        assert f"z_desc-{test}.nii.gz" in names
        assert f"z_desc-{test}.json" in names
        assert f"picture_z_desc-{test}.png" in names
    assert not [name for name in names if name.startswith(".")]


def test_every_term_is_in_the_table(made):
    table = pd.read_csv(made[0] / "terms.tsv", sep="\t", keep_default_na=False)
    terms = load_demo().label_sets["terms"]
    assert sorted(table["label"].astype(str)) == sorted(terms.labels)


def test_the_page_needs_no_other_file_and_no_network(made):
    page = (made[0] / "index.html").read_text(encoding="utf-8")
    sources = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    outside = [s for s in sources if not s.startswith(("data:", "#"))]
    assert not [s for s in outside if re.search(r"\.(js|css|png|svg|woff2?)$", s)]
    assert page.count("data:image/png;base64,") == 2


def test_the_page_shows_what_was_asked_and_found(made):
    page = (made[0] / "index.html").read_text(encoding="utf-8")
    sidecar = json.loads((made[0] / "z_desc-association.json").read_text())
    assert "emotion*" in page
    assert f"{sidecar['n_selected']}" in page
    assert "320" in page
    assert "NeuroStore" in page

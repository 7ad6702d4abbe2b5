"""``info``, ``select`` and ``meta``: what they print and write."""

import io
import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo, meta_analysis, read_database, write_database
from nimare_neurosynth.io import to_bibtex
from nimare_neurosynth.space import default_mask

QUERY = "emotion*"


@pytest.fixture(scope="module")
def chosen():
    return load_demo().select(QUERY)


# -------------------------------------------------------------------------------- info


def test_info_of_the_demo(run):
    result = run("info", "demo")
    assert result.exit_code == 0
    assert result.stdout == f"{load_demo().info()}\n"
    assert result.stderr == ""


def test_info_of_files(run, toy_files):
    result = run("info", toy_files)
    assert result.exit_code == 0
    assert "Studies   7\n" in result.stdout
    assert "LDA9: 2 labels, no weights in this database" in result.stdout


def test_info_of_a_compiled_database(run, toy, tmp_path):
    write_database(toy, tmp_path / "compiled", activations=False)
    assert run("info", tmp_path / "compiled").stdout == f"{toy.info()}\n"


def test_info_as_json(run, toy_files):
    result = run("info", toy_files, "--json", "--threshold", "0.15")
    expected = read_database(toy_files).info(threshold=0.15)
    assert json.loads(result.stdout) == json.loads(json.dumps(expected.to_dict()))


def test_info_of_a_table_with_features(run, tmp_path):
    peaks, terms = tmp_path / "peaks.csv", tmp_path / "words.csv"
    peaks.write_text("id,x,y,z,space\n1,1,2,3,MNI\n")
    terms.write_text("id,größe\n1,0.5\n")
    result = run("info", peaks, "--features", terms)
    assert "words: 1 labels (weight)" in result.stdout
    assert "commonest: größe (1)" in result.stdout


# ------------------------------------------------------------------------------ select


@pytest.mark.parametrize(("form", "separator"), [("tsv", "\t"), ("csv", ",")])
def test_select_as_a_table(run, chosen, form, separator):
    result = run("select", "demo", QUERY, "--format", form)
    assert result.exit_code == 0
    table = pd.read_csv(
        io.StringIO(result.stdout), sep=separator, keep_default_na=False
    )
    expected = chosen.table()
    assert table.columns.tolist() == expected.columns.tolist()
    assert table["study_id"].tolist() == expected["study_id"].tolist()
    np.testing.assert_allclose(table["weight"], expected["weight"])
    assert result.stderr == f"{len(chosen)} of 320 studies: emotion*\n"


def test_select_as_bibtex(run, chosen):
    result = run("select", "demo", QUERY, "--format", "bibtex")
    assert result.stdout == to_bibtex(chosen.table())


def test_select_as_json(run, chosen):
    facts = json.loads(run("select", "demo", QUERY, "--json").stdout)
    assert facts["query"] == QUERY
    assert facts["n_studies"] == len(chosen) == len(facts["studies"])
    first = chosen.table().iloc[0]
    assert facts["studies"][0]["study_id"] == first["study_id"]
    assert facts["studies"][0]["weight"] == pytest.approx(first["weight"])


@pytest.mark.parametrize("form", ["tsv", "csv", "bibtex", "json"])
def test_select_into_a_file(run, tmp_path, form):
    option = ["--json"] if form == "json" else ["--format", form]
    path = tmp_path / "new" / "studies.out"
    result = run("select", "demo", QUERY, *option, "--out", path)
    assert (result.exit_code, result.stdout) == (0, "")
    printed = run("select", "demo", QUERY, *option).stdout
    assert path.read_text(encoding="utf-8") == printed
    sidecar = json.loads((path.parent / "studies.out.json").read_text("utf-8"))
    assert sidecar["selection"]["criteria"][0]["query"] == QUERY
    assert len([*path.parent.iterdir()]) == 2


SELECTED = [
    # arguments of the command, arguments of Database.select()
    (["--near", -20, -6, -18, "--radius", 8], {"near": (-20, -6, -18), "radius_mm": 8}),
    (
        ["--near", 0, 0, 0, "--near", 40, 20, 30],
        {"near": [(0, 0, 0), (40, 20, 30)]},
    ),
    (["--where", "journal = Neuro*"], {"where": "journal = Neuro*"}),
    (
        [QUERY, "--where", "journal = N*", "--where", "title != x"],
        {"query": QUERY, "where": ["journal = N*", "title != x"]},
    ),
    ([QUERY, "--threshold", 0.2], {"query": QUERY, "threshold": 0.2}),
    ([QUERY, "--func", "max", "--labels", "terms"], {"query": QUERY, "func": "max"}),
    (["terms:memory > 0.2"], {"query": "terms:memory > 0.2"}),
]


@pytest.mark.parametrize(("arguments", "options"), SELECTED)
def test_options_of_select(run, arguments, options):
    result = run("select", "demo", *arguments, "--json")
    ids = [study["study_id"] for study in json.loads(result.stdout)["studies"]]
    assert ids == load_demo().select(**options).table()["study_id"].tolist()
    assert ids


@pytest.mark.parametrize(
    ("option", "keyword"),
    [
        (["--min-voxels", 9], "min_voxels"),
        (["--min-proportion", 0.1], "min_proportion"),
    ],
)
def test_select_by_a_region(run, tmp_path, option, keyword):
    region = (default_mask().xyz_mm ** 2).sum(axis=1) <= 10**2
    path = tmp_path / "region.nii.gz"
    default_mask().to_image(region).to_filename(path)
    result = run("select", "demo", "--mask", path, *option, "--json")
    expected = load_demo().select(region=region, **{keyword: option[1]})
    assert json.loads(result.stdout)["n_studies"] == len(expected) > 0


def test_legacys_other_reading_is_told(run):
    result = run("select", "demo", "emotion* & memory | flanker")
    assert result.exit_code == 0
    warning, summary = result.stderr.splitlines()
    assert warning.startswith("warning: this query is read as (emotion* & memory) | fl")
    assert summary.endswith("of 320 studies: (emotion* & memory) | flanker")


# -------------------------------------------------------------------------------- meta


@pytest.fixture(scope="module")
def maps():
    return meta_analysis(load_demo(), QUERY)


def _meta(run, out, *arguments):
    return run("meta", "demo", QUERY, "--out", out, "--no-picture", *arguments)


def test_meta_writes_maps(run, tmp_path, maps):
    result = _meta(run, tmp_path / "new" / "maps")
    assert result.exit_code == 0
    for name in ("z_desc-association", "z_desc-uniformity", "prob_desc-A"):
        path = tmp_path / "new" / "maps" / f"{name}.nii.gz"
        volume = nib.load(path).get_fdata().ravel()
        np.testing.assert_allclose(volume[maps.mask.flat_index], maps[name], rtol=1e-6)
        assert json.loads(path.with_suffix("").with_suffix(".json").read_text())


def test_meta_lists_every_file_it_writes(run, tmp_path):
    result = _meta(run, tmp_path / "maps", "--json")
    facts = json.loads(result.stdout)
    written = sorted(str(p) for p in (tmp_path / "maps").iterdir())
    assert sorted(facts["files"]) == written
    assert any(name.endswith("studies.tsv") for name in written)


def test_meta_says_what_it_found(run, tmp_path, maps):
    facts = json.loads(_meta(run, tmp_path / "maps", "--json", "--q", 0.05).stdout)
    assert (facts["n_selected"], facts["n_studies"]) == (maps.n_selected[0], 320)
    assert (facts["query"], facts["fdr_q"]) == (QUERY, 0.05)
    assert facts["largest_association_z"] == pytest.approx(
        maps["z_desc-association"].max(), rel=1e-6
    )
    significant = (maps.array("z_desc-association", fdr_q=0.05) != 0).sum()
    assert facts["significant_voxels"]["association"] == significant


def test_meta_reads_as_a_summary(run, tmp_path, maps):
    result = _meta(run, tmp_path / "maps")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{maps.n_selected[0]} of 320 studies: {QUERY}"
    assert lines[1].startswith("largest association z ")
    assert "significant voxels (FDR q 0.01): association " in lines[2]
    assert lines[-1].endswith(f"files in {tmp_path / 'maps'}")


def test_meta_lists_the_studies(run, tmp_path, chosen):
    _meta(run, tmp_path / "maps")
    table = pd.read_csv(tmp_path / "maps" / "studies.tsv", sep="\t")
    assert table["study_id"].tolist() == chosen.table()["study_id"].tolist()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--versus", "flanker &~ emotion*"], {"versus": "flanker &~ emotion*"}),
        (["--universe", "memory | emotion*"], {"universe": "memory | emotion*"}),
        (["--radius", 10], {"radius_mm": 10}),
        (["--threshold", 0.15], {"threshold": 0.15}),
        (["--min-studies", 0.05], {"min_studies": 0.05}),
        (["--min-studies", 3], {"min_studies": 3}),
    ],
)
def test_options_of_meta(run, tmp_path, arguments, options):
    facts = json.loads(_meta(run, tmp_path / "maps", *arguments, "--json").stdout)
    expected = meta_analysis(load_demo(), QUERY, **options)
    assert facts["n_studies"] == expected.n_studies
    assert facts["n_selected"] == expected.n_selected[0]
    assert facts["largest_association_z"] == pytest.approx(
        expected["z_desc-association"].max(), rel=1e-6
    )


def test_meta_draws(run, tmp_path):
    result = run("meta", "demo", QUERY, "--out", tmp_path / "maps")
    assert result.exit_code == 0
    pictures = list((tmp_path / "maps").glob("*.png"))
    assert pictures
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)


def test_few_studies_are_a_warning(run, tmp_path, toy_files):
    out = tmp_path / "maps"
    result = run("meta", toy_files, "pain", "--out", out, "--no-picture")
    assert result.exit_code == 0
    assert "warning: 'pain' selects only 3 " in result.stderr


def test_nothing_significant_is_no_failure(run, tmp_path, toy_files):
    out = tmp_path / "maps"
    arguments = ("meta", toy_files, "pain", "--out", out, "--no-picture", "--json")
    facts = json.loads(run(*arguments).stdout)
    assert facts["significant_voxels"]["association"] == 0
    assert (out / "clusters.tsv").is_file()
    assert "significant voxels" in run(*arguments[:-1]).stdout

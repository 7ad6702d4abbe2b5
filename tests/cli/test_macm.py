"""``macm``: what it prints and writes."""

import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo, macm
from nimare_neurosynth.networks import macm_null
from nimare_neurosynth.space import default_mask

PLACE = (-40, 24, 30)
SEED = ("--seed", *PLACE, "--seed-radius", 10)
END = "_corr-FWE_method-montecarlo"


@pytest.fixture(scope="module")
def maps():
    return macm(load_demo(), PLACE, seed_radius_mm=10)


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    """Write a region, and mark its voxels."""
    inside = ((default_mask().xyz_mm - PLACE) ** 2).sum(axis=1) <= 12**2
    path = tmp_path_factory.mktemp("regions") / "dlpfc.nii.gz"
    default_mask().to_image(inside).to_filename(path)
    return path, inside


@pytest.fixture
def ask(run, tmp_path):
    """Call the command without pictures; give its facts."""

    def call(*arguments):
        out = tmp_path / "new" / "out"
        result = run("macm", "demo", *arguments, "--out", out, "--no-picture", "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout), out

    return call


def z_of(out, name="z_desc-association"):
    volume = nib.load(out / f"{name}.nii.gz").get_fdata()
    return volume.ravel()[default_mask().flat_index]


def check_maps(out, expected):
    for name in ("z_desc-association", "z_desc-uniformity", "prob_desc-A"):
        np.testing.assert_allclose(z_of(out, name), expected[name], rtol=1e-6)


# -------------------------------------------------------------------------------- files


def test_what_a_place_writes(ask, maps):
    facts, out = ask(*SEED)
    check_maps(out, maps)
    assert facts["query"] == "peak within 10 mm of (-40, 24, 30)"
    assert facts["n_selected"] == maps.n_selected[0] == 56
    assert facts["n_studies"] == 320
    assert facts["fdr_q"] == 0.01
    z = maps["z_desc-association"]
    assert facts["largest_association_z"] == pytest.approx(z.max(), rel=1e-6)
    significant = np.count_nonzero(maps.array("z_desc-association", fdr_q=0.01))
    assert facts["significant_voxels"]["association"] == significant
    assert "significant_voxels_fwe" not in facts
    written = sorted(str(p) for p in out.iterdir())
    assert sorted(facts["files"]) == written
    for image in out.glob("*.nii.gz"):
        sidecar = json.loads((out / f"{image.name[:-7]}.json").read_text("utf-8"))
        assert sidecar["query"] == facts["query"]
        assert sidecar["selection"]["criteria"][0]["xyz_mm"] == [list(PLACE)]
    table = pd.read_csv(out / "clusters.tsv", sep="\t")
    assert facts["clusters"] == table["cluster"].astype(str).str.isdigit().sum()


def test_a_summary_is_printed_and_the_studies_are_listed(run, tmp_path, maps):
    out = tmp_path / "out"
    result = run("macm", "demo", *SEED, "--out", out, "--no-picture", "--q", 0.05)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "56 of 320 studies: peak within 10 mm of (-40, 24, 30)"
    assert lines[1].startswith("largest association z ")
    assert lines[-1] == f"{len(list(out.iterdir()))} files in {out}"
    assert "permutation" not in result.stdout
    assert "(FDR q 0.05)" in lines[2]
    assert (out / "z_desc-association_corr-FDR_q-0.05.nii.gz").is_file()
    # as the help says, and as "meta" does
    table = pd.read_csv(out / "studies.tsv", sep="\t")
    chosen = load_demo().select(near=PLACE, radius_mm=10)
    assert table["study_id"].astype(str).tolist() == chosen.ids


def test_pictures(run, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    # maps are drawn elsewhere: here it matters that they are
    monkeypatch.setattr(
        "nimare_neurosynth.plotting.plot_map", lambda *_, **__: Figure((1, 1))
    )
    result = run("macm", "demo", *SEED, "--out", tmp_path)
    assert result.exit_code == 0, result.stderr
    [picture] = tmp_path.glob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "Saving and drawing" in result.stderr


# ------------------------------------------------------------------------------ options


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--min-voxels", 40), {"min_voxels": 40}),
        (
            ("--min-proportion", 0.05, "--radius", 10, "--leave-out-seed"),
            {"min_proportion": 0.05, "radius_mm": 10, "leave_out_seed": True},
        ),
    ],
    ids=str,
)
def test_regions(ask, region, arguments, options):
    path, inside = region
    facts, out = ask("--mask", path, *arguments)
    expected = macm(load_demo(), inside, **options)
    check_maps(out, expected)
    assert facts["query"] == "dlpfc"
    assert facts["n_selected"] == expected.n_selected[0]
    sidecar = json.loads((out / "z_desc-association.json").read_text("utf-8"))
    [criterion] = sidecar["selection"]["criteria"]
    assert criterion["file"] == str(path)
    assert criterion["n_voxels"] == inside.sum()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--radius", 12), {"seed_radius_mm": 12, "radius_mm": 12}),
        (
            ("--radius", 8, "--seed-radius", 12),
            {"seed_radius_mm": 12, "radius_mm": 8},
        ),
        (
            ("--seed-radius", 12, "--min-studies", 0.1, "--leave-out-seed"),
            {"seed_radius_mm": 12, "min_studies": 0.1, "leave_out_seed": True},
        ),
    ],
    ids=str,
)
def test_places(ask, arguments, options):
    facts, out = ask("--seed", *PLACE, *arguments)
    expected = macm(load_demo(), PLACE, **options)
    check_maps(out, expected)
    assert facts["n_selected"] == expected.n_selected[0]


def test_a_radius_of_0_is_one(run, tmp_path):
    """Studies that report exactly this place."""
    xyz = load_demo().mni()
    study = load_demo().peaks.study
    places, counts = np.unique(xyz.round(6).T, axis=0, return_counts=True)
    place = places[counts.argmax()]
    out = tmp_path / "out"
    arguments = ("--seed", *place, "--seed-radius", 0, "--out", out, "--no-picture")
    result = run("macm", "demo", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    n = len(np.unique(study[((xyz.T - place) ** 2).sum(axis=1) == 0]))
    assert json.loads(result.stdout)["n_selected"] == n


# -------------------------------------------------------------------------- permutation


@pytest.mark.parametrize("strata", ["peaks", "none"])
def test_permutations(ask, strata):
    arguments = ("--permutations", 9, *(("--strata", "none") * (strata == "none")))
    facts, out = ask(*SEED, *arguments, "--leave-out-seed")
    expected = macm_null(
        load_demo(),
        PLACE,
        seed_radius_mm=10,
        n_permutations=9,
        leave_out_seed=True,
        strata="peaks" if strata == "peaks" else None,
    )
    for name, values in expected.arrays().items():
        np.testing.assert_array_equal(z_of(out, name), values)
        sidecar = json.loads((out / f"{name}.json").read_text("utf-8"))
        assert sidecar["family_wise_error"]["strata"] == expected.facts["strata"]
    assert len(list(out.glob(f"*{END}.nii.gz"))) == 12
    assert facts["significant_voxels_fwe"] == (expected.p() < 0.05).sum()
    assert set(facts["files"]) == {str(p) for p in out.iterdir()}


def test_permutations_are_told_and_removed_again(run, tmp_path):
    arguments = ("macm", "demo", *SEED, "--out", tmp_path, "--no-picture")
    result = run(*arguments, "--permutations", 1)
    assert "by permutation (family-wise p < 0.05): association 0" in result.stdout
    assert list(tmp_path.glob(f"*{END}*"))
    assert run(*arguments).exit_code == 0
    assert not list(tmp_path.glob(f"*{END}*"))


# --------------------------------------------------------------------------- wrong call

BAD = {
    "no seed": ((), 2, "give --seed X Y Z or --mask IMG"),
    "both": ((*SEED, "--mask", "REGION"), 2, "one of them"),
    "two numbers": (("--seed", 1, 2), 2, "--seed"),
    "texts": (("--seed", "a", "b", "c"), 2, "not a valid float"),
    "NaN": (("--seed", 0, "nan", 0), 2, "three numbers in mm"),
    "outside": (("--seed", 0, 0, 400), 1, "are these MNI coordinates in mm?"),
    "no studies": (("--seed", 1.23, 4.56, 7.89, "--seed-radius", 0.01), 1, "no study"),
    "no file": (("--mask", "none.nii"), 1, "no image file at none.nii"),
    "no image": (("--mask", "text.nii"), 1, "text.nii cannot be read"),
    "too many voxels": (("--mask", "REGION", "--min-voxels", 999_999), 1, "no study"),
    "voxels": (("--mask", "REGION", "--min-voxels", 0), 2, "min_voxels"),
    "share": (("--mask", "REGION", "--min-proportion", 2), 2, "min_proportion"),
    "two bounds": (
        ("--mask", "REGION", "--min-proportion", 0.1, "--min-voxels", 3),
        2,
        "not both",
    ),
    "radius": ((*SEED, "--radius", -1), 2, "radius"),
    "seed radius": (("--seed", *PLACE, "--seed-radius", -1), 2, "radius"),
    "permutations": ((*SEED, "--permutations", -1), 2, "--permutations"),
    "strata": ((*SEED, "--strata", "year"), 2, "--strata"),
    "q": ((*SEED, "--q", 1), 2, "--q"),
    "min studies": ((*SEED, "--min-studies", "few"), 2, "--min-studies"),
    "negative studies": ((*SEED, "--min-studies", "-3"), 2, "min_studies"),
    "a file": ((*SEED, "--out", "text.nii"), 1, "text.nii"),
    "database": (("none", *SEED), 1, "none"),
}


@pytest.mark.parametrize("case", BAD)
def test_errors_are_plain(run, region, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.nii").write_text("no image")
    arguments, status, words = BAD[case]
    arguments = [region[0] if a == "REGION" else a for a in arguments]
    if case != "database":
        arguments = ["demo", *arguments]
    if "--out" not in arguments:
        arguments += ["--out", "new"]
    result = run("macm", *arguments, "--no-picture")
    assert result.exit_code == status, result.output
    assert words in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert "This is a bug" not in result.stderr
    assert not (tmp_path / "new").exists()


def test_out_is_needed(run):
    result = run("macm", "demo", *SEED)
    assert result.exit_code == 2
    assert "--out" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--seed", *PLACE, "--min-voxels", 3),
        ("--seed", *PLACE, "--min-proportion", 0.1),
        ("--mask", "REGION", "--seed-radius", 4),
    ],
    ids=str,
)
def test_what_does_not_go_together(run, region, tmp_path, arguments):
    """An option that would do nothing is a mistake."""
    arguments = [region[0] if a == "REGION" else a for a in arguments]
    out = tmp_path / "new"
    result = run("macm", "demo", *arguments, "--out", out, "--no-picture")
    assert result.exit_code == 2
    assert arguments[-2] in result.stderr
    assert not out.exists()


def test_few_studies_are_a_warning(run, tmp_path):
    arguments = ("--seed", *PLACE, "--seed-radius", 4, "--out", tmp_path)
    result = run("macm", "demo", *arguments, "--no-picture")
    assert result.exit_code == 0
    assert "warning: 'peak within 4 mm of (-40, 24, 30)' selects only" in result.stderr


def test_help(run):
    result = run("macm", "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert "--out DIR" in result.stdout
    assert "  macm " in run("--help").stdout

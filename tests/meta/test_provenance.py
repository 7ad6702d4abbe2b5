import pytest

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.meta import _provenance
from tests.oracles import brain_block, random_database

MASK = brain_block()


@pytest.fixture(scope="module")
def db():
    return random_database()


def methods(db, q=None, **options):
    maps = meta_analysis(db, "labela & ~labelb", mask=MASK, **options)
    return maps.sidecar("z_desc-association", fdr_q=q)["methods"], maps


SAID = {
    "universe": ({"universe": "labelc | labeld"}, "selected by 'labelc | labeld'"),
    "radius": ({"radius_mm": 10}, "within 10 mm"),
    "threshold": ({"threshold": 0.05}, "count from a weight of 0.05, unless"),
    "Talairach": (
        {"talairach": "icbm_other"},
        "icbm2tal matrix for other packages",
    ),
    "no Talairach": ({"talairach": None}, "Talairach coordinates were used as they"),
    "q": ({"q": 0.02}, "false discovery rate of 0.02"),
    "database": ({}, "on the random 1 database (120 studies, 960 peaks)"),
    "voxels": ({}, f"a mask of {MASK.n_voxels:,} voxels"),
}


@pytest.mark.parametrize("case", SAID)
def test_the_methods_paragraph_says(db, case):
    options, words = SAID[case]
    assert words in methods(db, **options)[0]


def test_the_numbers_of_studies_are_said(db):
    text, maps = methods(db)
    n = int(maps.n_selected[0])
    assert f"The {n} studies selected by 'labela & ~labelb'" in text
    assert f"compared with the remaining {118 - n}" in text
    assert "Only studies" not in text
    assert "false discovery rate" not in text


def test_a_contrast_names_both_sides(db):
    text, maps = methods(db, versus="labelb & ~labela")
    n = maps.n_studies - int(maps.n_selected[0])
    assert f"with the {n} studies selected by 'labelb & ~labela'" in text


@pytest.mark.parametrize("q", [None, 0.05])
@pytest.mark.parametrize("matrix", [None, "icbm_spm"])
def test_what_was_used_is_cited_and_nothing_else(db, q, matrix):
    _, maps = methods(db, talairach=matrix)
    cited = " ".join(maps.sidecar("z_desc-association", fdr_q=q)["citations"])
    assert ("Lancaster" in cited) == (matrix is not None)
    assert ("Benjamini" in cited) == (q is not None)
    assert "Salo" in cited


def test_a_package_that_is_not_installed_has_no_version():
    assert _provenance._version("no-such-package-at-all") == "unknown"


def test_a_selection_is_described_as_it_was_made(db):
    chosen = db.select("labela", threshold=0.3, func="max", ids=db.study_ids[:118])
    maps = meta_analysis(db, chosen, mask=MASK, versus=~chosen)
    sidecar = maps.sidecar("z_desc-association")
    query, listed = sidecar["selection"]["criteria"]
    assert (query["query"], query["threshold"], query["func"]) == ("labela", 0.3, "max")
    assert query["label_sets"] == ["labels"]
    assert listed == {"kind": "ids", "n_studies": 118}
    assert "count from a weight of 0.3, unless" in sidecar["methods"]
    assert sidecar["versus"]["criteria"] == sidecar["selection"]["criteria"]


def test_places_have_no_weights(db):
    near = db.select(near=(0, 0, 0), radius_mm=30)
    text = meta_analysis(db, near, mask=MASK).sidecar("z_desc-association")["methods"]
    assert "weight" not in text
    [criterion] = near.criteria
    assert criterion["xyz_mm"] == [[0, 0, 0]]
    assert criterion["radius_mm"] == 30


def test_a_minimum_and_a_prior_are_said(db):
    maps = meta_analysis(db, "labela", mask=MASK, min_studies=5, prior=0.2)
    text = maps.sidecar("prob_desc-FgA_prior")["methods"]
    assert "Voxels that fewer than 5 studies activate were left out." in text
    assert "assume a prior probability of 0.2" in text
    assert "prior probability" not in maps.sidecar("prob_desc-FgA")["methods"]


def test_the_data_are_attributed():
    from nimare_neurosynth import load_demo

    maps = meta_analysis(load_demo(), "emotion*")
    assert any("NeuroStore" in c for c in maps.sidecar("prob_desc-A")["citations"])

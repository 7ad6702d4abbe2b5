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
    "threshold": ({"threshold": 0.05}, "weights of at least 0.05"),
    "Talairach": ({"talairach": "icbm_other"}, "inverse of the icbm_other matrix"),
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
    assert f"The {n} studies selected by the query 'labela & ~labelb'" in text
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

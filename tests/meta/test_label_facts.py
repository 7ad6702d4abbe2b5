"""The line of the summary against everything computed slowly."""

import numpy as np
import pytest

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.meta._label_facts import label_facts
from nimare_neurosynth.plotting import cluster_table
from nimare_neurosynth.stats import fdr_threshold
from tests.oracles import brain_block, mask_xyz, quietly, random_database

MASK = brain_block()
LABELS = tuple(f"label{c}" for c in "abcdef")


@pytest.fixture(scope="module")
def db():
    return random_database()


def slow_facts(maps, q):
    """Say the same of full arrays, one thing after the other."""
    facts = {"label": maps.labels[0], "n_studies": int(maps.n_selected[0])}
    z = maps["z_desc-association"]
    places = [i for i in range(len(z)) if z[i] == max(z)]
    facts["largest_z"] = max(z)
    facts.update(zip("xyz", mask_xyz(maps.mask)[places[0]].tolist(), strict=True))
    for test in ("association", "uniformity"):
        p = maps[f"p_desc-{test}"]
        kept = (p <= fdr_threshold(p, q)) & (maps[f"z_desc-{test}"] != 0)
        facts[f"significant_{test}"] = int(kept.sum())
    table = cluster_table(maps.image("z_desc-association", fdr_q=q))
    facts["clusters"] = int(table["size_mm3"].notna().sum())
    return facts


@pytest.mark.parametrize("q", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("label", LABELS)
def test_a_line_is_what_the_maps_say(db, label, q):
    maps = meta_analysis(db, label, mask=MASK)
    found = label_facts(maps, fdr_q=q)
    warned = found.pop("warnings")
    assert found == slow_facts(maps, q)
    assert warned == (
        "" if found["significant_association"] else "no significant association"
    )


def test_something_is_found(db):
    found = label_facts(meta_analysis(db, "labela", mask=MASK), fdr_q=0.3)
    assert found["clusters"] > 0
    assert found["significant_association"] > found["clusters"]


def test_few_studies_are_warned_of(db):
    few = db.select(ids=db.study_ids[:19])
    maps = quietly(meta_analysis, db, few, mask=MASK)
    assert "few studies" in label_facts(maps, fdr_q=0.01)["warnings"].split("; ")
    enough = meta_analysis(db, db.select(ids=db.study_ids[:20]), mask=MASK)
    assert "few studies" not in label_facts(enough, fdr_q=0.01)["warnings"]


def test_every_study_having_it_is_warned_of(db):
    maps = quietly(meta_analysis, db, db.select(ids=db.study_ids), mask=MASK)
    found = label_facts(maps, fdr_q=0.01)
    assert found["warnings"] == "every study has it; no significant association"
    assert (found["largest_z"], found["clusters"]) == (0, 0)


def test_the_values_are_plain(db):
    found = label_facts(meta_analysis(db, "labela", mask=MASK), fdr_q=0.01)
    assert {type(value) for value in found.values()} == {str, int, float}
    assert np.isfinite([v for v in found.values() if not isinstance(v, str)]).all()

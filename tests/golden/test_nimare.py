"""Parity with NiMARE's MKDAChi2, run here on the same coordinates, radius and mask."""

import json

import numpy as np
import pytest

from nimare_neurosynth import load_demo, meta_analysis
from nimare_neurosynth.database import About, Database, Peaks
from nimare_neurosynth.space import nimare_resource
from tests.benchmarks.peers import mkda_chi2, nimare_studyset
from tests.oracles import import_nimare, quietly

CLOSE = 1e-5


def laird():
    """Read the 17 studies of NiMARE's Laird studyset."""
    path = nimare_resource("neurosynth_laird_studyset.json")
    import pandas as pd

    studies = json.loads(path.read_text(encoding="utf-8"))["studies"]
    points = [
        (row, *point["coordinates"], point["space"])
        for row, study in enumerate(studies)
        for analysis in study["analyses"]
        for point in analysis["points"]
    ]
    study, x, y, z, space = zip(*points, strict=True)
    ids = pd.DataFrame({"study_id": pd.Series([s["id"] for s in studies], dtype="str")})
    return Database(
        About("Laird"),
        n_studies=len(studies),
        peaks=Peaks.from_columns(np.stack([x, y, z], axis=1), study, study, space),
        tables={"studies": lambda: ids},
    )


def both(database, selection, radius_mm, folder):
    """Run the same analysis here and in NiMARE, with NiMARE's Talairach matrix."""
    import_nimare("nimare.meta.cbma.mkda")
    ours = quietly(
        meta_analysis, database, selection, radius_mm=radius_mm, talairach="icbm_other"
    )
    studyset = nimare_studyset(database, folder)
    theirs = quietly(mkda_chi2(studyset, selection.ids, radius_mm=radius_mm))
    return ours, theirs.maps


def check(ours, theirs):
    """Compare every map that both have, where some study activates the voxel."""
    assert set(ours.names) <= set(theirs)
    active = ours.totals > 0
    for name in ours.names:
        expected = np.asarray(theirs[name], dtype=np.float64)[active]
        # chi-square and -log10 p run into thousands, and NiMARE keeps float32
        relative = CLOSE if name.startswith(("chi2_", "logp_")) else 0
        np.testing.assert_allclose(
            ours[name][active], expected, rtol=relative, atol=CLOSE, err_msg=name
        )


@pytest.mark.parametrize("radius", [6, 10])
def test_the_laird_studies_in_two_groups(radius, tmp_path):
    database = laird()
    assert (database.n_studies, len(database.peaks)) == (17, 1117)
    selection = database.select(ids=database.study_ids[:8])
    check(*both(database, selection, radius, tmp_path))


@pytest.mark.parametrize("radius", [6, 10])
def test_a_term_of_the_demo(radius, tmp_path):
    database = load_demo()
    assert database.peaks.is_talairach.any()
    selection = database.select("working memory")
    check(*both(database, selection, radius, tmp_path))


def test_a_topic_of_version_7(v7, tmp_path):
    selection = v7.select("LDA50:9_memory_working_wm >= 0.05")
    check(*both(v7, selection, 6, tmp_path))


def test_where_nimare_differs(tmp_path):
    database = laird()
    selection = database.select(ids=database.study_ids[:8])
    ours, theirs = both(database, selection, 6, tmp_path)
    empty = ours.totals == 0
    # what design says of voxels that no study activates: NaN and p = 0.157 there
    assert np.isnan(theirs["prob_desc-FgA"][empty]).all()
    np.testing.assert_allclose(theirs["p_desc-association"][empty], 0.1573, atol=1e-4)
    for name in ours.names:
        assert (ours[name][empty] == (1 if name.startswith("p_") else 0)).all()

"""What goes wrong in NiMARE 0.22.1 and must not go wrong in ours; a test for each.

Where NiMARE's own class is at hand it is run too: a test that fails there says that
NiMARE has mended it.
"""

import gzip
import logging
import pickle
import subprocess
import sys

import numpy as np
import pytest
from nimare.correct import FDRCorrector, FWECorrector
from nimare.meta.cbma.mkda import MKDAChi2
from nimare.reports.base import run_reports
from nimare.stats import null_to_p
from nimare.studyset import Studyset
from nimare.workflows import CBMAWorkflow
from sklearn.base import clone

from nimare_neurosynth import NeurosynthChi2, TermMeta
from nimare_neurosynth.errors import SelectionError
from tests.estimators.conftest import nimads
from tests.estimators.same import active, check_equal
from tests.oracles import quietly

TERM = "Neurosynth_TFIDF__network"


def test_import_configures_the_root_logger():
    code = (
        "import logging, sys\n"
        "root = logging.getLogger()\n"
        "before = root.level, list(root.handlers)\n"
        "from nimare_neurosynth import NeurosynthChi2, TermMeta\n"
        "assert 'nimare' in sys.modules\n"
        "assert (root.level, list(root.handlers)) == before, root.handlers\n"
        "from nimare_neurosynth.estimators import register\n"
        "assert not hasattr(sys.modules['nimare.meta.cbma'], 'NeurosynthChi2')\n"
        "register()\n"
        "assert sys.modules['nimare.meta.cbma'].NeurosynthChi2 is NeurosynthChi2\n"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert not ran.stdout
    assert not ran.stderr


def test_fit_logs_and_shows_bars(groups, mask, caplog, capsys):
    with caplog.at_level(logging.INFO):
        NeurosynthChi2(mask=mask).fit(*groups)
    assert not [r for r in caplog.records if r.name.startswith("nimare_neurosynth")]
    assert capsys.readouterr() == ("", "")


def test_prob_maps_contain_nan(ours, fitted):
    assert np.isnan(fitted.maps["prob_desc-FgA"]).any()
    for name, values in ours.maps.items():
        assert np.isfinite(values).all(), name


def test_never_active_voxels_have_p_of_0157_and_negative_z(ours, fitted):
    dead = ~active(ours)
    assert dead.any()
    np.testing.assert_allclose(
        fitted.maps["p_desc-association"][dead], 0.1573, atol=1e-4
    )
    assert (fitted.maps["z_desc-uniformity"][dead] < 0).all()
    for test in ("association", "uniformity", "group1", "group2"):
        assert (ours.maps[f"p_desc-{test}"][dead] == 1).all()
        for kind in ("z", "chi2", "logp"):
            assert (ours.maps[f"{kind}_desc-{test}"][dead] == 0).all()


def test_fit_divides_by_zero(groups, mask):
    """Warnings are errors here, and NiMARE has them."""
    with pytest.warns(RuntimeWarning, match="invalid value"):
        MKDAChi2(mask=mask).fit(*groups)
    NeurosynthChi2(mask=mask).fit(*groups)


def test_clone_loses_mask_description_and_coverage(mask):
    options = {"mask": mask, "generate_description": False, "mask_coverage": "gm"}
    lost = clone(MKDAChi2(**options))
    assert lost.generate_description
    assert lost.mask_coverage == "brain"
    for made in (NeurosynthChi2(**options), TermMeta("a", **options)):
        other = clone(made)
        assert not other.generate_description
        assert other.mask_coverage == "gm"
        assert other.mask is not None


def test_overlapping_and_identical_groups_are_accepted(laird, groups, mask):
    for parts in ((groups[0], laird), (laird, laird)):
        quietly(MKDAChi2(mask=mask).fit, *parts)
        with pytest.raises(SelectionError, match="in both groups"):
            NeurosynthChi2(mask=mask).fit(*parts)


def test_gzipped_files_and_paths_cannot_be_read(scattered, tmp_path):
    import json

    text = json.dumps(nimads({str(i): {"1": scattered(i)} for i in range(3)}))
    other = nimads({str(i): {"1": scattered(i)} for i in range(3, 6)})
    path = tmp_path / "one.json.gz"
    path.write_bytes(gzip.compress(text.encode()))
    with pytest.raises((UnicodeDecodeError, ValueError)):
        quietly(Studyset, str(path))
    with pytest.raises((TypeError, ValueError)):
        quietly(MKDAChi2().fit, path, other)
    NeurosynthChi2(kernel__r=6).fit(path, other)
    NeurosynthChi2(kernel__r=6).fit(str(path), other)


def test_corrected_descriptions_omit_the_correction(ours, fitted):
    for corrector in (
        FDRCorrector(method="indep"),
        FWECorrector(method="montecarlo", n_iters=2),
    ):
        theirs = quietly(corrector.transform, fitted)
        assert theirs.description_.strip() == fitted.description_.strip()
        text = corrector.transform(ours).description_
        assert len(text) > len(ours.description_) + 50
        assert text.startswith(ours.description_)


def test_results_embed_whole_studysets(ours, fitted):
    terms = b"Neurosynth_TFIDF__"
    assert terms in pickle.dumps(fitted)
    assert terms not in pickle.dumps(ours)


def test_each_fit_copies_the_studysets(groups, mask, ours, fitted):
    assert fitted.estimator.dataset1 is not groups[0]
    assert ours.estimator.dataset1 is groups[0]
    corrected = FDRCorrector(method="indep").transform(ours)
    assert corrected.estimator.dataset1 is groups[0]


def test_inputs_are_reused_between_fits(groups, mask):
    """An inference map of one fit lives on in the next in NiMARE, or it may."""
    made = NeurosynthChi2(mask=mask)
    gate = np.zeros(int(mask.get_fdata().sum()))
    gated = made.fit(*groups, inference_map1=gate, inference_map2=gate)
    assert not gated.maps["z_desc-association"].any()
    free = made.fit(*groups)
    check_equal(free, NeurosynthChi2(mask=mask).fit(*groups))
    assert free.estimator.inputs_["inference_map1"] is None


def test_random_foci_do_not_move(groups, mask):
    """NiMARE's kernel keeps to the voxels of the data: each random map is the same."""
    options = {"mask": mask, "fwe_null_method": "random-foci"}
    corrector = FWECorrector(method="montecarlo", n_iters=5, voxel_thresh=0.05)
    theirs = quietly(corrector.transform, quietly(MKDAChi2(**options).fit, *groups))
    ours = corrector.transform(NeurosynthChi2(**options).fit(*groups))
    name = "values_desc-pAgFmass_level-cluster_corr-fwe_method-montecarlo"
    assert len(np.unique(theirs.estimator.null_distributions_[name])) == 1
    assert len(np.unique(ours.estimator.null_distributions_[name])) == 5


def test_p_values_of_permutations_do_not_count_the_observed_groups(ours):
    """With five draws no p can be below a sixth; NiMARE's is a fifth."""
    for n in (5, 50):
        corrected = FWECorrector(method="montecarlo", n_iters=n).transform(ours)
        kept = corrected.estimator.null_distributions_
        null = kept["values_desc-pFgA_level-voxel_corr-fwe_method-montecarlo"]
        theirs = null_to_p(np.array([1e6, -1.0]), null, tail="upper")
        assert theirs.tolist() == pytest.approx([1 / n, 1 - 1 / n])
        name = "p_desc-association_level-voxel_corr-FWE_method-montecarlo"
        p = corrected.maps[name].astype(float) * (1 + n)
        np.testing.assert_allclose(p, p.round(), atol=1e-4)
        assert p.min() >= 1 - 1e-4
        assert p.max().round() == 1 + n


def test_plain_estimators_crash_workflows_and_reports(laird, mask, tmp_path, noisy):
    """One studyset and a label is a CBMAEstimator here, so that both take it."""
    workflow = CBMAWorkflow(
        estimator=TermMeta(TERM, mask=mask),
        corrector="fdr",
        diagnostics="focuscounter",
        voxel_thresh=5,
        cluster_threshold=100,
        output_dir=str(tmp_path),
    )
    result = workflow.fit(laird)
    quietly(run_reports, result, str(tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "nimare_neurosynth" in page
    assert "TermMeta" in page


def test_annotations_that_are_not_numbers(nback, mask):
    """NeuroStore's annotations hold texts and lists; NiMARE's decoder raises there."""
    from nimare_neurosynth.estimators._labels import database_of

    (label_set,) = database_of(nback.store).label_sets.values()
    weights = label_set.weights
    counts = np.diff(weights.indptr)
    label = label_set.labels[int(np.argmax((counts > 20) & (counts < 400)))]
    result = TermMeta(f'"{label}"', mask=mask).fit(nback)
    assert np.isfinite(result.maps["z_desc-association"]).all()

"""NiMARE's workflows, reports and decoders take our classes as they take its own."""

import numpy as np
import pandas as pd
import pytest
from nimare.correct import FDRCorrector, FWECorrector
from nimare.decode.continuous import CorrelationDecoder
from nimare.diagnostics import FocusCounter
from nimare.meta.cbma.mkda import MKDAChi2, MKDADensity
from nimare.reports.base import run_reports
from nimare.workflows import CBMAWorkflow, PairwiseCBMAWorkflow
from nimare.workflows.cbma import ContrastWorkflow

from nimare_neurosynth import NeurosynthChi2, TermMeta
from nimare_neurosynth.estimators import Jackknife, NeurosynthKernel
from tests.estimators.same import active, check_tables
from tests.oracles import quietly

pytestmark = pytest.mark.usefixtures("noisy")

TERM = "Neurosynth_TFIDF__network"
CLUSTERS = {"voxel_thresh": 3.0, "cluster_threshold": 30}


def tables(result, kind="counts"):
    return {n: t for n, t in result.tables.items() if kind in n and t is not None}


@pytest.mark.parametrize("diagnostic", ["focuscounter", "jackknife"])
def test_pairwise_workflow_with_fdr(groups, mask, diagnostic, tmp_path):
    options = {"corrector": "fdr", "diagnostics": diagnostic, **CLUSTERS}
    workflow = PairwiseCBMAWorkflow(
        estimator=NeurosynthChi2(mask=mask), output_dir=str(tmp_path), **options
    )
    result = workflow.fit(*groups)
    assert tables(result)
    written = {p.name for p in tmp_path.iterdir()}
    assert {"boilerplate.txt", "references.bib"} <= written
    assert {f"{n}.nii.gz" for n, m in result.maps.items() if m is not None} <= written
    text = (tmp_path / "boilerplate.txt").read_text(encoding="utf-8")
    assert "nimare_neurosynth" in text
    assert "false discovery rate" in text


def test_a_workflow_with_our_jackknife_is_that_with_nimares(groups, mask):
    results = [
        quietly(
            PairwiseCBMAWorkflow(
                estimator=NeurosynthChi2(mask=mask),
                corrector=FDRCorrector(method="indep"),
                diagnostics=diagnostic,
                **CLUSTERS,
            ).fit,
            *groups,
        )
        for diagnostic in (Jackknife(), "jackknife")
    ]
    check_tables(*results)
    assert tables(results[0])


@pytest.mark.parametrize("which", [NeurosynthChi2, "instance"])
@pytest.mark.parametrize("vfwe_only", [None, True])
def test_pairwise_workflow_with_montecarlo(groups, mask, which, vfwe_only):
    estimator = which if which is NeurosynthChi2 else NeurosynthChi2(mask=mask)
    corrector = FWECorrector(
        method="montecarlo", n_iters=10, voxel_thresh=0.05, vfwe_only=vfwe_only
    )
    workflow = PairwiseCBMAWorkflow(
        estimator=estimator,
        corrector=corrector,
        diagnostics=[FocusCounter(), Jackknife()],
        voxel_thresh=0.1,
        cluster_threshold=400,
    )
    result = workflow.fit(*groups)
    level = "_level-voxel" if vfwe_only else "Mass_level-cluster"
    name = f"z_desc-association{level}_corr-FWE_method-montecarlo"
    assert name in result.maps
    assert f"{name}_tab-clust" in result.tables
    assert len(result.diagnostics) == 2


def test_a_workflow_makes_its_own_corrector(groups, mask):
    workflow = PairwiseCBMAWorkflow(
        estimator=NeurosynthChi2(mask=mask), corrector="bonferroni", **CLUSTERS
    )
    result = workflow.fit(*groups)
    assert "Bonferroni" in result.description_
    assert [type(d).__name__ for d in result.diagnostics] == ["Jackknife"] * 4


@pytest.mark.parametrize("diagnostic", ["focuscounter", "jackknife", Jackknife()])
def test_workflow_of_a_query(laird, mask, diagnostic):
    workflow = CBMAWorkflow(
        estimator=TermMeta(TERM, mask=mask),
        corrector="fdr",
        diagnostics=diagnostic,
        **CLUSTERS,
    )
    result = workflow.fit(laird)
    found = tables(result)
    assert found
    for table in found.values():
        assert list(table["id"]) == list(laird.ids)


def test_workflow_of_a_query_with_montecarlo(laird, mask):
    corrector = FWECorrector(method="montecarlo", n_iters=5)
    workflow = CBMAWorkflow(
        estimator=TermMeta(TERM, mask=mask), corrector=corrector, **CLUSTERS
    )
    result = workflow.fit(laird)
    assert "z_desc-association_level-voxel_corr-FWE_method-montecarlo" in result.maps


def test_pairwise_classes_are_not_for_one_group(mask):
    with pytest.raises(AttributeError, match="pairwise"):
        CBMAWorkflow(estimator=NeurosynthChi2(mask=mask))


def test_contrast_workflow(groups, mask):
    """Main effects gate the contrast, as with MKDAChi2."""
    main = {"mask": mask, "null_method": "approximate"}
    ours, theirs = (
        quietly(
            ContrastWorkflow(
                main_estimator=MKDADensity(kernel, **main), pairwise_estimator=pairwise
            ).fit,
            *groups,
        )
        for kernel, pairwise in (
            (NeurosynthKernel, NeurosynthChi2(mask=mask)),
            (NeurosynthKernel, MKDAChi2(mask=mask)),
        )
    )
    assert set(ours.maps) == set(theirs.maps)
    here = active(theirs)
    for name, values in ours.maps.items():
        np.testing.assert_allclose(
            values[here], theirs.maps[name][here], rtol=1e-5, atol=1e-5, err_msg=name
        )
    assert (ours.maps["z_desc-association"] != 0).any()
    assert "nimare_neurosynth" in ours.description_


def test_decoder(laird, groups, mask):
    """Each feature is a meta-analysis; activations are counted once for all of them."""
    features = [f"Neurosynth_TFIDF__{name}" for name in ("network", "motor")]
    image = quietly(MKDAChi2(mask=laird.masker).fit, *groups).get_map(
        "z_desc-association"
    )
    found = []
    for estimator in (NeurosynthChi2(kernel__r=6), MKDAChi2(kernel__r=6)):
        decoder = CorrelationDecoder(features=features, meta_estimator=estimator)
        quietly(decoder.fit, laird)
        for feature in features:
            assert np.isfinite(decoder.results_.maps[feature]).all()
        found.append((quietly(decoder.transform, image), decoder.results_.maps))
    (ours, our_maps), (theirs, their_maps) = found
    for feature in features:
        np.testing.assert_allclose(our_maps[feature], their_maps[feature], atol=1e-5)
    pd.testing.assert_frame_equal(ours, theirs, atol=1e-5)


def test_decoder_with_single_group(laird, groups, mask):
    """And the maps are those of a TermMeta."""
    decoder = CorrelationDecoder(
        features=[TERM], meta_estimator=NeurosynthChi2(kernel__r=6)
    )
    quietly(decoder.fit, laird)
    meta = TermMeta(TERM, kernel__r=6).fit(laird)
    np.testing.assert_array_equal(
        decoder.results_.maps[TERM], meta.maps["z_desc-association"]
    )


def test_report(groups, mask, tmp_path):
    workflow = PairwiseCBMAWorkflow(
        estimator=NeurosynthChi2(mask=mask),
        corrector=FDRCorrector(method="indep"),
        diagnostics=[FocusCounter(target_threshold=5.0, cluster_threshold=100)],
        output_dir=str(tmp_path),
    )
    quietly(run_reports, workflow.fit(*groups), str(tmp_path))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "nimare_neurosynth" in page
    assert "NeurosynthChi2" in page

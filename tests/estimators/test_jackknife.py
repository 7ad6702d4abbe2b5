"""Our Jackknife makes the tables of NiMARE's, which fits again for each analysis."""

import copy
import pickle

import numpy as np
import pytest
from nimare.diagnostics import Jackknife as NimareJackknife
from nimare.meta.cbma.mkda import MKDADensity

from nimare_neurosynth import NeurosynthChi2, TermMeta
from nimare_neurosynth.estimators import Jackknife
from tests.estimators.same import check_tables
from tests.oracles import quietly

pytestmark = pytest.mark.usefixtures("noisy")

OPTIONS = {
    "target_image": "z_desc-association",
    "target_threshold": 1.0,
    "cluster_threshold": 15,
    "display_second_group": True,
}


def check(result, **more):
    """Compare both; give the tables of contributions."""
    options = {**OPTIONS, **more}
    ours = Jackknife(**options).transform(result.copy())
    theirs = quietly(NimareJackknife(**options).transform, result.copy())
    check_tables(ours, theirs)
    tables = [t for name, t in ours.tables.items() if "counts" in name]
    assert tables
    for table in tables:
        assert len(table.columns) > 1
        values = table.iloc[:, 1:].to_numpy(float)
        assert np.isfinite(values).all()
        assert (values != 0).any()
    return tables


@pytest.mark.parametrize(("radius", "second"), [(6, True), (10, True), (10, False)])
def test_two_groups(groups, mask, radius, second):
    result = NeurosynthChi2(mask=mask, kernel__r=radius).fit(*groups)
    tables = check(result, display_second_group=second)
    assert len(tables) == 1 + second


def test_mkda_chi2_gives_the_same_tables(ours, fitted):
    one = Jackknife(**OPTIONS).transform(ours.copy())
    check_tables(one, quietly(NimareJackknife(**OPTIONS).transform, fitted.copy()))


def test_a_query(laird, mask):
    result = TermMeta("Neurosynth_TFIDF__network", mask=mask, kernel__r=6).fit(laird)
    (table,) = check(result)
    assert list(table["id"]) == list(laird.ids)


def test_a_saved_query_can_be_fitted_again(laird, mask):
    """Its annotations were not saved; NiMARE's own Jackknife asks for the query."""
    result = TermMeta("Neurosynth_TFIDF__network", mask=mask, kernel__r=6).fit(laird)
    loaded = pickle.loads(pickle.dumps(result))
    for diagnostic in (Jackknife, NimareJackknife):
        again = quietly(diagnostic(**OPTIONS).transform, loaded.copy())
        check_tables(again, Jackknife(**OPTIONS).transform(result.copy()))


@pytest.mark.parametrize("least", [3, 0.17])
def test_voxels_of_few_analyses(groups, laird, mask, least):
    """One analysis less, and a voxel may not be tested any more."""
    options = {"mask": mask, "min_studies": least, "kernel__r": 6}
    small = {"cluster_threshold": 8}
    check(NeurosynthChi2(**options).fit(*groups), **small)
    check(TermMeta("Neurosynth_TFIDF__network", **options).fit(laird), **small)


def test_other_images_of_the_same_result(ours):
    for name in ("z_desc-uniformity", "chi2_desc-association"):
        check(ours, target_image=name, target_threshold=4.5, cluster_threshold=20)


def test_another_order_of_analyses(groups, mask):
    turned = [group.slice(list(group.ids)[::-1]) for group in groups]
    check(NeurosynthChi2(mask=mask).fit(*turned))


def test_no_clusters(ours):
    options = {**OPTIONS, "target_threshold": 100}
    one = quietly(Jackknife(**options).transform, ours.copy())
    check_tables(one, quietly(NimareJackknife(**options).transform, ours.copy()))


def test_the_only_analysis_of_a_group(laird, mask):
    """NiMARE's cannot fit without it. Without it there is no association either."""
    one = np.arange(17) == 4
    parts = laird.select_analyses(one), laird.select_analyses(~one)
    result = NeurosynthChi2(mask=mask).fit(*parts)
    options = {**OPTIONS, "display_second_group": False, "target_threshold": 2.5}
    found = Jackknife(**options).transform(result)
    (table,) = (t for name, t in found.tables.items() if "counts" in name)
    assert (table.iloc[:, 1:].to_numpy(float) == 1).all()


def test_estimators_of_nimare_are_left_to_nimare(laird, mask):
    estimator = MKDADensity(mask=mask, null_method="approximate", kernel__r=6)
    result = quietly(estimator.fit, laird.select_analyses(np.arange(17) < 6))
    options = {"target_image": "z", "target_threshold": 3, "cluster_threshold": 50}
    ours = quietly(Jackknife(**options).transform, result.copy())
    theirs = quietly(NimareJackknife(**options).transform, result.copy())
    check_tables(ours, theirs)


def test_it_stays_as_it_was(ours):
    diagnostic = Jackknife(**OPTIONS, n_cores=2)
    before = diagnostic.get_params()
    found = diagnostic.transform(ours.copy())
    assert diagnostic.get_params() == before
    assert not hasattr(diagnostic, "_whole")
    assert found.diagnostics[-1] is diagnostic
    with pytest.raises(ValueError, match="not present in result"):
        Jackknife(target_image="z_desc-nothing").transform(ours.copy())
    assert not hasattr(diagnostic, "_whole")
    assert copy.deepcopy(diagnostic).n_cores == 2

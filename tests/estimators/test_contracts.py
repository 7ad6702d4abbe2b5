"""What NiMARE, scikit-learn and users expect of an estimator and its results."""

import copy
import gzip
import json
import pickle
import sys
from importlib import import_module

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nimare.correct import FDRCorrector, FWECorrector
from nimare.diagnostics import FocusCounter
from nimare.diagnostics import Jackknife as NimareJackknife
from nimare.meta.cbma.base import CBMAEstimator, PairwiseCBMAEstimator
from nimare.meta.cbma.mkda import MKDAChi2
from nimare.meta.kernel import MKDAKernel
from nimare.results import MetaResult
from nimare.studyset import Studyset
from sklearn.base import clone

import nimare_neurosynth
from nimare_neurosynth import NeurosynthChi2, TermMeta
from nimare_neurosynth.estimators import Jackknife, NeurosynthKernel, register
from tests.estimators.same import check_equal, check_tables
from tests.oracles import quietly

CORRECTORS = (
    FDRCorrector(method="indep"),
    FWECorrector(method="bonferroni"),
    FWECorrector(method="montecarlo", n_iters=5),
)
DIAGNOSE = {
    "target_image": "z_desc-association",
    "target_threshold": 1.5,
    "cluster_threshold": 60,
    "display_second_group": True,
}
TERM = "Neurosynth_TFIDF__network"


@pytest.fixture(scope="module")
def by_term(laird, mask):
    return TermMeta(TERM, mask=mask).fit(laird)


# ------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("kind", "first"), [(NeurosynthChi2, ()), (TermMeta, ("pain",))]
)
def test_clone_keeps_all_parameters(kind, first, mask):
    changed = {
        "prior": 0.25,
        "fwe_null_method": "random-foci",
        "memory_level": 1,
        "random_state": 7,
        "min_studies": 3,
        "generate_description": False,
        "mask": mask,
        "mask_coverage": "gm",
    }
    made = kind(*first, kernel__r=6, **changed)
    default = kind()
    other = clone(made)
    for name, value in changed.items():
        assert getattr(default, name) != value
        if name == "mask":
            np.testing.assert_array_equal(other.mask.dataobj, mask.dataobj)
            np.testing.assert_array_equal(other.mask.affine, mask.affine)
        else:
            assert getattr(other, name) == value, name
    assert other.kernel_transformer.r == 6
    assert other.kernel_transformer is not made.kernel_transformer
    assert set(kind().get_params(deep=False)) == set(made.get_params(deep=False))
    if first:
        assert other.query == "pain"


def test_clone_of_a_term_meta_keeps_its_query():
    made = TermMeta("a & b", annotation="terms", threshold=0.1, func="max")
    other = clone(made).get_params()
    for name in ("query", "annotation", "threshold", "func"):
        assert other[name] == getattr(made, name) != getattr(TermMeta(), name)


def test_parameters_can_be_set(groups, mask):
    made = NeurosynthChi2()
    found = made.get_params()
    assert found["kernel_transformer__r"] == 10
    assert {"prior", "min_studies", "mask", "random_state"} <= set(found)
    assert made.set_params(kernel_transformer__r=6, prior=None, mask=mask) is made
    direct = NeurosynthChi2(kernel__r=6, prior=None, mask=mask)
    check_equal(made.fit(*groups), direct.fit(*groups))
    with pytest.raises(ValueError, match="radius"):
        made.set_params(radius=3)


def test_repr():
    assert repr(NeurosynthChi2()).startswith("NeurosynthChi2(kernel_transformer=MKDA")
    assert "min_studies=5" in repr(NeurosynthChi2(min_studies=5))
    assert "query='pain'" in repr(TermMeta("pain"))
    assert "r=6" in repr(NeurosynthKernel(r=6))


def test_kinds():
    assert issubclass(NeurosynthChi2, MKDAChi2)  # ContrastWorkflow asks for that
    assert issubclass(NeurosynthChi2, PairwiseCBMAEstimator)
    assert issubclass(TermMeta, CBMAEstimator)
    assert issubclass(NeurosynthKernel, MKDAKernel)


def test_ways_to_give_a_kernel(groups, mask, ours):
    for kernel in (MKDAKernel, MKDAKernel(r=10), NeurosynthKernel, NeurosynthKernel()):
        made = NeurosynthChi2(kernel_transformer=kernel, mask=mask)
        check_equal(made.fit(*groups), ours)


# ------------------------------------------------------------------------------- input


@pytest.fixture(scope="module")
def files(laird, groups, tmp_path_factory):
    """Write both groups in every form that can be read."""
    folder = tmp_path_factory.mktemp("studysets")
    forms = {"json": [], "json.gz": [], "parquet": []}
    for i, group in enumerate(groups):
        bare = quietly(Studyset, _document(group))
        path = folder / f"group{i}.json"
        path.write_text(json.dumps(_document(group)), encoding="utf-8")
        packed = folder / f"group{i}.json.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        tables = folder / f"group{i}"
        quietly(bare.to_parquet, str(tables))
        for form, written in (("json", path), ("json.gz", packed), ("parquet", tables)):
            forms[form].append(written)
    return forms


def _document(group):
    document = quietly(group.to_dict)
    return {**document, "annotations": []} | {
        "studies": [
            {
                **study,
                "analyses": [
                    {k: v for k, v in one.items() if k != "annotations"}
                    for one in study["analyses"]
                ],
            }
            for study in document["studies"]
        ]
    }


@pytest.mark.parametrize("form", ["json", "json.gz", "parquet"])
@pytest.mark.parametrize("kind", ["path", "text"])
def test_fit_on_files(files, form, kind, mask, ours):
    groups = [str(p) if kind == "text" else p for p in files[form]]
    check_equal(NeurosynthChi2(mask=mask).fit(*groups), ours)


def test_fit_on_documents(groups, mask, ours):
    documents = [_document(group) for group in groups]
    check_equal(NeurosynthChi2(mask=mask).fit(*documents), ours)


def test_fit_on_datasets(groups, mask):
    datasets = [quietly(group.to_dataset) for group in groups]
    theirs = quietly(MKDAChi2(mask=mask).fit, *datasets)
    with pytest.warns(FutureWarning, match="Dataset"):
        result = NeurosynthChi2(mask=mask).fit(*datasets)
    here = theirs.maps["prob_desc-A"] > 0
    for name, values in result.maps.items():
        np.testing.assert_array_equal(values[here], theirs.maps[name][here])


def test_term_meta_on_files_and_datasets(laird, laird_path, mask, by_term):
    for source in (laird_path, str(laird_path)):
        check_equal(TermMeta(TERM, mask=mask).fit(source), by_term)
    dataset = quietly(laird.to_dataset)
    with pytest.warns(FutureWarning, match="Dataset"):
        check_equal(TermMeta(TERM, mask=mask).fit(dataset), by_term)


# ----------------------------------------------------------------------- what is kept


def test_results_are_saved_and_loaded(ours, by_term, tmp_path):
    for result, compress in ((ours, True), (ours, False), (by_term, False)):
        for with_inputs in (True, False):
            path = str(tmp_path / "result")
            result.save(path, compress=compress, with_inputs=with_inputs)
            loaded = MetaResult.load(path, compressed=compress)
            check_equal(loaded, result)
            assert loaded.description_ == result.description_
            assert repr(loaded.estimator) == repr(result.estimator)


@pytest.mark.parametrize("corrector", CORRECTORS, ids=repr)
@pytest.mark.parametrize("which", ["ours", "by_term"])
def test_correctors_after_loading(which, corrector, request):
    result = request.getfixturevalue(which)
    loaded = pickle.loads(pickle.dumps(result))
    again, direct = corrector.transform(loaded), corrector.transform(result)
    check_equal(again, direct)
    assert again.description_ == direct.description_
    # and once more, of what was corrected
    check_equal(corrector.transform(pickle.loads(pickle.dumps(again))), direct)


@pytest.mark.parametrize("diagnostic", [FocusCounter, Jackknife])
@pytest.mark.parametrize("which", ["ours", "by_term"])
def test_diagnostics_after_loading(which, diagnostic, request, noisy):
    result = request.getfixturevalue(which)
    loaded = pickle.loads(pickle.dumps(result))
    again = diagnostic(**DIAGNOSE).transform(loaded)
    check_tables(again, diagnostic(**DIAGNOSE).transform(result.copy()))
    counts = [t for name, t in again.tables.items() if "counts" in name]
    assert counts
    assert all(t is not None and len(t.columns) > 1 for t in counts)


def test_pickles_hold_no_annotations_and_no_activations(laird, ours, fitted, by_term):
    montecarlo = CORRECTORS[2].transform(ours)
    assert montecarlo.estimator.pooled()[0].nulls
    size, term, theirs = (
        len(pickle.dumps(result)) - sum(m.nbytes for m in result.maps.values())
        for result in (ours, by_term, fitted)
    )
    assert size < 0.2 * theirs
    assert term < 1.5 * size
    terms = b"Neurosynth_TFIDF__"
    assert terms in pickle.dumps(laird)
    assert terms not in pickle.dumps(ours)
    # what was pickled is what was there: nothing was taken from the studysets
    assert TERM in ours.estimator.dataset1.annotations_df.columns


def test_deep_copies_share_the_studysets(ours, by_term):
    for result in (ours, by_term):
        estimator = result.estimator
        other = copy.deepcopy(estimator)
        assert other is not estimator
        for name in ("dataset", "dataset1", "dataset2", "masker", "mask", "_kept"):
            if hasattr(estimator, name):
                assert getattr(other, name) is getattr(estimator, name)
        assert other.inputs_ is not estimator.inputs_
        assert other.kernel_transformer is not estimator.kernel_transformer
        other.set_params(kernel_transformer__r=3, prior=0.1)
        other.null_distributions_["more"] = 1
        other.inputs_["id1"] = []
        assert estimator.kernel_transformer.r == 10
        assert estimator.prior == 0.5
        assert "more" not in estimator.null_distributions_
        assert estimator.inputs_.get("id1") != []


def test_results_do_not_follow_the_estimator(groups, mask, ours):
    made = NeurosynthChi2(mask=mask)
    result = made.fit(*groups)
    made.set_params(kernel_transformer__r=2, prior=None)
    made.fit(*groups[::-1])
    check_equal(result, ours)
    assert result.estimator.inputs_["id1"] == ours.estimator.inputs_["id1"]
    check_equal(CORRECTORS[2].transform(result), CORRECTORS[2].transform(ours))


def test_inputs_are_nimares(groups, mask, fitted):
    inputs = NeurosynthChi2(mask=mask).fit(*groups).estimator.inputs_
    theirs = fitted.estimator.inputs_
    for i in "12":
        assert inputs[f"id{i}"] == theirs[f"id{i}"]
        table = inputs[f"coordinates{i}"]
        assert isinstance(table, pd.DataFrame)
        columns = ["id", "x", "y", "z", "i", "j", "k"]
        mine = table[columns].sort_values(columns, ignore_index=True)
        other = theirs[f"coordinates{i}"][columns]
        other = other.sort_values(columns, ignore_index=True)
        pd.testing.assert_frame_equal(mine, other, check_dtype=False)
        assert inputs[f"coordinates{i}"] is table
        assert inputs.get(f"coordinates{i}") is table
    assert inputs.get("nothing", 3) == 3
    assert dict(inputs.items()).keys() == inputs.keys()
    assert not any(type(v).__name__ == "Later" for v in inputs.values())
    assert isinstance(inputs.pop("coordinates2"), pd.DataFrame)
    assert "coordinates2" not in inputs


def test_tables_of_foci_are_made_late(groups, mask):
    result = NeurosynthChi2(mask=mask).fit(*groups)
    pickle.dumps(result)
    CORRECTORS[2].transform(result)
    for inputs in (result.estimator.inputs_, copy.deepcopy(result).estimator.inputs_):
        kinds = [type(v).__name__ for v in dict.values(inputs)]
        assert kinds.count("Later") == 2
    assert isinstance(result.estimator.inputs_.pop("coordinates1"), pd.DataFrame)


# ------------------------------------------------------------------------------ output


def test_maps_are_saved(ours, fitted, tmp_path):
    quietly(fitted.save_maps, output_dir=str(tmp_path / "theirs"))
    ours.save_maps(output_dir=str(tmp_path / "ours"), prefix="a", names=None)
    written = {p.name.removeprefix("a_") for p in (tmp_path / "ours").iterdir()}
    assert written == {p.name for p in (tmp_path / "theirs").iterdir()}
    image = nib.load(tmp_path / "ours" / "a_z_desc-association.nii.gz")
    np.testing.assert_array_equal(
        image.get_fdata(dtype=np.float32),
        ours.get_map("z_desc-association").get_fdata(dtype=np.float32),
    )


def test_tables_are_saved(ours, tmp_path, noisy):
    result = FocusCounter(**DIAGNOSE).transform(ours.copy())
    result.save_tables(output_dir=str(tmp_path))
    for name, table in result.tables.items():
        if table is not None:
            read = pd.read_csv(tmp_path / f"{name}.tsv", sep="\t")
            assert list(read.columns) == list(table.columns)
            assert len(read) == len(table)


def test_descriptions_and_their_references(ours, by_term, groups, mask):
    text = ours.description_
    assert "Group 1 had 839 foci from 8 analyses" in text
    assert "group 2 278 foci from 9 analyses" in text
    assert nimare_neurosynth.__version__ in text
    assert f"'{TERM}'" in by_term.description_
    assert "6 analyses that" in by_term.description_
    assert "11 analyses of the studyset" in by_term.description_
    for result in (ours, by_term):
        assert "radius of 10" in result.description_
        assert "yarkoni2011large" in result.bibtex_
        assert "@article{wager2007meta" in result.bibtex_
    silent = NeurosynthChi2(mask=mask, generate_description=False).fit(*groups)
    assert not silent.description_


# -------------------------------------------------------------------- found by its name


def test_programs_that_look_estimators_up(groups, mask, monkeypatch, ours):
    """As compose-runner does, with arguments as its specifications have them."""
    cbma = import_module("nimare.meta.cbma")
    for name in ("NeurosynthChi2", "TermMeta"):
        monkeypatch.delattr(cbma, name, raising=False)
    register()
    for more in ({}, {"n_cores": 1}):
        kind, name = "CBMA", "NeurosynthChi2"
        made = getattr(import_module("nimare.meta." + kind.lower()), name)
        assert issubclass(made, PairwiseCBMAEstimator)
        args = {"prior": 0.5, "kernel__r": 10, "kernel__value": 1, **more}
        estimator = made(**args)
        assert estimator.kernel_transformer.r == 10
        check_equal(estimator.set_params(mask=mask).fit(*groups), ours)
    assert cbma.TermMeta is TermMeta
    register()  # twice is once


def test_the_top_level_has_them():
    for name in ("NeurosynthChi2", "TermMeta"):
        assert name in nimare_neurosynth.__all__
        assert getattr(nimare_neurosynth, name).__module__.startswith("nimare_neuro")
    assert "nimare" in sys.modules
    assert NimareJackknife in Jackknife.__mro__

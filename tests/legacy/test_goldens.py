"""What the old package computed, through the old calls: named and rounded as then."""

import json

import numpy as np
import pytest

from nimare_neurosynth import legacy
from nimare_neurosynth.errors import QueryError
from nimare_neurosynth.legacy import Dataset, meta
from nimare_neurosynth.legacy.base import imageutils
from tests.oracles import quietly

pytestmark = pytest.mark.data

CLOSE = 1e-5
"""Goldens are float32."""


@pytest.fixture(scope="module", autouse=True)
def _strictly():
    legacy.strict(True)
    yield
    legacy.strict(False)


@pytest.fixture(scope="module")
def golden(shared_data):
    return shared_data / "golden_legacy"


@pytest.fixture(scope="module")
def small(shared_data):
    legacy.strict(True)
    folder = shared_data / "legacy_files"
    return {
        name: quietly(
            Dataset, folder / f"{name}_dataset.txt", folder / f"{name}_features.txt"
        )
        for name in ("test", "test_real")
    }


def load(path):
    with np.load(path) as arrays:
        return dict(arrays)


# ------------------------------------------------------------------ construction


@pytest.mark.parametrize("name", ["test", "test_real"])
def test_activations(small, golden, name):
    path = golden / f"small/{name}_activations_transformed.csv"
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf-8")
    own = small[name].activations
    for column in "xyzijk":
        np.testing.assert_allclose(own[column], table[column], rtol=0, atol=1e-9)
    assert own["id"].tolist() == table["id"].tolist()


@pytest.mark.parametrize("name", ["test", "test_real"])
def test_image_table(small, golden, name):
    table = load(golden / f"small/{name}_image_table_csc.npz")
    own = small[name].image_table
    assert [str(i) for i in own.ids] == table["ids"].astype(str).tolist()
    matrix = own.data.tocsc()
    matrix.sort_indices()
    assert matrix.shape == tuple(table["shape"])
    assert matrix.dtype == np.float64
    assert set(matrix.data) == {1.0}
    np.testing.assert_array_equal(matrix.indptr, table["indptr"])
    for first, end in zip(table["indptr"][:-1], table["indptr"][1:], strict=True):
        expected = np.sort(table["indices"][first:end])
        np.testing.assert_array_equal(matrix.indices[first:end], expected)


@pytest.mark.parametrize("r", [2, 4, 6, 8, 10, 12])
def test_spheres_of_even_radius(golden, r):
    expected = load(golden / "small/spheres.npz")[f"r{r}"]
    middle = expected.mean(axis=0)
    own = imageutils.get_sphere(middle, r)
    assert set(map(tuple, own.tolist())) == set(map(tuple, expected.tolist()))


@pytest.mark.parametrize(("r", "n_voxels"), [(1, 1), (3, 19), (5, 81), (7, 179)])
def test_spheres_of_odd_radius_are_whole(r, n_voxels):
    assert len(imageutils.get_sphere([45, 45, 45], r)) == n_voxels


# --------------------------------------------------------------------- selection


def _queries():
    from tests.conftest import SHARED

    path = SHARED / "golden_legacy/small/queries.json"
    if not path.exists():
        return []
    return list(json.loads(path.read_text(encoding="utf-8"))["queries"])


@pytest.fixture(scope="module")
def told(golden):
    return json.loads((golden / "small/queries.json").read_text(encoding="utf-8"))


FUNCTIONS = {"sum": np.sum, "mean": np.mean, "amax": np.max, "amin": np.min}


@pytest.mark.parametrize("name", _queries())
def test_queries(small, golden, told, name):
    query = told["queries"][name]
    options = dict(query["kwargs"])
    if "func" in options:
        options["func"] = FUNCTIONS[options["func"]]
    if "mask" in options:
        options["mask"] = str(golden / options["mask"])
    dataset = small[query["dataset"]]
    if options.get("expression") == "":  # it was an AttributeError
        with pytest.raises(QueryError, match="empty"):
            dataset.get_studies(**options)
        return
    found = quietly(dataset.get_studies, **options)
    if "raises" in query:  # names with digits could not be asked for
        assert found == dataset.get_studies(features=options["expression"])
    else:
        assert sorted(map(str, found)) == sorted(map(str, query["ids_sorted"]))


@pytest.mark.parametrize(
    ("query", "threshold", "name"),
    [("f* | g*", 0.003, "f* | g* thr .003"), ("f* > 0.005", 0.0, "f* > 0.005 thr 0")],
)
@pytest.mark.parametrize("func", [np.mean, "mean", lambda row: sum(row) / len(row)])
def test_expressions_of_means(small, told, query, threshold, name, func):
    found = small["test"].get_studies(
        expression=query, frequency_threshold=threshold, func=func
    )
    assert found == told["expr_func_mean"][name]


def test_feature_counts(small, told):
    assert small["test"].get_feature_counts() == told["feature_counts_test"]
    counts = small["test_real"].get_feature_counts(threshold=0.1)
    assert counts == told["feature_counts_real_0.1"]


# ----------------------------------------------------------------- meta-analyses

META = {
    "meta_test_study1_study3": {},
    "meta_test_ids2_1_3_vs_2_4": {"ids2": ["study2", "study4"]},
    "meta_real_working_memory": {},
    "meta_real_working_memory_min5": {"min_studies": 5},
    "meta_real_working_memory_min0.04": {"min_studies": 0.04},
    "meta_real_coact_2peaks_r8": {},
    "meta_test_prior0.25_q0.05_min0": {"prior": 0.25, "q": 0.05, "min_studies": 0},
}


def check(analysis, arrays, *, empty=False):
    """Compare the nine images, name by name; empty voxels were NaN in the old ones."""
    expected = {name: v for name, v in arrays.items() if name in analysis.images}
    assert set(analysis.images) <= set(expected)
    assert len(analysis.images) == 9
    somewhere = analysis.maps.totals > 0 if empty else slice(None)
    for name in analysis.images:
        own = np.asarray(analysis.images[name])[somewhere]
        np.testing.assert_allclose(own, expected[name][somewhere], rtol=0, atol=CLOSE)


@pytest.mark.parametrize("name", META)
def test_small_meta_analyses(small, golden, name):
    arrays = load(golden / f"small/{name}.npz")
    dataset = small["test_real" if "_real_" in name else "test"]
    options = META[name]
    made = quietly(meta.MetaAnalysis, dataset, arrays["ids"].tolist(), **options)
    check(made, arrays, empty=options.get("min_studies") == 0)


def test_version_7(v7, golden):
    dataset = Dataset(v7)
    summary = load(golden / "v7/dataset_summary.npz")
    np.testing.assert_array_equal(dataset.image_table.ids, np.sort(summary["ids"]))
    arrays = load(golden / "v7/meta_9_memory_working_wm.npz")
    ids = dataset.get_studies(features="*_memory_working_*", frequency_threshold=0.05)
    assert sorted(ids) == sorted(arrays["selected_ids"].tolist())
    check(meta.MetaAnalysis(dataset, ids), arrays)

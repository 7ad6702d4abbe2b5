"""Averages within regions and grids, random voxels, topics."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from nimare_neurosynth.errors import (
    FormatError,
    ImageError,
    NeurosynthWarning,
    OptionError,
)
from nimare_neurosynth.legacy._advice import strict
from nimare_neurosynth.legacy.analysis.reduce import (
    apply_grid,
    average_within_regions,
    get_random_voxels,
    run_lda,
    topic_models,
)
from nimare_neurosynth.legacy.base.dataset import Dataset
from nimare_neurosynth.legacy.base.mask import Masker
from tests.oracles import quietly

REGIONS = ("sgacc_mask", "medial_motor", "vmPFC")


@pytest.fixture(scope="module")
def dataset(shared_data):
    stem = shared_data / "legacy_files/test_real"
    return quietly(Dataset, f"{stem}_dataset.txt", f"{stem}_features.txt")


@pytest.fixture(scope="module")
def golden(shared_data):
    with np.load(shared_data / "golden_legacy/small/reduce_real.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def paths(shared_data):
    return [shared_data / f"golden_legacy/{name}.nii.gz" for name in REGIONS]


# ------------------------------------------------------------------------------ goldens


def test_the_grid_is_the_old_one(dataset, golden):
    data, grid = apply_grid(dataset, scale=6)
    np.testing.assert_allclose(data, golden["grid6_data"], rtol=0, atol=1e-12)
    labels = dataset.masker.mask(grid)
    np.testing.assert_array_equal(labels, golden["grid6_labels"])


@pytest.mark.parametrize("name", REGIONS)
def test_averages_are_the_old_ones(dataset, golden, shared_data, name):
    path = shared_data / f"golden_legacy/{name}.nii.gz"
    found = average_within_regions(dataset, str(path))
    np.testing.assert_allclose(found, golden[f"avg_{name}"], rtol=0, atol=1e-12)
    above = average_within_regions(dataset, path, threshold=0.05)
    assert above.dtype == bool
    np.testing.assert_array_equal(above, golden[f"avgthr0.05_{name}"])


def test_a_list_gives_a_row_for_each_image(dataset, golden, paths):
    # the old package raised an error
    found = average_within_regions(dataset, [paths[0], str(paths[1]), paths[2]])
    expected = np.concatenate([golden[f"avg_{name}"] for name in REGIONS])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_columns_numbers_and_arrays_agree(dataset, paths):
    columns = np.stack([dataset.masker.mask(p) for p in paths], axis=1)
    before = columns.copy()
    expected = average_within_regions(dataset, paths)
    for threshold in (None, 0.05, 20):
        by_columns = average_within_regions(dataset, columns, threshold=threshold)
        data = dataset.image_table.data
        for given in (data, data.toarray()):
            same = average_within_regions(given, columns, threshold=threshold)
            np.testing.assert_allclose(by_columns, same, rtol=0, atol=1e-12)
        if threshold is None:
            np.testing.assert_array_equal(by_columns, expected)
    np.testing.assert_array_equal(columns, before)  # the old package changed them
    numbers = np.where(columns[:, 0] != 0, 7, np.where(columns[:, 1] != 0, 3, 0))
    found = average_within_regions(dataset, numbers)
    np.testing.assert_array_equal(found, expected[[1, 0]])
    rest = average_within_regions(dataset, numbers, remove_zero=False)
    assert rest.shape == (3, 100)
    np.testing.assert_array_equal(rest[1:], found)


# --------------------------------------------------------------------------- by hand

DATA = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [1, 1, 1.0]])


@pytest.mark.parametrize(
    ("threshold", "above", "reached"),
    [
        (0.5, [1, 0, 0], [1, 1, 0]),
        (0.25, [1, 1, 0], [1, 1, 1]),
        (1, [1, 1, 0], [1, 1, 1]),
        (2, [1, 0, 0], [1, 1, 0]),
        (4, [0, 0, 0], [1, 0, 0]),
    ],
)
def test_thresholds_must_be_exceeded(threshold, above, reached):
    found = average_within_regions(DATA, np.ones(4), threshold=threshold)
    np.testing.assert_array_equal(found, [above])
    strict(True)
    try:
        found = average_within_regions(DATA, np.ones(4), threshold=threshold)
    finally:
        strict(False)
    np.testing.assert_array_equal(found, [reached])


def test_overlapping_columns_and_sparse_data():
    columns = np.array([[1, 0], [1, 5], [0, 5], [0, 5]])
    expected = [[1, 0.5, 0], [1, 2 / 3, 1 / 3]]
    for data in (DATA, sparse.csr_matrix(DATA), sparse.csc_array(DATA)):
        np.testing.assert_allclose(average_within_regions(data, columns), expected)


def test_arrays_with_a_masker(dataset, paths):
    data = dataset.image_table.data
    found = average_within_regions(data, paths[0], dataset.masker)
    assert found.shape == (1, 100)
    np.testing.assert_allclose(found, average_within_regions(dataset, paths[0]))
    narrow = Masker(layers=str(paths[0]))
    part = data[narrow.get_mask()]
    np.testing.assert_allclose(
        average_within_regions(part, paths[0], narrow), found, atol=1e-12
    )


def test_the_grid_has_a_threshold(dataset):
    # the old package took it for the masker
    plain, _ = apply_grid(dataset, scale=6)
    found, _ = apply_grid(dataset, scale=6, threshold=0.2)
    np.testing.assert_array_equal(found, plain > 0.2)
    other, _ = apply_grid(dataset.image_table.data, dataset.masker, 6)
    np.testing.assert_allclose(other, plain, rtol=0, atol=1e-12)


def test_random_voxels_are_those_of_the_old_seed(dataset):
    np.random.seed(0)  # noqa: NPY002
    order = np.arange(228_453)
    np.random.shuffle(order)  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    found = get_random_voxels(dataset, 2_000)
    expected = dataset.image_table.data[order[:2_000]].toarray()
    assert expected.any()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"regions": np.ones(5)}, ImageError, "one value, or row, for each"),
        ({"regions": "a.nii.gz"}, OptionError, "a masker is needed"),
        ({"regions": []}, ImageError, "list of regions is empty"),
        ({"regions": np.zeros(4)}, ImageError, "there is no region"),
        ({"regions": np.eye(4)[:, :2] * [1, 0]}, ImageError, "region 2 has no voxel"),
        ({"threshold": 1.5}, OptionError, "threshold must be"),
        ({"threshold": -1}, OptionError, "threshold must be"),
        ({"threshold": True}, OptionError, "threshold must be"),
        ({"threshold": "high"}, OptionError, "threshold must be"),
        ({"dataset": "dataset.txt"}, OptionError, "a Dataset or a matrix"),
        ({"dataset": np.ones(4)}, OptionError, "a Dataset or a matrix"),
    ],
)
def test_averages_that_cannot_be_made(options, error, message):
    given = {"dataset": DATA, "regions": np.ones(4)} | options
    with pytest.raises(error, match=message):
        average_within_regions(**given)


def test_other_calls_that_cannot_work(dataset):
    with pytest.raises(ImageError, match="the data have 4 voxels"):
        average_within_regions(DATA, "no.nii", dataset.masker)
    with pytest.raises(ImageError, match="paths, images or arrays"):
        average_within_regions(dataset, 5)
    with pytest.raises(OptionError, match="a masker is needed"):
        apply_grid(DATA)
    for wrong in (0, 2.5, "many", 300_000):
        with pytest.raises(OptionError, match=r"n_voxels|voxels, got"):
            get_random_voxels(dataset, wrong)
    with pytest.raises(OptionError, match="a Dataset is needed, got str"):
        get_random_voxels("dataset", 5)


# ------------------------------------------------------------------------------- topics

TEXTS = {
    "pmid": range(40),
    "abstract": ["pain heat insula", "memory recall hippocampus"] * 20,
}


def test_topics_of_abstracts():
    abstracts = pd.DataFrame(TEXTS)
    weights, keys = run_lda(abstracts, 2, n_words=3, n_iters=5)
    assert weights.index.name == "pmid"
    assert list(weights.index) == list(range(40))
    assert list(weights.columns) == list(keys.index) == ["topic_000", "topic_001"]
    assert keys.index.name == "topic"
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    found = {frozenset(words.split()) for words in keys["terms"]}
    assert found == {frozenset(text.split()) for text in TEXTS["abstract"]}
    first = weights.to_numpy().argmax(axis=1)
    assert (first[::2] == first[0]).all()
    assert (first[1::2] == 1 - first[0]).all()
    again, _ = topic_models(abstracts.set_index("pmid"), 2, n_words=3, n_iters=5)
    pd.testing.assert_frame_equal(again, weights)


def test_options_of_mallet_are_told_to_be_of_no_use():
    with pytest.warns(NeurosynthWarning, match="alpha and beta"):
        run_lda(pd.DataFrame(TEXTS), 2, n_words=3, n_iters=1, alpha=0.1)


@pytest.mark.parametrize(
    ("abstracts", "options", "error", "message"),
    [
        (pd.DataFrame({"pmid": [1]}), {}, FormatError, "'pmid' and 'abstract'"),
        (["a text"], {}, FormatError, "'pmid' and 'abstract'"),
        (pd.DataFrame({"pmid": [1, 1], "abstract": "a"}), {}, FormatError, "than once"),
        (pd.DataFrame(TEXTS), {"n_topics": 0}, OptionError, "n_topics must be"),
        (pd.DataFrame(TEXTS), {"n_iters": 0}, OptionError, "n_iters must be"),
    ],
)
def test_topics_that_cannot_be_found(abstracts, options, error, message):
    with pytest.raises(error, match=message):
        run_lda(abstracts, **options)

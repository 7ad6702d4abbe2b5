"""What scripts in circulation do with the layer, beyond the calls themselves."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from nimare_neurosynth import load_demo
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.legacy import Dataset, Decoder, imageutils, meta


@pytest.fixture(scope="module")
def demo():
    return Dataset(load_demo())


@pytest.fixture(scope="module")
def analysis(demo):
    return meta.MetaAnalysis(demo, demo.get_studies(features="working memory"))


def few(function, *args, **kwargs):
    """Call something that warns of few studies."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*fewer than 20")
        return function(*args, **kwargs)


def test_features_are_saved_as_the_first_versions_did(demo, tmp_path):
    meta.analyze_features(demo, ["working memory"], save=f"{tmp_path}/results/")
    made = sorted(p.name for p in (tmp_path / "results").iterdir())
    assert len(made) == 9
    assert made[0] == "working memory_association-test_z.nii.gz"
    with pytest.raises(OptionError, match="output_dir"):
        meta.analyze_features(demo, ["pain"], save="a", output_dir="b")


def test_names_of_features_need_not_be_names_of_files(demo, tmp_path):
    studies = demo.image_table.ids[:3]
    dataset = Dataset(load_demo())
    dataset.feature_table.data = dataset.feature_table.data.iloc[:, :0]
    dataset.add_features(pd.DataFrame({"and/or": [1.0, 1, 1]}, index=studies))
    few(meta.analyze_features, dataset, output_dir=tmp_path, prefix="in/x")
    assert (tmp_path / "in" / "x_and%2For_pA.nii.gz").is_file()


def test_a_prefix_may_name_folders(analysis, tmp_path):
    analysis.save_results(tmp_path, "sub/wm", image_list=["pA"])
    assert (tmp_path / "sub" / "wm_pA.nii.gz").is_file()
    analysis.save_results(outroot=tmp_path / "out" / "wm", image_list=["pA"])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["wm_pA.nii.gz"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output_dir": None}, "output_dir must be text or a path, got None"),
        ({"output_dir": ".", "prefix": 3}, "prefix must be text or a path, got 3"),
        ({"prefix": "a", "outroot": "b"}, "give only one"),
    ],
)
def test_wrong_places_for_results(analysis, options, message):
    with pytest.raises(OptionError, match=message):
        analysis.save_results(**options)


def test_the_image_table_is_a_matrix_as_of_old(demo):
    data = demo.image_table.data
    some = demo.get_image_data(demo.image_table.ids[:4], dense=False)
    for matrix in (data, some):
        assert sparse.isspmatrix_csr(matrix)
        product = matrix * np.ones(matrix.shape[1])
        assert product.shape == (matrix.shape[0],)
        np.testing.assert_array_equal(matrix.sum(axis=1).A1, product)
    assert some.getcol(0).sum() == data[:, 0].sum()


def test_ids_may_be_whole_floats(tmp_path):
    path = tmp_path / "database.txt"
    rows = [f"{i}\t{i}\t0\t0\tMNI\n" for i in (7, 8, 9)]
    path.write_text("id\tx\ty\tz\tspace\n" + "".join(rows), encoding="utf-8")
    dataset = Dataset(path)
    gaps = pd.DataFrame({"id": [7, 9, None]})["id"].dropna()
    assert gaps.dtype == float
    assert few(meta.MetaAnalysis, dataset, gaps).ids == [7, 9]
    dataset.add_features(pd.DataFrame({"new": [1.0, 1]}, index=[7.0, 9.0]))
    assert dataset.get_studies(features="new") == [7, 9]


@pytest.mark.parametrize("threshold", ["0.1", None])
def test_thresholds_are_numbers(demo, threshold):
    with pytest.raises(OptionError, match="threshold must be a number"):
        demo.get_studies(features="pain", frequency_threshold=threshold)


@pytest.mark.parametrize("peaks", ["x", [["a", "b", "c"]], [[0, 0], [1]]])
def test_peaks_are_coordinates(demo, peaks):
    with pytest.raises(OptionError, match="peaks are coordinates"):
        demo.get_studies(peaks=peaks)


def test_no_images_are_told(demo):
    with pytest.raises(OptionError, match="list of images is empty"):
        imageutils.load_imgs([], demo.masker)


def test_arguments_in_the_wrong_order(demo):
    with pytest.raises(OptionError, match="a Dataset is needed, got list"):
        meta.MetaAnalysis(["study"], demo)
    with pytest.raises(OptionError, match="a Dataset is needed, got str"):
        Decoder("dataset.pkl")


def test_names_of_files_are_text(demo):
    for wrong in (None, 3):
        with pytest.raises(FormatError, match="the path of a file is needed"):
            demo.save(wrong)
        with pytest.raises(FormatError, match="the path of a file is needed"):
            Dataset.load(wrong)

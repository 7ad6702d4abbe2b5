"""The Dataset: both generations of its calls, and what it makes of odd input."""

import pickle
import warnings
import zipfile
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import legacy, load_demo, read_database
from nimare_neurosynth.errors import (
    EmptySelectionError,
    FormatError,
    ImageError,
    LegacyWarning,
    NeurosynthWarning,
    OptionError,
    QueryError,
    SelectionError,
)
from nimare_neurosynth.legacy import Dataset, Masker, meta
from nimare_neurosynth.legacy._advice import ADVICE, forget_advice

ROWS = """id\tx\ty\tz\tspace\ttitle
7\t0\t-52\t26\tMNI\tDefault
7\t10\t20\t30\tTAL\tDefault
9\t0\t-52\t26\tMNI\tAlso
11\t-40\t0\t0\tT88\tOther
"""
FEATURES = "pmid\tpain\tpain relief\n7\t0.2\t0\n9\t0\t0.1\n13\t0.3\t0\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("old")
    (folder / "database.txt").write_text(ROWS, encoding="utf-8")
    (folder / "features.txt").write_text(FEATURES, encoding="utf-8")
    return folder


@pytest.fixture
def dataset(files):
    return Dataset(str(files / "database.txt"), str(files / "features.txt"))


@pytest.fixture(scope="module")
def demo():
    return Dataset(load_demo())


def few(function, *args, **kwargs):
    """Call something that warns of few studies."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).*fewer than 20")
        return function(*args, **kwargs)


# ------------------------------------------------------------------ construction


def test_a_dataset_is_made_of_a_table(dataset):
    assert dataset.image_table.ids.tolist() == [7, 9, 11]
    assert len(dataset.mappables) == 3
    assert [study.id for study in dataset.mappables[:2]] == [7, 9]
    assert dataset.mappables[2].foci.shape == (1, 3)
    assert dataset.mappables[0].peaks.tolist()[0] == [49, 37, 45]
    assert dataset.feature_names == ["pain", "pain relief"]
    assert dataset.masker.mask_img.shape == (91, 109, 91)
    assert list(dataset.activations)[:5] == ["id", "x", "y", "z", "space"]
    assert dataset.activations["title"].tolist()[2] == "Also"
    assert "3 studies" in repr(dataset)


def test_talairach_is_brought_to_mni(files):
    path = files / "database.txt"
    moved = Dataset(path).activations.loc[1, ["x", "y", "z"]].tolist()
    np.testing.assert_allclose(moved, [12.17688, 25.88303, 26.26271], atol=1e-5)
    stays = Dataset(path, transform=False).activations.loc[1, ["x", "y", "z"]].tolist()
    assert stays == [10, 20, 30]
    legacy.strict(True)
    try:
        cut = Dataset(path)
    finally:
        legacy.strict(False)
    assert cut.activations.loc[1, ["x", "y", "z"]].tolist() == [12, 25, 26]
    places = cut.database.peaks.to_mni(cut.talairach)
    np.testing.assert_array_equal(places, cut.activations[["x", "y", "z"]])


def test_a_transformation_of_ones_own(files):
    double = {"T88": np.diag([0.5, 0.5, 0.5, 1.0])}  # the inverse is applied
    made = Dataset(files / "database.txt", transform=double)
    xyz = made.activations[["x", "y", "z"]].to_numpy()
    np.testing.assert_allclose(xyz[[1, 3]], [[10, 20, 30], [-80, 0, 0]])
    np.testing.assert_array_equal(made.database.peaks.to_mni(made.talairach), xyz)


def test_each_study_keeps_its_own_peaks(tmp_path):
    # the old package mixed up studies of a file that was not sorted by id
    text = "id\tx\ty\tz\tspace\nb\t0\t-52\t26\tMNI\na\t-40\t0\t0\tMNI\n"
    (tmp_path / "d.txt").write_text(text, encoding="utf-8")
    made = Dataset(tmp_path / "d.txt")
    assert made.image_table.ids.tolist() == ["b", "a"]
    assert made.get_studies(peaks=[[0, -52, 26]]) == ["b"]
    at = made.masker.space.voxel_at([0, -52, 26])
    assert made.image_table.data[[at]].toarray().tolist() == [[1, 0]]


def test_a_radius_and_activations_of_ones_own(dataset):
    sizes = np.ravel(dataset.image_table.data.sum(axis=0))
    assert sizes[1] == 123
    dataset.create_image_table(r=10)
    assert dataset.image_table.data.sum(axis=0)[0, 1] == 515
    dataset.activations = dataset.activations.iloc[2:3]
    dataset.create_image_table()
    assert dataset.image_table.ids.tolist() == [9]
    assert dataset.image_table.data.shape == (228453, 1)
    with pytest.raises(OptionError, match="radius"):
        dataset.create_image_table(r=-1)
    assert dataset.r == 10


def test_anything_that_can_be_read(demo):
    assert len(demo.mappables) == 320
    assert "working memory" in demo.feature_names


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"filename": "missing.txt"}, FormatError, "no file or folder"),
        ({"filename": 5}, FormatError, "path of a database"),
        ({"feature_filename": "missing.txt"}, FormatError, "no file of features"),
        ({"masker": "missing.nii"}, ImageError, "missing.nii"),
        ({"r": "far"}, OptionError, "radius"),
        ({"r": -2}, OptionError, "radius"),
        ({"transform": "yes"}, OptionError, "transform must be"),
        ({"transform": {"TAL": np.eye(3)}}, OptionError, "4 x 4"),
        ({"target": 3}, OptionError, "target"),
        ({"min_studies": 3}, OptionError, "no file was given"),
    ],
)
def test_wrong_input(files, change, error, match):
    with pytest.raises(error, match=match):
        Dataset(**{"filename": files / "database.txt", **change})


def test_a_table_without_a_column(tmp_path):
    (tmp_path / "d.txt").write_text("id\tx\ty\tspace\n1\t0\t0\tMNI\n", encoding="utf-8")
    with pytest.raises(FormatError, match="'z'"):
        Dataset(tmp_path / "d.txt")


def test_notebooks_show_what_it_holds(demo):
    assert "320" in demo._repr_html_()
    made = meta.MetaAnalysis(demo, demo.get_studies(features="working memory"))
    assert "<" in made._repr_html_()


# --------------------------------------------------------------------- selection


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"features": "pain"}, [7, 13]),
        ({"features": ["pain*"]}, [7, 9, 13]),
        ({"features": ["pain*"], "frequency_threshold": 0.2}, [7, 13]),
        ({"features": ["pain*"], "threshold": 0.2}, [7, 13]),
        ({"features": ["pain", "pain relief"], "func": "min"}, []),
        ({"features": ["pain", "pain relief"], "func": np.median}, [7, 9, 13]),
        ({"expression": "pain* &~ pain relief"}, [7, 13]),
        ({"peaks": [[0, -52, 26]]}, [7, 9]),
        ({"peaks": [0, -52, 26]}, [7, 9]),
        ({"peaks": [[0, -52, 26]], "features": "pain"}, [7]),
        ({"peaks": [[-41, 0, 0]], "r": 0.5}, []),
    ],
)
def test_studies(dataset, options, expected):
    assert dataset.get_studies(**options) == expected


def test_the_calls_of_older_versions(dataset):
    assert dataset.get_ids_by_features("pain*", threshold=0.2) == [7, 13]
    weights = dataset.get_ids_by_features("pain", get_weights=True)
    assert weights.to_dict() == {7: 0.2, 13: 0.3}
    assert dataset.get_ids_by_expression("pain | pain relief") == [7, 9, 13]
    assert dataset.get_ids_by_peaks([[0, -52, 26]], r=10) == [7, 9]
    data = dataset.get_ids_by_peaks([[0, -52, 26]], get_image_data=True)
    assert data.shape == (228453, 2)
    assert dataset.get_ids_by_mask(Masker().mask_img) == [7, 9, 11]


def test_all_studies_with_what_is_known_of_them(dataset):
    table = dataset.get_studies()
    assert table["id"].tolist() == [7, 9, 11]
    assert table["title"].tolist() == ["Default", "Also", "Other"]
    made = few(meta.MetaAnalysis, dataset, dataset.get_studies().head(1))
    assert made.ids == [7]


def test_regions_are_reached_or_strictly_exceeded(dataset):
    region = np.zeros((91, 109, 91))
    at = dataset.image_table.get_image_data([9]).ravel()  # 123 voxels
    region.ravel()[dataset.masker.space.flat_index[at > 0]] = 1
    assert dataset.get_studies(mask=region) == [7, 9]
    assert dataset.get_studies(mask=region, activation_threshold=123) == [7, 9]
    assert dataset.get_studies(mask=region, activation_threshold=1.0) == [7, 9]
    assert dataset.get_studies(mask=region, activation_threshold=124) == []
    legacy.strict(True)
    try:
        assert dataset.get_studies(mask=region, activation_threshold=122) == [7, 9]
        assert dataset.get_studies(mask=region, activation_threshold=123) == []
    finally:
        legacy.strict(False)


def test_images_the_other_way_round_are_turned(dataset):
    import nibabel as nib

    left = np.zeros((91, 109, 91))
    left[(45 + 20), 63, 36] = 1  # x = -40 in an image from right to left
    affine = dataset.masker.space.affine
    here = nib.Nifti1Image(left, affine)
    turned = nib.as_closest_canonical(here)
    assert turned.affine[0, 0] > 0
    for image in (here, turned):
        assert dataset.get_studies(mask=image) == [11]
    assert dataset.get_studies(mask=left) == [11]


def test_precedence_is_the_usual_one_or_strictly_the_old_one(dataset):
    query = "pain &~ pain relief &~ pain"
    with pytest.warns(NeurosynthWarning, match="right to left"):
        assert dataset.get_studies(expression=query) == []
    legacy.strict(True)
    try:
        assert dataset.get_studies(expression=query) == [7, 13]
        assert dataset.get_studies(features="pai[n]") == [7, 13]
    finally:
        legacy.strict(False)
    with pytest.warns(NeurosynthWarning, match="reads regular expressions"):
        assert dataset.get_studies(features=".*lief") == []


def test_what_is_not_there_is_said_and_finds_nothing(dataset, files):
    with pytest.warns(NeurosynthWarning, match=r"'pian'.*Close matches: 'pain'"):
        assert dataset.get_studies(features="pian") == []
    with pytest.warns(NeurosynthWarning, match="no study is found by a part"):
        assert dataset.get_studies(expression="pain & zzz") == []
    bare = Dataset(files / "database.txt")
    for options in ({"features": "pain"}, {"expression": "pain"}):
        with pytest.warns(NeurosynthWarning, match="has no features"):
            assert bare.get_studies(**options) == []


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"features": "pain", "return_type": "imgs"}, OptionError, "Close matches"),
        ({"peaks": [[0, 0, 0]], "return_type": "weights"}, OptionError, "alone"),
        ({"features": "pain", "func": "most"}, OptionError, "'sum', 'mean'"),
        ({"features": "pain", "func": 5}, OptionError, "must be a function"),
        ({"features": ["pain"], "func": lambda row: row}, OptionError, "one number"),
        ({"features": [5]}, OptionError, "named by text"),
        ({"features": 5}, OptionError, "named by text"),
        ({"expression": "pain &"}, QueryError, "pain &"),
        ({"expression": ""}, QueryError, "empty"),
        ({"expression": "pain", "frequency_threshold": "x"}, OptionError, "threshold"),
        ({"peaks": [[0, 0]]}, OptionError, "coordinate"),
        ({"peaks": [[0, 0, 0]], "r": -1}, OptionError, "radius"),
        ({"mask": "missing.nii"}, ImageError, "missing.nii"),
        ({"mask": np.zeros(5)}, ImageError, "shape of the volume"),
        ({"mask": np.ones(228453), "activation_threshold": -1}, OptionError, "from 0"),
        ({"mask": {"a": 1}}, ImageError, "a path, a NiBabel image or an array"),
    ],
)
def test_wrong_selections(dataset, options, error, match):
    with pytest.raises(error, match=match):
        dataset.get_studies(**options)


# ---------------------------------------------------------------------- features

NEW = pd.DataFrame({"pain": [0.5], "fear": [0.4]}, index=[11])


def test_features_are_merged(dataset):
    dataset.add_features(NEW)
    data = dataset.feature_table.data
    assert data.shape == (4, 3)
    assert data["pain"].to_dict() == {7: 0.2, 9: 0, 13: 0.3, 11: 0}
    assert data["fear"][11] == 0.4


@pytest.mark.parametrize(
    ("options", "shape", "pain"),
    [
        ({"duplicates": "replace"}, (4, 3), 0.5),
        ({"duplicates": "merge"}, (4, 4), None),
        ({"merge": "left"}, (3, 3), None),
        ({"merge": "right"}, (1, 3), 0.0),
        ({"append": False}, (1, 2), 0.5),
        ({"min_studies": 2}, (4, 2), 0.0),
    ],
)
def test_ways_of_merging(dataset, options, shape, pain):
    dataset.add_features(NEW, **options)
    data = dataset.feature_table.data
    assert data.shape == shape
    if pain is not None:
        assert data["pain"][11] == pain


def test_old_pandas_on_tables_of_features(dataset):
    data = dataset.feature_table.data.to_dense()
    assert data.ix[7, "pain"] == 0.2
    assert data.as_matrix().shape == (3, 2)
    assert data["pain"].order().index[0] == 9
    assert data.T.ix[0, 7] == 0.2
    assert dataset.get_feature_data([9, 7], ["pain"])["pain"].tolist() == [0, 0.2]
    assert dataset.get_feature_names(["pain relief", "zzz", "pain"]) == [
        "pain",
        "pain relief",
    ]
    by_id = dataset.feature_table.get_features_by_ids([7, 9], threshold=0.1)
    assert by_id == ["pain"]
    assert dataset.get_feature_counts() == {"pain": 2, "pain relief": 1}


def test_renamed_features_are_found(dataset):
    dataset.feature_table.data.columns = ["x1", "y"]
    assert dataset.get_studies("x*") == [7, 13]
    assert dataset.get_studies(expression="x1") == [7, 13]


@pytest.mark.parametrize(
    ("features", "options", "error", "match"),
    [
        ("missing.txt", {}, FormatError, "no file of features"),
        (5, {}, OptionError, "file or a DataFrame"),
        (NEW, {"merge": "both"}, OptionError, "outer, inner"),
        (NEW, {"duplicates": "drop"}, OptionError, "ignore, replace"),
        (NEW.iloc[:0], {}, FormatError, "no studies"),
        (NEW.astype(str).replace("0.5", "much"), {}, FormatError, "must be numbers"),
        (pd.concat([NEW, NEW]), {}, FormatError, "11 is there more than once"),
    ],
)
def test_wrong_features(dataset, features, options, error, match):
    with pytest.raises(error, match=match):
        dataset.add_features(features, **options)
    assert dataset.feature_table.data.shape == (3, 2)


def test_features_of_other_studies_are_said(dataset):
    strange = NEW.set_axis(["10.1000/x"], axis=0)
    with pytest.warns(NeurosynthWarning, match="are like 7, those.*DOIs as ids"):
        dataset.add_features(strange)


def test_unknown_studies_and_features(dataset):
    with pytest.raises(OptionError, match="no study 5"):
        dataset.get_feature_data([5])
    with pytest.raises(OptionError, match=r"'pian'.*Close matches"):
        dataset.get_feature_data(features=["pian"])


# ----------------------------------------------------------- images and coordinates


def test_parts_of_the_image_table(dataset):
    table = dataset.image_table
    assert dataset.get_image_data(["9", 7]).shape == (228453, 2)
    assert dataset.get_image_data(voxels=range(2000, 3000)).shape == (1000, 3)
    sparse = dataset.get_image_data([7, 99], dense=False)
    np.testing.assert_array_equal(
        sparse.toarray()[:, 0], table.data[:, [0]].toarray()[:, 0]
    )
    assert dataset.get_coordinates([9])["x"].tolist() == [0]
    assert len(dataset.get_coordinates()) == 4
    with pytest.raises(OptionError, match="list of study ids"):
        dataset.get_image_data(5.5)


def test_a_trimmed_dataset_counts_only_what_is_left(dataset):
    dataset.image_table.trim([7, 11])
    assert dataset.get_image_data().shape == (228453, 2)
    assert dataset.get_studies(peaks=[[0, -52, 26]]) == [7]
    made = few(meta.MetaAnalysis, dataset, [7])
    assert made.maps.n_studies == 2
    at = dataset.masker.space.voxel_at([0, -52, 26])
    assert made.images["pA"][at] == 0.5


def test_images_of_studies_are_written(dataset, tmp_path):
    dataset.image_table.save_images_to_file([9], f"{tmp_path}/study_")
    assert dataset.masker.mask(tmp_path / "study_9.nii.gz").sum() == 123


# ------------------------------------------------------------------------- files


def test_what_is_saved_is_loaded(dataset, tmp_path):
    dataset.masker.add({"half": np.arange(91 * 109 * 91) % 2})
    dataset.image_table.trim([7, 9])
    dataset.save(tmp_path / "dataset.pkl")
    again = Dataset.load(tmp_path / "dataset.pkl")
    pd.testing.assert_frame_equal(again.activations, dataset.activations)
    pd.testing.assert_frame_equal(again.feature_table.data, dataset.feature_table.data)
    assert again.image_table.ids.tolist() == [7, 9]
    assert again.masker.stack == ["half"]
    assert again.masker.n_vox_in_mask == dataset.masker.n_vox_in_mask
    assert again.get_studies(features="pain*") == [7, 9, 13]
    assert (again.image_table.data != dataset.image_table.data).nnz == 0
    again.save(tmp_path / "dataset.pkl")  # over the file that it was read from
    assert len(Dataset.load(tmp_path / "dataset.pkl").image_table.ids) == 2


@pytest.mark.parametrize(
    "options", [{"transform": False}, {"r": 10}, {"target": "TAL"}]
)
def test_options_are_kept(files, tmp_path, options):
    made = Dataset(files / "database.txt", **options)
    made.save(tmp_path / "d")
    again = Dataset.load(tmp_path / "d")
    pd.testing.assert_frame_equal(
        again.activations, made.activations, check_like=True, check_dtype=False
    )
    assert (again.image_table.data != made.image_table.data).nnz == 0


def test_a_copy_is_its_own(dataset):
    other = deepcopy(dataset)
    other.masker.add({"half": np.arange(91 * 109 * 91) % 2})
    other.add_features(NEW)
    other.image_table.trim([7])
    other.activations.loc[0, "x"] = 90
    assert not dataset.masker.layers
    assert dataset.image_table.ids.tolist() == [7, 9, 11]
    assert dataset.feature_names == ["pain", "pain relief"]
    assert dataset.activations.loc[0, "x"] == 0
    assert other.database is dataset.database
    assert other.get_studies(features="fear") == [11]
    with pytest.raises(TypeError, match="save"):
        pickle.dumps(dataset)


class Harmful:
    def __reduce__(self):
        return (exec, ("raise SystemExit('it ran')",))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_are_refused_without_running_them(tmp_path, protocol):
    path = tmp_path / "dataset.pkl"
    path.write_bytes(pickle.dumps(Harmful(), protocol))
    with pytest.raises(FormatError, match=r"pickle.*add_features"):
        Dataset.load(path)


def test_other_files_are_refused(dataset, tmp_path):
    path = tmp_path / "dataset.pkl"
    dataset.save(path)
    whole = path.read_bytes()
    with pytest.raises(FormatError, match="no file"):
        Dataset.load(tmp_path / "other")
    with pytest.raises(FormatError, match="no folder"):
        dataset.save(tmp_path / "none" / "d")
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    with pytest.raises(FormatError, match="was not written by"):
        Dataset.load(tmp_path / "text")
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(FormatError, match="no Dataset, or damaged"):
        Dataset.load(tmp_path / "zip")
    for cut in (2, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(FormatError):
            Dataset.load(path)


# ----------------------------------------------------------------- meta-analyses


@pytest.fixture(scope="module")
def analysis(demo):
    return meta.MetaAnalysis(demo, demo.get_studies(features="working memory"))


OLD_NAMES = {
    "association-test_z": ["specificity_z", "pFgA_z"],
    "uniformity-test_z": ["consistency_z", "pAgF_z"],
    "association-test_z_FDR_0.01": ["specificity_z_FDR_0.01", "pFgA_z_FDR_0.01"],
    "uniformity-test_z_FDR_0.01": ["consistency_z_FDR_0.01", "pAgF_z_FDR_0.01"],
    "pA_given_pF=0.50": ["pAgF_given_pF=0.50", "pA_given_pF=0.5"],
}


def test_every_name_that_images_had(analysis):
    assert list(analysis.images) == [
        "pA",
        "pAgF",
        "pFgA",
        "pA_given_pF=0.50",
        "pFgA_given_pF=0.50",
        "uniformity-test_z",
        "association-test_z",
        "uniformity-test_z_FDR_0.01",
        "association-test_z_FDR_0.01",
    ]
    for name, others in OLD_NAMES.items():
        for other in others:
            assert other in analysis.images
            np.testing.assert_array_equal(analysis.images[other], analysis.images[name])
    maps = analysis.maps
    np.testing.assert_array_equal(analysis.images["pFgA_z"], maps["z_desc-association"])
    np.testing.assert_array_equal(analysis.images["pAgF_z"], maps["z_desc-uniformity"])


def test_other_rates_and_priors(analysis, demo):
    many = analysis.images["pAgF_z_FDR_0.2"]
    assert (many != 0).sum() > (analysis.images["pAgF_z_FDR_0.01"] != 0).sum() > 0
    low = meta.MetaAnalysis(demo, analysis.ids, prior=0.25)
    np.testing.assert_array_equal(
        analysis.images["pFgA_given_pF=0.25"], low.images["pFgA_given_pF=0.25"]
    )


@pytest.mark.parametrize("name", ["", "z", "pFgA_given_pF=2", "pA_FDR_0.01", 5, None])
def test_names_that_no_image_had(analysis, name):
    assert name not in analysis.images
    with pytest.raises(OptionError, match="there is no image"):
        analysis.images[name]


def test_close_names_are_told(analysis):
    with pytest.raises(OptionError, match="Close matches: 'association-test_z'"):
        analysis.images["asociation-test_z"]


def test_a_second_list(demo):
    memory = demo.get_studies(features="working memory")
    emotion = demo.get_studies(features="emotion")
    both = set(memory) & set(emotion)
    assert both
    with pytest.warns(NeurosynthWarning, match=f"{len(both)} studies are in both"):
        made = few(meta.MetaAnalysis, demo, memory, emotion)
    assert made.maps.n_studies == len({*memory, *emotion})
    assert made.maps.n_selected[0] == len(memory)


def test_results_are_saved(analysis, tmp_path):
    folder = tmp_path / "made" / "for it"
    analysis.save_results(folder, prefix="wm", image_list=["pFgA_z", "pA"])
    assert sorted(p.name for p in folder.iterdir()) == [
        "wm_pA.nii.gz",
        "wm_pFgA_z.nii.gz",
    ]
    read = analysis.dataset.masker.mask(folder / "wm_pFgA_z.nii.gz")
    np.testing.assert_array_equal(read, analysis.images["pFgA_z"])
    analysis.save_results(tmp_path)
    assert len(list(tmp_path.glob("*.nii.gz"))) == 9
    with pytest.raises(OptionError, match="there is no image 'zz'"):
        analysis.save_results(tmp_path / "none", image_list=["pA", "zz"])
    assert not (tmp_path / "none").exists()


def test_many_features(demo, tmp_path):
    names = ["working memory", "emotion"]
    made = meta.analyze_features(demo, names, image_type="pFgA_z")
    for column, name in zip(made.T, names, strict=True):
        one = meta.MetaAnalysis(demo, demo.get_studies(features=name))
        np.testing.assert_array_equal(column, one.images["association-test_z"])
    assert (
        meta.analyze_features(demo, names[:1], output_dir=tmp_path, prefix="x") is None
    )
    assert len(list(tmp_path.glob("x_working memory_*.nii.gz"))) == 9


def test_features_of_studies_without_peaks_have_empty_maps(dataset):
    lonely = pd.DataFrame({"lonely": [0.9, 0]}, index=[13, 7])
    dataset.add_features(lonely)
    made = few(meta.analyze_features, dataset, ["pain", "lonely"])
    assert made[:, 0].any()
    assert not made[:, 1].any()


@pytest.mark.parametrize(
    ("ids", "options", "error", "match"),
    [
        ([], {}, EmptySelectionError, "no study was given"),
        ([99], {}, SelectionError, "none of the 1 studies in ids.*its own like 7"),
        ([7], {"ids2": [98, 99]}, SelectionError, "none of the 2 studies in ids2"),
        ([7], {"ids2": [7]}, SelectionError, "no study is left in ids2"),
        ([7], {"q": 2}, OptionError, "q"),
        ([7], {"prior": 0}, OptionError, "prior"),
        ([7], {"min_studies": -1}, OptionError, "min_studies"),
        (7.5, {}, OptionError, "list of study ids"),
    ],
)
def test_wrong_meta_analyses(dataset, ids, options, error, match):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NeurosynthWarning)
        with pytest.raises(error, match=match):
            meta.MetaAnalysis(dataset, ids, **options)


def test_ids_without_peaks_are_left_out(dataset):
    with pytest.warns(NeurosynthWarning, match="1 of the studies in ids"):
        made = few(meta.MetaAnalysis, dataset, dataset.get_studies(features="pain"))
    assert made.ids == [7]
    assert few(meta.MetaAnalysis, dataset, ["7"]).ids == [7]


def test_wrong_features_of_analyses(demo):
    with pytest.raises(OptionError, match="there is no image"):
        meta.analyze_features(demo, image_type="zz")
    with (
        pytest.warns(NeurosynthWarning, match="no feature matches"),
        pytest.raises(EmptySelectionError, match=r"Close matches: 'emotion'"),
    ):
        meta.analyze_features(demo, ["emotoin"])


# ------------------------------------------------------------------------ advice


def test_each_old_call_says_once_what_replaces_it(files):
    forget_advice()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            made = Dataset(files / "database.txt")
            made.get_studies(peaks=[[0, 0, 0]])
    messages = [str(w.message) for w in told if w.category is LegacyWarning]
    assert [m.partition(" lives")[0] for m in messages] == [
        "neurosynth: Dataset",
        "neurosynth: Dataset.get_studies",
    ]
    assert ADVICE["Dataset"] in messages[0]
    assert {w.filename for w in told} == {__file__}


def test_strict_takes_a_boolean():
    with pytest.raises(OptionError, match="True or False"):
        legacy.strict("yes")


def test_the_database_is_there_for_everything_new(files, dataset):
    again = read_database(files / "database.txt")
    assert dataset.database.content_hash == again.content_hash

"""The old Decoder: old results, and what guides expect of it."""

from itertools import islice
from pathlib import Path
from unittest.mock import Mock

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo
from nimare_neurosynth.decoding import BayesDecoder, decode_bayes
from nimare_neurosynth.errors import (
    EmptySelectionError,
    FormatError,
    ImageError,
    NeurosynthWarning,
    OptionError,
)
from nimare_neurosynth.legacy import Dataset, strict
from nimare_neurosynth.legacy._frames import OldFrame
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.analysis import _decoding, decode
from nimare_neurosynth.legacy.analysis._term_scores import TermScores
from nimare_neurosynth.legacy.analysis.decode import Decoder
from nimare_neurosynth.legacy.analysis.meta import MetaAnalysis, analyze_features
from tests.oracles import quietly

pytestmark = pytest.mark.filterwarnings("ignore:.*fewer than 20")

CLOSE = 1.5e-8
"""Old results have eight decimals."""
TERMS = ["emotion", "working memory", "conflict"]
REGIONS = ("sgacc_mask", "medial_motor", "vmPFC")


@pytest.fixture
def _strictly():
    strict(True)
    yield
    strict(False)


@pytest.fixture(scope="module")
def dataset():
    return quietly(Dataset, load_demo())


@pytest.fixture(scope="module")
def emotion(dataset):
    ids = quietly(dataset.get_studies, features="emotion")
    return quietly(MetaAnalysis, dataset, ids).images["association-test_z"]


@pytest.fixture(scope="module")
def noise(dataset):
    """Give three images, voxels x images."""
    random = np.random.default_rng(0)
    return random.normal(size=(dataset.masker.space.n_voxels, 3)) + 0.5


@pytest.fixture(scope="module")
def maps(dataset):
    return quietly(analyze_features, dataset, TERMS)


@pytest.fixture(scope="module")
def files(dataset, noise, maps, tmp_path_factory):
    """Write images: the noise, and the maps of terms."""
    folder = tmp_path_factory.mktemp("images")
    space = dataset.masker.space
    paths = {}
    for name, matrix in (("noise", noise), ("term", maps)):
        paths[name] = [str(folder / f"{name}{i}.nii.gz") for i in range(3)]
        for path, values in zip(paths[name], matrix.T, strict=True):
            OldImage.on(space.to_volume(values), space.affine).to_filename(path)
    return paths


@pytest.fixture(scope="module")
def half(dataset):
    """Give an image of the left half of the brain, and its voxels."""
    space = dataset.masker.space
    inside = space.xyz_mm[:, 0] < 0
    return OldImage.on(space.to_volume(inside.astype(float)), space.affine), inside


def compared(maps, images, method):
    """Compare columns with columns, the long way."""
    n = maps.shape[1]
    if method == "pearson":
        return np.corrcoef(maps.T, images.T)[:n, n:]
    sizes = np.outer(*(np.linalg.norm(m, axis=0) for m in (maps, images)))
    return maps.T @ images / (sizes if method == "pattern" else 1)


# ------------------------------------------------------------------ old results


@pytest.fixture(scope="module")
def real(shared_data):
    stem = shared_data / "legacy_files/test_real"
    return quietly(Dataset, f"{stem}_dataset.txt", f"{stem}_features.txt")


@pytest.fixture(scope="module")
def golden(shared_data):
    return shared_data / "golden_legacy"


@pytest.mark.data
@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("method", ["pearson", "dot"])
@pytest.mark.usefixtures("_strictly")
def test_maps_as_of_old(on, method, real, golden):
    strict(on)
    table = pd.read_csv(golden / f"small/decode_real_{method}_thr0.001.csv")
    table = table.set_index(table.columns[0])
    images = [str(golden / f"{name}.nii.gz") for name in REGIONS]
    found = Decoder(real, method, list(table.index)).decode(images, round=8)
    assert type(found) is OldFrame
    assert (list(found.index), list(found.columns)) == (list(table.index), images)
    np.testing.assert_allclose(found, table[list(REGIONS)], rtol=0, atol=CLOSE)


@pytest.mark.data
@pytest.mark.parametrize("value", ["r", "z"])
def test_regions_as_of_old(value, real, golden):
    decoder = Decoder(real, "ROI")
    paths = [golden / f"{name}.nii.gz" for name in REGIONS]
    together = decoder.decode(paths, round=8, value=value)
    assert list(together.columns) == ["cluster_0", "cluster_1", "cluster_2"]
    for i, (path, name) in enumerate(zip(paths, REGIONS, strict=True)):
        table = pd.read_csv(golden / f"small/decode_real_roi_{value}_{name}.csv")
        table = table.set_index(table.columns[0])[name]
        found = decoder.decode(path, round=8, value=value)
        assert list(found.columns) == ["cluster_0"]
        np.testing.assert_allclose(
            found["cluster_0"][table.index], table, rtol=0, atol=CLOSE
        )
        np.testing.assert_array_equal(
            together[f"cluster_{i}"][found.index], found["cluster_0"]
        )


@pytest.mark.data
@pytest.mark.usefixtures("_strictly")
def test_topics_of_version_7_as_of_old(v7, golden):
    table = pd.read_csv(golden / "v7/decode_pearson_LDA50_thr0.05.csv", index_col=0)
    with np.load(golden / "v7/coactivation_peak_0_-52_26_r6.npz") as arrays:
        pcc = arrays["association-test_z"]
    images = [golden / "medial_motor.nii.gz", str(golden / "vmPFC.nii.gz"), pcc]
    decoder = Decoder(Dataset(v7), threshold=0.05)
    names = list(table.columns)
    found = decoder.decode(images, round=8, names=names)
    assert list(found.columns) == names
    assert list(found.index) == list(table.index)
    np.testing.assert_allclose(found, table, rtol=0, atol=CLOSE)
    strict(False)
    quick = Decoder(decoder.dataset, threshold=0.05)
    found = quick.decode(images, round=8, names=names)
    assert quick._images is None
    # maps beyond 33.11 are not cut off there: none of these topics' is
    np.testing.assert_allclose(found, table, rtol=0, atol=CLOSE)


# ------------------------------------------------------------------- comparisons


@pytest.mark.parametrize("method", ["pearson", "pattern", "cosine", "Dot"])
def test_maps_are_compared_without_being_made(
    method, dataset, noise, maps, monkeypatch
):
    monkeypatch.setattr(decode, "analyze_features", None)
    found = Decoder(dataset, method, TERMS).decode(noise, round=9)
    expected = compared(maps, noise, method.lower().replace("cosine", "pattern"))
    assert list(found.columns) == ["image_0", "image_1", "image_2"]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=2e-9)


@pytest.mark.parametrize("method", ["pearson", "pattern", "dot"])
@pytest.mark.parametrize("image_type", ["uniformity-test_z", "pAgF_z_FDR_0.05", "pAgF"])
def test_other_images_of_features(method, image_type, dataset, noise):
    decoder = Decoder(dataset, method, TERMS[:2], image_type=image_type)
    expected = analyze_features(dataset, TERMS[:2], image_type)
    np.testing.assert_array_equal(decoder.feature_images, expected)
    found = decoder.decode(noise, round=9)
    expected = compared(expected, noise, method)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=2e-9)


@pytest.mark.parametrize(("method", "r"), [("pearson", np.nan), ("dot", 0)])
def test_maps_that_are_empty_above_their_threshold(method, r, dataset, noise):
    image = "association-test_z_FDR_0.0001"
    decoder = Decoder(dataset, method, TERMS, image_type=image)
    found = decoder.decode(noise).to_numpy()
    empty = ~decoder.feature_images.any(axis=0)
    assert empty.any()
    np.testing.assert_array_equal(found[empty], np.full((empty.sum(), 3), r))
    assert np.isfinite(found[~empty]).all()


@pytest.mark.parametrize("method", ["pearson", "pattern", "dot", "roi"])
@pytest.mark.parametrize("on", [True, False])
@pytest.mark.usefixtures("_strictly")
def test_features_that_no_study_has(on, method, dataset, noise):
    own = quietly(Dataset, load_demo())
    own.feature_table.data = own.feature_table.data.assign(nothing=0.0)
    strict(on)
    decoder = Decoder(own, method, ["emotion", "nothing", "conflict"])
    found = decoder.decode(np.abs(noise[:, 0]) > 1.5)
    assert np.isnan(found.loc["nothing"]).all()
    assert found.drop("nothing").notna().all(axis=None)
    if not on:
        assert found.index[-1] == "nothing"


@pytest.mark.parametrize("method", ["pearson", "dot"])
@pytest.mark.parametrize("on", [True, False])
@pytest.mark.usefixtures("_strictly")
def test_a_mask_restricts_features_and_images(on, method, dataset, noise, maps, half):
    image, inside = half
    strict(on)
    decoder = Decoder(dataset, method, TERMS, mask=image)
    assert dataset.masker.layers == {}
    assert dataset.masker.n_vox_in_mask == len(inside)
    assert decoder.masker.n_vox_in_mask == np.count_nonzero(inside)
    expected = compared(maps[inside], noise[inside], method)
    np.testing.assert_allclose(decoder.decode(noise, round=9), expected, atol=2e-9)
    np.testing.assert_allclose(
        decoder.decode(noise[inside], round=9), expected, atol=2e-9
    )
    np.testing.assert_array_equal(decoder.feature_images, maps[inside])


def test_a_mask_restricts_regions(dataset, noise, half):
    image, inside = half
    region = noise[:, 0] > 1
    found = Decoder(dataset, "roi", TERMS, mask=image).decode(region)
    other = Decoder(dataset, "roi", TERMS).decode(region & inside)
    pd.testing.assert_frame_equal(found, other)
    assert found.items() != Decoder(dataset, "roi", TERMS).decode(region).items()


@pytest.mark.usefixtures("_strictly")
def test_strictly_the_maps_of_old_are_compared(dataset, noise, monkeypatch):
    # z of so few studies never reach 33.11, so that others stand for them
    made = noise[:, ::-1]
    monkeypatch.setattr(decode, "analyze_features", Mock(return_value=made))
    found = Decoder(dataset, features=TERMS).decode(noise, round=9)
    np.testing.assert_allclose(found, compared(made, noise, "pearson"), atol=2e-9)


def test_layers_of_the_dataset_count(noise, maps, half):
    own = quietly(Dataset, load_demo())
    decoder = Decoder(own, features=TERMS)
    whole = decoder.decode(noise, round=9)
    own.masker.add(half[0])
    part = decoder.decode(noise, round=9)
    inside = half[1]
    np.testing.assert_allclose(whole, compared(maps, noise, "pearson"), atol=2e-9)
    expected = compared(maps[inside], noise[inside], "pearson")
    np.testing.assert_allclose(part, expected, atol=2e-9)


def test_studies_are_matched_by_id(dataset, noise):
    own = quietly(Dataset, load_demo())
    table = own.feature_table.data.iloc[::-1]
    strange = pd.DataFrame(0.5, ["nobody"], table.columns)
    own.feature_table.data = OldFrame(pd.concat([strange, table]))
    for method in ("pearson", "roi", "nb"):
        one, other = (
            Decoder(each, method, TERMS).decode(noise[:, 0] > 2)
            for each in (dataset, own)
        )
        pd.testing.assert_frame_equal(one, other)


def test_studies_that_were_left_out(noise):
    own = quietly(Dataset, load_demo())
    own.image_table.trim(own.image_table.ids[:150])
    expected = quietly(analyze_features, own, TERMS)
    found = quietly(Decoder(own, features=TERMS).decode, noise, round=9)
    np.testing.assert_allclose(found, compared(expected, noise, "pearson"), atol=2e-9)
    region = noise[:, 0] > 2
    found = Decoder(own, "roi", TERMS).decode(region, value="r", round=9)
    np.testing.assert_allclose(
        found.loc[TERMS].to_numpy()[:, 0], region_r(own, region, TERMS), atol=2e-9
    )
    bayes = quietly(Decoder(own, "nb", TERMS).decode, region)
    rest = BayesDecoder.of(
        own.database, TERMS, mask=own.masker.space, min_studies_per_term=1
    )
    rest = rest.within(np.arange(320) < 150).decode(region).table()
    assert bayes.keys() == list(rest["term"])
    np.testing.assert_array_equal(bayes.values(), rest["posterior"].round(4))


def region_r(dataset, region, terms):
    share = dataset.get_image_data(dense=False)[region].mean(axis=0)
    weights = dataset.get_feature_data(list(dataset.image_table.ids), terms)
    return [np.corrcoef(np.ravel(share), weights[term])[0, 1] for term in terms]


# ----------------------------------------------------------------------- regions


def test_a_label_image_has_a_column_for_each_label(dataset):
    xyz = dataset.masker.space.xyz_mm
    labels = np.select([xyz[:, 2] > 50, xyz[:, 2] < -20], [7, 3], 0)
    image = OldImage.on(
        dataset.masker.space.to_volume(labels), dataset.masker.space.affine
    )
    for given in (labels, image):
        found = Decoder(dataset, "roi", TERMS).decode(given, value="r", round=9)
        assert type(found) is OldFrame
        assert list(found.columns) == ["cluster_0", "cluster_1"]
        for i, label in enumerate((3, 7)):
            expected = region_r(dataset, labels == label, TERMS)
            np.testing.assert_allclose(found[f"cluster_{i}"], expected, atol=2e-9)
    named = Decoder(dataset, "roi", TERMS).decode(labels, names=["low", "high"])
    assert list(named.columns) == ["low", "high"]


def test_columns_of_an_array_are_regions(dataset, noise):
    regions = (noise > 1.5) * noise
    found = Decoder(dataset, "roi", TERMS).decode(regions, value="r", round=9)
    assert list(found.columns) == ["image_0", "image_1", "image_2"]
    for i in range(3):
        expected = region_r(dataset, noise[:, i] > 1.5, TERMS)
        np.testing.assert_allclose(found[f"image_{i}"], expected, atol=2e-9)


def test_weights_can_be_made_binary(dataset, noise):
    region = noise[:, 0] > 1
    own = quietly(Dataset, load_demo())
    own.feature_table.data = (own.feature_table.data > 0.1).astype(float)
    assert own.feature_table.data[TERMS].any().all()
    found = Decoder(dataset, "roi", TERMS).decode(region, binarize=0.1)
    other = Decoder(own, "roi", TERMS).decode(region)
    pd.testing.assert_frame_equal(found, other)
    plain = Decoder(dataset, "roi", TERMS).decode(region)
    assert not np.allclose(found.loc[TERMS], plain.loc[TERMS])


def test_features_that_all_studies_have_are_decoded_to(noise):
    own = quietly(Dataset, load_demo())
    topic = np.random.default_rng(1).uniform(0.2, 1, len(own.feature_table.data))
    own.feature_table.data = own.feature_table.data.assign(topic=topic)
    region = noise[:, 0] > 1
    found = Decoder(own, "roi", ["topic"]).decode(region, value="r", round=9)
    np.testing.assert_allclose(found["topic"], region_r(own, region, ["topic"])[0])


def test_naive_bayes(dataset, emotion):
    found = Decoder(dataset, "nb", TERMS).decode(emotion, round=9, prior=0.2)
    expected = decode_bayes(
        dataset.database,
        emotion.vector,
        TERMS,
        prior=0.2,
        mask=dataset.masker.space,
        min_studies_per_term=1,
    ).table()
    assert found.keys() == list(expected["term"])
    assert found.keys()[0] == "emotion"
    np.testing.assert_allclose(found.values(), expected["posterior"], atol=1e-9)


# ------------------------------------------------------------- forms, and results


def test_forms_of_images(dataset, noise, files):
    decoder = Decoder(dataset, features=TERMS)
    path = files["noise"][0]
    image = nib.load(path)
    turned = nib.Nifti1Image(
        image.get_fdata()[::-1], image.affine @ [[-1, 0, 0, 90], *np.eye(4)[1:]]
    )
    expected = decoder.decode(noise)["image_0"]
    for given, name in (
        (path, path),
        (image, "image_0"),
        (turned, "image_0"),
        (noise[:, 0], "image_0"),
        (image.get_fdata(), "image_0"),
        (dataset.masker.get_image(noise[:, 0], "array"), "image_0"),
    ):
        one = decoder.decode(given)
        assert isinstance(one, TermScores)
        assert list(one.columns) == [name]
        np.testing.assert_allclose(one.loc[TERMS, name], expected)
        listed = decoder.decode([given])
        assert type(listed) is OldFrame
        assert list(listed.index) == TERMS
        np.testing.assert_allclose(listed[name], expected)
    mixed = decoder.decode([noise[:, 1], path])
    assert list(mixed.columns) == ["image_0", path]
    assert type(decoder.decode(noise[:, :1])) is OldFrame
    assert list(decoder.decode(path, names="mine").columns) == ["mine"]


def test_what_is_not_finite_counts_as_0(dataset, noise):
    decoder = Decoder(dataset, features=TERMS)
    clean = np.where(noise[:, 0] > 2, 0, noise[:, 0])
    for hole in (np.nan, np.inf):
        holed = np.where(noise[:, 0] > 2, hole, noise[:, 0])
        pd.testing.assert_frame_equal(decoder.decode(holed), decoder.decode(clean))


def test_one_image_gives_a_mapping_and_a_table(dataset, emotion):
    found = Decoder(dataset, features=TERMS).decode(emotion)
    assert found.items()[:1] == [("emotion", 1.0)]
    assert list(islice(found.items(), 1)) == [("emotion", 1.0)]
    assert list(found) == found.keys() == list(found.index)
    assert sorted(found.values(), reverse=True) == found.values()
    assert dict(found) == found.to_dict() == dict(found.items())
    assert found["emotion"] == found.get("emotion") == 1.0
    assert isinstance(found["emotion"], float)
    assert found.get("nothing") is None
    assert found.get("nothing", 0) == 0
    assert "emotion" in found
    assert "nothing" not in found
    with pytest.raises(KeyError):
        found["nothing"]
    assert max(found, key=found.get) == "emotion"
    # and the table of 0.3.8
    assert found.shape == found.values.shape == (3, 1)
    assert found.values[0, 0] == found.values.max() == 1.0
    assert "image_0" in found
    column = found["image_0"]
    assert column["emotion"] == found.loc["emotion", "image_0"] == 1.0
    assert type(found.sort_index()) is OldFrame
    assert found[found > 0.99].count().tolist() == [1]
    assert "emotion" in repr(found)
    assert "emotion" in found._repr_html_()
    assert found.to_dict("list") == {"image_0": found.values()}
    plain = OldFrame(found)
    for name in ("astype", "round", "apply", "map"):
        given = {"astype": (str,), "apply": (np.sum,), "map": (abs,)}.get(name, ())
        one, other = (getattr(t, name)(*given) for t in (found, plain))
        assert one.equals(other)
    assert found.to_csv() == plain.to_csv()
    assert found.memory_usage().equals(plain.memory_usage())


@pytest.mark.usefixtures("_strictly")
def test_strictly_one_image_gives_the_table(dataset, emotion):
    found = Decoder(dataset, features=TERMS[::-1]).decode(emotion)
    assert type(found) is OldFrame
    assert list(found.index) == TERMS[::-1]


def test_results_are_rounded_and_saved(dataset, noise, tmp_path):
    decoder = Decoder(dataset, features=TERMS)
    found = decoder.decode(noise, save=tmp_path / "decoded.txt", round=2)
    np.testing.assert_array_equal(found, decoder.decode(noise, round=9).round(2))
    read = pd.read_csv(tmp_path / "decoded.txt", index_col="Feature")
    pd.testing.assert_frame_equal(read, pd.DataFrame(found), check_names=False)
    decoder.decode(noise[:, 2], save=str(tmp_path / "one.txt"))
    assert list(pd.read_csv(tmp_path / "one.txt")["Feature"]) == TERMS


# ---------------------------------------------------------------------- features


def test_features_by_name_and_pattern(dataset):
    found = Decoder(dataset, features=["working*", "emotion", "working memory"])
    assert found.feature_names == ["working", "working memory", "emotion"]
    assert Decoder(dataset, features="conflict").feature_names == ["conflict"]
    assert Decoder(dataset).feature_names == dataset.get_feature_names()
    with pytest.warns(NeurosynthWarning, match="2 of those.*Close matches: 'conflict'"):
        some = Decoder(dataset, features=["conflct", "emotion", "zzz*"])
    assert some.feature_names == ["emotion"]
    found.load_features(["emotion"], threshold=0.1)
    assert (found.feature_names, found.threshold) == (["emotion"], 0.1)


@pytest.mark.parametrize("method", ["pearson", "dot"])
def test_images_as_features(method, dataset, noise, maps, files):
    expected = compared(maps, noise, method)
    brain = OldImage.on(
        dataset.masker.space.to_volume(np.ones(len(noise))), dataset.masker.space.affine
    )
    for options in ({"dataset": dataset}, {"mask": brain}):
        decoder = Decoder(method=method, features=files["term"], **options)
        found = decoder.decode(files["noise"], round=9)
        assert list(found.index) == files["term"]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=2e-9)


def test_an_array_as_features(dataset, noise, maps, half, tmp_path):
    image, inside = half
    path = tmp_path / "features.npy"
    decoder = Decoder(mask=image)
    with pytest.raises(OptionError, match="has no features"):
        decoder.decode(noise[:, 0])
    np.save(path, maps[inside])
    decoder.load_features(str(path), from_array=True)
    assert decoder.feature_names == [0, 1, 2]
    np.testing.assert_array_equal(decoder.feature_images, maps[inside])
    expected = compared(maps[inside], noise[inside], "pearson")
    np.testing.assert_allclose(
        decoder.decode(noise[inside], round=9), expected, atol=2e-9
    )
    np.save(path, maps)
    other = Decoder(dataset, features=TERMS)
    other.load_features([path], from_array=True)
    expected = compared(maps, noise, "pearson")
    np.testing.assert_allclose(other.decode(noise, round=9), expected, atol=2e-9)


def test_weights_are_read_in_parts(dataset, monkeypatch):
    names = dataset.get_feature_names()[:30]
    whole = _decoding.weights_of(dataset, names)
    monkeypatch.setattr(_decoding, "_AT_ONCE", 7)
    parts = _decoding.weights_of(dataset, names)
    np.testing.assert_array_equal(whole.toarray(), parts.toarray())
    expected = dataset.get_feature_data(dataset.whole_ids, names)
    np.testing.assert_array_equal(whole.toarray(), expected)


def test_methods_can_be_changed(dataset, noise):
    decoder = Decoder(dataset, features=TERMS)
    for method in ("dot", "roi", "PEARSON", "pattern"):
        decoder.set_method(method)
        found = decoder.decode(noise[:, 0] > 1)
        other = Decoder(dataset, method, TERMS).decode(noise[:, 0] > 1)
        pd.testing.assert_frame_equal(found, other)
    assert decoder.train_classifiers() is None
    assert repr(decoder) == "<Decoder: 3 features by pattern>"


# ------------------------------------------------------------------- wrong inputs


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "pearso"}, OptionError, "Close matches: 'pearson'"),
        ({"method": None}, OptionError, "pearson, pattern, dot, roi, nb"),
        ({"image_type": "association_z"}, OptionError, "there is no image"),
        ({"features": ["emotoin"]}, OptionError, "Close matches: 'emotion"),
        ({"features": []}, OptionError, "no features are given"),
        ({"features": [3]}, OptionError, "named by text"),
        ({"features": ["zzz.nii.gz"]}, OptionError, "neither a file nor a feature"),
        ({"mask": "nosuch.nii.gz"}, ImageError, "nosuch"),
        ({"dataset": None}, OptionError, "needs a Dataset, or a mask"),
        ({"threshold": 0}, OptionError, "threshold"),
        ({"threshold": 5}, EmptySelectionError, "none of the 3 terms"),
    ],
)
def test_wrong_decoders(options, error, message, dataset, noise):
    options = {"dataset": dataset, "features": TERMS, **options}
    with pytest.raises(error, match=message):
        Decoder(**options).decode(noise[:, 0])


@pytest.mark.parametrize(
    ("method", "options", "error", "message"),
    [
        ("pearson", {"images": []}, ImageError, "no image"),
        ("pearson", {"images": "nosuch.nii.gz"}, ImageError, "nosuch"),
        ("pearson", {"images": 3}, ImageError, "a path, a NiBabel image"),
        ("pearson", {"images": np.ones(5)}, ImageError, "one value for each"),
        ("pearson", {"images": np.ones((3, 228_453))}, ImageError, "got"),
        ("pearson", {"images": np.zeros(228_453)}, ImageError, "no value inside"),
        ("pearson", {"images": np.ones(228_453)}, ImageError, "same value"),
        ("pearson", {"images": np.full(228_453, "a")}, ImageError, "numbers"),
        ("pearson", {"names": ["a", "b"]}, OptionError, "each of the 1 images"),
        ("pearson", {"round": 2.5}, OptionError, "round"),
        ("pearson", {"save": "nosuch/folder.txt"}, FormatError, "no folder"),
        ("pearson", {"save": "."}, FormatError, "is a folder"),
        ("pearson", {"save": 3}, OptionError, "save"),
        ("pearson", {"value": "z"}, OptionError, "has none"),
        ("roi", {"values": "z"}, OptionError, "Close matches: 'value'"),
        ("roi", {"value": "p"}, OptionError, "'z' or 'r'"),
        ("roi", {"binarize": "yes"}, OptionError, "binarize"),
        ("nb", {"binarize": 1}, OptionError, "above, prior"),
        ("nb", {"prior": 3}, OptionError, "prior"),
    ],
)
def test_wrong_calls(method, options, error, message, dataset, noise):
    options = {"images": noise[:, 0], **options}
    with pytest.raises(error, match=message):
        Decoder(dataset, method, TERMS).decode(**options)


@pytest.mark.usefixtures("_strictly")
def test_constant_images_are_refused_strictly_too(dataset):
    with pytest.raises(ImageError, match="same value"):
        Decoder(dataset, features=TERMS).decode(np.ones(228_453))


def test_nothing_is_written_when_something_is_wrong(dataset, tmp_path):
    with pytest.raises(ImageError):
        Decoder(dataset, features=TERMS).decode("nosuch.nii", save=tmp_path / "a.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", ["roi", "nb"])
def test_images_as_features_have_no_studies(method, dataset, noise, files):
    with pytest.raises(OptionError, match="needs features of a Dataset"):
        Decoder(dataset, method, files["term"]).decode(noise[:, 0])


def test_a_dataset_without_features():
    bare = quietly(Dataset, load_demo())
    bare.feature_table.data = OldFrame()
    with pytest.raises(OptionError, match="add_features"):
        Decoder(bare)
    with pytest.raises(OptionError, match="add_features"):
        Decoder(bare, features=["emotion"])


def test_without_a_dataset_features_must_be_files(half):
    with pytest.raises(OptionError, match="without a Dataset"):
        Decoder(mask=half[0], features=["emotion"])


def test_a_mask_outside_of_the_brain(dataset, noise):
    corner = np.zeros((91, 109, 91))
    corner[0, 0, 0] = 1
    mask = OldImage.on(corner, dataset.masker.space.affine)
    with pytest.raises(ImageError, match="no voxel is in the mask"):
        Decoder(dataset, features=TERMS, mask=mask).decode(noise)


@pytest.mark.parametrize(
    "made",
    [
        lambda path: path.write_bytes(b"nothing"),
        lambda path: path.write_bytes(b""),
        lambda path: np.save(path, np.array([{}], dtype=object)),
        lambda path: np.save(path, np.array([["a"]])),
        lambda path: np.save(path, np.ones(228_453)),
        lambda path: np.save(path, np.ones((5, 2))),
        lambda path: np.save(path, np.ones((228_453, 0))),
        Path.exists,  # and it does not
    ],
)
def test_wrong_arrays(made, dataset, tmp_path):
    path = tmp_path / "features.npy"
    made(path)
    decoder = Decoder(dataset, features=TERMS)
    with pytest.raises(FormatError, match=r"features\.npy"):
        decoder.load_features(path, from_array=True)
    assert decoder.feature_names == TERMS


# ----------------------------------------------------------------------- pictures


def test_polar_pictures(dataset, noise):
    found = Decoder(dataset, features=[*TERMS, "attention"]).decode(noise)
    decoder = Decoder(dataset, features=TERMS)
    plt = decoder.plot_polar(found, n_top=4, overplot=True)
    texts = [t.get_text() for t in plt.gcf().axes[0].texts]
    assert "emotion" in texts
    plt.close("all")
    decoder.plot_polar(found, labels=TERMS)
    texts = [t.get_text() for t in plt.gcf().axes[0].texts]
    assert "attention" not in texts
    plt.close("all")
    with pytest.raises(OptionError, match="was not decoded to"):
        decoder.plot_polar(found, labels=["emotoin"])

"""Coactivation of seeds, by the old call."""

import re
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from nimare_neurosynth import load_demo
from nimare_neurosynth.errors import EmptySelectionError, ImageError, OptionError
from nimare_neurosynth.legacy import Dataset, MetaAnalysis, strict
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.analysis.network import coactivation
from tests.oracles import quietly

pytestmark = pytest.mark.filterwarnings("ignore:.*fewer than 20")

CLOSE = 1e-5
"""Old images are float32."""
SEED = [-40, 24, 30]


@pytest.fixture(scope="module")
def dataset():
    return quietly(Dataset, load_demo())


@pytest.fixture
def _strictly():
    strict(True)
    yield
    strict(False)


@pytest.fixture(scope="module")
def region(dataset):
    """Give an image of a cube, and the voxels of the brain in it."""
    inside = (np.abs(dataset.masker.space.xyz_mm - SEED) <= 6).all(axis=1)
    volume = dataset.masker.space.to_volume(inside.astype(float))
    return OldImage.on(volume, dataset.masker.space.affine), inside


@pytest.fixture
def written(monkeypatch):
    """Note where images would be written: the old results are written really."""
    calls = []
    monkeypatch.setattr(
        MetaAnalysis, "save_results", lambda *given: calls.append(given[1:])
    )
    return calls


def files(folder):
    return {path.name.removesuffix(".nii.gz"): path for path in folder.iterdir()}


def load(path):
    with np.load(path) as arrays:
        return dict(arrays)


def check_images(folder, prefix, arrays, masker):
    """Compare the nine files with old images."""
    found = files(folder)
    names = {n for n in arrays if n not in ("ids", "selected_ids")}
    assert len(names) == 9
    assert set(found) == {f"{prefix}_{name}" for name in names}
    for name in names:
        image = nib.load(found[f"{prefix}_{name}"])
        np.testing.assert_array_equal(image.affine, masker.space.affine)
        values = np.asarray(image.dataobj).ravel()
        outside = np.delete(values, masker.space.flat_index)
        assert not outside.any()
        ours = values[masker.space.flat_index]
        np.testing.assert_allclose(ours, arrays[name], rtol=0, atol=CLOSE)


@pytest.mark.data
@pytest.mark.usefixtures("_strictly")
def test_two_places_as_of_old(shared_data, tmp_path):
    stem = shared_data / "legacy_files/test_real"
    real = Dataset(f"{stem}_dataset.txt", f"{stem}_features.txt")
    path = shared_data / "golden_legacy/small/meta_real_coact_2peaks_r8.npz"
    arrays = load(path)
    places = [[0, 20, 40], [-32, 22, 12]]
    made = coactivation(real, places, output_dir=tmp_path, prefix="two", r=8)
    assert {str(i) for i in made.ids} == set(arrays["ids"].astype(str))
    check_images(tmp_path, "two", arrays, real.masker)


@pytest.mark.data
@pytest.mark.usefixtures("_strictly")
def test_a_place_in_version_7_as_of_old(v7, shared_data, tmp_path):
    path = shared_data / "golden_legacy/v7/coactivation_peak_0_-52_26_r6.npz"
    arrays = load(path)
    seven = Dataset(v7)
    made = coactivation(seven, [[0, -52, 26]], output_dir=tmp_path, prefix="pcc")
    assert sorted(made.ids) == sorted(arrays["selected_ids"])
    check_images(tmp_path, "pcc", arrays, seven.masker)


@pytest.mark.parametrize("form", ["path", "image", "text", "volume", "vector"])
def test_forms_of_regions(form, dataset, region, tmp_path, written):
    image, inside = region
    path = tmp_path / "seed.nii.gz"
    image.to_filename(path)
    seed = {
        "path": path,
        "text": str(path),
        "image": image,
        "volume": image.get_fdata(),
        "vector": inside,
    }[form]
    made = coactivation(dataset, seed, output_dir=tmp_path / "new", prefix="a")
    active = dataset.get_image_data(dense=False)[inside].sum(axis=0)
    assert made.ids == dataset.image_table.ids[np.ravel(active) > 0].tolist()
    assert written == [(tmp_path / "new", "a")]


def test_how_much_of_a_region(dataset, region, written):
    image, inside = region
    active = np.ravel(dataset.get_image_data(dense=False)[inside].sum(axis=0))
    for threshold, least in ((0.3, 0.3 * inside.sum()), (20, 20)):
        made = coactivation(dataset, image, threshold)
        assert 0 < len(made.ids) < np.count_nonzero(active)
        assert made.ids == dataset.image_table.ids[active >= least].tolist()


@pytest.mark.parametrize(
    "seed", [SEED, [SEED], tuple(SEED), np.array(SEED), np.array([SEED, [0, 4, 56]])]
)
def test_forms_of_places(seed, dataset, written):
    made = coactivation(dataset, seed, r=10)
    places = np.atleast_2d(seed)
    chosen = dataset.database.select(near=places, radius_mm=10, talairach="icbm_spm")
    assert set(made.ids) == set(chosen.ids)
    assert len(made.ids) >= 56
    assert written == [(Path(), "")]


def test_what_is_written(dataset, tmp_path):
    made = coactivation(dataset, SEED, output_dir=tmp_path / "new", r=10)
    found = files(tmp_path / "new")
    assert set(found) == set(made.images.names)
    values = dataset.masker.mask(found["pA"])
    ids = dataset.get_studies(peaks=[SEED], r=10)
    expected = MetaAnalysis(dataset, ids).images["pA"].vector
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"threshold": 0.1, "outroot": "coactivation"}, (Path(), "coactivation")),
        ({"outroot": "some/where"}, (Path("some"), "where")),
        ({"outroot": "b", "output_dir": "a"}, (Path("a"), "b")),
        ({"output_dir": None, "prefix": "here"}, (Path(), "here")),
    ],
)
def test_names_of_older_versions(options, where, dataset, written):
    coactivation(dataset, [SEED], r=10, **options)
    assert written == [where]


@pytest.mark.parametrize(
    ("seed", "options", "error", "message"),
    [
        ([[0, 100, 100]], {}, EmptySelectionError, "no study reports a peak within 6"),
        ("nosuch.nii.gz", {}, ImageError, "nosuch"),
        ([1, 2], {}, OptionError, "a list of coordinates"),
        ([[1, 2, np.nan]], {}, OptionError, "a list of coordinates"),
        ([["a", "b", "c"]], {}, OptionError, "a list of coordinates"),
        ([], {}, OptionError, "a list of coordinates"),
        (None, {}, OptionError, "a list of coordinates"),
        ([[1, 2, 3], [1, 2]], {}, OptionError, "a list of coordinates"),
        (np.ones(5), {}, ImageError, "one value for each"),
        (SEED, {"r": -1}, OptionError, "radius"),
        (SEED, {"r": "six"}, OptionError, "radius"),
        (SEED, {"prefix": "a", "outroot": "b"}, OptionError, "give only one"),
        (np.zeros(228_453), {}, EmptySelectionError, "no study activates the seed"),
    ],
)
def test_wrong_seeds(seed, options, error, message, dataset, tmp_path):
    with pytest.raises(error, match=re.escape(message)):
        coactivation(dataset, seed, output_dir=tmp_path / "new", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_threshold_that_none_reaches(dataset, region, tmp_path):
    image, _ = region
    with pytest.raises(EmptySelectionError, match="by 500 or more"):
        coactivation(dataset, image, 500, tmp_path)
    with pytest.raises(OptionError, match="activation_threshold"):
        coactivation(dataset, image, -1, tmp_path)

"""Differences of images, and regions, as guides ask for them."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import load_demo
from nimare_neurosynth.errors import ImageError, LegacyWarning, OptionError
from nimare_neurosynth.legacy import Dataset, Masker, MetaAnalysis, _advice
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.analysis import roi
from nimare_neurosynth.legacy.analysis.compare import compare_images
from nimare_neurosynth.legacy.analysis.decode import Decoder
from tests.oracles import quietly

AFFINE = np.diag([4.0, 4.0, 4.0, 1.0])


@pytest.fixture(scope="module")
def dataset():
    return quietly(Dataset, load_demo())


@pytest.fixture(scope="module")
def images(dataset):
    made = []
    for term in ("emotion", "working memory"):
        ids = quietly(dataset.get_studies, features=term)
        found = quietly(MetaAnalysis, dataset, ids)
        made.append(found.images["association-test_z"])
    return made


@pytest.fixture
def small():
    """Give two images of 4 x 5 x 6 voxels."""
    random = np.random.default_rng(0)
    return [nib.Nifti1Image(random.normal(size=(4, 5, 6)), AFFINE) for _ in "ab"]


# ------------------------------------------------------------------- differences


def test_images_of_meta_analyses(images, tmp_path):
    a, b = images
    expected = (a.get_fdata() - b.get_fdata()) / np.sqrt(2)
    assert np.ptp(expected) > 5
    np.testing.assert_allclose(compare_images(a, b), expected)
    paths = [tmp_path / "a.nii.gz", tmp_path / "b.nii.gz"]
    for path, image in zip(paths, images, strict=True):
        image.to_filename(path)
    np.testing.assert_allclose(compare_images(*paths), expected)
    np.testing.assert_allclose(compare_images(str(paths[0]), b), expected)
    np.testing.assert_allclose(compare_images(a.vector, b.vector), expected)
    np.testing.assert_allclose(compare_images(a.get_fdata(), b.vector), expected)
    np.testing.assert_allclose(compare_images(a, b, masker=Masker()), expected)


def test_images_of_any_grid(small):
    a, b = small
    expected = (a.get_fdata() - b.get_fdata()) / np.sqrt(2)
    np.testing.assert_allclose(compare_images(a, b), expected)
    flip = np.diag([-1.0, 1, 1, 1])
    flip[0, 3] = 3
    turned = nib.Nifti1Image(b.get_fdata()[::-1], AFFINE @ flip)
    np.testing.assert_allclose(compare_images(a, turned), expected)
    brain = (a.get_fdata() > 0).astype(float)
    masker = Masker(nib.Nifti1Image(brain, AFFINE))
    inside = brain.ravel() > 0
    vectors = [image.get_fdata().ravel()[inside] for image in small]
    np.testing.assert_allclose(
        compare_images(*vectors, masker=masker), expected * (brain > 0)
    )


def test_an_image_on_a_finer_grid(small):
    a, b = small
    fine = np.repeat(np.repeat(np.repeat(b.get_fdata(), 3, 0), 3, 1), 3, 2)
    affine = np.diag([4 / 3, 4 / 3, 4 / 3, 1])
    affine[:3, 3] = -4 / 3  # so that each voxel of a is in the middle of 27
    found = compare_images(a, nib.Nifti1Image(fine, affine))
    expected = (a.get_fdata() - b.get_fdata()) / np.sqrt(2)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_nan_counts_as_0(small):
    a, b = small
    values = a.get_fdata().copy()
    values[0, 0, 0] = np.nan
    found = compare_images(nib.Nifti1Image(values, AFFINE), b)
    assert found[0, 0, 0] == -b.get_fdata()[0, 0, 0] / np.sqrt(2)


def test_differences_lead_to_the_direct_contrast(small, monkeypatch):
    monkeypatch.setattr(_advice, "_told", set())
    with pytest.warns(LegacyWarning, match="meta_analysis.*versus"):
        compare_images(*small)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("nosuch.nii.gz", np.ones(228_453)),
        (np.ones(228_453), "nosuch.nii.gz"),
        (np.ones(5), np.ones(5)),
        (np.ones(228_453), 3),
        (3, np.ones(228_453)),
        (nib.Nifti1Image(np.ones((3, 3, 3, 2)), AFFINE), np.ones(228_453)),
    ],
)
def test_what_cannot_be_compared(a, b):
    with pytest.raises(ImageError):
        compare_images(a, b)


# ----------------------------------------------------------------------- regions


@pytest.fixture(scope="module")
def region(dataset):
    xyz = dataset.masker.space.xyz_mm
    inside = (np.abs(xyz - [-22, -4, -18]) <= 8).all(axis=1)
    parts = np.where(xyz[:, 2] > -18, 2, 1) * inside
    volume = dataset.masker.space.to_volume(parts)
    return OldImage.on(volume, dataset.masker.space.affine), inside


def test_how_much_of_a_region_is_active(dataset, region, tmp_path):
    image, inside = region
    image.to_filename(tmp_path / "roi.nii.gz")
    share = np.ravel(dataset.get_image_data(dense=False)[inside].mean(axis=0))
    assert 0 < share.max() <= 1
    for given in (image, tmp_path / "roi.nii.gz", inside):
        found = roi.average(dataset, given)
        assert list(found.index) == list(dataset.image_table.ids)
        np.testing.assert_allclose(found, share)


def test_studies_of_a_region(dataset, region):
    image, _ = region
    share = roi.average(dataset, image)
    assert roi.get_studies(dataset, image) == list(share.index[share > 0])
    some = roi.get_studies(dataset, image, threshold=0.2)
    assert some == list(share.index[share >= 0.2 - 1e-12])
    assert 0 < len(some) < np.count_nonzero(share)


def test_features_of_a_region(dataset, region):
    image, inside = region
    found = roi.decode(dataset, image, ["emotion", "conflict"])
    assert found.keys()[0] == "emotion"  # one region, though it has two labels
    expected = Decoder(dataset, "roi", ["emotion", "conflict"]).decode(inside)
    pd.testing.assert_frame_equal(found, expected)
    assert len(roi.decode(dataset, image)) == len(dataset.get_feature_names())


@pytest.mark.parametrize("call", [roi.decode, roi.average])
def test_regions_outside_of_the_brain(call, dataset):
    volume = np.zeros((91, 109, 91))
    volume[0, 0, 0] = 1
    image = OldImage.on(volume, dataset.masker.space.affine)
    with pytest.raises(ImageError, match="no voxel inside the brain"):
        call(dataset, image)


def test_wrong_regions(dataset, region):
    with pytest.raises(ImageError, match="nosuch"):
        roi.get_studies(dataset, "nosuch.nii.gz")
    with pytest.raises(OptionError, match="activation_threshold"):
        roi.get_studies(dataset, region[0], threshold=-1)
    with pytest.raises(OptionError, match="neither a file nor a feature"):
        roi.decode(dataset, region[0], "emotoin")

"""Real topics and real maps: what must come out, if anything is right."""

import nibabel as nib
import numpy as np
import pytest
from nilearn.image import resample_img

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.decoding import (
    MapDecoder,
    RegionDecoder,
    StoredDecoder,
    decode_studies,
)
from nimare_neurosynth.space import default_mask, sphere_voxels

pytestmark = pytest.mark.data

TOPICS = {"label_set": "LDA50", "threshold": 0.05}
LANGUAGE = "37_language_reading_word"
AMYGDALA = "26_emotional_amygdala_negative"


@pytest.fixture(scope="module")
def decoder(v7):
    return MapDecoder.of(v7, **TOPICS)


@pytest.fixture(scope="module")
def maps(v7, decoder):
    """Make the association map of each topic."""
    made = meta_analysis(v7, [f'LDA50:"{t}"' for t in decoder.terms], **TOPICS)
    return made["z_desc-association"]


@pytest.fixture(scope="module")
def language(decoder, maps):
    """Give the map of language as a volume, and the correlations of all topics."""
    z = maps[decoder.terms.index(LANGUAGE)]
    return decoder.mask.to_volume(z), decoder.decode(z).columns["r"][:, 0]


def r_of(decoder, volume, affine):
    image = nib.Nifti1Image(np.ascontiguousarray(volume), affine)
    return decoder.decode(image).columns["r"][:, 0]


def test_each_topic_is_the_best_match_of_its_own_map(decoder, maps):
    r = decoder.decode(maps).columns["r"]
    np.testing.assert_allclose(np.diag(r), 1, rtol=0, atol=1e-9)
    assert (r.argmax(axis=0) == range(len(maps))).all()
    assert np.sort(r, axis=0)[-2].max() < 0.7  # and no other comes near


def test_language_on_the_other_side_is_something_else(decoder, language):
    volume, expected = language
    flipped = r_of(decoder, volume[::-1], decoder.mask.affine)
    place = decoder.terms.index(LANGUAGE)
    assert expected[place] == pytest.approx(1)
    assert flipped[place] == pytest.approx(0.4036, abs=1e-3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_flipped_axes_are_the_same_map(decoder, language, axis):
    volume, expected = language
    affine = decoder.mask.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (volume.shape[axis] - 1)
    affine[:3, axis] *= -1
    found = r_of(decoder, np.flip(volume, axis), affine)
    np.testing.assert_array_equal(found, expected)


def test_three_millimetres_are_nearly_the_same_map(decoder, language):
    volume, expected = language
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = decoder.mask.affine[:3, 3]
    coarse = resample_img(
        nib.Nifti1Image(volume, decoder.mask.affine),
        target_affine=affine,
        target_shape=(61, 73, 61),
        interpolation="continuous",
        force_resample=True,
        copy_header=True,
    )
    found = r_of(decoder, coarse.get_fdata(), affine)
    # maps of spheres have edges, which lose a little
    np.testing.assert_allclose(found, expected, atol=0.015)
    assert found.argmax() == decoder.terms.index(LANGUAGE)


def test_stored_maps_give_the_same(decoder, maps):
    named = dict(zip(decoder.terms, maps, strict=True))
    loaded = StoredDecoder.load_imgs(named, decoder.mask, memory_limit="10 MB")
    assert isinstance(loaded.source.values, np.memmap)
    for method in ("pearson", "cosine"):
        one = decoder.decode(maps[:3], method=method)
        two = loaded.decode(maps[:3], method=method)
        np.testing.assert_allclose(
            two.columns[two.value], one.columns[one.value], rtol=0, atol=1e-6
        )


def test_p_is_near_that_of_many_orders(decoder):
    # an image that is smooth, and means nothing
    mask = decoder.mask
    x, y, z = mask.xyz_mm.T
    image = np.sin(x / 17 + 1) + np.cos(y / 23) * np.sin(z / 19)
    found = decoder.decode(image, n_permutations=1000).columns
    p, drawn = found["p"], found["p_sampled"]
    assert (np.abs(p - drawn) <= 0.2 * drawn + 4 * np.sqrt(drawn / 2 / 1000)).all()
    assert (drawn > 0.05).any()


def test_the_amygdala(v7):
    mask = default_mask()
    inside = sphere_voxels([-22, -4, -18], 8, mask)
    found = RegionDecoder.of(v7, **TOPICS).decode(inside).table()
    assert found["term"][0] == AMYGDALA
    near = v7.select(near=[-22, -4, -18], radius_mm=8)
    for method in ("neurosynth", "brainmap"):
        table = decode_studies(v7, near, method=method, **TOPICS).table()
        assert table["term"][0] == AMYGDALA
        assert table["q"][0] < 1e-20

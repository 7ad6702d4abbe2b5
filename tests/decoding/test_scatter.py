"""An image against the map of a term, as a picture."""

import numpy as np
import pytest

from nimare_neurosynth.decoding import StoredDecoder, scatter
from nimare_neurosynth.errors import ImageError, NeurosynthWarning, UnknownTermError
from tests.decoding.test_fits import map_of


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


@pytest.fixture(scope="module")
def stored(small, made, block):
    named = {term: map_of(made, term, block) for term in small.terms}
    return StoredDecoder.load_imgs(named, block)


def test_values_are_the_map_of_an_analysis(made, small, block):
    for term in (small.terms[0], small.terms[-1]):
        expected = map_of(made, term, block)
        np.testing.assert_allclose(small.values(term), expected, rtol=1e-12, atol=1e-12)
        part = small.within(block.xyz_mm[:, 0] < 4)
        np.testing.assert_allclose(part.values(term), expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(UnknownTermError, match=r"no map of 'lable'.*Close matches"):
        small.values("lable")


@pytest.mark.parametrize("which", ["small", "stored"])
def test_the_picture_shows_what_was_correlated(request, which, noise):
    decoder = request.getfixturevalue(which)
    axes = scatter(decoder, noise[0], "labelb").axes[0]
    r = decoder.decode(noise[0]).table().set_index("term")["r"]["labelb"]
    [text] = axes.texts
    assert text.get_text() == f"r = {r:z.3f}\n{len(noise[0]):,} voxels"
    assert axes.get_xlabel() == "image_0"
    assert axes.get_ylabel() == "labelb (association z)"
    [line] = axes.lines
    ends = line.get_xdata()
    assert (min(ends), max(ends)) == pytest.approx((noise[0].min(), noise[0].max()))


def test_only_what_is_compared_is_drawn(small, block, noise):
    part = block.xyz_mm[:, 0] < 4
    decoder = small.within(part)
    r = decoder.decode(noise[0]).table().set_index("term")["r"]["labelb"]
    [text] = scatter(decoder, {"mine": noise[0]}, "labelb").axes[0].texts
    assert text.get_text() == f"r = {r:z.3f}\n{np.count_nonzero(part):,} voxels"


def test_what_cannot_be_drawn(small, noise):
    with pytest.raises(UnknownTermError, match="labelz"):
        scatter(small, noise[0], "labelz")
    with pytest.raises(ImageError, match="one image is needed to draw, got 3"):
        scatter(small, noise, "labelb")
    with pytest.raises(ImageError, match=r"no image file at no such\.nii"):
        scatter(small, "no such.nii", "labelb")


def test_each_voxel_is_drawn_where_image_and_map_are(small, made, block, noise):
    axes = scatter(small, noise[1], "labelc").axes[0]
    z = map_of(made, "labelc", block)
    [hexagons] = axes.collections
    counts = np.asarray(hexagons.get_array())
    assert counts.sum() == block.n_voxels
    where = hexagons.get_offsets()
    nearest = np.zeros(len(where), dtype=int)
    scale = np.ptp(np.c_[noise[1], z], axis=0)
    for point in zip(noise[1], z, strict=True):
        nearest[(((where - point) / scale) ** 2).sum(axis=1).argmin()] += 1
    assert np.corrcoef(nearest, counts)[0, 1] > 0.95
    slope, start = np.polyfit(noise[1], z, 1)
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(y, start + slope * np.asarray(x), rtol=1e-9)


@pytest.mark.parametrize("value", [0.0, 2.0])
def test_an_image_of_one_value_is_refused_by_its_name(small, block, value):
    with pytest.raises(ImageError, match="'flat' has the same value in all"):
        scatter(small, {"flat": np.full(block.n_voxels, value)}, "labelb")


def test_holes_are_told_of_and_drawn_as_decoded(small, noise):
    holes = noise[0].copy()
    holes[:9] = np.nan
    zeros = noise[0].copy()
    zeros[:9] = 0
    with pytest.warns(NeurosynthWarning, match="9 voxels of 'image_0'"):
        [text] = scatter(small, holes, "labelb").axes[0].texts
    [other] = scatter(small, zeros, "labelb").axes[0].texts
    assert text.get_text() == other.get_text()

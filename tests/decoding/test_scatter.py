"""An image against the map of a term, as a picture."""

import numpy as np
import pytest

from nimare_neurosynth.decoding import StoredDecoder, scatter
from nimare_neurosynth.errors import ImageError, UnknownTermError
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

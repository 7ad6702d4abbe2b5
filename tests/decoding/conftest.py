"""What the tests of decoding share: databases, and decoders made once."""

import numpy as np
import pytest

from nimare_neurosynth import load_demo
from nimare_neurosynth.decoding import MapDecoder
from nimare_neurosynth.space import Mask, default_mask
from tests.oracles import brain_block, random_database


@pytest.fixture(scope="session")
def demo():
    return load_demo()


@pytest.fixture(scope="session")
def few(demo):
    """Give a decoder of a few terms of the demo, in the brain at 4 mm."""
    whole = default_mask()
    affine = whole.affine.copy()
    affine[:3, :3] *= 2
    inside = whole.to_volume(np.ones(whole.n_voxels))[::2, ::2, ::2]
    mask = Mask.from_array(inside, affine)
    terms = ["emotion", "memory", "working memory", "response*", "flanker"]
    return MapDecoder.of(demo, terms, mask=mask)


@pytest.fixture(scope="session")
def emotion(demo, few):
    """Give the association map of emotion, as values at the voxels of the mask."""
    from nimare_neurosynth import meta_analysis

    return meta_analysis(demo, "emotion", mask=few.mask)["z_desc-association"]


@pytest.fixture(scope="session")
def made():
    """Give 120 made-up studies of six labels; two studies have no peaks."""
    return random_database()


@pytest.fixture(scope="session")
def block():
    """Give a small mask."""
    return brain_block((11, 13, 9))


@pytest.fixture(scope="session")
def small(made, block):
    """Give a decoder of the made-up studies in the small mask."""
    return MapDecoder.of(made, mask=block)


@pytest.fixture(scope="session")
def noise(block):
    """Give three random images in the small mask."""
    return np.random.default_rng(5).normal(0.3, 1, (3, block.n_voxels))

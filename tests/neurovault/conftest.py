"""A NeuroVault with a few collections, and a client of it with a cache of its own."""

import pytest

from nimare_neurosynth._http import Patience
from nimare_neurosynth.neurovault import NeuroVault
from tests.servers import TOKEN, blob, neurovault

HASTY = Patience(connect_seconds=2, read_seconds=0.4, attempts=3, pause_seconds=0.01)


@pytest.fixture(scope="session")
def blobs():
    """Give small images: four of z, beta and variance."""
    return [
        {
            "z": blob(i),
            "beta": blob(i + 10),
            "variance": blob(i + 20, positive=True),
        }
        for i in range(4)
    ]


@pytest.fixture
def fake():
    with neurovault() as server:
        yield server


@pytest.fixture
def vault(fake, tmp_path):
    return NeuroVault(fake.api, cache=tmp_path / "cache", patience=HASTY)


@pytest.fixture
def owner(fake, tmp_path):
    """Give a client that may send."""
    fake.add_collection(7)
    return NeuroVault(fake.api, token=TOKEN, cache=tmp_path / "cache", patience=HASTY)


@pytest.fixture
def filled(fake, blobs):
    """Four collections with z, beta and variance maps of one contrast each."""
    for i, images in enumerate(blobs):
        number = i + 1
        fake.add_collection(number)
        kinds = (("z", "Z map"), ("beta", "univariate-beta map"), ("variance",) * 2)
        for kind, map_type in kinds:
            fake.add_image(
                number,
                images[kind],
                name=f"pain > rest {kind} map",
                map_type=map_type,
                number_of_subjects=20 + i,
            )
    return fake

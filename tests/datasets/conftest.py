"""What the tests of public databases share: mirrors on this machine."""

import warnings

import pytest

from nimare_neurosynth.datasets import _fetch as door
from nimare_neurosynth.datasets import fetch
from nimare_neurosynth.errors import NeurosynthWarning


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch):
    patience = {"connect_seconds": 0.5, "attempts": 3, "pause_seconds": 0.01}
    little = door.replace(door._PATIENCE, **patience)
    monkeypatch.setattr(door, "_PATIENCE", little)


@pytest.fixture
def get(server, tmp_path):
    """Fetch from the server into a folder of the test's own."""

    def run(name, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NeurosynthWarning)
            return fetch(
                name,
                **{
                    "folder": tmp_path / "home",
                    "mirror": server.url,
                    "progress": False,
                    "timeout_seconds": 0.4,
                    **options,
                },
            )

    return run


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"

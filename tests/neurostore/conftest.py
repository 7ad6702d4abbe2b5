"""A client of the NeuroStore of this machine."""

import json
from dataclasses import replace

import pytest

from nimare_neurosynth.neurostore import NeuroStore
from tests.servers import QUICK, TOKEN


@pytest.fixture
def store(shop, quick):
    return quick(shop.base_url, TOKEN)


@pytest.fixture
def patient(shop, quick):
    """Give a store that waits for real studysets: on a busy machine these take long."""
    return quick(shop.base_url, TOKEN, read_seconds=30)


@pytest.fixture(scope="session")
def quick():
    def make(url, token=None, **patience):
        made = NeuroStore(url, token=token)
        made._server.patience = replace(QUICK, **patience)
        return made

    return make


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEUROSTORE_TOKEN", raising=False)


def load_real(server, shared_data, studyset, annotation):
    folder = shared_data / "neurostore"
    given = json.loads((folder / f"studyset_{studyset}.json").read_text())
    notes = json.loads((folder / f"annotation_{annotation}.json").read_text())
    server.load(given, notes)
    return given, notes

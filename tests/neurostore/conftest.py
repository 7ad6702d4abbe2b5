"""A NeuroStore of this machine, with a small studyset in it."""

import json
from dataclasses import replace

import pytest

from nimare_neurosynth.neurostore import NeuroStore
from tests.servers import TOKEN, serving_neurostore


def small_studyset(n=3):
    def point(i, k):
        return {
            "id": f"point{i}x{k:05d}",
            "coordinates": [float(i * 10), -52.5, 26.0 + k],
            "space": "MNI",
            "kind": "unknown",
            "values": [{"kind": "T", "value": 3.5 + k}],
        }

    def analysis(i, j):
        return {
            "id": f"analysis{i}{j:04d}",
            "name": f"contrast {j}",
            "description": None,
            "conditions": [],
            "weights": [],
            "points": [point(i, 2 * j + k) for k in range(2)],
            "images": [],
        }

    studies = [
        {
            "id": f"study{i:07d}",
            "name": f"Pain {i}",
            "authors": "A; B",
            "year": 2000 + i,
            "doi": f"10.1/{i}",
            "pmid": str(100 + i),
            "source": "neurosynth" if i else "neuroquery",
            "metadata": None,
            "analyses": [analysis(i, j) for j in range(i % 3)],
        }
        for i in range(n)
    ]
    return {"id": "set000000001", "name": "Pain", "doi": None, "studies": studies}


def small_annotation(studyset):
    notes = [
        {"study": s["id"], "analysis": a["id"], "note": {"included": k % 2 == 0}}
        for s in studyset["studies"]
        for k, a in enumerate(s["analyses"])
    ]
    return {
        "id": "note00000001",
        "name": "mine",
        "studyset": studyset["id"],
        "note_keys": {"included": {"type": "boolean", "order": 0, "default": None}},
        "notes": notes,
    }


@pytest.fixture
def shop():
    with serving_neurostore() as server:
        studyset = small_studyset()
        server.load(studyset, small_annotation(studyset))
        yield server


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
        made._server.patience = replace(PATIENCE, **patience)
        return made

    from nimare_neurosynth._http import Patience

    PATIENCE = Patience(
        connect_seconds=0.5,
        read_seconds=0.3,
        attempts=3,
        pause_seconds=0.005,
        longest_pause_seconds=0.1,
    )
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

"""What the tests of files share."""

import pytest


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("NIMARE_NEUROSYNTH_CACHE", str(folder))
    return folder

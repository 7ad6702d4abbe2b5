"""What the tests of public databases share: mirrors on this machine."""

import hashlib
import json
import shutil
import warnings
from io import BytesIO
from tarfile import TarInfo
from tarfile import open as open_tar

import pytest

from nimare_neurosynth.datasets import _fetch as door
from nimare_neurosynth.datasets import fetch
from nimare_neurosynth.errors import NeurosynthWarning
from nimare_neurosynth.space import nimare_resource

RELEASE = "nback_vs_flanker_studyset_2026-07"


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


@pytest.fixture
def small(toy_files, tmp_path, server):
    """Serve seven studies as Neurosynth's version 3, and give the folder of files."""
    folder = tmp_path / "source" / "neurosynth-3"
    folder.mkdir(parents=True)
    for path in toy_files.iterdir():
        if "LDA9" not in path.name and "topics" not in path.name:
            name = path.name.replace("data-toy_version-1", "data-neurosynth_version-3")
            shutil.copy(path, folder / name)
    serve_folder(server, folder)
    return folder


@pytest.fixture
def release(server):
    """Serve a release of NeuroStore: the studies that come with NiMARE."""
    return serve_release(server, "2026-07", release_archive())


def serve_folder(server, folder):
    for path in folder.iterdir():
        server.files[f"/{folder.name}/{path.name}"] = path.read_bytes()


def release_archive(*extra):
    """Pack the folder of tables as NeuroStore does; ``extra`` are (TarInfo, bytes)."""
    buffer = BytesIO()
    with open_tar(fileobj=buffer, mode="w:gz") as tar:
        tar.add(nimare_resource(RELEASE), arcname="neurostore-studyset-2026-07")
        for info, content in extra:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, BytesIO(content))
    return buffer.getvalue()


def serve_release(server, version, archive, **facts):
    """Serve an archive, and add it to the list of releases."""
    name = f"neurostore-studyset-{version}.tar.gz"
    server.files[f"/neurostore-{version}/{name}"] = archive
    path = "/neurostore/releases.json"
    listed = json.loads(server.files.get(path, b'{"results": []}'))["results"]
    entry = {
        "version": version,
        "release_type": "nightly" if version == "nightly" else "monthly",
        "built_at": "2026-07-01T00:00:00+00:00",
        "archive_name": name,
        "archive_checksum": hashlib.sha256(archive).hexdigest(),
        "download_path": f"/api/neurostore-studyset-releases/{version}/download",
        **facts,
    }
    listed = [one for one in listed if one["version"] != version]
    answer = {"metadata": {}, "results": [*listed, entry]}
    server.files[path] = json.dumps(answer).encode()
    return archive


def tar_entry(name, kind=None, target=""):
    info = TarInfo(name)
    if kind is not None:
        info.type, info.linkname = kind, target
    return info

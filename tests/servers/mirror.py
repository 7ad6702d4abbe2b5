"""What a mirror of public databases serves."""

import hashlib
import json
from io import BytesIO
from tarfile import TarInfo
from tarfile import open as open_tar

from nimare_neurosynth.space import nimare_resource

RELEASE = "nback_vs_flanker_studyset_2026-07"


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

"""A NeuroVault on this machine: collections in pages, small images, uploads."""

import json
from contextlib import contextmanager
from email import message_from_bytes
from gzip import compress
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import numpy as np

from tests.servers.faulty import FaultyServer
from tests.servers.neurostore import TOKEN

_DETAIL = {
    401: "Authentication credentials were not provided.",
    403: "You do not have permission to perform this action.",
    404: "Not found.",
}
_REQUIRED = ("name", "map_type", "modality")
_TYPES = {"Z": "Z map", "T": "T map", "U": "univariate-beta map", "V": "variance"}
_LEVELS = {"S": "single-subject", "G": "group", "M": "meta-analysis"}


def blob(seed=0, *, voxel_mm=4.0, positive=False, noise=0.1):
    """Make a NIfTI image of a smooth blob in MNI space, as gzipped bytes."""
    import nibabel as nib

    rng = np.random.default_rng(seed)
    shape = tuple(round(n * 2 / voxel_mm) for n in (91, 109, 91))
    affine = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine[:3, 3] = [-90.0, -126.0, -72.0]
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    xyz = grid @ affine[:3, :3].T + affine[:3, 3]
    distance = ((xyz - [-22.0, -4.0, -18.0]) ** 2).sum(axis=-1)
    values = 6 * np.exp(-distance / 400) + noise * rng.normal(size=shape)
    if positive:
        values = 0.5 + np.abs(values) / 10
    return compress(nib.Nifti1Image(values.astype("f4"), affine).to_bytes(), 1, mtime=0)


class FakeNeuroVault(FaultyServer):
    """Answers as NeuroVault's API does; ``answers`` make it go wrong."""

    def __init__(self):
        self.collections = {}
        self.images = {}
        self.page_size = 100
        self.repeat_token = False
        super().__init__()

    @property
    def api(self):
        return f"{self.url}/api"

    def add_collection(self, number, **facts):
        self.collections[number] = {
            "id": number,
            "name": f"Collection {number}",
            "DOI": "10.1/x",
            "authors": "A. Author",
            "journal_name": "Brain",
            "description": "Made up.",
            "private_token": None,
            **facts,
        }

    def add_image(self, collection, content=b"", **facts):
        number = max(self.images, default=100) + 1
        path = f"/media/images/{collection}/{number}.nii.gz"
        self.images[number] = {
            "id": number,
            "collection_id": collection,
            "name": f"image {number}",
            "map_type": "Z map",
            "analysis_level": "group",
            "number_of_subjects": 20,
            "is_thresholded": False,
            "not_mni": False,
            "target_template_image": "GenericMNI",
            "modality": "fMRI-BOLD",
            "description": "",
            "modify_date": "2020-01-01T00:00:00Z",
            "file": f"{self.url}{path}",
            **facts,
        }
        self.files[path] = content
        return number

    def respond(self, method, target, headers, body):
        request = SimpleNamespace(
            command=method, path=target, headers=headers, body=body
        )
        parts = target.partition("?")[0].strip("/").split("/")
        if parts[0] != "api":
            return super().respond(method, target, headers, body)
        status, answer = self._api(request, parts[1:])
        if status in _DETAIL and answer is None:
            answer = {"detail": _DETAIL[status]}
            if self.repeat_token:
                answer["detail"] += f" {request.headers.get('Authorization')}"
        return status, json.dumps(answer).encode()

    def _api(self, request, parts):
        kind, number = parts[0], int(parts[1]) if parts[1].isdecimal() else parts[1]
        known = self.collections if kind == "collections" else self.images
        if number not in known:
            return 404, None
        if len(parts) == 2:
            return 200, known[number]
        if request.command == "POST":
            return self._post(request, number)
        asked = parse_qs(urlsplit(request.path).query)
        limit = min(int(asked.get("limit", [100])[0]), 1000)
        offset = int(asked.get("offset", [0])[0])
        rows = [i for i in self.images.values() if i["collection_id"] == number]
        answer = {
            "count": len(rows),
            "next": "https://elsewhere.example/api/?offset=100",
            "previous": None,
            "results": rows[offset : offset + min(limit, self.page_size)],
        }
        return 200, answer

    def _post(self, request, number):
        given = request.headers.get("Authorization")
        if given is None:
            return 401, None
        if given != f"Token {TOKEN}":
            return 403, None
        form, file = _parts(request)
        missing = {k: ["This field is required."] for k in _REQUIRED if k not in form}
        if missing:
            return 400, missing
        form["map_type"] = _TYPES.get(form["map_type"], "Other")
        form["analysis_level"] = _LEVELS.get(form["analysis_level"], "other")
        made = self.add_image(number, file, **{"number_of_subjects": None, **form})
        return 201, self.images[made]


def _parts(request):
    """Read a form as it came: fields, and the bytes of the file."""
    kind = request.headers["Content-Type"].encode()
    message = message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + request.body)
    form, file = {}, b""
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if name == "file":
            file = content
        else:
            form[name] = content.decode()
    return form, file


@contextmanager
def neurovault():
    """Run a server for the time of a block."""
    server = FakeNeuroVault()
    try:
        yield server
    finally:
        server.close()

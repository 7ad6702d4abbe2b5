"""Whatever goes wrong on the way: all of it, or an error in time, and no half files."""

import gzip
import random
import time
import warnings
from contextlib import suppress

import pytest

from nimare_neurosynth.errors import NeurosynthError
from nimare_neurosynth.neurovault import NeuroVault
from tests.neurovault.conftest import HASTY
from tests.servers import TOKEN, Answer, blob

FAULTS = (
    lambda rng: Answer(cut=rng.randrange(2000)),
    lambda rng: Answer(cut=rng.randrange(200), hang=3),
    lambda _: Answer(garbage=True),
    lambda _: Answer(refuse=True),
    lambda rng: Answer(status=rng.choice([400, 404, 429, 500, 502, 503, 504])),
    lambda rng: Answer(instead=rng.randbytes(rng.randrange(300))),
    lambda _: Answer(instead=b'{"count": 3, "results": []}'),
    lambda rng: Answer(says=rng.randrange(1, 100_000)),
    lambda _: Answer(status=302, headers={"Location": "//evil.example/x"}),
    lambda rng: Answer(chunked=True, cut=rng.randrange(300)),
    lambda _: Answer(no_length=True),
    lambda _: Answer(),
)


@pytest.mark.parametrize("seed", range(12))
def test_getting(filled, vault, seed):
    rng = random.Random(seed)
    filled.answers["*"] = [rng.choice(FAULTS)(rng) for _ in range(rng.randrange(9))]
    begin = time.monotonic()
    with suppress(NeurosynthError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(vault.get(1).image_rows) == 3
    assert time.monotonic() - begin < 10
    for path in vault.cache.rglob("*.nii.gz"):
        image = int(path.name.split("-")[1])
        assert path.read_bytes() == filled.files[f"/media/images/1/{image}.nii.gz"]
    filled.answers.clear()
    assert len(vault.get(1).image_rows) == 3


@pytest.mark.parametrize("seed", range(12))
def test_sending(fake, tmp_path, seed):
    fake.add_collection(7)
    owner = NeuroVault(fake.api, token=TOKEN, cache=tmp_path, patience=HASTY)
    maps = {}
    for i in range(4):
        maps[f"map {i}"] = tmp_path / f"z_{i}.nii.gz"
        maps[f"map {i}"].write_bytes(blob(i, voxel_mm=12))
    rng = random.Random(seed)
    # the first, in which the list is asked for, is well
    faults = [rng.choice(FAULTS)(rng) for _ in range(rng.randrange(1, 7))]
    fake.answers["*"] = [Answer(), *faults]
    begin = time.monotonic()
    done = owner.push(maps, 7, dry_run=False)
    assert time.monotonic() - begin < 10
    names = {image["name"] for image in fake.images.values()}
    for item in done.items:
        if item.status in {"sent", "already there"}:
            assert item.name in names
        elif item.status in {"failed", "not tried"}:
            assert item.name not in names
        assert TOKEN not in str(item.to_dict())
    fake.answers.clear()
    assert not owner.push(maps, 7, dry_run=False).failed
    assert len(fake.images) == 4
    for image in fake.images.values():
        content = fake.files[f"/media/images/7/{image['id']}.nii.gz"]
        assert content == maps[image["name"]].read_bytes()
        assert gzip.decompress(content)

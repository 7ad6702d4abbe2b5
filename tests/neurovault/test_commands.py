"""``neurovault get``, ``decode`` and ``push`` on the command line."""

import json

import pytest

from tests.cli.conftest import run  # noqa: F401
from tests.servers import TOKEN, Answer, blob


@pytest.fixture
def call(run, fake, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("NIMARE_NEUROSYNTH_CACHE", str(tmp_path / "cache"))

    def called(command, *arguments):
        return run("neurovault", command, *arguments, "--server", fake.api)

    return called


def test_get(call, filled, tmp_path):
    out = tmp_path / "studyset.json"
    listed = call("get", 1, 2)
    assert listed.exit_code == 0
    assert not any(path.startswith("/media") for path in filled.paths)
    filled.requests.clear()
    result = call("get", 1, 2, "--out", out, "--json", "--timeout", 5)
    assert result.exit_code == 0, result.stderr
    assert len([path for path in filled.paths if path.endswith("/images/")]) == 2
    assert len(json.loads(result.stdout)) == 6
    document = json.loads(out.read_text())
    assert [s["id"] for s in document["studies"]] == ["neurovault-1", "neurovault-2"]
    only = call("get", 1, "--kind", "z", "--contrast", "pain=pain")
    assert "not of the kinds asked for" in only.stdout


def test_decode(call, filled, tmp_path):
    terms = ("--terms", "emotion", "--terms", "attention")
    result = call("decode", "demo", "image:101", *terms, "--json")
    assert result.exit_code == 0, result.stderr
    assert set(json.loads(result.stdout)["data"]["values"]) == {"emotion", "attention"}
    out = tmp_path / "terms.tsv"
    result = call("decode", "demo", "collection:1", *terms, "--out", out)
    assert result.stdout.count("image 10") == 3
    assert out.is_file()


def test_push(call, fake, tmp_path, monkeypatch):
    fake.add_collection(7)
    (tmp_path / "maps").mkdir()
    for i in range(2):
        (tmp_path / "maps" / f"z_{i}.nii.gz").write_bytes(blob(i, voxel_mm=12))
    monkeypatch.delenv("NEUROVAULT_TOKEN", raising=False)
    shown = call("push", tmp_path / "maps", 7, "--field", "modality=MEG", "--json")
    assert shown.exit_code == 0, shown.stderr
    plan = json.loads(shown.stdout)
    assert {item["fields"]["modality"] for item in plan["items"]} == {"MEG"}
    assert "Nothing was sent" in call("push", tmp_path / "maps", 7).stdout
    assert fake.requests == []
    assert "NEUROVAULT_TOKEN" in call("push", tmp_path / "maps", 7, "--send").stderr
    monkeypatch.setenv("NEUROVAULT_TOKEN", TOKEN)
    fake.answers["/api/collections/7/images/"] = [Answer(), Answer(status=400)]
    failed = call("push", tmp_path / "maps", 7, "--send")
    assert failed.exit_code == 1
    assert "1 of 2 items did not arrive" in failed.stderr
    done = call("push", tmp_path / "maps", 7, "--send")
    assert done.exit_code == 0
    assert "already there" in done.stdout
    assert len(fake.images) == 2
    assert TOKEN not in done.stdout + done.stderr + failed.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("get",), 2, "Missing argument"),
        (("get", "x y"), 2, "names no collection"),
        (("get", 99), 1, "404"),
        (("get", 1, "--contrast", "pain"), 2, "NAME=TEXT"),
        (("get", 1, "--level", "x"), 2, "levels"),
        (("decode", "demo", "atlas:1"), 2, "names no image"),
        (("push", "nosuch", 7), 1, "no image file"),
    ],
)
def test_wrong_calls(call, fake, arguments, status, message):
    fake.add_collection(1)
    result = call(*arguments)
    assert result.exit_code == status
    assert message in result.stderr
    assert "Traceback" not in result.stderr

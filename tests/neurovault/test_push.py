"""Maps to a collection: what the dry run shows is what arrives, once."""

import gzip
import hashlib
import json

import pytest

from nimare_neurosynth import load_demo, meta_analysis
from nimare_neurosynth.errors import (
    FormatError,
    ImageError,
    NetworkError,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.neurovault import NeuroVault
from tests.servers import TOKEN, Answer, blob

SENT = "/api/collections/7/images/"
NAMES = ["z_desc-association", "prob_desc-FgA"]


@pytest.fixture(scope="module")
def maps():
    return meta_analysis(load_demo(), "emotion")


@pytest.fixture
def folder(tmp_path):
    """Five images, one of them with a sidecar."""
    home = tmp_path / "maps"
    home.mkdir()
    for i in range(5):
        (home / f"z_{i}.nii.gz").write_bytes(blob(i))
    (home / "z_0.json").write_text(json.dumps({"query": "pain", "methods": "So."}))
    return home


def _posts(fake):
    return [body for command, body in fake.sent if command == "POST"]


def test_a_dry_run_asks_nobody_and_shows_all(fake, maps, tmp_path):
    plan = NeuroVault(fake.api, cache=tmp_path).push(maps, 7, names=NAMES)
    assert fake.requests == []
    shown = plan.to_dict()
    assert shown["dry_run"]
    assert shown["post"] == f"{fake.api}/collections/7/images/"
    first = shown["items"][0]
    assert first["name"] == "emotion: z_desc-association"
    fields = first["fields"]
    assert fields["map_type"] == "Z"
    assert fields["analysis_level"] == "M"
    assert fields["target_template_image"] == "GenericMNI"
    assert '"query": "emotion"' in fields["description"]
    assert fields["description"].startswith("A coordinate-based meta-analysis")
    assert shown["items"][1]["fields"]["map_type"] == "Other"
    json.dumps(shown)
    assert len(plan.table()) == 2


def test_what_arrives_is_what_was_shown(fake, owner, maps):
    plan = owner.push(maps, 7, names=NAMES)
    done = owner.push(plan, 7, dry_run=False)
    assert [item.status for item in done.items] == ["sent", "sent"]
    assert done.raise_if_failed() is done
    assert "0 failed" in repr(done)
    for item in plan.items:
        (image,) = [i for i in fake.images.values() if i["name"] == item.name]
        content = fake.files[f"/media/images/7/{image['id']}.nii.gz"]
        assert hashlib.sha256(content).hexdigest() == item.sha256
        assert len(content) == item.n_bytes
        assert image["description"] == item.fields["description"]
        for key in ("modality", "target_template_image"):
            assert image[key] == item.fields[key]
        assert f'filename="{item.file_name}"'.encode() in b"".join(_posts(fake))
    # a second dry run, and sending without one, give the same
    assert [i.sha256 for i in owner.push(maps, 7, names=NAMES).items] == [
        i.sha256 for i in plan.items
    ]
    again = owner.push(maps, 7, names=NAMES, dry_run=False)
    assert [item.status for item in again.items] == ["already there"] * 2
    assert len(_posts(fake)) == 2


def test_a_file_that_has_changed_is_not_sent(fake, owner, folder):
    plan = owner.push(folder, 7)
    (folder / "z_3.nii.gz").write_bytes(blob(99))
    with pytest.raises(FormatError, match="changed"):
        owner.push(plan, 7, dry_run=False)


def test_files_and_fields(owner, folder):
    plan = owner.push(folder, 7, fields={"modality": "PET FDG", "map_type": "T"})
    assert [item.name for item in plan.items][:2] == ["pain: z_0", "z_1"]
    assert {item.fields["modality"] for item in plan.items} == {"PET FDG"}
    assert {item.fields["map_type"] for item in plan.items} == {"T"}
    levels = [item.fields["analysis_level"] for item in plan.items]
    assert levels == ["M", "Other", "Other", "Other", "Other"]
    one = owner.push({"My map": folder / "z_1.nii.gz"}, 7)
    assert one.items[0].name == "My map"
    assert owner.push([folder / "z_1.nii.gz"], 7).items[0].file_name == "z_1.nii.gz"
    assert len(owner.push(folder, 7, names=["z_1", "z_2"]).items) == 2


def test_a_result_of_nimare(fake, owner):
    import numpy as np
    from nimare.results import MetaResult

    from nimare_neurosynth.estimators import NeurosynthChi2
    from nimare_neurosynth.space import default_mask

    mask = default_mask()
    values = np.linspace(-3, 3, mask.n_voxels).astype("f4")
    result = MetaResult(
        NeurosynthChi2(),
        mask=mask.to_image(np.ones(mask.n_voxels, "u1")),
        maps={"z_desc-association": values, "p_desc-association": values * 0 + 0.5},
        description="We did it.",
    )
    plan = owner.push(result, 7)
    assert [i.fields["map_type"] for i in plan.items] == ["Z", "P"]
    assert plan.items[0].fields["description"].startswith("We did it.")
    assert "/" not in json.dumps(
        json.loads(plan.items[0].fields["description"].split("\n\n")[1])
    )
    done = owner.push(plan, 7, dry_run=False)
    assert not done.failed
    assert gzip.decompress(plan.items[0].content())
    with pytest.raises(OptionError, match="Close matches"):
        owner.push(result, 7, names=["z_desc-asociation"])


def test_going_on_after_a_failure(fake, owner, folder):
    fake.answers[SENT] = [Answer(), Answer(), Answer(status=400), Answer(status=413)]
    first = owner.push(folder, 7, dry_run=False)
    statuses = [item.status for item in first.items]
    assert statuses == ["sent", "failed", "failed", "sent", "sent"]
    with pytest.raises(NetworkError, match="2 of 5 items did not arrive") as caught:
        first.raise_if_failed()
    assert "z_1: failed" in str(caught.value)
    second = owner.push(folder, 7, dry_run=False)
    statuses = [item.status for item in second.items]
    assert statuses == ["already there", "sent", "sent"] + ["already there"] * 2
    assert len(fake.images) == 5


@pytest.mark.parametrize("fault", [Answer(cut=0), Answer(cut=9), Answer(garbage=True)])
def test_an_answer_that_is_lost(fake, owner, folder, fault):
    """The image may have arrived nevertheless: never twice, never said wrongly."""
    fake.answers[SENT] = [Answer(), Answer(), fault]
    done = owner.push(folder, 7, dry_run=False)
    arrived = len(fake.images)
    assert sum(item.status == "sent" for item in done.items) == arrived
    assert arrived == (4 if fault.garbage else 5)
    again = owner.push(folder, 7, dry_run=False)
    assert not again.failed
    assert len(fake.images) == 5


def test_a_server_that_is_gone_is_not_asked_for_each_item(fake, owner, folder):
    fake.answers[SENT] = [Answer(), *[Answer(status=503)] * 30]
    done = owner.push(folder, 7, dry_run=False)
    statuses = [item.status for item in done.items]
    assert statuses == ["failed", *["not tried"] * 4]
    assert len(_posts(fake)) == 3


@pytest.mark.parametrize("status", [401, 403, 404])
def test_no_permission(fake, owner, folder, status):
    fake.answers[SENT] = [Answer(), Answer(status=status)]
    done = owner.push(folder, 7, dry_run=False)
    assert [item.status for item in done.items] == ["failed", *["not tried"] * 4]
    assert str(status) in done.items[0].message
    assert TOKEN not in str(done.to_dict())


def test_redirects_of_uploads_are_not_followed(fake, owner, folder):
    away = Answer(status=307, headers={"Location": "https://evil.example/"})
    fake.answers[SENT] = [Answer(), away]
    done = owner.push(folder, 7, dry_run=False)
    assert done.items[0].status == "failed"
    assert "refused" in done.items[0].message


def test_without_a_token(fake, folder, tmp_path, monkeypatch):
    monkeypatch.delenv("NEUROVAULT_TOKEN", raising=False)
    with pytest.raises(OptionError, match="NEUROVAULT_TOKEN"):
        NeuroVault(fake.api, cache=tmp_path).push(folder, 7, dry_run=False)
    assert fake.requests == []


def test_the_journal_alone_is_enough(fake, owner, folder, tmp_path):
    journal = tmp_path / "here" / "journal.json"
    owner.push(folder, 7, dry_run=False, journal=journal)
    for image in fake.images.values():
        image["description"] = "edited on the web"
    again = owner.push(folder, 7, dry_run=False, journal=journal)
    assert {item.status for item in again.items} == {"already there"}
    assert TOKEN not in journal.read_text()
    # what was deleted there may be sent again, and a damaged journal is no trouble
    fake.images.popitem()
    journal.write_text(journal.read_text())
    third = owner.push(folder, 7, dry_run=False, journal=journal)
    assert [item.status for item in third.items][-1] == "sent"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', "[" * 100_000])
def test_a_damaged_journal(fake, owner, folder, tmp_path, text):
    journal = tmp_path / "journal.json"
    journal.write_text(text)
    done = owner.push(folder, 7, dry_run=False, journal=journal)
    assert not done.failed


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"fields": {"map_type": "Z map"}}, "map_type"),
        ({"fields": {"analysis_level": "group"}}, "analysis_level"),
        ({"fields": {"file": "x"}}, "file"),
        ({"fields": {"modality": 1}}, "texts"),
        ({"names": ["nosuch"]}, "nosuch"),
    ],
)
def test_wrong_options(owner, folder, options, match):
    with pytest.raises(OptionError, match=match):
        owner.push(folder, 7, **options)


def test_wrong_maps(owner, folder, maps, tmp_path):
    (folder / "bad.nii.gz").write_bytes(b"no image")
    with pytest.raises(ImageError, match="bad"):
        owner.push(folder, 7)
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / "empty", tmp_path / "nosuch", [tmp_path]):
        with pytest.raises(ImageError):
            owner.push(wrong, 7)
    with pytest.raises(OptionError, match="maps must be"):
        owner.push(7, 7)
    with pytest.raises((OptionError, UnknownTermError)):
        owner.push(maps, 7, names=["nosuch"])
    plan = owner.push(maps, 7, names=NAMES)
    with pytest.raises(OptionError, match="planned for"):
        owner.push(plan, 8)
    with pytest.raises(OptionError, match="as it is"):
        owner.push(plan, 7, names=NAMES)
    (folder / "bad.nii.gz").write_bytes(blob(0))
    (folder / "z_0.json").write_text("[")
    with pytest.raises(FormatError, match=r"z_0\.json"):
        owner.push(folder, 7)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"id": "x"}', b"<html>", b'{"id": -1}']
)
def test_answers_that_confirm_nothing(fake, owner, folder, body):
    fake.answers[SENT] = [Answer(), Answer(instead=body)]
    done = owner.push(folder, 7, dry_run=False)
    # the image did arrive, and the list says so
    assert done.items[0].status == "sent"
    assert len(fake.images) == 5

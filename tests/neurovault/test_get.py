"""Collections and images: everything, checked, and ready for NiMARE."""

import gzip
import hashlib
import json
import warnings

import pytest

from nimare_neurosynth.errors import (
    ImageError,
    NetworkError,
    NeurosynthWarning,
    OptionError,
)
from nimare_neurosynth.neurovault import NeuroVault, choose
from tests.servers import TOKEN, Answer, blob

IMAGES = "/api/collections/1/images/"


def test_all_pages(fake, vault):
    fake.add_collection(1)
    for i in range(250):
        fake.add_image(1, number_of_subjects=i or None)
    table = vault.images(1)
    assert len(table) == 250
    assert table["image"].is_unique
    assert fake.paths.count(IMAGES) == 3
    assert table["n_subjects"].isna().sum() == 1
    assert set(table["kind"]) == {"z"}


def test_a_server_with_smaller_pages_than_asked_for(fake, vault):
    fake.add_collection(1)
    fake.page_size = 7
    for _ in range(20):
        fake.add_image(1)
    assert len(vault.images("https://neurovault.org/collections/1/")) == 20


@pytest.mark.parametrize(
    "body",
    [
        {"count": 9, "results": []},
        {"count": 3, "results": [{"id": 1}, {"id": 1}, {"id": 1}]},
        {"count": -1, "results": []},
        {"count": True, "results": []},
        {"count": 1 << 40, "results": []},
        {"count": 1, "results": {}},
        {"count": 1, "results": ["x"]},
        {"count": 1, "results": [{"id": "../../etc/passwd"}]},
        {"results": []},
        [],
        "text",
        None,
    ],
)
def test_lists_that_are_none_or_not_complete(fake, vault, body):
    fake.always[IMAGES] = Answer(instead=json.dumps(body).encode())
    with pytest.raises(NetworkError):
        vault.images(1)
    assert len(fake.requests) < 5


def test_a_collection(fake, vault):
    fake.add_collection(3, name="Pain\x1b[2J", DOI=None, authors=["a"])
    facts = vault.collection(3)
    assert facts["name"] == "Pain\\x1b[2J"
    assert (facts["doi"], facts["authors"]) == ("", "")
    assert facts["url"] == f"{fake.url}/collections/3/"


@pytest.mark.parametrize("wrong", ["../1", "1/../2", "", "a b", -1, 1.5, True, "é"])
def test_no_collections(vault, wrong):
    with pytest.raises(OptionError):
        vault.collection(wrong)


def test_a_studyset_for_nimare(filled, vault):
    from nimare.meta.ibma import DerSimonianLaird, Stouffers

    studyset = vault.get([1, 2, 3])
    rows = studyset.image_rows
    assert sorted(set(rows["value_type"])) == ["beta", "varcope", "z"]
    assert set(rows["space"]) == {"MNI"}
    assert len(studyset.images) == 3
    mask = _mask()
    for estimator in (
        Stouffers(use_sample_size=True, mask=mask),
        DerSimonianLaird(mask=mask),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            z = estimator.fit(studyset).get_map("z")
        assert z.get_fdata().max() > 3


def _mask():
    """Give a mask on the grid of the images: nothing has to be resampled."""
    from io import BytesIO

    import nibabel as nib
    import numpy as np

    with gzip.open(BytesIO(blob())) as stream:
        image = nib.Nifti1Image.from_bytes(stream.read())
    inside = np.zeros(image.shape, "u1")
    inside[10:25, 25:40, 8:20] = 1
    return nib.Nifti1Image(inside, image.affine)


def test_files_have_our_names_and_their_hashes(filled, vault, blobs, tmp_path):
    name = "image-x/../../../evil.nii.gz"
    path = "/media/images/1/..%2F..%2Fevil.nii.gz"
    filled.files[path] = blobs[0]["z"]
    filled.images[101] |= {"name": name, "file": f"{filled.url}{path}"}
    studyset = vault.get(1, kinds=["z"])
    document = studyset.to_dict()
    (image,) = document["studies"][0]["analyses"][0]["images"]
    folder = tmp_path / "cache" / "downloads" / "127.0.0.1" / "collection-1"
    (file,) = folder.glob("*.nii.gz")
    assert file.name.startswith("image-101-")
    assert image["filename"] == str(file)
    sha256 = hashlib.sha256(blobs[0]["z"]).hexdigest()
    assert json.loads((folder / "hashes.json").read_text())[file.name] == sha256
    assert image["metadata"]["sha256"] == sha256


def test_the_second_time_nothing_is_downloaded(filled, vault):
    vault.get(1)
    before = len([p for p in filled.paths if p.startswith("/media")])
    vault.get(1)
    assert len([p for p in filled.paths if p.startswith("/media")]) == before == 3
    # the owner has replaced an image
    filled.images[101]["modify_date"] = "2026-01-01T00:00:00Z"
    vault.get(1)
    assert len([p for p in filled.paths if p.startswith("/media")]) == before + 1


def test_what_is_left_out_is_said(filled, vault):
    filled.add_image(1, map_type="F map")
    filled.add_image(1, analysis_level="single-subject")
    filled.add_image(1, not_mni=True)
    filled.add_image(1, is_thresholded=True)
    filled.add_image(1, file=f"{filled.url}/media/left.gii")
    filled.add_image(1, filled.files["/media/images/1/101.nii.gz"], name="rest z")
    filled.images[107]["number_of_subjects"] = "many"
    with pytest.warns(NeurosynthWarning) as told:
        studyset = vault.get(1)
    said = "\n".join(str(w.message) for w in told)
    assert "5 of 9 images are left out" in said
    for reason in ("F map", "single-subject", "not MNI", "thresholded", "no volume"):
        assert reason in said
    assert "sample size" not in said
    assert [a["name"] for a in studyset.to_dict()["studies"][0]["analyses"]] == [
        "pain > rest",
        "rest",
    ]


def test_unknown_sample_sizes_are_said(filled, vault):
    filled.images[101]["number_of_subjects"] = None
    with pytest.warns(NeurosynthWarning, match="sample size of 1 of 1 images"):
        vault.get(1, kinds=["z"])


def test_contrasts(filled, vault):
    filled.add_image(1, name="pain > rest z map, smoothed")
    table = choose(vault.images([1, 2]), contrasts={"pain": "pain.*rest"})
    assert list(table["analysis"]) == ["pain"] * 3 + [""] + ["pain"] * 3
    assert table["left_out"][3].startswith("a further z map")
    with pytest.raises(OptionError, match="regular expression"):
        vault.get(1, contrasts={"pain": "("})
    with pytest.raises(ImageError, match="3: of none of the contrasts"):
        vault.get(2, contrasts={"x": "nothing like it"})


@pytest.mark.parametrize(
    ("option", "value"),
    [("levels", "group"), ("levels", ["x"]), ("kinds", []), ("max_bytes", 0)],
)
def test_wrong_options(filled, vault, option, value):
    with pytest.raises(OptionError, match=option):
        vault.get(1, **{option: value})


def test_too_large(filled, vault, tmp_path):
    with pytest.raises(NetworkError, match="at most 100 were expected") as caught:
        vault.get(1, max_bytes=100)
    assert "3 of 3 images" in str(caught.value)
    assert list((tmp_path / "cache").rglob("*.nii.gz")) == []


def test_files_that_are_no_images(filled, vault, tmp_path):
    filled.files["/media/images/1/101.nii.gz"] = b"<html>login</html>"
    filled.files["/media/images/1/102.nii.gz"] = b"\x1f\x8b" + b"\x00" * 999
    with pytest.warns(NeurosynthWarning, match="2 of 3 images cannot be used"):
        studyset = vault.get(1, skip_failed=True)
    assert studyset.get_images("varcope") is not None
    assert len(list((tmp_path / "cache").rglob("*.nii.gz"))) == 1
    with pytest.raises(NetworkError, match="image 101"):
        vault.get(1)


def test_an_image_of_nothing(filled, vault):
    filled.files["/media/images/1/101.nii.gz"] = _zeros()
    with pytest.raises(NetworkError, match="no values other than 0"):
        vault.get(1, kinds=["z"])


def _zeros():
    data = bytearray(gzip.decompress(blob()))
    data[352:] = bytes(len(data) - 352)
    return gzip.compress(bytes(data))


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/x.nii.gz", "file:///etc/x.nii.gz", "ftp://127.0.0.1/x.nii"],
)
def test_files_elsewhere_are_refused(filled, vault, elsewhere):
    filled.images[101]["file"] = elsewhere
    with pytest.raises(NetworkError, match="refused"):
        vault.get(1, kinds=["z"])


def test_a_relative_address_of_a_file(filled, vault):
    filled.images[101]["file"] = "/media/images/1/101.nii.gz"
    assert len(vault.get(1, kinds=["z"]).image_rows) == 1


def test_redirects_elsewhere_are_refused_and_get_no_token(filled, owner):
    away = Answer(status=302, headers={"Location": "https://evil.example/x"})
    filled.always[IMAGES] = away
    with pytest.raises(NetworkError, match="refused"):
        owner.images(1)
    filled.always[IMAGES] = Answer()
    filled.always["/media/images/1/101.nii.gz"] = away
    with pytest.raises(NetworkError, match="refused"):
        owner.get(1, kinds=["z"])
    sent = [h for p, h in filled.requests if p.startswith("/media")]
    assert sent
    assert all("Authorization" not in headers for headers in sent)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 429, 500, 503])
def test_every_status_is_an_error_that_says_it(fake, vault, status):
    fake.always[IMAGES] = Answer(status=status)
    with pytest.raises(NetworkError, match=str(status)):
        vault.images(1)


def test_a_limit_of_requests_is_waited_for(filled, vault):
    filled.answers[IMAGES] = [Answer(status=429, headers={"Retry-After": "0"})]
    assert len(vault.images(1)) == 3
    filled.answers[IMAGES] = [Answer(status=429, headers={"Retry-After": "7200"})]
    with pytest.raises(NetworkError, match="7,200 seconds"):
        vault.images(1)


@pytest.mark.parametrize(
    "fault",
    [
        Answer(cut=40),
        Answer(hang=5, cut=40),
        Answer(garbage=True),
        Answer(refuse=True),
        Answer(drip=0.2),
        Answer(status=502),
        Answer(chunked=True, cut=40),
    ],
    ids=["cut", "hang", "garbage", "refuse", "drip", "502", "chunked"],
)
def test_bad_connections_are_tried_again(filled, vault, fault):
    filled.answers[IMAGES] = [fault]
    filled.answers["/media/images/1/101.nii.gz"] = [fault]
    assert len(vault.get(1, kinds=["z"]).image_rows) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://neurovault.org/api",
        "ftp://neurovault.org",
        "neurovault.org",
        "https://me:secret@neurovault.org/api",
        "https://x:y/api",
        "",
    ],
)
def test_addresses_of_servers(url):
    with pytest.raises(OptionError, match="base_url") as caught:
        NeuroVault(url)
    assert "secret" not in str(caught.value)


def test_a_token_is_never_seen(fake, owner, monkeypatch, tmp_path, caplog):
    import logging
    import pickle

    monkeypatch.setenv("NEUROVAULT_TOKEN", TOKEN)
    caplog.set_level(logging.DEBUG)
    fake.repeat_token = True
    fake.always["/api/collections/9/"] = Answer(
        status=403, instead=f'{{"detail": "bad: Token {TOKEN}"}}'.encode()
    )
    errors = []
    for one in (owner, NeuroVault(fake.api)):
        for number in (8, 9):
            with pytest.raises(NetworkError) as caught:
                one.collection(number)
            errors.append(str(caught.value) + repr(caught.value))
        errors += [repr(one), repr(vars(one))]
    with pytest.raises(TypeError):
        pickle.dumps(owner)
    asked = [h.get("Authorization") for _, h in fake.requests]
    assert set(asked) == {f"Token {TOKEN}"}
    assert TOKEN not in "".join(errors) + caplog.text
    assert all(TOKEN not in p.read_text("latin-1") for p in _files(tmp_path))


def _files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "ü"])
def test_tokens_that_are_none(fake, token):
    with pytest.raises(OptionError, match="token"):
        NeuroVault(fake.api, token=token)

"""Searching and getting, from good servers and bad ones."""

import json
import time

import pytest

from nimare_neurosynth import read_database
from nimare_neurosynth.errors import NetworkError, OptionError, RefusedError
from nimare_neurosynth.neurostore import NeuroStore
from tests.neurostore.conftest import load_real
from tests.servers import (
    TOKEN,
    Answer,
    release_archive,
    serve_release,
    small_studyset,
)


def test_search_by_everything(store):
    assert list(store.search()["name"]) == ["Pain 0", "Pain 1", "Pain 2"]
    assert list(store.search("pain 1")["year"]) == [2001]
    assert list(store.search(year_min=2001, year_max=2001)["doi"]) == ["10.1/1"]
    found = store.search(source="neurosynth")
    assert list(found["id"]) == ["study0000001", "study0000002"]
    near = store.search(near=(20, -52.5, 29), radius_mm=1)
    assert list(near["versions"]) == ["study0000002"]
    assert store.search("nothing like it").empty
    assert len(store.search(limit=2)) == 2


def test_all_pages_come_once(shop, store):
    shop.load(small_studyset(257))
    shop.max_page = 40  # fewer than were asked for
    found = store.search(source="neurosynth", limit=None)
    assert len(found) == found["id"].nunique() == 256
    assert len(store.search(source="neurosynth", limit=55)) == 55


def test_pages_that_never_end_or_lack_some(shop, store):
    page = {"metadata": {"total_count": 10**9}, "results": [{"id": "a"}, {"id": 3}]}
    shop.files["/api/studies/"] = json.dumps(page).encode()
    with pytest.raises(NetworkError, match="counts 1,000,000,000 results"):
        store.search(source="x", limit=None)
    assert len(shop.requests) < 5
    for bad in (b'{"results": 3}', b'{"results": [1]}', b"[]", b"{}", b"no"):
        shop.files["/api/studies/"] = bad
        with pytest.raises(NetworkError):
            store.search(source="x")


def test_odd_rows_are_taken_as_far_as_they_are_right(shop, store):
    row = {"id": "a", "name": {"x": 1}, "year": "1999", "authors": 7, "doi": None}
    page = {"results": [row, {**row, "id": "b", "year": True, "name": "x" * 10**6}]}
    shop.files["/api/base-studies/"] = json.dumps(page).encode()
    found = store.search()
    assert list(found["id"]) == ["a", "b"]
    assert found["year"].isna().all()
    assert len(found["name"][1]) == 10_000


@pytest.mark.parametrize(
    "wrong",
    [
        {"near": (1, 2)},
        {"near": (1, 2, float("nan"))},
        {"near": (1, 2, 3), "radius_mm": 0},
        {"limit": 0},
        {"source": "x", "near": (1, 2, 3)},
    ],
)
def test_searches_that_cannot_be(store, wrong):
    with pytest.raises(OptionError):
        store.search(**wrong)


def test_a_studyset_in_all_forms(store, tmp_path):
    given = small_studyset()
    document = store.get("set000000001", as_="document", annotation="all")
    assert document["studies"] == given["studies"]
    assert [a["id"] for a in document["annotations"]] == ["note00000001"]
    database = store.get("set000000001", annotation="note00000001")
    assert (database.n_studies, list(database.label_sets)) == (3, ["mine"])
    assert len(store.get("set000000001", as_="studyset").coordinates) == 6
    assert not store.get("set000000001").label_sets
    path = store.save("set000000001", tmp_path / "new" / "a.json")
    saved = read_database(path)
    assert (saved.n_studies, list(saved.label_sets)) == (3, ["mine"])


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 500])
def test_refusals_are_told(shop, store, status):
    shop.always["*"] = Answer(status=status, instead=b'{"detail": "because of it"}')
    with pytest.raises(NetworkError, match="because of it"):
        store.get("set000000001")
    with pytest.raises(NetworkError) as caught:
        store.search("pain")
    assert TOKEN not in str(caught.value)
    assert isinstance(caught.value, RefusedError) == (status < 500)


def test_what_is_no_studyset_is_refused(shop, store):
    place = "/api/studysets/set000000001"
    for bad in (
        {"id": "other", "studies": []},
        {"id": "set000000001"},
        {"id": "set000000001", "studies": ["a"]},
        [],
    ):
        shop.files[place] = json.dumps(bad).encode()
        with pytest.raises(NetworkError):
            store.get("set000000001")
    del shop.files[place]
    shop.kept["annotations"]["note00000001"]["studyset"] = "other"
    with pytest.raises(NetworkError, match="of another studyset"):
        store.get("set000000001", annotation="note00000001")
    listed = {"results": [{"id": "../../x"}]}
    shop.files["/api/annotations/"] = json.dumps(listed).encode()
    with pytest.raises(OptionError, match="no id of an annotation"):
        store.get("set000000001", annotation="all")


def test_ids_and_names_that_cannot_be(store):
    for bad in ("", "../users", "a/b", "a?b", "x" * 41, None):
        with pytest.raises(OptionError, match="is no id of a studyset"):
            store.get(bad)
    with pytest.raises(OptionError, match=r"ends in \.json"):
        store.save("set000000001", "a.txt")
    with pytest.raises(OptionError, match="as_ must be one of"):
        store.get("set000000001", as_="table")


@pytest.mark.parametrize(
    "bad",
    [Answer(cut=30), Answer(refuse=True), Answer(garbage=True), Answer(cut=9, hang=5)],
)
def test_bad_connections_are_got_over_or_told_in_time(shop, store, tmp_path, bad):
    shop.answers["*"] = [bad]
    assert store.get("set000000001").n_studies == 3
    shop.always["*"] = bad
    start = time.monotonic()
    with pytest.raises(NetworkError):
        store.save("set000000001", tmp_path / "a.json")
    assert time.monotonic() - start < 3
    assert not (tmp_path / "a.json").exists()


def test_redirects_to_other_hosts_are_refused(shop, store):
    shop.always["*"] = Answer(status=302, headers={"Location": "http://localhost:1/"})
    with pytest.raises(NetworkError, match="another host"):
        store.get("set000000001")


def test_releases_with_their_hashes(shop, store, tmp_path):
    archive = release_archive()
    serve_release(shop, "2026-06", archive)
    serve_release(shop, "2026-07", archive)
    shop.files["/api/neurostore-studyset-releases/"] = shop.files[
        "/neurostore/releases.json"
    ]
    for version in ("2026-06", "2026-07"):
        place = f"/api/neurostore-studyset-releases/{version}/download"
        shop.files[place] = archive
    found = store.releases()
    assert list(found["version"]) == ["2026-07", "2026-06"]
    assert found["sha256"].str.len().eq(64).all()
    shop.answers["/api/neurostore-studyset-releases/2026-07/download"] = [
        Answer(cut=1000)
    ]
    path = store.download(folder=tmp_path / "here", progress=False)
    assert path.read_bytes() == archive
    assert [p.name for p in (tmp_path / "here").iterdir()] == [path.name]
    shop.files[place.replace("07", "06")] = archive[:-1] + b"x"
    with pytest.raises(Exception, match="SHA-256"):
        store.download("2026-06", tmp_path / "here", progress=False)
    assert [p.name for p in (tmp_path / "here").iterdir()] == [path.name]


def test_the_token_is_nowhere(shop, monkeypatch):
    monkeypatch.setenv("NEUROSTORE_TOKEN", TOKEN)
    store = NeuroStore(shop.base_url)
    assert TOKEN not in repr(store) + repr(vars(store)) + repr(store._server)
    for bad in (
        "http://neurostore.org/api",
        "ftp://x",
        "https://u:p@x/",
        "",
        "http://[",
    ):
        with pytest.raises(OptionError) as caught:
            NeuroStore(bad)
        assert "u:p" not in str(caught.value)
    with pytest.raises(OptionError, match="timeout_seconds"):
        NeuroStore(timeout_seconds=0)


@pytest.mark.parametrize(
    ("studyset", "annotation"),
    [("ToisksSserJp", "CeQLLXWepB3J"), ("5ncCB9bMbipk", "5ptYJfATQy5m")],
)
def test_real_exports_come_as_they_are(
    shop, patient, shared_data, studyset, annotation
):
    given, _ = load_real(shop, shared_data, studyset, annotation)
    database = patient.get(studyset, annotation="all")
    assert database.n_studies == len(given["studies"])
    assert len(database.peaks) == sum(
        len(a["points"]) for s in given["studies"] for a in s["analyses"]
    )

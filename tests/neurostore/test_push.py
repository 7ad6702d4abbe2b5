"""Pushing: what is shown is what is sent, and nothing is sent twice."""

import json
from copy import deepcopy

import pytest

from nimare_neurosynth import Database
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.neurostore import UnfinishedPushError
from nimare_neurosynth.neurostore._payload import whole
from tests.neurostore.conftest import load_real
from tests.servers import TOKEN, Answer, small_annotation, small_studyset

SET, NOTES = "set000000001", "note00000001"


def own_parts(document):
    """Take what is sent of a document, without ids and what the server adds."""

    def clean(value):
        if isinstance(value, dict):
            kept = {k: clean(v) for k, v in value.items() if k not in SERVERS_OWN}
            return {k: v for k, v in kept.items() if v not in (None, [], {})}
        if isinstance(value, list):
            return [own for own in map(clean, value) if own != {}]
        return value

    return [clean(study) for study in document["studies"]]


SERVERS_OWN = {
    "id",
    "user",
    "created_at",
    "updated_at",
    "source",
    "source_id",
    "source_updated_at",
    "order",
}


def filled(value, ids):
    """Put ids in the place of what the dry run shows for them."""
    if isinstance(value, str) and value.startswith("<id of "):
        return ids[value.removeprefix("<id of ").removesuffix(">")]
    if isinstance(value, dict):
        return {k: filled(v, ids) for k, v in value.items()}
    return [filled(v, ids) for v in value] if isinstance(value, list) else value


def ids_of(account):
    items = json.loads(account.journal.read_text())["items"]
    return {key: own["id"] for key, own in items.items()}


def check_sent_is_shown(shop, shown, done):
    ids = ids_of(done)
    expected = [
        (e.method, "/".join(filled(e.path.split("/"), ids)), filled(e.body, ids))
        for e in shown
    ]
    assert shop.received == expected
    assert shop.received == [(e.method, e.path, e.body) for e in done]


def test_a_new_studyset_arrives_as_shown(shop, store):
    database = store.get(SET, annotation="all")
    shown = store.push(database, name="Copy")
    assert shop.received == []
    assert not shown.complete
    done = store.push(database, name="Copy", dry_run=False)
    assert done.complete
    check_sent_is_shown(shop, shown, done)
    made = shop.whole(done.ids["studyset"])
    assert made["name"] == "Copy"
    assert own_parts(made) == own_parts(small_studyset())
    notes = shop.kept["annotations"][done.ids[f"annotation {NOTES}"]]["notes"]
    before = small_annotation(small_studyset())["notes"]
    assert [n["note"] for n in notes] == [n["note"] for n in before]
    again = store.push(database, name="Copy", dry_run=False)
    assert {e.status for e in again} == {"done earlier"}
    assert len(shop.received) == len(shown)


@pytest.mark.parametrize(
    ("studyset", "annotation"),
    [("ToisksSserJp", "CeQLLXWepB3J"), ("5ncCB9bMbipk", "5ptYJfATQy5m")],
)
def test_real_studysets_got_and_pushed_are_equal(
    shop, patient, shared_data, studyset, annotation
):
    given, notes = load_real(shop, shared_data, studyset, annotation)
    database = patient.get(studyset, annotation="all")
    assert len(patient.push(database, update=studyset)) == 0  # nothing differs
    shown = patient.push(database)
    done = patient.push(database, dry_run=False)
    check_sent_is_shown(shop, shown, done)
    assert own_parts(shop.whole(done.ids["studyset"])) == own_parts(given)
    made = shop.kept["annotations"][done.ids[f"annotation {annotation}"]]
    ids = ids_of(done)
    expected = {
        ids[f"analysis {n['analysis']} of study {n['study']}"]: n["note"]
        for n in notes["notes"]
    }
    assert {n["analysis"]: n["note"] for n in made["notes"]} == expected
    assert made["note_keys"] == notes["note_keys"]


@pytest.mark.parametrize(
    ("studyset", "annotation"),
    [("ToisksSserJp", "CeQLLXWepB3J"), ("5ncCB9bMbipk", "5ptYJfATQy5m")],
)
def test_got_changed_and_pushed_back(shop, patient, shared_data, studyset, annotation):
    load_real(shop, shared_data, studyset, annotation)
    document = patient.get(studyset, annotation="all", as_="document")
    before = deepcopy(document)
    full = [
        s for s in document["studies"] if s["analyses"] and s["analyses"][0]["points"]
    ]
    full[0]["name"] = "Another name"
    full[0]["analyses"][0]["points"][0]["coordinates"] = [1.5, 2.5, -3.5]
    del full[1]["analyses"][0]["points"][0]
    gone = document["studies"].pop()
    document["name"] = "Changed"
    [notes] = document["annotations"]
    notes["notes"] = [n for n in notes["notes"] if n["study"] != gone["id"]]
    notes["notes"][0]["note"]["included"] = not notes["notes"][0]["note"]["included"]
    database = Database.from_studyset(document)

    shown = patient.push(database, update=studyset)
    done = patient.push(database, update=studyset, dry_run=False)
    check_sent_is_shown(shop, shown, done)
    assert [e.key for e in shown][-2:] == ["studyset", f"annotation {annotation}"]
    assert len(shown) == 4  # only what was changed
    got = patient.get(studyset, annotation="all", as_="document")
    assert own_parts(got) == own_parts(whole(database)) == own_parts(document)
    assert own_parts(got) != own_parts(before)
    assert got["name"] == "Changed"
    sent = {n["analysis"]: n["note"] for n in notes["notes"]}
    assert {n["analysis"]: n["note"] for n in got["annotations"][0]["notes"]} == sent
    assert len(patient.push(database, update=studyset)) == 0


def test_new_studies_and_analyses_in_an_update(shop, store):
    document = store.get(SET, annotation="all", as_="document")
    new = {
        "id": "x1",
        "name": "New",
        "analyses": [{"id": "a", "name": "t", "points": []}],
    }
    document["studies"].append(new)
    more = {"id": "b", "name": "more", "points": [{"coordinates": [1, 2, None]}]}
    document["studies"][1]["analyses"].append(more)
    done = store.push(document, update=SET, dry_run=False)
    assert done.complete
    methods = [(e.method, e.key) for e in done]
    assert methods == [
        ("PUT", "study study0000001"),
        ("POST", "study x1"),
        ("PUT", "studyset"),
        ("PUT", f"annotation {NOTES}"),
    ]
    made = shop.whole(SET)["studies"]
    assert [len(s["analyses"]) for s in made] == [0, 2, 2, 1]
    assert len(shop.kept["annotations"][NOTES]["notes"]) == 5
    n_made = shop.n_made
    again = store.push(document, update=SET, dry_run=False)
    assert (len(again), shop.n_made) == (0, n_made)
    # somebody changes it back: the journal does not hide that
    shop.kept["studysets"][SET]["name"] = "Other"
    again = store.push(document, update=SET, dry_run=False)
    assert [(e.key, e.status) for e in again] == [("studyset", "done")]


def test_an_update_that_failed_half_way_goes_on(shop, store):
    document = store.get(SET, annotation="all", as_="document")
    analysis = {"id": "a", "name": "t", "points": []}
    document["studies"].append({"id": "x1", "name": "New", "analyses": [analysis]})
    notes = {
        "id": "mine2",
        "name": "mine2",
        "notes": document["annotations"][0]["notes"],
    }
    document["annotations"].append(notes)
    shop.foreign.add(SET)
    with pytest.raises(UnfinishedPushError):
        store.push(document, update=SET, dry_run=False)
    shop.foreign.clear()
    assert store.push(document, update=SET, dry_run=False).complete
    posted = sorted(path for method, path, _ in shop.received if method == "POST")
    assert posted == ["/annotations/", "/studies/"]
    assert len(shop.whole(SET)["studies"]) == 4
    assert len(store.push(document, update=SET)) == 0


def test_studies_can_be_linked(shop, store):
    database = store.get(SET, annotation="all")
    done = store.push(database, link=True, name="Linked", dry_run=False)
    assert [e.path for e in done][:2] == ["/studysets/", "/annotations/"]
    assert shop.kept["studysets"][done.ids["studyset"]]["studies"] == [
        s["id"] for s in small_studyset()["studies"]
    ]


def test_an_upload_that_failed_half_way_goes_on(shop, store):
    database = store.get(SET, annotation="all")
    good = Answer()
    shop.answers["/api/studies/"] = [good] + [Answer(status=503)] * 3
    with pytest.raises(UnfinishedPushError, match="1 done, 1 failed") as caught:
        store.push(database, dry_run=False)
    account = caught.value.account
    statuses = [e.status for e in account]
    assert statuses[:2] == ["done", "failed"]
    assert set(statuses[2:]) == {"waiting"}
    done = store.push(database, dry_run=False)
    assert [e.status for e in done][:2] == ["done earlier", "done"]
    assert len(shop.received) == len(done)


def test_what_is_unsure_is_not_sent_again_unasked(shop, store):
    database = store.get(SET, annotation="all")
    shop.answers["/api/studies/"] = [Answer(), Answer(cut=5)]  # done, but not told
    with pytest.raises(UnfinishedPushError, match="--settled"):
        store.push(database, dry_run=False)
    with pytest.raises(UnfinishedPushError) as caught:
        store.push(database, dry_run=False)
    assert [e.status for e in caught.value.account][:3] == [
        "done earlier",
        "unsure",
        "done",
    ]
    [lost] = [
        i
        for i, s in shop.kept["studies"].items()
        if s["name"] == "Pain 1" and "made" in i
    ]
    done = store.push(database, dry_run=False, settled={"study study0000001": lost})
    assert done.complete
    names = [s["name"] for s in shop.whole(done.ids["studyset"])["studies"]]
    assert names == ["Pain 0", "Pain 1", "Pain 2"]
    with pytest.raises(OptionError, match="not unsure"):
        store.push(database, settled={"studyset": None})


def test_what_never_came_is_sent_again_when_that_is_said(shop, store):
    document = {"name": "x", "studies": [{"id": "1", "name": "S", "analyses": []}]}
    shop.answers["/api/studies/"] = [Answer(refuse=True)]
    with pytest.raises(UnfinishedPushError):
        store.push(document, dry_run=False)
    assert store.push(document, dry_run=False, settled={"study 1": None}).complete
    assert len(shop.received) == 2


def test_refusals_are_reported_item_by_item(shop, store):
    document = small_studyset()
    document["studies"][1]["year"] = 10_000
    with pytest.raises(UnfinishedPushError, match="year must be") as caught:
        store.push(document, dry_run=False)
    account = caught.value.account
    assert [e.status for e in account] == ["done", "refused", "done", "waiting"]
    assert list(account.table()["status"]) == [e.status for e in account]
    assert TOKEN not in str(caught.value) + account.journal.read_text()
    shop.foreign.add("study0000001")
    document["studies"][1]["year"] = 1999
    with pytest.raises(UnfinishedPushError, match="of another user"):
        store.push(document, update=SET, dry_run=False)


def test_a_wrong_token_stops_at_once(shop, quick):
    store = quick(shop.base_url, "wrong-token-1234")
    with pytest.raises(UnfinishedPushError, match="get a new one") as caught:
        store.push(small_studyset(), dry_run=False)
    assert [e.status for e in caught.value.account] == ["refused", *["waiting"] * 3]
    assert "wrong-token-1234" not in str(caught.value)
    with pytest.raises(OptionError, match="NEUROSTORE_TOKEN"):
        quick(shop.base_url).push(small_studyset(), dry_run=False)


def test_a_server_that_says_odd_things_after_a_post(shop, store):
    for odd in (b"{}", b'{"id": "../x"}', b'{"id": 3}', b"[]", b"x", b'{"id": null}'):
        shop.answers["/api/studies/"] = [Answer(instead=odd)]
        document = {"name": odd.hex(), "studies": [{"id": "1", "analyses": []}]}
        with pytest.raises(UnfinishedPushError) as caught:
            store.push(document, dry_run=False)
        statuses = [e.status for e in caught.value.account]
        assert statuses == ["unsure", "waiting"], (odd, str(caught.value))


def test_documents_and_options_that_cannot_be(store, tmp_path):
    for bad in (
        {},
        {"studies": [1]},
        {"studies": [{"name": "no id"}]},
        {"studies": [{"id": "1"}, {"id": "1"}]},
        {"studies": [{"id": "1", "analyses": [{"name": "no id"}]}]},
    ):
        with pytest.raises(FormatError):
            store.push(bad)
    with pytest.raises(OptionError, match="leave out link"):
        store.push(small_studyset(), update=SET, link=True)
    with pytest.raises(OptionError, match="no annotation 'x'"):
        store.push(small_studyset(), annotations=["x"])
    nan = {"studies": [{"id": "1", "name": float("nan"), "analyses": []}]}
    with pytest.raises(UnfinishedPushError, match="cannot be sent as JSON"):
        store.push(nan, dry_run=False)
    journal = tmp_path / "j.json"
    done = store.push(small_studyset(), dry_run=False, journal=journal)
    assert done.journal == journal
    with pytest.raises(OptionError, match="of another push"):
        store.push(small_studyset(2), journal=journal)
    for bad in ("[]", "{", '{"items": 3}', "{}"):
        journal.write_text(bad)
        with pytest.raises(FormatError, match="no journal"):
            store.push(small_studyset(), journal=journal)


def test_an_account_reads_well(store):
    account = store.push(small_studyset())
    assert "POST /studysets/" in str(account)
    assert len(account.to_dict()["requests"]) == len(account) == 4
    assert "nothing to send" in str(store.push(store.get(SET), update=SET))

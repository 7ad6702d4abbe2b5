"""The old downloads: today's data, any file, archives, and abstracts of PubMed."""

import io
import tarfile
import warnings
import zipfile
from urllib.parse import parse_qs

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth._http import leftovers
from nimare_neurosynth.errors import (
    FormatError,
    LegacyWarning,
    NetworkError,
    NeurosynthWarning,
    OptionError,
)
from nimare_neurosynth.legacy import Dataset
from nimare_neurosynth.legacy._advice import forget_advice
from nimare_neurosynth.legacy.base import _download as module
from nimare_neurosynth.legacy.base.dataset import download, download_abstracts
from tests.servers import QUICK, Answer, FaultyServer, tar_entry

FILES = {"database.txt": b"id\tx\ty\tz\tspace\n1\t0\t0\t0\tMNI\n", "more/f.txt": b"f"}


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch):
    real = module._http.Client
    monkeypatch.setattr(module._http, "Client", lambda hosts: real(hosts, QUICK))


def _tar(files, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, content in files.items():
            info = tar_entry(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _zip(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def _there(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


# -------------------------------------------------------------------------- the data


def test_todays_data_under_the_old_names(small, server, tmp_path, monkeypatch, toy):
    real = module.fetch

    def fetch(name):
        assert name == "neurosynth"  # of which a small version 3 is served
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NeurosynthWarning)
            home = tmp_path / "home"
            return real("neurosynth-3", mirror=server.url, folder=home, progress=False)

    monkeypatch.setattr(module, "fetch", fetch)
    folder = tmp_path / "new" / "data"
    made = download(folder)
    assert made == [folder / "database.txt", folder / "features.txt"]
    assert _there(folder) == ["database.txt", "features.txt"]
    dataset = Dataset(folder / "database.txt")
    dataset.add_features(folder / "features.txt")
    assert dataset.get_feature_names() == list(toy.label_sets["terms"].labels)
    found = dataset.get_feature_data(features=["pain"]).to_numpy()[:, 0]
    pain = toy.label_sets["terms"].weights.toarray()[:, 0]
    assert sorted(found) == sorted(pain)
    (folder / "notes.txt").write_text("mine")
    download(str(folder))  # again, among other files
    assert _there(folder) == ["database.txt", "features.txt", "notes.txt"]


# --------------------------------------------------------------------------- any file


def test_a_file_by_its_address(server, tmp_path):
    server.files["/data/old%20file.txt"] = b"content"
    url = f"{server.url}/data/old file.txt?raw=true"
    assert download(str(tmp_path), url=url) == tmp_path / "old file.txt"
    assert download(tmp_path / "other.txt", url) == tmp_path / "other.txt"
    assert _there(tmp_path) == ["old file.txt", "other.txt"]
    assert (tmp_path / "other.txt").read_bytes() == b"content"


def test_it_goes_on_where_it_broke_off(server, tmp_path):
    server.files["/f.txt"] = body = bytes(range(256)) * 2_000
    server.always["/f.txt"] = Answer(cut=100_000)
    with pytest.raises(NetworkError, match="broke off"):
        download(tmp_path, f"{server.url}/f.txt")
    assert not (tmp_path / "f.txt").exists()
    part, _ = leftovers(tmp_path / "f.txt")
    assert part.stat().st_size >= 100_000
    server.always.clear()
    server.requests.clear()
    download(tmp_path, f"{server.url}/f.txt")
    assert server.ranges("/f.txt")[0].startswith("bytes=")
    assert (tmp_path / "f.txt").read_bytes() == body
    assert _there(tmp_path) == ["f.txt"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.tar.gz", _tar(FILES)),
        ("d.tgz", _tar(FILES)),
        ("d.tar", _tar(FILES, "w")),
        ("d.tar.xz", _tar(FILES, "w:xz")),
        ("d.zip", _zip(FILES)),
    ],
)
def test_an_archive(server, tmp_path, name, content):
    server.files[f"/{name}"] = content
    (tmp_path / "database.txt").write_text("old")
    for _ in range(2):
        made = download(tmp_path, f"{server.url}/{name}", unpack=True)
        assert made == [tmp_path / n for n in FILES]
        assert {n: (tmp_path / n).read_bytes() for n in FILES} == FILES
        assert _there(tmp_path) == sorted([*FILES, name])


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil", "..\\evil"])
@pytest.mark.parametrize("pack", [_tar, _zip])
def test_an_archive_that_leads_elsewhere(server, tmp_path, name, pack):
    end = "zip" if pack is _zip else "tar.gz"
    server.files[f"/d.{end}"] = pack({"good.txt": b"x", name: b"evil"})
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(FormatError, match="leads out of the folder: refused"):
        download(folder, f"{server.url}/d.{end}", unpack=True)
    assert _there(tmp_path) == [f"folder/d.{end}"]


def test_links_in_archives(server, tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    server.files["/d.zip"] = _zip({link: b"/etc/passwd"})
    with pytest.raises(FormatError, match="is a link"):
        download(tmp_path, f"{server.url}/d.zip", unpack=True)
    assert _there(tmp_path) == ["d.zip"]


def test_a_bomb(server, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("big.txt", bytes(80 << 20))
    server.files["/d.zip"] = buffer.getvalue()
    with pytest.raises(FormatError, match="unpacks to more than"):
        download(tmp_path, f"{server.url}/d.zip", unpack=True)
    assert _there(tmp_path) == ["d.zip"]


def test_what_is_in_the_way_is_told_before_anything_is_replaced(server, tmp_path):
    server.files["/d.tar.gz"] = _tar({"a.txt": b"new", "b.txt": b"new"})
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(FormatError, match=r"b\.txt is a folder where a file"):
        download(tmp_path, f"{server.url}/d.tar.gz", unpack=True)
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("d.tar.gz", b"<html>log in</html>"),
        ("d.zip", b"<html>log in</html>"),
        ("d.tar.gz", b""),
        ("f.txt", b"<!DOCTYPE html>"),
    ],
)
def test_a_page_instead_of_the_file(server, tmp_path, name, body):
    server.files[f"/{name}"] = body
    with pytest.raises(FormatError, match="is not what its name says"):
        download(tmp_path, f"{server.url}/{name}")
    assert _there(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"url": 3}, OptionError, "url must be the address of a file"),
        ({"url": "no address"}, OptionError, "url must be the address of a file"),
        ({"url": "http://127.0.0.1/"}, OptionError, "does not say what the file is"),
        ({"url": "http://127.0.0.1/a/.."}, OptionError, "does not say what the file"),
        ({"url": "http://127.0.0.1/..%2Fevil"}, OptionError, "does not say what"),
        (
            {"url": "http://127.0.0.1/x.txt", "unpack": True},
            OptionError,
            r"x\.txt is no archive",
        ),
        ({"url": "http://example.org/x.txt"}, NetworkError, "is not encrypted"),
        ({"url": "ftp://127.0.0.1/x.txt"}, NetworkError, "is not encrypted"),
        (
            {"url": "http://127.0.0.1/x.txt", "path": "nosuch/x.txt"},
            FormatError,
            "there is no folder nosuch",
        ),
        ({"path": __file__}, FormatError, "it is a file"),
    ],
)
def test_wrong_calls(tmp_path, monkeypatch, arguments, kind, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message):
        download(**arguments)
    assert _there(tmp_path) == []


def test_redirects_elsewhere_are_refused(server, tmp_path):
    away = Answer(status=302, headers={"Location": "http://localhost:1/f.txt"})
    server.always["/f.txt"] = away
    with pytest.raises(NetworkError, match="redirects to http://localhost"):
        download(tmp_path, f"{server.url}/f.txt")


def test_the_datasets_own_method(server, tmp_path):
    server.files["/d.tar.gz"] = _tar(FILES)
    forget_advice()
    with pytest.warns(LegacyWarning, match="fetch"):
        made = Dataset.download(tmp_path, f"{server.url}/d.tar.gz")
    assert [p.name for p in made] == ["database.txt", "f.txt"]


# ------------------------------------------------------------------------- abstracts


class PubMed(FaultyServer):
    """Gives records as efetch does: those that it has, whatever their order."""

    records: dict

    def respond(self, method, target, headers, body):  # noqa: ARG002
        query = parse_qs(target.partition("?")[2])
        self.asked.append(query)
        found = [
            self.records[i] for i in query["id"][0].split(",") if i in self.records
        ]
        return 200, f"<PubmedArticleSet>{''.join(found)}</PubmedArticleSet>".encode()


def _record(pmid, abstract):
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article>{abstract}"
        "</Article><OtherAbstract><AbstractText>Anders</AbstractText></OtherAbstract>"
        "</MedlineCitation><PubmedData><ReferenceList><PMID>9</PMID></ReferenceList>"
        "</PubmedData></PubmedArticle>"
    )


@pytest.fixture
def pubmed(monkeypatch):
    server = PubMed()
    server.asked = []
    server.records = {
        "1": _record("1", "<Abstract><AbstractText>One.</AbstractText></Abstract>"),
        "2": _record(
            "2",
            '<Abstract><AbstractText Label="AIM">To  <i>see</i>\n x &lt; 2.'
            '</AbstractText><AbstractText Label="RESULT">Yes.</AbstractText>'
            "<AbstractText/></Abstract>",
        ),
        "3": _record("3", ""),
    }
    monkeypatch.setattr(module, "EFETCH", f"{server.url}/efetch.fcgi")
    yield server
    server.close()


def test_abstracts_of_a_list(pubmed, tmp_path):
    with pytest.warns(NeurosynthWarning, match="no record of 1 studies: 77"):
        table = download_abstracts(
            [2, "1", 3, 77, 2], tmp_path, "a+b@example.org", "out.csv"
        )
    rows = [["2", "AIM: To see x < 2. RESULT: Yes."], ["1", "One."]]
    assert table.to_numpy().tolist() == rows
    assert list(table.columns) == ["pmid", "abstract"]
    written = pd.read_csv(tmp_path / "out.csv", dtype=str)
    assert written.to_numpy().tolist() == rows
    [query] = pubmed.asked
    assert query["id"] == ["2,1,3,77"]
    assert query["email"] == ["a+b@example.org"]
    assert (query["db"], query["retmode"]) == (["pubmed"], ["xml"])


def test_two_hundred_at_once_and_not_too_often(pubmed, monkeypatch):
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    with pytest.warns(NeurosynthWarning, match="no record of 498 studies"):
        download_abstracts(np.arange(1, 502), email="me@example.org")
    assert [q["id"][0].count(",") + 1 for q in pubmed.asked] == [200, 200, 101]
    own = [pause for pause in pauses if pause]  # the server's are 0
    assert len(own) == 2
    assert all(pause <= module._PAUSE_SECONDS for pause in own)
    assert 3 * module._PAUSE_SECONDS > 1


def test_abstracts_of_a_dataset(pubmed, tmp_path):
    path = tmp_path / "database.txt"
    path.write_text("id\tx\ty\tz\tspace\n1\t0\t0\t0\tMNI\n2\t0\t0\t0\tMNI\n")
    table = download_abstracts(Dataset(path), email="me@example.org")
    assert table["pmid"].tolist() == ["1", "2"]


@pytest.mark.data
def test_real_records(shared_data):
    content = (shared_data / "legacy_files" / "yarkoni_pubmed.xml").read_bytes()
    found = module.read_abstracts(content)
    assert len(found) == content.count(b"<PubmedArticle>") == 37
    assert found["27018610"].startswith("Compassion is critical for societal wellbeing")
    assert sum(not text for text in found.values()) == 37 - content.count(b"<Abstract>")
    labelled = [t for t in found.values() if t.startswith(("BACKGROUND:", "OBJECTIVE"))]
    assert len(labelled) <= content.count(b'<AbstractText Label="')


@pytest.mark.data
def test_real_records_from_a_server(shared_data, pubmed):
    content = (shared_data / "legacy_files" / "yarkoni_pubmed.xml").read_bytes()
    pubmed.always["/efetch.fcgi"] = Answer(instead=content, chunked=True)
    pmids = list(module.read_abstracts(content))
    table = download_abstracts(pmids, email="me@example.org")
    assert table["pmid"].isin(pmids).all()
    assert len(table) == content.count(b"<Abstract>")


@pytest.mark.parametrize(
    ("dataset", "email", "message"),
    [
        ([1], None, "NCBI, whose servers are asked, wants the email"),
        ([1], "me", "wants the email"),
        ([1], 3, "wants the email"),
        ([], "me@example.org", "by their PMID: there is none"),
        (["study1"], "me@example.org", "by their PMID: 'study1' is none"),
        ("1", "me@example.org", "a Dataset or a list of PMIDs"),
        (3, "me@example.org", "a Dataset or a list of PMIDs"),
    ],
)
def test_wrong_calls_for_abstracts(pubmed, dataset, email, message):
    with pytest.raises(OptionError, match=message):
        download_abstracts(dataset, email=email)
    assert pubmed.requests == []


def test_an_unusable_file_is_told_before_anything_is_asked(pubmed, tmp_path):
    for path, name in ((tmp_path / "no", "x.csv"), (tmp_path, ".")):
        with pytest.raises(FormatError, match="cannot write"):
            download_abstracts([1], path, "me@example.org", name)
    assert pubmed.requests == []


BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    b"<PubmedArticleSet>&b;</PubmedArticleSet>"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, r"declares an entity \(a\): refused"),
        (BOMB.decode().encode("utf-16"), r"declares an entity \(a\)"),
        (b"<eFetchResult><ERROR>down</ERROR></eFetchResult>", "'eFetchResult', no Pub"),
        (b"<PubmedArticleSet>", "no proper XML"),
        (b"", "no proper XML"),
        (b"\xff\xfe", "no proper XML"),
    ],
)
def test_answers_that_are_none(pubmed, content, message):
    with pytest.raises(FormatError, match=message):
        module.read_abstracts(content)
    pubmed.always["/efetch.fcgi"] = Answer(instead=content)
    with pytest.raises(NetworkError, match=message):
        download_abstracts([1], email="me@example.org")

"""``neurostore`` on the command line, with a server on this machine."""

import json

import pytest

from tests.servers import TOKEN, Answer


@pytest.fixture
def call(run, shop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROSTORE_TOKEN", TOKEN)
    return lambda *args: run("neurostore", "--url", shop.base_url, *args)


def test_search(call):
    result = call("search", "pain", "--year-min", 2002)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith("base")
    found = json.loads(call("search", "--near", 20, -52.5, 26, "--json").stdout)
    assert [row["name"] for row in found] == ["Pain 2"]
    assert call("search", "--source", "x", "--year-min", 2000).exit_code == 2


def test_get_change_push(call, shop):
    assert call("get", "set000000001", "--out", "a.json").stdout == "a.json\n"
    result = call("push", "a.json", "--update", "set000000001")
    assert "nothing to send" in result.stdout, result.stderr
    result = call("push", "a.json", "--name", "Mine", "--with-annotation", "none")
    assert result.stdout.count("planned") == 4
    assert shop.received == []
    result = call("push", "a.json", "--name", "Mine", "--send", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    sent = [(e["method"], e["path"], e["body"]) for e in told["requests"]]
    assert sent == shop.received
    assert TOKEN not in result.output


def test_what_is_unsure_is_settled(call, shop):
    call("get", "set000000001", "--out", "a.json", "--annotation", "none")
    shop.answers["/api/studies/"] = [Answer(cut=4)]
    result = call("push", "a.json", "--send")
    assert result.exit_code == 1
    assert "unsure" in result.stdout
    assert "--settled" in result.stderr
    made = next(i for i in shop.kept["studies"] if i.startswith("made"))
    settled = f"study study0000000={made}"
    assert call("push", "a.json", "--send", "--settled", settled).exit_code == 0
    assert call("push", "a.json", "--settled", "x").exit_code == 2


def test_refusals_and_releases(call):
    result = call("get", "nosuchset0001", "--out", "a.json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "404" in result.stderr
    assert call("releases").exit_code == 1

"""``validate``: what it prints, writes and refuses."""

import hashlib
import json

import pytest

from nimare_neurosynth import term_maps, write_database
from nimare_neurosynth.validation import validate

GOOD = "id,x,y,z,space\n1,0,-52,26,MNI\n"
BAD = GOOD + "2,left,2,3,MNI\n3,1,2,3,mni152\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "bad.csv").write_text(BAD)
    (tmp_path / "odd.csv").write_text(GOOD + "2,500,2,3,MNI\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    return tmp_path


def test_a_good_file(run, here):
    result = run("validate", "good.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "good.csv (a table of peaks): no problems were found.\n"


def test_problems_have_their_place(run, here):
    result = run("validate", "bad.csv")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == (
        "bad.csv (a table of peaks): 1 error, 1 warning; 2 can be repaired.\n"
        "error: bad.csv:3, column 'x': 'left' is not a finite number. Repair: the row "
        "is left out.\n"
        "warning: bad.csv:4, column 'space': 'mni152' is no standard name of a space. "
        "Repair: becomes 'MNI'.\n"
    )
    result = run("validate", "bad.csv", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == validate("bad.csv").to_dict()


def test_warnings_alone_are_no_failure(run, here):
    result = run("validate", "odd.csv")
    assert result.exit_code == 0
    assert "0 errors, 1 warning." in result.stdout


def test_fix(run, here):
    before = hashlib.sha256((here / "bad.csv").read_bytes()).hexdigest()
    result = run("validate", "bad.csv", "--fix", "new.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "2 repairs of bad.csv written into new.csv; each is in new.csv.log.json.\n"
        "What remains: new.csv (a table of peaks): no problems were found.\n"
    )
    assert (here / "new.csv").read_text() == GOOD + "3,1,2,3,MNI\n"
    log = json.loads((here / "new.csv.log.json").read_text())
    assert [(e["place"]["line"], e["old"], e["new"]) for e in log["edits"]] == [
        (3, ["2", "left", "2", "3", "MNI"], None),
        (4, "mni152", "MNI"),
    ]
    assert hashlib.sha256((here / "bad.csv").read_bytes()).hexdigest() == before


def test_fix_where_there_is_nothing_to_repair(run, here):
    result = run("validate", "good.csv", "--fix", "new.csv")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(
        "good.csv: there is nothing that a machine can repair; nothing was written.\n"
    )
    assert not (here / "new.csv").exists()


def test_what_remains_decides_the_exit_status(run, here):
    (here / "d.json").write_text('{"studies": ["abc"]}')
    result = run("validate", "d.json", "--fix", "new.json", "--json")
    facts = json.loads(result.stdout)
    assert (result.exit_code, facts["ok"]) == (1, False)
    assert [e["kind"] for e in facts["edits"]] == ["no-name"]
    assert [p["kind"] for p in facts["remaining"]["problems"]] == ["no-object"]


def test_compiled_databases_and_term_maps(run, toy, here):
    write_database(toy, here / "compiled", activations=False)
    term_maps(toy, here / "maps", label_set="terms", min_studies_per_term=1)
    for name, part in (("compiled", "labels-0/data.npy"), ("maps", "totals.npy")):
        result = run("validate", name)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.endswith(": no problems were found.\n")
        [path] = (here / name).glob(f"parts-*/{part}")
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        result = run("validate", name)
        assert result.exit_code == 1
        shown = path.relative_to(here)
        assert f"error: {name}: {shown} is not what was written." in result.stdout
        result = run("validate", name, "--fix", "new")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "cannot be repaired: make it again from its source" in result.stderr


WRONG = [
    # arguments, exit status, message
    ((), 2, "Missing argument 'PATH'"),
    (("nosuch",), 1, "there is no file or folder nosuch"),
    (("full",), 1, "full is no database of a known form"),
    (("full/letter.txt", "--annotation", "good.csv"), 1, "an annotation is for NIMADS"),
    (("good.csv", "--features", "nosuch"), 1, "there is no file or folder nosuch"),
    (("good.csv", "--features", "full"), 1, "full is a folder: name a file"),
    (("bad.csv", "--fix", "bad.csv"), 1, "bad.csv is there already"),
    (("bad.csv", "--fix", "good.csv"), 1, "good.csv is there already"),
    (("bad.csv", "--fix", "good.csv/new.csv"), 1, "good.csv: it is a file"),
    (("bad.csv", "--fix", "new.json"), 2, "a table of peaks is written into a file"),
]


@pytest.mark.parametrize(("arguments", "status", "message"), WRONG)
def test_wrong_calls(run, here, arguments, status, message):
    before = sorted(here.rglob("*"))
    result = run("validate", *arguments)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (status, "")
    assert "Traceback" not in result.output
    assert sorted(here.rglob("*")) == before

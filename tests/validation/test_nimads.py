"""NIMADS: what is wrong, where, and what becomes of it."""

import copy
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth import read_database
from nimare_neurosynth.validation import fix, validate
from tests.io.nimads import EXPORTS, analysis, annotation, document, point, study


def _good():
    first = analysis("a", point(), point(1, 2, 3, "TAL"), name="faces")
    first |= {"conditions": [{"name": "faces"}], "weights": [1.0], "images": []}
    first["points"][0]["values"] = [{"kind": "T", "value": 3.5}]
    second = analysis("b", point(4, 5, 6), name="pain")
    one = study("s1", first, second, name="One", year=2012, pmid="7", doi=None)
    return document(one, study("s2", analysis("a", name="none"), name="Two"))


def _notes():
    rows = [("s1", "a", {"k": 1.0, "b": True, "t": "x"}), ("s1", "b", {"k": 2})]
    keys = {"k": "number", "b": {"type": "boolean", "order": 0}, "t": "string"}
    return annotation(rows, note_keys=keys)


def _write(folder, name, content):
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def _at(content, *way):
    for step in way:
        content = content[step]
    return content


A = ("studies", 0, "analyses", 0)
P = (*A, "points", 0)
IN_A = "d.json: study 1 ('s1'), analysis 1 ('a')"
IN_P = f"{IN_A}, point 1"
DAMAGED = [
    # where, key, value; severity, place, what, the value afterwards
    (("studies", 0), "year", "2012", "warning", "year", "is '2012' instead of a whole"),
    (("studies", 0), "pmid", 123, "warning", "pmid", "is the number 123 and no text"),
    (("studies", 0), "doi", "None", "warning", "doi", "is 'None' where null is meant"),
    (A, "weights", [], "warning", "weights", "there are 0 for 1 conditions"),
    (A, "weights", ["x"], "error", "weight 1", "is 'x' and no number"),
    (A, "conditions", ["c"], "warning", "condition 1", "is 'c' instead of an object"),
    (A, "points", None, "warning", "points", "is null where a list is needed"),
    (P, "coordinates", ["1", "-2", "3.5"], "warning", "coordinates", "are ['1', '-2'"),
    (P, "coordinates", ["a", 2, 3], "error", "coordinates", "are ['a', 2, 3] instead"),
    (P, "coordinates", [1, 2], "error", "coordinates", "are [1, 2] instead of three"),
    (P, "coordinates", "1, 2 3", "error", "coordinates", "are '1, 2 3' instead of"),
    (P, "coordinates", [10**400, 2, 3], "error", "coordinates", "are [1000000000"),
    (P, "space", "mni152", "warning", "space", "'mni152' is no standard name"),
    (P, "space", "Tailarach", "error", "space", "'Tailarach' would be taken as MNI"),
    (P, "space", [1], "error", "space", "is [1] where a name or null is meant"),
    (P, "values", {"kind": "T", "value": 1}, "warning", "values", "is an object and"),
    (P, "values", [{"kind": "T", "value": "3"}], "warning", "value", "is '3' and no"),
]
REPAIRED = [
    2012, "123", None, [1.0], [1.0], [{"name": "c"}], [], [1, -2, 3.5], [None, 2, 3],
    None, [1, 2, 3], [None, 2, 3], "MNI", "TAL", None, [{"kind": "T", "value": 1}],
    [{"kind": "T", "value": 3}],
]  # fmt: skip


def test_a_good_document_has_no_problems(tmp_path):
    path = _write(tmp_path, "d.json", _good())
    notes = _write(tmp_path, "n.json", _notes())
    found = validate(path, annotation=notes)
    assert found.problems == []
    assert str(found) == f"{path} (a NIMADS studyset): no problems were found."


@pytest.mark.parametrize(
    ("damage", "after"), list(zip(DAMAGED, REPAIRED, strict=True)), ids=repr
)
def test_what_is_repaired(tmp_path, damage, after):
    way, key, value, severity, place, what = damage
    wrong = _good()
    _at(wrong, *way)[key] = value
    path = _write(tmp_path, "d.json", wrong)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    first = validate(path).repairable[0]
    assert (first.severity, first.what[: len(what)]) == (severity, what)
    assert place in str(first.place)
    made = fix(path, tmp_path / "out.json")
    expected = copy.deepcopy(wrong)
    _at(expected, *way)[key] = after
    assert json.loads((tmp_path / "out.json").read_text()) == expected
    assert made.ok
    assert made.remaining.repairable == []
    assert read_database(tmp_path / "out.json").n_studies == 2
    log = json.loads((tmp_path / "out.json.log.json").read_text())
    assert log["edits"] == [edit.to_dict() for edit in made.edits]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_places_are_structured(tmp_path):
    wrong = _good()
    _at(wrong, *P)["space"] = "mni"
    (problem,) = validate(_write(tmp_path, "d.json", wrong)).problems
    assert problem.to_dict() == {
        "kind": "space",
        "severity": "warning",
        "what": "'mni' is no standard name of a space",
        "place": {
            "file": "d.json",
            "study": {"number": 1, "id": "s1"},
            "analysis": {"number": 1, "id": "a"},
            "point": {"number": 1},
            "field": "space",
        },
        "repair": "becomes 'MNI'",
        "old": "mni",
        "new": "MNI",
    }
    assert str(problem) == (
        f"warning: {IN_P}, space: 'mni' is no standard name of a space. "
        "Repair: becomes 'MNI'."
    )


LEFT = [
    (("studies", 0), "year", "spring", "warning", "'spring' is no year"),
    (("studies", 0), "metadata", [1], "warning", "is [1] instead of an object"),
    (("studies", 0), "analyses", {"x": 1}, "error", "is {'x': 1} instead of a list"),
    (P, "coordinates", None, "warning", "there are none: the point will be left out"),
    (P, "coordinates", [None, 1, 2], "warning", "are incomplete: [null, 1, 2]"),
    (P, "coordinates", [300, 1, 2], "warning", "[300, 1, 2] is more than 200 mm"),
    (P, "space", "fsaverage", "warning", "'fsaverage' is no space that is known"),
    (P, "values", [{"kind": "p", "value": "<.05"}], "warning", "is '<.05' and no num"),
]


@pytest.mark.parametrize("damage", LEFT, ids=repr)
def test_what_no_machine_decides_is_left(tmp_path, damage):
    way, key, value, severity, what = damage
    wrong = _good()
    _at(wrong, *way)[key] = value
    path = _write(tmp_path, "d.json", wrong)
    found = validate(path)
    (problem,) = found.problems
    told = problem.what.replace("None", "null")
    assert (problem.severity, told[: len(what)]) == (severity, what)
    assert found.ok is (severity == "warning")
    made = fix(path, tmp_path / "out.json")
    assert (made.out, made.edits) == ("", [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d.json"]


def test_studies_that_are_ids_have_to_be_downloaded(tmp_path):
    path = _write(tmp_path, "d.json", {"name": "n", "studies": ["abc", "def"]})
    found = validate(path)
    assert [p.severity for p in found.problems] == ["error"] * 2
    assert str(found.problems[1].place) == "d.json: study 2"
    assert found.problems[1].what == (
        "is 'def' instead of an object: download the studyset with its studies in it "
        "(nested=true)"
    )


def test_repeated_and_missing_ids_are_numbered(tmp_path):
    wrong = document(study("s", name="a"), study("s", name="b"), {"name": "c"})
    for own in wrong["studies"]:
        own["analyses"] = []
    path = _write(tmp_path, "d.json", wrong)
    assert [(p.kind, p.severity) for p in validate(path).problems] == [
        ("repeated-id", "error"),
        ("no-id", "warning"),
    ]
    fix(path, tmp_path / "out.json")
    database = read_database(tmp_path / "out.json")
    assert database.study_ids.tolist() == ["s", "s_2", "study-3"]


def test_annotations(tmp_path):
    path, wrong = _write(tmp_path, "d.json", _good()), _notes()
    wrong["notes"] += [{"study": "s1", "analysis": "gone", "note": {"k": 1}}]
    wrong["notes"][0]["note"] = {"k": "1.5", "b": "true", "t": 7, "new": 2}
    wrong["note_keys"]["k"] = "float"
    notes = _write(tmp_path, "n.json", wrong)
    found = validate(path, annotation=notes)
    assert [(p.severity, str(p.place), p.what) for p in found.problems] == [
        (
            "error",
            "n.json: note 3",
            "the studyset has no analysis 'gone' of a study 's1'",
        ),
        ("warning", "n.json: note_keys", "'k' is declared as 'float'"),
        ("warning", "n.json: note_keys", "'new' is in notes, but is not declared"),
        ("warning", "n.json: note 1, note", "'k' is '1.5', declared as number"),
        ("warning", "n.json: note 1, note", "'b' is 'true', declared as boolean"),
        ("warning", "n.json: note 1, note", "'t' is 7, declared as string"),
    ]
    made = fix(path, tmp_path / "out", annotation=notes)
    assert made.remaining.problems == []
    assert (tmp_path / "out" / "d.json").read_text().strip() == path.read_text()
    after = json.loads((tmp_path / "out" / "n.json").read_text())
    assert after["notes"][0]["note"] == {"k": 1.5, "b": True, "t": "7", "new": 2}
    assert len(after["notes"]) == 2
    assert after["note_keys"] == {**wrong["note_keys"], "k": "number", "new": "number"}
    assert validate(notes).form == "a NIMADS annotation"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'{"studies": [', "is no JSON (Expecting value)"),
        (b"[1]", "holds a list instead of a NIMADS document"),
        (b'{"a": 1}', "there is no list of 'studies', but 'a'"),
        (b'{"studies": null}', "there is no list of 'studies', but 'studies'"),
        (b"\x1f\x8bxx", "cannot be unpacked"),
        (b"[" * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_document(tmp_path, content, what):
    path = tmp_path / "d.json"
    path.write_bytes(content)
    (problem,) = validate(path).problems
    assert problem.what.startswith(what)
    assert (problem.severity, problem.repair) == ("error", "")


def test_a_broken_document_has_its_line(tmp_path):
    path = tmp_path / "d.json"
    path.write_text('{"studies": [\n  {"id": "1",}\n]}')
    (problem,) = validate(path).problems
    assert str(problem.place) == "d.json:2"


def test_keys_that_an_object_has_twice(tmp_path):
    path = tmp_path / "d.json"
    path.write_text('{"name": "a", "name": "b", "studies": []}')
    (problem,) = validate(path).problems
    assert problem.what == "an object has the key 'name' twice"
    assert (problem.old, problem.new) == ("a", "b")


# ------------------------------------------------------------------------ real files


@pytest.mark.parametrize(("name", "notes"), EXPORTS.items())
def test_real_exports(shared_data, name, notes):
    folder = shared_data / "neurostore"
    found = validate(folder / name, annotation=folder / notes)
    whats = [problem.what for problem in found.problems]
    odd = ["8 of 8 points have no space: they are used as they are"]
    assert whats == (odd if name == "studyset_5ncCB9bMbipk.json" else [])


# ---------------------------------------------------------------------------- damage

_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["None", "2012", "-1.5", "talairach", "mni", "a", "\ud800", "s1"]),
    st.lists(st.one_of(st.none(), st.integers(-300, 300), st.text(max_size=3))),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def _ways(content, way=()):
    """List the ways to everything in a document."""
    yield way
    if isinstance(content, dict | list):
        each = content.items() if isinstance(content, dict) else enumerate(content)
        for key, value in each:
            yield from _ways(value, (*way, key))


@st.composite
def damaged(draw):
    """Draw a document with an annotation, in which values were replaced or lost."""
    whole = {**_good(), "annotations": [_notes()]}
    for _ in range(draw(st.integers(1, 4))):
        ways = [way for way in _ways(whole) if way]
        *way, key = draw(st.sampled_from(ways))
        holder = _at(whole, *way)
        if draw(st.booleans()) or isinstance(holder, list):
            holder[key] = draw(_ODD)
        else:
            del holder[key]
    return whole


@given(whole=damaged())
def test_any_damage_is_told_and_repaired_once(tmp_path_factory, whole):
    folder = tmp_path_factory.mktemp("damaged")
    path = _write(folder, "d.json", whole)
    found = validate(path)
    str(found).encode()
    json.dumps(found.to_dict(), allow_nan=False)
    made = fix(path, folder / "out.json")
    assert bool(made.out) == bool(found.repairable)
    assert made.remaining.repairable == []
    if made.ok:
        read_database(folder / "out.json" if made.out else path)

"""Tables, Sleuth text and folders: lines, columns and repairs."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth import read_database, write_database
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.validation import fix, validate

GOOD = "id,x,y,z,space\n1,0,-52,26,MNI\n2,1,2,3,TAL\n"
DROPPED = "the row is left out"
WRONG = [
    # table; severity, place, what, repair; repaired table
    (
        "id,x,y,z,space\n1,left,2,3,MNI\n2,1,2,3,TAL\n",
        ("error", "t.csv:2, column 'x'", "'left' is not a finite number", DROPPED),
        "id,x,y,z,space\n2,1,2,3,TAL\n",
    ),
    (
        "id,x,y,z,space\n1,\N{MINUS SIGN}4,2,3,MNI\n2,1,2,3,TAL\n",
        (
            "error",
            "t.csv:2, column 'x'",
            "'\N{MINUS SIGN}4' is not a finite number",
            "becomes '-4'",
        ),
        "id,x,y,z,space\n1,-4,2,3,MNI\n2,1,2,3,TAL\n",
    ),
    (
        "id\tx\ty\tz\n1\t0,5\t2\t3\n",
        (
            "error",
            "t.csv:2, column 'x'",
            "'0,5' is not a finite number",
            "becomes '0.5'",
        ),
        "id\tx\ty\tz\n1\t0.5\t2\t3\n",
    ),
    (
        GOOD + "3,1,2\n",
        (
            "error",
            "t.csv:4",
            "has fewer fields (3) than the header (5)",
            DROPPED,
        ),
        GOOD,
    ),
    (
        GOOD + "3,1,2,3,MNI,,\n",
        (
            "error",
            "t.csv:4",
            "has 7 fields, the header 5; the last are empty",
            "the empty fields are left out",
        ),
        GOOD + "3,1,2,3,MNI\n",
    ),
    (
        GOOD + ' ,1,2,3,"MNI"\n',
        ("error", "t.csv:4", "there is no 'id'", DROPPED),
        GOOD,
    ),
    (
        GOOD + "3,1,2,3,talaraich\n",
        (
            "error",
            "t.csv:4, column 'space'",
            "'talaraich' would be taken as MNI",
            "becomes 'TAL'",
        ),
        GOOD + "3,1,2,3,TAL\n",
    ),
    (
        "id,x,y,z,x\n1,0,1,2,9\n",
        ("error", "t.csv:1", "repeats the column 'x'", "it is called 'x_2'"),
        "id,x,y,z,x_2\n1,0,1,2,9\n",
    ),
    (
        "id,x,y,z,\n1,0,1,2,9\n",
        ("error", "t.csv:1", "column 5 has no name", "it is called 'column_5'"),
        "id,x,y,z,column_5\n1,0,1,2,9\n",
    ),
    (
        "\ufeff" + GOOD,
        (
            "warning",
            "t.csv",
            "the file begins with a byte-order mark",
            "the mark is left out",
        ),
        GOOD,
    ),
]


def _told(problem):
    return problem.severity, str(problem.place), problem.what, problem.repair


@pytest.mark.parametrize(("text", "problem", "repaired"), WRONG)
def test_what_is_repaired(tmp_path, text, problem, repaired):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    assert [_told(p) for p in validate(path).problems] == [problem]
    made = fix(path, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == repaired
    assert made.remaining.problems == []
    assert read_database(tmp_path / "out.csv").n_studies >= 1
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


LEFT = [
    (GOOD + "3,,2,3,MNI\n", "warning", "t.csv:4, column 'x'", "there is no coordinate"),
    (GOOD + "3,1,2,300,MNI\n", "warning", "t.csv:4", "[1.0, 2.0, 300.0] is more than"),
    (
        GOOD + "3,1,2,3,flat\n",
        "warning",
        "t.csv:4, column 'space'",
        "'flat' is no",
    ),
    ("id,x,y\n1,2,3\n", "error", "t.csv:1", "there is no column 'z'; the columns are"),
    ("id,x,y,z\n", "error", "t.csv", "there are no peaks"),
    ('id,x,y,z\n1,"2,3,4\n', "error", "t.csv:2", "has a quotation mark that is never"),
    ("", "error", "t.csv", "is empty: a table with a header is needed"),
    ("id,x,y,z\n1,2,3,\0\n", "error", "t.csv", "is not a text file: it holds NUL"),
]


@pytest.mark.parametrize(("text", "severity", "place", "what"), LEFT)
def test_what_no_machine_decides_is_left(tmp_path, text, severity, place, what):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    (problem,) = validate(path).problems
    assert (problem.severity, str(problem.place)) == (severity, place)
    assert problem.what.startswith(what)
    assert fix(path, tmp_path / "out.csv").out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16"])
def test_encodings(tmp_path, encoding):
    text = "id,x,y,z,title\n1,0,1,2,péople\n"
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    (problem,) = validate(path).problems
    assert (problem.kind, problem.severity) == ("encoding", "error")
    assert problem.place.line == (None if encoding == "utf-16" else 2)
    fix(path, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8") == text


def test_lines_without_edits_stay_as_they_are(tmp_path):
    odd = 'id,x,y,z,t\r\n\r\n1,0,1,2,"a, ""b""\r\nc"\r\n2,x,1,2,d\r\n3,0,1,2,"e"\r\n'
    path = tmp_path / "t.csv"
    path.write_bytes(odd.encode())
    (edit,) = fix(path, tmp_path / "out.csv").edits
    assert edit.place.line == 5
    assert edit.old == ["2", "x", "1", "2", "d"]
    after = (tmp_path / "out.csv").read_bytes()
    assert after == odd.replace("2,x,1,2,d\r\n", "").encode()


def test_marks_that_were_no_quotation_become_none(tmp_path):
    # the row that made quotation impossible is left out, and the id would be empty
    path = tmp_path / "peaks.tsv"
    rows = ["id\tx\ty\tz\tspace", '""\t1\t2\t3\tMNI', '1\t"x\t2\t3\tMNI']
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    report = fix(path, tmp_path / "repaired.tsv")
    assert not report.remaining.problems
    assert read_database(tmp_path / "repaired.tsv").study_ids.tolist() == ['""']


def test_features(tmp_path):
    path, features = tmp_path / "t.csv", tmp_path / "f.tsv"
    path.write_text(GOOD)
    features.write_text("id\tpain\tface\n1\t0.5\thigh\n1\t1\t1\n9\t0\t1\n\t1\t1\n")
    found = validate(path, features=features)
    assert [_told(p) for p in found.problems] == [
        (
            "error",
            "f.tsv:2, column 'face'",
            "'high' is not a finite number",
            "becomes empty, which is 0",
        ),
        ("error", "f.tsv:3", "repeats the study '1'", DROPPED),
        (
            "warning",
            "f.tsv:4",
            "the study '9' has no peaks: the row will not be used",
            "",
        ),
        ("error", "f.tsv:5", "there is no id", DROPPED),
        ("warning", "f.tsv", "1 studies with peaks have no row of features", ""),
    ]
    made = fix(path, tmp_path / "out", features=features)
    assert made.ok
    out = tmp_path / "out"
    assert (out / "f.tsv").read_text() == "id\tpain\tface\n1\t0.5\t\n9\t0\t1\n"
    assert (out / "t.csv").read_text() == GOOD
    alone = fix(features, tmp_path / "f2.tsv")
    assert (tmp_path / "f2.tsv").read_text() == (out / "f.tsv").read_text()
    assert alone.remaining.form == "a table of features"


# ---------------------------------------------------------------------------- Sleuth


def test_sleuth(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(
        "//Reference=MNI152\n1 2 3\n//A, 2010: x\n1 2\n\N{MINUS SIGN}1 2 3\n",
        encoding="utf-8",
    )
    assert [_told(p) for p in validate(path).problems] == [
        (
            "warning",
            "s.txt:1",
            "'MNI152' is no standard name of a space",
            "becomes '//Reference=MNI'",
        ),
        (
            "error",
            "s.txt:2",
            "there are coordinates, but no heading is above them",
            "the line //unnamed study is put above them",
        ),
        (
            "error",
            "s.txt:4",
            "'1 2' is neither three numbers (x y z) nor begins with //",
            "the line is left out",
        ),
        (
            "error",
            "s.txt:5",
            "'\N{MINUS SIGN}1 2 3' is neither three numbers (x y z) nor begins with //",
            "becomes '-1 2 3'",
        ),
    ]
    made = fix(path, tmp_path / "out.txt")
    assert made.remaining.problems == []
    assert (tmp_path / "out.txt").read_text() == (
        "//Reference=MNI\n//unnamed study\n1 2 3\n//A, 2010: x\n-1 2 3\n"
    )


# --------------------------------------------------------------------------- folders


def _lines(path):
    import gzip

    return gzip.decompress(path.read_bytes()).decode().splitlines()


def _put(path, lines):
    import gzip

    path.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))


def test_a_folder_in_the_layout(toy_files, tmp_path):
    assert validate(toy_files).ok
    (path,) = toy_files.glob("*_coordinates.tsv.gz")
    lines = _lines(path)
    _put(path, [*lines, lines[1].replace("10001", "77", 1)])
    problem = validate(toy_files).errors[0]
    place = f"{path.name}:{len(lines) + 1}"
    what = "is a peak of study '77', which the metadata do not list"
    assert _told(problem) == ("error", place, what, DROPPED)
    made = fix(toy_files, tmp_path / "out")
    assert made.ok
    assert _lines(tmp_path / "out" / path.name) == lines
    names = sorted(p.name for p in toy_files.iterdir())
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == names
    assert read_database(tmp_path / "out").n_studies == 7


def test_rows_of_metadata_stay_where_matrices_go_by_them(toy_files, tmp_path):
    (path,) = toy_files.glob("*_metadata.tsv.gz")
    lines = _lines(path)
    _put(path, [*lines, lines[1]])
    (problem,) = validate(toy_files).errors
    place = f"{path.name}:{len(lines) + 1}"
    assert _told(problem) == ("error", place, "repeats the study '10001'", "")
    for matrix in toy_files.glob("*.npz"):
        matrix.unlink()
    made = fix(toy_files, tmp_path / "out")
    assert _lines(tmp_path / "out" / path.name) == lines
    assert made.ok


def test_matrices_that_do_not_fit(toy_files):
    (path,) = toy_files.glob("*vocab-terms_vocabulary.txt")
    path.write_text("pain\n")
    (problem,) = validate(toy_files).errors
    assert str(problem.place).endswith("terms_source-abstract_type-tfidf_features.npz")
    assert "the vocabulary 1 labels: these files do not belong together" in problem.what
    path.write_text("pain\n\n")
    (problem,) = validate(toy_files).errors
    assert str(problem.place) == f"{path.name}:2"


def test_legacy_and_mined_folders(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    (old / "database.txt").write_text(GOOD.replace(",", "\t") + "3\tx\t1\t2\tMNI\n")
    (old / "features.txt").write_text("id\tpain\n1\t0.5\n2\tx\n")
    places = [str(p.place) for p in validate(old).problems]
    assert places == ["database.txt:4, column 'x'", "features.txt:3, column 'pain'"]
    assert fix(old, tmp_path / "new").remaining.problems == []
    mined = tmp_path / "mined"
    mined.mkdir()
    (mined / "metadata.csv").write_text("pmcid,title\n1,A\n1,B\n")
    (mined / "coordinates.csv").write_text("pmcid,x,y,z\n1,1,2,3\n2,1,2,3\n")
    places = [str(p.place) for p in validate(mined).problems]
    assert places == ["metadata.csv:3", "coordinates.csv:3"]
    assert fix(mined, tmp_path / "mined2").ok


def test_compiled_databases_are_compared_and_never_repaired(toy, tmp_path):
    folder = tmp_path / "compiled"
    write_database(toy, folder, activations=False)
    assert validate(folder).problems == []
    (path,) = folder.glob("parts-*/labels-0/data.npy")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (problem,) = validate(folder).problems
    assert (problem.kind, problem.severity) == ("damaged", "error")
    with pytest.raises(OptionError, match="make it again from its source"):
        fix(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# ----------------------------------------------------------------------- wrong calls


def test_where_a_copy_can_go(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(WRONG[0][0])
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "new.csv.log.json").write_text("mine")
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "database.txt").write_text(WRONG[0][0])
    for out in (path, tmp_path / "there.csv", tmp_path / "new.csv"):
        with pytest.raises(FormatError, match="is there already: name a new file"):
            fix(path, out)
    with pytest.raises(FormatError, match="is in the folder to be repaired"):
        fix(folder, folder / "new")
    with pytest.raises(OptionError, match=r"ends in \.txt, \.tsv"):
        fix(path, tmp_path / "out.json")
    with pytest.raises(FormatError, match="there is no file or folder"):
        validate(tmp_path / "nosuch.csv")
    with pytest.raises(FormatError, match="an annotation is for NIMADS studysets"):
        validate(path, annotation=path)
    assert len(list(tmp_path.rglob("*"))) == 5


def test_a_failure_leaves_neither_copy_nor_log(tmp_path, monkeypatch):
    from pathlib import Path

    path = tmp_path / "t.csv"
    path.write_text(WRONG[0][0])
    replace = Path.replace

    def failing(self, target):
        if str(target).endswith(".log.json"):
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(FormatError, match="No space left"):
        fix(path, tmp_path / "out.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]


# -------------------------------------------------------------------------- the rest


def test_text_is_bounded_and_json_is_not(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(GOOD + "3,x,1,2,MNI\n" * 1254)
    found = validate(path)
    lines = str(found).splitlines()
    assert len(lines) == 22
    assert lines[0] == (
        f"{path} (a table of peaks): 1,254 errors, 0 warnings; 1,254 can be repaired."
    )
    assert lines[-1] == "  ... and 1,234 more of this kind (no-number)"
    assert len(json.loads(json.dumps(found.to_dict()))["problems"]) == 1254


_FAR = "[1000.0, 1000.0, 1000.0] is more than 200 mm from the origin: probably in "
REAL_FILES = [
    ("test_dataset.txt", "test_features.txt", [_FAR + "voxels or other units"]),
    ("test_real_dataset.txt", "test_real_features.txt", []),
    ("database_v3.txt.gz", None, []),
]


@pytest.mark.parametrize(("name", "features", "whats"), REAL_FILES)
def test_real_files(shared_data, name, features, whats):
    old = shared_data / "legacy_files"
    found = validate(old / name, features=features and old / features)
    assert [problem.what for problem in found.problems] == whats


def test_version_7(shared_data):
    assert validate(shared_data / "neurosynth_v7").problems == []


_FIELD = st.sampled_from(
    ["", "1", "-5", "x", "nan", "inf", "1e9", "tal", "Tailarach", '"', "é", " ", "0,5"]
)


@given(
    rows=st.lists(st.lists(_FIELD, min_size=3, max_size=7), max_size=6),
    header=st.sampled_from(["id,x,y,z,space", "id,x,y,z,x", "x,y,z,ID,", "id,a,b"]),
    comma=st.sampled_from([",", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "cp1252", "utf-8-sig", "utf-16"]),
)
def test_any_table_is_told_and_repaired_once(
    tmp_path_factory, rows, header, comma, end, encoding
):
    folder = tmp_path_factory.mktemp("tables")
    path = folder / "t.csv"
    lines = [header.replace(",", comma), *(comma.join(row) for row in rows)]
    path.write_bytes(end.join([*lines, ""]).encode(encoding))
    found = validate(path)
    str(found).encode()
    made = fix(path, folder / "out.csv")
    assert bool(made.out) == bool(found.repairable)
    assert made.remaining.repairable == []
    if made.ok and made.remaining.form == "a table of peaks":
        read_database(folder / "out.csv" if made.out else path)

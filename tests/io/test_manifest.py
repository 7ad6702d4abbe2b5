"""Manifests: what they must say, and whether their files are what was written."""

import json
from pathlib import Path

import pytest

from nimare_neurosynth.errors import FormatError
from nimare_neurosynth.io import (
    check_files,
    damaged_files,
    has_manifest,
    read_manifest,
    replace_folder,
)
from nimare_neurosynth.io._files import STAGING
from nimare_neurosynth.io._manifest import (
    FolderFormat,
    is_parts_name,
    list_files,
    manifest_format,
)

FORM = FolderFormat(
    name="test-folder",
    version=3,
    title="folder of tests",
    remedy="run the test again",
    fields={"made_by": str, "sizes": list, "n": int},
)
FILES = {"a": b"first", "deep/b": b"second", "empty": b""}


@pytest.fixture
def folder(tmp_path):
    def write(parts):
        for name, content in FILES.items():
            (parts / name).parent.mkdir(exist_ok=True)
            (parts / name).write_bytes(content)
        return {"made_by": "a test", "sizes": [1], "n": 1, "more": "is allowed"}

    replace_folder(tmp_path / "made", FORM, write)
    return tmp_path / "made"


def edit(**changes):
    """Change what a manifest says; what is ``...`` is left out."""

    def change(folder):
        path = folder / "manifest.json"
        manifest = {**json.loads(path.read_text()), **changes}
        kept = {key: value for key, value in manifest.items() if value is not ...}
        path.write_text(json.dumps(kept))

    return change


def overwrite(content):
    return lambda folder: (folder / "manifest.json").write_bytes(content)


def test_a_good_manifest(folder):
    manifest = read_manifest(folder, FORM)
    assert manifest["more"] == "is allowed"
    assert set(manifest["files"]) == set(FILES)
    check_files(folder, manifest, FORM)
    assert damaged_files(folder, manifest) == []
    assert has_manifest(folder)
    assert manifest_format(folder) == "test-folder"


# ------------------------------------------------------------------------ bad manifests

OURS = "is not the manifest of a folder of tests"
DAMAGED = r"manifest\.json is damaged \({} is wrong\): run the test again\."
PATH = DAMAGED.format("a path in it, or what it says of a file,")
FACTS = {"bytes": 1, "sha256": "x"}
BAD = {
    "no manifest": (
        lambda folder: (folder / "manifest.json").unlink(),
        r"made is not a folder of tests: it has no manifest\.json\.",
    ),
    "a folder instead": (
        lambda folder: (
            (folder / "manifest.json").unlink(),
            (folder / "manifest.json").mkdir(),
        ),
        r"it has no manifest\.json",
    ),
    "an empty one": (overwrite(b""), r"manifest\.json cannot be read"),
    "a torn one": (overwrite(b'{"format": "test-folder", "'), "cannot be read"),
    "bytes": (overwrite(b"\xff\0"), "cannot be read"),
    "UTF-16": (overwrite("{}".encode("utf-16")), "cannot be read"),
    "nested beyond reading": (overwrite(b"[" * 100_000), "cannot be read"),
    "a list": (overwrite(b"[]"), OURS),
    "a text": (overwrite(b'"test-folder"'), OURS),
    "null": (overwrite(b"null"), OURS),
    "an empty object": (overwrite(b"{}"), OURS),
    "another format": (edit(format="nimare-neurosynth-database"), OURS),
    "no format": (edit(format=...), OURS),
    "a format in other letters": (edit(format="Test-Folder"), OURS),
    "a newer version": (
        edit(format_version=4),
        "has format version 4, but this version of nimare_neurosynth reads version 3: "
        r"update the package or run the test again\.",
    ),
    "an older version": (edit(format_version=2), "has format version 2"),
    "a version of text": (edit(format_version="3"), "has format version 3, but"),
    "no version": (edit(format_version=...), "has format version None"),
    "no fact": (edit(made_by=...), DAMAGED.format("made_by")),
    "a fact of null": (edit(made_by=None), DAMAGED.format("made_by")),
    "a fact of another type": (edit(made_by=["a test"]), DAMAGED.format("made_by")),
    "a list that is an object": (edit(sizes={}), DAMAGED.format("sizes")),
    "a number that is a text": (edit(n="1"), DAMAGED.format("n")),
    "a number that is no whole one": (edit(n=1.5), DAMAGED.format("n")),
    "no files": (edit(files=...), DAMAGED.format("files")),
    "a list of files": (edit(files=["a"]), DAMAGED.format("files")),
    "no parts": (edit(parts=...), DAMAGED.format("parts")),
    "parts that are a number": (edit(parts=5), DAMAGED.format("parts")),
    "a file above": (edit(files={"../a": FACTS}), PATH),
    "a file far above": (
        edit(files={"a": FACTS, "deep/../../../a": FACTS}),
        PATH,
    ),
    "a file at the root": (
        edit(files={"/etc/a": FACTS}),
        PATH,
    ),
}
FACTS_OF_FILES = {
    "no facts": None,
    "a number": 5,
    "a list": [5, "x"],
    "an empty object": {},
    "no size": {"sha256": "x"},
    "a size of text": {"bytes": "5", "sha256": "x"},
    "a size of float": {"bytes": 5.0, "sha256": "x"},
    "no hash": {"bytes": 5},
    "a hash of null": {"bytes": 5, "sha256": None},
    "a hash that is a number": {"bytes": 5, "sha256": 5},
}
PARTS = ["", ".", "..", "parts", "parts-", "../parts-x", "/parts-x", "parts-x/..", "x"]
PARTS += ["parts-x\n", "parts-x y", "parts-x/y", "Parts-x", "parts-\0"]


@pytest.mark.parametrize("what", BAD)
def test_bad_manifests_are_refused(folder, what):
    change, message = BAD[what]
    change(folder)
    with pytest.raises(FormatError, match=message) as caught:
        read_manifest(folder, FORM)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize("what", FACTS_OF_FILES)
def test_files_must_be_described(folder, what):
    edit(files={"a": FACTS, "b": FACTS_OF_FILES[what]})(folder)
    with pytest.raises(FormatError, match=PATH):
        read_manifest(folder, FORM)


@pytest.mark.parametrize("name", PARTS)
def test_parts_elsewhere_are_refused(folder, name):
    assert not is_parts_name(name)
    edit(parts=name)(folder)
    with pytest.raises(FormatError, match=PATH):
        read_manifest(folder, FORM)


@pytest.mark.parametrize("name", ["parts-x", "parts-abc_123", "parts-0f"])
def test_good_names_of_parts(name):
    assert is_parts_name(name)


@pytest.mark.parametrize("name", [None, 5, ["parts-x"], b"parts-x"])
def test_names_of_parts_are_texts(name):
    assert not is_parts_name(name)


# -------------------------------------------------------------------------------- files


def parts_of(folder):
    return folder / read_manifest(folder, FORM)["parts"]


def test_files_are_listed_with_size_and_hash(tmp_path):
    (tmp_path / "deep" / "empty").mkdir(parents=True)
    (tmp_path / "deep" / "b").write_bytes(b"abc")
    (tmp_path / "a").write_bytes(b"")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert list_files(tmp_path) == {
        "a": {"bytes": 0, "sha256": nothing},
        "deep/b": {"bytes": 3, "sha256": known},
    }


@pytest.mark.parametrize("name", FILES)
def test_missing_files_are_told(folder, name):
    manifest = read_manifest(folder, FORM)
    (parts_of(folder) / name).unlink()
    size = len(FILES[name])
    message = rf"{name} is missing, but the manifest says {size} bytes.*; run the test"
    with pytest.raises(FormatError, match=message):
        check_files(folder, manifest, FORM)
    [wrong] = damaged_files(folder, manifest)
    assert wrong == f"{parts_of(folder) / name} is not what was written"


@pytest.mark.parametrize("content", [b"", b"firs", b"first!"])
def test_files_of_another_size_are_told(folder, content):
    manifest = read_manifest(folder, FORM)
    (parts_of(folder) / "a").write_bytes(content)
    message = (
        rf"/a has {len(content)} bytes, but the manifest says 5 bytes: it is damag"
    )
    with pytest.raises(FormatError, match=message):
        check_files(folder, manifest, FORM)
    assert len(damaged_files(folder, manifest)) == 1


def test_a_folder_instead_of_a_file_is_told(folder):
    manifest = read_manifest(folder, FORM)
    (parts_of(folder) / "a").unlink()
    (parts_of(folder) / "a").mkdir()
    with pytest.raises(FormatError, match="/a is missing"):
        check_files(folder, manifest, FORM)
    assert len(damaged_files(folder, manifest)) == 1


def test_other_content_of_the_same_size_is_told_by_its_hash(folder):
    manifest = read_manifest(folder, FORM)
    (parts_of(folder) / "deep" / "b").write_bytes(b"Second")
    check_files(folder, manifest, FORM)
    [wrong] = damaged_files(folder, manifest)
    assert wrong.endswith("deep/b is not what was written")


def test_files_that_are_too_many_do_not_matter(folder):
    manifest = read_manifest(folder, FORM)
    (parts_of(folder) / "more").write_bytes(b"x")
    check_files(folder, manifest, FORM)
    assert damaged_files(folder, manifest) == []


# ------------------------------------------------------------------------------ formats


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_manifest_that_cannot_be_read_is_of_no_format(folder, content):
    overwrite(content)(folder)
    assert manifest_format(folder) is None
    (folder / "manifest.json").unlink()
    assert manifest_format(folder) is None
    assert not has_manifest(folder)


def test_a_folder_of_this_name_is_no_manifest(tmp_path):
    (tmp_path / "manifest.json").mkdir()
    assert not has_manifest(tmp_path)
    assert not has_manifest(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("parts-abc", True),
        (f"{STAGING}manifest.json-abc", True),
        ("summary.tsv", True),
        ("manifest.json", False),
        ("parts", False),
        ("my-parts-abc", False),
        ("summary.tsv.bak", False),
        (".manifest", False),
        ("notes.txt", False),
    ],
)
def test_what_a_writer_can_have_made(name, expected):
    form = FolderFormat("x", 1, "x", "x", {}, beside=frozenset({"summary.tsv"}))
    assert form.is_ours(Path("folder") / name) == expected
    assert not FORM.is_ours(Path("summary.tsv"))

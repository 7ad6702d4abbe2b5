"""Wrong files and folders: each ends in one clear message before work starts.

The tables say what is wrong with an otherwise good tiny database, which error it must
give, and what the message must say; it always names the file, and the line if there is
one.
"""

import gzip
import io
import json
import re
import zipfile

import numpy as np
import pytest
from scipy import sparse

from nimare_neurosynth import open_database, read_database, write_database
from nimare_neurosynth.errors import FormatError, NeurosynthError
from nimare_neurosynth.io import _sparse
from tests.io.tables import (
    COORDINATES,
    GOOD,
    MATRIX,
    STEM,
    WEIGHTS,
    write,
    write_layout,
)
from tests.oracles import brain_block

PEAKS, STUDIES = "coordinates.tsv.gz", "metadata.tsv.gz"
VOCABULARY = "vocab-terms_vocabulary.txt"
MATRIX_OF_LDA = "vocab-LDA2_source-abstract_type-weight_features.npz"


def _with(suffix, old, new):
    """Change the first occurrence of some text in a good file."""
    assert old in GOOD[suffix]
    return {suffix: GOOD[suffix].replace(old, new, 1)}


def _packed(suffix, start=0, stop=None):
    return {suffix: gzip.compress(GOOD[suffix].encode())[start:stop]}


def _encoded(suffix, encoding):
    return {suffix: GOOD[suffix].replace("One", "Ün").encode(encoding)}


def _archive(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def _array(values, **options):
    stream = io.BytesIO()
    np.save(stream, values, **options)
    return stream.getvalue()


def _npz(**changes):
    parts = {
        "format": np.array(b"csc"),
        "shape": np.array([2, 2]),
        "data": np.array([0.5, 0.25]),
        "indices": np.array([0, 1], dtype=np.int32),
        "indptr": np.array([0, 1, 2], dtype=np.int32),
        **changes,
    }
    packed = {
        name: part if isinstance(part, bytes) else _array(part)
        for name, part in parts.items()
        if part is not None
    }
    return {MATRIX: _archive(**packed)}


def _npy_header(shape):
    """Write the header of an array that claims a shape, and hardly any data."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    text = header.ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\0" * 16


LAYOUT = {
    # what is wrong: (files, which of them the message names, its line, message)
    "no metadata": ({STUDIES: None}, "", None, r"neither .*_metadata\.tsv\.gz"),
    "no coordinates": ({PEAKS: None}, "", None, r"neither .*_coordinates\.tsv\.gz"),
    "empty coordinates": ({PEAKS: ""}, PEAKS, None, "is empty: a table with a header"),
    "empty metadata": (
        {STUDIES: b""},
        STUDIES,
        None,
        "is empty: a table with a header",
    ),
    "a blank file": ({PEAKS: "\n\n"}, PEAKS, None, "is empty"),
    "cut gzip": (_packed(PEAKS, stop=-20), PEAKS, None, "cut short or damaged"),
    "cut gzip header": (_packed(PEAKS, stop=5), PEAKS, None, "cut short or damaged"),
    "no gzip at all": ({PEAKS: b"\x1f\x8bnothing"}, PEAKS, None, "cannot be unpacked"),
    "damaged gzip": (
        {PEAKS: gzip.compress(GOOD[PEAKS].encode())[:-8] + b"\0" * 8},
        PEAKS,
        None,
        "cannot be unpacked",
    ),
    "Latin-1": (_encoded(STUDIES, "latin-1"), STUDIES, 2, "byte 0xdc.* Latin-1"),
    "Latin-1 labels": ({VOCABULARY: b"pain\n\xe9"}, VOCABULARY, 2, "not UTF-8 text"),
    "UTF-16": (
        _encoded(STUDIES, "utf-16"),
        STUDIES,
        None,
        "is UTF-16 .* save it as UT",
    ),
    "UTF-16 big-endian": (
        {STUDIES: b"\xfe\xff" + GOOD[STUDIES].encode("utf-16-be")},
        STUDIES,
        None,
        r"is UTF-16 \(big-endian\) text",
    ),
    "UTF-16 without mark": (
        _encoded(STUDIES, "utf-16-le"),
        STUDIES,
        None,
        "not a text file|not UTF-8",
    ),
    "NUL bytes": (
        _with(PEAKS, "p1", "p\0"),
        PEAKS,
        None,
        "not a text file: it holds NUL",
    ),
    "an image": ({PEAKS: b"\x89PNG\r\n\x1a\n\0\0\0"}, PEAKS, 1, "is not UTF-8 text"),
    "no column x": (_with(PEAKS, "\tx\t", "\tX1\t"), PEAKS, None, "has no column 'x'"),
    "no id of studies": (_with(STUDIES, "id", "pmid"), STUDIES, None, "no column 'id'"),
    "a column twice": (
        _with(PEAKS, "peak_id", "x"),
        PEAKS,
        1,
        "repeats the column 'x'",
    ),
    "a short row": (_with(PEAKS, "\t26.5", ""), PEAKS, 3, "fewer fields"),
    "cut in a row": ({PEAKS: GOOD[PEAKS][:-8]}, PEAKS, 4, "fewer fields"),
    "a short row of studies": (
        _with(STUDIES, "\tPain", ""),
        STUDIES,
        3,
        "fewer fields",
    ),
    "a long row": (_with(PEAKS, "26.5", "26.5\t9"), PEAKS, 3, r"more fields \(8\)"),
    "the first row long": (_with(PEAKS, "\t26\n", "\t26\t9\n"), PEAKS, 2, "fields"),
    "commas": (
        {PEAKS: "id,x,y,z\n1,1,2,3,4,5\n1,1,2\n"},
        PEAKS,
        None,
        "not a proper table|fields",
    ),
    "semicolons": ({PEAKS: "id;x;y;z\n1;1;2;3\n"}, PEAKS, None, "no column 'id'"),
    "a short row beside quotation marks": (
        {PEAKS: 'id\tx\ty\tz\n1\t1\t2\t3\n"1"\t1\t2\n'},
        PEAKS,
        3,
        "fewer fields .*cut short",
    ),
    "an open quotation": (
        {PEAKS: 'id,x,y,z\n1,1,2,"3\n1,1,2,3\n'},
        PEAKS,
        2,
        "has a quotation mark that is never closed",
    ),
    "text in x": (_with(PEAKS, "p2\t2", "p2\tleft"), PEAKS, 3, "'left' in column 'x'"),
    "infinite x": (_with(PEAKS, "p2\t2", "p2\tinf"), PEAKS, 3, "'inf' in column 'x'"),
    "huge z": (_with(PEAKS, "26.5", "1e999"), PEAKS, 3, "'1e999' in column 'z'"),
    "a decimal comma": (_with(PEAKS, "26.5", "26,5"), PEAKS, 3, "'26,5' in column 'z'"),
    "text after a blank line": (
        _with(PEAKS, "1\t12\t2\tp2\t2", "\n1\t12\t2\tp2\tleft"),
        PEAKS,
        4,
        "'left' in column 'x'",
    ),
    "no id of a peak": (_with(PEAKS, "20\t21", "\t21"), PEAKS, 4, "has no 'id'"),
    "no id of a study": (_with(STUDIES, "20\t", " \t"), STUDIES, 3, "has no 'id'"),
    "a study twice": (
        {STUDIES: GOOD[STUDIES] + "1\t\tMNI\tAgain\tX\t2000\tBrain\n"},
        STUDIES,
        4,
        "repeats the study '1'",
    ),
    "a peak of no study": (
        _with(PEAKS, "20\t", "21\t"),
        PEAKS,
        4,
        r"study '21', which .*metadata\.tsv\.gz does not list \(1 such peaks\)",
    ),
    "a year that is text": (_with(STUDIES, "1999", "MCMX"), STUDIES, 2, "'MCMX'"),
    "half a year": (_with(STUDIES, "1999", "1999.5"), STUDIES, 2, "1999.5"),
    "an endless year": (_with(STUDIES, "1999", "1e30"), STUDIES, 2, "1e"),
    "several versions": (
        {f"x_{PEAKS}": GOOD[PEAKS], f"x_{STUDIES}": GOOD[STUDIES]},
        "",
        None,
        "several databases",
    ),
    "a matrix of more studies": (
        {MATRIX: [*WEIGHTS, [1.0, 1.0]]},
        MATRIX,
        None,
        "3 studies x 2 labels, but the metadata list 2 studies and the vocabulary 2",
    ),
    "a matrix of fewer labels": (
        {MATRIX: [[1.0], [2.0]]},
        MATRIX,
        None,
        "2 studies x 1",
    ),
    "a matrix on its side": (
        {VOCABULARY: "a\nb\nc", MATRIX: [[1.0, 0], [0, 1], [1, 1]]},
        MATRIX,
        None,
        "3 studies x 2 labels, but",
    ),
    "no vocabulary": ({VOCABULARY: None}, MATRIX, None, r"no vocabulary .*vocab-terms"),
    "no vocabulary of topics": (
        {MATRIX_OF_LDA: WEIGHTS},
        MATRIX_OF_LDA,
        None,
        "no vocabulary beside it .vocab-LDA2",
    ),
    "a label twice": (
        {VOCABULARY: "pain\npain"},
        VOCABULARY,
        2,
        "repeats the label 'pai",
    ),
    "an empty label": (
        {VOCABULARY: "pain\n\nx"},
        VOCABULARY,
        2,
        "is empty: a label is",
    ),
    "a blank label": ({VOCABULARY: " \npain"}, VOCABULARY, 1, "is empty: a label is"),
    "an empty vocabulary": ({VOCABULARY: ""}, MATRIX, None, "vocabulary 0 labels"),
    "no zip": ({MATRIX: b"PK nothing"}, MATRIX, None, "is not an npz file"),
    "an empty npz": ({MATRIX: b""}, MATRIX, None, "is not an npz file"),
    "a cut npz": ({MATRIX: _npz()[MATRIX][:-30]}, MATRIX, None, "is not an npz file"),
    "the same weights twice": (
        {f"x_{MATRIX}": WEIGHTS},
        MATRIX,
        None,
        "holds the same weights as data-tiny",
    ),
    "a damaged npz": (
        {MATRIX: _npz()[MATRIX].replace(b"\0\0\xe0?", b"\0\0\xe1?")},
        MATRIX,
        None,
        "cannot be read as a sparse matrix .Bad CRC",
    ),
    "an npz of nothing": (
        {MATRIX: _archive()},
        MATRIX,
        None,
        "cannot be read as a spar",
    ),
    "a dense array": (
        {MATRIX: _archive(arr_0=_array(np.eye(2)))},
        MATRIX,
        None,
        "scipy.sparse.save_npz",
    ),
    "pickled objects": (
        _npz(data=_array(np.array([0.5, None]), allow_pickle=True)),
        MATRIX,
        None,
        "without pickled objects",
    ),
    "an unknown form": (
        _npz(format=np.array(b"xyz")),
        MATRIX,
        None,
        "cannot be read as",
    ),
    "an absurd shape": (
        _npz(shape=np.array([10**12, 10**12])),
        MATRIX,
        None,
        "labels|be",
    ),
    "an absurd array": (
        _npz(data=_npy_header((10**15,))),
        MATRIX,
        None,
        "cannot be read",
    ),
    "three dimensions": (
        _npz(shape=np.array([2, 2, 2])),
        MATRIX,
        None,
        "cannot be read",
    ),
    "weights NaN": (
        {MATRIX: [[np.nan, 0], [0, 1]]},
        MATRIX,
        None,
        "not finite numbers",
    ),
    "weights infinite": ({MATRIX: [[np.inf, 0], [0, 1]]}, MATRIX, None, "not finite"),
    "weights that are text": (
        _npz(data=np.array(["a", "b"])),
        MATRIX,
        None,
        "values, not numbers",
    ),
    "complex weights": (
        _npz(data=np.array([1j, 2.0])),
        MATRIX,
        None,
        "numbers|real|incons",
    ),
    "rows beyond the matrix": (
        _npz(indices=np.array([0, 7], dtype=np.int32)),
        MATRIX,
        None,
        "inconsistent|cannot be read",
    ),
    "negative rows": (
        _npz(indices=np.array([0, -1], dtype=np.int32)),
        MATRIX,
        None,
        "inconsistent|cannot be read",
    ),
    "offsets that fall": (
        _npz(indptr=np.array([0, 5, 2], dtype=np.int32)),
        MATRIX,
        None,
        "inconsistent|cannot be read",
    ),
    "broken JSON": (
        {"vocab-terms_metadata.json": '{"description": '},
        "vocab-terms_metadata.json",
        None,
        "is not proper JSON",
    ),
    "JSON of another form": (
        {"vocab-terms_metadata.json": "[1]"},
        "vocab-terms_metadata.json",
        None,
        "is not proper JSON",
    ),
}


@pytest.mark.parametrize("what", LAYOUT)
def test_a_wrong_folder(tmp_path, what):
    changes, named, line, message = LAYOUT[what]
    folder = write_layout(tmp_path / "tiny", changes)
    where = folder / f"{STEM}_{named}" if named else folder
    with pytest.raises(FormatError, match=message) as caught:
        read_database(folder)
    assert str(where) in str(caught.value)
    assert line is None or f"{where}:{line}" in str(caught.value)


def test_a_matrix_that_would_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(_sparse, "_MAX_ARRAY_BYTES", 100)
    folder = write_layout(tmp_path / "tiny")
    with pytest.raises(FormatError, match=r"features\.npz would unpack to 0 MB"):
        read_database(folder)


def test_a_text_that_would_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("nimare_neurosynth.io._files.MAX_TEXT_BYTES", 10)
    folder = write_layout(tmp_path / "tiny")
    with pytest.raises(FormatError, match=r"_metadata\.tsv\.gz unpacks to more than"):
        read_database(folder)


def _bomb(folder):
    [path] = folder.glob("*_metadata.tsv.gz")
    path.write_bytes(path.read_bytes() + gzip.compress(b"\n" * (1 << 26), 9))


def test_a_text_that_unpacks_to_much_more_than_its_size(tmp_path):
    folder = write_layout(tmp_path / "tiny")
    _bomb(folder)
    with pytest.raises(FormatError, match=r"more than 200 times its size.*unpack it"):
        read_database(folder)


def _odd_matrix(folder, **arrays):
    [path] = folder.glob("*_features.npz")
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files}
    np.savez_compressed(path, **(members | arrays))


ODD_INDICES = {
    "pointers that go back": {"indptr": [0, -(2**31), 2, 2]},
    "indices past the end": {"indices": [0, 10**6, 1, 1]},
    "pointers past the end": {"indptr": [0, 10**6, 10**6, 10**6]},
}


@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize("what", ODD_INDICES)
def test_indices_that_would_crash_the_process(tmp_path, what, form):
    folder = write_layout(tmp_path / "tiny")
    arrays = {k: np.array(v, np.int32) for k, v in ODD_INDICES[what].items()}
    _odd_matrix(folder, format=form, **arrays)
    with pytest.raises(FormatError, match=r"features\.npz cannot be read as a sparse"):
        read_database(folder)


def test_study_ids_under_two_names(tmp_path):
    metadata = "id\tstudy_id\n1\ta\n2\tb\n"
    folder = write_layout(tmp_path / "tiny")
    [path] = folder.glob("*_metadata.tsv.gz")
    path.write_bytes(gzip.compress(metadata.encode()))
    with pytest.raises(FormatError, match="'id' and 'study_id', and both name the st"):
        read_database(folder)


# --------------------------------------------------------------------- user tables

TABLE = "id,x,y,z,space\n1,1,2,3,MNI\n2,4,5,6,TAL\n"
FEATURES = "id,pain\n1,0.5\n2,0.25\n"
TABLES = {
    # what is wrong: (table of peaks, table of features, end of its name, message)
    "no id": ("pid,x,y,z\n1,1,2,3\n", None, "peaks.csv", "no column 'id'; its columns"),
    "no coordinates": ("id,a,b\n1,1,2\n", None, "peaks.csv", "no column 'x', 'y', 'z'"),
    "near miss": ("id,x,y,zz\n1,1,2,3\n", None, "peaks.csv", "no column 'z'; .*'zz'"),
    "columns by case": (
        "id,x,X,y,z\n1,1,1,2,3\n",
        None,
        "csv:1",
        "differ only in case",
    ),
    "a column twice": ("id,x,x,y,z\n1,1,1,2,3\n", None, "csv:1", "repeats the column"),
    "text": (TABLE.replace("4", "four"), None, "csv:3", "'four' in column 'x'"),
    "thousands": (TABLE.replace("4", '"4,0"'), None, "csv:3", "'4,0' in column 'x'"),
    "no id in a row": (TABLE.replace("2,4", ",4"), None, "csv:3", "has no 'id'"),
    "short row": (TABLE.replace(",TAL", ""), None, "csv:3", "fewer fields"),
    "empty": ("", None, "peaks.csv", "is empty"),
    "text after a title of two lines": (
        'id,x,y,z,title\n1,1,2,3,"a\nb"\n2,left,2,3,c\n',
        None,
        "csv:4",
        "'left' in column 'x'",
    ),
    "features: empty": (TABLE, "", "terms.csv", "is empty"),
    "features: no columns": (
        TABLE,
        "id\n1\n2\n",
        "terms.csv",
        "has no column of weights",
    ),
    "features: a study twice": (
        TABLE,
        FEATURES + "1,1\n",
        "csv:4",
        "repeats the study",
    ),
    "features: no study": (TABLE, "id,pain\n,1\n", "terms.csv:2", "has no 'id'"),
    "features: text": (
        TABLE,
        "id,pain\n1,yes\n",
        "terms.csv:2",
        "'yes' in column 'pain'",
    ),
    "features: infinite": (
        TABLE,
        "id,pain\n1,inf\n",
        "csv:2",
        "'inf' in column 'pain'",
    ),
    "features: a label twice": (
        TABLE,
        "id,a,a\n1,0,1\n",
        "csv:1",
        "repeats the column",
    ),
    "features: no label": (TABLE, "id,a,\n1,1,1\n", "terms.csv", "column|label"),
    "features: short row": (TABLE, "id,a,b\n1,0\n", "terms.csv:2", "fewer fields"),
    "features: other studies": (
        TABLE,
        "id,pain\n0001,1\n",
        "terms.csv",
        "shares no study .* begin with '0001', those of the peaks with '1'",
    ),
    "features: nobody to share": (
        "id,x,y,z\n",
        FEATURES,
        "terms.csv",
        "shares no study",
    ),
}


@pytest.mark.parametrize("what", TABLES)
def test_a_wrong_table(tmp_path, what):
    text, features, where, message = TABLES[what]
    path = write(tmp_path / "peaks.csv", text)
    if features is not None:
        features = write(tmp_path / "terms.csv", features)
    with pytest.raises(FormatError, match=message) as caught:
        read_database(path, features=features)
    assert str(tmp_path) in str(caught.value)
    assert where in str(caught.value)


# ------------------------------------------------------------------------- the door


def _nothing(folder):
    return folder / "neurosynth_v7"


def _nowhere(folder):
    return folder / "no" / "such" / "place"


def _near_miss(folder):
    (folder / "neurosynth_v6").mkdir()
    return folder / "neurosynth_v7"


def _json(folder):
    return write(folder / "studies.json", "{}")


def _no_ending(folder):
    return write(folder / "database", TABLE)


def _empty_folder(folder):
    return folder


def _other_folder(folder):
    write(folder / "README.md", "nothing here")
    return folder


def _long(folder):
    return folder / ("x" * 300)


def _features_of_a_folder(folder):
    return write_layout(folder / "tiny"), write(folder / "terms.csv", FEATURES)


def _no_features(folder):
    return write(folder / "peaks.csv", TABLE), folder / "nothing.csv"


def _folder_as_features(folder):
    return write(folder / "peaks.csv", TABLE), folder


DOOR = {
    _nothing: "there is no file or folder .*neurosynth_v7",
    _nowhere: r"there is no file or folder .*place\.$",
    _near_miss: r"no file or folder .*neurosynth_v7\. Close matches: 'neurosynth_v6'",
    _json: r"studies\.json is no NIMADS studyset: it has no list of 'studies'",
    _no_ending: "database is of no known form",
    _empty_folder: "is no database of a known form: it has neither manifest.json",
    _other_folder: "is no database of a known form",
    _long: "no file or folder|name too long",
    _features_of_a_folder: "features are only for tables of peaks",
    _no_features: r"there is no file of features .*nothing\.csv",
    _folder_as_features: "there is no file of features",
}


@pytest.mark.parametrize("cache", [False, True])
@pytest.mark.parametrize("make", DOOR)
def test_what_is_no_database(tmp_path, make, cache):
    path = make(tmp_path)
    path, features = path if isinstance(path, tuple) else (path, None)
    with pytest.raises(FormatError, match=DOOR[make]) as caught:
        read_database(path, features=features, cache=cache)
    assert isinstance(caught.value, NeurosynthError)


# ------------------------------------------------------------------ compiled folders


@pytest.fixture
def compiled(tmp_path, toy):
    folder = tmp_path / "compiled"
    write_database(toy, folder, activations=False)
    return folder


def _parts(folder):
    (parts,) = folder.glob("parts-*")
    return parts


def _edit(**changes):
    def change(folder):
        path = folder / "manifest.json"
        manifest = {**json.loads(path.read_text()), **changes}
        kept = {k: v for k, v in manifest.items() if v != "LEFT OUT"}
        path.write_text(json.dumps(kept))

    return change


def _overwrite(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def _remove(name):
    return lambda folder: (_parts(folder) / name).unlink()


def _shorten(name):
    def change(folder):
        path = _parts(folder) / name
        path.write_bytes(path.read_bytes()[:-1])

    return change


def _garble(name, start=b""):
    """Replace a file by as many other bytes."""

    def change(folder):
        path = _parts(folder) / name
        path.write_bytes(start.ljust(path.stat().st_size, b"x"))

    return change


COMPILED = {
    "no manifest": (
        lambda folder: (folder / "manifest.json").unlink(),
        r"not a compiled database: it has no manifest\.json",
    ),
    "an empty manifest": (_overwrite("manifest.json", b""), "manifest.json cannot be"),
    "a torn manifest": (_overwrite("manifest.json", b'{"format": "'), "cannot be read"),
    "a manifest of bytes": (_overwrite("manifest.json", b"\xff\0"), "cannot be read"),
    "a list": (_overwrite("manifest.json", b"[]"), "is not the manifest of a compiled"),
    "another format": (_edit(format="other"), "is not the manifest of a compiled"),
    "a newer version": (
        _edit(format_version=99),
        "has format version 99, but this version .* reads version 2: update",
    ),
    "an older version": (
        _edit(format_version=1),
        "has format version 1, .* update the package or compile the database again",
    ),
    "no version": (_edit(format_version="LEFT OUT"), "has format version None"),
    "no files": (_edit(files="LEFT OUT"), "is damaged .*compile the database again"),
    "no parts": (_edit(parts="LEFT OUT"), "is damaged"),
    "parts elsewhere": (_edit(parts="../other"), "is damaged"),
    "parts at the root": (_edit(parts="/parts-x"), "is damaged"),
    "the folder as its parts": (_edit(parts="."), "is damaged|is missing"),
    "files elsewhere": (_edit(files={"../x": {"bytes": 1}}), "is damaged"),
    "tables elsewhere": (_edit(tables=["../../studies"]), "is damaged"),
    "a table elsewhere": (_edit(tables={"../studies": 7}), "is damaged"),
    "parts that are no text": (_edit(parts=5), "is damaged"),
    "a list of files": (_edit(files=[]), "is damaged"),
    "files without facts": (_edit(files={"xyz.npy": 5}), "is damaged"),
    "nothing about it": (_edit(about={}), "is damaged"),
    "other things about it": (
        _edit(about={"name": "x", "colour": "red"}),
        "is damaged",
    ),
    "spaces that are a number": (_edit(spaces=5), "is damaged"),
    "label sets that are none": (_edit(label_sets=[{}]), "is damaged"),
    "a label set too many": (_edit(label_sets=[{"name": "x"}] * 9), "is damaged"),
    "tables that are a number": (_edit(tables=5), "is damaged"),
    "studies that are text": (_edit(n_studies="many"), "is damaged"),
    "fewer than no studies": (_edit(n_studies=-1), "is damaged"),
    "no notes": (_edit(notes=None), "is damaged"),
    "a hash that is none": (_edit(content_hash=5), "is damaged"),
    "no hashes of segments": (_edit(segment_hashes="LEFT OUT"), "is damaged"),
    "a hash of segments": (_edit(segment_hashes="ab" * 16), "is damaged"),
    "too few hashes of segments": (_edit(segment_hashes=[]), "is damaged"),
    "too many hashes of segments": (
        _edit(segment_hashes=["ab" * 16] * 2),
        "is damaged",
    ),
    "a hash of segments that is a number": (_edit(segment_hashes=[5]), "is damaged"),
    "a short hash of segments": (_edit(segment_hashes=["ab"]), "is damaged"),
    "a hash of segments elsewhere": (_edit(segment_hashes=["../../x"]), "is damaged"),
    "a hash of segments at the root": (_edit(segment_hashes=["/x"]), "is damaged"),
    "a hash of segments here": (_edit(segment_hashes=["."]), "is damaged"),
    "a missing array": (
        _remove("xyz.npy"),
        r"xyz\.npy is missing, but the manifest says",
    ),
    "a missing table": (_remove("studies.parquet"), "studies.parquet is missing"),
    "missing names": (_remove("labels-0/names.json"), "names.json is missing"),
    "a short array": (
        _shorten("study.npy"),
        r"study\.npy has \d+ bytes, but the manif",
    ),
    "a short matrix": (_shorten("labels-0/data.npy"), "data.npy has .* bytes"),
    "garbage as an array": (_garble("xyz.npy"), r"xyz\.npy|is damaged"),
    "a zip archive as an array": (_garble("xyz.npy", b"PK\x03\x04"), "is damaged"),
    "an array with a torn header": (
        _garble("xyz.npy", b"\x93NUMPY\x01\0v\0{(("),
        "is damaged",
    ),
    "a pickle as an array": (_garble("study.npy", b"\x80\x04"), "is damaged"),
    "garbage as names": (_garble("labels-0/names.json"), r"names\.json|is damaged"),
    "garbage as weights": (_garble("labels-0/indptr.npy"), r"indptr\.npy|is damaged"),
}


@pytest.mark.parametrize("what", COMPILED)
def test_a_wrong_compiled_database(compiled, what):
    change, message = COMPILED[what]
    change(compiled)
    with pytest.raises(FormatError, match=message) as caught:
        open_database(compiled)
    assert str(compiled) in str(caught.value)


def test_nothing_outside_is_deleted_for_a_hash_that_leads_there(compiled, tmp_path):
    mine = tmp_path / "mine" / "thesis.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    _edit(segment_hashes=["../../../mine"])(compiled)
    with pytest.raises(FormatError, match="is damaged"):
        open_database(compiled).activations(mask=brain_block())
    assert mine.read_text() == "mine"
    assert [path.name for path in mine.parent.iterdir()] == ["thesis.txt"]


def test_a_table_of_another_length_is_found_when_it_is_read(compiled):
    manifest = json.loads((compiled / "manifest.json").read_text())
    _edit(tables={**manifest["tables"], "studies": 8})(compiled)
    with pytest.raises(FormatError, match="has 7 rows instead of 8"):
        _ = open_database(compiled).studies


def test_a_garbled_table_is_found_when_it_is_read(compiled):
    _garble("studies.parquet")(compiled)
    with pytest.raises(FormatError, match=r"studies\.parquet"):
        _ = open_database(compiled).studies


def test_what_is_compiled_has_its_labels_in_it(compiled, tmp_path):
    features = write(tmp_path / "terms.csv", FEATURES)
    with pytest.raises(FormatError, match="a compiled database has its labels in it"):
        read_database(compiled, features=features)


def test_a_folder_that_is_not_there_is_not_opened(tmp_path):
    with pytest.raises(FormatError, match=r"nothing is not a compiled database"):
        open_database(tmp_path / "nothing")


def test_manifests_of_another_database_are_not_trusted_with_deleting(compiled, toy):
    # a manifest that names the folder itself must not have the folder deleted
    _edit(parts=".")(compiled)
    write_database(toy, compiled, activations=False)
    assert open_database(compiled).n_studies == toy.n_studies


def test_the_tables_of_this_module_start_from_a_good_database(tmp_path, compiled):
    folder = write_layout(tmp_path / "tiny")
    good = read_database(folder)
    again = write_layout(tmp_path / "again", _npz() | {PEAKS: GOOD[PEAKS]})
    assert (good.n_studies, len(good.peaks)) == (2, 3)
    assert read_database(again).content_hash == good.content_hash
    assert COORDINATES.split() == GOOD[PEAKS].splitlines()[0].split()
    assert open_database(compiled).n_studies == 7
    assert re.fullmatch("parts-.*", _parts(compiled).name)
    assert sparse.load_npz(again / f"{STEM}_{MATRIX}").toarray().tolist() == WEIGHTS

"""Folders with the maps of all labels: the same bits as one analysis after another."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth import meta_analysis, write_database
from nimare_neurosynth.database import DEFAULT_THRESHOLD
from nimare_neurosynth.errors import (
    EmptySelectionError,
    FormatError,
    NeurosynthError,
    OptionError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.meta import (
    MAPS,
    _term_maps_job,
    _term_maps_run,
    map_z,
    open_term_maps,
    term_maps,
)
from nimare_neurosynth.meta._label_facts import label_facts
from nimare_neurosynth.meta._term_maps import file_name
from tests.oracles import brain_block, quietly, random_database

MASK = brain_block()
OTHER_MASK = brain_block((7, 7, 8), 6.0)
LABELS = tuple(f"label{c}" for c in "abcdef")


@pytest.fixture(scope="module")
def db():
    return random_database()


@pytest.fixture
def few_rows(monkeypatch):
    """Two labels per file of counts: three files."""
    monkeypatch.setattr(_term_maps_job, "_MOST_ROWS", 2)


def make(db, folder, *args, **options):
    return term_maps(db, folder, *args, **{"mask": MASK, "n_jobs": 1, **options})


@pytest.fixture(scope="module")
def made(db, tmp_path_factory):
    return make(db, tmp_path_factory.mktemp("made") / "maps")


def parts_of(folder):
    (parts,) = folder.glob("parts-*")
    return parts


def files_of(folder):
    return {p.name: p.read_bytes() for p in parts_of(folder).iterdir()}


def times_of(folder):
    return {p: p.stat().st_mtime_ns for p in parts_of(folder).iterdir()}


def assert_same(a, b):
    """Compare every number that maps are made of, and what is said of them."""
    assert (a.labels, a.n_studies) == (b.labels, b.n_studies)
    np.testing.assert_array_equal(a.counts(0, len(a)), b.counts(0, len(b)))
    for name in ("n_selected", "totals"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for label in a:
        np.testing.assert_array_equal(a[label].expected, b[label].expected)
    pd.testing.assert_frame_equal(a.summary, b.summary)
    assert a.facts["request"] == b.facts["request"]
    assert a.mask.key == b.mask.key


# --------------------------------------------------------------------- the same bits

ASKED = {
    "plainly": ({}, {}),
    "a universe": ({"universe": "labelb | labelc"}, {}),
    "another radius": ({"radius_mm": 10}, {}),
    "another mask": ({"mask": OTHER_MASK}, {}),
    "no Talairach": ({"talairach": None}, {}),
    "another matrix": ({"talairach": "icbm_other"}, {}),
    "another threshold": ({"threshold": 0.4}, {}),
    "another prior": ({}, {"prior": 0.2}),
    "a minimum of studies": ({}, {"min_studies": 5}),
    "a share of studies": ({}, {"min_studies": 0.06, "prior": 0.9}),
}


@pytest.mark.parametrize("case", ASKED)
def test_each_map_is_that_of_an_analysis(db, tmp_path, case):
    options, later = ASKED[case]
    made = make(db, tmp_path, min_studies_per_term=1, **options)
    assert made.labels == LABELS
    for label in made:
        one = quietly(meta_analysis, db, label, **{"mask": MASK, **options}, **later)
        ours = made.maps(label, **later)
        for name in MAPS:
            np.testing.assert_array_equal(ours[name], one[name], strict=True)
            if MAPS[name].test:
                np.testing.assert_array_equal(
                    ours.array(name, fdr_q=0.1), one.array(name, fdr_q=0.1)
                )
        for name, q in (("z_desc-association", None), ("prob_desc-FgA_prior", 0.05)):
            assert ours.sidecar(name, fdr_q=q) == one.sidecar(name, fdr_q=q)


def test_a_selection_can_be_the_universe(db, tmp_path):
    universe = db.select(ids=db.study_ids[:90])
    made = make(db, tmp_path, universe=universe)
    one = meta_analysis(db, "labela", mask=MASK, universe=universe)
    np.testing.assert_array_equal(made["labela"].counts, one.counts)
    name = "z_desc-association"
    assert made["labela"].sidecar(name) == one.sidecar(name)


def test_the_batch_is_the_loop(db, tmp_path, made):
    for label in LABELS:
        alone = make(db, tmp_path / label, label)
        assert alone.labels == (label,)
        np.testing.assert_array_equal(alone[label].counts, made[label].counts)
        (line,) = alone.summary.to_dict("records")
        assert line == made.summary.to_dict("records")[made.row(label)]


def test_labels_of_the_toy_database(toy, tmp_path):
    made = make(toy, tmp_path, label_set="terms", min_studies_per_term=1)
    assert made.labels == ("pain", "working memory", "emotion", "emotional", "5ht")
    for label in made:
        one = quietly(meta_analysis, toy, f'terms:"{label}"', mask=MASK)
        np.testing.assert_array_equal(made[label].counts, one.counts)
        mine = made[label].sidecar("z_desc-association")["selection"]
        theirs = one.sidecar("z_desc-association")["selection"]
        for key in ("n_studies", "ids_sha256"):
            assert mine[key] == theirs[key]


def test_the_summary_is_that_of_each_label(db, made):
    lines = [
        label_facts(meta_analysis(db, label, mask=MASK), fdr_q=0.01) for label in LABELS
    ]
    pd.testing.assert_frame_equal(made.summary, pd.DataFrame(lines))


def test_the_summary_lies_beside(made):
    table = pd.read_csv(made.folder / "summary.tsv", sep="\t", keep_default_na=False)
    pd.testing.assert_frame_equal(table, made.summary, check_dtype=False)
    facts = json.loads((made.folder / "summary.json").read_text())
    assert facts["table"] == "summary.tsv"
    assert facts["request"] == made.facts["request"]
    assert facts["labels"] == made.summary.to_dict("records")


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_z_values_stream_as_in_a_batch(db, made, n_jobs):
    z = np.full((2, len(made), MASK.n_voxels), np.nan, np.float32)
    expected = z.copy()

    def into(out):
        def keep(tile):
            assert tile.association.dtype == np.float32
            out[0, tile.columns, tile.voxels] = tile.association
            out[1, tile.columns, tile.voxels] = tile.uniformity

        return keep

    made.map_z(into(z), n_jobs=n_jobs)
    map_z(db.activations(mask=MASK), db.label_sets["labels"].columns(), into(expected))
    np.testing.assert_array_equal(z, expected)


def test_results_of_streaming_come_in_order(db, made, monkeypatch):
    monkeypatch.setattr("nimare_neurosynth.meta._term_maps._ROWS_PER_TASK", 4)
    parts = made.map_z(lambda tile: (tile.columns.start, tile.columns.stop), n_jobs=2)
    assert parts == [(0, 4), (4, 6)]
    with pytest.raises(OptionError, match="n_jobs"):
        made.map_z(len, n_jobs=0)


# ------------------------------------------------- memory, threads, files: no matter


@pytest.mark.parametrize("rows", [1, 2, 4, 5])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_no_bit_depends_on_the_work(db, tmp_path, made, monkeypatch, rows, n_jobs):
    monkeypatch.setattr(_term_maps_job, "_MOST_ROWS", rows)
    other = make(db, tmp_path, n_jobs=n_jobs)
    assert len(other.facts["chunks"]) == -(-6 // rows)
    assert_same(other, made)
    assert_same(open_term_maps(tmp_path), made)


def test_equal_chunks_are_equal_bytes(db, tmp_path, few_rows):
    for n_jobs in (1, 2):
        make(db, tmp_path / str(n_jobs), n_jobs=n_jobs)
    one, two = files_of(tmp_path / "1"), files_of(tmp_path / "2")
    assert len([name for name in one if name.startswith("counts-")]) == 3
    assert one == two


def test_less_memory_makes_more_files(db, tmp_path, made):
    least = 101 * MASK.n_voxels  # one thread, one label of a byte per voxel
    for extra, n_files in ((0, 6), (1, 3), (2, 2), (4, 2), (5, 1)):
        limit = least + extra * MASK.n_voxels
        other = make(db, tmp_path / str(extra), memory_limit=limit)
        assert len(other.facts["chunks"]) == n_files
        assert_same(other, made)
    with pytest.raises(OptionError, match=r"allow more, or use fewer threads"):
        make(db, tmp_path / "less", memory_limit=least - 1)
    with pytest.raises(OptionError, match="2 threads"):
        make(db, tmp_path / "less", memory_limit=least, n_jobs=2)
    assert not (tmp_path / "less").exists()


def test_the_order_of_labels_is_that_of_their_set(db, tmp_path, made):
    picked = make(db, tmp_path, ["labele", "labelb", "labele"])
    assert picked.labels == ("labelb", "labele")
    np.testing.assert_array_equal(picked["labele"].counts, made["labele"].counts)


def test_the_folder_holds_nothing_else(made):
    names = {p.name for p in made.folder.iterdir()}
    assert names == {
        "manifest.json",
        "summary.json",
        "summary.tsv",
        parts_of(made.folder).name,
    }
    assert set(files_of(made.folder)) == {
        "counts-00000.bin",
        "index.npy",
        "labels.json",
        "mask.npy",
        "summary.parquet",
        "totals.npy",
    }


# ------------------------------------------------------------------------ as a mapping


def test_it_is_like_a_mapping(made):
    assert len(made) == 6
    assert list(made) == list(LABELS)
    assert "labela" in made
    assert "nothing" not in made
    assert 3 not in made
    assert repr(made) == f"<TermMaps of 6 labels, 118 studies, {MASK.n_voxels} voxels>"
    assert "labela" in made._repr_html_()


def test_labels_are_found_by_pattern(made):
    assert made.find("label*") == list(LABELS)
    assert made.find(["labelf", "label?", "labela"]) == list(LABELS)
    assert made.find(["labelf", "labela"]) == ["labela", "labelf"]
    assert made.find([]) == []


@pytest.mark.parametrize("ask", ["__getitem__", "row", "maps", "find"])
def test_an_unknown_label_is_told_with_what_is_like_it(made, ask):
    with pytest.raises(UnknownTermError, match=r"'labelz'.*label[a-f]"):
        getattr(made, ask)("labelz")


@pytest.mark.parametrize(
    "options",
    [
        {"prior": 0},
        {"prior": 1},
        {"prior": "x"},
        {"min_studies": -1},
        {"min_studies": 1.5},
    ],
)
def test_options_of_maps_are_checked(made, options):
    with pytest.raises(OptionError):
        made.maps("labela", **options)


def test_maps_are_saved_in_a_folder_for_each_label(made, db, tmp_path):
    files = made.save(tmp_path, ["labelb", "labela"], names=["z_desc-association"])
    assert {p.parent.name for p in files} == {"labela", "labelb"}
    one = meta_analysis(db, "labelb", mask=MASK)
    expected = one.save(tmp_path / "one", names=["z_desc-association"], fdr_q=0.01)
    assert len(expected) * 2 == len(files)
    for path in expected:
        assert (tmp_path / "labelb" / path.name).read_bytes() == path.read_bytes()


def test_an_unknown_label_is_told_before_any_is_saved(made, tmp_path):
    with pytest.raises(UnknownTermError):
        made.save(tmp_path / "out", ["labela", "other"])
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "label",
    ["a/b", "..", ".", "", "a\\b", "a:b", "x*?", "\n", "größe", "5-HT", " a", "%"],
)
def test_folders_of_labels_stay_inside(label, tmp_path):
    name = file_name(label)
    assert name not in {"", ".", ".."}
    assert not set(name) & set('/\\:*?"<>|\n ')
    assert (tmp_path / name).resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize(
    "pair", [("a b", "a_b"), (" a", "a"), ("a/b", "a%2Fb"), ("", "%")]
)
def test_labels_that_differ_have_folders_that_differ(pair):
    assert file_name(pair[0]) != file_name(pair[1])


def test_folders_of_labels_are_not_hidden():
    assert not file_name(".x").startswith(".")


# ------------------------------------------------------------------------- resumption


@pytest.fixture
def counting(monkeypatch):
    """List how many labels are counted in each call."""
    calls = []
    real = _term_maps_run.count_columns

    def count(activations, columns, **options):
        calls.append(columns.n_columns)
        return real(activations, columns, **options)

    monkeypatch.setattr(_term_maps_run, "count_columns", count)
    return calls


def fail_once(monkeypatch, name, after, error):
    """Make the call after some of a function fail, and those after it work."""
    real = getattr(_term_maps_run, name)
    left = [after]

    def fail(*args, **options):
        left[0] -= 1
        if left[0] == -1:
            raise error
        return real(*args, **options)

    monkeypatch.setattr(_term_maps_run, name, fail)


FAILURES = {
    "at the first label": ("label_facts", 0, 0),
    "in the second file": ("label_facts", 3, 1),
    "at the last label": ("label_facts", 5, 2),
    "writing a plan": ("write_atomic", 0, 0),
    "writing counts": ("write_atomic", 1, 0),
    "between counts and facts": ("write_atomic", 4, 1),
    "writing what is common": ("_write_whole", 0, 3),
}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left")])
@pytest.mark.parametrize("case", FAILURES)
def test_an_interrupted_call_goes_on(
    db, tmp_path, made, monkeypatch, few_rows, counting, case, error
):
    name, after, n_kept = FAILURES[case]
    fail_once(monkeypatch, name, after, error)
    folder = tmp_path / "maps"
    raised = FormatError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(raised):
        make(db, folder)
    assert not (folder / "manifest.json").exists()
    counting.clear()
    again = make(db, folder)
    assert counting == [2] * (3 - n_kept)
    assert_same(again, made)
    assert again.validate() == []
    assert len(list(folder.iterdir())) == 4
    make(db, tmp_path / "anew")
    assert files_of(folder) == files_of(tmp_path / "anew")


def interrupted(db, folder, monkeypatch):
    with monkeypatch.context() as patch:
        fail_once(patch, "_write_whole", 0, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            make(db, folder)
    return parts_of(folder)


def _edit(path, change):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= change
    path.write_bytes(data)


LEFT_DAMAGED = {
    "a changed byte": lambda p: _edit(p / "counts-00001.bin", 1),
    "counts cut off": lambda p: (p / "counts-00001.bin").write_bytes(b"x"),
    "counts missing": lambda p: (p / "counts-00001.bin").unlink(),
    "facts missing": lambda p: (p / "counts-00001.json").unlink(),
    "facts torn": lambda p: (p / "counts-00001.json").write_text("[{"),
    "facts of nothing": lambda p: (p / "counts-00001.json").write_text("[{}]"),
    "facts empty": lambda p: (p / "counts-00001.json").write_text("[]"),
    "facts null": lambda p: (p / "counts-00001.json").write_text("null"),
}


@pytest.mark.parametrize("case", LEFT_DAMAGED)
def test_damaged_leftovers_are_made_again(
    db, tmp_path, made, monkeypatch, few_rows, counting, case
):
    LEFT_DAMAGED[case](interrupted(db, tmp_path, monkeypatch))
    counting.clear()
    assert_same(make(db, tmp_path), made)
    assert counting == [2]


@pytest.mark.parametrize("plan", ["", "{}", "null", '{"rows_per_chunk": 0}'])
def test_a_damaged_plan_is_made_again(db, tmp_path, made, monkeypatch, few_rows, plan):
    (interrupted(db, tmp_path, monkeypatch) / "plan.json").write_text(plan)
    assert_same(make(db, tmp_path), made)


def test_work_goes_on_in_the_chunks_it_began_with(
    db, tmp_path, made, monkeypatch, few_rows, counting
):
    interrupted(db, tmp_path, monkeypatch)
    counting.clear()
    monkeypatch.setattr(_term_maps_job, "_MOST_ROWS", 5)
    again = make(db, tmp_path, n_jobs=2)
    assert counting == []
    assert len(again.facts["chunks"]) == 3
    assert_same(again, made)


CHANGED = {
    "radius_mm": 8,
    "mask": OTHER_MASK,
    "talairach": None,
    "threshold": 0.3,
    "fdr_q": 0.2,
    "universe": "labelb | labelc",
    "min_studies_per_term": 5,
    "labels": ["labela", "labelb", "labelc", "labeld"],
}


@pytest.mark.parametrize("option", CHANGED)
def test_another_request_begins_anew(
    db, tmp_path, monkeypatch, few_rows, counting, option
):
    left = interrupted(db, tmp_path / "maps", monkeypatch)
    counting.clear()
    options = {option: CHANGED[option]}
    made = make(db, tmp_path / "maps", **options)
    assert sum(counting) == len(made)
    assert not left.exists()
    assert_same(made, make(db, tmp_path / "anew", **options))


def test_another_database_begins_anew(db, tmp_path, monkeypatch, few_rows, counting):
    left = interrupted(random_database(1), tmp_path, monkeypatch)
    counting.clear()
    make(db, tmp_path)
    assert counting == [2, 2, 2]
    assert not left.exists()


@pytest.mark.parametrize("memory", ["1 GB", 10**7])
def test_nothing_is_done_twice(db, tmp_path, counting, memory):
    first = make(db, tmp_path)
    before, text = times_of(tmp_path), (tmp_path / "manifest.json").read_bytes()
    (tmp_path / "summary.tsv").unlink()
    again = make(db, tmp_path, n_jobs=2, memory_limit=memory)
    assert counting == [6]
    assert times_of(tmp_path) == before
    assert (tmp_path / "manifest.json").read_bytes() == text
    assert (tmp_path / "summary.tsv").exists()
    assert_same(first, again)


# -------------------------------------------------------------------------- replacing


def test_what_was_opened_stays_readable(db, tmp_path, made):
    old = make(db, tmp_path)
    opened = open_term_maps(tmp_path)
    new = make(db, tmp_path, radius_mm=10)
    assert len(list(tmp_path.glob("parts-*"))) == 1
    np.testing.assert_array_equal(opened.counts(0, 6), made.counts(0, 6))
    np.testing.assert_array_equal(old.counts(0, 6), made.counts(0, 6))
    assert opened["labela"].provenance.radius_mm == 6
    assert (opened.counts(0, 6) != new.counts(0, 6)).any()
    pd.testing.assert_frame_equal(opened.summary, made.summary)


def test_the_old_maps_stay_until_the_new_ones_are_done(db, tmp_path, made, monkeypatch):
    make(db, tmp_path)
    with monkeypatch.context() as patch:
        fail_once(patch, "label_facts", 2, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            make(db, tmp_path, radius_mm=10)
    assert_same(open_term_maps(tmp_path), made)
    assert open_term_maps(tmp_path).validate() == []


# ----------------------------------------------------------------------------- damage


@pytest.fixture
def three(db, tmp_path, few_rows):
    make(db, tmp_path / "maps")
    return tmp_path / "maps"


STORED = (
    "counts-00001.bin",
    "index.npy",
    "labels.json",
    "mask.npy",
    "summary.parquet",
    "totals.npy",
)


@pytest.mark.parametrize("name", STORED)
def test_a_changed_byte_is_told_by_validate(three, name):
    opened = open_term_maps(three)
    assert opened.validate() == []
    _edit(parts_of(three) / name, 0x10)
    (sentence,) = opened.validate()
    assert name in sentence


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("how", ["missing", "cut off", "longer", "empty"])
def test_a_file_of_another_size_cannot_be_opened(db, three, made, name, how):
    path = parts_of(three) / name
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {"cut off": data[:-1], "longer": data + b"x", "empty": b""}[how]
        )
    with pytest.raises(FormatError, match="run term_maps again"):
        open_term_maps(three)
    assert_same(make(db, three), made)
    assert open_term_maps(three).validate() == []


def test_changed_counts_are_noticed_when_they_are_read(db, three, made):
    _edit(parts_of(three) / "counts-00001.bin", 1)
    opened = open_term_maps(three)
    np.testing.assert_array_equal(opened["labela"].counts, made["labela"].counts)
    with pytest.raises(FormatError, match=r"the map of 'label[cd]' .* is damaged"):
        opened.counts(2, 4)
    with pytest.raises(FormatError, match="is damaged"):
        opened.map_z(len, n_jobs=2)


@pytest.mark.parametrize("name", STORED)
def test_a_new_call_repairs_changed_bytes(db, three, made, name):
    _edit(parts_of(three) / name, 0x10)
    again = make(db, three)
    assert again.validate() == []
    assert_same(again, made)


def _edit_manifest(folder, **changes):
    path = folder / "manifest.json"
    facts = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in facts.items() if v is not Ellipsis}))


FIELDS = (
    "format",
    "format_version",
    "request",
    "n_studies",
    "n_voxels",
    "n_labels",
    "mask",
    "chunks",
    "database",
    "parts",
    "files",
)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    "value",
    [..., None, "x", [1], 1.5, {}, -1],
    ids=lambda v: repr(v).strip("{}[]") or "e",
)
def test_damage_to_any_field_of_the_manifest_is_told(db, three, made, field, value):
    if (field, value) == ("files", {}):
        value = {"gone.bin": {"bytes": 1, "sha256": "0"}}
    _edit_manifest(three, **{field: value})
    with pytest.raises(FormatError):
        open_term_maps(three)
    if field != "format":
        assert_same(make(db, three), made)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", "[" * 100_000])
def test_a_torn_manifest(db, three, made, text):
    (three / "manifest.json").write_text(text)
    with pytest.raises(FormatError):
        open_term_maps(three)
    assert_same(make(db, three), made)


OUTSIDE = {
    "a chunk that is not there": ("chunk", 3),
    "a negative chunk": ("chunk", -1),
    "an offset past the end": ("offset", 10**9),
    "a negative offset": ("offset", -1),
    "too many bytes": ("n_bytes", 10**9),
    "a negative number of bytes": ("n_bytes", -5),
    "an overflow": ("offset", 2**63 - 2),
    "too many studies": ("n_selected", 10**6),
    "a negative number of studies": ("n_selected", -1),
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_an_index_that_points_outside(three, case):
    name, value = OUTSIDE[case]
    path = parts_of(three) / "index.npy"
    index = np.load(path)
    index[name][3] = value
    np.save(path, index)
    with pytest.raises(FormatError, match="damaged"):
        open_term_maps(three)


@pytest.mark.parametrize("shape", [[9, 8], [9, 8, 0], [1, 1, 1], "abc", [9, 8, 7, 1]])
def test_a_mask_that_does_not_fit(three, shape):
    _edit_manifest(three, mask={"shape": shape, "affine": np.eye(4).tolist()})
    with pytest.raises(FormatError):
        open_term_maps(three)


@pytest.mark.parametrize("name", ["../x.bin", "/dev/null", 3])
def test_chunks_are_inside_the_folder(three, name):
    (three / "x.bin").write_bytes(b"x" * 10**5)
    _edit_manifest(three, chunks=["counts-00000.bin", "counts-00001.bin", name])
    with pytest.raises(FormatError):
        open_term_maps(three)


def test_a_newer_version_is_told(three):
    _edit_manifest(three, format_version=99)
    with pytest.raises(FormatError, match="version 99"):
        open_term_maps(three)


# -------------------------------------------------------------------------- bad input

BAD = {
    "no database": ({"database": "demo"}, OptionError, "a Database is needed"),
    "an unknown label": ({"labels": "labelz"}, UnknownTermError, "label[a-f]"),
    "an unknown pattern": ({"labels": ["labela", "x*"]}, UnknownTermError, r"x\*"),
    "no labels": ({"labels": []}, OptionError, "empty"),
    "a query": ({"labels": "labela & labelb"}, OptionError, "is a query"),
    "a number": ({"labels": 3}, OptionError, "labels must be a list"),
    "a set that is not there": ({"label_set": "label"}, UnknownTermError, "'labels'"),
    "negative studies": ({"min_studies_per_term": -1}, OptionError, "-1"),
    "half a study": ({"min_studies_per_term": 1.5}, OptionError, "1.5"),
    "whole but floating": ({"min_studies_per_term": 2.0}, OptionError, "2.0"),
    "a yes": ({"min_studies_per_term": True}, OptionError, "True"),
    "studies as text": ({"min_studies_per_term": "5"}, OptionError, "'5'"),
    "too many studies": ({"min_studies_per_term": 119}, EmptySelectionError, "119"),
    "no memory": ({"memory_limit": 0}, OptionError, "memory_limit"),
    "little memory": ({"memory_limit": "1 kB"}, OptionError, "memory_limit"),
    "strange memory": ({"memory_limit": "lots"}, OptionError, "memory_limit"),
    "memory none": ({"memory_limit": None}, OptionError, "memory_limit"),
    "no threads": ({"n_jobs": 0}, OptionError, "n_jobs"),
    "q of 0": ({"fdr_q": 0}, OptionError, "0"),
    "q of 1": ({"fdr_q": 1}, OptionError, "1"),
    "q of text": ({"fdr_q": "x"}, OptionError, "x"),
    "threshold of 0": ({"threshold": 0}, OptionError, "threshold"),
    "threshold of text": ({"threshold": "x"}, OptionError, "threshold"),
    "a high threshold": ({"threshold": 2}, EmptySelectionError, "weight of 2"),
    "a far radius": ({"radius_mm": 1000}, OptionError, "radius"),
    "no radius": ({"radius_mm": "wide"}, OptionError, "radius"),
    "no matrix": ({"talairach": "other"}, OptionError, "Talairach"),
    "an odd universe": ({"universe": "labelz"}, UnknownTermError, "labelz"),
    "an empty universe": (
        {"universe": "labela & ~labela"},
        EmptySelectionError,
        "none of the 6 labels",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_work_is_told_before_anything_is_written(db, tmp_path, case):
    options, error, words = BAD[case]
    asked = {"database": db, "folder": tmp_path / "new", "mask": MASK, "n_jobs": 1}
    with pytest.raises(error, match=words) as told:
        term_maps(**{**asked, **options})
    assert isinstance(told.value, NeurosynthError)
    assert not (tmp_path / "new").exists()


def test_a_universe_of_another_database(db, tmp_path):
    other = random_database(5).select("labela")
    with pytest.raises(SelectionError):
        make(db, tmp_path / "new", universe=other)


def test_it_must_be_clear_which_set_is_meant(toy, tmp_path):
    with pytest.raises(OptionError, match="several: 'terms', 'topics'"):
        make(toy, tmp_path / "new")
    with pytest.raises(OptionError, match="several label sets"):
        make(toy, tmp_path / "new", ["pain", "topics:*wm"], min_studies_per_term=1)


def test_labels_in_too_few_studies_are_left_out(db, tmp_path):
    columns = db.label_sets["labels"].columns(threshold=DEFAULT_THRESHOLD)
    sizes = [int(db.has_peaks[columns[i]].sum()) for i in range(6)]
    least = sorted(sizes)[3]
    made = make(db, tmp_path, min_studies_per_term=least)
    assert made.labels == tuple(
        label for label, n in zip(LABELS, sizes, strict=True) if n >= least
    )
    assert len(made) < 6


def _a_file(path, toy):
    path.write_text("mine")


def _other_files(path, toy):
    path.mkdir()
    (path / "mine.txt").write_text("mine")


def _a_database(path, toy):
    write_database(toy, path, activations=False)


def _a_foreign_manifest(path, toy):
    path.mkdir()
    (path / "manifest.json").write_text('{"format": "other"}')


@pytest.mark.parametrize(
    "put", [_a_file, _other_files, _a_database, _a_foreign_manifest]
)
def test_nothing_of_others_is_overwritten(db, toy, tmp_path, put):
    path = tmp_path / "there"
    put(path, toy)
    before = {p: p.is_file() and p.read_bytes() for p in [path, *path.rglob("*")]}
    with pytest.raises(FormatError, match=r"there"):
        make(db, path)
    with pytest.raises(FormatError, match=r"there"):
        open_term_maps(path)
    after = {p: p.is_file() and p.read_bytes() for p in [path, *path.rglob("*")]}
    assert after == before


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FormatError, match="is not a folder of term maps"):
        open_term_maps(tmp_path / "nowhere")


def test_an_empty_folder_can_be_used(db, tmp_path, made):
    assert_same(make(db, tmp_path), made)
    shutil.rmtree(tmp_path)
    assert_same(make(db, tmp_path / "deep" / "er"), made)

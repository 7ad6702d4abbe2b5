"""A compiled database that grows is what compiling everything together gives."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from nimare_neurosynth import concatenate, open_database, write_database
from nimare_neurosynth.database import Database, LabelSet, _database
from nimare_neurosynth.errors import FormatError, NeurosynthError
from nimare_neurosynth.io import _compiled, append_studies, subset, validate_database
from tests.database.made import made_database
from tests.io.drawn import databases
from tests.io.same import assert_same_database
from tests.oracles import same_segments


@pytest.fixture
def two_per_segment(monkeypatch):
    real = _database.segment_bounds
    for module in (_database, _compiled):
        monkeypatch.setattr(module, "segment_bounds", lambda n: real(n, 2))


def some(database, *studies):
    return subset(database, np.isin(np.arange(database.n_studies), studies))


def grow(folder, *parts, **options):
    write_database(parts[0], folder, **options)
    for part in parts[1:]:
        append_studies(folder, part, **options)
    return open_database(folder)


def stored(folder):
    """Give the stored activations: file and time of last change."""
    files = (folder / "activations").rglob("*")
    return {p.parent.name: p.stat().st_mtime_ns for p in files if p.name == "runs.npy"}


def assert_same_activations(a, b):
    assert a.n_voxels == b.n_voxels
    assert len(a.segments) == len(b.segments)
    assert all(map(same_segments, a.segments, b.segments))


CUTS = {
    "one each": [(0,), (1,), (2,), (3,), (4,), (5,), (6,)],
    "halves": [(0, 1, 2, 3), (4, 5, 6)],
    "one without peaks last": [(0, 1, 2, 3, 4, 5), (6,)],
    "nothing first": [(), (0, 1, 2, 3, 4, 5, 6)],
    "nothing at last": [(0, 1, 2, 3, 4, 5, 6), ()],
    "thirds": [(0, 1), (2, 3, 4), (5, 6)],
}


@pytest.mark.parametrize("case", CUTS)
def test_appended_is_compiled_anew(toy, tmp_path, cache, two_per_segment, case):
    toy = some(toy, *range(7))  # it has not been cut into segments yet
    parts = [some(toy, *studies) for studies in CUTS[case]]
    grown = grow(tmp_path / "grown", *parts)
    write_database(toy, tmp_path / "anew")
    anew = open_database(tmp_path / "anew")
    assert_same_database(grown, anew)
    assert_same_database(grown, toy)
    assert grown.segment_hashes == anew.segment_hashes
    assert_same_activations(grown.activations(), anew.activations())
    assert stored(tmp_path / "grown").keys() == stored(tmp_path / "anew").keys()
    assert len(stored(tmp_path / "grown")) == 4
    assert validate_database(tmp_path / "grown") == []
    one, two = (tmp_path / name / "manifest.json" for name in ("grown", "anew"))
    facts = [json.loads(path.read_text()) for path in (one, two)]
    for manifest in facts:
        del manifest["parts"]
    assert facts[0] == facts[1]


@settings(max_examples=10)
@given(databases(st.text("abc", min_size=1, max_size=4), max_size=6), st.data())
def test_appended_is_what_is_concatenated(tmp_path_factory, database, data):
    cut = data.draw(st.integers(0, database.n_studies))
    first = np.arange(database.n_studies) < cut
    folder = tmp_path_factory.mktemp("grown")
    grown = grow(
        folder, subset(database, first), subset(database, ~first), activations=False
    )
    assert_same_database(grown, database)


def test_full_segments_are_left_alone(toy, tmp_path, cache, two_per_segment):
    folder = tmp_path / "grown"
    write_database(some(toy, 0, 1, 2, 3, 4), folder)
    before = stored(folder)
    hashes = open_database(folder).segment_hashes
    append_studies(folder, some(toy, 5, 6))
    after = stored(folder)
    now = open_database(folder).segment_hashes
    assert now[:2] == hashes[:2]
    assert set(after) == set(now)
    assert hashes[2] not in after  # it was not full, and has grown
    for name in hashes[:2]:
        assert after[name] == before[name]


def test_only_what_is_new_is_built(toy, tmp_path, cache, two_per_segment, monkeypatch):
    folder = tmp_path / "grown"
    write_database(some(toy, 0, 1, 2, 3), folder)
    built = []
    real = _database.build_segment

    def build(xyz, study, n_studies, **options):
        built.append(n_studies)
        return real(xyz, study, n_studies, **options)

    monkeypatch.setattr(_database, "build_segment", build)
    append_studies(folder, some(toy, 4, 5, 6))
    assert built == [2, 1]


def test_activations_can_be_left_out(toy, tmp_path, cache):
    folder = tmp_path / "grown"
    write_database(some(toy, 0, 1), folder)
    append_studies(folder, some(toy, 2), activations=False)
    assert stored(folder) == {}
    assert_same_activations(
        open_database(folder).activations(), some(toy, 0, 1, 2).activations()
    )


def test_the_order_of_appends_is_the_order_of_studies(toy, tmp_path, cache):
    parts = [some(toy, 4), some(toy, 0, 6), some(toy, 2)]
    grown = grow(tmp_path / "grown", *parts, activations=False)
    ids = ["10005", "10001", "10007", "10003"]
    assert grown.study_ids.tolist() == ids
    assert grown.content_hash == concatenate(parts).content_hash


# ---------------------------------------------------------------------- known studies


def test_known_studies_are_refused(toy, tmp_path):
    folder = tmp_path / "grown"
    write_database(some(toy, 0, 1, 2), folder, activations=False)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(FormatError, match=r"2 of 3 studies .* 10002.*skip_known"):
        append_studies(folder, some(toy, 1, 2, 3), activations=False)
    after = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert after == before


def test_known_studies_can_be_left_out(toy, tmp_path):
    folder = tmp_path / "grown"
    write_database(some(toy, 0, 1, 2), folder, activations=False)
    options = {"skip_known": True, "activations": False}
    assert append_studies(folder, some(toy, 1, 2, 3), **options) == 1
    assert append_studies(folder, toy, **options) == 3
    assert_same_database(open_database(folder), toy)
    assert append_studies(folder, toy, **options) == 0
    assert_same_database(open_database(folder), toy)


def test_nothing_to_append(toy, tmp_path):
    write_database(toy, tmp_path / "grown", activations=False)
    assert append_studies(tmp_path / "grown", some(toy), activations=False) == 0
    assert_same_database(open_database(tmp_path / "grown"), toy)


# ------------------------------------------------------------------- labels and notes


def with_labels(database, **sets):
    """Give a database other labels, and a note."""
    made = [
        LabelSet(
            name, tuple(labels), sparse.csc_array(np.array(weights, float)), "tfidf"
        )
        for name, (labels, weights) in sets.items()
    ]
    return Database(
        database.about,
        n_studies=database.n_studies,
        peaks=database.peaks,
        label_sets=made,
        tables={n: (lambda n=n: database.table(n)) for n in database.table_names},
        notes=["this one is odd"],
    )


def test_new_labels_have_no_weight_in_old_studies(toy, tmp_path):
    more = with_labels(
        some(toy, 2, 3),
        terms=(["pain", "itch"], [[0.5, 0.25], [0, 0.75]]),
        extra=(["new"], [[1], [0]]),
    )
    grown = grow(tmp_path / "grown", some(toy, 0, 1), more, activations=False)
    terms = grown.label_sets["terms"]
    table = pd.DataFrame(terms.weights.toarray(), columns=terms.labels)
    assert table["itch"].tolist() == [0, 0, 0.25, 0.75]
    assert table["pain"].tolist() == [0.2, 0, 0.5, 0]
    assert table["5ht"].tolist() == [0, 0, 0, 0]
    assert grown.label_sets["extra"].weights.toarray().tolist() == [[0], [0], [1], [0]]
    assert set(toy.label_sets) <= set(grown.label_sets)
    assert any("topics" in note for note in grown.notes)


def test_a_growing_database_keeps_its_notes_as_they_are(toy, tmp_path):
    folder = tmp_path / "grown"
    odd = with_labels(some(toy, 0), terms=(["pain"], [[0.5]]))
    write_database(odd, folder, activations=False)
    for i in (1, 2, 3):
        part = with_labels(some(toy, i), terms=(["pain"], [[0.1]]))
        append_studies(folder, part, activations=False)
    assert list(open_database(folder).notes) == ["this one is odd"]


def test_notes_do_not_grow_with_each_append(toy, tmp_path):
    folder = tmp_path / "grown"
    odd = with_labels(some(toy, 0), terms=(["pain"], [[0.5]]))
    write_database(odd, folder, activations=False)
    for i in (1, 2, 3):
        append_studies(folder, some(toy, i), activations=False)
    notes = [note for note in open_database(folder).notes if "this one is odd" in note]
    (note,) = notes
    assert note.count("toy 1: ") <= 1


def test_it_stays_what_it_is_called(toy, tmp_path):
    write_database(toy, tmp_path / "grown", activations=False)
    append_studies(
        tmp_path / "grown", made_database(n_studies=2, name="other"), activations=False
    )
    grown = open_database(tmp_path / "grown")
    assert grown.about == toy.about
    assert grown.n_studies == 9


# -------------------------------------------------------------------------- bad input


def test_an_opened_database_stays_what_it_was(toy, tmp_path, cache):
    folder = tmp_path / "grown"
    write_database(some(toy, 0, 1, 2), folder)
    opened = open_database(folder)
    append_studies(folder, some(toy, 3, 4))
    assert_same_database(opened, some(toy, 0, 1, 2))
    assert opened.activations().has_peaks.tolist() == [True] * 3
    assert open_database(folder).n_studies == 5


@pytest.mark.parametrize("put", [None, "folder", "file", "manifest"])
def test_only_a_compiled_database_grows(toy, tmp_path, put):
    path = tmp_path / "x"
    if put == "file":
        path.write_text("mine")
    elif put:
        path.mkdir()
        (path / "mine.txt").write_text("mine")
        if put == "manifest":
            (path / "manifest.json").write_text('{"format": "other"}')
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FormatError, match=r"x.* (compiled database|something else)"):
        append_studies(path, toy)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("more", [None, "demo", 3, []], ids=repr)
def test_only_a_database_is_appended(toy, tmp_path, more):
    write_database(toy, tmp_path / "grown", activations=False)
    with pytest.raises(NeurosynthError):
        append_studies(tmp_path / "grown", more)
    assert_same_database(open_database(tmp_path / "grown"), toy)


def test_a_failure_leaves_the_old_database(toy, tmp_path, monkeypatch):
    folder = tmp_path / "grown"
    write_database(some(toy, 0, 1), folder, activations=False)
    before = sorted(folder.rglob("*"))

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", fail)
        with pytest.raises(FormatError, match="No space left"):
            append_studies(folder, some(toy, 2), activations=False)
    assert sorted(folder.rglob("*")) == before
    assert_same_database(open_database(folder), some(toy, 0, 1))

"""From a Database to NiMARE's Studyset, and back again."""

import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from nimare_neurosynth import Database, load_demo, read_database
from nimare_neurosynth.database import About, LabelSet, Peaks
from nimare_neurosynth.errors import FormatError, NeurosynthWarning, OptionError
from nimare_neurosynth.io import from_studyset, open_studyset, to_studyset
from tests.io.drawn import databases, made, peak_rows, records, weights_of
from tests.io.nimads import EXPORTS, NIMARE
from tests.io.same import assert_same_peaks
from tests.oracles import import_nimare, quietly, random_database

IDS = st.sampled_from(["1", "001", "a", "a-b", "a b", "é", "10", "Z", "b.c", "2 "])
BY = ("study", "table")


def simple(ids=("1", "2"), *, spaces=None, xyz=None, study=None, **more):
    """Make a database of one peak per study, or of those given."""
    study = list(range(len(ids))) if study is None else study
    spaces = ["MNI"] * len(study) if spaces is None else spaces
    xyz = [[10 * (i + 1), 2, 3] for i in range(len(study))] if xyz is None else xyz
    own = pd.Series(ids, dtype="str")
    tables = {
        "studies": pd.DataFrame({"study_id": own}),
        "analyses": pd.DataFrame({"study_id": own, "study": np.arange(len(ids))}),
        "peaks": pd.DataFrame(index=range(len(study))),
    }
    tables.update(more.pop("tables", {}))
    peaks = Peaks.from_columns(xyz, study, study, spaces)
    return made(tables, peaks, more.pop("label_sets", []), About("made", **more))


def check(studyset):
    """Check the invariants of NiMARE's own store."""
    layout = import_nimare("nimare.studyset.layout")
    assert layout.check_invariants(studyset.store) == []


# ----------------------------------------------------------------- there and back


def assert_same(back, database, *, tables):
    """Compare everything; missing columns may be left out, and analyses be merged."""
    if database.label_sets:
        assert back.about == database.about
    assert back.study_ids.tolist() == database.study_ids.tolist()
    assert records(back.studies) == records(database.studies)
    assert weights_of(back) == weights_of(database)
    for name, labels in database.label_sets.items():
        same = back.label_sets[name]
        assert (same.labels, same.kind, same.source) == (
            labels.labels,
            labels.kind,
            labels.source,
        )
    np.testing.assert_array_equal(back.peaks.xyz, database.peaks.xyz)
    np.testing.assert_array_equal(back.peaks.study, database.peaks.study)
    assert [back.peaks.spaces[i] for i in back.peaks.space] == [
        database.peaks.spaces[i] for i in database.peaks.space
    ]
    assert records(back.table("peaks")) == records(database.table("peaks"))
    if tables:
        keys = {"analysis_id", "name"}
        assert _without(peak_rows(back), keys) == _without(peak_rows(database), keys)
    if database.label_sets:
        assert back.notes == database.notes


def _without(rows, keys):
    return [
        (*row[:3], {k: v for k, v in row[3].items() if k not in keys}, row[4])
        for row in rows
    ]


def _complete(database):
    """Leave out peaks without coordinates, one by one."""
    peaks = database.peaks
    kept = [i for i in range(len(peaks)) if np.isfinite(peaks.xyz[i]).all()]
    tables = {name: database.table(name) for name in database.table_names}
    tables["peaks"] = tables["peaks"].iloc[kept].reset_index(drop=True)
    taken = Peaks.from_columns(
        peaks.xyz[kept],
        peaks.study[kept],
        peaks.analysis[kept],
        [peaks.spaces[peaks.space[i]] for i in kept],
    )
    sets = list(database.label_sets.values())
    return made(tables, taken, sets, database.about, database.notes)


@pytest.mark.parametrize("by", BY)
@given(drawn=databases(IDS, in_order=False))
def test_a_database_comes_back_as_it_was(by, drawn):
    studyset = quietly(to_studyset, drawn, by=by)
    check(studyset)
    assert sorted(studyset.ids) == list(studyset.ids) or "a-b" in drawn.study_ids
    complete = _complete(drawn)
    back = from_studyset(studyset)
    assert_same(back, complete, tables=by == "table")
    if "texts" in drawn.table_names:
        texts = records(drawn.table("texts"))
        found = records(back.table("texts")) if "texts" in back.table_names else []
        assert sorted(map(str, found)) == sorted(map(str, texts))


@pytest.mark.parametrize("by", BY)
@given(drawn=databases(IDS, in_order=False))
def test_a_database_comes_back_from_json(by, drawn, tmp_path_factory):
    path = tmp_path_factory.mktemp("json") / "studyset.json"
    quietly(to_studyset, drawn, by=by).to_nimads(str(path))
    back = from_studyset(path)
    complete = _complete(drawn)
    # NiMARE writes no annotations without notes
    expected = {name: w for name, w in weights_of(complete).items() if w}
    assert weights_of(back) == expected
    for name in expected:
        assert back.label_sets[name].labels == complete.label_sets[name].labels
        assert back.about == complete.about
    assert records(back.studies) == records(complete.studies)
    np.testing.assert_array_equal(back.peaks.xyz, complete.peaks.xyz)
    np.testing.assert_array_equal(back.peaks.study, complete.peaks.study)


@pytest.mark.parametrize("by", BY)
def test_the_complete_version_7_comes_back(v7, by):
    studyset = v7.to_studyset(by=by)
    check(studyset)
    back = Database.from_studyset(studyset)
    assert back.about == v7.about
    assert back.notes == v7.notes
    columns = list(v7.studies)
    pd.testing.assert_frame_equal(back.studies[columns], v7.studies)
    peaks = v7.peaks
    if by == "study":  # in which every study has one analysis
        study = peaks.study
        peaks = Peaks(peaks.xyz, study, study, peaks.space, peaks.spaces)
        assert len(studyset) == v7.n_studies
    else:
        assert len(studyset) == len(v7.table("analyses"))
        own = v7.table("analyses")
        pd.testing.assert_frame_equal(back.table("analyses")[list(own)], own)
    assert_same_peaks(back.peaks, peaks)
    pd.testing.assert_frame_equal(back.table("peaks"), v7.table("peaks"))
    for name, labels in v7.label_sets.items():
        same = back.label_sets[name]
        assert (same.labels, same.kind) == (labels.labels, labels.kind)
        if labels.weights is None:
            assert same.weights is None
        else:
            assert abs(same.weights - labels.weights).max() == 0


@pytest.mark.parametrize("name", [*EXPORTS, "tests/data/nimads_studyset.json"])
def test_real_studysets_come_back(shared_data, name):
    noted = EXPORTS.get(name)
    folder = shared_data / "neurostore" if noted else NIMARE
    first = from_studyset(folder / name, annotation=noted and folder / noted)
    back = quietly(to_studyset, first, by="table")
    again = from_studyset(back)
    for table in ("studies", "analyses", "peaks"):
        assert records(again.table(table)) == records(first.table(table))
    assert_same_peaks(again.peaks, first.peaks)
    assert weights_of(again) == weights_of(first)


# ------------------------------------------------------------------- what NiMARE sees


def test_nimare_brings_talairach_peaks_to_mni_itself():
    tal2mni = import_nimare("nimare.utils").tal2mni
    xyz = [[10, 20, 30], [10, 20, 30], [10, 20, 30]]
    database = simple(["1", "2", "3"], spaces=["MNI", "TAL", "UNKNOWN"], xyz=xyz)
    studyset = to_studyset(database)
    seen = studyset.coordinates.set_index("study_id")[["x", "y", "z"]]
    assert seen.loc["1"].tolist() == [10, 20, 30]
    assert seen.loc["3"].tolist() == [10, 20, 30]
    np.testing.assert_array_equal(seen.loc["2"], tal2mni(np.array([[10.0, 20, 30]]))[0])
    raw = studyset.with_context(space=None).coordinates
    assert raw["space"].tolist() == ["MNI", "TAL", "UNKNOWN"]


def test_nimare_finds_facts_and_labels():
    database = load_demo()
    studyset = to_studyset(database)
    assert studyset.ids.tolist() == sorted(f"{i}-1" for i in database.study_ids)
    [own] = [s for s in studyset.studies if s.id == database.study_ids[3]]
    row = database.studies.iloc[3]
    found = (own.name, own.authors, own.publication)
    assert found == (row["title"], row["authors"], row["journal"])
    terms = database.label_sets["terms"]
    block = studyset.label_block("terms")
    order = [database.study_ids.tolist().index(i[:-2]) for i in studyset.ids]
    columns = [terms.index[label] for label in block.labels]
    ours = terms.weights.toarray()[np.ix_(order, columns)].astype(np.float32)
    np.testing.assert_array_equal(block.values.toarray(), ours)
    chosen = database.select("memory", threshold=0.1)
    theirs = studyset.get_studies_by_label("memory", label_threshold=0.1)
    assert sorted(theirs) == sorted(f"{i}-1" for i in chosen.ids)
    texts = studyset.text_block("abstract").text
    assert len(texts) == database.n_studies


def test_each_table_has_the_labels_of_its_study():
    tables = pd.DataFrame(
        {
            "study_id": pd.Series(["1", "1", "2"], dtype="str"),
            "study": [0, 0, 1],
            "table_id": ["t1", "t2", ""],
            "table_label": ["Table 1", None, "Table 2"],
        }
    )
    weights = sparse.csc_array([[0.5, 0], [0, 0.25], [1.0, 0]])
    database = simple(
        ["1", "2", "3"],
        study=[0, 0, 1],
        tables={"analyses": tables, "peaks": pd.DataFrame(index=range(3))},
        label_sets=[LabelSet("terms", ("pain", "001"), weights, "tfidf")],
    )
    peaks = database.peaks
    own = Peaks(
        peaks.xyz, peaks.study, np.arange(3, dtype=np.int32), peaks.space, peaks.spaces
    )
    database = made(
        {n: database.table(n) for n in database.table_names},
        own,
        database.label_sets.values(),
        database.about,
    )
    studyset = to_studyset(database, by="table")
    # study 3 has no table, but a label, which needs an analysis
    assert studyset.ids.tolist() == ["1-t1", "1-t2", "2-1", "3-1"]
    assert [a.name for a in studyset.analyses] == ["Table 1", "t2", "Table 2", "1"]
    assert studyset.label_block().values.toarray().tolist() == [
        [0, 0.5],
        [0, 0.5],
        [0.25, 0],
        [0, 1],
    ]
    assert len(to_studyset(database)) == 3


def test_what_many_analyses_share_is_told_apart():
    tables = pd.DataFrame(
        {
            "study_id": pd.Series(["1", "1"], dtype="str"),
            "study": [0, 0],
            "table_id": ["t", "t"],
        }
    )
    database = simple(["1"], study=[0], tables={"analyses": tables})
    assert to_studyset(database, by="table").ids.tolist() == ["1-t", "1-t_2"]


def test_lists_of_sample_sizes_are_lists_for_nimare():
    studies = pd.DataFrame(
        {
            "study_id": pd.Series(["1", "2"], dtype="str"),
            "sample_sizes": ["[20, 30]", "[1,2]"],
        }
    )
    studyset = to_studyset(simple(tables={"studies": studies}))
    assert studyset.store.study_metadata.entries("sample_sizes")[1] == [
        [20, 30],
        "[1,2]",  # not as it is written here: a text
    ]
    assert studyset.sample_sizes()[0] == 25


def test_conditions_come_back():
    nested = {
        "studies": [
            {
                "id": "1",
                "analyses": [
                    {
                        "id": "a",
                        "conditions": [
                            {"name": "faces", "description": "Of people"},
                            {"name": "houses"},
                        ],
                        "weights": [1, -0.5],
                        "points": [],
                    },
                    {"id": "b", "conditions": [], "points": []},
                ],
            }
        ]
    }
    studyset = to_studyset(from_studyset(nested), by="table")
    check(studyset)
    document = studyset.to_dict()["studies"][0]["analyses"]
    assert document[0]["conditions"] == [
        {"name": "faces", "description": "Of people"},
        {"name": "houses", "description": None},
    ]
    assert document[0]["weights"] == [1, -0.5]
    assert document[1]["conditions"] == []


def test_presence_is_boolean_for_nimare():
    weights = sparse.csc_array([[1.0, 0], [0, 1]])
    included = LabelSet("own", ("included", "other"), weights, "presence")
    store = to_studyset(simple(label_sets=[included])).store
    assert store.annotations["own"].note_key_types["included"] == "boolean"
    assert store.annotations["own"].columns.entries("included")[1] == [True]


def test_nimares_own_kernel_marks_the_same_voxels():
    database = load_demo()
    studyset = to_studyset(database)
    kernel = import_nimare("nimare.meta.kernel").MKDAKernel(r=6)
    maps = quietly(kernel.transform, studyset, return_type="sparse")
    ours = database.activations(talairach="icbm_other")
    assert maps.shape[0] == np.count_nonzero(database.has_peaks)
    marked = np.asarray((maps != 0).sum(axis=0)).ravel()
    np.testing.assert_array_equal(marked, ours.totals)


# ------------------------------------------------------------------- what is left out


def test_peaks_without_coordinates_are_reported():
    xyz = [[1, 2, np.nan], [4, 5, 6]]
    with pytest.warns(NeurosynthWarning, match="1 peaks without complete coordinates"):
        studyset = to_studyset(simple(xyz=xyz))
    assert studyset.store.xyz.tolist() == [[4, 5, 6]]


def test_everything_left_out_is_one_warning():
    database = simple(
        spaces=["T88", "tal"],
        licence="CC0-1.0",
        tables={"more": pd.DataFrame({"a": [1]})},
    )
    with pytest.warns(NeurosynthWarning) as caught:
        to_studyset(database)
    [message] = [str(w.message) for w in caught]
    assert "licence (a label set would carry them)" in message
    assert "the table 'more'" in message
    assert "the 1 peaks in 'T88' are in Talairach space" in message
    assert "the 1 peaks in 'tal' are in Talairach space" in message


def test_texts_that_are_of_no_study_are_reported():
    texts = pd.DataFrame(
        {
            "study_id": pd.Series(["1", "1", "gone"], dtype="str"),
            "abstract": ["First", "Second", "Third"],
        }
    )
    with pytest.warns(NeurosynthWarning, match="2 rows of texts"):
        studyset = to_studyset(simple(tables={"texts": texts}))
    assert studyset.text_block().text == ["First"]


@pytest.mark.parametrize("by", BY)
def test_a_database_of_fewest_tables(by):
    database = random_database()
    assert database.table_names == ("studies",)
    back = from_studyset(to_studyset(database, by=by))
    assert_same_peaks(back.peaks, database.peaks)
    assert weights_of(back) == weights_of(database)


def test_a_vocabulary_without_weights_comes_back():
    words = LabelSet("words", ("pain", "3t"), None, "tfidf", "abstract")
    back = from_studyset(to_studyset(simple(label_sets=[words])))
    [same] = back.label_sets.values()
    assert (same.labels, same.weights, same.kind, same.source) == (
        words.labels,
        None,
        "tfidf",
        "abstract",
    )


def test_labels_that_occur_twice_are_refused():
    weights = sparse.csc_array(np.ones((2, 2)))
    twice = LabelSet("words", ("pain", "pain"), weights)
    with pytest.raises(FormatError, match="'words' has 1 labels twice"):
        to_studyset(simple(label_sets=[twice]))


@pytest.mark.parametrize("by", ["analysis", None, ""])
def test_no_such_choice(by):
    with pytest.raises(OptionError, match="by must be one of study, table"):
        to_studyset(simple(), by=by)


def test_more_kinds_than_16_bits_number():
    n = 2**15 + 10
    kinds = pd.DataFrame({"kind": [f"k{i}" for i in range(n)]})
    database = simple(["1"], study=[0] * n, tables={"peaks": kinds})
    back = from_studyset(to_studyset(database))
    assert back.table("peaks")["kind"].tolist() == kinds["kind"].tolist()


def test_the_studyset_is_frozen_and_opened_again():
    studyset = to_studyset(simple())
    assert not studyset.store.xyz.flags.writeable
    assert open_studyset(studyset) is studyset


def test_maps_are_those_by_nimares_own_converter(tmp_path):
    from nimare.io import convert_neurosynth_to_studyset
    from nimare.meta.cbma.mkda import MKDAChi2

    names = [
        f"data-neurosynth_version-7_{k}.tsv.gz" for k in ("coordinates", "metadata")
    ]
    for name in names:
        shutil.copy(NIMARE / "tests" / "data" / name, tmp_path)
    files = [str(tmp_path / name) for name in names]
    theirs = quietly(convert_neurosynth_to_studyset, *files)
    ours = quietly(read_database(tmp_path).to_studyset)
    assert ours.ids.tolist() == theirs.ids.tolist()
    found = [
        quietly(MKDAChi2(kernel__r=10).fit, each.slice(ids[:8]), each.slice(ids[8:]))
        for each in (theirs, ours)
        for ids in (each.ids.tolist(),)
    ]
    assert set(found[0].maps) == set(found[1].maps)
    for name, values in found[0].maps.items():
        np.testing.assert_array_equal(found[1].maps[name], values, err_msg=name)

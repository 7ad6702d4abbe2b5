"""Databases united: what is recognised, what is taken from where, what is said."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from nimare_neurosynth import (
    concatenate,
    merge_databases,
    open_database,
    read_database,
    write_database,
)
from nimare_neurosynth.database import About, LabelSet, Peaks
from nimare_neurosynth.errors import FormatError, NeurosynthWarning, OptionError
from nimare_neurosynth.io._same_study import KEYS, normal_doi, normal_pmid
from tests.io.drawn import (
    MASK,
    PLAIN,
    column,
    databases,
    made,
    peak_rows,
    records,
    weights_of,
)
from tests.io.same import assert_same_database, assert_same_labels, assert_same_peaks

pytestmark = pytest.mark.filterwarnings(
    # drawn databases often have ids of which nobody knows whose they are
    "ignore:.*have the ids of other studies:nimare_neurosynth.errors.NeurosynthWarning"
)

IDS = st.sampled_from(["11111", "11112", "11113", "x", "y", "z"])
NAMED = (*PLAIN, "pmid", "doi")
WHERE_FROM = ["origin", "also_in"]


@st.composite
def several(draw, n=2, **options):
    """Draw databases that may share studies; each has a name of its own."""
    options = {"columns": NAMED, "in_order": False, **options}
    return [draw(databases(IDS, name="abc"[i], **options)) for i in range(n)]


matches = st.lists(st.sampled_from(KEYS), min_size=1, unique=True)


# ------------------------------------------------------------------------- the oracle


def _names(database, match):
    """Read id, PMID and DOI of each study, one study at a time."""
    found = []
    for row in records(database.studies):
        has_pmids = "pmid" in database.studies
        pmid = row.get("pmid", "") if has_pmids else row["study_id"]
        found.append(
            {
                "id": row["study_id"],
                "pmid": normal_pmid(pmid) if "pmid" in match else "",
                "doi": normal_doi(row.get("doi", "")) if "doi" in match else "",
            }
        )
    return found


def slow_merge(parts, match):
    """List the studies of the result: each with its copies as (database, study)."""
    result = []
    for d, part in enumerate(parts):
        known, names = list(result), _names(part, match)
        partner = {}
        for key in sorted(match, key=KEYS.index):
            for i, name in enumerate(names):
                same = [s for s in known if name[key] and s[key] == name[key]]
                free = [s for s in same if id(s) not in map(id, partner.values())]
                once = len(same) == 1 and sum(o[key] == name[key] for o in names) == 1
                if i in partner or not free or (key != "pmid" and not once):
                    continue
                pmids = {free[0]["pmid"], name["pmid"]} - {""}
                if len(pmids) < 2:
                    partner[i] = free[0]
        for i, name in enumerate(names):
            if i in partner:
                partner[i]["copies"].append((d, i))
                for key in ("pmid", "doi"):
                    partner[i][key] = partner[i][key] or name[key]
            else:
                taken = {study["id"] for study in result}
                while name["id"] in taken:
                    name["id"] = f"{part.about}:{name['id']}"
                result.append({**name, "copies": [(d, i)]})
    return result


def _giver(parts, copies, has):
    """Name the first copy that has something, or the first of all."""
    return next((c for c in copies if has(parts[c[0]], c[1])), copies[0])


def _has_peaks(part, study):
    return study in part.peaks.study[np.isfinite(part.peaks.xyz).all(axis=1)].tolist()


@settings(max_examples=40)
@given(several(n=3), matches)
def test_studies_are_recognised_as_one_by_one(parts, match):
    merged = merge_databases(parts, match=match)
    expected = slow_merge(parts, match)
    assert merged.study_ids.tolist() == [study["id"] for study in expected]
    for study, row in zip(expected, records(merged.studies), strict=True):
        giver = _giver(parts, study["copies"], _has_peaks)
        assert row["origin"] == str(parts[giver[0]].about)
        others = [
            f"{parts[d].about}:{parts[d].study_ids[i]}"
            for d, i in study["copies"]
            if (d, i) != giver or parts[d].study_ids[i] != study["id"]
        ]
        assert row["also_in"] == "; ".join(o for o in others if o != study["id"])


@settings(max_examples=25)
@given(several(n=3), matches)
def test_peaks_are_those_of_one_copy(parts, match):
    merged = merge_databases(parts, match=match)
    expected, left_out = {}, 0
    for study in slow_merge(parts, match):
        d, i = _giver(parts, study["copies"], _has_peaks)
        own = [row for row in peak_rows(parts[d]) if row[0] == parts[d].study_ids[i]]
        expected[study["id"]] = [row[1:3] for row in own]
    found = {own: [] for own in merged.study_ids}
    for row in peak_rows(merged):
        found[row[0]].append(row[1:3])
        assert row[3]["study_id"] == row[0]
    assert found == expected
    left_out = sum(len(part.peaks) for part in parts) - len(merged.peaks)
    assert left_out == _counted(merged.notes, "peaks of studies that a database before")
    merged.peaks.check(merged.n_studies, len(merged.table("analyses")))
    analyses = merged.table("analyses")
    assert len(analyses) == 2 * merged.n_studies
    ids = merged.study_ids[analyses["study"]] if len(analyses) else []
    assert analyses["study_id"].tolist() == list(ids)
    if len(merged.peaks):
        own = analyses["study"].to_numpy()[merged.peaks.analysis]
        np.testing.assert_array_equal(own, merged.peaks.study)


def _counted(notes, text):
    """Add the numbers that notes of this text give."""
    words = [n.split(text)[0].split()[-1] for n in notes if text in n]
    return sum(int(word.replace(",", "")) for word in words)


@settings(max_examples=25)
@given(several(n=3), matches)
def test_what_one_lacks_the_next_gives(parts, match):
    merged = merge_databases(parts, match=match)
    rows = [records(part.studies) for part in parts]
    labels = [weights_of(part) for part in parts]
    texts = [
        {r["study_id"]: r for r in records(part.table("texts"))}
        if "texts" in part.table_names
        else {}
        for part in parts
    ]
    found_rows = records(merged.studies)
    found_weights = weights_of(merged)
    found_texts = {}
    if "texts" in merged.table_names:
        found_texts = {r["study_id"]: r for r in records(merged.table("texts"))}
    for study, row in zip(slow_merge(parts, match), found_rows, strict=True):
        copies = study["copies"]
        for key in (*PLAIN, "doi"):
            values = [rows[d][i].get(key, "") for d, i in copies]
            values = [v for v in values if str(v).strip()]
            assert row.get(key, "") == (values or [""])[0]
        for name, own in found_weights.items():
            if own is not None:
                found = {k[1]: w for k, w in own.items() if k[0] == study["id"]}
                assert found == _first_weights(parts, labels, copies, name)
        abstracts = [texts[d].get(parts[d].study_ids[i]) for d, i in copies]
        abstracts = [text for text in abstracts if text is not None]
        assert (study["id"] in found_texts) == bool(abstracts)
        if abstracts:
            said = [t["abstract"] for t in abstracts if t.get("abstract")]
            own = found_texts[study["id"]].get("abstract", "")
            assert own == (said or [""])[0]


def _first_weights(parts, labels, copies, name):
    for d, i in copies:
        own = labels[d].get(name) or {}
        found = {k[1]: w for k, w in own.items() if k[0] == parts[d].study_ids[i]}
        if found:
            return found
    return {}


# -------------------------------------------------------------------------- properties


def _without_origin(database):
    """Give a database as it was before it was merged."""
    tables = {name: database.table(name) for name in database.table_names}
    tables["studies"] = tables["studies"].drop(columns=WHERE_FROM)
    sets = list(database.label_sets.values())
    return made(tables, database.peaks, sets, database.about)


def _without_notes(database):
    tables = {name: database.table(name) for name in database.table_names}
    sets = list(database.label_sets.values())
    return made(tables, database.peaks, sets, database.about)


@settings(max_examples=20)
@given(databases(IDS, columns=NAMED, in_order=False))
def test_merging_with_itself_changes_nothing(database):
    merged = merge_databases([database, database], match=KEYS)
    assert_same_database(_without_origin(merged), _without_notes(database))
    about = database.about
    assert merged.studies["origin"].tolist() == [str(about)] * database.n_studies
    other = [f"{about} (2):{own}" for own in database.study_ids]
    assert merged.studies["also_in"].tolist() == other


@settings(max_examples=20)
@given(st.data())
def test_what_shares_nothing_is_put_one_after_another(data):
    parts = [
        data.draw(databases(st.text(letters, min_size=1, max_size=3), name=letters))
        for letters in ("p", "q", "r")
    ]
    merged = merge_databases(parts)
    assert_same_database(_without_origin(merged), _without_notes(concatenate(parts)))
    sizes = [part.n_studies for part in parts]
    names = np.repeat([str(part.about) for part in parts], sizes)
    assert merged.studies["origin"].tolist() == names.tolist()
    assert set(merged.studies["also_in"]) <= {""}


def test_spaces_are_in_the_order_of_the_peaks_that_stay(tmp_path):
    # MNI comes first, but its peak is left for those of the copy that are complete
    rows = ["11111,,,,MNI\n11112,0,0,0,TAL", "11111,0,0,0,TAL\n11113,0,0,0,MNI"]
    parts = []
    for name, text in zip("ab", rows, strict=True):
        path = tmp_path / f"{name}.csv"
        path.write_text(f"pmid,x,y,z,space\n{text}\n", encoding="utf-8")
        parts.append(read_database(path))
    assert merge_databases(parts).peaks.spaces == ("TAL", "MNI")


@settings(max_examples=25)
@given(several(n=3), matches)
def test_what_is_merged_can_be_merged_again(parts, match):
    """Whether all at once or in two steps: the same studies from the same databases."""
    once = merge_databases(parts, match=match)
    twice = merge_databases(
        [merge_databases(parts[:2], match=match), parts[2]], match=match
    )
    assert_same_peaks(twice.peaks, once.peaks)
    assert list(twice.label_sets) == list(once.label_sets)
    for name, labels in once.label_sets.items():
        assert_same_labels(twice.label_sets[name], labels)
    for name in once.table_names:
        assert _plain_rows(twice.table(name)) == _plain_rows(once.table(name))


def _plain_rows(table):
    """Give rows in which PMIDs are spelled in one way, and "" is as good as nothing."""
    rows = []
    for row in records(table):
        if "pmid" in row:
            row["pmid"] = normal_pmid(row["pmid"])
        rows.append({key: value for key, value in row.items() if value != ""})
    return rows


@settings(max_examples=10)
@given(several(n=2))
def test_counts_of_voxels_are_those_of_the_givers(parts):
    merged = merge_databases(parts)
    expected = np.zeros(MASK.n_voxels, dtype=int)
    dense = [
        part.activations(mask=MASK, radius_mm=4).to_csr().toarray() for part in parts
    ]
    for study in slow_merge(parts, ["pmid", "doi"]):
        d, i = _giver(parts, study["copies"], _has_peaks)
        expected += dense[d][i]
    totals = merged.activations(mask=MASK, radius_mm=4).totals
    np.testing.assert_array_equal(totals, expected)


@settings(max_examples=6)
@given(several(n=3))
def test_what_comes_out_can_be_written(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("merged")
    merged = merge_databases(parts)
    write_database(merged, folder, activations=False)
    assert_same_database(open_database(folder), merged)


# -------------------------------------------------------------------------- identifiers

PMIDS = [
    ("9065511", "9065511"),
    (" 9065511\n", "9065511"),
    ("9065511.0", "9065511"),
    ("0009065511", "9065511"),
    ("", ""),
    ("0", ""),
    ("PMC12345", ""),
    ("12345.5", ""),
    ("-12345", ""),
    ("12345 12346", ""),
    ("१२३४५", ""),  # digits, but not of a PMID
    ("1²", ""),
]


@pytest.mark.parametrize(("text", "pmid"), PMIDS)
def test_pmids(text, pmid):
    assert normal_pmid(text) == pmid


DOIS = [
    ("10.1093/cercor/9.1.20", "10.1093/cercor/9.1.20"),
    ("10.1093/CERCOR/9.1.20", "10.1093/cercor/9.1.20"),
    ("https://doi.org/10.1/a", "10.1/a"),
    ("http://dx.doi.org/10.1/a", "10.1/a"),
    ("HTTPS://DOI.ORG/10.1/A", "10.1/a"),
    ("doi.org/10.1/a", "10.1/a"),
    ("doi:10.1/a", "10.1/a"),
    ("DOI: 10.1/a", "10.1/a"),
    ("https://doi.org/doi:10.1/a", "10.1/a"),
    (" 10.1/a. . ", "10.1/a"),
    (
        "10.1002/(SICI)1097(1997)<1::AID>3.0.CO;2-#",
        "10.1002/(sici)1097(1997)<1::aid>3.0.co;2-#",
    ),
    ("", ""),
    ("none", ""),
    ("10.1", ""),
    ("S0006-8993(98)00123-4", ""),
]


@pytest.mark.parametrize(("text", "doi"), DOIS)
def test_dois(text, doi):
    assert normal_doi(text) == doi


def _one(name, ids, peaks=(), sets=(), about=None, **columns):
    """Make a database with a peak at (x, 0, 0) for each pair of study and x."""
    studies = pd.DataFrame({"study_id": column(ids, "str")})
    for key, values in columns.items():
        studies[key] = column(values, "str")
    of = [study for study, _ in peaks]
    tables = {
        "studies": studies,
        "analyses": pd.DataFrame({"study_id": ids, "study": range(len(ids))}),
        "peaks": pd.DataFrame(index=range(len(of))),
    }
    xyz = [(x, 0.0, 0.0) for _, x in peaks]
    made_peaks = Peaks.from_columns(np.reshape(xyz, (-1, 3)), of, of, ["MNI"] * len(of))
    return made(tables, made_peaks, sets, about or About(name))


def _merged(*parts, **options):
    merged = merge_databases(parts, **options)
    return records(merged.studies), merged


def test_pmids_decide_before_dois():
    a = _one("a", ["11111", "11112"], doi=["10.1/x", "10.1/y"])
    b = _one("b", ["11112", "11113"], doi=["10.1/x", "10.1/z"])
    rows, merged = _merged(a, b)
    assert [(row["study_id"], row["also_in"]) for row in rows] == [
        ("11111", ""),
        ("11112", "b:11112"),
        ("11113", ""),
    ]
    assert rows[1]["doi"] == "10.1/y"
    assert merged.notes == (
        "b: 1 of its 2 studies are in a database before it (pmid 1)",
        "b: 1 studies have another doi than the same study elsewhere (such as 11112)",
    )


def test_pmids_that_contradict_keep_studies_apart():
    a = _one("a", ["11111"], doi=["10.1/x"])
    b = _one("b", ["11112"], doi=["10.1/X"])
    _, merged = _merged(a, b)
    assert merged.n_studies == 2
    assert merged.notes == (
        "b: 1 studies have the doi or id of a study with another pmid: kept apart "
        "(such as 11112)",
    )
    _, merged = _merged(a, b, match=["doi"])  # then PMIDs are not looked at
    assert merged.n_studies == 1


def test_dois_that_occur_twice_recognise_nothing():
    twice = _one("a", ["p", "q"], doi=["10.1/x", "10.1/X"])
    once = _one("b", ["r"], doi=["10.1/x"])
    note = "a: 1 studies repeat the doi of another; studies of one database are not "
    for parts in ([twice, once], [once, twice]):
        _, merged = _merged(*parts)
        assert merged.n_studies == 3
        assert merged.notes == (f"{note}merged with each other",)


def test_two_studies_of_one_database_never_have_the_same_partner():
    a = _one("a", ["11111"], doi=["10.1/x"])
    # the first is recognised by its PMID, the second has the DOI of the same study
    b = _one("b", ["1", "2"], pmid=["11111", ""], doi=["", "10.1/x"])
    rows, _ = _merged(a, b)
    assert [row["study_id"] for row in rows] == ["11111", "2"]


def test_pmids_that_occur_twice_are_paired_in_turn():
    a = _one("a", ["p", "q"], pmid=["11111"] * 2)
    b = _one("b", ["r", "s", "t"], pmid=["11111"] * 3)
    rows, merged = _merged(a, b)
    pairs = [(row["study_id"], row["also_in"]) for row in rows]
    assert pairs == [("p", "b:r"), ("q", "b:s"), ("t", "")]
    assert sum("repeat the pmid of another" in note for note in merged.notes) == 2


def test_a_column_of_pmids_goes_before_ids():
    a = _one("a", ["11111", "11112"], pmid=["11113", ""])
    b = _one("b", ["11111", "11112", "11113"])
    rows, merged = _merged(a, b)
    assert [(r["study_id"], r["pmid"], r["also_in"]) for r in rows] == [
        ("11111", "11113", "b:11113"),
        ("11112", "", ""),  # its id looks like a PMID, but PMIDs are in the column
        ("b:11111", "11111", ""),
        ("b:11112", "11112", ""),
    ]
    note = "b: 2 studies have the id of another study: the name is put before it (such"
    assert any(text.startswith(note) for text in merged.notes)


def test_pmids_are_not_forgotten():
    """A study is found again by a PMID that only the second database knew."""
    a = _one("a", ["p", "q"], doi=["10.1/x", ""])
    b = _one("b", ["11111"], doi=["10.1/x"])
    both = merge_databases([a, b])
    assert [normal_pmid(row.get("pmid", "")) for row in records(both.studies)] == [
        "11111",
        "",
    ]
    rows, _ = _merged(both, _one("c", ["11111"]))
    assert [row["also_in"] for row in rows] == ["b:11111; c:11111", ""]


def test_ids_are_compared_if_that_is_wanted():
    a, b = _one("a", ["p", "q"]), _one("b", ["q", "r"])
    rows, merged = _merged(a, b)
    assert [row["study_id"] for row in rows] == ["p", "q", "b:q", "r"]
    rows, merged = _merged(a, b, match=["id"])
    assert [row["study_id"] for row in rows] == ["p", "q", "r"]
    assert merged.notes == ("b: 1 of its 2 studies are in a database before it (id 1)",)


def test_a_prefix_that_is_taken_is_put_twice():
    rows, _ = _merged(_one("a", ["p", "b:p"]), _one("b", ["p"]))
    assert [row["study_id"] for row in rows] == ["p", "b:p", "b:b:p"]
    assert rows[2]["also_in"] == "b:p"  # its id there


def test_short_numbers_are_hardly_pmids():
    a, b = _one("a", ["1", "2"]), _one("b", ["2", "3"])
    with pytest.warns(NeurosynthWarning, match="1 studies of b .* ids such as '2' are"):
        merge_databases([a, b])
    merge_databases([a, b], match=["doi"])
    merge_databases([a, _one("b", ["x"], pmid=["2"])])  # it says that it is a PMID


DOUBTS = [
    # PMIDs and DOIs of p in either database, match, whether a warning is due
    (("", ""), ("", ""), ["pmid", "doi"], True),
    (("11111", ""), ("", "10.1/x"), ["pmid", "doi"], True),
    (("11111", ""), ("11112", ""), ["pmid", "doi"], False),
    (("", "10.1/x"), ("", "10.1/y"), ["pmid", "doi"], False),
    (("11111", ""), ("11112", ""), ["doi"], True),  # PMIDs are not looked at
    (("", "10.1/x"), ("", "10.1/y"), ["pmid"], True),
    (("", ""), ("", ""), ["id"], False),
]


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("one", "other", "match", "is_due"), DOUBTS)
def test_equal_ids_of_studies_that_nothing_tells_apart(
    recwarn, one, other, match, is_due
):
    a, b = (
        _one(name, ["p"], pmid=[pmid], doi=[doi])
        for name, (pmid, doi) in (("a", one), ("b", other))
    )
    merged = merge_databases([a, b], match=match)
    assert merged.n_studies == (1 if match == ["id"] else 2)
    said = [str(warning.message) for warning in recwarn]
    assert len(said) == is_due
    for text in said:
        assert text.startswith("1 studies of b have the ids of other studies, such as")
        assert "add 'id' to match" in text


BAD = [
    # databases, options, error, message
    ([], {}, OptionError, "a list of databases is needed"),
    (["v7"], {}, OptionError, "a list of databases is needed"),
    (
        [_one("a", ["p"])],
        {"match": []},
        OptionError,
        r"match must name some of 'pmid', 'doi', 'id', got \[\]",
    ),
    ([_one("a", ["p"])], {"match": "title"}, OptionError, "got 'title'"),
    ([_one("a", ["p"])], {"match": ["pmid", 3]}, OptionError, r"got \['pmid', 3\]"),
]


@pytest.mark.parametrize(("parts", "options", "error", "message"), BAD)
def test_bad_input(parts, options, error, message):
    with pytest.raises(error, match=message):
        merge_databases(parts, **options)


def test_one_key_can_be_given_by_itself():
    a, b = _one("a", ["p"]), _one("b", ["p"])
    assert merge_databases([a, b], match="id").n_studies == 1


def test_notes_are_equal_to_hand_made_ones_for_peaks_that_stand_in():
    a = _one("a", ["11111", "11112"], [(1, 1.0)])
    b = _one("b", ["11112", "11111"], [(0, 2.0), (1, 3.0), (1, 4.0)])
    rows, merged = _merged(a, b)
    assert merged.peaks.xyz[:, 0].tolist() == [1.0, 3.0, 4.0]
    assert merged.peaks.study.tolist() == [1, 0, 0]
    assert [(row["origin"], row["also_in"]) for row in rows] == [
        ("b", "a:11111"),
        ("a", "b:11112"),
    ]
    assert merged.notes == (
        "b: 2 of its 2 studies are in a database before it (pmid 2)",
        "b: 1 peaks of studies that a database before it has are left out",
        "b: gives the peaks of 1 studies that have none in a database before it",
    )


def test_the_space_of_a_study_is_that_of_its_peaks():
    a = _one("a", ["11111", "11112"], [(1, 0.0)], space=["MNI", ""])
    b = _one("b", ["11111", "11112"], [(0, 0.0), (1, 0.0)], space=["TAL", "TAL"])
    rows, _ = _merged(a, b)
    assert [row["space"] for row in rows] == ["TAL", ""]


def test_spaces_that_are_left_out_are_not_listed():
    a, b = (_one(name, ["11111"], [(0, 0.0)]) for name in "ab")
    p = b.peaks
    odd = Peaks(p.xyz, p.study, p.analysis, p.space + 1, ("never used", "ODD"))
    tables = {name: b.table(name) for name in b.table_names}
    _, merged = _merged(a, made(tables, odd, [], About("b")))
    assert merged.peaks.spaces == ("MNI", "never used")


# -------------------------------------------------------------------------- where from


def test_databases_of_the_same_name_are_numbered():
    about = About("mine", "1")
    parts = [_one("", [own], about=about) for own in ("11111", "11111", "11112")]
    rows, _ = _merged(*parts)
    assert [(row["origin"], row["also_in"]) for row in rows] == [
        ("mine 1", "mine 1 (2):11111"),
        ("mine 1 (3)", ""),
    ]
    # the same in two steps: earlier names are remembered
    rows, _ = _merged(merge_databases(parts[:2]), parts[2])
    assert rows[0]["also_in"] == "mine 1 (2):11111"
    assert rows[1]["origin"] == "mine 1 (3)"


def test_a_database_without_a_name_has_one_here():
    rows, _ = _merged(_one("", ["p"]), _one("", ["q"]))
    assert [row["origin"] for row in rows] == ["unnamed", "unnamed (2)"]


@pytest.mark.parametrize("name", WHERE_FROM)
def test_a_column_of_the_source_is_not_taken_for_ours(name):
    a = _one("a", ["11111"], **{name: ["Paris"]})
    rows, merged = _merged(a, _one("b", ["11111"]))
    assert rows[0]["origin"] == "a"
    assert rows[0]["also_in"] == "b:11111"
    assert rows[0][f"{name}_in_source"] == "Paris"
    new = f"'{name}_in_source'"
    assert f"column {name!r} of the studies of a is now {new}" in merged.notes


def test_studies_that_were_added_to_a_merged_database_are_its_own():
    both = merge_databases([_one("a", ["11111"]), _one("b", ["11112"])])
    more = concatenate([both, _one("c", ["11113"])], about=About("all"))
    rows, _ = _merged(more, _one("d", ["11113"]))
    assert [row["origin"] for row in rows] == ["a", "b", "all"]
    assert rows[2]["also_in"] == "d:11113"


def test_two_merged_databases_that_share_a_source():
    a, b, c = (_one(name, ["11111"]) for name in "abc")
    rows, _ = _merged(merge_databases([a, b]), merge_databases([a, c]))
    assert rows[0]["origin"] == "a"
    assert rows[0]["also_in"] == "b:11111; c:11111"


def test_licences_and_attributions_are_joined():
    a = _one("", ["p"], about=About("a", "7", "ODbL-1.0", "Cite A.", "a"))
    b = _one("", ["q"], about=About("b", "1", "BSD-3-Clause", "Cite B.", "b"))
    merged = merge_databases([a, b])
    assert merged.about == About(
        "a+b", "7+1", "ODbL-1.0 AND BSD-3-Clause", "Cite A. Cite B.", "a, b"
    )
    assert merge_databases([a, b], about=About("ours")).about == About("ours")
    _, merged = _merged(a, _one("c", ["r"]))
    assert merged.notes == ("the licence of c is not known",)


# ------------------------------------------------------------------------------ labels


def _labels(name, labels, weights, *kind):
    table = None if weights is None else sparse.csc_array(np.array(weights, float))
    return LabelSet(name, tuple(labels), table, *kind)


def test_label_sets_of_other_kinds_are_kept_apart():
    a = _one("a 1", ["11111"], sets=[_labels("terms", "x", [[0.5]], "tfidf")])
    b = _one(
        "b (new): 2",
        ["11111", "11112"],
        sets=[
            _labels("terms", "x", [[3], [4]], "count", "body"),
            _labels("terms-b_new_2", "y", [[1], [1]]),
        ],
    )
    _, merged = _merged(a, b)
    assert list(merged.label_sets) == [
        "terms",
        "terms-b_new_2-b_new_2",
        "terms-b_new_2",
    ]
    assert merged.label_sets["terms"].weights.toarray().tolist() == [[0.5], [0]]
    apart = merged.label_sets["terms-b_new_2-b_new_2"]
    assert (apart.kind, apart.source) == ("count", "body")
    assert apart.weights.toarray().tolist() == [[3], [4]]
    assert (
        "label set 'terms' of b (new): 2 holds weights of another kind ('count' made "
        "from 'body'): kept apart as 'terms-b_new_2-b_new_2'"
    ) in merged.notes
    chosen = merged.select("terms-b_new_2-b_new_2:x >= 4")  # queries know the name
    assert chosen.ids == ["11112"]


def test_label_sets_made_from_something_else_are_kept_apart():
    a, b = (
        _one(name, [own], sets=[_labels("t", "x", [[1]], "count", source)])
        for name, own, source in (("a", "p", "abstract"), ("b", "q", "body"))
    )
    assert list(merge_databases([a, b]).label_sets) == ["t", "t-b"]


def test_a_vocabulary_without_weights_gets_them_from_another():
    a = _one("a", ["11111", "11112"], sets=[_labels("t", ["x", "y"], None)])
    b = _one("b", ["11112"], sets=[_labels("t", ["y", "z"], [[0.5, 0.25]], "tfidf")])
    _, merged = _merged(a, b)
    terms = merged.label_sets["t"]
    assert (terms.labels, terms.kind) == (("x", "y", "z"), "tfidf")
    assert terms.weights.toarray().tolist() == [[0, 0, 0], [0, 0.5, 0.25]]
    assert merged.notes[1:] == (
        "label set 't': weights of 1 from b; 1 studies have none and count as without "
        "its labels",
        "label set 't': b knows 2 of the 3 labels; its studies count as without the "
        "others",
    )


def test_what_nobody_has_weights_of_stays_a_vocabulary():
    parts = [
        _one(name, ["11111"], sets=[_labels("t", name, None)]) for name in ("a", "b")
    ]
    terms = merge_databases(parts).label_sets["t"]
    assert (terms.labels, terms.weights) == (("a", "b"), None)


def test_weights_are_never_dense(monkeypatch):
    n = 200_000
    words = tuple(map(str, range(n)))
    weights = sparse.csc_array(([0.5], [0], [0] + [1] * n), shape=(1, n))
    parts = [
        _one(own, [own], sets=[LabelSet("t", words, weights)]) for own in ("p", "q")
    ]
    monkeypatch.setattr(sparse.csc_array, "toarray", None)
    assert merge_databases(parts).label_sets["t"].weights.nnz == 2


# ------------------------------------------------------------------------------- texts


def _with_table(database, **tables):
    own = {name: database.table(name) for name in database.table_names}
    return made({**own, **tables}, database.peaks, [], database.about)


def test_texts_follow_their_studies():
    a = _with_table(
        _one("a", ["11111", "11112"]),
        texts=pd.DataFrame({"study_id": ["11112"], "abstract": ["A."]}),
    )
    b = _with_table(
        _one("b", ["11113", "11112", "11111"]),
        texts=pd.DataFrame(
            {
                "study_id": ["11112", "11111", "gone"],
                "abstract": ["B.", "B1.", "?"],
                "body": ["More.", None, "?"],
            }
        ),
    )
    merged = merge_databases([a, b])
    assert records(merged.table("texts")) == [
        {"study_id": "11111", "abstract": "B1."},
        {"study_id": "11112", "abstract": "A.", "body": "More."},
    ]
    note = "1 rows of 'texts' of b are of studies that it does not have: left out"
    assert note in merged.notes


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"study_id": ["11111"] * 2, "abstract": ["A.", "B."]}, "has several rows of"),
        ({"abstract": ["A."]}, "'texts' of a has no column study_id: databases can be"),
    ],
)
def test_texts_that_cannot_be_told_apart(table, message):
    a = _with_table(_one("a", ["11111"]), texts=pd.DataFrame(table))
    with pytest.raises(FormatError, match=message):
        merge_databases([a])


# --------------------------------------------------------------------------- real data


@pytest.fixture(scope="module")
def neuroquery(shared_data):
    return read_database(shared_data / "neuroquery_v1")


@pytest.fixture(scope="module")
def both(v7, neuroquery):
    begin = time.perf_counter()
    merged = merge_databases([v7, neuroquery])
    assert time.perf_counter() - begin < 5  # it takes half a second
    return merged


def test_version_7_and_neuroquery(v7, neuroquery, both):
    shared = set(v7.study_ids) & set(neuroquery.study_ids)
    assert len(shared) == 8_682  # formats-and-services.md, section 1.5
    new = [own for own in neuroquery.study_ids if own not in shared]
    assert both.study_ids.tolist() == [*v7.study_ids, *new]
    origin = ["neurosynth 7"] * v7.n_studies + ["neuroquery 1"] * len(new)
    assert both.studies["origin"].tolist() == origin
    also_in = [f"neuroquery 1:{own}" if own in shared else "" for own in both.study_ids]
    assert both.studies["also_in"].tolist() == also_in
    for text in ("peaks of studies that a database before", "of its 13,459 studies"):
        assert _counted(both.notes, text) in {316_999, 8_682}
    for name, part in (("LDA50", v7), ("neuroquery7547", neuroquery)):
        own = both.select(ids=part.study_ids).mask
        weights = both.label_sets[name].weights
        assert weights.nnz == part.label_sets[name].weights.nnz
        assert not weights.tocsr()[np.flatnonzero(~own)].nnz


def test_version_7_and_neuroquery_count_every_voxel(v7, neuroquery, both):
    is_new = ~np.isin(neuroquery.study_ids.astype(str), v7.study_ids.astype(str))
    expected = v7.activations().totals.astype(np.int64)
    rows = neuroquery.activations().to_csr(np.flatnonzero(is_new))
    expected = expected + np.bincount(rows.indices, minlength=rows.shape[1])
    np.testing.assert_array_equal(both.activations().totals, expected)


def test_the_reconstructed_terms_for_version_7(v7, shared_data):
    recon = read_database(shared_data / "neurosynth_recon")
    merged = merge_databases([v7, recon])
    assert merged.study_ids.tolist() == v7.study_ids.tolist()
    assert_same_peaks(merged.peaks, v7.peaks)
    terms, own = merged.label_sets["terms"], recon.label_sets["terms"]
    assert terms.labels == v7.label_sets["terms"].labels
    rows = pd.Index(merged.study_ids).get_indexer(recon.study_ids)
    columns = [terms.index[label] for label in own.labels]
    taken = terms.weights.tocsr()[rows].tocsc()[:, columns]
    assert (taken != own.weights).nnz == 0
    assert terms.weights.nnz == own.weights.nnz == 521_076
    assert (merged.studies["origin"] == "neurosynth 7").all()
    assert (merged.studies["also_in"] != "").sum() == 8_682


def test_version_7_and_version_3(v7, shared_data):
    v3 = read_database(shared_data / "legacy_files" / "database_v3.txt.gz")
    shared = set(v7.study_ids) & set(v3.study_ids)
    for parts in ([v7, v3], [v3, v7]):
        merged = merge_databases(parts)
        assert merged.n_studies == 14_371 + 8_067 - len(shared)
        n_peaks = [len(part.peaks) for part in parts]
        is_shared = np.array([own in shared for own in parts[1].study_ids])
        left_out = np.count_nonzero(is_shared[parts[1].peaks.study])
        assert len(merged.peaks) == sum(n_peaks) - left_out

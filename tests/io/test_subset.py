"""Some of the studies of a database, with everything that belongs to them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nimare_neurosynth import concatenate
from nimare_neurosynth.io import subset
from tests.io.drawn import analysis_rows, databases, peak_rows, records, weights_of
from tests.io.same import assert_same_database

IDS = st.text("abc", min_size=1, max_size=4)


@st.composite
def cut(draw, **options):
    database = draw(databases(IDS, max_size=6, **options))
    n = database.n_studies
    return database, np.array(
        draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool
    )


def texts(database):
    return records(database.table("texts")) if "texts" in database.table_names else []


@given(cut(in_order=False))
def test_rows_of_the_kept_studies_stay_in_order(drawn):
    database, kept = drawn
    ids = [str(i) for i, keep in zip(database.study_ids, kept, strict=True) if keep]
    part = subset(database, kept)
    assert part.n_studies == len(ids)
    assert part.study_ids.tolist() == ids
    assert records(part.studies) == [
        row for row in records(database.studies) if row["study_id"] in ids
    ]
    assert peak_rows(part) == [row for row in peak_rows(database) if row[0] in ids]
    assert analysis_rows(part) == [
        row for row in analysis_rows(database) if row["study_id"] in ids
    ]
    assert texts(part) == [row for row in texts(database) if row["study_id"] in ids]
    for name, weights in weights_of(database).items():
        found = weights_of(part)[name]
        assert part.label_sets[name].labels == database.label_sets[name].labels
        if weights is None:
            assert found is None
        else:
            assert found == {k: v for k, v in weights.items() if k[0] in ids}
    assert (part.about, part.notes) == (database.about, database.notes)


@settings(max_examples=15)
@given(cut(in_order=False))
def test_types_of_columns_stay(drawn):
    database, kept = drawn
    part = subset(database, kept)
    assert part.table_names == database.table_names
    for name in part.table_names:
        assert part.table(name).dtypes.equals(database.table(name).dtypes)
        assert part.table(name).index.tolist() == list(range(len(part.table(name))))
    for name in ("xyz", "study", "analysis", "space"):
        a, b = getattr(part.peaks, name), getattr(database.peaks, name)
        assert (a.dtype, a.shape[1:]) == (b.dtype, b.shape[1:])


@settings(max_examples=15)
@given(databases(IDS, max_size=6, in_order=False))
def test_keeping_all_changes_nothing(database):
    whole = subset(database, np.ones(database.n_studies, bool))
    assert_same_database(whole, database)


@settings(max_examples=15)
@given(cut())
def test_both_parts_have_everything(drawn):
    database, kept = drawn
    both = concatenate([subset(database, kept), subset(database, ~kept)])
    assert sorted(both.study_ids) == sorted(database.study_ids)
    assert sorted(map(repr, peak_rows(both))) == sorted(map(repr, peak_rows(database)))
    assert weights_of(both) == weights_of(database)


@settings(max_examples=15)
@given(cut(), st.data())
def test_a_part_of_a_part(drawn, data):
    database, kept = drawn
    n = int(kept.sum())
    again = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    at_once = kept.copy()
    at_once[kept] = again
    assert_same_database(
        subset(subset(database, kept), again), subset(database, at_once)
    )


@pytest.mark.parametrize("first", [0, 1, 4, 7])
def test_first_and_last_make_the_whole(toy, first):
    kept = np.arange(7) < first
    whole = concatenate([subset(toy, kept), subset(toy, ~kept)])
    assert_same_database(whole, toy)


def test_the_database_itself_is_left_alone(toy):
    before = [toy.table(name).copy() for name in toy.table_names]
    kept = np.arange(7) % 2 == 1
    part = subset(toy, kept)
    part.table("analyses")["study"] = -1
    part.peaks.study[:] = -1
    for name, table in zip(toy.table_names, before, strict=True):
        assert toy.table(name).equals(table)
    assert toy.peaks.study.min() == 0

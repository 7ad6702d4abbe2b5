"""What two databases do not share."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from nimare_neurosynth import load_demo
from nimare_neurosynth.converters import diff_databases
from nimare_neurosynth.database import Database, LabelSet, Peaks
from tests.oracles import random_database


def changed(database, **parts):
    """Give a database with other parts."""
    tables = {name: database.table(name) for name in database.table_names}
    tables |= parts.pop("tables", {})
    made = {
        "n_studies": database.n_studies,
        "peaks": database.peaks,
        "label_sets": list(database.label_sets.values()),
        **parts,
    }
    loaders = {name: lambda table=table: table for name, table in tables.items()}
    return Database(database.about, tables=loaders, **made)


@pytest.fixture(scope="module")
def one():
    return random_database()


def test_the_same_is_the_same(one):
    found = diff_databases(one, random_database())
    assert not found
    assert str(found) == "no difference"
    assert found.to_dict() == {"added": [], "removed": [], "changed": []}


@given(st.integers(0, 900), st.sampled_from("xyz"), st.floats(0.01, 50))
def test_a_moved_peak_is_found(row, axis, far):
    one = random_database()
    xyz = np.array(one.peaks.xyz)
    xyz[row, "xyz".index(axis)] += far
    found = diff_databases(one, changed(one, peaks=replace(one.peaks, xyz=xyz)))
    assert found.changed == ["coordinates of 1 peaks"]
    assert not found.added
    assert not found.removed


def test_another_space_is_found(one):
    names = np.array(one.peaks.spaces, dtype=object)[one.peaks.space].tolist()
    names[3] = "elsewhere"
    peaks = Peaks.from_columns(
        np.array(one.peaks.xyz), one.peaks.study, one.peaks.analysis, names
    )
    assert diff_databases(one, changed(one, peaks=peaks)).changed == [
        "the space of 1 peaks"
    ]


def test_columns_and_cells_of_studies():
    one = load_demo()
    studies = one.studies.copy()
    studies["new"] = "x"
    first = "title"
    two = changed(one, tables={"studies": studies.drop(columns=first)})
    found = diff_databases(one, two)
    assert found.added == ["1 columns of studies: new"]
    assert found.removed == [f"1 columns of studies: {first}"]
    other = one.studies.copy()
    other[first] = ["other", *other[first].astype(object)[1:]]
    found = diff_databases(one, changed(one, tables={"studies": other}))
    assert found.changed == [f"{first} of 1 studies"]


def test_missing_and_empty_are_the_same(one):
    studies = one.studies.copy()
    studies["note"] = None
    other = studies.assign(note="")
    sides = (changed(one, tables={"studies": table}) for table in (studies, other))
    assert not diff_databases(*sides)


def test_labels(one):
    [labels] = one.label_sets.values()
    weights = labels.weights.tolil()
    weights[0, 0] += 0.5
    moved = replace(labels, weights=sparse.csc_array(weights))
    found = diff_databases(one, changed(one, label_sets=[moved]))
    assert found.changed == [f"1 weights of {labels.name}"]
    fewer = LabelSet(labels.name, labels.labels[1:], labels.weights[:, 1:])
    found = diff_databases(one, changed(one, label_sets=[fewer]))
    assert found.removed == [f"1 labels of {labels.name}: {labels.labels[0]}"]
    none = LabelSet(labels.name, labels.labels, None)
    found = diff_databases(one, changed(one, label_sets=[none]))
    assert found.removed == [f"weights of {labels.name}"]
    found = diff_databases(changed(one, label_sets=[]), one)
    assert found.added == [f"1 label sets: {labels.name}"]

"""Whether two databases hold the same."""

import numpy as np
import pandas as pd

from nimare_neurosynth.database import Database
from nimare_neurosynth.io._kept import KEPT_TABLES


def assert_same_database(a, b):
    """Compare every table, array, label, order, note and hash."""
    assert a.about == b.about
    assert a.n_studies == b.n_studies
    assert a.notes == b.notes
    assert a.table_names == b.table_names
    for name in a.table_names:
        pd.testing.assert_frame_equal(
            a.table(name), b.table(name), check_column_type=False
        )
    assert_same_peaks(a.peaks, b.peaks)
    assert list(a.label_sets) == list(b.label_sets)
    for name in a.label_sets:
        assert_same_labels(a.label_sets[name], b.label_sets[name])
    assert a.content_hash == b.content_hash


def without_kept(database):
    """Give a database without what it kept of its NIMADS document."""
    names = [n for n in database.table_names if n not in KEPT_TABLES]
    return Database(
        database.about,
        n_studies=database.n_studies,
        peaks=database.peaks,
        label_sets=database.label_sets.values(),
        tables={name: database.table(name) for name in names},
        notes=database.notes,
    )


def assert_same_peaks(a, b):
    assert a.spaces == b.spaces
    for name in ("xyz", "study", "analysis", "space"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype


def assert_same_labels(a, b):
    assert (a.name, a.labels, a.kind, a.source) == (b.name, b.labels, b.kind, b.source)
    assert (a.weights is None) == (b.weights is None)
    if a.weights is not None:
        assert a.weights.shape == b.weights.shape
        for part in ("indptr", "indices", "data"):
            np.testing.assert_array_equal(
                getattr(a.weights, part), getattr(b.weights, part)
            )

"""Whether two databases hold the same."""

import numpy as np
import pandas as pd


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

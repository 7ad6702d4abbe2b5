"""Small databases made for a test."""

import numpy as np
import pandas as pd
from scipy import sparse

from nimare_neurosynth.database import About, Database, LabelSet, Peaks


def made_database(label_sets=(), *, n_studies=None, studies=None, name="made"):
    """Make a database without peaks from ``(name, labels, weights)`` or LabelSets."""
    sets = [s if isinstance(s, LabelSet) else label_set(*s) for s in label_sets]
    if n_studies is None:
        n_studies = len(studies) if studies is not None else sets[0].weights.shape[0]
    if studies is None:
        studies = pd.DataFrame({"study_id": [f"s{i}" for i in range(n_studies)]})
    tables = {
        "studies": studies,
        "analyses": pd.DataFrame({"study_id": [], "study": []}),
        "peaks": pd.DataFrame(index=range(0)),
    }
    return Database(
        About(name),
        n_studies=n_studies,
        peaks=Peaks.from_columns(np.empty((0, 3)), [], [], []),
        label_sets=sets,
        tables={key: (lambda t=table: t) for key, table in tables.items()},
    )


def label_set(name, labels, weights):
    """Make a label set of a dense table; None for a vocabulary without weights."""
    columns = None if weights is None else sparse.csc_array(np.array(weights, float))
    return LabelSet(name, tuple(labels), columns)

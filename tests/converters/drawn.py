"""Databases with everything in them that can be: drawn by hypothesis."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from scipy.sparse import csc_array

from nimare_neurosynth.database import About, LabelSet
from nimare_neurosynth.io import Parts, build

IDS = ["1", "001", "10", "a-b", "é", "doi:10.1/x_y", "Z z", "9065511", "nan", "1e5"]
TEXTS = [
    "",
    "Of pain",
    'a "quoted" one',
    "tab\there",
    "None",
    "line\nend",
    "é日本",
    "001",
    "1.0",
]
NAMES = ["pain", "001", "3t", "working memory", "é", "a,b", "1e5", "nan"]
_MM = st.sampled_from([0.0, -52.0, 26.5, 1e-3, -120.25])


@st.composite
def _weights(draw, shape):
    cells = [(i, j) for i in range(shape[0]) for j in range(shape[1])]
    chosen = draw(st.lists(st.sampled_from(cells), unique=True)) if cells else []
    table = np.zeros(shape)
    for cell in chosen:
        table[cell] = draw(st.sampled_from([1.0, 0.001, 0.12345678901234567, 3.0]))
    return csc_array(table)


@st.composite
def odd_databases(draw):
    """Draw a database: odd texts, empty fields, studies without peaks, null places."""
    ids = draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=5, unique=True))
    n = len(ids)
    studies = pd.DataFrame({"study_id": pd.Series(ids, dtype="str")})
    for name in draw(st.lists(st.sampled_from(["title", "doi", "notes"]), unique=True)):
        studies[name] = pd.Series(
            [draw(st.sampled_from(TEXTS)) for _ in ids], dtype="str"
        )
    if draw(st.booleans()):
        years = [draw(st.sampled_from([1997, 2010, None])) for _ in ids]
        studies["year"] = pd.Series(years, dtype="Int64")
    where = draw(st.lists(st.integers(0, n - 1), max_size=8))
    where = sorted(where) if draw(st.booleans()) else where
    xyz = [[draw(_MM) for _ in "xyz"] for _ in where]
    for place in xyz:
        if draw(st.integers(0, 5)) == 0:
            place[draw(st.integers(0, 2))] = np.nan
    columns = pd.DataFrame(index=pd.RangeIndex(len(where)))
    if draw(st.booleans()):
        tables = [draw(st.sampled_from(["t1", "001", "Table 2"])) for _ in where]
        columns["table_id"] = pd.Series(tables, dtype="str")
    if draw(st.booleans()):
        regions = [draw(st.sampled_from(TEXTS)) for _ in where]
        columns["region"] = pd.Series(regions, dtype="str")
    sets = []
    for name in draw(st.lists(st.sampled_from(["terms", "LDA50", "x"]), unique=True)):
        labels = draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True))
        weights = draw(st.none() | _weights((n, len(labels))))
        kind = draw(st.sampled_from(["weight", "tfidf"]))
        sets.append(LabelSet(name, tuple(labels), weights, kind, "abstract"))
    spaces = [draw(st.sampled_from(["MNI", "TAL", "UNKNOWN"])) for _ in where]
    return build(
        Parts(
            About("made", "1", "CC0-1.0", "Nobody.", "nowhere"),
            studies,
            np.array(where, dtype=np.int64),
            np.array(xyz, dtype=float).reshape(-1, 3),
            spaces,
            columns,
            sets,
            notes=draw(st.lists(st.sampled_from(["a note"]), max_size=1)),
        )
    )

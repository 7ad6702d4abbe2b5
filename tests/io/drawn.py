"""Databases drawn by Hypothesis, parts of them, and what they hold in plain rows."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.space import Mask

WORDS = ("pain", "reward", "3t", "001")
KINDS = {"terms": ("tfidf", "abstract"), "topics": ("weight", "")}

COLUMNS = {  # of the studies: how a value is drawn, and the type of the column
    "title": (st.sampled_from(["", "One", "Zwölf\n"]), "str"),
    "year": (st.none() | st.integers(1990, 2020), "Int64"),
    "n_subjects": (st.integers(0, 2**60), "int64"),
    "fmri": (st.booleans(), "bool"),
    "field_t": (st.sampled_from([1.5, 3.0, np.nan]), "float64"),
    "pmid": (st.sampled_from(["", "11111", " 0011112.0", "11113", "PMC1"]), "str"),
    "doi": (
        st.sampled_from(
            ["", "10.1/a", "https://doi.org/10.1/A. ", "10.1/b", "doi:10.1/c"]
        ),
        "str",
    ),
}
MASK = Mask.from_array(np.ones((8, 8, 8), dtype=bool), np.diag([2.0, 2, 2, 1]))
PLAIN = ("title", "year", "n_subjects", "fmri", "field_t")


def column(values, dtype):
    """Make a column; missing values are None."""
    filled = np.nan if dtype == "str" else pd.NA
    return pd.Series([filled if v is None else v for v in values], dtype=dtype)


@st.composite
def databases(draw, ids, *, columns=PLAIN, name=None, in_order=True, max_size=4):
    """Draw a database with some of the columns, labels and tables there can be."""
    own = draw(st.lists(ids, max_size=max_size, unique=True))
    n = len(own)
    studies = pd.DataFrame({"study_id": column(own, "str")})
    for key in draw(st.lists(st.sampled_from(columns), unique=True)):
        values, dtype = COLUMNS[key]
        drawn = draw(st.lists(values, min_size=n, max_size=n))
        studies[key] = column(drawn, dtype)
    # each study has two analyses, of which some are of no peak
    analyses = pd.DataFrame({"study_id": studies["study_id"].repeat(2)})
    analyses["study"] = np.repeat(np.arange(n), 2)
    analyses["table_id"] = column([f"t{i}" for i in range(2 * n)], "str")
    n_peaks = draw(st.integers(0, 6)) if n else 0
    of = draw(hnp.arrays(int, n_peaks, elements=st.integers(0, max(0, 2 * n - 1))))
    if in_order:
        of = of[np.argsort(of // 2, kind="stable")]
    places = st.sampled_from([np.nan, -0.0, 2.0, 4.5, 10.0, 12.0, 1e300])
    xyz = draw(hnp.arrays(float, (n_peaks, 3), elements=places))
    spaces = draw(
        st.lists(
            st.sampled_from(["MNI", "TAL", "UNKNOWN"]),
            min_size=n_peaks,
            max_size=n_peaks,
        )
    )
    peaks = pd.DataFrame(index=range(n_peaks))
    if draw(st.booleans()):
        peaks["peak_id"] = column([f"p{i}" for i in range(n_peaks)], "str")
    tables = {
        "studies": studies,
        "analyses": analyses.reset_index(drop=True),
        "peaks": peaks,
    }
    if draw(st.booleans()):
        tables["texts"] = draw(_texts(own))
    sets = draw(st.lists(st.sampled_from(sorted(KINDS)), unique=True))
    return made(
        tables,
        Peaks.from_columns(xyz, of // 2, of, spaces),
        [draw(_label_sets(key, n)) for key in sets],
        About(
            name or draw(st.sampled_from(["a", "b"])),
            draw(st.sampled_from(["", "1"])),
            draw(st.sampled_from(["", "CC0-1.0", "ODbL-1.0 AND MIT"])),
        ),
        draw(st.lists(st.sampled_from(["odd", "strange"]), unique=True)),
    )


@st.composite
def _texts(draw, ids):
    """Draw abstracts of some studies, in their order."""
    having = [i for i in ids if draw(st.booleans())]
    abstracts = [draw(st.sampled_from(["", "Of pain.", "Of reward."])) for _ in having]
    return pd.DataFrame(
        {"study_id": column(having, "str"), "abstract": column(abstracts, "str")}
    )


@st.composite
def _label_sets(draw, name, n):
    labels = draw(st.lists(st.sampled_from(WORDS), unique=True))
    if draw(st.integers(0, 4)) == 0:
        return LabelSet(name, tuple(labels), None)
    values = st.sampled_from([0.0, 0.0, 0.25, 0.5])
    weights = draw(hnp.arrays(float, (n, len(labels)), elements=values))
    return LabelSet(name, tuple(labels), sparse.csc_array(weights), *KINDS[name])


def made(tables, peaks, label_sets, about, notes=()):
    """Make a database of its parts."""
    return Database(
        about,
        n_studies=len(tables["studies"]),
        peaks=peaks,
        label_sets=label_sets,
        tables={name: (lambda t=table: t) for name, table in tables.items()},
        notes=notes,
    )


def subset(database, first, stop):
    """Take some studies in a row, row by row."""
    of = database.table("analyses")["study"].tolist()
    analyses = [i for i, study in enumerate(of) if first <= study < stop]
    p = database.peaks
    peaks = [i for i, study in enumerate(p.study.tolist()) if first <= study < stop]
    tables = {name: database.table(name) for name in database.table_names}
    tables["studies"] = _take(tables["studies"], range(first, stop))
    tables["analyses"] = _take(tables["analyses"], analyses)
    tables["analyses"]["study"] -= first
    tables["peaks"] = _take(tables["peaks"], peaks)
    if "texts" in tables:
        known = set(tables["studies"]["study_id"])
        ids = tables["texts"]["study_id"]
        tables["texts"] = _take(
            tables["texts"], [i for i, own in enumerate(ids) if own in known]
        )
    position = {old: new for new, old in enumerate(analyses)}
    taken = Peaks.from_columns(
        p.xyz[peaks],
        [p.study[i] - first for i in peaks],
        [position[p.analysis[i]] for i in peaks],
        [p.spaces[p.space[i]] for i in peaks],
    )
    sets = [_rows(labels, first, stop) for labels in database.label_sets.values()]
    return made(tables, taken, sets, database.about, database.notes)


def _take(table, rows):
    return table.iloc[list(rows)].reset_index(drop=True)


def _rows(labels, first, stop):
    if labels.weights is None:
        return labels
    weights = sparse.csc_array(labels.weights.toarray()[first:stop])
    return LabelSet(labels.name, labels.labels, weights, labels.kind, labels.source)


# ------------------------------------------------------------------------ plain rows


def records(table):
    """Give rows as dictionaries without what is missing."""
    return [
        {key: value for key, value in row.items() if not pd.isna(value)}
        for row in table.to_dict("records")
    ]


def peak_rows(database):
    """Give each peak with everything about it; coordinates as bytes, to compare NaN."""
    p, ids = database.peaks, database.study_ids
    analyses = records(database.table("analyses"))
    own = records(database.table("peaks"))
    return [
        (
            str(ids[p.study[i]]),
            p.xyz[i].tobytes(),
            p.spaces[p.space[i]],
            _without(analyses[p.analysis[i]], "study"),
            own[i],
        )
        for i in range(len(p))
    ]


def analysis_rows(database):
    """Give each analysis with its study, which the table names in two ways."""
    rows = records(database.table("analyses"))
    for row in rows:
        assert database.study_ids[row["study"]] == row["study_id"]
    return [_without(row, "study") for row in rows]


def weights_of(database):
    """Give what is not zero, by label set: study, label and weight."""
    found = {}
    for name, labels in database.label_sets.items():
        if labels.weights is None:
            found[name] = None
            continue
        table = labels.weights.toarray()
        found[name] = {
            (str(own), label): float(table[i, j])
            for i, own in enumerate(database.study_ids)
            for j, label in enumerate(labels.labels)
            if table[i, j]
        }
    return found


def _without(row, key):
    return {k: v for k, v in row.items() if k != key}

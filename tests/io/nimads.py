"""NIMADS documents: made for the tests, real, and what they hold in plain rows."""

import json
import math
from importlib.util import find_spec
from pathlib import Path

from hypothesis import strategies as st

NIMARE = Path(find_spec("nimare").origin).parent
EXPORTS = {  # NeuroStore's exports and their annotations
    "studyset_5ncCB9bMbipk.json": "annotation_5ptYJfATQy5m.json",
    "studyset_ToisksSserJp.json": "annotation_CeQLLXWepB3J.json",
}
IN_WHEEL = {
    "resources/neurosynth_laird_studyset.json": None,
    "resources/nback_vs_flanker_studyset_2026-07": None,
    "resources/neurostore_parquet_studyset": None,
    "resources/nidm_pain_studyset.json": None,
    "tests/data/nimads_studyset.json": "tests/data/nimads_annotation.json",
    "tests/data/sample_size_nimads_studyset.json": None,
}


def point(x=0, y=-52, z=26, space="MNI", **more):
    return {"coordinates": [x, y, z], "space": space, **more}


def study(own, *analyses, **more):
    return {"id": own, "analyses": list(analyses), **more}


def analysis(own, *points, **more):
    return {"id": own, "points": list(points), **more}


def document(*studies, **more):
    return {"id": "made", "name": "made up", "studies": list(studies), **more}


def annotation(notes, name="terms", **more):
    """Make an annotation of (study, analysis, note)."""
    rows = [{"study": s, "analysis": a, "note": note} for s, a, note in notes]
    return {"id": name, "name": name, "notes": rows, **more}


def walk(document):
    """Give each study's id and each point, study by study, as the document has them."""
    ids, points = [], []
    for own in document["studies"]:
        ids.append(own["id"])
        for each in own.get("analyses") or []:
            for place in each.get("points") or []:
                xyz = place.get("coordinates") or [None] * 3
                mm = ["missing" if v is None else float(v) for v in xyz]
                space = place.get("space")
                known = "UNKNOWN" if space in (None, "", "None") else space
                points.append((own["id"], each["id"], *mm, known))
    return ids, points


def plain_points(database):
    """Give each peak as :func:`walk` does."""
    peaks, analyses = database.peaks, database.table("analyses")
    own = analyses["analysis_id"].tolist()
    return [
        (
            str(database.study_ids[peaks.study[i]]),
            own[peaks.analysis[i]],
            *("missing" if math.isnan(v) else v for v in peaks.xyz[i].tolist()),
            peaks.spaces[peaks.space[i]],
        )
        for i in range(len(peaks))
    ]


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


# ----------------------------------------------------------------------------- drawn

_IDS = st.sampled_from(["1", "001", "a", "a-b", "a b", "é", "10", "Z", "None", "b.c"])
_VALUES = st.sampled_from(
    [0, 0.0, 1, -0.5, 0.25, True, False, None, "None", "text", ["a"], math.nan]
)
_LABELS = st.sampled_from(["pain", "001", "3t", "working memory", "a.b"])
_SPACES = st.sampled_from(["MNI", "TAL", "UNKNOWN", "OTHER", "", None, "None"])
_PLACES = st.one_of(
    st.none(),
    st.lists(st.integers(-90, 90) | st.floats(-90, 90), min_size=3, max_size=3),
)


@st.composite
def documents(draw):
    """Draw documents; the annotation is drawn with them."""
    studies = []
    notes = []
    for own in draw(st.lists(_IDS, max_size=4, unique=True)):
        analyses = []
        for each in draw(st.lists(_IDS, max_size=3, unique=True)):
            places = draw(st.lists(st.tuples(_PLACES, _SPACES), max_size=3))
            points = [{"coordinates": xyz, "space": space} for xyz, space in places]
            analyses.append(analysis(each, *points))
            note = draw(st.none() | st.dictionaries(_LABELS, _VALUES, max_size=3))
            if note is not None:
                notes.append((own, each, note))
        studies.append(study(own, *analyses))
    return document(*studies, annotations=[annotation(notes)])

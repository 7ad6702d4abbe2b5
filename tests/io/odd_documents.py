"""NIMADS documents with everything in them that can be: drawn by hypothesis."""

from hypothesis import strategies as st

_TEXT = st.sampled_from(
    ["", " ", "a", "001", "1", "1.0", "None", "nan", "é\u2028ü", "[1]", '{"a": 1}']
) | st.sampled_from(["a\nb\tc", "\ud800", "日本", "x" * 40, "true", "-0"])
_NUMBERS = st.sampled_from([0, 1, -1, 0.5, 1e300, 2**53 + 1, 2**70, -0.0, 2010])
_SCALARS = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXT)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(_TEXT, inner, max_size=2)
    ),
    max_leaves=4,
)
_NEW_KEYS = st.dictionaries(
    st.sampled_from(["user", "created_at", "source", "study", "space", "title", ""])
    | st.sampled_from(
        ["texts", "slug", "study_id", "is_seed", "label_id", "image", "é"]
    )
    | st.sampled_from(["peak_id", "year2", "annotations"]),
    _ANYTHING,
    max_size=2,
)


def _some(**fields):
    """Draw an object with some of its fields."""
    return st.fixed_dictionaries({}, optional=fields)


_METADATA = st.none() | st.dictionaries(
    st.sampled_from(["sample_size", "title", "name", "a", "coordinate_a", "source"]),
    _ANYTHING,
    max_size=2,
)
_COORDINATE = st.sampled_from([0, -52, 26.5, 1e-3, None])
_POINT = _some(
    id=_TEXT,
    coordinates=st.none() | st.lists(_COORDINATE, min_size=3, max_size=3),
    space=st.sampled_from(["MNI", "TAL", None, "", "OTHER", "None"]),
    kind=st.sampled_from([None, "", "unknown", "4.18"]),
    values=st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["Z", "z", "T", None, "odd", "p"]),
                "value": st.sampled_from([None, 3.5, 2, "3*"]),
            }
        ),
        max_size=2,
    ),
    image=st.none(),
    label_id=st.none() | _TEXT,
)
_CONDITION = _some(name=_TEXT, description=st.none() | _TEXT, id=_TEXT)
_ANALYSIS = _some(
    name=st.none() | _TEXT,
    description=st.none() | _TEXT,
    metadata=_METADATA,
    conditions=st.lists(_CONDITION, max_size=2),
    weights=st.lists(st.sampled_from([1, -0.5]), max_size=2),
    images=st.lists(
        _some(url=_TEXT, value_type=st.sampled_from(["T", "Z"])), max_size=1
    ),
    points=st.lists(st.builds(lambda a, b: {**b, **a}, _POINT, _NEW_KEYS), max_size=3),
)
_STUDY = _some(
    name=st.none() | _TEXT,
    doi=st.none() | _TEXT,
    pmid=st.none() | st.sampled_from(["123", 123]),
    year=st.none() | st.sampled_from([2010, "2011", 2012.0]),
    authors=st.none() | _TEXT,
    publication=st.none() | _TEXT,
    description=st.none() | _TEXT,
    metadata=_METADATA,
)


@st.composite
def _annotation(draw, places):
    """Draw an annotation with notes on some analyses, in any order, and on others."""
    known = st.sampled_from(places) if places else st.nothing()
    unknown = st.just(("1", "gone"))
    at = draw(st.lists(known | unknown, max_size=6))
    notes = []
    keys = st.sampled_from(["pain", "é", "001", "kind"])
    value = st.one_of(st.booleans(), st.sampled_from([0, 0.5, 1, None, "emotional"]))
    dense = draw(st.booleans())
    for study, analysis in at:
        note = {"study": study, "analysis": analysis}
        if dense:
            note["note"] = {"pain": draw(st.booleans()), "001": draw(st.booleans())}
        else:
            note["note"] = draw(st.dictionaries(keys, value, max_size=3))
        note |= draw(_some(id=_TEXT, study_name=_TEXT, authors=st.none() | _TEXT))
        notes.append(note)
    head = _some(
        id=_TEXT,
        name=st.none() | _TEXT,
        description=st.none(),
        metadata=_METADATA,
        user=_TEXT,
        note_keys=st.sampled_from(
            [
                {"pain": "boolean"},
                {
                    "pain": {"type": "boolean", "order": 0, "default": True},
                    "é": "string",
                },
            ]
        ),
    )
    return {**draw(head), "notes": notes}


@st.composite
def odd_documents(draw):
    """Draw a studyset, with its annotations in it."""
    ids = draw(
        st.lists(
            st.sampled_from(["1", "001", "a-b", "é", "None"]), unique=True, max_size=4
        )
    )
    studies, places = [], []
    for own in ids:
        study = {"id": own, **draw(_NEW_KEYS), **draw(_STUDY)}
        names = draw(st.lists(st.sampled_from(["1", "t0010", "1-1"]), max_size=3))
        analyses = []
        for name in names:
            analysis = {**draw(_NEW_KEYS), **draw(_ANALYSIS)}
            if draw(st.booleans()):
                analysis["id"] = name
                places.append((own, name))
            analyses.append(analysis)
        how = draw(st.sampled_from(["list", "list", "list", "none", "missing"]))
        if how == "list" or analyses:
            study["analyses"] = analyses
        elif how == "none":
            study["analyses"] = None
        studies.append(study)
    head = draw(_some(id=_TEXT, name=_TEXT, user=st.none(), metadata=_METADATA))
    document = {**head, "studies": studies}
    annotations = draw(st.lists(_annotation(places), max_size=2))
    if annotations or draw(st.booleans()):
        document["annotations"] = annotations
    return document

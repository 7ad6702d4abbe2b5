"""Sleuth text: read, and written and read again."""

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nimare_neurosynth import load_demo, read_database
from nimare_neurosynth.converters import convert
from nimare_neurosynth.errors import FormatError, OptionError
from nimare_neurosynth.space import nimare_resource
from tests.oracles import quietly

TEXT = """// Reference = MNI
// Smith, 2010: faces > houses
// Subjects = 12
-38\t-48 -20
40,-52,-18.5

//Jones, 2011: pain
//Jones, 2011: heat
//Subjects=20
0 0 0

// Smith, 2010: houses > faces
// Subjects = 15
//Reference=Talairach
1 2 3
"""


def written(folder, text, name="x.txt"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_studies_contrasts_subjects_and_spaces(tmp_path):
    database = read_database(written(tmp_path, TEXT))
    assert database.study_ids.tolist() == ["Smith, 2010", "Jones, 2011"]
    assert database.studies["sample_size"].tolist() == [15, 20]
    analyses = database.table("analyses")
    assert analyses["contrast"].tolist() == [
        "faces > houses",
        "pain; heat",
        "houses > faces",
    ]
    assert analyses["study"].tolist() == [0, 1, 0]
    assert np.asarray(database.peaks.xyz).tolist() == [
        [-38, -48, -20],
        [40, -52, -18.5],
        [0, 0, 0],
        [1, 2, 3],
    ]
    assert database.peaks.is_talairach.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n\n" + text,
        lambda text: text.replace("// ", "//"),
        lambda text: text.replace("Reference", "REFERENCE"),
    ],
)
def test_small_differences_do_not_matter(tmp_path, change):
    one = read_database(written(tmp_path, TEXT))
    two = read_database(written(tmp_path, change(TEXT), "y.txt"))
    assert one.study_ids.tolist() == two.study_ids.tolist()
    np.testing.assert_array_equal(one.peaks.xyz, two.peaks.xyz)
    assert one.studies.equals(two.studies)


@pytest.mark.parametrize("number", ["", "2"])
def test_as_nimare_reads_it(number):
    from nimare_neurosynth import _nimare

    Studyset = _nimare.studyset_module().Studyset
    path = nimare_resource("..", "tests", "data", f"test_sleuth_file{number}.txt")
    ours = read_database(path)
    theirs = quietly(Studyset.from_sleuth, str(path))
    assert ours.n_studies == len(theirs.study_ids)
    table = theirs.coordinates
    xyz = quietly(lambda: np.sort(theirs.view.store.xyz, axis=0))
    assert len(table) == len(ours.peaks)
    np.testing.assert_allclose(np.sort(ours.peaks.xyz, axis=0), xyz)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("//Reference=MNI\n//a: b\n1 2 dog\n", r":3 must be three numbers"),
        ("//Reference=MNI\n//a: b\n1 2\n", r":3 must be three numbers"),
        ("//Reference=MNI\n//a: b\n1 2 3 4\n", r":3 must be three numbers"),
        ("//Reference=MNI\n//a: b\n1 2 inf\n", r":3 must be three numbers"),
        ("//Reference=MNI\n1 2 3\n", r":2 has coordinates, but no heading"),
        ("//Reference=MNI\n//a: b\n", "has no coordinates"),
        ("// nothing else\n", "has no coordinates"),
    ],
)
def test_wrong_texts(tmp_path, text, message):
    with pytest.raises(FormatError, match=message):
        read_database(written(tmp_path, text))


def test_oddities_are_noted(tmp_path):
    text = "//Reference=Dog\n//a: b\n//Subjects=many\n1 2 3\n"
    database = read_database(written(tmp_path, text))
    notes = " ".join(database.notes)
    assert "'Dog' is neither MNI nor Talairach" in notes
    assert "subjects 'many' is left out" in notes
    none = read_database(written(tmp_path, "//a: b\n1 2 3\n", "n.txt"))
    assert any("no reference" in note for note in none.notes)
    assert none.peaks.spaces == ("UNKNOWN",)


def test_options_of_other_forms_are_refused(tmp_path):
    path = written(tmp_path, TEXT)
    features = written(tmp_path, "id\ta\n1\t1\n", "f.txt")
    with pytest.raises(FormatError, match="has no labels"):
        read_database(path, features=features)
    with pytest.raises(OptionError, match="row_order"):
        read_database(path, row_order="text")


def test_what_is_written_is_read_again(tmp_path):
    demo = load_demo()
    report = convert(demo, tmp_path / "s.txt")
    parts = [read_database(tmp_path / name) for name in report.files]
    xyz = np.concatenate([np.asarray(part.peaks.xyz) for part in parts])
    np.testing.assert_allclose(
        np.sort(xyz, axis=0), np.sort(demo.peaks.xyz, axis=0), atol=1e-9
    )
    ids = {re.split(", ", i)[0] for part in parts for i in part.study_ids}
    assert ids == set(demo.study_ids)
    n = sum(len(part.table("analyses")) for part in parts)
    assert n >= len(demo.table("analyses"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="/ :=0123456789.-\n\tRefrncSubjts", max_size=120))
def test_any_text_is_read_or_refused(tmp_path, text):
    try:
        database = read_database(written(tmp_path, "//" + text))
    except FormatError:
        return
    assert len(database.peaks)
    assert np.isfinite(database.peaks.xyz).all()

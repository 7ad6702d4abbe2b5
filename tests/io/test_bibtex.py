"""Studies as BibTeX."""

import pandas as pd
import pytest

from nimare_neurosynth.io import to_bibtex


def _entry(**fields):
    return to_bibtex(pd.DataFrame([{"study_id": "1", **fields}]))


def test_an_entry():
    entry = _entry(
        title="Pain",
        authors="A B; C D",
        journal="Brain",
        year=1999,
        doi="10.1/a_b",
        space="MNI",
    )
    assert entry == (
        "@article{study1,\n  title = {Pain},\n  author = {A, B and C, D},\n"
        "  journal = {Brain},\n  year = {1999},\n  doi = {10.1/a_b},\n}\n"
    )


ESCAPED = {
    "50 % & more": r"50 \% \& more",
    "a_b$c#d": r"a\_b\$c\#d",
    "{x}": r"\{x\}",
    r"back\slash": r"back\textbackslash{}slash",
    "~^": r"\textasciitilde{}\textasciicircum{}",
    "Größe": "Größe",
}


@pytest.mark.parametrize("title", ESCAPED)
def test_special_characters_are_escaped(title):
    assert f"  title = {{{ESCAPED[title]}}}," in _entry(title=title)


AUTHORS = {
    # Neurosynth separates authors by commas, NeuroStore by semicolons
    "Aguirre GK, D'Esposito M": "Aguirre, GK and D'Esposito, M",
    "Smith, John; Doe, Jane": "Smith, John and Doe, Jane",
    "Smith J;Doe J": "Smith, J and Doe, J",
    "Smith J": "Smith, J",
    "R&D Group, Doe J": r"R\&D Group and Doe, J",
}


@pytest.mark.parametrize("authors", AUTHORS)
def test_authors_are_split(authors):
    assert f"  author = {{{AUTHORS[authors]}}}," in _entry(authors=authors)


@pytest.mark.parametrize("value", ["", None, float("nan"), pd.NA])
@pytest.mark.parametrize("field", ["title", "authors", "journal", "year", "doi"])
def test_missing_fields_are_left_out(field, value):
    assert _entry(**{field: value}) == "@article{study1,\n}\n"


@pytest.mark.parametrize(
    ("study_id", "key"),
    [("9065511", "study9065511"), ("a b/{1}", "studyab1"), ("x-1.2", "studyx-1.2")],
)
def test_keys_are_plain(study_id, key):
    studies = pd.DataFrame({"study_id": [study_id]})
    assert to_bibtex(studies).startswith(f"@article{{{key},\n")


def test_many_and_none(toy):
    text = to_bibtex(toy.select("pain").table())
    assert text.count("@article{") == 4
    assert text.index("study10001") < text.index("study10007")  # heaviest first
    assert "  year = {1999}," in text
    assert to_bibtex(toy.select(ids=[]).table()) == ""

"""Studies as BibTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = {
    "title": "title",
    "authors": "author",
    "journal": "journal",
    "year": "year",
    "doi": "doi",
}
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def to_bibtex(studies: pd.DataFrame) -> str:
    """Write studies as BibTeX entries.

    Parameters
    ----------
    studies : pandas.DataFrame
        As :meth:`nimare_neurosynth.database.Selection.table` gives them.

    Returns
    -------
    str
        One ``@article`` per study, keyed ``study<id>``; fields without a value are left
        out.
    """
    entries = []
    for row in studies.to_dict("records"):
        lines = [
            f"  {field} = {{{_value(field, row[column])}}},"
            for column, field in _FIELDS.items()
            if column in row and _has_value(row[column])
        ]
        key = "".join(c for c in str(row["study_id"]) if c.isalnum() or c in "-.")
        entries.append("\n".join([f"@article{{study{key},", *lines, "}"]))
    return "\n\n".join(entries) + ("\n" if entries else "")


def _author(name: str) -> str:
    """Put a comma before initials: "Aguirre GK" is read as first name, last name."""
    last, _, initials = name.rpartition(" ")
    are_initials = initials.isalpha() and initials.isupper() and len(initials) <= 4
    return f"{last}, {initials}" if last and are_initials else name


def _has_value(value: object) -> bool:
    return value is not None and str(value) not in ("", "nan", "<NA>", "None")


def _value(field: str, value: object) -> str:
    text = str(value)
    if field == "doi":  # DOIs hold _ and must stay as they are
        return text
    if field == "author":
        names = text.split(";") if ";" in text else text.split(", ")
        text = " and ".join(_author(name.strip()) for name in names)
    return "".join(_SPECIAL.get(character, character) for character in text)

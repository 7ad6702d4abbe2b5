"""What a NIMADS document holds and tables do not, kept beside them.

Two tables of a database carry it: ``nimads``, a row about the document as a whole, and
``nimads_studies``, a row for each study that is not what its tables say. With them the
document is written as it was.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from nimare_neurosynth.errors import FormatError

if TYPE_CHECKING:
    from nimare_neurosynth.database import Database

DOCUMENT_TABLE, STUDIES_TABLE = "nimads", "nimads_studies"
KEPT_TABLES = (DOCUMENT_TABLE, STUDIES_TABLE)


@dataclass
class Keys:
    """The keys that objects of a kind have, beside those that they always have here.

    Attributes
    ----------
    columns : dict of str to str
        Keys that are columns of a table, and the names of these.
    empty : list of str
        Keys that all objects have, with nothing in them.
    absent : list of str
        Usual keys that no object has.
    """

    columns: dict[str, str] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


@dataclass
class KeptAnnotation:
    """An annotation without its notes, and how these are written.

    Attributes
    ----------
    name : str
        The label set, and the beginning of columns with texts.
    head : dict or None
        The annotation as it was, but for its notes; None if its notes are not in a list
        of annotations, but in the analyses.
    columns : dict of str to str
        Keys of notes that are columns of the analyses, and the names of these.
    about : list of str
        What each note says about its analysis: see :data:`NOTE_FACTS`.
    dense : bool
        Whether every note has every key.
    order : list of int
        Place of each note among those of the analyses in their order; -1, -2, ... for
        the notes of ``more``. Empty if that is their order.
    more : list
        Notes on what is not in the document, and further ones on one analysis.
    """

    name: str
    head: dict[str, Any] | None = None
    columns: dict[str, str] = field(default_factory=dict)
    about: list[str] = field(default_factory=list)
    dense: bool = False
    order: list[int] = field(default_factory=list)
    more: list[Any] = field(default_factory=list)


@dataclass
class Kept:
    """What is kept of a document.

    Attributes
    ----------
    head : dict or None
        The studyset without studies and annotations; None if it is made anew.
    keys : dict of str to Keys
        Of a ``study``, an ``analysis`` and a ``point``.
    annotations : dict of str to KeptAnnotation
        By name, in their order.
    studies : dict of str to dict
        By id, what must be changed in a study and its notes.
    """

    head: dict[str, Any] | None = None
    keys: dict[str, Keys] = field(default_factory=dict)
    annotations: dict[str, KeptAnnotation] = field(default_factory=dict)
    studies: dict[str, dict[str, Any]] = field(default_factory=dict)

    def keys_of(self, kind: str) -> Keys:
        """Give the keys of a kind of object."""
        return self.keys.get(kind) or Keys()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Give the tables that carry it; none if there is nothing to carry."""
        found = {}
        whole = {
            "head": self.head,
            "keys": {kind: asdict(keys) for kind, keys in self.keys.items()},
            "annotations": [asdict(own) for own in self.annotations.values()],
        }
        if self.head is not None or self.keys or self.annotations:
            found[DOCUMENT_TABLE] = pd.DataFrame({"document": [json.dumps(whole)]})
        if self.studies:
            changes = [json.dumps(change) for change in self.studies.values()]
            found[STUDIES_TABLE] = pd.DataFrame(
                {"study_id": list(self.studies), "change": changes}, dtype="str"
            )
        return found


def kept_of(database: Database) -> Kept:
    """Read what a database has kept of the document that it was made of.

    Raises
    ------
    FormatError
        If the tables that carry it are damaged.
    """
    try:
        return _read(database)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError(
            f"what {database.about} kept of its NIMADS document is damaged ({error}): "
            "read its source again."
        ) from error


def _read(database: Database) -> Kept:
    kept = Kept()
    if DOCUMENT_TABLE in database.table_names:
        texts = database.table(DOCUMENT_TABLE)["document"].tolist()
        whole = json.loads(texts[0])
        kept.head = whole["head"]
        kept.keys = {kind: Keys(**own) for kind, own in whole["keys"].items()}
        made = [KeptAnnotation(**own) for own in whole["annotations"]]
        kept.annotations = {own.name: own for own in made}
    if STUDIES_TABLE in database.table_names:
        table = database.table(STUDIES_TABLE)
        changes = map(json.loads, table["change"])
        kept.studies = dict(zip(table["study_id"], changes, strict=True))
    return kept

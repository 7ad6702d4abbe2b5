"""Which studies of several databases are the same, by PMID, DOI or id."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from nimare_neurosynth._typing import IntArray
    from nimare_neurosynth.database import Database

KEYS = ("pmid", "doi", "id")
"""What studies can be recognised by; what comes first decides."""

NO_PARTNER = -1

_SHORTEST_PMID = 5
"""Digits; a paper with fewer is from 1975, so that a shorter id is hardly a PMID."""

_PMID = re.compile(r"0*([1-9][0-9]*)(?:\.0)?")
_DOI_PREFIX = re.compile(r"(?:https?://)?(?:dx\.|www\.)?doi\.org/|doi:\s*")


def normal_pmid(text: str) -> str:
    """Give a PMID as plain digits, or "" for what is none.

    Examples
    --------
    >>> [normal_pmid(text) for text in (" 9065511", "9065511.0", "PMC12", "")]
    ['9065511', '9065511', '', '']
    """
    match = _PMID.fullmatch(text.strip())
    return match[1] if match else ""


def normal_doi(text: str) -> str:
    """Give a DOI in lower case without resolver, prefix and full stop, or "".

    Examples
    --------
    >>> normal_doi("https://doi.org/10.1093/Cercor/9.1.20.")
    '10.1093/cercor/9.1.20'
    >>> normal_doi("not known")
    ''
    """
    plain = text.strip().lower()
    while match := _DOI_PREFIX.match(plain):
        plain = plain[match.end() :].strip()
    plain = plain.rstrip(". ")
    return plain if plain.startswith("10.") and "/" in plain else ""


@dataclass(frozen=True)
class Names:
    """What studies are called: ids, and PMIDs and DOIs ("" where not known).

    ``guessed`` says that the PMIDs are ids which happen to be digits.
    """

    id: list[str]
    pmid: list[str]
    doi: list[str]
    guessed: bool = False


def names_of(database: Database) -> Names:
    """Read the PMIDs and DOIs of a database; without PMIDs, ids of digits are those."""
    ids = [str(i) for i in database.study_ids]
    studies = database.studies
    guessed = "pmid" not in studies
    pmids = ids if guessed else texts_of(studies["pmid"])
    dois = texts_of(studies["doi"]) if "doi" in studies else [""] * len(ids)
    pmid, doi = list(map(normal_pmid, pmids)), list(map(normal_doi, dois))
    return Names(ids, pmid, doi, guessed)


def texts_of(column: pd.Series) -> list[str]:
    """Give values as text, "" where they are missing."""
    return [
        str(value) if known else ""
        for value, known in zip(column, column.notna(), strict=True)
    ]


@dataclass
class Found:
    """How the studies of one database were recognised among those before.

    Attributes
    ----------
    partner : ndarray of int, shape (n_studies,)
        Position of the same study among those before, or ``NO_PARTNER``.
    by : Counter
        Studies recognised by each key.
    contradicted, other_doi, short, renamed, doubtful : list of str
        Ids of studies that have the DOI of a study with another PMID; that have the
        PMID of a study with another DOI; that were recognised by an id too short for
        a PMID; that have the id of another study; and those of them that may well be
        the same, for all that PMIDs and DOIs say.
    """

    partner: IntArray
    by: Counter[str] = field(default_factory=Counter)
    contradicted: list[str] = field(default_factory=list)
    other_doi: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


class Catalogue:
    """Studies known so far, to which those of one database after another are added.

    Parameters
    ----------
    match : iterable of str
        Some of ``KEYS``. What is not among them is not looked at.
    """

    def __init__(self, match: Iterable[str]) -> None:
        self.match = check_match(match)
        self.known = Names([], [], [])
        self._place: dict[str, int] = {}

    def add(self, names: Names, database: str) -> Found:
        """Recognise studies and add the others; unknown PMIDs and DOIs are filled in.

        Studies of one database are never taken for each other.

        Parameters
        ----------
        names : Names
            Of all studies of a database.
        database : str
            Its name: it is put before an id that another study has.

        Returns
        -------
        Found
        """
        found = Found(np.full(len(names.id), NO_PARTNER, dtype=np.int64))
        taken: set[int] = set()
        for key in self.match:
            pairs = _in_turn if key == "pmid" else _unambiguous
            for old, new in pairs(getattr(self.known, key), getattr(names, key)):
                free = found.partner[new] == NO_PARTNER and old not in taken
                if free and self._judge(key, old, new, names, found):
                    found.partner[new] = old
                    taken.add(old)
        for new, old in enumerate(found.partner.tolist()):
            if old == NO_PARTNER:
                self._add(names, new, database, found)
            else:
                self.known.pmid[old] = self.known.pmid[old] or names.pmid[new]
                self.known.doi[old] = self.known.doi[old] or names.doi[new]
        return found

    def _judge(self, key: str, old: int, new: int, names: Names, found: Found) -> bool:
        """Tell whether a pair is one study; PMIDs can contradict it."""
        if "pmid" in self.match and _differ(self.known.pmid[old], names.pmid[new]):
            found.contradicted.append(names.id[new])
            return False
        found.by[key] += 1
        if _differ(self.known.doi[old], names.doi[new]):
            found.other_doi.append(names.id[new])
        if key == "pmid" and names.guessed and len(names.pmid[new]) < _SHORTEST_PMID:
            found.short.append(names.id[new])
        return True

    def _add(self, names: Names, new: int, database: str, found: Found) -> None:
        own = names.id[new]
        if own in self._place:
            found.renamed.append(own)
            old = self._place[own]
            told_apart = [
                _differ(getattr(self.known, key)[old], getattr(names, key)[new])
                for key in ("pmid", "doi")
                if key in self.match
            ]
            if not any(told_apart):
                found.doubtful.append(own)
        while own in self._place:
            own = f"{database}:{own}"
        self._place[own] = len(self.known.id)
        self.known.id.append(own)
        self.known.pmid.append(names.pmid[new])
        self.known.doi.append(names.doi[new])


def check_match(match: Iterable[str]) -> tuple[str, ...]:
    """Give the keys in the order in which they decide, or raise an OptionError."""
    wanted = [match] if isinstance(match, str) else list(match)
    wrong = [key for key in wanted if key not in KEYS]
    if wrong or not wanted:
        raise OptionError(
            f"match must name some of {', '.join(map(repr, KEYS))}, got {match!r}."
        )
    return tuple(key for key in KEYS if key in wanted)


def _differ(a: str, b: str) -> bool:
    return bool(a) and bool(b) and a != b


def _in_turn(old: Sequence[str], new: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Pair equal names: the first with the first, the second with the second."""
    waiting: dict[str, list[int]] = {}
    for i in reversed(range(len(old))):
        if old[i]:
            waiting.setdefault(old[i], []).append(i)
    for j, name in enumerate(new):
        if waiting.get(name):
            yield waiting[name].pop(), j


def _unambiguous(old: Sequence[str], new: Sequence[str]) -> Iterable[tuple[int, int]]:
    """Pair equal names that occur once on either side."""
    n_old, n_new = Counter(old), Counter(new)
    place = {name: i for i, name in enumerate(old) if name and n_old[name] == 1}
    for j, name in enumerate(new):
        if name in place and n_new[name] == 1:
            yield place[name], j


def n_repeated(names: Iterable[str]) -> int:
    """Count names that occur again."""
    return sum(n - 1 for name, n in Counter(names).items() if name)

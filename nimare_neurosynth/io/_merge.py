"""Databases united: studies that they share are recognised and kept once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nimare_neurosynth.database import About, Database
from nimare_neurosynth.errors import FormatError, warn
from nimare_neurosynth.io._concatenate import (
    as_databases,
    as_type,
    join_abouts,
    join_notes,
    join_peaks,
    join_tables,
    name_of,
    tables_of,
    unknown_licences,
)
from nimare_neurosynth.io._copies import Copies, take_peaks, unite_labels, unite_rows
from nimare_neurosynth.io._join_labels import starts
from nimare_neurosynth.io._same_study import (
    NO_PARTNER,
    Catalogue,
    Found,
    Names,
    n_repeated,
    names_of,
    normal_pmid,
    texts_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nimare_neurosynth._typing import IntArray

ORIGIN, ALSO_IN = "origin", "also_in"

_BETWEEN = "; "
"""What separates the databases in ``also_in``."""


def merge_databases(
    databases: Sequence[Database],
    *,
    match: Iterable[str] = ("pmid", "doi"),
    about: About | None = None,
) -> Database:
    """Unite databases: each study that several of them have is kept once.

    Parameters
    ----------
    databases : sequence of Database
        At least one. Where they differ, the first that has a study decides.
    match : iterable of {"pmid", "doi", "id"}
        What studies are recognised by; the PMID decides first, the id last. The PMID is
        in the column ``pmid``; without such a column, ids that are numbers are PMIDs.
        DOIs (in any spelling) and ids count where they occur once in either database
        and PMIDs do not contradict. Studies of one database are never merged with each
        other.
    about : About, optional
        What the result is; by default the names, licences and attributions of all.

    Returns
    -------
    Database
        The studies of the first database, then those of the second that the first
        lacks, and so on. Of a study that several have:

        * analyses and peaks are those of the first that has peaks of it;
        * each field and text is that of the first that has one;
        * the weights in each label set are those of the first that has any there.
          Label sets of the same name with other kinds of weights are kept apart.

        Two columns say where studies are from: ``origin``, the name of the database
        that gave the peaks (``"neurosynth 7"``), and ``also_in``, the others with the
        id there (``"neuroquery 1:12345"``, or ""). Both survive further merging. What
        was left out, and what was odd, is counted in the notes.

    Raises
    ------
    OptionError
        If these are no databases, or ``match`` names something else.
    FormatError
        If a table of texts has several rows for a study.

    See Also
    --------
    concatenate : all studies, without recognising any.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> twice = merge_databases([load_demo(), load_demo()], match=["id"])
    >>> twice.n_studies, len(twice.peaks)
    (320, 9492)
    """
    parts = as_databases(databases)
    catalogue = Catalogue(match)
    origins = _origins(parts)
    names = [origin.name for origin in origins]
    found, notes = [], join_notes(parts, names)
    for part, name in zip(parts, names, strict=True):
        own = names_of(part)
        found.append(catalogue.add(own, name))
        notes += _notes_on_studies(own, found[-1], name, catalogue.match)
    copies = Copies(
        catalogue.known.id,
        _targets(found),
        [part.n_studies for part in parts],
        np.concatenate([part.has_peaks for part in parts]),
    )
    all_peaks = join_peaks(parts)
    notes += _notes_on_peaks(all_peaks.study, copies, names)
    joined, table_notes = join_tables([origin.tables for origin in origins])
    peaks, tables = take_peaks(all_peaks, joined, copies)
    for name in [name for name in joined if name not in tables]:
        row = _rows(name, origins, copies, table_notes)
        tables[name] = unite_rows(joined[name], row, copies)
    tables["studies"] = _say_where_from(tables["studies"], origins, copies, catalogue)
    label_sets, label_notes = unite_labels(parts, names, copies)
    _warn_of_doubts(found, names)
    abouts = [part.about for part in parts]
    return Database(
        join_abouts(abouts) if about is None else about,
        n_studies=len(copies.ids),
        peaks=peaks,
        label_sets=label_sets,
        tables={name: tables[name] for name in joined},
        notes=[
            *notes,
            *(note for origin in origins for note in origin.notes),
            *table_notes,
            *label_notes,
            *(unknown_licences(abouts) if about is None else []),
        ],
    )


def _targets(found: list[Found]) -> IntArray:
    """Give each study its position in the result, new ones as they come."""
    targets, n_known = [], 0
    for each in found:
        new = each.partner == NO_PARTNER
        target = each.partner.copy()
        target[new] = n_known + np.arange(np.count_nonzero(new))
        n_known += int(np.count_nonzero(new))
        targets.append(target)
    return np.concatenate(targets)


# ---------------------------------------------------------------------------- origin


@dataclass(frozen=True)
class _Origin:
    """A database that is merged, and where each of its studies is from.

    Attributes
    ----------
    name : str
        What it is called; no other database is called the same.
    ids, studies, also_in : list of str, length n_studies
        Ids; names of the databases that gave the peaks; names of others with the ids
        there. They are of earlier merges if this database was merged.
    tables : dict of str to pandas.DataFrame
        Its tables, the studies without these two columns.
    notes : list of str
    """

    name: str
    ids: list[str]
    studies: list[str]
    also_in: list[str]
    tables: dict[str, pd.DataFrame]
    notes: list[str]


def _origins(parts: list[Database]) -> list[_Origin]:
    origins: list[_Origin] = []
    taken: set[str] = set()
    for part in parts:
        name, n = name_of(part), 1
        while name in taken:
            n += 1
            name = f"{name_of(part)} ({n})"
        origins.append(_origin(part, name))
        taken |= {name, *origins[-1].studies}
        taken |= {
            entry.partition(":")[0]
            for entries in origins[-1].also_in
            for entry in entries.split(_BETWEEN)
        }
    return origins


def _origin(part: Database, name: str) -> _Origin:
    studies = part.studies
    ids = [str(i) for i in part.study_ids]
    ours = [column for column in (ORIGIN, ALSO_IN) if column in studies]
    notes = []
    if len(ours) == 1:  # a column of the source that has this name by chance
        other = f"{ours[0]}_in_source"
        studies = studies.rename(columns={ours[0]: other})
        notes.append(f"column {ours[0]!r} of the studies of {name} is now {other!r}")
    was_merged = len(ours) == 2
    origin = texts_of(studies[ORIGIN]) if was_merged else [""] * len(ids)
    also_in = texts_of(studies[ALSO_IN]) if was_merged else [""] * len(ids)
    if was_merged:
        studies = studies.drop(columns=ours)
    tables = {**tables_of(part), "studies": studies}
    return _Origin(name, ids, [text or name for text in origin], also_in, tables, notes)


def _say_where_from(
    studies: pd.DataFrame, origins: list[_Origin], copies: Copies, catalogue: Catalogue
) -> pd.DataFrame:
    """Add ``origin`` and ``also_in``, and PMIDs where they would be lost."""
    if "pmid" in catalogue.match:
        studies = _with_pmids(studies, catalogue.known.pmid)
    origin = [name for each in origins for name in each.studies]
    ids = [own for each in origins for own in each.ids]
    earlier = [text for each in origins for text in each.also_in]
    also_in: list[dict[str, None]] = [{} for _ in copies.ids]
    for copy, study in enumerate(copies.target.tolist()):
        entries = [entry for entry in earlier[copy].split(_BETWEEN) if entry]
        own = f"{origin[copy]}:"
        if not any(entry.startswith(own) for entry in entries):
            here = ids[copy] if ids[copy].startswith(own) else own + ids[copy]
            entries = [here, *entries]
        also_in[study] |= dict.fromkeys(entries)
    given = [origin[copy] for copy in copies.peak_giver.tolist()]
    for study, (name, own) in enumerate(zip(given, copies.ids, strict=True)):
        for redundant in (own, f"{name}:{own}"):
            also_in[study].pop(redundant, None)
    others = [_BETWEEN.join(entries) for entries in also_in]
    columns = {ORIGIN: given, ALSO_IN: others}
    return studies.assign(
        **{name: pd.Series(texts, dtype="str") for name, texts in columns.items()}
    )


def _with_pmids(studies: pd.DataFrame, pmids: list[str]) -> pd.DataFrame:
    """Add a column of PMIDs unless they can be read from the table as it is."""
    has_column = "pmid" in studies
    texts = texts_of(studies["pmid" if has_column else "study_id"])
    if list(map(normal_pmid, texts)) == pmids:
        return studies
    known = pd.Series(pmids, index=studies.index, dtype="str")
    before = pd.Series(index=studies.index, dtype="str")
    if has_column:
        before = as_type(studies["pmid"], known.dtype)
    return studies.assign(pmid=known.where(known != "", before))


# ---------------------------------------------------------------------------- tables


def _rows(
    name: str, origins: list[_Origin], copies: Copies, notes: list[str]
) -> IntArray:
    """Find the row of each copy in a table of all, or -1."""
    row = np.full(len(copies.target), NO_PARTNER, dtype=np.int64)
    n_before = 0
    for origin, start in zip(origins, starts(copies.sizes).tolist(), strict=True):
        table = origin.tables.get(name, pd.DataFrame({"study_id": []}))
        _need_one_row_a_study(name, table, origin.name)
        position = {own: start + i for i, own in enumerate(origin.ids)}
        unknown = 0
        for i, own in enumerate(map(str, table["study_id"])):
            if own in position:
                row[position[own]] = n_before + i
            else:
                unknown += 1
        if unknown:
            notes.append(
                f"{unknown:,} rows of {name!r} of {origin.name} are of studies that it "
                "does not have: left out"
            )
        n_before += len(table)
    return row


def _need_one_row_a_study(name: str, table: pd.DataFrame, holder: str) -> None:
    if "study_id" not in table:
        why = "has no column study_id"
    elif table["study_id"].duplicated().any():
        again = table["study_id"][table["study_id"].duplicated()].iloc[0]
        why = f"has several rows of the study {again!r}"
    else:
        return
    raise FormatError(
        f"the table {name!r} of {holder} {why}: databases can be merged if their other "
        "tables have one row for a study."
    )


# ----------------------------------------------------------------------------- notes


def _notes_on_studies(
    own: Names, found: Found, name: str, match: tuple[str, ...]
) -> list[str]:
    """Say what was recognised, and what was odd."""
    shared = sum(found.by.values())
    notes = []
    if shared:
        by = ", ".join(f"{key} {n:,}" for key, n in found.by.items())
        notes.append(
            f"{name}: {shared:,} of its {len(own.id):,} studies are in a database "
            f"before it ({by})"
        )
    for key in match:
        again = n_repeated(getattr(own, key))
        if again:
            notes.append(
                f"{name}: {again:,} studies repeat the {key} of another; studies of "
                "one database are not merged with each other"
            )
    facts = (
        (
            found.contradicted,
            "have the doi or id of a study with another pmid: kept apart",
        ),
        (found.other_doi, "have another doi than the same study elsewhere"),
        (found.renamed, "have the id of another study: the name is put before it"),
    )
    return notes + [
        f"{name}: {len(ids):,} studies {what} (such as {ids[0]})"
        for ids, what in facts
        if ids
    ]


def _notes_on_peaks(
    study: np.ndarray[Any, Any], copies: Copies, names: list[str]
) -> list[str]:
    """Say how many peaks are left out, and which stand in for missing ones."""
    left = ~copies.gives_peaks[study]
    n_left = np.bincount(copies.database[study[left]], minlength=len(names))
    stand_in = copies.gives_peaks & ~copies.is_first
    n_stand_in = copies.count_by_database(stand_in)
    notes = []
    for name, n_peaks, n_studies in zip(names, n_left, n_stand_in, strict=True):
        if n_peaks:
            notes.append(
                f"{name}: {n_peaks:,} peaks of studies that a database before it has "
                "are left out"
            )
        if n_studies:
            notes.append(
                f"{name}: gives the peaks of {n_studies:,} studies that have none in a "
                "database before it"
            )
    return notes


def _warn_of_doubts(found: list[Found], names: list[str]) -> None:
    for each, name in zip(found, names, strict=True):
        if each.short:
            warn(
                f"{len(each.short):,} studies of {name} were recognised because their "
                f"ids were taken for PMIDs, but ids such as {each.short[0]!r} are too "
                "short for that. If they are numbers of your own, leave 'pmid' out of "
                "match, or add a column pmid."
            )
        if each.doubtful:
            warn(
                f"{len(each.doubtful):,} studies of {name} have the ids of other "
                f"studies, such as {each.doubtful[0]!r}, and nothing else says that "
                "they are the same: they are kept as studies of their own. If equal "
                "ids are equal studies, add 'id' to match."
            )

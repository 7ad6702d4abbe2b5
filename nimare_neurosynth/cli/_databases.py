"""The commands that make databases and look after them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._options import database_argument, json_option, open_any
from nimare_neurosynth.cli._results import print_json

if TYPE_CHECKING:
    from nimare_neurosynth.cli._options import F
    from nimare_neurosynth.database import Database


def _out_option(function: F) -> F:
    return click.option(
        "--out",
        required=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Folder for the database; made if missing. A database in it is replaced, "
        "anything else is left alone and refused.",
    )(function)


@click.command(
    "compile",
    epilog="""\b
Examples:
  nimare-neurosynth compile demo --out demo_compiled
  nimare-neurosynth compile neurosynth_v7 --out neurosynth_v7_compiled
  nimare-neurosynth compile peaks.csv --features words.csv --out mine

A compiled database is a folder that opens in milliseconds, with the voxels that each
study activates (spheres of 6 mm) already marked. It takes the place of its source in
every command and in nimare_neurosynth.open_database(); it can be copied to another
machine, and 'validate' says whether it arrived as it was. Without compiling, a copy in
your cache does the same for you alone.""",
)
@database_argument
@_out_option
@json_option()
def compile_database(
    db: str, features: Path | None, *, out: Path, as_json: bool
) -> None:
    """Write a database in the form that opens at once.

    DB is anything that can be read.
    """
    from nimare_neurosynth.io import check_folder, write_database

    check_folder(out)
    database = open_any(db, features)
    write_database(database, out)
    _say(_facts(database, out), as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth merge neurosynth_v7 neuroquery_v1 --out both
  nimare-neurosynth merge neurosynth_v7 mine.csv --match pmid --out with_mine
  nimare-neurosynth select both "LDA50:*_pain_*" --where "origin = neurosynth*"

Put the database first that you trust most: of a study that several have, its peaks,
its fields and its weights are taken, and what it lacks comes from the next. A PMID is
in a column pmid or is the id, if that is a number. DOIs count where they occur once on
either side and PMIDs do not contradict. Studies of one database are never merged with
each other. A database that needs options to be read (--features, --row-order, --counts)
is compiled with them first.

\b
In the result, the column origin says which database gave the peaks of a study, and
also_in which others have it. 'info' lists what was left out and what was odd.""",
)
@click.argument("dbs", metavar="DB DB...", nargs=-1, required=True)
@click.option(
    "--match",
    type=click.Choice(["pmid", "doi", "id"]),
    multiple=True,
    default=("pmid", "doi"),
    show_default=True,
    help="What shared studies are recognised by. Repeatable; the PMID decides first, "
    "the id last.",
)
@_out_option
@json_option()
def merge(
    dbs: tuple[str, ...], *, match: tuple[str, ...], out: Path, as_json: bool
) -> None:
    """Unite databases, with each study that they share once.

    Each DB is anything that can be read.
    """
    from nimare_neurosynth.io import check_folder, merge_databases, write_database

    if len(dbs) < 2:
        raise click.UsageError("merge needs two databases or more.")
    check_folder(out)
    database = merge_databases([open_any(db, None) for db in dbs], match=match)
    write_database(database, out)
    origin, also_in = database.studies["origin"], database.studies["also_in"]
    counts = {str(name): int(n) for name, n in origin.value_counts(sort=False).items()}
    facts = {"origin": counts, "in_several": int((also_in != "").sum())}
    _say({**_facts(database, out), **facts}, as_json=as_json)


def _facts(database: Database, folder: Path) -> dict[str, Any]:
    return {
        "database": str(database.about),
        "folder": str(folder),
        "studies": database.n_studies,
        "analyses": len(database.table("analyses")),
        "peaks": len(database.peaks),
        "label_sets": {
            labels.name: {
                "labels": len(labels),
                "kind": labels.kind,
                "has_weights": labels.weights is not None,
            }
            for labels in database.label_sets.values()
        },
        "notes": list(database.notes),
        "content_hash": database.content_hash,
    }


def _say(facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    sets = ", ".join(
        f"{name} ({own['labels']:,}{'' if own['has_weights'] else ', no weights'})"
        for name, own in facts["label_sets"].items()
    )
    lines = [
        f"{facts['database']}: {facts['studies']:,} studies, {facts['analyses']:,} "
        f"analyses, {facts['peaks']:,} peaks",
        f"labels: {sets or 'none'}",
    ]
    if "origin" in facts:
        given = ", ".join(f"{n:,} from {name}" for name, n in facts["origin"].items())
        lines.append(f"studies: {given}; {facts['in_several']:,} are in several")
    n_notes = len(facts["notes"])
    more = f"; 'info' lists {n_notes:,} note{'s'[: n_notes > 1]}" if n_notes else ""
    click.echo("\n".join([*lines, f"written into {facts['folder']}{more}"]))

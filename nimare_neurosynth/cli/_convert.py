"""The commands that turn databases into other forms, and compare them."""

from __future__ import annotations

from pathlib import Path

import click

from nimare_neurosynth.cli._options import database_argument, json_option, open_any
from nimare_neurosynth.cli._results import print_account


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth convert neurosynth_v7 v7.json
  nimare-neurosynth convert neurosynth_v7 tables --to parquet
  nimare-neurosynth convert studyset.json old --to neurosynth-legacy
  nimare-neurosynth convert demo peaks.txt --to sleuth

\b
database           a folder: the compiled form (the default for a folder)
neurosynth         a folder: Neurosynth's layout since 2021
neurosynth-legacy  a folder: database.txt and features.txt
nimads             a .json: NIMADS, with an analysis for each table
nimare             a .json: NiMARE's old Dataset (give --to: .json alone is NIMADS)
parquet            a folder: NiMARE's parquet tables
csv                a folder: peaks.csv, studies.csv and labels_*.csv
sleuth             a .txt: Sleuth and GingerALE, one file for each space
bibtex             a .bib: the studies

DB is anything that can be read: its form is told from its content. What the new form
cannot hold is said; --json gives the account as JSON.""",
)
@database_argument
@click.argument("target", type=click.Path(path_type=Path))
@click.option(
    "--to",
    metavar="FORM",
    help="What to write. [default: told from the ending of TARGET]",
)
@json_option()
def convert(
    db: str, features: Path | None, target: Path, *, to: str | None, as_json: bool
) -> None:
    """Write DB in another form, and say what was carried over and what not."""
    from nimare_neurosynth.converters import check_target
    from nimare_neurosynth.converters import convert as converted

    check_target(target, to)
    report = converted(open_any(db, features), target, to=to)
    report.source = db
    print_account(report, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth diff neurosynth_v6 neurosynth_v7
  nimare-neurosynth diff old.json new.json --json

+ is only in the second, - only in the first, ~ differs. The exit status is 0 whether or
not there is a difference."""
)
@click.argument("first")
@click.argument("second")
@json_option()
def diff(first: str, second: str, *, as_json: bool) -> None:
    """Say what studies, peaks and labels two databases do not share."""
    from nimare_neurosynth.converters import diff_databases

    found = diff_databases(open_any(first, None), open_any(second, None))
    print_account(found, as_json=as_json)


COMMANDS = (convert, diff)

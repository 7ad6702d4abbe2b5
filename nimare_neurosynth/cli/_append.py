"""The command that lets a compiled database grow."""

from __future__ import annotations

from pathlib import Path

import click

from nimare_neurosynth.cli._options import database_argument, open_any


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth compile neurosynth_v7 --out growing
  nimare-neurosynth append growing new_papers.csv
  nimare-neurosynth append growing more_papers.csv --skip-known

The result is exactly what compiling everything together would give, but only what
is new is worked on. Whoever uses the database meanwhile has the old one or the new.""",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@database_argument
@click.option(
    "--skip-known", is_flag=True, help="Leave out studies whose id is there already."
)
def append(folder: Path, db: str, features: Path | None, *, skip_known: bool) -> None:
    """Append the studies of DB to the compiled database in DIR."""
    from nimare_neurosynth.io import append_studies, check_folder, open_database

    check_folder(folder)
    n = append_studies(folder, open_any(db, features), skip_known=skip_known)
    total = open_database(folder).n_studies
    click.echo(f"{n:,} studies appended: {folder} has {total:,} now")

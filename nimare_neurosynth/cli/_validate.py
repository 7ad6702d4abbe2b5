"""The command that checks files, and writes repaired copies."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nimare_neurosynth.cli._options import json_option


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth validate studyset.json --annotation annotation.json
  nimare-neurosynth validate peaks.csv --features words.csv --json
  nimare-neurosynth validate peaks.csv --fix repaired.csv
  nimare-neurosynth validate neurosynth_v7
  nimare-neurosynth validate neurosynth_v7_compiled

PATH is a NIMADS studyset or annotation (.json, .json.gz), a table of peaks or of
features, Sleuth text, a folder in one of Neurosynth's layouts, a folder that pubget or
ACE wrote, a folder of parquet tables, a compiled database, or a folder of term maps.

An error cannot be read, or would be dropped or misread; a warning is odd. Each problem
has its place: the line and column of a table, or the study, analysis and point of a
document. Of each kind the first 20 are shown; --json lists all. The exit status is 1 if
there are errors, and 0 if there are warnings only.

\b
--fix OUT writes a repaired copy:
  * PATH itself is never changed, and OUT must not exist;
  * OUT.log.json lists every edit with its place, its old and its new value;
  * for a folder, and with --annotation or --features, OUT is a folder of all files;
  * what no machine can decide stays as it is. OUT is checked again, what remains is
    shown, and the exit status is 1 if errors remain;
  * if there is nothing to repair, nothing is written.

Of compiled databases and term maps, every file is compared with the hash that it was
written with: opening them checks sizes only, to be fast. Activations that are damaged
can be deleted, and are built again; for anything else, compile the database (or make
the maps) again from their source."""
)
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--annotation",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="For a NIMADS studyset: an annotation of its analyses, which is checked, too.",
)
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="For a table of peaks: a table of features, which is checked, too.",
)
@click.option(
    "--fix",
    "out",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write a repaired copy, and a log of all edits beside it.",
)
@json_option()
@click.pass_context
def validate(
    ctx: click.Context,
    path: Path,
    *,
    annotation: Path | None,
    features: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say what is wrong with a file or folder, where, and what can be repaired."""
    from nimare_neurosynth import validation

    given = {"annotation": annotation, "features": features}
    found: validation.Validation | validation.Repaired
    if out is None:
        found = validation.validate(path, **given)
    else:
        found = validation.fix(path, out, **given)
    if as_json:
        facts = json.dumps(found.to_dict(), indent=2, ensure_ascii=True)
        click.echo(facts)
    else:
        click.echo(str(found))
    ctx.exit(0 if found.ok else 1)

"""The commands that make and read folders of term maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._options import (
    SHARE,
    database_argument,
    facts_option,
    labels_option,
    least_option,
    open_any,
    out_folder_option,
    radius_option,
    terms_from_option,
    terms_in,
    threshold_option,
    universe_option,
)
from nimare_neurosynth.cli._results import print_json

if TYPE_CHECKING:
    from nimare_neurosynth.meta import TermMaps


@click.command(
    "term-maps",
    epilog="""\b
Examples:
  nimare-neurosynth term-maps demo --out maps
  nimare-neurosynth term-maps demo "emotion*" --min-studies-per-term 10 --out maps
  nimare-neurosynth term-maps neurosynth_v7 --labels LDA50 --threshold 0.05 --out topics
  nimare-neurosynth get-maps maps memory --out memory

The folder holds the counts of every term, without loss and compressed; all maps follow
from them in milliseconds ('get-maps', or nimare_neurosynth.open_term_maps). Beside them
are summary.tsv and summary.json: a line for each term with its studies, its strongest
voxel, the number of significant voxels and clusters, and warnings. If it is
interrupted, the same command goes on where it was.""",
)
@database_argument
@click.argument("terms", nargs=-1)
@out_folder_option
@labels_option
@terms_from_option
@least_option
@threshold_option
@universe_option
@radius_option("A study activates the voxels within this distance of its peaks.")
@click.option(
    "--q",
    type=SHARE,
    default=0.01,
    show_default=True,
    help="False discovery rate of the summary.",
)
@click.option(
    "--memory",
    default="1 GB",
    show_default=True,
    help="Memory that the work may take, above the database itself: '500 MB'.",
)
@click.option(
    "--jobs", type=int, default=-1, show_default=True, help="Threads; -1: all cores."
)
@facts_option
def make_term_maps(
    db: str,
    features: Path | None,
    terms: tuple[str, ...],
    *,
    out: Path,
    terms_from: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Compute the maps of all terms of DB, or of some TERMS, into a folder.

    TERMS are names or patterns.
    """
    from nimare_neurosynth.io import check_folder
    from nimare_neurosynth.meta import term_maps

    check_folder(out)
    wanted = terms_in(terms, terms_from)
    try:
        made = term_maps(
            open_any(db, features),
            out,
            wanted,
            label_set=options["labels"],
            min_studies_per_term=options["min_studies_per_term"],
            threshold=options["threshold"],
            universe=options["universe"],
            radius_mm=options["radius"],
            fdr_q=options["q"],
            memory_limit=options["memory"],
            n_jobs=options["jobs"],
            progress=True,
        )
    except KeyboardInterrupt:
        click.echo("What is done is kept: the same command goes on from it.", err=True)
        raise
    if as_json:
        facts = {
            "folder": str(out),
            "n_labels": len(made),
            "n_studies": made.n_studies,
            "request": made.facts["request"],
        }
        print_json(facts)
    else:
        click.echo(_summary(made, out))


def _summary(made: TermMaps, out: Path) -> str:
    table = made.summary
    warned = int((table["warnings"] != "").sum())
    columns = ["label", "n_studies", "largest_z", "x", "y", "z", "clusters"]
    shown = table.sort_values("largest_z", ascending=False).head(8)[columns]
    return "\n".join(
        [
            f"{len(made):,} labels, {made.n_studies:,} studies, in {out}",
            f"{warned:,} with warnings: see {out / 'summary.tsv'}",
            "",
            shown.round({"largest_z": 2}).to_string(index=False),
        ]
    )


@click.command(
    "get-maps",
    epilog="""\b
Examples:
  nimare-neurosynth get-maps maps memory --out memory
  nimare-neurosynth get-maps maps "emotion*" pain --map z_desc-association --out some

Each term gets a folder of its own with its maps as NIfTI files, each with a JSON file
that says where it came from.""",
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("terms", nargs=-1, required=True)
@out_folder_option
@click.option(
    "--map",
    "names",
    multiple=True,
    metavar="NAME",
    help="Which map, such as z_desc-association; repeatable. [default: z and "
    "probability maps]",
)
@click.option(
    "--q",
    type=SHARE,
    help="False discovery rate of thresholded maps. [default: that of the summary]",
)
def get_maps(
    folder: Path,
    terms: tuple[str, ...],
    *,
    out: Path,
    names: tuple[str, ...],
    q: float | None,
) -> None:
    """Take the maps of some TERMS out of a FOLDER of term maps, as NIfTI.

    TERMS are names or patterns.
    """
    from nimare_neurosynth.io import check_folder
    from nimare_neurosynth.meta import open_term_maps

    check_folder(out)
    stored = open_term_maps(folder)
    labels = stored.find(list(terms))
    files = stored.save(out, labels, names=names or None, fdr_q=q, progress=True)
    click.echo(f"{len(labels):,} labels, {len(files):,} files in {out}")


COMMANDS = (make_term_maps, get_maps)

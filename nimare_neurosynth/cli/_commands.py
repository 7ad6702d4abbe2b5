"""The commands. Each reads its options, calls the public functions and prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._databases import compile_database, merge
from nimare_neurosynth.cli._options import (
    SHARE,
    database_argument,
    facts_option,
    json_option,
    min_studies_option,
    open_any,
    out_folder_option,
    picture_option,
    q_option,
    query_options,
    radius_option,
    region_size_options,
    universe_option,
)
from nimare_neurosynth.cli._results import number, print_account, write_maps

if TYPE_CHECKING:
    from nimare_neurosynth.database import Selection


@click.command()
@database_argument
@click.option(
    "--threshold",
    type=float,
    default=0.001,
    show_default=True,
    help="A label is in a study at this weight or more.",
)
@json_option()
def info(db: str, features: Path | None, threshold: float, *, as_json: bool) -> None:
    """Say what a database holds, and everything odd about it."""
    facts = open_any(db, features).info(threshold=threshold)
    print_account(facts, as_json=as_json)


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth select demo "emotion* & ~(schizo* | depress*)"
  nimare-neurosynth select demo "memory > 0.1" --format bibtex
  nimare-neurosynth select demo --near -20 -6 -18 --radius 8
  nimare-neurosynth select demo --mask amygdala.nii.gz --min-proportion 0.05

Queries: names may have several words, be quoted, be prefixed with their label set
(LDA50:name) and use * and ?. Operators: ~ (not), & (and), | (or), in this order of
strength; parentheses; comparisons of weights with <, <=, > and >=."""
)
@database_argument
@click.argument("query", required=False)
@query_options
@click.option(
    "--near",
    type=float,
    nargs=3,
    multiple=True,
    metavar="X Y Z",
    help="Studies with a peak within --radius of this MNI coordinate. Repeat it for "
    "several: any of them counts.",
)
@radius_option("Distance from --near; for --mask, size of the spheres around peaks.")
@click.option(
    "--mask",
    type=click.Path(path_type=Path),
    metavar="IMG",
    help="Studies that activate voxels of this region (non-zero voxels, MNI space).",
)
@region_size_options
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="'year >= 2010', 'journal = Neuro*'. Repeatable: all must hold.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["tsv", "csv", "bibtex"]),
    default="tsv",
    show_default=True,
    help="What to print.",
)
@json_option("Print JSON instead.")
@click.option("--out", type=click.Path(path_type=Path), help="Write into this file.")
def select(
    db: str,
    features: Path | None,
    query: str | None,
    *,
    form: str,
    as_json: bool,
    out: Path | None,
    **options: Any,
) -> None:
    """List the studies that match a QUERY, a place, a region, or all of these."""
    database = open_any(db, features)
    selection = database.select(
        query,
        near=list(options["near"]) or None,
        radius_mm=options["radius"],
        region=options["mask"],
        min_voxels=options["min_voxels"],
        min_proportion=options["min_proportion"],
        where=list(options["where"]) or None,
        label_set=options["labels"],
        threshold=options["threshold"],
        func=options["func"],
    )
    _need_studies(selection)
    text = _studies_text(selection, "json" if as_json else form)
    if out is None:
        click.echo(text, nl=False)
    else:
        from nimare_neurosynth.io import write_atomic, write_json
        from nimare_neurosynth.meta import database_facts, software

        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(out, text)
        sidecar = {
            "table": out.name,
            "selection": selection.facts(),
            "database": database_facts(database),
            "software": software(),
        }
        write_json(out.with_name(f"{out.name}.json"), sidecar)
    click.echo(
        f"{len(selection):,} of {database.n_studies:,} studies: "
        f"{selection.description}",
        err=True,
    )


def _need_studies(selection: Selection) -> None:
    from nimare_neurosynth.errors import EmptySelectionError

    if not len(selection):
        raise EmptySelectionError(f"'{selection.description}' selects no study.")


def _studies_text(selection: Selection, form: str) -> str:
    table = selection.table()
    if form == "bibtex":
        from nimare_neurosynth.io import to_bibtex

        return to_bibtex(table)
    if form == "json":
        records = json.loads(table.to_json(orient="records"))
        facts = {"query": selection.description, "n_studies": len(table)}
        text = json.dumps({**facts, "studies": records}, indent=2, ensure_ascii=False)
        return text + "\n"
    return str(table.to_csv(sep="\t" if form == "tsv" else ",", index=False))


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth meta demo "emotion*" --out emotion
  nimare-neurosynth meta demo "memory &~ flanker" --versus "flanker &~ memory" --out vs
  nimare-neurosynth meta neurosynth_v7 "9_memory_working_wm" --threshold 0.05 --out wm

It writes the z maps of the association test (which voxels do these studies activate
more often than others do?) and the uniformity test (more often than the average
voxel?), probability maps, thresholded maps, a JSON file beside each that says where it
came from (with a paragraph for your methods section), a picture, a table of clusters
and one of the studies."""
)
@database_argument
@click.argument("query")
@out_folder_option
@click.option(
    "--versus", metavar="QUERY", help="Compare with these, not all other studies."
)
@universe_option
@query_options
@radius_option("A study activates the voxels within this distance of its peaks.")
@q_option
@click.option(
    "--prior",
    type=SHARE,
    default=0.5,
    show_default=True,
    help="Prior probability in the _prior maps.",
)
@min_studies_option
@picture_option
@facts_option
def meta(
    db: str,
    features: Path | None,
    query: str,
    *,
    out: Path,
    q: float,
    picture: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Map where the studies that match a QUERY report activation."""
    from nimare_neurosynth.io import check_folder
    from nimare_neurosynth.meta import meta_analysis

    check_folder(out)
    min_studies = number(options["min_studies"])
    database = open_any(db, features)
    selection = database.select(
        query,
        label_set=options["labels"],
        threshold=options["threshold"],
        func=options["func"],
    )
    maps = meta_analysis(
        database,
        selection,
        versus=options["versus"],
        universe=options["universe"],
        radius_mm=options["radius"],
        prior=options["prior"],
        min_studies=min_studies,
        label_set=options["labels"],
        threshold=options["threshold"],
        func=options["func"],
    )
    studies = selection.table()
    write_maps(maps, out, studies=studies, q=q, picture=picture, as_json=as_json)


@click.command(
    epilog="The data are 320 real studies of n-back and flanker tasks that come with "
    "NiMARE; nothing is downloaded. Terms come from their abstracts by Neurosynth's "
    "recipe, if at least 10 studies use them."
)
@out_folder_option
@click.option("--query", default="emotion*", show_default=True, help="What to ask.")
def demo(out: Path, query: str) -> None:
    """Do the main job end to end, and write a page that shows it."""
    from nimare_neurosynth.report import run_demo

    run_demo(
        out, query=query, say=lambda line: click.echo(line, err=True), progress=True
    )


COMMANDS = (info, select, meta, demo, compile_database, merge)

"""The command that finds terms for images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from nimare_neurosynth.cli._options import (
    database_argument,
    labels_option,
    least_option,
    open_any,
    radius_option,
    threshold_option,
)


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth decode neurosynth_v7 map.nii.gz --labels LDA50 --threshold 0.05
  nimare-neurosynth decode demo a.nii.gz b.nii.gz --out terms.tsv
  nimare-neurosynth decode demo map.nii.gz --terms "emot*" --terms memory --json

\b
r         correlation of the image with the association map of the term
z, p, q   would as many studies, drawn at random, fit the image as well? (q: corrected
          for the number of terms)

Images are in MNI space, on any grid; a folder is all images in it, and of a
four-dimensional image each volume is one. r is not a probability, and with thousands of
studies many terms are significant: look at the order, and at r.""",
)
@database_argument
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="Write the whole table here: .tsv, .csv or .json.",
)
@click.option(
    "--terms", multiple=True, metavar="PATTERN", help="Only these terms. Repeatable."
)
@labels_option
@threshold_option
@least_option
@click.option(
    "--method",
    type=click.Choice(["pearson", "spearman", "cosine", "dot"]),
    default="pearson",
    show_default=True,
    help="How images are compared with maps.",
)
@click.option(
    "--region",
    type=click.Path(path_type=Path),
    metavar="IMAGE",
    help="Compare only inside of this region.",
)
@radius_option("A study activates the voxels within this distance of its peaks.")
@click.option(
    "--min-overlap",
    type=click.FloatRange(0, 1),
    default=0.25,
    show_default=True,
    help="Refuse an image unless this share of its values is in the brain mask.",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Terms to print.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def decode(
    db: str,
    features: Path | None,
    images: tuple[Path, ...],
    *,
    out: Path | None,
    top: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Find the terms whose maps the IMAGES look like.

    DB is anything that can be read.
    """
    from nimare_neurosynth.decoding import MapDecoder, read_patterns
    from nimare_neurosynth.io import check_folder
    from nimare_neurosynth.space import default_mask

    if out is not None:
        check_folder(out.parent)
        if out.suffix not in (".tsv", ".csv", ".json"):
            raise click.UsageError("--out must end in .tsv, .csv or .json.")
    mask, min_overlap = default_mask(), options["min_overlap"]
    patterns = read_patterns(list(images), mask, min_overlap=min_overlap)
    decoder = MapDecoder.of(
        open_any(db, features),
        list(options["terms"]) or None,
        label_set=options["labels"],
        threshold=options["threshold"],
        min_studies_per_term=options["min_studies_per_term"],
        region=options["region"],
        radius_mm=options["radius"],
        progress=True,
    )
    found = decoder.decode(patterns, method=options["method"])
    if out is not None:
        found.save(out)
    if as_json:
        tables = {name: found.records(name) for name in found.images}
        click.echo(json.dumps(tables, indent=2, ensure_ascii=False))
        return
    for name in found.images:
        table = found.table(name).head(top)
        click.echo(f"{name}: {len(found):,} terms")
        click.echo(table.to_string(index=False, float_format=lambda v: f"{v:.3g}"))

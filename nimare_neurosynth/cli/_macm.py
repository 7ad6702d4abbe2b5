"""The command that maps coactivation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._options import (
    database_argument,
    facts_option,
    min_studies_option,
    open_any,
    out_folder_option,
    picture_option,
    q_option,
    radius_option,
    region_size_options,
)
from nimare_neurosynth.cli._results import number, write_maps

if TYPE_CHECKING:
    import pandas as pd

    from nimare_neurosynth.database import Database


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth macm neurosynth_v7 --seed 0 -52 26 --out pcc
  nimare-neurosynth macm demo --mask insula.nii.gz --min-proportion 0.05 --out insula
  nimare-neurosynth macm demo --seed -40 24 30 --permutations 1000 --out left

The seed is a place (studies that report a peak within --radius of it) or a region
(studies that activate it). What is written is as for 'meta': maps of the association
and uniformity tests, probabilities, thresholded maps, a picture, tables of clusters and
studies, each with a JSON file that says where it came from.

Studies that activate a seed were chosen for activating something: they report more
peaks than others, and most of the brain comes out positive. --permutations compares
them with studies of about as many peaks."""
)
@database_argument
@click.option(
    "--seed",
    type=float,
    nargs=3,
    metavar="X Y Z",
    help="A place in MNI space, in mm.",
)
@click.option(
    "--mask",
    type=click.Path(path_type=Path),
    metavar="IMG",
    help="A region instead (non-zero voxels, MNI space).",
)
@click.option(
    "--label",
    "number_of",
    type=int,
    help="Of an atlas in --mask: the region with this number.",
)
@region_size_options
@out_folder_option
@radius_option(
    "A study activates the voxels within this distance of its peaks; also the radius "
    "of --seed, unless --seed-radius says otherwise."
)
@click.option("--seed-radius", type=float, metavar="MM", help="Radius of --seed.")
@click.option(
    "--leave-out-seed", is_flag=True, help="Leave the seed's own place out of the maps."
)
@click.option(
    "--permutations",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Correct for family-wise error by so many random sets of studies.",
)
@click.option(
    "--strata",
    type=click.Choice(["peaks", "none"]),
    default="peaks",
    show_default=True,
    help="Random studies have about as many peaks, or any number.",
)
@q_option
@min_studies_option
@picture_option
@facts_option
def macm(
    db: str,
    features: Path | None,
    *,
    seed: tuple[float, float, float] | None,
    mask: Path | None,
    out: Path,
    q: float,
    picture: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Map what is active in the studies that activate a seed (MACM)."""
    from nimare_neurosynth.io import check_folder
    from nimare_neurosynth.networks import Parcels, macm_null
    from nimare_neurosynth.networks import macm as coactivation

    if (seed is None) == (mask is None):
        raise click.UsageError("give --seed X Y Z or --mask IMG: one of them.")
    _check_together(options, place=seed is not None)
    if options["number_of"] is not None and mask is None:
        raise click.UsageError("--label is for an atlas: give --mask IMG too.")
    check_folder(out)
    least = number(options["min_studies"])
    radius = options["radius"]
    chosen: Any = mask if seed is None else seed
    if options["number_of"] is not None:
        chosen = Parcels.from_atlas(str(mask)).only(str(options["number_of"]))
    how = {
        "seed_radius_mm": radius
        if options["seed_radius"] is None
        else options["seed_radius"],
        "radius_mm": radius,
        "min_voxels": options["min_voxels"],
        "min_proportion": options["min_proportion"],
        "leave_out_seed": options["leave_out_seed"],
    }
    database = open_any(db, features)
    maps = coactivation(database, chosen, min_studies=least, **how)
    family = None
    if options["permutations"]:
        family = macm_null(
            database,
            chosen,
            strata=None if options["strata"] == "none" else options["strata"],
            n_permutations=options["permutations"],
            progress=True,
            **how,
        )
    write_maps(
        maps,
        out,
        studies=_studies(database, chosen, how),
        q=q,
        picture=picture,
        as_json=as_json,
        family=family,
    )


def _check_together(options: dict[str, Any], *, place: bool) -> None:
    """Refuse options that are of the other kind of seed."""
    others = ("min_voxels", "min_proportion") if place else ("seed_radius",)
    for name in others:
        if options[name] is not None:
            kind = "--seed" if place else "--mask"
            raise click.UsageError(f"--{name.replace('_', '-')} is not for {kind}.")


def _studies(database: Database, chosen: Any, how: dict[str, Any]) -> pd.DataFrame:
    """List the studies that activate the seed."""
    if isinstance(chosen, tuple):
        near = database.select(near=chosen, radius_mm=how["seed_radius_mm"])
        return near.table()
    bound = {name: how[name] for name in ("min_voxels", "min_proportion")}
    return database.select(region=chosen, radius_mm=how["radius_mm"], **bound).table()

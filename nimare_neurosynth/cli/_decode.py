"""The command that finds terms for images, regions, places and studies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._options import (
    database_argument,
    json_option,
    labels_option,
    least_option,
    open_any,
    radius_option,
    table_option,
    terms_from_option,
    terms_in,
    terms_option,
    threshold_option,
    top_option,
)
from nimare_neurosynth.cli._results import print_json

if TYPE_CHECKING:
    from nimare_neurosynth.decoding import Decoding

_OF_MAPS = ("pearson", "spearman", "cosine", "dot")
_OF_IMAGES: tuple[str, ...] = (*_OF_MAPS, "roi", "nb")
_OF_STUDIES: tuple[str, ...] = ("neurosynth", "brainmap")
_OF_PLACES = (*_OF_STUDIES, "roi", "nb")
_ENDINGS = (".tsv", ".csv", ".json")
_OF_DATABASES = ("permutations", "radius", "threshold", "labels")


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth decode neurosynth_v7 map.nii.gz --labels LDA50 --threshold 0.05
  nimare-neurosynth decode demo a.nii.gz b.nii.gz --out terms.tsv --picture terms.png
  nimare-neurosynth decode demo map.nii.gz --terms "emot*" --terms memory --json
  nimare-neurosynth decode demo amygdala.nii.gz --method roi
  nimare-neurosynth decode demo --near -22 -4 -18 --radius 10
  nimare-neurosynth decode demo --query "emotion & ~memory" --versus memory

\b
IMAGES are compared with the association maps of terms (pearson, as Neurosynth does, or
spearman, cosine, dot); are regions, whose activation in each study is correlated with
the weights of terms (roi); or say what is active (nb: naive Bayes). Without IMAGES, the
studies with a peak near a place, or those that a query selects, are compared with other
studies (neurosynth, brainmap).

\b
r         correlation of the image with the association map of the term
z, p, q   would as many studies, drawn at random, fit the image as well? (q: corrected
          for the number of terms)

Images are in MNI space, on any grid; a folder is all images in it, and of a
four-dimensional image each volume is one. DB can also be a folder of stored maps (from
'term-maps', or images called by their terms): then there is no z, p, q. r is not a
probability, and with thousands of studies many terms are significant: look at the
order, and at r.""",
)
@database_argument
@click.argument("images", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--near",
    type=float,
    nargs=3,
    multiple=True,
    metavar="X Y Z",
    help="Instead of images: a place in MNI space, of --radius. Repeatable.",
)
@click.option(
    "--query",
    "queries",
    multiple=True,
    help="Instead of images: studies that a query selects. Repeatable.",
)
@click.option(
    "--versus", metavar="QUERY", help="Compare studies with these, not all others."
)
@table_option
@click.option(
    "--picture",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the best terms: .png, .pdf or .svg.",
)
@click.option(
    "--kind",
    type=click.Choice(["bar", "radar", "heatmap"]),
    default="bar",
    show_default=True,
    help="What to draw.",
)
@terms_option
@terms_from_option
@labels_option
@threshold_option
@least_option
@click.option(
    "--method",
    type=click.Choice([*_OF_IMAGES, *_OF_STUDIES]),
    help="How terms are found. [default: pearson for images, neurosynth for studies]",
)
@click.option(
    "--region",
    type=click.Path(path_type=Path),
    metavar="IMAGE",
    help="Compare maps only inside of this region.",
)
@radius_option(
    "A study activates the voxels within this distance of its peaks; also the size of "
    "--near."
)
@click.option(
    "--min-overlap",
    type=click.FloatRange(0, 1),
    default=0.25,
    show_default=True,
    help="Refuse an image unless this share of its values is in the brain mask.",
)
@click.option(
    "--above",
    type=float,
    help="For nb: voxels above this value are active. [default: the largest, as "
    "many as the average study activates; of masks and thresholded maps, all]",
)
@click.option(
    "--prior",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.5,
    show_default=True,
    help="For nb and neurosynth: prior probability of each term.",
)
@click.option(
    "--permutations",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Check p by so many random orders of the studies (p_sampled).",
)
@top_option("Terms to print, and to draw.")
@json_option()
def decode(
    db: str,
    features: Path | None,
    images: tuple[Path, ...],
    *,
    out: Path | None,
    picture: Path | None,
    kind: str,
    top: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Find terms for IMAGES, for places, or for sets of studies.

    DB is anything that can be read.
    """
    from nimare_neurosynth.io import check_folder
    from nimare_neurosynth.plotting import MOST_TERMS

    method = _method(images, options)
    if picture is not None and top > MOST_TERMS[kind]:
        raise click.UsageError(
            f"--kind {kind} shows at most {MOST_TERMS[kind]} terms: give --top."
        )
    for path, endings in ((out, _ENDINGS), (picture, (".png", ".pdf", ".svg"))):
        if path is None:
            continue
        if path.suffix not in endings:
            option = "--out" if path is out else "--picture"
            raise click.UsageError(
                f"{option} must end in {', '.join(endings[:-1])} or {endings[-1]}."
            )
        check_folder(path.parent)
    options["terms"] = terms_in(options["terms"], options["terms_from"])
    if images:
        found = _of_images(db, features, list(images), method, options)
    else:
        found = _of_studies(db, features, method, options)
    if out is not None:
        found.save(out)
    if as_json:
        tables = {name: found.records(name) for name in found.images}
        print_json(tables)
    else:
        for name in found.images:
            table = found.table(name).head(top)
            click.echo(f"{name}: {len(found):,} terms")
            click.echo(table.to_string(index=False, float_format=lambda v: f"{v:.3g}"))
    if picture is not None:
        from nimare_neurosynth.plotting import save_figure

        save_figure(found.plot(kind, top=top), picture)


def _method(images: tuple[Path, ...], options: dict[str, Any]) -> str:
    """Say how terms are found, or why they cannot be."""
    given = [name for name in ("near", "queries") if options[name]]
    if len(given) + bool(images) != 1:
        raise click.UsageError(
            "give images, or --near, or --query: exactly one of these."
        )
    if images:
        allowed, what = _OF_IMAGES, "images"
    elif options["near"]:
        allowed, what = _OF_PLACES, "--near"
    else:
        allowed, what = _OF_STUDIES, "--query"
    method = options["method"] or allowed[0]
    if method not in allowed:
        raise click.UsageError(
            f"--method {method} is not for {what}: that can be {', '.join(allowed)}."
        )
    used = {
        "region": method in _OF_MAPS,
        "above": method == "nb" and bool(images),
        "permutations": method in ("pearson", "cosine", "dot", "roi"),
        "versus": method in _OF_STUDIES,
    }
    for name, is_used in used.items():
        missing = 0 if name == "permutations" else None
        if options[name] != missing and not is_used:
            raise click.UsageError(f"--{name} is not for --method {method} of {what}.")
    return method


def _of_images(
    db: str, features: Path | None, images: list[Path], method: str, options: Any
) -> Decoding:
    from nimare_neurosynth import decoding
    from nimare_neurosynth.space import default_mask

    mask, overlap = default_mask(), {"min_overlap": options["min_overlap"]}
    # wrong images are told before the database is opened
    if method == "roi":
        regions = decoding.read_regions(images, mask)
        database = open_any(db, features)
        return decoding.decode_region(
            database, regions, n_permutations=options["permutations"], **_terms(options)
        )
    patterns = decoding.read_patterns(images, mask, **overlap)
    stored = _stored(db) if method in _OF_MAPS else None
    if stored is not None:
        _check_stored()
        found: Decoding = stored.decode(
            patterns, method=method, region=options["region"], progress=True
        )
        return found.matching(options["terms"]) if options["terms"] else found
    database = open_any(db, features)
    if method == "nb":
        return decoding.decode_bayes(
            database,
            patterns,
            above=options["above"],
            prior=options["prior"],
            progress=True,
            **_terms(options),
        )
    return decoding.decode(
        database,
        patterns,
        method=method,
        region=options["region"],
        n_permutations=options["permutations"],
        progress=True,
        **_terms(options),
    )


def _of_studies(
    db: str, features: Path | None, method: str, options: dict[str, Any]
) -> Decoding:
    from nimare_neurosynth import decoding
    from nimare_neurosynth.space import default_mask, sphere_voxels

    near, radius = options["near"], options["radius"]
    if method == "roi":
        spheres = [
            (_place(xyz), sphere_voxels(xyz, radius, default_mask())) for xyz in near
        ]
        return decoding.decode_region(
            open_any(db, features),
            spheres,
            n_permutations=options["permutations"],
            **_terms(options),
        )
    database = open_any(db, features)
    if method == "nb":
        decoder = decoding.BayesDecoder.of(
            database, prior=options["prior"], progress=True, **_terms(options)
        )
        return decoder.decode_peaks(near)
    understood = {"label_set": options["labels"], "threshold": options["threshold"]}
    selections = [database.select(near=xyz, radius_mm=radius) for xyz in near]
    selections += [database.select(q, **understood) for q in options["queries"]]
    return decoding.decode_studies(
        database,
        selections,
        options["terms"],
        versus=options["versus"],
        method=method,
        min_studies_per_term=options["min_studies_per_term"],
        prior=options["prior"],
        **understood,
    )


def _terms(options: dict[str, Any]) -> dict[str, Any]:
    """Give the options that say which terms, and what studies activate."""
    return {
        "terms": options["terms"],
        "label_set": options["labels"],
        "threshold": options["threshold"],
        "min_studies_per_term": options["min_studies_per_term"],
        "radius_mm": options["radius"],
    }


def _stored(db: str) -> Any:
    """Open stored maps, if that is what DB names."""
    from nimare_neurosynth.decoding import StoredDecoder, is_image_folder
    from nimare_neurosynth.meta import is_term_maps

    folder = Path(db)
    if is_term_maps(folder):
        return StoredDecoder.of(folder)
    if is_image_folder(folder):
        return StoredDecoder.load_imgs(folder, progress=True)
    return None


def _check_stored() -> None:
    """Raise a UsageError where an option needs studies."""
    ctx = click.get_current_context()
    for name in (*_OF_DATABASES, "min_studies_per_term"):
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} is for databases, not for stored maps.")


def _place(xyz: tuple[float, float, float]) -> str:
    return "({:g}, {:g}, {:g})".format(*xyz)

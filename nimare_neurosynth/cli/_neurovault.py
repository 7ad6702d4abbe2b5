"""``neurovault``: collections in, images decoded, maps out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._options import (
    database_argument,
    json_option,
    labels_option,
    open_any,
    table_option,
    terms_option,
    threshold_option,
    top_option,
)
from nimare_neurosynth.cli._results import print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from nimare_neurosynth.cli._options import F
    from nimare_neurosynth.neurovault import NeuroVault, Push


def _server_options(function: F) -> F:
    """Add the options that say which server is asked, and how patiently."""
    server = click.option(
        "--server",
        default="https://neurovault.org/api",
        show_default=True,
        metavar="URL",
        help="The API of another NeuroVault.",
    )
    timeout = click.option(
        "--timeout",
        type=click.FloatRange(0, min_open=True),
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="For the next bytes; the server is asked several times.",
    )
    return server(timeout(function))


_skip_option: Callable[[F], F] = click.option(
    "--skip-failed", is_flag=True, help="Go on without images that cannot be had."
)


@click.group(
    epilog="""\b
Examples:
  nimare-neurosynth neurovault get 457 1952 --out pain.json
  nimare-neurosynth neurovault decode neurosynth-7 image:10426
  nimare-neurosynth neurovault push emotion 4242 --send

Images are kept in the folder downloads of your cache (see NIMARE_NEUROSYNTH_CACHE).
The environment variable NEUROVAULT_TOKEN holds your token; it is needed to send, and is
never shown."""
)
def neurovault() -> None:
    """Get images of NeuroVault, decode them, and send maps to it."""


@neurovault.command()
@click.argument("collections", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the studyset (NIMADS) here. Without it, images are only listed.",
)
@click.option(
    "--contrast",
    "contrasts",
    multiple=True,
    metavar="NAME=PATTERN",
    help="Images whose names match this regular expression are of one contrast. "
    "Repeatable. [default: names that differ only in words such as 'z map' are]",
)
@click.option(
    "--level",
    "levels",
    multiple=True,
    default=("group",),
    show_default=True,
    help="Level of analysis to take. Repeatable.",
)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["z", "t", "beta", "varcope"]),
    help="Type of maps to take. Repeatable. [default: all four]",
)
@click.option("--thresholded", is_flag=True, help="Also take thresholded maps.")
@_skip_option
@_server_options
@json_option()
def get(
    collections: tuple[str, ...],
    *,
    out: Path | None,
    server: str,
    timeout: float,
    as_json: bool,
    contrasts: tuple[str, ...],
    skip_failed: bool,
    **options: Any,
) -> None:
    """Get COLLECTIONS (numbers) as a studyset for image-based meta-analysis.

    Prints the images, and why some are left out.
    """
    from nimare_neurosynth.neurovault import choose

    if not options["kinds"]:
        del options["kinds"]
    options["contrasts"] = _contrasts(contrasts)
    vault = _vault(server, timeout)
    if out is None:
        table = choose(vault.images(list(collections)), **options)
    else:
        from nimare_neurosynth.io import write_json

        studyset, table = vault.get_with_table(
            list(collections), skip_failed=skip_failed, **options
        )
        write_json(out, studyset.to_dict())
    shown = ["image", "collection", "kind", "n_subjects", "analysis", "left_out"]
    if as_json:
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=int))
        return
    click.echo(table[[*shown, "name"]].to_string(index=False))
    if out is not None:
        click.echo(f"\nwritten: {out}")


@neurovault.command()
@database_argument
@click.argument("what")
@terms_option
@labels_option
@threshold_option
@table_option
@top_option("Terms to print.")
@json_option("Print the answer of one image in the shape of neurosynth.org's.")
@_skip_option
@_server_options
def decode(
    db: str,
    features: Path | None,
    what: str,
    *,
    terms: tuple[str, ...],
    labels: str | None,
    threshold: float,
    out: Path | None,
    top: int,
    as_json: bool,
    skip_failed: bool,
    server: str,
    timeout: float,
) -> None:
    """Find terms for WHAT: image:NUMBER, collection:NUMBER, or a page's address."""
    from nimare_neurosynth.neurovault import to_neurosynth_json

    vault = _vault(server, timeout)
    found = vault.decode(
        what,
        open_any(db, features),
        list(terms) or None,
        skip_failed=skip_failed,
        label_set=labels,
        threshold=threshold,
    )
    if out is not None:
        found.save(out)
    if as_json:
        print_json(to_neurosynth_json(found))
        return
    for image, facts in zip(found.images, found.image_facts, strict=True):
        click.echo(f"image {image}: {facts['neurovault']['name']}")
        click.echo(found.table(image).head(top).to_string(index=False) + "\n")


@neurovault.command()
@click.argument("maps", type=click.Path(path_type=Path))
@click.argument("collection")
@click.option("--send", is_flag=True, help="Send; without it, only show what would be.")
@click.option(
    "--map", "names", multiple=True, metavar="NAME", help="Only this map. Repeatable."
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=TEXT",
    help="A field of NeuroVault's for all maps, as modality=fMRI-BOLD. Repeatable.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where to note what has arrived. [default: in the cache]",
)
@_server_options
@json_option("Print all fields as JSON.")
def push(
    maps: Path,
    collection: str,
    *,
    send: bool,
    names: tuple[str, ...],
    fields: tuple[str, ...],
    journal: Path | None,
    server: str,
    timeout: float,
    as_json: bool,
) -> None:
    """Send MAPS, an image or a folder with sidecars, to your COLLECTION (a number).

    Without --send nothing is sent, and nobody is asked. After a failure the same call
    goes on; what has arrived is not sent again.
    """
    done = _vault(server, timeout).push(
        maps,
        collection,
        dry_run=not send,
        names=list(names) or None,
        fields=_pairs(fields, "--field"),
        journal=journal,
    )
    _show(done, as_json=as_json)
    done.raise_if_failed()


def _show(done: Push, *, as_json: bool) -> None:
    if as_json:
        print_json(done.to_dict())
        return
    table = done.table()
    shown = ["name", "map_type", "file", "bytes", "status"]
    shown += [] if done.is_dry_run else ["image"]
    click.echo(f"{done.url}images/")
    click.echo(table[shown].to_string(index=False))
    if done.is_dry_run:
        click.echo("\nNothing was sent: --json shows all fields, --send sends.")


def _vault(server: str, timeout: float) -> NeuroVault:
    import sys

    from nimare_neurosynth._http import Patience
    from nimare_neurosynth.neurovault import NeuroVault

    patience = Patience(read_seconds=timeout, connect_seconds=min(timeout, 10.0))
    return NeuroVault(server, patience=patience, progress=sys.stderr.isatty())


def _contrasts(given: tuple[str, ...]) -> dict[str, str] | None:
    return _pairs(given, "--contrast") or None


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign):
            raise click.UsageError(f"{option} needs NAME=TEXT, got {text!r}.")
        found[name] = value
    return found

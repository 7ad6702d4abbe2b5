"""``neurostore``: search it, get from it, push to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._options import database_argument, json_option, open_any
from nimare_neurosynth.cli._results import print_account

if TYPE_CHECKING:
    from nimare_neurosynth.neurostore import NeuroStore


@click.group(
    epilog="""\b
Examples:
  nimare-neurosynth neurostore search "n-back" --near -42 10 30 --radius 8
  nimare-neurosynth neurostore get 5ncCB9bMbipk --out pain.json
  nimare-neurosynth neurostore releases
  nimare-neurosynth neurostore push pain.json --update 5ncCB9bMbipk
  nimare-neurosynth neurostore push pain.json --update 5ncCB9bMbipk --send

push shows what it would send; it sends it with --send. The token that this needs is
read from the environment variable NEUROSTORE_TOKEN, and never from an option, which
others could see."""
)
@click.option(
    "--url",
    metavar="URL",
    help="Another server. [default: https://neurostore.org/api]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds to wait for the next bytes.",
)
@click.pass_context
def neurostore(ctx: click.Context, url: str | None, timeout: float) -> None:
    """Search NeuroStore, get studysets from it, and push changes back to it."""
    ctx.obj = {"url": url, "timeout": timeout}


def _store(ctx: click.Context) -> NeuroStore:
    from nimare_neurosynth.neurostore import BASE_URL, NeuroStore

    url = ctx.obj["url"] or BASE_URL
    return NeuroStore(url, timeout_seconds=ctx.obj["timeout"])


@neurostore.command()
@click.argument("text", required=False)
@click.option(
    "--near", type=float, nargs=3, metavar="X Y Z", help="A peak near this place (mm)."
)
@click.option(
    "--radius", type=float, default=6.0, show_default=True, help="How near (mm)."
)
@click.option("--year-min", type=int, help="First year.")
@click.option("--year-max", type=int, help="Last year.")
@click.option("--source", help="Versions of studies from there, such as neurosynth.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="At most so many.",
)
@json_option()
@click.pass_context
def search(
    ctx: click.Context, /, text: str | None, *, as_json: bool, **options: Any
) -> None:
    """List the studies that match TEXT, a place, years or a source."""
    found = _store(ctx).search(
        text,
        near=options["near"],
        radius_mm=options["radius"],
        year_min=options["year_min"],
        year_max=options["year_max"],
        source=options["source"],
        limit=options["limit"],
    )
    if as_json:
        click.echo(found.to_json(orient="records", indent=2, force_ascii=False))
    else:
        click.echo(found.to_csv(sep="\t", index=False), nl=False)


@neurostore.command()
@click.argument("studyset")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write; its name ends in .json.",
)
@click.option(
    "--annotation",
    "annotations",
    multiple=True,
    metavar="ID",
    help="Only these annotations, or 'none'. Repeatable. [default: all]",
)
@click.pass_context
def get(
    ctx: click.Context, studyset: str, *, out: Path, annotations: tuple[str, ...]
) -> None:
    """Write the STUDYSET of this id as a NIMADS file, which is a DB elsewhere."""
    wanted: Any = list(annotations) or "all"
    if wanted == ["none"]:
        wanted = None
    path = _store(ctx).save(studyset, out, annotation=wanted)
    click.echo(str(path))


@neurostore.command()
@click.option(
    "--get", "version", metavar="VERSION", help="Download this one, or 'latest'."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The folder to download into. [default: here]",
)
@json_option()
@click.pass_context
def releases(
    ctx: click.Context, *, version: str | None, out: Path, as_json: bool
) -> None:
    """List the releases of all studies, or download one and compare its hash."""
    store = _store(ctx)
    if version is not None:
        click.echo(str(store.download(version, out)))
        return
    found = store.releases()
    if as_json:
        click.echo(found.to_json(orient="records", indent=2))
    else:
        click.echo(found.to_csv(sep="\t", index=False), nl=False)


@neurostore.command()
@database_argument
@click.option("--update", metavar="ID", help="Make this studyset of yours equal to DB.")
@click.option(
    "--link", is_flag=True, help="Make a studyset of studies that are there already."
)
@click.option("--name", help="What to call the studyset.")
@click.option(
    "--with-annotation",
    "annotations",
    multiple=True,
    metavar="NAME",
    help="Only these annotations, or 'none'. Repeatable. [default: all]",
)
@click.option("--send", is_flag=True, help="Send it, instead of showing it.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    help="The file that remembers what was sent. [default: "
    "neurostore-push-HASH.json, here]",
)
@click.option(
    "--settled",
    multiple=True,
    metavar="KEY=ID",
    help="What was unsure is on the server under this id, or is not: KEY=none.",
)
@json_option("Print JSON, with all bodies.")
@click.pass_context
def push(
    ctx: click.Context,
    /,
    db: str,
    features: Path | None,
    *,
    send: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Show what would be sent of DB, or send it."""
    from nimare_neurosynth.neurostore import UnfinishedPushError

    settled = {}
    for pair in options["settled"]:
        key, is_pair, own = pair.rpartition("=")
        if not is_pair:
            raise click.UsageError(f"--settled needs KEY=ID, got {pair!r}.")
        settled[key] = None if own == "none" else own
    wanted = list(options["annotations"])
    chosen = {"annotations": [] if wanted == ["none"] else wanted or None}
    try:
        account = _store(ctx).push(
            open_any(db, features),
            update=options["update"],
            link=options["link"],
            name=options["name"],
            dry_run=not send,
            journal=options["journal"],
            settled=settled,
            **chosen,
        )
    except UnfinishedPushError as error:
        print_account(error.account, as_json=as_json)
        raise
    print_account(account, as_json=as_json)

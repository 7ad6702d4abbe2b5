"""``fetch``: public databases by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli._options import json_option
from nimare_neurosynth.cli._results import print_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    epilog="""\b
Examples:
  nimare-neurosynth fetch --list
  nimare-neurosynth fetch neurosynth
  nimare-neurosynth fetch neurosynth-7 --vocabulary terms --vocabulary LDA50
  nimare-neurosynth fetch neurostore --update

A name works wherever a command takes a DB, with vocabularies behind a colon; what is
not there yet is fetched then:

\b
  nimare-neurosynth meta neurosynth-7 "working memory" --out wm
  nimare-neurosynth info neurosynth-7:LDA50

\b
neurosynth      the newest version of Neurosynth's data, as neurosynth-7
neurosynth-3 .. neurosynth-7
neuroquery      NeuroQuery's, version 1
neurostore      the latest monthly release of NeuroStore; neurostore-2026-09 is that of
                a month, neurostore-nightly last night's

Files go into the folder downloads of your cache (see NIMARE_NEUROSYNTH_CACHE), and are
compiled once. Their hashes are compared with the published ones; where none is known,
with what they were like at first. Ctrl-C loses nothing: the same call goes on. Without
a network, the message says what to download elsewhere and where to put it; files that
are there are taken."""
)
@click.argument("name", required=False)
@click.option(
    "--vocabulary",
    "vocabularies",
    multiple=True,
    metavar="V",
    help="Set of labels to fetch, or 'all'. Repeatable. [default: Neurosynth's terms, "
    "NeuroQuery's 7,547]",
)
@click.option(
    "--list", "as_list", is_flag=True, help="List what there is, and what is here."
)
@click.option(
    "--update",
    is_flag=True,
    help="Look whether NeuroStore has a newer release, and look at all files again.",
)
@click.option(
    "--mirror",
    metavar="URL",
    help="A server with copies, in the layout of the folder of downloads.",
)
@json_option()
def fetch(
    name: str | None,
    *,
    vocabularies: tuple[str, ...],
    as_list: bool,
    update: bool,
    mirror: str | None,
    as_json: bool,
) -> None:
    """Download a public database NAME once, and compile it.

    Prints what it holds, its licence, and where its files are.
    """
    if as_list == (name is not None):
        raise click.UsageError("name a database, or give --list to see what there is.")
    if name is None:
        _list(as_json=as_json)
        return
    from nimare_neurosynth.datasets import download_folder
    from nimare_neurosynth.datasets import fetch as get

    database = get(name, vocabularies=vocabularies, update=update, mirror=mirror)
    facts: dict[str, Any] = {
        "database": str(database.about),
        "studies": database.n_studies,
        "peaks": len(database.peaks),
        "label_sets": {n: len(labels) for n, labels in database.label_sets.items()},
        "licence": database.about.licence,
        "attribution": database.about.attribution,
        "content_hash": database.content_hash,
    }
    if name != "demo":
        facts["files"] = str(download_folder(name))
    if as_json:
        print_json(facts)
        return
    labels = ", ".join(f"{n} ({k:,})" for n, k in facts["label_sets"].items())
    click.echo(
        f"{facts['database']}: {facts['studies']:,} studies, {facts['peaks']:,} peaks\n"
        f"labels: {labels or 'none'}\nlicence: {facts['licence']}\n"
        f"{facts['attribution']}"
    )


def _list(*, as_json: bool) -> None:
    from nimare_neurosynth.datasets import known_databases
    from nimare_neurosynth.io import cache_folder

    downloads = cache_folder() / "downloads"
    rows: list[dict[str, Any]] = [
        {
            "name": known.name,
            "title": known.title,
            "vocabularies": list(known.vocabularies),
            "bytes": known.size(),
            "bytes_here": _bytes_in(downloads / known.name),
            "licence": known.licence,
            "homepage": known.homepage,
        }
        for known in known_databases().values()
    ]
    listed = {row["name"] for row in rows}
    for folder in sorted(downloads.glob("neurostore-*-*")):
        if folder.name not in listed and _bytes_in(folder):
            rows.append(_release_here(folder, rows[-1]))
    if as_json:
        print_json(rows)
        return
    click.echo(f"{'name':<20}{'size':>10}{'here':>10}  licence, vocabularies")
    for row in rows:
        labels = ", ".join(row["vocabularies"])
        click.echo(
            f"{row['name']:<20}{_size(row['bytes'], '?'):>10}"
            f"{_size(row['bytes_here'], '-'):>10}  {row['licence']}"
            f"{f'; {labels}' if labels else ''}"
        )
    click.echo(f"\nFiles are in {downloads}. Sizes are with the default vocabulary.")


def _release_here(folder: Path, like: dict[str, Any]) -> dict[str, Any]:
    """Describe a month's release that has been fetched."""
    title = f"NeuroStore, release {folder.name.removeprefix('neurostore-')}"
    own = {"name": folder.name, "title": title, "bytes_here": _bytes_in(folder)}
    return {**like, **own}


def _bytes_in(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _size(n_bytes: int | None, none: str) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes else none

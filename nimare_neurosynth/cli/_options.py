"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from nimare_neurosynth.database import Database

F = TypeVar("F", bound="Callable[..., Any]")

DEMO = "demo"

_READING = f"{__name__}.reading"
_DEFAULTS: dict[str, Any] = {
    "row_order": "metadata",
    "counts": "tfidf",
    "annotation": None,
}


def database_argument(function: F) -> F:
    """Add ``DB``, ``--features``, and how folders in Neurosynth's layout are read.

    ``--row-order``, ``--counts`` and ``--annotation`` are kept with the call, where
    :func:`open_any` finds them, as no command has any other use for them.
    """

    def keep(ctx: click.Context, option: click.Parameter, value: Any) -> None:
        ctx.meta.setdefault(_READING, {})[option.name] = value

    add_row_order = click.option(
        "--row-order",
        type=click.Choice(["metadata", "text", "number", "coordinates", "auto"]),
        default=_DEFAULTS["row_order"],
        show_default=True,
        expose_value=False,
        callback=keep,
        help="For a folder in Neurosynth's layout: the order of studies in its "
        "matrices. That of the metadata, of ids sorted as text or as numbers, of the "
        "coordinates, or the one that fits the titles.",
    )
    add_counts = click.option(
        "--counts",
        type=click.Choice(["tfidf", "presence", "keep"]),
        default=_DEFAULTS["counts"],
        show_default=True,
        expose_value=False,
        callback=keep,
        help="For a folder in Neurosynth's layout: what counts of terms are turned "
        "into.",
    )
    add_annotation = click.option(
        "--annotation",
        type=click.Path(path_type=Path),
        default=None,
        expose_value=False,
        callback=keep,
        help="For a NIMADS studyset: a JSON file of annotations, whose notes become "
        "labels.",
    )
    add_features = click.option(
        "--features",
        type=click.Path(path_type=Path),
        help="For a table of peaks: a table of weights, study ids first.",
    )
    add_reading = add_features(add_row_order(add_counts(add_annotation(function))))
    return click.argument("db", metavar="DB")(add_reading)


def query_options(function: F) -> F:
    """Add what says how a query is understood."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--labels",
            metavar="SET",
            help="Label set in which names are looked up first. Names can also be "
            "prefixed: LDA50:*pain*.",
        ),
        click.option(
            "--threshold",
            type=float,
            default=0.001,
            show_default=True,
            help="A term is in a study at this weight or more. For topics (LDA) use "
            "0.05 or so.",
        ),
        click.option(
            "--func",
            type=click.Choice(["sum", "mean", "min", "max"]),
            default="sum",
            show_default=True,
            help="How the weights of several terms that one name matches combine.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


terms_option: Callable[[F], F] = click.option(
    "--terms", multiple=True, metavar="PATTERN", help="Only these terms. Repeatable."
)
"""``--terms``, of commands that decode."""

table_option: Callable[[F], F] = click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="TABLE",
    help="Write the whole table here: .tsv, .csv or .json.",
)
"""``--out``, of the same."""


def top_option(text: str) -> Callable[[F], F]:
    """Add ``--top``, of the same."""
    return click.option(
        "--top", type=click.IntRange(1), default=20, show_default=True, help=text
    )


labels_option: Callable[[F], F] = click.option(
    "--labels",
    metavar="SET",
    help="Label set; needed where several have weights.",
)
"""``--labels``, of commands that take terms of one set."""

threshold_option: Callable[[F], F] = click.option(
    "--threshold",
    type=float,
    default=0.001,
    show_default=True,
    help="A term is in a study at this weight or more. For topics (LDA) use 0.05 or "
    "so.",
)
"""``--threshold``, of the same."""

least_option: Callable[[F], F] = click.option(
    "--min-studies-per-term",
    type=int,
    default=20,
    show_default=True,
    help="Leave out terms that fewer studies have.",
)
"""``--min-studies-per-term``, of the same."""


terms_from_option: Callable[[F], F] = click.option(
    "--terms-from",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A text file with a term or pattern on each line.",
)
"""``--terms-from``, of the same; see :func:`terms_in`."""


def terms_in(
    terms: tuple[str, ...] | list[str], terms_from: Path | None
) -> list[str] | None:
    """Give the terms on the command line and in a file; None if none was named."""
    if terms_from is None:
        return list(terms) or None
    from nimare_neurosynth.io import lines_of

    return [*terms, *lines_of(terms_from)]


universe_option: Callable[[F], F] = click.option(
    "--universe", metavar="QUERY", help="Count only these studies at all."
)
"""``--universe``, of commands that make maps."""


def region_size_options(function: F) -> F:
    """Add how much of the region in ``--mask`` a study must activate."""
    add_voxels = click.option(
        "--min-voxels", type=int, help="At least so many voxels of it. [default: 1]"
    )
    add_share = click.option(
        "--min-proportion", type=float, help="At least this share of its voxels."
    )
    return add_voxels(add_share(function))


def radius_option(text: str) -> Callable[[F], F]:
    """Add ``--radius``."""
    return click.option(
        "--radius", type=float, default=6.0, show_default=True, metavar="MM", help=text
    )


def out_folder_option(function: F) -> F:
    """Add ``--out`` for a folder of results."""
    return click.option(
        "--out",
        required=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Folder for the results; made if missing.",
    )(function)


SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
"""Above 0 and below 1."""

q_option: Callable[[F], F] = click.option(
    "--q", type=SHARE, default=0.01, show_default=True, help="False discovery rate."
)
"""``--q``, of commands that make maps of one selection."""

min_studies_option: Callable[[F], F] = click.option(
    "--min-studies",
    type=str,
    default="1",
    show_default=True,
    help="Leave out voxels that fewer studies (or a smaller share: 0.01) activate.",
)
"""``--min-studies``, of the same."""

picture_option: Callable[[F], F] = click.option(
    "--picture/--no-picture", default=True, show_default=True, help="Draw."
)
"""``--picture``, of the same."""


def json_option(text: str = "Print JSON.") -> Callable[[F], F]:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help=text)


facts_option: Callable[[F], F] = json_option("Print the facts as JSON.")
"""``--json``, of commands that sum up what they made."""


def open_any(db: str, features: Path | None) -> Database:
    """Read whatever ``DB`` names; sources are compiled into the cache on the way.

    A path that exists comes before a public database of the same name.
    """
    ctx = click.get_current_context(silent=True)
    options = {**_DEFAULTS, **(ctx.meta.get(_READING, {}) if ctx else {})}
    if db == DEMO:
        _no_options(features, options, "the demo has its labels in it")
        from nimare_neurosynth.datasets import load_demo

        return load_demo()
    from nimare_neurosynth.io import is_public_name, read_database

    if is_public_name(db) and not Path(db).exists():
        from nimare_neurosynth.datasets import download_folder, fetch

        where = download_folder(db.partition(":")[0])
        why = f"a public database is read as it is (else name its files, in {where})"
        _no_options(features, options, why)
        return fetch(db)
    return read_database(db, features=features, cache=True, **options)


def _no_options(features: Path | None, options: dict[str, Any], why: str) -> None:
    """Refuse options for what has nothing to choose."""
    from nimare_neurosynth.errors import OptionError

    given = {"features": features is not None}
    given |= {name: options[name] != _DEFAULTS[name] for name in _DEFAULTS}
    for name, is_given in given.items():
        if is_given:
            raise OptionError(f"{why}: leave out --{name.replace('_', '-')}.")

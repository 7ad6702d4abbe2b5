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


def database_argument(function: F) -> F:
    """Add ``DB`` and ``--features``."""
    add_features = click.option(
        "--features",
        type=click.Path(path_type=Path),
        help="For a table of peaks: a table of weights, study ids first.",
    )
    return click.argument("db", metavar="DB")(add_features(function))


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


def open_any(db: str, features: Path | None) -> Database:
    """Read whatever ``DB`` names; sources are compiled into the cache on the way."""
    from nimare_neurosynth.errors import OptionError

    if db == DEMO:
        if features is not None:
            raise OptionError("the demo has its labels in it: leave out --features.")
        from nimare_neurosynth.datasets import load_demo

        return load_demo()
    from nimare_neurosynth.io import read_database

    return read_database(db, features=features, cache=True)

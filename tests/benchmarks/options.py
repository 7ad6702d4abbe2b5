"""What the command lines of all benchmarks have in common."""

from __future__ import annotations

from pathlib import Path

import click

DATA = Path("../shared/data")
V7 = DATA / "neurosynth_v7"


def benchmark(function):
    """Make a command."""
    settings = {"help_option_names": ["-h", "--help"]}
    return click.command(context_settings=settings)(function)


def data_option(default, text):
    """Add ``--data``: the folder, which must be there."""
    return click.option(
        "--data",
        type=click.Path(exists=True, path_type=Path),
        default=default,
        show_default=True,
        help=text,
    )


json_option = click.option(
    "--json", "out", type=click.Path(path_type=Path), help="Write them here."
)
"""``--json``: where the results go."""

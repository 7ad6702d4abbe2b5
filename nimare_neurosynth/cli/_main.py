"""The group of commands, and what becomes of errors and warnings."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any

import click

from nimare_neurosynth.cli import (
    _append,
    _commands,
    _convert,
    _decode,
    _fetch,
    _macm,
    _neurostore,
    _neurovault,
    _term_maps,
    _validate,
)
from nimare_neurosynth.errors import NeurosynthError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG_VARIABLE = "NIMARE_NEUROSYNTH_DEBUG"


class PlainErrors(click.Group):
    """A group whose commands end in one plain message, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; show warnings as lines, and turn errors into messages."""
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                return super().invoke(ctx)
            except (click.exceptions.Exit, click.ClickException, click.Abort):
                raise
            except KeyboardInterrupt:
                click.echo("interrupted: nothing was left half-written.", err=True)
                ctx.exit(1)
            except NeurosynthError as error:
                click.echo(f"error: {error}", err=True)
                ctx.exit(error.exit_code)
            except BrokenPipeError:  # the reader, such as head, has had enough
                sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
                ctx.exit(0)
            except OSError as error:
                click.echo(f"error: {_os_message(error)}", err=True)
                ctx.exit(1)
            except Exception as error:
                if os.environ.get(DEBUG_VARIABLE):
                    raise
                click.echo(
                    f"error: {type(error).__name__}: {error}. This is a bug in "
                    "nimare_neurosynth; please report it with what "
                    f"{DEBUG_VARIABLE}=1 shows in addition.",
                    err=True,
                )
                ctx.exit(1)


def _os_message(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}."


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"warning: {message}", err=True)


@click.group(
    cls=PlainErrors,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Try it without any data of your own:
  nimare-neurosynth demo --out demo
  nimare-neurosynth select demo "working memory & ~flanker"
  nimare-neurosynth meta demo "emotion*" --out emotion

DB is the path of a compiled database, of a folder in the layout of Neurosynth's data
since 2021, of a folder with database.txt and features.txt, of a table with the columns
id, x, y, z and space, of Sleuth text, of a NIMADS studyset (.json), or of a folder of
parquet tables; or it is the word demo; or the name of a public database, such as
neurosynth-7 or neurosynth-7:LDA50, which is then fetched (see fetch --list).""",
)
@click.version_option(package_name="nimare-neurosynth", prog_name="nimare-neurosynth")
def group() -> None:
    """Ask a database of brain-activation studies where, and have the maps at once."""


_OTHERS = (
    _append.append,
    _fetch.fetch,
    *_term_maps.COMMANDS,
    _decode.decode,
    _macm.macm,
    _neurovault.neurovault,
    *_convert.COMMANDS,
    _neurostore.neurostore,
    _validate.validate,
)
for command in (*_commands.COMMANDS, *_OTHERS):
    group.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the process ends with status 0, 1 or 2."""
    # nilearn draws through matplotlib: never open a window for a file
    os.environ.setdefault("MPLBACKEND", "Agg")
    group(args=arguments, prog_name="nimare-neurosynth")

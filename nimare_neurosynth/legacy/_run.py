"""Runs a script that was written for the old package, as it is."""

from __future__ import annotations

import re
import runpy
import sys
import traceback
import warnings
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from nimare_neurosynth.errors import LegacyWarning, NeurosynthError, OptionError, warn
from nimare_neurosynth.legacy import install, strict
from nimare_neurosynth.legacy._advice import tell_with

if TYPE_CHECKING:
    from types import TracebackType

_PACKAGE = str(Path(__file__).parents[1])
_FOR_WORKERS = str(Path(__file__).with_name("_for_workers"))
"""Processes that a script starts are given its path, but nothing that is installed."""

_INTERRUPTED = 130
"""What shells make of Ctrl-C."""

_GONE_NAMES = frozenset(
    {"basestring", "execfile", "long", "raw_input", "reduce", "unicode", "xrange"}
)
_GONE_MODULES = frozenset(
    {"ConfigParser", "Queue", "StringIO", "__builtin__", "cPickle", "urllib2"}
)
_OLD_SYNTAX = re.compile(
    r"""
    ^\s*(print|exec)\s+[^=\s(] | ^\s*(print|exec)\s*$ | ^\s*print\s*>>
    | ^\s*except\s+[\w.()\s,]+,\s*\w+\s*: | ^\s*raise\s+[\w.]+\s*,
    | <> | `\w | \b0\d+\b | \bur?['"]
    """,
    re.VERBOSE,
)
"""Lines that only Python 2 understands, if a Python 3 does not."""


@click.command(
    context_settings={
        "help_option_names": ["-h", "--help"],
        "allow_interspersed_args": False,
        "max_content_width": 100,
    },
    epilog="""\b
Examples:
  python -m nimare_neurosynth.legacy analysis.py
  python -m nimare_neurosynth.legacy analysis.py --term pain --out maps
  python -m nimare_neurosynth.legacy --strict --quiet analysis.py

\b
A script that begins so, and has its data beside it, needs nothing else:
  from neurosynth import Dataset, meta
  dataset = Dataset("database.txt")
  dataset.add_features("features.txt")
  ids = dataset.get_studies(features="emotion*")
  meta.MetaAnalysis(dataset, ids).save_results("maps", "emotion")

\b
Without data: neurosynth.base.dataset.download() writes both files. In a notebook,
this makes 'import neurosynth' work from then on:
  from nimare_neurosynth import legacy; legacy.install()

The exit status is the script's own: 1 after an error, 2 if it could not be run at all,
130 after Ctrl-C.""",
)
@click.option(
    "--strict",
    "is_strict",
    is_flag=True,
    help="Give the old numbers where today's differ on purpose.",
)
@click.option(
    "--quiet", is_flag=True, help="Do not say which call of today replaces each."
)
@click.argument("script")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def command(
    script: str, arguments: tuple[str, ...], *, is_strict: bool, quiet: bool
) -> None:
    """Run SCRIPT, written for the 'neurosynth' package up to 0.3.8, unchanged.

    In it, 'import neurosynth' means nimare_neurosynth.legacy. ARGS are the script's
    own. Each old call says once, on standard error, which call replaces it today.
    """
    path = Path(script)
    try:
        _check_script(path)
        install()
    except OptionError as error:
        _refuse(f"error: {error}")
    strict(is_strict)
    tell_with((lambda _: None) if quiet else _tell)
    sys.exit(run(path, arguments))


def _check_script(path: Path) -> None:
    """Refuse what is no script of Python, before anything runs."""
    if path.is_dir():
        raise OptionError(f"{path} is a folder: name a script (.py) in it.")
    if not path.is_file():
        raise OptionError(f"there is no script {path}.")
    if path.suffix.lower() == ".ipynb":
        made = path.with_suffix(".py")
        raise OptionError(
            f"{path} is a notebook. Convert it, and run what that makes:\n"
            f"  jupyter nbconvert --to script {path}\n"
            f"  python -m nimare_neurosynth.legacy {made}\n"
            "or put this into its first cell:\n"
            "  from nimare_neurosynth import legacy; legacy.install()"
        )
    try:
        with path.open("rb") as stream:
            begin = stream.read(4096)
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror}.") from error
    if b"\0" in begin:
        raise OptionError(f"{path} is no script: it is no text.")


def _refuse(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


def _tell(advice: str) -> None:
    """Show advice with the line of the script that it is about."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", LegacyWarning)
        warnings.showwarning = _show
        warn(advice, LegacyWarning)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    click.echo(f"{filename}:{lineno}: {message}", err=True)


def run(path: Path, arguments: tuple[str, ...] = ()) -> int:
    """Run a script as Python does, and show its errors without lines of this package.

    Parameters
    ----------
    path : pathlib.Path
        It is there.
    arguments : tuple of str
        What it finds in ``sys.argv``.

    Returns
    -------
    int
        What to exit with; a script that exits itself does that here.
    """
    sys.argv = [str(path), *arguments]
    if not sys.flags.safe_path:  # as Python has it: what lies beside it is found
        sys.path[0] = str(path.absolute().parent)
    sys.path.insert(1, _FOR_WORKERS)
    try:
        runpy.run_path(str(path), run_name="__main__")
    except KeyboardInterrupt:
        click.echo("interrupted.", err=True)
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever a script raises
        with suppress(OSError):  # who reads it may have gone
            sys.stdout.flush()
        if isinstance(error, NeurosynthError):
            _show_ours(error)
        else:
            own = error.with_traceback(_script_lines(error, path))
            sys.excepthook(type(own), own, own.__traceback__)
        if advice := _python2(error):
            click.echo(f"\n{advice}", err=True)
            return 2 if isinstance(error, SyntaxError) else 1
        return 1
    return 0


def _show_ours(error: NeurosynthError) -> None:
    """Show where in the user's own code an error of this package came from."""
    listed = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((_PACKAGE, "<frozen ", runpy.__file__))
    ]
    own = "".join(traceback.StackSummary.from_list(listed).format())
    click.echo("Traceback (most recent call last):", err=True)
    click.echo(f"{own}{type(error).__name__}: {error}", err=True)


def _script_lines(error: Exception, path: Path) -> TracebackType | None:
    """Leave out how the script was started."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != str(path):
        trace = trace.tb_next
    return trace  # of a syntax error, none: it says itself where it is


def _python2(error: Exception) -> str:
    """Say how to convert a script, if that is what is wrong with it."""
    if isinstance(error, SyntaxError):
        line = error.text or ""
        old = isinstance(error, TabError) or bool(_OLD_SYNTAX.search(line))
        where = error.filename or "SCRIPT"
        only = "-f print " if re.match(r"\s*print\b", line) else ""
        how = f"Convert it with\n  2to3 -w {only}{where}"
    else:
        old = isinstance(error, NameError) and error.name in _GONE_NAMES
        old = old or (
            isinstance(error, ModuleNotFoundError) and error.name in _GONE_MODULES
        )
        how = "Convert the script with\n  2to3 -w SCRIPT"
    if not old:
        return ""
    return (
        f"This is Python 2, which no longer exists. {how}\n(2to3 comes with Python up "
        "to 3.12) and run it again."
    )

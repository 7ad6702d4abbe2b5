"""Directives that take their text from the package.

``cli-help``
    the help of every command.
``cli-run``
    runs a command of the package while the page is built, and shows what it prints.
``maps-table``
    the maps there are.
``layers``
    the layers that import-linter enforces, with what each of them is.

The page ``changelog`` shows ``CHANGELOG.md`` where there is one.
"""

import shlex
import tempfile
import tomllib
from contextlib import chdir
from importlib import import_module
from pathlib import Path

import click
from click.testing import CliRunner
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
_WIDTH = 88


def _literal(text, language="text"):
    block = nodes.literal_block(text, text, classes=["command-output"])
    block["language"] = language
    return block


class CliHelp(SphinxDirective):
    """A section for each command, with its help as the terminal shows it."""

    def run(self):
        """Build the sections."""
        from nimare_neurosynth.cli._main import group

        name = "nimare-neurosynth"
        settings = {**group.context_settings, "max_content_width": _WIDTH}
        parent = click.Context(group, info_name=name, terminal_width=_WIDTH, **settings)
        made = [self._section(name, group.get_help(parent))]
        for command in group.commands.values():
            context = click.Context(command, info_name=command.name, parent=parent)
            made.append(self._section(str(command.name), command.get_help(context)))
            for part in getattr(command, "commands", {}).values():
                inner = click.Context(part, info_name=part.name, parent=context)
                title = f"{command.name} {part.name}"
                made.append(self._section(title, part.get_help(inner)))
        return made

    def _section(self, title, text):
        section = nodes.section(ids=[nodes.make_id(f"command-{title}")])
        section += nodes.title(title, title)
        section += _literal(text)
        return section


class CliRun(SphinxDirective):
    """Run ``nimare-neurosynth ...`` and show it with its output."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {  # noqa: RUF012
        "lines": directives.nonnegative_int,
        "status": directives.nonnegative_int,
    }

    def run(self):
        """Run the command; complain where it ends otherwise than announced."""
        from nimare_neurosynth.cli._main import group

        line = self.arguments[0]
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            result = CliRunner(env={"COLUMNS": str(_WIDTH)}).invoke(
                group, shlex.split(line), prog_name="nimare-neurosynth"
            )
        if result.exit_code != self.options.get("status", 0):
            raise self.error(f"'{line}' ended with {result.exit_code}: {result.output}")
        shown = result.output.rstrip().splitlines()
        limit = self.options.get("lines", len(shown))
        if len(shown) > limit:
            shown = [*shown[:limit], "..."]
        text = "\n".join([f"$ nimare-neurosynth {line}", *shown])
        return [_literal(text, "console")]


class MapsTable(SphinxDirective):
    """The table of ``nimare_neurosynth.meta.MAPS``."""

    def run(self):
        """Build the table."""
        from nimare_neurosynth.meta import MAPS

        rows = ["Name", "What it shows", "Thresholded by"]
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 30 52 18", ""]
        table = [rows] + [
            [f"``{name}``", info.title, info.test or "(nothing)"]
            for name, info in MAPS.items()
        ]
        for row in table:
            for i, cell in enumerate(row):
                lines.append(f"   {'* -' if i == 0 else '  -'} {cell}")
        return self.parse_rst(lines)

    def parse_rst(self, lines):
        """Parse generated reStructuredText."""
        return self.parse_text_to_nodes("\n".join(lines))


class Layers(SphinxDirective):
    """The layers of the package, highest first, from import-linter's contract."""

    def run(self):
        """Draw them."""
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        contracts = settings["tool"]["importlinter"]["contracts"]
        layers = next(c["layers"] for c in contracts if c["type"] == "layers")
        lines = []
        for layer in layers:
            modules = [name.strip() for name in layer.split("|")]
            for module in modules:
                short = module.removeprefix("nimare_neurosynth.")
                doc = import_module(module).__doc__ or ""
                first = doc.strip().splitlines()[0].replace("``", "")
                lines.append(f"  {short:<12}{first}")
            lines.append("      |")
        return [_literal("\n".join(lines[:-1]))]


def _changelog(app, docname, source):
    path = ROOT / "CHANGELOG.md"
    if docname == "changelog" and path.is_file():
        app.env.note_dependency(str(path))
        source[0] = path.read_text(encoding="utf-8")


def setup(app):
    """Register the directives."""
    app.add_directive("cli-help", CliHelp)
    app.add_directive("cli-run", CliRun)
    app.add_directive("maps-table", MapsTable)
    app.add_directive("layers", Layers)
    app.connect("source-read", _changelog)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

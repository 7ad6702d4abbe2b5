"""Tables of the old package's calls and images, from the layer that answers them.

``old-calls``
    every old call with the line that replaces it, module by module.
``old-images``
    every name that an image ever had, and the map it is.
"""

from old_names import calls_by_place, images
from sphinx.util.docutils import SphinxDirective


def _table(widths, rows):
    lines = ["```{list-table}", ":header-rows: 1", f":widths: {widths}", ""]
    for row in rows:
        for i, cell in enumerate(row):
            lines.append(f"{'* -' if i == 0 else '  -'} {cell}")
    return [*lines, "```", ""]


class OldCalls(SphinxDirective):
    """A table for each module of the old package."""

    def run(self):
        """Build the tables."""
        lines = []
        for title, calls in calls_by_place().items():
            rows = [(f"``{title}``", "Today")]
            rows += [(f"``{call}``", f"``{advice}``") for call, advice in calls]
            lines += _table("34 66", rows)
        return self.parse_text_to_nodes("\n".join(lines))


class OldImages(SphinxDirective):
    """The table of images."""

    def run(self):
        """Build the table."""
        rows = [("Name", "In versions", "Map here", "What it is")]
        rows += [(f"``{n}``", *others) for n, *others in images()]
        return self.parse_text_to_nodes("\n".join(_table("26 12 30 32", rows)))


def setup(app):
    """Register the directives."""
    app.add_directive("old-calls", OldCalls)
    app.add_directive("old-images", OldImages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

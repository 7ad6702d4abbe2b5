"""Run every ``>>>`` of some pages, and fail the build where one gives something else.

They are plain doctests, page by page, in an empty folder. To run them alone::

    python docs/_ext/snippets.py docs/tutorial.rst
"""

import contextlib
import doctest
import io
import sys
import tempfile
import warnings
from pathlib import Path

from sphinx.util import logging

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def run_page(path):
    """Run a page's snippets; give what went wrong, or nothing."""
    said = io.StringIO()
    with (
        tempfile.TemporaryDirectory(prefix="snippets-") as folder,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(said),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        failed, tried = doctest.testfile(
            str(path), module_relative=False, optionflags=FLAGS, encoding="utf-8"
        )
    if not tried:
        return f"{path} has no snippets"
    return said.getvalue() if failed else ""


def _run_all(app):
    for page in app.config.snippet_pages:
        wrong = run_page(Path(app.srcdir) / f"{page}.rst")
        if wrong:
            logging.getLogger(__name__).warning("snippets fail:\n%s", wrong)


def setup(app):
    """Register the check."""
    app.add_config_value("snippet_pages", [], "env", types=[list])
    app.connect("builder-inited", _run_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    sys.exit("".join(run_page(Path(page).resolve()) for page in sys.argv[1:]) or None)

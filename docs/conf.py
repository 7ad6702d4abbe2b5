"""How the documentation is built: ``python -m sphinx -W docs docs/_build/html``.

Nothing is fetched while building: no intersphinx, mathematics as MathML, data that come
with NiMARE. What can be taken from the package is taken from it (``_ext``): the help of
the commands, the table of maps, the layers, the lists of public names; and every Python
snippet on the pages is run, so that none of them can go stale.
"""

import os
import sys
import tempfile
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

# the build neither needs nor touches the cache of whoever builds
_CACHE = tempfile.TemporaryDirectory(prefix="docs-cache-")
os.environ["NIMARE_NEUROSYNTH_CACHE"] = _CACHE.name
os.environ["MPLBACKEND"] = "Agg"

from api_pages import write_api_pages  # noqa: E402

project = "nimare_neurosynth"
author = "The nimare_neurosynth developers"
project_copyright = author
version = release = installed_version("nimare-neurosynth")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "from_package",
    "old_calls",
    "short_names",
    "snippets",
]
exclude_patterns = ["_build", "_ext", "auto_examples/**/*.ipynb"]
templates_path = ["_templates"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

# ------------------------------------------------------------------------ reference

# autosummary looks for its directives before any extension runs
write_api_pages(HERE / "api" / "generated")
autosummary_generate = True
autodoc_typehints = "none"  # types stand in the docstrings, in words
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # a mapping's or an error's own are not ours
numpydoc_show_class_members = False  # the template of a class lists them
numpydoc_xref_param_type = False
nitpicky = True
snippet_pages = ["tutorial"]

# -------------------------------------------------------------------------- gallery

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "gallery_order.READING_ORDER",
    "image_scrapers": ("matplotlib",),
    "reset_modules": (),
    "min_reported_time": 5,
    "write_computation_times": False,
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}

# ----------------------------------------------------------------------------- html

html_theme = "pydata_sphinx_theme"
html_title = "nimare_neurosynth"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
# single pages have no section to navigate
html_sidebars = {
    page: []
    for page in (
        "index",
        "tutorial",
        "method",
        "differences",
        "moving",
        "moving-data",
        "cli",
        "performance",
        "architecture",
        "changelog",
    )
}
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 8,
}

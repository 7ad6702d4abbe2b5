"""The order of the gallery: as someone who learns the package would read it."""

from sphinx_gallery.sorting import FunctionSortKey

_FIRST = (
    "first_map",
    "queries",
    "contrast",
    "posterior",
    "all_terms",
    "term_maps",
    "decoding",
    "macm",
    "coactivation_matrix",
    "parcellation",
    "term_atlas",
    "nimare",
    "converting",
    "ibma",
)


def _place(filename):
    name = filename.removeprefix("plot_").removesuffix(".py")
    place = _FIRST.index(name) if name in _FIRST else len(_FIRST)
    return f"{place:02d} {name}"


READING_ORDER = FunctionSortKey(_place, "READING_ORDER")

"""What the tables of old calls and images say; see ``old_calls``.

Both lists raise an error where they would leave something out.
"""

import ast
from importlib import import_module

LAYER = "nimare_neurosynth.legacy"

PLACES = (
    # the names, in the old package, of modules as people meet them
    ("base.dataset", "Dataset"),
    ("base.mask", "Masker"),
    ("analysis.meta", "meta"),
    ("analysis.decode", "decode"),
    ("analysis.network", "network"),
    ("analysis.compare", "compare"),
    ("analysis.roi", "roi"),
    ("analysis.cluster", "cluster"),
    ("analysis.reduce", "reduce"),
    ("analysis.classify", "classify"),
    ("analysis.stats", "stats"),
    ("base.imageutils", "imageutils"),
    ("base.transformations", "transformations"),
    ("base.lexparser", "lexparser"),
    ("io", "io"),
    ("", "neurosynth"),
)

# what a name was called, from which version on, and until which one
NAMES = (
    ("association-test_z", "0.3.7 on"),
    ("specificity_z", "0.3.6"),
    ("pFgA_z", "until 0.3.5"),
    ("association-test_z_FDR_0.01", "0.3.7 on"),
    ("pFgA_z_FDR_0.01", "until 0.3.6"),
    ("uniformity-test_z", "0.3.7 on"),
    ("consistency_z", "0.3.6"),
    ("pAgF_z", "until 0.3.5"),
    ("uniformity-test_z_FDR_0.01", "0.3.7 on"),
    ("pAgF_z_FDR_0.01", "until 0.3.6"),
    ("pA", "all"),
    ("pAgF", "all"),
    ("pFgA", "all"),
    ("pA_given_pF=0.50", "0.3.8"),
    ("pAgF_given_pF=0.50", "until 0.3.7"),
    ("pFgA_given_pF=0.50", "all"),
)


def calls_by_place():
    """List the old calls under the module that they were in.

    Returns
    -------
    dict of str to list of (str, str)
        By the module's name: calls, and what replaces each.
    """
    from nimare_neurosynth.legacy._advice import ADVICE

    modules = [(import_module(f"{LAYER}.{p}".rstrip(".")), t) for p, t in PLACES]
    found = {title: [] for _, title in modules}
    for call, advice in ADVICE.items():
        ast.parse(advice)
        first = call.partition(".")[0]
        titles = [t for m, t in modules if first == t or _is_of(first, m)]
        if not titles:
            raise ValueError(f"no module of the layer has {first!r} of ADVICE")
        found[titles[0]].append((call, advice))
    return {title: calls for title, calls in found.items() if calls}


def _is_of(name, module):
    """Tell whether a module defines a name, or hands on that of a private one."""
    value = vars(module).get(name)
    home = getattr(value, "__module__", None)
    if home is None:
        return False
    private = any(part.startswith("_") for part in home.split(".")[2:])
    return home == module.__name__ or private


def images():
    """List each name of an image, its versions, the map it is, and what that shows.

    Returns
    -------
    list of (str, str, str, str)
    """
    from nimare_neurosynth.legacy.analysis._names import PLAIN, WITH_PRIOR, read_name
    from nimare_neurosynth.meta import MAPS

    listed = [name for name, _ in NAMES]
    known = [*PLAIN, *(f"{stem}=0.50" for stem in WITH_PRIOR)]
    if missing := sorted(set(known) - set(listed)):
        raise ValueError(f"no version is known for {', '.join(missing)}")
    rows = []
    for name, versions in NAMES:
        asked = read_name(name)
        options = "" if asked.fdr_q is None else f", ``fdr_q={asked.fdr_q}``"
        options += "" if asked.prior is None else f", ``prior={asked.prior}``"
        shown = MAPS[asked.map].title
        rows.append((name, versions, f"``{asked.map}``{options}", shown))
    return rows

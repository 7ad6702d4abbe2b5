"""One page for each subpackage, from its ``__all__``: the reference can't go stale."""

import inspect
import pkgutil
from importlib import import_module

from sphinx.pycode import ModuleAnalyzer

PACKAGE = "nimare_neurosynth"
# ordered as someone who learns the package meets them
MODULES = (
    "",
    "database",
    "database.query",
    "io",
    "converters",
    "validation",
    "datasets",
    "neurostore",
    "meta",
    "decoding",
    "neurovault",
    "networks",
    "estimators",
    "plotting",
    "report",
    "mining",
    "stats",
    "inference",
    "engine",
    "space",
    "errors",
    "legacy",
    "cli",
)


def public_names(module):
    """List what a module offers."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(listed, key=str.casefold)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", "") == module.__name__
    ]


def write_api_pages(folder):
    """Write the pages into a folder, changing only what differs."""
    folder.mkdir(parents=True, exist_ok=True)
    top = import_module(PACKAGE)
    at_top = {id(getattr(top, name)): name for name in top.__all__}
    for short in MODULES:
        module = import_module(f"{PACKAGE}.{short}" if short else PACKAGE)
        page = _page(module, {} if module is top else at_top)
        path = folder / f"{module.__name__}-module.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")


def _page(module, at_top):
    name = module.__name__
    classes, functions, data, elsewhere = [], [], [], []
    for member in public_names(module):
        value = getattr(module, member)
        if id(value) in at_top:
            elsewhere.append(member)
        elif inspect.isclass(value):
            classes.append(member)
        elif inspect.isroutine(value):
            functions.append(member)
        else:
            data.append(member)
    lines = [name, "=" * len(name), "", f".. automodule:: {name}", ""]
    lines += [f".. currentmodule:: {name}", ""]
    for title, members in (("Functions", functions), ("Classes", classes)):
        if members:
            lines += [title, "-" * len(title), "", ".. autosummary::"]
            lines += ["   :toctree:", "", *(f"   {m}" for m in members), ""]
    if data:
        lines += ["Data", "----", ""]
        texts = _data_docs(module)
        for member in data:
            lines += [f".. py:data:: {member}", ""]
            lines += [f"   {line}".rstrip() for line in texts.get(member, [])] + [""]
    if elsewhere:
        links = ", ".join(f":obj:`~{PACKAGE}.{m}`" for m in elsewhere)
        lines += [f"At the top level: {links}.", ""]
    return "\n".join(lines)


def _data_docs(module):
    """Find the texts that stand below assignments in a package's files."""
    names = [module.__name__]
    if hasattr(module, "__path__"):
        names += [
            f"{module.__name__}.{item.name}"
            for item in pkgutil.iter_modules(module.__path__)
        ]
    texts = {}
    for name in names:
        found = ModuleAnalyzer.for_module(name).find_attr_docs()
        texts.update({n: text for (scope, n), text in found.items() if not scope})
    return texts

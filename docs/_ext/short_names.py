"""Let docstrings name things by short names, or by the module that defines them.

``Database.select`` and ``nimare_neurosynth.database.Database.select`` are documented as
``nimare_neurosynth.Database.select``. A reference that nothing answers is looked up by
its end, from the first capital letter on, and taken where exactly one name fits.
"""

from sphinx.util.nodes import make_refnode


def _resolve(app, env, node, contnode):
    if node.get("refdomain") != "py":
        return None
    parts = node["reftarget"].strip(".").split(".")
    while len(parts) > 1 and parts[0].islower():
        parts.pop(0)
    end = "." + ".".join(parts)
    known = env.get_domain("py").objects
    found = [name for name in known if name.endswith(end)]
    if len(found) != 1:
        return None
    entry = known[found[0]]
    return make_refnode(
        app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, found[0]
    )


def setup(app):
    """Register the resolver."""
    app.connect("missing-reference", _resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

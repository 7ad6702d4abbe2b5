"""Query trees to generate, and what a tree means, worked out study by study."""

import numpy as np
from hypothesis import strategies as st

from nimare_neurosynth.database.query import And, Compare, Name, Not, Or

WORDS = ("pain", "n-back", "5ht", "0_wm", "emot*", "?x", "001", "alzheimer's", "über")
SPECIAL = ("a & b", "(x)", "p > 1", "a:b", "~not", "double  blank", 'say "it"', " x ")


def _names():
    plain = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
    label_sets = st.none() | plain | st.sampled_from(["LDA50", "a:b", "my terms"])
    return st.one_of(
        st.builds(Name, plain, label_sets),
        st.builds(Name, plain | st.sampled_from(SPECIAL), label_sets, st.just(True)),
    )


def _grow(trees):
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    signs = st.sampled_from(["<", "<=", ">", ">="])
    operands = st.lists(trees, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, trees),
        st.builds(And, operands),
        st.builds(Or, operands),
        st.builds(Compare, trees, signs, numbers),
    )


def trees(names=None):
    """Give a strategy for trees over some names (by default, over awkward ones)."""
    return st.recursive(_names() if names is None else names, _grow, max_leaves=8)


def meaning(node, weights, threshold, func):
    """Say, for one study, whether a tree selects it and with what weight.

    ``weights`` has the study's weight for each name. Written from the description of
    the language, one study at a time, to check the package's arrays against.
    """
    if isinstance(node, Name):
        weight = weights[node.text]
        return weight >= threshold, weight
    if isinstance(node, Not):
        return not meaning(node.operand, weights, threshold, func)[0], None
    if isinstance(node, Compare):
        inside, weight = meaning(node.operand, weights, threshold, func)
        if isinstance(node.operand, Name) and node.operator in (">", ">="):
            inside = True  # the bound stands in the place of the threshold
        return inside and _holds(weight, node.operator, node.value), weight
    sides = [meaning(n, weights, threshold, func) for n in node.operands]
    chosen = (all if isinstance(node, And) else any)(side[0] for side in sides)
    present = [w if inside else 0.0 for inside, w in sides if w is not None]
    combine = {"sum": sum, "min": min, "max": max, "mean": np.mean}[func]
    return chosen, combine(present) if present else None


def _holds(weight, operator, value):
    return {
        "<": weight < value,
        "<=": weight <= value,
        ">": weight > value,
        ">=": weight >= value,
    }[operator]


def compares_absence(node):
    """Tell whether a tree compares the weight of what has none (``~a > 1``)."""
    if isinstance(node, Name):
        return False
    if isinstance(node, Not):
        return compares_absence(node.operand)
    if isinstance(node, Compare):
        return not _has_weight(node.operand) or compares_absence(node.operand)
    return any(map(compares_absence, node.operands))


def _has_weight(node):
    if isinstance(node, Name):
        return True
    if isinstance(node, Not):
        return False
    if isinstance(node, Compare):
        return _has_weight(node.operand)
    return any(map(_has_weight, node.operands))

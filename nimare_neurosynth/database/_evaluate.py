"""What a query means for a database."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database._labelset import LabelSet, check_function
from nimare_neurosynth.database.query import (
    And,
    Compare,
    Name,
    Node,
    Not,
    Or,
    match_names,
    parse,
    parse_right_to_left,
    pointer,
)
from nimare_neurosynth.errors import (
    OptionError,
    QueryError,
    UnknownTermError,
    suggest,
    warn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray

_COMPARISONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Chosen:
    """Studies that a part of a query selects, with weights where they have some."""

    mask: BoolArray
    weights: NDArray[np.float64] | None


def check_threshold(threshold: float) -> float:
    """Raise an OptionError unless a weight threshold is a finite number."""
    try:
        value = float(threshold)
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value) or value < 0:
        raise OptionError(f"threshold must be a number from 0 up, got {threshold!r}.")
    return value


class Evaluator:
    """Evaluates queries on a set of label sets.

    Parameters
    ----------
    label_sets : mapping of str to LabelSet
        What names can mean.
    label_set : str or None
        Where names without a prefix are looked up first; the first set with weights by
        default.
    threshold : float
        A term is in a study at this weight or more.
    func : {"sum", "mean", "min", "max"}
        How the weights of several matching labels, and of operands, combine.
    """

    def __init__(
        self,
        label_sets: Mapping[str, LabelSet],
        *,
        label_set: str | None,
        threshold: float,
        func: str,
    ) -> None:
        check_function(func)
        self.label_sets = label_sets
        self.threshold = check_threshold(threshold)
        self.func = func
        self.query = ""
        if label_set is not None and str(label_set) not in label_sets:
            raise UnknownTermError(self._no_set(str(label_set)))
        self.label_set = label_set
        self.used: dict[str, None] = {}  # label sets that names were found in

    def run(self, query: str) -> tuple[Node, Chosen]:
        """Evaluate a query; warn where legacy Neurosynth read it otherwise."""
        if not isinstance(query, str):
            raise QueryError(f"a query must be text, got {type(query).__name__}.")
        self.query = query
        node = parse(query)
        chosen = self.evaluate(node)
        other = parse_right_to_left(query)
        if other is not None and other != node:
            there = self.evaluate(other)
            if not np.array_equal(there.mask, chosen.mask):
                warn(
                    f"this query is read as {node} "
                    f"({np.count_nonzero(chosen.mask):,} studies); legacy Neurosynth, "
                    f"which read everything from right to left, took it as {other} "
                    f"({np.count_nonzero(there.mask):,} studies). Add parentheses to "
                    "say which you mean."
                )
        return node, chosen

    def evaluate(self, node: Node) -> Chosen:
        """Evaluate one node of a query's tree."""
        if isinstance(node, Name):
            weights = self._weights(node)
            return Chosen(weights >= self.threshold, weights)
        if isinstance(node, Compare):
            return self._compare(node)
        if isinstance(node, Not):
            return Chosen(~self.evaluate(node.operand).mask, None)
        return self._combine(node)

    def _compare(self, node: Compare) -> Chosen:
        """Keep studies by weight; a lower bound on a name replaces the threshold."""
        if isinstance(node.operand, Name) and node.operator.startswith(">"):
            weights = self._weights(node.operand)
            inside = np.ones(len(weights), dtype=bool)
        else:
            operand = self.evaluate(node.operand)
            if operand.weights is None:
                raise QueryError(
                    f"'{node}' compares a weight, but studies selected by what they "
                    "lack (~) have none."
                )
            weights, inside = operand.weights, operand.mask
        passed = _COMPARISONS[node.operator](weights, node.value)
        return Chosen(inside & passed, weights)

    def _combine(self, node: And | Or) -> Chosen:
        """Evaluate operands one by one: a chain of thousands holds two at a time."""
        mask: BoolArray | None = None
        total: NDArray[np.float64] | None = None
        n_weights = 0
        for operand in node.operands:
            side = self.evaluate(operand)
            if mask is None:
                mask = side.mask
            else:
                mask = mask & side.mask if isinstance(node, And) else mask | side.mask
            if side.weights is not None:
                weights = np.where(side.mask, side.weights, 0.0)
                total = weights if total is None else self._pair(total, weights)
                n_weights += 1
        if total is not None and self.func == "mean":
            total = total / n_weights
        assert mask is not None  # noqa: S101 - a chain has operands
        return Chosen(mask, total)

    def _pair(
        self, a: NDArray[np.float64], b: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        if self.func == "min":
            return np.minimum(a, b)
        return np.maximum(a, b) if self.func == "max" else a + b

    def _weights(self, name: Name) -> NDArray[np.float64]:
        label_set, columns = self.resolve(name)
        self.used[label_set.name] = None
        return label_set.combined(columns, self.func)

    def resolve(self, name: Name) -> tuple[LabelSet, list[int]]:
        """Find the labels that a name means.

        Raises
        ------
        UnknownTermError
            If there are none, or none with weights, or if it is unclear which set is
            meant.
        """
        hits = {
            key: columns
            for key, labels in self._sets_for(name).items()
            if (columns := match_names(name.text, labels.labels, literal=name.quoted))
        }
        usable = [key for key in hits if self.label_sets[key].weights is not None]
        if not hits:
            raise self._unknown(name)
        if not usable:
            raise self._error(
                name,
                f"{name.text!r} is in the vocabulary of {next(iter(hits))!r}, but this "
                "database does not have that label set's weights."
                f"{self._with_weights()}",
            )
        first = self.label_set or self._default()
        if first in usable:
            return self.label_sets[first], hits[first]
        if len(usable) > 1:
            options = ", ".join(f"{key}:{name.text}" for key in usable)
            raise self._error(
                name, f"{name.text!r} is in several label sets: say which, {options}."
            )
        return self.label_sets[usable[0]], hits[usable[0]]

    def _sets_for(self, name: Name) -> Mapping[str, LabelSet]:
        if name.label_set is None:
            return self.label_sets
        if name.label_set not in self.label_sets:
            raise self._error(name, self._no_set(name.label_set))
        return {name.label_set: self.label_sets[name.label_set]}

    def _default(self) -> str | None:
        with_weights = (k for k, s in self.label_sets.items() if s.weights is not None)
        return next(with_weights, None)

    def _unknown(self, name: Name) -> UnknownTermError:
        if not self.label_sets:
            return self._error(name, "this database has no terms to select by.")
        sets = self._sets_for(name)
        labels = [label for s in sets.values() for label in s.labels]
        hint = suggest(name.text, labels)
        words = {"and": "&", "or": "|", "not": "~"}
        used = [w for w in name.text.lower().split() if w in words]
        if used and not name.quoted:
            signs = ", ".join(f"{words[w]} for {w!r}" for w in dict.fromkeys(used))
            hint = f" Write {signs}." + hint
        where = f"label set {name.label_set!r}" if name.label_set else "this database"
        return self._error(name, f"no term of {where} matches {name.text!r}.{hint}")

    def _no_set(self, label_set: str) -> str:
        known = ", ".join(repr(key) for key in self.label_sets) or "none"
        hint = suggest(label_set, self.label_sets)
        return f"there is no label set {label_set!r}; there is {known}.{hint}"

    def _with_weights(self) -> str:
        sets = [repr(k) for k, s in self.label_sets.items() if s.weights is not None]
        return f" With weights: {', '.join(sets)}." if sets else ""

    def _error(self, name: Name, message: str) -> UnknownTermError:
        return UnknownTermError(message + pointer(self.query, name.position))

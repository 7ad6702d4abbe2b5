"""Expressions over features: ``emot* &~ (reward | pain)``.

They are read by :mod:`nimare_neurosynth.database.query`; strictly, from right to left
as the old package did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import Chosen, Evaluator
from nimare_neurosynth.database.query import (
    And,
    Compare,
    Name,
    Or,
    parse,
    parse_right_to_left,
)
from nimare_neurosynth.errors import QueryError, UnknownTermError, warn
from nimare_neurosynth.legacy._advice import is_strict, old
from nimare_neurosynth.legacy._frames import OldSeries
from nimare_neurosynth.legacy.base._features import (
    FeatureTable,
    Func,
    combine,
    known_function,
    match_old,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import LabelSet
    from nimare_neurosynth.legacy.base.dataset import Dataset


class _OldEvaluator(Evaluator):
    """Evaluates queries with any function, finding nothing where nothing matches."""

    def __init__(self, table: FeatureTable, threshold: float, func: Func) -> None:
        known = known_function(func)
        named = known if isinstance(known, str) else "sum"
        super().__init__(
            {"features": table.labels()},
            label_set=None,
            threshold=threshold,
            func=named,
        )
        self.any_func = known
        self.n_studies = len(table.data)

    def resolve(self, name: Name) -> tuple[LabelSet, list[int]]:
        labels = self.label_sets["features"]
        if is_strict():
            return labels, match_old(name.text, labels.labels)
        try:
            return super().resolve(name)
        except UnknownTermError as error:
            warn(f"no study is found by a part of this expression: {error}")
            return labels, []

    def _weights(self, name: Name) -> NDArray[np.float64]:
        labels, columns = self.resolve(name)
        if not columns:
            return np.full(self.n_studies, -np.inf)  # below any threshold
        return labels.combined(columns, self.any_func)  # type: ignore[arg-type]

    def _compare(self, node: Compare) -> Chosen:
        if not is_strict():
            return super()._compare(node)
        side = self.evaluate(node.operand)
        if side.weights is None:
            return super()._compare(node)
        # the old > was >=, and looked only at what had passed the threshold
        up = node.operator.startswith(">")
        passed = side.weights >= node.value if up else side.weights < node.value
        return Chosen(side.mask & passed, side.weights)

    def _combine(self, node: And | Or) -> Chosen:
        if isinstance(self.any_func, str):
            return super()._combine(node)
        sides = [self.evaluate(operand) for operand in node.operands]
        masks = np.array([side.mask for side in sides])
        joined = np.logical_and if isinstance(node, And) else np.logical_or
        mask: BoolArray = np.asarray(joined.reduce(masks, axis=0))
        weights = [
            np.where(side.mask, side.weights, 0.0)
            for side in sides
            if side.weights is not None
        ]
        total = combine(np.stack(weights, axis=1), self.any_func) if weights else None
        return Chosen(mask, total)


def weights_of(
    table: FeatureTable, expression: str, threshold: float, func: Func
) -> OldSeries:
    """Give the studies that an expression selects, with their weights.

    Raises
    ------
    QueryError
        If it cannot be read.
    """
    if not table.feature_names:
        warn("this Dataset has no features: add some with add_features() first.")
        return OldSeries([], index=table.data.index[:0], dtype=float)
    evaluator = _OldEvaluator(table, threshold, func)
    if is_strict() and isinstance(expression, str) and expression.strip():
        node = parse_right_to_left(expression) or parse(expression)
        chosen = evaluator.evaluate(node)
    else:
        chosen = evaluator.run(expression)[1]
    weights = np.zeros(len(table.data)) if chosen.weights is None else chosen.weights
    found = OldSeries(weights, index=table.data.index)[chosen.mask]
    return OldSeries(found)


class Lexer:
    """Part of the old parser; there is nothing to build any more."""

    def __init__(self, dataset: Dataset | None = None) -> None:
        self.dataset = dataset

    def build(self, **_: Any) -> None:
        """Do nothing."""


class Parser:
    """Evaluates expressions on the features of a Dataset.

    Parameters
    ----------
    lexer : Lexer
        Not used.
    dataset : Dataset
        Whose features are meant.
    threshold : float
        A feature is in a study at this weight or more.
    func : {"sum", "mean", "min", "max"} or callable
        Combines weights.
    """

    @old("Parser")
    def __init__(
        self,
        lexer: Any,
        dataset: Dataset,
        threshold: float = 0.001,
        func: Func = np.sum,
    ) -> None:
        self.lexer = lexer
        self.dataset = dataset
        self.threshold = threshold
        self.func = func

    def build(self, **_: Any) -> None:
        """Do nothing."""

    def parse(self, input: str) -> OldSeries:
        """Give the weights of the studies that an expression selects."""
        if not isinstance(input, str):
            raise QueryError(f"an expression is text, got {input!r}.")
        table = self.dataset.feature_table
        return weights_of(table, input, self.threshold, self.func)

"""From tokens to a tree.

The grammar, loosest binding first::

    union        = intersection ("|" intersection)*
    intersection = item ("&" item)*
    item         = "~" item | operand (compare number)?
    operand      = "(" union ")" | name
    name         = (words or quoted ":")? words or quoted

Legacy Neurosynth declared no precedence and so read everything from right to left, all
operators alike: ``a & b | c`` was ``a & (b | c)`` and ``a & b > 1`` was
``a & (b > 1)``, but also ``a &~ b &~ c`` was ``a &~ (b &~ c)``.
:func:`parse_right_to_left` reads a query in that way, to tell where it matters.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from nimare_neurosynth.database.query._nodes import And, Compare, Name, Node, Not, Or
from nimare_neurosynth.database.query._tokens import Token, error_at, tokenize
from nimare_neurosynth.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_DEPTH = 100


def parse(query: str) -> Node:
    """Read a query.

    Parameters
    ----------
    query : str
        Names, ``&``, ``|``, ``~``, comparisons and parentheses.

    Returns
    -------
    Node

    Raises
    ------
    QueryError
        Pointing at the character where the query stops making sense.

    Examples
    --------
    >>> print(parse("a | b & ~c"))
    a | (b & ~c)
    """
    return _Parser(query).whole()


def parse_right_to_left(query: str) -> Node | None:
    """Read a query as legacy Neurosynth did: every operator binds to all on its right.

    Parameters
    ----------
    query : str
        A query that :func:`parse` can read.

    Returns
    -------
    Node or None
        None where legacy had no reading (it knew ``~`` only as part of ``&~``) and
        where its reading is nested too deep to follow.

    Examples
    --------
    >>> print(parse_right_to_left("a & b | c"))
    a & (b | c)
    >>> parse_right_to_left("~a") is None
    True
    """
    tokens = list(tokenize(query))
    before = [None, *tokens]
    for previous, token in zip(before, tokens, strict=False):
        if token.text == "~" and (previous is None or previous.text != "&"):
            return None
    try:
        return _flat(_RightToLeftParser(query).whole())
    except QueryError:
        return None


def _flat(node: Node) -> Node:
    """Flatten chains of one operator, for which both readings are the same."""
    if isinstance(node, Not):
        return Not(_flat(node.operand))
    if isinstance(node, Compare):
        return Compare(_flat(node.operand), node.operator, node.value)
    if isinstance(node, Name):
        return node
    left, right = map(_flat, node.operands)
    same = right.operands if type(right) is type(node) else (right,)
    return type(node)((left, *same))


class _Parser:
    """Recursive descent with one token of look-ahead."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.tokens = list(tokenize(query))
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def error(self, message: str, token: Token | None = None) -> QueryError:
        return error_at(self.query, (token or self.token).position, message)

    def take(self, kind: str, *texts: str) -> Token | None:
        """Take the next token if it is of this kind (and one of these texts)."""
        token = self.token
        if token.kind != kind or (texts and token.text not in texts):
            return None
        self.at += 1
        return token

    def whole(self) -> Node:
        if self.token.kind == "end":
            raise self.error("the query is empty: name a term, for example 'pain'.")
        node = self.union()
        if self.token.kind != "end":
            raise self.error(self.unexpected("an operator (&, |, <, >) or the end"))
        return node

    def union(self) -> Node:
        return self.chain("|", Or, self.intersection)

    def intersection(self) -> Node:
        return self.chain("&", And, self.item)

    def chain(
        self, sign: str, kind: type[And | Or], operand: Callable[[], Node]
    ) -> Node:
        """Read operands with one sign between them: a chain of any length is flat."""
        operands = [operand()]
        while self.take("operator", sign):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else kind(tuple(operands))

    def item(self) -> Node:
        if self.take("operator", "~"):
            self.deeper()
            node: Node = Not(self.item())
            self.depth -= 1
            return node
        return self.compared(self.operand())

    def compared(self, node: Node) -> Node:
        depth = self.depth
        while compare := self.take("compare"):
            self.deeper()
            node = Compare(node, compare.text, self.number())
        self.depth = depth
        return node

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error(f"the query is nested more than {_MAX_DEPTH} deep.")

    def operand(self) -> Node:
        opening = self.take("operator", "(")
        if opening is None:
            return self.name()
        self.deeper()
        node = self.union()
        self.depth -= 1
        if self.take("operator", ")") is None:
            raise self.error("this parenthesis is never closed.", opening)
        return node

    def number(self) -> float:
        token = self.token
        try:
            value = float(token.text) if token.kind == "word" else float("nan")
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise self.error(self.unexpected("a number to compare the weight with"))
        self.at += 1
        return value

    def name(self) -> Name:
        first = self.token
        text, quoted = self.words()
        if self.take("colon") is None:
            return Name(text, None, quoted, first.position)
        label_set = text
        text, quoted = self.words()
        return Name(text, label_set, quoted, first.position)

    def words(self) -> tuple[str, bool]:
        quoted = self.take("quoted")
        if quoted is not None:
            if not quoted.text.strip():
                raise self.error("a quoted name must not be empty.", quoted)
            return quoted.text, True
        words = []
        while word := self.take("word"):
            words.append(word.text)
        if not words:
            raise self.error(self.unexpected("a term, '(' or '~'"))
        return " ".join(words), False

    def unexpected(self, wanted: str) -> str:
        token = self.token
        found = "the query ends" if token.kind == "end" else f"there is {token.text!r}"
        return f"{found} where {wanted} is expected."


class _RightToLeftParser(_Parser):
    """The same operands, but all operators alike and to the right."""

    def union(self) -> Node:
        self.deeper()
        node = self.compared(self.operand())
        if self.take("operator", "|"):
            node = Or((node, self.union()))
        elif self.take("operator", "&"):
            negated = self.take("operator", "~")
            right = self.union()
            node = And((node, Not(right) if negated else right))
        self.depth -= 1
        return node

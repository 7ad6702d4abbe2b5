"""From text to tokens that know where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+)
  | (?P<compare><=|>=|<|>)
  | (?P<operator>[&|~()])
  | (?P<quoted>"[^"]*"|'[^']*'(?![^\s&|~()<>=":]))
  | (?P<colon>:)
  | (?P<word>[^\s&|~()<>=":]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A piece of a query.

    Attributes
    ----------
    kind : {"compare", "operator", "quoted", "colon", "word", "end"}
    text : str
        As written; quotes removed.
    position : int
        Where it begins in the query.
    """

    kind: str
    text: str
    position: int


_AROUND = 60


def error_at(query: str, position: int, message: str) -> QueryError:
    """Make an error that points at a character of the query."""
    return QueryError(message + pointer(query, position))


def pointer(query: str, position: int) -> str:
    """Show the query (of a long one, a part), with a sign below one character."""
    first, last = max(0, position - _AROUND), position + _AROUND
    before = "..." if first > 0 else ""
    after = "..." if last < len(query) else ""
    part = "".join(c if c.isprintable() else " " for c in query[first:last])
    indent = " " * (len(before) + position - first)
    return f"\n  {before}{part}{after}\n  {indent}^"


def tokenize(query: str) -> Iterator[Token]:
    """Cut a query into tokens, with an ``end`` token last.

    Raises
    ------
    QueryError
        At a character that has no meaning, such as a lone quote.

    Examples
    --------
    >>> [token.text for token in tokenize('"n back" &~ pain > .1')]
    ['n back', '&', '~', 'pain', '>', '.1', '']
    """
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise error_at(query, position, _bad_character(query[position]))
        kind = str(match.lastgroup)
        text = match.group()
        if kind != "blank":
            cut = text[1:-1] if kind == "quoted" else text
            yield Token(kind, cut, position)
        position = match.end()
    yield Token("end", "", len(query))


def _bad_character(character: str) -> str:
    if character == '"':
        return "this quotation mark is never closed."
    return (
        f"{character!r} has no meaning here: comparisons are <, <=, > and >=; names "
        "that hold such characters must be quoted."
    )

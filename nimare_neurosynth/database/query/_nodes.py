"""The tree of a query. ``str(node)`` is a query that parses to the same node."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

_WORD = r"""[^\s&|~()<>=":'][^\s&|~()<>=":]*"""
_PLAIN = re.compile(f"{_WORD}(?: {_WORD})*")


@dataclass(frozen=True)
class Name:
    """A term, possibly with wildcards and the name of its label set."""

    text: str
    label_set: str | None = None
    quoted: bool = False
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        prefix = "" if self.label_set is None else _quote(self.label_set) + ":"
        return prefix + (_quoted(self.text) if self.quoted else _quote(self.text))


@dataclass(frozen=True)
class Not:
    """Every study that the operand does not select."""

    operand: Node

    def __str__(self) -> str:
        return f"~{_wrap(self.operand)}"


@dataclass(frozen=True)
class And:
    """Studies that all operands select."""

    operands: tuple[Node, ...]

    def __str__(self) -> str:
        return " & ".join(map(_wrap, self.operands))


@dataclass(frozen=True)
class Or:
    """Studies that any operand selects."""

    operands: tuple[Node, ...]

    def __str__(self) -> str:
        return " | ".join(map(_wrap, self.operands))


@dataclass(frozen=True)
class Compare:
    """Studies whose weight stands in some relation to a number."""

    operand: Node
    operator: str
    value: float

    def __str__(self) -> str:
        operand = f"({self.operand})" if isinstance(self.operand, Not) else None
        return f"{operand or _wrap(self.operand)} {self.operator} {self.value!r}"


Node: TypeAlias = Name | Not | And | Or | Compare


def _wrap(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or | Compare) else str(node)


def _quote(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'

"""The query language: ``emotion* & ~(reward | pain)``.

``_tokens`` cuts text into tokens, ``_parser`` builds a tree, ``_wildcards`` matches
names. What a tree means for a database is :mod:`nimare_neurosynth.database`'s business.
"""

from nimare_neurosynth.database.query._nodes import (
    And,
    Compare,
    Name,
    Node,
    Not,
    Or,
)
from nimare_neurosynth.database.query._parser import parse, parse_right_to_left
from nimare_neurosynth.database.query._tokens import pointer
from nimare_neurosynth.database.query._wildcards import has_wildcard, match_names

__all__ = [
    "And",
    "Compare",
    "Name",
    "Node",
    "Not",
    "Or",
    "has_wildcard",
    "match_names",
    "parse",
    "parse_right_to_left",
    "pointer",
]

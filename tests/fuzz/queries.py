"""Queries and conditions that no one would write."""

import json
from collections.abc import Callable
from random import Random

from tests.fuzz.mutate import Mutator
from tests.fuzz.sources import Files
from tests.fuzz.tables import ODD_CHARACTERS, ODD_TEXTS

NAMES = (
    "pain",
    "emotion*",
    "'n-back'",
    '"working memory"',
    "working memory",
    "001",
    "é",
)
NAMES += (
    "terms:pain",
    "LDA4:*_pain*",
    "LDA9:0_a",
    "LDA4:",
    ":pain",
    "nosuch",
    "?ain",
    "*",
)
SIGNS = (
    "&",
    "|",
    "~",
    "&~",
    "(",
    ")",
    "<",
    "<=",
    ">",
    ">=",
    "=",
    "!",
    ":",
    '"',
    "'",
    ",",
)
NUMBERS = (
    ".1",
    "0",
    "1e999",
    "nan",
    "1_0",
    "١",
    "0x1",
    "9" * 5000,
    "-1",
    "1e-400",
    "inf",
)
COLUMNS = ("year", "journal", "title", "study_id", "doi", "YEAR", "x", "", "*", "spac?")


def soup(rng: Random) -> str:
    pieces = [
        rng.choice((*NAMES, *SIGNS, *NUMBERS)) for _ in range(rng.randrange(1, 30))
    ]
    return rng.choice(["", " ", "  "]).join(pieces)


def grammar(rng: Random, depth: int = 0) -> str:
    """Write a query that is mostly right."""
    kind = rng.randrange(8) if depth < 6 else 0
    if kind <= 2:
        return rng.choice(NAMES[:8])
    if kind == 3:
        return f"~{grammar(rng, depth + 1)}"
    if kind == 4:
        compare = rng.choice(["<", "<=", ">", ">="])
        return f"({grammar(rng, depth + 1)}) {compare} {rng.choice(NUMBERS[:2])}"
    if kind == 5:
        return f"({grammar(rng, depth + 1)})"
    sign = rng.choice([" & ", " | ", " &~ ", "&"])
    return sign.join(grammar(rng, depth + 1) for _ in range(rng.choice([2, 2, 3])))


def nearly_right(rng: Random) -> str:
    text = grammar(rng)
    for _ in range(rng.choice([1, 1, 3])):
        at = rng.randrange(len(text) + 1)
        end = at + rng.choice([0, 0, 1, 2])
        text = text[:at] + rng.choice(("", *SIGNS, *ODD_CHARACTERS)) + text[end:]
    return text


def deep(rng: Random) -> str:
    n = rng.choice([1, 49, 99, 100, 101, 1000, 50_000])
    opening, closing = rng.choice(
        [
            ("(", ")"),
            ("~", ""),
            ("~(", ")"),
            ("(pain & ", ")"),
            ("pain & (", ")"),
            ("((", ")"),
        ]
    )
    return opening * n + "pain" + closing * n


def long_chain(rng: Random) -> str:
    n = rng.choice([2, 60, 99, 100, 101, 1000])
    chains = (
        " & ",
        " | ",
        " &~ ",
        " > .1 > ",
        " & pain | ",
        " ",
        "|emotion&",
        " > .01 & ",
    )
    return rng.choice(chains).join([rng.choice(NAMES[:5])] * n)


def wildcards(rng: Random) -> str:
    pieces = (
        "*",
        "?",
        "*?",
        "?*",
        "e",
        "a",
        "emo",
        "o",
        "_",
        "[",
        "]",
        "\\",
        ".",
        "+",
        "$",
    )
    n = rng.choice([1, 3, 8, 20, 60])
    return "".join(rng.choice(pieces) for _ in range(n)) + rng.choice(["", "z", "*"])


def backtracking(rng: Random) -> str:
    """Write a pattern that nearly matches in very many ways."""
    piece = rng.choice(["*?", "?*", "*a", "*e", "*a*", "*m*e", "o?*", "*?*"])
    return rng.choice(["", "*"]) + piece * rng.randrange(1, 40) + rng.choice("#z*")


def odd_characters(rng: Random) -> str:
    characters = [
        chr(rng.choice([rng.randrange(256), rng.randrange(0xD7FF)])) for _ in "ab" * 9
    ]
    odd = [*characters, *ODD_CHARACTERS, "\ud800", *map(str, ODD_TEXTS[:20])]
    return "".join(rng.choice(odd) for _ in range(rng.choice([0, 1, 5, 40])))


def very_long_word(rng: Random) -> str:
    return rng.choice(["pain", "(", "*", "é ", "'x'", "a:", "1"]) * rng.choice(
        [500, 20_000]
    )


def condition(rng: Random) -> str:
    sign = rng.choice(
        ["<", "<=", ">", ">=", "=", "==", "!=", "<>", "", "=>", "~", "===" * 40]
    )
    value = rng.choice(
        [*ODD_TEXTS, *NUMBERS, "199?", "*a*e*i*o*u*z" * 4, "Neuro*", "2010"]
    )
    column = rng.choice([*COLUMNS, rng.choice(ODD_TEXTS)])
    return f"{column}{rng.choice(['', ' '])}{sign}{rng.choice(['', ' '])}{value}"


def _as_file(make: Callable[[Random], str], kind: str) -> Mutator:
    """Put a query, and how to ask it, where the runner looks for them."""

    def mutate(files: Files, rng: Random) -> None:
        how: dict[str, object] = {"kind": kind}
        if kind == "query":
            how["kind"] = rng.choice(["query", "query", "query", "labels"])
            how["func"] = rng.choice(["sum"] * 4 + ["mean", "min", "max", "median"])
            how["threshold"] = rng.choice([0.001] * 4 + [0, 0.3, -1, "x", 1e308])
            how["label_set"] = rng.choice([None] * 4 + ["LDA4", "LDA9", "nosuch", ""])
        files["query.txt"] = make(rng).encode(errors="surrogatepass")
        files["how.json"] = json.dumps(how).encode()

    return mutate


QUERIES: dict[str, Mutator] = {
    f.__name__: _as_file(f, "query")
    for f in (
        *(soup, grammar, nearly_right, deep, long_chain, wildcards, backtracking),
        *(odd_characters, very_long_word),
    )
} | {"condition": _as_file(condition, "where")}

"""Analyses: :mod:`meta`, :mod:`decode`, :mod:`network`, :mod:`cluster`, ..."""

__all__ = [
    "classify",
    "cluster",
    "compare",
    "decode",
    "meta",
    "network",
    "reduce",
    "roi",
    "stats",
]

"""Data: :mod:`dataset`, :mod:`mask`, :mod:`imageutils`, :mod:`transformations`, ..."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["dataset", "imageutils", "lexparser", "mask", "transformations"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

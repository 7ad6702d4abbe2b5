"""Odds and ends of the old package."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import Any


def deprecated(*args: Any) -> Any:
    """Mark a function as deprecated, with or without a message of one's own.

    Parameters
    ----------
    *args
        The function, or the message.

    Examples
    --------
    >>> @deprecated("use sum")
    ... def add(a, b):
    ...     return a + b
    """
    if len(args) == 1 and callable(args[0]):
        name = args[0].__name__
        message = f"Function {name!r} will be removed from a later version."
        return _warning(args[0], message)
    return lambda function: _warning(function, *args)


def _warning(function: Any, message: str) -> Any:
    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return function(*args, **kwargs)

    return called

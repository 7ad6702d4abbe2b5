"""Compilation of kernels, with a typed face."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def kernel(function: F) -> F:
    """Compile a function with Numba: serial, without the GIL, cached on disk.

    Numba's own parallel layer is not used: it aborts or deadlocks under server threads
    and forks. Where no folder for the cache can be written, the kernel is compiled anew
    in each process.

    Parameters
    ----------
    function : callable
        A function on arrays and numbers.

    Returns
    -------
    callable
        The compiled function; the plain one stays reachable as ``py_func``.
    """
    try:
        compiled = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        compiled = numba.njit(nogil=True)(function)
    return cast("F", compiled)

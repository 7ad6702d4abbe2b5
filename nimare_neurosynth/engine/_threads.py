"""The one thread pool: what is done to many parts, each part by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = TypeVar("P")
T = TypeVar("T")


def check_n_jobs(n_jobs: int) -> None:
    """Check a number of threads.

    Parameters
    ----------
    n_jobs : int
        A number from 1 up, or -1 for all cores (-2 for all but one, and so on).

    Raises
    ------
    OptionError
        If it is 0 or no whole number.
    """
    if not isinstance(n_jobs, int | np.integer) or n_jobs == 0:
        raise OptionError(
            f"n_jobs must be a number of threads, or -1 for all cores, got {n_jobs!r}."
        )


def in_threads(
    function: Callable[[P], T],
    parts: Sequence[P],
    *,
    n_jobs: int,
    progress: bool = False,
    **bar: Any,
) -> list[T]:
    """Call a function with each of many parts, in threads.

    Parameters
    ----------
    function : callable
        May write into arrays that all calls share, each into its own part of them.
    parts : sequence
        What it is called with.
    n_jobs : int
        Threads; see :func:`check_n_jobs`.
    progress : bool
        Show a bar on standard error where it takes more than a second.
    **bar
        Of the bar: ``desc`` and ``unit``.

    Returns
    -------
    list
        What the function returned, in the order of the parts.

    Examples
    --------
    >>> in_threads(abs, [-1, 2, -3], n_jobs=2)
    [1, 2, 3]
    """
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    tasks = tqdm(parts, disable=not progress, delay=1, **bar)
    if n_jobs == 1 or len(parts) == 1:
        return [function(part) for part in tasks]
    # functions write into shared arrays: other processes would write into copies
    results = Parallel(n_jobs=n_jobs, require="sharedmem")(
        delayed(function)(part) for part in tasks
    )
    return list(results)

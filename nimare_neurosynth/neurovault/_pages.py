"""Lists that come in pages, read to their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE_SIZE = 100
_MOST = 100_000
"""A server that lists more is not believed."""


def all_pages(
    ask: Callable[[str], Any], path: str, *, page_size: int = PAGE_SIZE
) -> Iterator[Any]:
    """Give all entries of a list, page by page.

    The addresses of further pages are made here; those that the server gives could
    lead anywhere.

    Parameters
    ----------
    ask : callable
        Gives the JSON of a path.
    path : str
        Of the list.
    page_size : int
        Entries to ask for at a time.

    Yields
    ------
    object
        Each entry once.

    Raises
    ------
    NetworkError
        If the answer is no list, goes on without end, or ends before all that it
        counts has come.
    """
    seen: set[str] = set()
    offset, count = 0, None
    while count is None or offset < count:
        answer = ask(f"{path}?format=json&limit={page_size}&offset={offset}")
        entries, count = _checked(answer, path)
        new = [entry for entry in entries if _is_new(entry, seen)]
        if not new and offset < count:
            raise NetworkError(
                f"{path}: the server counts {count:,} entries and gives {len(seen):,}. "
                "Nothing was used, since some would be missing: try again later."
            )
        offset += len(entries)
        yield from new
    if len(seen) < (count or 0):
        raise NetworkError(
            f"{path}: the server counts {count:,} entries and gives {len(seen):,} "
            "different ones; the list has perhaps changed meanwhile: try again."
        )


def _checked(answer: Any, path: str) -> tuple[list[Any], int]:
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise NetworkError(
            f"{path}: the answer holds no list of results: is this the address of "
            "NeuroVault's API (it ends in /api)?"
        )
    count = answer.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise NetworkError(f"{path}: the server does not say how many entries it has.")
    if max(count, len(answer["results"])) > _MOST:
        raise NetworkError(
            f"{path}: the server lists {count:,} entries, more than the {_MOST:,} that "
            "are believed."
        )
    return answer["results"], count


def _is_new(entry: Any, seen: set[str]) -> bool:
    """Note an entry; lists that change between pages repeat some."""
    key = str(entry.get("id")) if isinstance(entry, dict) else repr(entry)
    is_new = key not in seen
    seen.add(key)
    return is_new

"""Everything the package raises or warns with.

::

    NeurosynthError
    ├── OptionError            (ValueError)  an option has an impossible value
    ├── QueryError             (ValueError)  a query cannot be read
    │   └── UnknownTermError   (KeyError)    a query names what is not there
    ├── SelectionError         (ValueError)  selections do not fit together
    │   └── EmptySelectionError              nothing was selected
    ├── FormatError            (ValueError)  a file or folder is not what it should be
    ├── ImageError             (ValueError)  an image cannot be used
    └── NetworkError           (ConnectionError)  a server does not give what is asked
        ├── RefusedError                     it says no
        └── UnsureError                      it may have done what was sent, or not

    NeurosynthWarning          (UserWarning)
    └── LegacyWarning                        a call of the old package has a successor

Each message says what was wrong, what was found, what is allowed and what to do.
"""

from __future__ import annotations

import sys
import warnings
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


_LONGEST = 1500
"""Characters of a message; what people mistook for a query can be a whole file."""


class NeurosynthError(Exception):
    """Root of all errors that this package raises on purpose.

    Messages quote what was wrong: they are shortened in their middle where that is
    very long, and control characters (which command terminals) are written as escapes.
    """

    exit_code: ClassVar[int] = 1
    """What the command line exits with: 1, the work failed; 2, the call was wrong."""

    _longest: ClassVar[int] = _LONGEST

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message), longest=self._longest))


def printable(message: str, *, longest: int = _LONGEST) -> str:
    r"""Shorten a message in its middle, and write control characters as escapes.

    Parameters
    ----------
    message : str
    longest : int
        Of more characters, the middle is left out.

    Returns
    -------
    str

    Examples
    --------
    >>> printable("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    if len(message) > longest:
        head, tail = message[: longest * 2 // 3], message[-longest // 4 :]
        message = f"{head} [...] {tail}"
    if all(c.isprintable() or c == "\n" for c in message):
        return message
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in message
    )


class OptionError(NeurosynthError, ValueError):
    """An option has a value that cannot work."""

    exit_code = 2


class QueryError(NeurosynthError, ValueError):
    """A query cannot be read."""

    exit_code = 2


class UnknownTermError(QueryError, KeyError):
    """A query names a term, label set or column that the database does not have."""

    def __str__(self) -> str:
        # KeyError would show the message as a quoted, escaped representation
        return str(self.args[0])


class SelectionError(NeurosynthError, ValueError):
    """Selections do not fit together or do not fit the database."""


class EmptySelectionError(SelectionError):
    """No study was selected."""


class FormatError(NeurosynthError, ValueError):
    """A file or folder is not what it claims or needs to be."""


class ImageError(NeurosynthError, ValueError):
    """An image cannot be used for what was asked."""


class NetworkError(NeurosynthError, ConnectionError):
    """A server cannot be reached, or does not give what was asked of it."""

    _longest = 8 * _LONGEST  # it lists what to download by hand


class RefusedError(NetworkError):
    """A server says no.

    Parameters
    ----------
    message : object
    status : int
        The number that it says it with, such as 404.
    """

    def __init__(self, message: object = "", *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class UnsureError(NetworkError):
    """Something was sent, and whether the server did it is not known."""


class NeurosynthWarning(UserWarning):
    """Something worked, but probably not as the caller thinks."""


class LegacyWarning(NeurosynthWarning):
    """A call of the old package works, and this is what replaces it."""


def suggest(word: str, known: Iterable[str], *, n: int = 5) -> str:
    """Say which known words come closest to an unknown one.

    Parameters
    ----------
    word : str
        What was asked for.
    known : iterable of str
        What there is.
    n : int
        At most this many are listed.

    Returns
    -------
    str
        A sentence that starts with a blank, or nothing where nothing is close.

    Examples
    --------
    >>> suggest("memry", ["memory", "pain"])
    " Close matches: 'memory'."
    """
    folded: dict[str, str] = {}
    for name in known:
        folded.setdefault(name.casefold(), name)
    wanted = word.casefold()
    close = get_close_matches(wanted, folded, n=n, cutoff=0.6)
    if len(wanted) >= 3:
        holding = sorted((name for name in folded if wanted in name), key=len)
        close += [name for name in holding if name not in close]
    if not close:
        return ""
    return (
        " Close matches: " + ", ".join(repr(folded[name]) for name in close[:n]) + "."
    )


def warn(message: str, category: type[NeurosynthWarning] = NeurosynthWarning) -> None:
    """Warn at the line of the caller's own code, however deep the package is in."""
    level, frame = 1, sys._getframe()  # noqa: SLF001 - the documented way to look up
    inside = __name__.partition(".")[0]
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] != inside:
            break
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)

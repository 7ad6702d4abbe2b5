"""What was, or would be, sent: an account, item by item."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import NetworkError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

PLANNED = "planned"
DONE = "done"
EARLIER = "done earlier"
REFUSED = "refused"
FAILED = "failed"
UNSURE = "unsure"
WAITING = "waiting"

_COMPLETE = frozenset({DONE, EARLIER})


@dataclass
class Entry:
    """One request, and what became of it.

    Attributes
    ----------
    key : str
        What it is about.
    method, path : str
        Of the request. Ids that the server has yet to give stand as ``<id of ...>``.
    body : dict
        What is sent, as JSON.
    status : str
        ``"planned"``, ``"done"``, ``"done earlier"``, ``"refused"`` by the server,
        ``"failed"`` (nothing was done), ``"unsure"`` (it may have been done), or
        ``"waiting"`` for others.
    id : str
        What the server calls the object.
    message : str
        Why it was not done.
    """

    key: str
    method: str
    path: str
    body: dict[str, Any]
    status: str = PLANNED
    id: str = ""
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give plain types."""
        return asdict(self)


@dataclass
class Account:
    """All requests of a push.

    Attributes
    ----------
    entries : list of Entry
        In their order.
    dry_run : bool
        Nothing was sent.
    journal : pathlib.Path or None
        The file that remembers what was done.
    """

    entries: list[Entry] = field(default_factory=list)
    dry_run: bool = True
    journal: Path | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Any:
        return iter(self.entries)

    @property
    def complete(self) -> bool:
        """Whether everything is on the server."""
        return all(entry.status in _COMPLETE for entry in self.entries)

    @property
    def ids(self) -> dict[str, str]:
        """What the server calls the objects, by their keys."""
        return {entry.key: entry.id for entry in self.entries if entry.id}

    def table(self) -> pd.DataFrame:
        """Give a row for each request, without its body."""
        import pandas as pd

        columns = ["key", "method", "path", "status", "id", "message"]
        rows = [entry.to_dict() for entry in self.entries]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Give plain types, with the bodies."""
        return {
            "dry_run": self.dry_run,
            "journal": None if self.journal is None else str(self.journal),
            "requests": [entry.to_dict() for entry in self.entries],
        }

    def __str__(self) -> str:
        if not self.entries:
            return "nothing to send: the server has all of it."
        return "\n".join(
            f"{e.status:<12} {e.method:<4} {e.path}  ({e.key})"
            f"{f': {e.message}' if e.message else ''}"
            for e in self.entries
        )


class UnfinishedPushError(NetworkError):
    """Not everything was sent.

    Parameters
    ----------
    account : Account
        What was done, and what was not.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        counts: dict[str, int] = {}
        for entry in account:
            counts[entry.status] = counts.get(entry.status, 0) + 1
        first = next((e for e in account if e.message), None)
        said = f"\nFirst: {first.key}: {first.message}" if first else ""
        unsure = (
            "\nWhat is unsure may be on the server: look there, and say its id, or "
            "'none', in settled (--settled 'KEY=ID')."
            if UNSURE in counts
            else ""
        )
        super().__init__(
            f"{', '.join(f'{n:,} {status}' for status, n in counts.items())}.{said}"
            f"{unsure}\nThe same call goes on where this one stopped; what was done is "
            f"in {account.journal}."
        )

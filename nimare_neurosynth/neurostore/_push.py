"""Sending a plan, with a journal: nothing is sent twice, and nothing is lost unseen.

The journal says before a request that it is sent, and after it what became of it. What
makes something new is not repeated if nobody knows whether it came through.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nimare_neurosynth._http import json_bytes
from nimare_neurosynth.errors import (
    FormatError,
    NetworkError,
    OptionError,
    RefusedError,
    UnsureError,
)
from nimare_neurosynth.io import check_folder, write_json
from nimare_neurosynth.neurostore._account import (
    DONE,
    EARLIER,
    FAILED,
    REFUSED,
    UNSURE,
    WAITING,
    Account,
    Entry,
)
from nimare_neurosynth.neurostore._payload import fill
from nimare_neurosynth.neurostore._plan import Item, analysis_key, study_key
from nimare_neurosynth.neurostore._server import check_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nimare_neurosynth.neurostore._server import Server

_FORMAT = "nimare-neurosynth-push"
_SENDING = "sending"
_STOPPING = frozenset({0, 401, 429, 503})
"""After these answers nothing else will go better."""


def digest_of(*facts: Any) -> str:
    """Give a hash of plain types, the same each time."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Journal:
    """A small file that remembers what was sent.

    Attributes
    ----------
    path : pathlib.Path or None
        Nothing is remembered for None.
    server, content : str
        Where to, and the hash of what.
    items : dict
        What became of each.
    """

    path: Path | None
    server: str
    content: str
    items: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self) -> None:
        """Read what an earlier call left.

        Raises
        ------
        FormatError
            If the file is no journal.
        OptionError
            If it is that of something else.
        """
        if self.path is None or not self.path.exists():
            return
        try:
            facts = json.loads(self.path.read_text("utf-8"))
            items = facts["items"]
            own = (facts["format"], facts["server"], facts["content"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise FormatError(f"{self.path} is no journal of a push.") from error
        good = isinstance(items, dict) and all(
            isinstance(each, dict) and isinstance(each.get("id", ""), str)
            for each in items.values()
        )
        if not good or own[0] != _FORMAT:
            raise FormatError(f"{self.path} is no journal of a push.")
        if own[1:] != (self.server, self.content):
            raise OptionError(
                f"{self.path} is the journal of another push (other content, options "
                "or server): name another file."
            )
        self.items = items

    def settle(self, settled: Mapping[str, str | None]) -> None:
        """Take the user's word for what was unsure.

        Raises
        ------
        OptionError
            If it was not.
        """
        for key, own in settled.items():
            state = self.items.get(key, {}).get("status")
            if state not in {UNSURE, _SENDING}:
                raise OptionError(f"{key!r} is not unsure: leave it out of settled.")
            if own is None:
                del self.items[key]
            else:
                self.items[key] = {"status": DONE, "id": check_id(own, key)}

    def mark(self, key: str, status: str, **facts: str) -> None:
        """Remember what became of an item, on the disk."""
        self.items[key] = {"status": status, **facts}
        self.write()

    def write(self) -> None:
        """Write the file, whole or not at all."""
        if self.path is not None:
            facts = {
                "format": _FORMAT,
                "version": 1,
                "server": self.server,
                "content": self.content,
                "items": self.items,
            }
            write_json(self.path, facts)

    def id_of(self, key: str) -> str | None:
        """Give the id that the server gave to an item, if it has."""
        own = self.items.get(key, {})
        return own.get("id") if own.get("status") == DONE else None

    @property
    def ids(self) -> dict[str, str]:
        """Ids that the server gave, by key."""
        done = {k: v for k, v in self.items.items() if v.get("status") == DONE}
        return {key: own["id"] for key, own in done.items() if own.get("id")}


def planned(items: Sequence[Item]) -> Account:
    """Give the account of what would be sent."""
    return Account([_entry(item) for item in items])


def _entry(item: Item) -> Entry:
    return Entry(item.key, item.method, _path(item.path), item.body)


def _path(path: Sequence[str]) -> str:
    return "/" + "/".join(path) + ("/" if len(path) == 1 else "")


@dataclass
class _MissingError(Exception):
    """An id that is not there yet."""

    key: str


@dataclass
class Push:
    """Sends a plan.

    Attributes
    ----------
    server : Server
        Where to.
    document : mapping
        What the plan is of.
    journal : Journal
        What is done.
    is_update : bool
        The plan is of what differs now: changes that were made earlier are in it only
        if something has changed them back.
    """

    server: Server
    document: Mapping[str, Any]
    journal: Journal
    is_update: bool = False
    stopped: bool = False

    def run(self, items: Sequence[Item]) -> Account:
        """Send what is not there yet.

        Raises
        ------
        FormatError
            If the journal cannot be written; nothing is sent then.
        """
        if self.journal.path is not None:
            check_folder(self.journal.path.parent)
            self.journal.write()
        entries = [self._do(item) for item in items]
        return Account(entries, dry_run=False, journal=self.journal.path)

    def _do(self, item: Item) -> Entry:
        entry = _entry(item)
        before = self.journal.items.get(item.key, {})
        status = before.get("status")
        if status == DONE and not (self.is_update and item.method == "PUT"):
            entry.status, entry.id = EARLIER, before.get("id", "")
        elif status in {UNSURE, _SENDING} and item.method == "POST":
            entry.status = UNSURE
            entry.message = before.get("message") or "the call that sent it was ended."
        elif self.stopped:
            entry.status = WAITING
        else:
            self._try(item, entry)
        return entry

    def _try(self, item: Item, entry: Entry) -> None:
        """Send one, and say in its entry what became of it."""
        try:
            path = tuple(fill(part, self._id) for part in item.path)
            entry.path, entry.body = _path(path), fill(item.body, self._id)
            json_bytes(entry.body)  # what cannot be sent is not begun with
        except _MissingError as missing:
            entry.status, entry.message = WAITING, f"it needs the {missing.key}."
            return
        except (NetworkError, FormatError) as error:
            self._note(entry, FAILED, error, stop=isinstance(error, NetworkError))
            return
        self.journal.mark(item.key, _SENDING)
        try:
            entry.id = self._send(item, path, entry.body)
        except UnsureError as error:
            self._note(entry, UNSURE, error, stop=True)
        except RefusedError as error:
            self._note(entry, REFUSED, error, stop=error.status in _STOPPING)
        except NetworkError as error:
            self._note(entry, FAILED, error, stop=True)
        else:
            entry.status = DONE
            self.journal.mark(item.key, DONE, id=entry.id)
            self._learn_new(entry)

    def _note(self, entry: Entry, status: str, error: Exception, *, stop: bool) -> None:
        entry.status, entry.message = status, str(error)
        self.stopped = self.stopped or stop
        self.journal.mark(entry.key, status, message=entry.message)

    def _send(self, item: Item, path: tuple[str, ...], body: dict[str, Any]) -> str:
        answer = self.server.ask(item.method, *path, body=body)
        own = answer.get("id")
        try:
            made = check_id(own, item.key)
        except OptionError as error:
            raise UnsureError(
                f"the server says it did it, but not what it calls it ({error})"
            ) from error
        if item.method == "PUT" and made != path[-1]:
            raise UnsureError(f"the server says that it changed {made} instead.")
        return made

    # ------------------------------------------------------------------------- ids

    def _id(self, key: str) -> str:
        """Give the id of what was made; ask for those of analyses when needed."""
        found = self.journal.id_of(key)
        if found is None and key.startswith("analysis "):
            self._learn(key)
            found = self.journal.id_of(key)
        if found is None:
            raise _MissingError(key)
        return found

    def _learn_new(self, entry: Entry) -> None:
        """Learn what new analyses are called, else the next update made them again."""
        new = [a for a in entry.body.get("analyses") or [] if "id" not in a]
        if not self.is_update or not new:
            return
        for study in self.document["studies"]:
            if study_key(study["id"]) == entry.key:
                with suppress(NetworkError, OptionError):  # done is done
                    self._learn(analysis_key(study["id"], study["analyses"][0]["id"]))

    def _learn(self, wanted: str) -> None:
        """Ask what the server calls the analyses of a study that was sent."""
        for study in self.document["studies"]:
            analyses = study.get("analyses") or []
            keys = [analysis_key(study["id"], each["id"]) for each in analyses]
            if wanted in keys:
                break
        else:
            raise _MissingError(wanted)
        own = self.journal.id_of(study_key(study["id"]))
        if own is None:
            raise _MissingError(study_key(study["id"]))
        found = _analysis_ids(self.server.get("studies", own, nested="true"), study)
        for key, made in zip(keys, found, strict=True):
            self.journal.items[key] = {"status": DONE, "id": made}
        self.journal.write()


def _analysis_ids(there: Mapping[str, Any], study: Mapping[str, Any]) -> list[str]:
    """Find the analyses of a study among those that the server has."""
    listed = there.get("analyses")
    theirs = (
        [a for a in listed if isinstance(a, dict)] if isinstance(listed, list) else []
    )
    ours = study.get("analyses") or []
    if len(theirs) != len(ours):
        raise NetworkError(
            f"the server has {len(theirs)} analyses of {there.get('id')}, of "
            f"{len(ours)} that were sent: look there."
        )
    left = {a.get("id"): a for a in theirs}
    same = [left.pop(a["id"], None) for a in ours]
    others = iter(sorted(left.values(), key=lambda a: _place(a.get("order"))))
    found = [own or next(others) for own in same]
    for our, own in zip(ours, found, strict=True):
        if (our.get("name") or None) != (own.get("name") or None):
            raise NetworkError(
                f"the analyses of {there.get('id')} are in another order than they "
                "were sent in: which is which cannot be told."
            )
    return [check_id(own.get("id"), "an analysis") for own in found]


def _place(order: object) -> float:
    return float(order) if isinstance(order, int | float) else 0.0

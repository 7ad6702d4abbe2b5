"""Sending item by item, so that nothing is lost and nothing arrives twice.

A journal says what has arrived. After an interruption the server itself is asked too:
each item is known by a key in its description.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import NetworkError, RefusedError, UnsureError
from nimare_neurosynth.io import check_folder, locked, write_json
from nimare_neurosynth.neurovault._pages import all_pages
from nimare_neurosynth.neurovault._push import Push
from nimare_neurosynth.neurovault._records import image_row

if TYPE_CHECKING:
    from pathlib import Path

    from nimare_neurosynth._http import Client
    from nimare_neurosynth.neurovault._client import NeuroVault
    from nimare_neurosynth.neurovault._push import Item

_HOPELESS = frozenset({401, 403, 404, 429})
"""Answers that all further items would get as well."""


def send_plan(
    vault: NeuroVault, plan: Push, collection: str, journal: Path | None
) -> Push:
    """Send what was planned.

    Parameters
    ----------
    vault : NeuroVault
        With a token.
    plan : Push
        What to send.
    collection : str
        Its key.
    journal : pathlib.Path, optional
        Where to note what has arrived; in the cache by default.

    Returns
    -------
    Push
        What became of each item.

    Raises
    ------
    NetworkError
        If it cannot be seen what the collection holds already.
    """
    if journal is None:
        short = hashlib.sha256(plan.url.encode()).hexdigest()[:16]
        journal = vault.cache / "neurovault" / f"push-{short}.json"
    check_folder(journal.parent)
    journal.parent.mkdir(parents=True, exist_ok=True)
    with locked(journal.parent):
        work = _Sending(vault, plan.url, collection, journal)
        return Push(plan.url, work.run(plan.items), is_dry_run=False)


@dataclass
class _Sending:
    vault: NeuroVault
    url: str
    collection: str
    journal: Path
    arrived: dict[str, int] = field(default_factory=dict)
    stop: str = ""

    def run(self, items: tuple[Item, ...]) -> tuple[Item, ...]:
        numbers, there = self._there()
        # what was deleted there since may be sent again
        noted = {k: n for k, n in self._noted().items() if n in numbers}
        self.arrived = {**noted, **there}
        found = []
        with self.vault.client() as client:
            for item in items:
                known = self.arrived.get(item.key)
                if known is not None:
                    found.append(replace(item, status="already there", image=known))
                else:
                    found.append(self._send(client, item))
        if any(item.status == "unsure" for item in found):
            found = self._settled(found)
        return tuple(found)

    def _send(self, client: Client, item: Item) -> Item:
        if self.stop:
            return replace(item, status="not tried", message=self.stop)
        files = {"file": (item.file_name, item.content())}
        try:
            url = f"{self.url}images/"
            answer = self.vault.post(client, url, item.fields, files)
        except RefusedError as error:
            if error.status in _HOPELESS:
                self.stop = f"after {item.name!r} was refused ({error.status})."
            return replace(item, status="failed", message=str(error))
        except UnsureError as error:
            return replace(item, status="unsure", message=str(error))
        except NetworkError as error:
            self.stop = "there was no connection any more."
            return replace(item, status="failed", message=str(error))
        try:
            image = image_row(answer, self.vault.base_url)["image"]
        except NetworkError as error:
            return replace(item, status="unsure", message=str(error))
        self._note(item.key, image)
        return replace(item, status="sent", image=image)

    def _settled(self, items: list[Item]) -> list[Item]:
        """Ask the server whether it has what it did not confirm."""
        try:
            _, there = self._there()
        except NetworkError:
            return items
        found = []
        for item in items:
            if item.status == "unsure" and item.key in there:
                self._note(item.key, there[item.key])
                item = replace(  # noqa: PLW2901
                    item, status="sent", image=there[item.key], message=""
                )
            found.append(item)
        return found

    def _there(self) -> tuple[set[int], dict[str, int]]:
        """Ask which images the collection has, and which of them came from here."""
        with self.vault.asking() as ask:
            path = f"/collections/{self.collection}/images/"
            rows = [image_row(e, self.vault.base_url) for e in all_pages(ask, path)]
        keyed = {row["upload_key"]: row["image"] for row in rows if row["upload_key"]}
        return {row["image"] for row in rows}, keyed

    def _noted(self) -> dict[str, int]:
        with suppress(OSError, ValueError, RecursionError):
            facts: Any = json.loads(self.journal.read_text("utf-8"))
            if isinstance(facts, dict) and facts.get("url") == self.url:
                found = facts.get("arrived")
                if isinstance(found, dict):
                    return {k: v for k, v in found.items() if isinstance(v, int)}
        return {}

    def _note(self, key: str, image: int) -> None:
        self.arrived[key] = image
        write_json(self.journal, {"url": self.url, "arrived": self.arrived})

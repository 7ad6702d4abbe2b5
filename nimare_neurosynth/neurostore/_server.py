"""Questions to NeuroStore's REST interface; no answer is trusted to be what it should.

The official SDK is not used: its models drop the study and the analysis of a note, and
it would follow what a server says without the checks that are made here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from nimare_neurosynth._http import Client, Patience, Token, base_address, host_of, send
from nimare_neurosynth.errors import NetworkError, OptionError, UnsureError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BASE_URL = "https://neurostore.org/api"
"""Of the public server."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PAGE_SIZE = 100
_MOST_BYTES = 1 << 30
_MAX_PAGES = 10_000


def check_id(given: object, what: str) -> str:
    """See that an id can be part of an address.

    Raises
    ------
    OptionError
        If it cannot.
    """
    if not isinstance(given, str) or not _ID.fullmatch(given):
        raise OptionError(
            f"{given!r} is no id of {what}: ids have up to 40 letters and digits, such "
            "as '5ncCB9bMbipk'."
        )
    return given


@dataclass
class Server:
    """A NeuroStore server.

    Attributes
    ----------
    base_url : str
        Where its interface is.
    token : Token or None
        What allows to write.
    patience : Patience
        How long and how often.
    """

    base_url: str
    token: Token | None = None
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self.base_url = base_address(self.base_url, BASE_URL)

    @property
    def hosts(self) -> frozenset[str]:
        """Whom to ask."""
        return frozenset({host_of(self.base_url)})

    def url(self, *path: str, **params: Any) -> str:
        """Give the address of an object, or of a list of them."""
        parts = "/".join(quote(part, safe="") for part in path)
        end = "/" if len(path) == 1 else ""
        given = {k: v for k, v in params.items() if v is not None}
        query = f"?{urlencode(given)}" if given else ""
        return f"{self.base_url}/{parts}{end}{query}"

    def ask(
        self, method: str, *path: str, body: Any = None, **params: Any
    ) -> dict[str, Any]:
        """Ask, or send, and give the object that is answered.

        Raises
        ------
        NetworkError
            If there is no answer, or it is no object.
        """
        url = self.url(*path, **params)
        with Client(self.hosts, self.patience) as client:
            answer = send(
                client, method, url, json=body, token=self.token, max_bytes=_MOST_BYTES
            )
        if not isinstance(answer, dict):
            bad = NetworkError if method == "GET" else UnsureError
            raise bad(f"{url} answers with {type(answer).__name__}, no object.")
        return answer

    def get(self, kind: str, key: str, **params: Any) -> dict[str, Any]:
        """Get an object by its id, and see that it is the one.

        Raises
        ------
        NetworkError
            If it cannot be had, or is another one.
        """
        answer = self.ask("GET", kind, key, **params)
        if answer.get("id") != key:
            raise NetworkError(
                f"{self.url(kind, key)} answers with another object: "
                f"{str(answer.get('id'))[:40]!r}."
            )
        return answer

    def listed(
        self, kind: str, params: Mapping[str, Any], *, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Give what is in a list, page by page, each object once.

        Raises
        ------
        NetworkError
            If a page cannot be had, or some of what the server counts never comes.
        """
        seen: set[str] = set()
        n_told = 0
        size = _PAGE_SIZE if limit is None else min(limit, _PAGE_SIZE)
        for page in range(1, _MAX_PAGES):
            answer = self.ask("GET", kind, **params, page=page, page_size=size)
            rows = answer.get("results")
            if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
                raise NetworkError(f"{self.url(kind)}: its 'results' are no objects.")
            n_told += len(rows)
            new = [r for r in rows if isinstance(r.get("id"), str)]
            new = list({r["id"]: r for r in new if r["id"] not in seen}.values())
            for row in new:
                if limit is not None and len(seen) >= limit:
                    return
                seen.add(row["id"])
                yield row
            total = _total(answer)
            if not rows or (total is not None and n_told >= total):
                break
            if not new or (total is None and len(rows) < size):
                break
            if limit is not None and len(seen) >= limit:
                return
        if total is not None and n_told < total:
            raise NetworkError(
                f"{self.url(kind)} counts {total:,} results but gave only {n_told:,}: "
                "ask again, or for fewer."
            )


def _total(answer: dict[str, Any]) -> int | None:
    facts = answer.get("metadata")
    total = facts.get("total_count") if isinstance(facts, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) else None


def get_document(
    server: Server, studyset_id: str, annotation: str | Sequence[str] | None
) -> dict[str, Any]:
    """Get a studyset with its studies, and annotations in it.

    Raises
    ------
    NetworkError
        If it cannot be had, or is none.
    """
    document = server.get("studysets", studyset_id, nested="true")
    studies = document.get("studies")
    if not isinstance(studies, list) or not all(isinstance(s, dict) for s in studies):
        raise NetworkError(
            f"studyset {studyset_id}: its 'studies' are no list of objects."
        )
    if annotation is None:
        return document
    if annotation == "all":
        listed = server.listed("annotations", {"studyset_id": studyset_id})
        given: Sequence[str] = [each["id"] for each in listed]
    else:
        given = [annotation] if isinstance(annotation, str) else annotation
    ids = [check_id(each, "an annotation") for each in given]
    document["annotations"] = [server.get("annotations", each) for each in ids]
    for own in document["annotations"]:
        if own.get("studyset") not in (studyset_id, None):
            raise NetworkError(
                f"annotation {own['id']} is of another studyset: "
                f"{str(own.get('studyset'))[:40]!r}."
            )
    return document

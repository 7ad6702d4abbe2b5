"""The client: what users call."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nimare_neurosynth._http import Patience, Token, token_from
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.neurostore._account import Account, UnfinishedPushError
from nimare_neurosynth.neurostore._payload import whole
from nimare_neurosynth.neurostore._plan import (
    check_ids,
    chosen,
    plan_new,
    plan_update,
    translated,
)
from nimare_neurosynth.neurostore._push import Journal, Push, digest_of, planned
from nimare_neurosynth.neurostore._search import question, study_table
from nimare_neurosynth.neurostore._server import (
    BASE_URL,
    Server,
    check_id,
    get_document,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    import pandas as pd

    from nimare_neurosynth.database import Database

TOKEN_VARIABLE = "NEUROSTORE_TOKEN"  # noqa: S105 - the name of a variable
"""The environment variable that holds the token."""

_FORMS = ("database", "studyset", "document")
_PATIENCE = Patience()


class NeuroStore:
    """A NeuroStore server.

    Parameters
    ----------
    base_url : str
        Where its interface is.
    token : str, optional
        What allows to write; the environment variable ``NEUROSTORE_TOKEN`` by default.
        It is sent to this server only, and shown nowhere.
    timeout_seconds : float
        For the next bytes; what may be asked again is asked several times.

    Raises
    ------
    OptionError
        If the address is none, or not encrypted, or the token is none.

    Examples
    --------
    >>> NeuroStore()
    NeuroStore('https://neurostore.org/api')
    >>> store = NeuroStore()
    >>> found = store.search("n-back", near=(-42, 10, 30))  # doctest: +SKIP
    >>> database = store.get("5ncCB9bMbipk", annotation="all")  # doctest: +SKIP
    """

    def __init__(
        self,
        base_url: str = BASE_URL,
        *,
        token: str | None = None,
        timeout_seconds: float = _PATIENCE.read_seconds,
    ) -> None:
        if timeout_seconds <= 0:
            raise OptionError(
                f"timeout_seconds must be above 0, got {timeout_seconds}."
            )
        patience = replace(_PATIENCE, read_seconds=timeout_seconds)
        self._server = Server(base_url, None, patience)
        url = self._server.base_url
        self._server.token = (
            token_from(TOKEN_VARIABLE, url) if token is None else Token(token, url)
        )

    def __repr__(self) -> str:
        return f"NeuroStore({self._server.base_url!r})"

    # ----------------------------------------------------------------------- search

    def search(
        self,
        text: str | None = None,
        *,
        near: Sequence[float] | None = None,
        radius_mm: float = 6.0,
        year_min: int | None = None,
        year_max: int | None = None,
        source: str | None = None,
        limit: int | None = 100,
    ) -> pd.DataFrame:
        """Find studies.

        Parameters
        ----------
        text : str, optional
            Words of titles, abstracts or authors, as NeuroStore's own search has them.
        near : sequence of float, optional
            Studies with a peak within ``radius_mm`` of x, y, z.
        radius_mm : float
            How near.
        year_min, year_max : int, optional
            First and last year.
        source : str, optional
            Versions of studies that came from there, such as ``"neurosynth"``; not
            together with places or years.
        limit : int, optional
            At most so many; None for all, page by page.

        Returns
        -------
        pandas.DataFrame
            Ids are those of base studies, and their ``versions`` those of studies; with
            ``source``, those of studies.

        Raises
        ------
        OptionError
            If the server cannot be asked this.
        NetworkError
            If it does not answer as it should.

        Examples
        --------
        >>> store = NeuroStore()
        >>> store.search("pain", year_min=2015, limit=10)  # doctest: +SKIP
        >>> store.search(source="neurosynth", year_min=2015)
        Traceback (most recent call last):
            ...
        nimare_neurosynth.errors.OptionError: NeuroStore searches the versions of ...
        """
        if limit is not None and limit < 1:
            raise OptionError(f"limit must be at least 1, got {limit}.")
        years = (year_min, year_max)
        kind, asked = question(text, near, radius_mm, years, source)
        return study_table(self._server.listed(kind, asked, limit=limit))

    # -------------------------------------------------------------------------- get

    def get(
        self,
        studyset_id: str,
        *,
        annotation: str | Sequence[str] | None = None,
        as_: Literal["database", "studyset", "document"] = "database",
    ) -> Any:
        """Get a studyset with all its studies.

        Parameters
        ----------
        studyset_id : str
            As in its address.
        annotation : str or sequence of str, optional
            Ids of annotations of it to get too; all of them for ``"all"``.
        as_ : {"database", "studyset", "document"}
            A Database, NiMARE's Studyset, or the NIMADS document as it came.

        Returns
        -------
        Database, nimare.studyset.Studyset or dict

        Raises
        ------
        OptionError
            If there is no such form, or an id is none.
        NetworkError
            If it is not there, or what comes is no studyset.
        FormatError
            If what comes is a damaged studyset.

        Examples
        --------
        >>> store = NeuroStore()
        >>> store.get("5ncCB9bMbipk", annotation="all")  # doctest: +SKIP
        <Database Studyset for Untitled: 72 studies, ...>
        >>> store.get("../users")
        Traceback (most recent call last):
            ...
        nimare_neurosynth.errors.OptionError: '../users' is no id of a studyset...
        """
        if as_ not in _FORMS:
            raise OptionError(f"as_ must be one of {', '.join(_FORMS)}, got {as_!r}.")
        document = get_document(
            self._server, check_id(studyset_id, "a studyset"), annotation
        )
        if as_ == "document":
            return document
        from nimare_neurosynth.io import from_studyset, open_studyset

        return from_studyset(document) if as_ == "database" else open_studyset(document)

    def save(
        self,
        studyset_id: str,
        path: str | PathLike[str],
        *,
        annotation: str | Sequence[str] | None = "all",
    ) -> Path:
        """Write a studyset as a NIMADS file, which ``read_database`` reads.

        Parameters
        ----------
        studyset_id : str
            As in its address.
        path : str or path
            Ends in ``.json``. The file is there whole or not at all.
        annotation : str or sequence of str, optional
            As for :meth:`get`, but all of them by default.

        Returns
        -------
        pathlib.Path
            Of the file.

        Raises
        ------
        OptionError
            If the name ends otherwise.
        NetworkError
            As for :meth:`get`.
        FormatError
            If it cannot be written.

        Examples
        --------
        >>> NeuroStore().save("5ncCB9bMbipk", "pain.json")  # doctest: +SKIP
        """
        from nimare_neurosynth.io import check_folder, write_atomic

        target = Path(path)
        if target.suffix.lower() != ".json":
            raise OptionError(f"name a file that ends in .json, not {str(path)!r}.")
        check_folder(target.parent)
        key = check_id(studyset_id, "a studyset")
        document = get_document(self._server, key, annotation)
        # escaped: halves of characters, which only escapes can hold, are kept too
        text = json.dumps(document)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(target, text)
        return target

    # --------------------------------------------------------------------- releases

    def releases(self) -> pd.DataFrame:
        """List the releases of all studies, the latest first.

        Returns
        -------
        pandas.DataFrame
            ``version``, ``name``, ``url`` and ``sha256`` of the archives.

        Raises
        ------
        NetworkError
            If the list cannot be had.

        Examples
        --------
        >>> NeuroStore().releases()  # doctest: +SKIP
        """
        import pandas as pd

        from nimare_neurosynth.datasets import list_releases, release_version

        server = self._server
        listed = list_releases(self._releases_url, server.hosts, server.patience)
        rows = [[release_version(f), f.name, f.url, f.sha256] for f in listed]
        return pd.DataFrame(rows, columns=["version", "name", "url", "sha256"])

    @property
    def _releases_url(self) -> str:
        return self._server.url("neurostore-studyset-releases")

    def download(
        self,
        version: str = "latest",
        folder: str | PathLike[str] = ".",
        *,
        progress: bool = True,
    ) -> Path:
        """Download the archive of a release; an interrupted download goes on.

        :func:`nimare_neurosynth.fetch` does the same and opens it.

        Parameters
        ----------
        version : str
            ``"2026-09"``, ``"nightly"`` or ``"latest"``.
        folder : str or path
            Where to; made if it is missing.
        progress : bool
            Show a bar.

        Returns
        -------
        pathlib.Path
            Of the archive, which has the published hash.

        Raises
        ------
        OptionError
            If there is no such release.
        NetworkError
            If it cannot be had; what has come is kept.
        FormatError
            If what comes is not what was published, or cannot be written.

        Examples
        --------
        >>> NeuroStore().download("2026-09", "releases")  # doctest: +SKIP
        """
        from nimare_neurosynth.datasets import download_release

        server = self._server
        return download_release(
            version,
            Path(folder),
            url=self._releases_url,
            hosts=server.hosts,
            patience=server.patience,
            progress=progress,
        )

    # ------------------------------------------------------------------------- push

    def push(
        self,
        source: Database | Mapping[str, Any],
        *,
        update: str | None = None,
        link: bool = False,
        name: str | None = None,
        annotations: Sequence[str] | None = None,
        dry_run: bool = True,
        journal: str | PathLike[str] | None = None,
        settled: Mapping[str, str | None] | None = None,
    ) -> Account:
        """Send studies, a studyset and annotations, or say what would be sent.

        Without ``update`` a new studyset is made, of new studies of your own.

        Parameters
        ----------
        source : Database or dict
            What to send; a dict is a NIMADS document.
        update : str, optional
            Id of a studyset of yours to make equal to the source. Only what differs is
            sent. What the source no longer has is taken out, except for annotations.
        link : bool
            Make a new studyset of studies that are on the server already, under their
            ids, instead of copies.
        name : str, optional
            Of the studyset, instead of its own.
        annotations : sequence of str, optional
            Ids or names of those to send; all by default.
        dry_run : bool
            Send nothing; the default.
        journal : str or path, optional
            The file that remembers what was done, so that the same call goes on after
            an interruption and sends nothing twice. By default
            ``neurostore-push-HASH.json``, with a hash of the content, in the working
            directory.
        settled : mapping, optional
            For items of which nobody knew whether they had come through: the id that
            you found on the server, or None if it is not there.

        Returns
        -------
        Account
            Each request with its body, and what became of it.

        Raises
        ------
        UnfinishedPushError
            If not all was done; its ``account`` says what was.
        OptionError
            If there is no token, or options do not fit.
        NetworkError
            If the server's studyset cannot be had (``update``).
        FormatError
            If the source cannot be sent, or the journal is damaged.

        Examples
        --------
        >>> study = {"id": "1", "name": "A study", "analyses": []}
        >>> account = NeuroStore().push({"name": "mine", "studies": [study]})
        >>> print(account)
        planned      POST /studies/  (study 1)
        planned      POST /studysets/  (studyset)
        >>> account.entries[1].body
        {'name': 'mine', 'studies': ['<id of study 1>']}
        """
        if update is not None and link:
            raise OptionError("link is for new studysets: leave out link or update.")
        document = chosen(whole(source), annotations)
        if name is not None:
            document["name"] = name
        check_ids(document)
        server = self._server
        content = digest_of(document, update, link)
        path = (
            Path(journal) if journal else Path(f"neurostore-push-{content[:12]}.json")
        )
        kept = Journal(path, server.base_url, content)
        kept.read()
        kept.settle(settled or {})
        if update is None:
            items = plan_new(document, link=link)
        else:
            there = whole(
                get_document(self._server, check_id(update, "a studyset"), "all")
            )
            check_ids(there)
            document = translated(document, kept.ids)
            items = plan_update(document, there, frozenset(kept.ids.values()))
        if dry_run:
            return planned(items)
        if server.token is None:
            raise OptionError(
                f"to send something, set the environment variable {TOKEN_VARIABLE} to "
                "your token (in NeuroStore, behind your name)."
            )
        push = Push(server, document, kept, is_update=update is not None)
        account = push.run(items)
        if not account.complete:
            raise UnfinishedPushError(account)
        return account

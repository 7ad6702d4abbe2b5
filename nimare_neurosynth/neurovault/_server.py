"""One server, a token for it, and how it is asked."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth._http import (
    Client,
    Patience,
    Token,
    base_address,
    host_of,
    send,
    token_from,
)
from nimare_neurosynth.io import cache_folder

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

BASE_URL = "https://neurovault.org/api"
TOKEN_VARIABLE = "NEUROVAULT_TOKEN"  # noqa: S105 - the name, not the secret

_PATIENCE = Patience()


class Server:
    """A NeuroVault; see :class:`NeuroVault`."""

    def __init__(
        self,
        base_url: str = BASE_URL,
        *,
        token: str | None = None,
        cache: str | os.PathLike[str] | None = None,
        patience: Patience | None = None,
        progress: bool = False,
    ) -> None:
        self.base_url = base_address(base_url, BASE_URL)
        self.cache = cache_folder() if cache is None else Path(cache)
        self.patience = _PATIENCE if patience is None else replace(patience)
        self.progress = progress
        self._token = (
            token_from(TOKEN_VARIABLE, self.base_url, scheme="Token")
            if token is None
            else Token(token, self.base_url, scheme="Token")
        )

    def __repr__(self) -> str:
        return f"<NeuroVault at {self.base_url}>"

    def post(self, client: Client, url: str, form: Any, files: Any) -> Any:
        """Send a form; see :meth:`push`, which does this."""
        return send(client, "POST", url, form=form, files=files, token=self._token)

    def client(self) -> Client:
        """Give a client of this server alone."""
        return Client(frozenset({host_of(self.base_url)}), self.patience)

    @contextmanager
    def asking(self) -> Iterator[Any]:
        """Give a function that gives the JSON of a path of the API."""
        with self.client() as client:

            def ask(path: str) -> Any:
                return send(client, "GET", f"{self.base_url}{path}", token=self._token)

            yield ask

    @property
    def has_token(self) -> bool:
        """Whether something can be sent."""
        return self._token is not None

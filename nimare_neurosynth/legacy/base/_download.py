from typing import Any


def download(path: Any = ".", url: str | None = None, unpack: bool = False) -> Any:
    raise NotImplementedError


def download_abstracts(*a: Any, **k: Any) -> Any:
    raise NotImplementedError

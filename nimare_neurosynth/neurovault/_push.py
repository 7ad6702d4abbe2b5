"""What is sent to a collection: made up before anything is sent, and shown."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nimare_neurosynth.errors import (
    FormatError,
    ImageError,
    NetworkError,
    OptionError,
    suggest,
)
from nimare_neurosynth.meta import MAPS, Maps, software
from nimare_neurosynth.meta._names import SAVED
from nimare_neurosynth.neurovault._records import LEVELS, MAP_TYPES
from nimare_neurosynth.space import read_volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

ENDINGS = (".nii.gz", ".nii")
_OWN = ("file", "description")
_TYPES = {"z": "Z", "t": "T", "p": "P", "chi2": "X2", "beta": "U", "est": "U"}
_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Item:
    """One image to send, and what became of it.

    Attributes
    ----------
    name, file_name : str
        What it and its file are called there.
    fields : dict of str to str
        The form, but for the file.
    n_bytes : int
        Size of the file.
    sha256 : str
        Its hash.
    key : str
        By which it is found again; it stands in the description.
    status : {"planned", "sent", "already there", "failed", "unsure", "not tried"}
        What became of it.
    image : int or None
        Its number there.
    message : str
        Why it failed.
    """

    name: str
    file_name: str
    fields: dict[str, str]
    n_bytes: int
    sha256: str
    key: str
    status: str = "planned"
    image: int | None = None
    message: str = ""
    read: Callable[[], bytes] = field(repr=False, compare=False, default=bytes)

    def content(self) -> bytes:
        """Give the bytes of the file.

        Raises
        ------
        FormatError
            If they are not those that were planned.
        """
        data = self.read()
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise FormatError(
                f"{self.name}: the map has changed since it was shown what would be "
                "sent. Make a new dry run."
            )
        return data

    def to_dict(self) -> dict[str, Any]:
        """Give everything but the bytes as plain types."""
        return {
            "name": self.name,
            "file": {
                "name": self.file_name,
                "bytes": self.n_bytes,
                "sha256": self.sha256,
            },
            "fields": dict(self.fields),
            "status": self.status,
            "image": self.image,
            "message": self.message,
        }


@dataclass(frozen=True, repr=False)
class Push:
    """What is sent to a collection, item by item.

    Attributes
    ----------
    url : str
        Of the collection; items go to its ``images/``.
    items : tuple of Item
        In the order in which they are sent.
    is_dry_run : bool
        Nothing was sent.
    """

    url: str
    items: tuple[Item, ...]
    is_dry_run: bool = True

    @property
    def failed(self) -> tuple[Item, ...]:
        """Those that did not arrive, or perhaps not."""
        good = {"planned", "sent", "already there"}
        return tuple(item for item in self.items if item.status not in good)

    def table(self) -> pd.DataFrame:
        """Give a row per item.

        Returns
        -------
        pandas.DataFrame
            ``name``, ``map_type``, ``file``, ``bytes``, ``sha256``, ``status``,
            ``image`` and ``message``.
        """
        import pandas as pd

        rows = [
            {
                "name": item.name,
                "map_type": item.fields["map_type"],
                "file": item.file_name,
                "bytes": item.n_bytes,
                "sha256": item.sha256,
                "status": item.status,
                "image": item.image,
                "message": item.message,
            }
            for item in self.items
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Give the account as plain types: each field, and the hash of each file."""
        return {
            "post": f"{self.url}images/",
            "dry_run": self.is_dry_run,
            "items": [item.to_dict() for item in self.items],
        }

    def raise_if_failed(self) -> Push:
        """Raise a NetworkError that lists what did not arrive; give itself otherwise.

        Raises
        ------
        NetworkError
            If an item did not arrive, or perhaps not.
        """
        if not self.failed:
            return self
        listed = "\n".join(
            f"  {item.name}: {item.status}. {item.message}".rstrip()
            for item in self.failed
        )
        raise NetworkError(
            f"{len(self.failed):,} of {len(self.items):,} items did not arrive:\n"
            f"{listed}\nThe same call goes on with these; what has arrived is not sent "
            "again."
        )

    def again(self, url: str) -> Push:
        """Give the plan anew, to be sent to the same collection.

        Raises
        ------
        OptionError
            If it was made for another one.
        """
        if url != self.url:
            raise OptionError(
                f"this was planned for {self.url}, and cannot be sent to {url}."
            )
        items = (
            replace(item, status="planned", image=None, message="")
            for item in self.items
        )
        return Push(self.url, tuple(items))

    def __repr__(self) -> str:
        n = f"{len(self.items):,} item{'s'[: len(self.items) != 1]}"
        state = "dry run" if self.is_dry_run else f"{len(self.failed):,} failed"
        return f"<Push of {n} to {self.url}: {state}>"


def plan_of(
    maps: Any,
    url: str,
    *,
    names: Sequence[str] | None,
    fields: Mapping[str, str],
) -> Push:
    """Make up what is sent; see :meth:`NeuroVault.push`."""
    _check_fields(fields)
    chosen = [names] if isinstance(names, str) else names
    found = list(_sources(maps, chosen))
    if not found:
        raise ImageError("there are no maps to send.")
    items = tuple(_item(url, source, fields) for source in found)
    keys = [item.key for item in items]
    if len(set(keys)) < len(keys):
        raise OptionError("some of these maps are the same: send each once.")
    return Push(url, items)


@dataclass(frozen=True)
class _Source:
    """A map before it is known how it is called there."""

    map_name: str
    title: str
    file_name: str
    read: Callable[[], bytes]
    facts: Mapping[str, Any]


def _check_fields(fields: Mapping[str, str]) -> None:
    for key, value in fields.items():
        if not (isinstance(key, str) and isinstance(value, str) and key):
            raise OptionError(f"fields must be texts; got {key!r}: {value!r}.")
        if key in _OWN:
            raise OptionError(f"the field {key!r} is made of the map and its sidecar.")
    for key, known in (("map_type", MAP_TYPES), ("analysis_level", LEVELS)):
        if key in fields and fields[key] not in known:
            raise OptionError(
                f"{key} must be one of {', '.join(known)}; got {fields[key]!r}."
            )


def _sources(maps: Any, names: Sequence[str] | None) -> Iterable[_Source]:
    if isinstance(maps, Maps):
        return _of_maps(maps, names)
    if hasattr(maps, "get_map") and hasattr(maps, "estimator"):
        return _of_result(maps, names)
    return _of_files(maps, names)


def _of_maps(maps: Maps, names: Sequence[str] | None) -> Iterable[_Source]:
    label = maps.labels[maps.row(None)]
    for name in SAVED if names is None else names:
        facts = maps.sidecar(name)
        image = maps.image(name)
        image.header["descrip"] = MAPS[name].title[:79].encode()
        yield _Source(
            name,
            f"{label}: {name}",
            f"{_safe(name)}.nii.gz",
            lambda image=image: _packed(image),  # type: ignore[misc]
            facts,
        )


def _of_result(result: Any, names: Sequence[str] | None) -> Iterable[_Source]:
    known = [name for name, values in result.maps.items() if values is not None]
    for name in known if names is None else names:
        if name not in known:
            raise OptionError(f"the result has no map {name!r}.{suggest(name, known)}")
        estimator = type(result.estimator).__name__
        yield _Source(
            name,
            f"{estimator}: {name}",
            f"{_safe(name)}.nii.gz",
            lambda name=name: _packed(result.get_map(name)),  # type: ignore[misc]
            _facts_of(result, name),
        )


def _facts_of(result: Any, name: str) -> dict[str, Any]:
    """Describe a map of NiMARE; nothing that could name a place on this machine."""
    facts: dict[str, Any] = {"map": name}
    for part in ("estimator", "corrector"):
        value = getattr(result, part, None)
        if value is None:
            continue
        facts[part] = {"class": type(value).__name__}
        given = value.get_params() if hasattr(value, "get_params") else {}
        plain = {k: v for k, v in given.items() if _is_plain(v)}
        facts[part]["parameters"] = plain
    return {**facts, "methods": result.description_, "software": software()}


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) < 50 and not {"/", "\\"} & set(value)
    return value is None or isinstance(value, bool | int | float)


def _of_files(maps: Any, names: Sequence[str] | None) -> Iterable[_Source]:
    paths = _paths(maps)
    known = [_stem(path) for path in paths.values()]
    for name in names or ():
        if name not in known:
            raise OptionError(f"there is no map {name!r}.{suggest(name, known)}")
    for title, path in paths.items():
        if names is not None and _stem(path) not in names:
            continue
        read_volume(path)  # what is no image is told before anything is sent
        facts = _sidecar(path)
        query = facts.get("query")
        yield _Source(
            _stem(path),
            f"{query}: {_stem(path)}" if isinstance(query, str) else title,
            f"{_safe(_stem(path))}{_ending(path)}",
            lambda path=path: _read_file(path),  # type: ignore[misc]
            facts,
        )


def _paths(maps: Any) -> dict[str, Path]:
    """List the files that are meant, with their titles."""
    if isinstance(maps, Mapping):
        found = {str(title): Path(path) for title, path in maps.items()}
    elif isinstance(maps, str | PathLike):
        found = _in_folder(Path(maps))
    elif isinstance(maps, Sequence):
        found = {_stem(Path(path)): Path(path) for path in maps}
        if len(found) < len(maps):
            raise OptionError("some files have the same name: give {title: file}.")
    else:
        raise OptionError(
            "maps must be Maps, a NiMARE MetaResult, a folder, or files; got "
            f"{type(maps).__name__}."
        )
    for path in found.values():
        if not path.is_file() or not _ending(path):
            raise ImageError(f"{path} is no image file (.nii or .nii.gz).")
    return found


def _in_folder(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        return {_stem(path): path}
    found = sorted(p for p in path.iterdir() if p.is_file() and _ending(p))
    if not found:
        raise ImageError(f"there are no images (.nii, .nii.gz) in {path}.")
    return {_stem(p): p for p in found}


def _sidecar(path: Path) -> dict[str, Any]:
    beside = path.with_name(f"{_stem(path)}.json")
    if not beside.is_file():
        return {}
    try:
        facts = json.loads(beside.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{beside} is no proper JSON ({error}).") from error
    if not isinstance(facts, dict):
        raise FormatError(f"{beside} holds no facts: an object is needed.")
    return facts


def _read_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"{path} is larger than {_MOST_BYTES >> 20:,} MB.")
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}.") from error


def _packed(image: Any) -> bytes:
    """Pack an image, always into the same bytes: no time, no name."""
    return gzip.compress(image.to_bytes(), 6, mtime=0)


def _item(url: str, source: _Source, fields: Mapping[str, str]) -> Item:
    data = source.read()
    sha256 = hashlib.sha256(data).hexdigest()
    is_meta = bool(source.facts)
    form = {
        "name": source.title[:200],
        "map_type": _map_type(source.map_name),
        "modality": "Other",
        "analysis_level": "M" if is_meta else "Other",
        "target_template_image": "GenericMNI",
        **fields,
    }
    about = _description(source.facts)
    told = json.dumps([url, form, about, sha256], sort_keys=True).encode()
    key = hashlib.sha256(told).hexdigest()[:32]
    form["description"] = f"{about}\n\n[upload {key}]".strip()
    return Item(
        form["name"], source.file_name, form, len(data), sha256, key, read=source.read
    )


def _map_type(name: str) -> str:
    return _TYPES.get(re.split(r"[_\-.]", name, maxsplit=1)[0].lower(), "Other")


def _description(facts: Mapping[str, Any]) -> str:
    """Say in words how a map was made, and then everything of its sidecar."""
    if not facts:
        return ""
    methods = facts.get("methods")
    words = methods if isinstance(methods, str) else ""
    rest = json.dumps(facts, indent=1, ensure_ascii=False, default=str)
    return f"{words}\n\n{rest}".strip()


def _ending(path: Path) -> str:
    return next((end for end in ENDINGS if path.name.lower().endswith(end)), "")


def _stem(path: Path) -> str:
    return path.name[: len(path.name) - len(_ending(path))]


def _safe(name: str) -> str:
    return re.sub(r"[^\w=.-]", "_", name, flags=re.ASCII)[:100] or "map"

"""Downloads: today's data under the names that old scripts expect, and abstracts."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit
from xml.etree import ElementTree as ET
from xml.parsers import expat

from nimare_neurosynth import _http
from nimare_neurosynth.converters import convert
from nimare_neurosynth.datasets import GITHUB, check_kind, fetch, unpack_archive
from nimare_neurosynth.errors import FormatError, NetworkError, OptionError, warn
from nimare_neurosynth.io import (
    STAGING,
    atomic_folder,
    check_folder,
    locked,
    write_atomic,
)
from nimare_neurosynth.legacy._advice import old
from nimare_neurosynth.legacy._frames import OldFrame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike
    from xml.etree.ElementTree import Element

EFETCH = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/efetch.fcgi"
"""Where NCBI gives records of PubMed."""

_MOST_BYTES = 16 << 30
_MOST_XML_BYTES = 64 << 20
_AT_ONCE = 200
_PAUSE_SECONDS = 0.34
"""NCBI allows three requests in a second."""

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


@old("download")
def download(
    path: str | PathLike[str] = ".", url: str | None = None, unpack: bool = False
) -> Any:
    """Download the data.

    Parameters
    ----------
    path : str or path
        A folder; or the name of the file, where ``url`` is given and there is no such
        folder.
    url : str, optional
        A file to download. By default, the newest version of Neurosynth's data is
        fetched (once; see :func:`nimare_neurosynth.fetch`) and written as
        ``database.txt`` and ``features.txt``, which take the place of earlier ones.
    unpack : bool
        Unpack the archive that ``url`` is the address of, beside it.

    Returns
    -------
    pathlib.Path or list of pathlib.Path
        What was written; of an archive, what was in it.

    Raises
    ------
    NetworkError
        If it cannot be had; what has come is kept, and the next call goes on.
    FormatError
        If it is not what its name says, cannot be written, or is a dangerous archive.
    OptionError
        If ``url`` is the address of no file.
    """
    if url is None:
        return _todays_data(Path(path))
    if not isinstance(url, str) or not _http.host_of(url):
        raise OptionError(f"url must be the address of a file, got {url!r}.")
    target = Path(path)
    if target.is_dir():
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        if name in {"", ".", ".."} or set(name) & set("/\\\0"):
            raise OptionError(
                f"{url!r} does not say what the file is called: give path as the "
                "name of a file."
            )
        target = target / name
    if unpack and not target.name.lower().endswith(_ARCHIVES):
        raise OptionError(
            f"{target.name} is no archive ({', '.join(_ARCHIVES)}): leave out unpack."
        )
    if not target.parent.is_dir():
        raise FormatError(f"there is no folder {target.parent}.")
    check_folder(target.parent)
    with locked(target.parent):
        bring(url, target)
        return _unpacked(target) if unpack else target


def _todays_data(folder: Path) -> list[Path]:
    """Write what everybody can have today, as the old archive had it in it."""
    check_folder(folder)
    database = fetch("neurosynth")
    with atomic_folder(folder) as staging:
        # of several hundred MB of numbers, as they were published: not read once more
        convert(database, staging, to="neurosynth-legacy", verify=False)
        names = sorted(p.name for p in staging.iterdir())
    return [folder / name for name in names]


def bring(url: str, target: Path) -> None:
    """Download a file, or the rest of it; it has its name when it is complete."""
    host = _http.host_of(url)
    hosts = GITHUB if host in GITHUB else frozenset({host})
    with _http.Client(hosts) as client:
        part = _http.download(client, url, target, max_bytes=_MOST_BYTES, progress=True)
    try:
        check_kind(part, target.name)
        if target.is_dir():
            raise FormatError(f"{target} is a folder: name a file.")
        part.replace(target)
    finally:
        for rest in _http.leftovers(target):
            rest.unlink(missing_ok=True)


def _unpacked(archive: Path) -> list[Path]:
    """Unpack an archive beside itself, when all of it has been looked at."""
    folder = archive.parent
    with tempfile.TemporaryDirectory(prefix=STAGING, dir=folder) as name:
        staging = Path(name)
        unpack_archive(archive, staging)
        files = sorted(p for p in staging.rglob("*") if p.is_file())
        targets = [folder / p.relative_to(staging) for p in files]
        for target in targets:
            check_folder(target.parent)
            if target.is_dir():
                raise FormatError(f"{target} is a folder where a file should go.")
        for file, target in zip(files, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)
    return targets


# ----------------------------------------------------------------------- abstracts


@old("download_abstracts")
def download_abstracts(
    dataset: Any,
    path: str | PathLike[str] = ".",
    email: str | None = None,
    out_file: str | PathLike[str] | None = None,
) -> OldFrame:
    """Download the abstracts of studies from PubMed.

    Parameters
    ----------
    dataset : Dataset or sequence
        Studies, whose ids must be PMIDs; or PMIDs.
    path : str or path
        The folder of ``out_file``.
    email : str
        Yours: NCBI writes to those whose programs go wrong before it shuts them out.
    out_file : str, optional
        Also write a CSV file of this name.

    Returns
    -------
    OldFrame
        ``pmid`` and ``abstract``, of the studies that have one.

    Raises
    ------
    OptionError
        If there is no email, or ids are no PMIDs.
    NetworkError, FormatError
        If PubMed gives no records, or the file cannot be written.
    """
    from tqdm.auto import tqdm

    if not isinstance(email, str) or "@" not in email:
        raise OptionError(
            "NCBI, whose servers are asked, wants the email address of who asks: "
            f"email='you@example.org'. Got {email!r}."
        )
    pmids = _pmids(dataset)
    target = None if out_file is None else Path(path) / out_file
    if target is not None:
        if not target.parent.is_dir() or target.is_dir():
            raise FormatError(f"cannot write {target}: no folder, or no file's name.")
        check_folder(target.parent)
    found: dict[str, str] = {}
    starts = range(0, len(pmids), _AT_ONCE)
    with _http.Client(frozenset({_http.host_of(EFETCH)})) as client:
        for first in tqdm(starts, desc="Abstracts", delay=2):
            began = time.monotonic()
            found |= _records(client, pmids[first : first + _AT_ONCE], email)
            if first + _AT_ONCE < len(pmids):
                time.sleep(max(0.0, began + _PAUSE_SECONDS - time.monotonic()))
    if unknown := [p for p in pmids if p not in found]:
        warn(f"PubMed gave no record of {len(unknown):,} studies: {unknown[0]}, ...")
    rows = [(p, found[p]) for p in pmids if found.get(p)]
    table = OldFrame(rows, columns=["pmid", "abstract"])
    if target is not None:
        write_atomic(target, table.to_csv(index=False))
    return table


def _pmids(dataset: Any) -> list[str]:
    """List PMIDs, each once."""
    if hasattr(dataset, "image_table"):
        dataset = dataset.image_table.ids
    if isinstance(dataset, str) or not hasattr(dataset, "__iter__"):
        raise OptionError(f"a Dataset or a list of PMIDs is needed, got {dataset!r}.")
    listed = list(dict.fromkeys(str(one).strip() for one in dataset))
    strange = [p for p in listed if not (p.isascii() and p.isdecimal())]
    if strange or not listed:
        what = f"{strange[0]!r} is none" if strange else "there is none"
        raise OptionError(f"studies are found in PubMed by their PMID: {what}.")
    return listed


def _records(client: _http.Client, pmids: Sequence[str], email: str) -> dict[str, str]:
    """Ask for the abstracts of some studies."""
    asked = {
        "db": "pubmed",
        "retmode": "xml",
        "tool": "nimare_neurosynth",
        "email": email,
        "id": ",".join(pmids),
    }
    url = f"{EFETCH}?{urlencode(asked, safe=',')}"
    with tempfile.TemporaryDirectory(prefix="nimare-neurosynth-") as folder:
        file = Path(folder, "records.xml")
        part = _http.download(client, url, file, max_bytes=_MOST_XML_BYTES)
        content = part.read_bytes()
    try:
        return read_abstracts(content)
    except FormatError as error:
        raise NetworkError(f"PubMed's answer cannot be read: {error}") from error


def read_abstracts(content: bytes) -> dict[str, str]:
    """Read records of PubMed (XML).

    Parameters
    ----------
    content : bytes
        A ``PubmedArticleSet``.

    Returns
    -------
    dict of str to str
        Abstracts by PMID, "" where a record has none; parts are put together, each with
        its label.

    Raises
    ------
    FormatError
        If it is something else, or declares entities.
    """
    try:
        _refuse_entities(content)
        root = ET.fromstring(content)  # noqa: S314 - has no entities
    except (ET.ParseError, expat.ExpatError) as error:
        raise FormatError(f"this is no proper XML ({error}).") from error
    if root.tag != "PubmedArticleSet":
        raise FormatError(f"this is {root.tag!r}, no PubmedArticleSet.")
    return {
        (record.findtext(".//PMID") or "").strip(): " ".join(_parts(record))
        for record in root
        if record.find(".//PMID") is not None
    }


def _parts(record: Element) -> Iterator[str]:
    """Give the parts of an abstract; those of its translations are elsewhere."""
    for part in record.iterfind(".//Abstract/AbstractText"):
        text = " ".join("".join(part.itertext()).split())
        label = part.get("Label", "").strip()
        if text:
            yield f"{label}: {text}" if label else text


def _refuse_entities(content: bytes) -> None:
    """Refuse declared entities: a few lines of them can stand for gigabytes."""

    def refuse(name: str, *_: Any) -> None:
        raise FormatError(f"this XML declares an entity ({name}): refused.")

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = refuse
    parser.Parse(content, True)

"""Which public databases there are, where their files are, and whose they are.

Neurosynth's and NeuroQuery's files are those of one commit each, so they never change.
Hashes are of the files at that commit, where somebody has published or compared them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import OptionError, suggest
from nimare_neurosynth.io import ATTRIBUTIONS, NEUROSYNTH_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEUROSYNTH = (
    "https://github.com/neurosynth/neurosynth-data/raw/"
    "209c33cd009d0b069398a802198b41b9c488b9b7/"
)
_NEUROQUERY = (
    "https://github.com/neuroquery/neuroquery_data/raw/"
    "4580f86267fb7c14ac1f601e298cbed898d79f2d/data/"
)
GITHUB = frozenset(
    {"github.com", "raw.githubusercontent.com", "media.githubusercontent.com"}
)
"""Hosts that send each other those who ask for a file of a repository."""

_RELEASES = "https://neurostore.org/api/neurostore-studyset-releases/"
_LICENCE_URLS = {
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "BSD-3-Clause": "https://opensource.org/license/bsd-3-clause",
}
_TOPICS = ("LDA50", "LDA100", "LDA200", "LDA400")

_SUMS: dict[str, tuple[int, str]] = {
    "data-neurosynth_version-7_coordinates.tsv.gz": (
        3_587_167,
        "17135be3e08a0ab045896c77217e8463086543a0817d52a6a88c8e32c1161616",
    ),
    "data-neurosynth_version-7_metadata.tsv.gz": (
        1_175_486,
        "8acde7de2a14ee2a12b406e50a8805e83288b0bc78924ddb36879d496dfb757b",
    ),
    "data-neurosynth_version-7_vocab-terms_source-abstract_type-tfidf_features.npz": (
        9_896_293,
        "1b3359eebcbc8557340583788b3855031ea21361e87c265cb8fc540d9b6c4edd",
    ),
    "data-neurosynth_version-7_vocab-terms_vocabulary.txt": (
        33_799,
        "71c1858c5eb1bcc79854198bbca234569731efdc382c6205a9e46495379614af",
    ),
    "data-neurosynth_version-7_vocab-LDA50_source-abstract_type-weight_features.npz": (
        2_720_104,
        "dff7606079404b8496be4baca35c0d261e91d4ac6ff5c5595e1ef519e598a571",
    ),
    "data-neurosynth_version-7_vocab-LDA50_vocabulary.txt": (
        1_275,
        "57a5fba4d3ee97cfcbf73a13d0631a1d9709a53c5a1fdf6d173f04ac8bb8f302",
    ),
    "data-neurosynth_version-7_vocab-LDA50_metadata.json": (
        193,
        "d803b63c1b9afa4e65503b07c087f16304147cb236c8d82e7d79e4e2339e308f",
    ),
}
"""Bytes and SHA-256, where they are known. Not of version 7's ``LDA100`` to ``LDA400``,
of versions 3 to 6, and of NeuroQuery: those are trusted on first use."""

_MOST_BYTES = {".tsv.gz": 64 << 20, ".npz": 2 << 30, ".tar.gz": 4 << 30}
_MOST_TEXT_BYTES = 32 << 20


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server.

    Attributes
    ----------
    name, url : str
        What it is called here, and where it is.
    size : int or None
        Its bytes, where known.
    sha256 : str or None
        Its hash, where known.
    """

    name: str
    url: str
    size: int | None = None
    sha256: str | None = None

    @property
    def max_bytes(self) -> int:
        """More than this is refused."""
        if self.size is not None:
            return self.size
        most = (n for end, n in _MOST_BYTES.items() if self.name.endswith(end))
        return next(most, _MOST_TEXT_BYTES)


@dataclass(frozen=True)
class KnownDatabase:
    """A public database that :func:`fetch` gets.

    Attributes
    ----------
    name, title : str
        What it is called here, and in full.
    licence, licence_url, attribution : str
        Under which its data may be used, and how to cite it.
    homepage : str
        Where it comes from.
    base : tuple of RemoteFile
        Peaks and studies.
    vocabularies : dict of str to tuple of RemoteFile
        The files of each, by name.
    default : tuple of str
        Vocabularies that are taken if none is named.
    releases : str
        For NeuroStore: the address of the list of releases, which names the files.
    hosts : frozenset of str
        Where files may come from, also by redirects.
    """

    name: str
    title: str
    licence: str
    licence_url: str
    attribution: str
    homepage: str
    base: tuple[RemoteFile, ...] = ()
    vocabularies: Mapping[str, tuple[RemoteFile, ...]] = field(default_factory=dict)
    default: tuple[str, ...] = ()
    releases: str = ""
    hosts: frozenset[str] = frozenset()

    def files(self, vocabularies: tuple[str, ...] = ()) -> tuple[RemoteFile, ...]:
        """List the files for some vocabularies (the default ones, if none is named)."""
        named = vocabularies or self.default
        of_each = [file for name in named for file in self.vocabularies[name]]
        return (*self.base, *dict.fromkeys(of_each))

    def size(self, vocabularies: tuple[str, ...] = ()) -> int | None:
        """Add up the bytes of these files; None where one is not known."""
        sizes = [file.size for file in self.files(vocabularies)]
        known = [size for size in sizes if size is not None]
        return sum(known) if known and len(known) == len(sizes) else None

    def choose(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Check names of vocabularies, in the order of the table, each once.

        Raises
        ------
        OptionError
            If there is no such vocabulary.
        """
        if wanted == ("all",):
            return tuple(self.vocabularies)
        for name in wanted:
            if name not in self.vocabularies:
                there = ", ".join(self.vocabularies) or "none"
                raise OptionError(
                    f"{self.name} has no vocabulary {name!r}."
                    f"{suggest(name, self.vocabularies)} There are: {there}."
                )
        chosen = wanted or self.default
        return tuple(name for name in self.vocabularies if name in chosen)


def known_databases() -> dict[str, KnownDatabase]:
    """List the public databases that :func:`fetch` gets.

    ``neurosynth`` stands for the newest, ``neurosynth-7``; besides ``neurostore`` (the
    latest release) and ``neurostore-nightly`` each month's release has a name:
    ``neurostore-2026-09``.

    Returns
    -------
    dict of str to KnownDatabase
        By name.

    Examples
    --------
    >>> list(known_databases())[-3:]
    ['neuroquery', 'neurostore', 'neurostore-nightly']
    >>> list(known_databases()["neurosynth-7"].vocabularies)
    ['terms', 'LDA50', 'LDA100', 'LDA200', 'LDA400']
    """
    return dict(_table())


@cache
def _table() -> dict[str, KnownDatabase]:
    versions = [_neurosynth(version) for version in NEUROSYNTH_VERSIONS]
    stores = [neurostore(version) for version in ("", "nightly")]
    return {known.name: known for known in (*versions, _neuroquery(), *stores)}


def _file(base_url: str, name: str) -> RemoteFile:
    return RemoteFile(name, base_url + name, *_SUMS.get(name, (None, None)))


def _neurosynth(version: str) -> KnownDatabase:
    stem = f"data-neurosynth_version-{version}"

    def vocabulary(name: str) -> tuple[RemoteFile, ...]:
        kind = "tfidf" if name == "terms" else "weight"
        ends = [f"source-abstract_type-{kind}_features.npz", "vocabulary.txt"]
        ends += [] if name == "terms" else ["metadata.json"]
        return tuple(_file(_NEUROSYNTH, f"{stem}_vocab-{name}_{end}") for end in ends)

    names = ("terms", *(_TOPICS if version in {"6", "7"} else ()))
    licence, attribution = ATTRIBUTIONS["neurosynth"]
    ends = ("coordinates.tsv.gz", "metadata.tsv.gz")
    return KnownDatabase(
        f"neurosynth-{version}",
        f"Neurosynth, version {version}",
        licence,
        _LICENCE_URLS[licence],
        attribution,
        "https://github.com/neurosynth/neurosynth-data",
        base=tuple(_file(_NEUROSYNTH, f"{stem}_{end}") for end in ends),
        vocabularies={name: vocabulary(name) for name in names},
        default=("terms",),
        hosts=GITHUB,
    )


def _neuroquery() -> KnownDatabase:
    stem = "data-neuroquery_version-1"
    sources = {"abstract": "", "body": "-body", "keywords": "-keywords"}
    sources["title"] = "-title"

    def pair(size: int, source: str, kind: str) -> tuple[RemoteFile, ...]:
        vocabulary = f"{stem}_vocab-neuroquery{size}"
        names = (
            f"{vocabulary}_source-{source}_type-{kind}_features.npz",
            f"{vocabulary}_vocabulary.txt",
        )
        return tuple(_file(_NEUROQUERY, name) for name in names)

    vocabularies = {
        f"neuroquery{size}{end}": pair(size, source, "count")
        for size in (7547, 156521)
        for source, end in sources.items()
    }
    vocabularies["neuroquery6308"] = pair(6308, "combined", "tfidf")
    licence, attribution = ATTRIBUTIONS["neuroquery"]
    ends = ("coordinates.tsv.gz", "metadata.tsv.gz")
    return KnownDatabase(
        "neuroquery",
        "NeuroQuery, version 1",
        licence,
        _LICENCE_URLS[licence],
        attribution,
        "https://github.com/neuroquery/neuroquery_data",
        base=tuple(_file(_NEUROQUERY, f"{stem}_{end}") for end in ends),
        vocabularies=vocabularies,
        default=("neuroquery7547",),
        hosts=GITHUB,
    )


def neurostore(version: str) -> KnownDatabase:
    """Describe a release of NeuroStore; "" is the latest."""
    titles = {"": "the latest release", "nightly": "last night's build"}
    return KnownDatabase(
        f"neurostore-{version}" if version else "neurostore",
        f"NeuroStore, {titles.get(version, f'release {version}')}",
        "see NeuroStore's terms of use",
        "https://neurostore.org",
        "Studies from NeuroStore (https://neurostore.org), as released there for "
        "NiMARE. Cite NiMARE (Salo et al. 2023, Aperture Neuro 3) and the release.",
        "https://neurostore.org",
        releases=_RELEASES,
        hosts=frozenset({"neurostore.org"}),
    )


def archive_of(version: str) -> RemoteFile:
    """Say where the archive of a release is, of which no hash is known yet."""
    name = f"neurostore-studyset-{version}.tar.gz"
    return RemoteFile(name, f"{_RELEASES}{version}/download")

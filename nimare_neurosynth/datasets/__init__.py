"""Databases by name: one that needs no download, and the public ones."""

from nimare_neurosynth.datasets._demo import DEMO_MIN_DF, load_demo
from nimare_neurosynth.datasets._fetch import download_folder, fetch
from nimare_neurosynth.datasets._files import check_kind
from nimare_neurosynth.datasets._known import (
    GITHUB,
    KnownDatabase,
    RemoteFile,
    known_databases,
)
from nimare_neurosynth.datasets._releases import download_release
from nimare_neurosynth.datasets._releases import releases as list_releases
from nimare_neurosynth.datasets._releases import version_of as release_version
from nimare_neurosynth.datasets._unpack import unpack_archive

__all__ = [
    "DEMO_MIN_DF",
    "GITHUB",
    "KnownDatabase",
    "RemoteFile",
    "check_kind",
    "download_folder",
    "download_release",
    "fetch",
    "known_databases",
    "list_releases",
    "load_demo",
    "release_version",
    "unpack_archive",
]

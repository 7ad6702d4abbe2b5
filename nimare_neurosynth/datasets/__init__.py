"""Databases by name: one that needs no download, and the public ones."""

from nimare_neurosynth.datasets._demo import DEMO_MIN_DF, load_demo
from nimare_neurosynth.datasets._fetch import download_folder, fetch
from nimare_neurosynth.datasets._known import (
    KnownDatabase,
    RemoteFile,
    known_databases,
)

__all__ = [
    "DEMO_MIN_DF",
    "KnownDatabase",
    "RemoteFile",
    "download_folder",
    "fetch",
    "known_databases",
    "load_demo",
]

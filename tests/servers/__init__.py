"""Servers on this machine that answer as servers do, well and badly."""

from tests.servers.faulty import QUICK, Answer, FaultyServer, serving
from tests.servers.mirror import (
    release_archive,
    serve_folder,
    serve_release,
    tar_entry,
)
from tests.servers.neurostore import (
    TOKEN,
    FakeNeuroStore,
    serving_neurostore,
    small_annotation,
    small_studyset,
)
from tests.servers.neurovault import FakeNeuroVault, blob, neurovault

__all__ = [
    "QUICK",
    "TOKEN",
    "Answer",
    "FakeNeuroStore",
    "FakeNeuroVault",
    "FaultyServer",
    "blob",
    "neurovault",
    "release_archive",
    "serve_folder",
    "serve_release",
    "serving",
    "serving_neurostore",
    "small_annotation",
    "small_studyset",
    "tar_entry",
]

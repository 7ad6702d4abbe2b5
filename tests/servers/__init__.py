"""Servers on this machine that answer as servers do, well and badly."""

from tests.servers.faulty import Answer, FaultyServer, serving
from tests.servers.mirror import (
    release_archive,
    serve_folder,
    serve_release,
    tar_entry,
)
from tests.servers.neurostore import TOKEN, FakeNeuroStore, serving_neurostore

__all__ = [
    "TOKEN",
    "Answer",
    "FakeNeuroStore",
    "FaultyServer",
    "release_archive",
    "serve_folder",
    "serve_release",
    "serving",
    "serving_neurostore",
    "tar_entry",
]

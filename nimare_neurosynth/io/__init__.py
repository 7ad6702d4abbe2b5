"""Reading and writing databases."""

from nimare_neurosynth.io._bibtex import to_bibtex
from nimare_neurosynth.io._build import Parts, build
from nimare_neurosynth.io._cache import cache_folder, clear_cache
from nimare_neurosynth.io._compiled import (
    open_database,
    validate_database,
    write_database,
)
from nimare_neurosynth.io._files import (
    atomic_folder,
    check_folder,
    write_atomic,
    write_json,
    write_table,
)
from nimare_neurosynth.io._read import read_database

__all__ = [
    "Parts",
    "atomic_folder",
    "build",
    "cache_folder",
    "check_folder",
    "clear_cache",
    "open_database",
    "read_database",
    "to_bibtex",
    "validate_database",
    "write_atomic",
    "write_database",
    "write_json",
    "write_table",
]

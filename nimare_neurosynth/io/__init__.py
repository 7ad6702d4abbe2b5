"""Reading and writing databases."""

from nimare_neurosynth.io._append import append_studies
from nimare_neurosynth.io._bibtex import to_bibtex
from nimare_neurosynth.io._build import Parts, build
from nimare_neurosynth.io._cache import cache_folder, clear_cache
from nimare_neurosynth.io._compiled import (
    COMPILED,
    open_database,
    validate_database,
    write_database,
)
from nimare_neurosynth.io._concatenate import concatenate
from nimare_neurosynth.io._dataset_json import SET_ENDS, dataset_study
from nimare_neurosynth.io._document import Document, plain_document
from nimare_neurosynth.io._files import (
    STAGING,
    atomic_folder,
    check_folder,
    hash_file,
    json_bytes,
    lines_of,
    load_array,
    read_lines,
    write_atomic,
    write_json,
    write_table,
)
from nimare_neurosynth.io._from_studyset import from_dataset, from_studyset
from nimare_neurosynth.io._kept import KEPT_TABLES
from nimare_neurosynth.io._manifest import (
    FolderFormat,
    check_files,
    damaged_files,
    has_manifest,
    manifest_format,
    read_manifest,
)
from nimare_neurosynth.io._merge import merge_databases
from nimare_neurosynth.io._neurosynth import ATTRIBUTIONS
from nimare_neurosynth.io._nimads import open_studyset
from nimare_neurosynth.io._packed_counts import PackedCounts, unpack_counts
from nimare_neurosynth.io._parquet_tables import write_parquet_tables
from nimare_neurosynth.io._public_names import (
    NEUROSYNTH_VERSIONS,
    PUBLIC_DATABASES,
    is_public_name,
)
from nimare_neurosynth.io._read import READER_VERSION, read_database
from nimare_neurosynth.io._replace import check_target, locked, replace_folder
from nimare_neurosynth.io._row_order import (
    RowOrderEvidence,
    RowOrderReport,
    check_row_order,
)
from nimare_neurosynth.io._subset import subset
from nimare_neurosynth.io._to_studyset import to_dataset, to_studyset
from nimare_neurosynth.io._values import unique_names
from nimare_neurosynth.io._weights import read_weights

__all__ = [
    "ATTRIBUTIONS",
    "COMPILED",
    "KEPT_TABLES",
    "NEUROSYNTH_VERSIONS",
    "PUBLIC_DATABASES",
    "READER_VERSION",
    "SET_ENDS",
    "STAGING",
    "Document",
    "FolderFormat",
    "PackedCounts",
    "Parts",
    "RowOrderEvidence",
    "RowOrderReport",
    "append_studies",
    "atomic_folder",
    "build",
    "cache_folder",
    "check_files",
    "check_folder",
    "check_row_order",
    "check_target",
    "clear_cache",
    "concatenate",
    "damaged_files",
    "dataset_study",
    "from_dataset",
    "from_studyset",
    "has_manifest",
    "hash_file",
    "is_public_name",
    "json_bytes",
    "lines_of",
    "load_array",
    "locked",
    "manifest_format",
    "merge_databases",
    "open_database",
    "open_studyset",
    "plain_document",
    "read_database",
    "read_lines",
    "read_manifest",
    "read_weights",
    "replace_folder",
    "subset",
    "to_bibtex",
    "to_dataset",
    "to_studyset",
    "unique_names",
    "unpack_counts",
    "validate_database",
    "write_atomic",
    "write_database",
    "write_json",
    "write_parquet_tables",
    "write_table",
]

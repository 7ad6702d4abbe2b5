"""From every form of the data into others, with an account of what is lost."""

from nimare_neurosynth.converters._convert import (
    FORMATS,
    check_target,
    convert,
    format_of,
)
from nimare_neurosynth.converters._diff import Difference, diff_databases
from nimare_neurosynth.converters._report import Report

__all__ = [
    "FORMATS",
    "Difference",
    "Report",
    "check_target",
    "convert",
    "diff_databases",
    "format_of",
]

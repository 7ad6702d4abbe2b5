"""The command line: ``nimare-neurosynth COMMAND``."""

from __future__ import annotations

from nimare_neurosynth.cli._main import main

__all__ = ["main"]

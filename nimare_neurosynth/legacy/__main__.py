"""``python -m nimare_neurosynth.legacy SCRIPT``."""

from __future__ import annotations

from nimare_neurosynth.legacy._run import command

if __name__ == "__main__":
    command(prog_name="python -m nimare_neurosynth.legacy")

"""A classic script, old package and ours: ``python -m tests.benchmarks.legacy``.

The old package needs a Python of its own (3.8; pandas 0.25, NumPy 1.19, SciPy 1.4,
scikit-learn 0.22, nibabel 3.1): name it with ``--old-python``, and the folder that has
``neurosynth`` in it with ``--old-path``. It takes some twelve minutes there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import numpy as np

from nimare_neurosynth import convert
from tests.benchmarks.measure import show
from tests.benchmarks.options import DATA, V7, benchmark, data_option, json_option

SCRIPT = Path(__file__).with_name("classic_script.py")


def run(command, folder, images, environment=None):
    with tempfile.NamedTemporaryFile(suffix=".json") as results:
        arguments = [str(SCRIPT), str(folder), results.name, *map(str, images)]
        everything = {**os.environ, **(environment or {})}
        subprocess.run([*command, *arguments], check=True, env=everything)
        return json.loads(Path(results.name).read_text(encoding="utf-8"))


@benchmark
@data_option(V7, "The database.")
@click.option("--old-python", help="A Python in which the old package runs.")
@click.option("--old-path", default="", help="The folder that has neurosynth in it.")
@json_option
def main(data, old_python, old_path, out):
    """Time every step of a classic script, in seconds of CPU and of the clock."""
    images = [DATA / f"golden_legacy/{n}.nii.gz" for n in ("medial_motor", "vmPFC")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "text"
        convert(data, folder, to="neurosynth-legacy", verify=False)
        ours = run([sys.executable, "-m", "nimare_neurosynth.legacy"], folder, images)
        theirs = None
        if old_python:
            theirs = run([old_python], folder, images, {"PYTHONPATH": old_path})
    rows = [_row(step, ours, theirs) for step in ours["times"]]
    rows.append(_row("all", _summed(ours), theirs and _summed(theirs), "20 x"))
    show(rows, out)
    print("studies selected:", ours["studies"], "; clock:", _clock(ours))
    if theirs is not None:
        gap = np.abs(np.subtract(ours["scores"], theirs["scores"])).max()
        print("the old package:", theirs["studies"], "; clock:", _clock(theirs))
        print(f"scores of topics differ by at most {gap:g}")


def _row(step, ours, theirs, target=""):
    old = theirs and ("the old package", theirs["times"][step][0])
    return f"{step}, CPU time", ours["times"][step][0], "s", target, old


def _summed(facts):
    return {"times": {"all": [sum(t[0] for t in facts["times"].values())]}}


def _clock(facts):
    return f"{sum(t[1] for t in facts['times'].values()):.1f} s"


if __name__ == "__main__":
    main()

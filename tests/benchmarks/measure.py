"""Timing, in this process and in fresh ones."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from time import perf_counter


def median_seconds(function, *, repeats=5):
    """Call a function several times; give the median and the last result."""
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        result = function()
        seconds.append(perf_counter() - start)
    return statistics.median(seconds), result


def peak_memory_gb():
    """Largest memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def in_fresh_process(code, *arguments, env=None):
    """Run code in a new interpreter and give the JSON that it prints last."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return json.loads(done.stdout.splitlines()[-1])


def import_seconds(module, *, repeats=5):
    """Median wall time of a new interpreter that imports a module (or nothing)."""
    code = f"import {module}" if module else "pass"
    command = [sys.executable, "-c", code]
    return median_seconds(
        lambda: subprocess.run(command, check=True, capture_output=True),
        repeats=repeats,
    )[0]

"""Timing, in this process and in fresh ones."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time


def median_seconds(function, *, repeats=5):
    """Call a function several times; give the median and the last result."""
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        result = function()
        seconds.append(perf_counter() - start)
    return statistics.median(seconds), result


def timed(function):
    """Call a function once; give the seconds, those of the processors, the result.

    Processor time is what the threads of this process had: on a machine that others
    use too, it changes less from run to run.
    """
    start, start_of_work = perf_counter(), process_time()
    result = function()
    return perf_counter() - start, process_time() - start_of_work, result


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


class Memory:
    """The largest amount of memory of its own that this process had for a while.

    Anonymous pages: what is allocated, not what is mapped from files.
    """

    before_mb = 0.0
    peak_mb = 0.0

    @property
    def added_mb(self):
        """How much more it was than before."""
        return self.peak_mb - self.before_mb

    def look(self):
        """Look once."""
        status = Path("/proc/self/status").read_text(encoding="ascii")
        [line] = [text for text in status.splitlines() if text.startswith("RssAnon")]
        self.peak_mb = max(self.peak_mb, int(line.split()[1]) * 1024 / 1e6)


@contextmanager
def watched_memory(every_s=0.005):
    """Look at the memory all the time, in a thread."""
    memory = Memory()
    memory.look()
    memory.before_mb = memory.peak_mb
    done = threading.Event()

    def watch():
        while not done.wait(every_s):
            memory.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def folder_mb(folder):
    """Size of all files below a folder, in MB."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files) / 1e6


def write_whole(path, data):
    """Write bytes, and wait until they are on the disk."""
    with Path(path).open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def show(rows, out=None):
    """Print rows of what, value, unit, target and (peer, its seconds); write JSON."""
    for what, value, unit, target, other in rows:
        line = f"{what:<58}{value:>9.3f} {unit:<3}{target:<11}"
        if other and other[1]:
            line += f" {other[1] / max(value, 1e-3):>9,.0f} x  {other[0]}"
            line += f" ({other[1]:,.1f} s)"
        print(line)
    if out is not None:
        names = ("what", "value", "unit", "target", "peer")
        facts = [dict(zip(names, row, strict=True)) for row in rows]
        Path(out).write_text(json.dumps(facts, indent=1))

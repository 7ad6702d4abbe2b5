"""Processes that run cases and may hang, crash or run out of memory."""

import faulthandler
import logging
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.run import MAX_SECONDS, Outcome, plan_case, run_case
from tests.fuzz.sources import sources

GUARD_BYTES = 3 << 30
"""Address space that a worker may take on top of what it starts with."""
_START_SECONDS = 300
_TIRED_MB = 500
"""After a case that took so much a worker is replaced: what is left might mislead."""


def run_cases(reader: str, cases: list[int]) -> Iterator[Outcome]:
    """Run cases one after another in a worker, and in a new one whenever it ends."""
    context = multiprocessing.get_context("spawn")
    left = list(cases)
    with TemporaryDirectory(prefix="fuzz-") as name:
        while left:
            ours, theirs = context.Pipe()
            trace = Path(name, "trace.txt")
            worker = context.Process(
                target=_work, args=(theirs, reader, left, Path(name)), daemon=True
            )
            worker.start()
            theirs.close()
            for outcome in _outcomes(ours, reader, left, trace):
                left = left[1:]
                yield outcome
            worker.join(0.5 * MAX_SECONDS if len(left) == 0 else 0.5)
            worker.kill()
            worker.join()
            ours.close()


def _outcomes(
    ours: Connection, reader: str, cases: list[int], trace: Path
) -> Iterator[Outcome]:
    """Take outcomes until the worker is through, hangs or has died."""
    if not ours.poll(_START_SECONDS) or _receive(ours) != "ready":
        raise RuntimeError(f"a worker for {reader} does not start")
    for case in cases:
        arrived = ours.poll(3 * MAX_SECONDS)
        outcome = _receive(ours) if arrived else None
        if isinstance(outcome, Outcome):
            yield outcome
            if outcome.megabytes > _TIRED_MB:
                return
            continue
        what = "the worker died" if arrived else "it hangs"
        text = trace.read_text(errors="replace")[-5000:]
        yield Outcome(reader, case, plan_case(reader, case)[1], "failed", what, text)
        return


def _receive(ours: Connection) -> object:
    try:
        return ours.recv()
    except EOFError:
        return None


def _work(connection: Connection, reader: str, cases: list[int], folder: Path) -> None:
    os.environ["NIMARE_NEUROSYNTH_CACHE"] = str(folder / "cache")
    logging.disable()  # nibabel tells what it repairs in headers
    with (folder / "trace.txt").open("w") as trace:
        faulthandler.enable(trace)
        for case in range(len(sources(reader))):  # compile and import before measuring
            with TemporaryDirectory(dir=folder) as place:
                run_case(reader, case, Path(place))
        _guard_memory()
        connection.send("ready")
        for case in cases:
            trace.truncate(0)
            trace.seek(0)
            faulthandler.dump_traceback_later(MAX_SECONDS, file=trace)
            with TemporaryDirectory(dir=folder) as place:
                outcome = run_case(reader, case, Path(place))
            faulthandler.cancel_dump_traceback_later()
            connection.send(outcome)
            if outcome.megabytes > _TIRED_MB:
                return


def _guard_memory() -> None:
    """Let allocations beyond reason fail here, not in the machine's other processes."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    limit = pages * resource.getpagesize() + GUARD_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

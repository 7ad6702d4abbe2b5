"""Kills writers at random moments and judges what they leave.

A case is a folder with old content, a process that begins to replace it, and a SIGKILL:
at a random moment of the time that the job takes, or before a random one of its file
operations. Now and then the repeated job is killed too.
"""

import os
import signal
import statistics
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import RLock
from typing import Any

from tqdm.std import tqdm

from tests.kills.jobs import Job, all_jobs, fresh, leftovers, paths

JOBS = ("compile", "append", "term maps", "maps", "table")
MAX_SECONDS = 60.0
_OPERATIONS = frozenset(
    {
        "open",
        "os.chmod",
        "os.listdir",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.scandir",
        "tempfile.mkdtemp",
        "tempfile.mkstemp",
    }
)


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    job: str
    case: int
    how: str  # "time" or "operation"
    kills: int
    state: str  # old, new, both or broken
    finished: bool
    why: str = ""
    leftovers: tuple[str, ...] = ()


# ------------------------------------------------------------------------- killing


class _Counter:
    """Counts the file operations of this process below a folder."""

    def __init__(self, folder: Path, last: int | None) -> None:
        self.folder, self.last, self.n = str(folder), last, 0
        sys.addaudithook(self)

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in _OPERATIONS or not args:
            return
        # deleting walks by descriptors, with names alone
        if event == "open" and not str(args[0]).startswith(self.folder):
            return
        self.n += 1
        if self.n == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def _child(
    write: Callable[[Path], object], folder: Path, at: int | None, pipe: int
) -> None:
    """Write and leave; never returns."""
    status = 1
    try:
        warnings.simplefilter("ignore")
        counter = _Counter(folder, at)
        os.write(pipe, b"ready\n")
        write(folder)
        os.write(pipe, f"{counter.n}\n".encode())
        status = 0
    except BaseException:  # noqa: BLE001 - shown, then judged by the exit status
        traceback.print_exc()
    finally:
        os._exit(status)


def run_child(
    write: Callable[[Path], object],
    folder: Path,
    *,
    seconds: float | None = None,
    operation: int | None = None,
) -> tuple[str, float, int]:
    """Write in a process of its own, that is killed after some time or operations.

    Gives how it ended ("done", "killed", "failed" or "hangs"), the seconds that it took
    and the number of file operations.
    """
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        _child(write, folder, operation, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        stream.readline()
        start = time.perf_counter()
        if seconds is not None:
            time.sleep(seconds)
            os.kill(pid, signal.SIGKILL)
        status = _wait(pid, MAX_SECONDS)
        took = time.perf_counter() - start
        said = stream.read().split()
    if status is None:
        return "hangs", took, 0
    if os.WIFSIGNALED(status):
        return "killed", took, 0
    return ("done" if status == 0 else "failed"), took, int(said[0]) if said else 0


def _wait(pid: int, seconds: float) -> int | None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(0.0005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


# --------------------------------------------------------------------------- cases


class Prepared:
    """A job with its old content, and what it takes undisturbed."""

    def __init__(self, job: Job, place: Path) -> None:
        self.job, self.place = job, place
        self.template, self.target = place / "template", place / "target"
        job.prepare(self.template)
        fresh(self.template, self.target)
        job.write(self.target)  # everything is imported and compiled now
        assert job.state(self.template) == "old"
        assert job.state(self.target) == "new"
        self.wanted = paths(self.target)
        runs = []
        for _ in range(3):
            fresh(self.template, self.target)
            runs.append(run_child(job.write, self.target))
        assert all(how == "done" for how, _, _ in runs), runs
        self.seconds = statistics.median(took for _, took, _ in runs)
        self.operations = runs[0][2]

    def moment(self, rng: Random) -> dict[str, Any]:
        """Draw when to kill: any time, the first or last moments, or an operation."""
        where = rng.random()
        if where < 0.5:
            return {"operation": rng.randint(1, self.operations)}
        if where < 0.85:
            return {"seconds": rng.uniform(0, 1.05 * self.seconds)}
        if where < 0.9:
            return {"seconds": rng.uniform(0, 0.002)}
        return {"seconds": self.seconds * rng.uniform(0.9, 1.2)}

    def run(self, case: int, rng: Random) -> Outcome:
        """Kill once or twice, and judge."""
        fresh(self.template, self.target)
        kills = rng.choice([1, 1, 1, 2])
        first = self.moment(rng)
        how = "operation" if "operation" in first else "time"
        finished, state = False, "broken"
        try:
            ended, _, _ = run_child(self.job.write, self.target, **first)
            assert ended in {"done", "killed"}, f"the writer {ended}"
            finished = ended == "done"
            state = self.job.state(self.target)
            if finished:
                assert state == "new", "it was through, but the content is old"
            if kills == 2:
                ended, _, _ = run_child(self.job.again, self.target, **self.moment(rng))
                assert ended in {"done", "killed"}, f"the second writer {ended}"
                second = self.job.state(self.target)
                assert (state, second) != ("new", "old"), "it went back"
            self.job.again(self.target)
            assert self.job.state(self.target) == "new", "writing again has no effect"
        except Exception as error:  # noqa: BLE001 - that is the question
            why = f"{type(error).__name__}: {error}"
            return Outcome(self.job.name, case, how, kills, "broken", finished, why)
        left = tuple(leftovers(self.target, self.wanted))
        return Outcome(self.job.name, case, how, kills, state, finished, "", left)


def _work(name: str, seed: int, cases: list[int]) -> tuple[float, int, list[Outcome]]:
    """Run cases of one job, in a process of its own."""
    # bars of all processes share a lock, and a watching thread takes it too: a child
    # that is killed while it has it would never give it back
    tqdm.set_lock(RLock())
    tqdm.monitor_interval = 0
    with TemporaryDirectory(prefix="kills-") as place:
        # not beside the user's own, and not where other workers write
        os.environ["NIMARE_NEUROSYNTH_CACHE"] = str(Path(place, "cache"))
        prepared = Prepared(all_jobs()[name], Path(place))
        outcomes = [prepared.run(i, Random(f"{seed}-{name}-{i}")) for i in cases]
        return prepared.seconds, prepared.operations, outcomes


def run_all(
    n: int, *, seed: int = 0, jobs: int = 1, names: tuple[str, ...] = JOBS
) -> dict[str, tuple[float, int, list[Outcome]]]:
    """Run ``n`` cases, spread over the jobs; give seconds, operations and outcomes."""
    split = {name: list(range(i, n, len(names))) for i, name in enumerate(names)}
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running = {
            name: pool.submit(_work, name, seed, cases) for name, cases in split.items()
        }
        return {name: future.result() for name, future in running.items()}

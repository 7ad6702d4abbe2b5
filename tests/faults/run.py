"""Fetches from a server that goes wrong at random, and judges what comes of it.

A case is a few files, a sequence of faults, and some calls that fetch them, the last
one from a server that has come to its senses. A file that is accepted must be the
server's; a call must end in time; the last one must succeed.
"""

import hashlib
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from nimare_neurosynth._http import Patience
from nimare_neurosynth.datasets import RemoteFile
from nimare_neurosynth.datasets._files import Files
from nimare_neurosynth.errors import NeurosynthError
from tests.servers import Answer, FaultyServer, serving

PATIENCE = Patience(
    connect_seconds=0.5,
    read_seconds=0.1,
    attempts=3,
    pause_seconds=0.001,
    longest_pause_seconds=0.05,
)
MAX_SECONDS = 6.0
_MAX_FAULTS = 12


@dataclass(frozen=True)
class Outcome:
    """What came of a case."""

    case: int
    calls: int
    refused: int
    requests: int
    resumed: int
    slowest: float
    wrong: str = ""


def fault(random: Random, size: int, *, is_pinned: bool) -> Answer:
    """Draw one way of going wrong.

    A shorter length that is told, and kept to, nobody can see who knows no hash.
    """
    cut = random.randrange(size)
    kinds = [
        Answer(cut=cut),
        Answer(cut=cut, chunked=True),
        Answer(cut=cut, ranges=False),
        Answer(cut=cut, hang=0.3),
        Answer(cut=0, hang=0.3),
        Answer(drip=0.02),
        Answer(status=random.choice([400, 403, 404, 408, 416, 429, 500, 502, 503])),
        Answer(status=503, headers={"Retry-After": random.choice(["0", "x", "-1"])}),
        Answer(status=302, headers={"Location": "http://localhost:1/"}),
        Answer(status=302, headers={"Location": "/neurosynth-3/a.txt"}),
        Answer(refuse=True),
        Answer(garbage=True),
        Answer(says=size + random.randrange(1, 50)),
        Answer(says=random.randrange(size) if is_pinned else size + 9),
        Answer(no_length=True, cut=cut),
        Answer(wrong_range=random.choice([-1, 1, 100])),
        Answer(headers={"Content-Range": "bytes */*"}),
        Answer(headers={"ETag": random.choice(['W/"1"', None, '"other"'])}),
        Answer(headers={"Content-Length": "-5"}),
        Answer(heed=False),
        Answer(chunked=True),
    ]
    return random.choice(kinds)


def run_case(case: int, seed: int, server: FaultyServer) -> Outcome:
    """Run one case and judge it."""
    random = Random(f"{seed} {case}")
    server.requests.clear()
    server.answers.clear()
    server.files.clear()
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = _make_files(random, server, case)
        kept: list[tuple[int, int, float, str]] = []
        n_calls = random.randrange(1, 4)
        for call in range(n_calls + 1):
            is_last = call == n_calls
            for file in files:
                path = file.url.removeprefix(server.url)
                size = len(server.files[path])
                faults = 0 if is_last else random.randrange(_MAX_FAULTS)
                server.answers[path] = [
                    fault(random, size, is_pinned=file.sha256 is not None)
                    for _ in range(faults)
                ]
            if not is_last and random.random() < 0.1:
                _damage_parts(random, folder)
            kept.append(_call(folder, files, server, must_work=is_last))
    resumed = sum("Range" in headers for _, headers in server.requests)
    return Outcome(
        case,
        len(kept),
        sum(refused for _, refused, _, _ in kept),
        len(server.requests),
        resumed,
        max(seconds for _, _, seconds, _ in kept),
        next((wrong for _, _, _, wrong in kept if wrong), ""),
    )


def _make_files(random: Random, server: FaultyServer, case: int) -> list[RemoteFile]:
    files = []
    names = (("a.txt", b"text"), ("b.tsv.gz", b"\x1f\x8b"), ("c.npz", b"PK\3\4"))
    for name, magic in names:
        content = magic + random.randbytes(random.choice([40, 3_000, 70_000, 400_000]))
        path = f"/neurosynth-3/{name}"
        server.files[path] = content
        file = RemoteFile(name, f"{server.url}{path}")
        if random.random() < 0.5:
            known = hashlib.sha256(content).hexdigest()
            file = replace(file, size=len(content), sha256=known)
        files.append(file)
    return files


def _damage_parts(random: Random, folder: Path) -> None:
    """Do to what is unfinished what a failing disk does."""
    for path in folder.glob("*.json"):
        path.write_bytes(path.read_bytes()[: random.randrange(40)])


def _call(
    folder: Path, files: list[RemoteFile], server: FaultyServer, *, must_work: bool
) -> tuple[int, int, float, str]:
    start, wrong, refused = time.perf_counter(), "", 0
    getter = Files(folder, frozenset({"127.0.0.1"}), PATIENCE, progress=False)
    try:
        getter.get(files)
    except NeurosynthError as error:
        refused = 1
        if must_work:
            wrong = f"a good server was refused: {error}"
    except Exception:  # noqa: BLE001 - any other is what is looked for
        wrong = traceback.format_exc()
    seconds = time.perf_counter() - start
    for file in files:
        path = folder / file.name
        good = server.files[file.url.removeprefix(server.url)]
        if path.is_file() and path.read_bytes() != good:
            wrong = wrong or f"{file.name} is not what the server has"
        if must_work and not path.is_file():
            wrong = wrong or f"{file.name} is not there"
    # each fault costs a time-out at most; all else is quick
    if seconds > MAX_SECONDS:
        wrong = wrong or f"it took {seconds:.1f} s"
    strange = [p.name for p in folder.iterdir() if p.name.startswith("tmp")]
    if strange:
        wrong = wrong or f"left behind: {strange[0]}"
    return 1, refused, seconds, wrong


def run_all(n: int, *, seed: int, first: int = 0) -> list[Outcome]:
    """Run cases ``first`` to ``first + n``."""
    with serving() as server:
        return [run_case(case, seed, server) for case in range(first, first + n)]

"""Getting from a NeuroStore that goes wrong at random, and pushing to it.

What a call gives must be what the server has, and complete; a file is there whole or
not at all; no call may outlast its time-outs. A push is called until the server has all
of it; whoever calls looks at the server where that says it is unsure. In the end each
study, studyset and annotation is there once, as it was shown.
"""

import json
import os
import time
import traceback
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from nimare_neurosynth.errors import NeurosynthError
from nimare_neurosynth.neurostore import NeuroStore, UnfinishedPushError
from tests.faults.run import MAX_SECONDS, PATIENCE, Outcome
from tests.servers import (
    TOKEN,
    Answer,
    FakeNeuroStore,
    serving_neurostore,
    small_annotation,
    small_studyset,
)

_SET = "set000000001"


def fault(random: Random) -> Answer:
    """Draw one way of going wrong that can be seen."""
    cut = random.randrange(40)
    statuses = [400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504]
    where = random.choice(
        ["http://localhost:1/", "//elsewhere.org/", "/api/x", "http://["]
    )
    kinds = [
        Answer(cut=cut),
        Answer(cut=cut, chunked=True),
        Answer(cut=cut, hang=0.3),
        Answer(drip=0.02),
        Answer(status=random.choice(statuses)),
        Answer(status=random.choice(statuses), instead=random.randbytes(200)),
        Answer(status=503, headers={"Retry-After": random.choice(["0", "x", "9999"])}),
        Answer(status=random.choice([301, 302, 307]), headers={"Location": where}),
        Answer(refuse=True),
        Answer(garbage=True),
        Answer(says=10**7),
        Answer(headers={"Content-Length": "-5"}),
        Answer(
            instead=random.choice([b"", b"{}", b"[]", b"[" * 9999, b'{"id": "../x"}'])
        ),
        Answer(instead=random.randbytes(300)),
    ]
    return random.choice(kinds)


class _Case:
    def __init__(self, case: int, seed: int, server: FakeNeuroStore) -> None:
        self.random = Random(f"{seed} {case}")
        self.server, self.case = server, case
        self.studyset = small_studyset(self.random.randrange(1, 5))
        server.__dict__.update(received=[], foreign=set(), n_made=0)
        for kept in server.kept.values():
            kept.clear()
        server.requests.clear()
        server.load(self.studyset, small_annotation(self.studyset))
        self.store = NeuroStore(server.base_url, token=TOKEN)
        self.store._server.patience = PATIENCE
        self.calls = self.refused = 0
        self.slowest, self.wrong = 0.0, ""

    def call(self, work, *, must_work: bool):
        """Call once; with faults, unless it must work."""
        n = 0 if must_work else self.random.randrange(8)
        self.server.answers["*"] = [
            fault(self.random) if self.random.random() < 0.7 else Answer()
            for _ in range(n)
        ]
        start = time.perf_counter()
        self.calls += 1
        try:
            return work()
        except NeurosynthError as error:
            self.refused += 1
            if TOKEN in str(error):
                self.wrong = self.wrong or "the token is shown"
            if must_work:
                self.wrong = self.wrong or f"a good server was refused: {error}"
            return error
        except Exception:  # noqa: BLE001 - any other is what is looked for
            self.wrong = self.wrong or traceback.format_exc()
            return None
        finally:
            seconds = time.perf_counter() - start
            self.slowest = max(self.slowest, seconds)
            if seconds > MAX_SECONDS:
                self.wrong = self.wrong or f"it took {seconds:.1f} s"

    def get(self, *, must_work: bool) -> None:
        path = Path("a.json")
        path.unlink(missing_ok=True)
        made = self.call(lambda: self.store.save(_SET, path), must_work=must_work)
        if path.exists() != isinstance(made, Path):
            self.wrong = self.wrong or "a file is there after a refusal, or not at all"
        if path.exists():
            found = json.loads(path.read_text())
            if found["studies"] != self.studyset["studies"] or not found["annotations"]:
                self.wrong = self.wrong or "what was got is not what the server has"

    def search(self, *, must_work: bool) -> None:
        found = self.call(
            lambda: self.store.search("pain", limit=None), must_work=must_work
        )
        n = len(self.studyset["studies"])
        if hasattr(found, "columns") and len(found) != n:
            self.wrong = self.wrong or f"{len(found)} of {n} studies were found"

    def push(self) -> None:
        """Push until all is there, and look whether it is there once."""
        document = {**self.studyset, "annotations": [small_annotation(self.studyset)]}
        document["name"] = "Pushed"
        settled: dict = {}
        for attempt in range(6):
            must_work = attempt == 5
            ended = self.call(
                lambda told=dict(settled): self.store.push(
                    document, dry_run=False, journal="j.json", settled=told
                ),
                must_work=must_work,
            )
            settled = {}
            if isinstance(ended, UnfinishedPushError):
                unsure = [e.key for e in ended.account if e.status == "unsure"]
                posts = {e.key: e.method for e in ended.account}
                settled = {k: self._there(k) for k in unsure if posts[k] == "POST"}
        text = Path("j.json").read_text() if Path("j.json").exists() else ""
        if TOKEN in text:
            self.wrong = self.wrong or "the token is in the journal"
        self._check_once()

    def _made(self, kind: str) -> list:
        return [v for k, v in self.server.kept[kind].items() if k.startswith("made")]

    def _there(self, key: str) -> str | None:
        """Look on the server, as a user would."""
        kind, _, own = key.partition(" ")
        kinds = {"study": "studies", "studyset": "studysets"}
        found = self._made(kinds.get(kind, "annotations"))
        if kind == "study":
            names = {s["id"]: s["name"] for s in self.studyset["studies"]}
            found = [one for one in found if one["name"] == names[own]]
        return found[0]["id"] if found else None

    def _check_once(self) -> None:
        names = sorted(s["name"] for s in self._made("studies"))
        if names != sorted(s["name"] for s in self.studyset["studies"]):
            self.wrong = self.wrong or f"studies are there not once each: {names}"
        for kind in ("studysets", "annotations"):
            if len(self._made(kind)) != 1:
                self.wrong = self.wrong or f"{len(self._made(kind))} {kind} were made"
        notes = [
            note["note"] for one in self._made("annotations") for note in one["notes"]
        ]
        expected = [n["note"] for n in small_annotation(self.studyset)["notes"]]
        if not self.wrong and notes != expected:
            self.wrong = "notes are not those that were sent"


def run_case(case: int, seed: int, server: FakeNeuroStore) -> Outcome:
    """Run one case and judge it."""
    one = _Case(case, seed, server)
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for must_work in (False, False, True):
                one.get(must_work=must_work)
                one.search(must_work=must_work)
            one.push()
        finally:
            os.chdir(before)
    pushed = sum(method != "GET" for method, _ in server.sent)
    server.sent.clear()
    return Outcome(
        case,
        one.calls,
        one.refused,
        len(server.requests),
        pushed,
        one.slowest,
        one.wrong,
    )


def run_all(n: int, *, seed: int, first: int = 0) -> list[Outcome]:
    """Run cases ``first`` to ``first + n``."""
    with serving_neurostore() as server:
        return [run_case(case, seed, server) for case in range(first, first + n)]

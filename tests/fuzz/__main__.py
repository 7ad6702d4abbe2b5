"""Run the fuzzer: ``python -m tests.fuzz --reader legacy --cases 5000``."""

import faulthandler
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import click

from tests.fuzz.run import READERS, Outcome, run_case
from tests.fuzz.workers import run_cases

_TOP = 6


def _all_outcomes(reader: str, cases: int, jobs: int) -> Iterator[Outcome]:
    """Run all cases of a reader, in several workers."""
    queue: SimpleQueue[Outcome | None] = SimpleQueue()

    def work(first: int) -> None:
        try:
            for outcome in run_cases(reader, list(range(first, cases, jobs))):
                queue.put(outcome)
        finally:
            queue.put(None)

    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(work, first) for first in range(jobs)]
        ended = 0
        while ended < jobs:
            outcome = queue.get()
            if outcome is None:
                ended += 1
            else:
                yield outcome
        for job in running:
            job.result()


def _report(reader: str, outcomes: list[Outcome], seconds: float) -> bool:
    """Print what came of a reader's cases; tell whether all is well."""
    by = {
        s: [o for o in outcomes if o.status == s]
        for s in ("accepted", "refused", "failed")
    }
    worst = max(outcomes, key=lambda o: o.megabytes)
    slowest = max(outcomes, key=lambda o: o.seconds)
    click.echo(
        f"\n{reader}: {len(outcomes):,} cases, {len(by['accepted']):,} accepted, "
        f"{len(by['refused']):,} refused, {len(by['failed']):,} failures; "
        f"{seconds:.0f} s; worst memory {worst.megabytes:.0f} MB (case {worst.case}), "
        f"slowest {slowest.seconds:.1f} s (case {slowest.case})"
    )
    for text, n in Counter(o.signature for o in by["refused"]).most_common(_TOP):
        click.echo(f"  {n:>6,} refused: {text}")
    kinds = Counter(o.signature for o in by["failed"])
    for text, n in kinds.most_common():
        cases = [o for o in by["failed"] if o.signature == text]
        click.echo(f"  {n:>6,} FAILED: {text}")
        for o in cases[:3]:
            click.echo(
                f"           case {o.case} ({', '.join(o.mutators)}): {o.what[:200]!r}"
            )
    return not by["failed"]


def _one(reader: str, case: int) -> bool:
    """Run one case here, with all that is known about it, and keep its folder."""
    faulthandler.enable()
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{reader}-{case}-"))
    os.environ["NIMARE_NEUROSYNTH_CACHE"] = str(folder / "cache")
    click.echo(f"{folder}/input")
    outcome = run_case(reader, case, folder)
    click.echo(f"{', '.join(outcome.mutators) or 'undamaged'}: {outcome.status}")
    click.echo(f"{outcome.seconds:.2f} s, {outcome.megabytes:.0f} MB")
    click.echo(f"{outcome.trace}\n{outcome.what}")
    return outcome.status != "failed"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--reader", type=click.Choice(["all", *READERS]), default="all")
@click.option("--cases", type=click.IntRange(1), default=5000, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--case", type=click.IntRange(0), help="Only this one, and keep its folder."
)
def main(reader: str, cases: int, jobs: int, case: int | None) -> None:
    """Feed damaged files to the readers, and report what should not happen."""
    readers = list(READERS) if reader == "all" else [reader]
    if case is not None:
        well = [_one(name, case) for name in readers]
    else:
        well = []
        for name in readers:
            start = time.perf_counter()
            outcomes = list(_all_outcomes(name, cases, jobs))
            well.append(_report(name, outcomes, time.perf_counter() - start))
    raise SystemExit(0 if all(well) else 1)


if __name__ == "__main__":
    main()

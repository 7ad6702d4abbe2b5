"""Fetch from a server that goes wrong: ``python -m tests.faults --n 500``."""

import time

import click

from tests.faults.neurostore import run_all as run_neurostore
from tests.faults.run import run_all


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--n", type=click.IntRange(1), default=500, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--case", type=int, help="Only this one.")
@click.option("--neurostore", is_flag=True, help="Get from NeuroStore, and push to it.")
def main(n: int, seed: int, case: int | None, neurostore: bool) -> None:
    """Fetch from a server that goes wrong at random.

    No half-written file may be accepted, no call may last longer than its time-outs,
    and a call to a server that works again must succeed.
    """
    start = time.perf_counter()
    first, n = (0, n) if case is None else (case, 1)
    run = run_neurostore if neurostore else run_all
    found = run(n, seed=seed, first=first)
    wrong = [one for one in found if one.wrong]
    for one in wrong[:20]:
        click.echo(f"case {one.case}: {one.wrong}")
    click.echo(
        f"{len(found):,} cases, {sum(o.calls for o in found):,} calls "
        f"({sum(o.refused for o in found):,} refused), "
        f"{sum(o.requests for o in found):,} requests "
        f"({sum(o.resumed for o in found):,} for a rest, or of a push), slowest call "
        f"{max(o.slowest for o in found):.1f} s, {len(wrong)} wrong; "
        f"{time.perf_counter() - start:.0f} s"
    )
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()

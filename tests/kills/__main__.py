"""Kill writers: ``python -m tests.kills --n 500``."""

import time
from collections import Counter
from collections.abc import Iterable

import click

from tests.kills.run import JOBS, Outcome, run_all

_COLUMNS = (
    *("ms", "file ops", "cases", "in time", "at op", "twice"),
    *("old", "both", "new", "ended", "broken", "left"),
)


def _line(seconds: float, operations: int, outcomes: list[Outcome]) -> tuple[int, ...]:
    states = Counter("ended" if o.finished else o.state for o in outcomes)
    how = Counter(o.how for o in outcomes)
    return (
        round(seconds * 1000),
        operations,
        len(outcomes),
        how["time"],
        how["operation"],
        sum(o.kills == 2 for o in outcomes),
        *(states[state] for state in ("old", "both", "new", "ended")),
        sum(o.state == "broken" for o in outcomes),
        sum(bool(o.leftovers) for o in outcomes),
    )


def _row(name: str, cells: Iterable[object]) -> str:
    return f"{name:<10}" + "".join(f"{cell:>9}" for cell in cells)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--n", type=click.IntRange(1), default=500, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--job", "names", type=click.Choice(JOBS), multiple=True, default=JOBS)
def main(n: int, seed: int, jobs: int, names: tuple[str, ...]) -> None:
    """Kill writers at random moments: the old content or the new one must be there.

    Columns: milliseconds and file operations of the job undisturbed; cases, killed at a
    random time or file operation, and those killed twice; after the first kill the
    content was old, some files of each (where files are replaced one by one) or new, or
    the job had ended before; broken contents, and cases in which something was left
    behind after writing again. The last two must be 0.
    """
    start = time.perf_counter()
    results = run_all(n, seed=seed, jobs=jobs, names=names)
    click.echo(_row("job", _COLUMNS))
    for name, result in results.items():
        click.echo(_row(name, _line(*result)))
    outcomes = [outcome for *_, found in results.values() for outcome in found]
    wrong = [o for o in outcomes if o.state == "broken" or o.leftovers]
    for text, cases in Counter(
        f"{o.job}: {o.why[:300] or 'left behind ' + o.leftovers[0][:-8] + '*'}"
        for o in wrong
    ).most_common(20):
        click.echo(f"  {cases:>4} {text}")
    click.echo(f"{len(outcomes):,} cases, {time.perf_counter() - start:.0f} s")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()

"""A sample of what ``python -m tests.kills`` does at length."""

import subprocess
import sys
from pathlib import Path

from tests.kills.run import JOBS

N = 8 * len(JOBS)


def test_a_killed_writer_leaves_the_old_content_or_the_new():
    # in a process of its own: it forks, and pytest's may have threads
    run = subprocess.run(
        [sys.executable, "-m", "tests.kills", "--n", str(N), "--jobs", "2"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{N} cases" in run.stdout

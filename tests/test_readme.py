"""What the README and the tutorial show works as it stands."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _python_of_readme():
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    return "\n".join(blocks)


def test_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    exec(compile(_python_of_readme(), "README.md", "exec"), namespace)
    assert (tmp_path / "emotion" / "z_desc-association.nii.gz").is_file()
    assert len(namespace["maps"].clusters()) > 0


@pytest.mark.parametrize("command", ["demo --out demo", "-m pytest"])
def test_the_readme_begins_with_commands_of_one_line(command):
    [line] = [text for text in README.splitlines() if command in text]
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_the_tutorial_shows_what_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = ROOT / "docs" / "tutorial.rst"
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testfile(str(path), module_relative=False, optionflags=flags)
    assert result.attempted > 50
    assert result.failed == 0

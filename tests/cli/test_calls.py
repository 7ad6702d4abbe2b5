"""Right and wrong calls: exit status and message, and never a traceback."""

import io
import os
import shlex
import signal
import subprocess
import sys
import time
from importlib.metadata import version

import click
import pytest

from nimare_neurosynth.cli import _commands, _main, main
from nimare_neurosynth.cli._main import group

COMMANDS = ("info", "select", "meta", "demo")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in a folder with a few files to name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "peaks.csv").write_text("id,x,y,z,space\n1,1,2,3,MNI\n")
    (tmp_path / "text.nii.gz").write_text("no image")
    (tmp_path / "folder").mkdir()
    (tmp_path / "bad.csv").write_text("id,x,y,z\n1,left,2,3\n")
    return tmp_path


def _lists_the_commands(result):
    return all(f"\n  {name} " in result.output for name in COMMANDS)


# -------------------------------------------------------------------------------- help


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands(run, option):
    result = run(option)
    assert result.exit_code == 0
    assert _lists_the_commands(result)
    assert "DB is the path of a compiled database" in result.stdout


def test_no_command_shows_the_help(run):
    result = run()
    assert result.exit_code == 2
    assert _lists_the_commands(result)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command(run, command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: nimare-neurosynth {command} " in result.stdout
    for parameter in group.commands[command].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in result.stdout
            assert parameter.help


def _examples_on_the_demo():
    """Give the calls on the demo that help texts show."""
    texts = [group.epilog or "", *(c.epilog or "" for c in group.commands.values())]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    calls = [shlex.split(line)[1:] for line in lines if line.startswith("nimare-")]
    # images that a reader has to bring
    brought = [c for c in calls if "--mask" in c or any(a.endswith(".gz") for a in c)]
    return [c for c in calls if c[1] == "demo" and c not in brought]


@pytest.mark.parametrize("arguments", _examples_on_the_demo(), ids=" ".join)
def test_examples_of_the_help_work(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    quick = ["--no-picture"] if arguments[0] == "meta" else []
    if "--permutations" in arguments:  # the last one counts
        quick += ["--permutations", "20"]
    assert run(*arguments, *quick).exit_code == 0


def test_the_help_has_examples():
    assert {c[0] for c in _examples_on_the_demo()} >= {"select", "meta"}


def test_version(run):
    result = run("--version")
    assert result.stdout.strip().endswith(version("nimare-neurosynth"))


# ------------------------------------------------------------------------- wrong calls

META = ("meta", "demo", "emotion*", "--out", "maps")
SELECT = ("select", "demo", "emotion*")
WRONG = [
    # arguments, exit status (2: the call, 1: the work), message
    (("nosuch",), 2, "No such command 'nosuch'"),
    (("info",), 2, "Missing argument 'DB'"),
    (("info", "demo", "extra"), 2, "unexpected extra argument"),
    (("info", "demo", "--nosuch"), 2, "No such option"),
    (("info", "nosuch"), 1, "error: there is no file or folder nosuch."),
    (("info", "peaks.cvs"), 1, "Close matches: 'peaks.csv'"),
    (("info", "file.txt"), 1, "file.txt has no column 'id', 'y', 'z'"),
    (("info", "folder"), 1, "folder is no database of a known form"),
    (("info", "bad.csv"), 1, "error: bad.csv:2 has 'left' in column 'x'"),
    (("info", "text.nii.gz"), 1, "text.nii.gz is of no known form"),
    (("info", ""), 1, "error: "),
    (("info", "peaks.csv", "--features", "no.csv"), 1, "no file of features no.csv"),
    (("info", "demo", "--features", "peaks.csv"), 2, "leave out --features"),
    (("info", "demo", "--threshold", "0"), 2, "threshold must be above 0"),
    (("info", "demo", "--threshold", "nan"), 2, "threshold must be"),
    (("info", "demo", "--threshold", "much"), 2, "'much' is not a valid float"),
    (("select", "demo"), 2, "nothing to select by"),
    (("select", "demo", ""), 2, "the query is empty"),
    (("select", "demo", "emotion* &"), 2, "  emotion* &\n            ^"),
    (("select", "demo", "memry"), 2, "Close matches: 'memory'"),
    (("select", "demo", "emotion* > 9"), 1, "'emotion* > 9.0' selects no study"),
    (("select", "peaks.csv", "pain"), 2, "this database has no terms to select by"),
    ((*SELECT, "--labels", "topics"), 2, "no label set 'topics'; there is 'terms'"),
    ((*SELECT, "--threshold", "-1"), 2, "threshold must be a number from 0 up"),
    ((*SELECT, "--func", "median"), 2, "'median' is not one of 'sum', 'mean'"),
    ((*SELECT, "--format", "xml"), 2, "'xml' is not one of 'tsv', 'csv', 'bibtex'"),
    (("select", "demo", "--near", "1", "2"), 2, "requires 3 arguments"),
    (("select", "demo", "--near", "a", "2", "3"), 2, "'a' is not a valid float"),
    (("select", "demo", "--near", "nan", "2", "3"), 2, "finite coordinates"),
    (("select", "demo", "--near", "900", "0", "0"), 1, "selects no study"),
    (
        ("select", "demo", "--near", "0", "0", "0", "--radius", "-1"),
        2,
        "radius_mm must be a number from 0 to 100 mm",
    ),
    ((*SELECT, "--mask", "no.nii"), 1, "there is no image file at no.nii"),
    ((*SELECT, "--mask", "folder"), 1, "no image file at folder"),
    ((*SELECT, "--mask", "text.nii.gz"), 1, "text.nii.gz cannot be read as an image"),
    ((*SELECT, "--min-voxels", "5"), 2, "need a region"),
    ((*SELECT, "--min-voxels", "half"), 2, "'half' is not a valid integer"),
    ((*SELECT, "--where", "journal"), 2, "cannot read the condition 'journal'"),
    ((*SELECT, "--where", "jornal = x"), 2, "Close matches: 'journal'"),
    ((*SELECT, "--out", "folder"), 1, "folder is a folder: name a file"),
    ((*SELECT, "--out", "file.txt/x"), 1, "file.txt"),
    (("meta", "demo"), 2, "Missing argument 'QUERY'"),
    (("meta", "demo", "emotion*"), 2, "Missing option '--out'"),
    (("meta", "demo", "memry", "--out", "maps"), 2, "Close matches: 'memory'"),
    (("meta", "demo", "emotion* > 9", "--out", "maps"), 1, "selects no study"),
    ((*META, "--q", "2"), 2, "not in the range 0<x<1"),
    ((*META, "--q", "0"), 2, "not in the range 0<x<1"),
    ((*META, "--q", "nan"), 2, "q"),
    ((*META, "--prior", "1"), 2, "not in the range 0<x<1"),
    ((*META, "--prior", "nan"), 2, "prior"),
    ((*META, "--radius", "1000"), 2, "radius_mm must be a number from 0 to 100 mm"),
    ((*META, "--min-studies", "few"), 2, "min-studies must be a whole number or a"),
    ((*META, "--min-studies", "-1"), 2, "min_studies must be a whole number"),
    ((*META, "--min-studies", "1.5"), 2, "min_studies must be a whole number"),
    ((*META, "--versus", "emotion*"), 1, "31 studies are in both"),
    ((*META, "--versus", "memry"), 2, "Close matches: 'memory'"),
    ((*META, "--versus", "memory > 9"), 1, "selects no study"),
    ((*META, "--universe", "~emotion*"), 1, "none of them is counted"),
    (
        ("meta", "demo", "emotion*", "--out", "file.txt"),
        1,
        "cannot write into file.txt",
    ),
    (("demo",), 2, "Missing option '--out'"),
    (("demo", "--out", "maps", "--query", "memry"), 2, "Close matches: 'memory'"),
    (("demo", "--out", "file.txt"), 1, "cannot write into file.txt"),
]


@pytest.mark.parametrize(("arguments", "status", "message"), WRONG)
def test_wrong_calls(run, here, arguments, status, message):
    before = sorted(here.rglob("*"))
    result = run(*arguments)
    assert message in result.stderr
    assert result.exit_code == status
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert "This is a bug" not in result.output
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [("meta", "demo", "emotion*", "--out", "file.txt"), ("demo", "--out", "file.txt")],
)
def test_a_wrong_place_is_told_before_work_starts(run, here, monkeypatch, arguments):
    def work(*_, **__):
        raise AssertionError("work has started")

    monkeypatch.setattr("nimare_neurosynth.meta.meta_analysis", work)
    monkeypatch.setattr("nimare_neurosynth.report._demo.meta_analysis", work)
    assert "cannot write into file.txt" in run(*arguments).stderr


# ------------------------------------------------------------------- what may happen


def _raise(error):
    def fail(*_, **__):
        raise error

    return fail


HAPPENS = [
    (KeyboardInterrupt(), 1, "interrupted: nothing was left half-written.\n"),
    (
        OSError(28, "No space left on device", "maps"),
        1,
        "error: maps: No space left on",
    ),
    (OSError("strange"), 1, "error: strange.\n"),
    (
        RuntimeError("oops"),
        1,
        "error: RuntimeError: oops. This is a bug in nimare",
    ),
    (click.Abort(), 1, "Aborted!\n"),
]


@pytest.mark.parametrize(("error", "status", "message"), HAPPENS)
def test_whatever_happens_ends_in_a_message(run, monkeypatch, error, status, message):
    monkeypatch.delenv(_main.DEBUG_VARIABLE, raising=False)
    monkeypatch.setattr(_commands, "open_any", _raise(error))
    result = run("info", "demo")
    assert result.exit_code == status
    assert result.stderr.startswith(message)
    assert "Traceback" not in result.output


def test_a_broken_pipe_is_no_error(run, monkeypatch):
    monkeypatch.setattr(_commands, "open_any", _raise(BrokenPipeError()))
    monkeypatch.setattr(_main, "open", lambda *_: io.StringIO(), raising=False)
    result = run("info", "demo")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_bug_can_be_looked_into(run, monkeypatch):
    monkeypatch.setenv(_main.DEBUG_VARIABLE, "1")
    monkeypatch.setattr(_commands, "open_any", _raise(RuntimeError("oops")))
    result = run("info", "demo")
    assert isinstance(result.exception, RuntimeError)


def test_main_ends_the_process(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert "nimare-neurosynth" in capsys.readouterr().out


# ---------------------------------------------------------------------- real processes


def _process(*arguments, **options):
    code = "from nimare_neurosynth.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


PROCESSES = [
    (("info", "demo"), 0, "Studies   320", ""),
    (("info", "nosuch"), 1, "", "error: there is no file or folder nosuch.\n"),
    (("select", "demo", "a ="), 2, "", "error: '=' has no meaning here"),
]


@pytest.mark.parametrize(("arguments", "status", "out", "err"), PROCESSES)
def test_a_real_process(arguments, status, out, err):
    with _process(*arguments) as process:
        stdout, stderr = process.communicate()
    assert process.returncode == status
    assert out in stdout
    assert stderr.startswith(err)
    assert "Traceback" not in stderr


def test_the_installed_command_is_ours():
    from importlib.metadata import entry_points

    (found,) = entry_points(group="console_scripts", name="nimare-neurosynth")
    assert found.load() is main


def test_a_reader_that_has_had_enough(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    code = "from nimare_neurosynth.cli import main; main()"
    command = [sys.executable, "-c", code, "select", "demo", "memory"]
    run = subprocess.run(
        command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert "Traceback" not in run.stderr
    assert "Exception ignored" not in run.stderr
    assert run.returncode == 0


@pytest.mark.parametrize("seconds", [1.0, 2.2])
def test_ctrl_c_leaves_nothing_half_written(tmp_path, seconds):
    out = tmp_path / "maps"
    # what runs in the background of a shell ignores the signal, and its children do
    heeding = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with _process("meta", "demo", "emotion*", "--out", out, **heeding) as process:
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.communicate()
    written = {p.name for p in out.iterdir()} if out.exists() else set()
    assert not [name for name in written if name.startswith(".")]
    parts = [name.split(".", 1) for name in sorted(written)]
    results = {name for name, ending in parts if ending in ("nii.gz", "tsv")}
    assert results == {name for name, ending in parts if ending == "json"}

"""Scripts of old run unchanged: output, errors, exit status."""

import signal
import subprocess
import sys
import time

import pytest

PRINT = "import sys\nprint(__name__, sys.argv[1:], sys.path[0])\n"
OPTION = 'import neurosynth\nneurosynth.set_logging_level("loud")\n'
ADVICE = (
    "import warnings\nwarnings.simplefilter('ignore')\nimport neurosynth as ns\n"
    "for _ in 'ab':\n    ns.imageutils.get_sphere([9, 9, 9])\n"
)


@pytest.fixture
def run(tmp_path):
    def call(script, *arguments, text=None):
        path = tmp_path / script
        if text is not None:
            path.write_text(text)
        options = [a for a in arguments if a in {"--strict", "--quiet"}]
        rest = [a for a in arguments if a not in options]
        call = [sys.executable, "-m", "nimare_neurosynth.legacy", *options, str(path)]
        return subprocess.run(
            [*call, *rest], capture_output=True, text=True, check=False
        )

    return call


def test_a_script_finds_what_lies_beside_it(run, tmp_path):
    (tmp_path / "helper.py").write_text("from neurosynth import __version__ as v")
    text = f"{PRINT}from helper import v\nprint(v)\n"
    done = run("script.py", "--help", "-x", "1", text=text)
    assert done.stdout == f"__main__ ['--help', '-x', '1'] {tmp_path}\n0.3.8\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_advice_whatever_the_script_hides(run):
    done = run("script.py", text=ADVICE)
    path = done.args[-1]
    assert done.stderr.count("lives on as") == 1
    assert done.stderr.startswith(f"{path}:5: neurosynth: get_sphere lives on as\n   ")
    assert run("script.py", "--quiet").stderr == ""


def test_workers_that_start_anew_find_the_layer_too(run):
    text = (
        "import neurosynth\nfrom multiprocessing import get_context\n"
        "def work(n):\n    import neurosynth.version\n"
        "    return neurosynth.__name__, neurosynth.version.__version__, n\n"
        "if __name__ == '__main__':\n"
        "    with get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map_async(work, [1]).get(30))\n"
    )
    done = run("script.py", text=text)
    assert done.stdout == "[('nimare_neurosynth.legacy', '0.3.8', 1)]\n"


def test_strict_is_an_option(run):
    text = "from nimare_neurosynth.legacy._advice import is_strict; print(is_strict())"
    assert run("script.py", text=text).stdout == "False\n"
    assert run("script.py", "--strict").stdout == "True\n"


def test_help_teaches():
    call = [sys.executable, "-m", "nimare_neurosynth.legacy", "--help"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    for part in ("SCRIPT [ARGS]...", "--strict", "--quiet", "Examples:", "download()"):
        assert part in done.stdout


# -------------------------------------------------------------------- what is no script


def test_what_cannot_be_run(run, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "image.nii").write_bytes(b"\x5c\x01\0\0")
    for name, message in (
        ("nosuch.py", "there is no script"),
        ("folder", "is a folder: name a script"),
        ("image.nii", "it is no text"),
    ):
        done = run(name)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert message in done.stderr
        assert "Traceback" not in done.stderr


def test_a_notebook(run, tmp_path):
    done = run("book.ipynb", text="{}")
    assert done.returncode == 2
    assert f"jupyter nbconvert --to script {tmp_path}/book.ipynb" in done.stderr
    assert f"nimare_neurosynth.legacy {tmp_path}/book.py" in done.stderr
    assert "legacy.install()" in done.stderr


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ('x = 1\nprint "pain"\n', "-f print "),
        ("try:\n    pass\nexcept IOError, e:\n    pass\n", ""),
        ("import os\nos.chmod('x', 0644)\n", ""),
        ("if 1 <> 2:\n    pass\n", ""),
    ],
)
def test_python_2(run, text, only):
    done = run("old.py", text=text)
    assert done.returncode == 2
    assert "SyntaxError" in done.stderr
    said = (
        f"This is Python 2, which no longer exists. Convert it with\n  2to3 -w {only}"
    )
    assert f"{said}{done.args[-1]}\n" in done.stderr


@pytest.mark.parametrize("text", ["for i in xrange(3): pass", "import urllib2"])
def test_python_2_that_begins_to_run(run, text):
    done = run("old.py", text=text)
    assert done.returncode == 1
    assert "Error: " in done.stderr
    assert "This is Python 2" in done.stderr


# --------------------------------------------------------------------- errors, statuses


@pytest.mark.parametrize("text", ["def f(:\n", "x = (1\n", "print('a)\n"])
def test_other_mistakes_are_no_python_2(run, text):
    done = run("script.py", text=text)
    assert done.returncode == 1
    assert "SyntaxError" in done.stderr
    assert "Python 2" not in done.stderr


def test_our_errors_show_the_lines_of_the_script(run):
    done = run(
        "script.py",
        text=f"def work():\n    {OPTION.splitlines()[0]}\n"
        '    neurosynth.set_logging_level("loud")\nprint("before")\nwork()\n',
    )
    assert (done.returncode, done.stdout) == (1, "before\n")
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line for line in lines if "File" in line] == [
        f'  File "{done.args[-1]}", line 5, in <module>',
        f'  File "{done.args[-1]}", line 3, in work',
    ]
    assert lines[-1].startswith("OptionError: level must be one of debug")


def test_other_errors_are_as_without_us(run):
    done = run("script.py", text="def f():\n    return 1 / 0\nf()\n")
    assert done.returncode == 1
    files = [line for line in done.stderr.splitlines() if line.startswith("  File")]
    assert files == [
        f'  File "{done.args[-1]}", line 3, in <module>',
        f'  File "{done.args[-1]}", line 2, in f',
    ]
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("raise SystemExit(7)", 7, ""),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit('no')", 1, "no\n"),
        ("raise KeyboardInterrupt", 130, "interrupted.\n"),
    ],
)
def test_statuses_are_the_script_s(run, text, status, said):
    done = run("script.py", text=text)
    assert (done.returncode, done.stderr) == (status, said)


def test_ctrl_c(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("import time\nprint('go', flush=True)\ntime.sleep(60)\n")
    call = [sys.executable, "-m", "nimare_neurosynth.legacy", str(path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(call, text=True, **pipes) as process:
        assert process.stdout.readline() == "go\n"
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (130, "interrupted.\n")
    assert time.monotonic() - begin < 20

"""The old package's own tests, from its source distribution, on this layer.

    python -m tests.legacy.old_suite PATH_TO_UNPACKED_SDIST

The distribution (``neurosynth-0.3.8.tar.gz`` of PyPI) is not part of this project, nor
is this part of the tests. Status 1 means: a test outside of ``CANNOT`` fails, or one in
it passes.
"""

import contextlib
import importlib.util
import io
import os
import sys
import tempfile
import unittest
import warnings
from pathlib import Path
from types import ModuleType

import matplotlib as mpl

from nimare_neurosynth import legacy
from tests.servers import serving

CANNOT = {
    "test_clustering": "it calls get_data() of an image that it reads with NiBabel, "
    "which has had none since version 5",
}
"""Tests that no layer can pass today, and why."""

_MODULES = ("test_base", "test_analysis", "test_utils", "test_kraut")
_ARCHIVE = "neurosynth/tests/data/test_data.tar.gz"


def main(arguments):
    if len(arguments) != 1 or not Path(arguments[0], _ARCHIVE).is_file():
        print(__doc__)
        return 2
    folder = Path(arguments[0]).absolute()
    mpl.use("Agg")
    warnings.simplefilter("ignore")
    legacy.install()
    _add_tests(folder / "neurosynth" / "tests")
    _keep_aliases()
    result = _Kept(io.StringIO(), descriptions=False, verbosity=0)
    with (
        tempfile.TemporaryDirectory() as scratch,
        contextlib.chdir(scratch),
        _archive_nearby(folder / _ARCHIVE),
    ):
        _suite().run(result)
    return _report(result.outcomes)


def _add_tests(folder):
    """Make the old tests importable, without the rest of the old package."""
    name = "neurosynth.tests"
    where = [str(folder)]
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=where
    )
    package = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    sys.modules[name] = package
    spec.loader.exec_module(package)
    legacy.tests = package


def _keep_aliases():
    """Give TestCase the names that it had until Python 3.11, and pretend to have ply.

    A test looks for it, and passes without a look at anything where it is not there.
    """
    for name in ("ply", "ply.lex"):
        sys.modules.setdefault(name, ModuleType(name))
    if not hasattr(unittest.TestCase, "assertEquals"):
        unittest.TestCase.assertEquals = unittest.TestCase.assertEqual


@contextlib.contextmanager
def _archive_nearby(archive):
    """Serve from this machine what one test downloads from GitHub."""
    from nimare_neurosynth.legacy.base import _download

    real = _download.bring
    with serving({f"/{archive.name}": archive.read_bytes()}) as server:
        _download.bring = lambda _, target: real(f"{server.url}/{archive.name}", target)
        os.environ["NO_PROXY"] = "127.0.0.1"
        try:
            yield
        finally:
            _download.bring = real


def _suite():
    loader = unittest.TestLoader()
    names = [f"neurosynth.tests.{module}" for module in _MODULES]
    return loader.loadTestsFromNames(names)


class _Kept(unittest.TextTestResult):
    """Remembers what became of each test."""

    def __init__(self, stream, **options):
        super().__init__(unittest.runner._WritelnDecorator(stream), **options)
        self.outcomes = {}

    def addSuccess(self, test):
        self.outcomes[_name(test)] = ""

    def addError(self, test, err):
        self.outcomes[_name(test)] = _reason(err)

    addFailure = addError  # noqa: N815

    def addSkip(self, test, reason):
        self.outcomes[_name(test)] = f"skipped: {reason}"


def _name(test):
    return test.id().rpartition(".")[2]


def _reason(err):
    kind, error, trace = err
    places = []
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename).name
        places.append(f"{file}:{trace.tb_lineno}")
        trace = trace.tb_next
    own = [place for place in places if place.startswith("test_")]
    first = str(error).strip().splitlines() or [""]
    return f"{kind.__name__}: {first[0]} ({(own or places)[-1]})"


def _report(outcomes):
    wrong = 0
    for name, reason in sorted(outcomes.items()):
        expected = CANNOT.get(name)
        surprising = bool(reason) != bool(expected)
        wrong += surprising
        print(f"{'FAIL' if reason else 'ok  '} {name}{'  (!)' if surprising else ''}")
        if reason:
            print(f"       {reason}")
        if expected:
            print(f"       cannot: {expected}")
    passed = sum(not reason for reason in outcomes.values())
    print(f"{passed} of {len(outcomes)} pass; {wrong} not as expected")
    return int(wrong > 0 or not outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

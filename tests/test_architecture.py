"""What the package promises about its own shape."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

import nimare_neurosynth

ROOT = Path(nimare_neurosynth.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages([str(ROOT)], "nimare_neurosynth.")
    if not any(part.startswith("_") for part in module.name.split(".")[1:])
)
HEAVY = ("matplotlib", "nilearn", "nimare", "numba", "pandas", "requests", "scipy")
MAX_LINES, MAX_FUNCTION_LINES = 450, 60


def _names(path):
    return path.relative_to(ROOT).as_posix()


def _tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


# ------------------------------------------------------------ light to import


def _loaded_by(code):
    """List the modules of a fresh interpreter after some code."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in run.stdout.split()}


def test_importing_the_package_loads_nothing_heavy():
    loaded = _loaded_by("import nimare_neurosynth; nimare_neurosynth.__version__")
    assert "nimare_neurosynth" in loaded
    assert loaded.isdisjoint({*HEAVY, "numpy"})


def test_the_command_line_answers_before_anything_heavy_is_loaded():
    assert _loaded_by("import nimare_neurosynth.cli").isdisjoint(HEAVY)


def test_a_database_is_asked_without_nimare_nilearn_or_pictures():
    code = "import nimare_neurosynth as nn; nn.load_demo().select('emotion*')"
    assert _loaded_by(code).isdisjoint({"nimare", "nilearn", "matplotlib", "requests"})


def test_readers_import_nimare_only_when_a_studyset_is_read():
    code = "import nimare_neurosynth as nn; nn.read_database; nn.Database.from_studyset"
    assert _loaded_by(code).isdisjoint({"nimare", "nilearn"})


def test_the_old_calls_are_loaded_when_they_are_used():
    loaded = _loaded_by("from nimare_neurosynth import legacy; legacy.install()")
    assert loaded.isdisjoint({*HEAVY, "click", "nibabel", "numpy", "sklearn"})


def test_an_old_dataset_needs_no_nimare_pictures_or_network():
    code = "import nimare_neurosynth.legacy as old; old.Dataset, old.meta, old.io"
    heavy = {"matplotlib", "nilearn", "nimare", "requests", "sklearn"}
    assert _loaded_by(code).isdisjoint(heavy)


# ------------------------------------------------------------ public names


@pytest.mark.parametrize("name", ["nimare_neurosynth", *MODULES])
def test_public_names_are_there_and_documented(name):
    module = importlib.import_module(name)
    assert inspect.getdoc(module)
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if callable(value):
            assert inspect.getdoc(value), public


@pytest.mark.parametrize("name", ["nimare_neurosynth", *MODULES])
def test_all_is_sorted_and_without_repeats(name):
    names = list(getattr(importlib.import_module(name), "__all__", ()))
    assert len(names) == len(set(names))
    assert all(not public.startswith("_") for public in names)


@pytest.mark.parametrize("name", MODULES)
def test_packages_say_what_is_public(name):
    module = importlib.import_module(name)
    is_package = hasattr(module, "__path__")
    assert not is_package or module.__all__


def test_the_top_level_is_listed_once():
    public = set(nimare_neurosynth.__all__)
    assert public == set(nimare_neurosynth._HOME)
    assert public <= set(dir(nimare_neurosynth))
    for name in public:
        home = f"nimare_neurosynth.{nimare_neurosynth._HOME[name]}"
        assert name in importlib.import_module(home).__all__


def test_the_top_level_has_nothing_else():
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        _ = nimare_neurosynth.nosuch


def test_there_is_one_version():
    from importlib.metadata import version

    assert nimare_neurosynth.__version__ == version("nimare-neurosynth")
    assert "__version__" in dir(nimare_neurosynth)


def _methods(cls):
    """Give the public methods and properties that a class of ours defines itself."""
    for name, value in vars(cls).items():
        if not name.startswith("_") and (callable(value) or _is_documented(value)):
            yield name, value


def _is_documented(value):
    return isinstance(value, property | classmethod | staticmethod | cached_property)


@pytest.mark.parametrize("name", MODULES)
def test_public_methods_are_documented(name):
    module = importlib.import_module(name)
    classes = [getattr(module, public) for public in getattr(module, "__all__", ())]
    bare = [
        f"{cls.__name__}.{method}"
        for cls in classes
        if isinstance(cls, type)
        for method, value in _methods(cls)
        if not inspect.getdoc(value)
    ]
    assert bare == []


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_modules_say_what_they_are_for(path):
    assert ast.get_docstring(_tree(path))


# ------------------------------------------------------------ size


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_files_and_functions_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    long = [
        f"{node.name}: {length}"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := _length(node)) > MAX_FUNCTION_LINES
    ]
    assert long == []


def _length(function):
    """Count the lines of a function's body, without its docstring."""
    body = function.body[1 if ast.get_docstring(function) is not None else 0 :]
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


# ------------------------------------------------------------ habits


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_nothing_prints(path):
    calls = [n.func for n in ast.walk(_tree(path)) if isinstance(n, ast.Call)]
    assert not [f for f in calls if isinstance(f, ast.Name) and f.id == "print"]


@pytest.mark.parametrize("path", FILES, ids=_names)
def test_imports_are_absolute(path):
    imports = [n for n in ast.walk(_tree(path)) if isinstance(n, ast.ImportFrom)]
    assert not [n.module for n in imports if n.level]


def test_the_package_is_typed():
    assert (ROOT / "py.typed").is_file()

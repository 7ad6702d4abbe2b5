"""``import neurosynth`` means this layer, and its modules are the same by any name."""

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

from nimare_neurosynth import legacy
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.legacy import _install

BASE = ("dataset", "imageutils", "lexparser", "mask", "transformations")


@pytest.fixture
def installed():
    legacy.install()
    yield
    legacy.uninstall()
    assert not [name for name in sys.modules if name.split(".")[0] == "neurosynth"]


def _run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


# ------------------------------------------------------------------------- flat names


@pytest.mark.parametrize("name", [*BASE, "meta"])
def test_a_module_has_three_names(name):
    flat = importlib.import_module(f"nimare_neurosynth.legacy.{name}")
    package = "base" if name in BASE else "analysis"
    full = importlib.import_module(f"nimare_neurosynth.legacy.{package}.{name}")
    assert flat is full is getattr(legacy, name)
    assert full is getattr(getattr(legacy, package), name)
    assert full.__name__ == f"nimare_neurosynth.legacy.{package}.{name}"


def test_flat_names_first_in_a_new_python():
    code = (
        "import nimare_neurosynth.legacy.meta as flat\n"
        "from nimare_neurosynth.legacy.analysis.meta import MetaAnalysis\n"
        "assert flat.MetaAnalysis is MetaAnalysis\n"
        "import nimare_neurosynth.legacy as legacy\n"
        "assert legacy.meta is flat is legacy.analysis.meta\n"
        "assert legacy.base.dataset.Dataset is legacy.Dataset\n"
    )
    assert _run(code).stderr == ""


def test_each_flat_name_has_a_home():
    homes = {home.partition(".")[0] for home in _install.FLAT.values()}
    assert homes == {"base", "analysis"}
    for package in homes:
        listed = set(importlib.import_module(f"{_install.HERE}.{package}").__all__)
        flat = {n for n, h in _install.FLAT.items() if h.startswith(package)}
        assert flat == listed


def test_names_that_are_nowhere():
    for module in (legacy, legacy.base, legacy.analysis):
        assert {*module.__all__} <= {*dir(module)}
        with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
            _ = module.nosuch
    with pytest.raises(ModuleNotFoundError, match=r"nimare_neurosynth\.legacy\.nosuch"):
        importlib.import_module("nimare_neurosynth.legacy.nosuch")


def test_the_version_is_the_old_package_s():
    assert legacy.__version__ == "0.3.8"


# -------------------------------------------------------------------- import neurosynth


def test_the_old_names_are_the_same_modules(installed):
    import neurosynth
    import neurosynth.analysis.meta
    import neurosynth.base.dataset
    import neurosynth.meta
    from neurosynth import Dataset, MetaAnalysis, meta

    assert neurosynth is legacy
    assert neurosynth.base.dataset is legacy.dataset
    assert neurosynth.analysis.meta is neurosynth.meta is meta is legacy.meta
    assert sys.modules["neurosynth.analysis.meta"] is legacy.meta
    assert Dataset is legacy.Dataset is neurosynth.base.dataset.Dataset
    assert MetaAnalysis is legacy.MetaAnalysis
    assert legacy.meta.__spec__.name == "nimare_neurosynth.legacy.analysis.meta"


def test_resources_are_found_as_before(installed):
    import os

    import neurosynth
    from neurosynth import Masker

    folder = os.path.dirname(neurosynth.__file__)  # noqa: PTH120
    brain = os.path.join(folder, "resources", "MNI152_T1_2mm_brain.nii.gz")  # noqa: PTH118
    assert Masker(brain).n_vox_in_vol == 228_453


@pytest.mark.parametrize(
    "name", ["nosuch", "base.nosuch", "nosuch.meta", "meta.nosuch"]
)
def test_modules_that_exist_nowhere(installed, name):
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'neurosynth\."):
        importlib.import_module(f"neurosynth.{name}")


def test_other_packages_are_left_alone(installed):
    for name in ("neurosynthetic", "other.neurosynth", "my_neurosynth"):
        assert _install._old.find_spec(name) is None


def test_twice_and_undone():
    legacy.install()
    legacy.install()
    assert sys.meta_path.count(_install._old) == 1
    assert sys.meta_path[0] is _install._old
    importlib.import_module("neurosynth.base.mask")
    legacy.uninstall()
    legacy.uninstall()
    assert _install._old not in sys.meta_path
    with pytest.raises(ModuleNotFoundError, match="'neurosynth'"):
        importlib.import_module("neurosynth")
    assert legacy.mask.Masker is legacy.Masker


@pytest.mark.parametrize("name", ["neurosynth", "neurosynth.base"])
def test_another_neurosynth_is_there_already(monkeypatch, name):
    other = ModuleType(name)
    other.__file__ = "/somewhere/neurosynth/__init__.py"
    monkeypatch.setitem(sys.modules, name, other)
    with pytest.raises(OptionError, match=r"from /somewhere.*before anything imports"):
        legacy.install()
    assert _install._old not in sys.meta_path
    legacy.uninstall()
    assert sys.modules[name] is other


def test_a_neurosynth_that_is_not_imported_yet_stays_aside(tmp_path):
    (tmp_path / "neurosynth.py").write_text("raise SystemExit('the other one')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from nimare_neurosynth import legacy; legacy.install()\n"
        "import neurosynth; print(neurosynth.__version__)"
    )
    assert _run(code).stdout == "0.3.8\n"


# ------------------------------------------------------------------------ odds and ends


def test_the_level_of_the_log(monkeypatch):
    monkeypatch.delenv("NEUROSYNTH_LOGLEVEL", raising=False)
    assert legacy.set_logging_level("info") == 20
    assert legacy.set_logging_level("ERROR") == 40
    assert legacy.set_logging_level() == 30
    monkeypatch.setenv("NEUROSYNTH_LOGLEVEL", "debug")
    assert legacy.set_logging_level() == 10
    for wrong in ("loud", 10, ""):
        with pytest.raises(OptionError, match="level must be one of debug, info"):
            legacy.set_logging_level(wrong)

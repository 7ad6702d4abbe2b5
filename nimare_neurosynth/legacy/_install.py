"""``import neurosynth`` means this layer: modules under other names, never twice."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

OLD = "neurosynth"
HERE = "nimare_neurosynth.legacy"

FLAT = {
    "classify": "analysis.classify",
    "cluster": "analysis.cluster",
    "compare": "analysis.compare",
    "dataset": "base.dataset",
    "decode": "analysis.decode",
    "imageutils": "base.imageutils",
    "lexparser": "base.lexparser",
    "mask": "base.mask",
    "meta": "analysis.meta",
    "network": "analysis.network",
    "reduce": "analysis.reduce",
    "roi": "analysis.roi",
    "stats": "analysis.stats",
    "transformations": "base.transformations",
}
"""Modules that are also reached without the name of their package."""


class _Same(Loader):
    """Loads a module by taking one that has another name."""

    def __init__(self, real: str) -> None:
        self.real = real

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Have Python make an empty module, which is thrown away."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the real module in its place: Python takes what it finds there."""
        sys.modules[module.__name__] = import_module(self.real)


class _Aliases:
    """Finds modules of this layer by other names.

    Parameters
    ----------
    name : str
        Of the package that is looked below.
    only_flat : bool
        Find just the names of :data:`FLAT`; Python finds the others itself.
    """

    def __init__(self, name: str, *, only_flat: bool = False) -> None:
        self.name, self.only_flat = name, only_flat

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Tell Python how to load a module, if it is one of ours."""
        base, dot, rest = fullname.partition(f"{self.name}.")
        if fullname != self.name and (base or not dot):
            return None
        first = rest.partition(".")[0]
        if self.only_flat and rest not in FLAT:
            return None
        real = f"{HERE}.{FLAT.get(first, first)}{rest[len(first) :]}" if rest else HERE
        return ModuleSpec(fullname, _Same(real)) if _is_there(real) else None


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its package is not there, or none
        return False


_flat = _Aliases(HERE, only_flat=True)
_old = _Aliases(OLD)


def add_flat_names() -> None:
    """Make ``import nimare_neurosynth.legacy.meta`` work, as with real modules."""
    if _flat not in sys.meta_path:
        sys.meta_path.append(_flat)


def install() -> None:
    """Have ``import neurosynth``, and of all its modules, mean this layer.

    For this process, from now on. Calling it again does nothing.

    Raises
    ------
    OptionError
        If another package of this name has been imported already.

    Examples
    --------
    >>> from nimare_neurosynth import legacy
    >>> legacy.install()
    >>> from neurosynth.base.dataset import Dataset
    >>> Dataset is legacy.Dataset
    True
    >>> legacy.uninstall()
    """
    for name, module in list(sys.modules.items()):
        if (name == OLD or name.startswith(f"{OLD}.")) and module is not None:
            _check_ours(name, module)
    if _old not in sys.meta_path:
        sys.meta_path.insert(0, _old)


def _check_ours(name: str, module: ModuleType) -> None:
    if not _is_ours(module) and _old not in sys.meta_path:
        where = getattr(module, "__file__", None) or "memory"
        raise OptionError(
            f"another {name} is imported already (from {where}): call "
            "nimare_neurosynth.legacy.install() before anything imports it, at the top "
            "of the script or in the first cell of the notebook, in a new Python."
        )


def _is_ours(module: ModuleType | None) -> bool:
    name = getattr(module, "__name__", "")
    return name == HERE or name.startswith(f"{HERE}.")


def uninstall() -> None:
    """Undo :func:`install`: what was imported stays with those who imported it."""
    if _old in sys.meta_path:
        sys.meta_path.remove(_old)
    for name, module in list(sys.modules.items()):
        if (name == OLD or name.startswith(f"{OLD}.")) and _is_ours(module):
            del sys.modules[name]

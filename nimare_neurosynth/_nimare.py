"""NiMARE itself: the one place that imports it, and only when it is used."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_MISSING = (
    "NiMARE cannot be imported ({error}): install it with `pip install "
    "'nimare>=0.22.1,<1'`."
)


def studyset_module() -> ModuleType:
    """Import ``nimare.studyset``.

    Returns
    -------
    module

    Raises
    ------
    OptionError
        If NiMARE is not installed, or older than 0.22.1.
    """
    with _quiet_import():
        try:
            from nimare import studyset
        except ImportError as error:
            raise OptionError(_MISSING.format(error=error)) from error
    module: ModuleType = studyset
    return module


def dataset_class() -> type:
    """Import ``nimare.dataset.Dataset``, which NiMARE 1.0 no longer has.

    Returns
    -------
    type

    Raises
    ------
    OptionError
        If the installed NiMARE has none.
    """
    with _quiet_import():
        try:
            from nimare.dataset import Dataset
        except ImportError as error:
            raise OptionError(
                f"the installed NiMARE has no Dataset ({error}): it was deprecated in "
                "0.21 and leaves with 1.0. Use a Studyset (from_studyset, to_studyset) "
                "instead."
            ) from error
    found: type = Dataset
    return found


@contextmanager
def deprecations_ignored() -> Iterator[None]:
    """Keep NiMARE's notices that Dataset is deprecated from the user, who knows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Undo what importing NiMARE does to everyone's logging, and its own warnings.

    It calls ``logging.basicConfig(level=INFO)``.
    """
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for handler in [h for h in root.handlers if h not in handlers]:
            root.removeHandler(handler)
        root.setLevel(level)

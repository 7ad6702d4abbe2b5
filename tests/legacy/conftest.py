"""What the tests of the old calls share."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    # also while fixtures of modules are made, where a fixture would be too late
    silent = pytest.mark.filterwarnings(
        "ignore::nimare_neurosynth.errors.LegacyWarning"
    )
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(silent)

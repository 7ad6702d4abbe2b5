"""What the tests of the old calls share."""

import warnings

import pytest

from nimare_neurosynth.errors import LegacyWarning


@pytest.fixture(autouse=True)
def _silent_advice():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LegacyWarning)
        yield

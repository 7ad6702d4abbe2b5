"""What the tests of the command line share."""

import warnings

import pytest
from click.testing import CliRunner

from nimare_neurosynth.cli._main import group
from nimare_neurosynth.errors import NeurosynthWarning


@pytest.fixture
def run():
    """Call the command line inside this process."""

    def call(*arguments):
        with warnings.catch_warnings():
            # a user sees warnings; pytest would make errors of them
            warnings.simplefilter("always", NeurosynthWarning)
            return CliRunner().invoke(
                group, [str(a) for a in arguments], prog_name="nimare-neurosynth"
            )

    return call

"""What the tests of the engine share: its kernels as plain Python."""

from contextlib import contextmanager

import pytest

from nimare_neurosynth.engine import _kernels as kernels
from nimare_neurosynth.engine import _tiles
from nimare_neurosynth.stats import _association

KERNELS = (
    "runs_of_studies",
    "count_block_runs",
    "place_block_runs",
    "add_changes",
    "sum_changes",
    "add_sizes",
    "sum_over_voxels",
    "voxels_of_studies",
    "z_tile",
)


@contextmanager
def plain_kernels():
    """Let the package run its kernels as plain Python, which checks every index.

    Gives how often each was called.
    """
    calls = dict.fromkeys(KERNELS, 0)

    def counted(name):
        plain = getattr(kernels, name).py_func

        def call(*args):
            calls[name] += 1
            return plain(*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in KERNELS:
            call = counted(name)
            for module in (kernels, _tiles, _association):
                if hasattr(module, name):
                    patch.setattr(module, name, call)
        yield calls


@pytest.fixture
def uncompiled():
    with plain_kernels() as calls:
        yield calls

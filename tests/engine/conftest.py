"""What the tests of the engine share: its kernels as plain Python."""

from contextlib import contextmanager

import pytest

from nimare_neurosynth.engine import _clusters as clusters
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
    "count_by_parcel",
    "voxels_of_studies",
    "z_tile",
)
CLUSTER_KERNELS = ("_root", "join_clusters")


@contextmanager
def plain_kernels():
    """Let the package run its kernels as plain Python, which checks every index.

    Gives how often each was called.
    """
    with _plain(KERNELS, kernels, _tiles, _association) as calls:
        yield calls


@contextmanager
def plain_clusters():
    """Do the same for the kernels of clusters."""
    with _plain(CLUSTER_KERNELS, clusters) as calls:
        yield calls


@contextmanager
def _plain(names, home, *others):
    calls = dict.fromkeys(names, 0)

    def counted(name):
        plain = getattr(home, name).py_func

        def call(*args):
            calls[name] += 1
            return plain(*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            call = counted(name)
            for module in (home, *others):
                if hasattr(module, name):
                    patch.setattr(module, name, call)
        yield calls


@pytest.fixture
def uncompiled():
    with plain_kernels() as calls:
        yield calls

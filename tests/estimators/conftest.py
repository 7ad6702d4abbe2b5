"""What the tests of NiMARE's classes share: its own studysets, divided in two.

NiMARE warns a lot, and warnings are errors here: it is called through ``quietly``, and
what calls our classes (correctors, diagnostics, workflows) with the fixture ``noisy``,
if at all.
"""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from nimare_neurosynth.space import nimare_resource
from tests.estimators.same import coarse, halves
from tests.oracles import import_nimare, quietly

# the modules of tests that come after this one can import it quietly
import_nimare("nimare")


@pytest.fixture(scope="session", autouse=True)
def _less_garbage_collection():
    """Keep nilearn from collecting garbage for each image, which takes longest."""
    from nilearn._utils import niimg

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(niimg, "gc", SimpleNamespace(collect=lambda: 0), raising=False)
        yield


def read(source):
    from nimare.studyset import Studyset

    return quietly(Studyset, source if isinstance(source, dict) else str(source))


@pytest.fixture(scope="session")
def laird_path():
    return nimare_resource("neurosynth_laird_studyset.json")


@pytest.fixture(scope="session")
def laird(laird_path):
    """Give 17 studies, an analysis each, with 3,228 terms."""
    return read(laird_path)


@pytest.fixture(scope="session")
def nback():
    """Give 906 analyses of 320 studies, in MNI, Talairach and unknown space."""
    path = nimare_resource("nback_vs_flanker_studyset_2026-07")
    return read(path)


@pytest.fixture(scope="session")
def groups(laird):
    return halves(laird)


@pytest.fixture(scope="session")
def mask(laird):
    """Give a mask of 4 mm voxels: all is eight times as fast."""
    return coarse(laird.masker.mask_img)


@pytest.fixture(scope="session")
def fitted(groups, mask):
    """Give what NiMARE makes of the two groups, on the coarse mask."""
    from nimare.meta.cbma.mkda import MKDAChi2

    return quietly(MKDAChi2(mask=mask).fit, *groups)


@pytest.fixture(scope="session")
def ours(groups, mask):
    """Give what we make of them."""
    from nimare_neurosynth.estimators import NeurosynthChi2

    return NeurosynthChi2(mask=mask).fit(*groups)


@pytest.fixture
def made():
    """Make a studyset of points: {study: {analysis: [(x, y, z), ...]}}."""

    def make(studies, **more):
        return read(nimads(studies, **more))

    return make


def nimads(studies, *, space="MNI", name="made", metadata=None):
    """Write a NIMADS document."""
    return {
        "id": name,
        "name": name,
        "studies": [
            {
                "id": study,
                "name": study,
                "metadata": (metadata or {}).get(study, {}),
                "analyses": [
                    {
                        "id": analysis,
                        "name": analysis,
                        "points": [
                            {"coordinates": list(xyz), "space": space} for xyz in points
                        ],
                    }
                    for analysis, points in analyses.items()
                ],
            }
            for study, analyses in studies.items()
        ],
    }


@pytest.fixture
def noisy():
    """Let NiMARE, nilearn and matplotlib warn while they run around our classes."""
    with warnings.catch_warnings():
        for module in ("nimare", "nilearn", "matplotlib", "pandas", "sklearn"):
            warnings.filterwarnings("ignore", module=rf"{module}(\.|$)")
        yield


@pytest.fixture
def scattered():
    """Give points of a study, near a place."""

    def points(seed, n=4, around=(0, 0, 0), spread=15):
        rng = np.random.default_rng(seed)
        return (rng.normal(around, spread, (n, 3)).round()).tolist()

    return points

"""Hypothesis strategies: masks, peaks, and labels of studies."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth.space import Mask

_millimetres = st.one_of(
    st.floats(-40, 40),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e100, -500.0, 1.0, 3.0]),
)


@st.composite
def affines(draw):
    """Draw an invertible affine: flipped, stretched, sheared, moved."""
    edges = draw(hnp.arrays(float, 3, elements=st.sampled_from([2.0, 3.0, -2.5, 4.0])))
    affine = np.eye(4)
    affine[:3, :3] = np.diag(edges)
    affine[0, 1] = draw(st.sampled_from([0.0, 0.0, 0.7]))
    affine[:3, 3] = draw(hnp.arrays(float, 3, elements=st.floats(-20, 20)))
    return affine


@st.composite
def masks(draw):
    """Draw a small mask of any form, with at least one voxel."""
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3))
    inside = draw(hnp.arrays(bool, shape))
    inside.flat[draw(st.integers(0, inside.size - 1))] = True
    return Mask.from_array(inside, draw(affines()))


@st.composite
def peak_tables(draw, max_studies=6):
    """Draw (xyz, study, n_studies): unsorted, with gaps, NaN and infinity."""
    n_studies = draw(st.integers(1, max_studies))
    n_peaks = draw(st.integers(0, 12))
    xyz = draw(hnp.arrays(float, (n_peaks, 3), elements=_millimetres))
    study = draw(hnp.arrays(int, n_peaks, elements=st.integers(0, n_studies - 1)))
    return xyz, study, n_studies


def label_masks(n_studies, max_labels=5):
    """Draw sets of studies, shape (n_labels, n_studies); some may be empty."""
    shape = st.tuples(st.integers(0, max_labels), st.just(n_studies))
    return hnp.arrays(bool, shape)


def radii():
    """Draw radii from nothing to many voxels."""
    return st.sampled_from([0.0, 1.5, 2.0, 4.0, 6.0, 7.5, 10.0])

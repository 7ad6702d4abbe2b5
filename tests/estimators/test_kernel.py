"""NeurosynthKernel makes what MKDAKernel makes."""

import nibabel as nib
import numpy as np
import pytest
from nimare.meta.cbma.mkda import KDA, MKDAChi2, MKDADensity
from nimare.meta.kernel import MKDAKernel
from nimare.utils import get_masker
from scipy import sparse

from nimare_neurosynth.estimators import NeurosynthKernel
from tests.oracles import quietly

OPTIONS = [{"r": 6}, {"r": 10}, {"r": 6, "value": 2}, {"r": 10, "value": 2}]


def both(options, source, **more):
    theirs = quietly(MKDAKernel(**options).transform, source, **more)
    return NeurosynthKernel(**options).transform(source, **more), theirs


def sources(groups, mask):
    """Give a studyset, its table of foci, and that with voxels of the mask."""
    masker = get_masker(mask)
    table = groups[1].coordinates
    shuffled = table.sample(frac=1, random_state=3)
    inverse = np.linalg.inv(mask.affine)
    with_voxels = table.copy()
    places = table[["x", "y", "z"]].to_numpy(float) @ inverse[:3, :3].T + inverse[:3, 3]
    with_voxels[["i", "j", "k"]] = np.round(places).astype(int)
    with_voxels[["x", "y", "z"]] = 0.0  # not looked at where there are voxels
    return {
        "studyset": (groups[1], masker),
        "table": (table, masker),
        "shuffled": (shuffled, masker),
        "voxels": (with_voxels, masker),
    }


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", ["studyset", "table", "shuffled", "voxels"])
def test_all_return_types(groups, mask, options, kind):
    source, masker = sources(groups, mask)[kind]
    ours, theirs = both(options, source, masker=masker, return_type="sparse")
    assert sparse.issparse(ours)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert (ours != theirs).nnz == 0
    assert set(np.unique(ours.data)) == {options.get("value", 1)}
    for return_type in ("array", "summary_array"):
        ours, theirs = both(options, source, masker=masker, return_type=return_type)
        assert ours.shape == theirs.shape
        np.testing.assert_array_equal(ours, theirs)
        assert ours.any()
    ours, theirs = both(options, source, masker=masker, return_type="image")
    assert len(ours) == len(theirs) == 9
    for one, other in zip(ours, theirs, strict=True):
        assert isinstance(one, nib.Nifti1Image)
        np.testing.assert_array_equal(one.affine, other.affine)
        np.testing.assert_array_equal(one.get_fdata(), other.get_fdata())


@pytest.mark.parametrize("radius", [6, 10])
def test_on_the_mask_of_the_studyset(groups, radius):
    ours, theirs = both({"r": radius}, groups[0], return_type="sparse")
    assert ours.shape == (8, 228483)
    assert (ours != theirs).nnz == 0
    ours, theirs = both({"r": radius}, groups[0], return_type="summary_array")
    np.testing.assert_array_equal(ours, theirs)


def test_studies_with_all_foci_outside(made, scattered, mask):
    studyset = made({"1": {"a": scattered(1)}, "2": {"a": [(900, 900, 900)]}})
    masker = get_masker(mask)
    for return_type in ("sparse", "array", "summary_array"):
        ours, theirs = both({}, studyset, masker=masker, return_type=return_type)
        assert ours.shape == theirs.shape
        assert abs(ours - theirs).max() == 0


def test_in_nimares_estimators(laird, groups, mask):
    for estimator in (MKDADensity, KDA):
        options = {"mask": mask, "null_method": "approximate", "kernel__r": 6}
        ours = quietly(
            estimator(kernel_transformer=NeurosynthKernel, **options).fit, laird
        )
        theirs = quietly(estimator(kernel_transformer=MKDAKernel, **options).fit, laird)
        assert set(ours.maps) == set(theirs.maps)
        for name, values in ours.maps.items():
            np.testing.assert_array_equal(values, theirs.maps[name], err_msg=name)
    options = {"mask": mask, "kernel_transformer": NeurosynthKernel}
    ours = quietly(MKDAChi2(**options).fit, *groups)
    theirs = quietly(MKDAChi2(mask=mask).fit, *groups)
    for name, values in ours.maps.items():
        np.testing.assert_array_equal(values, theirs.maps[name], err_msg=name)


def test_parameters():
    kernel = NeurosynthKernel(r=6, value=2)
    assert kernel.get_params()["r"] == 6
    assert "radius of 6" in kernel._generate_description()
    with pytest.raises(ValueError, match="return_type"):
        kernel.transform(None, return_type="map")
    assert MKDADensity(NeurosynthKernel, kernel__r=4).kernel_transformer.r == 4


@pytest.mark.parametrize("r", [-1, "ten", None, float("nan")])
def test_impossible_radius(groups, mask, r):
    with pytest.raises((TypeError, ValueError)):
        NeurosynthKernel(r=r).transform(groups[0], get_masker(mask), "sparse")

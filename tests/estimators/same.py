"""Comparing results with NiMARE's, and cutting studysets and masks."""

import nibabel as nib
import numpy as np

CLOSE = 1e-5
FWE = "_corr-FWE_method-montecarlo"


def halves(studyset):
    """Divide the studies of a studyset into two, by their order."""
    study = studyset.store.study_idx[studyset.view.index]
    first = study < studyset.store.n_studies // 2
    return studyset.select_analyses(first), studyset.select_analyses(~first)


def coarse(image, step=2):
    """Take every second voxel of a mask along each axis."""
    affine = image.affine.copy()
    affine[:3, :3] *= step
    inside = (np.asarray(image.dataobj) > 0)[::step, ::step, ::step]
    return nib.Nifti1Image(inside.astype(np.uint8), affine)


def active(result):
    """Mark the voxels that some analysis activates."""
    return result.maps["prob_desc-A"] > 0


def check_maps(ours, theirs):
    """Compare all maps of two results, where some analysis activates the voxel.

    Elsewhere NiMARE has NaN and p = 0.157, and we have nothing.
    """
    assert set(ours.maps) == set(theirs.maps)
    here = active(theirs)
    np.testing.assert_array_equal(active(ours), here)
    for name, values in ours.maps.items():
        assert values.dtype == np.float32
        relative = CLOSE if name.startswith(("chi2_", "logp_")) else 0
        np.testing.assert_allclose(
            values[here],
            theirs.maps[name][here],
            rtol=relative,
            atol=CLOSE,
            err_msg=name,
        )
        assert (values[~here] == (1 if name.startswith("p_") else 0)).all(), name
    return here


def check_equal(one, other):
    """Compare all maps of two results, bit for bit."""
    assert set(one.maps) == set(other.maps)
    for name, values in one.maps.items():
        np.testing.assert_array_equal(values, other.maps[name], err_msg=name)


def check_tables(one, other):
    """Compare all tables of two results, value for value."""
    assert set(one.tables) == set(other.tables)
    for name, table in one.tables.items():
        expected = other.tables[name]
        assert (table is None) == (expected is None), name
        if table is not None:
            assert table.equals(expected), name


def montecarlo(result, **options):
    """Correct for family-wise error, with few draws, in all voxels."""
    from nimare.correct import FWECorrector

    options = {"n_iters": 20, "min_studies": 0, **options}
    return FWECorrector(method="montecarlo", **options).transform(result)


def nulls_of(corrected):
    """Give the largest values of each draw, in the order of ``statistics_of``."""
    kept = corrected.estimator.null_distributions_
    names = [
        f"values_desc-{name}{what}_corr-fwe_method-montecarlo"
        for name in ("pAgF", "group2", "pFgA")
        for what in ("_level-voxel", "size_level-cluster", "mass_level-cluster")
    ]
    return np.array([kept[name] for name in names if name in kept]).T

"""How much of each region each study activates: against dense arrays."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nimare_neurosynth.errors import ImageError, OptionError
from nimare_neurosynth.networks import Parcels, average_within_regions
from nimare_neurosynth.networks._activity import is_active
from nimare_neurosynth.space import default_mask
from tests.oracles import brain_block, dense_activations, random_database

MASK = brain_block((13, 12, 11), 4.0)


@pytest.fixture(scope="module")
def made():
    return random_database()


def brute(database, regions, radius, talairach="icbm_spm"):
    """Average over the voxels of each region, study by study."""
    xyz = database.peaks.to_mni(talairach)
    study, n = database.peaks.study, database.n_studies
    active = dense_activations(xyz, study, n, MASK, radius)
    return np.stack([active[:, inside].mean(axis=1) for inside in regions], axis=1)


@pytest.mark.parametrize("radius", [0, 6, 10])
@pytest.mark.parametrize("talairach", ["icbm_spm", None])
def test_averages_are_those_of_dense_arrays(made, radius, talairach):
    rng = np.random.default_rng(0)
    regions = {
        f"r{i}": rng.random(MASK.n_voxels) < share
        for i, share in enumerate((0.01, 0.2, 0.9))
    }
    found = average_within_regions(
        made,
        Parcels.of(MASK, regions),
        radius_mm=radius,
        talairach=talairach,
        n_jobs=1,
    )
    expected = brute(made, regions.values(), radius, talairach)
    assert expected.any(axis=0).all()
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert found.columns.tolist() == ["r0", "r1", "r2"]
    assert found.index.name == "study_id"
    assert found.index.tolist() == made.study_ids.tolist()
    assert (found.dtypes == np.float64).all()


def test_cubes_average_to_the_brain(made):
    parcels = Parcels.grid(12, mask=MASK)
    found = average_within_regions(made, parcels)
    expected = brute(made, [np.ones(MASK.n_voxels, bool)], 6)[:, 0]
    whole = (found.to_numpy() * parcels.sizes).sum(axis=1) / MASK.n_voxels
    np.testing.assert_allclose(whole, expected, atol=1e-14)
    silent = found.index[~made.has_peaks]
    assert len(silent) == 2
    assert not found.loc[silent].to_numpy().any()


def test_regions_are_read_in_the_mask(made):
    region = (MASK.xyz_mm**2).sum(axis=1) <= 12**2
    [values] = average_within_regions(
        made, {"centre": MASK.to_image(region)}, mask=MASK
    ).T.to_numpy()
    np.testing.assert_allclose(values, brute(made, [region], 6)[:, 0])
    usual = average_within_regions(made, {"centre": (0, 0, 0)})
    inside = Parcels.from_spheres({"c": (0, 0, 0)}).inside("c")
    active = made.activations(mask=default_mask()).count_in(inside)
    np.testing.assert_allclose(usual["centre"], active / inside.sum())


def test_wrong_calls(made):
    parcels = Parcels.grid(20, mask=MASK)
    with pytest.raises(OptionError, match="a Database is needed, got str"):
        average_within_regions("demo", parcels)
    with pytest.raises(OptionError, match="another mask"):
        average_within_regions(made, parcels, mask=brain_block())
    with pytest.raises(OptionError, match="radius_mm"):
        average_within_regions(made, parcels, radius_mm=-1)
    with pytest.raises(OptionError, match="'tal'"):
        average_within_regions(made, parcels, talairach="tal")
    with pytest.raises(ImageError):
        average_within_regions(made, "none.nii", mask=MASK)


# ---------------------------------------------------------------------- being active


@pytest.fixture(scope="module")
def spheres():
    places = {"small": (0, 0, 0), "large": (8, 4, 0)}
    regions = {
        name: ((MASK.xyz_mm - xyz) ** 2).sum(axis=1) <= r**2
        for (name, xyz), r in zip(places.items(), (4, 14), strict=True)
    }
    return Parcels.of(MASK, regions)


@given(st.integers(0, 99), st.integers(1, 40), st.floats(0.001, 1))
def test_bounds_are_reached_or_not(seed, least, share):
    places = {"small": (0, 0, 0), "large": (8, 4, 0)}
    parcels = Parcels.from_spheres(places, 8, mask=MASK)
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, parcels.sizes + 1, (20, 2)).astype(np.int32)
    np.testing.assert_array_equal(is_active(counts, parcels, None, None), counts >= 1)
    np.testing.assert_array_equal(
        is_active(counts, parcels, least, None), counts >= least
    )
    found = is_active(counts, parcels, None, share)
    np.testing.assert_array_equal(found, counts / parcels.sizes >= share - 1e-13)


def test_shares_that_are_reached_exactly(spheres):
    for i, size in enumerate(spheres.sizes):
        for count in range(1, size + 1):
            counts = np.zeros((1, 2), np.int32)
            counts[0, i] = count
            found = is_active(counts, spheres, None, count / size)
            assert found[0].tolist() == [i == 0, i == 1]
            if count < size:
                more = is_active(counts, spheres, None, (count + 0.5) / size)
                assert not more.any()


BOUNDS = [
    ({"min_voxels": 1, "min_proportion": 0.1}, "not both"),
    ({"min_voxels": 0}, "min_voxels must be a whole number"),
    ({"min_voxels": -1}, "min_voxels must be a whole number"),
    ({"min_voxels": 1.5}, "for a share of the region use min_proportion"),
    ({"min_voxels": True}, "min_voxels must be a whole number"),
    ({"min_voxels": "3"}, "min_voxels must be a whole number"),
    ({"min_proportion": 0}, "min_proportion must be above 0"),
    ({"min_proportion": 1.01}, "min_proportion must be above 0"),
    ({"min_proportion": np.nan}, "min_proportion must be above 0"),
    ({"min_proportion": "all"}, "min_proportion must be above 0"),
]


@pytest.mark.parametrize(("options", "message"), BOUNDS, ids=str)
def test_impossible_bounds(spheres, options, message):
    bound = options.get("min_voxels"), options.get("min_proportion")
    with pytest.raises(OptionError, match=message):
        is_active(np.zeros((1, 2), np.int32), spheres, *bound)


def test_tables_are_plain(made):
    found = average_within_regions(made, Parcels.grid(20, mask=MASK))
    assert isinstance(found, pd.DataFrame)
    assert found.columns.is_unique

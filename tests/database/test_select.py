"""Choosing studies by place, region, metadata and id."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nibabel.nifti1 import Nifti1Image

from nimare_neurosynth.database import Peaks
from nimare_neurosynth.errors import (
    ImageError,
    NeurosynthError,
    OptionError,
    QueryError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.space import default_mask, talairach_to_mni
from tests.database.made import made_database

# ---------------------------------------------------------------------------- peaks

NEAR = [
    # near, radius, studies of the toy (see TOY_PEAKS in tests/conftest.py)
    ((0, -52, 26), 0, [0, 3]),
    ((0, -52, 26), 2, [0, 3]),
    ((0, -52, 26), 2.83, [0, 3, 4]),  # study 4 is sqrt(8) = 2.828 away
    ((0, -52, 26), 2.82, [0, 3]),
    ((1000, 1000, 1000), 6, [2]),  # outside the brain, but reported
    ([(40, 20, 30), (1000, 1000, 1000)], 2.9, [0, 2, 5]),
    ((500, 0, 0), 6, []),
]


@pytest.mark.parametrize(("near", "radius", "expected"), NEAR)
def test_near(toy, near, radius, expected):
    selected = toy.select(near=near, radius_mm=radius)
    assert np.flatnonzero(selected.mask).tolist() == expected


@pytest.mark.parametrize("matrix", ["icbm_spm", "icbm_other", None])
def test_near_looks_at_talairach_peaks_in_mni_space(toy, matrix):
    published = np.array([[-40.0, 20.0, 30.0]])
    (place,) = talairach_to_mni(published, np.array([True]), matrix)
    selected = toy.select(near=place, radius_mm=0.01, talairach=matrix)
    assert np.flatnonzero(selected.mask).tolist() == [1]
    other = "icbm_other" if matrix == "icbm_spm" else "icbm_spm"
    assert len(toy.select(near=place, radius_mm=0.01, talairach=other)) == 0


@given(
    st.lists(st.tuples(*[st.integers(-20, 20)] * 3), min_size=1, max_size=3),
    st.sampled_from([0, 3, 6.5, 15]),
)
def test_near_is_a_distance_to_any_peak(toy, seeds, radius):
    distances = np.linalg.norm(
        toy.peaks.to_mni("icbm_spm")[:, None] - np.array(seeds)[None], axis=2
    )
    hit = (distances <= radius).any(axis=1)
    expected = sorted(set(toy.peaks.study[hit].tolist()))
    selected = toy.select(near=seeds, radius_mm=radius)
    assert np.flatnonzero(selected.mask).tolist() == expected


def test_near_says_where(toy):
    selected = toy.select(near=[(0, -52.5, 26), (1, 2, 3)], radius_mm=8)
    assert selected.description == "peak within 8 mm of (0, -52.5, 26) or (1, 2, 3)"


# --------------------------------------------------------------------------- regions

PEAK = (0.0, -52.0, 26.0)  # of studies 0 and 3


def _ball(radius):
    centre = default_mask().xyz_mm - PEAK
    return (centre**2).sum(axis=1) <= radius**2


REGIONS = [
    # region radius, keywords, studies: a sphere of 6 mm has 123 voxels
    (0, {}, [0, 3, 4]),
    (6, {}, [0, 3, 4]),
    (6, {"min_voxels": 123}, [0, 3]),
    (6, {"min_voxels": 124}, []),
    (6, {"min_proportion": 1}, [0, 3]),
    (6, {"min_proportion": 1.0, "radius_mm": 8}, [0, 3]),
    (6, {"min_proportion": 0.01}, [0, 3, 4]),
    (0, {"min_proportion": 1.0, "radius_mm": 0}, [0, 3]),
    (6, {"min_voxels": np.int64(1)}, [0, 3, 4]),
]


@pytest.mark.parametrize(("radius", "options", "expected"), REGIONS)
def test_regions(toy, radius, options, expected):
    selected = toy.select(region=_ball(radius), **options)
    assert np.flatnonzero(selected.mask).tolist() == expected


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.7])
def test_a_share_that_is_a_whole_number_of_voxels_counts(toy, share):
    # a share of 20 voxels in floating point must not ask for one voxel more
    active = toy.activations().to_csr(np.array([3])).indices
    wanted = round(20 * share)
    outside = np.flatnonzero(np.asarray(toy.activations().totals) == 0)
    region = np.zeros(default_mask().n_voxels, dtype=bool)
    region[active[:wanted]] = region[outside[: 20 - wanted]] = True
    assert toy.select(region=region, min_proportion=share).mask[3]
    assert not toy.select(region=region, min_voxels=wanted + 1).mask[3]


def test_a_region_can_be_an_image_or_its_path(toy, tmp_path):
    image = default_mask().to_image(_ball(6))
    path = tmp_path / "region.nii.gz"
    image.to_filename(path)
    expected = toy.select(region=_ball(6), min_voxels=50).ids
    for region in (image, path, str(path)):
        assert toy.select(region=region, min_voxels=50).ids == expected


def test_regions_are_described(toy):
    described = [
        toy.select(region=_ball(6)).description,
        toy.select(region=_ball(6), min_voxels=2).description,
        toy.select(region=_ball(6), min_proportion=0.5).description,
    ]
    assert described == [
        "active in at least 1 of the 123 voxels of the region",
        "active in at least 2 of the 123 voxels of the region",
        "active in at least 50 % of the 123 voxels of the region",
    ]


# -------------------------------------------------------------------------- metadata

STUDIES = pd.DataFrame(
    {
        "study_id": ["001", "1", "s.x", "s-x"],
        "Journal": ["Brain", "brain", "NeuroImage", None],
        "year": pd.array([1999, 2010, None, 2010], dtype="Int64"),
        "n": [1.5, np.nan, 10.0, 2.0],
        "text": ["12", "a", "", "007"],
    }
)
WHERE = {
    "year >= 2010": [1, 3],
    "year > 2010": [],
    "year < 2010": [0],
    "year <= 2010": [0, 1, 3],
    "year>=2010": [1, 3],
    "  year  <  2000.5 ": [0],
    "year = 2010": [1, 3],
    "year == 2010": [1, 3],
    "year = 2010.0": [1, 3],
    "year = 20*": [1, 3],
    "year != 2010": [0, 2],  # a study without a year is not of 2010
    "YEAR < 2000": [0],
    "n >= 2": [2, 3],
    "n = 1.50": [0],
    "n != 2": [0, 1, 2],
    "text > 10": [0],
    "text >= 7": [0, 3],
    "text = 7": [],  # of text, 007 is another name
    "text = 007": [3],
    "journal = Brain": [0],
    "journal = BRAIN": [0, 1],
    "journal = b*": [1],
    "journal = N????Image": [2],
    "journal != Brain": [1, 2, 3],
    "journal = *": [0, 1, 2],
    "text = *": [0, 1, 3],  # an empty text is a missing value
    "text != a": [0, 2, 3],
    "study_id = s.x": [2],
    "study_id = s?x": [2, 3],
    "study_id = 001": [0],
    "journal = [Bb]rain": [],
    "journal = .*": [],
}


@pytest.mark.parametrize("condition", WHERE)
def test_where(condition):
    selected = made_database(studies=STUDIES).select(where=condition)
    assert np.flatnonzero(selected.mask).tolist() == WHERE[condition]


@pytest.mark.parametrize("kind", [list, tuple])
def test_several_conditions_must_all_hold(kind):
    database = made_database(studies=STUDIES)
    selected = database.select(where=kind(["year = 2010", "n > 0"]))
    assert selected.ids == ["s-x"]


def test_a_title_with_signs_can_be_asked_for():
    studies = pd.DataFrame({"study_id": ["1", "2"], "title": ["a <= b = c", "x"]})
    database = made_database(studies=studies)
    assert database.select(where="title = a <= b = c").ids == ["1"]


# ------------------------------------------------------------------------------- ids


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["10003", "10001"], ["10001", "10003"]),
        ([10003], ["10003"]),
        (np.array([10003, 10003]), ["10003"]),
        ({"10001"}, ["10001"]),
        (pd.Series(["10001"]), ["10001"]),
        ((i for i in ["10001"]), ["10001"]),
        ([], []),
    ],
)
def test_ids(toy, ids, expected):
    assert toy.select(ids=ids).ids == expected


def test_ids_are_text():
    database = made_database(studies=STUDIES)
    assert np.flatnonzero(database.select(ids=["001"]).mask).tolist() == [0]
    assert np.flatnonzero(database.select(ids=[1]).mask).tolist() == [1]


# ------------------------------------------------------------------ several criteria


def test_several_criteria_must_all_be_met(toy):
    selected = toy.select(
        "pain | working memory",
        near=PEAK,
        radius_mm=3,
        region=_ball(6),
        where=["year > 2000", "journal = Pain"],
        ids=["10001", "10004", "10005"],
    )
    assert selected.ids == ["10004"]
    assert selected.table()["weight"].tolist() == [0.15]
    for part in ("pain | working memory", "3 mm of (0, -52, 26)", "year > 2000"):
        assert part in selected.description


def test_options_of_the_query_are_passed_on(toy):
    assert toy.select("emot*", threshold=0.06).ids == ["10002", "10005"]
    assert toy.select("emot*", func="min").ids == []
    assert toy.select("*memory*", label_set="topics", threshold=0.7).ids == [
        "10002",
        "10006",
    ]


# ------------------------------------------------------------------------- bad input

BAD = [
    ({}, OptionError, "nothing to select by: give a query, near, region, where or ids"),
    ({"query": ""}, QueryError, "the query is empty"),
    ({"query": 5}, QueryError, "a query must be text, got int"),
    ({"query": "nosuch"}, UnknownTermError, "no term of this database matches"),
    ({"query": "pain", "threshold": -1}, OptionError, "threshold must be a number"),
    ({"query": "pain", "threshold": "x"}, OptionError, "threshold must be a number"),
    ({"query": "pain", "func": "median"}, OptionError, "func must be one of sum"),
    ({"query": "pain", "label_set": "x"}, UnknownTermError, "no label set 'x'; there"),
    ({"query": "pain", "label_set": 5}, UnknownTermError, "there is no label set"),
    ({"near": (0, 0)}, OptionError, r"near must be one coordinate .*got \(0, 0\)"),
    ({"near": 5}, OptionError, "near must be one coordinate"),
    ({"near": "here"}, OptionError, "near must be one coordinate"),
    ({"near": []}, OptionError, "near must be one coordinate"),
    ({"near": [[[1, 2, 3]]]}, OptionError, "near must be one coordinate"),
    ({"near": [(1, 2, 3), (1, 2)]}, OptionError, "near must be one coordinate"),
    ({"near": (0, 0, np.nan)}, OptionError, "near must hold finite coordinates"),
    ({"near": (0, 0, np.inf)}, OptionError, "near must hold finite coordinates"),
    ({"near": PEAK, "radius_mm": -1}, OptionError, "radius_mm must be a number"),
    ({"near": PEAK, "radius_mm": 101}, OptionError, "from 0 to 100 mm, got 101"),
    ({"near": PEAK, "radius_mm": np.nan}, OptionError, "radius_mm must be a number"),
    ({"near": PEAK, "radius_mm": None}, OptionError, "radius_mm must be a number"),
    ({"near": PEAK, "talairach": "tal"}, OptionError, "unknown Talairach matrix 'tal'"),
    ({"min_voxels": 5}, OptionError, "min_voxels and min_proportion need a region"),
    ({"min_proportion": 0.5}, OptionError, "need a region"),
    ({"region": "BALL", "min_voxels": 0}, OptionError, "whole number from 1 up, got 0"),
    ({"region": "BALL", "min_voxels": 1.5}, OptionError, "whole number from 1 up"),
    ({"region": "BALL", "min_voxels": True}, OptionError, "whole number from 1 up"),
    ({"region": "BALL", "min_voxels": "9"}, OptionError, "whole number from 1 up"),
    ({"region": "BALL", "min_proportion": 0}, OptionError, "above 0 and at most 1"),
    ({"region": "BALL", "min_proportion": 1.01}, OptionError, "above 0 and at most 1"),
    (
        {"region": "BALL", "min_proportion": np.nan},
        OptionError,
        "above 0 and at most 1",
    ),
    ({"region": "BALL", "min_proportion": "x"}, OptionError, "above 0 and at most 1"),
    (
        {"region": "BALL", "min_proportion": 0.5, "min_voxels": 5},
        OptionError,
        "give min_voxels or min_proportion, not both",
    ),
    ({"region": "BALL", "radius_mm": 500}, OptionError, "radius_mm must be a number"),
    ({"region": "no.nii.gz"}, ImageError, "there is no image file at no.nii.gz"),
    ({"region": 5}, ImageError, "a volume image or its path is needed, got int"),
    ({"region": np.ones(5, bool)}, ImageError, "one value for each of the mask's 228,"),
    ({"region": "EMPTY"}, ImageError, "no voxel inside the brain mask"),
    ({"where": "year"}, OptionError, "cannot read the condition 'year'"),
    ({"where": ""}, OptionError, "cannot read the condition ''"),
    ({"where": ">= 2000"}, OptionError, "cannot read the condition"),
    ({"where": "year >= "}, OptionError, "cannot read the condition"),
    ({"where": "year => 2000"}, OptionError, "cannot read the condition"),
    ({"where": "year ! 2000"}, OptionError, "cannot read the condition"),
    ({"where": "year >= soon"}, OptionError, "'soon' is not a number; compare text"),
    ({"where": "year > nan"}, OptionError, "'nan' is not a number"),
    ({"where": "yeer > 2000"}, UnknownTermError, "column 'yeer'; .* matches: 'year'"),
    ({"where": "*ear > 2000"}, UnknownTermError, r"no column '\*ear'"),
    ({"where": 5}, OptionError, "where"),
    ({"where": ["year > 2000", 5]}, OptionError, "condition"),
    ({"ids": "10001"}, OptionError, "ids must be a list of study ids, not one text"),
    ({"ids": 10001}, OptionError, "ids must be a list of study ids"),
    ({"ids": ["1000"]}, SelectionError, "1 of 1 study ids .*'1000'. Close matches"),
    ({"ids": ["x", "y", "10001"]}, SelectionError, "2 of 3 study ids are not in this"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_wrong_calls(toy, options, error, message):
    empty = np.zeros(default_mask().n_voxels, bool)
    known = {"BALL": _ball(6), "EMPTY": empty}
    region = options.get("region")
    if isinstance(region, str) and region in known:
        options = {**options, "region": known[region]}
    with pytest.raises(error, match=message) as caught:
        toy.select(**options)
    assert isinstance(caught.value, NeurosynthError)


def test_an_image_of_four_dimensions_is_no_region(toy):
    image = Nifti1Image(np.ones((4, 4, 4, 2), np.uint8), np.eye(4))
    with pytest.raises(ImageError, match=r"three-dimensional, .* shape \(4, 4, 4, 2\)"):
        toy.select(region=image)


# ---------------------------------------------------------------------------- peaks


def test_peaks_of_columns():
    peaks = Peaks.from_columns([[1, 2, 3], [4, 5, 6]], [0, 1], [0, 1], ["TAL", "t88"])
    assert len(peaks) == 2
    assert peaks.spaces == ("TAL", "t88")
    assert peaks.is_talairach.tolist() == [True, True]


def test_there_can_be_no_peaks():
    peaks = Peaks.from_columns([], [], [], [])
    assert peaks.xyz.shape == (0, 3)
    assert peaks.is_talairach.tolist() == []
    assert peaks.to_mni("icbm_spm").shape == (0, 3)


def test_stored_peaks_are_never_moved(toy):
    before = toy.peaks.xyz.copy()
    toy.peaks.to_mni("icbm_spm")[:] = 0
    np.testing.assert_array_equal(toy.peaks.xyz, before)


def test_there_can_be_many_spaces():
    names = [f"space {i}" for i in range(300)]
    peaks = Peaks.from_columns(np.zeros((300, 3)), range(300), range(300), names)
    assert [peaks.spaces[code] for code in peaks.space] == names

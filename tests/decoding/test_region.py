"""Terms of regions: against correlations of dense arrays, and what is no region."""

import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import false_discovery_control, pearsonr

from nimare_neurosynth.database import About, Database, LabelSet, Peaks
from nimare_neurosynth.decoding import RegionDecoder, decode_region, read_regions
from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.space import Mask, default_mask, sphere_voxels
from tests.decoding.test_fits import shuffled, with_terms
from tests.oracles import brain_block, random_database


@pytest.fixture(scope="module")
def regional(made, block):
    """Give a decoder of the made-up studies in the small mask."""
    return RegionDecoder.of(made, mask=block)


def ball(mask, centre=(-8, 0, 0), radius=9):
    return np.linalg.norm(mask.xyz_mm - centre, axis=1) < radius


@pytest.fixture(scope="module")
def balls(block):
    """Mark three regions of the small mask; the last two overlap."""
    places = (((-8, 0, 0), 9), ((10, 8, -4), 7), ((12, 0, 0), 14))
    return [ball(block, *place) for place in places]


def image(values, affine):
    return nib.Nifti1Image(np.asarray(values), affine)


def volume(mask, inside, dtype="u1"):
    return image(mask.to_volume(inside).astype(dtype), mask.affine)


def dense(database, mask, inside, threshold=None):
    """Give each counted study's share of a region, and what its terms weigh."""
    active = database.activations(mask=mask).to_csr().toarray() > 0
    [labels] = database.label_sets.values()
    weights = labels.weights.toarray()
    if threshold is not None:
        weights = (weights >= threshold).astype(float)
    counted = database.has_peaks
    return active[counted][:, inside].mean(axis=1), weights[counted]


# ----------------------------------------------------------------------- against arrays


@pytest.mark.parametrize("presence", [False, True])
def test_r_is_the_correlation_of_shares_and_weights(made, block, balls, presence):
    decoder = RegionDecoder.of(made, mask=block, presence=presence, threshold=0.3)
    found = decoder.decode(balls)
    assert decoder.facts["presence"] is presence
    for i, inside in enumerate(balls):
        share, weights = dense(made, block, inside, 0.3 if presence else None)
        assert len(share) == 118  # two studies have no peaks
        expected = [np.corrcoef(share, each)[0, 1] for each in weights.T]
        r = found.columns["r"][:, i]
        np.testing.assert_allclose(r, expected, rtol=1e-10, atol=1e-13)
        z = np.arctanh(expected) * np.sqrt(118 - 3)
        np.testing.assert_allclose(found.columns["z"][:, i], z, rtol=1e-9, atol=1e-12)
    n = (made.label_sets["labels"].weights.toarray()[made.has_peaks] >= 0.3).sum(axis=0)
    np.testing.assert_array_equal(found.n_studies, n)


@settings(max_examples=15)
@given(st.integers(0, 999), st.integers(5, 40), st.booleans())
def test_any_database_against_arrays(seed, n_studies, presence):
    database, mask = random_database(seed, n_studies), brain_block()
    inside = np.random.default_rng(seed).random(mask.n_voxels) < 0.3
    found = decode_region(
        database, inside, mask=mask, presence=presence, min_studies_per_term=1
    )
    share, weights = dense(database, mask, inside, 0.001 if presence else None)
    table = found.table().set_index("term")
    [labels] = database.label_sets.values()
    for name, each in zip(labels.labels, weights.T, strict=True):
        if not 0 < np.count_nonzero(each) < len(each):
            assert name not in found.terms
            continue
        expected = np.corrcoef(share, each)[0, 1] if np.ptp(share) else 0.0
        assert table["r"][name] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert 0 <= table["p"][name] <= 1


def test_p_is_that_of_shuffled_studies(made, block, balls):
    found = decode_region(made, balls[0], mask=block).columns
    share, weights = dense(made, block, balls[0])
    rng = np.random.default_rng(0)
    orders = np.argsort(rng.random((4000, len(share))), axis=1)
    centred = weights - weights.mean(axis=0)
    drawn = share[orders] @ centred
    own = share @ centred
    above, below = (drawn >= own).mean(axis=0), (drawn <= own).mean(axis=0)
    expected = np.minimum(2 * np.minimum(above, below), 1)
    np.testing.assert_allclose(found["p"][:, 0], expected, atol=0.04)
    assert found["p"][0, 0] < 1e-3  # the first label goes with peaks that are there
    assert (expected[1:] > 0.02).any()
    q = false_discovery_control(found["p"][:, 0])
    np.testing.assert_allclose(found["q"][:, 0], q, rtol=1e-12)


def test_p_of_ordinary_lists_is_pearsons():
    # a wide region, which most studies activate a part of: nothing is very skewed
    database, mask = random_database(2, 400, 4), brain_block((11, 13, 9))
    inside = ball(mask, (0, 0, 0), 22)
    share, weights = dense(database, mask, inside, 0.001)
    found = decode_region(database, inside, mask=mask, presence=True)
    expected = [pearsonr(share, each).pvalue for each in weights.T]
    np.testing.assert_allclose(found.columns["p"][:, 0], expected, rtol=0.3, atol=0.02)


def test_several_regions_are_each_alone(regional, balls):
    together = regional.decode(balls, n_permutations=50)
    assert together.images == ("region_0", "region_1", "region_2")
    for i, inside in enumerate(balls):
        alone = regional.decode(inside, n_permutations=50)
        assert alone.columns.keys() == together.columns.keys()
        for name, values in alone.columns.items():
            np.testing.assert_array_equal(together.columns[name][:, i], values[:, 0])
        assert together.image_facts[i] == {
            "kind": "region",
            "n_voxels": np.count_nonzero(inside),
        }


def test_the_order_of_studies_does_not_matter(made, regional, block, balls):
    other = RegionDecoder.of(shuffled(made, 1), mask=block)
    one, two = (d.decode(balls) for d in (regional, other))
    assert one.terms == two.terms
    for name, values in one.columns.items():
        np.testing.assert_allclose(two.columns[name], values, rtol=1e-8, atol=1e-12)


def test_studies_without_peaks_have_no_say(made, block, balls):
    studies = [*range(40)]
    one, two = (
        decode_region(with_terms(made, term=which), balls[0], mask=block)
        for which in (studies, [*studies, 118, 119])
    )
    for name, values in one.columns.items():
        np.testing.assert_array_equal(two.columns[name], values)
    assert one.n_studies.tolist() == two.n_studies.tolist() == [40]


def test_a_term_that_goes_with_the_region_correlates_completely(
    made, block, balls, tmp_path
):
    voxel = np.zeros(block.n_voxels, bool)
    voxel[np.flatnonzero(balls[0])[0]] = True  # of one voxel, a study activates all
    share, _ = dense(made, block, voxel)
    database = with_terms(made, hit=np.flatnonzero(share), other=range(30))
    found = decode_region(database, voxel, mask=block, min_studies_per_term=1)
    table = found.table()
    assert table["term"][0] == "hit"
    assert table["r"][0] == pytest.approx(1)
    assert 15 < table["z"][0] < np.inf
    assert table["p"][0] < 1e-9
    # infinity is no JSON
    text = found.save(tmp_path / "terms.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=pytest.fail)


def test_a_region_that_all_studies_activate_alike_says_nothing(block):
    everyone = np.arange(60)
    weights = np.random.default_rng(0).random((60, 3)) * (everyone[:, None] < [40] * 3)
    database = Database(
        About("alike", "1"),
        n_studies=60,
        peaks=Peaks.from_columns(np.zeros((60, 3)), everyone, everyone, ["MNI"] * 60),
        label_sets=[LabelSet("labels", ("a", "b", "c"), sparse.csc_array(weights))],
        tables={"studies": lambda: pd.DataFrame({"study_id": everyone.astype(str)})},
    )
    for inside in (ball(block, (0, 0, 0), 5), np.ones(block.n_voxels)):
        found = decode_region(database, inside, mask=block, n_permutations=20)
        for name, value in (("r", 0), ("z", 0), ("p", 1), ("q", 1), ("p_sampled", 1)):
            np.testing.assert_array_equal(found.columns[name], value)


def test_two_studies():
    # both orders are as far from the mean: r is 1 or -1, and says nothing
    database, mask = random_database(3, 4), brain_block()
    assert np.count_nonzero(database.has_peaks) == 2
    everywhere = np.ones(mask.n_voxels, bool)
    found = decode_region(database, everywhere, mask=mask, min_studies_per_term=1)
    np.testing.assert_allclose(np.abs(found.columns["r"]), 1)
    assert (found.columns["p"] > 0.3).all()
    assert not np.isnan(found.columns["z"]).any()


# ------------------------------------------------------------------------------ options


@pytest.mark.parametrize(
    "options", [{"radius_mm": 10}, {"talairach": None}, {"threshold": 0.4}], ids=str
)
def test_options_reach_the_work(made, block, balls, options):
    found = decode_region(made, balls[0], mask=block, **options)
    assert found.facts | options == found.facts
    usual = decode_region(made, balls[0], mask=block)
    if "threshold" in options:  # which studies have a term, not what it weighs there
        assert (found.n_studies < usual.n_studies).all()
        np.testing.assert_array_equal(found.columns["r"], usual.columns["r"])
    else:
        assert (found.columns["r"] != usual.columns["r"]).all()


def test_terms_that_are_asked_for(made, regional, block, balls):
    found = decode_region(made, balls[0], ["labelb", "labele"], mask=block)
    assert found.terms == ("labelb", "labele")
    rows = [regional.terms.index(term) for term in found.terms]
    everything = regional.decode(balls[0])
    for name in ("r", "z", "p"):
        values = everything.columns[name][rows]
        np.testing.assert_allclose(found.columns[name], values, rtol=1e-12)
    with pytest.raises(UnknownTermError, match="labelz"):
        decode_region(made, balls[0], "labelz", mask=block)
    with pytest.raises(EmptySelectionError, match="at least 300 studies"):
        decode_region(made, balls[0], mask=block, min_studies_per_term=300)


def test_facts_and_files_say_how_it_was_done(made, regional, balls, tmp_path):
    found = regional.decode(balls[:2])
    path = found.save(tmp_path / "terms.tsv")
    facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert facts["method"] == "roi"
    assert facts["n_studies"] == 118
    assert facts["presence"] is False
    assert facts["database"]["n_studies"] == made.n_studies
    assert facts["images"]["region_1"]["n_voxels"] == np.count_nonzero(balls[1])
    assert found.value == "r"
    assert repr(regional) == "<RegionDecoder: 6 terms>"


def test_amygdala_and_dorsolateral_prefrontal_cortex(demo):
    mask = default_mask()
    places = {"emotion": ([-22, -4, -18], 8), "dorsolateral": ([42, 34, 30], 10)}
    terms = ["emotion", "working memory", "dorsolateral", "motor", "visual"]
    for term, place in places.items():
        found = decode_region(demo, sphere_voxels(*place, mask), terms)
        assert found.table()["term"][0] == term


# ---------------------------------------------------------------------- reading regions


def test_files_images_and_arrays_are_the_same(regional, block, balls, tmp_path):
    inside = balls[0]
    made = volume(block, inside)
    made.to_filename(tmp_path / "left ball.nii.gz")
    path = tmp_path / "left ball.nii.gz"
    expected = regional.decode(inside).columns["r"]
    for what in (path, str(path), made, [path], (made,), inside, 1.0 * inside):
        [(name, found)] = read_regions(what, block)
        assert name == ("left ball" if str(path) in str(what) else "region_0")
        np.testing.assert_array_equal(found, inside)
        np.testing.assert_array_equal(regional.decode(what).columns["r"], expected)


def test_what_was_read_can_be_given(regional, block, balls):
    named = read_regions(balls, block)
    for (name, inside), (own, same) in zip(
        named, read_regions(named, block), strict=True
    ):
        assert name == own
        np.testing.assert_array_equal(inside, same)
    own = [("here", balls[0]), ("there", balls[1])]
    found = regional.decode(own)
    assert found.images == ("here", "there")
    np.testing.assert_array_equal(
        found.columns["r"], regional.decode(balls[:2]).columns["r"]
    )


def test_a_folder(block, balls, tmp_path):
    for name, inside in zip("ba", balls, strict=False):
        nib.save(volume(block, inside), tmp_path / f"{name}.nii.gz")
    (tmp_path / "notes.txt").write_text("no image")
    found = read_regions(tmp_path, block)
    assert [name for name, _ in found] == ["a", "b"]
    np.testing.assert_array_equal(found[0][1], balls[1])


def test_four_dimensions_are_several_regions(block, balls, tmp_path):
    stacked = np.stack([block.to_volume(b) for b in balls], axis=3).astype("u1")
    four = image(stacked, block.affine)
    four.to_filename(tmp_path / "four.nii")
    for what, names in (
        (four, ["region_0", "region_1", "region_2"]),
        (tmp_path / "four.nii", ["four_0", "four_1", "four_2"]),
        (np.array(balls), ["region_0", "region_1", "region_2"]),
    ):
        found = read_regions(what, block)
        assert [name for name, _ in found] == names
        np.testing.assert_array_equal([inside for _, inside in found], balls)
    one = image(stacked[..., :1], block.affine)
    assert [name for name, _ in read_regions(one, block)] == ["region_0"]


@pytest.mark.parametrize("dtype", ["i2", ">f4", "f8", "u1", "i4"])
def test_types_of_numbers(block, balls, dtype):
    [(_, found)] = read_regions(volume(block, 3.0 * balls[0], dtype), block)
    np.testing.assert_array_equal(found, balls[0])


@pytest.mark.parametrize("size", [1e-300, 1e-40, -2.5, 1e300])
def test_all_that_is_not_zero_is_inside(block, balls, size):
    for what in (volume(block, size * balls[0], "f8"), size * balls[0]):
        [(_, found)] = read_regions(what, block)
        np.testing.assert_array_equal(found, balls[0])


def test_nan_is_outside(block, balls):
    holes = np.where(balls[0], 1.0, np.nan)
    for what in (holes, volume(block, holes, "f4")):
        [(_, found)] = read_regions(what, block)
        np.testing.assert_array_equal(found, balls[0])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_flipped_grid_is_the_same_region(block, balls, axis):
    affine = block.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (block.shape[axis] - 1)
    affine[:3, axis] *= -1
    values = block.to_volume(balls[1]).astype("u1")
    [(_, found)] = read_regions(image(np.flip(values, axis), affine), block)
    np.testing.assert_array_equal(found, balls[1])


def test_another_grid_is_nearly_the_same_region(demo):
    mask = default_mask()
    fine = np.diag([1.0, 1, 1, 1])
    fine[:3, 3] = (-40, -20, -35)
    xyz = np.stack(np.indices((36, 36, 36)), axis=-1) + fine[:3, 3]
    inside = np.linalg.norm(xyz - [-22, -4, -18], axis=-1) <= 8
    [(_, found)] = read_regions(image(inside.astype("u1"), fine), mask)
    expected = sphere_voxels([-22, -4, -18], 8, mask)
    assert np.count_nonzero(found != expected) < 0.05 * np.count_nonzero(expected)
    one, two = (decode_region(demo, [x], "emotion") for x in (found, expected))
    np.testing.assert_allclose(one.columns["r"], two.columns["r"], atol=0.01)


def test_a_part_outside_of_the_brain_does_not_count(block, balls):
    everywhere = image(np.ones(block.shape, "u1"), block.affine)
    [(_, found)] = read_regions(everywhere, block)
    assert found.all()


# -------------------------------------------------------------------- what is no region


def corner(mask):
    """Mark the first voxel of the grid, which the mask does not have."""
    made = np.zeros(mask.shape, "u1")
    made[tuple(np.argwhere(mask.to_volume(np.ones(mask.n_voxels)) == 0)[0])] = 1
    return image(made, mask.affine)


def far_away(mask):
    affine = mask.affine.copy()
    affine[:3, 3] = 5000
    return image(np.ones((5, 5, 5), "u1"), affine)


WRONG = {
    "nothing": (lambda _: None, "volume image or its path"),
    "no regions": (lambda _: [], "no region was given"),
    "a number": (lambda _: 3.0, "volume image or its path"),
    "a missing file": (lambda _: "no such.nii", "no image file at no such.nii"),
    "empty": (lambda m: volume(m, np.zeros(m.n_voxels)), "non-zero"),
    "all NaN": (lambda m: image(np.full(m.shape, np.nan), m.affine), "non-zero"),
    "between voxels of the mask": (corner, "no voxel inside the brain mask"),
    "far away": (far_away, "is it in\\s+MNI space"),
    "two dimensions": (lambda m: image(np.ones((9, 9)), m.affine), r"\(9, 9\)"),
    "five dimensions": (
        lambda m: image(np.ones((3, 3, 3, 2, 2)), m.affine),
        "three or four dimensions",
    ),
    "no volumes": (
        lambda m: image(np.ones((*m.shape, 0)), m.affine),
        "no region was given",
    ),
    "one empty volume": (
        lambda m: image(np.stack([np.ones(m.shape), np.zeros(m.shape)], 3), m.affine),
        "region_1: .* non-zero",
    ),
    "short array": (lambda m: np.ones(m.n_voxels - 1), "one value for each"),
    "volume array": (lambda m: np.ones(m.shape), "give an image where its place"),
    "number array": (lambda _: np.array(1.0), "one value for each"),
    "turned array": (lambda m: np.ones((m.n_voxels, 2)), "one value for each"),
    "no rows": (lambda m: np.ones((0, m.n_voxels)), "no region was given"),
    "no voxels": (lambda m: np.zeros(m.n_voxels, bool), "no voxel inside"),
    "one empty row": (lambda m: np.eye(2, m.n_voxels, -1), "region_0: .*no voxel"),
    "text": (lambda m: np.full(m.n_voxels, "a"), "number"),
    "complex": (lambda m: np.full(m.n_voxels, 1j), "number"),
    "objects": (lambda m: np.full(m.n_voxels, None), "number"),
    "times": (lambda m: np.full(m.n_voxels, np.datetime64("2020")), "number"),
    "of another mask": (lambda _: [("x", np.ones(5, bool))], "x: .*one value for"),
    "nowhere": (lambda m: [("x", np.zeros(m.n_voxels, bool))], "x: .*no voxel inside"),
    "metres": (lambda m: image(np.ones(m.shape), m.affine / 1000), "mm"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_no_region(block, what):
    make, message = WRONG[what]
    with pytest.raises(ImageError, match=message):
        read_regions(make(block), block)


def test_pairs_of_files_are_not_what_was_read(block, balls, tmp_path):
    # lists may hold lists: two files are two regions
    paths = (tmp_path / "a.nii", tmp_path / "b.nii")
    for path, inside in zip(paths, balls, strict=False):
        volume(block, inside).to_filename(path)
    assert [name for name, _ in read_regions([paths], block)] == ["a", "b"]


@pytest.mark.parametrize("name", ["text.nii.gz", "short.nii.gz", "empty.nii", "folder"])
def test_files_that_are_no_regions(block, balls, tmp_path, name):
    path = tmp_path / name
    if name == "text.nii.gz":
        path.write_text("no image")
    elif name == "short.nii.gz":
        volume(block, balls[0]).to_filename(path)
        path.write_bytes(path.read_bytes()[:-20])
    elif name == "empty.nii":
        volume(block, np.zeros(block.n_voxels)).to_filename(path)
    else:
        path.mkdir()
    with pytest.raises(ImageError) as told:
        read_regions(path, block)
    assert str(path) in str(told.value)


def test_a_region_that_no_study_activates(made):
    wide = Mask.from_array(np.ones((40, 40, 40)), np.diag([4.0, 4, 4, 1]))
    decoder = RegionDecoder.of(made, mask=wide)
    quiet = decoder.activations.totals == 0
    n = np.count_nonzero(quiet)
    assert n > 1000
    message = f"no study activates any of the {n:,} voxels of the region 'quiet'"
    with pytest.raises(EmptySelectionError, match=message):
        decoder.decode([("quiet", quiet)])


def test_a_wrong_region_is_told_before_terms_are_prepared(made, block, monkeypatch):
    def work(*_, **__):
        raise AssertionError("work has started")

    monkeypatch.setattr(RegionDecoder, "of", work)
    with pytest.raises(ImageError, match="no image file"):
        decode_region(made, "no such.nii", mask=block)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": -1}, "threshold must be"),
        ({"min_studies_per_term": -1}, "min_studies_per_term must be"),
        ({"min_studies_per_term": 2.5}, "min_studies_per_term must be"),
        ({"radius_mm": -1}, "radius_mm must be"),
        ({"talairach": "other"}, "unknown Talairach matrix"),
        ({"n_permutations": -1}, "n_permutations must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
    ids=str,
)
def test_wrong_options(made, block, balls, options, message):
    with pytest.raises(OptionError, match=message):
        decode_region(made, balls[0], **{"mask": block, **options})


def test_what_is_no_database(balls):
    with pytest.raises(OptionError, match="Database"):
        decode_region("neurosynth", np.ones(default_mask().n_voxels))


def test_decode_can_be_asked_for_regions_and_for_naive_bayes(demo):
    from nimare_neurosynth.decoding import decode, decode_bayes

    ball = sphere_voxels([-22, -4, -18], 10, default_mask())
    terms = ["emotion", "memory", "flanker"]
    one = decode(demo, ball, terms, method="roi", n_permutations=20)
    two = decode_region(demo, ball, terms, n_permutations=20)
    pd.testing.assert_frame_equal(one.table(), two.table())
    values = ball.astype(float)
    one = decode(demo, values, terms, method="nb", prior=0.2)
    two = decode_bayes(demo, values, terms, prior=0.2)
    pd.testing.assert_frame_equal(one.table(), two.table())
    with pytest.raises(OptionError, match="n_permutations"):
        decode(demo, values, terms, method="nb", n_permutations=5)

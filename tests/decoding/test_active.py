"""Which voxels of an image, of peaks and of a study count as active."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nimare_neurosynth.decoding import (
    BayesDecoder,
    Classifier,
    decode_bayes,
    read_patterns,
)
from nimare_neurosynth.decoding._active import active_near, active_voxels
from nimare_neurosynth.errors import ImageError, OptionError
from nimare_neurosynth.space import Mask
from tests import oracles

ONE_ROW = Mask.from_array(np.ones((1, 1, 12)), np.diag([4.0, 4, 4, 1]))
NAN, INF = float("nan"), float("inf")


def pattern_of(values, mask=ONE_ROW):
    [pattern] = read_patterns(np.asarray(values), mask)
    return pattern


def obvious(values, kind, n_typical):
    """Take voxel after voxel: is it positive, and are there not too many larger."""
    whole = kind in ("map", "unsigned map")
    return [
        bool(v > 0 and (not whole or sum(w > v for w in values) < n_typical))
        for v in values
    ]


# ----------------------------------------------------------------------------- the rule


@pytest.mark.parametrize(
    ("values", "kind", "active"),
    [
        # of a mask, and of a map that is 0 at most voxels, all that is positive
        ([1] * 12, "mask", range(12)),
        ([True] * 7 + [False] * 5, "mask", range(7)),
        ([0.5] * 7 + [0] * 5, "mask", range(7)),
        ([1, 2, 3, 4, 5] + [0] * 7, "thresholded map", range(5)),
        ([1, -2, 3, -4, 5] + [0] * 7, "thresholded map", (0, 2, 4)),
        # of any other the three largest
        (range(1, 13), "unsigned map", (9, 10, 11)),
        (range(12, 0, -1), "unsigned map", (0, 1, 2)),
        ([*range(-6, 0), *range(1, 7)], "map", (9, 10, 11)),
        ([-9] * 9 + [1, 2, 3], "map", (9, 10, 11)),
        # or fewer, if fewer are positive
        ([*range(-10, 0), 1, 2], "map", (10, 11)),
        ([-3] * 11 + [1e-300], "map", (11,)),
        # and those that are as large as the third
        ([1, 2, 3, 4, 5, 5, 5, 5, 4, 3, 2, 1], "unsigned map", (4, 5, 6, 7)),
        ([5, 4, 4, 4, 3, -1, -1, -1, -1, -1, -1, -1], "map", (0, 1, 2, 3)),
        ([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6], "unsigned map", range(11)),
        # what is not finite is not active
        ([INF, NAN, 9, 8, 7, 6, 5, 4, 3, 2, 1, -1], "map", (2, 3, 4)),
    ],
)
def test_which_voxels_are_active(values, kind, active):
    pattern = pattern_of([*values])
    assert pattern.facts["kind"] == kind
    found = active_voxels(pattern, 3)
    assert found.dtype == bool
    assert np.flatnonzero(found).tolist() == list(active)


@given(
    hnp.arrays(float, 12, elements=st.integers(-4, 4).map(float)),
    st.integers(1, 13),
    st.sampled_from([1e-200, 1.0, 1e200]),
)
def test_any_image_against_the_rule(values, n_typical, unit):
    pattern = pattern_of(values * unit)
    expected = obvious(values, pattern.facts["kind"], n_typical)
    if any(expected):
        found = active_voxels(pattern, n_typical)
        assert found.tolist() == expected
        # only the order of values matters
        turned = pattern_of(np.sign(values) * np.abs(values) ** 3)
        assert active_voxels(turned, n_typical).tolist() == expected
    else:
        with pytest.raises(ImageError, match="no voxel above 0"):
            active_voxels(pattern, n_typical)


@pytest.mark.parametrize(
    ("above", "active"),
    [
        (0, (1, 2, 3, 4, 5, 6)),
        (2, (3, 4, 5, 6)),
        (2.5, (3, 4, 5, 6)),
        (-1, (0, 1, 2, 3, 4, 5, 6, 9, 10, 11)),
        (-INF, range(12)),
        (np.float32(5), (6,)),
    ],
)
def test_a_limit_of_ones_own(above, active):
    pattern = pattern_of([0, 1, 2, 3, 4, 5, 6, -1, -2, 0, 0, 0])
    found = active_voxels(pattern, 3, above=above)
    assert np.flatnonzero(found).tolist() == list(active)


@pytest.mark.parametrize(
    ("values", "above", "limit"),
    [
        ([-1] * 12, None, "0"),
        ([-1, -2, -3] + [0] * 9, None, "0"),
        (range(-12, 0), None, "0"),
        (range(1, 13), 12, "12"),
        (range(1, 13), 12.5, "12.5"),
        (range(1, 13), NAN, "nan"),
    ],
)
def test_nothing_is_active(values, above, limit):
    with pytest.raises(ImageError, match=f"'image_0' has no voxel above {limit} in"):
        active_voxels(pattern_of([*values]), 3, above=above)


# ----------------------------------------------------------------------------- decoders


@pytest.fixture(scope="module")
def decoder(made, block):
    return BayesDecoder.of(made, mask=block)


def typical_of(made, block):
    """Count how many voxels the 118 studies with peaks activate on average."""
    dense = made.activations(mask=block).to_csr().toarray()
    return round(sum(int(dense[s].sum()) for s in set(made.peaks.study)) / 118)


def test_a_map_has_as_many_active_voxels_as_the_average_study(
    made, block, noise, decoder
):
    typical = typical_of(made, block)
    found = decoder.decode(noise)
    for i, facts in enumerate(found.image_facts):
        largest = np.argsort(-noise[i])[:typical]
        assert facts["n_active"] == typical
        assert facts["kind"] == "map"
        alone = decoder.decode(np.isin(np.arange(block.n_voxels), largest))
        for name, values in alone.columns.items():
            np.testing.assert_allclose(found.columns[name][:, i], values[:, 0])


@pytest.mark.parametrize("above", [None, 0.7])
def test_classifiers_have_the_same_rule(made, block, noise, decoder, above):
    classes = {"a": "labela & ~labelb", "b": "labelb & ~labela"}
    classifier = Classifier.of(made, classes, mask=block)
    images = [noise[0], noise[1] > 1, np.where(noise[2] > 1, noise[2], 0)]
    found = classifier.classify(images, above=above)
    assert found.image_facts == decoder.decode(images, above=above).image_facts
    sums = [classifier.log_shares @ a for a in active_of(decoder, images, above)]
    expected = np.transpose(sums) / classifier.facts["voxels_as_one"]
    np.testing.assert_allclose(found.columns["log_likelihood"], expected)


def active_of(decoder, images, above):
    typical = round(decoder.activations.sizes[decoder.counted].mean())
    patterns = read_patterns(images, decoder.mask)
    return [active_voxels(pattern, typical, above=above) for pattern in patterns]


def test_images_of_all_kinds_at_once(block, noise, decoder, tmp_path):
    volume = block.to_image(np.where(noise[0] > 1, noise[0], 0).astype(np.float32))
    nib.save(volume, tmp_path / "thresholded.nii.gz")
    images = [noise[1], noise[1] > 1, np.abs(noise[1]), tmp_path / "thresholded.nii.gz"]
    found = decoder.decode(images)
    assert found.images == ("image_0", "image_1", "image_2", "thresholded")
    kinds = ["map", "mask", "unsigned map", "thresholded map"]
    assert [facts["kind"] for facts in found.image_facts] == kinds
    counts = [np.count_nonzero(active) for active in active_of(decoder, images, None)]
    assert [facts["n_active"] for facts in found.image_facts] == counts
    assert counts[1] == np.count_nonzero(noise[1] > 1)
    assert counts[3] == np.count_nonzero(noise[0] > 1)
    with pytest.raises(ImageError, match="'image_1' has no voxel above 0"):
        decoder.decode([noise[1], -(noise[1] > 1).astype(float)])


def test_a_decoder_of_some_studies_asks_what_is_average_for_them(made, block, noise):
    # NiMARE's classes keep more analyses than they count
    decoder = BayesDecoder.of(made, mask=block)
    sizes = decoder.activations.sizes
    few = (sizes > np.median(sizes)) & decoder.counted
    typical = round(sizes[few].mean())
    assert typical > typical_of(made, block) + 3
    [facts] = decoder.within(few).decode(noise[0]).image_facts
    assert facts["n_active"] == typical


@pytest.mark.parametrize("above", ["2", [1, 2], 1j, np.zeros(3)], ids=str)
def test_a_limit_that_is_none(noise, decoder, above):
    with pytest.raises(OptionError, match="above must be a number, got"):
        decoder.decode(noise[0], above=above)


def test_a_wrong_image_is_told_before_a_wrong_term(made, block):
    with pytest.raises(ImageError, match="voxels"):
        decode_bayes(made, np.ones(3), "labelz", mask=block)
    with pytest.raises(ImageError, match=r"none\.nii"):
        decode_bayes(made, "none.nii", "labelz", mask=block)


# -------------------------------------------------------------------------------- peaks


@given(
    st.lists(st.tuples(*[st.integers(-30, 30)] * 3), min_size=1, max_size=4),
    st.sampled_from([0.0, 4.0, 6.0, 7.5, 10.0]),
)
def test_peaks_activate_spheres(peaks, radius_mm):
    mask = oracles.brain_block()
    expected = oracles.active_voxels(np.array(peaks, float), mask, radius_mm)
    if expected.any():
        found = active_near(peaks, radius_mm, mask)
        np.testing.assert_array_equal(found, expected)
    else:
        with pytest.raises(ImageError, match="peaks is in the brain mask"):
            active_near(peaks, radius_mm, mask)


@pytest.mark.parametrize("radius_mm", [4, 6, 10])
@pytest.mark.parametrize(
    "peaks",
    [
        (-8, 0, 0),
        [[-8, 0, 0]],
        [[-8, 0, 0], [-8, 0, 0]],
        np.array([[4.0, 8, -4], [900, 0, 0], [4.9, 8, -4], [-8, 0, 0]]),
    ],
    ids=["one", "a row", "twice", "several"],
)
def test_peaks_are_the_mask_of_their_spheres(made, block, peaks, radius_mm):
    decoder = BayesDecoder.of(made, mask=block, radius_mm=radius_mm)
    rows = np.atleast_2d(np.asarray(peaks, float))
    expected = oracles.active_voxels(rows, block, radius_mm)
    image = decoder.decode(block.to_image(expected.astype(np.uint8)))
    found = decoder.decode_peaks(peaks)
    for name, values in image.columns.items():
        np.testing.assert_allclose(found.columns[name], values, rtol=1e-12)
    assert found.images == ("peaks",)
    [facts] = found.image_facts
    assert facts == {"kind": "peaks", "n_active": np.count_nonzero(expected)}


def test_a_study_is_the_peaks_that_it_has(made, block):
    # learnt from the others both times
    decoder = BayesDecoder.of(made, mask=block, talairach=None)
    for study in (0, 17, 60):
        peaks = made.peaks.xyz[made.peaks.study == study]
        others = decoder.within(decoder.counted & (np.arange(120) != study))
        one, two = decoder.decode_study(str(1000 + study)), others.decode_peaks(peaks)
        for name, values in one.columns.items():
            np.testing.assert_array_equal(two.columns[name], values)


@pytest.mark.parametrize(
    "peaks",
    [None, "here", [], [1, 2], [[1, 2, 3, 4]], [[1, 2, NAN]], [[1, 2, INF]], 5, [[]]],
    ids=str,
)
def test_what_are_no_peaks(made, block, decoder, peaks):
    classes = ["labela & ~labelb", "labelb & ~labela"]
    classifier = Classifier.of(made, classes, mask=block)
    for decode in (decoder.decode_peaks, classifier.classify_peaks):
        with pytest.raises(OptionError, match="peaks must"):
            decode(peaks)


def test_peaks_outside_of_the_brain(made, decoder):
    with pytest.raises(ImageError, match="none of the 2 peaks is in the brain mask"):
        decoder.decode_peaks([[0, 0, 500], [0, 900, 0]])


# ---------------------------------------------------------------------------- real data


def test_regions_and_peaks_of_the_brain(v7, shared_data):
    topics = BayesDecoder.of(v7, label_set="LDA50", threshold=0.05)
    assert topics.facts["voxels_as_one"] == 8 * 123
    hand = topics.decode(shared_data / "golden_legacy/medial_motor.nii.gz")
    assert hand.table()["term"][0] == "17_motor_cortex_hand"
    fear = topics.decode_peaks([(-22, -4, -18), (22, -4, -18)])
    assert fear.table()["term"][0] == "26_emotional_amygdala_negative"

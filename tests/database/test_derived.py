"""What is made of a database: peaks in MNI space, further labels, regions of masks."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from nimare_neurosynth import meta_analysis, read_database, write_database
from nimare_neurosynth.database import LabelSet
from nimare_neurosynth.errors import ImageError, OptionError, SelectionError
from nimare_neurosynth.space import default_mask
from tests.oracles import brain_block, quietly, random_database

MASK = brain_block((13, 12, 11), 4.0)


def labels_for(database, name="new", labels=("odd", "even")):
    row = np.arange(database.n_studies)
    table = np.stack([row % 2, (row + 1) % 2], axis=1) * 0.5
    return LabelSet(name, labels, sparse.csc_array(table))


# ----------------------------------------------------------------------- peaks in MNI


@pytest.mark.parametrize("talairach", ["icbm_spm", "icbm_other", None])
def test_peaks_in_mni_space(toy, talairach):
    found = toy.mni(talairach)
    np.testing.assert_array_equal(found.T, toy.peaks.to_mni(talairach))
    assert found.shape == (3, len(toy.peaks))
    assert found.flags.c_contiguous
    assert toy.mni(talairach) is found


def test_the_usual_matrix_is_the_default(toy):
    assert toy.mni() is toy.mni("icbm_spm")
    assert not np.array_equal(toy.mni(), toy.mni(None), equal_nan=True)


def test_kept_peaks_cannot_be_written_to(toy):
    with pytest.raises(ValueError, match="read-only"):
        toy.mni()[0, 0] = 3


def test_an_unknown_matrix(toy):
    with pytest.raises(OptionError, match="'tal2mni'"):
        toy.mni("tal2mni")
    with pytest.raises(OptionError, match="'tal2mni'"):
        toy.select(near=(0, 0, 0), talairach="tal2mni")


@given(
    st.lists(st.tuples(*[st.integers(-30, 30)] * 3), min_size=1, max_size=3),
    st.sampled_from([0, 3, 8.5, 20]),
    st.sampled_from(["icbm_spm", "icbm_other", None]),
)
def test_near_places_is_a_loop_over_peaks(places, radius, talairach):
    database = random_database()
    found = database.select(near=places, radius_mm=radius, talairach=talairach)
    expected = np.zeros(database.n_studies, bool)
    peaks = database.peaks.to_mni(talairach)
    for xyz, study in zip(peaks, database.peaks.study, strict=True):
        for place in places:
            if ((xyz - place) ** 2).sum() <= radius**2:
                expected[study] = True
    np.testing.assert_array_equal(found.mask, expected)


# ------------------------------------------------------------------- further label sets


def test_a_further_label_set(toy):
    more = toy.with_label_set(labels_for(toy))
    assert [*more.label_sets] == ["terms", "topics", "new"]
    assert [*toy.label_sets] == ["terms", "topics"]
    assert type(more) is type(toy)
    assert more.select("odd").ids == toy.study_ids[1::2].tolist()
    pain = toy.select("pain").ids
    assert pain == ["10001", "10003", "10004", "10007"]
    assert more.select("new:even & pain").ids == ["10001", "10003", "10007"]


def test_all_else_is_shared():
    database = random_database()
    made = database.activations(mask=MASK)
    moved = database.mni()
    more = database.with_label_set(labels_for(database))
    assert more.activations(mask=MASK) is made
    assert more.mni() is moved
    assert more.peaks is database.peaks
    assert more.studies is database.studies
    assert more.about is database.about
    assert more.segment_hashes == database.segment_hashes
    np.testing.assert_array_equal(more.has_peaks, database.has_peaks)
    assert "new (2)" in repr(more)


def test_content_is_other_content():
    database = random_database()
    before = database.content_hash
    one = database.with_label_set(labels_for(database))
    two = database.with_label_set(labels_for(database, labels=("x", "y")))
    assert len({before, one.content_hash, two.content_hash}) == 3
    assert database.content_hash == before
    again = random_database().with_label_set(labels_for(database))
    assert again.content_hash == one.content_hash


def test_selections_are_of_one_of_both():
    database = random_database()
    more = database.with_label_set(labels_for(database))
    with pytest.raises(SelectionError, match="belongs to"):
        quietly(meta_analysis, database, more.select("odd"), mask=MASK)
    found = meta_analysis(more, more.select("odd"), mask=MASK)
    ids = more.select("odd").ids
    same = meta_analysis(database, database.select(ids=ids), mask=MASK)
    np.testing.assert_array_equal(found.counts, same.counts)


def test_label_sets_can_be_added_one_after_the_other():
    database = random_database()
    both = database.with_label_set(labels_for(database)).with_label_set(
        labels_for(database, "newer", ("third", "fourth"))
    )
    assert [*both.label_sets] == ["labels", "new", "newer"]
    np.testing.assert_array_equal(both.select("odd").mask, both.select("third").mask)


def test_what_is_saved_has_the_new_labels(toy, tmp_path):
    more = toy.with_label_set(labels_for(toy))
    write_database(more, tmp_path / "db", activations=False)
    opened = read_database(tmp_path / "db")
    assert opened.content_hash == more.content_hash
    assert opened.select("odd").ids == more.select("odd").ids


def test_counts_of_info_are_those_of_the_new_labels(toy):
    before = str(toy.info())
    more = toy.with_label_set(labels_for(toy))
    assert "new" in str(more.info())
    assert str(toy.info()) == before


def test_a_vocabulary_without_weights(toy):
    more = toy.with_label_set(LabelSet("names", ("a", "b"), None))
    assert "names (2, no weights)" in repr(more)
    more.content_hash  # noqa: B018 - does not fail without weights


def test_label_sets_that_do_not_fit(toy):
    with pytest.raises(OptionError, match=r"has a label set 'terms': give .* another"):
        toy.with_label_set(labels_for(toy, "terms"))
    for n in (6, 8, 0):
        wrong = LabelSet("new", ("a",), sparse.csc_array((n, 1)))
        with pytest.raises(OptionError, match=rf"of {n} studies, this database has 7"):
            toy.with_label_set(wrong)
    assert [*toy.label_sets] == ["terms", "topics"]


def test_a_database_is_still_not_pickled(toy):
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(toy.with_label_set(labels_for(toy)))


# ------------------------------------------------------------------- regions of a mask


@given(st.integers(0, 99), st.sampled_from([None, 1, 4, 30]))
def test_regions_of_a_mask_are_counted_in_it(seed, least):
    database = random_database()
    inside = np.random.default_rng(seed).random(MASK.n_voxels) < 0.03
    inside[seed] = True
    found = database.select(region=inside, mask=MASK, min_voxels=least)
    active = database.activations(mask=MASK).to_csr().toarray()[:, inside].sum(axis=1)
    np.testing.assert_array_equal(found.mask, active >= (least or 1))
    image = database.select(region=MASK.to_image(inside), mask=MASK, min_voxels=least)
    np.testing.assert_array_equal(image.mask, found.mask)


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
def test_shares_are_of_the_voxels_in_the_mask(share):
    database = random_database()
    near = (MASK.xyz_mm**2).sum(axis=1) <= 6**2
    found = database.select(region=near, mask=MASK, min_proportion=share)
    active = database.activations(mask=MASK).count_in(near)
    np.testing.assert_array_equal(found.mask, active / near.sum() >= share)
    [criterion] = found.criteria
    assert criterion["n_voxels"] == near.sum()


def test_masks_as_images_and_as_masks():
    database, near = random_database(), (MASK.xyz_mm**2).sum(axis=1) <= 6**2
    image = MASK.to_image(np.ones(MASK.n_voxels, np.uint8))
    found = [database.select(region=near, mask=m) for m in (MASK, image)]
    np.testing.assert_array_equal(found[0].mask, found[1].mask)


def test_the_default_mask_is_nimares():
    database = random_database()
    inside = (default_mask().xyz_mm ** 2).sum(axis=1) <= 8**2
    found = [
        database.select(region=inside, **options)
        for options in ({}, {"mask": default_mask()})
    ]
    np.testing.assert_array_equal(found[0].mask, found[1].mask)


def test_regions_of_another_mask():
    database = random_database()
    inside = (default_mask().xyz_mm ** 2).sum(axis=1) <= 8**2
    with pytest.raises(ImageError, match=f"{MASK.n_voxels:,} voxels"):
        database.select(region=inside, mask=MASK)
    far = (default_mask().xyz_mm[:, 1] < -90) | (default_mask().xyz_mm[:, 2] > 60)
    with pytest.raises(ImageError, match="no voxel"):
        database.select(region=default_mask().to_image(far), mask=MASK)


# ------------------------------------------------------------------ fewer label sets


def test_some_of_the_label_sets():
    database = random_database()
    more = database.with_label_set(labels_for(database))
    fewer = more.with_only(["new"])
    assert list(fewer.label_sets) == ["new"]
    assert fewer.label_sets["new"] is more.label_sets["new"]
    assert fewer.peaks is more.peaks
    assert list(more.with_only([*more.label_sets][::-1]).label_sets) == [
        *more.label_sets
    ]
    assert fewer.with_only([]).label_sets == {}
    assert len(more.label_sets) == len(database.label_sets) + 1
    with pytest.raises(OptionError, match=r"no label set 'mew'; there is new\. Close"):
        fewer.with_only(["mew"])

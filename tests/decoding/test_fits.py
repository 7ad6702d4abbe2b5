"""Fits and where they come from: against maps that are made one by one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import false_discovery_control, spearmanr

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.database import Database, LabelSet, Peaks
from nimare_neurosynth.decoding import METHODS, MapDecoder, decode
from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.space import Mask
from tests.oracles import brain_block, quietly, random_database

CLOSE = 1e-9


def obvious(z, x, method):
    """Compare a map with an image."""
    if method == "pearson":
        return np.corrcoef(z, x)[0, 1]
    if method == "spearman":
        return spearmanr(z, x).statistic
    if method == "cosine":
        return z @ x / np.linalg.norm(z) / np.linalg.norm(x)
    return z @ x


def map_of(database, term, mask, **options):
    made = quietly(meta_analysis, database, term, mask=mask, **options)
    return made["z_desc-association"]


@pytest.fixture(scope="module")
def maps(made, block, small):
    return np.stack([map_of(made, term, block) for term in small.terms])


@pytest.fixture(scope="module")
def part(block):
    """Mark a part of the small mask."""
    return block.xyz_mm[:, 0] < 4


# ------------------------------------------------------------------- against full maps


@pytest.mark.parametrize("method", METHODS)
def test_made_up_studies_against_their_maps(small, maps, noise, method):
    found = small.decode(noise, method=method)
    assert found.value == METHODS[method]
    expected = [[obvious(z, x, method) for x in noise] for z in maps]
    values = found.columns[found.value]
    np.testing.assert_allclose(values, expected, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("method", METHODS)
def test_within_a_region(made, block, small, maps, noise, part, method):
    expected = [obvious(z[part], noise[0][part], method) for z in maps]
    whole = small.within(part)
    fresh = MapDecoder.of(made, mask=block, region=part)
    for decoder in (whole, fresh):
        assert decoder.facts["n_voxels"] == np.count_nonzero(part)
        found = decoder.decode(noise[0], method=method)
        values = found.columns[found.value][:, 0]
        np.testing.assert_allclose(values, expected, rtol=CLOSE, atol=CLOSE)
    assert small.facts["n_voxels"] == block.n_voxels  # it is another decoder


def test_what_lies_outside_of_a_region_does_not_matter(small, noise, part):
    decoder = small.within(part)
    other = np.where(part, noise[0], 99.0)
    one, two = (decoder.decode(x).table() for x in (noise[0], other))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("method", METHODS)
def test_the_demo_against_its_maps(demo, few, emotion, method):
    x = emotion + np.random.default_rng(0).normal(0, 1, len(emotion))
    found = few.decode(x, method=method)
    maps = [map_of(demo, f'"{term}"', few.mask) for term in few.terms]
    expected = [obvious(z, x, method) for z in maps]
    values = found.columns[found.value][:, 0]
    np.testing.assert_allclose(values, expected, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize(
    "options", [{"radius_mm": 10}, {"talairach": None}, {"threshold": 0.4}], ids=str
)
def test_options_are_those_of_meta_analyses(made, block, noise, options):
    decoder = MapDecoder.of(made, mask=block, **options)
    z = [map_of(made, term, block, **options) for term in decoder.terms]
    found = decoder.decode(noise[1])
    expected = [obvious(each, noise[1], "pearson") for each in z]
    np.testing.assert_allclose(found.columns["r"][:, 0], expected, atol=CLOSE)
    assert found.facts | options == found.facts


@settings(max_examples=15)
@given(st.integers(0, 999), st.integers(8, 40), st.sampled_from(sorted(METHODS)))
def test_any_database_against_its_maps(seed, n_studies, method):
    database = random_database(seed, n_studies)
    mask = brain_block()
    x = np.random.default_rng(seed).normal(1, 1, mask.n_voxels)
    decoder = MapDecoder.of(database, mask=mask, min_studies_per_term=1)
    found = decoder.decode(x, method=method)
    for term, value in zip(found.terms, found.columns[found.value][:, 0], strict=True):
        z = map_of(database, term, mask)
        expected = obvious(z, x, method) if z.any() else 0.0
        np.testing.assert_allclose(value, expected, rtol=CLOSE, atol=CLOSE)


# -------------------------------------------------------------------------- properties


def test_a_map_decodes_to_its_own_term(small, maps):
    found = small.decode(maps)
    np.testing.assert_allclose(np.diag(found.columns["r"]), 1, atol=CLOSE)
    assert (found.columns["r"].argmax(axis=0) == range(len(maps))).all()
    turned = small.decode(-maps[2]).columns
    assert turned["r"][2, 0] == pytest.approx(-1)
    assert turned["z"][2, 0] < 0


@pytest.mark.parametrize("method", METHODS)
def test_several_images_at_once_are_each_alone(small, noise, method):
    together = small.decode(list(noise), method=method)
    for i, x in enumerate(noise):
        alone = small.decode(x, method=method)
        assert together.columns.keys() == alone.columns.keys()
        for name, values in alone.columns.items():
            np.testing.assert_array_equal(together.columns[name][:, i], values[:, 0])


def shuffled(database, seed):
    order = np.random.default_rng(seed).permutation(database.n_studies)
    place = np.argsort(order)  # where each study has gone
    old = database.peaks
    study = place[old.study]
    by = np.argsort(study, kind="stable")
    space = np.where(old.is_talairach, "TAL", "MNI")[by]
    [labels] = database.label_sets.values()
    weights = sparse.csc_array(labels.weights.toarray()[order])
    return Database(
        database.about,
        n_studies=database.n_studies,
        peaks=Peaks.from_columns(old.xyz[by], study[by], study[by], space),
        label_sets=[LabelSet(labels.name, labels.labels, weights)],
        tables={"studies": lambda: database.studies.iloc[order]},
    )


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_studies_does_not_matter(made, small, block, noise, method):
    other = MapDecoder.of(shuffled(made, 1), mask=block)
    assert other.prepared.columns.studies.tolist() != (
        small.prepared.columns.studies.tolist()
    )
    one, two = (d.decode(noise[0], method=method) for d in (small, other))
    assert one.terms == two.terms
    for name, values in one.columns.items():
        np.testing.assert_allclose(two.columns[name], values, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("factor", [1e-170, 1e-110, 1e-30, 3.0, 1e20, 1e170])
@pytest.mark.parametrize("method", ["pearson", "spearman", "cosine", "dot"])
def test_the_unit_of_an_image_does_not_matter(small, noise, method, factor):
    one, two = (small.decode(f * noise[0], method=method) for f in (1, factor))
    for name, values in one.columns.items():
        expected = values * factor if name == "dot" else values
        np.testing.assert_allclose(two.columns[name], expected, rtol=1e-6)


def test_a_constant_does_not_matter_to_correlations(small, noise):
    one, two = (small.decode(noise[0] + c) for c in (0, 50))
    for name, values in one.columns.items():
        np.testing.assert_allclose(two.columns[name], values, rtol=1e-7, atol=1e-10)


# ------------------------------------------------------------------------ which terms


def with_terms(database, **terms):
    """Give a database other labels, from the studies of each."""
    weights = np.zeros((database.n_studies, len(terms)))
    for i, studies in enumerate(terms.values()):
        weights[studies, i] = 1
    return Database(
        database.about,
        n_studies=database.n_studies,
        peaks=database.peaks,
        label_sets=[LabelSet("terms", tuple(terms), sparse.csc_array(weights))],
        tables={"studies": lambda: database.studies},
    )


def test_terms_of_all_or_of_too_few_studies_are_left_out(made, block, noise):
    everyone = np.arange(118)  # 118 and 119 have no peaks
    database = with_terms(
        made,
        all=everyone,
        almost=everyone[1:],
        none=[],
        silent=[118, 119],
        nineteen=[*range(19), 118],
        twenty=range(20),
    )
    decoder = MapDecoder.of(database, mask=block)
    assert decoder.terms == ("almost", "twenty")
    found = decoder.decode(noise[0])
    assert found.n_studies.tolist() == [117, 20]
    assert found.facts["n_terms_left_out"] == 4
    fewer = MapDecoder.of(database, mask=block, min_studies_per_term=19)
    assert fewer.terms == ("almost", "nineteen", "twenty")
    least = MapDecoder.of(database, mask=block, min_studies_per_term=0)
    assert least.terms == ("almost", "nineteen", "twenty")
    for terms in ("all", "none", ["silent", "nineteen"]):
        with pytest.raises(EmptySelectionError, match="studies"):
            MapDecoder.of(database, terms, mask=block)


def test_terms_that_are_asked_for(made, small, block, noise):
    found = decode(made, noise[0], ["labelb", "labele"], mask=block)
    assert found.terms == ("labelb", "labele")
    all_of_them = small.decode(noise[0])
    rows = [small.terms.index(term) for term in found.terms]
    for name in ("r", "z", "p"):
        np.testing.assert_allclose(found.columns[name], all_of_them.columns[name][rows])
    with pytest.raises(UnknownTermError, match="labelz"):
        decode(made, noise[0], "labelz", mask=block)
    with pytest.raises(UnknownTermError, match="topics"):
        decode(made, noise[0], label_set="topics", mask=block)


def test_a_wrong_method(small, noise):
    with pytest.raises(OptionError, match=r"pearson, spearman.*got 'kendall'"):
        small.decode(noise[0], method="kendall")


@pytest.mark.parametrize("method", ["pearson", "spearman", "cosine"])
def test_images_that_fit_all_alike(small, block, part, noise, method):
    constant = np.full(block.n_voxels, 2.0)
    with pytest.raises(ImageError, match="'image_1' has the same value in all"):
        small.decode([noise[0], constant], method=method)
    flat = np.where(part, 3.0, noise[0])
    with pytest.raises(ImageError, match="same value"):
        small.within(part).decode(flat, method=method)
    assert len(small.decode(flat, method=method)) == len(small.terms)


def test_facts_say_how_it_was_done(small, made, noise):
    facts = small.decode(noise[0], method="cosine").facts
    assert facts["method"] == "cosine"
    assert facts["n_studies"] == 118
    assert facts["label_set"] == "labels"
    assert facts["min_studies_per_term"] == 20
    assert facts["database"]["n_studies"] == made.n_studies
    assert "numpy" in facts["software"]


# ---------------------------------------------------------------------------- q values


def test_q_is_of_all_terms_of_an_image(few, emotion):
    found = few.decode([emotion, np.random.default_rng(1).normal(size=len(emotion))])
    for i in range(2):
        q = false_discovery_control(found.columns["p"][:, i])
        np.testing.assert_allclose(found.columns["q"][:, i], q, rtol=1e-12)


def test_a_map_without_any_voxel_fits_nothing(small, noise):
    prepared = small.prepared
    nowhere = replace(
        prepared, z_sum=prepared.z_sum * 0, z_squares=prepared.z_squares * 0
    )
    found = replace(small, prepared=nowhere).decode(noise[0])
    assert not found.columns["r"].any()


def test_peaks_of_the_other_side_do_not_fit(made):
    # the first label goes with peaks near (-8, 0, 0); turn the image over
    affine = np.diag([4.0, 4, 4, 1])
    affine[:3, 3] = -24
    mask = Mask.from_array(np.ones((13, 13, 13)), affine)
    z = map_of(made, "labela", mask)
    turned = mask.to_volume(z)[::-1].ravel()[mask.flat_index]
    [own, other] = decode(made, [z, turned], "labela", mask=mask).columns["r"][0]
    assert own == pytest.approx(1)
    assert other < 0.7

"""p values from random orders of the studies: what they count, and how near p is."""

import json

import numpy as np
import pandas as pd
import pytest

from nimare_neurosynth.decoding import MapDecoder, RegionDecoder, decode, decode_region
from nimare_neurosynth.errors import OptionError
from tests.decoding.test_fits import with_terms
from tests.oracles import brain_block, random_database

SAMPLED = ("pearson", "cosine", "dot")


@pytest.fixture(scope="module")
def regional(made, block):
    return RegionDecoder.of(made, mask=block)


@pytest.fixture(scope="module")
def inside(block):
    return np.linalg.norm(block.xyz_mm - [-8, 0, 0], axis=1) < 9


def orders(n_studies, n_draws, seed):
    """Draw orders as the package does."""
    places = np.tile(np.arange(n_studies), (n_draws, 1))
    return np.random.default_rng(seed).permuted(places, axis=1)


def p_of(own, drawn):
    """Count how many drawn values are as large or as small; rounding apart."""
    close = 1e-9 * np.abs(drawn).max(axis=0)
    above = np.count_nonzero(drawn >= own - close, axis=0)
    below = np.count_nonzero(drawn <= own + close, axis=0)
    return np.minimum(2 * (1 + np.minimum(above, below)) / (1 + len(drawn)), 1)


# -------------------------------------------------------------------- against databases


def test_an_order_is_a_database_of_other_terms(made, block, noise):
    [counted] = np.nonzero(made.has_peaks)
    terms = {"one": counted[5:40], "two": counted[::2], "three": counted[80:]}
    rank = {study: i for i, study in enumerate(counted)}

    def products(order):
        other = {
            term: [counted[order[rank[study]]] for study in studies]
            for term, studies in terms.items()
        }
        decoder = MapDecoder.of(with_terms(made, **other), mask=block)
        return decoder.decode(noise[0], method="dot").columns["dot"][:, 0]

    decoder = MapDecoder.of(with_terms(made, **terms), mask=block)
    found = decoder.decode(noise[0], method="dot", n_permutations=25, seed=4)
    drawn = np.array([products(order) for order in orders(len(counted), 25, 4)])
    own = found.columns["dot"][:, 0]
    np.testing.assert_allclose(found.columns["p_sampled"][:, 0], p_of(own, drawn))


@pytest.mark.parametrize("presence", [False, True])
def test_an_order_of_studies_is_another_correlation(made, block, inside, presence):
    decoder = RegionDecoder.of(made, mask=block, presence=presence)
    found = decoder.decode(inside, n_permutations=90, seed=2)
    active = made.activations(mask=block).to_csr().toarray() > 0
    share = active[made.has_peaks][:, inside].mean(axis=1)
    weights = made.label_sets["labels"].weights.toarray()[made.has_peaks]
    if presence:
        weights = weights >= 0.001
    drawn = np.array(
        [
            [np.corrcoef(share[order], column)[0, 1] for column in weights.T]
            for order in orders(len(share), 90, 2)
        ]
    )
    own = found.columns["r"][:, 0]
    np.testing.assert_allclose(found.columns["p_sampled"][:, 0], p_of(own, drawn))


# ----------------------------------------------------------------------------- beside p


def test_p_is_near_that_of_many_orders(few, emotion):
    rng = np.random.default_rng(0)
    images = [0.05 * emotion + rng.normal(size=len(emotion)), emotion]
    for method in SAMPLED:
        found = few.decode(images, method=method, n_permutations=2000)
        p, drawn = found.columns["p"], found.columns["p_sampled"]
        error = 4 * np.sqrt(drawn / 2 / 2000)
        assert (np.abs(p - drawn) <= 0.3 * drawn + error).all()
    assert (p[few.terms.index("emotion")] < 0.002).all()
    assert (drawn[few.terms.index("emotion")] < 0.003).all()


def test_p_of_regions_is_near_that_of_many_orders(regional, block):
    rng = np.random.default_rng(0)
    regions = [
        np.linalg.norm(block.xyz_mm - rng.uniform(-15, 15, 3), axis=1) < 8
        for _ in range(8)
    ]
    found = regional.decode(regions, n_permutations=2000).columns
    error = 4 * np.sqrt(found["p_sampled"] / 2 / 2000)
    far = np.abs(found["p"] - found["p_sampled"])
    assert (far <= 0.3 * found["p_sampled"] + error).all()
    assert (found["p_sampled"] < 0.05).any()
    assert (found["p_sampled"] > 0.5).any()


# ---------------------------------------------------------------------------- and seeds


def sampled(decoder, what, **options):
    return decoder.decode(what, n_permutations=99, **options).columns["p_sampled"]


def test_seeds(small, regional, noise, inside):
    for decoder, what in ((small, noise[0]), (regional, inside)):
        one = sampled(decoder, what)
        np.testing.assert_array_equal(sampled(decoder, what), one)
        np.testing.assert_array_equal(sampled(decoder, what, seed=0), one)
        assert (sampled(decoder, what, seed=1) != one).any()
        assert ((one > 0) & (one <= 1)).all()


def test_functions_pass_them_on(made, block, small, regional, noise, inside):
    options = {"mask": block, "n_permutations": 99, "seed": 7}
    found = decode(made, noise[0], **options).columns["p_sampled"]
    np.testing.assert_array_equal(found, sampled(small, noise[0], seed=7))
    found = decode_region(made, inside, **options).columns["p_sampled"]
    np.testing.assert_array_equal(found, sampled(regional, inside, seed=7))


@pytest.mark.parametrize("method", SAMPLED)
def test_several_images_are_each_alone(small, noise, method):
    together = sampled(small, list(noise), method=method)
    for i, x in enumerate(noise):
        np.testing.assert_array_equal(
            together[:, i], sampled(small, x, method=method)[:, 0]
        )


def test_other_terms_do_not_matter(made, block, small, noise):
    some = decode(made, noise[0], ["labelb", "labele"], mask=block, n_permutations=99)
    rows = [small.terms.index(term) for term in some.terms]
    np.testing.assert_array_equal(
        some.columns["p_sampled"], sampled(small, noise[0])[rows]
    )


def test_it_changes_nothing_else(small, regional, noise, inside, tmp_path):
    for decoder, what in ((small, noise[0]), (regional, inside)):
        plain = decoder.decode(what)
        assert list(plain.columns) == ["r", "z", "p", "q"]
        found = decoder.decode(what, n_permutations=20)
        assert list(found.columns) == ["r", "z", "p", "q", "p_sampled"]
        for name, values in plain.columns.items():
            np.testing.assert_array_equal(found.columns[name], values)
        path = found.save(tmp_path / "terms.tsv")
        table = pd.read_csv(path, sep="\t")
        np.testing.assert_allclose(table["p_sampled"], found.table()["p_sampled"])
        assert json.loads(path.with_suffix(".json").read_text())["method"]


def test_a_region_of_maps(small, block, noise):
    part = block.xyz_mm[:, 0] < 4
    decoder = small.within(part)
    other = np.where(part, noise[0], 99.0)
    np.testing.assert_array_equal(sampled(decoder, noise[0]), sampled(decoder, other))


# ------------------------------------------------------------------------ wrong numbers


def test_ranks_have_no_null(small, noise, made, block):
    with pytest.raises(OptionError, match="leave out n_permutations, or use another"):
        small.decode(noise[0], method="spearman", n_permutations=10)
    with pytest.raises(OptionError, match="ranks have no permutation null"):
        decode(made, noise[0], method="spearman", n_permutations=10, mask=block)
    found = small.decode(noise[0], method="spearman", n_permutations=0)
    assert list(found.columns) == ["rho"]


@pytest.mark.parametrize("n", [-1, True, False, 1.5, 10.0, np.nan, "10", None, [3]])
def test_wrong_numbers_of_permutations(small, regional, noise, inside, n):
    for decoder, what in ((small, noise[0]), (regional, inside)):
        with pytest.raises(OptionError, match="n_permutations must be a whole number"):
            decoder.decode(what, n_permutations=n)


@pytest.mark.parametrize("n", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_of_any_type(small, noise, n):
    found = small.decode(noise[0], n_permutations=n).columns["p_sampled"]
    np.testing.assert_array_equal(
        found, small.decode(noise[0], n_permutations=3).columns["p_sampled"]
    )


@pytest.mark.parametrize("seed", [-1, 1.5, "one"])
def test_wrong_seeds(small, regional, noise, inside, seed):
    for decoder, what in ((small, noise[0]), (regional, inside)):
        with pytest.raises(OptionError, match="seed"):
            decoder.decode(what, n_permutations=3, seed=seed)


def test_two_studies():
    database = random_database(3, 4)
    assert np.count_nonzero(database.has_peaks) == 2
    mask = brain_block()
    decoder = MapDecoder.of(database, mask=mask, min_studies_per_term=1)
    x = np.random.default_rng(0).normal(size=mask.n_voxels)
    np.testing.assert_allclose(sampled(decoder, x), 1, atol=0.25)

"""Maps that are stored already: the same numbers as from the studies behind them."""

import json

import nibabel as nib
import numpy as np
import pytest
from scipy.stats import spearmanr

from nimare_neurosynth import decode, term_maps
from nimare_neurosynth.decoding import METHODS, StoredDecoder, is_image_folder
from nimare_neurosynth.errors import (
    FormatError,
    ImageError,
    NeurosynthWarning,
    OptionError,
    UnknownTermError,
)
from nimare_neurosynth.space import default_mask
from tests.oracles import quietly


@pytest.fixture(scope="module")
def stored(made, block, tmp_path_factory):
    """Store the term maps of the made-up studies, in the small mask."""
    folder = tmp_path_factory.mktemp("stored") / "maps"
    return quietly(term_maps, made, folder, mask=block)


@pytest.fixture(scope="module")
def maps(stored):
    """Give the association map of each label, as values at voxels."""
    return {label: stored[label]["z_desc-association"] for label in stored}


@pytest.fixture(scope="module")
def folder(maps, block, tmp_path_factory):
    """Write them as images, with a sidecar each."""
    made = tmp_path_factory.mktemp("images")
    for label, values in maps.items():
        nib.save(volume(block, values), made / f"{label}.nii.gz")
        (made / f"{label}.json").write_text("{}")
    return made


@pytest.fixture(scope="module")
def loaded(folder, block):
    return StoredDecoder.load_imgs(folder, block)


@pytest.fixture(scope="module")
def part(block):
    """Mark a part of the small mask."""
    return block.xyz_mm[:, 0] < 4


def volume(mask, values):
    return nib.Nifti1Image(mask.to_volume(np.asarray(values, "f8")), mask.affine)


def obvious(z, x, method):
    """Compare a map with an image."""
    if method == "pearson":
        return np.corrcoef(z, x)[0, 1]
    if method == "spearman":
        return spearmanr(z.astype("f4"), x).statistic
    if method == "cosine":
        return z @ x / np.linalg.norm(z) / np.linalg.norm(x)
    return z @ x


# --------------------------------------------------------------------- the same numbers


@pytest.mark.parametrize("method", METHODS)
def test_term_maps_decode_as_their_database_does(made, block, stored, noise, method):
    ours = decode(stored, noise, method=method)
    theirs = decode(made, noise, method=method, mask=block)
    assert ours.terms == theirs.terms
    assert ours.images == theirs.images
    assert list(ours.columns) == [METHODS[method]] == [ours.value]
    values, expected = ours.columns[ours.value], theirs.columns[ours.value]
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(ours.n_studies, theirs.n_studies)


@pytest.mark.parametrize("method", METHODS)
def test_images_are_compared_with_each_map(loaded, maps, noise, method):
    found = loaded.decode(noise, method=method)
    assert found.terms == tuple(maps)
    assert list(found.columns) == [METHODS[method]]
    expected = [[obvious(z, x, method) for x in noise] for z in maps.values()]
    np.testing.assert_allclose(
        found.columns[found.value], expected, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("method", METHODS)
def test_within_a_region(made, block, stored, loaded, maps, noise, part, method):
    ours = decode(stored, noise, method=method, region=part)
    assert ours.facts["n_voxels"] == np.count_nonzero(part)
    theirs = decode(made, noise, method=method, region=part, mask=block)
    name = METHODS[method]
    np.testing.assert_allclose(
        ours.columns[name], theirs.columns[name], rtol=1e-6, atol=1e-6
    )
    found = loaded.decode(noise, method=method, region=volume(block, part))
    expected = [
        [obvious(z[part], x[part], method) for x in noise] for z in maps.values()
    ]
    np.testing.assert_allclose(found.columns[name], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_memory_and_threads_do_not_matter(folder, block, loaded, noise, method):
    expected = loaded.decode(noise, method=method).columns[METHODS[method]]
    assert not isinstance(loaded.source.values, np.memmap)
    for options in ({"memory_limit": 1000}, {"memory_limit": "1 K", "n_jobs": 1}):
        small = StoredDecoder.load_imgs(folder, block, **options)
        assert isinstance(small.source.values, np.memmap)
        found = small.decode(noise, method=method, n_jobs=1)
        np.testing.assert_array_equal(found.columns[METHODS[method]], expected)
        np.testing.assert_array_equal(small.values("labelb"), loaded.values("labelb"))


def test_more_maps_than_are_compared_at_once(block):
    values = np.random.default_rng(0).normal(size=(37, block.n_voxels))
    named = {f"map {i}": row for i, row in enumerate(values)}
    decoder = StoredDecoder.load_imgs(named, block, n_jobs=2)
    assert decoder.terms == tuple(named)
    found = decoder.decode(values[[3, 36]])
    expected = np.corrcoef(values)[:, [3, 36]]
    np.testing.assert_allclose(found.columns["r"], expected, atol=1e-6)
    assert found.table("image_0_1")["term"][0] == "map 36"
    np.testing.assert_allclose(decoder.values("map 20"), values[20], rtol=1e-6)


def test_images_by_any_name_are_the_same(folder, block, maps, loaded, noise, tmp_path):
    expected = loaded.decode(noise).columns["r"]
    paths = [folder / f"{label}.nii.gz" for label in maps]
    sources = {
        "paths": paths,
        "texts": [str(path) for path in paths],
        "a folder's name": str(folder),
        "a dictionary of paths": dict(zip(maps, paths, strict=True)),
        "of images": {label: volume(block, z) for label, z in maps.items()},
        "of arrays": maps,
        "of rows": {label: z[None] for label, z in maps.items()},
    }
    for source in sources.values():
        decoder = StoredDecoder.load_imgs(source, block)
        assert decoder.terms == tuple(maps)
        assert not decoder.n_studies.any()
        np.testing.assert_allclose(decoder.decode(noise).columns["r"], expected)
    unnamed = StoredDecoder.load_imgs(list(maps.values()), block)
    assert unnamed.terms == tuple(f"image_{i}" for i in range(len(maps)))


def test_maps_are_resampled(loaded, block, maps, noise):
    affine = block.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (block.shape[0] - 1)
    affine[:3, 0] *= -1
    turned = {
        label: nib.Nifti1Image(block.to_volume(z)[::-1], affine)
        for label, z in maps.items()
    }
    decoder = StoredDecoder.load_imgs(turned, block)
    np.testing.assert_allclose(
        decoder.decode(noise).columns["r"], loaded.decode(noise).columns["r"], atol=1e-6
    )


def test_the_mask_is_nimares_by_default(tmp_path):
    mask = default_mask()
    values = np.random.default_rng(0).normal(size=(2, mask.n_voxels))
    for name, row in zip("ab", values, strict=True):
        nib.save(volume(mask, row), tmp_path / f"{name}.nii")
    decoder = StoredDecoder.load_imgs(tmp_path)
    assert decoder.mask == mask
    found = decoder.decode(tmp_path / "a.nii")
    np.testing.assert_allclose(found.columns["r"][0], 1, atol=1e-6)
    assert abs(found.columns["r"][1, 0]) < 0.02


# --------------------------------------------------------------------- maps, one by one


def test_values_are_those_of_each_map(stored, loaded, maps):
    for decoder in (StoredDecoder.of(stored), loaded):
        for label in (next(iter(maps)), list(maps)[-1]):
            found = decoder.values(label)
            assert found.dtype == np.float64
            np.testing.assert_allclose(found, maps[label], atol=1e-5)
        with pytest.raises(UnknownTermError, match=r"no map of 'lable'.*'labele'"):
            decoder.values("lable")


def test_values_are_ones_own(loaded, noise):
    before = loaded.decode(noise).columns["r"]
    loaded.values("labela")[:] = 0
    np.testing.assert_array_equal(loaded.decode(noise).columns["r"], before)


def test_each_map_is_its_own_best_match(stored, loaded, maps):
    for decoder in (StoredDecoder.of(stored), loaded):
        r = decoder.decode(list(maps.values())).columns["r"]
        np.testing.assert_allclose(np.diag(r), 1, atol=1e-6)
        assert (r.argmax(axis=0) == range(len(maps))).all()
        assert np.abs(r).max() <= 1


# ----------------------------------------------------------------- opening and choosing


def test_term_maps_by_their_folder(stored, noise):
    one = StoredDecoder.of(stored).decode(noise)
    for where in (stored.folder, str(stored.folder)):
        two = StoredDecoder.of(where).decode(noise)
        np.testing.assert_array_equal(two.columns["r"], one.columns["r"])


def test_some_terms_of_term_maps(stored, noise):
    everything = decode(stored, noise)
    found = decode(stored, noise, ["labeld", "labelb"])
    assert found.terms == ("labelb", "labeld")
    rows = [everything.terms.index(term) for term in found.terms]
    np.testing.assert_array_equal(found.columns["r"], everything.columns["r"][rows])
    assert len(decode(stored, noise, "label*")) == len(everything)
    with pytest.raises(UnknownTermError, match=r"no maps of 'labelz'.*Close matches"):
        decode(stored, noise, "labelz")


def test_facts_and_files_say_how_it_was_done(
    made, stored, loaded, folder, noise, tmp_path
):
    assert repr(loaded) == f"<StoredDecoder: 6 maps of {folder}>"
    for found, where in (
        (decode(stored, noise[0], method="cosine"), stored.folder),
        (loaded.decode(noise[0], method="cosine"), folder),
    ):
        path = found.save(tmp_path / "terms.tsv")
        facts = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert facts["method"] == "cosine"
        assert facts["maps"] == str(where)
        assert facts["images"]["image_0"]["kind"] == "map"
        assert "numpy" in facts["software"]
    facts = decode(stored, noise[0]).facts
    assert facts["database"]["content_hash"] == made.content_hash


def test_folders_of_images(folder, stored, tmp_path):
    assert is_image_folder(folder)
    assert not is_image_folder(stored.folder)
    assert not is_image_folder(tmp_path)
    assert not is_image_folder(tmp_path / "missing")
    assert not is_image_folder(folder / "labela.nii.gz")
    for i in range(3):
        (tmp_path / f"table{i}.tsv").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    for i, expected in enumerate((False, False, True)):
        (tmp_path / f"map{i}.NII").write_text("x")
        assert is_image_folder(tmp_path) is expected


# ---------------------------------------------------------------------------- bad input


def test_maps_of_the_same_name(folder, block, maps, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for place in (one, two):
        place.mkdir()
        nib.save(volume(block, maps["labela"]), place / "pain.nii")
    nib.save(volume(block, maps["labelb"]), one / "pain.nii.gz")
    for what in (one, [one / "pain.nii", two / "pain.nii"], {1: one, "1": two}):
        with pytest.raises(OptionError, match=r"two maps are called .*dictionary"):
            StoredDecoder.load_imgs(what, block)


WRONG = {
    "nothing": (lambda _: None, "volume image or its path"),
    "a number": (lambda _: 3, "volume image or its path"),
    "no maps": (lambda _: [], "no map was given"),
    "an empty dictionary": (lambda _: {}, "no map was given"),
    "zeros": (lambda m: {"x": np.zeros(m.n_voxels)}, "'x' has the same value in all"),
    "constant": (lambda m: {"x": np.ones(m.n_voxels)}, "'x' has the same value in all"),
    "an empty image": (lambda m: {"x": volume(m, np.zeros(m.n_voxels))}, "x: .*empty"),
    "a short array": (lambda m: {"x": np.ones(m.n_voxels - 1)}, "x: .*one value for"),
    "text": (lambda m: {"x": np.full(m.n_voxels, "a")}, "x: .*numbers"),
    "a missing file": (lambda _: {"x": "no such.nii"}, "x: .*no such.nii"),
    "a path of nothing": (lambda _: "no such folder", "no such folder is no folder"),
    "two maps of a name": (
        lambda m: {"x": np.random.default_rng(0).normal(size=(2, m.n_voxels))},
        "x",
    ),
    "a list of a name": (
        lambda m: {"x": list(np.random.default_rng(0).normal(size=(2, m.n_voxels)))},
        "x",
    ),
    "four dimensions": (
        lambda m: {
            "x": nib.Nifti1Image(
                np.random.default_rng(0).normal(size=(*m.shape, 2)), m.affine
            )
        },
        "x",
    ),
    "larger than numbers are stored": (
        lambda m: {"x": 1e60 * np.random.default_rng(0).normal(size=m.n_voxels)},
        "x",
    ),
    "smaller than numbers are stored": (
        lambda m: {"x": 1e-60 * np.random.default_rng(0).normal(size=m.n_voxels)},
        "x",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_loaded(block, case):
    make, message = WRONG[case]
    with pytest.raises(ImageError, match=message):
        StoredDecoder.load_imgs(make(block), block)


def test_folders_that_cannot_be_loaded(block, noise, tmp_path):
    with pytest.raises(ImageError, match=r"holds no images \(\.nii, "):
        StoredDecoder.load_imgs(tmp_path, block)
    volume(block, noise[0]).to_filename(tmp_path / "a.nii")
    (tmp_path / "b.nii").write_text("no image")
    with pytest.raises(ImageError, match=r"b\.nii cannot be read as an image"):
        StoredDecoder.load_imgs(tmp_path, block)
    with pytest.raises(ImageError, match=r"a\.nii is no folder: give a folder"):
        StoredDecoder.load_imgs(tmp_path / "a.nii", block)
    for where in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FormatError, match="not a folder of term maps"):
            StoredDecoder.of(where)


def test_maps_that_lie_elsewhere(block, noise):
    affine = block.affine.copy()
    affine[:3, 3] += 30
    moved = {"x": nib.Nifti1Image(block.to_volume(noise[0]), affine)}
    with pytest.raises(ImageError, match=r"x: .*only \d+ % of this image"):
        StoredDecoder.load_imgs(moved, block)
    assert StoredDecoder.load_imgs(moved, block, min_overlap=0).terms == ("x",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"memory_limit": "much"}, "memory_limit must be"),
        ({"memory_limit": -1}, "memory_limit must be"),
        ({"min_overlap": 2}, "min_overlap must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
    ids=str,
)
def test_wrong_options_of_loading(block, noise, options, message):
    with pytest.raises(OptionError, match=message):
        StoredDecoder.load_imgs({"x": noise[0]}, block, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "kendall"}, r"pearson, spearman.*got 'kendall'"),
        ({"min_overlap": 2}, "min_overlap must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
        ({"n_permutations": 10}, "n_permutations"),
        ({"radius_mm": 10}, "leave out 'radius_mm'"),
        ({"label_set": "labels"}, "leave out 'label_set'"),
        ({"mask": None}, "leave out 'mask'"),
        ({"threshold": 0.1}, "leave out 'threshold'"),
    ],
    ids=str,
)
def test_wrong_options_of_decoding(stored, noise, options, message):
    with pytest.raises(OptionError, match=message):
        decode(stored, noise[0], **options)


def test_threads_of_loaded_maps(loaded, noise):
    with pytest.raises(OptionError, match="n_jobs must be"):
        loaded.decode(noise[0], n_jobs=0)


@pytest.mark.parametrize("method", ["pearson", "spearman", "cosine"])
def test_images_that_fit_all_alike(loaded, noise, block, part, method):
    constant = np.full(block.n_voxels, 2.0)
    with pytest.raises(ImageError, match="'image_1' has the same value in all"):
        loaded.decode([noise[0], constant], method=method)
    flat = np.where(part, 3.0, noise[0])
    with pytest.raises(ImageError, match="same value"):
        loaded.decode(flat, method=method, region=part)


def test_the_product_with_a_constant_is_a_sum(loaded, maps, block):
    found = loaded.decode(np.full(block.n_voxels, 2.0), method="dot")
    expected = [2 * z.sum() for z in maps.values()]
    np.testing.assert_allclose(found.columns["dot"][:, 0], expected, atol=1e-3)


@pytest.mark.parametrize("factor", [1e-170, 1e-30, 1e20, 1e170])
def test_the_unit_of_an_image_does_not_matter(loaded, noise, factor):
    one, two = (loaded.decode(f * noise[0]).columns["r"] for f in (1, factor))
    np.testing.assert_allclose(two, one, rtol=1e-6)


def test_holes_are_told(loaded, noise, block, maps):
    holes = noise[0].copy()
    holes[:50] = np.nan
    with pytest.warns(NeurosynthWarning, match="50 voxels of 'image_0'"):
        found = loaded.decode(holes)
    assert found.image_facts[0]["n_not_finite"] == 50
    zeros = np.where(np.isnan(holes), 0, holes)
    np.testing.assert_array_equal(found.columns["r"], loaded.decode(zeros).columns["r"])

"""NiMARE's decoders on the engine: against NiMARE's own, and against ours on arrays."""

import pickle
from collections import Counter
from itertools import cycle
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nimare.decode.base import Decoder
from nimare.decode.continuous import CorrelationDecoder as NimareCorrelation
from nimare.decode.discrete import ROIAssociationDecoder
from scipy.ndimage import gaussian_filter
from sklearn.base import clone

from nimare_neurosynth import TermMeta
from nimare_neurosynth.decoding import BayesDecoder, MapDecoder, RegionDecoder
from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthError,
    OptionError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.estimators import (
    CorrelationDecoder,
    NaiveBayesDecoder,
    ROIDecoder,
)
from nimare_neurosynth.io import from_studyset
from nimare_neurosynth.space import Mask
from tests.estimators.conftest import nimads, read
from tests.oracles import quietly

GROUP = "Neurosynth_TFIDF"
FEW = ("network", "cognitive", "motor", "memory")
FIRST = f"{GROUP}__network"
KINDS = (CorrelationDecoder, ROIDecoder, NaiveBayesDecoder)
NAN = float("nan")

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def smooth(image, seed=0):
    """Make smooth noise on the grid of an image."""
    noise = np.random.default_rng(seed).normal(size=image.shape)
    return nib.Nifti1Image(gaussian_filter(noise, 2).astype(np.float32), image.affine)


def ball(image, centre=(0, -4, 52), radius_mm=20):
    """Make a sphere in the brain, as a mask image."""
    mask = Mask.from_image(image)
    inside = np.linalg.norm(mask.xyz_mm - centre, axis=1) < radius_mm
    return mask.to_image(inside.astype(np.uint8))


def full(names):
    return [f"{GROUP}__{name}" for name in names]


def same(one, two, rtol=0.0):
    """Compare two tables."""
    assert list(one.columns) == list(two.columns)
    assert list(one.index) == list(two.index)
    assert one.index.name == two.index.name == "feature"
    np.testing.assert_allclose(one, two, rtol=rtol, atol=rtol)


def own_table(found):
    """Give what our decoders found as NiMARE's tables have it."""
    columns = {name: values[:, 0] for name, values in found.columns.items()}
    return pd.DataFrame(columns, pd.Index(found.terms, name="feature"))


@pytest.fixture(scope="module")
def image(mask):
    return smooth(mask)


@pytest.fixture(scope="module")
def roi(mask):
    return ball(mask)


@pytest.fixture(scope="module")
def given(image, roi):
    """Give what each kind decodes here."""
    return {CorrelationDecoder: image, ROIDecoder: roi, NaiveBayesDecoder: image}


@pytest.fixture(scope="module")
def fits(laird, mask):
    """Give a fitted decoder of each kind."""
    return {kind: kind(features=full(FEW), mask=mask).fit(laird) for kind in KINDS}


# ----------------------------------------------------------------------- against NiMARE


def test_regions_as_nimare(laird):
    region = ball(laird.masker.mask_img)
    theirs = ROIAssociationDecoder(region)
    quietly(theirs.fit, laird)
    expected = quietly(theirs.transform)
    decoder = ROIDecoder(region).fit(laird)
    found = decoder.transform()
    assert len(found) == 728
    assert decoder.features_ == theirs.features_
    assert decoder.inputs_["id"] == list(theirs.inputs_["id"])
    assert list(found.columns) == ["r", "z", "p", "q"]
    np.testing.assert_allclose(found[["r"]], expected.loc[found.index], atol=1e-6)
    assert found["r"].abs().max() > 0.3


@pytest.mark.parametrize("wide", [False, True])
def test_regions_as_nimare_with_other_options(laird, mask, roi, wide):
    options = {"feature_group": GROUP} if wide else {"features": full(FEW)}
    part = laird.select_analyses(np.arange(17) % 5 > 0)
    theirs = ROIAssociationDecoder(roi, kernel__r=6, **options)
    quietly(theirs.fit, part)
    expected = quietly(theirs.transform)
    decoder = ROIDecoder(mask=mask, radius_mm=6, **options).fit(part)
    found = decoder.transform(roi)
    assert sorted(found.index) == sorted(expected.index)
    assert len(found) > 500 if wide else len(found) == 4
    np.testing.assert_allclose(found[["r"]], expected.loc[found.index], atol=1e-6)


@pytest.fixture(scope="module")
def correlated(laird):
    """Give NiMARE's decoder of four features and ours."""
    theirs = NimareCorrelation(features=full(FEW))
    quietly(theirs.fit, laird)
    return theirs, CorrelationDecoder(features=full(FEW)).fit(laird)


def test_maps_as_nimare(laird, correlated):
    theirs, ours = correlated
    noise = smooth(laird.masker.mask_img, 1)
    expected, found = quietly(theirs.transform, noise), ours.transform(noise)
    assert list(found.columns) == ["r", "z", "p", "q"]
    assert sorted(found.index) == sorted(expected.index) == sorted(full(FEW))
    np.testing.assert_allclose(found[["r"]], expected.loc[found.index], atol=1e-4)
    assert found["r"].abs().max() > 0.01


def test_pickles_are_smaller_than_nimares(correlated):
    theirs, ours = (len(pickle.dumps(decoder)) for decoder in correlated)
    assert ours < 0.5 * theirs
    # and they do not grow with the number of features
    assert b"Neurosynth_TFIDF__aberrant" not in pickle.dumps(correlated[1])


@pytest.mark.parametrize("threshold", [0.001, 0.1])
def test_features_are_nimares(laird, mask, threshold):
    theirs = NimareCorrelation(feature_group=GROUP, frequency_threshold=threshold)
    theirs._fit = len  # which features there are is known before maps are made
    quietly(theirs.fit, laird)
    ours = CorrelationDecoder(GROUP, frequency_threshold=threshold, mask=mask)
    assert ours.fit(laird).features_ == theirs.features_
    assert ours.feature_group == GROUP  # NiMARE's has changed its own


# ------------------------------------------------------------------------- against ours


@pytest.mark.parametrize("part", [False, True])
def test_as_our_decoders_on_analyses(laird, laird_path, mask, given, part):
    # of a studyset that was read anew: what was counted of it before must not matter
    kept = np.arange(17) % 4 > 0 if part else np.ones(17, dtype=bool)
    fresh = read(laird_path).select_analyses(kept)
    database = from_studyset(fresh, unit="analysis")
    options = {"mask": Mask.from_image(mask), "radius_mm": 10}
    of = {"min_studies_per_term": 1, **options}
    every = {**of, "threshold": 1e-9}
    expected = {
        CorrelationDecoder: MapDecoder.of(database, **of).decode(given[ROIDecoder]),
        NaiveBayesDecoder: BayesDecoder.of(database, **of).decode(given[ROIDecoder]),
        ROIDecoder: RegionDecoder.of(database, **every).decode(given[ROIDecoder]),
    }
    for kind, table in expected.items():
        decoder = kind(mask=mask).fit(laird.select_analyses(kept))
        found = decoder.transform(given[ROIDecoder])
        assert len(found) > 500
        # q is of all features; NiMARE's region decoder has those of all analyses too
        rows = [name for name in found.index if name in table.terms]
        assert len(rows) >= len(found) - 10
        columns = [name for name in found.columns if name != "q"]
        wanted = own_table(table.of_terms(rows)).loc[rows, columns]
        same(found.loc[rows, columns], wanted, rtol=1e-9)
        assert list(decoder.decoding_.terms) == list(found.index) == decoder.features_


@every_kind
def test_what_was_counted_before_does_not_matter(laird_path, mask, given, kind):
    """Analyses are counted once for a studyset: some of them are a part of that."""
    kept = np.arange(17) < 6
    fresh = read(laird_path).select_analyses(kept)
    whole = read(laird_path)
    options = {"features": full(FEW), "mask": mask}
    kind(**options).fit(whole)
    alone = kind(**options).fit(fresh)
    after = kind(**options).fit(whole.select_analyses(kept))
    assert after.inputs_["id"] == alone.inputs_["id"] == list(fresh.ids)
    same(after.transform(given[kind]), alone.transform(given[kind]), rtol=1e-12)
    assert after.decoding_.image_facts == alone.decoding_.image_facts


@pytest.mark.parametrize(
    "options",
    [
        {"prior": "database"},
        {"prior": 0.1, "smoothing": 3, "voxels_as_one": 7},
        {"frequency_threshold": 0.1, "radius_mm": 6, "min_studies_per_term": 3},
    ],
    ids=str,
)
def test_options_of_naive_bayes(laird, mask, image, options):
    ours = {("threshold" if k.startswith("freq") else k): v for k, v in options.items()}
    ours = {"radius_mm": 10, "min_studies_per_term": 1, **ours}
    database = from_studyset(laird, unit="analysis")
    decoder = BayesDecoder.of(database, mask=Mask.from_image(mask), **ours)
    found = NaiveBayesDecoder(mask=mask, **options).fit(laird)
    for above in (None, 0.01):
        expected = own_table(decoder.decode(image, above=above))
        same(found.transform(image, above=above), expected, rtol=1e-9)
    assert found.decoding_.facts | {"method": "nb"} == found.decoding_.facts


@pytest.mark.parametrize("method", ["spearman", "cosine", "dot"])
def test_methods_of_comparison(laird, mask, image, fits, method):
    found = clone(fits[CorrelationDecoder]).set_params(method=method).fit(laird)
    database = from_studyset(laird, unit="analysis")
    options = {"mask": Mask.from_image(mask), "radius_mm": 10}
    decoder = MapDecoder.of(
        database, full(FEW), label_set=None, min_studies_per_term=1, **options
    )
    expected = own_table(decoder.decode(image, method=method))
    same(found.transform(image), expected.loc[found.features_], rtol=1e-6)
    with pytest.raises(OptionError, match="kendall"):
        found.set_params(method="kendall").fit(laird).transform(image)


# ----------------------------------------------------------------------- what is fitted


@pytest.fixture(scope="module")
def dataset(laird):
    return quietly(laird.to_dataset)


@every_kind
def test_a_dataset_is_as_its_studyset(laird, dataset, fits, given, kind):
    with pytest.warns(FutureWarning, match="Dataset"):
        old = clone(fits[kind]).fit(dataset)
    same(old.transform(given[kind]), fits[kind].transform(given[kind]), rtol=1e-12)
    assert sorted(old.inputs_["id"]) == sorted(laird.ids)


@pytest.mark.parametrize(
    ("kind", "form"), [*zip(KINDS, (str, Path, read), strict=True)]
)
def test_a_path_is_as_its_studyset(laird_path, fits, given, kind, form):
    found = clone(fits[kind]).fit(form(laird_path)).transform(given[kind])
    same(found, fits[kind].transform(given[kind]), rtol=1e-12)


@every_kind
@pytest.mark.parametrize("wrong", [None, 3, [], "nowhere.json", np.zeros(3)], ids=str)
def test_no_studyset(kind, wrong):
    with pytest.raises(NeurosynthError):
        kind().fit(wrong)


def annotated(scattered, *notes, keys="number"):
    """Write ten analyses of eight studies, and annotations {name: {label: weights}}."""
    studies = {
        str(s): {str(a): scattered(10 * s + a) for a in range(1 + (s < 2))}
        for s in range(8)
    }
    document = nimads(studies)
    pairs = [(s, a) for s, analyses in studies.items() for a in analyses]
    document["annotations"] = [
        {
            "id": f"notes{i}",
            "name": f"notes{i}",
            "note_keys": dict.fromkeys(labels, keys),
            "notes": [
                {
                    "study": s,
                    "analysis": a,
                    "note": {k: v[j] for k, v in labels.items()},
                }
                for j, (s, a) in enumerate(pairs)
            ],
        }
        for i, labels in enumerate(notes)
    ]
    return document


ONE = [0.5, 0, 0.4, 0, 0, 0.3, 0.2, 0, 0, 0.1]
TWO = [0, 0.5, 0, 0.5, 0.5, 0, 0, 0, 0, 0]


@every_kind
def test_several_annotations(scattered, mask, given, kind):
    document = annotated(scattered, {"pain": ONE, "heat": TWO}, {"fear": TWO})
    decoder = kind(mask=mask).fit(document)
    assert decoder.features_ == ["pain", "heat", "fear"]
    found = decoder.transform(given[kind])
    for name, weights in (("pain", ONE), ("heat", TWO), ("fear", TWO)):
        only = annotated(scattered, {name: weights})
        alone = kind(mask=mask).fit(only).transform(given[kind])
        columns = [column for column in found if column != "q"]
        same(found.loc[[name], columns], alone[columns], rtol=1e-12)
    [some] = kind(mask=mask, features=["fear"]).fit(document).features_
    assert some == "fear"


@every_kind
def test_a_label_of_two_annotations_is_two(scattered, mask, roi, kind):
    # as NiMARE's table of annotations has it
    document = annotated(scattered, {"pain": ONE}, {"pain": TWO})
    columns = quietly(lambda: read(document).annotations_df).columns
    assert list(columns[3:]) == ["pain", "notes1.pain"]
    decoder = kind(mask=mask).fit(document)
    assert decoder.features_ == ["pain", "notes1.pain"]
    found = decoder.transform(roi)
    values = found.iloc[:, 0]
    assert values["pain"] != values["notes1.pain"]


@every_kind
def test_only_numbers_are_decoded_to(scattered, mask, nback, kind):
    text = ["a", "b", "", "c", "a", "b", "c", "d", "e", "f"]
    for notes in ({}, {"what": text}):
        document = annotated(scattered, *([notes] if notes else []), keys="string")
        with pytest.raises(OptionError, match="no annotation with numbers"):
            kind(mask=mask).fit(document)
    both = annotated(scattered, {"what": text}, keys="string")
    more = annotated(scattered, {"pain": ONE})["annotations"]
    both["annotations"] += [{**more[0], "id": "more", "name": "more"}]
    assert kind(mask=mask).fit(both).features_ == ["pain"]
    if kind is ROIDecoder:
        known = kind(mask=mask).fit(nback).features_
        assert 0 < len(known) < 100  # of 926 in all
        assert all("Extractor" in name for name in known)
        assert not any("TaskName" in name for name in known)


@every_kind
def test_features_of_all_or_too_few(scattered, mask, kind):
    labels = {"none": [0] * 10, "two": [0] * 8 + [0.5] * 2, "many": ONE}
    labels |= {"small": [0.0005] + [0] * 9, "all": [0.1, *[0.9] * 9]}
    document = annotated(scattered, labels)
    known = kind(mask=mask).fit(document).features_
    # weights that differ can be correlated
    roi = kind is ROIDecoder
    assert known == (["two", "many", "small", "all"] if roi else ["two", "many"])
    more = kind(mask=mask, min_studies_per_term=3).fit(document).features_
    assert more == (["many", "all"] if roi else ["many"])
    high = kind(mask=mask, frequency_threshold=0.3).fit(document).features_
    assert high == ["two", "many", "all"]
    options = {"frequency_threshold": 0.1, "min_studies_per_term": 5}  # and so much
    just = kind(mask=mask, **options).fit(document).features_
    assert just == (["many", "all"] if roi else ["many"])
    with pytest.raises(EmptySelectionError, match="none of the 5 features is in at le"):
        kind(mask=mask, frequency_threshold=2).fit(document)
    with pytest.raises(EmptySelectionError, match="none of the 1 features"):
        kind(mask=mask, features=["none"]).fit(document)


@every_kind
def test_analyses_without_coordinates(scattered, mask, kind, given):
    document = annotated(scattered, {"pain": ONE, "fear": TWO})
    document["studies"][5]["analyses"][0]["points"] = []
    decoder = kind(mask=mask).fit(document)
    assert len(decoder.inputs_["id"]) == 9
    del document["studies"][5]
    one, two = (
        d.transform(given[kind]) for d in (decoder, kind(mask=mask).fit(document))
    )
    same(one, two, rtol=1e-12)
    for study in document["studies"]:
        study["analyses"][0]["points"] = []
    with pytest.raises(SelectionError, match="analyses have no coordinates"):
        kind(mask=mask).fit(document, drop_invalid=False)


# ----------------------------------------------------------------------- which features


@every_kind
def test_names_of_features(laird, mask, kind):
    by_group = [
        kind(feature_group=group, features=features, mask=mask).fit(laird)
        for group in (GROUP, GROUP + "__")
        for features in (FEW, full(FEW), [*FEW[:2], *full(FEW[1:])])
    ]
    plain = kind(features=full(FEW), mask=mask).fit(laird)
    for decoder in by_group:
        assert decoder.features_ == plain.features_
        assert Counter(decoder.features_) == Counter(full(FEW))


@every_kind
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": ["network"]}, f"no feature 'network'.*'{GROUP}__network'"),
        ({"feature_group": GROUP, "features": ["netwrk"]}, "'netwrk'.*'network'"),
        ({"features": [f"{GROUP}__netwrk"]}, f"Close matches: '{GROUP}__network"),
        ({"feature_group": "Neurosynth"}, f"are the groups {GROUP}.*Close"),
        ({"feature_group": "LDA"}, f"no feature begins with 'LDA__'.*groups {GROUP}"),
        ({"features": [3]}, "no feature 3"),
    ],
    ids=str,
)
def test_features_that_there_are_not(laird, mask, kind, options, message):
    with pytest.raises(UnknownTermError, match=message):
        kind(mask=mask, **options).fit(laird)


# ---------------------------------------------------------------------------- contracts


@every_kind
def test_clones_and_parameters(kind, mask):
    changed = {
        "feature_group": "a",
        "features": ["b"],
        "frequency_threshold": 0.1,
        "radius_mm": 6,
        "min_studies_per_term": 7,
        "mask": mask,
    }
    changed |= {
        CorrelationDecoder: {"method": "cosine", "n_cores": 2},
        ROIDecoder: {"roi": "roi.nii"},
        NaiveBayesDecoder: {"prior": 0.2, "smoothing": 5, "voxels_as_one": 3},
    }[kind]
    default = kind()
    assert set(default.get_params(deep=False)) == set(changed)
    other = clone(kind(**changed))
    for decoder in (other, default.set_params(**changed)):
        for name, value in decoder.get_params(deep=False).items():
            if name == "mask":
                np.testing.assert_array_equal(value.dataobj, mask.dataobj)
            else:
                assert value == changed[name] != getattr(kind(), name)
    with pytest.raises(ValueError, match="colour"):
        default.set_params(colour=3)
    assert repr(other).startswith(f"{kind.__name__}(")
    assert "min_studies_per_term=7" in repr(other)
    assert issubclass(kind, Decoder)


@every_kind
def test_fit_gives_itself_and_can_be_done_again(laird, groups, fits, mask, given, kind):
    decoder = clone(fits[kind])
    assert not hasattr(decoder, "features_")
    assert decoder.fit(groups[0]) is decoder
    first = decoder.transform(given[kind])
    same(decoder.fit(laird).transform(given[kind]), fits[kind].transform(given[kind]))
    assert decoder.inputs_["id"] == list(laird.ids)
    assert not np.allclose(first.iloc[:, 0], decoder.transform(given[kind]).iloc[:, 0])


@every_kind
def test_pickles_and_files(fits, given, kind, tmp_path):
    decoder = fits[kind]
    expected = decoder.transform(given[kind])
    same(pickle.loads(pickle.dumps(decoder)).transform(given[kind]), expected)
    for compress in (True, False):
        path = str(tmp_path / "decoder.pkl")
        decoder.save(path, compress=compress)
        loaded = kind.load(path, compressed=compress)
        same(loaded.transform(given[kind]), expected)
        assert loaded.features_ == decoder.features_
        assert repr(loaded) == repr(decoder)


@every_kind
def test_not_fitted(kind, given):
    with pytest.raises(OptionError, match=rf"{kind.__name__} has not been fitted"):
        kind().transform(given[kind])


@every_kind
def test_several_at_once(fits, given, kind, mask, tmp_path):
    other = ball(mask, (-30, 20, 0)) if kind is ROIDecoder else smooth(mask, 9)
    nib.save(other, tmp_path / "other.nii.gz")
    images = [given[kind], tmp_path / "other.nii.gz"]
    found = fits[kind].transform(images)
    names = ["region_0" if kind is ROIDecoder else "image_0", "other"]
    assert fits[kind].decoding_.images == tuple(names)
    for name, image in zip(names, images, strict=True):
        alone = fits[kind].transform(image)
        part = found[[column for column in found if column.endswith(f"_{name}")]]
        part.columns = [column.removesuffix(f"_{name}") for column in part]
        same(part, alone, rtol=1e-12)
    assert len(found.columns) == 2 * len(alone.columns)


@pytest.mark.parametrize("n_cores", [2, 0, -1])
def test_the_number_of_cores_does_not_matter(laird, mask, image, fits, n_cores):
    other = clone(fits[CorrelationDecoder]).set_params(n_cores=n_cores).fit(laird)
    same(other.transform(image), fits[CorrelationDecoder].transform(image))


def test_the_region_of_a_decoder(laird, mask, roi, fits):
    own = ROIDecoder(roi, features=full(FEW), mask=mask).fit(laird)
    same(own.transform(), fits[ROIDecoder].transform(roi))
    other = ball(mask, (-30, 20, 0))
    same(own.transform(other), fits[ROIDecoder].transform(other))
    with pytest.raises(OptionError, match="no region"):
        fits[ROIDecoder].transform()


# ------------------------------------------------------------------------- premade maps


@pytest.fixture(scope="module")
def maps(laird, mask):
    """Give the association maps of the features, as images."""
    voxels = Mask.from_image(mask)
    results = {name: TermMeta(f'"{name}"', mask=mask).fit(laird) for name in full(FEW)}
    return {
        n: voxels.to_image(r.maps["z_desc-association"]) for n, r in results.items()
    }


def test_premade_maps_are_as_those_of_a_fit(laird, maps, mask, image, fits, tmp_path):
    expected = fits[CorrelationDecoder].transform(image)[["r"]]
    for name, made in maps.items():
        nib.save(made, tmp_path / f"{name}.nii.gz")
    paths = {name: str(tmp_path / f"{name}.nii.gz") for name in maps}
    for source in (maps, paths, tmp_path, str(tmp_path)):
        decoder = CorrelationDecoder()
        assert decoder.load_imgs(source, mask=mask) is decoder
        found = decoder.transform(image)
        assert sorted(decoder.features_) == sorted(maps)
        same(found.loc[expected.index], expected, rtol=1e-5)
        again = pickle.loads(pickle.dumps(decoder)).transform(image)
        same(again, found)
    theirs = NimareCorrelation()
    quietly(theirs.load_imgs, paths, mask=mask)
    nimares = quietly(theirs.transform, image)
    np.testing.assert_allclose(nimares.loc[expected.index], expected, atol=1e-5)
    # a fit takes their place, and they take that of a fit
    both = clone(fits[CorrelationDecoder]).load_imgs({"a": maps[FIRST]}, mask=mask)
    assert list(both.transform(image).index) == ["a"]
    same(both.fit(laird).transform(image), fits[CorrelationDecoder].transform(image))
    assert both.load_imgs(maps, mask=mask).features_ == list(maps)


def test_premade_maps_on_the_default_mask(maps, laird, image):
    two = {name: maps[name] for name in full(FEW)[:2]}
    one = CorrelationDecoder().load_imgs(two)
    other = CorrelationDecoder().load_imgs(two, mask=laird.masker.mask_img)
    same(one.transform(image), other.transform(image))
    assert one.features_ == list(two)


@pytest.mark.parametrize("wrong", ["nowhere", {}, []], ids=str)
def test_no_premade_maps(mask, wrong):
    with pytest.raises(ImageError):
        CorrelationDecoder().load_imgs(wrong, mask=mask)


# ------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("kind", "value", "error", "message"),
    [
        (CorrelationDecoder, 2, ImageError, "same value in all"),
        (CorrelationDecoder, 0, ImageError, "empty"),
        (ROIDecoder, 0, ImageError, "voxel"),
        (NaiveBayesDecoder, 0, ImageError, "empty"),
        (NaiveBayesDecoder, -2, ImageError, "no voxel above 0"),
    ],
)
def test_images_that_say_nothing(mask, fits, kind, value, error, message):
    values = np.full(mask.shape, value, dtype=np.float32)
    with pytest.raises(error, match=message):
        fits[kind].transform(nib.Nifti1Image(values, mask.affine))


def test_regions_that_nothing_activates(mask, fits, scattered):
    outside = np.zeros(mask.shape, dtype=np.uint8)
    outside[0, 0, 0] = 1
    with pytest.raises(ImageError):
        fits[ROIDecoder].transform(nib.Nifti1Image(outside, mask.affine))
    document = annotated(scattered, {"pain": ONE})
    far = ball(mask, (0, -90, 0), 8)
    with pytest.raises(EmptySelectionError, match="no study activates any"):
        ROIDecoder(mask=mask).fit(document).transform(far)


ALL_KINDS = (
    *(({"min_studies_per_term": v}, "min_studies_per_term") for v in (-1, 1.5, "x")),
    *(({"radius_mm": v}, "radius_mm") for v in (-1, NAN, "x", None)),
    *(({"frequency_threshold": v}, "frequency_thr") for v in ("x", None, NAN, -1)),
    ({"features": "network"}, "features must be a list"),
    ({"features": []}, "features"),
    ({"features": 3}, "features"),
    ({"feature_group": 3}, "feature_group"),
)
BAYES = (
    *(({"prior": v}, "prior") for v in (0, 1, 2, NAN, "x", None)),
    *(({"smoothing": v}, "smoothing") for v in (0, -1, NAN, "x", None)),
    *(({"voxels_as_one": v}, "voxels_as_one") for v in (0, -1, NAN, "x")),
)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        *((kind, *row) for kind, row in zip(cycle(KINDS), ALL_KINDS, strict=False)),
        *((NaiveBayesDecoder, *row) for row in BAYES),
    ],
    ids=str,
)
def test_options_that_cannot_work(laird, mask, kind, options, message):
    with pytest.raises(OptionError, match=message):
        kind(mask=mask, **options).fit(laird)

"""Regions in parts: planted parts, none, legacy's, and those of the insula."""

import warnings

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import (
    DBSCAN,
    AgglomerativeClustering,
    BisectingKMeans,
    KMeans,
)
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.metrics import adjusted_rand_score, pairwise_distances
from threadpoolctl import threadpool_limits

from nimare_neurosynth import decode_region, macm, read_database
from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthWarning,
    OptionError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.networks import Parcels, parcellate
from nimare_neurosynth.networks._cluster import ALGORITHMS
from nimare_neurosynth.networks._parcellate import _target
from nimare_neurosynth.networks._pictures import _cuts
from nimare_neurosynth.networks._profiles import PROFILES
from nimare_neurosynth.space import Mask, default_mask, region_voxels
from tests.networks.test_profiles import LEFT, PLANTED, REGION, labelled_peaks, planted
from tests.oracles import quietly

TRUTH = LEFT[REGION]


@pytest.fixture(scope="module")
def database():
    return planted()


@pytest.fixture(scope="module")
def parts(database):
    return parcellate(database, REGION, [2, 3], mask=PLANTED)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # threads that wait for each other are slower than one, for a few points
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def cut(database, k=2, region=REGION, **options):
    usual = {"mask": PLANTED, "n_splits": 0, "min_studies_per_voxel": 1}
    return parcellate(database, region, k, **usual | options)


def agreement(one, two):
    return adjusted_rand_score(np.asarray(one), np.asarray(two))


def unrelated(n_studies=300, n_peaks=40, *, seed=0):
    """Make studies whose peaks and terms are anywhere in the block."""
    rng = np.random.default_rng(seed)
    study = np.arange(n_studies).repeat(n_peaks)
    xyz = PLANTED.xyz_mm[rng.integers(0, PLANTED.n_voxels, len(study))]
    ids = pd.DataFrame({"study_id": np.arange(n_studies).astype(str)})
    return labelled_peaks(xyz, study, rng.random((n_studies, 20)) < 0.3, ids)


# ------------------------------------------------------------------------ planted parts


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("by", PROFILES)
def test_planted_parts_are_recovered(database, by, algorithm):
    options = {"by": by, "algorithm": algorithm, "n_splits": 2}
    found = quietly(cut, database, **options)
    assert agreement(found.labels[2], TRUTH) == 1
    [row] = found.scores.to_dict("records")
    assert row["split_half"] > 0.99
    assert row["sizes"] == "75, 75"
    assert row["silhouette"] > 0.25
    assert found.facts["by"] == by


@pytest.mark.parametrize("by", PROFILES)
def test_voxels_far_apart_that_share_nothing_agree_by_chance(by):
    # spheres of 1 mm: no voxel is active because of its neighbour
    found = cut(unrelated(), [2, 3], n_splits=3, by=by, radius_mm=1)
    assert found.scores["split_half"].abs().max() < 0.08


def test_spheres_alone_make_halves_agree_somewhat():
    # voxels next to each other are active by the same peaks, wherever these are
    found = [cut(unrelated(n_peaks=8, seed=s), 2, n_splits=2) for s in range(4)]
    mean = np.mean([f.scores["split_half"][0] for f in found])
    assert 0.05 < mean < 0.75


@pytest.mark.parametrize("by", PROFILES)
def test_order_of_studies_and_threads_do_not_matter(database, by):
    order = np.random.default_rng(0).permutation(database.n_studies)
    peaks = database.peaks
    places = np.argsort(order)
    other = labelled_peaks(
        *(peaks.xyz, places[peaks.study]),
        database.label_sets["labels"].weights.toarray()[order],
        database.studies.iloc[order].reset_index(drop=True),
    )
    options = {"by": by, "n_components": 2}
    found = [cut(database, **options, n_jobs=n).labels[2] for n in (1, 2)]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], cut(other, **options).labels[2])


def test_a_seed_gives_the_same_parts():
    made = unrelated(120)
    options = {"n_splits": 1, "k": [4, 6]}
    one, two = (cut(made, **options, seed=3) for _ in range(2))
    other = cut(made, **options, seed=4)
    pd.testing.assert_frame_equal(one.scores, two.scores)
    for k in (4, 6):
        np.testing.assert_array_equal(one.labels[k], two.labels[k])
    assert not other.scores["split_half"].equals(one.scores["split_half"])


def test_parts_are_numbered_by_size(database):
    region = REGION & (PLANTED.xyz_mm[:, 0] > -12)  # 50 voxels left, 75 right
    found = cut(database, [2, 3, 5], region)
    np.testing.assert_array_equal(found.labels[2], np.where(LEFT[region], 2, 1))
    for k, labels in found.labels.items():
        sizes = np.bincount(labels, minlength=k + 1)
        assert sizes[0] == 0
        assert len(sizes) == k + 1
        assert (np.diff(sizes[1:]) <= 0).all()
        listed = found.scores.set_index("k")["sizes"][k]
        assert listed == ", ".join(map(str, sizes[1:]))


# ------------------------------------------------------------------------------ options


@pytest.mark.parametrize(
    ("k", "expected"),
    [(3, [3]), (np.int64(2), [2]), ([4, 2, 2], [2, 4]), (range(2, 5), [2, 3, 4])],
)
def test_numbers_of_clusters(database, k, expected):
    found = cut(database, iter(k) if isinstance(k, list) else k, n_components=5)
    assert list(found.labels) == expected
    assert found.scores["k"].tolist() == expected
    assert all(len(np.unique(found.labels[n])) == n for n in expected)
    assert f"k = {', '.join(map(str, expected))}" in repr(found)


@pytest.mark.parametrize(
    "algorithm",
    [
        AgglomerativeClustering(linkage="average"),
        KMeans(n_init=3, random_state=1),
        BisectingKMeans(random_state=1),
    ],
)
def test_clusterers_of_ones_own(database, algorithm):
    found = cut(database, [2, 4], algorithm=algorithm, n_splits=1)
    assert agreement(found.labels[2], TRUTH) == 1
    assert found.labels[4].max() == 4
    assert found.scores["split_half"][0] == 1
    assert type(algorithm).__name__ in found.facts["algorithm"]


@pytest.mark.parametrize("by", PROFILES)
def test_reducers_of_ones_own(database, by):
    for reducer in (PCA(2), TruncatedSVD(3)):
        if by == "studies" and isinstance(reducer, PCA):
            reducer.set_params(svd_solver="arpack")  # features are sparse
        found = cut(database, by=by, reducer=reducer)
        assert agreement(found.labels[2], TRUTH) == 1
    assert agreement(cut(database, by=by, n_components=None).labels[2], TRUTH) == 1


def test_the_target_says_where_coactivation_is_looked_at(database):
    away = (np.abs(PLANTED.xyz_mm - [24, 0, 0]) <= [4, 20, 4]).all(axis=1)
    found = cut(database, target=away)
    assert agreement(found.labels[2], TRUTH) == 1
    image = PLANTED.to_image(away.astype(np.int16))
    other = cut(database, target=image)
    np.testing.assert_array_equal(other.labels[2], found.labels[2])
    pd.testing.assert_frame_equal(other.scores, found.scores)
    # each voxel goes with the places of its own half: elsewhere is nothing to see
    nowhere = PLANTED.xyz_mm[:, 0] < -20
    with pytest.raises(EmptySelectionError, match="only 1 of the 150 voxels differ"):
        cut(database, target=nowhere)


def test_by_default_the_target_is_a_grid_of_4_mm():
    mask = default_mask()
    ijk = np.stack(np.unravel_index(mask.flat_index, mask.shape), axis=1)
    np.testing.assert_array_equal(_target(None, mask), ~(ijk % 2).any(axis=1))
    assert _target(None, PLANTED).all()
    three = Mask.from_array(np.ones((9, 9, 9), bool), np.diag([1.0, 1, 3, 1]))
    found = _target(None, three)
    ijk = np.stack(np.unravel_index(three.flat_index, three.shape), axis=1)
    np.testing.assert_array_equal(found, ~(ijk[:, :2] % 4).any(axis=1))


def rotated(angle):
    """Make the planted block of 2 mm voxels, turned round z."""
    c, s = np.cos(angle), np.sin(angle)
    affine = np.eye(4)
    affine[:3, :3] = 2 * np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    affine[:3, 3] = -affine[:3, :3] @ [15, 15, 10]
    return Mask.from_array(np.ones((31, 31, 21), bool), affine)


@pytest.mark.parametrize("degrees", [0, 1, 30, 45, 89, 90, 180])
def test_a_grid_that_is_turned_has_the_same_voxels(degrees):
    assert _target(None, rotated(np.deg2rad(degrees))).sum() == 16 * 16 * 11


def test_axes_in_another_order_are_the_same_parts(database):
    affine = np.zeros((4, 4))
    affine[[1, 0, 2], [0, 1, 2]] = 4  # the first axis runs along y
    affine[:, 3] = [-28, -20, -20, 1]
    mask = Mask.from_array(np.ones((11, 15, 11), bool), affine)
    region = (np.abs(mask.xyz_mm - [-2, 0, 0]) <= [10, 8, 8]).all(axis=1)
    found = cut(database, 2, region, mask=mask)
    left = mask.xyz_mm[region, 0] < 0
    assert agreement(found.labels[2], left) == 1
    shown = _cuts(mask.to_volume(region), affine)
    for axis, values in enumerate(shown):
        assert set(values) <= set(mask.xyz_mm[region, axis])
        assert len(values) >= 4


def test_terms_are_chosen(database):
    found = cut(database, by="terms", terms=["a", "d"], label_set="labels")
    assert agreement(found.labels[2], TRUTH) == 1
    for label_set in ("labels", None):
        other = cut(database, by="terms", terms=["c", "f"], label_set=label_set)
        assert agreement(other.labels[2], TRUTH) == 1
    with pytest.raises(EmptySelectionError, match="none of the 6 terms is in at least"):
        cut(database, by="terms", threshold=1.5)


@pytest.mark.parametrize("option", [{"terms": "a"}, {"label_set": "no such"}])
@pytest.mark.parametrize("by", ["coactivation", "studies"])
def test_terms_that_would_not_be_used_are_refused(database, by, option):
    with pytest.raises(OptionError, match="by"):
        cut(database, by=by, **option)


def test_a_universe_is_all_there_is(database):
    has = np.arange(database.n_studies) < 120
    choice = database.select(ids=database.study_ids[has])
    late = database.peaks.study >= 120
    moved = labelled_peaks(
        np.where(late[:, None], 0.0, database.peaks.xyz),
        database.peaks.study,
        database.label_sets["labels"].weights.toarray(),
        database.studies,
    )
    for by in PROFILES:
        inside = cut(database, by=by, universe=choice, n_splits=1)
        other = cut(moved, by=by, universe=moved.select(ids=choice.ids), n_splits=1)
        np.testing.assert_array_equal(inside.labels[2], other.labels[2])
        pd.testing.assert_frame_equal(inside.scores, other.scores)
        assert inside.facts["n_studies"] == 120
    either = cut(database, universe="a | d").facts["n_studies"]
    assert either == len(database.select("a | d")) < 200
    with pytest.raises(SelectionError, match="choose again in that one"):
        cut(database, universe=planted(120).select("a"))
    with pytest.raises(EmptySelectionError, match="0 of the region's 150 voxels"):
        cut(database, universe="a & ~a")


def test_a_table_counts_studies_of_the_universe_only(database):
    found = cut(database, universe=database.select(ids=database.study_ids[:120]))
    assert found.table()["n_studies"].tolist() == [60, 60]


def test_voxels_of_few_studies_are_left_out(database):
    totals = database.activations(mask=PLANTED).totals
    least = int(np.median(totals[REGION])) + 1
    kept = REGION & (totals >= least)
    assert 40 < kept.sum() < 130
    left_out = int(REGION.sum() - kept.sum())
    with pytest.warns(NeurosynthWarning, match=f"^{left_out} of the region's voxels"):
        found = cut(database, min_studies_per_voxel=least)
    np.testing.assert_array_equal(found.voxels, np.flatnonzero(kept))
    np.testing.assert_array_equal(found.values(2) > 0, kept)
    assert found.facts["n_voxels_left_out"] == left_out
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole = cut(database, min_studies_per_voxel=int(totals[REGION].min()))
    assert whole.facts["n_voxels_left_out"] == 0
    with pytest.raises(EmptySelectionError, match="0 of the region's 150 voxels"):
        cut(database, min_studies_per_voxel=10_000)


def test_regions_are_images_or_arrays(database, parts, tmp_path):
    volume = PLANTED.to_volume(REGION).astype(np.float32)
    image = nib.Nifti1Image(volume, PLANTED.affine)
    image.to_filename(tmp_path / "region.nii.gz")
    holes = np.where(volume > 0, volume, np.nan)
    for region in (
        image,
        tmp_path / "region.nii.gz",
        nib.Nifti1Image(holes, PLANTED.affine),
        np.where(REGION, 1.0, np.nan),
    ):
        found = cut(database, 2, region)
        np.testing.assert_array_equal(found.values(2), parts.values(2))


def test_a_mask_with_nan(database, parts):
    volume = np.full(PLANTED.shape, np.nan)
    volume[:-1] = 1
    found = cut(
        database,
        region=PLANTED.to_image(REGION.astype(np.int16)),
        mask=nib.Nifti1Image(volume, PLANTED.affine),
    )
    assert found.mask.n_voxels == 14 * 11 * 11
    assert agreement(found.labels[2], TRUTH) == 1


# ------------------------------------------------------------------------------ results


def test_values_images_and_parcels(parts):
    for k in (2, 3):
        values = parts.values(k)
        assert values.dtype == np.int64
        np.testing.assert_array_equal(values[REGION], parts.labels[k])
        assert not values[~REGION].any()
        image = parts.image(k)
        assert image.get_data_dtype() == np.int16
        np.testing.assert_array_equal(image.affine, PLANTED.affine)
        volume = np.asarray(image.dataobj)
        np.testing.assert_array_equal(volume, PLANTED.to_volume(values))
        parcels = parts.parcels(k)
        assert isinstance(parcels, Parcels)
        assert parcels.names == tuple(f"cluster {i + 1}" for i in range(k))
        np.testing.assert_array_equal(parcels.to_values(), values)
        again = Parcels.from_atlas(image, mask=PLANTED)
        np.testing.assert_array_equal(again.voxels, parcels.voxels)


def test_the_best_k_is_what_halves_agree_on(database, parts):
    assert parts.best_k == 2
    np.testing.assert_array_equal(parts.values(), parts.values(2))
    assert parts.table().shape == (2, 6)
    alone = cut(database, [2, 3, 4])
    assert alone.scores[["split_half", "split_half_sd"]].isna().all(axis=None)
    silhouettes = alone.scores.set_index("k")["silhouette"]
    assert alone.best_k == silhouettes.idxmax() == 2
    swapped = parts.scores.assign(split_half=[0.2, 0.9])
    assert type(parts)(*vars(parts).values()).best_k == 2
    fields = {**vars(parts), "scores": swapped}
    assert type(parts)(**fields).best_k == 3


def test_scores_say_how_halves_agreed(database):
    one = cut(database, [2, 3], n_splits=1).scores
    three = cut(database, [2, 3], n_splits=3).scores
    assert list(one) == ["k", "silhouette", "split_half", "split_half_sd", "sizes"]
    assert one["split_half_sd"].tolist() == [0, 0]
    assert three["split_half_sd"][1] > 0
    assert (three["split_half"] <= 1).all()
    pd.testing.assert_series_equal(one["silhouette"], three["silhouette"])


def test_the_table_counts_voxels_and_studies(database, parts):
    active = database.activations(mask=PLANTED).to_csr().toarray()
    for k in (2, 3):
        table = parts.table(k)
        assert list(table) == ["cluster", "n_voxels", "n_studies", "x", "y", "z"]
        for i, row in enumerate(table.to_dict("records"), start=1):
            own = parts.values(k) == i
            assert row["cluster"] == f"cluster {i}"
            assert row["n_voxels"] == own.sum()
            assert row["n_studies"] == active[:, own].any(axis=1).sum()
            centre = PLANTED.xyz_mm[own].mean(axis=0)
            np.testing.assert_allclose([row[a] for a in "xyz"], centre, atol=0.051)


def test_coactivation_and_terms_are_those_of_the_parts(database, parts):
    maps = parts.coactivation(2, min_proportion=0.1)
    expected = macm(database, parts.parcels(2), mask=PLANTED, min_proportion=0.1)
    assert maps.labels == expected.labels == ("cluster 1", "cluster 2")
    name = "z_desc-association"
    np.testing.assert_array_equal(maps[name], expected[name])
    front = (PLANTED.xyz_mm[:, 1] > 8) & (PLANTED.xyz_mm[:, 0] > 16)
    is_left = parts.values(2)[REGION & LEFT][0]
    for i in (1, 2):
        z = maps.array(name, label=f"cluster {i}")[front].mean()
        assert (z < 0) == (i == is_left)
    found = parts.terms(2)
    regions = {f"cluster {i}": parts.values(2) == i for i in (1, 2)}
    expected = decode_region(database, regions, mask=PLANTED)
    assert found.images == expected.images == tuple(regions)
    np.testing.assert_array_equal(found.columns["r"], expected.columns["r"])
    best = found.table(f"cluster {is_left}")["term"].tolist()
    assert set(best[:3]) == {"a", "b", "c"}
    assert len(parts.terms(2, terms=["a", "d"])) == 2


def test_results_are_made_as_the_parts_were():
    made = planted()
    found = cut(made, radius_mm=9, talairach=None)
    active = made.activations(mask=PLANTED, radius_mm=9).to_csr().toarray()
    n = [active[:, found.values(2) == i].any(axis=1).sum() for i in (1, 2)]
    assert found.table()["n_studies"].tolist() == n
    maps = quietly(found.coactivation, 2)
    expected = quietly(macm, made, found.parcels(2), mask=PLANTED, radius_mm=9)
    name = "z_desc-uniformity"
    np.testing.assert_array_equal(maps[name], expected[name])
    assert np.abs(maps[name]).max() > 3
    assert found.terms(2).facts["radius_mm"] == 9
    assert found.terms(2).facts["talairach"] is None


def test_facts_say_how_it_was_made(database):
    found = cut(
        database,
        by="terms",
        terms=["a", "b", "d"],
        threshold=0.5,
        universe="a | d",
        reducer=PCA(2),
        seed=3,
    )
    facts = found.facts
    assert facts["database"]["name"] == "planted"
    assert (facts["by"], facts["seed"], facts["n_splits"]) == ("terms", 3, 0)
    assert facts["min_studies_per_voxel"] == 1
    assert facts["n_studies"] == len(database.select("a | d"))
    told = str(facts)
    for what in ("a | d", "PCA(n_components=2)", "labels", "0.5"):
        assert what in told


def cuts(figure):
    """List where the slices of a picture are, for each axis; check what they show."""
    figure.draw_without_rendering()
    found = {"x": [], "y": [], "z": []}
    for axes in figure.axes:
        [title] = [t for t in axes.texts if "=" in t.get_text()] or [None]
        if title is not None:
            axis, value = title.get_text().split("=")
            found[axis].append(float(value.replace("\N{MINUS SIGN}", "-")))
            shown = np.ma.compressed(axes.images[-1].get_array())
            assert np.isfinite(shown).any()
            assert (shown > 0).any()
    return found


def test_pictures_show_each_part_in_its_colour(parts):
    figure = parts.plot(3, title="Halves")
    assert figure.get_suptitle() == "Halves"
    shown = cuts(figure)
    for axis, name in enumerate("xyz"):
        places = PLANTED.xyz_mm[REGION, axis]
        assert len(shown[name]) >= 3
        assert all(v in places for v in shown[name])
    colours, seen = set(), set()
    for axes in figure.axes:
        for image in axes.images[1:]:
            values = np.ma.compressed(image.get_array())
            seen |= set(values[values > 0])
            colours |= {image.cmap(image.norm(v)) for v in (1, 2, 3)}
    assert seen == {1, 2, 3}
    assert len(colours) == 3


@pytest.mark.parametrize("degrees", [0, 30, 45, 90])
def test_slices_go_through_the_parts_on_any_grid(degrees):
    mask = rotated(np.deg2rad(degrees))
    inside = np.linalg.norm(mask.xyz_mm - [10, -12, 6], axis=1) < 7
    for values, places in zip(
        _cuts(mask.to_volume(inside), mask.affine), mask.xyz_mm[inside].T, strict=True
    ):
        assert len(values) in (5, 6)
        assert values == sorted(values)
        assert places.min() - 0.01 <= values[0] < values[-1] <= places.max() + 0.01
        assert values[-1] - values[0] >= 8


def test_what_is_shown_in_notebooks(parts):
    assert repr(parts) == "<Parcellation of 150 voxels by coactivation: k = 2, 3>"
    assert "&lt;Parcellation of 150" in parts._repr_html_()
    assert "75, 75" in parts._repr_html_()


@pytest.mark.parametrize("k", [4, 1, 0, "2"])
def test_a_k_that_was_not_made_is_refused(parts, k):
    for method in (parts.values, parts.image, parts.table, parts.plot, parts.terms):
        with pytest.raises(
            OptionError, match=f"no parcellation with k = {k!r}; .*2, 3"
        ):
            method(k)


# ----------------------------------------------------------------------------- refusals

WRONG = [
    ({"by": "voxels"}, r"by must be one of coactivation, terms, studies, got 'voxels'"),
    ({"by": None}, "by must be one of"),
    ({"algorithm": "dbscan"}, "algorithm must be one of kmeans"),
    ({"algorithm": DBSCAN()}, "algorithm must be .*n_clusters"),
    ({"algorithm": KMeans}, "algorithm must be"),
    ({"k": 1}, "k must be whole numbers from 2 up, got 1"),
    ({"k": True}, "k must be whole numbers"),
    ({"k": 2.5}, "k must be whole numbers"),
    ({"k": None}, "k must be whole numbers"),
    ({"k": "3"}, "k must be whole numbers"),
    ({"k": []}, "k must be whole numbers"),
    ({"k": [2, 2.5]}, "k must be whole numbers"),
    ({"k": [2, True]}, "k must be whole numbers"),
    ({"k": range(1, 4)}, "k must be whole numbers"),
    ({"n_splits": -1}, "n_splits must be a whole number from 0 up, got -1"),
    ({"n_splits": 1.5}, "n_splits must be a whole number"),
    ({"n_splits": True}, "n_splits must be a whole number"),
    ({"min_studies_per_voxel": -1}, "min_studies_per_voxel must be a whole number"),
    ({"min_studies_per_voxel": 0.5}, "min_studies_per_voxel must be a whole number"),
    ({"n_components": 0}, "n_components must be a whole number from 1 up"),
    ({"n_components": -3}, "n_components must be a whole number"),
    ({"n_components": 2.5}, "n_components must be a whole number"),
    ({"n_components": "all"}, "n_components must be a whole number"),
    ({"reducer": "pca"}, "reducer must be"),
    ({"reducer": PCA}, "reducer must be"),
    ({"radius_mm": -1}, "radius_mm must be"),
    ({"talairach": "other"}, "unknown Talairach matrix"),
    ({"n_jobs": 0}, "n_jobs must be"),
    ({"by": "terms", "threshold": 0}, "threshold must be above 0"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=str)
def test_wrong_options_are_refused(database, options, message):
    with pytest.raises(OptionError, match=message):
        cut(database, **options)


def test_unknown_terms_are_refused(database):
    with pytest.raises(UnknownTermError, match="zzz"):
        cut(database, by="terms", terms="zzz")
    with pytest.raises(UnknownTermError, match="no such"):
        cut(database, by="terms", label_set="no such")


@pytest.mark.parametrize("k", [150, 151, [2, 1000]])
def test_more_clusters_than_voxels_are_refused(database, k):
    with pytest.raises(EmptySelectionError, match=r"150 .* too few for \d+ clusters"):
        cut(database, k)


def test_more_clusters_than_different_voxels_are_refused():
    # one peak for all: the voxels of its sphere are active in the same studies
    ids = pd.DataFrame({"study_id": np.arange(60).astype(str)})
    xyz = np.zeros((60, 3))
    xyz[30:] = [20, 0, 0]
    made = labelled_peaks(xyz, np.arange(60), np.ones((60, 1)), ids)
    sphere = np.linalg.norm(PLANTED.xyz_mm, axis=1) < 6
    both = sphere | (np.linalg.norm(PLANTED.xyz_mm - [20, 0, 0], axis=1) < 6)
    assert sphere.sum() == 19
    for by in ("coactivation", "studies"):
        for algorithm in ("kmeans", "agglomerative"):
            found = cut(made, 2, both, by=by, algorithm=algorithm)
            assert found.scores["sizes"][0] == "19, 19"
        for k, region in ((3, both), (2, sphere)):
            with pytest.raises(EmptySelectionError, match="differ"):
                cut(made, k, region, by=by)


@pytest.mark.parametrize("n_components", [None, 50])
def test_one_term_cannot_tell_where_voxels_differ(database, n_components):
    with pytest.raises(EmptySelectionError, match="differ"):
        cut(database, by="terms", terms="a", n_components=n_components)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_region_of_few_voxels(database, algorithm):
    few = REGION & (np.abs(PLANTED.xyz_mm - [-2, 0, 0]) <= [6, 4, 4]).all(axis=1)
    few &= PLANTED.xyz_mm[:, 2] == 0
    assert few.sum() == 12
    found = quietly(cut, database, 2, few, algorithm=algorithm)
    assert agreement(found.labels[2], LEFT[few]) == 1


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (np.zeros(PLANTED.n_voxels, bool), "no voxel inside the brain mask"),
        (np.full(PLANTED.n_voxels, np.nan), "no voxel inside the brain mask"),
        (np.ones(5, bool), "one value for each of the mask's 1,815 voxels"),
        ("no such.nii", "no image file"),
        (nib.Nifti1Image(np.ones((3, 3, 3)), np.diag([2.0, 2, 2, 1])), None),
    ],
)
def test_regions_that_cannot_be_cut(database, region, message):
    if message is None:
        region.affine[:3, 3] = 200  # elsewhere
        message = "no voxel inside the volume of the brain mask"
    with pytest.raises(ImageError, match=message):
        cut(database, 2, region)
    with pytest.raises(ImageError, match=message):
        cut(database, 2, target=region)


def test_something_else_is_no_database():
    with pytest.raises(OptionError, match="a Database is needed, got str"):
        cut("database")


# ------------------------------------------------------------------------------- legacy


@pytest.fixture(scope="module")
def legacy(shared_data):
    """Give legacy's small database, mask, region and labels of k-means with k = 3."""
    stem = shared_data / "legacy_files/test_real"
    golden = shared_data / "golden_legacy"
    database = read_database(f"{stem}_dataset.txt", features=f"{stem}_features.txt")
    with np.load(golden / "v7/dataset_summary.npz") as arrays:
        volume = np.zeros(arrays["shape"], bool)
        volume.ravel()[arrays["mask_flat_index"]] = True
        mask = Mask.from_array(volume, arrays["affine"])
    with np.load(golden / "small/cluster_real_vmPFC_k3.npz") as arrays:
        labels = {name: arrays[name] for name in ("studies", "coactivation")}
    return database, mask, golden / "vmPFC.nii.gz", labels


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("coactivation", {"studies": 1.0, "coactivation": 0.437}),
        ("studies", {"studies": 0.882, "coactivation": 0.408}),
    ],
)
def test_parts_of_legacys_vmpfc(legacy, by, expected):
    # legacy's coactivation profiles are correlation distances to principal components,
    # and ours the z of places: their parts are not ours
    database, mask, path, labels = legacy
    options = {"n_components": 5, "min_studies_per_voxel": 1, "n_splits": 0}
    with pytest.warns(NeurosynthWarning, match="303 of the region's voxels"):
        found = parcellate(database, path, 3, by=by, mask=mask, **options)
    own = found.values(3)[region_voxels(path, mask)]
    for name, theirs in labels.items():
        known = theirs > 0
        assert np.count_nonzero(known) == 212
        np.testing.assert_array_equal(own > 0, known)
        index = agreement(own[known], theirs[known])
        assert index == pytest.approx(expected[name], abs=0.001)


def test_legacys_coactivation_is_distances_to_components(legacy):
    # why ours differ: with their features, k-means finds their parts exactly
    database, mask, path, labels = legacy
    active = database.activations(mask=mask).to_csr().toarray().astype(float)
    inside = region_voxels(path, mask)
    centred = active - active.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    components = (vectors[:, -5:] * np.sqrt(values[-5:])).T
    known = labels["coactivation"] > 0
    voxels = active[:, inside].T[known]
    distances = pairwise_distances(voxels, components, "correlation")
    found = KMeans(3, n_init=10, random_state=0).fit_predict(distances)
    assert agreement(found, labels["coactivation"][known]) == 1


# ---------------------------------------------------------------------------- real data


def test_parts_of_the_insula(v7):
    mask = default_mask()
    x, y, z = mask.xyz_mm.T
    box = (np.abs(x + 38) <= 7) & (y > -20) & (y < 24) & (np.abs(z - 2) <= 14)
    ijk = np.stack(np.unravel_index(mask.flat_index, mask.shape), axis=1)
    box &= ~(ijk % 2).any(axis=1)  # every second voxel along each axis
    found = parcellate(v7, box, 3, n_components=10, n_splits=0)
    table = found.table(3).set_index("cluster")
    [front] = table.index[table["y"] > 8]
    back = table.index.drop(front)
    dorsal, ventral = table.loc[back].sort_values("z", ascending=False).index
    assert table["z"][dorsal] > table["z"][ventral] + 8
    terms = found.terms(3, label_set="LDA50", threshold=0.05)
    r = {name: terms.table(name).set_index("term")["r"] for name in terms.images}
    language, pain = "37_language_reading_word", "32_pain_somatosensory_stimulation"
    assert r[front][language] > max(0.05, r[dorsal][language] + 0.05)
    assert r[dorsal].idxmax() == pain
    assert r[front][pain] < r[dorsal][pain]

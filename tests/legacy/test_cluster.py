"""Clusters of voxels: the old numbers, and what the old package broke on."""

import nibabel as nib
import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA, FastICA
from sklearn.metrics import adjusted_rand_score as agreement
from sklearn.metrics import pairwise_distances

from nimare_neurosynth.errors import (
    EmptySelectionError,
    ImageError,
    NeurosynthWarning,
    OptionError,
)
from nimare_neurosynth.legacy._images import OldImage
from nimare_neurosynth.legacy.analysis import _clustering
from nimare_neurosynth.legacy.analysis.cluster import Clusterable, Clusterer, magic
from nimare_neurosynth.legacy.base.dataset import Dataset
from tests.oracles import quietly

SMALL = {"n_components": 5, "min_studies_per_voxel": 1, "n_clusters": 3}
SEEDED = SMALL | {"clustering_kwargs": {"random_state": 0}}


@pytest.fixture(scope="module")
def dataset(shared_data):
    stem = shared_data / "legacy_files/test_real"
    return quietly(Dataset, f"{stem}_dataset.txt", f"{stem}_features.txt")


@pytest.fixture(scope="module")
def region(shared_data):
    return str(shared_data / "golden_legacy/vmPFC.nii.gz")


@pytest.fixture(scope="module")
def motor(shared_data):
    return str(shared_data / "golden_legacy/medial_motor.nii.gz")


@pytest.fixture(scope="module")
def golden(shared_data):
    with np.load(shared_data / "golden_legacy/small/cluster_real_vmPFC_k3.npz") as file:
        return {name: file[name] for name in ("studies", "coactivation")}


def labels_of(dataset, image, region):
    inside = dataset.masker.mask(region) > 0
    return dataset.masker.mask(image)[inside]


# ------------------------------------------------------------------------------ goldens


def test_coactivation_gives_the_old_clusters(dataset, region, golden):
    image = magic(dataset, roi_mask=region, **SEEDED)
    assert isinstance(image, OldImage)
    found, known = labels_of(dataset, image, region), golden["coactivation"] > 0
    np.testing.assert_array_equal(found > 0, known)
    assert np.count_nonzero(known) == 212
    assert agreement(found[known], golden["coactivation"][known]) == 1
    assert set(np.unique(image.get_data())) == {0, 1, 2, 3}
    np.testing.assert_array_equal(image.affine, dataset.masker.space.affine)


def test_the_old_clusters_by_studies_are_one_end_of_k_means(dataset, region, golden):
    # from its own centres, k-means stays there; there is a better end, which is ours
    known = golden["studies"] > 0
    points = PCA(5).fit_transform(Clusterable(dataset, region, min_studies=1).data)
    theirs = golden["studies"][known]
    centres = np.stack([points[theirs == i].mean(axis=0) for i in (1, 2, 3)])
    # components can come with the other sign
    own = _clustering.principal_components(
        Clusterable(dataset, region, min_studies=1).active, 5
    )
    np.testing.assert_allclose(np.abs(own), np.abs(points), atol=1e-5)
    sign = np.sign((own * points).sum(axis=0))
    start = KMeans(3, init=centres * sign, n_init=1)
    options = SMALL | {"clustering_algorithm": start}
    image = magic(dataset, "studies", region, **options)
    found = labels_of(dataset, image, region)
    np.testing.assert_array_equal(found > 0, known)
    assert agreement(found[known], theirs) == 1
    best = labels_of(dataset, magic(dataset, "studies", region, **SEEDED), region)

    def spread(labels):
        groups = [points[labels == i] for i in np.unique(labels)]
        return sum(((g - g.mean(axis=0)) ** 2).sum() for g in groups)

    assert spread(best[known]) < spread(theirs) == pytest.approx(93.17, abs=0.01)


# -------------------------------------------------------------------------- Clusterable


def test_clusterable_holds_part_of_the_matrix(dataset, region):
    data = dataset.image_table.data.toarray()
    inside = dataset.masker.mask(region) > 0
    np.testing.assert_array_equal(Clusterable(dataset, region).data, data[inside])
    part = Clusterable(dataset, region, min_voxels=500, min_studies=2)
    columns = data.sum(axis=0) >= 500
    rows = inside & (data.sum(axis=1) >= 2)
    assert 0 < columns.sum() < 100
    np.testing.assert_array_equal(part.data, data[np.ix_(rows, columns)])
    np.testing.assert_array_equal(part.ids, dataset.image_table.ids[columns])
    assert dataset.masker.stack == []  # its masker is a copy
    assert part.masker.stack == ["roi", "voxels"]


def test_clusterable_of_features_counts_these_studies_only(dataset, region):
    words = "working memory"
    ids = dataset.get_studies(features=words)  # without a threshold: 0.001
    part = Clusterable(dataset, region, words, min_studies=1)
    assert set(part.ids) == set(ids)
    assert len(part.data) == 166
    whole = dataset.get_image_data(ids)
    rows = (dataset.masker.mask(region) > 0) & (whole.sum(axis=1) >= 1)
    np.testing.assert_array_equal(part.data, whole[rows])


def test_clusterable_is_transformed_in_place(dataset, region):
    part = Clusterable(dataset, region, min_studies=1)
    before = part.data
    assert part.transform(PCA(4)) is part
    np.testing.assert_allclose(part.data, PCA(4).fit_transform(before), atol=1e-8)
    part.data = before
    part.transform(PCA(4), transpose=True)
    assert part.data.shape == (4, 100)
    for wrong in ("pca", None, PCA):
        with pytest.raises(OptionError, match=r"fit_transform\(\)"):
            part.transform(wrong)


def test_it_follows_a_trimmed_dataset(shared_data, region):
    stem = shared_data / "legacy_files/test_real"
    own = quietly(Dataset, f"{stem}_dataset.txt")
    ids = own.image_table.ids[::2]
    own.image_table.trim(ids)
    part = Clusterable(own, region)
    np.testing.assert_array_equal(part.ids, ids)
    expected = own.get_image_data(ids)[own.masker.mask(region) > 0]
    np.testing.assert_array_equal(part.data, expected)


# -------------------------------------------------------------------------------- parts


def test_components_of_a_sparse_matrix_are_exact():
    from scipy.sparse import csr_array

    whole = np.random.default_rng(0).random((40, 300)) < 0.2
    expected = PCA(6, svd_solver="full").fit_transform(whole)
    for given in (csr_array(whole), whole.astype(float)):
        found = _clustering.principal_components(given, 6)
        np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-4)
    most = _clustering.principal_components(csr_array(whole), 100)
    assert most.shape == (40, 39)  # the fortieth would be nothing


def test_independent_components_are_those_of_the_whole():
    from scipy.sparse import csr_array

    whole = np.random.default_rng(0).random((60, 200)) < 0.1
    found = _clustering.reduced(csr_array(whole), "ica", 3)
    model = FastICA(3, whiten="unit-variance", random_state=0, max_iter=2000)
    expected = model.fit_transform(whole.astype(float))
    # both span the same space
    fitted = found @ np.linalg.lstsq(found, expected, rcond=None)[0]
    np.testing.assert_allclose(fitted, expected, atol=1e-3)


@pytest.mark.parametrize("metric", ["correlation", "euclidean"])
def test_distances_in_pieces_are_distances(monkeypatch, metric):
    from scipy.sparse import csr_array

    monkeypatch.setattr(_clustering, "_AT_ONCE", 7)
    one, two = (np.random.default_rng(i).random((20, 50)) < 0.5 for i in (0, 1))
    expected = pairwise_distances(one.astype(float), two.astype(float), metric)
    for given in (csr_array(two), two):
        found = _clustering.distances(csr_array(one), given, metric)
        np.testing.assert_allclose(found, expected, atol=1e-7)


# -------------------------------------------------------------------------------- magic


@pytest.mark.parametrize(
    ("method", "reduce_reference"),
    [
        ("coactivation", "ica"),
        ("coactivation", None),
        ("studies", PCA(2)),
        ("features", "ica"),
        ("features", None),
    ],
)
def test_every_way_gives_clusters(dataset, motor, method, reduce_reference):
    options = {"n_components": 2, "n_clusters": 3, "min_studies_per_voxel": 1}
    image = quietly(
        magic,
        dataset,
        method,
        motor,
        coactivation_mask=motor,
        reduce_reference=reduce_reference,
        clustering_algorithm="minik",
        clustering_kwargs={"random_state": 0},
        **options,
    )
    found = labels_of(dataset, image, motor)
    assert set(np.unique(found)) == {0, 1, 2, 3}
    assert np.count_nonzero(image.get_data()) == np.count_nonzero(found) == 1329


def test_studies_and_features_are_matched_by_id(shared_data, dataset, motor):
    # the old package took rows as they came
    stem = shared_data / "legacy_files/test_real"
    turned = quietly(Dataset, f"{stem}_dataset.txt")
    table = dataset.feature_table.data.iloc[::-1]
    turned.add_features(table.rename(index=str))
    options = SMALL | {"clustering_kwargs": {"random_state": 0}}
    one, two = (
        magic(d, "features", motor, **options).get_data() for d in (dataset, turned)
    )
    np.testing.assert_array_equal(one, two)
    fewer = quietly(Dataset, f"{stem}_dataset.txt")
    fewer.add_features(table[table.any(axis=1)])  # nine studies: others have 0
    third = magic(fewer, "features", motor, **options).get_data()
    assert agreement(one.ravel(), third.ravel()) == 1
    none = quietly(Dataset, f"{stem}_dataset.txt")
    none.add_features(table[~table.any(axis=1)])
    with pytest.raises(EmptySelectionError, match="the voxels do not differ"):
        magic(none, "features", motor, **options)


def test_images_are_written(dataset, region, tmp_path):
    folder = tmp_path / "new/folder"
    image = quietly(  # clusters of few studies
        magic,
        dataset,
        roi_mask=region,
        output_dir=folder,
        coactivation_images=True,
        coactivation_threshold=0.05,
        **SEEDED,
    )
    written = nib.load(folder / "cluster_labels_k3.nii.gz")
    np.testing.assert_array_equal(written.get_fdata(), image.get_fdata())
    names = sorted(p.name for p in (folder / "coactivation").iterdir())
    # the old package also made images of what is in no cluster
    assert {n.partition("_coactivation_")[0] for n in names} == {
        f"cluster_{i}" for i in (1, 2, 3)
    }
    assert len(names) == 27
    assert "cluster_2_coactivation_association-test_z.nii.gz" in names
    cluster = (image.get_data() == 2).astype(np.int16)
    ids = dataset.get_studies(mask=cluster, activation_threshold=0.05)
    from nimare_neurosynth.legacy.analysis.meta import MetaAnalysis

    expected = quietly(MetaAnalysis, dataset, ids).images["pAgF"]
    path = folder / "coactivation/cluster_2_coactivation_pAgF.nii.gz"
    np.testing.assert_allclose(nib.load(path).get_fdata(), expected.get_fdata())
    magic(
        dataset,
        "studies",
        region,
        min_studies_per_voxel=1,
        clustering_algorithm=KMeans(2, n_init=1),
        output_dir=folder,
    )
    assert (folder / "cluster_labels_k2.nii.gz").is_file()
    magic(dataset, "studies", region, output_dir=folder, filename="a.nii", **SEEDED)
    assert (folder / "a.nii").is_file()


def test_a_cluster_that_no_study_activates_so_much_has_no_images(
    dataset, region, tmp_path
):
    with pytest.warns(NeurosynthWarning, match="no study activates so much"):
        magic(
            dataset,
            roi_mask=region,
            output_dir=tmp_path,
            coactivation_images=True,
            coactivation_threshold=500,
            **SEEDED,
        )
    assert [p.name for p in tmp_path.iterdir()] == ["cluster_labels_k3.nii.gz"]


def test_voxels_that_are_never_active_are_left_out(dataset, region):
    options = SEEDED | {"min_studies_per_voxel": None}
    with pytest.warns(NeurosynthWarning, match="303 of 515 voxels have no defined"):
        image = magic(dataset, roi_mask=region, **options)
    with_least = magic(dataset, roi_mask=region, **SEEDED)
    np.testing.assert_array_equal(image.get_data(), with_least.get_data())


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"method": "coactivations"}, OptionError, "Close matches: 'coactivation'"),
        ({"reduce_reference": "pcaa"}, OptionError, "reduce_reference must be one of"),
        ({"reduce_reference": PCA}, OptionError, "reduce_reference must be"),
        ({"distance_metric": "correlate"}, OptionError, "Close matches: 'correlation'"),
        ({"clustering_algorithm": "kmean"}, OptionError, "Close matches: 'kmeans'"),
        ({"clustering_algorithm": KMeans}, OptionError, r"fit_predict\(\)"),
        ({"clustering_kwargs": {"seed": 1}}, OptionError, "'seed'"),
        ({"n_clusters": 0}, OptionError, "n_clusters must be"),
        ({"n_clusters": 2.0}, OptionError, "n_clusters must be"),
        ({"n_clusters": 600}, EmptySelectionError, "too few for 600 clusters"),
        ({"n_components": -1}, OptionError, "n_components must be"),
        ({"min_voxels_per_study": "1"}, OptionError, "min_voxels must be"),
        ({"min_voxels_per_study": 10**6}, EmptySelectionError, "min_voxels"),
        ({"min_studies_per_voxel": 101}, EmptySelectionError, "no voxel is left"),
        ({"roi_mask": "no.nii.gz"}, ImageError, "no.nii.gz"),
        ({"filename": "labels.txt"}, OptionError, "filename must end in"),
        ({"features": "emotion", "feature_threshold": 5}, EmptySelectionError, "of 5"),
        ({"dataset": "dataset.pkl"}, OptionError, "a Dataset is needed"),
    ],
)
def test_options_that_cannot_work(dataset, region, options, error, message):
    given = {"dataset": dataset, "roi_mask": region} | options
    with pytest.raises(error, match=message):
        magic(**given)


def test_features_are_needed_where_there_are_none(shared_data, region):
    bare = quietly(Dataset, shared_data / "legacy_files/test_real_dataset.txt")
    with pytest.raises(OptionError, match="has no features"):
        magic(bare, "features", region)


# ---------------------------------------------------------------------------- Clusterer


def test_the_older_class_clusters_and_writes(dataset, region, tmp_path):
    made = Clusterer(
        dataset, "ward", tmp_path, roi_mask=region, min_studies_per_voxel=1
    )
    assert made.data.shape == (212, 100)
    images = made.cluster(n_clusters=[2, 3])
    for k, image in zip((2, 3), images, strict=True):
        path = tmp_path / f"ward_k{k}/cluster_labels.nii.gz"
        np.testing.assert_array_equal(nib.load(path).get_fdata(), image.get_fdata())
        found = labels_of(dataset, image, region)
        assert set(np.unique(found)) == set(range(k + 1))
        assert np.count_nonzero(found) == 212


def test_the_older_class_by_distances(dataset, region, shared_data, tmp_path):
    made = Clusterer(
        dataset,
        roi_mask=region,
        distance_mask=shared_data / "golden_legacy/sgacc_mask.nii.gz",
        min_studies_per_voxel=1,
        distance_metric="correlation",
    )
    other = Clusterable(
        dataset, shared_data / "golden_legacy/sgacc_mask.nii.gz", min_studies=1
    )
    expected = pairwise_distances(made.data, other.data, "correlation")
    np.testing.assert_array_equal(made.distance_matrix, expected)
    options = {"n_clusters": 3, "precomputed_distances": True, "save_images": False}
    image = made.cluster("kmeans", random_state=0, **options)
    assert set(np.unique(labels_of(dataset, image, region))) == {0, 1, 2, 3}
    own = Clusterer(dataset, "agglomerative", roi_mask=region, min_studies_per_voxel=1)
    with pytest.raises(OptionError, match="there are no distances"):
        own.cluster(**options)
    own.create_distance_matrix(distance_file=tmp_path / "distances.txt")
    jaccard = pairwise_distances(own.data.astype(bool), metric="jaccard")
    np.testing.assert_array_equal(own.distance_matrix, jaccard)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "distances.txt"), jaccard)
    image = own.cluster(**options)
    assert image.get_data().max() == 3


def test_the_older_class_on_a_grid(dataset, region, tmp_path):
    made = Clusterer(dataset, "kmeans", tmp_path, 4, roi_mask=region, random_state=0)
    n_cells = len(made.data)
    assert 4 < n_cells < 60
    assert 0 < made.data.max() <= 1
    image = made.cluster(n_clusters=3, coactivation_maps=False)
    found = labels_of(dataset, image, region)
    assert set(np.unique(found)) == {1, 2, 3}
    from nimare_neurosynth.legacy.base.imageutils import create_grid

    cells = labels_of(dataset, create_grid(dataset.masker.volume, 4), region)
    assert len(np.unique(cells)) == n_cells
    pairs = np.unique(np.stack([cells, found]), axis=1)
    assert pairs.shape[1] == n_cells  # voxels of a cell are together


def test_both_masks_count(dataset, region):
    half = dataset.masker.get_image(region, "array").copy()
    half[:45] = 0
    made = Clusterer(dataset, roi_mask=region, global_mask=half)
    inside = half[dataset.masker.get_image(region, "array") > 0]
    assert 0 < len(made.data) == np.count_nonzero(inside) < 515


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "wards"}, "Close matches: 'ward'"),
        ({"algorithm": "kmeans", "n_parcels": 5}, "are options of magic"),
        ({"voxel_parcellation": "ward"}, "'voxel_parcellation' is no option"),
        ({"algorithm": 5}, r"no fit_predict\(\)"),
        ({"grid_scale": 0}, "grid_scale must be"),
        ({"distance_metric": "none"}, "distance_metric must be one of"),
    ],
)
def test_the_older_class_refuses(dataset, region, options, message):
    with pytest.raises(OptionError, match=message):
        Clusterer(dataset, roi_mask=region, **options)


def test_the_older_class_needs_an_algorithm(dataset, region):
    made = Clusterer(dataset, roi_mask=region)
    with pytest.raises(OptionError, match="name an algorithm"):
        made.cluster()
    with pytest.raises(OptionError, match="option of an algorithm"):
        made.cluster(n_init=4)
    with pytest.raises(OptionError, match="n_clusters must be"):
        made.cluster("ward", 0)
    with pytest.raises(OptionError, match="scikit-learn refuses"):
        made.cluster("ward", 1000)

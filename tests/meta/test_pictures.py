import nibabel as nib
import numpy as np
import pytest

from nimare_neurosynth import meta_analysis, plotting
from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.plotting import cluster_table, plot_map, save_figure, view_map
from tests.oracles import MM2, quietly, random_database

DISTANCE = 7.9
"""mm; no two voxels of the grid are so far apart, where nilearn and we would differ."""


@pytest.fixture(scope="module")
def maps():
    return meta_analysis(random_database(), "labela")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def image_of(voxels, shape=(12, 12, 12), affine=MM2):
    """Make an image of some voxels' values."""
    volume = np.zeros(shape, np.float32)
    for place, value in voxels.items():
        volume[place] = value
    return nib.Nifti1Image(volume, affine)


# ------------------------------------------------------------------- clusters


def nilearns_table(image):
    from nilearn.reporting import get_clusters_table

    smallest = np.abs(image.get_fdata()[image.get_fdata() != 0]).min()
    return quietly(
        get_clusters_table,
        image,
        stat_threshold=smallest * 0.999,
        two_sided=True,
        min_distance=DISTANCE,
    )


@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_nilearns(seed):
    from scipy.ndimage import gaussian_filter

    noise = np.random.default_rng(seed).normal(size=(25, 25, 25))
    smooth = gaussian_filter(noise, 2)
    cut = 1.8 * smooth.std()
    volume = np.where(np.abs(smooth) > cut, smooth, 0).astype(np.float32)
    image = nib.Nifti1Image(volume, MM2)
    ours = cluster_table(image, min_distance_mm=DISTANCE)
    theirs = nilearns_table(image)
    np.testing.assert_allclose(
        ours[["x", "y", "z", "value"]], theirs[["X", "Y", "Z", "Peak Stat"]], atol=1e-5
    )
    sizes = theirs["Cluster Size (mm3)"].replace("", np.nan).astype(float)
    np.testing.assert_allclose(ours["size_mm3"], sizes, rtol=1e-6)


def test_clusters_of_both_signs_and_their_sizes():
    image = image_of({(2, 2, 2): 3, (2, 2, 3): 4, (8, 8, 8): 5, (5, 5, 9): -6})
    table = cluster_table(image)
    assert table["cluster"].tolist() == ["1", "2", "3"]
    assert table["value"].tolist() == [5, 4, -6]
    assert table["size_mm3"].tolist() == pytest.approx([8, 16, 8])
    assert table[["x", "y", "z"]].iloc[0].tolist() == [-74, -110, -56]


def test_small_clusters_can_be_left_out():
    image = image_of({(2, 2, 2): 3, (2, 2, 3): 4, (8, 8, 8): 5})
    assert cluster_table(image, min_size_mm3=16)["value"].tolist() == [4]
    assert cluster_table(image, min_size_mm3=8)["value"].tolist() == [5, 4]
    assert cluster_table(image, min_size_mm3=17).empty


def test_clusters_that_touch_at_a_corner_are_both_listed():
    image = image_of({(5, 5, 5): 9, (6, 6, 6): 4})
    assert cluster_table(image)["value"].tolist() == [9, 4]


@pytest.mark.parametrize("distance", [4, 8])
def test_further_peaks_of_a_cluster_keep_their_distance(distance):
    line = {(5, 5, k): v for k, v in enumerate([9, 1, 8, 1, 7, 1, 6, 1, 5, 1])}
    table = cluster_table(image_of(line), min_distance_mm=distance)
    names = [f"1{letter}" for letter in ("", "a", "b", "c")]
    assert table["cluster"].tolist() == names[: len(table)]
    assert np.diff(table["z"]).min() >= distance
    assert table["size_mm3"].isna().tolist() == [False] + [True] * (len(table) - 1)


def test_no_clusters_are_an_empty_table():
    table = cluster_table(image_of({}))
    assert table.columns.tolist() == ["cluster", "x", "y", "z", "value", "size_mm3"]
    assert table.empty


def test_clusters_of_maps_are_those_of_the_thresholded_image(maps):
    table = maps.clusters(fdr_q=0.05)
    assert table.equals(cluster_table(maps.image("z_desc-association", fdr_q=0.05)))
    strongest = maps.array("z_desc-association", fdr_q=0.05).max()
    assert table["value"].max() == pytest.approx(strongest, rel=1e-6)
    assert maps.clusters(fdr_q=1e-12).empty


# ------------------------------------------------------------------- pictures


@pytest.mark.parametrize(("kind", "panels"), [("glass", 1), ("slices", 1), ("both", 2)])
def test_kinds_of_pictures(maps, kind, panels, tmp_path):
    import matplotlib.image

    figure = maps.plot(kind=kind, fdr_q=0.05)
    assert len(figure.axes) > panels
    assert (figure.get_figheight() > 5) == (panels == 2)
    save_figure(figure, tmp_path / "picture.png")
    assert coloured(matplotlib.image.imread(tmp_path / "picture.png")) > 500


def coloured(pixels):
    """Count the pixels that are not grey."""
    spread = pixels[..., :3].max(axis=-1) - pixels[..., :3].min(axis=-1)
    return np.count_nonzero(spread > 0.2)


def test_unknown_kinds_are_refused(maps):
    with pytest.raises(OptionError, match="kind must be one of glass, slices, both"):
        maps.plot(kind="cortex")


@pytest.mark.parametrize(
    ("options", "title"),
    [
        ({}, "labela: z_desc-association, FDR q < 0.01"),
        ({"fdr_q": None}, "labela: z_desc-association"),
        ({"name": "prob_desc-A"}, "labela: prob_desc-A"),
        ({"title": "Mine"}, "Mine"),
        ({"title": ""}, ""),
    ],
)
def test_titles_and_images_of_pictures(maps, options, title, monkeypatch):
    drawn = {}
    monkeypatch.setattr(
        plotting, "plot_map", lambda image, **o: drawn.update(o, i=image)
    )
    maps.plot(kind="glass", **options)
    assert drawn["title"] == title
    name = options.get("name", "z_desc-association")
    q = None if "name" in options else options.get("fdr_q", 0.01)
    expected = maps.image(name, fdr_q=q).get_fdata()
    np.testing.assert_array_equal(drawn["i"].get_fdata(), expected)


@pytest.mark.parametrize("title", ["", "Mine"])
def test_titles_are_drawn(title):
    image = image_of({(5, 5, 5): 2})
    assert plot_map(image, kind="glass", title=title).get_suptitle() == title


def test_an_empty_map_is_an_empty_brain():
    figure = plot_map(image_of({}), kind="glass", title="Mine")
    assert figure.axes
    assert figure.get_suptitle() == "Mine\n(no voxel is left)"


def test_html_views_are_whole_pages(maps):
    page = maps.view(fdr_q=0.05).get_standalone()
    assert "labela: z_desc-association, FDR q" in page
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "prob_desc-A" in maps.view("prob_desc-A").get_standalone()


def test_html_views_of_positive_images():
    assert view_map(image_of({(5, 5, 5): 2})).get_standalone()

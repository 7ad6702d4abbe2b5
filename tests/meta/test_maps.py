import numpy as np
import pytest

from nimare_neurosynth import meta_analysis
from nimare_neurosynth.errors import OptionError, UnknownTermError
from nimare_neurosynth.meta import MAPS
from nimare_neurosynth.meta._names import map_info, thresholded_name
from tests.oracles import (
    benjamini_hochberg,
    brain_block,
    quietly,
    random_database,
    two_sided_p,
)

MASK = brain_block((13, 12, 11), 4.0)
TESTED = [name for name, info in MAPS.items() if info.test]


@pytest.fixture(scope="module")
def maps():
    return meta_analysis(random_database(), "labela", mask=MASK)


@pytest.fixture(scope="module")
def sparse_maps():
    """Give maps with voxels that no study activates, and one label of one study."""
    db = random_database(n_studies=20)
    return quietly(
        meta_analysis, db, ["labela", "labelb"], mask=MASK, radius_mm=2, min_studies=2
    )


def test_all_names_of_the_design_are_there(maps):
    nimare = {f"prob_desc-{d}" for d in ("A", "AgF", "FgA", "AgF_prior", "FgA_prior")}
    for kind in ("z", "chi2", "p", "logp"):
        nimare |= {f"{kind}_desc-{t}" for t in ("association", "uniformity")}
    assert set(maps.names) == nimare | {"prob_desc-AgU"}
    assert maps.names == tuple(MAPS)


@pytest.mark.parametrize("test", ["association", "uniformity"])
def test_the_forms_of_a_test_agree(maps, test):
    z, chi2, p, logp = (maps[f"{k}_desc-{test}"] for k in ("z", "chi2", "p", "logp"))
    np.testing.assert_allclose(chi2, z**2)
    np.testing.assert_allclose(p, two_sided_p(z), rtol=1e-9)
    np.testing.assert_allclose(logp, -np.log10(p), atol=1e-9)


@pytest.mark.parametrize("name", MAPS)
def test_voxels_left_out_are_0_and_p_values_1_and_nothing_is_nan(sparse_maps, name):
    rare = sparse_maps.totals < 2
    assert (sparse_maps.totals == 0).any()
    for label in sparse_maps.labels:
        values = sparse_maps.array(name, label=label)
        assert np.isfinite(values).all()
        assert (values[rare] == (1.0 if name.startswith("p_") else 0.0)).all()
        assert values.dtype == np.float64


@pytest.mark.parametrize("name", [n for n in MAPS if n.startswith("prob_")])
def test_probabilities_lie_between_0_and_1(maps, name):
    assert maps[name].min() >= 0
    assert 0 < maps[name].max() <= 1


@pytest.mark.parametrize("q", [0.001, 0.05, 0.5])
@pytest.mark.parametrize("name", TESTED)
def test_thresholded_maps_keep_what_is_significant(maps, name, q):
    p = two_sided_p(maps[f"z_desc-{MAPS[name].test}"])
    significant = p <= benjamini_hochberg(p, q)
    expected = np.where(significant, maps[name], 1.0 if name.startswith("p_") else 0.0)
    np.testing.assert_array_equal(maps.array(name, fdr_q=q), expected)


def test_thresholds_are_set_before_rare_voxels_are_left_out(maps):
    every = maps.array("z_desc-association", fdr_q=0.2)
    least = int(np.median(maps.totals[every != 0])) + 1
    strict = meta_analysis(random_database(), "labela", mask=MASK, min_studies=least)
    some = strict.array("z_desc-association", fdr_q=0.2)
    kept = maps.totals >= least
    assert 0 < np.count_nonzero(some) < np.count_nonzero(every)
    np.testing.assert_array_equal(some, np.where(kept, every, 0))


@pytest.mark.parametrize("q", [0, 1, -0.1, 2, np.nan, "much"])
def test_wrong_rates_are_refused(maps, q):
    with pytest.raises(OptionError, match="FDR q must be above 0 and below 1"):
        maps.array("z_desc-association", fdr_q=q)


@pytest.mark.parametrize("name", [n for n in MAPS if n not in TESTED])
def test_maps_of_no_test_have_no_thresholded_form(maps, name):
    with pytest.raises(OptionError, match="belongs to no test"):
        maps.array(name, fdr_q=0.05)


def test_unknown_maps_are_named_with_close_ones(maps):
    with pytest.raises(
        OptionError, match=r"no map 'z_association'.*Close matches: 'z_"
    ):
        maps["z_association"]


def test_names_of_thresholded_forms():
    assert thresholded_name("z_desc-association", 0.01) == (
        "z_desc-association_corr-FDR_q-0.01"
    )
    assert map_info("prob_desc-A").test is None


# --------------------------------------------------------------------- labels


def test_several_labels_give_a_row_each(sparse_maps):
    both = sparse_maps["prob_desc-AgF"]
    assert both.shape == (2, MASK.n_voxels)
    assert len(sparse_maps) == 2
    for row, label in zip(both, sparse_maps.labels, strict=True):
        np.testing.assert_array_equal(sparse_maps.label(label)["prob_desc-AgF"], row)


def test_maps_of_one_label_are_maps(sparse_maps):
    one = sparse_maps.label("labelb")
    assert one.labels == ("labelb",)
    for name in MAPS:
        expected = sparse_maps.array(name, label="labelb")
        np.testing.assert_array_equal(one.array(name), expected)


@pytest.mark.parametrize("method", ["array", "image", "sidecar", "plot", "clusters"])
def test_which_of_several_labels_must_be_said(sparse_maps, method):
    with pytest.raises(OptionError, match="maps of 2 labels: say which"):
        getattr(sparse_maps, method)("z_desc-association")


def test_unknown_labels_are_named_with_close_ones(sparse_maps):
    with pytest.raises(UnknownTermError, match=r"'labelc'.*Close matches: 'label"):
        sparse_maps.array("prob_desc-A", label="labelc")


# ------------------------------------------------------------ images, places


def test_images_hold_the_maps(maps):
    for q in (None, 0.05):
        image = maps.image("z_desc-association", fdr_q=q)
        values = maps.array("z_desc-association", fdr_q=q).astype(np.float32)
        np.testing.assert_array_equal(image.get_fdata(), MASK.to_volume(values))
        assert image.get_data_dtype() == np.float32


def test_values_are_read_at_places(maps):
    for voxel in (0, 17, MASK.n_voxels - 1):
        place = MASK.xyz_mm[voxel] + 0.4
        assert maps.value_at(place) == maps["z_desc-association"][voxel]
        assert maps.value_at(place, "prob_desc-A") == maps["prob_desc-A"][voxel]


def test_places_outside_are_refused(maps):
    with pytest.raises(OptionError, match=r"\(500, 0, 0\) mm is outside"):
        maps.value_at((500, 0, 0))


# -------------------------------------------------------------------- display


def test_reprs(maps, sparse_maps):
    n = int(maps.n_selected[0])
    expected = f"<Maps of 'labela': {n} of 118 studies, {MASK.n_voxels:,} voxels>"
    assert repr(maps) == expected
    assert repr(sparse_maps).startswith("<Maps of 2 labels: of 18 studies")


def test_html_names_the_strongest_voxel(maps):
    html = maps._repr_html_()
    z = maps["z_desc-association"]
    x, y, zz = MASK.xyz_mm[z.argmax()]
    assert f"<td>{x:g}, {y:g}, {zz:g}</td>" in html
    assert f"<td>{z.max():.2f}</td>" in html


def test_html_escapes_the_query():
    db = random_database()
    html = meta_analysis(db, "labela > 0.1 | labelb", mask=MASK)._repr_html_()
    assert "(labela &gt; 0.1) | labelb" in html

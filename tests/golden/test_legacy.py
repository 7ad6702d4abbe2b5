"""Parity with legacy Neurosynth 0.3.8, from what it computed on the same files.

Where we mean to differ, ``DIFFERENCES`` says why, and a test named after its entry
holds us to what we do instead. The page "Differences from Neurosynth" has the same
table.
"""

import json

import nibabel as nib
import numpy as np
import pytest

from nimare_neurosynth import macm, meta_analysis, read_database
from nimare_neurosynth.errors import (
    EmptySelectionError,
    FormatError,
    NeurosynthWarning,
    OptionError,
    QueryError,
    SelectionError,
    UnknownTermError,
)
from nimare_neurosynth.networks import (
    Parcels,
    average_within_regions,
    coactivation_matrix,
)
from nimare_neurosynth.space import (
    Mask,
    default_mask,
    mm_to_voxel,
    region_voxels,
    sphere_lines,
)
from nimare_neurosynth.stats import (
    association_and_uniformity_z,
    fdr_threshold,
    p_from_z,
)
from tests.oracles import quietly

pytestmark = pytest.mark.data

CLOSE = 1e-5
CAP = 33.11195
"""|z| at which legacy's p values stop, 1e-240."""

LAS = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])
OUR_NAMES = {
    "pA": "prob_desc-A",
    "pAgF": "prob_desc-AgF",
    "pFgA": "prob_desc-FgA",
    "pA_given_pF": "prob_desc-AgF_prior",
    "pFgA_given_pF": "prob_desc-FgA_prior",
    "uniformity-test_z": "z_desc-uniformity",
    "association-test_z": "z_desc-association",
}
"""Legacy's image names, without the prior or the FDR, and ours."""

DIFFERENCES = {
    "cap": (
        "Legacy's |z| stops at 33.11, where its p values are floored at 1e-240. "
        "Ours is the square root of chi-square, without any limit."
    ),
    "empty_voxels": (
        "Where no study activates a voxel, legacy (asked for min_studies=0) has "
        "pFgA = NaN and a negative uniformity z. All our maps are 0 there."
    ),
    "p_of_undefined_tests": (
        "Where a test is undefined because no study activates the voxel, or every "
        "study does, legacy gives p = 0.157, and lets such voxels take part in FDR; "
        "ours have p = 1. Maps thresholded at q below 0.157 are the same."
    ),
    "mask": (
        "Legacy's mask has 228,453 voxels, NiMARE's and so ours 30 more. The "
        "association test does not depend on the mask; the uniformity test compares "
        "with the mean over it."
    ),
    "any_mask": (
        "Legacy ignores affines and cannot change its grid. We place spheres by the "
        "affine, in any mask."
    ),
    "odd_radii": (
        "Legacy's spheres of odd radius are broken: on its 2 mm grid, radius 3 has "
        "at most 8 voxels. Ours have every voxel whose centre is within the radius: "
        "19 for radius 3."
    ),
    "truncation": (
        "If all coordinates in a file are whole numbers, legacy cuts the decimals "
        "off Talairach peaks that it brought to MNI space. We keep them."
    ),
    "names_of_spaces": (
        "Legacy knows 'TAL' and 'T88' in capitals only. We know them in any case, "
        "and 'Talairach'."
    ),
    "no_transformation": (
        "Legacy's transform=False raises AttributeError. Our talairach=None leaves "
        "Talairach peaks where they are."
    ),
    "unsorted_studies": (
        "In a file that is not sorted by study, legacy mixes studies up. We keep "
        "each study's own peaks, and the order of the file."
    ),
    "features_without_peaks": (
        "Legacy selects studies that have features but no peaks. We note them and "
        "leave them out."
    ),
    "missing_columns": (
        "Without one of its columns, legacy fails with a bare AssertionError. We "
        "name the column."
    ),
    "digits": (
        "Legacy's queries cannot hold names with digits: 'f1' raises "
        "AttributeError. Ours can."
    ),
    "empty_query": ("An empty query raises AttributeError in legacy, QueryError here."),
    "unknown_terms": (
        "A term that nothing matches selects no study in legacy, and is an error "
        "here, with the closest names."
    ),
    "precedence": (
        "Legacy reads queries from right to left: 'a &~ b &~ c' as 'a &~ (b &~ c)'. "
        "We read &~ and & before |, from left to right, and warn where that "
        "matters."
    ),
    "greater": (
        "In legacy's queries 'a > c' means >= c. Here > and >= are what they say."
    ),
    "lower_bounds": (
        "Legacy applies the usual threshold before a comparison, so 'a > 0.0001' "
        "cannot reach below 0.001. Here a lower bound on a name replaces the "
        "threshold."
    ),
    "illegal_characters": (
        "Legacy drops characters that it does not know ('~f*' is 'f*', 'f* >= .01' "
        "is 'f* > .01'). Here ~ and >= work, and others are errors."
    ),
    "regular_expressions": (
        "Legacy's wildcards are regular expressions: 'f[12]' matches f1 and f2, "
        "'f.' any f with one more character. Only * and ? are wildcards here."
    ),
    "proportion_of_a_region": (
        "Legacy selects studies with more than activation_threshold of a region's "
        "voxels active. Our min_proportion means at least."
    ),
    "number_in_a_region": (
        "Legacy's whole-number activation_threshold is exceeded: 5 means 6 voxels "
        "or more. Our min_voxels=5 means 5 or more."
    ),
    "orientation": (
        "Legacy takes regions by position in the array, so that one in another "
        "orientation is mirrored without a word. We look regions up by place."
    ),
    "no_studies": ("A meta-analysis of no studies gives NaN in legacy, an error here."),
    "all_studies": (
        "A meta-analysis of all studies gives NaN in legacy. Here it warns, and the "
        "association maps are 0."
    ),
    "unknown_ids": (
        "Legacy ignores ids that it does not know, and gives maps of zeros for "
        "numbers given as text. Here unknown ids are an error, numbers and their "
        "text the same."
    ),
    "overlap": (
        "Legacy counts studies that are in both sets of a contrast twice. Here an "
        "overlap is an error."
    ),
    "whole_share": (
        "Legacy takes min_studies=1.0 as a share and empties almost every map. Here "
        "a share must be below 1."
    ),
}


# ------------------------------------------------------------------ legacy's data


@pytest.fixture(scope="module")
def golden(shared_data):
    return shared_data / "golden_legacy"


@pytest.fixture(scope="module")
def summary(golden):
    with np.load(golden / "v7/dataset_summary.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def mask(summary):
    """Give legacy's mask: its vectors are then ours, voxel by voxel."""
    volume = np.zeros(summary["shape"], bool)
    volume.ravel()[summary["mask_flat_index"]] = True
    made = Mask.from_array(volume, summary["affine"])
    np.testing.assert_array_equal(made.flat_index, summary["mask_flat_index"])
    return made


@pytest.fixture(scope="module")
def small(shared_data):
    """Read the legacy package's own test data."""
    folder = shared_data / "legacy_files"
    return {
        name: read_database(
            folder / f"{name}_dataset.txt", features=folder / f"{name}_features.txt"
        )
        for name in ("test", "test_real")
    }


def load(path):
    with np.load(path) as arrays:
        return dict(arrays)


def by_id(database, ids):
    """Say where in a database some studies are."""
    position = {study: i for i, study in enumerate(database.study_ids)}
    return [position[str(i)] for i in ids]


def run(database, selection, mask, **options):
    return quietly(meta_analysis, database, selection, mask=mask, **options)


def images_of(arrays):
    """List the images among legacy's arrays: name, our name, q, values."""
    for name, values in arrays.items():
        stem, _, q = name.partition("_FDR_")
        ours = OUR_NAMES.get(stem.partition("=")[0])
        if ours:
            yield ours, float(q) if q else None, values


def check_images(maps, arrays, *, empty=False):
    """Compare all nine images; beyond the cap, ours must be larger."""
    images = list(images_of(arrays))
    assert len(images) == 9
    compared = maps.totals > 0 if empty else np.ones(len(maps.totals), bool)
    for name, q, expected in images:
        ours = maps.array(name, fdr_q=q)
        capped = np.abs(expected) > CAP - CLOSE
        assert (np.abs(ours[capped]) > CAP).all()
        assert (np.sign(ours[capped]) == np.sign(expected[capped])).all()
        same = compared & ~capped
        np.testing.assert_allclose(ours[same], expected[same], rtol=0, atol=CLOSE)


# ------------------------------------------------------------ Neurosynth version 7


def test_all_activations_of_version_7(v7, mask, summary):
    made = v7.activations(mask=mask)
    rows = by_id(v7, summary["ids"])
    assert sorted(rows) == list(range(14_371))
    np.testing.assert_array_equal(
        made.sizes[rows], summary["n_active_voxels_per_study"]
    )
    np.testing.assert_array_equal(made.totals, summary["n_studies_per_voxel"])


@pytest.fixture(scope="module")
def working_memory(v7, mask, golden):
    arrays = load(golden / "v7/meta_9_memory_working_wm.npz")
    selection = v7.select("LDA50:9_memory_working_wm >= 0.05")
    return arrays, selection, meta_analysis(v7, selection, mask=mask)


def test_studies_of_a_topic(working_memory):
    arrays, selection, maps = working_memory
    assert selection.ids == arrays["selected_ids"].astype(str).tolist()
    np.testing.assert_array_equal(maps.counts[0], arrays["count_selected_active"])


def test_images_of_a_topic(working_memory):
    arrays, _, maps = working_memory
    check_images(maps, arrays)


def test_coactivation_with_a_place(v7, mask, golden):
    arrays = load(golden / "v7/coactivation_peak_0_-52_26_r6.npz")
    selection = v7.select(near=[0, -52, 26], radius_mm=6)
    assert selection.ids == sorted(arrays["selected_ids"].astype(str), key=int)
    check_images(meta_analysis(v7, selection, mask=mask), arrays)


# ------------------------------------------------------------------- construction


@pytest.mark.parametrize("name", ["test", "test_real"])
def test_peaks_in_mni_space_and_their_voxels(name, small, golden):
    path = golden / f"small/{name}_activations_transformed.csv"
    table = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf-8")
    xyz = small[name].peaks.to_mni("icbm_spm")
    expected = np.stack([table[axis] for axis in "xyz"], axis=1)
    np.testing.assert_allclose(xyz, expected, atol=1e-9)
    ijk = np.stack([table[axis] for axis in "kji"], axis=1)  # legacy's are reversed
    np.testing.assert_array_equal(mm_to_voxel(xyz, LAS), ijk)


@pytest.mark.parametrize("name", ["test", "test_real"])
def test_active_voxels_of_each_study(name, small, mask, golden):
    table = load(golden / f"small/{name}_image_table_csc.npz")
    database = small[name]
    matrix = database.activations(mask=mask).to_csr()
    for column, row in enumerate(by_id(database, table["ids"])):
        start, end = table["indptr"][column : column + 2]
        expected = np.sort(table["indices"][start:end])
        ours = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        np.testing.assert_array_equal(ours, expected)


# ----------------------------------------------------------------- meta-analyses

META = {
    "meta_test_study1_study3": {},
    "meta_test_ids2_1_3_vs_2_4": {"versus": ["study2", "study4"]},
    "meta_real_working_memory": {},
    "meta_real_working_memory_min5": {"min_studies": 5},
    "meta_real_working_memory_min0.04": {"min_studies": 0.04},
    "meta_real_coact_2peaks_r8": {},
    "meta_test_prior0.25_q0.05_min0": {"prior": 0.25, "min_studies": 0},
}


@pytest.mark.parametrize("name", META)
def test_images_of_small_meta_analyses(name, small, mask, golden):
    arrays = load(golden / f"small/{name}.npz")
    database = small["test_real" if "_real_" in name else "test"]
    options = dict(META[name])
    if "versus" in options:
        options["versus"] = database.select(ids=options["versus"])
    maps = run(database, database.select(ids=arrays["ids"]), mask, **options)
    check_images(maps, arrays, empty=options.get("min_studies") == 0)


def test_studies_of_small_meta_analyses(small, golden):
    real = small["test_real"]
    by_term = load(golden / "small/meta_real_working_memory.npz")["ids"]
    assert set(real.select("working memory").ids) == set(by_term)
    by_place = load(golden / "small/meta_real_coact_2peaks_r8.npz")["ids"]
    places = [[0, 20, 40], [-32, 22, 12]]
    assert set(real.select(near=places, radius_mm=8).ids) == set(by_place)


# ------------------------------------------------------------------------ queries


TOY_EXPRESSIONS = (
    "f*",
    "f* & g*",
    "f* | g*",
    "f* &~ g*",
    "f* > 0.01",
    "f* < 0.01",
    "(f* & g*) > 0.02",
    "f* & g* | f*",
    "g* | f* & g*",
)
REAL_EXPRESSIONS = (
    "emotion",
    "emotion | working memory",
    "emotion &~ pain",
    "pain > 0.1",
    "*pain*",
    "(emotion | pain) & working memory",
    "emotion | pain &~ working memory",
)


def queries(kind):
    """Name legacy's queries of a kind: what they ask and answer is in its file."""
    names = {
        "features": [
            "feat_f1",
            "feat_wild",
            *(f"feat_f1f3g1_{f}" for f in ("sum", "mean", "amax", "amin")),
        ],
        "peaks": ["peaks1", "peaks2", "peaks_r20", "multi"],
        "mask": [
            f"mask_{region}_{threshold}"
            for region in ("sgacc_mask", "medial_motor", "vmPFC")
            for threshold in ("0.0", "0.01", "0.05", "5", "50")
        ],
        "expression": [
            *(f"expr {q} @{t}" for q in TOY_EXPRESSIONS for t in ("0.001", "0.003")),
            *(f"real expr {query}" for query in REAL_EXPRESSIONS),
        ],
    }
    return names[kind]


DIFFERENT_QUERIES = {
    f"expr {query} @{threshold}"
    for query in ("f1", "", "zzz", "g* &~ f* &~ g*")
    for threshold in ("0.001", "0.003")
}
"""They have tests of their own below: digits, empty, unknown terms, precedence."""


@pytest.fixture(scope="module")
def told(golden):
    return json.loads((golden / "small/queries.json").read_text(encoding="utf-8"))


@pytest.fixture
def asked(told, small):
    """Give the database, the arguments and the answer of one of legacy's queries."""

    def find(name):
        query = told["queries"][name]
        answer = {str(i) for i in query["ids_sorted"]}
        return small[query["dataset"]], query["kwargs"], answer

    return find


def test_all_queries_are_compared(told):
    kinds = ("features", "peaks", "mask", "expression")
    compared = {name for kind in kinds for name in queries(kind)}
    assert compared | DIFFERENT_QUERIES == set(told["queries"])
    assert not compared & DIFFERENT_QUERIES


@pytest.mark.parametrize("name", queries("features"))
def test_features_are_combined_as_in_legacy(name, asked):
    database, options, answer = asked(name)
    labels = database.label_sets["test_features"]
    wanted = np.atleast_1d(options["features"])
    columns = [labels.index[i] for f in wanted for i in database.find_labels(f)]
    function = options.get("func", "sum").removeprefix("a")
    least = options.get("frequency_threshold", 0.001)
    weights = labels.combined(columns, function)
    assert {*database.study_ids[weights >= least]} == answer


@pytest.mark.parametrize("name", queries("expression"))
def test_expressions_select_legacys_studies(name, asked):
    database, options, answer = asked(name)
    threshold = options.get("frequency_threshold", 0.001)
    selection = database.select(options["expression"], threshold=threshold)
    assert {*selection.ids} == answer


@pytest.mark.parametrize(
    ("query", "threshold", "name"),
    [("f* | g*", 0.003, "f* | g* thr .003"), ("f* > 0.005", 0, "f* > 0.005 thr 0")],
)
def test_expressions_of_means(query, threshold, name, small, told):
    selection = small["test"].select(query, threshold=threshold, func="mean")
    assert selection.ids == told["expr_func_mean"][name]


@pytest.mark.parametrize("name", queries("peaks"))
def test_peaks_near_places(name, asked):
    database, options, answer = asked(name)
    selection = database.select(
        options.get("expression"),
        near=options["peaks"],
        radius_mm=options.get("r", 6),
        threshold=options.get("frequency_threshold", 0.001),
    )
    assert {*selection.ids} == answer


@pytest.mark.parametrize("name", queries("mask"))
def test_active_regions(name, asked, golden):
    database, options, answer = asked(name)
    region = golden / options["mask"]
    size = np.count_nonzero(region_voxels(region, default_mask()))
    bound = options["activation_threshold"]
    # legacy's bound must be exceeded; ours must be reached
    voxels = 1 + int(bound if isinstance(bound, int) else np.floor(bound * size))
    share = voxels / size
    assert {*database.select(region=region, min_voxels=voxels).ids} == answer
    assert {*database.select(region=region, min_proportion=share).ids} == answer


def test_regions_lie_in_both_masks(golden, mask):
    for name in ("sgacc_mask", "medial_motor", "vmPFC"):
        region = golden / f"{name}.nii.gz"
        ours, theirs = (
            region_voxels(region, default_mask()),
            region_voxels(region, mask),
        )
        assert np.count_nonzero(ours) == np.count_nonzero(theirs)


@pytest.mark.parametrize(
    ("name", "threshold", "key"),
    [("test", 0.001, "test"), ("test_real", 0.1, "real_0.1")],
)
def test_studies_of_each_feature(name, threshold, key, small, told):
    labels = small[name].label_sets[f"{name}_features"]
    sizes = labels.columns(threshold=threshold).sizes.tolist()
    counts = dict(zip(labels.labels, sizes, strict=True))
    assert counts == told[f"feature_counts_{key}"]


# --------------------------------------------------------------------- statistics


@pytest.fixture(scope="module")
def statistics(golden):
    return load(golden / "small/stats.npz")


def two_way_p(cell):
    """Test [[active, active not selected], [the others of both]]."""
    z, _ = association_and_uniformity_z(
        np.array([[cell[0, 0]]], np.int32),
        n_selected=np.array([cell[:, 0].sum()]),
        expected=np.array([1.0]),
        totals=np.array([cell[0].sum()], np.int32),
        n_studies=cell.sum(),
    )
    return p_from_z(z)[0, 0]


def test_two_way_p_values(statistics):
    cells, expected = statistics["two_way_cells"], statistics["two_way_p"]
    defined = (cells.sum(axis=2) > 0).all(axis=1)
    assert np.count_nonzero(defined) == len(cells) - 2
    ours = [two_way_p(cell) for cell in cells[defined]]
    np.testing.assert_allclose(ours, expected[defined], rtol=1e-9)


def test_one_way_p_values(statistics):
    counts, n = statistics["one_way_counts"], statistics["one_way_n"]
    _, z = association_and_uniformity_z(
        counts[None].astype(np.int32),
        n_selected=np.array([n]),
        expected=np.array([counts.mean()]),
        totals=np.full(len(counts), 30, np.int32),
        n_studies=100,
    )
    np.testing.assert_allclose(p_from_z(z[0]), statistics["one_way_p"], rtol=1e-9)


@pytest.mark.parametrize(("q", "name"), [(0.05, "fdr_thr_05"), (0.01, "fdr_thr_01")])
def test_fdr_thresholds(statistics, q, name):
    assert fdr_threshold(statistics["fdr_p"], q) == statistics[name]


# -------------------------------------------------------------------- differences


def test_each_difference_has_a_test():
    tested = {
        name.removeprefix("test_differs_")
        for name in globals()
        if name.startswith("test_differs_")
    }
    assert tested == set(DIFFERENCES)


def test_differs_cap(working_memory):
    arrays, _, maps = working_memory
    capped = np.abs(arrays["uniformity-test_z"]) > CAP - CLOSE
    assert capped.any()
    a, n, E = maps.counts[0], 1208, maps.expected[0]
    z = (a - E) / np.sqrt(E * (n - E) / n)
    np.testing.assert_allclose(maps["z_desc-uniformity"][capped], z[capped])
    assert np.abs(z[capped]).min() > CAP


def test_differs_empty_voxels(small, mask, golden):
    arrays = load(golden / "small/meta_test_prior0.25_q0.05_min0.npz")
    test = small["test"]
    selection = test.select(ids=arrays["ids"])
    maps = run(test, selection, mask, prior=0.25, min_studies=0)
    empty = maps.totals == 0
    np.testing.assert_array_equal(np.isnan(arrays["pFgA"]), empty)
    assert (arrays["uniformity-test_z"][empty] < 0).all()
    for name, q, _ in images_of(arrays):
        assert not maps.array(name, fdr_q=q)[empty].any()


def test_differs_p_of_undefined_tests(statistics):
    cells, expected = statistics["two_way_cells"], statistics["two_way_p"]
    undefined = (cells.sum(axis=2) == 0).any(axis=1)
    assert [two_way_p(cell) for cell in cells[undefined]] == [1, 1]
    np.testing.assert_allclose(expected[undefined], 0.1573, atol=1e-4)


@pytest.mark.parametrize("test", ["association", "uniformity"])
def test_p_of_undefined_tests_does_not_change_thresholded_maps(test, small, mask):
    maps = run(small["test_real"], "working memory", mask)
    empty = maps.totals == 0
    p = maps[f"p_desc-{test}"]
    assert (p[empty] == 1).all()
    legacy = np.where(empty, 0.1573, p)
    for q in (0.001, 0.01, 0.05, 0.15):
        assert fdr_threshold(legacy, q) == fdr_threshold(p, q)


def test_differs_mask(small, mask):
    real = small["test_real"]
    ours, theirs = run(real, "working memory", None), run(real, "working memory", mask)
    assert ours.mask.n_voxels - mask.n_voxels == 30
    shared = [ours.mask.voxel_at(xyz) for xyz in mask.xyz_mm[::500]]
    for name in (n for n in ours.names if "uniformity" not in n):
        np.testing.assert_array_equal(ours[name][shared], theirs[name][::500])
    gap = ours["z_desc-uniformity"][shared] - theirs["z_desc-uniformity"][::500]
    assert 0 < np.abs(gap).max() < 0.01


def test_differs_any_mask(small):
    coarse = np.diag([4.0, 4, 4, 1])
    coarse[:3, 3] = (-90, -126, -72)
    other = Mask.from_array(np.ones((46, 55, 46)), coarse)
    sizes = small["test"].activations(mask=other).sizes
    lines = sphere_lines(6, coarse)
    assert sizes[0] == 3 * (lines[:, 3] - lines[:, 2] + 1).sum()  # its 4th is far out


@pytest.mark.parametrize("radius", [3, 5, 7])
def test_differs_odd_radii(radius, golden):
    offsets = np.stack(np.indices((9, 9, 9)) - 4, axis=-1).reshape(-1, 3)
    within = np.count_nonzero(np.linalg.norm(2 * offsets, axis=1) <= radius)
    lines = sphere_lines(radius, LAS)
    assert (lines[:, 3] - lines[:, 2] + 1).sum() == within
    theirs = load(golden / "small/spheres.npz")[f"r{radius}"]
    assert len(np.unique(theirs, axis=0)) < within


@pytest.fixture
def table(tmp_path):
    def write(*rows, header="id\tx\ty\tz\tspace"):
        path = tmp_path / "database.txt"
        path.write_text("\n".join([header, *rows]), encoding="utf-8")
        return path

    return write


def test_differs_truncation(table):
    database = read_database(table("a\t10\t20\t30\tTAL", "b\t1\t2\t3\tMNI"))
    moved = database.peaks.to_mni("icbm_spm")[0]
    # seen by running legacy on a file that holds a decimal point
    np.testing.assert_allclose(moved, [12.17688, 25.88303, 26.26271], atol=5e-6)


@pytest.mark.parametrize("space", ["TAL", "tal", "T88", "Talairach"])
def test_differs_names_of_spaces(space, table):
    database = read_database(table(f"a\t10\t20\t30\t{space}"))
    assert database.peaks.is_talairach.all()


def test_differs_no_transformation(small):
    peaks = small["test_real"].peaks
    np.testing.assert_array_equal(peaks.to_mni(None), peaks.xyz)
    assert peaks.is_talairach.any()


def test_differs_unsorted_studies(small, shared_data, tmp_path):
    path = shared_data / "legacy_files/test_dataset.txt"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    (tmp_path / "turned.txt").write_text("\n".join([header, *rows[::-1]]), "utf-8")
    turned = read_database(tmp_path / "turned.txt")
    assert turned.study_ids[0] == "study5"
    sizes = turned.activations().sizes[by_id(turned, small["test"].study_ids)]
    np.testing.assert_array_equal(sizes, small["test"].activations().sizes)


def test_differs_features_without_peaks(table, tmp_path):
    features = tmp_path / "features.txt"
    features.write_text("id\tpain\na\t0.5\nghost\t0.9", encoding="utf-8")
    database = read_database(table("a\t1\t2\t3\tMNI"), features=features)
    assert database.select("pain").ids == ["a"]
    assert any("studies without peaks" in note for note in database.notes)


@pytest.mark.parametrize("column", ["id", "x", "y", "z"])
def test_differs_missing_columns(column, table):
    header = "id\tx\ty\tz".replace(column, "other")
    with pytest.raises(FormatError, match=f"has no column '{column}'"):
        read_database(table("1\t2\t3\t4", header=header))


@pytest.mark.parametrize("threshold", [0.001, 0.003])
def test_differs_digits(threshold, small, told):
    assert told["queries"][f"expr f1 @{threshold}"]["raises"] == "AttributeError"
    assert small["test"].select("f1", threshold=threshold).ids == ["study3"]


@pytest.mark.parametrize("query", ["", "  "])
def test_differs_empty_query(query, small, told):
    assert told["queries"]["expr  @0.001"]["raises"] == "AttributeError"
    with pytest.raises(QueryError):
        small["test"].select(query)


def test_differs_unknown_terms(small, told):
    assert told["queries"]["expr zzz @0.001"]["ids_sorted"] == []
    with pytest.raises(UnknownTermError, match="zzz"):
        small["test"].select("zzz")
    with pytest.raises(UnknownTermError, match="Close matches: 'emotion'"):
        small["test_real"].select("emotio")


def test_differs_precedence(small, told):
    answer = told["queries"]["expr g* &~ f* &~ g* @0.001"]["ids_sorted"]
    with pytest.warns(NeurosynthWarning, match="legacy Neurosynth"):
        assert small["test"].select("g* &~ f* &~ g*").ids == []
    assert small["test"].select("g* &~ (f* &~ g*)").ids == answer


@pytest.mark.parametrize(
    ("query", "ids"),
    [("g1 > 0.02", ["study2"]), ("g1 >= 0.02", ["study1", "study2"])],
)
def test_differs_greater(query, ids, small):
    assert small["test"].select(query).ids == ids  # g1 of study1 is 0.02


def test_differs_lower_bounds(small):
    query = "f2 > 0.0005"  # f2 of study1, 4 and 5 lies below 0.001
    found = small["test"].select(query).ids
    assert found == ["study1", "study3", "study4", "study5"]


def test_differs_illegal_characters(small):
    test = small["test"]
    assert test.select("~f*").ids == ["study2"]
    assert test.select("f3 >= .012").ids == ["study1", "study4"]
    assert test.select("f3 > .012").ids == []
    with pytest.raises(QueryError):
        test.select("f* = .01")


@pytest.mark.parametrize("query", ["f[12]", "f.", ".*"])
def test_differs_regular_expressions(query, small):
    with pytest.raises(UnknownTermError):
        small["test"].select(query)
    assert small["test"].find_labels("f?") == ["f1", "f2", "f3", "f4"]


def test_differs_proportion_of_a_region(small, golden):
    real, region = small["test_real"], golden / "vmPFC.nii.gz"
    inside = region_voxels(region, default_mask())
    active = real.activations().count_in(inside)
    exact = np.sort(active)[-3]  # as many as one study activates
    share = exact / np.count_nonzero(inside)
    chosen = real.select(region=region, min_proportion=share)
    np.testing.assert_array_equal(chosen.mask, active >= exact)


def test_differs_number_in_a_region(small, golden):
    real, region = small["test_real"], golden / "vmPFC.nii.gz"
    active = real.activations().count_in(region_voxels(region, default_mask()))
    exact = int(np.sort(active)[-3])
    chosen = real.select(region=region, min_voxels=exact)
    np.testing.assert_array_equal(chosen.mask, active >= exact)


def test_differs_orientation(small, golden):
    las = nib.load(golden / "sgacc_mask.nii.gz")
    ras = nib.as_closest_canonical(las)
    assert las.affine[0, 0] < 0 < ras.affine[0, 0]
    a, b = (small["test_real"].select(region=image) for image in (las, ras))
    np.testing.assert_array_equal(a.mask, b.mask)


def test_differs_no_studies(small, mask):
    with pytest.raises(EmptySelectionError):
        meta_analysis(small["test"], small["test"].select(ids=[]), mask=mask)


def test_differs_all_studies(v7, mask):
    with pytest.warns(NeurosynthWarning, match="every study"):
        maps = meta_analysis(v7, v7.select(ids=v7.study_ids), mask=mask)
    assert not maps["z_desc-association"].any()
    assert not any(np.isnan(maps[name]).any() for name in maps.names)


def test_differs_unknown_ids(small):
    real = small["test_real"]
    as_numbers, as_text = real.select(ids=[9106283]), real.select(ids=["9106283"])
    np.testing.assert_array_equal(as_numbers.mask, as_text.mask)
    assert as_numbers.ids == ["9106283"]
    with pytest.raises(SelectionError, match="not in this database"):
        real.select(ids=[9106283, 1])


def test_differs_overlap(small, mask):
    test = small["test"]
    a, b = test.select(ids=["study1", "study2"]), test.select(ids=["study2"])
    with pytest.raises(SelectionError, match=r"1 stud.*study2"):
        meta_analysis(test, a, versus=b, mask=mask)


def test_differs_whole_share(small, mask):
    with pytest.raises(OptionError, match="min_studies"):
        meta_analysis(small["test"], "f*", min_studies=1.0, mask=mask)


# ----------------------------------------------------------- coactivation, and regions


def test_coactivation_of_a_seed(v7, mask, golden):
    arrays = load(golden / "v7/coactivation_peak_0_-52_26_r6.npz")
    assert len(arrays["selected_ids"]) == 473
    maps = macm(v7, (0, -52, 26), mask=mask, seed_radius_mm=6)
    assert (maps.n_selected[0], maps.n_studies) == (473, 14_371)
    selection = v7.select(near=(0, -52, 26), radius_mm=6)
    assert set(selection.ids) == set(arrays["selected_ids"].astype(str))
    check_images(maps, arrays)


def test_coactivation_of_two_places(small, mask, golden):
    arrays = load(golden / "small/meta_real_coact_2peaks_r8.npz")
    real = small["test_real"]
    near_either = real.select(near=[(0, 20, 40), (-32, 22, 12)], radius_mm=8)
    assert set(near_either.ids) == set(arrays["ids"])
    maps = quietly(macm, real, {"both": near_either}, mask=mask)
    assert maps.labels == ("both",)
    check_images(maps, arrays)


@pytest.mark.parametrize("form", ["image", "default mask", "several"])
def test_averages_within_regions(form, small, mask, golden):
    """Legacy's are of the studies in the order of their ids."""
    arrays = load(golden / "small/reduce_real.npz")
    real = small["test_real"]
    names = ("sgacc_mask", "medial_motor", "vmPFC")
    ids = np.sort(real.study_ids.astype(np.int64)).astype(str)
    for name in names:
        regions = [
            golden / f"{n}.nii.gz" for n in (names if form == "several" else (name,))
        ]
        space = None if form == "default mask" else mask
        found = average_within_regions(
            real, Parcels.from_images(regions, mask=space), mask=space
        )
        [expected] = arrays[f"avg_{name}"]
        assert expected.any()
        ours = found.loc[ids, name]
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9)
        active = coactive(real, regions, mask, name)
        [above] = arrays[f"avgthr0.05_{name}"]
        assert active == np.count_nonzero(above)


def coactive(database, regions, mask, name):
    """Count the studies that activate 5 % of a region."""
    other = {"else": ~region_voxels(regions[-1], mask)}
    named = {path.name.removesuffix(".nii.gz"): path for path in regions}
    inside = {n: region_voxels(path, mask) for n, path in named.items()}
    parcels = Parcels.of(mask, {**inside, **other})
    found = quietly(coactivation_matrix, database, parcels, min_proportion=0.05)
    return found.counts[parcels.place(name), parcels.place(name)]

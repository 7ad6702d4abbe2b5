"""Conjunctions, overlaps and atlases: against loops over voxels, and bad input."""

import json
from dataclasses import replace
from io import BytesIO

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb
from matplotlib.image import imread

from nimare_neurosynth import macm, meta_analysis, plotting
from nimare_neurosynth.errors import FormatError, NeurosynthWarning, OptionError
from nimare_neurosynth.meta import MAPS
from nimare_neurosynth.networks._combine import conjunction, overlap
from nimare_neurosynth.networks._term_atlas import TermAtlas, term_atlas
from nimare_neurosynth.space import default_mask
from tests.oracles import (
    benjamini_hochberg,
    brain_block,
    quietly,
    random_database,
    two_sided_p,
)

MASK = brain_block((13, 12, 11), 4.0)
LABELS = ["labela", "labela > 0.3", "labela & ~labelc"]
"""Made-up studies of these activate about the same place."""
USABLE = [n for n, info in MAPS.items() if info.test and not n.startswith("p_")]
TOPICS = (
    *("37_language_reading_word", "17_motor_cortex_hand"),
    *("32_pain_somatosensory_stimulation", "26_emotional_amygdala_negative"),
)
Q = 0.3
"""A rate at which some voxels of made-up studies are significant."""


@pytest.fixture(scope="module")
def maps():
    return meta_analysis(random_database(), LABELS, mask=MASK)


@pytest.fixture(scope="module")
def alike():
    """Give maps of the same studies under two names, and of others."""
    database = random_database()
    one = database.select("labela")
    choices = [
        database.select("labelb"),
        one,
        replace(one, description="again"),
        database.select("labelc"),
    ]
    return meta_analysis(database, choices, mask=MASK)


@pytest.fixture(scope="module")
def topics(v7):
    return meta_analysis(v7, TOPICS, threshold=0.05)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def positive(maps, name, threshold, q):
    """Say where each label passes, voxel by voxel, from z and p alone."""
    test = MAPS[name].test
    found = []
    for label in maps.labels:
        z = maps.array(f"z_desc-{test}", label=label)
        values = maps.array(name, label=label)
        if threshold is not None:
            passes = [v > threshold for v in values]
        elif q is not None:
            p = two_sided_p(z)
            most = benjamini_hochberg(p, q)
            passes = [one <= most for one in p]
        else:
            passes = [True] * len(z)
        found.append([bool(ok and v > 0) for ok, v in zip(passes, z, strict=True)])
    return np.array(found)


def winners(values, passes):
    """Find the strongest by going through all voxels; count ties."""
    n_ties, out = 0, []
    for v, ok in zip(values.T, passes.T, strict=True):
        rows = [i for i in range(len(v)) if ok[i]]
        best = max((v[i] for i in rows), default=None)
        first = [i for i in rows if v[i] == best]
        out.append(first[0] + 1 if first else 0)
        n_ties += len(first) > 1
    return np.array(out), n_ties


# ---------------------------------------------------------------------- against loops


@pytest.mark.parametrize("q", [None, Q])
@pytest.mark.parametrize("name", USABLE)
def test_conjunctions_are_the_smallest_of_positive_values(maps, name, q):
    found = conjunction(maps, name, fdr_q=q)
    passes, values = positive(maps, name, None, q), maps[name]
    expected = [
        min(v) if all(ok) else 0.0 for v, ok in zip(values.T, passes.T, strict=True)
    ]
    np.testing.assert_array_equal(found.values, expected)
    assert found.n_voxels == np.count_nonzero(passes.all(axis=0)) > 0


@pytest.mark.parametrize(("threshold", "q"), [(None, Q), (0, 0.01), (0.4, None)])
@pytest.mark.parametrize("name", USABLE)
def test_overlaps_count_and_atlases_take_the_strongest(maps, name, threshold, q):
    passes = positive(maps, name, threshold, q)
    options = {"threshold": threshold, "fdr_q": q}
    found = overlap(maps, name, **options)
    np.testing.assert_array_equal(found.values, passes.sum(axis=0))
    assert found.values.max() > 1
    atlas = term_atlas(maps, name, **options)
    expected, n_ties = winners(maps[name], passes)
    np.testing.assert_array_equal(atlas.values, expected)
    assert atlas.facts["n_ties"] == n_ties
    best = np.where(passes, maps[name], -np.inf).max(axis=0)
    np.testing.assert_array_equal(atlas.largest, np.where(expected > 0, best, 0))


@settings(max_examples=15)
@given(st.integers(0, 99), st.permutations(range(3)), st.sampled_from([0, 0.5, 1.5]))
def test_the_order_of_labels_permutes_the_numbers_only(seed, order, threshold):
    database, mask = random_database(seed, 90), brain_block()
    one = quietly(meta_analysis, database, LABELS, mask=mask)
    two = quietly(meta_analysis, database, [LABELS[i] for i in order], mask=mask)
    for combine in (conjunction, overlap):
        options = {} if combine is conjunction else {"threshold": threshold}
        first, second = (quietly(combine, m, **options) for m in (one, two))
        np.testing.assert_array_equal(first.values, second.values)
    first, second = (quietly(term_atlas, m, threshold=threshold) for m in (one, two))
    assert first.facts["n_ties"] == second.facts["n_ties"]
    np.testing.assert_array_equal(first.largest, second.largest)
    names = np.array(["", *first.labels]), np.array(["", *second.labels])
    differ = names[0][first.values] != names[1][second.values]
    assert np.count_nonzero(differ) <= first.facts["n_ties"]


def test_of_equals_the_first_is_taken_and_all_are_counted(alike):
    atlas = term_atlas(alike, threshold=1)
    z = alike["z_desc-association"]
    strongest = (z[1] > 1) & (z[1] >= z.max(axis=0))
    assert np.count_nonzero(strongest) > 10
    assert atlas.n_voxels[1] == np.count_nonzero(strongest)
    assert atlas.n_voxels[2] == 0
    n_best = ((z == z.max(axis=0)) & (z > 1)).sum(axis=0)
    assert (n_best[strongest] > 1).all()
    assert atlas.facts["n_ties"] == np.count_nonzero(n_best > 1)


def test_ties_that_something_stronger_beats_are_none(alike):
    only = replace(
        alike,
        **{
            field: getattr(alike, field)[[1, 2, 0]]
            for field in ("counts", "n_selected", "expected")
        },
        labels=tuple(alike.labels[i] for i in (1, 2, 0)),
    )
    z = only["z_desc-association"]
    beaten = (z[0] > 1) & (z[2] > z[0])
    assert beaten.any()
    atlas = term_atlas(only, threshold=1)
    assert (atlas.values[beaten] == 3).all()
    assert atlas.facts["n_ties"] == np.count_nonzero((z[0] > 1) & (z[2] <= z[0]))


def test_negative_chi_squares_and_logs_are_not_strong(maps):
    z = maps["z_desc-association"]
    far = (z < -2).any(axis=0) & ~(z > 0).any(axis=0)
    assert far.any()
    for name in ("chi2_desc-association", "logp_desc-association"):
        assert not overlap(maps, name, threshold=0).values[far].any()


def test_coactivation_of_seeds_can_be_combined():
    seeds = {"left": (-8, 0, 0), "right": (8, 4, 0)}
    maps = macm(random_database(), seeds, mask=MASK, seed_radius_mm=14)
    both = conjunction(maps)
    assert both.labels == ("left", "right")
    z = maps["z_desc-association"]
    expected = np.where((z > 0).all(axis=0), z.min(axis=0), 0)
    np.testing.assert_array_equal(both.values, expected)


# ---------------------------------------------------------------------- what is given


def test_tables_of_atlases(maps):
    atlas = term_atlas(maps, threshold=1)
    table = atlas.table()
    names = ["label", "number", "n_voxels", "n_studies", *"xyz", "value", "colour"]
    assert table.columns.tolist() == names
    assert table["label"].tolist() == LABELS
    assert table["number"].tolist() == [1, 2, 3]
    assert table["n_studies"].tolist() == maps.n_selected.tolist()
    for _, row in table.iterrows():
        own = atlas.values == row["number"]
        assert row["n_voxels"] == np.count_nonzero(own)
        z = maps.array("z_desc-association", label=row["label"])
        assert row["value"] == z[own].max()
        at = MASK.voxel_at([row[axis] for axis in "xyz"])
        assert own[at]
        assert z[at] == row["value"]


def test_colours_are_fixed_and_differ(maps):
    atlas = term_atlas(maps, threshold=1)
    many = replace(atlas, labels=tuple(f"term {i}" for i in range(30)))
    assert many.colours[:3] == atlas.colours == ("#0072B2", "#D55E00", "#009E73")
    assert len(set(many.colours[:21])) == 21
    assert many.colours[21:] == many.colours[:9]


def test_reprs(maps):
    both = conjunction(maps)
    of = f"of {MASK.n_voxels:,} voxels>"
    assert repr(both) == (
        f"<CombinedMap: conjunction of 3 labels, {both.n_voxels:,} {of}"
    )
    assert f"{both.values.max():.4g}" in both._repr_html_()
    atlas = term_atlas(maps, threshold=1)
    assert repr(atlas) == f"<TermAtlas of 3 labels: {atlas.n_voxels.sum():,} {of}"
    assert "labela &amp; ~labelc" in atlas._repr_html_()


def test_images_hold_the_values(maps):
    both, times = conjunction(maps), overlap(maps, threshold=1)
    atlas = term_atlas(maps, threshold=1)
    for made, dtype in ((both, "f4"), (times, "i2"), (atlas, "i2")):
        image = made.image()
        assert image.get_data_dtype() == np.dtype(dtype)
        values = MASK.to_volume(made.values.astype(dtype))
        np.testing.assert_array_equal(np.asarray(image.dataobj), values)


@pytest.mark.parametrize("folder", [".", "new/folder"])
def test_maps_are_saved_with_a_sidecar(maps, tmp_path, folder):
    both = conjunction(maps, fdr_q=Q)
    path = both.save(tmp_path / folder / "both.nii.gz")
    assert {p.name for p in path.parent.iterdir()} == {"both.nii.gz", "both.json"}
    values = nib.load(path).get_fdata()[MASK.to_volume(np.ones(MASK.n_voxels)) > 0]
    np.testing.assert_array_equal(values, both.values.astype("f4"))
    facts = json.loads(path.with_name("both.json").read_text("utf-8"))
    assert facts == {"image": "both.nii.gz", **both.facts}
    known = {
        "kind": "conjunction",
        "map": "z_desc-association",
        "fdr_q": Q,
        "threshold": None,
        "n_studies": 118,
        "radius_mm": 6,
        "n_voxels": both.n_voxels,
    }
    assert {key: facts[key] for key in known} == known
    assert [*facts["analyses"]] == LABELS
    selected = [side["n_selected"] for side in facts["analyses"].values()]
    assert selected == maps.n_selected.tolist()
    assert facts["software"]["numpy"] == np.__version__
    assert facts["database"]["content_hash"] == random_database().content_hash
    assert any("Nichols" in cited for cited in facts["citations"])
    assert any("Benjamini" in cited for cited in facts["citations"])
    assert facts["mask"]["key"] == MASK.key


@pytest.mark.parametrize("where", ["folder", "mine.nii.gz"])
def test_atlases_are_saved_with_table_and_sidecar(maps, tmp_path, where):
    atlas = term_atlas(maps, threshold=1)
    stem = "mine" if where == "mine.nii.gz" else "term_atlas"
    paths = atlas.save(tmp_path / where)
    assert [p.name for p in paths] == [
        f"{stem}{e}" for e in (".nii.gz", ".tsv", ".json")
    ]
    assert sorted(paths) == sorted(paths[0].parent.iterdir())
    stored = np.asarray(nib.load(paths[0]).dataobj)
    np.testing.assert_array_equal(stored, MASK.to_volume(atlas.values))
    table = pd.read_csv(paths[1], sep="\t", dtype={"label": "str", "colour": "str"})
    pd.testing.assert_frame_equal(table, atlas.table())
    facts = json.loads(paths[2].read_text("utf-8"))
    about = {"table": f"{stem}.tsv", "image": f"{stem}.nii.gz"}
    assert facts == {**about, **atlas.facts}
    assert (facts["threshold"], facts["fdr_q"]) == (1, None)


def test_nothing_of_a_failure_stays(maps, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    atlas, both = term_atlas(maps, threshold=1), conjunction(maps)
    monkeypatch.setattr(nib.Nifti1Image, "to_filename", fail)
    for made in (atlas, both):
        with pytest.raises(FormatError, match="No space left"):
            made.save(tmp_path / "new" / "made.nii.gz")
    assert [*tmp_path.iterdir()] == []


# --------------------------------------------------------------------------- pictures


@pytest.fixture
def drawn(monkeypatch):
    """Keep what is handed to the pictures of maps, and draw nothing."""
    kept = []
    monkeypatch.setattr(
        plotting, "plot_map", lambda image, **o: kept.append((image, o))
    )
    return kept


def test_pictures_of_combined_maps(maps, drawn):
    both = conjunction(maps, fdr_q=Q)
    both.plot(kind="slices")
    times = overlap(maps, threshold=1)
    times.plot(title="Mine")
    long = replace(times, labels=("a" * 40, "b" * 40))
    long.plot()
    titles = [options["title"] for _, options in drawn]
    assert titles == [
        f"Conjunction of {', '.join(LABELS)}: z_desc-association, FDR q < {Q}",
        "Mine",
        "Overlap of 2 maps: z_desc-association > 1",
    ]
    assert [options["kind"] for _, options in drawn] == ["slices", "both", "both"]
    for (image, _), made in zip(drawn, (both, times, times), strict=True):
        np.testing.assert_array_equal(image.get_fdata(), made.image().get_fdata())


def test_pictures_of_atlases_have_left_left_and_name_the_colours(maps):
    mask = default_mask()
    left = mask.xyz_mm[:, 0] < -4
    atlas = replace(
        term_atlas(maps, threshold=1),
        mask=mask,
        labels=("_pain $x", "labelb", "never"),
        values=np.where(left, 1, 2).astype("i2"),
    )
    figure, file = atlas.plot(), BytesIO()
    assert figure.get_suptitle() == "Strongest of 3: z_desc-association > 1"
    [legend] = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == ["_pain $x", "labelb", "never (nowhere)"]
    colours = [to_hex(patch.get_facecolor()) for patch in legend.get_patches()]
    assert colours == [colour.lower() for colour in atlas.colours]
    figure.savefig(file, dpi=60)
    file.seek(0)
    pixels = imread(file)[..., :3]
    pixels = pixels[: len(pixels) // 2, : pixels.shape[1] // 7]  # the first slice
    where = []
    for colour in atlas.colours[:2]:
        over_grey = 0.9 * np.array(to_rgb(colour)) + 0.1 * 0.8
        near = np.abs(pixels - over_grey).max(axis=-1) < 0.08
        assert np.count_nonzero(near) > 50
        where.append(np.nonzero(near)[1].mean())
    assert where[0] < where[1]


def test_too_many_for_the_colours_are_told_of(maps, monkeypatch):
    monkeypatch.setattr(TermAtlas, "_draw", lambda *_: None)
    atlas = term_atlas(maps, threshold=1)
    many = replace(atlas, labels=tuple(f"term {i}" for i in range(22)))
    with pytest.warns(NeurosynthWarning, match="22 analyses are drawn in 21 colours"):
        many.plot()


# -------------------------------------------------------------------------- bad input

COMBINED = {"conjunction": conjunction, "overlap": overlap, "term_atlas": term_atlas}
WRONG = {
    "unknown map": (("z_association",), {}, r"no map 'z_association'.*Close matches"),
    "p map": (("p_desc-association",), {}, "in it small values are strong: use one of"),
    "no test": (("prob_desc-A",), {}, "it belongs to no test: use one of z_desc"),
    **{
        f"q {q}": ((), {"fdr_q": q}, "FDR q must be above 0 and below 1")
        for q in (0, 1, -1, np.nan, "much")
    },
    **{
        f"threshold {t}": ((), {"threshold": t}, "threshold must be a number from 0 up")
        for t in (-1, np.nan, np.inf, "high", True)
    },
    "neither": ((), {"fdr_q": None}, "give a threshold or an fdr_q"),
}


CASES = [
    (how, case)
    for how in COMBINED
    for case in WRONG
    # a conjunction has no threshold, and needs no rate
    if how != "conjunction" or not case.startswith(("threshold", "neither"))
]


@pytest.mark.parametrize(("how", "case"), CASES)
def test_wrong_options_are_refused(maps, how, case):
    args, options, message = WRONG[case]
    with pytest.raises(OptionError, match=message):
        COMBINED[how](maps, *args, **options)


@pytest.mark.parametrize("how", COMBINED)
def test_one_label_or_something_else_is_refused(maps, how):
    with pytest.raises(
        OptionError, match=r"two labels at least are needed, .* 'labela' alone"
    ):
        COMBINED[how](maps.label("labela"))
    with pytest.raises(OptionError, match=r"Maps of several labels .* got ndarray"):
        COMBINED[how](maps["z_desc-association"])


def test_nothing_that_passes_is_empty_with_a_warning(maps, drawn):
    strict = {"fdr_q": 1e-300}
    for how, combine in COMBINED.items():
        with pytest.warns(NeurosynthWarning, match="is empty: no voxel passes"):
            made = combine(maps, **strict)
        assert not made.values.any(), how
        assert len(made.labels) == 3
        figure = made.plot()
        assert "0 of" in made._repr_html_()
        if how == "term_atlas":
            title = figure.get_suptitle()
            assert title.endswith("FDR q < 1e-300\n(no voxel is left)")
            table = made.table()
            assert (table["n_voxels"] == 0).all()
            assert table[["x", "y", "z", "value"]].isna().all(axis=None)
    assert [options["title"][-14:] for _, options in drawn] == ["FDR q < 1e-300"] * 2


@pytest.mark.parametrize("name", ["map.nii", "map.tsv", "map.png", "map.gz"])
def test_other_endings_are_refused(maps, tmp_path, name):
    with pytest.raises(OptionError, match=r"must end in .nii.gz, got 'map\."):
        conjunction(maps).save(tmp_path / name)
    with pytest.raises(OptionError, match=r"a folder or a .nii.gz, got 'map\."):
        term_atlas(maps, threshold=1).save(tmp_path / name)
    assert [*tmp_path.iterdir()] == []


# -------------------------------------------------------------------------- real data


def test_language_motor_pain_and_emotion(topics):
    atlas = term_atlas(topics)
    mask, values = topics.mask, atlas.values
    language = mask.xyz_mm[values == 1, 0]
    assert np.mean(language < 0) > 0.75
    assert values[mask.voxel_at((-38, -24, 58))] == 2
    for x in (-22, 22):
        assert values[mask.voxel_at((x, -4, -18))] == 4
    table = atlas.table().set_index("label")
    assert table.loc[TOPICS[0], "x"] < -40
    assert (table["n_voxels"] > 10_000).all()
    assert atlas.facts["n_ties"] == 0
    times = overlap(topics)
    np.testing.assert_array_equal(times.values > 0, values > 0)


def test_pain_and_movement_share_the_insula_and_the_second_somatosensory_cortex(v7):
    maps = meta_analysis(v7, [TOPICS[1], TOPICS[2]], threshold=0.05)
    both = conjunction(maps, fdr_q=0.01)
    np.testing.assert_array_equal(both.values > 0, overlap(maps).values == 2)
    x, y, z = maps.mask.xyz_mm[both.values.argmax()]
    assert abs(x) > 40
    assert -36 < y < -10
    assert 10 < z < 30

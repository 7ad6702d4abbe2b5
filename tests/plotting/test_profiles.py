import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgba
from matplotlib.text import Annotation, Text

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.plotting import (
    plot_bars,
    plot_heatmap,
    plot_radar,
    plot_scatter,
    save_figure,
)
from nimare_neurosynth.plotting._profiles import _number, _wrapped

TABLES = [plot_radar, plot_bars, plot_heatmap]
TERMS = (
    "pain",
    "working memory",
    "cognitive control conflict interference",
    "emotion",
    "0_noxious_stimulation_heat_pain",
    "language comprehension",
    "phosphatidylinositolphosphates",
    "decision making under uncertainty",
    "costs $10 and _more_ $",
)
MINUS = "\N{MINUS SIGN}"
OKABE_ITO = {
    *("#000000", "#e69f00", "#56b4e9", "#009e73"),
    *("#f0e442", "#0072b2", "#d55e00", "#cc79a7"),
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def made(n_terms, n_images, *, low=-0.2, high=0.4, seed=0, terms=TERMS):
    """Make a table; all of its names differ, and some are long or odd."""
    values = np.random.default_rng(seed).uniform(low, high, (n_terms, n_images))
    rows = [f"{terms[i % len(terms)]} {i}" for i in range(n_terms)]
    columns = [f"_sub-01_task-nback_contrast-{i}_$x$" for i in range(n_images)]
    return pd.DataFrame(values, index=rows, columns=columns)


def texts_of(figure):
    """Lay a figure out; list its texts that can be seen."""
    figure.draw_without_rendering()
    found = list(figure.texts)
    for axes in figure.axes:
        found += [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
        found += [] if axes.get_legend() is None else axes.get_legend().get_texts()
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [t for t in axis.get_major_ticks() if low <= t.get_loc() <= high]
            found += [label for t in ticks for label in (t.label1, t.label2)]
    return [text for text in found if text.get_text() and text.get_visible()]


def boxes_of(texts):
    """Give left, lower, right and upper ends of texts of a laid out figure, pixels."""
    # annotations would include what they point to
    return np.array([Text.get_window_extent(text).extents for text in texts])


def flat(text):
    """Undo the breaking of lines."""
    return "".join(text.split())


def check_within(figure):
    """Check that each text lies within the figure; give both them and boxes."""
    texts = texts_of(figure)
    boxes = boxes_of(texts)
    ends = [*figure.bbox.extents[:2] - 0.5, *figure.bbox.extents[2:] + 0.5]
    for box, text in zip(boxes, texts, strict=True):
        inside = (box[:2] >= ends[:2]).all() and (box[2:] <= ends[2:]).all()
        assert inside, (text.get_text(), box, ends)
        assert "$" not in text.get_text() or not text.get_parse_math()
    return texts, boxes


def overlaps(boxes):
    """List the pairs of boxes that overlap."""
    least, most = boxes[:, :2], boxes[:, 2:]
    begins_before_end = (least[:, None] < most).all(axis=2)
    return np.argwhere(np.triu(begins_before_end & begins_before_end.T, k=1)).tolist()


# ---------------------------------------------------------------------------- radars


def outlines(figure, n_terms):
    """Give the lines of images."""
    lines = figure.axes[0].lines
    return [x for x in lines if len(x.get_xdata()) == n_terms + 1]


def labels(figure):
    figure.draw_without_rendering()
    return [t for t in figure.axes[0].texts if isinstance(t, Annotation)]


@pytest.mark.parametrize(("n_terms", "n_images"), [(3, 1), (12, 3)])
def test_radars_draw_the_table(n_terms, n_images):
    table = made(n_terms, n_images)
    figure = plot_radar(table)
    drawn = outlines(figure, n_terms)
    assert len(drawn) == n_images
    for line, values in zip(drawn, table.to_numpy().T, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), [*values, values[0]])
        turns = line.get_xdata() / (2 * np.pi) * n_terms
        np.testing.assert_allclose(turns, [*range(n_terms), 0], atol=1e-9)
    fills = figure.axes[0].patches
    assert [to_hex(f.get_facecolor()) for f in fills] == [
        x.get_color().lower() for x in drawn
    ]
    for fill, line in zip(fills, drawn, strict=True):
        np.testing.assert_array_equal(fill.get_xy()[: n_terms + 1], line.get_xydata())
        assert 0 < fill.get_alpha() < 0.3


def test_terms_stand_where_their_values_are():
    """Clockwise from the top, in the direction of their spoke."""
    n = 20
    table = made(n, 2)
    figure = plot_radar(table)
    axes = figure.axes[0]
    boxes = boxes_of(texts := labels(figure))
    centre = axes.transData.transform((0, axes.get_ylim()[0]))
    rim = axes.transData.transform((0, axes.get_ylim()[1]))[1] - centre[1]
    named = {flat(t.get_text()): b for t, b in zip(texts, boxes, strict=True)}
    for i, term in enumerate(table.index):
        box = named[flat(term)].reshape(2, 2) - centre
        spoke = np.array([np.sin(2 * np.pi * i / n), np.cos(2 * np.pi * i / n)])
        foot = np.clip(rim * 1.1 * spoke, *box)  # where the box is closest to its spoke
        across = abs(foot @ [spoke[1], -spoke[0]])
        assert across < 0.1 * rim
        assert foot @ spoke > rim


@pytest.mark.parametrize("low", [-0.3, 0.1])
def test_the_radial_axis_holds_0_and_all_values(low):
    table = made(5, 2, low=low)
    axes = plot_radar(table).axes[0]
    assert axes.get_ylim() == (min(0, table.min().min()), table.max().max())


def test_the_zero_ring_is_marked_if_there_are_negative_values():
    def rings(table):
        lines = plot_radar(table).axes[0].lines
        return [
            x for x in lines if len(x.get_xdata()) > 100 and not x.get_ydata().any()
        ]

    (ring,) = rings(made(5, 2))
    assert np.ptp(ring.get_xdata()) == pytest.approx(2 * np.pi)
    assert rings(made(5, 2, low=0)) == []


def test_radars_of_negative_values_only_and_of_zeros():
    table = -made(4, 1, low=0.1)
    axes = plot_radar(table).axes[0]
    assert axes.get_ylim() == (table.min().min(), 0)
    assert plot_radar(table * 0).axes[0].get_ylim() == (0, 1)


def test_rings_are_numbered_where_they_are():
    axes = plot_radar(made(6, 1, low=-0.5, high=1)).axes[0]
    numbers = [t for t in axes.texts if not isinstance(t, Annotation)]
    assert len(numbers) >= 3
    for text in numbers:
        written = float(text.get_text().replace(MINUS, "-"))
        assert written == pytest.approx(text.get_position()[1], abs=1e-12)
        assert np.isclose(written, axes.get_yticks(), atol=1e-12).sum() == 1


def test_radars_say_where_their_scale_begins_and_ends():
    table = pd.DataFrame({"a": [-0.25, 0.5, 0.1]}, index=list("xyz"))
    texts = [t.get_text() for t in texts_of(plot_radar(table, label="rho"))]
    assert f"rho: {MINUS}0.25 in the centre, 0.5 at the rim" in texts


@pytest.mark.parametrize(
    ("n_terms", "terms"), [(3, TERMS), (20, TERMS), (24, TERMS[2:3])]
)
def test_labels_of_radars_neither_overlap_nor_leave_the_figure(n_terms, terms):
    figure = plot_radar(made(n_terms, 3, terms=terms), title="Terms")
    texts, boxes = check_within(figure)
    assert len(boxes) >= n_terms + 3 + 2  # legend, title, note
    assert [(texts[i], texts[j]) for i, j in overlaps(boxes)] == []


@pytest.mark.parametrize(("n_terms", "terms"), [(3, TERMS), (8, ["five lines " * 7])])
def test_labels_of_radars_stay_outside_of_the_rim(n_terms, terms):
    figure = plot_radar(made(n_terms, 1, terms=terms))
    axes = figure.axes[0]
    boxes = boxes_of(labels(figure)).reshape(-1, 2, 2)
    (left, lower), (right, upper) = axes.bbox.get_points()
    assert right - left == pytest.approx(upper - lower, abs=1)
    for box in boxes - [(left + right) / 2, (lower + upper) / 2]:
        distance = np.hypot(*np.clip(0, *box)) - (right - left) / 2
        assert distance > 0.05 * figure.dpi


@pytest.mark.parametrize("n_images", [1, 20])
def test_the_rim_and_its_legend_are_within_the_figure(n_images):
    figure = plot_radar(made(3, n_images), title="Terms")
    figure.draw_without_rendering()
    rim = figure.axes[0].bbox
    assert (rim.min > 0).all()
    assert (rim.max < figure.bbox.max).all()
    if n_images > 1:
        legend = figure.axes[0].get_legend().get_window_extent()
        assert (legend.min > [rim.x1, 0]).all()
        assert (legend.max < figure.bbox.max).all()


# ------------------------------------------------------------------------------ bars


@pytest.mark.parametrize(("n_terms", "n_images"), [(1, 1), (8, 3), (3, 32)])
def test_bars_draw_the_table(n_terms, n_images):
    table = made(n_terms, n_images)
    figure = plot_bars(table, label="rho")
    axes = figure.axes[0]
    bars = np.array([list(group) for group in axes.containers]).T
    widths = np.vectorize(lambda bar: bar.get_width())(bars)
    np.testing.assert_array_equal(widths, table)
    assert {bar.get_x() for bar in bars.flat} == {0}
    assert axes.get_xlabel() == "rho"


def test_bars_are_in_the_order_of_the_table():
    table = made(6, 3)
    figure = plot_bars(table)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [bar.get_window_extent() for group in axes.containers for bar in group]
    middles = np.array([box.y0 + box.y1 for box in boxes]).reshape(3, 6).T / 2
    assert (np.diff(middles.ravel()) < 0).all()  # pixels count from below
    ticks = axes.get_yticklabels()
    assert [flat(t.get_text()) for t in ticks] == [flat(term) for term in table.index]
    extents = [t.get_window_extent() for t in ticks]
    at = [(box.y0 + box.y1) / 2 for box in extents]
    np.testing.assert_allclose(at, middles.mean(axis=1), atol=3)
    heights = np.diff([[b.y0, b.y1] for b in boxes]).ravel()
    assert heights.max() <= -np.diff(middles, axis=1).max() + 1  # none covers another


def test_the_zero_of_bars_is_marked():
    (line,) = plot_bars(made(3, 2)).axes[0].lines
    assert list(line.get_xdata()) == [0, 0]


def test_bars_grow_with_their_terms():
    heights = [plot_bars(made(n, 2)).get_figheight() for n in (5, 20)]
    assert heights[1] > 2.5 * heights[0]


# ------------------------------------------------------------------------- heat maps


@pytest.mark.parametrize(("n_terms", "n_images"), [(1, 1), (5, 3), (2, 12)])
def test_heat_maps_draw_the_table(n_terms, n_images):
    table = made(n_terms, n_images)
    figure = plot_heatmap(table, label="rho")
    axes, bar = figure.axes
    (cells,) = axes.collections
    np.testing.assert_array_equal(cells.get_array(), table)
    assert bar.get_ylabel() == "rho"
    rows, columns = axes.get_yticklabels(), axes.get_xticklabels()
    assert [flat(t.get_text()) for t in rows] == [flat(t) for t in table.index]
    assert [flat(t.get_text()) for t in columns] == [flat(t) for t in table.columns]
    figure.draw_without_rendering()
    places = axes.transData.transform([(0, i) for i in range(n_terms)])
    assert (np.diff(places[:, 1]) < 0).all()  # the first term is on top
    for row, place in zip(rows, places, strict=True):
        box = row.get_window_extent()
        assert (box.y0 + box.y1) / 2 == pytest.approx(place[1], abs=3)


def test_signed_heat_maps_are_centred_on_0():
    (cells,) = plot_heatmap(made(5, 2, low=-0.1)).axes[0].collections
    low, high = cells.get_clim()
    assert low == -high
    assert high == cells.get_array().max()
    neutral = np.array(cells.to_rgba(0.0))[:3]
    assert np.ptp(neutral) < 0.02
    red, _, blue = cells.to_rgba(high)[:3]
    assert red > 2 * blue
    red, _, blue = cells.to_rgba(low)[:3]
    assert blue > 2 * red


def test_unsigned_heat_maps_begin_at_0_and_darken():
    (cells,) = plot_heatmap(made(5, 2, low=0.1)).axes[0].collections
    assert cells.get_clim() == (0, cells.get_array().max())
    grey = np.asarray(cells.to_rgba(np.linspace(0, cells.get_clim()[1], 50)))[:, :3]
    assert (np.diff(grey.mean(axis=1)) < 0).all()
    (zeros,) = plot_heatmap(made(2, 2) * 0).axes[0].collections
    assert zeros.get_clim() == (0, 1)


@pytest.mark.parametrize("scale", [0.001, 1, 50, 20_000])
def test_values_are_written_into_their_cells(scale):
    table = made(4, 2) * scale
    figure = plot_heatmap(table)
    figure.draw_without_rendering()
    texts = figure.axes[0].texts
    assert len(texts) == 8
    largest = table.abs().max().max()
    for text in texts:
        j, i = text.get_position()
        written = float(text.get_text().replace(MINUS, "-"))
        assert written == pytest.approx(table.iat[i, j], abs=0.02 * largest)
    boxes = boxes_of(texts)
    assert overlaps(boxes) == []


def test_values_can_be_told_from_their_cells():
    table = made(10, 4)
    axes = plot_heatmap(table).axes[0]
    (cells,) = axes.collections
    for text in axes.texts:
        j, i = text.get_position()
        behind = np.dot(cells.to_rgba(table.iat[i, j])[:3], [0.299, 0.587, 0.114])
        before = np.dot(to_rgba(text.get_color())[:3], [0.299, 0.587, 0.114])
        assert abs(behind - before) >= 0.45


def test_many_cells_are_left_without_values():
    assert len(plot_heatmap(made(10, 20)).axes[0].texts) == 200
    assert len(plot_heatmap(made(67, 3)).axes[0].texts) == 0


# ------------------------------------------------------------- what all tables share


@pytest.mark.parametrize("plot", TABLES)
@pytest.mark.parametrize(
    ("n_images", "title", "terms"),
    [
        (1, "", TERMS[2:3]),
        (3, "Terms that fit the images best " * 6, TERMS[-1:]),
        (9, "$Terms$", TERMS),
    ],
)
def test_texts_are_within_the_figure_and_do_not_overlap(plot, n_images, title, terms):
    table = made(4, n_images, terms=terms)
    figure = plot(table, title=title, label="Spearman's rho")
    texts, boxes = check_within(figure)
    assert flat(figure.get_suptitle()) == flat(title)
    assert [(texts[i], texts[j]) for i, j in overlaps(boxes)] == []


@pytest.mark.parametrize("plot", TABLES)
def test_small_pictures_have_room_for_titles(plot):
    figure = plot(made(3, 1, terms=("x",)), title="Terms that fit the images best")
    assert figure.get_suptitle().count("\n") == 0
    check_within(figure)


@pytest.mark.parametrize("plot", TABLES)
def test_texts_are_within_what_is_saved(plot, tmp_path, monkeypatch):
    """Saved figures have more dots an inch."""
    figure = plot(made(4, 2), title="Terms")
    save_figure(figure, tmp_path / "picture.png")
    pixels = mpl.image.imread(tmp_path / "picture.png")
    ink = pixels[..., :3].min(axis=-1) < 0.9
    assert ink.any()
    edges = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
    assert not edges.any()


@pytest.mark.parametrize("plot", [plot_radar, plot_bars])
def test_images_are_told_apart(plot):
    figure = plot(table := made(4, 32))
    legend = figure.axes[0].get_legend()
    names = [flat(t.get_text()) for t in legend.get_texts()]
    assert names == [flat(name) for name in table.columns]
    if plot is plot_radar:
        styles = [(x.get_color(), x.get_linestyle()) for x in outlines(figure, 4)]
        shown = [(x.get_color(), x.get_linestyle()) for x in legend.legend_handles]
    else:
        bars = [group[0] for group in figure.axes[0].containers]
        styles = [(to_hex(b.get_facecolor()), b.get_hatch()) for b in bars]
        shown = [
            (to_hex(b.get_facecolor()), b.get_hatch()) for b in legend.legend_handles
        ]
    assert shown == styles
    assert len(set(styles)) == 32
    assert len({line for _, line in styles[:8]}) == 1
    assert {colour.lower() for colour, _ in styles[:8]} == OKABE_ITO


@pytest.mark.parametrize("plot", [plot_radar, plot_bars])
def test_one_image_has_no_legend(plot):
    assert plot(made(4, 1)).axes[0].get_legend() is None
    assert plot(made(4, 2)).axes[0].get_legend() is not None


@pytest.mark.parametrize("plot", TABLES)
def test_rows_and_columns_may_share_names_and_be_numbers(plot):
    table = pd.DataFrame([[1, 2], [3, 4], [5, 6]], index=[1, 1, 2], columns=["a", "a"])
    figure = plot(table.astype({}))
    names = [t.get_text() for t in texts_of(figure)]
    assert names.count("a") == 2
    assert names.count("1") >= 2


@pytest.mark.parametrize("plot", TABLES)
def test_tables_are_left_as_they_are_and_so_are_settings(plot):
    from matplotlib import pyplot as plt

    table = made(5, 2).astype("Float64")
    before, settings_before = table.copy(), dict(mpl.rcParams)
    figure = plot(table)
    pd.testing.assert_frame_equal(table, before)
    assert dict(mpl.rcParams) == settings_before
    assert plt.fignum_exists(figure.number)


# ------------------------------------------------------------------------- bad tables


def holding(value, dtype=None):
    table = made(4, 3).astype(dtype or float)
    table.iloc[2, 1] = value
    return table


BAD = [
    (None, "must be a pandas.DataFrame .* got NoneType"),
    (made(4, 1).iloc[:, 0], r"got Series \(4,\)"),
    (np.ones((4, 3)), r"got ndarray \(4, 3\)"),
    (pd.DataFrame(), r"at least one each, got DataFrame \(0, 0\)"),
    (made(0, 3), r"got DataFrame \(0, 3\)"),
    (made(3, 0), r"got DataFrame \(3, 0\)"),
    (
        holding(np.nan),
        "1 values .* missing or infinite, the first .nan. .*control.* 2'",
    ),
    (holding(np.inf), "missing or infinite, the first .inf."),
    (holding(pd.NA, "Float64"), "missing or infinite"),
    (holding("0.5", object), "must hold numbers, it holds object"),
    (made(4, 3).astype(str), "column '_sub-01_task-nback_contrast-0_.* must hold num"),
    (made(4, 3) > 0, "it holds bool"),
    (made(4, 3).astype(complex), "it holds complex128"),
    (made(4, 1).assign(when=pd.Timestamp("2020")), "column 'when' .*set_index"),
]


@pytest.mark.parametrize("plot", TABLES)
@pytest.mark.parametrize(("table", "message"), BAD)
def test_bad_tables_are_refused_before_a_figure_is_made(plot, table, message):
    from matplotlib import pyplot as plt

    with pytest.raises(OptionError, match=message):
        plot(table)
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("plot", "shape", "message"),
    [
        (plot_radar, (1, 1), r"at least 3 terms, the table has 1: draw bars \(plot_b"),
        (plot_radar, (2, 3), "at least 3 terms, the table has 2"),
        (
            plot_radar,
            (25, 1),
            r"at most 24 terms, .* has 25: choose .*head\(24\).*bars",
        ),
        (plot_radar, (5, 33), r"at most 32 images, .* has 33: .*table\[names\].*heat"),
        (
            plot_bars,
            (61, 1),
            r"at most 60 terms, .* 61: .*head\(60\)\), or draw a heat",
        ),
        (plot_bars, (5, 33), "at most 32 images, the table has 33"),
        (plot_heatmap, (201, 1), "at most 200 terms, the table has 201"),
        (plot_heatmap, (1, 61), "at most 60 images, the table has 61"),
    ],
)
def test_tables_have_limits(plot, shape, message):
    with pytest.raises(OptionError, match=message):
        plot(made(*shape))


@pytest.mark.parametrize(
    ("plot", "shape"),
    [(plot_radar, (24, 1)), (plot_bars, (60, 1)), (plot_heatmap, (200, 2))],
)
def test_tables_at_the_limits_are_drawn(plot, shape):
    figure = plot(made(*shape))
    names = (
        figure.axes[0].get_yticklabels() if plot is not plot_radar else labels(figure)
    )
    assert len(names) == shape[0]
    assert max(figure.get_size_inches()) * 150 < 2**16  # what Agg can draw


# ---------------------------------------------------------------------- scatter plots


def pair(n=2000, seed=0):
    x, noise = np.random.default_rng(seed).normal(size=(2, n))
    return x * 3 + 1, 0.5 * x + noise - 2


def test_scatter_plots_count_all_voxels():
    x, y = pair(9000)
    figure = plot_scatter(x, y)
    (hexagons,) = figure.axes[0].collections
    counts = hexagons.get_array()
    assert counts.sum() == len(x)
    assert counts.min() == 1
    assert (hexagons.norm.vmin, hexagons.norm.vmax) == (1, counts.max())
    assert hexagons.norm(10) == pytest.approx(np.log(10) / np.log(counts.max()))
    assert figure.axes[1].get_ylabel() == "voxels"


def test_scatter_plots_show_the_line_and_r():
    x, y = pair()
    axes = plot_scatter(x.astype(np.float32), y).axes[0]
    (line,) = axes.lines
    slope, intercept = np.polyfit(x, y, 1)
    ends = np.array([x.min(), x.max()])
    np.testing.assert_allclose(line.get_xdata(), ends, rtol=1e-6)
    np.testing.assert_allclose(line.get_ydata(), slope * ends + intercept, rtol=1e-5)
    (text,) = axes.texts
    r = np.corrcoef(x, y)[0, 1]
    assert text.get_text() == f"r = {r:.3f}\n2,000 voxels"


def test_labels_of_scatter_plots():
    long = "an association map of many words that goes on " * 4
    x, y = pair(50)
    figure = plot_scatter(list(x), -y, x_label=long, y_label="$y_", title=long)
    check_within(figure)
    axes = figure.axes[0]
    assert axes.get_ylabel() == "$y_"
    assert flat(axes.get_xlabel())[:40] == flat(long)[:40]
    assert flat(figure.get_suptitle()) == flat(long)


def test_scatter_plots_of_few_voxels():
    (hexagons,) = plot_scatter([1, 2], [5, 3]).axes[0].collections
    assert hexagons.get_array().tolist() == [1, 1]


X = np.arange(5.0)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, X[:4], "same voxels, got 5 and 4"),
        (X[:, None], X, r"x must hold numbers, shape \(n_voxels,\), .* \(5, 1\)"),
        (X, 3.0, r"y must hold numbers, .* shape \(\)"),
        (X, list("abcde"), "y must hold numbers"),
        (X, X > 2, "y must hold numbers, .* bool"),
        (X * 1j, X, "x must hold numbers, .* complex"),
        (np.where(X > 2, np.nan, X), X, "2 of 5 values of x are not finite"),
        (X, np.where(X > 3, np.inf, X), "1 of 5 values of y are not finite"),
        (X, X * 0, "y must differ between voxels, all its 5 are the same"),
        (X[:1], X[:1], "x must differ between voxels"),
        (X[:0], X[:0], "x must differ between voxels, all its 0"),
    ],
)
def test_bad_arrays_are_refused_before_a_figure_is_made(x, y, message):
    from matplotlib import pyplot as plt

    with pytest.raises(OptionError, match=message):
        plot_scatter(x, y)
    assert plt.get_fignums() == []


# ------------------------------------------------------------------------------- text


@given(st.text("ab -_/\n", max_size=60), st.integers(4, 20))
def test_wrapping_loses_nothing_but_blanks(text, width):
    lines = _wrapped(text, width, 100).split("\n")
    assert flat("".join(lines)) == flat(text)
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("cognitive control conflict", ["cognitive control", "conflict"]),
        ("0_pain_noxious_heat_stimulus", ["0_pain_noxious_", "heat_stimulus"]),
        ("sub-01/task-rest_contrast-a", ["sub-01/task-rest_", "contrast-a"]),
        ("x" * 20, ["x" * 18, "xx"]),
        ("", [""]),
    ],
)
def test_text_is_broken_where_words_end(text, lines):
    assert _wrapped(text, 18, 5).split("\n") == lines


@settings(max_examples=20)
@given(st.text("abc ", min_size=200, max_size=300))
def test_very_long_text_keeps_its_ends(text):
    text = " ".join(text.split())
    short = flat(_wrapped(text, 10, 3))
    assert short.count("…") == (len(text) > 30)
    head, _, tail = short.partition("…")
    assert flat(text).startswith(head)
    assert flat(text).endswith(tail)
    assert len(short) <= 30


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(0.0, "0"), (-0.25, f"{MINUS}0.25"), (0.12345, "0.123"), (12.34, "12.3")],
        *[(1250.0, "1,250"), (999.9, "1,000"), (1e-5, f"1e{MINUS}05")],
    ],
)
def test_numbers_are_short(value, text):
    assert _number(value) == text


def test_numbers_that_vanish_have_no_sign():
    assert _number(-0.001, 2) == "0.00"
    assert _number(-0.006, 2) == f"{MINUS}0.01"

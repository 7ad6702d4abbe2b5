"""How terms fit images: radars, bars, heat maps, scatter plots."""

from __future__ import annotations

import re
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.projections.polar import PolarAxes
    from numpy.typing import ArrayLike

    from nimare_neurosynth._typing import FloatArray

RADAR_TERMS = (3, 24)
BAR_TERMS, HEATMAP_TERMS, HEATMAP_IMAGES = 60, 200, 60
MOST_TERMS = {"bar": BAR_TERMS, "radar": RADAR_TERMS[1], "heatmap": HEATMAP_TERMS}
WRITTEN_CELLS = 200  # of a heat map; up to so many have their values in them

_COLOURS = (  # Okabe and Ito's; the faintest on white comes last
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#000000", "#F0E442"),
)
_LINES = (("-", ""), ("--", "////"), ("-.", "...."), (":", "xxxx"))
_STYLES = [(colour, *line) for line in _LINES for colour in _COLOURS]
"""Colour, line and hatch of each image."""

_FONT = 9
_PLAIN: dict[str, Any] = {"fontsize": _FONT, "parse_math": False}  # "$" is but text
_CENTRED: dict[str, Any] = {"ha": "center", "va": "center"}
_BREAKS = re.compile(r"(\s+|[^\s_/-]*[_/-]+)")


def plot_radar(table: pd.DataFrame, *, title: str = "", label: str = "r") -> Figure:
    """Draw how a few terms fit images: around a circle, an outline for each image.

    Terms follow each other clockwise, the first on top. The centre is 0, or the lowest
    value where some are negative: a dark ring is 0 then. The rim is the largest value.

    Parameters
    ----------
    table : pandas.DataFrame
        3 to 24 terms (rows) by at most 32 images (columns).
    title, label : str
        What stands above the picture, and what the values are.

    Returns
    -------
    matplotlib.figure.Figure
        A pyplot figure, as large as its labels need.

    Raises
    ------
    OptionError
        If there are too few or too many terms or images, or not only finite numbers.

    Examples
    --------
    >>> import pandas as pd
    >>> fits = {"pain": 0.4, "touch": 0.2, "reward": -0.1}
    >>> figure = plot_radar(pd.DataFrame({"my map": fits}))
    >>> figure.axes[0].get_ylim() == (-0.1, 0.4)
    True
    """
    kind, remedy = "a radar", "draw bars (plot_bars) or a heat map (plot_heatmap)"
    values, terms, images = _read(table, kind, RADAR_TERMS[1], len(_STYLES), remedy)
    if len(terms) < RADAR_TERMS[0]:
        found = f"the table has {len(terms)}: draw bars (plot_bars)"
        raise OptionError(f"a radar needs at least {RADAR_TERMS[0]} terms, {found}.")
    from matplotlib import pyplot as plt

    figure = plt.figure(facecolor="white")
    axes = cast("PolarAxes", figure.add_subplot(projection="polar"))
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    high = high if high > low else 1.0  # all are 0
    angles = np.arange(len(terms)) * 2 * np.pi / len(terms)
    _draw_rings(axes, angles, low, high)
    handles: list[Any] = []
    for fits, (colour, line, _) in zip(values.T, _STYLES, strict=False):
        closed = np.append(angles, angles[0]), np.append(fits, fits[0])
        handles += axes.plot(*closed, line, color=colour, lw=1.8, clip_on=False)
        axes.fill(*closed, color=colour, alpha=0.12, linewidth=0)
    radius = 1.7 + 0.04 * len(terms)
    least, most = _place_labels(axes, angles, terms, radius)
    key = _legend(axes, handles, images, 0.5 + most[0] / radius / 2)
    least[1], most[0] = min(least[1], radius - key[1]) - 0.3, most[0] + key[0]
    note = f"{label}: {_number(low)} in the centre, {_number(high)} at the rim"
    figure.supxlabel(_wrapped(note, 50, 2), color="0.3", **_PLAIN)
    size, corner = most - least + 0.2, 0.1 - least - radius
    _resize(figure, title, *size)
    whole = figure.get_size_inches()
    corner[0] += (whole[0] - size[0]) / 2  # small pictures are wider than they need be
    axes.set_position((*(corner / whole), *(2 * radius / whole)))
    return figure


def plot_bars(table: pd.DataFrame, *, title: str = "", label: str = "r") -> Figure:
    """Draw how terms fit images as bars, the first term on top.

    Parameters
    ----------
    table : pandas.DataFrame
        At most 60 terms (rows) by at most 32 images (columns).
    title, label : str
        What stands above the picture, and what the values are.

    Returns
    -------
    matplotlib.figure.Figure
        A pyplot figure, the higher the more terms there are.

    Raises
    ------
    OptionError
        If there are no or too many terms or images, or not only finite numbers.
    """
    kind, remedy = "a picture of bars", "draw a heat map (plot_heatmap)"
    values, terms, images = _read(table, kind, BAR_TERMS, len(_STYLES), remedy)
    from matplotlib import pyplot as plt

    figure = plt.figure(facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    thickness = min(0.8, 0.3 + 0.3 * len(images)) / len(images)
    handles: list[Any] = []
    for i, lengths in enumerate(values.T):
        places = np.arange(len(terms)) + (i - (len(images) - 1) / 2) * thickness
        colour, _, hatch = _STYLES[i]
        bars = axes.barh(places, lengths, thickness, color=colour, linewidth=0)
        for bar in bars:
            bar.set(hatch=hatch, edgecolor="white")
        handles.append(bars[0])
    texts = [_wrapped(term, 40, 3) for term in terms]
    axes.set_yticks(range(len(terms)), texts, **_PLAIN)
    axes.set_ylim(len(terms) - 0.5, -0.5)
    axes.set_xlabel(_wrapped(label, 60, 3), **_PLAIN)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.grid(axis="x", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params("y", length=0)
    axes.tick_params("x", labelsize=_FONT - 1)
    axes.spines[["top", "left", "right"]].set_visible(False)
    key, wide = _legend(axes, handles, images), _sizes(axes, texts).max(axis=0)
    row = max(min(0.1 + 0.12 * len(images), 1.2), wide[1] + 0.06)
    height = max(0.7 + row * len(terms), key[1] + 0.4)
    _resize(figure, title, wide[0] + 4.2 + key[0], height)
    return figure


def plot_heatmap(table: pd.DataFrame, *, title: str = "", label: str = "r") -> Figure:
    """Draw how terms fit images as coloured cells.

    Colours diverge around 0 where there are negative values, and start at 0 where there
    are none. Values are written into up to 200 cells.

    Parameters
    ----------
    table : pandas.DataFrame
        At most 200 terms (rows) by at most 60 images (columns).
    title, label : str
        What stands above the picture, and what the values are.

    Returns
    -------
    matplotlib.figure.Figure
        A pyplot figure, as large as its cells need.

    Raises
    ------
    OptionError
        If there are no or too many terms or images, or not only finite numbers.
    """
    limits = HEATMAP_TERMS, HEATMAP_IMAGES
    values, terms, images = _read(table, "a heat map", *limits, "draw several")
    from matplotlib import pyplot as plt

    figure = plt.figure(facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    signed, most = bool((values < 0).any()), float(np.abs(values).max()) or 1.0
    edges = (np.arange(n + 1) - 0.5 for n in (len(images), len(terms)))
    cells = axes.pcolormesh(*edges, values, edgecolors="white", linewidth=0.3)
    cells.set(cmap="RdBu_r" if signed else "Reds", clim=(-most if signed else 0, most))
    axes.invert_yaxis()
    upright = len(images) > 8
    rows = [_wrapped(term, 40, 3) for term in terms]
    columns = [_wrapped(name, *((40, 2) if upright else (16, 5))) for name in images]
    axes.set_yticks(range(len(terms)), rows, **_PLAIN)
    axes.set_xticks(range(len(images)), columns, rotation=90 * upright, **_PLAIN)
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    row, column = (_sizes(axes, t).max(axis=0) for t in (rows, columns))
    cell = max(0.22, column[1 if upright else 0] + 0.1)
    if values.size <= WRITTEN_CELLS:
        power = int(np.floor(np.log10(most)))
        digits = max(0, 2 - power) if power >= 0 else min(max(2, 1 - power), 9)
        texts = [_number(float(value), digits) for value in values.flat]
        cell = max(cell, 0.1 + _sizes(axes, texts)[:, 0].max())
        dark = cells.to_rgba(values)[..., :3] @ (0.299, 0.587, 0.114) < 0.5
        for (i, j), text in zip(np.ndindex(values.shape), texts, strict=True):
            artist = axes.text(j, i, text, **_CENTRED, fontsize=_FONT - 1)
            artist.set_color("white" if dark[i, j] else "black")
    height = max(1.5, len(terms) * max(0.22, row[1] + 0.06))
    bar = figure.colorbar(cells, shrink=min(1, 4 / height), anchor=(0, 1), aspect=15)
    bar.set_label(_wrapped(label, 24, 3), **_PLAIN)
    bar.ax.tick_params(labelsize=_FONT - 1)
    height += column[0 if upright else 1] + 0.2
    _resize(figure, title, row[0] + cell * len(images) + 1.2, height)
    return figure


def plot_scatter(
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_label: str = "",
    y_label: str = "",
    title: str = "",
) -> Figure:
    """Draw two maps against each other as densities of voxels, with their line and r.

    Parameters
    ----------
    x, y : array of float, shape (n_voxels,)
        Values of the same voxels.
    x_label, y_label, title : str
        What stands at the axes and above the picture.

    Returns
    -------
    matplotlib.figure.Figure
        A pyplot figure: counts of voxels on a logarithmic scale, the least-squares line
        of y on x, and Pearson's r.

    Raises
    ------
    OptionError
        If the shapes differ, or values are not finite or all the same.
    """
    across, up = _read_array(x, "x"), _read_array(y, "y")
    if across.shape != up.shape:
        found = f"{across.size:,} and {up.size:,}"
        raise OptionError(f"x and y must hold the same voxels, got {found} of them.")
    from matplotlib import pyplot as plt
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import NullFormatter
    from scipy.stats import linregress

    line = linregress(across, up)
    figure = plt.figure(facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    hexagons = axes.hexbin(across, up, gridsize=60, mincnt=1, cmap="viridis")
    most = float(np.asarray(hexagons.get_array()).max())
    hexagons.set_norm(LogNorm(1, max(most, 10.0)))
    bar = figure.colorbar(hexagons, label="voxels", format="{x:,.0f}")
    bar.minorformatter = NullFormatter()
    ends = np.array([across.min(), across.max()])
    axes.plot(ends, line.intercept + line.slope * ends, color=_COLOURS[1], linewidth=2)
    axes.set_xlabel(_wrapped(x_label, 50, 3), parse_math=False)
    axes.set_ylabel(_wrapped(y_label, 40, 3), parse_math=False)
    text = f"r = {line.rvalue:z.3f}\n{across.size:,} voxels"
    box = {"facecolor": "white", "edgecolor": "0.8", "alpha": 0.85}
    axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", bbox=box)
    _resize(figure, title, 5.6, 4.6)
    return figure


def _read(
    table: Any, kind: str, n_terms: int, n_images: int, remedy: str
) -> tuple[FloatArray, list[str], list[str]]:
    """Check a table of terms by images: its values and the names of both."""
    import pandas as pd

    if not isinstance(table, pd.DataFrame) or table.empty:
        found = getattr(table, "shape", "")
        raise OptionError(
            "the table must be a pandas.DataFrame with a row per term and a column per "
            f"image, at least one each, got {type(table).__name__} {found}."
        )
    terms, images = ([str(name) for name in names] for names in table.axes)
    for name, dtype in zip(images, table.dtypes, strict=True):
        if not pd.api.types.is_any_real_numeric_dtype(dtype):
            raise OptionError(
                f"column {name!r} of the table must hold numbers, it holds {dtype}; "
                "the terms themselves belong into the index (table.set_index)."
            )
    values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        i, j = bad[0]
        raise OptionError(
            f"{len(bad):,} values of the table are missing or infinite, the first "
            f"({values[i, j]}) that of term {terms[i]!r} and image {images[j]!r}; "
            "leave such terms out (table.dropna())."
        )
    for what, names, most, some in (
        ("terms", terms, n_terms, f"table.head({n_terms})"),
        ("images", images, n_images, "table[names]"),
    ):
        if len(names) > most:
            raise OptionError(
                f"{kind} shows at most {most} {what}, the table has {len(names)}: "
                f"choose some ({some}), or {remedy}."
            )
    return values, terms, images


def _read_array(values: ArrayLike, name: str) -> FloatArray:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        raise OptionError(
            f"{name} must hold numbers, shape (n_voxels,), got {array.dtype}, shape "
            f"{array.shape}."
        )
    array = array.astype(np.float64)
    if n_bad := np.count_nonzero(~np.isfinite(array)):
        raise OptionError(
            f"{n_bad:,} of {array.size:,} values of {name} are not finite; leave these "
            "voxels out of x and y."
        )
    if not array.size or array.min() == array.max():
        raise OptionError(
            f"{name} must differ between voxels, all its {array.size:,} are the same."
        )
    return array


def _draw_rings(axes: PolarAxes, angles: FloatArray, low: float, high: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_ylim(low, high)  # and what is drawn will not move it
    rings = np.asarray(MaxNLocator(5).tick_values(low, high))
    rings = rings[(rings - low > (high - low) / 10) & (rings <= high)]
    axes.set_xticks(angles, [""] * len(angles))
    axes.set_yticks(rings, [""] * len(rings))
    axes.grid(color="0.85", linewidth=0.8)
    axes.spines["polar"].set_color("0.6")
    if low < 0:
        circle = np.linspace(0, 2 * np.pi, 181)
        axes.plot(circle, 0 * circle, color="0.25", linewidth=1.2)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.7, "pad": 0.8}
    for ring in rings:
        text = axes.text(angles[1] / 2, ring, _number(float(ring)), **_CENTRED)
        text.set(fontsize=_FONT - 2, color="0.3", bbox=box, zorder=4)


def _place_labels(
    axes: PolarAxes, angles: FloatArray, terms: list[str], radius: float
) -> tuple[FloatArray, FloatArray]:
    """Write terms around the rim so that none overlap; give the corners of it all.

    These are the lower left and the upper right one, inches from the centre.
    """
    low, high = axes.get_ylim()
    texts = [_wrapped(term, 18, 5) for term in terms]
    sizes = _sizes(axes, texts)
    boxes = np.empty((0, 2, 2))
    # those above and below, which are close to each other, give way to those beside
    for i in np.argsort(np.abs(np.cos(angles)), kind="stable"):
        ray = np.array([np.sin(angles[i]), np.cos(angles[i])])
        lean = np.clip(ray * (4, 1), -1, 1)
        for foot in np.arange(radius + 0.1, 100, 0.04):
            middle = foot * ray + lean * sizes[i] / 2
            box = np.stack([middle - sizes[i] / 2, middle + sizes[i] / 2])
            meets = (box[0] < boxes[:, 1] + 0.05) & (boxes[:, 0] < box[1] + 0.05)
            in_rim = np.hypot(*np.clip(0, *box)) < radius + 0.06
            if not (in_rim or meets.all(axis=1).any()):
                break
        boxes = np.append(boxes, [box], axis=0)
        spoke = high, low + (high - low) * (foot - 0.05) / radius
        axes.plot([angles[i]] * 2, spoke, color="0.7", linewidth=0.8, clip_on=False)
        place = {"xytext": 72 * (middle - radius * ray), "textcoords": "offset points"}
        text = axes.annotate(texts[i], (angles[i], high), **place, **_CENTRED, **_PLAIN)
        text.set(multialignment=("right", "center", "left")[round(lean[0]) + 1])
    least, most = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    return np.minimum(least, -radius), np.maximum(most, radius)


def _wrapped(text: str, width: int, n_lines: int) -> str:
    """Break text at blanks, hyphens and underscores; of very long text, leave out some.

    What is left out is from the middle, as names often differ in their ends.
    """
    text = " ".join(text.split())
    if len(text) > (most := width * n_lines):
        text = f"{text[: most // 2 - 1]}…{text[-(most // 2) :]}"
    wrapper = TextWrapper(width)
    wrapper.wordsep_re = _BREAKS
    return "\n".join(wrapper.wrap(text))


def _number(value: float, digits: int | None = None) -> str:
    """Write a value with three digits, or so many after the point."""
    text = f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"
    text = text if digits is None else f"{value:z.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def _extent(artist: Artist) -> FloatArray:
    """Measure width and height in inches."""
    box = artist.get_window_extent()
    return np.array([box.width, box.height]) / cast("Figure", artist.figure).dpi


def _sizes(axes: Axes, texts: list[str]) -> FloatArray:
    """Measure texts in inches: widths and heights, shape (n_texts, 2)."""
    artists = [axes.text(0, 0, text, **_PLAIN) for text in texts]
    sizes = np.array([_extent(artist) for artist in artists])
    for artist in artists:
        artist.remove()
    return sizes


def _legend(
    axes: Axes, handles: list[Any], images: list[str], x: float = 1.02
) -> FloatArray:
    """Say right of a picture which image is which, if there are several; measure it."""
    if len(images) < 2:
        return np.zeros(2)
    numbers = map(str, range(len(images)))  # names that begin with "_" may be hidden
    legend = axes.legend(
        handles,
        list(numbers),
        loc="upper left",
        bbox_to_anchor=(x, 1),
        frameon=False,
        fontsize=_FONT,
    )
    for text, name in zip(legend.get_texts(), images, strict=True):
        text.set(text=_wrapped(name, 30, 3), parse_math=False)
    return _extent(legend)


def _resize(figure: Figure, title: str, width: float, height: float) -> None:
    """Give a figure its size, at least 4 inches wide, and its title."""
    width = max(width, 4.0)
    if title:
        artist = figure.suptitle(title, fontsize=12, parse_math=False)
        n_lines = max(1.0, 1.1 * _extent(artist)[0] / (width - 0.4))
        artist.set_text(_wrapped(title, max(10, int(len(title) / n_lines)), 6))
        height += _extent(artist)[1] + 0.1
    figure.set_size_inches(width, height)

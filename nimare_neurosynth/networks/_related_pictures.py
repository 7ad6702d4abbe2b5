"""Pictures of how terms go together: a sorted heat map, a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patheffects import AbstractPathEffect
    from numpy.typing import NDArray

HEATMAP_TERMS, NETWORK_TERMS = 200, 100
_LONGEST = 34
_EDGES_PER_TERM = 2
_LEAST_DISTANCE = 0.05
"""Of two terms that always go together: their places must differ."""


def draw_clustered(
    values: NDArray[np.float64], terms: Sequence[str], *, label: str, title: str
) -> Figure:
    """Draw a heat map whose terms are sorted by a dendrogram beside it.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n)
        Symmetric, -1 to 1; the diagonal is left white.
    terms : sequence of str
        Names, 200 at most.
    label, title : str
        What the values are, and what stands above the picture.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        If there are too many terms.
    """
    _check_number(terms, HEATMAP_TERMS, "a heat map")
    from matplotlib import pyplot as plt

    n = len(terms)
    cell, font = (0.24, 9) if n <= 60 else (0.13, 6)
    size = max(2.0, cell * n)
    figure = plt.figure(facecolor="white", layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(1.1, size), wspace=0)
    side, axes = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    order = _draw_dendrogram(side, link(values))
    off = values[np.ix_(order, order)].copy()
    np.fill_diagonal(off, np.nan)
    most = float(np.nanmax(np.abs(off))) or 1.0
    signed = bool(np.nanmin(off) < 0)
    edges = np.arange(n + 1) - 0.5
    cells = axes.pcolormesh(edges, edges, off, rasterized=n > 100)
    cells.set(cmap="RdBu_r" if signed else "Reds", clim=(-most if signed else 0, most))
    axes.set_ylim(n - 0.5, -0.5)
    names = [_short(terms[i]) for i in order]
    plain: dict[str, Any] = {"fontsize": font, "parse_math": False}
    axes.set_yticks(range(n), names, **plain)
    axes.set_xticks(range(n), names, rotation=90, **plain)
    axes.tick_params(length=0, labelleft=False, labelright=True)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(
        cells, ax=axes, location="top", shrink=min(1.0, 3 / size), aspect=18, pad=0.02
    )
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    if title:
        figure.suptitle(title, fontsize=12, parse_math=False)
    text = 0.085 * font / 9 * max(map(len, names)) + 0.15
    figure.set_size_inches(1.2 + size + text, 0.9 + size + text)
    return figure


def draw_network(
    values: NDArray[np.float64],
    terms: Sequence[str],
    n_studies: NDArray[np.int64],
    *,
    edge_threshold: float | None,
    label: str,
    title: str,
) -> Figure:
    """Draw terms as nodes, and lines between those that go together.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n)
        Symmetric, -1 to 1.
    terms : sequence of str
        Names, 100 at most.
    n_studies : ndarray of int64, shape (n,)
        Studies of each: their areas.
    edge_threshold : float or None
        Lines are drawn above this; by default, about two for each term.
    label, title : str
        What the values are, and what stands above the picture.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        If there are too many terms, or the threshold is no number.
    """
    _check_number(terms, NETWORK_TERMS, "a network")
    from matplotlib import pyplot as plt
    from matplotlib.collections import LineCollection

    least = edge_bound(values, edge_threshold)
    places = layout(values)
    i, j = np.nonzero(np.triu(values > least, 1))
    order = np.argsort(values[i, j], kind="stable")  # the strongest are on top
    i, j = i[order], j[order]
    side = float(np.clip(3.2 + 0.8 * np.sqrt(len(terms)), 5, 12))
    figure = plt.figure(figsize=(side * 1.15, side), facecolor="white")
    axes = figure.add_axes((0.02, 0.05, 0.84, 0.87))
    lines = LineCollection(
        [places[[a, b]] for a, b in zip(i, j, strict=True)],
        cmap="viridis_r",
        linewidths=0.8 + 2.5 * values[i, j] / (values[i, j].max(initial=0) or 1.0),
        alpha=0.75,
        zorder=1,
    )
    lines.set_array(values[i, j])
    axes.add_collection(lines)
    sizes = 30 + 370 * n_studies / n_studies.max()
    x, y = places.T
    axes.scatter(x, y, sizes, color="#56B4E9", edgecolors="white", zorder=2)
    axes.set_axis_off()
    axes.margins(0.14, 0.08)
    axes.autoscale_view()
    _name_nodes(axes, places, sizes, [_short(term) for term in terms])
    if len(i):
        bar = figure.colorbar(lines, cax=figure.add_axes((0.9, 0.3, 0.018, 0.4)))
        bar.set_label(label, fontsize=9)
        bar.ax.tick_params(labelsize=8)
    note = (
        f"{len(i):,} lines: {label} > {least:.2g}. Areas: "
        f"{n_studies.min():,} to {n_studies.max():,} studies."
    )
    figure.text(0.02, 0.015, note, fontsize=8, color="0.3")
    if title:
        figure.suptitle(title, fontsize=12, parse_math=False)
    return figure


def _draw_dendrogram(axes: Axes, links: NDArray[np.float64]) -> list[int]:
    """Draw a dendrogram, leaves at the right; give their order from the top."""
    from scipy.cluster.hierarchy import dendrogram

    drawn: dict[str, Any] = dict(
        dendrogram(
            links,
            orientation="left",
            no_labels=True,
            ax=axes,
            color_threshold=0,
            above_threshold_color="0.25",
        )
    )
    low, high = links[:, 2].min(), links[:, 2].max()
    room = 0.08 * (high - low) or 0.1  # lines to the leaves need not reach down to 0
    axes.set_xlim(high + room / 4, low - room)
    axes.set_ylim(10 * (len(links) + 1), 0)
    axes.axis("off")
    return list(drawn["leaves"])


def link(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cluster terms by average linkage of ``1 - value``, neighbours side by side.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n)
        Symmetric, -1 to 1.

    Returns
    -------
    ndarray of float64, shape (n - 1, 4)
        As SciPy's linkage gives it.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    distances = squareform(1 - values, checks=False)
    return np.asarray(linkage(distances, method="average", optimal_ordering=True))


def layout(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place terms in a plane so that those that go together are near each other.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n)
        Symmetric, -1 to 1.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        From 0 to 1. Multidimensional scaling (SMACOF) of ``1 - value``, begun at the
        classical solution, so that it is always the same.
    """
    from sklearn.manifold import smacof

    distances = np.maximum(1 - values, _LEAST_DISTANCE)
    np.fill_diagonal(distances, 0)
    n = len(values)
    centred = np.eye(n) - 1 / n
    sizes, axes = np.linalg.eigh(-centred @ distances**2 @ centred / 2)
    first = axes[:, :-3:-1] * np.sqrt(np.maximum(sizes[:-3:-1], 0))
    places, _ = smacof(distances, init=first, n_init=1, normalized_stress=False)
    spread = np.ptp(places, axis=0).max() or 1.0
    return np.asarray((places - places.min(axis=0)) / spread)


def edge_bound(values: NDArray[np.float64], threshold: float | None) -> float:
    """Give the value above which lines are drawn.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n)
        Symmetric.
    threshold : float or None
        What was asked for; None gives two lines for each term, of positive values.

    Returns
    -------
    float

    Raises
    ------
    OptionError
        If it is no number from -1 up to below 1.
    """
    if threshold is not None:
        number = isinstance(threshold, int | float | np.number)
        if isinstance(threshold, bool) or not number or not -1 <= threshold < 1:
            raise OptionError(
                "edge_threshold must be a number from -1 up and below 1, got "
                f"{threshold!r}."
            )
        return float(threshold)
    pairs = np.sort(values[np.triu_indices_from(values, 1)])[::-1]
    n_edges = _EDGES_PER_TERM * len(values)
    return max(0.0, float(pairs[n_edges])) if n_edges < len(pairs) else 0.0


def _name_nodes(
    axes: Axes,
    places: NDArray[np.float64],
    sizes: NDArray[np.float64],
    names: list[str],
) -> None:
    """Write names beside nodes, the largest first, where they cover least."""
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Bbox

    points = axes.transData.transform(places)
    dots = axes.figure.dpi / 72
    radius = np.sqrt(sizes) / 2 * dots
    taken = [
        Bbox.from_extents(x - r, y - r, x + r, y + r)
        for (x, y), r in zip(points, radius, strict=True)
    ]
    halo: list[AbstractPathEffect] = [withStroke(linewidth=2, foreground="white")]
    for i in np.argsort(-sizes, kind="stable"):
        text = axes.annotate(
            names[i],
            tuple(places[i]),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=8,
            parse_math=False,
            zorder=3,
        )
        text.set_path_effects(halo)
        own = text.get_window_extent()
        best = min(
            _around(own.width, own.height, float(radius[i])),
            key=lambda shift: _covered(own.translated(*shift), taken),
        )
        text.set_position((best[0] / dots, best[1] / dots))
        taken.append(own.translated(*best))


def _around(width: float, height: float, radius: float) -> list[tuple[float, float]]:
    """List places for a text around a node: shifts of its lower left corner."""
    across = (radius + 2, -radius - 2 - width)
    beside = [(x, -height / 2) for x in across]
    over = [(-width / 2, radius + 1), (-width / 2, -radius - 1 - height)]
    corners = [(x * 0.8, y) for x in across for y in (radius * 0.6, -height)]
    return beside + over + corners


def _covered(box: Any, taken: list[Any]) -> float:
    """Measure how much of other boxes a box covers."""
    total = 0.0
    for other in taken:
        width = min(box.x1, other.x1) - max(box.x0, other.x0)
        height = min(box.y1, other.y1) - max(box.y0, other.y0)
        if width > 0 and height > 0:
            total += width * height
    return total


def _check_number(terms: Sequence[str], most: int, kind: str) -> None:
    if len(terms) > most:
        raise OptionError(
            f"{kind} shows at most {most} terms, got {len(terms)}: name some, or raise "
            "min_studies_per_term."
        )


def _short(term: str) -> str:
    """Leave out the middle of a very long name."""
    term = " ".join(term.split())
    half = _LONGEST // 2
    return term if len(term) <= _LONGEST else f"{term[: half - 1]}…{term[-half:]}"

"""Pictures and peak tables of images, by nilearn; imported only when they are made."""

from nimare_neurosynth.plotting._brain import plot_map, save_figure, view_map
from nimare_neurosynth.plotting._clusters import cluster_table, count_clusters
from nimare_neurosynth.plotting._profiles import (
    MOST_TERMS,
    plot_bars,
    plot_heatmap,
    plot_radar,
    plot_scatter,
)

__all__ = [
    "MOST_TERMS",
    "cluster_table",
    "count_clusters",
    "plot_bars",
    "plot_heatmap",
    "plot_map",
    "plot_radar",
    "plot_scatter",
    "save_figure",
    "view_map",
]

"""Pictures and peak tables of images, by nilearn; imported only when they are made."""

from nimare_neurosynth.plotting._brain import plot_map, save_figure, view_map
from nimare_neurosynth.plotting._clusters import cluster_table, count_clusters

__all__ = ["cluster_table", "count_clusters", "plot_map", "save_figure", "view_map"]

"""Pictures of matrices, by nilearn."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import NDArray

_MOST_NAMED = 60


def draw_matrix(values: NDArray[np.float64], labels: list[str], title: str) -> Figure:
    """Draw a matrix, sorted so that what goes together stands together.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n)
        Symmetric.
    labels : list of str
        Written at the sides if there are no more than sixty.
    title : str
        Above the picture.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt
    from nilearn import plotting

    off = values.copy()
    np.fill_diagonal(off, 0)
    order = _order(off)
    off = off[np.ix_(order, order)]
    labels = [labels[i] for i in order]
    most = float(np.abs(off).max()) or 1.0
    size = min(4 + 0.12 * len(labels), 14)
    figure = plt.figure(figsize=(size + 1, size), facecolor="white")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plotting.plot_matrix(
            off,
            labels=labels if len(labels) <= _MOST_NAMED else None,
            figure=figure,
            vmax=most,
            vmin=-most if (off < 0).any() else 0,
            cmap="RdBu_r" if (off < 0).any() else "inferno_r",
            title=None,
        )
    figure.suptitle(title)
    return figure


def _order(values: NDArray[np.float64]) -> list[int]:
    """Put rows that are alike next to each other."""
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import pdist

    if len(values) < 3:
        return list(range(len(values)))
    apart = pdist(values)
    tree = optimal_leaf_ordering(linkage(apart, "average"), apart)
    return [int(i) for i in leaves_list(tree)]


def draw_connectome(
    values: NDArray[np.float64],
    places: NDArray[np.float64],
    strongest: float,
    title: str,
) -> Figure:
    """Draw the strongest pairs between places in a glass brain.

    Parameters
    ----------
    values : ndarray of float64, shape (n, n)
        Symmetric.
    places : ndarray of float64, shape (n, 3)
        In mm.
    strongest : float
        Share of the pairs that is shown, above 0 up to 1.
    title : str
        Above the picture.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    OptionError
        If the share is none.
    """
    from matplotlib import pyplot as plt
    from nilearn import plotting

    number = isinstance(strongest, int | float | np.number)
    if not (number and 0 < strongest <= 1):
        raise OptionError(
            f"strongest must be a share above 0 up to 1, got {strongest!r}."
        )
    off = values.copy()
    np.fill_diagonal(off, 0)
    size = off[np.triu_indices_from(off, 1)]
    n = max(1, round(strongest * len(size)))
    least = np.sort(np.abs(size))[-n]
    off[np.abs(off) < least] = 0
    figure = plt.figure(figsize=(10, 4), facecolor="white")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plotting.plot_connectome(
            off,
            places,
            figure=figure,
            display_mode="lyrz",
            node_size=12,
            node_color="0.2",
            edge_cmap="RdBu_r",
            colorbar=bool(off.any()),  # nilearn has no colours of no edges
            edge_kwargs={"linewidth": 1.2},
        )
    if title:
        figure.suptitle(title)
    return figure


def draw_parcels(image: Nifti1Image, n: int, title: str) -> Figure:
    """Draw clusters on slices through the middle of them.

    Parameters
    ----------
    image : nibabel image
        Whole numbers from 1 to ``n``; 0 is background.
    n : int
        How many clusters there are.
    title : str
        Above the picture.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import colormaps
    from matplotlib import pyplot as plt
    from matplotlib.colors import ListedColormap
    from nilearn import plotting

    colours = colormaps["tab10" if n <= 10 else "tab20"](range(n))
    cuts = _cuts(np.asanyarray(image.dataobj), image.affine)
    figure = plt.figure(figsize=(10, 6), facecolor="white")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for row, axis in enumerate("xyz"):
            plotting.plot_roi(
                image,
                figure=figure,
                axes=(0.01, 0.64 - 0.32 * row, 0.97, 0.30),
                display_mode=axis,
                cut_coords=cuts[row],
                cmap=ListedColormap(colours),
                vmin=1,
                vmax=n,
                alpha=0.9,
                black_bg=False,
                colorbar=False,
            )
    figure.suptitle(title)
    return figure


def _cuts(values: NDArray[np.int64], affine: NDArray[np.float64]) -> list[list[float]]:
    """Choose six slices along each axis of the brain that lie within it."""
    # of grids that are turned, voxels have no coordinate in common: hence the rounding
    places = np.argwhere(values > 0) @ affine[:3, :3].T + affine[:3, 3]
    cuts = []
    for axis in range(3):
        present = np.unique(places[:, axis].round(2))
        at = np.linspace(0.1, 0.9, 6) * (len(present) - 1)
        cuts.append([float(v) for v in present[np.unique(at.round().astype(int))]])
    return cuts

"""Brains."""

from __future__ import annotations

import warnings
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from nibabel.nifti1 import Nifti1Image
    from nilearn.plotting.html_document import HTMLDocument

_CUTS_MM = (-30, -18, -6, 8, 24, 40, 56)
_KINDS = ("glass", "slices", "both")


def plot_map(image: Nifti1Image, *, title: str = "", kind: str = "both") -> Figure:
    """Draw an image as a glass brain, as slices on the MNI152 template, or both.

    Parameters
    ----------
    image : nibabel image
        In MNI space; voxels of value 0 are not drawn.
    title : str
        Above the picture.
    kind : {"glass", "slices", "both"}
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        A pyplot figure: ``plt.show()`` shows it, :func:`save_figure` keeps it.

    Raises
    ------
    OptionError
        If there is no such kind.
    """
    if kind not in _KINDS:
        raise OptionError(f"kind must be one of {', '.join(_KINDS)}, got {kind!r}.")
    from matplotlib import pyplot as plt
    from nilearn import plotting

    limits = _limits(image)
    both = kind == "both"
    figure = plt.figure(figsize=(10, 5.2 if both else 3), facecolor="white")
    upper = (0.01, 0.45, 0.97, 0.47) if both else (0.01, 0.02, 0.97, 0.86)
    lower = (0.01, 0.02, 0.97, 0.40) if both else upper
    with warnings.catch_warnings():
        # an image without any significant voxel is drawn as an empty brain
        warnings.simplefilter("ignore")
        if kind != "slices":
            plotting.plot_glass_brain(
                image,
                axes=upper,
                figure=figure,
                display_mode="lyrz",
                colorbar=True,
                plot_abs=False,
                **limits,
            )
        if kind != "glass":
            plotting.plot_stat_map(
                image,
                axes=lower,
                figure=figure,
                display_mode="z",
                cut_coords=_CUTS_MM,
                colorbar=not both,
                black_bg=False,
                **limits,
            )
    if not np.asanyarray(image.dataobj).any():
        title = f"{title}\n(no voxel is left)"
    if title:
        figure.suptitle(title, fontsize=12, y=0.985, va="top")
    return figure


def _limits(image: Nifti1Image) -> dict[str, Any]:
    """Choose colours: both signs share a scale; what is 0 stays clear."""
    sizes = np.abs(np.asanyarray(image.dataobj, dtype=np.float64))
    most = float(sizes.max(initial=0.0)) or 1.0
    least = float(sizes[sizes > 0].min(initial=most))
    signed = bool((np.asanyarray(image.dataobj) < 0).any())
    lowest = -most if signed else 0.0
    if not signed and least > 0.5 * most:  # all would be of the darkest colours
        lowest = least
    return {
        "threshold": least * (1 - 1e-6),
        "vmax": most,
        "vmin": lowest,
        "cmap": "RdBu_r" if signed else "inferno_r",
        "cbar_tick_format": "%.1f" if most >= 2 else "%.2f",
    }


def save_figure(figure: Figure, path: Path) -> None:
    """Save a figure as a picture at 150 dots an inch, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From :func:`plot_map`.
    path : pathlib.Path
        Its ending says of which kind: ``.png``, ``.pdf``, ``.svg``.
    """
    from matplotlib import pyplot as plt

    try:
        figure.savefig(path, dpi=150, facecolor="white")
    finally:
        plt.close(figure)


def view_map(image: Nifti1Image, *, title: str = "") -> HTMLDocument:
    """Make an interactive HTML view of an image on the MNI152 template.

    Parameters
    ----------
    image : nibabel image
        In MNI space.
    title : str
        Shown in the view.

    Returns
    -------
    nilearn HTML document
        One self-contained page.
    """
    from nilearn import plotting

    limits = _limits(image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return plotting.view_img(
            image,
            title=escape(title),  # nilearn puts it into the page as it is
            threshold=limits["threshold"],
            vmax=limits["vmax"],
            symmetric_cmap=bool(limits["vmin"] < 0),
            cmap=limits["cmap"],
        )

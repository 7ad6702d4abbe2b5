"""An atlas of analyses: at each voxel, the one that is strongest there."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, warn
from nimare_neurosynth.io import atomic_folder, write_table
from nimare_neurosynth.meta import DEFAULT_Q
from nimare_neurosynth.networks._combine import (
    check_combinable,
    each_above,
    facts_of,
    how_thresholded,
    need_threshold,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import NDArray

    from nimare_neurosynth.meta import Maps
    from nimare_neurosynth.space import Mask

_HUES = (  # Okabe and Ito's, without black: brains are drawn in black and grey
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#F0E442"),
)
_STEM = "term_atlas"
_FILES = (".nii.gz", ".tsv", ".json")
_NO_FOLDERS = (".nii", ".gz", ".tsv", ".json", ".png", ".img", ".hdr")
_CUTS_MM = {"z": (-30, -18, -6, 8, 24, 40, 56), "x": (-52, -38, -22, -4, 22, 38, 52)}
_LABEL_WIDTH = 44


@dataclass(frozen=True, eq=False, repr=False)
class TermAtlas:
    """Which of several analyses is strongest at each voxel.

    Attributes
    ----------
    mask : Mask
        The voxels.
    labels : tuple of str
        The analyses; the number of each is its place, from 1 up.
    values : ndarray of int16, shape (n_voxels,)
        Number of the strongest analysis; 0 where none passes.
    largest : ndarray of float64, shape (n_voxels,)
        Its value there; 0 where none passes.
    n_studies : ndarray of int64, shape (n_labels,)
        Studies of each analysis.
    facts : dict
        How it was made; ``n_ties`` counts the voxels where several analyses were
        strongest.
    """

    mask: Mask
    labels: tuple[str, ...]
    values: NDArray[np.int16]
    largest: NDArray[np.float64]
    n_studies: NDArray[np.int64]
    facts: dict[str, Any]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_voxels(self) -> NDArray[np.int64]:
        """Number of voxels of each analysis, shape (n_labels,)."""
        return np.bincount(self.values, minlength=len(self) + 1)[1:].astype(np.int64)

    @property
    def colours(self) -> tuple[str, ...]:
        """Colour of each analysis, as ``#rrggbb``: always the same for a number.

        Seven that colour-blind people can tell apart, then darker and lighter ones of
        these; from the 22nd on they repeat.
        """
        shades = _palette()
        return tuple(shades[i % len(shades)] for i in range(len(self)))

    def table(self) -> pd.DataFrame:
        """Give a row per analysis.

        Returns
        -------
        pandas.DataFrame
            ``label``, ``number``, ``n_voxels``, ``n_studies``; ``x``, ``y``, ``z`` (mm)
            of the largest value among its voxels, and this ``value`` (missing where it
            has no voxel); ``colour``.
        """
        import pandas as pd

        rows = []
        for number in range(1, len(self) + 1):
            own = np.flatnonzero(self.values == number)
            best = own[self.largest[own].argmax()] if len(own) else None
            xyz = [np.nan] * 3 if best is None else self.mask.xyz_mm[best].tolist()
            value = np.nan if best is None else float(self.largest[best])
            rows.append([*xyz, value])
        table = pd.DataFrame(rows, columns=["x", "y", "z", "value"])
        table.insert(0, "label", pd.Series(list(self.labels), dtype="str"))
        table.insert(1, "number", np.arange(1, len(self) + 1))
        table.insert(2, "n_voxels", self.n_voxels)
        table.insert(3, "n_studies", self.n_studies)
        table["colour"] = list(self.colours)
        return table

    def image(self) -> Nifti1Image:
        """Give the numbers as a NIfTI image of int16, 0 where no analysis passes."""
        image = self.mask.to_image(self.values.astype(np.int16))
        image.header["descrip"] = f"strongest of {len(self)} maps".encode()
        return image

    def plot(self, *, title: str | None = None) -> Figure:
        """Draw the atlas on slices of the MNI152 template, with a legend.

        Parameters
        ----------
        title : str, optional
            Made from the map and the threshold by default.

        Returns
        -------
        matplotlib.figure.Figure
            A pyplot figure. Left is left, as it says.
        """
        from matplotlib import pyplot as plt
        from nilearn import plotting

        if title is None:
            title = f"Strongest of {len(self)}: {how_thresholded(self.facts)}"
        if len(self) > (n := len(_palette())):
            warn(
                f"{len(self)} analyses are drawn in {n} colours, so that some look "
                "alike: table() tells them apart, or make an atlas of fewer."
            )
        if not self.values.any():
            title = f"{title}\n(no voxel is left)".strip()
        n_columns = min(len(self), 3)
        below = 0.3 + 0.22 * -(-len(self) // n_columns)
        rows, above = 1.6 * len(_CUTS_MM), 0.5
        height = above + rows + below
        figure = plt.figure(figsize=(10, height), facecolor="white")
        for i, (axis, cuts) in enumerate(_CUTS_MM.items()):
            bottom = below + rows * (1 - (i + 1) / len(_CUTS_MM))
            place = (0.01, bottom / height, 0.98, rows / len(_CUTS_MM) / height)
            self._draw(plotting, figure, place, axis, cuts)
        self._legend(figure, n_columns)
        figure.suptitle(
            title, fontsize=12, y=1 - 0.1 / height, va="top", parse_math=False
        )
        return figure

    def _draw(
        self, plotting: Any, figure: Figure, place: Any, axis: str, cuts: Any
    ) -> None:
        import warnings

        from matplotlib.colors import ListedColormap

        with warnings.catch_warnings():
            # an atlas without any voxel is drawn as an empty brain
            warnings.simplefilter("ignore")
            display = plotting.plot_roi(
                self.image(),
                axes=place,
                figure=figure,
                display_mode=axis,
                cut_coords=cuts,
                cmap=ListedColormap(list(self.colours)),
                vmin=0.5,
                vmax=len(self) + 0.5,
                alpha=0.9,
                black_bg=False,
                colorbar=False,
                annotate=False,
            )
            display.annotate(size=9)

    def _legend(self, figure: Figure, n_columns: int) -> None:
        from matplotlib.patches import Patch

        legend = figure.legend(
            handles=[Patch(facecolor=colour) for colour in self.colours],
            labels=[str(i) for i in range(len(self))],  # "_" would hide a label
            loc="lower center",
            ncols=n_columns,
            frameon=False,
            fontsize=9,
        )
        sizes = self.n_voxels
        for text, label, n in zip(legend.get_texts(), self.labels, sizes, strict=True):
            shown = shorten(label, _LABEL_WIDTH, placeholder="…") or label
            text.set(text=shown if n else f"{shown} (nowhere)", parse_math=False)

    def save(self, path: str | Path) -> list[Path]:
        """Write the image of numbers, the table and a JSON sidecar of both.

        Parameters
        ----------
        path : str or path
            A folder, in which they are called ``term_atlas``, or a name that ends in
            ``.nii.gz``. All files appear, or none.

        Returns
        -------
        list of pathlib.Path
            Image, table (``.tsv``) and sidecar (``.json``).

        Raises
        ------
        OptionError
            If it ends like a file of another kind.
        FormatError
            If it cannot be written.
        """
        target = Path(path)
        folder, stem = target, _STEM
        if target.name.endswith(".nii.gz"):
            folder, stem = target.parent, target.name.removesuffix(".nii.gz")
        elif target.suffix in _NO_FOLDERS:
            raise OptionError(
                f"an atlas goes into a folder or a .nii.gz, got {target.name!r}."
            )
        with atomic_folder(folder) as staging:
            self.image().to_filename(staging / f"{stem}.nii.gz")
            facts = {"image": f"{stem}.nii.gz", **self.facts}
            write_table(staging / f"{stem}.tsv", self.table(), facts)
        return [folder / f"{stem}{ending}" for ending in _FILES]

    def __repr__(self) -> str:
        n = int(np.count_nonzero(self.values))
        return (
            f"<TermAtlas of {len(self)} labels: {n:,} of {self.mask.n_voxels:,} voxels>"
        )

    def _repr_html_(self) -> str:
        table = self.table().head(20)
        html = table.to_html(index=False, float_format=lambda v: f"{v:.3g}")
        return f"<p>{escape(repr(self))}</p>{html}"


def term_atlas(
    maps: Maps,
    name: str = "z_desc-association",
    *,
    threshold: float | None = None,
    fdr_q: float | None = DEFAULT_Q,
) -> TermAtlas:
    """Give each voxel to the analysis that is strongest there.

    Parameters
    ----------
    maps : Maps
        Of two labels or more, from :func:`nimare_neurosynth.meta_analysis` or
        :func:`macm`.
    name : str
        A map of one of the two tests; see :data:`nimare_neurosynth.meta.MAPS`.
    threshold : float, optional
        An analysis counts where its value is above this (and its test positive),
        whether significant or not; ``fdr_q`` has no say then.
    fdr_q : float, optional
        It counts where it is positive and significant at this false discovery rate.

    Returns
    -------
    TermAtlas
        Where several are exactly as strong, the first of them is taken.

    Raises
    ------
    OptionError
        If there is one label only, or the map, threshold or rate cannot be used.

    Notes
    -----
    z grows with the number of studies: an analysis of more studies takes more voxels.
    That it is the strongest does not say that it is significantly stronger than the
    next; for two analyses, ``meta_analysis(..., versus=...)`` tests that.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo, meta_analysis
    >>> maps = meta_analysis(load_demo(), ["working memory", "emotion"])
    >>> atlas = term_atlas(maps, threshold=3)
    >>> atlas.table()["label"].tolist()
    ['working memory', 'emotion']
    """
    check_combinable(maps, name)
    need_threshold(threshold, fdr_q)
    winner = np.zeros(maps.mask.n_voxels, dtype=np.int16)
    largest = np.zeros(maps.mask.n_voxels)
    tied = np.zeros(maps.mask.n_voxels, dtype=bool)
    parts = each_above(maps, name, threshold=threshold, fdr_q=fdr_q)
    for number, (values, above) in enumerate(parts, start=1):
        better = above & ((values > largest) | (winner == 0))
        tied |= above & (winner > 0) & (values == largest)
        tied &= ~better
        winner[better] = number
        largest[better] = values[better]
    facts = {
        "kind": "term atlas",
        "labels": list(maps.labels),
        **facts_of(maps, name, threshold=threshold, fdr_q=fdr_q),
        "n_ties": int(np.count_nonzero(tied)),
    }
    if not winner.any():
        warn(f"the atlas is empty: no voxel passes ({how_thresholded(facts)}).")
    n_studies = np.asarray(maps.n_selected, dtype=np.int64)
    return TermAtlas(maps.mask, maps.labels, winner, largest, n_studies, facts)


def _palette() -> list[str]:
    """List the colours there are: hues, then darker and lighter ones."""
    return [*_HUES, *(_mixed(h, 0.0) for h in _HUES), *(_mixed(h, 1.0) for h in _HUES)]


def _mixed(colour: str, with_grey: float, share: float = 0.45) -> str:
    """Mix a colour with black (0) or white (1)."""
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = ((1 - share) * v + share * with_grey for v in to_rgb(colour))
    return str(to_hex((red, green, blue)))

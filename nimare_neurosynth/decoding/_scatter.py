"""A picture of an image against the map of a term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nimare_neurosynth.decoding._compare import check_varies
from nimare_neurosynth.decoding._images import read_patterns
from nimare_neurosynth.errors import ImageError, warn

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nimare_neurosynth.decoding._continuous import MapDecoder
    from nimare_neurosynth.decoding._stored import StoredDecoder


def scatter(
    decoder: MapDecoder | StoredDecoder,
    image: Any,
    term: str,
    *,
    min_overlap: float = 0.25,
) -> Figure:
    """Draw the voxels of an image against those of a term's association map.

    Parameters
    ----------
    decoder : MapDecoder or StoredDecoder
        That has the term.
    image : path, nibabel image or ndarray
        One image; see :func:`nimare_neurosynth.decode`.
    term : str
        The term.
    min_overlap : float
        Share of the image's values that must lie within the brain mask.

    Returns
    -------
    matplotlib.figure.Figure
        As the density of voxels, with the line of regression and r.

    Raises
    ------
    UnknownTermError
        If the decoder does not have the term.
    ImageError
        If there are several images, or the image cannot be used.
    """
    from nimare_neurosynth.plotting import plot_scatter

    patterns = read_patterns(image, decoder.mask, min_overlap=min_overlap)
    if len(patterns) != 1:
        raise ImageError(f"one image is needed to draw, got {len(patterns)}.")
    inside = decoder.voxels
    values = patterns[0].values[inside]
    check_varies(values, patterns[0].name, "pearson")
    if n := patterns[0].facts["n_not_finite"]:
        warn(
            f"{n:,} voxels of {patterns[0].name!r} in the brain are NaN or infinite: "
            "they count as 0."
        )
    return plot_scatter(
        values,
        decoder.values(term)[inside],
        x_label=patterns[0].name,
        y_label=f"{term} (association z)",
    )

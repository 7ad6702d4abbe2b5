"""What several analyses have in common: conjunction and overlap of their maps."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError, warn
from nimare_neurosynth.io import atomic_folder, write_json
from nimare_neurosynth.meta import DEFAULT_Q, MAPS, Maps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure
    from nibabel.nifti1 import Nifti1Image
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.space import Mask

NICHOLS = (
    "Nichols T, Brett M, Andersson J, Wager T, Poline JB (2005). Valid conjunction "
    "inference with the minimum statistic. NeuroImage 25:653-660. "
    "https://doi.org/10.1016/j.neuroimage.2004.12.005"
)
_NAMED_IN_TITLE = 60


@dataclass(frozen=True, eq=False, repr=False)
class CombinedMap:
    """One map made of those of several analyses.

    Attributes
    ----------
    mask : Mask
        The voxels.
    values : ndarray, shape (n_voxels,)
        The smallest z (float64) of a conjunction, the number of analyses (int16) of an
        overlap; 0 elsewhere.
    labels : tuple of str
        The analyses.
    kind : {"conjunction", "overlap"}
        How they were combined.
    facts : dict
        How it was made.
    """

    mask: Mask
    values: NDArray[Any]
    labels: tuple[str, ...]
    kind: str
    facts: dict[str, Any]

    @property
    def n_voxels(self) -> int:
        """Number of voxels that are not 0."""
        return int(np.count_nonzero(self.values))

    def image(self) -> Nifti1Image:
        """Give the map as a NIfTI image: float32, of an overlap int16."""
        dtype = np.int16 if self.kind == "overlap" else np.float32
        image = self.mask.to_image(self.values.astype(dtype))
        image.header["descrip"] = f"{self.kind} of {len(self.labels)} maps".encode()
        return image

    def plot(self, *, kind: str = "both", title: str | None = None) -> Figure:
        """Draw the map with nilearn.

        Parameters
        ----------
        kind : {"glass", "slices", "both"}
            A glass brain, slices on the MNI152 template, or one above the other.
        title : str, optional
            Made from the analyses by default.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from nimare_neurosynth.plotting import plot_map

        if title is None:
            what = f"{self.kind.capitalize()} of {self._named()}"
            title = f"{what}: {how_thresholded(self.facts)}"
        return plot_map(self.image(), title=title, kind=kind)

    def save(self, path: str | Path) -> Path:
        """Write the image, with a JSON sidecar that says how it was made.

        Parameters
        ----------
        path : str or path
            Ends in ``.nii.gz``; folders are made. Both files appear, or none.

        Returns
        -------
        pathlib.Path

        Raises
        ------
        OptionError
            If it ends in something else.
        FormatError
            If it cannot be written.
        """
        target = Path(path)
        if not target.name.endswith(".nii.gz"):
            raise OptionError(f"the name must end in .nii.gz, got {target.name!r}.")
        stem = target.name.removesuffix(".nii.gz")
        with atomic_folder(target.parent) as staging:
            self.image().to_filename(staging / target.name)
            write_json(staging / f"{stem}.json", {"image": target.name, **self.facts})
        return target

    def _named(self) -> str:
        named = ", ".join(self.labels)
        return named if len(named) <= _NAMED_IN_TITLE else f"{len(self.labels)} maps"

    def __repr__(self) -> str:
        return (
            f"<CombinedMap: {self.kind} of {len(self.labels)} labels, "
            f"{self.n_voxels:,} of {self.mask.n_voxels:,} voxels>"
        )

    def _repr_html_(self) -> str:
        rows = [("analyses", ", ".join(self.labels)), ("voxels", f"{self.n_voxels:,}")]
        if self.n_voxels:
            best = int(self.values.argmax())
            place = ", ".join(f"{v:g}" for v in self.mask.xyz_mm[best])
            rows += [("largest", f"{self.values[best]:.4g}"), ("at (mm)", place)]
        cells = "".join(f"<tr><th>{k}</th><td>{escape(v)}</td></tr>" for k, v in rows)
        return f"<p>{escape(repr(self))}</p><table>{cells}</table>"


def conjunction(
    maps: Maps, name: str = "z_desc-association", *, fdr_q: float | None = None
) -> CombinedMap:
    """Find where all of several analyses are positive: their smallest value there.

    Parameters
    ----------
    maps : Maps
        Of two labels or more, from :func:`nimare_neurosynth.meta_analysis` or
        :func:`macm`.
    name : str
        A map of one of the two tests; see :data:`nimare_neurosynth.meta.MAPS`.
    fdr_q : float, optional
        Keep only voxels where each analysis is significant at this false discovery
        rate.

    Returns
    -------
    CombinedMap
        0 where one analysis is not positive (not significant, with ``fdr_q``).

    Raises
    ------
    OptionError
        If there is one label only, or the map or the rate cannot be used.

    Notes
    -----
    The smallest of several z tests whether all effects are there, not whether any is
    (the conjunction null of Nichols et al. 2005); it needs no independence, so that
    the same studies may be in several analyses. Each analysis is corrected on its own:
    among the voxels of the conjunction, the share of false ones may be above ``fdr_q``.

    References
    ----------
    Nichols et al. (2005), NeuroImage 25:653-660.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo, meta_analysis
    >>> maps = meta_analysis(load_demo(), ["working memory", "verbal"])
    >>> both = conjunction(maps)
    >>> bool((both.values <= maps["z_desc-association"].clip(0).min(axis=0)).all())
    True
    """
    check_combinable(maps, name)
    smallest = np.full(maps.mask.n_voxels, np.inf)
    everywhere = np.ones(maps.mask.n_voxels, dtype=bool)
    for values, above in each_above(maps, name, threshold=None, fdr_q=fdr_q):
        smallest = np.minimum(smallest, values)
        everywhere &= above
    facts = facts_of(maps, name, threshold=None, fdr_q=fdr_q)
    facts["citations"] = [*facts["citations"], NICHOLS]
    found = np.where(everywhere, smallest, 0.0)
    return _made(maps, found, "conjunction", facts)


def overlap(
    maps: Maps,
    name: str = "z_desc-association",
    *,
    threshold: float | None = None,
    fdr_q: float | None = DEFAULT_Q,
) -> CombinedMap:
    """Count, for each voxel, the analyses that find something there.

    Parameters
    ----------
    maps : Maps
        Of two labels or more.
    name : str
        A map of one of the two tests; see :data:`nimare_neurosynth.meta.MAPS`.
    threshold : float, optional
        Count an analysis where its value is above this (and its test positive),
        whether significant or not; ``fdr_q`` has no say then.
    fdr_q : float, optional
        Count it where it is positive and significant at this false discovery rate.

    Returns
    -------
    CombinedMap
        From 0 to the number of labels.

    Raises
    ------
    OptionError
        If there is one label only, or the map, threshold or rate cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo, meta_analysis
    >>> maps = meta_analysis(load_demo(), ["working memory", "verbal", "emotion"])
    >>> found = overlap(maps, threshold=2)
    >>> int(found.values.min()), int(found.values.max())
    (0, 3)
    """
    check_combinable(maps, name)
    need_threshold(threshold, fdr_q)
    times = np.zeros(maps.mask.n_voxels, dtype=np.int16)
    for _, above in each_above(maps, name, threshold=threshold, fdr_q=fdr_q):
        times += above
    facts = facts_of(maps, name, threshold=threshold, fdr_q=fdr_q)
    return _made(maps, times, "overlap", facts)


def _made(
    maps: Maps, values: NDArray[Any], kind: str, facts: dict[str, Any]
) -> CombinedMap:
    made = CombinedMap(maps.mask, values, maps.labels, kind, {"kind": kind, **facts})
    facts = made.facts
    facts["n_voxels"] = made.n_voxels
    if not made.n_voxels:
        warn(f"the {kind} is empty: no voxel passes ({how_thresholded(facts)}).")
    return made


def check_combinable(maps: object, name: str) -> None:
    """Check that these are maps of several labels, and one that can be combined.

    Raises
    ------
    OptionError
        If not.
    """
    if not isinstance(maps, Maps):
        raise OptionError(
            f"Maps of several labels are needed, got {type(maps).__name__}: make them "
            "with meta_analysis(database, [query, query]) or macm(database, seeds)."
        )
    if len(maps) < 2:
        raise OptionError(
            f"two labels at least are needed, got the maps of {maps.labels[0]!r} alone:"
            " make those of several at once, meta_analysis(database, [query, query])."
        )
    maps.array(name, label=maps.labels[0])  # tells of unknown names
    usable = [n for n, info in MAPS.items() if info.test and not n.startswith("p_")]
    if name not in usable:
        why = (
            "in it small values are strong"
            if name.startswith("p_")
            else "it belongs to no test"
        )
        raise OptionError(
            f"{name} cannot be combined, as {why}: use one of {', '.join(usable)}."
        )


def need_threshold(threshold: float | None, fdr_q: float | None) -> None:
    """Check that there is something to decide by.

    Raises
    ------
    OptionError
        If neither is given, or the threshold is no number from 0 up.
    """
    if threshold is None:
        if fdr_q is None:
            raise OptionError("give a threshold or an fdr_q: neither was given.")
        return
    number = isinstance(threshold, int | float | np.number)
    if isinstance(threshold, bool) or not number or not 0 <= threshold < np.inf:
        raise OptionError(
            f"threshold must be a number from 0 up, got {threshold!r}: only positive "
            "values are combined."
        )


def each_above(
    maps: Maps, name: str, *, threshold: float | None, fdr_q: float | None
) -> Iterator[tuple[NDArray[np.float64], BoolArray]]:
    """Give the map of each label, and where it is positive and passes.

    Parameters
    ----------
    maps, name
        What was checked by :func:`check_combinable`.
    threshold, fdr_q
        Values above it, or else significant ones; with neither, all that are positive.

    Yields
    ------
    values : ndarray of float64, shape (n_voxels,)
        One label's map.
    above : ndarray of bool, shape (n_voxels,)
        Where its test is positive and it passes.
    """
    z_name = f"z_desc-{MAPS[name].test}"
    q = fdr_q if threshold is None else None
    for label in maps.labels:
        # chi-squares and logp have no sign: it is that of z
        above = maps.array(z_name, label=label, fdr_q=q) > 0
        values = maps.array(name, label=label)
        if threshold is not None:
            above &= values > threshold
        yield values, above


def facts_of(
    maps: Maps, name: str, *, threshold: float | None, fdr_q: float | None
) -> dict[str, Any]:
    """Say how maps were made and what of them was used, for a sidecar."""
    q = None if threshold is not None else fdr_q
    sides = [maps.sidecar(name, label=label, fdr_q=q) for label in maps.labels]
    shared = (
        *("n_studies", "versus", "universe", "radius_mm", "talairach_matrix", "prior"),
        *("min_studies", "mask", "database", "software", "citations"),
    )
    return {
        "map": name,
        "threshold": None if threshold is None else float(threshold),
        "fdr_q": None if q is None else float(q),
        "analyses": {
            side["query"]: {k: side[k] for k in ("n_selected", "selection", "methods")}
            for side in sides
        },
        **{key: sides[0][key] for key in shared},
    }


def how_thresholded(facts: dict[str, Any]) -> str:
    """Name a map and what was asked of it, for titles and warnings."""
    if facts["threshold"] is not None:
        return f"{facts['map']} > {facts['threshold']:g}"
    if facts["fdr_q"] is not None:
        return f"{facts['map']}, FDR q < {facts['fdr_q']:g}"
    return f"{facts['map']} > 0"

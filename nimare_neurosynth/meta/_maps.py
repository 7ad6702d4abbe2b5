"""The maps of one or many selections: counts, and everything that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import parse_coordinates
from nimare_neurosynth.errors import OptionError, UnknownTermError, suggest
from nimare_neurosynth.meta._names import (
    DEFAULT_Q,
    MAPS,
    Test,
    check_drawable,
    check_q,
    map_info,
)
from nimare_neurosynth.stats import (
    Probabilities,
    association_and_uniformity_z,
    fdr_significant,
    logp_from_z,
    p_from_z,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure
    from nibabel.nifti1 import Nifti1Image
    from nilearn.plotting.html_document import HTMLDocument
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.meta._family import FamilyWise
    from nimare_neurosynth.meta._provenance import Provenance
    from nimare_neurosynth.space import Mask

DEFAULT_MAP = "z_desc-association"

_PROBABILITIES = {
    "prob_desc-A": "a",
    "prob_desc-AgF": "a_given_f",
    "prob_desc-AgU": "a_given_u",
    "prob_desc-FgA": "f_given_a",
    "prob_desc-AgF_prior": "a_prior",
    "prob_desc-FgA_prior": "f_given_a_prior",
}


@dataclass(frozen=True, eq=False)
class Maps:
    """Maps of one or many selections of studies, all over the same voxels.

    Only the counts are held; every map is computed from them when it is asked for,
    which takes a millisecond or two. ``maps["z_desc-association"]`` is an array;
    :meth:`image` gives NIfTI. :data:`nimare_neurosynth.meta.MAPS` lists the maps.

    Attributes
    ----------
    mask : Mask
        The voxels, and their place in MNI space.
    labels : tuple of str
        What was asked: one query or name for each set of maps.
    counts : ndarray of int32, shape (n_labels, n_voxels)
        Selected studies that activate each voxel.
    totals : ndarray of int32, shape (n_voxels,)
        Studies that activate each voxel, selected or not.
    n_selected : ndarray of int64, shape (n_labels,)
        Selected studies.
    expected : ndarray of float64, shape (n_labels,)
        Mean count over the voxels of the mask.
    n_studies : int
        Studies counted, selected or not.
    prior : float
        Prior probability of being selected in the ``_prior`` maps.
    least_studies : int
        Voxels that fewer studies activate are left out (0; p 1).
    provenance : Provenance
        Database, options and versions.
    """

    mask: Mask
    labels: tuple[str, ...]
    counts: NDArray[np.int32]
    totals: NDArray[np.int32]
    n_selected: NDArray[np.int64]
    expected: NDArray[np.float64]
    n_studies: int
    prior: float
    least_studies: int
    provenance: Provenance
    _last_z: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = field(
        default_factory=dict, init=False, repr=False
    )

    # ------------------------------------------------------------- labels

    def __len__(self) -> int:
        return len(self.labels)

    def label(self, label: str) -> Maps:
        """Give the maps of one label.

        Parameters
        ----------
        label : str
            One of ``labels``.

        Returns
        -------
        Maps

        Raises
        ------
        UnknownTermError
            If there is none of this name.
        """
        row = self.row(label)
        part = slice(row, row + 1)
        return replace(
            self,
            labels=self.labels[part],
            counts=self.counts[part],
            n_selected=self.n_selected[part],
            expected=self.expected[part],
        )

    def row(self, label: str | None) -> int:
        """Give the position of a label; None means the only one there is.

        Raises
        ------
        UnknownTermError, OptionError
            If there is none of this name, or several and none was named.
        """
        if label is None:
            if len(self) == 1:
                return 0
            raise OptionError(
                f"these are the maps of {len(self)} labels: say which label."
            )
        if label not in self.labels:
            raise UnknownTermError(
                f"there are no maps of {label!r}.{suggest(label, self.labels)}"
            )
        return self.labels.index(label)

    # --------------------------------------------------------------- maps

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the maps there are."""
        return tuple(MAPS)

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Give a map: shape (n_voxels,), or (n_labels, n_voxels) for several labels."""
        map_info(name)
        rows = [self.array(name, label=label) for label in self.labels]
        return rows[0] if len(rows) == 1 else np.stack(rows)

    def array(
        self, name: str, *, label: str | None = None, fdr_q: float | None = None
    ) -> NDArray[np.float64]:
        """Compute a map.

        Parameters
        ----------
        name : str
            One of :attr:`names`.
        label : str, optional
            Which label's; not needed where there is one.
        fdr_q : float, optional
            Keep only voxels where the map's test is significant at this false discovery
            rate (Benjamini-Hochberg over all voxels of the mask, before
            ``least_studies`` leaves any out, as legacy Neurosynth did).

        Returns
        -------
        ndarray of float64, shape (n_voxels,)
            0 where no study activates the voxel (p values 1): never NaN.
        """
        info = map_info(name)
        row = self.row(label)
        values = self._values(name, row)
        outside = 1.0 if name.startswith("p_") else 0.0
        kept = self.totals >= self.least_studies
        if fdr_q is not None:
            if info.test is None:
                raise OptionError(
                    f"{name} belongs to no test, so it has no thresholded form."
                )
            kept &= self._significant(info.test, row, check_q(fdr_q))
        return np.where(kept, values, outside)

    def _values(self, name: str, row: int) -> NDArray[np.float64]:
        if name in _PROBABILITIES:
            return np.asarray(getattr(self._probabilities(row), _PROBABILITIES[name]))
        kind, _, test = name.partition("_desc-")
        z = self._z(row)[0 if test == "association" else 1]
        if kind == "z":
            return z
        if kind == "chi2":
            return z * z
        return p_from_z(z) if kind == "p" else logp_from_z(z)

    def _z(self, row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        pair = self._last_z.get(row)
        if pair is None:
            association, uniformity = association_and_uniformity_z(
                self.counts[row : row + 1],
                n_selected=self.n_selected[row : row + 1],
                expected=self.expected[row : row + 1],
                totals=self.totals,
                n_studies=self.n_studies,
            )
            pair = association[0], uniformity[0]
            self._last_z.clear()  # one row is kept: several maps are made of it
            self._last_z[row] = pair
        return pair

    def _probabilities(self, row: int) -> Probabilities:
        return Probabilities(
            self.counts[row],
            self.totals,
            int(self.n_selected[row]),
            self.n_studies,
            self.prior,
        )

    def _significant(self, test: Test, row: int, q: float) -> BoolArray:
        return fdr_significant(self._z(row)[0 if test == "association" else 1], q)

    def image(
        self, name: str, *, label: str | None = None, fdr_q: float | None = None
    ) -> Nifti1Image:
        """Give a map as a NIfTI image of float32 in MNI152 space; see :meth:`array`."""
        values = self.array(name, label=label, fdr_q=fdr_q)
        return self.mask.to_image(values.astype(np.float32))

    def value_at(
        self, xyz: Sequence[float], name: str = DEFAULT_MAP, *, label: str | None = None
    ) -> float:
        """Read a map at an MNI coordinate.

        Parameters
        ----------
        xyz : sequence of float, length 3
            Coordinate in mm; the voxel it rounds to is read.
        name, label
            See :meth:`array`.

        Returns
        -------
        float

        Raises
        ------
        OptionError
            If the coordinate is outside the mask.
        """
        [place] = parse_coordinates([xyz], "xyz")
        voxel = self.mask.voxel_at(place)
        if voxel is None:
            at = ", ".join(f"{v:g}" for v in place)
            raise OptionError(f"({at}) mm is outside the mask.")
        return float(self.array(name, label=label)[voxel])

    # -------------------------------------------------- tables and pictures

    def clusters(
        self,
        name: str = DEFAULT_MAP,
        *,
        label: str | None = None,
        fdr_q: float = DEFAULT_Q,
        min_size_mm3: float = 0,
        min_distance_mm: float = 8,
    ) -> pd.DataFrame:
        """List the clusters of a thresholded map with their peaks.

        Parameters
        ----------
        name, label, fdr_q
            See :meth:`array`.
        min_size_mm3 : float
            Leave out smaller clusters.
        min_distance_mm : float
            Least distance between the peaks listed within a cluster.

        Returns
        -------
        pandas.DataFrame
            ``cluster`` (``1``, then ``1a``, ``1b`` for further peaks), ``x``, ``y``,
            ``z`` in mm, ``value`` and ``size_mm3``; empty where nothing is significant.
        """
        from nimare_neurosynth.plotting import cluster_table

        check_drawable(name)
        image = self.image(name, label=label, fdr_q=fdr_q)
        return cluster_table(
            image, min_size_mm3=min_size_mm3, min_distance_mm=min_distance_mm
        )

    def plot(
        self,
        name: str = DEFAULT_MAP,
        *,
        label: str | None = None,
        fdr_q: float | None = DEFAULT_Q,
        kind: str = "both",
        title: str | None = None,
    ) -> Figure:
        """Draw a map with nilearn.

        Parameters
        ----------
        name, label, fdr_q
            See :meth:`array`.
        kind : {"glass", "slices", "both"}
            A glass brain, slices on the MNI152 template, or one above the other.
        title : str, optional
            Made from the label and the map's name by default.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from nimare_neurosynth.plotting import plot_map

        info = check_drawable(name)
        threshold_it = fdr_q if info.test is not None else None
        image = self.image(name, label=label, fdr_q=threshold_it)
        if title is None:
            title = self._title(name, label, threshold_it)
        return plot_map(image, title=title, kind=kind)

    def view(
        self,
        name: str = DEFAULT_MAP,
        *,
        label: str | None = None,
        fdr_q: float | None = DEFAULT_Q,
    ) -> HTMLDocument:
        """Make an interactive HTML view of a map; see :meth:`array`.

        Returns
        -------
        nilearn HTML document
            Shows itself in a notebook; ``save_as_html(path)`` keeps it.
        """
        from nimare_neurosynth.plotting import view_map

        info = check_drawable(name)
        threshold_it = fdr_q if info.test is not None else None
        image = self.image(name, label=label, fdr_q=threshold_it)
        return view_map(image, title=self._title(name, label, threshold_it))

    def _title(self, name: str, label: str | None, q: float | None) -> str:
        shown = self.labels[self.row(label)]
        return f"{shown}: {name}" + ("" if q is None else f", FDR q < {q:g}")

    # ---------------------------------------------------------------- files

    def sidecar(
        self, name: str, *, label: str | None = None, fdr_q: float | None = None
    ) -> dict[str, Any]:
        """Describe a map: database, query, options, versions, methods in words."""
        from nimare_neurosynth.meta._provenance import sidecar_of

        return sidecar_of(self, name, self.row(label), fdr_q)

    def save(
        self,
        folder: str | Path,
        *,
        label: str | None = None,
        names: Sequence[str] | None = None,
        fdr_q: float | None = DEFAULT_Q,
        picture: bool = False,
        tables: Mapping[str, pd.DataFrame] | None = None,
        family: FamilyWise | None = None,
    ) -> list[Path]:
        """Save the maps of one label as NIfTI files, each with a JSON sidecar.

        Parameters
        ----------
        folder : str or path
            Made if missing. Files appear in it at the end, all or none of them, and
            take the place of maps, tables and pictures saved there before; other files
            stay.
        label : str, optional
            Which label's; not needed where there is one.
        names : sequence of str, optional
            Which maps; z and probability maps by default.
        fdr_q : float, optional
            Also save the thresholded form of the z and posterior maps; None for none.
        picture : bool
            Also save a picture of the thresholded association map.
        tables : mapping of str to pandas.DataFrame, optional
            Tables to save beside the maps as ``<name>.tsv``, each with a sidecar.
        family : FamilyWise, optional
            Save z and -log10 p, corrected for family-wise error, beside them.

        Returns
        -------
        list of pathlib.Path
            The files.
        """
        from nimare_neurosynth.meta._save import save_maps

        return save_maps(
            self,
            folder,
            label=label,
            names=names,
            fdr_q=fdr_q,
            picture=picture,
            tables=tables or {},
            family=family,
        )

    # -------------------------------------------------------------- display

    def __repr__(self) -> str:
        end = f"of {self.n_studies:,} studies, {self.mask.n_voxels:,} voxels>"
        if len(self) == 1:
            return f"<Maps of {self.labels[0]!r}: {self.n_selected[0]:,} {end}"
        return f"<Maps of {len(self)} labels: {end}"

    def _repr_html_(self) -> str:
        from nimare_neurosynth.meta._display import maps_html

        return maps_html(self)

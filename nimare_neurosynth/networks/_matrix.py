"""Which parts of the brain are active in the same studies."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    Selection,
)
from nimare_neurosynth.engine import build_activations
from nimare_neurosynth.errors import EmptySelectionError, OptionError, warn
from nimare_neurosynth.io import write_table
from nimare_neurosynth.meta import database_facts, need_database, software
from nimare_neurosynth.networks._activity import is_active
from nimare_neurosynth.networks._parcels import Parcels, as_parcels
from nimare_neurosynth.networks._seeds import universe_of
from nimare_neurosynth.stats import association_z

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.space import ImageLike, Mask

MEASURES = ("counts", "z", "phi", "jaccard")
"""What a :class:`CoactivationMatrix` can be asked for."""

_PEAKS_AT_ONCE = 32_768


@dataclass(frozen=True, eq=False, repr=False)
class CoactivationMatrix:
    """Studies that activate two parcels, for all pairs.

    Attributes
    ----------
    parcels : Parcels
        The parcels.
    counts : ndarray of int64, shape (n_parcels, n_parcels)
        Studies that activate both; on the diagonal, those that activate the one.
    n_studies : int
        Studies counted.
    facts : dict
        How it was made.
    """

    parcels: Parcels
    counts: NDArray[np.int64]
    n_studies: int
    facts: dict[str, Any]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the parcels."""
        return self.parcels.names

    @property
    def n_active(self) -> NDArray[np.int64]:
        """Studies that activate each parcel, shape (n_parcels,)."""
        return np.asarray(np.diag(self.counts))

    @property
    def z(self) -> NDArray[np.float64]:
        """Association z of each pair: Pearson's chi-square, with its sign.

        The diagonal, where a parcel meets itself, is 0.
        """
        z = association_z(
            self.counts.astype(np.int32),
            n_selected=self.n_active,
            totals=self.n_active.astype(np.int32),
            n_studies=self.n_studies,
        )
        upper = np.triu(z, 1)
        return np.asarray(upper + upper.T)

    @property
    def phi(self) -> NDArray[np.float64]:
        """Correlation of being active over studies, -1 to 1; 1 on the diagonal."""
        phi: NDArray[np.float64] = self.z / np.sqrt(self.n_studies)
        varies = (self.n_active > 0) & (self.n_active < self.n_studies)
        np.fill_diagonal(phi, varies.astype(np.float64))
        return np.clip(phi, -1, 1)

    @property
    def jaccard(self) -> NDArray[np.float64]:
        """Studies that activate both of those that activate either, 0 to 1."""
        n = self.n_active
        either = n[:, None] + n[None] - self.counts
        return np.asarray(self.counts / np.maximum(either, 1))

    def matrix(self, measure: str = "z") -> NDArray[Any]:
        """Give one of the measures as an array.

        Parameters
        ----------
        measure : {"counts", "z", "phi", "jaccard"}
            Which.

        Returns
        -------
        ndarray, shape (n_parcels, n_parcels)
            Symmetric.
        """
        if measure not in MEASURES:
            raise OptionError(
                f"measure must be one of {', '.join(MEASURES)}, got {measure!r}."
            )
        return np.asarray(getattr(self, measure))

    def table(self, measure: str = "z") -> pd.DataFrame:
        """Give one of the measures with the names of the parcels.

        Parameters
        ----------
        measure : {"counts", "z", "phi", "jaccard"}
            Which.

        Returns
        -------
        pandas.DataFrame
        """
        import pandas as pd

        names = list(self.labels)
        return pd.DataFrame(self.matrix(measure), pd.Index(names, name="region"), names)

    def save(self, path: str | Path, measure: str = "z") -> Path:
        """Write a table (``.tsv``), with a JSON sidecar that says how it was made.

        Parameters
        ----------
        path : str or path
            Ends in ``.tsv``.
        measure : {"counts", "z", "phi", "jaccard"}
            Which.

        Returns
        -------
        pathlib.Path
        """
        target = Path(path)
        if target.suffix != ".tsv":
            raise OptionError(f"the name must end in .tsv, got {target.name!r}.")
        facts = {**self.facts, "measure": measure}
        write_table(target, self.table(measure).reset_index(), facts)
        return target

    def plot(
        self,
        kind: str = "matrix",
        measure: str = "z",
        *,
        strongest: float = 0.02,
        title: str = "",
    ) -> Figure:
        """Draw the matrix, or the strongest pairs in a glass brain, by nilearn.

        Parameters
        ----------
        kind : {"matrix", "connectome"}
            The matrix is sorted so that parcels that go together stand together.
        measure : {"counts", "z", "phi", "jaccard"}
            Which.
        strongest : float
            Share of the pairs that a connectome shows.
        title : str
            Above the picture.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from nimare_neurosynth.networks._pictures import (
            draw_connectome,
            draw_matrix,
        )

        values = self.matrix(measure).astype(np.float64)
        if kind == "matrix":
            return draw_matrix(values, list(self.labels), title or measure)
        if kind == "connectome":
            places = self.parcels.centres_mm
            return draw_connectome(values, places, strongest, title)
        raise OptionError(f"kind must be matrix or connectome, got {kind!r}.")

    def __repr__(self) -> str:
        return (
            f"<CoactivationMatrix of {len(self.labels):,} parcels, "
            f"{self.n_studies:,} studies>"
        )

    def _repr_html_(self) -> str:
        table = self.table().iloc[:10, :10].round(2).to_html()
        return f"<p>{escape(repr(self))}</p>{table}"


def coactivation_matrix(
    database: Database,
    regions: Any,
    *,
    min_voxels: int | None = None,
    min_proportion: float | None = None,
    different_peaks: bool = False,
    universe: str | Selection | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    n_jobs: int = -1,
    **understood: Any,
) -> CoactivationMatrix:
    """Count the studies that activate each pair of regions.

    Parameters
    ----------
    database : Database
        The studies. Those without peaks are not counted.
    regions : Parcels, atlas, images or coordinates
        Two at least; see :func:`as_parcels`.
    min_voxels, min_proportion
        A study activates a region by at least so many of its voxels (1 by default), or
        such a share of them.
    different_peaks : bool
        Count a pair only where not all of it is due to a single peak whose sphere
        reaches into both. (Neighbours are always active together otherwise.) A region
        is then active if the sphere of one peak at least has enough of its voxels.
    universe : str or Selection, optional
        Count only these studies.
    radius_mm, mask, talairach, n_jobs
        As for :func:`nimare_neurosynth.meta_analysis`.
    **understood
        ``label_set``, ``threshold`` and ``func`` of ``universe``.

    Returns
    -------
    CoactivationMatrix

    Raises
    ------
    ImageError, OptionError
        If regions or options cannot be used.
    EmptySelectionError
        If no study is counted.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> seeds = {"left": [-40, 24, 30], "right": [40, 24, 30], "sma": [0, 16, 48]}
    >>> found = coactivation_matrix(load_demo(), seeds)
    >>> bool(found.counts[0, 1] <= found.n_active[0])
    True
    """
    need_database(database)
    parcels = as_parcels(regions, mask=mask)
    if len(parcels) < 2:
        raise OptionError("a matrix needs two regions at least, got one.")
    within = universe_of(database, universe, understood)
    counted = database.has_peaks & (True if within is None else within.mask)
    if not counted.any():
        raise EmptySelectionError("no study is left to count.")
    activations = database.activations(
        radius_mm=radius_mm, mask=parcels.mask, talairach=talairach, n_jobs=n_jobs
    )
    bound = (min_voxels, min_proportion)
    if different_peaks:
        xyz = database.peaks.to_mni(talairach)
        counts = _of_different_peaks(
            xyz,
            database.peaks.study,
            parcels,
            counted,
            bound=bound,
            radius_mm=radius_mm,
        )
    else:
        active = is_active(parcels.count_in(activations), parcels, *bound)[counted]
        ones = active.astype(np.float32)
        counts = np.rint(ones.T @ ones).astype(np.int64)
    silent = np.flatnonzero(np.diag(counts) == 0)
    if len(silent):
        name = parcels.names[silent[0]]
        warn(f"{len(silent):,} regions are active in no study (for example {name!r}).")
    n_studies = int(np.count_nonzero(counted))
    facts: dict[str, Any] = {
        "database": database_facts(database),
        "software": software(),
        "universe": None if within is None else within.facts(),
        "mask": {"n_voxels": parcels.mask.n_voxels, "key": parcels.mask.key},
        "min_voxels": min_voxels,
        "min_proportion": min_proportion,
        "different_peaks": bool(different_peaks),
        "radius_mm": float(radius_mm),
        "talairach": talairach,
    }
    facts["n_studies"] = n_studies
    return CoactivationMatrix(parcels, counts, n_studies, facts)


def _of_different_peaks(
    xyz: NDArray[np.float64],
    study: NDArray[Any],
    parcels: Parcels,
    counted: BoolArray,
    *,
    bound: tuple[int | None, float | None],
    radius_mm: float,
) -> NDArray[np.int64]:
    """Count pairs, less those that a single peak accounts for.

    A pair is due to one peak where a single peak activates the one, a single peak the
    other, and they are the same.
    """
    from scipy.sparse import csr_array, vstack

    hits = []
    for first in range(0, len(xyz), _PEAKS_AT_ONCE):
        part = xyz[first : first + _PEAKS_AT_ONCE]
        own = build_activations(
            part,
            np.arange(len(part)),
            len(part),
            mask=parcels.mask,
            radius_mm=radius_mm,
        )
        active = is_active(parcels.count_in(own), parcels, *bound)
        hits.append(csr_array(active.astype(np.float32)))
    by_peak = vstack(hits, format="csr")
    members = csr_array(
        (np.ones(len(study), np.float32), (study, np.arange(len(study)))),
        shape=(len(counted), len(study)),
    )
    times = (members @ by_peak).toarray()  # peaks of each study in each parcel
    active = ((times > 0) & counted[:, None]).astype(np.float32)
    both = active.T @ active
    only = by_peak.tocoo()
    single = (times[study[only.row], only.col] == 1) & counted[study[only.row]]
    alone = csr_array(
        (
            np.ones(np.count_nonzero(single), np.float32),
            (only.row[single], only.col[single]),
        ),
        shape=by_peak.shape,
    )
    shared = (alone.T @ alone).toarray()
    np.fill_diagonal(shared, 0)
    return np.asarray(np.rint(both - shared), dtype=np.int64)

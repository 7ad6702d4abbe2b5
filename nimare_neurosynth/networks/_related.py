"""Which terms go together: in the same studies, or with the same places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    DEFAULT_THRESHOLD,
)
from nimare_neurosynth.decoding import choose_terms
from nimare_neurosynth.engine import (
    DEFAULT_MEMORY,
    check_n_jobs,
    float_room,
    memory_bytes,
)
from nimare_neurosynth.errors import OptionError, warn
from nimare_neurosynth.meta import DEFAULT_LEAST, ZTile, map_z, need_database
from nimare_neurosynth.networks._relations import BY, RelatedTerms, phi_of
from nimare_neurosynth.space import as_mask

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth.database import Database
    from nimare_neurosynth.engine import Activations, LabelColumns
    from nimare_neurosynth.space import ImageLike, Mask

_TERMS_AT_ONCE = 512
_VOXELS_AT_ONCE = 8192
_ROUNDING = 1e-12
_SQUARES = 4  # arrays of terms x terms that are held at once


def related_terms(
    database: Database,
    terms: str | Sequence[str] | None = None,
    *,
    by: str = "studies",
    label_set: str | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    min_studies_per_term: int = DEFAULT_LEAST,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    memory_limit: float | str = DEFAULT_MEMORY,
    n_jobs: int = -1,
    progress: bool = False,
) -> RelatedTerms:
    r"""Find which terms go together, in the same studies or with the same places.

    Parameters
    ----------
    database : Database
        Studies with terms; those without peaks are not counted.
    terms : str or sequence of str, optional
        Names or patterns of one label set; all its labels by default.
    by : {"studies", "maps"}
        Compare which studies have the terms, or the association maps of the terms, by
        Pearson's correlation over all voxels of the mask.
    label_set : str, optional
        The label set, where there are several.
    threshold : float
        A term is in a study at this weight or more.
    min_studies_per_term : int
        Terms of fewer studies are left out, and those that all studies have.
    radius_mm, mask, talairach
        Of maps, as for :func:`nimare_neurosynth.meta_analysis`.
    memory_limit : int or str
        Maps that take more than this are kept in a temporary file, not in memory (four
        bytes a voxel).
    n_jobs : int
        Threads; -1 for all cores.
    progress : bool
        Show a bar on standard error where it takes more than a second.

    Returns
    -------
    RelatedTerms
        The terms in the order of the label set.

    Raises
    ------
    EmptySelectionError
        If no term is in enough studies.
    UnknownTermError, OptionError
        If terms or options cannot be used, or fewer than two terms are left.

    Notes
    -----
    Of N studies :math:`n_i` have one term, :math:`n_j` the other, and :math:`a` both:

    .. math::

        \phi = \frac{N a - n_i n_j}{\sqrt{n_i (N - n_i) n_j (N - n_j)}},
        \qquad z = \sqrt{N} \phi, \qquad J = \frac{a}{n_i + n_j - a}

    Maps of terms that share studies are alike for that reason alone, and neighbouring
    voxels are not independent: there is no p value for r.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> found = related_terms(load_demo(), ["emotion*", "working memory", "verbal"])
    >>> found.closest("emotion", 1)["term"].tolist()
    ['emotional']
    """
    need_database(database)
    if by not in BY:
        raise OptionError(f"by must be studies or maps, got {by!r}.")
    check_n_jobs(n_jobs)
    limit = memory_bytes(memory_limit)
    chosen = choose_terms(
        database,
        terms,
        label_set=label_set,
        threshold=threshold,
        min_studies_per_term=min_studies_per_term,
    )
    _check_number(len(chosen.names), chosen.n_left_out, limit)
    _tell_of_left_out(terms, chosen.label_set.index, chosen.names)
    options: dict[str, Any] = {
        "by": by,
        "threshold": float(threshold),
        "min_studies_per_term": int(min_studies_per_term),
    }
    counts = count_both(chosen.columns)
    n_counted = int(np.count_nonzero(chosen.counted))
    if by == "studies":
        values = phi_of(counts, n_counted)
    else:
        space = as_mask(mask)
        activations = database.activations(
            radius_mm=radius_mm,
            mask=space,
            talairach=talairach,
            n_jobs=n_jobs,
            progress=progress,
        )
        values = correlate_maps(
            activations, chosen.columns, limit=limit, n_jobs=n_jobs, progress=progress
        )
        _tell_of_empty_maps(values, chosen.names)
        options |= {
            "radius_mm": float(radius_mm),
            "talairach": talairach,
            "n_voxels": space.n_voxels,
        }
    facts = chosen.facts(database, **options)
    return RelatedTerms(chosen.names, values, counts, n_counted, by, facts)


def count_both(columns: LabelColumns) -> NDArray[np.int64]:
    """Count the studies that each pair of columns shares.

    Parameters
    ----------
    columns : LabelColumns
        Sets of studies.

    Returns
    -------
    ndarray of int64, shape (n_columns, n_columns)
        Symmetric; sizes on the diagonal.
    """
    rows = columns.to_csr()
    turned = rows.T.tocsr()
    counts = np.empty((columns.n_columns, columns.n_columns), dtype=np.int64)
    for first in range(0, columns.n_columns, _TERMS_AT_ONCE):
        part = slice(first, first + _TERMS_AT_ONCE)
        counts[part] = (rows[part] @ turned).toarray()
    return counts


def correlate_maps(
    activations: Activations,
    columns: LabelColumns,
    *,
    limit: int,
    n_jobs: int,
    progress: bool,
) -> NDArray[np.float64]:
    """Correlate the association maps of columns over all voxels.

    Parameters
    ----------
    activations : Activations
        Who activates what.
    columns : LabelColumns
        Sets of studies.
    limit : int
        Bytes of maps that are held in memory; more go to a temporary file.
    n_jobs : int
        Threads.
    progress : bool
        Show a bar on standard error.

    Returns
    -------
    ndarray of float64, shape (n_columns, n_columns)
        Symmetric; 1 on the diagonal; 0 for maps that are the same everywhere.
    """
    maps = float_room((columns.n_columns, activations.n_voxels), limit)

    def keep(tile: ZTile) -> None:
        maps[tile.columns, tile.voxels] = tile.association

    map_z(activations, columns, keep, n_jobs=n_jobs, progress=progress)
    sums = np.zeros(columns.n_columns)
    products = np.zeros((columns.n_columns, columns.n_columns))
    for first in range(0, activations.n_voxels, _VOXELS_AT_ONCE):
        part = maps[:, first : first + _VOXELS_AT_ONCE].astype(np.float64)
        sums += part.sum(axis=1)
        products += part @ part.T
    whole = np.diag(products).copy()
    products -= np.outer(sums, sums) / activations.n_voxels
    own = np.diag(products)
    size = np.sqrt(np.where(own > _ROUNDING * whole, own, 0))
    below = np.outer(size, size)
    r = np.divide(products, below, out=np.zeros_like(products), where=below > 0)
    np.fill_diagonal(r, (size > 0).astype(np.float64))
    return np.asarray(np.clip((r + r.T) / 2, -1, 1))


def _check_number(n: int, n_left_out: int, limit: int) -> None:
    """Check that there are some terms, and not too many."""
    if n < 2:
        raise OptionError(
            f"two terms at least are needed, got one ({n_left_out:,} that too few "
            "studies have are left out; see min_studies_per_term)."
        )
    needed = 8 * _SQUARES * n**2
    if needed > limit:
        raise OptionError(
            f"the {n**2:,} pairs of {n:,} terms take {needed / 1e6:.3g} MB: choose "
            "fewer terms, a higher min_studies_per_term or a higher memory_limit."
        )


def _tell_of_left_out(
    terms: str | Sequence[str] | None, labels: Container[str], kept: Sequence[str]
) -> None:
    """Warn of terms that were asked for by name; patterns may match what is rare."""
    asked = [terms] if isinstance(terms, str) else [] if terms is None else list(terms)
    missing = [term for term in asked if term in labels and term not in kept]
    if missing:
        warn(
            f"{', '.join(map(repr, missing[:10]))} left out: too few studies have it, "
            "or all do (see min_studies_per_term)."
        )


def _tell_of_empty_maps(values: NDArray[np.float64], names: tuple[str, ...]) -> None:
    empty = np.flatnonzero(np.diag(values) == 0)
    if len(empty):
        warn(
            f"{len(empty):,} terms have the same z everywhere (for example "
            f"{names[empty[0]]!r}): r with them is 0."
        )

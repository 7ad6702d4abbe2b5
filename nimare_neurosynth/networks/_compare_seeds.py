"""Two seeds compared: studies that activate exactly one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import DEFAULT_RADIUS_MM, DEFAULT_TALAIRACH
from nimare_neurosynth.errors import EmptySelectionError, OptionError
from nimare_neurosynth.meta import (
    FamilyWise,
    Maps,
    family_wise,
    least_studies,
    meta_analysis,
    need_database,
)
from nimare_neurosynth.networks._seeds import SeedOptions, find_seeds, named
from nimare_neurosynth.space import as_mask

if TYPE_CHECKING:
    from nimare_neurosynth.database import Database, Selection
    from nimare_neurosynth.networks._seeds import Seed
    from nimare_neurosynth.space import ImageLike, Mask


def compare_seeds(
    database: Database,
    seed1: Any,
    seed2: Any,
    *,
    seed_radius_mm: float = DEFAULT_RADIUS_MM,
    min_voxels: int | None = None,
    min_proportion: float | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    **options: Any,
) -> Maps:
    """Map where the studies of one seed activate more often than those of another.

    Studies that activate exactly one of the two seeds are compared; those that activate
    both say nothing about the difference.

    Parameters
    ----------
    database : Database
        The studies.
    seed1, seed2
        One seed each; see :func:`macm`.
    seed_radius_mm, min_voxels, min_proportion, radius_mm, mask, talairach
        As for :func:`macm`.
    **options
        As for :func:`nimare_neurosynth.meta_analysis`.

    Returns
    -------
    Maps
        Association z above 0: more often with seed 1.

    Raises
    ------
    EmptySelectionError
        If no study activates the one seed and not the other.
    ImageError, OptionError, SelectionError
        If a seed or an option cannot be used.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo
    >>> maps = compare_seeds(
    ...     load_demo(), (-40, 24, 30), (0, 16, 48), seed_radius_mm=10)
    >>> int(maps.n_selected[0]), maps.n_studies
    (25, 96)
    """
    how = SeedOptions(
        as_mask(mask), seed_radius_mm, radius_mm, talairach, min_voxels, min_proportion
    )
    first, second = _only(database, _pair(database, seed1, seed2, how))
    return meta_analysis(
        database,
        first,
        versus=second,
        radius_mm=radius_mm,
        mask=how.mask,
        talairach=talairach,
        **options,
    )


def compare_seeds_null(
    database: Database,
    seed1: Any,
    seed2: Any,
    *,
    strata: Any = None,
    n_permutations: int = 1000,
    min_studies: float = 0.01,
    seed_radius_mm: float = DEFAULT_RADIUS_MM,
    min_voxels: int | None = None,
    min_proportion: float | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    talairach: str | None = DEFAULT_TALAIRACH,
    random_state: int = 0,
    **options: Any,
) -> FamilyWise:
    """Correct :func:`compare_seeds`, by exchanging studies between the two seeds.

    Only studies that activate exactly one of the seeds are exchanged.

    Parameters
    ----------
    database, seed1, seed2, seed_radius_mm, min_voxels, min_proportion, radius_mm, mask,
    talairach
        As for :func:`compare_seeds`.
    strata, n_permutations, min_studies, random_state
        As for :func:`macm_null`; both seeds' studies were chosen for activating
        something, so that nothing is stratified by default.
    **options
        ``cluster_p``, ``clusters``, ``n_jobs`` and ``progress``, as for
        :func:`macm_null`.

    Returns
    -------
    FamilyWise
        The places of both seeds are not tested.

    Raises
    ------
    EmptySelectionError, ImageError, OptionError, SelectionError
        If a seed or an option cannot be used.
    """
    how = SeedOptions(
        as_mask(mask), seed_radius_mm, radius_mm, talairach, min_voxels, min_proportion
    )
    pair = _pair(database, seed1, seed2, how)
    first, second = _only(database, pair)
    counted = (first.mask | second.mask) & database.has_peaks
    untested = np.zeros(how.mask.n_voxels, dtype=bool)
    for seed in pair:
        if seed.voxels is not None:
            untested |= seed.voxels
    n = int(np.count_nonzero(counted))
    return family_wise(
        database,
        first.mask & counted,
        counted,
        mask=how.mask,
        strata=strata,
        n_permutations=n_permutations,
        min_studies=max(least_studies(min_studies, n), 1),
        untested=untested,
        radius_mm=radius_mm,
        talairach=talairach,
        seed=random_state,
        **options,
    )


def _pair(
    database: Database, seed1: Any, seed2: Any, how: SeedOptions
) -> tuple[Seed, Seed]:
    """Find the two seeds."""
    need_database(database)
    one, two = (find_seeds(database, seed, how) for seed in (seed1, seed2))
    if len(one) != 1 or len(two) != 1:
        raise OptionError("compare one seed with one other seed.")
    return one[0], two[0]


def _only(database: Database, pair: tuple[Seed, Seed]) -> tuple[Selection, Selection]:
    """Give the studies of each seed that do not activate the other."""
    first, second = (named(seed) for seed in pair)
    only = first - second, second - first
    for choice in only:
        if not (choice.mask & database.has_peaks).any():
            raise EmptySelectionError(
                f"no study activates one seed alone ({choice.description}): the seeds "
                "cannot be told apart."
            )
    return only

"""Coactivation of seeds: what else is active in the studies that activate a place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import (
    DEFAULT_RADIUS_MM,
    DEFAULT_TALAIRACH,
    Selection,
)
from nimare_neurosynth.errors import EmptySelectionError, OptionError
from nimare_neurosynth.meta import (
    FamilyWise,
    Maps,
    family_wise,
    least_studies,
    meta_analysis,
    need_database,
)
from nimare_neurosynth.networks._seeds import (
    Seed,
    SeedOptions,
    find_seeds,
    named,
    universe_of,
)
from nimare_neurosynth.space import as_mask

if TYPE_CHECKING:
    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.space import ImageLike, Mask


def macm(
    database: Database,
    seeds: Any,
    *,
    seed_radius_mm: float = DEFAULT_RADIUS_MM,
    min_voxels: int | None = None,
    min_proportion: float | None = None,
    leave_out_seed: bool = False,
    universe: str | Selection | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    prior: float = 0.5,
    min_studies: float = 1,
    talairach: str | None = DEFAULT_TALAIRACH,
    n_jobs: int = -1,
    **understood: Any,
) -> Maps:
    """Map where the studies that activate a seed report activation (MACM).

    Parameters
    ----------
    database : Database
        The studies.
    seeds : coordinate, path, image, Selection, Parcels, or list or dict of these
        A coordinate (x, y, z) in mm stands for the studies that report a peak within
        ``seed_radius_mm`` of it; a region (image of which every non-zero voxel counts,
        or array of bool), and each of some
        :class:`~nimare_neurosynth.networks.Parcels`, for those that activate it.
        Several seeds give several maps; a dict names them.
    seed_radius_mm : float
        Of coordinates.
    min_voxels, min_proportion
        A study activates a region by at least so many voxels (1 by default), or such a
        share of them.
    leave_out_seed : bool
        Leave the seeds' own places out of the maps (0 there): they are active by
        definition. For one seed at a time.
    universe : str or Selection, optional
        Count only these studies.
    radius_mm, mask, prior, min_studies, talairach, n_jobs
        As for :func:`nimare_neurosynth.meta_analysis`.
    **understood
        ``label_set``, ``threshold`` and ``func`` of ``universe``.

    Returns
    -------
    Maps
        A label for each seed. Fewer than 20 studies are a warning.

    Raises
    ------
    EmptySelectionError
        If no study activates a seed.
    ImageError, OptionError, SelectionError
        If a seed or an option cannot be used.

    Notes
    -----
    The association test compares studies that activate the seed with those that do
    not. They were chosen for activating something, so they report more peaks than
    others, and most of the brain comes out positive: see :func:`macm_null` for a null
    of studies with as many peaks. The uniformity test compares voxels; its map is much
    like that of all studies.

    Examples
    --------
    >>> from nimare_neurosynth import load_demo, macm
    >>> maps = macm(load_demo(), (-40, 24, 30), seed_radius_mm=10)
    >>> maps
    <Maps of 'peak within 10 mm of (-40, 24, 30)': 56 of 320 studies, 228,483 voxels>
    """
    need_database(database)
    space = as_mask(mask)
    options = SeedOptions(
        space, seed_radius_mm, radius_mm, talairach, min_voxels, min_proportion
    )
    found = find_seeds(database, seeds, options)
    left_out = place_of_seed(found) if leave_out_seed else None
    maps = meta_analysis(
        database,
        [named(seed) for seed in found],
        universe=universe,
        radius_mm=radius_mm,
        mask=space,
        prior=prior,
        min_studies=min_studies,
        talairach=talairach,
        n_jobs=n_jobs,
        **understood,
    )
    return maps if left_out is None else without(maps, left_out)


def macm_null(
    database: Database,
    seed: Any,
    *,
    strata: Any = "peaks",
    n_permutations: int = 1000,
    seed_radius_mm: float = DEFAULT_RADIUS_MM,
    min_voxels: int | None = None,
    min_proportion: float | None = None,
    leave_out_seed: bool = False,
    universe: str | Selection | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
    mask: Mask | ImageLike | None = None,
    min_studies: float = 0.01,
    cluster_p: float = 0.001,
    clusters: bool = True,
    talairach: str | None = DEFAULT_TALAIRACH,
    random_state: int = 0,
    n_jobs: int = -1,
    progress: bool = False,
    **understood: Any,
) -> FamilyWise:
    """Correct the maps of one seed for all voxels, by permutation.

    Parameters
    ----------
    database, seed, seed_radius_mm, min_voxels, min_proportion, universe, radius_mm,
    mask, talairach, n_jobs
        As for :func:`macm`; one seed.
    strata : "peaks", array or None
        Studies are exchanged with others of about as many peaks (tenths of the
        database), or of the same value of an array (n_studies,); or with any.
    n_permutations : int
        Random sets of studies that the maps are compared with.
    leave_out_seed : bool
        Do not look at the seed's own place, which is active by definition.
    min_studies : int or float
        Voxels that fewer studies (or a smaller share) activate are not tested.
    cluster_p : float
        Clusters are made of voxels below this uncorrected p.
    clusters : bool
        Whether to look at clusters, which takes longer.
    random_state : int
        Seed of the permutations.
    progress : bool
        Show a bar on standard error.
    **understood
        ``label_set``, ``threshold`` and ``func`` of ``universe``.

    Returns
    -------
    FamilyWise

    Raises
    ------
    EmptySelectionError
        If no study, or every study, activates the seed.
    ImageError, OptionError, SelectionError
        If the seed or an option cannot be used.
    """
    need_database(database)
    space = as_mask(mask)
    options = SeedOptions(
        space, seed_radius_mm, radius_mm, talairach, min_voxels, min_proportion
    )
    found = find_seeds(database, seed, options)
    if len(found) != 1:
        raise OptionError(f"permutations are for one seed, got {len(found)}.")
    within = universe_of(database, universe, understood)
    counted = database.has_peaks & (True if within is None else within.mask)
    selected = found[0].selection.mask & counted
    n, n_all = int(np.count_nonzero(selected)), int(np.count_nonzero(counted))
    if n in (0, n_all):
        raise EmptySelectionError(
            f"{n:,} of {n_all:,} studies activate the seed {found[0].name!r}: there is "
            "nothing to compare."
        )
    return family_wise(
        database,
        selected,
        counted,
        mask=space,
        strata=strata,
        n_permutations=n_permutations,
        cluster_p=cluster_p,
        clusters=clusters,
        min_studies=max(least_studies(min_studies, n_all), 1),
        untested=place_of_seed(found) if leave_out_seed else None,
        radius_mm=radius_mm,
        talairach=talairach,
        seed=random_state,
        n_jobs=n_jobs,
        progress=progress,
    )


def without(maps: Maps, voxels: BoolArray) -> Maps:
    """Leave voxels out of maps, as if no study activated them."""
    told = {"leave_out_seed": True, "n_voxels_left_out": int(np.count_nonzero(voxels))}
    selections = {k: {**v, **told} for k, v in maps.provenance.selections.items()}
    return replace(
        maps,
        counts=np.where(voxels, 0, maps.counts),
        totals=np.where(voxels, 0, maps.totals),
        provenance=replace(maps.provenance, selections=selections),
    )


def place_of_seed(seeds: list[Seed]) -> BoolArray:
    """Give the place of the one seed there is."""
    if len(seeds) != 1:
        raise OptionError("leave_out_seed is for one seed at a time.")
    voxels = seeds[0].voxels
    if voxels is None:
        raise OptionError(
            "leave_out_seed needs a seed with a place: a coordinate or a region."
        )
    return voxels

"""Seeds: places, regions and selections, each as the studies that activate it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import Selection, check_region_bound
from nimare_neurosynth.errors import EmptySelectionError, OptionError
from nimare_neurosynth.meta import choose
from nimare_neurosynth.networks._parcels import OTHER_MASK, Parcels, is_place
from nimare_neurosynth.space import region_voxels, sphere_voxels

if TYPE_CHECKING:
    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.space import Mask


@dataclass(frozen=True)
class Seed:
    """A seed, and the studies that activate it.

    Attributes
    ----------
    name : str
        What it is called.
    selection : Selection
        Its studies.
    voxels : ndarray of bool, shape (n_voxels,), or None
        Its own place; None for studies that were selected otherwise.
    """

    name: str
    selection: Selection
    voxels: BoolArray | None


@dataclass(frozen=True)
class SeedOptions:
    """How studies are found that activate a seed.

    Attributes
    ----------
    mask : Mask
        The voxels.
    seed_radius_mm : float
        Of coordinates: studies that report a peak within it.
    radius_mm, talairach
        Of activations.
    min_voxels, min_proportion
        Of regions: how much of them a study must activate.
    """

    mask: Mask
    seed_radius_mm: float
    radius_mm: float
    talairach: str | None
    min_voxels: int | None
    min_proportion: float | None


def universe_of(
    database: Database, universe: str | Selection | None, understood: dict[str, Any]
) -> Selection | None:
    """Choose the studies that are counted; None are all.

    Raises
    ------
    TypeError
        If an option is none of those that queries have.
    """
    for name in understood:
        if name not in {"label_set", "threshold", "func"}:
            raise TypeError(f"there is no option {name!r}.")
    return None if universe is None else choose(database, universe, **understood)


def find_seeds(database: Database, seeds: Any, options: SeedOptions) -> list[Seed]:
    """Give each seed with its studies.

    Raises
    ------
    EmptySelectionError
        If no study activates one.
    OptionError, ImageError, SelectionError
        If a seed cannot be used.
    """
    check_region_bound(options.min_voxels, options.min_proportion)
    found = [
        _found(database, name, what, options) for name, what in _listed(seeds, options)
    ]
    if not found:
        raise OptionError("no seed was given.")
    names = [seed.name for seed in found]
    for name in names:
        if names.count(name) > 1:
            raise OptionError(f"two seeds are called {name!r}: give a dictionary.")
    for seed in found:
        if not (seed.selection.mask & database.has_peaks).any():
            raise EmptySelectionError(
                f"no study activates the seed {seed.name!r} "
                f"({seed.selection.description}): is it in MNI space, in mm?"
            )
    return found


def _listed(seeds: Any, options: SeedOptions) -> list[tuple[str, Any]]:
    """Take seeds apart: (name or "", coordinate, region or selection)."""
    if isinstance(seeds, Parcels):
        if seeds.mask != options.mask:
            raise OptionError(OTHER_MASK)
        return [(name, seeds.inside(name)) for name in seeds.names]
    if hasattr(seeds, "items"):
        return [(str(name), what) for name, what in seeds.items()]
    if isinstance(seeds, np.ndarray) and seeds.ndim == 2 and seeds.shape[1] == 3:
        return [("", xyz) for xyz in seeds]
    if isinstance(seeds, list | tuple):
        if is_place(seeds):
            return [("", seeds)]
        return [pair for one in seeds for pair in _listed(one, options)]
    return [("", seeds)]


def _found(database: Database, name: str, what: Any, options: SeedOptions) -> Seed:
    if isinstance(what, Selection):
        what.check_database(database)
        return Seed(name or what.description, what, None)
    if is_place(what):
        voxels = sphere_voxels(what, options.seed_radius_mm, options.mask)
        selection = database.select(
            near=what, radius_mm=options.seed_radius_mm, talairach=options.talairach
        )
        return Seed(name or selection.description, selection, voxels)
    voxels = region_voxels(what, options.mask)
    selection = database.select(
        region=what,
        mask=options.mask,
        min_voxels=options.min_voxels,
        min_proportion=options.min_proportion,
        radius_mm=options.radius_mm,
        talairach=options.talairach,
    )
    label = name or _file_name(what)
    return Seed(label, selection, voxels)


def _file_name(what: Any) -> str:
    from os import PathLike, fspath
    from pathlib import Path

    if isinstance(what, str | PathLike):
        return Path(fspath(what)).name.removesuffix(".gz").removesuffix(".nii")
    return "region"


def named(seed: Seed) -> Selection:
    """Give the selection of a seed, described by the seed's name."""
    return replace(seed.selection, description=seed.name)

"""The ways to choose studies; see :meth:`Database.select`."""

from __future__ import annotations

import hashlib
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from nimare_neurosynth.database._checks import (
    check_region_bound,
    list_of,
    parse_coordinates,
)
from nimare_neurosynth.database._evaluate import Evaluator
from nimare_neurosynth.database._labelset import DEFAULT_THRESHOLD
from nimare_neurosynth.database._selection import Selection
from nimare_neurosynth.database._where import studies_where
from nimare_neurosynth.database.query import Name, parse
from nimare_neurosynth.errors import (
    OptionError,
    SelectionError,
    UnknownTermError,
    suggest,
)
from nimare_neurosynth.space import as_mask, region_voxels, sphere_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database._database import Database
    from nimare_neurosynth.database._labelset import LabelSet
    from nimare_neurosynth.space import ImageLike, Mask


def labels_by_name(
    label_sets: Mapping[str, LabelSet], pattern: str, label_set: str | None
) -> tuple[LabelSet, list[int]]:
    """Find the labels that a name or wildcard means, and their set."""
    node = parse(pattern)
    if not isinstance(node, Name):
        raise OptionError(f"{pattern!r} is a query, not the name of labels.")
    evaluator = Evaluator(
        label_sets, label_set=label_set, threshold=DEFAULT_THRESHOLD, func="sum"
    )
    evaluator.query = pattern
    return evaluator.resolve(node)


def labels_of_one_set(
    label_sets: Mapping[str, LabelSet],
    labels: str | Sequence[str] | None,
    label_set: str | None,
) -> tuple[LabelSet, list[int]]:
    """Find labels of one label set; see :meth:`Database.choose_labels`."""
    if labels is None:
        chosen = _one_set(label_sets, label_set)
        return chosen, list(range(len(chosen)))
    found: dict[str, set[int]] = {}
    patterns = list_of(labels, "labels", "names")
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise OptionError(f"labels must be a list of names, got {pattern!r} in it.")
        chosen, columns = labels_by_name(label_sets, pattern, label_set)
        if label_set is not None and chosen.name != label_set:
            raise UnknownTermError(
                f"{pattern!r} is not in the label set {label_set!r}, but in "
                f"{chosen.name!r}."
            )
        found.setdefault(chosen.name, set()).update(columns)
    if len(found) != 1:
        what = f"of several label sets ({', '.join(found)})" if found else "empty"
        raise OptionError(
            f"the list of labels is {what}: name labels of one label set."
        )
    [(name, positions)] = found.items()
    return label_sets[name], sorted(positions)


def _one_set(label_sets: Mapping[str, LabelSet], label_set: str | None) -> LabelSet:
    with_weights = [k for k, s in label_sets.items() if s.weights is not None]
    listed = ", ".join(map(repr, with_weights))
    if label_set is not None:
        if label_set not in with_weights:
            hint = suggest(str(label_set), with_weights)
            raise UnknownTermError(
                f"there is no label set {label_set!r} with weights; there is "
                f"{listed or 'none'}.{hint}"
            )
        return label_sets[label_set]
    if len(with_weights) != 1:
        what = f"several: {listed}" if with_weights else "none with weights"
        raise OptionError(f"say which label set is meant; this database has {what}.")
    return label_sets[with_weights[0]]


def by_query(
    database: Database, query: str, label_set: str | None, threshold: float, func: str
) -> Selection:
    """Choose studies by their terms."""
    evaluator = Evaluator(
        database.label_sets, label_set=label_set, threshold=threshold, func=func
    )
    node, chosen = evaluator.run(query)
    criterion = {
        "kind": "query",
        "query": str(node),
        "label_sets": list(evaluator.used),
        "threshold": float(threshold),
        "func": func,
    }
    return Selection(
        database, chosen.mask, str(node), chosen.weights, criteria=(criterion,)
    )


def by_peaks(
    database: Database, near: ArrayLike, radius_mm: float, talairach: str | None
) -> Selection:
    """Choose studies by the place of their peaks."""
    seeds = parse_coordinates(near)
    sphere_lines(radius_mm, np.eye(4))
    xyz, radius = database.mni(talairach), float(radius_mm)
    mask = np.zeros(database.n_studies, dtype=bool)
    for seed in seeds:
        # one slice first, as most peaks are elsewhere
        slab = np.flatnonzero(np.abs(xyz[2] - seed[2]) <= radius)
        with np.errstate(over="ignore"):  # absurd coordinates are infinitely far away
            far = ((xyz[:, slab] - seed[:, None]) ** 2).sum(axis=0)
        mask[database.peaks.study[slab[far <= radius**2]]] = True
    listed = " or ".join(f"({x:g}, {y:g}, {z:g})" for x, y, z in seeds)
    criterion = {
        "kind": "near",
        "xyz_mm": seeds.tolist(),
        "radius_mm": float(radius_mm),
        "talairach": talairach,
    }
    description = f"peak within {radius_mm:g} mm of {listed}"
    return Selection(database, mask, description, criteria=(criterion,))


def by_region(
    database: Database,
    region: ImageLike | BoolArray,
    bound: tuple[int | None, float | None],
    radius_mm: float,
    talairach: str | None,
    *,
    mask: Mask | ImageLike | None = None,
) -> Selection:
    """Choose studies by the voxels of a region that they activate."""
    check_region_bound(*bound)
    min_voxels, min_proportion = bound
    space = as_mask(mask)
    inside = region_voxels(region, space)
    activations = database.activations(
        radius_mm=radius_mm, mask=space, talairach=talairach
    )
    active = activations.count_in(inside)
    size = int(np.count_nonzero(inside))
    if min_proportion is None:
        least: float = 1 if min_voxels is None else min_voxels
        how = f"at least {least:,} of the {size:,} voxels"
    else:
        # compare counts, not quotients: 0.05 of 20 voxels is 1 voxel exactly
        least = min_proportion * size * (1 - 1e-12)
        how = f"at least {100 * min_proportion:.4g} % of the {size:,} voxels"
    criterion = {
        "kind": "region",
        "file": str(region) if isinstance(region, str | PathLike) else None,
        "voxels_sha256": hashlib.sha256(np.packbits(inside).tobytes()).hexdigest(),
        "n_voxels": size,
        "min_voxels": None if min_proportion is not None else int(least),
        "min_proportion": min_proportion,
        "radius_mm": float(radius_mm),
        "talairach": talairach,
    }
    description = f"active in {how} of the region"
    return Selection(database, active >= least, description, criteria=(criterion,))


def by_ids(database: Database, ids: Iterable[object]) -> Selection:
    """Choose studies by name."""
    if isinstance(ids, str):
        raise OptionError("ids must be a list of study ids, not one text.")
    wanted = {str(i) for i in list_of(ids, "ids", "study ids")}
    known = set(database.study_ids)
    missing = sorted(wanted - known)
    if missing:
        hint = suggest(missing[0], known) if len(missing) == 1 else ""
        raise SelectionError(
            f"{len(missing):,} of {len(wanted):,} study ids are not in this "
            f"database, for example {missing[0]!r}.{hint}"
        )
    mask = np.fromiter(
        (i in wanted for i in database.study_ids), bool, database.n_studies
    )
    # which they are is in the hash of the ids that facts() gives
    criterion = {"kind": "ids", "n_studies": len(wanted)}
    description = f"{len(wanted):,} given studies"
    return Selection(database, mask, description, criteria=(criterion,))


def by_condition(database: Database, condition: str) -> Selection:
    """Choose studies by their metadata."""
    mask = studies_where(database.studies, condition)
    criterion = {"kind": "where", "condition": condition}
    return Selection(database, mask, condition, criteria=(criterion,))

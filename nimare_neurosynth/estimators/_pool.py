"""The analyses of studysets as activations: worked out once, and counted ever after."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.engine import build_activations
from nimare_neurosynth.errors import warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth.engine import Activations
    from nimare_neurosynth.inference import Null
    from nimare_neurosynth.space import Mask

_KEPT_NULLS = 8


@dataclass(frozen=True)
class Source:
    """A store, and what of it a view shows: coordinates depend on both.

    Two views of one store are of one source if they keep the same foci in one space.
    """

    store: Any
    points: bytes | None
    space: str | None

    @classmethod
    def of(cls, view: Any) -> Source:
        """Give the source of a view."""
        hidden = view.point_mask
        points = None if hidden is None else np.packbits(hidden).tobytes()
        return cls(view.store, points, view.context.space)

    def is_of(self, view: Any) -> bool:
        """Tell whether a view is of this source."""
        return view.store is self.store and self.key == Source.of(view).key

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells sources apart."""
        return (id(self.store), self.points, self.space)


@dataclass
class Pool:
    """Analyses of one or two sources, and what they activate.

    Attributes
    ----------
    sources : tuple of Source
        Where they are from.
    rows : tuple of ndarray of int64
        Which analyses of each, ascending. All follow each other in the pool.
    activations : Activations
        A "study" for each of them.
    nulls : dict
        Null distributions by what they are of: analyses of equal size share one.
    """

    sources: tuple[Source, ...]
    rows: tuple[NDArray[np.int64], ...]
    activations: Activations
    nulls: OrderedDict[Any, Null] = field(default_factory=OrderedDict)

    def places(self, view: Any) -> NDArray[np.int64] | None:
        """Find the analyses of a view in the pool; None if one is not in it."""
        which = next(i for i, s in enumerate(self.sources) if s.is_of(view))
        rows = self.rows[which]
        place = np.searchsorted(rows, view.index)
        known = place < len(rows)
        if not known.all() or (rows[place] != view.index).any():
            return None
        return np.asarray(place + sum(map(len, self.rows[:which])), dtype=np.int64)

    def keep_null(self, key: Any, null: Null) -> Null:
        """Remember a null, and forget the oldest of too many."""
        self.nulls[key] = null
        while len(self.nulls) > _KEPT_NULLS:
            self.nulls.popitem(last=False)
        return null


def pool_of(views: Sequence[Any], *, mask: Mask, radius_mm: float) -> Pool:
    """Give the pool that all analyses of some views are in.

    It is kept with the store of the first view, which cannot change; what asks again
    for some of these analyses, as correctors and diagnostics do, has it at once.

    Parameters
    ----------
    views : sequence of nimare View
        One or two.
    mask : Mask
        The voxels.
    radius_mm : float
        Of the spheres around peaks.

    Returns
    -------
    Pool
    """
    from nimare.studyset.store import derived

    sources = tuple({s.key: s for s in map(Source.of, views)}.values())
    key = (__name__, mask.key, float(radius_mm), *(s.key for s in sources))
    kept = derived(sources[0].store)
    pool: Pool | None = kept.get(key)
    if pool is not None and all(pool.places(v) is not None for v in views):
        return pool
    wanted = [
        np.concatenate([v.index for v in views if source.is_of(v)])
        for source in sources
    ]
    if pool is not None:
        wanted = [np.concatenate(two) for two in zip(wanted, pool.rows, strict=True)]
    rows = tuple(np.unique(one) for one in wanted)
    likes = [next(v for v in views if source.is_of(v)) for source in sources]
    kept[key] = Pool(sources, rows, _activations(likes, rows, mask, radius_mm))
    made: Pool = kept[key]
    return made


def _activations(
    likes: Sequence[Any],
    rows: Sequence[NDArray[np.int64]],
    mask: Mask,
    radius_mm: float,
) -> Activations:
    """Build the activations of analyses, from coordinates as NiMARE harmonises them."""
    from nimare.studyset.view import View

    xyz, study, first = [], [], 0
    for like, own in zip(likes, rows, strict=True):
        block = View(like.store, own, like.point_mask, like.context).coordinate_block()
        xyz.append(block.xyz)
        study.append(first + block.group_of_point())
        first += len(own)
    places, of = np.concatenate(xyz), np.concatenate(study)
    known = np.isfinite(places).all(axis=1)
    if not known.all():
        warn(f"{np.count_nonzero(~known):,} foci without coordinates are left out.")
    return build_activations(
        places[known], of[known], first, mask=mask, radius_mm=radius_mm
    )

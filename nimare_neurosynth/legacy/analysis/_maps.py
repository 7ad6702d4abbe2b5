"""Maps of selections of studies of a Dataset, by the names and rules of old."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.database import Selection
from nimare_neurosynth.errors import OptionError, SelectionError, warn
from nimare_neurosynth.legacy._advice import is_strict
from nimare_neurosynth.legacy._images import MapImage
from nimare_neurosynth.legacy.analysis._names import read_name
from nimare_neurosynth.meta import Maps, meta_analysis
from nimare_neurosynth.stats import z_from_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.legacy.base.dataset import Dataset

LARGEST_Z = float(z_from_p(2e-240))
"""Where the old z stop: half of their p is floored at 1e-240."""


def select(dataset: Dataset, ids: Any, what: str = "ids", label: str = "") -> Selection:
    """Turn a list of ids into a selection."""
    mask = dataset.image_table.chosen(ids, what)
    described = label or f"{np.count_nonzero(mask)} studies"
    return Selection(dataset.database, mask, described)


def analyse(
    dataset: Dataset,
    selections: Sequence[Selection],
    versus: Selection | None = None,
    *,
    prior: float = 0.5,
    min_studies: float = 1,
) -> Maps:
    """Compute the maps of selections, each against all others or against one set."""
    table = dataset.image_table
    kept = table.counted
    universe = Selection(dataset.database, kept, "the studies of the Dataset")
    return meta_analysis(
        dataset.database,
        list(selections),
        versus=versus,
        universe=None if kept.all() else universe,
        radius_mm=table.r,
        mask=table.masker.space,
        prior=prior,
        min_studies=min_studies,
        talairach=dataset.talairach,
    )


def contrast(
    dataset: Dataset, ids: Any, ids2: Any
) -> tuple[Selection, Selection | None]:
    """Select the studies of a meta-analysis, and those it is compared with.

    The Dataset is limited to both lists, and what is only in the second is compared
    with the first.
    """
    selected = select(dataset, ids)
    if ids2 is None:
        return selected, None
    other = select(dataset, ids2, "ids2")
    if both := int(np.count_nonzero(selected.mask & other.mask)):
        warn(
            f"{both:,} studies are in both lists: they count in the first only. (The "
            "old package counted them twice.)"
        )
        rest: BoolArray = other.mask & ~selected.mask
        other = Selection(dataset.database, rest, f"{np.count_nonzero(rest)} studies")
    if not other.mask.any():
        raise SelectionError("no study is left in ids2 to compare with.")
    return selected, other


def old_values(maps: Maps, name: str, *, row: int = 0) -> NDArray[np.float64]:
    """Give the image of an old name as a masked vector; strictly, z stop at 33.11."""
    asked = read_name(name)
    if asked.prior is not None and not np.isclose(asked.prior, maps.prior, atol=0.005):
        maps = replace(maps, prior=asked.prior)
    label = maps.labels[row]
    values = maps.array(asked.map, label=label, fdr_q=asked.fdr_q)
    if is_strict() and asked.map.startswith("z_"):
        return np.clip(values, -LARGEST_Z, LARGEST_Z)
    return values


class Images(Mapping[str, MapImage]):
    """The images of a meta-analysis by name, each made when it is asked for.

    Iteration gives the nine names of version 0.3.8; all older names work, and those of
    other FDR rates and priors.
    """

    def __init__(self, maps: Maps, q: float) -> None:
        self._maps = maps
        self.names = image_names(maps.prior, q)
        self._made: dict[str, MapImage] = {}

    def __getitem__(self, name: str) -> MapImage:
        read_name(name, self.names)
        if name not in self._made:
            vector = old_values(self._maps, name)
            self._made[name] = MapImage.of(vector, self._maps.mask)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        try:
            read_name(name)
        except OptionError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"<Images: {', '.join(self.names)}>"


def image_names(prior: float, q: float) -> tuple[str, ...]:
    """List the nine images of a meta-analysis in version 0.3.8."""
    return (
        "pA",
        "pAgF",
        "pFgA",
        f"pA_given_pF={prior:0.2f}",
        f"pFgA_given_pF={prior:0.2f}",
        "uniformity-test_z",
        "association-test_z",
        f"uniformity-test_z_FDR_{q}",
        f"association-test_z_FDR_{q}",
    )

"""Studies as the first versions had them, one object each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.legacy._frames import OldFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth.legacy.base.dataset import Dataset


@dataclass(frozen=True, eq=False)
class Mappable:
    """A study.

    Attributes
    ----------
    id : int or str
    data : OldFrame
        Its rows of the activations.
    """

    id: Any
    data: OldFrame

    @property
    def foci(self) -> NDArray[np.float64]:
        """Its peaks in mm, shape (n, 3)."""
        return self.data[["x", "y", "z"]].to_numpy(np.float64)

    @property
    def peaks(self) -> NDArray[np.int64]:
        """The voxels of its peaks, in the order z, y, x."""
        return self.data[["i", "j", "k"]].to_numpy(np.int64)


class Mappables(Sequence[Mappable]):
    """All studies of a Dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._ids = dataset.image_table.ids
        self._table = dataset.activations

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        study = self._ids[at]
        return Mappable(study, OldFrame(self._table[self._table["id"] == study]))

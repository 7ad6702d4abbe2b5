"""What a run of term maps is asked for, and the numbers behind its maps."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nimare_neurosynth.errors import OptionError
from nimare_neurosynth.meta._batch import expected_counts, totals_within
from nimare_neurosynth.meta._maps import Maps
from nimare_neurosynth.meta._term_maps_open import TERM_MAPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.database import Database
    from nimare_neurosynth.engine import Activations, LabelColumns
    from nimare_neurosynth.meta._provenance import Provenance
    from nimare_neurosynth.space import Mask

_MOST_ROWS = 256
"""Labels per file of counts: after an interruption so many are computed again."""
_BYTES_PER_VOXEL_AND_THREAD = 100
"""What a thread needs to boil one label down: z values, masks, a labelled volume."""


@dataclass(frozen=True, eq=False)
class Job:
    """Everything that a run needs, checked."""

    database: Database
    labels: tuple[str, ...]
    chosen: LabelColumns
    counted: BoolArray
    mask: Mask
    provenance: Provenance
    options: dict[str, Any]
    n_jobs: int
    memory: int
    progress: bool

    @property
    def request(self) -> dict[str, Any]:
        """What is asked for, so that equal requests have equal results."""
        digest = hashlib.sha256("\0".join(self.labels).encode())
        digest.update(self.chosen.offsets.tobytes())
        digest.update(self.chosen.studies.tobytes())
        request = {
            **self.options,
            "content_hash": self.database.content_hash,
            "labels_sha256": digest.hexdigest(),
            "universe": self.provenance.universe,
            "radius_mm": self.provenance.radius_mm,
            "talairach": self.provenance.talairach,
            "mask": self.mask.key,
            "format_version": TERM_MAPS.version,
        }
        plain: dict[str, Any] = json.loads(json.dumps(request))
        return plain

    @property
    def key(self) -> str:
        """Name of the request."""
        text = json.dumps(self.request, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def rows_per_chunk(self) -> int:
        """Say how many labels the memory is enough for at a time."""
        from joblib import effective_n_jobs

        sizes = self.chosen.within(self.counted).sizes
        threads = effective_n_jobs(self.n_jobs)
        at_work = threads * self.mask.n_voxels * _BYTES_PER_VOXEL_AND_THREAD
        row = self.mask.n_voxels * np.min_scalar_type(int(sizes.max())).itemsize
        if self.memory < at_work + row:
            raise OptionError(
                f"memory_limit is {self.memory / 1e6:,.0f} MB, but {threads} threads "
                f"in a mask of {self.mask.n_voxels:,} voxels need at least "
                f"{(at_work + row) / 1e6:,.0f} MB: allow more, or use fewer threads "
                "(n_jobs)."
            )
        return int(min((self.memory - at_work) // row, _MOST_ROWS))


@dataclass(frozen=True, eq=False)
class Counting:
    """The numbers that turn counts into maps."""

    activations: Activations
    columns: LabelColumns
    totals: NDArray[np.int32]
    expected: NDArray[np.float64]
    n_studies: int

    @classmethod
    def of(cls, job: Job, activations: Activations) -> Counting:
        """Take the numbers of a job's labels from the activations."""
        columns = job.chosen.within(job.counted)
        return cls(
            activations,
            columns,
            totals_within(activations, job.counted),
            expected_counts(activations, columns),
            int(np.count_nonzero(job.counted)),
        )

    def maps(self, job: Job, row: int, counts: NDArray[Any]) -> Maps:
        """Give the maps of one label."""
        return Maps(
            mask=job.mask,
            labels=(job.labels[row],),
            counts=counts[None].astype(np.int32),
            totals=self.totals,
            n_selected=self.columns.sizes[row : row + 1],
            expected=self.expected[row : row + 1],
            n_studies=self.n_studies,
            prior=0.5,
            least_studies=1,
            provenance=job.provenance,
        )

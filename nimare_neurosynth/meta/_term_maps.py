"""A folder with the maps of thousands of labels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nimare_neurosynth.database.query import match_names
from nimare_neurosynth.engine import check_n_jobs, in_threads
from nimare_neurosynth.errors import UnknownTermError, suggest
from nimare_neurosynth.io import damaged_files, unpack_counts
from nimare_neurosynth.meta._analysis import check_prior, least_studies
from nimare_neurosynth.meta._batch import ZTile
from nimare_neurosynth.meta._maps import Maps
from nimare_neurosynth.meta._provenance import Provenance
from nimare_neurosynth.stats import association_and_uniformity_z

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd
    from numpy.typing import DTypeLike, NDArray

    from nimare_neurosynth.space import Mask

T = TypeVar("T")

_ROWS_PER_TASK = 16


@dataclass(frozen=True, eq=False)
class TermMaps:
    """The maps of thousands of labels, in a folder: open at once, fetched one by one.

    Made by :func:`term_maps`, opened by :func:`open_term_maps`. What is stored are the
    counts, without loss; ``term_maps["pain"]`` gives :class:`Maps`, with every map,
    table and picture that :func:`meta_analysis` would give.

    Attributes
    ----------
    folder : pathlib.Path
        Where they are.
    labels : tuple of str
        The labels, in the order of their label set.
    n_selected : ndarray of int64, shape (n_labels,)
        Studies of each label.
    n_studies : int
        Studies counted, with the label or without.
    totals : ndarray of int32, shape (n_voxels,)
        Studies that activate each voxel.
    mask : Mask
        The voxels, and their place in MNI space.
    facts : dict
        Database, options, versions: what was asked.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from nimare_neurosynth import load_demo, term_maps
    >>> with TemporaryDirectory() as folder:
    ...     maps = term_maps(load_demo(), folder, "emotion*", min_studies_per_term=10)
    ...     maps
    ...     maps["emotion"]
    <TermMaps of 3 labels, 320 studies, 228,483 voxels>
    <Maps of 'emotion': 21 of 320 studies, 228,483 voxels>
    """

    folder: Path
    labels: tuple[str, ...]
    n_selected: NDArray[np.int64]
    n_studies: int
    totals: NDArray[np.int32]
    mask: Mask
    facts: dict[str, Any]
    _index: NDArray[Any]
    _chosen: tuple[tuple[int, str], ...]
    _chunks: tuple[memoryview, ...]
    _summary: memoryview

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[str]:
        return iter(self.labels)

    def __contains__(self, label: object) -> bool:
        return label in self._rows

    def __getitem__(self, label: str) -> Maps:
        """Give the maps of one label; see :meth:`maps`."""
        return self.maps(label)

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {label: row for row, label in enumerate(self.labels)}

    def row(self, label: str) -> int:
        """Give the position of a label.

        Raises
        ------
        UnknownTermError
            If there is none of this name.
        """
        if label not in self._rows:
            raise UnknownTermError(
                f"there are no maps of {label!r} in {self.folder}."
                f"{suggest(str(label), self.labels)}"
            )
        return self._rows[label]

    def find(self, patterns: str | Sequence[str]) -> list[str]:
        """List the labels that some names or patterns match.

        Parameters
        ----------
        patterns : str or sequence of str
            Names, or names with ``*`` and ``?``.

        Returns
        -------
        list of str
            In the order of ``labels``, each once.

        Raises
        ------
        UnknownTermError
            If one of them matches nothing.
        """
        wanted = [patterns] if isinstance(patterns, str) else list(patterns)
        rows: set[int] = set()
        for pattern in wanted:
            found = match_names(pattern, self.labels)
            rows.update(found or [self.row(pattern)])
        return [self.labels[row] for row in sorted(rows)]

    def maps(self, label: str, *, prior: float = 0.5, min_studies: float = 1) -> Maps:
        """Fetch the maps of one label.

        Parameters
        ----------
        label : str
            One of ``labels``.
        prior, min_studies
            See :func:`meta_analysis`; neither needs anything to be counted again.

        Returns
        -------
        Maps

        Raises
        ------
        UnknownTermError
            If there is none of this name.
        FormatError
            If its counts are damaged.
        """
        row = self.row(label)
        check_prior(prior)
        return Maps(
            mask=self.mask,
            labels=(label,),
            counts=self.counts(row, row + 1),
            totals=self.totals,
            n_selected=self.n_selected[row : row + 1],
            expected=self._index["expected"][row : row + 1],
            n_studies=self.n_studies,
            prior=prior,
            least_studies=least_studies(min_studies, self.n_studies),
            provenance=self._provenance(row, min_studies),
        )

    def _provenance(self, row: int, min_studies: float) -> Provenance:
        request = self.facts["request"]
        label = self.labels[row]
        criterion = {
            "kind": "query",
            "query": label,
            "label_sets": [request["label_set"]],
            "threshold": request["threshold"],
            "func": "sum",
        }
        selection = {
            "description": label,
            **dict(zip(("n_studies", "ids_sha256"), self._chosen[row], strict=True)),
            "criteria": [criterion],
        }
        return Provenance(
            database=self.facts["database"],
            selections={label: selection},
            versus=None,
            universe=request["universe"],
            radius_mm=request["radius_mm"],
            talairach=request["talairach"],
            min_studies=min_studies,
        )

    def counts(self, first: int, stop: int) -> NDArray[np.int32]:
        """Read the counts of some labels in a row.

        Parameters
        ----------
        first, stop : int
            Position of the first label, and one past the last.

        Returns
        -------
        ndarray of int32, shape (stop - first, n_voxels)
            Studies of each label that activate each voxel.
        """
        out = np.empty((stop - first, self.mask.n_voxels), dtype=np.int32)
        for row in range(first, stop):
            at = self._index[row]
            begin = int(at["offset"])
            out[row - first] = unpack_counts(
                self._chunks[at["chunk"]][begin : begin + int(at["n_bytes"])],
                width=int(at["width"]),
                crc32=int(at["crc32"]),
                n_voxels=self.mask.n_voxels,
                what=f"the map of {self.labels[row]!r} in {self.folder}",
            )
        return out

    def map_z(
        self,
        function: Callable[[ZTile], T],
        *,
        dtype: DTypeLike = np.float32,
        n_jobs: int = -1,
        progress: bool = False,
    ) -> list[T]:
        """Stream the z values of all labels through a function.

        Parameters
        ----------
        function : callable
            Receives each :class:`~nimare_neurosynth.meta.ZTile`: some labels, all
            voxels; in a worker thread.
        dtype : dtype
            Of the z values, float32 or float64.
        n_jobs : int
            Threads; -1 for all cores.
        progress : bool
            Show a bar on standard error where it takes more than a second.

        Returns
        -------
        list
            What the function returned, in the order of the labels.
        """
        check_n_jobs(n_jobs)

        def work(first: int) -> T:
            part = slice(first, min(first + _ROWS_PER_TASK, len(self)))
            association, uniformity = association_and_uniformity_z(
                self.counts(part.start, part.stop),
                n_selected=self.n_selected[part],
                expected=self._index["expected"][part],
                totals=self.totals,
                n_studies=self.n_studies,
                dtype=dtype,
            )
            voxels = slice(0, self.mask.n_voxels)
            return function(ZTile(part, voxels, association, uniformity))

        firsts = range(0, len(self), _ROWS_PER_TASK)
        return in_threads(
            work, firsts, n_jobs=n_jobs, progress=progress, desc="Reading"
        )

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A line for each label: see the columns of ``summary.tsv`` in the docs."""
        from io import BytesIO

        import pandas as pd

        return pd.read_parquet(BytesIO(self._summary))

    def validate(self) -> list[str]:
        """Check every file against the hash it was written with.

        Returns
        -------
        list of str
            What is wrong; empty where all is well.
        """
        return damaged_files(self.folder, self.facts)

    def save(
        self,
        folder: str | Path,
        labels: Sequence[str],
        *,
        names: Sequence[str] | None = None,
        fdr_q: float | None = None,
        progress: bool = False,
    ) -> list[Path]:
        """Save the maps of some labels as NIfTI files with JSON sidecars.

        Parameters
        ----------
        folder : str or path
            Each label gets a folder of its own in it.
        labels : sequence of str
            Which labels.
        names, fdr_q
            Which maps, and the FDR of their thresholded forms; see :meth:`Maps.save`.
            Without ``fdr_q`` it is that of the summary.
        progress : bool
            Show a bar on standard error where it takes more than a second.

        Returns
        -------
        list of pathlib.Path
            The files.
        """
        from tqdm.auto import tqdm

        wanted = [labels] if isinstance(labels, str) else list(labels)
        for label in wanted:
            self.row(label)
        q = self.facts["request"]["fdr_q"] if fdr_q is None else fdr_q
        files: list[Path] = []
        bar = tqdm(wanted, desc="Saving", disable=not progress, delay=1)
        for label in bar:
            target = Path(folder) / file_name(label)
            files += self[label].save(target, names=names, fdr_q=q)
        return files

    def __repr__(self) -> str:
        return (
            f"<TermMaps of {len(self):,} labels, {self.n_studies:,} studies, "
            f"{self.mask.n_voxels:,} voxels>"
        )

    def _repr_html_(self) -> str:
        from html import escape

        head = self.summary.sort_values("largest_z", ascending=False).head(10)
        return f"<p>{escape(repr(self))}</p>{head.to_html(index=False)}"


def file_name(label: str) -> str:
    """Turn a label into the name of a folder: each another, none hidden."""

    def safe(i: int, character: str) -> str:
        if character == " " and 0 < i < len(label) - 1:
            return "_"
        plain = character.isalnum() or character in "-+," or (character == "." and i)
        return character if plain else "".join(f"%{b:02X}" for b in character.encode())

    return "".join(safe(i, character) for i, character in enumerate(label)) or "%"

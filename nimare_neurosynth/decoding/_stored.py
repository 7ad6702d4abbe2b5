"""Terms for maps, from maps that exist already: term maps, or images of any origin."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from nimare_neurosynth.decoding._compare import (
    METHODS,
    check_method,
    check_varies,
    place_of,
    tell_holes,
)
from nimare_neurosynth.decoding._images import listed_images, read_patterns
from nimare_neurosynth.decoding._result import Decoding, gathered
from nimare_neurosynth.engine import (
    DEFAULT_MEMORY,
    check_n_jobs,
    float_room,
    in_threads,
    memory_bytes,
)
from nimare_neurosynth.errors import (
    ImageError,
    OptionError,
)
from nimare_neurosynth.meta import TermMaps, open_term_maps, software
from nimare_neurosynth.space import as_mask, naming, region_voxels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from nimare_neurosynth._typing import BoolArray
    from nimare_neurosynth.space import ImageLike, Mask

T = TypeVar("T")

_ROWS_AT_ONCE = 16


class MapSource(Protocol):
    """Many maps that can be gone through."""

    def visit(
        self,
        function: Callable[[slice, NDArray[np.float64]], T],
        *,
        n_jobs: int,
        progress: bool,
    ) -> list[T]:
        """Give some maps after the other to a function, in order and in threads."""


@dataclass(frozen=True, eq=False)
class _TermMapSource:
    """Term maps, worked out from stored counts as they are needed."""

    maps: TermMaps

    def visit(
        self,
        function: Callable[[slice, NDArray[np.float64]], T],
        *,
        n_jobs: int,
        progress: bool,
    ) -> list[T]:
        return self.maps.map_z(
            lambda tile: function(tile.columns, tile.association.astype(np.float64)),
            dtype=np.float64,
            n_jobs=n_jobs,
            progress=progress,
        )


@dataclass(frozen=True, eq=False)
class _ArraySource:
    """Maps in one array, in memory or in a temporary file."""

    values: NDArray[np.float32]

    def visit(
        self,
        function: Callable[[slice, NDArray[np.float64]], T],
        *,
        n_jobs: int,
        progress: bool,
    ) -> list[T]:
        def work(first: int) -> T:
            part = slice(first, min(first + _ROWS_AT_ONCE, len(self.values)))
            return function(part, np.asarray(self.values[part], dtype=np.float64))

        firsts = range(0, len(self.values), _ROWS_AT_ONCE)
        return in_threads(
            work, firsts, n_jobs=n_jobs, progress=progress, desc="Comparing"
        )


@dataclass(frozen=True, eq=False, repr=False)
class StoredDecoder:
    """Maps that images can be compared with, whatever they were made from.

    Made by :meth:`of` or :meth:`load_imgs`. It knows no studies, so that it gives no p
    values.

    Attributes
    ----------
    terms : tuple of str
        What the maps are called.
    mask : Mask
        The voxels.
    source : MapSource
        The maps.
    n_studies : ndarray of int64, shape (n_terms,)
        Studies behind each map; 0 where that is not known.
    facts : dict
        Where they are from.
    """

    terms: tuple[str, ...]
    mask: Mask
    source: MapSource
    n_studies: NDArray[np.int64]
    facts: dict[str, Any]

    @classmethod
    def of(cls, maps: TermMaps | str | Path) -> StoredDecoder:
        """Decode to the association maps of a folder of term maps.

        Parameters
        ----------
        maps : TermMaps, str or path
            From :func:`nimare_neurosynth.term_maps`.

        Returns
        -------
        StoredDecoder

        Raises
        ------
        FormatError
            If the folder holds none.
        """
        opened = maps if isinstance(maps, TermMaps) else open_term_maps(maps)
        facts = {
            "software": software(),
            "maps": str(opened.folder),
            "database": opened.facts.get("database"),
        }
        return cls(
            opened.labels,
            opened.mask,
            _TermMapSource(opened),
            np.asarray(opened.n_selected),
            facts,
        )

    @classmethod
    def load_imgs(
        cls,
        images: Mapping[str, ImageLike] | str | Path | Sequence[Any],
        mask: Mask | ImageLike | None = None,
        *,
        memory_limit: float | str = DEFAULT_MEMORY,
        min_overlap: float = 0.25,
        n_jobs: int = -1,
        progress: bool = False,
    ) -> StoredDecoder:
        """Decode to premade images.

        Parameters
        ----------
        images : dict of str to image, folder, or sequence of images
            Maps by their terms; of files, the name without its ending is the term.
        mask : Mask or image, optional
            The voxels to compare; NiMARE's MNI152 2 mm brain by default. Images on
            other grids are resampled.
        memory_limit : int or str
            More than this is kept in a temporary file, not in memory (four bytes a
            voxel).
        min_overlap : float
            Share of an image's values that must lie within the brain mask.
        n_jobs : int
            Threads.
        progress : bool
            Show a bar on standard error.

        Returns
        -------
        StoredDecoder

        Raises
        ------
        ImageError
            If there are no images, or one cannot be read or is constant.
        OptionError
            If two have the same name.
        """
        check_n_jobs(n_jobs)
        space = as_mask(mask)
        limit = memory_bytes(memory_limit)
        named = _named(images)
        values = float_room((len(named), space.n_voxels), limit)

        def read(row: int) -> None:
            name, image = named[row]
            with naming(name):
                values[row] = _one_map(name, image, space, min_overlap)

        rows = range(len(named))
        in_threads(read, rows, n_jobs=n_jobs, progress=progress, desc="Loading maps")
        where = str(images) if isinstance(images, str | PathLike) else "images"
        facts = {"software": software(), "maps": where}
        names = tuple(name for name, _ in named)
        n_studies = np.zeros(len(names), dtype=np.int64)
        return cls(names, space, _ArraySource(values), n_studies, facts)

    def decode(
        self,
        images: Any,
        *,
        method: str = "pearson",
        min_overlap: float = 0.25,
        region: ImageLike | BoolArray | None = None,
        n_jobs: int = -1,
        progress: bool = False,
    ) -> Decoding:
        """Compare images with each map.

        Parameters
        ----------
        images : path, nibabel image, ndarray, sequence or dict of these, or folder
            As for :func:`nimare_neurosynth.decode`.
        method : {"pearson", "spearman", "cosine", "dot"}
            How they are compared.
        min_overlap : float
            Share of an image's values that must lie within the brain mask.
        region : image or ndarray of bool, optional
            Compare only the voxels of this region.
        n_jobs : int
            Threads.
        progress : bool
            Show a bar on standard error.

        Returns
        -------
        Decoding
            Without p values.

        Raises
        ------
        ImageError, OptionError
            If an image or an option cannot be used.
        """
        check_method(method)
        check_n_jobs(n_jobs)
        patterns = read_patterns(images, self.mask, min_overlap=min_overlap)
        inside = slice(None) if region is None else region_voxels(region, self.mask)
        x = np.stack([pattern.values[inside] for pattern in patterns])
        for pattern, values in zip(patterns, x, strict=True):
            check_varies(values, pattern.name, method)
            tell_holes(pattern.name, pattern.facts["n_not_finite"])
        x = _prepared(x, method)

        def compare(_: slice, maps: NDArray[np.float64]) -> NDArray[np.float64]:
            return _compared(_prepared(maps[:, inside], method), x, method)

        parts = self.source.visit(compare, n_jobs=n_jobs, progress=progress)
        found = [{METHODS[method]: values} for values in np.concatenate(parts).T]
        return gathered(
            self.terms,
            [pattern.name for pattern in patterns],
            found,
            n_studies=self.n_studies,
            image_facts=[pattern.facts for pattern in patterns],
            facts={**self.facts, "method": method, "n_voxels": x.shape[1]},
        )

    @property
    def voxels(self) -> BoolArray:
        """All voxels of the mask: maps are compared in all of them."""
        return np.ones(self.mask.n_voxels, dtype=bool)

    def values(self, term: str) -> NDArray[np.float64]:
        """Give the map of one term, shape (n_voxels,).

        Raises
        ------
        UnknownTermError
            If there is none.
        """
        wanted = place_of(term, self.terms)

        def pick(rows: slice, maps: NDArray[np.float64]) -> NDArray[np.float64] | None:
            inside = rows.start <= wanted < rows.stop
            return maps[wanted - rows.start].copy() if inside else None

        parts = self.source.visit(pick, n_jobs=1, progress=False)
        return next(part for part in parts if part is not None)

    def __repr__(self) -> str:
        return f"<StoredDecoder: {len(self.terms):,} maps of {self.facts['maps']}>"


def _named(images: Any) -> list[tuple[str, Any]]:
    """Give the images with their names, each once."""
    if hasattr(images, "items"):
        named = [(str(name), image) for name, image in images.items()]
    elif isinstance(images, str | PathLike) and not Path(fspath(images)).is_dir():
        raise ImageError(
            f"{fspath(images)} is no folder: give a folder of images, or a dictionary "
            "of terms and images."
        )
    else:
        found = enumerate(listed_images(images))
        named = [(name or f"image_{i}", image) for i, (name, image) in found]
    if not named:
        raise ImageError("no map was given.")
    seen: set[str] = set()
    for name, _ in named:
        if name in seen:
            raise OptionError(f"two maps are called {name!r}: give a dictionary.")
        seen.add(name)
    return named


def _one_map(
    name: str, image: Any, mask: Mask, min_overlap: float
) -> NDArray[np.float32]:
    patterns = read_patterns([image], mask, min_overlap=min_overlap)
    if len(patterns) != 1:
        raise ImageError(
            f"these are {len(patterns)} maps, and one is needed: name each of them."
        )
    [pattern] = patterns
    check_varies(pattern.values, name, "pearson")
    with np.errstate(over="ignore"):
        values = pattern.values.astype(np.float32)
    if not values.any() or not np.isfinite(values).all():
        raise ImageError(
            "the values of this map are too large or too small for single precision, "
            "in which maps are kept: scale them."
        )
    return values


def _prepared(values: NDArray[np.float64], method: str) -> NDArray[np.float64]:
    """Rank, centre and scale rows, so that products are what is asked for."""
    if method == "spearman":
        from scipy.stats import rankdata

        values = rankdata(values, axis=1)
    if method in ("pearson", "spearman"):
        values = values - values.mean(axis=1, keepdims=True)
    if method == "dot":
        return values
    largest = np.abs(values).max(axis=1, keepdims=True)
    scaled = np.divide(values, largest, out=np.zeros_like(values), where=largest > 0)
    size = np.sqrt((scaled**2).sum(axis=1, keepdims=True))
    found: NDArray[np.float64] = np.divide(scaled, size, out=scaled, where=size > 0)
    return found


def _compared(
    maps: NDArray[np.float64], x: NDArray[np.float64], method: str
) -> NDArray[np.float64]:
    products: NDArray[np.float64] = maps @ x.T
    return products if method == "dot" else np.clip(products, -1, 1)
